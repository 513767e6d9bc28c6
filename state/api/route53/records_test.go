package route53

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/edgestage/edgestage/state/model"
)

// kinds are values of every record type (aws-behaviour 2.7), as a client that
// compares what it reads with what it wrote would send them.
var kinds = map[string][]string{
	"A":     {"192.0.2.1", "198.51.100.255"},
	"AAAA":  {"2001:db8::1", "2001:DB8:0:0:0:0:0:2"},
	"CNAME": {"target.example.net"},
	"MX":    {"10 mail.example.net.", "0 mail2.example.net"},
	"NS":    {"ns1.example.net.", "ns2.example.net"},
	"PTR":   {"host.example.net."},
	"SRV":   {"1 2 443 host.example.net."},
	"TXT":   {`"v=spf1 -all"`, `"a" "b"`, `"say \"hi\" \\ \303\251"`, `""`},
	"SPF":   {`"v=spf1 -all"`},
	"CAA":   {`0 issue "ca.example.net"`, `128 tbs "x"`},
	"DS":    {"12345 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766"},
	"NAPTR": {`100 10 "U" "SIP+D2U" "!^.*$!sip:info@example.net!" .`},
	"HTTPS": {`1 . alpn="h2,h3"`},
	"SVCB":  {`1 host.example.net port="53"`},
	"SSHFP": {"1 1 0123456789ABCDEF0123456789ABCDEF01234567"},
	"TLSA":  {"3 1 1 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766"},
}

// TestRoundTrip creates every kind of RRset by every policy that it may have:
// what is listed is what was sent, and deleting what is listed deletes it.
func TestRoundTrip(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("example.org")
	collection := e.collection("offices", "office", "192.0.2.0/24")
	health, err := e.CreateHealthCheck(ctx, &route53.CreateHealthCheckInput{CallerReference: aws.String("h"),
		HealthCheckConfig: &types.HealthCheckConfig{Type: "TCP", IPAddress: aws.String("192.0.2.1"), Port: aws.Int32(80)}})
	if err != nil {
		t.Fatal(err)
	}
	policies := map[string]func(s *types.ResourceRecordSet){
		"weighted": func(s *types.ResourceRecordSet) { s.Weight = aws.Int64(0) },
		"latency":  func(s *types.ResourceRecordSet) { s.Region = "eu-west-1" },
		"geo": func(s *types.ResourceRecordSet) {
			s.GeoLocation = &types.GeoLocation{CountryCode: aws.String("US"), SubdivisionCode: aws.String("WA")}
		},
		"continent": func(s *types.ResourceRecordSet) { s.GeoLocation = &types.GeoLocation{ContinentCode: aws.String("EU")} },
		"default":   func(s *types.ResourceRecordSet) { s.GeoLocation = &types.GeoLocation{CountryCode: aws.String("*")} },
		"primary":   func(s *types.ResourceRecordSet) { s.Failover, s.HealthCheckId = "PRIMARY", health.HealthCheck.Id },
		"secondary": func(s *types.ResourceRecordSet) { s.Failover = "SECONDARY" },
		"cidr": func(s *types.ResourceRecordSet) {
			s.CidrRoutingConfig = &types.CidrRoutingConfig{CollectionId: &collection, LocationName: aws.String("office")}
		},
		"cidr rest": func(s *types.ResourceRecordSet) {
			s.CidrRoutingConfig = &types.CidrRoutingConfig{CollectionId: &collection, LocationName: aws.String("*")}
		},
		"proximity": func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{AWSRegion: aws.String("eu-west-1"), Bias: aws.Int32(-10)}
		},
		"coordinates": func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{Coordinates: &types.Coordinates{Latitude: aws.String("49.22"), Longitude: aws.String("-74.01")}}
		},
		"zone group": func(s *types.ResourceRecordSet) {
			s.GeoProximityLocation = &types.GeoProximityLocation{LocalZoneGroup: aws.String("us-east-1-bue-1")}
		},
		"multivalue": func(s *types.ResourceRecordSet) { s.MultiValueAnswer = aws.Bool(true) },
	}
	n := 0
	check := func(t *testing.T, s types.ResourceRecordSet) {
		t.Helper()
		e.mustChange(zone, create(s))
		out, err := e.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{
			HostedZoneId: &zone, StartRecordName: s.Name, StartRecordType: s.Type, StartRecordIdentifier: s.SetIdentifier, MaxItems: aws.Int32(1)})
		if err != nil || len(out.ResourceRecordSets) != 1 {
			t.Fatalf("ListResourceRecordSets = %v, %v, want one", out, err)
		}
		if got := out.ResourceRecordSets[0]; text(got) != text(s) {
			t.Errorf("listed %s, want %s", text(got), text(s))
		} else {
			e.mustChange(zone, remove(got))
		}
	}
	for _, rrtype := range slices.Sorted(mapsKeys(kinds)) {
		t.Run(rrtype, func(t *testing.T) {
			n++
			owner := `\052`
			if rrtype == "NS" {
				owner = `_a\100`
			}
			check(t, rrset(fmt.Sprintf(`%s.n%d.example.org.`, owner, n), rrtype, kinds[rrtype]...))
			for name, set := range policies {
				if rrtype == "NS" || name == "multivalue" && (rrtype == "CNAME" || rrtype == "DS") {
					continue
				}
				n++
				check(t, with(rrset(fmt.Sprintf("n%d.example.org.", n), rrtype, kinds[rrtype]...), `id "`+name+`" <é>`, set))
			}
		})
	}
	t.Run("alias", func(t *testing.T) {
		e.mustChange(zone, create(rrset("target.example.org", "A", "192.0.2.1")))
		check(t, aliasTo("a1.example.org.", "A", zone, "target.example.org.", true))
		check(t, aliasTo("a2.example.org.", "A", "Z2FDTNDATAQYW2", "d111111abcdef8.cloudfront.net.", false))
		check(t, with(aliasTo("a3.example.org.", "A", zone, "target.example.org.", true), "w", policies["weighted"]))
	})
}

func text(s types.ResourceRecordSet) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func mapsKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestListOrder compares pages of every size with the order of aws-behaviour
// 2.9 over random names.
func TestListOrder(t *testing.T) {
	const seed = 5
	random := rand.New(rand.NewPCG(seed, seed))
	e := serve(t, nil)
	zone := e.zone("example.org")
	var batch []types.Change
	seen := map[string]bool{}
	for len(batch) < 120 {
		name := "example.org."
		for range 1 + random.IntN(3) {
			label := ""
			for range 1 + random.IntN(2) {
				label += string("abz09-_*@!"[random.IntN(10)])
			}
			name = label + "." + name
		}
		if n, err := model.ParseName(name); err != nil || seen[string(n)] {
			continue
		} else {
			seen[string(n)] = true
		}
		for _, rrtype := range []string{"A", "AAAA", "TXT"}[:1+random.IntN(3)] {
			value := map[string]string{"A": "192.0.2.1", "AAAA": "2001:db8::1", "TXT": `"t"`}[rrtype]
			batch = append(batch, create(rrset(name, rrtype, value)))
		}
	}
	batch = append(batch, create(weighted("w.example.org", "b", 1, 60, "192.0.2.1")), create(weighted("w.example.org", "a", 1, 60, "192.0.2.1")))
	e.mustChange(zone, batch...)
	var want []string
	for _, s := range e.list(zone) {
		want = append(want, key(t, s))
	}
	if !slices.IsSorted(want) || len(want) != len(batch)+2 {
		t.Fatalf("seed %d: list of %d is not sorted: %q", seed, len(want), want)
	}
	for _, size := range []int32{1, 7, 100, 300, 5000} {
		var got []string
		in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: aws.Int32(size)}
		for {
			out, err := e.ListResourceRecordSets(ctx, in)
			if err != nil || *out.MaxItems != min(size, 300) {
				t.Fatalf("page of %d: MaxItems %v, %v", size, out, err)
			}
			for _, s := range out.ResourceRecordSets {
				got = append(got, key(t, s))
			}
			if !out.IsTruncated {
				break
			}
			in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %q, want %q", size, got, want)
		}
	}
}

// key returns what RRsets are ordered by.
func key(t *testing.T, s types.ResourceRecordSet) string {
	t.Helper()
	n, err := model.ParseName(*s.Name)
	if err != nil {
		t.Fatal(err)
	}
	return n.Reversed() + "\x00" + string(s.Type) + "\x00" + aws.ToString(s.SetIdentifier)
}

func TestListErrors(t *testing.T) {
	e := serve(t, nil)
	zone := e.zone("a.test")
	e.mustChange(zone, create(rrset("b.a.test", "A", "192.0.2.1")), create(rrset("*.a.test", "A", "192.0.2.1")), create(rrset("z.b.a.test", "A", "192.0.2.1")))
	var names []string
	for _, s := range e.list(zone)[1:] {
		names = append(names, *s.Name)
	}
	if want := `a.test. \052.a.test. b.a.test. z.b.a.test.`; strings.Join(names, " ") != want {
		t.Errorf("names %v, want %s", names, want)
	}
	tests := []struct {
		name          string
		in            route53.ListResourceRecordSetsInput
		code, message string
	}{
		{"type without name", route53.ListResourceRecordSetsInput{StartRecordType: "A"}, "InvalidInput", "Record name must be specified when record type is specified"},
		{"identifier without type", route53.ListResourceRecordSetsInput{StartRecordName: aws.String("a.test"), StartRecordIdentifier: aws.String("a")}, "InvalidInput",
			"Record name and record type must be specified when record identifier is specified"},
		{"type", route53.ListResourceRecordSetsInput{StartRecordName: aws.String("a.test"), StartRecordType: "X"}, "InvalidInput", "1 validation error detected: Value 'X' at 'type'…"},
		{"page size", route53.ListResourceRecordSetsInput{MaxItems: aws.Int32(0)}, "InvalidInput", "Value '0' at 'maxitems'…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.HostedZoneId = &zone
			_, err := e.ListResourceRecordSets(ctx, &tt.in)
			wantError(t, err, 400, tt.code, tt.message)
		})
	}
	out, err := e.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: aws.String("zz.test")})
	if err != nil || len(out.ResourceRecordSets) != 0 || out.IsTruncated {
		t.Errorf("from a name behind all: %v, %v, want nothing", out, err)
	}
}
