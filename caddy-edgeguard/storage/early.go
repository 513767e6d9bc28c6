package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// heldBack is a value that was stored, or deleted, before the node was started.
type heldBack struct {
	file     *sealedFile // nil: deleted
	modified time.Time
	// saw is the version of the row then, zero if there was none.
	saw state.Version
}

// holdBack keeps f until the node is started, if it is not.
func (v *vault) holdBack(p string, f *sealedFile, now time.Time) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.early == nil || v.going {
		return false, nil
	}
	saw, err := v.sawLocked(p)
	if err != nil {
		return false, err
	}
	v.early[p] = &heldBack{file: f, modified: now, saw: saw}
	return true, nil
}

// holdBackDelete notes that all at p and below it is to be deleted, if the node
// is not started.
func (v *vault) holdBackDelete(p string) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.early == nil || v.going {
		return false, nil
	}
	gone := make(map[string]bool)
	for at := range v.early {
		gone[at] = below(at, p)
	}
	err := v.host.Read(func(rd *state.Reader) error {
		if _, ok := rd.Get(model.TableStoredFiles, p); ok {
			gone[p] = true
		}
		rd.Range(model.TableStoredFiles, p+"/", "", func(row model.Value, _ state.Version) bool {
			gone[row.Key()] = true
			return true
		})
		return nil
	})
	for at, is := range gone {
		if !is || err != nil {
			continue
		}
		var saw state.Version
		if saw, err = v.sawLocked(at); err == nil {
			v.early[at] = &heldBack{saw: saw}
		}
	}
	return true, err
}

// sawLocked returns the version that the row at p has on disk; that of the
// first time, if something is held back there.
func (v *vault) sawLocked(p string) (saw state.Version, err error) {
	if h := v.early[p]; h != nil {
		return h.saw, nil
	}
	err = v.host.Read(func(rd *state.Reader) error {
		saw = versionOf(rd, p)
		return nil
	})
	return saw, err
}

// versionOf returns the version of the row at p, zero if there is none.
func versionOf(rd *state.Reader, p string) (version state.Version) {
	rd.Range(model.TableStoredFiles, p, p, func(row model.Value, at state.Version) bool {
		if row.Key() == p {
			version = at
		}
		return false
	})
	return version
}

// holdsBack tells whether anything is to be written still.
func (v *vault) holdsBack() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.early) > 0
}

// held returns what is held back at p.
func (v *vault) held(p string) (*heldBack, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	h, ok := v.early[p]
	return h, ok
}

// heldBelow returns what is held back at p and below it.
func (v *vault) heldBelow(p string) map[string]*heldBack {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var found map[string]*heldBack
	for at, h := range v.early {
		if below(at, p) {
			if found == nil {
				found = make(map[string]*heldBack)
			}
			found[at] = h
		}
	}
	return found
}

// heldRetry is how often it is tried again to write what was held back.
const heldRetry = time.Second

// writeHeldBack writes what was held back once the node has caught up, and
// tells whether it did: ctx may end before. Where another node has written
// meanwhile its value stays: this node made its own before it could know.
func (v *vault) writeHeldBack(ctx context.Context) bool {
	v.mu.Lock()
	v.going = true
	early := v.early // nobody changes it from here on
	v.mu.Unlock()
	r := v.host.Replica()
	var lost []string
	for {
		_, err := r.Commit(ctx, func(t *state.Tx) error {
			lost = nil
			return writeAll(t, early, &lost)
		})
		if err == nil {
			break
		}
		if ctx.Err() != nil || errors.Is(err, state.ErrClosed) {
			return false
		}
		v.host.Logger().Error("writing what was stored before the start failed, trying again", zap.Error(err), zap.Duration("in", heldRetry))
		select {
		case <-time.After(heldRetry):
		case <-ctx.Done():
			return false
		}
	}
	for _, p := range lost {
		v.host.Logger().Warn("stored before the node had joined, while the cluster has another value, which stays; reload Caddy (with --force) if it goes on with its own", zap.String("path", p))
	}
	v.mu.Lock()
	v.early = nil
	v.mu.Unlock()
	close(v.wrote)
	return true
}

// writeAll writes what was held back and adds to lost the paths that have
// changed since.
func writeAll(t *state.Tx, early map[string]*heldBack, lost *[]string) error {
	for _, p := range slices.Sorted(maps.Keys(early)) {
		h := early[p]
		if versionOf(&t.Reader, p) != h.saw {
			*lost = append(*lost, p)
			continue
		}
		if h.file == nil {
			deleteBelow(t, p, maxDeleted)
			continue
		}
		if err := h.file.write(t); err != nil {
			return fmt.Errorf("storing %q: %w", p, err)
		}
	}
	return nil
}
