package locate

import "sort"

// Region is an AWS Region, as an index of the table in [Regions]. Regions
// compare like their names.
type Region uint8

// NoRegion is the zero value: no Region that is known here. It stands nowhere.
const NoRegion Region = 0

// regionInfo is what is known of a Region.
type regionInfo struct {
	name      string
	latitude  float64
	longitude float64
	country   string
	// subdivision is given for the United States only, as Route 53's
	// geolocation knows no others.
	subdivision string
	place       string
}

var (
	regionPoints  = pointsOf(regionTable[:])
	regionsByName = indexOf(regionTable[:])
	defaultRegion = regionsByName[DefaultRegion]
)

func pointsOf(infos []regionInfo) (points [len(regionTable)]Point) {
	for i, info := range infos {
		if i != int(NoRegion) {
			points[i] = At(info.latitude, info.longitude)
		}
	}
	return points
}

func indexOf(infos []regionInfo) map[string]Region {
	byName := make(map[string]Region, len(infos))
	for i, info := range infos {
		if i != int(NoRegion) {
			byName[info.name] = Region(i)
		}
	}
	return byName
}

// RegionByName returns the Region of that name, or NoRegion and false.
func RegionByName(name string) (Region, bool) {
	r, ok := regionsByName[name]
	return r, ok
}

// RegionCount is the number of Regions, NoRegion included: all of them, as
// numbers, are below it.
const RegionCount = len(regionTable)

// Regions returns all Regions, sorted by name.
func Regions() []Region {
	all := make([]Region, 0, len(regionTable)-1)
	for i := 1; i < len(regionTable); i++ {
		all = append(all, Region(i))
	}
	return all
}

// RegionNames returns the names of all Regions, sorted.
func RegionNames() []string {
	names := make([]string, 0, len(regionTable)-1)
	for _, r := range Regions() {
		names = append(names, r.String())
	}
	return names
}

// String returns the Region's name, such as "eu-west-3"; "-" for NoRegion.
func (r Region) String() string { return regionTable[r].name }

// Point returns where the Region is; nowhere for NoRegion.
func (r Region) Point() Point { return regionPoints[r] }

// Country returns the ISO 3166-1 code of the country the Region is in.
func (r Region) Country() string { return regionTable[r].country }

// Subdivision returns the state of a Region in the United States, else "".
func (r Region) Subdivision() string { return regionTable[r].subdivision }

// Place returns the city or area whose coordinates stand for the Region.
func (r Region) Place() string { return regionTable[r].place }

// InChina tells whether the Region is in mainland China.
func (r Region) InChina() bool { return regionTable[r].country == "CN" }

// NearestRegion returns the Region with the least distance to p; of several
// the first by name, and of none (p nowhere) DefaultRegion's.
func NearestRegion(p Point) Region {
	if !p.Known() {
		return defaultRegion
	}
	nearest, least := NoRegion, 5.0 // a squared chord is 4 at most
	for i := 1; i < len(regionPoints); i++ {
		if d := p.chord2(regionPoints[i]); d < least {
			nearest, least = Region(i), d
		}
	}
	return nearest
}

// RegionsFrom returns all Regions by their distance from p, nearest first; of
// several at one distance the first by name.
func RegionsFrom(p Point) []Region {
	all := Regions()
	sort.SliceStable(all, func(i, j int) bool {
		return p.chord2(all[i].Point()) < p.chord2(all[j].Point())
	})
	return all
}
