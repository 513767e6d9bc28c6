package dnsprovider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// The reasons why nobody would find a value under a name.
var (
	// ErrNoZone says that no hosted zone of the cluster holds the name.
	ErrNoZone = errors.New("is in no public hosted zone of this cluster")
	// ErrDelegated says that a zone of the cluster delegates the name away.
	ErrDelegated = errors.New("is delegated to other name servers")
	// ErrChain says that CNAMEs lead on and on, or different ways.
	ErrChain = errors.New("is a CNAME that leads to no one name")
)

// maxChain is how many CNAMEs are followed.
const maxChain = 16

// locate returns the name that whoever asks for TXT of name ends up at: where
// its CNAMEs lead.
func locate(rd *state.Reader, name model.Name) (model.Name, error) {
	zones := publicZones(rd)
	at := name
	for range maxChain {
		next, err := step(rd, zones, at)
		if err != nil {
			if at != name {
				return "", fmt.Errorf("%s, where %s leads, %w", at, name, err)
			}
			return "", fmt.Errorf("%s %w", name, err)
		}
		if next == "" {
			return at, nil
		}
		at = next
	}
	return "", fmt.Errorf("%s %w", name, ErrChain)
}

// located is locate where an unknown place is no error: then it is the name.
func located(rd *state.Reader, name model.Name) model.Name {
	if at, err := locate(rd, name); err == nil {
		return at
	}
	return name
}

// publicZones returns the hosted zones that are served, by name: of several
// public ones the earliest created, then the first by id (aws-behaviour 3.2).
func publicZones(rd *state.Reader) map[model.Name]*model.Zone {
	zones := make(map[model.Name]*model.Zone)
	rd.Range(model.TableZones, "", "", func(v model.Value, _ state.Version) bool {
		z := v.(*model.Zone)
		if other := zones[z.Name]; !z.Private && (other == nil || z.Created.Before(other.Created)) {
			zones[z.Name] = z
		}
		return true
	})
	return zones
}

// step returns where the CNAME at name leads, "" if there is none.
func step(rd *state.Reader, zones map[model.Name]*model.Zone, name model.Name) (model.Name, error) {
	apex := name
	for zones[apex] == nil {
		if apex == "." {
			if name.Within(model.ValidationZone) {
				return "", nil
			}
			return "", ErrNoZone
		}
		apex = apex.Parent()
	}
	id := zones[apex].ID
	for at := name; at != apex; at = at.Parent() {
		for _, s := range visible(rd, id, at) {
			if s.Type == "NS" {
				return "", fmt.Errorf("%w at %s", ErrDelegated, at)
			}
		}
	}
	return cname(visible(rd, id, name))
}

// visible returns the RRsets of a name.
func visible(rd *state.Reader, zone string, name model.Name) []model.Stamped {
	var rows []model.Stamped
	rd.Range(model.TableRRsets, model.RRsetNamePrefix(zone, name), "", func(v model.Value, version state.Version) bool {
		rows = append(rows, model.Stamped{RRset: v.(*model.RRset), Stamp: version.Stamp, Origin: uint64(version.Origin)})
		return true
	})
	kept, _ := model.Visible(rows)
	return kept
}

// cname returns where the CNAME among sets leads, "" if there is none.
func cname(sets []model.Stamped) (model.Name, error) {
	for _, s := range sets {
		if s.Type != "CNAME" {
			continue
		}
		if len(sets) > 1 || s.Alias != nil || len(s.Values) != 1 {
			return "", ErrChain
		}
		return model.ParseName(strings.TrimSpace(s.Values[0]))
	}
	return "", nil
}
