package engine_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/contact"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/offer"
)

// No sequence of records exceeds a budget of contacts. Callers do as the API does: each looks,
// claims at the person's and the root's keys, and confirms at the account's; their records come
// in any order, some callers die half-way, partitions move to other owners, people turn out to be
// one, accounts change family. Whether a budget was exceeded is counted from the log alone.

const contactText = `
version: 1
currency: USD
meters: {seats: {event: seat, aggregate: count}}
features: {seats: {title: Seats, meter: seats}}
plans:
  small: {title: Small, price: {month: "10"}, entitlements: {seats: 10}}
  large: {title: Large, above: small, price: {month: "20"}, entitlements: {seats: 20}}
signals: {near: {when: {limit: seats, reaches: 50%}, type: upsell, decays: 365d}}
offers:
  tip:    {on: [near], give: {plan: large}, at: [tips, more_tips], kind: contextual}
  popup:  {on: [near], give: {plan: large}, at: [popups, more_popups], kind: interruption}
  banner: {on: [near], give: {plan: large}, at: [banners, popups], kind: ambient}
contact:
  after_dismissal: 2d
  person: {any: 3 per 5d, interruption: 1 per 7d, email: 1 per 2d}
  account: {any: 4 per 5d, in_product: 2 per 3d}
  family: {any: 5 per 4d}
  quiet: {contacted: false}
`

// town is a few partitions with callers of them.
type town struct {
	t      *rapid.T
	cat    *catalog.Catalog
	parts  []*owner
	now    clock.Time
	onWay  []event.Record // forwards
	log    []entry
	answer engine.Answer // to the last record of the caller whose turn it is
	calls  int
}

// entry is a record of the log with what Step answered.
type entry struct {
	r   event.Record
	a   engine.Answer
	now clock.Time
}

func newTown(t *rapid.T, cat *catalog.Catalog) *town {
	w := &town{t: t, cat: cat, now: start}
	for range 3 {
		o := newDisk().acquire(map[string]*catalog.Catalog{"": {}, cat.Version: cat})
		w.parts = append(w.parts, o)
		w.at(o, event.Record{Kind: event.KindCatalog, Type: cat.Version, ReceivedAt: start, Body: []byte(`{"rules":1}`)})
	}
	return w
}

func (w *town) of(key string) *owner { return w.parts[event.Partition(key, len(w.parts))] }

// at steps a record at a partition, commits, and keeps what is to be forwarded.
func (w *town) at(o *owner, r event.Record) engine.Answer {
	a := o.step(o.state.Position+1, []event.Record{r})[0]
	c := o.state.Harvest(o.cat())
	if !o.disk.commit(c, o.epoch) {
		panic("not committed")
	}
	o.state.Forget(1 << 30)
	w.onWay = append(w.onWay, c.Effects.Forwards...)
	return a
}

func (w *town) step(r event.Record) engine.Answer {
	r.ReceivedAt = w.now
	a := w.at(w.of(r.Key), r)
	w.log = append(w.log, entry{r, a, w.now})
	return a
}

// read returns an account as a caller sees it; nil when there is none.
func (w *town) read(key string) (*engine.Account, *engine.State) {
	o := w.of(key)
	for _, k := range o.state.Needs([]event.Record{{Kind: event.KindAccount, Key: key}}).Accounts {
		if err := o.state.LoadAccount(k, o.disk.accounts[k]); err != nil {
			panic(err)
		}
	}
	return o.state.Account(key), o.state
}

func (w *town) root(key string) string {
	for range engine.MaxFamily {
		a, _ := w.read(key)
		if a == nil || a.Facts.Parent == "" {
			break
		}
		key = a.Facts.Parent
	}
	return key
}

func (w *town) id() string { w.calls++; return fmt.Sprint("call-", w.calls) }

// asker is a caller: it sends one record after the other and reads w.answer in between.
type asker = iter.Seq[event.Record]

// claimant is what claims of the person and the root.
type claimant struct {
	id, attempt, user, account, family string
	channel                            catalog.Channel
	into                               string
}

func (w *town) claims(c *claimant, release bool) []event.Record {
	var out []event.Record
	add := func(scope catalog.Scope, key string) {
		out = append(out, body(event.KindClaim, key, w.id(), "", w.now, engine.ClaimCall{ID: c.id, Scope: scope, Channel: c.channel,
			Account: c.account, Attempt: c.attempt, Release: release}))
	}
	user := c.user
	if c.into != "" {
		user = c.into
	}
	add(catalog.PerPerson, event.UserKey(user))
	if c.family != c.account {
		add(catalog.PerFamily, c.family)
	}
	return out
}

// claim asks both; stop says that the caller died.
func (w *town) claim(c *claimant, yield func(event.Record) bool) (granted bool, refusals []contact.Refusal, stop bool) {
	c.attempt = w.id()
	for range 8 {
		refusals, moved := []contact.Refusal(nil), ""
		for _, r := range w.claims(c, false) {
			if !yield(r) {
				return false, nil, true
			}
			said := read[engine.ClaimAnswer](w.answer)
			refusals, moved = append(refusals, said.Refusals...), moved+said.Into
		}
		if len(refusals) > 0 {
			return false, refusals, w.unclaim(c, yield)
		}
		if moved == "" {
			return true, nil, false
		}
		c.into = moved
	}
	return false, nil, true
}

func (w *town) unclaim(c *claimant, yield func(event.Record) bool) (stop bool) {
	for _, r := range w.claims(c, true) {
		if !yield(r) {
			return true
		}
	}
	return false
}

func read[T any](a engine.Answer) T {
	var out T
	if a.Fault != nil {
		panic(a.Fault)
	}
	if len(a.Body) > 0 {
		if err := json.Unmarshal(a.Body, &out); err != nil {
			panic(err)
		}
	}
	return out
}

// decides asks for an offer; a repeated call has the same key.
func (w *town) decides(user, account, placement, key string) asker {
	return func(yield func(event.Record) bool) {
		ask := engine.DecideCall{Placement: placement, Role: offer.Admin, Family: w.root(account)}
		var claimed *claimant
		for range 4 {
			a, st := w.read(account)
			if a == nil {
				return
			}
			d := offer.Decide(a.OfferInput(w.cat, ask, user, max(w.now, st.Now)))
			if d.Status != "show" && d.Variant != "holdout" {
				return
			}
			ask.Within = engine.WithinAmbient
			channel := engine.SpendsAs(w.cat.Offers[d.OfferKey], false)
			if channel == "" || d.Again {
				break
			}
			c := &claimant{id: key + "/" + string(channel), user: user, account: account, family: ask.Family, channel: channel}
			granted, refusals, stop := w.claim(c, yield)
			if stop {
				return
			}
			if granted {
				ask.Claim, ask.Within, claimed = c.id, channel, c
				break
			}
			ask.Refusals = append(ask.Refusals, refusals...)
		}
		r := body(event.KindDecide, account, key, placement, w.now, ask)
		r.User = user
		if !yield(r) {
			return
		}
		d := read[offer.Decision](w.answer)
		if claimed != nil && (d.Again || d.Status != "show" && d.Variant != "holdout") {
			w.unclaim(claimed, yield)
		}
	}
}

// contacts asks for a contact over another channel.
func (w *town) contacts(user, account string, channel catalog.Channel, id string, givesBack bool) asker {
	return func(yield func(event.Record) bool) {
		c := &claimant{id: id, user: user, account: account, family: w.root(account), channel: channel}
		a, st := w.read(account)
		if a == nil || !a.Contactable(channel, c.family, id, w.cat, max(w.now, st.Now)).Granted {
			return
		}
		granted, _, stop := w.claim(c, yield)
		if stop || !granted {
			return
		}
		call := engine.ClaimCall{ID: id, Scope: catalog.PerAccount, Channel: channel, User: user, Family: c.family, Attempt: c.attempt}
		if !yield(body(event.KindClaim, account, w.id(), "", w.now, call)) {
			return
		}
		if !read[engine.ClaimAnswer](w.answer).Granted {
			w.unclaim(c, yield)
			return
		}
		if givesBack {
			call.Release = true
			if yield(body(event.KindClaim, account, w.id(), "", w.now, call)) {
				w.unclaim(c, yield)
			}
		}
	}
}

func TestNoSequenceOfRecordsExceedsAContactBudget(t *testing.T) {
	cat := parse(t, contactText)
	shown, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := newTown(t, cat)
		accounts, users := []string{"acme", "bolt", "corp", "dune"}, []string{"ann", "bob", "cyd"}
		for _, key := range accounts {
			w.step(body(event.KindAccount, key, w.id(), "", w.now, event.AccountChange{}))
			if a := w.step(body(event.KindSubscription, key, w.id(), "", w.now, map[string]any{"change": map[string]any{"plan": "small"}})); a.Fault != nil {
				t.Fatal(a.Fault)
			}
			for range 6 {
				w.step(event.Record{Kind: event.KindEvent, Key: key, Type: "seat", Source: "app", ID: w.id()})
			}
		}
		parent := "acme"
		w.step(body(event.KindAccount, "bolt", w.id(), "", w.now, event.AccountChange{Parent: &parent}))
		type caller struct {
			next func() (event.Record, bool)
			told engine.Answer
		}
		var live []*caller
		var stops []func()
		defer func() {
			for _, stop := range stops {
				stop()
			}
		}()
		begin := func(a asker) {
			next, stop := iter.Pull(a)
			live, stops = append(live, &caller{next: next}), append(stops, stop)
		}
		pick := func(of []string, what string) string { return rapid.SampledFrom(of).Draw(t, what) }
		for range 120 {
			switch move := rapid.IntRange(0, 19).Draw(t, "move"); {
			case move < 9 && len(live) > 0: // somebody's next record
				i := rapid.IntRange(0, len(live)-1).Draw(t, "who")
				who := live[i]
				w.answer = who.told
				r, more := who.next()
				if !more {
					live = slices.Delete(live, i, i+1)
					continue
				}
				who.told = w.step(r)
			case move < 12:
				key := w.id()
				begin(w.decides(pick(users, "user"), pick(accounts, "account"), pick([]string{"tips", "more_tips", "popups", "more_popups", "banners"}, "placement"), key))
				if rapid.IntRange(0, 4).Draw(t, "twice") == 0 { // a retry, at the same time
					begin(w.decides(pick(users, "user"), pick(accounts, "account"), "tips", w.id()))
				}
			case move < 14:
				user, account := pick(users, "user"), pick(accounts, "account")
				ch, id := rapid.SampledFrom([]catalog.Channel{catalog.Email, catalog.ByPeople}).Draw(t, "channel"), w.id()
				begin(w.contacts(user, account, ch, id, rapid.IntRange(0, 3).Draw(t, "gives back") == 0))
				if rapid.Bool().Draw(t, "twice") {
					begin(w.contacts(user, account, ch, id, false))
				}
			case move == 14 && len(live) > 0: // a caller dies
				live = slices.Delete(live, 0, 1)
			case move == 15: // a forward arrives
				if len(w.onWay) > 0 {
					r := w.onWay[0]
					w.onWay = w.onWay[1:]
					w.step(r)
				}
			case move == 16:
				w.now += clock.Time(rapid.IntRange(1, 60).Draw(t, "hours")) * clock.Hour
			case move == 17: // another node takes a partition
				i := rapid.IntRange(0, len(w.parts)-1).Draw(t, "partition")
				w.parts[i] = w.parts[i].disk.acquire(w.parts[i].cats)
			case move == 18:
				w.dismiss(pick(accounts, "account"))
			case rapid.IntRange(0, 2).Draw(t, "rare") == 0:
				a, b := pick(users, "user"), pick(users, "previous")
				if a != b {
					w.step(event.Record{Kind: event.KindPerson, Key: event.UserKey(a), User: a, Source: "app", ID: w.id(),
						Body: []byte(`{"previous":"` + b + `"}`)})
				}
			default:
				child, above := pick(accounts[1:], "child"), ""
				if rapid.Bool().Draw(t, "has a parent") && child != "bolt" {
					above = pick([]string{"acme", "bolt"}, "parent")
				}
				w.step(body(event.KindAccount, child, w.id(), "", w.now, event.AccountChange{Parent: &above}))
			}
		}
		s, r := w.count()
		shown, refused = shown+s, refused+r
	})
	if shown < 100 || refused < 100 {
		t.Errorf("it proves little: %d contacts, %d refusals", shown, refused)
	}
}

// dismiss dismisses the newest open decision of an account.
func (w *town) dismiss(account string) {
	a, _ := w.read(account)
	for _, k := range slices.Backward(a.Offers.Decisions) {
		if k.Closed == "" && k.ExpiresAt > w.now {
			w.step(body(event.KindOutcome, account, w.id(), "dismissed", w.now, engine.OutcomeCall{Act: offer.Act{Decision: k.ID, Type: offer.Dismissed}}))
			return
		}
	}
}

// one is a contact as the log tells of it: where it was granted, and when.
type one struct {
	claim   string
	attempt string // of several at the same contact; empty for a decision
	channel catalog.Channel
	at      clock.Time
	index   int // in the log
	account string
	back    int // in the log, where the attempt gave it back at this key; 0: never
}

// count counts the contacts that were made by the log alone, and holds them against the budgets.
func (w *town) count() (shown, refused int) {
	byKey := map[string][]one{}    // granted, by scope and key
	confirmed := map[string]bool{} // by claim and attempt
	var made []struct {
		one
		user, family string
	}
	follows := map[[2]string]int{}    // when one pseudonym was told to follow another
	dismissed := map[string][]entry{} // by person, when their key heard of it
	absorbed := map[string][]struct { // by person: the contacts of another, from a moment on
		from  string
		until int
		since int
	}{}
	for i, e := range w.log {
		pseudonym, _ := event.IsUserKey(e.r.Key)
		switch e.r.Kind {
		case event.KindPerson:
			if e.r.Type == "follow" {
				follows[[2]string{pseudonym, e.r.User}] = i
			}
			if e.r.Type == "inherit" {
				var from struct{ Pseudonym string }
				if err := json.Unmarshal(e.r.Body, &from); err != nil {
					w.t.Fatal(err)
				}
				until := i
				for pair, at := range follows {
					if pair[0] == from.Pseudonym {
						until = min(until, at)
					}
				}
				absorbed[pseudonym] = append(absorbed[pseudonym], struct {
					from         string
					until, since int
				}{from.Pseudonym, until, i})
			}
		case event.KindClaim:
			var call engine.ClaimCall
			if err := json.Unmarshal(e.r.Body, &call); err != nil {
				w.t.Fatal(err)
			}
			said := read[engine.ClaimAnswer](e.a)
			switch {
			case call.Dismissed:
				dismissed[pseudonym] = append(dismissed[pseudonym], e)
			case call.Release:
				if call.Scope == catalog.PerAccount {
					delete(confirmed, call.ID+call.Attempt)
				}
				for j, list := 0, byKey[string(call.Scope)+"/"+e.r.Key]; j < len(list); j++ {
					if x := &list[j]; x.claim == call.ID && x.attempt == call.Attempt && x.back == 0 {
						x.back = i
					}
				}
			case said.Granted:
				o := one{claim: call.ID, attempt: call.Attempt, channel: call.Channel, at: e.now, index: i, account: call.Account}
				key := string(call.Scope) + "/" + e.r.Key
				if !slices.ContainsFunc(byKey[key], func(x one) bool { return x.claim == call.ID && x.attempt == call.Attempt && x.back == 0 }) {
					byKey[key] = append(byKey[key], o)
				}
				if call.Scope == catalog.PerPerson {
					for _, d := range dismissed[pseudonym] {
						if e.now.Sub(d.r.When()) < w.cat.Contact.AfterDismissal {
							w.t.Fatalf("%s was contacted %s after they dismissed an offer", pseudonym, e.now.Sub(d.r.When()))
						}
					}
				}
				if call.Scope == catalog.PerAccount {
					o.account = e.r.Key
					confirmed[call.ID+call.Attempt] = true
					made = append(made, struct {
						one
						user, family string
					}{o, call.User, call.Family})
				}
			case len(said.Refusals) > 0:
				refused++
			}
		case event.KindDecide:
			var call engine.DecideCall
			if err := json.Unmarshal(e.r.Body, &call); err != nil {
				w.t.Fatal(err)
			}
			d := read[offer.Decision](e.a)
			channel := engine.SpendsAs(w.cat.Offers[d.OfferKey], call.Requested)
			if e.a.Duplicate || d.Status != "show" || d.Again || channel == "" {
				continue
			}
			if call.Claim == "" {
				w.t.Fatalf("an offer was shown that was not claimed: %+v", d)
			}
			shown++
			confirmed[call.Claim] = true
			made = append(made, struct {
				one
				user, family string
			}{one{claim: call.Claim, channel: channel, at: e.now, index: i, account: e.r.Key}, e.r.User, call.Family})
		}
	}
	counts := func(x one) bool { return confirmed[x.claim] || confirmed[x.claim+x.attempt] }
	for _, m := range made { // at the account, and at a root that is the account
		if !counts(m.one) {
			continue
		}
		key := "account/" + m.account
		if !slices.ContainsFunc(byKey[key], func(x one) bool { return x.claim == m.claim && counts(x) }) {
			byKey[key] = append(byKey[key], m.one)
		}
		if m.family == m.account {
			byKey["family/"+m.family] = append(byKey["family/"+m.family], m.one)
		} else if !slices.ContainsFunc(byKey["family/"+m.family], func(x one) bool { return x.claim == m.claim }) {
			w.t.Fatalf("contact %s was made without asking the family of %s", m.claim, m.family)
		}
	}
	var known func(person string, at, until int, depth int) []one
	known = func(person string, at, until, depth int) []one { // the contacts of a person that were known at an index
		var out []one
		for _, x := range byKey["person/"+event.UserKey(person)] {
			if x.index <= until {
				out = append(out, x)
			}
		}
		for _, a := range absorbed[person] {
			if a.since <= at && depth < 4 {
				out = append(out, known(a.from, a.since, a.until, depth+1)...)
			}
		}
		return out
	}
	held := func(y one, until int) bool { return y.back == 0 || y.back > until }
	check := func(b catalog.Budget, who string, x one, all []one) {
		if slices.ContainsFunc(all, func(y one) bool {
			return y.claim == x.claim && y.index < x.index && y.attempt == x.attempt && held(y, x.index)
		}) {
			return // it only looked for the person's later pseudonym
		}
		last, isMade := map[string]one{}, map[string]bool{} // of each contact: it is made when it was last asked for
		for _, y := range all {
			isMade[y.claim] = isMade[y.claim] || counts(y)
			if f, known := last[y.claim]; held(y, x.index) && y.index <= x.index && (!known || y.at > f.at) {
				last[y.claim] = y
			}
		}
		n, seen := 0, map[string]bool{}
		for _, y := range last {
			if isMade[y.claim] && contact.Counts(b.Channel, y.channel) && y.index <= x.index && x.at.Sub(y.at) < b.Per {
				seen[y.claim] = true
				n++
			}
		}
		if contact.Counts(b.Channel, x.channel) && n > b.AtMost {
			for i, e := range w.log {
				for id := range seen {
					if e.r.Kind == event.KindPerson || strings.Contains(string(e.r.Body), `"`+id+`"`) {
						w.t.Logf("%d %s %s %s %s %s -> %.150s", i, e.now, e.r.Kind, e.r.Key, e.r.Type, e.r.Body, e.a.Body)
						break
					}
				}
			}
			w.t.Fatalf("%s: %d contacts within %s over %s, of %d: %+v, by %+v", who, n, b.Per, b.Channel, b.AtMost, seen, x)
		}
	}
	for key, list := range byKey {
		for _, x := range list {
			if !counts(x) {
				continue
			}
			for _, b := range w.cat.Contact.Budgets {
				prefix := string(b.Scope) + "/"
				if len(key) < len(prefix) || key[:len(prefix)] != prefix {
					continue
				}
				all := list
				if b.Scope == catalog.PerPerson {
					pseudonym, _ := event.IsUserKey(key[len(prefix):])
					all = known(pseudonym, x.index, x.index, 0)
				}
				check(b, key, x, all)
			}
		}
	}
	return shown, refused
}
