package zone

import "github.com/miekg/dns"

// lower returns name with ASCII letters in lower case, bytes beyond untouched:
// what makes the same name of it in the sense of RFC 4343.
func lower(name string) string {
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			return lowerFrom(name, i)
		}
	}
	return name
}

func lowerFrom(name string, i int) string {
	b := []byte(name)
	for ; i < len(b); i++ {
		if c := b[i]; 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// parent returns name without its leftmost label, "." for a single label.
func parent(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end || i >= len(name) {
		return "."
	}
	return name[i:]
}

// within tells whether name is zone or below it, label by label. Nothing is
// within the zone without a name.
func within(name, zone string) bool {
	if zone == "" {
		return false
	}
	for len(name) > len(zone) {
		name = parent(name)
	}
	return name == zone
}

// wildcard returns the wildcard name right below name.
func wildcard(name string) string { return "*." + name }
