package cloudmap

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/edgestage/edgestage/state/model"
)

// TestRegisterRefuses covers the errors of aws-behaviour 6.5.
func TestRegisterRefuses(t *testing.T) {
	e := serve(t, func(c *Config) { c.RefuseReserved = true })
	private, public, plain := e.private("corp", "vpc-1"), e.public("example.org"), e.http("plain")
	services := map[string]string{
		"A": e.make(private, "a", nil, "A"), "AAAA": e.make(private, "aaaa", nil, "AAAA"), "SRV": e.make(private, "srv", nil, "SRV"),
		"CNAME": e.make(private, "cname", weighted, "CNAME"), "weighted": e.make(public, "weighted", weighted, "A"),
		"weighted SRV": e.make(public, "wsrv", weighted, "SRV"), "public": e.make(public, "a", nil, "A"),
		"checked": e.make(public, "checked", tcp, "A"), "HTTP": e.make(plain, "a", nil),
	}
	v4, lb := []string{model.AttrIPv4, "192.0.2.1"}, "lb-1.us-east-1.elb.amazonaws.com"
	with := func(kv ...string) map[string]string { return names(append(kv, v4...)...) }
	many, large := with(), with()
	var keys []string
	for i := range 31 {
		many[fmt.Sprintf("k%02d", i)] = "v"
		keys = append(keys, fmt.Sprintf("k%02d", i))
	}
	for i := range 5 {
		large[fmt.Sprint("k", i)] = strings.Repeat("a", 1000)
	}
	tests := []struct {
		name, service, id string
		attributes        map[string]string
		message           string
	}{
		{"A without IPv4", "A", "i", names(model.AttrIPv6, "2001:db8::1"), "Required attribute(s) AWS_INSTANCE_IPV4 are missing."},
		{"AAAA without IPv6", "AAAA", "i", with(), "Required attribute(s) AWS_INSTANCE_IPV6 are missing."},
		{"CNAME without name", "CNAME", "i", with(), "Required attribute(s) AWS_INSTANCE_CNAME are missing."},
		{"SRV without address", "SRV", "i", names(model.AttrPort, "80"), "At least one of AWS_INSTANCE_IPV4 AWS_INSTANCE_IPV6 is required."},
		{"SRV without port", "SRV", "i", with(), "Required attribute(s) AWS_INSTANCE_PORT are missing."},
		{"health checks without port", "checked", "i", with(), "A port must be supplied in order to register this instance."},
		{"large", "A", "i", large, "Instance attributes too large. Maximum allowed size of all attributes is 5000 characters."},
		{"EC2 in private namespace", "A", "i", with(model.AttrEC2, "i-0123456789abcdef0"),
			"AWS_EC2_INSTANCE_ID provided in namespace type DNS_PRIVATE. It is only supported in HTTP namespace"},
		{"EC2 in public namespace", "public", "i", with(model.AttrEC2, "i-0123456789abcdef0"),
			"AWS_EC2_INSTANCE_ID provided in namespace type DNS_PUBLIC. It is only supported in HTTP namespace"},
		{"EC2 with port", "HTTP", "i", names(model.AttrEC2, "i-0123456789abcdef0", model.AttrPort, "80"),
			"Invalid combination of attributes received. AWS_EC2_INSTANCE_ID is not supported with [AWS_INSTANCE_PORT]."},
		{"EC2 id", "HTTP", "i", names(model.AttrEC2, "x"), "Invalid value x for attribute AWS_EC2_INSTANCE_ID."},
		{"alias in multivalue", "public", "i", names(model.AttrAlias, lb), "ALIAS instance can be registered only in services with WEIGHTED routing policy"},
		{"alias without records", "HTTP", "i", names(model.AttrAlias, lb), "ALIAS instance can be registered only in services with WEIGHTED routing policy"},
		{"alias for SRV", "weighted SRV", "i", names(model.AttrAlias, lb), "ALIAS instance can be registered only in services with A or AAAA records"},
		{"alias with address", "weighted", "i", with(model.AttrAlias, lb),
			"Invalid combination of attributes received. AWS_ALIAS_DNS_NAME is not supported with [AWS_INSTANCE_IPV4]."},
		{"alias to no load balancer", "weighted", "i", names(model.AttrAlias, "www.example.org"),
			"Invalid value www.example.org for attribute AWS_ALIAS_DNS_NAME: the DNS name of an Elastic Load Balancing load balancer is expected."},
		{"attribute of AWS", "A", "i", with("AWS_MY_ATTR", "x"), "Invalid attribute: [AWS_MY_ATTR]. [aws_] prefix is reserved for AWS attributes."},
		{"attribute of aws", "A", "i", with("aws_x", "x"), "Invalid attribute: [aws_x]. [aws_] prefix is reserved for AWS attributes."},
		{"too many", "A", "i", many, "Too many attributes provided: [" + strings.Join(keys, ", ") + "]. The current limit is 30"},
		{"init health", "A", "i", with(model.AttrInitHealth, "WELL"), "No enum constant com.amazon.route53.autonaming.model.InitHealthStatus.WELL"},
		{"address that is not routable", "checked", "i", names(model.AttrIPv4, "10.0.0.1", model.AttrPort, "80"), "IPv4 address 10.0.0.1 is forbidden for healthChecks"},
		{"IPv4", "A", "i", names(model.AttrIPv4, "192.0.2"), "Invalid value 192.0.2 for attribute AWS_INSTANCE_IPV4."},
		{"IPv6", "AAAA", "i", names(model.AttrIPv6, "192.0.2.1"), "Invalid value 192.0.2.1 for attribute AWS_INSTANCE_IPV6."},
		{"port", "SRV", "i", with(model.AttrPort, "65536"), "Invalid value 65536 for attribute AWS_INSTANCE_PORT."},
		{"CNAME", "CNAME", "i", names(model.AttrCNAME, "a..b"), "Invalid value a..b for attribute AWS_INSTANCE_CNAME."},
		{"lease", "A", "i", with(model.AttrLease, "0"), `Invalid value for attribute EDGESTAGE_LEASE: lease "0" is not a number of seconds in [1, 86400].`},
		{"id", "A", "a b", with(), "1 validation error detected: Value 'a b' at 'instanceId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-zA-Z_/:.@-]+$"},
		{"attribute's name", "A", "i", with("a b", "x"), "1 validation error detected: Value 'a b' at 'attributes' failed to satisfy constraint: Member must have keys that satisfy regular expression pattern: ^[a-zA-Z0-9!-~]+$"},
		{"attribute's value", "A", "i", with("k", " x"), "1 validation error detected: Value ' x' at 'attributes.k.member' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([a-zA-Z0-9!-~][ \\ta-zA-Z0-9!-~]*){0,1}[a-zA-Z0-9!-~]{0,1}$"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			service := services[tt.service]
			_, err := e.RegisterInstance(ctx, &servicediscovery.RegisterInstanceInput{ServiceId: &service, InstanceId: &tt.id, Attributes: tt.attributes})
			wantError(t, err, "InvalidInput", tt.message)
		})
	}
	if rows := e.rows(); rows[model.TableInstances] != 0 {
		t.Errorf("rows %v after refusals", rows)
	}
}

func TestRegister(t *testing.T) {
	e := serve(t, nil)
	private, public, plain := e.private("corp", "vpc-1"), e.public("example.org"), e.http("plain")
	lb := "lb-1.us-east-1.elb.amazonaws.com"
	tests := []struct {
		name, service string
		attributes    map[string]string
	}{
		{"A", e.make(private, "a", nil, "A"), ipv4("192.0.2.1")},
		{"A and AAAA", e.make(private, "both", nil, "A", "AAAA"), names(model.AttrIPv4, "192.0.2.1", model.AttrIPv6, "2001:db8::1")},
		{"SRV", e.make(private, "srv", nil, "SRV"), names(model.AttrIPv6, "2001:db8::1", model.AttrPort, "80")},
		{"CNAME", e.make(private, "cname", weighted, "CNAME"), names(model.AttrCNAME, "www.example.org")},
		{"alias", e.make(public, "lb", func(in *servicediscovery.CreateServiceInput) { weighted(in); tcp(in) }, "A"), names(model.AttrAlias, lb)},
		{"EC2", e.make(plain, "ec2", nil), names(model.AttrEC2, "i-0123456789abcdef0")},
		{"nothing", e.make(plain, "none", nil), map[string]string{}},
		{"attributes of ECS", e.make(private, "ecs", custom, "A"), names(model.AttrIPv4, "192.0.2.1", "AVAILABILITY_ZONE", "us-east-1a",
			"ECS_SERVICE_NAME", "worker", "EC2_INSTANCE_ID", "i-1", "ECS_TASK_DEFINITION_FAMILY", "a b")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := "a/b:c.d@e_f-G"
			e.register(tt.service, id, tt.attributes)
			out, err := e.GetInstance(ctx, &servicediscovery.GetInstanceInput{ServiceId: &tt.service, InstanceId: &id})
			if err != nil || *out.Instance.Id != id || !maps.Equal(out.Instance.Attributes, tt.attributes) {
				t.Errorf("GetInstance: %+v, %v, want the attributes %v", out, err, tt.attributes)
			}
			e.deregister(tt.service, id)
			_, err = e.GetInstance(ctx, &servicediscovery.GetInstanceInput{ServiceId: &tt.service, InstanceId: &id})
			wantError(t, err, "InstanceNotFound", "The instance "+id+" can't be found.")
			_, err = e.DeregisterInstance(ctx, &servicediscovery.DeregisterInstanceInput{ServiceId: &tt.service, InstanceId: &id})
			wantError(t, err, "InstanceNotFound", "The instance "+id+" can't be found.")
		})
	}
	if rows := e.rows(); rows[model.TableInstances]+rows[model.TableHealthChecks]+rows[model.TableInstanceHealth] != 0 {
		t.Errorf("rows %v after all were deregistered", rows)
	}
}

// TestReregister covers aws-behaviour 6.5 and 6.10.3: full replacement, and a
// revision that grows by one.
func TestReregister(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.private("corp", "vpc-1"), "worker", custom, "A")
	revision := func() int64 {
		t.Helper()
		out, err := e.DiscoverInstancesRevision(ctx, &servicediscovery.DiscoverInstancesRevisionInput{NamespaceName: ptr("corp"), ServiceName: ptr("worker")})
		if err != nil {
			t.Fatal(err)
		}
		return *out.InstancesRevision
	}
	steps := []struct {
		name string
		do   func()
		want int64
	}{
		{"nothing", func() {}, 0},
		{"register", func() { e.register(id, "i-1", names(model.AttrIPv4, "192.0.2.1", "k", "v")) }, 1},
		{"register anew", func() { e.register(id, "i-1", ipv4("192.0.2.2")) }, 2},
		{"register the same", func() { e.register(id, "i-1", ipv4("192.0.2.2")) }, 2},
		{"health", func() {
			if err := e.say(id, "i-1", "UNHEALTHY"); err != nil {
				t.Fatal(err)
			}
		}, 2},
		{"deregister", func() { e.deregister(id, "i-1") }, 3},
	}
	for _, s := range steps {
		s.do()
		if got := revision(); got != s.want {
			t.Errorf("revision %d after %q, want %d", got, s.name, s.want)
		}
		if s.name == "register anew" {
			i := e.row(model.TableInstances, model.InstancePrefix(id)+"i-1").(*model.Instance)
			if !maps.Equal(i.Attributes, ipv4("192.0.2.2")) {
				t.Errorf("attributes %v, want the new ones only", i.Attributes)
			}
		}
	}
}

func TestRegisterReplay(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.private("corp", "vpc-1"), "worker", nil, "A")
	in := &servicediscovery.RegisterInstanceInput{ServiceId: &id, InstanceId: ptr("i-1"), Attributes: ipv4("192.0.2.1"), CreatorRequestId: ptr("once")}
	first, err := e.RegisterInstance(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.RegisterInstance(ctx, in)
	if err != nil || *again.OperationId != *first.OperationId {
		t.Errorf("the same request once more: %v, %v, want the operation %s", again, err, *first.OperationId)
	}
	in.CreatorRequestId = ptr("twice")
	again, err = e.RegisterInstance(ctx, in)
	if err != nil || *again.OperationId == *first.OperationId {
		t.Errorf("another request: %v, %v, want another operation", again, err)
	}
}

func TestListInstances(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.http("a"), "s", nil)
	for i := range 5 {
		e.register(id, fmt.Sprint("i-", i), names("n", fmt.Sprint(i)))
	}
	var found []string
	pages := servicediscovery.NewListInstancesPaginator(e, &servicediscovery.ListInstancesInput{ServiceId: &id, MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range p.Instances {
			found = append(found, *i.Id+i.Attributes["n"])
		}
	}
	if fmt.Sprint(found) != "[i-00 i-11 i-22 i-33 i-44]" {
		t.Errorf("ListInstances: %v", found)
	}
}

// TestInstanceQuotas covers aws-behaviour 6.9.
func TestInstanceQuotas(t *testing.T) {
	e := serve(t, withQuotas(Quotas{InstancesPerService: 2, InstancesPerNamespace: 3, Discoverable: 4}))
	corp, plain := e.private("corp", "vpc-1"), e.http("plain")
	one, two, other := e.make(corp, "one", nil, "A"), e.make(corp, "two", nil, "A"), e.make(plain, "other", nil)
	register := func(service, id string) error {
		out, err := e.RegisterInstance(ctx, &servicediscovery.RegisterInstanceInput{ServiceId: &service, InstanceId: &id, Attributes: ipv4("192.0.2.1")})
		if err == nil {
			e.done(types.OperationTargetTypeInstance, out.OperationId, nil)
		}
		return err
	}
	steps := []struct{ service, id, message string }{
		{one, "1", ""}, {one, "2", ""}, {one, "3", "The limit of 2 instances of the service " + one + " is reached."},
		{one, "2", ""}, {two, "1", ""}, {two, "2", "The limit of 3 instances in the namespace " + corp + " is reached."},
		{other, "1", ""}, {other, "2", ""}, {other, "3", ""}, {other, "4", ""}, {other, "5", "The limit of 4 instances of the service " + other + " is reached."},
	}
	for _, s := range steps {
		code := ""
		if s.message != "" {
			code = "ResourceLimitExceeded"
		}
		wantError(t, register(s.service, s.id), code, s.message)
	}
	e.deregister(one, "1")
	wantError(t, register(two, "2"), "", "")
}

// TestInstanceHealthCheck covers the health checks of public namespaces: rows
// that follow their instances.
func TestInstanceHealthCheck(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.public("example.org"), "web", tcp, "A")
	check := func() *model.HealthCheck {
		h, _ := e.row(model.TableHealthChecks, model.InstanceHealthID(id, "i-1")).(*model.HealthCheck)
		return h
	}
	attributes := names(model.AttrIPv4, "192.0.2.1", model.AttrPort, "80")
	e.register(id, "i-1", attributes)
	h := check()
	want := model.HealthCheckConfig{Type: "TCP", IPAddress: "192.0.2.1", Port: 80, RequestInterval: 30, FailureThreshold: 1}
	if h == nil || fmt.Sprint(h.Config) != fmt.Sprint(want) || h.Linked == nil || h.Account != testAccount {
		t.Fatalf("health check %+v, want %+v", h, want)
	}
	e.register(id, "i-1", names(model.AttrIPv4, "192.0.2.1", model.AttrPort, "80", "k", "v"))
	if h := check(); h.Version != 1 {
		t.Errorf("version %d after a change of something else, want 1", h.Version)
	}
	attributes[model.AttrPort] = "81"
	e.register(id, "i-1", attributes)
	if h := check(); h.Version != 2 || h.Config.Port != 81 {
		t.Errorf("health check %+v after a change of the port", h)
	}
	e.deregister(id, "i-1")
	if h := check(); h != nil {
		t.Errorf("health check %+v of an instance that is no more", h)
	}
	_, err := e.RegisterInstance(ctx, &servicediscovery.RegisterInstanceInput{ServiceId: &id, InstanceId: ptr("i-1"), Attributes: names(model.AttrIPv4, "0.0.0.0", model.AttrPort, "80")})
	wantError(t, err, "InvalidInput", "IPv4 address 0.0.0.0 is forbidden for healthChecks")
}

func TestUnknownService(t *testing.T) {
	e := serve(t, nil)
	id, text := ptr("srv-aaaaaaaaaaaaaaaa"), "The service srv-aaaaaaaaaaaaaaaa can't be found."
	calls := map[string]func() error{
		"RegisterInstance": func() error {
			_, err := e.RegisterInstance(ctx, &servicediscovery.RegisterInstanceInput{ServiceId: id, InstanceId: id, Attributes: map[string]string{}})
			return err
		},
		"DeregisterInstance": func() error {
			_, err := e.DeregisterInstance(ctx, &servicediscovery.DeregisterInstanceInput{ServiceId: id, InstanceId: id})
			return err
		},
		"ListInstances": func() error {
			_, err := e.ListInstances(ctx, &servicediscovery.ListInstancesInput{ServiceId: id})
			return err
		},
		"GetInstancesHealthStatus": func() error {
			_, err := e.GetInstancesHealthStatus(ctx, &servicediscovery.GetInstancesHealthStatusInput{ServiceId: id})
			return err
		},
		"UpdateService": func() error {
			_, err := e.UpdateService(ctx, &servicediscovery.UpdateServiceInput{Id: id, Service: &types.ServiceChange{}})
			return err
		},
		"DeleteService": func() error {
			_, err := e.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: id})
			return err
		},
		"GetServiceAttributes": func() error {
			_, err := e.GetServiceAttributes(ctx, &servicediscovery.GetServiceAttributesInput{ServiceId: id})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) { wantError(t, call(), "ServiceNotFound", text) })
	}
}
