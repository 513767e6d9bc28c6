package awsxml

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Constraint is a member whose value its shape forbids (aws-behaviour 2.5).
type Constraint struct {
	// Path is where it stands, such as "changeBatch.changes.1.member.action".
	Path string
	// Value is what was found.
	Value string
	// Must is what it breaks, such as "have value less than or equal to 255".
	Must string
}

// ConstraintErrors are the broken constraints of one request, in its order.
type ConstraintErrors []Constraint

// Error returns the sentence of AWS's validators.
func (e ConstraintErrors) Error() string {
	texts := make([]string, len(e))
	for i, c := range e {
		texts[i] = fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", c.Value, c.Path, c.Must)
	}
	plural := "s"
	if len(e) == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(e), plural, strings.Join(texts, "; "))
}

// maxConstraints bounds how many faults one answer lists.
const maxConstraints = 100

func (e *ConstraintErrors) add(path, value, must string) {
	if len(*e) < maxConstraints {
		*e = append(*e, Constraint{Path: path, Value: value, Must: must})
	}
}

// checkText notes what a text breaks.
func (d *decoder) checkText(f *field, path, text string) {
	if f.repeated && f.enum == nil {
		return // min and max are those of the list
	}
	n := float64(utf8.RuneCountInString(text))
	switch {
	case f.enum != nil && !slices.Contains(f.enum, text):
		d.constraints.add(path, text, "satisfy enum value set: ["+strings.Join(f.enum, ", ")+"]")
	case f.repeated:
	case n < f.min:
		d.constraints.add(path, text, fmt.Sprintf("have length greater than or equal to %v", f.min))
	case n > f.max:
		d.constraints.add(path, text, fmt.Sprintf("have length less than or equal to %v", f.max))
	}
}

// checkNumber notes what a number breaks.
func (d *decoder) checkNumber(f *field, path, text string, n float64) {
	if n < f.min {
		d.constraints.add(path, text, fmt.Sprintf("have value greater than or equal to %s", whole(f.min)))
	}
	if n > f.max {
		d.constraints.add(path, text, fmt.Sprintf("have value less than or equal to %s", whole(f.max)))
	}
}

func whole(n float64) string { return fmt.Sprintf("%.0f", n) }

// checkSchema returns what the schema itself says against a text.
func (f *field) checkSchema(c *element, text string) error {
	if f.facet != nil && !slices.Contains(f.facet, text) {
		return c.fault("cvc-enumeration-valid: Value '%.64s' is not facet-valid with respect to enumeration '[%s]'. It must be a value from the enumeration.",
			text, strings.Join(f.facet, ", "))
	}
	if f.pattern != nil && !f.pattern.MatchString(text) {
		return c.fault("cvc-pattern-valid: Value '%.64s' is not facet-valid with respect to pattern '%s' for type '%s'.", text, f.patternIn, f.xsd)
	}
	return nil
}
