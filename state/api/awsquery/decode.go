package awsquery

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/edgestage/edgestage/state/api/awserr"
	"github.com/edgestage/edgestage/state/api/awsjson"
)

// maxDepth bounds how deep parameters nest.
const maxDepth = 16

// parameter is a parameter and those below it.
type parameter struct {
	value string
	set   bool
	below map[string]*parameter
}

// Decode reads a form into v, a pointer to a struct. It returns an
// [awserr.MalformedQueryString] or [awserr.ValidationError] where a value is
// not of its member's type, and [awsjson.Constraints] with everything that v's
// tags forbid.
func Decode(form url.Values, v any) error {
	root := new(parameter)
	for name, values := range form {
		if len(values) > 1 {
			return awserr.New(awserr.MalformedQueryString, "Parameter %.64q stands %d times.", name, len(values))
		}
		if err := root.add(name, values[0]); err != nil {
			return err
		}
	}
	if err := root.structure(reflect.ValueOf(v).Elem(), ""); err != nil {
		return err
	}
	return awsjson.Check(v)
}

// add puts a value where its dotted name says.
func (p *parameter) add(name, value string) error {
	at := p
	depth := 0
	for part := range strings.SplitSeq(name, ".") {
		if depth++; depth > maxDepth {
			return awserr.New(awserr.MalformedQueryString, "Parameter %.64q nests deeper than %d.", name, maxDepth)
		}
		next := at.below[part]
		if next == nil {
			if at.below == nil {
				at.below = make(map[string]*parameter)
			}
			next = new(parameter)
			at.below[part] = next
		}
		at = next
	}
	at.value, at.set = value, true
	return nil
}

func (p *parameter) structure(v reflect.Value, path string) error {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		child := p.below[name]
		if name == "" || name == "-" || child == nil {
			continue
		}
		if err := child.read(v.Field(i), join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// read reads p and what is below it into v.
func (p *parameter) read(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return p.read(v.Elem(), path)
	case reflect.Struct:
		return p.structure(v, path)
	case reflect.Slice:
		return p.list(v, path)
	case reflect.Map:
		return p.entries(v, path)
	case reflect.String:
		v.SetString(p.value)
		return nil
	case reflect.Bool, reflect.Int64, reflect.Float64:
		if json.Unmarshal([]byte(p.value), v.Addr().Interface()) != nil {
			return awserr.New(awserr.ValidationError, "'%.64s' is not a valid value for '%s'", p.value, path)
		}
		return nil
	}
	return fmt.Errorf("parameter %s has the unsupported type %v", path, v.Type())
}

// list reads `member.N`. An empty value of the list itself is an empty list.
func (p *parameter) list(v reflect.Value, path string) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	members, err := p.below["member"].numbered(path)
	if err != nil {
		return err
	}
	for i, m := range members {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := m.read(element, fmt.Sprintf("%s.member.%d", path, i+1)); err != nil {
			return err
		}
		v.Set(reflect.Append(v, element))
	}
	return nil
}

// entries reads `entry.N.key` and `entry.N.value`.
func (p *parameter) entries(v reflect.Value, path string) error {
	v.Set(reflect.MakeMap(v.Type()))
	entries, err := p.below["entry"].numbered(path)
	if err != nil {
		return err
	}
	for i, e := range entries {
		key, value := e.below["key"], e.below["value"]
		if key == nil || value == nil {
			return awserr.New(awserr.MalformedQueryString, "Entry %d of '%s' has no key or no value.", i+1, path)
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := value.read(element, join(path, key.value)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key.value).Convert(v.Type().Key()), element)
	}
	return nil
}

// numbered returns what is below p in the order of its numbers.
func (p *parameter) numbered(path string) ([]*parameter, error) {
	if p == nil {
		return nil, nil
	}
	var numbers []int
	by := make(map[int]*parameter)
	for name, m := range p.below {
		n, err := strconv.Atoi(name)
		if err != nil || n < 1 || by[n] != nil {
			return nil, awserr.New(awserr.MalformedQueryString, "'%.32s' is not a number of a member of '%s', from 1 on.", name, path)
		}
		numbers, by[n] = append(numbers, n), m
	}
	slices.Sort(numbers)
	out := make([]*parameter, len(numbers))
	for i, n := range numbers {
		out[i] = by[n]
	}
	return out, nil
}
