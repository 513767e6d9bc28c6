// Package seal keeps secrets unreadable to nodes that only pass them on:
// certificate keys, ACME accounts. A sealed value can be opened by who holds
// the key that sealed it, and only in the row it was sealed for.
//
// An envelope is, in this order:
//
//	version   1 byte    1
//	key id    8 bytes   which key sealed it; tells nothing about the key
//	nonce    24 bytes   random
//	text      n bytes   AES-256-GCM of the secret
//	tag      16 bytes
//
// Each value has a cipher key of its own, HKDF-SHA256 (RFC 5869) of the sealing
// key with the first half of the nonce as salt and the table as purpose; the
// second half is the nonce of GCM. So random nonces never run out. Additional
// data are version, key id, table and row key: a value cannot be moved.
//
// A [Keyring] never changes and a [Holder] swaps one for another: both are safe
// for concurrent use. There is no compression, so lengths show: an envelope is
// [Overhead] bytes longer than its secret.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/edgestage/edgestage/state/keyfile"
)

const (
	version    = 1
	idBytes    = 8
	nonceBytes = 24
	tagBytes   = 16
	headBytes  = 1 + idBytes + nonceBytes
)

// Overhead is how much longer an envelope is than what it holds.
const Overhead = headBytes + tagBytes

// MaxBytes is the length of the longest secret: 1 MiB. More is refused before
// anything is allocated for it.
const MaxBytes = 1 << 20

// KeyID names a sealing key. It is derived from the key, and the key cannot be
// derived from it.
type KeyID [idBytes]byte

// String returns the id as 16 hexadecimal digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// Keyring holds sealing keys: the first seals, all open.
type Keyring struct {
	keys []sealingKey
}

type sealingKey struct {
	id     KeyID
	secret []byte
}

// NewKeyring returns a keyring of keys of [keyfile.KeyBytes] bytes each, at
// least one, in the order of a key file. The same key twice counts once.
func NewKeyring(keys [][]byte) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, ErrNoKey
	}
	ring := new(Keyring)
	for i, secret := range keys {
		if len(secret) != keyfile.KeyBytes {
			return nil, fmt.Errorf("sealing key %d has %d bytes, want %d", i+1, len(secret), keyfile.KeyBytes)
		}
		id, err := keyID(secret)
		if err != nil {
			return nil, err
		}
		if ring.find(id) == nil {
			ring.keys = append(ring.keys, sealingKey{id, bytes.Clone(secret)})
		}
	}
	return ring, nil
}

func keyID(secret []byte) (id KeyID, err error) {
	b, err := hkdf.Key(sha256.New, secret, nil, "edgestage/1 seal id", idBytes)
	copy(id[:], b)
	return id, err
}

func (r *Keyring) find(id KeyID) *sealingKey {
	if r == nil {
		return nil
	}
	for i := range r.keys {
		if r.keys[i].id == id {
			return &r.keys[i]
		}
	}
	return nil
}

// IDs returns the ids of the keys, that of the one that seals first. A nil
// keyring has none.
func (r *Keyring) IDs() []KeyID {
	if r == nil {
		return nil
	}
	ids := make([]KeyID, len(r.keys))
	for i := range r.keys {
		ids[i] = r.keys[i].id
	}
	return ids
}

// Seal returns plain sealed for the row under (table, key). No two calls return
// the same. Errors: [ErrNoKey] of a nil keyring, [ErrTooLarge].
func (r *Keyring) Seal(table, key string, plain []byte) ([]byte, error) {
	var nonce [nonceBytes]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return r.seal(table, key, plain, nonce)
}

func (r *Keyring) seal(table, key string, plain []byte, nonce [nonceBytes]byte) ([]byte, error) {
	if r == nil {
		return nil, ErrNoKey
	}
	if len(plain) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(plain), MaxBytes)
	}
	k := &r.keys[0]
	aead, err := k.cipher(table, nonce[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(plain)+Overhead)
	out = append(out, version)
	out = append(out, k.id[:]...)
	out = append(out, nonce[:]...)
	return aead.Seal(out, nonce[nonceBytes/2:], plain, additional(k.id, table, key)), nil
}

// Open returns what was sealed for the row under (table, key). Errors:
// [ErrNoKey] of a nil keyring, [ErrFormat], [ErrUnknownKey], [ErrTampered];
// none shows any of the value.
func (r *Keyring) Open(table, key string, sealed []byte) ([]byte, error) {
	if r == nil {
		return nil, ErrNoKey
	}
	id, err := SealedWith(sealed)
	if err != nil {
		return nil, err
	}
	k := r.find(id)
	if k == nil {
		return nil, fmt.Errorf("%w: key id %s", ErrUnknownKey, id)
	}
	nonce := sealed[1+idBytes : headBytes]
	aead, err := k.cipher(table, nonce)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nonce[nonceBytes/2:], sealed[headBytes:], additional(id, table, key))
	if err != nil {
		return nil, fmt.Errorf("%w: row %q of %s", ErrTampered, key, table)
	}
	return plain, nil
}

// Fresh tells whether a value is sealed with the key that seals now. One that
// is not would be lost with its key: [Keyring.Reseal] it before that leaves the
// file.
func (r *Keyring) Fresh(sealed []byte) bool {
	id, err := SealedWith(sealed)
	return err == nil && r != nil && r.keys[0].id == id
}

// Reseal returns sealed anew with the key that seals now. Errors are those of
// [Keyring.Open].
func (r *Keyring) Reseal(table, key string, sealed []byte) ([]byte, error) {
	plain, err := r.Open(table, key, sealed)
	if err != nil {
		return nil, err
	}
	return r.Seal(table, key, plain)
}

// SealedWith returns the id of the key that sealed a value, or [ErrFormat] of
// bytes that cannot be one. It needs no key.
func SealedWith(sealed []byte) (id KeyID, err error) {
	switch {
	case len(sealed) < Overhead:
		return id, fmt.Errorf("%w: %d bytes, at least %d", ErrFormat, len(sealed), Overhead)
	case len(sealed) > MaxBytes+Overhead:
		return id, fmt.Errorf("%w: %d bytes, at most %d", ErrFormat, len(sealed), MaxBytes+Overhead)
	case sealed[0] != version:
		return id, fmt.Errorf("%w: version %d, known is %d", ErrFormat, sealed[0], version)
	}
	copy(id[:], sealed[1:])
	return id, nil
}

// cipher returns the cipher of one value.
func (k *sealingKey) cipher(table string, nonce []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, k.secret, nonce[:nonceBytes/2], "edgestage/1 seal "+table, keyfile.KeyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// additional returns what is authenticated beside the secret. Lengths make it
// injective.
func additional(id KeyID, table, key string) []byte {
	b := make([]byte, 0, 1+idBytes+4+len(table)+len(key))
	b = append(b, version)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(table)))
	b = append(b, table...)
	return append(b, key...)
}
