package awsjson

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Constraint is one member that its shape forbids.
type Constraint struct {
	// Path is where the member stands, such as "tags.1.member.key".
	Path string
	// Value is what was found, "null" where nothing was.
	Value string
	// Must is the rule, such as "have length less than or equal to 64".
	Must string
}

// Constraints are all that a document breaks, in the order of its shape; an
// error with AWS's sentence.
type Constraints []Constraint

// maxValue is how much of a value an error shows, in bytes.
const maxValue = 256

// Error returns the sentence with which AWS lists them.
func (c Constraints) Error() string {
	noun := "errors"
	if len(c) == 1 {
		noun = "error"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d validation %s detected: ", len(c), noun)
	for i, one := range c {
		if i > 0 {
			b.WriteString("; ")
		}
		value := "'" + one.Value + "'"
		if one.Value == null {
			value = null
		}
		fmt.Fprintf(&b, "Value %s at '%s' failed to satisfy constraint: Member must %s", value, one.Path, one.Must)
	}
	return b.String()
}

const null = "null"

// maxConstraints bounds what one error lists.
const maxConstraints = 100

func (c *Constraints) add(path, value, format string, args ...any) {
	if len(value) > maxValue {
		value = strings.ToValidUTF8(value[:maxValue], "") + "..."
	}
	if len(*c) < maxConstraints {
		*c = append(*c, Constraint{path, value, fmt.Sprintf(format, args...)})
	}
}

// Check returns [Constraints] with everything that the tags of v, a pointer to
// a struct, forbid; nil where there is nothing.
func Check(v any) error {
	var found Constraints
	found.structure(reflect.ValueOf(v).Elem(), "")
	if len(found) == 0 {
		return nil
	}
	return found
}

func (c *Constraints) structure(v reflect.Value, path string) {
	for _, f := range fieldsOf(v.Type()) {
		c.member(f, v.Field(f.index), join(path, f.name))
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// member checks one member. What is absent breaks no rule but to be there.
func (c *Constraints) member(f *field, v reflect.Value, path string) {
	if absent(v) {
		if f.required {
			c.add(path, null, "not be null")
		}
		return
	}
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	c.rules(&f.own, v, path)
	switch {
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			c.element(f, v.Index(i), fmt.Sprintf("%s.%d.member", path, i+1))
		}
	case v.Kind() == reflect.Map:
		for _, key := range sortedKeys(v) {
			c.element(f, v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key())), path+"."+key+".member")
		}
	case checked(v.Type()):
		c.structure(v, path)
	}
}

// element checks a member of a list or map.
func (c *Constraints) element(f *field, v reflect.Value, path string) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			c.add(path, null, "not be null")
			return
		}
		v = v.Elem()
	}
	if checked(v.Type()) {
		c.structure(v, path)
		return
	}
	c.rules(&f.each, v, path)
}

// rules checks a value against bounds, values and pattern.
func (c *Constraints) rules(r *rules, v reflect.Value, path string) {
	size, text, counted := measure(v)
	what := "value"
	if counted {
		what = "length"
	}
	switch {
	case size < r.min:
		c.add(path, text, "have %s greater than or equal to %v", what, r.min)
	case size > r.max:
		c.add(path, text, "have %s less than or equal to %v", what, r.max)
	}
	if v.Kind() != reflect.String {
		return
	}
	if r.enum != nil && !slices.Contains(r.enum, text) {
		c.add(path, text, "satisfy enum value set: [%s]", strings.Join(r.enum, ", "))
	}
	if r.pattern != nil && !r.pattern.MatchString(text) {
		c.add(path, text, "satisfy regular expression pattern: %s", r.patternIn)
	}
}

// measure returns what min and max bind of v, v as text, and whether it was
// counted rather than read.
func measure(v reflect.Value) (size float64, text string, counted bool) {
	switch v.Kind() {
	case reflect.String:
		return float64(utf8.RuneCountInString(v.String())), v.String(), true
	case reflect.Slice, reflect.Map:
		return float64(v.Len()), fmt.Sprintf("[%d members]", v.Len()), true
	case reflect.Int, reflect.Int32, reflect.Int64:
		return float64(v.Int()), fmt.Sprint(v.Int()), false
	case reflect.Float64:
		return v.Float(), fmt.Sprint(v.Float()), false
	}
	return math.NaN(), "", false // bound by nothing
}

// absent tells whether a member was not given: a nil pointer, list or map, or
// empty text that is no pointer.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}

func sortedKeys(v reflect.Value) []string {
	var keys []string
	for _, k := range v.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}
