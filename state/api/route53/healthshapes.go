package route53

import (
	"strings"

	"github.com/edgestage/edgestage/state/model"
)

type healthCheck struct {
	Id                 string            `xml:"Id"`
	CallerReference    string            `xml:"CallerReference"`
	LinkedService      *linkedService    `xml:"LinkedService,omitempty"`
	HealthCheckConfig  healthCheckConfig `xml:"HealthCheckConfig"`
	HealthCheckVersion int64             `xml:"HealthCheckVersion"`
}

type healthCheckConfig struct {
	IPAddress                    *string            `xml:"IPAddress,omitempty" aws:"max=45"`
	Port                         *int64             `xml:"Port,omitempty" aws:"min=1,max=65535"`
	Type                         string             `xml:"Type" aws:"required" pattern:"[Hh][Tt][Tt][Pp]|[Hh][Tt][Tt][Pp][Ss]|[Hh][Tt][Tt][Pp]_[Ss][Tt][Rr]_[Mm][Aa][Tt][Cc][Hh]|[Hh][Tt][Tt][Pp][Ss]_[Ss][Tt][Rr]_[Mm][Aa][Tt][Cc][Hh]|[Tt][Cc][Pp]|[Cc][Aa][Ll][Cc][Uu][Ll][Aa][Tt][Ee][Dd]|[Cc][Ll][Oo][Uu][Dd][Ww][Aa][Tt][Cc][Hh]_[Mm][Ee][Tt][Rr][Ii][Cc]|[Rr][Ee][Cc][Oo][Vv][Ee][Rr][Yy]_[Cc][Oo][Nn][Tt][Rr][Oo][Ll]" xsd:"HealthCheckType"`
	ResourcePath                 *string            `xml:"ResourcePath,omitempty" aws:"max=255"`
	FullyQualifiedDomainName     *string            `xml:"FullyQualifiedDomainName,omitempty" aws:"max=255"`
	SearchString                 *string            `xml:"SearchString,omitempty" aws:"max=255"`
	RequestInterval              *int64             `xml:"RequestInterval,omitempty" facet:"10|30"`
	FailureThreshold             *int64             `xml:"FailureThreshold,omitempty" aws:"min=1,max=10"`
	MeasureLatency               *bool              `xml:"MeasureLatency,omitempty"`
	Inverted                     *bool              `xml:"Inverted,omitempty"`
	Disabled                     *bool              `xml:"Disabled,omitempty"`
	HealthThreshold              *int64             `xml:"HealthThreshold,omitempty" aws:"min=0,max=256"`
	ChildHealthChecks            *childHealthChecks `xml:"ChildHealthChecks,omitempty"`
	EnableSNI                    *bool              `xml:"EnableSNI,omitempty"`
	Regions                      *healthRegions     `xml:"Regions,omitempty"`
	AlarmIdentifier              *alarmIdentifier   `xml:"AlarmIdentifier,omitempty"`
	InsufficientDataHealthStatus *string            `xml:"InsufficientDataHealthStatus,omitempty" enum:"Healthy|Unhealthy|LastKnownStatus"`
	RoutingControlArn            *string            `xml:"RoutingControlArn,omitempty" aws:"min=1,max=255"`
}

type childHealthChecks struct {
	ChildHealthCheck []string `xml:"ChildHealthCheck" aws:"max=256"`
}

type healthRegions struct {
	Region []string `xml:"Region" aws:"min=3,max=64" enum:"us-east-1|us-west-1|us-west-2|eu-west-1|ap-southeast-1|ap-southeast-2|ap-northeast-1|sa-east-1"`
}

type alarmIdentifier struct {
	Region string `xml:"Region" aws:"required,min=1,max=64"`
	Name   string `xml:"Name" aws:"required,min=1,max=256"`
}

// healthCheckShape returns h as the API shows it.
func healthCheckShape(h *model.HealthCheck) healthCheck {
	return healthCheck{
		Id: h.ID, CallerReference: h.CallerReference, LinkedService: linkedShape(h.Linked),
		HealthCheckConfig: configShape(&h.Config), HealthCheckVersion: max(h.Version, 1),
	}
}

func configShape(m *model.HealthCheckConfig) healthCheckConfig {
	c := healthCheckConfig{
		IPAddress: optional(m.IPAddress), Port: optionalInt(m.Port), Type: m.Type, ResourcePath: optional(m.ResourcePath),
		FullyQualifiedDomainName: optional(m.FullyQualifiedDomainName), SearchString: optional(m.SearchString),
		RequestInterval: optionalInt(m.RequestInterval), FailureThreshold: optionalInt(m.FailureThreshold),
		Inverted: &m.Inverted, Disabled: &m.Disabled, EnableSNI: m.EnableSNI,
		InsufficientDataHealthStatus: optional(m.InsufficientDataHealthStatus), RoutingControlArn: optional(m.RoutingControlArn),
	}
	if probed(m.Type) {
		c.MeasureLatency = &m.MeasureLatency
	}
	if m.Type == typeCalculated {
		c.HealthThreshold, c.ChildHealthChecks = &m.HealthThreshold, &childHealthChecks{m.ChildHealthChecks}
	}
	if len(m.Regions) > 0 {
		c.Regions = &healthRegions{m.Regions}
	}
	if a := m.AlarmIdentifier; a != nil {
		c.AlarmIdentifier = &alarmIdentifier{a.Region, a.Name}
	}
	return c
}

func optionalInt(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// toModel returns c with AWS's defaults (aws-behaviour 4.1).
func (c *healthCheckConfig) toModel() model.HealthCheckConfig {
	m := model.HealthCheckConfig{
		Type: strings.ToUpper(c.Type), IPAddress: value(c.IPAddress), Port: value(c.Port), ResourcePath: value(c.ResourcePath),
		FullyQualifiedDomainName: value(c.FullyQualifiedDomainName), SearchString: value(c.SearchString),
		RequestInterval: value(c.RequestInterval), FailureThreshold: value(c.FailureThreshold), MeasureLatency: value(c.MeasureLatency),
		Inverted: value(c.Inverted), Disabled: value(c.Disabled), HealthThreshold: value(c.HealthThreshold), EnableSNI: c.EnableSNI,
		InsufficientDataHealthStatus: value(c.InsufficientDataHealthStatus), RoutingControlArn: value(c.RoutingControlArn),
	}
	if c.ChildHealthChecks != nil {
		m.ChildHealthChecks = c.ChildHealthChecks.ChildHealthCheck
	}
	if c.Regions != nil {
		m.Regions = c.Regions.Region
	}
	if a := c.AlarmIdentifier; a != nil {
		m.AlarmIdentifier = &model.AlarmIdentifier{Region: a.Region, Name: a.Name}
	}
	setHealthDefaults(&m)
	return m
}

// setHealthDefaults fills in what was left out of a check that is probed.
func setHealthDefaults(m *model.HealthCheckConfig) {
	if !probed(m.Type) {
		return
	}
	https := strings.HasPrefix(m.Type, "HTTPS")
	switch {
	case m.Port != 0 || m.Type == typeTCP:
	case https:
		m.Port = 443
	default:
		m.Port = 80
	}
	if m.RequestInterval == 0 {
		m.RequestInterval = 30
	}
	if m.FailureThreshold == 0 {
		m.FailureThreshold = 3
	}
	if m.EnableSNI == nil {
		m.EnableSNI = &https
	}
	if m.ResourcePath != "" && m.ResourcePath[0] != '/' {
		m.ResourcePath = "/" + m.ResourcePath
	}
}

// The types with rules of their own.
const (
	typeTCP        = "TCP"
	typeCalculated = "CALCULATED"
	typeAlarm      = "CLOUDWATCH_METRIC"
	typeControl    = "RECOVERY_CONTROL"
)

// probed tells whether checks of a type send requests.
func probed(kind string) bool {
	return kind != typeCalculated && kind != typeAlarm && kind != typeControl
}
