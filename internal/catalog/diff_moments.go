package catalog

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
)

func signalWords(s *Signal) definition {
	when := s.When.String()
	title, driven, review := "", "", ""
	if s.Title != s.Key {
		title = s.Title
	}
	if s.Driven != s.When.drivenBy() {
		driven = s.Driven
	}
	if s.Review != 0 {
		review = dayWords(s.Review)
	}
	return define(when, "when", when, "title", title, "type", string(s.Type), "hypothesis", s.Hypothesis, "owner", s.Owner,
		"state", s.State, "evidence", s.Evidence, "driven", driven, "review", review, "decays", shownDuration(s.Decays))
}

// dayWords writes the day of a time in UTC.
func dayWords(t clock.Time) string { return t.String()[:10] }

// String says the rule in plain words, such as "speakers reaches 80% of its limit".
func (w When) String() string {
	words := w.ruleWords()
	if w.And != nil {
		words += ", and " + w.And.Source
	}
	return words
}

func (w *When) ruleWords() string {
	switch {
	case w.Limit != "":
		return fmt.Sprintf("%s reaches %d%% of its limit", w.Limit, w.Reaches)
	case w.RunsOut != "":
		return fmt.Sprintf("%s runs out %s or more before its reset (of what never resets, within %s), at the pace of %s",
			w.RunsOut, durationWords(w.Ahead), durationWords(w.Within), durationWords(w.Over))
	case w.Unlimited != "":
		return fmt.Sprintf("more than %s of %s, which has no limit, in a month", w.Above, w.Unlimited)
	case w.Held != "":
		return fmt.Sprintf("%d%% of the limit of %s or more, and never more than all, in %d periods", w.Reaches, w.Held, w.Periods)
	case w.Gate != "" && w.Without != "":
		return fmt.Sprintf("locked %s touched without %s within %s", w.Gate, w.Without, durationWords(w.Within))
	case w.Gate != "" && w.Times == 1:
		return fmt.Sprintf("locked %s touched", w.Gate)
	case w.Gate != "":
		return fmt.Sprintf("locked %s touched %d times within %s", w.Gate, w.Times, durationWords(w.Within))
	case w.Unused != "":
		return fmt.Sprintf("less than %d%% of the limit of %s used for %s", w.Below, w.Unused, durationWords(w.For))
	case w.Flat:
		return fmt.Sprintf("neither MRR nor use has grown for %s", durationWords(w.For))
	case w.Fit != "":
		return fmt.Sprintf("a %s plan would fit", w.Fit)
	case w.Value != "":
		return fmt.Sprintf("the price of %s leaves its band %s", w.Value, w.Leaves)
	case w.Milestone != "":
		return fmt.Sprintf("milestone %s reached", w.Milestone)
	case w.Stuck != "" && w.For > 0:
		return fmt.Sprintf("milestone %s not reached %s after its time", w.Stuck, durationWords(w.For))
	case w.Stuck != "":
		return fmt.Sprintf("milestone %s not reached in its time", w.Stuck)
	case w.Outside > 0:
		return fmt.Sprintf("%d people of the account's domain outside its plan", w.Outside)
	case w.ChampionLeft && w.For > 0:
		return fmt.Sprintf("a champion left, or was not seen for %s", durationWords(w.For))
	case w.ChampionLeft:
		return "a champion left"
	case w.TrialEndsIn != 0:
		return fmt.Sprintf("trial ends in %s", durationWords(w.TrialEndsIn))
	case w.TrialExpired:
		return "trial ended and nothing was bought"
	case w.RenewsIn != 0:
		return fmt.Sprintf("renews in %s", durationWords(w.RenewsIn))
	case w.Rule != nil:
		return w.Rule.Source
	default:
		return w.windowWords()
	}
}

// ordinal writes 1st, 2nd, 3rd, 4th, 11th, 21st.
func ordinal(n int64) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.FormatInt(n, 10) + suffix
}

func offerWords(o *Offer) definition {
	give := o.Give.String()
	atMost, holdout, chance := "", "", ""
	if o.Contact.AtMost > 0 {
		atMost = fmt.Sprintf("%d per %s", o.Contact.AtMost, durationWords(o.Contact.Per))
	}
	if o.Holdout > 0 {
		holdout = fmt.Sprintf("%d%%", o.Holdout)
	}
	if o.Chance != defaultChance {
		chance = fmt.Sprintf("%d%%", o.Chance)
	}
	d := define("gives "+give+" at "+strings.Join(o.At, ", "),
		"on", strings.Join(o.On, ", "), "give", give, "at", strings.Join(o.At, ", "), "kind", string(o.Kind), "for", source(o.For),
		"contact.cooldown", shownDuration(o.Contact.Cooldown), "contact.at_most", atMost, "holdout", holdout,
		"save", yes(o.Save), "chance", chance, "external", yes(o.External), "link", o.Link,
		"content.title", o.Content.Title, "content.body", o.Content.Body, "content.action", o.Content.Action, "content.media", o.Content.Media)
	for language, t := range o.Content.Translations {
		d.putAll("content.translations."+language, "title", t.Title, "body", t.Body, "action", t.Action, "media", t.Media)
	}
	return d
}

// String says in words what is given, such as "5 of host_seat" or "a trial of pro".
func (g Give) String() string {
	what := g.Plan + g.Addon + g.Feature
	switch {
	case g.Trial:
		return "a trial of " + what
	case g.Interval != "":
		return "what is there, by the " + g.Interval
	case g.Refer != "":
		return "the referral program " + g.Refer
	case g.Talk != "":
		return "a talk with " + g.Talk
	case g.Invite != "":
		return "an invitation of " + g.Invite
	case g.Fit && g.Quantity > 1:
		return fmt.Sprintf("as many of %s as are needed, at least %d", what, g.Quantity)
	case g.Fit:
		return "as many of " + what + " as are needed"
	case g.Addon != "" && g.Quantity > 1:
		return fmt.Sprintf("%d of %s", g.Quantity, what)
	}
	return what
}

func routeWords(t *Route) string {
	words := t.To
	if t.Motion != motionOf(t.To) {
		words += " (" + t.Motion + ")"
	}
	if t.When != nil {
		words = "when " + t.When.Source + " to " + words
	}
	if len(t.Involve) > 0 {
		words += " with " + strings.Join(t.Involve, ", ")
	}
	if t.Play != "" {
		words += " by the play " + t.Play
	}
	return words
}

func source(c *condition.Condition) string {
	if c == nil {
		return ""
	}
	return c.Source
}

func shownDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return durationWords(d)
}
