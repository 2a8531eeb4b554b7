package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

// CheckRequest asks whether an account may use a feature.
type CheckRequest struct {
	Account   string             `json:"account"`
	User      string             `json:"user,omitempty"`
	Feature   string             `json:"feature"`
	Quantity  *quantity.Quantity `json:"quantity,omitempty" doc:"how much of it, 1 when left out"`
	Placement string             `json:"placement,omitempty" doc:"where the question comes up: a no then carries the offer to show there"`
	Role      string             `json:"role,omitempty" enum:"admin,member" doc:"of the user; a user token says it for browsers"`
}

// CheckAnswer is the answer to a check or consume.
type CheckAnswer struct {
	entitlement.Answer
	Decision *offer.Decision `json:"decision,omitempty"`
	Stale    bool            `json:"stale"`
	Position string          `json:"position,omitempty"`
}

func (c CheckRequest) amount() quantity.Quantity {
	if c.Quantity == nil {
		return quantity.One
	}
	return *c.Quantity
}

// caller fills in who asks, and refuses a browser that asks for somebody else.
func caller(ctx context.Context, account, user, role *string) error {
	p := principal(ctx)
	if *account == "" && p.Account != "" {
		*account = p.Account
	}
	if *account == "" {
		return fault.New(fault.Invalid, "account_missing", "account is missing").WithField("account", "", "is required: the account's key")
	}
	if err := event.CheckKey(*account); err != nil {
		return err
	}
	if err := p.ForAccount(*account); err != nil {
		return err
	}
	u, err := p.ForUser(*user)
	if err != nil {
		return err
	}
	if err := checkName("user", u); err != nil {
		return err
	}
	*user = u
	if p.Role != "" && p.Account != "" {
		*role = p.Role
	}
	return nil
}

func (s *Server) check(w http.ResponseWriter, r *http.Request) error {
	var req CheckRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if err := caller(r.Context(), &req.Account, &req.User, &req.Role); err != nil {
		return err
	}
	if err := cmp.Or(checkName("feature", req.Feature), checkName("placement", req.Placement)); err != nil {
		return err
	}
	if req.Quantity != nil && *req.Quantity < 0 {
		return fault.New(fault.Invalid, "quantity_invalid", "quantity %s is below zero", *req.Quantity).
			WithField("quantity", req.Quantity.String(), "must be 0 or more")
	}
	after, err := s.after(r.Context(), r.Header.Get(positionHeader))
	if err != nil {
		return err
	}
	var out CheckAnswer
	var position uint64
	err = s.Runner.Read(r.Context(), req.Account, after, func(v runner.View) error {
		out.Answer = entitlement.Check(v.Account.Input(v.Catalog, v.State.Now), req.Feature, req.amount())
		out.Stale, position = v.Stale, v.State.Position
		return nil
	})
	if err != nil {
		return err
	}
	if !out.Allowed && out.Reason != entitlement.UnknownFeature {
		if position, err = s.lock(r.Context(), req, &out); err != nil {
			return err
		}
	}
	out.Position = s.Runner.Position(position)
	return writeJSON(w, http.StatusOK, &out)
}

// lock records that somebody met a closed feature and finds the offer to show there.
func (s *Server) lock(ctx context.Context, req CheckRequest, out *CheckAnswer) (uint64, error) {
	user := s.people.name(req.User)
	position, err := s.touched(ctx, req.Account, user, req.Feature)
	if err != nil || req.Placement == "" || principal(ctx).Require(access.Decide) != nil {
		return position, err
	}
	d, position, err := s.decideFor(ctx, DecideRequest{Account: req.Account, User: req.User, Role: req.Role,
		Placement: req.Placement, Feature: req.Feature}, position, "")
	if err != nil {
		return position, err
	}
	if principal(ctx).Kind == access.Browser {
		d.Considered = nil
	}
	out.Decision = &d
	return position, nil
}

type bulkRequest struct {
	PositionParam
	Body struct {
		Account  string   `json:"account,omitempty"`
		User     string   `json:"user,omitempty"`
		Features []string `json:"features" minItems:"1" maxItems:"1000"`
	}
}

type bulkAnswer struct {
	Body struct {
		Items []CheckAnswer `json:"items"`
	}
}

func (s *Server) checkBulk(ctx context.Context, in *bulkRequest) (*bulkAnswer, error) {
	role := ""
	if err := caller(ctx, &in.Body.Account, &in.Body.User, &role); err != nil {
		return nil, err
	}
	after, err := s.after(ctx, in.Position)
	if err != nil {
		return nil, err
	}
	out := &bulkAnswer{}
	err = s.Runner.Read(ctx, in.Body.Account, after, func(v runner.View) error {
		ask := v.Account.Input(v.Catalog, v.State.Now)
		for _, f := range in.Body.Features {
			out.Body.Items = append(out.Body.Items, CheckAnswer{Answer: entitlement.Check(ask, f, quantity.One), Stale: v.Stale,
				Position: s.Runner.Position(v.State.Position)})
		}
		return nil
	})
	return out, err
}

// ConsumeRequest takes an amount from a limit.
type ConsumeRequest struct {
	Account  string             `json:"account"`
	User     string             `json:"user,omitempty"`
	Feature  string             `json:"feature"`
	Quantity *quantity.Quantity `json:"quantity,omitempty" doc:"1 when left out"`
}

func (s *Server) consume(w http.ResponseWriter, r *http.Request) error {
	var req ConsumeRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	a, position, err := s.take(r.Context(), event.KindConsume, req, r.Header.Get(idempotencyHeader), true)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.taken(a, position))
}

type releaseRequest struct {
	IdempotencyParam
	Body ConsumeRequest
}

type releaseAnswer struct{ Body CheckAnswer }

func (s *Server) release(ctx context.Context, in *releaseRequest) (*releaseAnswer, error) {
	a, position, err := s.take(ctx, event.KindRelease, in.Body, in.IdempotencyKey, false)
	if err != nil {
		return nil, err
	}
	return &releaseAnswer{Body: s.taken(a, position)}, nil
}

func (s *Server) taken(a entitlement.Answer, position uint64) CheckAnswer {
	return CheckAnswer{Answer: a, Position: s.Runner.Position(position)}
}

func (s *Server) take(ctx context.Context, kind event.Kind, req ConsumeRequest, key string, keyRequired bool) (entitlement.Answer, uint64, error) {
	var role string
	if err := caller(ctx, &req.Account, &req.User, &role); err != nil {
		return entitlement.Answer{}, 0, err
	}
	if keyRequired {
		if err := keyed(key, "consume"); err != nil {
			return entitlement.Answer{}, 0, err
		}
	}
	if err := checkName("feature", req.Feature); err != nil {
		return entitlement.Answer{}, 0, err
	}
	amount := quantity.One
	if req.Quantity != nil {
		amount = *req.Quantity
	}
	rec, err := s.call(kind, req.Account, s.people.name(req.User), req.Feature, key, engine.ConsumeCall{Quantity: amount})
	if err != nil {
		return entitlement.Answer{}, 0, err
	}
	return answered[entitlement.Answer](ctx, s, rec)
}

type entitlementsRequest struct {
	AccountParam
	PositionParam
}

type entitlementsAnswer struct {
	Body struct {
		Items    []entitlement.Item `json:"items"`
		Position string             `json:"position"`
		Stale    bool               `json:"stale"`
	}
}

func (s *Server) entitlements(ctx context.Context, in *entitlementsRequest) (*entitlementsAnswer, error) {
	if err := principal(ctx).ForAccount(in.Account); err != nil {
		return nil, err
	}
	after, err := s.after(ctx, in.Position)
	if err != nil {
		return nil, err
	}
	out := &entitlementsAnswer{}
	err = s.Runner.Read(ctx, in.Account, after, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(in.Account)
		}
		out.Body.Items = entitlement.All(v.Account.Input(v.Catalog, v.State.Now))
		out.Body.Position, out.Body.Stale = s.Runner.Position(v.State.Position), v.Stale
		return nil
	})
	return out, err
}

// readJSON reads a small JSON body strictly: unknown fields, more than one value and
// more than 1 MiB are faults.
func readJSON(r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20))
	if err != nil {
		return unreadable(err, "1 MiB")
	}
	if !utf8.Valid(body) {
		return notUTF8()
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Invalid, "malformed_json", "the body has something after its JSON value").WithMend("send one JSON object")
	}
	return nil
}

func notUTF8() error {
	return fault.New(fault.Invalid, "not_utf8", "the body is not UTF-8").WithMend("encode the text as UTF-8")
}

// badJSON names what is wrong with a body.
func badJSON(err error) error {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typ):
		return fault.New(fault.Invalid, "invalid", "%s has the wrong type", typ.Field).
			WithField(typ.Field, typ.Value, "must be a "+typ.Type.String())
	case errors.As(err, &syntax):
		return fault.New(fault.Invalid, "malformed_json", "the body is not JSON at byte %d: %v", syntax.Offset, err)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		name := strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		return fault.New(fault.Invalid, "unknown_field", "there is no field %q here", fault.Shorten(name)).
			WithField(name, "", "is not a field of this call")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Invalid, "malformed_json", "the body ends too early, or is empty")
	default:
		return fault.New(fault.Invalid, "invalid", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller went away: nothing to tell them
	return nil
}

func checkOperation(s *Server, op *huma.Operation) {
	describe[CheckRequest, CheckAnswer](s, op, "200")
	header(op, positionHeader, false)
}

func consumeOperation(s *Server, op *huma.Operation) {
	describe[ConsumeRequest, CheckAnswer](s, op, "200")
	header(op, idempotencyHeader, true)
}
