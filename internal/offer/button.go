package offer

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// button is what the person can do about the offer: who can buy buys, others ask an admin;
// what changes nothing about the account anyone may do. The label is ours, until the offer's own
// takes its place.
func (x *deciding) button(c *chosen, decision string) CTA {
	g, w := c.give, x.tongue()
	cta := CTA{"buy", x.label(c, w), x.link(c, decision)}
	switch {
	case g.Talk != "":
		cta.Action = "contact_sales"
	case g.Refer != "":
		cta.Action = "refer"
	case g.Invite != "":
		cta.Action = "invite"
	case x.Role != Admin:
		cta.Action, cta.Label = "request", w.say("Ask an admin", "Administrator fragen")
	case g.Trial:
		cta.Action = "try"
	}
	return cta
}

// label is what the button says where the offer does not.
func (x *deciding) label(c *chosen, w tongue) string {
	switch g := c.give; {
	case g.Talk == "success":
		return w.say("Talk to us", "Mit uns sprechen")
	case g.Talk != "":
		return w.say("Talk to sales", "Mit dem Vertrieb sprechen")
	case g.Refer != "":
		return w.say("Tell others", "Weiterempfehlen")
	case g.Invite != "":
		return w.say("Invite", "Einladen")
	case g.Trial:
		return w.say("Try it", "Testen")
	case g.Interval != "":
		return w.say("Pay by the year", "Jährlich zahlen")
	case g.Addon != "":
		return w.say("Add", "Hinzufügen")
	case x.moves(c):
		return w.say("Switch to %s", "Zu %s wechseln", planTitle(x.Catalog, g.Plan))
	case c.offer.Save:
		return w.say("Stay on %s", "Bei %s bleiben", planTitle(x.Catalog, g.Plan))
	}
	return w.say("Upgrade", "Jetzt buchen")
}

// moves says whether the offer is a save to another plan than the account is on.
func (x *deciding) moves(c *chosen) bool {
	g := c.give
	return c.offer.Save && !g.Trial && g.Plan != "" && !(x.Subscription.Live() && x.Subscription.Plan == g.Plan)
}

// price is what whoever can buy sees; nil for others, and for what costs nothing.
func (x *deciding) price(c *chosen) *Price {
	if x.Role != Admin || Free(c.give) {
		return nil
	}
	w := c.worth
	currency := w.After.Currency
	p := &Price{
		Recurring:  money.Of(w.After.Recurring, currency),
		Difference: money.Of(w.Difference, currency),
		Interval:   string(w.After.Interval),
	}
	if a := x.Catalog.Addons[c.give.Addon]; a != nil && a.OneOff() {
		once := money.Of(w.Once, currency)
		p.Once = &once
	}
	if c.give.Interval != "" {
		saved := money.Of(w.Saved, currency)
		p.Saved = &saved
	}
	return p
}

func (c *chosen) expectation() *Expected {
	currency := c.currency()
	if currency == "" {
		return nil
	}
	return &Expected{Chance: chanceOf(c.offer), Year: money.Of(c.value(), currency),
		Value: money.Of(money.Minor(c.expected()/100), currency), Estimated: c.worth.Estimated}
}

// link is where the button leads: the offer's own link, that of what it is about, or the
// billing page; empty when the catalog has none. What is filled in is escaped, so that it stays
// one value wherever it stands.
func (x *deciding) link(c *chosen, decision string) string {
	links := &x.Catalog.Links
	to := c.offer.Link
	if to == "" && c.give.Invite != "" && links.Invite != "" {
		if forInvited(links.Invite) {
			return ""
		}
		to = links.Invite
	}
	return Link(cmp.Or(to, links.Billing), map[string]string{
		"offer": c.offer.Key, "decision": decision, "placement": x.Placement, "account": x.Account,
	})
}

// forInvited says whether a link is for one who was invited, and not for who is about to invite.
func forInvited(link string) bool {
	return strings.Contains(link, "{code}") || strings.Contains(link, "{invite}") || strings.Contains(link, "{request}")
}

// Link fills {name}s of a link, escaped. It is empty when the result is neither an http(s)
// address nor a path of the product itself: a link never runs anything.
func Link(to string, values map[string]string) string {
	for _, name := range sortedKeys(values) {
		to = strings.ReplaceAll(to, "{"+name+"}", url.QueryEscape(values[name]))
	}
	u, err := url.Parse(to)
	if err != nil || to == "" {
		return ""
	}
	switch {
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil:
		return to
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.ContainsAny(to, "\\\t\r\n"):
		return to
	}
	return ""
}

// maxLost bounds how many things a save says would be lost.
const maxLost = 10

// lost says what the account has now that it would not have on the plan it is about to take,
// or without any: what is used most first.
func (x *deciding) lost(w tongue) []string {
	then := x.Subscription
	then.Plan, then.PlanVersion, then.Addons = x.To, 0, nil
	type loss struct {
		words string
		used  quantity.Quantity
	}
	var all []loss
	for _, key := range sortedKeys(x.Catalog.Features) {
		f, at := x.Catalog.Features[key], x.feature(key)
		if !has(at) {
			continue
		}
		var next entitlement.Given
		if x.To != "" {
			next = entitlement.GivenOf(x.Catalog, &then, key)
		}
		title, _ := w.selling(f)
		switch counted := f.Counted(); {
		case !next.Allowed && counted && at.Usage > 0:
			all = append(all, loss{w.say("%s, %s in use", "%s, %s in Gebrauch", title, w.number(at.Usage)), at.Usage})
		case !next.Allowed:
			all = append(all, loss{title, 0})
		case !counted || next.Unlimited:
		case at.Usage > next.Limit:
			all = append(all, loss{w.say("%s of %s %s in use, above the limit of %s", "%[3]s: %[1]s von %[2]s über der Grenze von %[4]s",
				w.number(at.Usage-next.Limit), w.number(at.Usage), w.inside(title), w.number(next.Limit)), at.Usage})
		case at.Unlimited || at.Limit > next.Limit:
			all = append(all, loss{w.say("room for more than %s %s", "Platz für mehr als %s (%s)", w.number(next.Limit), w.inside(title)), 0})
		}
	}
	slices.SortStableFunc(all, func(a, b loss) int { return cmp.Compare(b.used, a.used) })
	var out []string
	for _, l := range all[:min(len(all), maxLost)] {
		out = append(out, l.words)
	}
	return out
}

// titleOf is what people call what a give gives.
func titleOf(cat *catalog.Catalog, give catalog.Give) string {
	if a := cat.Addons[give.Addon]; a != nil {
		return named(a.Title, a.Key)
	}
	if p := cat.Plans[give.Plan]; p != nil {
		return named(p.Title, p.Key)
	}
	if f := cat.Features[give.Feature]; f != nil {
		return named(f.Title, f.Key)
	}
	if r := cat.Referrals[give.Refer]; r != nil {
		return named(r.Title, r.Key)
	}
	if p := cat.Profiles[give.Invite]; p != nil {
		return named(p.Title, p.Key)
	}
	return give.Plan + give.Addon + give.Feature + give.Refer + give.Talk + give.Invite
}

func planTitle(cat *catalog.Catalog, key string) string {
	if p := cat.Plans[key]; p != nil {
		return named(p.Title, p.Key)
	}
	return key
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
