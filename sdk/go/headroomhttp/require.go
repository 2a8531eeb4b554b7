// Package headroomhttp closes handlers of net/http to accounts that may not use a feature,
// and tells them what would unlock it.
package headroomhttp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	headroom "github.com/headroomhq/headroom/sdk/go"
)

// Option is a choice of how Require works.
type Option func(*gate)

type gate struct {
	client    *headroom.Client
	feature   string
	account   func(*http.Request) string
	user      func(*http.Request) string
	quantity  func(*http.Request) float64
	placement string
	event     string
	consume   bool
}

// User says who asks, for offers and for the count of people.
func User(of func(*http.Request) string) Option { return func(g *gate) { g.user = of } }

// Quantity says how much of the feature a request needs; 1 without it.
func Quantity(of func(*http.Request) float64) Option { return func(g *gate) { g.quantity = of } }

// Placement names where the question comes up: a no then carries the offer to show there.
func Placement(key string) Option { return func(g *gate) { g.placement = key } }

// Count tracks an event of this type, with the quantity in its data, for each request that
// was let through and answered below 400. Use it for a meter that is fed by events.
func Count(event string) Option { return func(g *gate) { g.event = event } }

// Consume takes the quantity from the limit before the handler runs, at the server, so that
// a hard limit is never passed, and gives it back when the handler answers 500 or above. Use
// it for a meter that is fed by consume. While the server is away requests are refused with
// 503, unless Config.Defaults opens the feature.
func Consume() Option { return func(g *gate) { g.consume = true } }

type contextKey struct{}

// Entry is what a handler behind Require can know of how it was reached.
type Entry struct {
	Account *headroom.Account
	Answer  headroom.Answer
}

// From returns what Require found out; false for a request that did not pass it.
func From(ctx context.Context) (Entry, bool) {
	e, ok := ctx.Value(contextKey{}).(Entry)
	return e, ok
}

// Require returns middleware that lets through requests whose account may use the feature.
// Others are answered by a problem (RFC 9457, see Problem): 402 when something can be bought
// that unlocks it, 403 otherwise, 401 when account returns "", 422 for a quantity that is none,
// 503 when nothing is known and the server is away. The question is answered in
// the process; only a no asks the server, for what would unlock it.
func Require[F headroom.FeatureKey](c *headroom.Client, feature F, account func(*http.Request) string, options ...Option) func(http.Handler) http.Handler {
	g := &gate{client: c, feature: string(feature), account: account}
	for _, o := range options {
		o(g)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, next) })
	}
}

func (g *gate) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	key := g.account(r)
	if key == "" {
		write(w, &Problem{Status: http.StatusUnauthorized, Code: "account_missing", Detail: "the request names no account"})
		return
	}
	user, quantity := "", 1.0
	if g.user != nil {
		user = g.user(r)
	}
	if g.quantity != nil {
		quantity = g.quantity(r)
	}
	if !(quantity >= 0 && quantity <= 1e12) {
		write(w, &Problem{Status: http.StatusUnprocessableEntity, Code: headroom.CodeQuantityInvalid, Feature: g.feature,
			Detail: "the request asks for " + strconv.FormatFloat(quantity, 'g', -1, 64) + "; want 0 to 1e12"})
		return
	}
	account, _ := g.client.Account(r.Context(), key) // one that is not known answers by Config.Defaults
	if account == nil {
		write(w, &Problem{Status: http.StatusUnauthorized, Code: "account_missing", Detail: "the request names no account"})
		return
	}
	at := account.Gate(g.feature)
	var answer headroom.Answer
	consume := g.consume && quantity > 0 // of nothing there is nothing to take
	if consume {
		var err error
		answer, err = g.client.Consume(r.Context(), headroom.ConsumeRequest{Account: key, User: user, Feature: g.feature, Quantity: quantity})
		if err != nil {
			var open bool
			if answer, open = g.client.Fallback(g.feature, err); !open {
				write(w, failed(err, g.feature))
				return
			}
		}
	} else if answer = at.Peek(quantity); !answer.Allowed {
		ask := headroom.CheckRequest{Account: key, User: user, Feature: g.feature, Quantity: &quantity, Placement: g.placement}
		answer = g.client.Explain(r.Context(), ask, answer)
	}
	if !answer.Allowed {
		write(w, refused(answer, g.feature))
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), contextKey{}, Entry{Account: account, Answer: answer}))
	if g.event == "" && !consume {
		next.ServeHTTP(w, r)
		return
	}
	seen := &recorder{ResponseWriter: w}
	defer func() {
		if seen.status == 0 {
			seen.status = http.StatusOK
		}
		if p := recover(); p != nil {
			g.after(r, key, user, quantity, at, http.StatusInternalServerError, answer)
			panic(p)
		}
		g.after(r, key, user, quantity, at, seen.status, answer)
	}()
	next.ServeHTTP(seen, r)
}

// after counts what was used, or gives back what was not.
func (g *gate) after(r *http.Request, key, user string, quantity float64, at headroom.Gate, status int, answer headroom.Answer) {
	if g.event != "" && status < 400 {
		err := g.client.Track(headroom.Event{Account: key, User: user, Type: g.event, Data: map[string]any{"quantity": quantity}})
		if err != nil {
			g.log().Error("headroom: usage is not counted", "feature", g.feature, "account", key, "error", err)
			return
		}
		at.Add(quantity)
	}
	if g.consume && quantity > 0 && status >= 500 && answer.Reason != headroom.Unavailable {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
		defer cancel()
		if _, err := g.client.Release(ctx, headroom.ConsumeRequest{Account: key, User: user, Feature: g.feature, Quantity: quantity}); err != nil {
			g.log().Error("headroom: what was consumed is not given back", "feature", g.feature, "account", key, "error", err)
		}
	}
}

func (g *gate) log() *slog.Logger { return g.client.Logger }

// recorder sees the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the first status that is final.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Problem is the answer to a request that is refused: application/problem+json. Code is the
// reason of the answer.
type Problem struct {
	Type      string             `json:"type"`
	Title     string             `json:"title"`
	Status    int                `json:"status"`
	Code      string             `json:"code"`
	Detail    string             `json:"detail"`
	Feature   string             `json:"feature,omitempty"`
	Usage     *float64           `json:"usage,omitempty"`
	Limit     *float64           `json:"limit,omitempty"`
	Shortfall float64            `json:"shortfall,omitempty"`
	ResetsAt  *time.Time         `json:"resets_at,omitempty"`
	Unlock    []headroom.Unlock  `json:"unlock,omitempty"` // what could be bought that would allow it, cheapest first
	Decision  *headroom.Decision `json:"decision,omitempty"`

	retryAfter time.Duration
}

// refused is the problem of a no.
func refused(a headroom.Answer, feature string) *Problem {
	p := &Problem{Status: http.StatusForbidden, Code: string(a.Reason), Detail: a.Message(), Feature: feature, Shortfall: a.Shortfall, Unlock: a.Unlock()}
	if a.Reason == headroom.Unavailable {
		p.Status, p.Detail, p.retryAfter = http.StatusServiceUnavailable, notNow, time.Second
	}
	if len(p.Unlock) > 0 {
		p.Status = http.StatusPaymentRequired
	}
	if a.Item != nil {
		p.Usage, p.Limit, p.Decision = a.Item.Usage, a.Item.Limit, a.Item.Decision
	}
	if !a.ResetsAt.IsZero() {
		p.ResetsAt = &a.ResetsAt
	}
	return p
}

const notNow = "it cannot be said now whether this may be used"

// failed is the problem of a consume that could not be made.
func failed(err error, feature string) *Problem {
	p := &Problem{Status: http.StatusServiceUnavailable, Code: "unavailable", Detail: notNow, Feature: feature}
	if e, ok := errors.AsType[*headroom.Error](err); ok {
		p.retryAfter = max(e.RetryAfter, time.Second)
		switch {
		case e.Code == headroom.CodeQuantityInvalid:
			p.Status, p.Code, p.Detail, p.retryAfter = http.StatusUnprocessableEntity, e.Code, e.Detail, 0
		case e.Code == string(headroom.UnknownFeature):
			p.Status, p.Code, p.Detail, p.retryAfter = http.StatusForbidden, e.Code, e.Detail, 0
		case e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests:
			p.Status, p.Code, p.retryAfter = http.StatusInternalServerError, e.Code, 0 // the program asks what cannot be answered
		}
	}
	return p
}

func write(w http.ResponseWriter, p *Problem) {
	p.Type, p.Title = "https://github.com/headroomhq/headroom/blob/main/docs/errors.md#"+p.Code, http.StatusText(p.Status)
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(p.retryAfter/time.Second)))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // whoever asked may be gone
}
