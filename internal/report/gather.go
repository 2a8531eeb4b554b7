package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/sheet"
)

// File is an export: its name, and a way to open it from the beginning.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// maxFeatures bounds how many features are told apart.
const maxFeatures = 1000

// data is everything read, by account.
type data struct {
	o        Options
	problems *sheet.Problems
	files    []FileUse
	accounts map[string]*account
	order    []*account
	features []string
	feature  map[string]int32
	byID     map[string]*held // subscriptions by id
	usage    map[usageKey]quantity.Quantity
	limits   map[limitKey]quantity.Quantity // of the limit column, the latest
	books    map[money.Currency]*revenue.Book
	rows     map[money.Currency]int
	until    clock.Time
	ends     []clock.Time
	assumed  []string // files of subscriptions that name no currency
	hasUsage bool
	dated    bool // usage has dates
	hasAccts bool
	overflow bool                   // more features than maxFeatures
	open     map[string]*sheet.File // by name, for the names of their columns
}

type account struct {
	number  int32
	key     string
	row     sheet.AccountRow
	listed  bool // in an accounts file
	held    []held
	mrr     money.Twelfths // at the end of the report's month
	plan    string
	total   []quantity.Quantity // usage of all features by month of the usage window
	lastUse clock.Time
}

// held is a subscription as later checks need it.
type held struct {
	account    *account
	id, plan   string
	row        int64
	start, end clock.Time
	mrr        money.Twelfths
	quantity   int64
	currency   money.Currency
	kind       sheet.ChargeKind
	churned    sheet.Flag
	up, down   sheet.Flag
	file       string
}

type usageKey struct {
	account, feature int32
	month            revenue.Month
}

type limitKey struct{ account, feature int32 }

// gather opens the files, finds out what each one is, and reads accounts first, then
// subscriptions, then usage, whatever the order they were named in.
func gather(files []File, o Options) (*data, error) {
	d := &data{
		o: o, problems: sheet.NewProblems(o.Keep), accounts: map[string]*account{}, feature: map[string]int32{},
		byID: map[string]*held{}, usage: map[usageKey]quantity.Quantity{}, limits: map[limitKey]quantity.Quantity{},
		books: map[money.Currency]*revenue.Book{}, rows: map[money.Currency]int{}, open: map[string]*sheet.File{},
	}
	d.problems.Each = o.Each
	kinds := make([]sheet.Kind, len(files))
	var lacks error
	for i, f := range files {
		use := FileUse{Name: f.Name}
		err := d.with(f, "", func(s *sheet.File) error {
			kinds[i], use.Kind, use.Format, use.Columns = s.Kind, s.Kind, s.Format, s.Bound
			return nil
		})
		if fault.CodeOf(err) == "columns_unrecognised" {
			use.Why, err = err.Error(), nil
			if lacks == nil { // what it would take to read it as subscriptions
				lacks = d.with(f, sheet.Subscriptions, func(*sheet.File) error { return nil })
			}
		}
		if err != nil {
			return nil, err
		}
		d.files = append(d.files, use)
	}
	if !slices.Contains(kinds, sheet.Subscriptions) {
		return nil, noSubscriptions(d.files, lacks)
	}
	for _, kind := range sheet.Kinds() {
		for i, f := range files {
			if kinds[i] != kind {
				continue
			}
			err := d.with(f, kind, func(s *sheet.File) (err error) {
				d.files[i].Counts, err = d.read(s)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		if kind == sheet.Subscriptions {
			d.index()
		}
	}
	return d, nil
}

// noSubscriptions words the fault; lacks says which columns the first file that was not
// recognised would need.
func noSubscriptions(files []FileUse, lacks error) error {
	var seen []string
	for _, f := range files {
		seen = append(seen, fmt.Sprintf("%s (%s)", f.Name, cmp.Or(string(f.Kind), "not recognised")))
	}
	what := "no file was named"
	if len(seen) > 0 {
		what = "among " + strings.Join(seen, ", ") + " there is no file of subscriptions"
	}
	if lacks != nil {
		return fault.New(fault.Invalid, "subscriptions_missing", "%s; %v", what, lacks).
			WithMend("docs/guides/your-exports.md says how a mapping file is written").WithCause(lacks)
	}
	return fault.New(fault.Invalid, "subscriptions_missing", "%s", what).
		WithMend("add one with the columns account, started_at, ended_at and amount, or name its columns in a mapping file (--map)")
}

// with opens a file, hands it over and closes it.
func (d *data) with(f File, kind sheet.Kind, use func(*sheet.File) error) (err error) {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	s, err := sheet.Open(in, sheet.Options{Name: f.Name, Kind: kind, Mapping: d.o.Mapping})
	if err != nil {
		return err
	}
	return use(s)
}

func (d *data) read(s *sheet.File) (sheet.Counts, error) {
	var rows int64
	d.open[s.Name] = s
	tick := func() {
		if rows++; rows%100_000 == 0 && d.o.Progress != nil {
			d.o.Progress(s.Name, rows)
		}
	}
	switch s.Kind {
	case sheet.Accounts:
		d.hasAccts = true
		return s.Accounts(d.problems, func(a *sheet.AccountRow) error { tick(); d.addAccount(s.Name, a); return nil })
	case sheet.Subscriptions:
		if s.AssumedCurrency() != "" {
			d.assumed = append(d.assumed, s.Name)
		}
		return s.Subscriptions(d.problems, func(v *sheet.SubscriptionRow) error { tick(); d.addSubscription(s.Name, v); return nil })
	}
	d.hasUsage = true
	d.dated = d.dated || s.Bound["at"] != ""
	return s.Usage(d.problems, func(u *sheet.UsageRow) error { tick(); d.addUsage(s.Name, u); return nil })
}

func (d *data) account(key string) *account {
	a := d.accounts[key]
	if a == nil {
		a = &account{number: int32(len(d.order)), key: key}
		a.row.Seats = -1
		d.accounts[key] = a
		d.order = append(d.order, a)
	}
	return a
}

func (d *data) addAccount(file string, row *sheet.AccountRow) {
	a := d.account(row.Key)
	if a.listed {
		d.odd(file, row.Row, "account", row.Key, "account_repeated", "the account is in another accounts file too; the first is kept")
		return
	}
	a.row, a.listed = *row, true
}

func (d *data) addSubscription(file string, s *sheet.SubscriptionRow) {
	a := d.account(s.Account)
	if d.hasAccts && !a.listed {
		d.odd(file, s.Row, "account", s.Account, "account_unknown", "the account is in no accounts file; its subscriptions count all the same")
	}
	if d.o.AsOf != 0 && s.StartedAt > d.o.AsOf {
		return
	}
	a.held = append(a.held, held{account: a, id: s.ID, plan: s.Plan, row: s.Row, start: s.StartedAt, end: s.EndedAt, mrr: s.MRR(),
		quantity: s.Quantity, currency: s.Currency, kind: s.Kind, churned: s.Churned, up: s.Upgrade, down: s.Downgrade, file: file})
	b := d.books[s.Currency]
	if b == nil {
		b = revenue.NewBook(s.Currency, 0)
		d.books[s.Currency] = b
	}
	d.rows[s.Currency]++
	end := s.EndedAt
	if d.o.AsOf != 0 && end > d.o.AsOf {
		end = 0
	}
	b.AddSubscription(s.Account, s.StartedAt, end, s.MRR())
	d.until = max(d.until, s.StartedAt)
	if s.EndedAt != 0 {
		d.ends = append(d.ends, s.EndedAt)
	}
}

// index makes subscriptions findable by id; an id told twice finds the first.
func (d *data) index() {
	for _, a := range d.order {
		for i := range a.held {
			if h := &a.held[i]; h.id != "" && d.byID[h.id] == nil {
				d.byID[h.id] = h
			}
		}
	}
}

func (d *data) addUsage(file string, u *sheet.UsageRow) {
	if d.o.AsOf != 0 && u.At > d.o.AsOf {
		return
	}
	var a *account
	if u.Subscription != "" {
		if h := d.byID[u.Subscription]; h != nil {
			a = h.account
			switch {
			case u.Account != "" && u.Account != a.key:
				d.odd(file, u.Row, "account", u.Account, "usage_account_differs", "the row names an account that does not hold its subscription; the account counts")
				a = d.account(u.Account)
			case u.At != 0 && u.At < h.start:
				d.odd(file, u.Row, "at", day(u.At), "usage_outside_subscription", fmt.Sprintf("used before its subscription %s starts (%s); it counts for the account", h.id, day(h.start)))
			case u.At != 0 && h.end != 0 && u.At > h.end:
				d.odd(file, u.Row, "at", day(u.At), "usage_outside_subscription", fmt.Sprintf("used after its subscription %s ended (%s); it counts for the account", h.id, day(h.end)))
			}
		} else if u.Account == "" {
			d.problems.Add(sheet.Problem{File: file, Row: u.Row, Column: d.open[file].Source("subscription"), Value: u.Subscription, Code: "subscription_unknown",
				Why: "the subscription is in no subscriptions file, so it is not known whose usage this is", LeftOut: true})
			return
		}
	}
	if a == nil {
		a = d.account(u.Account)
		if !a.listed && len(a.held) == 0 {
			d.odd(file, u.Row, "account", u.Account, "account_unknown", "the account is in no accounts or subscriptions file; its usage is kept but it pays nothing")
		}
	}
	if u.At != 0 && a.row.CreatedAt != 0 && u.At < a.row.CreatedAt {
		d.odd(file, u.Row, "at", day(u.At), "usage_before_signup", fmt.Sprintf("used before account %s signed up (%s); it counts all the same", a.key, day(a.row.CreatedAt)))
	}
	if a.row.Segment == "" && u.Segment != "" {
		a.row.Segment = u.Segment
	}
	d.until, a.lastUse = max(d.until, u.At), max(a.lastUse, u.At)
	f := d.featureNumber(u.Feature)
	month := revenue.Month(0)
	if u.At != 0 {
		month = revenue.MonthOf(u.At)
	}
	key := usageKey{a.number, f, month}
	if d.o.Usage == Max {
		d.usage[key] = max(d.usage[key], u.Amount)
	} else {
		d.usage[key] = d.usage[key].Add(u.Amount)
	}
	if u.HasLimit {
		d.limits[limitKey{a.number, f}] = u.Limit
	}
}

// featureNumber numbers features as they come; those after the first thousand share one.
func (d *data) featureNumber(name string) int32 {
	n, ok := d.feature[name]
	if !ok {
		if len(d.features) == maxFeatures {
			d.overflow = true
			return maxFeatures - 1
		}
		n = int32(len(d.features))
		d.features = append(d.features, name)
		d.feature[name] = n
	}
	return n
}

// odd reports something odd about a row that went in; column is the target column.
func (d *data) odd(file string, row int64, column, value, code, why string) {
	if f := d.open[file]; f != nil {
		column = f.Source(column)
	}
	d.problems.Add(sheet.Problem{File: file, Row: row, Column: column, Value: value, Code: code, Why: why})
}

// day writes a day for a sentence.
func day(t clock.Time) string {
	if t == 0 {
		return ""
	}
	return t.Std().Format("2006-01-02")
}
