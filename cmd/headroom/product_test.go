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

// The backend of the demo's product page, against a real server: what its browser part
// must never get, and what it is told when something is wrong.

// shownCompany is a server with Summitry's catalog and the account of the product page, with
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

func TestAMembersBrowserNeverGetsAPriceNorBuys(t *testing.T) {
	_, page := shownCompany(t)
	decision := ""
	for range 3 { // the ninth, the tenth, and a no
		_, text := asked(t, page, "member", "POST", "/api/speakers", "")
		if strings.Contains(text, `"price"`) || strings.Contains(text, `"difference"`) || strings.Contains(text, "149") {
			t.Fatalf("a member is told what it costs: %s", text)
		}
		var a struct {
			Decision struct {
				ID    string `json:"decision_id"`
				Offer struct{ CTA struct{ Action string } }
			}
		}
		if err := json.Unmarshal([]byte(text), &a); err != nil || a.Decision.ID == "" || a.Decision.Offer.CTA.Action != "request" {
			t.Fatalf("a member is not offered to ask: %v %s", err, text)
		}
		decision = a.Decision.ID
	}
	if _, text := asked(t, page, "member", "POST", "/api/recordings", ""); strings.Contains(text, `"price"`) || !strings.Contains(text, `"unlock"`) {
		t.Errorf("a member meets the locked recordings so: %s", text)
	}
	for _, path := range []string{"/api/offer/preview", "/api/offer/accept", "/api/requests/any/approve", "/api/requests/any/decline"} {
		status, text := asked(t, page, "member", "POST", path, `{"decision":"`+decision+`","token":"any"}`)
		if status != http.StatusForbidden || !strings.Contains(text, "ask Imke Sorel") {
			t.Errorf("a member calls %s: %d %s", path, status, text)
		}
	}
}

func TestAnotherSiteDoesNothingThroughTheProductPage(t *testing.T) {
	_, page := shownCompany(t)
	for name, headers := range map[string][]string{
		"a page of another site":          {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"another site's name for us":      {"Host", "evil.example"},
		"a page of another port, by name": {"Origin", "http://localhost:1", "Sec-Fetch-Site", "same-site"},
	} {
		if status, text := asked(t, page, "admin", "POST", "/api/speakers", "", headers...); status != http.StatusForbidden {
			t.Errorf("%s is answered %d %s", name, status, text)
		}
	}
	if _, text := asked(t, page, "admin", "GET", "/api/state", ""); !strings.Contains(text, `"usage":8`) {
		t.Errorf("somebody was added: %s", text)
	}
}

func TestTheProductPageRunsItsOwnFilesOnly(t *testing.T) {
	_, page := shownCompany(t)
	for _, path := range []string{"/", "/page.js", "/page.css", "/icon.svg"} {
		res, err := page.Client().Get(page.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		policy := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != 200 || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") {
			t.Errorf("%s: %d under %q", path, res.StatusCode, policy)
		}
		for _, forbidden := range []string{"hr_sk_", "<script>", " style=", " onclick="} {
			if strings.Contains(string(b), forbidden) {
				t.Errorf("%s holds %q", path, forbidden)
			}
		}
	}
}

func TestThePageIsToldWhatIsWrongAndWhatToDo(t *testing.T) {
	c, page := shownCompany(t)
	wrongKey := httptest.NewServer(summit.Handler(c.server.url(), "hr_sk_wrong", summit.ShownAccount, ""))
	t.Cleanup(wrongKey.Close)
	gone := httptest.NewServer(summit.Handler("http://127.0.0.1:1", "hr_sk_any", summit.ShownAccount, ""))
	t.Cleanup(gone.Close)
	for _, one := range []struct {
		name               string
		page               *httptest.Server
		method, path, body string
		status             int
		code               string
	}{
		{"a decision that never was", page, "POST", "/api/offer/preview", `{"decision":"dec_YXVyb3JhLWV2ZW50cw.zz"}`, 404, "decision_unknown"},
		{"a token that was not made here", page, "POST", "/api/offer/accept", `{"decision":"dec_YXVyb3JhLWV2ZW50cw.1","token":"x"}`, 412, "token_invalid"},
		{"a place that no offer has", page, "POST", "/api/offer", `{"feature":"speakers"}`, 422, "placement_missing"},
		{"accepting without its price", page, "POST", "/api/offer/outcome", `{"type":"accepted"}`, 422, "outcome_invalid"},
		{"a speaker who left", page, "DELETE", "/api/speakers/s99", "", 404, "speaker_unknown"},
		{"what is no JSON", page, "POST", "/api/offer", `{`, 400, "malformed_json"},
		{"a key that Headroom does not know", wrongKey, "GET", "/api/state", "", 502, "key_unknown"},
		{"a Headroom that does not run", gone, "GET", "/api/state", "", 502, "headroom_unreachable"},
	} {
		status, text := asked(t, one.page, "admin", one.method, one.path, one.body)
		var told struct{ Code, Detail, Mend string }
		if err := json.Unmarshal([]byte(text), &told); err != nil || status != one.status || told.Code != one.code || told.Detail == "" {
			t.Errorf("%s: %d %s", one.name, status, text)
		}
		if told.Mend == "" && one.code != "malformed_json" && one.code != "placement_missing" {
			t.Errorf("%s: nothing says what to do: %s", one.name, text)
		}
	}
}
