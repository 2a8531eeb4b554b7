package sdkjs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// The plan page.

func TestThePlanPageShowsWhatThereIsAndSellsTheRestThroughTheConfirmation(t *testing.T) {
	h, s := shop(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 7)
	h.Must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "captions", "quantity": 9}, nil, "Idempotency-Key", "nine")
	w := s.see(browsertest.OpenBrowser(t), "acme/ada/admin", "headroom-plan-page", "")
	// given the plan, its price and its dates
	w.reads("Your plan: Starter")
	w.reads("$49 a month")
	w.reads("Renews on Apr 1, 2026")
	// and how far each allowance is filled, as a value that can be heard
	w.Until("the meters speak", `find('[role=meter]', 'Speakers')?.getAttribute('aria-valuetext') === '7 of 10' && find('[role=meter]', 'Caption')?.getAttribute('aria-valuenow') === '9'`)
	// and the plans beside each other, with what changes
	w.reads("Speakers: 10 → 40")
	w.reads("Talk recordings: no → yes")
	w.reads("Speakers: 10 → unlimited")
	w.fine("the plan page")
	w.Shot("plans")
	// by the year it says what that saves, and what each plan costs then
	w.reads("By the year you save $98 a year")
	w.click("input[value=year]", "")
	w.reads("$1,490 a year")
	w.fine("by the year")
	// when a plan is chosen by keyboard, it is bought at that interval, through the confirmation
	w.tab("[part=action]", "Choose Pro…")
	w.Press(kb.Enter)
	w.focus("button", "Cancel")
	w.reads("then $1,490 a year.")
	w.tab("[part=confirm]", "Confirm and pay")
	w.Press(kb.Enter)
	w.reads("Done: Pro.")
	w.reads("Your plan: Pro")
	if got := s.plan("acme"); got != "pro/year" {
		t.Fatalf("the plan is %s", got)
	}
	w.click("[role=status] button", "Undo")
	w.reads("Your plan: Starter")
	if got := s.plan("acme"); got != "starter/month" {
		t.Fatalf("after Undo the plan is %s", got)
	}
	// packs come with quantities
	w.reads("More of what is short")
	w.click("#n-more-captions_top_up", "")
	w.Press(kb.Backspace + kb.Delete + "3")
	w.click("[part=action]", "Buy… 120 caption minutes")
	w.reads("3 × 120 caption minutes: confirm?")
	w.reads("$45")
	w.click("[part=confirm]", "Confirm and pay $45")
	w.reads("Done: 3 × 120 caption minutes.")
	w.Until("there is room", `find('[role=meter]', 'Caption')?.getAttribute('aria-valuemax') === '370'`)
	// and seats
	w.click("[part=action]", "Add seats… Hosts")
	w.reads("then $61 a month.")
	w.click("[part=confirm]", "Confirm and pay")
	w.reads("1 × One more host")
	w.fine("with add-ons")
}

func TestALinkLeadsToWhatItNames(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	for _, x := range []struct{ link, reads string }{
		{"&plan=pro&interval=year", "then $1,490 a year."},
		{"&plan=business", "then $499 a month."},
		{"&addon=captions_pack&quantity=2", "then $139 a month."},
		{"&interval=year", "then $490 a year."},
		{"&offer=pro_for_speakers", "then $149 a month."},
	} {
		w := view{s.open(b, s.at("acme/ada/admin", x.link))}
		w.put("headroom-plan-page", "")
		w.there("dialog[role=alertdialog]", "")
		w.reads(x.reads)
		w.focus("button", "Cancel")
		w.Press(kb.Escape)
		w.gone("dialog", "")
		if n := ask[int](w.Window, `all('dialog').length`); n != 0 {
			t.Errorf("%s: it opens again", x.link)
		}
	}
	w := view{s.open(b, s.at("acme/mia/member", "&plan=pro"))}
	w.put("headroom-plan-page", "")
	w.reads("What do you need it for?")
	w.noMoney("a member who followed a link")
	w = view{s.open(b, s.at("acme/ada/admin", "&plan=platinum"))}
	w.put("headroom-plan-page", "")
	w.reads("Your plan: Starter")
	w.gone("dialog", "")
	if got := s.plan("acme"); got != "starter/month" {
		t.Errorf("looking bought %s", got)
	}
}

func TestAMembersPlanPageHoldsNoMoneyAndAsks(t *testing.T) {
	h, s := shop(t)
	s.subscribe("acme", "starter")
	h.Must("POST", "/v1/consume", map[string]any{"account": "acme", "feature": "captions", "quantity": 9}, nil, "Idempotency-Key", "nine")
	w := s.see(browsertest.OpenBrowser(t), "acme/mia/member", "headroom-plan-page", `{admin: 'Ada'}`)
	w.reads("Your plan: Starter")
	w.reads("Speakers: 10 → 40")
	w.noMoney("the page")
	w.fine("a member's plan page")
	w.Shot("plans-member")
	w.tab("[part=action]", "Ask an admin Pro")
	w.Press(kb.Enter)
	w.Until("the field has the focus", `focused()?.matches('textarea')`)
	w.fine("a member who asks")
	w.Press("for the talks")
	w.tab("[part=send]", "Send to Ada")
	w.Press(kb.Enter)
	w.reads("Your request went to Ada.")
	w.reads("Asked: waits for an answer")
	w.noMoney("what was asked")
}

func TestWhoTakesLessIsToldWhatIsLostAndWhatCouldBeDone(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "business")
	w := s.see(b, "acme/ada/admin", "headroom-plan-page", `{smaller: 'starter'}`)
	// given a save offer, it comes first
	w.click("[part=action]", "End the plan…")
	w.reads("Pro may be enough")
	w.there("[part=lost]", "")
	w.fine("a save offer")
	w.Shot("save")
	w.click("[part=action]", "Move to Pro")
	w.there("dialog[role=alertdialog]", "")
	w.reads("then $149 a month.")
	w.Press(kb.Escape)
	w.gone("dialog", "")
	w.click("[part=dismiss]", "Stay")
	w.gone("[part=lost]", "")
	// the way out is there, and the product hears that somebody wants to end
	w.click("[part=action]", "End the plan…")
	w.click("[part=leave]", "Go on")
	w.Until("the product hears", `events.includes('contact')`)
	w.reads("To end it, write to us.")
	// who goes to a smaller plan sees what that costs
	w.click("[part=action]", "Change to Starter…")
	w.Until("a save or the figures", `find('[part=leave]') ?? find('dialog')`)
	if w.Is(`find('[part=leave]')`) {
		w.click("[part=leave]", "Go on")
	}
	w.there("dialog[role=alertdialog]", "")
	w.reads("then $49 a month.")
	w.fine("a smaller plan")
	w.click("[part=confirm]", "Confirm")
	w.reads("Done: Starter.")

	// without a save offer what would be lost is said
	s.subscribe("globex", "pro")
	g := s.see(b, "globex/ada/admin", "headroom-plan-page", "")
	g.click("[part=action]", "End the plan…")
	g.reads("End Pro?")
	g.reads("You would no longer have:")
	g.reads("Talk recordings")
	g.fine("about to end")
}

func TestElementsReadRightToLeftLargeAndInOtherLanguages(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	for _, x := range []struct{ lang, dir, offer, plan, requests string }{
		{"ar", "rtl", "ليس الآن", "خطتك: Starter", "الطلبات"}, {"de", "ltr", "Jetzt nicht", "Ihr Plan: Starter", "Anfragen"},
	} {
		w := view{s.open(b, s.at("acme/ada/admin", ""))}
		w.Media("prefers-reduced-motion", "reduce")
		w.Run(fmt.Sprintf(`document.documentElement.lang = %q; document.documentElement.dir = %q; document.documentElement.style.setProperty('font-size', '32px'); document.querySelector('main').style.setProperty('max-width', '640px')`, x.lang, x.dir))
		w.put("headroom-upgrade-dialog", fmt.Sprintf(`{placement: 'speakers.add', lang: %q}`, x.lang))
		w.put("headroom-plan-page", fmt.Sprintf(`{lang: %q}`, x.lang))
		w.put("headroom-requests", fmt.Sprintf(`{lang: %q}`, x.lang))
		w.put("headroom-survey", fmt.Sprintf(`{lang: %q, placement: 'dashboard'}`, x.lang))
		w.reads(x.offer)
		w.reads(x.plan)
		w.reads(x.requests)
		w.Until("nothing moves", `document.getAnimations().length === 0`)
		w.fine(x.lang)
		w.Shot("large-" + x.lang)
		if strings.Contains(ask[string](w.Window, `says()`), "Not now") {
			t.Errorf("%s: something is English", x.lang)
		}
	}
}
