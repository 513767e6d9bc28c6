package model

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// FormatRdata returns the data of rr as Route 53 spells it, in the canonical
// form of [CanonicalValue]. It is the inverse of [ParseRdata]; rr may also
// come from a zone file or the wire. It checks types and addresses only: what
// it returns for an RR without data does not parse.
func FormatRdata(rr dns.RR) (string, error) {
	switch rr := rr.(type) {
	case *dns.A:
		return formatAddr(rr.A.To4())
	case *dns.AAAA:
		return formatAddr(rr.AAAA.To16())
	case *dns.NS:
		return formatHost(rr.Ns), nil
	case *dns.CNAME:
		return formatHost(rr.Target), nil
	case *dns.PTR:
		return formatHost(rr.Ptr), nil
	case *dns.MX:
		return fmt.Sprintf("%d %s", rr.Preference, formatHost(rr.Mx)), nil
	case *dns.SRV:
		return fmt.Sprintf("%d %d %d %s", rr.Priority, rr.Weight, rr.Port, formatHost(rr.Target)), nil
	case *dns.SOA:
		return fmt.Sprintf("%s %s %d %d %d %d %d", formatHost(rr.Ns), formatHost(rr.Mbox),
			rr.Serial, rr.Refresh, rr.Retry, rr.Expire, rr.Minttl), nil
	}
	return formatText(rr)
}

// formatText is the part of FormatRdata for types that hold text or bytes.
func formatText(rr dns.RR) (string, error) {
	switch rr := rr.(type) {
	case *dns.TXT:
		return formatStrings(rr.Txt), nil
	case *dns.SPF:
		return formatStrings(rr.Txt), nil
	case *dns.CAA:
		return fmt.Sprintf("%d %s %s", rr.Flag, strings.ToLower(rr.Tag), quoteText(rr.Value)), nil
	case *dns.NAPTR:
		return fmt.Sprintf("%d %d %s %s %s %s", rr.Order, rr.Preference,
			quoteText(rr.Flags), quoteText(rr.Service), quoteText(rr.Regexp), formatHost(rr.Replacement)), nil
	case *dns.DS:
		return fmt.Sprintf("%d %d %d %s", rr.KeyTag, rr.Algorithm, rr.DigestType, strings.ToUpper(rr.Digest)), nil
	case *dns.TLSA:
		return fmt.Sprintf("%d %d %d %s", rr.Usage, rr.Selector, rr.MatchingType, strings.ToUpper(rr.Certificate)), nil
	case *dns.SSHFP:
		return fmt.Sprintf("%d %d %s", rr.Algorithm, rr.Type, strings.ToUpper(rr.FingerPrint)), nil
	case *dns.SVCB:
		return formatService(rr), nil
	case *dns.HTTPS:
		return formatService(&rr.SVCB), nil
	}
	return "", unknownType(dns.Type(rr.Header().Rrtype).String())
}

func formatAddr(ip []byte) (string, error) {
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return "", fmt.Errorf("the address is missing")
	}
	return a.String(), nil
}

// formatHost returns nothing for a name that is missing, so that the value
// does not parse.
func formatHost(s string) string {
	if s == "" {
		return ""
	}
	return FromDNS(s).AWS()
}

func formatStrings(txt []string) string {
	quoted := make([]string, len(txt))
	for i, s := range txt {
		quoted[i] = quoteText(s)
	}
	return strings.Join(quoted, " ")
}

// formatService sorts the parameters by key, as the wire does.
func formatService(rr *dns.SVCB) string {
	params := slices.SortedFunc(slices.Values(rr.Value), func(a, b dns.SVCBKeyValue) int {
		return cmp.Compare(a.Key(), b.Key())
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", rr.Priority, formatHost(rr.Target))
	for _, p := range params {
		b.WriteString(" " + p.Key().String())
		if text := p.String(); text != "" {
			b.WriteString(`="` + text + `"`)
		}
	}
	return b.String()
}
