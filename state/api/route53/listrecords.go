package route53

import (
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/registry"
	"github.com/edgestage/edgestage/state/model"
)

// The size of a page (aws-behaviour 2.9).
const (
	recordPage    = 100
	maxRecordPage = 300
)

type listResourceRecordSetsResponse struct {
	ResourceRecordSets   resourceRecordSets `xml:"ResourceRecordSets"`
	IsTruncated          bool               `xml:"IsTruncated"`
	NextRecordName       string             `xml:"NextRecordName,omitempty"`
	NextRecordType       string             `xml:"NextRecordType,omitempty"`
	NextRecordIdentifier string             `xml:"NextRecordIdentifier,omitempty"`
	MaxItems             string             `xml:"MaxItems"`
}

type resourceRecordSets struct {
	ResourceRecordSet []resourceRecordSet `xml:"ResourceRecordSet"`
}

// listResourceRecordSets lists by reversed name, type and set identifier, from
// the cursor on: the order of the rows' keys, so a page costs no more than
// what is on it.
func listResourceRecordSets(c *call) (any, error) {
	size, err := c.pageSize("maxitems", recordPage, maxRecordPage)
	if err != nil {
		return nil, err
	}
	id := bare(c.params["Id"])
	from, err := c.recordCursor(id)
	if err != nil {
		return nil, err
	}
	res := listResourceRecordSetsResponse{MaxItems: strconv.Itoa(size)}
	err = c.view(func(rd *state.Reader) error {
		z, err := c.zone(rd, id)
		if err != nil {
			return err
		}
		once := listedOnce{rd: rd}
		c.eachVisible(rd, z, from, func(s *model.RRset) bool {
			shape, listed := once.shape(s)
			if !listed {
				return true
			}
			if len(res.ResourceRecordSets.ResourceRecordSet) == size {
				res.IsTruncated, res.NextRecordName, res.NextRecordType, res.NextRecordIdentifier = true, shape.Name, shape.Type, value(shape.SetIdentifier)
				return false
			}
			res.ResourceRecordSets.ResourceRecordSet = append(res.ResourceRecordSets.ResourceRecordSet, shape)
			return true
		})
		return nil
	})
	return res, err
}

// recordCursor returns the key that the page begins at.
func (c *call) recordCursor(zone string) (string, error) {
	name, _ := c.param("name")
	rrtype, _ := c.param("type")
	setID, _ := c.param("identifier")
	switch {
	case rrtype != "" && name == "":
		return "", invalid("Record name must be specified when record type is specified")
	case setID != "" && rrtype == "":
		return "", invalid("Record name and record type must be specified when record identifier is specified")
	case name == "":
		return model.RRsetPrefix(zone), nil
	}
	if _, ok := model.TypeCode(rrtype); !ok && rrtype != "" {
		return "", invalid("1 validation error detected: Value '%.64s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			rrtype, strings.Join(model.Types, ", "))
	}
	n, err := model.ParseName(name)
	if err != nil {
		return "", invalid("%v", err)
	}
	return model.RRsetKey(zone, n, rrtype, setID), nil
}

// eachVisible calls f for the RRsets of a zone that stand and are not before
// the key from, in order, until f returns false: stored ones, and those that
// are derived from the instances of a namespace.
func (c *call) eachVisible(rd *state.Reader, z *model.Zone, from string, f func(s *model.RRset) bool) {
	var rows []model.Stamped // of one name
	flush := func() bool {
		kept, _ := model.Visible(rows)
		for _, s := range kept {
			if s.Key() >= from && !f(s.RRset) {
				return false
			}
		}
		rows = rows[:0]
		return true
	}
	more := true
	c.eachRRset(rd, z, nameStart(from), func(s model.Stamped) bool {
		if len(rows) > 0 && rows[0].Name != s.Name {
			if more = flush(); !more {
				return false
			}
		}
		rows = append(rows, s)
		return true
	})
	if more && len(rows) > 0 {
		flush()
	}
}

// eachRRset calls f for the RRsets of a zone that are not before the key from,
// in the order of keys, until f returns false.
func (c *call) eachRRset(rd *state.Reader, z *model.Zone, from string, f func(s model.Stamped) bool) {
	derived := c.derived(rd, z)
	for len(derived) > 0 && derived[0].Key() < from {
		derived = derived[1:]
	}
	more := true
	rd.Range(model.TableRRsets, model.RRsetPrefix(z.ID), from, func(v model.Value, ver state.Version) bool {
		s := model.Stamped{RRset: v.(*model.RRset), Stamp: ver.Stamp, Origin: uint64(ver.Origin)}
		for more && len(derived) > 0 && derived[0].Key() < s.Key() {
			more = f(derived[0])
			derived = derived[1:]
		}
		more = more && f(s)
		return more
	})
	for i := 0; more && i < len(derived); i++ {
		more = f(derived[i])
	}
}

// derived returns the RRsets of a namespace's zone that no row stands behind,
// in the order of keys; nil for other zones.
func (c *call) derived(rd *state.Reader, z *model.Zone) []model.Stamped {
	if z.Namespace == "" {
		return nil
	}
	return registry.Records(rd, z, c.config.Now().UnixMilli())
}

// nameStart returns the first key of the name that a key belongs to: what
// stands at a name is settled among all its rows.
func nameStart(key string) string {
	parts := strings.SplitN(key, "\x00", 3)
	if len(parts) < 3 {
		return key
	}
	return parts[0] + "\x00" + parts[1] + "\x00"
}
