package api

import "maps"

const (
	exampleInvite  = "inv_bm92YQ.1"
	exampleJoin    = "acc_bm92YQ.1"
	exampleRefused = "acc_bm92YQ.2"
)

// flowOperations are the operations by which use spreads from person to person, and what people say.
var flowOperations = map[string]operation{
	"GET /v1/accounts/{account}/outside": {
		text: "People whose email address is of the account's `domain` and who use the product in no account of its family: in an account of their own, in another one, or in none. Who was not seen for 90 days, by a call that says who they are or by an event without an account, is not counted, and who is marked as having left an account is not in it. " +
			"Only the domain of an address is kept in clear, what comes before it never; domains of free mail do not count. A person with several ids that an alias call joined is one.",
		answer: "How many, and where they use it; the last seen first", values: nova,
	},
	"POST /v1/accounts/{account}/invites": {
		text: "Each takes a seat: of `feature`, or of their profile's. As many as there are seats for are sent and hold their seat for 30 days; the others wait, for 90 days at most, and are sent in their order when there are seats. " +
			"With a shortfall the answer carries the decision of what to show, as a check does, with offers that fit the seats that are missing. Who has an open invitation keeps that one. " +
			"Addresses are sealed. `link` is for the mail that you send. Faults: `invitee_invalid`, `not_allowed_to_invite`, `invites_full`.",
		answer: "What became of each", values: nova,
		body: `{"user":"ada","people":[{"email":"bob@nova.example","profile":"speaker"},{"user":"eve","profile":"speaker"},{"user":"kim"}]}`,
	},
	"GET /v1/accounts/{account}/invites": {text: "Addresses, codes and links are for admins and servers only.", answer: "Invitations, the newest first", values: nova},
	"POST /v1/invites/{id}/accept": {
		text: "By the person who was invited, in a browser whatever account they come from; where the invitation was for an address, with the `code` of its link. They become a member with the profile and role of the invitation, and a seat " +
			"whose use is consumed is taken. Faults: `invite_not_found`, `invite_over`, `invite_waits`, `seats_full`.",
		answer: "The invitation", values: map[string]string{"id": exampleInvite}, body: `{"user":"bob"}`,
	},
	"POST /v1/invites/{id}/decline": {text: "By the person who was invited, as accept.", answer: "The invitation", values: map[string]string{"id": "inv_bm92YQ.2"}, body: `{"user":"eve"}`},
	"POST /v1/invites/{id}/cancel":  {text: "By an admin of the account, or who invited.", answer: "The invitation", values: map[string]string{"id": "inv_bm92YQ.3"}, body: `{"user":"ada"}`},
	"POST /v1/accounts/{account}/access-requests": {
		text: "A person asks to join. From a browser only people whose address is of the account's domain ask, whatever account they come from. Admins find it among their notices. " +
			"Who asks already keeps that request; who was declined is not heard again for the catalog's `requests.cool_off`. Faults: `not_of_domain`, `asked_before`, `requests_full`.",
		answer: "The request", values: nova, body: `{"user":"grace","reason":"I run the spring summit"}`,
	},
	"GET /v1/accounts/{account}/access-requests": {text: "For admins of the account.", answer: "Requests to join, the newest first", values: nova},
	"POST /v1/access-requests/{id}/approve": {
		text:   "By an admin: the person is a member, and takes a seat where their profile needs one. Both hear of it. Faults: `access_request_not_found`, `request_answered`, `seats_full`, `admin_needed`.",
		answer: "The request", values: map[string]string{"id": exampleJoin}, body: `{"user":"ada"}`,
	},
	"POST /v1/access-requests/{id}/decline": {text: "By an admin. Both hear of it.", answer: "The request", values: map[string]string{"id": exampleRefused}, body: `{"user":"ada"}`},
	"POST /v1/accounts/{account}/referrals": {
		text:   "The same account and program always have the same code: it names both, with a seal that nobody can make up. Faults: `program_not_found`, `programs_full`.",
		answer: "The code, and where it leads", values: nova, body: `{"user":"ada","program":"hosts_bring_hosts"}`,
	},
	"GET /v1/referrals": {
		text:   "Each account that has a code, with the accounts that were credited to it and what those pay now. What people do, to be read beside what they say in an NPS survey.",
		answer: "By program and account",
	},
	"POST /v1/exposures": {
		text: "For a powered-by line or a link that carries a code. A publishable key of scope `events:write` may send it, with and without a user token. Counted once a visitor, code and day (UTC). " +
			"Faults: `code_unknown`.",
		answer: "Whether it counted", body: `{"code":"$CODE","visitor":"v-17","place":"footer"}`,
	},
	"POST /v1/signups": {
		text: "Once, when an account is made. It is credited to the code that is passed on, else to the one that the visitor, or the user under an earlier id, saw last within its program's window. " +
			"`reason` is `credited`, `not_referred`, `self_referral` (of the same family), `already_here` (the account signed up or paid before) or `program_unknown`.",
		answer: "Whom it is credited to", body: `{"account":"fresh","user":"lin","visitor":"v-17"}`,
	},
	"POST /v1/surveys/next": {
		text: "The first survey of the placement, by key, that may ask this person now. In each time of a survey's `every` a person is drawn anew by its `sample`; nobody is asked twice within `survey_gap`, whatever the survey and the account. " +
			"An incident or a mute keep surveys away; they spend no budget of offers. People of external profiles are asked only where `for` says so. What is answered here counts as shown.",
		answer: "The survey to show, or why there is none", body: `{"account":"nova","user":"u1","role":"admin","placement":"summit.done","language":"en"}`,
	},
	"POST /v1/surveys/{id}/answers": {
		text: "By the person who was asked. It may be sent again for an hour, and replaces what was said; closing counts as shown and not answered. After a promoter's answer to a survey with `refer` it says what to ask them next. " +
			"Faults: `survey_ask_not_found`, `answer_invalid`, `survey_answered`, `feature_unknown`.",
		answer: "That it was kept", values: map[string]string{"id": "$ASK"}, body: `{"user":"u1","score":5,"text":"It just works"}`,
	},
	"GET /v1/surveys": {
		text: "NPS with its margin (the variance of an answer is p + d - (p - d)²), CSAT as the share of 4 and 5 with Wilson's interval, both at 95%; the response rate; and whether that is usual. " +
			"Below ten answers no score is told.",
		answer: "Each survey and what it adds up to",
	},
	"GET /v1/surveys/{key}": {
		text:   "The same of one survey, parted by plan or a trait and by month, with its answers; beside an NPS stands what referrals came to.",
		answer: "The survey", values: map[string]string{"key": "nps", "segment_by": "plan"},
	},
	"GET /v1/demand": {
		text: "What people wish for in surveys of kind `feature_request`: features of the catalog, and what is none yet, under one title where they wrote the same. " +
			"A person counts once, by what they said last; what they would pay is what they say, not what they do.",
		answer: "Wishes; those of the accounts that pay most first",
	},
}

// flowFields say what their fields mean, where no type does.
var flowFields = func() map[string]string {
	words := map[string]string{
		"InviteRequest.people": "whom to invite, 200 at most", "SurveyAnswer.segments": "by the segments asked for, those asked most first",
		"SurveyAnswer.months": "by the month in which it was shown, in UTC", "SurveyMonth.month": "the month",
		"SignUpAnswer.exposed_at": "when the code was seen last", "SignUpAnswer.program": "of the code", "SignUpAnswer.by": "the account that referred it; not told to browsers",
		"SignUpAnswer.credited": "whether it is credited to an account", "SignUpAnswer.reason": "credited, or why not", "SignUpAnswer.at": "when the account signed up",
		"AnswerSurveyAnswer.ask_id": "what was answered", "AnswerSurveyAnswer.survey": "key of the survey",
		"OutsideAnswer.outside": "how many use it in no account of the family", "OutsideAnswer.inside": "how many do in one of them",
		"ReferralNumbers.exposures": "how often codes were seen", "ReferralNumbers.program": "key of the program", "ReferralNumbers.sign_ups": "accounts that were credited to them",
	}
	for _, in := range []string{"Invitation.", "InvitationAnswer."} {
		maps.Copy(words, map[string]string{
			in + "user": "pseudonym of who is invited, or accepted it", in + "email": "the address it is for, if it is for one", in + "profile": "the role they are to play in the product",
			in + "role": "admin or member", in + "feature": "of which they take a seat", in + "by": "pseudonym of who invited",
			in + "status": "waiting, sent, accepted, declined, cancelled or expired", in + "sent_at": "when it was sent; left out while it waits",
			in + "expires_at": "until when it may be accepted, or waits for a seat", in + "decided_at": "when it was accepted, declined, cancelled or expired", in + "at": "when it was made",
		})
	}
	for _, in := range []string{"InviteAsk.", "JoinAnswer."} {
		maps.Copy(words, map[string]string{
			in + "user": "pseudonym of who asks", in + "profile": "the role they would play in the product", in + "feature": "of which they would take a seat",
			in + "of_domain": "whether their address is of the account's domain", in + "reason": "in their own words", in + "status": "open, approved or declined",
			in + "at": "when they asked", in + "decided_by": "pseudonym of who answered", in + "decided_at": "when it was answered",
		})
	}
	return words
}()

func describeFlows() {
	maps.Copy(operations, flowOperations)
	maps.Copy(fieldWords, flowFields)
}
