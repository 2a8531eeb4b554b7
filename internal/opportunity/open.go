package opportunity

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// OpenInput is everything the routing of a fired signal is decided from.
type OpenInput struct {
	Catalog      *catalog.Catalog
	Signal       signal.Signal
	Subscription subscription.Subscription
	Features     map[string]offer.Feature // as for offer.Decide
	Vars         map[string]any           // what conditions see of the account; amount and type are added
	Existing     []Opportunity            // the account's own
	Number       int64                    // of the next opportunity, rising from 1 per account
	Now          clock.Time
	ID           func(parts ...string) string // called with "opportunity" and Number
}

// Routed is where a fired signal went.
type Routed struct {
	// Opportunity is the one opened, or the open one that took the signal's evidence
	// (Joined); nil when the signal is left to offers.
	Opportunity *Opportunity
	Joined      bool
	Amount      money.Amount // estimated, a year's money
	Reason      string       // in plain words
}

// Bounds of what an opportunity collects from the signals that join it.
const (
	maxSignals  = 50
	maxEvidence = 2000 // bytes
)

// Route estimates what a fired signal is worth and sends it to people, or leaves it to
// self-service. There is at most one open opportunity per account and give: a signal for
// the same give adds its evidence to that one, wherever the routing would send it now.
func Route(in OpenInput) Routed {
	give, worth, reason := best(&in)
	if reason != "" {
		return Routed{Amount: money.Of(0, in.Catalog.Currency), Reason: reason}
	}
	amount := money.Of(max(worth.Year, 0), worth.After.Currency)
	for _, op := range in.Existing {
		if op.Open() && op.Give == give {
			joined := join(op, in.Signal, in.Now)
			return Routed{Opportunity: &joined, Joined: true, Amount: amount,
				Reason: "Joins the open opportunity of " + op.Owner + " for the same thing"}
		}
	}
	route, why := routeFor(&in, amount)
	reason = "Worth " + offer.Words(amount) + " a year, and " + why
	if route == nil || route.To == SelfService {
		return Routed{Amount: amount, Reason: reason}
	}
	return Routed{Amount: amount, Reason: reason, Opportunity: &Opportunity{
		ID: in.ID("opportunity", strconv.FormatInt(in.Number, 10)), Account: in.Signal.Account, Type: in.Signal.Type,
		Motion: motionOf(route), Owner: route.To, Involve: route.Involve, Play: route.Play, Stage: Open,
		Amount: amount, Signal: in.Signal.ID, Signals: []string{in.Signal.ID}, Reason: reason, Evidence: in.Signal.Evidence,
		Give: give, Version: 1, OpenedAt: in.Now, EditedAt: in.Now,
	}}
}

// SelfService is where a route sends what the product sells by itself.
const SelfService = "self_service"

// best returns what the account would most probably buy: of all that the signal's offers
// give and the account can take, the worthiest. The reason is set when there is none.
func best(in *OpenInput) (give catalog.Give, worth offer.Worth, reason string) {
	offers := in.Catalog.OffersOn(in.Signal.Key)
	if len(offers) == 0 {
		return give, worth, "No offer answers this signal"
	}
	var obstacles []string
	found := false
	for _, o := range offers {
		if o.For != nil {
			if yes, err := o.For.Eval(in.Vars); err != nil || !yes {
				obstacles = append(obstacles, o.Key+" is not for this account")
				continue
			}
		}
		g, sells := sale(o)
		if !sells {
			continue
		}
		w, obstacle := offer.WorthOf(g, &in.Subscription, in.Features, subscription.Terms{Catalog: in.Catalog, Now: in.Now, Eligible: condition.Holds(in.Vars)})
		switch {
		case obstacle != nil:
			obstacles = append(obstacles, o.Key+": "+obstacle.Reason)
		case !found || w.Year > worth.Year || w.Year == worth.Year && w.Scope > worth.Scope:
			give, worth, found = w.Give, w, true
		}
	}
	if !found {
		return give, worth, "None of the offers on this signal fits: " + strings.Join(obstacles, "; ")
	}
	return give, worth, ""
}

// sale is what people would sell where the product makes an offer: of a trial what is tried.
// What brings no money by itself, or is for who is about to leave, they do not.
func sale(o *catalog.Offer) (catalog.Give, bool) {
	g := o.Give
	g.Trial = false
	return g, !o.Save && !offer.ForAnyone(g) && g.Feature == "" && g.Interval == ""
}

// routeFor returns the first route that fits and says why in plain words; nil when none
// does, which leaves it to self-service.
func routeFor(in *OpenInput, amount money.Amount) (*catalog.Route, string) {
	vars := maps.Clone(in.Vars)
	if vars == nil {
		vars = make(map[string]any)
	}
	major := float64(amount.Minor)
	for range amount.Currency.Exponent() {
		major /= 10
	}
	vars["amount"], vars["type"] = major, string(in.Signal.Type)
	for _, r := range in.Catalog.Routing {
		if r.When == nil {
			return r, "the catalog sends everything else to " + r.To
		}
		// A condition that cannot be judged does not hold: package condition says so too.
		if yes, err := r.When.Eval(vars); err != nil || !yes {
			continue
		}
		if m := atLeast.FindStringSubmatch(r.When.Source); m != nil {
			return r, "the catalog sends amounts of at least " + signal.Grouped(m[1]) + " to " + r.To
		}
		return r, "the catalog sends what fits \"" + r.When.Source + "\" to " + r.To
	}
	return nil, "no route of the catalog fits, so it stays self-service"
}

// atLeast is the form most routes have.
var atLeast = regexp.MustCompile(`^\s*amount\s*>=\s*([0-9]+(?:\.[0-9]+)?)\s*$`)

func motionOf(r *catalog.Route) string {
	switch {
	case r.Motion != "":
		return r.Motion
	case strings.Contains(r.To, "success"):
		return "success"
	case strings.Contains(r.To, "partner"):
		return "partner"
	}
	return "sales"
}

// join adds a signal's evidence to an open opportunity. The amount stays: people may have
// put their own.
func join(op Opportunity, s signal.Signal, now clock.Time) Opportunity {
	if slices.Contains(op.Signals, s.ID) {
		return op
	}
	if op.Signals = slices.Clone(op.Signals); s.ID != "" {
		op.Signals = append(op.Signals, s.ID)
	}
	if extra := len(op.Signals) - maxSignals; extra > 0 {
		op.Signals = slices.Delete(op.Signals, 1, 1+extra) // the first one opened it
	}
	if !strings.Contains(op.Evidence, s.Evidence) && len(op.Evidence)+len(s.Evidence)+2 <= maxEvidence {
		op.Evidence += "; " + s.Evidence
	}
	op.Version++
	op.EditedAt = now
	return op
}

// WithPeople returns what offers need to know of the open ones among ops.
func WithPeople(ops []Opportunity) []offer.WithPeople {
	var out []offer.WithPeople
	for _, op := range ops {
		if op.Open() {
			out = append(out, offer.WithPeople{Owner: op.Owner, Signals: op.Signals, Give: op.Give})
		}
	}
	return out
}
