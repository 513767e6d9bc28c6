package cloudmap

import (
	"slices"
	"strings"
)

// The conditions of a filter.
const (
	conditionEQ      = "EQ"
	conditionIN      = "IN"
	conditionBetween = "BETWEEN"
	conditionBegins  = "BEGINS_WITH"
)

// ownerSelf is the one owner whose resources are listed.
const ownerSelf = "SELF"

type filter struct {
	Name      string   `json:"Name" aws:"required"`
	Values    []string `json:"Values" aws:"required" each:"min=1,max=255"`
	Condition string   `json:"Condition" enum:"EQ|IN|BETWEEN|BEGINS_WITH"`
}

// condition returns the filter's condition, EQ where none is given.
func (f *filter) condition() string {
	if f.Condition == "" {
		return conditionEQ
	}
	return f.Condition
}

// checkFilters returns an error where a filter has no name that rules knows, or
// a condition that they do not allow for it, or too few or many values.
func checkFilters(filters []filter, rules map[string][]string) error {
	seen := make(map[string]bool)
	for i := range filters {
		f := &filters[i]
		conditions, ok := rules[f.Name]
		switch {
		case !ok:
			return constraint("filters."+itoa(i+1)+".member.name", f.Name, "satisfy enum value set: ["+strings.Join(sortedNames(rules), ", ")+"]")
		case seen[f.Name]:
			return invalid("The filter %s is given more than once.", f.Name)
		case !slices.Contains(conditions, f.condition()):
			return invalid("The filter %s does not support the condition %s; it supports %s.", f.Name, f.condition(), strings.Join(conditions, ", "))
		case len(f.Values) == 0, f.condition() != conditionIN && len(f.Values) != f.wants():
			return invalid("The filter %s with the condition %s has %d values, %d expected.", f.Name, f.condition(), len(f.Values), f.wants())
		}
		seen[f.Name] = true
	}
	return nil
}

// wants returns how many values a filter must have, at least.
func (f *filter) wants() int {
	if f.condition() == conditionBetween {
		return 2
	}
	return 1
}

func sortedNames(rules map[string][]string) []string {
	names := make([]string, 0, len(rules))
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// matches tells whether values, by the names of filters, pass all of them.
// Filters whose name has no value there are passed.
func matches(filters []filter, values map[string]string) bool {
	for i := range filters {
		f := &filters[i]
		v, ok := values[f.Name]
		if ok && !f.matches(v) {
			return false
		}
	}
	return true
}

func (f *filter) matches(v string) bool {
	if f.condition() == conditionBegins {
		return strings.HasPrefix(v, f.Values[0])
	}
	return slices.Contains(f.Values, v)
}

// filterNames returns filters as parts of a list's name.
func filterNames(filters []filter) []string {
	var out []string
	for i := range filters {
		f := &filters[i]
		out = append(out, f.Name, f.condition(), strings.Join(f.Values, "\x02"))
	}
	return out
}
