package catalog

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// set writes v at path. Where a map or list is to become another, only what differs is written.
func set(l *layout, path string, v any) (string, error) {
	at, err := l.find(path)
	if err != nil {
		return "", err
	}
	if at.rest != "" {
		return l.add(at, v)
	}
	was := documentOf(at.node)
	if same(was, v) {
		return l.text, nil
	}
	if steps := difference(path, was, v); steps != nil {
		// Refused before the first step where all of them would be too much.
		if len(steps) > 1 && len(steps) > l.left.times(len(l.text)) {
			return "", l.left.spend(len(steps) * len(l.text))
		}
		for _, step := range steps {
			var text string
			if step.v == nil {
				text, err = l.remove(step.path)
			} else {
				text, err = set(l, step.path, step.v)
			}
			if err != nil {
				return "", err
			}
			left := l.left
			if l, err = layOut(text, left); err != nil {
				if left.over() {
					return "", err
				}
				return "", impossible(path)
			}
		}
		return l.text, nil
	}
	return l.put(at, v)
}

// step is one value to write, or to take out where v is nil.
type step struct {
	path string
	v    any
}

// difference returns the steps that make a map or list what another is; nil where all of it is
// best written anew.
func difference(path string, was, v any) (steps []step) {
	switch now := v.(type) {
	case *mapping:
		old, ok := was.(*mapping)
		if !ok || len(old.keys) == 0 || len(now.keys) == 0 {
			return nil
		}
		for _, key := range now.keys {
			if w, known := old.values[key]; !known || !same(w, now.values[key]) {
				steps = append(steps, step{below(path, key), now.values[key]})
			}
		}
		for _, key := range old.keys {
			if _, stays := now.values[key]; !stays {
				steps = append(steps, step{below(path, key), nil})
			}
		}
	case []any:
		old, ok := was.([]any)
		if !ok || len(old) == 0 || len(now) == 0 {
			return nil
		}
		for i := len(old) - 1; i >= len(now); i-- {
			steps = append(steps, step{path + "[" + strconv.Itoa(i) + "]", nil})
		}
		for i, one := range now {
			if i >= len(old) || !same(old[i], one) {
				steps = append(steps, step{path + "[" + strconv.Itoa(i) + "]", one})
			}
		}
	}
	if len(steps) > 1000 {
		return nil
	}
	return steps
}

// splice puts words in the place of a part of the text.
func (l *layout) splice(from, to int, words string) string {
	return l.text[:from] + words + l.text[to:]
}

// lineStart and lineEnd return where the line of a place begins and ends, without its break.
func (l *layout) lineStart(at int) int { return strings.LastIndexByte(l.text[:at], '\n') + 1 }
func (l *layout) lineEnd(at, end int) int {
	if i := strings.IndexByte(l.text[at:end], '\n'); i >= 0 {
		end = at + i
	}
	if end > at && l.text[end-1] == '\r' {
		end--
	}
	return end
}

// column returns how far from the left a place stands, in characters.
func (l *layout) column(at int) int { return len([]rune(l.text[l.lineStart(at):at])) }

// lineBreak is what ends the lines of the text.
func (l *layout) lineBreak() string {
	if i := strings.IndexByte(l.text, '\n'); i > 0 && l.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// inFlow says whether a value stands in brackets.
func (s *spot) inFlow() bool {
	for at := s.up; at != nil; at = at.up {
		if isFlow(at.node) {
			return true
		}
	}
	return false
}

// put writes v in the place of a value that is there.
func (l *layout) put(at *spot, v any) (string, error) {
	s := at.sheet
	if at.up == nil {
		return "", impossible("the whole text")
	}
	sign, left := -1, 0 // the colon or dash before it, and where the lines below it begin
	if pairs := pairsOf(at.up.node); pairs != nil {
		sign = s.number(pairs[at.index].Start)
		if key := s.number(pairs[at.index].Key.GetToken()); key >= 0 {
			left = l.column(s.places[key][0])
		}
	} else if list, ok := at.up.node.(*ast.SequenceNode); ok && !list.IsFlowStyle {
		if sign = s.dash(list, at.index); sign >= 0 {
			left = l.column(s.places[sign][0])
		}
	}
	from, to := s.first(at.node), s.last(at.node)
	if sign < 0 && (from < 0 || to < 0) {
		return "", impossible(at.name)
	}
	flow := at.inFlow()
	inLine := flow || isFlow(at.node) || inOneLine(v)
	var begin, end int
	switch {
	case from < 0 || to < 0: // nothing stands there
		begin, end = s.places[sign][1], s.places[sign][1]
	case sign >= 0 && (!inLine || pairsOf(at.node) != nil && !isFlow(at.node) || isLines(at.node)):
		begin, end = s.places[sign][1], s.places[to][1]
	default:
		return l.splice(s.places[from][0], s.places[to][1], inBrackets(v, s.json)), nil
	}
	if inLine {
		return l.splice(begin, end, " "+inBrackets(v, s.json)), nil
	}
	return l.splice(begin, end, l.lineBreak()+strings.Join(lines(v, left+2), l.lineBreak())), nil
}

// isLines says whether a list is written in lines.
func isLines(n ast.Node) bool {
	list, ok := n.(*ast.SequenceNode)
	return ok && !list.IsFlowStyle
}

// add writes v at a path of which only the beginning is there.
func (l *layout) add(at *spot, v any) (string, error) {
	s := at.sheet
	switch n := at.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		key, index, rest, err := segment(at.rest, nil)
		if err != nil || index >= 0 {
			return "", pathUnknown(at.rest)
		}
		if v, err = nest(rest, v); err != nil {
			return "", err
		}
		return l.addKey(at, key, v)
	case *ast.SequenceNode:
		_, index, rest, err := segment(at.rest, nil)
		if err != nil || index != len(n.Values) {
			return "", pathUnknown(at.rest)
		}
		if v, err = nest(rest, v); err != nil {
			return "", err
		}
		return l.addElement(at, n, v)
	}
	parent := ""
	if at.up != nil {
		parent = at.up.name
	}
	if was, ok := documentOf(at.node).(plain); ok && was.form != '0' {
		if at.rest == shorthand(parent, at.name) {
			return l.put(at, v)
		}
		long := longhand(was, parent, at.name)
		if long == nil {
			return "", isPlain(at.rest)
		}
		whole, err := change(long, at.rest, v, "", "")
		if err != nil {
			return "", err
		}
		return l.put(at, whole)
	}
	v, err := nest(at.rest, v)
	if err != nil {
		return "", err
	}
	if at.up != nil {
		return l.put(at, v)
	}
	if s.root != nil {
		return "", impossible(at.rest)
	}
	return l.append(s.end, strings.Join(lines(v, 0), l.lineBreak())), nil
}

// append puts lines after the last one before a place.
func (l *layout) append(at int, words string) string {
	if at > 0 && l.text[at-1] != '\n' {
		return l.splice(at, at, l.lineBreak()+words+l.lineBreak())
	}
	return l.splice(at, at, words+l.lineBreak())
}

// addKey writes one more key at the end of a map.
func (l *layout) addKey(at *spot, key string, v any) (string, error) {
	s, pairs := at.sheet, pairsOf(at.node)
	if isFlow(at.node) || at.inFlow() {
		name := keyWords(key)
		if s.json {
			name = quoted(key)
		}
		return l.addInBrackets(at, name+": "+inBrackets(v, s.json), len(pairs) == 0, func() int { return s.first(pairs[len(pairs)-1]) })
	}
	if len(pairs) == 0 {
		return "", impossible(key)
	}
	first, last := s.first(pairs[0]), s.last(at.node)
	if first < 0 || last < 0 {
		return "", impossible(key)
	}
	o := newMapping()
	o.set(key, v)
	words := lines(o, l.column(s.places[first][0]))
	if at.up == nil { // between sections the text has a line of air
		if before := s.first(pairs[len(pairs)-1]); len(pairs) > 1 && blankBefore(l.text, l.lineStart(s.places[before][0])) {
			words = append([]string{""}, words...)
		}
	}
	end := l.lineEnd(s.places[last][1], s.end)
	return l.splice(end, end, l.lineBreak()+strings.Join(words, l.lineBreak())), nil
}

// blankBefore says whether the line before the one that begins at a place is empty, comments
// between the two left aside.
func blankBefore(text string, at int) bool {
	for at > 0 {
		before := strings.LastIndexByte(text[:at-1], '\n') + 1
		line := strings.TrimSpace(text[before:at])
		if !strings.HasPrefix(line, "#") {
			return line == ""
		}
		at = before
	}
	return false
}

// addElement writes one more element at the end of a list.
func (l *layout) addElement(at *spot, n *ast.SequenceNode, v any) (string, error) {
	s := at.sheet
	if n.IsFlowStyle || at.inFlow() {
		return l.addInBrackets(at, inBrackets(v, s.json), len(n.Values) == 0, func() int { return s.first(n.Values[len(n.Values)-1]) })
	}
	dash, last := s.dash(n, 0), s.last(n)
	if dash < 0 || last < 0 {
		return "", impossible(at.name)
	}
	end := l.lineEnd(s.places[last][1], s.end)
	return l.splice(end, end, l.lineBreak()+strings.Join(lines([]any{v}, l.column(s.places[dash][0])), l.lineBreak())), nil
}

// addInBrackets writes words as the last entry of a map or list in brackets. lastEntry tells
// the token that begins the one before.
func (l *layout) addInBrackets(at *spot, words string, empty bool, lastEntry func() int) (string, error) {
	s := at.sheet
	from, to := s.first(at.node), s.last(at.node)
	if from < 0 || to < 1 {
		return "", impossible(at.name)
	}
	if empty {
		return l.splice(s.places[from][1], s.places[to][0], words), nil
	}
	before := to - 1
	for before > from && s.tokens[before].Type == token.CommentType {
		before--
	}
	comma := ","
	if s.tokens[before].Type == token.CollectEntryType {
		comma = ""
	}
	place := s.places[before][1]
	gap := " "
	if entry := lastEntry(); entry > from {
		if begin := s.places[entry][0]; strings.TrimSpace(l.text[l.lineStart(begin):begin]) == "" {
			gap = l.lineBreak() + l.text[l.lineStart(begin):begin]
		}
	}
	return l.splice(place, place, comma+gap+words), nil
}

// remove takes out what is at a path.
func (l *layout) remove(path string) (string, error) {
	at, err := l.find(path)
	if err != nil {
		return "", err
	}
	if at.rest != "" || at.up == nil {
		if at.rest != "" && at.rest == shorthand(upName(at), at.name) && at.up != nil {
			return "", isPlain(path)
		}
		return "", pathUnknown(path)
	}
	s, pairs := at.sheet, pairsOf(at.up.node)
	n := len(pairs)
	list, isList := at.up.node.(*ast.SequenceNode)
	if isList {
		n = len(list.Values)
	}
	if n == 1 && at.up.up != nil {
		if isList {
			return l.put(at.up, []any{})
		}
		return l.put(at.up, newMapping())
	}
	entry := func(i int) (from, to int) {
		if !isList {
			return s.first(pairs[i]), s.last(pairs[i])
		}
		from, to = s.first(list.Values[i]), s.last(list.Values[i])
		if !list.IsFlowStyle {
			from = s.dash(list, i)
			to = max(to, from)
		}
		return from, to
	}
	from, to := entry(at.index)
	if from < 0 || to < 0 {
		return "", impossible(path)
	}
	begin, end := s.places[from][0], s.places[to][1]
	if isFlow(at.up.node) {
		return l.removeInBrackets(at, entry, n, begin, end)
	}
	if strings.TrimSpace(l.text[l.lineStart(begin):begin]) != "" { // after a dash
		if at.index+1 >= n {
			return "", impossible(path)
		}
		next, _ := entry(at.index + 1)
		return l.splice(begin, s.places[next][0], ""), nil
	}
	begin = l.lineStart(begin)
	if i := strings.IndexByte(l.text[end:s.end], '\n'); i >= 0 {
		return l.splice(begin, end+i+1, ""), nil
	}
	return l.splice(begin, s.end, ""), nil
}

func (l *layout) removeInBrackets(at *spot, entry func(int) (int, int), n, begin, end int) (string, error) {
	s := at.sheet
	switch {
	case n == 1: // the document itself
		from, to := s.first(at.up.node), s.last(at.up.node)
		return l.splice(s.places[from][1], s.places[to][0], ""), nil
	case at.index+1 < n:
		next, _ := entry(at.index + 1)
		if next < 0 {
			return "", impossible(at.name)
		}
		return l.splice(begin, s.places[next][0], ""), nil
	}
	_, before := entry(at.index - 1)
	if before < 0 {
		return "", impossible(at.name)
	}
	return l.splice(s.places[before][1], end, ""), nil
}

func upName(s *spot) string {
	if s.up == nil {
		return ""
	}
	return s.up.name
}
