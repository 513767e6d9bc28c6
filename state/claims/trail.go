package claims

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
	"github.com/miekg/dns"
)

// maxTrail bounds how many names are looked at to find out where one leads.
const maxTrail = 64

// Record is a DNS record on the way from a host name.
type Record struct {
	Name model.Name
	// Type is CNAME, A or AAAA.
	Type string
	// Target is where a CNAME or an alias leads, Addr the address of one that
	// does not.
	Target model.Name
	Addr   netip.Addr
	// Alias is the hosted zone id in an alias, else empty.
	Alias string
	// Source says who has the record, such as "hosted zone Z1".
	Source string
}

// String returns the record as an operator would look for it.
func (r Record) String() string {
	what := string(r.Target)
	switch {
	case r.Alias != "":
		what = fmt.Sprintf("ALIAS %s (hosted zone id %s)", r.Target, r.Alias)
	case r.Target == "":
		what = r.Addr.String()
	}
	return fmt.Sprintf("%s %s %s (%s)", r.Name, r.Type, what, r.Source)
}

// Trail is where a host name leads.
type Trail struct {
	// Records are those on the way, in the order found.
	Records []Record
	// Open are the names of which the hosted zones of the state say nothing:
	// only DNS can.
	Open []model.Name
}

// LeadsTo returns the first record that leads to the resource with that own
// name: by name, else by one of addresses, unless the trail has the name of
// another AWS resource, whose edge may have the same address.
func (t *Trail) LeadsTo(name string, addresses []netip.Addr) (Record, bool) {
	elsewhere := false
	for _, r := range t.Records {
		if r.Target == "" {
			continue
		}
		target := ResourceName(r.Target)
		if target == name {
			return r, true
		}
		elsewhere = elsewhere || target != ""
	}
	for _, r := range t.Records {
		if r.Target == "" && !elsewhere && slices.Contains(addresses, r.Addr) {
			return r, true
		}
	}
	return Record{}, false
}

// ResourceName returns the own name of the AWS resource that a DNS name stands
// for, as host name, or "": that of a load balancer may have `dualstack.` in
// front.
func ResourceName(name model.Name) string {
	if model.ResourceOf(name).Kind == "" {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSuffix(string(name), "."), "dualstack.")
}

// HostName returns a host name as a DNS name.
func HostName(host string) model.Name { return model.Name(host + ".") }

// TrailOf returns where host leads by the hosted zones of the state: along
// CNAMEs and aliases of every policy, whoever would be answered by them. For a
// name that is in no public zone, or delegated away from it, only DNS knows.
func TrailOf(rd *state.Reader, host string) Trail {
	w := walk{rd: rd, zones: zonesByName(rd), seen: make(map[model.Name]bool)}
	w.follow(HostName(host))
	return w.trail
}

// Texts returns the texts of a name's TXT records by the hosted zones of the
// state, the strings of each put together, and whether these decide: the name is in a public zone
// and not delegated away.
func Texts(rd *state.Reader, name model.Name) (values []string, decided bool) {
	w := walk{rd: rd, zones: zonesByName(rd)}
	zone := w.public(name)
	if zone == nil || w.delegated(zone, name) {
		return nil, false
	}
	for _, s := range w.records(zone, name) {
		for _, v := range s.Values {
			if rr, err := model.ParseRdata(s.Type, v); err == nil && s.Type == "TXT" {
				values = append(values, strings.Join(rr.(*dns.TXT).Txt, ""))
			}
		}
	}
	return values, true
}

// walk is one way through the zones.
type walk struct {
	rd    *state.Reader
	zones map[model.Name][]*model.Zone
	seen  map[model.Name]bool
	trail Trail
}

func zonesByName(rd *state.Reader) map[model.Name][]*model.Zone {
	zones := make(map[model.Name][]*model.Zone)
	rd.Range(model.TableZones, "", "", func(v model.Value, _ state.Version) bool {
		z := v.(*model.Zone)
		zones[z.Name] = append(zones[z.Name], z)
		return true
	})
	return zones
}

// public returns the public zone that answers for a name: the longest, and of
// several the one created first (aws-behaviour 3.2).
func (w *walk) public(name model.Name) *model.Zone {
	for at := name; at != "."; at = at.Parent() {
		var first *model.Zone
		for _, z := range w.zones[at] {
			earlier := first == nil || z.Created.Before(first.Created) || z.Created.Equal(first.Created) && z.ID < first.ID
			if !z.Private && earlier {
				first = z
			}
		}
		if first != nil {
			return first
		}
	}
	return nil
}

func (w *walk) follow(name model.Name) {
	if w.seen[name] || len(w.seen) >= maxTrail || ResourceName(name) != "" {
		return
	}
	w.seen[name] = true
	zone := w.public(name)
	if zone == nil || w.delegated(zone, name) {
		w.trail.Open = append(w.trail.Open, name)
	} else {
		w.take(zone, name)
	}
	for at := name; at != "."; at = at.Parent() { // private zones know more
		for _, z := range w.zones[at] {
			if z.Private {
				w.take(z, name)
			}
		}
	}
}

// take notes what a zone says of a name, and follows it.
func (w *walk) take(zone *model.Zone, name model.Name) {
	for _, s := range w.records(zone, name) {
		r := Record{Name: s.Name, Type: s.Type, Source: "hosted zone " + zone.ID}
		switch {
		case s.Type != "CNAME" && s.Type != "A" && s.Type != "AAAA":
		case s.Alias != nil:
			r.Alias, r.Target = s.Alias.ZoneID, s.Alias.Name
			w.add(r)
		case s.Type == "CNAME":
			for _, v := range s.Values {
				if target, err := model.ParseName(v); err == nil {
					r.Target = target
					w.add(r)
				}
			}
		default:
			for _, v := range s.Values {
				if addr, err := netip.ParseAddr(v); err == nil {
					r.Addr = addr
					w.add(r)
				}
			}
		}
	}
}

func (w *walk) add(r Record) {
	w.trail.Records = append(w.trail.Records, r)
	if r.Target != "" {
		w.follow(r.Target)
	}
}

// records returns the visible RRsets that answer for a name: its own, else those
// of the wildcard at its closest encloser (RFC 4592 section 3.3).
func (w *walk) records(zone *model.Zone, name model.Name) []*model.RRset {
	if w.occupied(zone, name) || name == zone.Name {
		return w.at(zone, name)
	}
	encloser := name.Parent()
	for encloser != zone.Name && !w.occupied(zone, encloser) {
		encloser = encloser.Parent()
	}
	return w.at(zone, "*."+encloser)
}

// at returns the visible RRsets of exactly that name.
func (w *walk) at(zone *model.Zone, name model.Name) []*model.RRset {
	var rows []model.Stamped
	w.rd.Range(model.TableRRsets, model.RRsetNamePrefix(zone.ID, name), "", func(v model.Value, at state.Version) bool {
		rows = append(rows, model.Stamped{RRset: v.(*model.RRset), Stamp: at.Stamp, Origin: uint64(at.Origin)})
		return true
	})
	kept, _ := model.Visible(rows)
	out := make([]*model.RRset, len(kept))
	for i := range kept {
		out[i] = kept[i].RRset
	}
	return out
}

// occupied tells whether a zone has something at or below a name.
func (w *walk) occupied(zone *model.Zone, name model.Name) bool {
	found := false
	w.rd.Range(model.TableRRsets, model.RRsetPrefix(zone.ID)+name.Reversed(), "", func(model.Value, state.Version) bool {
		found = true
		return false
	})
	return found
}

// delegated tells whether a name is at or below a zone cut.
func (w *walk) delegated(zone *model.Zone, name model.Name) bool {
	for at := name; at != zone.Name; at = at.Parent() {
		for _, s := range w.at(zone, at) {
			if s.Type == "NS" {
				return true
			}
		}
	}
	return false
}
