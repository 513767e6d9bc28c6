package model

import (
	"reflect"
	"strings"
	"testing"
)

// TestAccountValues checks what the API keeps beside zones: each survives its
// encoding, and refuses what is out of its range.
func TestAccountValues(t *testing.T) {
	id := NewUUID("query logging", DefaultAccount, "Z1")
	tests := []struct {
		name  string
		value Value
		want  string
	}{
		{"tag", &Tag{Kind: TaggedZone, Resource: "Z1", Name: "team", Text: "a b"}, ""},
		{"empty tag value", &Tag{Kind: TaggedHealthCheck, Resource: "c", Name: "team"}, ""},
		{"tag without key", &Tag{Kind: TaggedZone, Resource: "Z1"}, "tag key of 0 characters"},
		{"tag characters", &Tag{Kind: TaggedZone, Resource: "Z1", Name: "a!"}, "Tags can only contain letters, numbers, spaces"},
		{"tag without resource", &Tag{Kind: TaggedZone, Name: "a"}, "tag on the resource"},
		{"long tag", &Tag{Kind: TaggedZone, Resource: "Z1", Name: "a", Text: strings.Repeat("a", 257)}, "tag value of 257"},
		{"delegation set", &DelegationSet{ID: NewDelegationSetID(DefaultAccount, "r"), Account: DefaultAccount, NameServers: DelegationServers("a")}, ""},
		{"delegation set of three", &DelegationSet{ID: "N1", Account: DefaultAccount, NameServers: DelegationServers("a")[:3]}, "3 name servers"},
		{"delegation set id", &DelegationSet{ID: "Z1", Account: DefaultAccount, NameServers: DelegationServers("a")}, "delegation set id"},
		{"query logging", &QueryLoggingConfig{ID: id, Account: DefaultAccount, Zone: "Z1", LogGroup: "arn:aws:logs:us-east-1:000000000000:log-group:a"}, ""},
		{"query logging without group", &QueryLoggingConfig{ID: id, Account: DefaultAccount, Zone: "Z1"}, "log group ARN of 0 bytes"},
		{"authorization", &VPCAuthorization{Zone: "Z1", VPC: VPC{ID: "vpc-1", Region: "us-east-1"}}, ""},
		{"authorization without VPC", &VPCAuthorization{Zone: "Z1"}, "is not named"},
		{"caller reference", &CallerReference{Account: DefaultAccount, Kind: "hostedzone", Reference: "r", Resource: "Z1"}, ""},
		{"caller reference, empty", &CallerReference{Account: DefaultAccount, Kind: "hostedzone"}, "caller reference of 0 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.value.Validate()
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Validate() = %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatalf("Validate() = %v, want nil", err)
			}
			data, err := Encode(tt.value)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(tt.value.Table(), tt.value.Key(), data)
			if err != nil || !reflect.DeepEqual(got, tt.value) {
				t.Errorf("Decode(Encode(%v)) = %v, %v, want the same", tt.value, got, err)
			}
		})
	}
}

func TestNewUUID(t *testing.T) {
	a, b := NewUUID("kind", "a", "bc"), NewUUID("kind", "ab", "c")
	if !ValidUUID(a) || !ValidUUID(b) || a == b || a != NewUUID("kind", "a", "bc") {
		t.Errorf("NewUUID: %q and %q, want two lower-case UUIDs that depend on each part", a, b)
	}
}
