package awsxml

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// shape is what the tags of a struct say.
type shape struct {
	fields []field
	byName map[string]int
}

// field is one of its fields.
type field struct {
	name      string
	index     int
	repeated  bool
	required  bool
	min, max  float64 // -Inf and +Inf where there is no bound
	enum      []string
	facet     []string
	pattern   *regexp.Regexp
	patternIn string // as the tag spells it
	xsd       string
}

var shapes sync.Map // reflect.Type -> *shape

// shapeOf returns the shape of a struct type.
func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{byName: make(map[string]int)}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("xml"), ",")
		if name == "" || name == "-" {
			continue
		}
		s.byName[name] = len(s.fields)
		s.fields = append(s.fields, newField(name, i, t.Field(i)))
	}
	shapes.Store(t, s)
	return s
}

func newField(name string, index int, sf reflect.StructField) field {
	f := field{name: name, index: index, repeated: sf.Type.Kind() == reflect.Slice, min: math.Inf(-1), max: math.Inf(1), xsd: sf.Tag.Get("xsd")}
	for option := range strings.SplitSeq(sf.Tag.Get("aws"), ",") {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "required":
			f.required = true
		case "min":
			f.min = mustFloat(value)
		case "max":
			f.max = mustFloat(value)
		}
	}
	f.enum, f.facet = split(sf.Tag.Get("enum")), split(sf.Tag.Get("facet"))
	if p := sf.Tag.Get("pattern"); p != "" {
		f.patternIn, f.pattern = p, regexp.MustCompile(`\A(?:`+p+`)\z`)
	}
	return f
}

func mustFloat(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err) // impossible: tags are constants, and tests read them
	}
	return n
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

// expected returns the names of the fields that may still come.
func (s *shape) expected(namespace string, seen []int) string {
	var names []string
	for i, f := range s.fields {
		if seen[i] == 0 || f.repeated {
			names = append(names, fmt.Sprintf("\"%s\":%s", namespace, f.name))
		}
	}
	return strings.Join(names, ", ")
}
