package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/eventlog"
)

func TestTheLogIsSearchedFromATime(t *testing.T) {
	l := open(t, eventlog.Options{Dir: t.TempDir()})
	if at, err := l.PositionAt(ctx, time.Now()); err != nil || at != 1 {
		t.Errorf("in an empty log everything is at %d, %v", at, err)
	}
	var times []time.Time
	for i := range 20 {
		mustAppend(t, l, fmt.Sprint("m", i+1))
	}
	if err := l.Read(ctx, 1, func(_ uint64, at time.Time, _ []byte) error {
		if times = append(times, at); len(times) == 20 {
			return errors.New("that is all")
		}
		return nil
	}); err == nil {
		t.Fatal("the log ended")
	}
	for i, at := range times {
		want := uint64(slices.IndexFunc(times, func(t time.Time) bool { return !t.Before(at) }) + 1)
		if got, err := l.PositionAt(ctx, at); err != nil || got != want {
			t.Errorf("the time of message %d is at %d, want %d, %v", i+1, got, want, err)
		}
	}
	if at, err := l.PositionAt(ctx, times[0].Add(-time.Hour)); err != nil || at != 1 {
		t.Errorf("an hour before the log is at %d, %v", at, err)
	}
	if at, err := l.PositionAt(ctx, times[19].Add(time.Hour)); err != nil || at != 21 {
		t.Errorf("an hour after the log is at %d, %v", at, err)
	}

	search := func(from, to uint64, what string) (seen []uint64, found bool, err error) {
		found, err = l.Search(ctx, from, to, func(position uint64, message []byte) (bool, error) {
			seen = append(seen, position)
			if what == "broken" {
				return false, errors.New(what)
			}
			return string(message) == what, nil
		})
		return seen, found, err
	}
	for _, c := range []struct {
		name, what string
		from, to   uint64
		found      bool
		seen       []uint64
	}{
		{"what is there", "m5", 3, 21, true, []uint64{3, 4, 5}},
		{"what is not", "m50", 18, 21, false, []uint64{18, 19, 20}},
		{"what comes after", "m9", 3, 5, false, []uint64{3, 4}},
		{"nothing at all", "m9", 5, 5, false, nil},
		{"up to the end of a log that goes on", "m50", 20, 21, false, []uint64{20}},
	} {
		if seen, found, err := search(c.from, c.to, c.what); err != nil || found != c.found || !slices.Equal(seen, c.seen) {
			t.Errorf("%s: found %v, looked at %v, %v", c.name, found, seen, err)
		}
	}
	if _, _, err := search(1, 21, "broken"); err == nil || err.Error() != "broken" {
		t.Errorf("the function's error became %v", err)
	}
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if found, err := l.Search(soon, 20, 1000, func(uint64, []byte) (bool, error) { return false, nil }); found || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("what took too long ended with %v, %v", found, err)
	}

	if err := l.Trim(ctx, 11); err != nil {
		t.Fatal(err)
	}
	if at, err := l.PositionAt(ctx, times[0]); err != nil || at != 11 {
		t.Errorf("a time that is trimmed away is at %d, %v", at, err)
	}
}

// BenchmarkSearch looks through messages of 1 MiB for what is in none of them.
func BenchmarkSearch(b *testing.B) {
	l := open(b, eventlog.Options{Dir: b.TempDir()})
	message, needle := make([]byte, 1<<20), []byte("0b8f2d1e-4f7a-4b43-9a55-0e5c1d1c7a11")
	for i := range message {
		message[i] = "0123456789abcdef-"[(i*7+i/64)%17]
	}
	const messages = 256
	for range messages {
		mustAppend(b, l, string(message))
	}
	b.SetBytes(messages << 20)
	for b.Loop() {
		found, err := l.Search(ctx, 1, messages+1, func(_ uint64, m []byte) (bool, error) { return bytes.Contains(m, needle), nil })
		if err != nil || found {
			b.Fatal(found, err)
		}
	}
}
