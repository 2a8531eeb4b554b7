package runner

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Decide says what a decide record would be answered at a time, now or to come, if nothing else
// happened until then, and changes nothing; with every offer and why not where it is explained.
// The account may not exist yet.
func (v View) Decide(ask engine.DecideCall, account, user string, at clock.Time, explained bool) offer.Decision {
	in := v.State.Peek(account).OfferInput(v.Catalog, ask, user, at)
	in.Brief = !explained
	return offer.Decide(in)
}

// Bind makes what a confirmation token for the change holds: what it costs now. With a
// decision, the change is what accepting it does. The caller sets ExpiresAt.
func (v View) Bind(change subscription.Change, decision string) (subscription.Binding, error) {
	a := v.Account
	if decision != "" {
		give, found := a.Offers.GiveOf(decision)
		if !found {
			return subscription.Binding{}, fault.New(fault.NotFound, "decision_unknown", "decision %q is not known, or is long over", fault.Shorten(decision)).
				WithMend("decide again and preview the new decision")
		}
		change = offer.Change(give, &a.Subscription, v.Catalog)
	}
	quote, err := v.quote(change)
	if err != nil {
		return subscription.Binding{}, err
	}
	return subscription.Binding{Account: a.Facts.Key, Version: a.Subscription.Version, Change: change, Quote: quote,
		CatalogVersion: v.State.Catalog, Decision: decision, At: v.State.Now}, nil
}

// BindRequest is Bind for what approving an upgrade request that is open does.
func (v View) BindRequest(id string) (subscription.Binding, error) {
	r, found := v.Account.Offers.Request(id)
	if !found || r.Status != offer.Waiting {
		return subscription.Binding{}, offer.RequestUnknown(id)
	}
	b, err := v.Bind(offer.Change(r.Give, &v.Account.Subscription, v.Catalog), "")
	b.Decision, b.Request = r.Decision, r.ID
	return b, err
}

// BillingPage is the account's; see engine.BillingPage.
func (v View) BillingPage(ask engine.BillingAsk) engine.BillingPage {
	ask.Quote = v.quote
	return v.State.BillingPage(v.Account, ask, v.Catalog)
}

// quote says what a change costs. All that is shown before a change comes from here: where
// another system does the billing, its preview takes the place of ours in this function, and
// the token binds the customer to what that system said. (What Step compares it with, in
// Binding.Holds, is still what we would charge: it is for that system to say then.)
func (v View) quote(change subscription.Change) (subscription.Quote, error) {
	quote, _, err := subscription.Preview(v.Account.Subscription, change, v.Account.Terms(v.Catalog, v.State.Now))
	return quote, err
}
