package sheet

import (
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/headroomhq/headroom/internal/fault"
)

// Mapping says which column of a file fills which target column, for one or more kinds of
// file. It is kept beside the catalog, as YAML:
//
//	version: 1
//	subscriptions:
//	  account: account_id                                   # a column of the file
//	  interval: {from: billing_frequency, values: {monthly: month, annual: year}}
//	  amount: {choose: billing_frequency, from: {monthly: mrr_amount, annual: arr_amount}}
//	  started_at: {from: start, format: DD/MM/YYYY}
//	  currency: {constant: USD}
//	accounts:
//	  account: account_id
//	  traits: [industry, country]
type Mapping struct {
	Name     string
	sections map[Kind]*section
}

type section struct {
	sources map[string]*source // by target column
	traits  []string
}

// source says where the values of a target column come from.
type source struct {
	from     string            // a column
	choose   string            // a column whose value names, through choices, the column
	choices  map[string]string // value of choose -> column
	values   map[string]string // value found -> value meant; others stay as they are
	constant *string
	format   string // of dates, in letters: DD/MM/YYYY
	comma    bool   // numbers are written 1.234,50
	point    bool   // numbers are written 1,234.50
	// inclusive says that ended_at names the last day paid for, not the first one no longer.
	inclusive bool
	round     bool // amounts with too many decimals are rounded
}

// columns lists the columns of the file that s reads.
func (s *source) columns() []string {
	var out []string
	if s.from != "" {
		out = append(out, s.from)
	}
	if s.choose != "" {
		out = append(out, s.choose)
		for _, c := range s.choices {
			out = append(out, c)
		}
	}
	sort.Strings(out)
	return out
}

// ParseMapping reads a mapping file; name is used in messages. Everything unknown is an
// error (mapping_invalid) that names the line and the mend.
func ParseMapping(name string, text []byte) (*Mapping, error) {
	if len(text) > 1<<20 {
		return nil, fault.New(fault.TooLarge, "mapping_too_large", "%s: a mapping of %d bytes", name, len(text)).
			WithMend("keep it below 1 MiB")
	}
	p := mappingParser{name: name}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fault.New(fault.Invalid, "mapping_invalid", "%s: not YAML: %s", name, fault.Shorten(first)).
			WithMend("see docs/guides/your-exports.md for an example").WithCause(err)
	}
	m := &Mapping{Name: name, sections: map[Kind]*section{}}
	for _, doc := range f.Docs {
		if doc.Body != nil {
			p.file(m, doc.Body)
		}
	}
	if p.err == nil && len(m.sections) == 0 {
		p.fail(nil, "it maps nothing", "add a section accounts, subscriptions or usage")
	}
	if p.err != nil {
		return nil, p.err
	}
	return m, nil
}

// fit counts the columns of the file that the section for kind reads, and says whether all
// of them are there.
func (m *Mapping) fit(kind Kind, columns []string) (n int, all bool) {
	s := m.sections[kind]
	if s == nil {
		return 0, false
	}
	for _, src := range s.sources {
		for _, c := range src.columns() {
			if indexOf(columns, c) < 0 {
				return n, false
			}
			n++
		}
	}
	for _, c := range s.traits {
		if indexOf(columns, c) >= 0 {
			n++
		}
	}
	return n, true
}

// meant finds the kind whose section was written for a file with these columns although
// some of its columns are missing: it has most of them, and more than any other kind's; empty
// when there is none.
func (m *Mapping) meant(columns []string) Kind {
	best, most := Kind(""), 0
	for _, kind := range Kinds() {
		s := m.sections[kind]
		if s == nil || looksLike(kind, columns) {
			continue
		}
		have, all := 0, 0
		for _, src := range s.sources {
			for _, c := range src.columns() {
				if all++; indexOf(columns, c) >= 0 {
					have++
				}
			}
		}
		if have*2 > all && have > most {
			best, most = kind, have
		}
	}
	return best
}

// Merge adds the sections of other mappings, so that each kind of file may have its own
// mapping file. A kind mapped twice is an error.
func (m *Mapping) Merge(other *Mapping) error {
	for kind, s := range other.sections {
		if m.sections[kind] != nil {
			return fault.New(fault.Invalid, "mapping_invalid", "%s and %s both map %s", m.Name, other.Name, kind).
				WithMend("keep one of the two")
		}
		m.sections[kind] = s
	}
	return nil
}

func indexOf(columns []string, name string) int {
	for i, c := range columns {
		if c == name {
			return i
		}
	}
	for i, c := range columns { // what a person would call the same name
		if normal(c) == normal(name) {
			return i
		}
	}
	return -1
}

// mappingParser keeps the first error.
type mappingParser struct {
	name string
	err  error
}

func (p *mappingParser) fail(n ast.Node, what, mend string) {
	if p.err != nil {
		return
	}
	line := 1
	if n != nil && n.GetToken() != nil {
		line = n.GetToken().Position.Line
	}
	p.err = fault.New(fault.Invalid, "mapping_invalid", "%s:%d: %s", p.name, line, what).WithMend("%s", mend)
}

// each calls f for the keys of a mapping node.
func (p *mappingParser) each(n ast.Node, what string, f func(key string, at, value ast.Node)) {
	if p.err != nil {
		return
	}
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		p.fail(n, what+" is no mapping of names", "write it as name: value")
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		key := p.text(v.Key)
		if seen[key] {
			p.fail(v.Key, "the name "+fault.Shorten(key)+" occurs twice", "keep one of the two")
		}
		seen[key] = true
		f(key, v.Key, v.Value)
	}
}

// text returns a scalar as it is written: True stays True.
func (p *mappingParser) text(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.NullNode:
		return ""
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.NanNode, *ast.InfinityNode, *ast.LiteralNode:
		return n.GetToken().Value
	}
	p.fail(n, "a name or a value is wanted here", "write plain text, in quotes if need be")
	return ""
}

func (p *mappingParser) file(m *Mapping, n ast.Node) {
	p.each(n, "the file", func(key string, at, v ast.Node) {
		switch Kind(key) {
		case "version":
			if p.text(v) != "1" {
				p.fail(v, "version "+fault.Shorten(p.text(v))+" is not known", "write version: 1")
			}
		case Accounts, Subscriptions, Usage, Surveys, Tickets, Activities, Facts:
			m.sections[Kind(key)] = p.section(Kind(key), v)
		default:
			p.fail(at, "unknown section "+fault.Shorten(key), "the sections are accounts, subscriptions, usage, surveys, tickets, activities and facts")
		}
	})
}

func (p *mappingParser) section(kind Kind, n ast.Node) *section {
	s := &section{sources: map[string]*source{}}
	var names []string
	for _, t := range targets[kind] {
		names = append(names, t.name)
	}
	p.each(n, "the section "+string(kind), func(key string, at, v ast.Node) {
		if key == "traits" && kind == Accounts {
			seq, ok := v.(*ast.SequenceNode)
			if !ok {
				p.fail(v, "traits is no list", "write traits: [industry, country]")
				return
			}
			for _, item := range seq.Values {
				s.traits = append(s.traits, p.text(item))
			}
			return
		}
		if slices.Contains(names, key) {
			s.sources[key] = p.source(key, v)
			return
		}
		p.fail(at, string(kind)+" have no column "+fault.Shorten(key), "the columns are "+strings.Join(names, ", "))
	})
	return s
}

func (p *mappingParser) source(target string, n ast.Node) *source {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		src := &source{from: p.text(n)}
		if src.from == "" {
			p.fail(n, target+" names no column", `write the name of a column, or {constant: ""}`)
		}
		return src
	}
	s := &source{}
	p.each(n, target, func(key string, at, v ast.Node) {
		switch key {
		case "from":
			switch v.(type) {
			case *ast.MappingNode, *ast.MappingValueNode:
				s.choices = p.table(v)
			default:
				s.from = p.text(v)
			}
		case "choose":
			s.choose = p.text(v)
		case "values":
			s.values = p.table(v)
		case "constant":
			c := p.text(v)
			s.constant = &c
		case "format":
			s.format = p.text(v)
			if _, err := goLayout(s.format); err != nil {
				p.fail(v, err.Error(), "write it with YYYY, MM, DD, hh, mm and ss, or unix, unix_ms: DD/MM/YYYY")
			}
		case "decimal":
			s.comma, s.point = p.text(v) == "comma", p.text(v) == "point"
			if !s.comma && !s.point {
				p.fail(v, "decimal "+fault.Shorten(p.text(v))+" is not known", "write decimal: comma, or point")
			}
		case "inclusive":
			if s.inclusive = p.text(v) == "true"; target != "ended_at" {
				p.fail(at, target+" cannot be inclusive", "only ended_at can: {from: last_day, inclusive: true}")
			}
		case "round":
			s.round = p.text(v) == "true"
		default:
			p.fail(at, target+" has no setting "+fault.Shorten(key),
				"the settings are from, choose, values, constant, format, decimal, inclusive and round")
		}
	})
	switch {
	case p.err != nil:
	case s.constant != nil && (s.from != "" || s.choose != ""):
		p.fail(n, target+" has both a constant and a column", "keep one of the two")
	case (s.choose == "") != (len(s.choices) == 0):
		p.fail(n, target+" chooses a column but not by what, or from nothing",
			"write {choose: column, from: {value: column, other: column}}")
	case s.constant == nil && s.from == "" && s.choose == "":
		p.fail(n, target+" names no column", "write from: column, or constant: value")
	}
	return s
}

func (p *mappingParser) table(n ast.Node) map[string]string {
	out := map[string]string{}
	p.each(n, "a table of values", func(key string, _, v ast.Node) { out[key] = p.text(v) })
	return out
}
