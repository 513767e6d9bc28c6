package storage

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

const (
	// partBytes is how much of a value one row holds: rows are read and sent
	// whole.
	partBytes = 512 << 10
	// maxBytes is the longest value. A commit, which all parts stand in, is
	// short enough to be repaired from the log.
	maxBytes = 4 << 20
)

// The reasons why a value cannot be stored or read, beside those of package
// seal.
var (
	// ErrTooLarge says that a value is longer than 4 MiB.
	ErrTooLarge = errors.New("value is too large for the storage")
	// ErrTorn says that a part of a value is missing.
	ErrTorn = errors.New("a part of the value is missing")
)

// head begins what is sealed in a [model.StoredFile]: which parts belong to it,
// so that no part of an older value can be put in their place.
//
//	generation   8 bytes   random
//	parts        2 bytes   how many rows beside the first
type head struct {
	generation [8]byte
	parts      uint16
}

const headBytes = 10

func (h head) String() string { return hex.EncodeToString(h.generation[:]) }

// sealedFile is a value as its rows have it.
type sealedFile struct {
	row   *model.StoredFile
	parts []*model.StoredPart
}

// sealFile returns value sealed for path p.
func sealFile(ring *seal.Keyring, p string, value []byte, now time.Time) (*sealedFile, error) {
	if len(value) > maxBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(value), maxBytes)
	}
	var h head
	_, _ = rand.Read(h.generation[:])
	first := value[:min(len(value), partBytes)]
	rest := value[len(first):]
	h.parts = uint16((len(rest) + partBytes - 1) / partBytes)

	f := &sealedFile{row: &model.StoredFile{Path: p, Size: int64(len(value)), Modified: now.UnixMilli()}}
	plain := append(h.generation[:], binary.BigEndian.AppendUint16(nil, h.parts)...)
	var err error
	if f.row.Sealed, err = ring.Seal(model.TableStoredFiles, p, append(plain, first...)); err != nil {
		return nil, err
	}
	for n := 1; len(rest) > 0; n++ {
		part := &model.StoredPart{Path: p, Generation: h.String(), Number: n}
		size := min(len(rest), partBytes)
		if part.Sealed, err = ring.Seal(model.TableStoredParts, part.Key(), rest[:size]); err != nil {
			return nil, err
		}
		f.parts, rest = append(f.parts, part), rest[size:]
	}
	return f, nil
}

// write puts the rows of f in the place of those that are there.
func (f *sealedFile) write(t *state.Tx) error {
	errs := []error{t.Put(f.row)}
	generation := ""
	for _, part := range f.parts {
		generation = part.Generation
		errs = append(errs, t.Put(part))
	}
	deleteParts(t, f.row.Path, generation)
	return errors.Join(errs...)
}

// deleteParts deletes the parts at p that are not of a generation.
func deleteParts(t *state.Tx, p, but string) {
	var gone []string
	t.Range(model.TableStoredParts, model.StoredPartPrefix(p), "", func(v model.Value, _ state.Version) bool {
		if part := v.(*model.StoredPart); part.Generation != but {
			gone = append(gone, part.Key())
		}
		return true
	})
	for _, key := range gone {
		t.Delete(model.TableStoredParts, key)
	}
}

// readFile returns the rows of path p, nil if there are none. Parts are read
// only where the value has some, which ring tells.
func readFile(rd *state.Reader, ring *seal.Keyring, p string) *sealedFile {
	v, ok := rd.Get(model.TableStoredFiles, p)
	if !ok {
		return nil
	}
	f := &sealedFile{row: v.(*model.StoredFile)}
	if f.row.Size <= partBytes {
		return f
	}
	h, _, err := f.head(ring)
	if err != nil {
		return f // opening it says why
	}
	for n := 1; n <= int(h.parts); n++ {
		if v, ok := rd.Get(model.TableStoredParts, model.StoredPartKey(p, h.String(), n)); ok {
			f.parts = append(f.parts, v.(*model.StoredPart))
		}
	}
	return f
}

// head returns what the first row seals: which parts there are, and the
// beginning of the value.
func (f *sealedFile) head(ring *seal.Keyring) (h head, first []byte, err error) {
	plain, err := ring.Open(model.TableStoredFiles, f.row.Path, f.row.Sealed)
	if err != nil {
		return head{}, nil, err
	}
	if len(plain) < headBytes {
		return head{}, nil, fmt.Errorf("%w: %q has no head", ErrTorn, f.row.Path)
	}
	copy(h.generation[:], plain)
	h.parts = binary.BigEndian.Uint16(plain[len(h.generation):])
	return h, plain[headBytes:], nil
}

// open returns the value.
func (f *sealedFile) open(ring *seal.Keyring) ([]byte, error) {
	h, value, err := f.head(ring)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", f.row.Path, err)
	}
	if len(f.parts) != int(h.parts) {
		return nil, fmt.Errorf("opening %q: %w: %d of %d are there", f.row.Path, ErrTorn, len(f.parts), h.parts)
	}
	for i, part := range f.parts {
		key := model.StoredPartKey(f.row.Path, h.String(), i+1)
		more, err := ring.Open(model.TableStoredParts, key, part.Sealed)
		if err != nil {
			return nil, fmt.Errorf("opening part %d of %q: %w", i+1, f.row.Path, err)
		}
		value = append(value, more...)
	}
	return value, nil
}
