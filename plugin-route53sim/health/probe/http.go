package probe

import (
	"bufio"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxResponse is how much of a response is read at most, headers and framing
// included.
const maxResponse = 256 << 10

// maxInterim is how many 1xx responses may come before the final one.
const maxInterim = 8

// reader reads a response.
type reader struct {
	*bufio.Reader
	source source
	body   [maxSearched]byte
}

// source is what a response is read from, up to [maxResponse].
type source struct {
	io.LimitedReader
	// err is what has ended it; parsers report their own view of that.
	err error
}

// Read implements [io.Reader].
func (s *source) Read(b []byte) (int, error) {
	if s.N <= 0 {
		s.err = fault("it is longer than 256 KiB")
		return 0, s.err
	}
	n, err := s.LimitedReader.Read(b)
	if err != nil {
		s.err = err
	}
	return n, err
}

// readers are used again, to spare the collector a thousand buffers a second.
var readers = sync.Pool{New: func() any { return &reader{Reader: bufio.NewReaderSize(nil, 4096)} }}

func newReader(from io.Reader) *reader {
	r := readers.Get().(*reader)
	r.source = source{LimitedReader: io.LimitedReader{R: from, N: maxResponse}}
	r.Reset(&r.source)
	return r
}

func (r *reader) free() {
	r.source = source{}
	readers.Put(r)
}

// exchange asks and reads the response as far as it is looked at. It returns
// what it was, or what is wrong with it.
func exchange(l line, t *Target, r *Result) (string, error) {
	in := newReader(l)
	defer in.free()
	asked := time.Now()
	if _, err := l.Write(t.appendRequest(in.body[:0])); err != nil {
		return "", statusFault(err)
	}
	if _, err := in.Peek(1); err != nil {
		return "", statusFault(err)
	}
	r.FirstByte = time.Since(asked)
	code, text, err := in.status()
	if err != nil {
		return "", err
	}
	if code < 200 || code > 399 {
		return "", fault(text)
	}
	if t.search == "" {
		return text, nil
	}
	l.until(time.Now().Add(bodyTimeout))
	if err := in.find(code, t.search); err != nil {
		return "", fault(text + ". " + err.Error())
	}
	return text, nil
}

// status reads up to the end of the status line of the final response. text is
// the status as Route 53 says it.
func (r *reader) status() (code int, text string, err error) {
	for range maxInterim {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, "", statusFault(err)
		}
		code, phrase, ok := parseStatus(string(line))
		if !ok {
			return 0, "", malformed(line)
		}
		if code >= 200 || code == http.StatusSwitchingProtocols {
			return code, "HTTP Status Code " + strconv.Itoa(code) + ", " + phrase, nil
		}
		if _, err := textproto.NewReader(r.Reader).ReadMIMEHeader(); err != nil {
			return 0, "", statusFault(err)
		}
	}
	return 0, "", fault("The endpoint sent no final HTTP status code")
}

// parseStatus reads a status line (RFC 9112 section 4).
func parseStatus(line string) (code int, phrase string, ok bool) {
	version, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	if !strings.HasPrefix(version, "HTTP/1.") || len(version) != len("HTTP/1.1") {
		return 0, "", false
	}
	digits, phrase, _ := strings.Cut(rest, " ")
	code, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 3 || code < 100 {
		return 0, "", false
	}
	if phrase = printable(phrase); phrase == "" {
		phrase = http.StatusText(code)
	}
	return code, phrase, true
}

// printable returns what can stand in a log line of s, up to 64 bytes.
func printable(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, s)
}
