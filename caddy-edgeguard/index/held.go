package index

import (
	"bytes"
	"io"
	"maps"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// maxHeldBytes bounds the body of a response that is held back. A longer one
// is passed on as it comes.
const maxHeldBytes = 256 << 10

// heldWriter passes a response on, except that it holds back, header and body,
// one that it is asked to, until it is released or dropped.
type heldWriter struct {
	*caddyhttp.ResponseWriterWrapper
	hold   func(status int, header http.Header) bool
	before http.Header // of w when the writer was made
	status int         // of the response held back, or 0
	passed bool        // the final header went on
	body   bytes.Buffer
}

// newHeldWriter returns a writer to w that holds back what hold says.
func newHeldWriter(w http.ResponseWriter, hold func(int, http.Header) bool) *heldWriter {
	return &heldWriter{
		ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w},
		hold:                  hold,
		before:                w.Header().Clone(),
	}
}

// holding tells whether a response is held back.
func (w *heldWriter) holding() bool { return w.status != 0 }

// WriteHeader implements [http.ResponseWriter].
func (w *heldWriter) WriteHeader(status int) {
	switch {
	case w.passed || w.holding():
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.ResponseWriter.WriteHeader(status) // not the final one
	case w.hold(status, w.Header()):
		w.status = status
	default:
		w.passed = true
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write implements [http.ResponseWriter].
func (w *heldWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.holding() {
		if w.body.Len()+len(p) <= maxHeldBytes {
			return w.body.Write(p)
		}
		w.release()
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom implements [io.ReaderFrom].
func (w *heldWriter) ReadFrom(r io.Reader) (int64, error) {
	w.WriteHeader(http.StatusOK)
	if w.holding() {
		return io.Copy(writerOnly{w}, r)
	}
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// writerOnly hides ReadFrom, by which [io.Copy] would come back.
type writerOnly struct{ io.Writer }

// FlushError implements what [http.ResponseController] looks for: nothing is
// flushed past a response that is held back.
func (w *heldWriter) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if w.holding() {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// release passes the response on that was held back, if one was. The client's
// absence shows in later writes.
func (w *heldWriter) release() {
	if !w.holding() {
		return
	}
	w.passed = true
	w.ResponseWriter.WriteHeader(w.status)
	w.status = 0
	_, _ = w.body.WriteTo(w.ResponseWriter)
}

// drop forgets the response held back and what its handlers put in the header.
func (w *heldWriter) drop() {
	w.status = 0
	w.body.Reset()
	header := w.Header()
	clear(header)
	maps.Copy(header, w.before)
}
