package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"pgregory.net/rapid"
)

func at(t testing.TB, s string) clock.Time {
	t.Helper()
	v, err := clock.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ce is a good event with members put in or replaced; a nil one is taken out.
func ce(members map[string]any) string {
	e := map[string]any{"specversion": "1.0", "id": "e1", "source": "app", "type": "speaker.added", "subject": "acme"}
	for k, v := range members {
		if e[k] = v; v == nil {
			delete(e, k)
		}
	}
	b, _ := json.Marshal(e)
	return string(b)
}

func decodeCE(t testing.TB, body string) *Decoded {
	t.Helper()
	d, err := DecodeCloudEvents(noHeader, []byte(body), benchNow, Limits{})
	if err != nil {
		t.Fatalf("%.200s: %v", body, err)
	}
	return d
}

func show(props []Prop) string {
	var parts []string
	for _, p := range props {
		text := p.Value.Text
		if p.Value.Kind == String {
			text = fmt.Sprintf("%q", text)
		}
		if p.Value.Kind == Null {
			text = "null"
		}
		parts = append(parts, p.Name+"="+text)
	}
	return strings.Join(parts, " ")
}

func TestACloudEventBecomesARecord(t *testing.T) {
	d := decodeCE(t, `{"specversion":"1.0","id":"e1","source":"https://app.example","type":"speaker.added","subject":"acme",
		"time":"2026-03-01T10:00:00.5+01:00","datacontenttype":"application/json","traceparent":"ignored","extension":{"deep":[1]},
		"data":{"user":"usr_1","speakers":1.50}}`)
	want := Record{Kind: KindEvent, Source: "https://app.example", ID: "e1", Key: "acme", Type: "speaker.added",
		At: at(t, "2026-03-01T09:00:00.5Z"), ReceivedAt: benchNow, Props: []Prop{{"speakers", Value{Number, "1.50"}}}}
	if d.Events != 1 || d.Undeduplicated != 0 || !reflect.DeepEqual(d.Pending[0].Record, want) || d.Pending[0].UserID != "usr_1" {
		t.Errorf("got %+v, want record %+v of usr_1", d, want)
	}
	r := d.Pending[0].Finish(strings.ToUpper)
	if r.User != "USR_1" || r.Key != "acme" {
		t.Errorf("finished as user %q, key %q", r.User, r.Key)
	}
}

func TestDataBecomesProperties(t *testing.T) {
	for _, c := range []struct {
		name, data, user, props, personal string
	}{
		{"scalars as they were sent", `{"a":1.50,"b":"x","c":true,"d":null,"e":-0,"f":12345678901234567890}`, "", `a=1.50 b="x" c=true d=null e=-0 f=12345678901234567890`, ""},
		{"nested objects with dotted names", `{"plan":{"key":"pro","seats":{"used":3}}}`, "", `plan.key="pro" plan.seats.used=3`, ""},
		{"an array as its length", `{"rooms":["a",{"b":1}],"none":[],"deep":{"list":[1,2,3]}}`, "", `rooms.count=2 none.count=0 deep.list.count=3`, ""},
		{"empty objects as nothing", `{"a":{},"b":{"c":{}}}`, "", ``, ""},
		{"of a name given twice the last", `{"count":1,"other":2,"count":3}`, "", `count=3 other=2`, ""},
		{"escapes taken out", `{"a\u0062":"\u00e9\ud83d\ude00\n"}`, "", `ab="é😀\n"`, ""},
		{"no data", `null`, "", ``, ""},
		{"a scalar", `5`, "", `data=5`, ""},
		{"an array", `[1,2]`, "", `data.count=2`, ""},
		{"the user as a string", `{"user":"u","n":1}`, "u", `n=1`, ""},
		{"the user as a number", `{"user":42}`, "42", ``, ""},
		{"the user as an object", `{"user":{"id":"u","role":"admin","team":{"id":"t"}}}`, "u", `user.role="admin" user.team.id="t"`, ""},
		{"the user as null", `{"user":null,"n":1}`, "", `n=1`, ""},
		{"what names the user apart", `{"user":{"id":"u","email":"ada@b.example","name":"Ada"},"phone":4915112345,"n":1}`, "u", `n=1`,
			`user.email="ada@b.example" user.name="Ada" phone=4915112345`},
		{"an email under any name apart", `{"user":"u","ref":"ask ada@b.example","n":1}`, "u", `n=1`, `ref="ask ada@b.example"`},
		{"personal data without a person left out", `{"email":"ada@b.example","n":1}`, "", `n=1`, ""},
	} {
		d := decodeCE(t, ce(map[string]any{"data": json.RawMessage(c.data)}))
		if len(d.Pending) != 1 {
			t.Errorf("%s: %+v", c.name, d.Rejected)
			continue
		}
		p := d.Pending[0]
		// json.Marshal sorts no members within RawMessage, so the order is as written.
		if p.UserID != c.user || show(p.Record.Props) != c.props || show(p.Personal) != c.personal {
			t.Errorf("%s: user %q, props %s, personal %s; want %q, %s, %s", c.name, p.UserID, show(p.Record.Props), show(p.Personal), c.user, c.props, c.personal)
		}
	}
}

func TestUserIDsInPropertiesBecomePseudonyms(t *testing.T) {
	d := decodeCE(t, ce(map[string]any{"data": json.RawMessage(`{"n":1,"email":"a@b.example","host":"usr_1","user_id":"usr_2","anonymousId":7,"attendee_id":"att_1","user":"usr_1"}`)}))
	r := d.Pending[0].Finish(func(id string) string { return "p-" + id })
	if got, want := show(r.Props), `n=1 host="p-usr_1" user_id="p-usr_2" anonymousId="p-7" attendee_id="att_1"`; got != want {
		t.Errorf("props %s, want %s", got, want)
	}
}

func TestWhatIsWrongWithAnEventIsSaid(t *testing.T) {
	many := map[string]any{}
	for i := range 201 {
		many[fmt.Sprint("p", i)] = i
	}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for _, c := range []struct {
		name, event, code string
	}{
		{"a number instead of an object", `5`, CodeNotObject},
		{"another version", ce(map[string]any{"specversion": "0.3"}), CodeSpecVersion},
		{"no version", ce(map[string]any{"specversion": nil}), CodeSpecVersion},
		{"no type", ce(map[string]any{"type": nil}), CodeMissingType},
		{"an empty type", ce(map[string]any{"type": ""}), CodeMissingType},
		{"no source", ce(map[string]any{"source": nil}), CodeMissingSource},
		{"no subject", ce(map[string]any{"subject": nil}), CodeMissingSubject},
		{"null as subject", ce(map[string]any{"subject": raw("null")}), CodeMissingSubject},
		{"a number as subject", ce(map[string]any{"subject": 5}), CodeWrongType},
		{"an object as id", ce(map[string]any{"id": map[string]any{}}), CodeWrongType},
		{"a source of the server's own", ce(map[string]any{"source": "api:consume"}), CodeReservedSource},
		{"a key that is too long", ce(map[string]any{"subject": strings.Repeat("k", 201)}), CodeKeyTooLong},
		{"a key with a control character", ce(map[string]any{"subject": "\x01user:abc"}), CodeControl},
		{"a key with DEL in it", ce(map[string]any{"subject": "acme\x7f"}), CodeControl},
		{"an id with NUL in it", ce(map[string]any{"id": "1234567890\x00"}), CodeControl},
		{"a user that is too long", ce(map[string]any{"data": map[string]any{"user": strings.Repeat("u", 201)}}), CodeUserTooLong},
		{"a list as user", ce(map[string]any{"data": map[string]any{"user": []int{1}}}), CodeWrongType},
		{"a type that is too long", ce(map[string]any{"type": strings.Repeat("t", 513)}), CodeAttributeLong},
		{"a time in words", ce(map[string]any{"time": "yesterday"}), CodeInvalidTime},
		{"a time as a number", ce(map[string]any{"time": 1767225600}), CodeWrongType},
		{"a time 36 days ago", ce(map[string]any{"time": "2026-01-24T12:00:00Z"}), CodeTimeTooOld},
		{"the beginning of time", ce(map[string]any{"time": "0000-01-01T00:00:00Z"}), CodeTimeTooOld},
		{"the zero of Go's time", ce(map[string]any{"time": "0001-01-01T00:00:00Z"}), CodeTimeTooOld},
		{"the zero of Unix time", ce(map[string]any{"time": "1970-01-01T00:00:00Z"}), CodeTimeTooOld},
		{"the end of time", ce(map[string]any{"time": "9999-12-31T23:59:59Z"}), CodeTimeInFuture},
		{"a time three days ahead", ce(map[string]any{"time": "2026-03-04T12:00:00Z"}), CodeTimeInFuture},
		{"a number no float holds", ce(map[string]any{"data": raw(`{"n":1e400}`)}), CodeNumber},
		{"201 properties", ce(map[string]any{"data": many}), CodeTooManyProps},
		{"a name that is too long", ce(map[string]any{"data": map[string]any{strings.Repeat("n", 201): 1}}), CodeNameTooLong},
		{"a nested name that is too long", ce(map[string]any{"data": map[string]any{strings.Repeat("n", 150): map[string]any{strings.Repeat("m", 150): 1}}}), CodeNameTooLong},
		{"64 KiB and more", ce(map[string]any{"data": map[string]any{"s": strings.Repeat("x", 65<<10)}}), CodeEventTooLarge},
		{"bytes that are not UTF-8", strings.Replace(ce(nil), "acme", "ac\xffme", 1), CodeNotUTF8},
		{"data in binary", ce(map[string]any{"datacontenttype": "image/png", "data_base64": "AAAA"}), CodeBinaryData},
		{"data that is no base64", ce(map[string]any{"data_base64": "!"}), CodeBinaryData},
		{"base64 of something else than JSON", ce(map[string]any{"data_base64": "eyI="}), CodeMalformed},
		{"data twice", ce(map[string]any{"data": 1, "data_base64": "e30="}), CodeDataTwice},
		{"JSON cut short inside brackets", strings.Replace(ce(nil), `"acme"`, `}`, 1)[:20] + `}`, CodeMalformed},
		{"NaN", strings.Replace(ce(map[string]any{"data": 1}), `"data":1`, `"data":NaN`, 1), CodeMalformed},
		{"a bare word", `nope`, CodeMalformed},
		{"a raw line break in a string", strings.Replace(ce(nil), "acme", "ac\nme", 1), CodeMalformed},
		{"nested 40 deep", ce(map[string]any{"data": raw(strings.Repeat("[", 40) + strings.Repeat("]", 40))}), CodeTooDeep},
	} {
		d := decodeCE(t, "["+ce(map[string]any{"id": "before"})+","+c.event+" , "+ce(map[string]any{"id": "after"})+"]")
		var ids []string
		for _, p := range d.Pending {
			ids = append(ids, p.Record.ID)
		}
		if !slices.Equal(ids, []string{"before", "after"}) || d.Events != 2 {
			t.Errorf("%s: its neighbours came in as %v", c.name, ids)
		}
		if len(d.Rejected) != 1 || d.Rejected[0].Index != 1 || d.Rejected[0].Code != c.code {
			t.Errorf("%s: rejected %+v, want code %s", c.name, d.Rejected, c.code)
			continue
		}
		if s := d.Rejected[0].Detail; s == "" || len(s) > 500 || !utf8.ValidString(s) {
			t.Errorf("%s: detail %q", c.name, s)
		}
	}
}

func TestWhatIsOddButWelcomeComesIn(t *testing.T) {
	for _, c := range []struct {
		name, body             string
		events, undeduplicated int
	}{
		{"no id", ce(map[string]any{"id": nil}), 1, 1},
		{"an empty id", ce(map[string]any{"id": ""}), 1, 1},
		{"no time", ce(map[string]any{"time": nil}), 1, 0},
		{"null as time", ce(map[string]any{"time": json.RawMessage("null")}), 1, 0},
		{"an empty batch", `[]`, 0, 0},
		{"white space all over", " \n[ \t" + ce(nil) + "\r\n , " + ce(nil) + " ] \n", 2, 0},
		{"a byte order mark", "\xef\xbb\xbf" + ce(nil), 1, 0},
		{"35 days ago less a minute", ce(map[string]any{"time": "2026-01-25T12:01:00Z"}), 1, 0},
		{"48 hours ahead", ce(map[string]any{"time": "2026-03-03T12:00:00Z"}), 1, 0},
		{"a day as time", ce(map[string]any{"time": "2026-02-28"}), 1, 0},
		{"JSON in base64", ce(map[string]any{"data_base64": "eyJ1c2VyIjoidSIsIm4iOjF9"}), 1, 0},
		{"200 properties", func() string {
			m := map[string]any{}
			for i := range 200 {
				m[fmt.Sprint("p", i)] = i
			}
			return ce(map[string]any{"data": m})
		}(), 1, 0},
	} {
		d := decodeCE(t, c.body)
		if d.Events != c.events || len(d.Pending) != c.events || len(d.Rejected) != 0 || d.Undeduplicated != c.undeduplicated {
			t.Errorf("%s: %d events, %d without an id, rejected %+v; want %d, %d", c.name, d.Events, d.Undeduplicated, d.Rejected, c.events, c.undeduplicated)
		}
	}
}

func TestABrokenBodyIsRefusedAsAWhole(t *testing.T) {
	good := ce(nil)
	for _, c := range []struct {
		name, body string
		kind       fault.Kind
		code       string
	}{
		{"nothing", ``, fault.Invalid, CodeMalformed},
		{"cut off in the second event", "[" + good + "," + good[:30], fault.Invalid, CodeMalformed},
		{"cut off after a comma", "[" + good + ",", fault.Invalid, CodeMalformed},
		{"a comma too many", "[" + good + ",]", fault.Invalid, CodeMalformed},
		{"no comma between events", "[" + good + good + "]", fault.Invalid, CodeMalformed},
		{"a string that never ends", `["abc,` + good + "]", fault.Invalid, CodeMalformed},
		{"a bracket that never closes", `[{"a":{,` + good + "]", fault.Invalid, CodeMalformed},
		{"something after the end", good + "x", fault.Invalid, CodeMalformed},
		{"one event that is not JSON", `{"id":}`, fault.Invalid, CodeMalformed},
		{"10 MiB and more", strings.Repeat(" ", 10<<20+1), fault.TooLarge, CodeBodyTooLarge},
		{"10,001 events", "[" + strings.Repeat("1,", 10_000) + "1]", fault.TooLarge, CodeTooManyEvents},
	} {
		d, err := DecodeCloudEvents(noHeader, []byte(c.body), benchNow, Limits{})
		if d != nil || fault.CodeOf(err) != c.code || fault.KindOf(err) != c.kind {
			t.Errorf("%s: %+v, %v (code %s); want code %s and nothing taken", c.name, d, err, fault.CodeOf(err), c.code)
		}
	}
	_, err := DecodeCloudEvents(noHeader, []byte(`{"id":"1","type":oops}`), benchNow, Limits{})
	if !strings.Contains(err.Error(), "at byte 17") {
		t.Errorf("%q does not say where", err)
	}
}

func TestABatchOfAMillionIsRefusedCheaply(t *testing.T) {
	body := []byte("[" + strings.Repeat(ce(nil)+",", 50_000) + "1]")
	start := testing.AllocsPerRun(1, func() {
		_, err := DecodeCloudEvents(noHeader, body, benchNow, Limits{Events: 100})
		if fault.CodeOf(err) != CodeTooManyEvents {
			t.Fatal(err)
		}
	})
	if start > 200 {
		t.Errorf("%v allocations to refuse a batch of 50,001 at a limit of 100", start)
	}
}

func TestAnEventComesInBinaryMode(t *testing.T) {
	headers := map[string]string{"ce-specversion": "1.0", "ce-id": "e1", "ce-source": "app", "ce-type": "speaker.added", "ce-subject": "caf%C3%A9",
		"ce-time": "2026-03-01T09:00:00Z", "Content-Type": "application/json; charset=utf-8"}
	with := func(more ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(more); i += 2 {
				if more[i] == name {
					return more[i+1]
				}
			}
			return headers[name]
		}
	}
	for _, c := range []struct {
		name, body  string
		header      func(string) string
		props, code string
	}{
		{"with JSON", `{"user":"u","n":1}`, with(), `n=1`, ""},
		{"with a JSON type of its own", `{"n":1}`, with("Content-Type", "application/vnd.summits+json"), `n=1`, ""},
		{"with a text", `hello`, with("Content-Type", "text/plain"), `data="hello"`, ""},
		{"without data", ``, with("Content-Type", ""), ``, ""},
		{"with an image", "\x89PNG", with("Content-Type", "image/png"), ``, CodeBinaryData},
		{"with half a character", "\xff", with("Content-Type", "text/plain"), ``, CodeNotUTF8},
		{"without a subject", `{}`, with("ce-subject", ""), ``, CodeMissingSubject},
		{"with a header that is not UTF-8", `{}`, with("ce-type", "\xff"), ``, CodeNotUTF8},
	} {
		d, err := DecodeCloudEvents(c.header, []byte(c.body), benchNow, Limits{})
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.code != "":
			if len(d.Rejected) != 1 || d.Rejected[0].Code != c.code {
				t.Errorf("%s: %+v, want code %s", c.name, d.Rejected, c.code)
			}
		case len(d.Pending) != 1 || d.Pending[0].Record.Key != "café" || show(d.Pending[0].Record.Props) != c.props:
			t.Errorf("%s: %+v", c.name, d)
		}
	}
	if _, err := DecodeCloudEvents(with(), []byte(`{"n":`), benchNow, Limits{}); fault.CodeOf(err) != CodeMalformed {
		t.Errorf("cut off: %v", err)
	}
}

func TestTheContentTypeDecidesWhatIsTaken(t *testing.T) {
	for _, c := range []struct {
		contentType string
		ok          bool
	}{
		{"", true}, {"application/json", true}, {"application/cloudevents+json", true}, {"application/cloudevents-batch+json; charset=UTF-8", true},
		{"Application/CloudEvents+JSON", true}, {"application/json; charset=latin1", false}, {"text/plain", false},
		{"application/x-www-form-urlencoded", false}, {"application/cloudevents+avro", false}, {";", false},
	} {
		_, err := DecodeCloudEvents(func(name string) string {
			if name == "Content-Type" {
				return c.contentType
			}
			return ""
		}, []byte(ce(nil)), benchNow, Limits{})
		if (err == nil) != c.ok || err != nil && (fault.KindOf(err) != fault.Unsupported || fault.CodeOf(err) != CodeMediaType) {
			t.Errorf("%q: %v, want taken %v", c.contentType, err, c.ok)
		}
	}
}

func TestLimitsAreTheCallersToSet(t *testing.T) {
	body := []byte("[" + ce(map[string]any{"time": "2026-03-01T09:00:00Z", "data": map[string]any{"a": 1, "b": 2}}) + "," + ce(nil) + "]")
	for _, c := range []struct {
		name     string
		lim      Limits
		code     string
		rejected string
	}{
		{"bytes of a body", Limits{Body: 50}, CodeBodyTooLarge, ""},
		{"events of a request", Limits{Events: 1}, CodeTooManyEvents, ""},
		{"bytes of an event", Limits{Event: 120}, "", CodeEventTooLarge},
		{"properties of an event", Limits{Props: 1}, "", CodeTooManyProps},
		{"how far back", Limits{Past: time.Hour}, "", CodeTimeTooOld},
	} {
		d, err := DecodeCloudEvents(noHeader, body, benchNow, c.lim)
		if c.code != "" {
			if fault.CodeOf(err) != c.code {
				t.Errorf("%s: %v, want %s", c.name, err, c.code)
			}
			continue
		}
		if err != nil || len(d.Rejected) != 1 || d.Rejected[0].Code != c.rejected || d.Events != 1 {
			t.Errorf("%s: %+v, %v; want one rejected for %s", c.name, d, err, c.rejected)
		}
	}
}

func TestEveryCodeIsListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes {
		if seen[c.Code] || c.Meaning == "" {
			t.Errorf("code %s is listed twice or without a meaning", c.Code)
		}
		seen[c.Code] = true
	}
}

// Any mixture of good and bad events: the good ones come in whole and in order, the bad
// ones are rejected by place, and nothing is both or neither.
func TestEveryEventOfABatchIsEitherTakenOrRejected(t *testing.T) {
	bad := []string{`5`, `nope`, `{"id":NaN}`, `{}`, `[]`, `{"a":"\x"}`, ce(map[string]any{"subject": nil}), "{\"a\":\"\xff\"}", `"text"`, `{"a" 1}`}
	rapid.Check(t, func(t *rapid.T) {
		var body bytes.Buffer
		var good, wrong []int
		n := rapid.IntRange(0, 12).Draw(t, "events")
		body.WriteByte('[')
		for i := range n {
			if i > 0 {
				body.WriteByte(',')
			}
			if rapid.Bool().Draw(t, "good") {
				good = append(good, i)
				body.WriteString(ce(map[string]any{"id": fmt.Sprint(i), "data": map[string]any{"i": i, "nested": map[string]any{"i": i}}}))
			} else {
				wrong = append(wrong, i)
				body.WriteString(rapid.SampledFrom(bad).Draw(t, "bad"))
			}
		}
		body.WriteByte(']')
		d, err := DecodeCloudEvents(noHeader, body.Bytes(), benchNow, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var gotGood, gotWrong []int
		for _, p := range d.Pending {
			gotGood = append(gotGood, p.Index)
			if want := fmt.Sprintf("i=%d nested.i=%d", p.Index, p.Index); p.Record.ID != fmt.Sprint(p.Index) || show(p.Record.Props) != want {
				t.Fatalf("event %d came in as %s %s", p.Index, p.Record.ID, show(p.Record.Props))
			}
		}
		for _, r := range d.Rejected {
			gotWrong = append(gotWrong, r.Index)
		}
		if !slices.Equal(gotGood, good) || !slices.Equal(gotWrong, wrong) {
			t.Fatalf("took %v and rejected %v of %s; want %v and %v", gotGood, gotWrong, body.String(), good, wrong)
		}
		if rapid.Bool().Draw(t, "release") {
			d.Release()
		}
	})
}
