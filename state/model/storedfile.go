package model

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxPathBytes is the length of the longest path of a [StoredFile].
const MaxPathBytes = 1024

// StoredFile is a value that Caddy stores under a path, such as a certificate
// or its key: sealed, so that nodes without the sealing key cannot read it.
type StoredFile struct {
	// Path has components separated by single slashes, none at its ends.
	Path string `cbor:"1,keyasint"`
	// Sealed is the value, or with [StoredPart] rows its beginning.
	Sealed []byte `cbor:"2,keyasint"`
	// Size is that of the whole value, in bytes.
	Size int64 `cbor:"3,keyasint"`
	// Modified is when it was stored, in milliseconds since 1970.
	Modified int64 `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*StoredFile) Table() string { return TableStoredFiles }

// Key implements [Value]: the path.
func (f *StoredFile) Key() string { return f.Path }

// Validate implements [Value].
func (f *StoredFile) Validate() error {
	errs := []error{ValidatePath(f.Path)}
	if len(f.Sealed) == 0 {
		errs = append(errs, errors.New("stored file without a sealed value"))
	}
	if f.Size < 0 {
		errs = append(errs, fmt.Errorf("stored file of %d bytes", f.Size))
	}
	return errors.Join(errs...)
}

// ValidatePath returns an error unless path may name a [StoredFile].
func ValidatePath(path string) error {
	switch {
	case path == "":
		return errors.New("path is empty")
	case len(path) > MaxPathBytes:
		return fmt.Errorf("path of %d bytes, at most %d are allowed", len(path), MaxPathBytes)
	case !utf8.ValidString(path) || strings.Contains(path, "\x00"):
		return fmt.Errorf("path %q is not text", path)
	case strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.Contains(path, "//"):
		return fmt.Errorf("path %q has an empty component", path)
	}
	return nil
}

// StoredPart is a further part of the value of a [StoredFile].
type StoredPart struct {
	Path string `cbor:"1,keyasint"`
	// Generation names the value that this is a part of.
	Generation string `cbor:"2,keyasint"`
	// Number is the part's place, in [1, 9999].
	Number int    `cbor:"3,keyasint"`
	Sealed []byte `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*StoredPart) Table() string { return TableStoredParts }

// Key implements [Value]: see [StoredPartKey].
func (p *StoredPart) Key() string { return StoredPartKey(p.Path, p.Generation, p.Number) }

// StoredPartKey returns the key of a part's row.
func StoredPartKey(path, generation string, number int) string {
	return fmt.Sprintf("%s%s\x00%04d", StoredPartPrefix(path), generation, number)
}

// StoredPartPrefix returns what the keys of all parts of a path begin with.
func StoredPartPrefix(path string) string { return path + "\x00" }

// Validate implements [Value].
func (p *StoredPart) Validate() error {
	errs := []error{ValidatePath(p.Path)}
	if p.Generation == "" || len(p.Generation) > 64 || strings.Trim(p.Generation, "0123456789abcdef") != "" {
		errs = append(errs, fmt.Errorf("generation %.100q of a stored part is not 1 to 64 hexadecimal digits", p.Generation))
	}
	if p.Number < 1 || p.Number > 9999 {
		errs = append(errs, fmt.Errorf("number %d of a stored part out of range [1, 9999]", p.Number))
	}
	if len(p.Sealed) == 0 {
		errs = append(errs, errors.New("stored part without a sealed value"))
	}
	return errors.Join(errs...)
}

// StorageLock says that a run of a node wants a lock of Caddy's storage, or has
// it. It counts only while that run lives.
type StorageLock struct {
	// Name is the lock's, 1 to [MaxPathBytes] bytes.
	Name string `cbor:"1,keyasint"`
	// Run names the run: 16 hexadecimal digits.
	Run string `cbor:"2,keyasint"`
	// Node is the name of the node, for whoever reads the row.
	Node string `cbor:"3,keyasint,omitempty"`
	// Ticket orders those who want the lock at the same time: the lowest is
	// first. It is the time at which it was asked for, in nanoseconds since
	// 1970, and need not be right.
	Ticket int64 `cbor:"4,keyasint"`
}

// Table implements [Value].
func (*StorageLock) Table() string { return TableStorageLocks }

// Key implements [Value]: see [StorageLockKey].
func (l *StorageLock) Key() string { return StorageLockKey(l.Name, l.Run) }

// StorageLockKey returns the key of the row of a run.
func StorageLockKey(name, run string) string { return StorageLockPrefix(name) + run }

// StorageLockPrefix returns what the keys of all rows of a lock begin with.
func StorageLockPrefix(name string) string { return name + "\x00" }

// Before tells whether l comes before m: a total order over the rows of a lock.
func (l *StorageLock) Before(m *StorageLock) bool {
	if l.Ticket != m.Ticket {
		return l.Ticket < m.Ticket
	}
	return l.Run < m.Run
}

// Validate implements [Value].
func (l *StorageLock) Validate() error {
	var errs []error
	if l.Name == "" || len(l.Name) > MaxPathBytes || !utf8.ValidString(l.Name) || strings.Contains(l.Name, "\x00") {
		errs = append(errs, fmt.Errorf("lock name %.300q is not text of length [1, %d]", l.Name, MaxPathBytes))
	}
	if len(l.Run) != 16 || strings.Trim(l.Run, "0123456789abcdef") != "" {
		errs = append(errs, fmt.Errorf("run %.100q is not 16 hexadecimal digits", l.Run))
	}
	return errors.Join(append(errs, validateText("node name", l.Node))...)
}
