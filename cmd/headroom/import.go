package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/sheet"
)

// importer sends the rows of a file to a server. Rows are keyed (import, row): running it
// again, after a break or by mistake, counts nothing twice.
type importer struct {
	kind, file    string
	maps          []string
	mapping       *sheet.Mapping // instead of maps, when it is known already
	name          string
	subscriptions string // where usage rows that name a subscription find its account
	problems      string
	out           io.Writer
	client        *client

	rows     []api.RowImport
	sent     int64
	rejected int64
	accounts map[string]string // by subscription
}

// importBatch is how many rows go in one request.
const importBatch = 1000

// importCommand returns `headroom import`.
func importCommand() *cobra.Command {
	var im importer
	c := &cobra.Command{
		Use:   "import accounts|subscriptions|usage|surveys|tickets|activities|facts FILE",
		Short: "Send a CSV or NDJSON export to the server: good rows in, odd ones told",
		Example: "  headroom import accounts accounts.csv --map map.yaml\n" +
			"  headroom import usage usage.csv --map map.yaml --subscriptions subscriptions.csv",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			im.kind, im.file, im.out = args[0], args[1], cmd.ErrOrStderr()
			if im.client, err = newClient(); err != nil {
				return err
			}
			return im.run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&im.maps, "map", nil, "mapping `file` that says which columns mean what")
	f.StringVar(&im.name, "name", "", "`name` of the import; the same name again counts nothing twice (default: the file's name)")
	f.StringVar(&im.subscriptions, "subscriptions", "", "subscriptions `file`, when usage rows name a subscription instead of an account")
	f.StringVar(&im.problems, "problems", "", "write every bad or odd row to this CSV `file`")
	return c
}

func (im *importer) run(ctx context.Context) error {
	if !slices.Contains(sheet.Kinds(), sheet.Kind(im.kind)) {
		return fault.New(fault.Invalid, "kind_unknown", "there is no import of %q", im.kind).WithMend("import accounts, subscriptions, usage, surveys, tickets, activities or facts")
	}
	if im.name == "" {
		im.name = filepath.Base(im.file)
	}
	if im.subscriptions != "" {
		if err := im.readAccounts(); err != nil {
			return err
		}
	}
	problems := sheet.NewProblems(3)
	columns := map[string][]string{} // by code of a problem: where it was found
	note := func(p sheet.Problem) {
		if p.Column != "" && !slices.Contains(columns[p.Code], p.Column) {
			columns[p.Code] = append(columns[p.Code], p.Column)
		}
	}
	problems.Each = note
	if im.problems != "" {
		out, err := os.Create(im.problems)
		if err != nil {
			return fault.New(fault.Invalid, "file_not_writable", "the report of problems cannot be written: %v", err)
		}
		defer out.Close()
		w := sheet.NewProblemWriter(out)
		problems.Each = func(p sheet.Problem) { note(p); w.Write(p) }
		defer func() { _ = w.Flush() }()
	}
	counts, err := im.read(ctx, problems)
	if err != nil {
		return err
	}
	if err := im.flush(ctx); err != nil {
		return err
	}
	progressLine(im.out, "")
	fmt.Fprintf(im.out, "%s: %d rows read, %d sent, %d left out, %d refused by the server\n",
		filepath.Base(im.file), counts.Rows, im.sent, counts.Bad, im.rejected)
	for _, g := range problems.Groups() {
		fmt.Fprintln(im.out, problemLine(g, columns[g.Code]))
	}
	return nil
}

// problemLine says what is odd about rows, in which columns, and what the first of them holds.
func problemLine(g sheet.Group, columns []string) string {
	first, rows, where := g.First[0], "rows", ""
	if g.Count == 1 {
		rows = "row"
	}
	switch {
	case len(columns) == 1:
		where = "column " + columns[0]
	case len(columns) > 1:
		where = "columns " + strings.Join(columns, ", ")
	}
	if where != "" && first.Value != "" {
		where += ", " + strconv.Quote(first.Value)
	}
	if where != "" {
		where += ": "
	}
	return fmt.Sprintf("  %6d %s: %s%s (row %d)", g.Count, rows, where, g.Why, first.Row)
}

// open opens the file and binds its columns.
func (im *importer) open(path string, kind sheet.Kind) (*sheet.File, io.Closer, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, nil, fault.New(fault.NotFound, "file_not_found", "%v", err).WithMend("give the path of a CSV or NDJSON file")
	}
	mapping := im.mapping
	if mapping == nil {
		if mapping, err = readMappings(im.maps); err != nil {
			_ = in.Close()
			return nil, nil, err
		}
	}
	f, err := sheet.Open(in, sheet.Options{Name: filepath.Base(path), Kind: kind, Mapping: mapping})
	if err != nil {
		_ = in.Close()
	}
	return f, in, err
}

func (im *importer) readAccounts() error {
	f, in, err := im.open(im.subscriptions, sheet.Subscriptions)
	if err != nil {
		return err
	}
	defer in.Close()
	im.accounts = map[string]string{}
	_, err = f.Subscriptions(sheet.NewProblems(0), func(r *sheet.SubscriptionRow) error {
		im.accounts[r.ID] = r.Account
		return nil
	})
	return err
}

func (im *importer) read(ctx context.Context, problems *sheet.Problems) (sheet.Counts, error) {
	f, in, err := im.open(im.file, sheet.Kind(im.kind))
	if err != nil {
		return sheet.Counts{}, err
	}
	defer in.Close()
	switch sheet.Kind(im.kind) {
	case sheet.Accounts:
		return f.Accounts(problems, func(r *sheet.AccountRow) error { return im.add(ctx, accountRow(r)) })
	case sheet.Subscriptions:
		return f.Subscriptions(problems, func(r *sheet.SubscriptionRow) error {
			if r.Kind == sheet.OneOff {
				return nil // never recurring revenue
			}
			return im.add(ctx, subscriptionRow(r))
		})
	case sheet.Tickets:
		return f.Tickets(problems, func(r *sheet.TicketRow) error {
			if !api.IsIncident(r.Kind, r.Severity) {
				return nil // what is no incident keeps nothing away
			}
			return im.add(ctx, api.RowImport{Row: r.ID, Account: r.Account,
				Ticket: &api.RowTicket{Kind: r.Kind, Severity: r.Severity, OpenedAt: r.OpenedAt, ClosedAt: r.ClosedAt}})
		})
	case sheet.Activities:
		return f.Activities(problems, func(r *sheet.ActivityRow) error {
			return im.add(ctx, api.RowImport{Row: cmp.Or(r.ID, strconv.FormatInt(r.Row, 10)), Account: r.Account,
				Activity: &api.RowActivity{User: r.User, Kind: r.Kind, At: r.At}})
		})
	case sheet.Facts:
		return f.Facts(problems, func(r *sheet.FactRow) error {
			return im.add(ctx, api.RowImport{Row: strconv.FormatInt(r.Row, 10), Account: r.Account,
				Fact: &api.RowFact{Name: r.Name, Value: api.FactValue(r.Value), At: r.At, Until: r.Until, Ref: r.Ref}})
		})
	case sheet.Surveys:
		return f.Surveys(problems, func(r *sheet.SurveyRow) error {
			return im.add(ctx, api.RowImport{Row: cmp.Or(r.ID, strconv.FormatInt(r.Row, 10)), Account: r.Account,
				Survey: &api.RowSurvey{User: r.User, Survey: r.Survey, Kind: r.Kind, Score: r.Score, At: r.At, Text: r.Text}})
		})
	default:
		return f.Usage(problems, func(r *sheet.UsageRow) error {
			account := r.Account
			if account == "" {
				account = im.accounts[r.Subscription]
			}
			if account == "" || r.At == 0 {
				why := "names a subscription whose account is not known; give the subscriptions file with --subscriptions"
				if r.At == 0 {
					why = "has no day"
				}
				problems.Add(sheet.Problem{File: f.Name, Row: r.Row, Value: r.Subscription, Code: "account_unknown", Why: why, LeftOut: true})
				return nil
			}
			return im.add(ctx, api.RowImport{Row: strconv.FormatInt(r.Row, 10), Account: account,
				Usage: &api.RowUsage{Event: r.Feature, Value: r.Amount, At: r.At}})
		})
	}
}

func accountRow(r *sheet.AccountRow) api.RowImport {
	facts := &event.AccountChange{Traits: map[string]any{}}
	set := func(to **string, v string) {
		if v != "" {
			*to = &v
		}
	}
	set(&facts.Name, r.Name)
	set(&facts.Parent, r.Parent)
	set(&facts.Domain, r.Domain)
	for k, v := range r.Traits {
		facts.Traits[k] = v
	}
	if r.Segment != "" {
		facts.Traits["segment"] = r.Segment
	}
	if r.Seats >= 0 {
		facts.Traits["seats"] = r.Seats
	}
	return api.RowImport{Row: r.Key, Account: r.Key, Facts: facts}
}

func subscriptionRow(r *sheet.SubscriptionRow) api.RowImport {
	id := r.ID
	if id == "" {
		id = strconv.FormatInt(r.Row, 10)
	}
	sub := &api.RowSubscription{Plan: r.Plan, Interval: "month", Quantity: max(0, r.Quantity), Currency: r.Currency,
		Amount: r.Amount.Decimal(r.Currency), StartedAt: r.StartedAt, EndedAt: r.EndedAt, Trial: r.Kind == sheet.Trial}
	if r.Yearly {
		sub.Interval = "year"
	}
	return api.RowImport{Row: id, Account: r.Account, Subscription: sub}
}

func (im *importer) add(ctx context.Context, row api.RowImport) error {
	im.rows = append(im.rows, row)
	if len(im.rows) < importBatch {
		return nil
	}
	return im.flush(ctx)
}

func (im *importer) flush(ctx context.Context) error {
	if len(im.rows) == 0 {
		return nil
	}
	var answer struct {
		Accepted int64
		Rejected []event.Rejected
	}
	body := map[string]any{"import": im.name, "rows": im.rows}
	if err := im.client.call(ctx, "POST", "/v1/imports/"+im.kind, body, &answer); err != nil {
		return err
	}
	for i, r := range answer.Rejected {
		if i < 3 {
			progressLine(im.out, "")
			fmt.Fprintf(im.out, "  row %s refused: %s\n", im.rows[r.Index].Row, r.Detail)
		}
	}
	im.sent += answer.Accepted
	im.rejected += int64(len(answer.Rejected))
	im.rows = im.rows[:0]
	progressLine(im.out, "%s: %d rows sent", filepath.Base(im.file), im.sent)
	return nil
}
