package entitlement

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// A story is what happens to one account, told in short sentences, such as
//
//	subscribe starter; grant a 10; use 12; on 2026-04-01; give back 1
//
// It is played as the engine plays it: time passes through all that is due, and every change of
// usage is settled.
type story struct {
	t     fataler
	in    Input
	usage map[string]*meter.Usage
	names map[string]string // of grants, by id
	last  string            // reservation
}

const storyCatalog = `
version: 1
currency: USD
currencies: [USD, EUR]
meters:
  exports: {fed_by: consume}
  seats:   {aggregate: level, fed_by: consume}
  calls:   {fed_by: consume}
  emails:  {fed_by: consume}
  renders: {fed_by: consume}
  drafts:  {fed_by: consume}
  scans:   {fed_by: consume}
features:
  exports:    {title: Exports, meter: exports}
  seats:      {title: Seats, kind: seats, meter: seats, pooled: true}
  calls:      {title: Calls, meter: calls}
  emails:     {title: Emails, meter: emails, trial: {length: 7d, limit: 3}}
  renders:    {title: Renders, meter: renders}
  drafts:     {title: Drafts, meter: drafts}
  hd:         {title: HD drafts, meter: drafts}
  scans:      {title: Scans, meter: scans}
  recordings: {title: Recordings, kind: boolean, trial: {length: 14d}, locked: hidden,
               translations: {de: {title: Aufzeichnungen, benefit: Vorträge verkaufen}, pt-BR: {title: Gravações}}}
  captions:   {title: Captions, kind: boolean, part_of: recordings}
  chapters:   {title: Chapters, kind: boolean, part_of: recordings}
  support:    {title: Support, kind: value, values: [community, email, phone]}
  retention:  {title: Days kept, kind: value}
plans:
  starter: {title: Starter, price: {month: {USD: "49", EUR: "49"}}, unit: workspace,
            entitlements: {exports: {limit: 5, per: month}, seats: {limit: 2, per_unit: true}, support: community, retention: 30,
                           emails: {limit: 100, per: month, grace: 10%}, drafts: {limit: 100, per: month}, hd: {limit: 5, per: month}, scans: {limit: 5, per: rolling 24h},
                           calls: {limit: 10, per: day, grace: {percent: 50%, for: 36h}}}}
  pro:     {title: Pro, above: starter, price: {month: {USD: "149", EUR: "149"}}, unit: workspace,
            entitlements: {exports: {limit: 50, per: month, rollover: {cap: 60}}, seats: {limit: 10, per_unit: true}, support: email, retention: 365,
                           recordings: true, captions: false, scans: {limit: 50, per: rolling 24h},
                           emails: {limit: 1000, per: month, overage: {unit: 100, price: {USD: "2", EUR: "1.80"}}},
                           calls: {limit: 100, per: day, rollover: {for: 60d}}, renders: {limit: 10, per: month, soft: true}}}
addons:
  pack:     {title: Export pack, kind: pack, price: {month: {USD: "10", EUR: "10"}}, entitlements: {exports: {limit: 20, per: month}}}
  topup:    {title: Exports, kind: top_up, price: {once: {USD: "5", EUR: "5"}}, expires: 60d, entitlements: {exports: 10}}
  captions: {title: Captions, price: {month: {USD: "5", EUR: "5"}}, entitlements: {captions: true}, trial: 14d}
  phone:    {title: Phone, kind: service_tier, price: {month: {USD: "50", EUR: "50"}}, entitlements: {support: phone}}
  trusted:  {title: Renders, price: {month: {USD: "1", EUR: "1"}}, entitlements: {renders: {limit: 5, per: month}}, eligible: "account.traits.trusted == true"}
`

func newStory(t fataler) *story {
	t.Helper()
	c, findings := catalog.Parse("story.yaml", []byte(storyCatalog))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err)
	}
	s := &story{t: t, usage: map[string]*meter.Usage{}, names: map[string]string{}}
	s.in = Input{Catalog: c, Now: at(t, "2026-03-01"), State: &State{}, Subscription: &subscription.Subscription{},
		Usage: func(m string) *meter.Usage { return s.usage[m] }}
	return s
}

func tell(t fataler, text string) *story {
	t.Helper()
	s := newStory(t)
	for sentence := range strings.SplitSeq(text, ";") {
		if sentence = strings.TrimSpace(sentence); sentence != "" {
			s.happen(sentence)
		}
	}
	return s
}

func (s *story) id(n int64) string { return "g" + strconv.FormatInt(n, 10) }

// number reads a quantity of a sentence.
func (s *story) number(text string) quantity.Quantity {
	s.t.Helper()
	q, err := quantity.Parse(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return q
}

func (s *story) happen(sentence string) {
	s.t.Helper()
	words := strings.Fields(sentence)
	after := func(word string) string { // what follows a word, if it is there
		for i := range words {
			if words[i] == word && i+1 < len(words) {
				return words[i+1]
			}
		}
		return ""
	}
	feature := "exports"
	if of := after("of"); of != "" {
		feature = of
	}
	f := s.in.Catalog.Features[feature]
	var err error
	switch words[0] {
	case "on":
		s.pass(at(s.t, words[1]))
	case "subscribe", "add", "units":
		ch := subscription.Change{}
		switch words[0] {
		case "subscribe":
			ch.Plan = words[1]
			if words[len(words)-1] == "EUR" {
				ch.Currency = "EUR"
			}
		case "units":
			ch.Quantity, _ = strconv.ParseInt(words[1], 10, 64)
		default:
			lines := withMore(s.in.Subscription.Addons, words[1], 1)
			ch.Addons = &lines
		}
		var next subscription.Subscription
		next, err = subscription.Apply(*s.in.Subscription, ch, s.in.terms())
		*s.in.Subscription = next
		s.limits()
	case "cancel":
		*s.in.Subscription, err = subscription.Apply(*s.in.Subscription, subscription.Change{Cancel: true}, s.in.terms())
		s.limits()
	case "grant":
		g := Grant{Feature: feature, Priority: DefaultPriority, Source: FromOperator}
		if len(words) > 2 && words[2] != "of" {
			g.Amount = s.number(words[2])
		}
		if p := after("priority"); p != "" {
			g.Priority, _ = strconv.Atoi(p)
		}
		if until := after("until"); until != "" {
			g.ExpiresAt = at(s.t, until)
		}
		g, err = AddGrant(s.in, g, s.id)
		s.names[g.ID] = words[1]
	case "revoke":
		for id, name := range s.names {
			if name == words[1] {
				_, err = Revoke(s.in, id)
			}
		}
		s.limits()
	case "buy": // a top-up
		for _, g := range TopUp(s.in.Catalog.Addons[words[1]], 1, s.in.Now) {
			g, err = AddGrant(s.in, g, s.id)
			s.names[g.ID] = words[1]
		}
	case "try":
		tr := subscription.Trial{ID: "addon:" + words[1], Addon: words[1], StartedAt: s.in.Now, EndsAt: s.in.Now + 10*clock.Day, State: subscription.TrialRunning}
		if s.in.Catalog.Addons[words[1]] == nil {
			tr.ID, tr.Addon, tr.Feature = "feature:"+words[1], "", words[1]
		}
		s.in.Trials = append(s.in.Trials, tr)
		s.limits()
	case "override":
		o := Override{Feature: feature}
		switch v := words[1]; {
		case v == "locked" || v == "open":
			open := v == "open"
			o.Allowed = &open
		case v == "unlimited":
			o.Unlimited = true
		case f.Kind == catalog.Valued:
			o.Value = &v
		default:
			q := s.number(v)
			o.Limit = &q
		}
		if until := after("until"); until != "" {
			o.Until = at(s.t, until)
		}
		err = SetOverride(s.in, o)
		s.limits()
	case "use":
		s.move(f, func(m *catalog.Meter) { meter.Consume(s.meter(m), m, s.number(words[1]), s.in.calendar(), s.in.Now) })
	case "give": // give back N
		s.move(f, func(m *catalog.Meter) { meter.Release(s.meter(m), m, s.number(words[2]), s.in.calendar(), s.in.Now) })
	case "reserve":
		s.in.eachOf(feature, Lapse)
		var r Reservation
		r, err = s.in.State.Reserve(Reservation{Feature: feature, Quantity: s.number(words[1]), CreatedAt: s.in.Now, ExpiresAt: s.in.Now + clock.Hour}, s.id)
		s.last = r.ID
		s.in.eachOf(feature, Settle)
	case "finalize":
		s.move(f, func(m *catalog.Meter) {
			s.in.State.Finish(s.last, Finalized, s.number(words[1]))
			meter.Consume(s.meter(m), m, s.number(words[1]), s.in.calendar(), s.in.Now)
		})
	case "abandon":
		s.in.eachOf(feature, Lapse)
		s.in.State.Finish(s.last, Released, 0)
		s.in.eachOf(feature, Settle)
	default:
		s.t.Fatal("nobody knows how to " + sentence)
	}
	if err != nil {
		s.t.Fatal(sentence + ": " + err.Error())
	}
}

func (s *story) meter(m *catalog.Meter) *meter.Usage {
	if s.usage[m.Key] == nil {
		s.usage[m.Key] = &meter.Usage{}
	}
	return s.usage[m.Key]
}

// move changes usage, and settles it.
func (s *story) move(f *catalog.Feature, how func(m *catalog.Meter)) {
	s.in.eachOf(f.Key, Lapse)
	how(s.in.Catalog.Meters[f.Meter])
	s.in.eachOf(f.Key, Settle)
}

// limits settles limits that may be others now.
func (s *story) limits() {
	SettleAll(s.in)
	Track(s.in)
}

// pass lets time go on to a moment, through all that falls due on the way.
func (s *story) pass(to clock.Time) {
	for {
		due := s.in.State.NextDue()
		if next, any := subscription.NextDue(s.in.Subscription); any && (due == 0 || next < due) {
			due = next
		}
		if due == 0 || due > to {
			break
		}
		s.in.Now = due
		Roll(s.in, s.id)
		*s.in.Subscription = *subscription.AsOf(s.in.Subscription, s.in.Now, s.in.Catalog)
		Expire(s.in)
		s.limits()
	}
	s.in.Now = to
	s.limits()
}

// balances says what is left of the live grants, in the order in which they are used: "a 3 b 10".
func (s *story) balances(feature string) string {
	var out []string
	for _, i := range s.in.State.inOrder(feature) {
		g := &s.in.State.Grants[i]
		if !g.live(s.in.Now, true) || g.Amount > 0 && g.left() == 0 {
			continue
		}
		name := s.names[g.ID]
		if name == "" {
			name = g.Source
		}
		out = append(out, name+" "+g.left().String())
	}
	return strings.Join(out, ", ")
}

func TestWhatIsUsedFirst(t *testing.T) {
	for _, c := range []struct{ name, given, then, balances string }{
		{"the allowance before a grant", "subscribe starter; grant a 10; use 4", "yes within_limit 4/15 left 11 until 1 Apr 2026 from plan:starter,grants", "a 10"},
		{"the grant when the allowance is used up", "subscribe starter; grant a 10; use 7", "yes granted 7/15 left 8 until 1 Apr 2026 from plan:starter,grants", "a 8"},
		{"until nothing is left of both", "subscribe starter; grant a 10; use 15", "no limit_reached 15/15 left 0 short 1 until 1 Apr 2026 from plan:starter,grants", ""},
		{"of grants the one with the lowest priority", "subscribe starter; grant late 10 priority 90; grant early 10 priority 10; use 12", "yes granted 12/25 left 13 until 1 Apr 2026 from plan:starter,grants", "early 3, late 10"},
		{"of the same priority the one that expires sooner", "subscribe starter; grant forever 10; grant june 10 until 2026-06-01; grant may 10 until 2026-05-01; use 16", "yes granted 16/35 left 19 until 1 Apr 2026 from plan:starter,grants", "june 9, forever 10"},
		{"of the same expiry the older one", "subscribe starter; grant old 10; on 2026-03-02; grant young 10; use 6", "yes granted 6/25 left 19 until 1 Apr 2026 from plan:starter,grants", "old 9, young 10"},
		{"over several grants at once", "subscribe starter; grant a 2; grant b 2; grant c 2; use 10", "yes granted 10/11 left 1 until 1 Apr 2026 from plan:starter,grants", "c 1"},
		{"given back in reverse order", "subscribe starter; grant a 3; grant b 3; use 10; give back 3", "yes granted 7/11 left 4 until 1 Apr 2026 from plan:starter,grants", "a 1, b 3"},
		{"given back below the allowance, all of it comes back", "subscribe starter; grant a 3; use 8; give back 7", "yes within_limit 1/8 left 7 until 1 Apr 2026 from plan:starter,grants", "a 3"},
		{"a new period: what was used of grants stays used", "subscribe starter; grant a 10; use 12; on 2026-04-01", "yes within_limit 0/8 left 8 until 1 May 2026 from plan:starter,grants", "a 3"},
		{"and does not come back by giving back what the new period used", "subscribe starter; grant a 10; use 12; on 2026-04-01; use 2; give back 2", "yes within_limit 0/8 left 8 until 1 May 2026 from plan:starter,grants", "a 3"},
		{"an expired grant gives nothing more, and what was used of it stands", "subscribe starter; grant a 10 until 2026-03-05; use 8; on 2026-03-05", "no limit_reached 8/8 left 0 short 1 until 1 Apr 2026 from plan:starter,grants", ""},
		{"given back to an expired grant is lost with it", "subscribe starter; grant a 10 until 2026-03-05; use 8; on 2026-03-05; give back 2", "no limit_reached 6/6 left 0 short 1 until 1 Apr 2026 from plan:starter,grants", ""},
		{"a revoked grant gives nothing more", "subscribe starter; grant a 10; use 6; revoke a", "no limit_reached 6/6 left 0 short 1 until 1 Apr 2026 from plan:starter,grants", ""},
		{"a grant that comes when more was used than there is covers that first", "subscribe starter; use 9; grant a 10", "yes granted 9/15 left 6 until 1 Apr 2026 from plan:starter,grants", "a 6"},
		{"without an allowance it counts from when it was given", "use 100; grant a 10; use 4", "yes granted 4/10 left 6 from grants", "a 6"},
		{"when the subscription ends, what was used before does not burn it", "subscribe starter; use 5; grant a 10; cancel", "yes granted 0/10 left 10 from grants", "a 10"},
		{"when one begins, the allowance is used first again", "grant a 10; use 4; subscribe starter", "yes within_limit 4/11 left 7 until 1 Apr 2026 from plan:starter,grants", "a 6"},
		{"an upgrade leaves what was burned burned, and it counts in its period", "subscribe starter; grant a 10; use 8; subscribe pro", "yes within_limit 8/60 left 52 until 1 Apr 2026 from plan:pro,grants", "a 7"},
		{"a downgrade burns what is above the lower limit", "subscribe pro; grant a 10; use 12; subscribe starter", "yes granted 12/15 left 3 until 1 Apr 2026 from plan:starter,grants", "a 3"},
		{"a top-up is a grant that expires", "subscribe starter; buy topup; use 6", "yes granted 6/15 left 9 until 1 Apr 2026 from plan:starter,grants", "topup 9"},
		{"until then", "subscribe starter; buy topup; use 6; on 2026-04-30", "no limit_reached 0/5 left 5 short 0 until 1 May 2026 from plan:starter", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, c.given)
			asked := quantity.One
			if strings.Contains(c.then, "short 0") {
				c.then, asked = strings.Replace(strings.Replace(c.then, " short 0", "", 1), "no limit_reached", "yes within_limit", 1), quantity.One
			}
			a := Check(s.in, "exports", asked)
			if got := short(&a); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if got := s.balances("exports"); got != c.balances {
				t.Errorf("left: got %q, want %q", got, c.balances)
			}
		})
	}
}

func TestALimitThatRisesAndFallsBurnsNothingTwice(t *testing.T) {
	const once = "yes granted 8/15 left 7 until 1 Apr 2026 from plan:starter,grants"
	for _, c := range []struct{ name, given, then, balances string }{
		{"an upgrade and back", "use 8; subscribe pro; subscribe starter", once, "a 7"},
		{"again and again", "use 8; subscribe pro; subscribe starter; subscribe pro; subscribe starter; subscribe pro; subscribe starter", once, "a 7"},
		{"an override for a day", "use 8; override 100 until 2026-03-02; on 2026-03-03", once, "a 7"},
		{"one without a limit", "use 8; override unlimited until 2026-03-02; on 2026-03-03", once, "a 7"},
		{"a trial that ends", "use 8; try pack; on 2026-03-12", once, "a 7"},
		{"a subscription that is cancelled and taken again", "use 8; cancel; subscribe starter", once, "a 7"},
		{"what was used on the way is burned once more", "use 8; subscribe pro; use 4; subscribe starter", "yes granted 12/15 left 3 until 1 Apr 2026 from plan:starter,grants", "a 3"},
		{"what was burned below the lower limit covers the higher one too", "use 8; subscribe pro; use 50", "yes granted 58/60 left 2 until 1 Apr 2026 from plan:pro,grants", "a 2"},
		{"given back afterwards it comes back as before", "use 8; subscribe pro; subscribe starter; give back 2", "yes granted 6/15 left 9 until 1 Apr 2026 from plan:starter,grants", "a 9"},
		{"given back while the limit was higher it does not", "use 8; subscribe pro; give back 8; subscribe starter", "yes within_limit 0/15 left 15 until 1 Apr 2026 from plan:starter,grants", "a 7"},
		{"when the period is over it is burned for good", "use 8; subscribe pro; on 2026-04-01; subscribe starter", "yes within_limit 0/54 left 54 until 1 May 2026 from plan:starter,grants", "rollover 42, a 7"},
		{"and what the next period uses burns anew", "use 8; subscribe pro; subscribe starter; on 2026-04-01; use 8", "yes granted 8/12 left 4 until 1 May 2026 from plan:starter,grants", "a 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, "subscribe starter; grant a 10; "+c.given)
			a := Check(s.in, "exports", quantity.One)
			if got := short(&a); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if got := s.balances("exports"); got != c.balances {
				t.Errorf("left: got %q, want %q", got, c.balances)
			}
		})
	}
}

// A rolling allowance has no period that ends: what drops out of it is burned for good, bit by bit.
func TestARollingLimitThatRisesAndFallsBurnsNothingTwice(t *testing.T) {
	for _, c := range []struct{ name, given, then, balances string }{
		{"an upgrade and back", "use 8 of scans; subscribe pro; subscribe starter", "yes granted 8/15 left 7 until 2 Mar 2026 from plan:starter,grants", "a 7"},
		{"again and again", "use 8 of scans; subscribe pro; subscribe starter; subscribe pro; subscribe starter", "yes granted 8/15 left 7 until 2 Mar 2026 from plan:starter,grants", "a 7"},
		{"what dropped out in between counts no more", "use 8 of scans; subscribe pro; on 2026-03-03; subscribe starter", "yes within_limit 0/12 left 12 from plan:starter,grants", "a 7"},
		{"and what is used then burns anew", "use 8 of scans; subscribe pro; on 2026-03-03; subscribe starter; use 7 of scans", "yes granted 7/12 left 5 until 4 Mar 2026 from plan:starter,grants", "a 5"},
		{"without any change too", "use 8 of scans; on 2026-03-03; use 7 of scans", "yes granted 7/12 left 5 until 4 Mar 2026 from plan:starter,grants", "a 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, "subscribe starter; grant a 10 of scans; "+c.given)
			a := Check(s.in, "scans", quantity.One)
			if got := short(&a); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if got := s.balances("scans"); got != c.balances {
				t.Errorf("left: got %q, want %q", got, c.balances)
			}
		})
	}
}

func TestWhatAReservationDrewIsGivenBackUnlessItIsUsed(t *testing.T) {
	for _, c := range []struct{ name, given, feature, then, balances string }{
		{"one that a period's end goes over draws of the new allowance", "grant a 10; use 5; on 2026-03-31T23:30:00Z; reserve 4; on 2026-04-01T00:15:00Z", "exports", "yes within_limit 0/15 left 11 until 1 May 2026 from plan:starter,grants", "a 10"},
		{"given up in the new period", "grant a 10; use 5; on 2026-03-31T23:30:00Z; reserve 4; on 2026-04-01T00:15:00Z; use 1; abandon", "exports", "yes within_limit 1/15 left 14 until 1 May 2026 from plan:starter,grants", "a 10"},
		{"finalized in the new period it counts there, once", "grant a 10; use 5; on 2026-03-31T23:30:00Z; reserve 4; on 2026-04-01T00:15:00Z; finalize 4", "exports", "yes within_limit 4/15 left 11 until 1 May 2026 from plan:starter,grants", "a 10"},
		{"what was used beside it is burned for good", "grant a 10; use 7; on 2026-03-31T23:30:00Z; reserve 4; on 2026-04-01T00:15:00Z", "exports", "yes within_limit 0/13 left 9 until 1 May 2026 from plan:starter,grants", "a 8"},
		{"more than the new allowance draws again", "grant a 10; use 5; on 2026-03-31T23:30:00Z; reserve 8; on 2026-04-01T00:15:00Z", "exports", "yes granted 0/15 left 7 until 1 May 2026 from plan:starter,grants", "a 7"},
		{"a higher limit needs nothing of it", "grant a 10; use 5; reserve 4; subscribe pro", "exports", "yes within_limit 5/60 left 51 until 1 Apr 2026 from plan:pro,grants", "a 10"},
		{"of another feature of its meter, it expires", "grant a 20 of hd; reserve 15 of drafts; on 2026-03-01T02:00:00Z", "hd", "yes within_limit 0/25 left 25 until 1 Apr 2026 from plan:starter,grants", "a 20"},
		{"of another feature of its meter, it is given up", "grant a 20 of hd; reserve 15 of drafts; abandon of drafts", "hd", "yes within_limit 0/25 left 25 until 1 Apr 2026 from plan:starter,grants", "a 20"},
		{"of another feature of its meter, while it is open", "grant a 20 of hd; reserve 15 of drafts", "hd", "yes granted 0/25 left 10 until 1 Apr 2026 from plan:starter,grants", "a 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, "subscribe starter; "+c.given)
			a := Check(s.in, c.feature, quantity.One)
			if got := short(&a); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if got := s.balances(c.feature); got != c.balances {
				t.Errorf("left: got %q, want %q", got, c.balances)
			}
		})
	}
}

func TestAFeatureThatIsOnOrOffLeavesNothingBehind(t *testing.T) {
	s := tell(t, "subscribe starter; grant a of recordings; revoke a")
	if st := s.in.State; len(st.Base)+len(st.Drawn) != 0 {
		t.Errorf("a grant that was revoked leaves %v, %v", st.Base, st.Drawn)
	}
}

func TestWhatComesBeforeWhat(t *testing.T) {
	for _, c := range []struct{ name, given, feature, then string }{
		{"an add-on adds to the plan", "subscribe starter; add pack", "exports", "yes within_limit 0/25 left 25 until 1 Apr 2026 from plan:starter,addon:pack"},
		{"a running trial adds as its add-on would", "subscribe starter; try pack", "exports", "yes within_limit 0/25 left 25 until 1 Apr 2026 from plan:starter,trial:pack"},
		{"what only the trial lets through says so", "subscribe starter; try pack; use 5", "exports", "yes trial 5/25 left 20 until 1 Apr 2026 from plan:starter,trial:pack"},
		{"until it ends", "subscribe starter; try pack; use 5; on 2026-03-11", "exports", "no limit_reached 5/5 left 0 short 1 until 1 Apr 2026 from plan:starter"},
		{"an override replaces plan, add-ons and grants", "subscribe pro; add pack; grant a 10; override 7", "exports", "yes within_limit 0/7 left 7 until 1 Apr 2026 from override"},
		{"downwards too, and nothing is left below zero", "subscribe pro; use 9; override 7", "exports", "no limit_reached 9/7 left 0 short 3 until 1 Apr 2026 from override"},
		{"until its time is over", "subscribe starter; override 100 until 2026-03-02; on 2026-03-02", "exports", "yes within_limit 0/5 left 5 until 1 Apr 2026 from plan:starter"},
		{"an override without a limit", "subscribe starter; override unlimited; use 1000", "exports", "yes override 1000 until 1 Apr 2026 from override"},
		{"an override locks", "subscribe pro; override locked", "exports", "no override 0/0 left 0 short 1 until 1 Apr 2026 from override"},
		{"an override opens without any subscription", "override open of recordings", "recordings", "yes override from override"},
		{"a grant opens what is on or off", "subscribe starter; grant a of recordings", "recordings", "yes granted from grants"},
		{"a trial opens it", "subscribe starter; try recordings", "recordings", "yes trial from trial:recordings"},
		{"for so long", "subscribe starter; try recordings; on 2026-03-11", "recordings", "no not_in_plan"},
		{"the plan says so itself before a trial", "subscribe pro; try recordings", "recordings", "yes included from plan:pro,trial:recordings"},
		{"a feature is tried with a limit", "try emails", "emails", "yes trial 0/3 left 3 until 1 Apr 2026 from trial:emails"},
		{"limits for each unit", "subscribe starter; units 3", "seats", "yes within_limit 0/6 left 6 from plan:starter"},
		{"a grant raises the limit of seats", "subscribe starter; grant a 3 of seats; use 4 of seats", "seats", "yes granted 4/5 left 1 from plan:starter,grants"},
		{"while it lives", "subscribe starter; grant a 3 of seats until 2026-03-05; use 4 of seats; on 2026-03-05", "seats", "no limit_reached 4/2 left 0 short 3 from plan:starter"},
		{"of values the greatest", "subscribe pro; add phone", "support", "yes included phone from plan:pro,addon:phone"},
		{"in the order of the feature, not of sources", "subscribe starter; add phone; override email of support", "support", "yes override email from override"},
		{"numbers by their size", "subscribe pro", "retention", "yes included 365 from plan:pro"},
		{"a value nobody gives", "", "retention", "no no_subscription"},
		{"a part is locked where the whole is, whatever gives it", "subscribe starter; add captions", "captions", "no part_locked from addon:captions"},
		{"a part of which the plan says no", "subscribe pro", "captions", "no not_in_plan"},
		{"a part that an add-on opens", "subscribe pro; add captions", "captions", "yes included from addon:captions"},
		{"a part of which nothing is said follows the whole", "subscribe pro", "chapters", "yes included from plan:pro"},
		{"locked with it", "subscribe starter", "chapters", "no part_locked"},
		{"open with it, in a trial too", "subscribe starter; try recordings", "chapters", "yes trial from trial:recordings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, c.given)
			a := Check(s.in, c.feature, quantity.One)
			got := short(&a)
			if a.Value != "" {
				got = strings.Replace(got, string(a.Reason), string(a.Reason)+" "+a.Value, 1)
			}
			if a.Unlimited {
				got = strings.Replace(got, " 0 from", " from", 1)
			}
			if got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if !strings.HasSuffix(a.Message, ".") {
				t.Errorf("%q is no sentence", a.Message)
			}
		})
	}
}

func TestWhatIsLeftRollsOver(t *testing.T) {
	for _, c := range []struct{ name, given, feature, then, balances string }{
		{"what is left of a month is there in the next", "subscribe pro; use 20; on 2026-04-01", "exports", "yes within_limit 0/80 left 80 until 1 May 2026 from plan:pro,grants", "rollover 30"},
		{"the new allowance is used first", "subscribe pro; use 20; on 2026-04-01; use 55", "exports", "yes granted 55/80 left 25 until 1 May 2026 from plan:pro,grants", "rollover 25"},
		{"for one period when nothing else is said", "subscribe pro; use 20; on 2026-05-01", "exports", "yes within_limit 0/100 left 100 until 1 Jun 2026 from plan:pro,grants", "rollover 50"},
		{"no more in all than the cap", "subscribe pro; on 2026-04-01; on 2026-04-15; grant a 5; on 2026-05-01", "exports", "yes within_limit 0/105 left 105 until 1 Jun 2026 from plan:pro,grants", "rollover 50, a 5"},
		{"nothing when nothing is left", "subscribe pro; use 50; on 2026-04-01", "exports", "yes within_limit 0/50 left 50 until 1 May 2026 from plan:pro", ""},
		{"grants are used up before nothing is left: they do not roll over as allowance", "subscribe pro; grant a 10; use 55; on 2026-04-01", "exports", "yes within_limit 0/55 left 55 until 1 May 2026 from plan:pro,grants", "a 5"},
		{"day by day, as long as the catalog says", "subscribe pro; use 90 of calls; on 2026-03-04", "calls", "yes within_limit 0/310 left 310 until 5 Mar 2026 from plan:pro,grants", "rollover 10, rollover 100, rollover 100"},
		{"it ends with the subscription", "subscribe pro; use 20; on 2026-04-01; cancel", "exports", "no subscription_ended 20/0 left 0 short 21", ""},
		{"by the plan of the period that is over, into the plan of the next", "subscribe pro; use 20; on 2026-04-01; subscribe starter", "exports", "yes within_limit 0/35 left 35 until 1 May 2026 from plan:starter,grants", "rollover 30"},
		{"without the catalog saying so nothing does", "subscribe starter; on 2026-04-01", "exports", "yes within_limit 0/5 left 5 until 1 May 2026 from plan:starter", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, c.given)
			a := Check(s.in, c.feature, quantity.One)
			if got := short(&a); got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if a.Allowed {
				if got := s.balances(c.feature); got != c.balances {
					t.Errorf("left: got %q, want %q", got, c.balances)
				}
			}
		})
	}
}

func TestPassingALimit(t *testing.T) {
	for _, c := range []struct {
		name, given, feature string
		asked                int64
		then, says           string
	}{
		{"within the grace", "subscribe starter; use 100 of emails", "emails", 10, "yes in grace, 10 left, 0 over", "Emails: 100 of 100 used; 10 more pass the limit; its grace has 10 left; starts anew on 1 Apr 2026."},
		{"beyond the grace", "subscribe starter; use 100 of emails", "emails", 11, "no limit_reached, 10 left, 0 over", ""},
		{"what is left of it", "subscribe starter; use 106 of emails", "emails", 4, "yes in grace, 4 left, 6 over", ""},
		{"grants come before grace", "subscribe starter; grant a 10 of emails; use 105 of emails", "emails", 5, "yes granted, 10 left, 0 over", ""},
		{"a grace of some hours begins when the limit is passed", "subscribe starter; use 12 of calls; on 2026-03-01T20:00:00Z", "calls", 1, "yes in grace, 3 left, 2 over", ""},
		{"and is over with the period", "subscribe starter; use 12 of calls; on 2026-03-02", "calls", 1, "yes within_limit, 5 left, 0 over", ""},
		{"an overage costs in the currency of the subscription", "subscribe pro; use 950 of emails", "emails", 100, "yes overage at 2.00 USD each 100, 2.00 USD in all", ""},
		{"each started unit", "subscribe pro EUR; use 1150 of emails", "emails", 100, "yes overage at 1.80 EUR each 100, 5.40 EUR in all", ""},
		{"grants come before overage", "subscribe pro; grant a 100 of emails; use 1050 of emails", "emails", 100, "yes overage at 2.00 USD each 100, 2.00 USD in all", ""},
		{"a soft limit at no price", "subscribe pro; use 10 of renders", "renders", 1, "yes overage", "Renders: 10 of 10 used; 1 more pass the limit; starts anew on 1 Apr 2026."},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, c.given)
			a := Check(s.in, c.feature, quantity.Of(c.asked))
			got := "no "
			if a.Allowed {
				got = "yes "
			}
			if got += strings.Replace(string(a.Reason), "grace", "in grace", 1); a.Grace != nil {
				got += fmt.Sprintf(", %s left, %s over", a.Grace, max(*a.Usage-*a.Limit, 0))
			}
			if a.Overage != nil {
				got += fmt.Sprintf(" at %s each %s, %s in all", a.Overage.Price, a.Overage.Unit, a.Overage.Cost)
			}
			if got != c.then {
				t.Errorf("got  %s\nwant %s", got, c.then)
			}
			if c.says != "" && a.Message != c.says {
				t.Errorf("says %s", a.Message)
			}
		})
	}
}

func TestGraceRunsFromWhenTheLimitWasPassed(t *testing.T) {
	s := newStory(t)
	starter := s.in.Catalog.Plans["starter"].Entitlements["emails"]
	starter.Grace = &catalog.Grace{For: 48 * time.Hour}
	for _, sentence := range []string{"subscribe starter", "use 100 of emails", "on 2026-03-05", "use 1 of emails", "on 2026-03-06"} {
		s.happen(sentence)
	}
	a := Check(s.in, "emails", quantity.Of(500))
	if a.Reason != InGrace || a.Grace != nil || a.GraceEndsAt != at(t, "2026-03-07") {
		t.Errorf("a day after it was passed: %s, until %s", a.Reason, a.GraceEndsAt)
	}
	s.happen("on 2026-03-07")
	if a = Check(s.in, "emails", quantity.One); a.Allowed || a.Shortfall != quantity.Of(2) {
		t.Errorf("two days after: %s, short %s", a.Reason, a.Shortfall)
	}
	s.happen("give back 5 of emails")
	s.happen("use 4 of emails")
	if a = Check(s.in, "emails", quantity.One); a.Reason != LimitReached || a.GraceEndsAt != at(t, "2026-03-07") {
		t.Errorf("having come back to the limit in the same period: %s", a.Reason)
	}
	s.happen("on 2026-04-01")
	s.happen("use 101 of emails")
	if a = Check(s.in, "emails", quantity.One); a.Reason != InGrace || a.GraceEndsAt != at(t, "2026-04-03") {
		t.Errorf("in the next period: %s", a.Reason)
	}
}

func TestALevelHasItsGraceAgainWhenItWasWithinItsLimitForAsLong(t *testing.T) {
	const passed = "subscribe starter; use 2 of seats; on 2026-03-05; use 1 of seats; "
	for _, c := range []struct{ name, given, then string }{
		{"from when the limit is passed", "", "grace until 7 Mar 2026"},
		{"until it is over", "on 2026-03-07", "limit_reached until 7 Mar 2026"},
		{"back at the limit for an instant, it is not there again", "on 2026-03-07; give back 1 of seats", "limit_reached until 7 Mar 2026"},
		{"nor for a day, as often as that is tried", "on 2026-03-07; give back 1 of seats; on 2026-03-08; use 1 of seats; give back 1 of seats; on 2026-03-09", "limit_reached until 7 Mar 2026"},
		{"nor by another plan for a while", "on 2026-03-07; subscribe pro; subscribe starter", "limit_reached until 7 Mar 2026"},
		{"nor by a seat more and less while it runs", "on 2026-03-06; give back 1 of seats; use 1 of seats", "grace until 7 Mar 2026"},
		{"within the limit for as long as the grace is", "on 2026-03-07; give back 1 of seats; on 2026-03-09", "grace"},
		{"and then it runs anew", "on 2026-03-07; give back 1 of seats; on 2026-03-09; use 1 of seats", "grace until 11 Mar 2026"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.in.Catalog.Plans["starter"].Entitlements["seats"].Grace = &catalog.Grace{For: 48 * time.Hour}
			for sentence := range strings.SplitSeq(passed+c.given, ";") {
				if strings.TrimSpace(sentence) != "" {
					s.happen(strings.TrimSpace(sentence))
				}
			}
			a := Check(s.in, "seats", quantity.One)
			got := string(a.Reason)
			if a.GraceEndsAt != 0 {
				got += " until " + day(a.GraceEndsAt)
			}
			if got != c.then {
				t.Errorf("got %s, want %s", got, c.then)
			}
		})
	}
}

func TestATrialBesideGivesWhatItsPlanGivesMore(t *testing.T) {
	for _, c := range []struct {
		name         string
		own, tried   int64 // limits, of 10 units
		each, eachOf bool  // they are for each unit
		then         string
	}{
		{"both for each unit", 2, 10, true, true, "100"},
		{"the own one for each unit", 2, 60, true, false, "60"},
		{"the tried one for each unit", 40, 6, false, true, "60"},
		{"neither", 40, 60, false, false, "60"},
		{"less than there is", 10, 60, true, false, "100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, "subscribe starter; units 10")
			own, tried := s.in.Catalog.Plans["starter"].Entitlements["seats"], s.in.Catalog.Plans["pro"].Entitlements["seats"]
			own.Limit, own.PerUnit, tried.Limit, tried.PerUnit = quantity.Of(c.own), c.each, quantity.Of(c.tried), c.eachOf
			s.in.Trials = []subscription.Trial{{ID: "plan:pro", Plan: "pro", Beside: true, StartedAt: s.in.Now, EndsAt: s.in.Now + clock.Day, State: subscription.TrialRunning}}
			if a := Check(s.in, "seats", 0); a.Limit.String() != c.then {
				t.Errorf("%s seats, want %s", a.Limit, c.then)
			}
		})
	}
}

func TestATimedGraceOfATrialBesideIsSettled(t *testing.T) {
	s := tell(t, "subscribe starter")
	starter, pro := s.in.Catalog.Plans["starter"], s.in.Catalog.Plans["pro"]
	starter.Entitlements["calls"].Grace = nil
	pro.Entitlements["calls"].Grace = &catalog.Grace{For: time.Hour}
	if AnySettles(s.in) {
		t.Error("changes of usage are settled where nothing is timed")
	}
	s.in.Trials = []subscription.Trial{{ID: "plan:pro", Plan: "pro", Beside: true, StartedAt: s.in.Now, EndsAt: s.in.Now + clock.Day, State: subscription.TrialRunning}}
	if !AnySettles(s.in) {
		t.Error("the grace of a plan that is tried never begins")
	}
}
