package storage

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/node"
)

const (
	// maintainEvery is how often the rows are looked after.
	maintainEvery = time.Minute
	// maxResealed is how many files one commit seals anew at most.
	maxResealed = 50
)

// maintain looks after the rows until ctx ends: one node of those that run
// takes away locks of dead runs, and seals anew what an old key has sealed.
func (v *vault) maintain(ctx context.Context) {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		r := v.host.Replica()
		if !firstEdge(r.Members()) {
			continue
		}
		v.locks.sweep(ctx)
		if n, err := v.reseal(ctx, r); err != nil && ctx.Err() == nil {
			v.host.Logger().Error("sealing files anew failed", zap.Error(err))
		} else if n > 0 {
			v.host.Logger().Info("sealed files anew with the key in use", zap.Int("count", n))
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
	return first == self
}

// reseal seals anew what is not sealed with the key in use, and returns how
// many files that were. What this node has no key for stays as it is.
func (v *vault) reseal(ctx context.Context, r *state.Replica) (int, error) {
	stale, err := v.stale(r)
	sealed := 0
	for len(stale) > 0 && err == nil {
		n := min(len(stale), maxResealed)
		_, err = r.Commit(ctx, func(t *state.Tx) error {
			for _, p := range stale[:n] {
				done, err := v.resealOne(t, p)
				if err != nil {
					return err
				}
				if done {
					sealed++
				}
			}
			return nil
		})
		stale = stale[n:]
	}
	return sealed, err
}

// stale returns the paths of files that are not sealed with the key in use.
func (v *vault) stale(r *state.Replica) ([]string, error) {
	var stale []string
	ring := v.host.Keys().Keyring()
	err := r.View(func(rd *state.Reader) error {
		rd.Range(model.TableStoredFiles, "", "", func(row model.Value, _ state.Version) bool {
			if f := row.(*model.StoredFile); !ring.Fresh(f.Sealed) {
				stale = append(stale, f.Path)
			}
			return true
		})
		return nil
	})
	return stale, err
}

// resealOne seals the file at p anew; its time stays.
func (v *vault) resealOne(t *state.Tx, p string) (bool, error) {
	ring := v.host.Keys().Keyring()
	f := readFile(&t.Reader, ring, p)
	if f == nil || f.fresh(ring) {
		return false, nil
	}
	value, err := f.open(ring)
	if err != nil {
		return false, nil // no key for it, or damaged: not to be lost by this
	}
	anew, err := sealFile(ring, p, value, time.UnixMilli(f.row.Modified))
	if err != nil {
		return false, err
	}
	return true, anew.write(t)
}
