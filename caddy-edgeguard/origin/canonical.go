package origin

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// setPath puts u's path, below bucket unless that is "", into the form that S3
// signs, so that what is signed and what is sent are the same bytes. `%2F` and
// `/` are one to S3 (both end in the key as a slash), so the path is written
// with the latter.
func setPath(u *url.URL, bucket string) {
	path := u.Path
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if bucket != "" {
		path = "/" + bucket + path
	}
	u.Path, u.RawPath, u.Opaque = path, encode(path, true), ""
}

// canonicalQuery returns a query string in the form that S3 signs (Signature
// Version 4): names and values percent-encoded, sorted as encoded, each with
// its `=`. Parameters whose name omit tells are left out. What is no valid
// percent-encoding is taken as it stands, `+` as a space.
func canonicalQuery(raw string, omit func(name string) bool) string {
	var pairs [][2]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if name = decode(name); omit != nil && omit(name) {
			continue
		}
		pairs = append(pairs, [2]string{encode(name, false), encode(decode(value), false)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	var out strings.Builder
	for i, p := range pairs {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(p[0])
		out.WriteByte('=')
		out.WriteString(p[1])
	}
	return out.String()
}

// encode percent-encodes every byte of s but the unreserved ones of RFC 3986
// section 2.3 and, in a path, the slash.
func encode(s string, path bool) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~', c == '/' && path:
			out.WriteByte(c)
		default:
			out.WriteByte('%')
			out.WriteByte(hex[c>>4])
			out.WriteByte(hex[c&15])
		}
	}
	return out.String()
}

// decode undoes the encoding of a query string's name or value.
func decode(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if plain, err := url.PathUnescape(s[i : i+3]); err == nil {
				out.WriteString(plain)
				i += 2
				continue
			}
		}
		if s[i] == '+' {
			out.WriteByte(' ')
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// signatureHeaders are those that belong to a signature, beside
// Authorization.
var signatureHeaders = []string{"Authorization", "X-Amz-Content-Sha256", "X-Amz-Date", "X-Amz-Decoded-Content-Length", "X-Amz-Security-Token", "X-Amz-Trailer"}

// removeSignature removes what a client sent to sign the request itself.
func removeSignature(h http.Header) {
	for _, name := range signatureHeaders {
		h.Del(name)
	}
}

// signatureParameters are those that belong to a signature in the query string
// (a presigned URL), of Signature Version 4 and 2.
var signatureParameters = []string{
	"X-Amz-Algorithm", "X-Amz-Content-Sha256", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders",
	"AWSAccessKeyId", "Expires", "Signature",
}

func isSignatureParameter(name string) bool {
	return slices.ContainsFunc(signatureParameters, func(p string) bool { return strings.EqualFold(p, name) })
}

// isStreaming tells whether the body is in chunks, each with a signature of
// the client's.
func isStreaming(h http.Header) bool {
	return strings.HasPrefix(h.Get("X-Amz-Content-Sha256"), "STREAMING-")
}

// withoutDefaultPort returns host as a client writes it: without the scheme's
// own port.
func withoutDefaultPort(host, scheme string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil || !(scheme == "https" && port == "443" || scheme == "http" && port == "80") {
		return host
	}
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

// regionOf returns the Region that the name of an S3 endpoint tells, such as
// www.s3.eu-west-3.amazonaws.com; else that which S3 takes for it.
func regionOf(host string) string {
	name, _, _ := strings.Cut(host, ":")
	labels := strings.Split(strings.ToLower(name), ".")
	for i, label := range labels {
		if label == "amazonaws" && i >= 2 && (labels[i-2] == "s3" || labels[i-2] == "dualstack") {
			return labels[i-1]
		}
	}
	return "us-east-1"
}
