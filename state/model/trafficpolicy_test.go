package model

import (
	"strings"
	"testing"
)

func TestTrafficPolicyValidate(t *testing.T) {
	good := TrafficPolicy{ID: NewUUID("p"), Version: 1, Latest: 1, Account: DefaultAccount, Name: "p", Type: "A", Document: "{}"}
	for _, tt := range []struct {
		name   string
		change func(p *TrafficPolicy)
		want   string
	}{
		{"good", func(*TrafficPolicy) {}, ""},
		{"id", func(p *TrafficPolicy) { p.ID = "x" }, `traffic policy id "x" is not a lower-case UUID`},
		{"version", func(p *TrafficPolicy) { p.Version = 1001 }, "traffic policy version 1001 out of range [1, 1000]"},
		{"account", func(p *TrafficPolicy) { p.Account = "1" }, `account "1" is not 12 digits`},
		{"name", func(p *TrafficPolicy) { p.Name = strings.Repeat("a", 513) }, "name of 513 characters, want 1 to 512"},
		{"comment", func(p *TrafficPolicy) { p.Comment = strings.Repeat("é", 1025) }, "comment of 1025 characters"},
		{"type", func(p *TrafficPolicy) { p.Type = "X" }, "Value 'X' at 'type'"},
	} {
		p := good
		tt.change(&p)
		err := p.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Validate() = %v, want %q", tt.name, err, tt.want)
		}
	}
	if a, b := TrafficPolicyKey("id", 9), TrafficPolicyKey("id", 10); a >= b || !strings.HasPrefix(a, TrafficPolicyPrefix("id")) {
		t.Errorf("keys %q and %q do not sort by version behind their prefix", a, b)
	}
}

func TestTrafficPolicyInstanceValidate(t *testing.T) {
	good := TrafficPolicyInstance{ID: NewUUID("i"), Account: DefaultAccount, Zone: "Z1", Name: "www.example.org.", Type: "A", TTL: 60, Policy: NewUUID("p"), Version: 1}
	for _, tt := range []struct {
		name   string
		change func(i *TrafficPolicyInstance)
		want   string
	}{
		{"good", func(*TrafficPolicyInstance) {}, ""},
		{"id", func(i *TrafficPolicyInstance) { i.ID = "x" }, `traffic policy instance id "x"`},
		{"policy", func(i *TrafficPolicyInstance) { i.Policy = "" }, `traffic policy id ""`},
		{"zone", func(i *TrafficPolicyInstance) { i.Zone = "z" }, `hosted zone id "z"`},
		{"name", func(i *TrafficPolicyInstance) { i.Name = "WWW." }, "canonical form"},
		{"type", func(i *TrafficPolicyInstance) { i.Type = "" }, "Value '' at 'type'"},
		{"TTL", func(i *TrafficPolicyInstance) { i.TTL = 1 << 31 }, "TTL 2147483648 out of range"},
		{"account", func(i *TrafficPolicyInstance) { i.Account = "" }, "is not 12 digits"},
	} {
		i := good
		tt.change(&i)
		err := i.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Validate() = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// The RRsets of an instance's rules are found by their keys.
func TestPolicyRuleName(t *testing.T) {
	id := NewUUID("i")
	for n := 1; n < 12; n++ {
		name, err := PolicyRuleName(`a\.b.example.org.`, id, n)
		if err != nil {
			t.Fatal(err)
		}
		r := RRset{Zone: "Z1", Name: name, Type: "A", TrafficPolicyInstanceID: id}
		if !strings.HasPrefix(r.Key(), PolicyRulePrefix("Z1", `a\.b.example.org.`, id)) || !r.IsPolicyRule() {
			t.Errorf("key %q has not the prefix %q, or is no rule's (%t)", r.Key(), PolicyRulePrefix("Z1", `a\.b.example.org.`, id), r.IsPolicyRule())
		}
	}
	if r := (RRset{Name: "www.example.org.", TrafficPolicyInstanceID: id}); r.IsPolicyRule() {
		t.Error("an RRset at the instance's own name is a rule's")
	}
}
