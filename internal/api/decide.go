package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

// DecideRequest asks what to show a person at a placement.
type DecideRequest struct {
	Account   string            `json:"account"`
	User      string            `json:"user"`
	Role      string            `json:"role,omitempty" enum:"admin,member" doc:"who can buy sees the price; with a secret key admin when left out; a user token says it for browsers"`
	Profile   string            `json:"profile,omitempty" doc:"the role the user plays in the product; what is known of the person when left out"`
	Placement string            `json:"placement"`
	Feature   string            `json:"feature,omitempty" doc:"what the moment is about; what the placement is about when left out"`
	Quantity  quantity.Quantity `json:"quantity,omitempty" doc:"how much of the feature the person wants now: offers that fit cover what is missing"`
	Requested bool              `json:"requested,omitempty" doc:"the person asked, as on a pricing page: no signal is needed and no budget is spent"`
	Intent    string            `json:"intent,omitempty" enum:"downgrade,cancel" doc:"the person is about to buy less: only saves are shown"`
	Plan      string            `json:"plan,omitempty" doc:"with the intent downgrade, the plan they are about to take"`
	Language  string            `json:"language,omitempty" example:"de-AT" doc:"as the person reads (BCP 47), before those of Accept-Language; where the catalog has none of them, as it is written"`
	Explain   bool              `json:"explain,omitempty" doc:"tell every offer and why not; not for browsers. What was shown is explained by GET /v1/decisions/{id}/explain in any case"`
	DryRun    bool              `json:"dry_run,omitempty" doc:"explain only: nothing is recorded and no budget is spent; with a secret key of scope decide or read"`
	At        *clock.Time       `json:"at,omitempty" doc:"with dry_run, a time to come: with signals decayed and cool-downs over as they will be then, if nothing else happens"`
}

// DecideAnswer is a decision with the position that saw it.
type DecideAnswer struct {
	offer.Decision
	Position string `json:"position,omitempty"`
}

func (s *Server) decide(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if p := principal(ctx); p.Require(access.Decide) != nil && (p.Kind == access.Browser || p.Require(access.Read) != nil) {
		return s.may(ctx, r.Pattern, access.Decide)
	}
	var req DecideRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if err := req.allowed(principal(ctx)); err != nil {
		return err
	}
	if err := caller(ctx, &req.Account, &req.User, &req.Role); err != nil {
		return err
	}
	if err := cmp.Or(req.check(), s.checkProfile(ctx, "profile", req.Profile)); err != nil {
		return err
	}
	languages := entitlement.ParseLanguages(req.Language, r.Header.Get("Accept-Language"))
	req.Language = strings.Join(languages[:min(len(languages), 3)], ",")
	after, err := s.after(ctx, r.Header.Get(positionHeader))
	if err != nil {
		return err
	}
	var d offer.Decision
	var position uint64
	if req.DryRun {
		d, position, err = s.rehearse(ctx, &req, after)
	} else {
		d, position, err = s.decideFor(ctx, req, after, r.Header.Get(idempotencyHeader))
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, DecideAnswer{forCaller(ctx, d), s.Runner.Position(position)})
}

// forCaller leaves out how offers are weighed, and why it is quiet, where the customer's browser
// asks.
func forCaller(ctx context.Context, d offer.Decision) offer.Decision {
	if principal(ctx).Kind != access.Browser {
		return d
	}
	d.Considered, d.Quiet, d.Refusals = nil, nil, nil
	if d.Offer != nil {
		shown := *d.Offer
		shown.Expected = nil
		d.Offer = &shown
	}
	return d
}

// allowed: a dry run is for who may read everything about the account anyway; a decision that
// counts needs the scope decide.
func (q *DecideRequest) allowed(p access.Principal) error {
	switch {
	case q.DryRun && p.Kind == access.Browser:
		return fault.New(fault.Denied, "dry_run_denied", "a dry run tells how offers are weighed, which is not for browsers").
			WithMend("send it from your server with a secret key").WithField("dry_run", "true", "needs a secret key")
	case !q.DryRun:
		return p.Require(access.Decide)
	}
	return nil
}

// check finds what is wrong in the request.
func (q *DecideRequest) check() error {
	bad := func(field, value, want string) error {
		return fault.New(fault.Invalid, "decide_invalid", "%s %q is not usable", field, fault.Shorten(value)).WithMend("%s", want).WithField(field, value, want)
	}
	switch err := cmp.Or(checkName("feature", q.Feature), checkName("placement", q.Placement), checkName("profile", q.Profile),
		checkName("plan", q.Plan), checkName("language", q.Language)); {
	case err != nil:
		return err
	case q.User == "":
		return fault.New(fault.Invalid, "user_missing", "user is missing").WithField("user", "", "is required: who would see the offer").
			WithMend("send the id of the person as your product knows them")
	case q.Placement == "":
		return fault.New(fault.Invalid, "placement_missing", "placement is missing").WithField("placement", "", "is required: where the offer would appear")
	case q.Role != "" && q.Role != access.RoleAdmin && q.Role != access.RoleMember:
		return bad("role", q.Role, "use admin or member, or leave it out")
	case q.Intent != "" && q.Intent != "downgrade" && q.Intent != "cancel":
		return bad("intent", q.Intent, "use downgrade or cancel, or leave it out")
	case q.Plan != "" && q.Intent != "downgrade":
		return bad("plan", q.Plan, "send it with the intent downgrade")
	case q.Quantity < 0:
		return bad("quantity", q.Quantity.String(), "use a number above 0")
	case q.At != nil && !q.DryRun:
		return bad("at", q.At.String(), "send it with dry_run: a decision that counts is made now")
	}
	return nil
}

// explains says whether every offer is told with why not: at hundreds of them that is most of
// the work, and nobody reads it at each decision.
func (q *DecideRequest) explains() bool { return q.Explain || q.DryRun }

// call is the body of the record that decides.
func (q *DecideRequest) call(ctx context.Context) engine.DecideCall {
	ask := engine.DecideCall{Placement: q.Placement, Feature: q.Feature, Wanted: q.Quantity, Requested: q.Requested,
		Role: offer.Role(q.Role), Profile: q.Profile, Intent: q.Intent, To: q.Plan, Language: q.Language, Explain: q.explains(),
		Page: principal(ctx).Kind == access.Browser}
	if ask.Role == "" {
		ask.Role = offer.Admin // a server that does not say asks for somebody who can buy
		if principal(ctx).Account != "" {
			ask.Role = offer.Member
		}
	}
	return ask
}

// looked is a decision that was not recorded, and what it would take to.
type looked struct {
	offer.Decision
	position uint64
	channel  catalog.Channel // over which it would contact the person; empty: it asks nothing of them
}

// look decides without recording anything, now or at a time to come.
func (s *Server) look(ctx context.Context, req *DecideRequest, ask *engine.DecideCall, after uint64) (d looked, err error) {
	user := s.people.name(req.User)
	decide := func() (parent string, err error) {
		return parent, s.Runner.Read(ctx, req.Account, after, func(v runner.View) error {
			d.position = v.State.Position
			if v.Account != nil && ask.Family == "" {
				if parent = v.Account.Facts.Parent; parent != "" {
					return nil
				}
			}
			at := v.State.Now
			if req.At != nil && *req.At < at {
				return fault.New(fault.Invalid, "at_past", "%s is in the past", req.At).
					WithMend("use a time to come; what was decided then is told by GET /v1/decisions/{id}/explain").WithField("at", req.At.String(), "want a time to come")
			}
			if req.At != nil {
				at = *req.At
			}
			d.Decision = v.Decide(*ask, req.Account, user, at, req.explains())
			d.channel = engine.SpendsAs(v.Catalog.Offers[d.OfferKey], ask.Requested)
			return nil
		})
	}
	parent, err := decide()
	if err == nil && parent != "" { // who holds the family's budget is known elsewhere
		if ask.Family, err = s.familyOf(ctx, req.Account); err == nil {
			_, err = decide()
		}
	}
	if ask.Family == "" {
		ask.Family = req.Account
	}
	if d.At == 0 { // nobody has heard of the account
		d.At = s.Clock.Now()
	}
	return d, err
}

// rehearse is decideFor that records and spends nothing: budgets are asked and left as they are.
func (s *Server) rehearse(ctx context.Context, req *DecideRequest, after uint64) (offer.Decision, uint64, error) {
	ask := req.call(ctx)
	for range maxLooks {
		d, err := s.look(ctx, req, &ask, after)
		if err != nil || d.channel == "" || d.Again || d.Status != "show" && d.Variant != "holdout" {
			return d.Decision, d.position, err
		}
		c := &claimOf{User: s.people.name(req.User), Account: req.Account, Family: ask.Family, Channel: d.channel}
		refusals, err := s.peek(ctx, c, cmp.Or(pointed(req.At), s.Clock.Now()))
		if err != nil || len(refusals) == 0 {
			return d.Decision, d.position, err
		}
		ask.Refusals = append(ask.Refusals, refusals...)
	}
	d, err := s.look(ctx, req, &ask, after)
	return d.Decision, d.position, err
}

func pointed(at *clock.Time) clock.Time {
	if at == nil {
		return 0
	}
	return *at
}

// decideFor looks first: where there is nothing to show there is nothing to record. A contact
// that nobody asked for is claimed of the person's and the family's budgets; what they refuse is
// not shown, and something else may be. What is about to be shown, or held back from a holdout,
// is decided by Step. Tabs of one person that ask at once get their turn: what the first spent the
// budget on is what the others show, too.
func (s *Server) decideFor(ctx context.Context, req DecideRequest, after uint64, key string) (offer.Decision, uint64, error) {
	req.At = nil
	ask := req.call(ctx)
	user := s.people.name(req.User)
	within := engine.WithinAmbient
	var claimed *claimOf
	var end func()
	defer func() {
		if end != nil {
			end()
		}
	}()
	for range maxLooks {
		d, err := s.look(ctx, &req, &ask, after)
		if err != nil || d.Status != "show" && d.Variant != "holdout" {
			return d.Decision, d.position, err
		}
		if d.channel == "" || d.Again {
			break
		}
		if end == nil {
			var waited bool
			if end, waited, err = s.turns.take(ctx, user); err != nil {
				return d.Decision, d.position, err
			}
			if waited { // who had the turn may have decided the same
				continue
			}
		}
		c := &claimOf{User: user, Account: req.Account, Family: ask.Family, Channel: d.channel, About: d.OfferKey}
		c.ID = claimID(c, cmp.Or(key, rand.Text()))
		granted, refusals, err := s.claim(ctx, c)
		if err != nil {
			return d.Decision, d.position, err
		}
		if granted {
			ask.Claim, within, claimed = c.ID, d.channel, c
			break
		}
		// The budget may have gone to this very decision, between the look and the turn.
		if d, err = s.look(ctx, &req, &ask, after); err != nil || d.Again {
			if err != nil {
				return d.Decision, d.position, err
			}
			break
		}
		ask.Refusals = append(ask.Refusals, refusals...)
	}
	ask.Within = within
	rec, err := s.call(event.KindDecide, req.Account, user, req.Placement, key, ask)
	if err != nil {
		return offer.Decision{}, 0, err
	}
	d, position, err := answered[offer.Decision](ctx, s, rec)
	if err == nil && claimed != nil {
		err = s.settle(ctx, claimed, &d, ask.Requested)
	}
	return d, position, err
}

// maxLooks bounds how often it is looked: before the turn and in it, and anew because budgets
// refuse, an interruption, then what is contextual, then what is ambient.
const maxLooks = 5

// DecisionParam names the decision in the path.
type DecisionParam struct {
	ID string `path:"id" maxLength:"600"`
}

type explainRequest struct {
	DecisionParam
	PositionParam
}

type explainAnswer struct {
	Body struct {
		offer.Decision
		Outcomes []offer.Outcome `json:"outcomes"`
	}
}

func (s *Server) explain(ctx context.Context, in *explainRequest) (*explainAnswer, error) {
	_, found := engine.AccountOf("dec", in.ID)
	if !found {
		return nil, fault.New(fault.NotFound, "decision_unknown", "there is no decision %q", fault.Shorten(in.ID))
	}
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	out := &explainAnswer{}
	var err error
	if out.Body.Decision, err = s.Store.Decision(ctx, in.ID); err != nil {
		return nil, err
	}
	if out.Body.Outcomes, err = s.Store.Outcomes(ctx, in.ID); err != nil {
		return nil, err
	}
	if out.Body.Outcomes == nil {
		out.Body.Outcomes = []offer.Outcome{}
	}
	return out, s.unsealOutcomes(ctx, out.Body.Outcomes)
}

func decideOperation(s *Server, op *huma.Operation) {
	describe[DecideRequest, DecideAnswer](s, op, "200")
	header(op, positionHeader, false)
	header(op, idempotencyHeader, false)
}
