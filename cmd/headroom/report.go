package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/report"
	"github.com/spf13/cobra"
)

// reportCommand returns `headroom report`.
func reportCommand() *cobra.Command {
	var o report.Options
	var maps []string
	var catalogFile, htmlFile, jsonFile, output, problems, asOf, currency, usage string
	c := &cobra.Command{
		Use:   "report FILE...",
		Short: "The read-only start: what a growth lead wants to know, from exports, without a server",
		Long: "Reads exports of accounts, subscriptions and usage (CSV or NDJSON, in any order) and writes one\n" +
			"page: movements, NRR, accounts near limits and held at them, flat, under-using, whitespace,\n" +
			"limits to reconsider, and what to do first. Nothing is sent anywhere.",
		Example: "  headroom report accounts.csv subscriptions.csv usage.csv\n" +
			"  headroom report exports/*.csv --map map.yaml --html report.html --json report.json\n" +
			"  headroom report subscriptions.csv --output json",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if output != "" && output != "json" && output != "html" {
				return fault.New(fault.Invalid, "output_unknown", "--output %q is not known", output).WithMend("use json or html")
			}
			if asOf != "" {
				if o.AsOf, err = clock.Parse(asOf); err != nil {
					return fault.New(fault.Invalid, "time_invalid", "--as-of: %v", err)
				}
			}
			o.Currency = money.Currency(strings.ToUpper(currency))
			if currency != "" && !o.Currency.Valid() {
				return fault.New(fault.Invalid, "currency_invalid", "--currency %q is no currency", currency).WithMend("use a three-letter code such as USD")
			}
			if o.Usage = report.Aggregate(usage); o.Usage != report.Sum && o.Usage != report.Max {
				return fault.New(fault.Invalid, "aggregate_unknown", "--usage %q is not known", usage).WithMend("use sum, or max when rows are readings of a level")
			}
			if o.Mapping, err = readMappings(maps); err != nil {
				return err
			}
			if catalogFile != "" {
				if o.Catalog, err = readLimits(catalogFile); err != nil {
					return err
				}
			}
			o.Today = clock.Real().Now()
			o.Progress = func(file string, rows int64) {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d rows read\n", file, rows)
			}
			return makeReport(cmd, args, o, htmlFile, jsonFile, output, problems)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&maps, "map", nil, "mapping `file` that says which columns mean what")
	f.StringVar(&catalogFile, "catalog", "", "catalog `file`: its plans' limits are the ones accounts are measured against")
	f.StringVar(&htmlFile, "html", "", "write the page to this `file` (default headroom-report.html)")
	f.StringVar(&jsonFile, "json", "", "write the figures as JSON to this `file` too")
	f.StringVar(&output, "output", "", "json or html: print that on standard output, instead of a summary and a file")
	f.StringVar(&problems, "problems", "", "write every bad or odd row to this CSV `file`")
	f.StringVar(&asOf, "as-of", "", "day: leave out what starts or happens after it")
	f.StringVar(&currency, "currency", "", "three-letter code, when the files have several (default: the one with most rows)")
	f.StringVar(&usage, "usage", "sum", "how rows of a month become its usage: sum, or max for readings of a level")
	f.StringVar(&o.Title, "title", "", "title of the page")
	f.IntVar(&o.Top, "top", 25, "rows of each list")
	return c
}

// makeReport reads the files, writes what is asked for, and says on standard error where.
func makeReport(cmd *cobra.Command, args []string, o report.Options, htmlFile, jsonFile, output, problems string) error {
	if len(args) == 0 {
		return fault.New(fault.Invalid, "files_missing", "no file is named").
			WithMend("name exports of accounts, subscriptions and usage: headroom report accounts.csv subscriptions.csv usage.csv")
	}
	if o.Top < 1 || o.Top > 100_000 {
		return fault.New(fault.Invalid, "top_invalid", "--top %d is not between 1 and 100000", o.Top).WithMend("leave it out for 25")
	}
	var files []report.File
	for _, name := range args {
		if name == "-" {
			return fault.New(fault.Invalid, "files_missing", "the report reads its files twice, so - cannot be one of them").WithMend("write standard input to a file first")
		}
		files = append(files, report.File{Name: name, Open: func() (io.ReadCloser, error) { return openInput(cmd, name) }})
	}
	each, done, err := problemSink(problems)
	if err != nil {
		return err
	}
	o.Each = each
	r, err := report.Make(files, o)
	if ferr := done(); err == nil {
		err = ferr
	}
	if err != nil {
		return err
	}
	switch output {
	case "json":
		err = r.WriteJSON(cmd.OutOrStdout())
	case "html":
		err = r.WriteHTML(cmd.OutOrStdout())
	default:
		if htmlFile == "" {
			htmlFile = "headroom-report.html"
		}
		err = r.WriteText(cmd.OutOrStdout())
	}
	if err != nil {
		return err
	}
	if htmlFile != "" {
		if err := writeFile(htmlFile, r.WriteHTML); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "The report is in %s; open it in a browser.\n", htmlFile)
	}
	if jsonFile != "" {
		if err := writeFile(jsonFile, r.WriteJSON); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "The figures are in %s.\n", jsonFile)
	}
	return nil
}

// writeFile writes a file whole: it appears under its name only once it is complete.
func writeFile(name string, write func(io.Writer) error) error {
	fail := func(err error) error {
		return fault.New(fault.Unavailable, "file_unwritable", "%s cannot be written: %v", name, unwrapPath(err)).
			WithMend("name a file in a folder that exists and has room").WithCause(err)
	}
	f, err := os.Create(name + ".part")
	if err != nil {
		return fail(err)
	}
	b := bufio.NewWriter(f)
	err = write(b)
	if ferr := b.Flush(); err == nil {
		err = ferr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(name+".part", name)
	}
	if err != nil {
		_ = os.Remove(name + ".part")
		return fail(err)
	}
	return nil
}
