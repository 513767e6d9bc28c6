package claims

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
)

const (
	one = "111111111111"
	two = "222222222222"
)

// row returns a change that puts v, written at a stamp.
func row(v model.Value, stamp hlc.Stamp) state.Change {
	if err := v.Validate(); err != nil {
		panic(err)
	}
	return state.Change{Table: v.Table(), Key: v.Key(), Value: v, Version: state.Version{Stamp: stamp, Origin: 1}}
}

// gone returns a change that removes v.
func gone(v model.Value) state.Change { return state.Change{Table: v.Table(), Key: v.Key()} }

func dist(account, name, declarer string) *model.Distribution {
	d := model.DeclaredDistribution(account, name, declarer)
	d.Since = 1
	return d
}

func alias(d *model.Distribution, host string, since hlc.Stamp) *model.Claim {
	return &model.Claim{
		Host: host, Account: d.Account, Kind: model.OwnerDistribution, Owner: d.ID,
		OwnerName: d.DomainName, Declarer: d.Declarer, Since: since,
	}
}

func answers(b *model.LoadBalancer, host string, since hlc.Stamp) *model.Claim {
	return &model.Claim{
		Host: host, Account: b.Account, Kind: model.OwnerLoadBalancer, Owner: b.ARN,
		OwnerName: b.DNSName, Declarer: b.Declarer, Since: since,
	}
}

// view compiles rows, the n-th written at the stamp n.
func view(values ...model.Value) *View {
	var b state.Batch
	for i, v := range values {
		b.Changes = append(b.Changes, row(v, hlc.Stamp(i)))
	}
	return NewCompiler().Apply(b)
}

// wantOwners checks what each host belongs to; "" is nobody.
func wantOwners(t *testing.T, v *View, want map[string]string) {
	t.Helper()
	for host, name := range want {
		o, ok := v.Owner(host)
		if o.Name != name || ok != (name != "") {
			t.Errorf("Owner(%q) = %q, %v, want %q", host, o.Name, ok, name)
		}
	}
}

// TestMostSpecific checks aws-behaviour 9.2, Routing, and 9.6 rule 6.
func TestMostSpecific(t *testing.T) {
	a, b, c := dist(one, "d1.cloudfront.net", ""), dist(one, "d2.cloudfront.net", ""), dist(two, "d3.cloudfront.net", "")
	v := view(a, b, c,
		alias(a, "*.example.com", 1), alias(b, "www.example.com", 2), alias(c, "*.sub.example.com", 3), alias(c, "example.net", 3))
	wantOwners(t, v, map[string]string{
		"www.example.com": "d2.cloudfront.net", "other.example.com": "d1.cloudfront.net",
		"a.b.example.com": "d1.cloudfront.net", "a.www.example.com": "d1.cloudfront.net",
		"sub.example.com": "d1.cloudfront.net", "a.sub.example.com": "d3.cloudfront.net", "a.b.sub.example.com": "d3.cloudfront.net",
		"example.com": "", "example.net": "d3.cloudfront.net", "a.example.net": "", "com": "", "": "", ".": "", "example.com.": "",
		"d1.cloudfront.net": "d1.cloudfront.net", "a.d1.cloudfront.net": "", "d9.cloudfront.net": "",
	})
	if o, _ := v.Owner("www.example.com"); o != (Owner{Account: one, Kind: model.OwnerDistribution, ID: b.ID, ARN: b.ARN(), Name: b.DomainName}) {
		t.Errorf("Owner(www.example.com) = %+v", o)
	}
	if n := v.Names(); n != 7 {
		t.Errorf("Names() = %d, want 7", n)
	}
}

// TestEarliestAccountWins: two nodes let two accounts claim one name at once;
// the loser's row is inert, and reported with who has the name.
func TestEarliestAccountWins(t *testing.T) {
	a, b := dist(one, "d1.cloudfront.net", ""), dist(two, "d2.cloudfront.net", "")
	late := alias(a, "www.example.com", 6)
	v := view(a, b, late, alias(b, "www.example.com", 5))
	wantOwners(t, v, map[string]string{"www.example.com": "d2.cloudfront.net"})
	if in := v.Inert(); len(in) != 1 || in[0].Claim != late || in[0].Holder.Name != "d2.cloudfront.net" {
		t.Errorf("Inert() = %+v, want the later claim", in)
	}
}

func TestMissingOwner(t *testing.T) {
	a, b := dist(one, "d1.cloudfront.net", ""), dist(two, "d2.cloudfront.net", "")
	orphan := alias(a, "www.example.com", 1)
	c := NewCompiler()
	v := c.Apply(state.Batch{Changes: []state.Change{row(b, 1), row(orphan, 1), row(alias(b, "www.example.com", 5), 1)}})
	wantOwners(t, v, map[string]string{"www.example.com": "d2.cloudfront.net"})
	if in := v.Inert(); len(in) != 1 || in[0].Claim != orphan {
		t.Errorf("Inert() = %+v, want the claim whose owner is missing", in)
	}
	wantOwners(t, c.Apply(state.Batch{Changes: []state.Change{row(a, 2)}}), map[string]string{"www.example.com": "d1.cloudfront.net"})
	wantOwners(t, c.Apply(state.Batch{Changes: []state.Change{gone(a)}}), map[string]string{"www.example.com": "d2.cloudfront.net", "d1.cloudfront.net": ""})
}

// TestReserved: who removed a name that DNS still leads to no longer answers for
// it, and nobody else can.
func TestReserved(t *testing.T) {
	a, b := dist(one, "d1.cloudfront.net", ""), dist(two, "d2.cloudfront.net", "")
	kept := alias(a, "www.example.com", 1)
	kept.Reserved = true
	v := view(b, kept, alias(b, "www.example.com", 5), alias(b, "*.example.com", 5))
	if o, ok := v.Owner("www.example.com"); ok && o.Account != two {
		t.Errorf("Owner(www.example.com) = %+v, want nobody of account %s", o, one)
	}
	if in := v.Inert(); len(in) != 1 || in[0].Holder != (Owner{}) {
		t.Errorf("Inert() = %+v, want the claim of the other account, the name held by nobody", in)
	}
}

// TestServedFirst: load balancers in two Regions share a name; each edge answers
// by the one that it serves.
func TestServedFirst(t *testing.T) {
	paris := model.NewLoadBalancer(one, "web.eu-west-3.elb.amazonaws.com", "p")
	virginia := model.NewLoadBalancer(one, "web.us-east-1.elb.amazonaws.com", "v")
	c := NewCompiler()
	v := c.Apply(state.Batch{Changes: []state.Change{
		row(paris, 1), row(virginia, 1), row(answers(paris, "app.example.com", 1), 1), row(answers(virginia, "app.example.com", 2), 1),
	}})
	wantOwners(t, v, map[string]string{"app.example.com": paris.DNSName})
	wantOwners(t, c.Serve([]string{virginia.DNSName}), map[string]string{"app.example.com": virginia.DNSName})
	wantOwners(t, c.Serve(nil), map[string]string{"app.example.com": paris.DNSName})
}

// TestListener checks a listener's default and list (aws-behaviour 8.1), and
// what certificates are in use by.
func TestListener(t *testing.T) {
	const x, y = "arn:aws:acm:eu-west-3:111111111111:certificate/x", "arn:aws:acm:eu-west-3:111111111111:certificate/y"
	lb := model.NewLoadBalancer(one, "web.eu-west-3.elb.amazonaws.com", "p")
	lb.DefaultCertificate = x
	listed := &model.ListenerCertificate{Listener: lb.ListenerARN(), Certificate: y}
	d := dist(one, "d1.cloudfront.net", "")
	d.Viewer.ACM = y
	c := NewCompiler()
	v := c.Apply(state.Batch{Changes: []state.Change{row(lb, 1), row(listed, 1), row(d, 1)}})
	r, ok := v.Listener(lb.ListenerARN())
	if !ok || r.DefaultCertificate != x || !slices.Equal(r.Certificates, []string{y}) || r.ARN != lb.ARN {
		t.Errorf("Listener() = %+v, %v", r, ok)
	}
	if got := v.InUseBy(y); !slices.Equal(got, []string{d.ARN(), lb.ARN}) {
		t.Errorf("InUseBy(y) = %q", got)
	}
	// Another who declares it later has the last word; "" says nothing.
	changed := *lb
	changed.Declarer, changed.DefaultCertificate = "", y
	silent := *lb
	silent.Declarer, silent.DefaultCertificate = "q", ""
	v = c.Apply(state.Batch{Changes: []state.Change{row(&changed, 2), row(&silent, 3), gone(listed)}})
	if r, _ := v.Listener(lb.ListenerARN()); r.DefaultCertificate != y || len(r.Certificates) != 0 {
		t.Errorf("Listener() = %+v, want the default %s alone", r, y)
	}
	if x, y := v.InUseBy(x), v.InUseBy(y); len(x) != 0 || !slices.Equal(y, []string{d.ARN(), lb.ARN}) {
		t.Errorf("InUseBy() = %q, %q", x, y)
	}
	v = c.Apply(state.Batch{Changes: []state.Change{gone(lb), gone(&changed), gone(&silent)}})
	if _, ok := v.Listener(lb.ListenerARN()); ok || len(v.InUseBy(y)) != 1 {
		t.Errorf("the listener of a load balancer that is gone is still there")
	}
}

// TestViewsNeverChange: what an earlier view said it says after later ones.
func TestViewsNeverChange(t *testing.T) {
	a, b := dist(one, "d1.cloudfront.net", ""), dist(one, "d2.cloudfront.net", "")
	c := NewCompiler()
	before := c.Apply(state.Batch{Changes: []state.Change{row(a, 1), row(b, 1), row(alias(a, "*.example.com", 1), 1)}})
	c.Apply(state.Batch{Changes: []state.Change{gone(alias(a, "*.example.com", 1)), row(alias(b, "x.example.com", 1), 2), gone(a)}})
	wantOwners(t, before, map[string]string{"x.example.com": "d1.cloudfront.net", "d1.cloudfront.net": "d1.cloudfront.net"})
}

func TestZeroView(t *testing.T) {
	var v View
	if o, ok := v.Owner("www.example.com"); ok {
		t.Errorf("Owner() of the zero View = %+v", o)
	}
	if _, ok := v.Listener("a"); ok || v.InUseBy("a") != nil || v.Inert() != nil {
		t.Error("the zero View knows something")
	}
}

// TestNoAllocation: the handshake path allocates nothing.
func TestNoAllocation(t *testing.T) {
	v := many(1000)
	for _, host := range []string{"h7.x7.example.com", "deep.a.w7.example.com", "nobody.example.org"} {
		if n := testing.AllocsPerRun(100, func() { v.Owner(host) }); n != 0 {
			t.Errorf("Owner(%q) allocates %v times", host, n)
		}
	}
}

// many returns a view of n names, a tenth of them wildcards.
func many(n int) *View {
	d := dist(one, "d1.cloudfront.net", "")
	b := state.Batch{Changes: []state.Change{row(d, 1)}}
	for i := range n {
		host := fmt.Sprintf("h%d.x%d.example.com", i, i%1000)
		if i%10 == 0 {
			host = fmt.Sprintf("*.w%d.example.com", i)
		}
		b.Changes = append(b.Changes, row(alias(d, host, 1), 1))
	}
	return NewCompiler().Apply(b)
}

func BenchmarkOwner(b *testing.B) {
	v := many(100_000)
	hosts := map[string]func(i int) string{
		"exact":    func(i int) string { return fmt.Sprintf("h%d.x%d.example.com", i*10+1, (i*10+1)%1000) },
		"wildcard": func(i int) string { return fmt.Sprintf("a.b.w%d.example.com", i*10) },
		"nobody":   func(i int) string { return fmt.Sprintf("h%d.example.org", i) },
	}
	for _, name := range []string{"exact", "wildcard", "nobody"} {
		b.Run(name, func(b *testing.B) {
			var list [4096]string
			for i := range list {
				list[i] = hosts[name](i)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, ok := v.Owner(list[i%len(list)]); ok != (name != "nobody") {
					b.Fatalf("Owner(%q) = %v", list[i%len(list)], ok)
				}
				i++
			}
		})
	}
}

// BenchmarkChange measures the view work of one alias added and removed.
func BenchmarkChange(b *testing.B) {
	d := dist(one, "d1.cloudfront.net", "")
	first := state.Batch{Changes: []state.Change{row(d, 1)}}
	for i := range 100_000 {
		first.Changes = append(first.Changes, row(alias(d, fmt.Sprintf("h%d.example.com", i), 1), 1))
	}
	c := NewCompiler()
	c.Apply(first)
	extra := alias(d, "extra.example.com", 1)
	b.ReportAllocs()
	for b.Loop() {
		c.Apply(state.Batch{Changes: []state.Change{row(extra, 1)}})
		c.Apply(state.Batch{Changes: []state.Change{gone(extra)}})
	}
}

// dump returns all that a view says about names of interest.
func dump(v *View, hosts []string) map[string]any {
	out := map[string]any{"inert": v.Inert(), "names": v.Names()}
	for _, h := range hosts {
		if o, ok := v.Owner(h); ok {
			out[h] = o
		}
	}
	return out
}

func wantSame(t *testing.T, got, want map[string]any) {
	t.Helper()
	for k, v := range want {
		if !reflect.DeepEqual(got[k], v) {
			t.Fatalf("%s is %+v, want %+v", k, got[k], v)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}
