package condition

import (
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/stdlib"
	"cel.dev/cel-go/common/types"
)

// traitsType is a map whose missing entries read as null.
var traitsType = cel.MapType(cel.StringType, cel.DynType)

// variables are the names each environment knows, with their types.
var variables = map[Env]map[string]*cel.Type{
	ForOffer: {
		"account":   cel.ObjectType(accountType),
		"user":      cel.ObjectType(userType),
		"placement": cel.StringType,
	},
	ForRouting: {
		"account": cel.ObjectType(accountType),
		"amount":  cel.DoubleType,
		"type":    cel.StringType,
	},
	ForAccount: {
		"account": cel.ObjectType(accountType),
	},
	ForSignal: {
		"account":    cel.ObjectType(agedType),
		"usage":      cel.ObjectType(usagesType),
		"people":     cel.ObjectType(peopleType),
		"money":      cel.ObjectType(moneyType),
		"time":       cel.ObjectType(timeType),
		"facts":      cel.ObjectType(factsType),
		"milestones": cel.ObjectType(milestonesType),
		"signals":    cel.ObjectType(signalsType),
		"survey":     cel.ObjectType(surveyType),
	},
}

func (e Env) names() []string {
	var names []string
	for n := range variables[e] {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func (e Env) example() string {
	switch e {
	case ForRouting:
		return "amount >= 25000"
	case ForSignal:
		return "people.active >= 3"
	}
	return "account.traits.segment != 'enterprise'"
}

var (
	offerEnv   = sync.OnceValues(func() (*cel.Env, error) { return newEnv(ForOffer) })
	routingEnv = sync.OnceValues(func() (*cel.Env, error) { return newEnv(ForRouting) })
	accountEnv = sync.OnceValues(func() (*cel.Env, error) { return newEnv(ForAccount) })
	signalEnv  = sync.OnceValues(func() (*cel.Env, error) { return newEnv(ForSignal) })
)

func (e Env) cel() (*cel.Env, error) {
	switch e {
	case ForRouting:
		return routingEnv()
	case ForAccount:
		return accountEnv()
	case ForSignal:
		return signalEnv()
	}
	return offerEnv()
}

// newEnv builds a small CEL: one kind of number, text, true and false, lists, no loops, no
// types, no dates. What is left is bounded by the length of its text.
func newEnv(e Env) (*cel.Env, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	provider := &provider{Registry: registry}
	options := []cel.EnvOption{
		cel.CustomTypeProvider(provider),
		cel.CustomTypeAdapter(registry),
		cel.ClearMacros(),
		cel.Macros(cel.HasMacro),
		cel.ParserRecursionLimit(2 * maxDepth),
		cel.ParserErrorRecoveryLimit(1),
		cel.ParserExpressionSizeLimit(MaxSource),
	}
	for _, name := range e.names() {
		options = append(options, cel.Variable(name, variables[e][name]))
	}
	return withOperators(options)
}

// withOperators returns an environment with the operators and functions of all conditions and
// formulas, and nothing else of CEL's own library.
func withOperators(options []cel.EnvOption) (*cel.Env, error) {
	var logic []*decls.FunctionDecl
	for _, f := range stdlib.Functions() {
		if slices.Contains(logicOperators, f.Name()) {
			logic = append(logic, f)
		}
	}
	options = append(options, cel.FunctionDecls(logic...))
	return cel.NewCustomEnv(append(options, functions()...)...)
}

// doubles makes every whole number of the text a double, so that there is one kind of
// number: `amount >= 100000` and `account.mrr * 12 > 2.5` both mean what they say.
func doubles(e ast.Expr) {
	switch v := e.AsLiteral().(type) {
	case types.Int:
		e.SetKindCase(ast.NewExprFactory().NewLiteral(e.ID(), types.Double(v)))
	case types.Uint:
		e.SetKindCase(ast.NewExprFactory().NewLiteral(e.ID(), types.Double(v)))
	}
}
