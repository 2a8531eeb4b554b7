package headroom

import (
	"context"
	"math"
	"time"
)

// CheckRequest asks whether an account may use so much of a feature.
type CheckRequest struct {
	Account string `json:"account"`
	User    string `json:"user,omitempty"`
	Feature string `json:"feature"`
	// Quantity asked for, such as new(2.5); nil: 1. Zero asks whether the account has the feature at all.
	Quantity  *float64 `json:"quantity,omitempty"`
	Placement string   `json:"placement,omitempty"` // where the question comes up: a no then carries the offer to show there
	Role      string   `json:"role,omitempty"`      // admin or member
}

// checkQuantity refuses what is no quantity before it is sent.
func checkQuantity(q float64) error {
	if math.IsNaN(q) || q < 0 || q > 1e12 {
		return fail(CodeQuantityInvalid, "quantity %g is not one", q).mend("use a number from 0 to 1e12")
	}
	return nil
}

// Check asks the server. An answer that says no carries what would unlock it.
func (c *Client) Check(ctx context.Context, r CheckRequest) (Answer, error) {
	if r.Quantity != nil {
		if err := checkQuantity(*r.Quantity); err != nil {
			return Answer{}, err
		}
	}
	return c.ask(ctx, request{method: "POST", path: path("check"), body: r})
}

func (c *Client) ask(ctx context.Context, r request) (Answer, error) {
	item := new(Item)
	if err := c.call(ctx, r, item); err != nil {
		return Answer{}, err
	}
	a := item.answer()
	if a.Reason == UnknownFeature {
		a.Err = c.unknown(item.Feature)
	}
	return a, nil
}

// CheckBulk asks the server about several features at once, one of each; user may be empty.
func (c *Client) CheckBulk(ctx context.Context, account, user string, features ...string) ([]Answer, error) {
	body := struct {
		Account  string   `json:"account"`
		User     string   `json:"user,omitempty"`
		Features []string `json:"features"`
	}{account, user, features}
	var out struct{ Items []*Item }
	if err := c.call(ctx, request{method: "POST", path: path("check", "bulk"), body: body}, &out); err != nil {
		return nil, err
	}
	answers := make([]Answer, len(out.Items))
	for i, item := range out.Items {
		answers[i] = item.answer()
		if item.Reason == UnknownFeature {
			answers[i].Err = c.unknown(item.Feature)
		}
	}
	return answers, nil
}

// Entitlements returns what an account may use, feature by feature, as the server sees it
// now, and the position of that.
func (c *Client) Entitlements(ctx context.Context, account string) (items []Item, position string, err error) {
	var out struct {
		Items    []Item
		Position string
	}
	err = c.call(ctx, request{method: "GET", path: path("accounts", account, "entitlements")}, &out)
	return out.Items, out.Position, err
}

// ConsumeRequest takes an amount from a limit.
type ConsumeRequest struct {
	Account  string  `json:"account"`
	User     string  `json:"user,omitempty"`
	Feature  string  `json:"feature"`
	Quantity float64 `json:"quantity"` // above 0

	reserve string
}

func (r ConsumeRequest) check() error {
	if err := checkQuantity(r.Quantity); err != nil {
		return err
	}
	if r.Quantity == 0 {
		return fail(CodeQuantityInvalid, "nothing is asked for").mend("set Quantity to a number above 0")
	}
	return nil
}

// Consume takes an amount from a limit: never more than there is, however many ask at once.
// It is tried again under the same idempotency key, so that nothing is taken twice.
func (c *Client) Consume(ctx context.Context, r ConsumeRequest) (Answer, error) {
	return c.take(ctx, r, "consume")
}

// Release gives back what was consumed.
func (c *Client) Release(ctx context.Context, r ConsumeRequest) (Answer, error) {
	return c.take(ctx, r, "release")
}

func (c *Client) take(ctx context.Context, r ConsumeRequest, what string) (Answer, error) {
	if err := r.check(); err != nil {
		return Answer{}, err
	}
	body := struct {
		ConsumeRequest
		Reserve string `json:"reserve,omitempty"`
	}{r, r.reserve}
	a, err := c.ask(ctx, request{method: "POST", path: path(what), body: body, key: keyOf(ctx)})
	if err == nil && a.Allowed {
		c.learn(r.Account, r.Feature, a)
	}
	return a, err
}

// Reservation is an amount held for a while: finalize it with what was really used, or
// release it. It ends by itself when its time is over.
type Reservation struct {
	ID string

	client           *Client
	account, feature string
}

// Reserve holds an amount for the given time, at least a second. The reservation is nil
// when the answer says no.
func (c *Client) Reserve(ctx context.Context, r ConsumeRequest, hold time.Duration) (*Reservation, Answer, error) {
	if hold < time.Second {
		return nil, Answer{}, fail(CodeQuantityInvalid, "a reservation of %s is too short", hold).mend("hold it for a second at least")
	}
	r.reserve = hold.Truncate(time.Second).String()
	a, err := c.take(ctx, r, "consume")
	if err != nil || !a.Allowed {
		return nil, a, err
	}
	return &Reservation{ID: a.Item.ReservationID, client: c, account: r.Account, feature: r.Feature}, a, nil
}

// Reservation returns a reservation made before, perhaps by another process, by its id.
func (c *Client) Reservation(id string) *Reservation { return &Reservation{ID: id, client: c} }

// Finalize takes the quantity in the end, less or more than was held.
func (r *Reservation) Finalize(ctx context.Context, quantity float64) (Answer, error) {
	if err := checkQuantity(quantity); err != nil {
		return Answer{}, err
	}
	return r.end(ctx, "finalize", map[string]float64{"quantity": quantity})
}

// Release gives all of it back.
func (r *Reservation) Release(ctx context.Context) (Answer, error) {
	return r.end(ctx, "release", struct{}{})
}

func (r *Reservation) end(ctx context.Context, how string, body any) (Answer, error) {
	if r.ID == "" {
		return Answer{}, fail(CodeNoReservation, "the reservation has no id").mend("use one that Reserve answered")
	}
	a, err := r.client.ask(ctx, request{method: "POST", path: path("reservations", r.ID, how), body: body, key: keyOf(ctx)})
	if err == nil && r.account != "" {
		r.client.learn(r.account, r.feature, a)
	}
	return a, err
}

// DecideRequest asks what to show a person at a placement.
type DecideRequest struct {
	Account   string `json:"account"`
	User      string `json:"user"`
	Role      string `json:"role,omitempty"` // admin or member
	Profile   string `json:"profile,omitempty"`
	Placement string `json:"placement"`
	Feature   string `json:"feature,omitempty"`
	Requested bool   `json:"requested,omitempty"` // the person asked, as on a pricing page
}

// Decide asks what to show this person at this place now, if anything.
func (c *Client) Decide(ctx context.Context, r DecideRequest) (Decision, error) {
	var d Decision
	err := c.call(ctx, request{method: "POST", path: path("decide"), body: r, key: keyOf(ctx)}, &d)
	return d, err
}

// Preview says what a change of a subscription would cost. decision may be empty; with it
// the change is the one that the decision's offer makes.
func (c *Client) Preview(ctx context.Context, account, decision string, ch Change) (Quote, error) {
	body := struct {
		Change
		Account    string `json:"account,omitempty"`
		DecisionID string `json:"decision_id,omitempty"`
	}{ch, account, decision}
	var q Quote
	err := c.call(ctx, request{method: "POST", path: path("subscriptions", "preview"), body: body}, &q)
	return q, err
}

// Subscribe makes or changes a subscription. Send the token of a preview where a person
// confirmed amounts: it is refused unless they are still the same.
func (c *Client) Subscribe(ctx context.Context, account string, ch Change) (Subscription, error) {
	var s Subscription
	err := c.call(ctx, request{method: "PUT", path: path("accounts", account, "subscription"), body: ch, key: keyOf(ctx)}, &s)
	return s, err
}

// GrantRequest gives a balance of a feature on top of what was bought.
type GrantRequest struct {
	Feature  string  `json:"feature"`
	Quantity float64 `json:"quantity,omitempty"` // 0 for a feature that is on or off
	// Priority from 0 to 100: lower ones are used first; nil: 50.
	Priority  *int      `json:"priority,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	For       string    `json:"for,omitempty"` // how long, such as 30d, instead of ExpiresAt
	Reason    string    `json:"reason,omitempty"`
}

// Grant gives a balance of a feature.
func (c *Client) Grant(ctx context.Context, account string, r GrantRequest) (Grant, error) {
	if err := checkQuantity(r.Quantity); err != nil {
		return Grant{}, err
	}
	var g Grant
	err := c.call(ctx, request{method: "POST", path: path("accounts", account, "grants"), body: r, key: keyOf(ctx)}, &g)
	return g, err
}

// AccountInfo describes an account. Empty fields keep what is there.
type AccountInfo struct {
	Name        string            `json:"name,omitempty"`
	Parent      string            `json:"parent,omitempty"`
	Domain      string            `json:"domain,omitempty"`
	Traits      map[string]any    `json:"traits,omitempty"`
	ExternalIDs map[string]string `json:"external_ids,omitempty"`
}

// PutAccount describes an account.
func (c *Client) PutAccount(ctx context.Context, account string, info AccountInfo) error {
	return c.call(ctx, request{method: "PUT", path: path("accounts", account), body: info, key: keyOf(ctx)}, nil)
}

// Ping asks whether the server answers and takes the key for checks.
func (c *Client) Ping(ctx context.Context) error {
	err := c.call(ctx, request{method: "POST", path: path("check"), body: CheckRequest{}}, nil)
	if CodeOf(err) == "account_missing" {
		return nil // it has read the question
	}
	return err
}
