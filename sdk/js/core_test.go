package sdkjs_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// The core in real Chromium, in pages of another origin, against the built server.

func TestAPageOfAnotherOriginChecksDecidesAndTracksUnderTheStrictestPolicy(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", "&endpoint="+h.URL))

	// given the entitlements of the person's account
	w.Until("the entitlements are there", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)
	if who := ask[map[string]any](w, `(({account, user, role}) => ({account, user, role}))(headroom.snapshot())`); who["account"] != "acme" || who["user"] != "mia" || who["role"] != "admin" {
		t.Errorf("the page knows %v", who)
	}
	// then a yes and a no are answered from memory
	if a := ask[answer](w, `headroom.check('speakers', {quantity: 2})`); !a.Allowed || a.Stale || *a.Remaining != 2 {
		t.Errorf("two of two speakers: %+v", a)
	}
	if a := ask[answer](w, `headroom.check('recordings')`); a.Allowed || a.Reason != "not_in_plan" {
		t.Errorf("recordings: %+v", a)
	}
	if a := ask[answer](w, `headroom.check('nonsense', {fallback: true})`); a.Allowed || a.Reason != "unknown_feature" {
		t.Errorf("a feature that there is not: %+v", a)
	}
	// when two speakers are added, the next decision sees them without waiting for anything
	w.Run(`headroom.track('speaker.added'); headroom.track('speaker.added')`)
	d := ask[answer](w, `headroom.decide('speakers.add', {feature: 'speakers', quantity: 1})`)
	if d.Status != "show" {
		t.Fatalf("the decision is %+v", d)
	}
	if again := ask[answer](w, `headroom.decide('speakers.add', {feature: 'speakers', quantity: 1})`); again.DecisionID != d.DecisionID || !again.Again {
		t.Errorf("shown again it is %+v", again)
	}
	// and so does the gate, whose no carries what to show there
	w.Until("the limit is known to be reached", `headroom.entitlement('speakers').remaining === 0`)
	if a := ask[answer](w, `headroom.check('speakers', {placement: 'speakers.add'})`); a.Allowed || a.Reason != "limit_reached" || a.Decision == nil || a.Decision.DecisionID != d.DecisionID {
		t.Errorf("one more: %+v", a)
	}
	if n := len(ask[[]any](w, `errors.filter((e) => e.code !== 'unknown_feature')`)); n > 0 {
		t.Errorf("%v", ask[[]any](w, `errors`))
	}
}

func TestWithoutTheServerGatesAnswerFromMemoryNothingIsOfferedAndEventsArriveOnce(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", ""))
	w.Until("the entitlements are there", `headroom.snapshot().entitlements && !headroom.snapshot().stale`)

	// given a server that is gone
	h.Kill()
	w.Until("the page knows that what it has may be old", `headroom.snapshot().stale`)
	// then gates answer from memory and say so, and offers are none
	if a := ask[answer](w, `headroom.check('speakers')`); !a.Allowed || !a.Stale {
		t.Errorf("a gate that is known: %+v", a)
	}
	if a := ask[answer](w, `headroom.check('speakers', {quantity: 3, placement: 'speakers.add'})`); a.Allowed || !a.Stale || a.Decision == nil || a.Decision.Status != "none" {
		t.Errorf("a gate that asks: %+v", a)
	}
	if d := ask[answer](w, `headroom.decide('speakers.add')`); d.Status != "none" || d.Reason != "unreachable" {
		t.Errorf("a decision: %+v", d)
	}
	// and what is tracked waits, over a reload too
	w.Run(`for (const n of [1, 2, 3]) headroom.track('email.sent', {count: n})`)
	w.Open(s.at("acme/mia/admin", ""))
	w.Until("what was known is known in the first moment", `heard.some((s) => s.entitlements?.speakers?.remaining === 2)`)
	if a := ask[answer](w, `headroom.check('speakers')`); !a.Allowed || !a.Stale {
		t.Errorf("after a reload: %+v", a)
	}
	w.Run(`headroom.track('email.sent', {count: 4})`)

	// when it comes back with another plan for the account
	h.Run()
	s.subscribe("acme", "pro")
	w.Until("the stream has caught up", `!headroom.snapshot().stale && headroom.entitlement('recordings').allowed`)
	// then every event has arrived, once
	s.uses("acme", "emails", 10)
	w.Run(`headroom.track('email.sent', {count: 5})`)
	s.uses("acme", "emails", 15)
}

func TestASlowServerBlocksNothingAndALateOfferIsNotShown(t *testing.T) {
	h := browsertest.Start(t, sold)
	s := openSite(t, h)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 2)
	hold := make(chan struct{})
	s.troubles(func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/entitlements/stream") || r.Header.Get("Last-Event-ID") == "" {
			<-hold
		}
		return false
	})
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/mia/admin", "&timeout=300"))

	// given answers that do not come: a gate is what the application said, an offer is none, and the page goes on
	w.Run(`window.ticks = 0; setInterval(() => ticks++, 1)`)
	if a := ask[answer](w, `headroom.check('speakers', {fallback: true})`); !a.Allowed || !a.Stale || a.Reason != "unavailable" {
		t.Errorf("a gate whose default is open: %+v", a)
	}
	if a := ask[answer](w, `headroom.check('speakers')`); a.Allowed || !a.Stale {
		t.Errorf("a gate without a default: %+v", a)
	}
	if d := ask[answer](w, `headroom.decide('speakers.add')`); d.Status != "none" || d.Reason != "timeout" {
		t.Errorf("a decision: %+v", d)
	}
	w.Until("the page went on meanwhile", `ticks > 20`)
	// when the answers come after all, what was decided late is not shown, and the next one is the same
	close(hold)
	w.Until("the entitlements are there", `headroom.snapshot().entitlements`)
	w.Run(`config.decisionTimeout = 8000`)
	d := ask[answer](w, `headroom.decide('speakers.add')`)
	if d.Status != "show" || !d.Again {
		t.Errorf("asked again: %+v", d)
	}
	if shown := ask[[]any](w, `made.filter((m) => m.what === 'decide' && m.answer.status === 'show')`); len(shown) != 1 {
		t.Errorf("shown was %v", shown)
	}
}
