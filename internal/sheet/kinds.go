package sheet

import "strings"

// column is a target column of a kind: the name mappings use, what it is for, and the names
// under which exports usually carry it, the most telling first.
type column struct {
	name     string
	required bool
	// instead names a column that does as well: usage names its account or a subscription.
	instead string
	known   []string
}

var accountNames = []string{"account", "account_id", "account_key", "customer", "customer_id", "company", "company_id",
	"organization", "organization_id", "organisation_id", "org_id", "workspace_id", "tenant_id", "team_id", "group_id"}

// targets lists the target columns of each kind.
var targets = map[Kind][]column{
	Accounts: {
		{name: "account", required: true, known: append(accountNames, "id")},
		{name: "name", known: []string{"name", "account_name", "company_name", "customer_name", "title"}},
		{name: "parent", known: []string{"parent", "parent_id", "parent_account", "parent_account_id"}},
		{name: "domain", known: []string{"domain", "website", "email_domain"}},
		{name: "created_at", known: []string{"created_at", "signup_date", "signed_up_at", "created", "created_date", "customer_since"}},
		{name: "plan", known: planNames},
		{name: "segment", known: []string{"segment", "industry", "size", "tier", "vertical"}},
		{name: "seats", known: seatNames},
		{name: "trial", known: []string{"trial", "is_trial", "in_trial"}},
		{name: "churned", known: churnedNames},
	},
	Subscriptions: {
		{name: "account", required: true, known: accountNames},
		{name: "started_at", required: true, known: []string{"started_at", "start_date", "starts_at", "start_at", "start", "subscription_start", "valid_from", "from_date"}},
		{name: "ended_at", required: true, known: []string{"ended_at", "end_date", "ends_at", "end_at", "end", "subscription_end", "valid_to", "to_date", "canceled_at", "cancelled_at", "churned_at"}},
		{name: "amount", required: true, known: []string{"amount", "recurring_amount", "plan_amount", "price", "mrr", "mrr_amount", "monthly_amount", "arr", "arr_amount", "annual_amount"}},
		{name: "id", known: []string{"id", "subscription_id", "subscription", "contract_id"}},
		{name: "plan", known: planNames},
		{name: "interval", known: []string{"interval", "billing_interval", "billing_frequency", "billing_period", "billing_cycle", "plan_interval"}},
		{name: "quantity", known: append([]string{"quantity"}, seatNames...)},
		{name: "currency", known: []string{"currency", "currency_code"}},
		{name: "kind", known: []string{"kind", "charge_type", "charge_kind"}},
		{name: "trial", known: []string{"trial", "is_trial", "in_trial"}},
		{name: "churned", known: churnedNames},
		{name: "upgrade", known: []string{"upgrade_flag", "is_upgrade", "upgraded"}},
		{name: "downgrade", known: []string{"downgrade_flag", "is_downgrade", "downgraded"}},
	},
	Usage: {
		{name: "account", required: true, instead: "subscription", known: accountNames},
		{name: "subscription", known: []string{"subscription", "subscription_id"}},
		{name: "amount", required: true, known: []string{"usage", "usage_count", "used", "units", "count", "quantity", "amount", "value", "total"}},
		{name: "at", known: []string{"at", "usage_date", "date", "day", "used_at", "occurred_at", "timestamp", "time", "period", "month"}},
		{name: "feature", known: []string{"feature", "feature_name", "feature_key", "meter", "metric", "event", "event_name", "type"}},
		{name: "limit", known: []string{"limit", "usage_limit", "allowance", "quota", "cap", "included"}},
		{name: "id", known: []string{"usage_id", "event_id", "id", "message_id"}},
		{name: "user", known: []string{"user", "user_id"}},
		{name: "segment", known: []string{"segment"}},
	},
	Surveys: {
		{name: "account", required: true, known: accountNames},
		{name: "survey", required: true, known: []string{"survey", "survey_key", "survey_name", "survey_id"}},
		{name: "score", required: true, known: []string{"score", "rating", "nps_score", "csat_score", "answer"}},
		{name: "at", required: true, known: []string{"at", "answered_at", "submitted_at", "responded_at", "date", "day", "created_at", "timestamp"}},
		{name: "user", known: []string{"user", "user_id", "respondent", "respondent_id", "contact_id"}},
		{name: "kind", known: []string{"kind", "survey_type", "type"}},
		{name: "text", known: []string{"text", "comment", "feedback", "verbatim", "reason"}},
		{name: "id", known: []string{"id", "response_id"}},
	},
	Tickets: {
		{name: "id", required: true, known: []string{"id", "ticket_id", "ticket", "case_id", "case_number", "issue_id", "number"}},
		{name: "account", required: true, known: accountNames},
		{name: "opened_at", required: true, known: []string{"opened_at", "created_at", "submitted_at", "opened", "created", "created_date", "open_date"}},
		{name: "closed_at", known: []string{"closed_at", "resolved_at", "solved_at", "closed", "resolved", "closed_date", "close_date"}},
		{name: "kind", known: []string{"kind", "type", "ticket_type", "category", "issue_type"}},
		{name: "severity", known: []string{"severity", "priority", "urgency"}},
	},
	Activities: {
		{name: "account", required: true, known: accountNames},
		{name: "kind", required: true, known: []string{"kind", "type", "activity_type", "channel", "activity"}},
		{name: "at", required: true, known: []string{"at", "activity_date", "completed_at", "date", "day", "created_at", "timestamp", "occurred_at"}},
		{name: "id", known: []string{"id", "activity_id"}},
		{name: "user", known: []string{"user", "user_id", "contact_id", "person"}},
	},
	Facts: {
		{name: "account", required: true, known: accountNames},
		{name: "name", required: true, known: []string{"name", "fact", "key"}},
		{name: "value", required: true, known: []string{"value"}},
		{name: "at", known: []string{"at", "since", "date"}},
		{name: "until", known: []string{"until", "ends_at"}},
		{name: "ref", known: []string{"ref", "reference", "id"}},
	},
}

var (
	planNames    = []string{"plan", "plan_tier", "plan_name", "plan_id", "tier", "product", "product_name", "subscription_plan"}
	seatNames    = []string{"seats", "seat_count", "licenses", "licences", "users"}
	churnedNames = []string{"churned", "churn_flag", "is_churned"}
)

// monthlyAmounts and yearlyAmounts are amount columns whose name says their interval,
// whatever a billing column says: an mrr of a yearly contract is per month.
var (
	monthlyAmounts = map[string]bool{"mrr": true, "mrr_amount": true, "monthly_amount": true}
	yearlyAmounts  = map[string]bool{"arr": true, "arr_amount": true, "annual_amount": true}
)

// normal makes column names comparable: "Account ID" and "account-id" are account_id.
func normal(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.TrimSpace(name) {
		switch {
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
			fallthrough
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127:
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
	}
	return b.String()
}

// find returns the index of the first known name among columns, -1 when there is none.
func find(columns, known []string) int {
	for _, want := range known {
		for i, c := range columns {
			if normal(c) == want {
				return i
			}
		}
	}
	return -1
}

// looksLike says whether the columns carry all that a kind needs by well-known names, and
// something that only it has.
func looksLike(kind Kind, columns []string) bool {
	have := map[string]bool{}
	for _, t := range targets[kind] {
		have[t.name] = find(columns, t.known) >= 0
	}
	for _, t := range targets[kind] {
		if t.required && !have[t.name] && !have[t.instead] {
			return false
		}
	}
	switch kind {
	case Accounts:
		return have["name"] || have["created_at"] || have["plan"] || have["segment"] || have["domain"]
	case Usage:
		return have["feature"] || have["at"] || have["limit"] || find(columns, []string{"usage"}) >= 0
	}
	return true
}
