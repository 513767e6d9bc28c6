package routing

import (
	"fmt"
	"slices"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// compared returns what the policy compared of member i for this client, and
// why it would prefer another, as if both were healthy.
func (g *Group) compared(client *locate.Client, i int) (figure, why string) {
	switch t := g.table.(type) {
	case *fixed:
		return "", "stands by"
	case *weighted:
		return t.figure(i)
	case *latency:
		return t.figure(client, i)
	case *geoproximity:
		return t.figure(client, i)
	case *geolocation:
		return t.figure(client, i)
	case *cidr:
		return t.figure(client, i)
	}
	return "", ""
}

func (t *weighted) figure(i int) (figure, why string) {
	at := slices.Index(t.members, int32(i))
	if at < 0 {
		return "", "weight 0 beside others"
	}
	before := uint32(0)
	if at > 0 {
		before = t.sums[at-1]
	}
	return fmt.Sprintf("draws [%d, %d)", before, t.sums[at]), "not drawn"
}

func (t *latency) figure(client *locate.Client, i int) (figure, why string) {
	for _, m := range t.members {
		if int(m.member) == i {
			why = "farther"
			if client.InChina() && !m.region.InChina() {
				why = "farther, or not in China like the client"
			}
			return fmt.Sprintf("%.1f ms to %s", client.Milliseconds(m.region), m.region), why
		}
	}
	return "", ""
}

func (t *geoproximity) figure(client *locate.Client, i int) (figure, why string) {
	for j := range t.members {
		if m := &t.members[j]; int(m.member) == i {
			return fmt.Sprintf("%.1f km, biased to %.1f km", client.Kilometres(m.point), m.distance(client)/1000), "farther"
		}
	}
	return "", ""
}

func (t *geolocation) figure(client *locate.Client, i int) (figure, why string) {
	for _, m := range t.members {
		if int(m.member) != i {
			continue
		}
		keys := geoKeys(client)
		if slices.Contains(keys[:], m.key) {
			return m.key.String(), "less specific"
		}
		return m.key.String(), noMatch
	}
	return "", "location already taken or unknown"
}

// String returns the location as `US-VA`, `FR`, `continent EU` or `default`.
func (k geoKey) String() string {
	first, second := code(k>>24), code(k)
	switch k >> 48 {
	case geoSubdivision:
		return first + "-" + second
	case geoCountry:
		return first
	case geoContinent:
		return "continent " + first
	}
	return "default"
}

// code returns the code in the low three bytes of k.
func code(k geoKey) string {
	b := []byte{byte(k >> 16), byte(k >> 8), byte(k)}
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

func (t *cidr) figure(client *locate.Client, i int) (figure, why string) {
	if int(t.fallback.member) == i {
		return "default location", "less specific"
	}
	location := slices.IndexFunc(t.members, func(l local) bool { return int(l.member) == i })
	if location < 0 {
		return "", "location already taken or unknown"
	}
	for b := t.collection.find(client.Prefix); b != nil; b = b.wider {
		if int(b.location) == location {
			return fmt.Sprintf("matches a /%d block", b.bits), "less specific"
		}
	}
	return "", noMatch
}
