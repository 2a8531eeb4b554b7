package engine

import (
	"encoding/json"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// DecideCall is the body of a decide record.
type DecideCall struct {
	Placement string     `json:"placement"`
	Feature   string     `json:"feature,omitempty"`
	Requested bool       `json:"requested,omitempty"`
	Role      offer.Role `json:"role,omitempty"`
	Profile   string     `json:"profile,omitempty"`
	Page      bool       `json:"page,omitempty"` // a page says all this, see Reader
	// Wanted is how much of Feature the person asks for now.
	Wanted quantity.Quantity `json:"wanted,omitempty"`
	// Intent is downgrade or cancel where the person is about to buy less: to the plan To, or nothing.
	Intent   string `json:"intent,omitempty"`
	To       string `json:"to,omitempty"`
	Language string `json:"language,omitempty"` // BCP 47, as the person reads
	// Family is the root of the account's family, and Claim the id under which the contact was
	// claimed of the person's and the root's budgets; empty when neither counts it. Refusals are
	// what those said instead. See State.claimContact.
	Family   string            `json:"family,omitempty"`
	Claim    string            `json:"claim,omitempty"`
	Refusals []contact.Refusal `json:"refusals,omitempty"`
	// Explain: the answer tells every offer and why not. What is kept of the decision does in any case.
	Explain bool `json:"explain,omitempty"`
	// Within is the channel that was claimed, or WithinAmbient: what asks for more attention was
	// not asked of all budgets, so it is not shown. Empty: not said.
	Within catalog.Channel `json:"within,omitempty"`
}

// WithinAmbient is DecideCall.Within where no contact was claimed.
const WithinAmbient catalog.Channel = "ambient"

// beyond is the refusal of what was not claimed.
func (q *DecideCall) beyond(now clock.Time) []contact.Refusal {
	channel := catalog.AnyChannel
	switch q.Within {
	case catalog.InProduct:
		channel = catalog.Interruptions
	case WithinAmbient:
	default:
		return nil
	}
	return []contact.Refusal{{Scope: catalog.PerPerson, Channel: channel, Code: "contact_budget", Until: now,
		Reason: "It came up while something else was decided, so the budgets were not asked"}}
}

// withoutFound is the body of a decide record as its sender asked.
func withoutFound(r *event.Record) []byte {
	call, err := decode[DecideCall](r)
	if err != nil {
		return r.Body
	}
	call.Family, call.Claim, call.Refusals, call.Within = "", "", nil, ""
	b, err := json.Marshal(call)
	if err != nil {
		return r.Body
	}
	return b
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
	if d.Status == "show" { // what was not asked for kept nothing away
		d.Refusals = in.Refusals[:len(in.Refusals)-len(call.beyond(s.Now))]
	}
	offer.Commit(in, d)
	if a.Offers.Decided > before {
		s.spendDecision(a, &call, &d, c)
		s.effects.Decisions = append(s.effects.Decisions, d)
		s.offered(a, &d, d.Give, c)
	}
	if !call.Explain {
		d.Considered = nil
	}
	return ok(d)
}

// OfferInput is what a decision is made from.
func (a *Account) OfferInput(c *catalog.Catalog, ask DecideCall, user string, now clock.Time) offer.Input {
	_, trialEnds := a.planTrial()
	var external bool
	ask.Profile, external = a.Reader(c, user, ask.Profile, ask.Page)
	in := offer.Input{
		Catalog: c, Account: a.key, Family: a.unit(ask.Family), User: user, Role: ask.Role,
		Subscription: *subscription.AsOf(&a.Subscription, now, c), Trials: a.Tries(now), Signals: a.Signals.Alive(now), Standing: a.standing(c, now),
		People: opportunity.WithPeople(a.Opportunities), Vars: a.Vars(ask.Role, ask.Profile, ask.Placement),
		TrialEndsAt: trialEnds, Placement: ask.Placement, Feature: ask.Feature, Wanted: ask.Wanted, Requested: ask.Requested,
		Quiet: a.quiet(c, now), Refusals: append(a.refusalsTo(&ask, user, c, now), ask.beyond(now)...), HeldOut: a.heldOut(c, ask.Family),
		Help: a.helpFirst(c, now), Leaving: ask.Intent != "", To: ask.To, Language: ask.Language,
		External: external, Profile: ask.Profile, State: &a.Offers, Salt: holdoutSalt, Now: now, ID: a.ids(),
	}
	reader := in.Vars["user"].(map[string]any)
	reader["language"], reader["external"] = strings.SplitN(ask.Language, ",", 2)[0], in.External
	known := in.Vars["account"].(map[string]any)
	in.Vars["account"] = once(func() map[string]any { // hardly any decision looks at it
		known["stage"] = string(a.Stage(c, now))
		return known
	})
	return in
}

// holdoutSalt separates the draw of holdouts from other draws by the same family.
const holdoutSalt = "holdout/1"

// standing answers for a feature when it is first asked about: most decisions look at few.
func (a *Account) standing(c *catalog.Catalog, now clock.Time) func(feature string) offer.Feature {
	in := a.Input(c, now)
	return func(feature string) offer.Feature {
		return standingOf(entitlement.Of(in, feature))
	}
}

// standingOf is an answer as offers see it.
func standingOf(item entitlement.Answer) offer.Feature {
	f := offer.Feature{Allowed: item.Allowed, Unlimited: item.Unlimited, ResetsAt: item.ResetsAt}
	if item.Usage != nil {
		f.Usage = *item.Usage
	}
	if item.Limit != nil {
		f.Limit = *item.Limit
	}
	if item.Remaining != nil {
		f.Remaining = *item.Remaining
	}
	return f
}
