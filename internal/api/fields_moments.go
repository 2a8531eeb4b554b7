package api

import "maps"

// momentFields say what the fields of moments mean.
var momentFields = map[string]string{
	"MomentLine.kind":            "`limit`: all of a limit was used, or more wanted; `locked`: a feature the account does not have; `milestone`: one was reached",
	"MomentLine.milestone":       "the milestone's key",
	"MomentLine.placement":       "where it was met, else where an offer about it belongs",
	"MomentLine.user":            "pseudonym of the person who met it first",
	"MomentLine.times":           "in how many minutes it was met within a day",
	"MomentLine.last_at":         "when it was last met",
	"MomentLine.why":             "what stood in the way of an offer when it came: a code as decisions have, `no_offer` or `not_asked`; absent when one answered it",
	"MomentLine.reason":          "the same in plain words",
	"MomentLine.value":           "a year's money of the cheapest thing that would have helped",
	"MomentLine.decision_id":     "the decision that answered it",
	"MomentLine.offer":           "key of the offer that answered it",
	"MomentLine.variant":         "`holdout` when it was kept back to measure what it earns",
	"MomentLine.offered_at":      "when; null when none did",
	"MissedLine.milestone":       "the milestone's key",
	"MomentFunnelLine.milestone": "the milestone's key",
}

func describeMoments() {
	schemaWords["MomentLine"] = "A moment at which more would have helped, and what became of it."
	schemaWords["MissedLine"] = "Missed moments about one thing at one place."
	maps.Copy(fieldWords, momentFields)
}
