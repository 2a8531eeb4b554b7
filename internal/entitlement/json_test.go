package entitlement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// same compares what AppendJSON writes with what encoding/json does.
func same(t interface {
	Helper()
	Fatalf(string, ...any)
}, what string, got []byte, v any) {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: AppendJSON writes\n%s\nencoding/json\n%s", what, got, want)
	}
}

// fill gives a value that is not empty, down to every field, and calls f after each.
func fill(v reflect.Value, path string, f func(path string)) {
	switch x := v.Addr().Interface().(type) {
	case *clock.Time:
		*x = 1_700_000_000_123_456
		f(path)
		return
	case *money.Amount:
		*x = money.Of(14_900, "USD")
		f(path)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1_500_000)
	case reflect.Float64:
		v.SetFloat(0.0065)
	case reflect.String:
		v.SetString("a text of " + path)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f(path)
		fill(v.Elem(), path, f)
		return
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		f(path + " (empty)")
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	default:
		panic("json_test.go cannot fill " + path + " of kind " + v.Kind().String())
	}
	f(path)
}

func TestEveryFieldOfAnAnswerIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	var a Answer
	same(t, "the zero answer", a.AppendJSON(nil), a)
	fill(reflect.ValueOf(&a).Elem(), "Answer", func(path string) { same(t, "with "+path, a.AppendJSON(nil), a) })
	var it Item
	same(t, "the zero item", it.AppendJSON(nil), it)
	fill(reflect.ValueOf(&it).Elem(), "Item", func(path string) { same(t, "with "+path, it.AppendJSON(nil), it) })

	// Alone too: a field that is only written beside others is written wrong.
	for _, typ := range []reflect.Type{reflect.TypeFor[Answer](), reflect.TypeFor[Content]()} {
		for i := range typ.NumField() {
			var it Item
			v := reflect.ValueOf(&it.Answer).Elem()
			if typ == reflect.TypeFor[Content]() {
				v = reflect.ValueOf(&it.Content).Elem()
			}
			fill(v.Field(i), typ.Field(i).Name, func(path string) { same(t, "with only "+path, it.AppendJSON(nil), it) })
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Source](), reflect.TypeFor[Unlock]()} {
		for i := range typ.NumField() {
			a := Answer{Sources: make([]Source, 1), Unlock: make([]Unlock, 1)}
			v := reflect.ValueOf(&a.Sources[0]).Elem()
			if typ == reflect.TypeFor[Unlock]() {
				v = reflect.ValueOf(&a.Unlock[0]).Elem()
			}
			fill(v.Field(i), typ.Name()+"."+typ.Field(i).Name, func(path string) { same(t, "with only "+path, a.AppendJSON(nil), a) })
		}
	}
}

func TestTextsAndNumbersAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	for _, s := range []string{"", "plain", `"quoted"`, `back\slash`, "<b>&</b>", "tab\tline\n", "\x00\x1f\x7f", "Ümläut", "日本", "\u2028\u2029", "not UTF-8: \xff\xc3(", "😀"} {
		a := Answer{Message: s, Feature: s, Value: s, Unlock: []Unlock{{Title: s}}}
		same(t, fmt.Sprintf("the text %q", s), a.AppendJSON(nil), a)
	}
	for _, f := range []float64{0, 1, 0.0065, 1e-7, 1e21, 123456789.125, math.SmallestNonzeroFloat64, math.MaxFloat64} {
		a := Answer{StandardError: f}
		same(t, fmt.Sprint("the number ", f), a.AppendJSON(nil), a)
	}
}

// drawn fills a value with anything.
func drawn(t *rapid.T, v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Int, reflect.Int64:
		switch v.Addr().Interface().(type) {
		case *clock.Time: // of years that RFC 3339 knows
			v.SetInt(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-62_000_000_000_000_000, 253_000_000_000_000_000)).Draw(t, name))
		default:
			v.SetInt(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, name))
		}
	case reflect.Float64:
		v.SetFloat(rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1)).Draw(t, name))
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[a-z_:]{1,12}`), rapid.String()).Draw(t, name))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, name+"?") {
			v.Set(reflect.New(v.Type().Elem()))
			drawn(t, v.Elem(), name)
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(t, name+" n"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				drawn(t, v.Index(i), name)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			drawn(t, v.Field(i), strings.TrimPrefix(name+"."+v.Type().Field(i).Name, "."))
		}
	default:
		t.Fatalf("json_test.go cannot draw %s of kind %s", name, v.Kind())
	}
}

func TestAnyAnswerIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var it Item
		drawn(t, reflect.ValueOf(&it).Elem(), "")
		same(t, "an item", it.AppendJSON(nil), it)
		same(t, "its answer", it.Answer.AppendJSON([]byte{}), it.Answer)
	})
}

func BenchmarkAnswerJSON(b *testing.B) {
	var a Answer
	fill(reflect.ValueOf(&a).Elem(), "Answer", func(string) {})
	a.Sources, a.Unlock, a.StandardError = a.Sources[:1], []Unlock{}, 0
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = a.AppendJSON(buf[:0])
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(&a); err != nil {
				b.Fatal(err)
			}
		}
	})
}
