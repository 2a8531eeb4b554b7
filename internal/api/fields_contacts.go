package api

import "maps"

// What the document says of contacts, facts and variants.

func describeContacts() {
	maps.Copy(operations, contactOperations)
	maps.Copy(fieldWords, contactFields)
	maps.Copy(schemaWords, map[string]string{
		"ContactAnswer":   "Whether a contact may be made; if so it is spent.",
		"ContactStanding": "A budget of contacts and what is left of it.",
		"ContactRefusal":  "A budget that is spent, or a silence.",
		"ContactQuiet":    "A rule that keeps offers away.",
		"FactLine":        "Something that another system knows of an account.",
		"ExperimentLine":  "An experiment and who is in it.",
		"ExperimentRatio": "Pearson's chi-square test of counts against shares.",
		"VariantLine":     "One side of an experiment.",
		"StoreContact":    "A contact that was made, or claimed.",
	})
}

const exampleClaim = "con_bm92YQ.AA.8f14e45fceea167a5a36dedd.k3v5q7zz"

var contactOperations = map[string]operation{
	"POST /v1/contacts": {
		text: "Every channel but POST /v1/decide asks here before it contacts somebody: emails, people, other systems. All budgets that count it are asked, the person's over all accounts, the account's and its family's, and the quiet rules; " +
			"when all agree the contact is spent in the same call, so that two senders at once cannot pass a budget. It counts from the moment it is claimed. Asking again with the same `claim` spends nothing more. " +
			"What was claimed and never used stays spent unless it is given back. A contact by `people` also sets the fact `contacted`.",
		answer: "Whether it may be made, or why not and until when",
		body:   `{"account":"nova","user":"u1","channel":"email","about":"pro_for_speakers","claim":"mail-4711"}`,
	},
	"DELETE /v1/contacts/{claim_id}": {
		text:   "An email bounced, nobody picked up: the budgets have it back. Where several calls asked for the same contact each gives back its own.",
		answer: "Whether it was given back",
		values: map[string]string{"claim_id": exampleClaim},
	},
	"GET /v1/accounts/{account}/contacts": {
		text:   "Contacts over all channels, in the product too; how each budget of the account and its family stands, with `user` those of a person; the quiet rules in force.",
		answer: "Contacts, newest first, budgets and quiet rules", values: nova,
	},
	"GET /v1/accounts/{account}/facts": {
		text:   "All facts that other systems told, and whether they still hold.",
		answer: "The facts", values: nova,
	},
	"PUT /v1/accounts/{account}/facts/{fact}": {
		text: "An open incident, an overdue invoice, a call by somebody, a rating, or that offers are to stay away, keeps offers away by the catalog's quiet rules; conditions see any fact as `facts.NAME`. " +
			"A newer one takes the place of the one before; incidents are told apart by `ref`. An account has at most 100.",
		answer: "All facts of the account", values: map[string]string{"account": "nova", "fact": "satisfaction"},
		body: `{"value":8.5,"note":"From the quarterly call"}`,
	},
	"DELETE /v1/accounts/{account}/facts/{fact}": {
		text:   "Incidents are closed, which keeps quiet for as long after as the catalog says; any other fact is gone.",
		answer: "The facts that are left", values: map[string]string{"account": "nova", "fact": "incident"},
	},
	"POST /v1/variant": {
		text: "Families are assigned, not people: all accounts below one root have the same variant, for good; an account that moves to another family keeps what it had. Who asks first assigns. " +
			"A stopped experiment assigns nobody new and still answers what was assigned. In a holdout or not is another draw.",
		answer: "The variant, or why there is none",
		body:   `{"account":"nova","experiment":"welcome_call"}`,
	},
	"GET /v1/experiments": {
		text:   "Who is assigned which variant, whether families fell to the variants as the shares say, and how long it took until the outcome. These are descriptions: which variant is better they do not say.",
		answer: "Experiments, by key",
	},
}

var contactFields = map[string]string{
	"ContactAnswer.refusals":         "budgets that are spent, or silences; none when it may be made",
	"ContactAnswer.quiet":            "rules in force that keep everybody quiet",
	"ContactsAnswer.quiet":           "rules in force that keep offers away",
	"ContactsAnswer.budgets":         "of the person when one is named, the account and its family",
	"StoreContact.about":             "an offer's key, or what the sender said",
	"StoreContact.channel":           "in_product, interruption, email or people",
	"StoreContact.released_at":       "given back then; left out while it counts",
	"ContactStanding.at_most":        "contacts within `per`",
	"ContactStanding.per":            "the window, in words",
	"ContactStanding.channel":        "what it counts: any counts all, in_product interruptions too",
	"ContactStanding.scope":          "person (over all accounts), account or family",
	"ContactStanding.spent":          "contacts within the window",
	"ContactStanding.left":           "contacts that are still possible",
	"ContactStanding.frees_at":       "when one more becomes possible; left out while there is one",
	"FactLine.value":                 "a string, a number or a boolean",
	"VariantRequest.experiment":      "key of the experiment",
	"ExperimentLine.hypothesis":      "what is expected, and why",
	"ExperimentLine.state":           "draft, running or stopped; only running ones assign",
	"ExperimentLine.variants":        "as the catalog lists them",
	"ExperimentRatio.chi2":           "Pearson's statistic",
	"ExperimentRatio.p":              "how likely so much difference is by chance; a small one says that no comparison can be trusted",
	"ReleasedContactAnswer.released": "false: it was not spent, or another call has it",
}
