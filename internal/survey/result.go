package survey

import (
	"fmt"
	"math"
	"strconv"

	"github.com/headroomhq/headroom/internal/interval"
)

// Fewest is how many answers there must be before a score is told.
const Fewest = 10

// Counts is how often a survey was shown, and how often each score was given.
type Counts struct {
	Shown    int64
	Answered int64 // of those shown
	Closed   int64
	Imported int64     // answers that another tool was given
	Scores   [11]int64 // by score, imported ones too
}

// Import counts an answer in that another tool was given: it was shown to nobody here.
func (c *Counts) Import(score *int) {
	c.Imported++
	c.score(score)
}

func (c *Counts) score(score *int) {
	if score != nil && *score >= 0 && *score < len(c.Scores) {
		c.Scores[*score]++
	}
}

// Note counts one ask in by what became of it.
func (c *Counts) Note(answered, closed bool, score *int) {
	c.Shown++
	switch {
	case answered:
		c.Answered++
		c.score(score)
	case closed:
		c.Closed++
	}
}

// Merge counts in what others counted.
func (c *Counts) Merge(o *Counts) {
	c.Shown, c.Answered, c.Closed, c.Imported = c.Shown+o.Shown, c.Answered+o.Answered, c.Closed+o.Closed, c.Imported+o.Imported
	for i := range c.Scores {
		c.Scores[i] += o.Scores[i]
	}
}

// scored is how many scores there are.
func (c *Counts) scored() (n int64) {
	for _, k := range c.Scores {
		n += k
	}
	return n
}

// Result is what a survey adds up to.
type Result struct {
	Shown        int64    `json:"shown" doc:"how often it was shown"`
	Answered     int64    `json:"answered" doc:"how often it was answered of those; closing it is no answer"`
	Imported     int64    `json:"imported,omitempty" doc:"answers that another tool was given: they count in the scores, and neither as shown nor as answered"`
	ResponseRate *float64 `json:"response_rate,omitempty" doc:"answered of shown, 0 to 1; left out when it was not shown"`
	Scores       []int64  `json:"scores,omitempty" doc:"how often each score was given, from the least on"`
	Promoters    int64    `json:"promoters" doc:"9 and 10 of NPS; 4 and 5 of CSAT"`
	Detractors   int64    `json:"detractors" doc:"0 to 6 of NPS"`
	Score        *float64 `json:"score,omitempty" doc:"NPS from -100 to 100, or the percentage of 4 and 5 of CSAT; left out below ten answers"`
	Low          *float64 `json:"low,omitempty" doc:"lower end of the 95% interval; left out, as high and margin, of an NPS of answers that are all of one kind"`
	High         *float64 `json:"high,omitempty" doc:"its upper end"`
	Margin       *float64 `json:"margin,omitempty" doc:"half of the interval, of NPS"`
	Average      *float64 `json:"average,omitempty" doc:"of the scores"`
	Band         string   `json:"band,omitempty" doc:"below, typical or above what is usual, an NPS of 28 to 55; of a CSAT typical is more than 4 of 5 on average, and above is never said"`
	Words        string   `json:"words" doc:"the same in a sentence"`
}

// Of works a result out for a kind of survey.
//
// NPS is the percentage of promoters less that of detractors. An answer is worth 1, 0 or -1, so
// that its variance is p + d - (p - d)², of which the mean of n answers has the n-th part; the margin
// is 1.96 times the root of that (the normal approximation: Rocks, Interval Estimation for the Net Promoter
// Score, The American Statistician 70, 2016). Answers that are all promoters', all detractors' or neither have
// a variance of nothing, which says nothing of others: then the margin is left out.
//
// CSAT is the percentage of 4 and 5, with Wilson's interval (Probable Inference, the Law of Succession, and Statistical
// Inference, JASA 22, 1927), which stays between 0 and 100 and is right for few answers too.
func (c *Counts) Of(kind string) Result {
	r := Result{Shown: c.Shown, Answered: c.Answered, Imported: c.Imported}
	if c.Shown > 0 {
		rate := float64(c.Answered) / float64(c.Shown)
		r.ResponseRate = &rate
	}
	n := c.scored()
	least, most := Scale(kind)
	if kind == FeatureRequest {
		r.Words = fmt.Sprintf("%d answers", c.Answered+c.Imported)
		return r
	}
	sum := int64(0)
	for score := least; score <= most; score++ {
		k := c.Scores[score]
		r.Scores = append(r.Scores, k)
		sum += int64(score) * k
		switch {
		case kind == NPS && score >= 9, kind == CSAT && score >= 4:
			r.Promoters += k
		case kind == NPS && score <= 6:
			r.Detractors += k
		}
	}
	if n < Fewest {
		r.Words = fmt.Sprintf("%d answers are too few to say: there must be %d", n, Fewest)
		return r
	}
	average := float64(sum) / float64(n)
	r.Average = &average
	if kind == NPS {
		r.nps(n)
	} else {
		r.csat(n, average)
	}
	return r
}

func (r *Result) nps(n int64) {
	p, d := float64(r.Promoters)/float64(n), float64(r.Detractors)/float64(n)
	score, margin := 100*(p-d), 100*interval.Z*math.Sqrt((p+d-(p-d)*(p-d))/float64(n))
	r.Score = &score
	off := ", all of one kind: by how much it may be off they do not tell;"
	if r.Promoters != n && r.Detractors != n && r.Promoters+r.Detractors > 0 {
		low, high := max(-100, score-margin), min(100, score+margin)
		r.Margin, r.Low, r.High = &margin, &low, &high
		off = ","
	}
	switch {
	case score < 28:
		r.Band = "below"
	case score <= 55:
		r.Band = "typical"
	default:
		r.Band = "above"
	}
	usual := map[string]string{"below": "below what is usual (28 to 55)", "typical": "as is usual (28 to 55)", "above": "above what is usual (28 to 55)"}
	told := whole(score)
	if r.Margin != nil {
		told += " ± " + whole(margin)
	}
	r.Words = fmt.Sprintf("NPS %s from %d answers%s %s", told, n, off, usual[r.Band])
}

func (r *Result) csat(n int64, average float64) {
	low, high := interval.Wilson(r.Promoters, n)
	score := 100 * float64(r.Promoters) / float64(n)
	low, high = 100*low, 100*high
	r.Score, r.Low, r.High = &score, &low, &high
	r.Band = "below"
	usual := "not above 4 of 5, as is usual"
	if average > 4 {
		r.Band, usual = "typical", "above 4 of 5, as is usual"
	}
	r.Words = fmt.Sprintf("%s%% satisfied (%s to %s) from %d answers; on average %s, %s", whole(score), whole(low), whole(high), n,
		strconv.FormatFloat(average, 'f', 1, 64), usual)
}

func whole(f float64) string { return strconv.FormatFloat(math.Round(f)+0, 'f', 0, 64) }
