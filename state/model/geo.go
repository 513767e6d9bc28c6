package model

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Regions are the AWS Regions of latency routing (aws-behaviour 2.11).
var Regions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1",
	"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
	"af-south-1", "il-central-1", "me-south-1", "me-central-1", "ap-south-1", "ap-south-2", "ap-east-1", "ap-east-2",
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
	"ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "cn-north-1", "cn-northwest-1",
	"us-gov-east-1", "us-gov-west-1", "eusc-de-east-1",
}

var knownRegion = set(Regions...)

// countries are Route 53's country codes by continent (aws-behaviour 2.11).
var countries = map[string]string{
	"AF": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE " +
		"NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
	"AN": "AQ GS TF",
	"AS": "AE AF AM AZ BD BH BN BT CC CN GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM " +
		"PH PK PS QA SA SG SY TH TJ TM TW UZ VN YE",
	"EU": "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME " +
		"MK MT NL NO PL PT RO RS RU SE SI SJ SK SM TR UA VA XK",
	"NA": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC " +
		"TT US VC VG VI",
	"OC": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS",
	"SA": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
}

var continentOf = func() map[string]string {
	m := make(map[string]string)
	for continent, codes := range countries {
		for _, c := range strings.Fields(codes) {
			m[c] = continent
		}
	}
	return m
}()

var states = set(strings.Fields("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV " +
	"NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY")...)

func set(members ...string) map[string]bool {
	m := make(map[string]bool, len(members))
	for _, s := range members {
		m[s] = true
	}
	return m
}

// Continent returns the code of the continent that Route 53 puts a country
// in, and whether it knows the country.
func Continent(country string) (string, bool) {
	c, ok := continentOf[country]
	return c, ok
}

// validate returns an error unless g is a continent, the default location, a
// country, or a state of the United States.
func (g *GeoLocation) validate() error {
	switch {
	case g.Continent != "" && g.Country != "":
		return fmt.Errorf("geolocation has both the continent %q and the country %q, one is allowed", g.Continent, g.Country)
	case g.Continent == "" && g.Country == "":
		return fmt.Errorf("geolocation has neither a continent nor a country")
	case g.known():
		return nil
	}
	return sentence("Cannot find location: '%s'. No changes made.", g)
}

func (g *GeoLocation) known() bool {
	if g.Continent != "" {
		_, ok := countries[g.Continent]
		return ok && g.Subdivision == ""
	}
	if g.Subdivision != "" {
		return g.Country == "US" && states[g.Subdivision]
	}
	_, ok := Continent(g.Country)
	return ok || g.Country == "*"
}

// String returns g as Route 53's messages spell it, such as
// `country = US subdivision = WA`; a continent stands after a space.
func (g *GeoLocation) String() string {
	s := "country = " + g.Country
	if g.Continent != "" {
		s = " continent = " + g.Continent
	}
	if g.Subdivision != "" {
		s += " subdivision = " + g.Subdivision
	}
	return s
}

var (
	latitude  = regexp.MustCompile(`^[-+]?[0-9]{1,2}(\.[0-9]{0,2})?$`)
	longitude = regexp.MustCompile(`^[-+]?[0-9]{1,3}(\.[0-9]{0,2})?$`)
	localZone = regexp.MustCompile(`^[0-9a-z-]{1,64}$`)
)

// validate returns every fault of g.
func (g *GeoProximity) validate() []error {
	var errs []error
	switch given := count(g.AWSRegion != "", g.LocalZoneGroup != "", g.Latitude != "" || g.Longitude != ""); {
	case given != 1:
		errs = append(errs, sentence("Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, or at least one of "+
			"[Coordinates, or all of [Latitude, and Longitude]]], but found %s", noneOrMore(given)))
	case g.AWSRegion != "" && !knownRegion[g.AWSRegion]:
		errs = append(errs, sentence("Cannot find GeoProximityLocation with AWSRegion = %s. No changes made.", g.AWSRegion))
	case g.LocalZoneGroup != "" && !localZone.MatchString(g.LocalZoneGroup):
		errs = append(errs, &ConstraintError{"geoProximityLocation.localZoneGroup", g.LocalZoneGroup, "satisfy regular expression pattern: " + localZone.String()})
	case g.Latitude != "" || g.Longitude != "":
		errs = append(errs, coordinate("latitude", g.Latitude, latitude, 90)...)
		errs = append(errs, coordinate("longitude", g.Longitude, longitude, 180)...)
	}
	if g.Bias < -99 || g.Bias > 99 {
		errs = append(errs, fmt.Errorf("bias %d out of range [-99, 99]", g.Bias))
	}
	return errs
}

func coordinate(field, value string, shape *regexp.Regexp, limit float64) []error {
	if degrees, err := strconv.ParseFloat(value, 64); err == nil && shape.MatchString(value) && -limit <= degrees && degrees <= limit {
		return nil
	}
	return []error{&ConstraintError{"geoProximityLocation.coordinates." + field, value,
		fmt.Sprintf("be degrees in [-%v, %v] with at most two decimals", limit, limit)}}
}

// count returns how many of the conditions hold.
func count(conditions ...bool) int {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

func noneOrMore(n int) string {
	if n == 0 {
		return "none"
	}
	return "more than one"
}
