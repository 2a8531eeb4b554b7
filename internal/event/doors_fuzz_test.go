package event

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// sound holds what a door made against what every caller relies on.
func sound(t *testing.T, d *Decoded, err error) {
	if err != nil {
		if d != nil {
			t.Fatalf("a fault and records: %v, %+v", err, d)
		}
		return
	}
	events := map[int]bool{}
	codes := map[string]bool{}
	for _, c := range Codes {
		codes[c.Code] = true
	}
	for i := range d.Pending {
		p := &d.Pending[i]
		events[p.Index] = true
		for _, i := range p.People {
			if k := p.Record.Props[i].Value.Kind; k != String && k != Number {
				t.Fatalf("property %d of %+v is no user id", i, p.Record)
			}
		}
		r := p.Finish(func(string) string { return "p" })
		if r.Key == "" || hasControl(strings.TrimPrefix(r.Key, userPrefix)) || r.ReceivedAt != benchNow {
			t.Fatalf("key %q, received %v", r.Key, r.ReceivedAt)
		}
		if r.Body != nil && !json.Valid(r.Body) {
			t.Fatalf("body %s", r.Body)
		}
		for _, v := range r.Props {
			if Personal(v.Name, v.Value) && v.Value.Text != "p" && (v.Name != "name" || r.Kind != KindEvent) {
				t.Fatalf("%+v is in clear", v)
			}
		}
		encoded := AppendRecord(nil, r)
		if !utf8.ValidString(r.Key+r.Type+r.ID+r.Source) || !utf8.Valid(r.Body) {
			t.Fatalf("not UTF-8: %+v", r)
		}
		again, rest, err := DecodeRecord(encoded)
		if err != nil || len(rest) > 0 || !reflect.DeepEqual(again, *r) {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
	}
	if len(events) != d.Events || d.Undeduplicated > d.Events {
		t.Fatalf("%d events, records of %d, %d without an id", d.Events, len(events), d.Undeduplicated)
	}
	for _, r := range d.Rejected {
		if events[r.Index] || !codes[r.Code] || !utf8.ValidString(r.Detail) || r.Detail == "" {
			t.Fatalf("rejected %+v", r)
		}
	}
}

func FuzzCloudEvents(f *testing.F) {
	f.Add([]byte(ce(nil)))
	f.Add(benchBatch(4))
	f.Add([]byte("[" + ce(map[string]any{"data_base64": "eyJ1c2VyIjoidSJ9"}) + ",5,{\"a\":}]"))
	f.Add([]byte(`[{"specversion":"1.0","data":{"user":{"id":{}}}},NaN]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := DecodeCloudEvents(noHeader, body, benchNow, Limits{Events: 20})
		sound(t, d, err)
	})
}

func FuzzBinary(f *testing.F) {
	f.Add("e1", "app", "t", "acme", "2026-03-01T09:00:00Z", "1.0", "application/json", []byte(`{"user":"u"}`))
	f.Add("%", "%ff", "%00", "", "x", "", "text/plain; charset=utf-8", []byte("x"))
	f.Fuzz(func(t *testing.T, id, source, typ, subject, time, version, contentType string, body []byte) {
		h := map[string]string{"ce-id": id, "ce-source": source, "ce-type": typ, "ce-subject": subject, "ce-time": time, "ce-specversion": version, "Content-Type": contentType}
		d, err := DecodeCloudEvents(func(name string) string { return h[name] }, body, benchNow, Limits{})
		sound(t, d, err)
	})
}

func FuzzSegment(f *testing.F) {
	golden, err := os.ReadFile("testdata/segment/batch.json")
	if err != nil {
		f.Fatal(err)
	}
	calls := []string{"batch", "identify", "group", "track", "page", "screen", "alias"}
	f.Add(0, golden)
	for i := range calls {
		f.Add(i, []byte(`{"type":"track","event":"x","userId":"u","anonymousId":1,"groupId":"g","previousId":"p","traits":{"email":null,"a":{"b":[]}},"properties":{"groupId":2},"sentAt":"2020-01-01","timestamp":"2020-01-01"}`))
	}
	f.Fuzz(func(t *testing.T, call int, body []byte) {
		d, err := DecodeSegment(calls[uint(call)%uint(len(calls))], body, benchNow, Limits{Events: 20})
		sound(t, d, err)
	})
}
