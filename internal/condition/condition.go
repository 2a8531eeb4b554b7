// Package condition compiles, checks and evaluates the conditions of a catalog: short
// texts in CEL that say for whom an offer is meant or which deal goes to whom.
package condition

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/headroomhq/headroom/internal/fault"
)

// Bounds that keep a hostile or mistaken condition cheap.
const (
	MaxSource = 4096 // bytes of text
	maxDepth  = 32   // nested parentheses and calls
	maxCost   = 5000 // CEL cost units of one evaluation; one comparison is about 3
)

// Env says where a condition stands, and with it which names it may use.
type Env uint8

// The environments.
const (
	// ForOffer: account, user and placement. For `offers.*.for`.
	ForOffer Env = iota + 1
	// ForRouting: amount (a year's money in major units), type and account. For `routing[].when`.
	ForRouting
	// ForAccount: account. For whom a plan, an add-on, a launch or a milestone is: `plans.*.eligible`.
	ForAccount
	// ForSignal: account (with stage and age_days), usage, people, money, time, facts,
	// milestones, signals and survey. For `signals.*.when.rule` and `and`, and readiness.
	ForSignal
)

// Condition is a compiled condition. Immutable and safe for concurrent use.
type Condition struct {
	Source string

	program  cel.Program
	env      Env
	compared []Comparison
	claims   []Claim
	uses     []string
}

// Comparison is a place where a condition compares a name with a fixed text, such as
// account.plan with "pro", so that the catalog can say when no such plan exists.
type Comparison struct {
	Name   string // account.plan
	Value  string // pro
	Line   int    // of the text, within the condition, from 1
	Column int
}

// Claim is a part of a condition that must hold for the whole to hold: a name is one of some
// fixed texts, or none of them.
type Claim struct {
	Name   string // account.plan
	Is     bool
	Values []string
}

// Error is what is wrong with the text of a condition. Line and Column count from 1
// within the condition. It unwraps to a *fault.Error of code condition_invalid.
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
	return fault.New(fault.Invalid, "condition_invalid", "line %d, column %d: %s", e.Line, e.Column, e.Message).WithMend("%s", e.Mend)
}

// Compile checks source against env: every name and field is known, kinds fit, and the
// result is true or false. The error is an *Error. For ForSignal use CompileSignal.
func Compile(source string, env Env) (*Condition, error) {
	return compile(source, env, &Names{})
}

// CompileSignal is Compile for ForSignal: names are what the catalog defines, so that a
// misspelt feature, milestone or signal is an error and not a rule that never holds.
func CompileSignal(source string, names *Names) (*Condition, error) {
	return compile(source, ForSignal, names)
}

func compile(source string, env Env, names *Names) (*Condition, error) {
	if strings.TrimSpace(source) == "" {
		return nil, &Error{1, 1, "the condition is empty", "write one such as " + env.example() + ", or leave it out"}
	}
	if len(source) > MaxSource {
		return nil, &Error{1, 1, fmt.Sprintf("the condition has %d bytes, the most is %d", len(source), MaxSource), "write a shorter one"}
	}
	ce, err := env.cel()
	if err != nil {
		return nil, err
	}
	parsed, issues := ce.Parse(source)
	if issues.Err() != nil {
		return nil, syntaxError(issues)
	}
	p := &precheck{env: env, source: source, ast: parsed.NativeRep(), names: names}
	p.walk(p.ast.Expr(), 0)
	if p.err != nil {
		return nil, p.err
	}
	checked, issues := ce.Check(parsed)
	if issues.Err() != nil {
		return nil, typeError(issues)
	}
	p.ast = checked.NativeRep()
	p.truths(p.ast.Expr(), true)
	if p.err != nil {
		return nil, p.err
	}
	program, err := ce.Program(checked, cel.CostLimit(maxCost))
	if err != nil {
		return nil, &Error{1, 1, "the condition cannot be run: " + err.Error(), "write it in a simpler way"}
	}
	slices.Sort(p.uses)
	return &Condition{
		Source: source, program: program, env: env, compared: p.compared, claims: claims(p.ast.Expr()), uses: slices.Compact(p.uses),
	}, nil
}

// Compared lists the places where a name is compared with a fixed text, in the order of
// the source.
func (c *Condition) Compared() []Comparison { return c.compared }

// Uses lists the names the condition looks at, such as usage.speakers.percent, sorted. The
// caller must not change them.
func (c *Condition) Uses() []string { return c.uses }

// Claims lists what must surely be so for the condition to hold, as far as it compares names
// with fixed texts: of what is negated, or one of several ways, nothing is claimed. The caller
// must not change them.
func (c *Condition) Claims() []Claim { return c.claims }

// Eval says whether the condition holds. vars holds plain values:
//
//	account   map[string]any{"key", "name", "plan", "status", "stage": string, "mrr": number
//	          (major units per month), "traits": map[string]any of strings, numbers, bools and nil}
//	user      map[string]any{"role", "profile", "language": string, "external": bool}
//	placement string
//	amount    number, major units of a year's money
//	type      string, a revenue type
//
// and of ForSignal, besides account (which has "age_days": number, too):
//
//	usage      by feature: {"used": number, "limit", "percent", "remaining": number or nil,
//	           "unlimited": bool}; percent and remaining are nil without a limit
//	people     {"count", "admins", "active", "outside", "champions": number, "profiles": by
//	           profile, number}
//	money      {"mrr": number (major units per month), "interval": "month" or "year",
//	           "months": number (since the first was paid), "overdue": bool}
//	time       {"days_to_renewal", "days_to_trial_end", "days_since_change": number or nil,
//	           "day_of_month": 1 to 31, "weekday": 1 (Monday) to 7 (ISO 8601)}
//	facts      by name: string, number, bool or nil
//	milestones by name: bool, true when reached
//	signals    by name: number, the score of what is alive, 0 else
//	survey     {"nps", "csat": number or nil}, the last answer
//
// Each map may be a func() map[string]any instead, which is called when it is looked at.
// Numbers may be int, int64 or float64, texts may be of any string type. What is absent
// reads as "", 0 or no traits. A missing trait is null: it equals only null, and ordering
// or searching it is false. On an error (text ordered against a number, cost above the
// bound) the answer is false and the error says why; the caller treats it as "does not
// hold" and may log it.
func (c *Condition) Eval(vars map[string]any) (bool, error) {
	out, _, err := c.program.Eval(activation{env: c.env, vars: vars})
	if err != nil {
		message := plainRuntime(err)
		return false, fault.New(fault.Invalid, "condition_failed", "condition %q: %s", fault.Shorten(c.Source), message).
			WithMend("make the trait one kind of value on all accounts, or compare it with == only")
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, fault.New(fault.Invalid, "condition_failed", "condition %q gave no answer", fault.Shorten(c.Source))
	}
	return bool(b), nil
}

// Holds returns a function that says whether a condition holds with vars; one that cannot be
// evaluated does not, and none (nil) does.
func Holds(vars map[string]any) func(*Condition) bool {
	return func(c *Condition) bool {
		if c == nil {
			return true
		}
		yes, err := c.Eval(vars)
		return err == nil && yes
	}
}

func plainRuntime(err error) string {
	if _, ok := errors.AsType[interpreter.EvalCancelledError](err); ok {
		return "it costs too much to evaluate"
	}
	text := err.Error()
	if strings.HasPrefix(text, unlike) {
		return text
	}
	if strings.Contains(text, "no such overload") {
		return "a value has another kind than the condition expects"
	}
	return text
}
