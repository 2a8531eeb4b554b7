package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/headroomhq/headroom/internal/db/dbtest"
)

// Kill tests: the real binary, killed with SIGKILL while clients send events and consumes.
// The checker knows only what the clients were told and what the API says at the end.

const killCatalog = `
version: 1
currency: USD
meters:
  steps:   {event: step.done, aggregate: count}
  exports: {fed_by: consume}
features:
  steps:   {title: Steps, kind: metered, meter: steps}
  exports: {title: Exports, kind: metered, meter: exports}
plans:
  base: {title: Base, family: core, price: {month: "49"}, entitlements: {steps: unlimited, exports: {limit: 150, per: month}}}
`

const (
	killKey      = "hr_sk_kill_test"
	killAccounts = 5
	killLimit    = 150
)

// built says that binary made something to remove.
var built bool

// binary builds headroom once per test run.
var binary = sync.OnceValues(func() (string, error) {
	built = true
	dir, err := os.MkdirTemp("", "headroom-kill-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "headroom")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// node is one server process that can be killed and started again on the same data.
type node struct {
	t    *testing.T
	args []string
	url  string
	log  *output
	cmd  *exec.Cmd
}

// output keeps what a process prints, to be read while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the output.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String returns what was printed so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func newNode(t *testing.T, data string, more ...string) *node {
	address := freePort(t)
	args := append([]string{"serve", "--data", data, "--listen", address, "--partitions", "4"}, more...)
	return &node{t: t, args: args, url: "http://" + address}
}

// freePort finds a port that a server can be restarted on.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (n *node) start() {
	path, err := binary()
	if err != nil {
		n.t.Fatal(err)
	}
	n.log = &output{}
	n.cmd = exec.Command(path, n.args...)
	n.cmd.Env = append(os.Environ(), "HEADROOM_SECRET_KEY="+killKey)
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) ready() {
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(n.url + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	n.kill()
	n.t.Fatalf("the server did not become ready:\n%s", n.log)
}

func (n *node) kill() {
	if n.cmd == nil || n.cmd.Process == nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGKILL)
	_ = n.cmd.Wait()
	n.cmd = nil
}

// freeze stops the process for d, as a long pause of a virtual machine does.
func (n *node) freeze(d time.Duration) {
	if err := n.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		n.t.Fatal(err)
	}
	time.Sleep(d)
	if err := n.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		n.t.Fatal(err)
	}
}

// post sends once; ok is false when nobody answered or the answer invites a repetition.
func post(url, path, key string, body any, out any) (status int, ok bool) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	req, err := http.NewRequest("POST", url+path, bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer "+killKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return 0, false
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, false
	}
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		return resp.StatusCode, false
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(answer, out); err != nil {
			panic(fmt.Sprintf("%s: %v: %s", path, err, answer))
		}
	}
	if resp.StatusCode >= 400 {
		panic(fmt.Sprintf("%s answered %d: %s", path, resp.StatusCode, answer))
	}
	return resp.StatusCode, true
}

// told is what the clients were told: the only thing the checker believes.
type told struct {
	mu       sync.Mutex
	events   map[string]int             // acknowledged distinct events, by account
	consumes map[string]map[string]bool // by account and key: allowed?
}

func (k *told) allowed(account string) (n int) {
	for _, yes := range k.consumes[account] {
		if yes {
			n++
		}
	}
	return n
}

// client sends events and consumes, each until it is acknowledged, to the nodes in turn.
func (k *told) client(id int, seed uint64, urls []string, stop *atomic.Bool) {
	rng := rand.New(rand.NewPCG(seed, uint64(id)))
	for n := 0; !stop.Load(); n++ {
		account := fmt.Sprintf("account-%d", rng.IntN(killAccounts))
		if rng.IntN(3) == 0 {
			key := fmt.Sprintf("c%d-%d", id, n)
			var answer struct{ Allowed bool }
			k.until(urls, "/v1/consume", key, map[string]any{"account": account, "feature": "exports", "quantity": 1}, &answer)
			k.mu.Lock()
			k.consumes[account][key] = answer.Allowed
			k.mu.Unlock()
			continue
		}
		size := 1 + rng.IntN(5)
		var batch []map[string]any
		for i := range size {
			batch = append(batch, map[string]any{"specversion": "1.0", "id": fmt.Sprintf("e%d-%d-%d", id, n, i), "source": "kill",
				"type": "step.done", "subject": account})
		}
		k.until(urls, "/v1/events", "", batch, nil)
		if rng.IntN(4) == 0 { // a client that missed the answer sends again
			k.until(urls, "/v1/events", "", batch, nil)
		}
		k.mu.Lock()
		k.events[account] += size
		k.mu.Unlock()
	}
}

func (k *told) until(urls []string, path, key string, body, out any) {
	for try := 0; ; try++ {
		if _, ok := post(urls[try%len(urls)], path, key, body, out); ok {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// rounds is how often a server is killed: ten in CI, more in `make torture`.
func rounds(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("HEADROOM_TORTURE_ROUNDS"))
	if err != nil {
		return 10
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

// torture runs clients against the nodes, kills nodes at random and checks what is left.
func torture(t *testing.T, nodes []*node) {
	random := seed(t)
	rng := rand.New(rand.NewPCG(random, 0))
	t.Cleanup(func() {
		for _, n := range nodes {
			n.kill()
		}
	})
	var urls []string
	for _, n := range nodes {
		n.start()
		n.ready()
		urls = append(urls, n.url)
	}
	setUp(t, urls[0])
	k := &told{events: map[string]int{}, consumes: map[string]map[string]bool{}}
	for i := range killAccounts {
		k.consumes[fmt.Sprintf("account-%d", i)] = map[string]bool{}
	}
	var stop atomic.Bool
	var clients sync.WaitGroup
	for id := range 6 {
		clients.Go(func() { k.client(id, random, urls, &stop) })
	}
	for round := range rounds(t) {
		time.Sleep(time.Duration(100+rng.IntN(700)) * time.Millisecond)
		n := nodes[rng.IntN(len(nodes))]
		if len(nodes) > 1 && round%5 == 2 { // asleep for longer than its lease, then awake and sure that it owns
			n.freeze(6 * time.Second)
			continue
		}
		n.kill()
		if len(nodes) > 1 {
			time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
		}
		n.start()
		n.ready()
	}
	stop.Store(true)
	clients.Wait()
	for _, n := range nodes {
		n.ready()
	}
	check(t, urls, k)
}

func setUp(t *testing.T, url string) {
	setCatalog(t, url, killCatalog)
	for i := range killAccounts {
		req, err := http.NewRequest("PUT", fmt.Sprintf("%s/v1/accounts/account-%d/subscription", url, i), bytes.NewReader([]byte(`{"plan":"base"}`)))
		if err != nil {
			t.Fatal(err)
		}
		put(t, req)
	}
}

func setCatalog(t *testing.T, url, text string) {
	req, err := http.NewRequest("PUT", url+"/v1/catalog", bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	put(t, req)
}

func put(t *testing.T, req *http.Request) {
	req.Header.Set("Authorization", "Bearer "+killKey)
	req.Header.Set("Content-Type", "application/json")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		again := req.Clone(req.Context())
		again.Body, _ = req.GetBody()
		resp, err := http.DefaultClient.Do(again)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode < 300 {
			return
		}
		if resp.StatusCode < 500 || time.Now().After(deadline) {
			t.Fatalf("%s %s answered %d: %s", req.Method, req.URL, resp.StatusCode, answer)
		}
	}
}

// check compares what the clients were told with what the server says now.
func check(t *testing.T, urls []string, k *told) {
	for i := range killAccounts {
		account := fmt.Sprintf("account-%d", i)
		var steps, exports struct{ Usage float64 }
		k.until(urls, "/v1/check", "", map[string]any{"account": account, "feature": "steps"}, &steps)
		k.until(urls, "/v1/check", "", map[string]any{"account": account, "feature": "exports", "quantity": 0}, &exports)
		if int(steps.Usage) != k.events[account] {
			t.Errorf("%s: %d distinct events were acknowledged and %v are counted", account, k.events[account], steps.Usage)
		}
		allowed := k.allowed(account)
		if allowed > killLimit {
			t.Errorf("%s: %d consumes were allowed, above the hard limit of %d", account, allowed, killLimit)
		}
		if int(exports.Usage) != allowed {
			t.Errorf("%s: %d consumes were allowed and %v are counted", account, allowed, exports.Usage)
		}
		asked := 0
		for key, before := range k.consumes[account] { // a retry hears the same
			if asked++; asked > 20 {
				break
			}
			var answer struct{ Allowed bool }
			k.until(urls, "/v1/consume", key, map[string]any{"account": account, "feature": "exports", "quantity": 1}, &answer)
			if answer.Allowed != before {
				t.Errorf("%s: consume %s was answered %v, and repeated %v", account, key, before, answer.Allowed)
			}
		}
		t.Logf("%s: %d events, %d of %d consumes allowed", account, k.events[account], allowed, len(k.consumes[account]))
	}
}

func TestNothingAcknowledgedIsLostOrDoubledWhenTheServerIsKilled(t *testing.T) {
	torture(t, []*node{newNode(t, t.TempDir())})
}

func TestTwoProcessesOnOneDatabaseFightForPartitionsAndCountOnce(t *testing.T) {
	nats, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go nats.Start()
	t.Cleanup(nats.Shutdown)
	if !nats.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	database := dbtest.PostgresURL(t)
	more := []string{"--database", database, "--nats", nats.ClientURL()}
	torture(t, []*node{newNode(t, t.TempDir(), more...), newNode(t, t.TempDir(), more...)})
}
