package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// testNamespace returns a private namespace.
func testNamespace() *Namespace {
	return &Namespace{
		ID: "ns-aaaaaaaaaaaaaaaa", Account: DefaultAccount, Region: "us-east-1", Name: "corp", HTTPName: "corp",
		Type: NamespacePrivate, Zone: "Z1", SOATTL: 15, Created: 1,
	}
}

// testService returns a service of testNamespace with types of records.
func testService(policy string, types ...string) *Service {
	s := &Service{
		ID: "srv-aaaaaaaaaaaaaaaa", Account: DefaultAccount, Region: "us-east-1", Namespace: "ns-aaaaaaaaaaaaaaaa",
		Name: "worker", FoldsCase: true, Created: 1,
	}
	if len(types) > 0 {
		s.DNS = &ServiceDNS{Policy: policy}
	}
	for _, t := range types {
		s.DNS.Records = append(s.DNS.Records, ServiceRecord{Type: t, TTL: 10})
	}
	return s
}

// testInstance returns an instance of testService; attributes are names and
// values in turn.
func testInstance(id string, attributes ...string) *Instance {
	i := &Instance{Service: "srv-aaaaaaaaaaaaaaaa", ID: id, Attributes: map[string]string{}, Since: 1000, Registered: 1000}
	for n := 0; n < len(attributes); n += 2 {
		i.Attributes[attributes[n]] = attributes[n+1]
	}
	return i
}

// sketch returns r in a line.
func sketch(r *RRset) string {
	s := fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Type, strings.Join(r.Values, ","))
	if a := r.Alias; a != nil {
		s = fmt.Sprintf("%s ALIAS %s %s %s %t", r.Name, r.Type, a.ZoneID, a.Name, a.EvaluateTargetHealth)
	}
	switch r.Policy() {
	case PolicyMultivalue:
		s += " multi " + r.SetID
	case PolicyWeighted:
		s += fmt.Sprintf(" weight %d %s", *r.Weight, r.SetID)
	}
	if r.HealthCheckID != "" {
		s += " checked"
	}
	return s
}

// TestInstanceRRsets covers aws-behaviour 6.6, row by row.
func TestInstanceRRsets(t *testing.T) {
	v4, v6 := []string{AttrIPv4, "192.0.2.1"}, []string{AttrIPv6, "2001:DB8::1"}
	both := append(slices.Clone(v4), v6...)
	port := []string{AttrPort, "8080"}
	tests := []struct {
		name       string
		policy     string
		types      []string
		attributes []string
		want       []string
	}{
		{"A", RouteMultivalue, []string{"A"}, both, []string{"worker.corp. 10 A 192.0.2.1 multi i-1"}},
		{"AAAA", RouteMultivalue, []string{"AAAA"}, both, []string{"worker.corp. 10 AAAA 2001:db8::1 multi i-1"}},
		{"A and AAAA", RouteWeighted, []string{"AAAA", "A"}, both,
			[]string{"worker.corp. 10 A 192.0.2.1 weight 1 i-1", "worker.corp. 10 AAAA 2001:db8::1 weight 1 i-1"}},
		{"SRV", RouteMultivalue, []string{"SRV"}, append(slices.Clone(both), port...), []string{
			"worker.corp. 10 SRV 1 1 8080 i-1.worker.corp. multi i-1",
			"i-1.worker.corp. 10 A 192.0.2.1", "i-1.worker.corp. 10 AAAA 2001:db8::1",
		}},
		{"SRV without port", RouteMultivalue, []string{"SRV"}, both, nil},
		{"CNAME", RouteWeighted, []string{"CNAME"}, []string{AttrCNAME, "www.example.org"}, []string{"worker.corp. 10 CNAME www.example.org weight 1 i-1"}},
		{"alias", RouteWeighted, []string{"A", "AAAA"}, []string{AttrAlias, "lb-1.us-east-1.elb.amazonaws.com"}, []string{
			"worker.corp. ALIAS A Z35SXDOTRQ7X7K lb-1.us-east-1.elb.amazonaws.com. true weight 1 i-1",
			"worker.corp. ALIAS AAAA Z35SXDOTRQ7X7K lb-1.us-east-1.elb.amazonaws.com. true weight 1 i-1",
		}},
		{"alias to nothing known", RouteWeighted, []string{"A"}, []string{AttrAlias, "www.example.org"}, nil},
		{"alias in multivalue", RouteMultivalue, []string{"A"}, []string{AttrAlias, "lb-1.us-east-1.elb.amazonaws.com"}, nil},
		{"HTTP service", "", nil, both, nil},
		{"no such address", RouteMultivalue, []string{"A"}, []string{AttrIPv4, "192.0.2"}, nil},
		{"no address", RouteMultivalue, []string{"A"}, nil, nil},
		{"lease", RouteMultivalue, []string{"A"}, append([]string{AttrLease, "30"}, v4...), []string{"worker.corp. 10 A 192.0.2.1 multi i-1 checked"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, s, i := testNamespace(), testService(tt.policy, tt.types...), testInstance("i-1", tt.attributes...)
			checkRecords(t, InstanceRRsets(n, s, i), tt.want)
			for _, r := range InstanceRRsets(n, s, i) {
				if r.Zone != n.Zone {
					t.Errorf("%s is in zone %q, want %q", sketch(r), r.Zone, n.Zone)
				}
			}
		})
	}
}

func checkRecords(t *testing.T, got []*RRset, want []string) {
	t.Helper()
	var lines []string
	for _, r := range got {
		lines = append(lines, sketch(r))
	}
	if !slices.Equal(lines, want) {
		t.Errorf("InstanceRRsets:\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestInstanceRRsetsHealth(t *testing.T) {
	alias := []string{AttrAlias, "lb-1.us-east-1.elb.amazonaws.com"}
	tests := []struct {
		name       string
		change     func(s *Service)
		attributes []string
		want       bool
	}{
		{"none", func(*Service) {}, nil, false},
		{"health checks", func(s *Service) { s.HealthCheck = &ServiceHealthCheck{Type: "TCP", Threshold: 1} }, nil, true},
		{"custom", func(s *Service) { s.CustomHealth = &CustomHealth{Threshold: 1} }, nil, true},
		{"alias with health checks", func(s *Service) { s.HealthCheck = &ServiceHealthCheck{Type: "TCP", Threshold: 1} }, alias, false},
		{"alias with custom", func(s *Service) { s.CustomHealth = &CustomHealth{Threshold: 1} }, alias, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := testService(RouteWeighted, "A")
			tt.change(s)
			sets := InstanceRRsets(testNamespace(), s, testInstance("i-1", append(tt.attributes, AttrIPv4, "192.0.2.1")...))
			want := ""
			if tt.want {
				want = InstanceHealthID(s.ID, "i-1")
			}
			if len(sets) != 1 || sets[0].HealthCheckID != want {
				t.Errorf("InstanceRRsets: %v, want one with health check %q", sets, want)
			}
		})
	}
}

func TestInstanceRRsetsHTTPNamespace(t *testing.T) {
	n := testNamespace()
	n.Type, n.Zone = NamespaceHTTP, ""
	if sets := InstanceRRsets(n, testService(RouteMultivalue, "A"), testInstance("i", AttrIPv4, "192.0.2.1")); sets != nil {
		t.Errorf("InstanceRRsets in an HTTP namespace: %v, want none", sets)
	}
}

func TestInstanceTarget(t *testing.T) {
	long := strings.Repeat("a", 64)
	tests := []struct {
		name, id, want string
		ok             bool
	}{
		{"plain", "i-0a1b", "i-0a1b.worker.corp.", true},
		{"upper case", "I-0A", "i-0a.worker.corp.", true},
		{"others", "a/b:c.d@e_f", "a-b-c-d-e-f-be1e4389.worker.corp.", true},
		{"63", long[:63], long[:63] + ".worker.corp.", true},
		{"64", long, long[:54] + "-ffe054fe.worker.corp.", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := InstanceTarget("worker.corp.", tt.id)
			if string(got) != tt.want || ok != tt.ok {
				t.Errorf("InstanceTarget(%q) = %q, %t, want %q, %t", tt.id, got, ok, tt.want, tt.ok)
			}
		})
	}
	deep := Name(strings.Repeat(strings.Repeat("a", 49)+".", 5))
	if got, ok := InstanceTarget(deep, "i-1234567"); ok {
		t.Errorf("InstanceTarget of a name that does not fit = %q", got)
	}
}

// FuzzInstanceRRsets proves that whatever attributes say, what is derived is
// valid, stands in the zone, and is the same each time.
func FuzzInstanceRRsets(f *testing.F) {
	f.Add("i-1", "worker", "corp", "192.0.2.1", "2001:db8::1", "80", "", uint8(1))
	f.Add("a/b", "_http._tcp", "example.org", "192.0.2.1", "", "80", "", uint8(4))
	f.Add("A", "w", "corp", "", "", "", "lb-1.us-east-1.elb.amazonaws.com", uint8(3))
	types := []string{"A", "AAAA", "SRV", "CNAME"}
	f.Fuzz(func(t *testing.T, id, service, namespace, v4, v6, port, name string, kinds uint8) {
		n := testNamespace()
		n.Name = namespace
		s := testService(RouteMultivalue, "A")
		s.DNS.Records, s.Name = nil, service
		if kinds&16 != 0 {
			s.DNS.Policy = RouteWeighted
		}
		for i, typ := range types {
			if kinds>>i&1 != 0 {
				s.DNS.Records = append(s.DNS.Records, ServiceRecord{Type: typ, TTL: uint32(kinds)})
			}
		}
		i := testInstance(id, AttrIPv4, v4, AttrIPv6, v6, AttrPort, port, AttrCNAME, name)
		if kinds&32 != 0 {
			i.Attributes[AttrAlias] = name
		}
		sets := InstanceRRsets(n, s, i)
		for _, r := range sets {
			if err := r.Validate(); err != nil {
				t.Errorf("InstanceRRsets made %s: %v", sketch(r), err)
			}
			if apex, err := ParseName(namespace); err != nil || !r.Name.Within(apex) {
				t.Errorf("InstanceRRsets made %s outside of %q", sketch(r), namespace)
			}
		}
		if again := InstanceRRsets(n, s, i); !reflect.DeepEqual(sets, again) {
			t.Errorf("InstanceRRsets = %v, then %v", sets, again)
		}
	})
}
