package api

// operation is what the document says of an operation beside its summary. The examples
// run in this order of things: catalog, account, subscription, one event, and on from
// there; cmd/headroom proves that each works against the sample catalog. $TOKEN stands for
// the token of a preview, $KEY_ID for the id of a key.
type operation struct {
	text   string            // sentences after the summary
	answer string            // what a good answer is
	media  string            // its media type, when it is not JSON
	values map[string]string // example parameters by name
	body   string            // example body, JSON
	bodies map[string]string // example bodies by media type, where there are several
}

const (
	exampleDecision    = "dec_bm92YQ.1"
	exampleRequest     = "req_aW5pdGVjaA.1"
	exampleDeclined    = "req_dW1icmVsbGE.1"
	exampleOpportunity = "opp_Z2xvYmV4.1"
	exampleGrant       = "gr_bm92YQ.1"
	exampleReservation = "rsv_bm92YQ.1"
	exampleReleased    = "rsv_bm92YQ.2"
)

var nova = map[string]string{"account": "nova"}

const exampleEvent = `{"specversion":"1.0","id":"e-1","source":"app","type":"email.sent","subject":"nova","data":{"user":"u1","count":1900}}`

const exampleCatalog = `version: 1
currency: USD
features:
  recordings: {title: Talk recordings, kind: boolean}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {recordings: false}}
  pro:     {title: Pro, version: 2, family: core, above: starter, price: {month: "149"}, entitlements: {recordings: true}}
`

var operations = map[string]operation{
	"GET /v1/features/{feature}/demand": {
		text:   "For the page of a feature: what plans give of it, how many accounts have it and how many are locked out with what they pay, who met it closed, what would unlock it, and which offers and signals are about it. Of accounts with a live subscription; who has it is what a check would say, so add-ons, trials, grants and overrides count, too.",
		answer: "The demand", values: map[string]string{"feature": "recordings"},
	},
	"GET /v1/packaging/value": {
		text:   "Lines of the value ledger that are the newest of their account and metric and whose price, as a share of the worth, lies outside the metric's band; `all=true` lists every line.",
		answer: "Lines, the latest month first",
	},
	"GET /v1/accounts/{account}/value": {
		text:   "The account's value ledger: for each metric of the catalog's `value` and each month of the account's calendar what was gained, what that is worth, and the price as a share of it. The open month comes first, worked out now. Lines are written at the end of the month and never changed; what comes in late is in the next one.",
		answer: "Metrics and lines", values: nova,
	},
	"GET /v1/accounts/{account}/roi": {
		text:   "A statement to send: numbers, what they rest on, and of when. Of the months between `from` and `to` that are over, or of the open month when none is. With `offer`: a month's gain at the usage of the newest month against the price with the offer accepted. Faults: `no_value_metric`, `offer_not_found`, `currency_mixed`, and those of the change that the offer is.",
		answer: "The statement", values: nova,
	},
	"GET /v1/launches": {
		text:   "The catalog's launches, the newest first: who asked, how many accounts each is for, trials, adoption, and what it earned with what is counted as that. Who has a feature is what a check would say: by plan, add-on, trial, grant or override.",
		answer: "The launches",
	},
	"GET /v1/launches/{key}": {
		text:   "The same of one launch, with the accounts that asked, those it is for, and the case for each in words. Faults: `launch_not_found`.",
		answer: "The launch", values: map[string]string{"key": "chapters"},
	},
	"GET /v1/packaging/limits/{feature}": {
		text: "The distribution of what live accounts use of a metered feature: clusters (exact one-dimensional k-means, their number by the Bayesian information criterion), the breaks between them, round numbers near the breaks, bunching below the limits of today, and who uses most without a limit. " +
			"A limit is weighed for one plan (`plan`), all others keep theirs: below what the plan gives today it says whom it would squeeze and what it would earn, above that what it would give away, and of the highest plan that there is nowhere to go. " +
			"What accounts may use is what entitlement says of them, with add-ons, trials, grants, overrides and the version of the plan that they bought. " +
			"An effect on revenue names all its assumptions. Where there is too little data, that is said instead of a number.",
		answer: "What usage says about limits",
		values: map[string]string{"feature": "speakers", "segment_by": "segment", "plan": "starter", "candidates": "6,20"},
	},
	"POST /v1/events": {
		text: "Three ways to send CloudEvents 1.0 over HTTP: *structured* (`application/cloudevents+json` or `application/json`, one event), " +
			"*batch* (`application/cloudevents-batch+json`, or `application/json` with an array, 10,000 events and 10 MiB at most), and *binary* " +
			"(attributes as `ce-…` headers, the body is `data`). `subject` is the account's key, `data.user` the user. " +
			"`(source, id)` is counted once within 35 days of the event's `time`; without a `time` the event happened when it came in, without an `id` it is not deduplicated. " +
			"Ids must be unique for their source, over all accounts. " +
			"Bodies may be packed with gzip or zstd. Good events of a batch go in, bad ones come back under `rejected`, with 202 even when it is all of them: compare `accepted` with what you sent.",
		answer: "On disk",
		body:   exampleEvent,
		bodies: map[string]string{
			"application/cloudevents+json":       exampleEvent,
			"application/cloudevents-batch+json": `[{"specversion":"1.0","id":"e-2","source":"app","type":"speaker.added","subject":"nova"},{"specversion":"1.0","id":"e-3","source":"app","type":"speaker.added","subject":"nova"}]`,
		},
	},
	"POST /v1/events/void": {
		text: "For an event that should not have been sent, named by `source` and `id`, within 35 days of its time. Every meter loses what it had counted; where its period is closed, as an adjustment in the open one. " +
			"Signals that fired stay, none fires by this, and the event does not come back when its sender repeats it. `uncorrected` names meters of which nobody can say any more what the event had counted, and why. " +
			"Faults: `event_unknown`, `already_voided`, `event_gone` when the log no longer holds it, `event_search_slow` when `time` is needed to find it.",
		answer: "What was taken back",
		values: map[string]string{"Idempotency-Key": "void-1"}, body: `{"account":"nova","source":"app","id":"e-3"}`,
	},
	"POST /v1/events/replace": {
		text: "Takes one CloudEvent, as `POST /v1/events` does, and puts it in the place of the event of the same account, source and id: as void, and then counted. It may be replaced again, or voided. " +
			"`time` is best the time of the event it replaces, which is found sooner then. " +
			"What a meter cannot count of it, because a property is missing or no number, is told under `uncorrected`; what the event had counted is taken back all the same. " +
			"Of several events of one time a replacement counts as the last, unless it says the same.",
		answer: "What the meters have more or less now",
		values: map[string]string{"Idempotency-Key": "replace-1"},
		body:   `{"specversion":"1.0","id":"e-2","source":"app","type":"speaker.added","subject":"nova"}`,
		bodies: map[string]string{"application/cloudevents+json": `{"specversion":"1.0","id":"e-2","source":"app","type":"speaker.added","subject":"nova"}`},
	},
	"POST /v1/identify": {text: segmentText, body: `{"userId":"u1","traits":{"email":"ada@nova.example","name":"Ada"},"context":{"groupId":"nova"},"messageId":"m-1"}`},
	"POST /v1/group":    {text: segmentText, body: `{"userId":"u1","groupId":"nova","traits":{"name":"Nova Summits","segment":"mid_market"},"messageId":"m-2"}`},
	"POST /v1/track":    {text: segmentText, body: `{"userId":"u1","event":"speaker.added","context":{"groupId":"nova"},"messageId":"m-3"}`},
	"POST /v1/page":     {text: segmentText, body: `{"userId":"u1","name":"Pricing","context":{"groupId":"nova"},"messageId":"m-4"}`},
	"POST /v1/screen":   {text: segmentText, body: `{"userId":"u1","name":"Speakers","context":{"groupId":"nova"},"messageId":"m-5"}`},
	"POST /v1/alias":    {text: segmentText, body: `{"userId":"u1","previousId":"anon-1","messageId":"m-6"}`},
	"POST /v1/batch": {text: segmentText + " What `@segment/analytics-node` sends: each entry of `batch` is one of the other calls with its `type`.",
		body: `{"batch":[{"type":"track","userId":"u1","event":"speaker.added","context":{"groupId":"nova"},"messageId":"m-7"}]}`},
	"POST /v1/m": {text: "So that `@segment/analytics-next` finds what it expects.", answer: "Taken and forgotten", body: `{"series":[]}`},

	"POST /v1/check": {
		text: "Answered from memory. A no says what would unlock it, and counts as a touched gate, once per user and minute. " +
			"A page that asks to draw itself sends `touch: false`: it hears the same, and nobody is taken to have wanted the feature. " +
			"With `placement` a no also carries the decision of what to show there. A feature the catalog does not know is never allowed.",
		answer: "Whether it may be used, and how much is left",
		body:   `{"account":"nova","user":"u1","feature":"emails","quantity":200}`,
	},
	"POST /v1/check/bulk": {text: "Before an action that needs several things: as check, for up to 1,000 features at once, each with its `quantity` under `items`, or with a quantity of 1 under `features`. " +
		"`allowed` is whether all of it is. Nothing is counted as a touched gate.",
		body: `{"account":"nova","items":[{"feature":"emails","quantity":1200},{"feature":"recordings"}]}`},
	"POST /v1/consume": {
		text: "For features whose meter is `fed_by: consume`. The answer is computed where the account's records are put in order, so a hard limit is never passed, however many ask at once. " +
			"`allowed: false` took nothing. Repeating a call with its `Idempotency-Key` hears the same answer and takes nothing more.",
		answer: "What was taken, or why not",
		values: map[string]string{"Idempotency-Key": "export-1"},
		body:   `{"account":"nova","user":"u1","feature":"exports","quantity":1}`,
	},
	"POST /v1/reservations/{id}/finalize": {text: "Takes what was reserved, or less of it; more only where it still fits (`allowed: false` leaves the reservation as it is). The same again hears how things stand; after the reservation has expired it is refused with `reservation_expired`.",
		answer: "What was taken, or why not", values: map[string]string{"id": exampleReservation, "Idempotency-Key": "export-2-done"}, body: `{"quantity":1}`},
	"POST /v1/reservations/{id}/release":      {text: "Nothing is taken.", answer: "How things stand", values: map[string]string{"id": exampleReleased, "Idempotency-Key": "export-3-back"}},
	"GET /v1/accounts/{account}/reservations": {text: "The open ones, then the newest that are over.", values: nova},
	"GET /v1/accounts/{account}/grants":       {text: "Those that are live, then the newest that are used up, expired or revoked.", values: nova},
	"POST /v1/accounts/{account}/grants": {text: "A balance that is used once the allowances of plan, add-ons, packs and trials are used up: of several the one with the lowest `priority` first, then the one that expires soonest, then the oldest. " +
		"It does not start anew with a period. Of seats and levels it raises the limit; a feature that is on or off it opens.",
		answer: "The grant", values: nova, body: `{"feature":"exports","quantity":10,"for":"30d","reason":"sorry for Tuesday"}`},
	"DELETE /v1/accounts/{account}/grants/{id}": {text: "What was used of it stays used.", answer: "The grant", values: map[string]string{"account": "nova", "id": exampleGrant}},
	"GET /v1/accounts/{account}/overrides":      {text: "By feature.", values: nova},
	"POST /v1/accounts/{account}/overrides": {text: "In place of everything that was bought, tried or granted: exactly one of `allowed`, `limit`, `unlimited` and `value`. A limit set this way is hard. Another one of the same feature replaces it.",
		answer: "The override", values: nova, body: `{"feature":"exports","limit":500,"until":"2100-01-01T00:00:00Z","reason":"pilot"}`},
	"DELETE /v1/accounts/{account}/overrides/{feature}": {answer: "The override that was", values: map[string]string{"account": "nova", "feature": "exports"}},
	"GET /v1/accounts/{account}/pools":                  {text: "Features that the catalog declares as `pooled` and this account holds for those below it. `over` is how far usage is above the limit: nobody is thrown out, and nobody gets more.", values: nova},
	"POST /v1/release": {text: "The reverse of consume, for what is given back. Usage never falls below zero.",
		values: map[string]string{"Idempotency-Key": "export-1-back"}, body: `{"account":"nova","feature":"exports","quantity":1}`},
	"GET /v1/accounts/{account}/entitlements":        {text: "Every feature of the catalog, as check answers it for one more, without what would unlock it, with the words that sell it.", values: nova},
	"GET /v1/accounts/{account}/entitlements/stream": {text: streamText, answer: "Server-sent events", values: nova},
	"GET /v1/entitlements/stream":                    {text: streamText, answer: "Server-sent events", values: map[string]string{"account": `["nova"]`}},
	"GET /v1/accounts/{account}/usage":               {text: "Each meter of the catalog in each period that an allowance asks for, and in the account's life; in parts where the meter has `by`. Periods begin at the billing anchor, by the clocks of the account's time zone.", values: nova},

	"GET /v1/accounts": {text: "`search` finds a part of the key, the name or the domain, whatever the case. What stands beside plan and MRR (stage, readiness, limit, signal) is as of the account's last checkpoint or daily look. " +
		"By mrr, limit, readiness, signal and stage the highest or newest come first, by next the soonest; renewals, which come round by themselves, are not in `next`. Faults: `plan_and_none`.", values: map[string]string{"plan": "starter", "sort": "mrr", "limit": "20"}},
	"GET /v1/accounts/{account}/decisions": {text: "Those that were shown and those that a holdout kept back; what found nothing to offer is not on record.", answer: "Decisions, the newest first", values: nova},
	"GET /v1/views":                        {text: "They belong to the console, not to the company's data: no event, no replay.", answer: "Views, by page and name", values: map[string]string{"page": "accounts"}},
	"PUT /v1/views":                        {text: "Everybody of the console sees it. Faults: `views_full`.", answer: "The view", body: `{"page":"accounts","name":"nearly-full","query":"near=80&sort=mrr"}`},
	"DELETE /v1/views":                     {text: "Faults: `view_unnamed`, `view_not_found`.", values: map[string]string{"page": "accounts", "name": "nearly-full"}},
	"PUT /v1/accounts/{account}": {text: "Creates it, or changes what is named: a field that is not there keeps its value, traits, external ids and billing merge name by name, null deletes. " +
		"What names a person (an email address, free text) belongs into `POST /v1/identify`, not into traits.",
		values: nova, body: `{"name":"Nova Summits","domain":"nova.example","traits":{"segment":"mid_market","seats":12},"external_ids":{"crm":"0017000000abc"}}`},
	"GET /v1/accounts/{account}": {values: nova},
	"PUT /v1/accounts/{account}/subscription": {text: "What is left out stays as it is. `addons` names all add-ons after the change; without it, those that do not go with a new plan or interval are left behind and named in `dropped`. " +
		"`once` buys things once. With the `token` of a preview the change is refused (412) unless it still costs what was shown; the token is enough alone, and whatever is sent beside it and differs from what it was made for is refused (`token_mismatch`). A quantity is 1 or more: to have none of an add-on leave it out.",
		answer: "The subscription after the change, with its entitlements", values: nova, body: `{"plan":"starter","interval":"month"}`},
	"GET /v1/accounts/{account}/subscription":    {values: nova},
	"DELETE /v1/accounts/{account}/subscription": {values: map[string]string{"account": "nova", "effective": "renewal"}},
	"POST /v1/accounts/{account}/subscription/undo": {text: "Only the last change, once, and until `undo.until` of the subscription. It is refused (409) while something that was bought once with it is used or reserved, or seats are taken that there would not be without it; what was used and given back again counts as unused. Gives back exactly what was charged; with the `token` of a preview it is refused (412) unless it gives back what was shown. The browser of an admin may take back what somebody of the account bought: by an offer, a request or a confirmed preview.",
		answer: "The subscription as it was before", values: nova, body: `{}`},
	"GET /v1/accounts/{account}/trials": {text: "Each thing once, the newest trial first.", values: nova},
	"POST /v1/accounts/{account}/trials": {text: "Of one plan, add-on or feature that the catalog lets be tried, once per account. It costs nothing, and when it ends nothing is bought by itself.",
		answer: "The trial, with the entitlements of now", values: nova, body: `{"plan":"pro"}`},
	"POST /v1/accounts/{account}/trials/{id}/extend": {text: "By as much and as often as the catalog says.", answer: "The trial, with the entitlements of now", values: map[string]string{"account": "nova", "id": "plan:pro"}},
	"DELETE /v1/accounts/{account}/trials/{id}":      {text: "What would follow its end follows now.", answer: "The trial, with the entitlements of now", values: map[string]string{"account": "nova", "id": "plan:pro"}},
	"POST /v1/subscriptions/preview": {text: "Nothing changes yet. Show the amounts, then send `token`, alone is enough, within 15 minutes of real time, whatever a test clock says (`expires_at`): it is good for exactly this change of exactly this subscription. " +
		"With `decision_id` the change is what the decided offer gives, with `undo` it is taking the last change back.",
		answer: "What is due now, and from then on", body: `{"account":"nova","decision_id":"` + exampleDecision + `"}`},

	"PUT /v1/catalog": {text: "The text becomes an immutable version and takes effect everywhere at once; the same text again changes nothing. " +
		"With `If-Match` it is refused (412) when another version became active meanwhile. JSON is taken as the YAML that it is. " +
		"A dry run says under `impact` which accounts get something else and what renewal money is at risk. A catalog without a plan, a version of one or an add-on that accounts have is refused (`plan_in_use`, `addon_in_use`); " +
		"one with a limit below what accounts use, too (`limit_below_usage`), unless `accept=limit_below_usage`.",
		answer: "What changed, or would", values: map[string]string{"dry_run": "true"},
		bodies: map[string]string{"application/yaml": exampleCatalog}},
	"GET /v1/catalog": {text: "As it was applied, with its version as `ETag`. With `version` that one, whether it is active or not.", answer: "The text", media: "application/yaml"},
	"GET /v1/catalog/definitions": {text: "Every section under its name, with the keys and in the order of the catalog's text; a definition holds its key under `key`. Prices are decimal strings, what may be written short stays short. " +
		"With `version` another version than the active one.", answer: "The definitions, by section"},
	"GET /v1/catalog/versions": {text: "Each time that a version became active, with who made it so and why. The same version stands here again after a roll-back."},
	"POST /v1/catalog/rollback": {text: "The text of an earlier version is applied again, as `PUT /v1/catalog` would apply it: what that refuses, this refuses. With `dry_run=true` nothing changes.",
		values: map[string]string{"dry_run": "true"}, body: `{"version":"$VERSION","note":"The new price was too high"}`},
	"GET /v1/catalog/lint": {text: "All rules of `docs/lint.md`, those that need data included: limits that nobody reaches or everybody meets, meters that nobody feeds, offers that nobody qualified for in 90 days, the busiest accounts on what their plan does not limit. " +
		"A dry run of `PUT /v1/catalog` says the same of another catalog."},
	"POST /v1/catalog/edit": {text: "Each edit sets the `value` at a `path` such as `plans.pro.entitlements.speakers`, or takes out what is there with `remove`. What is not there yet is made. " +
		"Comments, order and form of everything else stay. Nothing is applied: send `text` to `PUT /v1/catalog`. A text that is not valid afterwards comes back all the same, with `findings` that say why.",
		answer: "The text, what is different from the active catalog, and what is wrong with it", body: `{"edits":[{"path":"plans.pro.price.month","value":"159"}]}`},

	"POST /v1/decide": {
		text: "Looks at the signals that fired for the account, the offers that react to them at this placement, conditions, cool-downs, caps, quiet rules, budgets of contacts and holdouts. Who needs help gets `help` before any offer. " +
			"With `dry_run` nothing is recorded and the whole explanation is told, also of a time to come. `status: none` says why in `reason`, and is no error. What is shown is on record with its `decision_id`; shown again soon, it keeps it.",
		answer: "What to show, or why nothing",
		body:   `{"account":"nova","user":"u1","role":"admin","placement":"dashboard.card","feature":"emails"}`,
	},
	"GET /v1/decisions/{id}/explain": {values: map[string]string{"id": exampleDecision}},
	"POST /v1/decisions/{id}/outcomes": {text: "`accepted` changes the subscription and needs the `token` of a preview of this decision and an `Idempotency-Key`; `requested` asks an admin of the account to buy.",
		answer: "The outcome; after `accepted` the subscription and the check, after `requested` the `request_id`",
		values: map[string]string{"id": exampleDecision, "Idempotency-Key": "accept-1"}, body: `{"type":"accepted","user":"u1","role":"admin","token":"$TOKEN"}`},
	"GET /v1/decisions":     {text: "The decisions that `GET /v1/offers/funnel` counts in `items`: those that were shown, or with `reached` only those that this became of.", answer: "Decisions, the newest first", values: map[string]string{"reached": "accepted"}},
	"GET /v1/offers/earned": {text: "Growth of MRR that ledger lines say came from a decision of the offer or from an upgrade request that it led to, recorded since `from`. What was bought without an offer is not in it, and what was lost again later is not taken off.", answer: "A line for each offer that earned something"},
	"POST /v1/offers/preview": {text: "Writes one offer for a person at a placement as it would be shown, whatever stands in the way of that, and names every rule that does; beside it what would be decided there now. " +
		"With `edits` it looks at a draft of the catalog: signals are those that fired so far. A draft with errors has `findings` instead. Nothing is recorded and no budget is spent.",
		answer: "What it would say, what keeps it away, and what would be shown instead",
		body:   `{"offer":"pro_for_speakers","account":"nova","role":"member","language":"de","placement":"speakers.add"}`},
	"GET /v1/offers/funnel": {text: "`items` count decisions by offer: each stands once in every column it reached. `steps` and `moments` tell the same from the customer's side: of the moments at which more would have helped, how many were offered something within a day, and how far that came; where the most are lost is `worst_step`. Most offers follow signals without such a moment: they are in `items` only."},
	"GET /v1/moments": {text: "A limit that is hit, a closed feature that is touched and a milestone that is reached are moments; the same thing met again within a day is the same moment. An offer about it that is shown within a day answers it.",
		answer: "Moments, newest first", values: map[string]string{"state": "missed"}},
	"GET /v1/moments/missed": {text: "By thing and place, the most valuable first, with why nothing was offered and what to do about it. `assumptions` say what the value rests on: it is an upper bound, as nobody knows who would have bought.",
		answer: "The money left on the table"},
	"GET /v1/accounts/{account}/timeline": {text: "Signals, offers and what became of them, requests, opportunities, moments, milestones, stages, surveys, invitations, contacts and money, newest first, each in words.",
		answer: "What happened", values: nova},

	"GET /v1/signals":                    {values: map[string]string{"key": "emails_nearly_used"}},
	"GET /v1/accounts/{account}/signals": {values: nova},
	"GET /v1/opportunities":              {text: "Newest first.", values: map[string]string{"stage": "open"}},
	"PATCH /v1/opportunities/{id}": {text: "What is left out stays as it is. `lost` needs a `lost_reason`; `won` makes the change that was worked for, and the ledger says where it came from.",
		values: map[string]string{"id": exampleOpportunity}, body: `{"stage":"in_progress","note":"Call on Tuesday"}`},
	"GET /v1/limits": {text: "The highest share of a limit first.", values: map[string]string{"least": "80"}},

	"GET /v1/revenue/movements": {text: "Each month's start, movements and end, which add up exactly. Every movement is a size without sign."},
	"GET /v1/revenue/retention": {text: "NRR = (start + expansion - contraction - churn) / start, over the accounts that paid at the start: new and returning customers are out. GRR leaves expansion out. " +
		"With `cohort` and `at` one item, point to point; otherwise a month after the other."},
	"GET /v1/revenue/ledger": {text: "Newest first. Lines are only ever added; `as_of` shows what was known then.", values: map[string]string{"account": "nova"}},

	"POST /v1/imports/{kind}": {text: "Rows of another system's export, 10,000 at most at once. (import, row) is counted once, for good: a row of accounts or subscriptions that comes again with other content corrects the first. " +
		"Good rows go in, bad ones come back under `rejected`, usage of an event type that no meter sums or counts among them. " +
		"Usage of the open month counts as if it had just come in; what is older counts for its month and for the account's life. `headroom import` reads CSV and NDJSON into this.",
		values: map[string]string{"kind": "subscriptions"},
		body:   `{"import":"billing-2026","rows":[{"row":"sub-17","account":"hooli","subscription":{"plan":"pro","interval":"month","amount":"149.00","currency":"USD","started_at":"2025-03-01T00:00:00Z"}}]}`},
	"POST /v1/signals/backtest": {
		text: "Steps the whole log with the proposed signals in the place of those of each version of the catalog, from the first on, by the code that runs live; plans, prices, subscriptions and what was offered stay what they were. " +
			"Says for each rule for which accounts it would have fired and when, what they did within 30, 60 and 90 days, beside accounts for which it had not fired, and the difference to what was fired. " +
			"One analysis runs at a time (`analysis_running`), on what events leave of a core; hanging up ends it. With `Accept: text/event-stream` the answer is events: `progress` with `done` and `total`, then `result` or `error`. `headroom signals backtest` calls this.",
		answer: "What would have fired", body: `{"signals":"signals:\n  heavy_mailer: {when: {event: email.sent, times: 5, within: 7d}, type: upsell}\n","examples":5}`,
	},
	"GET /v1/signals/registry": {
		text: "For each signal of the active catalog its hypothesis, owner, state, evidence and review date, how often it fired in the last 7, 30 and 90 days, its precision (the share of signals whose account grew by the signal's type within 30 days, with Wilson's interval), " +
			"whether its rate or its precision drifted, and in words what is to be noticed.",
		answer: "The signals, by key",
	},
	"GET /v1/signals/coverage": {
		text:   "Event types that meters, rules and milestones are over and that never came in, or no longer do; types that came in and that nothing is over; features with no rule; rules that never fired; reviews that are past.",
		answer: "What is covered and what is not",
	},
	"GET /v1/signals/precursors": {
		text: "Steps the whole log and tells, for each event type, locked feature and signal, how many accounts that met it first before any upgrade then upgraded, against accounts of the same age that had not, with the lift and its interval. " +
			"One analysis runs at a time; with `Accept: text/event-stream` progress is told as for a backtest.",
		answer: "The actions, the highest lift first",
	},
	"POST /v1/backups": {text: "Everything goes on meanwhile. Each line of the answer is a JSON document: how far it is, then `backup`, or `error` when it broke off. Hanging up breaks it off; an earlier backup in the folder stands. " +
		"The folder holds the company's secrets: keep it as safe as a password. `headroom backup` calls this.",
		answer: "Lines of progress, then the backup", body: `{"directory":"/var/backups/headroom"}`},
	"GET /v1/keys": {text: "Without their secrets, which are shown once, when a key is made."},
	"POST /v1/keys": {text: "A *secret* key has scopes and belongs on a server. A *publishable* key may stand in a browser: it checks and decides, for the account and user of the user token that comes with it, " +
		"which the product's server signs with `signing_secret`. With the scope `events:write` it also sends events, without a user token: anybody who opens the page can then make up events, so give it only where that does no harm.",
		body: `{"name":"checkout service","scopes":["check","decide"]}`},
	"DELETE /v1/keys/{id}": {text: "It stops at once here, within a second on other nodes.", values: map[string]string{"id": "$KEY_ID"}},
	"GET /v1/status": {text: "Of the whole installation where it can be known, otherwise of the process that answers. `headroom doctor` reads it and says what is wrong and the mend.",
		answer: "How log, database, partitions, catalog and events are"},
	"GET /v1/clock":          {},
	"POST /v1/clock/advance": {text: "Only on a server that was started with `--test-clock`. Everything that falls due on the way happens, in order, before the answer, and is in the lists by then; what one account tells another about it comes a moment later. Ten years at most at once. The time to confirm a preview, its `expires_at`, is real time: it does not go by with this clock.", body: `{"by":"1d"}`},
	"GET /v1/changes":        {text: "Server-sent events named `change`, at most five a second, each with a position: a sign to read again what is on screen."},
	"GET /v1/session":        {text: "For the console, which signs in with the administrator's password and a cookie."},
	"POST /v1/session":       {text: "For the console. After five wrong passwords an address has to wait.", values: map[string]string{"Headroom-Console": "1"}, body: `{"password":"$PASSWORD"}`},
	"DELETE /v1/session":     {text: "For the console.", values: map[string]string{"Headroom-Console": "1"}},
	"GET /healthz":           {answer: "The process answers"},
	"GET /readyz":            {text: "503 when the database or the log is away.", answer: "Calls would be answered now"},
	"GET /openapi.json":      {answer: "This document"},
}

const streamText = "First each account's whole set: `event: entitlements` with `{\"account\",\"catalog\",\"items\":[as of the entitlements of an account],\"position\",\"now\"}` as data. " +
	"Then, as records, time or purchases change it, `event: change` with only the items that changed, and under `removed` features that are no more. Another catalog sends whole sets anew. " +
	"`id` is opaque: sent back as `Last-Event-ID` it leaves out what the reader has. An account that nobody knows yet has a set in which everything is locked. " +
	"A slow reader hears less often, and then how things are by then. A comment every 15 seconds says that nothing was missed; it stays away while this node may not know (`stale`). " +
	"The stream ends when the key is revoked or the user token runs out."

const segmentText = "As the clients of the Segment tracking API send it: basic authentication with a key as user name, or the key as `writeKey` in the body; any content type; gzip; `messageId` for counting once. " +
	"`@segment/analytics-next` in the browser uses the paths `/v1/i`, `g`, `t`, `p`, `s`, `a` and `b` for identify, group, track, page, screen, alias and batch, which are the same calls. " +
	"The account is `context.groupId` (or `groupId`), otherwise the one the user was last grouped with."
