package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/api"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// What the doctor takes as a sign of trouble. Each leaves room for what a healthy server
// does under load: checkpoints wait up to 1.5 s, an idle partition's up to 70 s.
const (
	lagWarn         = 10 * time.Second
	lagBroken       = time.Minute
	checkpointWarn  = 3 * time.Minute
	checkpointBad   = 10 * time.Minute
	clockWarn       = 5 * time.Second
	clockBad        = 2 * time.Minute // signed user tokens and leases begin to fail
	outboxWarn      = time.Minute
	rejectedWarn    = 0.01
	repeatedWarn    = 0.2
	repeatedLeast   = 1000    // below, a sender may just have tried again
	roomWarn        = 1 << 30 // bytes above the reserve
	daysOfRoomWarn  = 7
	ownersPatience  = 6 * time.Second // longer than a lease: a partition that moves has an owner again
	typesNamed      = 5
	secondsInADay   = 24 * 60 * 60
	minLogForGrowth = time.Hour
)

func asFault(err error, f **fault.Error) bool { return errors.As(err, f) }

// examineServer looks at a running server.
func examineServer(ctx context.Context, c *client, f *findings) {
	c.http.Timeout = 20 * time.Second // longer than a call of the server
	var health api.Health
	if err := c.call(ctx, http.MethodGet, "/healthz", nil, &health); err != nil {
		f.fault("server", err, "start it with `headroom serve`, or set HEADROOM_URL to where it is")
		return
	}
	f.ok("server", "%s answers", c.base)
	if health.Version == version {
		f.ok("version", "server and command line are both %s", version)
	} else {
		f.warn("version", "use the command line of the server's version", "the server is %s, this command line %s", health.Version, version)
	}
	if err := c.call(ctx, http.MethodGet, "/readyz", nil, nil); err != nil {
		f.fault("ready", err, "look at the server's log: it names the database or the log that is away")
	} else {
		f.ok("ready", "database and log answer")
	}
	if c.key == "" {
		f.broken("key", "set it to a secret key of this server with the scope admin", "HEADROOM_SECRET_KEY is not set: nothing more can be seen")
		return
	}
	asked := time.Now()
	status, err := c.status(ctx)
	took := time.Since(asked)
	switch code := fault.CodeOf(err); {
	case err == nil:
	case code == "scope_missing":
		f.fault("key", err, "")
		return
	case strings.HasPrefix(code, "key_") || code == "unauthenticated":
		f.fault("key", err, "set HEADROOM_SECRET_KEY to a key of this server that is not revoked")
		return
	case code == "route_unknown":
		f.warn("status", "upgrade the server", "the server is too old to say more about itself")
		return
	default:
		f.fault("status", err, "look at the server's log")
		return
	}
	f.ok("key", "%s, with the scope %s", status.Key.ID, strings.Join(status.Key.Scopes, ", "))
	ahead := status.Machine.Std().Sub(asked.Add(took / 2))
	for deadline := time.Now().Add(ownersPatience); unowned(status) > 0 && time.Now().Before(deadline); {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		if again, err := c.status(ctx); err == nil {
			status = again
		}
	}
	checkStatus(f, status, ahead, took/2)
}

func (c *client) status(ctx context.Context) (api.Status, error) {
	var s api.Status
	err := c.call(ctx, http.MethodGet, "/v1/status", nil, &s)
	return s, err
}

func unowned(s api.Status) (n int) {
	for _, p := range s.Partitions {
		if p.Owner == "" {
			n++
		}
	}
	return n
}

// checkStatus says what a status tells. The server's clock is ahead of ours by ahead, give or
// take unsure.
func checkStatus(f *findings, s api.Status, ahead, unsure time.Duration) {
	checkClocks(f, s, ahead, unsure)
	checkLog(f, s)
	checkDisk(f, s.Log)
	checkPartitions(f, s)
	checkCatalog(f, s)
	checkEvents(f, s)
}

func checkClocks(f *findings, s api.Status, ahead, unsure time.Duration) {
	const mend = "let NTP set the clocks of all machines (chrony, systemd-timesyncd)"
	apart := max(ahead.Abs()-unsure, 0)
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	switch {
	case apart > clockBad:
		f.broken("clock", mend, "the server's clock is %s %s this machine's", about(ahead.Abs()), word)
	case apart > clockWarn:
		f.warn("clock", mend, "the server's clock is %s %s this machine's", about(ahead.Abs()), word)
	default:
		f.ok("clock", "the server's clock agrees with this machine's")
	}
	if d := s.Machine.Sub(s.Database.Now).Abs(); d > clockWarn {
		f.warn("database clock", mend, "the database's clock and the server's are %s apart", about(d))
	}
	if s.TestClock {
		f.warn("test clock", "a server for real customers is started without --test-clock", "time stands at %s until POST /v1/clock/advance moves it", s.Now)
	}
	var ahead2 clock.Time
	for _, p := range s.Partitions {
		ahead2 = max(ahead2, p.CheckedAt-s.Now)
	}
	if ahead2 > clock.Minute {
		f.warn("time", "look which node's clock was wrong and let NTP set it; time goes on by itself when the clocks get there",
			"records were taken by a clock that was %s ahead: trials and periods that end until then have ended early", about(ahead2.Sub(0)))
	}
}

func checkLog(f *findings, s api.Status) {
	l := s.Log
	switch {
	case l.Trouble != nil:
		f.broken("log", l.Trouble.Mend, "%s", l.Trouble.Detail)
	case l.Last < l.First:
		f.ok("log", "%s, empty", l.Identity)
	default:
		f.ok("log", "%s, positions %d to %d, %s, the oldest message of %s", l.Identity, l.First, l.Last, bytesText(int64(l.Bytes)), l.OldestAt.Std().Format(time.DateOnly))
	}
	if l.Lagging > 0 {
		f.broken("log copies", "look at the NATS servers with `nats stream info HEADROOM` and bring the missing ones back",
			"%d of %d copies of the log are offline or behind", l.Lagging, l.Replicas)
	}
	if l.Refused > 0 {
		f.warn("back-pressure", "senders repeat what was turned away, nothing is lost; a faster disk, larger batches or fewer single-event requests take more",
			"%d calls were answered 429 since %s because too much waited for the disk", l.Refused, s.StartedAt)
	}
}

// checkDisk says how much room the embedded log has, and how long that lasts at the pace of
// its whole life.
func checkDisk(f *findings, l api.StatusLog) {
	if !l.Embedded {
		return
	}
	const mend = "free space or enlarge the disk; below the reserve records are refused and nothing is lost"
	room := l.FreeBytes - l.ReserveBytes
	lasts := ""
	days := -1
	if age := l.NewestAt.Sub(l.OldestAt); age > minLogForGrowth && l.Bytes > 0 && room > 0 {
		perDay := float64(l.Bytes) / age.Seconds() * secondsInADay
		if days = int(float64(room) / perDay); days < 3650 {
			lasts = fmt.Sprintf(", enough for about %d days at %s a day", days, bytesText(int64(perDay)))
		}
	}
	switch {
	case room <= 0:
		f.broken("disk", mend, "%s free, the log leaves %s free: new records are refused", bytesText(l.FreeBytes), bytesText(l.ReserveBytes))
	case room < roomWarn || days >= 0 && days < daysOfRoomWarn:
		f.warn("disk", mend, "%s free of %s%s", bytesText(l.FreeBytes), bytesText(l.DiskBytes), lasts)
	default:
		f.ok("disk", "%s free of %s%s", bytesText(l.FreeBytes), bytesText(l.DiskBytes), lasts)
	}
}

func checkPartitions(f *findings, s api.Status) {
	var free, slow, old, owners []string
	var lag, age time.Duration
	messages := 0
	for _, p := range s.Partitions {
		name := strconv.Itoa(p.Partition)
		if p.Owner == "" {
			free = append(free, name)
		} else if !slices.Contains(owners, p.Owner) {
			owners = append(owners, p.Owner)
		}
		behind := time.Duration(p.Behind * float64(time.Second))
		if behind > lagWarn {
			slow = append(slow, fmt.Sprintf("%s (%d messages, %s)", name, p.Unstepped, about(behind)))
		}
		lag, messages = max(lag, behind), max(messages, p.Unstepped)
		since := s.Now.Sub(max(p.CheckedAt, s.StartedAt))
		if since > checkpointWarn {
			old = append(old, fmt.Sprintf("%s (%s)", name, about(since)))
		}
		age = max(age, since)
	}
	if len(free) > 0 {
		f.broken("owners", "look at the logs of the nodes: one that starts takes free partitions within seconds, or says why it cannot",
			"nobody owns partition %s: its accounts are not answered for", few(free))
	} else {
		f.ok("owners", "%d partitions at %s", len(s.Partitions), few(owners))
	}
	const lagMend = "look at the log of the owner for what it waits for (often the database), and at CPU and disk; events are safe in the log meanwhile"
	switch {
	case lag > lagBroken:
		f.broken("lag", lagMend, "partition %s is behind the log", few(slow))
	case lag > lagWarn:
		f.warn("lag", lagMend, "partition %s is behind the log", few(slow))
	default:
		f.ok("lag", "%s", lagText(messages, lag))
	}
	const checkMend = "look at the log of the owner: a database that is away, full or locked is named there; answers go on from memory, lists and effects wait"
	switch {
	case s.TestClock: // its time does not pass
	case age > checkpointBad:
		f.broken("checkpoints", checkMend, "no checkpoint for long at partition %s", few(old))
	case age > checkpointWarn:
		f.warn("checkpoints", checkMend, "no checkpoint for long at partition %s", few(old))
	default:
		f.ok("checkpoints", "the oldest is of %s ago", about(age))
	}
	if d := s.Database; d.Outbox > 0 && !s.TestClock && s.Now.Sub(d.OutboxSince) > outboxWarn {
		f.broken("outbox", "look at the log of the owner for \"forwarding waits\": it says what the log or the database answers",
			"%d records wait to be forwarded between partitions, the oldest for %s", d.Outbox, about(s.Now.Sub(d.OutboxSince)))
	} else {
		f.ok("outbox", "%d records wait to be forwarded", d.Outbox)
	}
	if n := s.Database.Overdue; n > 0 && !s.TestClock {
		f.broken("timers", "timers fire when a partition steps a tick: mend owners, lag and log first; if those are fine, restart the owner",
			"%d accounts have a timer (trial end, period close) that should have fired minutes ago", n)
	} else {
		f.ok("timers", "none is overdue")
	}
}

// lagText says how far the partition is behind that is furthest.
func lagText(messages int, lag time.Duration) string {
	if messages == 0 {
		return "every partition has stepped all of the log"
	}
	return fmt.Sprintf("no partition is more than %s behind the log, %s", about(max(lag, time.Second)), counted(messages, "message"))
}

// counted writes a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func checkCatalog(f *findings, s api.Status) {
	if s.Catalog.Version == "" {
		f.warn("catalog", "apply one with `headroom catalog apply FILE`", "none is active: events are kept and count for nothing yet")
		return
	}
	f.ok("catalog", "%s, %d meters, %d signals", s.Catalog.Version, s.Catalog.Meters, s.Catalog.Signals)
}

func checkEvents(f *findings, s api.Status) {
	e, up := s.Events, s.Machine.Sub(s.StartedAt)
	const mend = "look at the product that sends them: its address of this server, its key with events:write, and its answers"
	switch {
	case e.FirstEver == 0:
		f.warn("events", "send one with POST /v1/events, or through a Segment client", "none came in ever")
	case e.LastHour == 0 && e.Accepted > 0:
		f.warn("events", mend, "none came in during the last hour, the last one %s ago", about(s.Machine.Sub(e.LastAt)))
	case e.LastHour == 0 && up > time.Hour:
		f.warn("events", mend, "none came in here since the start %s ago", about(up))
	case e.LastHour == 0:
		f.ok("events", "none yet since the start %s ago", about(up))
	default:
		f.ok("events", "%d accepted since the start %s ago, %d in the last hour", e.Accepted, about(up), e.LastHour)
	}
	if len(e.UnknownTypes) > 0 {
		f.warn("event types", "add a meter or signal for them, mend the sender, or stop sending them", "the catalog does not know %s", few(typesOf(e.UnknownTypes)))
	}
	if e.Undeduplicated > 0 {
		f.warn("event ids", "let the sender give every event an id of its own (CloudEvents id, Segment messageId) and keep it when it repeats",
			"%d of %d events came without an id: sent again, they count again", e.Undeduplicated, e.Accepted)
	}
	if e.Repeated >= repeatedLeast && float64(e.Repeated) > repeatedWarn*float64(e.Stepped) {
		f.warn("repetitions", "look whether a sender gives the same id to different events: an id must be unique within its source, so give each event its own and keep it only when that event is sent again",
			"%d of %d records had an id that its source had sent before, and were not counted", e.Repeated, e.Stepped)
	}
	if all := e.Accepted + e.Rejected; all > 0 && float64(e.Rejected)/float64(all) > rejectedWarn {
		var codes []string
		for _, code := range slices.SortedFunc(maps.Keys(e.RejectedBy), func(a, b string) int {
			return cmp.Or(cmp.Compare(e.RejectedBy[b], e.RejectedBy[a]), strings.Compare(a, b))
		}) {
			codes = append(codes, fmt.Sprintf("%s %d", code, e.RejectedBy[code]))
		}
		f.warn("rejected", "the answers under \"rejected\" name the field of each event; docs/errors.md explains the codes",
			"%d of %d events were refused: %s", e.Rejected, all, few(codes))
	}
}

func typesOf(unknown []api.UnknownType) (out []string) {
	seen := make(map[string]bool)
	for _, u := range unknown {
		if seen[u.Type] {
			continue
		}
		seen[u.Type] = true
		text := fmt.Sprintf("%q (%d", u.Type, u.Events)
		if u.Meant != "" {
			text += fmt.Sprintf(", is %q meant?", u.Meant)
		}
		out = append(out, text+")")
	}
	return out
}

// few joins the first few of a list and says how many more there are.
func few(list []string) string {
	if more := len(list) - typesNamed; more > 0 {
		return strings.Join(list[:typesNamed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(list, ", ")
}

// about writes a duration as people say it.
func about(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// bytesText writes bytes as people say them.
func bytesText(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
