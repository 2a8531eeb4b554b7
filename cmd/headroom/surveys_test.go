package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What people say, over HTTP.

const surveysCatalog = `
version: 1
currency: USD
meters:
  speakers: {aggregate: level, add: speaker.added, remove: speaker.removed}
features:
  speakers: {title: Speakers, kind: metered, meter: speakers}
  captions: {title: Captions, kind: boolean}
profiles:
  host:     {title: Host}
  attendee: {title: Attendee, external: true}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {speakers: 10, captions: false}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {speakers: 50, captions: true}}
links: {refer: "https://app.example/r/{code}"}
referrals:
  friends: {title: Friends, reward: "A month for both", window: 90d}
survey_gap: 30d
surveys:
  nps:    {title: Recommend, kind: nps, question: "How likely are you to recommend us?", follow: "Why?", at: [dashboard], every: 90d, refer: friends,
           translations: {de: {question: "Wie wahrscheinlich empfehlen Sie uns?"}}}
  csat:   {title: Support, kind: csat, question: "How did we do?", at: [help]}
  nobody: {title: Nobody, kind: csat, question: "Who is asked?"}
  wishes: {title: Wishes, kind: feature_request, question: "What is missing?", at: [wishes], for: "user.external || true"}
`

func newSurveys(t *testing.T) *company {
	c := newCompany(t, "2026-03-01T09:00:00Z")
	c.must("PUT", "/v1/catalog", []byte(surveysCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	return c
}

type surveyShown struct {
	Survey, Kind, Question, Follow, Reason, Until string
	AskID                                         string `json:"ask_id"`
	Scale                                         struct{ Least, Most int }
}

func (c *company) survey(user, account, placement string, more ...any) (got surveyShown) {
	c.t.Helper()
	body := map[string]any{"user": user, "account": account, "placement": placement}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	c.must("POST", "/v1/surveys/next", body, &got)
	return got
}

func TestAPersonIsAskedOnceWithinTheGapWhateverTheSurveyAndTheAccount(t *testing.T) {
	c := newSurveys(t)
	first := c.survey("ada", "acme", "dashboard", "language", "de-AT")
	if first.Survey != "nps" || first.AskID == "" || first.Question != "Wie wahrscheinlich empfehlen Sie uns?" || first.Follow != "Why?" || first.Scale.Most != 10 {
		t.Fatalf("%+v", first)
	}
	for _, x := range []struct {
		name, user, account, place string
		advance                    string
		survey, reason             string
	}{
		{"again", "ada", "acme", "dashboard", "", "", "asked_lately"},
		{"by another survey", "ada", "acme", "help", "", "", "asked_lately"},
		{"in another account", "ada", "globex", "dashboard", "", "", "asked_lately"},
		{"somebody else", "bob", "acme", "dashboard", "", "nps", ""},
		{"where there is none", "eve", "acme", "billing", "", "", "no_survey"},
		{"by another survey, 29 days later", "ada", "acme", "help", "29d", "", "asked_lately"},
		{"by another survey, 30 days later", "ada", "acme", "help", "1d", "csat", ""},
	} {
		if x.advance != "" {
			c.must("POST", "/v1/clock/advance", map[string]any{"by": x.advance}, nil)
		}
		if got := c.survey(x.user, x.account, x.place); got.Survey != x.survey || got.Reason != x.reason {
			t.Errorf("%s: %+v", x.name, got)
		}
	}
	if got := c.survey("kim", "acme", "dashboard", "profile", "attendee"); got.Reason != "external" {
		t.Errorf("somebody outside of the customer: %+v", got)
	}
	if got := c.survey("kim", "acme", "wishes", "profile", "attendee"); got.Survey != "wishes" {
		t.Errorf("somebody outside of the customer, by a survey that is for them: %+v", got)
	}
	for i, x := range []struct {
		name, body string
		headers    []string
		reason     string
	}{
		{"a server says another profile", `{"account":"acme","user":"lou","profile":"host","placement":"dashboard"}`, nil, "external"},
		{"their browser says another profile", `{"profile":"host","placement":"dashboard"}`, c.browser("lou", "acme", "member"), "external"},
		{"a browser says what is no profile", `{"profile":"hosst","placement":"dashboard"}`, c.browser("max", "acme", "member"), "external"},
		{"a server says what is no profile", `{"account":"acme","user":"max","profile":"hosst","placement":"dashboard"}`, nil, "profile_unknown"},
	} {
		if i == 0 {
			c.must("PUT", "/v1/accounts/acme/people/lou", map[string]any{"profile": "attendee"}, nil)
		}
		if _, p := c.send("POST", "/v1/surveys/next", x.body, x.headers...); p["reason"] != x.reason && p["code"] != x.reason {
			t.Errorf("%s: %v, want %s", x.name, p, x.reason)
		}
	}
	// Whoever asks at once and however often: once.
	var mu sync.Mutex
	var wg sync.WaitGroup
	asked := 0
	for i := range 12 {
		wg.Go(func() {
			got := c.survey("zoe", []string{"acme", "globex"}[i%2], []string{"dashboard", "help", "wishes"}[i%3])
			mu.Lock()
			defer mu.Unlock()
			if got.AskID != "" {
				asked++
			}
		})
	}
	wg.Wait()
	if asked != 1 {
		t.Errorf("zoe was asked %d times at once", asked)
	}
	c.restart()
	if got := c.survey("zoe", "acme", "dashboard"); got.Reason != "asked_lately" {
		t.Errorf("after a restart: %+v", got)
	}
	// Who was asked under another id is not asked again.
	anon := c.survey("anon-1", "acme", "dashboard")
	if status, _ := c.send("POST", "/v1/alias", `{"userId":"lee","previousId":"anon-1"}`); status != http.StatusOK || anon.AskID == "" {
		t.Fatal(status, anon)
	}
	until(t, "lee was asked as anon-1", func() bool {
		return c.survey("anon-1", "acme", "help").Reason == "asked_lately" && c.survey("lee", "acme", "nowhere").Reason == "no_survey"
	})
	until(t, "lee is known to have been asked", func() bool {
		found := false
		for _, x := range []string{"help"} {
			found = c.survey("lee", "acme", x).Reason == "asked_lately"
		}
		return found
	})
}

func TestAnIncidentAndAMuteKeepSurveysAway(t *testing.T) {
	c := newSurveys(t)
	for _, x := range []struct{ fact, account, reason string }{
		{"incident", "acme", "quiet"}, {"muted", "globex", "quiet"}, {"overdue", "initech", ""}, // which keeps offers away, not questions
	} {
		c.must("PUT", "/v1/accounts/"+x.account, map[string]any{"name": x.account}, nil)
		c.must("PUT", "/v1/accounts/"+x.account+"/facts/"+x.fact, map[string]any{"value": true}, nil)
		if got := c.survey("of-"+x.account, x.account, "dashboard"); got.Reason != x.reason {
			t.Errorf("%s: %+v", x.fact, got)
		}
	}
}

func TestAnAnswerIsThePersonsOwnAndAPromoterIsAskedToRefer(t *testing.T) {
	c := newSurveys(t)
	asBob := c.browser("bob", "acme", "member")
	status, asked := c.send("POST", "/v1/surveys/next", `{"placement":"dashboard"}`, asBob...)
	if status != http.StatusOK || asked["survey"] != "nps" {
		t.Fatal(status, asked)
	}
	path := "/v1/surveys/" + fmt.Sprint(asked["ask_id"]) + "/answers"
	for _, x := range []struct {
		name, body string
		headers    []string
		status     int
		refers     bool
	}{
		{"another person answers", `{"score":1}`, c.browser("eve", "acme", "admin"), http.StatusNotFound, false},
		{"from another account", `{"score":1}`, c.browser("bob", "rival", "admin"), http.StatusNotFound, false},
		{"nothing", `{}`, asBob, http.StatusUnprocessableEntity, false},
		{"off the scale", `{"score":11}`, asBob, http.StatusUnprocessableEntity, false},
		{"closed", `{"closed":true}`, asBob, http.StatusOK, false},
		{"a passive", `{"score":8,"text":"the lectern was lovely"}`, asBob, http.StatusOK, false},
		{"corrected to a promoter", `{"score":9,"text":"the lectern was lovely"}`, asBob, http.StatusOK, true},
		{"by another server's guess", `{"score":9,"user":"mallory"}`, nil, http.StatusNotFound, false},
	} {
		status, got := c.send("POST", path, x.body, x.headers...)
		ref, refers := got["referral"].(map[string]any)
		if status != x.status || refers != x.refers {
			t.Errorf("%s: %d %v", x.name, status, got)
		}
		if refers && (!strings.HasPrefix(fmt.Sprint(ref["link"]), "https://app.example/r/") || !strings.Contains(fmt.Sprint(ref["words"]), "A month for both")) {
			t.Errorf("%v", ref)
		}
	}
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "61m"}, nil)
	if status, got := c.send("POST", path, `{"score":0}`, asBob...); status != http.StatusConflict {
		t.Errorf("after the hour: %d %v", status, got)
	}
	if found := c.onDisk("lectern was lovely"); len(found) > 0 {
		t.Errorf("their words on disk: %v", found)
	}
	for _, path := range []string{"/v1/surveys", "/v1/surveys/nps", "/v1/demand"} {
		if status, _ := c.send("GET", path, "", asBob...); status != http.StatusForbidden {
			t.Errorf("a browser reads %s: %d", path, status)
		}
	}
}

func TestSurveysAddUpBySegmentAndMonthWithImportedAnswers(t *testing.T) {
	c := newSurveys(t)
	c.must("PUT", "/v1/accounts/globex/subscription", map[string]any{"plan": "pro"}, nil)
	var lines strings.Builder
	lines.WriteString("account,user,survey,score,at,comment\n")
	for i := range 12 {
		fmt.Fprintf(&lines, "acme,a%d,nps,%d,2026-02-0%d,fine\n", i, []int{10, 9, 9, 3}[i%4], i%9+1)
		fmt.Fprintf(&lines, "globex,g%d,nps,%d,2026-01-2%d,\n", i, []int{2, 7}[i%2], i%9)
	}
	lines.WriteString("acme,zoe,unknown,3,2026-02-01,\nacme,zoe,nps,12,2026-02-01,\nacme,zoe,csat,9,2026-02-01,\n")
	file := filepath.Join(t.TempDir(), "nps.csv")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time counts nothing
		var out strings.Builder
		im := importer{kind: "surveys", file: file, out: &out, client: c.client}
		if err := im.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "27 rows read, 24 sent, 1 left out, 2 refused") {
			t.Errorf("%s", out.String())
		}
	}
	type result struct {
		Shown, Answered, Imported, Promoters, Detractors int64
		Score, Margin, ResponseRate                      *float64
		Band, Words                                      string
	}
	var got struct {
		result
		Segments []struct {
			Segment string
			result
		}
		Months []struct {
			Month string
			result
		}
		Items []struct{ Text, Import string }
	}
	until(t, "24 answers", func() bool {
		c.must("GET", "/v1/surveys/nps?segment_by=plan&limit=500", nil, &got)
		return got.Imported == 24
	})
	// 9 promoters of acme, 9 detractors: 3 of acme, 6 of globex.
	if got.Shown != 0 || got.Answered != 0 || got.Promoters != 9 || got.Detractors != 9 || *got.Score != 0 || got.Band != "below" || !strings.HasPrefix(got.Words, "NPS 0 ± 35 from 24 answers") {
		t.Errorf("%+v, %v", got.result, *got.Score)
	}
	if len(got.Segments) != 2 || got.Segments[1].Segment != "starter" || *got.Segments[1].Score != 50 || *got.Segments[0].Score != -50 {
		t.Errorf("%+v", got.Segments)
	}
	if len(got.Months) != 2 || got.Months[0].Month != "2026-01" || got.Months[0].Imported != 12 {
		t.Errorf("%+v", got.Months)
	}
	if len(got.Items) != 24 || !slices.ContainsFunc(got.Items, func(x struct{ Text, Import string }) bool { return x.Text == "fine" && x.Import == "nps.csv" }) {
		t.Errorf("%d answers: %+v", len(got.Items), got.Items)
	}
	// Who answered elsewhere in February is not asked again at once: the gap is 30 days.
	if a := c.survey("a8", "acme", "help"); a.Reason != "asked_lately" {
		t.Errorf("a8: %+v", a)
	}
	if status, _ := c.send("GET", "/v1/surveys/nothing", ""); status != http.StatusNotFound {
		t.Errorf("an unknown survey: %d", status)
	}
}

func TestWishesFeedTheDemandLogWithWhatPeopleWouldPay(t *testing.T) {
	c := newSurveys(t)
	c.must("PUT", "/v1/accounts/globex/subscription", map[string]any{"plan": "pro"}, nil)
	wish := func(user, account, body string) {
		t.Helper()
		a := c.survey(user, account, "wishes")
		if status, p := c.send("POST", "/v1/surveys/"+a.AskID+"/answers", body); status != http.StatusOK {
			t.Fatal(status, p)
		}
	}
	pay := func(what, amount string) string {
		return `{"request":{` + what + `,"pay":{"amount":"` + amount + `","currency":"USD"},"importance":4}}`
	}
	wish("a", "acme", pay(`"title":"Dark mode!"`, "5.00"))
	wish("b", "acme", pay(`"title":"dark  mode"`, "15.00"))
	c.must("POST", "/v1/clock/advance", map[string]any{"by": "1m"}, nil)
	wish("g", "globex", `{"request":{"title":"Dark mode"}}`)
	wish("h", "globex", pay(`"title":"A quiet room"`, "1.00"))
	wish("x", "acme", pay(`"feature":"captions"`, "20.00"))
	wish("y", "acme", pay(`"feature":"captions"`, "10.00"))
	wish("z", "globex", pay(`"feature":"captions"`, "12.00"))
	if a := c.survey("q", "acme", "wishes"); true {
		for _, body := range []string{`{"request":{"feature":"teleport"}}`, `{"request":{}}`, `{}`} {
			if status, _ := c.send("POST", "/v1/surveys/"+a.AskID+"/answers", body); status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", body, status)
			}
		}
	}
	type wishes struct {
		Requests, Accounts int
		MRR                struct{ Amount string }
		WouldPay           struct {
			Count       int
			Sum, Median struct{ Amount string }
		} `json:"would_pay"`
	}
	var feature struct{ Wishes wishes }
	var log struct {
		Items []struct {
			Feature, Title string
			wishes
		}
	}
	until(t, "all wishes", func() bool {
		c.must("GET", "/v1/features/captions/demand", nil, &feature)
		c.must("GET", "/v1/demand", nil, &log)
		return feature.Wishes.Requests == 3 && len(log.Items) == 3 && log.Items[0].Requests == 3 && log.Items[1].Requests == 3
	})
	if w := feature.Wishes; w.Accounts != 2 || w.MRR.Amount != "198.00" || w.WouldPay.Count != 3 || w.WouldPay.Sum.Amount != "42.00" || w.WouldPay.Median.Amount != "12.00" {
		t.Errorf("%+v", w)
	}
	byTitle := map[string]wishes{}
	for _, x := range log.Items {
		byTitle[x.Title] = x.wishes
	}
	if w := byTitle["Dark mode"]; w.Requests != 3 || w.Accounts != 2 || w.MRR.Amount != "198.00" || w.WouldPay.Count != 2 || w.WouldPay.Sum.Amount != "20.00" {
		t.Errorf("dark mode, in the words of who asked last: %+v", log.Items)
	}
	if w := byTitle["A quiet room"]; w.Requests != 1 || w.MRR.Amount != "149.00" {
		t.Errorf("%+v", w)
	}
	if found := c.onDisk("dark  mode", "quiet room"); len(found) > 0 {
		t.Errorf("their words on disk: %v", found)
	}
	c.erase("h")
	c.must("GET", "/v1/demand", nil, &log)
	for _, x := range log.Items {
		if x.Title == "A quiet room" {
			t.Error("the wish of who was erased still shows")
		}
	}
}
