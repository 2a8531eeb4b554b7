package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

// MilestoneLine is how an account stands with a milestone.
type MilestoneLine struct {
	Milestone  string            `json:"milestone" doc:"its key"`
	Title      string            `json:"title" doc:"its title"`
	Event      string            `json:"event,omitempty" doc:"the type of event that reaches it"`
	Feature    string            `json:"feature,omitempty" doc:"or the feature that is used"`
	After      string            `json:"after,omitempty" doc:"the milestone that comes before it"`
	Optional   bool              `json:"optional,omitempty" doc:"an account is activated without it"`
	Done       quantity.Quantity `json:"done" doc:"events so far, or how much is used"`
	Of         quantity.Quantity `json:"of" doc:"how many or how much reaches it"`
	ReachedAt  clock.Time        `json:"reached_at" doc:"when it was reached; null: not yet"`
	ReachedBy  string            `json:"reached_by,omitempty" doc:"pseudonym of who reached it, where that is known"`
	Before     bool              `json:"before,omitempty" doc:"it had happened before the catalog asked for it: reached_at is when that was noticed"`
	Days       *float64          `json:"days" nullable:"true" doc:"days from the account's start until it was reached; null where it is not, or nobody knows when"`
	TargetDays *float64          `json:"target_days" nullable:"true" doc:"days within which it is to be reached; null: no time is said"`
	DueAt      clock.Time        `json:"due_at" doc:"when it is late"`
	Stuck      bool              `json:"stuck" doc:"it is late, and what comes before it was reached"`
	Help       *offer.Help       `json:"help,omitempty" doc:"what helps, where the catalog says"`
}

type activationAnswer struct {
	Body struct {
		Account   string          `json:"account" doc:"the account's key"`
		Activated bool            `json:"activated" doc:"all required milestones of its plan and segment are reached"`
		StartedAt clock.Time      `json:"started_at" doc:"its first subscription, else when it was first heard of"`
		Required  int             `json:"required" doc:"milestones that are required"`
		Reached   int             `json:"reached" doc:"how many of those are reached"`
		StuckOn   string          `json:"stuck_on,omitempty" doc:"the milestone it is stuck on"`
		Help      *offer.Help     `json:"help,omitempty" doc:"what is shown to it before any offer"`
		Items     []MilestoneLine `json:"items" doc:"in the order in which they are to be reached"`
		Position  string          `json:"position" doc:"position of the answer"`
	}
}

func (s *Server) accountActivation(ctx context.Context, in *accountRead) (*activationAnswer, error) {
	out := &activationAnswer{}
	b := &out.Body
	b.Account, b.Items = in.Account, []MilestoneLine{}
	err := s.account(ctx, in, func(v runner.View) error {
		w := v.Account.Way(v.Catalog, v.State.Now)
		b.Activated, b.StartedAt, b.Help = w.Activated, w.StartAt, w.Help
		for _, m := range w.Milestones {
			line := milestoneLine(&m, w.StartAt)
			if !m.Optional {
				b.Required++
				if m.Reach != nil {
					b.Reached++
				}
			}
			if m.Stuck && b.StuckOn == "" {
				b.StuckOn = m.Key
			}
			b.Items = append(b.Items, line)
		}
		b.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}

func milestoneLine(m *engine.MilestoneNow, start clock.Time) MilestoneLine {
	line := MilestoneLine{Milestone: m.Key, Title: m.Title, Event: m.Event, Feature: m.Feature, After: m.After, Optional: m.Optional,
		Done: m.Done, Of: m.Of, DueAt: m.DueAt, Stuck: m.Stuck}
	if m.Within > 0 {
		line.TargetDays = inDays(clock.Time(m.Within.Microseconds()))
	}
	if r := m.Reach; r != nil {
		line.ReachedAt, line.ReachedBy, line.Before = r.At, r.By, r.Before
		if !r.Before {
			line.Days = inDays(max(r.At-start, 0))
		}
	}
	if m.Help != (catalog.Help{}) {
		line.Help = &offer.Help{Rule: catalog.QuietNotActivated, Milestone: m.Key, Title: cmp.Or(m.Help.Title, m.Title), Body: m.Help.Body, Link: m.Help.Link, Invite: m.Help.Invite}
	}
	return line
}

// inDays is a span in days, to a tenth.
func inDays(t clock.Time) *float64 { return tenths(float64(t) / float64(clock.Day)) }

func tenths(days float64) *float64 {
	if days < 0 {
		return nil
	}
	rounded := math.Round(days*10) / 10
	return &rounded
}

type activationListRequest struct {
	PageParams
	PositionParam
	Plan      string `query:"plan" maxLength:"200"`
	SegmentBy string `query:"segment_by" maxLength:"200" doc:"a trait of accounts, such as industry: a line for each of its values; what passes the first fifty is under (others)"`
	Milestone string `query:"milestone" maxLength:"200" doc:"list only who is stuck on this one"`
}

// ActivationLine is how the accounts of a segment stand with a milestone.
type ActivationLine struct {
	Milestone  string   `json:"milestone" doc:"its key"`
	Title      string   `json:"title" doc:"its title"`
	Segment    string   `json:"segment,omitempty" doc:"the value of the trait asked for; (none) where accounts have none"`
	Expected   int64    `json:"expected" doc:"accounts that are to reach it"`
	Reached    int64    `json:"reached" doc:"of those"`
	Before     int64    `json:"before" doc:"of those reached, who had before the catalog asked, so that nobody knows when"`
	Stuck      int64    `json:"stuck" doc:"who is late with it now, and has what comes before it"`
	MedianDays *float64 `json:"median_days" nullable:"true" doc:"days within which half of those who reached it had; those who have yet to are not in it"`
	P90Days    *float64 `json:"p90_days" nullable:"true" doc:"likewise nine of ten"`
	TargetDays *float64 `json:"target_days" nullable:"true" doc:"days within which it is to be reached"`
}

// StuckLine is an account that is late with a milestone.
type StuckLine struct {
	Account     string     `json:"account" doc:"the account's key"`
	AccountName string     `json:"account_name,omitempty" doc:"its name, if it has one"`
	Plan        string     `json:"plan,omitempty" doc:"its plan"`
	Milestone   string     `json:"milestone" doc:"the milestone it is stuck on"`
	Title       string     `json:"title" doc:"its title"`
	StartedAt   clock.Time `json:"started_at" doc:"when the account's way began"`
	DueAt       clock.Time `json:"due_at" doc:"when it was due"`
	LateDays    float64    `json:"late_days" doc:"how long ago that is"`
}

type activationListAnswer struct {
	Body struct {
		Items []ActivationLine      `json:"items" doc:"by milestone in the order of the way, and segment"`
		Stuck store.List[StuckLine] `json:"stuck" doc:"who is stuck where, the longest first"`
	}
}

// maxSegments bounds the values of a trait that get a line of their own.
const maxSegments = 50

func (s *Server) activation(ctx context.Context, in *activationListRequest) (*activationListAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	out := &activationListAnswer{}
	out.Body.Items = []ActivationLine{}
	order := signal.Path(cat.MilestonesInOrder())
	if in.Cursor == "" { // the next parts are of who is stuck
		var sum signal.Activation
		segments := make(map[string]bool)
		err := s.Store.Ways(ctx, in.Plan, in.SegmentBy != "", func(_ string, traits map[string]any, steps []signal.Step) {
			segment := ""
			if in.SegmentBy != "" {
				segment = segmentOf(traits[in.SegmentBy])
				if !segments[segment] && len(segments) >= maxSegments {
					segment = "(others)"
				}
				segments[segment] = true
			}
			sum.Add(segment, steps, now)
		})
		if err != nil {
			return nil, err
		}
		lines := sum.Lines()
		for _, m := range order {
			for _, l := range lines {
				if l.Milestone == m.Key {
					line := ActivationLine{Milestone: m.Key, Title: m.Title, Segment: l.Segment, Expected: l.Expected, Reached: l.Reached, Before: l.Before,
						Stuck: l.Stuck, MedianDays: tenths(l.Median), P90Days: tenths(l.P90)}
					if m.Within > 0 {
						line.TargetDays = inDays(clock.Time(m.Within.Microseconds()))
					}
					out.Body.Items = append(out.Body.Items, line)
				}
			}
		}
	}
	stuck, err := s.Store.Stuck(ctx, store.StuckFilter{Plan: in.Plan, Milestone: in.Milestone, Now: now,
		Milestones: slices.Sorted(maps.Keys(cat.Milestones))}, in.page())
	if err != nil {
		return nil, err
	}
	out.Body.Stuck = mapped(stuck, func(x store.Stuck) StuckLine {
		return StuckLine{Account: x.Account, AccountName: x.Name, Plan: x.Plan, Milestone: x.Milestone, Title: cat.Milestones[x.Milestone].Title,
			StartedAt: x.StartAt, DueAt: x.DueAt, LateDays: *inDays(max(now-x.DueAt, 0))}
	}).Body
	return out, nil
}

// segmentOf is the value of a trait as the name of a segment.
func segmentOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "(none)"
	case string:
		return cmp.Or(v, "(none)")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}
