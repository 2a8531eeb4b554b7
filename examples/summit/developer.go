package summit

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// explained is what the developer overlay shows beside a placement. It takes the secret key, so
// a real product gives it to its own people only; ours gives it to the customer's admin,
// because the reasons name prices.
type explained struct {
	Decision json.RawMessage `json:"decision"`
	Budgets  json.RawMessage `json:"budgets"`
	Quiet    json.RawMessage `json:"quiet"`
	HeldOut  bool            `json:"held_out"`
}

// explain says why a decision is what it is: of one that was shown as it was made, of a silence
// as it would be decided now. Nothing is recorded by asking.
func (p *product) explain(t *turn) (any, error) {
	if err := t.adminsOnly(); err != nil {
		return nil, err
	}
	q := t.r.URL.Query()
	var e explained
	if id := q.Get("decision"); id != "" {
		if err := t.api.call(t.ctx, "GET", "/v1/decisions/"+url.PathEscape(id)+"/explain", nil, &e.Decision, "Headroom-Position", q.Get("position")); err != nil {
			return nil, err
		}
		var of struct{ Account string }
		if err := json.Unmarshal(e.Decision, &of); err != nil || of.Account != t.of.key {
			return nil, &trouble{Status: http.StatusNotFound, Code: "decision_unknown", Detail: t.of.name + " was made no such decision", Mend: "ask about a decision of this page"}
		}
	} else {
		ask := map[string]any{"account": t.of.key, "user": t.user(), "role": t.role(), "placement": q.Get("placement"), "dry_run": true}
		if f := q.Get("feature"); f != "" {
			ask["feature"] = f
		}
		if err := t.api.call(t.ctx, "POST", "/v1/decide", ask, &e.Decision); err != nil {
			return nil, err
		}
	}
	var c struct {
		Budgets json.RawMessage
		Quiet   json.RawMessage
		HeldOut bool `json:"held_out"`
	}
	path := "/v1/accounts/" + t.of.key + "/contacts?limit=1&user=" + url.QueryEscape(t.user())
	if err := t.api.call(t.ctx, "GET", path, nil, &c); err != nil {
		return nil, err
	}
	e.Budgets, e.Quiet, e.HeldOut = c.Budgets, c.Quiet, c.HeldOut
	return e, nil
}
