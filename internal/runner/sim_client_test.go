package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// This file is the clients: what they send, to whom, what they are told, and that they send
// again what they were not told of.

func simCatalog(exports int) string {
	return fmt.Sprintf(`
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
  emails:   {event: email.sent, aggregate: sum, property: count}
  exports:  {fed_by: consume}
features:
  speakers: {title: Speakers, kind: metered, meter: speakers}
  emails:   {title: Emails, kind: metered, meter: emails}
  ever:     {title: Emails ever, kind: metered, meter: emails}
  exports:  {title: Exports, kind: metered, meter: exports}
plans:
  base: {title: Base, family: core, price: {month: "49"},
         entitlements: {speakers: 10, emails: {limit: 100, per: month}, ever: 100000, exports: {limit: %d, per: month}}}
  plus: {title: Plus, family: core, above: base, price: {month: "99"},
         entitlements: {speakers: 50, emails: {limit: 500, per: month}, ever: 100000, exports: {limit: %d, per: month}}}
signals:
  full:  {when: {limit: speakers, reaches: 50%%}, type: upsell}
  third: {when: {event: email.sent, nth: 3}, type: cross_sell}
  wants: {when: {gate: exports, times: 2, within: 7d}, type: upsell}
value:
  reach: {formula: "emails * 2 + speakers", worth: "1", band: 5%% to 50%%, main: true}
  work:  {formula: exports}
`, exports, exports+4)
}

// The two catalogs of the simulation, and how much base allows by each.
var simCatalogs = func() map[string]*catalog.Catalog {
	out := map[string]*catalog.Catalog{"": {}}
	for _, n := range []int{3, 5} {
		c, findings := catalog.Parse("simulation", []byte(simCatalog(n)))
		if err := catalog.AsError(findings); err != nil {
			panic(err)
		}
		out[c.Version], simTexts[n] = c, c.Version
	}
	return out
}()

var simTexts = map[int]string{}

var (
	simAccounts = []string{"acme", "bolt", "core", "dune", "echo"}
	simPeople   = []string{"ada", "bob", "cyd"} // person i belongs to account i
)

// request is something one client wants done once.
type simRequest struct {
	rec      event.Record
	first    clock.Time // ReceivedAt of the first time it was sent; zero: never sent
	underway int
	acked    bool
	told     []string // what callers heard
	call     bool
	once     bool // no id: sending it again would count it again
}

// reading is what a read saw.
type simReading struct {
	key     string
	at      uint64
	saw     string
	atLeast uint64
}

type simClients struct {
	requests  []*simRequest
	readings  []simReading
	sent      map[string]bool // every record ever sent, without its time of receipt
	last      map[string]uint64
	activated bool // a second catalog
	repeated  bool // in the end every call is made once more
}

// setUp puts the beginning of every account into the log.
func (c *simClients) setUp(w *world) {
	c.sent, c.last = map[string]bool{}, map[string]uint64{}
	now := clock.At(time.Now())
	records := []event.Record{activation(3, now)}
	for _, key := range simAccounts {
		r := call(event.KindSubscription, key, "sub", "", engine.SubscribeCall{Change: subscription.Change{Plan: "base"}})
		r.ReceivedAt = now
		mail := event.Record{Kind: event.KindEvent, Source: "app", ID: "first of " + key, Key: key, Type: "email.sent", At: now + 1, ReceivedAt: now + 1,
			Props: []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: "1"}}}}
		records = append(records, r, mail)
	}
	for i := range records {
		c.remember(records[i])
	}
	w.append(records[:1])
	w.append(records[1:])
}

func activation(exports int, now clock.Time) event.Record {
	body, err := json.Marshal(engine.Activation{Rules: engine.Rules, Text: simCatalog(exports)})
	if err != nil {
		panic(err)
	}
	return event.Record{Kind: event.KindCatalog, Type: simTexts[exports], ReceivedAt: now, Body: body}
}

func (c *simClients) remember(r event.Record) {
	r.ReceivedAt = 0
	c.sent[string(event.AppendRecord(nil, &r))] = true
}

// act lets a client do something.
func (c *simClients) act(w *world) {
	nodes := w.awake()
	if len(nodes) == 0 {
		return
	}
	n := nodes[w.rng.IntN(len(nodes))]
	switch k := w.rng.IntN(20); {
	case k < 8: // a batch: new ones and old ones
		var batch []*simRequest
		for range 1 + w.rng.IntN(6) {
			if old := c.again(w, false); old != nil && w.rng.IntN(4) == 0 {
				batch = append(batch, old)
			} else {
				batch = append(batch, c.event(w))
			}
		}
		c.submit(w, n, batch)
	case k < 15:
		r := c.again(w, true)
		if r == nil || w.rng.IntN(3) > 0 {
			r = c.newCall(w)
		}
		c.ask(w, n, r)
	case k < 16:
		c.list(w, n)
	case k < 19:
		c.read(w, n, simAccounts[w.rng.IntN(len(simAccounts))])
	default:
		if w.rng.IntN(3) == 0 {
			r := &simRequest{rec: activation([]int{3, 5}[w.rng.IntN(2)], 0), once: true}
			c.requests = append(c.requests, r)
			c.submit(w, n, []*simRequest{r})
			c.activated = true
		}
	}
}

// again returns a request that was sent before, for a client who is not sure.
func (c *simClients) again(w *world, isCall bool) *simRequest {
	if len(c.requests) == 0 {
		return nil
	}
	r := c.requests[w.rng.IntN(len(c.requests))]
	if r.call != isCall || r.once || !r.repeatable() {
		return nil
	}
	return r
}

// repeatable says whether an id is still remembered: calls and events without a time go by
// the day of receipt and the one before, so that a day is safe where clocks differ by minutes;
// older events than 35 days the doors refuse.
func (r *simRequest) repeatable() bool {
	now := clock.At(time.Now())
	return r.first == 0 || now < r.first+20*clock.Hour || r.rec.At != 0 && now < r.rec.At+34*clock.Day
}

// event makes a new event.
func (c *simClients) event(w *world) *simRequest {
	n := len(c.requests)
	now := clock.At(time.Now())
	ids := []string{fmt.Sprintf("%08x-0000-4000-8000-%012x", w.rng.Uint32(), n), fmt.Sprintf("0190%04x-0000-7000-8000-%012x", n, n),
		fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%04d", n), fmt.Sprintf("Bestellung %d, für Zoë \n", n), strconv.Itoa(n), ""}
	r := &simRequest{rec: event.Record{Kind: event.KindEvent, Source: "app", ID: ids[w.rng.IntN(len(ids))], Key: simAccounts[w.rng.IntN(len(simAccounts))], User: "u"}}
	c.requests = append(c.requests, r)
	e := &r.rec
	r.once = e.ID == ""
	switch w.rng.IntN(6) {
	case 0: // the sender does not say when
	case 1, 2: // late, but not from before there was an account
		e.At = max(now-clock.Time(w.rng.Int64N(int64(3*clock.Day))), clock.At(w.began)+2)
	default:
		e.At = max(now, clock.At(w.began)+2)
	}
	switch w.rng.IntN(7) {
	case 0, 1:
		e.Type = "speaker.added"
	case 6: // somebody met a locked feature
		e.Kind, e.Type = event.KindGate, "exports"
	case 2:
		e.Type = "speaker.removed"
	case 3:
		e.Type = "email.sent"
		e.Props = []event.Prop{{Name: "count", Value: event.Value{Kind: event.Number, Text: strconv.Itoa(1 + w.rng.IntN(40))}}}
	case 4: // of a person, by a client that knows no accounts
		e.User = simPeople[w.rng.IntN(len(simPeople))]
		e.Type, e.Source, e.Key = "speaker.added", "segment", event.UserKey(e.User)
		if e.At == 0 {
			e.At = now
		}
		if r.once {
			e.ID, r.once = strconv.Itoa(n), false
		}
	default: // who the person is
		i := w.rng.IntN(len(simPeople))
		*e = event.Record{Kind: event.KindPerson, Source: "segment", ID: strconv.Itoa(n), Key: event.UserKey(simPeople[i]), User: simPeople[i], At: max(now, 1),
			Body: []byte(`{"account":"` + simAccounts[i] + `"}`)}
		r.once = false
	}
	return r
}

// newCall makes a new call.
func (c *simClients) newCall(w *world) *simRequest {
	n := strconv.Itoa(len(c.requests))
	key := simAccounts[w.rng.IntN(len(simAccounts))]
	r := &simRequest{call: true}
	switch w.rng.IntN(6) {
	case 0:
		r.rec = call(event.KindSubscription, key, n, "", engine.SubscribeCall{Change: subscription.Change{Plan: []string{"base", "plus"}[w.rng.IntN(2)]}})
	case 1:
		name := "Name " + n
		r.rec = call(event.KindAccount, key, n, "", event.AccountChange{Name: &name})
	default:
		r.rec = call(event.KindConsume, key, n, "exports", engine.ConsumeCall{Quantity: quantity.Of(int64(1 + w.rng.IntN(2)))})
	}
	c.requests = append(c.requests, r)
	return r
}

// stamp is the record as the node's door makes it.
func (c *simClients) stamp(w *world, n *simNode, r *simRequest) event.Record {
	rec := r.rec
	rec.ReceivedAt = n.runner.Clock.Now()
	if r.first == 0 {
		r.first = clock.At(time.Now())
	}
	c.remember(rec)
	return rec
}

// patience is how long a client waits for an answer.
const simPatience = 9_987 * time.Millisecond // at no instant at which anything else of the runner's ends

func (c *simClients) submit(w *world, n *simNode, batch []*simRequest) {
	records := make([]event.Record, len(batch))
	for i, r := range batch {
		records[i] = c.stamp(w, n, r)
		r.underway++
	}
	var position uint64
	var err error
	t := w.spawn(n, n.ctx, "events", func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, simPatience)
		defer cancel()
		position, err = n.runner.Submit(ctx, records...)
	})
	w.note(n, "is sent %d records (%d)", len(batch), t.id)
	t.ended = func() {
		for _, r := range batch {
			r.underway--
		}
		if n.dead { // the connection breaks
			return
		}
		w.note(n, "answers (%d): %d, %v", t.id, position, err)
		for _, r := range batch {
			if r.acked = r.acked || err == nil; err == nil {
				c.last[r.rec.Key] = max(c.last[r.rec.Key], position)
			}
		}
	}
}

func (c *simClients) ask(w *world, n *simNode, r *simRequest) {
	rec := c.stamp(w, n, r)
	r.underway++
	var a engine.Answer
	var position uint64
	var err error
	t := w.spawn(n, n.ctx, "call", func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, simPatience)
		defer cancel()
		a, position, err = n.runner.Call(ctx, rec)
	})
	w.note(n, "is asked to %s %s %s (%d)", rec.Kind, rec.Key, rec.ID, t.id)
	t.ended = func() {
		r.underway--
		if n.dead {
			return
		}
		if err != nil {
			w.note(n, "answers (%d): %v", t.id, err)
			return
		}
		w.note(n, "answers (%d): at %d: %.60s", t.id, position, told(a))
		r.acked = true
		r.told = append(r.told, told(a))
		c.last[rec.Key] = max(c.last[rec.Key], position)
	}
}

// told is an answer as its caller hears it.
func told(a engine.Answer) string {
	if a.Fault != nil {
		return a.Fault.Code + ": " + a.Fault.Message
	}
	return string(a.Body)
}

// read asks for an account as of everything its clients were told of.
func (c *simClients) read(w *world, n *simNode, key string) {
	after, one := c.last[key], fmt.Sprint("read ", event.Partition(key, w.partitions))
	if n.busy[one] {
		return // of two that wait for the same lock nobody can say which gets it
	}
	busy := n.busy
	busy[one] = true
	var saw simReading
	var err error
	t := w.spawn(n, n.ctx, "read", func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, simPatience)
		defer cancel()
		err = n.runner.Read(ctx, key, after, func(v View) error {
			saw = simReading{key: key, at: v.State.Position, saw: digest(v.Account, v.Catalog, v.State.Now), atLeast: after}
			if p := event.Partition(key, w.partitions); !v.Stale && n.runner.owned[p] != nil && n.runner.owned[p].epoch < w.epochs[p] {
				w.blame("node %d read %s and called it fresh, after another had taken the partition", n.n, key)
			}
			return nil
		})
	})
	t.ended = func() {
		busy[one] = false
		var elsewhere *Elsewhere
		switch {
		case n.dead || errors.As(err, &elsewhere):
		case err != nil:
			w.note(n, "read of %s after %d: %v", key, after, err)
		case saw.at < after:
			w.blame("a read of %s after %d saw %d", key, after, saw.at)
		default:
			w.note(n, "read of %s after %d: at %d", key, after, saw.at)
			c.readings = append(c.readings, saw)
		}
	}
}

// list waits until lists show everything that anybody was told of.
func (c *simClients) list(w *world, n *simNode) {
	after := uint64(0)
	for _, at := range c.last {
		after = max(after, at)
	}
	var err error
	t := w.spawn(n, n.ctx, "list", func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, simPatience)
		defer cancel()
		err = n.runner.WaitAll(ctx, after, true)
	})
	t.ended = func() {
		if err != nil || n.dead {
			return
		}
		lowest, failed := w.store.MinPosition(context.Background())
		if w.note(n, "lists up to %d: %d, %v", after, lowest, failed); lowest < after {
			w.blame("node %d said that lists show position %d, and they stand at %d", n.n, after, lowest)
		}
	}
}

// digest is what a read shows of an account.
func digest(a *engine.Account, cat *catalog.Catalog, now clock.Time) string {
	b, err := json.Marshal(entitlement.All(a.Input(cat, now)))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// finish lets clients send what they have not heard of; false when all have.
func (c *simClients) finish(w *world) bool {
	nodes := w.awake()
	var batch []*simRequest
	waiting := false
	for i, r := range c.requests {
		waiting = waiting || r.underway > 0
		if r.acked || r.underway > 0 || r.once || !r.repeatable() {
			continue
		}
		waiting = true
		switch n := w.owner(r.rec.Key); {
		case !r.call:
			batch = append(batch, r)
		case n != nil:
			c.ask(w, n, r)
		default:
			c.ask(w, nodes[i%len(nodes)], r)
		}
	}
	if len(batch) > 0 {
		c.submit(w, nodes[w.rng.IntN(len(nodes))], batch)
	}
	if !waiting && !c.repeated {
		c.repeated, waiting = true, true
		for _, r := range c.requests {
			if n := w.owner(r.rec.Key); r.call && r.repeatable() && n != nil {
				c.ask(w, n, r)
			}
		}
	}
	return waiting
}

// owner returns the node that owns the key's partition, nil when none does.
func (w *world) owner(key string) *simNode {
	p := event.Partition(key, w.partitions)
	for _, n := range w.awake() {
		if mine := n.runner.owned[p]; mine != nil && mine.epoch == w.epochs[p] {
			return n
		}
	}
	return nil
}
