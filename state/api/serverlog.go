package api

import (
	"log"
	"strings"
)

// errorLog passes what the HTTP server has to say on to the handler's log.
func (h *Handler) errorLog() *log.Logger { return log.New(lineLog{h}, "", 0) }

type lineLog struct{ h *Handler }

// Write implements [io.Writer].
func (l lineLog) Write(p []byte) (int, error) {
	l.h.config.Log("%.300s", strings.TrimSpace(string(p)))
	return len(p), nil
}
