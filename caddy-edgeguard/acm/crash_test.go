package acm

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// TestOwnerDies kills the owner of a certificate at each step of its issuance:
// another finishes, and no certificate is issued twice more than once.
func TestOwnerDies(t *testing.T) {
	for _, at := range []step{stepProven, stepKeyed, stepIssued, stepWritten} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			ca, dns, ring := newTestCA(t, c), new(records), mustRing(t)
			var nodes []*node.Node
			for i := range 2 {
				g := &node.Gossip{Bind: "127.0.0.1:0"}
				if i > 0 {
					g.Join = []string{nodes[0].Addr()}
				}
				n := node.New(node.Config{Name: fmt.Sprint("edge", i), Kind: node.KindEdge, Gossip: g}, quiet{})
				if err := n.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = n.Close() })
				nodes = append(nodes, n)
			}
			for _, n := range nodes {
				<-n.Ready()
			}
			var died atomic.Int32 // the owner and one more
			died.Store(-1)
			var engines []*Engine
			for i, n := range nodes {
				e := NewEngine(Config{
					Replica: n.Replica, Node: fmt.Sprint("edge", i), Sealer: ring, Authority: ca, Now: c.now,
					Resolver: &Resolver{Servers: []string{"192.0.2.1:53"}, exchange: dns.exchange},
					at: func(_ string, s step) error {
						if s == at && died.CompareAndSwap(-1, int32(i)) {
							return os.ErrProcessDone
						}
						if died.Load() == int32(i) {
							return os.ErrProcessDone
						}
						return nil
					},
				})
				engines = append(engines, e)
				e.Start()
				t.Cleanup(e.Close)
			}
			eventually(t, func() string {
				for i, e := range engines {
					e.mu.Lock()
					seen := len(e.workers)
					e.mu.Unlock()
					if seen != 2 {
						return fmt.Sprintf("engine %d sees %d workers", i, seen)
					}
				}
				return ""
			})
			cert := newCertificate(t.Name(), c.now(), "example.org.")
			b := &bench{t: t, dns: dns}
			b.prove(cert)
			put(t, nodes[0].Replica, cert)
			eventually(t, func() string {
				if died.Load() < 0 {
					return "nobody works on the certificate"
				}
				return ""
			})
			dead := int(died.Load())
			engines[dead].Close()
			_ = nodes[dead].Close()
			alive := nodes[1-dead].Replica
			eventually(t, func() string {
				c.move(time.Second)
				if s := stateOf(t, alive, cert.ARN); s.Status(c.now()) != model.CertificateActive {
					return fmt.Sprintf("the survivor has %s, %+v", s.Status(c.now()), s.Work)
				}
				return ""
			})
			if n := ca.count(cert.ARN); n < 1 || n > 2 {
				t.Errorf("issued %d times, want once or twice", n)
			}
			openLeaf(t, ring, stateOf(t, alive, cert.ARN).Leaf)
		})
	}
}

// TestOwner: each node comes to the same owner, and a worker that goes moves
// only its own certificates.
func TestOwner(t *testing.T) {
	workers := make(map[string]*model.CertificateWorker)
	for i := range 5 {
		run := fmt.Sprint("run", i)
		workers[run] = &model.CertificateWorker{Run: run}
	}
	before := make(map[string]string)
	share := make(map[string]int)
	for i := range 1000 {
		arn := fmt.Sprint("arn", i)
		before[arn] = ownerOf(arn, workers)
		share[before[arn]]++
	}
	for run, n := range share {
		if n < 100 || n > 300 {
			t.Errorf("%s owns %d of 1000 certificates", run, n)
		}
	}
	delete(workers, "run3")
	for arn, owner := range before {
		if now := ownerOf(arn, workers); now != owner && owner != "run3" || now == "run3" {
			t.Fatalf("%s moves from %s to %s", arn, owner, now)
		}
	}
	if ownerOf("arn", nil) != "" {
		t.Error("a certificate has an owner without workers")
	}
}

// TestOvertaken: what another node has issued meanwhile stays.
func TestOvertaken(t *testing.T) {
	var b *bench
	c := newCertificate("overtaken", time.Now(), "example.org.")
	b = newBench(t, func(config *Config) {
		config.at = func(_ string, s step) error {
			if s == stepIssued {
				overtake(b, c)
			}
			return nil
		}
	})
	b.prove(c)
	b.put(c)
	b.wantStatus(c, model.CertificateActive)
	s := b.state(c.ARN)
	if s.Leaf.Serial != "other" || b.ca.count(c.ARN) != 1 {
		t.Errorf("leaf %+v, issued %d times", s.Leaf, b.ca.count(c.ARN))
	}
	if err := stillWantedNow(b, c); !errors.Is(err, errOvertaken) {
		t.Errorf("stillWanted = %v, want %v", err, errOvertaken)
	}
}

// overtake writes a leaf as another node would.
func overtake(b *bench, c *model.Certificate) {
	b.put(&model.CertificateLeaf{ARN: c.ARN, Chain: [][]byte{{1}}, SealedKey: []byte{1}, NotAfter: b.clock.now().Add(time.Hour), Serial: "other"})
}

func stillWantedNow(b *bench, c *model.Certificate) error {
	return b.engine.issue(ctx, model.CertificateState{Certificate: c}, new(model.CertificateWork))
}
