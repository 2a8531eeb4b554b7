// Package condition compiles, checks and evaluates the conditions of a catalog, written
// in CEL.
package condition

// Env says where a condition stands, and with it which names it may use.
type Env uint8

// The environments.
const (
	// ForOffer: account, user and placement. For `offers.*.for`.
	ForOffer Env = iota + 1
	// ForRouting: amount (a year's money in major units), type and account. For `routing[].when`.
	ForRouting
)

// Condition is a compiled condition. Immutable and safe for concurrent use.
type Condition struct {
	Source string
}

// Error is what is wrong with the text of a condition. Line and Column count from 1
// within the condition. It unwraps to a *fault.Error of code condition_invalid.
type Error struct {
	Line    int
	Column  int
	Message string
	Mend    string
}

// Error returns the message with its mend.
func (e *Error) Error() string { return e.Message + " (" + e.Mend + ")" }

// Compile checks source against env. The error is an *Error.
func Compile(source string, env Env) (*Condition, error) {
	return &Condition{Source: source}, nil
}

// Eval says whether the condition holds. vars holds plain values:
//
//	account   map[string]any{"key", "name", "plan", "status": string, "mrr": number (major
//	          units per month), "traits": map[string]any of strings, numbers, bools and nil}
//	user      map[string]any{"role", "profile": string}
//	placement string
//	amount    number, major units of a year's money
//	type      string, a revenue type
//
// Numbers may be int, int64 or float64. What is absent reads as "", 0 or no traits. A
// missing trait is null: it equals only null, and any ordering or search with it is false.
// On an error (a trait of the wrong kind, say text compared with a number) the answer is
// false.
func (c *Condition) Eval(vars map[string]any) (bool, error) { return true, nil }
