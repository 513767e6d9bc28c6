package edgenode

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/edgestage/edgestage/state/claims"
)

// Claims is who owns host names, followed as long as the node is open. Its
// methods are safe for concurrent use.
type Claims struct {
	view atomic.Pointer[claims.View] // until there is a follower
	stop chan struct{}
	done chan struct{}

	mu       sync.Mutex
	follower *claims.Follower
	served   []string // nil: nobody said
}

type claimsKey struct{}

// Claims returns who owns host names, the same for all references.
func (r *Ref) Claims() *Claims {
	return r.Attach(claimsKey{}, func(ref *Ref) io.Closer { return followClaims(ref) }).(*Claims)
}

// followClaims begins to follow once the node was started.
func followClaims(r *Ref) *Claims {
	c := &Claims{stop: make(chan struct{}), done: make(chan struct{})}
	c.view.Store(new(claims.View))
	go func() {
		defer close(c.done)
		select {
		case <-c.stop:
		case <-r.Started():
			if replica := r.Replica(); replica != nil {
				c.start(replica)
			}
		}
	}()
	return c
}

func (c *Claims) start(s claims.Subscriber) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follower = claims.Follow(s)
	if c.served != nil {
		c.follower.Serve(c.served)
	}
	c.follower.Hook(c.view.Store)
}

// View returns who owns what now; nobody owns anything before the node was
// started. It is never nil, and neither blocks nor locks.
func (c *Claims) View() *claims.View { return c.view.Load() }

// Serve says which distributions and load balancers this node serves, by their
// own names; see [claims.View.Owner].
func (c *Claims) Serve(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served = append([]string{}, names...)
	if c.follower != nil {
		c.follower.Serve(c.served)
	}
}

// Close ends the following; the last view stays.
func (c *Claims) Close() error {
	close(c.stop)
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.follower != nil {
		c.follower.Close()
	}
	return nil
}
