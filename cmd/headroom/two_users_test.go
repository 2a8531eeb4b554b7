package main

import (
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/examples/summit"
	"github.com/headroomhq/headroom/internal/browsertest"
	"github.com/headroomhq/headroom/internal/console"
)

// An offer's whole life between two people of one customer: shown, dismissed, capped, asked for by the
// member, approved by the admin, active in the member's next check, and taken back.
func TestAMemberAsksAnAdminApprovesAndBothSeeIt(t *testing.T) {
	if !console.Built() {
		t.Fatal("this binary holds no console: run `make console`")
	}
	demo := visitedSummit(t)
	browser := browsertest.OpenBrowser(t)
	admin := openSummit(browser, "admin", demo.product+"/?dev")
	member := openSummit(browser, "member", demo.product+"/speakers?dev")
	member.Click("label[for=as-member]")
	member.Says("You are Tavi Okonjo of Aurora Events now, a member")
	admin.Reads("#person", "Imke Sorel, admin")

	// Shown, and dismissed: it stays away, here and after a reload.
	admin.sees("Room for 2 more", offerAt("home.card", "[part~=title]")...)
	admin.overlaySays("home.card", "offers pro_at_a_glance: a signal is alive")
	admin.Shot("two-1-shown")
	admin.press(offerAt("home.card", "[part~=dismiss]")...)
	admin.lacks(offerAt("home.card", "[part~=title]")...)
	admin.Open(demo.product + "/")
	admin.loaded()
	admin.overlaySays("home.card", "offers nothing: dismissed, and cools down")
	admin.lacks(offerAt("home.card", "[part~=title]")...)

	// Capped: marketing has written to the member as often in this week as anybody may hear from Summitry.
	for i, channel := range []string{"email", "email", "in_product", "in_product", "in_product"} {
		demo.company.must("POST", "/v1/contacts", map[string]any{"account": summit.ShownAccount, "user": "u-" + summit.ShownAccount + "-1",
			"channel": channel, "claim": fmt.Sprint("newsletter-", i)}, nil)
	}
	member.add()
	member.uses("speakers", "9 of 10 speakers")
	member.overlaySays("speakers.add", "offers nothing: the budget of contacts is spent")
	member.lacks(offerAt("speakers.add", "[part~=title]")...)
	member.Shot("two-2-capped")

	// Asked for: who asks is not contacted, so no cap binds. A member is told no price.
	member.add()
	member.uses("speakers", "10 of 10 speakers")
	member.add()
	member.Says("There is no room for another speaker")
	member.Click("#see")
	asked := []string{"[data-placement='speakers.add'] headroom-upgrade-dialog:not([inline])"}
	member.sees("Room for 40 speakers", append(asked, "[part~=title]")...)
	member.Until("there is no price", fmt.Sprintf(`!%s.innerText.includes('$')`, part(append(asked, "[part~=card]")...)))
	member.press(append(asked, "[part~=action]")...)
	member.Until("the reason can be told", focused(append(asked, "[part~=reason]")...))
	member.Press("Two keynotes said yes")
	member.Shot("two-3-asks")
	member.press(append(asked, "[part~=send]")...)
	member.sees("Your request went to Imke Sorel.", append(asked, "[part~=status]")...)

	// Approved: the admin sees who asks and why, and what it costs, before saying yes.
	admin.visit("/team")
	admin.Until("the request is there", fmt.Sprintf(`/Two keynotes said yes/.test(%s?.innerText)`, part("headroom-requests", "[part~=item]")))
	admin.Until("and who asks, by name", fmt.Sprintf(`/Tavi/.test(%s?.innerText)`, part("headroom-requests", "[part~=item]")))
	admin.Shot("two-4-request")
	admin.press("headroom-requests", "[part~=approve]")
	admin.Until("the price is shown before", fmt.Sprintf(`/\$149(\.00)? a month/.test(%s?.innerText)`, part("headroom-requests", "dialog[open]")))
	admin.press("headroom-requests", "dialog[open] [part~=confirm]")
	admin.Reads("#plan", "Pro, $149 a month")

	// Active: the member's next check knows, without a reload.
	member.press(append(asked, "[part~=dismiss]")...)
	member.uses("speakers", "10 of 40 speakers")
	member.add()
	member.uses("speakers", "11 of 40 speakers")
	member.Click(".list li:last-child button")
	member.uses("speakers", "10 of 40 speakers")
	member.Shot("two-5-active")

	// Taken back: the limit is what it was, for the member too.
	admin.press("headroom-requests", "[part~=undo]")
	admin.Reads("#plan", "Starter, $49 a month")
	member.uses("speakers", "10 of 10 speakers")
	member.add()
	member.Says("There is no room for another speaker")
	member.Shot("two-6-undone")
}
