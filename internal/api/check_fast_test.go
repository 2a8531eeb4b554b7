package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
)

// asRead compares what the short way reads of a body with what the long way does.
func asRead(t *testing.T, body string) (usual bool) {
	t.Helper()
	c := &fastCheck{quantity: quantity.One}
	if !c.parse(body) {
		return false
	}
	var want CheckRequest
	if err := readJSON(httptest.NewRequest(http.MethodPost, "/v1/check", strings.NewReader(body)), &want); err != nil {
		t.Fatalf("the short way takes %q, which the long one refuses: %v", body, err)
	}
	if !reflect.DeepEqual(c.req, want) || c.quantity != want.amount() {
		t.Fatalf("of %q the short way reads %+v, the long one %+v", body, c.req, want)
	}
	return true
}

func TestTheShortWayReadsAUsualCheckAndLeavesTheRest(t *testing.T) {
	for _, c := range []struct {
		name, body string
		usual      bool
	}{
		{"what an SDK sends", `{"account":"acme","user":"u1","feature":"speakers"}`, true},
		{"all there is", `{"account":"acme","user":"u1","feature":"speakers","quantity":12,"placement":"p","role":"admin"}`, true},
		{"a look", `{"account":"acme","feature":"speakers","touch":false}`, true},
		{"a touch", `{"touch":true,"account":"acme","feature":"speakers"}`, true},
		{"a touch that is none", `{"account":"acme","touch":falsely}`, false},
		{"a touch in quotes", `{"account":"acme","touch":"false"}`, false},
		{"a touch that is null", `{"account":"acme","touch":null}`, false},
		{"spaces", " {\n\t\"account\" : \"acme\" , \"feature\":\"speakers\"\r\n}\n ", true},
		{"nothing of anything", `{"quantity":0}`, true},
		{"empty texts", `{"account":"","feature":""}`, true},
		{"no field", `{}`, false},
		{"an escape", `{"account":"\u0061cme","feature":"speakers"}`, false},
		{"other letters", `{"account":"Käse","feature":"speakers"}`, false},
		{"a name in capitals", `{"Account":"acme","feature":"speakers"}`, false},
		{"a name that is none", `{"acount":"acme"}`, false},
		{"a name twice", `{"account":"acme","account":"beta"}`, false},
		{"a decimal", `{"account":"acme","quantity":1.5}`, false},
		{"below zero", `{"account":"acme","quantity":-1}`, false},
		{"with a zero ahead", `{"account":"acme","quantity":01}`, false},
		{"many digits", `{"account":"acme","quantity":1234567890}`, false},
		{"in quotes", `{"account":"acme","quantity":"2"}`, false},
		{"null", `{"account":null}`, false},
		{"something after it", `{"account":"acme"} x`, false},
		{"two of them", `{"account":"acme"}{}`, false},
		{"a comma too many", `{"account":"acme",}`, false},
		{"no end", `{"account":"acme"`, false},
		{"no colon", `{"account" "acme"}`, false},
		{"a list", `["acme"]`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if usual := asRead(t, c.body); usual != c.usual {
				t.Errorf("the short way takes it: %t, want %t", usual, c.usual)
			}
		})
	}
}

func FuzzTheShortWayReadsWhatTheLongWayReads(f *testing.F) {
	for _, body := range []string{`{"account":"acme","user":"u1","feature":"speakers","quantity":3}`, `{"role":"admin","placement":"p"}`, " { } ",
		`{"account":"a\"b"}`, `{"quantity":1e3}`, `{"quantity":00}`, `{"feature":"` + "\x7f" + `"}`, "{\"account\":\"\xff\"}"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) { asRead(t, body) })
}

func TestAnAnswerToACheckIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	position := func(text string) func([]byte) []byte {
		return func(b []byte) []byte { return append(b, text...) }
	}
	decision := &offer.Decision{ID: "d1", Status: "show", Reason: "<signal>", Offer: &offer.Shown{Title: "Room & more"}}
	for name, a := range map[string]CheckAnswer{
		"a yes":             {Answer: entitlement.Answer{Allowed: true, Feature: "speakers"}, Position: "x-1"},
		"stale":             {Stale: true, Position: "x-2"},
		"with a decision":   {Answer: entitlement.Answer{Unlock: []entitlement.Unlock{}}, Decision: decision, Position: "x-3"},
		"without a content": {Answer: entitlement.Answer{Unlock: []entitlement.Unlock{{Title: "Pro"}}}, Position: "x-4"},
	} {
		want, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendCheckAnswer(nil, &a, position(a.Position)); !bytes.Equal(got, want) {
			t.Errorf("%s is written\n%s, encoding/json writes\n%s", name, got, want)
		}
	}
	// A field that is added must be written too, in check_fast.go.
	var fields []string
	for f := range reflect.TypeFor[CheckAnswer]().Fields() {
		fields = append(fields, f.Name)
	}
	if got := strings.Join(fields, " "); got != "Answer Decision Stale Position" {
		t.Errorf("CheckAnswer has the fields %s: write them in appendCheckAnswer and here", got)
	}
}
