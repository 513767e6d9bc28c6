package model

import (
	"cmp"
	"slices"

	"github.com/edgestage/edgestage/state/hlc"
)

// Stamped is an RRset and the version of the commit that wrote it.
type Stamped struct {
	*RRset
	Stamp  hlc.Stamp
	Origin uint64
}

// compare orders by version, then type and set identifier.
func (s Stamped) compare(t Stamped) int {
	return cmp.Or(cmp.Compare(s.Stamp, t.Stamp), cmp.Compare(s.Origin, t.Origin), s.compareKey(t))
}

func (s Stamped) compareKey(t Stamped) int {
	return cmp.Or(cmp.Compare(s.Type, t.Type), cmp.Compare(s.SetID, t.SetID))
}

// Visible settles what single rows cannot forbid about the RRsets of one name:
// two nodes may each have written, at the same time, what cannot stand beside
// what the other wrote. From the latest version to the earliest it keeps each
// RRset that may legally stand beside those kept already; the rest are
// shadowed: neither listed nor answered. Both results are sorted by type and
// set identifier.
//
//	at one name        a CNAME stands alone
//	at one type        one simple RRset, or one policy
//	latency            one for each Region
//	failover           one PRIMARY, one SECONDARY
//	geolocation        one for each location
//	IP-based           one collection, one for each of its locations
//	weighted           all have the newest one's TTL
//
// It is a pure function of the rows: every order of them gives the same
// result, which TestVisible proves. Rows are not modified; one that takes
// another's TTL is returned as a copy.
func Visible(rows []Stamped) (kept, shadowed []Stamped) {
	if len(rows) == 1 {
		return rows, nil
	}
	newest := slices.Clone(rows)
	if unopposed(newest) {
		return newest, nil
	}
	slices.SortFunc(newest, func(a, b Stamped) int { return b.compare(a) })
	var p place
	for _, s := range newest {
		if c, _ := p.clash(s.RRset); c != clashNone {
			shadowed = append(shadowed, s)
			continue
		}
		p.add(s.RRset)
		kept = append(kept, s)
	}
	for i := range kept {
		kept[i].RRset = p.withTTL(kept[i].RRset)
	}
	slices.SortFunc(kept, Stamped.compareKey)
	slices.SortFunc(shadowed, Stamped.compareKey)
	return kept, shadowed
}

// unopposed tells whether rows come sorted and plainly all stand, whatever their
// versions: what nearly every name with many of them is like, as one of a service
// with a thousand instances. It may be false where they do.
func unopposed(rows []Stamped) bool {
	for i := 1; i < len(rows); i++ {
		s, before := &rows[i], &rows[i-1]
		if before.compareKey(*s) >= 0 {
			return false
		}
		if s.Type != before.Type {
			if s.Type == "CNAME" || before.Type == "CNAME" {
				return false
			}
			continue
		}
		switch policy := s.Policy(); {
		case policy != before.Policy():
			return false
		case policy == PolicyMultivalue:
		case policy == PolicyWeighted && s.Alias == nil && before.Alias == nil && s.TTL == before.TTL:
		default:
			return false
		}
	}
	return true
}

// withTTL returns s, with the TTL of the first that joined if s is a member of
// a weighted group.
func (p *place) withTTL(s *RRset) *RRset {
	if s.Policy() != PolicyWeighted || s.Alias != nil {
		return s
	}
	ttl := p.group(s.Type).ttl.TTL
	if s.TTL == ttl {
		return s
	}
	c := *s
	c.TTL = ttl
	return &c
}
