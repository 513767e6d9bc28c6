package journal

import (
	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// Trim gives back the memory that the mapped file takes in this process: its
// pages stay in the system's cache and come back when they are read. After a
// start has read all rows they would count as ours for good.
func (j *Journal) Trim() {
	_ = j.view(func(tx *bbolt.Tx) error {
		// The transaction keeps the mapping in place, and the mapping is
		// read-only and shared with the file: dropping its pages loses nothing.
		start := tx.DB().Info().Data
		if size := tx.Size(); start != 0 && size > 0 {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, uintptr(size), unix.MADV_DONTNEED)
		}
		return nil
	})
}
