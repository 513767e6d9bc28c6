package model

import (
	"strings"
	"testing"
)

func TestParseName(t *testing.T) {
	long := strings.Repeat("a", 63)
	tests := []struct {
		name, in string
		want     Name
		err      string
	}{
		{name: "plain", in: "www.example.org.", want: "www.example.org."},
		{name: "no final dot", in: "www.example.org", want: "www.example.org."},
		{name: "upper case", in: "WWW.Example.ORG", want: "www.example.org."},
		{name: "wildcard raw", in: "*.example.org", want: "*.example.org."},
		{name: "wildcard escaped", in: `\052.example.org`, want: "*.example.org."},
		{name: "dot in a label", in: `a\056b.example.org`, want: `a\.b.example.org.`},
		{name: "escaped upper case", in: `\101.example.org`, want: "a.example.org."},
		{name: "not ASCII, escaped", in: `\303\244.example.org`, want: `\195\164.example.org.`},
		{name: "at sign", in: "@.example.org", want: `\@.example.org.`},
		{name: "lone backslash", in: `a\b.example.org`, want: `a\\b.example.org.`},
		{name: "one label", in: "corp", want: "corp."},
		{name: "253 bytes", in: strings.Repeat(long+".", 3) + long[:61], want: Name(strings.Repeat(long+".", 3) + long[:61] + ".")},
		{name: "254 bytes", in: strings.Repeat(long+".", 3) + long[:62], err: "FATAL problem: DomainNameTooLong (Domain name is too long)"},
		{name: "label of 64", in: long + "a.example.org", err: "FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '" + long + "a'"},
		{name: "empty", in: "", err: "FATAL problem: DomainNameEmpty (Domain name is empty) encountered with ''"},
		{name: "root", in: ".", err: "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '.'"},
		{name: "empty label", in: "a..b", err: "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"},
		{name: "two final dots", in: "a..", err: "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..'"},
		{name: "space", in: "a b.example.org", err: "FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with ' '"},
		{name: "not ASCII", in: "ä.example.org", err: "FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '?'"},
		{name: "octal above a byte", in: `\777.example.org`, err: `FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '\777'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseName(tt.in)
			if got != tt.want || message(err) != tt.err {
				t.Errorf("ParseName(%q) = %q, %q, want %q, %q", tt.in, got, message(err), tt.want, tt.err)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWithin(t *testing.T) {
	tests := []struct {
		name, zone Name
		want       bool
	}{
		{"example.org.", "example.org.", true},
		{"a.example.org.", "example.org.", true},
		{"a.b.example.org.", "example.org.", true},
		{"anexample.org.", "example.org.", false},
		{"org.", "example.org.", false},
		{`a\.example.org.`, "example.org.", false},
		{`a\\.example.org.`, "example.org.", true},
		{"example.org.", ".", true},
		{"example.net.", "example.org.", false},
	}
	for _, tt := range tests {
		if got := tt.name.Within(tt.zone); got != tt.want {
			t.Errorf("Within(%q, %q) = %v, want %v", tt.name, tt.zone, got, tt.want)
		}
	}
}

func TestNameParts(t *testing.T) {
	n := Name(`*.a\.b.example.org.`)
	if got, want := n.AWS(), `\052.a\056b.example.org.`; got != want {
		t.Errorf("AWS(%q) = %q, want %q", n, got, want)
	}
	if got, want := n.Reversed(), `org.example.a\056b.\052.`; got != want {
		t.Errorf("Reversed(%q) = %q, want %q", n, got, want)
	}
	if got, want := n.Parent(), Name(`a\.b.example.org.`); got != want {
		t.Errorf("Parent(%q) = %q, want %q", n, got, want)
	}
	if !n.IsWildcard() || n.Parent().IsWildcard() {
		t.Errorf("IsWildcard(%q) = %v, IsWildcard(%q) = %v, want true, false", n, n.IsWildcard(), n.Parent(), n.Parent().IsWildcard())
	}
}

// FuzzParseName proves that an accepted name survives both of its spellings,
// and fits the wire.
func FuzzParseName(f *testing.F) {
	for _, s := range []string{"www.example.org", `\052.a\056b.example.org.`, `a\b`, "a..", `\377\000.x`, "@", `\`, `a\.b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseName(s)
		if err != nil {
			return
		}
		if got, err := ParseName(n.AWS()); got != n || err != nil {
			t.Errorf("ParseName(%q) = %q, %v, want %q", n.AWS(), got, err, n)
		}
		if got := FromDNS(string(n)); got != n {
			t.Errorf("FromDNS(%q) = %q, want the same", n, got)
		}
		if err := n.check(); err != nil {
			t.Errorf("check(%q) = %v, want nil", n, err)
		}
		if len(n) > 4*maxNameBytes+1 {
			t.Errorf("ParseName(%q) has %d bytes", s, len(n))
		}
		if p := n.Parent(); !n.Within(p) {
			t.Errorf("Within(%q, %q) = false, want true", n, p)
		}
		joined := ""
		for _, l := range n.Labels() {
			joined += string(l) + "."
		}
		if joined != string(n) {
			t.Errorf("Labels(%q) join to %q", n, joined)
		}
	})
}

// Names without escapes are reversed in one go: as label by label.
func TestReversedPlain(t *testing.T) {
	for in, want := range map[string]string{
		"org": "org.", "example.org": "org.example.", "a-b._c.example.org.": "org.example._c.a-b.", "a.b.c.d.e.f": "f.e.d.c.b.a.", "*.example.org": `org.example.\052.`,
	} {
		n, err := ParseName(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Reversed(); got != want {
			t.Errorf("Reversed(%q) = %q, want %q", in, got, want)
		}
	}
}
