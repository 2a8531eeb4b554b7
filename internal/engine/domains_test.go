package engine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"pgregory.net/rapid"
)

// describe sends an account's record.
func (w *world) describe(key string, facts map[string]any) {
	w.t.Helper()
	body, err := json.Marshal(facts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.send(event.Record{Kind: event.KindAccount, Key: key, Body: body})
}

// outside is what the account's state and its domain's say.
func (w *world) outside(acct, domain string) (told int, is engine.OutsideOf) {
	w.t.Helper()
	for _, key := range []string{acct, event.DomainKey(domain)} {
		if err := w.state.LoadAccount(key, w.disk.accounts[key]); err != nil {
			w.t.Fatal(err)
		}
	}
	if a := w.state.Account(acct); a != nil {
		told = a.Outside
	}
	return told, w.state.Account(event.DomainKey(domain)).OutsideOf(acct)
}

func works(user, email, acct string) [2]string {
	at := ""
	if acct != "" {
		at = `,"context":{"groupId":"` + acct + `"}`
	}
	return [2]string{"identify", `{"userId":"` + user + `","traits":{"email":"` + email + `","profile":"speaker"}` + at + `}`}
}

func TestPeopleOfTheDomainOutsideOfTheFamilyAreCounted(t *testing.T) {
	type facts = map[string]any
	acme := [2]any{"acme", facts{"domain": "acme.com"}}
	for _, c := range []struct {
		name            string
		accounts        [][2]any
		calls           [][2]string
		outside, inside int
	}{
		{"nobody", [][2]any{acme}, nil, 0, 0},
		{"a colleague without an account", [][2]any{acme}, [][2]string{works("ada", "ada@acme.com", "")}, 1, 0},
		{"a colleague in an account of their own", [][2]any{acme}, [][2]string{works("ada", "ada@acme.com", "adas")}, 1, 0},
		{"a colleague in the account", [][2]any{acme}, [][2]string{works("ada", "ada@acme.com", "acme")}, 0, 1},
		{"a colleague in an account of theirs and in the account", [][2]any{acme},
			[][2]string{works("ada", "ada@acme.com", "acme"), works("ada", "ada@acme.com", "adas")}, 0, 1},
		{"somebody of another domain", [][2]any{acme}, [][2]string{works("eve", "eve@other.com", "")}, 0, 0},
		{"free mail", [][2]any{{"acme", facts{"domain": "gmail.com"}}}, [][2]string{works("ada", "ada@gmail.com", "")}, 0, 0},
		{"the domain is written in another way", [][2]any{{"acme", facts{"domain": "WWW.Acme.COM"}}}, [][2]string{works("ada", "Ada@ACME.com", "")}, 1, 0},
		{"the address is the user id", [][2]any{acme}, [][2]string{{"identify", `{"userId":"ada@acme.com"}`}}, 1, 0},
		{"the account says its domain afterwards", nil, [][2]string{works("ada", "ada@acme.com", "")}, 1, 0},
		{"in the account above", [][2]any{{"acme", facts{"domain": "acme.com", "parent": "holding"}}},
			[][2]string{works("ada", "ada@acme.com", "holding"), works("bob", "bob@acme.com", "")}, 1, 1},
		{"in an account beside it", [][2]any{{"acme", facts{"domain": "acme.com", "parent": "holding"}}, {"beta", facts{"parent": "holding"}}},
			[][2]string{works("ada", "ada@acme.com", "beta")}, 0, 1},
		{"one person under two ids", [][2]any{acme},
			[][2]string{works("ada", "ada@acme.com", ""), works("ada2", "ada@acme.com", ""), {"alias", alias("ada", "ada2")}}, 1, 0},
		{"another address afterwards", [][2]any{acme}, [][2]string{works("ada", "ada@acme.com", ""), works("ada", "ada@gmail.com", "")}, 0, 0},
		{"the same told again and again", [][2]any{acme},
			[][2]string{works("ada", "ada@acme.com", ""), works("ada", "ada@acme.com", ""), works("ada", "ada@acme.com", "")}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for _, a := range c.accounts {
				w.describe(a[0].(string), a[1].(facts))
			}
			for _, call := range c.calls {
				w.now += clock.Minute
				w.segment(call[0], call[1])
			}
			if c.accounts == nil {
				w.describe("acme", facts{"domain": "acme.com"})
			}
			told, is := w.outside("acme", "acme.com")
			if told != c.outside || is.Outside != c.outside || is.Inside != c.inside || len(is.Items) != c.outside {
				t.Errorf("told %d, is %+v; want %d outside, %d inside", told, is, c.outside, c.inside)
			}
		})
	}
}

func TestAFamilyThatMovesTakesItsPeopleInOrOut(t *testing.T) {
	w := newWorld(t)
	w.describe("acme", map[string]any{"domain": "acme.com"})
	w.describe("team", map[string]any{"parent": "middle"})
	call := works("ada", "ada@acme.com", "team")
	w.segment(call[0], call[1])
	for _, step := range []struct {
		name    string
		key     string
		parent  any
		outside int
	}{
		{"its parent belongs to nobody", "middle", nil, 1},
		{"its parent joins the family", "middle", "acme", 0},
		{"and leaves it", "middle", nil, 1},
		{"it joins by itself", "team", "acme", 0},
	} {
		w.now += clock.Minute
		w.describe(step.key, map[string]any{"parent": step.parent})
		if told, is := w.outside("acme", "acme.com"); told != step.outside || is.Outside != step.outside {
			t.Errorf("%s: told %d, is %d, want %d", step.name, told, is.Outside, step.outside)
		}
	}
}

func TestAnAccountThatMovedAwayIsSpokenForByItsNewFamilyAlone(t *testing.T) {
	w := newWorld(t)
	w.describe("acme", map[string]any{"domain": "acme.com"})
	w.describe("team", map[string]any{"parent": "middle"})
	call := works("ada", "ada@acme.com", "team")
	w.segment(call[0], call[1])
	for _, step := range []struct {
		name, key string
		parent    any
		outside   int
	}{
		{"it moves into the family", "team", "acme", 0},
		{"the account it was under moves elsewhere", "middle", "elsewhere", 0},
		{"it goes back below that account", "team", "middle", 1},
		{"which joins the family", "middle", "acme", 0},
	} {
		w.now += clock.Minute
		w.describe(step.key, map[string]any{"parent": step.parent})
		if told, is := w.outside("acme", "acme.com"); told != step.outside || is.Outside != step.outside {
			t.Errorf("%s: told %d, is %d, want %d", step.name, told, is.Outside, step.outside)
		}
	}
}

func TestWhoWasNotSeenForNinetyDaysIsNotCounted(t *testing.T) {
	w := newWorld(t)
	w.describe("acme", map[string]any{"domain": "acme.com"})
	first := w.now
	for _, c := range []struct {
		day     clock.Time
		seen    string // who, by then
		outside int
	}{{0, "ada", 1}, {50, "bob", 2}, {89, "", 2}, {90, "", 1}, {140, "", 0}, {141, "ada", 1}} {
		w.now = first + c.day*clock.Day
		if c.seen != "" {
			call := works(c.seen, c.seen+"@acme.com", "")
			w.segment(call[0], call[1])
		}
		w.passes()
		if told, is := w.outside("acme", "acme.com"); told != c.outside || is.Outside != c.outside {
			t.Errorf("day %d: told %d, is %d, want %d", c.day, told, is.Outside, c.outside)
		}
	}
}

// passes lets happen what is due, as a clock does.
func (w *world) passes() { w.send(event.Record{Kind: event.KindTick}) }

func TestWhoLeftAnAccountIsNoLongerInItsFamily(t *testing.T) {
	w := newWorld(t)
	w.describe("acme", map[string]any{"domain": "acme.com"})
	call := works("ada", "ada@acme.com", "acme")
	w.segment(call[0], call[1])
	ada := w.person("ada").Pseudonym
	for i, c := range []struct {
		left    bool
		outside int
	}{{true, 1}, {false, 0}, {true, 1}} {
		w.now += 2 * clock.Day
		r := body(event.KindMember, "acme", fmt.Sprint("left", i), "", w.now, account.MemberChange{Left: &c.left})
		r.User = ada
		w.send(r)
		w.now += 2 * clock.Day
		w.segment("identify", `{"userId":"ada","traits":{"email":"ada@acme.com"}}`) // they go on using the product
		if told, is := w.outside("acme", "acme.com"); told != c.outside || is.Outside != c.outside {
			t.Errorf("left: %v: told %d, is %d, want %d", c.left, told, is.Outside, c.outside)
		}
	}
}

func TestPeopleOfADomainBeyondTheThousandAreNotCountedAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	w.describe("acme", map[string]any{"domain": "acme.com"})
	key := event.DomainKey("acme.com")
	for range 2 {
		w.now += 2 * clock.Day
		var all []event.Record
		for i := range 1005 {
			b := fmt.Appendf(nil, `{"at":%q}`, w.now.String())
			all = append(all, event.Record{Kind: event.KindDomain, Type: "person", Key: key, User: fmt.Sprint("p", i), Body: b})
		}
		w.send(all...)
		if _, is := w.outside("acme", "acme.com"); is.Outside != 1000 || !is.More {
			t.Errorf("%d outside, more: %v", is.Outside, is.More)
		}
	}
}

func TestTheNumberOutsideStopsWithTheClaim(t *testing.T) {
	w := newWorld(t)
	w.describe("acme", map[string]any{"domain": "acme.com"})
	call := works("ada", "ada@acme.com", "")
	w.segment(call[0], call[1])
	w.describe("acme", map[string]any{"domain": nil})
	if told, _ := w.outside("acme", "acme.com"); told != 0 {
		t.Errorf("told %d after the account has no domain", told)
	}
}

func TestADomainIsNoAccount(t *testing.T) {
	w := newWorld(t)
	w.describe("acme", map[string]any{"domain": "acme.com"})
	call := works("ada", "ada@acme.com", "")
	body := func() []event.Record {
		return []event.Record{{Kind: event.KindPerson, Key: event.UserKey("x"), User: "x", Body: []byte(`{"domain":"acme.com"}`), ReceivedAt: w.now}}
	}
	w.segment(call[0], call[1])
	w.at++
	w.step(w.at, body())
	c := w.state.Harvest(w.cat())
	for c.Effects.Forwards != nil {
		next := c.Effects.Forwards
		w.at++
		w.step(w.at, next)
		c = w.state.Harvest(w.cat())
		for _, a := range c.Accounts {
			if event.IsOwnKey(a.Key) && (a.Listing != nil || len(a.Limits) > 0) {
				t.Errorf("%q is listed", a.Key)
			}
		}
	}
}

// Whatever is told in whatever order, the number is what counting by hand gives, and a domain's state stays bounded.
func TestTheNumberOutsideIsWhatCountingByHandGives(t *testing.T) {
	users := []string{"u1", "u2", "u3", "u4"}
	accounts := []string{"", "acme", "team", "own"}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.describe("acme", map[string]any{"domain": "acme.com"})
		in, now, mail, parent := map[string][]string{}, map[string]string{}, map[string]string{}, ""
		for range rapid.IntRange(0, 15).Draw(rt, "steps") {
			w.now += clock.Minute
			if rapid.IntRange(0, 4).Draw(rt, "what") == 0 {
				parent = rapid.SampledFrom([]string{"", "acme", "elsewhere"}).Draw(rt, "parent")
				w.describe("team", map[string]any{"parent": parent})
				continue
			}
			u := rapid.SampledFrom(users).Draw(rt, "user")
			a := rapid.SampledFrom(accounts).Draw(rt, "account")
			domain := rapid.SampledFrom([]string{"acme.com", "other.com"}).Draw(rt, "domain")
			if a != "" {
				now[u] = a
			}
			if domain != mail[u] { // which hears of the account they are in now, and not of those before
				mail[u], in[u] = domain, nil
				a = cmp.Or(a, now[u])
			}
			in[u] = append(in[u], a)
			call := works(u, u+"@"+domain, a)
			w.segment(call[0], call[1])
		}
		want := 0
		for _, u := range users {
			inside := slices.Contains(in[u], "acme") || parent == "acme" && slices.Contains(in[u], "team")
			if mail[u] == "acme.com" && !inside {
				want++
			}
		}
		if told, is := w.outside("acme", "acme.com"); told != want || is.Outside != want {
			rt.Fatalf("told %d, is %+v, want %d: %s", told, is, want, fmt.Sprint(in, mail, parent))
		}
	})
}
