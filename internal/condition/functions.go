package condition

import (
	"math"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// logicOperators are taken from CEL as they are. They see only true and false: Compile
// refuses anything else in their place.
var logicOperators = []string{
	operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot,
	operators.Equals, operators.NotEquals,
}

// operatorWords gives the sign of each operator as people write it.
var operatorWords = map[string]string{
	operators.Conditional: "? :", operators.LogicalAnd: "&&", operators.LogicalOr: "||", operators.LogicalNot: "!",
	operators.Equals: "==", operators.NotEquals: "!=", operators.In: "in", operators.Index: "[ ]",
	operators.Less: "<", operators.LessEquals: "<=", operators.Greater: ">", operators.GreaterEquals: ">=",
	operators.Add: "+", operators.Subtract: "-", operators.Multiply: "*", operators.Divide: "/",
	operators.Modulo: "%", operators.Negate: "-",
}

// functionNames are what may be called, besides operators.
var functionNames = []string{"contains", "endsWith", "has", "lowerAscii", "size", "startsWith"}

// unlike begins the error of an ordering or sum of values of different kinds.
const unlike = "cannot "

// functions declares what conditions can do beyond logic. All of it takes null, which a
// missing trait is: orderings and searches of null are false, sums with it are null. So a
// missing trait never turns into an error.
func functions() []cel.EnvOption {
	number, text, truth := cel.DoubleType, cel.StringType, cel.BoolType
	element := cel.TypeParamType("A")
	order := func(op, id string, holds func(int) bool) cel.EnvOption {
		return cel.Function(op,
			cel.Overload(id+"_number", []*cel.Type{number, number}, truth),
			cel.Overload(id+"_text", []*cel.Type{text, text}, truth),
			cel.SingletonBinaryBinding(func(a, b ref.Val) ref.Val {
				if isNull(a) || isNull(b) {
					return types.False
				}
				if x, y, ok := two[types.Double](a, b); ok {
					if math.IsNaN(float64(x)) || math.IsNaN(float64(y)) {
						return types.False
					}
					return types.Bool(holds(compare(x, y)))
				}
				if x, y, ok := two[types.String](a, b); ok {
					return types.Bool(holds(strings.Compare(string(x), string(y))))
				}
				return unlikeKinds("order", a, b)
			}))
	}
	sum := func(op, id, verb string, texts bool, f func(x, y float64) float64) cel.EnvOption {
		options := []cel.FunctionOpt{cel.Overload(id+"_number", []*cel.Type{number, number}, number)}
		if texts {
			options = append(options, cel.Overload(id+"_text", []*cel.Type{text, text}, text))
		}
		return cel.Function(op, append(options, cel.SingletonBinaryBinding(func(a, b ref.Val) ref.Val {
			if isNull(a) || isNull(b) {
				return types.NullValue
			}
			if x, y, ok := two[types.Double](a, b); ok {
				return types.Double(f(float64(x), float64(y)))
			}
			if x, y, ok := two[types.String](a, b); ok && texts {
				return x + y
			}
			return unlikeKinds(verb, a, b)
		}))...)
	}
	search := func(name string, f func(s, part string) bool) cel.EnvOption {
		return cel.Function(name,
			cel.MemberOverload(name+"_text", []*cel.Type{text, text}, truth),
			cel.SingletonBinaryBinding(func(a, b ref.Val) ref.Val {
				if isNull(a) || isNull(b) {
					return types.False
				}
				if x, y, ok := two[types.String](a, b); ok {
					return types.Bool(f(string(x), string(y)))
				}
				return unlikeKinds("search", a, b)
			}))
	}
	return []cel.EnvOption{
		order(operators.Less, "less", func(c int) bool { return c < 0 }),
		order(operators.LessEquals, "less_equals", func(c int) bool { return c <= 0 }),
		order(operators.Greater, "greater", func(c int) bool { return c > 0 }),
		order(operators.GreaterEquals, "greater_equals", func(c int) bool { return c >= 0 }),
		sum(operators.Add, "add", "add", true, func(x, y float64) float64 { return x + y }),
		sum(operators.Subtract, "subtract", "subtract", false, func(x, y float64) float64 { return x - y }),
		sum(operators.Multiply, "multiply", "multiply", false, func(x, y float64) float64 { return x * y }),
		sum(operators.Divide, "divide", "divide", false, func(x, y float64) float64 { return x / y }),
		search("startsWith", strings.HasPrefix),
		search("endsWith", strings.HasSuffix),
		search("contains", strings.Contains),
		cel.Function(operators.Negate, cel.Overload("negate_number", []*cel.Type{number}, number),
			cel.SingletonUnaryBinding(func(a ref.Val) ref.Val {
				if x, ok := a.(types.Double); ok {
					return -x
				}
				return nullOr("negate", a)
			})),
		cel.Function("lowerAscii", cel.MemberOverload("lower_ascii_text", []*cel.Type{text}, text),
			cel.SingletonUnaryBinding(func(a ref.Val) ref.Val {
				if x, ok := a.(types.String); ok {
					return types.String(lowerASCII(string(x)))
				}
				return nullOr("write in small letters", a)
			})),
		cel.Function("size",
			cel.Overload("size_text", []*cel.Type{text}, number),
			cel.MemberOverload("text_size", []*cel.Type{text}, number),
			cel.SingletonUnaryBinding(func(a ref.Val) ref.Val {
				if x, ok := a.(types.String); ok {
					return types.Double(utf8.RuneCountInString(string(x)))
				}
				return nullOr("take the size of", a)
			})),
		cel.Function(operators.In,
			cel.Overload("in_list", []*cel.Type{element, cel.ListType(element)}, truth),
			cel.Overload("in_traits", []*cel.Type{text, traitsType}, truth),
			cel.SingletonBinaryBinding(func(a, b ref.Val) ref.Val {
				if c, ok := b.(traits.Container); ok {
					return c.Contains(a)
				}
				return nullOr("search", b)
			})),
		cel.Function(operators.Index,
			cel.Overload("index_traits", []*cel.Type{traitsType, text}, cel.DynType),
			cel.SingletonBinaryBinding(func(a, b ref.Val) ref.Val {
				if t, ok := a.(traitMap); ok {
					return t.Get(b)
				}
				return unlikeKinds("look into", a, b)
			})),
	}
}

func two[T any](a, b ref.Val) (x, y T, ok bool) {
	x, okX := a.(T)
	y, okY := b.(T)
	return x, y, okX && okY
}

func compare(x, y types.Double) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return 0
	}
}

func isNull(v ref.Val) bool { _, null := v.(types.Null); return null }

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// nullOr passes null, errors and unknowns on, and makes an error of anything else.
func nullOr(verb string, v ref.Val) ref.Val {
	if isNull(v) || types.IsUnknownOrError(v) {
		return v
	}
	return types.NewErr("%s%s %s", unlike, verb, kindOf(v))
}

func unlikeKinds(verb string, a, b ref.Val) ref.Val {
	for _, v := range []ref.Val{a, b} {
		if types.IsUnknownOrError(v) {
			return v
		}
	}
	return types.NewErr("%s%s %s and %s", unlike, verb, kindOf(a), kindOf(b))
}

// kindOf names the kind of a value in plain words.
func kindOf(v ref.Val) string {
	switch v.(type) {
	case types.Double:
		return "a number"
	case types.String:
		return "text"
	case types.Bool:
		return "true or false"
	case types.Null:
		return "nothing"
	default:
		return "a list"
	}
}
