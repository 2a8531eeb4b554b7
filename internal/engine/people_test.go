package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// world is one partition that sends its forwards to itself, as the runner does by the log.
type world struct {
	t testing.TB
	*owner
	at  uint64
	now clock.Time
}

func newWorld(t testing.TB) *world {
	cat := parse(t, catalogText)
	w := &world{t: t, owner: newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat}), now: start}
	w.send(event.Record{Kind: event.KindCatalog, Type: cat.Version, Body: []byte(`{"rules":1}`)})
	return w
}

// send steps the records and all that follows from them, and counts the messages it took.
func (w *world) send(records ...event.Record) (messages int) {
	w.t.Helper()
	for ; len(records) > 0; messages++ {
		if messages > 100 {
			w.t.Fatalf("records go round and round: %+v", records)
		}
		for i := range records {
			if records[i].ReceivedAt == 0 {
				records[i].ReceivedAt = w.now
			}
		}
		w.at++
		w.step(w.at, records)
		c := w.state.Harvest(w.cat())
		if !w.disk.commit(c, w.epoch) {
			w.t.Fatal("not committed")
		}
		w.state.Forget(0)
		records = c.Effects.Forwards
	}
	return messages
}

// segment sends a call through the door of the Segment API, as of now.
func (w *world) segment(call, body string) {
	w.t.Helper()
	d, err := event.DecodeSegment(call, []byte(body), w.now, event.Limits{})
	if err != nil || len(d.Rejected) > 0 {
		w.t.Fatal(err, d)
	}
	account.Pseudonymize([]byte("secret"), d)
	var records []event.Record
	for i := range d.Pending {
		records = append(records, d.Pending[i].Record)
	}
	w.send(records...)
}

// used is how much of a meter an account has used.
func (w *world) used(acct, m string) quantity.Quantity {
	w.t.Helper()
	if err := w.state.LoadAccount(acct, w.disk.accounts[acct]); err != nil {
		w.t.Fatal(err)
	}
	a := w.state.Account(acct)
	if a == nil || a.Usage[m] == nil {
		return 0
	}
	return meter.Value(a.Usage[m], w.cat().Meters[m], catalog.Lifetime, subscription.Calendar{}, w.state.Now)
}

func (w *world) person(userID string) account.Person {
	w.t.Helper()
	key := event.UserKey(account.Pseudonym([]byte("secret"), userID))
	if err := w.state.LoadAccount(key, w.disk.accounts[key]); err != nil {
		w.t.Fatal(err)
	}
	if a := w.state.Account(key); a != nil && a.Person != nil {
		return a.Person.Person
	}
	return account.Person{}
}

func track(user string) string {
	return `{"type":"track","` + map[bool]string{true: "anonymousId", false: "userId"}[strings.HasPrefix(user, "anon")] + `":"` + user + `","event":"speaker.added"}`
}

func alias(previous, user string) string {
	return `{"previousId":"` + previous + `","userId":"` + user + `"}`
}

func batch(messages ...string) string { return `{"batch":[` + strings.Join(messages, ",") + `]}` }

func TestWhatAPersonDidBeforeTheyWereKnownFollowsThem(t *testing.T) {
	const group = `{"userId":"ada","groupId":"acme"}`
	for _, c := range []struct {
		name  string
		calls [][2]string
		want  int64
	}{
		{"alias before the account is known", [][2]string{
			{"batch", batch(track("anon-7"), track("anon-7"))}, {"alias", alias("anon-7", "ada")}, {"group", group}}, 2},
		{"alias after the account is known", [][2]string{
			{"track", track("anon-7")}, {"group", group}, {"alias", alias("anon-7", "ada")}}, 1},
		{"events under the earlier id that come late", [][2]string{
			{"group", group}, {"alias", alias("anon-7", "ada")}, {"track", track("anon-7")}, {"track", track("ada")}}, 2},
		{"the membership was told under the earlier id", [][2]string{
			{"track", track("ada")}, {"group", `{"anonymousId":"anon-7","groupId":"acme"}`}, {"alias", alias("anon-7", "ada")}, {"track", track("ada")}}, 2},
		{"the membership is told under the earlier id afterwards", [][2]string{
			{"track", track("ada")}, {"alias", alias("anon-7", "ada")}, {"group", `{"anonymousId":"anon-7","groupId":"acme"}`}}, 1},
		{"three ids one after the other", [][2]string{
			{"track", track("anon-1")}, {"alias", alias("anon-1", "trial-ada")}, {"track", track("trial-ada")}, {"track", track("anon-1")},
			{"alias", alias("trial-ada", "ada")}, {"track", track("anon-1")}, {"group", group}}, 4},
		{"three ids, told in the wrong order", [][2]string{
			{"track", track("anon-1")}, {"alias", alias("trial-ada", "ada")}, {"group", group}, {"alias", alias("anon-1", "trial-ada")}, {"track", track("anon-1")}}, 2},
		{"the alias told twice", [][2]string{
			{"track", track("anon-7")}, {"alias", alias("anon-7", "ada")}, {"alias", alias("anon-7", "ada")}, {"group", group}, {"alias", alias("anon-7", "ada")}}, 1},
		{"back to the earlier id", [][2]string{
			{"alias", alias("anon-7", "ada")}, {"track", track("ada")}, {"alias", alias("ada", "anon-7")}, {"group", `{"anonymousId":"anon-7","groupId":"acme"}`}, {"track", track("ada")}}, 2},
		{"an alias of oneself", [][2]string{
			{"track", track("ada")}, {"alias", alias("ada", "ada")}, {"group", group}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for _, call := range c.calls {
				w.now += clock.Minute
				w.segment(call[0], call[1])
			}
			if got := w.used("acme", "speakers"); got != quantity.Of(c.want) {
				t.Errorf("acme has %s speakers, want %d", got, c.want)
			}
		})
	}
}

func TestWhatIsKnownOfAPersonFollowsThem(t *testing.T) {
	w := newWorld(t)
	w.segment("identify", `{"anonymousId":"anon-7","traits":{"role":"admin","plan_seen":"pro","seats":3}}`)
	w.segment("identify", `{"userId":"ada","traits":{"seats":5}}`)
	w.segment("alias", alias("anon-7", "ada"))
	ada, before := w.person("ada"), w.person("anon-7")
	if ada.Role != "admin" || ada.Traits["plan_seen"] != "pro" || fmt.Sprint(ada.Traits["seats"]) != "5" {
		t.Errorf("ada is %+v, want what was known before and her own", ada)
	}
	if before.Into != ada.Pseudonym || ada.Into != "" {
		t.Errorf("the earlier id goes into %q, the later into %q", before.Into, ada.Into)
	}
}

func TestContradictingAliasesDoNotSendRecordsRoundForEver(t *testing.T) {
	w := newWorld(t)
	a, b := account.Pseudonym([]byte("secret"), "a"), account.Pseudonym([]byte("secret"), "b")
	// Both were told to follow the other before either heard that it is the later one.
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		w.send(event.Record{Kind: event.KindPerson, Type: "follow", Source: "headroom:hop:1", ID: pair[0], Key: event.UserKey(pair[0]), User: pair[1], Body: []byte("{}")})
	}
	w.segment("track", track("a"))
	w.segment("group", `{"userId":"b","groupId":"acme"}`)
	w.segment("track", track("b"))
	if got := w.used("acme", "speakers"); got != quantity.Of(2) {
		t.Errorf("acme has %s speakers, want both", got)
	}
}

func TestASegmentMessageSentAgainCountsOnceAlsoWhenItsTimeIsCorrectedAnew(t *testing.T) {
	const day = "2026-01-20"
	body := func(sentAt string) string {
		return `{"batch":[{"type":"track","userId":"ada","event":"speaker.added","messageId":"m1","context":{"groupId":"acme"},"timestamp":"` +
			day + `T12:00:00Z"}],"sentAt":"` + sentAt + `"}`
	}
	for _, c := range []struct{ name, received, sentAt, again, sentAgain string }{
		{"over midnight", "2026-01-20T23:59:59.9Z", day + "T12:00:00Z", "2026-01-21T00:00:01Z", day + "T12:00:00.5Z"},
		{"back over midnight", "2026-01-21T00:00:00.1Z", day + "T12:00:00Z", "2026-01-21T00:00:05Z", day + "T12:00:05.4Z"},
		{"the clock was set right in between", "2026-01-21T02:00:00Z", day + "T12:00:00Z", "2026-01-21T02:00:05Z", "2026-01-21T02:00:05Z"},
		{"the same body after hours in a queue", "2026-01-20T20:00:00Z", day + "T12:00:00Z", "2026-01-21T09:00:00Z", day + "T12:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for _, sent := range [][2]string{{c.received, c.sentAt}, {c.again, c.sentAgain}} {
				now, err := clock.Parse(sent[0])
				if err != nil {
					t.Fatal(err)
				}
				w.now = now
				w.segment("batch", body(sent[1]))
			}
			if got := w.used("acme", "speakers"); got != quantity.One {
				t.Errorf("one message sent twice counts %s", got)
			}
		})
	}
}

func TestOnlySegmentMessagesAreLookedUpInNeighbouringDays(t *testing.T) {
	w := newWorld(t)
	at := start + 40*clock.Day
	for source, want := range map[string]int{"app": 1, "segment": 3, "segment:member": 3, "segments": 1, "headroom:forward": 2} {
		need := w.state.Needs([]event.Record{{Kind: event.KindEvent, Source: source, ID: "1", Key: "acme", At: at, ReceivedAt: at + 30*clock.Day}})
		if len(need.Days) != want {
			t.Errorf("source %s needs the days %v, want %d", source, need.Days, want)
		}
	}
}

func TestAnEventHeldForLongIsForwardedOnceAlsoWhenRepeated(t *testing.T) {
	w := newWorld(t)
	w.segment("track", track("ada"))
	w.now += 60 * clock.Day
	key := event.UserKey(account.Pseudonym([]byte("secret"), "ada"))
	w.at++
	join := []event.Record{{Kind: event.KindPerson, Source: "segment:member", ID: "g", Key: key, User: key[6:], ReceivedAt: w.now, Body: []byte(`{"account":"acme"}`)}}
	w.step(w.at, join)
	c := w.state.Harvest(w.cat())
	if !w.disk.commit(c, w.epoch) || len(c.Effects.Forwards) != 2 { // the event, and who belongs to the account
		t.Fatalf("forwards %+v", c.Effects.Forwards)
	}
	for range 2 { // the process died between appending and forgetting it
		w.now += clock.Hour
		w.send(c.Effects.Forwards...)
		// as store's sweep does
		for day := range w.disk.segments {
			if day < w.state.Now.Day()-37 {
				delete(w.disk.segments, day)
			}
		}
	}
	if got := w.used("acme", "speakers"); got != quantity.One {
		t.Errorf("one event forwarded twice counts %s", got)
	}
}
