package offer

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// letters is a catalog whose higher plan gives several things: captions come first by key.
const letters = `
version: 1
currency: USD
meters: {captions: {event: c}, letters: {event: l}, members: {aggregate: level, add: a, remove: r}}
features:
  captions: {title: Caption minutes, meter: captions}
  letters: {title: Letters, meter: letters}
  members: {title: Members, kind: seats, meter: members}
  sso: {title: Single sign-on}
plans:
  team: {title: Team, price: {month: "20", year: "200"}, entitlements: {letters: {limit: 10, per: month}, members: 2}}
  firm: {title: Firm, above: team, price: {month: "90", year: "900"}, trial: 14d,
         entitlements: {captions: {limit: 300, per: month}, letters: {limit: 500, per: month}, members: 9, sso: true}}
addons: {room: {title: Extra room, price: {month: "5", year: "50"}, entitlements: {letters: {limit: 10, per: month}}}}
profiles: {writer: {title: Writer}}
referrals: {friends: {title: Bring a friend}}
signals:
  few: {when: {limit: letters, reaches: 80%}, type: upsell}
  wish: {when: {gate: sso}, type: upsell}
  ten: {when: {event: letter.sent, nth: 10}, type: upsell}
offers: {x: {on: [few], give: {plan: firm}, at: [here]}}
`

func onTeam(t *testing.T) Input {
	t.Helper()
	in := onStarter(parse(t, letters))
	in.Subscription.Plan, in.Subscription.Recurring = "team", 2000
	in.Features = map[string]Feature{
		"letters": {Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10), Remaining: quantity.Of(2)},
		"members": {Allowed: true, Usage: quantity.Of(2), Limit: quantity.Of(2)},
	}
	in.Signals, in.Placement, in.Requested = nil, "here", true
	return in
}

const (
	lettersLeft = "{remaining, plural, =0 {No letter is left} one {One letter is left} other {# letters are left}}"
	briefeFrei  = "{remaining, plural, =0 {Kein Brief ist übrig} one {Ein Brief ist übrig} other {# Briefe sind übrig}}"
)

// TestAnOfferNeverSaysWhatIsNotSo: figures are of what the words are about, and a sentence that
// lacks one is not said.
func TestAnOfferNeverSaysWhatIsNotSo(t *testing.T) {
	for _, c := range []struct {
		name        string
		on          []string
		title, body string
		given       func(*Input)
		says, adds  string // title and body then
	}{
		{"the moment is about what is not counted", []string{"few"}, lettersLeft, "", at("here", "sso"), "2 letters are left", ""},
		{"the moment is about what the plan gives first", []string{"few"}, lettersLeft, "", at("here", "captions"), "2 letters are left", ""},
		{"the moment is about what the offer is about", []string{"ten", "few"}, lettersLeft, "", at("here", "letters"), "2 letters are left", ""},
		{"a text that fits any feature is about the moment's", []string{"few"}, "More {feature}", "{feature}: {limit_next}", at("here", "members"), "More Members", "Members: 9"},
		{"a text without figures is about the moment's", []string{"few"}, "Firm has {feature}", "", at("here", "sso"), "Firm has Single sign-on", ""},
		{"nothing noticed: of the feature of its own signals", []string{"wish", "few"}, "Room for {limit_next} letters", "You have {usage} of {limit} letters.", asks, "Room for 500 letters", "You have 8 of 10 letters."},
		{"nothing noticed, nothing counted", []string{"wish"}, "Firm has {feature}", "", asks, "Firm has Single sign-on", ""},
		{"no signal is about anything: of the moment's", []string{"ten"}, "Room for {limit_next}", "", at("here", "members"), "Room for 9", ""},
		{"no signal is about anything, nor the moment", []string{"ten"}, "Room for {limit_next}", "", asks, "Room for 300", ""},
		{"the account has none of it", []string{"ten"}, "You have {usage} of {limit}", "{percent} are used. Take {plan_next}.", at("here", "captions"), "Firm", "Take Firm."},
		{"a title that only a buyer reads", nil, "Only {price} a month", "Firm for {price}.", member, "Firm", ""},
		{"a title of two sentences", nil, "Grow! Only {price} a month", "Nine members. All for {price}.", member, "Grow!", "Nine members."},
		{"what the title says to a buyer", nil, "Only {price} a month", "Firm for {price}.", asks, "Only 90.00 USD a month", "Firm for 90.00 USD."},
		{"no limit", nil, lettersLeft, "", func(in *Input) {
			in.Features["letters"] = Feature{Allowed: true, Unlimited: true}
			in.Feature = "letters"
		}, "unlimited letters are left", ""},
	} {
		for _, language := range []string{"", "de"} {
			t.Run(strings.TrimSpace(c.name+" "+language), func(t *testing.T) {
				in, says := onTeam(t), c.says
				o := in.Catalog.Offers["x"]
				o.On, o.Content = c.on, catalog.Content{Title: c.title, Body: c.body}
				if in.Language = language; language == "de" && c.title == lettersLeft {
					o.Content.Translations = map[string]catalog.Content{"de": {Title: briefeFrei}}
					says = strings.NewReplacer("letters are left", "Briefe sind übrig", "unlimited", "unbegrenzt").Replace(says)
				}
				c.given(&in)
				d := Decide(in)
				if d.Offer == nil {
					t.Fatalf("nothing is shown: %+v", d.Considered)
				}
				if d.Offer.Title != says || d.Offer.Body != c.adds {
					t.Errorf("%q, %q, want %q, %q", d.Offer.Title, d.Offer.Body, says, c.adds)
				}
			})
		}
	}
}

// TestAnOfferWithoutWordsHasTheTitleAndTheButtonOfItsShape in the person's language.
func TestAnOfferWithoutWordsHasTheTitleAndTheButtonOfItsShape(t *testing.T) {
	for _, c := range []struct {
		give            string
		save            bool
		english         string // title | button
		german          string
		member, because string // what a member's button says, and the case
	}{
		{"{plan: firm}", false, "Firm | Upgrade", "Firm | Jetzt buchen", "Ask an admin", "Firm has room for 500"},
		{"{addon: room}", false, "Extra room | Add", "Extra room | Hinzufügen", "Ask an admin", "with Extra room there is room for 20"},
		{"{trial: {plan: firm}}", false, "Firm | Try it", "Firm | Testen", "Ask an admin", "try Firm for 14 days"},
		{"{interval: year}", false, "Pay by the year | Pay by the year", "Jährlich zahlen | Jährlich zahlen", "Ask an admin", "you save 40.00 USD"},
		{"{talk: sales}", false, "Talk to us | Talk to sales", "Sprechen Sie mit uns | Mit dem Vertrieb sprechen", "Talk to sales", ""},
		{"{talk: success}", true, "Talk to us | Talk to us", "Sprechen Sie mit uns | Mit uns sprechen", "Talk to us", ""},
		{"{refer: friends}", false, "Bring a friend | Tell others", "Bring a friend | Weiterempfehlen", "Tell others", ""},
		{"{invite: writer}", false, "Invite: Writer | Invite", "Einladen: Writer | Einladen", "Invite", ""},
		{"{plan: team}", true, "Team | Switch to Team", "Team | Zu Team wechseln", "Ask an admin",
			"With Team you keep 10 letters, and lose room for more than 2 members, Caption minutes and Single sign-on"},
	} {
		t.Run(c.give, func(t *testing.T) {
			in := onTeam(t)
			in.Catalog = parse(t, strings.Replace(letters, "{on: [few], give: {plan: firm}", "{save: "+map[bool]string{true: "true", false: "false"}[c.save]+", on: [few], give: "+c.give, 1))
			if in.Leaving = c.save; c.save {
				in.Subscription.Plan, in.Subscription.Recurring, in.Requested = "firm", 9000, false
				in.Catalog.Offers["x"].On = nil
				in.Features = map[string]Feature{
					"letters":  {Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10)},
					"members":  {Allowed: true, Usage: quantity.Of(5), Limit: quantity.Of(9)},
					"captions": {Allowed: true, Limit: quantity.Of(300)},
					"sso":      {Allowed: true},
				}
			}
			shown := func() *Shown {
				d := Decide(in)
				if d.Offer == nil {
					t.Fatalf("nothing is shown: %+v", d.Considered)
				}
				return d.Offer
			}
			o := shown()
			if got := o.Title + " | " + o.CTA.Label; got != c.english || !strings.HasSuffix(o.Case, c.because) {
				t.Errorf("%q because %q, want %q because %q", got, o.Case, c.english, c.because)
			}
			in.Language = "de-AT"
			if o = shown(); o.Title+" | "+o.CTA.Label != c.german {
				t.Errorf("in German %s | %s, want %s", o.Title, o.CTA.Label, c.german)
			}
			in.Language, in.Role = "", Member
			if o = shown(); o.CTA.Label != c.member {
				t.Errorf("for a member %q, want %q", o.CTA.Label, c.member)
			}
		})
	}
}

func TestASaveToASmallerPlanSaysWhatStaysAndWhatIsLost(t *testing.T) {
	for _, c := range []struct{ name, language, plan, want string }{
		{"a smaller plan", "", "firm", "With Team you keep 10 letters, and lose Single sign-on"},
		{"in German", "de", "firm", "Mit Team bleibt: Letters (10); es entfällt: Single sign-on"},
		{"the plan they are on", "", "team", "Team keeps everything as it is now"},
	} {
		in := onTeam(t)
		in.Catalog = parse(t, strings.Replace(letters, "{on: [few], give: {plan: firm}", "{save: true, give: {plan: team}", 1))
		in.Subscription.Plan, in.Leaving, in.Requested, in.Language = c.plan, true, false, c.language
		if c.plan == "team" {
			in.Subscription.Status, in.Subscription.TrialEndsAt = subscription.Trialing, now+aDay
		}
		in.Features = map[string]Feature{"letters": {Allowed: true, Usage: quantity.Of(8), Limit: quantity.Of(10)}}
		if c.plan == "firm" {
			in.Features["sso"] = Feature{Allowed: true}
		}
		d := Decide(in)
		if d.Offer == nil {
			t.Fatalf("%s: nothing is shown: %+v", c.name, d.Considered)
		}
		if d.Offer.Case != c.want {
			t.Errorf("%s: %q, want %q", c.name, d.Offer.Case, c.want)
		}
	}
}
