package offer

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// summits is the catalog of a company that runs virtual summits.
const summits = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  emails:   {event: email.sent, aggregate: sum, property: count}
  sponsors: {aggregate: level, add: sponsor.added, remove: sponsor.removed}
features:
  recordings: {title: Talk recordings, benefit: Sell every talk after the day, media: "https://example.com/r.mp4", kind: boolean}
  speakers:   {title: Speakers, benefit: Bring more voices, kind: metered, meter: speakers}
  emails:     {title: Emails, benefit: Reach every attendee, kind: metered, meter: emails}
  sponsors:   {title: Sponsor tiers, benefit: Earn from the stage, kind: metered, meter: sponsors}
plans:
  starter:  {title: Starter, family: core, price: {month: "49", year: "490"},
             entitlements: {speakers: 10, recordings: false, emails: {limit: 1000, per: month}}}
  pro:      {title: Pro, family: core, above: starter, price: {month: "149", year: "1490"}, trial: 14d,
             entitlements: {speakers: 50, recordings: true, emails: {limit: 20000, per: month}}}
  business: {title: Business, family: core, above: pro, price: {month: "499", year: "4990"},
             entitlements: {speakers: unlimited, recordings: true, emails: {limit: 100000, per: month}}}
addons:
  sponsors: {title: Sponsor tiers, price: {month: "79", year: "790"}, entitlements: {sponsors: 20}, needs: [pro, business]}
  room:     {title: Extra room, price: {month: "75", year: "750"}, entitlements: {speakers: 25}}
  library:  {title: Talk library, price: {month: "20"}, entitlements: {recordings: true}}
signals:
  speakers_nearly_full: {when: {limit: speakers, reaches: 80%}, type: upsell, state: testing}
  wants_recordings:     {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
  eighth_summit:        {when: {event: summit.published, nth: 8}, type: cross_sell}
  trial_ending:         {when: {trial_ends_in: 3d}, type: new_logo}
offers:
  pro_for_speakers:
    on: [speakers_nearly_full]
    give: {plan: pro}
    at: [speakers.add, billing.page]
    kind: contextual
    for: "account.traits.segment != 'enterprise'"
    contact: {cooldown: 14d, at_most: 3 per 90d}
    content: {title: "Room for {limit_next} {feature}", body: "You have used {usage} of {limit} ({percent}%), {remaining} left on {plan}. {plan_next} is {price}.", action: Upgrade}
  pro_for_recordings:
    on: [wants_recordings]
    give: {plan: pro}
    at: [recordings.page]
    kind: interruption
    contact: {cooldown: 30d, at_most: 1 per 30d}
    content: {title: "Keep every talk", body: "{plan_next} has {feature}.", action: Upgrade}
  recordings_badge:
    on: [wants_recordings]
    give: {plan: pro}
    at: [nav.badge]
    kind: ambient
    contact: {cooldown: 7d, at_most: 1 per 30d}
    content: {title: "New", body: "See {feature}", action: Look}
  sponsors_for_hosts:
    on: [eighth_summit]
    give: {addon: sponsors}
    at: [summit.done, billing.page]
    kind: contextual
    content: {title: "Earn from the stage", body: "{feature} for {price}", action: Add}
  more_room:
    on: [speakers_nearly_full]
    give: {addon: room}
    at: [billing.page, team.page]
    kind: contextual
    content: {title: "More room", body: "{limit_next} speakers", action: Add}
  keep_pro:
    on: [trial_ending]
    give: {plan: pro}
    at: [trial.banner]
    kind: contextual
    content: {title: "Keep Pro", body: "{price} each month", action: Buy}
  library:
    on: [wants_recordings]
    give: {addon: library}
    at: [library.page]
    kind: contextual
    content: {title: "Your library", body: "All talks", action: Add}
`

// parse reads a catalog whose text is known to be right.
func parse(t testing.TB, text string) *catalog.Catalog {
	t.Helper()
	c, findings := catalog.Parse("test.yaml", []byte(text))
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err, findings)
	}
	return c
}

// now is a Monday noon.
var now = clock.At(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))

func ids(parts ...string) string { return strings.Join(parts, "-") }

// liveSignals are one of each rule, all a day old.
func liveSignals() []signal.Signal {
	at := func(id, key string, score int, evidence string, data map[string]string) signal.Signal {
		return signal.Signal{ID: id, Key: key, At: now - aDay, DecaysAt: now + 29*aDay, Score: score, Evidence: evidence, Data: data}
	}
	return []signal.Signal{
		at("s-speakers", "speakers_nearly_full", 70, "Used 8 of 10 speakers", map[string]string{"feature": "speakers"}),
		at("s-recordings", "wants_recordings", 60, "Opened Talk recordings twice in 3 days, which Starter does not include", map[string]string{"feature": "recordings", "times": "2"}),
		at("s-eighth", "eighth_summit", 60, "Published an 8th summit", map[string]string{"event": "summit.published"}),
	}
}

// onStarter is an admin of an account on Starter at the button that adds a speaker.
func onStarter(cat *catalog.Catalog) Input {
	return Input{
		Catalog: cat, Account: "acme", Family: "acme", User: "ada", Role: Admin,
		Subscription: subscription.Subscription{Plan: "starter", Interval: subscription.Month, Quantity: 1, Currency: "USD",
			Anchor: now - 40*aDay, StartsAt: now - 40*aDay, ChangedAt: now - 40*aDay, PaidSince: now - 40*aDay,
			Status: subscription.Active, Recurring: 4900, Version: 1},
		Signals: liveSignals(),
		Features: map[string]Feature{
			"speakers": {Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10), Remaining: quantity.Of(2)},
			"emails":   {Allowed: true, Usage: quantity.Of(120), Limit: quantity.Of(1000), Remaining: quantity.Of(880)},
		},
		Vars: map[string]any{
			"account": map[string]any{"key": "acme", "plan": "starter", "status": "active", "traits": map[string]any{"segment": "studio"}},
			"user":    map[string]any{"role": "admin"}, "placement": "speakers.add",
		},
		Placement: "speakers.add", State: &State{}, Salt: "test", Now: now, ID: ids,
	}
}

func onPro(in *Input) {
	in.Subscription.Plan, in.Subscription.Recurring = "pro", 14900
	in.Features["speakers"] = Feature{Allowed: true, Usage: quantity.Of(42), Limit: quantity.Of(50), Remaining: quantity.Of(8)}
	in.Features["recordings"] = Feature{Allowed: true}
}

func withAddon(key string, n int64) func(*Input) {
	return func(in *Input) {
		in.Subscription.Addons = append(in.Subscription.Addons, subscription.AddonLine{Key: key, Quantity: n})
	}
}

func at(placement, feature string) func(*Input) {
	return func(in *Input) { in.Placement, in.Feature = placement, feature }
}

func asked(in *Input) { in.Requested, in.Signals = true, nil }

func TestWhatIsShownAndWhyNot(t *testing.T) {
	cat := parse(t, summits)
	shown := func(offer string, ago ...clock.Time) func(*Input) {
		return func(in *Input) {
			for _, a := range ago {
				c := in.State.contact(offer)
				c.Shown = append(c.Shown, now-a)
			}
		}
	}
	dismissed := func(offer string, ago clock.Time) func(*Input) {
		return func(in *Input) { in.State.contact(offer).Dismissed = now - ago }
	}
	for _, c := range []struct {
		name   string
		given  []func(*Input)
		offer  string // shown; empty: none
		reason string
	}{
		{"a limit is nearly reached, at the button that adds", nil, "pro_for_speakers", "signal"},
		{"the same, asked about that feature", []func(*Input){at("speakers.add", "speakers")}, "pro_for_speakers", "signal"},

		// Placement and relation.
		{"a mistyped placement", []func(*Input){at("speakers.ad", "")}, "", "unknown_placement"},
		{"a mistyped feature", []func(*Input){at("speakers.add", "speaker")}, "", "unknown_feature"},
		{"a moment about something the offer does not touch", []func(*Input){at("summit.done", "emails")}, "", "not_related"},
		{"a moment about something the offer gives, whatever its signal was about", []func(*Input){at("speakers.add", "recordings")}, "pro_for_speakers", "signal"},

		// Signals.
		{"nothing was noticed", []func(*Input){func(in *Input) { in.Signals = nil }}, "", "no_signal"},
		{"what was noticed has just decayed", []func(*Input){func(in *Input) { in.Now = now + 29*aDay }}, "", "no_signal"},
		{"what was noticed decays in a microsecond", []func(*Input){func(in *Input) { in.Now = now + 29*aDay - 1 }}, "pro_for_speakers", "signal"},
		{"the limit has been raised since", []func(*Input){func(in *Input) {
			in.Features["speakers"] = Feature{Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(20), Remaining: quantity.Of(12)}
		}}, "", "no_signal"},
		{"the lock has been opened since", []func(*Input){at("recordings.page", ""), func(in *Input) { in.Features["recordings"] = Feature{Allowed: true} }}, "", "no_signal"},
		{"a pricing page, nothing noticed but asked for", []func(*Input){asked}, "pro_for_speakers", "requested"},
		{"a rule that left the catalog", []func(*Input){func(in *Input) { in.Signals[0].Key = "gone" }}, "", "no_signal"},

		// What the account can take.
		{"on the plan already", []func(*Input){onPro}, "", "already_has"},
		{"on a plan above already", []func(*Input){asked, func(in *Input) { in.Subscription.Plan = "business" }}, "", "already_has"},
		{"an add-on whose needs are not met", []func(*Input){at("summit.done", "")}, "", "not_applicable"},
		{"an add-on whose needs are met", []func(*Input){onPro, at("summit.done", "")}, "sponsors_for_hosts", "signal"},
		{"an add-on of which more is more", []func(*Input){onPro, withAddon("sponsors", 1), at("summit.done", "")}, "sponsors_for_hosts", "signal"},
		{"an add-on that is there and adds nothing twice", []func(*Input){withAddon("library", 1), at("library.page", "")}, "", "already_has"},
		{"an add-on not sold for the account's interval", []func(*Input){at("library.page", ""), func(in *Input) { in.Subscription.Interval = subscription.Year }}, "", "not_applicable"},
		{"no subscription yet, a plan asked for", []func(*Input){asked, func(in *Input) { in.Subscription = subscription.Subscription{} }}, "pro_for_speakers", "requested"},
		{"no subscription yet, an add-on asked for", []func(*Input){asked, at("summit.done", ""), func(in *Input) { in.Subscription = subscription.Subscription{} }}, "", "not_applicable"},
		{"a trial of the plan is about to end", []func(*Input){onPro, at("trial.banner", ""), func(in *Input) {
			in.Subscription.Status, in.Subscription.TrialEndsAt, in.Subscription.Trialed = subscription.Trialing, now+2*aDay, []string{"pro"}
			in.Signals = append(in.Signals, signal.Signal{ID: "s-trial", Key: "trial_ending", At: now, DecaysAt: now + 30*aDay, Score: 80, Evidence: "Trial of Pro ends in 2 days"})
		}}, "keep_pro", "signal"},
		{"the trial was bought meanwhile", []func(*Input){onPro, at("trial.banner", ""), func(in *Input) {
			in.Signals = append(in.Signals, signal.Signal{ID: "s-trial", Key: "trial_ending", At: now, DecaysAt: now + 30*aDay, Score: 80, Evidence: "Trial of Pro ends in 2 days"})
		}}, "", "no_signal"},

		// People.
		{"a success manager works on what was noticed", []func(*Input){func(in *Input) {
			in.People = []WithPeople{{Owner: "success_manager", Signals: []string{"s-speakers"}, Give: catalog.Give{Plan: "business"}}}
		}}, "", "routed_to_people"},
		{"a success manager works on the same plan for another reason", []func(*Input){func(in *Input) {
			in.People = []WithPeople{{Owner: "success_manager", Signals: []string{"s-eighth"}, Give: catalog.Give{Plan: "pro"}}}
		}}, "", "routed_to_people"},
		{"a success manager works on something else", []func(*Input){func(in *Input) {
			in.People = []WithPeople{{Owner: "success_manager", Signals: []string{"s-eighth"}, Give: catalog.Give{Addon: "sponsors", Quantity: 1}}}
		}}, "pro_for_speakers", "signal"},

		// Condition.
		{"an account the offer is not for", []func(*Input){func(in *Input) {
			in.Vars["account"].(map[string]any)["traits"] = map[string]any{"segment": "enterprise"}
		}}, "", "not_for_account"},
		{"an account without the trait the condition asks for", []func(*Input){func(in *Input) {
			in.Vars["account"].(map[string]any)["traits"] = map[string]any{}
		}}, "pro_for_speakers", "signal"},

		// Contact.
		{"dismissed a moment less than the cool-down ago", []func(*Input){dismissed("pro_for_speakers", 14*aDay-1)}, "", "cooldown"},
		{"dismissed a cool-down ago", []func(*Input){dismissed("pro_for_speakers", 14*aDay)}, "pro_for_speakers", "signal"},
		{"another offer was dismissed", []func(*Input){dismissed("more_room", aDay)}, "pro_for_speakers", "signal"},
		{"shown as often as it may", []func(*Input){shown("pro_for_speakers", 89*aDay, 50*aDay, 2*aDay)}, "", "at_most"},
		{"shown as often as it may, the first time a window ago", []func(*Input){shown("pro_for_speakers", 90*aDay, 50*aDay, 2*aDay)}, "pro_for_speakers", "signal"},
		{"an ambient offer, however often it was there", []func(*Input){at("nav.badge", ""), shown("recordings_badge", 3*aDay, 2*aDay, aDay)}, "recordings_badge", "signal"},
		{"an ambient offer that was dismissed", []func(*Input){at("nav.badge", ""), dismissed("recordings_badge", aDay)}, "", "cooldown"},
		{"asked for in the cool-down: that is no contact", []func(*Input){asked, dismissed("pro_for_speakers", aDay)}, "pro_for_speakers", "requested"},
		{"asked for although shown as often as it may", []func(*Input){asked, shown("pro_for_speakers", 3*aDay, 2*aDay, aDay)}, "pro_for_speakers", "requested"},
		{"a member whose request for it was declined", []func(*Input){declined(Member, aDay)}, "", "request_declined"},
		{"a member whose request for it was declined a cool-off ago", []func(*Input){declined(Member, 14*aDay)}, "pro_for_speakers", "signal"},
		{"an admin who was declined as a member", []func(*Input){declined(Admin, aDay)}, "pro_for_speakers", "signal"},

		// Choice.
		{"the billing page: the plan is worth more than the room", []func(*Input){at("billing.page", "")}, "pro_for_speakers", "signal"},
		{"the billing page on Pro: near-equal value, new scope before more of the same", []func(*Input){onPro, at("billing.page", "")}, "sponsors_for_hosts", "signal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := onStarter(cat)
			for _, change := range c.given {
				change(&in)
			}
			d := Decide(in)
			got := ""
			if d.Offer != nil {
				got = d.Offer.Key
			}
			if got != c.offer || d.Reason != c.reason || (d.Status == "show") != (c.offer != "") {
				t.Errorf("%s %q because %s, want %q because %s\nconsidered %+v", d.Status, got, d.Reason, c.offer, c.reason, d.Considered)
			}
			if (d.ID != "") != (d.Status == "show") {
				t.Errorf("id %q of a decision with status %s", d.ID, d.Status)
			}
			chosen := 0
			for _, o := range d.Considered {
				if o.Reason == "" || o.Code == "" || len(o.Problems) > 0 {
					t.Errorf("%+v is not explained, or has problems", o)
				}
				if o.Chosen {
					chosen++
				}
			}
			if want := min(len(c.offer), 1); chosen != want {
				t.Errorf("%d offers marked as chosen, want %d", chosen, want)
			}
		})
	}
}

func TestAnOfferSpeaksFromTheAccountsOwnUsage(t *testing.T) {
	cat := parse(t, summits)
	in := onStarter(cat)
	in.Features["speakers"] = Feature{Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10), Remaining: quantity.Of(2), Gained: quantity.Of(6), GainedDays: 30}
	want := &Shown{
		Key: "pro_for_speakers", Kind: catalog.Contextual, Type: "plan_upgrade", Title: "Room for 50 Speakers",
		Body:  "You have used 8 of 10 (80%), 2 left on Starter. Pro is 149.00 USD.",
		CTA:   CTA{Action: "buy", Label: "Upgrade"},
		Price: &Price{Recurring: money.Of(14900, "USD"), Difference: money.Of(10000, "USD"), Interval: "month"},
		Give:  catalog.Give{Plan: "pro"}, Case: "You added 6 speakers in 30 days; Pro has room for 50",
		Assumptions: []string{
			"At the pace of the last 30 days, the room for 50 speakers lasts about 210 days",
			"The price is for the whole subscription, each month, before tax",
		},
		Expected: &Expected{Chance: 10, Year: money.Of(120000, "USD"), Value: money.Of(12000, "USD")},
	}
	if got := Decide(in).Offer; !reflect.DeepEqual(got, want) {
		t.Errorf("for an admin\n got %+v\nwant %+v", got, want)
	}

	in.Role = Member
	want.Price, want.CTA = nil, CTA{Action: "request", Label: "Ask an admin"}
	want.Body = "You have used 8 of 10 (80%), 2 left on Starter."
	want.Assumptions = want.Assumptions[:1]
	if got := Decide(in).Offer; !reflect.DeepEqual(got, want) {
		t.Errorf("for a member, who cannot buy and sees no price\n got %+v\nwant %+v", got, want)
	}
}

func TestTheCaseFitsWhatWasNoticed(t *testing.T) {
	cat := parse(t, summits)
	for _, c := range []struct {
		name  string
		given []func(*Input)
		want  string
	}{
		{"a limit, growth not known", nil, "You use 8 of 10 speakers; Pro has room for 50"},
		{"a lock", []func(*Input){at("recordings.page", "")}, "You opened Talk recordings twice; Pro includes Talk recordings"},
		{"a milestone", []func(*Input){onPro, at("summit.done", "")}, "You published an 8th summit; Sponsor tiers: Earn from the stage"},
		{"a trial", []func(*Input){onPro, at("trial.banner", ""), func(in *Input) {
			in.Subscription.Status, in.Subscription.TrialEndsAt, in.Subscription.Trialed = subscription.Trialing, now+2*aDay, []string{"pro"}
			in.Signals = append(in.Signals, signal.Signal{ID: "s-trial", Key: "trial_ending", At: now, DecaysAt: now + 30*aDay, Score: 80, Evidence: "Trial of Pro ends in 2 days"})
		}}, "Your trial ends in 2 days; Pro keeps everything as it is now"},
		{"nothing noticed, nothing bought yet", []func(*Input){asked, func(in *Input) {
			in.Subscription, in.Features = subscription.Subscription{}, nil
		}}, "Pro: Bring more voices"},
		{"asked for with an add-on on top of a limit", []func(*Input){asked, at("team.page", "")}, "You use 8 of 10 speakers; with Extra room there is room for 35"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := onStarter(cat)
			for _, change := range c.given {
				change(&in)
			}
			d := Decide(in)
			if d.Offer == nil || d.Offer.Case != c.want {
				t.Errorf("offer %+v, want the case %q", d.Offer, c.want)
			}
		})
	}
}

func TestAPlaceholderNothingFillsTakesItsSentenceAndIsReported(t *testing.T) {
	cat := parse(t, summits)
	for _, o := range cat.OffersAt("team.page") {
		o.Content.Title, o.Content.Body = "Room {for} {limit_nex}all", "{not a name} {} { {limit_next"
	}
	in := onStarter(cat)
	in.Placement = "team.page"
	d := Decide(in)
	if d.Offer.Title != "Extra room" || d.Offer.Body != "{not a name} {} { {limit_next" {
		t.Errorf("title %q, body %q", d.Offer.Title, d.Offer.Body)
	}
	if p := d.Considered[0].Problems; len(p) != 3 || !strings.HasPrefix(p[0], "a text cannot be read: line 1, column 6") ||
		!strings.HasPrefix(p[1], "nothing fills {for}; use one of {usage}, {limit}") {
		t.Errorf("problems %q", p)
	}
}

func TestAcceptingChangesTheSubscriptionByWhatWasGiven(t *testing.T) {
	live := subscription.Subscription{Status: subscription.Active, Plan: "pro", Addons: []subscription.AddonLine{{Key: "room", Quantity: 2}, {Key: "sponsors", Quantity: 1}}}
	ended := live
	ended.Status = subscription.Ended
	for _, c := range []struct {
		name string
		give catalog.Give
		sub  subscription.Subscription
		want string
	}{
		{"a plan leaves the add-ons alone", catalog.Give{Plan: "business"}, live, "business []"},
		{"more of an add-on", catalog.Give{Addon: "room", Quantity: 3}, live, " [{room 5} {sponsors 1}]"},
		{"a quantity not said is one", catalog.Give{Addon: "room"}, live, " [{room 3} {sponsors 1}]"},
		{"an add-on not there yet", catalog.Give{Addon: "library", Quantity: 1}, live, " [{room 2} {sponsors 1} {library 1}]"},
		{"what an ended subscription had does not come back", catalog.Give{Addon: "room", Quantity: 1}, ended, " [{room 1}]"},
	} {
		ch := Change(c.give, &c.sub, &catalog.Catalog{})
		var lines []subscription.AddonLine
		if ch.Addons != nil {
			lines = *ch.Addons
		}
		if got := fmt.Sprint(ch.Plan, " ", lines); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if live.Addons[0].Quantity != 2 {
		t.Error("the subscription itself was changed")
	}
}

func TestAYearsWorthIsExactWhateverTheInterval(t *testing.T) {
	cat := parse(t, summits)
	for _, c := range []struct {
		name     string
		interval subscription.Interval
		paid     money.Minor
		year     money.Minor
	}{
		{"by the month", subscription.Month, 4900, 12 * 10000},
		{"by the year", subscription.Year, 49000, 100000},
	} {
		in := onStarter(cat)
		in.Subscription.Interval, in.Subscription.Recurring = c.interval, c.paid
		w, o := WorthOf(catalog.Give{Plan: "pro"}, &in.Subscription, in.Features, subscription.Terms{Catalog: cat, Now: now})
		if o != nil || w.Year != c.year || w.Scope != NewScope {
			t.Errorf("%s: worth %+v, obstacle %+v, want %d a year", c.name, w, o, c.year)
		}
	}
}

func TestTheCheckOfACatalogKnowsTheSamePlaceholders(t *testing.T) {
	body := "{" + strings.Join(placeholders, "} {") + "}"
	for text, want := range map[string]int{body: 0, body + " {limit_nex}": 1} {
		_, findings := catalog.Parse("test.yaml", []byte(strings.Replace(summits, "See {feature}", text, 1)))
		doubts := 0
		for _, f := range findings {
			if f.Code == "unknown_placeholder" {
				doubts++
			}
		}
		if doubts != want {
			t.Errorf("%q: the catalog doubts %d placeholders, want %d", text, doubts, want)
		}
	}
}
