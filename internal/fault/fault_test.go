package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAFaultSaysWhatIsWrongAndHowToMendIt(t *testing.T) {
	f := New(Invalid, "month_invalid", "month %q is not a month", "2026-13").WithMend("write %s", "2026-01")
	if got, want := f.Error(), `month "2026-13" is not a month (write 2026-01)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := New(Busy, "busy", "later").Error(); got != "later" {
		t.Errorf("without a mend: %s", got)
	}
}

func TestTheCauseIsFoundButNotTold(t *testing.T) {
	f := New(Unavailable, "database_unavailable", "the database does not answer").WithCause(io.ErrUnexpectedEOF)
	if !errors.Is(f, io.ErrUnexpectedEOF) {
		t.Error("errors.Is does not find the cause")
	}
	if strings.Contains(f.Error(), io.ErrUnexpectedEOF.Error()) {
		t.Errorf("the cause is told: %s", f)
	}
}

func TestKindAndCodeAreFoundThroughWrapping(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		kind Kind
		code string
	}{
		{"a fault", New(Denied, "scope_missing", "no"), Denied, "scope_missing"},
		{"a fault wrapped", fmt.Errorf("while: %w", New(Stale, "version_stale", "no")), Stale, "version_stale"},
		{"an error of somebody else", io.EOF, Internal, "internal"},
		{"no error", nil, Internal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if kind, code := KindOf(c.err), CodeOf(c.err); kind != c.kind || code != c.code {
				t.Errorf("kind %d code %s, want %d %s", kind, code, c.kind, c.code)
			}
		})
	}
}

func TestValuesOfStrangersAreShortValidText(t *testing.T) {
	for name, value := range map[string]string{
		"long":                  strings.Repeat("x", 10_000),
		"cut within a letter":   strings.Repeat("x", 199) + "é",
		"not UTF-8":             "a\xff\xfeb",
		"long and not UTF-8":    strings.Repeat("\xff", 10_000),
		"short and well formed": "ok",
	} {
		got := New(Invalid, "x", "x").WithField("/a", value, "is wrong").Fields[0].Value
		// 200 bytes, each of which may have become the three of U+FFFD, and the dots.
		if !utf8.ValidString(got) || len(got) > 603 {
			t.Errorf("%s: %d bytes, valid %v", name, len(got), utf8.ValidString(got))
		}
		if name == "short and well formed" && got != value {
			t.Errorf("changed to %q", got)
		}
	}
}
