package message

import (
	"strings"

	"github.com/headroomhq/headroom/internal/quantity"
)

// Value is what stands for a name: a number, or a text. The zero Value is none.
type Value struct {
	text    string
	number  quantity.Quantity
	isCount bool
	percent bool
	unit    string // written after the number, such as a currency
}

// Text is a value that is written as it is.
func Text(s string) Value { return Value{text: s} }

// Number is a value that is written in the language's way and decides plurals.
func Number(q quantity.Quantity) Value { return Value{number: q, isCount: true} }

// Percent is a whole number of percent.
func Percent(n int64) Value { return Value{number: quantity.Of(n), isCount: true, percent: true} }

// Decimal is a plain decimal, such as 1490.00, with a unit after it; it is no count.
func Decimal(decimal, unit string) Value { return Value{text: decimal, unit: unit} }

// none says whether nothing stands for the name.
func (v *Value) none() bool { return !v.isCount && v.text == "" }

// in writes the value.
func (v *Value) in(l *Language) string {
	switch {
	case v.percent:
		return l.percent(l.Decimal(v.number.String()))
	case v.isCount:
		return l.Decimal(v.number.String())
	case v.unit != "":
		return l.Decimal(v.text) + " " + v.unit
	}
	return v.text
}

// writing is a message on its way into words.
type writing struct {
	l       *Language
	values  map[string]Value
	missing bool               // a value that is needed is none
	sign    *quantity.Quantity // what # stands for
}

// Write returns the message in a language. A sentence that needs a value there is none of is
// left out: nothing is left where it is the only one. Runs of spaces are one.
func (m *Message) Write(l *Language, values map[string]Value) string {
	w := writing{l: l, values: values}
	var all, one strings.Builder
	end := func() {
		if !w.missing {
			all.WriteString(one.String())
		}
		one.Reset()
		w.missing = false
	}
	for i := range m.parts {
		p := &m.parts[i]
		if p.name != "" || p.sign {
			next := ""
			if i+1 < len(m.parts) {
				next = m.parts[i+1].text
			}
			w.part(&one, p, next)
			continue
		}
		rest := p.text
		for {
			at := sentenceEnd(rest)
			if at < 0 {
				break
			}
			one.WriteString(rest[:at])
			end()
			rest = rest[at:]
		}
		one.WriteString(rest)
	}
	end()
	return tidy(all.String())
}

// sentenceEnd returns where the text after the first sentence begins, -1 when it is one.
func sentenceEnd(s string) int {
	for i, r := range s {
		switch r {
		case '.', '!', '?':
			if i+1 < len(s) && (s[i+1] == ' ' || s[i+1] == '\n') {
				return i + 2
			}
		case '。', '！', '？':
			return i + len(string(r))
		}
	}
	return -1
}

// tidy makes runs of plain spaces one, and leaves those that hold words together.
func tidy(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }), " ")
}

func (w *writing) parts(b *strings.Builder, parts []part) {
	for i := range parts {
		next := ""
		if i+1 < len(parts) {
			next = parts[i+1].text
		}
		w.part(b, &parts[i], next)
	}
}

// part writes one; next is the text that follows it.
func (w *writing) part(b *strings.Builder, p *part, next string) {
	switch {
	case p.sign && w.sign != nil:
		b.WriteString(w.l.Decimal(w.sign.String()))
		return
	case p.name == "":
		b.WriteString(p.text)
		return
	}
	v := w.values[p.name]
	if v.none() && p.kind != "select" {
		w.missing = true
	}
	switch p.kind {
	case "":
		if v.percent && strings.HasPrefix(next, "%") {
			v.percent = false
		}
		b.WriteString(v.in(w.l))
	case "number":
		b.WriteString(w.number(v, p.style))
	case "select":
		w.parts(b, choose(p.cases, v.in(w.l)))
	default:
		w.plural(b, p, v)
	}
}

func (w *writing) number(v Value, style string) string {
	switch {
	case !v.isCount:
		return v.in(w.l)
	case style == "percent":
		v.percent = true
	case style == "integer":
		v.percent = false
		v.number -= v.number % quantity.One
	}
	return v.in(w.l)
}

// plural writes the case that fits a number: an exact one before its category. What is no
// number, such as a limit there is none of, is other.
func (w *writing) plural(b *strings.Builder, p *part, v Value) {
	outer := w.sign
	defer func() { w.sign = outer }()
	if !v.isCount {
		for _, c := range p.cases {
			if c.key == "other" {
				for i := range c.parts {
					if c.parts[i].sign {
						b.WriteString(v.in(w.l))
						continue
					}
					w.parts(b, c.parts[i:i+1])
				}
				return
			}
		}
	}
	left := v.number - quantity.Of(p.offset)
	w.sign = &left
	for _, c := range p.cases {
		if c.exact && c.n == v.number {
			w.parts(b, c.parts)
			return
		}
	}
	w.parts(b, choose(p.cases, w.l.category(left, p.kind == "selectordinal")))
}

// choose returns the case of a key, else other.
func choose(cases []branch, key string) []part {
	var other []part
	for i := range cases {
		switch cases[i].key {
		case key:
			return cases[i].parts
		case "other":
			other = cases[i].parts
		}
	}
	return other
}
