package locate

import (
	"fmt"
	"math"
)

// Point is a place on the globe, kept as a unit vector so that distances need
// one inverse sine. The zero value is nowhere.
type Point struct{ x, y, z float64 }

// earthRadiusKilometres is the mean radius of the Earth (IUGG).
const earthRadiusKilometres = 6371.0088

// At returns the point at a latitude in [-90, 90] and a longitude in
// [-180, 180], in degrees. What is not a number is nowhere.
func At(latitude, longitude float64) Point {
	lat, lon := latitude*math.Pi/180, longitude*math.Pi/180
	p := Point{
		x: math.Cos(lat) * math.Cos(lon),
		y: math.Cos(lat) * math.Sin(lon),
		z: math.Sin(lat),
	}
	if math.IsNaN(p.x) || math.IsNaN(p.y) || math.IsNaN(p.z) {
		return Point{}
	}
	return p
}

// Known tells whether p is anywhere.
func (p Point) Known() bool { return p != Point{} }

// Kilometres returns the great-circle distance from p to q, or +Inf if one of
// them is nowhere.
func (p Point) Kilometres(q Point) float64 {
	if !p.Known() || !q.Known() {
		return math.Inf(1)
	}
	// The half chord is exact for near points, where the dot product is not.
	half := math.Sqrt(p.chord2(q)) / 2
	return 2 * earthRadiusKilometres * math.Asin(min(half, 1))
}

// chord2 returns the square of the straight distance, in Earth radii: what
// orders points by distance.
func (p Point) chord2(q Point) float64 {
	dx, dy, dz := p.x-q.x, p.y-q.y, p.z-q.z
	return dx*dx + dy*dy + dz*dz
}

// Latitude returns the latitude in degrees, in [-90, 90].
func (p Point) Latitude() float64 {
	return math.Asin(max(-1, min(1, p.z))) * 180 / math.Pi
}

// Longitude returns the longitude in degrees, in [-180, 180].
func (p Point) Longitude() float64 { return math.Atan2(p.y, p.x) * 180 / math.Pi }

// String returns latitude and longitude with two decimals, as `48.86,2.35`, or
// "nowhere".
func (p Point) String() string {
	if !p.Known() {
		return "nowhere"
	}
	return fmt.Sprintf("%.2f,%.2f", p.Latitude(), p.Longitude())
}
