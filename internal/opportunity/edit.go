package opportunity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/subscription"
)

// Bounds of what people write, in bytes.
const (
	maxName = 200
	maxNote = 10_000
)

// Edit is what a person changes; nil fields stay. In records Note and LostReason are
// sealed, see account.SealText.
type Edit struct {
	Owner      *string       `json:"owner,omitempty"`
	Stage      *Stage        `json:"stage,omitempty"`
	Amount     *money.Amount `json:"amount,omitempty"`
	Note       *string       `json:"note,omitempty"`
	LostReason *string       `json:"lost_reason,omitempty"`
}

// next lists the stages that may follow each one. Won is final: the subscription has
// changed. Only undoing that change takes it back (see Undone).
var next = map[Stage][]Stage{
	Open:       {InProgress, Won, Lost},
	InProgress: {Open, Won, Lost},
	Lost:       {Open, InProgress},
	Won:        nil,
}

// Apply returns op as edited. won says that it was just won: its Give is now to change the
// subscription. The same edit again changes nothing. others are the account's other
// opportunities: a lost one is not reopened beside an open one for the same give. Faults:
// opportunity_invalid (with a field for every wrong value), opportunity_closed,
// opportunity_twin; op is then returned as it was.
func Apply(op Opportunity, e Edit, now clock.Time, others ...Opportunity) (edited Opportunity, won bool, err error) {
	was := op
	if f := wrong(&op, e); f != nil {
		return was, false, f
	}
	to := op.Stage
	if e.Stage != nil {
		to = *e.Stage
	}
	if op.Stage == Won && (to != Won || e.Amount != nil && *e.Amount != op.Amount) {
		return was, false, fault.New(fault.Conflict, "opportunity_closed", "opportunity %s was won on %s and its stage and amount are final", op.ID, day(op.ClosedAt)).
			WithMend("change the subscription itself, or add a note")
	}
	if to != op.Stage && !slices.Contains(next[op.Stage], to) {
		return was, false, fault.New(fault.Conflict, "opportunity_closed", "opportunity %s was lost on %s and cannot be %s at once", op.ID, day(op.ClosedAt), to).
			WithMend("reopen it first, with the stage open")
	}
	if op.Stage == Lost && to != Lost {
		for _, other := range others {
			if other.ID != op.ID && other.Open() && other.Give == op.Give {
				return was, false, fault.New(fault.Conflict, "opportunity_twin", "opportunity %s for the same thing is open", other.ID).
					WithMend("work on that one; there is one open opportunity per account and offer")
			}
		}
	}
	if e.Owner != nil {
		op.Owner = *e.Owner
	}
	if e.Amount != nil {
		op.Amount = *e.Amount
	}
	if e.Note != nil {
		op.Note = *e.Note
	}
	if e.LostReason != nil {
		op.LostWhy = *e.LostReason
	}
	if to != op.Stage {
		op.Stage, op.ClosedAt = to, 0
		if !op.Open() {
			op.ClosedAt = now
		}
		if to != Lost {
			op.LostWhy = ""
		}
	}
	if same(&was, &op) {
		return was, false, nil
	}
	op.Version++
	op.EditedAt = now
	return op, to == Won && was.Stage != Won, nil
}

// Undone returns op, which was won, after the change of the subscription was taken back: lost,
// with that as the reason, so that no report counts it as won and people may reopen it.
func Undone(op Opportunity, now clock.Time) Opportunity {
	op.Stage, op.LostWhy, op.ClosedAt, op.EditedAt = Lost, "The purchase was undone", now, now
	op.Version++
	return op
}

func same(a, b *Opportunity) bool {
	return a.Owner == b.Owner && a.Stage == b.Stage && a.Amount == b.Amount && a.Note == b.Note && a.LostWhy == b.LostWhy
}

// wrong returns the fault with a field for every value of e that op cannot take, nil when
// all is well.
func wrong(op *Opportunity, e Edit) *fault.Error {
	f := fault.New(fault.Invalid, "opportunity_invalid", "the edit of opportunity %s cannot be made", op.ID)
	to := op.Stage
	if e.Stage != nil {
		to = *e.Stage
		if _, known := next[to]; !known {
			f = f.WithField("/stage", string(to), "want open, in_progress, won or lost")
		}
	}
	if e.Owner != nil && !plain(*e.Owner, maxName) {
		f = f.WithField("/owner", *e.Owner, "want a name of 1 to 200 bytes, without line breaks")
	}
	if a := e.Amount; a != nil {
		switch {
		case a.Currency != op.Amount.Currency:
			f = f.WithField("/amount/currency", string(a.Currency), "want "+string(op.Amount.Currency)+", the currency of the opportunity")
		case a.Minor < 0 || a.Minor > 12*subscription.MaxRecurring:
			f = f.WithField("/amount/amount", a.Minor.Decimal(a.Currency), "want 0 to "+(12*subscription.MaxRecurring).Decimal(a.Currency))
		}
	}
	f = wrongTexts(e, f)
	switch {
	case e.LostReason != nil && to != Lost && !slices.ContainsFunc(f.Fields, func(f fault.Field) bool { return f.Path == "/lost_reason" }):
		f = f.WithField("/lost_reason", shown(*e.LostReason), "only a lost opportunity has one; send the stage lost with it")
	case e.LostReason == nil && to == Lost && op.LostWhy == "":
		f = f.WithField("/lost_reason", "", "is needed to close an opportunity as lost")
	}
	return told(f)
}

// CheckTexts says what is wrong with the texts of an edit of the opportunity. They are
// checked here, before they are sealed; Apply can only look at the length of sealed ones.
// Fault opportunity_invalid, as of Apply.
func (e Edit) CheckTexts(id string) error {
	if f := told(wrongTexts(e, fault.New(fault.Invalid, "opportunity_invalid", "the edit of opportunity %s cannot be made", id))); f != nil {
		return f
	}
	return nil
}

func wrongTexts(e Edit, f *fault.Error) *fault.Error {
	if e.Note != nil && (account.TextLength(*e.Note) > maxNote || !utf8.ValidString(*e.Note)) {
		f = f.WithField("/note", shown(*e.Note), "want text of at most 10,000 bytes")
	}
	if e.LostReason == nil {
		return f
	}
	reason := strings.TrimSpace(*e.LostReason)
	_, sealed := account.TextSubject(reason)
	if sealed && account.TextLength(reason) > maxName || !sealed && !plain(reason, maxName) {
		f = f.WithField("/lost_reason", shown(*e.LostReason), "want a reason of 1 to 200 bytes, without line breaks")
	}
	return f
}

// shown is a text as a fault may show it.
func shown(text string) string {
	if _, sealed := account.TextSubject(text); sealed {
		return ""
	}
	return text
}

// told completes a fault by what is wrong first; nil when nothing is.
func told(f *fault.Error) *fault.Error {
	if len(f.Fields) == 0 {
		return nil
	}
	if len(f.Fields) == 1 {
		f.Message += ": " + strings.TrimPrefix(f.Fields[0].Path, "/") + " \"" + f.Fields[0].Value + "\""
	}
	return f.WithMend("%s: %s", strings.TrimPrefix(f.Fields[0].Path, "/"), f.Fields[0].Message)
}

// plain says whether s is one line of text within bounds.
func plain(s string, bound int) bool {
	return strings.TrimSpace(s) != "" && len(s) <= bound && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// day writes the day of t.
func day(t clock.Time) string { return t.Std().Format("2 January 2006") }
