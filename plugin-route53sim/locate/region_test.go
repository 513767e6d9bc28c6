package locate

import (
	"math"
	"sort"
	"strings"
	"testing"
)

// aws-behaviour 2.11.
func TestRegionsAreRoute53s(t *testing.T) {
	want := strings.Fields(`us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1
		eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 af-south-1
		il-central-1 me-south-1 me-central-1 ap-south-1 ap-south-2 ap-east-1 ap-east-2
		ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4
		ap-southeast-5 ap-southeast-6 ap-southeast-7 cn-north-1 cn-northwest-1 us-gov-east-1 us-gov-west-1 eusc-de-east-1`)
	sort.Strings(want)
	got := RegionNames()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("RegionNames() = %v, want %v", got, want)
	}
	for _, r := range Regions() {
		if ContinentOf(r.Country()) == "" || r.Place() == "" || !r.Point().Known() {
			t.Errorf("Region %s: country %q, place %q, point %v, want all known", r, r.Country(), r.Place(), r.Point())
		}
		if nearest := NearestRegion(r.Point()); nearest.Point() != r.Point() {
			t.Errorf("NearestRegion(%s) = %s, want a Region there", r, nearest)
		}
	}
}

func TestKilometres(t *testing.T) {
	tests := []struct {
		name       string
		p, q       Point
		want, give float64
	}{
		{"same point", At(48.86, 2.35), At(48.86, 2.35), 0, 0},
		{"Paris to London", At(48.86, 2.35), At(51.51, -0.13), 344, 2},
		{"Virginia to Tokyo", At(39.04, -77.49), At(35.68, 139.69), 10900, 50},
		{"antipodes", At(0, 0), At(0, 180), math.Pi * earthRadiusKilometres, 0.01},
		{"pole to pole", At(90, 0), At(-90, 77), math.Pi * earthRadiusKilometres, 0.01},
		{"across the date line", At(0, 179.5), At(0, -179.5), 111.2, 0.1},
		{"ten metres", At(50, 8), At(50.00009, 8), 0.01, 0.0001},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.p.Kilometres(tc.q); math.Abs(got-tc.want) > tc.give {
				t.Errorf("Kilometres(%v, %v) = %v, want %v +- %v", tc.p, tc.q, got, tc.want, tc.give)
			}
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		for _, p := range []Point{{}, At(math.NaN(), 0), At(0, math.Inf(1))} {
			if got := p.Kilometres(At(0, 0)); !math.IsInf(got, 1) {
				t.Errorf("Kilometres of %v = %v, want +Inf", p, got)
			}
		}
	})
}

func TestPointRoundTrip(t *testing.T) {
	for _, r := range Regions() {
		info := regionTable[r]
		p := r.Point()
		if math.Abs(p.Latitude()-info.latitude) > 1e-9 || math.Abs(p.Longitude()-info.longitude) > 1e-9 {
			t.Errorf("%s: %v,%v, want %v,%v", r, p.Latitude(), p.Longitude(), info.latitude, info.longitude)
		}
	}
}

func TestRegionsFrom(t *testing.T) {
	paris, _ := RegionByName("eu-west-3")
	got := RegionsFrom(paris.Point())
	var first []string
	for _, r := range got[:4] {
		first = append(first, r.String())
	}
	if s := strings.Join(first, " "); s != "eu-west-3 eu-west-2 eu-central-1 eu-central-2" {
		t.Errorf("RegionsFrom(Paris) begins %s, want eu-west-3 eu-west-2 eu-central-1 eu-central-2", s)
	}
	if len(got) != len(Regions()) {
		t.Errorf("RegionsFrom returned %d Regions, want %d", len(got), len(Regions()))
	}
}

func TestLocalZonePoint(t *testing.T) {
	oregon, _ := RegionByName("us-west-2")
	tests := []struct {
		group string
		want  Point
	}{
		{"us-west-2-lax-1", At(34.05, -118.24)},
		{"us-west-2-new-9", oregon.Point()},
		{"us-west-2", oregon.Point()},
		{"mars-north-1-a", Point{}},
		{"", Point{}},
	}
	for _, tc := range tests {
		if got := LocalZonePoint(tc.group); got != tc.want {
			t.Errorf("LocalZonePoint(%q) = %v, want %v", tc.group, got, tc.want)
		}
	}
}

func TestLocalZonesBelongToRegions(t *testing.T) {
	for group := range localZonePoints {
		parts := strings.Split(group, "-")
		if _, ok := RegionByName(strings.Join(parts[:len(parts)-2], "-")); !ok {
			t.Errorf("Local Zone group %q is of no Region", group)
		}
	}
}

// aws-behaviour 2.11.
func TestContinentOf(t *testing.T) {
	tests := map[string]string{"FR": "EU", "TR": "EU", "CY": "EU", "CN": "AS", "US": "NA", "PR": "NA", "BR": "SA", "AU": "OC", "ZA": "AF", "AQ": "AN", "XK": "EU", "BV": "", "": "", "fr": ""}
	for country, want := range tests {
		if got := ContinentOf(country); got != want {
			t.Errorf("ContinentOf(%q) = %q, want %q", country, got, want)
		}
	}
}
