package catalog

import (
	"regexp"
	"strings"
)

// inOneLine says whether a value is best written in its line.
func inOneLine(v any) bool {
	switch v := v.(type) {
	case *mapping:
		if len(v.keys) == 0 {
			return true
		}
		for _, key := range v.keys {
			if o, ok := v.values[key].(*mapping); ok && !allPlain(o) {
				return false
			}
		}
		return len(inBrackets(v, false)) <= 90
	case []any:
		for _, one := range v {
			if o, ok := one.(*mapping); ok && len(o.keys) > 0 {
				return false
			}
		}
	}
	return true
}

func allPlain(o *mapping) bool {
	for _, v := range o.values {
		if _, ok := v.(plain); !ok {
			return false
		}
	}
	return true
}

// bareKey and bareText are what needs no quotes: texts of words that YAML does not read as a
// number, a truth or a sign.
var (
	bareKey  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	bareText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*([ .-]?[A-Za-z0-9_]+)*$`)
	spoken   = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|y|n|nan|inf)$`)
	measure  = regexp.MustCompile(`^[0-9]{1,6}(s|m|h|d|w|%)$`)
)

func keyWords(key string) string {
	if bareKey.MatchString(key) && !spoken.MatchString(key) {
		return key
	}
	return quoted(key)
}

func plainWords(p plain, json bool) string {
	switch {
	case p.form == '0':
		return "null"
	case p.form != 's':
		return p.text
	case !json && (bareText.MatchString(p.text) && !spoken.MatchString(p.text) || measure.MatchString(p.text)):
		return p.text
	}
	return quoted(p.text)
}

// inBrackets writes a value on one line.
func inBrackets(v any, json bool) string {
	switch v := v.(type) {
	case *mapping:
		words := make([]string, len(v.keys))
		for i, key := range v.keys {
			name := keyWords(key)
			if json {
				name = quoted(key)
			}
			words[i] = name + ": " + inBrackets(v.values[key], json)
		}
		return "{" + strings.Join(words, ", ") + "}"
	case []any:
		words := make([]string, len(v))
		for i, one := range v {
			words[i] = inBrackets(one, json)
		}
		return "[" + strings.Join(words, ", ") + "]"
	case plain:
		return plainWords(v, json)
	}
	return "null"
}

// lines writes a map or list in lines that begin at a column.
func lines(v any, left int) []string {
	indent := strings.Repeat(" ", left)
	var out []string
	switch v := v.(type) {
	case *mapping:
		for _, key := range v.keys {
			one := v.values[key]
			if inOneLine(one) {
				out = append(out, indent+keyWords(key)+": "+inBrackets(one, false))
				continue
			}
			out = append(out, indent+keyWords(key)+":")
			out = append(out, lines(one, left+2)...)
		}
	case []any:
		for _, one := range v {
			if inOneLine(one) {
				out = append(out, indent+"- "+inBrackets(one, false))
				continue
			}
			inner := lines(one, left+2)
			inner[0] = indent + "- " + strings.TrimLeft(inner[0], " ")
			out = append(out, inner...)
		}
	}
	return out
}
