package condition

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// activation hands the caller's plain values to CEL; what is absent reads as empty.
type activation struct {
	env  Env
	vars map[string]any
}

// ResolveName returns the value of a variable.
func (a activation) ResolveName(name string) (any, bool) {
	t, ok := variables[a.env][name]
	if !ok {
		return nil, false
	}
	v := a.vars[name]
	var err error
	switch t.Kind() {
	case types.DoubleKind:
		v, err = number(v)
	case types.StringKind:
		v, err = text(v)
	default:
		v, err = object(v)
	}
	if err != nil {
		return types.NewErr("%s: %s", name, err), true
	}
	return v, true
}

// Parent returns nil: there is nothing behind.
func (a activation) Parent() cel.Activation { return nil }

// object takes a map, or a function that makes it when it is asked for; nil is an empty map.
func object(v any) (map[string]any, error) {
	switch m := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return m, nil
	case func() map[string]any:
		return m(), nil
	}
	return nil, fmt.Errorf("this is %T, not a map", v)
}

// truth takes true and false; nil is false.
func truth(v any) (any, error) {
	switch b := v.(type) {
	case nil:
		return types.False, nil
	case bool:
		return types.Bool(b), nil
	}
	return nil, fmt.Errorf("%T is neither true nor false", v)
}

// number takes any of Go's numbers; nil is 0.
func number(v any) (any, error) {
	switch n := v.(type) {
	case nil:
		return types.Double(0), nil
	case float64:
		return types.Double(n), nil
	case int:
		return types.Double(n), nil
	case int64:
		return types.Double(n), nil
	}
	return nil, fmt.Errorf("%T is not a number", v)
}

// text takes any type that is a string underneath; nil is "".
func text(v any) (any, error) {
	switch s := v.(type) {
	case nil:
		return types.String(""), nil
	case string:
		return types.String(s), nil
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return types.String(r.String()), nil
	}
	return nil, fmt.Errorf("%T is not text", v)
}

// traitMap is an account's traits. What is not there reads as null instead of an error.
type traitMap struct{ m map[string]any }

// Get returns the trait, null when it is missing.
func (t traitMap) Get(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	if !ok {
		return types.NullValue
	}
	return plain(t.m[string(name)])
}

// IsSet says whether the trait is there and not null; has() asks this.
func (t traitMap) IsSet(key ref.Val) ref.Val {
	return types.Bool(!isNull(t.Get(key)))
}

// Contains says whether there is such a trait; `in` asks this.
func (t traitMap) Contains(key ref.Val) ref.Val { return t.IsSet(key) }

// Value returns the plain map.
func (t traitMap) Value() any { return t.m }

// Type returns the CEL map type.
func (t traitMap) Type() ref.Type { return types.MapType }

// Equal is false: Compile refuses to compare traits as a whole.
func (t traitMap) Equal(ref.Val) ref.Val { return types.False }

// ConvertToNative is not needed by any condition.
func (t traitMap) ConvertToNative(reflect.Type) (any, error) {
	return nil, fmt.Errorf("traits cannot be converted")
}

// ConvertToType is not needed by any condition.
func (t traitMap) ConvertToType(ref.Type) ref.Val { return types.NewErr("traits cannot be converted") }
