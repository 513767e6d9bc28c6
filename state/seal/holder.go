package seal

import (
	"sync/atomic"

	"github.com/edgestage/edgestage/state/keyfile"
)

// Holder holds the keyring that is in use, and lets it be exchanged while
// others seal and open. The zero value has no key: it answers [ErrNoKey].
type Holder struct {
	ring atomic.Pointer[Keyring]
}

// ReadKeyFile returns the keyring in a file of the form that package keyfile
// reads. An error names the file and the line, and never shows a key.
func ReadKeyFile(path string) (*Keyring, error) {
	keys, err := keyfile.Read(path)
	if err != nil {
		return nil, err
	}
	return NewKeyring(keys)
}

// Set takes ring into use; nil: there is no key.
func (h *Holder) Set(ring *Keyring) { h.ring.Store(ring) }

// Keyring returns the keyring in use, nil if there is none. A nil keyring
// answers [ErrNoKey].
func (h *Holder) Keyring() *Keyring { return h.ring.Load() }

// Seal is [Keyring.Seal] with the keyring in use.
func (h *Holder) Seal(table, key string, plain []byte) ([]byte, error) {
	return h.Keyring().Seal(table, key, plain)
}

// Open is [Keyring.Open] with the keyring in use.
func (h *Holder) Open(table, key string, sealed []byte) ([]byte, error) {
	return h.Keyring().Open(table, key, sealed)
}
