package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const masterHead = `$ORIGIN example.org.
$TTL 300
@ IN SOA ns.example.net. h.example.net. 1 2 3 4 5
@ IN NS ns.example.net.
`

const masterHeadShown = "example.org. SOA 300 ns.example.net. h.example.net. 1 2 3 4 5\nexample.org. NS 300 ns.example.net.\n"

func TestMaster(t *testing.T) {
	tests := []struct{ name, path, data, want string }{
		{"one of each", "a.zone", masterHead + `
www 60 IN A 192.0.2.1
www    IN AAAA 2001:db8::1 ; with a comment
www 60 IN A 192.0.2.2
mail   MX 10 Mail
*      CNAME www.example.NET.
a\.b   TXT "x" "\195\164\"; (y" z
_s._tcp SRV 1 2 3 www
e      CAA 0 ISSUE "ca.example.net\; p"
n      NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" .
d      DS 1 13 2 ABcd
h      HTTPS 1 . alpn=h2
sub    NS ns.sub
`, masterHeadShown + `www.example.org. A 60 192.0.2.1, 192.0.2.2
www.example.org. AAAA 300 2001:db8::1
mail.example.org. MX 300 10 mail.example.org.
\052.example.org. CNAME 300 www.example.net.
a\056b.example.org. TXT 300 "x" "\303\244\"; (y" "z"
_s._tcp.example.org. SRV 300 1 2 3 www.example.org.
e.example.org. CAA 300 0 issue "ca.example.net; p"
n.example.org. NAPTR 300 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" .
d.example.org. DS 300 1 13 2 ABCD
h.example.org. HTTPS 300 1 . alpn="h2"
sub.example.org. NS 300 ns.sub.example.org.
`},
		{"origin from the file's name", "x/example.org.zone", "@ 300 IN SOA ns.example.net. h.example.net. 1 2 3 4 5\n@ 300 IN NS ns.example.net.\n", masterHeadShown},
		{"default NS", "a.zone", "$TTL 300\nexample.org. IN SOA ns.example.net. h.example.net. 1 2 3 4 5\n", "example.org. NS 172800 ..."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := show(mustParse(t, tt.path, tt.data))
			if start, ok := strings.CutSuffix(tt.want, "..."); ok && strings.HasPrefix(got, start) {
				return
			}
			if got != tt.want {
				t.Errorf("Parse(%q) =\n%swant\n%s", tt.path, got, tt.want)
			}
		})
	}
}

func TestMasterRefuses(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"no SOA", "$TTL 1\nexample.org. NS ns.example.net.\n", "a.zone: neither a HostedZone nor an SOA record says which zone this is"},
		{"type", masterHead + "a HINFO x y\nb A 192.0.2.1\n", "a.zone:5:1: a.example.org. HINFO: Value 'HINFO' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SOA, A, TXT, NS, CNAME, MX, NAPTR, PTR, SRV, SPF, AAAA, CAA, DS, TLSA, SSHFP, SVCB, HTTPS]"},
		{"class", masterHead + "a CH A 192.0.2.1\n", "a.zone:5:1: a.example.org. A: class CH, want IN"},
		{"TTLs", masterHead + "a 1 A 192.0.2.1\n\na 2 A 192.0.2.2\n", "a.zone:7:1: a.example.org. A: TTL 2 beside TTL 1, want one for all records of the name and type"},
		{"outside", masterHead + "\n; comment\nwww.example.net. A 192.0.2.1\n", "a.zone:7:1: www.example.net. A: RRSet with DNS name www.example.net. is not permitted in zone example.org."},
		{"CNAME beside A", masterHead + "a A 192.0.2.1\na CNAME b\n", "a.zone:6:1: a.example.org. CNAME: RRSet of type CNAME with DNS name a.example.org. is not permitted as it conflicts with other records with the same DNS name in zone example.org."},
		{"several syntax faults", masterHead + "a A 192.0.2.300\nb A 192.0.2.1\nc MX (\n  x\n  y )\nd HINFO x y\ne A\n",
			"a.zone:5:15: a: bad A A: \"192.0.2.300\"\n" +
				"a.zone:9:1: c: bad MX Pref: \"x\"\n" +
				"a.zone:10:1: d.example.org. HINFO: Value 'HINFO' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SOA, A, TXT, NS, CNAME, MX, NAPTR, PTR, SRV, SPF, AAAA, CAA, DS, TLSA, SSHFP, SVCB, HTTPS]\n" +
				"a.zone:11:1: e.example.org. A: the address is missing"},
		{"no data", masterHead + "a MX\nb SRV\nf TXT\n", "a.zone:5:4: a: unexpected...a.zone:6:5: b: unexpected...a.zone:7:1: f.example.org. TXT: Invalid..."},
		{"generated", masterHead + "$generate 1-2 h$ A 192.0.2.$\n", "a.zone:5:1: $GENERATE: the directive is not supported, $ORIGIN, $TTL and $INCLUDE are"},
		{"open quote", masterHead + "a TXT \"x\nb A 192.0.2.1\nc A x\nd TXT \"y\"\n", "a.zone:5:6: a: bad TXT Txt: \" \"\na.zone:7:5: c: bad A A: \"x\""},
		{"directive", "$TTL x\n" + masterHead, "a.zone:1:6: $TTL: expecting $TTL value, not this...: \"x\""},
		{"outside of the folder", masterHead + "$INCLUDE ../secret\n", "a.zone:5:..."},
		{"not there", masterHead + "$INCLUDE none\na A x\n", "a.zone:5:13: $INCLUDE: failed to open...a.zone:6:5: a: bad A A: \"x\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Parse("a.zone", []byte(tt.data), account)
			if err == nil || doc != nil {
				t.Fatalf("Parse = %v, %v, want an error", doc, err)
			}
			rest := err.Error()
			for i, part := range strings.Split(tt.want, "...") {
				at := strings.Index(rest, part)
				if at < 0 || i == 0 && at > 0 {
					t.Fatalf("Parse =\n%v\nwant\n%s", err, tt.want)
				}
				rest = rest[at+len(part):]
			}
			if !strings.HasSuffix(tt.want, "...") && rest != "" {
				t.Errorf("Parse =\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

func TestMasterIncludes(t *testing.T) {
	folder := t.TempDir()
	write := func(name, data string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("secret", "x A 192.0.2.9\n")
	part := write("zones/parts/hosts", "a A 192.0.2.1\nb A 192.0.2.2\n")
	main := masterHead + "$INCLUDE parts/hosts\nc A 192.0.2.3\n"
	path := filepath.Join(folder, "zones/example.zone")
	doc := mustParse(t, path, main)
	want := masterHeadShown + "a.example.org. A 300 192.0.2.1\nb.example.org. A 300 192.0.2.2\nc.example.org. A 300 192.0.2.3\n"
	if got := show(doc); got != want {
		t.Errorf("Parse =\n%swant\n%s", got, want)
	}
	if len(doc.Includes) != 1 || doc.Includes[0] != part {
		t.Errorf("Includes = %v, want %s", doc.Includes, part)
	}
	before := doc.Hash
	write("zones/parts/hosts", "a A 192.0.2.1\n")
	if mustParse(t, path, main).Hash == before {
		t.Error("the hash is the same with another include")
	}
	write("zones/parts/hosts", "a A 192.0.2.1\nb TXT x\nwww.example.net. A 192.0.2.1\n")
	if _, err := Parse(path, []byte(main), account); err == nil || !strings.HasPrefix(err.Error(), part+":3:1: www.example.net. A: ") {
		t.Errorf("Parse with a record outside in an include = %v", err)
	}
	write("zones/parts/hosts", "a A 192.0.2.1\nb A x\n")
	if _, err := Parse(path, []byte(main), account); err == nil || err.Error() != part+`:2:5: $INCLUDE: bad A A: "x"` {
		t.Errorf("Parse with a syntax fault in an include = %v", err)
	}
	if err := os.Symlink(filepath.Join(folder, "secret"), filepath.Join(folder, "zones/link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../secret", "link", filepath.Join(folder, "secret"), "parts"} {
		doc, err := Parse(path, []byte(masterHead+"$INCLUDE "+name+"\n"), account)
		if err == nil {
			t.Errorf("Parse with $INCLUDE %s =\n%s", name, show(doc))
		}
	}
}
