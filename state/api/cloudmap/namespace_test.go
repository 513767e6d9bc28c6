package cloudmap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// TestPrivateNamespace covers aws-behaviour 6.3 and 6.10.1.
func TestPrivateNamespace(t *testing.T) {
	e := serve(t, nil)
	id := e.private("corp", "vpc-1")
	out, err := e.GetNamespace(ctx, &servicediscovery.GetNamespaceInput{Id: &id})
	if err != nil {
		t.Fatal(err)
	}
	n := out.Namespace
	if *n.Name != "corp" || n.Type != types.NamespaceTypeDnsPrivate || *n.Properties.HttpProperties.HttpName != "corp" ||
		*n.Properties.DnsProperties.SOA.TTL != 15 || *n.Arn != "arn:aws:servicediscovery:us-east-1:111111111111:namespace/"+id ||
		time.Since(*n.CreateDate) > time.Minute || *n.ServiceCount != 0 {
		t.Errorf("GetNamespace: %+v", n)
	}
	z := e.zone(*n.Properties.DnsProperties.HostedZoneId)
	if z == nil || !z.Private || z.Name != "corp." || !slices.Equal(z.VPCs, []model.VPC{{ID: "vpc-1", Region: testRegion}}) ||
		z.Linked == nil || z.Linked.Principal != "servicediscovery.amazonaws.com" || z.Linked.Description != *n.Arn {
		t.Errorf("hosted zone %+v", z)
	}
	if soa := e.soa(z); soa == nil || soa.TTL != 15 {
		t.Errorf("SOA %+v, want a TTL of 15", soa)
	}
}

// zone returns a hosted zone's row, nil where there is none.
func (e *endpoint) zone(id string) *model.Zone {
	z, _ := e.row(model.TableZones, id).(*model.Zone)
	return z
}

func (e *endpoint) soa(z *model.Zone) *model.RRset {
	s, _ := e.row(model.TableRRsets, model.RRsetKey(z.ID, z.Name, "SOA", "")).(*model.RRset)
	return s
}

// row returns the value of a row, nil where there is none.
func (e *endpoint) row(table, key string) model.Value {
	e.t.Helper()
	var v model.Value
	if err := e.replica.View(func(rd *state.Reader) error { v, _ = rd.Get(table, key); return nil }); err != nil {
		e.t.Fatal(err)
	}
	return v
}

// rows returns how many rows the tables of Cloud Map and hosted zones have,
// operations aside.
func (e *endpoint) rows() map[string]int {
	counts := make(map[string]int)
	tables := append([]string{model.TableNamespaces, model.TableRRsets}, Leftovers(e.replica).Tables...)
	tables = slices.DeleteFunc(tables, func(table string) bool { return table == model.TableCallerReferences }) // outlive zones
	_ = e.replica.View(func(rd *state.Reader) error {
		for _, table := range tables {
			if n := rd.Count(table, "", 0); n > 0 {
				counts[table] = n
			}
		}
		return nil
	})
	return counts
}

func TestPublicNamespace(t *testing.T) {
	e := serve(t, nil)
	out, err := e.CreatePublicDnsNamespace(ctx, &servicediscovery.CreatePublicDnsNamespaceInput{
		Name: ptr("example.org"), Description: ptr("d"),
		Properties: &types.PublicDnsNamespaceProperties{DnsProperties: &types.PublicDnsPropertiesMutable{SOA: &types.SOA{TTL: aws.Int64(60)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := e.done(types.OperationTargetTypeNamespace, out.OperationId, nil)
	n, err := e.GetNamespace(ctx, &servicediscovery.GetNamespaceInput{Id: ptr("arn:aws:servicediscovery:us-east-1:111111111111:namespace/" + id)})
	if err != nil {
		t.Fatal(err)
	}
	z := e.zone(*n.Namespace.Properties.DnsProperties.HostedZoneId)
	if z == nil || z.Private || len(z.NameServers) != 4 || e.soa(z).TTL != 60 {
		t.Errorf("hosted zone %+v", z)
	}
}

// TestNamespaceNames covers the names of aws-behaviour 6.3.
func TestNamespaceNames(t *testing.T) {
	e := serve(t, nil)
	long := strings.Repeat("a", 1025)
	public := `^([a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])?$`
	refused := "1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: %s"
	tests := []struct {
		name, kind, value, message string
	}{
		{"http", "HTTP", "a!b", ""},
		{"http space", "HTTP", "a b", fmt.Sprintf(refused, "a b", `^(?!arn:)[!-~]{1,1024}$`)},
		{"http arn", "HTTP", "arn:x", fmt.Sprintf(refused, "arn:x", `^(?!arn:)[!-~]{1,1024}$`)},
		{"http long", "HTTP", long, "1 validation error detected: Value '" + long + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		{"private of one label", "PRIVATE", "corp", ""},
		{"private space", "PRIVATE", "a b", fmt.Sprintf(refused, "a b", `^(?!arn:)[!-~]{1,253}$`)},
		{"public", "PUBLIC", "a.example.org", ""},
		{"public of one label", "PUBLIC", "corp", fmt.Sprintf(refused, "corp", public)},
		{"public underscore", "PUBLIC", "_a.example.org", fmt.Sprintf(refused, "_a.example.org", public)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			switch tt.kind {
			case "HTTP":
				_, err = e.CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: &tt.value})
			case "PRIVATE":
				_, err = e.CreatePrivateDnsNamespace(ctx, &servicediscovery.CreatePrivateDnsNamespaceInput{Name: &tt.value, Vpc: ptr("vpc-1")})
			case "PUBLIC":
				_, err = e.CreatePublicDnsNamespace(ctx, &servicediscovery.CreatePublicDnsNamespaceInput{Name: &tt.value})
			}
			code := ""
			if tt.message != "" {
				code = "InvalidInput"
			}
			wantError(t, err, code, tt.message)
		})
	}
}

func TestNamespaceReplay(t *testing.T) {
	e := serve(t, nil)
	in := &servicediscovery.CreateHttpNamespaceInput{Name: ptr("a"), CreatorRequestId: ptr("once"), Description: ptr("d")}
	first, err := e.CreateHttpNamespace(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.CreateHttpNamespace(ctx, in)
	if err != nil || *again.OperationId != *first.OperationId {
		t.Errorf("the same request once more: %v, %v, want the operation %s", again, err, *first.OperationId)
	}
	id := e.done(types.OperationTargetTypeNamespace, first.OperationId, nil)
	in.Description = ptr("other")
	_, err = e.CreateHttpNamespace(ctx, in)
	exists := (*types.NamespaceAlreadyExists)(nil)
	if !errors.As(err, &exists) || *exists.NamespaceId != id || *exists.CreatorRequestId != "once" {
		t.Errorf("another request with the same id: %v, want NamespaceAlreadyExists of %s", err, id)
	}
}

func TestNamespaceConflicts(t *testing.T) {
	e := serve(t, nil)
	first := e.private("corp", "vpc-1")
	_, err := e.CreatePrivateDnsNamespace(ctx, &servicediscovery.CreatePrivateDnsNamespaceInput{Name: ptr("corp"), Vpc: ptr("vpc-1")})
	exists := (*types.NamespaceAlreadyExists)(nil)
	if !errors.As(err, &exists) || *exists.NamespaceId != first {
		t.Errorf("the same name in the same VPC: %v, want NamespaceAlreadyExists of %s", err, first)
	}
	second := e.private("corp", "vpc-2")
	n, err := e.GetNamespace(ctx, &servicediscovery.GetNamespaceInput{Id: &second})
	if err != nil || !strings.HasPrefix(*n.Namespace.Properties.HttpProperties.HttpName, "corp-") {
		t.Errorf("the same name in another VPC: %+v, %v, want an HttpName with a suffix", n, err)
	}
	_, err = e.CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: ptr("corp")})
	wantError(t, err, "NamespaceAlreadyExists", "The namespace corp already exists.")
	if _, err := e.as(testAccount, "eu-west-1").CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: ptr("corp")}); err != nil {
		t.Errorf("the same name in another Region: %v", err)
	}
}

// TestNamespaceZoneConflict covers an operation that fails as Route 53 refuses
// the zone.
func TestNamespaceZoneConflict(t *testing.T) {
	e := serve(t, nil)
	z := &model.Zone{ID: "Z1", Name: "corp.", Account: testAccount, Private: true, VPCs: []model.VPC{{ID: "vpc-1", Region: testRegion}}, NameServers: model.PrivateNameServers()}
	if _, err := e.replica.Commit(ctx, func(t *state.Tx) error { return t.Put(z) }); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, vpc, message string }{
		{"corp", "vpc-1", "The VPC vpc-1 in region us-east-1 has already been associated with the hosted zone Z1 with the same domain name."},
		{"a..b", "vpc-1", "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"},
		{"corp", "net!", "The VPC: net! in region us-east-1 that you provided is not valid."},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.vpc, func(t *testing.T) {
			before := e.rows()
			out, err := e.CreatePrivateDnsNamespace(ctx, &servicediscovery.CreatePrivateDnsNamespaceInput{Name: &tt.name, Vpc: &tt.vpc})
			if err != nil {
				t.Fatal(err)
			}
			o := e.wait(out.OperationId, nil)
			if o.Status != types.OperationStatusFail || *o.ErrorCode != "CANNOT_CREATE_HOSTED_ZONE" || *o.ErrorMessage != tt.message {
				t.Errorf("operation %s %s %s, want FAIL %s", o.Status, aws.ToString(o.ErrorCode), aws.ToString(o.ErrorMessage), tt.message)
			}
			if after := e.rows(); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("rows %v, then %v", before, after)
			}
		})
	}
}

func TestDeleteNamespace(t *testing.T) {
	e := serve(t, nil)
	id := e.private("corp", "vpc-1")
	service := e.make(id, "worker", nil, "A")
	_, err := e.DeleteNamespace(ctx, &servicediscovery.DeleteNamespaceInput{Id: &id})
	wantError(t, err, "ResourceInUse", "Namespace "+id+" contains services; delete the services before deleting the namespace")
	if _, err := e.DeleteService(ctx, &servicediscovery.DeleteServiceInput{Id: &service}); err != nil {
		t.Fatal(err)
	}
	out, err := e.DeleteNamespace(ctx, &servicediscovery.DeleteNamespaceInput{Id: &id})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.done(types.OperationTargetTypeNamespace, out.OperationId, nil); got != id {
		t.Errorf("deleted %q, want %q", got, id)
	}
	_, err = e.GetNamespace(ctx, &servicediscovery.GetNamespaceInput{Id: &id})
	wantError(t, err, "NamespaceNotFound", "The namespace "+id+" can't be found.")
	if rows := e.rows(); len(rows) > 0 {
		t.Errorf("rows left: %v", rows)
	}
	e.private("corp", "vpc-1")
}

func TestUpdateNamespace(t *testing.T) {
	e := serve(t, nil)
	id := e.private("corp", "vpc-1")
	out, err := e.UpdatePrivateDnsNamespace(ctx, &servicediscovery.UpdatePrivateDnsNamespaceInput{Id: &id, Namespace: &types.PrivateDnsNamespaceChange{
		Description: ptr("new"),
		Properties:  &types.PrivateDnsNamespacePropertiesChange{DnsProperties: &types.PrivateDnsPropertiesMutableChange{SOA: &types.SOAChange{TTL: aws.Int64(100)}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	e.done(types.OperationTargetTypeNamespace, out.OperationId, nil)
	n, err := e.GetNamespace(ctx, &servicediscovery.GetNamespaceInput{Id: &id})
	if err != nil || *n.Namespace.Description != "new" || *n.Namespace.Properties.DnsProperties.SOA.TTL != 100 {
		t.Errorf("GetNamespace: %+v, %v", n, err)
	}
	if soa := e.soa(e.zone(*n.Namespace.Properties.DnsProperties.HostedZoneId)); soa.TTL != 100 {
		t.Errorf("SOA %+v, want a TTL of 100", soa)
	}
	_, err = e.UpdateHttpNamespace(ctx, &servicediscovery.UpdateHttpNamespaceInput{Id: &id, Namespace: &types.HttpNamespaceChange{Description: ptr("x")}})
	wantError(t, err, "InvalidInput", "The namespace "+id+" is of type DNS_PRIVATE, and the request is for one of type HTTP.")
}

func TestListNamespaces(t *testing.T) {
	e := serve(t, nil)
	e.http("one")
	e.http("other")
	e.private("corp", "vpc-1")
	e.public("example.org")
	if _, err := e.as(otherAccount, testRegion).CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: ptr("one")}); err != nil {
		t.Fatal(err)
	}
	filter := func(name, condition string, values ...string) types.NamespaceFilter {
		return types.NamespaceFilter{Name: types.NamespaceFilterName(name), Condition: types.FilterCondition(condition), Values: values}
	}
	tests := []struct {
		name    string
		filters []types.NamespaceFilter
		want    string
	}{
		{"all", nil, "[corp example.org one other]"},
		{"type", []types.NamespaceFilter{filter("TYPE", "", "HTTP")}, "[one other]"},
		{"types", []types.NamespaceFilter{filter("TYPE", "IN", "DNS_PUBLIC", "DNS_PRIVATE")}, "[corp example.org]"},
		{"name", []types.NamespaceFilter{filter("NAME", "EQ", "corp")}, "[corp]"},
		{"beginning", []types.NamespaceFilter{filter("HTTP_NAME", "BEGINS_WITH", "o")}, "[one other]"},
		{"two", []types.NamespaceFilter{filter("TYPE", "EQ", "HTTP"), filter("NAME", "BEGINS_WITH", "on")}, "[one]"},
		{"others' ", []types.NamespaceFilter{filter("RESOURCE_OWNER", "EQ", "OTHER_ACCOUNTS")}, "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := []string{}
			pages := servicediscovery.NewListNamespacesPaginator(e, &servicediscovery.ListNamespacesInput{Filters: tt.filters, MaxResults: aws.Int32(1)})
			for pages.HasMorePages() {
				p, err := pages.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if len(p.Namespaces) > 1 {
					t.Errorf("page of %d", len(p.Namespaces))
				}
				for _, n := range p.Namespaces {
					found = append(found, *n.Name)
				}
			}
			slices.Sort(found)
			if fmt.Sprint(found) != tt.want {
				t.Errorf("ListNamespaces: %v, want %s", found, tt.want)
			}
		})
	}
}

func TestListRefuses(t *testing.T) {
	e := serve(t, nil)
	e.http("a")
	e.http("b")
	page, err := e.ListNamespaces(ctx, &servicediscovery.ListNamespacesInput{MaxResults: aws.Int32(1)})
	if err != nil || page.NextToken == nil {
		t.Fatalf("ListNamespaces: %v, %v, want a token", page, err)
	}
	token := "The NextToken is not valid for this request: it must be that of the page before, with the same filters."
	filter := func(name, condition string, values ...string) []types.NamespaceFilter {
		return []types.NamespaceFilter{{Name: types.NamespaceFilterName(name), Condition: types.FilterCondition(condition), Values: values}}
	}
	tests := []struct {
		name    string
		in      servicediscovery.ListNamespacesInput
		message string
	}{
		{"garbage", servicediscovery.ListNamespacesInput{NextToken: ptr("garbage")}, token},
		{"lengthened", servicediscovery.ListNamespacesInput{NextToken: ptr(*page.NextToken + "A")}, token},
		{"of another list", servicediscovery.ListNamespacesInput{NextToken: page.NextToken, Filters: filter("TYPE", "EQ", "HTTP")}, token},
		{"page size", servicediscovery.ListNamespacesInput{MaxResults: aws.Int32(101)},
			"1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{"unknown filter", servicediscovery.ListNamespacesInput{Filters: filter("COLOUR", "EQ", "a")},
			"1 validation error detected: Value 'COLOUR' at 'filters.1.member.name' failed to satisfy constraint: Member must satisfy enum value set: [HTTP_NAME, NAME, RESOURCE_OWNER, TYPE]"},
		{"condition", servicediscovery.ListNamespacesInput{Filters: filter("NAME", "IN", "a")},
			"The filter NAME does not support the condition IN; it supports EQ, BEGINS_WITH."},
		{"values", servicediscovery.ListNamespacesInput{Filters: filter("NAME", "EQ", "a", "b")},
			"The filter NAME with the condition EQ has 2 values, 1 expected."},
		{"twice", servicediscovery.ListNamespacesInput{Filters: append(filter("NAME", "EQ", "a"), filter("NAME", "EQ", "b")...)},
			"The filter NAME is given more than once."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.ListNamespaces(ctx, &tt.in)
			wantError(t, err, "InvalidInput", tt.message)
		})
	}
	_, err = e.ListServices(ctx, &servicediscovery.ListServicesInput{NextToken: page.NextToken})
	wantError(t, err, "InvalidInput", token)
}

func TestNamespaceQuota(t *testing.T) {
	e := serve(t, withQuotas(Quotas{Namespaces: 1}))
	e.http("a")
	_, err := e.CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: ptr("b")})
	wantError(t, err, "ResourceLimitExceeded", "The limit of 1 namespaces in this Region is reached.")
}
