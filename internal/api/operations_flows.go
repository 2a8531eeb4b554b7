package api

import "maps"

// flowOperations are the operations by which use spreads from person to person.
var flowOperations = map[string]operation{
	"GET /v1/accounts/{account}/outside": {
		text: "People whose email address is of the account's `domain` and who use the product in no account of its family: in an account of their own, in another one, or in none. " +
			"Only the domain of an address is kept in clear, what comes before it never; domains of free mail do not count. A person with several ids that an alias call joined is one.",
		answer: "How many, and where they use it; the last seen first", values: nova,
	},
}

func init() { maps.Copy(operations, flowOperations) }
