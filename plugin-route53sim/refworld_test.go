package route53sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/edgestage/edgestage/plugin-route53sim/locate"
	"github.com/edgestage/edgestage/plugin-route53sim/zone"
	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/hlc"
	"github.com/edgestage/edgestage/state/model"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// world is all that answers depend on: as rows for the plugin, and as plain
// data for the reference.
type world struct {
	zones       []*refZone
	endpoints   []*model.Endpoint
	collections map[string]map[netip.Prefix]string // locations of blocks, by id
	geo         []refGeo
	rtt         map[netip.Prefix]map[string]float64
	failing     map[string]bool // ids of health checks
	home        string          // the node's Region
	vpcs        []refVPC

	compiler *zone.Compiler // of the handler
}

type refZone struct {
	id, name string
	sets     []*model.RRset
	vpcs     []string // the ids of a private zone's; none for a public one
}

// refVPC is who is inside a VPC.
type refVPC struct {
	id, region string
	block      netip.Prefix
}

// regionPool are the Regions of a world: no two are at the same distance from
// anywhere in it.
var regionPool = []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "cn-north-1"}

// networks are where clients of a world may be.
var networks = []refGeo{
	{netip.MustParsePrefix("192.0.2.0/24"), "FR", "", "EU", true, 48.86, 2.35},
	{netip.MustParsePrefix("198.51.100.0/24"), "US", "OR", "NA", true, 45.5, -122.6},
	{netip.MustParsePrefix("203.0.113.0/25"), "US", "", "NA", true, 39.1, -94.6},
	{netip.MustParsePrefix("203.0.113.128/25"), "BR", "", "SA", false, 0, 0},
	{netip.MustParsePrefix("2001:db8::/33"), "CN", "", "AS", true, 39.9, 116.4},
}

// worldOf returns the world of a seed.
func worldOf(rnd *rand.Rand) *world {
	w := &world{collections: map[string]map[netip.Prefix]string{}, rtt: map[netip.Prefix]map[string]float64{}}
	w.home, w.failing = oneOf(rnd, regionPool...), map[string]bool{}
	for _, g := range networks {
		if rnd.IntN(4) > 0 {
			w.geo = append(w.geo, g)
		}
	}
	for _, g := range networks {
		if rnd.IntN(4) == 0 {
			w.rtt[g.network] = map[string]float64{}
			for _, r := range regionPool {
				w.rtt[g.network][r] = float64(rnd.IntN(200000)+1) / 100
			}
		}
	}
	w.addCollections(rnd)
	w.addEndpoints(rnd)
	w.zones = append(w.zones, newGenerator(rnd, w, "Z0EXAMPLE00000000000", "example.org.").zone())
	if rnd.IntN(3) == 0 {
		w.zones = append(w.zones, newGenerator(rnd, w, "Z0SUBZONE00000000000", "b.example.org.").zone())
	}
	if rnd.IntN(3) == 0 {
		w.addPrivate(rnd)
	}
	return w
}

// addPrivate adds two VPCs, and private zones that hide public ones of their
// names, each other, or nothing.
func (w *world) addPrivate(rnd *rand.Rand) {
	for i, block := range []string{"192.0.3.0/24", "203.0.113.128/25"} {
		w.vpcs = append(w.vpcs, refVPC{fmt.Sprint("vpc-", i+1), oneOf(rnd, regionPool...), netip.MustParsePrefix(block)})
	}
	for i, name := range []string{"example.org.", "a.example.org.", "example.org.", "corp."} {
		if rnd.IntN(2) == 0 {
			continue
		}
		g := newGenerator(rnd, w, fmt.Sprintf("Z%dPRIVATE00000000000", i), name)
		g.z.vpcs = oneOf(rnd, []string{"vpc-1"}, []string{"vpc-2"}, []string{"vpc-1", "vpc-2"})
		w.zones = append(w.zones, g.zone())
	}
}

func oneOf[E any](rnd *rand.Rand, all ...E) E { return all[rnd.IntN(len(all))] }

const refCollection = "11111111-1111-1111-1111-111111111111"

func (w *world) addCollections(rnd *rand.Rand) {
	blocks := map[netip.Prefix]string{}
	for _, p := range []string{"192.0.2.0/24", "192.0.0.0/16", "198.51.100.0/24", "203.0.113.0/24", "203.0.0.0/9", "2001:db8::/48", "2001:db8::/32"} {
		if rnd.IntN(2) == 0 {
			blocks[netip.MustParsePrefix(p).Masked()] = oneOf(rnd, "paris", "lima", "nairobi")
		}
	}
	w.collections[refCollection] = blocks
}

// addEndpoints publishes some of the names in targets, by edges that are
// healthy or not.
func (w *world) addEndpoints(rnd *rand.Rand) {
	for i, name := range targets {
		for n := range rnd.IntN(4) {
			e := &model.Endpoint{
				Name: name, Node: fmt.Sprintf("edge-%d", n), Kind: model.EndpointELB, Region: oneOf(rnd, regionPool...), Unhealthy: rnd.IntN(2) == 0,
				Addresses: []netip.Addr{netip.AddrFrom4([4]byte{203, 0, 113, byte(i*10 + n + 1)})},
			}
			if rnd.IntN(2) == 0 {
				e.Addresses = append(e.Addresses, netip.MustParseAddr(fmt.Sprintf("2001:db8::e:%x", i*10+n+1)))
			}
			w.endpoints = append(w.endpoints, e)
		}
	}
}

// handler returns the plugin in this world.
func (w *world) handler(t testing.TB) *Route53Sim {
	t.Helper()
	var values []model.Value
	for i, z := range w.zones {
		row := &model.Zone{ID: z.id, Name: model.Name(z.name), Account: "123456789012", NameServers: model.PrivateNameServers(), Created: created(i)}
		for _, v := range w.vpcs {
			if slices.Contains(z.vpcs, v.id) {
				row.Private, row.VPCs = true, append(row.VPCs, model.VPC{ID: v.id, Region: v.region})
			}
		}
		values = append(values, row)
		for _, s := range z.sets {
			values = append(values, s)
		}
	}
	for _, e := range w.endpoints {
		values = append(values, e)
	}
	for id, blocks := range w.collections {
		values = append(values, collectionRow(id, blocks))
	}
	b := state.Batch{Reset: true}
	for i, v := range values {
		if err := v.Validate(); err != nil {
			t.Fatalf("row %q: %v", v.Key(), err)
		}
		b.Changes = append(b.Changes, state.Change{Table: v.Table(), Key: v.Key(), Value: v, Version: state.Version{Stamp: hlc.Stamp(i + 1)}})
	}
	w.compiler = zone.NewCompiler()
	h := handlerOf(t, w.compiler.Apply(b))
	h.instance.running.Load().locator.Store(w.locator(t))
	return h
}

// checks are the ids of a world's health checks.
var checks = []string{
	"22222222-2222-2222-2222-222222222220", "22222222-2222-2222-2222-222222222221",
	"22222222-2222-2222-2222-222222222222", "22222222-2222-2222-2222-222222222223",
}

// judge makes some health checks fail and others not.
func (w *world) judge(rnd *rand.Rand, h *Route53Sim) {
	for _, id := range checks {
		w.failing[id] = rnd.IntN(2) == 0
	}
	v := w.compiler.Judge(checks, func(id string) bool { return !w.failing[id] })
	h.instance.running.Load().compiled.Store(v)
}

func collectionRow(id string, blocks map[netip.Prefix]string) *model.CIDRCollection {
	byName := map[string][]netip.Prefix{}
	for p, name := range blocks {
		byName[name] = append(byName[name], p)
	}
	row := &model.CIDRCollection{ID: id, Account: "123456789012", Name: "places", Version: 1}
	for name, prefixes := range byName {
		slices.SortFunc(prefixes, model.ComparePrefix)
		row.Locations = append(row.Locations, model.CIDRLocation{Name: name, Blocks: prefixes})
	}
	slices.SortFunc(row.Locations, func(a, b model.CIDRLocation) int { return strings.Compare(a.Name, b.Name) })
	return row
}

// locator places clients as the world says, by files as an operator has them.
func (w *world) locator(t testing.TB) *locate.Locator {
	t.Helper()
	var lines strings.Builder
	for network, times := range w.rtt {
		fmt.Fprint(&lines, network)
		for region, ms := range times {
			fmt.Fprintf(&lines, " %s %v", region, ms)
		}
		lines.WriteByte('\n')
	}
	latency, err := locate.ParseLatency("latency", strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	geoip, err := locate.NewGeoIP(w.database(t))
	if err != nil {
		t.Fatal(err)
	}
	var list []locate.VPC
	for _, v := range w.vpcs {
		list = append(list, locate.VPC{ID: v.id, Region: v.region, Blocks: []netip.Prefix{v.block}})
	}
	vpcs, err := locate.NewVPCs(list)
	if err != nil {
		t.Fatal(err)
	}
	l, err := locate.New(locate.Config{Region: w.home, Latency: latency, GeoIP: geoip, VPCs: vpcs})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) database(t testing.TB) []byte {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range w.geo {
		record := mmdbtype.Map{
			"country":   mmdbtype.Map{"iso_code": mmdbtype.String(g.country)},
			"continent": mmdbtype.Map{"code": mmdbtype.String(g.continent)},
		}
		if g.subdivision != "" {
			record["subdivisions"] = mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String(g.subdivision)}}
		}
		if g.located {
			record["location"] = mmdbtype.Map{"latitude": mmdbtype.Float64(g.lat), "longitude": mmdbtype.Float64(g.lon)}
		}
		_, network, _ := net.ParseCIDR(g.network.String())
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// client is who asks from prefix, by the README's table of clients.
func (w *world) client(prefix netip.Prefix) *refClient {
	c := &refClient{prefix: prefix.Masked()}
	for i, g := range w.geo {
		if g.network.Contains(prefix.Addr()) {
			c.geo = &w.geo[i]
		}
	}
	for network, times := range w.rtt {
		if network.Contains(prefix.Addr()) && network.Bits() <= prefix.Bits() {
			c.rtt = times
		}
	}
	region := w.home
	if c.rtt != nil {
		for r, ms := range c.rtt {
			if ms < c.rtt[region] {
				region = r
			}
		}
	}
	if c.lat, c.lon = regionPlace(region); c.geo != nil && c.geo.located {
		c.lat, c.lon = c.geo.lat, c.geo.lon
	}
	return c
}

// inside is where a client of a VPC is, by the VPC's Region alone.
func (w *world) inside(v *refVPC, prefix netip.Prefix) *refClient {
	r, _ := locate.RegionByName(v.region)
	lat, lon := regionPlace(v.region)
	g := &refGeo{country: r.Country(), subdivision: r.Subdivision(), continent: locate.ContinentOf(r.Country()), located: true, lat: lat, lon: lon}
	return &refClient{prefix: prefix, geo: g, lat: lat, lon: lon, vpc: v}
}
