package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/replay"
	"github.com/headroomhq/headroom/internal/sheet"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/subscription"
)

// offline runs the backtest over files.
func (f *backtestFlags) offline(cmd *cobra.Command, from, to clock.Time) (*signal.Backtest, error) {
	proposed, findings, err := readCatalog(f.catalog)
	if err != nil {
		return nil, err
	}
	if proposed == nil {
		return nil, catalog.AsError(findings)
	}
	q := &signal.Question{Proposed: proposed, From: from, To: to, Examples: f.examples}
	if f.signal != "" {
		q.Rules = []string{f.signal}
	}
	in := fileHistory{flags: f, cmd: cmd, files: replay.Files{Catalog: proposed}}
	if f.current != "" {
		current, findings, err := readCatalog(f.current)
		if err != nil {
			return nil, err
		}
		if current == nil {
			return nil, catalog.AsError(findings)
		}
		q.Current, in.files.Catalog = current, current
	}
	if f.signal != "" && proposed.Signals[f.signal] == nil && (q.Current == nil || q.Current.Signals[f.signal] == nil) {
		return nil, fault.New(fault.NotFound, "signal_unknown", "there is no signal %q in %s", fault.Shorten(f.signal), f.catalog)
	}
	if err := in.read(); err != nil {
		return nil, err
	}
	defer in.done()
	defer debug.SetGCPercent(debug.SetGCPercent(300)) // the files are read once, and the process ends with them
	b, counts, err := replay.OfflineBacktest(cmd.Context(), in.files, q, replay.Tries{Progress: func(done, total uint64) {
		if total > 0 {
			progressLine(cmd.ErrOrStderr(), "stepping the events: %d%%", min(done*100/total, 100))
		}
	}})
	if err != nil {
		return nil, err
	}
	if counts.Rejected > 0 {
		b.Notes = append(b.Notes, fmt.Sprintf("%d lines of events were left out; the first because %v.", counts.Rejected, counts.First))
		if counts.Events == 0 {
			return nil, fault.New(fault.Invalid, "rows_all_bad", "none of the %d lines is an event with a time: %v", counts.Rejected, counts.First).
				WithMend("give CloudEvents, a JSON object in each line, with type, subject and time; or a CSV file")
		}
	}
	if counts.Sorted {
		b.Notes = append(b.Notes, "The events were not in the order of time and were sorted: none of them is late.")
	}
	b.Notes = append(append(b.Notes, in.notes...), "Each event counts as received when it happened, the catalog as active all the time.")
	if f.subscriptions == "" {
		b.Notes = append(b.Notes, "No subscriptions were given: nobody has a limit, and nothing is known of what accounts pay. Give --subscriptions FILE.")
	}
	return b, nil
}

// fileHistory reads the files that are named.
type fileHistory struct {
	flags    *backtestFlags
	cmd      *cobra.Command
	files    replay.Files
	mapping  *sheet.Mapping
	notes    []string
	removes  []string
	accounts map[string]string // by subscription
}

func (h *fileHistory) done() {
	for _, name := range h.removes {
		_ = os.Remove(name)
	}
}

func (h *fileHistory) read() (err error) {
	if h.mapping, err = readMappings(h.flags.maps); err != nil {
		return err
	}
	h.accounts = map[string]string{}
	if name := h.flags.subscriptions; name != "" {
		if err := h.sheet(name, sheet.Subscriptions, h.subscriptionRows); err != nil {
			return err
		}
	}
	if name := h.flags.accounts; name != "" {
		if err := h.sheet(name, sheet.Accounts, h.accountRows); err != nil {
			return err
		}
	}
	var streams []string
	for _, name := range h.flags.events {
		stream, err := h.events(name)
		if err != nil {
			return err
		}
		if stream != "" {
			streams = append(streams, stream)
		}
	}
	if len(streams) == 0 {
		return nil
	}
	for _, name := range streams {
		if info, err := os.Stat(name); err == nil {
			h.files.Size += info.Size()
		}
	}
	h.files.Events = func() (io.ReadCloser, error) { return openAll(streams) }
	return nil
}

// openAll reads files one after the other, each ending with a line's end.
func openAll(names []string) (io.ReadCloser, error) {
	var all many
	var readers []io.Reader
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			all.Close()
			return nil, fault.New(fault.NotFound, "file_unreadable", "%s cannot be opened: %v", name, unwrapPath(err))
		}
		all.files = append(all.files, f)
		readers = append(readers, f, strings.NewReader("\n"))
	}
	all.Reader = io.MultiReader(readers...)
	return &all, nil
}

type many struct {
	io.Reader
	files []*os.File
}

// Close closes all files.
func (m *many) Close() error {
	for _, f := range m.files {
		_ = f.Close()
	}
	return nil
}

// events takes a file of events: it returns the name of one that is streamed, or reads rows.
func (h *fileHistory) events(name string) (string, error) {
	if name == "-" { // it may have to be read twice
		spool, err := os.CreateTemp("", "headroom-events-")
		if err != nil {
			return "", fault.New(fault.Unavailable, "file_unwritable", "no temporary file can be made: %v", err).WithMend("set TMPDIR to a directory with room")
		}
		defer spool.Close()
		h.removes = append(h.removes, spool.Name())
		if _, err := io.Copy(spool, h.cmd.InOrStdin()); err != nil {
			return "", err
		}
		name = spool.Name()
	}
	in, err := openInput(h.cmd, name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	r := bufio.NewReader(in)
	first, err := r.Peek(1)
	for err == nil && (first[0] == ' ' || first[0] == '\n' || first[0] == '\r' || first[0] == 0xEF || first[0] == 0xBB || first[0] == 0xBF) {
		_, _ = r.Discard(1)
		first, err = r.Peek(1)
	}
	switch {
	case errors.Is(err, io.EOF):
		return "", nil
	case err != nil:
		return "", err
	case first[0] == '[':
		return "", fault.New(fault.Invalid, "events_not_lines", "%s holds one JSON list", name).WithMend("write each event in a line of its own: jq -c '.[]' %s", name)
	case first[0] == '{':
		return name, nil
	}
	head, err := csv.NewReader(r).Read()
	if err == nil && eventColumns(head) != nil {
		return "", h.eventRows(name)
	}
	return "", h.sheet(name, sheet.Usage, h.usageRows)
}

// columns are where a CSV file of events has what an event is; -1: not.
type columns struct{ account, kind, at, id, user int }

// eventColumns finds them; nil when the file is not one of events.
func eventColumns(head []string) *columns {
	find := func(names ...string) int {
		return slices.IndexFunc(head, func(c string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(strings.TrimPrefix(c, "\uFEFF"))))
		})
	}
	c := &columns{find("account", "account_id", "subject"), find("type", "event", "event_type", "event_name"),
		find("time", "timestamp", "at", "occurred_at"), find("id", "event_id"), find("user", "user_id")}
	if c.account < 0 || c.kind < 0 || c.at < 0 {
		return nil
	}
	return c
}

// eventRows reads a CSV file of events; columns that are nothing else are properties.
func (h *fileHistory) eventRows(name string) error {
	in, err := openInput(h.cmd, name)
	if err != nil {
		return err
	}
	defer in.Close()
	r := csv.NewReader(bufio.NewReaderSize(in, 1<<20))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	head, err := r.Read()
	if err != nil {
		return err
	}
	c, bad := eventColumns(head), 0
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(row) <= max(c.account, c.kind, c.at) {
			bad++
			continue
		}
		text := strings.Replace(row[c.at], " ", "T", 1)
		if len(text) == len("2006-01-02") {
			text += "T00:00:00Z"
		} else if len(text) == len("2006-01-02T15:04:05") {
			text += "Z"
		}
		at, err := clock.Parse(text)
		if err != nil || event.CheckKey(row[c.account]) != nil || row[c.kind] == "" {
			bad++
			continue
		}
		rec := event.Record{Kind: event.KindEvent, Source: "csv", Key: row[c.account], Type: row[c.kind], At: at, ReceivedAt: at}
		for i, text := range row {
			switch {
			case i >= len(head) || text == "" || i == c.account || i == c.kind || i == c.at:
			case i == c.id:
				rec.ID = text
			case i == c.user:
				rec.User = text
			default:
				v := event.Value{Kind: event.String, Text: text}
				if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
					v.Kind = event.Number
				}
				rec.Props = append(rec.Props, event.Prop{Name: head[i], Value: v})
			}
		}
		h.files.Records = append(h.files.Records, rec)
	}
	if bad > 0 {
		h.notes = append(h.notes, fmt.Sprintf("%s: %d rows without account, type or time were left out.", filepath.Base(name), bad))
	}
	return nil
}

// sheet reads a file as imports know it.
func (h *fileHistory) sheet(name string, kind sheet.Kind, rows func(*sheet.File, *sheet.Problems) (sheet.Counts, error)) error {
	in, err := openInput(h.cmd, name)
	if err != nil {
		return err
	}
	defer in.Close()
	file, err := sheet.Open(in, sheet.Options{Name: filepath.Base(name), Kind: kind, Mapping: h.mapping})
	if err != nil {
		return err
	}
	problems := sheet.NewProblems(1)
	counts, err := rows(file, problems)
	if err == nil && counts.Bad > 0 {
		h.notes = append(h.notes, fmt.Sprintf("%s: %d of %d rows were left out.", filepath.Base(name), counts.Bad, counts.Rows))
		for _, g := range problems.Groups() {
			h.notes = append(h.notes, strings.TrimSpace(problemLine(g, nil)))
		}
	}
	return err
}

// imported adds a row as an import's record that comes in at a time.
func (h *fileHistory) imported(account string, at clock.Time, row engine.ImportRow) error {
	body, err := json.Marshal(row)
	if err != nil {
		return err
	}
	h.files.Records = append(h.files.Records, event.Record{Kind: event.KindImport, Key: account, ReceivedAt: at, Body: body})
	return nil
}

func (h *fileHistory) accountRows(f *sheet.File, problems *sheet.Problems) (sheet.Counts, error) {
	return f.Accounts(problems, func(r *sheet.AccountRow) error {
		row := accountRow(r)
		if known := row.Facts.Check(r.Key) == nil; r.CreatedAt == 0 || !known {
			return nil // what is known of an account that began at no known time would come too early or too late
		}
		return h.imported(r.Key, r.CreatedAt, engine.ImportRow{Import: "accounts", Account: row.Facts})
	})
}

func (h *fileHistory) subscriptionRows(f *sheet.File, problems *sheet.Problems) (sheet.Counts, error) {
	return f.Subscriptions(problems, func(r *sheet.SubscriptionRow) error {
		h.accounts[r.ID] = r.Account
		if r.Kind == sheet.OneOff {
			return nil // never recurring revenue
		}
		id := r.ID
		if id == "" {
			id = strconv.FormatInt(r.Row, 10)
		}
		in := subscription.Imported{Plan: r.Plan, Interval: subscription.Month, Quantity: max(1, r.Quantity), Currency: r.Currency,
			Amount: r.Amount, StartsAt: r.StartedAt, EndsAt: r.EndedAt, Trial: r.Kind == sheet.Trial}
		if in.Plan == "" {
			in.Plan = "imported"
		}
		if r.Yearly {
			in.Interval = subscription.Year
		}
		return h.imported(r.Account, r.StartedAt, engine.ImportRow{Import: "subscriptions", Subscription: &engine.ImportedRow{ID: id, Imported: in}})
	})
}

func (h *fileHistory) usageRows(f *sheet.File, problems *sheet.Problems) (sheet.Counts, error) {
	return f.Usage(problems, func(r *sheet.UsageRow) error {
		account := r.Account
		if account == "" {
			account = h.accounts[r.Subscription]
		}
		if account == "" || r.At == 0 {
			problems.Add(sheet.Problem{File: f.Name, Row: r.Row, Code: "account_unknown", Why: "says no account that is known, or no day", LeftOut: true})
			return nil
		}
		if slices.ContainsFunc(h.files.Catalog.MetersOf(r.Feature), engine.TakesTotals) {
			return h.imported(account, r.At, engine.ImportRow{Import: "usage", Usage: &engine.UsageRow{Event: r.Feature, Value: r.Amount, At: r.At}})
		}
		h.files.Records = append(h.files.Records, event.Record{Kind: event.KindEvent, Source: "csv", Key: account, Type: r.Feature, At: r.At, ReceivedAt: r.At,
			Props: []event.Prop{{Name: "value", Value: event.Value{Kind: event.Number, Text: r.Amount.String()}}}})
		return nil
	})
}
