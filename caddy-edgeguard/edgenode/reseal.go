package edgenode

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
	"github.com/edgestage/edgestage/state/seal"
)

const (
	// resealEvery is how often it is looked whether keys were exchanged.
	resealEvery = time.Minute
	// rescanAfter is after how many such looks all secrets are looked at
	// without an exchange: other nodes may have sealed with the old key since.
	rescanAfter = 10
	// resealChunk is how many rows one short read takes, and resealCommit how
	// many one commit seals anew, at most.
	resealChunk  = 1000
	resealCommit = 50
)

// resealer seals anew what is not sealed with the key in use, so that the old
// key can go. One node of those that could does it.
type resealer struct {
	ref  *Ref
	stop context.CancelFunc
	done sync.WaitGroup
}

// resealerKey is what the resealer is attached to the node under.
type resealerKey struct{}

func newResealer(ref *Ref) *resealer {
	ctx, stop := context.WithCancel(context.Background())
	s := &resealer{ref: ref, stop: stop}
	s.done.Go(func() { s.run(ctx) })
	return s
}

// Close ends the work.
func (s *resealer) Close() error {
	s.stop()
	s.done.Wait()
	return nil
}

func (s *resealer) run(ctx context.Context) {
	tick := time.NewTicker(resealEvery)
	defer tick.Stop()
	var scanned *seal.Keyring
	for looks := 0; ; looks++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		ring, r := s.ref.Keys().Keyring(), s.ref.Replica()
		if ring == nil || ring == scanned && looks%rescanAfter != 0 || !firstEdge(r.Members()) {
			continue
		}
		n, err := reseal(ctx, r, ring)
		if err != nil {
			if ctx.Err() == nil {
				s.ref.Logger().Error("sealing secrets anew failed", zap.Error(err))
			}
			continue
		}
		scanned = ring
		if n > 0 {
			s.ref.Logger().Info("sealed secrets anew with the key in use", zap.Int("count", n))
		}
	}
}

// firstEdge tells whether this node is the first of the Caddy nodes.
func firstEdge(members []state.Member) bool {
	first, self := state.Origin(0), state.Origin(0)
	for _, m := range members {
		if m.Self {
			self = m.Run
		}
		if m.Kind == node.KindEdge && (first == 0 || m.Run < first) {
			first = m.Run
		}
	}
	return self != 0 && first == self
}

// reseal seals anew, with ring, what its first key has not sealed, and returns
// how many rows that were. What it has no key for stays as it is.
func reseal(ctx context.Context, r *state.Replica, ring *seal.Keyring) (int, error) {
	total := 0
	for _, table := range model.SecretTables() {
		for from, more := "", true; more; {
			stale, next, err := staleRows(r, ring, table, from)
			if err != nil {
				return total, err
			}
			from, more = next, next != ""
			for len(stale) > 0 {
				n := min(len(stale), resealCommit)
				done, err := resealRows(ctx, r, ring, table, stale[:n])
				total, stale = total+done, stale[n:]
				if err != nil {
					return total, err
				}
			}
		}
	}
	return total, nil
}

// staleRows returns the keys of rows of a chunk that ring could seal anew, and
// where the next chunk begins, "" after the last.
func staleRows(r *state.Replica, ring *seal.Keyring, table, from string) (stale []string, next string, err error) {
	n := 0
	err = r.View(func(rd *state.Reader) error {
		rd.Range(table, "", from, func(v model.Value, _ state.Version) bool {
			if n++; n > resealChunk {
				next = v.Key()
				return false
			}
			if !ring.Fresh(v.(model.Secret).Envelope()) {
				stale = append(stale, v.Key())
			}
			return true
		})
		return nil
	})
	return stale, next, err
}

// resealRows seals rows anew, as they are by then, in one commit.
func resealRows(ctx context.Context, r *state.Replica, ring *seal.Keyring, table string, keys []string) (int, error) {
	done := 0
	_, err := r.Commit(ctx, func(t *state.Tx) error {
		done = 0
		for _, key := range keys {
			v, ok := t.Get(table, key)
			if !ok || ring.Fresh(v.(model.Secret).Envelope()) {
				continue
			}
			sealed, err := ring.Reseal(table, key, v.(model.Secret).Envelope())
			if err != nil {
				continue // no key for it, or damaged: not to be lost by this
			}
			if err := t.Put(v.(model.Secret).WithEnvelope(sealed)); err != nil {
				return err
			}
			done++
		}
		return nil
	})
	return done, err
}
