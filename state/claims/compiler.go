package claims

import (
	"maps"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

// Compiler turns changes of rows into views. It belongs to one goroutine.
type Compiler struct {
	served map[string]bool // own names of what this node serves

	hosts     map[string]*hostRows
	resources map[string]*resourceRows   // by id
	listed    map[string]map[string]bool // certificates by listener
	uses      map[string]map[string]bool // ARNs by certificate
	inert     map[string][]Inert         // by host
	view      View

	dirtyHosts     map[string]bool
	dirtyResources map[string]bool
}

// hostRows are the claims of a host name.
type hostRows struct {
	rows map[string]*model.Claim // by row key
	own  map[string]*model.Claim // of resources whose own name it is, by id
}

// resourceRows are the rows of a resource, by declarer.
type resourceRows struct {
	distributions map[string]*model.Distribution
	balancers     map[string]stampedBalancer
	aliases       map[string]int // hosts claimed, and by how many rows
	uses          []string       // certificates that it is counted under
}

type stampedBalancer struct {
	*model.LoadBalancer
	version state.Version
}

// NewCompiler returns a compiler that has seen no rows.
func NewCompiler() *Compiler {
	c := new(Compiler)
	c.reset()
	return c
}

func (c *Compiler) reset() {
	*c = Compiler{
		served:         c.served,
		hosts:          make(map[string]*hostRows),
		resources:      make(map[string]*resourceRows),
		listed:         make(map[string]map[string]bool),
		uses:           make(map[string]map[string]bool),
		inert:          make(map[string][]Inert),
		dirtyHosts:     make(map[string]bool),
		dirtyResources: make(map[string]bool),
	}
}

// Serve says which distributions and load balancers this node serves, by their
// own names, and returns the view after that.
func (c *Compiler) Serve(names []string) *View {
	c.served = make(map[string]bool)
	for _, n := range names {
		c.served[n] = true
	}
	for host := range c.hosts {
		c.dirtyHosts[host] = true
	}
	return c.publish()
}

// Apply returns the view after b. Rows of other tables are passed over.
func (c *Compiler) Apply(b state.Batch) *View {
	if b.Reset {
		c.reset()
	}
	for _, ch := range b.Changes {
		switch ch.Table {
		case model.TableClaims:
			c.putClaim(ch)
		case model.TableDistributions:
			c.putDistribution(ch)
		case model.TableLoadBalancers:
			c.putBalancer(ch)
		case model.TableListenerCertificates:
			c.putListed(ch)
		}
	}
	return c.publish()
}

func (c *Compiler) host(name string) *hostRows {
	h := c.hosts[name]
	if h == nil {
		h = &hostRows{rows: make(map[string]*model.Claim), own: make(map[string]*model.Claim)}
		c.hosts[name] = h
	}
	c.dirtyHosts[name] = true
	return h
}

func (c *Compiler) resource(id string) *resourceRows {
	r := c.resources[id]
	if r == nil {
		r = &resourceRows{
			distributions: make(map[string]*model.Distribution),
			balancers:     make(map[string]stampedBalancer),
			aliases:       make(map[string]int),
		}
		c.resources[id] = r
	}
	c.dirtyResources[id] = true
	return r
}

func (c *Compiler) putClaim(ch state.Change) {
	reversed, _, _ := strings.Cut(ch.Key, "\x00")
	host := model.ReverseHost(reversed)
	h := c.host(host)
	if old := h.rows[ch.Key]; old != nil {
		if r := c.resources[old.Owner]; r.unalias(host) == 0 {
			c.dirtyResources[old.Owner] = true
		}
		delete(h.rows, ch.Key)
	}
	if row, ok := ch.Value.(*model.Claim); ok {
		h.rows[ch.Key] = row
		r := c.resources[row.Owner]
		if r == nil {
			r = c.resource(row.Owner)
		}
		r.aliases[host]++
	}
}

// unalias counts a row less that claims host, and returns how many hosts are
// still claimed.
func (r *resourceRows) unalias(host string) int {
	if r.aliases[host]--; r.aliases[host] == 0 {
		delete(r.aliases, host)
	}
	return len(r.aliases)
}

func (c *Compiler) putDistribution(ch state.Change) {
	id, declarer, _ := strings.Cut(ch.Key, "\x00")
	r := c.resource(id)
	delete(r.distributions, declarer)
	if row, ok := ch.Value.(*model.Distribution); ok {
		r.distributions[declarer] = row
	}
}

func (c *Compiler) putBalancer(ch state.Change) {
	arn, declarer, _ := strings.Cut(ch.Key, "\x00")
	r := c.resource(arn)
	delete(r.balancers, declarer)
	if row, ok := ch.Value.(*model.LoadBalancer); ok {
		r.balancers[declarer] = stampedBalancer{row, ch.Version}
	}
}

func (c *Compiler) putListed(ch state.Change) {
	listener, certificate, _ := strings.Cut(ch.Key, "\x00")
	list := c.listed[listener]
	if _, ok := ch.Value.(*model.ListenerCertificate); !ok {
		delete(list, certificate)
	} else if list == nil {
		c.listed[listener] = map[string]bool{certificate: true}
	} else {
		list[certificate] = true
	}
	if arn := model.LoadBalancerARN(listener); arn != "" {
		c.resource(arn)
	}
}

// publish returns the view of what was changed.
func (c *Compiler) publish() *View {
	c.publishResources()
	c.publishHosts()
	for id := range c.dirtyResources {
		if r := c.resources[id]; len(r.distributions)+len(r.balancers)+len(r.aliases) == 0 {
			delete(c.resources, id)
		}
	}
	clear(c.dirtyResources)
	v := c.view
	return &v
}

func (c *Compiler) publishResources() {
	if len(c.dirtyResources) == 0 {
		return
	}
	resources, listeners, uses := c.view.resources.begin(), c.view.listeners.begin(), c.view.uses.begin()
	dirtyUses := make(map[string]bool)
	for id := range c.dirtyResources {
		r := c.resources[id]
		old, _ := resources.get(id)
		now := c.compile(r)
		if old != nil {
			c.forget(r, old, dirtyUses)
			listeners.remove(old.Listener)
		}
		if (old == nil) != (now == nil) {
			for host := range r.aliases {
				c.dirtyHosts[host] = true
			}
		}
		if now == nil {
			resources.remove(id)
			continue
		}
		resources.put(id, now)
		if now.Listener != "" {
			listeners.put(now.Listener, now)
		}
		c.remember(r, now, dirtyUses)
	}
	for certificate := range dirtyUses {
		if users := c.uses[certificate]; len(users) > 0 {
			uses.put(certificate, slices.Sorted(maps.Keys(users)))
		} else {
			delete(c.uses, certificate)
			uses.remove(certificate)
		}
	}
	c.view.resources, c.view.listeners, c.view.uses = resources.table, listeners.table, uses.table
}

// forget takes out what a resource was counted under.
func (c *Compiler) forget(r *resourceRows, old *Resource, dirtyUses map[string]bool) {
	delete(c.host(old.Name).own, old.ID)
	for _, certificate := range r.uses {
		delete(c.uses[certificate], old.ARN)
		dirtyUses[certificate] = true
	}
	r.uses = nil
}

// remember counts a resource under its own name and its certificates.
func (c *Compiler) remember(r *resourceRows, now *Resource, dirtyUses map[string]bool) {
	c.host(now.Name).own[now.ID] = r.ownClaim(now)
	r.uses = slices.Clone(now.Certificates)
	if now.DefaultCertificate != "" {
		r.uses = append(r.uses, now.DefaultCertificate)
	}
	for _, certificate := range r.uses {
		if c.uses[certificate] == nil {
			c.uses[certificate] = make(map[string]bool)
		}
		c.uses[certificate][now.ARN] = true
		dirtyUses[certificate] = true
	}
}

// ownClaim returns a resource's hold of its own name, since the earliest of its
// rows.
func (r *resourceRows) ownClaim(now *Resource) *model.Claim {
	own := &model.Claim{
		Host: now.Name, Account: now.Account, Kind: now.Kind, Owner: now.ID, OwnerName: now.Name, Since: ^hlc.Stamp(0),
	}
	for _, d := range r.distributions {
		own.Since = min(own.Since, d.Since)
	}
	for _, b := range r.balancers {
		own.Since = min(own.Since, b.Since)
	}
	return own
}

// compile returns a resource as its rows say it, nil where it has none.
func (c *Compiler) compile(r *resourceRows) *Resource {
	if d := chooseDistribution(r.distributions); d != nil {
		return &Resource{
			Owner:              Owner{Account: d.Account, Kind: model.OwnerDistribution, ID: d.ID, ARN: d.ARN(), Name: d.DomainName},
			Distribution:       d,
			DefaultCertificate: d.Viewer.ACM,
			Declarers:          slices.Sorted(maps.Keys(r.distributions)),
		}
	}
	var out *Resource
	var newest state.Version
	for _, b := range r.balancers {
		if out == nil {
			out = &Resource{
				Owner:     Owner{Account: b.Account, Kind: model.OwnerLoadBalancer, ID: b.ARN, ARN: b.ARN, Name: b.DNSName},
				Listener:  b.ListenerARN(),
				Declarers: slices.Sorted(maps.Keys(r.balancers)),
			}
			out.Certificates = slices.Sorted(maps.Keys(c.listed[out.Listener]))
		}
		if b.DefaultCertificate != "" && (out.DefaultCertificate == "" || newest.Compare(b.version) < 0) {
			out.DefaultCertificate, newest = b.DefaultCertificate, b.version
		}
	}
	return out
}

// chooseDistribution returns the row that speaks for a distribution.
func chooseDistribution(rows map[string]*model.Distribution) *model.Distribution {
	if d := rows[""]; d != nil {
		return d
	}
	var first *model.Distribution
	for _, d := range rows {
		if first == nil || d.Since < first.Since || d.Since == first.Since && d.Declarer < first.Declarer {
			first = d
		}
	}
	return first
}

func (c *Compiler) publishHosts() {
	if len(c.dirtyHosts) == 0 {
		return
	}
	exact, wildcard := c.view.exact.begin(), c.view.wildcard.begin()
	touched := false
	for host := range c.dirtyHosts {
		owner, inert := c.settle(host)
		if len(inert) > 0 || len(c.inert[host]) > 0 {
			touched = true
		}
		if delete(c.inert, host); len(inert) > 0 {
			c.inert[host] = inert
		}
		if h := c.hosts[host]; len(h.rows)+len(h.own) == 0 {
			delete(c.hosts, host)
		}
		rest, wild := strings.CutPrefix(host, "*.")
		switch {
		case !wild && owner == nil:
			exact.remove(host)
		case !wild:
			exact.put(host, owner)
		default:
			before := wildcard.n
			if owner == nil {
				wildcard.remove(rest)
			} else {
				wildcard.put(rest, owner)
			}
			if wildcard.n != before {
				c.view.depths.add(rest, wildcard.n-before)
			}
		}
	}
	clear(c.dirtyHosts)
	c.view.exact, c.view.wildcard = exact.table, wildcard.table
	if touched {
		c.view.inert = nil
		for _, host := range slices.Sorted(maps.Keys(c.inert)) {
			c.view.inert = append(c.view.inert, c.inert[host]...)
		}
	}
}

// settle returns who owns a host name, nil for nobody, and the claims of it that
// are inert.
func (c *Compiler) settle(host string) (*Owner, []Inert) {
	h := c.hosts[host]
	var valid, inert []*model.Claim
	for _, row := range h.rows {
		if _, ok := c.view.resources.get(row.Owner); ok || row.Reserved {
			valid = append(valid, row)
		} else {
			inert = append(inert, row)
		}
	}
	for _, own := range h.own {
		valid = append(valid, own)
	}
	standing, late := model.Standing(valid)
	inert = append(inert, late...)
	holder := c.holder(standing)
	if len(inert) == 0 {
		return holder, nil
	}
	slices.SortFunc(inert, func(a, b *model.Claim) int { return strings.Compare(a.Key(), b.Key()) })
	reports := make([]Inert, len(inert))
	for i, row := range inert {
		reports[i].Claim = row
		if holder != nil {
			reports[i].Holder = *holder
		}
	}
	return holder, reports
}

// holder returns the first of standing that answers for the name: one that this
// node serves, if there is one.
func (c *Compiler) holder(standing []*model.Claim) *Owner {
	var first *Owner
	for _, s := range standing {
		r, ok := c.view.resources.get(s.Owner)
		if s.Reserved || !ok {
			continue
		}
		if c.served[r.Name] {
			return &r.Owner
		}
		if first == nil {
			first = &r.Owner
		}
	}
	return first
}
