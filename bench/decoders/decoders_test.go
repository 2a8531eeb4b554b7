// Package decoders compares JSON decoders on the events headroom takes. It is a module of
// its own: what it compares with is not in the product.
package decoders

import (
	stdjson "encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bytedance/sonic"
	gojson "github.com/goccy/go-json"
	"github.com/valyala/fastjson"

	"github.com/headroomhq/headroom/bench/load"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
)

// cloudEvent is what the decoders that need a type decode into: strings for what an event
// always has, a map for what products send.
type cloudEvent struct {
	SpecVersion string         `json:"specversion"`
	ID          string         `json:"id"`
	Source      string         `json:"source"`
	Type        string         `json:"type"`
	Subject     string         `json:"subject"`
	Time        string         `json:"time"`
	Data        map[string]any `json:"data"`
}

// call is a call of the Segment tracking API, in a batch.
type call struct {
	Type        string         `json:"type"`
	MessageID   string         `json:"messageId"`
	UserID      string         `json:"userId"`
	AnonymousID string         `json:"anonymousId"`
	GroupID     string         `json:"groupId"`
	Event       string         `json:"event"`
	Name        string         `json:"name"`
	Timestamp   string         `json:"timestamp"`
	Context     map[string]any `json:"context"`
	Properties  map[string]any `json:"properties"`
	Traits      map[string]any `json:"traits"`
}

type calls struct {
	Batch  []call `json:"batch"`
	SentAt string `json:"sentAt"`
}

var (
	now      = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	received = clock.Time(now.UnixMicro())
	noHeader = func(string) string { return "" }
)

const batch = 100

// input is bodies of 100 events each, and how to decode them.
type input struct {
	name   string
	bodies [][]byte
	ours   func(body []byte) (int, error)
	into   func() (target any, count func() int)
	path   []string // to the array of events
}

func inputs() []input {
	s := load.Traffic{Accounts: 10_000, Batch: batch, Seed: 1, At: now}.Stream(0)
	events := input{name: "CloudEvents",
		ours: func(body []byte) (int, error) {
			d, err := event.DecodeCloudEvents(noHeader, body, received, event.Limits{})
			if err != nil {
				return 0, err
			}
			defer d.Release()
			return d.Events, nil
		},
		into: func() (any, func() int) {
			var e []cloudEvent
			return &e, func() int { return len(e) }
		}}
	segment := input{name: "Segment", path: []string{"batch"},
		ours: func(body []byte) (int, error) {
			d, err := event.DecodeSegment("batch", body, received, event.Limits{})
			if err != nil {
				return 0, err
			}
			defer d.Release()
			return d.Events, nil
		},
		into: func() (any, func() int) {
			var c calls
			return &c, func() int { return len(c.Batch) }
		}}
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		events.bodies = append(events.bodies, []byte(string(s.Body())))
		segment.bodies = append(segment.bodies, segmentBatch(r))
	}
	return []input{events, segment}
}

// segmentBatch is what Segment's clients send: tracks and pages for the most part, each
// with the context the clients add.
func segmentBatch(r *rand.Rand) []byte {
	var all []string
	for i := range batch {
		user, account := r.IntN(80_000), r.IntN(10_000)
		common := fmt.Sprintf(`"messageId":"ajs-%016x%016x","timestamp":%q,"userId":"user-%d","anonymousId":"%08x-1111-4222-8333-%012x","context":{"groupId":"account-%d","library":{"name":"analytics.js","version":"next-1.70.0"},"page":{"path":"/settings/%d","title":"Einstellungen \u2013 Team","url":"https://app.example/settings"},"locale":"de-DE","timezone":"Europe/Berlin"}`,
			r.Uint64(), r.Uint64(), now.Add(-time.Duration(r.IntN(5000))*time.Millisecond).Format("2006-01-02T15:04:05.000Z"), user, r.Uint32(), r.Uint64()&0xffffffffffff, account, r.IntN(50))
		switch {
		case i%20 == 0:
			all = append(all, fmt.Sprintf(`{"type":"identify",%s,"traits":{"role":"member","logins":%d}}`, common, r.IntN(90)))
		case i%4 == 0:
			all = append(all, fmt.Sprintf(`{"type":"page",%s,"name":"Settings","properties":{"width":%d,"dark":%t}}`, common, r.IntN(3000), i%3 == 0))
		default:
			all = append(all, fmt.Sprintf(`{"type":"track",%s,"event":"mail.sent","properties":{"count":%d,"rate":%.3f,"list":{"key":"vips","size":%d},"segments":["a","b"],"test":false}}`, common, r.IntN(50), r.Float64(), r.IntN(9000)))
		}
	}
	return []byte(`{"batch":[` + strings.Join(all, ",") + `],"sentAt":"` + now.Format(time.RFC3339) + `"}`)
}

// decoder decodes a body of an input and returns how many events it found.
type decoder struct {
	name   string
	decode func(in *input, body []byte) (int, error)
}

func typed(unmarshal func(body []byte, into any) error) func(in *input, body []byte) (int, error) {
	return func(in *input, body []byte) (int, error) {
		target, count := in.into()
		err := unmarshal(body, target)
		return count(), err
	}
}

var sink int

var decoders = []decoder{
	{"ours", func(in *input, body []byte) (int, error) { return in.ours(body) }},
	{"encoding-json", typed(stdjson.Unmarshal)},
	{"sonic", typed(sonic.Unmarshal)},
	{"sonic-fastest", typed(sonic.ConfigFastest.Unmarshal)},
	{"goccy", typed(func(body []byte, into any) error { return gojson.Unmarshal(body, into) })},
	{"goccy-no-escape", typed(func(body []byte, into any) error { return gojson.UnmarshalNoEscape(body, into) })},
	{"fastjson", func(in *input, body []byte) (int, error) { return fast(in, body, false) }},
	{"fastjson-copied", func(in *input, body []byte) (int, error) { return fast(in, body, true) }},
}

var parsers fastjson.ParserPool

// fast visits every value; copied makes Go strings of the texts, which the parser's next
// use would overwrite.
func fast(in *input, body []byte, copied bool) (int, error) {
	p := parsers.Get()
	defer parsers.Put(p)
	v, err := p.ParseBytes(body)
	if err != nil {
		return 0, err
	}
	events := v.GetArray(in.path...)
	for _, e := range events {
		visit(e, copied)
	}
	return len(events), nil
}

func visit(v *fastjson.Value, copied bool) {
	switch v.Type() {
	case fastjson.TypeObject:
		v.GetObject().Visit(func(name []byte, v *fastjson.Value) {
			if copied {
				sink += len(string(name))
			}
			visit(v, copied)
		})
	case fastjson.TypeArray:
		for _, v := range v.GetArray() {
			visit(v, copied)
		}
	case fastjson.TypeString:
		if b := v.GetStringBytes(); copied {
			kept = string(b)
		} else {
			sink += len(b)
		}
	case fastjson.TypeNumber:
		sink += int(v.GetFloat64())
	}
}

// kept keeps copies from being optimised away.
var kept string

func TestTheDecodersFindTheSameEvents(t *testing.T) {
	for _, in := range inputs() {
		for _, d := range decoders {
			for _, body := range in.bodies {
				if n, err := d.decode(&in, body); n != batch || err != nil {
					t.Fatalf("%s found %d of %d %s, %v", d.name, n, batch, in.name, err)
				}
			}
		}
	}
}

// BenchmarkDecode is per body of 100 events; cpu-ns/event is the CPU time of one. Ours also
// validates, flattens properties, and sets apart what names a person; the others stop at
// values.
func BenchmarkDecode(b *testing.B) {
	for _, in := range inputs() {
		size := 0
		for _, body := range in.bodies {
			size += len(body)
		}
		for _, d := range decoders {
			b.Run(in.name+"/"+d.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size / len(in.bodies)))
				cpu := load.CPU()
				for i := 0; b.Loop(); i++ {
					n, err := d.decode(&in, in.bodies[i%len(in.bodies)])
					if err != nil || n != batch {
						b.Fatal(n, err)
					}
				}
				// CPU time, which other work on the machine changes less than time on the wall.
				b.ReportMetric(float64(load.CPU()-cpu)/float64(b.N)/batch, "cpu-ns/event")
			})
		}
	}
}
