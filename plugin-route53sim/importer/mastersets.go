package importer

import (
	"fmt"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state/model"
)

// rrsets puts the records of a master file, one after the other, into RRsets.
type rrsets struct {
	list  []*model.RRset // in the order of their first records
	at    []mark         // where those are
	types []uint16       // of the RRsets
	// index is where in list the RRset of a name and type is; last is the one
	// that the last record went to, for the next one most often does too.
	index   map[rrsetKey]int32
	last    rrsetKey
	lastSet *model.RRset
	faults  []recordFault
	places  map[*model.RRset]mark // made where a fault asks for it
}

type rrsetKey struct {
	name   string // as the parser gives it
	rrtype uint16
}

// recordFault is why a record does not go into its RRset.
type recordFault struct {
	at     mark
	set    *model.RRset
	reason error
}

// newRRsets returns no RRsets, with room for about n.
func newRRsets(n int) *rrsets {
	return &rrsets{
		list: make([]*model.RRset, 0, n), at: make([]mark, 0, n), index: make(map[rrsetKey]int32, n),
	}
}

// add puts a record, which ends at a position, into its RRset.
func (s *rrsets) add(rr dns.RR, at mark) {
	r := s.set(rr.Header(), at)
	if err := addRecord(r, rr); err != nil {
		s.faults = append(s.faults, recordFault{at, r, err})
	}
}

// set returns the RRset that a record belongs to.
func (s *rrsets) set(h *dns.RR_Header, at mark) *model.RRset {
	if s.lastSet != nil && h.Rrtype == s.last.rrtype && h.Name == s.last.name {
		return s.lastSet
	}
	name := model.FromDNS(h.Name)
	s.last = rrsetKey{string(name), h.Rrtype}
	i, ok := s.index[s.last]
	if !ok {
		i = int32(len(s.list))
		s.index[s.last] = i
		s.list = append(s.list, &model.RRset{Name: name, Type: dns.Type(h.Rrtype).String(), TTL: h.Ttl})
		s.at, s.types = append(s.at, at), append(s.types, h.Rrtype)
	}
	s.lastSet = s.list[i]
	return s.lastSet
}

// addRecord adds the data of one record to its RRset.
func addRecord(r *model.RRset, rr dns.RR) error {
	h := rr.Header()
	switch {
	case h.Class != dns.ClassINET:
		return fmt.Errorf("class %s, want IN", dns.Class(h.Class))
	case h.Ttl != r.TTL:
		return fmt.Errorf("TTL %d beside TTL %d, want one for all records of the name and type", h.Ttl, r.TTL)
	}
	v, err := model.FormatRdata(rr)
	if err != nil {
		return err
	}
	r.Values = append(r.Values, v)
	return nil
}

// place returns where the first record of an RRset begins; nowhere if the file
// lacks it.
func (s *rrsets) place(r *model.RRset) place {
	if s.places == nil {
		s.places = make(map[*model.RRset]mark, len(s.list))
		for i, set := range s.list {
			s.places[set] = s.at[i]
		}
	}
	at, ok := s.places[r]
	if !ok {
		return place{}
	}
	return at.place()
}

// report reports the faults that adding met.
func (s *rrsets) report(d *draft) {
	for _, f := range s.faults {
		d.fault(f.at.place(), recordName(f.set), f.reason)
		d.broken[f.set] = true
	}
}
