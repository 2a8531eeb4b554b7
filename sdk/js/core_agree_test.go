package sdkjs_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// TestThePageAnswersAsTheServerDoes draws what happens to an account, and compares after each step every answer from
// memory with the server's, as soon as the news have come. HEADROOM_SEED is said where it fails.
func TestThePageAnswersAsTheServerDoes(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", "&endpoint="+h.URL))
	w.Until("the entitlements are there", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	var done []string
	for step := range 40 {
		done = append(done, s.happens(r, step))
		// Each question is asked here and there until both agree: news take a moment.
		differing := ask[[]any](w, `(async () => {
			const plain = (r) => ['granted', 'trial'].includes(r) ? 'within_limit' : r
			const of = (a) => JSON.stringify([a.allowed, plain(a.reason), a.usage ?? null, a.limit ?? null, a.remaining ?? null, a.shortfall ?? 0, a.value ?? '', !!a.unlimited])
			let differing = []
			for (let tries = 0; tries < 400; tries++) {
				differing = []
				for (const feature of ['emails', 'calls', 'exports', 'speakers', 'recordings', 'captions', 'support']) {
					for (const quantity of [0, 1, 4, 25]) {
						const here = await headroom.check(feature, {quantity})
						const there = await headroom.call('POST', '/v1/check', {account: 'acme', feature, quantity})
						if (of(here) !== of(there)) differing.push({feature, quantity, here, there})
					}
				}
				if (!differing.length) break
			}
			return differing
		})()`)
		if len(differing) > 0 {
			text, _ := json.MarshalIndent(differing[0], "", " ")
			t.Fatalf("seed %d, after %s: %d answers differ, the first:\n%s", seed, strings.Join(done, "; "), len(differing), text)
		}
	}
}

// happens does something to the account and says what.
func (s *site) happens(r *rand.Rand, step int) string {
	s.t.Helper()
	h := s.headroom
	feature := []string{"emails", "calls", "exports", "speakers"}[r.IntN(4)]
	switch r.IntN(8) {
	case 0:
		plan := []string{"starter", "pro"}[r.IntN(2)]
		h.Must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": plan}, nil)
		return plan
	case 1:
		by := []string{"1h", "25h", "8d", "31d"}[r.IntN(4)]
		h.Must("POST", "/v1/clock/advance", map[string]any{"by": by}, nil)
		return by + " later"
	case 2:
		grant := map[string]any{"feature": feature, "quantity": 1 + r.IntN(10)}
		if r.IntN(2) == 0 {
			grant["for"] = "5d"
		}
		h.Send("POST", "/v1/accounts/acme/grants", grant, "Idempotency-Key", fmt.Sprint("grant", step))
		return fmt.Sprint("a grant ", grant)
	case 3:
		how := []map[string]any{{"feature": feature, "limit": r.IntN(15)}, {"feature": feature, "unlimited": true}, {"feature": feature, "allowed": false},
			{"feature": "recordings", "allowed": r.IntN(2) == 0}, {"feature": "support", "value": "chat"}}[r.IntN(5)]
		h.Send("POST", "/v1/accounts/acme/overrides", how, "Idempotency-Key", fmt.Sprint("override", step))
		return fmt.Sprint("an override ", how)
	case 4:
		for _, f := range []string{"emails", "calls", "exports", "speakers", "recordings", "support"} {
			h.Send("DELETE", "/v1/accounts/acme/overrides/"+f, nil)
		}
		return "no overrides"
	case 5:
		h.Send("POST", "/v1/accounts/acme/trials", map[string]any{"feature": "recordings"}, "Idempotency-Key", fmt.Sprint("trial", step))
		return "a trial"
	case 6:
		h.Send("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "exports", "quantity": 1 + r.IntN(3)}, "Idempotency-Key", fmt.Sprint("consume", step))
		return "exports"
	default:
		kind := []string{"email.sent", "api.call", "speaker.added", "speaker.removed"}[r.IntN(4)]
		h.Events("acme", kind, 1+r.IntN(4))
		return kind
	}
}

func TestANoOfThePageIsASignToTheServerOnce(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("the entitlements are there", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	w.Run(`run(async () => { for (let i = 0; i < 20; i++) await headroom.check('recordings'); await headroom.check('speakers') })`)
	w.Until("it was asked", `window.done`)
	for began := time.Now(); len(s.passed("POST /v1/check")) == 0 && time.Since(began) < 10*time.Second; {
		ask[any](w, `headroom.call('GET', '/v1/accounts/{account}/usage')`)
	}
	ask[any](w, `headroom.call('GET', '/v1/accounts/{account}/usage')`)
	if told := s.passed("POST /v1/check"); len(told) != 1 || !strings.Contains(told[0].body, "recordings") {
		t.Errorf("the server was told %v", told)
	}
}

func TestSigningOutForgetsEverything(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", "&flush=100000000"))
	w.Until("the entitlements are there", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	w.Until("something is kept", `Object.keys(sessionStorage).length > 0`)
	w.Run(`headroom.track('email.sent', {count: 4}); headroom.reset()`)
	if left := ask[map[string]any](w, `({kept: Object.keys(sessionStorage).length, account: headroom.snapshot().account, known: headroom.entitlement('speakers') ?? 0})`); left["kept"] != 0.0 || left["account"] != "" || left["known"] != 0.0 {
		t.Errorf("left is %v", left)
	}
	s.uses("acme", "emails", 4) // what they did is not forgotten by the server
	// Calls wait for who signs in next.
	w.Run(`run(() => headroom.check('speakers'))`)
	w.Run(`headroom.init({...config, token: async () => (await fetch('/token?rival/max/admin')).text()})`)
	w.Until("the next one is answered", `window.done`)
	if a := ask[answer](w, `done.value`); a.Reason != "no_subscription" && a.Reason != "unavailable" {
		t.Errorf("the next one is told %+v", a)
	}
}
