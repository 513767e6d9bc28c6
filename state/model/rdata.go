package model

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Types are the record types that Route 53 knows, in its API's order
// (aws-behaviour 2.7).
var Types = []string{
	"SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF",
	"AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB", "HTTPS",
}

// maxValueBytes is the longest value of one record.
const maxValueBytes = 4000

// rdataType is how the data of one record type is read.
type rdataType struct {
	code  uint16
	parse func(h dns.RR_Header, value string) (dns.RR, error)
}

var rdataTypes = map[string]rdataType{
	"SOA":   {dns.TypeSOA, parseSOA},
	"A":     {dns.TypeA, parseA},
	"TXT":   {dns.TypeTXT, parseTXT},
	"NS":    {dns.TypeNS, parseNS},
	"CNAME": {dns.TypeCNAME, parseCNAME},
	"MX":    {dns.TypeMX, parseMX},
	"NAPTR": {dns.TypeNAPTR, parseNAPTR},
	"PTR":   {dns.TypePTR, parsePTR},
	"SRV":   {dns.TypeSRV, parseSRV},
	"SPF":   {dns.TypeSPF, parseSPF},
	"AAAA":  {dns.TypeAAAA, parseAAAA},
	"CAA":   {dns.TypeCAA, parseCAA},
	"DS":    {dns.TypeDS, parseDS},
	"TLSA":  {dns.TypeTLSA, parseTLSA},
	"SSHFP": {dns.TypeSSHFP, parseSSHFP},
	"SVCB":  {dns.TypeSVCB, parseSVCB},
	"HTTPS": {dns.TypeHTTPS, parseHTTPS},
}

// TypeCode returns the number of a record type of [Types], and whether it is
// one.
func TypeCode(rrtype string) (uint16, bool) {
	t, ok := rdataTypes[rrtype]
	return t.code, ok
}

// ParseRdata reads the value of one record as Route 53's API and exports spell
// it. The RR's header has type and class only: the caller sets name and TTL.
// Text is in miekg/dns's own escaping, domain names as in [Name]. The RR packs
// on the wire.
//
// An error is in Route 53's words (aws-behaviour 2.7) and wraps a *[FatalError]
// or a *[ConstraintError]. Codes that AWS is not known to use for a fault are
// built after those that it is.
func ParseRdata(rrtype, value string) (dns.RR, error) {
	t, ok := rdataTypes[rrtype]
	if !ok {
		return nil, unknownType(rrtype)
	}
	if len(value) > maxValueBytes {
		return nil, &ConstraintError{"resourceRecords.value", value, fmt.Sprintf("have length less than or equal to %d", maxValueBytes)}
	}
	rr, err := t.parse(dns.RR_Header{Rrtype: t.code, Class: dns.ClassINET}, value)
	if f := (*FatalError)(nil); errors.As(err, &f) {
		return nil, sentence("Invalid Resource Record: '%w'", err)
	}
	return rr, err
}

func unknownType(rrtype string) error {
	return &ConstraintError{"type", rrtype, "satisfy enum value set: [" + strings.Join(Types, ", ") + "]"}
}

// CanonicalValue returns value in the one spelling that all equal values
// share: host names in lower case with a final dot, addresses and numbers in
// their shortest form, only the escapes that are needed.
func CanonicalValue(rrtype, value string) (string, error) {
	rr, err := ParseRdata(rrtype, value)
	if err != nil {
		return "", err
	}
	return FormatRdata(rr)
}

func parseA(h dns.RR_Header, value string) (dns.RR, error) {
	a, err := netip.ParseAddr(value)
	if err != nil || !a.Is4() {
		return nil, fatal("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", value)
	}
	return &dns.A{Hdr: h, A: net.IP(a.AsSlice())}, nil
}

func parseAAAA(h dns.RR_Header, value string) (dns.RR, error) {
	a, err := netip.ParseAddr(value)
	if err != nil || !a.Is6() || a.Zone() != "" {
		return nil, fatal("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", value)
	}
	return &dns.AAAA{Hdr: h, AAAA: net.IP(a.AsSlice())}, nil
}

// parseNumber reads an unsigned decimal number of the given width that stands
// in a named field.
func parseNumber(rrtype, field, s string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return 0, badField(rrtype, field, s)
	}
	return n, nil
}

func badField(rrtype, field, value string) error {
	return fatal(rrtype+"RRDATAInvalidValue", fmt.Sprintf("Invalid value for field %q", field), value)
}

var fieldCounts = [...]string{2: "Two", 3: "Three", 4: "Four", 6: "Six", 7: "Seven"}

// splitExactly returns the n fields of value.
func splitExactly(rrtype, value string, n int) ([]string, error) {
	fields := splitFields(value)
	if len(fields) != n {
		return nil, fatal(rrtype+"RRDATANot"+fieldCounts[n]+"Fields", fmt.Sprintf("%s record doesn't have %d fields", rrtype, n), value)
	}
	return fields, nil
}

// splitFields splits s at spaces and tabs outside of quoted strings, which
// keep their quotes.
func splitFields(s string) []string {
	var fields []string
	for i := 0; i < len(s); {
		if s[i] == ' ' || s[i] == '\t' {
			i++
			continue
		}
		start, quoted := i, false
		for ; i < len(s) && (quoted || s[i] != ' ' && s[i] != '\t'); i++ {
			switch {
			case s[i] == '"':
				quoted = !quoted
			case s[i] == '\\' && quoted:
				i++
			}
		}
		i = min(i, len(s))
		fields = append(fields, s[start:i])
	}
	return fields
}
