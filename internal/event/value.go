package event

import (
	"encoding/json"
	"math"
	"strconv"
)

// ValueOf returns a Go value as a property's value: nil, bool, string, json.Number and the
// numbers encoding/json and YAML make. It says false of anything else, and of NaN and infinity.
func ValueOf(v any) (Value, bool) {
	switch v := v.(type) {
	case nil:
		return Value{}, true
	case bool:
		return Value{Bool, strconv.FormatBool(v)}, true
	case string:
		return Value{String, v}, true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Value{}, false
		}
		format := byte('f')
		if math.Abs(v) >= 1e21 || v != 0 && math.Abs(v) < 1e-6 {
			format = 'e'
		}
		return Value{Number, strconv.FormatFloat(v, format, -1, 64)}, true
	case int:
		return Value{Number, strconv.Itoa(v)}, true
	case int64:
		return Value{Number, strconv.FormatInt(v, 10)}, true
	case json.Number:
		sc := newScanner([]byte(v))
		if text, ok := sc.number(); ok && sc.i == len(sc.b) && inRange(text) {
			return Value{Number, text}, true
		}
	}
	return Value{}, false
}

// AppendJSON appends {"n":name,"v":value} to dst, the form in which a property is sealed.
// The name and text must be UTF-8.
func (p *Prop) AppendJSON(dst []byte) []byte {
	dst = appendQuoted(append(dst, `{"n":`...), p.Name)
	return append(appendValue(append(dst, `,"v":`...), p.Value), '}')
}

// PropOf reads what AppendJSON wrote.
func PropOf(text []byte) (p Prop, ok bool) {
	sc := newScanner(append([]byte(nil), text...))
	if !sc.open('{') {
		return p, false
	}
	for first := true; sc.more('}', first); first = false {
		name, ok := sc.key()
		if !ok {
			return p, false
		}
		v, ok := sc.scalar()
		if !ok {
			return p, false
		}
		if name == "n" {
			p.Name = v.Text
		} else {
			p.Value = v
		}
	}
	return p, sc.why == "" && sc.end()
}
