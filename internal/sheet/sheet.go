// Package sheet reads what companies export: CSV and NDJSON files of accounts,
// subscriptions and usage, with whatever column names, dates and delimiters they have.
// Good rows come out typed and exact; what is odd is reported row by row and never stops
// the rest. It reads from an io.Reader, keeps no more than a record in memory, and does no
// other I/O.
package sheet

import (
	"fmt"
	"io"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// Kind says what the rows of a file are.
type Kind string

// The kinds of file.
const (
	Accounts      Kind = "accounts"
	Subscriptions Kind = "subscriptions"
	Usage         Kind = "usage"
	Surveys       Kind = "surveys"
	Tickets       Kind = "tickets"
	Activities    Kind = "activities"
	Facts         Kind = "facts"
)

// Kinds lists the kinds of file, in the order in which files are best read.
func Kinds() []Kind {
	return []Kind{Accounts, Subscriptions, Usage, Surveys, Tickets, Activities, Facts}
}

// Options says how to read a file.
type Options struct {
	Name    string   // as it is called in messages
	Kind    Kind     // what is wanted; empty: recognised by the columns
	Mapping *Mapping // nil: columns are recognised by well-known names
}

// File is an opened file whose header has been read and whose columns are bound. Read it
// once, with the method of its kind.
type File struct {
	Name    string
	Kind    Kind
	Format  string   // "csv", "csv with semicolons", "csv with tabs", "ndjson"
	Columns []string // as found
	// Bound says for each target column where its values come from, in words.
	Bound map[string]string

	scan   *scanner
	layout *layout
}

// Counts says what became of the rows of a file.
type Counts struct {
	Rows  int64 `json:"rows"`  // read, without the header and blank lines
	Taken int64 `json:"taken"` // went in
	Bad   int64 `json:"bad"`   // left out, each reported
}

// Open reads the header (of NDJSON the first records), recognises the kind when none is
// asked for, and binds the columns. Faults: file_empty, file_not_text, columns_missing
// (names every missing column, the columns found and the mend), columns_unrecognised (no kind fits).
func Open(r io.Reader, o Options) (*File, error) {
	s, err := newScanner(r, o.Name)
	if err != nil {
		return nil, err
	}
	f := &File{Name: o.Name, Format: s.format(), Columns: s.columns, scan: s}
	f.Kind = o.Kind
	if f.Kind == "" {
		if f.Kind, err = recognise(o.Name, s.columns, o.Mapping); err != nil {
			return nil, err
		}
	}
	f.layout, err = bind(o.Name, f.Kind, s.columns, s.delim == 0, o.Mapping)
	if err != nil {
		return nil, err
	}
	f.Bound = f.layout.words()
	return f, nil
}

// Source names the column of the file that a target column is read from, for messages; the
// target itself when it is not bound.
func (f *File) Source(target string) string {
	if c := f.layout.cells[target]; c != nil {
		return c.source(f.Columns)
	}
	return target
}

// AssumedCurrency returns the currency that amounts are taken to be in because no column
// and no constant of the mapping says it; empty when one does, or there are no amounts of money.
func (f *File) AssumedCurrency() money.Currency {
	if f.Kind != Subscriptions || f.layout.cells["currency"] != nil {
		return ""
	}
	return DefaultCurrency
}

// recognise finds the kind whose mapping, or whose well-known names, fit the columns.
func recognise(name string, columns []string, m *Mapping) (Kind, error) {
	if m != nil {
		best, most := Kind(""), 0
		for _, kind := range Kinds() {
			if n, all := m.fit(kind, columns); all && n > most {
				best, most = kind, n
			}
		}
		if best != "" {
			return best, nil
		}
		if kind := m.meant(columns); kind != "" { // binding names the columns that are missing
			return kind, nil
		}
	}
	for _, kind := range []Kind{Subscriptions, Usage, Accounts} {
		if looksLike(kind, columns) {
			return kind, nil
		}
	}
	err := fault.New(fault.Invalid, "columns_unrecognised", "%s: its columns (%s) are not those of accounts, subscriptions or usage%s", name, list(columns), nearest(columns))
	return "", err.WithMend("name its columns in a mapping file and pass it with --map (docs/guides/your-exports.md), or leave the file out")
}

// nearest says what the columns lack to be subscriptions or usage, when they have half of it.
func nearest(columns []string) string {
	for _, kind := range []Kind{Subscriptions, Usage} {
		var lacks []string
		wanted := 0
		for _, t := range targets[kind] {
			if !t.required {
				continue
			}
			wanted++
			if find(columns, t.known) < 0 {
				lacks = append(lacks, t.name)
			}
		}
		if n := len(lacks); n > 0 && n*2 <= wanted {
			return fmt.Sprintf("; if they are %s, no column was recognised as %s: name it in a mapping file, \"%s: {%s: <your column>}\"", kind, strings.Join(lacks, ", "), kind, lacks[0])
		}
	}
	return ""
}

// list writes names for a message, the first thirty of them.
func list(names []string) string {
	if len(names) > 30 {
		return fault.Shorten(strings.Join(names[:30], ", ")) + ", …"
	}
	s := strings.Join(names, ", ")
	if len(s) > 600 {
		s = s[:600] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
