package sheet

import (
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// AccountRow is a row of an accounts file. Empty fields were not given.
type AccountRow struct {
	Row       int64
	Key       string
	Name      string
	Parent    string
	Domain    string
	CreatedAt clock.Time // midnight UTC of the day
	Plan      string
	Segment   string
	Seats     int64 // -1 when not given
	Trial     Flag
	Churned   Flag
	Traits    map[string]string
}

// Flag is yes, no or not said.
type Flag int8

// The flags.
const (
	Unsaid Flag = iota
	No
	Yes
)

// ChargeKind says what the amount of a subscription row is for.
type ChargeKind string

// The kinds of charge.
const (
	Recurring ChargeKind = "recurring"
	OneOff    ChargeKind = "one_off" // never MRR
	Trial     ChargeKind = "trial"   // not paid yet: no MRR
)

// SubscriptionRow is a row of a subscriptions file: an amount an account pays per interval,
// from a day until another.
type SubscriptionRow struct {
	Row       int64
	ID        string
	Account   string
	StartedAt clock.Time // midnight UTC of the first day
	EndedAt   clock.Time // midnight UTC of the first day no longer paid for; zero when open
	Amount    money.Minor
	Yearly    bool // the amount is per year, otherwise per month
	Currency  money.Currency
	Kind      ChargeKind
	Plan      string
	Quantity  int64 // -1 when not given
	Churned   Flag
	Upgrade   Flag
	Downgrade Flag
}

// MRR returns what the row adds to monthly recurring revenue while it runs: nothing for
// one-off charges and trials.
func (s *SubscriptionRow) MRR() money.Twelfths {
	switch {
	case s.Kind != Recurring:
		return 0
	case s.Yearly:
		return money.Yearly(s.Amount)
	}
	return money.Monthly(s.Amount)
}

// UsageRow is a row of a usage file. Account or Subscription is given.
type UsageRow struct {
	Row          int64
	ID           string
	Account      string
	Subscription string
	User         string
	Segment      string
	Feature      string
	At           clock.Time // midnight UTC of the day; zero when the file has no dates
	Amount       quantity.Quantity
	Limit        quantity.Quantity // with HasLimit
	HasLimit     bool
}

// DefaultCurrency is what amounts are in when a file has no currency column.
const DefaultCurrency money.Currency = "USD"

// Accounts reads the rows of an accounts file, calling each for every good one. Bad and odd
// rows go to problems. The row passed to each may be kept. An error of each, or of the
// reader, ends it.
func (f *File) Accounts(problems *Problems, each func(*AccountRow) error) (Counts, error) {
	r := newRows(f, problems)
	seen := map[uint64]struct{}{}
	return r.read(func() (bool, error) {
		a := AccountRow{Row: r.row(), Key: r.text("account"), Name: r.text("name"), Parent: r.text("parent"),
			Domain: r.text("domain"), Plan: r.shared("plan"), Segment: r.shared("segment"),
			Trial: r.flag("trial"), Churned: r.flag("churned"), CreatedAt: r.day("created_at", false), Seats: r.count("seats")}
		if a.Key == "" {
			r.bad("account", "", "account_empty", "the row names no account")
		}
		if r.spoiled {
			return false, nil
		}
		h := r.hash([]byte(a.Key))
		if _, again := seen[h]; again {
			r.bad("account", a.Key, "account_repeated", "the account occurs before in this file; the first row is kept")
			return false, nil
		}
		seen[h] = struct{}{}
		if len(r.f.layout.traits) > 0 {
			a.Traits = make(map[string]string, len(r.f.layout.traits))
			for i, index := range r.f.layout.traits {
				a.Traits[r.f.layout.names[i]] = r.trait(r.f.layout.names[i], r.fields[index])
			}
		}
		return true, each(&a)
	})
}

// Subscriptions reads the rows of a subscriptions file, calling each for every good one.
// The row passed to each is reused: copy it to keep it.
func (f *File) Subscriptions(problems *Problems, each func(*SubscriptionRow) error) (Counts, error) {
	r := newRows(f, problems)
	var s SubscriptionRow
	var total money.Twelfths
	return r.read(func() (bool, error) {
		s = SubscriptionRow{Row: r.row(), ID: r.text("id"), Account: r.shared("account"), Plan: r.shared("plan"),
			Quantity: r.count("quantity"), Churned: r.flag("churned"), Upgrade: r.flag("upgrade"), Downgrade: r.flag("downgrade"),
			Currency: r.currency(), Kind: r.kind()}
		if s.Account == "" {
			r.bad("account", "", "account_empty", "the row names no account")
		}
		s.StartedAt = r.day("started_at", true)
		s.EndedAt = r.day("ended_at", false)
		s.Yearly = r.yearly(s.Kind)
		s.Amount = r.amount(s.Kind, s.Currency)
		if s.EndedAt != 0 && s.EndedAt < s.StartedAt {
			r.bad("ended_at", r.said("ended_at"), "ended_before_started", "the subscription ends before it starts ("+r.said("started_at")+")")
		}
		if r.spoiled || r.repeated(s.ID) {
			return false, nil
		}
		if total += max(s.MRR(), 0); total > 4e18 {
			total -= s.MRR()
			r.bad("amount", r.said("amount"), "amount_invalid", "all amounts together are beyond what can be added up exactly")
			return false, nil
		}
		if s.EndedAt == s.StartedAt {
			r.odd("ended_at", r.said("ended_at"), "ended_same_day", "it ends on the day it starts, so no day was paid for: it counts nothing")
		}
		if s.Kind == Trial {
			if s.Amount != 0 {
				r.odd("amount", r.said("amount"), "trial_with_amount", "a trial with an amount: a trial is no revenue, so it counts nothing")
			} else {
				r.odd("trial", "", "trial_without_revenue", "a trial without revenue: it is no MRR, and what is paid after it is new")
			}
		}
		return true, each(&s)
	})
}

// Usage reads the rows of a usage file, calling each for every good one. The row passed to
// each is reused: copy it to keep it.
func (f *File) Usage(problems *Problems, each func(*UsageRow) error) (Counts, error) {
	r := newRows(f, problems)
	var u UsageRow
	return r.read(func() (bool, error) {
		u = UsageRow{Row: r.row(), ID: r.text("id"), Account: r.shared("account"), Subscription: r.shared("subscription"),
			User: r.shared("user"), Segment: r.shared("segment"), Feature: r.shared("feature"), At: r.day("at", f.layout.cells["at"] != nil)}
		if u.Account == "" && u.Subscription == "" {
			r.bad("account", "", "account_empty", "the row names neither an account nor a subscription")
		}
		u.Amount = r.quantity("amount", true)
		if f.layout.cells["limit"] != nil && r.said("limit") != "" {
			u.Limit, u.HasLimit = r.quantity("limit", false), true
		}
		if r.spoiled || r.repeated(u.ID) {
			return false, nil
		}
		return true, each(&u)
	})
}
