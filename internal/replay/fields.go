package replay

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// fieldsOf opens a value into its parts by path, in order: fields, members of maps,
// elements of lists. What is no struct and writes itself as JSON is one part; zero values are left out. Of the
// outermost type only exported fields are parts: its others are memory that is made from them.
func fieldsOf(v any) []Field {
	var out []Field
	open(reflect.ValueOf(v), "", func(path, value string) { out = append(out, Field{path, value}) })
	slices.SortFunc(out, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func open(v reflect.Value, path string, add func(path, value string)) {
	if !v.IsValid() || v.IsZero() {
		return
	}
	if text, ok := written(v); ok {
		add(path, text)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		open(v.Elem(), path, add)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if path == "" && !f.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" {
				name = strings.ToLower(f.Name)
			}
			if f.Anonymous {
				open(v.Field(i), path, add)
				continue
			}
			open(v.Field(i), join(path, name), add)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			open(v.MapIndex(k), join(path, fmt.Sprint(k)), add)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			add(path, fmt.Sprintf("%x", v))
			return
		}
		for i := range v.Len() {
			open(v.Index(i), fmt.Sprintf("%s[%d]", path, i), add)
		}
	default:
		add(path, fmt.Sprint(v))
	}
}

// written returns how a value writes itself as JSON, if it does.
func written(v reflect.Value) (string, bool) {
	if !v.CanInterface() { // of an unexported field: a simple value can be made again
		again := reflect.New(v.Type()).Elem()
		switch {
		case v.CanInt():
			again.SetInt(v.Int())
		case v.CanUint():
			again.SetUint(v.Uint())
		case v.Kind() == reflect.String:
			again.SetString(v.String())
		default:
			return "", false
		}
		v = again
	}
	if k := v.Kind(); k == reflect.Pointer || k == reflect.Interface || k == reflect.Struct { // these are opened
		return "", false
	}
	m, ok := reflect.TypeAssert[json.Marshaler](v)
	if !ok {
		return "", false
	}
	b, err := m.MarshalJSON()
	return strings.Trim(string(b), `"`), err == nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// difference is a path with two values, "nothing" where one side has none.
type difference struct{ path, a, b string }

// differing returns what differs between two lists of fields, which are in order.
func differing(a, b []Field) []difference {
	var out []difference
	const none = "nothing"
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Path < b[0].Path:
			out = append(out, difference{a[0].Path, a[0].Value, none})
			a = a[1:]
		case len(a) == 0 || b[0].Path < a[0].Path:
			out = append(out, difference{b[0].Path, none, b[0].Value})
			b = b[1:]
		default:
			if a[0].Value != b[0].Value {
				out = append(out, difference{a[0].Path, a[0].Value, b[0].Value})
			}
			a, b = a[1:], b[1:]
		}
	}
	return out
}
