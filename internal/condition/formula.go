package condition

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/headroomhq/headroom/internal/fault"
)

// Formula is a compiled formula: a text in CEL over numbers by name whose result is a number,
// such as exports * 0.5 + max(seats - 3, 0). Immutable and safe for concurrent use.
type Formula struct {
	Source  string
	program cel.Program
	uses    []string
}

// formulaSigns are the operators a formula may use.
var formulaSigns = []string{operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Negate, operators.Conditional,
	operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.Equals, operators.NotEquals,
	operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot}

// formulaFunctions are the functions a formula may call.
var formulaFunctions = []string{"max", "min"}

// formulaExample shows what a formula looks like.
const formulaExample = "exports * 0.5"

// CompileFormula checks source: every name is one of names, and the result is a number. The
// error is an *Error.
func CompileFormula(source string, names []string) (*Formula, error) {
	if strings.TrimSpace(source) == "" {
		return nil, &Error{1, 1, "the formula is empty", "write one such as " + formulaExample}
	}
	if len(source) > MaxSource {
		return nil, &Error{1, 1, fmt.Sprintf("the formula has %d bytes, the most is %d", len(source), MaxSource), "write a shorter one"}
	}
	ce, err := formulaEnv(names)
	if err != nil {
		return nil, err
	}
	parsed, issues := ce.Parse(source)
	if issues.Err() != nil {
		e := syntaxError(issues)
		e.Message = strings.ReplaceAll(e.Message, "the condition", "the formula")
		if strings.Contains(e.Mend, "account.plan") || strings.Contains(e.Mend, "comparisons") {
			e.Mend = "write sums and products of meters, such as " + formulaExample
		}
		return nil, e
	}
	f := formulaCheck{precheck: precheck{source: source, ast: parsed.NativeRep()}, names: names}
	f.walk(f.ast.Expr(), 0)
	if f.err != nil {
		return nil, f.err
	}
	checked, issues := ce.Check(parsed)
	if issues.Err() != nil {
		e := typeError(issues)
		e.Mend = "write sums and products of meters, such as " + formulaExample
		return nil, e
	}
	if t := checked.OutputType(); t.Kind() != types.DoubleKind {
		return nil, &Error{1, 1, "this is " + typeWords(t.String()) + ", not a number", "write sums and products of meters, such as " + formulaExample}
	}
	program, err := ce.Program(checked, cel.CostLimit(maxCost))
	if err != nil {
		return nil, &Error{1, 1, "the formula cannot be run: " + err.Error(), "write it in a simpler way"}
	}
	slices.Sort(f.uses)
	return &Formula{Source: source, program: program, uses: slices.Compact(f.uses)}, nil
}

// Uses lists the names in the formula, sorted. Callers must not change it.
func (f *Formula) Uses() []string { return f.uses }

// Eval computes the formula; values gives the number of each name it uses. A result that is
// no finite number (a division by zero) is a fault of code formula_failed.
func (f *Formula) Eval(values func(name string) float64) (float64, error) {
	vars := make(map[string]any, len(f.uses))
	for _, name := range f.uses {
		vars[name] = values(name)
	}
	failed := func(why string) (float64, error) {
		return 0, fault.New(fault.Invalid, "formula_failed", "formula %q: %s", fault.Shorten(f.Source), why).
			WithMend("guard a division: meter > 0 ? a / meter : 0")
	}
	out, _, err := f.program.Eval(vars)
	if err != nil {
		return failed(plainRuntime(err))
	}
	n, ok := out.(types.Double)
	switch {
	case !ok:
		return failed("it gave no number")
	case math.IsNaN(float64(n)) || math.IsInf(float64(n), 0):
		return failed("it divides by zero")
	}
	return float64(n), nil
}

// formulaCheck walks a parsed formula, as precheck does a condition.
type formulaCheck struct {
	precheck
	names []string
	uses  []string
}

func (f *formulaCheck) walk(e ast.Expr, depth int) {
	if f.err != nil {
		return
	}
	if depth > maxDepth {
		f.fail(e, "write it with fewer parentheses", "the formula is nested more than %d deep", maxDepth)
		return
	}
	switch e.Kind() {
	case ast.LiteralKind:
		doubles(e)
	case ast.IdentKind:
		f.name(e)
	case ast.CallKind:
		c := e.AsCall()
		if name := c.FunctionName(); c.IsMemberFunction() || !slices.Contains(formulaSigns, name) && !slices.Contains(formulaFunctions, name) {
			sign := operatorWords[name]
			if sign == "" {
				sign = name
			}
			f.fail(e, "available: + - * / ? : comparisons, "+strings.Join(formulaFunctions, ", "), "%q is not available in formulas", sign)
			return
		}
		for _, a := range c.Args() {
			f.walk(a, depth+1)
		}
	default:
		f.fail(e, "write sums and products of meters, such as "+formulaExample, "this is not part of a formula")
	}
}

func (f *formulaCheck) name(e ast.Expr) {
	name := e.AsIdent()
	if slices.Contains(f.names, name) {
		f.uses = append(f.uses, name)
		return
	}
	mend := "known here: " + strings.Join(f.names, ", ")
	if len(f.names) > 20 {
		mend = "use the key of a meter"
	}
	if near := Nearest(name, f.names); near != "" {
		mend = "did you mean " + near + "? " + mend
	}
	f.fail(e, mend, "%q is not the key of a meter", name)
}

// formulaEnv builds a CEL of numbers alone, with names as variables.
func formulaEnv(names []string) (*cel.Env, error) {
	number := cel.DoubleType
	pick := func(name string, first func(x, y types.Double) bool) cel.EnvOption {
		return cel.Function(name, cel.Overload(name+"_numbers", []*cel.Type{number, number}, number,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				x, y, ok := two[types.Double](a, b)
				if !ok {
					return unlikeKinds("compare", a, b)
				}
				if first(x, y) {
					return x
				}
				return y
			})))
	}
	options := []cel.EnvOption{
		cel.ClearMacros(),
		cel.ParserRecursionLimit(2 * maxDepth),
		cel.ParserErrorRecoveryLimit(1),
		cel.ParserExpressionSizeLimit(MaxSource),
		pick("max", func(x, y types.Double) bool { return x >= y }),
		pick("min", func(x, y types.Double) bool { return x <= y }),
	}
	for _, name := range names {
		options = append(options, cel.Variable(name, number))
	}
	return withOperators(options)
}
