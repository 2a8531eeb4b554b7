package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/sheet"
	"github.com/spf13/cobra"
)

// revenueFlags are the flags of `headroom revenue movements` and `retention`.
type revenueFlags struct {
	subscriptions string
	maps          []string
	from, to      string
	cohort, at    string
	currency      string
	asOf          string
	gross         bool
	output        string
	problems      string
}

// revenueCommand returns `headroom revenue`.
func revenueCommand() *cobra.Command {
	c := &cobra.Command{Use: "revenue", Short: "MRR movements, NRR and GRR, from a server or straight from a CSV file"}
	var mf, rf revenueFlags
	movements := &cobra.Command{
		Use:   "movements",
		Short: "How MRR came from one month to the next: new, expansion, contraction, churn, reactivation",
		Example: "  headroom revenue movements --subscriptions subscriptions.csv\n" +
			"  headroom revenue movements --from 2026-01 --to 2026-06 --output json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return mf.movements(cmd) },
	}
	mf.add(movements)
	movements.Flags().BoolVar(&mf.gross, "gross", false, "count every change within a month, instead of netting an account's changes")
	retention := &cobra.Command{
		Use:   "retention",
		Short: "NRR and GRR by month, or of one cohort from one month to another",
		Example: "  headroom revenue retention --subscriptions subscriptions.csv\n" +
			"  headroom revenue retention --subscriptions subscriptions.csv --cohort 2018-12 --at 2019-12",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return rf.retention(cmd) },
	}
	rf.add(retention)
	retention.Flags().StringVar(&rf.cohort, "cohort", "", "month, such as 2018-12: the accounts that paid at its end; needs --at")
	retention.Flags().StringVar(&rf.at, "at", "", "month, such as 2019-12: what the cohort pays at its end")
	c.AddCommand(movements, retention)
	return c
}

func (f *revenueFlags) add(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.subscriptions, "subscriptions", "", "CSV or NDJSON `file` of subscriptions, - for standard input; without it the server at HEADROOM_URL is asked")
	s.StringArrayVar(&f.maps, "map", nil, "mapping `file` that says which columns mean what")
	s.StringVar(&f.from, "from", "", "first month, such as 2019-01 (default: the first in the data)")
	s.StringVar(&f.to, "to", "", "last month, included (default: the last in the data)")
	s.StringVar(&f.currency, "currency", "", "three-letter code; needed when there are several (default: the one with most rows)")
	s.StringVar(&f.asOf, "as-of", "", "day or time: as it was known then")
	s.StringVar(&f.output, "output", "table", "table, json or csv")
	s.StringVar(&f.problems, "problems", "", "write every bad or odd row to this CSV `file`")
}

// query is what the flags ask for.
type query struct {
	revenue.Query
	cohort, at revenue.Month
}

func (f *revenueFlags) query() (q query, err error) {
	if !slices.Contains([]string{"table", "json", "csv"}, f.output) {
		return q, fault.New(fault.Invalid, "output_unknown", "--output %q is not known", f.output).WithMend("use table, json or csv")
	}
	month := func(flag, s string) revenue.Month {
		if s == "" || err != nil {
			return 0
		}
		var m revenue.Month
		if m, err = revenue.ParseMonth(s); err != nil {
			err = fmt.Errorf("--%s: %w", flag, err)
		}
		return m
	}
	q.From, q.To = month("from", f.from), month("to", f.to)
	q.cohort, q.at = month("cohort", f.cohort), month("at", f.at)
	if err != nil {
		return q, err
	}
	if (q.cohort == 0) != (q.at == 0) {
		return q, fault.New(fault.Invalid, "cohort_incomplete", "--cohort and --at belong together").
			WithMend("give both, such as --cohort 2018-12 --at 2019-12")
	}
	if f.asOf != "" {
		if q.AsOf, err = clock.Parse(f.asOf); err != nil {
			return q, fault.New(fault.Invalid, "time_invalid", "--as-of: %v", err)
		}
	}
	q.Currency = money.Currency(strings.ToUpper(f.currency))
	if f.currency != "" && !q.Currency.Valid() {
		return q, fault.New(fault.Invalid, "currency_invalid", "--currency %q is no currency", f.currency).WithMend("use a three-letter code such as USD")
	}
	q.Policy.Gross = f.gross
	return q, nil
}

func (f *revenueFlags) movements(cmd *cobra.Command) error {
	q, err := f.query()
	if err != nil {
		return err
	}
	var doc revenue.MovementsDocument
	if f.subscriptions == "" {
		if err := f.ask(cmd.Context(), "movements", &doc); err != nil {
			return err
		}
	} else {
		book, notes, err := f.book(cmd, q)
		if err != nil {
			return err
		}
		items, err := book.Movements(q.From, q.To, q.Policy)
		if err != nil {
			return err
		}
		doc = revenue.Document(book.Currency, items, q.Policy)
		doc.Notes = notes
	}
	rows := [][]string{{"period", "start", "new", "expansion", "contraction", "churn", "reactivation", "end"}}
	for _, m := range doc.Items {
		rows = append(rows, []string{m.Period, m.Start, m.New, m.Expansion, m.Contraction, m.Churn, m.Reactivation, m.End})
	}
	return f.print(cmd, doc, doc.Currency, rows, doc.Notes)
}

func (f *revenueFlags) retention(cmd *cobra.Command) error {
	q, err := f.query()
	if err != nil {
		return err
	}
	var doc revenue.RetentionDocument
	if f.subscriptions == "" {
		if err := f.ask(cmd.Context(), "retention", &doc); err != nil {
			return err
		}
	} else {
		book, notes, err := f.book(cmd, q)
		if err != nil {
			return err
		}
		var items []revenue.Kept
		if q.cohort != 0 {
			var kept revenue.Kept
			kept, err = book.PointToPoint(q.cohort, q.at)
			items = []revenue.Kept{kept}
		} else {
			items, err = book.Retention(q.From, q.To)
		}
		if err != nil {
			return err
		}
		doc = revenue.KeptDocument(book.Currency, items)
		doc.Notes = notes
	}
	rows := [][]string{{"period", "cohort", "start", "expansion", "contraction", "churn", "nrr", "grr"}}
	for _, k := range doc.Items {
		rows = append(rows, []string{k.Period, k.Cohort, k.Start, k.Expansion, k.Contraction, k.Churn, orNone(k.NRR), orNone(k.GRR)})
	}
	return f.print(cmd, doc, doc.Currency, rows, doc.Notes)
}

func orNone(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// book reads the subscriptions file. Several currencies are never blended: one is taken,
// and a note says which.
func (f *revenueFlags) book(cmd *cobra.Command, q query) (*revenue.Book, []string, error) {
	mapping, err := readMappings(f.maps)
	if err != nil {
		return nil, nil, err
	}
	in, err := openInput(cmd, f.subscriptions)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	file, err := sheet.Open(in, sheet.Options{Name: f.subscriptions, Kind: sheet.Subscriptions, Mapping: mapping})
	if err != nil {
		return nil, nil, err
	}
	problems := sheet.NewProblems(3)
	each, done, err := problemSink(f.problems)
	if err != nil {
		return nil, nil, err
	}
	problems.Each = each
	var newest, last clock.Time // start and end
	books := map[money.Currency]*revenue.Book{}
	rows := map[money.Currency]int{}
	counts, err := file.Subscriptions(problems, func(s *sheet.SubscriptionRow) error {
		b := books[s.Currency]
		if b == nil {
			b = revenue.NewBook(s.Currency, q.AsOf)
			books[s.Currency] = b
		}
		rows[s.Currency]++
		if s.Currency == q.Currency || q.Currency == "" {
			newest = max(newest, s.StartedAt)
			if q.AsOf == 0 {
				last = max(last, s.EndedAt)
			}
		}
		b.AddSubscription(s.Account, s.StartedAt, s.EndedAt, s.MRR())
		return nil
	})
	if ferr := done(); err == nil {
		err = ferr
	}
	if err != nil {
		return nil, nil, err
	}
	if counts.Taken == 0 && counts.Rows > 0 {
		g := problems.Groups()[0]
		return nil, nil, fault.New(fault.Invalid, "rows_all_bad", "%s: none of its %d rows can be used; row %d, column %s, value %q: %s",
			f.subscriptions, counts.Rows, g.First[0].Row, g.First[0].Column, g.First[0].Value, g.First[0].Why).
			WithMend("mend the column, or say how to read it in a mapping file (--map)")
	}
	currency, note := pickCurrency(q.Currency, rows)
	if books[currency] == nil {
		if q.Currency != "" && len(rows) > 0 {
			return nil, nil, fault.New(fault.Invalid, "currency_absent", "%s: no row is in %s", f.subscriptions, currency).
				WithMend("the file has %s", strings.Join(sortedCurrencies(rows), ", "))
		}
		books[currency] = revenue.NewBook(currency, q.AsOf)
	}
	notes := tellProblems(problems, counts)
	if note != "" {
		notes = append([]string{note}, notes...)
	}
	if c := file.AssumedCurrency(); c != "" {
		notes = append(notes, fmt.Sprintf("%s: no column names the currency, so %s is assumed. If it is another, say so in a mapping file: currency: {constant: EUR}.", file.Name, c))
	}
	// Contracts with a term end in months that the data does not reach.
	if month := revenue.MonthOf(newest); newest != 0 && q.To == 0 && q.cohort == 0 && (last > newest+62*clock.Day || last > clock.Real().Now()) {
		notes = append(notes, fmt.Sprintf("The newest subscription starts on %s; months after %s may lie in the future of the data and hold only ends that are known already. Leave them out with --to %s, or --as-of.",
			newest.Std().Format("2006-01-02"), month, month))
	}
	return books[currency], notes, nil
}

// pickCurrency returns the currency asked for, or the one with most rows, with a note when
// there are others.
func pickCurrency(want money.Currency, rows map[money.Currency]int) (money.Currency, string) {
	all := sortedCurrencies(rows)
	if len(all) == 0 {
		return cmp.Or(want, sheet.DefaultCurrency), ""
	}
	pick := cmp.Or(want, money.Currency(all[0]))
	if len(all) == 1 {
		return pick, ""
	}
	return pick, fmt.Sprintf("The file has %s; these are the figures of %s alone (%d rows), nothing is converted. Ask for another with --currency.",
		strings.Join(all, ", "), pick, rows[pick])
}

// sortedCurrencies lists currencies, the one with most rows first.
func sortedCurrencies(rows map[money.Currency]int) []string {
	var all []string
	for c := range rows {
		all = append(all, string(c))
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(rows[money.Currency(b)], rows[money.Currency(a)]), cmp.Compare(a, b))
	})
	return all
}

// tellProblems says what was odd, a line for each reason.
func tellProblems(problems *sheet.Problems, counts sheet.Counts) []string {
	var notes []string
	if counts.Bad > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d rows were left out.", counts.Bad, counts.Rows))
	}
	for _, g := range problems.Groups() {
		first := g.First[0]
		where := fmt.Sprintf("row %d", first.Row)
		if first.Column != "" {
			where += fmt.Sprintf(", column %s", first.Column)
		}
		what := "odd, taken"
		if first.LeftOut {
			what = "left out"
		}
		notes = append(notes, fmt.Sprintf("%s: %d rows %s (%s): %s; first: %s, value %q", g.File, g.Count, what, g.Code, g.Why, where, first.Value))
	}
	return notes
}

// ask gets the same document from the server.
func (f *revenueFlags) ask(ctx context.Context, what string, doc any) error {
	if os.Getenv("HEADROOM_URL") == "" {
		return fault.New(fault.Invalid, "server_unknown", "neither a file nor a server is named").
			WithMend("give --subscriptions FILE, or set HEADROOM_URL and HEADROOM_SECRET_KEY")
	}
	values := url.Values{}
	for k, v := range map[string]string{"from": f.from, "to": f.to, "currency": f.currency, "as_of": f.asOf, "cohort": f.cohort, "at": f.at} {
		if v != "" {
			values.Set(k, v)
		}
	}
	if f.gross {
		values.Set("gross", "true")
	}
	c, err := newClient()
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodGet, "/v1/revenue/"+what+"?"+values.Encode(), nil, doc)
}

// print writes the document as asked. Notes go into the JSON; beside a table or CSV they go
// to standard error.
func (f *revenueFlags) print(cmd *cobra.Command, doc any, currency string, rows [][]string, notes []string) error {
	out := cmd.OutOrStdout()
	if f.output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(doc)
	}
	for _, n := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), n)
	}
	if f.output == "csv" {
		w := csv.NewWriter(out)
		_ = w.Write(append([]string{"currency"}, rows[0]...)) // the error shows in w.Error
		for _, r := range rows[1:] {
			_ = w.Write(append([]string{currency}, r...))
		}
		w.Flush()
		return w.Error()
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, r := range rows {
		shown := make([]string, len(r))
		for i, v := range r {
			shown[i] = thousands(v)
		}
		fmt.Fprintln(w, strings.Join(shown, "\t")+"\t")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "MRR in %s.\n", currency)
	return err
}

// thousands puts commas into the whole part of a plain decimal; other text stays as it is.
func thousands(s string) string {
	whole, frac, dotted := strings.Cut(s, ".")
	sign, digits := "", whole
	if strings.HasPrefix(whole, "-") {
		sign, digits = "-", whole[1:]
	}
	if strings.Trim(digits, "0123456789") != "" {
		return s
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if dotted {
		return sign + digits + "." + frac
	}
	return sign + digits
}
