package sheet

import "github.com/headroomhq/headroom/internal/clock"

// SurveyRow is a row of a file of answers to surveys.
type SurveyRow struct {
	Row     int64
	ID      string
	Account string
	User    string // empty when the file does not say who answered
	Survey  string
	Kind    string // nps or csat; empty: the catalog says
	Score   int
	At      clock.Time // midnight UTC of the day
	Text    string
}

// Surveys reads the rows of a file of answers to surveys, calling each for every good one. The row passed to each
// is reused: copy it to keep it.
func (f *File) Surveys(problems *Problems, each func(*SurveyRow) error) (Counts, error) {
	r := newRows(f, problems)
	var s SurveyRow
	return r.read(func() (bool, error) {
		s = SurveyRow{Row: r.row(), ID: r.text("id"), Account: r.shared("account"), User: r.text("user"), Survey: r.shared("survey"),
			Kind: r.shared("kind"), At: r.day("at", true), Text: r.text("text")}
		if s.Account == "" {
			r.bad("account", "", "account_empty", "the row names no account")
		}
		if s.Survey == "" {
			r.bad("survey", "", "survey_empty", "the row names no survey")
		}
		score := r.count("score")
		if score < 0 || score > 10 {
			r.bad("score", r.said("score"), "score_invalid", "is no whole number from 0 to 10")
		}
		s.Score = int(score)
		if r.spoiled || r.repeated(s.ID) {
			return false, nil
		}
		return true, each(&s)
	})
}
