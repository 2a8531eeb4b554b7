package sdkjs_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/headroomhq/headroom/internal/browsertest"
)

// Members ask, admins answer, in two browsers' windows.

// asks makes a member ask at the offer's place, by keyboard.
func (v view) asks(reason string) {
	v.T.Helper()
	v.tab("[part=action]", "")
	v.Press(kb.Enter)
	v.there("textarea", "")
	v.Until("the field has the focus", `focused()?.matches('textarea')`)
	v.Press(reason)
	v.tab("[part=send]", "")
	v.Press(kb.Enter)
}

func TestAMemberAsksAnAdminApprovesAndBothSeeItWithoutReloading(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	// given a member who meets an offer: without any price, in the whole page
	mia := s.see(b, "acme/mia/member", "headroom-upgrade-dialog", `{placement: 'speakers.add', admin: 'Ada'}`)
	mia.reads("Room for 40 speakers")
	mia.noMoney("the offer")
	mia.fine("a member's offer")
	mia.asks("We have forty speakers")
	mia.reads("Your request went to Ada.")
	mia.noMoney("what was sent")
	mia.fine("what was sent")
	mia.Shot("sent")
	// and another who asks for the same
	mo := s.see(b, "acme/mo/member", "headroom-upgrade-dialog", `{placement: 'speakers.add', admin: 'Ada'}`)
	mo.asks("me too")
	mo.reads("Somebody had asked Ada for it already.")

	own := s.see(b, "acme/mia/member", "headroom-requests", "")
	own.reads("Pro")
	own.reads("waits for an answer")
	own.noMoney("a member's requests")
	own.fine("a member's requests")

	// when the admin looks, they see who wants what, why, and what it costs
	ada := s.see(b, "acme/ada/admin", "headroom-requests", "")
	ada.reads("asks for Pro")
	ada.reads("We have forty speakers")
	ada.reads("1 more asks, too")
	ada.reads("then $149 a month")
	ada.fine("the admin's list")
	ada.Shot("requests")
	ada.click("[part=approve]", "Approve…")
	ada.there("dialog[role=alertdialog]", "")
	ada.focus("button", "Cancel")
	ada.reads("Approve Pro?")
	// with a bound for what is like it
	ada.click("#always", "")
	ada.there("#most", "")
	ada.fine("the approval")
	ada.Shot("approve")
	ada.click("[part=confirm]", "Confirm and pay")
	ada.reads("Approved: Pro is active now.")
	if got := s.plan("acme"); got != "pro/month" {
		t.Fatalf("the plan is %s", got)
	}
	// then what was approved for good is there, and can be ended
	ada.reads("Approved at once")
	ada.click("[part=end]", "End")
	ada.reads("Ended: you are asked again.")
	ada.gone("[part=standing]", "")
	// and the member hears of it in the open page
	own.reads("Pro was approved and is active now.")
	own.reads("approved")
	own.click("[part=read]", "Mark as read")
	own.gone("[part=news] li", "Pro was approved")
	own.noMoney("a member who was answered")
}

func TestAnAdminDeclinesWithAReasonByKeyboardAndTakesAnApprovalBack(t *testing.T) {
	h, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	h.Events("acme", "speaker.added", 9)
	mia := s.see(b, "acme/mia/member", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	mia.asks("please")
	mia.reads("Your request went to the admins of your account.")
	ada := s.see(b, "acme/ada/admin", "headroom-requests", "")
	ada.tab("[part=decline]", "Decline")
	ada.Press(kb.Enter)
	ada.Until("the field has the focus", `focused()?.matches('textarea')`)
	ada.fine("declining")
	ada.Press("Next quarter")
	ada.tab("[part=send]", "Decline")
	ada.Press(kb.Enter)
	ada.reads("Declined. They hear of it.")
	ada.reads("Nobody is asking for anything.")
	ada.Until("the focus is somewhere near", `focused() !== document.body`)
	mine := s.see(b, "acme/mia/member", "headroom-requests", "")
	mine.reads("declined")
	mine.reads("Next quarter")
	mine.fine("what was declined")

	// given another request that is approved, and taken back
	s.subscribe("globex", "starter")
	h.Events("globex", "speaker.added", 9)
	kim := s.see(b, "globex/kim/member", "headroom-upgrade-dialog", `{placement: 'speakers.add'}`)
	kim.asks("")
	kim.reads("Your request went to")
	boss := s.see(b, "globex/boss/admin", "headroom-requests", "")
	boss.tab("[part=approve]", "Approve…")
	boss.Press(kb.Enter)
	boss.focus("button", "Cancel")
	boss.tab("[part=confirm]", "Confirm and pay")
	boss.Press(kb.Enter)
	boss.reads("Approved: Pro is active now.")
	boss.tab("[role=status] button", "Undo")
	boss.Press(kb.Enter)
	boss.reads("Taken back.")
	if got := s.plan("globex"); got != "starter/month" {
		t.Errorf("the plan is %s", got)
	}
}

func TestAMemberWhoOpensWhatIsLockedAsksForTheFeature(t *testing.T) {
	_, s := shop(t)
	b := browsertest.OpenBrowser(t)
	s.subscribe("acme", "starter")
	w := s.see(b, "acme/mia/member", "headroom-upgrade-dialog", `{placement: 'nowhere', feature: 'recordings', 'on-demand': ''}`)
	w.Run(`document.querySelector('headroom-upgrade-dialog').open()`)
	w.reads("An admin of your account can unlock this.")
	w.click("textarea", "")
	w.Press("to sell the talks")
	w.click("[part=send]", "Send to")
	w.reads("Your request went to the admins of your account.")
	w.noMoney("a locked feature")
	var asked struct {
		Requests []struct{ Feature, Reason string }
	}
	s.headroom.Must("GET", "/v1/accounts/acme/billing", nil, &asked)
	if len(asked.Requests) != 1 || asked.Requests[0].Feature != "recordings" || !strings.Contains(asked.Requests[0].Reason, "sell") {
		t.Errorf("the requests are %+v", asked.Requests)
	}
}

// What is open is known at once, and what was answered a moment later: between the two, nobody is told that they have
// not asked.
func TestARequestThatWasJustAnsweredIsNotGoneBeforeItsAnswerIsThere(t *testing.T) {
	h := browsertest.Start(t, offered)
	s := openProduct(t, h, `<headroom-requests></headroom-requests>`)
	s.page += `
const list = {items: [{id: 'r1', title: 'Pro', status: 'open', at: '2026-03-01T00:00:00Z'}]}
$('headroom-requests').preview = {role: 'member', answers: {
  'GET /v1/accounts/{account}/requests': list, 'GET /v1/accounts/{account}/billing': {requests: [], subscription: {}},
  'GET /v1/accounts/{account}/notices?unread=true&limit=20': {items: []},
}}`
	w := s.open(browsertest.OpenBrowser(t), s.at("acme/tom/member", ""))
	// given a list that is a moment behind what is open
	w.Until("the request is there", `text('headroom-requests').includes('Pro')`)
	w.Is(`new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))`)
	if got := ask[string](w, `text('headroom-requests')`); strings.Contains(got, "You have not asked") || !strings.Contains(got, "Pro") {
		t.Errorf("she reads %q", got)
	}
}
