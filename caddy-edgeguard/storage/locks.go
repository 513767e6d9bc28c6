package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

const (
	// absentFor is how long a run must have been away from the members before
	// its locks are free: who has just joined is not yet known to all.
	absentFor = 5 * time.Second
	// startsIn is far longer than apps take to start.
	startsIn = 3 * time.Second
	// shownIn is far longer than a dead member takes to be found dead.
	shownIn = 30 * time.Second
	// firstPoll and lastPoll are how often who waits looks again: the pause
	// doubles from one to the other.
	firstPoll = 25 * time.Millisecond
	lastPoll  = 400 * time.Millisecond
)

// locks are the locks of a vault. Within the process a lock is a channel; among
// nodes it is a row of each run that wants it, as in Dekker's algorithm: who
// has raised his flag, has seen that all others can see it, and then sees no
// other flag, has the lock.
//
//  1. Write the row; wait until every live member covers it (INSYNC).
//  2. Read. No row of another live run: the lock is taken, the row stays.
//  3. A row with a lower ticket is there: take ours back, wait until there is
//     none, and begin again.
//  4. Only rows with higher tickets: leave ours, wait until they are gone,
//     taken back or given up by who has the lock.
//
// Of two runs that do this at the same time at least one sees the other's row
// in step 2: if A reads before B's row has come to A, then A's row had come to
// B before B's row was covered by A, hence before B reads. And a lock that is
// seen to be free shows all that its last owner has stored, for state is
// causally ordered.
//
// What this needs is that members hear of each other. In a partition each side
// asks its own members only, and both may take the lock.
type locks struct {
	vault    *vault
	now      func() time.Time
	startsIn time.Duration // how long who asks for a lock waits for the start
	shownIn  time.Duration // how long for all to see his row

	mu     sync.Mutex
	names  map[string]*local
	absent map[string]time.Time          // runs that own rows and are no members, since when
	left   map[string]*model.StorageLock // rows of ours, by name, that could not be taken back
}

// local is a lock within the process.
type local struct {
	free  chan struct{} // holds a token while nobody has it
	users int           // who has it and who waits
	// row is what others see of who has it; nil before the node is started.
	row *model.StorageLock
}

func newLocks(v *vault) *locks {
	return &locks{vault: v, now: time.Now, startsIn: startsIn, shownIn: shownIn, names: make(map[string]*local), absent: make(map[string]time.Time), left: make(map[string]*model.StorageLock)}
}

// errNotHeld is why a lock that nobody has cannot be unlocked.
var errNotHeld = errors.New("lock is not held")

// lock takes the lock of that name. If somebody else has it, it waits, or
// returns false.
func (l *locks) lock(ctx context.Context, name string, wait bool) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	own, ok := l.enter(ctx, name, wait)
	if !ok {
		return false, ctx.Err()
	}
	if started, err := l.started(ctx); err != nil {
		l.leave(name, own)
		return false, err
	} else if !started {
		return true, nil // nobody else can know of us
	}
	row, err := l.claim(ctx, name, wait)
	if row == nil || err != nil {
		l.leave(name, own)
		return false, err
	}
	own.row = row
	return true, nil
}

// started tells whether there are other nodes to mind. Caddy starts apps in
// random order, so that a lock may be asked for a moment before the node is
// started: that is waited for. While apps are only provisioned it never is.
func (l *locks) started(ctx context.Context) (bool, error) {
	timer := time.NewTimer(l.startsIn)
	defer timer.Stop()
	select {
	case <-l.vault.host.Started():
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// enter takes the lock within the process.
func (l *locks) enter(ctx context.Context, name string, wait bool) (*local, bool) {
	l.mu.Lock()
	own := l.names[name]
	if own == nil {
		own = &local{free: make(chan struct{}, 1)}
		own.free <- struct{}{}
		l.names[name] = own
	}
	own.users++
	l.mu.Unlock()
	select {
	case <-own.free:
		return own, true
	default:
	}
	if wait {
		select {
		case <-own.free:
			return own, true
		case <-ctx.Done():
		}
	}
	l.forget(name, own)
	return nil, false
}

// leave gives the lock up within the process.
func (l *locks) leave(name string, own *local) {
	own.free <- struct{}{}
	l.forget(name, own)
}

// forget notes that one who had the lock or waited for it is gone.
func (l *locks) forget(name string, own *local) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(l.names, name)
	}
}

// unlock gives the lock of that name up. After the node was closed that is done
// already: no lock outlives its run.
func (l *locks) unlock(ctx context.Context, name string) error {
	l.mu.Lock()
	own := l.names[name]
	l.mu.Unlock()
	if own == nil || len(own.free) > 0 {
		return fmt.Errorf("unlocking %q: %w", name, errNotHeld)
	}
	var err error
	if row := own.row; row != nil {
		own.row = nil
		err = l.withdraw(ctx, l.vault.host.Replica(), row)
	}
	l.leave(name, own)
	return err
}

// claim takes the lock among nodes, with the lock within the process held, and
// returns the row that shows it; nil if somebody else has it.
func (l *locks) claim(ctx context.Context, name string, wait bool) (*model.StorageLock, error) {
	r, err := l.vault.replica(ctx)
	if err != nil {
		return nil, err
	}
	self := selfOf(r.Members())
	row := &model.StorageLock{Name: name, Run: self.Run.String(), Node: self.Node, Ticket: l.now().UnixNano()}
	for {
		version, err := r.Commit(ctx, func(t *state.Tx) error { return t.Put(row) })
		if err == nil {
			err = l.show(ctx, r, name, version)
		}
		taken := false
		if err == nil {
			taken, err = l.stand(ctx, r, row, wait)
		}
		if taken && err == nil {
			return row, nil
		}
		if err := errors.Join(err, l.withdraw(ctx, r, row)); err != nil || !wait {
			return nil, err
		}
		if err := l.waitUntil(ctx, r, row, func(rivals []*model.StorageLock) bool { return !anyBefore(rivals, row) }); err != nil {
			return nil, err
		}
	}
}

// show waits until every live member sees our row. One that lives and does not
// answer for as long as shownIn is not waited for: rather may a certificate be
// asked for twice than never.
func (l *locks) show(ctx context.Context, r *state.Replica, name string, version state.Version) error {
	within, cancel := context.WithTimeout(ctx, l.shownIn)
	defer cancel()
	err := r.AwaitInSync(within, version)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		l.vault.host.Logger().Warn("not all nodes have seen that a lock is wanted, going on", zap.String("lock", name), zap.Duration("after", l.shownIn))
		return nil
	}
	return err
}

// stand waits, with our row in sight of all, until it is the only one, and
// returns true, or until one with a lower ticket is there. Without wait it
// looks once.
func (l *locks) stand(ctx context.Context, r *state.Replica, row *model.StorageLock, wait bool) (bool, error) {
	taken := false
	err := l.waitUntil(ctx, r, row, func(rivals []*model.StorageLock) bool {
		taken = len(rivals) == 0
		return taken || !wait || anyBefore(rivals, row)
	})
	return taken, err
}

// anyBefore tells whether one of rivals comes before row.
func anyBefore(rivals []*model.StorageLock, row *model.StorageLock) bool {
	for _, rival := range rivals {
		if rival.Before(row) {
			return true
		}
	}
	return false
}

// waitUntil looks at the rows of other live runs until enough says so.
func (l *locks) waitUntil(ctx context.Context, r *state.Replica, row *model.StorageLock, enough func(rivals []*model.StorageLock) bool) error {
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		rivals, err := l.rivals(r, row)
		if err != nil {
			return err
		}
		if enough(rivals) {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rivals returns the rows of the lock that other live runs have.
func (l *locks) rivals(r *state.Replica, row *model.StorageLock) ([]*model.StorageLock, error) {
	var others []*model.StorageLock
	err := r.View(func(rd *state.Reader) error {
		rd.Range(model.TableStorageLocks, model.StorageLockPrefix(row.Name), "", func(v model.Value, _ state.Version) bool {
			if other := v.(*model.StorageLock); other.Run != row.Run {
				others = append(others, other)
			}
			return true
		})
		return nil
	})
	if err != nil || len(others) == 0 {
		return nil, err
	}
	return l.living(r, others), nil
}

// living returns those of rows whose runs are members, or have been within
// absentFor.
func (l *locks) living(r *state.Replica, rows []*model.StorageLock) []*model.StorageLock {
	members := make(map[string]bool)
	for _, m := range r.Members() {
		members[m.Run.String()] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	var living []*model.StorageLock
	for _, row := range rows {
		if members[row.Run] {
			delete(l.absent, row.Run)
			living = append(living, row)
			continue
		}
		since, ok := l.absent[row.Run]
		if !ok {
			l.absent[row.Run], since = now, now
		}
		if now.Sub(since) < absentFor {
			living = append(living, row)
		}
	}
	return living
}

// withdraw takes our row back. It does so also where ctx has ended, for others
// wait for it. A node that is closed has no row that counts; one that cannot
// write tries it again with each sweep.
func (l *locks) withdraw(ctx context.Context, r *state.Replica, row *model.StorageLock) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawIn)
	defer cancel()
	_, err := r.Commit(ctx, func(t *state.Tx) error {
		t.Delete(model.TableStorageLocks, row.Key())
		return nil
	})
	if errors.Is(err, state.ErrClosed) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.left, row.Name)
	if err != nil {
		l.left[row.Name] = row
	}
	return err
}

// withdrawIn is how long one attempt to take a row back may take.
const withdrawIn = 10 * time.Second

// withdrawLeft takes back what could not be taken back, unless somebody in this
// process has the lock again or waits for it: then that one does.
func (l *locks) withdrawLeft(ctx context.Context, r *state.Replica) {
	l.mu.Lock()
	left := slices.Collect(maps.Values(l.left))
	l.mu.Unlock()
	for _, row := range left {
		if own, ok := l.enter(ctx, row.Name, false); ok {
			_ = l.withdraw(ctx, r, row) // or with the next sweep
			l.leave(row.Name, own)
		}
	}
}

// selfOf returns the member that this node is, the zero Member once it is
// closed.
func selfOf(members []state.Member) state.Member {
	for _, m := range members {
		if m.Self {
			return m
		}
	}
	return state.Member{}
}

// sweep takes back what was left, and deletes the rows of dead runs: they count
// for nobody.
func (l *locks) sweep(ctx context.Context) {
	r := l.vault.host.Replica()
	l.withdrawLeft(ctx, r)
	var rows []*model.StorageLock
	if err := r.View(func(rd *state.Reader) error {
		rd.Range(model.TableStorageLocks, "", "", func(v model.Value, _ state.Version) bool {
			rows = append(rows, v.(*model.StorageLock))
			return true
		})
		return nil
	}); err != nil || len(rows) == 0 {
		return
	}
	alive := make(map[string]bool)
	for _, row := range l.living(r, rows) {
		alive[row.Key()] = true
	}
	if len(alive) == len(rows) {
		return
	}
	_, err := r.Commit(ctx, func(t *state.Tx) error {
		for _, row := range rows {
			if !alive[row.Key()] {
				t.Delete(model.TableStorageLocks, row.Key())
			}
		}
		return nil
	})
	l.mu.Lock()
	clear(l.absent)
	l.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		l.vault.host.Logger().Warn("deleting locks of dead nodes failed", zap.Error(err))
	}
}
