package cloudmap

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/edgestage/edgestage/state/model"
)

// TestDiscover covers aws-behaviour 6.7 and 6.10.6.
func TestDiscover(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.http("plain"), "s", custom)
	for i, attributes := range []map[string]string{
		names("zone", "a", "stage", "blue"), names("zone", "b", "stage", "blue"), names("zone", "b", "stage", "green"),
	} {
		e.register(id, fmt.Sprint("i", i), attributes)
	}
	if err := e.say(id, "i1", "UNHEALTHY"); err != nil {
		t.Fatal(err)
	}
	all := "[i0 HEALTHY i1 UNHEALTHY i2 HEALTHY]"
	tests := []struct {
		name   string
		change func(in *servicediscovery.DiscoverInstancesInput)
		want   string
	}{
		{"all", nil, all},
		{"healthy", func(in *servicediscovery.DiscoverInstancesInput) { in.HealthStatus = "HEALTHY" }, "[i0 HEALTHY i2 HEALTHY]"},
		{"unhealthy", func(in *servicediscovery.DiscoverInstancesInput) { in.HealthStatus = "UNHEALTHY" }, "[i1 UNHEALTHY]"},
		{"ALL", func(in *servicediscovery.DiscoverInstancesInput) { in.HealthStatus = "ALL" }, all},
		{"healthy or else all", func(in *servicediscovery.DiscoverInstancesInput) { in.HealthStatus = "HEALTHY_OR_ELSE_ALL" }, "[i0 HEALTHY i2 HEALTHY]"},
		{"else all", func(in *servicediscovery.DiscoverInstancesInput) {
			in.HealthStatus, in.QueryParameters = "HEALTHY_OR_ELSE_ALL", names("zone", "b", "stage", "blue")
		}, "[i1 UNHEALTHY]"},
		{"query", func(in *servicediscovery.DiscoverInstancesInput) { in.QueryParameters = names("zone", "b") }, "[i1 UNHEALTHY i2 HEALTHY]"},
		{"query that nothing has", func(in *servicediscovery.DiscoverInstancesInput) { in.QueryParameters = names("zone", "c") }, "[]"},
		{"query of case", func(in *servicediscovery.DiscoverInstancesInput) { in.QueryParameters = names("zone", "B") }, "[]"},
		{"optional", func(in *servicediscovery.DiscoverInstancesInput) {
			in.QueryParameters, in.OptionalParameters = names("stage", "blue"), names("zone", "b")
		}, "[i1 UNHEALTHY]"},
		{"optional that nothing has", func(in *servicediscovery.DiscoverInstancesInput) {
			in.QueryParameters, in.OptionalParameters = names("stage", "blue"), names("zone", "c")
		}, "[i0 HEALTHY i1 UNHEALTHY]"},
		{"optional after health", func(in *servicediscovery.DiscoverInstancesInput) {
			in.HealthStatus, in.QueryParameters, in.OptionalParameters = "HEALTHY", names("stage", "blue"), names("zone", "b")
		}, "[i0 HEALTHY]"},
		{"own account", func(in *servicediscovery.DiscoverInstancesInput) { in.OwnerAccount = ptr(testAccount) }, all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(e.discover("plain", "s", tt.change)); got != tt.want {
				t.Errorf("DiscoverInstances: %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDiscoverNames(t *testing.T) {
	e := serve(t, nil)
	e.make(e.private("corp", "vpc-1"), "Worker", nil, "A")
	e.make(e.http("plain"), "Worker", nil)
	tests := []struct{ name, namespace, service, account, code, message string }{
		{"there", "plain", "Worker", "", "", ""},
		{"case counts", "plain", "worker", "", "ServiceNotFound", "The service worker can't be found in the namespace plain."},
		{"case does not count in DNS", "corp", "WORKER", "", "", ""},
		{"no namespace", "none", "Worker", "", "NamespaceNotFound", "The namespace none can't be found."},
		{"no service", "corp", "none", "", "ServiceNotFound", "The service none can't be found in the namespace corp."},
		{"of another account", "corp", "worker", otherAccount, "NamespaceNotFound", "The namespace corp can't be found."},
		{"bad account", "corp", "worker", "1", "InvalidInput", "1 validation error detected: Value '1' at 'ownerAccount' failed to satisfy constraint: Member must have length greater than or equal to 12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var owner *string
			if tt.account != "" {
				owner = &tt.account
			}
			_, err := e.DiscoverInstances(ctx, &servicediscovery.DiscoverInstancesInput{NamespaceName: &tt.namespace, ServiceName: &tt.service, OwnerAccount: owner})
			wantError(t, err, tt.code, tt.message)
			_, err = e.DiscoverInstancesRevision(ctx, &servicediscovery.DiscoverInstancesRevisionInput{NamespaceName: &tt.namespace, ServiceName: &tt.service, OwnerAccount: owner})
			wantError(t, err, tt.code, tt.message)
		})
	}
}

// TestDiscoverSample checks that of more instances than MaxResults some are
// answered, in the end all of them.
func TestDiscoverSample(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.http("plain"), "s", nil)
	for i := range 5 {
		e.register(id, fmt.Sprint("i", i), map[string]string{})
	}
	seen := make(map[string]bool)
	for range 200 {
		got := e.discover("plain", "s", func(in *servicediscovery.DiscoverInstancesInput) { in.MaxResults = aws.Int32(2) })
		if len(got) != 2 || got[0] == got[1] {
			t.Fatalf("DiscoverInstances: %v, want two", got)
		}
		seen[got[0]], seen[got[1]] = true, true
	}
	if len(seen) != 5 {
		t.Errorf("200 samples of two: only %v", seen)
	}
	_, err := e.DiscoverInstances(ctx, &servicediscovery.DiscoverInstancesInput{NamespaceName: ptr("plain"), ServiceName: ptr("s"), MaxResults: aws.Int32(1001)})
	wantError(t, err, "InvalidInput", "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000")
}

// TestDiscoverRate covers the token bucket of aws-behaviour 6.7.
func TestDiscoverRate(t *testing.T) {
	c := newClock()
	e := serve(t, func(config *Config) { c.use(config); config.Quotas.DiscoverRate = 2 })
	e.make(e.http("plain"), "s", nil)
	ask := func() error {
		_, err := e.DiscoverInstances(ctx, &servicediscovery.DiscoverInstancesInput{NamespaceName: ptr("plain"), ServiceName: ptr("s")})
		return err
	}
	for range 12 {
		wantError(t, ask(), "", "")
	}
	wantError(t, ask(), "RequestLimitExceeded", "The limit of 2 requests a second to discover instances is reached.")
	c.advance(500e6)
	wantError(t, ask(), "", "")
	wantError(t, ask(), "RequestLimitExceeded", "The limit of 2 requests a second to discover instances is reached.")
}

// judges stands for checkers.
type judges map[string]bool

func (j judges) Judged(id string) (healthy, judged bool) {
	healthy, judged = j[id]
	return healthy, judged
}

// TestStatus covers the health of instances, by whom it is judged.
func TestStatus(t *testing.T) {
	j := judges{}
	e := serve(t, func(c *Config) { c.Health = j })
	public := e.public("example.org")
	checked, own, none := e.make(public, "checked", tcp, "A"), e.make(public, "own", custom, "A"), e.make(public, "none", nil, "A")
	port := func(kv ...string) map[string]string {
		return names(append(kv, model.AttrIPv4, "192.0.2.1", model.AttrPort, "80")...)
	}
	for _, id := range []string{"new", "well", "ill"} {
		e.register(checked, id, port())
	}
	e.register(checked, "leased", port(model.AttrLease, "60"))
	j[model.InstanceHealthID(checked, "well")], j[model.InstanceHealthID(checked, "ill")] = true, false
	e.register(own, "well", ipv4("192.0.2.1"))
	e.register(own, "ill", names(model.AttrIPv4, "192.0.2.1", model.AttrInitHealth, "UNHEALTHY"))
	e.register(none, "i", ipv4("192.0.2.1"))
	tests := []struct{ service, want string }{
		{"checked", "[ill UNHEALTHY leased HEALTHY new UNKNOWN well HEALTHY]"},
		{"own", "[ill UNHEALTHY well HEALTHY]"},
		{"none", "[i UNKNOWN]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(e.discover("example.org", tt.service, nil)); got != tt.want {
			t.Errorf("instances of %q: %s, want %s", tt.service, got, tt.want)
		}
	}
	out, err := e.GetInstancesHealthStatus(ctx, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: &checked})
	if err != nil || fmt.Sprint(out.Status) != "map[ill:UNHEALTHY leased:HEALTHY new:UNKNOWN well:HEALTHY]" {
		t.Errorf("GetInstancesHealthStatus: %v, %v", out, err)
	}
	out, err = e.GetInstancesHealthStatus(ctx, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: &checked, Instances: []string{"ill"}})
	if err != nil || fmt.Sprint(out.Status) != "map[ill:UNHEALTHY]" {
		t.Errorf("GetInstancesHealthStatus of one: %v, %v", out, err)
	}
	_, err = e.GetInstancesHealthStatus(ctx, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: &checked, Instances: []string{"ill", "missing"}})
	wantError(t, err, "InstanceNotFound", "The instance missing can't be found.")
	_, err = e.GetInstancesHealthStatus(ctx, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: &none})
	wantError(t, err, "InvalidInput", "The service "+none+" has neither a health check config nor a custom health check config.")
	wantError(t, e.say(none, "i", "HEALTHY"), "CustomHealthNotFound", "The service "+none+" has no custom health check config.")
	wantError(t, e.say(own, "missing", "HEALTHY"), "InstanceNotFound", "The instance missing can't be found.")
	wantError(t, e.say(own, "well", "ODD"), "InvalidInput",
		"1 validation error detected: Value 'ODD' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [HEALTHY, UNHEALTHY]")
}

func TestHealthStatusPages(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.http("plain"), "s", custom)
	for i := range 5 {
		e.register(id, fmt.Sprint("i", i), map[string]string{})
	}
	seen := make(map[string]types.HealthStatus)
	pages := servicediscovery.NewGetInstancesHealthStatusPaginator(e, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: &id, MaxResults: aws.Int32(2)})
	for n := 0; pages.HasMorePages(); n++ {
		p, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range p.Status {
			seen[k] = v
		}
		if n > 2 {
			t.Fatal("more than three pages")
		}
	}
	if len(seen) != 5 {
		t.Errorf("pages show %v, want five", seen)
	}
}
