package api

import "maps"

// offerFields say what the fields of offers and decisions mean.
var offerFields = map[string]string{
	"Decision.quiet":          "rules that keep offers away now; not for browsers",
	"DecideAnswer.quiet":      "rules that keep offers away now; not for browsers",
	"ExplainAnswer.quiet":     "rules that kept offers away",
	"Decision.refusals":       "budgets and silences that forbid a contact nobody asked for; not for browsers",
	"DecideAnswer.refusals":   "budgets and silences that forbid a contact nobody asked for; not for browsers",
	"ExplainAnswer.refusals":  "budgets and silences that forbade a contact nobody asked for",
	"Give.fit":                "as many of the add-on as cover what is used or asked for",
	"Give.refer":              "a referral program: its customers bring others",
	"Give.talk":               "to whom the person talks: `sales` or `success`",
	"Give.invite":             "a profile: somebody of it is to be invited",
	"Offer.lost":              "what the account would no longer have, of a save",
	"Offer.expected":          "why it goes before others; not for browsers",
	"OfferExpected.chance":    "percent of those who see it that are expected to accept",
	"OfferExpected.year":      "a year's money of what accepting changes, with what is charged once; of a save what stays",
	"OfferExpected.value":     "that money times that chance, rounded down",
	"OfferExpected.estimated": "accepting changes no money itself: it is that of what would be bought afterwards",
	"OfferHelp.rule":          "`not_activated` or `under_using`",
	"OfferHelp.milestone":     "the first milestone that is missing",
	"OfferHelp.link":          "where help is",
	"OfferHelp.invite":        "a profile of who can help, to be invited",
	"ContactQuiet.rule":       "which of the quiet rules",
	"ContactRefusal.scope":    "whose budget: of the person, the account or its family",
	"ContactRefusal.channel":  "over which channel the budget counts; `any` counts all",
}

func describeOffers() {
	maps.Copy(fieldWords, offerFields)
}
