// Package message reads and writes texts in which values, plurals and choices stand: messages of
// ICU MessageFormat, by the plural rules and the numbers of each language.
package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Bounds that keep a hostile or mistaken text cheap.
const (
	MaxSource = 4096 // bytes of text
	maxDepth  = 8    // messages within messages
)

// Message is a compiled text. Immutable and safe for concurrent use.
type Message struct {
	parts []part
	names []string
}

// part is a piece of text, an argument, or a choice by one.
type part struct {
	text   string // literal
	name   string // of the argument; empty: literal text, or the number sign where sign is set
	kind   string // empty: as it is; number, plural, selectordinal or select
	style  string // of a number: empty, integer or percent
	sign   bool   // the # of a plural
	offset int64
	cases  []branch
}

// branch is what is said in one case: a category, =n, or a value of a select.
type branch struct {
	key   string
	exact bool // =n
	n     quantity.Quantity
	parts []part
}

// Error is what is wrong with a text. Line and Column count from 1 within it. It unwraps to a
// *fault.Error of code message_invalid.
type Error struct {
	Line    int
	Column  int
	Message string
	Mend    string
}

// Error returns where it is, the message and the mend.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s (%s)", e.Line, e.Column, e.Message, e.Mend)
}

// Unwrap returns the same as a fault.
func (e *Error) Unwrap() error {
	return fault.New(fault.Invalid, "message_invalid", "line %d, column %d: %s", e.Line, e.Column, e.Message).WithMend("%s", e.Mend)
}

// Names lists the arguments of the message, each once, in the order in which they first stand.
// The caller must not change it.
func (m *Message) Names() []string { return m.names }

// Case is what is said of one kind of number.
type Case struct {
	Name    string // of the argument
	Key     string // a category, such as few
	Ordinal bool
}

// Foreign lists the cases of plurals that numbers never have in the language, in their order:
// they are never said.
func (m *Message) Foreign(l *Language) []Case { return foreign(nil, m.parts, l) }

func foreign(found []Case, parts []part, l *Language) []Case {
	for i := range parts {
		p := &parts[i]
		for j := range p.cases {
			b := &p.cases[j]
			if ordinal := p.kind == "selectordinal"; p.kind != "select" && !b.exact && !slices.Contains(l.Plurals(ordinal), b.key) {
				found = append(found, Case{p.name, b.key, ordinal})
			}
			found = foreign(found, b.parts, l)
		}
	}
	return found
}

// Compile reads a text: {name}, {name, number}, {name, plural, one {…} other {…}} with =n,
// offset: and #, selectordinal, and select. An apostrophe before a brace quotes what follows, up
// to the next one; two are one. The error is an *Error.
func Compile(source string) (*Message, error) {
	p := parser{source: source}
	if len(source) > MaxSource {
		return nil, p.fail(0, "write a shorter one", "the text has %d bytes, the most is %d", len(source), MaxSource)
	}
	parts, err := p.message(0, false)
	if err != nil {
		return nil, err
	}
	return &Message{parts, p.names}, nil
}

type parser struct {
	source string
	at     int // next byte
	names  []string
}

func (p *parser) fail(at int, mend, format string, args ...any) *Error {
	before := p.source[:min(at, len(p.source))]
	line := strings.Count(before, "\n")
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	return &Error{line + 1, column + 1, fmt.Sprintf(format, args...), mend}
}

// message reads up to the end, or to the brace that closes it.
func (p *parser) message(depth int, inPlural bool) ([]part, error) {
	if depth > maxDepth {
		return nil, p.fail(p.at, "say it in fewer steps", "messages stand more than %d deep within messages", maxDepth)
	}
	var parts []part
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, part{text: text.String()})
			text.Reset()
		}
	}
	for p.at < len(p.source) {
		switch c := p.source[p.at]; {
		case c == '\'':
			p.quoted(&text, inPlural)
		case c == '{':
			flush()
			one, err := p.argument(depth)
			if err != nil {
				return nil, err
			}
			parts = append(parts, one)
		case c == '}' && depth == 0:
			return nil, p.fail(p.at, "remove it, or write '}' for a brace in the text", "a brace closes what was never opened")
		case c == '}':
			flush()
			return parts, nil
		case c == '#' && inPlural:
			flush()
			parts = append(parts, part{sign: true})
			p.at++
		default:
			text.WriteByte(c)
			p.at++
		}
	}
	if depth > 0 {
		return nil, p.fail(p.at, "close every brace with }", "the text breaks off inside a brace")
	}
	flush()
	return parts, nil
}

// quoted reads an apostrophe: alone it is one, before a brace (or # in a plural) it quotes.
func (p *parser) quoted(text *strings.Builder, inPlural bool) {
	rest := p.source[p.at+1:]
	switch {
	case strings.HasPrefix(rest, "'"):
		text.WriteByte('\'')
		p.at += 2
		return
	case rest == "" || !(rest[0] == '{' || rest[0] == '}' || rest[0] == '#' && inPlural):
		text.WriteByte('\'')
		p.at++
		return
	}
	for p.at++; p.at < len(p.source); p.at++ {
		if p.source[p.at] != '\'' {
			text.WriteByte(p.source[p.at])
			continue
		}
		if p.at++; !strings.HasPrefix(p.source[p.at:], "'") {
			return
		}
		text.WriteByte('\'')
	}
}

func (p *parser) space() {
	for p.at < len(p.source) && strings.IndexByte(" \t\r\n", p.source[p.at]) >= 0 {
		p.at++
	}
}

// word reads a name, a kind or a case.
func (p *parser) word() string {
	p.space()
	from := p.at
	for p.at < len(p.source) && strings.IndexByte(" \t\r\n{},#'", p.source[p.at]) < 0 {
		p.at++
	}
	word := p.source[from:p.at]
	p.space()
	return word
}

func (p *parser) next(c byte) bool {
	if p.at < len(p.source) && p.source[p.at] == c {
		p.at++
		return true
	}
	return false
}

// argument reads what stands in braces.
func (p *parser) argument(depth int) (part, error) {
	began := p.at
	p.at++
	one := part{name: p.word()}
	if !isName(one.name) {
		return one, p.fail(began, "name a value, such as {usage}, or write '{' for a brace in the text", "a brace opens, and no name follows it")
	}
	if !slices.Contains(p.names, one.name) {
		p.names = append(p.names, one.name)
	}
	if p.next('}') {
		return one, nil
	}
	if !p.next(',') {
		return one, p.fail(p.at, "close it: {"+one.name+"}", "the brace of {%s} is not closed", fault.Shorten(one.name))
	}
	kindAt := p.at
	switch one.kind = p.word(); one.kind {
	case "number":
		if p.next(',') {
			styleAt := p.at
			if one.style = p.word(); one.style != "integer" && one.style != "percent" {
				return one, p.fail(styleAt, "use integer or percent, or leave it out", "%q is no way to write a number", fault.Shorten(one.style))
			}
		}
		if !p.next('}') {
			return one, p.fail(p.at, "close it with }", "the brace of {%s} is not closed", fault.Shorten(one.name))
		}
		return one, nil
	case "plural", "selectordinal", "select":
		if !p.next(',') {
			return one, p.fail(p.at, "write {"+one.name+", "+one.kind+", other {…}}", "after %s its cases are missing", one.kind)
		}
		return one, p.branches(&one, began, depth)
	}
	return one, p.fail(kindAt, "use number, plural, selectordinal or select", "%q is nothing that can be done with a value", fault.Shorten(one.kind))
}

// categories are those of plurals (CLDR).
var categories = []string{"zero", "one", "two", "few", "many", "other"}

// branches reads the cases of a choice up to its closing brace.
func (p *parser) branches(one *part, began, depth int) error {
	if rest, found := strings.CutPrefix(strings.TrimLeft(p.source[p.at:], " \t\r\n"), "offset:"); found && one.kind != "select" {
		p.at = len(p.source) - len(rest)
		at := p.at
		n, err := quantity.Parse(p.word())
		if err != nil || n != quantity.Of(int64(n/quantity.One)) || n < 0 || n > quantity.Of(1_000_000) {
			return p.fail(at, "write a whole number, such as offset:1", "the offset is no whole number")
		}
		one.offset = int64(n / quantity.One)
	}
	for {
		p.space()
		if p.next('}') {
			break
		}
		at := p.at
		b := branch{key: p.word()}
		if err := p.key(one, &b, at); err != nil {
			return err
		}
		if !p.next('{') {
			return p.fail(p.at, "write "+b.key+" {…}", "the case %q says nothing", fault.Shorten(b.key))
		}
		parts, err := p.message(depth+1, one.kind != "select")
		if err != nil {
			return err
		}
		p.at++ // the brace at which message ended
		b.parts = parts
		one.cases = append(one.cases, b)
	}
	if !slices.ContainsFunc(one.cases, func(b branch) bool { return b.key == "other" }) {
		return p.fail(began, "add other {…}", "{%s, %s} does not say what holds otherwise", fault.Shorten(one.name), one.kind)
	}
	return nil
}

// key checks what a case is called.
func (p *parser) key(one *part, b *branch, at int) error {
	switch number, exact := strings.CutPrefix(b.key, "="); {
	case b.key == "":
		return p.fail(at, "write a case and what is said then: other {…}", "a case is missing")
	case slices.ContainsFunc(one.cases, func(have branch) bool { return have.key == b.key }):
		return p.fail(at, "keep one of them", "the case %q stands twice", fault.Shorten(b.key))
	case one.kind == "select":
	case exact:
		n, err := quantity.Parse(number)
		if err != nil {
			return p.fail(at, "write =1 or another number", "%q is no number", fault.Shorten(number))
		}
		b.exact, b.n = true, n
	case !slices.Contains(categories, b.key):
		return p.fail(at, "use zero, one, two, few, many, other or =1", "%q is no case of a plural", fault.Shorten(b.key))
	}
	return nil
}

// isName says whether a value may be called so: letters, digits, _ and dots.
func isName(s string) bool {
	return s != "" && len(s) <= 100 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == ""
}
