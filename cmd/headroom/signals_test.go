package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/signal"
)

// Rules are tried over a server's history and over files, and give the same.

const triedCatalog = `
version: 1
currency: USD
meters:
  emails: {event: email.sent, aggregate: sum, property: count}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  recordings: {title: Recordings, kind: boolean}
plans:
  starter: {title: Starter, price: {month: "49"}, entitlements: {emails: {limit: 100, per: month}}}
  pro:     {title: Pro, above: starter, price: {month: "149"}, entitlements: {emails: unlimited, recordings: true}}
signals:
  emails_nearly_used: {when: {limit: emails, reaches: %s}, type: upsell, hypothesis: "Who runs out upgrades", owner: product, state: testing}
  third_email:        {when: {event: email.sent, nth: 3}, type: cross_sell}
  wants_recordings:   {when: {gate: recordings, times: 2, within: 7d}, type: upsell}
  never_heard:        {when: {event: report.printed, nth: 1}, type: upsell}
offers:
  more: {on: [emails_nearly_used], give: {plan: pro}, at: [usage], kind: contextual, content: {title: More, body: "{usage} of {limit}", action: Upgrade}}
`

func tried(reaches string) string { return fmt.Sprintf(triedCatalog, reaches) }

// triedHistory sends the same months to a company: events that repeat, late ones, a void, a locked
// feature, an upgrade and an end, and a restart in the middle.
func triedHistory(c *company) (position string) {
	c.t.Helper()
	send := func(method, path, body string) {
		c.t.Helper()
		status, answer := c.send(method, path, body)
		if status >= 300 {
			c.t.Fatalf("%s answered %d %v", path, status, answer)
		}
		if p, is := answer["position"].(string); is {
			position = p
		}
	}
	for i := range 12 {
		send("PUT", fmt.Sprintf("/v1/accounts/a%d/subscription", i), `{"plan":"starter","interval":"month"}`)
	}
	for round := range 5 {
		for i := range 12 {
			event := ce(fmt.Sprintf("e-%d-%d", i, round), "email.sent", fmt.Sprintf("a%d", i), fmt.Sprintf(`{"user":"u%d","count":%d}`, i, 4*i))
			send("POST", "/v1/events", "["+event+","+event+"]") // a retry comes with it
			if round == 1 && i == 3 {
				send("POST", "/v1/events/void", `{"account":"a3","source":"app","id":"e-3-1"}`)
			}
			if i%4 == 0 {
				send("POST", "/v1/check", fmt.Sprintf(`{"account":"a%d","user":"u%d","feature":"recordings"}`, i, i))
			}
		}
		if round == 2 {
			c.restart()
		}
		send("POST", "/v1/clock/advance", `{"by":"3d"}`)
	}
	send("PUT", "/v1/accounts/a11/subscription", `{"plan":"pro","interval":"month"}`)
	send("DELETE", "/v1/accounts/a2/subscription", ``)
	send("POST", "/v1/events", `[`+ce("e-3-1", "email.sent", "a3", `{"count":12}`)+`,`+ce("x", "mystery.event", "a1", `{}`)+`]`)
	send("POST", "/v1/clock/advance", `{"by":"40d"}`)
	send("POST", "/v1/events", `[`+ce("last", "email.sent", "a1", `{}`)+`]`)
	return position
}

func TestABacktestOfAProposalFiresWhatAServerThatHadItFromTheStartFired(t *testing.T) {
	had := sampleCompany(t, nil)
	had.must("PUT", "/v1/catalog", []byte(tried("60%")), nil)
	triedHistory(had)
	had.server.close()
	now := sampleCompany(t, nil)
	now.must("PUT", "/v1/catalog", []byte(tried("90%")), nil)
	triedHistory(now)
	_, answer := now.send("POST", "/v1/signals/backtest", `{"signals":"signals: {emails_nearly_used: {when: {limit: emails, reaches: 60%}, type: upsell, hypothesis: \"Who runs out upgrades\", owner: product, state: testing}}","examples":50}`)
	var b signal.Backtest
	remarshal(t, answer, &b)
	now.server.close()
	proposed, current := parsed(t, []byte(tried("60%"))), parsed(t, []byte(tried("90%")))
	for _, beside := range []bool{false, true} {
		fired, _, _ := backtested(t, now.data, &signal.Question{Current: current, Proposed: proposed}, beside)
		_, want, _ := backtested(t, had.data, &signal.Question{Current: proposed, Proposed: proposed}, false)
		wantSignals(t, fired, want, true)
	}

	if len(b.Rules) != 1 || b.Rules[0].Key != "emails_nearly_used" || b.Compared != "stored" {
		t.Fatalf("%+v", b)
	}
	r := b.Rules[0]
	if d := r.Difference; d == nil || d.NowOnly.Accounts == 0 || d.Both.Accounts == 0 || d.BeforeOnly.Accounts != 0 || len(d.Changes) == 0 || len(d.Items) == 0 {
		t.Errorf("the difference is %+v", d)
	}
	if len(r.Items) == 0 || r.Items[0].Evidence == "" || r.After[0].Accounts == 0 || len(r.Months) == 0 || r.After[0].Expanded+r.After[0].Nothing == 0 {
		t.Errorf("the rule is %+v", r)
	}
}

func remarshal(t *testing.T, from, into any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestRegistryCoverageAndPrecursorsTellWhatHappened(t *testing.T) {
	c := sampleCompany(t, nil)
	c.must("PUT", "/v1/catalog", []byte(tried("60%")), nil)
	position := triedHistory(c)
	var g signal.Registry
	c.must("GET", "/v1/signals/registry", nil, &g, "Headroom-Position", position)
	byKey := map[string]signal.RegisteredSignal{}
	for _, x := range g.Items {
		byKey[x.Key] = x
	}
	if x := byKey["emails_nearly_used"]; x.Fired == 0 || x.Windows[2].Fired == 0 || x.Precision == nil || x.Precision.Followed == 0 || x.Precision.Grew == 0 ||
		x.Hypothesis == "" || x.Owner != "product" || len(x.Precision.Interval) != 2 {
		t.Errorf("%+v, precision %+v", x, x.Precision)
	}
	if x := byKey["never_heard"]; x.Fired != 0 || len(x.Words) == 0 {
		t.Errorf("%+v", x)
	}
	var v signal.Coverage
	c.must("GET", "/v1/signals/coverage", nil, &v, "Headroom-Position", position)
	status := map[string]signal.ExpectedType{}
	for _, x := range v.Expected {
		status[x.Type] = x
	}
	if x := status["email.sent"]; x.Events != 62 || x.Status != "received" { // what was voided came in all the same, and came again weeks later
		t.Errorf("%+v", x)
	}
	if status["report.printed"].Status != "never" || len(v.Never) != 1 || v.Never[0].Why == "" || len(v.Unknown) != 1 || v.Unknown[0].Type != "mystery.event" {
		t.Errorf("%+v", v)
	}
	var p signal.Precursors
	c.must("GET", "/v1/signals/precursors?type=upsell&within=14d", nil, &p)
	if p.Accounts != 12 || p.Upgraded != 1 || len(p.Items) == 0 || !p.Items[0].TooLittle {
		t.Errorf("%+v", p)
	}
}

func TestAnAnalysisTellsItsProgressAsEvents(t *testing.T) {
	c := sampleCompany(t, nil)
	c.must("PUT", "/v1/catalog", []byte(tried("60%")), nil)
	c.must("POST", "/v1/events", json.RawMessage("["+ce("1", "email.sent", "acme", `{"count":3}`)+"]"), nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/v1/signals/backtest", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var names []string
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if name, is := strings.CutPrefix(lines.Text(), "event: "); is {
			names = append(names, name)
		}
	}
	if len(names) < 2 || names[0] != "progress" || names[len(names)-1] != "result" {
		t.Errorf("the events are %v", names)
	}
	if status, answer := c.send("POST", "/v1/signals/backtest", `{"signals":"signals: {x: {when: {event: e, nth: lots}, type: upsell}}"}`); status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		t.Errorf("a broken rule answered %d %v", status, answer)
	}
	if status, answer := c.send("POST", "/v1/signals/backtest", `{"signal":"third_emial"}`); status != http.StatusNotFound || !strings.Contains(fmt.Sprint(answer), "third_email") {
		t.Errorf("an unknown rule answered %d %v", status, answer)
	}
}

// fileEvents writes a year of events of some accounts: in the order of time, or not.
func fileEvents(t *testing.T, shuffled bool) string {
	t.Helper()
	var lines []string
	for day := range 300 {
		for i := range 6 {
			if (day+i)%(i+2) == 0 {
				at := fmt.Sprintf("2025-%02d-%02dT10:%02d:00Z", day/28+1, day%28+1, i)
				lines = append(lines, fmt.Sprintf(`{"specversion":"1.0","id":"%d-%d","source":"app","type":"email.sent","subject":"a%d","time":%q,"data":{"count":6}}`, day, i, i, at))
			}
		}
	}
	if shuffled {
		for i := range lines { // each to a place that its number says
			j := (i * 7919) % len(lines)
			lines[i], lines[j] = lines[j], lines[i]
		}
		lines = append(lines, lines[5], "no event", `{"specversion":"1.0","id":"n","source":"app","type":"email.sent","subject":"a1","data":{"count":6}}`)
	}
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFilesAreBacktestedWithoutAServerInAnyOrder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	proposed, current := write("p.yaml", tried("60%")), write("c.yaml", tried("90%"))
	subscriptions := "account,started_at,ended_at,amount,plan,interval,id\n"
	for i := range 5 {
		subscriptions += fmt.Sprintf("a%d,2025-01-01,,49,starter,month,s%d\n", i, i)
	}
	subscriptions += "a0,2025-03-01,,100,pro,month,s9\n"
	subs := write("subs.csv", subscriptions)
	var docs []signal.Backtest
	for _, shuffled := range []bool{false, true} {
		out, _, err := run(t, signalsCommand(), "backtest", "--catalog", proposed, "--current", current, "--events", fileEvents(t, shuffled), "--subscriptions", subs, "--output", "json")
		if err != nil {
			t.Fatal(err)
		}
		var b signal.Backtest
		if err := json.Unmarshal([]byte(out), &b); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, b)
	}
	one, two := docs[0], docs[1]
	if fmt.Sprintf("%+v", one.Rules) == "" || len(one.Rules) == 0 {
		t.Fatal("no rules")
	}
	a, err := json.Marshal(one.Rules)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(two.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Errorf("in the order of time:\n%s\nin another:\n%s", a, b)
	}
	for _, r := range one.Rules {
		if r.Key == "emails_nearly_used" && (r.Fired == 0 || r.Difference == nil || r.Difference.NowOnly.Fired == 0) {
			t.Errorf("%+v %+v", r, r.Difference)
		}
		if r.Key == "third_email" && (r.Accounts != 6 || r.After[0].Expanded+r.After[1].Expanded+r.After[2].Expanded == 0) {
			t.Errorf("%+v", r)
		}
	}
	out, _, err := run(t, signalsCommand(), "backtest", "--catalog", proposed, "--events", fileEvents(t, true), "--subscriptions", subs)
	if err != nil || !strings.Contains(out, "emails_nearly_used: fires") || !strings.Contains(out, "2 lines of events were left out") {
		t.Errorf("%v\n%s", err, out)
	}
}
