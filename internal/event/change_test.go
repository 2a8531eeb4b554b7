package event

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
	"pgregory.net/rapid"
)

func TestAChangeTellsAbsentFromNull(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"nothing", `{}`, `{}`},
		{"values", `{"name":"A","domain":"a.example","traits":{"n":1}}`, `{"name":"A","domain":"a.example","traits":{"n":1}}`},
		{"null deletes", `{"name":null,"parent":null}`, `{"name":"","parent":""}`},
		{"null inside stays null", `{"traits":{"n":null},"external_ids":{"crm":null},"billing":null}`, `{"traits":{"n":null},"external_ids":{"crm":null}}`},
	} {
		var v AccountChange
		if err := json.Unmarshal([]byte(c.body), &v); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got, _ := json.Marshal(v); string(got) != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	var p PersonChange
	if err := json.Unmarshal([]byte(`{"role":null,"account":"a","traits":{"x":null}}`), &p); err != nil || p.Role == nil || *p.Role != "" || *p.Account != "a" || p.Profile != nil {
		t.Errorf("person: %+v, %v", p, err)
	}
	for _, bad := range []string{`[]`, `{"name":5}`, `{"external_ids":{"crm":5}}`} {
		if err := json.Unmarshal([]byte(bad), new(AccountChange)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestAChangeIsCheckedFieldByField(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		name, key string
		change    AccountChange
		path      string // "" for a good one
	}{
		{"all there is", "acme", AccountChange{Name: text("Acme"), Parent: text("group"), Domain: text("a.example"),
			Traits:      map[string]any{"plan": "pro", "n": 1.5, "ok": true, "gone": nil, "phone": "+49 30 1234567", "website": "https://a.example/?x=1"},
			ExternalIDs: map[string]*string{"crm": text("1"), "old": nil}, Billing: map[string]*string{"email": text("billing@a.example")}}, ""},
		{"a name with a control character", "acme", AccountChange{Name: text("a\x00b")}, "name"},
		{"a long name", "acme", AccountChange{Name: text(strings.Repeat("n", 257))}, "name"},
		{"its own parent", "acme", AccountChange{Parent: text("acme")}, "parent"},
		{"a time zone", "acme", AccountChange{Billing: map[string]*string{"time_zone": text("Europe/Berlin")}}, ""},
		{"no time zone any more", "acme", AccountChange{Billing: map[string]*string{"time_zone": nil}}, ""},
		{"a time zone nobody knows", "acme", AccountChange{Billing: map[string]*string{"time_zone": text("Berlin")}}, "billing.time_zone"},
		{"the machine's own time zone", "acme", AccountChange{Billing: map[string]*string{"time_zone": text("Local")}}, "billing.time_zone"},
		{"a list as trait", "acme", AccountChange{Traits: map[string]any{"l": []any{1}}}, "traits.l"},
		{"an email address as trait", "acme", AccountChange{Traits: map[string]any{"contact": "ada@b.example"}}, "traits.contact"},
		{"free text as trait", "acme", AccountChange{Traits: map[string]any{"why": strings.Repeat("x", 257)}}, "traits.why"},
		{"a long external id", "acme", AccountChange{ExternalIDs: map[string]*string{"crm": text(strings.Repeat("x", 513))}}, "external_ids.crm"},
	} {
		err := c.change.Check(c.key)
		var f *fault.Error
		switch {
		case c.path == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.path != "" && (!errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != c.path || f.Kind != fault.Invalid):
			t.Errorf("%s: %v, want a fault at %s", c.name, err, c.path)
		}
	}
	if err := (&AccountChange{}).Check("a\x01"); fault.CodeOf(err) != CodeControl {
		t.Errorf("a key with a control character: %v", err)
	}
	if err := (&AccountChange{}).Check(strings.Repeat("a", 201)); fault.CodeOf(err) != CodeKeyTooLong {
		t.Errorf("a long key: %v", err)
	}
}

func TestWhatTheDoorsWriteIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]any{}
		var body []byte
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			name, v := rapid.String().Draw(t, "name"), drawValue(t)
			if _, ok := want[name]; ok {
				continue
			}
			want[name] = v.Text
			if v.Kind != String {
				want[name] = json.Number(v.Text)
			}
			body = appendScalar(body, name, v)
		}
		body = appendObject(body, "traits\n", []Prop{{"a", Value{String, "b"}}, {"c", Value{}}})
		var got map[string]json.RawMessage
		if err := json.Unmarshal(body, &got); err != nil || len(got) != len(want)+1 || string(got["traits\n"]) != `{"a":"b","c":null}` {
			t.Fatalf("%s: %v, want %v and traits", body, err, want)
		}
	})
}

func TestGoValuesBecomeProperties(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string // "" for none
	}{
		{nil, "null"}, {true, "true"}, {"x", `"x"`}, {1.0, "1"}, {0.1, "0.1"}, {1e30, "1e+30"}, {1e-9, "1e-09"}, {3, "3"}, {int64(-4), "-4"},
		{json.Number("1.50"), "1.50"}, {json.Number("x"), ""}, {json.Number("1e999"), ""}, {math.NaN(), ""}, {math.Inf(1), ""}, {[]any{}, ""}, {map[string]any{}, ""},
	} {
		v, ok := ValueOf(c.v)
		got := ""
		if ok {
			got = string(appendValue(nil, v))
		}
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.v, got, c.want)
		}
	}
}

func TestAZoneThatIsNoneIsRefusedWithTheMend(t *testing.T) {
	zone := "Mars/Olympus"
	err := (&AccountChange{Billing: map[string]*string{BillingTimeZone: &zone}}).Check("acme")
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != CodeTimeZone || !strings.Contains(f.Mend, "Europe/Berlin") {
		t.Errorf("it is refused with %v", err)
	}
}
