// Package store holds all SQL: what checkpoints write, and what lists and the shell read.
// Every statement runs on both engines.
package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/fault"
)

// Store reads and writes the database. Safe for several goroutines.
type Store struct {
	db    *db.DB
	swept sync.Map // partition → the turn of its last sweep
	texts sync.Map // texts of multi-row statements, by what they are made of
	few   int      // see there
}

// New returns a store on an open database.
func New(d *db.DB) *Store { return &Store{db: d, few: few} }

// DefaultLimit and MaxLimit bound the items of one part of a list.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Page asks for a part of a list: Cursor is Next of the part before, empty for the first;
// Limit is DefaultLimit when zero or less, MaxLimit at most.
type Page struct {
	Cursor string
	Limit  int
}

// List is a part of a list. Next is empty at the end. A list is stable under what is
// written meanwhile: nothing that stood there all the time is left out or comes twice.
type List[T any] struct {
	Items []T     `json:"items"`
	Next  string  `json:"next,omitempty"`
	at    [][]any // the sort values of each item, as a cursor has them
}

func (p Page) limit() int {
	if p.Limit <= 0 {
		return DefaultLimit
	}
	return min(p.Limit, MaxLimit)
}

// after reads the sort values of the last item of the part before into dst, pointers to
// string or int64; false when the first part is asked for.
func (p Page) after(dst ...any) (bool, error) {
	if p.Cursor == "" {
		return false, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	var values []json.RawMessage
	if err == nil {
		err = json.Unmarshal(b, &values)
	}
	if err == nil && len(values) != len(dst) {
		err = fmt.Errorf("%d values, want %d", len(values), len(dst))
	}
	for i := 0; err == nil && i < len(dst); i++ {
		err = json.Unmarshal(values[i], dst[i])
		if s, ok := dst[i].(*string); ok {
			*s = db.Text(*s)
		}
	}
	if err != nil {
		return false, fault.New(fault.Invalid, "cursor_invalid", "cursor %q is not one of this list", fault.Shorten(p.Cursor)).
			WithMend("pass the value of \"next\" unchanged, or leave the cursor out to begin again").
			WithField("cursor", p.Cursor, "not a cursor of this list").WithCause(err)
	}
	return true, nil
}

func cursor(values ...any) string {
	b, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings and integers only
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// query is a statement put together from parts, with ? for its arguments in order.
type query struct {
	text strings.Builder
	args []any
}

func ask(text string, args ...any) *query { return new(query).and(text, args...) }

func (q *query) and(text string, args ...any) *query {
	q.text.WriteString(text)
	q.text.WriteByte(' ')
	for _, v := range args {
		q.args = append(q.args, plain(v))
	}
	return q
}

// numbered makes the text one for the engine: PostgreSQL wants $1, $2… SQLite takes those
// too, as names, which it looks up one by one: with hundreds of them that takes longer than
// the query.
func (s *Store) numbered(text string) string {
	if s.db.Engine() == db.SQLite {
		return text
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, rest, ok := strings.Cut(text, "?")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		text = rest
	}
}

// where adds " AND text" when value is set.
func (q *query) where(text, value string) *query {
	if value != "" {
		q.and("AND "+text, value)
	}
	return q
}

// plain turns our types into what the drivers take.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		return db.Text(v)
	case clock.Time:
		return int64(v)
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case uint64:
		return int64(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case []byte:
		if v == nil {
			return []byte{} // a NULL otherwise
		}
	}
	return v
}

// rows runs q on the readers and calls scan for each row.
func (s *Store) rows(ctx context.Context, q *query, scan func(*sql.Rows) error) error {
	return s.rowsOn(ctx, s.db.Read(), q, scan)
}

func (s *Store) rowsOn(ctx context.Context, on db.Querier, q *query, scan func(*sql.Rows) error) error {
	rows, err := on.QueryContext(ctx, s.numbered(q.text.String()), q.args...)
	if err != nil {
		return db.Fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return db.Fault(err)
		}
	}
	return db.Fault(rows.Err())
}

// row runs q, which gives at most one row, and says whether there was one.
func (s *Store) row(ctx context.Context, q *query, dst ...any) (bool, error) {
	found := false
	err := s.rows(ctx, q, func(r *sql.Rows) error { found = true; return r.Scan(dst...) })
	return found, err
}

// list runs q (without LIMIT) and cuts the part asked for. scan returns an item and its
// sort values.
func list[T any](ctx context.Context, s *Store, p Page, q *query, scan func(*sql.Rows) (T, []any, error)) (List[T], error) {
	out := List[T]{Items: []T{}}
	n := p.limit()
	err := s.rows(ctx, q.and("LIMIT ?", n+1), func(r *sql.Rows) error {
		item, at, err := scan(r)
		if err != nil {
			return err
		}
		if len(out.Items) == n {
			out.Next = cursor(out.at[n-1]...)
			return nil
		}
		out.Items, out.at = append(out.Items, item), append(out.at, at)
		return nil
	})
	return out, err
}

// filled is the part of a list with only those that pass, of which the database finds all but
// also some others: it reads on until the part is full.
func filled[T any](p Page, part func(Page) (List[T], error), passes func(*T) bool) (List[T], error) {
	out := List[T]{Items: []T{}}
	n := p.limit()
	for {
		l, err := part(p)
		if err != nil {
			return l, err
		}
		for i := range l.Items {
			if !passes(&l.Items[i]) {
				continue
			}
			if len(out.Items) == n {
				out.Next = cursor(out.at[n-1]...)
				return out, nil
			}
			out.Items, out.at = append(out.Items, l.Items[i]), append(out.at, l.at[i])
		}
		if p.Cursor = l.Next; l.Next == "" || len(out.Items) == n {
			out.Next = l.Next
			return out, nil
		}
	}
}

// document decodes a JSON column that we wrote.
func document(text string, dst any) error {
	if err := json.Unmarshal([]byte(text), dst); err != nil {
		return fmt.Errorf("stored document: %w", err)
	}
	return nil
}

// encode writes a JSON column. Our own types encode; a value that does not (NaN in a
// trait) is a fault of whoever let it in.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(b), nil
}

func notFound(what, id string) error {
	return fault.New(fault.NotFound, what+"_not_found", "there is no %s %q", what, fault.Shorten(id)).
		WithMend("check the id; ids are those that lists and answers show")
}
