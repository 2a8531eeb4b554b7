package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/headroomhq/headroom/internal/signal"
)

// printBacktest writes a backtest for people.
func printBacktest(out io.Writer, b *signal.Backtest) error {
	w := &strings.Builder{}
	fmt.Fprintf(w, "%s records of %s, %s events, stepped in %.1f s; firings from %s to %s\n",
		thousands(fmt.Sprint(b.Records)), accounts(int(b.Accounts)), thousands(fmt.Sprint(b.Events)), b.Seconds, day(b.From.String()), day((b.To - 1).String()))
	for i := range b.Rules {
		printTested(w, &b.Rules[i])
	}
	for _, f := range b.Findings {
		fmt.Fprintln(w, f)
	}
	fmt.Fprintln(w)
	for _, n := range b.Notes {
		fmt.Fprintln(w, n)
	}
	_, err := io.WriteString(out, w.String())
	return err
}

func printTested(w *strings.Builder, r *signal.TestedRule) {
	fmt.Fprintf(w, "\n%s", r.Key)
	if r.Title != r.Key {
		fmt.Fprintf(w, " (%s)", r.Title)
	}
	if r.Fired == 0 {
		fmt.Fprint(w, ": never fires\n")
	} else {
		fmt.Fprintf(w, ": fires %s for %s\n", times(r.Fired), accounts(int(r.Accounts)))
	}
	if d := r.Difference; d != nil {
		switch {
		case d.NowOnly == (signal.Side{}) && d.BeforeOnly == (signal.Side{}):
			if r.Fired > 0 {
				fmt.Fprintln(w, "  as it did")
			}
		default:
			fmt.Fprintf(w, "  against what there was: %s only now, %s only before, %s both\n", accounts(int(d.NowOnly.Accounts)), accounts(int(d.BeforeOnly.Accounts)), accounts(int(d.Both.Accounts)))
			fmt.Fprintf(w, "  firings: %d only now, %d only before, %d the same\n", d.NowOnly.Fired, d.BeforeOnly.Fired, d.Both.Fired)
		}
		for _, c := range d.Changes {
			fmt.Fprintln(w, "  "+c)
		}
	}
	if r.Fired > 0 {
		printMonths(w, r.Months)
		printAfter(w, r.After)
	}
	if len(r.Items) > 0 {
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, x := range r.Items {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", day(x.Times[0].String()), x.Account, x.Evidence, strings.ReplaceAll(x.Then, "_", " "))
		}
		_ = t.Flush() // into memory
		if more := r.Accounts - int64(len(r.Items)); more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	if d := r.Difference; d != nil && len(d.Items) > 0 {
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, x := range d.Items {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", strings.ReplaceAll(x.Side, "_", " "), day(x.At.String()), x.Account, x.Evidence)
		}
		_ = t.Flush()
	}
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return thousands(fmt.Sprint(n)) + " times"
}

// day is the day of a time.
func day(at string) string { return at[:min(len(at), len("2006-01-02"))] }

// printMonths draws a bar for each month.
func printMonths(w *strings.Builder, months []signal.TestedMonth) {
	var most int64 = 1
	for _, m := range months {
		most = max(most, m.Fired)
	}
	fmt.Fprintln(w)
	for _, m := range months {
		fmt.Fprintf(w, "  %s %8s  %s\n", m.Month, thousands(fmt.Sprint(m.Fired)), strings.Repeat("#", int((m.Fired*barWidth+most-1)/most)))
	}
}

func printAfter(w *strings.Builder, after []signal.After) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "  within\taccounts\tstarted\texpanded\tcontracted\tchurned\tnothing\tgrew\twhere it had not fired\tMRR\t")
	for _, a := range after {
		var money []string
		for _, m := range a.MRR {
			money = append(money, m.String())
		}
		fmt.Fprintf(t, "  %d days\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t\n", a.Days, a.Accounts, a.Started, a.Expanded, a.Contracted, a.Churned, a.Nothing,
			percentage(a.Grew), percentage(a.Beside.Grew), strings.Join(money, ", "))
	}
	_ = t.Flush() // into memory
}

// percentage writes a decimal share as people read it.
func percentage(share string) string {
	x, err := strconv.ParseFloat(share, 64)
	if err != nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*x)
}

// printPrecursors writes which actions precede upgrades.
func printPrecursors(out io.Writer, p *signal.Precursors, most int) error {
	w := &strings.Builder{}
	fmt.Fprintf(w, "%s, of which %s upgraded (%s); up to %s, in %.1f s\n\n", accounts(int(p.Accounts)), thousands(fmt.Sprint(p.Upgraded)), p.Type, day(p.Until.String()), p.Seconds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "action\taccounts\tupgraded within %d days\tof the same age without it\tlift\t95%%\tq\tmedian day: upgraded\tothers\n", p.Within)
	for i := range p.Items {
		x := &p.Items[i]
		if i == most {
			break
		}
		lift, interval := x.Lift, strings.Join(x.Interval, " to ")
		if x.TooLittle {
			lift, interval = "too little", "to say"
		}
		fmt.Fprintf(t, "%s %s\t%d\t%s (%d of %d)\t%s\t%s\t%s\t%s\t%s\t%s\n", x.Kind, x.Name, x.Accounts, percentage(x.Share), x.Upgraded, x.Followed,
			percentage(x.Base), lift, interval, x.Q, x.Sooner.UpgradedDays, x.Sooner.OthersDays)
	}
	_ = t.Flush() // into memory
	fmt.Fprintln(w)
	for _, n := range p.Notes {
		fmt.Fprintln(w, n)
	}
	_, err := io.WriteString(out, w.String())
	return err
}

// printRegistry writes the registry for people.
func printRegistry(out io.Writer, g *signal.Registry) error {
	w := &strings.Builder{}
	fmt.Fprintf(w, "Compelling events of catalog %s, as of %s\n\n", g.Version, day(g.At.String()))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "signal\ttype\tstate\towner\tdriven by\treview\t7 days\t30\t90\taccounts\tprecision")
	for i := range g.Items {
		x := &g.Items[i]
		precision := "-"
		if p := x.Precision; p != nil && p.Followed > 0 {
			precision = fmt.Sprintf("%s of %d (%s to %s)", percentage(p.Share), p.Followed, percentage(p.Interval[0]), percentage(p.Interval[1]))
		}
		review := "-"
		if x.Review != 0 {
			review = day(x.Review.String())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", x.Key, x.Type, x.State, x.Owner, x.Driven, review,
			x.Windows[0].Fired, x.Windows[1].Fired, x.Windows[2].Fired, x.Windows[2].Accounts, precision)
	}
	_ = t.Flush() // into memory
	for i := range g.Items {
		for j, words := range g.Items[i].Words {
			if j == 0 {
				fmt.Fprintf(w, "\n%s\n", g.Items[i].Key)
			}
			fmt.Fprintf(w, "  %s\n", words)
		}
	}
	fmt.Fprintln(w)
	for _, n := range g.Notes {
		fmt.Fprintln(w, n)
	}
	_, err := io.WriteString(out, w.String())
	return err
}

// printCoverage writes the coverage for people.
func printCoverage(out io.Writer, v *signal.Coverage) error {
	w := &strings.Builder{}
	fmt.Fprintf(w, "Coverage of catalog %s, as of %s\n", v.Version, day(v.At.String()))
	missing := 0
	for _, x := range v.Expected {
		if x.Status == "received" {
			continue
		}
		if missing++; missing == 1 {
			fmt.Fprintln(w, "\nExpected and not received")
		}
		last := "not within 90 days"
		if x.LastAt != 0 {
			last = "last on " + day(x.LastAt.String())
		}
		fmt.Fprintf(w, "  %s: %s (%s)\n", x.Type, last, strings.Join(x.For, ", "))
	}
	if missing == 0 {
		fmt.Fprintf(w, "\nAll %d event types that are expected come in\n", len(v.Expected))
	}
	for i, x := range v.Unknown {
		if i == 0 {
			fmt.Fprintln(w, "\nReceived, and nothing is over it")
		}
		meant := ""
		if x.Meant != "" {
			meant = ": did you mean " + x.Meant + "?"
		}
		fmt.Fprintf(w, "  %s: %s events, last on %s%s\n", x.Type, thousands(fmt.Sprint(x.Events)), day(x.LastAt.String()), meant)
	}
	for i, x := range v.Features {
		if i == 0 {
			fmt.Fprintln(w, "\nFeatures with no rule")
		}
		offer := ", and no offer"
		if x.Offer {
			offer = ""
		}
		fmt.Fprintf(w, "  %s (%s)%s\n", x.Feature, x.Title, offer)
	}
	for i, x := range v.Never {
		if i == 0 {
			fmt.Fprintln(w, "\nRules that never fired")
		}
		why := ""
		if x.Why != "" {
			why = ": " + x.Why
		}
		fmt.Fprintf(w, "  %s (%s)%s\n", x.Key, x.State, why)
	}
	for i, x := range v.Overdue {
		if i == 0 {
			fmt.Fprintln(w, "\nReviews that are past")
		}
		fmt.Fprintf(w, "  %s: %s, %d days ago (%s)\n", x.Key, day(x.Review.String()), x.Days, x.Owner)
	}
	_, err := io.WriteString(out, w.String())
	return err
}
