package zone

// add adds what t counts to s.
func (s *Stats) add(t Stats) { s.addTimes(t, 1) }

// sub takes what t counts from s.
func (s *Stats) sub(t Stats) { s.addTimes(t, -1) }

func (s *Stats) addTimes(t Stats, sign int) {
	s.Zones += sign * t.Zones
	s.Unserved += sign * t.Unserved
	s.RRsets += sign * t.RRsets
	s.Shadowed += sign * t.Shadowed
	s.Inert += sign * t.Inert
	s.Broken += sign * t.Broken
}

// stats returns what z adds to the counts of a view.
func (z *zoneState) stats() Stats {
	s := Stats{Shadowed: z.shadowed, Broken: z.broken}
	switch {
	case z.served:
		s.Zones, s.RRsets, s.Inert = 1, z.rrsets-z.outside, z.outside
	case z.row != nil:
		s.Unserved, s.Inert = 1, z.rrsets
	default:
		s.Inert = z.rrsets
	}
	return s
}
