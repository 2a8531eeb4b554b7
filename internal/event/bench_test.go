package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
)

var benchNow, _ = clock.Parse("2026-03-01T12:00:00Z")

var benchEvents = []string{
	`{"specversion":"1.0","id":"%s","source":"https://app.summits.example","type":"speaker.added","subject":"acct_%d","time":"2026-03-01T09:%02d:00.123Z","datacontenttype":"application/json","data":{"user":"usr_%d","speakers":1,"summit":"spring-2026","track":{"name":"Main stage","room":"A"},"keynote":false}}`,
	`{"specversion":"1.0","id":"%s","source":"mailer","type":"email.sent","subject":"acct_%d","time":"2026-03-01T09:%02d:07Z","data":{"user":{"id":"usr_%d","role":"admin"},"count":1250,"campaign":"invite-2","template":"invite","list":{"key":"all-attendees","size":5210.5},"segments":["a","b","c"],"scheduled":true}}`,
	`{"specversion":"1.0","id":"%s","source":"https://app.summits.example","type":"page.viewed","subject":"acct_%d","time":"2026-03-01T09:%02d:59.5+00:00","data":{"user":"usr_%d","page":"pricing","path":"/settings/billing/plans","referrer":"/dashboard","duration_ms":5312,"viewport":{"w":1440,"h":900},"locale":"en-GB","experiment":null}}`,
	`{"specversion":"1.0","id":"%s","source":"api","type":"attendee.joined","subject":"acct_%d","time":"2026-03-01T09:%02d:21Z","data":{"user":"usr_%d","attendee_id":"att_99812","ticket":"early \"bird\" \u2013 day 1","price":149.00,"currency":"USD","utm":{"source":"newsletter","medium":"email","campaign":"spring"}}}`,
}

func benchBatch(n int) []byte {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, benchEvents[i%len(benchEvents)], fmt.Sprintf("01JNEV%020d", i), i%37, i%60, i%211)
	}
	b.WriteByte(']')
	return []byte(b.String())
}

type referenceEvent struct {
	SpecVersion     string         `json:"specversion"`
	ID              string         `json:"id"`
	Source          string         `json:"source"`
	Type            string         `json:"type"`
	Subject         string         `json:"subject"`
	Time            string         `json:"time"`
	DataContentType string         `json:"datacontenttype"`
	Data            map[string]any `json:"data"`
}

func noHeader(string) string { return "" }

func perEvent(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/event")
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1, 100} {
		body := benchBatch(n)
		b.Run(fmt.Sprintf("batch=%d/door", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				d, err := DecodeCloudEvents(noHeader, body, benchNow, Limits{})
				if err != nil || d.Events != n {
					b.Fatal(err, d)
				}
				d.Release()
			}
			perEvent(b, n)
		})
		b.Run(fmt.Sprintf("batch=%d/encoding_json", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var events []referenceEvent
				if err := json.Unmarshal(body, &events); err != nil || len(events) != n {
					b.Fatal(err)
				}
			}
			perEvent(b, n)
		})
	}
}

func BenchmarkCodec(b *testing.B) {
	d, err := DecodeCloudEvents(noHeader, benchBatch(100), benchNow, Limits{})
	if err != nil {
		b.Fatal(err)
	}
	var encoded []byte
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encoded = encoded[:0]
			for i := range d.Pending {
				encoded = AppendRecord(encoded, &d.Pending[i].Record)
			}
		}
		perEvent(b, 100)
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		var rs Records
		section := string(encoded)
		for b.Loop() {
			rs.Reset()
			if err := rs.Decode(section); err != nil {
				b.Fatal(err)
			}
		}
		perEvent(b, 100)
	})
}
