package gossip

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"time"

	"github.com/edgestage/edgestage/state"
)

// The pauses between attempts to find others.
const (
	firstPause  = 200 * time.Millisecond
	longPause   = 5 * time.Second
	resolveWait = 2 * time.Second
	// lostFor is how long an address of a dead member is tried again.
	lostFor = state.Horizon
)

// lookForOthers joins, and goes on looking for ever: memberlist never looks
// for a member that it has buried, so halves cut apart would stay apart.
func (g *Gossip) lookForOthers() {
	pause := firstPause
	said := map[string]string{}
	for first := true; ; first = false {
		contacted, missing := g.joinMissing(said)
		if first || contacted > 0 {
			if !g.mustDeliver(state.Joined{Contacted: contacted}) {
				return
			}
		}
		if contacted > 0 || missing == 0 {
			pause = longPause
		} else {
			pause = min(pause*3/2, longPause)
		}
		jitter := time.Duration(rand.Int64N(int64(pause) / 2))
		select {
		case <-time.After(pause*3/4 + jitter):
		case <-g.closed:
			return
		}
	}
}

// joinMissing tries the addresses that no live member has; it returns how many
// it reached and how many there were to try.
func (g *Gossip) joinMissing(said map[string]string) (contacted, missing int) {
	for _, addr := range g.missing() {
		missing++
		err := g.join(addr)
		if err == nil {
			contacted++
			delete(said, addr)
			continue
		}
		if said[addr] != err.Error() {
			said[addr] = err.Error()
			g.log.Warnf("Cannot join %s: %v", addr, err)
		}
	}
	return contacted, missing
}

// join proves the key by a stream, for memberlist cannot say that it failed
// over that, then joins.
func (g *Gossip) join(addr string) error {
	if err := g.streams.check(addr); err != nil {
		return err
	}
	_, err := g.list.Join([]string{addr})
	return err
}

// missing returns the addresses to look for, resolved, that no live member has.
func (g *Gossip) missing() []string {
	var want []string
	for _, j := range slices.Concat(g.config.Join, g.config.Remembered) {
		want = append(want, g.resolve(j)...)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for addr, at := range g.lost {
		if time.Since(at) > lostFor {
			delete(g.lost, addr)
			continue
		}
		want = append(want, addr)
	}
	have := map[string]bool{g.self.Addr: true}
	for _, n := range g.members {
		have[n.Address()] = true
	}
	want = slices.DeleteFunc(want, func(a string) bool { return have[a] })
	slices.Sort(want)
	return slices.Compact(want)
}

// resolve returns the addresses of host:port. We ask the system's resolver
// ourselves: memberlist would send ANY queries by TCP to the first name
// server, which may be this very node.
func (g *Gossip) resolve(hostport string) []string {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil // refused by the configuration's check
	}
	if net.ParseIP(host) != nil {
		return []string{hostport}
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveWait)
	defer cancel()
	ips, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		var dns *net.DNSError
		if errors.As(err, &dns) {
			g.lines.limited("resolve "+host, "Cannot resolve "+host+" to join it: "+dns.Err)
		}
		return nil
	}
	var out []string
	for _, ip := range ips {
		out = append(out, net.JoinHostPort(ip, port))
	}
	return out
}
