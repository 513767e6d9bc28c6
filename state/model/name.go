package model

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// Name is an absolute domain name as it is kept in memory: lower case, with
// the final dot, bytes that have a meaning in zone files escaped as miekg/dns
// unpacks them (`\.`, `\\`, `\DDD` in decimal). Two names are the same if and
// only if the strings are. Route 53's own spelling, with octal escapes, exists
// only at the edges: [ParseName] reads it, [Name.AWS] prints it.
type Name string

// maxNameBytes is the longest name accepted, without the final dot
// (aws-behaviour 0.3: 253 accepted, 254 refused).
const maxNameBytes = 253

// ParseName reads a name as Route 53's API and exports spell it: with or
// without the final dot, any case, other bytes raw or as `\ooo` in octal. It
// returns an error in Route 53's words (aws-behaviour 1.1 rules 6 to 8, 2.7).
func ParseName(s string) (Name, error) {
	if Name(s).plain() {
		return Name(s), nil
	}
	if s == "" {
		return "", fatal("DomainNameEmpty", "Domain name is empty", s)
	}
	if s == "." {
		return "", fatal("DomainLabelEmpty", "Domain label is empty", s)
	}
	labels, err := parseLabels(strings.TrimSuffix(s, "."))
	if err != nil {
		return "", err
	}
	total := len(labels) - 1
	var b strings.Builder
	for _, label := range labels {
		switch {
		case len(label) == 0:
			return "", fatal("DomainLabelEmpty", "Domain label is empty", s)
		case len(label) > 63:
			return "", fatal("DomainLabelTooLong", "Domain label is too long", string(label))
		}
		total += len(label)
		writeLabel(&b, label)
	}
	if total > maxNameBytes {
		return "", &FatalError{Code: "DomainNameTooLong", Text: "Domain name is too long"}
	}
	return Name(b.String()), nil
}

// parseLabels splits s at its unescaped dots and resolves octal escapes.
func parseLabels(s string) ([][]byte, error) {
	labels := make([][]byte, 1, 8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		last := len(labels) - 1
		switch {
		case c == '.':
			labels = append(labels, nil)
			continue
		case c == '\\' && i+3 < len(s) && isOctal(s[i+1:i+4]):
			v := int(s[i+1]-'0')<<6 | int(s[i+2]-'0')<<3 | int(s[i+3]-'0')
			if v > 255 {
				return nil, fatal("UnsupportedCharacter", "Value contains unsupported characters", s[i:i+4])
			}
			c = byte(v)
			i += 3
		case c <= ' ' || c >= 0x7f:
			shown := string(rune(c))
			if c >= 0x7f {
				shown = "?"
			}
			return nil, fatal("UnsupportedCharacter", "Value contains unsupported characters", shown)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		labels[last] = append(labels[last], c)
	}
	return labels, nil
}

func isOctal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '7' {
			return false
		}
	}
	return true
}

// writeLabel appends label and a dot as miekg/dns would unpack them.
func writeLabel(b *strings.Builder, label []byte) {
	for _, c := range label {
		switch {
		case strings.IndexByte(`. '@;()"\`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('.')
}

// FromDNS returns the Name of a name that miekg/dns unpacked or that a zone
// file spells (decimal escapes), made absolute and lower case. It does not
// check lengths: the wire has done so.
func FromDNS(s string) Name {
	wire := make([]byte, 256)
	n, err := dns.PackDomainName(dns.Fqdn(s), wire, 0, nil, false)
	if err != nil {
		return Name(strings.ToLower(dns.Fqdn(s)))
	}
	for i, c := range wire[:n] {
		if 'A' <= c && c <= 'Z' {
			wire[i] = c + 'a' - 'A'
		}
	}
	name, _, err := dns.UnpackDomainName(wire[:n], 0)
	if err != nil {
		return Name(strings.ToLower(dns.Fqdn(s)))
	}
	return Name(name)
}

// String returns n as miekg/dns spells it.
func (n Name) String() string { return string(n) }

// AWS returns n as Route 53 prints it: every byte outside `a-z 0-9 - _` as a
// three-digit octal escape, with the final dot (aws-behaviour 0.3).
func (n Name) AWS() string {
	plain := true
	for i := range len(n) {
		if !plainByte(n[i]) && n[i] != '.' {
			plain = false
			break
		}
	}
	if plain {
		return string(n)
	}
	var b strings.Builder
	for _, label := range n.Labels() {
		b.WriteString(label.aws())
		b.WriteByte('.')
	}
	return b.String()
}

// plainByte tells whether Route 53 prints c as it is.
func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// label is one label in the escaped form of [Name].
type label string

// aws returns l with octal escapes.
func (l label) aws() string {
	var b strings.Builder
	for i := 0; i < len(l); i++ {
		c := l[i]
		if c == '\\' && i+1 < len(l) {
			if i+3 < len(l) && isDigit(l[i+1]) && isDigit(l[i+2]) && isDigit(l[i+3]) {
				c = (l[i+1]-'0')*100 + (l[i+2]-'0')*10 + (l[i+3] - '0')
				i += 3
			} else {
				c = l[i+1]
				i++
			}
		}
		if plainByte(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Labels returns the labels of n from the left, each escaped as in n.
func (n Name) Labels() []label {
	labels := make([]label, 0, 8)
	for rest := string(n); rest != "" && rest != "."; {
		i, end := dns.NextLabel(rest, 0)
		if end {
			labels = append(labels, label(strings.TrimSuffix(rest, ".")))
			break
		}
		labels = append(labels, label(rest[:i-1]))
		rest = rest[i:]
	}
	return labels
}

// Reversed returns the printed form of n with its labels in reverse order,
// `com.example.www.`: Route 53 lists names in the order of these strings
// (aws-behaviour 2.9).
func (n Name) Reversed() string {
	if n.plain() {
		return n.reversedPlain()
	}
	labels := n.Labels()
	var b strings.Builder
	for i := len(labels) - 1; i >= 0; i-- {
		b.WriteString(labels[i].aws())
		b.WriteByte('.')
	}
	return b.String()
}

// reversedPlain is [Name.Reversed] of a name without escapes, which most are.
func (n Name) reversedPlain() string {
	var b strings.Builder
	b.Grow(len(n))
	for end := len(n) - 1; end > 0; {
		start := strings.LastIndexByte(string(n[:end]), '.') + 1
		b.WriteString(string(n[start : end+1]))
		end = start - 1
	}
	return b.String()
}

// Parent returns n without its leftmost label, and "." for a single label.
func (n Name) Parent() Name {
	i, end := dns.NextLabel(string(n), 0)
	if end {
		return "."
	}
	return n[i:]
}

// IsWildcard tells whether the leftmost label of n is exactly `*`.
func (n Name) IsWildcard() bool { return strings.HasPrefix(string(n), "*.") }

// Within tells whether n is zone or below it.
func (n Name) Within(zone Name) bool {
	if n == zone || zone == "." {
		return true
	}
	rest, ok := strings.CutSuffix(string(n), string(zone))
	if !ok || !strings.HasSuffix(rest, ".") {
		return false
	}
	escapes := len(rest) - 1 - len(strings.TrimRight(rest[:len(rest)-1], `\`))
	return escapes%2 == 0
}
