package offer

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// TestNothingIsShownThatARuleForbids plays random days at random places and asks, after each
// decision, every rule again, written once more in the simplest way.
func TestNothingIsShownThatARuleForbids(t *testing.T) {
	base := parse(t, moments)
	rapid.Check(t, func(t *rapid.T) {
		in := onStarter(base)
		in.Catalog = varied(t, base)
		in.Family = rapid.SampledFrom([]string{"acme", "globex"}).Draw(t, "family")
		in.State = &State{}
		for step := range rapid.IntRange(1, 12).Draw(t, "decisions") {
			in.Now += clock.Time(rapid.Int64Range(0, int64(40*aDay)).Draw(t, "later"))
			drawn(t, &in)
			d := Decide(in)
			explained(t, &in, &d)
			if brief := untold(in); !reflect.DeepEqual(brief, without(d)) {
				t.Fatalf("told in brief it is another decision: %+v, not %+v", brief, d)
			}
			if d.Offer != nil {
				if why := forbidden(&in, &d); why != "" {
					t.Fatalf("decision %d shows %s, %s: %+v", step, d.OfferKey, why, d)
				}
			}
			Commit(in, d)
			if d.Offer != nil && rapid.Bool().Draw(t, "dismissed") {
				if i := in.State.index(d.ID); i >= 0 {
					in.State.Decisions[i].Closed, in.State.Decisions[i].ClosedAt = Dismissed, in.Now
					in.State.contact(d.OfferKey).Dismissed = in.Now
				}
			}
		}
	})
}

// varied is the catalog with other policies.
func varied(t *rapid.T, base *catalog.Catalog) *catalog.Catalog {
	c := *base
	c.Offers = make(map[string]*catalog.Offer, len(base.Offers))
	for key, o := range base.Offers {
		o.Contact = catalog.Contact{}
		if rapid.Bool().Draw(t, key+" has a policy") {
			o.Contact = catalog.Contact{Cooldown: time.Duration(rapid.IntRange(0, 20).Draw(t, "cool-down")) * 24 * time.Hour,
				AtMost: rapid.IntRange(0, 2).Draw(t, "at most"), Per: 30 * 24 * time.Hour}
		}
		o.Kind = rapid.SampledFrom([]catalog.OfferKind{catalog.Ambient, catalog.Contextual, catalog.Interruption}).Draw(t, key)
		o.Holdout = rapid.SampledFrom([]int64{0, 0, 50}).Draw(t, "holdout")
		c.Offers[key] = o
	}
	return &c
}

// drawn changes everything about the moment.
func drawn(t *rapid.T, in *Input) {
	some := func(name string, of int) bool { return rapid.IntRange(0, of).Draw(t, name) == 0 }
	in.Placement = rapid.SampledFrom([]string{"all", "here", "bar", "flow", "room", "street", "leave", "try", "nothing"}).Draw(t, "place")
	in.Feature = rapid.SampledFrom([]string{"", "", "speakers", "credits", "recordings"}).Draw(t, "feature")
	in.Role = rapid.SampledFrom([]Role{Admin, Member, ""}).Draw(t, "role")
	in.Requested, in.Leaving, in.External, in.HeldOut = some("asks", 3), some("leaves", 5), some("outside", 3), some("held out", 6)
	in.Wanted = quantity.Of(rapid.Int64Range(0, 200).Draw(t, "wanted"))
	in.Subscription.Plan = rapid.SampledFrom([]string{"starter", "pro"}).Draw(t, "plan")
	in.Subscription.Status = rapid.SampledFrom([]subscription.Status{subscription.Active, subscription.Active, subscription.Trialing, subscription.Ended}).Draw(t, "status")
	in.Quiet, in.Refusals, in.Help, in.Signals, in.People = nil, nil, nil, nil, nil
	if some("quiet", 4) {
		in.Quiet = []contact.Quiet{{Rule: catalog.QuietIncident, Reason: "an incident is open"}}
	}
	if some("help", 5) {
		in.Help = &Help{Rule: catalog.QuietNotActivated, Title: "Begin"}
	}
	if some("refused", 2) {
		in.Refusals = []contact.Refusal{{Channel: rapid.SampledFrom([]catalog.Channel{catalog.AnyChannel, catalog.InProduct, catalog.Interruptions, catalog.Email}).Draw(t, "channel"),
			Code: rapid.SampledFrom([]string{"contact_budget", "after_dismissal"}).Draw(t, "refusal"), Reason: "r"}}
	}
	for _, key := range []string{"full", "low", "many", "wish"} {
		if some(key, 1) {
			s := signal.Signal{ID: "s-" + key, Key: key, At: in.Now - aDay, DecaysAt: in.Now + clock.Time(rapid.Int64Range(-1, 5).Draw(t, "decays"))*aDay, Score: 50, Evidence: "e"}
			s.Data = map[string]string{"feature": map[string]string{"full": "speakers", "low": "credits", "wish": "recordings"}[key]}
			in.Signals = append(in.Signals, s)
		}
	}
	if some("people work", 4) {
		in.People = []WithPeople{{Owner: "sales", Signals: []string{"s-many"}, Give: catalog.Give{Plan: "pro"}}}
	}
	used := quantity.Of(rapid.Int64Range(0, 10).Draw(t, "used"))
	in.Features = map[string]Feature{"speakers": {Allowed: true, Usage: used, Limit: quantity.Of(10), Remaining: quantity.Of(10) - used},
		"credits": {Allowed: true, Usage: quantity.Of(95), Limit: quantity.Of(100), Remaining: quantity.Of(5)}}
	if some("has recordings", 2) {
		in.Features["recordings"] = Feature{Allowed: true}
	}
}

// explained: every offer of the place is considered once, with code and reason, and none but the
// shown one is said to be chosen.
func explained(t *rapid.T, in *Input, d *Decision) {
	if d.Reason == "" || (d.Status == "show") != (d.Offer != nil) {
		t.Fatalf("status %q because %q with the offer %v", d.Status, d.Reason, d.Offer)
	}
	offers := in.Catalog.OffersAt(in.Placement)
	if len(d.Considered) != len(offers) {
		t.Fatalf("%d of %d offers are named", len(d.Considered), len(offers))
	}
	for i, c := range d.Considered {
		if c.Offer != offers[i].Key || c.Code == "" || c.Reason == "" || len(c.Problems) > 0 || c.Chosen != (d.Offer != nil && d.OfferKey == c.Offer) {
			t.Fatalf("%+v is not explained", c)
		}
	}
}

// forbidden says which rule forbids what is shown; empty when none does.
func forbidden(in *Input, d *Decision) string {
	o := in.Catalog.Offers[d.OfferKey]
	kind := ""
	if p := in.Catalog.Places[in.Placement]; p != nil {
		kind = p.Kind
	}
	unasked := !in.Requested
	wasOpen := slices.ContainsFunc(in.State.Decisions, func(k Kept) bool {
		return k.ID == d.ID && k.Closed == "" && k.ExpiresAt > in.Now && k.User == in.User && k.Placement == in.Placement
	})
	lively := slices.ContainsFunc(in.Signals, func(s signal.Signal) bool {
		return s.ID == d.Signal && s.DecaysAt > in.Now && slices.Contains(o.On, s.Key)
	})
	past := in.State.Offers[o.Key]
	switch {
	case !slices.Contains(o.At, in.Placement):
		return "which does not belong there"
	case o.Kind == catalog.Interruption && kind != "" && kind != "in_flow" && kind != "launch":
		return "which interrupts where it must not"
	case o.Save != in.Leaving:
		return "which is or is not a save"
	case in.External && !o.External:
		return "to somebody outside"
	case in.HeldOut:
		return "to a family held out of everything"
	case Holdout(in.Family, o.Key, in.Salt, o.Holdout):
		return "to a family held out of it"
	case unasked && !in.Leaving && in.Help != nil:
		return "before help"
	case unasked && !o.Save && len(in.Quiet) > 0:
		return "when all is quiet"
	case d.Signal == "" && unasked && !in.Leaving || d.Signal != "" && !lively:
		return "without a live signal"
	case unasked && past != nil && past.Dismissed != 0 && past.Dismissed.Add(o.Contact.Cooldown) > in.Now:
		return "in its cool-down"
	case d.Again != wasOpen:
		return "as if it were new, or not"
	case in.Role != Admin && d.Offer.Price != nil:
		return "with a price for somebody who cannot buy"
	case (d.Offer.CTA.Action == "buy") != (d.Offer.Price != nil):
		return "to be bought without a price"
	}
	for _, p := range in.People {
		if p.Give == d.Give || slices.Contains(p.Signals, d.Signal) {
			return "which people work on"
		}
	}
	if unasked && o.Kind != catalog.Ambient {
		for _, r := range in.Refusals {
			if r.Channel != catalog.Email && (r.Channel != catalog.Interruptions || o.Kind == catalog.Interruption) && (r.Code == "after_dismissal" || !wasOpen) {
				return "without budget"
			}
		}
		shown := 0
		if past != nil {
			for _, at := range past.Shown {
				if at.Add(o.Contact.Per) > in.Now {
					shown++
				}
			}
		}
		if !wasOpen && o.Contact.AtMost > 0 && shown >= o.Contact.AtMost {
			return "more often than it may"
		}
	}
	if !Free(d.Give) {
		terms := subscription.Terms{Catalog: in.Catalog, Now: in.Now}
		if _, err := subscription.Apply(in.Subscription, Change(d.Give, &in.Subscription, in.Catalog), terms); err != nil {
			return "which the subscription cannot take: " + err.Error()
		}
	}
	return ""
}
