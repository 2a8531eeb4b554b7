package api

import "maps"

// activationFields say what the fields of activation, stages, readiness and people mean.
var activationFields = map[string]string{
	"ReadinessScore.sum":            "what the contributions add up to",
	"ReadinessScore.mark":           "from which score on it is ready",
	"ReadinessScore.ready":          "the score is at the mark or above",
	"ReadinessScore.contributions":  "every part of the rule, those that give nothing now included",
	"SignalContribution.group":      "fit, usage or intent",
	"SignalContribution.of":         "points when it holds, or on the day the signal fires",
	"SignalContribution.when":       "the condition it stands for",
	"SignalContribution.state":      "in plain words: that it holds, or the evidence of the signal",
	"SignalReadinessChange.group":   "fit, usage or intent; absent for parts the catalog no longer has",
	"AccountSummary.count":          "people who are known one by one, a thousand at most, and have not left",
	"AccountSummary.admins":         "who may buy",
	"AccountSummary.active":         "who was seen within 30 days",
	"AccountSummary.outside":        "people of the account's domain who use the product outside of its plan",
	"AccountSummary.champions":      "who speaks for the product; not for browsers",
	"AccountSummary.profiles":       "people by profile",
	"SignalReadinessChange.because": "why, in a sentence",
}

// activationOperations are the operations about where accounts stand.
var activationOperations = map[string]operation{
	"GET /v1/accounts/{account}/activation": {
		text: "The milestones that the catalog asks of accounts of its plan and segment, when each was reached and by whom, and where it is stuck. " +
			"What was done before the catalog asked counts where meters show it: the use of a feature, and events that a meter counts every one of. " +
			"`help` is what is shown before any offer, because a milestone is missing or what is paid for is hardly used.",
		answer: "How it stands", values: nova,
	},
	"GET /v1/activation": {
		text: "Of each milestone and, with `segment_by`, each value of that trait: how many accounts are to reach it, have reached it and are stuck on it, and the days it took, by nearest rank, of those who reached it. " +
			"An account is stuck on the first thing that is late, not on what would follow. `stuck` lists who, and `cursor` asks for its next part.",
		answer: "Milestones, and who is stuck", values: map[string]string{"plan": "starter"},
	},
	"GET /v1/accounts/{account}/lifecycle": {
		text: "Several stages may be true at once; the one that says what the account needs next is its stage: `at_risk` before everything, then `landed`, then the furthest of `advocate`, `expanding`, `adopted` and `activated`. " +
			"The stage is worked out now; its history has the moves that daily looks and changes of the subscription found.",
		answer: "The stage, and its history", values: nova,
	},
	"GET /v1/lifecycle": {
		text:   "As of the last daily look at each account, or the last change of its subscription.",
		answer: "The funnel, and accounts", values: map[string]string{"stage": "landed"},
	},
	"GET /v1/accounts/{account}/readiness": {
		text: "For each type of revenue that the catalog has a rule for: points from fit, usage and intent, which add up to the score before it is held between 0 and 100. " +
			"The changes since the daily look of an earlier day explain the whole difference of the sums.",
		answer: "Scores by type", values: nova,
	},
	"GET /v1/accounts/{account}/people": {
		text: "Who was named in the account by `PUT /v1/accounts/{account}/people/{user}` or by identify, as it was said for this account, and when they were last seen, by the day. " +
			"A publishable key hears how many there are and what is known of its own user, nothing of others.",
		answer: "The people", values: nova,
	},
	"PUT /v1/accounts/{account}/people/{user}": {
		text: "What is not there stays as it is. Who is marked as having left is in no count any more; rules on a champion who left look at once. " +
			"Up to a thousand people are known one by one; of others only that there are some. Faults: `too_many_people`, `personal_value`.",
		answer: "What is known of the person", values: map[string]string{"account": "nova", "user": "u1"}, body: `{"role":"admin","profile":"host","champion":true}`,
	},
	"GET /v1/readiness": {
		text:   "The highest score first, as of the last daily look at which anything changed.",
		answer: "Accounts with their scores", values: map[string]string{"type": "upsell"},
	},
}

func describeActivation() {
	maps.Copy(fieldWords, activationFields)
	maps.Copy(operations, activationOperations)
}
