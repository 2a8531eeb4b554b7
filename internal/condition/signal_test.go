package condition

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// signalNames are of a catalog with a feature whose name CEL would read as a difference.
var signalNames = &Names{
	Features: []string{"speakers", "lead-exports"}, Milestones: []string{"first_talk", "page_live"},
	Signals: []string{"speakers_full"}, Profiles: []string{"host", "speaker"},
}

// signalVars is an account in the middle of its trial.
func signalVars() map[string]any {
	return map[string]any{
		"account": map[string]any{"key": "acme", "plan": "pro", "stage": "activated", "mrr": 149.0, "age_days": 40},
		"usage": map[string]any{
			"speakers": func() map[string]any {
				return map[string]any{"used": 8, "limit": 10, "percent": 80.0, "remaining": 2, "unlimited": false}
			},
			"lead-exports": map[string]any{"used": 3, "unlimited": true},
		},
		"people":     map[string]any{"count": 4, "active": 3, "profiles": map[string]any{"host": 2}},
		"money":      func() map[string]any { return map[string]any{"mrr": 149.0, "interval": "month", "overdue": true} },
		"time":       map[string]any{"days_to_trial_end": 2, "weekday": 1},
		"facts":      map[string]any{"satisfaction": 7, "region": "dach", "muted": true},
		"milestones": map[string]any{"first_talk": true},
		"signals":    map[string]any{"speakers_full": 78},
		"survey":     map[string]any{"nps": 9},
	}
}

func TestSignalConditionsMeanWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		name, source string
		want         bool
	}{
		{"a share of a limit", "usage.speakers.percent >= 80 && usage.speakers.remaining == 2", true},
		{"a name with a minus, quoted", "usage['lead-exports'].used == 3", true},
		{"what has no limit has no percent", "usage['lead-exports'].percent == null && usage['lead-exports'].unlimited", true},
		{"nothing is below a percent that is missing", "usage['lead-exports'].percent < 100", false},
		{"people", "people.active >= 3 && people.outside == 0", true},
		{"people of a profile", "people.profiles.host == 2 && people.profiles.speaker == 0", true},
		{"money", "money.overdue && money.interval == 'month' && money.mrr > 100", true},
		{"days that are known", "time.days_to_trial_end <= 3 && time.weekday == 1", true},
		{"days that there are none of", "time.days_to_renewal <= 3", false},
		{"a fact from outside", "facts.satisfaction >= 7 && facts.region == 'dach' && facts.muted == true", true},
		{"a fact nobody told", "facts.incident == null && !has(facts.incident)", true},
		{"a fact that is there", "has(facts.region)", true},
		{"a milestone reached and one not", "milestones.first_talk && !milestones.page_live", true},
		{"a signal that is alive", "signals.speakers_full > 50", true},
		{"an answer and none", "survey.nps >= 9 && survey.csat == null", true},
		{"the account's stage and age", "account.stage == 'activated' && account.age_days >= 30", true},
		{"sums", "people.active * 2 + usage.speakers.used > 13.5", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			compiled, err := CompileSignal(c.source, signalNames)
			if err != nil {
				t.Fatal(err)
			}
			got, err := compiled.Eval(signalVars())
			if err != nil || got != c.want {
				t.Errorf("%s is %v, %v", c.source, got, err)
			}
		})
	}
}

func TestASignalConditionOfNothingKnownIsFalseAndNoError(t *testing.T) {
	c, err := CompileSignal("usage.speakers.used > 0 || people.profiles.host > 0 || money.overdue || survey.nps > 1 || facts.x == 1 || time.weekday > 0", signalNames)
	if err != nil {
		t.Fatal(err)
	}
	if yes, err := c.Eval(nil); yes || err != nil {
		t.Errorf("it is %v, %v", yes, err)
	}
}

func TestMistakesInSignalConditionsAreFoundWhereTheyStand(t *testing.T) {
	for _, c := range []struct {
		name, source string
		column       int
		words        string
	}{
		{"a misspelt feature", "people.count > 1 && usage.speekers.used > 1", 26, `there is no feature "speekers" (did you mean usage.speakers?`},
		{"a misspelt feature in quotes", "usage['lead-export'].used > 1", 6, "did you mean usage['lead-exports']?"},
		{"a misspelt milestone", "milestones.first_tlak", 11, "did you mean milestones.first_talk?"},
		{"a misspelt signal", "signals.speakers_ful > 1", 8, "did you mean signals.speakers_full?"},
		{"a misspelt field", "usage.speakers.precent > 1", 15, "usage.speakers has no field \"precent\" (did you mean usage.speakers.percent?"},
		{"a profile there is none of", "people.profiles.hosts > 1", 16, "did you mean people.profiles.host?"},
		{"a feature without a field", "usage.speakers > 1", 6, "usage.speakers as a whole cannot be used here (name one of its fields: limit, percent, remaining, unlimited, used)"},
		{"all usage", "usage == null", 1, "name a feature, such as usage.speakers"},
		{"another environment's name", "user.role == 'admin'", 1, `"user" is not a name known here`},
		{"a number for a truth", "people.count", 7, "this is a number, not true or false"},
		{"a fact for a truth", "facts.muted", 6, "write facts.muted == true"},
		{"a percent against text", "usage.speakers.percent > 'x'", 24, "cannot stand between"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := CompileSignal(c.source, signalNames)
			wrong, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("it is %v", err)
			}
			if text := wrong.Error(); wrong.Line != 1 || wrong.Column != c.column || !strings.Contains(text, c.words) {
				t.Errorf("it is at %d: %s", wrong.Column, text)
			}
		})
	}
}

func TestAConditionTellsWhatItLooksAt(t *testing.T) {
	c, err := CompileSignal("usage.speakers.percent > 1 && (has(facts.incident) || usage['lead-exports'].used > usage.speakers.percent)", signalNames)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"facts.incident", "usage.lead-exports.used", "usage.speakers.percent"}
	if !slices.Equal(c.Uses(), want) {
		t.Errorf("it is %q", c.Uses())
	}
}
