package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/survey"
)

func surveyAsks(e *engine.Effects) (*batch, error) {
	b := insert("survey_asks", "id, pseudonym, account, survey, kind, at, answered_at, score, request, feature, imported, document",
		`ON CONFLICT (id) DO UPDATE SET answered_at = excluded.answered_at, score = excluded.score, request = excluded.request,
		feature = excluded.feature, document = excluded.document`)
	for _, x := range last(e.Surveys, func(a *survey.Ask) string { return a.ID }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		score, request, imported, feature := -1, 0, 0, ""
		if x.Score != nil {
			score = *x.Score
		}
		if x.Request != nil {
			request, feature = 1, x.Request.Feature
		}
		if x.Import != "" {
			imported = 1
		}
		b.add(x.ID, x.User, x.Account, x.Survey, x.Kind, x.At, x.AnsweredAt, score, request, feature, imported, doc)
	}
	return b, nil
}

// SurveyFilter narrows surveys; empty fields let everything pass.
type SurveyFilter struct {
	Survey  string
	Account string
	From    clock.Time // included
	To      clock.Time // excluded; zero: no end
}

func (f *SurveyFilter) to() clock.Time {
	if f.To == 0 {
		return 1<<63 - 1
	}
	return f.To
}

// SurveyShown is one time a survey was shown, or an answer that another tool was given.
type SurveyShown struct {
	Account  string
	Survey   string
	Kind     string
	At       clock.Time
	Answered bool
	Imported bool // nothing was shown here
	Score    *int
}

// SurveysShown calls f with every time a survey was shown and every imported answer, in no order that
// means anything.
func (s *Store) SurveysShown(ctx context.Context, f SurveyFilter, each func(SurveyShown)) error {
	q := ask("SELECT account, survey, kind, at, answered_at, score, imported FROM survey_asks WHERE at >= ? AND at < ?", f.From, f.to()).
		where("survey = ?", f.Survey).where("account = ?", f.Account)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var x SurveyShown
		var answered, score, imported int64
		if err := r.Scan(&x.Account, &x.Survey, &x.Kind, &x.At, &answered, &score, &imported); err != nil {
			return err
		}
		x.Answered, x.Imported = answered != 0, imported != 0
		if n := int(score); n >= 0 {
			x.Score = &n
		}
		each(x)
		return nil
	})
}

// SurveyAnswers lists what was answered, newest first by when it was asked.
func (s *Store) SurveyAnswers(ctx context.Context, f SurveyFilter, p Page) (List[survey.Ask], error) {
	q := ask("SELECT document, at, id FROM survey_asks WHERE answered_at > 0 AND at >= ? AND at < ?", f.From, f.to()).
		where("survey = ?", f.Survey).where("account = ?", f.Account)
	return newest[survey.Ask](ctx, s, p, q, "at")
}

// FeatureRequests calls f with the newest wishes that people put into words, most of them: for a feature, or, with
// an empty one, for what is none yet.
func (s *Store) FeatureRequests(ctx context.Context, feature string, most int, f func(survey.Ask)) error {
	q := ask("SELECT document FROM survey_asks WHERE request = 1 AND feature = ? ORDER BY at DESC, id DESC LIMIT ?", feature, most)
	return s.rows(ctx, q, func(r *sql.Rows) error {
		var doc string
		if err := r.Scan(&doc); err != nil {
			return err
		}
		var x survey.Ask
		if err := document(doc, &x); err != nil {
			return err
		}
		f(x)
		return nil
	})
}

// AccountsNamed calls f with those of the accounts that there are: what they pay, and their documents.
func (s *Store) AccountsNamed(ctx context.Context, keys []string, f func(l engine.Listing)) error {
	return each(keys, func(run []any) error {
		q := ask("SELECT "+listingColumns+" FROM accounts a WHERE a.account IN "+in(len(run)), run...)
		return s.rows(ctx, q, func(r *sql.Rows) error {
			l, err := scanListing(r)
			if err == nil {
				f(l)
			}
			return err
		})
	})
}
