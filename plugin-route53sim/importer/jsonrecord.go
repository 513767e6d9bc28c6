package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

// readRRset reads one element of ResourceRecordSets. An element whose name
// cannot be read is reported and left out.
func (r *jsonReader) readRRset() error {
	at := r.offset()
	var j jsonRRset
	reasons, err := r.decode(&j)
	if err != nil {
		return err
	}
	label := strings.TrimSpace(j.Name + " " + j.Type + " " + j.SetIdentifier)
	name, err := model.ParseName(j.Name)
	if err != nil {
		r.report(at, label, append(reasons, err))
		return nil
	}
	s := &model.RRset{
		Name: name, Type: j.Type, SetID: j.SetIdentifier, Weight: j.Weight, Region: j.Region, Failover: j.Failover,
		MultiValue: j.MultiValueAnswer, HealthCheckID: j.HealthCheckId,
	}
	for _, v := range j.ResourceRecords {
		s.Values = append(s.Values, v.Value)
	}
	if len(reasons) == 0 {
		reasons = append(reasons, setTTL(s, &j), setAlias(s, j.AliasTarget), checkInstance(&j))
		reasons = slices.DeleteFunc(reasons, func(e error) bool { return e == nil })
	}
	r.report(at, label, reasons)
	setPolicy(s, &j)
	r.offsets[s] = at
	if len(reasons) > 0 {
		r.broken[s] = true
	}
	r.doc.RRsets = append(r.doc.RRsets, s)
	return nil
}

// checkInstance refuses what belongs to a traffic policy instance: a document
// has nothing of the policy.
func checkInstance(j *jsonRRset) error {
	if j.TrafficPolicyInstanceId == "" {
		return nil
	}
	return fmt.Errorf("belongs to the traffic policy instance %q: leave it out here, and create the instance by the API", j.TrafficPolicyInstanceId)
}

func setTTL(s *model.RRset, j *jsonRRset) error {
	switch {
	case j.TTL == nil && len(j.ResourceRecords) > 0:
		return errors.New("TTL is missing")
	case j.TTL == nil:
	case *j.TTL < 0 || *j.TTL > 1<<31-1:
		return fmt.Errorf("TTL %d out of range [0, 2147483647]", *j.TTL)
	case j.AliasTarget != nil:
		return errors.New("an alias takes its target's TTL, so TTL is not allowed beside AliasTarget")
	default:
		s.TTL = uint32(*j.TTL)
	}
	return nil
}

func setAlias(s *model.RRset, j *jsonAliasTarget) error {
	if j == nil {
		return nil
	}
	s.Alias = &model.AliasTarget{ZoneID: bareID(j.HostedZoneId)}
	name, err := model.ParseName(j.DNSName)
	if err != nil {
		s.Alias = nil // leads nowhere, so breaks no rule about where it leads
		return fmt.Errorf("AliasTarget.DNSName: %w", err)
	}
	s.Alias.Name = name
	if j.EvaluateTargetHealth == nil {
		return errors.New("AliasTarget.EvaluateTargetHealth is missing")
	}
	s.Alias.EvaluateTargetHealth = *j.EvaluateTargetHealth
	return nil
}

func setPolicy(s *model.RRset, j *jsonRRset) {
	if g := j.GeoLocation; g != nil {
		s.Geo = &model.GeoLocation{Continent: g.ContinentCode, Country: g.CountryCode, Subdivision: g.SubdivisionCode}
	}
	if c := j.CidrRoutingConfig; c != nil {
		s.CIDR = &model.CIDRRouting{CollectionID: c.CollectionId, Location: c.LocationName}
	}
	if g := j.GeoProximityLocation; g != nil {
		s.GeoProximity = &model.GeoProximity{AWSRegion: g.AWSRegion, LocalZoneGroup: g.LocalZoneGroup, Bias: g.Bias}
		if g.Coordinates != nil {
			s.GeoProximity.Latitude, s.GeoProximity.Longitude = g.Coordinates.Latitude, g.Coordinates.Longitude
		}
	}
}

// bareID returns a hosted zone or delegation set id without its path.
func bareID(id string) string {
	return id[strings.LastIndexByte(id, '/')+1:]
}

// readHealthCheck reads one element of HealthChecks.
func (r *jsonReader) readHealthCheck() error {
	at := r.offset()
	var j jsonHealthCheck
	reasons, err := r.decode(&j)
	if err != nil {
		return err
	}
	c := j.HealthCheckConfig
	reasons = append(reasons, onlyFor("CLOUDWATCH_METRIC", c.Type, "AlarmIdentifier", c.AlarmIdentifier != nil)...)
	reasons = append(reasons, onlyFor("CLOUDWATCH_METRIC", c.Type, "InsufficientDataHealthStatus", c.InsufficientDataHealthStatus != "")...)
	reasons = append(reasons, onlyFor("RECOVERY_CONTROL", c.Type, "RoutingControlArn", c.RoutingControlArn != "")...)
	h := &model.HealthCheck{
		ID: j.Id, Account: r.doc.account, CallerReference: j.CallerReference, Version: j.HealthCheckVersion,
		Config: model.HealthCheckConfig{
			Type: c.Type, IPAddress: c.IPAddress, Port: c.Port, ResourcePath: c.ResourcePath,
			FullyQualifiedDomainName: c.FullyQualifiedDomainName, SearchString: c.SearchString,
			RequestInterval: c.RequestInterval, FailureThreshold: c.FailureThreshold, MeasureLatency: c.MeasureLatency,
			Inverted: c.Inverted, Disabled: c.Disabled, HealthThreshold: c.HealthThreshold,
			ChildHealthChecks: c.ChildHealthChecks, EnableSNI: c.EnableSNI, Regions: c.Regions,
			AlarmIdentifier: c.AlarmIdentifier, InsufficientDataHealthStatus: c.InsufficientDataHealthStatus, RoutingControlArn: c.RoutingControlArn,
		},
	}
	if err := h.Validate(); err != nil && len(reasons) == 0 {
		reasons = append(reasons, err)
	}
	if r.checks[h.ID] {
		reasons = append(reasons, errors.New("the id is there twice"))
	}
	r.report(at, "health check "+j.Id, reasons)
	r.checks[h.ID] = true
	r.doc.HealthChecks = append(r.doc.HealthChecks, h)
	return nil
}

// onlyFor returns a reason where a member is given that only checks of another
// type have.
func onlyFor(want, checkType, member string, given bool) []error {
	if !given || checkType == want {
		return nil
	}
	return []error{fmt.Errorf("%s is only for checks of type %s", member, want)}
}
