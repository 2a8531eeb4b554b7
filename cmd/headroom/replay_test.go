package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/backup"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/replay"
)

// Replaying what a company did: nothing differs, until somebody changes the tables.

// livedCompany is a company for which every call of the contract was made, with people,
// imports, months that pass and a restart in the middle. It is stopped.
func livedCompany(t *testing.T) *company {
	t.Helper()
	c := sampleCompany(t, nil)
	text, err := os.ReadFile("../../examples/summit/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{"version": "", "position": ""}
	fill := func(text string) string {
		for name, value := range kept {
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
		return text
	}
	for i, call := range contract {
		if strings.HasPrefix(call.body, "gzip:") || call.path == "/openapi.json" {
			continue
		}
		if i == len(contract)/2 {
			c.restart()
		}
		body := call.body
		if body == "@catalog" {
			body = string(text)
		}
		headers := []string{"Headroom-Position", kept["position"]}
		for i := range call.headers {
			headers = append(headers, fill(call.headers[i]))
		}
		_, answer := c.send(call.method, fill(call.path), fill(body), headers...)
		if position, ok := answer["position"].(string); ok {
			kept["position"] = position
		}
		if name, field, keeps := strings.Cut(call.keep, "="); keeps {
			kept[name], _ = answer[field].(string)
		}
	}
	for _, call := range []struct{ path, body string }{
		{"/v1/identify", `{"userId":"u9","traits":{"email":"ada@acme.example"},"messageId":"m1"}`}, // before the account is known
		{"/v1/track", `{"userId":"u9","event":"speaker.added","messageId":"m2"}`},
		{"/v1/group", `{"userId":"u9","groupId":"acme","messageId":"m3"}`},
		{"/v1/alias", `{"userId":"u9","previousId":"anon","messageId":"m4"}`},
		{"/v1/imports/subscriptions", `{"import":"billing","rows":[{"row":"1","account":"hooli","subscription":{"plan":"pro","interval":"month","amount":"149.00","currency":"USD","started_at":"2025-03-01T00:00:00Z"}}]}`},
		{"/v1/clock/advance", `{"by":"45d"}`},
		{"/v1/events", `[` + ce("late", "email.sent", "acme", `{"count":3}`) + `,` + ce("e1", "email.sent", "acme", `{"user":"u1","count":1900}`) + `]`},
		{"/v1/clock/advance", `{"by":"1d"}`},
	} {
		if status, answer := c.send("POST", call.path, call.body); status >= 300 {
			t.Fatalf("%s answered %d %v", call.path, status, answer)
		}
	}
	c.must("PUT", "/v1/accounts/umbrella/subscription", map[string]any{"plan": "pro"}, nil)
	c.check("umbrella", "speakers", c.speakers("umbrella", 36)) // large enough for people to work on it
	for n := range 4 {                                          // too many different ones for the account's state
		var batch []string
		for i := range 200 {
			batch = append(batch, ce(fmt.Sprintf("seen-%d-%d", n, i), "attendee.joined", "umbrella", fmt.Sprintf(`{"attendee_id":"a%d-%d"}`, n, i)))
		}
		var got ingested
		c.must("POST", "/v1/events", json.RawMessage("["+strings.Join(batch, ",")+"]"), &got)
		if err := c.server.runner.WaitAll(t.Context(), positionOf(t, c, got.Position), true); err != nil {
			t.Fatal(err)
		}
	}
	c.must("POST", "/v1/events/void", map[string]any{"account": "umbrella", "source": "app", "id": "seen-0-0"}, nil)
	c.check("umbrella", "speakers", c.speakers("umbrella", 1))
	c.server.close()
	return c
}

func positionOf(t *testing.T, c *company, token string) uint64 {
	t.Helper()
	position, err := c.server.runner.ParsePosition(token)
	if err != nil {
		t.Fatal(err)
	}
	return position
}

// replayed runs `headroom replay`.
func replayed(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, errs, err := run(t, replayCommand(), args...)
	if errs != "" {
		t.Errorf("on stderr it says %s", errs)
	}
	return out, err
}

func TestAReplayFindsExactlyWhatWasChanged(t *testing.T) {
	c := livedCompany(t)
	out, err := replayed(t, "--data", c.data)
	if err != nil || !strings.Contains(out, "no difference") {
		t.Fatalf("%v\n%s", err, out)
	}
	d, err := db.Open(t.Context(), c.data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	rows := func(table string) (n int) {
		if err := d.Read().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, table := range []string{"account_states", "account_sets", "timers", "dedup_segments", "answers", "accounts", "people", "signals",
		"decisions", "outcomes", "requests", "opportunities", "ledger", "usage_periods"} {
		if rows(table) == 0 {
			t.Errorf("the story leaves %s empty, so that nothing is proved of it", table)
		}
	}
	d.Close()
	for _, x := range []struct {
		name      string
		statement string
		says      []string // of one difference each
	}{
		{"an account that nobody spoke of", "INSERT INTO account_states (account, partition, state) SELECT 'ghost', partition, state FROM account_states WHERE account = 'acme'",
			[]string{"account ghost, account_states: the database says that it exists, the log says that it does not"}},
		{"an account that is gone", "DELETE FROM account_states WHERE account = 'globex'",
			[]string{"account globex, account_states: the database says that it does not exist, the log says that it does"}},
		{"an account that is as another", "UPDATE account_states SET state = (SELECT state FROM account_states WHERE account = 'initech') WHERE account = 'globex'",
			[]string{"account globex, account_states, subscription.status: the database says ended, the log says active"}},
		{"a state of nonsense", "UPDATE account_states SET state = x'ff' WHERE account = 'acme'", []string{"account acme, account_states: the database says what cannot be read"}},
		{"members that are gone", "DELETE FROM account_sets WHERE seq = (SELECT MAX(seq) FROM account_sets)", []string{"account umbrella, account_sets: the database says what does not fit"}},
		{"a timer that comes later", "UPDATE timers SET next_due = next_due + 1 WHERE account = 'acme'", []string{"account acme, timers, row \"acme\", next_due"}},
		{"an event that is forgotten", "DELETE FROM dedup_segments WHERE segment = 0 AND partition = (SELECT MIN(partition) FROM dedup_segments)", []string{"dedup_segments, day", "the database says nothing of"}},
		{"an answer that was another", "UPDATE answers SET answer = x'7b7d' WHERE account = 'umbrella'", []string{"account umbrella, answers, call", "the database says {}"}},
		{"an answer that is gone", "DELETE FROM answers WHERE account = 'umbrella'", []string{"that there was no such call"}},
		{"a name that was written in", "UPDATE accounts SET name = 'Acne' WHERE account = 'acme'", []string{`account acme, accounts, row "acme", name: the database says "Acne", the log says "Acme"`}},
		{"a signal's score", "UPDATE signals SET document = REPLACE(document, '\"score\":', '\"score\":1')", []string{"account acme, signals, row", "score: the database says 1"}},
		{"a ledger line more", "INSERT INTO ledger (account, seq, effective_at, recorded_at, delta, mrr, currency, movement, type, motion, source, ref, note) SELECT account, 999, effective_at, recorded_at, delta, mrr, currency, movement, type, motion, source, ref, note FROM ledger WHERE account = 'acme' AND seq = 1",
			[]string{`account acme, ledger, row "acme" 999: the database says that it exists`}},
		{"an opportunity of another owner", "UPDATE opportunities SET owner = 'me'", []string{"opportunities, row", `owner: the database says "me"`}},
		{"an outcome that is gone", "DELETE FROM outcomes WHERE type = 'seen'", []string{"outcomes, row", "that it does not exist"}},
		{"a period's usage", "UPDATE usage_periods SET usage = usage + 1", []string{"usage_periods, row", "usage: the database says"}},
		{"a partition's time", "UPDATE partitions SET now = now + 1 WHERE partition = 2", []string{"partition 2, partitions, time"}},
		{"a person's role", "UPDATE people SET role = 'boss'", []string{"people, row", `role: the database says "boss"`}},
	} {
		t.Run(x.name, func(t *testing.T) {
			copied := copyData(t, c.data)
			d, err := db.Open(t.Context(), copied)
			if err != nil {
				t.Fatal(err)
			}
			n, err := d.Exec(t.Context(), x.statement)
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			d.Close()
			out, err := replayed(t, "--data", copied)
			if err == nil || !strings.Contains(err.Error(), "differs from what the log says") {
				t.Fatalf("it ends with %v\n%s", err, out)
			}
			for _, says := range x.says {
				if !strings.Contains(out, says) {
					t.Errorf("it does not say %q but\n%s", says, out)
				}
			}
			table := strings.Fields(strings.NewReplacer("INSERT INTO ", "", "DELETE FROM ", "", "UPDATE ", "").Replace(x.statement))[0]
			for line := range strings.SplitSeq(out, "\n") {
				if strings.HasPrefix(line, "  ") && !strings.Contains(line, table) {
					t.Errorf("it says more: %s", line)
				}
			}
		})
	}
}

func copyData(t *testing.T, data string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestAnAccountIsShownAsItStood(t *testing.T) {
	c := newCompany(t, "2026-01-15T09:00:00Z")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	c.speakers("acme", 3)
	middle := c.speakers("acme", 2)
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "40d"}, nil)
	c.check("acme", "speakers", c.speakers("acme", 1)) // seen, so that the last checkpoint has it
	c.server.close()
	show := func(args ...string) replay.At {
		t.Helper()
		out, err := replayed(t, append([]string{"--data", c.data, "--account", "acme", "--output", "json"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		var a replay.At
		if err := json.Unmarshal([]byte(out), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	field := func(a replay.At, part string) (values []string) {
		for _, f := range a.State {
			if strings.Contains(f.Path, part) {
				values = append(values, f.Value)
			}
		}
		return values
	}
	holds := func(values []string, want string) bool {
		for _, v := range values {
			if v == want || v == want+"000000" { // a quantity in millionths
				return true
			}
		}
		return false
	}
	for _, x := range []struct {
		name     string
		args     []string
		speakers string
		now      string
	}{
		{"now", nil, "6", "2026-02-24"},
		{"at a position", []string{"--at", middle}, "5", "2026-01-15"},
		{"at a bare position", []string{"--at", middle[strings.IndexByte(middle, '-')+1:]}, "5", "2026-01-15"},
		{"at a time", []string{"--at", "2026-02-01T00:00:00Z"}, "5", "2026-02-01"},
	} {
		a := show(x.args...)
		if !a.Exists || !holds(field(a, "usage.speakers"), x.speakers) || !strings.HasPrefix(a.Now.String(), x.now) {
			t.Errorf("%s: want %s speakers on %s, got %+v", x.name, x.speakers, x.now, a)
		}
	}
	if out, err := replayed(t, "--data", c.data, "--account", "acme"); err != nil || !strings.Contains(out, "subscription.plan") {
		t.Errorf("as text: %v\n%s", err, out)
	}
	for _, x := range []struct {
		name string
		args []string
		says string
	}{
		{"an account that is not", []string{"--account", "nobody"}, "there is no account"},
		{"before its first record", []string{"--account", "acme", "--at", "1"}, "there is no account"},
		{"a time that is none", []string{"--account", "acme", "--at", "yesterday"}, "neither a log position nor a time"},
		{"a position after the end", []string{"--account", "acme", "--at", "99999"}, "position 99999 is after the end of the log"},
		{"a position of no account", []string{"--at", "2"}, "without --account"},
		{"two places", []string{"--backup", "x"}, "two places"},
	} {
		if _, err := replayed(t, append([]string{"--data", c.data}, x.args...)...); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

func TestAReplaySaysWhatItLeavesToTheNextStart(t *testing.T) {
	for _, c := range []struct {
		name          string
		last, logLast uint64
		says          string
	}{
		{"the log ends at the last checkpoint", 106, 106, ""},
		{"it goes on after it", 106, 108, "positions 107 to 108 lie after the last checkpoint: the next start steps them again\n"},
	} {
		var out strings.Builder
		printReplay(&out, &replay.Report{First: 1, Last: c.last, LogLast: c.logLast})
		want := fmt.Sprintf("0 records of positions 1 to %d replayed in 0.0 s\n%s0 accounts and 0 rows compared: no difference\n", c.last, c.says)
		if out.String() != want {
			t.Errorf("%s: it says\n%s", c.name, out.String())
		}
	}
}

func TestATrimmedLogIsReplayedFromABackup(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	c.speakers("acme", 3)
	settled := func() {
		t.Helper()
		_, last, err := c.server.log.Bounds(t.Context())
		if err == nil {
			err = c.server.runner.WaitAll(t.Context(), last, true)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	settled()
	dir := filepath.Join(t.TempDir(), "older")
	source := backup.Source{Store: c.server.store, Log: c.server.log}
	if _, err := backup.Take(t.Context(), source, dir, nil); err != nil {
		t.Fatal(err)
	}
	c.speakers("acme", 2)
	settled()
	keep := backup.Retention{Store: c.server.store, Log: c.server.log, Keep: time.Hour, Logger: c.opts.logger,
		Backups: filepath.Dir(dir), Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}
	begins, err := keep.Trim(t.Context())
	if err != nil || begins == 0 {
		t.Fatal(begins, err)
	}
	c.restart() // starts on a trimmed log
	if got := c.check("acme", "speakers", c.speakers("acme", 1)); got.Usage == nil || *got.Usage != 6 {
		t.Errorf("after the trim there are %+v speakers, want 6", got)
	}
	c.server.close()
	if _, err := replayed(t, "--data", c.data); err == nil || !strings.Contains(err.Error(), "--from-backup") {
		t.Errorf("without the backup it says %v", err)
	}
	if out, err := replayed(t, "--data", c.data, "--from-backup", dir); err != nil || !strings.Contains(out, "no difference") {
		t.Errorf("from the backup: %v\n%s", err, out)
	}
	if out, err := replayed(t, "--data", c.data, "--from-backup", dir, "--account", "acme"); err != nil || !strings.Contains(out, "usage.speakers") {
		t.Errorf("the account from the backup: %v\n%s", err, out)
	}
	c.open()
}

func TestAReplayReadsARunningServersTables(t *testing.T) {
	c := newCompany(t, "")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	c.speakers("acme", 3)
	for range 20 { // whatever was committed at that moment
		report, err := replay.Check(t.Context(), c.server.store, c.server.log, replay.Options{})
		if err != nil || report.Err() != nil {
			t.Fatal(err, report)
		}
		c.speakers("acme", 1)
	}
}

func TestDataFromBeforeListsSaidWhatComesNext(t *testing.T) {
	c := newCompany(t, "2026-01-10T09:00:00Z")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro", "trial_ends_at": "2026-01-20T00:00:00Z"}, nil)
	c.must("PUT", "/v1/accounts/globex/subscription", map[string]any{"plan": "starter"}, nil)
	coming := func() (keys []string) {
		t.Helper()
		var l struct{ Items []struct{ Key string } }
		c.must("GET", "/v1/accounts?sort=next&next=trial_ends", nil, &l)
		for _, i := range l.Items {
			keys = append(keys, i.Key)
		}
		return keys
	}
	if _, last, err := c.server.log.Bounds(t.Context()); err != nil || c.server.runner.WaitAll(t.Context(), last, true) != nil {
		t.Fatal(err)
	}
	if got := coming(); len(got) != 1 {
		t.Fatalf("to begin with the trials of %v end", got)
	}
	c.server.close()
	older := func() { // as the tables are after the columns were added
		t.Helper()
		d, err := db.Open(t.Context(), c.data)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, statement := range []string{"UPDATE accounts SET next_at = 0, next_is = '' WHERE next_at > 0", "DELETE FROM meta WHERE name = 'filled:next'"} {
			if n, err := d.Exec(t.Context(), statement); err != nil || n != 1 {
				t.Fatal(statement, n, err)
			}
		}
	}
	older()
	if out, err := replayed(t, "--data", c.data); err != nil || !strings.Contains(out, "no difference") {
		t.Errorf("a replay says %v\n%s", err, out)
	}
	older()
	c.open()
	if got := coming(); len(got) != 1 {
		t.Errorf("after the start the trials of %v end", got)
	}
}
