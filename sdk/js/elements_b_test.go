package sdkjs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// Offers and the confirmation of what they cost, in real Chromium.

func TestAnOfferIsBoughtThroughTheConfirmationAndTakenBack(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	for _, by := range []string{"mouse", "keyboard"} {
		t.Run("by "+by, func(t *testing.T) {
			account := "acme-" + by
			s.subscribe(account, "starter")
			h.Events(account, "speaker.added", 9)
			// given an offer at its place, with what it costs more
			w := s.see(b, account+"/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
			w.T = t
			press := func(selector, text string) {
				t.Helper()
				if by == "mouse" {
					w.click(selector, text)
					return
				}
				w.tab(selector, text)
				w.Press(kb.Enter)
			}
			w.reads("Room for 40 speakers")
			w.reads("$100 a month more, so $149 a month in all.")
			w.Until("it is reported as seen", `events.includes('shown')`)
			w.fine("the offer")
			// when its button is pressed, it is said what would be charged, and the focus is on Cancel
			press("[part=action]", "Upgrade to Pro")
			w.there("dialog[role=alertdialog]", "")
			w.focus("button", "Cancel")
			w.reads("then $149 a month.")
			w.reads("Next invoice, April 1, 2026")
			w.fine("the confirmation")
			w.Shot("confirm-" + by)
			for range 8 { // the focus does not leave the dialog for the page behind it
				w.Press(kb.Tab)
				if w.Is(`focused() !== document.body && !find('dialog[role=alertdialog]').contains(focused())`) {
					t.Fatalf("the focus left the dialog: %s", ask[string](w.Window, `focused().outerHTML`))
				}
			}
			// Escape buys nothing and gives the focus back
			w.Press(kb.Escape)
			w.gone("dialog[role=alertdialog]", "")
			w.focus("[part=action]", "Upgrade to Pro")
			if got := s.plan(account); got != "starter/month" {
				t.Fatalf("after Escape the plan is %s", got)
			}
			// when it is confirmed, it is bought, and politely said
			press("[part=action]", "Upgrade to Pro")
			press("[part=confirm]", "Confirm and pay")
			w.reads("Done: Room for 40 speakers is active now.")
			w.there("[role=status] button", "Undo")
			if got := s.plan(account); got != "pro/month" {
				t.Fatalf("after the purchase the plan is %s", got)
			}
			w.Until("the page knows", `headroom.entitlement('recordings').allowed`)
			w.gone("[part=card]", "")
			w.fine("what was bought")
			// and can be taken back
			press("[role=status] button", "Undo")
			w.reads("Taken back.")
			if got := s.plan(account); got != "starter/month" {
				t.Fatalf("after Undo the plan is %s", got)
			}
			w.gone("[role=status] button", "Undo")
		})
	}
}

func TestADoubleClickBuysOnce(t *testing.T) {
	h, s := shop(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	w.click("[part=action]", "Upgrade to Pro", 2)
	w.there("dialog[role=alertdialog]", "")
	w.Until("there is one dialog", `all('dialog').length === 1`)
	w.click("[part=confirm]", "Confirm and pay", 2)
	w.reads("is active now")
	accepted := 0
	for _, c := range s.passed("POST /v1/decisions/") {
		if strings.Contains(c.body, `"accepted"`) {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("it was accepted %d times", accepted)
	}
}

func TestAPriceThatMovedIsShownAndAskedForAgain(t *testing.T) {
	h, s := shop(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	w.click("[part=action]", "Upgrade to Pro")
	w.reads("then $149 a month.")
	// given a price that rose while the dialog was open
	h.Must("PUT", "/v1/catalog", []byte(strings.ReplaceAll(soldB, `month: "149"`, `month: "199"`)), nil, "Content-Type", "application/yaml")
	w.click("[part=confirm]", "Confirm and pay")
	// then nothing is bought: the new price is shown, and the focus is on Cancel again
	w.reads("The price has changed since it was shown.")
	w.reads("then $199 a month.")
	w.focus("button", "Cancel")
	w.fine("a price that moved")
	if got := s.plan("acme"); got != "starter/month" {
		t.Fatalf("the plan is %s", got)
	}
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("is active now")
	if got := s.plan("acme"); got != "pro/month" {
		t.Errorf("the plan is %s", got)
	}
}

func TestWhenTheServerDiesWhileSomebodyBuysItIsSaidAndBoughtOnce(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	var mu sync.Mutex
	var keys []string
	accepts := func(r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/outcomes") {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return false
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if !strings.Contains(string(body), `"accepted"`) {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		return true
	}
	lost := false
	s.troubles(func(w http.ResponseWriter, r *http.Request) bool {
		if !accepts(r) || lost {
			return false
		}
		// given an answer that is lost on its way: it was bought, and the page cannot know
		lost = true
		forward, err := http.NewRequestWithContext(r.Context(), r.Method, h.URL+r.URL.Path, r.Body)
		if err != nil {
			panic(err)
		}
		forward.Header = r.Header.Clone()
		if res, err := http.DefaultClient.Do(forward); err == nil {
			_ = res.Body.Close() // nobody hears it
		}
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"type":"acc`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	w := s.see(b, "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	w.click("[part=action]", "Upgrade to Pro")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("it is not known whether it was bought. Try again: it is bought once at most.")
	w.fine("an answer that is lost")
	// and given a server that is gone now
	h.Kill()
	w.click("[part=confirm]", "Confirm and pay")
	w.Until("it was tried again", `!find('[part=confirm]').matches('[aria-disabled=true]') && find('[part=trouble]', 'No answer came')`)
	// when it is back, the same confirmation hears what came of the first
	h.Run()
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("is active now")
	mu.Lock()
	defer mu.Unlock()
	if len(keys) < 3 || keys[0] == "" {
		t.Fatalf("the keys were %q", keys)
	}
	for _, key := range keys {
		if key != keys[0] {
			t.Errorf("a second try had another key: %q", keys)
		}
	}
	var sub struct{ Version int }
	h.Must("GET", "/v1/accounts/acme/subscription", nil, &sub)
	if sub.Version != 2 {
		t.Errorf("the subscription changed %d times, not once", sub.Version-1)
	}
}

func TestAnInterruptionIsADialogThatTrapsTheFocusAndGoesWithEscape(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	w := view{s.open(b, s.at("acme/ada/admin", ""))}
	w.Until("the page knows its account", `headroom.snapshot().entitlements && window.put`)
	w.Run(`document.querySelector('#before').focus()`)
	w.put("headroom-upgrade-dialog", `{placement: 'speakers.full'}`)
	w.there("dialog[open]", "")
	// one dialog at a time in a page
	w.put("headroom-upgrade-dialog", `{placement: 'speakers.full'}`)
	w.Until("its decision is made", `made.filter((m) => m.what === 'decide').length > 1`)
	if n := ask[int](w.Window, `all('dialog').length`); n != 1 {
		t.Errorf("%d dialogs are open", n)
	}
	w.fine("an interruption")
	for range 6 {
		w.Press(kb.Tab)
		if w.Is(`focused() === document.querySelector('#before')`) {
			t.Fatal("the focus left the dialog")
		}
	}
	w.Press(kb.Escape)
	w.gone("dialog", "")
	w.Until("the focus is back", `document.activeElement === document.querySelector('#before')`)
	if got := ask[[]string](w.Window, `events.filter((e) => e === 'dismissed')`); len(got) != 1 {
		t.Errorf("it was dismissed %d times", len(got))
	}
	// and does not come back
	w.Open(s.at("acme/ada/admin", ""))
	w.put("headroom-upgrade-dialog", `{placement: 'speakers.full'}`)
	w.Until("its decision is made", `made.some((m) => m.what === 'decide' && m.answer.status === 'none')`)
	w.gone("dialog", "")
}

func TestWhatIsAnsweredInOneTabClosesInTheOther(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	one := s.see(b, "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	two := s.see(b, "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	one.there("[part=card]", "")
	two.there("[part=card]", "")
	one.click("[part=dismiss]", "Not now")
	one.gone("[part=card]", "")
	two.gone("[part=card]", "")
	if two.Is(`events.includes('dismissed')`) {
		t.Error("the other tab dismissed it, too")
	}
}

func TestSomebodyWhoAsksSeesWhatThereIsOrThatThereIsNothing(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	w := s.see(b, "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add', 'on-demand': ''}`)
	w.gone("[part=card]", "")
	w.Run(`document.querySelector('#before').focus(); document.querySelector('headroom-upgrade-dialog').open()`)
	w.there("dialog[open]", "")
	w.there("[part=action]", "Upgrade to Pro")
	w.Press(kb.Escape)
	w.gone("dialog", "")
	w.Until("the focus is back", `document.activeElement === document.querySelector('#before')`)
	if w.Is(`events.includes('dismissed')`) {
		t.Error("who came to look has not refused anything")
	}
	other := s.see(b, "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'nowhere', 'on-demand': ''}`)
	other.Run(`document.querySelector('headroom-upgrade-dialog').open()`)
	other.reads("There is nothing to offer here right now.")
	other.fine("nothing to offer")
	other.click("button", "Close")
	other.gone("dialog", "")
}

func TestAReferralIsAskedForWithACodeAndALink(t *testing.T) {
	_, s := shop(t)
	s.subscribe("acme", "starter")
	w := s.see(browsertest.OpenBrowser(t), "acme/mia/member", "headroom-upgrade-dialog", `{placement: 'summit.done', requested: ''}`)
	w.click("[part=action]", "Recommend us")
	w.there("[part=code]", "")
	if link := ask[string](w.Window, `find('[part=code]').value`); !strings.HasPrefix(link, "https://app.example/r/") {
		t.Errorf("the link is %q", link)
	}
	w.fine("a referral")
	w.click("button", "Close")
	w.gone("[part=card]", "")
}

func TestADecisionThatRanOutIsMadeAgain(t *testing.T) {
	h, s := shop(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	// given decisions that last a second
	s.troubles(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/decide" {
			return false
		}
		forward, err := http.NewRequestWithContext(r.Context(), r.Method, h.URL+r.URL.Path, r.Body)
		if err != nil {
			panic(err)
		}
		forward.Header = r.Header.Clone()
		res, err := http.DefaultClient.Do(forward)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		var d map[string]any
		if err := json.NewDecoder(res.Body).Decode(&d); err != nil {
			panic(err)
		}
		at, err := time.Parse(time.RFC3339, d["at"].(string))
		if err != nil {
			panic(err)
		}
		d["expires_at"] = at.Add(time.Second).Format(time.RFC3339)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(d)
		return true
	})
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	w.there("[part=card]", "")
	w.Run(`window.first = find('[part=card]')`)
	w.Until("it was decided again", `made.filter((m) => m.what === 'decide').length > 1`)
	// then the same offer keeps its place
	w.Until("it is the same card", `find('[part=card]') === window.first`)
	if n := len(s.passed("POST /v1/decide")); n < 2 {
		t.Errorf("%d decisions were made", n)
	}
}

func TestWhoNeedsHelpGetsHelpAndNoPrice(t *testing.T) {
	h := browsertest.Start(t, soldB+`
milestones:
  first: {title: First speakers, feature: speakers, at_least: 3, within: 1d, help: {title: Find your first speakers, body: Three voices are enough., link: "https://docs.example/speakers"}}
`)
	s := openSite(t, h)
	s.page = beside
	s.subscribe("acme", "starter")
	h.Must("POST", "/v1/clock/advance", map[string]any{"by": "3d"}, nil)
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	w.reads("Find your first speakers")
	w.there("a[part=action]", "Show me how")
	if w.Is(`find('[part=price]')`) || !w.Is(`find('a[part=action]').href === 'https://docs.example/speakers'`) {
		t.Errorf("the help is %s", ask[string](w.Window, `find('[part=card]').outerHTML`))
	}
	w.fine("help")
	w.click("[part=dismiss]", "Close")
	w.gone("[part=card]", "")
}
