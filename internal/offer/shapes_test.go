package offer

import (
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

func usd(minor money.Minor) *money.Amount { a := money.Of(minor, "USD"); return &a }

// TestEveryShapeIsWorthSomethingAndMakesItsCase: what is proposed, as whom it is accepted by, what
// it costs, what it is expected to bring, and why.
func TestEveryShapeIsWorthSomethingAndMakesItsCase(t *testing.T) {
	for _, c := range []struct {
		name     string
		given    []func(*Input)
		shape    catalog.Shape
		action   string
		give     catalog.Give
		once     *money.Amount
		saved    *money.Amount
		costs    bool
		year     money.Minor // expected: a year's money
		value    money.Minor // times the chance
		says     string      // title
		because  string      // the case
		assuming string      // among the assumptions
	}{
		{"a plan", []func(*Input){place("room")}, catalog.ShapePlan, "buy", catalog.Give{Plan: "pro"}, nil, nil, true, 120000, 24000,
			"Room for 50 speakers", "You use 8 of 10 speakers; Pro has room for 50", "The price is for the whole subscription, each month, before tax"},
		{"an add-on, as many as cover what is missing", []func(*Input){place("room"), wants(13, ""), onlyOffer("addon")}, catalog.ShapeAddon, "buy",
			catalog.Give{Addon: "room", Quantity: 3}, nil, nil, true, 72000, 7200, "3 more", "You need 13 more speakers, and 2 are left; with 3 Extra room there is room for 25", "each month"},
		{"an add-on, nothing missing yet", []func(*Input){place("room"), onlyOffer("addon")}, catalog.ShapeAddon, "buy",
			catalog.Give{Addon: "room", Quantity: 1}, nil, nil, true, 24000, 2400, "1 more", "You use 8 of 10 speakers; with Extra room there is room for 15", ""},
		{"seats, a bulk invitation over the limit", []func(*Input){place("seats"), wants(13, "members")}, catalog.ShapeSeats, "buy",
			catalog.Give{Addon: "seat", Quantity: 13}, nil, nil, true, 156000, 15600, "Seats", "You published an 8th summit; with 13 Seat there is room for 16", ""},
		{"a pack", []func(*Input){place("credits"), onlyOffer("pack")}, catalog.ShapePack, "buy", catalog.Give{Addon: "mails", Quantity: 1}, nil, nil, true, 18000, 1800,
			"Pack", "You use 90 of 100 credits; with Mail pack there is room for 200", ""},
		{"a top-up, the smallest that covers what is missing", []func(*Input){place("topup"), wants(40, "credits")}, catalog.ShapeTopUp, "buy",
			catalog.Give{Addon: "small", Quantity: 1}, usd(500), nil, true, 500, 50, "Top up", "You need 40 more credits, and 10 are left; with Small top-up there are 50 more", "charged once"},
		{"a top-up, more than one of the small", []func(*Input){place("topup"), wants(120, "credits")}, catalog.ShapeTopUp, "buy",
			catalog.Give{Addon: "small", Quantity: 3}, usd(1500), nil, true, 1500, 150, "Top up", "with 3 Small top-up there are 150 more", ""},
		{"a top-up, the large one is cheaper", []func(*Input){place("topup"), wants(400, "credits")}, catalog.ShapeTopUp, "buy",
			catalog.Give{Addon: "large", Quantity: 1}, usd(2000), nil, true, 2000, 200, "Top up", "with Large top-up there are 500 more", ""},
		{"a service", []func(*Input){place("all"), onlyOffer("service")}, catalog.ShapeService, "buy", catalog.Give{Addon: "setup", Quantity: 1}, usd(90000), nil, true, 90000, 9000,
			"Set up", "You published an 8th summit", ""},
		{"a trial of a plan, beside the one that is paid for", []func(*Input){place("try")}, catalog.ShapeTrial, "try", catalog.Give{Trial: true, Plan: "pro"}, nil, nil, false, 120000, 12000,
			"Try for 14 days", "You published an 8th summit; try Pro for 14 days", "The trial costs nothing and ends by itself"},
		{"a trial of a feature, worth the cheapest that gives it", []func(*Input){place("try_it")}, catalog.ShapeTrial, "try", catalog.Give{Trial: true, Feature: "recordings"}, nil, nil, false, 118800, 11880,
			"Try Talk recordings", "You opened Talk recordings twice; try Talk recordings for 7 days", "ends by itself"},
		{"a trial of an add-on", []func(*Input){place("all"), onlyOffer("try_more")}, catalog.ShapeTrial, "try", catalog.Give{Trial: true, Addon: "studio", Quantity: 1}, nil, nil, false, 118800, 11880,
			"Try", "You published an 8th summit; try Studio for 10 days", ""},
		{"the switch to a year", []func(*Input){place("annual")}, catalog.ShapeAnnual, "buy", catalog.Give{Interval: "year"}, nil, usd(9800), true, 0, 0,
			"Save 98.00 USD", "Twelve months cost 588.00 USD, a year costs 490.00 USD: you save 98.00 USD", "each year, before tax"},
		{"a talk, worth the plan above", []func(*Input){place("talk")}, catalog.ShapeTalk, "contact_sales", catalog.Give{Talk: "sales"}, nil, nil, false, 120000, 12000,
			"Talk", "You published an 8th summit", ""},
		{"a talk about a feature, worth the cheapest that gives more of it", []func(*Input){place("talk"), wants(0, "speakers")}, catalog.ShapeTalk, "contact_sales", catalog.Give{Talk: "sales"}, nil, nil, false, 24000, 2400,
			"Talk", "You published an 8th summit", ""},
		{"a talk, asked for by a member", []func(*Input){place("talk"), member}, catalog.ShapeTalk, "contact_sales", catalog.Give{Talk: "sales"}, nil, nil, false, 120000, 12000, "Talk", "", ""},
		{"a referral", []func(*Input){place("refer")}, catalog.ShapeReferral, "refer", catalog.Give{Refer: "friends"}, nil, nil, false, 0, 0, "Refer", "You published an 8th summit", ""},
		{"an invitation", []func(*Input){place("invite"), member}, catalog.ShapeInvite, "invite", catalog.Give{Invite: "developer"}, nil, nil, false, 0, 0, "Invite", "You published an 8th summit", ""},
		{"a save, worth what stays", []func(*Input){place("leave"), leaving, on("pro")}, catalog.ShapeSave, "buy", catalog.Give{Plan: "starter"}, nil, nil, true, 58800, 5880, "Stay", "", ""},
		{"a plan, for a member", []func(*Input){place("room"), member}, catalog.ShapePlan, "request", catalog.Give{Plan: "pro"}, nil, nil, false, 120000, 24000, "Room for 50 speakers", "Pro has room for 50", ""},
		{"a trial, for a member", []func(*Input){place("try"), member}, catalog.ShapeTrial, "request", catalog.Give{Trial: true, Plan: "pro"}, nil, nil, false, 120000, 12000, "Try for 14 days", "", ""},
		{"the switch to a year, for a member", []func(*Input){place("annual"), member}, catalog.ShapeAnnual, "request", catalog.Give{Interval: "year"}, nil, nil, false, 0, 0, "Pay by the year", "A year costs less than twelve months", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := atMoments(t)
			for _, change := range c.given {
				change(&in)
			}
			d := Decide(in)
			o := d.Offer
			if o == nil {
				t.Fatalf("nothing is shown: %s %+v", d.Reason, d.Considered)
			}
			if o.Type != c.shape || o.CTA.Action != c.action || o.CTA.Label == "" || o.Give != c.give || d.Give != c.give {
				t.Errorf("%s %+v gives %+v, want %s %s %+v", o.Type, o.CTA, o.Give, c.shape, c.action, c.give)
			}
			if (o.Price != nil) != c.costs {
				t.Errorf("price %+v, want any: %v", o.Price, c.costs)
			}
			if p := o.Price; p != nil && (!same(p.Once, c.once) || !same(p.Saved, c.saved)) {
				t.Errorf("once %v and saved %v, want %v and %v", p.Once, p.Saved, c.once, c.saved)
			}
			if e := o.Expected; e.Year.Minor != c.year || e.Value.Minor != c.value || e.Estimated != (c.give.Trial || c.give.Talk != "") {
				t.Errorf("expected %+v, want %d and %d", e, c.year, c.value)
			}
			if o.Title != c.says || !strings.HasSuffix(o.Case, c.because) {
				t.Errorf("%q because %q, want %q because %q", o.Title, o.Case, c.says, c.because)
			}
			if !slices.ContainsFunc(append(o.Assumptions, ""), func(a string) bool { return strings.Contains(a, c.assuming) }) {
				t.Errorf("assumes %q, want %q", o.Assumptions, c.assuming)
			}
		})
	}
}

// onlyOffer takes the others away.
func onlyOffer(key string) func(*Input) {
	return func(in *Input) {
		for _, o := range in.Catalog.OffersAt(in.Placement) {
			if o.Key != key {
				o.On, o.Save = []string{"gone"}, false
			}
		}
	}
}

func same(a, b *money.Amount) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func TestASaveShowsWhatWouldBeLost(t *testing.T) {
	in := atMoments(t)
	on("pro")(&in)
	in.Features["speakers"] = Feature{Allowed: true, Usage: quantity.Of(42), Limit: quantity.Of(50)}
	in.Features["credits"] = Feature{Allowed: true, Usage: quantity.Of(90), Limit: quantity.Of(1000)}
	in.Features["recordings"] = Feature{Allowed: true}
	in.Leaving, in.Placement = true, "leave_talk"

	in.To = "starter"
	want := []string{"32 of 42 speakers in use, above the limit of 10", "Talk recordings", "room for more than 100 credits"}
	if got := Decide(in).Offer.Lost; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) || got[0] != want[0] {
		t.Errorf("with a downgrade %q is lost, want %q", got, want)
	}
	in.To = ""
	if got := Decide(in).Offer.Lost; len(got) != 4 || got[0] != "Credits, 90 in use" || got[1] != "Speakers, 42 in use" {
		t.Errorf("with an end %q is lost", got)
	}
}

func TestAnOfferSpeaksThePersonsLanguage(t *testing.T) {
	for _, c := range []struct{ language, title, body, because string }{
		{"", "Room for 50 speakers", "You use 8 of 10. Pro is 149.00 USD.", "You use 8 of 10 speakers; Pro has room for 50"},
		{"de", "Platz für 50 Redner", "Sie nutzen 8 von 10. Pro kostet 149,00 USD.", "Redner: 8 von 10 genutzt; Pro hat Platz für 50"},
		{"de-AT", "Platz für 50 Redner", "Sie nutzen 8 von 10. Pro kostet 149,00 USD.", "Redner: 8 von 10 genutzt; Pro hat Platz für 50"},
		{"fr,de", "Platz für 50 Redner", "Sie nutzen 8 von 10. Pro kostet 149,00 USD.", "You use 8 of 10 speakers; Pro has room for 50"},
		{"en-GB,de", "Room for 50 speakers", "You use 8 of 10. Pro is 149.00 USD.", "You use 8 of 10 speakers; Pro has room for 50"},
		{"no such tag", "Room for 50 speakers", "You use 8 of 10. Pro is 149.00 USD.", "You use 8 of 10 speakers; Pro has room for 50"},
	} {
		in := atMoments(t)
		in.Placement, in.Language = "room", c.language
		o := Decide(in).Offer
		if o.Title != c.title || o.Body != c.body || o.Case != c.because {
			t.Errorf("in %q: %q, %q, because %q", c.language, o.Title, o.Body, o.Case)
		}
	}
	in := atMoments(t)
	in.Placement, in.Language = "annual", "de"
	if o := Decide(in).Offer; o.Case != "Zwölf Monate kosten 588,00 USD, ein Jahr kostet 490,00 USD: Sie sparen 98,00 USD" ||
		!slices.Equal(o.Assumptions, []string{"Der Preis gilt für das ganze Abonnement, je Jahr, vor Steuern"}) {
		t.Errorf("the switch to a year in German: %q, %q", o.Case, o.Assumptions)
	}
}

func TestALinkLeadsToTheOfferAndRunsNothing(t *testing.T) {
	values := map[string]string{"offer": "a&b=c", "decision": "dec_1", "placement": "x y", "account": "acme/1#2"}
	for _, c := range []struct{ name, to, want string }{
		{"a page", "https://example.com/billing?offer={offer}&d={decision}", "https://example.com/billing?offer=a%26b%3Dc&d=dec_1"},
		{"a path", "/billing/{account}?at={placement}", "/billing/acme%2F1%232?at=x+y"},
		{"nothing", "", ""},
		{"a script", "javascript:alert(1)", ""},
		{"another scheme", "ftp://example.com", ""},
		{"another host by two slashes", "//evil.example", ""},
		{"another host by a backslash", `/\evil.example`, ""},
		{"a password in it", "https://user:pass@example.com", ""},
		{"no host", "https:///x", ""},
		{"a name nothing fills stays", "/x?{gone}", "/x?{gone}"},
	} {
		if got := Link(c.to, values); got != c.want {
			t.Errorf("%s: %q leads to %q, want %q", c.name, c.to, got, c.want)
		}
	}
	in := atMoments(t)
	in.Placement = "room"
	if got := Decide(in).Offer.CTA.URL; got != "/billing?offer=plan&d=decision-1" {
		t.Errorf("the button leads to %q", got)
	}
	in.Placement, in.Catalog.Links.Billing, in.Catalog.Links.Invite = "invite", "https://example.com/billing", "/invite?from={account}"
	if got := Decide(in).Offer.CTA.URL; got != "/invite?from=acme" {
		t.Errorf("an invitation leads to %q", got)
	}
	in.Catalog.Links.Invite = "/join?code={code}"
	if got := Decide(in).Offer.CTA.URL; got != "" {
		t.Errorf("an invitation leads to %q, where only who was invited has a code for", got)
	}
}

func TestNearEqualValueGoesByScope(t *testing.T) {
	worth := func(key string, year money.Minor, chance int64, scope Scope) *chosen {
		return &chosen{offer: &catalog.Offer{Key: key, Chance: chance}, worth: &Worth{Year: year, Scope: scope, After: subscription.Subscription{Currency: "USD"}}}
	}
	for _, c := range []struct {
		name string
		open []*chosen
		want string
		why  string // of the last one
	}{
		{"new scope before seats", []*chosen{worth("new", 950, 10, NewScope), worth("seats", 1000, 10, MoreSeats)}, "new", "of near-equal value, wider scope goes before seats"},
		{"more before seats", []*chosen{worth("more", 900, 10, MoreOfTheSame), worth("seats", 1000, 10, MoreSeats)}, "more", "of near-equal value, wider scope goes before seats"},
		{"new scope before more", []*chosen{worth("new", 900, 10, NewScope), worth("more", 1000, 10, MoreOfTheSame)}, "new", "of near-equal value, new scope goes before more of the same"},
		{"a cent too little is not near", []*chosen{worth("seats", 1000, 10, MoreSeats), worth("new", 899, 10, NewScope)}, "seats", "worth 10.00 USD a year at a chance of 10% against worth 8.99 USD a year at a chance of 10%"},
		{"the chance counts", []*chosen{worth("likely", 1000, 30, MoreOfTheSame), worth("dear", 2500, 10, MoreOfTheSame)}, "likely", "worth 10.00 USD a year at a chance of 30% against worth 25.00 USD a year at a chance of 10%"},
		{"all equal", []*chosen{worth("a", 1000, 10, MoreOfTheSame), worth("b", 1000, 10, MoreOfTheSame)}, "a", "of equal value, the order of the keys decides"},
	} {
		best := pick(c.open)
		if best.offer.Key != c.want {
			t.Errorf("%s: %s is taken, want %s", c.name, best.offer.Key, c.want)
		}
		if why := outranks(best, c.open[len(c.open)-1], c.open); !strings.HasSuffix(why, c.why) {
			t.Errorf("%s: %q, want %q", c.name, why, c.why)
		}
	}
}
