package awsxml

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Decode reads a document with a root element into v, a pointer to a struct.
// Elements are in namespace, or in none. It returns a *[SchemaError], a
// *[RootError], or a [ConstraintErrors] that holds every constraint that is
// broken.
func Decode(data []byte, root, namespace string, v any) error {
	tree, err := parse(data)
	if err != nil {
		return err
	}
	if tree.name != root {
		return &RootError{Got: tree.name, Want: root}
	}
	d := &decoder{namespace: namespace}
	if err := d.structure(tree, reflect.ValueOf(v).Elem(), ""); err != nil {
		return err
	}
	if len(d.constraints) > 0 {
		return d.constraints
	}
	return nil
}

// decoder fills structs and collects broken constraints.
type decoder struct {
	namespace   string
	constraints ConstraintErrors
}

// structure fills a struct from the children of e. path is where it stands, as
// the service's validator names it.
func (d *decoder) structure(e *element, v reflect.Value, path string) error {
	if len(e.children) == 0 && strings.TrimSpace(e.text) != "" {
		return e.fault("cvc-complex-type.2.3: Element '%s' cannot have character [children], because the type's content type is element-only.", e.name)
	}
	t := shapeOf(v.Type())
	seen := make([]int, len(t.fields))
	for _, c := range e.children {
		i, ok := t.byName[c.name]
		if !ok || c.space != "" && c.space != d.namespace || seen[i] > 0 && !t.fields[i].repeated {
			return c.fault("cvc-complex-type.2.4.a: Invalid content was found starting with element '%s'. One of '{%s}' is expected.", c.name, t.expected(d.namespace, seen))
		}
		seen[i]++
		if err := d.child(c, &t.fields[i], v.Field(t.fields[i].index), path, seen[i]); err != nil {
			return err
		}
	}
	for i, f := range t.fields {
		if f.required && seen[i] == 0 {
			return e.fault("cvc-complex-type.2.4.b: The content of element '%s' is not complete. One of '{\"%s\":%s}' is expected.", e.name, d.namespace, f.name)
		}
		if f.repeated && float64(seen[i]) < f.min {
			d.constraints.add(path, "["+strings.TrimSpace(e.text)+"]", fmt.Sprintf("have length greater than or equal to %v", f.min))
		}
		if f.repeated && float64(seen[i]) > f.max {
			d.constraints.add(path, fmt.Sprintf("[%d members]", seen[i]), fmt.Sprintf("have length less than or equal to %v", f.max))
		}
	}
	return nil
}

// child reads one child into its field; n is its number among its like.
func (d *decoder) child(c *element, f *field, v reflect.Value, path string, n int) error {
	if f.repeated {
		member := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(c, f, member, join(path, fmt.Sprintf("%d.member", n))); err != nil {
			return err
		}
		v.Set(reflect.Append(v, member))
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	return d.value(c, f, v, join(path, lowerFirst(f.name)))
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// value reads the text or the children of c.
func (d *decoder) value(c *element, f *field, v reflect.Value, path string) error {
	if v.Kind() == reflect.Struct {
		return d.structure(c, v, path)
	}
	if len(c.children) > 0 {
		return c.fault("cvc-type.3.1.2: Element '%s' is a simple type, so it must have no element information item [children].", c.name)
	}
	if v.Kind() == reflect.String {
		if err := f.checkSchema(c, c.text); err != nil {
			return err
		}
		v.SetString(c.text)
		d.checkText(f, path, c.text)
		return nil
	}
	text := strings.TrimSpace(c.text)
	if err := f.checkSchema(c, text); err != nil {
		return err
	}
	return d.scalar(c, f, v, path, text)
}

// scalar reads a number or a boolean.
func (d *decoder) scalar(c *element, f *field, v reflect.Value, path, text string) error {
	switch v.Kind() {
	case reflect.Bool:
		b, ok := map[string]bool{"true": true, "1": true, "false": false, "0": false}[text]
		if !ok {
			return c.badDatatype(text, "boolean")
		}
		v.SetBool(b)
	case reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return c.badDatatype(text, "integer")
		}
		v.SetInt(n)
		d.checkNumber(f, path, text, float64(n))
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return c.badDatatype(text, "double")
		}
		v.SetFloat(n)
		d.checkNumber(f, path, text, n)
	default:
		return fmt.Errorf("field %s has the unsupported type %v", f.name, v.Type())
	}
	return nil
}

func (e *element) badDatatype(text, datatype string) error {
	return e.fault("cvc-datatype-valid.1.2.1: '%.64s' is not a valid value for '%s'.", text, datatype)
}
