package awsjson

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// field is a member of a struct and what its tags say.
type field struct {
	name      string // as errors spell it: the first letter in lower case
	index     int
	required  bool
	own, each rules
}

// rules bind a value.
type rules struct {
	min, max  float64 // -Inf and +Inf where there is no bound
	enum      []string
	pattern   *regexp.Regexp
	patternIn string // as the tag spells it
}

var shapes sync.Map // reflect.Type -> []*field

// fieldsOf returns the members of a struct type.
func fieldsOf(t reflect.Type) []*field {
	if s, ok := shapes.Load(t); ok {
		return s.([]*field)
	}
	var out []*field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "-" || !sf.IsExported() {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		f := &field{name: strings.ToLower(name[:1]) + name[1:], index: i}
		f.own = parseRules(sf.Tag.Get("aws"), sf.Tag.Get("enum"), sf.Tag.Get("pattern"))
		f.each = parseRules(sf.Tag.Get("each"), sf.Tag.Get("eachenum"), sf.Tag.Get("eachpattern"))
		f.required = strings.HasPrefix(sf.Tag.Get("aws"), "required")
		out = append(out, f)
	}
	shapes.Store(t, out)
	return out
}

func parseRules(bounds, enum, pattern string) rules {
	r := rules{min: math.Inf(-1), max: math.Inf(1)}
	for option := range strings.SplitSeq(bounds, ",") {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "min":
			r.min = mustFloat(value)
		case "max":
			r.max = mustFloat(value)
		}
	}
	if enum != "" {
		r.enum = strings.Split(enum, "|")
	}
	if pattern != "" {
		r.patternIn, r.pattern = pattern, regexp.MustCompile(`\A(?:`+pattern+`)\z`)
	}
	return r
}

func mustFloat(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err) // impossible: tags are constants, and tests read them
	}
	return n
}

// checked tells whether t is a struct whose members have rules.
func checked(t reflect.Type) bool { return t.Kind() == reflect.Struct && t != timeType }

var timeType = reflect.TypeFor[Time]()
