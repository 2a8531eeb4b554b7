package replay

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/store"
)

// segmentDaysKept is how many days before its own a partition remembers fingerprints, and
// answersKept how long it keeps answers: at least so much is in the database.
const (
	segmentDaysKept = 37
	answersKept     = 35 * clock.Day
)

// shelf is a partition's database, in memory: what harvests put there, by key.
type shelf struct {
	accounts map[string][]byte
	days     map[int32][]event.Fingerprint
	answers  map[event.Fingerprint]engine.AnswerRow
	sets     map[string][]engine.SetRow  // by account, in the order in which they were written
	rows     map[string]map[string][]any // table → key → values in the order of columns
	columns  map[string][]string
	swept    int32 // day before which fingerprints were dropped
}

func newShelf() shelf {
	return shelf{accounts: make(map[string][]byte), days: make(map[int32][]event.Fingerprint),
		answers: make(map[event.Fingerprint]engine.AnswerRow), sets: make(map[string][]engine.SetRow), rows: make(map[string]map[string][]any), columns: make(map[string][]string)}
}

// keys are the columns that tell a table's rows apart.
var keys = map[string][]string{
	"timers": {"account"}, "accounts": {"account"}, "people": {"account", "pseudonym"}, "signals": {"account", "id"},
	"decisions": {"id"}, "outcomes": {"decision", "type", "at"}, "requests": {"id"}, "opportunities": {"id"},
	"ledger": {"account", "seq"}, "usage_periods": {"account", "meter", "start_at", "per"},
	"invites": {"id"}, "access_requests": {"id"}, "referrals": {"account", "program"}, "sign_ups": {"account"}, "survey_asks": {"id"},
	"milestones": {"account", "milestone"}, "stage_moves": {"account", "seq"}, "lifecycle": {"account"}, "readiness": {"account", "type"},
	"moments": {"id"}, "fact_changes": {"account", "seq"}, "gates": {"account", "feature"}, "value_lines": {"account", "metric", "start_at"},
	"contacts": {"account", "id", "released"}, "variants": {"account", "experiment"},
}

// row is a row by the names of its columns.
type row struct {
	columns []string
	values  []any
}

func rowOf(columns []string, values []any) row { return row{columns, values} }

func (r row) value(name string) any {
	for i, c := range r.columns {
		if c == name {
			return r.values[i]
		}
	}
	return nil
}

func (r row) text(name string) string { s, _ := r.value(name).(string); return s }
func (r row) int(name string) int64   { n, _ := r.value(name).(int64); return n }
func (r row) bytes(name string) []byte {
	b, _ := r.value(name).([]byte)
	return b
}

// key returns the values of the columns that tell the row apart, as one text.
func (r row) key(table string) string {
	var b strings.Builder
	for _, c := range keys[table] {
		switch v := r.value(c).(type) {
		case string:
			b.WriteString(strconv.Quote(v))
		case int64:
			b.WriteString(strconv.FormatInt(v, 10))
		}
		b.WriteByte(' ')
	}
	return strings.TrimSuffix(b.String(), " ")
}

// put takes a harvest as the database takes a checkpoint.
func (s *shelf) put(c *engine.Checkpoint) error {
	rows, err := store.Projection(c)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if keys[r.Table] == nil {
			continue // kept below, or of nobody's: the outbox is on its way
		}
		for _, values := range r.Values {
			s.set(r.Table, r.Columns, values)
		}
	}
	for i := range c.Accounts {
		a := &c.Accounts[i]
		s.accounts[a.Key] = a.State
		for _, p := range a.People {
			if p.Into != "" {
				s.dropPseudonym(p.Pseudonym)
			}
		}
	}
	for _, row := range c.Sets {
		s.sets[row.Account] = engine.KeepSet(s.sets[row.Account], row)
	}
	for _, a := range c.Answers {
		s.answers[a.Fingerprint] = a
	}
	for _, g := range c.Segments {
		s.days[g.Day] = append(s.days[g.Day], g.Fingerprints...)
	}
	if oldest := c.Now.Day() - segmentDaysKept; oldest > s.swept {
		s.swept = oldest
		for day := range s.days {
			if day < oldest && day != engine.ImportDay {
				delete(s.days, day)
			}
		}
		for fp, a := range s.answers {
			if a.At < c.Now-answersKept {
				delete(s.answers, fp)
			}
		}
	}
	return nil
}

func (s *shelf) set(table string, columns []string, values []any) {
	if s.rows[table] == nil {
		s.rows[table] = make(map[string][]any)
	}
	if s.columns[table] == nil {
		s.columns[table] = columns
	}
	r := rowOf(columns, values)
	key := r.key(table)
	if (table == "ledger" || table == "value_lines") && s.rows[table][key] != nil {
		return // lines are never written over
	}
	s.rows[table][key] = inOrder(s.columns[table], r)
}

// inOrder returns the row's values in the order of columns.
func inOrder(columns []string, r row) []any {
	out := make([]any, len(columns))
	for i, c := range columns {
		out[i] = r.value(c)
	}
	return out
}

func (s *shelf) dropPseudonym(pseudonym string) {
	for key, values := range s.rows["people"] {
		if rowOf(s.columns["people"], values).text("pseudonym") == pseudonym {
			delete(s.rows["people"], key)
		}
	}
}

// fetch gives the state what it needs.
func (s *shelf) fetch(state *engine.State, need engine.Needs) error {
	for _, key := range need.Accounts {
		if err := state.LoadAccount(key, s.accounts[key]); err != nil {
			return err
		}
	}
	for _, key := range need.Sets {
		if err := state.LoadSets(key, s.sets[key]); err != nil {
			return err
		}
	}
	for _, day := range need.Days {
		state.LoadDay(day, s.days[day])
	}
	for _, call := range need.Answers {
		var stored *engine.AnswerRow
		if a, kept := s.answers[call.Fingerprint]; kept {
			stored = &a
		}
		if err := state.LoadAnswer(call, stored); err != nil {
			return err
		}
	}
	return nil
}

// load fills partitions from tables.
func load(ctx context.Context, from Rows, parts []*partition) error {
	of := func(key string) *partition { return parts[event.Partition(key, len(parts))] }
	at := func(r row, column string) (*partition, error) {
		n := r.int(column)
		if n < 0 || n >= int64(len(parts)) {
			return nil, fmt.Errorf("a row of partition %d, of %d", n, len(parts))
		}
		return parts[n], nil
	}
	return from(ctx, func(table string, columns []string, values []any) error {
		r := rowOf(columns, values)
		var p *partition
		var err error
		switch table {
		case "partitions":
			if p, err = at(r, "partition"); err == nil {
				p.start.position, p.start.now = uint64(r.int("position")), clock.Time(r.int("now"))
				p.start.catalog, p.start.rules = r.text("catalog"), int(r.int("rules"))
			}
		case "account_states":
			if p, err = at(r, "partition"); err == nil {
				p.shelf.accounts[r.text("account")] = r.bytes("state")
			}
		case "account_sets":
			if p, err = at(r, "partition"); err == nil {
				row := setOf(r)
				p.shelf.sets[row.Account] = append(p.shelf.sets[row.Account], row)
			}
		case "timers":
			if p, err = at(r, "partition"); err == nil {
				if due := r.int("next_due"); due > 0 {
					p.start.dues[r.text("account")] = clock.Time(due)
				}
				p.shelf.set(table, columns, values)
			}
		case "dedup_segments":
			if p, err = at(r, "partition"); err == nil {
				day := int32(r.int("day"))
				p.shelf.days[day] = append(p.shelf.days[day], fingerprints(r.bytes("fingerprints"))...)
			}
		case "answers":
			if p, err = at(r, "partition"); err == nil {
				a := answerOf(r)
				p.shelf.answers[a.Fingerprint] = a
			}
		case "catalogs":
			if len(parts) > 0 {
				parts[0].catalogs.put(r.text("version"), r.text("body"))
			}
		default:
			if keys[table] != nil {
				of(partitionKey(table, r)).shelf.set(table, columns, values)
			}
		}
		return err
	})
}

// partitionKey is the key whose partition wrote the row.
func partitionKey(table string, r row) string {
	if table == "people" || table == "survey_asks" {
		return event.UserKey(r.text("pseudonym"))
	}
	return r.text("account")
}

func setOf(r row) engine.SetRow {
	return engine.SetRow{Account: r.text("account"), Meter: r.text("meter"), Spilled: meter.Spilled{
		Window: catalog.Period(r.text("per")), Start: clock.Time(r.int("start_at")), Data: r.bytes("data")}}
}

func answerOf(r row) engine.AnswerRow {
	a := engine.AnswerRow{Account: r.text("account"), At: clock.Time(r.int("at")), Request: r.bytes("request"), Answer: r.bytes("answer")}
	copy(a.Fingerprint[:], r.bytes("fingerprint"))
	return a
}

func fingerprints(b []byte) []event.Fingerprint {
	const size = len(event.Fingerprint{})
	out := make([]event.Fingerprint, 0, len(b)/size)
	for ; len(b) >= size; b = b[size:] {
		out = append(out, event.Fingerprint(b[:size]))
	}
	return out
}
