package event

import "testing"

func TestThePersonOfAnEventIsItsPropertyUser(t *testing.T) {
	sent := Prop{PropUser, Value{Number, "3"}}
	for _, c := range []struct {
		name string
		r    Record
		want Value
	}{
		{"a pseudonym", Record{User: "u_1"}, Value{String, "u_1"}},
		{"nobody", Record{}, Value{}},
		{"a property of that name goes before", Record{User: "u_1", Props: []Prop{sent}}, sent.Value},
	} {
		if got := c.r.Prop(PropUser); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
