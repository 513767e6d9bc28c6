package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// decode reads the next value into v, a pointer to a struct. Where that does
// not fit, it returns a reason for each member that is at fault; members that
// fit are set all the same. Only errors that end the reading are returned as
// err.
func (r *jsonReader) decode(v any) (reasons []error, err error) {
	start := r.offset()
	if err := r.dec.Decode(v); err == nil {
		return nil, nil
	}
	end := int(r.dec.InputOffset())
	if start >= end || !json.Valid(r.data[start:end]) {
		return nil, r.syntax(errStop)
	}
	target := reflect.ValueOf(v).Elem()
	target.SetZero()
	return strict(r.data[start:end], target, ""), nil
}

// strict sets v from raw and returns why not, member by member. Path is the
// member's own name with those above it.
func strict(raw []byte, v reflect.Value, path string) []error {
	switch v.Kind() {
	case reflect.Pointer:
		if string(raw) == "null" {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return strict(raw, v.Elem(), path)
	case reflect.Struct:
		return strictStruct(raw, v, path)
	case reflect.Slice:
		return strictSlice(raw, v, path)
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		return []error{mismatch(raw, v, path)}
	}
	return nil
}

func strictStruct(raw []byte, v reflect.Value, path string) []error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, _ := dec.Token(); t != json.Delim('{') {
		return []error{mismatch(raw, v, path)}
	}
	var reasons []error
	for dec.More() {
		key, _ := dec.Token()
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return append(reasons, err)
		}
		name := strings.TrimPrefix(path+"."+key.(string), ".")
		field := v.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, key.(string)) })
		if !field.IsValid() {
			reasons = append(reasons, fmt.Errorf("unknown field %q", name))
			continue
		}
		reasons = append(reasons, strict(value, field, name)...)
	}
	return reasons
}

func strictSlice(raw []byte, v reflect.Value, path string) []error {
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return []error{mismatch(raw, v, path)}
	}
	v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
	var reasons []error
	for i, e := range elements {
		reasons = append(reasons, strict(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
	}
	return reasons
}

// mismatch says what was found instead of v's kind.
func mismatch(raw []byte, v reflect.Value, path string) error {
	if path == "" {
		path = "the element"
	}
	shown := string(raw)
	if len(shown) > 60 {
		shown = strings.ToValidUTF8(shown[:60], "") + "..."
	}
	want := "text"
	switch v.Kind() {
	case reflect.Bool:
		want = "true or false"
	case reflect.Int64:
		want = "a whole number"
	case reflect.Struct:
		want = "an object"
	case reflect.Slice:
		want = "an array"
	}
	return fmt.Errorf("%s is %s, want %s", path, shown, want)
}
