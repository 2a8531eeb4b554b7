package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What changes about milestones, contacts, surveys and experiments, in words.

func milestoneWords(m *Milestone) definition {
	reached := m.Event
	switch {
	case m.Feature != "":
		reached = fmt.Sprintf("%s of %s used", m.AtLeast, m.Feature)
	case m.Nth > 1:
		reached = fmt.Sprintf("%s for the %s time", m.Event, ordinal(m.Nth))
	}
	if len(m.Where) > 0 {
		reached += ", where " + testWords(m.Where)
	}
	d := define(reached, "reached", reached, "title", unlike(m.Title, m.Key), "within", shownDuration(m.Within),
		"plans", strings.Join(m.Plans, ", "), "for", source(m.For), "optional", yes(m.Optional), "after", m.After)
	d.putHelp("help", m.Help)
	return d
}

// unlike returns a title that is not just the key.
func unlike(title, key string) string {
	if title == key {
		return ""
	}
	return title
}

// putAll adds pairs of path and text below a path.
func (d definition) putAll(below string, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		d.put(below+"."+pairs[i], pairs[i+1])
	}
}

func (d definition) putHelp(below string, h Help) {
	d.putAll(below, "title", h.Title, "body", h.Body, "link", h.Link, "invite", h.Invite)
}

func readinessWords(rule *ReadinessRule) definition {
	d := define(fmt.Sprintf("from %d points", rule.Ready), "ready", strconv.FormatInt(rule.Ready, 10))
	var parts []string
	for _, p := range rule.Parts {
		when := "signal " + p.Signal
		if p.When != nil {
			when = p.When.Source
		}
		words := fmt.Sprintf("%+d for %s when %s", p.Points, p.Group, when)
		if p.Why != "" {
			words += " (" + p.Why + ")"
		}
		parts = append(parts, words)
	}
	d.values["parts"] = strings.Join(parts, "; ")
	return d
}

func referralWords(p *Referral) definition {
	return define(p.Title, "title", p.Title, "reward", p.Reward, "window", shownDuration(p.Window))
}

func surveyWords(s *Survey) definition {
	sample := ""
	if s.Sample < 100 {
		sample = fmt.Sprintf("%d%%", s.Sample)
	}
	d := define(s.Kind+": "+s.Question, "kind", s.Kind, "title", unlike(s.Title, s.Key), "question", s.Question, "follow", s.Follow,
		"at", strings.Join(s.At, ", "), "for", source(s.For), "sample", sample, "every", shownDuration(s.Every), "refer", s.Refer)
	for language, t := range s.Translations {
		d.putAll("translations."+language, "title", t.Title, "question", t.Question, "follow", t.Follow)
	}
	return d
}

func experimentWords(x *Experiment) definition {
	var shares []string
	d := define("", "title", unlike(x.Title, x.Key), "hypothesis", x.Hypothesis, "state", x.State, "for", source(x.For), "outcome", x.Outcome)
	for _, v := range x.Variants {
		shares = append(shares, fmt.Sprintf("%s %d%%", v.Key, v.Share))
		d.values["variants."+v.Key] = fmt.Sprintf("%d%%", v.Share)
	}
	d.summary = strings.Join(shares, ", ")
	return d
}

// momentWholes adds what a catalog has one of about moments, where it differs from what holds
// when nothing is said.
func momentWholes(c *Catalog, f flat) {
	add := func(key string, now, before definition) {
		changed := false
		for k, v := range now.values {
			changed = changed || before.values[k] != v
		}
		for k := range before.values {
			changed = changed || now.values[k] == ""
		}
		if changed {
			f.definitions[key] = now
		}
	}
	if c.SurveyGap == 0 { // no catalog that was parsed
		return
	}
	add("lifecycle", lifecycleWords(c.Lifecycle), lifecycleWords(usualLifecycle))
	add("contact", policyWords(c.Contact), policyWords(usualContact()))
	add("requests", requestWords(c.Requests), requestWords(usualRequests()))
	add("links", define("", "billing", c.Links.Billing, "invite", c.Links.Invite, "refer", c.Links.Refer, "powered", c.Links.Powered), define(""))
	if c.SurveyGap != defaultSurveyGap {
		f.definitions["survey_gap"] = define(durationWords(c.SurveyGap), "", durationWords(c.SurveyGap))
	}
	if c.Holdout > 0 {
		f.definitions["holdout"] = define(fmt.Sprintf("%d%%", c.Holdout), "", fmt.Sprintf("%d%%", c.Holdout))
	}
}

func lifecycleWords(l Lifecycle) definition {
	percent := func(n int64) string { return fmt.Sprintf("%d%%", n) }
	d := define("", "adopted.features", strconv.FormatInt(l.AdoptedFeatures, 10), "adopted.share", percent(l.AdoptedShare),
		"under_use.below", percent(l.UnderUse), "under_use.for", shownDuration(l.UnderUseFor), "expanding", shownDuration(l.Expanding),
		"at_risk.falls", percent(l.AtRisk), "at_risk.over", shownDuration(l.AtRiskOver), "advocate", strconv.FormatInt(l.Advocate, 10))
	d.putHelp("under_use.help", l.Help)
	return d
}

func policyWords(p ContactPolicy) definition {
	d := define("", "after_dismissal", shownDuration(p.AfterDismissal))
	for _, b := range p.Budgets {
		d.values[string(b.Scope)+"."+string(b.Channel)] = fmt.Sprintf("%d per %s", b.AtMost, durationWords(b.Per))
	}
	for _, rule := range quietRules {
		switch of, on := p.Quiet[rule.key]; {
		case !on:
			d.values["quiet."+rule.key] = "off"
		case of == 0:
			d.values["quiet."+rule.key] = "on"
		default:
			d.values["quiet."+rule.key] = durationWords(of)
		}
	}
	return d
}

func requestWords(p RequestPolicy) definition {
	remind := "never"
	if len(p.Remind) > 0 {
		remind = strings.Join(mapped(p.Remind, durationWords), ", ")
	}
	return define("", "expire", shownDuration(p.Expire), "remind", remind, "cool_off", shownDuration(p.CoolOff))
}

func mapped(all []time.Duration, words func(time.Duration) string) []string {
	out := slices.Grow([]string(nil), len(all))
	for _, d := range all {
		out = append(out, words(d))
	}
	return out
}
