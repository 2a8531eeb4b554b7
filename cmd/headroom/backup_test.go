package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/event"
)

// Backups by the real binary: under load, killed, restored, counted by somebody else.

// asked is one call, whose answer may be a refusal.
func asked(t *testing.T, url, path, body string, headers ...string) (status int, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequest("POST", url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+killKey)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(b, &answer)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return resp.StatusCode, answer
}

// acked is what clients were told was taken: ids by account.
type acked struct {
	mu       sync.Mutex
	ids      map[string]map[string]bool
	position string // the newest token heard
}

func (a *acked) count() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ids := range a.ids {
		n += len(ids)
	}
	return n
}

func (a *acked) copy() map[string]map[string]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make(map[string]map[string]bool)
	for account, ids := range a.ids {
		out[account] = maps.Clone(ids)
	}
	return out
}

// send sends batches of one account until stop.
func (a *acked) send(url, account string, stop *atomic.Bool) {
	c := http.Client{Timeout: 10 * time.Second}
	defer c.CloseIdleConnections()
	for n := 0; !stop.Load(); n++ {
		var batch []map[string]any
		for i := range 5 {
			batch = append(batch, step(account, fmt.Sprint(n, ".", i)))
		}
		body, err := json.Marshal(batch)
		if err != nil {
			panic(err)
		}
		req, err := http.NewRequest("POST", url+"/v1/events", bytes.NewReader(body))
		if err != nil {
			panic(err)
		}
		req.Header.Set("Authorization", "Bearer "+killKey)
		req.Header.Set("Content-Type", "application/json")
		resp, err := c.Do(req)
		if err != nil {
			continue // killed
		}
		var told struct{ Position string }
		err = json.NewDecoder(resp.Body).Decode(&told)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusAccepted {
			continue
		}
		a.mu.Lock()
		for _, e := range batch {
			a.ids[account][e["id"].(string)] = true
		}
		a.position = told.Position
		a.mu.Unlock()
	}
}

func step(account, id string) map[string]any {
	return map[string]any{"specversion": "1.0", "id": account + "/" + id, "source": "backup", "type": "step.done", "subject": account}
}

// archived counts the distinct events in a backup's log, without the engine.
func archived(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	m, err := backup.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]map[string]bool)
	err = m.EachMessage(t.Context(), dir, m.First, m.Last, func(_ uint64, _ time.Time, message []byte) error {
		return event.Sections(string(message), func(_ int, section string) error {
			var records event.Records
			if err := records.Decode(section); err != nil {
				return err
			}
			for _, r := range records.List {
				if r.Kind == event.KindEvent {
					if out[r.Key] == nil {
						out[r.Key] = make(map[string]bool)
					}
					out[r.Key][r.ID] = true
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// stepsOf asks until the usage is what is wanted, or fails.
func (n *node) stepsOf(account string, want int) {
	n.t.Helper()
	var answer struct{ Usage float64 }
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, ok := post(n.url, "/v1/check", "", map[string]any{"account": account, "feature": "steps"}, &answer); ok && int(answer.Usage) == want {
			return
		}
	}
	n.t.Errorf("%s has %v steps, want %d", account, answer.Usage, want)
}

func (n *node) environment() []string {
	return []string{"HEADROOM_URL=" + n.url, "HEADROOM_SECRET_KEY=" + killKey}
}

// done runs the binary, which must succeed.
func done(t *testing.T, env []string, args ...string) string {
	t.Helper()
	out, errs, status := headroom(t, env, args...)
	if status != 0 {
		t.Fatalf("headroom %s ended with %d:\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

func TestABackupUnderLoadHoldsWhatWasAcknowledgedBefore(t *testing.T) {
	old := newNode(t, filepath.Join(t.TempDir(), "old"))
	t.Cleanup(old.kill)
	old.start()
	old.ready()
	setUp(t, old.url)
	a := &acked{ids: make(map[string]map[string]bool)}
	var stop atomic.Bool
	var clients sync.WaitGroup
	for i := range 4 {
		account := fmt.Sprint("account-", i)
		a.ids[account] = make(map[string]bool)
		clients.Go(func() { a.send(old.url, account, &stop) })
	}
	t.Cleanup(func() { stop.Store(true); clients.Wait() })
	reach := func(n int) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); a.count() < n; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d events were acknowledged, want %d\n%s", a.count(), n, old.log)
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "backup")
	reach(300)
	done(t, old.environment(), "backup", dir)
	reach(a.count() + 300)
	before := a.copy()
	out := done(t, old.environment(), "backup", dir) // adds what is new
	if !strings.Contains(out, "backup 2 in "+dir+" is taken") {
		t.Errorf("it says %s", out)
	}
	reach(a.count() + 100) // events kept flowing
	old.kill()
	stop.Store(true)
	clients.Wait()
	lost := a.position

	held := archived(t, dir)
	for account, ids := range before {
		for id := range ids {
			if !held[account][id] {
				t.Fatalf("event %s was acknowledged before the backup and is not in it", id)
			}
		}
	}
	data := filepath.Join(t.TempDir(), "new")
	done(t, nil, "restore", dir, "--data", data)
	restored := newNode(t, data)
	t.Cleanup(restored.kill)
	restored.start()
	restored.ready()
	for account := range before {
		restored.stepsOf(account, len(held[account]))
	}
	// A token of what the old server took after the backup is not a position of this log.
	status, answer := asked(t, restored.url, "/v1/check", `{"account":"account-0","feature":"steps"}`, "Headroom-Position", lost)
	if status != http.StatusUnprocessableEntity && status != http.StatusBadRequest || answer["code"] != "position_unknown" {
		t.Errorf("with an old token it answers %d %v", status, answer)
	}
	// Clients that send all they ever sent make it whole, and count nothing twice.
	for account, ids := range a.copy() {
		var batch []map[string]any
		for id := range ids {
			batch = append(batch, step(account, strings.TrimPrefix(id, account+"/")))
		}
		for part := range slices.Chunk(batch, 1000) {
			if status, ok := post(restored.url, "/v1/events", "", part, nil); !ok {
				t.Fatalf("events were answered %d", status)
			}
		}
		all := maps.Clone(held[account])
		maps.Copy(all, ids)
		restored.stepsOf(account, len(all))
	}
	restored.stop()
	if out := done(t, nil, "replay", "--data", data); !strings.Contains(out, "no difference") {
		t.Errorf("the replay says %s", out)
	}
	if out := done(t, nil, "replay", "--backup", dir); !strings.Contains(out, "no difference") {
		t.Errorf("the replay of the backup says %s", out)
	}
	// Log and tables of different restores do not fit by accident.
	for name, mixed := range map[string]string{
		"restored tables, the old log": duplicate(t, data, old.args[2]),
		"the old tables, restored log": duplicate(t, old.args[2], data),
	} {
		if line := refusal(t, "--data", mixed, "--listen", "127.0.0.1:0"); !strings.Contains(line, "belongs to the log") {
			t.Errorf("%s: it says %s", name, line)
		}
	}
}

func TestABackupMovesACompanyBetweenEngines(t *testing.T) {
	small := newNode(t, filepath.Join(t.TempDir(), "small"))
	t.Cleanup(small.kill)
	small.start()
	small.ready()
	setUp(t, small.url)
	small.steps("a", 7)
	if !small.export("e1") {
		t.Fatal("the first 100 of 150 exports were refused")
	}
	first := filepath.Join(t.TempDir(), "first")
	done(t, small.environment(), "backup", first)
	small.stop()

	nats, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go nats.Start()
	t.Cleanup(nats.Shutdown)
	if !nats.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	engines := []string{"--database", dbtest.PostgresURL(t), "--nats", nats.ClientURL()}
	done(t, nil, append([]string{"restore", first}, engines...)...)
	if _, errs, status := headroom(t, nil, append([]string{"restore", first}, engines...)...); status != 1 || !strings.Contains(errs, "there is data in the database already") {
		t.Errorf("a second restore there ended with %d: %s", status, errs)
	}
	large := newNode(t, filepath.Join(t.TempDir(), "large"), engines...)
	t.Cleanup(large.kill)
	large.start()
	large.ready()
	large.counted(7)
	large.steps("a", 7) // again
	large.steps("b", 5)
	large.counted(12)
	if large.export("e2") || !large.export("e1") {
		t.Error("consumes are answered otherwise than before")
	}
	// Of a running cluster, without its server.
	if out := done(t, nil, append([]string{"replay"}, engines...)...); !strings.Contains(out, "no difference") {
		t.Errorf("the replay says %s", out)
	}
	second := filepath.Join(t.TempDir(), "second")
	done(t, nil, append([]string{"backup", second}, engines...)...)
	large.kill()

	data := filepath.Join(t.TempDir(), "back")
	done(t, nil, "restore", second, "--data", data)
	back := newNode(t, data)
	t.Cleanup(back.kill)
	back.start()
	back.ready()
	back.counted(12)
	back.steps("b", 5)
	back.steps("c", 1)
	back.counted(13)
	if back.export("e2") || !back.export("e1") {
		t.Error("after the second move consumes are answered otherwise than before")
	}
	back.stop()
	if out := done(t, nil, "replay", "--data", data); !strings.Contains(out, "no difference") {
		t.Errorf("the last replay says %s", out)
	}
}

func TestARestoreThatIsKilledIsWholeOrRefused(t *testing.T) {
	n := newNode(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	setUp(t, n.url)
	for i := range 40 {
		n.steps(fmt.Sprint("a", i, "."), 500)
	}
	dir := filepath.Join(t.TempDir(), "backup")
	done(t, n.environment(), "backup", dir)
	n.stop()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, uint64(time.Now().UnixNano())))
	whole, refused, untouched := 0, 0, 0
	for range 8 {
		data := filepath.Join(t.TempDir(), "restored")
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+rng.IntN(600))*time.Millisecond)
		_ = exec.CommandContext(ctx, path, "restore", dir, "--data", data).Run() // SIGKILL when the time is over
		cancel()
		if _, err := os.Stat(data); err != nil {
			untouched++
			continue
		}
		r := newNode(t, data)
		t.Cleanup(r.kill)
		if _, err := os.Stat(filepath.Join(data, "restoring")); err == nil {
			line := refusal(t, "--data", data, "--listen", "127.0.0.1:0")
			if !strings.Contains(line, "has begun and not ended") || !strings.Contains(line, "remove the data directory") {
				t.Errorf("it says %s", line)
			}
			if _, errs, status := headroom(t, nil, "restore", dir, "--data", data); status != 1 || !strings.Contains(errs, "is not empty") {
				t.Errorf("a second restore there ended with %d: %s", status, errs)
			}
			refused++
			continue
		}
		r.start()
		r.ready()
		r.counted(20_000)
		r.stop()
		whole++
	}
	t.Logf("%d whole, %d refused, %d untouched", whole, refused, untouched)
}

func TestBackupsAndRestoresThatCannotBeSayWhy(t *testing.T) {
	n := newNode(t, filepath.Join(t.TempDir(), "data"), "--backups", filepath.Join(t.TempDir(), "allowed"))
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	setUp(t, n.url)
	n.steps("a", 3)
	root := n.args[len(n.args)-1]
	dir := filepath.Join(root, "nightly")
	done(t, n.environment(), "backup", dir)
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.CopyFS(broken, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(broken, "tables-*"))
	if err != nil || len(tables) != 1 {
		t.Fatal(tables, err)
	}
	b, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(tables[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "target")
	for _, c := range []struct {
		name string
		args []string
		says string
		mend string
	}{
		{"a folder that the server may not write", []string{"backup", filepath.Join(t.TempDir(), "x")}, "only below " + root, "--backups"},
		{"a folder with something else", []string{"backup", root}, "holds something else: nightly", "an empty folder"},
		{"the data of a running server", []string{"backup", dir, "--data", n.args[2]}, "in use by another headroom", "without --data"},
		{"a replay of a running server's data", []string{"replay", "--data", n.args[2]}, "in use by another headroom", "headroom replay --backup"},
		{"data that is not there", []string{"backup", dir, "--data", target}, "no company's data", "started with"},
		{"a damaged backup", []string{"restore", broken, "--data", target}, filepath.Base(tables[0]) + " of the backup", "another copy"},
		{"a damaged backup, only looked at", []string{"backup", broken, "--verify"}, filepath.Base(tables[0]) + " of the backup", "another copy"},
		{"a folder that is no backup", []string{"restore", t.TempDir(), "--data", target}, "no whole backup", "taken again"},
		{"a place that is not empty", []string{"restore", dir, "--data", dir}, "is not empty", "new directory"},
		{"no place", []string{"restore", dir}, "--data is missing", "name the data directory"},
	} {
		_, errs, status := headroom(t, n.environment(), c.args...)
		if status != 1 || !strings.Contains(errs, c.says) || !strings.Contains(errs, c.mend) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: it ended with %d and says\n%s", c.name, status, errs)
		}
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("something was written although nothing could be restored")
	}
	if status, answer := asked(t, n.url, "/v1/backups", `{"directory":"here"}`); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest || answer["code"] != "backup_directory_invalid" {
		t.Errorf("a relative path is answered %d %v", status, answer)
	}
	if out := done(t, nil, "backup", dir, "--verify", "--output", "json"); !strings.Contains(out, `"number": 1`) {
		t.Errorf("it prints %s", out)
	}
	n.stop()
}
