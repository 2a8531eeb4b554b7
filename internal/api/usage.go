package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
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
	Touch     *bool              `json:"touch,omitempty" doc:"false: a page asks to draw itself, and nobody wanted the feature; a no then counts as no touched gate. true when left out"`
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

// looks says whether a page asks to draw itself, and nobody wanted the feature.
func (c CheckRequest) looks() bool { return c.Touch != nil && !*c.Touch }

// caller fills in who asks, and refuses a browser that asks for somebody else.
func caller(ctx context.Context, account, user, role *string) error {
	return asks(principal(ctx), account, user, role)
}

func asks(p access.Principal, account, user, role *string) error {
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
	if err := cmp.Or(needFeature(req.Feature), checkName("placement", req.Placement)); err != nil {
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
	var parent string
	err = s.Runner.Read(r.Context(), req.Account, after, func(v runner.View) error {
		out.Answer = entitlement.Check(v.Account.Input(v.Catalog, v.State.Now), req.Feature, req.amount())
		out.Stale, position = v.Stale, v.State.Position
		parent = poolAbove(v, &out.Answer)
		return nil
	})
	if err == nil && parent != "" {
		err = s.fromPool(r.Context(), req.Account, parent, req.amount(), &out)
	}
	if err != nil {
		return err
	}
	out.forRole(req.Role)
	if !out.Allowed && out.Reason != entitlement.UnknownFeature {
		if position, err = s.lock(r.Context(), req, &out, position); err != nil {
			return err
		}
	}
	writeBytes(w, http.StatusOK, s.appendCheck(nil, &out, position))
	return nil
}

// needFeature refuses a call about no feature.
func needFeature(key string) error {
	if key == "" {
		return fault.New(fault.Invalid, "feature_missing", "feature is missing").
			WithMend("name a feature of the catalog by its key").WithField("feature", "", "is required: the feature's key")
	}
	return checkName("feature", key)
}

// forRole leaves prices out for who may ask and not buy.
func (c *CheckAnswer) forRole(role string) {
	if role == access.RoleMember {
		c.Answer = c.Priceless()
	}
}

// forPage leaves out what is not for a customer's eyes: what is hidden, and for who may not buy the prices.
func forPage(ctx context.Context, items []entitlement.Item) []entitlement.Item {
	p := principal(ctx)
	if p.Kind != access.Browser {
		return items
	}
	items = slices.DeleteFunc(items, func(it entitlement.Item) bool { return it.Hidden })
	for i := range items {
		if p.Role == access.RoleMember {
			items[i].Answer = items[i].Priceless()
		}
	}
	return items
}

// lock records that somebody met a closed feature, unless a page only looks, and finds the offer to show there.
func (s *Server) lock(ctx context.Context, req CheckRequest, out *CheckAnswer, position uint64) (_ uint64, err error) {
	if !req.looks() {
		position, err = s.touched(ctx, req.Account, s.people.name(req.User), req.Feature, req.Placement)
	}
	if err != nil || req.Placement == "" || principal(ctx).Require(access.Decide) != nil {
		return position, err
	}
	d, position, err := s.decideFor(ctx, DecideRequest{Account: req.Account, User: req.User, Role: req.Role,
		Placement: req.Placement, Feature: req.Feature}, position, "")
	if err != nil {
		return position, err
	}
	d = forCaller(ctx, d)
	out.Decision = &d
	return position, nil
}

type bulkRequest struct {
	PositionParam
	Body struct {
		Account  string     `json:"account,omitempty"`
		User     string     `json:"user,omitempty"`
		Features []string   `json:"features,omitempty" maxItems:"1000" doc:"keys, each asked for with a quantity of 1; either this or items"`
		Items    []bulkItem `json:"items,omitempty" maxItems:"1000" doc:"features with how much of each; either this or features"`
	}
}

// bulkItem is one thing that an action needs.
type bulkItem struct {
	Feature  string             `json:"feature" maxLength:"200"`
	Quantity *quantity.Quantity `json:"quantity,omitempty" doc:"how much of it, 1 when left out"`
}

type bulkAnswer struct {
	Body struct {
		Allowed bool          `json:"allowed"` // all of them
		Items   []CheckAnswer `json:"items"`
	}
}

// wanted returns what a bulk check asks for.
func (b *bulkRequest) wanted() ([]bulkItem, error) {
	if (len(b.Body.Features) == 0) == (len(b.Body.Items) == 0) {
		return nil, fault.New(fault.Invalid, "bulk_unclear", "the call needs either features or items").
			WithMend(`send {"features":["speakers"]}, or {"items":[{"feature":"emails","quantity":1200}]}`).WithField("/items", "", "send one of the two")
	}
	items := b.Body.Items
	for _, f := range b.Body.Features {
		items = append(items, bulkItem{Feature: f})
	}
	asked := make(map[string]bool, len(items))
	for i, it := range items {
		if err := checkName("feature", it.Feature); err != nil {
			return nil, err
		}
		if it.Quantity != nil && *it.Quantity < 0 {
			return nil, fault.New(fault.Invalid, "quantity_invalid", "quantity %s is below zero", *it.Quantity).
				WithField("items["+strconv.Itoa(i)+"].quantity", it.Quantity.String(), "must be 0 or more")
		}
		if len(b.Body.Items) > 0 && asked[it.Feature] {
			return nil, fault.New(fault.Invalid, "feature_repeated", "feature %q is asked for twice", fault.Shorten(it.Feature)).
				WithMend("ask for it once, with the sum of the quantities").WithField("items["+strconv.Itoa(i)+"].feature", it.Feature, "is there twice")
		}
		asked[it.Feature] = true
	}
	return items, nil
}

func (s *Server) checkBulk(ctx context.Context, in *bulkRequest) (*bulkAnswer, error) {
	role := ""
	if err := caller(ctx, &in.Body.Account, &in.Body.User, &role); err != nil {
		return nil, err
	}
	items, err := in.wanted()
	if err != nil {
		return nil, err
	}
	after, err := s.after(ctx, in.Position)
	if err != nil {
		return nil, err
	}
	out := &bulkAnswer{}
	parents := make([]string, len(items))
	amount := func(i int) quantity.Quantity { return CheckRequest{Quantity: items[i].Quantity}.amount() }
	err = s.Runner.Read(ctx, in.Body.Account, after, func(v runner.View) error {
		ask := v.Account.Input(v.Catalog, v.State.Now)
		out.Body.Items = make([]CheckAnswer, len(items))
		for i := range items {
			one := CheckAnswer{Answer: entitlement.Check(ask, items[i].Feature, amount(i)), Stale: v.Stale,
				Position: s.Runner.Position(v.State.Position)}
			parents[i] = poolAbove(v, &one.Answer)
			out.Body.Items[i] = one
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Body.Allowed = true
	for i := range out.Body.Items {
		if parents[i] != "" {
			if err := s.fromPool(ctx, in.Body.Account, parents[i], amount(i), &out.Body.Items[i]); err != nil {
				return nil, err
			}
		}
		out.Body.Items[i].forRole(role)
		out.Body.Allowed = out.Body.Allowed && out.Body.Items[i].Allowed
	}
	return out, nil
}

// ConsumeRequest takes an amount from a limit, or reserves it.
type ConsumeRequest struct {
	ReleaseRequest
	Reserve string `json:"reserve,omitempty" example:"5m" doc:"lock it for so long (1s to 24h) instead of taking it; then finalize or release the reservation"`
}

// ReleaseRequest gives an amount back.
type ReleaseRequest struct {
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
	key := r.Header.Get(idempotencyHeader)
	if err := keyed(key, "consume"); err != nil {
		return err
	}
	length, err := reserveFor(req.Reserve)
	if err != nil {
		return err
	}
	a, position, err := s.take(r.Context(), event.KindConsume, req.ReleaseRequest, length, "", key)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.taken(a, position))
}

type releaseRequest struct {
	IdempotencyParam
	Body struct {
		ReleaseRequest
		Holder string `json:"holder,omitempty" maxLength:"200" doc:"of a family's pool: whose pool the claim was on, where that is no longer the account's parent; not from browsers"`
	}
}

type releaseAnswer struct{ Body CheckAnswer }

func (s *Server) release(ctx context.Context, in *releaseRequest) (*releaseAnswer, error) {
	a, position, err := s.take(ctx, event.KindRelease, in.Body.ReleaseRequest, 0, in.Body.Holder, in.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	return &releaseAnswer{Body: s.taken(a, position)}, nil
}

func (s *Server) taken(a entitlement.Answer, position uint64) CheckAnswer {
	return CheckAnswer{Answer: a, Position: s.Runner.Position(position)}
}

// take consumes, reserves or releases, at the account itself or at the holder of its family's pool.
func (s *Server) take(ctx context.Context, kind event.Kind, req ReleaseRequest, reserve clock.Time, holder, key string) (entitlement.Answer, uint64, error) {
	var none entitlement.Answer
	var role string
	if err := caller(ctx, &req.Account, &req.User, &role); err != nil {
		return none, 0, err
	}
	if err := needFeature(req.Feature); err != nil {
		return none, 0, err
	}
	if holder != "" && principal(ctx).Kind == access.Browser {
		return none, 0, fault.New(fault.Denied, "holder_denied", "a browser may not name the holder of a pool, here %q", fault.Shorten(holder)).
			WithMend("leave holder out: it is found; or make this call from your server with a secret key").WithField("holder", holder, "is for servers only")
	}
	holder, err := s.holder(ctx, kind, req.Account, req.Feature, holder)
	if err != nil {
		return none, 0, err
	}
	rec, err := s.call(kind, req.Account, s.people.name(req.User), req.Feature, key,
		engine.ConsumeCall{Quantity: CheckRequest{Quantity: req.Quantity}.amount(), Reserve: reserve, Holder: holder})
	if err != nil {
		return none, 0, err
	}
	a, position, err := s.claimed(ctx, rec)
	if role == access.RoleMember {
		a = a.Priceless()
	}
	return a, position, err
}

type entitlementsRequest struct {
	AccountParam
	PositionParam
	Lang   string `query:"lang" maxLength:"35" example:"de" doc:"language of the words that sell a feature (BCP 47), where the catalog has it; before those of Accept-Language"`
	Accept string `header:"Accept-Language" maxLength:"500" doc:"languages of the words that sell a feature, as browsers send them"`
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
	var pooled []int // items that a family's pool may answer instead
	parent := ""
	err = s.Runner.Read(ctx, in.Account, after, func(v runner.View) error {
		if v.Account == nil {
			return accountUnknown(in.Account)
		}
		ask := v.Account.Input(v.Catalog, v.State.Now)
		ask.Languages = entitlement.ParseLanguages(in.Lang, in.Accept)
		out.Body.Items = entitlement.All(ask)
		out.Body.Position, out.Body.Stale = s.Runner.Position(v.State.Position), v.Stale
		for i := range out.Body.Items {
			if above := poolAbove(v, &out.Body.Items[i].Answer); above != "" {
				parent, pooled = above, append(pooled, i)
			}
		}
		return nil
	})
	for _, i := range pooled {
		if err == nil {
			one := CheckAnswer{Answer: out.Body.Items[i].Answer, Stale: out.Body.Stale}
			err = s.fromPool(ctx, in.Account, parent, quantity.One, &one)
			one.Unlock = out.Body.Items[i].Unlock
			out.Body.Items[i].Answer, out.Body.Stale = one.Answer, one.Stale
		}
	}
	if err != nil {
		return nil, err
	}
	out.Body.Items = forPage(ctx, out.Body.Items)
	return out, nil
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
	case strings.HasPrefix(err.Error(), "number "): // what package quantity says
		value, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "number "), ": ")
		return fault.New(fault.Invalid, "quantity_invalid", "quantity: %s", fault.Shorten(err.Error())).
			WithMend("use a number from 0 to 1e12").WithField("quantity", strings.Trim(value, `"`), "want a number from 0 to 1e12")
	default:
		return fault.New(fault.Invalid, "invalid", "%s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	writeBytes(w, status, b)
	return nil
}

func writeBytes(w http.ResponseWriter, status int, b []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	if len(b) >= 2048 { // net/http sees by itself how long a short answer is
		h["Content-Length"] = []string{strconv.Itoa(len(b))}
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
	}
	_, _ = w.Write(b) // the caller went away: nothing to tell them
}

func checkOperation(s *Server, op *huma.Operation) {
	describe[CheckRequest, CheckAnswer](s, op, "200")
	header(op, positionHeader, false)
}

func consumeOperation(s *Server, op *huma.Operation) {
	describe[ConsumeRequest, CheckAnswer](s, op, "200")
	header(op, idempotencyHeader, true)
}
