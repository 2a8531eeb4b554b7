package report

import (
	"fmt"
	"strings"

	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/sheet"
)

// advise says what to do first: where money is, who to talk to, and what to doubt. Each
// sentence can be checked against a section of the report.
func (a *analysis) advise() {
	a.adviseData()
	a.adviseLimits()
	a.adviseFlat()
	a.advisePlans()
	a.adviseLosses()
	a.adviseUnderUse()
	a.adviseFeatures()
	if len(a.r.First) == 0 {
		a.add("Add usage to see more", "With a file of account, feature, date and usage this report also says who is near a limit, who is flat, who pays and does not use.", "files", nil)
	}
}

func (a *analysis) add(title, why, section string, accounts []string) {
	a.r.First = append(a.r.First, Advice{Title: title, Why: why, Section: section, Accounts: accounts[:min(len(accounts), 5)]})
}

// adviseData warns where the data makes a figure doubtful, before anything is built on it.
func (a *analysis) adviseData() {
	overlaps := a.problems.Count("subscriptions_overlap")
	var paid int64
	for _, acct := range a.order {
		for i := range acct.held {
			if acct.held[i].mrr > 0 {
				paid++
			}
		}
	}
	if nrr := a.r.Headline.NRR; nrr != nil && paid > 0 && overlaps*4 >= paid {
		a.add("Check whether replaced subscriptions were ended",
			fmt.Sprintf("%s of %s paid subscriptions start while another one of the same account still runs, and all are added up. If an upgrade leaves the old subscription open in your export, MRR and NRR (%s over 12 months) are too high.",
				group(fmt.Sprint(overlaps)), group(fmt.Sprint(paid)), percent(*nrr)), "oddities", nil)
	}
	var usage int64
	for _, f := range a.files {
		if f.Kind == sheet.Usage {
			usage += f.Counts.Rows
		}
	}
	if outside := a.problems.Count("usage_outside_subscription"); usage > 0 && outside*10 >= usage {
		a.add("Mend how usage is tied to subscriptions",
			fmt.Sprintf("%s of %s usage rows lie outside the dates of their subscription. They count for the account, but which plan the usage belongs to is doubtful.", group(fmt.Sprint(outside)), group(fmt.Sprint(usage))), "oddities", nil)
	}
}

func (a *analysis) adviseLimits() {
	l := &a.r.Limits
	var who []string
	for _, s := range append(append([]LimitStanding{}, l.Held...), l.Near...) {
		who = append(who, s.label())
	}
	switch l.Source {
	case FromColumn, FromCatalog, FromPlateau:
		if l.HeldCount > 0 {
			a.add(fmt.Sprintf("Talk to the %s held at a limit", count(l.HeldCount, "account")),
				"Month after month they use nearly all they have and never more: they hold back, or work around it. Ask what they would do with more.", "limits", who)
		}
		if l.NearCount > 0 {
			a.add(fmt.Sprintf("Offer more to the %s near a limit", count(l.NearCount, "account")),
				"They have used 80% or more. Show what is left and what the next step costs before they hit it.", "limits", who)
		}
		if l.OverCount > 0 {
			a.add(fmt.Sprintf("Agree with the %s over a limit", count(l.OverCount, "account")),
				"They use more than they have bought. Either the limit is not enforced or it is not meant: both are money.", "limits", nil)
		}
	case FromSuggest:
		if s := a.r.Suggestions; len(s) > 0 && len(s[0].Limits) > 0 {
			top := s[0].Limits[len(s[0].Limits)-1]
			a.add("Decide what your plans limit",
				fmt.Sprintf("No file tells a limit, and no plan's usage looks held back by one, so accounts can grow in use without paying for it. Where one could stand is under \"Limits to reconsider\": on %s, a limit of %s a month over %s would touch %s.",
					orText(s[0].Plan, "the one plan"), show(top.Limit), s[0].Feature, count(top.Above, "account")), "suggestions", nil)
		}
	}
}

func (a *analysis) adviseFlat() {
	f := &a.r.Flat
	if f.Count == 0 || !a.hasUsage {
		return
	}
	var who []string
	for _, item := range f.Items {
		who = append(who, item.label())
	}
	a.add(fmt.Sprintf("Review the plan of %s that grew without paying more", count(f.Count, "account")),
		fmt.Sprintf("Together they pay %s a month, the same as a year ago, and use at least %d%% more than half a year before.", a.words(f.MRR.Twelfths), grownBy), "flat", who)
}

func (a *analysis) advisePlans() {
	w := &a.r.Whitespace
	if w.PlanCount == 0 {
		return
	}
	var who []string
	for _, item := range w.Plans {
		who = append(who, item.label())
	}
	a.add(fmt.Sprintf("Propose the next plan to %s", count(w.PlanCount, "account")),
		"They use as much as the upper quarter of the plan above theirs.", "whitespace", who)
}

func (a *analysis) adviseLosses() {
	var lost money.Twelfths
	for _, k := range a.r.retention[max(0, len(a.r.retention)-12):] {
		lost += k.Contraction + k.Churn
	}
	if lost == 0 {
		return
	}
	var who []string
	for _, c := range append(append([]Change{}, a.r.Lost...), a.r.Contracting...) {
		who = append(who, c.label())
	}
	why := fmt.Sprintf("%s of MRR went away within the last 12 months by contraction and churn, added up month by month.", a.words(lost))
	if len(who) > 0 {
		why += " The accounts that pay less than a year ago, or nothing, are the ones to ask."
	} else {
		why += " No account pays less than a year ago: each loss was followed by more."
	}
	a.add("Ask those who pay less why", why, "contracting", who)
}

func (a *analysis) adviseUnderUse() {
	u := &a.r.UnderUsing
	if u.Count == 0 {
		return
	}
	var who []string
	for _, item := range u.Items {
		who = append(who, item.label())
	}
	a.add(fmt.Sprintf("Help %s before offering anything", count(u.Count, "account")),
		fmt.Sprintf("They pay %s a month and hardly use it. Selling more to them now is expansion that does not last.", a.words(u.MRR.Twelfths)), "under-using", who)
}

func (a *analysis) adviseFeatures() {
	w := &a.r.Whitespace
	if w.AccountCount == 0 {
		return
	}
	a.add(fmt.Sprintf("Show %s what accounts like them use", count(w.AccountCount, "account")),
		fmt.Sprintf("Each has not touched at least one feature in a year that %d%% or more of similar accounts use.", mostUse), "whitespace", nil)
}

// label names an account in a sentence.
func (w Who) label() string {
	if w.Name != "" {
		return w.Name + " (" + w.Account + ")"
	}
	return w.Account
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// percent turns a rate such as "1.0432" into "104.32%", "1.0400" into "104%".
func percent(rate string) string {
	sign := ""
	if strings.HasPrefix(rate, "-") {
		sign, rate = "-", rate[1:]
	}
	whole, frac, _ := strings.Cut(rate, ".")
	for len(frac) < 4 {
		frac += "0"
	}
	head := strings.TrimLeft(whole+frac[:2], "0")
	if head == "" {
		head = "0"
	}
	out := sign + group(head)
	if rest := strings.TrimRight(frac[2:], "0"); rest != "" {
		out += "." + rest
	}
	return out + "%"
}
