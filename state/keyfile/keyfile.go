// Package keyfile reads the files that hold secret keys, those of the gossip
// and those that seal: 32 bytes in base64 a line. The first key is the one to
// use, the others are known from before or for later, so that keys can be
// exchanged one node after the other.
//
// It keeps nothing; its functions are safe for concurrent use.
package keyfile

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"os"
)

// KeyBytes is the length of a key.
const KeyBytes = 32

// maxFileBytes bounds what is read: some thousand keys with their remarks.
const maxFileBytes = 1 << 20

// Read returns the keys in a file, at least one, in their order; lines that
// are empty or begin with # do not count. An error names the file and the
// line, and never shows a key.
func Read(path string) ([][]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	keys, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, nil
}

func parse(data []byte) ([][]byte, error) {
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("longer than %d bytes", maxFileBytes)
	}
	var keys [][]byte
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(string(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: not base64", n)
		}
		if len(key) != KeyBytes {
			return nil, fmt.Errorf("line %d: key of %d bytes, want %d", n, len(key), KeyBytes)
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no key: want one of %d bytes in base64 a line", KeyBytes)
	}
	return keys, nil
}

// Share tells whether some key stands in both lists, in constant time for each
// pair.
func Share(a, b [][]byte) bool {
	shared := 0
	for _, x := range a {
		for _, y := range b {
			shared |= subtle.ConstantTimeCompare(x, y)
		}
	}
	return shared == 1
}
