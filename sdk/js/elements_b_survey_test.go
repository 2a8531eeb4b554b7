package sdkjs_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// Surveys.

func TestAPromoterAnswersByKeyboardAndIsAskedToRefer(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	w := s.see(b, "acme/mia/member", "headroom-survey", `{placement: 'dashboard'}`)
	w.reads("How likely are you to recommend us?")
	w.fine("a survey")
	// given nothing chosen, it is said what is missing
	w.tab("[part=send]", "Send")
	w.Press(kb.Enter)
	w.reads("Please choose a number.")
	w.Until("the focus is on the scale", `focused()?.matches('input[type=radio]')`)
	// the scale is one stop of the keyboard, with arrows inside
	w.Press(" ")
	for range 9 {
		w.Press(kb.ArrowRight)
	}
	w.Until("nine is chosen", `find('input[type=radio]:checked')?.value === '9'`)
	w.reads("Why?")
	w.fine("a score")
	w.Shot("survey")
	w.tab("textarea", "")
	w.Press("It just works")
	w.tab("[part=send]", "Send")
	w.Press(kb.Enter)
	w.reads("Thank you for your answer.")
	w.there("[part=link]", "")
	w.Until("there is a link to share", `find('[part=link]').value.startsWith('https://app.example/r/')`)
	w.fine("a referral after a survey")
	w.click("[part=dismiss]", "Close")
	w.gone("[part=card]", "")
	w.Until("the page heard", `events.includes('answered') && !events.includes('error')`)
}

func TestASurveyIsAskedForOnceAndOnlyWhereItIsSeen(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	w := view{s.open(b, s.at("acme/kim/member", ""))}
	w.Until("the page runs", `window.put && headroom.snapshot().entitlements`)
	// given a place far below, nothing is asked
	w.Run(`const far = document.createElement('div'); far.style.setProperty('height', '5000px'); document.querySelector('main').append(far)`)
	w.put("headroom-survey", `{placement: 'help'}`)
	w.put("headroom-survey", `{placement: 'wishes', hidden: ''}`)
	ask[bool](w.Window, `new Promise((idle) => requestIdleCallback(() => requestIdleCallback(() => idle(true))))`)
	if n := len(s.passed("POST /v1/surveys/next")); n != 0 {
		t.Fatalf("it asked %d times where nobody could see it", n)
	}
	// when it comes into sight, it is
	w.Run(`scrollTo(0, document.body.scrollHeight)`)
	w.reads("How did we do?")
	w.click("label", "4")
	w.click("[part=dismiss]", "Not now")
	w.gone("[part=card]", "")
	w.Until("that it was closed is sent", `events.includes('dismissed')`)
	if n := len(s.passed("POST /v1/surveys/next")); n != 1 {
		t.Errorf("it asked %d times", n)
	}
	// and nobody is asked twice
	again := s.see(b, "acme/kim/member", "headroom-survey", `{placement: 'help'}`)
	again.Until("it asked", `made.some((m) => m.what === 'survey')`)
	again.gone("[part=card]", "")
}

func TestAWishIsSentWithWhatItIsWorth(t *testing.T) {
	_, s := shop(t)
	s.subscribe("acme", "starter")
	w := s.see(browsertest.OpenBrowser(t), "acme/lou/member", "headroom-survey", `{placement: 'wishes'}`)
	w.reads("What is missing?")
	w.fine("a wish")
	w.click("#wish", "")
	w.Press("A stage for two")
	w.click("label", "5")
	w.click("#pay", "")
	w.Press("20")
	w.click("[part=send]", "Send")
	w.reads("Thank you for your answer.")
	var log struct {
		Items []struct {
			Title string
			Pay   struct{ Amount, Currency string }
		}
	}
	s.headroom.Must("GET", "/v1/demand", nil, &log)
	if w.Is(`events.includes('error')`) {
		t.Errorf("the wish was refused; the log has %+v", log)
	}
}
