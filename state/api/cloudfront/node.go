package cloudfront

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/edgestage/edgestage/state/api/awserr"
)

// The bounds of a document, beside its length.
const (
	maxDepth = 24
	maxNodes = 20000
)

// node is an element of a document: text, or children. Attributes and
// namespaces mean nothing in this API, and are dropped.
type node struct {
	name, text string
	kids       []*node
}

// leaf returns an element with text.
func leaf(name string, text any) *node { return &node{name: name, text: fmt.Sprint(text)} }

// tree returns an element with children, of which nil ones are left out.
func tree(name string, kids ...*node) *node {
	n := &node{name: name}
	for _, k := range kids {
		if k != nil {
			n.kids = append(n.kids, k)
		}
	}
	return n
}

// items returns the shape of CloudFront's lists: Quantity, and Items where there
// are any.
func items(name string, list []*node) *node {
	n := tree(name, leaf("Quantity", len(list)))
	if len(list) > 0 {
		n.kids = append(n.kids, tree("Items", list...))
	}
	return n
}

// kid returns the first child of that name, or nil.
func (n *node) kid(name string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// value returns the text of a child, "" where there is none.
func (n *node) value(name string) string {
	if k := n.kid(name); k != nil {
		return strings.TrimSpace(k.text)
	}
	return ""
}

// write appends n as XML.
func (n *node) write(b *bytes.Buffer) {
	b.WriteString("<" + n.name + ">")
	if len(n.kids) == 0 {
		_ = xml.EscapeText(b, []byte(n.text))
	}
	for _, k := range n.kids {
		k.write(b)
	}
	b.WriteString("</" + n.name + ">")
}

// document returns n as a root element in the API's namespace.
func (n *node) document() []byte {
	var b bytes.Buffer
	b.WriteString("<" + n.name + ` xmlns="` + Namespace + `">`)
	if len(n.kids) == 0 {
		_ = xml.EscapeText(&b, []byte(n.text))
	}
	for _, k := range n.kids {
		k.write(&b)
	}
	b.WriteString("</" + n.name + ">")
	return b.Bytes()
}

// malformed is the error of a document that cannot be read.
func malformed(format string, args ...any) error {
	return awserr.New(awserr.MalformedInput, format, args...)
}

// parse reads a document with a root element.
func parse(data []byte, root string) (*node, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, awserr.New(awserr.MissingBody, "This operation requires a body. Ensure that the body is present and the Content-Type header is set.")
	}
	n, err := parseAny(data)
	if err != nil {
		return nil, err
	}
	if n.name != root {
		return nil, malformed("The root element is %.64q, want %q.", n.name, root)
	}
	return n, nil
}

// parseAny reads a document, whatever its root element.
func parseAny(data []byte) (*node, error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	var root *node
	var open []*node
	count := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) && root != nil && len(open) == 0 {
			return root, nil
		}
		if err != nil {
			return nil, malformed("The XML document is not well-formed: %.200s.", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{name: t.Name.Local}
			switch count++; {
			case count > maxNodes:
				return nil, malformed("The document has more than %d elements.", maxNodes)
			case len(open) == maxDepth:
				return nil, malformed("Elements nest deeper than %d.", maxDepth)
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.kids = append(parent.kids, n)
			case root != nil:
				return nil, malformed("There is more than one root element.")
			default:
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			n := open[len(open)-1]
			if len(n.kids) > 0 {
				if strings.TrimSpace(n.text) != "" {
					return nil, malformed("Element %.64q has both text and elements.", n.name)
				}
				n.text = ""
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			}
		case xml.Directive:
			return nil, malformed("DOCTYPE is disallowed.")
		}
	}
}

// checkQuantities returns an error where a list's Quantity is not the number of
// its Items.
func (n *node) checkQuantities() error {
	if q := n.kid("Quantity"); q != nil {
		count := 0
		if list := n.kid("Items"); list != nil {
			count = len(list.kids)
		}
		if strings.TrimSpace(q.text) != fmt.Sprint(count) {
			return awserr.New(awserr.InconsistentQuantities, "The value of Quantity and the size of Items don't match.")
		}
	}
	for _, k := range n.kids {
		if err := k.checkQuantities(); err != nil {
			return err
		}
	}
	return nil
}
