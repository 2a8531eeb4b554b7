package api

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/survey"
)

// RowSurvey is an answer to a survey that another tool asked.
type RowSurvey struct {
	User   string     `json:"user,omitempty" maxLength:"200" doc:"who answered; the account's people in general when left out"`
	Survey string     `json:"survey" minLength:"1" maxLength:"200" doc:"key of the survey; of one that the catalog does not have, kind is needed"`
	Kind   string     `json:"kind,omitempty" enum:"nps,csat" doc:"what the catalog says of the survey when left out"`
	Score  int        `json:"score" minimum:"0" maximum:"10" doc:"0 to 10 of NPS, 1 to 5 of CSAT"`
	At     clock.Time `json:"at" doc:"when it was answered"`
	Text   string     `json:"text,omitempty" maxLength:"4000" doc:"in their own words; sealed under the person's key"`
}

// surveyRecord makes the record of an answer that is brought in: of the person, so that they are not asked again
// too soon, and that people who are erased take their words with them.
func (s *Server) surveyRecord(ctx context.Context, name string, row *RowImport, cat *catalog.Catalog) (event.Record, error) {
	now, x := s.Clock.Now(), row.Survey
	if err := event.CheckKey(row.Account); err != nil {
		return event.Record{}, err
	}
	if x == nil {
		return event.Record{}, fault.New(fault.Invalid, "row_empty", "row %q has nothing for an import of surveys", fault.Shorten(row.Row)).
			WithMend("give survey: user, survey, score and at")
	}
	if err := cmp.Or(checkName("user", x.User), checkName("survey", x.Survey)); err != nil {
		return event.Record{}, err
	}
	kind := x.Kind
	if known := cat.Surveys[x.Survey]; known != nil {
		kind = known.Kind
	}
	if kind != survey.NPS && kind != survey.CSAT {
		return event.Record{}, fault.New(fault.NotFound, "survey_not_found", "the catalog has no survey %q that asks for a score", fault.Shorten(x.Survey)).
			WithMend("say its kind, nps or csat, or add it to the catalog").WithField("survey", x.Survey, "is not in the catalog")
	}
	answer := survey.Answer{Score: &x.Score}
	if err := answer.Check(kind); err != nil {
		return event.Record{}, err
	}
	if x.At == 0 || x.At > now+48*clock.Hour {
		return event.Record{}, fault.New(fault.Invalid, "time_in_future", "the answer at %q is without a time or in the future", x.At)
	}
	who := s.ofAccount(row.Account)
	if x.User != "" {
		who = s.people.name(x.User)
	}
	body := engine.ImportRow{Import: name, Survey: &engine.SurveyRow{Account: row.Account, Survey: x.Survey, Kind: kind, Score: x.Score, At: x.At}}
	var err error
	if body.Survey.Text, err = s.seal(ctx, who, "import/"+name+"/"+row.Row, x.Text); err != nil {
		return event.Record{}, err
	}
	b, err := json.Marshal(body)
	return event.Record{Kind: event.KindImport, Source: "import:" + name, ID: "surveys/" + row.Row, Key: event.UserKey(who), User: who, ReceivedAt: now, Body: b}, err
}
