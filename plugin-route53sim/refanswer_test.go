package route53sim

import (
	"fmt"
	"math/bits"
	"slices"
	"sort"
	"strings"

	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// outcome is an answer section under way: its records, and what of the
// client's prefix was looked at.
type outcome struct {
	records []string
	scope   int
}

// key is an outcome as a text: records sorted, since their order is random.
func (o outcome) key() string {
	records := slices.Clone(o.records)
	slices.Sort(records)
	return strings.Join(records, "\n") + fmt.Sprintf("\nscope %d", o.scope)
}

// branch is an outcome and what it takes to get there.
type branch struct {
	outcome
	p float64
}

func record(owner string, ttl uint32, rrtype, value string) string {
	rr, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", owner, ttl, rrtype, value))
	if err != nil {
		panic(err)
	}
	return text(rr)
}

func text(rr dns.RR) string { return strings.Join(strings.Fields(rr.String()), " ") }

// group returns the RRsets of a name and type.
func (z *refZone) group(name, rrtype string) []*model.RRset {
	var g []*model.RRset
	for _, s := range z.sets {
		if string(s.Name) == name && s.Type == rrtype {
			g = append(g, s)
		}
	}
	return g
}

// answer is `answer(name, type)` of aws-behaviour 3.4, under owner.
func (w *world) answer(z *refZone, name, rrtype, owner string, c *refClient) []branch {
	g := z.group(name, rrtype)
	if len(g) == 0 {
		return []branch{{p: 1}}
	}
	policy := g[0].Policy()
	if policy == model.PolicySimple {
		return w.value(z, g[0], owner, c)
	}
	if policy == model.PolicyMultivalue {
		return w.multivalue(z, g, owner, c)
	}
	var out []branch
	w.choose(z, policy, g, g, c, 1, func(s *model.RRset, p float64) {
		branches := []branch{{p: 1}}
		if s != nil {
			branches = w.value(z, s, owner, c)
		}
		for _, b := range branches {
			b.p *= p
			b.scope = max(b.scope, w.scope(policy, g, c))
			out = append(out, b)
		}
	})
	return out
}

// choose is the loop of aws-behaviour 3.4, in all the ways it may go.
func (w *world) choose(z *refZone, policy model.Policy, g, cand []*model.RRset, c *refClient, p float64, found func(*model.RRset, float64)) {
	picked := w.pick(policy, cand, c)
	if picked == nil { // fallback: as if every member were healthy
		last := w.pick(policy, g, c)
		for s, q := range last {
			found(s, p*q)
		}
		if last == nil {
			found(nil, p)
		}
		return
	}
	for s, q := range picked {
		if w.healthy(z, s) {
			found(s, p*q)
			continue
		}
		rest := slices.DeleteFunc(slices.Clone(cand), func(o *model.RRset) bool { return o == s })
		w.choose(z, policy, g, rest, c, p*q, found)
	}
}

func (w *world) healthy(z *refZone, s *model.RRset) bool {
	if w.failing[s.HealthCheckID] {
		return false
	}
	if s.Alias == nil || !s.Alias.EvaluateTargetHealth {
		return true
	}
	if s.Alias.ZoneID != z.id {
		return slices.ContainsFunc(w.endpoints, func(e *model.Endpoint) bool { return e.Name == s.Alias.Name && !e.Unhealthy })
	}
	return slices.ContainsFunc(z.group(string(s.Alias.Name), s.Type), func(t *model.RRset) bool { return w.healthy(z, t) })
}

// value is what one RRset answers with.
func (w *world) value(z *refZone, s *model.RRset, owner string, c *refClient) []branch {
	if s.Alias == nil {
		o := outcome{}
		for _, v := range s.Values {
			o.records = append(o.records, record(owner, s.TTL, s.Type, v))
		}
		return []branch{{o, 1}}
	}
	if s.Alias.ZoneID == z.id {
		return w.answer(z, string(s.Alias.Name), s.Type, owner, c)
	}
	return []branch{{w.resource(s.Alias.Name, s.Type, owner, c), 1}}
}

// resource are the addresses of edges, healthy ones if there are any.
func (w *world) resource(name model.Name, rrtype, owner string, c *refClient) outcome {
	for _, evenUnhealthy := range []bool{false, true} {
		o := outcome{}
		regions := map[string]bool{}
		for _, e := range w.endpoints {
			for _, a := range e.Addresses {
				if e.Name == name && (evenUnhealthy || !e.Unhealthy) && a.Is4() == (rrtype == "A") && (a.Is4() || rrtype == "AAAA") {
					regions[e.Region] = true
					o.records = append(o.records, record(owner, 60, rrtype, a.String()))
				}
			}
		}
		if len(regions) > 1 {
			o.scope = c.prefix.Bits()
		}
		if len(o.records) > 0 {
			return o
		}
	}
	return outcome{}
}

// multivalue is every set of up to eight healthy members; all are as likely.
func (w *world) multivalue(z *refZone, g []*model.RRset, owner string, c *refClient) []branch {
	var healthy []*model.RRset
	for _, s := range g {
		if w.healthy(z, s) {
			healthy = append(healthy, s)
		}
	}
	if len(healthy) == 0 {
		healthy = g
	}
	var out []branch
	n := len(healthy)
	values := make([][]string, n)
	for i, s := range healthy {
		values[i] = w.value(z, s, owner, c)[0].records
	}
	for set := range uint(1) << n {
		if bits.OnesCount(set) != min(n, 8) {
			continue
		}
		o := outcome{}
		for i := range n {
			if set>>i&1 == 1 {
				o.records = append(o.records, values[i]...)
			}
		}
		out = append(out, branch{o, 1})
	}
	for i := range out {
		out[i].p = 1 / float64(len(out))
	}
	return out
}

// merge adds up branches that come to the same.
func merge(branches []branch) chances {
	d := chances{}
	for _, b := range branches {
		d[b.key()] += b.p
	}
	return d
}

// keys are the possible outcomes, the likeliest first.
func (d chances) keys() []string {
	var keys []string
	for k := range d {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return d[keys[i]] > d[keys[j]] || d[keys[i]] == d[keys[j]] && keys[i] < keys[j] })
	return keys
}
