// Package revenue holds the MRR ledger and what is computed from it: movements, NRR and
// GRR, exactly and as of any date.
package revenue

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
)

// Line is one entry of the append-only ledger: from EffectiveAt on, the account's MRR in
// Currency is Delta higher (or lower). A correction is a new line with a later RecordedAt,
// never an edit.
type Line struct {
	Account     string         `json:"account"`
	Seq         int64          `json:"seq"` // rising per account from 1
	EffectiveAt clock.Time     `json:"effective_at"`
	RecordedAt  clock.Time     `json:"recorded_at"`
	Delta       money.Twelfths `json:"delta"`
	MRR         money.Twelfths `json:"mrr"` // the account's MRR in Currency after this line, in the order of recording
	Currency    money.Currency `json:"currency"`
	// Movement is how the line reads on its own: new, expansion, contraction, churn,
	// reactivation or undo. Reports net lines within their period and may classify otherwise.
	Movement string `json:"movement"`
	// Type and Motion say which kind of growth it was and who brought it; empty when unknown.
	Type   catalog.RevenueType `json:"type,omitempty"`
	Motion string              `json:"motion,omitempty"`
	// Source says what wrote the line: subscription, offer, request, opportunity, import, or undo; Ref is the id of the
	// decision, opportunity or import row it came from.
	Source string `json:"source"`
	Ref    string `json:"ref,omitempty"`
	// Note is the reason in plain words: "Starter to Pro, from offer pro_for_speakers".
	Note string `json:"note,omitempty"`
}
