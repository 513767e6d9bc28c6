package importer

import (
	"errors"
	"regexp"
	"slices"

	"github.com/edgestage/edgestage/state/model"
)

// nameZone gives the zone its name where only the SOA tells it, and its id
// where none is given. It returns false where the zone cannot be known.
func (d *draft) nameZone() bool {
	z := d.doc.Zone
	if z.Name == "" {
		i := slices.IndexFunc(d.doc.RRsets, func(r *model.RRset) bool { return r.Type == "SOA" })
		if i < 0 {
			d.fault(place{}, "", errors.New("neither a HostedZone nor an SOA record says which zone this is"))
			return false
		}
		z.Name = d.doc.RRsets[i].Name
	}
	if z.ID == "" {
		z.ID = model.NewZoneID(z.Account, "load", z.Name)
	}
	if z.CallerReference == "" {
		z.CallerReference = "load " + z.Name.AWS()
	}
	return true
}

var zoneID = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)

// complete adds what every zone has: a delegation set, SOA and NS at the apex.
func (d *draft) complete() {
	z := d.doc.Zone
	soa, ns := d.apex("SOA"), d.apex("NS")
	switch {
	case len(z.NameServers) > 0:
	case z.Private:
		z.NameServers = model.PrivateNameServers()
	case ns != nil:
		for _, v := range ns.Values {
			if n, err := model.ParseName(v); err == nil {
				z.NameServers = append(z.NameServers, n)
			}
		}
	default:
		z.NameServers = model.DelegationServers(z.ID)
	}
	var added []*model.RRset
	if soa == nil && len(z.NameServers) > 0 {
		added = append(added, model.DefaultSOA(z))
	}
	if ns == nil {
		added = append(added, model.DefaultNS(z))
	}
	d.doc.RRsets = append(added, d.doc.RRsets...)
	id := z.ID
	if !zoneID.MatchString(id) {
		id = "Z0" // the zone is refused for it: no need to say so of each RRset
	}
	for _, r := range d.doc.RRsets {
		r.Zone = id
	}
}

func (d *draft) apex(rrtype string) *model.RRset {
	for _, r := range d.doc.RRsets {
		if r.Type == rrtype && r.Name == d.doc.Zone.Name {
			return r
		}
	}
	return nil
}

// validateRecords checks the RRsets one by one, and makes their rows.
func (d *draft) validateRecords() {
	rows, faults := prepare(d.doc.RRsets)
	for _, f := range faults {
		if r := d.doc.RRsets[f.index]; !d.broken[r] {
			d.fault(d.where(r), recordName(r), f.err)
		}
	}
	d.doc.rows = rows
}

// validateZone checks the zone as a whole.
func (d *draft) validateZone(zoneAt place) {
	z := d.doc.Zone
	if err := z.Validate(); err != nil {
		d.fault(zoneAt, "hosted zone "+z.Name.AWS(), err)
	}
	for _, err := range model.CheckZone(z, d.doc.RRsets) {
		e := err.(*model.ZoneError)
		if e.RRset == nil {
			d.fault(zoneAt, "", err)
			continue
		}
		d.fault(d.where(e.RRset), recordName(e.RRset), err)
	}
}

// sortFaults brings faults of one file into its order.
func (d *draft) sortFaults() {
	slices.SortStableFunc(d.faults, func(a, b error) int {
		f, g := a.(*Fault), b.(*Fault)
		if f.File != g.File {
			return 0
		}
		return f.Line - g.Line
	})
}
