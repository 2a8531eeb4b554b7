package api

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

type offerPreviewRequest struct {
	Body struct {
		Offer     string            `json:"offer" maxLength:"200" doc:"which offer, of the catalog after the edits"`
		Account   string            `json:"account" maxLength:"512" doc:"to whom: its plan and usage fill the texts"`
		Placement string            `json:"placement" maxLength:"512" doc:"where it would appear"`
		User      string            `json:"user,omitempty" maxLength:"512" doc:"to whom in the account; nobody that is known when left out"`
		Role      string            `json:"role,omitempty" enum:"admin,member" doc:"who can buy sees the price; admin when left out"`
		Profile   string            `json:"profile,omitempty" maxLength:"200" doc:"the role the user plays in the product; what is known of the person when left out"`
		Language  string            `json:"language,omitempty" maxLength:"200" example:"de-AT" doc:"as the person reads (BCP 47)"`
		Feature   string            `json:"feature,omitempty" maxLength:"200" doc:"what the moment is about; what the placement is about when left out"`
		Quantity  quantity.Quantity `json:"quantity,omitempty" doc:"how much of the feature the person wants now"`
		Intent    string            `json:"intent,omitempty" enum:"downgrade,cancel" doc:"the person is about to buy less: as saves are shown"`
		Plan      string            `json:"plan,omitempty" maxLength:"200" doc:"with the intent downgrade, the plan they are about to take"`
		Edits     []CatalogEdit     `json:"edits,omitempty" maxItems:"200" doc:"of a draft, made one after the other; none: the active catalog"`
		Base      string            `json:"base,omitempty" maxLength:"40" doc:"the version the edits are made for: refused (412) when another is active"`
	}
}

// OfferObstacle is a rule that keeps an offer away.
type OfferObstacle struct {
	Code   string `json:"code" doc:"stable code, as considered offers have; not_here: the placement is none of the offer's"`
	Reason string `json:"reason" doc:"in plain words"`
}

// OfferFill is a placeholder with the words that take its place.
type OfferFill struct {
	Name  string `json:"name" doc:"as texts name it, in braces"`
	Words string `json:"words" doc:"what is written there; empty: nothing is known, and a sentence that names it is left out"`
}

// OfferPreviewAnswer is what an offer would say, and what keeps it away.
type OfferPreviewAnswer struct {
	Version  string          `json:"version" doc:"of the catalog it is looked at with"`
	Preview  offer.Decision  `json:"preview" doc:"the decision as if nothing stood in the way; status none where the account cannot take what it gives"`
	Problems []string        `json:"problems" doc:"faults in the offer itself, such as a placeholder that nothing fills"`
	InTheWay []OfferObstacle `json:"in_the_way" doc:"every rule that keeps it away now; none: it would be shown"`
	Fills    []OfferFill     `json:"fills" doc:"what each placeholder stands for here"`
	// Findings are the draft's errors; with one nothing else is known.
	Findings []catalog.Finding `json:"findings" doc:"errors of the draft; with one there is no preview, and its reason is catalog_invalid"`
	// Decision is the one that would be made there now.
	Decision offer.Decision `json:"decision" doc:"what would be shown there now, with every offer that was considered"`
}

// previewOffer says how an offer would look to a person, by the active catalog or a draft of the
// next one. Signals are those that fired under the active catalog. Nothing is recorded.
func (s *Server) previewOffer(ctx context.Context, in *offerPreviewRequest) (*struct{ Body *OfferPreviewAnswer }, error) {
	b := &in.Body
	req := DecideRequest{Account: b.Account, User: cmp.Or(b.User, "?"), Role: b.Role, Profile: b.Profile, Placement: b.Placement, Feature: b.Feature,
		Quantity: b.Quantity, Intent: b.Intent, Plan: b.Plan, DryRun: true}
	languages := entitlement.ParseLanguages(b.Language, "")
	req.Language = strings.Join(languages[:min(len(languages), 3)], ",")
	if err := cmp.Or(checkName("account", b.Account), checkName("offer", b.Offer), req.check()); err != nil {
		return nil, err
	}
	cat, findings, err := s.drafted(ctx, b.Edits, b.Base)
	if err != nil {
		return nil, err
	}
	out := &OfferPreviewAnswer{Problems: []string{}, InTheWay: []OfferObstacle{}, Fills: []OfferFill{}, Findings: errorsOf(findings)}
	if len(out.Findings) > 0 { // somebody is writing it
		none := offer.Decision{Account: b.Account, Placement: b.Placement, Status: "none", Reason: "catalog_invalid", At: s.Clock.Now()}
		out.Preview, out.Decision = none, none
		return &struct{ Body *OfferPreviewAnswer }{out}, nil
	}
	if cat.Offers[b.Offer] == nil {
		return nil, fault.New(fault.NotFound, "offer_unknown", "there is no offer %q", fault.Shorten(b.Offer)).
			WithMend("use the key of an offer of the catalog, or send the edits that add it").WithField("offer", b.Offer, "is not in the catalog")
	}
	user, ask, now := s.people.name(b.User), req.call(ctx), s.Clock.Now()
	if ask.Family, err = s.familyOf(ctx, b.Account); err != nil {
		return nil, err
	}
	// What the person and the family were asked elsewhere counts too: an interruption counts against every budget.
	spent := &claimOf{User: user, Account: b.Account, Family: ask.Family, Channel: catalog.Interruptions}
	if ask.Refusals, err = s.peek(ctx, spent, now); err != nil {
		return nil, err
	}
	out.Version = cat.Version
	err = s.Runner.ReadAnywhere(ctx, b.Account, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(b.Account)
		}
		input := v.Account.OfferInput(cat, ask, user, max(v.State.Now, now))
		seen := offer.Preview(input, b.Offer)
		out.Decision = seen.Decision
		out.Preview = offer.Decision{Account: b.Account, User: user, Placement: b.Placement, Feature: b.Feature, OfferKey: b.Offer,
			Status: "none", Reason: "not_applicable", At: input.Now, Offer: seen.Shown}
		if seen.Shown != nil {
			out.Preview.Status, out.Preview.Reason = "show", "preview"
		}
		out.Problems = append(out.Problems, seen.Problems...)
		for _, o := range seen.InTheWay {
			out.InTheWay = append(out.InTheWay, OfferObstacle(o))
		}
		for _, f := range seen.Fills {
			out.Fills = append(out.Fills, OfferFill(f))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Decision.ID = "" // nothing was decided
	return &struct{ Body *OfferPreviewAnswer }{out}, nil
}

// errorsOf are the findings that keep a catalog from being applied.
func errorsOf(findings []catalog.Finding) []catalog.Finding {
	out := []catalog.Finding{}
	for _, f := range findings {
		if f.Severity == catalog.SeverityError {
			out = append(out, f)
		}
	}
	return out
}

// drafted is the active catalog after edits, with what is found in it.
func (s *Server) drafted(ctx context.Context, edits []CatalogEdit, base string) (*catalog.Catalog, []catalog.Finding, error) {
	active, err := s.Runner.Active(ctx)
	switch {
	case err != nil:
		return nil, nil, err
	case base != "" && base != active.Version:
		return nil, nil, notActive(base, active.Version)
	case len(edits) == 0:
		return active, nil, nil
	}
	text := active.Text()
	if len(text) == 0 {
		text = []byte("version: 1\n")
	}
	_, next, findings, err := s.edited(ctx, text, edits)
	return next, findings, err
}

// edited makes edits in a catalog's text and reads what comes of it, one call at a time: that may take a core for
// seconds.
func (s *Server) edited(ctx context.Context, text []byte, edits []CatalogEdit) ([]byte, *catalog.Catalog, []catalog.Finding, error) {
	select {
	case s.editing <- struct{}{}:
		defer func() { <-s.editing }()
	case <-ctx.Done():
		return nil, nil, nil, ctx.Err()
	case <-time.After(editWait):
		return nil, nil, nil, fault.New(fault.Busy, "edits_busy", "other edits of the catalog are being worked out").WithMend("send it again in a few seconds").WithRetryAfter(5)
	}
	list := make([]catalog.Edit, len(edits))
	for i, e := range edits {
		list[i] = catalog.Edit{Path: e.Path, Value: e.Value.RawMessage, Remove: e.Remove}
	}
	text, err := catalog.EditText(ctx, text, list)
	if err != nil {
		return nil, nil, nil, err
	}
	next, findings := catalog.Parse("catalog.yaml", text)
	return text, next, findings, nil
}

// offerPreviewRoutes registers what is looked at of offers.
func (s *Server) offerPreviewRoutes() {
	add(s, "POST /v1/offers/preview", access.Read, "How an offer would look to somebody, and what keeps it away", s.previewOffer)
	s.offersMadeRoutes()
}
