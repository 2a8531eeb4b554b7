package opportunity

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// summits is the catalog of a company that runs virtual summits and sells from 1,000 a year
// in person.
const summits = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  recordings: {title: Talk recordings, benefit: Sell every talk, kind: boolean}
  speakers:   {title: Speakers, benefit: Bring more voices, kind: metered, meter: speakers}
plans:
  starter:  {title: Starter, family: core, price: {month: "49", year: "490"}, entitlements: {speakers: 10, recordings: false}}
  pro:      {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, entitlements: {speakers: 50, recordings: true}}
  business: {title: Business, family: core, above: pro, price: {month: "548"}, entitlements: {speakers: unlimited, recordings: true}}
addons:
  room: {title: Extra room, price: {month: "75"}, entitlements: {speakers: 25}}
signals:
  speakers_nearly_full: {when: {limit: speakers, reaches: 80%}, type: upsell}
  wants_recordings:     {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
  eighth_summit:        {when: {event: summit.published, nth: 8}, type: cross_sell}
offers:
  business_for_speakers:
    {on: [speakers_nearly_full], give: {plan: business}, at: [speakers.add], kind: contextual,
     for: "account.traits.segment != 'hobby'", content: {title: More, body: More, action: Go}}
  pro_for_speakers:
    {on: [speakers_nearly_full], give: {plan: pro}, at: [speakers.add], kind: contextual, content: {title: More, body: More, action: Go}}
  business_for_recordings:
    {on: [wants_recordings], give: {plan: business}, at: [speakers.add], kind: contextual, content: {title: More, body: More, action: Go}}
routing:
  - {when: "amount >= 50000", to: named_accounts, motion: sales, involve: [head_of_product]}
  - {when: "amount >= 20000 && account.traits.region == 'EU'", to: partner_berlin, motion: partner}
  - {when: "amount >= 4000", to: success_manager, motion: success, play: call}
  - {to: self_service}
`

var now = clock.At(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))

func parse(t testing.TB, text string) *catalog.Catalog {
	t.Helper()
	c, findings := catalog.Parse("test.yaml", []byte(text))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err, findings)
	}
	return c
}

func ids(parts ...string) string { return strings.Join(parts, "-") }

// onStarter is an account on Starter, with 8 of 10 speakers.
func onStarter(cat *catalog.Catalog) OpenInput {
	return OpenInput{
		Catalog: cat,
		Signal: signal.Signal{ID: "s1", Key: "speakers_nearly_full", Type: catalog.Upsell, Account: "acme", At: now,
			DecaysAt: now + 30*clock.Day, Evidence: "Used 8 of 10 speakers"},
		Subscription: subscription.Subscription{Plan: "starter", Interval: subscription.Month, Quantity: 1, Currency: "USD",
			Anchor: now - 40*clock.Day, StartsAt: now - 40*clock.Day, ChangedAt: now - 40*clock.Day, PaidSince: now - 40*clock.Day,
			Status: subscription.Active, Recurring: 4900, Version: 1},
		Features: map[string]offer.Feature{"speakers": {Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10), Remaining: quantity.Of(2)}},
		Vars:     map[string]any{"account": map[string]any{"key": "acme", "traits": map[string]any{"region": "EU"}}},
		Number:   1, Now: now, ID: ids,
	}
}

func TestWhereASignalGoes(t *testing.T) {
	cat := parse(t, summits)
	seats := func(n int64) func(*OpenInput) {
		return func(in *OpenInput) { in.Subscription.Quantity, in.Subscription.Recurring = n, money.Minor(4900*n) }
	}
	trait := func(key, value string) func(*OpenInput) {
		return func(in *OpenInput) {
			in.Vars["account"].(map[string]any)["traits"] = map[string]any{key: value}
		}
	}
	for _, c := range []struct {
		name   string
		given  []func(*OpenInput)
		to     string // owner and motion; empty: left to offers
		reason string
	}{
		{"worth enough for a success manager", nil, "success_manager by success",
			"Worth 5,988.00 USD a year, and the catalog sends amounts of at least 4,000 to success_manager"},
		{"worth more, in the region of a partner", []func(*OpenInput){seats(4)}, "partner_berlin by partner",
			`Worth 23,952.00 USD a year, and the catalog sends what fits "amount >= 20000 && account.traits.region == 'EU'" to partner_berlin`},
		{"worth as much elsewhere", []func(*OpenInput){seats(4), trait("region", "US")}, "success_manager by success",
			"Worth 23,952.00 USD a year, and the catalog sends amounts of at least 4,000 to success_manager"},
		{"worth as much, region not known", []func(*OpenInput){seats(4), trait("segment", "studio")}, "success_manager by success",
			"Worth 23,952.00 USD a year, and the catalog sends amounts of at least 4,000 to success_manager"},
		{"worth most", []func(*OpenInput){seats(10)}, "named_accounts by sales",
			"Worth 59,880.00 USD a year, and the catalog sends amounts of at least 50,000 to named_accounts"},
		{"the bigger offer is not for this account", []func(*OpenInput){trait("segment", "hobby")}, "",
			"Worth 1,200.00 USD a year, and the catalog sends everything else to self_service"},
		{"the bigger plan is not sold by the year, the smaller one is", []func(*OpenInput){func(in *OpenInput) {
			in.Subscription.Interval, in.Subscription.Recurring = subscription.Year, 49000
		}}, "", "Worth 1,000.00 USD a year, and the catalog sends everything else to self_service"},
		{"on the highest plan already", []func(*OpenInput){func(in *OpenInput) { in.Subscription.Plan = "business" }}, "",
			"None of the offers on this signal fits: business_for_speakers: the account is on Business already; pro_for_speakers: the account is on a plan above Pro"},
		{"no offer answers the signal", []func(*OpenInput){func(in *OpenInput) { in.Signal.Key = "eighth_summit" }}, "", "No offer answers this signal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := onStarter(cat)
			for _, change := range c.given {
				change(&in)
			}
			r := Route(in)
			got := ""
			if op := r.Opportunity; op != nil {
				got = op.Owner + " by " + op.Motion
			}
			if got != c.to || r.Reason != c.reason || r.Joined {
				t.Errorf("went to %q: %s\nwant %q: %s", got, r.Reason, c.to, c.reason)
			}
		})
	}
}

func TestAnOpportunitySaysAllThatItsOwnerNeeds(t *testing.T) {
	got := Route(onStarter(parse(t, summits))).Opportunity
	want := &Opportunity{
		ID: "opportunity-1", Account: "acme", Type: catalog.Upsell, Motion: "success", Owner: "success_manager", Play: "call",
		Stage: Open, Amount: money.Of(598800, "USD"), Signal: "s1", Signals: []string{"s1"}, Give: catalog.Give{Plan: "business"},
		Reason:   "Worth 5,988.00 USD a year, and the catalog sends amounts of at least 4,000 to success_manager",
		Evidence: "Used 8 of 10 speakers", Version: 1, OpenedAt: now, EditedAt: now,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("opportunity\n got %+v\nwant %+v", got, want)
	}
}

func TestASecondSignalForTheSameThingJoinsTheOpenOpportunity(t *testing.T) {
	cat := parse(t, summits)
	in := onStarter(cat)
	first := *Route(in).Opportunity
	in.Existing, in.Number, in.Now = []Opportunity{first}, 2, now+clock.Day
	in.Signal.ID, in.Signal.Key, in.Signal.Evidence = "s2", "wants_recordings", "Opened Talk recordings twice in 3 days"
	r := Route(in)
	if !r.Joined || r.Opportunity.ID != first.ID || r.Opportunity.Version != 2 || r.Opportunity.EditedAt != in.Now {
		t.Fatalf("second signal: %+v", r)
	}
	if op := r.Opportunity; op.Evidence != "Used 8 of 10 speakers; Opened Talk recordings twice in 3 days" || !reflect.DeepEqual(op.Signals, []string{"s1", "s2"}) {
		t.Errorf("evidence %q of %v", op.Evidence, op.Signals)
	}
	if len(first.Signals) != 1 {
		t.Error("the opportunity itself was changed")
	}
	in.Existing[0].Stage = Lost
	if r := Route(in); r.Joined || r.Opportunity.ID != "opportunity-2" {
		t.Errorf("after it was lost: %+v, want a new one", r)
	}
	op := first
	for range 500 {
		in.Existing = []Opportunity{op}
		in.Signal.ID += "x"
		in.Signal.Evidence = in.Signal.ID
		op = *Route(in).Opportunity
	}
	if len(op.Signals) != maxSignals || op.Signals[0] != "s1" || len(op.Evidence) > maxEvidence {
		t.Errorf("after 500 signals: %d kept, %d bytes of evidence", len(op.Signals), len(op.Evidence))
	}
}

func TestOffersAreToldOfOpenOpportunitiesOnly(t *testing.T) {
	give := catalog.Give{Plan: "pro"}
	got := WithPeople([]Opportunity{
		{Owner: "a", Stage: Open, Signals: []string{"s1"}, Give: give}, {Owner: "b", Stage: Won, Give: give},
		{Owner: "c", Stage: InProgress, Give: give}, {Owner: "d", Stage: Lost, Give: give},
	})
	want := []offer.WithPeople{{Owner: "a", Signals: []string{"s1"}, Give: give}, {Owner: "c", Give: give}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("told of %+v, want %+v", got, want)
	}
}

// anEdit reads an edit as it crosses the API.
func anEdit(t testing.TB, text string) Edit {
	t.Helper()
	var e Edit
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func faultOf(t testing.TB, err error) *fault.Error {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("%v is no fault", err)
	}
	return f
}

func TestWhatPeopleMayEdit(t *testing.T) {
	for _, c := range []struct {
		name string
		from Stage
		edit string
		want string // stage after it, with "won" when just won; or code of the fault and its first wrong field
	}{
		{"work begins", Open, `{"stage":"in_progress"}`, "in_progress"},
		{"work stops", InProgress, `{"stage":"open"}`, "open"},
		{"won", InProgress, `{"stage":"won"}`, "won now"},
		{"won without work", Open, `{"stage":"won"}`, "won now"},
		{"lost with a reason", InProgress, `{"stage":"lost","lost_reason":"no budget"}`, "lost"},
		{"lost without a reason", InProgress, `{"stage":"lost"}`, "opportunity_invalid /lost_reason"},
		{"lost with a blank reason", InProgress, `{"stage":"lost","lost_reason":"  "}`, "opportunity_invalid /lost_reason"},
		{"a reason without being lost", Open, `{"lost_reason":"no budget"}`, "opportunity_invalid /lost_reason"},
		{"a better reason", Lost, `{"lost_reason":"went to a competitor"}`, "lost"},
		{"reopened", Lost, `{"stage":"open"}`, "open"},
		{"reopened as in progress", Lost, `{"stage":"in_progress"}`, "in_progress"},
		{"won straight from lost", Lost, `{"stage":"won"}`, "opportunity_closed"},
		{"lost after it was won", Won, `{"stage":"lost","lost_reason":"oops"}`, "opportunity_closed"},
		{"reopened after it was won", Won, `{"stage":"open"}`, "opportunity_closed"},
		{"won again: nothing happens twice", Won, `{"stage":"won"}`, "won"},
		{"another amount after it was won", Won, `{"amount":{"amount":"1.00","currency":"USD"}}`, "opportunity_closed"},
		{"a note after it was won", Won, `{"note":"thanks"}`, "won"},
		{"a stage we do not know", Open, `{"stage":"closed"}`, "opportunity_invalid /stage"},
		{"a new owner", Open, `{"owner":"rosa"}`, "open"},
		{"nobody as owner", Open, `{"owner":""}`, "opportunity_invalid /owner"},
		{"an owner with a line break", Open, `{"owner":"a\nb"}`, "opportunity_invalid /owner"},
		{"another amount", Open, `{"amount":{"amount":"4200.00","currency":"USD"}}`, "open"},
		{"a negative amount", Open, `{"amount":{"amount":"-1.00","currency":"USD"}}`, "opportunity_invalid /amount/amount"},
		{"another currency", Open, `{"amount":{"amount":"1.00","currency":"EUR"}}`, "opportunity_invalid /amount/currency"},
		{"nothing at all", Open, `{}`, "open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			op := Opportunity{ID: "op1", Owner: "sam", Stage: c.from, Amount: money.Of(598800, "USD"), Give: catalog.Give{Plan: "pro"}, Version: 3, EditedAt: now - 1}
			switch c.from {
			case Lost:
				op.LostWhy, op.ClosedAt = "no budget", now-1
			case Won:
				op.ClosedAt = now - 1
			}
			got, won, err := Apply(op, anEdit(t, c.edit), now)
			said := string(got.Stage)
			if won {
				said += " now"
			}
			if err != nil {
				said = fault.CodeOf(err)
				f := faultOf(t, err)
				if len(f.Fields) > 0 {
					said += " " + f.Fields[0].Path
				}
				if f.Mend == "" || !reflect.DeepEqual(got, op) {
					t.Errorf("refused without a mend, or changed: %v", err)
				}
			}
			if said != c.want {
				t.Errorf("%s, want %s", said, c.want)
			}
			if (got.ClosedAt != 0) == got.Open() || (got.LostWhy != "") != (got.Stage == Lost) {
				t.Errorf("%s, closed at %s, lost because %q", got.Stage, got.ClosedAt, got.LostWhy)
			}
			again, wonAgain, err := Apply(got, anEdit(t, c.edit), now+1)
			if err == nil && (wonAgain || !reflect.DeepEqual(again, got)) {
				t.Errorf("the same edit again changed %+v to %+v", got, again)
			}
		})
	}
}

func TestEveryWrongValueOfAnEditIsNamedWithItsMend(t *testing.T) {
	_, _, err := Apply(Opportunity{ID: "op1", Stage: Open, Amount: money.Of(0, "USD")},
		anEdit(t, `{"stage":"closed","owner":"","amount":{"amount":"1","currency":"EUR"},"lost_reason":"x"}`), now)
	var paths []string
	for _, f := range faultOf(t, err).Fields {
		paths = append(paths, f.Path)
	}
	if want := []string{"/stage", "/owner", "/amount/currency", "/lost_reason"}; !reflect.DeepEqual(paths, want) {
		t.Errorf("named %q, want %q", paths, want)
	}
	_, _, err = Apply(Opportunity{ID: "op1", Stage: Open}, anEdit(t, `{"stage":"closed"}`), now)
	if want := `the edit of opportunity op1 cannot be made: stage "closed" (stage: want open, in_progress, won or lost)`; err.Error() != want {
		t.Errorf("says %q, want %q", err, want)
	}
}

func TestALostOpportunityIsNotReopenedBesideAnOpenOneForTheSameThing(t *testing.T) {
	lost := Opportunity{ID: "op1", Stage: Lost, LostWhy: "no budget", Give: catalog.Give{Plan: "pro"}}
	for _, c := range []struct {
		name  string
		other Opportunity
		want  string
	}{
		{"an open one for the same plan", Opportunity{ID: "op2", Stage: Open, Give: catalog.Give{Plan: "pro"}}, "opportunity_twin"},
		{"an open one for another plan", Opportunity{ID: "op2", Stage: Open, Give: catalog.Give{Plan: "business"}}, "reopened"},
		{"a closed one for the same plan", Opportunity{ID: "op2", Stage: Won, Give: catalog.Give{Plan: "pro"}}, "reopened"},
		{"itself among the others", lost, "reopened"},
	} {
		got := "reopened"
		if _, _, err := Apply(lost, anEdit(t, `{"stage":"open"}`), now, c.other); err != nil {
			got = fault.CodeOf(err)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestThereIsOneOpenOpportunityPerThingAndEachIsWonOnce(t *testing.T) {
	cat := parse(t, summits)
	rapid.Check(t, func(t *rapid.T) {
		in := onStarter(cat)
		var ops []Opportunity
		wins := map[string]int{}
		opened := int64(0)
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			in.Now += clock.Hour
			if len(ops) == 0 || rapid.Bool().Draw(t, "fire or edit") {
				in.Signal.ID = "s" + strings.Repeat("i", i)
				in.Signal.Key = rapid.SampledFrom([]string{"speakers_nearly_full", "wants_recordings", "eighth_summit"}).Draw(t, "rule")
				in.Subscription.Quantity = rapid.Int64Range(1, 20).Draw(t, "quantity")
				in.Existing, in.Number = ops, opened+1
				r := Route(in)
				for j := range ops {
					if r.Joined && ops[j].ID == r.Opportunity.ID {
						ops[j] = *r.Opportunity
					}
				}
				if r.Opportunity != nil && !r.Joined {
					opened++
					ops = append(ops, *r.Opportunity)
				}
			} else {
				j := rapid.IntRange(0, len(ops)-1).Draw(t, "which")
				to := rapid.SampledFrom([]Stage{Open, InProgress, Won, Lost}).Draw(t, "stage")
				e := Edit{Stage: &to}
				if why := "no budget"; to == Lost {
					e.LostReason = &why
				}
				op, won, err := Apply(ops[j], e, in.Now, ops...)
				if won {
					wins[op.ID]++
				}
				if err == nil {
					ops[j] = op
				}
			}
			open := map[catalog.Give]string{}
			for _, op := range ops {
				if wins[op.ID] > 1 || (wins[op.ID] == 1) != (op.Stage == Won) {
					t.Fatalf("%s is %s and was won %d times", op.ID, op.Stage, wins[op.ID])
				}
				if !op.Open() {
					continue
				}
				if twin := open[op.Give]; twin != "" {
					t.Fatalf("%s and %s are open for %v", twin, op.ID, op.Give)
				}
				open[op.Give] = op.ID
			}
		}
	})
}
