package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/replay"
)

// wayCatalog asks accounts for milestones, and looks at them every day.
const wayCatalog = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  speakers: {title: Speakers, kind: metered, meter: speakers}
plans:
  starter: {title: Starter, price: {month: "49"}, entitlements: {speakers: 10}}
  pro:     {title: Pro, above: starter, price: {month: "149"}, entitlements: {speakers: 50}}
profiles: {developer: {title: Developer}}
milestones:
  domain: {title: Domain connected, event: domain.verified, within: 3d, help: {title: Connect your domain, invite: developer}}
  crowd:  {title: Four speakers, feature: speakers, at_least: 4, within: 10d, after: domain}
lifecycle: {adopted: {features: 1, share: 25%}, expanding: 60d}
readiness:
  upsell: {ready: 50, parts: [{group: fit, when: "account.plan == 'starter'", points: 30, why: On starter}, {group: usage, when: "usage.speakers.percent >= 40.0", points: 30, why: Speakers are filling}]}
`

func wayOf(t *testing.T) *company {
	c := newCompany(t, "2026-01-01T00:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(wayCatalog), nil)
	for i, key := range []string{"acme", "bolt", "core"} {
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"name": strings.ToUpper(key), "traits": map[string]any{"segment": []string{"smb", "smb", "ent"}[i]}}, nil)
		c.must("PUT", "/v1/accounts/"+key+"/subscription", map[string]any{"plan": "starter"}, nil)
	}
	return c
}

// happens sends an event of a user, and returns the position of it.
func (c *company) happens(account, user string, types ...string) string {
	c.t.Helper()
	var batch []string
	for i, typ := range types {
		batch = append(batch, fmt.Sprintf(`{"specversion":"1.0","id":"%s-%s-%d-%d","source":"app","type":%q,"subject":%q,"data":{"user":%q}}`, account, typ, i, len(types), typ, account, user))
	}
	var out struct{ Position string }
	c.must("POST", "/v1/events", json.RawMessage("["+strings.Join(batch, ",")+"]"), &out)
	return out.Position
}

// passes moves the clock, and returns a position by which every daily look of it is told.
func (c *company) passes(by string) string {
	c.t.Helper()
	c.must("POST", "/v1/clock/advance", map[string]any{"by": by}, nil)
	var moved struct{ Position string }
	for _, key := range []string{"acme", "bolt", "core"} { // whose checkpoints have the rows
		c.must("PUT", "/v1/accounts/"+key, map[string]any{"domain": key + ".example"}, &moved)
	}
	return moved.Position
}

func TestTheWayOfAccountsIsToldOfEachAndOfAll(t *testing.T) {
	c := wayOf(t)
	c.passes("36h")
	c.happens("acme", "ada", "domain.verified", "speaker.added", "speaker.added", "speaker.added", "speaker.added")
	c.happens("bolt", "bea", "domain.verified")
	at := c.passes("12d")

	var one struct {
		Activated         bool
		Required, Reached int
		StuckOn           string `json:"stuck_on"`
		Help              *struct{ Rule, Title, Invite string }
		Items             []struct {
			Milestone string
			Days      *float64
			Stuck     bool
			ReachedBy string `json:"reached_by"`
		}
	}
	c.must("GET", "/v1/accounts/acme/activation", nil, &one)
	if !one.Activated || one.Required != 2 || one.Reached != 2 || one.Help != nil || one.Items[0].Days == nil || *one.Items[0].Days != 1.5 || one.Items[0].ReachedBy == "" || one.Items[0].ReachedBy == "ada" {
		t.Errorf("acme: %+v", one)
	}
	c.must("GET", "/v1/accounts/bolt/activation", nil, &one)
	if one.Activated || one.StuckOn != "crowd" || one.Help == nil || one.Help.Title != "Four speakers" {
		t.Errorf("bolt: %+v", one)
	}
	one.Help = nil
	c.must("GET", "/v1/accounts/core/activation", nil, &one)
	if one.StuckOn != "domain" || one.Help == nil || one.Help.Rule != "not_activated" || one.Help.Invite != "developer" || one.Items[1].Stuck {
		t.Errorf("core: %+v", one)
	}

	type list struct {
		Items []struct {
			Milestone, Segment       string
			Expected, Reached, Stuck int
			Median                   *float64 `json:"median_days"`
		}
		Stuck struct {
			Items []struct{ Account, Milestone string }
			Next  string
		}
	}
	var all list
	c.must("GET", "/v1/activation?segment_by=segment", nil, &all, "Headroom-Position", at)
	var words []string
	for _, l := range all.Items {
		days := "-"
		if l.Median != nil {
			days = fmt.Sprint(*l.Median)
		}
		words = append(words, fmt.Sprintf("%s of %s: %d of %d, %d stuck, %s days", l.Milestone, l.Segment, l.Reached, l.Expected, l.Stuck, days))
	}
	if got, want := strings.Join(words, "\n"), `domain of ent: 0 of 1, 1 stuck, - days
domain of smb: 2 of 2, 0 stuck, 1.5 days
crowd of ent: 0 of 1, 0 stuck, - days
crowd of smb: 1 of 2, 1 stuck, 1.5 days`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	words = nil
	query := "/v1/activation?limit=1"
	for next := ""; ; {
		var part list
		c.must("GET", query+"&cursor="+next, nil, &part, "Headroom-Position", at)
		for _, x := range part.Stuck.Items {
			words = append(words, x.Account+" on "+x.Milestone)
		}
		if next = part.Stuck.Next; next == "" {
			break
		}
	}
	if got := strings.Join(words, ", "); got != "core on domain, bolt on crowd" {
		t.Errorf("stuck: %s", got)
	}
}

func TestStagesOfAccountsAreAFunnelWithReasonsAndHistory(t *testing.T) {
	c := wayOf(t)
	c.passes("36h")
	c.happens("acme", "ada", "domain.verified", "speaker.added", "speaker.added", "speaker.added", "speaker.added")
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "pro"}, nil)
	at := c.passes("1d")

	var one struct {
		Stage, Why, Since string
		History           []struct{ Stage, From, Why string }
	}
	c.must("GET", "/v1/accounts/acme/lifecycle", nil, &one, "Headroom-Position", at)
	var moves []string
	for _, m := range one.History {
		moves = append(moves, m.Stage)
	}
	if one.Stage != "expanding" || !strings.Contains(one.Why, "It has paid more since 2026-01-02") || strings.Join(moves, " ") != "expanding adopted landed" || one.Since == "" {
		t.Errorf("%+v", one)
	}
	var all struct {
		Stages []struct {
			Stage    string
			Accounts int
			MRR      []struct{ Amount string }
			In, Out  int
		}
		Moves []struct {
			From, To string
			Moves    int
		}
		Items []struct{ Account, Stage string }
	}
	c.must("GET", "/v1/lifecycle?stage=landed", nil, &all, "Headroom-Position", at)
	var words []string
	for _, s := range all.Stages {
		if s.Accounts+s.In+s.Out > 0 {
			words = append(words, fmt.Sprintf("%s %d %v +%d-%d", s.Stage, s.Accounts, s.MRR, s.In, s.Out))
		}
	}
	if got, want := strings.Join(words, ", "), "landed 2 [{98.00}] +3-1, adopted 0 [] +1-1, expanding 1 [{149.00}] +1-0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(all.Items) != 2 || all.Items[0].Account != "core" || len(all.Moves) != 3 {
		t.Errorf("%+v, %+v", all.Items, all.Moves)
	}
}

func TestReadinessIsListedAndItsChangeExplained(t *testing.T) {
	c := wayOf(t)
	c.passes("36h")
	c.happens("acme", "ada", "speaker.added", "speaker.added", "speaker.added", "speaker.added")
	var one struct {
		Items []struct {
			Type          string
			Score, Change int
			Before        *int
			Ready         bool
			Explained     string
			Contributions []struct{ Points int }
			Changes       []struct{ Because string }
		}
	}
	at := c.passes("2h")
	c.must("GET", "/v1/accounts/acme/readiness", nil, &one, "Headroom-Position", at)
	if r := one.Items[0]; r.Score != 60 || !r.Ready || r.Before == nil || *r.Before != 30 || r.Explained != "60 of 100, +30 since yesterday: Speakers are filling (+30)." || len(r.Contributions) != 2 || r.Changes[0].Because != "It holds now." {
		t.Errorf("%+v", r)
	}
	at = c.passes("1d")
	var all struct {
		Items []struct {
			Account       string
			Score, Change int
		}
	}
	c.must("GET", "/v1/readiness?type=upsell&ready=true", nil, &all, "Headroom-Position", at)
	if len(all.Items) != 1 || all.Items[0].Account != "acme" || all.Items[0].Score != 60 || all.Items[0].Change != 30 {
		t.Errorf("ready: %+v", all.Items)
	}
	c.must("GET", "/v1/readiness", nil, &all, "Headroom-Position", at)
	if len(all.Items) != 3 || all.Items[0].Account != "acme" || all.Items[2].Score != 30 {
		t.Errorf("all: %+v", all.Items)
	}
}

func TestPeopleOfAnAccountAreForItsSellerAndCountedForItsBrowsers(t *testing.T) {
	c := wayOf(t)
	c.must("PUT", "/v1/accounts/acme/people/ada", map[string]any{"role": "admin", "champion": true, "persona": "economic_buyer"}, nil)
	c.must("PUT", "/v1/accounts/acme/people/bob", map[string]any{"role": "member", "profile": "developer"}, nil)
	c.passes("20d")
	at := c.happens("acme", "bob", "domain.verified")
	type people struct {
		Summary struct {
			Count, Admins, Active, Champions int
			Profiles                         map[string]int
		}
		SingleThreaded bool `json:"single_threaded"`
		Lost           []struct {
			Persona string
		} `json:"lost_champions"`
		Items []struct {
			User, Role string
			SeenOn     string `json:"seen_on"`
		}
	}
	var p people
	c.must("GET", "/v1/accounts/acme/people", nil, &p, "Headroom-Position", at)
	if p.Summary.Count != 2 || p.Summary.Active != 2 || p.Summary.Champions != 1 || p.Summary.Profiles["developer"] != 1 || len(p.Items) != 2 || p.SingleThreaded || len(p.Lost) != 0 {
		t.Errorf("%+v", p)
	}
	c.passes("15d")
	c.must("GET", "/v1/accounts/acme/people", nil, &p)
	if p.Summary.Active != 1 || !p.SingleThreaded || len(p.Lost) != 1 || p.Lost[0].Persona != "economic_buyer" {
		t.Errorf("after a month without her: %+v", p)
	}
	c.must("PUT", "/v1/accounts/acme/people/ada", map[string]any{"left": true}, nil)
	p = people{}
	c.must("GET", "/v1/accounts/acme/people", nil, &p)
	if p.Summary.Count != 1 || p.Summary.Admins != 0 || len(p.Items) != 2 {
		t.Errorf("after she left: %+v", p)
	}
	c.refuses("PUT", "/v1/accounts/acme/people/eve", `{"persona":"eve@acme.example"}`, http.StatusUnprocessableEntity, "personal_value")
	c.refuses("PUT", "/v1/accounts/acme/people/eve", `{"role":"owner"}`, http.StatusUnprocessableEntity, "invalid")

	headers := c.browser("bob", "acme", "member")
	status, seen := c.send("GET", "/v1/accounts/acme/people", "", headers...)
	if items, _ := seen["items"].([]any); status != http.StatusOK || len(items) != 1 || len(seen["lost_champions"].([]any)) != 0 {
		t.Errorf("a browser sees %d %v", status, seen)
	}
	for _, path := range []string{"/v1/accounts/bolt/people", "/v1/accounts/acme/activation", "/v1/accounts/acme/readiness", "/v1/accounts/acme/lifecycle", "/v1/readiness", "/v1/lifecycle", "/v1/activation"} {
		if status, _ := c.send("GET", path, "", headers...); status != http.StatusForbidden {
			t.Errorf("a browser gets %d of %s", status, path)
		}
	}
}

func TestReplayingTheLogGivesTheSameWays(t *testing.T) {
	c := wayOf(t)
	c.passes("36h")
	c.happens("acme", "ada", "domain.verified", "speaker.added", "speaker.added", "speaker.added", "speaker.added")
	c.must("PUT", "/v1/accounts/acme/people/ada", map[string]any{"role": "admin"}, nil)
	c.passes("12d")
	c.restart()
	report, err := replay.Check(t.Context(), c.server.store, c.server.log, replay.Options{})
	if err != nil || len(report.Differences) > 0 {
		t.Fatalf("%v %+v", err, report)
	}
}
