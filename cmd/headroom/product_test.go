package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/examples/summit"
)

// The backend of the demo's product, against a real server: what its browser part must never
// get, what is passed on to Headroom, and what it is told when something is wrong.

// shownCompany is a server with Summitry's catalog and the account of the product's page, with
// eight of ten speakers.
func shownCompany(t *testing.T) (*company, *httptest.Server) {
	t.Helper()
	c := &company{t: t, data: t.TempDir()}
	c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 4, secretKey: "hr_sk_test_key",
		testClock: "2026-03-02T09:00:00Z", logger: slog.New(slog.DiscardHandler)}
	c.open()
	t.Cleanup(func() { c.server.close() })
	c.must("PUT", "/v1/catalog", summit.Catalog, nil)
	c.must("PUT", "/v1/accounts/"+summit.ShownAccount+"/subscription", map[string]any{"plan": "starter"}, nil)
	page := httptest.NewServer(summit.Handler(c.server.url(), c.opts.secretKey, summit.ShownAccount, "http://127.0.0.1:8080"))
	t.Cleanup(page.Close)
	if status, text := asked(t, page, "admin", "POST", "/api/start-over", ""); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	return c, page
}

func asked(t *testing.T, page *httptest.Server, role, method, path, body string, headers ...string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, page.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Summitry-As", role)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := page.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// browserOf makes calls through the page's own path as its browser does, with the user token
// of the session.
func browserOf(t *testing.T, page *httptest.Server, role string) func(method, path, body string) (status int, text string) {
	t.Helper()
	_, text := asked(t, page, role, "GET", "/api/session", "")
	var s struct{ Token string }
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Token == "" {
		t.Fatalf("no token: %v %s", err, text)
	}
	return func(method, path, body string) (int, string) {
		t.Helper()
		return asked(t, page, role, method, "/hr"+path, body, "Headroom-User-Token", s.Token, "Content-Type", "application/json", "Idempotency-Key", method+path+body)
	}
}

func TestAMembersBrowserNeverGetsAPriceNorBuys(t *testing.T) {
	_, page := shownCompany(t)
	member := browserOf(t, page, "member")
	account := summit.ShownAccount
	priceless := func(what, text string) {
		t.Helper()
		for _, price := range []string{`"price"`, `"difference"`, `"recurring"`, `"amount"`, "149", "hr_sk_"} {
			if strings.Contains(text, price) {
				t.Errorf("%s tells a member %s: %s", what, price, text)
			}
		}
	}
	for _, path := range []string{"/", "/plans?plan=pro", "/app.js", "/pages/plans.js", "/api/session"} {
		_, text := asked(t, page, "member", "GET", path, "")
		priceless(path, strings.ReplaceAll(text, "price", "")) // words of the page's code, not figures
	}
	_, text := asked(t, page, "member", "POST", "/api/speakers", "")
	priceless("adding a speaker", text)
	decision := ""
	for what, call := range map[string][3]string{
		"the entitlements":   {"GET", "/v1/accounts/" + account + "/entitlements", ""},
		"the billing page":   {"GET", "/v1/accounts/" + account + "/billing?plan=pro", ""},
		"the requests":       {"GET", "/v1/accounts/" + account + "/requests", ""},
		"a locked feature":   {"POST", "/v1/check", `{"account":"` + account + `","feature":"recordings","placement":"recordings.open"}`},
		"an offer":           {"POST", "/v1/decide", `{"account":"` + account + `","user":"u-` + account + `-1","placement":"home.card"}`},
		"an offer asked for": {"POST", "/v1/decide", `{"account":"` + account + `","user":"u-` + account + `-1","placement":"billing.page","requested":true}`},
	} {
		status, text := member(call[0], call[1], call[2])
		if status != 200 {
			t.Errorf("%s: %d %s", what, status, text)
		}
		priceless(what, text)
		var d struct {
			ID    string `json:"decision_id"`
			Offer struct{ CTA struct{ Action string } }
		}
		if what != "an offer" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil || d.ID == "" || d.Offer.CTA.Action != "request" {
			t.Fatalf("a member is not offered to ask: %v %s", err, text)
		}
		decision = d.ID
	}
	for path, body := range map[string]string{
		"/v1/subscriptions/preview":                         `{"account":"` + account + `","decision_id":"` + decision + `"}`,
		"/v1/decisions/" + decision + "/outcomes":           `{"type":"accepted","token":"any"}`,
		"/v1/requests/any/approve":                          `{"token":"any"}`,
		"/v1/accounts/" + account + "/subscription/undo":    `{}`,
		"/v1/accounts/" + account + "/subscription/confirm": `{"token":"any"}`,
	} {
		if status, text := member("POST", path, body); status < 400 {
			t.Errorf("a member calls %s: %d %s", path, status, text)
		}
	}
	if status, text := asked(t, page, "member", "GET", "/api/developer?placement=home.card", ""); status != http.StatusForbidden || !strings.Contains(text, "ask Imke Sorel") {
		t.Errorf("a member is explained why, with its prices: %d %s", status, text)
	}
}

func TestThePagePassesOnItsOwnCallsOnly(t *testing.T) {
	_, page := shownCompany(t)
	admin := browserOf(t, page, "admin")
	if status, text := admin("GET", "/v1/accounts/"+summit.ShownAccount+"/entitlements", ""); status != 200 || !strings.Contains(text, `"usage":8`) {
		t.Fatalf("what belongs to the page is not passed on: %d %s", status, text)
	}
	for _, call := range [][2]string{
		{"GET", "/v1/keys"}, {"POST", "/v1/keys"}, {"GET", "/v1/catalog"}, {"PUT", "/v1/catalog"}, {"GET", "/v1/accounts"}, {"POST", "/v1/events"},
		{"POST", "/v1/events/void"}, {"POST", "/v1/clock/advance"}, {"GET", "/v1/revenue/movements"}, {"GET", "/v1/session"}, {"GET", "/healthz"}, {"GET", "/"},
		{"PUT", "/v1/accounts/" + summit.ShownAccount + "/subscription"}, {"GET", "/v1/accounts/" + summit.ShownAccount + "/contacts"},
		{"DELETE", "/v1/accounts/" + summit.ShownAccount + "/subscription"}, {"GET", "/sdk/../v1/keys"}, {"GET", "/sdk/..%2fv1/keys"},
	} {
		status, text := admin(call[0], call[1], "")
		if status < 400 || strings.Contains(text, "hr_sk_") || strings.Contains(text, "hr_pk_") || strings.Contains(text, `"items"`) {
			t.Errorf("%s %s is passed on: %d %s", call[0], call[1], status, text)
		}
	}
	if status, text := admin("GET", "/v1/accounts/boreal-talks/entitlements", ""); status != http.StatusForbidden {
		t.Errorf("one customer reads of another: %d %s", status, text)
	}
	if status, text := asked(t, page, "admin", "POST", "/hr/v1/decide", `{"account":"`+summit.ShownAccount+`","placement":"home.card","user":"x"}`, "Content-Type", "application/json"); status != http.StatusUnauthorized && status != http.StatusForbidden {
		t.Errorf("a call without a user token is answered %d %s", status, text)
	}
	_, text := asked(t, page, "admin", "GET", "/api/session", "")
	if strings.Contains(text, "hr_sk_") || strings.Contains(text, "hr_pk_") || strings.Contains(text, "hr_ts_") {
		t.Errorf("the session holds a key: %s", text)
	}
}

func TestAnotherSiteDoesNothingThroughTheProductPage(t *testing.T) {
	_, page := shownCompany(t)
	for name, headers := range map[string][]string{
		"a page of another site":          {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"another site's name for us":      {"Host", "evil.example"},
		"a page of another port, by name": {"Origin", "http://localhost:1", "Sec-Fetch-Site", "same-site"},
	} {
		for _, path := range []string{"/api/speakers", "/hr/v1/decide"} {
			if status, text := asked(t, page, "admin", "POST", path, "", headers...); status != http.StatusForbidden {
				t.Errorf("%s is answered %d %s", name, status, text)
			}
		}
	}
	if _, text := asked(t, page, "admin", "GET", "/api/session", ""); strings.Count(text, `"talk"`) != 8 {
		t.Errorf("somebody was added: %s", text)
	}
}

func TestTheProductPageRunsItsOwnFilesOnly(t *testing.T) {
	_, page := shownCompany(t)
	for _, path := range []string{"/", "/speakers", "/plans?plan=pro", "/app.js", "/pages/home.js", "/base.css", "/icon.svg", "/hr/sdk/headroom.js", "/hr/v1/keys"} {
		res, err := page.Client().Get(page.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		policies := res.Header.Values("Content-Security-Policy")
		if len(policies) != 1 || !strings.HasPrefix(policies[0], "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(policies[0], "unsafe") ||
			!strings.Contains(policies[0], "require-trusted-types-for 'script'") {
			t.Errorf("%s comes under %q", path, policies)
		}
		if (res.StatusCode != 200) != (path == "/hr/v1/keys") {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		for _, forbidden := range []string{"hr_sk_", "hr_pk_", "<script>", " style=", " onclick="} {
			if strings.Contains(string(b), forbidden) && !strings.HasPrefix(path, "/hr/sdk/") {
				t.Errorf("%s holds %q", path, forbidden)
			}
		}
	}
}

func TestThePageIsToldWhatIsWrongAndWhatToDo(t *testing.T) {
	c, page := shownCompany(t)
	wrongKey := httptest.NewServer(summit.Handler(c.server.url(), "hr_sk_wrong", summit.ShownAccount, ""))
	t.Cleanup(wrongKey.Close)
	for _, one := range []struct {
		name         string
		page         *httptest.Server
		method, path string
		status       int
		code         string
	}{
		{"a speaker who left", page, "DELETE", "/api/speakers/s99", 404, "speaker_unknown"},
		{"a trial that is none", page, "POST", "/api/end-trial", 409, "no_trial"},
		{"a decision that never was", page, "GET", "/api/developer?decision=dec_YXVyb3JhLWV2ZW50cw.zz", 404, "decision_not_found"},
		{"a key that Headroom does not know", wrongKey, "GET", "/api/session", 502, "key_unknown"},
	} {
		status, text := asked(t, one.page, "admin", one.method, one.path, "")
		var told struct{ Code, Detail, Mend string }
		if err := json.Unmarshal([]byte(text), &told); err != nil || status != one.status || told.Code != one.code || told.Detail == "" || told.Mend == "" {
			t.Errorf("%s: %d %s", one.name, status, text)
		}
	}
}

func TestTheProductGoesOnWithoutHeadroom(t *testing.T) {
	gone := httptest.NewServer(summit.Handler("http://127.0.0.1:1", "hr_sk_any", summit.ShownAccount, ""))
	t.Cleanup(gone.Close)
	if status, text := asked(t, gone, "admin", "GET", "/api/session", ""); status != 200 || strings.Count(text, `"talk"`) != 8 || strings.Contains(text, `"token"`) {
		t.Errorf("nobody can sign in: %d %s", status, text)
	}
	for _, path := range []string{"/api/speakers", "/api/guests", "/api/live", "/api/emails"} {
		if status, text := asked(t, gone, "admin", "POST", path, ""); status != 200 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, text := asked(t, gone, "admin", "POST", "/hr/v1/decide", "{}"); status != http.StatusBadGateway || !strings.Contains(text, "headroom_unreachable") {
		t.Errorf("a call that is passed on: %d %s", status, text)
	}
}

// Given a key of the page that somebody revoked, then the next session is signed with a new one.
func TestThePageGetsANewKeyWhenItsIsRevoked(t *testing.T) {
	c, page := shownCompany(t)
	before := browserOf(t, page, "admin")
	if status, text := before("POST", "/v1/check", `{"feature":"speakers"}`); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	var keys struct {
		Items []struct{ ID, Kind string }
	}
	c.must("GET", "/v1/keys", nil, &keys)
	for _, k := range keys.Items {
		if k.Kind == "publishable" {
			c.must("DELETE", "/v1/keys/"+k.ID, nil, nil)
		}
	}
	if status, text := before("POST", "/v1/check", `{"feature":"speakers"}`); status != 401 {
		t.Fatalf("a revoked key is taken: %d %s", status, text)
	}
	if status, text := browserOf(t, page, "admin")("POST", "/v1/check", `{"feature":"speakers"}`); status != 200 {
		t.Errorf("with a new session: %d %s", status, text)
	}
}
