package headroom_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	headroom "github.com/headroomhq/headroom/sdk/go"
	"github.com/headroomhq/headroom/sdk/go/internal/testserver"
)

// packaged is a catalog with every kind of feature and limit.
const packaged = `
version: 1
currency: USD
meters:
  emails:   {event: email.sent, aggregate: sum, property: count}
  calls:    {event: api.call, aggregate: count}
  exports:  {fed_by: consume}
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  calls:      {title: API calls, kind: metered, meter: calls}
  exports:    {title: Exports, kind: metered, meter: exports}
  speakers:   {title: Speakers, kind: seats, meter: speakers}
  recordings: {title: Talk recordings, kind: boolean, trial: 7d}
  captions:   {title: Captions, kind: boolean, part_of: recordings}
  support:    {title: Support, kind: value, values: [email, chat, phone]}
plans:
  starter:
    title: Starter
    family: core
    price: {month: "49"}
    entitlements: {emails: {limit: 10, per: month}, calls: {limit: 3, per: rolling 24h}, exports: 5, speakers: 2, support: email}
  pro:
    title: Pro
    family: core
    above: starter
    price: {month: "149"}
    trial: 14d
    entitlements:
      {emails: {limit: 20, per: month, overage: {unit: 10, price: "2"}}, calls: unlimited, exports: 50, speakers: 10, recordings: true, support: phone}
`

// TestTheProcessAnswersAsTheServerDoes draws what happens to an account, and compares after
// each step every answer of the process with the server's, as soon as the news have come.
func TestTheProcessAnswersAsTheServerDoes(t *testing.T) {
	s := testserver.Start(t, packaged, "--test-clock", "2026-03-01T00:00:00Z")
	c := connect(t, s, func(c *headroom.Config) { c.QuietGates = true })
	s.Plan("acme", "starter")
	a := account(t, c, "acme")
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	var done []string
	var held []*headroom.Reservation
	for step := range 60 {
		what := act(t, s, c, r, step, &held)
		done = append(done, what)
		for _, feature := range []string{"emails", "calls", "exports", "speakers", "recordings", "captions", "support"} {
			for _, quantity := range []float64{0, 1, 4, 25} {
				var here, there headroom.Answer
				agree := func() bool {
					var err error
					there, err = c.Check(t.Context(), headroom.CheckRequest{Account: "acme", Feature: feature, Quantity: &quantity})
					must(t, err)
					here = a.Check(feature, quantity)
					return here.Allowed == there.Allowed && here.Usage == there.Usage && here.Limit == there.Limit && here.Remaining == there.Remaining &&
						here.Shortfall == there.Shortfall && here.Value == there.Value && here.Unlimited == there.Unlimited && plain(here.Reason) == plain(there.Reason)
				}
				for deadline := time.Now().Add(15 * time.Second); !agree(); {
					if time.Now().After(deadline) {
						t.Fatalf("seed %d, after %q: %g of %s is\n%+v here and\n%+v there\n%+v\n%+v", seed, done, quantity, feature, here, there, here.Item, there.Item)
					}
				}
			}
		}
	}
}

// plain is a reason but for what makes the room that something fits into, which the process
// says as it is for one of it.
func plain(r headroom.Reason) headroom.Reason {
	switch r {
	case headroom.Granted, headroom.OnTrial:
		return headroom.WithinLimit
	}
	return r
}

// act does something to the account and says what.
func act(t *testing.T, s *testserver.Server, c *headroom.Client, r *rand.Rand, step int, held *[]*headroom.Reservation) string {
	t.Helper()
	feature := []string{"emails", "calls", "exports", "speakers"}[r.IntN(4)]
	switch r.IntN(12) {
	case 0:
		plan := []string{"starter", "pro"}[r.IntN(2)]
		s.Plan("acme", plan)
		return plan
	case 1:
		by := []string{"1h", "25h", "8d", "31d"}[r.IntN(4)]
		s.Send("POST", "/v1/clock/advance", map[string]any{"by": by})
		return by + " later"
	case 2:
		until := map[string]any{}
		if r.IntN(2) == 0 {
			until["for"] = "5d"
		}
		until["feature"], until["quantity"] = feature, 1+r.IntN(10)
		s.Send("POST", "/v1/accounts/acme/grants", until, "Idempotency-Key", fmt.Sprint("grant", step))
		return "a grant of " + feature
	case 3:
		how := []map[string]any{{"feature": feature, "limit": r.IntN(15)}, {"feature": feature, "unlimited": true}, {"feature": feature, "allowed": false},
			{"feature": "recordings", "allowed": r.IntN(2) == 0}, {"feature": "support", "value": "chat"}}[r.IntN(5)]
		s.Send("POST", "/v1/accounts/acme/overrides", how, "Idempotency-Key", fmt.Sprint("override", step))
		return fmt.Sprint("an override ", how)
	case 4:
		items, _ := s.Send("GET", "/v1/accounts/acme/overrides", nil)["items"].([]any)
		for _, i := range items {
			s.Send("DELETE", fmt.Sprint("/v1/accounts/acme/overrides/", i.(map[string]any)["feature"]), nil)
		}
		return "overrides end"
	case 5:
		reservation, _, err := c.Reserve(t.Context(), headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: float64(1 + r.IntN(3))}, time.Hour)
		must(t, err)
		if reservation != nil {
			*held = append(*held, reservation)
		}
		return "a reservation"
	case 6:
		if len(*held) == 0 {
			return "nothing"
		}
		last := (*held)[len(*held)-1]
		*held = (*held)[:len(*held)-1]
		if r.IntN(2) == 0 {
			if _, err := last.Release(t.Context()); err != nil && headroom.CodeOf(err) != "reservation_over" {
				t.Logf("releasing says %v (%s)", err, headroom.CodeOf(err))
			}
			return "a release"
		}
		if _, err := last.Finalize(t.Context(), 1); err != nil {
			t.Logf("finalizing says %v (%s)", err, headroom.CodeOf(err))
		}
		return "a finalization"
	case 7, 8:
		_, err := c.Consume(t.Context(), headroom.ConsumeRequest{Account: "acme", Feature: "exports", Quantity: float64(1 + r.IntN(3))})
		must(t, err)
		return "a consume"
	}
	e := headroom.Event{Account: "acme", Type: map[string]string{"emails": "email.sent", "calls": "api.call", "speakers": "speaker.added"}[feature],
		Data: map[string]any{"count": 1 + r.IntN(5)}}
	if e.Type == "" {
		e.Type = "speaker.removed"
	}
	must(t, c.Track(e))
	must(t, c.Flush(t.Context()))
	return e.Type
}
