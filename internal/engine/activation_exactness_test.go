package engine_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/event"
)

// moreText adds to the catalog of all histories what looks at accounts every day.
const moreText = catalogText + `
milestones:
  first:  {event: email.sent, within: 3d}
  second: {event: email.sent, nth: 4, where: {count: {at_least: 10}}, within: 20d, after: first}
  crowd:  {feature: speakers, at_least: 2, plans: [starter, pro]}
  used:   {feature: exports, at_least: 5, optional: true, for: "account.mrr > 0.0"}
  own:    {event: headroom.milestone.reached, nth: 2, optional: true}
lifecycle: {adopted: {features: 1, share: 10%}, under_use: {below: 30%, for: 5d}, at_risk: {falls: 20%, over: 4d}}
readiness:
  upsell: {ready: 40, parts: [{group: usage, when: "usage.speakers.percent > 40.0", points: 30, why: Speakers}, {group: intent, signal: third, points: 50}, {group: fit, when: "people.count > 1", points: 20}]}
  save:   {parts: [{group: usage, when: "account.stage == 'at_risk'", points: 80}]}
`

// Storing and loading at any moment changes neither the account's way, nor its people, nor what
// lists are told of them.
func TestTheWayOfAnAccountSurvivesBeingStoredAtAnyMoment(t *testing.T) {
	cat := parse(t, moreText)
	cats := map[string]*catalog.Catalog{"": {}, cat.Version: cat}
	told := func(d *disk) (out []string) {
		for _, e := range d.effects {
			kind, _, _ := strings.Cut(e, " ")
			if slices.Contains([]string{"Milestones", "Stages", "Readiness", "Forwards"}, kind) {
				out = append(out, e)
			}
		}
		slices.Sort(out) // a checkpoint groups them by kind
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		var log [][]event.Record
		for i, msg := range messages(t, cat.Version) {
			if len(msg) > 0 && msg[0].ReceivedAt != 0 && i > 0 && rapid.Bool().Draw(t, "somebody") {
				yes := rapid.Bool().Draw(t, "yes")
				ch := account.MemberChange{Role: rapid.SampledFrom([]*string{nil, new(string)}).Draw(t, "role")}
				if rapid.Bool().Draw(t, "champion") {
					ch.Champion = &yes
				} else if rapid.Bool().Draw(t, "left") {
					ch.Left = &yes
				}
				r := body(event.KindMember, rapid.SampledFrom([]string{"acme", "bolt"}).Draw(t, "of"), fmt.Sprint("member", i), "", msg[0].ReceivedAt, ch)
				r.User = rapid.SampledFrom([]string{"u1", "u2"}).Draw(t, "who")
				msg = append(msg, r)
			}
			log = append(log, msg)
		}
		clean, restless := newDisk(), newDisk()
		one, two := clean.acquire(cats), restless.acquire(cats)
		for i, msg := range log {
			one.step(uint64(i+1), msg)
			two.step(uint64(i+1), msg)
			if rapid.Bool().Draw(t, "restart") {
				if !restless.commit(two.state.Harvest(two.cat()), two.epoch) {
					t.Fatal("not committed")
				}
				two = restless.acquire(cats)
			}
		}
		for _, o := range []*owner{one, two} {
			if c := o.state.Harvest(o.cat()); c.To > c.From && !o.disk.commit(c, o.epoch) {
				t.Fatal("not committed")
			}
		}
		for key, want := range clean.accounts {
			if !bytes.Equal(restless.accounts[key], want) {
				t.Fatalf("account %s:\n%q\nwithout restarts:\n%q", key, restless.accounts[key], want)
			}
		}
		if a, b := told(clean), told(restless); !slices.Equal(a, b) {
			t.Fatalf("told\n%s\nwith restarts\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
		for key := range clean.accounts {
			if a := one.state.Account(key); a != nil {
				rows := 0
				for _, m := range a.Way(cat, one.state.Now).Milestones {
					if m.Reach != nil && m.Reach.At > one.state.Now {
						t.Fatalf("%s reached %s in the future", key, m.Key)
					}
					rows++
				}
				for _, n := range a.Readiness(cat, one.state.Now) {
					sum := 0
					for _, ch := range n.Changes {
						sum += ch.To - ch.From
					}
					if sum != n.Sum-n.Before.Sum() {
						t.Fatalf("%s: %+v", key, n)
					}
				}
			}
		}
	})
}
