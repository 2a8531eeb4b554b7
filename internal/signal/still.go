package signal

import (
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Standing is how an account stands with what a signal is about, between two daily looks.
type Standing struct {
	Usage, Limit quantity.Quantity // of the signal's feature, see FeatureOf
	Unlimited    bool
	Plan         string // that the account has
	Live         bool   // its subscription is
}

// FeatureOf returns the feature whose standing says whether a signal still holds; empty when none
// does.
func FeatureOf(r *catalog.Signal, s *Signal) string {
	switch w := &r.When; {
	case w.RunsOut != "":
		return w.RunsOut
	case w.Held != "":
		return w.Held
	case w.Unused != "":
		return s.Data["feature"]
	}
	return ""
}

// Still says whether what a signal of a rule that is looked at daily noticed is still so: not when
// the limit was raised since, what was unused is used, or another plan was bought. Of other
// rules it says yes: what they told of ends in the state, or has happened.
func Still(r *catalog.Signal, s *Signal, at Standing, now clock.Time) bool {
	switch w := &r.When; {
	case w.RunsOut != "":
		return !at.Unlimited && at.Limit.String() == s.Data["limit"] && at.Usage < at.Limit
	case w.Held != "":
		return !at.Unlimited && at.Limit.String() == s.Data["limit"]
	case w.Unused != "":
		if at.Unlimited || at.Limit <= 0 {
			return at.Live && at.Usage <= 0
		}
		return at.Live && at.Usage.Percent(at.Limit) < max(w.Below, 1)
	case w.Fit != "":
		return at.Live && at.Plan == s.Data["plan"]
	case w.RenewsIn > 0:
		ends, err := clock.Parse(s.Data["renews_at"])
		return at.Live && at.Plan == s.Data["plan"] && err == nil && now < ends
	}
	return true
}
