// Package policy reads the documents of traffic policies (formats 2015-10-01
// and 2023-05-09) and expands them to the RRsets of an instance.
//
// A document is read strictly: what the format does not name, what is missing,
// stands twice or leads nowhere is a fault with the place where it stands, and
// all faults are found at once. What it expands to is a tree of aliases, as one
// would write it by hand: the start at the instance's name, each further rule at
// a name of its own that nobody else writes. Everything here is a pure function
// of its arguments and safe for concurrent use. The format is that of "Traffic
// Policy Document Format" in the Route 53 API Reference.
package policy

import (
	"fmt"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// The limits of a document.
const (
	// MaxBytes is its length (the shape TrafficPolicyDocument).
	MaxBytes = 102400
	// maxDepth is how many rules may lead on to each other.
	maxDepth = 50
	// maxID is how long ids of endpoints and rules may be.
	maxID = 100
)

// The versions of the format. The later one places geoproximity by Location.
const (
	version2015 = "2015-10-01"
	version2023 = "2023-05-09"
)

// Document is a traffic policy that is whole and valid.
type Document struct {
	// Type is the type of all its records, one of [model.Types].
	Type string

	start     reference
	endpoints map[string]*endpoint
	rules     map[string]*rule
}

// reference leads to an endpoint or a rule, one of them.
type reference struct{ endpoint, rule string }

// endpoint is where traffic goes: a record's value, or a resource's name.
type endpoint struct {
	place string
	value string     // of a record
	alias model.Name // of a resource, "" for a record
	zone  string     // the hosted zone id of the resource's names
}

// rule chooses among items.
type rule struct {
	place string
	items []*item
}

// item is one way on from a rule.
type item struct {
	place string
	to    reference
	// evaluate says whether the health of what it leads to counts; nil where
	// the document does not say.
	evaluate *bool
	check    string // a health check, "" for none
	// policy has the members of an RRset that make the item a member of the
	// rule's group.
	policy model.RRset
}

// Faults are all that is wrong with a document, each with its place.
type Faults []string

// Error lists the faults.
func (f Faults) Error() string { return "[" + strings.Join(f, ", ") + "]" }

// How many faults one answer lists, and how many bytes of each.
const (
	maxFaults     = 100
	maxFaultBytes = 1000
)

func (f *Faults) add(place, format string, args ...any) {
	if len(*f) >= maxFaults {
		return
	}
	if place == "" {
		place = "document"
	}
	text := place + ": " + fmt.Sprintf(format, args...)
	if len(text) > maxFaultBytes {
		text = strings.ToValidUTF8(text[:maxFaultBytes], "") + "..."
	}
	*f = append(*f, text)
}

// Parse reads a document. The error is a [Faults].
func Parse(text string) (*Document, error) {
	if len(text) > MaxBytes {
		return nil, Faults{fmt.Sprintf("document: %d bytes, at most %d are allowed", len(text), MaxBytes)}
	}
	tree, err := parseJSON(text)
	if err != nil {
		return nil, Faults{err.Error()}
	}
	r := &reader{}
	d := r.document(tree)
	if len(r.faults) == 0 {
		r.checkReferences(d)
	}
	if len(r.faults) == 0 {
		r.checkExpansion(d)
	}
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	return d, nil
}

// checkReferences finds what leads nowhere, or back.
func (r *reader) checkReferences(d *Document) {
	r.checkReference(d, "document", "Start", d.start)
	for _, id := range sortedKeys(d.rules) {
		for _, it := range d.rules[id].items {
			r.checkReference(d, it.place, "", it.to)
		}
	}
	if len(r.faults) > 0 {
		return
	}
	depth := make(map[string]int)
	if d.start.rule != "" {
		r.depth(d, d.start.rule, depth)
	}
	for _, id := range sortedKeys(d.rules) {
		r.depth(d, id, depth)
	}
}

func (r *reader) checkReference(d *Document, place, start string, to reference) {
	if to.endpoint != "" && d.endpoints[to.endpoint] == nil {
		r.faults.add(place, "%s names the endpoint %q, which is not among Endpoints", memberName(start, "Endpoint"), to.endpoint)
	}
	if to.rule != "" && d.rules[to.rule] == nil {
		r.faults.add(place, "%s names the rule %q, which is not among Rules", memberName(start, "Rule"), to.rule)
	}
}

// memberName returns the member that a reference stands in.
func memberName(start, kind string) string {
	if start != "" {
		return start + kind
	}
	return kind + "Reference"
}

// depth returns how many rules lead on from one, itself included; underWay
// marks those that lead here.
func (r *reader) depth(d *Document, id string, known map[string]int) int {
	const underWay = -1
	if n, ok := known[id]; ok {
		return n
	}
	known[id] = underWay
	deepest := 0
	for _, it := range d.rules[id].items {
		if it.to.rule == "" {
			continue
		}
		n := r.depth(d, it.to.rule, known)
		if n == underWay {
			r.faults.add(it.place, "the rule %q leads back to itself", it.to.rule)
			continue
		}
		deepest = max(deepest, n)
	}
	if deepest == maxDepth {
		r.faults.add(d.rules[id].place, "more than %d rules lead on to each other", maxDepth)
	}
	known[id] = min(deepest+1, maxDepth)
	return known[id]
}

// checkExpansion finds what may not be an RRset, and groups that are too large.
func (r *reader) checkExpansion(d *Document) {
	e := &expansion{Instance: Instance{ID: "00000000-0000-8000-8000-000000000000", ZoneID: "Z0", ZoneName: "example.org.", Name: "www.example.org."}, doc: d}
	for _, id := range sortedKeys(d.rules) {
		e.rule(id, "x.example.org.")
		limit := model.MaxGroup
		for _, it := range d.rules[id].items {
			if it.policy.GeoProximity != nil {
				limit = model.MaxGeoproximity
			}
		}
		if n := len(d.rules[id].items); n > limit {
			r.faults.add(d.rules[id].place, "%d ways on, at most %d are allowed", n, limit)
		}
	}
	if d.start.endpoint != "" {
		e.simple("x.example.org.")
	}
	for i, s := range e.sets {
		for _, err := range faultsOf(s) {
			r.faults.add(e.places[i], "%v", err)
		}
	}
}
