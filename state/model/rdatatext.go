package model

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// maxStringBytes is the longest character string (RFC 1035 section 3.3).
const maxStringBytes = 255

func parseTXT(h dns.RR_Header, value string) (dns.RR, error) {
	txt, err := parseStrings(value)
	if err != nil {
		return nil, err
	}
	return &dns.TXT{Hdr: h, Txt: txt}, nil
}

func parseSPF(h dns.RR_Header, value string) (dns.RR, error) {
	txt, err := parseStrings(value)
	if err != nil {
		return nil, err
	}
	return &dns.SPF{Hdr: h, Txt: txt}, nil
}

// parseCAA reads `flags tag "value"` (RFC 8659). Tags that Route 53 does not
// know need the critical flag.
func parseCAA(h dns.RR_Header, value string) (dns.RR, error) {
	f, err := splitExactly("CAA", value, 3)
	if err != nil {
		return nil, err
	}
	flag, err := parseNumber("CAA", "Flags", f[0], 8)
	if err != nil {
		return nil, err
	}
	tag := strings.ToLower(f[1])
	known := tag == "issue" || tag == "issuewild" || tag == "iodef"
	if !known && flag&0x80 == 0 || !alphanumeric(tag) || len(tag) > 15 {
		return nil, fatal("CAARRDATAInvalidTag", "Invalid tag", "Only issue/issuewild/iodef is allowed for non critical flags.")
	}
	text, err := parseOneString(f[2])
	if err != nil {
		return nil, err
	}
	return &dns.CAA{Hdr: h, Flag: uint8(flag), Tag: tag, Value: text}, nil
}

func alphanumeric(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// parseOneString reads exactly one quoted string.
func parseOneString(s string) (string, error) {
	texts, err := parseStrings(s)
	if err != nil {
		return "", err
	}
	if len(texts) != 1 {
		return "", notQuoted(s)
	}
	return texts[0], nil
}

func notQuoted(value string) error {
	return fatal("InvalidCharacterString", "Value should be enclosed in quotation marks", value)
}

// parseStrings reads one or more quoted strings, with or without spaces
// between them, and returns them in miekg/dns's escaping. Inside the quotes a
// backslash stands before three octal digits, or before a character that is
// no digit and is meant as it is.
func parseStrings(s string) ([]string, error) {
	var texts []string
	for i := 0; ; {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		if i == len(s) {
			break
		}
		if s[i] != '"' {
			return nil, notQuoted(s)
		}
		text, n, err := parseQuoted(s[i:])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, notQuoted(s)
		}
		texts = append(texts, text)
		i += n
	}
	if len(texts) == 0 {
		return nil, notQuoted(s)
	}
	return texts, nil
}

// parseQuoted reads the quoted string that s begins with. It returns the text
// and how many bytes of s it took, 0 when there is no closing quote.
func parseQuoted(s string) (text string, n int, err error) {
	if end := strings.IndexAny(s[1:], `"\`); end >= 0 && end <= maxStringBytes && s[end+1] == '"' && printable(s[1:end+1]) {
		return s[1 : end+1], end + 2, nil
	}
	var b strings.Builder
	size := 0
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"':
			if size > maxStringBytes {
				return "", 0, fatal("CharacterStringTooLong", "Value is too long", s[:i+1])
			}
			return b.String(), i + 1, nil
		case c == '\\':
			var width int
			if c, width, err = parseEscape(s[i:]); err != nil {
				return "", 0, err
			}
			if width == 0 {
				return "", 0, nil
			}
			i += width - 1
		case c < ' ' || c > '~':
			return "", 0, unsupported("?")
		}
		writeTextByte(&b, c)
		size++
	}
	return "", 0, nil
}

func unsupported(shown string) error {
	return fatal("UnsupportedCharacter", "Value contains unsupported characters", shown)
}

// parseEscape returns the byte that the escape at the start of s stands for
// and its width, 0 when s ends within it.
func parseEscape(s string) (c byte, width int, err error) {
	switch {
	case len(s) < 2:
		return 0, 0, nil
	case len(s) >= 4 && isOctal(s[1:4]) && s[1] <= '3':
		return (s[1]-'0')<<6 | (s[2]-'0')<<3 | (s[3] - '0'), 4, nil
	case isDigit(s[1]) || s[1] < ' ' || s[1] > '~':
		return 0, 0, unsupported(printableOnly(s[:min(4, len(s))]))
	}
	return s[1], 2, nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// printableOnly returns s with other bytes as question marks.
func printableOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// writeTextByte appends c as miekg/dns would unpack it from a character string.
func writeTextByte(b *strings.Builder, c byte) {
	switch {
	case c == '"' || c == '\\':
		b.WriteByte('\\')
		b.WriteByte(c)
	case c < ' ' || c > '~':
		fmt.Fprintf(b, `\%03d`, c)
	default:
		b.WriteByte(c)
	}
}

// quoteText returns text, in miekg/dns's or a zone file's escaping, as Route
// 53 prints a string.
func quoteText(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte('"')
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			if i+3 < len(text) && isDigit(text[i+1]) && isDigit(text[i+2]) && isDigit(text[i+3]) {
				c = (text[i+1]-'0')*100 + (text[i+2]-'0')*10 + (text[i+3] - '0')
				i += 3
			} else {
				c = text[i+1]
				i++
			}
		}
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
