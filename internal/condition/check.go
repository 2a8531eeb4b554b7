package condition

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/headroomhq/headroom/internal/fault"
)

// precheck walks a parsed condition before CEL checks its types, because our own words for
// an unknown name are plainer than CEL's. It keeps the first thing it finds.
type precheck struct {
	env      Env
	source   string
	ast      *ast.AST
	err      *Error
	compared []Comparison
	names    *Names
	uses     []string // names as they stand, such as usage.speakers.percent
}

func (p *precheck) fail(e ast.Expr, mend, format string, args ...any) {
	if p.err == nil {
		line, column := p.place(e)
		p.err = &Error{line, column, fmt.Sprintf(format, args...), mend}
	}
}

func (p *precheck) place(e ast.Expr) (line, column int) {
	at := p.ast.SourceInfo().GetStartLocation(e.ID())
	return max(at.Line(), 1), max(at.Column()+1, 1)
}

// walk checks names, fields and functions.
func (p *precheck) walk(e ast.Expr, depth int) {
	if p.err != nil {
		return
	}
	if depth > maxDepth {
		p.fail(e, "write it with fewer parentheses", "the condition is nested more than %d deep", maxDepth)
		return
	}
	switch e.Kind() {
	case ast.LiteralKind:
		if _, isBytes := e.AsLiteral().(types.Bytes); isBytes {
			p.fail(e, "write plain text in quotes", "bytes are not taken here")
		}
		doubles(e)
	case ast.IdentKind:
		p.ident(e)
		if t, ok := variables[p.env][e.AsIdent()]; ok && t.Kind() == types.StructKind {
			p.whole(e, t)
		}
		p.uses = append(p.uses, e.AsIdent())
	case ast.SelectKind:
		t := p.selection(e)
		p.uses = append(p.uses, strings.TrimPrefix(nameOf(e.AsSelect().Operand())+"."+e.AsSelect().FieldName(), "."))
		if t != nil && t.Kind() == types.StructKind && !e.AsSelect().IsTestOnly() {
			p.whole(e, t)
		}
		if nameOf(e) == "account.traits" {
			p.fail(e, "name one trait, such as account.traits.segment", "account.traits as a whole cannot be used here")
		}
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			p.walk(element, depth+1)
		}
	case ast.CallKind:
		if p.quoted(e) {
			p.walk(e, depth)
			return
		}
		p.call(e, depth)
	default:
		p.fail(e, "compare names with values, and join comparisons with && and ||", "this is not part of a condition")
	}
}

func (p *precheck) ident(e ast.Expr) {
	name := e.AsIdent()
	if _, ok := variables[p.env][name]; ok {
		return
	}
	known := p.env.names()
	mend := "known here: " + strings.Join(known, ", ")
	if near := Nearest(name, known); near != "" {
		mend = "did you mean " + near + "? " + mend
	}
	p.fail(e, mend, "%q is not a name known here", name)
}

// whole refuses an object of which no field is named.
func (p *precheck) whole(e ast.Expr, t *cel.Type) {
	mend := "name one of its fields: " + strings.Join(fieldsOf(t.TypeName()), ", ")
	if words := openWords[t.TypeName()]; words != "" {
		mend = "name a " + words + ", such as " + nameOf(e) + "." + p.one(t.TypeName(), words)
	}
	p.fail(e, mend, "%s as a whole cannot be used here", nameOf(e))
}

// one returns a name that may stand after an open object.
func (p *precheck) one(object, otherwise string) string {
	if known, _ := p.names.of(object); len(known) > 0 {
		return known[0]
	}
	return otherwise
}

// quoted turns usage['two-words'] into a selection, as names in a catalog may have signs in
// them that CEL reads as minus. It says whether it was one.
func (p *precheck) quoted(e ast.Expr) bool {
	c := e.AsCall()
	if c.FunctionName() != operators.Index || len(c.Args()) != 2 {
		return false
	}
	t, named := p.typeOf(c.Args()[0])
	field, isText := textOf(c.Args()[1])
	if !named || !isText || t.Kind() != types.StructKind || open[t.TypeName()] == nil {
		return false
	}
	e.SetKindCase(ast.NewExprFactory().NewSelect(e.ID(), c.Args()[0], field))
	return true
}

// typeOf returns the type of a name without saying what is wrong with it.
func (p *precheck) typeOf(e ast.Expr) (*cel.Type, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		t, known := variables[p.env][e.AsIdent()]
		return t, known
	case ast.SelectKind:
		s := e.AsSelect()
		if t, known := p.typeOf(s.Operand()); known && t.Kind() == types.StructKind && !s.IsTestOnly() {
			field := fieldType(t.TypeName(), s.FieldName())
			return field, field != nil
		}
	}
	return nil, false
}

// selection checks operand.field: a field of an object, or any trait. It returns the type,
// nil when that is not known or something is wrong.
func (p *precheck) selection(e ast.Expr) *cel.Type {
	s := e.AsSelect()
	operand := s.Operand()
	if operand.Kind() == ast.CallKind {
		p.quoted(operand)
	}
	var t *cel.Type
	switch operand.Kind() {
	case ast.IdentKind:
		p.ident(operand)
		t = variables[p.env][operand.AsIdent()]
	case ast.SelectKind:
		t = p.selection(operand)
	default:
		p.fail(e, "fields belong to names only", "this value has no field %q", s.FieldName())
	}
	if p.err != nil {
		return nil
	}
	switch {
	case t != nil && t.Kind() == types.StructKind:
		return p.field(e, nameOf(operand), t.TypeName(), s.FieldName())
	case t == traitsType:
		return cel.DynType
	case operand.Kind() == ast.IdentKind:
		p.fail(e, "write "+operand.AsIdent()+" alone", "%s has no fields", operand.AsIdent())
	default:
		p.fail(e, "use the value itself", "%s is a plain value and has no field %q", nameOf(operand), s.FieldName())
	}
	return nil
}

// field checks one field of an object.
func (p *precheck) field(e ast.Expr, operand, object, field string) *cel.Type {
	if t := open[object]; t != nil {
		known, closed := p.names.of(object)
		if !closed || slices.Contains(known, field) {
			return t
		}
		mend := "known: " + strings.Join(known[:min(len(known), mostNamed)], ", ")
		if len(known) == 0 {
			mend = "the catalog has none yet"
		}
		if near := Nearest(field, known[:min(len(known), mostSearched)]); near != "" {
			meant := operand + "." + near
			if strings.Contains(near, "-") {
				meant = operand + "['" + near + "']"
			}
			mend = "did you mean " + meant + "? " + mend
		}
		p.fail(e, mend, "there is no %s %q", openWords[object], field)
		return nil
	}
	if t := fieldType(object, field); t != nil {
		return t
	}
	fields := fieldsOf(object)
	mend := "known: " + strings.Join(fields, ", ")
	if operand == "account" {
		mend += "; what you send yourself is under account.traits." + field
	}
	if near := Nearest(field, fields); near != "" {
		mend = "did you mean " + operand + "." + near + "? " + mend
	}
	p.fail(e, mend, "%s has no field %q", operand, field)
	return nil
}

// Bounds of what a message about an unknown name lists, and looks through.
const (
	mostNamed    = 20
	mostSearched = 500
)

func (p *precheck) call(e ast.Expr, depth int) {
	c := e.AsCall()
	name := c.FunctionName()
	switch {
	case operatorWords[name] != "" && name != operators.Modulo:
	case name == operators.Modulo:
		p.fail(e, "write it without a remainder", "%% is not available in conditions")
	case slices.Contains(functionNames, name):
	default:
		mend := "available: " + strings.Join(functionNames, ", ") + ", in and the usual operators"
		if near := Nearest(name, functionNames); near != "" {
			mend = "did you mean " + near + "? " + mend
		}
		p.fail(e, mend, "there is no function %q", name)
	}
	args := c.Args()
	if c.IsMemberFunction() {
		p.walk(c.Target(), depth+1)
	}
	// account.traits['a key'] and 'key' in account.traits are the two places where all
	// traits may stand.
	whole := -1
	if name == operators.Index {
		whole = 0
	}
	if name == operators.In {
		whole = 1
	}
	for i, a := range args {
		if i == whole && nameOf(a) == "account.traits" {
			p.selection(a)
			continue
		}
		if name == operators.Index && i == 0 {
			p.fail(e, "write account.traits['the trait']", "only traits can be looked up with [ ]")
		}
		p.walk(a, depth+1)
	}
	p.compares(name, args)
}

// compares notes name == 'text', name != 'text' and name in ['text', ...].
func (p *precheck) compares(operator string, args []ast.Expr) {
	if len(args) != 2 || p.err != nil {
		return
	}
	note := func(named, literal ast.Expr) {
		if text, ok := textOf(literal); ok && nameOf(named) != "" {
			line, column := p.place(literal)
			p.compared = append(p.compared, Comparison{nameOf(named), text, line, column})
		}
	}
	switch operator {
	case operators.Equals, operators.NotEquals:
		note(args[0], args[1])
		note(args[1], args[0])
	case operators.In:
		if args[1].Kind() == ast.ListKind {
			for _, element := range args[1].AsList().Elements() {
				note(args[0], element)
			}
		}
	}
}

// claims returns those of the comparisons with texts that an expression is a conjunction of.
func claims(e ast.Expr) []Claim {
	if e.Kind() != ast.CallKind {
		return nil
	}
	c := e.AsCall()
	args := c.Args()
	switch name := c.FunctionName(); name {
	case operators.LogicalAnd:
		var all []Claim
		for _, a := range args {
			all = append(all, claims(a)...)
		}
		return all
	case operators.Equals, operators.NotEquals:
		for i, a := range args {
			if text, ok := textOf(args[1-i]); ok && nameOf(a) != "" {
				return []Claim{{nameOf(a), name == operators.Equals, []string{text}}}
			}
		}
	case operators.In:
		one := Claim{Name: nameOf(args[0]), Is: true}
		if one.Name == "" || args[1].Kind() != ast.ListKind {
			return nil
		}
		for _, element := range args[1].AsList().Elements() {
			text, ok := textOf(element)
			if !ok {
				return nil
			}
			one.Values = append(one.Values, text)
		}
		return []Claim{one}
	}
	return nil
}

func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	v, ok := e.AsLiteral().(types.String)
	return string(v), ok
}

// nameOf returns account.plan for that selection, amount for that name, else "".
func nameOf(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			if operand := nameOf(s.Operand()); operand != "" {
				return operand + "." + s.FieldName()
			}
		}
	}
	return ""
}

// truths checks that wherever true or false is wanted stands something that is surely one
// of the two. A trait may be anything or missing, so it must be compared first.
func (p *precheck) truths(e ast.Expr, wanted bool) {
	if t := p.ast.GetType(e.ID()); wanted && t.Kind() != types.BoolKind {
		words := nameOf(e)
		if t.Kind() == types.DynKind {
			if words == "" {
				words = "the value"
			}
			p.fail(e, "write "+words+" == true", "%s may be missing or neither true nor false", words)
		} else {
			p.fail(e, "compare it with something, such as "+p.env.example(), "this is %s, not true or false", typeWords(t.String()))
		}
	}
	if e.Kind() != ast.CallKind {
		return
	}
	c := e.AsCall()
	for i, a := range c.Args() {
		logic := false
		switch c.FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot:
			logic = true
		case operators.Conditional:
			logic = i == 0
		}
		p.truths(a, logic)
	}
	if c.IsMemberFunction() {
		p.truths(c.Target(), false)
	}
}

var (
	overloadMessage = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'`)
	mismatch        = regexp.MustCompile(`^expected type '(.*)' but found '(.*)'`)
	unexpected      = regexp.MustCompile(`(?:mismatched|extraneous) input '(.*?)' expecting|no viable alternative at input '(.*)'|token recognition error at: '(.*)'`)
)

// syntaxError puts CEL's parse error into plain words.
func syntaxError(issues *cel.Issues) *Error {
	first := issues.Errors()[0]
	e := &Error{Line: max(first.Location.Line(), 1), Column: max(first.Location.Column()+1, 1)}
	m := unexpected.FindStringSubmatch(first.Message)
	switch {
	case m == nil && strings.Contains(first.Message, "int literal"):
		e.Message, e.Mend = "a number is too large", "write it with an exponent, such as 1e20"
	case m == nil && (strings.Contains(first.Message, "recursion limit") || strings.Contains(first.Message, "nested")):
		e.Message, e.Mend = "the condition is nested too deep", "write it with fewer parentheses"
	case m == nil:
		e.Message = "it cannot be read: " + strings.TrimPrefix(first.Message, "Syntax error: ")
		e.Mend = "write a condition in CEL, such as account.plan == 'pro' && user.role == 'admin'"
	default:
		word := m[1] + m[2] + m[3]
		e.Message = fmt.Sprintf("%q is not expected here", fault.Shorten(word))
		switch {
		case word == "<EOF>":
			e.Message, e.Mend = "the condition breaks off here", "finish it, or close a parenthesis or quote"
		case word == "and" || word == "AND":
			e.Mend = "write && for and"
		case word == "or" || word == "OR":
			e.Mend = "write || for or"
		case word == "not" || word == "NOT":
			e.Mend = "write ! for not"
		case strings.HasPrefix(word, "="):
			e.Mend = "write == to compare"
		case strings.HasPrefix(word, "'") || strings.HasPrefix(word, `"`):
			e.Mend = "close the quote"
		case strings.HasPrefix(word, "&") || strings.HasPrefix(word, "|"):
			e.Mend = "write && for and, || for or"
		default:
			e.Mend = "join comparisons with && and ||, put text in quotes"
		}
	}
	return e
}

// typeError puts CEL's type errors into plain words.
func typeError(issues *cel.Issues) *Error {
	first := issues.Errors()[0]
	e := &Error{Line: max(first.Location.Line(), 1), Column: max(first.Location.Column()+1, 1)}
	m := overloadMessage.FindStringSubmatch(first.Message)
	if found := mismatch.FindStringSubmatch(first.Message); found != nil {
		e.Message = fmt.Sprintf("this is %s, wanted is %s", typeWords(found[2]), typeWords(found[1]))
		e.Mend = "compare values of the same kind"
		if found[1] == "bool" {
			e.Mend = "give it comparisons, such as account.plan == 'pro'"
		}
		return e
	}
	if m == nil {
		e.Message, e.Mend = first.Message, "compare values of the same kind"
		return e
	}
	sign := operatorWords[m[1]]
	args := strings.Split(strings.Trim(strings.Replace(m[2], ".(", ", ", 1), "()"), ", ")
	for i, a := range args {
		args[i] = typeWords(a)
	}
	kinds := strings.Join(args, " and ")
	if sign == "" {
		e.Message, e.Mend = fmt.Sprintf("%s cannot be used with %s", m[1], kinds), "it takes text: write account.plan.startsWith('pro')"
		return e
	}
	e.Message = fmt.Sprintf("%s cannot stand between %s", sign, kinds)
	if len(args) == 1 {
		e.Message = fmt.Sprintf("%s cannot stand before %s", sign, kinds)
	}
	e.Mend = "compare values of the same kind: text in quotes, numbers without"
	switch sign {
	case "&&", "||", "!", "? :":
		e.Mend = "give it comparisons, such as account.plan == 'pro'"
	case "in":
		e.Mend = "write a list of values of one kind, such as account.plan in ['pro', 'business']"
	}
	return e
}

func typeWords(t string) string {
	switch {
	case t == "string":
		return "text"
	case t == "double":
		return "a number"
	case t == "bool":
		return "true or false"
	case t == "null" || t == "null_type":
		return "null"
	case strings.HasPrefix(t, "list"):
		return "a list"
	default:
		return "a trait"
	}
}
