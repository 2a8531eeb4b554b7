package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
)

// reader turns the syntax tree into definitions and keeps what it finds wrong.
type reader struct {
	c        *Catalog
	file     string // being read
	findings []Finding
	tokens   int
	work     int

	definitions int
	defined     map[string]Position        // where definitions were first seen, by path
	given       map[string]givenAs         // how entitlements were written, by path
	signs       map[string]map[string]bool // the keys an object has, by path
	rules       map[string]value           // conditions, by path
	plain       map[string]value           // entitlements written as one word or number, by path
	excluding   map[string]map[string]bool // what add-ons exclude, by add-on
	bundled     int                        // entitlements of all bundles
	late        []func()                   // compile conditions that need all names of the catalog
	signalNames *condition.Names
	scope       Scope // of the contact budgets being read
}

// value is a node with where it stands.
type value struct {
	node ast.Node
	path string
	pos  Position
}

// entry is one key of a map with its value.
type entry struct {
	key    string
	keyPos Position
	value  value
}

func (r *reader) report(severity Severity, code, path, given string, at Position, message, mend string) {
	if len(r.findings) >= maxFindings {
		return
	}
	r.findings = append(r.findings, Finding{
		Severity: severity, Code: code, Path: fault.Shorten(path), Value: fault.Shorten(given), Position: at,
		Message: message, Mend: mend,
	})
}

// wrong reports an error about a value that was read.
func (r *reader) wrong(v value, code, mend, format string, args ...any) {
	r.report(SeverityError, code, v.path, v.source(), v.pos, fmt.Sprintf(format, args...), mend)
}

// find reports something about the definition or value at path; its position is that of
// the nearest path above that has one.
func (r *reader) find(severity Severity, code, path, given, mend, format string, args ...any) {
	at, _ := r.c.PositionOf(path)
	r.report(severity, code, path, given, at, fmt.Sprintf(format, args...), mend)
}

// source returns the value as it stands in the text; empty for maps and lists.
func (v value) source() string {
	switch n := v.node.(type) {
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode, nil:
		return ""
	default:
		if t := n.GetToken(); t != nil {
			return t.Value
		}
		return ""
	}
}

// kind names what a value is in plain words.
func (v value) kind() string {
	switch v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode, nil:
		return "nothing"
	case *ast.BoolNode:
		return v.source()
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	default:
		return "text"
	}
}

func (r *reader) child(v value, key string, node ast.Node, fallback Position) value {
	c := value{node: node, path: key, pos: fallback}
	if v.path != "" {
		c.path = v.path + "." + key
	}
	if strings.HasPrefix(key, "[") {
		c.path = v.path + key
	}
	if t := tokenOf(node); t != nil {
		c.pos.Line, c.pos.Column = max(t.Line, 1), max(t.Column, 1)
	}
	return c
}

type place struct{ Line, Column int }

// tokenOf returns where a node begins; of a block map that is its first key.
func tokenOf(node ast.Node) *place {
	if m, ok := node.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		node = m.Values[0]
	}
	if m, ok := node.(*ast.MappingValueNode); ok {
		node = m.Key
	}
	if node == nil {
		return nil
	}
	t := node.GetToken()
	if t == nil || t.Position == nil {
		return nil
	}
	return &place{t.Position.Line, t.Position.Column}
}

// entries returns the keys of a map in the order of the text; anything but a map is
// reported. Duplicate keys are reported and left out.
func (r *reader) entries(v value, what string) []entry {
	var nodes []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		nodes = n.Values
	case *ast.MappingValueNode:
		nodes = []*ast.MappingValueNode{n}
	default:
		r.wrong(v, "wrong_type", "write "+what, "this is %s, a map is wanted", v.kind())
		return nil
	}
	first := map[string]int{}
	var entries []entry
	for _, n := range nodes {
		keyPos := Position{File: v.pos.File, Line: v.pos.Line, Column: v.pos.Column}
		if t := tokenOf(n.Key); t != nil {
			keyPos.Line, keyPos.Column = t.Line, t.Column
		}
		key := value{node: n.Key}.source()
		child := r.child(v, key, n.Value, keyPos)
		if line, again := first[key]; again {
			r.report(SeverityError, "duplicate_key", child.path, key, keyPos,
				fmt.Sprintf("%q is here a second time, first in line %d", key, line), "keep one of the two")
			continue
		}
		first[key] = keyPos.Line
		entries = append(entries, entry{key, keyPos, child})
		r.c.positions[child.path] = child.pos
	}
	return entries
}

// field reads one key of an object.
type field[T any] struct {
	key  string
	read func(r *reader, v value, into *T)
}

// thousands is what a number leaves of itself where it is written 1,000 between braces.
var thousands = regexp.MustCompile(`^[0-9]{3}(\.[0-9]+)?$`)

// object reads a map with known keys; unknown ones are errors.
func object[T any](r *reader, v value, fields []field[T], into *T) {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	has := map[string]bool{}
	if k := v.kind(); k == "a map" {
		r.signs[v.path] = has
	}
	for _, e := range r.entries(v, "{"+keys[0]+": …}") {
		i := slices.Index(keys, e.key)
		if i < 0 {
			mend := "known keys: " + strings.Join(keys, ", ")
			if near := condition.Nearest(e.key, keys); near != "" {
				mend = "did you mean " + near + "? " + mend
			} else if thousands.MatchString(e.key) && e.value.kind() == "nothing" {
				mend = "numbers have no thousands separators: a comma ends the value before it; " + mend
			} else if strings.Contains(e.key, " ") && e.value.kind() == "nothing" {
				mend = "put text with a comma in quotes: a comma between braces ends it; " + mend
			}
			where := v.path
			if where == "" {
				where = "a catalog"
			}
			r.report(SeverityError, "unknown_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q is not a key of %s", e.key, where), mend)
			continue
		}
		has[e.key] = true
		fields[i].read(r, e.value, into)
	}
}

// has says whether the object at path was given key.
func (r *reader) has(path, key string) bool { return r.signs[path][key] }
