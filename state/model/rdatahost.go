package model

import "github.com/miekg/dns"

// parseHost reads a domain name within a value.
func parseHost(s string) (string, error) {
	n, err := ParseName(s)
	return string(n), err
}

// parseHostOrRoot is parseHost for types where "." says "none".
func parseHostOrRoot(s string) (string, error) {
	if s == "." {
		return s, nil
	}
	return parseHost(s)
}

func parseNS(h dns.RR_Header, value string) (dns.RR, error) {
	host, err := parseHost(value)
	if err != nil {
		return nil, err
	}
	return &dns.NS{Hdr: h, Ns: host}, nil
}

func parseCNAME(h dns.RR_Header, value string) (dns.RR, error) {
	host, err := parseHost(value)
	if err != nil {
		return nil, err
	}
	return &dns.CNAME{Hdr: h, Target: host}, nil
}

func parsePTR(h dns.RR_Header, value string) (dns.RR, error) {
	host, err := parseHost(value)
	if err != nil {
		return nil, err
	}
	return &dns.PTR{Hdr: h, Ptr: host}, nil
}

// parseMX reads `preference host`; a host of "." is RFC 7505's null MX.
func parseMX(h dns.RR_Header, value string) (dns.RR, error) {
	f, err := splitExactly("MX", value, 2)
	if err != nil {
		return nil, err
	}
	preference, err := parseNumber("MX", "Preference", f[0], 16)
	if err != nil {
		return nil, err
	}
	host, err := parseHostOrRoot(f[1])
	if err != nil {
		return nil, err
	}
	return &dns.MX{Hdr: h, Preference: uint16(preference), Mx: host}, nil
}

// parseSRV reads `priority weight port target` (RFC 2782).
func parseSRV(h dns.RR_Header, value string) (dns.RR, error) {
	f, err := splitExactly("SRV", value, 4)
	if err != nil {
		return nil, err
	}
	var n [3]uint64
	for i, field := range []string{"Priority", "Weight", "Port"} {
		if n[i], err = parseNumber("SRV", field, f[i], 16); err != nil {
			return nil, err
		}
	}
	host, err := parseHostOrRoot(f[3])
	if err != nil {
		return nil, err
	}
	return &dns.SRV{Hdr: h, Priority: uint16(n[0]), Weight: uint16(n[1]), Port: uint16(n[2]), Target: host}, nil
}

// parseSOA reads `mname rname serial refresh retry expire minimum`.
func parseSOA(h dns.RR_Header, value string) (dns.RR, error) {
	f, err := splitExactly("SOA", value, 7)
	if err != nil {
		return nil, err
	}
	soa := &dns.SOA{Hdr: h}
	if soa.Ns, err = parseHost(f[0]); err != nil {
		return nil, err
	}
	if soa.Mbox, err = parseHostOrRoot(f[1]); err != nil {
		return nil, err
	}
	numbers := []struct {
		field string
		to    *uint32
	}{{"Serial", &soa.Serial}, {"Refresh", &soa.Refresh}, {"Retry", &soa.Retry}, {"Expire", &soa.Expire}, {"Minimum", &soa.Minttl}}
	for i, n := range numbers {
		v, err := parseNumber("SOA", n.field, f[i+2], 32)
		if err != nil {
			return nil, err
		}
		*n.to = uint32(v)
	}
	return soa, nil
}

// parseNAPTR reads `order preference "flags" "service" "regexp" replacement`
// (RFC 3403).
func parseNAPTR(h dns.RR_Header, value string) (dns.RR, error) {
	f, err := splitExactly("NAPTR", value, 6)
	if err != nil {
		return nil, err
	}
	naptr := &dns.NAPTR{Hdr: h}
	order, err := parseNumber("NAPTR", "Order", f[0], 16)
	if err != nil {
		return nil, err
	}
	preference, err := parseNumber("NAPTR", "Preference", f[1], 16)
	if err != nil {
		return nil, err
	}
	naptr.Order, naptr.Preference = uint16(order), uint16(preference)
	for i, to := range []*string{&naptr.Flags, &naptr.Service, &naptr.Regexp} {
		if *to, err = parseOneString(f[i+2]); err != nil {
			return nil, err
		}
	}
	naptr.Replacement, err = parseHostOrRoot(f[5])
	return naptr, err
}
