package model

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
)

// InstanceHealthID returns the id of the health check that stands for an
// instance: the [RRset.HealthCheckID] of its records. Who says of that id that
// it is unhealthy takes the instance out of the answers, by the rules that hold
// for all health checks ("all when none is healthy" among them). Two may:
//
//   - checkers, where the service has health checks: the [HealthCheck] row of
//     that id, which is written and deleted with the instance;
//   - [Instance.Condition], where it has custom health or the instance has a
//     lease: no row of Route 53 stands behind the id then.
//
// The instance is healthy as long as neither says otherwise.
func InstanceHealthID(service, instance string) string {
	return NewUUID("instance health", service, instance)
}

// serviceWeight is the weight of every instance of a weighted service.
const serviceWeight = 1

// ServiceDNSName returns the name that a service of a DNS namespace has there,
// and whether it fits.
func ServiceDNSName(n *Namespace, s *Service) (Name, bool) {
	name, err := ParseName(s.Name + "." + n.Name)
	return name, err == nil
}

// InstanceRRsets returns the RRsets of the namespace's hosted zone that Cloud
// Map makes of an instance i of the service s, in the order in which the zone
// lists them (aws-behaviour 6.6). With the service's name as FQDN and the
// instance's id as set identifier they are, in a multivalue or weighted group
// (weight 1):
//
//	A, AAAA  FQDN             TTL A      203.0.113.1
//	SRV      FQDN             TTL SRV    1 1 PORT TARGET
//	         TARGET           TTL A      203.0.113.1        simple
//	CNAME    FQDN             TTL CNAME  NAME
//	alias    FQDN             ALIAS A    the load balancer, its target health evaluated
//
// TARGET is [InstanceTarget]. Records are derived wherever they are read: no
// row of an RRset stands behind them. Their version, where one is needed
// ([Stamped]), is that of the instance's row; [Visible] settles what cannot
// stand together, such as two instances whose ids differ in case only.
//
// The result is nil for services without records, for namespaces without a
// zone, and for attributes that make no valid record. It is a pure function and
// shares nothing with its arguments.
func InstanceRRsets(n *Namespace, s *Service, i *Instance) []*RRset {
	if !n.DNS() || s.DNS == nil {
		return nil
	}
	fqdn, ok := ServiceDNSName(n, s)
	if !ok {
		return nil
	}
	d := &derivation{zone: n.Zone, fqdn: fqdn, service: s, instance: i}
	if i.Attributes[AttrAlias] != "" {
		d.alias()
		return d.sets
	}
	d.address("A", AttrIPv4)
	d.address("AAAA", AttrIPv6)
	d.cname()
	d.srv()
	return d.sets
}

// derivation is the RRsets of an instance in the making.
type derivation struct {
	zone     string
	fqdn     Name
	service  *Service
	instance *Instance
	sets     []*RRset
}

// add appends r unless it is not valid.
func (d *derivation) add(r *RRset) bool {
	r.Zone = d.zone
	if r.Validate() != nil {
		return false
	}
	d.sets = append(d.sets, r)
	return true
}

// routed returns a member of the group of the service's name.
func (d *derivation) routed(rrtype string, ttl uint32, value string) *RRset {
	r := &RRset{Name: d.fqdn, Type: rrtype, SetID: d.instance.ID, TTL: ttl, Values: []string{value}}
	if d.service.HealthCheck != nil || d.instance.judged(d.service) {
		r.HealthCheckID = InstanceHealthID(d.service.ID, d.instance.ID)
	}
	if d.service.DNS.Policy == RouteMultivalue {
		r.MultiValue = true
	} else {
		weight := int64(serviceWeight)
		r.Weight = &weight
	}
	return r
}

// judged tells whether the instance has a condition.
func (i *Instance) judged(s *Service) bool { return s.CustomHealth != nil || i.Lease() > 0 }

// address adds the records of an address at the service's name.
func (d *derivation) address(rrtype, attribute string) {
	if rec, v := d.service.Record(rrtype), d.value(attribute); rec != nil && v != "" {
		d.add(d.routed(rrtype, rec.TTL, v))
	}
}

// value returns an attribute; of addresses, the spelling that records have.
func (d *derivation) value(attribute string) string {
	v := d.instance.Attributes[attribute]
	a, err := netip.ParseAddr(v)
	if err == nil && a.Zone() == "" {
		return a.String()
	}
	return v
}

func (d *derivation) cname() {
	if rec, v := d.service.Record("CNAME"), d.instance.Attributes[AttrCNAME]; rec != nil && v != "" {
		d.add(d.routed("CNAME", rec.TTL, v))
	}
}

// srv adds the SRV record and the addresses of its target.
func (d *derivation) srv() {
	rec, port := d.service.Record("SRV"), d.instance.Attributes[AttrPort]
	if rec == nil || port == "" {
		return
	}
	target, ok := InstanceTarget(d.fqdn, d.instance.ID)
	if !ok || !d.add(d.routed("SRV", rec.TTL, "1 1 "+port+" "+target.AWS())) {
		return
	}
	for _, a := range [...]struct{ rrtype, attribute string }{{"A", AttrIPv4}, {"AAAA", AttrIPv6}} {
		if v := d.value(a.attribute); v != "" {
			d.add(&RRset{Name: target, Type: a.rrtype, TTL: rec.TTL, Values: []string{v}})
		}
	}
}

// alias adds aliases to a load balancer, of the types that the service has.
func (d *derivation) alias() {
	target, err := ParseName(d.instance.Attributes[AttrAlias])
	zone := ResourceOf(target).ZoneID()
	if err != nil || zone == "" {
		return
	}
	for _, rrtype := range [...]string{"A", "AAAA"} {
		if d.service.Record(rrtype) == nil {
			continue
		}
		r := d.routed(rrtype, 0, "")
		r.Values = nil
		r.Alias = &AliasTarget{ZoneID: zone, Name: target, EvaluateTargetHealth: true}
		if !d.instance.judged(d.service) {
			r.HealthCheckID = "" // AWS makes no health check for these
		}
		d.add(r)
	}
}

// InstanceTarget returns the name that an SRV record of an instance leads to,
// below the service's name, and whether it fits. It is the id in lower case.
// What host names may not have becomes a hyphen; then, and where the label
// would be too long, the first eight hexadecimal digits of the id's SHA-256
// follow a further hyphen.
func InstanceTarget(fqdn Name, id string) (Name, bool) {
	label := []byte(strings.ToLower(id))
	exact := len(label) <= 63
	for i, c := range label {
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			label[i], exact = '-', false
		}
	}
	text := string(label)
	if !exact {
		sum := sha256.Sum256([]byte(id))
		text = text[:min(len(text), 63-9)] + "-" + hex.EncodeToString(sum[:4])
	}
	name, err := ParseName(text + "." + string(fqdn))
	return name, err == nil
}
