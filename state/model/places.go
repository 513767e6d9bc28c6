package model

import (
	"hash/maphash"
	"slices"
)

// places are the names of a zone with what stands there.
type places struct {
	// byName is nil where one place after the other will do: the RRsets of each
	// name stand together, as in most documents, and nobody asks for another
	// name. In a large zone finding places is most of the work.
	byName map[Name]*place
	name   Name
	last   *place
}

func newPlaces(sets []*RRset) *places {
	isAlias := func(s *RRset) bool { return s.Alias != nil }
	if !slices.ContainsFunc(sets, isAlias) && together(sets) {
		return &places{}
	}
	return &places{byName: make(map[Name]*place, len(sets))}
}

// at returns the place of a name, a new one if need be.
func (p *places) at(n Name) *place {
	if p.last != nil && p.name == n {
		return p.last
	}
	p.name, p.last = n, p.byName[n]
	if p.last == nil {
		p.last = new(place)
		if p.byName != nil {
			p.byName[n] = p.last
		}
	}
	return p.last
}

var togetherSeed = maphash.MakeSeed()

// together tells whether the RRsets of each name stand together. Once in 10^7
// zones of a million names it says no where they do.
func together(sets []*RRset) bool {
	hashes := make([]uint64, 0, len(sets))
	for i, s := range sets {
		if i == 0 || s.Name != sets[i-1].Name {
			hashes = append(hashes, maphash.String(togetherSeed, string(s.Name)))
		}
	}
	slices.Sort(hashes)
	for i := 1; i < len(hashes); i++ {
		if hashes[i] == hashes[i-1] {
			return false
		}
	}
	return true
}
