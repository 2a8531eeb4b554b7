package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
)

// Surveys, referrals and experiments.

// The kinds of survey.
const (
	NPS            = "nps"             // 0 to 10
	CSAT           = "csat"            // 1 to 5
	FeatureRequest = "feature_request" // what is missing, and what it would be worth
)

var (
	surveyKinds     = []string{NPS, CSAT, FeatureRequest}
	experimentState = []string{"draft", "running", "stopped"}

	referralFields = []field[Referral]{
		{"title", func(r *reader, v value, p *Referral) { p.Title = r.text(v, maxTitle) }},
		{"reward", func(r *reader, v value, p *Referral) { p.Reward = r.text(v, maxBody) }},
		{"window", func(r *reader, v value, p *Referral) { p.Window = r.duration(v, maxWindow) }},
	}
	surveyFields = []field[Survey]{
		{"kind", func(r *reader, v value, s *Survey) { s.Kind = r.oneOf(v, surveyKinds...) }},
		{"title", func(r *reader, v value, s *Survey) { s.Title = r.text(v, maxTitle) }},
		{"question", func(r *reader, v value, s *Survey) { s.Question = r.text(v, maxBody) }},
		{"follow", func(r *reader, v value, s *Survey) { s.Follow = r.text(v, maxBody) }},
		{"at", func(r *reader, v value, s *Survey) { s.At = r.names(v, r.placement) }},
		{"for", func(r *reader, v value, s *Survey) { s.For = r.rule(v, condition.ForOffer) }},
		{"sample", func(r *reader, v value, s *Survey) { s.Sample = r.percent(v, 1, 100) }},
		{"every", func(r *reader, v value, s *Survey) { s.Every = r.duration(v, maxDuration) }},
		{"refer", func(r *reader, v value, s *Survey) { s.Refer = r.name(v) }},
		{"translations", func(r *reader, v value, s *Survey) { s.Translations = translated(r, v, surveyTextFields) }},
	}
	surveyTextFields = []field[SurveyText]{
		{"title", func(r *reader, v value, s *SurveyText) { s.Title = r.text(v, maxTitle) }},
		{"question", func(r *reader, v value, s *SurveyText) { s.Question = r.text(v, maxBody) }},
		{"follow", func(r *reader, v value, s *SurveyText) { s.Follow = r.text(v, maxBody) }},
	}
	experimentFields = []field[Experiment]{
		{"variants", func(r *reader, v value, x *Experiment) { r.variants(v, x) }},
		{"title", func(r *reader, v value, x *Experiment) { x.Title = r.text(v, maxTitle) }},
		{"hypothesis", func(r *reader, v value, x *Experiment) { x.Hypothesis = r.text(v, maxBody) }},
		{"state", func(r *reader, v value, x *Experiment) { x.State = r.oneOf(v, experimentState...) }},
		{"for", func(r *reader, v value, x *Experiment) { x.For = r.rule(v, condition.ForAccount) }},
		{"outcome", func(r *reader, v value, x *Experiment) { x.Outcome = r.name(v) }},
	}
)

func newReferral(key string) *Referral { return &Referral{Key: key, Title: key, Window: 90 * day} }
func newSurvey(key string) *Survey {
	return &Survey{Key: key, Title: key, Sample: 100, Every: 90 * day}
}
func newExperiment(key string) *Experiment {
	return &Experiment{Key: key, Title: key, State: experimentState[0]}
}

func (r *reader) survey(s *Survey) {
	path := "surveys." + s.Key
	if r.signs[path] == nil {
		return // not a map, reported
	}
	if !r.has(path, "kind") {
		r.broken("missing", path, "", "write kind: "+orWords(surveyKinds), "the kind of the survey is missing")
	}
	if s.Question == "" {
		r.broken("missing", path, "", "write question: and what people are asked", "the question is missing")
	}
	if r.has(path, "refer") && s.Kind == FeatureRequest {
		r.broken("contradiction", path+".refer", s.Refer, "remove refer", "who misses a feature is no promoter")
	}
	refer(r, "referrals", r.c.Referrals, path+".refer", s.Refer)
	r.compared(path+".for", s.For, s.At)
}

// variants reads {control: 50%, fast: 50%}; they are kept by key, so that their order in the
// text means nothing.
func (r *reader) variants(v value, x *Experiment) {
	sum := int64(0)
	for _, e := range r.entries(v, "{control: 50%, fast: 50%}") {
		if !keyForm.MatchString(e.key) {
			r.report(SeverityError, "invalid_key", e.value.path, e.key, e.keyPos, fmt.Sprintf("%q cannot be a name", e.key), keyMend)
			continue
		}
		share := r.percent(e.value, 1, 100)
		sum += share
		x.Variants = append(x.Variants, Variant{Key: e.key, Share: share})
	}
	if sum > 100 {
		r.wrong(v, "contradiction", "let them add up to 100% at most", "the variants add up to %d%%", sum)
	}
	if len(x.Variants) > maxValues {
		r.wrong(v, "too_long", "try fewer at once", "these are %d variants, the most is %d", len(x.Variants), maxValues)
	}
	slices.SortFunc(x.Variants, func(a, b Variant) int { return strings.Compare(a.Key, b.Key) })
}

func (r *reader) experiment(x *Experiment) {
	path := "experiments." + x.Key
	if r.signs[path] == nil {
		return // not a map, reported
	}
	if !r.has(path, "variants") {
		r.broken("missing", path, "", "write variants: {control: 50%, fast: 50%}", "the variants are missing")
	}
	refer(r, "signals", r.c.Signals, path+".outcome", x.Outcome)
	r.compared(path+".for", x.For, nil)
}
