package replay

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
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
		openStruct(v, path, add)
	case reflect.Map:
		for _, k := range v.MapKeys() {
			open(v.MapIndex(k), join(path, readable(fmt.Sprint(k))), add)
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
		add(path, said(v))
	}
}

func openStruct(v reflect.Value, path string, add func(path, value string)) {
	if v.Type() == typeAmount {
		add(path, money.Of(money.Minor(v.FieldByName("Minor").Int()), currencyOf(v)).String())
		return
	}
	for i := range v.NumField() {
		f, part := v.Type().Field(i), v.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			name = snake(f.Name)
		}
		switch {
		case path == "" && !f.IsExported():
		case f.Anonymous:
			open(part, path, add)
		case f.Type == typeMinor && !part.IsZero() && currencyOf(v) != "":
			add(join(path, name), money.Of(money.Minor(part.Int()), currencyOf(v)).String())
		case f.Type == typeTwelfths && !part.IsZero() && currencyOf(v) != "":
			add(join(path, name), monthly(money.Twelfths(part.Int()), currencyOf(v)))
		case f.Type == typeWindow: // with its width it is a period as the catalog writes it
			var width clock.Time
			if w := v.FieldByName("width"); w.IsValid() {
				width = clock.Time(w.Int())
			}
			add(join(path, "window"), string(catalog.PeriodOf(catalog.WindowKind(part.Uint()), width)))
		case f.Name == "width" && f.Type == typeTime: // said above
		default:
			open(part, join(path, name), add)
		}
	}
}

// What people read otherwise than it is kept.
var (
	typeAmount   = reflect.TypeFor[money.Amount]()
	typeMinor    = reflect.TypeFor[money.Minor]()
	typeTwelfths = reflect.TypeFor[money.Twelfths]()
	typeWindow   = reflect.TypeFor[catalog.WindowKind]()
	typeTime     = reflect.TypeFor[clock.Time]()
)

// currencyOf returns the currency beside an amount in a struct, empty when it says none.
func currencyOf(v reflect.Value) money.Currency {
	c := v.FieldByName("Currency")
	if !c.IsValid() || c.Kind() != reflect.String {
		return ""
	}
	return money.Currency(c.String())
}

// monthly shows recurring revenue exactly: what twelve does not divide is said besides.
func monthly(t money.Twelfths, c money.Currency) string {
	whole, rest := money.Minor(t/12), int64(t%12)
	if rest == 0 {
		return money.Of(whole, c).String()
	}
	return fmt.Sprintf("%s and %d/12 of its smallest unit", money.Of(whole, c), rest)
}

// said returns a simple value for people: no number that stands for never, and nothing that
// a terminal does not show.
func said(v reflect.Value) string {
	if v.CanInt() && v.Type().Kind() == reflect.Int64 && v.Int() == math.MaxInt64 {
		return "never"
	}
	if v.Kind() != reflect.String {
		return fmt.Sprint(v)
	}
	return readable(v.String())
}

// readable returns text with what stands between the values of a part as a bar, and in
// quotes when there are other signs in it that are not seen.
func readable(text string) string {
	text = strings.ReplaceAll(text, "\x1f", " | ")
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// snake returns a field's name as the API writes names: nextNumber is next_number.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
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
