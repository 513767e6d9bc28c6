package gossip

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/edgestage/edgestage/state"
)

const (
	dialWait  = 2 * time.Second
	frameWait = 10 * time.Second
	idleWait  = time.Minute
	// maxQueued bounds the messages that wait for one member.
	maxQueued = 256
	// retryFull is how soon an event is offered again to a loop that is full.
	retryFull = 5 * time.Millisecond
)

// streams sends and takes messages on TLS connections: one direction each, a
// length of four bytes before every message.
type streams struct {
	g *Gossip

	mu  sync.Mutex
	out map[string]*outbound // by the member's name, so each run has its own
	in  map[net.Conn]struct{}
}

// outbound is the queue to one member and the goroutine that empties it.
type outbound struct {
	queue chan []byte
	gone  chan struct{} // the other side has closed
}

// send queues a message for the member of that name at addr, or drops it where
// too many wait.
func (s *streams) send(name, addr string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.out[name]
	if o == nil {
		o = &outbound{queue: make(chan []byte, maxQueued), gone: make(chan struct{})}
		s.out[name] = o
		if !s.g.spawn(func() { s.run(name, addr, o) }) {
			return
		}
	}
	select {
	case o.queue <- data:
	default:
	}
}

// run sends what is queued until nothing came for a while or sending failed;
// what is lost then, its sender asks for again.
func (s *streams) run(name, addr string, o *outbound) {
	var conn net.Conn
	defer func() {
		s.mu.Lock()
		delete(s.out, name)
		s.mu.Unlock()
		if conn != nil {
			_ = conn.Close()
		}
	}()
	idle := time.NewTimer(idleWait)
	defer idle.Stop()
	for {
		select {
		case data := <-o.queue:
			if conn == nil {
				var err error
				if conn, err = s.dial(addr); err != nil {
					s.g.lines.limited("reach "+addr, fmt.Sprintf("Cannot reach member %s at %s: %v", name, addr, err))
					return
				}
				s.watch(conn, o)
			}
			if s.g.cut(addr) {
				return
			}
			_ = conn.SetWriteDeadline(time.Now().Add(frameWait))
			frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(data)), uint32(len(data)))
			if _, err := conn.Write(append(frame, data...)); err != nil {
				return
			}
			idle.Reset(idleWait)
		case <-o.gone:
			return
		case <-idle.C:
			return
		case <-s.g.closed:
			return
		}
	}
}

// watch tells o when the other side closes: it has nothing to say but the byte
// that it greets with.
func (s *streams) watch(conn net.Conn, o *outbound) {
	s.g.spawn(func() {
		defer close(o.gone)
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, 64))
	})
}

// dial opens a stream and proves both sides' keys.
func (s *streams) dial(addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialWait)
	defer cancel()
	if s.g.cut(addr) {
		return nil, errCut
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	t := tls.Client(c, s.g.identity.Load().config())
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return t, nil
}

// check dials addr and tells whether it is a member with our key: under TLS
// 1.3 the other side's refusal only shows when reading, so it waits for the
// one byte that the other side sends to whom it knows.
func (s *streams) check(addr string) error {
	c, err := s.dial(addr)
	if err != nil {
		return foreign(err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(dialWait))
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		return foreign(err)
	}
	return nil
}

// foreign says in plain words that a handshake failed over the key.
func foreign(err error) error {
	var alert tls.AlertError
	if errors.Is(err, ErrForeignKey) || errors.As(err, &alert) {
		return fmt.Errorf("%w (%w)", ErrForeignKey, err)
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return fmt.Errorf("%w (%w)", ErrForeignKey, err)
	}
	return err
}

// accept takes a connection that begins with a TLS handshake.
func (s *streams) accept(c net.Conn) {
	if !s.g.spawn(func() { s.serve(c) }) {
		_ = c.Close()
	}
}

func (s *streams) serve(c net.Conn) {
	s.mu.Lock()
	s.in[c] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.in, c)
		s.mu.Unlock()
		_ = c.Close()
	}()
	t := tls.Server(c, s.g.identity.Load().config())
	_ = c.SetDeadline(time.Now().Add(strangerWait))
	if err := t.Handshake(); err != nil {
		s.g.refused(c.RemoteAddr(), foreign(err))
		return
	}
	if _, err := t.Write([]byte{1}); err != nil {
		return
	}
	_ = c.SetDeadline(time.Time{})
	if sc, ok := c.(*strangerConn); ok {
		sc.known()
	}
	if err := s.read(t); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		s.g.log.Warnf("Ending the stream from %v: %v", c.RemoteAddr(), err)
	}
}

// read takes messages until the stream ends.
func (s *streams) read(c net.Conn) error {
	head := make([]byte, 4)
	for {
		_ = c.SetReadDeadline(time.Now().Add(2 * idleWait))
		if _, err := io.ReadFull(c, head); err != nil {
			return err
		}
		n := binary.BigEndian.Uint32(head)
		if n == 0 || n > state.MaxFrame {
			return fmt.Errorf("message of %d bytes out of range [1, %d]", n, state.MaxFrame)
		}
		_ = c.SetReadDeadline(time.Now().Add(frameWait))
		data := make([]byte, n)
		if _, err := io.ReadFull(c, data); err != nil {
			return err
		}
		if !s.g.mustDeliver(state.Received{Data: data}) {
			return net.ErrClosed
		}
	}
}

// close ends all incoming streams.
func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.in {
		_ = c.Close()
	}
}
