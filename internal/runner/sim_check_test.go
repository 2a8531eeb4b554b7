package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/event"
)

// This file is the checker. It counts by itself, in plain Go, from what clients sent and
// were told and from what stands in the log; it knows nothing of the engine.

// tally is an account as the checker counts it.
type tally struct {
	anchor   time.Time
	plan     string
	speakers int64
	emails   map[int]int64 // by billing month since the anchor
	exports  map[int]int64
}

// month numbers the billing months since the anchor, which is on no day later than the 28th.
func (a *tally) month(at time.Time) int {
	n := (at.Year()-a.anchor.Year())*12 + int(at.Month()-a.anchor.Month())
	for a.start(n).After(at) {
		n--
	}
	for !a.start(n + 1).After(at) {
		n++
	}
	return n
}

func (a *tally) start(month int) time.Time { return a.anchor.AddDate(0, month, 0) }

// book is what the checker finds in a partition.
type book struct {
	w        *world
	accounts map[string]*tally
	now      time.Time
	base     int64                       // exports of plan base by the active catalog
	seen     map[string]map[int64]string // by source and id: the days it is kept under, and what was answered
	owners   map[string]string           // account of a person
	held     map[string][]event.Record   // of a person whose account is not known
	due      map[string]int              // records that must come of what people did, by account
	members  map[string]int              // records that must come of who people are, by account
}

const dayOf = 24 * 60 * 60 * 1_000_000

// repeated says whether the record was there before, and remembers it.
func (b *book) repeated(r *event.Record) (before string, is bool) {
	if r.ID == "" {
		return "", false
	}
	id := strconv.Quote(r.Source) + r.ID
	day := int64(r.At) / dayOf
	days := []int64{day}
	switch {
	case strings.HasPrefix(r.Source, "headroom:"):
		day = int64(r.ReceivedAt) / dayOf
		days = []int64{day, day - 1}
	case r.At == 0:
		day = b.now.UnixMicro() / dayOf
		days = []int64{day, day - 1}
	case r.Source == "segment":
		days = []int64{day, day - 1, day + 1}
	}
	for _, d := range days {
		if answer, there := b.seen[id][d]; there {
			return answer, true
		}
	}
	if b.seen[id] == nil {
		b.seen[id] = map[int64]string{}
	}
	b.seen[id][day] = ""
	return "", false
}

// take counts one record.
func (b *book) take(r event.Record) error {
	if at := time.UnixMicro(int64(r.ReceivedAt)).UTC(); at.After(b.now) {
		b.now = at
	}
	if _, again := b.repeated(&r); again {
		return nil
	}
	if person, is := strings.CutPrefix(r.Key, "\x01user:"); is {
		if r.Kind == event.KindPerson {
			account := simAccounts[slices.Index(simPeople, person)]
			if b.owners[person] == "" { // said again, it is no news to the account
				b.members[account]++
			}
			b.owners[person] = account
		} else {
			b.held[person] = append(b.held[person], r)
		}
		if b.owners[person] != "" {
			b.due[b.owners[person]] += len(b.held[person])
			b.held[person] = nil
		}
		return nil
	}
	switch r.Source {
	case "headroom:forward":
		b.due[r.Key]--
	case "headroom:member":
		b.members[r.Key]--
	}
	a := b.accounts[r.Key]
	if a == nil && r.Key != "" {
		a = &tally{emails: map[int]int64{}, exports: map[int]int64{}}
		b.accounts[r.Key] = a
	}
	switch r.Kind {
	case event.KindCatalog:
		b.base = 3
		if r.Type == simTexts[5] {
			b.base = 5
		}
	case event.KindSubscription:
		var body struct{ Change struct{ Plan string } }
		if err := json.Unmarshal(r.Body, &body); err != nil || body.Change.Plan == "" {
			return fmt.Errorf("subscription %s: %v", r.Body, err)
		}
		if a.plan == "" {
			a.anchor = b.now
		}
		a.plan = body.Change.Plan
	case event.KindConsume:
		return b.consume(a, &r)
	case event.KindEvent:
		b.count(a, &r)
	}
	return nil
}

func (b *book) consume(a *tally, r *event.Record) error {
	var body struct {
		Quantity json.Number `json:"quantity"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return err
	}
	q, err := strconv.ParseInt(strings.TrimSuffix(body.Quantity.String(), ".0"), 10, 64)
	if err != nil {
		return err
	}
	limit := b.base
	if a.plan == "plus" {
		limit += 4
	}
	m := a.month(b.now)
	allowed := a.exports[m]+q <= limit
	if allowed {
		a.exports[m] += q
	}
	for _, req := range b.w.clients.requests {
		if req.rec.ID != r.ID || req.rec.Source != r.Source {
			continue
		}
		for _, heard := range req.told {
			var answer struct{ Allowed bool }
			if err := json.Unmarshal([]byte(heard), &answer); err != nil {
				return fmt.Errorf("consume %s of %s was answered %s", r.ID, r.Key, heard)
			}
			if answer.Allowed != allowed {
				return fmt.Errorf("consume %s of %s: %d of %d were taken in the month, %d more was answered %s", r.ID, r.Key, a.exports[m], limit, q, heard)
			}
		}
	}
	return nil
}

func (b *book) count(a *tally, r *event.Record) {
	switch r.Type {
	case "speaker.added":
		a.speakers++
	case "speaker.removed":
		a.speakers--
	case "email.sent":
		n, err := strconv.ParseInt(r.Props[0].Value.Text, 10, 64)
		if err != nil {
			panic(err) // the client made it
		}
		at := b.now
		if r.At != 0 && r.At < r.ReceivedAt || r.At != 0 && time.UnixMicro(int64(r.At)).Before(b.now) {
			at = time.UnixMicro(int64(r.At)).UTC()
		} else if r.At == 0 && time.UnixMicro(int64(r.ReceivedAt)).Before(b.now) {
			at = time.UnixMicro(int64(r.ReceivedAt)).UTC()
		}
		m := a.month(at)
		if !b.now.Before(a.start(m + 1).Add(time.Hour)) { // closed: an adjustment of the month that is open
			m = a.month(b.now)
		}
		a.emails[m] += n
	}
}

// led says whether the engine itself may have sent the record: what a person did, or that they
// belong to the account. How many there must be of each, the books say.
func led(r *event.Record) bool {
	i := slices.Index(simPeople, r.User)
	switch {
	case i < 0 || r.Key != simAccounts[i]:
		return false
	case r.Source == "headroom:forward":
		return r.Kind == event.KindEvent && r.Type == "speaker.added"
	default:
		return r.Source == "headroom:member" && r.Kind == event.KindMember && string(r.Body) == "{}"
	}
}

// records returns what of a message is for the partition, in the order it stands there.
func records(m simMessage, partition int) ([]event.Record, error) {
	var out []event.Record
	err := event.Sections(string(m.bytes), func(n int, section string) error {
		for rest := []byte(section); len(rest) > 0; {
			var r event.Record
			var err error
			if r, rest, err = event.DecodeRecord(rest); err != nil {
				return err
			}
			if n == partition || n == event.AllPartitions {
				out = append(out, r)
			}
		}
		return nil
	})
	return out, err
}

// check compares what was acknowledged, what stands in the log, what is stored and what
// nodes show, and returns the first thing that is not as it must be.
func (w *world) check() error {
	books := make([]*book, w.partitions)
	due, members := map[string]int{}, map[string]int{}
	inLog := map[string]bool{}
	for p := range books {
		b := &book{w: w, accounts: map[string]*tally{}, seen: map[string]map[int64]string{}, owners: map[string]string{}, held: map[string][]event.Record{}, due: due, members: members}
		books[p] = b
		for i := range w.log {
			all, err := records(w.log[i], p)
			if err != nil {
				return err
			}
			for _, r := range all {
				bare := r
				bare.ReceivedAt = 0
				key := string(event.AppendRecord(nil, &bare))
				if r.Kind != event.KindTick && !led(&r) && !w.clients.sent[key] {
					return fmt.Errorf("position %d holds what nobody sent: %+v", i+1, r)
				}
				inLog[key] = true
				if err := b.take(r); err != nil {
					return fmt.Errorf("position %d: %w", i+1, err)
				}
			}
		}
	}
	for account, n := range due {
		if n != 0 {
			return fmt.Errorf("of what people of %s did before they were known, %d are missing in the log", account, n)
		}
	}
	for account, n := range members {
		if n != 0 {
			return fmt.Errorf("of the people who belong to %s, %d are missing in the log", account, n)
		}
	}
	for _, r := range w.clients.requests {
		bare := r.rec
		bare.ReceivedAt = 0
		if r.acked && !inLog[string(event.AppendRecord(nil, &bare))] {
			return fmt.Errorf("acknowledged and not in the log: %+v", r.rec)
		}
		for _, heard := range r.told {
			if heard != r.told[0] {
				return fmt.Errorf("%s %s %s was answered\n%s\nand later\n%s", r.rec.Kind, r.rec.Key, r.rec.ID, r.told[0], heard)
			}
		}
	}
	for _, b := range books {
		for key, a := range b.accounts {
			if err := w.usageIs(key, a, b); err != nil {
				return err
			}
		}
	}
	return w.replay()
}

// usageIs compares the checker's count with what the account's owner shows and what was
// stored of months that are over.
func (w *world) usageIs(key string, a *tally, b *book) error {
	n := w.owner(key)
	var shown []struct {
		Feature string
		Usage   json.Number
	}
	err := n.runner.Read(context.Background(), key, uint64(len(w.log)), func(v View) error {
		return json.Unmarshal([]byte(digest(v.Account, v.Catalog, v.State.Now)), &shown)
	})
	if err != nil {
		return err
	}
	month := a.month(b.now)
	var ever int64
	for _, n := range a.emails {
		ever += n
	}
	want := map[string]int64{"speakers": max(0, a.speakers), "emails": a.emails[month], "ever": ever, "exports": a.exports[month]}
	for _, f := range shown {
		if f.Usage.String() != strconv.FormatInt(want[f.Feature], 10) {
			return fmt.Errorf("%s has %s %s; counted by hand %d", key, f.Usage, f.Feature, want[f.Feature])
		}
	}
	for meter, months := range map[string]map[int]int64{"emails": a.emails, "exports": a.exports} {
		rows, err := rowsOf(w.db, "SELECT start_at, usage FROM usage_periods WHERE account = '"+key+"' AND meter = '"+meter+"'")
		if err != nil {
			return err
		}
		var want []string
		for m, n := range months {
			if n != 0 && !b.now.Before(a.start(m+1).Add(time.Hour)) {
				want = append(want, fmt.Sprintf("start_at=\"%d\" usage=\"%d\" ", a.start(m).UnixMicro(), n*1_000_000))
			}
		}
		slices.Sort(want)
		if !slices.Equal(rows, want) {
			return fmt.Errorf("%s used of %s in the months that are over %s; counted by hand %s", key, meter, rows, want)
		}
	}
	return nil
}
