package gossip

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// The bounds on what is not yet known to be a member.
const (
	maxStrangers  = 64
	strangerWait  = 5 * time.Second
	maxUDPPayload = 65535
)

// tlsHandshake is the first byte of a TLS connection: one of ours.
const tlsHandshake = 0x16

// transport is memberlist's way to the network: one address, UDP and TCP. TCP
// connections that begin a TLS handshake are our streams, the rest are
// memberlist's.
type transport struct {
	udp       net.PacketConn
	tcp       net.Listener
	advertise net.Addr

	packets chan *memberlist.Packet
	conns   chan net.Conn
	streams func(c net.Conn)
	cut     func(addr string) bool

	strangers chan struct{}
	closed    chan struct{}
	once      sync.Once
	wg        sync.WaitGroup
}

// errCut is what dialling ends in where a test has cut the network.
var errCut = errors.New("network is cut")

// listen binds UDP and TCP on one address; port 0 takes any that both have.
func listen(addr string) (net.PacketConn, net.Listener, error) {
	for try := 0; ; try++ {
		tcp, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, fmt.Errorf("gossip address %s: %w", addr, err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			return udp, tcp, nil
		}
		_ = tcp.Close()
		if _, port, _ := net.SplitHostPort(addr); port != "0" || try == 10 {
			return nil, nil, fmt.Errorf("gossip address %s: %w", addr, err)
		}
	}
}

func newTransport(udp net.PacketConn, tcp net.Listener, advertise net.Addr, streams func(net.Conn)) *transport {
	return &transport{
		udp: udp, tcp: tcp, advertise: advertise, streams: streams,
		packets: make(chan *memberlist.Packet), conns: make(chan net.Conn),
		strangers: make(chan struct{}, maxStrangers), closed: make(chan struct{}),
	}
}

func (t *transport) start() {
	t.wg.Add(2)
	go t.readPackets()
	go t.acceptConns()
}

func (t *transport) readPackets() {
	defer t.wg.Done()
	buf := make([]byte, maxUDPPayload)
	for {
		n, from, err := t.udp.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n == 0 || t.cut(from.String()) {
			continue
		}
		p := &memberlist.Packet{Buf: append([]byte(nil), buf[:n]...), From: from, Timestamp: time.Now()}
		select {
		case t.packets <- p:
		case <-t.closed:
			return
		}
	}
}

func (t *transport) acceptConns() {
	defer t.wg.Done()
	for {
		c, err := t.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-time.After(10 * time.Millisecond): // out of file descriptors, say
				continue
			case <-t.closed:
				return
			}
		}
		select {
		case t.strangers <- struct{}{}:
			t.wg.Add(1)
			go t.sort(c)
		default:
			_ = c.Close()
		}
	}
}

// sort reads the first byte of a connection and hands it to whom it is for.
func (t *transport) sort(c net.Conn) {
	defer t.wg.Done()
	first := make([]byte, 1)
	_ = c.SetDeadline(time.Now().Add(strangerWait))
	_, err := c.Read(first)
	if err != nil {
		<-t.strangers
		_ = c.Close()
		return
	}
	pc := &prefixedConn{Conn: c, prefix: first}
	if first[0] == tlsHandshake {
		t.streams(&strangerConn{prefixedConn: pc, done: func() { <-t.strangers }})
		return
	}
	<-t.strangers
	_ = c.SetDeadline(time.Time{})
	select {
	case t.conns <- pc:
	case <-t.closed:
		_ = c.Close()
	}
}

// prefixedConn gives back what was read ahead.
type prefixedConn struct {
	net.Conn
	prefix []byte
}

// Read implements net.Conn.
func (c *prefixedConn) Read(b []byte) (int, error) {
	if len(c.prefix) > 0 {
		n := copy(b, c.prefix)
		c.prefix = c.prefix[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// strangerConn holds one of the few places for connections that have not yet
// shown a key; known gives it back.
type strangerConn struct {
	*prefixedConn
	once sync.Once
	done func()
}

func (c *strangerConn) known() { c.once.Do(c.done) }

// Close implements net.Conn.
func (c *strangerConn) Close() error {
	c.known()
	return c.Conn.Close()
}

// FinalAdvertiseAddr implements memberlist.Transport.
func (t *transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	a, ok := t.advertise.(*net.UDPAddr)
	if !ok {
		return nil, 0, fmt.Errorf("cannot advertise %v", t.advertise)
	}
	return a.IP, a.Port, nil
}

// WriteTo implements memberlist.Transport.
func (t *transport) WriteTo(b []byte, addr string) (time.Time, error) {
	to, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return time.Time{}, err
	}
	if t.cut(addr) {
		return time.Now(), nil
	}
	_, err = t.udp.WriteTo(b, to)
	return time.Now(), err
}

// PacketCh implements memberlist.Transport.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// DialTimeout implements memberlist.Transport.
func (t *transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	if t.cut(addr) {
		return nil, errCut
	}
	return net.DialTimeout("tcp", addr, timeout)
}

// StreamCh implements memberlist.Transport.
func (t *transport) StreamCh() <-chan net.Conn { return t.conns }

// Shutdown implements memberlist.Transport.
func (t *transport) Shutdown() error {
	t.once.Do(func() {
		close(t.closed)
		_ = t.udp.Close()
		_ = t.tcp.Close()
	})
	t.wg.Wait()
	return nil
}
