package catalog_test

import (
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/fault"
)

func starter() catalog.Starter {
	return catalog.Starter{Product: "Acme: Reports", Currency: "USD", Metric: "Reports", Feature: "Single sign-on", Trial: 14, Plans: []catalog.StarterPlan{
		{Title: "Basic", Month: "20", Limit: "100"}, {Title: "Pro", Month: "59.90", Limit: "1000"}, {Title: "Business", Month: "200", Limit: "10000"}}}
}

func TestAFirstCatalogIsOneThatLintHasNothingToSayOf(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*catalog.Starter)
		says   string // the codes of findings
	}{
		{"three plans", func(*catalog.Starter) {}, ""},
		{"two plans, the lower one free", func(s *catalog.Starter) { s.Plans = s.Plans[:2]; s.Plans[0].Month = "0" }, ""},
		{"one plan", func(s *catalog.Starter) { s.Plans = s.Plans[:1] }, ""},
		{"no trial", func(s *catalog.Starter) { s.Trial = 0 }, ""},
		{"a trial of a day", func(s *catalog.Starter) { s.Trial = 2 }, ""},
		{"no feature", func(s *catalog.Starter) { s.Feature = "" }, ""},
		{"names in other letters", func(s *catalog.Starter) { s.Plans[0].Title = "Früh & klein: 1"; s.Feature = "\"Anführung\" # eins" }, ""},
		{"a currency without cents", func(s *catalog.Starter) { s.Currency = "JPY"; s.Plans[1].Month = "60" }, ""},
		{"no limit at the top", func(s *catalog.Starter) { s.Plans[2].Limit = "unlimited" }, "unlimited_value_metric no_next_step"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := starter()
			c.change(&s)
			text, err := s.Text()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			_, findings := catalog.Parse("", text)
			for _, f := range findings {
				if !strings.Contains(c.says, f.Code) {
					t.Errorf("%s\n%s", f, text)
				}
			}
		})
	}
}

func TestAnswersThatMakeNoCatalogAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*catalog.Starter)
		code   string
	}{
		{"no plan", func(s *catalog.Starter) { s.Plans = nil }, "starter_invalid"},
		{"a plan without letters", func(s *catalog.Starter) { s.Plans[0].Title = "***" }, "starter_invalid"},
		{"a price that is none", func(s *catalog.Starter) { s.Plans[0].Month = "dear" }, "starter_invalid"},
		{"a limit that is none", func(s *catalog.Starter) { s.Plans[0].Limit = "some" }, "starter_invalid"},
		{"nothing to count", func(s *catalog.Starter) { s.Metric = "" }, "starter_invalid"},
		{"a currency there is not", func(s *catalog.Starter) { s.Currency = "XXX" }, "catalog_invalid"},
		{"two plans of one name", func(s *catalog.Starter) { s.Plans[1].Title = "basic" }, "catalog_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := starter()
			c.change(&s)
			if _, err := s.Text(); fault.CodeOf(err) != c.code {
				t.Errorf("got %v", err)
			}
		})
	}
}
