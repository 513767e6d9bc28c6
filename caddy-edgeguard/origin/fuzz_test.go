package origin

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzSign signs requests for any path and query that a client may send,
// writes them as they go over the wire, and verifies what was read there.
func FuzzSign(f *testing.F) {
	f.Add("/a%2Fb/c d+~*", "b=2&a=1&a", "www", "token")
	f.Add("//..//%2e/%E4%B8%AD", "X-Amz-Signature=1&~=1&%5B=2", "", "")
	f.Add("/%FF%00%0d%0a", "a=%0d%0a&%=%zz;+", "", "a b")
	f.Add("*", "?#/", "b", "")
	f.Fuzz(func(t *testing.T, path, query, bucket, meta string) {
		if err := validateBucket(bucket); err != nil {
			t.Skip(err)
		}
		plain, err := url.PathUnescape(path)
		if err != nil {
			t.Skip("Caddy has no such request: ", err)
		}
		tr := testTransport()
		tr.Bucket = bucket
		req := &http.Request{
			Method: "GET", Host: "www.s3.eu-west-3.amazonaws.com", URL: &url.URL{Path: plain, RawPath: path, RawQuery: query, Scheme: "http", Host: "192.0.2.1:9000"},
			Header: http.Header{"X-Amz-Meta-A": {meta}, "X-Amz-Meta": {"1"}, "Authorization": {"forged"}, "X-Amz-Date": {"forged"}, "X-Amz-Security-Token": {"forged"}},
		}
		if strings.ContainsFunc(meta, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			req.Header.Del("X-Amz-Meta-A") // no header can hold it
		}
		out := tr.outgoing(req)
		tr.sign(out, exampleKeys, unsignedPayload)
		var wire bytes.Buffer
		if err := out.Write(&wire); err != nil {
			t.Fatalf("Write(%q?%q) = %v", path, query, err)
		}
		got, err := http.ReadRequest(bufio.NewReader(&wire))
		if err != nil {
			t.Fatalf("ReadRequest(%q?%q) = %v", path, query, err)
		}
		if err := verify(got, exampleKeys, "eu-west-3"); err != nil {
			t.Errorf("verify(%q?%q) = %v", path, query, err)
		}
		want := "/" + strings.TrimPrefix(plain, "/")
		if strings.HasPrefix(plain, "/") {
			want = plain
		}
		if bucket != "" {
			want = "/" + bucket + want
		}
		if got.URL.Path != want {
			t.Errorf("path %q arrives as %q, want %q", path, got.URL.Path, want)
		}
		for name := range got.URL.Query() {
			if isSignatureParameter(name) {
				t.Errorf("query %q arrives with %q", query, name)
			}
		}
		if req.Header.Get("Authorization") != "forged" || req.URL.RawQuery != query {
			t.Errorf("signing changed the request that it was given")
		}
	})
}

// FuzzEncoding: what is decoded and encoded again stays as it is.
func FuzzEncoding(f *testing.F) {
	f.Add("a%20b+c%zz%")
	f.Fuzz(func(t *testing.T, s string) {
		once := encode(decode(s), false)
		if again := encode(decode(once), false); again != once {
			t.Errorf("encode(decode(%q)) = %q, again %q", s, once, again)
		}
		q := canonicalQuery(s, nil)
		if again := canonicalQuery(q, nil); again != q {
			t.Errorf("canonicalQuery(%q) = %q, again %q", s, q, again)
		}
		if _, err := url.ParseQuery(q); err != nil {
			t.Errorf("canonicalQuery(%q) = %q: %v", s, q, err)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	tr := testTransport()
	req := newRequest(b, "GET", "/subdirectory/index.html?a=1")
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		out := tr.outgoing(req)
		removeSignature(out.Header)
		tr.key.sign(out, exampleKeys, "eu-west-3", unsignedPayload, now)
	}
}
