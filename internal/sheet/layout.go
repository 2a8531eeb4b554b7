package sheet

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
)

// layout binds target columns to the columns of one file.
type layout struct {
	columns []string
	cells   map[string]*cell
	traits  []int
	names   []string // of traits
}

// cell reads one target column of a record.
type cell struct {
	target  string
	index   int            // column; -1 for a constant
	choose  int            // column that chooses, -1
	choices map[string]int // its value -> column
	values  map[string][]byte
	fixed   []byte
	layout  string // of dates, as package time writes it; "" recognises
	comma   bool   // numbers are written 1.234,50
	point   bool   // numbers are written 1,234.50
	json    bool   // of NDJSON, whose numbers have a decimal point
	nextDay bool   // the day told is the last one paid for
	round   bool
	words   string
}

// bind makes the layout for a kind of file. Columns that the mapping does not name are
// still recognised by well-known names.
func bind(file string, kind Kind, columns []string, json bool, m *Mapping) (*layout, error) {
	l := &layout{columns: columns, cells: map[string]*cell{}}
	var sec *section
	if m != nil {
		sec = m.sections[kind]
	}
	used := make([]bool, len(columns))
	missing := func(err *fault.Error, target, want string) *fault.Error {
		if err == nil {
			err = fault.New(fault.Invalid, "columns_missing", "")
		}
		return err.WithField(target, want, "no such column")
	}
	var err *fault.Error
	for _, t := range targets[kind] {
		if sec != nil && sec.sources[t.name] != nil {
			c, lost := bindSource(t.name, sec.sources[t.name], columns)
			for _, name := range lost {
				err = missing(err, t.name, name)
			}
			for _, name := range sec.sources[t.name].columns() {
				if i := indexOf(columns, name); i >= 0 {
					used[i] = true
				}
			}
			l.cells[t.name] = c
			continue
		}
		if i := find(columns, t.known); i >= 0 {
			l.cells[t.name] = &cell{target: t.name, index: i, choose: -1, words: fmt.Sprintf("column %s", columns[i])}
			used[i] = true
		}
	}
	for _, t := range targets[kind] {
		if t.required && l.cells[t.name] == nil && (t.instead == "" || l.cells[t.instead] == nil) {
			err = missing(err, t.name, "")
		}
	}
	if err != nil {
		return nil, columnsMissing(err, file, kind, columns)
	}
	for _, c := range l.cells {
		c.json = json
	}
	l.settle(kind)
	if kind == Accounts {
		l.bindTraits(sec, columns, used)
	}
	return l, nil
}

func bindSource(target string, s *source, columns []string) (*cell, []string) {
	c := &cell{target: target, index: -1, choose: -1, comma: s.comma, point: s.point, nextDay: s.inclusive, round: s.round}
	var lost []string
	at := func(name string) int {
		i := indexOf(columns, name)
		if i < 0 {
			lost = append(lost, name)
		}
		return i
	}
	switch {
	case s.constant != nil:
		c.fixed, c.words = []byte(*s.constant), fmt.Sprintf("always %q", *s.constant)
	case s.choose != "":
		c.choose, c.choices = at(s.choose), map[string]int{}
		for value, name := range s.choices {
			c.choices[value] = at(name)
		}
		c.words = fmt.Sprintf("a column chosen by %s", s.choose)
	default:
		c.index, c.words = at(s.from), fmt.Sprintf("column %s", s.from)
	}
	if s.values != nil {
		c.values = map[string][]byte{}
		for from, to := range s.values {
			c.values[from] = []byte(to)
		}
	}
	if s.format != "" {
		c.layout, _ = goLayout(s.format) // checked when the mapping was parsed
	}
	return c, lost
}

// settle fixes the interval of an amount whose column name says it.
func (l *layout) settle(kind Kind) {
	amount := l.cells["amount"]
	if kind != Subscriptions || amount.index < 0 {
		return
	}
	name := normal(l.columns[amount.index])
	fix := func(interval string) {
		if c := l.cells["interval"]; c == nil || c.values == nil {
			l.cells["interval"] = &cell{target: "interval", index: -1, choose: -1, fixed: []byte(interval),
				words: fmt.Sprintf("always %q, because the amount is column %s", interval, l.columns[amount.index])}
		}
	}
	if monthlyAmounts[name] {
		fix("month")
	} else if yearlyAmounts[name] {
		fix("year")
	}
}

func (l *layout) bindTraits(sec *section, columns []string, used []bool) {
	for i, c := range columns {
		wanted := !used[i]
		if sec != nil && sec.traits != nil {
			wanted = indexOf(sec.traits, c) >= 0
		}
		if wanted && len(l.traits) < 100 {
			l.traits, l.names = append(l.traits, i), append(l.names, c)
		}
	}
}

// columnsMissing words the fault: which columns, which file, what was found, and the mend.
func columnsMissing(err *fault.Error, file string, kind Kind, columns []string) *fault.Error {
	var lacks []string
	example := ""
	for _, f := range err.Fields {
		if f.Value != "" {
			lacks = append(lacks, fmt.Sprintf("%s (the mapping wants column %q)", f.Path, f.Value))
		} else {
			lacks = append(lacks, f.Path)
		}
		example = f.Path
	}
	word := "column"
	if len(lacks) > 1 {
		word = "columns"
	}
	err.Message = fmt.Sprintf("%s: the %s %s of %s cannot be found; the file has %s", file, word, strings.Join(lacks, ", "), kind, list(columns))
	return err.WithMend("name it in a mapping file, \"%s: {%s: <your column>}\", and pass it with --map", kind, example)
}

// words says where each target column comes from.
func (l *layout) words() map[string]string {
	out := map[string]string{}
	for name, c := range l.cells {
		out[name] = c.words
	}
	return out
}

// value returns the trimmed value of a cell in a record, nil when the cell is not bound.
// ok is false when the value that chooses the column is not among the choices.
func (c *cell) value(fields [][]byte) (v []byte, ok bool) {
	switch {
	case c == nil:
		return nil, true
	case c.choose >= 0:
		i, known := c.choices[string(bytes.TrimSpace(fields[c.choose]))]
		if !known {
			return fields[c.choose], false
		}
		v = fields[i]
	case c.index >= 0:
		v = fields[c.index]
	default:
		return c.fixed, true
	}
	v = bytes.TrimSpace(v)
	if c.values != nil {
		if to, mapped := c.values[string(v)]; mapped {
			return to, true
		}
	}
	return v, true
}

// source names the column a value came from, for a report.
func (c *cell) source(columns []string) string {
	if c == nil {
		return ""
	}
	if c.index >= 0 {
		return columns[c.index]
	}
	if c.choose >= 0 {
		return columns[c.choose]
	}
	return c.target
}
