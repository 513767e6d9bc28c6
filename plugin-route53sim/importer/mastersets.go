package importer

import (
	"fmt"
	"hash/maphash"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state/model"
)

// rrsets puts the records of a master file, one after the other, into RRsets.
type rrsets struct {
	list []*model.RRset // in the order of their first records
	at   []mark         // where those are
	// index is where in list the RRset of a name and type is. Without it records
	// of one name and type must stand together, and hashes has those of all names
	// and types, by which one knows: in a large file the index is most of the work.
	index  map[rrsetKey]int32
	hashes []uint64
	// last is where the last record went, for the next one most often does too.
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
	s := newRuns(n)
	s.index = make(map[rrsetKey]int32, n)
	return s
}

// newRuns is newRRsets without an index.
func newRuns(n int) *rrsets {
	return &rrsets{list: make([]*model.RRset, 0, n), at: make([]mark, 0, n)}
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
	if s.index == nil {
		s.hashes = append(s.hashes, maphash.Comparable(hashSeed, s.last))
	} else if i, ok := s.index[s.last]; ok {
		s.lastSet = s.list[i]
		return s.lastSet
	} else {
		s.index[s.last] = int32(len(s.list))
	}
	s.lastSet = &model.RRset{Name: name, Type: dns.Type(h.Rrtype).String(), TTL: h.Ttl}
	s.list, s.at = append(s.list, s.lastSet), append(s.at, at)
	return s.lastSet
}

var hashSeed = maphash.MakeSeed()

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
