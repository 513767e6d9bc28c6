package probe

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"
)

// FuzzExchange reads any response: it ends, keeps its bounds, and says
// something that fits on a line.
func FuzzExchange(f *testing.F) {
	for _, s := range []string{
		response("200 OK", "ok"), response("200 OK", "ok", "Content-Encoding: deflate\r\n"), "HTTP/1.1 103 \r\n\r\nHTTP/1.0 404\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "HTTP/1.1 200 \x00\n\n", "",
	} {
		f.Add([]byte(s))
	}
	target := target(f, check("HTTP_STR_MATCH", netipLoopback, searching("ok")))
	f.Fuzz(func(t *testing.T, response []byte) {
		raw := &canned{Reader: bytes.NewReader(response)}
		text, err := exchange(line{Conn: raw, raw: raw, ctx: t.Context()}, target, new(Result))
		if err != nil {
			text = err.Error()
		} else if !bytes.Contains(response, []byte("ok")) && !bytes.Contains(response, []byte("Content-Encoding")) &&
			!bytes.Contains(bytes.ToLower(response), []byte("chunked")) && !bytes.Contains(bytes.ToLower(response), []byte("encoding")) {
			t.Errorf("healthy without the string: %q", response)
		}
		if len(text) > 512 || bytes.ContainsAny([]byte(text), "\r\n\x00") {
			t.Errorf("reason %q of %q does not fit on a line", text, response)
		}
	})
}

// canned is a connection on which a response is there already.
type canned struct {
	net.Conn
	*bytes.Reader
}

func (c *canned) Read(b []byte) (int, error) { return c.Reader.Read(b) }
func (*canned) Write(b []byte) (int, error)  { return len(b), nil }
func (*canned) SetDeadline(time.Time) error  { return nil }
func (*canned) Close() error                 { return nil }

var netipLoopback = netip.MustParseAddrPort("127.0.0.1:80")
