package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"pgregory.net/rapid"
)

const referralsCatalog = `
version: 1
currency: USD
referrals:
  friends: {title: Friends, window: 10d}
  fans:    {title: Fans, window: 3d}
`

// Whoever sees and signs up in whatever order, with records that are repeated: every account is credited to at most one, never
// to itself or its family, and what the referrers counted is what was credited.
func TestASignUpIsCreditedAtMostOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cat := parse(t, referralsCatalog)
		w := &world{t: t, owner: newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat}), now: start}
		w.send(event.Record{Kind: event.KindCatalog, Type: cat.Version, Body: []byte(`{"rules":1}`)})
		accounts := []string{"acme", "globex", "new1", "new2"}
		program := rapid.SampledFrom([]string{"friends", "fans", "gone"})
		var sent []event.Record
		for range rapid.IntRange(0, 25).Draw(rt, "steps") {
			w.now += clock.Time(rapid.IntRange(0, 50).Draw(rt, "hours")) * clock.Hour
			r := event.Record{Kind: event.KindInvite, Source: "api:invite", ID: fmt.Sprint(len(sent))}
			call := engine.ReferCall{Program: program.Draw(rt, "program"), Account: rapid.SampledFrom(accounts).Draw(rt, "whose")}
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				r.Type, r.Key = engine.InviteExposed, event.UserKey(rapid.SampledFrom([]string{"v1", "v2"}).Draw(rt, "visitor"))
			case 3:
				if len(sent) > 0 {
					again := rapid.SampledFrom(sent).Draw(rt, "again")
					again.ReceivedAt = w.now
					w.send(again)
				}
				continue
			default:
				r.Type, r.Key = engine.InviteSignUp, rapid.SampledFrom(accounts).Draw(rt, "who")
				call.Family = r.Key == "new2" && call.Account == "acme"
			}
			r.Body, _ = json.Marshal(call)
			sent = append(sent, r)
			w.send(r)
		}
		credited, counted := map[[2]string]int64{}, map[[2]string]int64{}
		for _, key := range accounts {
			if err := w.state.LoadAccount(key, w.disk.accounts[key]); err != nil {
				rt.Fatal(err)
			}
			a := w.state.Account(key)
			if a == nil {
				continue
			}
			if up := a.SignUp; up != nil && up.Credited {
				if up.By == key || up.By == "acme" && key == "new2" || up.Program == "gone" {
					rt.Fatalf("%s is credited: %+v", key, up)
				}
				credited[[2]string{up.By, up.Program}]++
			}
			for _, x := range a.Referrals {
				if x.SignUps > 0 {
					counted[[2]string{key, x.Program}] = x.SignUps
				}
			}
		}
		if fmt.Sprint(credited) != fmt.Sprint(counted) {
			rt.Fatalf("credited %v, counted %v", credited, counted)
		}
	})
}
