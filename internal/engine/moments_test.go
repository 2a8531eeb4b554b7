package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/subscription"
)

const momentsCatalog = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  exports:  {fed_by: consume}
features:
  recordings: {title: Recordings, kind: boolean}
  captions:   {title: Captions, kind: boolean}
  speakers:   {title: Speakers, kind: metered, meter: speakers}
  exports:    {title: Exports, kind: metered, meter: exports}
plans:
  starter: {title: Starter, family: core, price: {month: "49", year: "490"}, entitlements: {speakers: 2, recordings: false, captions: false, exports: {limit: 1, per: month}}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, entitlements: {speakers: 50, recordings: true, captions: true, exports: {limit: 20, per: month}}}
  scale:   {title: Scale, family: core, above: pro, price: {month: "499", year: "4990"}, entitlements: {speakers: 500, recordings: true, captions: true, exports: unlimited}}
addons:
  captions: {title: Captions, price: {month: "19"}, needs: [starter, pro], entitlements: {captions: true}}
placements:
  recordings.open: {title: The page of a talk, feature: recordings}
signals:
  speakers_full: {when: {limit: speakers, reaches: 100%}, type: upsell}
  wants:         {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
offers:
  pro_for_speakers: {on: [speakers_full], give: {plan: pro}, at: [speakers.add], kind: contextual, content: {title: More, body: More, action: Upgrade}}
  pro_for_talks:    {on: [wants], give: {plan: pro}, at: [billing, recordings.open], kind: contextual, for: "account.plan == 'starter'", contact: {cooldown: 14d}, content: {title: Keep, body: Keep, action: Upgrade}}
`

// does makes records, one a line: what happened and after how many hours.
func (d *desk) does(what string) {
	d.t.Helper()
	for line := range strings.SplitSeq(what, "; ") {
		var verb, object string
		var after int64
		if _, err := fmt.Sscanf(line, "%s %s at %d", &verb, &object, &after); err != nil {
			d.t.Fatalf("%q: %v", line, err)
		}
		d.n++
		r := body(0, "acme", fmt.Sprint("m", d.n), object, start+clock.Time(after)*hour, nil)
		r.User, r.At = "ann", 0
		if who, rest, other := strings.Cut(verb, ":"); other {
			r.User, verb = who, rest
		}
		switch verb {
		case "buys":
			d.buys(clock.Time(after)*hour, subscription.Change{Plan: object})
			continue
		case "event":
			r.Kind, r.Body = event.KindEvent, nil
		case "touches":
			r.Kind, r.Body = event.KindGate, nil
			if feature, at, said := strings.Cut(object, "@"); said {
				r.Type, r.Props = feature, []event.Prop{{Name: event.PropPlacement, Value: event.Value{Kind: event.String, Text: at}}}
			}
		case "consumes":
			r = body(event.KindConsume, "acme", r.ID, object, r.ReceivedAt, engine.ConsumeCall{Quantity: 1_000_000})
		case "asks":
			place, feature, _ := strings.Cut(object, "/")
			r = body(event.KindDecide, "acme", r.ID, place, r.ReceivedAt, engine.DecideCall{Placement: place, Feature: feature, Role: offer.Admin})
			r.User = "ann"
		case "late":
			r.Kind, r.Type, r.Body, r.At = event.KindEvent, object, nil, start+hour
		}
		for _, day := range d.state.Needs([]event.Record{r}).Days {
			d.state.LoadDay(day, nil)
		}
		if a := engine.Step(d.state, &r, d.cat); a.Fault != nil && verb != "asks" {
			d.t.Fatalf("%q: %v", line, a.Fault)
		}
		for _, m := range d.state.Harvest(d.cat).Effects.Moments {
			if d.moments == nil {
				d.moments = make(map[string]engine.Moment)
			}
			d.moments[m.ID] = m
		}
	}
}

// met tells the moments in words: kind, thing, place, times, value, and what became of it.
func (d *desk) met() string {
	var out []string
	for n := 1; n <= len(d.moments); n++ {
		m := d.moments[engine.ID("mom", "acme", int64(n))]
		became := m.Why
		if m.Decision != "" {
			became = "offered " + m.Offer
		}
		out = append(out, fmt.Sprintf("%s %s%s at %q %d times, %s: %s", m.Kind, m.Feature, m.Milestone, m.Placement, m.Times, m.Value, became))
	}
	return strings.Join(out, "\n")
}

func TestMomentsAreNotedWithWhatStoodInTheWayAndWhatTheyWereWorth(t *testing.T) {
	for _, c := range []struct{ given, does, then string }{
		{
			"a closed feature touched, and its signal needs a second touch",
			"buys starter at 0; touches recordings at 1",
			`locked recordings at "recordings.open" 1 times, 1200.00 USD: not_yet`,
		},
		{
			"the same feature touched again the same day",
			"buys starter at 0; touches recordings at 1; touches recordings at 5",
			`locked recordings at "recordings.open" 2 times, 1200.00 USD: not_yet`,
		},
		{
			"touched again a day later, when the signal is alive and nobody asks",
			"buys starter at 0; touches recordings at 1; touches recordings at 30",
			"locked recordings at \"recordings.open\" 1 times, 1200.00 USD: not_yet\n" +
				`locked recordings at "recordings.open" 1 times, 1200.00 USD: not_asked`,
		},
		{
			"the product asks within a day of it",
			"buys starter at 0; touches recordings at 1; touches recordings at 2; asks billing/recordings at 3",
			`locked recordings at "recordings.open" 2 times, 1200.00 USD: offered pro_for_talks`,
		},
		{
			"the product asks two days later: that is about something else",
			"buys starter at 0; touches recordings at 1; touches recordings at 2; asks billing/recordings at 50",
			`locked recordings at "recordings.open" 2 times, 1200.00 USD: not_yet`,
		},
		{
			"a touch while an offer for it is open",
			"buys starter at 0; event speaker.added at 1; event speaker.added at 2; asks speakers.add at 3; touches recordings at 4",
			"limit speakers at \"speakers.add\" 1 times, 1200.00 USD: offered pro_for_speakers\n" +
				`locked recordings at "speakers.add" 1 times, 1200.00 USD: offered pro_for_speakers`,
		},
		{
			"a touch by somebody else than who sees the offer",
			"buys starter at 0; event speaker.added at 1; event speaker.added at 2; asks speakers.add at 3; bob:touches recordings at 4",
			"limit speakers at \"speakers.add\" 1 times, 1200.00 USD: offered pro_for_speakers\n" +
				`locked recordings at "speakers.add" 1 times, 1200.00 USD: not_asked`,
		},
		{
			"where the product says it was",
			"buys starter at 0; touches recordings@talks.list at 1",
			`locked recordings at "talks.list" 1 times, 1200.00 USD: not_yet`,
		},
		{
			"a feature that an add-on gives for the least money, and offers for the plan above",
			"buys starter at 0; touches captions at 1",
			`locked captions at "speakers.add" 1 times, 228.00 USD: no_signal`,
		},
		{
			"the limit is reached by events, and again after a fall, the same day",
			"buys starter at 0; event speaker.added at 1; event speaker.added at 2; event speaker.removed at 3; event speaker.added at 4",
			`limit speakers at "speakers.add" 2 times, 1200.00 USD: not_asked`,
		},
		{
			"below the limit nothing is noted",
			"buys starter at 0; event speaker.added at 1",
			"",
		},
		{
			"a consumption that the limit refuses",
			"buys starter at 0; consumes exports at 1; consumes exports at 2",
			`limit exports at "speakers.add" 2 times, 1200.00 USD: no_signal`,
		},
		{
			"who has the feature misses nothing",
			"buys pro at 0; event speaker.added at 1; consumes exports at 2",
			"",
		},
		{
			"the offer is for others",
			"buys pro at 0; consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; " +
				"consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; " +
				"consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; consumes exports at 1; " +
				"consumes exports at 1; consumes exports at 1; consumes exports at 1",
			`limit exports at "speakers.add" 1 times, 4200.00 USD: no_signal`,
		},
	} {
		t.Run(c.given, func(t *testing.T) {
			d := newDesk(t, parse(t, momentsCatalog))
			d.does(c.does)
			if got := d.met(); got != c.then {
				t.Errorf("%s\ngot  %s\nwant %s", c.does, got, c.then)
			}
		})
	}
}

func TestAMomentOfAnEventThatCameTooLateIsNotNoted(t *testing.T) {
	d := newDesk(t, parse(t, momentsCatalog))
	d.does("buys starter at 0; touches recordings at 1")
	r := event.Record{Kind: event.KindGate, Source: "sdk", ID: "old", Key: "acme", User: "ann", Type: "captions",
		At: start + hour, ReceivedAt: start + 40*hour}
	for _, day := range d.state.Needs([]event.Record{r}).Days {
		d.state.LoadDay(day, nil)
	}
	engine.Step(d.state, &r, d.cat)
	if got := d.state.Harvest(d.cat).Effects.Moments; len(got) != 0 {
		t.Errorf("a day and more later: %+v", got)
	}
}

func TestAnAccountRemembersTheMomentsOfADayAndNoMore(t *testing.T) {
	var features strings.Builder
	for i := range 40 {
		fmt.Fprintf(&features, "  extra%d: {title: Extra, kind: boolean}\n", i)
	}
	d := newDesk(t, parse(t, strings.Replace(momentsCatalog, "features:\n", "features:\n"+features.String(), 1)))
	d.does("buys starter at 0")
	for i := range 40 {
		d.does(fmt.Sprintf("touches extra%d at 1", i))
	}
	if got := len(d.account().Moments); got != 32 || len(d.moments) != 40 {
		t.Errorf("%d in state and %d in lists, want 32 and 40", got, len(d.moments))
	}
	d.does("touches recordings at 60")
	if got := len(d.account().Moments); got != 1 {
		t.Errorf("%d in state after two days, want 1", got)
	}
}
