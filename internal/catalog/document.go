package catalog

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// A catalog's text as a document: what stands in it, without what Parse makes of it.

// mapping is a map of a document, in the order of the text.
type mapping struct {
	keys   []string
	values map[string]any // *mapping, []any or plain
}

// plain is a value of a document that is neither map nor list.
type plain struct {
	form byte // s text, n number, b true or false, 0 nothing
	text string
}

func newMapping() *mapping { return &mapping{values: map[string]any{}} }

func (o *mapping) set(key string, v any) {
	if _, known := o.values[key]; !known {
		o.keys = append(o.keys, key)
	}
	o.values[key] = v
}

func (o *mapping) remove(key string) {
	delete(o.values, key)
	o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
}

// documentOf reads a node of the syntax tree.
func documentOf(node ast.Node) any {
	switch n := node.(type) {
	case *ast.MappingNode:
		o := newMapping()
		for _, v := range n.Values {
			o.set(value{node: v.Key}.source(), documentOf(v.Value))
		}
		return o
	case *ast.MappingValueNode:
		o := newMapping()
		o.set(value{node: n.Key}.source(), documentOf(n.Value))
		return o
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, v := range n.Values {
			list[i] = documentOf(v)
		}
		return list
	case *ast.NullNode, nil:
		return plain{form: '0'}
	case *ast.BoolNode:
		return plain{'b', strconv.FormatBool(n.Value)}
	case *ast.IntegerNode, *ast.FloatNode:
		return plain{'n', value{node: n}.source()}
	case *ast.LiteralNode:
		return plain{'s', n.Value.Value}
	case *ast.StringNode:
		return plain{'s', n.Value}
	default:
		return plain{'s', value{node: n}.source()}
	}
}

// merge adds the sections of another document to o: those that are maps in both become one.
func (o *mapping) merge(other *mapping) {
	for _, key := range other.keys {
		mine, here := o.values[key].(*mapping)
		theirs, there := other.values[key].(*mapping)
		if here && there {
			for _, k := range theirs.keys {
				mine.set(k, theirs.values[k])
			}
			continue
		}
		if was, known := o.values[key].(plain); known && was.form != '0' {
			continue
		}
		o.set(key, other.values[key])
	}
}

// Document returns the catalog's text as one JSON object: every section under its name, with
// the keys of the text, in the order of the text. Definitions of a section that names them,
// such as plans, are a list of objects that hold their key under "key"; prices are decimal
// strings; other numbers are as written. A bundle also says what it comes to: "costs" lists its
// prices in words and "gives" has by feature what its parts give. The version is that of the
// text ("c-…").
func (c *Catalog) Document() json.RawMessage {
	whole := newMapping()
	r := &reader{c: &Catalog{}}
	for _, p := range split("", c.text) {
		for _, d := range r.documents(p) {
			if o, ok := documentOf(d.node).(*mapping); ok {
				whole.merge(o)
			}
		}
	}
	out := newMapping()
	out.set("version", plain{'s', c.Version})
	for _, key := range []string{"currency", "currencies"} {
		if v, ok := whole.values[key]; ok {
			out.set(key, v)
		}
	}
	for _, key := range named {
		list := []any{}
		if section, ok := whole.values[key].(*mapping); ok {
			for _, k := range section.keys {
				d := newMapping()
				d.set("key", plain{'s', k})
				if body, ok := section.values[k].(*mapping); ok {
					for _, field := range body.keys {
						d.set(field, body.values[field])
					}
				}
				if bundle := c.Addons[k]; key == "bundles" && bundle != nil {
					c.comesTo(d, bundle)
				}
				list = append(list, d)
			}
		}
		out.set(key, list)
	}
	for _, key := range whole.keys {
		if _, done := out.values[key]; !done {
			out.set(key, whole.values[key])
		}
	}
	var b bytes.Buffer
	writeDocument(&b, out, "")
	return b.Bytes()
}

// comesTo adds to a bundle's document what is worked out from its parts.
func (c *Catalog) comesTo(d *mapping, bundle *Addon) {
	costs, gives := []any{}, newMapping()
	for _, currency := range c.Currencies {
		if words := bundle.Price.Words(currency); words != "" {
			costs = append(costs, plain{'s', words})
		}
	}
	for _, feature := range slices.Sorted(maps.Keys(bundle.Entitlements)) {
		gives.set(feature, plain{'s', bundle.Entitlements[feature].Words(c.Features[feature], c.Currency)})
	}
	d.set("costs", costs)
	d.set("gives", gives)
}

// named are the sections whose entries are definitions by key.
var named = []string{"meters", "features", "plans", "addons", "bundles", "profiles", "placements", "signals", "offers", "launches", "value", "milestones", "referrals", "surveys", "experiments"}

// writeDocument writes a document as JSON. path is dotted and tells prices from other numbers.
func writeDocument(b *bytes.Buffer, v any, path string) {
	switch v := v.(type) {
	case *mapping:
		b.WriteByte('{')
		for i, key := range v.keys {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoted(key))
			b.WriteByte(':')
			writeDocument(b, v.values[key], path+"."+key)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, one := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeDocument(b, one, path)
		}
		b.WriteByte(']')
	case plain:
		switch {
		case v.form == '0':
			b.WriteString("null")
		case v.form == 'b', v.form == 'n' && json.Valid([]byte(v.text)) && !isPrice(path):
			b.WriteString(v.text)
		default:
			b.WriteString(quoted(v.text))
		}
	}
}

// isPrice says whether what stands at a path is an amount of money: anything below a price but
// the quantities of its tiers.
func isPrice(path string) bool {
	last := path[strings.LastIndexByte(path, '.')+1:]
	if !strings.Contains(path+".", ".price.") {
		return last == "worth" && strings.HasPrefix(path, ".value.")
	}
	return last != "to" && last != "included" && last != "unit"
}

// quoted writes a text as JSON does, without escapes for HTML. YAML reads it the same.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // of a string it cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// readDocument reads JSON as a document. Numbers stay as written.
func readDocument(text json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readToken(d)
	if err == nil {
		if _, more := d.Token(); more == nil {
			return nil, errTrailing
		}
	}
	return v, err
}

func readToken(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			list := []any{}
			for d.More() {
				one, err := readToken(d)
				if err != nil {
					return nil, err
				}
				list = append(list, one)
			}
			_, err = d.Token()
			return list, err
		}
		o := newMapping()
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			one, err := readToken(d)
			if err != nil {
				return nil, err
			}
			o.set(key.(string), one)
		}
		_, err = d.Token()
		return o, err
	case string:
		return plain{'s', t}, nil
	case json.Number:
		return plain{'n', t.String()}, nil
	case bool:
		return plain{'b', strconv.FormatBool(t)}, nil
	}
	return plain{form: '0'}, nil
}

// same says whether two documents hold the same. The order of keys in a map means nothing.
func same(a, b any) bool {
	switch a := a.(type) {
	case *mapping:
		o, ok := b.(*mapping)
		if !ok || len(a.values) != len(o.values) {
			return false
		}
		for key, v := range a.values {
			w, known := o.values[key]
			if !known || !same(v, w) {
				return false
			}
		}
		return true
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, same)
	}
	p, ok := b.(plain)
	return ok && a == p
}

// Files parts a text that Bundle made into its files, by name; a text of one file is
// catalog.yaml.
func Files(text []byte) map[string][]byte {
	files := map[string][]byte{}
	for _, p := range split(onlyFile, text) {
		files[p.file] = append(files[p.file], p.text...)
	}
	return files
}
