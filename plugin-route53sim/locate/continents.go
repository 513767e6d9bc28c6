package locate

import "strings"

// continentCountries is Route 53's own assignment of countries to continents
// (aws-behaviour 2.11); geographers and databases differ in places, such as CY
// and TR.
var continentCountries = map[string]string{
	"AF": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
	"AN": "AQ GS TF",
	"AS": "AE AF AM AZ BD BH BN BT CC CN GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TM TW UZ VN YE",
	"EU": "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM TR UA VA XK",
	"NA": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US VC VG VI",
	"OC": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS",
	"SA": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
}

var continentByCountry = invert(continentCountries)

func invert(lists map[string]string) map[string]string {
	byCountry := make(map[string]string, 256)
	for continent, list := range lists {
		for country := range strings.FieldsSeq(list) {
			byCountry[country] = continent
		}
	}
	return byCountry
}

// ContinentOf returns the continent that Route 53 counts a country to, one of
// AF AN AS EU NA OC SA, or "" for a country it does not know.
func ContinentOf(country string) string { return continentByCountry[country] }
