package catalog

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headroomhq/headroom/internal/condition"
)

func signalWords(s *Signal) definition {
	when := s.When.String()
	return define(when, "when", when, "type", string(s.Type), "hypothesis", s.Hypothesis, "owner", s.Owner,
		"state", s.State, "decays", shownDuration(s.Decays))
}

// String says the rule in plain words, such as "speakers reaches 80% of its limit".
func (w When) String() string {
	switch {
	case w.Limit != "":
		return fmt.Sprintf("%s reaches %d%% of its limit", w.Limit, w.Reaches)
	case w.Gate != "" && w.Times == 1:
		return fmt.Sprintf("locked %s touched", w.Gate)
	case w.Gate != "":
		return fmt.Sprintf("locked %s touched %d times within %s", w.Gate, w.Times, durationWords(w.Within))
	case w.TrialEndsIn != 0:
		return fmt.Sprintf("trial ends in %s", durationWords(w.TrialEndsIn))
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
	give := o.Give.Plan
	if o.Give.Addon != "" {
		give = o.Give.Addon
		if o.Give.Quantity != 1 {
			give = fmt.Sprintf("%d of %s", o.Give.Quantity, give)
		}
	}
	atMost, holdout := "", ""
	if o.Contact.AtMost > 0 {
		atMost = fmt.Sprintf("%d per %s", o.Contact.AtMost, durationWords(o.Contact.Per))
	}
	if o.Holdout > 0 {
		holdout = fmt.Sprintf("%d%%", o.Holdout)
	}
	return define("gives "+give+" at "+strings.Join(o.At, ", "),
		"on", strings.Join(o.On, ", "), "give", give, "at", strings.Join(o.At, ", "), "kind", string(o.Kind), "for", source(o.For),
		"contact.cooldown", shownDuration(o.Contact.Cooldown), "contact.at_most", atMost, "holdout", holdout,
		"content.title", o.Content.Title, "content.body", o.Content.Body, "content.action", o.Content.Action, "content.media", o.Content.Media)
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
