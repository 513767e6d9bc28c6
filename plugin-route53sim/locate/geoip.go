package locate

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/oschwald/maxminddb-golang/v2"
)

// GeoIP places addresses by a database in MaxMind's format, of a City or a
// Country edition of any maker. It is read into memory whole, so that nothing
// that happens to the file later can reach a running server; a new file is a
// new GeoIP.
type GeoIP struct {
	reader *maxminddb.Reader
	// cache holds what records decode to, by the record's offset: decoding
	// allocates, and most clients share a few records. Slots are overwritten.
	cache [geoCacheSlots]atomic.Pointer[geoEntry]
}

const geoCacheSlots = 1 << 12

// geoEntry is one record of the database, decoded.
type geoEntry struct {
	offset                          uintptr
	country, subdivision, continent string
	point                           Point // zero: the record has no coordinates
	region                          Region
}

// geoRecord is what is read of a record.
type geoRecord struct {
	Continent struct {
		Code string `maxminddb:"code"`
	} `maxminddb:"continent"`
	Country struct {
		ISOCode string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		ISOCode string `maxminddb:"iso_code"`
	} `maxminddb:"subdivisions"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

// OpenGeoIP reads the database at path. Errors name it.
func OpenGeoIP(path string) (*GeoIP, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g, err := NewGeoIP(data)
	if err != nil {
		return nil, fmt.Errorf("reading geoip database %s: %w", path, err)
	}
	return g, nil
}

// NewGeoIP returns the database in data, which it keeps and which must not
// change.
func NewGeoIP(data []byte) (*GeoIP, error) {
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, err
	}
	return &GeoIP{reader: reader}, nil
}

// place fills in what the database knows of c.Prefix and returns whether that
// includes coordinates. A damaged record counts as none.
func (g *GeoIP) place(c *Client) bool {
	e := g.lookup(c)
	if e == nil {
		return false
	}
	c.Country, c.Subdivision, c.Continent = e.country, e.subdivision, e.continent
	if !e.point.Known() {
		return false
	}
	c.Point, c.Region, c.Place = e.point, e.region, PlaceGeoIP
	return true
}

func (g *GeoIP) lookup(c *Client) *geoEntry {
	if !c.Prefix.IsValid() {
		return nil
	}
	result := g.reader.Lookup(c.Prefix.Addr())
	if !result.Found() {
		return nil
	}
	offset := result.Offset()
	slot := &g.cache[(offset*0x9E3779B1>>7)%geoCacheSlots]
	if e := slot.Load(); e != nil && e.offset == offset {
		return e
	}
	var record geoRecord
	if err := result.Decode(&record); err != nil {
		return nil
	}
	e := newGeoEntry(offset, &record)
	slot.Store(e)
	return e
}

// newGeoEntry turns a record into what routing compares: Route 53's continent
// of the country where it lists one, else the record's.
func newGeoEntry(offset uintptr, r *geoRecord) *geoEntry {
	e := &geoEntry{offset: offset, country: r.Country.ISOCode, continent: ContinentOf(r.Country.ISOCode)}
	if e.continent == "" {
		e.continent = r.Continent.Code
	}
	if len(r.Subdivisions) > 0 {
		e.subdivision = r.Subdivisions[0].ISOCode
	}
	if lat, lon := r.Location.Latitude, r.Location.Longitude; lat != nil && lon != nil {
		e.point = At(*lat, *lon)
		e.region = NearestRegion(e.point)
	}
	return e
}
