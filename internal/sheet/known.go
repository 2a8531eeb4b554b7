package sheet

import "github.com/headroomhq/headroom/internal/clock"

// TicketRow is a row of a file of support tickets.
type TicketRow struct {
	Row      int64
	ID       string
	Account  string
	Kind     string     // incident, question, …; empty: not said
	Severity string     // empty: not said
	OpenedAt clock.Time // midnight UTC of the day
	ClosedAt clock.Time // likewise; zero while it is open
}

// ActivityRow is a row of a file of what people did with a customer: calls, meetings, emails.
type ActivityRow struct {
	Row     int64
	ID      string
	Account string
	User    string // whom; empty: not said
	Kind    string
	At      clock.Time // midnight UTC of the day
}

// FactRow is a row of a file of facts about accounts.
type FactRow struct {
	Row     int64
	Account string
	Name    string
	Value   string
	At      clock.Time // midnight UTC of the day; zero: now
	Until   clock.Time // likewise; zero: until somebody says otherwise
	Ref     string
}

// Tickets reads the rows of a file of tickets, calling each for every good one. The row passed to
// each is reused: copy it to keep it.
func (f *File) Tickets(problems *Problems, each func(*TicketRow) error) (Counts, error) {
	r := newRows(f, problems)
	var t TicketRow
	return r.read(func() (bool, error) {
		t = TicketRow{Row: r.row(), ID: r.text("id"), Account: r.shared("account"), Kind: r.shared("kind"), Severity: r.shared("severity"),
			OpenedAt: r.day("opened_at", true), ClosedAt: r.day("closed_at", false)}
		if t.Account == "" {
			r.bad("account", "", "account_empty", "the row names no account")
		}
		if t.ID == "" {
			r.bad("id", "", "id_empty", "the ticket has no id")
		}
		if t.ClosedAt != 0 && t.ClosedAt < t.OpenedAt {
			r.bad("closed_at", r.said("closed_at"), "closed_before_opened", "the ticket was closed before it was opened ("+r.said("opened_at")+")")
		}
		if r.spoiled || r.repeated(t.ID) {
			return false, nil
		}
		return true, each(&t)
	})
}

// Activities reads the rows of a file of activities, calling each for every good one. The row
// passed to each is reused: copy it to keep it.
func (f *File) Activities(problems *Problems, each func(*ActivityRow) error) (Counts, error) {
	r := newRows(f, problems)
	var a ActivityRow
	return r.read(func() (bool, error) {
		a = ActivityRow{Row: r.row(), ID: r.text("id"), Account: r.shared("account"), User: r.text("user"), Kind: r.shared("kind"), At: r.day("at", true)}
		if a.Account == "" {
			r.bad("account", "", "account_empty", "the row names no account")
		}
		if a.Kind == "" {
			r.bad("kind", "", "kind_empty", "the row does not say what was done")
		}
		if r.spoiled || r.repeated(a.ID) {
			return false, nil
		}
		return true, each(&a)
	})
}

// Facts reads the rows of a file of facts, calling each for every good one. The row passed to
// each is reused: copy it to keep it.
func (f *File) Facts(problems *Problems, each func(*FactRow) error) (Counts, error) {
	r := newRows(f, problems)
	var x FactRow
	return r.read(func() (bool, error) {
		x = FactRow{Row: r.row(), Account: r.shared("account"), Name: r.shared("name"), Value: r.text("value"),
			At: r.day("at", false), Until: r.day("until", false), Ref: r.text("ref")}
		if x.Account == "" {
			r.bad("account", "", "account_empty", "the row names no account")
		}
		if x.Name == "" {
			r.bad("name", "", "fact_empty", "the row does not say which fact")
		}
		if r.spoiled {
			return false, nil
		}
		return true, each(&x)
	})
}
