package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func key(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

func mustRing(t testing.TB, keys ...[]byte) *Keyring {
	t.Helper()
	r, err := NewKeyring(keys)
	if err != nil {
		t.Fatalf("NewKeyring() = %v", err)
	}
	return r
}

func mustSeal(t testing.TB, r *Keyring, table, key, plain string) []byte {
	t.Helper()
	sealed, err := r.Seal(table, key, []byte(plain))
	if err != nil {
		t.Fatalf("Seal(%q, %q) = %v", table, key, err)
	}
	return sealed
}

func TestRoundTrip(t *testing.T) {
	r := mustRing(t, key(1))
	for _, plain := range []string{"", "x", "-----BEGIN PRIVATE KEY-----", strings.Repeat("k", MaxBytes)} {
		sealed := mustSeal(t, r, "storage", "a", plain)
		if len(sealed) != len(plain)+Overhead {
			t.Errorf("Seal() of %d bytes makes %d, want %d", len(plain), len(sealed), len(plain)+Overhead)
		}
		if len(plain) > 8 && bytes.Contains(sealed, []byte(plain[:8])) {
			t.Errorf("the sealed value shows %q", plain[:8])
		}
		got, err := r.Open("storage", "a", sealed)
		if err != nil || string(got) != plain {
			t.Errorf("Open(Seal(%d bytes)) = %d bytes, %v", len(plain), len(got), err)
		}
	}
}

func TestNoTwoAreTheSame(t *testing.T) {
	r := mustRing(t, key(1))
	if bytes.Equal(mustSeal(t, r, "storage", "a", "x"), mustSeal(t, r, "storage", "a", "x")) {
		t.Error("Seal() of the same value twice is the same")
	}
}

func TestTooLarge(t *testing.T) {
	if _, err := mustRing(t, key(1)).Seal("storage", "a", make([]byte, MaxBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Seal() of %d bytes = %v, want %v", MaxBytes+1, err, ErrTooLarge)
	}
}

// TestRefusals walks through what a sealed value must not survive.
func TestRefusals(t *testing.T) {
	r := mustRing(t, key(1))
	sealed := mustSeal(t, r, "storage", "certificates/a.key", "secret")
	flipped := func(at int) []byte {
		b := bytes.Clone(sealed)
		b[at] ^= 0x40
		return b
	}
	for _, tc := range []struct {
		name       string
		ring       *Keyring
		table, key string
		sealed     []byte
		want       error
	}{
		{"no key", nil, "storage", "certificates/a.key", sealed, ErrNoKey},
		{"another key", mustRing(t, key(2)), "storage", "certificates/a.key", sealed, ErrUnknownKey},
		{"moved to another row", r, "storage", "certificates/b.key", sealed, ErrTampered},
		{"moved to another table", r, "certificates", "certificates/a.key", sealed, ErrTampered},
		{"table and key cut elsewhere", r, "storagec", "ertificates/a.key", sealed, ErrTampered},
		{"empty", r, "storage", "certificates/a.key", nil, ErrFormat},
		{"cut", r, "storage", "certificates/a.key", sealed[:Overhead-1], ErrFormat},
		{"cut text", r, "storage", "certificates/a.key", sealed[:len(sealed)-1], ErrTampered},
		{"longer", r, "storage", "certificates/a.key", append(bytes.Clone(sealed), 0), ErrTampered},
		{"too long", r, "storage", "certificates/a.key", append(bytes.Clone(sealed), make([]byte, MaxBytes)...), ErrFormat},
		{"version", r, "storage", "certificates/a.key", flipped(0), ErrFormat},
		{"key id", r, "storage", "certificates/a.key", flipped(1), ErrUnknownKey},
		{"salt", r, "storage", "certificates/a.key", flipped(1 + idBytes), ErrTampered},
		{"nonce", r, "storage", "certificates/a.key", flipped(headBytes - 1), ErrTampered},
		{"text", r, "storage", "certificates/a.key", flipped(headBytes), ErrTampered},
		{"tag", r, "storage", "certificates/a.key", flipped(len(sealed) - 1), ErrTampered},
	} {
		t.Run(tc.name, func(t *testing.T) {
			plain, err := tc.ring.Open(tc.table, tc.key, tc.sealed)
			if !errors.Is(err, tc.want) || plain != nil {
				t.Errorf("Open() = %q, %v, want %v", plain, err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("Open() = %v, which shows the value", err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	old := mustRing(t, key(1))
	sealed := mustSeal(t, old, "storage", "a", "secret")
	both := mustRing(t, key(2), key(1), key(2))
	if got := both.IDs(); len(got) != 2 || got[1] != old.IDs()[0] {
		t.Errorf("IDs() = %v, want two, the second %v", got, old.IDs())
	}
	if both.Fresh(sealed) || !old.Fresh(sealed) || (*Keyring)(nil).Fresh(sealed) || old.Fresh(nil) {
		t.Error("Fresh() is true of a value sealed with the second key, or false with the first")
	}
	anew, err := both.Reseal("storage", "a", sealed)
	if err != nil || !both.Fresh(anew) {
		t.Fatalf("Reseal() = %v, fresh %t", err, both.Fresh(anew))
	}
	if got, err := mustRing(t, key(2)).Open("storage", "a", anew); err != nil || string(got) != "secret" {
		t.Errorf("Open() with the new key alone = %q, %v", got, err)
	}
	if _, err := both.Reseal("storage", "b", sealed); !errors.Is(err, ErrTampered) {
		t.Errorf("Reseal() for another row = %v, want %v", err, ErrTampered)
	}
}

func TestBadKeys(t *testing.T) {
	if _, err := NewKeyring(nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("NewKeyring(nil) = %v, want %v", err, ErrNoKey)
	}
	if _, err := NewKeyring([][]byte{key(1), {1}}); err == nil || !strings.Contains(err.Error(), "key 2 has 1 bytes") {
		t.Errorf("NewKeyring() of a short key = %v", err)
	}
}

func TestHolder(t *testing.T) {
	h := new(Holder)
	if _, err := h.Seal("storage", "a", nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("Seal() without a key = %v, want %v", err, ErrNoKey)
	}
	path := filepath.Join(t.TempDir(), "seal.keys")
	write := func(keys ...[]byte) {
		t.Helper()
		var b bytes.Buffer
		for _, k := range keys {
			b.WriteString(base64.StdEncoding.EncodeToString(k) + "\n")
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		ring, err := ReadKeyFile(path)
		if err != nil {
			t.Fatalf("ReadKeyFile() = %v", err)
		}
		h.Set(ring)
	}
	write(key(1))
	sealed := mustSeal(t, h.Keyring(), "storage", "a", "x")
	write(key(2), key(1))
	if got, err := h.Open("storage", "a", sealed); err != nil || string(got) != "x" {
		t.Errorf("Open() after the exchange = %q, %v", got, err)
	}
	if _, err := ReadKeyFile(path + ".none"); err == nil {
		t.Error("ReadKeyFile() of a file that is not there = nil, want an error")
	}
}

// TestGolden opens what an earlier build sealed, and seals the same again.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/v1.hex")
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	r := mustRing(t, key(1))
	var nonce [nonceBytes]byte
	for i := range nonce {
		nonce[i] = byte(i)
	}
	got, err := r.seal("storage", "certificates/example.org.key", []byte("golden secret"), nonce)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("seal() = %x, %v, want %x", got, err, want)
	}
	plain, err := r.Open("storage", "certificates/example.org.key", want)
	if err != nil || string(plain) != "golden secret" {
		t.Errorf("Open(golden) = %q, %v", plain, err)
	}
}

func FuzzOpen(f *testing.F) {
	r := mustRing(f, key(1), key(2))
	f.Add("storage", "a", mustSeal(f, r, "storage", "a", "x"))
	f.Add("storage", "a", []byte{version})
	f.Add("", "", mustSeal(f, mustRing(f, key(2)), "", "", ""))
	f.Fuzz(func(t *testing.T, table, row string, sealed []byte) {
		plain, err := r.Open(table, row, sealed)
		if err != nil {
			if plain != nil {
				t.Fatalf("Open() = %q beside %v", plain, err)
			}
			return
		}
		if len(plain)+Overhead != len(sealed) {
			t.Fatalf("Open() of %d bytes = %d bytes", len(sealed), len(plain))
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	r := mustRing(f, key(1))
	f.Add("storage", "a", []byte("x"), uint16(0))
	f.Fuzz(func(t *testing.T, table, row string, plain []byte, flip uint16) {
		sealed, err := r.Seal(table, row, plain)
		if err != nil {
			t.Fatalf("Seal() = %v", err)
		}
		if got, err := r.Open(table, row, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Open(Seal(%q)) = %q, %v", plain, got, err)
		}
		sealed[int(flip/8)%len(sealed)] ^= 1 << (flip % 8)
		if _, err := r.Open(table, row, sealed); err == nil {
			t.Fatalf("Open() of a value with bit %d flipped = nil, want an error", flip)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	r := mustRing(b, key(1))
	sealed := mustSeal(b, r, "storage", "a", strings.Repeat("k", 2048))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Open("storage", "a", sealed); err != nil {
			b.Fatal(err)
		}
	}
}
