package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/eventlog"
	"github.com/headroomhq/headroom/internal/fault"
)

// all returns every record of the log in order, with its position and partition.
type placed struct {
	event.Record
	position  uint64
	partition int
}

func all(t testing.TB, l *eventlog.Log) []placed {
	t.Helper()
	_, last, err := l.Bounds(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var out []placed
	for i, m := range read(t, l, 1, last) {
		err := event.Sections(m, func(p int, section string) error {
			var rs event.Records
			err := rs.Decode(section)
			for _, r := range rs.List {
				out = append(out, placed{r, uint64(i + 1), p})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestManyCallersShareFewMessagesAndEachHearsItsPosition(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	w := eventlog.NewWriter(l, 8)
	var mu sync.Mutex
	told := map[string]uint64{}
	var wg sync.WaitGroup
	for g := range int64(64) {
		wg.Go(func() {
			for i := range int64(20) {
				r := one(g*1000 + i)
				position, err := w.Submit(ctx, r)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				told[r.ID] = position
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	s := w.Stats()
	if s.Records != 64*20 || s.Messages >= s.Records/2 || s.Waiting != 0 {
		t.Errorf("stats %+v", s)
	}
	for _, r := range all(t, l) {
		if told[r.ID] != r.position {
			t.Errorf("record %s is at %d, its caller was told %d", r.ID, r.position, told[r.ID])
		}
		delete(told, r.ID)
		if want := event.Partition(r.Key, 8); r.partition != want {
			t.Errorf("record of %s in partition %d, want %d", r.Key, r.partition, want)
		}
	}
	if len(told) != 0 {
		t.Errorf("%d records are missing", len(told))
	}
}

func TestASubmissionLargerThanAMessageKeepsItsOrder(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	w := eventlog.NewWriter(l, 1)
	records := make([]event.Record, 35_000)
	for i := range records {
		records[i] = one(int64(i))
	}
	position, err := w.Submit(ctx, records...)
	if err != nil {
		t.Fatal(err)
	}
	got := all(t, l)
	if len(got) != len(records) || got[len(got)-1].position != position || position < 4 {
		t.Fatalf("%d records, the last at %d, told %d", len(got), got[len(got)-1].position, position)
	}
	for i := range got {
		if got[i].ID != records[i].ID {
			t.Fatalf("record %d is %s", i, got[i].ID)
		}
	}
}

func TestTicksAndActivationsGoToAllPartitions(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	w := eventlog.NewWriter(l, 8)
	if _, err := w.Submit(ctx, event.Record{Kind: event.KindTick}, event.Record{Kind: event.KindCatalog, Type: "v1"}, one(1)); err != nil {
		t.Fatal(err)
	}
	for _, r := range all(t, l) {
		if (r.partition == event.AllPartitions) != r.Kind.Broadcast() {
			t.Errorf("%s in partition %d", r.Kind, r.partition)
		}
	}
}

func TestARecordTheLogCannotHoldIsRefusedAndTheOthersOfItsCallToo(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	w := eventlog.NewWriter(l, 8)
	huge := one(1)
	huge.Body = []byte(strings.Repeat("x", l.MaxMessage()))
	_, err := w.Submit(ctx, one(0), huge)
	wantCode(t, err, "record_too_large")
	large := one(2)
	large.Body = []byte(strings.Repeat("x", 3<<20))
	if _, err := w.Submit(ctx, one(3), large, one(4)); err != nil {
		t.Errorf("a record larger than a group: %v", err)
	}
	if got := all(t, l); len(got) != 3 {
		t.Errorf("%d records in the log", len(got))
	}
}

func TestMemoryIsBoundedAndCallersBeyondItAreToldToComeBack(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	w := eventlog.NewWriter(l, 8)
	var wg sync.WaitGroup
	var mu sync.Mutex
	busy, fine := 0, 0
	for g := range int64(60) {
		wg.Go(func() {
			r := one(g)
			r.Body = make([]byte, 4<<20)
			_, err := w.Submit(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				fine++
			case fault.KindOf(err) == fault.Busy && fault.CodeOf(err) == "log_busy":
				busy++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if busy == 0 || fine < 16 || int64(busy) != w.Stats().Refused {
		t.Errorf("%d went in, %d were turned away", fine, busy)
	}
	if got := all(t, l); len(got) != fine {
		t.Errorf("%d records in the log, %d were told they are", len(got), fine)
	}
}

func TestClosingTheWriterWaitsForWhatIsUnderWay(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	w := eventlog.NewWriter(l, 8)
	errs := make(chan error, 50)
	for g := range int64(50) {
		go func() { _, err := w.Submit(ctx, one(g)); errs <- err }()
	}
	time.Sleep(time.Millisecond)
	w.Close()
	fine := 0
	for range 50 {
		if err := <-errs; err == nil {
			fine++
		} else if fault.CodeOf(err) != "log_unavailable" {
			t.Error(err)
		}
	}
	_, err := w.Submit(ctx, one(1))
	wantCode(t, err, "log_unavailable")
	if _, last, _ := l.Bounds(ctx); last > 0 && len(all(t, l)) != fine || last == 0 && fine > 0 {
		t.Errorf("%d were told they are in the log", fine)
	}
}

func TestACallerThatGivesUpDoesNotHarmTheOthers(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	w := eventlog.NewWriter(l, 8)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := w.Submit(gone, one(1)); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := w.Submit(ctx, one(2)); err != nil {
		t.Error(err)
	}
}

func TestANearlyFullDiskTakesNothingUntilThereIsRoom(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir(), MinFree: 1 << 62})
	_, err := l.Append(ctx, []byte("x"))
	wantCode(t, err, "disk_full")
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("kind %v", fault.KindOf(err))
	}
	w := eventlog.NewWriter(l, 1)
	_, err = w.Submit(ctx, one(1))
	wantCode(t, err, "disk_full")
	if s := w.Stats(); s.Waiting != 0 {
		t.Errorf("stats %+v", s)
	}
}

// small mounts a file system of that many bytes.
func small(t *testing.T, bytes int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system takes root; TestANearlyFullDiskTakesNothingUntilThereIsRoom proves the guard without it")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("this machine does not let root mount a file system: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestOnARealSmallDiskTheLogRefusesInTimeAndHealsByItself(t *testing.T) {
	dir := small(t, 64<<20)
	l := open(t, eventlog.Options{Dir: dir + "/log", MinFree: 24 << 20})
	var err error
	n := uint64(0)
	for ; n < 100 && err == nil; n++ {
		_, err = l.Append(ctx, make([]byte, 1<<20))
		time.Sleep(5 * time.Millisecond)
		if err != nil {
			break
		}
	}
	wantCode(t, err, "disk_full")
	if err := l.Trim(ctx, n); err != nil { // an operator would make room elsewhere
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if _, err = l.Append(ctx, []byte("again")); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %v", err)
		}
	}
}

func TestADiskFilledToTheLastByteLosesNothingAcknowledged(t *testing.T) {
	dir := small(t, 48<<20)
	l := open(t, eventlog.Options{Dir: dir + "/log", MinFree: -1}) // without the guard
	filler := dir + "/filler"
	if err := os.WriteFile(filler, make([]byte, 24<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	acknowledged := uint64(0)
	var err error
	for range 200 {
		var position uint64
		if position, err = l.Append(ctx, fmt.Appendf(make([]byte, 0, 1<<20), "%0300000d", acknowledged+1)); err != nil {
			break
		}
		acknowledged = position
	}
	wantCode(t, err, "disk_full")
	t.Logf("%d acknowledged, then: %v", acknowledged, errors.Unwrap(err))
	_, err = l.Append(ctx, []byte("small"))
	t.Logf("a small one after that: %v", err)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	wantCode(t, l.Broken(ctx), "log_unavailable") // with room again it asks to be started anew
	l.Close()
	l = open(t, eventlog.Options{Dir: dir + "/log", MinFree: -1})
	for i, m := range read(t, l, 1, acknowledged) {
		if m != fmt.Sprintf("%0300000d", i+1) {
			t.Fatalf("message %d is not what was acknowledged", i+1)
		}
	}
	if _, err := l.Append(ctx, []byte("again")); err != nil {
		t.Errorf("after a restart with room: %v", err)
	}
}
