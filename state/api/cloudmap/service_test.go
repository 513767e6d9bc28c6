package cloudmap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/edgestage/edgestage/state/model"
)

// TestCreateService covers aws-behaviour 6.4: what is refused, and how.
func TestCreateService(t *testing.T) {
	e := serve(t, nil)
	private, public, plain := e.private("corp", "vpc-1"), e.public("example.org"), e.http("plain")
	e.make(private, "taken", nil, "A")
	deep := e.private(strings.Repeat("a.", 90)+"a", "vpc-1")
	dns := func(policy types.RoutingPolicy, records ...string) func(in *servicediscovery.CreateServiceInput) {
		return func(in *servicediscovery.CreateServiceInput) {
			in.DnsConfig = &types.DnsConfig{RoutingPolicy: policy}
			for _, r := range records {
				in.DnsConfig.DnsRecords = append(in.DnsConfig.DnsRecords, record(r))
			}
		}
	}
	check := func(kind types.HealthCheckType, path *string) func(in *servicediscovery.CreateServiceInput) {
		return func(in *servicediscovery.CreateServiceInput) {
			in.HealthCheckConfig = &types.HealthCheckConfig{Type: kind, ResourcePath: path}
		}
	}
	both := func(list ...func(in *servicediscovery.CreateServiceInput)) func(in *servicediscovery.CreateServiceInput) {
		return func(in *servicediscovery.CreateServiceInput) {
			for _, f := range list {
				f(in)
			}
		}
	}
	none := func(*servicediscovery.CreateServiceInput) {}
	tests := []struct {
		name, namespace, service string
		change                   func(in *servicediscovery.CreateServiceInput)
		code, message            string
	}{
		{"A and AAAA", private, "both", dns("", "A", "AAAA"), "", ""},
		{"SRV", private, "_http._tcp", dns("", "SRV"), "", ""},
		{"CNAME", private, "name", dns("WEIGHTED", "CNAME"), "", ""},
		{"type HTTP in DNS namespace", private, "api-only", func(in *servicediscovery.CreateServiceInput) { in.Type = types.ServiceTypeOptionHttp }, "", ""},
		{"HTTP", plain, "worker", none, "", ""},
		{"HTTP with custom health", plain, "custom", custom, "", ""},
		{"health checks", public, "web", both(dns("", "A"), check("HTTP", nil)), "", ""},
		{"name of a dot", private, ".", dns("", "A"), "InvalidInput",
			"1 validation error detected: Value '.' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: " + serviceNamePattern},
		{"name with space", private, "a b", dns("", "A"), "InvalidInput",
			"1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: " + serviceNamePattern},
		{"no namespace", "", "a", none, "InvalidInput", "Service namespace id cannot be null"},
		{"unknown namespace", "ns-aaaaaaaaaaaaaaaa", "a", none, "NamespaceNotFound", "The namespace ns-aaaaaaaaaaaaaaaa can't be found."},
		{"DNS in HTTP namespace", plain, "a", dns("", "A"), "InvalidInput",
			"When you create a service using a namespace that has a type of HTTP, you can't include a DnsConfig element."},
		{"CNAME with A", private, "a", dns("WEIGHTED", "A", "CNAME"), "InvalidInput", "DnsRecord Type CNAME cannot be combined with other types"},
		{"SRV with A", private, "a", dns("", "SRV", "A"), "InvalidInput", "DnsRecord Type SRV cannot be combined with other types"},
		{"a type twice", private, "a", dns("", "A", "A"), "InvalidInput", "Duplicate resource record typeAin DNS config is not expected"},
		{"no types", private, "a", func(in *servicediscovery.CreateServiceInput) {
			in.DnsConfig = &types.DnsConfig{DnsRecords: []types.DnsRecord{}}
		}, "InvalidInput", "At least one DNS record must be specified in DnsConfig."},
		{"CNAME multivalue", private, "a", dns("MULTIVALUE", "CNAME"), "InvalidInput", "WEIGHTED routing policy must be used with DNS Record Type CNAME"},
		{"policy", private, "a", dns("LATENCY", "A"), "InvalidInput",
			"1 validation error detected: Value 'LATENCY' at 'dnsConfig.routingPolicy' failed to satisfy constraint: Member must satisfy enum value set: [MULTIVALUE, WEIGHTED]"},
		{"TTL", private, "a", func(in *servicediscovery.CreateServiceInput) {
			in.DnsConfig = &types.DnsConfig{DnsRecords: []types.DnsRecord{{Type: "A", TTL: aws.Int64(-1)}}}
		}, "InvalidInput",
			"1 validation error detected: Value '-1' at 'dnsConfig.dnsRecords.1.member.tTL' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"health checks in private namespace", private, "a", both(dns("", "A"), check("HTTP", nil)), "InvalidInput",
			"Health check config cannot be applied to a service with private namespace"},
		{"health checks for CNAME", public, "a", both(dns("WEIGHTED", "CNAME"), check("HTTP", nil)), "InvalidInput",
			"Health check config must not be used. Health checks are not supported for CNAME"},
		{"TCP with path", public, "a", both(dns("", "A"), check("TCP", ptr("/"))), "InvalidInput", "TCP health checks must not have a resource path specified."},
		{"two kinds of health", public, "a", both(dns("", "A"), check("TCP", nil), custom), "InvalidInput",
			"Cannot specify both HealthCheckConfig and HealthCheckCustomConfig."},
		{"threshold", public, "a", both(dns("", "A"), func(in *servicediscovery.CreateServiceInput) {
			in.HealthCheckConfig = &types.HealthCheckConfig{Type: "TCP", FailureThreshold: aws.Int32(11)}
		}), "InvalidInput", "1 validation error detected: Value '11' at 'healthCheckConfig.failureThreshold' failed to satisfy constraint: Member must have value less than or equal to 10"},
		{"taken", private, "taken", dns("", "A"), "ServiceAlreadyExists", "Service already exists."},
		{"taken in another case", private, "TAKEN", dns("", "A"), "ServiceAlreadyExists", "Service already exists."},
		{"case counts without DNS", plain, "WORKER", none, "", ""},
		{"too long together", deep, strings.Repeat("a", 60) + "." + strings.Repeat("a", 60), dns("", "A"), "InvalidInput",
			"The name " + strings.Repeat("a", 60) + "." + strings.Repeat("a", 60) + "." + strings.Repeat("a.", 90) + "a is not one that DNS can have."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &servicediscovery.CreateServiceInput{Name: &tt.service, NamespaceId: &tt.namespace}
			if tt.namespace == "" {
				in.NamespaceId = nil
			}
			tt.change(in)
			_, err := e.CreateService(ctx, in)
			wantError(t, err, tt.code, tt.message)
		})
	}
}

func TestServiceReplay(t *testing.T) {
	e := serve(t, nil)
	ns := e.private("corp", "vpc-1")
	in := &servicediscovery.CreateServiceInput{
		Name: ptr("a"), NamespaceId: &ns, CreatorRequestId: ptr("once"), DnsConfig: &types.DnsConfig{DnsRecords: []types.DnsRecord{record("A")}},
	}
	first, err := e.CreateService(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.CreateService(ctx, in)
	if err != nil || *again.Service.Id != *first.Service.Id {
		t.Errorf("the same request once more: %v, %v, want the service %s", again, err, *first.Service.Id)
	}
	in.Description = ptr("other")
	_, err = e.CreateService(ctx, in)
	exists := (*types.ServiceAlreadyExists)(nil)
	if !errors.As(err, &exists) || *exists.ServiceId != *first.Service.Id || *exists.CreatorRequestId != "once" {
		t.Errorf("another request with the same id: %v, want ServiceAlreadyExists of %s", err, *first.Service.Id)
	}
}

// TestGetService covers what is filled in and shown (aws-behaviour 6.4).
func TestGetService(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.public("example.org"), "web", func(in *servicediscovery.CreateServiceInput) {
		in.HealthCheckConfig = &types.HealthCheckConfig{Type: "HTTPS"}
	}, "A")
	e.register(id, "i-1", names(model.AttrIPv4, "192.0.2.1", model.AttrPort, "443"))
	out, err := e.GetService(ctx, &servicediscovery.GetServiceInput{Id: &id})
	if err != nil {
		t.Fatal(err)
	}
	s := out.Service
	if s.DnsConfig.RoutingPolicy != types.RoutingPolicyMultivalue || *s.HealthCheckConfig.ResourcePath != "/" ||
		*s.HealthCheckConfig.FailureThreshold != 1 || s.Type != types.ServiceTypeDnsHttp || *s.InstanceCount != 1 || *s.DnsConfig.DnsRecords[0].TTL != 10 {
		t.Errorf("GetService: %+v", s)
	}
	_, err = e.as(otherAccount, testRegion).GetService(ctx, &servicediscovery.GetServiceInput{Id: &id})
	wantError(t, err, "ServiceNotFound", "The service "+id+" can't be found.")
}

func TestDeleteService(t *testing.T) {
	e := serve(t, nil)
	ns := e.public("example.org")
	before := fmt.Sprint(e.rows())
	id := e.make(ns, "web", func(in *servicediscovery.CreateServiceInput) {
		tcp(in)
		in.Tags = []types.Tag{{Key: ptr("a"), Value: ptr("b")}}
	}, "A")
	e.register(id, "i-1", names(model.AttrIPv4, "192.0.2.1", model.AttrPort, "443"))
	_, err := e.UpdateServiceAttributes(ctx, &servicediscovery.UpdateServiceAttributesInput{ServiceId: &id, Attributes: names("k", "v")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: &id})
	wantError(t, err, "ResourceInUse", "Service contains registered instances; delete the instances before deleting the service")
	e.deregister(id, "i-1")
	if _, err = e.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: &id}); err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprint(e.rows()); after != before {
		t.Errorf("rows %v, then %v", before, after)
	}
	e.make(ns, "web", nil, "A")
}

// TestUpdateService covers what is removed by leaving it out, and what happens
// to instances that are there.
func TestUpdateService(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.public("example.org"), "web", func(in *servicediscovery.CreateServiceInput) { weighted(in); tcp(in) }, "A")
	e.register(id, "i-1", names(model.AttrIPv4, "192.0.2.1", model.AttrPort, "443"))
	check := model.InstanceHealthID(id, "i-1")
	update := func(change types.ServiceChange) {
		t.Helper()
		out, err := e.UpdateService(ctx, &servicediscovery.UpdateServiceInput{Id: &id, Service: &change})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.done(types.OperationTargetTypeService, out.OperationId, nil); got != id {
			t.Errorf("updated %q, want %q", got, id)
		}
	}
	records := &types.DnsConfigChange{DnsRecords: []types.DnsRecord{{Type: "A", TTL: aws.Int64(99)}}}
	update(types.ServiceChange{DnsConfig: records, HealthCheckConfig: &types.HealthCheckConfig{Type: "HTTP", ResourcePath: ptr("/up")}})
	s := e.row(model.TableServices, id).(*model.Service)
	h := e.row(model.TableHealthChecks, check).(*model.HealthCheck)
	if s.Record("A").TTL != 99 || s.DNS.Policy != "WEIGHTED" || h.Config.ResourcePath != "/up" || h.Version != 2 {
		t.Errorf("after a change: %+v, health check %+v", s.DNS, h)
	}
	update(types.ServiceChange{DnsConfig: records})
	if s := e.row(model.TableServices, id).(*model.Service); s.HealthCheck != nil || e.row(model.TableHealthChecks, check) != nil {
		t.Errorf("without HealthCheckConfig: %+v", s)
	}
	update(types.ServiceChange{DnsConfig: records, HealthCheckConfig: &types.HealthCheckConfig{Type: "TCP"}})
	if e.row(model.TableHealthChecks, check) == nil {
		t.Error("with HealthCheckConfig again: the instance has no health check")
	}
	update(types.ServiceChange{})
	if s := e.row(model.TableServices, id).(*model.Service); s.DNS != nil || s.Type() != "HTTP" {
		t.Errorf("without DnsConfig: %+v", s)
	}
}

func TestListServices(t *testing.T) {
	e := serve(t, nil)
	one, two := e.http("one"), e.http("two")
	for i := range 5 {
		e.make(one, fmt.Sprint("s", i), nil)
	}
	e.make(two, "other", nil)
	list := func(filters ...types.ServiceFilter) []string {
		var found []string
		pages := servicediscovery.NewListServicesPaginator(e, &servicediscovery.ListServicesInput{Filters: filters, MaxResults: aws.Int32(2)})
		for pages.HasMorePages() {
			p, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Services {
				found = append(found, *s.Name)
			}
		}
		slices.Sort(found)
		return found
	}
	if got := fmt.Sprint(list()); got != "[other s0 s1 s2 s3 s4]" {
		t.Errorf("ListServices: %s", got)
	}
	for _, ns := range []string{one, "arn:aws:servicediscovery:us-east-1:111111111111:namespace/" + one} {
		if got := fmt.Sprint(list(types.ServiceFilter{Name: "NAMESPACE_ID", Values: []string{ns}})); got != "[s0 s1 s2 s3 s4]" {
			t.Errorf("ListServices of %s: %s", ns, got)
		}
	}
}

func TestServiceAttributes(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.http("a"), "s", nil)
	update := func(attributes map[string]string) error {
		_, err := e.UpdateServiceAttributes(ctx, &servicediscovery.UpdateServiceAttributesInput{ServiceId: &id, Attributes: attributes})
		return err
	}
	for _, a := range []map[string]string{names("a", "1", "b", "2"), names("b", "3")} {
		if err := update(a); err != nil {
			t.Fatal(err)
		}
	}
	out, err := e.GetServiceAttributes(ctx, &servicediscovery.GetServiceAttributesInput{ServiceId: &id})
	if err != nil || fmt.Sprint(out.ServiceAttributes.Attributes) != "map[a:1 b:3]" || !strings.HasSuffix(*out.ServiceAttributes.ServiceArn, id) {
		t.Errorf("GetServiceAttributes: %+v, %v", out, err)
	}
	many := make(map[string]string)
	for i := range 29 {
		many[fmt.Sprint("k", i)] = "v"
	}
	wantError(t, update(many), "ServiceAttributesLimitExceededException", "A service cannot have more attributes than 30.")
	if _, err := e.DeleteServiceAttributes(ctx, &servicediscovery.DeleteServiceAttributesInput{ServiceId: &id, Attributes: []string{"a", "missing"}}); err != nil {
		t.Fatal(err)
	}
	out, err = e.GetServiceAttributes(ctx, &servicediscovery.GetServiceAttributesInput{ServiceId: &id})
	if err != nil || fmt.Sprint(out.ServiceAttributes.Attributes) != "map[b:3]" {
		t.Errorf("GetServiceAttributes after a deletion: %+v, %v", out, err)
	}
}

func TestTags(t *testing.T) {
	e := serve(t, nil)
	ns := e.http("a")
	service := e.make(ns, "s", func(in *servicediscovery.CreateServiceInput) {
		in.Tags = []types.Tag{{Key: ptr("team"), Value: ptr("a")}}
	})
	arn := "arn:aws:servicediscovery:us-east-1:111111111111:service/" + service
	list := func(arn string) string {
		out, err := e.ListTagsForResource(ctx, &servicediscovery.ListTagsForResourceInput{ResourceARN: &arn})
		if err != nil {
			return err.Error()
		}
		var found []string
		for _, one := range out.Tags {
			found = append(found, *one.Key+"="+*one.Value)
		}
		return strings.Join(found, " ")
	}
	tag := func(arn string, tags ...types.Tag) error {
		_, err := e.TagResource(ctx, &servicediscovery.TagResourceInput{ResourceARN: &arn, Tags: tags})
		return err
	}
	if err := tag(arn, types.Tag{Key: ptr("team"), Value: ptr("b")}, types.Tag{Key: ptr("x"), Value: ptr("")}); err != nil {
		t.Fatal(err)
	}
	if got := list(arn); got != "team=b x=" {
		t.Errorf("tags %q", got)
	}
	if _, err := e.UntagResource(ctx, &servicediscovery.UntagResourceInput{ResourceARN: &arn, TagKeys: []string{"team", "y"}}); err != nil {
		t.Fatal(err)
	}
	if got := list(arn); got != "x=" {
		t.Errorf("tags %q after one was taken", got)
	}
	if got := list("arn:aws:servicediscovery:us-east-1:111111111111:namespace/" + ns); got != "" {
		t.Errorf("tags %q of the namespace", got)
	}
	one := types.Tag{Key: ptr("k"), Value: ptr("")}
	missing := "arn:aws:servicediscovery:us-east-1:111111111111:service/srv-aaaaaaaaaaaaaaaa"
	wantError(t, tag(missing, one), "ResourceNotFoundException", "The resource "+missing+" can't be found.")
	foreign := "arn:aws:servicediscovery:us-east-1:222222222222:service/" + service
	wantError(t, tag(foreign, one), "ResourceNotFoundException", "The resource "+foreign+" can't be found.")
	wantError(t, tag("x", one), "InvalidInput", "The ARN x is not that of a namespace or service.")
	wantError(t, tag(arn, types.Tag{Key: ptr("aws:x"), Value: ptr("")}), "InvalidInput", "The tag key aws:x begins with aws:, which is reserved for AWS.")
	var many []types.Tag
	for i := range 200 {
		many = append(many, types.Tag{Key: ptr(fmt.Sprint("k", i)), Value: ptr("")})
	}
	err := tag(arn, many...)
	if full := (*types.TooManyTagsException)(nil); !errors.As(err, &full) || aws.ToString(full.ResourceName) != service {
		t.Errorf("201 tags: %v, want TooManyTagsException", err)
	}
}
