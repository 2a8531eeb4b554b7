package opportunity

import (
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Asked is everything the opportunity of somebody who wants to talk is made from.
type Asked struct {
	Catalog      *catalog.Catalog
	Account      string         // key
	Give         catalog.Give   // Talk says to whom: sales or success
	Offer        string         // key of the offer that was accepted
	Signal       *signal.Signal // behind it; nil: none is known
	Subscription subscription.Subscription
	Features     map[string]offer.Feature // as for offer.Decide
	Vars         map[string]any           // what conditions see of the account
	Terms        subscription.Terms
	Existing     []Opportunity // the account's own
	Number       int64         // of the next opportunity, rising from 1 per account
	Now          clock.Time
	ID           func(parts ...string) string // called with "opportunity" and Number
}

// ForTalk opens an opportunity for somebody who asked to talk to sales or success, worth what
// they would most probably buy; or adds that they asked to the one that is open for the same
// (joined). Routing decides whose it is, but never sends it back to self-service.
func ForTalk(in Asked) (op Opportunity, joined bool) {
	var feature, id, evidence string
	kind := catalog.Upsell
	if in.Subscription.MRR() == 0 {
		kind = catalog.NewLogo
	}
	if s := in.Signal; s != nil {
		feature, id, evidence, kind = s.Data["feature"], s.ID, s.Evidence, s.Type
	}
	words := "Asked to talk to " + in.Give.Talk + ", by the offer " + in.Offer
	if evidence == "" {
		evidence = words
	} else {
		evidence += "; " + words
	}
	worth := offer.Estimate(feature, &in.Subscription, in.Features, in.Terms)
	give := worth.Give
	if give == (catalog.Give{}) {
		give = in.Give
	}
	for _, open := range in.Existing {
		if open.Open() && (open.Give == give || open.Give == in.Give) {
			return join(open, signal.Signal{ID: id, Evidence: words}, in.Now), true
		}
	}
	amount := money.Of(max(worth.Year, 0), worth.After.Currency)
	if amount.Currency == "" {
		amount.Currency = in.Catalog.Currency
	}
	op = Opportunity{
		ID: in.ID("opportunity", strconv.FormatInt(in.Number, 10)), Account: in.Account, Type: kind, Motion: in.Give.Talk,
		Owner: in.Give.Talk, Stage: Open, Amount: amount, Signal: id, Evidence: evidence, Give: give, Reason: words,
		Version: 1, OpenedAt: in.Now, EditedAt: in.Now,
	}
	if op.Signals = []string{}; id != "" {
		op.Signals = append(op.Signals, id)
	}
	route, why := routeFor(&OpenInput{Catalog: in.Catalog, Vars: in.Vars, Signal: signal.Signal{Type: kind}}, amount)
	if route != nil && route.To != SelfService {
		op.Owner, op.Involve, op.Play = route.To, route.Involve, route.Play
		op.Reason += "; " + why
	}
	return op, false
}
