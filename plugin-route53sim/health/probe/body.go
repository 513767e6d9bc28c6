package probe

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"
)

// maxSearched is how much of a body is searched.
const maxSearched = 5120

// find reads headers and body until search was found; it must stand wholly in
// the first 5,120 bytes. What comes after it is not waited for.
func (r *reader) find(code int, search string) error {
	header, err := textproto.NewReader(r.Reader).ReadMIMEHeader()
	if err != nil {
		return r.bodyFault(err)
	}
	body, err := decoded(r.framed(code, header), header.Get("Content-Encoding"))
	if err != nil {
		return r.bodyFault(err)
	}
	n := 0
	for n < len(r.body) {
		m, err := body.Read(r.body[n:])
		from := max(0, n-len(search)+1)
		if n += m; bytes.Contains(r.body[from:n], []byte(search)) {
			return nil
		}
		if err == io.EOF {
			return errNoString
		}
		if err != nil {
			return r.bodyFault(err)
		}
	}
	return errNoString
}

const errNoString = fault("The body did not contain the search string in its first 5,120 bytes")

// framed returns the body, which ends where the message does (RFC 9112 section
// 6.3).
func (r *reader) framed(code int, header textproto.MIMEHeader) io.Reader {
	switch {
	case code == http.StatusNoContent || code == http.StatusNotModified:
		return http.NoBody
	case strings.EqualFold(header.Get("Transfer-Encoding"), "chunked"):
		return httputil.NewChunkedReader(r.Reader)
	}
	n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return r.Reader
	}
	return &counted{r.Reader, n}
}

// counted is a body of a length that was announced.
type counted struct {
	io.Reader
	left int64
}

// Read implements [io.Reader]. A body that ends early is no body.
func (c *counted) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	if int64(len(b)) > c.left {
		b = b[:c.left]
	}
	n, err := c.Reader.Read(b)
	c.left -= int64(n)
	if err == io.EOF && c.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// decoded returns a body without its content coding. What is called deflate
// comes with the header of zlib or without (RFC 9110 section 8.4.1.2).
func decoded(body io.Reader, coding string) (io.Reader, error) {
	switch strings.ToLower(coding) {
	case "gzip", "x-gzip":
		return gzip.NewReader(body)
	case "deflate":
		b := bufio.NewReader(body)
		head, err := b.Peek(2)
		if err == nil && head[0]&15 == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			return zlib.NewReader(b)
		}
		return flate.NewReader(b), nil
	}
	return body, nil
}
