package replay

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// compare holds what is stored against the shelves. What is found equal is taken off the
// shelves, so that what stays there at the end is missing from the database.
func compare(ctx context.Context, s Source, parts []*partition, r *Report) error {
	for _, p := range parts {
		if err := p.harvest(); err != nil {
			return err
		}
	}
	c := &comparison{parts: parts, report: r, stored: make([]map[int32][]event.Fingerprint, len(parts))}
	for i := range c.stored {
		c.stored[i] = make(map[int32][]event.Fingerprint)
	}
	err := s.Stored(ctx, func(table string, columns []string, values []any) error {
		row := rowOf(columns, values)
		switch table {
		case "partitions":
			return c.partition(row)
		case "account_states":
			return c.account(row)
		case "account_sets":
			n, err := c.at(row)
			if err == nil {
				x := c.members(n, row.text("account"))
				x.rows = append(x.rows, setOf(row))
				r.Rows++
			}
			return err
		case "dedup_segments":
			n, err := c.at(row)
			if err == nil {
				day := int32(row.int("day"))
				c.stored[n][day] = append(c.stored[n][day], fingerprints(row.bytes("fingerprints"))...)
				r.Rows++
			}
			return err
		case "answers":
			return c.answer(row)
		}
		if keys[table] != nil {
			c.row(table, columns, values)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	c.sets()
	c.missing()
	return nil
}

type comparison struct {
	parts  []*partition
	report *Report
	stored []map[int32][]event.Fingerprint // by partition and day
	large  map[string]*large               // by account: those that have members outside of their state
}

// large is what is stored of an account that has members outside of its state.
type large struct {
	partition int64
	state     []byte
	rows      []engine.SetRow
}

func (c *comparison) members(partition int64, account string) *large {
	if c.large == nil {
		c.large = make(map[string]*large)
	}
	if c.large[account] == nil {
		c.large[account] = &large{partition: partition}
	}
	return c.large[account]
}

func (c *comparison) at(r row) (int64, error) {
	n := r.int("partition")
	if n < 0 || n >= int64(len(c.parts)) {
		return 0, fmt.Errorf("a row of partition %d, of %d", n, len(c.parts))
	}
	return n, nil
}

func (c *comparison) differs(d Difference) {
	c.report.Different++
	if len(c.report.Differences) < MaxDifferences {
		d.Stored, d.Replayed = fault.Shorten(d.Stored), fault.Shorten(d.Replayed)
		c.report.Differences = append(c.report.Differences, d)
	}
}

// partition compares what a partition as a whole is.
func (c *comparison) partition(r row) error {
	n, err := c.at(r)
	if err != nil {
		return err
	}
	c.report.Rows++
	st := c.parts[n].state
	if r.int("position") == 0 {
		return nil // nothing was stepped; the numbers of rules is not set either
	}
	for _, f := range []struct{ field, stored, replayed string }{
		{"time", clock.Time(r.int("now")).String(), st.Now.String()},
		{"catalog", r.text("catalog"), st.Catalog},
		{"rules", fmt.Sprint(r.int("rules")), fmt.Sprint(st.Rules)},
	} {
		if f.stored != f.replayed {
			c.differs(Difference{Partition: int(n), Table: "partitions", Field: f.field, Stored: f.stored, Replayed: f.replayed})
		}
	}
	return nil
}

// account compares the state of an account.
func (c *comparison) account(r row) error {
	n, err := c.at(r)
	if err != nil {
		return err
	}
	key, stored := r.text("account"), r.bytes("state")
	p := c.parts[n]
	replayed, known := p.shelf.accounts[key]
	delete(p.shelf.accounts, key)
	c.report.Accounts++
	c.report.Rows++
	if len(p.shelf.sets[key]) > 0 {
		c.members(n, key).state = stored
	}
	if bytes.Equal(stored, replayed) {
		return nil
	}
	d := Difference{Partition: int(n), Table: "account_states", Account: key}
	if !known {
		d.Stored, d.Replayed = "that it exists", "that it does not"
		c.differs(d)
		return nil
	}
	was, err := decoded(key, stored)
	if err != nil {
		d.Stored, d.Replayed = "what cannot be read: "+err.Error(), "a whole state"
		c.differs(d)
		return nil //nolint:nilerr // told as a difference
	}
	is, err := decoded(key, replayed)
	if err != nil {
		return err
	}
	before := c.report.Different
	for _, f := range differing(was, is) {
		d.Field, d.Stored, d.Replayed = f.path, f.a, f.b
		c.differs(d)
	}
	if c.report.Different == before {
		d.Field, d.Stored, d.Replayed = "encoding", hex.EncodeToString(stored), hex.EncodeToString(replayed)
		c.differs(d)
	}
	return nil
}

// decoded returns the fields of a stored account.
func decoded(key string, stored []byte) ([]Field, error) {
	st := engine.NewState(0, 0, 0, "", 0, nil)
	if err := st.LoadAccount(key, stored); err != nil {
		return nil, err
	}
	return fieldsOf(st.Account(key)), nil
}

// sets holds the members that lie outside of accounts' states against those states, which
// know their number and digest. How they are cut into rows depends on when checkpoints were made.
func (c *comparison) sets() {
	for _, key := range slices.Sorted(maps.Keys(c.large)) {
		x := c.large[key]
		d := Difference{Partition: int(x.partition), Table: "account_sets", Account: key}
		if x.state == nil {
			d.Stored, d.Replayed = "that there are members outside of its state", "that there are none"
			c.differs(d)
			continue
		}
		st := engine.NewState(0, 0, 0, "", 0, nil)
		err := st.LoadAccount(key, x.state)
		if err == nil {
			err = st.LoadSets(key, x.rows)
		}
		if err != nil {
			d.Stored, d.Replayed = "what does not fit: "+err.Error(), "all members"
			c.differs(d)
		}
	}
}

// answer compares what a call was told.
func (c *comparison) answer(r row) error {
	n, err := c.at(r)
	if err != nil {
		return err
	}
	stored, p := answerOf(r), c.parts[n]
	c.report.Rows++
	replayed, known := p.shelf.answers[stored.Fingerprint]
	delete(p.shelf.answers, stored.Fingerprint)
	d := Difference{Partition: int(n), Table: "answers", Account: stored.Account, Field: "call " + hex.EncodeToString(stored.Fingerprint[:])}
	switch {
	case !known && stored.At < p.state.Now-answersKept: // about to be swept
	case !known:
		d.Stored, d.Replayed = string(stored.Answer), "that there was no such call"
		c.differs(d)
	case !bytes.Equal(stored.Answer, replayed.Answer):
		d.Stored, d.Replayed = string(stored.Answer), string(replayed.Answer)
		c.differs(d)
	case stored.At != replayed.At || !bytes.Equal(stored.Request, replayed.Request) || stored.Account != replayed.Account:
		d.Stored, d.Replayed = fmt.Sprintf("%s at %s, request %x", stored.Account, stored.At, stored.Request),
			fmt.Sprintf("%s at %s, request %x", replayed.Account, replayed.At, replayed.Request)
		c.differs(d)
	}
	return nil
}

// row compares a row of a list.
func (c *comparison) row(table string, columns []string, values []any) {
	r := rowOf(columns, values)
	p := c.parts[event.Partition(partitionKey(table, r), len(c.parts))]
	c.report.Rows++
	key := r.key(table)
	replayed, known := p.shelf.rows[table][key]
	delete(p.shelf.rows[table], key)
	d := Difference{Partition: p.n, Table: table, Account: r.text("account")}
	if !known && resting(table, r) {
		return
	}
	if !known {
		d.Field, d.Stored, d.Replayed = "row "+key, "that it exists", "that it does not"
		c.differs(d)
		return
	}
	for i, name := range p.shelf.columns[table] {
		a, b := r.value(name), replayed[i]
		if same(a, b) || !slices.Contains(columns, name) { // an older backup does not have every column
			continue
		}
		if name == "document" || name == "traits" {
			for _, f := range differing(documentFields(a), documentFields(b)) {
				d.Field, d.Stored, d.Replayed = "row "+key+", "+f.path, f.a, f.b
				c.differs(d)
			}
			continue
		}
		d.Field, d.Stored, d.Replayed = "row "+key+", "+name, shown(a), shown(b)
		c.differs(d)
	}
}

// resting says whether a row says the same as none: an account without a timer has one
// only if it had a timer when some checkpoint was made.
func resting(table string, r row) bool { return table == "timers" && r.int("next_due") == 0 }

func same(a, b any) bool {
	if x, ok := a.([]byte); ok {
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	}
	if _, ok := b.([]byte); ok {
		return false
	}
	return a == b
}

func shown(v any) string {
	switch v := v.(type) {
	case []byte:
		return "bytes " + hex.EncodeToString(v)
	case string:
		return fmt.Sprintf("%q", v)
	default:
		return fmt.Sprint(v)
	}
}

// documentFields opens a JSON document.
func documentFields(v any) []Field {
	text, _ := v.(string)
	var document any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&document); err != nil {
		return []Field{{Path: "document", Value: text}}
	}
	return fieldsOf(document)
}

// missing reports what the log says and the database does not hold.
func (c *comparison) missing() {
	for _, p := range c.parts {
		for _, key := range slices.Sorted(maps.Keys(p.shelf.accounts)) {
			c.differs(Difference{Partition: p.n, Table: "account_states", Account: key, Stored: "that it does not exist", Replayed: "that it does"})
		}
		for _, a := range p.shelf.answers {
			if a.At >= p.state.Now-answersKept {
				c.differs(Difference{Partition: p.n, Table: "answers", Account: a.Account, Field: "call " + hex.EncodeToString(a.Fingerprint[:]),
					Stored: "that there was no such call", Replayed: string(a.Answer)})
			}
		}
		for _, table := range slices.Sorted(maps.Keys(p.shelf.rows)) {
			for _, key := range slices.Sorted(maps.Keys(p.shelf.rows[table])) {
				r := rowOf(p.shelf.columns[table], p.shelf.rows[table][key])
				if resting(table, r) {
					continue
				}
				c.differs(Difference{Partition: p.n, Table: table, Account: r.text("account"), Field: "row " + key,
					Stored: "that it does not exist", Replayed: "that it does"})
			}
		}
		c.fingerprints(p)
	}
}

// fingerprints compares what is remembered for counting once, day by day.
func (c *comparison) fingerprints(p *partition) {
	days := maps.Clone(p.shelf.days)
	stored := c.stored[p.n]
	for day := range stored {
		days[day] = p.shelf.days[day]
	}
	oldest := p.state.Now.Day() - segmentDaysKept
	for _, day := range slices.Sorted(maps.Keys(days)) {
		if day < oldest && day != engine.ImportDay {
			continue // may have been swept already
		}
		was, is := sorted(stored[day]), sorted(days[day])
		more, less := without(was, is), without(is, was)
		name := "day " + clock.Time(int64(day)*int64(clock.Day)).Std().Format("2006-01-02")
		if day == engine.ImportDay {
			name = "imports"
		}
		if more > 0 {
			c.differs(Difference{Partition: p.n, Table: "dedup_segments", Field: name,
				Stored: fmt.Sprintf("that %d records were counted", more), Replayed: "that they never came"})
		}
		if less > 0 {
			c.differs(Difference{Partition: p.n, Table: "dedup_segments", Field: name,
				Stored: fmt.Sprintf("nothing of %d records", less), Replayed: "that they were counted"})
		}
	}
}

func sorted(f []event.Fingerprint) []event.Fingerprint {
	f = slices.Clone(f)
	slices.SortFunc(f, func(a, b event.Fingerprint) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(f)
}

// without counts what is in a and not in b, both sorted.
func without(a, b []event.Fingerprint) (n int) {
	for _, f := range a {
		for len(b) > 0 && bytes.Compare(b[0][:], f[:]) < 0 {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != f {
			n++
		}
	}
	return n
}
