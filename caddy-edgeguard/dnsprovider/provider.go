// Package dnsprovider lets ACME clients inside Caddy solve DNS-01 challenges
// (RFC 8555 section 8.4) through the replicated state: each TXT value is a row
// of its own, which every *route53sim* of the cluster answers beside whatever
// its hosted zones hold.
//
// It is a libdns provider for TXT records and nothing else. Its methods are
// safe for concurrent use, on one node and on several at once.
package dnsprovider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/libdns/libdns"

	"github.com/edgestage/edgestage/caddy-edgeguard/edgenode"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

func init() {
	caddy.RegisterModule(Provider{})
}

const (
	// defaultTimeout is long enough for a member that has died to be found
	// dead, several times over.
	defaultTimeout = 30 * time.Second
	// lifetime is how long a value is answered that nobody takes away.
	lifetime = time.Hour
	// maxTTL is the longest TTL of a challenge.
	maxTTL = time.Hour
)

// Provider answers DNS-01 challenges from the name servers of the cluster.
//
// A value is there once every live node answers with it, so that no delay has
// to be guessed: the call returns then, and not before. It goes by itself after
// an hour. Where the name is a CNAME the value stands where that leads. Values
// can be put under names in hosted zones of the cluster and in
// `acm-validations.aws`; elsewhere, and below a delegation, nobody would find
// them, which is an error.
//
// Records of other types are refused: the Route 53 API changes those.
type Provider struct {
	// How long to wait until all live nodes answer with a new value. After that
	// the value is taken away and the challenge fails. Default: 30 seconds.
	Timeout caddy.Duration `json:"timeout,omitempty"`

	ref   *edgenode.Ref
	state replica // of tests; else that of ref
	owner string
}

// replica is what is needed of the state; [state.Replica] is one.
type replica interface {
	Commit(ctx context.Context, f func(t *state.Tx) error) (state.Version, error)
	View(f func(rd *state.Reader) error) error
	AwaitInSync(ctx context.Context, v state.Version) error
}

// CaddyModule returns the Caddy module information.
func (Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "dns.providers.route53sim",
		New: func() caddy.Module { return new(Provider) },
	}
}

// Provision takes a share of the node.
func (p *Provider) Provision(ctx caddy.Context) error {
	ref, app, err := edgenode.Join(ctx)
	if err != nil {
		return fmt.Errorf("taking the node: %w", err)
	}
	p.ref, p.owner = ref, app.NodeSettings().Config().Name
	return nil
}

// Validate refuses a timeout that would let nothing pass.
func (p *Provider) Validate() error {
	if p.Timeout < 0 {
		return fmt.Errorf("timeout %s is negative", time.Duration(p.Timeout))
	}
	return nil
}

// Cleanup gives the share of the node back.
func (p *Provider) Cleanup() error {
	if p.ref == nil {
		return nil
	}
	return p.ref.Release()
}

// open returns the state, once the node is started.
func (p *Provider) open(ctx context.Context) (replica, error) {
	if p.state != nil {
		return p.state, nil
	}
	select {
	case <-p.ref.Started():
		return p.ref.Replica(), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the node to start: %w", ctx.Err())
	}
}

// AppendRecords implements [libdns.RecordAppender]: all of recs or, with an
// error, none. It returns once every live node answers with them.
func (p *Provider) AppendRecords(ctx context.Context, zone string, recs []libdns.Record) ([]libdns.Record, error) {
	return p.put(ctx, zone, recs, false)
}

// SetRecords implements [libdns.RecordSetter], of values that this node has put
// there; those of others stay. It is atomic.
func (p *Provider) SetRecords(ctx context.Context, zone string, recs []libdns.Record) ([]libdns.Record, error) {
	return p.put(ctx, zone, recs, true)
}

// put writes values, with replace in the place of all of this node under the
// same names.
func (p *Provider) put(ctx context.Context, zone string, recs []libdns.Record, replace bool) ([]libdns.Record, error) {
	values, err := p.challenges(zone, recs)
	if err != nil {
		return nil, libdns.AtomicErr(err)
	}
	r, err := p.open(ctx)
	if err != nil {
		return nil, libdns.AtomicErr(err)
	}
	timeout := time.Duration(p.Timeout)
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	version, err := r.Commit(ctx, func(t *state.Tx) error { return p.write(t, values, replace) })
	if err != nil {
		return nil, libdns.AtomicErr(err)
	}
	if version != (state.Version{}) {
		err = r.AwaitInSync(ctx, version)
	}
	if err != nil {
		return nil, errors.Join(
			fmt.Errorf("waiting at most %s until all nodes answer with the challenge: %w", timeout, err),
			p.takeBack(ctx, r, values),
		)
	}
	return records(zone, values), nil
}

// write puts the values where their names lead.
func (p *Provider) write(t *state.Tx, values []*model.Challenge, replace bool) error {
	located := make([]*model.Challenge, len(values))
	for i, v := range values {
		name, err := locate(&t.Reader, v.Name)
		if err != nil {
			return err
		}
		c := *v
		c.Name = name
		located[i] = &c
		if replace {
			p.remove(t, name, func(*model.Challenge) bool { return true })
		}
	}
	expires := time.Now().Add(lifetime)
	for _, c := range located {
		if err := t.PutUntil(c, expires); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the values of this node under name that match, and returns
// them.
func (p *Provider) remove(t *state.Tx, name model.Name, match func(*model.Challenge) bool) []*model.Challenge {
	var gone []*model.Challenge
	t.Range(model.TableChallenges, model.ChallengePrefix(name), "", func(v model.Value, _ state.Version) bool {
		if c := v.(*model.Challenge); c.Owner == p.owner && match(c) {
			gone = append(gone, c)
		}
		return true
	})
	for _, c := range gone {
		t.Delete(model.TableChallenges, c.Key())
	}
	return gone
}

// takeBack removes values that did not get through in time.
func (p *Provider) takeBack(ctx context.Context, r replica, values []*model.Challenge) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, err := r.Commit(ctx, func(t *state.Tx) error {
		for _, v := range values {
			p.remove(t, located(&t.Reader, v.Name), func(c *model.Challenge) bool { return c.Value == v.Value })
		}
		return nil
	})
	return err
}

// DeleteRecords implements [libdns.RecordDeleter], of values that this node has
// put there.
func (p *Provider) DeleteRecords(ctx context.Context, zone string, recs []libdns.Record) ([]libdns.Record, error) {
	r, err := p.open(ctx)
	if err != nil {
		return nil, libdns.AtomicErr(err)
	}
	var gone []*model.Challenge
	_, err = r.Commit(ctx, func(t *state.Tx) error {
		for _, rec := range recs {
			rr := rec.RR()
			if rr.Type != "" && rr.Type != "TXT" {
				continue // there are none
			}
			name := absolute(rr.Name, zone)
			for _, c := range p.remove(t, located(&t.Reader, name), func(c *model.Challenge) bool {
				return (rr.Data == "" || rr.Data == c.Value) && (rr.TTL == 0 || seconds(rr.TTL) == c.TTL)
			}) {
				shown := *c
				shown.Name = name
				gone = append(gone, &shown)
			}
		}
		return nil
	})
	if err != nil {
		return nil, libdns.AtomicErr(err)
	}
	return records(zone, gone), nil
}

// GetRecords implements [libdns.RecordGetter]: the values, of all nodes, under
// names in the zone. What a hosted zone holds is not among them.
func (p *Provider) GetRecords(ctx context.Context, zone string) ([]libdns.Record, error) {
	r, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	var found []*model.Challenge
	err = r.View(func(rd *state.Reader) error {
		rd.Range(model.TableChallenges, "", "", func(v model.Value, _ state.Version) bool {
			if c := v.(*model.Challenge); c.Name.Within(absolute("@", zone)) {
				found = append(found, c)
			}
			return ctx.Err() == nil
		})
		return ctx.Err()
	})
	return records(zone, found), err
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Provider)(nil)
	_ caddy.Validator       = (*Provider)(nil)
	_ caddy.CleanerUpper    = (*Provider)(nil)
	_ libdns.RecordAppender = (*Provider)(nil)
	_ libdns.RecordDeleter  = (*Provider)(nil)
	_ libdns.RecordGetter   = (*Provider)(nil)
	_ libdns.RecordSetter   = (*Provider)(nil)
	_ replica               = (*state.Replica)(nil)
)
