package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/runner"
)

// Budgets of contacts are held where whoever they are of is: the person's at the person's key,
// the family's at its root's, the account's own with its other state. A contact asks the first
// two by claims, both at once; the account is asked last, by the record that makes the contact.
// What the others have granted by then is given back when it refuses.

// claimOf is a contact as it is claimed.
type claimOf struct {
	User    string // pseudonym; empty: nobody in particular
	Account string // who is contacted
	Family  string // the root, see familyOf
	Channel catalog.Channel
	About   string
	ID      string // the same for the same contact

	attempt string
	into    string // the pseudonym that holds the person's claim, where the person goes on as another
}

// familyOf returns the root of an account's family: the account itself where it has no parent, or
// is not known. Parents that go round in a circle have the one as root whose key comes first.
func (s *Server) familyOf(ctx context.Context, account string) (root string, err error) {
	chain, root := []string{}, account
	for range engine.MaxFamily + 1 {
		parent := ""
		err := s.Runner.ReadAnywhere(ctx, root, func(v runner.View) error {
			if v.Account != nil {
				parent = v.Account.Facts.Parent
			}
			return nil
		})
		if err != nil || parent == "" {
			return root, err
		}
		chain = append(chain, root)
		if i := slices.Index(chain, parent); i >= 0 {
			return slices.Min(chain[i:]), nil
		}
		root = parent
	}
	return root, nil
}

// records are the claims that the contact needs of the person and of the root; release gives them
// back. What no budget counts needs none.
func (s *Server) records(c *claimOf, p *catalog.ContactPolicy, release bool) ([]event.Record, error) {
	var out []event.Record
	add := func(scope catalog.Scope, key string) error {
		body, err := json.Marshal(engine.ClaimCall{ID: c.ID, Scope: scope, Channel: c.Channel, Account: c.Account, Attempt: c.attempt, Release: release})
		out = append(out, event.Record{Kind: event.KindClaim, Source: "api:contact", ID: "random:" + rand.Text(), Key: key,
			ReceivedAt: s.Clock.Now(), Body: body})
		return err
	}
	if c.User != "" && (p.AfterDismissal > 0 || contact.Counted(p, catalog.PerPerson, c.Channel)) {
		user := c.User
		if c.into != "" {
			user = c.into
		}
		if err := add(catalog.PerPerson, event.UserKey(user)); err != nil {
			return nil, err
		}
	}
	if c.Family != "" && c.Family != c.Account && contact.Counted(p, catalog.PerFamily, c.Channel) {
		if err := add(catalog.PerFamily, c.Family); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// claim asks the person's and the root's budgets, and spends both where both may. Where one
// refuses nothing stays spent. After an error something may stay spent: rather one contact
// less than one too many.
func (s *Server) claim(ctx context.Context, c *claimOf) (granted bool, refusals []contact.Refusal, err error) {
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return false, nil, err
	}
	p := &cat.Contact
	if refusals = s.glance(c, p); len(refusals) > 0 {
		return false, refusals, nil
	}
	if c.attempt == "" {
		c.attempt = rand.Text()[:8]
	}
	for range maxMoves {
		records, err := s.records(c, p, false)
		if err != nil || len(records) == 0 {
			return err == nil, nil, err
		}
		answers, _, err := s.Runner.CallAll(ctx, records...)
		if err != nil {
			return false, nil, err
		}
		refusals, moved := []contact.Refusal(nil), ""
		for _, a := range answers {
			if a.Fault != nil {
				return false, nil, a.Fault
			}
			var said engine.ClaimAnswer
			if err := json.Unmarshal(a.Body, &said); err != nil {
				return false, nil, err
			}
			refusals = append(refusals, said.Refusals...)
			moved += said.Into
		}
		if moved == "" && len(refusals) == 0 {
			return true, nil, nil
		}
		if len(refusals) > 0 {
			return false, refusals, s.unclaim(ctx, c)
		}
		c.into = moved // the root's claim is there already, and is found to be
	}
	return false, nil, fault.New(fault.Unavailable, "person_moving", "the person has just got another id").WithMend("try again")
}

// settle gives a claim back, or what is too much of it, where something else was decided in between
// than what it was made for.
func (s *Server) settle(ctx context.Context, c *claimOf, d *offer.Decision, requested bool) error {
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return err
	}
	switch channel := contacts(d, cat, requested); channel {
	case c.Channel:
		return nil
	case "":
		return s.unclaim(ctx, c)
	default: // it asks for less: the same claim, over the channel that it is made over
		c.Channel = channel
		_, _, err = s.claim(ctx, c)
		return err
	}
}

// contacts is the channel over which a decision contacts the person anew; empty: it does not. One
// that is held out counts as if it were shown.
func contacts(d *offer.Decision, cat *catalog.Catalog, requested bool) catalog.Channel {
	if d.Again || d.Status != "show" && d.Variant != "holdout" {
		return ""
	}
	return engine.SpendsAs(cat.Offers[d.OfferKey], requested)
}

// maxMoves bounds how often a person is followed from one pseudonym to the next.
const maxMoves = 8

// peek says what the person's and the family's budgets would refuse at a time. Nothing is spent.
func (s *Server) peek(ctx context.Context, c *claimOf, at clock.Time) (refusals []contact.Refusal, err error) {
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	look := func(scope catalog.Scope, key string) error {
		return s.Runner.ReadAnywhere(ctx, key, func(v runner.View) error {
			if v.Account != nil {
				refusals = append(refusals, v.Account.Contact.Refusals(&cat.Contact, scope, c.Channel, c.ID, at)...)
			}
			return nil
		})
	}
	if c.User != "" {
		err = look(catalog.PerPerson, event.UserKey(c.User))
	}
	if err == nil && c.Family != "" && c.Family != c.Account {
		err = look(catalog.PerFamily, c.Family)
	}
	return refusals, err
}

// glance looks at budgets that are at hand, so that a contact that would be refused costs no
// record.
func (s *Server) glance(c *claimOf, p *catalog.ContactPolicy) (refusals []contact.Refusal) {
	look := func(scope catalog.Scope, key string) {
		s.Runner.ReadNow(key, 0, func(v runner.View) {
			if v.Account != nil {
				refusals = append(refusals, v.Account.Contact.Refusals(p, scope, c.Channel, c.ID, v.State.Now)...)
			}
		})
	}
	if c.User != "" {
		look(catalog.PerPerson, event.UserKey(c.User))
	}
	if c.Family != "" && c.Family != c.Account {
		look(catalog.PerFamily, c.Family)
	}
	return refusals
}

// unclaim gives back what was claimed of the person and the root.
func (s *Server) unclaim(ctx context.Context, c *claimOf) error {
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return err
	}
	records, err := s.records(c, &cat.Contact, true)
	if err != nil || len(records) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Timeout) // whoever asked may be gone
	defer cancel()
	_, err = s.Runner.Submit(ctx, records...)
	return err
}
