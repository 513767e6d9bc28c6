package node

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/edgestage/edgestage/state"
)

// heartbeat collects the pulses that a node hears.
type heartbeat struct {
	mu   sync.Mutex
	data map[string][]byte
}

func (h *heartbeat) note(p state.Pulse) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.Data == nil {
		delete(h.data, p.Member.Node)
		return
	}
	h.data[p.Member.Node] = p.Data
}

func (h *heartbeat) of(node string) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.data[node]
}

func TestPulsesReachAllAndEndWithTheirNode(t *testing.T) {
	a, _ := start(t, loopback("a"))
	b, _ := start(t, loopback("b", a.Addr()))
	ready(t, a, b)
	h := &heartbeat{data: map[string][]byte{}}
	stop := a.WatchPulses(h.note)
	defer stop()
	for _, size := range []int{1, 1200, 1201, state.MaxPulse} {
		want := bytes.Repeat([]byte{byte(size)}, size)
		if err := b.SetPulse(want); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() string {
			if got := h.of("b"); !bytes.Equal(got, want) {
				return fmt.Sprintf("a hears %d bytes of b, want %d", len(got), size)
			}
			return ""
		})
	}
	if err := b.SetPulse(make([]byte, state.MaxPulse+1)); err == nil {
		t.Error("a pulse over the limit is accepted")
	}
	_ = b.Close()
	eventually(t, func() string {
		if h.of("b") != nil {
			return "a still has the pulse of a node that left"
		}
		return ""
	})
}
