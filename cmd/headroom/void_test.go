package main

import (
	"fmt"
	"net/http"
	"testing"
)

// Events that should not have been sent, or should have said something else, over HTTP on a
// real server.

const voidCatalog = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  emails:   {event: email.sent, aggregate: sum, property: count}
  mails:    {event: email.sent, aggregate: count}
features:
  speakers: {title: Speakers, kind: metered, meter: speakers}
  emails:   {title: Emails, kind: metered, meter: emails}
  mails:    {title: Mails, kind: metered, meter: mails}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {speakers: 10, emails: 1000, mails: 100}}
`

func TestAnEventIsTakenBackOrReplaced(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/catalog", []byte(voidCatalog), nil)
	for _, account := range []string{"acme", "globex"} {
		c.must("PUT", "/v1/accounts/"+account+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	type fix struct {
		Voided, Replaced bool
		Meters           []struct {
			Meter string
			By    float64
		}
		Uncorrected []struct{ Meter, Why string }
		Position    string
	}
	said := func(f fix) string { return fmt.Sprint(f.Voided, f.Replaced, f.Meters, f.Uncorrected) }
	var got fix
	send := func(id, typ, data string) {
		t.Helper()
		var in ingested
		c.must("POST", "/v1/events", []byte(ce(id, typ, "acme", data)), &in, "Content-Type", "application/cloudevents+json")
		if in.Accepted != 1 {
			t.Fatalf("%s: %+v", id, in)
		}
	}
	void := func(id string, headers ...string) {
		t.Helper()
		got = fix{}
		c.must("POST", "/v1/events/void", map[string]any{"account": "acme", "source": "app", "id": id, "reason": "sent by a test"}, &got, headers...)
	}
	replace := func(id, typ, data string, headers ...string) {
		t.Helper()
		got = fix{}
		c.must("POST", "/v1/events/replace", []byte(ce(id, typ, "acme", data)), &got, append(headers, "Content-Type", "application/cloudevents+json")...)
	}
	want := func(text string, uses map[string]float64) {
		t.Helper()
		if said(got) != text {
			t.Errorf("the answer is %s, want %s", said(got), text)
		}
		c.uses("acme", uses)
	}

	send("m1", "email.sent", `{"count":100}`)
	send("m2", "email.sent", `{"count":7}`)
	send("s1", "speaker.added", `{}`)
	send("s2", "speaker.added", `{}`)
	send("s3", "speaker.removed", `{}`)
	c.uses("acme", map[string]float64{"emails": 107, "mails": 2, "speakers": 1})

	void("m1", "Idempotency-Key", "k1")
	want("true false [{emails -100} {mails -1}] []", map[string]float64{"emails": 7, "mails": 1, "speakers": 1})
	void("m1", "Idempotency-Key", "k1") // the same call hears the same answer
	want("true false [{emails -100} {mails -1}] []", map[string]float64{"emails": 7, "mails": 1})
	send("m1", "email.sent", `{"count":100}`) // its sender repeats it
	void("s3")
	want("true false [{speakers 1}] []", map[string]float64{"emails": 7, "mails": 1, "speakers": 2})

	replace("m2", "email.sent", `{"count":70}`, "Idempotency-Key", "k2")
	want("false true [{emails 63}] []", map[string]float64{"emails": 70, "mails": 1})
	replace("m2", "email.sent", `{"count":70}`, "Idempotency-Key", "k2")
	want("false true [{emails 63}] []", map[string]float64{"emails": 70, "mails": 1})
	replace("m2", "email.sent", `{"count":5}`)
	want("false true [{emails -65}] []", map[string]float64{"emails": 5, "mails": 1})
	replace("m2", "speaker.added", `{}`)
	want("false true [{emails -5} {mails -1} {speakers 1}] []", map[string]float64{"emails": 0, "mails": 0, "speakers": 3})
	replace("m2", "email.sent", `{"count":9}`)
	c.restart()
	send("m2", "email.sent", `{"count":7}`)
	void("m2")
	want("true false [{emails -9} {mails -1}] []", map[string]float64{"emails": 0, "mails": 0, "speakers": 2})

	for _, tc := range []struct {
		name, path, body string
		status           int
		code             string
	}{
		{"voided before", "void", `{"account":"acme","source":"app","id":"m1"}`, 409, "already_voided"},
		{"replacing what was voided", "replace", ce("m1", "email.sent", "acme", `{"count":1}`), 409, "already_voided"},
		{"never seen", "void", `{"account":"acme","source":"app","id":"nothing"}`, 404, "event_unknown"},
		{"of another source", "void", `{"account":"acme","source":"apps","id":"s1"}`, 404, "event_unknown"},
		{"of another account", "void", `{"account":"globex","source":"app","id":"s1"}`, 404, "event_unknown"},
		{"of nobody", "void", `{"account":"nobody","source":"app","id":"s1"}`, 404, "event_unknown"},
		{"without an id", "replace", `{"specversion":"1.0","source":"app","type":"x","subject":"acme"}`, 422, "missing_id"},
		{"several at once", "replace", "[" + ce("s1", "x", "acme", `{}`) + "," + ce("s2", "x", "acme", `{}`) + "]", 422, "not_one_event"},
		{"the same key for another call", "void", `{"account":"acme","source":"app","id":"s1"}`, 409, "idempotency_key_reused"},
	} {
		headers := []string{}
		if tc.code == "idempotency_key_reused" {
			headers = []string{"Idempotency-Key", "k1"}
		}
		if status, p := c.send("POST", "/v1/events/"+tc.path, tc.body, headers...); status != tc.status || p["code"] != tc.code {
			t.Errorf("%s: answered %d %v, want %d %s", tc.name, status, p, tc.status, tc.code)
		}
	}

	// What a person did before their account was known.
	c.must("POST", "/v1/track", map[string]any{"userId": "ada", "event": "speaker.added", "messageId": "p1"}, nil)
	c.must("POST", "/v1/track", map[string]any{"anonymousId": "anon", "event": "speaker.added", "messageId": "p2"}, nil)
	c.must("POST", "/v1/identify", map[string]any{"userId": "ada", "anonymousId": "anon", "messageId": "p3"}, nil)
	c.must("POST", "/v1/group", map[string]any{"userId": "ada", "groupId": "acme", "messageId": "p4"}, nil)
	c.uses("acme", map[string]float64{"speakers": 4})
	for _, id := range []string{"p1", "p2"} {
		got = fix{}
		c.must("POST", "/v1/events/void", map[string]any{"account": "acme", "source": "segment", "id": id}, &got)
		if said(got) != "true false [{speakers -1}] []" {
			t.Errorf("%s: %s", id, said(got))
		}
	}
	c.uses("acme", map[string]float64{"speakers": 2})

	// Another catalog: what counts differently now cannot be taken back, what is new never counted it.
	send("m3", "email.sent", `{"count":3}`)
	c.uses("acme", map[string]float64{"emails": 3, "mails": 1})
	later := `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  emails:   {event: email.sent, aggregate: sum, property: copies}
  mails:    {event: email.sent, aggregate: count}
  letters:  {event: email.sent, aggregate: count}
features:
  speakers: {title: Speakers, kind: metered, meter: speakers}
  emails:   {title: Emails, kind: metered, meter: emails}
  mails:    {title: Mails, kind: metered, meter: mails}
  letters:  {title: Letters, kind: metered, meter: letters}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {speakers: 10, emails: 1000, mails: 100, letters: 100}}
`
	c.must("PUT", "/v1/catalog", []byte(later), nil)
	void("m3")
	want("true false [{mails -1}] [{emails the meter is defined in another way than when it counted the event}]", map[string]float64{"emails": 3, "mails": 0, "letters": 0})

	// A publishable key sends events and takes none back.
	var key struct{ Secret string }
	c.must("POST", "/v1/keys", map[string]any{"kind": "publishable", "name": "shop", "scopes": []string{"events:write"}}, &key)
	if status, p := c.send("POST", "/v1/events/void", `{"account":"acme","source":"app","id":"s1"}`, "Authorization", "Bearer "+key.Secret); status != http.StatusUnauthorized {
		t.Errorf("a publishable key was answered %d %v", status, p)
	}
}

func TestAnEventIsFoundAgainOrSaidToBeGone(t *testing.T) {
	for _, tc := range []struct{ name, clock string }{
		{"in real time", ""},
		{"by a test clock, which the log knows nothing of", "2026-01-10T09:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCompany(t, tc.clock)
			c.must("PUT", "/v1/catalog", []byte(voidCatalog), nil)
			c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
			c.must("POST", "/v1/events", []byte("["+ce("a", "speaker.added", "acme", "{}")+","+ce("b", "speaker.added", "acme", "{}")+"]"), nil, "Content-Type", "application/json")
			if tc.clock != "" {
				c.must("POST", "/v1/clock/advance", map[string]any{"by": "20d"}, nil)
			}
			c.must("POST", "/v1/events/void", map[string]any{"account": "acme", "source": "app", "id": "a"}, nil)
			c.uses("acme", map[string]float64{"speakers": 1})
			c.restart()
			_, last, err := c.server.log.Bounds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := c.server.log.Trim(t.Context(), last); err != nil { // as retention does
				t.Fatal(err)
			}
			if status, p := c.send("POST", "/v1/events/void", `{"account":"acme","source":"app","id":"b"}`); status != http.StatusConflict || p["code"] != "event_gone" {
				t.Errorf("an event that the log no longer holds: answered %d %v", status, p)
			}
			if status, p := c.send("POST", "/v1/events/void", `{"account":"acme","source":"app","id":"a"}`); status != http.StatusConflict || p["code"] != "already_voided" {
				t.Errorf("an event that was voided before: answered %d %v", status, p)
			}
		})
	}
}
