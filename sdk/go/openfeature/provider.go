// Package headroomof serves the features of Headroom as flags of OpenFeature: the targeting
// key of an evaluation is the key of an account.
package headroomof

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-feature/go-sdk/openfeature"

	headroom "github.com/headroomhq/headroom/sdk/go"
)

// StaleReason is the reason of a value that the server has not confirmed for a while.
const StaleReason openfeature.Reason = "STALE"

// Provider answers evaluations in the process, from a client's entitlements.
type Provider struct {
	client  *headroom.Client
	account func(openfeature.FlattenedContext) string
	preset  string
	variant func(flag string, a headroom.Answer) string
	object  func(flag string, a headroom.Answer) any
	events  events
}

// Option is a choice of how a Provider works.
type Option func(*Provider)

// DefaultAccount is the account of evaluations without a targeting key, whose reason is
// STATIC. Use it where a process serves one account only.
func DefaultAccount(key string) Option { return func(p *Provider) { p.preset = key } }

// AccountFrom takes the account from somewhere else in the context than the targeting key;
// "" where it is not there.
func AccountFrom(of func(openfeature.FlattenedContext) string) Option {
	return func(p *Provider) { p.account = of }
}

// Variant names the variant of an answer; without it, a feature with a value has that, and
// others have on or off.
func Variant(of func(flag string, a headroom.Answer) string) Option {
	return func(p *Provider) { p.variant = of }
}

// Object gives object evaluations another shape than that of ObjectEvaluation, for flags for
// which it does not return nil: what a tier of a feature means in your product, say.
func Object(of func(flag string, a headroom.Answer) any) Option {
	return func(p *Provider) { p.object = of }
}

// New returns a provider that answers from the client's entitlements. The client stays the
// caller's, to be closed after the provider was shut down.
func New(client *headroom.Client, options ...Option) *Provider {
	p := &Provider{client: client}
	p.account = func(c openfeature.FlattenedContext) string {
		key, _ := c[openfeature.TargetingKey].(string)
		return key
	}
	p.variant = func(_ string, a headroom.Answer) string {
		switch {
		case a.Value != "":
			return a.Value
		case a.Allowed:
			return "on"
		}
		return "off"
	}
	for _, o := range options {
		o(p)
	}
	p.events.start()
	return p
}

// Metadata names the provider.
func (p *Provider) Metadata() openfeature.Metadata { return openfeature.Metadata{Name: "headroom"} }

// Hooks are none.
func (p *Provider) Hooks() []openfeature.Hook { return nil }

// parts are what can be asked of a counted feature by a suffix of its key.
var parts = []string{".remaining", ".usage", ".limit", ".shortfall"}

// resolved is a feature's answer, made ready for every type of flag.
type resolved struct {
	openfeature.ProviderResolutionDetail

	answer headroom.Answer
	part   string // the suffix asked for; empty: none
	none   bool   // there is no answer: the caller's default it is
}

func (p *Provider) resolve(ctx context.Context, flag string, flat openfeature.FlattenedContext, tell bool) resolved {
	key, reason := p.account(flat), openfeature.TargetingMatchReason
	if key == "" {
		key, reason = p.preset, openfeature.StaticReason
	}
	if key == "" {
		return failed(openfeature.NewTargetingKeyMissingResolutionError("the targeting key is the account's key, and there is none"))
	}
	account, err := p.client.Account(ctx, key)
	if account == nil {
		return failed(openfeature.NewInvalidContextResolutionError(err.Error()))
	}
	ask := func(feature string) headroom.Answer {
		if tell {
			return account.Check(feature, 1)
		}
		return account.Gate(feature).Peek(1)
	}
	r := resolved{}
	for _, part := range parts { // a feature that is really called so goes before
		if feature, ok := strings.CutSuffix(flag, part); ok && !slices.Contains(account.Features(), flag) {
			r.answer, r.part = account.Gate(feature).Peek(1), part
		}
	}
	if r.part == "" {
		r.answer = ask(flag)
	}
	switch {
	case r.answer.Reason == headroom.UnknownFeature:
		return failed(openfeature.NewFlagNotFoundResolutionError(fmt.Sprintf("there is no feature %q in the catalog", flag)))
	case r.answer.Reason == headroom.Unavailable:
		if _, ok := p.client.Defaults[flag]; !ok {
			return failed(openfeature.NewProviderNotReadyResolutionError("nothing is known of account " + key + ", and the server is away"))
		}
		reason = openfeature.DefaultReason
	case r.answer.Stale:
		reason = StaleReason
	}
	r.Reason, r.Variant, r.FlagMetadata = reason, p.variant(flag, r.answer), metadata(r.answer)
	return r
}

func failed(e openfeature.ResolutionError) resolved {
	return resolved{none: true, ProviderResolutionDetail: openfeature.ProviderResolutionDetail{ResolutionError: e, Reason: openfeature.ErrorReason}}
}

// mismatch says that the flag has no value of the type asked for.
func (r resolved) mismatch(want string) openfeature.ProviderResolutionDetail {
	kind := headroom.Kind("unknown")
	if r.answer.Item != nil {
		kind = r.answer.Item.Kind
	}
	return openfeature.ProviderResolutionDetail{Reason: openfeature.ErrorReason,
		ResolutionError: openfeature.NewTypeMismatchResolutionError(fmt.Sprintf("a feature of kind %s is no %s", kind, want))}
}

func metadata(a headroom.Answer) openfeature.FlagMetadata {
	m := openfeature.FlagMetadata{"reason": string(a.Reason), "allowed": a.Allowed, "stale": a.Stale}
	if a.Item != nil {
		m["feature"], m["kind"] = a.Item.Feature, string(a.Item.Kind)
		if a.Item.Source != "" {
			m["source"] = a.Item.Source
		}
	}
	if counted(a) {
		m["usage"], m["limit"], m["remaining"], m["unlimited"] = a.Usage, a.Limit, a.Remaining, a.Unlimited
	}
	if !a.ResetsAt.IsZero() {
		m["resets_at"] = a.ResetsAt.UTC().Format(time.RFC3339)
	}
	return m
}

func counted(a headroom.Answer) bool {
	return a.Item != nil && (a.Item.Kind == headroom.Metered || a.Item.Kind == headroom.Seats)
}

func valued(a headroom.Answer) bool { return a.Item != nil && a.Item.Kind == headroom.Value }

// missing says whether a feature that has a value has none for this account: the caller's
// default it is, and no error.
func (r *resolved) missing() bool {
	if r.answer.Value != "" || r.answer.Item != nil && !valued(r.answer) {
		return false
	}
	r.Reason = openfeature.DefaultReason
	return true
}

// number returns what was asked of a counted feature; without a limit it is infinite.
func (r resolved) number() float64 {
	a := r.answer
	switch r.part {
	case ".usage":
		return a.Usage
	case ".shortfall":
		return a.Shortfall
	}
	if a.Unlimited {
		return math.Inf(1)
	}
	if r.part == ".limit" {
		return a.Limit
	}
	return a.Remaining
}

// BooleanEvaluation says whether the account may use the feature; of a counted one, whether
// it may use one more.
func (p *Provider) BooleanEvaluation(ctx context.Context, flag string, fallback bool, flat openfeature.FlattenedContext) openfeature.BoolResolutionDetail {
	r := p.resolve(ctx, flag, flat, true)
	switch {
	case r.none:
		return openfeature.BoolResolutionDetail{Value: fallback, ProviderResolutionDetail: r.ProviderResolutionDetail}
	case r.part != "" || valued(r.answer):
		return openfeature.BoolResolutionDetail{Value: fallback, ProviderResolutionDetail: r.mismatch("boolean")}
	}
	return openfeature.BoolResolutionDetail{Value: r.answer.Allowed, ProviderResolutionDetail: r.ProviderResolutionDetail}
}

// StringEvaluation returns the value of a feature that has one.
func (p *Provider) StringEvaluation(ctx context.Context, flag, fallback string, flat openfeature.FlattenedContext) openfeature.StringResolutionDetail {
	r := p.resolve(ctx, flag, flat, false)
	switch {
	case r.none || r.missing():
		return openfeature.StringResolutionDetail{Value: fallback, ProviderResolutionDetail: r.ProviderResolutionDetail}
	case r.part != "" || r.answer.Value == "" || isNumber(r.answer.Value):
		return openfeature.StringResolutionDetail{Value: fallback, ProviderResolutionDetail: r.mismatch("string")}
	}
	return openfeature.StringResolutionDetail{Value: r.answer.Value, ProviderResolutionDetail: r.ProviderResolutionDetail}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// FloatEvaluation returns a value that is a number, or, with the suffixes .remaining, .usage,
// .limit and .shortfall, a number of a counted feature: +Inf without a limit.
func (p *Provider) FloatEvaluation(ctx context.Context, flag string, fallback float64, flat openfeature.FlattenedContext) openfeature.FloatResolutionDetail {
	r := p.resolve(ctx, flag, flat, false)
	if r.none || r.missing() {
		return openfeature.FloatResolutionDetail{Value: fallback, ProviderResolutionDetail: r.ProviderResolutionDetail}
	}
	if r.part != "" && counted(r.answer) {
		return openfeature.FloatResolutionDetail{Value: r.number(), ProviderResolutionDetail: r.ProviderResolutionDetail}
	}
	if f, ok := r.answer.Float(); ok && r.part == "" {
		return openfeature.FloatResolutionDetail{Value: f, ProviderResolutionDetail: r.ProviderResolutionDetail}
	}
	return openfeature.FloatResolutionDetail{Value: fallback, ProviderResolutionDetail: r.mismatch("number")}
}

// IntEvaluation is FloatEvaluation for whole numbers: parts of units are cut off, and
// without a limit it is the largest number there is.
func (p *Provider) IntEvaluation(ctx context.Context, flag string, fallback int64, flat openfeature.FlattenedContext) openfeature.IntResolutionDetail {
	r := p.resolve(ctx, flag, flat, false)
	if r.none || r.missing() {
		return openfeature.IntResolutionDetail{Value: fallback, ProviderResolutionDetail: r.ProviderResolutionDetail}
	}
	if r.part != "" && counted(r.answer) {
		n := int64(math.MaxInt64)
		if f := r.number(); !math.IsInf(f, 1) {
			n = int64(f)
		}
		return openfeature.IntResolutionDetail{Value: n, ProviderResolutionDetail: r.ProviderResolutionDetail}
	}
	if n, ok := r.answer.Int(); ok && r.part == "" {
		return openfeature.IntResolutionDetail{Value: n, ProviderResolutionDetail: r.ProviderResolutionDetail}
	}
	return openfeature.IntResolutionDetail{Value: fallback, ProviderResolutionDetail: r.mismatch("whole number")}
}

// ObjectEvaluation returns all there is to say of the feature, as a map: allowed, reason,
// message, kind; of a counted one usage, limit, remaining, shortfall, unlimited, resets_at;
// value. Whole numbers are int.
func (p *Provider) ObjectEvaluation(ctx context.Context, flag string, fallback any, flat openfeature.FlattenedContext) openfeature.InterfaceResolutionDetail {
	r := p.resolve(ctx, flag, flat, false)
	if r.none {
		return openfeature.InterfaceResolutionDetail{Value: fallback, ProviderResolutionDetail: r.ProviderResolutionDetail}
	}
	if r.part != "" {
		return openfeature.InterfaceResolutionDetail{Value: fallback, ProviderResolutionDetail: r.mismatch("object")}
	}
	a := r.answer
	if p.object != nil {
		if own := p.object(flag, a); own != nil {
			return openfeature.InterfaceResolutionDetail{Value: own, ProviderResolutionDetail: r.ProviderResolutionDetail}
		}
	}
	all := map[string]any{"allowed": a.Allowed, "reason": string(a.Reason), "message": a.Message(), "stale": a.Stale, "hidden": a.Hidden}
	if a.Item != nil {
		all["kind"] = string(a.Item.Kind)
		all["title"] = a.Item.Content.Title
	}
	if valued(a) {
		all["value"] = a.Value
	}
	if counted(a) {
		all["usage"], all["unlimited"], all["shortfall"] = whole(a.Usage), a.Unlimited, whole(a.Shortfall)
		if !a.Unlimited {
			all["limit"], all["remaining"] = whole(a.Limit), whole(a.Remaining)
		}
	}
	if !a.ResetsAt.IsZero() {
		all["resets_at"] = a.ResetsAt.UTC().Format(time.RFC3339)
	}
	return openfeature.InterfaceResolutionDetail{Value: all, ProviderResolutionDetail: r.ProviderResolutionDetail}
}

// whole returns an int where the number is one.
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int(f)
	}
	return f
}

// Track sends an event of that type for the account of the context; its user is the
// attribute user. The value of the details, when it is not 0, is the property value.
func (p *Provider) Track(_ context.Context, name string, of openfeature.EvaluationContext, details openfeature.TrackingEventDetails) {
	flat := openfeature.FlattenedContext(of.Attributes())
	if flat == nil {
		flat = openfeature.FlattenedContext{}
	}
	flat[openfeature.TargetingKey] = of.TargetingKey()
	e := headroom.Event{Account: p.account(flat), Type: name, Data: map[string]any{}}
	if e.Account == "" {
		e.Account = p.preset
	}
	e.User, _ = of.Attribute("user").(string)
	maps.Copy(e.Data, details.Attributes())
	if v := details.Value(); v != 0 {
		e.Data["value"] = json.Number(strconv.FormatFloat(v, 'f', -1, 64))
	}
	if err := p.client.Track(e); err != nil {
		p.client.Logger.Error("headroom: a tracking event is lost", "event", name, "error", err)
	}
}
