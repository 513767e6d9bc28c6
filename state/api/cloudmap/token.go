package cloudmap

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// newToken returns 32 random hexadecimal digits: what stands for a
// CreatorRequestId where a client gave none.
func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// orNew returns a creator request id, made up where none is given.
func orNew(id string) string {
	if id == "" {
		return newToken()
	}
	return id
}

// A page's token says where the next page begins. It is bound to what is
// listed, so that one from another list is refused.

// pageToken returns the token of a page of a list that begins at a key.
func (c *call) pageToken(list, key string) string {
	sum := sha256.Sum256([]byte(c.operation + "\x00" + list + "\x00" + key))
	return base64.RawURLEncoding.EncodeToString(append(sum[:8:8], key...))
}

// pageStart returns the key that a page begins at; "" is the first page.
func (c *call) pageStart(list, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 8 {
		return "", badToken()
	}
	if key := string(b[8:]); c.pageToken(list, key) == token {
		return key, nil
	}
	return "", badToken()
}

func badToken() error {
	return invalid("The NextToken is not valid for this request: it must be that of the page before, with the same filters.")
}

// pageSize returns how many members a page has.
func pageSize(n *int64) int {
	if n == nil {
		return 100
	}
	return int(*n)
}

// listName names what is listed, so that a token does for nothing else.
func listName(parts ...string) string { return strings.Join(parts, "\x01") }
