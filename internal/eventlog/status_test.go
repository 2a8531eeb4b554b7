package eventlog

import (
	"log/slog"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/fault"
)

func TestStatusTellsHowTheLogIs(t *testing.T) {
	dir := t.TempDir()
	open := func(existing bool) (*Log, error) {
		return Open(t.Context(), Options{Dir: dir, MinFree: -1, Logger: slog.New(slog.DiscardHandler), Existing: existing})
	}
	if _, err := open(true); fault.CodeOf(err) != "log_missing" {
		t.Fatalf("a log that is not there, only to be looked at: %v", err)
	}
	l, err := open(false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Status(t.Context())
	if err != nil || s.First != 1 || s.Last != 0 || !s.FirstAt.IsZero() || !s.Embedded || s.Free <= 0 || s.Disk < s.Free || s.Identity != l.Identity() {
		t.Errorf("of an empty log: %+v, %v", s, err)
	}
	before := time.Now().Add(-time.Minute)
	for _, message := range []string{"one", "two"} {
		if _, err := l.Append(t.Context(), []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = l.Status(t.Context()); err != nil || s.First != 1 || s.Last != 2 || s.FirstAt.Before(before) || s.LastAt.Before(s.FirstAt) || s.Bytes == 0 || s.Replicas != 1 || s.Lagging != 0 {
		t.Errorf("of two messages: %+v, %v", s, err)
	}
	if at, message, err := l.At(t.Context(), 2); err != nil || string(message) != "two" || !at.Equal(s.LastAt) {
		t.Errorf("position 2 is %q of %s, %v", message, at, err)
	}
	if _, _, err := l.At(t.Context(), 3); fault.CodeOf(err) != "log_gap" {
		t.Errorf("position 3: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = open(true); err != nil {
		t.Fatalf("a log that is there, only to be looked at: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
