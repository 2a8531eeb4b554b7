package sheet

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// maxIDs bounds the memory spent on finding repeated ids: about 200 MB.
const maxIDs = 5_000_000

// maxInterned bounds the texts shared between rows.
const maxInterned = 4_000_000

// rows reads the cells of one record after the other and remembers whether it is spoiled.
type rows struct {
	f        *File
	problems *Problems
	fields   [][]byte
	spoiled  bool
	counts   Counts
	seed     maphash.Seed
	ids      map[uint64]uint64 // hash of an id -> hash of its row
	interned map[string]string
	buf      []byte
}

func newRows(f *File, problems *Problems) *rows {
	return &rows{f: f, problems: problems, seed: maphash.MakeSeed(), ids: map[uint64]uint64{}, interned: map[string]string{}}
}

// read calls one for every record whose shape is right. one says whether the row went in.
func (r *rows) read(one func() (bool, error)) (Counts, error) {
	for {
		fields, err := r.f.scan.next()
		var broken *badRecord
		switch {
		case errors.Is(err, io.EOF):
			return r.counts, nil
		case errors.As(err, &broken):
			r.counts.Rows++
			r.counts.Bad++
			r.problems.Add(Problem{File: r.f.Name, Row: r.row(), Value: broken.value, Code: "row_unreadable", Why: broken.why, LeftOut: true})
			continue
		case err != nil:
			return r.counts, unreadable(fmt.Sprintf("%s, after row %d", r.f.Name, r.row()), err)
		}
		r.counts.Rows++
		r.fields, r.spoiled = fields, false
		if len(fields) != len(r.f.Columns) {
			r.bad("", strings.ToValidUTF8(string(fields[0]), "\uFFFD"), "columns_differ",
				fmt.Sprintf("the row has %d values and the header %d columns", len(fields), len(r.f.Columns)))
			r.counts.Bad++
			continue
		}
		taken, err := one()
		if err != nil {
			return r.counts, err
		}
		if taken {
			r.counts.Taken++
		} else {
			r.counts.Bad++
		}
	}
}

func (r *rows) row() int64 { return r.f.scan.row }

// bad reports a reason to leave the row out; only the first of a row is told, so that a
// shifted row does not look like ten faults.
func (r *rows) bad(target, value, code, why string) {
	if r.spoiled {
		return
	}
	r.spoiled = true
	r.tell(target, value, code, why, true)
}

// odd reports something about a row that goes in all the same.
func (r *rows) odd(target, value, code, why string) { r.tell(target, value, code, why, false) }

func (r *rows) tell(target, value, code, why string, out bool) {
	column := target
	if c := r.f.layout.cells[target]; c != nil {
		column = c.source(r.f.Columns)
	}
	r.problems.Add(Problem{File: r.f.Name, Row: r.row(), Column: column, Value: value, Code: code, Why: why, LeftOut: out})
}

// texts are the target columns that nothing is looked up by: bytes that are not UTF-8 do not
// spoil a row there.
var texts = map[string]bool{"name": true, "domain": true, "plan": true, "segment": true}

const textNotUTF8 = "the text is not UTF-8; it is read as Windows-1252, which may be wrong: save the file as UTF-8 (in Excel: CSV UTF-8)"

// bytes returns a cell; what is not UTF-8 spoils the row, but in a column of texts.
func (r *rows) bytes(target string) []byte {
	v, ok := r.f.layout.cells[target].value(r.fields)
	if !ok {
		r.bad(target, string(v), "choice_unknown", "the mapping does not say which column to take for this value; add it to from")
		return nil
	}
	for _, c := range v {
		if c >= utf8.RuneSelf || c == 0 {
			if !utf8.Valid(v) && texts[target] {
				v = []byte(fromWindows(v))
				r.odd(target, string(v), "text_not_utf8", textNotUTF8)
				break
			}
			if !utf8.Valid(v) {
				r.bad(target, string(v), "not_utf8", "the value has bytes that are not UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8)")
				return nil
			}
			if c == 0 {
				r.bad(target, string(v), "not_text", "the value has zero bytes in it")
				return nil
			}
		}
	}
	if len(v) > 1000 {
		r.bad(target, string(v[:200]), "too_long", "the value is longer than 1,000 bytes")
		return nil
	}
	return v
}

func (r *rows) text(target string) string { return string(r.bytes(target)) }

// said returns a cell as it was written, for a report.
func (r *rows) said(target string) string {
	v, _ := r.f.layout.cells[target].value(r.fields)
	return string(v)
}

// trait returns the text of a column that is kept as it is.
func (r *rows) trait(name string, v []byte) string {
	if !utf8.Valid(v) {
		v = []byte(fromWindows(v))
		r.odd(name, string(v), "text_not_utf8", textNotUTF8)
	}
	v = v[:min(len(v), 1000)]
	return strings.ToValidUTF8(strings.TrimSpace(string(v)), "\uFFFD")
}

// shared returns a cell as text that equal cells share, so that a million rows of a
// thousand accounts keep a thousand names.
func (r *rows) shared(target string) string {
	v := r.bytes(target)
	if len(v) == 0 {
		return ""
	}
	if s, ok := r.interned[string(v)]; ok {
		return s
	}
	s := string(v)
	if len(r.interned) < maxInterned {
		r.interned[s] = s
	}
	return s
}

func (r *rows) flag(target string) Flag {
	if r.f.layout.cells[target] == nil {
		return Unsaid
	}
	v := r.bytes(target)
	yes, known := truth(v)
	switch {
	case !known:
		r.odd(target, string(v), "flag_unknown", "is neither true nor false; it is taken as not said")
		return Unsaid
	case yes:
		return Yes
	}
	return No
}

// day reads a date. Ends beyond 2199 are how systems write "never" and count as open.
func (r *rows) day(target string, required bool) clock.Time {
	c := r.f.layout.cells[target]
	v := r.bytes(target)
	if len(v) == 0 || string(v) == "null" || string(v) == "NULL" {
		if required {
			r.bad(target, "", "date_missing", "the date is missing")
		}
		return 0
	}
	t, err := c.day(v)
	if err != nil {
		r.bad(target, string(v), "date_invalid", err.Error())
		return 0
	}
	if t >= clock.Time(84006)*clock.Day { // 2200-01-01
		if required {
			r.bad(target, string(v), "date_invalid", fmt.Sprintf("is after the year %d", lastYear))
		} else {
			r.odd(target, string(v), "end_far_away", fmt.Sprintf("is after the year %d; it is taken as no date", lastYear))
		}
		return 0
	}
	if c.nextDay {
		t += clock.Day
	}
	if t == 0 {
		t = 1 // 1970-01-01 itself: zero means unset
	}
	return t
}

// count reads a whole number of seats or the like; -1 when it is not given. It never spoils
// a row, as nothing is computed from it.
func (r *rows) count(target string) int64 {
	c := r.f.layout.cells[target]
	if c == nil {
		return -1
	}
	v := r.bytes(target)
	if len(v) == 0 {
		return -1
	}
	q, err := c.quantity(v)
	if err != nil || q < 0 || q%quantity.One != 0 {
		r.odd(target, string(v), "number_invalid", "is no whole number of zero or more; it is taken as not said")
		return -1
	}
	return int64(q / quantity.One)
}

func (r *rows) quantity(target string, required bool) quantity.Quantity {
	v := r.bytes(target)
	if len(v) == 0 {
		if required {
			r.bad(target, "", "number_missing", "the number is missing")
		}
		return 0
	}
	q, err := r.f.layout.cells[target].quantity(v)
	if err != nil {
		r.bad(target, string(v), codeOf(err, "number_invalid"), err.Error())
		return 0
	}
	if q < 0 {
		r.bad(target, string(v), "number_negative", "is below zero; usage is counted upwards")
		return 0
	}
	return q
}

func (r *rows) currency() money.Currency {
	if r.f.layout.cells["currency"] == nil {
		return DefaultCurrency
	}
	v := r.shared("currency")
	if cur := money.Currency(v); cur.Valid() {
		return cur
	}
	if cur := money.Currency(strings.ToUpper(v)); cur.Valid() {
		return cur
	}
	r.bad("currency", v, "currency_invalid", "is no three-letter code such as USD")
	return DefaultCurrency
}

func (r *rows) kind() ChargeKind {
	kind := Recurring
	switch v := strings.ToLower(r.shared("kind")); v {
	case "", "recurring", "subscription":
	case "one_off", "one-off", "oneoff", "one_time", "one-time", "onetime", "one time", "setup":
		kind = OneOff
	case "trial":
		kind = Trial
	default:
		r.bad("kind", v, "kind_invalid", "is neither recurring, one_off nor trial; say what it means under values in the mapping")
	}
	if kind == Recurring && r.flag("trial") == Yes {
		kind = Trial
	}
	return kind
}

func (r *rows) yearly(kind ChargeKind) bool {
	switch v := strings.ToLower(r.shared("interval")); v {
	case "", "month", "monthly":
		return false
	case "year", "yearly", "annual", "annually":
		return true
	default:
		if kind != OneOff {
			r.bad("interval", v, "interval_invalid", "is neither month nor year; say what it means under values in the mapping")
		}
		return false
	}
}

func (r *rows) amount(kind ChargeKind, cur money.Currency) money.Minor {
	v := r.bytes("amount")
	if len(v) == 0 {
		if kind != Trial {
			r.bad("amount", "", "amount_missing", "the amount is missing; write 0 for what is free")
		}
		return 0
	}
	m, err := r.f.layout.cells["amount"].money(v, cur)
	if err != nil {
		r.bad("amount", string(v), codeOf(err, "amount_invalid"), err.Error())
		return 0
	}
	if m < 0 {
		r.bad("amount", string(v), "amount_negative", "is below zero; enter a discount as a smaller amount of what it reduces")
		return 0
	}
	return m
}

func (r *rows) hash(b []byte) uint64 { return maphash.Bytes(r.seed, b) }

// repeated reports an id that occurred before. The same row again is left out; another row
// under the same id goes in, because two systems numbering alike is likelier than the same
// thing told differently.
func (r *rows) repeated(id string) (leaveOut bool) {
	if id == "" {
		return false
	}
	r.buf = r.buf[:0]
	for _, f := range r.fields {
		r.buf = append(append(r.buf, f...), 0x1f)
	}
	key, content := r.hash([]byte(id)), r.hash(r.buf)
	before, again := r.ids[key]
	switch {
	case !again:
		if len(r.ids) == maxIDs {
			r.odd("id", id, "ids_unchecked", fmt.Sprintf("from here on repeated ids are not looked for, after %d of them", maxIDs))
			r.ids[0] = 0 // told once: the map is one longer now
		} else if len(r.ids) < maxIDs {
			r.ids[key] = content
		}
		return false
	case before == content:
		r.bad("id", id, "row_repeated", "the same row occurs before; it is counted once")
		return true
	}
	r.odd("id", id, "id_repeated", "the id occurs before with other values; both rows are counted")
	return false
}
