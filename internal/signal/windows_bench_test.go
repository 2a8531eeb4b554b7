package signal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/quantity"
)

// manyRules returns n rules of all kinds over event types that name gives.
func manyRules(n int, name func(i int) string) []*catalog.Signal {
	week := 7 * 24 * time.Hour
	var rules []*catalog.Signal
	for i := range n {
		s := &catalog.Signal{Key: fmt.Sprintf("rule%d", i), Type: catalog.Upsell, State: "testing"}
		switch w := &s.When; i % 10 {
		case 0, 1:
			*w = catalog.When{Event: name(i), Nth: 1_000_000_000 + int64(i)}
		case 2:
			*w = catalog.When{Event: name(i), Every: 1_000_000_000 + int64(i)}
		case 3:
			*w = catalog.When{Event: name(i), Times: 2 + i%60, Within: time.Second + time.Duration(i)*time.Microsecond}
		case 4:
			*w = catalog.When{Event: name(i), Times: 65 + i%900, Within: time.Duration(1+i%4) * time.Minute}
		case 5:
			*w = catalog.When{Sequence: []catalog.Step{{Event: name(i)}, {Event: fmt.Sprintf("step%d.done", i)}, {Event: name(i)}}, Within: week}
		case 6:
			*w = catalog.When{Rate: name(i), Over: week, Rises: 1000 + int64(i), AtLeast: quantity.Of(10)}
			if i%16 == 14 {
				*w = catalog.When{Rate: name(i), Over: week, Falls: 50 + int64(i)%50, AtLeast: quantity.Of(10)}
			}
		case 7:
			*w = catalog.When{Absent: name(i), For: week + time.Duration(i)*time.Hour, After: 1 + int64(i)}
		case 8:
			*w = catalog.When{Event: name(i), Without: fmt.Sprintf("end%d.done", i), Within: 400*24*time.Hour + time.Duration(i)*time.Hour}
		case 9:
			*w = catalog.When{Event: name(i), New: "list", From: 2 + int64(i)%250}
		}
		rules = append(rules, s)
	}
	return rules
}

// BenchmarkEventThatFiresNothing is the cost of one event of an account that has had a
// thousand, among rules of all kinds that never fire.
func BenchmarkEventThatFiresNothing(b *testing.B) {
	for _, over := range []struct {
		name     string
		of       func(i int) string
		filtered bool // each rule by a filter of its own
	}{
		{"over other event types", func(i int) string { return fmt.Sprintf("other%d.done", i) }, false},
		{"over the same event type", func(int) string { return "email.sent" }, false},
		{"over the same event type with other values", func(int) string { return "email.sent" }, true},
	} {
		for _, n := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%d rules %s", n, over.name), func(b *testing.B) {
				rules := append(manyRules(n, over.of), &catalog.Signal{Key: "own", When: catalog.When{Event: "email.sent", Nth: 1 << 40}})
				for i, s := range rules {
					if over.filtered && s.Key != "own" {
						value := catalog.Literal{Kind: event.String, Text: fmt.Sprint("list ", i)}
						s.When.Where = []catalog.Test{{Property: "list", Op: catalog.Is, Values: []catalog.Literal{value}}}
					}
				}
				streams := catalog.NewStreams(rules, nil)
				var st State
				c := Context{Now: start, ID: func(p ...string) string { return strings.Join(p, ":") }}
				r := &event.Record{Type: "email.sent", Props: []event.Prop{{Name: "list", Value: event.Value{Kind: event.String, Text: "news"}}}}
				var few [8]*catalog.Stream
				next := func() {
					c.Now += 2 * clock.Minute
					if OnTime(&st, streams, c); len(OnEvent(&st, Occurrence{At: c.Now, Record: r}, streams.FedBy(r, few[:0]), c)) > 0 {
						b.Fatal("a rule fired")
					}
				}
				for range 1000 {
					next()
				}
				b.ReportAllocs()
				for b.Loop() {
					next()
				}
				b.ReportMetric(float64(len(st.AppendBinary(nil))), "state-B")
			})
		}
	}
}
