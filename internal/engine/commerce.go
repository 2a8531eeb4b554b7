package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// SubscribeCall is the body of a subscription record. Binding is the confirmation token's
// content when one was given: the change is refused unless it still costs what was shown.
type SubscribeCall struct {
	Change  subscription.Change   `json:"change"`
	Binding *subscription.Binding `json:"binding,omitempty"`
}

// Subscribed is an account's subscription with its entitlements, and after a change what that
// change charged, dropped and carried.
type Subscribed struct {
	Account string `json:"account"`
	subscription.Subscription
	Recurring    money.Amount               `json:"recurring"` // each interval
	MRR          money.Amount               `json:"mrr"`
	Undo         *Undoable                  `json:"undo,omitempty"` // how the last change can be undone
	Now          *money.Amount              `json:"now,omitempty"`
	Lines        []subscription.InvoiceLine `json:"lines,omitzero"`
	Dropped      []subscription.Dropped     `json:"dropped,omitzero"`
	Carried      []subscription.AddonLine   `json:"carried,omitzero"`
	Entitlements []entitlement.Item         `json:"entitlements"`
}

// Undoable is what undoing the last change would give back (negative amounts), and until when
// it can be done.
type Undoable struct {
	Until clock.Time   `json:"until"`
	Now   money.Amount `json:"now"`
}

func (s *State) subscribe(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[SubscribeCall](r)
	if err != nil {
		return refused(err)
	}
	quote, err := s.change(a, call.Change, call.Binding, origin{source: "subscription", motion: "self_service"}, c)
	if err != nil {
		return refused(err)
	}
	return ok(s.Subscribed(a, c).with(quote))
}

// Subscribed is the account's subscription with its entitlements, for reads and answers.
func (s *State) Subscribed(a *Account, c *catalog.Catalog) Subscribed {
	sub := a.Subscription
	out := Subscribed{Account: a.key, Subscription: sub, Recurring: money.Of(sub.Recurring, sub.Currency),
		MRR: sub.MRR().Amount(sub.Currency), Entitlements: entitlement.All(a.Input(c, s.Now))}
	if u := sub.Undo; u != nil && s.Now < u.Until {
		out.Undo = &Undoable{Until: u.Until, Now: money.Of(-u.Now.Minor, u.Now.Currency)}
	}
	return out
}

// with adds what the change that was just made charged.
func (s Subscribed) with(q subscription.Quote) Subscribed {
	s.Now, s.Lines, s.Dropped, s.Carried = &q.Now, q.Lines, q.Dropped, q.Carried
	return s
}

// origin says what led to a change of revenue, for the ledger line.
type origin struct {
	source, ref, motion, why string
}

// change makes a subscription change, writes the ledger, and returns what was charged. With a
// binding that is what was shown: the change is refused when it would be another.
func (s *State) change(a *Account, ch subscription.Change, b *subscription.Binding, from origin, c *catalog.Catalog) (subscription.Quote, error) {
	if s.Catalog == "" {
		return subscription.Quote{}, noCatalog()
	}
	if b != nil {
		if err := b.Fits(a.key, &a.Subscription, s.Catalog); err != nil {
			return subscription.Quote{}, err
		}
		if ch.Undo != b.Change.Undo {
			return subscription.Quote{}, fault.New(fault.Stale, "token_invalid", "the confirmation token was made for another change").
				WithMend("preview this change and confirm what it shows")
		}
		ch = b.Change
	}
	quote, next, err := subscription.Preview(a.Subscription, ch, a.Terms(c, s.Now))
	if err != nil {
		return quote, err
	}
	if b != nil {
		// The seconds since the preview do not change what was shown and confirmed, as long as
		// it is about the same period and the same prices.
		if err := b.Holds(&a.Subscription, quote, s.Now); err != nil {
			return quote, err
		}
		quote = b.Quote
		next = next.Charged(quote)
	}
	if given := grantsOf(ch.Once, c); given > 0 && len(a.Entitled.Grants)+given > entitlement.MaxGrants {
		return quote, fault.New(fault.Conflict, "too_many_grants", "the account has %d grants that are not used up, and this would give %d more", len(a.Entitled.Grants), given).
			WithMend("revoke some, or buy fewer and larger ones")
	}
	if ch.Undo {
		s.takeBack(a, next, c)
	} else {
		if ch.OnlyOnce() {
			s.boughtOnce(a, next, from)
		} else {
			s.replace(a, next, from, c)
		}
		if given := s.topUp(a, ch.Once, c); len(given) > 0 {
			if a.Reversal != nil {
				a.Reversal.Grants = given
			}
			s.noticeLimits(a, c)
		}
	}
	return quote, nil
}

// grantsOf counts the grants that what is bought once gives.
func grantsOf(lines []subscription.AddonLine, c *catalog.Catalog) int {
	n := 0
	for _, line := range lines {
		if addon := c.Addons[line.Key]; addon != nil {
			n += len(entitlement.TopUp(addon, max(line.Quantity, 1), 0))
		}
	}
	return n
}

func noCatalog() error {
	return fault.New(fault.Conflict, "no_catalog", "there is no catalog yet, so there is no plan to subscribe to").
		WithMend("apply one with `headroom catalog apply` or PUT /v1/catalog")
}

// replace puts the next subscription in place, books its MRR and tells the limit rules.
func (s *State) replace(a *Account, next subscription.Subscription, from origin, c *catalog.Catalog) {
	before := a.Subscription
	rev := &reversal{Standing: a.Ledger, Adopted: a.Adopted, Motion: from.motion, Ref: from.ref}
	a.Subscription, a.Adopted = next, false
	a.Facts.UpdatedAt = s.Now
	for _, id := range slices.Sorted(maps.Keys(a.Imports)) { // Headroom keeps this subscription from here on
		if i := a.Imports[id]; i.Live {
			i.Live = false
			rev.Imports = append(rev.Imports, id)
		}
	}
	note := subscription.Describe(&before, &next, c)
	if from.why != "" {
		note += ", " + from.why
	}
	rev.At = cmp.Or(next.ChangedAt, s.Now)
	rev.Type = subscription.TypeOf(&before, &next, c)
	rev.Trials = a.followTrials(&before, c)
	s.book(a, revenue.Change{
		Account: a.key, MRR: next.MRR(), Currency: next.Currency, EffectiveAt: rev.At, RecordedAt: s.Now,
		Type: rev.Type, Motion: from.motion, Source: from.source, Ref: from.ref, Note: note,
	})
	if a.Reversal = nil; next.Undo != nil {
		a.Reversal = rev
	}
	s.noticeLimits(a, c)
}

// boughtOnce puts the next subscription in place after a change that only bought something once:
// no recurring revenue moved, and what another system bills is still that system's to keep.
func (s *State) boughtOnce(a *Account, next subscription.Subscription, from origin) {
	a.Subscription, a.Reversal = next, nil
	a.Facts.UpdatedAt = s.Now
	if next.Undo != nil {
		a.Reversal = &reversal{Standing: a.Ledger, At: cmp.Or(next.ChangedAt, s.Now), Motion: from.motion, Ref: from.ref, Adopted: a.Adopted}
	}
}

// book writes the ledger lines that bring the account to an MRR.
func (s *State) book(a *Account, ch revenue.Change) {
	if ch.Currency == "" {
		ch.Currency = a.Ledger.Currency
	}
	lines, standing, err := a.Ledger.Append(ch)
	if err != nil { // only a negative MRR, which subscriptions and imports refuse before
		a.problem("ledger: " + err.Error())
		return
	}
	s.repriced(a, a.Ledger, standing)
	a.Ledger = standing
	s.effects.Lines = append(s.effects.Lines, lines...)
}

// fired keeps signals that just fired and sends each to people or leaves it to offers.
func (s *State) fired(a *Account, fired []signal.Signal, c *catalog.Catalog) {
	if len(fired) > 0 {
		a.cold = nil // opportunities, and the numbers of ids
	}
	for _, sig := range fired {
		s.effects.Signals = append(s.effects.Signals, sig)
		if len(c.Routing) == 0 {
			continue
		}
		routed := opportunity.Route(opportunity.OpenInput{
			Catalog: c, Signal: sig, Subscription: a.Subscription, Features: a.features(c, s.Now),
			Vars: a.Vars("", "", ""), Existing: a.Opportunities, Number: a.Opened + 1, Now: s.Now, ID: a.ids(),
		})
		if routed.Opportunity == nil {
			continue
		}
		if routed.Joined {
			s.keep(a, *routed.Opportunity)
			continue
		}
		a.Opened++
		a.Opportunities = append(a.Opportunities, *routed.Opportunity)
		s.effects.Opportunities = append(s.effects.Opportunities, *routed.Opportunity)
		a.forgetClosed()
	}
}

// maxClosed bounds how many closed opportunities an account keeps in state; lists have all.
const maxClosed = 20

func (a *Account) forgetClosed() {
	closed := 0
	for i, op := range slices.Backward(a.Opportunities) {
		if op.ClosedAt == 0 {
			continue
		}
		if closed++; closed > maxClosed {
			a.Opportunities = append(a.Opportunities[:i], a.Opportunities[i+1:]...)
		}
	}
}

// keep replaces an opportunity by its newer self.
func (s *State) keep(a *Account, op opportunity.Opportunity) {
	for i := range a.Opportunities {
		if a.Opportunities[i].ID == op.ID {
			a.Opportunities[i] = op
		}
	}
	s.effects.Opportunities = append(s.effects.Opportunities, op)
}

// EditCall is the body of an opportunity record.
type EditCall struct {
	ID   string           `json:"id"`
	Edit opportunity.Edit `json:"edit"`
}

// edit changes an opportunity as a person asked; winning it changes the subscription.
func (s *State) edit(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[EditCall](r)
	if err != nil {
		return refused(err)
	}
	for _, op := range a.Opportunities {
		if op.ID != call.ID {
			continue
		}
		edited, won, err := opportunity.Apply(op, call.Edit, s.Now, a.Opportunities...)
		if err != nil {
			return refused(err)
		}
		if won {
			from := origin{source: "opportunity", ref: op.ID, motion: op.Motion, why: "won by " + edited.Owner}
			if _, err := s.change(a, offer.Change(op.Give, &a.Subscription, c), nil, from, c); err != nil {
				return refused(err)
			}
		}
		s.keep(a, edited)
		return ok(edited)
	}
	return refused(fault.New(fault.NotFound, "opportunity_not_found", "opportunity %q is not known, or was closed long ago", fault.Shorten(call.ID)).
		WithMend("list what there is with GET /v1/opportunities"))
}

// DecideCall is the body of a decide record.
type DecideCall struct {
	Placement string     `json:"placement"`
	Feature   string     `json:"feature,omitempty"`
	Requested bool       `json:"requested,omitempty"`
	Role      offer.Role `json:"role,omitempty"`
	Profile   string     `json:"profile,omitempty"`
}

// decide makes the decision again as Step and keeps it: it is about to be shown.
func (s *State) decide(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[DecideCall](r)
	if err != nil {
		return refused(err)
	}
	in := a.OfferInput(c, call, r.User, s.Now)
	before := a.Offers.Decided
	d := offer.Decide(in)
	offer.Commit(in, d)
	if a.Offers.Decided > before {
		s.effects.Decisions = append(s.effects.Decisions, d)
	}
	return ok(d)
}

// OutcomeCall is the body of an outcome record: Act for an outcome of a decision, or
// Request and Approve for an admin's answer to an upgrade request.
type OutcomeCall struct {
	Act     offer.Act             `json:"act"`
	Binding *subscription.Binding `json:"binding,omitempty"`
	Request string                `json:"request,omitempty"`
	Approve bool                  `json:"approve,omitempty"`
	By      string                `json:"by,omitempty"` // pseudonym
}

// OutcomeAnswer is what the sender of an outcome is told.
type OutcomeAnswer struct {
	offer.Outcome
	Subscription *Subscribed         `json:"subscription,omitempty"` // after acceptance
	Check        *entitlement.Answer `json:"check,omitempty"`        // of the decision's feature, after acceptance
	RequestID    string              `json:"request_id,omitempty"`
	Request      *offer.Request      `json:"request,omitempty"`
}

func (s *State) outcome(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[OutcomeCall](r)
	if err != nil {
		return refused(err)
	}
	if call.Request != "" {
		return s.answerRequest(a, call, c)
	}
	before := clone(a.Offers) // a refused subscription change must leave the offer as it was
	res, err := offer.Record(&a.Offers, call.Act, a.key, s.Now, a.ids())
	if err != nil {
		return refused(err)
	}
	out := OutcomeAnswer{Outcome: res.Outcome}
	if res.Request != nil {
		out.RequestID, out.Request = res.Request.ID, res.Request
	}
	if res.Give != nil {
		if !res.Repeated {
			from := origin{source: "offer", ref: res.Decision.ID, motion: "self_service", why: "from offer " + res.Decision.Offer}
			if _, err := s.change(a, offer.Change(*res.Give, &a.Subscription, c), call.Binding, from, c); err != nil {
				a.Offers = before
				return refused(err)
			}
		}
		sub := s.Subscribed(a, c)
		out.Subscription = &sub
		if f := a.featureOf(res.Decision, *res.Give, c); f != "" {
			check := entitlement.Check(a.Input(c, s.Now), f, quantity.One)
			out.Check = &check
		}
	}
	if !res.Repeated {
		s.effects.Outcomes = append(s.effects.Outcomes, res.Outcome)
		s.requests(res.Request, res.Fulfilled)
	}
	return ok(out)
}

// featureOf is the feature a decision was about: its own, its signal's, or the only one it gives.
func (a *Account) featureOf(d offer.Kept, g catalog.Give, c *catalog.Catalog) string {
	if d.Feature != "" {
		return d.Feature
	}
	for _, sig := range a.Signals.Live {
		if sig.ID == d.Signal && sig.Data["feature"] != "" {
			return sig.Data["feature"]
		}
	}
	if addon := c.Addons[g.Addon]; addon != nil && len(addon.Entitlements) == 1 {
		for f := range addon.Entitlements {
			return f
		}
	}
	return ""
}

func (s *State) requests(one *offer.Request, more []offer.Request) {
	if one != nil {
		s.effects.Requests = append(s.effects.Requests, *one)
	}
	s.effects.Requests = append(s.effects.Requests, more...)
}

// answerRequest approves or declines an upgrade request; approval activates.
func (s *State) answerRequest(a *Account, call OutcomeCall, c *catalog.Catalog) Answer {
	before := clone(a.Offers)
	res, err := offer.Answer(&a.Offers, call.Request, call.Approve, call.By, s.Now)
	if err != nil {
		return refused(err)
	}
	out := OutcomeAnswer{RequestID: res.Request.ID, Request: &res.Request}
	if res.Give != nil {
		if !res.Repeated {
			from := origin{source: "request", ref: res.Request.ID, motion: "self_service", why: "approved request for offer " + res.Request.Offer}
			if _, err := s.change(a, offer.Change(*res.Give, &a.Subscription, c), call.Binding, from, c); err != nil {
				a.Offers = before
				return refused(err)
			}
		}
		sub := s.Subscribed(a, c)
		out.Subscription = &sub
	}
	if !res.Repeated {
		if res.Outcome != nil {
			s.effects.Outcomes = append(s.effects.Outcomes, *res.Outcome)
		}
		s.requests(&res.Request, res.Fulfilled)
	}
	return ok(out)
}

// pass does what the passing of time brings an account at the moment due, by kind in
// alphabetical order, but for what ends before the next period begins: the value ledger, imports,
// meters, rollovers, subscription, trials, grants and the like, trial signals, other signals.
func (s *State) pass(a *Account, due clock.Time, c *catalog.Catalog) {
	s.closeValue(a, due, c)
	s.endImports(a, due)
	s.closePeriods(a, due)
	s.rollOver(a, c)
	for {
		next, what := subscription.Advance(a.Subscription, due, c)
		if what.Kind == subscription.NothingDue {
			break
		}
		if what.Kind == subscription.Settled {
			a.Subscription, a.Reversal = next, nil
			continue
		}
		from := origin{source: "subscription"}
		if what.Kind == subscription.ChangeFailed { // otherwise the note says what happened as it is
			from.why = what.Note
		}
		s.replace(a, next, from, c)
	}
	s.passTrials(a, due)
	s.passEntitled(a, due, c)
	if plan, ends := a.planTrial(); ends != 0 {
		if p := c.Plans[plan]; p != nil {
			t := signal.Trial{Plan: p.Key, Title: p.Title, EndsAt: ends}
			s.fired(a, signal.OnTrial(&a.Signals, t, c.SignalsOnTrial(), s.context(a, "")), c)
		}
	}
	s.passSignals(a, c)
}
