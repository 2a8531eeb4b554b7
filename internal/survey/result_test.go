package survey_test

import (
	"math"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/survey"
	"pgregory.net/rapid"
)

// counted makes counts of so many of each score, from the least on.
func counted(kind string, scores ...int64) *survey.Counts {
	var c survey.Counts
	least, _ := survey.Scale(kind)
	for i, n := range scores {
		for range n {
			c.Note(true, false, new(least+i))
		}
	}
	return &c
}

func TestWhatSurveysAddUpTo(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   string
		counts *survey.Counts
		words  string
		band   string
	}{
		{"nobody answered", survey.NPS, counted(survey.NPS), "0 answers are too few to say: there must be 10", ""},
		{"nine answers", survey.NPS, counted(survey.NPS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9), "9 answers are too few to say: there must be 10", ""},
		{"ten promoters", survey.NPS, counted(survey.NPS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5), "NPS 100 from 10 answers, all of one kind: by how much it may be off they do not tell; above what is usual (28 to 55)", "above"},
		{"neither promoters nor detractors", survey.NPS, counted(survey.NPS, 0, 0, 0, 0, 0, 0, 0, 10, 10, 0, 0), "NPS 0 from 20 answers, all of one kind: by how much it may be off they do not tell; below what is usual (28 to 55)", "below"},
		{"half promoters, a tenth detractors", survey.NPS, counted(survey.NPS, 0, 0, 0, 0, 0, 0, 10, 0, 40, 25, 25), "NPS 40 ± 13 from 100 answers, as is usual (28 to 55)", "typical"},
		{"as many detractors", survey.NPS, counted(survey.NPS, 20, 0, 0, 0, 0, 0, 30, 0, 0, 20, 30), "NPS 0 ± 20 from 100 answers, below what is usual (28 to 55)", "below"},
		{"ten of ten satisfied", survey.CSAT, counted(survey.CSAT, 0, 0, 0, 5, 5), "100% satisfied (72 to 100) from 10 answers; on average 4.5, above 4 of 5, as is usual", "typical"},
		{"eight of ten satisfied", survey.CSAT, counted(survey.CSAT, 1, 1, 0, 8, 0), "80% satisfied (49 to 94) from 10 answers; on average 3.5, not above 4 of 5, as is usual", "below"},
	} {
		r := c.counts.Of(c.kind)
		if r.Words != c.words || r.Band != c.band || (r.Score == nil) != (c.band == "") {
			t.Errorf("%s: %q, %s", c.name, r.Words, r.Band)
		}
	}
}

func TestTheResponseRateIsOfThoseShown(t *testing.T) {
	var c survey.Counts
	c.Note(true, false, new(9))
	c.Note(false, true, nil)
	c.Note(false, false, nil)
	c.Note(false, false, nil)
	if r := c.Of(survey.NPS); r.Shown != 4 || r.Answered != 1 || *r.ResponseRate != 0.25 {
		t.Errorf("%+v", r)
	}
	for range 1000 { // another tool was given these
		c.Import(new(10))
	}
	if r := c.Of(survey.NPS); r.Shown != 4 || r.Answered != 1 || *r.ResponseRate != 0.25 || r.Imported != 1000 || r.Scores[10] != 1000 {
		t.Errorf("with imported answers: %+v", r)
	}
	if r := new(survey.Counts).Of(survey.CSAT); r.ResponseRate != nil {
		t.Errorf("%+v", r)
	}
}

// NPS again, from the list of single answers: each is worth 1, 0 or -1; the score is their mean, the margin
// 1.96 standard errors by their variance.
func TestNPSIsTheMeanOfSingleAnswersWithItsStandardError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c survey.Counts
		var worth []float64
		for range rapid.IntRange(survey.Fewest, 300).Draw(t, "answers") {
			score := rapid.IntRange(0, 10).Draw(t, "score")
			c.Note(true, false, &score)
			switch {
			case score > 8:
				worth = append(worth, 1)
			case score < 7:
				worth = append(worth, -1)
			default:
				worth = append(worth, 0)
			}
		}
		mean, squares := 0.0, 0.0
		for _, w := range worth {
			mean += w / float64(len(worth))
		}
		for _, w := range worth {
			squares += (w - mean) * (w - mean) / float64(len(worth))
		}
		margin := 100 * 1.96 * math.Sqrt(squares/float64(len(worth)))
		r := c.Of(survey.NPS)
		if slices.Min(worth) == slices.Max(worth) {
			if r.Margin != nil || r.Low != nil || r.High != nil {
				t.Fatalf("answers of one kind have a margin: %+v", r)
			}
			return
		}
		if math.Abs(*r.Score-100*mean) > 1e-9 || math.Abs(*r.Margin-margin) > 0.01 {
			t.Fatalf("%v ± %v, by hand %v ± %v", *r.Score, *r.Margin, 100*mean, margin)
		}
		if *r.Low < -100 || *r.High > 100 || *r.Low > *r.Score || *r.High < *r.Score {
			t.Fatalf("%v to %v around %v", *r.Low, *r.High, *r.Score)
		}
	})
}
