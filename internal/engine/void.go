package engine

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Taking an event back, or putting another in its place. The event's own fingerprint stays,
// so that it does not come back when its sender repeats it; beside it, under the same day,
// stand marks that say how often it was replaced and whether it was voided.

// VoidCall is the body of a KindVoid record; its Type is the event's id. Whoever writes the
// record has looked for the event in the log; Step decides whether what was found still stands.
type VoidCall struct {
	// Request is a hash of what was asked for. What was found may be other when the call is
	// repeated, and the call is the same one all the same.
	Request string `json:"request"`
	Source  string `json:"source"` // of the event, as its sender calls it
	// Found is the version of the event that counts now; nil when it was voided already.
	Found *FoundEvent `json:"found,omitempty"`
	// Replacement is the encoding of the record that takes its place; none: the event is voided.
	Replacement []byte `json:"replacement,omitempty"`
	Reason      string `json:"reason,omitempty"` // why, sealed
}

// FoundEvent is a version of an event as the log holds it.
type FoundEvent struct {
	Record  []byte            `json:"record"`  // its encoding
	First   event.Fingerprint `json:"first"`   // of the event's first version
	Day     int32             `json:"day"`     // under which First is kept
	Version int               `json:"version"` // how often it was replaced before
	// Catalog is the version that Meters and Changed compare with. Meters are those that
	// counted it and are still the same, Changed those that counted it by another definition.
	Catalog string   `json:"catalog"`
	Meters  []string `json:"meters,omitempty"`
	Changed []string `json:"changed,omitempty"`
}

// Voided is what became of a void or replace.
type Voided struct {
	Voided   bool `json:"voided"`
	Replaced bool `json:"replaced"`
	// Meters are those whose usage is another now.
	Meters []Correction `json:"meters"`
	// Uncorrected are those of which nobody can say exactly what the event had counted, and
	// those that cannot count the replacement: what they had counted is taken back then.
	Uncorrected []Uncorrected `json:"uncorrected,omitempty"`
}

// Correction is how a meter's usage in the account's life changed.
type Correction struct {
	Meter string            `json:"meter"`
	By    quantity.Quantity `json:"by"` // below zero for what was taken back
}

// Uncorrected is a meter that stays as it was, is near the truth only, or counts nothing of a
// replacement; Why says which.
type Uncorrected struct {
	Meter string `json:"meter"`
	Why   string `json:"why"`
}

// VoidMark returns what stands for "voided" beside the fingerprint of an event's first version.
func VoidMark(first event.Fingerprint) event.Fingerprint {
	return event.FingerprintOf(ownSource+"void", hex.EncodeToString(first[:]))
}

// VersionMark returns what stands for "replaced n times" beside it.
func VersionMark(first event.Fingerprint, n int) event.Fingerprint {
	return event.FingerprintOf(ownSource+"replace", hex.EncodeToString(first[:])+"/"+strconv.Itoa(n))
}

// TakenMark returns what stands beside it for the record that replaced it for the nth time:
// of several that tried at once, only one did.
func TakenMark(first event.Fingerprint, n int, by Identity) event.Fingerprint {
	fp := by.Fingerprint()
	return event.FingerprintOf(ownSource+"taken", hex.EncodeToString(first[:])+"/"+strconv.Itoa(n)+"/"+hex.EncodeToString(fp[:]))
}

// Identity is the source and id of a record.
type Identity struct{ Source, ID string }

// Fingerprint returns the identity's fingerprint.
func (i Identity) Fingerprint() event.Fingerprint { return event.FingerprintOf(i.Source, i.ID) }

// Identities returns under which source and id the record of an event may stand in its
// account's partition: its own, or those that it got on the way from a person, over any
// number of pseudonyms.
func Identities(source, id string) []Identity {
	out := []Identity{{source, id}}
	at := out[0]
	for hop := 1; hop <= maxHops+1; hop++ {
		fp := at.Fingerprint()
		derived := hex.EncodeToString(fp[:])
		out = append(out, Identity{sourceForward, derived})
		at = Identity{sourceHop + strconv.Itoa(hop), derived}
	}
	return out
}

// Void faults. Their codes are published.
func alreadyVoided(id string) *fault.Error {
	return fault.New(fault.Conflict, "already_voided", "the event %q was voided before", fault.Shorten(id)).
		WithMend("nothing is left to take back; send what happened as a new event with an id of its own")
}

// EventUnknown says that an account has no such event.
func EventUnknown(account, source, id string) *fault.Error {
	return fault.New(fault.NotFound, "event_unknown", "no event %q of source %q was counted for account %q in the last %d days",
		fault.Shorten(id), fault.Shorten(source), fault.Shorten(account), WindowDays).
		WithMend("check source and id as they were sent (events that a publishable key sent have a source that begins with browser:); older events cannot be taken back")
}

// EventChanged says that an event was replaced, or the catalog changed, while the event was looked for.
func EventChanged(id string) *fault.Error {
	return fault.New(fault.Conflict, "event_changed", "the event %q or the catalog changed while it was looked for", fault.Shorten(id)).
		WithMend("send the call again")
}

// voidNothing answers a KindVoid record of an account that is not there, and makes none.
func (s *State) voidNothing(r *event.Record) Answer {
	call, err := decode[VoidCall](r)
	if err != nil {
		return refused(err)
	}
	return refused(EventUnknown(r.Key, call.Source, r.Type))
}

// void applies a KindVoid record. It fires nothing: what was noticed before stays, and what
// is corrected is not news.
func (s *State) void(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[VoidCall](r)
	if err != nil {
		return refused(err)
	}
	found := call.Found
	if found == nil {
		return refused(alreadyVoided(r.Type))
	}
	old, _, err := event.DecodeRecord(found.Record)
	if err != nil {
		return refused(err)
	}
	set := s.seen.of(found.Day)
	switch {
	case set == nil || !set.has(found.First) || old.Key != r.Key || old.Kind != event.KindEvent:
		return refused(EventUnknown(r.Key, call.Source, r.Type))
	case set.has(VoidMark(found.First)):
		return refused(alreadyVoided(r.Type))
	case found.Catalog != c.Version || set.has(VersionMark(found.First, found.Version+1)) ||
		found.Version > 0 && !set.has(VersionMark(found.First, found.Version)):
		return refused(EventChanged(r.Type))
	}
	replacement := call.replacement(r)
	if replacement != nil && replacement.Key != r.Key {
		return refused(EventUnknown(r.Key, call.Source, r.Type))
	}
	fix := correction{s: s, a: a, c: c, before: make(map[string]quantity.Quantity)}
	if replacement != nil {
		fix.keep(&old, replacement, found)
	}
	fix.takeBack(&old, found)
	if replacement == nil {
		s.seen.mark(found.Day, VoidMark(found.First))
	} else {
		s.seen.mark(found.Day, VersionMark(found.First, found.Version+1))
		s.seen.mark(found.Day, TakenMark(found.First, found.Version+1, Identity{r.Source, r.ID}))
		if own := event.FingerprintOf(replacement.Source, replacement.ID); !s.seen.find(replacement, s.Now, own) {
			s.seen.add(replacement, s.Now, own)
		}
		fix.count(replacement)
	}
	return ok(fix.done(replacement != nil))
}

// replacement decodes the record that takes an event's place, nil when there is none. It
// came in with the record that holds it.
func (v *VoidCall) replacement(in *event.Record) *event.Record {
	if v.Replacement == nil {
		return nil
	}
	r, _, err := event.DecodeRecord(v.Replacement)
	if err != nil {
		return nil
	}
	r.ReceivedAt = in.ReceivedAt
	return &r
}

// ReplacementIn returns the event that a KindVoid record puts in the place of another; nil
// when it only takes one back.
func ReplacementIn(r *event.Record) *event.Record {
	call, err := decode[VoidCall](r)
	if err != nil {
		return nil
	}
	return call.replacement(r)
}

// voidDays returns the days whose sets a KindVoid record needs beside its own.
func voidDays(r *event.Record, now clock.Time) []int32 {
	call, err := decode[VoidCall](r)
	if err != nil || call.Found == nil {
		return nil
	}
	days := []int32{call.Found.Day}
	if replacement := call.replacement(r); replacement != nil {
		for _, d := range daysOf(replacement, now) {
			if d != 0 {
				days = append(days, d)
			}
		}
	}
	return days
}

// mark remembers a mark under a day that is loaded.
func (s *seen) mark(day int32, mark event.Fingerprint) {
	s.begin(day).insert(mark)
	if s.fresh == nil {
		s.fresh = make(map[int32][]event.Fingerprint)
	}
	s.fresh[day] = append(s.fresh[day], mark)
}

// correction gathers what a void does to an account's meters.
type correction struct {
	s      *State
	a      *Account
	c      *catalog.Catalog
	before map[string]quantity.Quantity // usage in the account's life, of the meters touched
	kept   []string                     // meters to which the replacement says what the event said
	out    Voided
}

// touch notes a meter's usage before it is changed.
func (f *correction) touch(m *catalog.Meter) *meter.Usage {
	u := f.a.usage(m.Key)
	if _, known := f.before[m.Key]; !known {
		f.before[m.Key] = f.total(m)
		f.s.lapse(f.a, m, f.c)
	}
	return u
}

func (f *correction) total(m *catalog.Meter) quantity.Quantity {
	return meter.Value(f.a.Usage[m.Key], m, catalog.Lifetime, f.a.calendar(f.c), f.s.Now)
}

// keep leaves alone the meters for which nothing changes.
func (f *correction) keep(old, r *event.Record, found *FoundEvent) {
	for _, m := range f.c.MetersOf(old.Type) {
		if old.Type == r.Type && slices.Contains(found.Meters, m.Key) && meter.Same(m, old, r) {
			f.kept = append(f.kept, m.Key)
		}
	}
}

// takeBack undoes what a version of an event counted.
func (f *correction) takeBack(old *event.Record, found *FoundEvent) {
	for _, key := range found.Changed {
		if f.c.Meters[key] != nil {
			f.out.Uncorrected = append(f.out.Uncorrected, Uncorrected{key, "the meter is defined in another way than when it counted the event"})
		}
	}
	for _, m := range f.c.MetersOf(old.Type) {
		if !slices.Contains(found.Meters, m.Key) || slices.Contains(f.kept, m.Key) {
			continue
		}
		if res := meter.Void(f.touch(m), m, old, f.a.calendar(f.c), f.s.Now); res.Problem != "" {
			f.out.Uncorrected = append(f.out.Uncorrected, Uncorrected{m.Key, res.Problem})
		}
	}
}

// count counts a replacement. What a meter cannot count of it is said: what the event had
// counted is taken back all the same, since that is what its sender no longer says.
func (f *correction) count(r *event.Record) {
	for _, m := range f.c.MetersOf(r.Type) {
		if slices.Contains(f.kept, m.Key) || f.stands(m) {
			continue
		}
		if res := meter.Apply(f.touch(m), m, r, f.a.calendar(f.c), f.s.Now); res.Problem != "" {
			f.a.problem(m.Key + ": " + res.Problem)
			f.out.Uncorrected = append(f.out.Uncorrected, Uncorrected{m.Key, "the replacement counts nothing here: " + res.Problem})
		}
	}
}

// stands says whether a meter that adds up still holds what the event counted: its
// replacement would come on top.
func (f *correction) stands(m *catalog.Meter) bool {
	adds := m.Aggregate == catalog.Count || m.Aggregate == catalog.Sum || m.Aggregate == catalog.Level
	return adds && slices.ContainsFunc(f.out.Uncorrected, func(u Uncorrected) bool { return u.Meter == m.Key })
}

// done tells the limit rules, which may only become ready to fire again by this, and
// returns the answer.
func (f *correction) done(replaced bool) Voided {
	f.out.Voided, f.out.Replaced = !replaced, replaced
	f.out.Meters = []Correction{}
	for _, key := range slices.Sorted(maps.Keys(f.before)) {
		m := f.c.Meters[key]
		if by := f.total(m) - f.before[key]; by != 0 {
			f.out.Meters = append(f.out.Meters, Correction{key, by})
		}
		f.s.settleUsage(f.a, m, f.c)
		f.s.rearm(f.a, m, f.c)
	}
	return f.out
}

// rearm tells the limit rules on a meter how much is used now, as something late: a rule
// that has fired may be ready to fire again, and none fires.
func (s *State) rearm(a *Account, m *catalog.Meter, c *catalog.Catalog) {
	a.watches = nil
	for _, w := range s.watchOf(a, m, c) {
		if w.feature != nil {
			s.notice(a, &w, w.usage, "", true, c)
		}
	}
	a.watches = nil
}
