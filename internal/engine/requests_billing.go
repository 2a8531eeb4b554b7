package engine

import (
	"cmp"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// BillingAsk says who looks at the billing page, and what a link led them there for: at most
// one of Decision, Offer and Plan.
type BillingAsk struct {
	User      string // pseudonym; empty: nobody in particular
	Buyer     bool   // they can buy, so they see money
	Decision  string
	Offer     string
	Plan      string
	Languages []string // wanted for titles of features, best first
	// Quote says what a change costs: what a preview says.
	Quote func(subscription.Change) (subscription.Quote, error)
}

// page is a BillingPage in the making.
type page struct {
	BillingPage
	state *State
	a     *Account
	c     *catalog.Catalog
	ask   BillingAsk
	in    entitlement.Input
	has   map[string]entitlement.Answer // of every feature, as it stands
}

// BillingPage puts together what a billing page shows of an account.
func (s *State) BillingPage(a *Account, ask BillingAsk, c *catalog.Catalog) BillingPage {
	p := &page{state: s, a: a, c: c, ask: ask, in: a.Input(c, s.Now)}
	p.in.Languages = ask.Languages
	p.has = p.given(&a.Subscription)
	p.Account, p.At, p.CanBuy = a.key, s.Now, ask.Buyer
	p.Allowances, p.Addons, p.Seats, p.Discounts = []BillingAllowance{}, []BillingAddon{}, []BillingSeats{}, []BillingDiscount{}
	p.Requests, p.Options, p.More = []offer.Request{}, []BillingOption{}, []BillingOption{}
	p.subscribed()
	tightest := p.allowances()
	p.addons()
	p.discounts()
	for _, r := range a.Offers.Requests {
		switch {
		case r.Status != offer.Waiting:
		case ask.Buyer:
			p.Requests = append(p.Requests, r)
		case slices.Contains(r.People(), ask.User):
			p.Requests = append(p.Requests, r.SeenBy(ask.User))
		}
	}
	p.plans()
	p.packs(tightest)
	p.preselect()
	return p.BillingPage
}

// money is an amount for who can buy.
func (p *page) money(n money.Minor, c money.Currency) *money.Amount {
	if !p.ask.Buyer {
		return nil
	}
	amount := money.Of(n, c)
	return &amount
}

func (p *page) subscribed() {
	sub, now := &p.a.Subscription, p.state.Now
	b := &p.Subscription
	*b = BillingSubscription{Plan: sub.Plan, Title: p.planTitle(sub.Plan), Status: sub.Status, Interval: sub.Interval, Quantity: sub.Quantity,
		TrialEndsAt: sub.TrialEndsAt, EndsAt: sub.EndsAt, Scheduled: []BillingScheduled{}}
	if !sub.Live() {
		return
	}
	if sub.Status == subscription.Active {
		period := subscription.PeriodOf(sub.Interval, sub.Anchor, now)
		b.PeriodStart, b.PeriodEnd = period.Start, period.End
		if sub.EndsAt == 0 || sub.EndsAt > period.End {
			b.RenewsAt = period.End
		}
	}
	if sub.Pending != nil {
		words := "The subscription changes."
		if after, err := subscription.Apply(*sub, sub.Pending.Change, p.a.Terms(p.c, now)); err == nil {
			words = subscription.Describe(sub, &after, p.c) + "."
		}
		b.Scheduled = append(b.Scheduled, BillingScheduled{At: sub.Pending.At, Words: words})
	}
	if sub.EndsAt != 0 {
		b.Scheduled = append(b.Scheduled, BillingScheduled{At: sub.EndsAt, Words: b.Title + " ends."})
	}
	if b.Recurring = p.money(sub.Recurring, sub.Currency); b.Recurring != nil {
		next := subscription.Ahead(sub, p.c, now)
		b.NextInvoice = &next
		b.Undo = p.state.Subscribed(p.a, p.c).Undo
	}
}

// allowances lists what is counted, and returns the feature whose hard limit is filled most.
func (p *page) allowances() string {
	tightest := -1
	for _, f := range p.features() {
		if !f.Counted() {
			continue
		}
		has := p.has[f.Key]
		if has.Usage == nil || !has.Unlimited && (has.Limit == nil || *has.Limit == 0) && *has.Usage == 0 {
			continue
		}
		line := BillingAllowance{Feature: f.Key, Title: p.title(f), Kind: f.Kind, Used: *has.Usage, Limit: has.Limit, Remaining: has.Remaining, ResetsAt: has.ResetsAt}
		if has.Limit != nil && *has.Limit > 0 {
			percent := has.Usage.Percent(*has.Limit)
			line.Percent = &percent
			if !has.Soft && (tightest < 0 || percent > *p.Allowances[tightest].Percent) {
				tightest = len(p.Allowances)
			}
		}
		if o := has.Overage; o != nil && o.Unit > 0 && has.Limit != nil { // which is with one more
			above := max(*has.Usage-*has.Limit, 0)
			units := money.Minor(above / o.Unit)
			if above%o.Unit > 0 {
				units++
			}
			line.Overage = p.money(units*o.Price.Minor, o.Price.Currency)
		}
		p.Allowances = append(p.Allowances, line)
		if f.Kind == catalog.Seats {
			p.seats(f, &line)
		}
	}
	if tightest < 0 {
		return ""
	}
	p.Allowances[tightest].Tightest = true
	return p.Allowances[tightest].Feature
}

func (p *page) seats(f *catalog.Feature, line *BillingAllowance) {
	seats := BillingSeats{Feature: f.Key, Title: line.Title, Assigned: line.Used, Seats: line.Limit, Free: line.Remaining}
	sub := &p.a.Subscription
	for _, key := range p.addonKeys() {
		addon := p.c.Addons[key]
		if e := addon.Entitlements[f.Key]; e == nil || addon.Kind != catalog.OfSeat || addon.Retired {
			continue
		}
		if !p.sells(catalog.Give{Addon: key, Quantity: 1}) {
			continue // it goes with another plan
		}
		seats.Addon = key
		n := int64(0)
		for _, line := range sub.Addons {
			if line.Key == key && sub.Live() {
				n = line.Quantity
			}
		}
		price := subscription.PriceFor(addon.Price, cmp.Or(sub.Interval, subscription.Month))
		next, sold := price.Cost(cmp.Or(sub.Currency, p.c.Currency), n+1)
		was := money.Minor(0)
		if n > 0 {
			was, _ = price.Cost(cmp.Or(sub.Currency, p.c.Currency), n)
		}
		if sold {
			seats.Each = p.money(next-was, cmp.Or(sub.Currency, p.c.Currency))
		}
		break
	}
	p.Seats = append(p.Seats, seats)
}

// sells says whether the account could buy something now, as it stands.
func (p *page) sells(g catalog.Give) bool {
	_, err := p.ask.Quote(offer.Change(g, &p.a.Subscription, p.c))
	return err == nil
}

func (p *page) addons() {
	sub := &p.a.Subscription
	if !sub.Live() {
		return
	}
	for _, line := range sub.Addons {
		b := BillingAddon{Addon: line.Key, Title: line.Key, Quantity: line.Quantity}
		if addon := p.c.Addons[line.Key]; addon != nil {
			b.Title, b.Kind = cmp.Or(addon.Title, line.Key), addon.Kind
			price := subscription.PriceFor(addon.Price, sub.Interval)
			if each, sold := price.Cost(sub.Currency, 1); sold {
				b.Each = p.money(each, sub.Currency)
			}
			if all, sold := price.Cost(sub.Currency, line.Quantity); sold {
				b.Price = p.money(all, sub.Currency)
			}
		}
		p.Addons = append(p.Addons, b)
	}
}

// discounts lists what bundles save against their parts, and what paying by the year does.
func (p *page) discounts() {
	sub := &p.a.Subscription
	if !p.ask.Buyer || !sub.Live() {
		return
	}
	for _, line := range sub.Addons {
		bundle := p.c.Addons[line.Key]
		if bundle == nil || len(bundle.Includes) == 0 {
			continue
		}
		cost, sold := subscription.PriceFor(bundle.Price, sub.Interval).Cost(sub.Currency, line.Quantity)
		apart := money.Minor(0)
		for part, n := range bundle.Includes {
			one, has := money.Minor(0), false
			if a := p.c.Addons[part]; a != nil {
				one, has = subscription.PriceFor(a.Price, sub.Interval).Cost(sub.Currency, n*line.Quantity)
			}
			apart, sold = apart+one, sold && has
		}
		if sold && apart > cost {
			p.Discounts = append(p.Discounts, BillingDiscount{Kind: "bundle", Title: cmp.Or(bundle.Title, line.Key), Saving: money.Of(apart-cost, sub.Currency), Taken: true})
		}
	}
	if sub.Status != subscription.Active || sub.Recurring == 0 {
		return
	}
	other := subscription.Year
	if sub.Interval == subscription.Year {
		other = subscription.Month
	}
	q, err := p.ask.Quote(subscription.Change{Interval: other})
	if err != nil || len(q.Dropped) > 0 {
		return
	}
	saving := 12*sub.Recurring - q.Recurring.Minor
	if other == subscription.Month {
		saving = 12*q.Recurring.Minor - sub.Recurring
	}
	if saving > 0 {
		p.Discounts = append(p.Discounts, BillingDiscount{Kind: "annual", Title: "Paying by the year", Saving: money.Of(saving, sub.Currency), Taken: other == subscription.Month})
	}
}

// plans lists those above the account's, in their order; for who has none, all.
func (p *page) plans() {
	fits := false
	for _, plan := range p.c.PlansInOrder() {
		if plan.Retired || plan.Ready == catalog.NotReady || p.a.Subscription.Live() && !offer.Above(p.c, plan.Key, p.a.Subscription.Plan) {
			continue
		}
		o, after := p.option(catalog.Give{Plan: plan.Key})
		if after == nil {
			continue
		}
		o.Covers = p.covers(p.given(after))
		o.Fits = o.Covers && !fits && o.Refuse == ""
		fits = fits || o.Fits
		p.Options = append(p.Options, o)
	}
}

// packs lists what can be added to the tightest allowance.
func (p *page) packs(feature string) {
	f := p.c.Features[feature]
	if f == nil || !p.a.Subscription.Live() {
		return
	}
	has, need := p.has[feature], quantity.One
	if has.Remaining != nil {
		need = has.Remaining.Add(quantity.One)
	}
	for _, u := range entitlement.Check(p.in, feature, need).Unlock {
		if u.Addon == "" {
			continue
		}
		if o, after := p.option(catalog.Give{Addon: u.Addon, Quantity: u.Quantity}); after != nil {
			o.Kind = u.Kind
			if addon := p.c.Addons[u.Addon]; addon.OneOff() {
				o.Limits = []BillingLimit{{Feature: feature, Title: p.title(f), Before: inAWord(f, p.has), After: limitWords(u.Limit)}}
			}
			p.More = append(p.More, o)
		}
	}
}

// option is something that can be bought; nil when the subscription cannot take it at all.
func (p *page) option(give catalog.Give) (BillingOption, *subscription.Subscription) {
	sub := &p.a.Subscription
	o := BillingOption{Title: p.titleOf(give), Give: give, Action: "request", Limits: []BillingLimit{}}
	ch := offer.Change(give, sub, p.c)
	after, err := subscription.Apply(*sub, ch, p.a.Terms(p.c, p.state.Now))
	if err != nil {
		if fault.CodeOf(err) == "not_eligible" {
			return o, nil
		}
		o.Refuse, o.Action = messageOf(err), ""
		return o, sub
	}
	given := p.given(&after)
	for _, f := range p.features() {
		before, then := inAWord(f, p.has), inAWord(f, given)
		if before != then {
			o.Limits = append(o.Limits, BillingLimit{Feature: f.Key, Title: p.title(f), Before: before, After: then})
		}
	}
	if p.ask.Buyer {
		o.Action = "buy"
		if q, err := p.ask.Quote(ch); err == nil {
			o.Quote = &q
			more := q.Recurring.Minor
			if sub.Status == subscription.Active && sub.Interval == after.Interval {
				more -= sub.Recurring
			}
			o.More = p.money(more, q.Recurring.Currency)
		}
	}
	return o, &after
}

// given is what a subscription would give of every feature.
func (p *page) given(sub *subscription.Subscription) map[string]entitlement.Answer {
	in := p.in
	in.Subscription = sub
	out := make(map[string]entitlement.Answer, len(p.c.Features))
	for _, item := range entitlement.All(in) {
		out[item.Feature] = item.Answer
	}
	return out
}

// covers says whether all that is used today would be within the limits.
func (p *page) covers(given map[string]entitlement.Answer) bool {
	for i := range p.Allowances {
		used, has := p.Allowances[i].Used, given[p.Allowances[i].Feature]
		if !has.Unlimited && (has.Limit == nil && used > 0 || has.Limit != nil && used > *has.Limit) {
			return false
		}
	}
	return true
}

// preselect finds what the link led to.
func (p *page) preselect() {
	var sel Preselected
	switch {
	case p.ask.Decision != "":
		sel.By, sel.Decision = "decision", p.ask.Decision
		give, found := p.a.Offers.GiveOf(p.ask.Decision)
		kept, _ := p.a.Offers.Find(p.ask.Decision)
		sel.Give, sel.Offer = give, kept.Offer
		switch {
		case !found:
			sel.Why = "This offer is over."
		case kept.Closed != "":
			sel.Why = "This offer was " + kept.Closed + "."
		}
	case p.ask.Offer != "":
		sel.By, sel.Offer = "offer", p.ask.Offer
		if o := p.c.Offers[p.ask.Offer]; o != nil {
			sel.Give = o.Give
		} else {
			sel.Why = "There is no such offer any more."
		}
	case p.ask.Plan != "":
		sel.By, sel.Give = "plan", catalog.Give{Plan: p.ask.Plan}
		if p.c.Plans[p.ask.Plan] == nil {
			sel.Why = "There is no such plan."
		}
	default:
		return
	}
	if sel.Why == "" {
		p.choose(&sel)
	}
	p.Preselected = &sel
}

func (p *page) choose(sel *Preselected) {
	worth, o := offer.WorthOf(sel.Give, &p.a.Subscription, p.a.features(p.c, p.state.Now), p.a.Terms(p.c, p.state.Now))
	sel.Title = p.titleOf(sel.Give)
	if o != nil {
		sel.Why = o.Reason
		return
	}
	if sel.By == "offer" {
		sel.Give = worth.Give
	}
	sel.Action = "request"
	if p.ask.Buyer || offer.ForAnyone(sel.Give) {
		sel.Action = "buy"
	}
	if !p.ask.Buyer || offer.Free(sel.Give) {
		return
	}
	q, err := p.ask.Quote(offer.Change(sel.Give, &p.a.Subscription, p.c))
	if err != nil {
		sel.Action, sel.Why = "", messageOf(err)
		return
	}
	sel.Quote = &q
}
