package fronting

import (
	"net/netip"
	"strings"
	"testing"
)

// TestNormalHost is the table of design 4.2, *Guard*: what is one host, and
// what is none.
func TestNormalHost(t *testing.T) {
	for _, tc := range []struct{ name, host, want string }{
		{"plain", "www.example.org", "www.example.org"},
		{"case", "WWW.Example.ORG", "www.example.org"},
		{"final dot", "www.example.org.", "www.example.org"},
		{"two final dots", "www.example.org..", ""},
		{"empty label", "www..example.org", ""},
		{"leading dot", ".example.org", ""},
		{"dot alone", ".", ""},
		{"port", "www.example.org:8443", "www.example.org"},
		{"empty port", "www.example.org:", "www.example.org"},
		{"port and final dot", "www.example.org.:443", "www.example.org"},
		{"port that is none", "www.example.org:https", ""},
		{"port with sign", "www.example.org:+443", ""},
		{"two ports", "www.example.org:1:2", ""},
		{"long port", "www.example.org:000443", ""},
		{"U-label", "bücher.example.org", "xn--bcher-kva.example.org"},
		{"U-label in upper case", "BÜCHER.example.org", "xn--bcher-kva.example.org"},
		{"A-label", "XN--bcher-KVA.example.org", "xn--bcher-kva.example.org"},
		{"full-width letters", "ｗｗｗ.example.org", "www.example.org"},
		{"ideographic full stop", "www。example.org", "www.example.org"},
		{"no UTF-8", "\xff.example.org", ""},
		{"percent", "w%77w.example.org", "www.example.org"},
		{"percent, upper case", "%57ww.example.org", "www.example.org"},
		{"percent of a U-label", "b%C3%BCcher.example.org", "xn--bcher-kva.example.org"},
		{"percent of a dot", "www%2Eexample.org", "www.example.org"},
		{"percent of a port", "www.example.org%3A443", ""},
		{"percent twice", "w%2577w.example.org", ""},
		{"percent that is none", "w%7.example.org", ""},
		{"IPv4", "192.0.2.1", "192.0.2.1"},
		{"IPv4 and port", "192.0.2.1:443", "192.0.2.1"},
		{"IPv4 with leading zero", "192.0.2.01", ""},
		{"IPv4 in hexadecimal", "0xc0.0.2.1", ""},
		{"IPv4 as a number", "3221225985", ""},
		{"IPv4 of three numbers", "192.0.513", ""},
		{"IPv4 in a name", "192.0.2.1.example.org", "192.0.2.1.example.org"},
		{"IPv6", "[2001:db8::1]", "2001:db8::1"},
		{"IPv6 and port", "[2001:DB8:0::1]:443", "2001:db8::1"},
		{"IPv6 without brackets", "2001:db8::1", ""},
		{"IPv6 and zone", "[fe80::1%25eth0]", ""},
		{"IPv4 in brackets", "[192.0.2.1]", ""},
		{"open bracket", "[2001:db8::1", ""},
		{"underscore", "_dmarc.example.org", "_dmarc.example.org"},
		{"one label", "localhost", "localhost"},
		{"wildcard", "*.example.org", ""},
		{"space", "www.example.org ", ""},
		{"user", "a@www.example.org", ""},
		{"slash", "www.example.org/", ""},
		{"NUL", "www.example.org\x00", ""},
		{"label of 63", strings.Repeat("a", 63) + ".org", strings.Repeat("a", 63) + ".org"},
		{"label of 64", strings.Repeat("a", 64) + ".org", ""},
		{"name of 253", strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "a"},
		{"name of 255", strings.Repeat("a.", 127) + "a", ""},
		{"none", "", ""},
		{"port alone", ":443", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := normalHost(tc.host)
			if got != tc.want || (err == nil) != (tc.want != "") {
				t.Errorf("normalHost(%q) = %q, %v, want %q", tc.host, got, err, tc.want)
			}
		})
	}
}

func TestNormalServerName(t *testing.T) {
	for _, tc := range []struct {
		name, serverName, want string
		ok                     bool
	}{
		{"none", "", "", true},
		{"plain", "www.example.org", "www.example.org", true},
		{"case", "WWW.example.org", "www.example.org", true},
		{"final dot", "www.example.org.", "www.example.org", true},
		{"IPv4", "192.0.2.1", "192.0.2.1", true},
		{"IPv6", "2001:DB8::1", "2001:db8::1", true},
		{"brackets", "[2001:db8::1]", "", false},
		{"port", "www.example.org:443", "", false},
		{"wildcard", "*.example.org", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := normalServerName(tc.serverName)
			if got != tc.want || (err == nil) != tc.ok {
				t.Errorf("normalServerName(%q) = %q, %v, want %q, %v", tc.serverName, got, err, tc.want, tc.ok)
			}
		})
	}
}

// FuzzNormalHost: what has a normal form is its own normal form, and all
// spellings that mean the same lead to it.
func FuzzNormalHost(f *testing.F) {
	for _, seed := range []string{"WWW.Example.org.:443", "bücher.example.org", "w%77w.example.org", "[2001:db8::1]:443", "192.0.2.1", "ｗ。x", "xn--a.b", "a.xn--ls8h", "%e3%80%82"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		got, err := normalHost(host)
		if err != nil {
			if got != "" {
				t.Errorf("normalHost(%q) = %q, %v", host, got, err)
			}
			return
		}
		spelled := got
		addr, err := netip.ParseAddr(got)
		switch {
		case err == nil && addr.Is6():
			spelled = "[" + got + "]"
		case err != nil && !isPlain(got):
			t.Errorf("normalHost(%q) = %q, which is no host name", host, got)
		}
		for _, same := range []string{spelled, strings.ToUpper(spelled), spelled + ":443"} {
			if again, err := normalHost(same); again != got || err != nil {
				t.Errorf("normalHost(%q) = %q, %v, want %q as of %q", same, again, err, got, host)
			}
		}
		if again, err := normalServerName(got); again != got || err != nil {
			t.Errorf("normalServerName(%q) = %q, %v", got, again, err)
		}
	})
}

func BenchmarkNormalHost(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := normalHost("www.example.org"); err != nil {
			b.Fatal(err)
		}
	}
}
