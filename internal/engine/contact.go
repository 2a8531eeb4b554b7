package engine

import (
	"fmt"
	"strconv"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/experiment"
	"github.com/headroomhq/headroom/internal/offer"
)

// refusals are what forbids a contact of the account in the product: its own budgets, and those
// of the family when the account is its own root. What the person and another root say comes by
// claims; see DecideCall.
func (a *Account) refusals(c *catalog.Catalog, now clock.Time) []contact.Refusal {
	out := a.Contact.InProduct(&c.Contact, catalog.PerAccount, now)
	if a.Facts.Parent == "" {
		out = append(out, a.Contact.InProduct(&c.Contact, catalog.PerFamily, now)...)
	}
	return out
}

// silence is the refusal that follows a dismissal of the person in this account. Those of other
// accounts are known at the person's key, which hears of this one too; but not at once.
func (a *Account) silence(c *catalog.Catalog, user string, now clock.Time) []contact.Refusal {
	var last clock.Time
	for i := range a.Offers.Decisions {
		if k := &a.Offers.Decisions[i]; k.User == user && k.Closed == offer.Dismissed {
			last = max(last, k.ClosedAt)
		}
	}
	return contact.Silence(&c.Contact, last, now)
}

// unit is what the account is drawn by in holdouts and experiments: the root of its family, as
// it was when the account was first drawn.
func (a *Account) unit(family string) string {
	switch {
	case a.Unit != "":
		return a.Unit
	case family != "":
		return family
	case a.Facts.Parent != "":
		return a.Facts.Parent
	}
	return a.key
}

// heldOut says whether the account is in the global holdout; family is the root that the caller
// found.
func (a *Account) heldOut(c *catalog.Catalog, family string) bool {
	return c.Holdout > 0 && experiment.HeldOut(a.unit(family), c.Holdout)
}

// quiet returns the quiet rules in force.
func (a *Account) quiet(c *catalog.Catalog, now clock.Time) []contact.Quiet {
	return contact.InForce(&c.Contact, a.circumstances(c, now), now)
}

func (a *Account) circumstances(c *catalog.Catalog, now clock.Time) contact.Circumstances {
	out := contact.Circumstances{Downgraded: a.Downgraded}
	for i := range a.Known { // which nearly no account has any of
		f := &a.Known[i]
		switch f.Name {
		case account.FactIncident:
			if f.At <= now && (f.Until == 0 || f.Until > now) && f.Value == true {
				out.Incident, out.IncidentRef = true, f.Ref
			} else if f.Until <= now {
				out.IncidentEnded = max(out.IncidentEnded, f.Until)
			}
		case account.FactOverdue:
			out.Overdue = holds(f, now)
		case account.FactContacted:
			if f.Value != false && f.At <= now {
				out.Contacted = f.At
				out.By, _ = f.Value.(string)
			}
		case account.FactMuted:
			if out.Muted = holds(f, now); out.Muted {
				out.MutedUntil = f.Until
			}
		case account.FactSatisfaction:
			if v, ok := f.Value.(float64); ok && v < 5 && f.At <= now {
				out.Dissatisfied = f.At
				out.Said = fmt.Sprintf("a satisfaction of %s of 10", strconv.FormatFloat(v, 'f', -1, 64))
			}
		}
	}
	return out
}

// holds says whether a fact that is true or false is true at now.
func holds(f *account.Fact, now clock.Time) bool {
	return f.Value == true && f.At <= now && (f.Until == 0 || f.Until > now)
}
