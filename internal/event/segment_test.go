package event

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
)

func decodeSegment(t testing.TB, call, body string) *Decoded {
	t.Helper()
	d, err := DecodeSegment(call, []byte(body), benchNow, Limits{})
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return d
}

// lines shows each record as one line.
func lines(d *Decoded) string {
	var out []string
	for i := range d.Pending {
		p := &d.Pending[i]
		personal, previous := show(p.Personal), p.PreviousID
		r := p.Finish(func(id string) string { return "p-" + id })
		line := fmt.Sprintf("%d %s %s/%s key=%s", p.Index, r.Kind, r.Source, r.ID, strings.Replace(r.Key, userPrefix, "user:", 1))
		for _, f := range []struct{ name, value string }{
			{"user", r.User}, {"type", r.Type}, {"at", r.At.String()}, {"props", show(r.Props)}, {"body", string(r.Body)}, {"personal", personal}, {"was", previous},
		} {
			if f.value != "" {
				line += " " + f.name + "=" + f.value
			}
		}
		out = append(out, line)
	}
	for _, r := range d.Rejected {
		out = append(out, fmt.Sprintf("%d rejected %s", r.Index, r.Code))
	}
	return strings.Join(out, "\n")
}

func TestWhatSegmentsOwnClientSendsBecomesTheseRecords(t *testing.T) {
	body, err := os.ReadFile("testdata/segment/batch.json")
	if err != nil {
		t.Fatal(err)
	}
	now := at(t, "2026-03-01T09:00:01.020Z")
	d, err := DecodeSegment("batch", body, now, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := `0 account segment/node-next-1 key=acme user=p-usr_ada at=2026-03-01T09:00:00.001Z body={"name":"Acme Summits","domain":"acme.example","traits":{"plan":"starter","industry":"events","employees":42}}
0 person segment:member/node-next-1 key=user:p-usr_ada user=p-usr_ada at=2026-03-01T09:00:00.001Z body={"account":"acme"}
1 person segment/node-next-2 key=user:p-usr_ada user=p-usr_ada at=2026-03-01T09:00:00.002Z body={"account":"acme","domain":"acme.example","role":"admin","profile":"host","traits":{"title":"Head of Events"}} personal=email="ada@acme.example" firstName="Ada" lastName="Byron"
1 person segment:member/node-next-2 key=acme user=p-usr_ada at=2026-03-01T09:00:00.002Z body={"account":"acme","domain":"acme.example","role":"admin","profile":"host","traits":{"title":"Head of Events"}} personal=email="ada@acme.example" firstName="Ada" lastName="Byron"
2 event segment/node-next-3 key=acme user=p-usr_ada type=speaker.added at=2026-03-01T09:00:00.003Z props=speakers=1 track.name="Main" track.rooms.count=2 personal=speaker_email="grace@navy.example"
3 event segment/fixed-1 key=acme user=p-usr_ada type=speaker.added at=2026-03-01T09:00:00.004Z props=groupId="acme" speakers=1
4 event segment/node-next-5 key=user:p-usr_ada user=p-usr_ada type=summit.published at=2026-03-01T08:00:00Z props=summit="Spring" attendees=1200.5
5 event segment/node-next-6 key=acme user=p-usr_ada type=page at=2026-03-01T09:00:00.006Z props=category="Billing" name="Pricing" personal=url="https://app.acme.example/pricing?ref=nav"
6 event segment/node-next-7 key=user:p-anon-7 user=p-anon-7 type=screen at=2026-03-01T09:00:00.007Z props=name="Welcome"
7 person segment/node-next-8 key=user:p-usr_ada user=p-usr_ada at=2026-03-01T09:00:00.008Z body={"previous":"p-anon-7"} was=anon-7`
	if d.Events != 8 || d.Undeduplicated != 0 {
		t.Errorf("%d events, %d without an id; want 8, 0", d.Events, d.Undeduplicated)
	}
	if got := lines(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestASingleSegmentCallBecomesTheseRecords(t *testing.T) {
	for _, c := range []struct{ name, call, body, want string }{
		{"track without any time or id", "track", `{"userId":"u","event":"x","context":{"groupId":"a"}}`, `0 event segment/ key=a user=p-u type=x`},
		{"track by somebody unknown for an account", "track", `{"event":"x","properties":{"group_id":"a","email":"a@b.example"}}`, `0 event segment/ key=a type=x props=group_id="a"`},
		{"track with the account as a number", "track", `{"userId":7,"event":"x","context":{"groupId":42}}`, `0 event segment/ key=42 user=p-7 type=x`},
		{"track of a name", "track", `{"userId":"u","event":"x","properties":{"name":"Ada"}}`, `0 event segment/ key=user:p-u user=p-u type=x personal=name="Ada"`},
		{"the path decides, not the type", "page", `{"type":"track","userId":"u","event":"x","name":"Home"}`, `0 event segment/ key=user:p-u user=p-u type=page props=name="Home"`},
		{"a page named like a person", "page", `{"userId":"u","name":"ada@b.example"}`, `0 event segment/ key=user:p-u user=p-u type=page personal=name="ada@b.example"`},
		{"a page with its name in the properties", "page", `{"userId":"u","name":"Home","properties":{"name":"Home","n":1}}`, `0 event segment/ key=user:p-u user=p-u type=page props=name="Home" n=1`},
		{"group by nobody", "group", `{"groupId":"a","traits":{"name":null,"email":"info@b.example","phone":"+49 30 123456"}}`, `0 account segment/ key=a body={"name":null,"traits":{"phone":"+49 30 123456"}}`},
		{"group without traits", "group", `{"anonymousId":"n","groupId":"a"}`, "0 account segment/ key=a user=p-n body={}\n0 person segment:member/ key=user:p-n user=p-n body={\"account\":\"a\"}"},
		{"identify takes traits back", "identify", `{"userId":"u","traits":{"email":null,"role":null,"seat":null,"company":{"name":"Acme","size":3}}}`, `0 person segment/ key=user:p-u user=p-u body={"domain":"","role":null,"traits":{"seat":null,"company.name":"Acme","company.size":3}} personal=email=null`},
		{"identify with ids among the traits", "identify", `{"userId":"u","traits":{"id":"u","userId":"u","role":"Owner","profile":"speaker"}}`, `0 person segment/ key=user:p-u user=p-u body={"profile":"speaker","traits":{"role":"Owner"}} personal=id="u" userId="u"`},
		{"identify without traits", "identify", `{"userId":"u"}`, `0 person segment/ key=user:p-u user=p-u body={}`},
		{"identify of somebody who was anonymous", "identify", `{"userId":"u","anonymousId":"n"}`, `0 person segment/ key=user:p-u user=p-u body={"previous":"p-n"} was=n`},
		{"identify of somebody who is anonymous", "identify", `{"anonymousId":"n","traits":{"seat":1}}`, `0 person segment/ key=user:p-n user=p-n body={"traits":{"seat":1}}`},
		{"identify in an account of somebody who was anonymous", "identify", `{"userId":"u","anonymousId":"n","context":{"groupId":"a"}}`,
			"0 person segment/ key=user:p-u user=p-u body={\"account\":\"a\",\"previous\":\"p-n\"} was=n\n0 person segment:member/ key=a user=p-u body={\"account\":\"a\"}"},
		{"track by the browser's name for it", "t", `{"anonymousId":"n","userId":null,"event":"x","writeKey":"k"}`, `0 event segment/ key=user:p-n user=p-n type=x`},
		{"alias", "alias", `{"userId":"u","previousId":"n"}`, `0 person segment/ key=user:p-u user=p-u body={"previous":"p-n"} was=n`},
		{"a batch with one context and a bad message", "batch", `{"batch":[{"type":"track","userId":"u","event":"x"},{"type":"track","userId":"u"},{"type":"jump"},{"a":},{"type":"screen","anonymousId":"n"}],"context":{"groupId":"a"}}`,
			"0 event segment/ key=a user=p-u type=x\n4 event segment/ key=a user=p-n type=screen\n1 rejected missing_type\n2 rejected unknown_call\n3 rejected malformed_json"},
	} {
		if got := lines(decodeSegment(t, c.call, c.body)); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestTheWriteKeyOfABodyIsFound(t *testing.T) {
	for _, c := range []struct{ name, call, body, want string }{
		{"of one call", "t", `{"event":"x","userId":"u","writeKey":"hr_pk_1"}`, "hr_pk_1"},
		{"of a batch", "b", `{"writeKey":"hr_pk_1","batch":[{"type":"track","event":"x","userId":"u","writeKey":"hr_pk_2"}]}`, "hr_pk_1"},
		{"after the batch", "b", `{"batch":[{"type":"track","event":"x","userId":"u"}],"writeKey":"hr_pk_1"}`, "hr_pk_1"},
		{"only of the messages", "b", `{"batch":[{"type":"track","event":"x","userId":"u","writeKey":"hr_pk_2"},{"type":"track","event":"x","userId":"u","writeKey":"hr_pk_3"}]}`, "hr_pk_2"},
		{"none", "b", `{"batch":[],"writeKey":null}`, ""},
	} {
		if d := decodeSegment(t, c.call, c.body); d.WriteKey != c.want || len(d.Rejected) > 0 {
			t.Errorf("%s: %q, want %q; rejected %v", c.name, d.WriteKey, c.want, d.Rejected)
		}
	}
}

func TestWhatABrowserSentIsKeptApartFromWhatServersSend(t *testing.T) {
	d := decodeSegment(t, "batch", `{"batch":[{"type":"track","userId":"u","event":"x","messageId":"1","context":{"groupId":"a"}},
		{"type":"identify","userId":"u","messageId":"2","traits":{"role":"admin","seat":3},"context":{"groupId":"a"}},{"type":"group","userId":"u","groupId":"a","messageId":"3"}]}`)
	d.FromBrowser()
	want := `0 event browser:segment/1 key=a user=p-u type=x
1 person browser:segment/2 key=user:p-u user=p-u body={"account":"a","traits":{"seat":3}}
1 person browser:segment:member/2 key=a user=p-u body={"account":"a","traits":{"seat":3}}
2 account browser:segment/3 key=a user=p-u body={}
2 person browser:segment:member/3 key=user:p-u user=p-u body={"account":"a"}`
	if got := lines(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATimeIsCorrectedOnlyWhenTheSendersClockIsWrong(t *testing.T) {
	for _, c := range []struct{ name, timestamp, sentAt, want string }{
		{"right clock", "2026-03-01T11:59:00Z", "2026-03-01T11:59:58Z", "2026-03-01T11:59:00Z"},
		{"right clock, slow way", "2026-03-01T11:59:00Z", "2026-03-01T11:59:10Z", "2026-03-01T11:59:00Z"},
		{"an hour behind", "2026-03-01T10:50:00Z", "2026-03-01T11:00:00Z", "2026-03-01T11:50:00Z"},
		{"a year ahead", "2027-03-01T11:50:00Z", "2027-03-01T12:00:00Z", "2026-03-01T11:50:00Z"},
		{"never set", "1970-01-01T00:10:00Z", "1970-01-01T00:20:00Z", "2026-03-01T11:50:00Z"},
		{"no time of sending", "2026-03-01T10:50:00Z", "", "2026-03-01T10:50:00Z"},
		{"a time of sending in words", "2026-03-01T10:50:00Z", "now", "2026-03-01T10:50:00Z"},
		{"no time at all", "", "2026-03-01T10:50:00Z", ""},
		{"far too old even so", "2020-03-01T10:50:00Z", "2026-03-01T10:50:00Z", CodeTimeTooOld},
		{"no time of day", "soon", "2026-03-01T10:50:00Z", CodeInvalidTime},
	} {
		body := fmt.Sprintf(`{"batch":[{"type":"track","userId":"u","event":"x","timestamp":%q}],"sentAt":%q}`, c.timestamp, c.sentAt)
		d := decodeSegment(t, "batch", body)
		got := ""
		if len(d.Pending) == 1 {
			got = d.Pending[0].Record.At.String()
		} else {
			got = d.Rejected[0].Code
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWhatIsWrongWithASegmentCallIsSaid(t *testing.T) {
	for _, c := range []struct{ name, call, body, code string }{
		{"a list", "track", `[5]`, CodeNotObject},
		{"track of nothing", "track", `{"userId":"u"}`, CodeMissingType},
		{"track by nobody anywhere", "track", `{"event":"x"}`, CodeMissingUser},
		{"identify of nobody", "identify", `{"context":{"groupId":"a"}}`, CodeMissingUser},
		{"group of no group", "group", `{"userId":"u"}`, CodeMissingGroup},
		{"alias of nothing", "alias", `{"userId":"u"}`, CodeMissingPrevious},
		{"properties that are a list", "track", `{"userId":"u","event":"x","properties":[1]}`, CodeWrongType},
		{"a user that is a list", "track", `{"userId":[1],"event":"x"}`, CodeWrongType},
		{"a group with a control character", "group", `{"userId":"u","groupId":"\u0001user:x"}`, CodeControl},
		{"a user that is too long", "track", `{"userId":"` + strings.Repeat("u", 201) + `","event":"x"}`, CodeUserTooLong},
		{"a number no float holds", "identify", `{"userId":"u","traits":{"n":-1e999}}`, CodeNumber},
	} {
		d := decodeSegment(t, c.call, c.body)
		if len(d.Pending) != 0 || len(d.Rejected) != 1 || d.Rejected[0].Code != c.code {
			t.Errorf("%s: %s, want code %s", c.name, lines(d), c.code)
		}
	}
}

func TestABrokenSegmentBodyIsRefusedAsAWhole(t *testing.T) {
	for _, c := range []struct {
		name, call, body string
		code             string
	}{
		{"an unknown call", "jump", `{}`, CodeUnknownCall},
		{"no batch", "batch", `{"sentAt":"2026-03-01T12:00:00Z"}`, CodeMissingBatch},
		{"a batch that is no list", "batch", `{"batch":{}}`, CodeMissingBatch},
		{"a list as body of a batch call", "batch", `[]`, CodeNotObject},
		{"cut off in the batch", "batch", `{"batch":[{"type":"track"`, CodeMalformed},
		{"cut off after the batch", "batch", `{"batch":[]`, CodeMalformed},
		{"broken after the batch", "batch", `{"batch":[],"sentAt":}`, CodeMalformed},
		{"something after the end", "batch", `{"batch":[]}}`, CodeMalformed},
		{"nothing", "track", ``, CodeMalformed},
	} {
		d, err := DecodeSegment(c.call, []byte(c.body), benchNow, Limits{})
		if d != nil || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %+v, %v; want code %s", c.name, d, err, c.code)
		}
	}
}
