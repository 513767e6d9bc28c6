package route53sim

import (
	"slices"

	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/state/node"
)

// settings are the properties that belong to the process: they stand in one
// block of a Corefile, or the same in each.
type settings struct {
	node    node.Config
	sources []importer.Source
}

// empty tells whether none is set.
func (s settings) empty() bool {
	n := s.node
	return n.Data == "" && n.Name == "" && n.Region == "" && n.Gossip == nil && len(s.sources) == 0
}

// diff returns the names of the properties in which s and t differ.
func (s settings) diff(t settings) []string {
	names := s.node.Diff(t.node)
	if !slices.Equal(s.sources, t.sources) {
		names = append(names, "load")
	}
	return names
}
