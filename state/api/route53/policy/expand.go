package policy

import (
	"fmt"
	"maps"
	"slices"

	"github.com/edgestage/edgestage/state/model"
)

// Instance is what a document is expanded for.
type Instance struct {
	// ID is the traffic policy instance's.
	ID string
	// ZoneID and ZoneName are of the hosted zone, Name is a name in it.
	ZoneID         string
	ZoneName, Name model.Name
	TTL            uint32
}

// Expand returns the RRsets of an instance, what others lead to before them.
// All carry the instance's id. The error says that the names of rules do not
// fit below the zone's.
func (d *Document) Expand(in Instance) ([]*model.RRset, error) {
	e := &expansion{Instance: in, doc: d, names: make(map[string]model.Name)}
	if d.start.endpoint != "" {
		e.simple(in.Name)
		return e.sets, nil
	}
	if err := e.name(d.start.rule); err != nil {
		return nil, err
	}
	return e.sets, nil
}

// expansion is a document on its way to RRsets.
type expansion struct {
	Instance
	doc    *Document
	sets   []*model.RRset
	places []string // of the sets
	// names are those of the rules that were expanded; nil: names do not matter.
	names map[string]model.Name
}

// name gives a rule, and those that it leads to, their names, and expands them:
// the first rule stands at the instance's name.
func (e *expansion) name(id string) error {
	name := e.Name
	if n := len(e.names); n > 0 {
		var err error
		if name, err = model.PolicyRuleName(e.ZoneName, e.ID, n); err != nil {
			return err
		}
	}
	e.names[id] = name
	for _, it := range e.doc.rules[id].items {
		if it.to.rule == "" || e.names[it.to.rule] != "" {
			continue
		}
		if err := e.name(it.to.rule); err != nil {
			return err
		}
	}
	e.rule(id, name)
	return nil
}

// rule expands one rule at a name.
func (e *expansion) rule(id string, name model.Name) {
	for i, it := range e.doc.rules[id].items {
		s := it.policy
		s.SetID = fmt.Sprintf("%d %s%s", i+1, it.to.endpoint, it.to.rule)
		s.HealthCheckID = it.check
		e.lead(&s, it)
		e.add(&s, name, it.place)
	}
}

// lead says what a member leads to. The health of what it leads to counts
// unless the document says otherwise, or there is none, as for CloudFront.
func (e *expansion) lead(s *model.RRset, it *item) {
	if it.to.rule != "" {
		target := model.Name("x.example.org.")
		if e.names != nil {
			target = e.names[it.to.rule]
		}
		s.Alias = &model.AliasTarget{ZoneID: e.ZoneID, Name: target, EvaluateTargetHealth: it.evaluate == nil || *it.evaluate}
		return
	}
	end := e.doc.endpoints[it.to.endpoint]
	e.end(s, end)
	if s.Alias != nil {
		s.Alias.EvaluateTargetHealth = model.ResourceOf(end.alias).Kind != model.EndpointCloudFront
		if it.evaluate != nil {
			s.Alias.EvaluateTargetHealth = *it.evaluate
		}
	}
}

// end has s lead to an endpoint.
func (e *expansion) end(s *model.RRset, end *endpoint) {
	if end.alias == "" {
		s.TTL, s.Values = e.TTL, []string{end.value}
		return
	}
	s.Alias = &model.AliasTarget{ZoneID: end.zone, Name: end.alias}
}

// simple expands a document that starts at an endpoint.
func (e *expansion) simple(name model.Name) {
	var s model.RRset
	end := e.doc.endpoints[e.doc.start.endpoint]
	e.end(&s, end)
	e.add(&s, name, end.place)
}

func (e *expansion) add(s *model.RRset, name model.Name, place string) {
	s.Zone, s.Name, s.Type, s.TrafficPolicyInstanceID = e.ZoneID, name, e.doc.Type, e.ID
	e.sets, e.places = append(e.sets, s), append(e.places, place)
}

// faultsOf returns what is wrong with an RRset by itself.
func faultsOf(s *model.RRset) []error {
	err := s.Validate()
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
