package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

const (
	// A partition's changes are put on the shelf after harvestLeast records, and with many
	// accounts after harvestPer for each of them, harvestMost at the most: seldom, as encoding an account
	// costs more than an event of it, and not too seldom, as an account that was encoded
	// since its last change is stepped faster.
	harvestLeast, harvestPer, harvestMost = 10_000, 8, 250_000
	// keepAccounts is how many accounts a partition keeps decoded after a harvest.
	keepAccounts = 200_000
)

// partition steps one partition against a shelf in the place of the database.
type partition struct {
	n     int
	to    uint64     // position to come to
	until clock.Time // stop before the first record after this time; zero: none
	over  bool       // until was reached

	state    *engine.State
	cat      *catalog.Catalog
	catalogs *catalogs
	shelf    shelf
	start    start
	tested   *tested // a backtest's; nil: a replay

	waiting         []section // of the chunk at hand
	decoded         event.Records
	since           int // records since the last harvest
	records, events int64
}

// start is where a partition begins.
type start struct {
	position uint64
	now      clock.Time
	catalog  string
	rules    int
	dues     map[string]clock.Time
}

func newPartition(n int64, to uint64, c *catalogs) *partition {
	return &partition{n: int(n), to: to, catalogs: c, shelf: newShelf(), start: start{dues: make(map[string]clock.Time)}}
}

// open makes the state from what was loaded.
func (p *partition) open() (err error) {
	p.state = engine.NewState(p.n, p.start.position, p.start.now, p.start.catalog, p.start.rules, p.start.dues)
	p.cat, err = p.catalogs.get(p.start.catalog)
	return err
}

// section is a part of a log message for one partition, or for all.
type section struct {
	position uint64
	records  string
}

// apply steps a section.
func (p *partition) apply(ctx context.Context, one section, discard bool) error {
	if one.position <= p.state.Position || one.position > p.to || p.over {
		return nil
	}
	p.decoded.Reset()
	if err := p.decoded.Decode(one.records); err != nil {
		return err
	}
	records := p.decoded.List
	for i := range records {
		if p.until != 0 && records[i].ReceivedAt > p.until {
			p.over, records = true, records[:i]
			break
		}
		if records[i].Kind == event.KindEvent {
			p.events++
		}
	}
	p.records += int64(len(records))
	if discard {
		return ctx.Err()
	}
	return p.step(ctx, records)
}

func (p *partition) step(ctx context.Context, records []event.Record) error {
	if p.tested != nil {
		return p.try(ctx, records)
	}
	if err := p.load(records); err != nil {
		return err
	}
	for i := range records {
		if err := p.one(&records[i]); err != nil {
			return err
		}
	}
	if p.since += len(records); p.since < min(max(harvestLeast, harvestPer*len(p.shelf.accounts)), harvestMost) {
		return ctx.Err()
	}
	return p.harvest()
}

// load gives the state what the records need.
func (p *partition) load(records []event.Record) error {
	for {
		need := p.state.Needs(records)
		if need.Empty() {
			return nil
		}
		if err := p.shelf.fetch(p.state, need); err != nil {
			return err
		}
	}
}

// one steps a record.
func (p *partition) one(rec *event.Record) error {
	engine.Step(p.state, rec, p.cat)
	if p.state.Catalog != p.cat.Version {
		return p.activate(rec)
	}
	return nil
}

// passed notes that the partition has seen all up to the message at position.
func (p *partition) passed(position uint64) {
	if position = min(position, p.to); position > p.state.Position && !p.over {
		p.state.Position = position
	}
}

// tick lets time pass as a record of it would.
func (p *partition) tick(ctx context.Context, at clock.Time) error {
	return p.step(ctx, []event.Record{{Kind: event.KindTick, ReceivedAt: at}})
}

// activate takes the catalog that a record made active.
func (p *partition) activate(rec *event.Record) (err error) {
	var body engine.Activation
	if rec.Kind == event.KindCatalog && json.Unmarshal(rec.Body, &body) == nil && body.Text != "" {
		p.catalogs.put(p.state.Catalog, body.Text)
	}
	p.cat, err = p.catalogs.get(p.state.Catalog)
	return err
}

// harvest puts what changed on the shelf.
func (p *partition) harvest() error {
	p.since = 0
	err := p.shelf.put(p.state.Harvest(p.cat))
	p.state.Forget(keepAccounts)
	return err
}

// at describes an account.
func (p *partition) at(key string) (*At, error) {
	if _, known := p.shelf.accounts[key]; known && !p.state.Loaded(key) {
		if err := p.state.LoadAccount(key, p.shelf.accounts[key]); err != nil {
			return nil, err
		}
	}
	out := &At{Account: key, Position: p.state.Position, Now: p.state.Now, Catalog: p.state.Catalog, State: []Field{}}
	if a := p.state.Account(key); a != nil {
		out.Exists, out.State = true, fieldsOf(a)
	}
	return out, nil
}

// catalogs are the compiled versions by name.
type catalogs struct {
	mu       sync.Mutex
	texts    map[string]string
	compiled map[string]*catalog.Catalog
	swap     func(*catalog.Catalog) *catalog.Catalog // what takes a version's place; nil: itself
}

func (c *catalogs) put(version, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts == nil {
		c.texts = make(map[string]string)
		c.compiled = make(map[string]*catalog.Catalog)
	}
	if _, known := c.texts[version]; !known {
		c.texts[version] = text
	}
}

// get returns a version; an empty one for "". Fault replay_catalog_missing (Conflict).
func (c *catalogs) get(version string) (*catalog.Catalog, error) {
	if version == "" {
		return &catalog.Catalog{}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := c.compiled[version]; done != nil {
		return done, nil
	}
	text, known := c.texts[version]
	if !known {
		return nil, fault.New(fault.Conflict, "replay_catalog_missing", "neither log nor database hold the catalog %s", fault.Shorten(version)).
			WithMend("apply that catalog again from git, to a server that may be stopped afterwards")
	}
	compiled, err := catalog.ParseStored(version, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("catalog %s: %w", version, err)
	}
	if c.swap != nil {
		compiled = c.swap(compiled)
	}
	c.compiled[version] = compiled
	return compiled, nil
}
