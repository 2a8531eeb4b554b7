package account_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

var stages = catalog.Lifecycle{AdoptedFeatures: 3, AdoptedShare: 25, Expanding: 90 * 24 * time.Hour, AtRisk: 50, AtRiskOver: 28 * 24 * time.Hour, Advocate: 9}

const today = 20_000 * clock.Day

func TestAnAccountIsInTheStageThatSaysWhatItNeedsNext(t *testing.T) {
	ago := func(days clock.Time) clock.Time { return today - days*clock.Day }
	paying := account.Life{Live: true, Required: 2, Features: 5, InUse: true, Promoter: -1}
	for _, c := range []struct {
		account string
		life    func(l *account.Life)
		want    account.Stage
		why     string // a part of it
	}{
		{"nobody who bought anything", func(l *account.Life) { *l = account.Life{Promoter: -1} }, account.NoStage, "no subscription"},
		{"has bought, is not set up", func(l *account.Life) { l.Missing = "First summit published" }, account.Landed, `not reached "First summit published"`},
		{"has reached its milestones", func(*account.Life) {}, account.Activated, "all the milestones"},
		{"no milestones are asked for, nothing is used", func(l *account.Life) { l.Required, l.InUse = 0, false }, account.Landed, "not used anything"},
		{"no milestones are asked for, something is used", func(l *account.Life) { l.Required = 0 }, account.Activated, "no milestones"},
		{"uses two of five features enough", func(l *account.Life) { l.Used = 2 }, account.Activated, ""},
		{"uses three of five features enough", func(l *account.Life) { l.Used = 3 }, account.Adopted, "3 of 5 counted features are used at 25%"},
		{"has two features and uses both", func(l *account.Life) { l.Features, l.Used = 2, 2 }, account.Adopted, ""},
		{"has nothing that is counted", func(l *account.Life) { l.Features = 0 }, account.Activated, ""},
		{"paid more 89 days ago", func(l *account.Life) { l.GrewAt = ago(89) }, account.Expanding, "paid more since 2024-"},
		{"paid more 90 days ago", func(l *account.Life) { l.GrewAt = ago(90) }, account.Activated, ""},
		{"uses enough and pays more", func(l *account.Life) { l.Used, l.GrewAt = 5, ago(1) }, account.Expanding, ""},
		{"gave 9 of 10", func(l *account.Life) { l.Promoter = 9 }, account.Advocate, "gave 9 of 10"},
		{"gave 8 of 10", func(l *account.Life) { l.Promoter = 8 }, account.Activated, ""},
		{"referred others half a year ago", func(l *account.Life) { l.ReferredAt = ago(180) }, account.Advocate, "referred others"},
		{"referred others more than a year ago", func(l *account.Life) { l.ReferredAt = ago(366) }, account.Activated, ""},
		{"pays more and speaks well", func(l *account.Life) { l.GrewAt, l.Promoter = ago(1), 10 }, account.Advocate, ""},
		{"speaks well, and is not set up", func(l *account.Life) { l.Promoter, l.Missing = 10, "First summit" }, account.Landed, ""},
		{"uses half of what it did", func(l *account.Life) { l.Fell, l.FellMost = 50, "Emails" }, account.AtRisk, "Use fell by 50% from one 28 days to the next, Emails most"},
		{"uses a little less than it did", func(l *account.Life) { l.Fell = 49 }, account.Activated, ""},
		{"pays more, and uses half of what it did", func(l *account.Life) { l.Fell, l.GrewAt = 60, ago(1) }, account.AtRisk, ""},
		{"speaks well, and is about to leave", func(l *account.Life) { l.Promoter, l.EndsAt = 10, today+5*clock.Day }, account.AtRisk, "is to end on"},
		{"is not set up, and is about to leave", func(l *account.Life) { l.Missing, l.EndsAt = "First summit", today+clock.Day }, account.AtRisk, ""},
		{"a trial that ends, as trials do", func(l *account.Life) { l.Free, l.EndsAt, l.Missing = true, today+clock.Day, "First summit" }, account.Landed, ""},
	} {
		t.Run(c.account, func(t *testing.T) {
			l := paying
			c.life(&l)
			stage, why := account.StageOf(&l, &stages, today)
			if stage != c.want || !strings.Contains(why, c.why) || !strings.HasSuffix(why, ".") {
				t.Errorf("%s: %s, want %s: %s", stage, why, c.want, c.why)
			}
		})
	}
}

func TestEveryAccountIsInExactlyOneStageWithAReason(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := account.Life{Live: rapid.Bool().Draw(t, "live"), Free: rapid.Bool().Draw(t, "free"), InUse: rapid.Bool().Draw(t, "in use"),
			EndsAt: clock.Time(rapid.SampledFrom([]int64{0, 1}).Draw(t, "ends")) * (today + clock.Day), Required: rapid.IntRange(0, 2).Draw(t, "required"),
			Missing: rapid.SampledFrom([]string{"", "First"}).Draw(t, "missing"), Features: rapid.Int64Range(0, 6).Draw(t, "features"), Used: rapid.Int64Range(0, 6).Draw(t, "used"),
			GrewAt: clock.Time(rapid.Int64Range(0, int64(today)).Draw(t, "grew")), Fell: rapid.Int64Range(0, 100).Draw(t, "fell"), Promoter: rapid.Int64Range(-1, 10).Draw(t, "promoter")}
		stage, why := account.StageOf(&l, &stages, today)
		known := false
		for _, s := range account.Stages {
			known = known || s == stage
		}
		if !known || why == "" {
			t.Fatalf("%+v: %q because %q", l, stage, why)
		}
		if l.Live && (l.Fell >= stages.AtRisk) != (stage == account.AtRisk) && (l.EndsAt == 0 || l.Free) {
			t.Fatalf("%+v is %s", l, stage)
		}
	})
}
