package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"pgregory.net/rapid"
)

// listed is the list of people as checkpoints make it: account and pseudonym, then role and profile.
type listed map[[2]string][2]string

func (l listed) take(c *engine.Checkpoint) {
	for i := range c.Accounts {
		for _, p := range c.Accounts[i].People {
			l[[2]string{p.Account, p.Pseudonym}] = [2]string{p.Role, p.Profile}
		}
	}
	for i := range c.Accounts {
		for _, p := range c.Accounts[i].People {
			if p.Into != "" {
				maps.DeleteFunc(l, func(k [2]string, _ [2]string) bool { return k[1] == p.Pseudonym })
			}
		}
	}
}

func TestTheListOfPeopleIsTheSameHoweverCheckpointsFall(t *testing.T) {
	cat := &catalog.Catalog{}
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(rt, label) }
		often, once := listed{}, listed{}
		a, b := engine.NewState(0, 0, 0, "", 0, nil), engine.NewState(0, 0, 0, "", 0, nil)
		for i := range rapid.IntRange(1, 12).Draw(rt, "records") {
			user := pick("user", "rob", "eve")
			ch := event.PersonChange{}
			if x := pick("account", "", "nova", "rival", "third", "-"); x == "-" {
				x = ""
				ch.Account = &x
			} else if x != "" {
				ch.Account = &x
			}
			if x := pick("profile", "", "speaker", "host"); x != "" {
				ch.Profile = &x
			}
			if pick("alias", "no", "no", "yes") == "yes" {
				ch.Previous = pick("previous", "rob", "eve", "anon")
			}
			body, err := json.Marshal(ch)
			if err != nil {
				rt.Fatal(err)
			}
			records := []event.Record{{Kind: event.KindPerson, Key: event.UserKey(user), User: user, ID: fmt.Sprint(i), Source: "test", ReceivedAt: start, Body: body}}
			for hop := 0; len(records) > 0 && hop < 100; hop++ {
				var next []event.Record
				for j := range records {
					for _, s := range []*engine.State{a, b} {
						loadInto(rt, s, records[j:j+1])
						engine.Step(s, &records[j], cat)
					}
					c := a.Harvest(cat)
					often.take(c)
					next = append(next, c.Effects.Forwards...)
				}
				records = next
			}
		}
		once.take(b.Harvest(cat))
		if !maps.Equal(often, once) {
			rt.Fatalf("with a checkpoint after each record %v, with one in all %v", often, once)
		}
	})
}

func loadInto(t *rapid.T, s *engine.State, records []event.Record) {
	for need := s.Needs(records); !need.Empty(); need = s.Needs(records) {
		for _, key := range need.Accounts {
			if err := s.LoadAccount(key, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, day := range need.Days {
			s.LoadDay(day, nil)
		}
		for _, call := range need.Answers {
			if err := s.LoadAnswer(call, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWhatIsSaidOfAPersonInOneAccountStaysThere(t *testing.T) {
	w := newWorld(t)
	says := func(id string, ch event.PersonChange) {
		t.Helper()
		body, err := json.Marshal(ch)
		if err != nil {
			t.Fatal(err)
		}
		w.send(event.Record{Kind: event.KindPerson, Key: event.UserKey("rob"), User: "rob", ID: id, Source: "test", Body: body})
	}
	in := func(acct string) account.Member {
		t.Helper()
		if err := w.state.LoadAccount(acct, w.disk.accounts[acct]); err != nil {
			t.Fatal(err)
		}
		m, _ := w.state.Account(acct).Members.Of("rob")
		return m
	}
	nova, rival, speaker, host := "nova", "rival", "speaker", "host"
	says("1", event.PersonChange{Account: &nova, Profile: &speaker})
	says("2", event.PersonChange{Account: &rival})
	if got := in("rival").Profile; got != "" {
		t.Errorf("named in rival without a profile they have %q there", got)
	}
	says("3", event.PersonChange{Profile: &host})
	says("4", event.PersonChange{Account: &nova})
	if n, r := in("nova").Profile, in("rival").Profile; n != "speaker" || r != "host" {
		t.Errorf("the profile in nova is %q, in rival %q, want speaker and host", n, r)
	}
}
