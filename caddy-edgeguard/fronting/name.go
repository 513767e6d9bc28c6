package fronting

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// errName is why a name has no normal form.
var errName = errors.New("no host name and no IP address")

// normalHost returns the normal form of a request's host, with or without
// port: lower case, without final dot, percent-encoding and port, in Punycode,
// and IP addresses as [netip.Addr] writes them. So two spellings of one host
// are equal. What browsers and resolvers would read differently from one
// another has no normal form: empty labels, two final dots, zones, IPv4 in
// other than four decimal numbers, characters that no host name has.
func normalHost(host string) (string, error) {
	if isPlain(host) {
		return host, nil
	}
	name, ok := withoutPort(host)
	if !ok {
		return "", errName
	}
	if literal, ok := strings.CutPrefix(name, "["); ok {
		literal, closed := strings.CutSuffix(literal, "]")
		addr, err := netip.ParseAddr(literal)
		if err != nil || !closed || !addr.Is6() || addr.Zone() != "" {
			return "", errName
		}
		return addr.String(), nil
	}
	return normalName(name)
}

// normalServerName returns the normal form of a handshake's server name, which
// has neither port nor brackets; empty if there is none.
func normalServerName(name string) (string, error) {
	if name == "" || isPlain(name) {
		return name, nil
	}
	if addr, err := netip.ParseAddr(name); err == nil && addr.Zone() == "" {
		return addr.String(), nil
	}
	return normalName(name)
}

// normalName returns the normal form of a host name or IPv4 address.
func normalName(name string) (string, error) {
	if strings.Contains(name, "%") {
		plain, err := url.PathUnescape(name)
		if err != nil {
			return "", errName
		}
		name = plain
	}
	name = strings.TrimSuffix(name, ".")
	if strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil || !utf8.ValidString(name) {
			return "", errName
		}
		name = strings.TrimSuffix(ascii, ".")
	}
	name = strings.ToLower(name)
	if addr, err := netip.ParseAddr(name); err == nil && addr.Is4() {
		return addr.String(), nil
	}
	if !isPlain(name) {
		return "", errName
	}
	return name, nil
}

// isPlain tells whether s is a host name in normal form: labels of lower-case
// letters, digits, hyphens and underscores, the last of which does not begin
// with a digit, so that nobody takes it for a number of an IPv4 address.
func isPlain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	label := 0 // where the current one begins
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			if i-label >= 63 {
				return false
			}
		case c == '.' && i > label:
			label = i + 1
		default:
			return false
		}
	}
	return label < len(s) && (s[label] < '0' || s[label] > '9')
}

// withoutPort returns a host without its port; ok is false where what stands
// there is none.
func withoutPort(host string) (name string, ok bool) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return host, true
	}
	port := host[i+1:]
	if len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	return host[:i], true
}
