package locate

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// cityDatabase returns a small database in MaxMind's format.
func cityDatabase(t testing.TB) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", IncludeReservedNetworks: true, RecordSize: 24})
	if err != nil {
		t.Fatal(err)
	}
	insert := func(cidr string, record mmdbtype.Map) {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	str := func(key, value string) mmdbtype.Map {
		return mmdbtype.Map{mmdbtype.String(key): mmdbtype.String(value)}
	}
	at := func(lat, lon float64) mmdbtype.Map {
		return mmdbtype.Map{"latitude": mmdbtype.Float64(lat), "longitude": mmdbtype.Float64(lon)}
	}
	insert("192.0.2.0/24", mmdbtype.Map{"country": str("iso_code", "FR"), "continent": str("code", "EU"), "location": at(48.86, 2.35)})
	insert("198.51.100.0/24", mmdbtype.Map{"country": str("iso_code", "US"), "continent": str("code", "NA"),
		"subdivisions": mmdbtype.Slice{str("iso_code", "OR"), str("iso_code", "XX")}, "location": at(45.5, -122.6)})
	insert("203.0.113.0/25", mmdbtype.Map{"country": str("iso_code", "TR"), "continent": str("code", "AS")})
	insert("203.0.113.128/25", mmdbtype.Map{"continent": str("code", "SA"), "location": at(-15, -47)})
	insert("2001:db8::/32", mmdbtype.Map{"country": str("iso_code", "CN"), "continent": str("code", "AS"), "location": at(31.2, 121.5)})
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newLocator(t testing.TB, node, latency string, geoip []byte) *Locator {
	t.Helper()
	cfg := Config{Region: node}
	if latency != "" {
		cfg.Latency = parseLatency(t, latency)
	}
	if geoip != nil {
		g, err := NewGeoIP(geoip)
		if err != nil {
			t.Fatal(err)
		}
		cfg.GeoIP = g
	}
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ecsOf(t testing.TB, prefix string) ECS {
	t.Helper()
	if prefix == "" {
		return ECS{}
	}
	return ECS{prefix: netip.MustParsePrefix(prefix), sent: true}
}

// The chart of the package documentation, row by row, and aws-behaviour 3.8.
func TestLocate(t *testing.T) {
	const lines = "192.0.2.0/25 ap-south-1 5\n10.0.0.0/8 eu-west-1 7\n203.0.113.0/26 sa-east-1 9\nus-gov-west-1 us-east-1 61\neu-north-1 eu-west-3 31\n"
	db := cityDatabase(t)
	tests := []struct {
		name, node, latency string
		geoip               []byte
		source, ecs         string
		want                string
		to                  string // a Region
		ms                  float32
	}{
		{name: "nothing known", node: "eu-west-3", source: "192.0.2.9", want: "192.0.2.9/32 (address) at 48.86,2.35 near eu-west-3 (node)", to: "eu-west-3", ms: 0},
		{name: "default Region", source: "192.0.2.9", want: "192.0.2.9/32 (address) at 39.04,-77.49 near us-east-1 (node)", to: "us-east-1", ms: 0},
		{name: "Region lines of the node", node: "eu-north-1", latency: lines, source: "172.16.0.1", want: "172.16.0.1/32 (address) at 59.33,18.07 near eu-north-1 (node)", to: "eu-west-3", ms: 31},
		{name: "CIDR line", latency: lines, source: "10.1.2.3", want: "10.1.2.3/32 (address) at 53.35,-6.26 near eu-west-1 (latency)", to: "eu-west-1", ms: 7},
		{name: "ECS beats source", latency: lines, source: "192.0.2.9", ecs: "10.1.2.0/24", want: "10.1.2.0/24 (ecs) at 53.35,-6.26 near eu-west-1 (latency)", to: "eu-west-1", ms: 7},
		{name: "ECS /0 is none", latency: lines, source: "10.1.2.3", ecs: "0.0.0.0/0", want: "10.1.2.3/32 (address) at 53.35,-6.26 near eu-west-1 (latency)", to: "eu-west-1", ms: 7},
		{name: "ECS shorter than the line", latency: lines, source: "10.1.2.3", ecs: "10.0.0.0/7", want: "10.0.0.0/7 (ecs) at 39.04,-77.49 near us-east-1 (node)", to: "us-east-1", ms: 0},
		{name: "database", geoip: db, source: "192.0.2.200", want: "192.0.2.200/32 (address) at 48.86,2.35 near eu-west-3 (geoip), country FR, continent EU", to: "eu-west-3", ms: 0},
		{name: "database and CIDR line", geoip: db, latency: lines, source: "192.0.2.1", want: "192.0.2.1/32 (address) at 48.86,2.35 near eu-west-3 (geoip), country FR, continent EU", to: "ap-south-1", ms: 5},
		{name: "database and Region lines", geoip: db, latency: lines, source: "198.51.100.7", want: "198.51.100.7/32 (address) at 45.50,-122.60 near us-gov-west-1 (geoip), country US, subdivision OR, continent NA", to: "us-east-1", ms: 61},
		{name: "no coordinates", node: "eu-west-3", geoip: db, source: "203.0.113.100", want: "203.0.113.100/32 (address) at 48.86,2.35 near eu-west-3 (node), country TR, continent EU", to: "eu-west-3", ms: 0},
		{name: "no coordinates but a CIDR line", geoip: db, latency: lines, source: "203.0.113.1", want: "203.0.113.1/32 (address) at -23.55,-46.63 near sa-east-1 (latency), country TR, continent EU", to: "sa-east-1", ms: 9},
		{name: "continent only", geoip: db, source: "203.0.113.200", want: "203.0.113.200/32 (address) at -15.00,-47.00 near sa-east-1 (geoip), continent SA", to: "sa-east-1", ms: estimate(At(-15, -47), At(-23.55, -46.63))},
		{name: "not in the database", node: "eu-west-3", geoip: db, source: "172.16.0.1", want: "172.16.0.1/32 (address) at 48.86,2.35 near eu-west-3 (node)", to: "eu-west-3", ms: 0},
		{name: "IPv6", geoip: db, source: "2001:db8::53", want: "2001:db8::53/128 (address) at 31.20,121.50 near ap-east-2 (geoip), country CN, continent AS", to: "cn-north-1", ms: estimate(At(31.2, 121.5), At(39.9, 116.41))},
		{name: "IPv4-mapped source", geoip: db, source: "::ffff:192.0.2.200", want: "192.0.2.200/32 (address) at 48.86,2.35 near eu-west-3 (geoip), country FR, continent EU", to: "eu-west-3", ms: 0},
		{name: "zone of a link-local source", node: "eu-west-3", latency: "fe80::/10 eu-west-1 3", source: "fe80::1%eth0", want: "fe80::1/128 (address) at 53.35,-6.26 near eu-west-1 (latency)", to: "eu-west-1", ms: 3},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			l := newLocator(t, tc.node, tc.latency, tc.geoip)
			got := l.Locate(netip.MustParseAddr(tc.source), ecsOf(t, tc.ecs))
			if got.String() != tc.want {
				t.Errorf("Locate(%s, %s) = %s\nwant %s", tc.source, tc.ecs, got.String(), tc.want)
			}
			if ms := got.Milliseconds(region(t, tc.to)); ms < tc.ms-0.01 || ms > tc.ms+0.01 {
				t.Errorf("Locate(%s, %s).Milliseconds(%s) = %v, want %v", tc.source, tc.ecs, tc.to, ms, tc.ms)
			}
		})
	}
}

func TestLocateNoAddress(t *testing.T) {
	c := newLocator(t, "eu-west-3", "10.0.0.0/8 eu-west-1 7", cityDatabase(t)).Locate(netip.Addr{}, ECS{})
	if c.Region.String() != "eu-west-3" || c.Prefix.IsValid() {
		t.Errorf("Locate of no address = %v, want eu-west-3 without prefix", c.String())
	}
}

// aws-behaviour 3.5: unknown client is treated as in us-east-1.
func TestZeroClient(t *testing.T) {
	var c Client
	if ms := c.Milliseconds(region(t, "us-east-1")); ms != 0 {
		t.Errorf("zero Client to us-east-1 = %v ms, want 0", ms)
	}
	if km := c.Kilometres(At(39.04, -77.49)); km != 0 {
		t.Errorf("zero Client to Ashburn = %v km, want 0", km)
	}
	if c.InChina() {
		t.Error("zero Client is in China, want not")
	}
}

func TestRemotenessOrdersLikeMilliseconds(t *testing.T) {
	l := newLocator(t, "eu-west-3", "10.0.0.0/8 eu-west-1 7 us-east-1 3\n", cityDatabase(t))
	clients := []Client{{}, l.Locate(netip.MustParseAddr("10.0.0.1"), ECS{}), l.Locate(netip.MustParseAddr("198.51.100.1"), ECS{}), l.Locate(netip.MustParseAddr("172.16.0.1"), ECS{})}
	for _, c := range clients {
		for _, r := range append(Regions(), NoRegion) {
			for _, q := range Regions() {
				if c.Milliseconds(r) < c.Milliseconds(q) && c.Remoteness(r) >= c.Remoteness(q) {
					t.Errorf("%s: Remoteness(%s) = %v, Remoteness(%s) = %v, against %v and %v ms", c.String(), r, c.Remoteness(r), q, c.Remoteness(q), c.Milliseconds(r), c.Milliseconds(q))
				}
			}
		}
	}
}

func TestInChina(t *testing.T) {
	db := cityDatabase(t)
	tests := []struct {
		name, node, source string
		geoip              []byte
		want               bool
	}{
		{"country CN", "eu-west-3", "2001:db8::1", db, true},
		{"country FR on a node in China", "cn-north-1", "192.0.2.1", db, false},
		{"no country on a node in China", "cn-northwest-1", "10.0.0.1", db, true},
		{"no country", "ap-east-1", "10.0.0.1", nil, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c := newLocator(t, tc.node, "", tc.geoip).Locate(netip.MustParseAddr(tc.source), ECS{})
			if got := c.InChina(); got != tc.want {
				t.Errorf("InChina(%s) = %v, want %v", c.String(), got, tc.want)
			}
		})
	}
}

func TestNewRefusesUnknownRegion(t *testing.T) {
	_, err := New(Config{Region: "eu-west-9"})
	if err == nil || !strings.HasPrefix(err.Error(), `unknown Region "eu-west-9", known are af-south-1 `) {
		t.Errorf(`New(eu-west-9) = %v, want unknown Region`, err)
	}
}

func TestOpenGeoIP(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.mmdb"), filepath.Join(dir, "bad.mmdb")
	for path, data := range map[string][]byte{good: cityDatabase(t), bad: []byte("not a database")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenGeoIP(good); err != nil {
		t.Errorf("OpenGeoIP(%q) = %v, want none", good, err)
	}
	for _, path := range []string{bad, filepath.Join(dir, "missing.mmdb")} {
		if _, err := OpenGeoIP(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("OpenGeoIP(%q) = %v, want an error that names it", path, err)
		}
	}
}

// Records are cached by offset: each address must get its own, however often
// and in whatever order it is asked for.
func TestGeoIPCache(t *testing.T) {
	l := newLocator(t, "", "", cityDatabase(t))
	for range 3 {
		for source, want := range map[string]string{"192.0.2.1": "FR", "198.51.100.1": "US", "203.0.113.1": "TR", "2001:db8::1": "CN", "10.0.0.1": ""} {
			if c := l.Locate(netip.MustParseAddr(source), ECS{}); c.Country != want {
				t.Errorf("Locate(%s).Country = %q, want %q", source, c.Country, want)
			}
		}
	}
}

// FuzzGeoIP damages a database: it opens or not, and then answers something
// for every address without a panic.
func FuzzGeoIP(f *testing.F) {
	db := cityDatabase(f)
	f.Add(uint16(3), byte(0xff), []byte{192, 0, 2, 1})
	f.Add(uint16(len(db)-20), byte(1), []byte{198, 51, 100, 9})
	f.Fuzz(func(t *testing.T, at uint16, flip byte, addr []byte) {
		data := bytes.Clone(db)
		data[int(at)%len(data)] ^= flip
		g, err := NewGeoIP(data)
		if err != nil {
			return
		}
		l, err := New(Config{GeoIP: g})
		if err != nil {
			t.Fatal(err)
		}
		source, _ := netip.AddrFromSlice(addr)
		c := l.Locate(source, ECS{})
		if !c.Point.Known() || c.Region == NoRegion {
			t.Fatalf("Locate(%v) = %v, want a place", source, c.String())
		}
	})
}

func BenchmarkLocate(b *testing.B) {
	const lines = "198.51.100.0/24 eu-west-1 7 us-east-1 80\n"
	db := cityDatabase(b)
	for _, bm := range []struct {
		name, source, ecs, latency string
		geoip                      []byte
	}{
		{"node", "192.0.2.1", "", "", nil},
		{"latency", "198.51.100.1", "", lines, nil},
		{"geoip", "192.0.2.1", "", "", db},
		{"ecs_geoip_latency", "10.0.0.1", "198.51.100.0/24", lines, db},
	} {
		b.Run(bm.name, func(b *testing.B) {
			l := newLocator(b, "eu-west-3", bm.latency, bm.geoip)
			source, ecs := netip.MustParseAddr(bm.source), ecsOf(b, bm.ecs)
			b.ReportAllocs()
			for b.Loop() {
				c := l.Locate(source, ecs)
				if c.Region == NoRegion {
					b.Fatal("no Region")
				}
			}
		})
	}
}
