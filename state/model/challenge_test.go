package model

import (
	"strings"
	"testing"
)

func TestChallengeKeys(t *testing.T) {
	a := &Challenge{Name: "_acme-challenge.example.org.", Value: "one", Owner: "n1"}
	seen := map[string]string{}
	for what, c := range map[string]*Challenge{
		"first":         a,
		"another value": {Name: a.Name, Value: "two", Owner: a.Owner},
		"another owner": {Name: a.Name, Value: a.Value, Owner: "n2"},
		"another name":  {Name: "_acme-challenge.example.net.", Value: a.Value, Owner: a.Owner},
	} {
		key := c.Key()
		if other, ok := seen[key]; ok {
			t.Errorf("%s has the key of %s", what, other)
		}
		seen[key] = what
		if got := ChallengeKeyName(key); got != c.Name || !strings.HasPrefix(key, ChallengePrefix(c.Name)) {
			t.Errorf("ChallengeKeyName(%q) = %q, want %q", key, got, c.Name)
		}
	}
	longer := &Challenge{Name: a.Name, Value: a.Value, Owner: a.Owner, TTL: 60}
	if longer.Key() != a.Key() {
		t.Error("the TTL makes another row")
	}
}

func TestChallengeValidate(t *testing.T) {
	good := Challenge{Name: "_acme-challenge.example.org.", Value: "v", Owner: "n"}
	for _, tc := range []struct {
		name   string
		change func(*Challenge)
		want   string
	}{
		{"good", func(*Challenge) {}, ""},
		{"longest", func(c *Challenge) { c.Value = strings.Repeat("v", MaxChallengeBytes); c.TTL = 3600 }, ""},
		{"no name", func(c *Challenge) { c.Name = "" }, "challenge name"},
		{"upper case", func(c *Challenge) { c.Name = "A.example.org." }, "challenge name"},
		{"wildcard", func(c *Challenge) { c.Name = "*.example.org." }, "not the name of a host"},
		{"root", func(c *Challenge) { c.Name = "." }, "challenge name"},
		{"no value", func(c *Challenge) { c.Value = "" }, "0 bytes"},
		{"too long", func(c *Challenge) { c.Value += strings.Repeat("v", MaxChallengeBytes) }, "4001 bytes"},
		{"no text", func(c *Challenge) { c.Value = "\xff" }, "is not text"},
		{"TTL", func(c *Challenge) { c.TTL = 3601 }, "TTL 3601 out of range"},
		{"no owner", func(c *Challenge) { c.Owner = "" }, "without an owner"},
		{"long owner", func(c *Challenge) { c.Owner = strings.Repeat("o", 5000) }, "owner has 5000 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := good
			tc.change(&c)
			err := c.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Validate(%+v) = %v, want %q", c, err, tc.want)
			}
		})
	}
}

func TestChallengeStrings(t *testing.T) {
	c := &Challenge{Value: strings.Repeat("a", 255) + strings.Repeat("b", 255) + "c"}
	got := c.Strings()
	if len(got) != 3 || got[0] != c.Value[:255] || got[2] != "c" {
		t.Errorf("Strings() = %q, want three of 255, 255 and 1 bytes", got)
	}
}
