package model

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestParseRdata(t *testing.T) {
	tests := []struct {
		name, rrtype, value string
		want                string // as miekg/dns prints the data
	}{
		{"A", "A", "192.0.2.1", "192.0.2.1"},
		{"AAAA", "AAAA", "2001:DB8:0::1", "2001:db8::1"},
		{"AAAA that maps IPv4", "AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"CNAME", "CNAME", "WWW.Example.org", "www.example.org."},
		{"CNAME with octal", "CNAME", `\052.example.org.`, `*.example.org.`},
		{"NS", "NS", "ns-1.awsdns-00.com.", "ns-1.awsdns-00.com."},
		{"PTR", "PTR", "host.example.org.", "host.example.org."},
		{"MX", "MX", "10  mail.example.org.", "10 mail.example.org."},
		{"null MX", "MX", "0 .", "0 ."},
		{"SRV", "SRV", "1 2 5060 sip.example.org", "1 2 5060 sip.example.org."},
		{"SOA", "SOA", "ns.example.org. host.example.org. 1 7200 900 1209600 86400", "ns.example.org. host.example.org. 1 7200 900 1209600 86400"},
		{"TXT", "TXT", `"Hello  World"`, `"Hello  World"`},
		{"TXT of two strings", "TXT", `"a" "b"`, `"a" "b"`},
		{"TXT of two strings that touch", "TXT", `"a""b"`, `"a" "b"`},
		{"TXT with quote and backslash", "TXT", `"a\"b\\c"`, `"a\"b\\c"`},
		{"TXT with octal", "TXT", `"ex\344mple\012"`, `"ex\228mple\010"`},
		{"TXT with an escaped plain character", "TXT", `"a\;b"`, `"a;b"`},
		{"empty TXT", "TXT", `""`, `""`},
		{"TXT of 255 bytes", "TXT", `"` + strings.Repeat("x", 255) + `"`, `"` + strings.Repeat("x", 255) + `"`},
		{"SPF", "SPF", `"v=spf1 -all"`, `"v=spf1 -all"`},
		{"CAA", "CAA", `0 issue "ca.example.net; policy=ev"`, `0 issue "ca.example.net; policy=ev"`},
		{"CAA critical", "CAA", `128 tbs "unknown"`, `128 tbs "unknown"`},
		{"NAPTR", "NAPTR", `100 50 "u" "E2U+sip" "!^(\\+44)$!sip:\\1@example.org!" .`, `100 50 "u" "E2U+sip" "!^(\\+44)$!sip:\\1@example.org!" .`},
		{"DS", "DS", "12345 13 2 ab cd", "12345 13 2 ABCD"},
		{"TLSA", "TLSA", "3 1 1 abcd", "3 1 1 ABCD"},
		{"SSHFP", "SSHFP", "4 2 abcd", "4 2 ABCD"},
		{"HTTPS alias mode", "HTTPS", "0 www.example.org", "0 www.example.org."},
		{"HTTPS", "HTTPS", `1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1,192.0.2.2`, `1 . alpn="h2,h3" port="8443" ipv4hint="192.0.2.1,192.0.2.2"`},
		{"SVCB", "SVCB", `32767 svc.example.org. mandatory=alpn alpn=h2 no-default-alpn`, `32767 svc.example.org. mandatory="alpn" alpn="h2" no-default-alpn=""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rr, err := ParseRdata(tt.rrtype, tt.value)
			if err != nil {
				t.Fatalf("ParseRdata(%q, %q) = %v", tt.rrtype, tt.value, err)
			}
			if h := rr.Header(); h.Name != "" || h.Class != dns.ClassINET || dns.TypeToString[h.Rrtype] != tt.rrtype {
				t.Errorf("ParseRdata(%q, %q) has the header %v", tt.rrtype, tt.value, h)
			}
			if got := strings.TrimPrefix(rr.String(), rr.Header().String()); got != tt.want {
				t.Errorf("ParseRdata(%q, %q) = %s, want %s", tt.rrtype, tt.value, got, tt.want)
			}
		})
	}
}

func TestParseRdataRefuses(t *testing.T) {
	x := strings.Repeat("x", 256)
	tests := []struct{ name, rrtype, value, want string }{
		{"A", "A", "192.0.2.256", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '192.0.2.256'"},
		{"A with a space", "A", " 192.0.2.1", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with ' 192.0.2.1'"},
		{"A of six", "A", "2001:db8::1", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '2001:db8::1'"},
		{"AAAA", "AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with '192.0.2.1'"},
		{"AAAA with a zone", "AAAA", "fe80::1%eth0", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with 'fe80::1%eth0'"},
		{"CNAME empty", "CNAME", "", "DomainNameEmpty (Domain name is empty) encountered with ''"},
		{"CNAME with empty label", "CNAME", "a..b", "DomainLabelEmpty (Domain label is empty) encountered with 'a..b'"},
		{"CNAME of two", "CNAME", "a b", "UnsupportedCharacter (Value contains unsupported characters) encountered with ' '"},
		{"MX", "MX", "mail.example.org", "MXRRDATANotTwoFields (MX record doesn't have 2 fields) encountered with 'mail.example.org'"},
		{"MX preference", "MX", "65536 mail.example.org", `MXRRDATAInvalidValue (Invalid value for field "Preference") encountered with '65536'`},
		{"SRV", "SRV", "1 2 sip.example.org", "SRVRRDATANotFourFields (SRV record doesn't have 4 fields) encountered with '1 2 sip.example.org'"},
		{"TXT unquoted", "TXT", "hello", "InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'hello'"},
		{"TXT half quoted", "TXT", `"hello`, `InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '"hello'`},
		{"TXT ends in an escape", "TXT", `"hello\"`, `InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '"hello\"'`},
		{"TXT empty", "TXT", "", "InvalidCharacterString (Value should be enclosed in quotation marks) encountered with ''"},
		{"TXT too long", "TXT", `"a" "` + x + `"`, `CharacterStringTooLong (Value is too long) encountered with '"` + x + `"'`},
		{"TXT with decimal escape", "TXT", `"\195"`, `UnsupportedCharacter (Value contains unsupported characters) encountered with '\195'`},
		{"TXT not ASCII", "TXT", `"ä"`, "UnsupportedCharacter (Value contains unsupported characters) encountered with '?'"},
		{"CAA tag", "CAA", `0 tbs "x"`, "CAARRDATAInvalidTag (Invalid tag) encountered with 'Only issue/issuewild/iodef is allowed for non critical flags.'"},
		{"CAA unquoted", "CAA", "0 issue ca.example.net", "InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'ca.example.net'"},
		{"DS", "DS", "12345 13 2", `DSRRDATAInvalidValue (Invalid value for field "RData") encountered with 'Wrong format or it doesn't contain all fields.'`},
		{"HTTPS fields", "HTTPS", "1", "SVCBIncorrectNumberOfFields (Incorrect number of fields, needs <svc priority>, <target name>. Optional fields include <svc param>) encountered with '1'"},
		{"HTTPS comment", "HTTPS", "1 . alpn=h2;x", `SVCBRRDATAInvalidValue (Invalid value for field "SvcParam") encountered with 'alpn=h2;x'`},
		{"HTTPS key twice", "HTTPS", "1 . port=1 port=2", `SVCBRRDATAInvalidValue (Invalid value for field "SvcParam") encountered with 'port=2'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseRdata(tt.rrtype, tt.value)
			if want := "Invalid Resource Record: 'FATAL problem: " + tt.want + "'"; message(err) != want {
				t.Errorf("ParseRdata(%q, %q) = %q, want %q", tt.rrtype, tt.value, message(err), want)
			}
		})
	}
	t.Run("HTTPS priority", func(t *testing.T) {
		if _, err := ParseRdata("HTTPS", "32768 ."); message(err) != "Unsupported SvcPriority value." {
			t.Errorf("ParseRdata(HTTPS, 32768 .) = %q", message(err))
		}
	})
}

func TestCanonicalValue(t *testing.T) {
	tests := []struct{ name, rrtype, a, b string }{
		{"host case and dot", "CNAME", "WWW.example.org", "www.example.org."},
		{"host escapes", "CNAME", `\052.example.org`, "*.example.org"},
		{"address", "AAAA", "2001:db8:0:0::1", "2001:DB8::1"},
		{"spaces", "MX", "10   MAIL.example.org", "10 mail.example.org."},
		{"text escapes", "TXT", `"\141\;"`, `"a;"`},
		{"digest", "DS", "1 13 2 ABcd", "1 13 2 ab cd"},
		{"order of parameters", "HTTPS", "1 . port=1 alpn=h2", `1 . alpn="h2" port="1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, errA := CanonicalValue(tt.rrtype, tt.a)
			b, errB := CanonicalValue(tt.rrtype, tt.b)
			if a != b || a == "" || errA != nil || errB != nil {
				t.Errorf("CanonicalValue = %q, %v and %q, %v, want the same", a, errA, b, errB)
			}
		})
	}
	if a, _ := CanonicalValue("TXT", `"A"`); a != `"A"` {
		t.Errorf(`CanonicalValue(TXT, "A") = %s, want the case kept`, a)
	}
}

// FuzzParseRdata proves that an accepted value packs on the wire, comes back
// from there as it was, and has one canonical spelling.
func FuzzParseRdata(f *testing.F) {
	for i, v := range []string{
		"ns.example.org. h.example.org. 1 2 3 4 5", "192.0.2.1", `"a\"\101" "b"`, "ns.example.org", "www.example.org", "10 mail.example.org",
		`1 2 "u" "s" "!^.*$!x!" .`, "host", "1 2 3 t", `"v=spf1"`, "2001:db8::1", `0 issue "ca;x"`, "1 2 3 abcd", "1 2 3 ab", "1 2 ab",
		`1 . alpn="h2,h3" key667="a\"b"`, `0 svc. ech=AAAA dohpath=/q{?dns}`,
	} {
		f.Add(uint8(i), v)
	}
	f.Fuzz(func(t *testing.T, kind uint8, value string) {
		rrtype := Types[int(kind)%len(Types)]
		rr, err := ParseRdata(rrtype, value)
		if err != nil {
			return
		}
		rr.Header().Name = "example.org."
		wire := make([]byte, dns.MaxMsgSize)
		n, err := dns.PackRR(rr, wire, 0, nil, false)
		if err != nil {
			t.Fatalf("packing %v: %v", rr, err)
		}
		back, _, err := dns.UnpackRR(wire[:n], 0)
		if err != nil {
			t.Fatalf("unpacking %v: %v", rr, err)
		}
		canonical, err := CanonicalValue(rrtype, value)
		if err != nil {
			t.Fatalf("CanonicalValue(%q, %q): %v", rrtype, value, err)
		}
		if again, err := CanonicalValue(rrtype, canonical); again != canonical {
			t.Errorf("CanonicalValue(%q, %q) = %q, %v, want the same", rrtype, canonical, again, err)
		}
		if rrtype == "CAA" {
			return // miekg/dns unpacks a CAA value without escaping it
		}
		if got, err := FormatRdata(back); got != canonical {
			t.Errorf("FormatRdata(%v) = %q, %v, want %q", back, got, err, canonical)
		}
	})
}
