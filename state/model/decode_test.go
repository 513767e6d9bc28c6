package model

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// examples holds a value of each table.
func examples() []Value {
	created := time.Unix(1700000000, 0)
	return append(cloudMapExamples(), []Value{
		&Zone{ID: "Z1", Name: "example.org.", Account: DefaultAccount, NameServers: DelegationServers("Z1"), Created: created},
		rrset(weighted("a", 0)),
		rrset(alias("Z1", "example.org.")),
		rrset(near("a", GeoProximity{Latitude: "1.5", Longitude: "2", Bias: 3})),
		&HealthCheck{ID: "hc", Account: DefaultAccount, Config: HealthCheckConfig{Type: "TCP", Port: 80}, Created: created},
		&Import{Zone: "Z1", Hashes: [][]byte{{1, 2}}, At: created},
		&Endpoint{Name: "d1.cloudfront.net.", Node: "n", Kind: EndpointCloudFront, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}},
		&Seen{Path: "/a", Hash: []byte{1}},
		&TrafficPolicy{ID: NewUUID("p"), Version: 1, Latest: 1, Account: DefaultAccount, Name: "p", Type: "A", Document: "{}", Comment: "c"},
		&TrafficPolicyInstance{ID: NewUUID("i"), Account: DefaultAccount, Zone: "Z1", Name: "www.example.org.", Type: "A", TTL: 60, Policy: NewUUID("p"), Version: 1, Sets: 1},
		&NameServer{Node: "n", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}},
		&HealthForce{HealthCheckID: "hc", State: Unhealthy, By: "ops", At: created},
		&HealthSignal{Account: DefaultAccount, Source: "alarm/us-east-1/a", State: AlarmOK, At: created},
		&HealthEvent{HealthCheckID: "hc", Account: DefaultAccount, State: Healthy, Reason: "r", Node: "n", At: created.UnixMilli()},
		&HealthLast{Shard: 1, Healthy: []uint64{1<<58 + 1}, Unhealthy: []uint64{1<<58 + 2, 1<<58 + 3}},
		&StoredFile{Path: "a/b", Sealed: []byte{1}, Size: 1, Modified: 1},
		&StoredPart{Path: "a/b", Generation: "0f", Number: 1, Sealed: []byte{1}},
		&StorageLock{Name: "issue_cert_a", Run: "00000000000000ff", Node: "n", Ticket: 1},
		&Challenge{Name: "_acme-challenge.example.org.", Value: "v", Owner: "n", TTL: 5},
		certificate("example.org.", "*.example.org."),
		&CertificateWork{ARN: certificate("example.org.").ARN, Names: []NameValidation{{Name: "example.org.", Status: ValidationFailed, Reason: "r"}}, At: created,
			Renewal: &CertificateRenewal{Status: RenewalSuccess, Updated: created}},
		&CertificateLeaf{ARN: certificate("example.org.").ARN, Chain: [][]byte{{1}}, SealedKey: []byte{2}, NotAfter: created},
		&CertificateMark{ARN: certificate("example.org.").ARN, Kind: MarkRevoked, Reason: "SUPERSEDED", At: created},
		&CertificateEvent{ARN: certificate("example.org.").ARN, Kind: "issued", Node: "n", At: created.UnixMilli()},
		&CertificateConfiguration{Account: DefaultAccount, Region: "us-east-1", DaysBeforeExpiry: 45},
		&CertificateAuthority{Directory: "https://ca.example.net/dir", Node: "n", At: created},
		seed(1, 2),
		&CertificateWorker{Run: "r", Node: "n"},
		&ACMEAccount{Directory: "https://ca.example.net/dir", URL: "https://ca.example.net/acct/1", SealedKey: []byte{1}, Since: 5},
		claim("*.example.com", "111111111111", "d1.cloudfront.net", 5),
		distribution("111111111111", "d1.cloudfront.net"),
		NewLoadBalancer("111111111111", "web-1.eu-west-3.elb.amazonaws.com", "edge"),
		&ClaimRules{Declarer: "edge", Wildcards: WildcardsStrict, Dangling: DanglingWarn, Resolvers: []string{"192.0.2.53:53"}},
		&ListenerCertificate{
			Listener:    NewLoadBalancer("111111111111", "web-1.eu-west-3.elb.amazonaws.com", "").ListenerARN(),
			Certificate: "arn:aws:acm:eu-west-3:111111111111:certificate/a",
		},
	}...)
}

func TestDecodeRoundTrip(t *testing.T) {
	for _, v := range examples() {
		t.Run(v.Table(), func(t *testing.T) {
			data, err := Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(v.Table(), v.Key(), data)
			if err != nil {
				t.Fatalf("Decode(%s, %q) = %v", v.Table(), v.Key(), err)
			}
			if again, err := Encode(got); !bytes.Equal(again, data) || err != nil {
				t.Errorf("Encode(Decode(%x)) = %x, %v", data, again, err)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, err := Encode(rrset())
	if err != nil {
		t.Fatal(err)
	}
	bad, err := Encode(rrset(ttl(1 << 31)))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, table, key string
		data             []byte
	}{
		{"table", "nonsense", rrset().Key(), good},
		{"key", TableRRsets, "other", good},
		{"cut", TableRRsets, rrset().Key(), good[:len(good)-1]},
		{"more", TableRRsets, rrset().Key(), append(bytes.Clone(good), 0)},
		{"not valid", TableRRsets, rrset().Key(), bad},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if v, err := Decode(tt.table, tt.key, tt.data); err == nil {
				t.Errorf("Decode(%q, %q) = %v, want an error", tt.table, tt.key, v)
			}
		})
	}
}

// FuzzDecode proves that bytes from a peer or a file make no panic, and that
// what is accepted is valid and encodes to something that is accepted again.
func FuzzDecode(f *testing.F) {
	tables := slices.Sorted(maps.Keys(newValue))
	for _, v := range examples() {
		data, err := Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(slices.Index(tables, v.Table())), v.Key(), data)
	}
	f.Fuzz(func(t *testing.T, kind uint8, key string, data []byte) {
		table := tables[int(kind)%len(tables)]
		// Most inputs fail on the key, so the value itself is read too.
		own := newValue[table]()
		if decMode.Unmarshal(data, own) == nil {
			key = own.Key()
			_ = own.Validate()
		}
		v, err := Decode(table, key, data)
		if err != nil {
			return
		}
		again, err := Encode(v)
		if err != nil {
			t.Fatalf("Encode(%+v) = %v", v, err)
		}
		w, err := Decode(table, key, again)
		if err != nil {
			t.Fatalf("Decode(Encode(%+v)) = %v", v, err)
		}
		if third, _ := Encode(w); !bytes.Equal(again, third) {
			t.Errorf("Encode(%+v) = %x, then %x", v, again, third)
		}
	})
}
