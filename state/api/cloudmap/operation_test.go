package cloudmap

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/model"
)

// hold keeps operations from being shown everywhere, until release is called.
func (e *endpoint) hold() (release func()) {
	sub := e.replica.Subscribe(model.TableOperations)
	return sub.Close
}

// TestOperationStatus checks that an operation is pending until all members
// show its commit, and that meanwhile others on the same thing are refused.
func TestOperationStatus(t *testing.T) {
	e := serve(t, nil)
	id := e.make(e.private("corp", "vpc-1"), "worker", nil, "A")
	release := e.hold()
	in := &servicediscovery.RegisterInstanceInput{ServiceId: &id, InstanceId: ptr("i-1"), Attributes: ipv4("192.0.2.1"), CreatorRequestId: ptr("once")}
	first, err := e.RegisterInstance(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	get := func() *types.Operation {
		t.Helper()
		out, err := e.GetOperation(ctx, &servicediscovery.GetOperationInput{OperationId: first.OperationId})
		if err != nil {
			t.Fatal(err)
		}
		return out.Operation
	}
	if o := get(); o.Status != types.OperationStatusPending || o.Type != types.OperationTypeRegisterInstance ||
		fmt.Sprint(o.Targets) != "map[INSTANCE:i-1 SERVICE:"+id+"]" || time.Since(*o.CreateDate) > time.Minute || o.UpdateDate.Before(*o.CreateDate) {
		t.Errorf("operation %+v, want it to be pending", o)
	}
	if again, err := e.RegisterInstance(ctx, in); err != nil || *again.OperationId != *first.OperationId {
		t.Errorf("the same request while it is pending: %v, %v, want %s", again, err, *first.OperationId)
	}
	in.CreatorRequestId = ptr("twice")
	_, err = e.RegisterInstance(ctx, in)
	refused(t, "another registration", err, *first.OperationId)
	_, err = e.DeregisterInstance(ctx, &servicediscovery.DeregisterInstanceInput{ServiceId: &id, InstanceId: ptr("i-1")})
	refused(t, "a deregistration", err, *first.OperationId)
	leased := &servicediscovery.RegisterInstanceInput{ServiceId: &id, InstanceId: ptr("i-2"), Attributes: names(model.AttrIPv4, "192.0.2.1", model.AttrLease, "10")}
	for range 2 {
		if _, err := e.RegisterInstance(ctx, leased); err != nil {
			t.Errorf("renewing a lease while the registration is pending: %v", err)
		}
	}
	release()
	if o := e.wait(first.OperationId, nil); o.Status != types.OperationStatusSuccess {
		t.Errorf("operation %+v, want success", o)
	}
	if _, err := e.RegisterInstance(ctx, in); err != nil {
		t.Errorf("another registration after success: %v", err)
	}
}

func refused(t *testing.T, what string, err error, operation string) {
	t.Helper()
	if d := (*types.DuplicateRequest)(nil); !errors.As(err, &d) || aws.ToString(d.DuplicateOperationId) != operation {
		t.Errorf("%s: %v, want DuplicateRequest of %s", what, err, operation)
	}
}

// TestNamespaceWhileRunning covers a creator request id that comes with another
// request while its first one runs.
func TestNamespaceWhileRunning(t *testing.T) {
	e := serve(t, nil)
	release := e.hold()
	in := &servicediscovery.CreateHttpNamespaceInput{Name: ptr("a"), CreatorRequestId: ptr("once")}
	first, err := e.CreateHttpNamespace(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	in.Description = ptr("other")
	_, err = e.CreateHttpNamespace(ctx, in)
	refused(t, "another request", err, *first.OperationId)
	release()
	e.wait(first.OperationId, nil)
	_, err = e.CreateHttpNamespace(ctx, in)
	wantError(t, err, "NamespaceAlreadyExists", "The namespace a already exists.")
}

// TestGetOperationElsewhere covers operations that this node has not heard of.
func TestGetOperationElsewhere(t *testing.T) {
	e := serve(t, nil)
	get := func(id string) (*servicediscovery.GetOperationOutput, error) {
		return e.GetOperation(ctx, &servicediscovery.GetOperationInput{OperationId: &id})
	}
	young := model.NewOperationID(time.Now().UnixMilli(), "a")
	if out, err := get(young); err != nil || out.Operation.Status != types.OperationStatusSubmitted {
		t.Errorf("a young operation of another node: %+v, %v, want SUBMITTED", out, err)
	}
	for _, id := range []string{"x", model.NewOperationID(time.Now().Add(-time.Minute).UnixMilli(), "a")} {
		_, err := get(id)
		wantError(t, err, "OperationNotFound", fmt.Sprintf("The operation %s can't be found.", id))
	}
	out, err := e.CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: ptr("a")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.as(otherAccount, testRegion).GetOperation(ctx, &servicediscovery.GetOperationInput{OperationId: out.OperationId})
	wantError(t, err, "OperationNotFound", fmt.Sprintf("The operation %s can't be found.", *out.OperationId))
}

// TestNamespaceRace covers the operation of a namespace that lost its name to
// one that another node made at the same time.
func TestNamespaceRace(t *testing.T) {
	tests := []struct {
		name, code string
		first      func(n model.Namespace) []model.Value
	}{
		{"name", "INTERNAL_FAILURE", func(n model.Namespace) []model.Value {
			n.ID, n.Created = "ns-aaaaaaaaaaaaaaaa", n.Created-1
			return []model.Value{&n, n.Claim()}
		}},
		{"zone", "CANNOT_CREATE_HOSTED_ZONE", func(n model.Namespace) []model.Value {
			return []model.Value{&model.Zone{
				ID: "Z1", Name: "corp.", Account: otherAccount, Private: true, VPCs: []model.VPC{{ID: "vpc-1", Region: testRegion}},
				Created: n.Time().Add(-time.Second), NameServers: model.PrivateNameServers(),
			}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, nil)
			out, err := e.CreatePrivateDnsNamespace(ctx, &servicediscovery.CreatePrivateDnsNamespaceInput{Name: ptr("corp"), Vpc: ptr("vpc-1")})
			if err != nil {
				t.Fatal(err)
			}
			id := e.done(types.OperationTargetTypeNamespace, out.OperationId, nil)
			n := *e.row(model.TableNamespaces, id).(*model.Namespace)
			_, err = e.replica.Commit(ctx, func(t *state.Tx) error {
				for _, v := range tt.first(n) {
					if err := t.Put(v); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if lines := e.sweep(time.Now); len(lines) != 1 {
				t.Errorf("reported %q, want one line about %s", lines, id)
			}
			if o := e.wait(out.OperationId, nil); o.Status != types.OperationStatusFail || aws.ToString(o.ErrorCode) != tt.code {
				t.Errorf("operation %s %s, want FAIL %s", o.Status, aws.ToString(o.ErrorCode), tt.code)
			}
		})
	}
}

func TestListOperations(t *testing.T) {
	c := newClock()
	e := serve(t, c.use)
	ns := e.http("a")
	c.advance(time.Minute)
	id := e.make(ns, "s", nil)
	for i := range 5 {
		e.register(id, fmt.Sprint("i", i), map[string]string{})
	}
	e.deregister(id, "i0")
	middle := c.ms.Load()/1000 - 30
	e.private("corp", "vpc-1")
	out, err := e.CreatePrivateDnsNamespace(ctx, &servicediscovery.CreatePrivateDnsNamespaceInput{Name: ptr("x..y"), Vpc: ptr("vpc-1")})
	if err != nil {
		t.Fatal(err)
	}
	e.wait(out.OperationId, nil)
	filter := func(name, condition string, values ...string) types.OperationFilter {
		return types.OperationFilter{Name: types.OperationFilterName(name), Condition: types.FilterCondition(condition), Values: values}
	}
	tests := []struct {
		name    string
		filters []types.OperationFilter
		want    int
	}{
		{"all", nil, 9},
		{"of a service", []types.OperationFilter{filter("SERVICE_ID", "EQ", id)}, 6},
		{"of a namespace", []types.OperationFilter{filter("NAMESPACE_ID", "EQ", ns)}, 1},
		{"of a type", []types.OperationFilter{filter("TYPE", "EQ", "DEREGISTER_INSTANCE")}, 1},
		{"of types", []types.OperationFilter{filter("TYPE", "IN", "DEREGISTER_INSTANCE", "REGISTER_INSTANCE")}, 6},
		{"successful", []types.OperationFilter{filter("STATUS", "EQ", "SUCCESS")}, 8},
		{"failed", []types.OperationFilter{filter("STATUS", "IN", "FAIL", "PENDING")}, 1},
		{"since", []types.OperationFilter{filter("UPDATE_DATE", "BETWEEN", fmt.Sprint(middle), fmt.Sprint(middle+1000))}, 8},
		{"before", []types.OperationFilter{filter("UPDATE_DATE", "BETWEEN", "0", fmt.Sprint(middle-1000))}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var found []string
			pages := servicediscovery.NewListOperationsPaginator(e, &servicediscovery.ListOperationsInput{Filters: tt.filters, MaxResults: aws.Int32(2)})
			for pages.HasMorePages() {
				p, err := pages.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range p.Operations {
					found = append(found, *o.Id)
				}
			}
			slices.Sort(found)
			if n := len(slices.Compact(found)); n != tt.want {
				t.Errorf("ListOperations: %d, want %d", n, tt.want)
			}
		})
	}
	_, err = e.ListOperations(ctx, &servicediscovery.ListOperationsInput{Filters: []types.OperationFilter{filter("UPDATE_DATE", "BETWEEN", "b", "a")}})
	wantError(t, err, "InvalidInput", `The values of the filter UPDATE_DATE must be two numbers of seconds since 1970, the earlier one first, not ["b" "a"].`)
}

// TestListOperationsPending checks that operations that are not everywhere yet
// are listed as such.
func TestListOperationsPending(t *testing.T) {
	e := serve(t, nil)
	e.http("a")
	release := e.hold()
	defer release()
	late, err := e.CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: ptr("b")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.ListOperations(ctx, &servicediscovery.ListOperationsInput{})
	if err != nil || len(out.Operations) != 2 {
		t.Fatalf("ListOperations: %v, %v, want two", out, err)
	}
	for _, o := range out.Operations {
		want := types.OperationStatusSuccess
		if *o.Id == *late.OperationId {
			want = types.OperationStatusPending
		}
		if o.Status != want {
			t.Errorf("operation %s is %s, want %s", *o.Id, o.Status, want)
		}
	}
}
