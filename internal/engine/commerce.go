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
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/subscription"
)

// SubscribeCall is the body of a subscription record. Binding is the confirmation token's
// content when one was given: the change is refused unless it still costs what was shown.
type SubscribeCall struct {
	Change  subscription.Change   `json:"change"`
	Binding *subscription.Binding `json:"binding,omitempty"`
	// Bought: it takes back only what somebody of the account bought: by an offer, a request or a confirmed preview.
	Bought bool   `json:"bought,omitempty"`
	User   string `json:"user,omitempty"` // pseudonym of who confirms, where it is somebody of the account
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
	if call.Bought && call.Change.Undo && (a.Reversal == nil || a.Reversal.Sale == nil) {
		return refused(fault.New(fault.Conflict, "nothing_bought", "the last change of the subscription was not bought in the product, or can no longer be taken back").
			WithMend("change the subscription where it was changed"))
	}
	from := origin{source: "subscription", motion: "self_service"}
	if call.User != "" && !call.Change.Undo {
		from.sale = &sale{User: call.User}
	}
	quote, err := s.change(a, call.Change, call.Binding, from, c)
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
	sale                     *sale // of an offer or a request
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
		s.occur(a, subscriptionChanged, "", c, said("plan", a.Subscription.Plan))
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
	rev := &reversal{Standing: a.Ledger, Adopted: a.Adopted, Motion: from.motion, Ref: from.ref, Sale: from.sale}
	a.Subscription, a.Adopted = next, false
	a.Facts.UpdatedAt = s.Now
	for _, id := range slices.Sorted(maps.Keys(a.Imports)) { // Headroom keeps this subscription from here on
		if i := a.Imports[id]; i.Live {
			i.Live = false
			rev.Imports = append(rev.Imports, id)
		}
	}
	a.keepStart(&before, c)
	note := subscription.Describe(&before, &next, c)
	if from.why != "" {
		note += ", " + from.why
	}
	rev.At = cmp.Or(next.ChangedAt, s.Now)
	rev.Type = subscription.TypeOf(&before, &next, c)
	if rev.Downgraded = a.Downgraded; next.MRR() < a.Ledger.MRR {
		a.Downgraded = rev.At
	}
	rev.Trials = a.followTrials(&before, c)
	s.book(a, revenue.Change{
		Account: a.key, MRR: next.MRR(), Currency: next.Currency, EffectiveAt: rev.At, RecordedAt: s.Now,
		Type: rev.Type, Motion: from.motion, Source: from.source, Ref: from.ref, Note: note,
	})
	if a.Reversal = nil; next.Undo != nil {
		a.Reversal = rev
	}
	s.supersede(a, c)
	s.noticeLimits(a, c)
	s.trialsMoved(a, rev.Trials, c)
	s.standing(a, c)
}

// boughtOnce puts the next subscription in place after a change that only bought something once:
// no recurring revenue moved, and what another system bills is still that system's to keep.
func (s *State) boughtOnce(a *Account, next subscription.Subscription, from origin) {
	a.Subscription, a.Reversal = next, nil
	a.Facts.UpdatedAt = s.Now
	if next.Undo != nil {
		a.Reversal = &reversal{Standing: a.Ledger, At: cmp.Or(next.ChangedAt, s.Now), Motion: from.motion, Ref: from.ref, Adopted: a.Adopted, Sale: from.sale, Downgraded: a.Downgraded}
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
