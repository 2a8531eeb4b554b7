package runner

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/telemetry"
)

// What is traced of a request comes with the message it is in: a step here is a span within
// it, the checkpoint that holds the step one within that, and what leaves after the checkpoint
// one within that. Without a tracer, and for messages that carry no trace, nothing is made.

// maxTraced bounds the steps of one checkpoint that are traced.
const maxTraced = 16

// concerning returns the traces that a message carries for this partition.
func (p *partition) concerning(position uint64) (parents []trace.SpanContext) {
	for _, c := range p.r.Tracer.Carried(position) {
		if c.Concerns(p.n) {
			parents = append(parents, c.Span)
		}
	}
	return parents
}

// trace ends the spans of a step and keeps them for the checkpoint. The caller holds mu.
func (p *partition) trace(spans telemetry.Shared, position uint64) {
	in := spans.Contexts()
	if len(in) == 0 {
		return
	}
	spans.End(attribute.Int("headroom.partition", p.n), attribute.Int64("headroom.position", int64(position)),
		attribute.Int("headroom.records", len(p.records.List)))
	if len(p.traced) < maxTraced {
		p.traced = append(p.traced, in...)
	}
}

// ended ends the spans of a checkpoint and begins those of its effects.
func (p *partition) ended(spans telemetry.Shared, c *engine.Checkpoint) {
	in := spans.Contexts()
	if len(in) == 0 {
		return
	}
	spans.End(attribute.Int("headroom.partition", p.n), attribute.Int64("headroom.from", int64(c.From)), attribute.Int64("headroom.to", int64(c.To)),
		attribute.Int("headroom.accounts", len(c.Accounts)))
	e := &c.Effects
	if len(e.Signals)+len(e.Decisions)+len(e.Outcomes)+len(e.Requests)+len(e.Opportunities)+len(e.Lines)+len(e.Periods)+len(e.Forwards) == 0 {
		return
	}
	effect := p.r.Tracer.Share("effect", in, attribute.Int("headroom.partition", p.n), attribute.Int("headroom.signals", len(e.Signals)),
		attribute.Int("headroom.decisions", len(e.Decisions)), attribute.Int("headroom.outcomes", len(e.Outcomes)),
		attribute.Int("headroom.requests", len(e.Requests)), attribute.Int("headroom.opportunities", len(e.Opportunities)),
		attribute.Int("headroom.lines", len(e.Lines)), attribute.Int("headroom.periods", len(e.Periods)), attribute.Int("headroom.forwards", len(e.Forwards)))
	if len(e.Forwards) > 0 {
		p.effect = effect // ends when they are in the log
		return
	}
	effect.End()
}
