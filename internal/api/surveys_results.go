package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/invite"
	"github.com/headroomhq/headroom/internal/store"
	"github.com/headroomhq/headroom/internal/survey"
)

type surveysRequest struct {
	PositionParam
	From time.Time `query:"from" doc:"shown from then on; 90 days ago when left out"`
	To   time.Time `query:"to" doc:"shown before; now when left out"`
}

// SurveyLine is a survey with what it adds up to.
type SurveyLine struct {
	Survey string `json:"survey" doc:"key of the survey"`
	Title  string `json:"title,omitempty"`
	Kind   string `json:"kind" doc:"nps, csat or feature_request"`
	survey.Result
}

type surveysAnswer struct {
	Body struct {
		From  clock.Time   `json:"from"`
		To    clock.Time   `json:"to"`
		Items []SurveyLine `json:"items" doc:"those of the catalog, and those that were shown though it has them no longer"`
	}
}

// resultsSince is how far back results go when nothing is said.
const resultsSince = 90 * clock.Day

// resultsSpan returns the time that results are of.
func (s *Server) resultsSpan(from, to time.Time) (clock.Time, clock.Time, error) {
	end := clock.At(to)
	if to.IsZero() {
		end = s.Clock.Now() + 1
	}
	begin := clock.At(from)
	if from.IsZero() {
		begin = end - resultsSince
	}
	return begin, end, checkSpan(begin, end)
}

// surveys is GET /v1/surveys.
func (s *Server) surveys(ctx context.Context, in *surveysRequest) (*surveysAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &surveysAnswer{}
	if out.Body.From, out.Body.To, err = s.resultsSpan(in.From, in.To); err != nil {
		return nil, err
	}
	kinds, counts := map[string]string{}, map[string]*survey.Counts{}
	for key, x := range cat.Surveys {
		kinds[key], counts[key] = x.Kind, &survey.Counts{}
	}
	err = s.Store.SurveysShown(ctx, store.SurveyFilter{From: out.Body.From, To: out.Body.To}, func(x store.SurveyShown) {
		if counts[x.Survey] == nil {
			kinds[x.Survey], counts[x.Survey] = x.Kind, &survey.Counts{}
		}
		countShown(counts[x.Survey], &x)
	})
	out.Body.Items = []SurveyLine{}
	for _, key := range slices.Sorted(maps.Keys(kinds)) {
		line := SurveyLine{Survey: key, Kind: kinds[key], Result: counts[key].Of(kinds[key])}
		if x := cat.Surveys[key]; x != nil {
			line.Title = x.Title
		}
		out.Body.Items = append(out.Body.Items, line)
	}
	return out, err
}

type surveyRequest struct {
	Key string `path:"key" maxLength:"200" doc:"key of the survey"`
	PageParams
	PositionParam
	From      time.Time `query:"from" doc:"shown from then on; 90 days ago when left out"`
	To        time.Time `query:"to" doc:"shown before; now when left out"`
	SegmentBy string    `query:"segment_by" maxLength:"200" doc:"plan, or a trait of accounts, by which results are parted"`
}

// SurveyPart is what a survey adds up to for a part of those who were asked.
type SurveyPart struct {
	Segment string `json:"segment" doc:"the plan or the value of the trait; empty: none, (others) beyond fifty"`
	survey.Result
}

// SurveyMonth is what a survey adds up to by month, in UTC.
type SurveyMonth struct {
	Month string `json:"month" example:"2026-03"`
	survey.Result
}

// SurveyAnswered is one answer.
type SurveyAnswered struct {
	Account string         `json:"account"`
	User    string         `json:"user" doc:"pseudonym"`
	At      clock.Time     `json:"at" doc:"when it was answered"`
	Score   *int           `json:"score,omitempty"`
	Text    string         `json:"text,omitempty" doc:"in their own words"`
	Request *SurveyRequest `json:"request,omitempty"`
	Import  string         `json:"import,omitempty" doc:"the import it came in by"`
}

type surveyAnswer struct {
	Body struct {
		SurveyLine
		From      clock.Time        `json:"from"`
		To        clock.Time        `json:"to"`
		Segments  []SurveyPart      `json:"segments"`
		Months    []SurveyMonth     `json:"months"`
		Referrals []referralNumbers `json:"referrals,omitempty" doc:"beside an NPS: what referrals came to, as people say and do different things"`
		Items     []SurveyAnswered  `json:"items" doc:"answers, the newest first"`
		Next      string            `json:"next,omitempty"`
	}
}

// mostSegments bounds the parts of a result.
const mostSegments = 50

// survey is GET /v1/surveys/{key}.
func (s *Server) survey(ctx context.Context, in *surveyRequest) (*surveyAnswer, error) {
	if err := s.listed(ctx, in.Position); err != nil {
		return nil, err
	}
	cat, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	out := &surveyAnswer{}
	b := &out.Body
	if b.From, b.To, err = s.resultsSpan(in.From, in.To); err != nil {
		return nil, err
	}
	b.Survey = in.Key
	if x := cat.Surveys[in.Key]; x != nil {
		b.Title, b.Kind = x.Title, x.Kind
	}
	f := store.SurveyFilter{Survey: in.Key, From: b.From, To: b.To}
	all, months, accounts := &survey.Counts{}, map[string]*survey.Counts{}, map[string]*survey.Counts{}
	err = s.Store.SurveysShown(ctx, f, func(x store.SurveyShown) {
		b.Kind = cmp.Or(b.Kind, x.Kind)
		month := x.At.Std().Format("2006-01")
		for _, c := range []*survey.Counts{all, countsOf(months, month), countsOf(accounts, x.Account)} {
			countShown(c, &x)
		}
	})
	if err != nil {
		return nil, err
	}
	if b.Kind == "" {
		return nil, engine.NoSurvey(in.Key)
	}
	b.Result = all.Of(b.Kind)
	b.Months = []SurveyMonth{}
	for _, month := range slices.Sorted(maps.Keys(months)) {
		b.Months = append(b.Months, SurveyMonth{month, months[month].Of(b.Kind)})
	}
	if b.Segments, err = s.segments(ctx, in.SegmentBy, b.Kind, accounts); err != nil {
		return nil, err
	}
	if b.Kind == survey.NPS {
		if b.Referrals, err = s.referralNumbers(ctx); err != nil {
			return nil, err
		}
	}
	l, err := s.Store.SurveyAnswers(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	b.Next, b.Items = l.Next, make([]SurveyAnswered, len(l.Items))
	var texts []*string
	for i := range l.Items {
		x := &l.Items[i]
		b.Items[i] = SurveyAnswered{Account: x.Account, User: x.User, At: x.AnsweredAt, Score: x.Score, Text: x.Text, Import: x.Import}
		texts = append(texts, &b.Items[i].Text)
		if r := x.Request; r != nil {
			b.Items[i].Request = &SurveyRequest{Feature: r.Feature, Title: r.Title, Pay: r.Pay, Importance: r.Importance}
			texts = append(texts, &b.Items[i].Request.Title)
		}
	}
	return out, s.unseal(ctx, texts...)
}

// countShown counts in what was shown, or brought in.
func countShown(c *survey.Counts, x *store.SurveyShown) {
	if x.Imported {
		c.Import(x.Score)
		return
	}
	c.Note(x.Answered, false, x.Score)
}

func countsOf(m map[string]*survey.Counts, key string) *survey.Counts {
	if m[key] == nil {
		m[key] = &survey.Counts{}
	}
	return m[key]
}

// segments parts the counts of accounts by their plan, or a trait.
func (s *Server) segments(ctx context.Context, by, kind string, accounts map[string]*survey.Counts) ([]SurveyPart, error) {
	out := []SurveyPart{}
	if by == "" {
		return out, nil
	}
	parts := map[string]*survey.Counts{}
	left := maps.Clone(accounts)
	err := s.Store.AccountsNamed(ctx, slices.Sorted(maps.Keys(accounts)), func(l engine.Listing) {
		segment := l.Plan
		if by != "plan" {
			segment = traitText(l.Account.Traits[by])
		}
		countsOf(parts, segment).Merge(accounts[l.Account.Key])
		delete(left, l.Account.Key)
	})
	if err != nil {
		return nil, err
	}
	for _, c := range left {
		countsOf(parts, "").Merge(c)
	}
	keys := slices.SortedFunc(maps.Keys(parts), func(x, y string) int {
		return cmp.Or(cmp.Compare(parts[y].Shown+parts[y].Imported, parts[x].Shown+parts[x].Imported), cmp.Compare(x, y))
	})
	var others survey.Counts
	for i, key := range keys {
		if i < mostSegments {
			out = append(out, SurveyPart{key, parts[key].Of(kind)})
			continue
		}
		others.Merge(parts[key])
	}
	if others.Shown+others.Imported > 0 {
		out = append(out, SurveyPart{"(others)", others.Of(kind)})
	}
	return out, nil
}

// referralNumbers sums what referrals came to, by program.
func (s *Server) referralNumbers(ctx context.Context) ([]referralNumbers, error) {
	var out []referralNumbers
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		l, err := s.Store.Referrals(ctx, "", "", page)
		if err != nil {
			return nil, err
		}
		for i := range l.Items {
			out = addReferral(out, &l.Items[i])
		}
		if l.Next == "" {
			return out, nil
		}
		page.Cursor = l.Next
	}
}

func addReferral(out []referralNumbers, r *invite.Referral) []referralNumbers {
	if n := len(out); n == 0 || out[n-1].Program != r.Program { // they come by program
		out = append(out, referralNumbers{Program: r.Program})
	}
	out[len(out)-1].add(r)
	return out
}

// traitText is a trait's value as the name of a segment.
func traitText(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
