package sni

import (
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddytls"
)

// selects tells whether the site's own selection takes k. Without one it takes
// all; of our own certificates it knows none.
func (c *Chooser) selects(k *Certificate) bool {
	p := c.Selection
	if p == nil {
		return true
	}
	if k.held == nil {
		return false
	}
	leaf := k.TLS.Leaf
	if len(p.SerialNumber) > 0 {
		found := false
		for i := range p.SerialNumber {
			found = found || leaf.SerialNumber.Cmp(&p.SerialNumber[i].Int) == 0
		}
		if !found {
			return false
		}
	}
	return overlap(p.SubjectOrganization, leaf.Subject.Organization) &&
		(p.PublicKeyAlgorithm == 0 || p.PublicKeyAlgorithm == caddytls.PublicKeyAlgorithm(leaf.PublicKeyAlgorithm)) &&
		overlap(p.AnyTag, k.held.Tags) &&
		containsAll(k.held.Tags, p.AllTags)
}

// overlap tells whether have holds one of want, or nothing is wanted.
func overlap(want, have []string) bool {
	for _, w := range want {
		if slices.Contains(have, w) {
			return true
		}
	}
	return len(want) == 0
}

// containsAll tells whether have holds all of want.
func containsAll(have, want []string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}
