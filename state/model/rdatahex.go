package model

import (
	"encoding/hex"
	"strings"

	"github.com/miekg/dns"
)

// parseDS reads `keytag algorithm digesttype digest` (RFC 4034 section 5).
func parseDS(h dns.RR_Header, value string) (dns.RR, error) {
	f := splitFields(value)
	bad := fatal("DSRRDATAInvalidValue", `Invalid value for field "RData"`, "Wrong format or it doesn't contain all fields.")
	if len(f) < 4 {
		return nil, bad
	}
	var n [3]uint64
	for i, bits := range []int{16, 8, 8} {
		var err error
		if n[i], err = parseNumber("DS", "RData", f[i], bits); err != nil {
			return nil, bad
		}
	}
	digest, ok := joinHex(f[3:])
	if !ok {
		return nil, bad
	}
	return &dns.DS{Hdr: h, KeyTag: uint16(n[0]), Algorithm: uint8(n[1]), DigestType: uint8(n[2]), Digest: digest}, nil
}

// parseTLSA reads `usage selector matchingtype data` (RFC 6698).
func parseTLSA(h dns.RR_Header, value string) (dns.RR, error) {
	n, data, err := octetsAndHex("TLSA", value, "Usage", "Selector", "MatchingType")
	if err != nil {
		return nil, err
	}
	return &dns.TLSA{Hdr: h, Usage: n[0], Selector: n[1], MatchingType: n[2], Certificate: data}, nil
}

// parseSSHFP reads `algorithm type fingerprint` (RFC 4255).
func parseSSHFP(h dns.RR_Header, value string) (dns.RR, error) {
	n, data, err := octetsAndHex("SSHFP", value, "Algorithm", "Type")
	if err != nil {
		return nil, err
	}
	return &dns.SSHFP{Hdr: h, Algorithm: n[0], Type: n[1], FingerPrint: data}, nil
}

// octetsAndHex reads one octet for each named field and then hexadecimal data.
func octetsAndHex(rrtype, value string, names ...string) ([]uint8, string, error) {
	f, err := splitExactly(rrtype, value, len(names)+1)
	if err != nil {
		return nil, "", err
	}
	octets := make([]uint8, len(names))
	for i, name := range names {
		n, err := parseNumber(rrtype, name, f[i], 8)
		if err != nil {
			return nil, "", err
		}
		octets[i] = uint8(n)
	}
	data, ok := joinHex(f[len(names):])
	if !ok {
		return nil, "", badField(rrtype, "Data", f[len(names)])
	}
	return octets, data, nil
}

// joinHex returns the parts as one upper-case string, and whether it spells
// at least one whole byte in hexadecimal.
func joinHex(parts []string) (string, bool) {
	s := strings.ToUpper(strings.Join(parts, ""))
	_, err := hex.DecodeString(s)
	return s, err == nil && s != ""
}
