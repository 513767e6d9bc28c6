package model

import (
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// maxSvcPriority is the highest priority that Route 53 takes.
const maxSvcPriority = 32767

func parseSVCB(h dns.RR_Header, value string) (dns.RR, error) {
	svcb, err := parseService(value)
	if err != nil {
		return nil, err
	}
	svcb.Hdr = h
	return svcb, nil
}

func parseHTTPS(h dns.RR_Header, value string) (dns.RR, error) {
	svcb, err := parseService(value)
	if err != nil {
		return nil, err
	}
	svcb.Hdr = h
	return &dns.HTTPS{SVCB: *svcb}, nil
}

// parseService reads `priority target [key=value ...]` (RFC 9460 section 2.1).
func parseService(value string) (*dns.SVCB, error) {
	f := splitFields(value)
	if len(f) < 2 {
		return nil, fatal("SVCBIncorrectNumberOfFields",
			"Incorrect number of fields, needs <svc priority>, <target name>. Optional fields include <svc param>", value)
	}
	priority, err := strconv.ParseUint(f[0], 10, 32)
	if err != nil {
		return nil, badField("SVCB", "SvcPriority", f[0])
	}
	if priority > maxSvcPriority {
		return nil, sentence("Unsupported SvcPriority value.")
	}
	target, err := parseHostOrRoot(f[1])
	if err != nil {
		return nil, err
	}
	params, err := parseServiceParams(f[2:])
	if err != nil {
		return nil, err
	}
	return &dns.SVCB{Priority: uint16(priority), Target: target, Value: params}, nil
}

// parseServiceParams reads each `key=value` through miekg/dns, whose own
// reader of a single one is not exported.
func parseServiceParams(fields []string) ([]dns.SVCBKeyValue, error) {
	var params []dns.SVCBKeyValue
	seen := make(map[dns.SVCBKey]bool)
	for _, f := range fields {
		p, err := parseServiceParam(f)
		if err != nil {
			return nil, err
		}
		if seen[p.Key()] {
			return nil, badField("SVCB", "SvcParam", f)
		}
		seen[p.Key()] = true
		params = append(params, p)
	}
	return params, nil
}

func parseServiceParam(field string) (dns.SVCBKeyValue, error) {
	bad := badField("SVCB", "SvcParam", field)
	key, text, hasValue := strings.Cut(field, "=")
	if !serviceKey(key) || hasValue && !serviceText(text) {
		return nil, bad
	}
	rr, err := dns.NewRR(". IN SVCB 1 . " + field)
	if err != nil {
		return nil, bad
	}
	svcb, ok := rr.(*dns.SVCB)
	if !ok || len(svcb.Value) != 1 {
		return nil, bad
	}
	if _, err := dns.PackRR(svcb, make([]byte, 2*maxValueBytes+256), 0, nil, false); err != nil {
		return nil, bad
	}
	return svcb.Value[0], nil
}

// serviceKey tells whether s is a key's name (RFC 9460 section 2.1).
func serviceKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// serviceText tells whether s is a value that means the same inside a zone
// file: quoted whole, or free of what ends or starts something there.
func serviceText(s string) bool {
	if !printable(s) {
		return false
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
		return !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(s, `\\`, ""), `\"`, ""), `"`) && !oddBackslash(s)
	}
	return !strings.ContainsAny(s, `";() `) && !oddBackslash(s)
}

// oddBackslash tells whether s ends in a backslash that escapes what follows.
func oddBackslash(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}
