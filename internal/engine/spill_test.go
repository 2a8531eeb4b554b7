package engine_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

const membersText = `
version: 1
currency: USD
meters: {visitors: {event: visit, aggregate: unique, property: who}}
features: {visitors: {meter: visitors}}
plans: {base: {price: {month: "1"}, entitlements: {visitors: {limit: 100000, per: month}}}}
`

// shelf is a database of accounts and of members outside of their states.
type shelf struct {
	accounts map[string][]byte
	sets     map[string][]engine.SetRow
	written  int // bytes of sets
}

func (d *shelf) put(c *engine.Checkpoint) {
	for _, a := range c.Accounts {
		d.accounts[a.Key] = a.State
	}
	for _, row := range c.Sets {
		d.written += len(row.Data)
		d.sets[row.Account] = engine.KeepSet(d.sets[row.Account], row)
	}
}

func (d *shelf) load(t *testing.T, s *engine.State, r event.Record) {
	for need := s.Needs([]event.Record{r}); !need.Empty(); need = s.Needs([]event.Record{r}) {
		for _, key := range need.Accounts {
			if err := s.LoadAccount(key, d.accounts[key]); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range need.Sets {
			if err := s.LoadSets(key, d.sets[key]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// visited counts that many different visitors, one record each, with a harvest every so many
// records and a restart after every so many harvests (0: none).
func visited(t *testing.T, visitors, harvestEvery, restartEvery int) (*shelf, *engine.State, *catalog.Catalog) {
	c := parse(t, membersText)
	d := &shelf{accounts: map[string][]byte{}, sets: map[string][]engine.SetRow{}}
	s := engine.NewState(0, 0, 0, c.Version, 1, nil)
	for i := range visitors {
		at := start + clock.Time(i)*clock.Second
		r := event.Record{Kind: event.KindEvent, Type: "visit", Key: "acme", At: at, ReceivedAt: at,
			Props: []event.Prop{{Name: "who", Value: event.Value{Kind: event.String, Text: fmt.Sprint("v", i)}}}}
		d.load(t, s, r)
		engine.Step(s, &r, c)
		if s.Position++; (i+1)%harvestEvery == 0 || i == visitors-1 {
			d.put(s.Harvest(c))
			if restartEvery > 0 && (i+1)/harvestEvery%restartEvery == 0 {
				s = engine.NewState(0, s.Position, s.Now, c.Version, 1, map[string]clock.Time{"acme": s.NextDue()})
			}
		}
	}
	return d, s, c
}

func TestMembersBeyondTheStateLieOutsideAndCountTheSame(t *testing.T) {
	for _, c := range []struct {
		name     string
		visitors int
		rows     int // at least
		exact    bool
	}{
		{"as many as the state takes", meter.MaxInState, 0, true},
		{"one more", meter.MaxInState + 1, 2, true},
		{"more than one row", 3000, 2, true},
		{"as many as are kept", meter.MaxExact, 2, true},
		{"more than are kept", 12_000, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain, _, _ := visited(t, c.visitors, c.visitors, 0)
			busy, s, cat := visited(t, c.visitors, 100, 3)
			if !bytes.Equal(plain.accounts["acme"], busy.accounts["acme"]) {
				t.Fatalf("the state depends on when it was written: %d and %d bytes", len(plain.accounts["acme"]), len(busy.accounts["acme"]))
			}
			if n := len(busy.accounts["acme"]); c.visitors > meter.MaxInState && n > 700 {
				t.Errorf("the state has %d bytes", n)
			}
			if n := len(busy.sets["acme"]); n < c.rows {
				t.Errorf("%d rows outside", n)
			}
			end := event.Record{Kind: event.KindTick, ReceivedAt: s.Now}
			busy.load(t, s, end)
			if s.Account("acme") == nil { // restarted: reading needs the state only
				if err := s.LoadAccount("acme", busy.accounts["acme"]); err != nil {
					t.Fatal(err)
				}
			}
			r := meter.Read(s.Account("acme").Usage["visitors"], cat.Meters["visitors"], catalog.Month, subscription.Calendar{}, s.Now)
			if off := r.Value - quantity.Of(int64(c.visitors)); r.Approximate == c.exact || c.exact && off != 0 || max(off, -off) > quantity.Of(int64(c.visitors)/25) {
				t.Errorf("%s visitors, approximate %v", r.Value, r.Approximate)
			}
		})
	}
}

func TestRowsOfMembersGoAwayWithTheirWindow(t *testing.T) {
	d, s, c := visited(t, 1000, 100, 0)
	count := func() (month, life int) {
		for _, row := range d.sets["acme"] {
			if row.Window == catalog.Month {
				month++
			} else {
				life++
			}
		}
		return month, life
	}
	if month, life := count(); month == 0 || life == 0 {
		t.Fatalf("%d rows of the month and %d of the life", month, life)
	}
	later := event.Record{Kind: event.KindTick, ReceivedAt: s.Now + 60*clock.Day}
	d.load(t, s, later)
	engine.Step(s, &later, c)
	s.Position++
	d.put(s.Harvest(c))
	if month, life := count(); month != 0 || life == 0 {
		t.Fatalf("%d rows of the month and %d of the life, two months later", month, life)
	}
}

func TestMissingRowsOfMembersAreNoticed(t *testing.T) {
	d, s, _ := visited(t, 1000, 100, 0)
	s = engine.NewState(0, s.Position, s.Now, s.Catalog, 1, nil)
	if err := s.LoadAccount("acme", d.accounts["acme"]); err != nil {
		t.Fatal(err)
	}
	if err := s.LoadSets("acme", d.sets["acme"][1:]); err == nil {
		t.Error("a row is missing and nobody says so")
	}
}

func TestACheckpointWritesTheNewMembersOnly(t *testing.T) {
	d, _, _ := visited(t, 9000, 300, 0)
	// Two sets (month and life) of 9 bytes a member, the whole written once every 32 rows.
	if d.written > 3*2*9*9000 {
		t.Errorf("%d bytes were written for 9,000 members", d.written)
	}
}
