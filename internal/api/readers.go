package api

import (
	"context"
	"maps"
	"slices"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/runner"
)

// checkProfile refuses a profile that the catalog does not have, where it has any. What a page says is not
// refused: who has such a profile is external there, see engine.Reader.
func (s *Server) checkProfile(ctx context.Context, field, profile string) error {
	if profile == "" || principal(ctx).Kind == access.Browser {
		return nil
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil || len(cat.Profiles) == 0 || cat.Profiles[profile] != nil {
		return err
	}
	known := slices.Sorted(maps.Keys(cat.Profiles))
	f := fault.New(fault.Invalid, "profile_unknown", "the catalog has no profile %q", fault.Shorten(profile)).
		WithField(field, profile, "is not in the catalog")
	if near := condition.Nearest(profile, known); near != "" {
		return f.WithMend("did you mean %q?", near)
	}
	return f.WithMend("name one of %q", known[:min(len(known), 10)])
}

// hasAccount refuses an account that nobody ever named: a mistyped key makes none.
func (s *Server) hasAccount(ctx context.Context, account string) error {
	return s.account(ctx, &accountRead{AccountParam: AccountParam{account}}, func(runner.View) error { return nil })
}

// forOutsiders says whether the catalog has an offer for people who are external to the customer that gives such.
func forOutsiders(c *catalog.Catalog, gives func(*catalog.Give) bool) bool {
	for _, o := range c.Offers {
		if o.External && gives(&o.Give) {
			return true
		}
	}
	return false
}

// inside refuses an unknown account, and a page's person who is external to the customer unless an offer for
// such people gives what they ask for.
func (s *Server) inside(ctx context.Context, account, user string, gives func(*catalog.Give) bool) error {
	return s.account(ctx, &accountRead{AccountParam: AccountParam{account}}, func(v runner.View) error {
		if principal(ctx).Kind != access.Browser {
			return nil
		}
		if _, external := v.Account.Reader(v.Catalog, s.people.name(user), "", true); external && !forOutsiders(v.Catalog, gives) {
			return fault.New(fault.Denied, "external_person", "people of this profile are external to the customer, who has not switched this on for them").
				WithMend("make an offer of it with `external: true` in the catalog")
		}
		return nil
	})
}

// ownDecision refuses a page of what was decided for somebody else, unless others may see it.
func (s *Server) ownDecision(ctx context.Context, account, id string, others bool) error {
	p := principal(ctx)
	if p.Kind != access.Browser || others {
		return nil
	}
	kept, found := offer.Kept{}, false
	if err := s.offersOf(ctx, account, func(st *offer.State) { kept, found = st.Find(id) }); err != nil || !found {
		return err
	}
	me := s.people.name(p.User)
	own := kept.User == me
	if !own && kept.User != "" { // whom it was decided for before an alias call
		_, now, err := s.person(ctx, kept.User)
		if err != nil {
			return err
		}
		own = now == me
	}
	if !own {
		return fault.New(fault.NotFound, "decision_unknown", "decision %q is not known to account %q, or was forgotten a week after it expired", fault.Shorten(id), fault.Shorten(account)).
			WithMend("decide again and use the decision_id of the answer")
	}
	return nil
}

// forOutside leaves of a billing page what a person who is external to the customer may see.
func forOutside(page *engine.BillingPage, c *catalog.Catalog) {
	page.Requests, page.Options, page.More, page.Discounts = page.Requests[:0], page.Options[:0], page.More[:0], page.Discounts[:0]
	if p := page.Preselected; p != nil {
		if o := c.Offers[p.Offer]; o == nil || !o.External {
			page.Preselected = nil
		}
	}
}

// impersonal refuses a value that looks as if it named somebody: it would be kept in clear.
func impersonal(field, value string) error {
	if !event.Personal("value", event.Value{Kind: event.String, Text: value}) {
		return nil
	}
	return fault.New(fault.Invalid, event.CodePersonal, "%s looks like an email address or free text", field).
		WithMend("write a short key: it is kept in clear").WithField(field, value, "must not name a person")
}
