package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/sheet"
	"github.com/spf13/cobra"
)

// limitsCommand returns `headroom limits`.
func limitsCommand() *cobra.Command {
	c := &cobra.Command{Use: "limits", Short: "Where limits belong: natural breaks in what accounts use"}
	var f limitsFlags
	suggest := &cobra.Command{
		Use:   "suggest",
		Short: "Clusters, breaks and suggested limits, from a CSV file of account,usage[,segment]",
		Long: "Reads a CSV or NDJSON file with a row for each account, or for each account and day, and finds\n" +
			"the groups of accounts that use about the same (exact one-dimensional k-means; their number by\n" +
			"the Bayesian information criterion unless --clusters says it), the breaks between them, and a\n" +
			"round number near each break, with the accounts above it and near it. Rows of an account are\n" +
			"added up by month where the file has dates, and its highest month counts; without dates all of\n" +
			"them are added up.",
		Example: "  headroom limits suggest --usage usage.csv\n" +
			"  headroom limits suggest --usage usage.csv --clusters 4 --output json\n" +
			"  headroom limits suggest --usage usage.csv --segment enterprise --limit 50 --limit 100",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.suggest(cmd) },
	}
	s := suggest.Flags()
	s.StringVar(&f.usage, "usage", "", "CSV or NDJSON `file` of usage, - for standard input")
	s.StringArrayVar(&f.maps, "map", nil, "mapping `file` that says which columns mean what")
	s.IntVar(&f.clusters, "clusters", 0, "how many clusters, 1 to 100 (default: by the Bayesian information criterion, up to 9; segments always are)")
	s.StringArrayVar(&f.limits, "limit", nil, "a limit that exists or is thought of: whom it touches, and whether usage bunches below it; may be repeated")
	s.StringVar(&f.segment, "segment", "", "only accounts of this segment")
	s.StringVar(&f.feature, "feature", "", "only usage of this feature, where the file has several")
	s.StringVar(&f.rows, "rows", "sum", "how rows of an account become its usage: sum, or max when rows are readings of a level")
	s.StringVar(&f.output, "output", "text", "text or json")
	s.StringVar(&f.problems, "problems", "", "write every bad or odd row to this CSV `file`")
	c.AddCommand(suggest)
	return c
}

// limitsFlags are the flags of `headroom limits suggest`.
type limitsFlags struct {
	usage, segment, feature string
	maps, limits            []string
	clusters                int
	rows, output, problems  string
}

// limitsDocument is what `headroom limits suggest` prints.
type limitsDocument struct {
	packaging.Design
	Limits   []testedLimit   `json:"limits,omitempty"`
	Segments []segmentDesign `json:"segments,omitempty"`
}

// segmentDesign is the same of one segment.
type segmentDesign struct {
	Segment string `json:"segment"`
	packaging.Design
}

// testedLimit is what --limit asked about.
type testedLimit struct {
	packaging.Suggestion
	Bunching packaging.Bunching `json:"bunching"`
}

// maxClusters bounds --clusters.
const maxClusters = 100

func (f *limitsFlags) suggest(cmd *cobra.Command) error {
	if f.output != "text" && f.output != "json" {
		return fault.New(fault.Invalid, "output_unknown", "--output %q is not known", f.output).WithMend("use text or json")
	}
	if f.rows != "sum" && f.rows != "max" {
		return fault.New(fault.Invalid, "aggregate_unknown", "--rows %q is not known", f.rows).WithMend("use sum, or max when rows are readings of a level")
	}
	if f.clusters < 0 || f.clusters > maxClusters || f.clusters == 0 && cmd.Flags().Changed("clusters") {
		return fault.New(fault.Invalid, "clusters_invalid", "--clusters %d is not between 1 and %d", f.clusters, maxClusters).
			WithMend("leave it out to have their number chosen")
	}
	if f.usage == "" {
		return fault.New(fault.Invalid, "files_missing", "no file of usage is named").
			WithMend("give --usage FILE, a CSV with the columns account and usage")
	}
	var limits []quantity.Quantity
	for _, text := range f.limits {
		q, err := quantity.Parse(text)
		if err != nil || q <= 0 {
			return fault.New(fault.Invalid, "limit_invalid", "--limit %q is not a limit", fault.Shorten(text)).WithMend("use a number above zero, such as 50")
		}
		limits = append(limits, q)
	}
	read, err := f.read(cmd)
	if err != nil {
		return err
	}
	doc, err := f.design(read, limits)
	if err != nil {
		return err
	}
	if f.output == "json" {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(doc)
	}
	return f.print(cmd.OutOrStdout(), doc)
}

// used is what was read of one account.
type used struct {
	segment string
	most    quantity.Quantity // of a month, or of all where there are no dates
	rows    int
}

// usageFile is what was read.
type usageFile struct {
	accounts map[string]*used
	notes    []string
}

// read reads the file row by row.
func (f *limitsFlags) read(cmd *cobra.Command) (*usageFile, error) {
	mapping, err := readMappings(f.maps)
	if err != nil {
		return nil, err
	}
	in, err := openInput(cmd, f.usage)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	file, err := sheet.Open(in, sheet.Options{Name: f.usage, Kind: sheet.Usage, Mapping: mapping})
	if err != nil {
		return nil, err
	}
	problems := sheet.NewProblems(3)
	each, done, err := problemSink(f.problems)
	if err != nil {
		return nil, err
	}
	problems.Each = each
	gathered := gather{accounts: map[string]*used{}, months: map[accountMonth]quantity.Quantity{}, features: map[string]int{}, flags: f}
	counts, err := file.Usage(problems, gathered.row)
	if ferr := done(); err == nil {
		err = ferr
	}
	if err != nil {
		return nil, err
	}
	if counts.Taken == 0 && counts.Rows > 0 && counts.Bad > 0 {
		g := problems.Groups()[0]
		return nil, fault.New(fault.Invalid, "rows_all_bad", "%s: none of its %d rows can be used; row %d, column %s, value %q: %s",
			f.usage, counts.Rows, g.First[0].Row, g.First[0].Column, g.First[0].Value, g.First[0].Why).
			WithMend("mend the column, or say how to read it in a mapping file (--map)")
	}
	if err := gathered.oneFeature(); err != nil {
		return nil, err
	}
	return gathered.done(tellProblems(problems, counts)), nil
}

type accountMonth struct {
	account string
	month   revenue.Month // 0: the rows have no dates
}

// gather adds rows up.
type gather struct {
	flags    *limitsFlags
	accounts map[string]*used
	months   map[accountMonth]quantity.Quantity
	features map[string]int // rows of each
	dated    bool
	repeated bool
}

func (g *gather) row(u *sheet.UsageRow) error {
	if g.flags.feature != "" && u.Feature != g.flags.feature {
		g.features[u.Feature]++
		return nil
	}
	if len(g.features) < 1000 || g.features[u.Feature] > 0 {
		g.features[u.Feature]++
	}
	key := u.Account
	if key == "" {
		key = u.Subscription
	}
	a := g.accounts[key]
	if a == nil {
		a = &used{}
		g.accounts[strings.Clone(key)] = a
	}
	if a.segment == "" {
		a.segment = u.Segment
	}
	month := accountMonth{account: key}
	if u.At != 0 {
		month.month, g.dated = revenue.MonthOf(u.At), true
	}
	a.rows++
	g.repeated = g.repeated || a.rows > 1
	switch was, known := g.months[month]; {
	case !known:
		g.months[month] = u.Amount
	case g.flags.rows == "max":
		g.months[month] = max(was, u.Amount)
	default:
		g.months[month] = was.Add(u.Amount)
	}
	return nil
}

// oneFeature refuses to add up what are different things.
func (g *gather) oneFeature() error {
	names := make([]string, 0, len(g.features))
	for name := range g.features {
		names = append(names, name)
	}
	slices.Sort(names)
	shown := strings.Join(names[:min(len(names), 10)], ", ")
	if g.flags.feature != "" && len(g.accounts) == 0 && len(names) > 0 {
		return fault.New(fault.Invalid, "feature_absent", "%s: no row is of the feature %q", g.flags.usage, fault.Shorten(g.flags.feature)).
			WithMend("the file has %s", shown)
	}
	if g.flags.feature == "" && len(names) > 1 {
		return fault.New(fault.Invalid, "features_several", "%s has usage of %d features: a limit is of one", g.flags.usage, len(names)).
			WithMend("name one with --feature: %s", shown)
	}
	return nil
}

// done makes months into what an account uses: the highest.
func (g *gather) done(notes []string) *usageFile {
	first := make(map[string]bool, len(g.accounts))
	for k, q := range g.months {
		a := g.accounts[k.account]
		if !first[k.account] || q > a.most {
			a.most, first[k.account] = q, true
		}
	}
	switch {
	case g.dated:
		notes = append(notes, "Each account counts with its highest month.")
	case g.repeated && g.flags.rows == "sum":
		notes = append(notes, "Rows of the same account are added up. If they are months or readings, add a column of dates, or use --rows max.")
	}
	return &usageFile{accounts: g.accounts, notes: notes}
}

// design computes the document, of all and of each segment, whose number of clusters is always chosen.
func (f *limitsFlags) design(read *usageFile, limits []quantity.Quantity) (*limitsDocument, error) {
	by := map[string][]quantity.Quantity{}
	var all []quantity.Quantity
	for _, a := range read.accounts {
		by[a.segment] = append(by[a.segment], a.most)
		if f.segment == "" || a.segment == f.segment {
			all = append(all, a.most)
		}
	}
	var segments []string
	for name := range by {
		segments = append(segments, name)
	}
	slices.Sort(segments)
	if f.segment != "" && len(all) == 0 {
		shown := "the file names none"
		if named := slices.DeleteFunc(segments, func(s string) bool { return s == "" }); len(named) > 0 {
			shown = "the file has " + strings.Join(named[:min(len(named), 10)], ", ")
		}
		return nil, fault.New(fault.Invalid, "segment_absent", "%s: no account is of segment %q", f.usage, fault.Shorten(f.segment)).WithMend("%s", shown)
	}
	sample := packaging.NewSample(all)
	doc := &limitsDocument{Design: packaging.Suggest(sample, f.clusters)}
	doc.Notes = append(doc.Notes, read.notes...)
	for _, limit := range limits {
		doc.Limits = append(doc.Limits, testedLimit{sample.Suggestion(limit), packaging.BunchingAt(sample, limit)})
	}
	if f.segment == "" && (len(segments) > 1 || len(segments) == 1 && segments[0] != "") {
		for _, name := range segments {
			doc.Segments = append(doc.Segments, segmentDesign{name, packaging.Suggest(packaging.NewSample(by[name]), 0)})
		}
	}
	return doc, nil
}

// print writes the document for people.
func (f *limitsFlags) print(out io.Writer, doc *limitsDocument) error {
	w := &strings.Builder{}
	design(w, &doc.Design)
	for _, l := range doc.Limits {
		fmt.Fprintf(w, "\nA limit of %s: %s above it, %s near it. %s\n", plainly(l.Limit),
			accounts(l.AccountsAbove), accounts(l.AccountsNear), l.Bunching.Words)
	}
	for _, s := range doc.Segments {
		name := s.Segment
		if name == "" {
			name = "(no segment)"
		}
		fmt.Fprintf(w, "\n== %s: ", name)
		design(w, &s.Design)
	}
	_, err := io.WriteString(out, w.String())
	return err
}

// design writes one distribution.
func design(w *strings.Builder, d *packaging.Design) {
	fmt.Fprintf(w, "%s; half of them use %s or less, nine in ten %s or less.\n", accounts(d.Accounts), plainly(d.Quantiles.P50), plainly(d.Quantiles.P90))
	if len(d.Histogram) > 0 {
		w.WriteByte('\n')
		histogram(w, d)
	}
	if len(d.Clusters) > 1 {
		fmt.Fprintln(w, "\nClusters")
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "accounts\tfrom\tto\tmean\t")
		for _, c := range d.Clusters {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", thousands(fmt.Sprint(c.Size)), plainly(c.From), plainly(c.To), thousands(fmt.Sprintf("%.2f", c.Center)))
		}
		_ = t.Flush() // into memory
	}
	if len(d.Suggestions) > 0 {
		fmt.Fprintln(w, "\nSuggested limits")
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "limit\taccounts above\tnear (80% and more)\tin a gap\t")
		for _, s := range d.Suggestions {
			in := "no"
			if s.InGap {
				in = "yes"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", plainly(s.Limit), thousands(fmt.Sprint(s.AccountsAbove)), thousands(fmt.Sprint(s.AccountsNear)), in)
		}
		_ = t.Flush() // into memory
	}
	for i, n := range d.Notes {
		if i == 0 {
			w.WriteByte('\n')
		}
		fmt.Fprintln(w, n)
	}
}

// barWidth is the length of the longest bar.
const barWidth = 40

// histogram draws bars, with a mark where a suggested limit falls.
func histogram(w *strings.Builder, d *packaging.Design) {
	most := 1
	for _, b := range d.Histogram {
		most = max(most, b.Accounts)
	}
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	for i, b := range d.Histogram {
		var marks []string
		for _, s := range d.Suggestions {
			if s.Limit >= b.From && (s.Limit < b.To || i == len(d.Histogram)-1) {
				marks = append(marks, "  < limit "+plainly(s.Limit))
			}
		}
		bar := strings.Repeat("#", (b.Accounts*barWidth+most-1)/most)
		fmt.Fprintf(t, "%s\t-\t%s\t%s\t %s%s\n", plainly(b.From), plainly(b.To), thousands(fmt.Sprint(b.Accounts)), bar, strings.Join(marks, ""))
	}
	_ = t.Flush() // into memory
}

func plainly(q quantity.Quantity) string { return thousands(q.String()) }

func accounts(n int) string {
	if n == 1 {
		return "1 account"
	}
	return thousands(fmt.Sprint(n)) + " accounts"
}
