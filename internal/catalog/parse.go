package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds that keep a hostile text cheap.
const (
	MaxText        = 4 << 20 // bytes, all files together
	MaxDefinitions = 10_000  // of all sections and earlier versions of plans, together
	maxNesting     = 16
	maxTokens      = 1_000_000
	maxKey         = 100         // bytes of a key
	maxWork        = 100_000_000 // the YAML parser's time grows with the square of a map's keys; this is about a second
	maxFindings    = 1_000
)

// Parse reads a catalog from YAML or JSON, or from a text made by Bundle. file only names
// the text in findings. The catalog is nil when any finding is an error of
// form or meaning; one that a rule of lint makes, because the catalog wants it to be an error,
// keeps it from being applied, not from being read. Findings are in
// the order of the text; errors are all reported at once, at most a thousand.
func Parse(file string, text []byte) (*Catalog, []Finding) {
	c := &Catalog{
		Meters: map[string]*Meter{}, Features: map[string]*Feature{}, Plans: map[string]*Plan{},
		Addons: map[string]*Addon{}, Signals: map[string]*Signal{}, Offers: map[string]*Offer{},
		Profiles: map[string]*Profile{}, Places: map[string]*Placement{}, Launches: map[string]*Launch{}, Value: map[string]*ValueMetric{},
		Milestones: map[string]*Milestone{}, Readiness: map[RevenueType]*ReadinessRule{}, Referrals: map[string]*Referral{},
		Surveys: map[string]*Survey{}, Experiments: map[string]*Experiment{},
		Lifecycle: usualLifecycle, Contact: usualContact(), Requests: usualRequests(), SurveyGap: defaultSurveyGap,
		Billing: usual, Taxonomy: map[Growth]RevenueType{}, Severities: map[string]Severity{},
		text: bytes.Clone(text), positions: map[string]Position{},
	}
	sum := sha256.Sum256(text)
	c.Version = "c-" + hex.EncodeToString(sum[:8])
	r := &reader{
		c: c, file: file,
		defined: map[string]Position{}, given: map[string]givenAs{}, signs: map[string]map[string]bool{}, rules: map[string]value{},
		plain: map[string]value{}, excluding: map[string]map[string]bool{},
	}
	if len(text) > MaxText {
		r.report(SeverityError, "too_large", "", "", Position{File: file, Line: 1, Column: 1},
			fmt.Sprintf("the catalog has %d bytes, the most is %d", len(text), MaxText), "remove what is not used any more")
		return nil, r.findings
	}
	r.read(split(file, text))
	if !HasErrors(r.findings) {
		r.advise()
	}
	findings := sortFindings(c.weigh(r.findings))
	if slices.ContainsFunc(findings, Finding.invalid) {
		return nil, findings
	}
	c.index = newIndex(c)
	return c, findings
}

// ParseFiles reads a catalog spread over several texts, by file name: Parse of Bundle.
func ParseFiles(files map[string][]byte) (*Catalog, []Finding) {
	name := ""
	if len(files) == 1 {
		name = slices.Collect(maps.Keys(files))[0]
	}
	return Parse(name, Bundle(files))
}

// marker begins each file in a bundle. To YAML it is the start of a document with a comment.
const marker = "--- # file: "

// onlyFile is the name of a text that names none.
const onlyFile = "catalog.yaml"

// Bundle joins several files to the one text that is stored and versioned: in the order
// of their names, each after a line "--- # file: NAME" that lets findings name the file.
// One file named catalog.yaml is taken as it is: that is what Files calls a text of no name.
func Bundle(files map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(files))
	if len(names) == 1 && names[0] == onlyFile {
		return files[onlyFile]
	}
	var b bytes.Buffer
	for _, name := range names {
		line := strings.Map(func(r rune) rune {
			if r < ' ' {
				return '_'
			}
			return r
		}, name)
		b.WriteString(marker + line + "\n")
		b.Write(files[name])
		if !bytes.HasSuffix(files[name], []byte("\n")) {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// part is one file of a bundle.
type part struct {
	file  string
	text  string
	start int // of the text, in bytes of the whole
}

// split undoes Bundle; a text that is no bundle is one part.
func split(file string, text []byte) []part {
	parts := []part{{file: file}}
	start := 0
	s := string(text)
	for at := 0; at < len(s); {
		end := len(s)
		if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if name, ok := strings.CutPrefix(s[at:end], marker); ok {
			parts[len(parts)-1].text = s[start:at]
			parts = append(parts, part{file: strings.TrimRight(name, "\r\n"), start: end})
			start = end
		}
		at = end
	}
	parts[len(parts)-1].text = s[start:]
	if len(parts) > 1 && strings.TrimSpace(parts[0].text) == "" {
		parts = parts[1:]
	}
	return parts
}

// read reads all parts into the catalog and checks that it does not contradict itself.
func (r *reader) read(parts []part) {
	var documents []value
	for _, p := range parts {
		r.file = p.file
		documents = append(documents, r.documents(p)...)
	}
	broken := HasErrors(r.findings)
	r.top(documents)
	if broken {
		return // what is missing may stand in the part that could not be read
	}
	r.require()
	r.validate()
}

// documents reads the YAML documents of one file.
func (r *reader) documents(p part) (documents []value) {
	here := Position{File: p.file, Line: 1, Column: 1}
	if !utf8.ValidString(p.text) {
		line := 1
		for i := range p.text {
			if p.text[i] == '\n' {
				line++
			}
			if c, size := utf8.DecodeRuneInString(p.text[i:]); c == utf8.RuneError && size == 1 {
				break
			}
		}
		here.Line = line
		r.report(SeverityError, "not_utf8", "", "", here, "the text is not UTF-8", "save the file as UTF-8")
		return nil
	}
	text := strings.TrimPrefix(p.text, "\uFEFF")
	tokens := lexer.Tokenize(text)
	if !r.bounded(tokens) {
		return nil
	}
	// The parser of the YAML library is asked for a tree only; should it panic on some
	// text, that text is refused like any other that cannot be read.
	defer func() {
		if recover() != nil {
			r.report(SeverityError, "yaml_invalid", "", "", here, "the YAML cannot be read", "write it in a simpler way")
			documents = nil
		}
	}()
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		// Error() of the library prints the lines around, in time that grows with the
		// square of the text: never ask for it.
		message := "its form is not YAML"
		if syntax, ok := errors.AsType[yaml.Error](err); ok {
			message = syntax.GetMessage()
			if t := syntax.GetToken(); t != nil && t.Position != nil {
				here.Line, here.Column = max(t.Position.Line, 1), max(t.Position.Column, 1)
			}
		}
		r.report(SeverityError, "yaml_invalid", "", "", here, "the YAML cannot be read: "+message, yamlMend(message))
		return nil
	}
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if d.Body.Type() == ast.NullType || d.Body.Type() == ast.CommentType {
			continue
		}
		documents = append(documents, value{node: d.Body, pos: here})
	}
	return documents
}

func yamlMend(message string) string {
	switch {
	case strings.Contains(message, "'\t'") || strings.Contains(message, "tab"):
		return "indent with spaces"
	case strings.Contains(message, "quoted text"):
		return "close the quote"
	case strings.Contains(message, "must be specified"):
		return "close the bracket"
	case strings.Contains(message, "mapping value is not allowed"):
		return "put text that contains a colon in quotes"
	default:
		return "check indentation, colons and quotes around this line"
	}
}

// frame is a map or list that is open while tokens are scanned.
type frame struct {
	column  int // of its keys or dashes; 0 in flow style
	dash    bool
	flow    bool
	entries int
}

// bounded scans tokens and refuses what would be dear to parse or what catalogs do not
// use: anchors, aliases and tags. The scan is linear in the length of the text.
func (r *reader) bounded(tokens token.Tokens) bool {
	fail := func(t *token.Token, code, message, mend string) bool {
		at := Position{File: r.file, Line: 1, Column: 1}
		if t != nil && t.Position != nil {
			at.Line, at.Column = max(t.Position.Line, 1), max(t.Position.Column, 1)
		}
		r.report(SeverityError, code, "", "", at, message, mend)
		return false
	}
	r.tokens += len(tokens)
	if r.tokens > maxTokens {
		return fail(nil, "too_large", fmt.Sprintf("the catalog has more than %d words and signs", maxTokens), "remove what is not used any more")
	}
	var open []frame
	entry := func(f frame) {
		for len(open) > 0 {
			top := &open[len(open)-1]
			if top.flow || top.column < f.column || (top.column == f.column && f.dash && !top.dash) {
				break
			}
			if top.column == f.column && top.dash == f.dash {
				top.entries++
				r.work += top.entries
				return
			}
			open = open[:len(open)-1]
		}
		open = append(open, f)
	}
	for _, t := range tokens {
		inFlow := len(open) > 0 && open[len(open)-1].flow
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return fail(t, "yaml_unsupported", "anchors, aliases and merge keys are not taken in a catalog", "write the value out where it is used")
		case token.TagType, token.DirectiveType:
			return fail(t, "yaml_unsupported", "tags and directives are not taken in a catalog", "leave it out")
		case token.MappingKeyType:
			return fail(t, "yaml_unsupported", "keys with a question mark are not taken in a catalog", "write key: value")
		case token.SequenceStartType, token.MappingStartType:
			open = append(open, frame{flow: true})
		case token.SequenceEndType, token.MappingEndType:
			if inFlow {
				open = open[:len(open)-1]
			}
		case token.CollectEntryType:
			if inFlow {
				top := &open[len(open)-1]
				top.entries++
				r.work += top.entries
			}
		case token.MappingValueType:
			if t.Prev != nil && len(t.Prev.Value) > maxKey {
				return fail(t.Prev, "too_large", fmt.Sprintf("a key has more than %d bytes", maxKey), "write a shorter key")
			}
			if !inFlow && t.Prev != nil {
				entry(frame{column: t.Prev.Position.Column})
			}
		case token.SequenceEntryType:
			if !inFlow {
				entry(frame{column: t.Position.Column, dash: true})
			}
		case token.DocumentHeaderType:
			open = open[:0]
		}
		if len(open) > maxNesting {
			return fail(t, "too_deep", fmt.Sprintf("the text is nested more than %d deep", maxNesting), "a catalog needs no more than eight levels")
		}
		if r.work > maxWork {
			return fail(t, "too_large", "a map or list has too many entries", fmt.Sprintf("a catalog holds at most %d definitions", MaxDefinitions))
		}
	}
	return true
}
