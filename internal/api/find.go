package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// Finding an event again. What was counted once is remembered by fingerprint and event day
// alone; the event itself is in the log, most likely close to where the log was on that
// day. Times only say where to look first: the whole log is searched before it is given up.

// finder looks for the version of one event that counts now.
type finder struct {
	*Server
	c         *correction
	partition int
	names     []name // under which its first version may stand in the log
	version   int    // how often it was replaced; there is one name then
	found     name
	record    []byte // what was found
	position  uint64
}

// name is under which source and id, and which event day, the partition has counted something.
type name struct {
	engine.Identity
	first event.Fingerprint
	day   int32
}

// findEvent returns the version of the event that counts now, nil when it is voided. active is the
// version of the catalog.
func (s *Server) findEvent(ctx context.Context, c *correction, active string) (*engine.FoundEvent, error) {
	_, last, err := s.Log.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Runner.WaitAll(ctx, last, true); err != nil { // what was counted so far is in the tables then
		return nil, err
	}
	f := &finder{Server: s, c: c, partition: event.Partition(c.account, s.Runner.Partitions)}
	voided, err := f.counted(ctx)
	if err != nil {
		return nil, err
	}
	if voided {
		return nil, f.owned(ctx, last)
	}
	if err := f.search(ctx, last); err != nil {
		return nil, err
	}
	found := &engine.FoundEvent{Record: f.record, First: f.found.first, Day: f.found.day, Version: f.version, Catalog: active}
	found.Meters, found.Changed, err = f.countedBy(ctx, active)
	return found, err
}

// versionsAtOnce is how many marks are looked for in one reading of a day.
const versionsAtOnce = 64

// counted finds out under which names the event may have been counted and how often it was
// replaced. A partition remembers no accounts: what it has counted under a name may also have been the
// person's, on its way to the account.
func (f *finder) counted(ctx context.Context) (voided bool, err error) {
	today := max(f.Clock.Now().Day(), 0)
	names := engine.Identities(f.c.source, f.c.id)
	wanted := make([]event.Fingerprint, len(names))
	for i, n := range names {
		wanted[i] = n.Fingerprint()
	}
	seen, err := f.Store.FindSeen(ctx, f.partition, today-engine.WindowDays-1, today+3, wanted)
	if err != nil {
		return false, err
	}
	for i, identity := range names {
		for _, day := range seen[wanted[i]] {
			is := name{identity, wanted[i], day}
			versions, gone, err := f.versions(ctx, is)
			if err != nil {
				return false, err
			}
			if versions > 0 || gone { // the marks are where the first version is, and nowhere else
				f.names, f.version = []name{is}, versions
				return gone, nil
			}
			f.names = append(f.names, is)
		}
	}
	if f.names == nil {
		return false, engine.EventUnknown(f.c.account, f.c.source, f.c.id)
	}
	return false, nil
}

// versions returns how often an event was replaced, and whether it was voided.
func (f *finder) versions(ctx context.Context, of name) (n int, voided bool, err error) {
	for {
		wanted := []event.Fingerprint{engine.VoidMark(of.first)}
		for i := range versionsAtOnce {
			wanted = append(wanted, engine.VersionMark(of.first, n+i+1))
		}
		marks, err := f.Store.FindSeen(ctx, f.partition, of.day, of.day, wanted)
		if err != nil {
			return 0, false, err
		}
		for _, mark := range wanted[1:] {
			if marks[mark] == nil {
				return n, marks[wanted[0]] != nil, nil
			}
			n++
		}
	}
}

// search looks through the log: from the time it happened on, then the time before, then
// all of it.
func (f *finder) search(ctx context.Context, last uint64) error {
	oldest, _, err := f.Log.Bounds(ctx)
	if err != nil {
		return err
	}
	starts := []uint64{oldest}
	if !f.Clock.IsTest() { // the log's own times are real
		day := f.names[0].day
		for _, n := range f.names {
			day = min(day, n.day)
		}
		from := clock.Time(day) * clock.Day
		if hint := f.c.hint; hint.Day() >= day-1 && hint.Day() <= day+1 {
			from = hint - 2*clock.Minute
		}
		starts = nil
		for _, at := range []clock.Time{from, from - 2*clock.Day - clock.Hour} {
			position, err := f.Log.PositionAt(ctx, at.Std())
			if err != nil {
				return err
			}
			starts = append(starts, max(position, oldest))
		}
		starts = append(starts, oldest)
	}
	until := last + 1
	for _, from := range starts {
		found, err := f.Log.Search(ctx, from, until, func(position uint64, message []byte) (bool, error) { return f.look(ctx, position, message) })
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return fault.New(fault.Unavailable, "event_search_slow", "the event %q was counted, and looking for it in the log took too long", fault.Shorten(f.c.id)).
				WithMend("say in time when it happened, as exactly as you can").WithCause(err)
		case err != nil:
			return err
		case found:
			return nil
		}
		until = from
	}
	if oldest <= 1 { // nothing is missing: what was counted under this name was another account's
		return engine.EventUnknown(f.c.account, f.c.source, f.c.id)
	}
	return fault.New(fault.Conflict, "event_gone", "the event %q was counted, and the log no longer holds it", fault.Shorten(f.c.id)).
		WithMend("send what corrects it as an event of its own")
}

// owned says EventUnknown when a voided event was another account's, which a partition does
// not remember. Where the log no longer tells, it may have been this one's.
func (f *finder) owned(ctx context.Context, last uint64) error {
	f.version = 0 // all versions were the same account's
	err := f.search(ctx, last)
	if code := fault.CodeOf(err); code == "event_gone" || code == "event_search_slow" {
		return nil
	}
	return err
}

// look looks for the event in one message.
func (f *finder) look(ctx context.Context, position uint64, message []byte) (bool, error) {
	if !f.in(message) { // nearly always
		return false, nil
	}
	found := false
	err := event.Sections(string(message), func(partition int, section string) error {
		if found || partition != f.partition {
			return nil
		}
		var records event.Records
		if err := records.Decode(section); err != nil {
			return err
		}
		for i := range records.List {
			var err error
			if found, err = f.is(ctx, &records.List[i]); found || err != nil {
				f.position = position
				return err
			}
		}
		return nil
	})
	return found, err
}

// in says whether what is looked for may be in the message, by its bytes.
func (f *finder) in(message []byte) bool {
	if f.version > 0 {
		return bytes.Contains(message, []byte(f.c.id))
	}
	for i := range f.names {
		if bytes.Contains(message, []byte(f.names[i].ID)) {
			return true
		}
	}
	return false
}

// is says whether r holds the version that is looked for, and keeps it then.
func (f *finder) is(ctx context.Context, r *event.Record) (bool, error) {
	if r.Key != f.c.account {
		return false, nil
	}
	if f.version == 0 {
		for _, n := range f.names {
			if r.Kind == event.KindEvent && r.Source == n.Source && r.ID == n.ID {
				f.found, f.record = n, event.AppendRecord(nil, r)
				return true, nil
			}
		}
		return false, nil
	}
	of := f.names[0]
	if !f.replaces(r) {
		return false, nil
	}
	mark := engine.TakenMark(of.first, f.version, engine.Identity{Source: r.Source, ID: r.ID})
	marks, err := f.Store.FindSeen(ctx, f.partition, of.day, of.day, []event.Fingerprint{mark})
	if err != nil || marks[mark] == nil {
		return false, err
	}
	f.found, f.record = of, event.AppendRecord(nil, engine.ReplacementIn(r))
	return true, nil
}

// replaces says whether r tried to make the version that is looked for.
func (f *finder) replaces(r *event.Record) bool {
	if r.Kind != event.KindVoid || r.Type != f.c.id {
		return false
	}
	var call engine.VoidCall
	return json.Unmarshal(r.Body, &call) == nil && call.Replacement != nil &&
		call.Found != nil && call.Found.First == f.names[0].first && call.Found.Version == f.version-1
}

// countedBy returns the meters that counted what was found: those that are still the same,
// and those that are defined in another way since.
func (f *finder) countedBy(ctx context.Context, active string) (same, changed []string, err error) {
	r, _, err := event.DecodeRecord(f.record)
	if err != nil {
		return nil, nil, err
	}
	now, err := f.catalogText(ctx, active)
	if err != nil {
		return nil, nil, err
	}
	then := now
	list, err := f.Store.Activations(ctx, store.Page{Limit: 500})
	if err != nil {
		return nil, nil, err
	}
	for _, a := range list.Items { // newest first
		if a.Position < f.position {
			if then, err = f.catalogText(ctx, a.Version); err != nil {
				return nil, nil, err
			}
			break
		}
	}
	for _, m := range then.MetersOf(r.Type) {
		path := "meters." + m.Key
		switch {
		case now.Meters[m.Key] == nil:
		case anyUnder(catalog.Diff(then, now), path):
			changed = append(changed, m.Key)
		default:
			same = append(same, m.Key)
		}
	}
	return same, changed, nil
}

// anyUnder says whether a change is about what stands at path.
func anyUnder(changes []catalog.Change, path string) bool {
	for _, c := range changes {
		if c.Path == path || strings.HasPrefix(c.Path, path+".") || strings.HasPrefix(c.Path, path+"[") {
			return true
		}
	}
	return false
}

// catalogText returns a stored version, compiled.
func (s *Server) catalogText(ctx context.Context, version string) (*catalog.Catalog, error) {
	if version == "" {
		return &catalog.Catalog{}, nil
	}
	stored, err := s.Store.Catalog(ctx, version)
	if err != nil {
		return nil, err
	}
	return catalog.ParseStored(version, []byte(stored.Text))
}
