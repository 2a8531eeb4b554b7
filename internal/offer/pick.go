package offer

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/signal"
)

// chosen is an offer on its way to a person.
type chosen struct {
	offer  *catalog.Offer
	worth  *Worth         // nil before it is known
	give   catalog.Give   // what accepting gives this account
	signal *signal.Signal // nil when it was asked for
	code   string         // once rejected or picked
	reason string
	stage  int // how far it came through the rules
	again  *Kept
	covers bool // a top-up that covers what is missing now
}

// defaultChance is how many percent of those who see an offer are expected to accept it where
// the catalog does not say.
const defaultChance = 10

func chanceOf(o *catalog.Offer) int64 { return cmp.Or(o.Chance, defaultChance) }

func (c *chosen) value() money.Minor { return c.worth.value(c.offer.Save) }

// expected is the expected value in hundredths of a minor unit: exact, and at most 10^17.
func (c *chosen) expected() int64 { return int64(c.value()) * chanceOf(c.offer) }

// pick returns the offer of the highest expected value, a year's money times the chance that it
// is accepted: of those within a tenth of the highest the one of the widest scope, then of the
// highest expected value, then by key. Of several top-ups that cover what is missing only the
// cheapest competes.
func pick(open []*chosen) *chosen {
	var top int64
	for _, c := range open {
		if dearer(c, open) == nil {
			top = max(top, c.expected())
		}
	}
	var best *chosen
	for _, c := range open {
		if c.expected() < top-top/10 || dearer(c, open) != nil {
			continue
		}
		if best == nil || cmp.Or(
			cmp.Compare(c.worth.Scope, best.worth.Scope),
			cmp.Compare(c.expected(), best.expected()),
			cmp.Compare(best.offer.Key, c.offer.Key),
		) > 0 {
			best = c
		}
	}
	return best
}

// dearer returns the open top-up that covers what is missing for less than c, a top-up, does;
// nil when c is no top-up or the cheapest.
func dearer(c *chosen, open []*chosen) *chosen {
	if c.worth.Once == 0 || !c.covers {
		return nil
	}
	for _, other := range open {
		if other != c && other.covers && cmp.Or(cmp.Compare(other.worth.Once, c.worth.Once), cmp.Compare(other.offer.Key, c.offer.Key)) < 0 {
			return other
		}
	}
	return nil
}

// settle shows the best offer, or holds it out, and says why the others stood back.
func (x *deciding) settle(d *Decision, best *chosen, open []*chosen) {
	for _, c := range open {
		if c != best {
			c.code, c.reason = "outranked", "It could be shown, but "+outranks(best, c, open)
		}
	}
	o := best.offer
	d.OfferKey, d.Give, d.At, d.ExpiresAt = o.Key, best.give, x.Now, x.Now.Add(Life)
	if best.signal != nil {
		d.Signal = best.signal.ID
	}
	if best.again != nil {
		d.ID, d.At, d.ExpiresAt, d.Again = best.again.ID, best.again.At, best.again.ExpiresAt, true
	} else {
		d.ID = x.ID("decision", strconv.FormatInt(x.State.Decided+1, 10))
	}
	if o.Holdout > 0 || x.Catalog.Holdout > 0 {
		d.Variant = "treatment"
	}
	if x.HeldOut || Holdout(x.Family, o.Key, x.Salt, o.Holdout) {
		d.Variant, d.Reason, best.code = "holdout", "holdout", "holdout"
		best.reason = fmt.Sprintf("The account's family belongs to the %d%% that never see it, to measure what it earns", o.Holdout)
		if x.HeldOut {
			best.reason = fmt.Sprintf("The account's family belongs to the %d%% that see no offer at all, to measure what offers earn", x.Catalog.Holdout)
		}
		return
	}
	d.Status, d.Reason, best.code = "show", "signal", "chosen"
	switch {
	case best.signal != nil:
	case x.Leaving && !x.Requested:
		d.Reason = "leaving"
	default:
		d.Reason = "requested"
	}
}

// outranks says why best goes before c.
func outranks(best, c *chosen, open []*chosen) string {
	if other := dearer(c, open); other != nil {
		return other.offer.Key + " covers what is missing for less"
	}
	first := best.offer.Key + " goes first: "
	near := best.expected() <= c.expected() || c.expected() >= best.expected()-best.expected()/10
	switch {
	case best.worth.Scope > c.worth.Scope && near && c.worth.Scope == MoreSeats:
		return first + "of near-equal value, wider scope goes before seats"
	case best.worth.Scope > c.worth.Scope && near:
		return first + "of near-equal value, new scope goes before more of the same"
	case best.expected() > c.expected():
		return first + best.sum() + " against " + c.sum()
	}
	return first + "of equal value, the order of the keys decides"
}

// sum says what the expected value is made of.
func (c *chosen) sum() string {
	words := "worth " + Words(money.Of(c.value(), c.currency())) + " a year"
	if c.worth.Once > 0 {
		words = "worth " + Words(money.Of(c.value(), c.currency()))
	}
	return words + " at a chance of " + strconv.FormatInt(chanceOf(c.offer), 10) + "%"
}

func (c *chosen) currency() money.Currency {
	return c.worth.After.Currency
}

// furthest returns the code of the offer that came furthest through the rules, the first of
// several. all are the candidates among offers, none of which came through.
func (x *deciding) furthest(all []chosen, offers []*catalog.Offer) string {
	if len(offers) == 0 {
		return "no_offer"
	}
	stage, code := -1, ""
	for i := range all {
		if all[i].stage > stage {
			stage, code = all[i].stage, all[i].code
		}
	}
	if len(all) == len(offers) || stage > aliveStage {
		return code
	}
	stage = -1
	for _, o := range offers {
		c := chosen{offer: o}
		if x.through(&c, rules[:aliveStage+1]); c.stage > stage {
			stage, code = c.stage, c.code
		}
		if stage == aliveStage {
			break // as far as any of them comes
		}
	}
	return code
}
