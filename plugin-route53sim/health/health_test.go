package health

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgestage/edgestage/plugin-route53sim/health/probe"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

// member is a node with its health. Whether endpoints answer is said by up, by
// the last byte of their addresses.
type member struct {
	*Health
	node *node.Node
	log  *logbook

	mu sync.Mutex
	up map[byte]bool
}

// logbook collects what is reported.
type logbook struct {
	mu     sync.Mutex
	lines  []string
	became map[string]int
	probes map[string]int
}

func (l *logbook) Infof(format string, args ...any)  { l.add(fmt.Sprintf(format, args...)) }
func (l *logbook) Warnf(format string, args ...any)  { l.add(fmt.Sprintf(format, args...)) }
func (l *logbook) Errorf(format string, args ...any) { l.add(fmt.Sprintf(format, args...)) }

func (l *logbook) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *logbook) Infos(lines []string) {
	for _, line := range lines {
		l.add(line)
	}
}

func (l *logbook) Changed(healthy, unhealthy int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.became[model.Healthy] += healthy
	l.became[model.Unhealthy] += unhealthy
}

func (l *logbook) Probed(checkType string, _ probe.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.probes[checkType]++
}

func (l *logbook) has(line string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.lines, line)
}

// join starts a member, which ends with the test.
func join(t *testing.T, c node.Config, check bool) *member {
	t.Helper()
	m := &member{up: make(map[byte]bool), log: &logbook{probes: make(map[string]int), became: make(map[string]int)}}
	m.node = node.New(c, m.log)
	if err := m.node.Start(); err != nil {
		t.Fatal(err)
	}
	m.Health = Start(Config{
		Replica: m.node.Replica, Node: c.Name, Region: c.Region, Check: check,
		Prober: &probe.Prober{Dial: m.dial}, Log: m.log, Observer: m.log,
	})
	t.Cleanup(m.leave)
	<-m.node.Ready()
	return m
}

func (m *member) leave() {
	if m.node != nil {
		m.Close()
		_ = m.node.Close()
		m.node = nil
	}
}

func (m *member) dial(_ context.Context, to netip.AddrPort) (net.Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.up[to.Addr().As4()[3]] {
		return nil, errors.New("down")
	}
	a, b := net.Pipe()
	_ = b.Close()
	return a, nil
}

func (m *member) set(up bool, endpoints ...byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range endpoints {
		m.up[e] = up
	}
}

func alone(name string) node.Config {
	return node.Config{Name: name, Kind: node.KindDNS, Region: "us-east-1"}
}

// clustered is a member on loopback that joins others.
func clustered(name, region string, others ...*member) node.Config {
	c := alone(name)
	c.Region, c.Gossip = region, &node.Gossip{Bind: "127.0.0.1:0"}
	for _, o := range others {
		c.Gossip.Join = append(c.Gossip.Join, o.node.Addr())
	}
	return c
}

// check is a TCP check of endpoint n that one failure makes unhealthy.
func check(id string, n byte, with ...func(*model.HealthCheckConfig)) *model.HealthCheck {
	h := &model.HealthCheck{ID: id, Account: model.DefaultAccount, Config: model.HealthCheckConfig{
		Type: "TCP", IPAddress: netip.AddrFrom4([4]byte{192, 0, 2, n}).String(), Port: 80, RequestInterval: 10, FailureThreshold: 1,
	}}
	for _, f := range with {
		f(&h.Config)
	}
	return h
}

// commit writes rows; a check that is written anew is probed soon.
func (m *member) commit(t *testing.T, vs ...model.Value) {
	t.Helper()
	m.tx(t, func(tx *state.Tx) error {
		for _, v := range vs {
			if err := tx.Put(v); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *member) tx(t *testing.T, f func(*state.Tx) error) {
	t.Helper()
	if _, err := m.node.Commit(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// wants waits until a check has that status on m.
func (m *member) wants(t *testing.T, id string, want Status) {
	t.Helper()
	eventually(t, func() string {
		if got, _ := m.States().Status(id); got != want {
			return fmt.Sprintf("%s holds %s to be %+v, want %+v", m.config.Node, id, got, want)
		}
		return ""
	})
}

func eventually(t *testing.T, f func() string) {
	t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for {
		last := f()
		if last == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatal(last)
		}
		time.Sleep(5 * time.Millisecond) // polling other goroutines, which use sockets
	}
}

// judged is the status of a check that so many checkers say that of.
func judged(isHealthy bool, healthy, checkers uint16) Status {
	return Status{Healthy: isHealthy, Real: isHealthy, Judged: true, Checkers: checkers, HealthyCheckers: healthy}
}

func TestOneNode(t *testing.T) {
	m := join(t, alone("a"), true)
	m.set(true, 1)
	m.commit(t, check("up", 1), check("down", 2))
	m.wants(t, "up", judged(true, 1, 1))
	m.wants(t, "down", judged(false, 0, 1))

	t.Run("what has changed is told", func(t *testing.T) {
		<-m.Changes()
		changed := m.Take()
		s := m.States()
		if !maps.Equal(changed, map[string]bool{"down": false}) || s.Healthy("down") || !s.Healthy("up") || !s.Healthy("missing") {
			t.Errorf("Take() = %v, want the check that became unhealthy", changed)
		}
		if changed := m.Take(); len(changed) != 0 {
			t.Errorf("Take() = %v the second time, want nothing", changed)
		}
	})
	t.Run("a change of the row is probed at once", func(t *testing.T) {
		m.commit(t, check("down", 1))
		m.wants(t, "down", judged(true, 1, 1))
		m.commit(t, check("down", 2))
		m.wants(t, "down", judged(false, 0, 1))
	})
	t.Run("an operator's word", func(t *testing.T) {
		m.commit(t, &model.HealthForce{HealthCheckID: "down", State: model.Healthy, By: "ops"})
		want := judged(false, 0, 1)
		want.Healthy, want.Forced = true, true
		m.wants(t, "down", want)
		if line := "Health check down is healthy, was unhealthy: forced by ops"; !m.log.has(line) {
			t.Errorf("the log %q has no line %q", m.log.lines, line)
		}
		m.tx(t, func(tx *state.Tx) error { tx.Delete(model.TableHealthForces, "down"); return nil })
		m.wants(t, "down", judged(false, 0, 1))
	})
	t.Run("disabled and enabled", func(t *testing.T) {
		m.commit(t, check("down", 2, func(c *model.HealthCheckConfig) { c.Disabled = true }))
		m.wants(t, "down", Status{Healthy: true, Real: true})
		m.commit(t, check("down", 2))
		m.wants(t, "down", judged(false, 0, 1))
	})
	t.Run("a check that cannot be probed", func(t *testing.T) {
		m.commit(t, check("broken", 2, func(c *model.HealthCheckConfig) { c.Port = 0 }))
		m.wants(t, "broken", Status{Healthy: true, Real: true})
		if line := "Health check broken cannot be probed: a TCP health check needs a port"; !m.log.has(line) {
			t.Errorf("the log %q has no line %q", m.log.lines, line)
		}
	})
	t.Run("a deleted check is healthy for those that still refer to it", func(t *testing.T) {
		_ = m.Take()
		m.tx(t, func(tx *state.Tx) error { tx.Delete(model.TableHealthChecks, "down"); return nil })
		eventually(t, func() string {
			if _, there := m.States().Status("down"); there {
				return "the check is still there"
			}
			return ""
		})
		if changed := m.Take(); !maps.Equal(changed, map[string]bool{"down": true}) || !m.States().Healthy("down") {
			t.Errorf("Take() = %v, want the deleted check, healthy", changed)
		}
	})
	t.Run("each change has an event row", func(t *testing.T) {
		want := []string{"unhealthy", "healthy", "unhealthy", "healthy", "unhealthy", "healthy", "unhealthy"}
		eventually(t, func() string {
			var got []string
			for _, e := range m.events(t) {
				if e.HealthCheckID == "down" {
					got = append(got, e.State)
				}
			}
			if !slices.Equal(got, want) {
				return fmt.Sprintf("events are %q, want %q", got, want)
			}
			return ""
		})
	})
}

func (m *member) events(t *testing.T) []model.HealthEvent {
	t.Helper()
	var out []model.HealthEvent
	err := m.node.View(func(r *state.Reader) error {
		r.Range(model.TableEvents, "", "", func(v model.Value, _ state.Version) bool {
			out = append(out, *v.(*model.HealthEvent))
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLastStateSurvivesARestart(t *testing.T) {
	c := alone("a")
	c.Data = t.TempDir()
	m := join(t, c, true)
	m.commit(t, check("down", 1), check("gone", 2))
	m.wants(t, "down", judged(false, 0, 1))
	m.wants(t, "gone", judged(false, 0, 1))
	m.tx(t, func(tx *state.Tx) error { tx.Delete(model.TableHealthChecks, "gone"); return nil })
	eventually(t, func() string {
		if m.States().Len() != 1 {
			return "the check is still there"
		}
		return ""
	})
	m.leave()

	m = join(t, c, false) // nobody judges
	m.wants(t, "down", Status{Judged: true})
	if changed := m.Take(); !maps.Equal(changed, map[string]bool{"down": false}) {
		t.Errorf("Take() = %v after a restart, want the check that is unhealthy", changed)
	}
	if len(m.log.became) != 0 {
		t.Errorf("changes %v after a restart, want none: nothing has changed", m.log.became)
	}
	lasts := newScribe(m.node.Replica, m.log).recall()
	if len(lasts) != 1 || lasts[hashOf("down")] != unhealthy {
		t.Errorf("last states are %v, want that of the check that is there", lasts)
	}
}

// Three checkers, and a node that does not check.
func TestCluster(t *testing.T) {
	a := join(t, clustered("a", "us-east-1"), true)
	b := join(t, clustered("b", "eu-west-1", a), true)
	c := join(t, clustered("c", "ap-northeast-1", a), true)
	d := join(t, clustered("d", "us-east-1", a), false)
	all := []*member{a, b, c, d}
	want := func(id string, s Status) {
		t.Helper()
		for _, m := range all {
			m.wants(t, id, s)
		}
	}
	for _, m := range all[:3] {
		m.set(true, 1)
	}
	a.commit(t, check("x", 1))
	want("x", judged(true, 3, 3))

	// One of three says healthy: 33 %.
	a.set(false, 1)
	b.set(false, 1)
	a.commit(t, check("x", 1, func(c *model.HealthCheckConfig) { c.ResourcePath = "2" }))
	want("x", judged(true, 1, 3))
	c.set(false, 1)
	a.commit(t, check("x", 1, func(c *model.HealthCheckConfig) { c.ResourcePath = "3" }))
	want("x", judged(false, 0, 3))

	t.Run("one event for all", func(t *testing.T) {
		eventually(t, func() string {
			for _, m := range all {
				if got := m.events(t); len(got) != 1 || got[0].State != model.Unhealthy {
					return fmt.Sprintf("events on %s are %v, want one", m.config.Node, got)
				}
			}
			return ""
		})
	})
	t.Run("a node that joins knows before it serves", func(t *testing.T) {
		e := join(t, clustered("e", "us-west-2", a), false)
		e.Settle(t.Context())
		e.wants(t, "x", judged(false, 0, 3))
		e.leave()
	})
	t.Run("only checkers of its Regions check", func(t *testing.T) {
		a.commit(t, check("europe", 2, func(c *model.HealthCheckConfig) { c.Regions = []string{"eu-west-1", "us-west-2"} }))
		want("europe", judged(false, 0, 1))
		a.commit(t, check("nowhere", 2, func(c *model.HealthCheckConfig) { c.Regions = []string{"us-west-2"} }))
		want("nowhere", judged(false, 0, 3))
	})
	t.Run("a checker that stops checking does not count", func(t *testing.T) {
		c.Check(false, false)
		want("x", judged(false, 0, 2))
	})
	t.Run("a node that leaves does not count", func(t *testing.T) {
		b.leave()
		all = []*member{a, c, d}
		want("x", judged(false, 0, 1))
		want("europe", judged(false, 0, 1)) // a took it over
	})
	t.Run("nobody is left: it stays as it was", func(t *testing.T) {
		a.Check(false, false)
		all = []*member{a, c, d}
		want("x", Status{Judged: true})
	})
}
