package subscription_test

import (
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/subscription"
)

func TestWhatIsSentBesideATokenMustBeWhatItBinds(t *testing.T) {
	addons := []subscription.AddonLine{{Key: "b", Quantity: 2}, {Key: "a"}}
	bound := subscription.Binding{Change: subscription.Change{Plan: "team", Quantity: 3, Addons: &addons}}
	none := subscription.Binding{Change: subscription.Change{Cancel: true, Addons: &[]subscription.AddonLine{}}}
	for _, c := range []struct {
		given string
		token subscription.Binding
		sent  string
		field string // that differs; empty: none does
	}{
		{"the token alone", bound, `{"token":"t"}`, ""},
		{"all that the token has", bound, `{"plan":"team","quantity":3,"addons":[{"key":"a","quantity":1},{"key":"b","quantity":2}]}`, ""},
		{"null is left out", bound, `{"plan":null,"addons":null}`, ""},
		{"what is false or empty anyway", bound, `{"cancel":false,"once":[]}`, ""},
		{"another plan", bound, `{"plan":"solo"}`, "/plan"},
		{"another quantity", bound, `{"plan":"team","quantity":4}`, "/quantity"},
		{"something the token says nothing about", bound, `{"interval":"year"}`, "/interval"},
		{"no add-ons where it has some", bound, `{"addons":[]}`, "/addons"},
		{"fewer of an add-on", bound, `{"addons":[{"key":"a"},{"key":"b"}]}`, "/addons"},
		{"something once", bound, `{"once":[{"key":"a"}]}`, "/once"},
		{"no cancellation where it cancels", none, `{"cancel":false}`, "/cancel"},
		{"no add-ons where it has none", none, `{"addons":[]}`, ""},
	} {
		t.Run(c.given, func(t *testing.T) {
			sent, err := subscription.ReadSent([]byte(c.sent))
			if err != nil {
				t.Fatal(err)
			}
			err = c.token.Agrees(sent)
			if c.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			f, ok := err.(*fault.Error)
			if !ok || f.Code != "token_mismatch" || f.Kind != fault.Stale || len(f.Fields) != 1 || f.Fields[0].Path != c.field {
				t.Errorf("%#v, want token_mismatch at %s", err, c.field)
			}
		})
	}
}

func TestAQuantityOfNothingIsRefusedAndOneLeftOutIsNot(t *testing.T) {
	for _, c := range []struct{ given, sent, path string }{
		{"left out", `{"plan":"team","addons":[{"key":"a"}]}`, ""},
		{"null", `{"quantity":null,"addons":null,"once":null}`, ""},
		{"0 of a plan", `{"plan":"team","quantity":0}`, "/quantity"},
		{"0 of an add-on", `{"addons":[{"key":"a"},{"key":"b","quantity":0}]}`, "/addons/1/quantity"},
		{"0 bought once", `{"once":[{"key":"a","quantity":0.0}]}`, "/once/0/quantity"},
	} {
		t.Run(c.given, func(t *testing.T) {
			_, err := subscription.ReadSent([]byte(c.sent))
			path := ""
			if f, ok := err.(*fault.Error); ok && f.Code == "quantity_invalid" {
				path = f.Fields[0].Path
			}
			if path != c.path || (err == nil) != (c.path == "") {
				t.Errorf("%v at %q, want %q", err, path, c.path)
			}
		})
	}
}
