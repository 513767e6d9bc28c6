package routing

import (
	"cmp"
	"slices"

	"github.com/edgestage/edgestage/state/model"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// geolocation is the table of a geolocation group: its members by location, in
// the order of keys. Unhealthy ones stay: the most specific one that matches is
// the last resort.
type geolocation struct{ members []located }

type located struct {
	key     geoKey
	member  int32
	healthy bool
}

// geoKey is a location in one integer: what it is in the top byte, then its
// codes, three bytes each.
type geoKey uint64

// The kinds of location, from the least specific.
const (
	geoDefault = iota + 1
	geoContinent
	geoCountry
	geoSubdivision
)

// noGeo is the key of nothing: no member has it.
const noGeo geoKey = 0

// newGeoKey returns noGeo if a code is empty or longer than three bytes.
func newGeoKey(kind uint8, codes ...string) geoKey {
	key := geoKey(kind)
	for _, code := range codes {
		if len(code) == 0 || len(code) > 3 {
			return noGeo
		}
		for i := range 3 {
			key <<= 8
			if i < len(code) {
				key |= geoKey(code[i])
			}
		}
	}
	for range 2 - len(codes) {
		key <<= 24
	}
	return key
}

func geoKeyOf(g model.GeoLocation) geoKey {
	switch {
	case g.Country == "*":
		return newGeoKey(geoDefault)
	case g.Subdivision != "":
		return newGeoKey(geoSubdivision, g.Country, g.Subdivision)
	case g.Country != "":
		return newGeoKey(geoCountry, g.Country)
	}
	return newGeoKey(geoContinent, g.Continent)
}

func newGeolocation(entries []entry) *geolocation {
	t := &geolocation{}
	for _, e := range entries {
		if key := geoKeyOf(e.Geo); key != noGeo {
			t.members = append(t.members, located{key, e.index, e.healthy})
		}
	}
	slices.SortStableFunc(t.members, func(a, b located) int { return cmp.Compare(a.key, b.key) })
	t.members = slices.CompactFunc(t.members, func(a, b located) bool { return a.key == b.key })
	return t
}

// pick returns the most specific healthy member that matches the client; where
// none is healthy the most specific; where none matches, none
// (aws-behaviour 3.5).
func (t *geolocation) pick(client *locate.Client) int {
	last := none
	for _, key := range geoKeys(client) {
		m := t.find(key)
		switch {
		case m == nil:
		case m.healthy:
			return int(m.member)
		case last == none:
			last = int(m.member)
		}
	}
	return last
}

// geoKeys returns the locations that client is in, the most specific first.
func geoKeys(client *locate.Client) [4]geoKey {
	return [4]geoKey{
		newGeoKey(geoSubdivision, client.Country, client.Subdivision),
		newGeoKey(geoCountry, client.Country),
		newGeoKey(geoContinent, client.Continent),
		newGeoKey(geoDefault),
	}
}

// find returns the member with that key, or nil.
func (t *geolocation) find(key geoKey) *located {
	i, ok := slices.BinarySearchFunc(t.members, key, func(m located, key geoKey) int { return cmp.Compare(m.key, key) })
	if !ok || key == noGeo {
		return nil
	}
	return &t.members[i]
}
