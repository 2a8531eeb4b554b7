package main_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db/dbtest"
)

// Torture: processes are killed, frozen and starved while clients send events and consume.
// What clients were told must hold afterwards: nothing lost, nothing doubled, no limit
// passed. One round of each here; `make torture` runs ten. HEADROOM_SEED repeats a run:
// what each client sends, and which fault comes after how many answers.

// storm is one company under load and the faults it suffers.
type storm struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand // of faults
	nodes  []*node
	h      *history
	round  int
	began  time.Time // the round
	faults []fault

	stop, abort atomic.Bool
	clients     sync.WaitGroup
}

// fault is something that goes wrong and is put right again.
type fault struct {
	name string
	do   func(s *storm)
}

// patience is how long a server may take to get well by itself before it is started anew.
const patience = 15 * time.Second

// rounds is how often a scenario is played.
func rounds(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("HEADROOM_TORTURE_ROUNDS"))
	if err != nil {
		return 1
	}
	t.Logf("%d rounds", n)
	return n
}

func seed(t *testing.T) uint64 {
	s, err := strconv.ParseUint(os.Getenv("HEADROOM_SEED"), 10, 64)
	if err != nil {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with HEADROOM_SEED=%d", s)
	return s
}

// torture plays a scenario: in every round each of the faults, in random order at random times.
func torture(t *testing.T, nodes []*node, faults ...fault) {
	t.Helper()
	s := &storm{t: t, seed: seed(t), nodes: nodes, h: newHistory(), faults: faults}
	t.Cleanup(func() {
		s.stop.Store(true)
		s.abort.Store(true)
		for _, n := range nodes {
			if t.Failed() && n.log != nil {
				t.Logf("%s said last:\n%s", n.url, lastLines(n.log.String(), 20))
			}
			n.kill()
		}
		s.clients.Wait()
	})
	for _, n := range nodes {
		n.start()
		n.ready()
	}
	setCatalog(t, nodes[0].url, killCatalog)
	for s.round = range rounds(t) {
		s.rng = rand.New(rand.NewPCG(s.seed, uint64(s.round)))
		s.play()
		if t.Failed() {
			t.Fatalf("round %d", s.round)
		}
	}
}

// play is one round, on accounts of its own.
func (s *storm) play() {
	s.t.Helper()
	s.began = time.Now()
	var accounts, urls []string
	for _, n := range s.nodes {
		urls = append(urls, n.url)
	}
	with := func(id int) *client {
		return &client{h: s.h, id: id, seed: s.seed, round: s.round, accounts: accounts, urls: urls, stop: &s.stop, abort: &s.abort, calls: newCaller()}
	}
	for i := range killAccounts {
		account := fmt.Sprintf("round-%d-account-%d", s.round, i)
		s.h.accounts[account] = &deeds{}
		accounts = append(accounts, account)
		with(i).subscribe(account, "base", "first "+account)
	}
	s.stop.Store(false)
	for id := range killClients {
		s.clients.Go(with(id).run)
	}
	var story []string
	for _, i := range s.rng.Perm(len(s.faults)) {
		s.lull()
		f := s.faults[i]
		story = append(story, f.name)
		f.do(s)
	}
	s.lull()
	s.stop.Store(true)
	for _, n := range s.nodes {
		n.heal(patience)
	}
	s.t.Logf("round %d: %q in %v", s.round, story, time.Since(s.began).Round(time.Millisecond))
	s.finish()
	s.settle(with(killClients), accounts)
}

// finish waits until the clients have got answers to what is under way.
func (s *storm) finish() {
	s.t.Helper()
	done := make(chan struct{})
	go func() {
		s.clients.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		s.t.Fatal("for a minute the servers say that they are ready, and some requests are never answered")
	}
}

// lull lets the clients work for a while: for so many answers, or a second and a half.
func (s *storm) lull() {
	count := func() int {
		s.h.mu.Lock()
		defer s.h.mu.Unlock()
		return s.h.answered
	}
	until := count() + 20 + s.rng.IntN(400)
	further := time.Duration(s.rng.IntN(20_000)) * time.Microsecond
	for deadline := time.Now().Add(1500 * time.Millisecond); count() < until && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(further)
}

// between returns a time between the two, by the seed.
func (s *storm) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.rng.Int64N(int64(to-from)))
}

// one returns one of the nodes, by the seed.
func (s *storm) one() *node { return s.nodes[s.rng.IntN(len(s.nodes))] }

// killNode is kill -9 of a server, which is started again.
var killNode = fault{"kill a server", func(s *storm) {
	n := s.one()
	n.kill()
	if len(s.nodes) > 1 {
		time.Sleep(s.between(0, 300*time.Millisecond))
	}
	n.start()
	n.heal(patience)
}}

// settle waits until all is quiet and compares what the clients were told with what the
// server says.
func (s *storm) settle(c *client, accounts []string) {
	s.t.Helper()
	var events, consumes, allowed int
	for _, account := range accounts {
		d := s.h.accounts[account]
		var o observed
		var unknown tally
		var open []*sent
		for _, e := range d.events {
			if !e.acked {
				unknown.add(e.weight)
				open = append(open, e)
			}
		}
		o.before = s.usages(c, account)
		for part := range slices.Chunk(open, 200) {
			c.deliver(0, account, part)
		}
		o.settled = s.usages(c, account)
		for part := range slices.Chunk(d.events, 200) {
			c.deliver(0, account, part)
		}
		o.repeated = s.usages(c, account)
		for i, b := range d.consumes { // those nobody heard the answer of, and some of the others
			if b.heard == nil || i%8 == 0 {
				c.buy(0, account, b)
			}
			if consumes++; b.heard != nil && b.heard.Allowed {
				allowed++
			}
		}
		var exports struct{ Usage float64 }
		s.ask(c, "POST", "/v1/check", map[string]any{"account": account, "feature": "exports", "quantity": 0}, &exports)
		o.bought = int64(exports.Usage)
		var subscription struct{ Plan string }
		s.ask(c, "GET", "/v1/accounts/"+account+"/subscription", nil, &subscription)
		o.plan = subscription.Plan
		for _, wrong := range d.verdict(unknown, o) {
			s.t.Errorf("%s: %s", account, wrong)
		}
		for i, token := range d.seen { // every token that was given stays one
			if i < 20 {
				s.ask(c, "POST", "/v1/check", map[string]any{"account": account, "feature": "steps"}, nil, "Headroom-Position", token)
			}
		}
		events += len(d.events)
	}
	// A position after everything makes the list of the ledger wait for its checkpoint.
	var latest *deeds
	for _, d := range s.h.accounts {
		if latest == nil || d.at > latest.at {
			latest = d
		}
	}
	var moved struct{ Items []struct{ End string } }
	s.ask(c, "GET", "/v1/revenue/movements?to="+time.Now().AddDate(0, 2, 0).Format("2006-01"), nil, &moved, "Headroom-Position", latest.token)
	if want := fmt.Sprintf("%d.00", s.h.revenue()); len(moved.Items) == 0 || moved.Items[len(moved.Items)-1].End != want {
		s.t.Errorf("the accounts pay %s a month, and the ledger says %v", want, moved.Items)
	}
	for _, complaint := range s.h.complaints {
		s.t.Error(complaint)
	}
	var revived int
	for _, n := range s.nodes {
		revived += n.revived
	}
	s.t.Logf("round %d in %v: %d events, %d consumes of which %d allowed, %d answers in all; started %v times, %d of them because a server did not get well by itself",
		s.round, time.Since(s.began).Round(time.Millisecond), events, consumes, allowed, s.h.answered, slices.Collect(maps.Values(s.startsByNode())), revived)
}

func (s *storm) startsByNode() map[string]int {
	starts := make(map[string]int)
	for _, n := range s.nodes {
		starts[n.url] = n.starts
	}
	return starts
}

// usages reads what is counted of all that was acknowledged.
func (s *storm) usages(c *client, account string) tally {
	s.t.Helper()
	got, ok := c.usages(0, account, s.h.accounts[account].token)
	if !ok {
		s.t.Errorf("%s: its usage cannot be read", account)
	}
	return got
}

// ask reads until it is answered.
func (s *storm) ask(c *client, method, path string, body, out any, headers ...string) {
	s.t.Helper()
	a := c.until(0, method, path, body, headers...)
	if a.status != http.StatusOK {
		s.t.Errorf("%s %s answered %d: %s", method, path, a.status, a.body)
		return
	}
	if out != nil {
		if err := json.NewDecoder(bytes.NewReader(a.body)).Decode(out); err != nil {
			s.t.Errorf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
}

func TestNothingAcknowledgedIsLostOrDoubledWhenTheServerIsKilled(t *testing.T) {
	torture(t, []*node{newNode(t, t.TempDir())}, killNode, killNode, killNode, killNode, killNode, killNode)
}

func TestTwoProcessesOnOneDatabaseFightForPartitionsAndCountOnce(t *testing.T) {
	nats := newNATS(t)
	database := dbtest.PostgresURL(t)
	more := []string{"--database", database, "--nats", nats.url}
	freeze := fault{"freeze a server for longer than its lease", func(s *storm) { s.one().freeze(6 * time.Second) }}
	both := fault{"kill both servers", func(s *storm) {
		for _, n := range s.nodes {
			n.kill()
		}
		for _, n := range s.nodes {
			n.start()
		}
		for _, n := range s.nodes {
			n.heal(patience)
		}
	}}
	killLog := fault{"kill NATS", func(s *storm) {
		nats.kill()
		time.Sleep(s.between(0, 2*time.Second))
		nats.start()
		for _, n := range s.nodes {
			n.heal(patience)
		}
	}}
	// To the leases a jump of the database's clock is that all have run out at once.
	jump := fault{"the clock of the database jumps an hour ahead", func(s *storm) {
		d, err := sql.Open("pgx", database)
		if err == nil {
			defer d.Close()
			_, err = d.Exec("UPDATE partitions SET expires = expires - 3600000000")
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}}
	torture(t, []*node{newNode(t, t.TempDir(), more...), newNode(t, t.TempDir(), more...)}, jump, jump, killNode, killNode, freeze, both, killLog)
}
