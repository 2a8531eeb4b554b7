package engine

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/survey"
)

// SurveyAsk asks which survey a person is to be shown at a placement.
type SurveyAsk struct {
	Placement string     `json:"placement"`
	Role      offer.Role `json:"role,omitempty"`
	Profile   string     `json:"profile,omitempty"`
	Language  string     `json:"language,omitempty"`
	Page      bool       `json:"page,omitempty"` // a page says all this, see Account.Reader
}

// SurveyCall is the body of a KindSurvey record, whose type is the survey. Under a person's key: Account and Placement
// where it is about to be shown, or ID and Answer. Of an account: Ask, what one of its people said.
type SurveyCall struct {
	Account   string         `json:"account,omitempty"`
	Placement string         `json:"placement,omitempty"`
	ID        string         `json:"id,omitempty"`
	Answer    *survey.Answer `json:"answer,omitempty"`
	Ask       *survey.Ask    `json:"ask,omitempty"`
	First     bool           `json:"first,omitempty"` // the answer is no correction
}

// SurveyAnswer is what who asks is told: the ask, or why there is none and until when.
type SurveyAnswer struct {
	Ask    *survey.Ask `json:"ask,omitempty"`
	Reason string      `json:"reason,omitempty"`
	Until  clock.Time  `json:"until,omitzero"`
}

// SurveyAt chooses the survey that a person of the account is to be shown, of those at the placement by key: the first that
// may ask. seen is what is kept under the person's key, nil for nothing.
func (a *Account) SurveyAt(c *catalog.Catalog, ask SurveyAsk, user string, seen *survey.Person, now clock.Time) (s *catalog.Survey, why SurveyAnswer) {
	why.Reason = survey.ReasonNone
	for _, q := range a.quiet(c, now) {
		if q.Rule == catalog.QuietIncident || q.Rule == catalog.QuietMuted {
			return nil, SurveyAnswer{Reason: survey.ReasonQuiet, Until: q.Until}
		}
	}
	var external bool
	ask.Profile, external = a.Reader(c, user, ask.Profile, ask.Page)
	var holds func(*condition.Condition) bool
	for _, x := range c.SurveysAt(ask.Placement) { // one that says no placement is answered by link or import
		if holds == nil {
			holds = condition.Holds(a.surveyReader(c, ask, external, now))
		}
		no := SurveyAnswer{}
		switch {
		case external && (x.For == nil || !strings.Contains(x.For.Source, "user.external")):
			no.Reason = survey.ReasonExternal
		case !holds(x.For):
			no.Reason = survey.ReasonFor
		default:
			if no.Reason, no.Until = seen.May(x, c.SurveyGap, user, now); no.Reason == "" {
				return x, SurveyAnswer{}
			}
		}
		if why.Reason == survey.ReasonNone {
			why = no
		}
	}
	return nil, why
}

// surveyReader is what conditions of surveys see.
func (a *Account) surveyReader(c *catalog.Catalog, ask SurveyAsk, external bool, now clock.Time) map[string]any {
	vars := a.Vars(ask.Role, ask.Profile, ask.Placement)
	reader := vars["user"].(map[string]any)
	reader["language"], reader["external"] = strings.SplitN(ask.Language, ",", 2)[0], external
	vars["account"].(map[string]any)["stage"] = string(a.Stage(c, now))
	return vars
}

// Asked returns what is kept of surveys under a person's key; a may be nil.
func (a *Account) Asked() *survey.Person {
	if a == nil || a.Person == nil {
		return nil
	}
	return &a.Person.Surveys
}

// surveyed handles a KindSurvey record under a person's key: the claim to ask, which may find that somebody
// else asked meanwhile, and what the person says.
func (s *State) surveyed(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[SurveyCall](r)
	if err != nil {
		return refused(err)
	}
	p := a.Person
	if call.Answer != nil {
		ask, first, err := p.Surveys.Give(call.ID, *call.Answer, s.Now)
		if err != nil {
			return refused(err)
		}
		s.effects.Surveys = append(s.effects.Surveys, ask)
		if !call.Answer.Closed {
			s.tellAnswer(p, ask, first)
		}
		return ok(SurveyAnswer{Ask: &ask})
	}
	x := c.Surveys[r.Type]
	if x == nil {
		return refused(NoSurvey(r.Type))
	}
	if reason, until := p.Surveys.May(x, c.SurveyGap, p.Pseudonym, s.Now); reason != "" {
		return ok(SurveyAnswer{Reason: reason, Until: until})
	}
	ask := p.Surveys.Begin(survey.Ask{Account: call.Account, User: p.Pseudonym, Survey: x.Key, Kind: x.Kind, Placement: call.Placement, At: s.Now},
		func(n int64) string { return ID("ask", a.key, n) })
	s.effects.Surveys = append(s.effects.Surveys, ask)
	return ok(SurveyAnswer{Ask: &ask})
}

// NoSurvey is the fault of a survey that the catalog does not have.
func NoSurvey(key string) error {
	return fault.New(fault.NotFound, "survey_not_found", "the catalog has no survey %q", fault.Shorten(key)).
		WithMend("list them with GET /v1/surveys")
}

// tellAnswer tells the account what one of its people said.
func (s *State) tellAnswer(p *person, ask survey.Ask, first bool) {
	ask.Text, ask.Request = "", nil // which the lists have
	b, err := json.Marshal(SurveyCall{Ask: &ask, First: first})
	if err != nil { // plain values
		panic(err)
	}
	s.effects.Forwards = append(s.effects.Forwards, event.Record{Kind: event.KindSurvey, Type: ask.Survey, Source: ownSource + "survey",
		ID: ask.ID + "/" + s.Now.String(), Key: ask.Account, User: p.Pseudonym, ReceivedAt: s.Now, Body: b})
}

// heard takes in what one of the account's people said.
func (s *State) heard(a *Account, r *event.Record, c *catalog.Catalog) Answer {
	call, err := decode[SurveyCall](r)
	if err != nil || call.Ask == nil {
		return refused(cmp.Or(err, survey.Unknown(r.ID)))
	}
	if a.Surveys == nil {
		a.Surveys = &survey.Account{}
	}
	a.Surveys.Hear(call.Ask)
	if call.First && call.Ask.Import == "" {
		props := []event.Prop{said("survey", call.Ask.Survey), said("kind", call.Ask.Kind)}
		if call.Ask.Score != nil {
			props = append(props, numbered("score", *call.Ask.Score))
		}
		s.occur(a, surveyAnswered, call.Ask.User, c, props...)
	}
	return Answer{}
}

// SurveyRow is an answer that another tool was given, by a person of Account.
type SurveyRow struct {
	Account string     `json:"account"`
	Survey  string     `json:"survey"`
	Kind    string     `json:"kind"`
	Score   int        `json:"score"`
	Text    string     `json:"text,omitempty"` // sealed
	At      clock.Time `json:"at"`
}

// importSurvey brings in an answer that another tool was given.
func (s *State) importSurvey(a *Account, r *event.Record) {
	row, err := decode[ImportRow](r)
	if err != nil || row.Survey == nil {
		a.problem("import: a row of a person that is not about a survey")
		return
	}
	p, x := a.Person, row.Survey
	p.Surveys.Made++
	ask := survey.Ask{ID: ID("ask", a.key, p.Surveys.Made), Account: x.Account, User: p.Pseudonym, Survey: x.Survey, Kind: x.Kind,
		At: x.At, AnsweredAt: x.At, Score: &x.Score, Text: x.Text, Import: row.Import}
	p.Surveys.Import(ask)
	s.effects.Surveys = append(s.effects.Surveys, ask)
	s.tellAnswer(p, ask, true)
}

// satisfaction is what the account's people said last, on a scale of 0 to 10; false when they never did.
func (a *Account) satisfaction() (score float64, at clock.Time, any bool) {
	return a.Surveys.Satisfaction()
}
