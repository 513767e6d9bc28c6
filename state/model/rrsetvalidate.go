package model

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxTTL    = 1<<31 - 1
	maxValues = 400
	maxSetID  = 128
)

// Validate implements [Value]: it returns every fault that the RRset has by
// itself, in Route 53's words where AWS has any (aws-behaviour 2.4, 2.5, 2.7),
// joined in the order of the API's members. What depends on other RRsets or on
// the zone is [CheckZone]'s.
func (r *RRset) Validate() error {
	var errs []error
	errs = r.validateKey(errs)
	errs = r.validatePolicy(errs)
	errs = r.validateMembers(errs)
	errs = r.validateSource(errs)
	errs = r.validateAlias(errs)
	errs = r.validateValues(errs)
	errs = r.validateKind(errs)
	return errors.Join(errs...)
}

// label returns how Route 53's messages about RRsets begin.
func (r *RRset) label() string {
	s := fmt.Sprintf("RRSet with DNS name %s, type %s", r.Name.AWS(), r.Type)
	if r.SetID != "" {
		s += ", SetIdentifier " + r.SetID
	}
	return s
}

func (r *RRset) combination(text string) error {
	return &CombinationError{Text: text, Name: r.Name, Type: r.Type, SetID: r.SetID}
}

// validateKey checks what the row's key is made of.
func (r *RRset) validateKey(errs []error) []error {
	if !validID(r.Zone, 'Z') {
		errs = append(errs, fmt.Errorf("hosted zone id %q is not Z and up to 31 of [A-Z0-9]", r.Zone))
	}
	if err := r.Name.check(); err != nil {
		errs = append(errs, err)
	}
	if _, ok := rdataTypes[r.Type]; !ok {
		errs = append(errs, unknownType(r.Type))
	}
	if n := utf8.RuneCountInString(r.SetID); n > maxSetID {
		errs = append(errs, &ConstraintError{"setIdentifier", r.SetID, fmt.Sprintf("have length less than or equal to %d", maxSetID)})
	}
	if !utf8.ValidString(r.SetID) || strings.ContainsFunc(r.SetID, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		errs = append(errs, fmt.Errorf("set identifier %q has characters that cannot be printed", r.SetID))
	}
	return errs
}

// check returns an error unless n is a name as [ParseName] gives it.
func (n Name) check() error {
	if n.plain() {
		return nil
	}
	p, err := ParseName(n.AWS())
	if err == nil && p != n {
		err = fmt.Errorf("name %q is not in its canonical form %q", string(n), string(p))
	}
	return err
}

// plain tells whether n is valid and has no escapes: a quick yes for most
// names.
func (n Name) plain() bool {
	if len(n) < 2 || len(n) > maxNameBytes+1 || n[len(n)-1] != '.' {
		return false
	}
	start := 0
	for i := range len(n) {
		switch {
		case n[i] == '.':
			if i == start || i-start > 63 {
				return false
			}
			start = i + 1
		case !plainByte(n[i]):
			return false
		}
	}
	return true
}

// validatePolicy checks that there is one policy at most, and a set
// identifier with it only.
func (r *RRset) validatePolicy(errs []error) []error {
	policies := count(r.Weight != nil, r.Region != "", r.Failover != "", r.Geo != nil, r.MultiValue, r.GeoProximity != nil, r.CIDR != nil)
	if policies > 1 || policies == 0 && r.SetID != "" {
		errs = append(errs, r.combination("Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, "+
			"GeoProximityLocation, or CidrRoutingConfig], but found "+noneOrMore(policies)))
	}
	if policies > 0 && r.SetID == "" {
		errs = append(errs, r.combination("Missing field 'SetIdentifier'"))
	}
	return errs
}

var (
	uuid         = regexp.MustCompile(`^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$`)
	cidrLocation = regexp.MustCompile(`^(?:\*|[0-9A-Za-z_-]{1,16})$`)
)

// validateMembers checks each policy's own values.
func (r *RRset) validateMembers(errs []error) []error {
	if w := r.Weight; w != nil && *w < 0 {
		errs = append(errs, &ConstraintError{"weight", strconv.FormatInt(*w, 10), "have value greater than or equal to 0"})
	} else if w != nil && *w > 255 {
		errs = append(errs, &ConstraintError{"weight", strconv.FormatInt(*w, 10), "have value less than or equal to 255"})
	}
	if r.Region != "" && !knownRegion[r.Region] {
		errs = append(errs, &ConstraintError{"region", r.Region, "satisfy enum value set: [" + strings.Join(Regions, ", ") + "]"})
	}
	if r.Geo != nil {
		if err := r.Geo.validate(); err != nil {
			errs = append(errs, err)
		}
	}
	if f := r.Failover; f != "" && f != FailoverPrimary && f != FailoverSecondary {
		errs = append(errs, &ConstraintError{"failover", f, "satisfy enum value set: [PRIMARY, SECONDARY]"})
	}
	if c := r.CIDR; c != nil && !uuid.MatchString(c.CollectionID) {
		errs = append(errs, &ConstraintError{"cidrRoutingConfig.collectionId", c.CollectionID, "satisfy regular expression pattern: " + uuid.String()})
	}
	if c := r.CIDR; c != nil && !cidrLocation.MatchString(c.Location) {
		errs = append(errs, &ConstraintError{"cidrRoutingConfig.locationName", c.Location, "satisfy regular expression pattern: " + cidrLocation.String()})
	}
	if r.GeoProximity != nil {
		errs = append(errs, r.GeoProximity.validate()...)
	}
	if h := r.HealthCheckID; h != "" && !healthCheckID.MatchString(h) {
		errs = append(errs, fmt.Errorf("health check id %q is not 1 to 64 of [0-9A-Za-z_-]", h))
	}
	return errs
}

// validateSource checks that there are either values or an alias.
func (r *RRset) validateSource(errs []error) []error {
	sources := count(r.Alias != nil, len(r.Values) > 0)
	if sources != 1 || r.Alias != nil && r.TTL != 0 {
		errs = append(errs, r.combination("Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found "+noneOrMore(sources)))
	}
	if r.TTL > maxTTL {
		errs = append(errs, &ConstraintError{"tTL", strconv.FormatUint(uint64(r.TTL), 10), fmt.Sprintf("have value less than or equal to %d", maxTTL)})
	}
	return errs
}

// validateAlias checks where an alias leads.
func (r *RRset) validateAlias(errs []error) []error {
	a := r.Alias
	if a == nil {
		return errs
	}
	if !validID(a.ZoneID, 'Z') {
		errs = append(errs, fmt.Errorf("alias target's hosted zone id %q is not Z and up to 31 of [A-Z0-9]", a.ZoneID))
	}
	if err := a.Name.check(); err != nil {
		errs = append(errs, fmt.Errorf("alias target: %w", err))
	}
	if r.Type == "NS" || r.Type == "SOA" {
		errs = append(errs, sentence("RRSet with DNS name %s, type %s contains an alias target, but aliases of that type are forbidden", r.Name.AWS(), r.Type))
	}
	if a.EvaluateTargetHealth && a.ZoneID == cloudFrontZone {
		errs = append(errs, sentence("EvaluateTargetHealth must be false for an alias to a CloudFront distribution, got true"))
	}
	return errs
}

// validateValues checks the records one by one, and that none is there twice.
func (r *RRset) validateValues(errs []error) []error {
	if _, ok := rdataTypes[r.Type]; !ok {
		return errs
	}
	limit := maxValues
	if r.Type == "CNAME" || r.Type == "SOA" {
		limit = 1
	}
	if len(r.Values) > limit {
		return append(errs, sentence("Cannot have more than %d records in a RRSet.", limit))
	}
	var seen map[string]bool
	if len(r.Values) > 1 {
		seen = make(map[string]bool, len(r.Values))
	}
	for _, v := range r.Values {
		rr, err := ParseRdata(r.Type, v)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if seen == nil {
			continue
		}
		canonical, _ := FormatRdata(rr) // cannot fail: ParseRdata made it
		if seen[canonical] {
			errs = append(errs, sentence("Duplicate Resource Record: '%s'", v))
		}
		seen[canonical] = true
	}
	return errs
}

// validateKind checks which types may be wildcards, routed or primaries.
func (r *RRset) validateKind(errs []error) []error {
	if r.Type == "NS" && r.Name.IsWildcard() {
		errs = append(errs, sentence("%s is a wildcard. Changing wildcard NS record sets are not supported", r.label()))
	}
	policy := r.Policy()
	routed := policy != PolicySimple
	unroutable := routed && (r.Type == "NS" || r.Type == "SOA")
	if policy == PolicyMultivalue {
		unroutable = unroutable || r.Type == "CNAME" || r.Type == "DS" || r.Alias != nil
	}
	if unroutable {
		errs = append(errs, sentence("%s cannot be created with the %s policy as this type of RRSet is not supported", r.label(), policy))
	}
	if r.Failover == FailoverPrimary && r.HealthCheckID == "" {
		switch {
		case r.Alias == nil:
			errs = append(errs, sentence("A non-alias primary ResourceRecordSet must have an associated health check. No changes made."))
		case !r.Alias.EvaluateTargetHealth:
			errs = append(errs, sentence("%s cannot be a primary without EvaluateTargetHealth set to true or an associated health check "+
				"as a secondary would never be returned.", r.label()))
		}
	}
	return errs
}
