package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db/dbtest"
)

// `headroom doctor` of the real binary, on servers and data that are broken on purpose.

// diagnosis is what one run said, without what differs from run to run.
type diagnosis struct {
	exit   int
	stderr string
	Checks []struct{ Check, Status, Found, Mend string }
}

// notOK returns the findings that are not ok, each in one line.
func (d diagnosis) notOK() (said []string) {
	for _, c := range d.Checks {
		if c.Status != "ok" {
			said = append(said, fmt.Sprintf("%s %s: %s | %s", c.Status, c.Check, c.Found, c.Mend))
		}
	}
	return said
}

func (d diagnosis) of(check string) string {
	for _, c := range d.Checks {
		if c.Check == check {
			return c.Status + ": " + c.Found
		}
	}
	return ""
}

// doctor runs `headroom doctor --output json` under an environment.
func doctor(t *testing.T, url, key string, args ...string) diagnosis {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{"doctor", "--output", "json"}, args...)...)
	cmd.Env = append(os.Environ(), "HEADROOM_URL="+url, "HEADROOM_SECRET_KEY="+key)
	cmd.Dir = t.TempDir()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var d diagnosis
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		d.exit = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	d.stderr = stderr.String()
	if err := json.Unmarshal(stdout.Bytes(), &d); err != nil {
		t.Fatalf("it printed no document: %v\n%s%s", err, &stdout, &stderr)
	}
	broken := slices.ContainsFunc(d.notOK(), func(line string) bool { return strings.HasPrefix(line, "broken") })
	if (d.exit == 1) != broken || d.exit > 1 || broken != (d.stderr != "") {
		t.Errorf("it ended with %d and said %q on stderr, broken is %v", d.exit, d.stderr, broken)
	}
	return d
}

// plain takes out of a line what differs from run to run.
func plain(line string, replace ...string) string {
	line = strings.NewReplacer(replace...).Replace(line)
	line = regexp.MustCompile(`[0-9a-f]{32}`).ReplaceAllString(line, "ID")
	return regexp.MustCompile(`(position|at|from|seen|it from|process|user) \(?\d+\)?`).ReplaceAllString(line, "$1 N")
}

func TestTheDoctorNamesWhatIsWrongWithStoppedData(t *testing.T) {
	b := takeBackups(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := opened(t, duplicate(t, b.newer, b.newer), 0o700)
	if err := os.WriteFile(filepath.Join(garbage, "headroom.db"), bytes.Repeat([]byte("garbage "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	copied := func(database, log string) string { return opened(t, duplicate(t, database, log), 0o700) }
	const together = "start with the log and the database that belong together: look at --data, --nats and --database"
	const here = "give the directory that `headroom serve --data` was started with"
	const noKey = "warn keys: there is no secret key that is not revoked | start the server with HEADROOM_SECRET_KEY set and make a key with POST /v1/keys"
	for _, c := range []struct {
		name, dir string
		says      []string
	}{
		{"nothing but that there is no key in it", copied(b.newer, b.newer), []string{noKey}},
		{"there is no such directory", filepath.Join(t.TempDir(), "none"), []string{"broken directory: there is no DIR | " + here}},
		{"it is a file", file, []string{"broken directory: DIR is a file | " + here}},
		{"it is a directory of something else", opened(t, t.TempDir(), 0o700), []string{"broken database: there is no headroom.db in DIR | " + here + "; when the database is lost, restore it from a backup with `headroom restore`"}},
		{"others can read it", opened(t, copied(b.newer, b.newer), 0o755), []string{"warn permissions: other users can read DIR (-rwxr-xr-x), DIR/log (-rwxr-xr-x) | chmod 700 DIR: keys and personal data are in there", noKey}},
		{"the log is from an older backup", copied(b.newer, b.older), []string{
			"broken positions: the log ends at position N, the database has already seen N | the log was restored from an older backup than the database: restore both from the same backup", noKey}},
		{"the log begins later than the database ends", truncated(t, copied(b.older, b.newer)), []string{
			"broken positions: the log begins at position N, the database needs it from N on | the database was restored from an older backup than the log: restore a newer backup of the database, or both from the same one", noKey}},
		{"the database is another company's", copied(b.other, b.newer), []string{
			"broken positions: the database belongs to the log ID, this log is ID | " + together, noKey}},
		{"the log is gone", copied(b.newer, ""), []string{
			"broken log: the log is gone: there is none in DIR/log, and the database belongs to log ID | restore the log and the database from the same backup, or start with --nats if it is kept there", noKey}},
		{"the tables are of a newer version", altered(t, copied(b.newer, b.newer), "INSERT INTO schema_version (version, applied_at) VALUES (9000, 1)"), []string{
			"broken tables: the tables have version 9000, this headroom knows versions up to VERSION | run the newer headroom that wrote them, or restore a backup from before the upgrade"}},
		{"the rules are of a newer version", altered(t, copied(b.newer, b.newer), "UPDATE partitions SET rules = 9000"), []string{
			"broken rules: the data follows rules 9000 and this binary knows RULES | run the newer version of headroom that wrote the data", noKey}},
		{"a partition is missing", altered(t, copied(b.newer, b.newer), "DELETE FROM partitions WHERE partition = 2"), []string{
			"broken partitions: 3 of 4 partitions are there | restore the database from a backup", noKey}},
		{"the outbox did not drain", altered(t, copied(b.newer, b.newer), "INSERT INTO outbox (partition, record, due) VALUES (1, x'00', 1)"), []string{
			"warn outbox: 1 records wait to be forwarded, the oldest waited AGE when the server ended | start the server and look again: if they stay, its log says \"forwarding waits\" and why", noKey}},
		{"the database is none", garbage, []string{
			"broken database: the database headroom.db is damaged, or is not a database | restore the data directory from a backup"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := doctor(t, "", "", "--data", c.dir).notOK()
			for i := range said {
				said[i] = plain(said[i], c.dir, "DIR")
				said[i] = regexp.MustCompile(`versions up to \d+`).ReplaceAllString(said[i], "versions up to VERSION")
				said[i] = regexp.MustCompile(`binary knows \d+`).ReplaceAllString(said[i], "binary knows RULES")
				said[i] = regexp.MustCompile(`waited \d+ days`).ReplaceAllString(said[i], "waited AGE")
			}
			if !slices.Equal(said, c.says) {
				t.Errorf("it says\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(c.says, "\n"))
			}
		})
	}
	t.Run("a page of the database is damaged", func(t *testing.T) {
		said := doctor(t, "", "", "--data", damaged(t, copied(b.newer, b.newer))).notOK()
		const want = "broken integrity: the database headroom.db is damaged, or is not a database | restore the data directory from a backup"
		if len(said) == 0 || said[0] != want {
			t.Errorf("it says\n%s\nwant\n%s", strings.Join(said, "\n"), want)
		}
	})
	t.Run("a replay of sound data, and of a database that was changed by hand", func(t *testing.T) {
		if d := doctor(t, "", "", "--data", copied(b.newer, b.newer), "--replay"); d.exit != 0 || !strings.HasSuffix(d.of("replay"), ": no difference") {
			t.Errorf("it ended with %d and says of the replay %q", d.exit, d.of("replay"))
		}
		changed := altered(t, copied(b.newer, b.newer), "UPDATE accounts SET plan = 'gold' WHERE account = 'account-0'")
		if said := doctor(t, "", "", "--data", changed, "--replay").of("replay"); !strings.HasPrefix(said, "broken: the database differs from what the log says in 1 places: ") || !strings.Contains(said, "gold") {
			t.Errorf("it says of the replay %q", said)
		}
	})
	t.Run("a disk that is mounted read-only", func(t *testing.T) {
		dir := readOnly(t, b.newer)
		d := doctor(t, "", "", "--data", dir)
		if said := strings.Join(d.notOK(), "\n"); !strings.HasPrefix(said, "broken permissions: this user (") || !strings.Contains(said, "cannot write "+dir) ||
			!strings.Contains(said, "| give the user that runs headroom the right to read and write all of it, and look whether the disk is mounted read-only") {
			t.Errorf("it says\n%s", said)
		}
	})
	t.Run("a server that was killed", func(t *testing.T) {
		n := newNode(t, duplicate(t, b.newer, b.newer))
		t.Cleanup(n.kill)
		n.start()
		n.ready()
		d := doctor(t, "", "", "--data", n.args[2])
		if said := plain(strings.Join(d.notOK(), "\n"), n.args[2], "DIR"); said != "broken database: the data directory DIR is in use by another headroom (process N) | "+
			"ask the running server: `headroom doctor` without --data, with HEADROOM_URL and HEADROOM_SECRET_KEY; or stop it first" && !strings.Contains(said, "in use by another headroom") {
			t.Errorf("while it runs it says\n%s", said)
		}
		n.kill()
		d = doctor(t, "", "", "--data", n.args[2])
		if d.exit != 0 || !strings.HasPrefix(d.of("leases"), "ok: the server did not end in order (killed, power loss): partition 0 (http://127.0.0.1:") {
			t.Errorf("it ended with %d and says of leases %q", d.exit, d.of("leases"))
		}
		if said := d.of("log"); !strings.HasPrefix(said, "ok: ") {
			t.Errorf("it says of the log %q", said)
		}
		n.start() // the doctor has spoilt nothing
		n.ready()
		n.counted(12)
		n.stop()
	})
}

// opened says who may enter a directory.
func opened(t *testing.T, dir string, mode os.FileMode) string {
	t.Helper()
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// damaged overwrites a page in the middle of the database.
func damaged(t *testing.T, dir string) string {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "headroom.db"), os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const page = 8192
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xfe}, page/2), 8*page); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readOnly copies a data directory to where nobody can write: root only on a disk mounted so.
func readOnly(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		dir = duplicate(t, from, from)
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
		return dir
	}
	if err := syscall.Mount("headroom-test", dir, "tmpfs", 0, "size=256m"); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("headroom-test", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheDoctorNamesWhatIsWrongWithARunningServer(t *testing.T) {
	n := newNode(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	var reader struct{ Secret string }
	if status, ok := post(n.url, "/v1/keys", "", map[string]any{"name": "reader", "scopes": []string{"read"}}, &reader); !ok {
		t.Fatalf("making a key was answered %d", status)
	}
	closed := "http://" + freePort(t)
	for _, c := range []struct {
		name, url, key string
		says           []string
	}{
		{"nothing listens there", closed, killKey, []string{"broken server: the server at CLOSED does not answer: Get \"CLOSED/healthz\": dial tcp ADDRESS: connect: connection refused | start it with `headroom serve`, or set HEADROOM_URL"}},
		{"no key", n.url, "", []string{"broken key: HEADROOM_SECRET_KEY is not set: nothing more can be seen | set it to a secret key of this server with the scope admin"}},
		{"a key of another server", n.url, "hr_sk_wrong", []string{"broken key: this key is not known here | WHICH"}},
		{"a key that may not look", n.url, reader.Secret, []string{"broken key: this key has the scopes read, this call needs admin | use a key with the scope admin"}},
		{"a new server", n.url, killKey, []string{
			"warn catalog: none is active: events are kept and count for nothing yet | apply one with `headroom catalog apply FILE`",
			"warn events: none came in ever | send one with POST /v1/events, or through a Segment client"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := doctor(t, c.url, c.key)
			said := d.notOK()
			for i := range said {
				said[i] = strings.NewReplacer(closed, "CLOSED", strings.TrimPrefix(closed, "http://"), "ADDRESS").Replace(said[i])
				if strings.Contains(said[i], "this key is not known here | ") {
					said[i] = "broken key: this key is not known here | WHICH"
				}
			}
			if !slices.Equal(said, c.says) {
				t.Errorf("it says\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(c.says, "\n"))
			}
		})
	}
	t.Run("senders that mistype, forget ids and send what is refused", func(t *testing.T) {
		setUp(t, n.url)
		// A process looks once a second what types the catalog knows.
		told := false
		for deadline, turn := time.Now().Add(20*time.Second), 0; !told; turn++ {
			batch := []map[string]any{
				{"specversion": "1.0", "id": fmt.Sprint("misspelt-", turn), "source": "s", "type": "step.doen", "subject": "account-0"},
				{"specversion": "1.0", "source": "s", "type": "step.done", "subject": "account-0"},
				{"specversion": "1.0", "id": fmt.Sprint("nobodys-", turn), "source": "s", "type": "step.done"},
			}
			var answer struct {
				Unknown []string `json:"unknown_types"`
			}
			if status, ok := post(n.url, "/v1/events", "", batch, &answer); !ok || time.Now().After(deadline) {
				t.Fatalf("events were answered %d", status)
			}
			told = len(answer.Unknown) > 0
		}
		want := []string{
			`warn event types: the catalog does not know "step.doen" (N, is "step.done" meant?) | add a meter or signal for them, mend the sender, or stop sending them`,
			"warn event ids: N of N events came without an id: sent again, they count again | let the sender give every event an id of its own (CloudEvents id, Segment messageId) and keep it when it repeats",
			"warn rejected: N of N events were refused: missing_subject N | the answers under \"rejected\" name the field of each event; docs/errors.md explains the codes",
		}
		d := doctor(t, n.url, killKey)
		said := d.notOK()
		for i := range said {
			said[i] = regexp.MustCompile(`\b\d+\b`).ReplaceAllString(said[i], "N")
		}
		if d.exit != 0 || !slices.Equal(said, want) {
			t.Errorf("it says\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestTheDoctorKnowsOfEventsFromBeforeARestart(t *testing.T) {
	n := newNode(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	n.steps("a", 1)
	n.stop() // before anybody asked for the status
	n.start()
	n.ready()
	if said := doctor(t, n.url, killKey).of("events"); !strings.HasPrefix(said, "ok: none yet since the start") {
		t.Errorf("it says of events %q", said)
	}
}

func TestTheDoctorNamesAPartitionThatWaitsForTheDatabase(t *testing.T) {
	target := dbtest.PostgresURL(t)
	n := newNode(t, filepath.Join(t.TempDir(), "data"), "--database", target)
	t.Cleanup(n.kill)
	n.start()
	n.ready()
	setUp(t, n.url)
	n.steps("a", 3)
	n.counted(3)
	d, err := sql.Open("pgx", target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tx, err := d.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// A table that somebody holds, as a migration by hand or a careless backup does.
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE account_states IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var batch []map[string]any
	for i := range 40 { // accounts that are not in memory yet
		batch = append(batch, map[string]any{"specversion": "1.0", "id": fmt.Sprint("new", i), "source": "s", "type": "step.done", "subject": fmt.Sprint("new-", i)})
	}
	if status, ok := post(n.url, "/v1/events", "", batch, nil); !ok || status != http.StatusAccepted {
		t.Fatalf("events were answered %d", status)
	}
	mend := "look at the log of the owner for what it waits for (often the database), and at CPU and disk; events are safe in the log meanwhile"
	lagging := regexp.MustCompile(`^warn lag: partition 0 \(\d+ messages, \d+ s\), 1 \(\d+ messages, \d+ s\), 2 \(\d+ messages, \d+ s\), 3 \(\d+ messages, \d+ s\) is behind the log \| ` + regexp.QuoteMeta(mend) + `$`)
	for deadline := time.Now().Add(50 * time.Second); ; {
		said := doctor(t, n.url, killKey).notOK()
		if slices.ContainsFunc(said, lagging.MatchString) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it says\n%s", strings.Join(said, "\n"))
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); len(doctor(t, n.url, killKey).notOK()) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("it is not well again")
		}
	}
}
