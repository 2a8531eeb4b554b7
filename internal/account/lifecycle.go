package account

import (
	"fmt"
	"strconv"
	"time"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// Stage is where an account stands in its life as a customer.
type Stage string

// The stages, in the order of the inverted funnel: what begins with a purchase and widens.
const (
	NoStage   Stage = "none"      // it has nothing, not even a trial
	Landed    Stage = "landed"    // it has bought, and is not set up
	Activated Stage = "activated" // it has reached the milestones of its plan and segment
	Adopted   Stage = "adopted"   // it uses enough of what it has
	Expanding Stage = "expanding" // it pays more than it did
	Advocate  Stage = "advocate"  // it speaks well of the product, or brings others
	AtRisk    Stage = "at_risk"   // it uses much less than it did, or is about to leave
)

// Stages are all of them, as the funnel shows them.
var Stages = []Stage{Landed, Activated, Adopted, Expanding, Advocate, AtRisk, NoStage}

// Life is what an account's stage follows from: plain values, true at one moment.
type Life struct {
	Live bool // it has a subscription or a trial
	Free bool // what it has costs nothing (a trial, a free plan)
	// EndsAt is when the subscription is to end; unset when it is not.
	EndsAt clock.Time
	// Required is how many milestones the plan and segment ask for, Missing the title of the
	// first that is not reached; empty when none is missing.
	Required int
	Missing  string
	// InUse says whether any counted feature is in use. It tells who is set up where no milestone does.
	InUse bool
	// Features is how many counted features there are to use, Used how many of them are used
	// as catalog.Lifecycle.AdoptedShare asks.
	Features, Used int64
	GrewAt         clock.Time // when MRR last grew; unset: never
	// Fell is by how many percent use fell from one catalog.Lifecycle.AtRiskOver to the next,
	// FellMost the title of the feature that fell most. 0 when it did not, or nobody knows yet.
	Fell     int64
	FellMost string
	// Promoter is the highest answer to an NPS survey within a year, -1 when there is none.
	Promoter   int64
	ReferredAt clock.Time // of the last referral; unset: none
}

// advocacy is how long an answer or a referral makes an advocate.
const advocacy = 365 * 24 * time.Hour

// StageOf returns the stage of an account and the reason for it in plain words, a sentence.
//
// Several stages may be true at once. The one that says what the account needs next wins: who is
// at risk needs saving, whatever else is true of them, and an offer would only remind them of
// leaving; who is not set up needs help before anything; of everybody else the furthest counts:
// advocate, expanding, adopted, activated.
func StageOf(l *Life, is *catalog.Lifecycle, now clock.Time) (Stage, string) {
	switch {
	case !l.Live:
		return NoStage, "It has no subscription and no trial."
	case l.EndsAt != 0 && !l.Free:
		return AtRisk, "Its subscription is to end on " + day(l.EndsAt) + "."
	case is.AtRisk > 0 && l.Fell >= is.AtRisk:
		return AtRisk, fmt.Sprintf("Use fell by %d%% from one %s to the next, %s most.", l.Fell, days(is.AtRiskOver), l.FellMost)
	case l.Missing != "":
		return Landed, "It has not reached " + strconv.Quote(l.Missing) + " yet."
	case l.Required == 0 && l.Features > 0 && !l.InUse:
		return Landed, "It has not used anything of what it has yet."
	case is.Advocate > 0 && l.Promoter >= is.Advocate:
		return Advocate, fmt.Sprintf("Somebody of it gave %d of 10 in an NPS survey within a year.", l.Promoter)
	case l.ReferredAt != 0 && now < l.ReferredAt.Add(advocacy):
		return Advocate, "It referred others on " + day(l.ReferredAt) + "."
	case l.GrewAt != 0 && now < l.GrewAt.Add(is.Expanding):
		return Expanding, "It has paid more since " + day(l.GrewAt) + "."
	case l.Features > 0 && l.Used >= enough(l, is):
		return Adopted, fmt.Sprintf("%s used at %d%% of the limit or more.", ofFeatures(l.Used, l.Features), is.AdoptedShare)
	case l.Required == 0:
		return Activated, "It uses what it has; the catalog asks for no milestones."
	default:
		return Activated, "It has reached all the milestones it is to reach."
	}
}

// enough is how many features are to be used by who has adopted: all, where there are fewer.
func enough(l *Life, is *catalog.Lifecycle) int64 {
	return min(max(is.AdoptedFeatures, 1), l.Features)
}

func ofFeatures(used, all int64) string {
	if all == 1 {
		return "The one counted feature it has is"
	}
	if used == 1 {
		return fmt.Sprintf("1 of %d counted features is", all)
	}
	return fmt.Sprintf("%d of %d counted features are", used, all)
}

// day is a date in UTC.
func day(t clock.Time) string { return t.Std().Format("2006-01-02") }

func days(d time.Duration) string {
	n := int64(d / (24 * time.Hour))
	if n == 1 {
		return "day"
	}
	return strconv.FormatInt(n, 10) + " days"
}
