// Package awsxml reads the request documents of AWS's REST-XML services into
// Go structs, strictly: what a struct does not name, what it requires and is
// not there, what stands twice and what its tags forbid are errors, in the
// words that clients of AWS know.
//
// A field is named by its `xml` tag, as in encoding/xml, which writes the same
// structs. Children may come in any order. Further tags:
//
//	aws:"required,min=1,max=64"  presence; length of text or list, value of numbers
//	enum:"A|B"                   allowed values, as the service checks them
//	facet:"10|30"                allowed values, as the schema checks them
//	pattern:"[a-z]+" xsd:"Name"  the whole text, as the schema checks it
//
// Fields are string, int64, bool, float64, structs, pointers to them, and
// slices of strings or structs for repeated children. Nothing a document holds
// can make the package use more than a few times the document's own size.
package awsxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth bounds how deep elements nest.
const maxDepth = 16

// element is an element as it stands in a document.
type element struct {
	name, space string
	raw         []byte // its text, while it is open
	text        string
	children    []*element
	line, col   int // of its end
}

// SchemaError is a document that its schema forbids (aws-behaviour 2.1).
type SchemaError struct {
	Line, Column int
	// Text is the rule and what broke it.
	Text string
}

// Error returns the fault as AWS's parser puts it.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("Invalid XML ; javax.xml.stream.XMLStreamException: org.xml.sax.SAXParseException; lineNumber: %d; columnNumber: %d; %s",
		e.Line, e.Column, e.Text)
}

func (e *element) fault(format string, args ...any) error {
	return &SchemaError{Line: e.line, Column: e.col, Text: fmt.Sprintf(format, args...)}
}

// RootError is a document with another root element than the wanted one.
type RootError struct{ Got, Want string }

// Error says which element was found.
func (e *RootError) Error() string { return fmt.Sprintf("root element %q, want %q", e.Got, e.Want) }

// parse reads a whole document.
func parse(data []byte) (*element, error) {
	p := &parser{dec: xml.NewDecoder(bytes.NewReader(data))}
	for {
		token, err := p.dec.Token()
		if errors.Is(err, io.EOF) && p.root != nil && len(p.open) == 0 {
			return p.root, nil
		}
		if err != nil {
			return nil, p.fault("The document is not well-formed: %s", wellFormed(err))
		}
		if err := p.token(token); err != nil {
			return nil, err
		}
	}
}

// wellFormed returns what is wrong, without the position.
func wellFormed(err error) string {
	if syntax := (*xml.SyntaxError)(nil); errors.As(err, &syntax) {
		return syntax.Msg
	}
	return "unexpected end"
}

// parser builds the tree.
type parser struct {
	dec  *xml.Decoder
	root *element
	open []*element
}

func (p *parser) fault(format string, args ...any) error {
	line, col := p.dec.InputPos()
	return &SchemaError{Line: line, Column: col, Text: fmt.Sprintf(format, args...)}
}

func (p *parser) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t)
	case xml.EndElement:
		e := p.open[len(p.open)-1]
		e.line, e.col = p.dec.InputPos()
		e.text, e.raw = string(e.raw), nil
		p.open = p.open[:len(p.open)-1]
		if len(e.children) > 0 && strings.TrimSpace(e.text) != "" {
			return e.fault("cvc-complex-type.2.3: Element '%s' cannot have character [children], because the type's content type is element-only.", e.name)
		}
	case xml.CharData:
		if len(p.open) > 0 {
			e := p.open[len(p.open)-1]
			e.raw = append(e.raw, t...)
		}
	case xml.Directive:
		return p.fault("DOCTYPE is disallowed.")
	}
	return nil
}

func (p *parser) start(t xml.StartElement) error {
	e := &element{name: t.Name.Local, space: t.Name.Space}
	switch {
	case len(p.open) == maxDepth:
		return p.fault("Elements nest deeper than %d.", maxDepth)
	case len(p.open) > 0:
		parent := p.open[len(p.open)-1]
		parent.children = append(parent.children, e)
	case p.root != nil:
		return p.fault("The markup in the document following the root element must be well-formed.")
	default:
		p.root = e
	}
	p.open = append(p.open, e)
	return nil
}
