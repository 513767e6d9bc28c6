package route53

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/model"
)

var locationOperations = []*operation{
	{name: "GetGeoLocation", method: "GET", path: "geolocation", run: getGeoLocation},
	{name: "ListGeoLocations", method: "GET", path: "geolocations", run: listGeoLocations},
	{name: "GetCheckerIpRanges", method: "GET", path: "checkeripranges", run: getCheckerIPRanges},
}

type geoLocationDetails struct {
	ContinentCode   string `xml:"ContinentCode,omitempty"`
	ContinentName   string `xml:"ContinentName,omitempty"`
	CountryCode     string `xml:"CountryCode,omitempty"`
	CountryName     string `xml:"CountryName,omitempty"`
	SubdivisionCode string `xml:"SubdivisionCode,omitempty"`
	SubdivisionName string `xml:"SubdivisionName,omitempty"`
}

// geoLocations are all locations in the order of ListGeoLocations: continents,
// the default location, then countries, each before its subdivisions.
var geoLocations = func() []geoLocationDetails {
	var out []geoLocationDetails
	for _, c := range model.ContinentNames {
		out = append(out, geoLocationDetails{ContinentCode: c.Code, ContinentName: c.Name})
	}
	out = append(out, geoLocationDetails{CountryCode: "*", CountryName: "Default"})
	for _, c := range model.CountryNames {
		out = append(out, geoLocationDetails{CountryCode: c.Code, CountryName: c.Name})
		if c.Code != "US" {
			continue
		}
		states := slices.Clone(model.StateNames)
		slices.SortFunc(states, func(a, b model.PlaceName) int { return strings.Compare(a.Code, b.Code) })
		for _, s := range states {
			out = append(out, geoLocationDetails{CountryCode: c.Code, CountryName: c.Name, SubdivisionCode: s.Code, SubdivisionName: s.Name})
		}
	}
	return out
}()

// findLocation returns the index of a location, -1 if there is none.
func findLocation(continent, country, subdivision string) int {
	return slices.IndexFunc(geoLocations, func(d geoLocationDetails) bool {
		return d.ContinentCode == continent && d.CountryCode == country && d.SubdivisionCode == subdivision
	})
}

type getGeoLocationResponse struct {
	GeoLocationDetails geoLocationDetails `xml:"GeoLocationDetails"`
}

func getGeoLocation(c *call) (any, error) {
	continent, _ := c.param("continentcode")
	country, _ := c.param("countrycode")
	subdivision, _ := c.param("subdivisioncode")
	switch {
	case (continent != "") == (country != ""):
		return nil, invalid("Invalid request: Expected exactly one of [ContinentCode, or CountryCode]")
	case subdivision != "" && country == "":
		return nil, invalid("Invalid request: SubdivisionCode needs CountryCode")
	}
	i := findLocation(continent, country, subdivision)
	if i < 0 {
		return nil, awserr.New(awserr.NoSuchGeoLocation, "The geographic location you specified is not available.")
	}
	return getGeoLocationResponse{geoLocations[i]}, nil
}

type listGeoLocationsResponse struct {
	GeoLocationDetailsList geoLocationList `xml:"GeoLocationDetailsList"`
	IsTruncated            bool            `xml:"IsTruncated"`
	NextContinentCode      string          `xml:"NextContinentCode,omitempty"`
	NextCountryCode        string          `xml:"NextCountryCode,omitempty"`
	NextSubdivisionCode    string          `xml:"NextSubdivisionCode,omitempty"`
	MaxItems               string          `xml:"MaxItems"`
}

type geoLocationList struct {
	GeoLocationDetails []geoLocationDetails `xml:"GeoLocationDetails"`
}

func listGeoLocations(c *call) (any, error) {
	size, err := c.pageSize("maxitems", 100, 100)
	if err != nil {
		return nil, err
	}
	continent, _ := c.param("startcontinentcode")
	country, _ := c.param("startcountrycode")
	subdivision, _ := c.param("startsubdivisioncode")
	start := 0
	if continent+country+subdivision != "" {
		if start = findLocation(continent, country, subdivision); start < 0 {
			return nil, invalid("The location to start from is not known: continent '%.2s', country '%.2s', subdivision '%.3s'.", continent, country, subdivision)
		}
	}
	end := min(start+size, len(geoLocations))
	res := listGeoLocationsResponse{GeoLocationDetailsList: geoLocationList{geoLocations[start:end]}, MaxItems: strconv.Itoa(size)}
	if end < len(geoLocations) {
		next := geoLocations[end]
		res.IsTruncated, res.NextContinentCode, res.NextCountryCode, res.NextSubdivisionCode = true, next.ContinentCode, next.CountryCode, next.SubdivisionCode
	}
	return res, nil
}

type getCheckerIPRangesResponse struct {
	CheckerIpRanges checkerIPRanges `xml:"CheckerIpRanges"`
}

type checkerIPRanges struct {
	Member []string `xml:"member"`
}

// kindDNS is the kind of the members that probe.
const kindDNS = "dns"

// getCheckerIPRanges returns where probes come from here: the addresses of the
// live DNS nodes. A single node, which has no address to others, is loopback.
func getCheckerIPRanges(c *call) (any, error) {
	var res getCheckerIPRangesResponse
	for _, m := range c.config.Replica.Members() {
		if m.Kind != kindDNS {
			continue
		}
		a := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if host, _, err := net.SplitHostPort(m.Addr); err == nil {
			if parsed, err := netip.ParseAddr(host); err == nil {
				a = parsed
			}
		}
		text := netip.PrefixFrom(a, a.BitLen()).String()
		if !slices.Contains(res.CheckerIpRanges.Member, text) {
			res.CheckerIpRanges.Member = append(res.CheckerIpRanges.Member, text)
		}
	}
	return res, nil
}
