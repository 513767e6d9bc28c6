package acm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/edgestage/edgestage/state/model"
)

// amazonCAs are the names by which CAA records allow ACM (aws-behaviour 7.4).
var amazonCAs = []string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}

// errCAA is wrapped by the error of a name whose CAA records allow none of the
// wanted issuers. Other errors may pass.
var errCAA = errors.New("CAA records forbid it")

// allowed returns nil if the CAA records for a certificate's name allow one of
// issuers (RFC 8659): the nearest set of records, going up from the name,
// counts; for a wildcard `issuewild` comes before `issue`. No set: allowed.
//
// A server that answers for the name with authority and refuses to for one
// above it serves the zone and nothing else: there the way up ends.
func (r *Resolver) allowed(ctx context.Context, name model.Name, issuers []string) error {
	authority := false
	for at := model.BaseName(name); at != "."; at = at.Parent() {
		set, aa, err := r.caa(ctx, at)
		if refused := (*rcodeError)(nil); authority && errors.As(err, &refused) && refused.rcode == dns.RcodeRefused {
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking up CAA %s: %w", at, err)
		}
		authority = authority || aa
		if len(set) > 0 {
			return judgeCAA(set, at, name.IsWildcard(), issuers)
		}
	}
	return nil
}

// caa returns the CAA records of a name, over CNAME records, and whether the
// answer has authority.
func (r *Resolver) caa(ctx context.Context, name model.Name) (set []*dns.CAA, authority bool, err error) {
	seen := []model.Name{name}
	for at := name; ; {
		m, err := r.ask(ctx, at, dns.TypeCAA)
		if err != nil {
			return nil, false, err
		}
		authority = authority || m.Authoritative
		next := at
		for _, rr := range m.Answer {
			switch rr := rr.(type) {
			case *dns.CAA:
				set = append(set, rr)
			case *dns.CNAME:
				next = model.FromDNS(rr.Target)
			}
		}
		if len(set) > 0 || next == at || m.Rcode == dns.RcodeNameError {
			return set, authority, nil
		}
		if contains(seen, next) || len(seen) > maxHops {
			return nil, authority, fmt.Errorf("the CNAME records from %s lead nowhere", name)
		}
		seen, at = append(seen, next), next
	}
}

// judgeCAA tells whether a set of records, found at a name, allows one of
// issuers.
func judgeCAA(set []*dns.CAA, at model.Name, wildcard bool, issuers []string) error {
	const critical = 128
	var issue, issuewild []string
	wild, any := false, false
	for _, rr := range set {
		switch domain := issuerOf(rr.Value); strings.ToLower(rr.Tag) {
		case "issue":
			issue, any = append(issue, domain), true
		case "issuewild":
			issuewild, wild = append(issuewild, domain), true
		case "iodef", "issuemail", "contactemail", "contactphone":
		default:
			if rr.Flag&critical != 0 {
				return fmt.Errorf("%w: %s has the critical property %q, which is unknown", errCAA, at, rr.Tag)
			}
		}
	}
	if wildcard && wild {
		issue, any = issuewild, true
	}
	if !any || slices.ContainsFunc(issue, func(domain string) bool { return slices.Contains(issuers, domain) }) {
		return nil
	}
	return fmt.Errorf("%w: %s allows %q, none of %q", errCAA, at, issue, issuers)
}

// issuerOf returns the issuer's domain of a property's value, without
// parameters; "" forbids all.
func issuerOf(value string) string {
	domain, _, _ := strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(domain))
}
