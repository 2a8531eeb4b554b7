package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/sheet"
)

// WriteText writes the report in a screenful, for a terminal: the figures, the counts, the
// nearest accounts and what to do first.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	h := &r.Headline
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	rate := func(s *string) string {
		if s == nil {
			return "unknown"
		}
		return percent(*s)
	}
	shown := func(m Money) string { return group(m.Twelfths.Round().Decimal(m.Currency)) }
	lacks := ""
	if h.LeftOut != "" {
		lacks = " (" + h.LeftOut + ")"
	}
	line("MRR %s %s at the end of %s, from %s%s", shown(h.MRR), r.Currency, monthName(r.Period), count(h.Paying, "paying account"), lacks)
	line("NRR %s and GRR %s over 12 months; %s and %s over the last month", rate(h.NRR), rate(h.GRR), rate(h.MonthNRR), rate(h.MonthGRR))
	line("Near a limit %d, held at a limit %d, over a limit %d (limits: %s)", r.Limits.NearCount, r.Limits.HeldCount, r.Limits.OverCount, sourceWords(r.Limits.Source))
	line("%s the same as a year ago; usage grew at %d of them", pay(r.Flat.AllFlat), r.Flat.Count)
	line("%s and hardly %s: %s %s a month", pay(r.UnderUsing.Count), verb(r.UnderUsing.Count, "uses it", "use it"), shown(r.UnderUsing.MRR), r.Currency)
	line("%s as much as the plan above theirs; %s a feature that most like them use", verbed(r.Whitespace.PlanCount, "uses", "use"), verbed(r.Whitespace.AccountCount, "lacks", "lack"))
	for _, f := range r.Files {
		if f.Why != "" {
			line("Not used: %s", f.Why)
		}
	}
	for _, n := range r.Notes {
		line("Note: %s", n)
	}
	standings := func(title string, list []LimitStanding) {
		if len(list) == 0 {
			return
		}
		line("\n%s", title)
		for _, s := range list[:min(len(list), 5)] {
			line("  %s on %s: %s", s.label(), orText(s.Plan, "no plan"), s.Why)
		}
	}
	which := "a limit"
	if r.Limits.Source == FromSuggest {
		which = "the highest proposed limit"
	}
	standings("Nearest to "+which, r.Limits.Near)
	standings("Held at "+which, r.Limits.Held)
	if len(r.Flat.Items) > 0 {
		line("\nFlat")
		for _, f := range r.Flat.Items[:min(len(r.Flat.Items), 5)] {
			line("  %s on %s: %s", f.label(), orText(f.Plan, "no plan"), f.Why)
		}
	}
	line("\nDo first")
	for i, a := range r.First {
		line("  %d. %s. %s", i+1, a.Title, a.Why)
	}
	if len(r.Oddities) > 0 {
		line("\nOdd in the data (row by row in the page)")
		for _, g := range r.Oddities {
			line("  %8s  %s%s", group(fmt.Sprint(g.Count)), oddityTitle(g), leftOut(g))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fault.New(fault.Unavailable, "file_unwritable", "the report cannot be printed: %v", err).WithCause(err)
	}
	return nil
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// verbed writes "1 account uses", "9 accounts use".
func verbed(n int, one, many string) string { return count(n, "account") + " " + verb(n, one, many) }

func pay(n int) string { return verbed(n, "pays", "pay") }

func leftOut(g sheet.Group) string {
	switch {
	case g.LeftOut == 0:
		return ""
	case g.LeftOut == g.Count:
		return " (left out)"
	}
	return fmt.Sprintf(" (%d left out)", g.LeftOut)
}
