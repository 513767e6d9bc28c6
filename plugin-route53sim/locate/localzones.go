package locate

import "strings"

// localZonePoints holds approximate coordinates of Local Zone groups, those of
// the city each is named after.
var localZonePoints = map[string]Point{
	"us-east-1-atl-1":      At(33.75, -84.39),  // Atlanta
	"us-east-1-atl-2":      At(33.75, -84.39),  // Atlanta
	"us-east-1-bos-1":      At(42.36, -71.06),  // Boston
	"us-east-1-bue-1":      At(-34.60, -58.38), // Buenos Aires
	"us-east-1-chi-1":      At(41.88, -87.63),  // Chicago
	"us-east-1-chi-2":      At(41.88, -87.63),  // Chicago
	"us-east-1-dfw-1":      At(32.78, -96.80),  // Dallas
	"us-east-1-dfw-2":      At(32.78, -96.80),  // Dallas
	"us-east-1-iah-1":      At(29.76, -95.37),  // Houston
	"us-east-1-iah-2":      At(29.76, -95.37),  // Houston
	"us-east-1-lim-1":      At(-12.05, -77.04), // Lima
	"us-east-1-mci-1":      At(39.10, -94.58),  // Kansas City
	"us-east-1-mex-1":      At(20.59, -100.39), // Queretaro
	"us-east-1-mia-1":      At(25.76, -80.19),  // Miami
	"us-east-1-mia-2":      At(25.76, -80.19),  // Miami
	"us-east-1-msp-1":      At(44.98, -93.27),  // Minneapolis
	"us-east-1-nyc-1":      At(40.71, -74.01),  // New York City
	"us-east-1-nyc-2":      At(40.71, -74.01),  // New York City
	"us-east-1-phl-1":      At(39.95, -75.17),  // Philadelphia
	"us-east-1-scl-1":      At(-33.45, -70.67), // Santiago de Chile
	"us-west-2-den-1":      At(39.74, -104.99), // Denver
	"us-west-2-hnl-1":      At(21.31, -157.86), // Honolulu
	"us-west-2-las-1":      At(36.17, -115.14), // Las Vegas
	"us-west-2-lax-1":      At(34.05, -118.24), // Los Angeles
	"us-west-2-pdx-1":      At(45.52, -122.68), // Portland
	"us-west-2-phx-1":      At(33.45, -112.07), // Phoenix
	"us-west-2-phx-2":      At(33.45, -112.07), // Phoenix
	"us-west-2-sea-1":      At(47.61, -122.33), // Seattle
	"af-south-1-los-1":     At(6.52, 3.38),     // Lagos
	"ap-northeast-1-tpe-1": At(25.03, 121.57),  // Taipei
	"ap-south-1-ccu-1":     At(22.57, 88.36),   // Kolkata
	"ap-south-1-del-1":     At(28.61, 77.21),   // Delhi
	"ap-southeast-1-bkk-1": At(13.76, 100.50),  // Bangkok
	"ap-southeast-1-mnl-1": At(14.60, 120.98),  // Manila
	"ap-southeast-2-akl-1": At(-36.85, 174.76), // Auckland
	"ap-southeast-2-per-1": At(-31.95, 115.86), // Perth
	"cn-north-1-pkx-1":     At(39.51, 116.41),  // Beijing, Daxing
	"eu-central-1-ham-1":   At(53.55, 9.99),    // Hamburg
	"eu-central-1-waw-1":   At(52.23, 21.01),   // Warsaw
	"eu-north-1-cph-1":     At(55.68, 12.57),   // Copenhagen
	"eu-north-1-hel-1":     At(60.17, 24.94),   // Helsinki
	"me-south-1-mct-1":     At(23.59, 58.38),   // Muscat
}

// LocalZonePoint returns where a Local Zone group is, such as
// "us-west-2-lax-1". A group that is not in the table stands where the Region
// stands that its name begins with; where that is unknown too, nowhere.
func LocalZonePoint(group string) Point {
	if p, ok := localZonePoints[group]; ok {
		return p
	}
	for name := group; ; {
		if r, ok := RegionByName(name); ok {
			return r.Point()
		}
		i := strings.LastIndexByte(name, '-')
		if i < 0 {
			return Point{}
		}
		name = name[:i]
	}
}
