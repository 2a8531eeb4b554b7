package headroom_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/headroomhq/headroom/internal/event"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

const errorsPage = "docs/errors.md"

// kinds are the kinds of fault with what each means for a caller, in the order of the page.
var kinds = []struct{ name, status, means string }{
	{"Invalid", "400 or 422", "The input is wrong and will stay wrong."},
	{"Unauthenticated", "401", "No key, or one that is not good here."},
	{"Denied", "403", "A good key, which may not do this."},
	{"NotFound", "404", "What is named does not exist."},
	{"Conflict", "409", "It exists, in a state that forbids this."},
	{"Stale", "412", "The version or confirmation token no longer fits."},
	{"TooLarge", "413", "Above a stated bound."},
	{"Unsupported", "415", "A media type or encoding we do not take."},
	{"Busy", "429", "Not now: try again after a moment."},
	{"Internal", "500", "Our own mistake. The answer holds no more than a number to find it in the log by."},
	{"Unavailable", "503", "Nothing was accepted: the disk is full, the log or the database is away."},
}

// listsItsOwn are packages that choose codes while running; what they may choose from is
// their own published list.
var listsItsOwn = []string{"internal/event"}

// codeUse is one place that makes a fault.
type codeUse struct{ code, kind, says, at string }

// codeMaker is a function that makes a fault from a code it is given: where in its
// parameters the code, and the kind if it is not fixed, are found.
type codeMaker struct {
	code, kind int    // positions of the parameters; kind -1 when fixed
	fixed      string // the kind when fixed
	suffix     string // added to the code that is given
	says       string
}

// TestErrorCodesArePublished holds the table in docs/errors.md to the codes in the program.
// With -update it writes the table.
func TestErrorCodesArePublished(t *testing.T) {
	uses := codeUses(t)
	byCode := make(map[[2]string]codeUse) // by kind and code
	for _, u := range uses {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(u.code) {
			t.Errorf("%s: code %q: want lower case words joined by _", u.at, u.code)
		}
		key := [2]string{u.kind, u.code}
		if before, known := byCode[key]; !known || before.says == "" {
			byCode[key] = u
		}
	}
	page := renderErrors(byCode)
	if *update {
		if err := os.WriteFile(errorsPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	published, err := os.ReadFile(errorsPage)
	if err != nil || !bytes.Equal(published, page) {
		t.Errorf("%s is not what the program says (%v): run  go test -run TestErrorCodesArePublished . -update", errorsPage, err)
	}
}

func renderErrors(byCode map[[2]string]codeUse) []byte {
	meanings := make(map[string]string)
	for _, c := range event.Codes {
		meanings[c.Code] = c.Meaning
	}
	var b bytes.Buffer
	b.WriteString("# Error codes\n\n" +
		"<!-- Written by: go test -run TestErrorCodesArePublished . -update -->\n\n" +
		"Every error of the API is `application/problem+json` with one of these codes; on the\n" +
		"command line it is one line on stderr and exit status 1. Codes are stable: they may be added,\n" +
		"never renamed. `…` stands for what the case puts there.\n")
	// Answers link to #code, which a table needs an anchor for.
	linked := make(map[string]bool)
	anchor := func(code string) string {
		if linked[code] {
			return ""
		}
		linked[code] = true
		return `<a id="` + code + `"></a>`
	}
	for _, k := range kinds {
		var rows []string
		for _, key := range slices.SortedFunc(maps.Keys(byCode), func(a, b [2]string) int { return cmp.Compare(a[1], b[1]) }) {
			if u := byCode[key]; u.kind == k.name {
				rows = append(rows, fmt.Sprintf("| %s`%s` | %s |", anchor(u.code), u.code, cmp.Or(u.says, meanings[u.code], "see the answer's detail")))
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(&b, "\n## %s: HTTP %s\n\n%s\n\n| code | says |\n|---|---|\n%s\n", k.name, k.status, k.means, strings.Join(rows, "\n"))
		}
	}
	b.WriteString("\n## Events\n\nWhy an event is in the `rejected` of an answer, while the others go in; or, when it\n" +
		"is true of the whole request, why that is refused.\n\n| code | says |\n|---|---|\n")
	for _, c := range event.Codes {
		fmt.Fprintf(&b, "| %s`%s` | %s |\n", anchor(c.Code), c.Code, strings.ReplaceAll(c.Meaning, "|", "\\|"))
	}
	return b.Bytes()
}

// codeUses finds every code in internal and cmd: in calls of fault.New, in fault.Error
// literals, and in calls of functions that hand their parameter on to fault.New.
func codeUses(t *testing.T) []codeUse {
	t.Helper()
	byPackage := make(map[string][]source)
	for _, folder := range []string{"internal", "cmd"} {
		if _, err := os.Stat(folder); err != nil {
			continue
		}
		for _, s := range sources(t, folder) {
			dir := path.Dir(s.path)
			byPackage[dir] = append(byPackage[dir], s)
		}
	}
	constants := make(map[string]string)
	for _, list := range byPackage {
		for _, s := range list {
			collectConstants(s, constants)
		}
	}
	var uses []codeUse
	for _, dir := range slices.Sorted(maps.Keys(byPackage)) {
		if dir == "internal/fault" {
			continue
		}
		makers := map[string]codeMaker{"fault.New": {kind: 0, code: 1}}
		// A maker may call a maker: go round until nothing new is found.
		for before := 0; before != len(makers); {
			before = len(makers)
			uses = slices.DeleteFunc(uses, func(u codeUse) bool { return path.Dir(u.at) == dir })
			for _, s := range byPackage[dir] {
				uses = append(uses, fileUses(t, s, makers, constants)...)
			}
		}
	}
	return uses
}

// function is a function, or one assigned to a name, with its parameters.
type function struct {
	name   string
	params *ast.FieldList
	node   ast.Node
}

// makerOf returns the innermost function that has the parameter.
func makerOf(nested []function, name string) *function {
	for i := len(nested) - 1; i >= 0; i-- {
		if parameter(nested[i].params, name) >= 0 {
			return &nested[i]
		}
	}
	return nil
}

func fileUses(t *testing.T, s source, makers map[string]codeMaker, constants map[string]string) (uses []codeUse) {
	t.Helper()
	for _, decl := range s.file.Decls {
		var nested []function // around the node, outermost first
		locals := make(map[string]bool)
		within := func(name string) string {
			if local := fmt.Sprintf("%s@%d", name, decl.Pos()); locals[local] {
				return local
			}
			return name
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if n == nil {
				return true
			}
			nested = slices.DeleteFunc(nested, func(f function) bool { return n.Pos() >= f.node.End() })
			switch n := n.(type) {
			case *ast.FuncDecl:
				nested = append(nested, function{n.Name.Name, n.Type.Params, n})
			case *ast.AssignStmt:
				if lit, ok := n.Rhs[0].(*ast.FuncLit); ok {
					// It has its name only inside the function around it.
					local := fmt.Sprintf("%s@%d", lastName(n.Lhs[0]), decl.Pos())
					locals[local] = true
					nested = append(nested, function{local, lit.Type.Params, n})
				}
			case *ast.CompositeLit:
				if u := literalUse(s, n); u.code != "" {
					uses = append(uses, u)
				}
			case *ast.CallExpr:
				m, ok := makers[within(calledName(n.Fun))]
				if !ok || len(n.Args) <= m.code {
					return true
				}
				u := codeUse{at: s.at(n), kind: m.fixed, says: m.says}
				if m.kind >= 0 {
					u.kind = lastName(n.Args[m.kind])
				}
				u.says = cmp.Or(sentence(n.Args[m.code+1:]), u.says)
				given, suffix := splitCode(n.Args[m.code])
				made := makerOf(nested, given)
				switch code := codeOf(n.Args[m.code], constants); {
				case code != "":
					u.code = code + m.suffix
					uses = append(uses, u)
				case made != nil:
					maker := codeMaker{code: parameter(made.params, given), kind: -1, fixed: u.kind, suffix: suffix + m.suffix, says: u.says}
					if m.kind >= 0 {
						maker.kind = parameter(made.params, u.kind)
					}
					makers[made.name] = maker
				case given != "Code" && !slices.Contains(listsItsOwn, path.Dir(s.path)):
					t.Errorf("%s: the code is neither a string nor a parameter, so that nobody can list it", s.at(n))
				}
			}
			return true
		})
	}
	return uses
}

// collectConstants adds the string constants of a file that are named as codes are.
func collectConstants(s source, constants map[string]string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if lit, ok := literal(spec.Values, i); ok && strings.HasPrefix(strings.ToLower(name.Name), "code") {
				constants[name.Name] = lit
			}
		}
		return true
	})
}

func literal(values []ast.Expr, i int) (string, bool) {
	if i >= len(values) {
		return "", false
	}
	lit, ok := values[i].(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// splitCode returns the name in an expression such as what + "_not_found", and what is
// added to it; of a plain name or a field the name.
func splitCode(e ast.Expr) (name, suffix string) {
	if sum, ok := e.(*ast.BinaryExpr); ok {
		suffix, _ = literal([]ast.Expr{sum.Y}, 0)
		return lastName(sum.X), suffix
	}
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 { // cmp.Or(problem.Code, "…")
		return lastName(call.Args[0]), ""
	}
	return lastName(e), ""
}

// codeOf returns the code that an argument is: a string, or a constant that holds one. Of
// cmp.Or it is the last, for when what is handed on has none.
func codeOf(e ast.Expr, constants map[string]string) string {
	if call, ok := e.(*ast.CallExpr); ok && lastName(call.Fun) == "Or" {
		e = call.Args[len(call.Args)-1]
	}
	if text, ok := literal([]ast.Expr{e}, 0); ok {
		return text
	}
	return constants[lastName(e)]
}

// literalUse reads the code out of fault.Error{Kind: …, Code: "…"}.
func literalUse(s source, lit *ast.CompositeLit) codeUse {
	if calledName(lit.Type) != "fault.Error" {
		return codeUse{}
	}
	u := codeUse{at: s.at(lit), kind: "Internal"}
	for _, element := range lit.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch lastName(pair.Key) {
		case "Kind":
			u.kind = lastName(pair.Value)
		case "Code":
			if code, ok := pair.Value.(*ast.BasicLit); ok {
				u.code, _ = strconv.Unquote(code.Value)
			}
		case "Message":
			u.says = textOf(pair.Value)
		}
	}
	return u
}

// calledName returns "fault.New" for a function of another package, "f" for one of this
// package and for a method.
func calledName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "fault" {
			return "fault." + e.Sel.Name
		}
		return e.Sel.Name
	}
	return ""
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// parameter returns the position of a parameter by its name, -1 when there is none.
func parameter(params *ast.FieldList, name string) int {
	at := 0
	for _, field := range params.List {
		for _, n := range field.Names {
			if n.Name == name && name != "" {
				return at
			}
			at++
		}
	}
	return -1
}

// sentence returns the first text among the arguments that has words; a path has none.
func sentence(args []ast.Expr) string {
	for _, arg := range args {
		if text := textOf(arg); strings.Contains(text, " ") && strings.ContainsFunc(text, unicode.IsLetter) {
			return text
		}
	}
	return ""
}

var verbs = regexp.MustCompile(`%[+#]?[0-9.]*[a-zA-Z]`)

// textOf returns the text of a string literal, or of literals joined by +, with … for verbs.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return ""
		}
		return strings.ReplaceAll(strings.ReplaceAll(verbs.ReplaceAllString(text, "…"), "%%", "%"), "|", "\\|")
	case *ast.BinaryExpr:
		x, y := textOf(e.X), textOf(e.Y)
		if x+y == "" {
			return ""
		}
		return cmp.Or(x, "…") + cmp.Or(y, "…")
	}
	return ""
}
