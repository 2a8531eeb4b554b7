package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/clock"
)

// healthy is what a server says of itself that has run for a day and lacks nothing.
func healthy() api.Status {
	now := clock.Time(1_800_000_000) * clock.Second
	s := api.Status{Version: version, StartedAt: now - clock.Day, Now: now, Machine: now, Rules: 1,
		Log: api.StatusLog{Identity: "5b1c", Embedded: true, First: 1, Last: 9000, OldestAt: now - 10*clock.Day, NewestAt: now, Bytes: 10 << 30,
			FreeBytes: 500 << 30, DiskBytes: 800 << 30, ReserveBytes: 128 << 20, Replicas: 1},
		Database: api.StatusDatabase{Engine: "sqlite", Now: now},
		Catalog:  api.StatusCatalog{Version: "c1", Meters: 5, Signals: 10},
		Events:   api.StatusEvents{Accepted: 100_000, LastHour: 4000, LastAt: now - clock.Second, FirstEver: now - 10*clock.Day},
	}
	for i := range 3 {
		s.Partitions = append(s.Partitions, api.StatusPartition{Partition: i, Owner: "http://10.0.0.7:8080", Here: true, Checkpoint: 8999, CheckedAt: now - clock.Minute, Rules: 1})
	}
	return s
}

func TestTheDoctorNamesWhatAStatusTellsAndTheMend(t *testing.T) {
	const ntp = "let NTP set the clocks of all machines (chrony, systemd-timesyncd)"
	const ownerLog = "look at the log of the owner for what it waits for (often the database), and at CPU and disk; events are safe in the log meanwhile"
	const checkpointLog = "look at the log of the owner: a database that is away, full or locked is named there; answers go on from memory, lists and effects wait"
	const sender = "look at the product that sends them: its address of this server, its key with events:write, and its answers"
	for _, c := range []struct {
		name  string
		ahead time.Duration // of the server's clock
		ill   func(s *api.Status)
		says  []string // the findings that are not ok: status, check: found | mend
	}{
		{name: "nothing is wrong", ill: func(*api.Status) {}},
		{name: "the clocks are ten seconds apart", ahead: -10 * time.Second, ill: func(*api.Status) {},
			says: []string{"warn clock: the server's clock is 10 s behind this machine's | " + ntp}},
		{name: "the clocks are an hour apart", ahead: time.Hour, ill: func(*api.Status) {},
			says: []string{"broken clock: the server's clock is 60 min ahead of this machine's | " + ntp}},
		{name: "the database's clock is wrong", ill: func(s *api.Status) { s.Database.Now -= clock.Minute },
			says: []string{"warn database clock: the database's clock and the server's are 60 s apart | " + ntp}},
		{name: "a clock was an hour ahead", ill: func(s *api.Status) { s.Partitions[1].CheckedAt = s.Now + clock.Hour },
			says: []string{"warn time: records were taken by a clock that was 60 min ahead: trials and periods that end until then have ended early | look which node's clock was wrong and let NTP set it; time goes on by itself when the clocks get there"}},
		{name: "a test clock", ill: func(s *api.Status) { s.TestClock, s.Now = true, s.Now+clock.Day },
			says: []string{"warn test clock: time stands at 2027-01-16T08:00:00Z until POST /v1/clock/advance moves it | a server for real customers is started without --test-clock"}},
		{name: "the log takes nothing", ill: func(s *api.Status) {
			s.Log.Trouble = &api.StatusRefuse{Code: "log_unavailable", Detail: "the log does not take records now", Mend: "restart it"}
		}, says: []string{"broken log: the log does not take records now | restart it"}},
		{name: "a copy of the log is away", ill: func(s *api.Status) { s.Log.Embedded, s.Log.Replicas, s.Log.Lagging = false, 3, 1 },
			says: []string{"broken log copies: 1 of 3 copies of the log are offline or behind | look at the NATS servers with `nats stream info HEADROOM` and bring the missing ones back"}},
		{name: "senders were turned away", ill: func(s *api.Status) { s.Log.Refused = 12 },
			says: []string{"warn back-pressure: 12 calls were answered 429 since 2027-01-14T08:00:00Z because too much waited for the disk | senders repeat what was turned away, nothing is lost; a faster disk, larger batches or fewer single-event requests take more"}},
		{name: "the disk is full in three days", ill: func(s *api.Status) { s.Log.FreeBytes = 3<<30 + 200<<20 },
			says: []string{"warn disk: 3272 MiB free of 800 GiB, enough for about 3 days at 1024 MiB a day | free space or enlarge the disk; below the reserve records are refused and nothing is lost"}},
		{name: "the disk is full", ill: func(s *api.Status) { s.Log.FreeBytes = 100 << 20 },
			says: []string{"broken disk: 100 MiB free, the log leaves 128 MiB free: new records are refused | free space or enlarge the disk; below the reserve records are refused and nothing is lost"}},
		{name: "nobody owns a partition", ill: func(s *api.Status) { s.Partitions[2].Owner = "" },
			says: []string{"broken owners: nobody owns partition 2: its accounts are not answered for | look at the logs of the nodes: one that starts takes free partitions within seconds, or says why it cannot"}},
		{name: "a partition is half a minute behind", ill: func(s *api.Status) { s.Partitions[0].Unstepped, s.Partitions[0].Behind = 40, 31.5 },
			says: []string{"warn lag: partition 0 (40 messages, 31 s) is behind the log | " + ownerLog}},
		{name: "a partition is an hour behind", ill: func(s *api.Status) { s.Partitions[0].Unstepped, s.Partitions[0].Behind = 4000, 7200 },
			says: []string{"broken lag: partition 0 (4000 messages, 2 h) is behind the log | " + ownerLog}},
		{name: "checkpoints stopped five minutes ago", ill: func(s *api.Status) { s.Partitions[0].CheckedAt = s.Now - 5*clock.Minute },
			says: []string{"warn checkpoints: no checkpoint for long at partition 0 (5 min) | " + checkpointLog}},
		{name: "checkpoints stopped an hour ago", ill: func(s *api.Status) {
			for i := range s.Partitions {
				s.Partitions[i].CheckedAt = s.Now - clock.Hour
			}
		}, says: []string{"broken checkpoints: no checkpoint for long at partition 0 (60 min), 1 (60 min), 2 (60 min) | " + checkpointLog}},
		{name: "the outbox does not drain", ill: func(s *api.Status) {
			s.Database.Outbox, s.Database.OutboxSince = 7, s.Now-5*clock.Minute
		}, says: []string{"broken outbox: 7 records wait to be forwarded between partitions, the oldest for 5 min | look at the log of the owner for \"forwarding waits\": it says what the log or the database answers"}},
		{name: "timers do not fire", ill: func(s *api.Status) { s.Database.Overdue = 3 },
			says: []string{"broken timers: 3 accounts have a timer (trial end, period close) that should have fired minutes ago | timers fire when a partition steps a tick: mend owners, lag and log first; if those are fine, restart the owner"}},
		{name: "no catalog", ill: func(s *api.Status) { s.Catalog = api.StatusCatalog{} },
			says: []string{"warn catalog: none is active: events are kept and count for nothing yet | apply one with `headroom catalog apply FILE`"}},
		{name: "never an event", ill: func(s *api.Status) { s.Events = api.StatusEvents{} },
			says: []string{"warn events: none came in ever | send one with POST /v1/events, or through a Segment client"}},
		{name: "no event for three hours", ill: func(s *api.Status) { s.Events.LastHour, s.Events.LastAt = 0, s.Machine-3*clock.Hour },
			says: []string{"warn events: none came in during the last hour, the last one 3 h ago | " + sender}},
		{name: "no event since yesterday's start", ill: func(s *api.Status) { s.Events.LastHour, s.Events.Accepted = 0, 0 },
			says: []string{"warn events: none came in here since the start 24 h ago | " + sender}},
		{name: "a type is mistyped", ill: func(s *api.Status) {
			s.Events.UnknownTypes = []api.UnknownType{{Type: "speaker.aded", Day: "2027-01-15", Events: 12, Meant: "speaker.added"}, {Type: "speaker.aded", Day: "2027-01-14", Events: 9}, {Type: "x", Events: 1}}
		}, says: []string{`warn event types: the catalog does not know "speaker.aded" (12, is "speaker.added" meant?), "x" (1) | add a meter or signal for them, mend the sender, or stop sending them`}},
		{name: "a sender forgets ids", ill: func(s *api.Status) { s.Events.Undeduplicated = 500 },
			says: []string{"warn event ids: 500 of 100000 events came without an id: sent again, they count again | let the sender give every event an id of its own (CloudEvents id, Segment messageId) and keep it when it repeats"}},
		{name: "a sender gives one id to all", ill: func(s *api.Status) { s.Events.Repeated, s.Events.Stepped = 309_572, 320_515 },
			says: []string{"warn repetitions: 309572 of 320515 records had an id that its source had sent before, and were not counted | look whether a sender gives the same id to different events: an id must be unique within its source, so give each event its own and keep it only when that event is sent again"}},
		{name: "a sender repeats after a break", ill: func(s *api.Status) { s.Events.Repeated, s.Events.Stepped = 900, 1000 }},
		{name: "a few repetitions among many", ill: func(s *api.Status) { s.Events.Repeated, s.Events.Stepped = 2000, 100_000 }},
		{name: "many events are refused", ill: func(s *api.Status) {
			s.Events.Rejected, s.Events.RejectedBy = 5000, map[string]int64{"invalid_time": 4000, "missing_subject": 1000}
		}, says: []string{"warn rejected: 5000 of 105000 events were refused: invalid_time 4000, missing_subject 1000 | the answers under \"rejected\" name the field of each event; docs/errors.md explains the codes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := healthy()
			c.ill(&s)
			var f findings
			checkStatus(&f, s, c.ahead, time.Millisecond)
			if said := notOK(f); !slices.Equal(said, c.says) {
				t.Errorf("it says\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(c.says, "\n"))
			}
		})
	}
}

func TestTheDoctorSaysWhatIsFineInPlainWords(t *testing.T) {
	for _, c := range []struct {
		name     string
		messages int
		behind   float64
		says     string
	}{
		{"all is stepped", 0, 0, "every partition has stepped all of the log"},
		{"one message waits", 1, 0.2, "no partition is more than 1 s behind the log, 1 message"},
		{"several wait", 40, 3, "no partition is more than 3 s behind the log, 40 messages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := healthy()
			s.Partitions[1].Unstepped, s.Partitions[1].Behind = c.messages, c.behind
			var f findings
			checkStatus(&f, s, 0, time.Millisecond)
			at := slices.IndexFunc(f.Checks, func(one finding) bool { return one.Check == "lag" })
			if found := f.Checks[at].Found; found != c.says {
				t.Errorf("it says %q, want %q", found, c.says)
			}
		})
	}
	if one, more := counted(1, "secret key"), counted(2, "secret key"); one != "1 secret key" || more != "2 secret keys" {
		t.Errorf("it says %q and %q", one, more)
	}
}

// notOK returns the findings that are not ok in one line each.
func notOK(f findings) (said []string) {
	for _, one := range f.Checks {
		if one.Status != statusOK {
			said = append(said, fmt.Sprintf("%s %s: %s | %s", one.Status, one.Check, one.Found, one.Mend))
		}
	}
	return said
}

func TestFindingsAreWrittenForPeopleAndForPrograms(t *testing.T) {
	var f findings
	f.ok("server", "http://127.0.0.1:8080 answers")
	f.warn("catalog", "apply one", "none is active")
	f.broken("disk", "free space", "%d bytes free", 12)
	var text, document bytes.Buffer
	if err := f.print(&text, false); err != nil {
		t.Fatal(err)
	}
	const want = `ok      server   http://127.0.0.1:8080 answers
warn    catalog  none is active
                 mend: apply one
broken  disk     12 bytes free
                 mend: free space
1 broken, 1 to look at, 1 fine
`
	if text.String() != want {
		t.Errorf("for people:\n%s\nwant\n%s", &text, want)
	}
	if err := f.print(&document, true); err != nil {
		t.Fatal(err)
	}
	var read struct{ Checks []map[string]string }
	if err := json.Unmarshal(document.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Checks) != 3 || fmt.Sprint(read.Checks[1]) != "map[check:catalog found:none is active mend:apply one status:warn]" {
		t.Errorf("for programs: %s", &document)
	}
}
