package edgeguard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/claims"
	"github.com/edgestage/edgestage/state/claims/dangling"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

const (
	// declareWait is how long a start waits until the node has caught up with
	// the others; what it declares follows later otherwise.
	declareWait = 3 * time.Second
	// declareTimeout is how long the commit may take.
	declareTimeout = 10 * time.Second
	// declareRetry is how often a declaration that failed later is tried again.
	declareRetry = time.Second
)

// claimed is what an app has to do with declarations.
type claimed struct {
	later    context.CancelFunc // ends what follows later; nil: nothing does
	done     chan struct{}      // closed once that has ended
	declared bool               // the rows say what this configuration says
	ran      bool               // it came to run
	unwatch  func()             // ends the watch over claims; nil: there is none
}

// declaration returns what the configuration says about resources and names.
func (a *App) declaration() *claims.Declaration {
	d := claims.NewDeclaration(a.Node)
	d.Rules = a.rules()
	for _, account := range a.Accounts {
		for _, x := range account.Distributions {
			d.Distribution(account.ID, x.Name, x.Aliases)
		}
		for _, lb := range account.LoadBalancers {
			d.LoadBalancer(account.ID, lb.Name, lb.DefaultCertificate, lb.Aliases)
		}
	}
	return d
}

// served returns the own names of what this edge serves.
func (a *App) served() []string {
	var names []string
	for _, account := range a.Accounts {
		for _, d := range account.Distributions {
			names = append(names, d.Name)
		}
		for _, lb := range account.LoadBalancers {
			names = append(names, lb.Name)
		}
	}
	return names
}

// declare makes the rows of this node say what the configuration says.
//
//	names of other accounts    refused, with an error that names them
//	names given up, DNS leads  in a reload: refused, unless `dangling warn`;
//	here                       at a start: the name stays reserved
//	names given up, DNS is     the name stays reserved
//	silent
func (a *App) declare() error {
	replica := a.node.Replica()
	if replica == nil {
		return nil // a test's
	}
	// A configuration that runs can go on; at a start nothing could.
	_, reload := a.node.Running().(*App)
	select {
	case <-replica.Ready():
		err := a.declareNow(replica, reload, false)
		if errors.Is(err, state.ErrBehind) {
			break
		}
		return err
	case <-time.After(declareWait):
	}
	a.logger.Warn("the node has not caught up with the others: what this edge serves is declared as soon as it has")
	ctx, cancel := context.WithCancel(context.Background())
	a.later, a.done = cancel, make(chan struct{})
	go func() {
		defer close(a.done)
		a.declareLater(ctx, replica)
	}()
	return nil
}

// declareLater declares once the node can. Nothing can be refused any more:
// names that others have are left out.
func (a *App) declareLater(ctx context.Context, replica *state.Replica) {
	for ready := replica.Ready(); ; {
		select {
		case <-ready:
		case <-ctx.Done():
			return
		}
		err := a.declareNow(replica, false, true)
		if err == nil || errors.Is(err, state.ErrClosed) {
			return
		}
		a.logger.Error("declaring what this edge serves failed, trying again", zap.Error(err), zap.Duration("in", declareRetry))
		select {
		case <-time.After(declareRetry):
		case <-ctx.Done():
			return
		}
	}
}

// declareNow looks up what is to be known and commits.
func (a *App) declareNow(replica *state.Replica, reload, lenient bool) error {
	d := a.declaration()
	plan, err := a.plan(context.Background(), replica, d, reload)
	if err != nil {
		return err
	}
	plan.options.Lenient = lenient
	ctx, cancel := context.WithTimeout(context.Background(), declareTimeout)
	defer cancel()
	var skipped []error
	_, err = replica.Commit(ctx, func(tx *state.Tx) (err error) {
		skipped, err = d.Apply(tx, hlc.At(time.Now()), plan.surplus, plan.options)
		return err
	})
	if err != nil {
		return err
	}
	a.declared = true
	for _, err := range skipped {
		a.logger.Error("a name that this edge declares is left out", zap.Error(err))
	}
	return nil
}

// declarePlan is what a commit is to do with names given up.
type declarePlan struct {
	surplus []*model.Claim
	options claims.ApplyOptions
}

// plan finds out which names are given up, and whether they may be.
func (a *App) plan(ctx context.Context, replica *state.Replica, d *claims.Declaration, reload bool) (declarePlan, error) {
	var p declarePlan
	var abandoned, reserved []*model.Claim
	var rules claims.Rules
	if err := replica.View(func(rd *state.Reader) error {
		p.surplus = d.Surplus(rd)
		abandoned = d.Abandoned(rd, p.surplus)
		reserved = d.Reserved(rd)
		rules = claims.RulesAt(rd, a.Node)
		return nil
	}); err != nil {
		return p, err
	}
	if a.Dangling != "" {
		rules.Warn = a.Dangling == model.DanglingWarn
	}
	guard := &dangling.Guard{Replica: replica, Node: a.Node, Resolvers: d.Resolvers()}
	p.options.Reserve = make(map[string]bool)
	var refused []error
	for i, f := range guard.CheckAll(ctx, abandoned) {
		if f.Free() {
			continue
		}
		err := a.judge(abandoned[i], f, rules.Warn, reload)
		if err != nil {
			refused = append(refused, err)
		}
		p.options.Reserve[abandoned[i].Key()] = !rules.Warn
	}
	if len(refused) > 0 {
		return p, errors.Join(refused...)
	}
	lift, err := a.liftable(ctx, guard)
	if err != nil {
		return p, err
	}
	for key := range guard.FreeKeys(ctx, reserved) {
		lift[key] = true
	}
	p.options.Lift = lift
	return p, nil
}

// judge returns why a name cannot be given up, or says in the log why it should
// not have been.
func (a *App) judge(c *model.Claim, f dangling.Finding, warn, reload bool) error {
	log := a.logger.With(zap.String("host", c.Host), zap.String("resource", c.OwnerName), zap.String("account", c.Account))
	switch {
	case f.Record == nil && warn:
		log.Warn("a name is given up, and whether DNS still leads here could not be found out", zap.Error(f.Unknown))
	case f.Record == nil:
		log.Warn("a name is given up, and whether DNS still leads here could not be found out: it stays reserved for its account", zap.Error(f.Unknown))
	case warn:
		log.Warn("a name is given up while DNS still leads here", zap.Stringer("record", f.Record))
	case reload:
		return &dangling.RefusedError{Claim: c, Record: *f.Record}
	default:
		log.Error("a name is given up while DNS still leads here: it stays reserved for its account", zap.Stringer("record", f.Record))
	}
	return nil
}

// liftable returns the keys of reservations that stand in the way of what the
// configuration claims, needlessly.
func (a *App) liftable(ctx context.Context, guard *dangling.Guard) (map[string]bool, error) {
	all := make(map[string]bool)
	for _, account := range a.Accounts {
		var hosts []string
		for _, d := range account.Distributions {
			hosts = append(hosts, d.Aliases...)
		}
		for _, lb := range account.LoadBalancers {
			hosts = append(hosts, lb.Aliases...)
		}
		keys, err := guard.Liftable(ctx, account.ID, hosts)
		if err != nil {
			return nil, fmt.Errorf("looking at reserved names: %w", err)
		}
		for key := range keys {
			all[key] = true
		}
	}
	return all, nil
}

// watch logs claims of this edge that lose their effect: another account was
// earlier, on a node that could not be heard at the time.
func (a *App) watch() {
	known := make(map[string]bool)
	a.unwatch = a.node.Claims().Hook(func(v *claims.View) {
		now := make(map[string]bool)
		for _, in := range v.Inert() {
			if in.Declarer != a.Node {
				continue
			}
			if now[in.Key()] = true; !known[in.Key()] {
				a.logger.Error("a name that this edge declares belongs to another",
					zap.String("host", in.Host), zap.String("resource", in.OwnerName), zap.String("account", in.Account),
					zap.String("owner", in.Holder.Name), zap.String("owner_account", in.Holder.Account))
			}
		}
		known = now
	})
}

// undeclare ends what follows later. If this configuration was declared and
// never came to run, it gives the word back to the one that does.
func (a *App) undeclare() {
	if a.unwatch != nil {
		a.unwatch()
	}
	if a.later != nil {
		a.later()
		<-a.done
	}
	running, ok := a.node.Running().(*App)
	if !a.declared || a.ran || !ok {
		return
	}
	replica := a.node.Replica()
	ctx, cancel := context.WithTimeout(context.Background(), declareTimeout)
	defer cancel()
	d := running.declaration()
	if _, err := replica.Commit(ctx, func(tx *state.Tx) error {
		_, err := d.Apply(tx, hlc.At(time.Now()), d.Surplus(&tx.Reader), claims.ApplyOptions{Lenient: true})
		return err
	}); err != nil {
		a.logger.Error("declaring again what this edge serves failed", zap.Error(err))
	}
}
