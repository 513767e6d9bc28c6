// Package probe asks an endpoint once whether it is healthy, by the rules of
// Route 53's health checkers (aws-behaviour 4.3).
//
// It keeps no state: each probe resolves, connects, asks and closes anew, and
// reuses neither connection nor TLS session, so that what it finds is what a
// new client would. A [Prober] is safe for concurrent use; a probe runs in the
// goroutine that asks for it and leaves nothing behind. When to probe and what
// to make of the results is not its business.
package probe

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// The time limits of Route 53. That of the connection includes resolving the
// name, that of the status the TLS handshake.
const (
	connectTimeout    = 4 * time.Second  // HTTP and HTTPS
	tcpConnectTimeout = 10 * time.Second // TCP
	statusTimeout     = 2 * time.Second  // from having connected
	bodyTimeout       = 2 * time.Second  // from the status
)

// Longest is how long a probe can last: no check takes longer.
const Longest = tcpConnectTimeout

// Prober probes. Its zero value uses the network and the system's resolver.
type Prober struct {
	// Dial connects to an address by TCP.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// Lookup returns the IPv4 addresses of a name, at least one if there is no
	// error. It must not remember what it found.
	Lookup func(ctx context.Context, name string) ([]netip.Addr, error)
	// PublicOnly refuses what Route 53 refuses: addresses that are not on the
	// public Internet.
	PublicOnly bool
}

// Result is what a probe found.
type Result struct {
	Healthy bool
	// Reason is why, as Route 53 says it; it begins with "Success: " or
	// "Failure: ".
	Reason string
	// Connect is how long connecting took, Handshake the TLS handshake after
	// that, FirstByte the first byte of the response after that, Total all of
	// it; 0 for what was not reached.
	Connect, Handshake, FirstByte, Total time.Duration
}

// Probe probes t. It returns within [Longest], give or take scheduling, and
// soon after ctx is done; then the result says nothing about the endpoint.
func (p *Prober) Probe(ctx context.Context, t *Target) Result {
	started := time.Now()
	var r Result
	text, err := p.ask(ctx, t, &r)
	if err == nil {
		r.Healthy, r.Reason = true, "Success: "+text
	} else {
		r.Reason = "Failure: " + err.Error()
	}
	r.Total = time.Since(started)
	return r
}

// ask returns what there is to say of a healthy endpoint, or why it is not.
func (p *Prober) ask(ctx context.Context, t *Target, r *Result) (string, error) {
	l, err := p.connect(ctx, t, t.addr, r)
	if err != nil {
		return "", err
	}
	defer func() { l.hangUp() }()
	if t.kind == tcp {
		return t.sayAt(l.addr, "TCP connection established"), nil
	}
	if t.kind == secure {
		again, err := l.secure(t.tls, r)
		if again {
			l.hangUp()
			if l, err = p.connect(ctx, t, l.addr, r); err != nil {
				return "", err
			}
			_, err = l.secure(t.withoutSNI(), r)
		}
		if err != nil {
			return "", t.at(l.addr, handshakeFault(err))
		}
	}
	text, err := exchange(l, t, r)
	if err != nil {
		return "", t.at(l.addr, err)
	}
	return t.sayAt(l.addr, text), nil
}

// line is a connection to an endpoint.
type line struct {
	net.Conn          // what is talked over: TLS, once there is
	raw      net.Conn // nil: none
	ctx      context.Context
	stop     func() bool
	addr     netip.Addr
	at       time.Time // connected
}

// connect connects to t at addr, or where its name leads.
func (p *Prober) connect(ctx context.Context, t *Target, addr netip.Addr, r *Result) (line, error) {
	limit := connectTimeout
	if t.kind == tcp {
		limit = tcpConnectTimeout
	}
	started := time.Now()
	within, cancel := context.WithDeadline(ctx, started.Add(limit))
	defer cancel()
	if !addr.IsValid() {
		var err error
		if addr, err = p.lookup(within, t.name); err != nil {
			return line{}, resolveFault(t.name, err)
		}
	}
	if p.PublicOnly && !public(addr) {
		return line{}, forbidden(addr)
	}
	conn, err := p.dial(within, netip.AddrPortFrom(addr, t.port))
	if err != nil {
		return line{}, t.at(addr, connectFault(err))
	}
	l := line{Conn: conn, raw: conn, ctx: ctx, addr: addr, at: time.Now()}
	r.Connect = l.at.Sub(started)
	l.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	l.until(l.at.Add(statusTimeout))
	return l, nil
}

// until limits all that follows.
func (l *line) until(deadline time.Time) {
	_ = l.raw.SetDeadline(deadline)
	if l.ctx.Err() != nil {
		_ = l.raw.SetDeadline(time.Unix(1, 0))
	}
}

// hangUp closes with a reset, so that no socket lingers in TIME_WAIT: at a
// thousand probes a second ports would run out.
func (l *line) hangUp() {
	if l.raw == nil {
		return
	}
	l.stop()
	if c, ok := l.raw.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = l.raw.Close()
	l.raw = nil
}

func (p *Prober) lookup(ctx context.Context, name string) (netip.Addr, error) {
	lookup := p.Lookup
	if lookup == nil {
		lookup = lookupIPv4
	}
	addrs, err := lookup(ctx, name)
	if err != nil {
		return netip.Addr{}, err
	}
	return addrs[0].Unmap(), nil
}

func lookupIPv4(ctx context.Context, name string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip4", name)
}

func (p *Prober) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if p.Dial != nil {
		return p.Dial(ctx, to)
	}
	c, err := dialer.DialTCP(ctx, "tcp", netip.AddrPort{}, to)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// dialer sets no keep-alive: no connection lives long enough.
var dialer = net.Dialer{KeepAlive: -1}
