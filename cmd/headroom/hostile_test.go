package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/access"
)

// What a hostile or unlucky caller could do to the API, and what comes of it.

func TestInputMadeToHurtIsRefusedAtOnce(t *testing.T) {
	c := sampleCompany(t, nil)
	c.must("PUT", "/v1/catalog", []byte(apiCatalog), nil)
	c.must("PUT", "/v1/accounts/acme/subscription", map[string]any{"plan": "starter"}, nil)
	deep := strings.Repeat(`{"a":`, 90_000) + "1" + strings.Repeat("}", 90_000)
	deepTraits := `{"traits":{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`
	long := strings.Repeat("x", 900_000)
	bomb := "version: 1\na: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", i, i, strings.Repeat(fmt.Sprintf("*%c,", i-1), 9), i-1)
	}
	var got ingested
	c.must("POST", "/v1/events", []byte(ce("h1", "email.sent", "acme", `{"count":1}`)), &got, "Content-Type", "application/json")
	stream, _, _ := strings.Cut(got.Position, "-")
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{name: "JSON as deep as a well, to a call read by hand", method: "POST", path: "/v1/check", body: deep, status: 400, code: "malformed_json"},
		{name: "JSON as deep as a well, to another call", method: "POST", path: "/v1/check/bulk", body: deep, status: 400, code: "malformed_json"},
		{name: "traits as deep as a well", method: "PUT", path: "/v1/accounts/acme", body: deepTraits, status: 422},
		{name: "a deep event", method: "POST", path: "/v1/events", body: ce("h2", "email.sent", "acme", `{"a":`+strings.Repeat("[", 40_000)+strings.Repeat("]", 40_000)+`}`), status: 400, code: "malformed_json"},
		{name: "a key twice in a body", method: "POST", path: "/v1/check", body: `{"account":"acme","account":"other","feature":"emails"}`, status: 200},
		{name: "two bodies in one", method: "POST", path: "/v1/check", body: `{"account":"acme","feature":"emails"}{"account":"acme","feature":"emails"}`, status: 400, code: "malformed_json"},
		{name: "YAML that grows when it is read", method: "PUT", path: "/v1/catalog?dry_run=true", body: bomb, status: 422},
		{name: "JSON that is not UTF-8", method: "POST", path: "/v1/check", body: "{\"account\":\"a\xff\",\"feature\":\"emails\"}", status: 422, code: "not_utf8"},
		{name: "JSON that is not UTF-8, to another call", method: "PUT", path: "/v1/accounts/acme", body: "{\"name\":\"a\xff\"}", status: 400, code: "malformed_json"},
		{name: "an account key with a control character", method: "GET", path: "/v1/accounts/a%00b", status: 422, code: "control_character"},
		{name: "an account key that is not UTF-8", method: "GET", path: "/v1/accounts/a%ffb", status: 422, code: "not_utf8"},
		{name: "an account key that is too long", method: "PUT", path: "/v1/accounts/" + strings.Repeat("k", 201), body: `{}`, status: 422},
		{name: "an account key of many bytes", method: "PUT", path: "/v1/accounts/" + strings.Repeat("%C3%A4", 150), body: `{}`, status: 422, code: "key_too_long"},
		{name: "an account's entitlements under such a key", method: "GET", path: "/v1/accounts/a%00b/entitlements", status: 422, code: "control_character"},
		{name: "a feature of a million letters", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"` + long + `"}`, headers: []string{"Idempotency-Key", "1"}, status: 422, code: "attribute_too_long"},
		{name: "a placement of a million letters", method: "POST", path: "/v1/decide", body: `{"account":"acme","user":"u","placement":"` + long + `"}`, status: 422, code: "attribute_too_long"},
		{name: "a user of a million letters", method: "POST", path: "/v1/check", body: `{"account":"acme","user":"` + long + `","feature":"recordings"}`, status: 422, code: "attribute_too_long"},
		{name: "a note of a million letters", method: "PATCH", path: "/v1/opportunities/opp_YWNtZQ.1", body: `{"note":"` + long + `"}`, status: 422},
		{name: "a cursor of many letters", method: "GET", path: "/v1/accounts?cursor=" + strings.Repeat("A", 5000), status: 422, code: "invalid"},
		{name: "a cursor of another list", method: "GET", path: "/v1/signals?cursor=WyJhIl0", status: 422, code: "cursor_invalid"},
		{name: "fewer than no items", method: "GET", path: "/v1/accounts?limit=-1", status: 422, code: "invalid"},
		{name: "more items than there may be", method: "GET", path: "/v1/accounts?limit=100000", status: 422, code: "invalid"},
		{name: "a limit that is no number", method: "GET", path: "/v1/accounts?limit=many", status: 422, code: "invalid"},
		{name: "a mistyped dry run", method: "PUT", path: "/v1/catalog?dryrun=true", body: apiCatalog, status: 422, code: "unknown_parameter"},
		{name: "a dry run that is neither true nor false", method: "PUT", path: "/v1/catalog?dry_run=ture", body: apiCatalog, status: 422, code: "invalid"},
		{name: "a mistyped parameter", method: "GET", path: "/v1/accounts?plann=starter", status: 422, code: "invalid"},
		{name: "a position that has not been reached", method: "POST", path: "/v1/check", body: `{"account":"acme","feature":"emails"}`, headers: []string{"Headroom-Position", stream + "-99999999"}, status: 422, code: "position_unknown"},
		{name: "a list at a position that has not been reached", method: "GET", path: "/v1/accounts", headers: []string{"Headroom-Position", stream + "-99999999"}, status: 422, code: "position_unknown"},
		{name: "an Idempotency-Key above its bound", method: "POST", path: "/v1/consume", body: `{"account":"acme","feature":"exports"}`, headers: []string{"Idempotency-Key", strings.Repeat("k", 256)}, status: 422, code: "idempotency_key_long"},
		{name: "time, far away", method: "POST", path: "/v1/clock/advance", body: `{"to":"9999-01-01T00:00:00Z"}`, status: 422, code: "duration_invalid"},
		{name: "time, backwards", method: "POST", path: "/v1/clock/advance", body: `{"to":"2020-01-01T00:00:00Z"}`, status: 422, code: "clock_backwards"},
		{name: "time, without an end", method: "POST", path: "/v1/clock/advance", body: `{"by":"2000000h"}`, status: 422, code: "duration_invalid"},
		{name: "a month before there were months", method: "GET", path: "/v1/revenue/movements?from=0001-01", status: 422},
		{name: "a month far ahead", method: "GET", path: "/v1/revenue/movements?from=2020-01&to=9999-12", status: 422},
		{name: "a decision of nobody", method: "GET", path: "/v1/decisions/dec_%00/explain", status: 404, code: "decision_unknown"},
		{name: "an id that is a path", method: "GET", path: "/v1/decisions/..%2F..%2Fetc/explain", status: 404, code: "decision_unknown"},
		{name: "a key that is not there", method: "DELETE", path: "/v1/keys/..%2f", status: 404},
		{name: "a form instead of JSON", method: "POST", path: "/v1/check/bulk", body: "account=acme", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		{name: "a method nobody knows", method: "PROPFIND", path: "/v1/accounts", status: 405, code: "method_unknown"},
		{name: "a name in place of a body", method: "POST", path: "/v1/check", body: "null", status: 422, code: "account_missing"},
		{name: "a list in place of a body", method: "POST", path: "/v1/check", body: "[]", status: 422},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := *c
			c.t = t
			began := time.Now()
			status, p := c.send(tc.method, tc.path, tc.body, tc.headers...)
			if status != tc.status || tc.code != "" && p["code"] != tc.code {
				t.Fatalf("answered %d %.300v, want %d %s", status, fmt.Sprint(p), tc.status, tc.code)
			}
			if status >= 400 && (p["detail"] == "" || p["title"] == "") {
				t.Errorf("the problem does not say what is wrong: %v", p)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("headers above their bound", func(t *testing.T) {
		req, _ := http.NewRequest("GET", c.base+"/v1/accounts", nil)
		req.Header.Set("X-Large", strings.Repeat("x", 200<<10))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Skip("the connection was cut before the answer: ", err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("answered %d", resp.StatusCode)
		}
	})
	if got := c.check("acme", "emails", ""); *got.Usage != 1 {
		t.Errorf("after all this %v emails count", *got.Usage)
	}
}

func TestAccountKeysMayBeAnyText(t *testing.T) {
	c := sampleCompany(t, nil)
	c.must("PUT", "/v1/catalog", []byte(apiCatalog), nil)
	for _, key := range []string{"a/b", "a b", "ü-雪-🙂", "..", ".", "%2F", "a+b", "a?b#c", "a;b", "a\"b", "<script>", "https://acme.example/", "a\\b", "'; DROP TABLE accounts; --"} {
		t.Run(key, func(t *testing.T) {
			path := "/v1/accounts/" + url.PathEscape(key)
			if key == "." || key == ".." { // left bare, it would be another path
				path = "/v1/accounts/" + strings.ReplaceAll(key, ".", "%2E")
			}
			var answer struct{ Key, Name string }
			c.must("PUT", path, map[string]any{"name": "Named " + key}, &answer)
			var sub struct{ Account, Position string }
			c.must("PUT", path+"/subscription", map[string]any{"plan": "starter"}, &sub)
			if answer.Key != key || sub.Account != key {
				t.Fatalf("was stored as %q and %q", answer.Key, sub.Account)
			}
			var found struct{ Items []struct{ Key string } }
			c.must("GET", "/v1/accounts?search="+url.QueryEscape("Named "+key), nil, &found, "Headroom-Position", sub.Position)
			if len(found.Items) == 0 {
				t.Error("is not found by its name")
			}
			c.must("GET", path+"/entitlements", nil, nil)
			c.must("GET", path+"/signals", nil, nil)
		})
	}
}

func TestOneOfManyWhoApplyAtOnceWins(t *testing.T) {
	c := sampleCompany(t, nil)
	var first struct{ Version string }
	c.must("PUT", "/v1/catalog", []byte(apiCatalog), &first)
	const many = 8
	statuses := make(chan int, many)
	for i := range many {
		go func() {
			body := strings.Replace(apiCatalog, "title: Starter", fmt.Sprintf("title: Starter %d", i), 1)
			status, _ := c.send("PUT", "/v1/catalog", body, "If-Match", `"`+first.Version+`"`, "Content-Type", "application/yaml")
			statuses <- status
		}()
	}
	won := 0
	for range many {
		switch status := <-statuses; status {
		case http.StatusOK:
			won++
		case http.StatusPreconditionFailed:
		default:
			t.Errorf("one was answered %d", status)
		}
	}
	if won != 1 {
		t.Errorf("%d were told that theirs is active", won)
	}
}

func TestTheConsolesCookieIsNoUseToOtherPages(t *testing.T) {
	c := sampleCompany(t, nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	call := func(method, path, body string, headers ...string) (int, string, http.Header) {
		req, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text), resp.Header
	}
	if _, text, _ := call("GET", "/v1/session", ""); !strings.Contains(text, `"signed_in":false`) {
		t.Fatalf("before signing in: %s", text)
	}
	if status, text, _ := call("POST", "/v1/session", `{"password":"correct horse battery"}`); status != http.StatusForbidden {
		t.Fatalf("signing in from elsewhere was answered %d %s", status, text)
	}
	if status, text, _ := call("POST", "/v1/session", `{"password":"wrong"}`, access.ConsoleHeader, "1"); status != http.StatusUnauthorized {
		t.Fatalf("a wrong password was answered %d %s", status, text)
	}
	status, text, header := call("POST", "/v1/session", `{"password":"correct horse battery"}`, access.ConsoleHeader, "1")
	if cookie := header.Get("Set-Cookie"); status != http.StatusOK || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Fatalf("signing in was answered %d %s with the cookie %q", status, text, cookie)
	}
	if _, text, _ := call("GET", "/v1/session", ""); !strings.Contains(text, `"signed_in":true`) {
		t.Fatalf("after signing in: %s", text)
	}
	if status, text, _ := call("GET", "/v1/accounts", ""); status != http.StatusOK {
		t.Errorf("the console reading was answered %d %s", status, text)
	}
	if status, text, _ := call("POST", "/v1/keys", `{"name":"x","scopes":["admin"]}`); status != http.StatusForbidden || !strings.Contains(text, "console_header_missing") {
		t.Errorf("a change with the cookie alone was answered %d %s", status, text)
	}
	if status, text, _ := call("POST", "/v1/keys", `{"name":"x","scopes":["read"]}`, access.ConsoleHeader, "1"); status != http.StatusOK {
		t.Errorf("a change of the console was answered %d %s", status, text)
	}
	if status, text, _ := call("PUT", "/v1/catalog?author=Somebody+else", "version: 1\ncurrency: USD\n", access.ConsoleHeader, "1"); status != http.StatusOK {
		t.Errorf("applying a catalog in the console was answered %d %s", status, text)
	}
	if _, text, _ := call("GET", "/v1/catalog/versions?limit=1", ""); !strings.Contains(text, `"author":"Administrator"`) {
		t.Errorf("who applied it: %s", text)
	}
	if status, text, _ := call("DELETE", "/v1/session", "", access.ConsoleHeader, "1"); status != http.StatusOK {
		t.Errorf("signing out was answered %d %s", status, text)
	}
	if status, _, _ := call("GET", "/v1/accounts", ""); status != http.StatusUnauthorized {
		t.Errorf("after signing out, reading was answered %d", status)
	}
}

func TestPagesOfOtherOriginsNeedAKey(t *testing.T) {
	ask := func(c *company, host, method, path string, headers ...string) (int, http.Header) {
		req, err := http.NewRequest(method, c.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			req.Host = host
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	demo := sampleCompany(t, func(o *serverOptions) { o.demo = "Summitry" })
	plain := sampleCompany(t, nil)
	port := demo.base[strings.LastIndexByte(demo.base, ':'):]
	for _, tc := range []struct {
		name, host, path string
		headers          []string
		status           int
	}{
		{name: "the console", path: "/v1/accounts", status: 200},
		{name: "the console as localhost", host: "localhost" + port, path: "/v1/accounts", status: 200},
		{name: "the console's own script", path: "/v1/accounts", headers: []string{"Sec-Fetch-Site", "same-origin", "Origin", demo.base}, status: 200},
		{name: "a name bent to this machine", host: "evil.example" + port, path: "/v1/accounts", status: 403},
		{name: "a name bent to this machine, for the console", host: "evil.example" + port, path: "/", status: 403},
		{name: "a name that only looks like this machine's", host: "localhost.evil.example" + port, path: "/v1/accounts", status: 403},
		{name: "another page", path: "/v1/accounts", headers: []string{"Origin", "https://evil.example"}, status: 401},
		{name: "a page without an origin", path: "/v1/accounts", headers: []string{"Origin", "null"}, status: 401},
		{name: "another port of this machine", path: "/v1/accounts", headers: []string{"Origin", "http://127.0.0.1:3000"}, status: 401},
		{name: "a picture in another page", path: "/v1/accounts", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 401},
		{name: "another page with a secret key", path: "/v1/accounts", headers: []string{"Origin", "https://app.example", "Authorization", "Bearer " + demo.key}, status: 403},
	} {
		if status, _ := ask(demo, tc.host, "GET", tc.path, tc.headers...); status != tc.status {
			t.Errorf("demo: %s was answered %d, want %d", tc.name, status, tc.status)
		}
	}
	if status, _ := ask(plain, "headroom.example", "GET", "/healthz"); status != 200 {
		t.Errorf("a server under its own name answered %d", status)
	}
	status, h := ask(plain, "", "OPTIONS", "/v1/check", "Origin", "https://app.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization, headroom-console")
	allowed := strings.ToLower(h.Get("Access-Control-Allow-Headers"))
	if status != http.StatusNoContent || !strings.Contains(allowed, "authorization") || !strings.Contains(allowed, "headroom-user-token") {
		t.Errorf("a preflight was answered %d %q", status, allowed)
	}
	if strings.Contains(allowed, "headroom-console") || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("other origins are granted what only the console may send")
	}
}

func TestStreamsOutliveTheTimeOfACallAndEndWithTheServer(t *testing.T) {
	c := sampleCompany(t, func(o *serverOptions) { o.timeout = 300 * time.Millisecond })
	req, err := http.NewRequest("GET", c.base+"/v1/changes", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	time.Sleep(time.Second) // more than three calls may take
	c.must("PUT", "/v1/accounts/acme", map[string]any{"name": "Acme"}, nil)
	for heard := false; !heard; {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatal("the stream ended while the server was there")
			}
			heard = strings.HasPrefix(line, "event: change")
		case <-time.After(10 * time.Second):
			t.Fatal("no change was heard of")
		}
	}
	began := time.Now()
	c.server.close()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("with a stream open, stopping took %v", took)
	}
	for range lines { // until it ends
	}
	c.open()
}

func TestWhoSendsSlowlyIsCutOff(t *testing.T) {
	c := sampleCompany(t, func(o *serverOptions) { o.timeout = 500 * time.Millisecond })
	for _, path := range []string{"/v1/events", "/v1/check", "/v1/check/bulk", "/v1/catalog"} {
		t.Run(path, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(c.base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			method := "POST"
			if path == "/v1/catalog" {
				method = "PUT"
			}
			fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", method, path, c.key)
			_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("nothing was answered: %v", err)
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			if answer.StatusCode < 400 || !strings.Contains(string(text), "body_too_slow") {
				t.Errorf("was answered %d %s", answer.StatusCode, text)
			}
		})
	}
	t.Run("and does not keep others from being answered", func(t *testing.T) {
		var open sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for range 100 {
			open.Go(func() {
				conn, err := net.Dial("tcp", strings.TrimPrefix(c.base, "http://"))
				if err != nil {
					return
				}
				defer conn.Close()
				fmt.Fprintf(conn, "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
				<-ctx.Done()
			})
		}
		if status, _ := c.send("GET", "/v1/accounts", ""); status != http.StatusOK {
			t.Errorf("was answered %d", status)
		}
		cancel()
		open.Wait()
	})
}
