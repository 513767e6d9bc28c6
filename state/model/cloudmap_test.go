package model

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// cloudMapExamples holds a value of each table of Cloud Map.
func cloudMapExamples() []Value {
	n, s, i := testNamespace(), testService(RouteMultivalue, "A", "AAAA"), testInstance("i-1", AttrIPv4, "192.0.2.1")
	s.HealthCheck = &ServiceHealthCheck{Type: "HTTP", Path: "/", Threshold: 1}
	return []Value{
		n, s, i, n.Claim(), s.Claim(),
		&InstanceHealth{Service: s.ID, Instance: i.ID, Status: StatusUnhealthy, At: 2000, Before: StatusHealthy, From: 3000},
		&ServiceAttribute{Service: s.ID, Name: "team", Text: "a"},
		&ServiceRevision{Service: s.ID, Node: "n", Count: 3},
		&Operation{ID: NewOperationID(1000, "a"), Account: DefaultAccount, Region: "us-east-1", Type: OperationRegister, Service: s.ID, Instance: i.ID, Created: 1000},
	}
}

func TestCloudMapValues(t *testing.T) {
	for _, v := range cloudMapExamples() {
		t.Run(v.Table(), func(t *testing.T) {
			data, err := Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(v.Table(), v.Key(), data)
			if err != nil || !reflect.DeepEqual(got, v) {
				t.Errorf("Decode(Encode(%v)) = %v, %v, want the same", v, got, err)
			}
		})
	}
}

func TestCloudMapValuesRefuse(t *testing.T) {
	namespace := func(change func(n *Namespace)) Value { n := testNamespace(); change(n); return n }
	service := func(change func(s *Service)) Value { s := testService(RouteMultivalue, "A"); change(s); return s }
	op := func(change func(o *Operation)) Value {
		o := &Operation{ID: NewOperationID(1, "a"), Account: DefaultAccount, Type: OperationRegister, Service: "s"}
		change(o)
		return o
	}
	long := strings.Repeat("a", 1025)
	tests := []struct {
		name  string
		value Value
		want  string
	}{
		{"namespace id", namespace(func(n *Namespace) { n.ID = "ns-A" }), "namespace id"},
		{"namespace name", namespace(func(n *Namespace) { n.Name = "a b" }), "namespace name"},
		{"namespace type", namespace(func(n *Namespace) { n.Type = "DNS" }), "namespace type"},
		{"namespace zone", namespace(func(n *Namespace) { n.Zone = "" }), "hosted zone id"},
		{"HTTP namespace with zone", namespace(func(n *Namespace) { n.Type = NamespaceHTTP }), "hosted zone id"},
		{"namespace no name of DNS", namespace(func(n *Namespace) { n.Name = "a..b" }), "DomainLabelEmpty"},
		{"namespace SOA", namespace(func(n *Namespace) { n.SOATTL = 1 << 31 }), "SOA TTL"},
		{"namespace account", namespace(func(n *Namespace) { n.Account = "1" }), "account"},
		{"namespace description", namespace(func(n *Namespace) { n.Description = long }), "description of 1025"},
		{"service id", service(func(s *Service) { s.ID = "a" }), "service id"},
		{"service name", service(func(s *Service) { s.Name = "." }), "service name"},
		{"service policy", service(func(s *Service) { s.DNS.Policy = "" }), "routing policy"},
		{"service record", service(func(s *Service) { s.DNS.Records[0].Type = "MX" }), "record type"},
		{"service without records", service(func(s *Service) { s.DNS.Records = nil }), "0 types"},
		{"service TTL", service(func(s *Service) { s.DNS.Records[0].TTL = 1 << 31 }), "TTL"},
		{"service CNAME", service(func(s *Service) { s.DNS.Records[0].Type = "CNAME" }), "CNAME"},
		{"service threshold", service(func(s *Service) { s.HealthCheck = &ServiceHealthCheck{Type: "TCP"} }), "threshold"},
		{"service with two kinds of health", service(func(s *Service) {
			s.HealthCheck, s.CustomHealth = &ServiceHealthCheck{Type: "TCP", Threshold: 1}, &CustomHealth{}
		}), "custom health"},
		{"instance id", testInstance("a b"), "instance id"},
		{"instance lease", testInstance("a", AttrLease, "0"), "lease"},
		{"instance attributes", testInstance("a", "k", long), "attribute"},
		{"instance attributes together", testInstance("a", "1", long[:1024], "2", long[:1024], "3", long[:1024], "4", long[:1024], "5", long[:1024]), "5125 bytes"},
		{"instance health", &InstanceHealth{Service: "srv-aaaaaaaaaaaaaaaa", Instance: "a", Status: StatusUnknown}, "instance health"},
		{"instance health before", &InstanceHealth{Service: "srv-aaaaaaaaaaaaaaaa", Instance: "a", Status: StatusHealthy, From: 5}, "instance health before"},
		{"instance health without a change", &InstanceHealth{Service: "srv-aaaaaaaaaaaaaaaa", Instance: "a", Status: StatusHealthy, Before: StatusHealthy, From: 5}, "before and after"},
		{"claim", &DiscoveryName{Scope: "a", Name: "b\x00", Owner: "c"}, "claim"},
		{"service attribute", &ServiceAttribute{Service: "srv-aaaaaaaaaaaaaaaa"}, "attribute name"},
		{"count", &ServiceRevision{Service: "srv-aaaaaaaaaaaaaaaa", Node: "n", Count: -1}, "count -1"},
		{"operation id", op(func(o *Operation) { o.ID = "a" }), "operation id"},
		{"operation type", op(func(o *Operation) { o.Type = "a" }), "operation type"},
		{"operation target", op(func(o *Operation) { o.Service = "" }), "about nothing"},
		{"zone's namespace", &Zone{ID: "Z1", Name: "corp.", Account: DefaultAccount, Namespace: "x"}, "namespace"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.value.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate() = %v, want %q", err, tt.want)
			}
		})
	}
}

// TestClaims checks that the order of claims' keys is the order of claimants.
func TestClaims(t *testing.T) {
	a, b := testService(""), testService("")
	a.Created, b.Created = 255, 256
	if a.Claim().Key() >= b.Claim().Key() || !a.Before(b) || b.Before(a) {
		t.Errorf("the claim of %d is %q, that of %d %q, want the earlier first", a.Created, a.Claim().Key(), b.Created, b.Claim().Key())
	}
	b.Created, b.ID = 255, "srv-aaaaaaaaaaaaaaab"
	if a.Claim().Key() >= b.Claim().Key() || !a.Before(b) || b.Before(a) {
		t.Errorf("claims of one moment: %q, %q, want the lower id first", a.Claim().Key(), b.Claim().Key())
	}
	b.Name = "WORKER"
	if !strings.HasPrefix(b.Claim().Key(), DiscoveryNamePrefix(a.Namespace, "worker")) {
		t.Errorf("claim of %q where case does not count: %q", b.Name, b.Claim().Key())
	}
	b.FoldsCase = false
	if strings.HasPrefix(b.Claim().Key(), DiscoveryNamePrefix(a.Namespace, "worker")) {
		t.Errorf("claim of %q where case counts: %q", b.Name, b.Claim().Key())
	}
}

func TestOperationID(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	id := NewOperationID(at.UnixMilli(), "a", "b")
	got, ok := OperationTime(id)
	if !ok || !got.Equal(at) || len(id) != 41 {
		t.Errorf("OperationTime(%q) = %v, %t, want %v", id, got, ok, at)
	}
	for _, bad := range []string{"", "a", strings.ToUpper(id), id + "00000", id[:33] + "zzzzzzzzzz"} {
		if at, ok := OperationTime(bad); ok {
			t.Errorf("OperationTime(%q) = %v, want none", bad, at)
		}
	}
}
