package condition

import (
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// The object types; their names cannot be written in a condition.
const (
	accountType    = "headroom.Account"
	agedType       = "headroom.AgedAccount"
	userType       = "headroom.User"
	usagesType     = "headroom.Usages"
	usageType      = "headroom.Usage"
	peopleType     = "headroom.People"
	profilesType   = "headroom.Profiles"
	moneyType      = "headroom.Money"
	timeType       = "headroom.Time"
	factsType      = "headroom.Facts"
	milestonesType = "headroom.Milestones"
	signalsType    = "headroom.Signals"
	surveyType     = "headroom.Survey"
)

// maybe is a number that may be missing: it then reads as null.
var maybe = cel.NullableType(cel.DoubleType)

var accountKinds = map[string]*cel.Type{
	"key": cel.StringType, "name": cel.StringType, "plan": cel.StringType, "status": cel.StringType, "stage": cel.StringType,
	"mrr": cel.DoubleType, "traits": traitsType,
}

// kinds has the fields of each object type, with their types.
var kinds = map[string]map[string]*cel.Type{
	accountType: accountKinds,
	agedType: func() map[string]*cel.Type {
		aged := maps.Clone(accountKinds)
		aged["age_days"] = cel.DoubleType
		return aged
	}(),
	userType:  {"role": cel.StringType, "profile": cel.StringType, "language": cel.StringType, "external": cel.BoolType},
	usageType: {"used": cel.DoubleType, "limit": maybe, "percent": maybe, "remaining": maybe, "unlimited": cel.BoolType},
	peopleType: {"count": cel.DoubleType, "admins": cel.DoubleType, "active": cel.DoubleType, "outside": cel.DoubleType,
		"champions": cel.DoubleType, "profiles": cel.ObjectType(profilesType)},
	moneyType: {"mrr": cel.DoubleType, "interval": cel.StringType, "months": cel.DoubleType, "overdue": cel.BoolType},
	timeType: {"days_to_renewal": maybe, "days_to_trial_end": maybe, "days_since_change": maybe,
		"day_of_month": cel.DoubleType, "weekday": cel.DoubleType},
	surveyType: {"nps": maybe, "csat": maybe},
}

// open has the type of every field of those objects whose fields the catalog names.
var open = map[string]*cel.Type{
	usagesType: cel.ObjectType(usageType), profilesType: cel.DoubleType, milestonesType: cel.BoolType,
	signalsType: cel.DoubleType, factsType: cel.DynType,
}

// openWords say what the fields of an open object are.
var openWords = map[string]string{
	usagesType: "feature", profilesType: "profile", milestonesType: "milestone", signalsType: "signal", factsType: "fact",
}

// fieldsOf lists the fields of a closed object type, sorted.
func fieldsOf(object string) []string { return slices.Sorted(maps.Keys(kinds[object])) }

// fieldType returns the type of a field; nil when there is no such field.
func fieldType(object, field string) *cel.Type {
	if t, is := open[object]; is {
		return t
	}
	return kinds[object][field]
}

// Names are what a condition of ForSignal may name of the catalog it stands in.
type Names struct {
	Features   []string // that are counted
	Milestones []string
	Signals    []string
	Profiles   []string // none: any
}

// of returns the names of an open object's fields; false when any name will do.
func (n *Names) of(object string) ([]string, bool) {
	switch object {
	case usagesType:
		return n.Features, true
	case milestonesType:
		return n.Milestones, true
	case signalsType:
		return n.Signals, true
	case profilesType:
		return n.Profiles, len(n.Profiles) > 0
	}
	return nil, false
}

// provider knows the object types and reads their fields from plain maps.
type provider struct{ *types.Registry }

func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if kinds[name] != nil || open[name] != nil {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return nil, false
}

func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	return fieldsOf(name), kinds[name] != nil
}

func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	t := fieldType(name, field)
	if t == nil {
		return nil, false
	}
	read := text
	switch {
	case t == traitsType:
		read = func(v any) (any, error) { //nolint:unparam // one of several of this form
			inner, _ := v.(map[string]any)
			return traitMap{inner}, nil
		}
	case t == maybe:
		read = func(v any) (any, error) {
			if v == nil {
				return types.NullValue, nil
			}
			return number(v)
		}
	case t.Kind() == types.DoubleKind:
		read = number
	case t.Kind() == types.BoolKind:
		read = truth
	case t.Kind() == types.DynKind:
		read = func(v any) (any, error) { return plain(v), nil } //nolint:unparam // one of several of this form
	case t.Kind() == types.StructKind:
		read = func(v any) (any, error) { return object(v) }
	}
	return &types.FieldType{Type: t, IsSet: isSet(field), GetFrom: func(from any) (any, error) {
		m, err := object(from)
		if err != nil {
			return nil, err
		}
		return read(m[field])
	}}, true
}

// isSet says whether a field holds anything but its empty value.
func isSet(field string) func(any) bool {
	return func(from any) bool {
		m, err := object(from)
		if err != nil {
			return false
		}
		switch v := m[field].(type) {
		case nil:
			return false
		case string:
			return v != ""
		case map[string]any:
			return len(v) > 0
		default:
			return !isNull(plain(v))
		}
	}
}

// plain turns a plain value into one of CEL; what is none reads as null.
func plain(v any) ref.Val {
	switch v := v.(type) {
	case bool:
		return types.Bool(v)
	case string:
		return types.String(v)
	case float64, int, int64:
		n, _ := number(v)
		return n.(ref.Val)
	}
	return types.NullValue // lists and objects are no plain values
}
