package meter

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// sample is a usage of some definition with some events.
func sample(t testing.TB, definition string, events int, periods ...catalog.Period) *Usage {
	def := defined(t, definition, periods...)
	u := &Usage{}
	now := at(t, "2026-03-10T12:00:00Z")
	for i := range events {
		typ := def.Event
		if typ == "" {
			typ = []string{def.Add, def.Remove, def.Set}[i%3]
		}
		r := with(t, typ, now+clock.Time(i)*clock.Minute, fmt.Sprintf("n=%d.5 region=r%d", i, i%150))
		Apply(u, def, r, utc, r.At)
	}
	return u
}

func TestUsageIsStoredInFewBytes(t *testing.T) {
	anchored := func(text string) *Usage { // an anchor to the microsecond
		u := &Usage{}
		Apply(u, count, happens("call", at(t, "2026-03-10"), ""), subscription.Calendar{Anchor: at(t, text)}, at(t, "2026-03-10"))
		return u
	}
	for _, c := range []struct {
		name string
		u    *Usage
		most int
	}{
		{"nothing used", &Usage{}, 2},
		{"a total and a month", sample(t, "{event: e}", 300), 20},
		{"a total and a month of halves", sample(t, "{event: e, aggregate: sum, property: n}", 300), 26},
		{"a month that begins at a microsecond", anchored("2026-01-31T09:15:23.123457Z"), 24},
		{"a level", sample(t, "{add: up, remove: down}", 300), 6},
		{"a month, a day and an hour", sample(t, "{event: e}", 100, "month", "day", "hour"), 60},
		{"a highest", sample(t, "{event: e, aggregate: max, property: n}", 300), 125},
		{"a rolling day of 25 hours of use", sample(t, "{event: e}", 25*60, "rolling 24h"), 320},
		{"a hundred members", sample(t, "{event: e, aggregate: unique, property: n}", 100), 2*9*100 + 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.u.AppendBinary(nil)
			if t.Logf("%d bytes", len(b)); len(b) > c.most {
				t.Errorf("%d bytes, %d at most: %x", len(b), c.most, b)
			}
			if again, err := DecodeUsageOf(c.u); err != nil || !bytes.Equal(again.AppendBinary(nil), b) {
				t.Error("another one when it is read again", err)
			}
		})
	}
}

func TestWhatIsNoUsageIsRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"nothing", nil},
		{"another version", []byte{9}},
		{"a version only", []byte{usageVersion}},
		{"more series than bytes", []byte{usageVersion, 0xFF, 0xFF, 0x7F}},
		{"a kind nobody knows", []byte{usageVersion, 4, 7, 0}},
		{"a window that ends before it begins", []byte{usageVersion, 4, byte(catalog.Monthly), 1, 4, 1 << 1, 0, 0}},
		{"members of another order", append([]byte{usageVersion, 2, hasMembers, stageSmall, 2}, bytes.Repeat([]byte{1}, 18)...)},
		{"half a sketch", append([]byte{usageVersion, 2, hasMembers, stageSketch}, make([]byte, 500)...)},
		{"a part with no end", []byte{usageVersion, 2, hasGroups, 0, 1, 9, 'x'}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := DecodeUsage(c.b); err == nil {
				t.Error("taken")
			}
		})
	}
}

func TestEveryQuantityAndTimeSurvivesStorage(t *testing.T) {
	for _, q := range []quantity.Quantity{0, 1, -1, quantity.One, -quantity.One, quantity.One - 1, -quantity.One - 1, quantity.Max, -quantity.Max, 1<<63 - 1, -1 << 63} {
		d := decoder{b: appendQuantity(nil, q)}
		if got := d.quantity(); got != q || d.bad || len(d.b) > 0 {
			t.Errorf("%d is read as %d", q, got)
		}
	}
}

func TestStoredUsageShowsItselfToPeople(t *testing.T) {
	b, err := sample(t, "{event: e}", 3).MarshalJSON()
	const want = `{"life":3,"windows":[{"per":"month","start":"2026-03-01T00:00:00Z","end":"2026-04-01T00:00:00Z","value":3}]}`
	if err != nil || string(b) != want {
		t.Errorf("got  %s, %v\nwant %s", b, err, want)
	}
}

func FuzzDecodeUsage(f *testing.F) {
	for _, definition := range definitions {
		f.Add(sample(f, strings.ReplaceAll(definition, "[n, half]", "n"), 30).AppendBinary(nil))
	}
	f.Add(sample(f, "{event: e, aggregate: unique, property: n}", 400).AppendBinary(nil))
	f.Add(sample(f, "{event: e}", 100, "hour", "day", "week", "year", "rolling 5h").AppendBinary(nil))
	spilled := sample(f, "{event: e, aggregate: unique, property: n}", 300)
	spilled.Spill()
	f.Add(spilled.AppendBinary(nil))
	def := defined(f, "{event: e, by: [region]}", "day", "rolling 24h")
	now := at(f, "2026-03-10T12:00:00Z")
	r := with(f, "e", now, "n=5 region=eu")
	f.Fuzz(func(t *testing.T, b []byte) {
		u, rest, err := DecodeUsage(b)
		if err != nil {
			return
		}
		if len(rest) > len(b) {
			t.Fatal("more follows than there is")
		}
		one := u.AppendBinary(nil)
		again, rest, err := DecodeUsage(one)
		if err != nil || len(rest) > 0 || !bytes.Equal(again.AppendBinary(nil), one) {
			t.Fatalf("%x is read as %x, %v", b, one, err)
		}
		// Whatever it is, it can be used once it is loaded.
		Close(u, now)
		if u.Incomplete() {
			return
		}
		Apply(u, def, r, utc, now)
		Void(u, def, r, utc, now)
		for _, per := range []catalog.Period{"day", "rolling 24h", "year", ""} {
			Value(u, def, per, utc, now)
			Groups(u, def, per, utc, now)
		}
	})
}
