package revenue

import (
	"cmp"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// The movements a line can be.
const (
	New          = "new"          // first payment ever, also from free or a trial
	Expansion    = "expansion"    // pays more
	Contraction  = "contraction"  // pays less
	Churn        = "churn"        // pays nothing any more
	Reactivation = "reactivation" // pays again after churn
	Undone       = "undo"         // takes an earlier line back, at the same instant
)

// Standing is where an account's ledger stands: all that the next line needs to know. The
// zero Standing is an account without lines. It is small on purpose: the engine keeps one
// in the state of every account.
type Standing struct {
	Seq      int64          `json:"seq"`
	MRR      money.Twelfths `json:"mrr"`
	Currency money.Currency `json:"currency,omitempty"`
	Paid     bool           `json:"paid,omitempty"` // has paid at some time
	// GrewAt is when an expansion last took effect; unset when there was none, or less was paid since.
	GrewAt clock.Time `json:"grew_at,omitzero"`
}

// Change is a new MRR for an account and where it came from. MRR is the whole MRR from
// EffectiveAt on, zero or more; the other fields go into the line as they are.
type Change struct {
	Account     string
	MRR         money.Twelfths
	Currency    money.Currency
	EffectiveAt clock.Time
	RecordedAt  clock.Time
	Type        catalog.RevenueType
	Motion      string
	Source      string
	Ref         string
	Note        string
	// Movement is how the lines read; empty: as Classify says.
	Movement string
}

// Append returns the lines that bring an account from s to what c says, and the standing
// after them. Nothing is returned when the MRR stays as it is. A change of currency takes
// two lines, one that ends the old currency and one that begins the new one: nothing is
// converted. Negative MRR is a fault (mrr_negative).
func (s Standing) Append(c Change) ([]Line, Standing, error) {
	if c.MRR < 0 {
		return nil, s, fault.New(fault.Invalid, "mrr_negative", "account %q: MRR %s is below zero", fault.Shorten(c.Account), c.MRR.Amount(c.Currency)).
			WithMend("enter a discount as a smaller amount of what it reduces")
	}
	var lines []Line
	add := func(cur money.Currency, mrr money.Twelfths) {
		delta := mrr - s.MRR
		if delta == 0 {
			return
		}
		line := Line{
			Account: c.Account, Seq: s.Seq + 1, EffectiveAt: c.EffectiveAt, RecordedAt: c.RecordedAt,
			Delta: delta, MRR: mrr, Currency: cur, Movement: cmp.Or(c.Movement, Classify(s.MRR, mrr, s.Paid)),
			Type: c.Type, Motion: c.Motion, Source: c.Source, Ref: c.Ref, Note: c.Note,
		}
		lines = append(lines, line)
		switch line.Movement {
		case Expansion:
			s.GrewAt = max(s.GrewAt, line.EffectiveAt)
		case Contraction, Churn:
			s.GrewAt = 0
		}
		s.Seq, s.MRR, s.Currency, s.Paid = line.Seq, mrr, cur, s.Paid || mrr > 0
	}
	if s.Currency != "" && s.Currency != c.Currency {
		add(s.Currency, 0)
	}
	add(c.Currency, c.MRR)
	return lines, s, nil
}

// StandingOf returns the standing after lines, which are those of one account in any order.
func StandingOf(lines []Line) Standing {
	var s Standing
	for i := range lines {
		if l := &lines[i]; l.Seq > s.Seq {
			s.Seq, s.MRR, s.Currency = l.Seq, l.MRR, l.Currency
		}
		s.Paid = s.Paid || lines[i].MRR > 0
	}
	return s
}

// Classify names the movement from one MRR to another; "" when they are equal. paid says
// whether the account has paid before.
func Classify(from, to money.Twelfths, paid bool) string {
	switch {
	case from == to:
		return ""
	case from <= 0 && to > 0:
		if paid {
			return Reactivation
		}
		return New
	case from > 0 && to <= 0:
		return Churn
	case to > from:
		return Expansion
	default:
		return Contraction
	}
}
