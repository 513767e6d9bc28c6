//go:build unix

package importer

import (
	"io/fs"
	"syscall"
)

// inode returns the number of a file, which changes when another file is
// renamed over it.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}
