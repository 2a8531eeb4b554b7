package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/headroomhq/headroom/internal/sheet"
)

// crossCheck reports, row by row, where the files disagree with one another or with
// themselves. Nothing is changed by it.
func (a *analysis) crossCheck() {
	last := a.now.End() - 1
	for _, acct := range a.order {
		a.checkHeld(acct)
		if !acct.listed {
			continue
		}
		file, row := a.accountsFile(), acct.row.Row
		if acct.row.Churned == sheet.Yes && acct.mrr > 0 {
			a.odd(file, row, "churned", "true", "churn_flag_disagrees", fmt.Sprintf("flagged as churned, yet account %s pays %s a month at the end of %s; the subscriptions count", acct.key, a.words(acct.mrr), a.now))
		}
		if acct.row.Churned == sheet.No && acct.mrr == 0 && acct.everPaid() {
			a.odd(file, row, "churned", "false", "churn_flag_disagrees", fmt.Sprintf("not flagged as churned, yet account %s pays nothing at the end of %s; the subscriptions count", acct.key, a.now))
		}
		if acct.row.Trial == sheet.Yes && acct.mrr > 0 {
			a.odd(file, row, "trial", "true", "trial_flag_disagrees", fmt.Sprintf("flagged as in trial, yet account %s pays %s a month; the subscriptions count", acct.key, a.words(acct.mrr)))
		}
		if acct.mrr == 0 {
			continue
		}
		seats, seatsSaid, plans := int64(0), false, []string(nil)
		for i := range acct.held {
			if h := &acct.held[i]; h.runs(last) && h.mrr > 0 {
				plans = append(plans, h.plan)
				if h.quantity >= 0 {
					seats, seatsSaid = seats+h.quantity, true
				}
			}
		}
		if acct.row.Plan != "" && plans != nil && !slices.Contains(plans, acct.row.Plan) {
			a.odd(file, row, "plan", acct.row.Plan, "plan_disagrees", fmt.Sprintf("account %s has no running subscription of this plan, it pays most for %s; the subscriptions count", acct.key, cmp.Or(acct.plan, "none")))
		}
		if acct.row.Seats >= 0 && seatsSaid && acct.row.Seats != seats {
			a.odd(file, row, "seats", fmt.Sprint(acct.row.Seats), "seats_disagree", fmt.Sprintf("the running subscriptions of account %s have %d; the subscriptions count", acct.key, seats))
		}
	}
}

func (acct *account) everPaid() bool {
	for i := range acct.held {
		if h := &acct.held[i]; h.mrr > 0 && h.end != h.start {
			return true
		}
	}
	return false
}

func (a *analysis) accountsFile() string {
	for _, f := range a.files {
		if f.Kind == sheet.Accounts {
			return f.Name
		}
	}
	return ""
}

// checkHeld reports what is odd about the subscriptions of one account.
func (a *analysis) checkHeld(acct *account) {
	list := make([]*held, len(acct.held))
	for i := range acct.held {
		list[i] = &acct.held[i]
	}
	slices.SortStableFunc(list, func(x, y *held) int {
		return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(x.row, y.row))
	})
	for i, h := range list {
		if h.mrr > 0 && h.end != h.start {
			if other := runningBefore(list[:i], h); other != nil {
				a.odd(h.file, h.row, "started_at", day(h.start), "subscriptions_overlap", fmt.Sprintf("account %s still pays for %s (row %d) when this one starts; both are added up", acct.key, cmp.Or(other.id, "another subscription"), other.row))
			}
		}
		if (h.churned == sheet.Yes && h.end == 0) || (h.churned == sheet.No && h.end != 0 && h.end <= a.until) {
			a.odd(h.file, h.row, "churned", fmt.Sprint(h.churned == sheet.Yes), "churn_flag_disagrees", "the flag disagrees with the end date; the date counts")
		}
		switch {
		case h.up == sheet.Yes && h.down == sheet.Yes:
			a.odd(h.file, h.row, "upgrade", "true", "upgrade_and_downgrade", "flagged as an upgrade and a downgrade at once; the amounts count")
		case (h.up == sheet.Yes || h.down == sheet.Yes) && i == 0:
			a.odd(h.file, h.row, "upgrade", "true", "upgrade_flag_disagrees", "flagged as an upgrade or downgrade, yet it is the account's first subscription; the amounts count")
		}
	}
}

// runningBefore finds an earlier paid subscription that still runs when h starts.
func runningBefore(earlier []*held, h *held) *held {
	for _, o := range earlier {
		if o.mrr > 0 && o.currency == h.currency && o.runs(h.start) {
			return o
		}
	}
	return nil
}

// oddityTitles says each reason in a few plain words. A reason that is not here is shown as
// the words of its first row.
var oddityTitles = map[string]string{
	"row_unreadable":             "Rows that cannot be read",
	"columns_differ":             "Rows with more or fewer values than the header",
	"not_utf8":                   "Values with bytes that are not UTF-8",
	"text_not_utf8":              "Texts that are not UTF-8",
	"number_ambiguous":           "Numbers that can be read as thousands and as decimals",
	"amount_in_other_currency":   "Amounts with the sign or code of another currency",
	"account_empty":              "Rows that name no account",
	"account_repeated":           "Accounts told more than once",
	"account_unknown":            "Rows of accounts that no accounts file has",
	"amount_invalid":             "Amounts that are no exact number",
	"amount_negative":            "Amounts below zero",
	"amount_missing":             "Amounts that are missing",
	"date_invalid":               "Dates that cannot be read",
	"date_missing":               "Dates that are missing",
	"number_invalid":             "Numbers that cannot be read",
	"number_negative":            "Usage below zero",
	"ended_before_started":       "Subscriptions that end before they start",
	"ended_same_day":             "Subscriptions that end on the day they start",
	"end_far_away":               "Dates so far away that they mean never",
	"trial_without_revenue":      "Trials without revenue",
	"trial_with_amount":          "Trials with an amount",
	"row_repeated":               "The same row again",
	"id_repeated":                "The same id on different rows",
	"currency_invalid":           "Currencies that are no three-letter code",
	"usage_outside_subscription": "Usage outside the dates of its subscription",
	"usage_before_signup":        "Usage before the account signed up",
	"usage_account_differs":      "Usage of an account that does not hold the subscription",
	"subscription_unknown":       "Usage of subscriptions that are in no file",
	"subscriptions_overlap":      "Subscriptions that start while another one of the account runs",
	"churn_flag_disagrees":       "Churn flags that disagree with the dates",
	"trial_flag_disagrees":       "Trial flags of accounts that pay",
	"plan_disagrees":             "Accounts whose plan is none of their running subscriptions'",
	"seats_disagree":             "Accounts whose seats are not those of their subscriptions",
	"upgrade_and_downgrade":      "Flagged as upgrade and downgrade at once",
	"upgrade_flag_disagrees":     "Upgrade or downgrade flags on a first subscription",
}
