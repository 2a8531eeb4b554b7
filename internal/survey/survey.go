// Package survey asks people in the product what they think: whom and when, what they said, and
// what it adds up to.
package survey

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
)

// The kinds of survey.
const (
	NPS            = "nps"             // 0 to 10
	CSAT           = "csat"            // 1 to 5
	FeatureRequest = "feature_request" // what somebody wishes for, and how much it matters, 1 to 5
)

// Scale returns the least and the highest score of a kind.
func Scale(kind string) (least, most int) {
	if kind == NPS {
		return 0, 10
	}
	return 1, 5
}

// Ask is one time a survey was shown to a person, and what they said.
type Ask struct {
	ID         string     `json:"id"`
	Account    string     `json:"account"`
	User       string     `json:"user"` // pseudonym
	Survey     string     `json:"survey"`
	Kind       string     `json:"kind"`
	Placement  string     `json:"placement,omitempty"`
	At         clock.Time `json:"at"`
	ClosedAt   clock.Time `json:"closed_at,omitzero"` // closed without an answer
	AnsweredAt clock.Time `json:"answered_at,omitzero"`
	Score      *int       `json:"score,omitempty"`
	Text       string     `json:"text,omitempty"` // in their own words, sealed
	Request    *Request   `json:"request,omitempty"`
	Import     string     `json:"import,omitempty"` // it was brought in from another tool
}

// Answered says whether the person said anything.
func (a *Ask) Answered() bool { return a.AnsweredAt != 0 }

// Request is something a person wishes for.
type Request struct {
	Feature    string        `json:"feature,omitempty"`    // of the catalog; else Title
	Title      string        `json:"title,omitempty"`      // in their own words, sealed
	Pay        *money.Amount `json:"pay,omitempty"`        // what they would pay a month
	Importance int           `json:"importance,omitempty"` // 1 to 5; 0: not said
}

// Answer is what somebody says to a survey, or that they closed it.
type Answer struct {
	Score   *int     `json:"score,omitempty"`
	Text    string   `json:"text,omitempty"` // sealed
	Request *Request `json:"request,omitempty"`
	Closed  bool     `json:"closed,omitempty"`
}

// Check says what is wrong with an answer to a survey of a kind.
func (a *Answer) Check(kind string) error {
	bad := func(field, value, what, mend string) error {
		return fault.New(fault.Invalid, "answer_invalid", "%s %s %s", field, value, what).WithField(field, value, what).WithMend("%s", mend)
	}
	if a.Closed {
		if a.Score != nil || a.Text != "" || a.Request != nil {
			return bad("closed", "true", "says that nothing was answered", "send closed alone, or the answer without it")
		}
		return nil
	}
	least, most := Scale(kind)
	switch {
	case a.Score == nil && kind != FeatureRequest:
		return bad("score", "", "is missing", fmt.Sprintf("send a score from %d to %d, or closed", least, most))
	case a.Score != nil && (*a.Score < least || *a.Score > most):
		return bad("score", fmt.Sprint(*a.Score), "is not on the scale", fmt.Sprintf("send a whole number from %d to %d", least, most))
	case kind == FeatureRequest && a.Request == nil && a.Text == "":
		return bad("request", "", "is missing", "say what is wished for: a feature of the catalog, or a title")
	}
	if r := a.Request; r != nil {
		switch {
		case r.Feature == "" && r.Title == "":
			return bad("request", "", "names nothing", "name a feature of the catalog, or give a title")
		case r.Pay != nil && r.Pay.Minor < 0:
			return bad("request.pay", r.Pay.String(), "is below zero", "send what the person would pay a month")
		case r.Importance < 0 || r.Importance > 5:
			return bad("request.importance", fmt.Sprint(r.Importance), "is not on the scale", "send a whole number from 1 to 5")
		}
	}
	return nil
}

// Correctable is how long an answer may be given anew.
const Correctable = clock.Hour

// Bounds of what is kept of one person.
const (
	maxOpen    = 5  // asks that may be answered or corrected, the newest
	maxSurveys = 20 // surveys of which is known when they were last shown
)

// Person is what is kept under a person's key: when they were asked last, over all accounts and surveys.
type Person struct {
	Last  clock.Time `json:"last,omitzero"`   // by any survey
	Asked []Asked    `json:"asked,omitempty"` // by survey, the latest last
	Open  []Ask      `json:"open,omitempty"`  // the newest last
	Made  int64      `json:"made,omitempty"`  // asks ever; numbers their ids
}

// Asked is when a survey was last shown to the person.
type Asked struct {
	Survey string     `json:"survey"`
	At     clock.Time `json:"at"`
}

// Why nothing is asked.
const (
	ReasonNone        = "no_survey"    // the catalog has none here
	ReasonExternal    = "external"     // the person is none of the customer's
	ReasonFor         = "not_for"      // its condition does not hold
	ReasonSample      = "not_sampled"  // not drawn this time
	ReasonAskedLately = "asked_lately" // any survey, within the gap
	ReasonAsked       = "asked"        // this survey, less than its time ago
	ReasonQuiet       = "quiet"        // an incident, or somebody said so
)

// micros is a duration in the unit of times.
func micros(d time.Duration) clock.Time { return clock.Time(d.Microseconds()) }

// every is how long a person is left alone by a survey after it.
func every(s *catalog.Survey) clock.Time { return max(1, micros(s.Every)) }

// Window is the number of the time of a survey in which now lies for a person, and when it ends. Each
// person's begin at another time, so that as many are asked on any day.
func Window(s *catalog.Survey, user string, now clock.Time) (n int64, end clock.Time) {
	h := sha256.New()
	fmt.Fprintf(h, "survey-window/1|%s|%s", s.Key, user)
	shift := clock.Time(binary.BigEndian.Uint64(h.Sum(nil)) % uint64(every(s)))
	n = int64((now + shift) / every(s))
	return n, clock.Time(n+1)*every(s) - shift
}

// Drawn says whether a person is asked in a window: drawn anew in each, by SHA-256 of survey, person and
// window, so that the same percentage is asked at any time and nobody needs to be remembered.
func Drawn(s *catalog.Survey, user string, window int64) bool {
	h := sha256.New()
	fmt.Fprintf(h, "survey/1|%s|%s|%d", s.Key, user, window)
	n := binary.BigEndian.Uint64(h.Sum(nil)) % 10_000
	return n < uint64(s.Sample)*100
}

// May says whether a person may be asked by a survey now; else why not, and from when.
func (p *Person) May(s *catalog.Survey, gap time.Duration, user string, now clock.Time) (reason string, until clock.Time) {
	window, next := Window(s, user, now)
	if !Drawn(s, user, window) {
		return ReasonSample, next
	}
	if p == nil {
		return "", 0
	}
	if free := p.Last + micros(gap); p.Last != 0 && now < free {
		return ReasonAskedLately, free
	}
	if at, was := p.asked(s.Key); was && now < at+every(s) {
		return ReasonAsked, at + every(s)
	}
	return "", 0
}

// asked returns when a survey was last shown to the person at the latest: of one that may be
// forgotten, when the earliest of those known was.
func (p *Person) asked(survey string) (at clock.Time, was bool) {
	if i := slices.IndexFunc(p.Asked, func(a Asked) bool { return a.Survey == survey }); i >= 0 {
		return p.Asked[i].At, true
	}
	if len(p.Asked) >= maxSurveys {
		return p.Asked[0].At, true
	}
	return 0, false
}

// Begin notes that the survey is shown, and returns the ask. May must have said yes.
func (p *Person) Begin(a Ask, id func(n int64) string) Ask {
	p.Made++
	a.ID = id(p.Made)
	p.was(a.Survey, a.At)
	if p.Open = append(p.Open, a); len(p.Open) > maxOpen {
		p.Open = slices.Delete(p.Open, 0, 1)
	}
	return a
}

// was notes when a survey was shown.
func (p *Person) was(survey string, at clock.Time) {
	p.Last = max(p.Last, at)
	if i := slices.IndexFunc(p.Asked, func(a Asked) bool { return a.Survey == survey }); i >= 0 {
		at = max(at, p.Asked[i].At)
		p.Asked = slices.Delete(p.Asked, i, i+1)
	}
	p.Asked = append(p.Asked, Asked{survey, at})
	slices.SortStableFunc(p.Asked, func(a, b Asked) int { return int(min(1, max(-1, a.At-b.At))) })
	if len(p.Asked) > maxSurveys {
		p.Asked = slices.Delete(p.Asked, 0, 1)
	}
}

// Find returns an ask that may be answered or corrected.
func (p *Person) Find(id string) (Ask, bool) {
	if p == nil {
		return Ask{}, false
	}
	if i := slices.IndexFunc(p.Open, func(a Ask) bool { return a.ID == id }); i >= 0 {
		return p.Open[i], true
	}
	return Ask{}, false
}

// Give keeps an answer. Another one within the hour replaces it; first says that there was none before.
func (p *Person) Give(id string, answer Answer, now clock.Time) (a Ask, first bool, err error) {
	i := slices.IndexFunc(p.Open, func(a Ask) bool { return a.ID == id })
	if i < 0 {
		return Ask{}, false, Unknown(id)
	}
	a = p.Open[i]
	if err := answer.Check(a.Kind); err != nil {
		return a, false, err
	}
	first = !a.Answered()
	if answer.Closed {
		if first && a.ClosedAt == 0 {
			a.ClosedAt = now
			p.Open[i] = a
		}
		return a, false, nil
	}
	if !first && now >= a.AnsweredAt+Correctable {
		return a, false, fault.New(fault.Conflict, "survey_answered", "the survey was answered at %s, and may be corrected for an hour", a.AnsweredAt).
			WithMend("ask again when POST /v1/surveys/next says so")
	}
	if first {
		a.AnsweredAt = now
	}
	a.ClosedAt, a.Score, a.Text, a.Request = 0, answer.Score, answer.Text, answer.Request
	p.Open[i] = a
	return a, first, nil
}

// Import keeps an answer that another tool was given.
func (p *Person) Import(a Ask) { p.was(a.Survey, a.At) }

// Absorb takes over what was known of the person under an earlier pseudonym.
func (p *Person) Absorb(q *Person) {
	for _, a := range q.Asked {
		p.was(a.Survey, a.At)
	}
	p.Last = max(p.Last, q.Last)
}

// Unknown is the fault of an ask that is not known.
func Unknown(id string) error {
	return fault.New(fault.NotFound, "survey_ask_not_found", "there is no survey shown as %q, or it was long ago", fault.Shorten(id)).
		WithMend("send the ask_id that POST /v1/surveys/next answered")
}

// Account is what is kept of an account: what was said last.
type Account struct {
	NPS  *Said `json:"nps,omitempty"`
	CSAT *Said `json:"csat,omitempty"`
	// Bests are the NPS of the last year that no later one reaches, the oldest and highest first: at
	// most one of each score. See Best.
	Bests []Said `json:"bests,omitempty"`
}

// Said is a score and when it was given.
type Said struct {
	Score int        `json:"score"`
	At    clock.Time `json:"at"`
	User  string     `json:"user,omitempty"`
}

// Hear takes an answer in; an earlier one than the last changes nothing.
func (s *Account) Hear(a *Ask) {
	if a.Score == nil || !a.Answered() {
		return
	}
	said := &Said{Score: *a.Score, At: a.AnsweredAt, User: a.User}
	switch a.Kind {
	case NPS:
		if s.NPS == nil || said.At >= s.NPS.At {
			s.NPS = said
		}
		s.bests(*said)
	case CSAT:
		if s.CSAT == nil || said.At >= s.CSAT.At {
			s.CSAT = said
		}
	}
}

// bestOf is for how long an NPS may be the best.
const bestOf = 365 * clock.Day

// bests keeps a score if it is, or will be, the best of a year.
func (s *Account) bests(said Said) {
	list := slices.DeleteFunc(s.Bests, func(b Said) bool {
		corrected := b.User == said.User && b.At == said.At
		return corrected || b.At <= said.At && b.Score <= said.Score || b.At <= said.At-bestOf
	})
	if i := slices.IndexFunc(list, func(b Said) bool { return b.At >= said.At }); i < 0 {
		list = append(list, said)
	} else if list[i].Score < said.Score {
		list = slices.Insert(list, i, said)
	}
	s.Bests = list
}

// Best returns the highest NPS of the year before now, of those the last; false when there is none.
func (s *Account) Best(now clock.Time) (Said, bool) {
	if s != nil {
		for _, b := range s.Bests {
			if now < b.At+bestOf {
				return b, true
			}
		}
	}
	return Said{}, false
}

// Satisfaction is what was said last on a scale of 0 to 10, by NPS or CSAT, and when; false when nothing was.
func (s *Account) Satisfaction() (score float64, at clock.Time, any bool) {
	if s == nil {
		return 0, 0, false
	}
	if s.NPS != nil {
		score, at, any = float64(s.NPS.Score), s.NPS.At, true
	}
	if c := s.CSAT; c != nil && (!any || c.At >= at) {
		score, at, any = float64(c.Score-1)*2.5, c.At, true
	}
	return score, at, any
}

// Promotes says whether a score is a promoter's: 9 and 10 of NPS, 5 of CSAT.
func Promotes(kind string, score *int) bool {
	return score != nil && (kind == NPS && *score >= 9 || kind == CSAT && *score == 5)
}
