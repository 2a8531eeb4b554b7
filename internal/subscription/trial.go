package subscription

import "github.com/headroomhq/headroom/internal/clock"

// TrialState is what became of a trial.
type TrialState string

// The states of a trial.
const (
	TrialRunning   TrialState = "running"
	TrialConverted TrialState = "converted" // what was tried has been bought
	TrialOver      TrialState = "expired"   // it ran out and nothing was bought
	TrialEnded     TrialState = "ended"     // it was ended early
)

// Trial is a plan, an add-on or one feature that an account tries, or has tried. There is one
// per account and thing. It costs nothing and is never recurring revenue.
type Trial struct {
	ID        string     `json:"id"` // what is tried: "plan:pro", "addon:sponsors", "feature:recordings"
	Plan      string     `json:"plan,omitempty"`
	Addon     string     `json:"addon,omitempty"`
	Feature   string     `json:"feature,omitempty"`
	StartedAt clock.Time `json:"started_at"`
	EndsAt    clock.Time `json:"ends_at"` // first instant at which it is over
	Extended  int        `json:"extended,omitempty"`
	State     TrialState `json:"state"`
}

// RunningAt says whether what is tried may be used at t.
func (t *Trial) RunningAt(at clock.Time) bool {
	return t.State == TrialRunning && t.StartedAt <= at && at < t.EndsAt
}
