package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
)

// The orders of the list of accounts. Those of something that not every account has list only who has it.
const (
	ByKey       = "key"
	ByName      = "name"
	ByMRR       = "mrr"       // the highest first, in minor units of whichever currency
	ByLimit     = "limit"     // by the limit of which most is used, the fullest first
	ByReadiness = "readiness" // by the highest score, the highest first
	BySignal    = "signal"    // by the newest signal, the newest first
	ByNext      = "next"      // by what comes next, the soonest first
	ByStage     = "stage"     // who came to their stage last first
)

// AccountFilter narrows Accounts; empty fields let everything pass.
type AccountFilter struct {
	Plan, Status, Parent string
	NoPlan               bool
	Search               string // part of key, name or domain; the case of A to Z does not matter
	Stage                string
	Near                 int64  // some limit is used by at least that many percent
	Requests             bool   // an upgrade request is open
	Next                 string // what comes next is this, from From on
	Trait, Value         string // a trait of the account and its value, as text
	Sort                 string // one of the orders; empty: ByKey
	// From bounds ByNext and Next: what came before is no date to come.
	From clock.Time
}

// few is up to how many accounts that a filter lets pass are looked up one by one. Of more, the
// order is walked until a part is full: somebody who passes comes soon then.
const few = 1000 // Store.few, which tests set lower

// filters are the conditions of a filter on accounts a; keys is set where an index tells who passes.
func (s *Store) filters(f AccountFilter) (out []struct{ keys, where *query }) {
	add := func(keys, where *query) { out = append(out, struct{ keys, where *query }{keys, where}) }
	if f.Search != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(lowerASCII(f.Search)) + "%"
		on := func(a string) *query {
			return ask(`(lower(`+a+`account) LIKE ? ESCAPE '\' OR lower(`+a+`name) LIKE ? ESCAPE '\' OR lower(`+a+`domain) LIKE ? ESCAPE '\')`, like, like, like)
		}
		where := on("")
		add(ask("SELECT account FROM accounts WHERE "+where.text.String(), where.args...), on("a."))
	}
	// "|| ''" keeps SQLite from choosing an index here: without statistics it takes one that many share.
	for _, c := range []struct {
		column, value string
		is            bool
	}{{"plan", f.Plan, f.Plan != "" || f.NoPlan}, {"parent", f.Parent, f.Parent != ""}} {
		if c.is {
			add(ask("SELECT account FROM accounts WHERE "+c.column+" = ?", c.value), ask("(a."+c.column+" || '') = ?", c.value))
		}
	}
	if f.Status != "" {
		add(nil, ask("a.status = ?", f.Status))
	}
	if f.Next != "" {
		add(ask("SELECT account FROM accounts WHERE next_at > ? AND next_is = ?", max(f.From, 1)-1, f.Next), ask("a.next_at > ? AND a.next_is = ?", max(f.From, 1)-1, f.Next))
	}
	if f.Stage != "" {
		add(ask("SELECT account FROM lifecycle WHERE stage = ?", f.Stage),
			ask("EXISTS (SELECT 1 FROM lifecycle x WHERE x.account = a.account AND (x.stage || '') = ?)", f.Stage))
	}
	if f.Near > 0 {
		add(ask("SELECT DISTINCT account FROM limits WHERE percent >= ?", f.Near),
			ask("EXISTS (SELECT 1 FROM limits x WHERE x.account = a.account AND x.percent + 0 >= ?)", f.Near))
	}
	if f.Requests {
		add(ask("SELECT DISTINCT account FROM requests WHERE status = 'open'"),
			ask("EXISTS (SELECT 1 FROM requests x WHERE x.account = a.account AND x.status = 'open')"))
	}
	if f.Trait != "" {
		where := s.traitIs(f.Trait, f.Value)
		add(ask("SELECT a.account FROM accounts a WHERE "+where.text.String(), where.args...), where)
	}
	return out
}

// traitIs finds the accounts whose document has a trait with the value, whichever type it has there, and those
// that have it elsewhere in the document: hasTrait tells them apart.
func (s *Store) traitIs(trait, value string) *query {
	holds := "instr(a.document, ?) > 0"
	if s.db.Engine() == db.Postgres {
		holds = "strpos(a.document, ?) > 0"
	}
	text := func(v string) string {
		b, err := json.Marshal(v)
		if err != nil {
			return `""` // of texts only
		}
		return string(b)
	}
	name := text(trait) + ":"
	q := ask("("+holds, name+text(value))
	if json.Valid([]byte(value)) { // a number or a boolean
		q.and("OR "+holds+" OR "+holds, name+value+",", name+value+"}")
	}
	return q.and(")")
}

// hasTrait says whether an account has a trait with a value, as text.
func hasTrait(a *account.Account, trait, value string) bool {
	switch v := a.Traits[trait].(type) {
	case nil:
		return false
	case string:
		return v == value
	default:
		b, err := json.Marshal(v)
		return err == nil && string(b) == value
	}
}

// passing returns the keys of who passes those parts of a filter that few pass, in order; ok is false when
// none of its parts is so narrow.
func (s *Store) passing(ctx context.Context, f AccountFilter) (keys []string, ok bool, err error) {
	for _, part := range s.filters(f) {
		if part.keys == nil {
			continue
		}
		var some []string
		err := s.rows(ctx, part.keys.and("LIMIT ?", s.few+1), func(r *sql.Rows) error {
			var key string
			err := r.Scan(&key)
			some = append(some, key)
			return err
		})
		if err != nil {
			return nil, false, err
		}
		if len(some) > s.few {
			continue
		}
		slices.Sort(some)
		if ok {
			some = slices.DeleteFunc(some, func(k string) bool { _, in := slices.BinarySearch(keys, k); return !in })
		}
		if keys, ok = some, true; len(keys) == 0 {
			return nil, true, nil
		}
	}
	return keys, ok, nil
}

// accountOrder is how one order of the list is read.
type accountOrder struct {
	from    string // tables, a being the accounts
	by      string // who leads where several rows are of one account
	account string // the column of the leading table
	value   string // what is sorted by
	down    bool
	texts   bool // value is a text
}

func orderOf(sort string) accountOrder {
	switch sort {
	case ByName:
		return accountOrder{from: "accounts a", account: "a.account", value: "a.name", texts: true}
	case ByMRR:
		return accountOrder{from: "accounts a", account: "a.account", value: "a.mrr", down: true}
	case ByNext:
		return accountOrder{from: "accounts a", account: "a.account", value: "a.next_at"}
	case ByLimit:
		return accountOrder{from: "limits l JOIN accounts a ON a.account = l.account", account: "l.account", value: "l.percent", down: true,
			by: "NOT EXISTS (SELECT 1 FROM limits x WHERE x.account = l.account AND (x.percent, x.feature) > (l.percent, l.feature))"}
	case ByReadiness:
		return accountOrder{from: "readiness r JOIN accounts a ON a.account = r.account", account: "r.account", value: "r.score", down: true,
			by: "NOT EXISTS (SELECT 1 FROM readiness x WHERE x.account = r.account AND (x.score, x.type) > (r.score, r.type))"}
	case BySignal:
		return accountOrder{from: "signals g JOIN accounts a ON a.account = g.account", account: "g.account", value: "g.at", down: true,
			by: "NOT EXISTS (SELECT 1 FROM signals x WHERE x.account = g.account AND (x.at, x.id) > (g.at, g.id))"}
	case ByStage:
		return accountOrder{from: "lifecycle c JOIN accounts a ON a.account = c.account", account: "c.account", value: "c.since", down: true}
	}
	return accountOrder{from: "accounts a", account: "a.account", value: "a.account", texts: true}
}

// Accounts lists accounts, by key unless the filter says otherwise.
func (s *Store) Accounts(ctx context.Context, f AccountFilter, p Page) (List[engine.Listing], error) {
	if f.Trait == "" {
		return s.accounts(ctx, f, p)
	}
	return filled(p, func(p Page) (List[engine.Listing], error) { return s.accounts(ctx, f, p) },
		func(l *engine.Listing) bool { return hasTrait(&l.Account, f.Trait, f.Value) })
}

func (s *Store) accounts(ctx context.Context, f AccountFilter, p Page) (List[engine.Listing], error) {
	o := orderOf(f.Sort)
	var text, key string
	var number int64
	var value any = &number
	if o.texts {
		value = &text
	}
	more, err := p.after(value, &key)
	if err != nil {
		return List[engine.Listing]{}, err
	}
	keys, narrow, err := s.passing(ctx, f)
	if err != nil || narrow && len(keys) == 0 {
		return List[engine.Listing]{Items: []engine.Listing{}}, err
	}
	q := ask("SELECT " + listingColumns + ", " + o.value + " FROM " + o.from + " WHERE 1 = 1")
	if o.by != "" {
		q.and("AND " + o.by)
	}
	if narrow {
		run := make([]any, len(keys))
		for i := range keys {
			run[i] = keys[i]
		}
		q.and("AND "+o.account+" IN "+in(len(run)), run...)
	}
	for _, part := range s.filters(f) {
		q.and("AND "+part.where.text.String(), part.where.args...)
	}
	if f.Sort == ByNext {
		q.and("AND a.next_at > ?", max(f.From, 1)-1)
	}
	sign, way := ">", ""
	if o.down {
		sign, way = "<", " DESC"
	}
	if more {
		last := any(number)
		if o.texts {
			last = text
		}
		q.and("AND ("+o.value+", "+o.account+") "+sign+" (?, ?)", last, key)
	}
	q.and("ORDER BY " + o.value + way + ", " + o.account + way)
	return list(ctx, s, p, q, func(r *sql.Rows) (engine.Listing, []any, error) {
		l, err := scanListing(r, value)
		if o.texts {
			return l, []any{text, l.Account.Key}, err
		}
		return l, []any{number, l.Account.Key}, err
	})
}
