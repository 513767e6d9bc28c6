package model

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func officesCollection(locations ...CIDRLocation) *CIDRCollection {
	return &CIDRCollection{
		ID: "0c6d8b7c-1111-4222-8333-444455556666", Account: DefaultAccount, Name: "offices", Version: 1, Locations: locations,
	}
}

func TestCIDRCollectionValidate(t *testing.T) {
	tests := []struct {
		name      string
		locations []CIDRLocation
		want      string
	}{
		{"empty collection", nil, ""},
		{"both families", []CIDRLocation{{"a", prefixes("192.0.2.0/24", "2001:db8::/48")}}, ""},
		{"overlap of other length", []CIDRLocation{{"a", prefixes("192.0.2.0/24")}, {"b", prefixes("192.0.0.0/16")}}, ""},
		{"block in two locations", []CIDRLocation{{"a", prefixes("192.0.2.0/24")}, {"b", prefixes("192.0.2.0/24")}}, `is in the locations "a" and "b"`},
		{"locations out of order", []CIDRLocation{{"b", prefixes("192.0.2.0/24")}, {"a", prefixes("198.51.100.0/24")}}, "not in its order"},
		{"empty location", []CIDRLocation{{"a", nil}}, "has no block"},
		{"default location", []CIDRLocation{{"*", prefixes("192.0.2.0/24")}}, `CIDR location name "*"`},
		{"long IPv4", []CIDRLocation{{"a", prefixes("192.0.2.0/25")}}, "IPv4 cidr block 192.0.2.0/25 has network prefix length greater than account limit of 24"},
		{"long IPv6", []CIDRLocation{{"a", prefixes("2001:db8::/49")}}, "IPv6 cidr block 2001:db8::/49 has network prefix length greater than account limit of 48"},
		{"everything", []CIDRLocation{{"a", prefixes("0.0.0.0/0")}}, "Cidr prefix length must not be 0"},
		{"host bits", []CIDRLocation{{"a", prefixes("192.0.2.1/24")}}, "has bits set behind its prefix"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := officesCollection(tt.locations...).Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Validate() = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCIDRCollectionRoundTrip(t *testing.T) {
	c := officesCollection(CIDRLocation{"a", prefixes("192.0.2.0/24", "2001:db8::/48")}, CIDRLocation{"b", prefixes("198.51.100.0/24")})
	data, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(c.Table(), c.Key(), data)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("Decode(Encode(%v)) = %v, %v, want the same", c, got, err)
	}
	if l := c.Location("b"); l == nil || l.Name != "b" {
		t.Errorf("Location(%q) = %v, want b", "b", l)
	}
	if l := c.Location("c"); l != nil {
		t.Errorf("Location(%q) = %v, want nil", "c", l)
	}
}
