package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// The contract of the API: names that are fixed, with their types. Each call is made on a
// real server with the sample catalog; each answer must have the fields named here, and be
// what /openapi.json says of it, no more and no less.

// contracted is one call of the contract.
type contracted struct {
	name         string
	method, path string
	body         string
	headers      []string
	status       int
	has          []string // "path type", see holds; a path goes down by dots, [] into every item of a list
	keep         string   // name under which a value of the answer is kept: "token=token"
}

const (
	checkFields = "allowed bool,reason string,feature string,kind string,usage number?,limit number?,remaining number?,shortfall number,resets_at time?,unlock list,stale bool"
	problem     = "type string,title string,status number,code string,detail string"
	signalOf    = "id string,key string,type string,account string,at time,score number,evidence string,decays_at time,data object"
	movementOf  = "period month,start decimal,new decimal,expansion decimal,contraction decimal,churn decimal,reactivation decimal,end decimal"
	retainedOf  = "period month,start decimal,expansion decimal,contraction decimal,churn decimal,nrr decimal?,grr decimal?"
	subOf       = "account string,plan string,interval string,quantity number,currency string,anchor time,addons list,starts_at time,trial_ends_at time?,recurring money,mrr money,entitlements[].feature string,entitlements[].allowed bool"
	grantOf     = "id string,feature string,quantity number,used number,priority number,granted_at time,expires_at time?,source string"
	trialOf     = "id string,started_at time,ends_at time,state string"
	offerOf     = "offer.key string,offer.kind string,offer.type string,offer.title string,offer.body string,offer.cta.action string,offer.cta.label string"
)

// under puts a prefix before each of the fields.
func under(prefix, fields string) string {
	return prefix + strings.ReplaceAll(fields, ",", ","+prefix)
}

func ce(id, typ, account string, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"%s","source":"app","type":"%s","subject":"%s","data":%s}`, id, typ, account, data)
}

var contract = []contracted{
	{name: "the clock", method: "GET", path: "/v1/clock", has: []string{"now time", "test bool"}},
	{name: "a catalog, tried", method: "PUT", path: "/v1/catalog?dry_run=true", body: "@catalog", headers: []string{"Content-Type", "application/yaml"},
		has: []string{"version string", "changes list", "findings list"}},
	{name: "a catalog", method: "PUT", path: "/v1/catalog", body: "@catalog", headers: []string{"Content-Type", "application/yaml"}, keep: "version=version",
		has: []string{"version string", "changes[].path string", "findings list"}},
	{name: "a catalog as JSON", method: "PUT", path: "/v1/catalog?dry_run=true",
		body: `{"version":1,"currency":"USD","features":{"recordings":{"title":"Recordings","kind":"boolean"}},"plans":{"starter":{"title":"Starter","family":"core","price":{"month":"49"},"entitlements":{"recordings":false}}}}`,
		has:  []string{"version string", "changes[].path string"}},
	{name: "a catalog that fits the active version", method: "PUT", path: "/v1/catalog?dry_run=true", body: "@catalog",
		headers: []string{"Content-Type", "application/yaml", "If-Match", `"{version}"`}, has: []string{"version string"}},
	{name: "a catalog made for another version", method: "PUT", path: "/v1/catalog", body: "@catalog",
		headers: []string{"Content-Type", "application/yaml", "If-Match", `"c-0000000000000000"`}, status: 412, has: []string{problem}},
	{name: "a catalog that is wrong", method: "PUT", path: "/v1/catalog?dry_run=true", body: "version: 1\ncurrency: USD\nplans: {a: {title: A, family: f, price: {month: x}}}\n",
		headers: []string{"Content-Type", "application/yaml"}, status: 422, has: []string{problem, "errors[].path string", "errors[].value string", "errors[].message string"}},

	{name: "an account", method: "PUT", path: "/v1/accounts/acme", body: `{"name":"Acme","parent":"holding","domain":"acme.example","traits":{"size":"mid"},"external_ids":{"crm":"1"},"billing":{"stripe":"cus_1"}}`,

		has: []string{"name string", "parent string", "domain string", "traits.size string", "external_ids.crm string", "billing.stripe string"}},
	{name: "the account, read", method: "GET", path: "/v1/accounts/acme", has: []string{"key string", "name string", "parent string", "domain string", "traits object", "external_ids object", "billing object", "mrr money"}},
	{name: "accounts", method: "GET", path: "/v1/accounts", has: []string{"items[].key string", "items[].mrr money"}},

	{name: "a first subscription", method: "PUT", path: "/v1/accounts/acme/subscription",
		body: `{"plan":"starter","interval":"month","quantity":1,"currency":"USD","anchor":"2026-01-10T00:00:00Z","addons":[],"starts_at":"2026-01-10T00:00:00Z","effective":"now"}`, has: []string{subOf, "position string"}},
	{name: "a trial", method: "PUT", path: "/v1/accounts/trial/subscription", body: `{"plan":"pro","trial_ends_at":"2026-01-25T09:00:00Z"}`, has: []string{subOf, "trial_ends_at time", "status string"}},
	{name: "an add-on", method: "PUT", path: "/v1/accounts/globex/subscription", body: `{"plan":"pro","interval":"year","addons":[{"key":"sponsors","quantity":2}]}`,
		has: []string{subOf, "addons[].key string", "addons[].quantity number"}},
	{name: "a change at the next renewal", method: "PUT", path: "/v1/accounts/globex/subscription", body: `{"addons":[],"effective":"renewal"}`, has: []string{subOf, "pending.at time", "pending.change object"}},
	{name: "the subscription, read", method: "GET", path: "/v1/accounts/acme/subscription", has: []string{subOf}},
	{name: "a subscription bound to a preview: the preview", method: "POST", path: "/v1/subscriptions/preview", body: `{"account":"trial","plan":"business"}`, keep: "bound=token", has: []string{"token string"}},
	{name: "a subscription bound to a preview", method: "PUT", path: "/v1/accounts/trial/subscription", body: `{"plan":"business","token":"{bound}"}`, has: []string{subOf}},

	{name: "something bought once, without a key", method: "PUT", path: "/v1/accounts/globex/subscription", body: `{"once":[{"key":"captions_top_up"}]}`, status: 422, has: []string{problem}},
	{name: "something bought once", method: "PUT", path: "/v1/accounts/globex/subscription", body: `{"once":[{"key":"captions_top_up","quantity":2}]}`, headers: []string{"Idempotency-Key", "once"}, has: []string{subOf, "now money", "lines[].title string", "lines[].amount money", "undo.until time", "undo.now money", "dropped list", "carried list"}},
	{name: "a preview with something bought once", method: "POST", path: "/v1/subscriptions/preview", body: `{"account":"globex","interval":"month","once":[{"key":"captions_top_up"}]}`,
		has: []string{"now money", "lines[].title string", "recurring money", "carried[].key string", "dropped list"}},
	{name: "an undo", method: "POST", path: "/v1/accounts/globex/subscription/undo", body: `{}`, has: []string{subOf, "now money", "lines[].title string"}},
	{name: "an undo of what cannot be undone", method: "POST", path: "/v1/accounts/globex/subscription/undo", status: 409, has: []string{problem}},
	{name: "a plan for others", method: "PUT", path: "/v1/accounts/globex/subscription", body: `{"plan":"pro_nonprofit"}`, status: 409, has: []string{problem}},
	{name: "a trial of a feature", method: "POST", path: "/v1/accounts/acme/trials", body: `{"feature":"chapters","length":"3d"}`,
		has: []string{under("trial.", trialOf), "entitlements[].feature string", "position string"}},
	{name: "a trial, a second time", method: "POST", path: "/v1/accounts/acme/trials", body: `{"feature":"chapters"}`, status: 409, has: []string{problem}},
	{name: "trials", method: "GET", path: "/v1/accounts/acme/trials", has: []string{under("items[].", trialOf)}},
	{name: "a trial that cannot be extended", method: "POST", path: "/v1/accounts/acme/trials/feature:chapters/extend", status: 409, has: []string{problem}},
	{name: "a trial, ended", method: "DELETE", path: "/v1/accounts/acme/trials/feature:chapters", has: []string{under("trial.", trialOf), "entitlements[].feature string"}},

	{name: "an event, structured", method: "POST", path: "/v1/events", body: ce("e1", "email.sent", "acme", `{"user":"u1","count":1900}`), headers: []string{"Content-Type", "application/cloudevents+json"}, status: 202,
		has: []string{"accepted number", "duplicates number", "rejected list", "position string"}},
	{name: "events, a batch", method: "POST", path: "/v1/events", body: "[" + ce("e2", "speaker.added", "acme", `{}`) + `,{"specversion":"1.0","id":"x"}]`, headers: []string{"Content-Type", "application/cloudevents-batch+json"}, status: 202,
		has: []string{"accepted number", "rejected[].index number", "rejected[].code string", "rejected[].detail string"}},
	{name: "an event, binary", method: "POST", path: "/v1/events", body: `{"user":"u1"}`, status: 202,
		headers: []string{"ce-specversion", "1.0", "ce-id", "e3", "ce-source", "app", "ce-type", "speaker.added", "ce-subject", "acme"}, has: []string{"accepted number"}},
	{name: "events, packed", method: "POST", path: "/v1/events", body: "gzip:" + ce("e4", "speaker.added", "acme", `{}`), headers: []string{"Content-Encoding", "gzip"}, status: 202, has: []string{"accepted number"}},
	{name: "identify", method: "POST", path: "/v1/identify", body: `{"userId":"u1","traits":{"email":"a@acme.example"},"context":{"groupId":"acme"}}`, has: []string{"success bool"}},
	{name: "group", method: "POST", path: "/v1/group", body: `{"userId":"u1","groupId":"acme","traits":{"plan":"x"}}`, has: []string{"success bool"}},
	{name: "track", method: "POST", path: "/v1/track", body: `{"userId":"u1","event":"speaker.added","context":{"groupId":"acme"}}`, has: []string{"success bool"}},
	{name: "page", method: "POST", path: "/v1/page", body: `{"userId":"u1","name":"Pricing"}`, has: []string{"success bool"}},
	{name: "alias", method: "POST", path: "/v1/alias", body: `{"userId":"u1","previousId":"anon"}`, has: []string{"success bool"}},
	{name: "batch", method: "POST", path: "/v1/batch", body: `{"batch":[{"type":"track","userId":"u1","event":"speaker.added","context":{"groupId":"acme"}}]}`, has: []string{"success bool"}},

	{name: "check, a yes", method: "POST", path: "/v1/check", body: `{"account":"acme","user":"u1","feature":"emails","quantity":50}`,
		has: []string{checkFields, "usage number", "limit number", "resets_at time", "source string"}},
	{name: "check, a no with its moment", method: "POST", path: "/v1/check", body: `{"account":"acme","user":"u1","feature":"emails","quantity":500,"placement":"dashboard.card"}`,
		has: []string{checkFields, "unlock[].plan string", "unlock[].price money", "unlock[].gives string", "decision.status string", "decision.decision_id string"}},
	{name: "check of a boolean feature", method: "POST", path: "/v1/check", body: `{"account":"acme","feature":"recordings"}`, has: []string{checkFields, "usage null", "limit null", "resets_at null"}},
	{name: "check of an add-on's feature", method: "POST", path: "/v1/check", body: `{"account":"globex","feature":"sponsors","quantity":99}`, has: []string{checkFields, "unlock[].addon string", "unlock[].price money"}},
	{name: "check of several", method: "POST", path: "/v1/check/bulk", body: `{"account":"acme","user":"u1","features":["emails","recordings","nothing"]}`, has: []string{"items[].allowed bool", "items[].feature string"}},
	{name: "consume", method: "POST", path: "/v1/consume", body: `{"account":"acme","user":"u1","feature":"exports","quantity":2}`, headers: []string{"Idempotency-Key", "k1"}, has: []string{checkFields, "remaining number"}},
	{name: "release", method: "POST", path: "/v1/release", body: `{"account":"acme","feature":"exports","quantity":1}`, headers: []string{"Idempotency-Key", "k2"}, has: []string{checkFields}},
	{name: "check of several amounts", method: "POST", path: "/v1/check/bulk", body: `{"account":"acme","items":[{"feature":"emails","quantity":1200},{"feature":"recordings"}]}`,
		has: []string{"allowed bool", under("items[].", "allowed bool,feature string,shortfall number,unlock list")}},
	{name: "a grant", method: "POST", path: "/v1/accounts/acme/grants", body: `{"feature":"exports","quantity":10,"priority":20,"for":"30d","reason":"sorry"}`, keep: "grant=id",
		has: []string{grantOf, "expires_at time", "position string"}},
	{name: "a grant without end", method: "POST", path: "/v1/accounts/acme/grants", body: `{"feature":"exports","quantity":1,"expires_at":"2030-01-01T00:00:00Z"}`, has: []string{grantOf}},
	{name: "a grant of less than nothing", method: "POST", path: "/v1/accounts/acme/grants", body: `{"feature":"exports","quantity":-1}`, status: 422, has: []string{problem, "errors[].path string"}},
	{name: "a grant of so much of what is on or off", method: "POST", path: "/v1/accounts/acme/grants", body: `{"feature":"recordings","quantity":1}`, status: 422, has: []string{problem}},
	{name: "a grant that has expired", method: "POST", path: "/v1/accounts/acme/grants", body: `{"feature":"exports","quantity":1,"expires_at":"2020-01-01T00:00:00Z"}`, status: 422, has: []string{problem}},
	{name: "grants", method: "GET", path: "/v1/accounts/acme/grants", has: []string{under("items[].", grantOf), "position string"}},
	{name: "check of what was granted", method: "POST", path: "/v1/check", body: `{"account":"acme","feature":"exports"}`,
		has: []string{checkFields, "sources[].source string", "source string"}},
	{name: "a reservation", method: "POST", path: "/v1/consume", body: `{"account":"acme","user":"u1","feature":"exports","quantity":2,"reserve":"5m"}`, headers: []string{"Idempotency-Key", "r1"}, keep: "reservation=reservation_id",
		has: []string{checkFields, "reservation_id string", "reserved number"}},
	{name: "a reservation, finalized with less", method: "POST", path: "/v1/reservations/{reservation}/finalize", body: `{"quantity":1}`, has: []string{checkFields, "reservation_id string"}},
	{name: "a reservation, finalized again with something else", method: "POST", path: "/v1/reservations/{reservation}/finalize", body: `{"quantity":2}`, status: 409, has: []string{problem}},
	{name: "another reservation", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"exports","reserve":"5m"}`, headers: []string{"Idempotency-Key", "r2"}, keep: "other=reservation_id", has: []string{"reservation_id string"}},
	{name: "another reservation, released", method: "POST", path: "/v1/reservations/{other}/release", has: []string{checkFields, "reservation_id string"}},
	{name: "reservations", method: "GET", path: "/v1/accounts/acme/reservations", has: []string{under("items[].", "id string,feature string,quantity number,state string,created_at time,expires_at time"), "position string"}},
	{name: "a reservation for a year", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"exports","reserve":"366d"}`, headers: []string{"Idempotency-Key", "r3"}, status: 422, has: []string{problem}},
	{name: "an override", method: "POST", path: "/v1/accounts/acme/overrides", body: `{"feature":"exports","limit":500,"until":"2030-01-01T00:00:00Z","reason":"pilot"}`, has: []string{"feature string", "limit number", "until time", "reason string", "set_at time", "position string"}},
	{name: "an override that says nothing", method: "POST", path: "/v1/accounts/acme/overrides", body: `{"feature":"exports"}`, status: 422, has: []string{problem}},
	{name: "overrides", method: "GET", path: "/v1/accounts/acme/overrides", has: []string{"items[].feature string", "items[].until time?", "items[].limit number?"}},
	{name: "an override, cleared", method: "DELETE", path: "/v1/accounts/acme/overrides/exports", has: []string{"feature string", "position string"}},
	{name: "a grant, revoked", method: "DELETE", path: "/v1/accounts/acme/grants/{grant}", has: []string{grantOf, "revoked_at time"}},
	{name: "pools", method: "GET", path: "/v1/accounts/acme/pools", has: []string{"items list", "position string"}},
	{name: "usage", method: "GET", path: "/v1/accounts/acme/usage",
		has: []string{"items[].meter string", "items[].aggregate string", "items[].periods[].per string", "items[].periods[].usage number", "items[].periods[].starts_at time?", "items[].periods[].resets_at time?", "position string"}},
	{name: "entitlements", method: "GET", path: "/v1/accounts/acme/entitlements",
		has: []string{"items[].feature string", "items[].kind string", "items[].allowed bool", "items[].usage number?", "items[].limit number?", "items[].remaining number?", "items[].resets_at time?", "items[].content.title string", "position string"}},

	{name: "decide, something to show", method: "POST", path: "/v1/decide", body: `{"account":"acme","user":"u1","placement":"dashboard.card","feature":"emails","requested":false}`, keep: "decision=decision_id",
		has: []string{"status string", "reason string", "decision_id string", offerOf, "offer.price object", "variant string", "expires_at time"}},
	{name: "decide, nothing to show", method: "POST", path: "/v1/decide", body: `{"account":"trial","user":"u2","placement":"dashboard.card"}`, has: []string{"status string", "reason string"}},
	{name: "explain", method: "GET", path: "/v1/decisions/{decision}/explain",
		has: []string{"considered[].offer string", "considered[].chosen bool", "considered[].code string", "considered[].reason string", "outcomes list"}},
	{name: "seen", method: "POST", path: "/v1/decisions/{decision}/outcomes", body: `{"type":"seen","user":"u1"}`, has: []string{"decision_id string"}},
	{name: "clicked", method: "POST", path: "/v1/decisions/{decision}/outcomes", body: `{"type":"clicked"}`, has: []string{"decision_id string"}},
	{name: "preview of a decision", method: "POST", path: "/v1/subscriptions/preview", body: `{"account":"acme","decision_id":"{decision}"}`, keep: "token=token",
		has: []string{"now money", "recurring money", "next_invoice.at time", "next_invoice.total money", "next_invoice.lines[].title string", "next_invoice.lines[].amount money", "token string", "expires_at time"}},
	{name: "accepted without an Idempotency-Key", method: "POST", path: "/v1/decisions/{decision}/outcomes", body: `{"type":"accepted","token":"{token}"}`, status: 422, has: []string{problem}},
	{name: "accepted", method: "POST", path: "/v1/decisions/{decision}/outcomes", body: `{"type":"accepted","token":"{token}"}`, headers: []string{"Idempotency-Key", "k3"},
		has: []string{under("subscription.", subOf), "check.allowed bool", "check.limit number", "position string"}},
	{name: "accepted, again with its key", method: "POST", path: "/v1/decisions/{decision}/outcomes", body: `{"type":"accepted","token":"{token}"}`, headers: []string{"Idempotency-Key", "k3"}, has: []string{"subscription.plan string"}},

	{name: "a member's subscription", method: "PUT", path: "/v1/accounts/initech/subscription", body: `{"plan":"starter"}`, has: []string{subOf}},
	{name: "a member's usage", method: "POST", path: "/v1/events", body: ce("i1", "email.sent", "initech", `{"count":1950}`), status: 202, has: []string{"accepted number"}},
	{name: "a member's offer", method: "POST", path: "/v1/decide", body: `{"account":"initech","user":"mia","role":"member","placement":"dashboard.card"}`, keep: "wish=decision_id", has: []string{offerOf, "decision_id string"}},
	{name: "requested", method: "POST", path: "/v1/decisions/{wish}/outcomes", body: `{"type":"requested","user":"mia","role":"member","reason":"for our summit"}`, keep: "request=request_id", has: []string{"request_id string"}},
	{name: "requests", method: "GET", path: "/v1/requests",
		has: []string{"items[].id string", "items[].account string", "items[].user string", "items[].decision_id string", "items[].status string", "items[].at time"}},
	{name: "a request's preview", method: "POST", path: "/v1/subscriptions/preview", body: `{"decision_id":"{wish}"}`, keep: "token=token", has: []string{"token string"}},
	{name: "approve", method: "POST", path: "/v1/requests/{request}/approve", body: `{"user":"ada","token":"{token}"}`, headers: []string{"Idempotency-Key", "k4"}, has: []string{"subscription.plan string", "position string"}},
	{name: "decline what was approved", method: "POST", path: "/v1/requests/{request}/decline", body: `{"user":"ada"}`, status: 409, has: []string{problem}},

	{name: "a large account's usage", method: "POST", path: "/v1/events", body: ce("g1", "attendee.joined", "globex", `{}`), status: 202, has: []string{"accepted number"}},
	{name: "signals of an account", method: "GET", path: "/v1/accounts/acme/signals", has: []string{under("items[].", signalOf)}},
	{name: "signals", method: "GET", path: "/v1/signals", has: []string{under("items[].", signalOf)}},
	{name: "movements", method: "GET", path: "/v1/revenue/movements?from=2026-01&to=2026-02&currency=USD", has: []string{"currency string", under("items[].", movementOf)}},
	{name: "movements as known then", method: "GET", path: "/v1/revenue/movements?as_of=2026-01-01T00:00:00Z", has: []string{"currency string", under("items[].", movementOf)}},
	{name: "retention", method: "GET", path: "/v1/revenue/retention?from=2026-01&to=2026-02", has: []string{"currency string", under("items[].", retainedOf)}},
	{name: "retention of a cohort", method: "GET", path: "/v1/revenue/retention?cohort=2025-12&at=2026-01", has: []string{under("items[].", retainedOf)}},
	{name: "the ledger", method: "GET", path: "/v1/revenue/ledger?account=acme", has: []string{"items[].effective_at time", "items[].recorded_at time", "items[].amount money", "items[].source string"}},
	{name: "limits", method: "GET", path: "/v1/limits", has: []string{"items[].account string", "items[].usage number", "items[].limit number"}},
	{name: "the funnel", method: "GET", path: "/v1/offers/funnel", has: []string{"items[].offer string", "items[].shown number", "totals.accepted number"}},

	{name: "time, by a span", method: "POST", path: "/v1/clock/advance", body: `{"by":"1d"}`, has: []string{"now time"}},
	{name: "time, to a time", method: "POST", path: "/v1/clock/advance", body: `{"to":"2026-02-20T00:00:00Z"}`, has: []string{"now time"}},
	{name: "a key", method: "POST", path: "/v1/keys", body: `{"name":"app","scopes":["check","events:write"]}`, keep: "key=id", has: []string{"id string", "secret string", "scopes list", "name string"}},
	{name: "keys", method: "GET", path: "/v1/keys", has: []string{"items[].id string", "items[].name string", "items[].scopes list", "items[].created_at time", "items[].revoked_at time?"}},
	{name: "a key, revoked", method: "DELETE", path: "/v1/keys/{key}", status: 204},
	{name: "the end of a subscription", method: "DELETE", path: "/v1/accounts/initech/subscription", has: []string{subOf, "ends_at time"}},
	{name: "an import", method: "POST", path: "/v1/imports/accounts", body: `{"import":"crm","rows":[{"row":"1","account":"hooli","facts":{"name":"Hooli"}},{"row":"2","account":"hooli"}]}`,
		has: []string{"accepted number", "rejected[].index number", "rejected[].code string", "rejected[].detail string", "position string"}},
	{name: "alive", method: "GET", path: "/healthz", headers: []string{"Authorization", ""}, has: []string{"status string"}},
	{name: "ready", method: "GET", path: "/readyz", headers: []string{"Authorization", ""}, has: []string{"status string"}},
	{name: "the document", method: "GET", path: "/openapi.json", headers: []string{"Authorization", ""}, has: []string{"openapi string", "paths object"}},

	// What later versions add must not fall over now.
	{name: "a family", method: "GET", path: "/v1/accounts/acme/family", status: 404, has: []string{problem}},

	{name: "a timeline", method: "GET", path: "/v1/accounts/acme/timeline", has: []string{"items[].at time", "items[].kind string", "items[].words string"}},
	{name: "a variant of nothing", method: "POST", path: "/v1/variant", body: `{}`, status: 422, has: []string{problem}},
	{name: "people outside of the plan", method: "GET", path: "/v1/accounts/acme/outside", has: []string{"domain string", "outside number", "inside number", "words string", "items list"}},
	{name: "invitations", method: "POST", path: "/v1/accounts/acme/invites", body: `{"user":"u1","people":[{"email":"b@acme.example","profile":"speaker"},{"user":"u9"}]}`, keep: "invite=items.0.id",
		has: []string{"items[].id string", "items[].status string", "sent number", "waiting number", "shortfall number"}},
	{name: "invitations, nobody", method: "POST", path: "/v1/accounts/acme/invites", body: `{"user":"u1","people":[]}`, status: 422, has: []string{problem}},
	{name: "invitations, read", method: "GET", path: "/v1/accounts/acme/invites", has: []string{"items list"}},
	{name: "a request to join", method: "POST", path: "/v1/accounts/acme/access-requests", body: `{"user":"u8","reason":"please"}`, keep: "join=id", has: []string{"id string", "status string", "of_domain bool", "reason string"}},
	{name: "a request to join, approved", method: "POST", path: "/v1/access-requests/{join}/approve", body: `{"user":"u1"}`, has: []string{"status string", "decided_at time"}},
	{name: "requests to join", method: "GET", path: "/v1/accounts/acme/access-requests", has: []string{"items list"}},
	{name: "a code", method: "POST", path: "/v1/accounts/acme/referrals", body: `{"user":"u1","program":"hosts_bring_hosts"}`, keep: "code=code", has: []string{"code string", "link string", "exposures number", "sign_ups number"}},
	{name: "an exposure", method: "POST", path: "/v1/exposures", body: `{"code":"{code}","visitor":"v1"}`, has: []string{"counted bool"}},
	{name: "a sign-up", method: "POST", path: "/v1/signups", body: `{"account":"referred","visitor":"v1"}`, has: []string{"credited bool", "reason string", "by string"}},
	{name: "referrals", method: "GET", path: "/v1/referrals", has: []string{"items list"}},
	{name: "a survey to show", method: "POST", path: "/v1/surveys/next", body: `{"account":"acme","user":"u1","role":"admin","placement":"summit.done"}`, keep: "ask=ask_id", has: []string{"survey string", "ask_id string", "question string", "scale object"}},
	{name: "no survey to show", method: "POST", path: "/v1/surveys/next", body: `{"account":"acme","user":"u1","role":"admin","placement":"summit.done"}`, has: []string{"reason string", "until time"}},
	{name: "an answer", method: "POST", path: "/v1/surveys/{ask}/answers", body: `{"score":5,"text":"fine"}`, has: []string{"ask_id string", "survey string", "answered bool"}},
	{name: "surveys", method: "GET", path: "/v1/surveys", has: []string{"items[].survey string", "items[].shown number", "items[].words string"}},
	{name: "one survey", method: "GET", path: "/v1/surveys/nps?segment_by=plan", has: []string{"survey string", "segments list", "months list", "items list"}},
	{name: "the demand log", method: "GET", path: "/v1/demand", has: []string{"items list"}},
}

// sampleCompany is a server under a test clock, with nothing in it.
func sampleCompany(t *testing.T, more func(*serverOptions)) *company {
	t.Helper()
	c := &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 4, secretKey: "hr_sk_test_key", password: "correct horse battery",
		testClock: "2026-01-15T09:00:00Z", logger: slog.New(slog.DiscardHandler)}
	if more != nil {
		more(&c.opts)
	}
	c.open()
	t.Cleanup(func() { c.server.close() })
	return c
}

func TestTheContract(t *testing.T) {
	c := sampleCompany(t, nil)
	catalog, err := os.ReadFile("../../examples/summit/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	c.must("GET", "/openapi.json", nil, &doc)
	kept := map[string]string{"version": "", "position": ""}
	fill := func(text string) string {
		for name, value := range kept {
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
		return text
	}
	for _, call := range contract {
		ok := t.Run(call.name, func(t *testing.T) {
			body := call.body
			if body == "@catalog" {
				body = string(catalog)
			}
			body = fill(body)
			if plain, packed := strings.CutPrefix(body, "gzip:"); packed {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				_, _ = z.Write([]byte(plain))
				_ = z.Close()
				body = b.String()
			}
			headers := []string{"Headroom-Position", kept["position"]} // each call sees what came before
			for i := range call.headers {
				headers = append(headers, fill(call.headers[i]))
			}
			if call.status == 0 {
				call.status = http.StatusOK
			}
			status, answer := c.send(call.method, fill(call.path), body, headers...)
			if status != call.status {
				t.Fatalf("answered %d %v", status, answer)
			}
			if status == http.StatusNotFound && answer["code"] != "route_unknown" {
				t.Errorf("answered the code %v", answer["code"])
			}
			for _, list := range call.has {
				for field := range strings.SplitSeq(list, ",") {
					path, kind, _ := strings.Cut(field, " ")
					if err := has(answer, path, kind); err != nil {
						t.Errorf("%v in %v", err, answer)
					}
				}
			}
			if call.path != "/openapi.json" {
				for _, wrong := range undocumented(doc, call.method, call.path, status, answer) {
					t.Error("the document says otherwise: " + wrong)
				}
			}
			if position, ok := answer["position"].(string); ok {
				kept["position"] = position
			}
			if name, field, keeps := strings.Cut(call.keep, "="); keeps {
				kept[name], _ = answer[field].(string)
			}
		})
		if !ok && call.keep != "" {
			t.FailNow()
		}
	}
}

// has says whether every value at path is of a kind. A kind with ? may be null; a path
// into lists must find at least one item.
func has(v any, path, kind string) error {
	name, rest, deeper := strings.Cut(path, ".")
	name, isList := strings.CutSuffix(name, "[]")
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: want an object around it", path)
	}
	value, present := object[name]
	if !present {
		if kind == "time?" || !deeper && strings.HasSuffix(kind, "?") {
			return fmt.Errorf("%s is missing; null is how nothing is said", path)
		}
		return fmt.Errorf("%s is missing", path)
	}
	values := []any{value}
	if isList {
		if values, ok = value.([]any); !ok || len(values) == 0 {
			return fmt.Errorf("%s: want a list with something in it, got %v", path, value)
		}
	}
	for _, x := range values {
		if deeper {
			if err := has(x, rest, kind); err != nil {
				return err
			}
			continue
		}
		if plain, nullable := strings.CutSuffix(kind, "?"); nullable && x == nil {
			continue
		} else if !holds(x, plain) {
			return fmt.Errorf("%s: want %s, got %v", path, kind, x)
		}
	}
	return nil
}

var decimal = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// holds says whether a JSON value is of a kind.
func holds(v any, kind string) bool {
	s, isString := v.(string)
	switch kind {
	case "string":
		return isString
	case "decimal":
		return isString && decimal.MatchString(s)
	case "month":
		_, err := time.Parse("2006-01", s)
		return isString && err == nil
	case "time":
		_, err := time.Parse(time.RFC3339Nano, s)
		return isString && err == nil
	case "money":
		m, ok := v.(map[string]any)
		return ok && len(m) == 2 && holds(m["amount"], "decimal") && holds(m["currency"], "string")
	case "number":
		_, ok := v.(float64)
		return ok
	case "bool":
		_, ok := v.(bool)
		return ok
	case "list":
		_, ok := v.([]any)
		return ok
	case "object":
		_, ok := v.(map[string]any)
		return ok
	case "null":
		return v == nil
	}
	return false
}

// undocumented compares an answer with what the document says of it.
func undocumented(doc map[string]any, method, path string, status int, answer map[string]any) []string {
	path, _, _ = strings.Cut(path, "?")
	paths, _ := doc["paths"].(map[string]any)
	for template, item := range paths {
		if !regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(template, `[^/]+`) + "$").MatchString(path) {
			continue
		}
		op, _ := item.(map[string]any)[strings.ToLower(method)].(map[string]any)
		responses, _ := op["responses"].(map[string]any)
		response, ok := responses[fmt.Sprint(status)].(map[string]any)
		if !ok {
			response, _ = responses["default"].(map[string]any)
		}
		if response == nil {
			continue
		}
		response, _ = resolve(doc, response).(map[string]any)
		content, _ := response["content"].(map[string]any)
		if len(content) == 0 && len(answer) > 0 {
			return []string{"there is no body"}
		}
		for _, m := range content {
			return differences(doc, m.(map[string]any)["schema"], answer, "")
		}
		return nil
	}
	if status == http.StatusNotFound {
		return nil
	}
	return []string{"there is no " + method + " " + path}
}

func resolve(doc map[string]any, v any) any {
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return v
	}
	var at any = doc
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at, _ = at.(map[string]any)[name]
	}
	return resolve(doc, at)
}

// differences tells where a value is not what its schema says, or has more in it.
func differences(doc map[string]any, schema, v any, where string) (out []string) {
	s, _ := resolve(doc, schema).(map[string]any)
	kinds := []any{s["type"]}
	if several, ok := s["type"].([]any); ok {
		kinds = several
	}
	if kinds[0] == nil {
		return nil // any value
	}
	if v == nil {
		if !slices.Contains(kinds, any("null")) {
			out = append(out, where+" is null")
		}
		return out
	}
	words := map[string]string{"string": "string", "integer": "number", "number": "number", "boolean": "bool", "array": "list", "object": "object"}
	kind, _ := kinds[0].(string)
	if !holds(v, words[kind]) || s["format"] == "date-time" && !holds(v, "time") {
		return append(out, fmt.Sprintf("%s is %v, which is no %s", where, v, kind))
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			out = append(out, differences(doc, s["items"], x, where+"[]")...)
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, there := v[name.(string)]; !there {
				out = append(out, fmt.Sprintf("%s.%s is missing", where, name))
			}
		}
		for name, x := range v {
			switch more := s["additionalProperties"].(type) {
			case map[string]any:
				out = append(out, differences(doc, more, x, where+"."+name)...)
			case bool:
				if more && properties == nil {
					continue
				}
			}
			if p, known := properties[name]; known {
				out = append(out, differences(doc, p, x, where+"."+name)...)
			} else if _, values := s["additionalProperties"].(map[string]any); !values {
				out = append(out, where+"."+name+" is not in it")
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestAnEmptyServerAnswersAsDocumented(t *testing.T) {
	c := sampleCompany(t, nil)
	var doc map[string]any
	c.must("GET", "/openapi.json", nil, &doc)
	paths, _ := doc["paths"].(map[string]any)
	for path, item := range paths {
		if item.(map[string]any)["get"] == nil || strings.Contains(path, "{") || path == "/v1/changes" || strings.HasSuffix(path, "/stream") || path == "/openapi.json" {
			continue
		}
		status, answer := c.send("GET", path, "")
		if path == "/v1/catalog" && status == http.StatusNotFound && answer["code"] == "no_catalog" {
			continue
		}
		if status != http.StatusOK {
			t.Errorf("%s answered %d %v", path, status, answer)
		}
		for _, wrong := range undocumented(doc, "GET", path, status, answer) {
			t.Errorf("%s: the document says otherwise: %s", path, wrong)
		}
	}
	for path, body := range map[string]string{
		"/v1/check": `{"account":"a","feature":"f"}`, "/v1/check/bulk": `{"account":"a","features":["f"]}`, "/v1/decide": `{"account":"a","user":"u","placement":"p"}`,
		"/v1/events": ce("1", "x", "a", `{}`), "/v1/batch": `{"batch":[]}`,
	} {
		status, answer := c.send("POST", path, body)
		if status >= 300 {
			t.Errorf("%s answered %d %v", path, status, answer)
		}
		for _, wrong := range undocumented(doc, "POST", path, status, answer) {
			t.Errorf("%s: the document says otherwise: %s", path, wrong)
		}
	}
}

func TestNothingAnswersWithoutAKeyButHealthAndTheDocument(t *testing.T) {
	c := sampleCompany(t, nil)
	var doc struct {
		Paths map[string]map[string]struct{}
	}
	c.must("GET", "/openapi.json", nil, &doc)
	free := []string{"/healthz", "/readyz", "/openapi.json", "/v1/session", "/v1/m"}
	for path, item := range doc.Paths {
		for method := range item {
			method, path := strings.ToUpper(method), regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "x")
			status, p := c.send(method, path, "{}", "Authorization", "")
			if slices.Contains(free, path) {
				if status == http.StatusUnauthorized {
					t.Errorf("%s %s needs a key", method, path)
				}
			} else if status != http.StatusUnauthorized || p["code"] != "key_missing" {
				t.Errorf("%s %s without a key answered %d %v", method, path, status, p)
			}
		}
	}
	if status, p := c.send("GET", "/v1/nothing", "", "Authorization", ""); status != http.StatusUnauthorized {
		t.Errorf("a route that is not there answered %d %v to who has no key", status, p)
	}
}

func TestAKeyMayDoWhatItsScopesSayAndNoMore(t *testing.T) {
	c := sampleCompany(t, nil)
	c.must("PUT", "/v1/catalog", []byte(apiCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	event := ce("s1", "email.sent", "acme", `{"count":1}`)
	calls := []struct {
		scope, method, path, body string
		headers                   []string
	}{
		{scope: "events:write", method: "POST", path: "/v1/events", body: event},
		{scope: "events:write", method: "POST", path: "/v1/track", body: `{"userId":"u","event":"x"}`},
		{scope: "check", method: "POST", path: "/v1/check", body: `{"account":"acme","feature":"emails"}`},
		{scope: "check", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"exports"}`, headers: []string{"Idempotency-Key", "1"}},
		{scope: "check", method: "GET", path: "/v1/accounts/acme/entitlements"},
		{scope: "check", method: "GET", path: "/v1/accounts/acme/usage"},
		{scope: "decide", method: "POST", path: "/v1/decide", body: `{"account":"acme","user":"u","placement":"speakers.add"}`},
		{scope: "read", method: "GET", path: "/v1/accounts"},
		{scope: "read", method: "GET", path: "/v1/revenue/movements"},
		{scope: "admin", method: "GET", path: "/v1/keys"},
		{scope: "admin", method: "PUT", path: "/v1/accounts/acme", body: `{"name":"Acme"}`},
		{scope: "admin", method: "POST", path: "/v1/clock/advance", body: `{"by":"1s"}`},
	}
	for _, scope := range []string{"events:write", "check", "decide", "read", "admin"} {
		var key struct{ ID, Secret string }
		c.must("POST", "/v1/keys", map[string]any{"name": scope, "scopes": []string{scope}}, &key)
		for _, call := range calls {
			may := scope == "admin" || scope == call.scope
			status, p := c.send(call.method, call.path, call.body, append([]string{"Authorization", "Bearer " + key.Secret}, call.headers...)...)
			if may != (status < 300) || !may && (status != http.StatusForbidden || p["code"] != "scope_missing") {
				t.Errorf("a key with the scope %s was answered %d %v on %s %s", scope, status, p["code"], call.method, call.path)
			}
		}
		var listed json.RawMessage
		c.must("GET", "/v1/keys", nil, &listed)
		if bytes.Contains(listed, []byte(key.Secret)) || bytes.Contains(listed, []byte(`"secret":`)) || bytes.Contains(listed, []byte("signing")) {
			t.Errorf("the list shows a secret again: %s", listed)
		}
		if status, p := c.send("DELETE", "/v1/keys/"+key.ID, ""); status != http.StatusNoContent {
			t.Fatalf("revoking answered %d %v", status, p)
		}
		if status, p := c.send("GET", "/v1/accounts", "", "Authorization", "Bearer "+key.Secret); status != http.StatusUnauthorized || p["code"] != "key_revoked" {
			t.Errorf("a revoked key was answered %d %v", status, p)
		}
	}
	t.Run("scopes that do not exist, or none, make no key", func(t *testing.T) {
		for _, body := range []string{`{"name":"x","scopes":["write"]}`, `{"name":"x"}`, `{"name":"x","scopes":[]}`, `{"name":"x","kind":"publishable","scopes":["read"]}`} {
			if status, p := c.send("POST", "/v1/keys", body); status != http.StatusUnprocessableEntity {
				t.Errorf("%s was answered %d %v", body, status, p)
			}
		}
	})
	calls[3].headers = []string{"Idempotency-Key", "2"} // by another user it is another call
	t.Run("a publishable key is for its user, who checks and decides", func(t *testing.T) {
		var key struct {
			ID, Secret    string
			SigningSecret string `json:"signing_secret"`
		}
		c.must("POST", "/v1/keys", map[string]any{"name": "web", "kind": "publishable"}, &key)
		if status, p := c.send("POST", "/v1/check", `{"feature":"emails"}`, "Authorization", "Bearer "+key.Secret); status != http.StatusUnauthorized || p["code"] != "user_token_missing" {
			t.Errorf("without a user token it was answered %d %v", status, p)
		}
		token, err := access.SignUserToken(key.SigningSecret, access.User{ID: "u1", Account: "acme", Role: access.RoleMember}, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range append(calls,
			struct {
				scope, method, path, body string
				headers                   []string
			}{scope: "nobody", method: "GET", path: "/v1/accounts/other/entitlements"}) {
			may := call.scope == "check" || call.scope == "decide" && strings.Contains(call.body, `"user":"u1"`)
			status, p := c.send(call.method, call.path, call.body, append([]string{"Authorization", "Bearer " + key.Secret, access.UserTokenHeader, token}, call.headers...)...)
			if may != (status < 300) || !may && status != http.StatusForbidden {
				t.Errorf("%s %s was answered %d %v", call.method, call.path, status, p)
			}
		}
	})
	t.Run("the Segment clients' basic authentication", func(t *testing.T) {
		req, err := http.NewRequest("POST", c.base+"/v1/track", strings.NewReader(`{"userId":"u","event":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(c.key, "")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || !strings.Contains(string(text), `"success":true`) {
			t.Errorf("answered %d %s", resp.StatusCode, text)
		}
	})
}
