package storage

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/edgestage/edgestage/state/seal"
)

// host is what a vault needs of the node; [edgenode.Ref] is one.
type host interface {
	// Started returns a channel that is closed once there is a replica.
	Started() <-chan struct{}
	Replica() *state.Replica
	// Read reads the replica's rows, before the start those on disk.
	Read(f func(rd *state.Reader) error) error
	Keys() *seal.Holder
	Logger() *zap.Logger
}

// vault is Caddy's storage on the rows of one node.
type vault struct {
	host  host
	locks *locks
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu    sync.RWMutex
	early map[string]*heldBack // nil once it was written
	wrote chan struct{}        // closed then
	going bool                 // being written, nothing more is held back
}

// newVault returns a vault that works from now on, until it is closed.
func newVault(h host) *vault {
	ctx, stop := context.WithCancel(context.Background())
	v := &vault{host: h, stop: stop, early: make(map[string]*heldBack), wrote: make(chan struct{})}
	v.locks = newLocks(v)
	v.done.Go(func() { v.run(ctx) })
	return v
}

// writtenIn is how long the end waits for what was held back.
const writtenIn = 5 * time.Second

// Close ends the vault's own work, once what was held back is written: a node
// that is stopped right after its start has not lost it. What is called later
// fails, but for Unlock.
func (v *vault) Close() error {
	select {
	case <-v.host.Started():
		if v.holdsBack() {
			select {
			case <-v.wrote:
			case <-time.After(writtenIn):
				v.host.Logger().Warn("what was stored before the node had joined is lost: it was stopped before it could", zap.Duration("waited", writtenIn))
			}
		}
	default: // never started, as by `caddy validate`
	}
	v.stop()
	v.done.Wait()
	return nil
}

// String keeps contents out of whatever prints a storage.
func (v *vault) String() string { return "edgeguard" }

// run writes what was held back once the node is started, and then looks after
// the rows.
func (v *vault) run(ctx context.Context) {
	select {
	case <-v.host.Started():
	case <-ctx.Done():
		return
	}
	if v.writeHeldBack(ctx) {
		v.maintain(ctx)
	}
}

// replica returns the state once it takes writes and what was held back is in
// it.
func (v *vault) replica(ctx context.Context) (*state.Replica, error) {
	select {
	case <-v.wrote:
		return v.host.Replica(), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the node to start: %w", ctx.Err())
	}
}

// cleaned returns key as paths are written, or an error.
func cleaned(key string) (string, error) {
	p := strings.TrimPrefix(path.Clean("/"+key), "/")
	return p, model.ValidatePath(p)
}

// Store implements [certmagic.Storage]. It returns once the value is on this
// node's disk. Before the start the value is held back.
func (v *vault) Store(ctx context.Context, key string, value []byte) error {
	p, err := cleaned(key)
	if err != nil {
		return err
	}
	now := time.Now()
	f, err := sealFile(v.host.Keys().Keyring(), p, value, now)
	if err != nil {
		return fmt.Errorf("sealing %q: %w", p, err)
	}
	if held, err := v.holdBack(p, f, now); held || err != nil {
		return err
	}
	r, err := v.replica(ctx)
	if err != nil {
		return err
	}
	_, err = r.Commit(ctx, f.write)
	return err
}

// Load implements [certmagic.Storage].
func (v *vault) Load(ctx context.Context, key string) ([]byte, error) {
	p, err := cleaned(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if h, ok := v.held(p); ok {
		if h.file == nil {
			return nil, notExist(p)
		}
		return h.file.open(v.host.Keys().Keyring())
	}
	var f *sealedFile
	if err := v.host.Read(func(rd *state.Reader) error {
		f = readFile(rd, v.host.Keys().Keyring(), p)
		return nil
	}); err != nil {
		return nil, err
	}
	if f == nil {
		return nil, notExist(p)
	}
	return f.open(v.host.Keys().Keyring())
}

// notExist says that there is nothing at p.
func notExist(p string) error {
	return &fs.PathError{Op: "load", Path: p, Err: fs.ErrNotExist}
}

// maxDeleted is how many rows one commit deletes at most.
const maxDeleted = 5000

// Delete implements [certmagic.Storage].
func (v *vault) Delete(ctx context.Context, key string) error {
	p, err := cleaned(key)
	if err != nil {
		return err
	}
	if held, err := v.holdBackDelete(p); held || err != nil {
		return err
	}
	r, err := v.replica(ctx)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		_, err = r.Commit(ctx, func(t *state.Tx) error {
			more = deleteBelow(t, p, maxDeleted)
			return nil
		})
	}
	return err
}

// deleteBelow deletes up to most files at p and below it, and tells whether
// there are more.
func deleteBelow(t *state.Tx, p string, most int) (more bool) {
	var gone []string
	if _, ok := t.Get(model.TableStoredFiles, p); ok {
		gone = append(gone, p)
	}
	t.Range(model.TableStoredFiles, p+"/", "", func(row model.Value, _ state.Version) bool {
		gone = append(gone, row.Key())
		return len(gone) <= most
	})
	if more = len(gone) > most; more {
		gone = gone[:most]
	}
	for _, at := range gone {
		t.Delete(model.TableStoredFiles, at)
		deleteParts(t, at, "")
	}
	return more
}

// Exists implements [certmagic.Storage].
func (v *vault) Exists(ctx context.Context, key string) bool {
	_, err := v.Stat(ctx, key)
	return err == nil
}

// Stat implements [certmagic.Storage].
func (v *vault) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	p, err := cleaned(key)
	if err != nil {
		return certmagic.KeyInfo{}, err
	}
	if err := ctx.Err(); err != nil {
		return certmagic.KeyInfo{}, err
	}
	var info certmagic.KeyInfo
	found := false
	err = v.eachBelow(p, func(at string, size int64, modified time.Time) bool {
		found = true
		if at == p {
			info = certmagic.KeyInfo{Key: key, Modified: modified, Size: size, IsTerminal: true}
			return false
		}
		info.Key = key
		if modified.After(info.Modified) {
			info.Modified = modified
		}
		return true
	})
	if err != nil {
		return certmagic.KeyInfo{}, err
	}
	if !found {
		return certmagic.KeyInfo{}, notExist(p)
	}
	return info, nil
}

// List implements [certmagic.Storage]: files and directories, sorted. A
// directory that is not there is an error, but for the root.
func (v *vault) List(ctx context.Context, key string, recursive bool) ([]string, error) {
	p, err := cleaned(key)
	if err != nil && p != "" {
		return nil, err
	}
	found := newListing(p, recursive)
	if err := v.eachBelow(p, func(at string, _ int64, _ time.Time) bool {
		found.add(at)
		return ctx.Err() == nil
	}); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keys, there := found.sorted()
	if !there && p != "" {
		return nil, notExist(p)
	}
	return keys, nil
}

// Lock implements [certmagic.Locker].
func (v *vault) Lock(ctx context.Context, name string) error {
	_, err := v.locks.lock(ctx, name, true)
	return err
}

// TryLock implements [certmagic.TryLocker].
func (v *vault) TryLock(ctx context.Context, name string) (bool, error) {
	return v.locks.lock(ctx, name, false)
}

// Unlock implements [certmagic.Locker].
func (v *vault) Unlock(ctx context.Context, name string) error { return v.locks.unlock(ctx, name) }

// Interface guards
var (
	_ certmagic.Storage   = (*vault)(nil)
	_ certmagic.TryLocker = (*vault)(nil)
)
