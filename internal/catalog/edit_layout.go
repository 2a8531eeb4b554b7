package catalog

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/headroomhq/headroom/internal/fault"
)

// layout is a text with where every word of it stands.
type layout struct {
	text  string
	sheet []sheet
	left  *budget
}

// maxReread bounds the work of edits: how many bytes of text are read in all, each time the
// text is read anew counted. That is some seconds; a form in the console reads the text a few
// times.
const maxReread = 64 << 20

// budget is what is left of the work that edits may make.
type budget struct {
	ended func() error // why the caller wants no more, nil as long as they do
	bytes int
}

// spend takes n bytes that are to be read; fault edit_too_large, or why ctx ended.
func (b *budget) spend(n int) error {
	if err := b.ended(); err != nil {
		return err
	}
	if b.bytes -= n; b.bytes < 0 {
		return fault.New(fault.Invalid, "edit_too_large", "these edits read the text too often: more than %d MiB in all", maxReread>>20).
			WithMend("send fewer edits in a call, or write the file and apply it instead: PUT /v1/catalog")
	}
	return nil
}

// sheet is one YAML document of a text.
type sheet struct {
	root   ast.Node // nil: it is empty
	tokens token.Tokens
	spans  map[*token.Token]int // to start and end in places
	places [][2]int             // of each token, in bytes of the whole text
	end    int                  // of the file it stands in
	json   bool                 // keys and texts are in quotes
}

// times returns how often n bytes may still be read.
func (b *budget) times(n int) int { return b.bytes / max(n, 1) }

// over says whether nothing more may be read.
func (b *budget) over() bool { return b.bytes < 0 || b.ended() != nil }

// layOut reads a text; fault catalog_invalid where it is not YAML.
func layOut(text string, left *budget) (*layout, error) {
	if err := left.spend(len(text)); err != nil {
		return nil, err
	}
	l := &layout{text: text, left: left}
	r := &reader{c: &Catalog{}}
	for _, p := range split("", []byte(text)) {
		r.file = p.file
		if !l.file(r, p) {
			if err := AsError(r.findings); err != nil {
				return nil, err
			}
			return nil, fault.New(fault.Invalid, "catalog_invalid", "the YAML cannot be read").WithMend("edit the file by hand")
		}
	}
	return l, nil
}

func (l *layout) file(r *reader, p part) (ok bool) {
	defer func() { ok = ok && recover() == nil }() // see reader.documents
	text := strings.TrimPrefix(p.text, "\uFEFF")
	from := p.start + len(p.text) - len(text)
	tokens := lexer.Tokenize(text)
	if !r.bounded(tokens) {
		return false
	}
	spans, places := make(map[*token.Token]int, len(tokens)), make([][2]int, len(tokens))
	at := 0
	for i, t := range tokens {
		if !strings.HasPrefix(text[min(at, len(text)):], t.Origin) {
			return false // a text whose words cannot be found again
		}
		word := strings.TrimLeft(t.Origin, " \t\r\n")
		start := at + len(t.Origin) - len(word)
		spans[t] = i
		places[i] = [2]int{from + start, from + start + len(strings.TrimRight(word, " \t\r\n"))}
		at += len(t.Origin)
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return false
	}
	for _, d := range file.Docs {
		s := sheet{tokens: tokens, spans: spans, places: places, end: p.start + len(p.text)}
		switch n := d.Body.(type) {
		case *ast.MappingNode:
			s.root, s.json = n, n.IsFlowStyle
		case *ast.MappingValueNode:
			s.root = n
		case nil, *ast.NullNode:
		default:
			if d.Body.Type() != ast.CommentType {
				return false
			}
		}
		l.sheet = append(l.sheet, s)
	}
	if len(file.Docs) == 0 {
		l.sheet = append(l.sheet, sheet{end: p.start + len(p.text)})
	}
	return true
}

// document returns what the text says.
func (l *layout) document() *mapping {
	whole := newMapping()
	for _, s := range l.sheet {
		if o, ok := documentOf(s.root).(*mapping); ok {
			whole.merge(o)
		}
	}
	return whole
}

// spot is where a path leads.
type spot struct {
	sheet *sheet
	node  ast.Node // nil: the document is empty
	name  string   // key in the map above
	index int      // in the map or list above
	up    *spot    // nil: the document
	rest  string   // of the path, which is not there
}

// find follows a path as far as it goes, in the sheet where it goes farthest; where several
// go as far, in the last one.
func (l *layout) find(path string) (*spot, error) {
	var best *spot
	for i := range l.sheet {
		at := &spot{sheet: &l.sheet[i], node: l.sheet[i].root, rest: path}
		for at.rest != "" {
			next, err := at.next()
			if err != nil {
				return nil, err
			}
			if next == nil {
				break
			}
			at = next
		}
		if best == nil || len(at.rest) <= len(best.rest) {
			best = at
		}
	}
	return best, nil
}

// next returns what the first part of the rest leads to, nil when it is not there.
func (s *spot) next() (*spot, error) {
	switch n := s.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		pairs := pairsOf(n)
		keys := make([]string, len(pairs))
		for i, p := range pairs {
			keys[i] = value{node: p.Key}.source()
		}
		key, index, rest, err := segment(s.rest, keys)
		if err != nil {
			return nil, err
		}
		if i := slices.Index(keys, key); i >= 0 && index < 0 {
			return &spot{s.sheet, pairs[i].Value, key, i, s, rest}, nil
		}
	case *ast.SequenceNode:
		_, index, rest, err := segment(s.rest, nil)
		if err != nil {
			return nil, err
		}
		if index >= 0 && index < len(n.Values) {
			return &spot{s.sheet, n.Values[index], "", index, s, rest}, nil
		}
	}
	return nil, nil
}

func pairsOf(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// isFlow says whether a map or list is written in brackets.
func isFlow(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.IsFlowStyle
	case *ast.SequenceNode:
		return n.IsFlowStyle
	}
	return false
}

// first and last return the numbers of the tokens between which a node stands; -1 for what is
// not written, such as the nothing after a colon.
func (s *sheet) first(n ast.Node) int {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return s.first(n.Values[0])
		}
		return s.number(n.Start)
	case *ast.MappingValueNode:
		return s.number(n.Key.GetToken())
	case *ast.SequenceNode:
		return s.number(n.Start)
	case nil:
		return -1
	}
	return s.number(n.GetToken())
}

func (s *sheet) last(n ast.Node) int {
	switch n := n.(type) {
	case *ast.MappingNode:
		if n.IsFlowStyle {
			return s.number(n.End)
		}
		if len(n.Values) == 0 {
			return -1
		}
		return s.last(n.Values[len(n.Values)-1])
	case *ast.MappingValueNode:
		if end := s.last(n.Value); end >= 0 {
			return end
		}
		return s.number(n.Start) // the colon
	case *ast.SequenceNode:
		if n.IsFlowStyle {
			return s.number(n.End)
		}
		if len(n.Values) == 0 {
			return s.number(n.Start)
		}
		return max(s.last(n.Values[len(n.Values)-1]), s.dash(n, len(n.Values)-1))
	case *ast.LiteralNode:
		return max(s.number(n.Value.GetToken()), s.number(n.Start))
	case nil:
		return -1
	}
	return s.number(n.GetToken())
}

// dash returns the number of the token that begins an element of a list in lines.
func (s *sheet) dash(n *ast.SequenceNode, i int) int {
	if i < len(n.Entries) && n.Entries[i] != nil {
		return s.number(n.Entries[i].Start)
	}
	return -1
}

func (s *sheet) number(t *token.Token) int {
	if i, ok := s.spans[t]; ok && t != nil {
		return i
	}
	return -1
}
