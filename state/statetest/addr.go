package statetest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// ports are those that [FreeAddr] gives: not what the system gives to outgoing
// connections and to who listens on port 0, which would take one between its
// choice and its use.
var ports = sync.OnceValue(func() (p struct{ first, count uint32 }) {
	p.first, p.count = 20000, 12000
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	var low, high uint32
	if n, _ := fmt.Sscan(string(text), &low, &high); err != nil || n != 2 {
		return p
	}
	const registered, all, enough = 10000, 65536, 2000
	switch {
	case low >= registered+enough:
		p.count = min(p.count, low-registered)
		p.first = low - p.count
	case high+enough < all:
		p.first, p.count = high+1, all-1-high
	}
	return p
})

// nextPort begins anywhere, for tests run in several processes at once.
var nextPort atomic.Uint32

func init() { nextPort.Store(rand.Uint32N(1 << 20)) }

// FreeAddr returns an address on loopback whose port is free for TCP and UDP,
// each time another one. It panics where there is none.
func FreeAddr() string {
	p := ports()
	for range p.count {
		addr := fmt.Sprintf("127.0.0.1:%d", p.first+nextPort.Add(1)%p.count)
		tcp, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		udp, err := net.ListenPacket("udp", addr)
		_ = tcp.Close()
		if err != nil {
			continue
		}
		_ = udp.Close()
		return addr
	}
	panic("statetest: no port is free for both TCP and UDP")
}

// FreePort returns the port of a [FreeAddr].
func FreePort() int {
	a, err := net.ResolveTCPAddr("tcp", FreeAddr())
	if err != nil {
		panic(err)
	}
	return a.Port
}
