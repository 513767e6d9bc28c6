package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxNesting bounds how deep a document nests; the format needs six.
const maxNesting = 10

// node is a JSON value where it stands.
type node struct {
	// place is its path, such as Rules.round_robin.Items[2].Weight; "" for the
	// document.
	place string
	kind  kind
	text  string // of a string, number or boolean
	// names are the members' in the order of the document.
	names   []string
	members map[string]*node
	items   []*node
}

type kind string

const (
	isObject kind = "an object"
	isList   kind = "a list"
	isString kind = "a string"
	isNumber kind = "a number"
	isBool   kind = "a boolean"
	isNull   kind = "null"
)

// parseJSON reads a document that is one JSON value and nothing else. No member
// stands twice.
func parseJSON(text string) (*node, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("document: not in UTF-8")
	}
	p := &jsonParser{dec: json.NewDecoder(strings.NewReader(text)), text: text}
	p.dec.UseNumber()
	root, err := p.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fault("something follows the document")
	}
	return root, nil
}

type jsonParser struct {
	dec  *json.Decoder
	text string
}

// fault returns an error at the place in the text that was read last.
func (p *jsonParser) fault(format string, args ...any) error {
	before := p.text[:min(int(p.dec.InputOffset()), len(p.text))]
	line := 1 + strings.Count(before, "\n")
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Errorf("line %d column %d: %s", line, column, fmt.Sprintf(format, args...))
}

// token returns the next token, not the end.
func (p *jsonParser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, p.fault("the document ends too early")
	}
	if err != nil {
		return nil, p.fault("not JSON: %s", err)
	}
	return t, nil
}

func (p *jsonParser) value(place string, depth int) (*node, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	n := &node{place: place}
	switch t := t.(type) {
	case json.Delim:
		if depth == maxNesting {
			return nil, p.fault("nested deeper than %d", maxNesting)
		}
		if t == '{' {
			return n, p.object(n, depth)
		}
		return n, p.list(n, depth)
	case string:
		n.kind, n.text = isString, t
	case json.Number:
		n.kind, n.text = isNumber, t.String()
	case bool:
		n.kind, n.text = isBool, fmt.Sprint(t)
	default:
		n.kind = isNull
	}
	return n, nil
}

func (p *jsonParser) object(n *node, depth int) error {
	n.kind, n.members = isObject, make(map[string]*node)
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if n.members[name] != nil {
			return p.fault("%.64q stands twice", name)
		}
		v, err := p.value(join(n.place, name), depth+1)
		if err != nil {
			return err
		}
		n.names, n.members[name] = append(n.names, name), v
	}
	_, err := p.token()
	return err
}

func (p *jsonParser) list(n *node, depth int) error {
	n.kind = isList
	for p.dec.More() {
		v, err := p.value(fmt.Sprintf("%s[%d]", n.place, len(n.items)), depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, v)
	}
	_, err := p.token()
	return err
}

// join returns the place of a member; a name that is long or odd is quoted.
func join(place, name string) string {
	if len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(plainRunes, r) }) {
		name = fmt.Sprintf("%.64q", name)
	}
	if place == "" {
		return name
	}
	return place + "." + name
}

const plainRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

// is tells whether n is of one of the kinds.
func (n *node) is(kinds ...kind) bool { return slices.Contains(kinds, n.kind) }
