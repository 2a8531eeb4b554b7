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

// The object types; their names cannot be written in a condition.
const (
	accountType = "headroom.Account"
	userType    = "headroom.User"
)

// objects lists the fields of each object type, sorted.
var objects = map[string][]string{
	accountType: {"key", "mrr", "name", "plan", "status", "traits"},
	userType:    {"profile", "role"},
}

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
	if e == ForRouting {
		return "amount >= 25000"
	}
	return "account.traits.segment != 'enterprise'"
}

var (
	offerEnv   = sync.OnceValues(func() (*cel.Env, error) { return newEnv(ForOffer) })
	routingEnv = sync.OnceValues(func() (*cel.Env, error) { return newEnv(ForRouting) })
	accountEnv = sync.OnceValues(func() (*cel.Env, error) { return newEnv(ForAccount) })
)

func (e Env) cel() (*cel.Env, error) {
	switch e {
	case ForRouting:
		return routingEnv()
	case ForAccount:
		return accountEnv()
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

// provider knows the object types and reads their fields from plain maps.
type provider struct{ *types.Registry }

func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := objects[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return nil, false
}

func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	fields, ok := objects[name]
	return fields, ok
}

func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	fields, ok := objects[name]
	if !ok || !slices.Contains(fields, field) {
		return nil, false
	}
	switch field {
	case "traits":
		return &types.FieldType{Type: traitsType, IsSet: isSet(field), GetFrom: func(from any) (any, error) {
			m, _ := from.(map[string]any)
			inner, _ := m[field].(map[string]any)
			return traitMap{inner}, nil
		}}, true
	case "mrr":
		return &types.FieldType{Type: cel.DoubleType, IsSet: isSet(field), GetFrom: func(from any) (any, error) {
			m, _ := from.(map[string]any)
			return number(m[field])
		}}, true
	default:
		return &types.FieldType{Type: cel.StringType, IsSet: isSet(field), GetFrom: func(from any) (any, error) {
			m, _ := from.(map[string]any)
			return text(m[field])
		}}, true
	}
}

// isSet says whether a field holds anything but its empty value.
func isSet(field string) func(any) bool {
	return func(from any) bool {
		m, _ := from.(map[string]any)
		switch v := m[field].(type) {
		case nil:
			return false
		case string:
			return v != ""
		case map[string]any:
			return len(v) > 0
		default:
			return true
		}
	}
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
