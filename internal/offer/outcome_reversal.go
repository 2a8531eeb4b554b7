package offer

import (
	"slices"
	"strconv"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/interval"
)

// Reversal is how often an offer that was accepted is undone: a sign of upgrades by accident.
// Rate, its interval and the median are nil where too little was accepted to say.
type Reversal struct {
	Offer    string `json:"offer"`
	Accepted int64  `json:"accepted"`
	Undone   int64  `json:"undone"` // of those
	// Rate is Undone in Accepted, a decimal fraction; Low and High are the ends of the 95% interval of
	// Wilson (1927, J. Am. Stat. Assoc. 22, 209).
	Rate *string `json:"rate"`
	Low  *string `json:"low"`
	High *string `json:"high"`
	// Median is the time to undo, in seconds, of those undone.
	Median *int64 `json:"median_seconds"`
	State  string `json:"state"` // too_little, ok, watch or alarm
	Rule   string `json:"rule"`  // why, in words
}

// What makes a reversal rate one to look at.
const (
	enoughAccepted = 20
	watchedRate    = 0.05
)

// ReversalOf judges an offer by how many accepted it and after how long some of them undid that.
func ReversalOf(offer string, accepted int64, after []clock.Time) Reversal {
	r := Reversal{Offer: offer, Accepted: accepted, Undone: int64(len(after))}
	if accepted < enoughAccepted {
		r.State = "too_little"
		r.Rule = "Fewer than " + strconv.Itoa(enoughAccepted) + " were accepted, which is too little to tell a rate."
		return r
	}
	rate := float64(r.Undone) / float64(accepted)
	low, high := interval.Wilson(r.Undone, accepted)
	r.Rate, r.Low, r.High = decimal(rate), decimal(low), decimal(high)
	if n := len(after); n > 0 {
		slices.Sort(after)
		median := (after[(n-1)/2] + after[n/2]) / 2 / clock.Second
		seconds := int64(median)
		r.Median = &seconds
	}
	switch {
	case low > watchedRate:
		r.State, r.Rule = "alarm", "More than 5% are undone, and the lower end of the 95% interval is above 5%: people accept what they do not want. Look at what the offer shows before it is accepted."
	case rate > watchedRate:
		r.State, r.Rule = "watch", "More than 5% are undone, but the lower end of the 95% interval is not above 5%: it may be chance."
	default:
		r.State, r.Rule = "ok", "5% or fewer are undone."
	}
	return r
}

func decimal(f float64) *string {
	s := strconv.FormatFloat(f, 'f', 4, 64)
	return &s
}
