package route53

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state/api/awserr"
)

// pageSize returns how many items a page may have: what a parameter says, at
// most limit, else byDefault (aws-behaviour 5.3).
func (c *call) pageSize(name string, byDefault, limit int) (int, error) {
	s, ok := c.param(name)
	if !ok || s == "" {
		return byDefault, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		return 0, invalid("Value '%.64s' at '%s' failed to satisfy constraint: Member must be a number greater than or equal to 1", s, name)
	}
	return min(n, limit), nil
}

// page returns up to size of items, from the first one that is not before a
// cursor; next is the first one of the next page, or nil.
func page[T any](items []T, size int, notBefore func(T) bool) (now []T, next *T) {
	start := len(items)
	for i, it := range items {
		if notBefore(it) {
			start = i
			break
		}
	}
	items = items[start:]
	if len(items) > size {
		return items[:size], &items[size]
	}
	return items, nil
}

// token returns the cursor in a pagination token, empty on the first page.
func (c *call) token(name string) (string, error) {
	s, ok := c.param(name)
	if !ok || s == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if text, ok := strings.CutPrefix(string(b), tokenPrefix); err == nil && ok {
		return text, nil
	}
	return "", awserr.New(awserr.InvalidPaginationToken, "The pagination token is not valid.")
}

// tokenPrefix tells our tokens from others.
const tokenPrefix = "1:"

// encodeToken returns the token that holds a cursor.
func encodeToken(cursor string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenPrefix + cursor))
}
