package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
)

// Many clients at once on one limit, over HTTP: what was told is checked afterwards by books of
// a few numbers that know nothing of the engine. Each answer carries the position of its
// record in the log. Those of one position may have been put in any order: each yes leads from
// one state (so much used, so much reserved) to another, and by Euler's theorem there is an
// order in which all of them are right if they hang together, and as many lead into each state
// as out of it but for the first and the last. Each no must have been right in a state on the way.

const consumeCatalog = `
version: 1
currency: USD
meters:
  exports: {fed_by: consume}
  seats:   {aggregate: level, fed_by: consume}
features:
  exports: {title: Exports, kind: metered, meter: exports}
  seats:   {title: Seats, kind: seats, meter: seats, pooled: true}
plans:
  team:    {title: Team, family: core, price: {month: "49"}, entitlements: {exports: {limit: 120, per: day}, seats: 50}}
`

// limited is the answer to a check, consume or reservation.
type limited struct {
	Allowed       bool
	Reason        string
	Usage         int
	Limit         int
	Remaining     int
	Reserved      int
	Shortfall     int
	ResetsAt      string `json:"resets_at"`
	ReservationID string `json:"reservation_id"`
	Holder        string
	Position      string
	Quantity      int // of a grant
}

// said is a call and what was answered.
type said struct {
	what     string // consume, reserve, finalize, abandon, release or grant
	n        int
	id       string // of the reservation that is finalized or abandoned
	position uint64
	limited
}

// books is the model: what is used and reserved in the window of now, and what there is of it.
type books struct {
	state
	window    string
	allowance int
	granted   int            // left of grants at the beginning of the window, and granted since
	amounts   map[string]int // of all reservations there ever were
}

type state struct{ used, reserved int }

// before returns the state that a yes was given in.
func (b *books) before(o *said) state {
	is := state{o.Usage, o.Reserved}
	switch o.what {
	case "consume":
		is.used -= o.n
	case "reserve":
		is.reserved -= o.n
	case "finalize":
		is.used -= o.n
		is.reserved += b.amounts[o.id]
	case "abandon":
		is.reserved += b.amounts[o.id]
	case "release":
		is.used += o.n
	}
	return is
}

// audit finds what is wrong with the answers, empty when nothing is, and leaves the books as
// they are at the end.
func (b *books) audit(all []said) string {
	for _, o := range all {
		if o.what == "reserve" && o.Allowed {
			b.amounts[o.ReservationID] = o.n
		}
	}
	at := func(o said) string { return fmt.Sprintf("%020d %s %09d", o.position, o.ResetsAt, o.Limit) }
	grants := map[uint64]int{}
	all = slices.DeleteFunc(slices.Clone(all), func(o said) bool {
		if o.what == "grant" {
			grants[o.position] += o.n
		}
		return o.what == "grant"
	})
	slices.SortStableFunc(all, func(x, y said) int { return strings.Compare(at(x), at(y)) })
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && at(all[j]) == at(all[i]) {
			j++
		}
		o := &all[i]
		for position, n := range grants { // all that was granted before is there now
			if position < o.position {
				b.granted += n
				delete(grants, position)
			}
		}
		if o.ResetsAt > b.window { // another day: what the last one used above its allowance is burned
			if b.window != "" {
				b.granted -= max(b.used-b.allowance, 0)
				b.state = state{} // reservations of an hour have expired on the way
			}
			b.window = o.ResetsAt
		}
		if more := o.Limit - b.allowance - b.granted; more != 0 { // granted among what has this position
			if more < 0 || more > grants[o.position] {
				return fmt.Sprintf("with %d there, the limit is said to be %d at %s", b.allowance+b.granted, o.Limit, o.Position)
			}
			b.granted, grants[o.position] = b.granted+more, grants[o.position]-more
		}
		if wrong := b.walk(all[i:j]); wrong != "" {
			return wrong
		}
		i = j
	}
	for _, n := range grants {
		b.granted += n
	}
	return ""
}

// walk goes through the answers of one position, window and limit.
func (b *books) walk(group []said) string {
	limit := b.allowance + b.granted
	balance, next := map[state]int{}, map[state][]state{}
	for i := range group {
		o := &group[i]
		from, to := b.before(o), state{o.Usage, o.Reserved}
		switch {
		case o.Remaining != max(limit-o.Usage-o.Reserved, 0) || to.used < 0 || to.reserved < 0:
			return fmt.Sprintf("%+v does not add up", *o)
		case !o.Allowed && o.what == "finalize": // more than was reserved: the reservation stays
			if short := o.Usage + o.Reserved - b.amounts[o.id] + o.n - limit; short <= 0 || o.Shortfall != short {
				return fmt.Sprintf("%+v was refused without need", *o)
			}
			continue
		case !o.Allowed:
			if short := o.Usage + o.Reserved + o.n - limit; short <= 0 || o.Shortfall != short {
				return fmt.Sprintf("%+v was refused without need", *o)
			}
			continue
		case o.what != "release" && o.Usage+o.Reserved > limit:
			return fmt.Sprintf("%+v passes the limit", *o)
		case from.used < 0 || from.reserved < 0:
			return fmt.Sprintf("%+v cannot have been given", *o)
		}
		balance[from]--
		balance[to]++
		next[from], next[to] = append(next[from], to), append(next[to], from)
	}
	reached := map[state]bool{b.state: true} // whatever hangs together with where it starts
	for todo := []state{b.state}; len(todo) > 0; todo = todo[1:] {
		for _, to := range next[todo[0]] {
			if !reached[to] {
				reached[to] = true
				todo = append(todo, to)
			}
		}
	}
	for i := range group {
		if o := &group[i]; !reached[state{o.Usage, o.Reserved}] {
			return fmt.Sprintf("from %+v no way leads to %+v", b.state, *o)
		}
	}
	balance[b.state]++ // it begins here, and ends where one more leads to than from
	for at, n := range balance {
		switch {
		case n == 1:
			b.state = at
		case n != 0:
			return fmt.Sprintf("%d more answers lead to %+v than from it", n, at)
		}
	}
	return ""
}

func TestManyClientsNeverPassAHardLimitAndEveryAnswerIsRight(t *testing.T) {
	c := newCompany(t, "2026-03-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(consumeCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "team"}, nil)
	const clients, calls = 64, 15
	var mu sync.Mutex
	var all []said
	var wrong []string
	late := 0
	var crowd sync.WaitGroup
	for n := range clients {
		crowd.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 4))
			var mine []string // reservations
			for i := range calls {
				key := fmt.Sprint("c", n, "-", i)
				o := said{n: 1 + rng.IntN(6)}
				method, path, body := "POST", "/v1/consume", map[string]any{"account": "acme", "user": "u", "feature": "exports", "quantity": o.n}
				switch dice := rng.IntN(20); {
				case n == 0 && i%5 == 4:
					if err := c.call(context.Background(), method, "/v1/clock/advance", map[string]any{"by": "24h"}, nil); err != nil {
						t.Error(err)
					}
					continue
				case dice < 8:
					o.what = "consume"
				case dice < 13:
					o.what, body["reserve"] = "reserve", "1h"
				case dice < 19 && len(mine) > 0:
					o.what, o.id = "finalize", mine[0]
					mine = mine[1:]
					path, body = "/v1/reservations/"+o.id+"/finalize", map[string]any{"quantity": o.n}
					if dice > 16 {
						o.what, o.n, path, body = "abandon", 0, "/v1/reservations/"+o.id+"/release", map[string]any{}
					}
				case dice < 19:
					o.what = "consume"
				default:
					o.what, path, body = "grant", "/v1/accounts/acme/grants", map[string]any{"feature": "exports", "quantity": o.n}
				}
				err := c.call(context.Background(), method, path, body, &o.limited, "Idempotency-Key", key)
				if rng.IntN(4) == 0 { // sent again, it hears the same and does nothing more
					var again limited
					errAgain := c.call(context.Background(), method, path, body, &again, "Idempotency-Key", key)
					again.Position = o.Position
					if again != o.limited || fault.CodeOf(err) != fault.CodeOf(errAgain) {
						t.Errorf("%s heard %+v (%v), and again %+v (%v)", o.what, o.limited, err, again, errAgain)
					}
				}
				mu.Lock()
				switch {
				case fault.CodeOf(err) == "reservation_expired" && o.id != "":
					late++
				case err != nil:
					wrong = append(wrong, o.what+": "+err.Error())
				default:
					_, number, _ := strings.Cut(o.Position, "-")
					o.position, _ = strconv.ParseUint(number, 10, 64)
					all = append(all, o)
				}
				mu.Unlock()
				if err == nil && (o.what == "reserve" && o.Allowed || o.what == "finalize" && !o.Allowed) { // what does not fit stays reserved
					mine = append(mine, o.ReservationID)
				}
			}
		})
	}
	crowd.Wait()
	if len(wrong) > 0 {
		t.Fatalf("%d calls went wrong: %s", len(wrong), wrong[0])
	}
	books := &books{allowance: 120, amounts: map[string]int{}}
	if found := books.audit(all); found != "" {
		t.Fatal(found)
	}
	refused := 0
	for _, o := range all {
		if o.what != "grant" && !o.Allowed {
			refused++
		}
	}
	t.Logf("%d answers, %d of them no, %d reservations were finalized too late; %d granted and left", len(all), refused, late, books.granted)
	if refused < 50 {
		t.Errorf("only %d were refused: the limit was hardly touched", refused)
	}
	c.restart()
	var check limited
	c.must("POST", "/v1/check", map[string]any{"account": "acme", "feature": "exports", "quantity": 0}, &check)
	if check.ResetsAt == books.window && (check.Usage != books.used || check.Reserved != books.reserved) {
		t.Errorf("after a restart %d are used and %d reserved, the books say %d and %d", check.Usage, check.Reserved, books.used, books.reserved)
	}
}

func TestAFamilySharesAPoolDownToTheLastSeat(t *testing.T) {
	c := newCompany(t, "2026-03-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(consumeCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "team"}, nil)
	children := []string{"acme", "europe", "berlin", "paris", "rome"}
	for child, parent := range map[string]string{"europe": "acme", "berlin": "europe", "paris": "europe", "rome": "acme"} {
		c.must("PUT", "/v1/accounts/"+child, map[string]any{"parent": parent}, nil)
	}
	const clients, calls, limit = 64, 12, 50
	var mu sync.Mutex
	var all []said
	held := map[string]int{}
	var crowd sync.WaitGroup
	for n := range clients {
		crowd.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 7))
			who, mine := children[n%len(children)], 0
			for i := range calls {
				o := said{what: "consume", n: 1 + rng.IntN(4)}
				path := "/v1/consume"
				if mine > 0 && rng.IntN(2) == 0 {
					o.what, path, o.n = "release", "/v1/release", 1+rng.IntN(mine)
				}
				if err := c.call(context.Background(), "POST", path, map[string]any{"account": who, "feature": "seats", "quantity": o.n},
					&o.limited, "Idempotency-Key", fmt.Sprint("p", n, "-", i)); err != nil {
					t.Error(err)
					return
				}
				if holder := map[bool]string{true: "", false: "acme"}[who == "acme"]; o.Holder != holder {
					t.Errorf("the answer to %s names the holder %q", who, o.Holder)
				}
				_, number, _ := strings.Cut(o.Position, "-")
				o.position, _ = strconv.ParseUint(number, 10, 64)
				change := 0
				switch {
				case o.what == "release":
					o.Allowed, change = true, -o.n
				case o.Allowed:
					change = o.n
				}
				mine += change
				mu.Lock()
				all = append(all, o)
				held[who] += change
				mu.Unlock()
			}
		})
	}
	crowd.Wait()
	if t.Failed() {
		return
	}
	books := &books{allowance: limit, amounts: map[string]int{}}
	if found := books.audit(all); found != "" {
		t.Fatal(found)
	}
	var pools struct {
		Items []struct {
			Feature            string
			Usage, Limit, Over int
			Holders            []struct {
				Account  string
				Quantity int
			}
		}
	}
	seen := func() map[string]int {
		c.must("GET", "/v1/accounts/acme/pools", nil, &pools)
		got := map[string]int{}
		for _, h := range pools.Items[0].Holders {
			got[h.Account] = h.Quantity
		}
		return got
	}
	got := seen()
	if pools.Items[0].Usage != books.used || books.used > limit {
		t.Errorf("%d seats are taken, the books say %d", pools.Items[0].Usage, books.used)
	}
	for _, who := range children {
		if got[who] != held[who] {
			t.Errorf("%s holds %d seats and is said to hold %d", who, held[who], got[who])
		}
	}

	// What is not held cannot be released.
	if status, answer := c.send("POST", "/v1/release", `{"account":"berlin","feature":"seats","quantity":1000}`); status != 409 || answer["code"] != "not_held" {
		t.Errorf("berlin released 1,000 seats: %d %v", status, answer["code"])
	}
	// A child that moves away keeps what it holds, gets no more, and can give it back.
	var got1 limited
	c.must("POST", "/v1/release", map[string]any{"account": "acme", "feature": "seats", "quantity": max(held["acme"], 1)}, &got1)
	c.must("POST", "/v1/consume", map[string]any{"account": "rome", "feature": "seats"}, &got1, "Idempotency-Key", "rome-1")
	rome := seen()["rome"]
	c.must("PUT", "/v1/accounts/rome", map[string]any{"parent": nil}, nil)
	c.must("POST", "/v1/consume", map[string]any{"account": "rome", "feature": "seats"}, &got1, "Idempotency-Key", "rome-2")
	if got1.Allowed || seen()["rome"] != rome {
		t.Errorf("rome left, asked and was told %+v; it holds %d", got1, seen()["rome"])
	}
	if status, answer := c.send("POST", "/v1/release", `{"account":"rome","feature":"seats"}`); status != 409 || answer["code"] != "not_held" || !strings.Contains(fmt.Sprint(answer["mend"]), `"holder"`) {
		t.Errorf("rome gave back what it holds of its old family's pool, and was told %v", answer["mend"])
	}
	c.must("POST", "/v1/release", map[string]any{"account": "rome", "feature": "seats", "holder": "acme", "quantity": rome}, &got1)
	if seen()["rome"] != 0 {
		t.Errorf("rome gave its seats back and holds %d", seen()["rome"])
	}
	// The holder loses the entitlement: nobody is thrown out, nobody gets in.
	c.must("POST", "/v1/consume", map[string]any{"account": "paris", "feature": "seats"}, &got1, "Idempotency-Key", "paris-1")
	before := seen()
	c.must("DELETE", "/v1/accounts/acme/subscription", nil, nil)
	c.must("POST", "/v1/consume", map[string]any{"account": "paris", "feature": "seats"}, &got1, "Idempotency-Key", "paris-2")
	if after := seen(); got1.Allowed || after["paris"] != before["paris"] || pools.Items[0].Over != pools.Items[0].Usage {
		t.Errorf("without a subscription paris was told %+v; holds %d before, %d after, %d over", got1, before["paris"], after["paris"], pools.Items[0].Over)
	}
}
