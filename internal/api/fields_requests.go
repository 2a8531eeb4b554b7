package api

import (
	"maps"
	"strings"
)

func describeRequests() {
	maps.Copy(operations, requestOperations)
	maps.Copy(fieldWords, requestFields)
	maps.Copy(schemaWords, requestSchemas)
	for name, words := range requestFields {
		if field, is := strings.CutPrefix(name, "StandingApproval."); is {
			fieldWords["OfferApproval."+field], fieldWords["ApprovalAnswer."+field] = words, words
		}
		if field, is := strings.CutPrefix(name, "OfferNotice."); is {
			fieldWords["NoticeAnswer."+field] = words
		}
	}
}

const exampleAsker = "initech"

var requestOperations = map[string]operation{
	"POST /v1/requests": {
		text: "For a locked feature, where no offer was shown: a member asks an admin for the smallest thing that unlocks it, or for what `give` says. Who asks for what somebody has asked for already joins that request, and both hear. " +
			"Where a standing approval covers it, it is approved at once: for no more than was shown to the admin who gave it.",
		answer: "The request; with the subscription and the check, when it was approved at once",
		body:   `{"account":"umbrella","user":"kim","feature":"recordings","reason":"We want to sell the talks of the spring summit"}`,
	},
	"GET /v1/requests": {text: "Of all accounts, newest first.", values: map[string]string{"status": "open"}},
	"POST /v1/requests/{id}/approve": {text: "Needs the `token` of a preview with the `request_id` (or of the decision it came from) and an `Idempotency-Key`, as it costs money. What was asked for is active at once, and who asked hears of it. " +
		"With `always` later requests like it are approved at once, within what the admin says and no dearer than what this one costs.",
		values: map[string]string{"id": exampleRequest, "Idempotency-Key": "approve-1"},
		body:   `{"user":"boss","token":"$TOKEN","always":{"for":"everybody","at_most":{"amount":"2000.00","currency":"USD"},"per":"year"}}`},
	"POST /v1/requests/{id}/decline": {text: "Who asked hears of it, with the reason, and cannot ask for the same again for the catalog's `requests.cool_off`.",
		values: map[string]string{"id": exampleDeclined}, body: `{"user":"boss","reason":"Let us wait until the next quarter"}`},
	"GET /v1/accounts/{account}/approvals": {text: "Those in force, the oldest first. Admins of the account only.",
		answer: "Standing approvals, with what is left of each", values: map[string]string{"account": exampleAsker}},
	"DELETE /v1/accounts/{account}/approvals/{id}": {text: "What it has approved stays. Admins of the account only.",
		answer: "The approval as it was", values: map[string]string{"account": exampleAsker, "id": "apv_aW5pdGVjaA.1"}},
	"GET /v1/accounts/{account}/notices": {text: "Newest first. A user token sees its person's own, and as an admin those for admins. With a secret key `user` and `role` say for whom; without them all are listed.",
		values: map[string]string{"account": exampleAsker, "role": "admin"}},
	"POST /v1/accounts/{account}/notices/{id}/read": {text: "Once: the first to read stays. A notice for admins is read when one of them has read it.",
		answer: "The notice", values: map[string]string{"account": exampleAsker, "id": "ntc_aW5pdGVjaA.1"}, body: `{"user":"boss"}`},
	"GET /v1/accounts/{account}/requests": {text: "Newest first. A user token of an admin sees all of the account's, with who asked as their tokens name them; one of a member their own. With a secret key, which needs the scope read too, `user` and `role` say for whom.",
		values: map[string]string{"account": exampleAsker, "status": "open"}},
	"POST /v1/accounts/{account}/subscription/confirm": {
		text:   "For admins of the account, from a page too: buys what POST /v1/subscriptions/preview showed, and nothing else. It needs an `Idempotency-Key`. A page may buy plans, intervals, quantities and add-ons; dates, currencies and earlier versions, when it takes effect, and ending the subscription, are for your server: with a secret key it needs the scope admin, as PUT …/subscription does.",
		answer: "The subscription after the change, with its entitlements", values: map[string]string{"account": "nova", "Idempotency-Key": "confirm-1"}, body: `{"user":"boss","token":"$TOKEN"}`},
	"GET /v1/accounts/{account}/billing": {
		text: "Usage filling each allowance, dates, discounts, add-ons, seats, open requests, and what could be bought with what it changes for this account. Amounts are those of a preview at the same moment. " +
			"A deep link names a `decision`, an `offer` or a `plan`: it is preselected, for who can buy with its preview and the `token` that confirms it. Who cannot buy sees no money, and `request` as the action.",
		answer: "The page", values: map[string]string{"account": "nova", "plan": "business"}},
	"GET /v1/offers/reversals": {text: "Per offer, of what was accepted between `from` and `to`: how much was undone, with the 95% interval of Wilson, and after how long. `state` is `alarm` when the lower end of the interval is above 5%, and `too_little` where fewer than 20 were accepted: then there is no number.",
		answer: "A line for each offer that was accepted"},
}

var requestSchemas = map[string]string{
	"BillingAnswer":             "All that a pricing and billing page shows.",
	"EngineBillingSubscription": "The subscription with its dates.",
	"EngineBillingScheduled":    "A change that is to come.",
	"EngineBillingAllowance":    "A feature that is counted, and how far its allowance is filled.",
	"EngineBillingAddon":        "An add-on that was bought.",
	"EngineBillingSeats":        "A feature of kind seats.",
	"EngineBillingDiscount":     "What is saved, or could be.",
	"EngineBillingOption":       "Something that can be bought, and what it changes for this account.",
	"EngineBillingLimit":        "What an option changes of one feature.",
	"EnginePreselected":         "What a link led to.",
	"ApproveAlways":             "How later requests like the one that is approved are approved at once.",
	"StandingApproval":          "A standing approval: later requests like the one it came with are approved at once.",
	"ApprovalAnswer":            "The standing approval as it was.",
	"OfferApproval":             "A standing approval: later requests like the one it came with are approved at once.",
	"NoticeAnswer":              "What somebody of an account is told of a request.",
	"OfferNotice":               "What somebody of an account is told of a request.",
	"OfferReversal":             "How often an offer that was accepted is undone.",
	"OfferJoined":               "Somebody who asked for what another had asked for already.",
	"OfferUse":                  "A request that a standing approval answered.",
}

var requestFields = map[string]string{
	"BillingAnswer.can_buy":                  "whoever looks can buy, and sees money",
	"BillingAnswer.allowances":               "what is counted and how far it is filled, by feature",
	"BillingAnswer.seats":                    "the features of kind seats",
	"BillingAnswer.discounts":                "what is saved, or could be; only for who can buy",
	"BillingAnswer.requests":                 "open upgrade requests: all for who can buy, else their own",
	"BillingAnswer.options":                  "the plans above, in their order; for who has none, all",
	"BillingAnswer.more":                     "packs and top-ups for the tightest allowance, the cheapest first",
	"BillingAnswer.preselected":              "what the link led to",
	"EngineBillingSubscription.period_start": "when the period that is paid for began",
	"EngineBillingSubscription.period_end":   "and when it ends",
	"EngineBillingSubscription.renews_at":    "when it renews; left out when it ends instead",
	"EngineBillingSubscription.scheduled":    "changes that are to come",
	"EngineBillingAllowance.tightest":        "its hard limit is the one filled most",
	"EngineBillingAllowance.used":            "how much is used",
	"EngineBillingAllowance.percent":         "used of the limit, rounded down; may pass 100",
	"EngineBillingAllowance.overage":         "what is above the limit costs so far",
	"EngineBillingAddon.each":                "price of the first, each interval",
	"EngineBillingAddon.price":               "of all of them, each interval",
	"EngineBillingSeats.assigned":            "how many are taken",
	"EngineBillingSeats.seats":               "how many there are; null when there is no limit",
	"EngineBillingSeats.free":                "how many are left",
	"EngineBillingSeats.addon":               "the add-on that gives more",
	"EngineBillingSeats.each":                "price of one more, each interval",
	"EngineBillingDiscount.kind":             "`bundle` or `annual`",
	"EngineBillingDiscount.saving":           "of a bundle each interval, of paying by the year in a year",
	"EngineBillingDiscount.taken":            "it is saved already; otherwise it could be",
	"EngineBillingOption.limits":             "what it changes, by feature",
	"EngineBillingOption.covers":             "of a plan: all that is used today fits into it",
	"EngineBillingOption.fits":               "the smallest plan that covers what is used today",
	"EngineBillingOption.action":             "`buy`, or `request` for who cannot",
	"EngineBillingOption.quote":              "what a preview of it says",
	"EngineBillingOption.more":               "what each interval costs more",
	"EngineBillingOption.not_now":            "why it cannot be bought now",
	"EngineBillingLimit.before":              "`no`, `yes`, a limit, `unlimited` or a value",
	"EngineBillingLimit.after":               "likewise, with the option",
	"EnginePreselected.by":                   "`decision`, `offer` or `plan`",
	"EnginePreselected.action":               "`buy`, or `request`; left out when there is nothing to do",
	"EnginePreselected.why":                  "why it cannot be chosen",
	"EnginePreselected.quote":                "what a preview of it says",
	"UpgradeRequest.status":                  "`open`, `approved`, `declined`, `expired` (nobody answered), `superseded` (the account got it otherwise) or `undone` (approved, and taken back)",
	"UpgradeRequest.feature":                 "what the person wanted to use, where it is known",
	"UpgradeRequest.title":                   "what people call what is asked for",
	"UpgradeRequest.remind_at":               "when admins hear of it again",
	"UpgradeRequest.reminded":                "how often they have",
	"UpgradeRequest.joined":                  "who asked for the same meanwhile",
	"UpgradeRequest.answer":                  "why it was declined",
	"UpgradeRequest.approval_id":             "of the standing approval that answered it",
	"UpgradeRequest.had":                     "how many of the add-on there were when it was asked for",
	"UpgradeRequest.expires_at":              "when it expires if nobody answers",
	"OfferJoined.reason":                     "why, in their own words",
	"ApproveAlways.what":                     "which requests: for the same `give` (when left out), from the same `offer`, or for the same `feature`",
	"ApproveAlways.for":                      "whose requests: of the `member` who asked (when left out), or of `everybody`",
	"ApproveAlways.at_most":                  "what all of them together may cost within one `per`: what recurs, and what is bought once",
	"ApproveAlways.per":                      "`month` or `year`; what is charged by the year counts whole against a month",
	"ApproveAlways.until":                    "its end; a year from now when left out",
	"StandingApproval.offer":                 "requests from this offer; exactly one of `offer`, `feature` and `give`",
	"StandingApproval.feature":               "requests for this feature",
	"StandingApproval.title":                 "what was approved first",
	"StandingApproval.user":                  "whose requests; left out: every member's",
	"StandingApproval.at_most":               "what later requests may cost together within one `per`",
	"StandingApproval.each":                  "what one of them may cost alone: what was shown for the first",
	"StandingApproval.per":                   "`month` or `year`",
	"StandingApproval.until":                 "its end",
	"StandingApproval.by":                    "the admin, a pseudonym",
	"StandingApproval.uses":                  "the requests it answered and that stand",
	"StandingApproval.spent":                 "what counts against it now",
	"StandingApproval.left":                  "what is left of it",
	"StandingApproval.lapsed":                "who gave it has left the account, or is a member by now: it is not used, and admins are asked",
	"StandingApproval.request_id":            "the request it came with",
	"OfferUse.cost":                          "what it counts, in minor units",
	"OfferUse.once":                          "it was charged once, and counts for one `per`",
	"OutcomeAnswer.joined":                   "somebody had asked for the same: there is one request for all",
	"OutcomeAnswer.approval":                 "the standing approval that was given",
	"OfferNotice.user":                       "for whom, a pseudonym; left out: for a role",
	"OfferNotice.role":                       "`admin`: for all admins of the account",
	"OfferNotice.kind":                       "`asked`, `joined`, `reminded`, `approved`, `declined`, `expired`, `activated` or `undone`",
	"OfferNotice.words":                      "what happened, in a sentence or two that name nobody",
	"OfferNotice.reason":                     "what the person who asked or answered said",
	"OfferNotice.by":                         "who did it, a pseudonym",
	"OfferNotice.read_at":                    "when it was read first",
	"OfferNotice.read_by":                    "by whom, a pseudonym",
	"OfferReversal.accepted":                 "how many accepted it",
	"OfferReversal.undone":                   "how many of those took it back",
	"OfferReversal.rate":                     "`undone` in `accepted`, a decimal fraction; null where too little was accepted to say",
	"OfferReversal.low":                      "lower end of the 95% interval of the rate",
	"OfferReversal.high":                     "upper end of the 95% interval of the rate",
	"OfferReversal.median_seconds":           "time from accepting to undoing, of those undone",
	"OfferReversal.state":                    "`too_little`, `ok`, `watch` or `alarm`",
	"OfferReversal.rule":                     "why, in words",
}
