package access

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestTheKeyIsFoundInTheAuthorizationHeader(t *testing.T) {
	const key = "hr_sk_0123456789"
	for _, c := range []struct{ name, header, want string }{
		{"as a bearer token", "Bearer " + key, key},
		{"with the scheme in small letters", "bearer " + key, key},
		{"after several spaces", "Bearer   " + key + " ", key},
		{"as the user name of a Segment client", basic(key, ""), key},
		{"with a password, which is ignored", basic(key, "secret"), key},
		{"as a user name without a colon", "Basic " + base64.StdEncoding.EncodeToString([]byte(key)), key},
		{"in base64 without padding", strings.TrimRight(basic(key, ""), "="), key},
		{"of any form, since the environment may give one", "Bearer letmein", "letmein"},
		{"without a scheme", key, ""},
		{"with a scheme and nothing else", "Bearer", ""},
		{"with an empty key", "Bearer ", ""},
		{"with an empty user name", basic("", key), ""},
		{"with a scheme we do not know", "Digest " + key, ""},
		{"in base64 that is none", "Basic ***", ""},
		{"with a space within", "Bearer hr_sk_ 01", ""},
		{"with a line break within", basic("hr_sk_\n01", ""), ""},
		{"with letters of another alphabet", "Bearer hr_sk_ключ", ""},
		{"longer than any key", "Bearer " + strings.Repeat("k", maxKeyLength+1), ""},
		{"longer than any key, packed", basic(strings.Repeat("k", 10*maxKeyLength), ""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseAuthorization(c.header)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
			if err != nil && (fault.CodeOf(err) != "key_malformed" || strings.Contains(err.Error(), "0123")) {
				t.Errorf("fault %s says %v", fault.CodeOf(err), err)
			}
		})
	}
}

func TestAnEmptyKeyIsCalledEmpty(t *testing.T) {
	for _, header := range []string{"Bearer", "Bearer ", "bearer   "} {
		if _, err := parseAuthorization(header); err == nil || !strings.Contains(err.Error(), "key in the Authorization header is empty") || !strings.Contains(err.Error(), "is set") {
			t.Errorf("%q is refused with %v", header, err)
		}
	}
}

func TestAKeyWithoutAScopeIsToldWhichItHas(t *testing.T) {
	err := Principal{Kind: Server, Scopes: EventsWrite}.Require(Admin)
	if want := "this key has the scopes events:write, this call needs admin (use a key with the scope admin)"; err == nil || err.Error() != want {
		t.Errorf("it says %v, want %s", err, want)
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for _, seed := range []string{"Bearer hr_sk_x", basic("hr_sk_x", ""), "Basic ====", "Basic " + strings.Repeat("A", 2000), "bearer\thr", " ", "Bearer \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		key, err := parseAuthorization(header)
		if (err == nil) == (key == "") {
			t.Fatalf("%q gives key %q and error %v", header, key, err)
		}
		if len(key) > maxKeyLength || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q gives key %q", header, key)
		}
	})
}

func TestARequestShowsAKeyOrASession(t *testing.T) {
	c := &Control{cookieName: "headroom_test"}
	r := httptest.NewRequest(http.MethodPost, "/v1/check", nil)
	r.AddCookie(c.Cookie("session", false))
	r.Header.Set(ConsoleHeader, "1")
	if got, want := c.Credentials(r), (Credentials{Session: "session", FromConsole: true, Changes: true}); got != want {
		t.Errorf("a call of the console shows %+v, want %+v", got, want)
	}
	r.Header.Set("Authorization", "Bearer hr_pk_x")
	r.Header.Set(UserTokenHeader, "token")
	if got, want := c.Credentials(r), (Credentials{Authorization: "Bearer hr_pk_x", UserToken: "token", FromConsole: true, Changes: true}); got != want {
		t.Errorf("beside a key the cookie is not looked at: %+v, want %+v", got, want)
	}
	for method, changes := range map[string]bool{"GET": false, "HEAD": false, "OPTIONS": false, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "get": true} {
		r.Method = method
		if c.Credentials(r).Changes != changes {
			t.Errorf("%s changes something: want %v", method, changes)
		}
	}
}

func TestTheCookieIsForThisSiteAndNotForScripts(t *testing.T) {
	c := &Control{cookieName: "headroom_test"}
	for _, secure := range []bool{false, true} {
		cookie := c.Cookie("s", secure)
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure != secure || cookie.Path != "/" || cookie.MaxAge != 7*24*3600 {
			t.Errorf("secure %v: %s", secure, cookie)
		}
	}
	if c.Cookie("", true).MaxAge >= 0 {
		t.Error("the cookie of a logout stays")
	}
}

func TestScopesAreWhatTheyAreCalled(t *testing.T) {
	for _, c := range []struct {
		name  string
		names []string
		want  Scopes
		says  string // of the fault
	}{
		{"one", []string{"read"}, Read, ""},
		{"several, in any order and twice", []string{"decide", "check", "check"}, Check | Decide, ""},
		{"all", []string{"events:write", "check", "decide", "read", "admin"}, EventsWrite | Check | Decide | Read | Admin, ""},
		{"none", nil, 0, "at least one"},
		{"an unknown one", []string{"read", "write"}, 0, `"write"`},
		{"in capitals", []string{"READ"}, 0, `"READ"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseScopes(c.names)
			if got != c.want || (err == nil) != (c.says == "") {
				t.Fatalf("got %s, %v; want %s", got, err, c.want)
			}
			if err != nil && (fault.CodeOf(err) != "scope_unknown" || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("fault %s says %v", fault.CodeOf(err), err)
			}
			if again, err := ParseScopes(got.Names()); c.want != 0 && (err != nil || again != got) {
				t.Errorf("%v reads back as %s, %v", got.Names(), again, err)
			}
		})
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	server := Principal{Kind: Server, Scopes: Check | Read}
	admin := Principal{Kind: Console, Scopes: Admin}
	browser := Principal{Kind: Browser, Scopes: browserDefault, Account: "acme", User: "ann", Role: RoleMember}
	sender := Principal{Kind: Browser, Scopes: EventsWrite}
	user := func(p Principal, named string) error { _, err := p.ForUser(named); return err }
	for _, c := range []struct {
		name string
		err  error
		code string // empty: allowed
	}{
		{"a key does what its scopes say", server.Require(Check), ""},
		{"a key does nothing else", server.Require(EventsWrite), "scope_missing"},
		{"a key needs all that a call asks for", server.Require(Check | Decide), "scope_missing"},
		{"an administrator does everything", admin.Require(EventsWrite | Check | Decide | Read | Admin), ""},
		{"a key without admin is no administrator", server.Require(Admin), "scope_missing"},
		{"a browser checks", browser.Require(Check), ""},
		{"a browser sends no usage", browser.Require(EventsWrite), "scope_missing"},
		{"a page that only sends events", sender.Require(EventsWrite), ""},
		{"does nothing else", sender.Require(Check), "scope_missing"},
		{"and does so for any account", sender.ForAccount("globex"), ""},
		{"a browser reads no lists", browser.Require(Read), "scope_missing"},
		{"a browser speaks for its account", browser.ForAccount("acme"), ""},
		{"a browser speaks for no other", browser.ForAccount("globex"), "account_denied"},
		{"nor for one that is written otherwise", browser.ForAccount("ACME"), "account_denied"},
		{"a server speaks for all", server.ForAccount("globex"), ""},
		{"a browser speaks for its user", user(browser, "ann"), ""},
		{"a browser need not name its user", user(browser, ""), ""},
		{"a browser speaks for nobody else", user(browser, "bob"), "user_denied"},
		{"a server speaks for anybody", user(server, "bob"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if (c.err == nil) != (c.code == "") || c.err != nil && (fault.CodeOf(c.err) != c.code || fault.KindOf(c.err) != fault.Denied) {
				t.Errorf("got %v, want code %q", c.err, c.code)
			}
		})
	}
	if who, _ := browser.ForUser(""); who != "ann" {
		t.Errorf("the browser's user is %q", who)
	}
}
