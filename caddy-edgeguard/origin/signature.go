package origin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// The parts of Signature Version 4 that have names.
const (
	algorithm  = "AWS4-HMAC-SHA256"
	service    = "s3"
	scopeEnd   = "aws4_request"
	dateFormat = "20060102"
	timeFormat = "20060102T150405Z"
)

// signingKeys remembers the last key that was derived: it is the same for a
// day, Region and secret. The zero value is ready.
type signingKeys struct{ last atomic.Pointer[signingKey] }

type signingKey struct {
	date, region, secret string
	key                  []byte
}

// get returns the key of a day, a Region and a secret.
func (s *signingKeys) get(date, region, secret string) []byte {
	if k := s.last.Load(); k != nil && k.date == date && k.region == region && k.secret == secret {
		return k.key
	}
	key := mac([]byte("AWS4"+secret), date)
	for _, part := range []string{region, service, scopeEnd} {
		key = mac(key, part)
	}
	s.last.Store(&signingKey{date, region, secret, key})
	return key
}

// sign sets the headers X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token
// and Authorization of a request whose path and query are in canonical form.
// Signed are Host and all X-Amz- headers: no proxy on the way changes those.
//
// The signer of aws-sdk-go-v2 is not used: it sorts parameters by their plain
// names, S3 by the encoded ones, and parameters here are the clients'. Tests
// compare the two where they must agree.
func (s *signingKeys) sign(out *http.Request, keys *keys, region, hash string, now time.Time) {
	now = now.UTC()
	out.Header.Set("X-Amz-Date", now.Format(timeFormat))
	out.Header.Set("X-Amz-Content-Sha256", hash)
	if keys.token != "" {
		out.Header.Set("X-Amz-Security-Token", keys.token)
	}
	date := now.Format(dateFormat)
	scope := strings.Join([]string{date, region, service, scopeEnd}, "/")
	canonical, signed := canonicalRequest(out, hash)
	sum := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{algorithm, now.Format(timeFormat), scope, hex.EncodeToString(sum[:])}, "\n")
	signature := hex.EncodeToString(mac(s.get(date, region, keys.secret), toSign))
	out.Header.Set("Authorization", algorithm+" Credential="+keys.id+"/"+scope+", SignedHeaders="+signed+", Signature="+signature)
}

// canonicalRequest returns what is hashed of a request, and the names of the
// headers that are part of it.
func canonicalRequest(out *http.Request, hash string) (canonical, signed string) {
	values := map[string]string{"host": out.Host}
	for name, v := range out.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") {
			values[name] = headerValue(v)
		}
	}
	names := slices.Sorted(maps.Keys(values))
	signed = strings.Join(names, ";")
	lines := []string{out.Method, out.URL.EscapedPath(), out.URL.RawQuery}
	for _, name := range names {
		lines = append(lines, name+":"+values[name])
	}
	return strings.Join(append(lines, "", signed, hash), "\n"), signed
}

// headerValue joins the values of a header, with single spaces.
func headerValue(values []string) string {
	joined := make([]string, len(values))
	for i, v := range values {
		joined[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(joined, ",")
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
