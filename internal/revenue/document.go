package revenue

import "github.com/headroomhq/headroom/internal/money"

// MovementsDocument is what GET /v1/revenue/movements and `headroom revenue movements`
// answer. Money is decimal strings in Currency, each figure rounded on its own from exact
// sums, so that the last digits of a row may differ by one from their sum.
type MovementsDocument struct {
	Currency string         `json:"currency"`
	Items    []MovementItem `json:"items"`
	Policies []string       `json:"policies,omitempty" doc:"The choices behind the figures, in words"`
	Notes    []string       `json:"notes,omitempty" doc:"What the reader should know about the data"`
}

// MovementItem is one month.
type MovementItem struct {
	Period       string `json:"period" doc:"Month, such as 2019-04"`
	Start        string `json:"start"`
	New          string `json:"new"`
	Expansion    string `json:"expansion"`
	Contraction  string `json:"contraction"`
	Churn        string `json:"churn"`
	Reactivation string `json:"reactivation"`
	End          string `json:"end"`
}

// RetentionDocument is what GET /v1/revenue/retention and `headroom revenue retention` answer.
type RetentionDocument struct {
	Currency string          `json:"currency"`
	Items    []RetentionItem `json:"items"`
	Policies []string        `json:"policies,omitempty" doc:"The choices behind the figures, in words"`
	Notes    []string        `json:"notes,omitempty" doc:"What the reader should know about the data"`
}

// RetentionItem is one month, or one cohort point to point. NRR and GRR are null when
// nothing was paid at the start.
type RetentionItem struct {
	Period      string  `json:"period" doc:"Month, such as 2019-04"`
	Cohort      string  `json:"cohort" doc:"The month at whose end the compared accounts paid"`
	Start       string  `json:"start"`
	Expansion   string  `json:"expansion"`
	Contraction string  `json:"contraction"`
	Churn       string  `json:"churn"`
	NRR         *string `json:"nrr" doc:"(start + expansion - contraction - churn) / start"`
	GRR         *string `json:"grr" doc:"(start - contraction - churn) / start, never above 1"`
}

// Document returns the answer for items.
func Document(currency money.Currency, items []Movement, policy Policy) MovementsDocument {
	d := MovementsDocument{Currency: string(currency), Items: make([]MovementItem, len(items)), Policies: policy.Words()}
	show := func(t money.Twelfths) string { return t.Round().Decimal(currency) }
	for i, m := range items {
		d.Items[i] = MovementItem{
			Period: m.Period.String(), Start: show(m.Start), New: show(m.New), Expansion: show(m.Expansion),
			Contraction: show(m.Contraction), Churn: show(m.Churn), Reactivation: show(m.Reactivation), End: show(m.End),
		}
	}
	return d
}

// KeptDocument returns the answer for items.
func KeptDocument(currency money.Currency, items []Kept) RetentionDocument {
	d := RetentionDocument{Currency: string(currency), Items: make([]RetentionItem, len(items)), Policies: retentionWords}
	show := func(t money.Twelfths) string { return t.Round().Decimal(currency) }
	for i, k := range items {
		d.Items[i] = RetentionItem{
			Period: k.Period.String(), Cohort: k.Cohort.String(), Start: show(k.Start), Expansion: show(k.Expansion),
			Contraction: show(k.Contraction), Churn: show(k.Churn), NRR: optional(k.NRR()), GRR: optional(k.GRR()),
		}
	}
	return d
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Words says the policies behind movements, a sentence each.
func (p Policy) Words() []string {
	netting := "Netted: an account moves once a month, from what it paid at the end of the month before to what it pays at the end of this one."
	if p.Gross {
		netting = "Gross: every change within a month counts on its own; changes of one account at the same instant are one change."
	}
	return append([]string{netting}, commonWords...)
}

var commonWords = []string{
	"A month's MRR is what is paid at its end, in UTC; the first day no longer paid for is out.",
	"Per account: all of its subscriptions are added up.",
	"New is an account's first paid MRR, also from free or a trial; coming back after paying nothing is reactivation, after any time away.",
	"Yearly amounts are divided by 12 exactly; one-off charges and trials are no MRR.",
	"One currency: nothing is converted or blended.",
}

var retentionWords = append([]string{
	"NRR = (start + expansion - contraction - churn) / start, over the accounts that paid at the start; new accounts and reactivations are out.",
	"GRR = (start - contraction - churn) / start; it leaves expansion out and is never above 1.",
}, commonWords...)
