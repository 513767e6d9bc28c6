package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/edgestage/edgestage/state/model"
)

// parseJSON reads an export: one object with any of the members below.
func parseJSON(path string, data []byte, account string) (*Document, error) {
	r := &jsonReader{
		draft: newDraft(path, data, account), data: data, dec: json.NewDecoder(bytes.NewReader(data)),
		members: make(map[string]bool), offsets: make(map[*model.RRset]int), checks: make(map[string]bool),
	}
	r.dec.DisallowUnknownFields()
	r.where = func(s *model.RRset) place {
		if at, ok := r.offsets[s]; ok {
			return r.at(at)
		}
		return r.at(r.zoneAt) // one that the file lacks
	}
	r.zoneAt = r.offset()
	err := r.object(r.member)
	if err == nil {
		err = r.end()
	}
	if err == nil {
		r.finish()
	}
	r.sortFaults()
	return r.result()
}

// member reads one member of the document.
func (r *jsonReader) member(key string, at int) error {
	if r.members[key] {
		r.report(at, key, []error{errors.New("the member is there twice")})
	}
	r.members[key] = true
	switch key {
	case "HostedZone":
		r.zoneAt = r.offset()
		r.hosted = new(jsonHostedZone)
		return r.element(key, r.hosted)
	case "DelegationSet":
		r.set = new(jsonDelegationSet)
		return r.element(key, r.set)
	case "VPCs":
		return r.array(key, r.readVPC)
	case "ResourceRecordSets":
		return r.array(key, r.readRRset)
	case "HealthChecks":
		return r.array(key, r.readHealthCheck)
	}
	var value json.RawMessage
	if err := r.dec.Decode(&value); err != nil {
		return r.syntax(err)
	}
	r.pager(key, string(value), at)
	return nil
}

// pager checks the members that lists carry for their pages.
func (r *jsonReader) pager(key, value string, at int) {
	switch key {
	case "IsTruncated":
		if value != "false" {
			r.report(at, key, []error{fmt.Errorf("the export is incomplete: IsTruncated is %s", value)})
		}
	case "NextToken":
		if value != "null" && value != `""` {
			r.report(at, key, []error{errors.New("the export is incomplete: there is a NextToken")})
		}
	case "MaxItems", "Marker", "NextMarker", "NextRecordName", "NextRecordType", "NextRecordIdentifier":
	default:
		r.report(at, "", []error{fmt.Errorf("unknown field %q", key)})
	}
}

// element reads a member that is one object.
func (r *jsonReader) element(name string, v any) error {
	at := r.offset()
	reasons, err := r.decode(v)
	if err != nil {
		return err
	}
	r.report(at, name, reasons)
	return nil
}

func (r *jsonReader) readVPC() error {
	var v jsonVPC
	if err := r.element("VPCs", &v); err != nil {
		return err
	}
	r.vpcs = append(r.vpcs, model.VPC{ID: v.VPCId, Region: v.VPCRegion})
	return nil
}

// finish makes a document of what was read.
func (r *jsonReader) finish() {
	if r.hosted == nil && !r.members["ResourceRecordSets"] {
		if !r.members["HealthChecks"] || r.set != nil || len(r.vpcs) > 0 {
			r.report(r.zoneAt, "", []error{errors.New("there is neither a HostedZone nor ResourceRecordSets")})
		}
		return
	}
	zone, ok := r.zone()
	r.doc.Zone = zone
	if !ok || !r.nameZone() {
		return
	}
	r.complete()
	r.validateRecords()
	r.validateZone(r.at(r.zoneAt))
}

// zone returns the zone as far as the document describes it, and whether its
// name can be read.
func (r *jsonReader) zone() (z *model.Zone, ok bool) {
	z = &model.Zone{Account: r.doc.account, VPCs: r.vpcs, Private: len(r.vpcs) > 0}
	ok = true
	if h := r.hosted; h != nil {
		z.ID, z.CallerReference, z.Comment, z.Private = bareID(h.Id), h.CallerReference, h.Config.Comment, h.Config.PrivateZone
		var err error
		if z.Name, err = model.ParseName(h.Name); err != nil {
			r.report(r.zoneAt, "HostedZone", []error{fmt.Errorf("name: %w", err)})
			ok = false
		}
		if !z.Private && len(r.vpcs) > 0 {
			r.report(r.zoneAt, "HostedZone", []error{errors.New("a public zone has no VPCs")})
		}
	}
	if s := r.set; s != nil {
		z.DelegationSetID = bareID(s.Id)
		for _, host := range s.NameServers {
			n, err := model.ParseName(host)
			if err != nil {
				r.report(r.zoneAt, "DelegationSet", []error{err})
				continue
			}
			z.NameServers = append(z.NameServers, n)
		}
	}
	return z, ok
}
