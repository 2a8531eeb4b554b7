// Package clock is the only place of the pure part that knows real time. Everything else
// is given its time as data.
package clock

import (
	"encoding/json"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// Time is an instant in microseconds since 1970-01-01T00:00:00Z. Zero means unset. It is
// what state, records and SQL columns (BIGINT) hold.
type Time int64

// Units of Time.
const (
	Microsecond Time = 1
	Second           = 1_000_000 * Microsecond
	Minute           = 60 * Second
	Hour             = 60 * Minute
	Day              = 24 * Hour
)

// At converts a time.Time; the zero time.Time gives the unset Time.
func At(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMicro())
}

// Std returns the instant as time.Time in UTC, the zero time.Time when unset.
func (t Time) Std() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}

// Day returns the number of whole UTC days since 1970-01-01; negative before it.
func (t Time) Day() int32 {
	d := t / Day
	if t%Day < 0 {
		d--
	}
	return int32(d)
}

// Add returns t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Microseconds()) }

// Sub returns the duration from u to t, held at the ends of what a time.Duration can say,
// about 292 years.
func (t Time) Sub(u Time) time.Duration {
	const most = Time(math.MaxInt64 / time.Microsecond)
	switch d := t - u; {
	case t > u && (d < 0 || d > most): // below zero: the difference itself passed the range
		return math.MaxInt64
	case t < u && (d > 0 || d < -most):
		return math.MinInt64
	default:
		return time.Duration(d) * time.Microsecond
	}
}

// String formats as RFC 3339 in UTC, with fractions only when there are any.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.Std().Format(time.RFC3339Nano)
}

// Append appends what String returns.
func (t Time) Append(b []byte) []byte {
	if t == 0 {
		return b
	}
	return t.Std().AppendFormat(b, time.RFC3339Nano)
}

// MarshalJSON writes RFC 3339 in UTC, null when unset.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON reads RFC 3339, null or "" (unset).
func (t *Time) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("time %s: want an RFC 3339 string such as \"2026-01-31T09:00:00Z\"", b)
	}
	if s == nil || *s == "" {
		*t = 0
		return nil
	}
	v, err := Parse(*s)
	*t = v
	return err
}

// Parse reads RFC 3339 or a plain day (2026-01-31, midnight UTC).
func Parse(s string) (Time, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if v, err := time.Parse(layout, s); err == nil {
			return At(v), nil
		}
	}
	return 0, fmt.Errorf("time %q: want RFC 3339 such as 2026-01-31T09:00:00Z, or a day such as 2026-01-31", s)
}

// Clock tells the time of one server: the machine's own, or a test clock that stands
// still until it is moved. Safe for several goroutines.
type Clock struct {
	test atomic.Int64     // 0: real time
	wall func() time.Time // nil: time.Now
}

// Real returns a clock that follows the machine.
func Real() *Clock { return &Clock{} }

// Following returns a clock that follows wall instead of the machine: one that is wrong, or
// that jumps.
func Following(wall func() time.Time) *Clock { return &Clock{wall: wall} }

// Test returns a clock that stands at start (which must be set) until Set.
func Test(start Time) *Clock {
	c := &Clock{}
	c.test.Store(int64(start))
	return c
}

// IsTest says whether the clock is moved by hand.
func (c *Clock) IsTest() bool { return c.test.Load() != 0 }

// Now returns the clock's time.
func (c *Clock) Now() Time {
	if t := c.test.Load(); t != 0 {
		return Time(t)
	}
	if c.wall != nil {
		return At(c.wall())
	}
	return At(time.Now())
}

// Set moves a test clock forward to t; a real clock, or a t in the past, is left alone.
func (c *Clock) Set(t Time) {
	for {
		now := c.test.Load()
		if now == 0 || int64(t) <= now || c.test.CompareAndSwap(now, int64(t)) {
			return
		}
	}
}
