package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/headroomhq/headroom/internal/db"
)

// batch gathers rows for one table and writes many with one statement.
type batch struct {
	head    string // INSERT INTO t (a, b)
	tail    string // ON CONFLICT …
	columns int
	args    []any
}

// insert returns an empty batch for "INSERT INTO table (columns) VALUES … tail".
func insert(table, columns, tail string) *batch {
	return &batch{
		head:    "INSERT INTO " + table + " (" + columns + ") VALUES ",
		tail:    tail,
		columns: strings.Count(columns, ",") + 1,
	}
}

// add adds a row.
func (b *batch) add(values ...any) {
	if len(values) != b.columns {
		panic("store: " + b.head + ": wrong number of values")
	}
	for _, v := range values {
		b.args = append(b.args, plain(v))
	}
}

// sizes are the numbers of rows of one statement. There are few, so that the statements
// stay prepared, and none passes an engine's limit of parameters with up to 60 columns.
var sizes = [...]int{256, 64, 16, 4, 1}

// run writes the rows in tx.
func (s *Store) run(ctx context.Context, tx *sql.Tx, b *batch) error {
	args := b.args
	for _, n := range sizes {
		for len(args) >= n*b.columns {
			if _, err := s.db.Prepared(ctx, tx, s.text(b, n), args[:n*b.columns]...); err != nil {
				return err
			}
			args = args[n*b.columns:]
		}
	}
	return nil
}

// text returns the statement for n rows.
func (s *Store) text(b *batch, n int) string {
	type key struct {
		head, tail string
		n          int
	}
	k := key{b.head, b.tail, n}
	if t, ok := s.texts.Load(k); ok {
		return t.(string)
	}
	var t strings.Builder
	t.WriteString(b.head)
	for i := range n {
		if i > 0 {
			t.WriteByte(',')
		}
		t.WriteString(in(b.columns))
	}
	t.WriteString(" " + b.tail)
	text := s.numbered(t.String())
	s.texts.Store(k, text)
	return text
}

// each calls f with runs of keys of at most 256, made up to one of sizes by repeating the
// last key, so that "IN (…)" has few texts.
func each(keys []string, f func(keys []any) error) error {
	for len(keys) > 0 {
		n := min(len(keys), sizes[0])
		padded := n
		for i := len(sizes) - 1; i >= 0; i-- {
			if sizes[i] >= n {
				padded = sizes[i]
				break
			}
		}
		run := make([]any, padded)
		for i := range run {
			run[i] = db.Text(keys[min(i, n-1)])
		}
		if err := f(run); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// in returns "(?,?,…)" for n values.
func in(n int) string {
	return "(" + strings.TrimSuffix(strings.Repeat("?,", n), ",") + ")"
}

// last returns items without those that a later one of the same key replaces, in the order of first
// appearance: PostgreSQL refuses to touch a row twice in one statement.
func last[T any, K comparable](items []T, key func(*T) K) []T {
	at := make(map[K]int, len(items))
	out := items[:0:0]
	for i := range items {
		k := key(&items[i])
		if j, ok := at[k]; ok {
			out[j] = items[i]
			continue
		}
		at[k] = len(out)
		out = append(out, items[i])
	}
	return out
}
