package access

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// TestMain makes hashing cheap: what it costs is not what these tests are about.
func TestMain(m *testing.M) {
	currentCost = cost{time: 1, memory: 1 << 10, threads: 1}
	os.Exit(m.Run())
}

// hands is a clock set by hand; safe for several goroutines.
type hands struct{ at atomic.Int64 }

func (h *hands) now() time.Time        { return time.Unix(0, h.at.Load()) }
func (h *hands) move(by time.Duration) { h.at.Add(int64(by)) }

func newHands() *hands {
	h := &hands{}
	h.at.Store(noon.UnixNano())
	return h
}

func open(t *testing.T, st *store.Store, config Config) *Control {
	t.Helper()
	c, err := Open(t.Context(), st, config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// shows authenticates and compares the code of the fault, empty for none.
func shows(t *testing.T, c *Control, cred Credentials, code string) Principal {
	t.Helper()
	p, err := c.Authenticate(context.Background(), cred)
	if (err == nil) != (code == "") || err != nil && fault.CodeOf(err) != code {
		t.Fatalf("got %+v, %v; want code %q", p, err, code)
	}
	return p
}

func bearer(key string) Credentials { return Credentials{Authorization: "Bearer " + key} }

// TestKeysLiveInTheDatabase: two Controls on one store are what two processes are.
func TestKeysLiveInTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, opened func() *db.DB) {
		ctx, st, clock := t.Context(), store.New(opened()), newHands()
		here, there := open(t, st, Config{Now: clock.now}), open(t, st, Config{Now: clock.now, EnvironmentKey: "from-the-environment"})
		go there.Run(ctx, func(err error) { t.Error(err) })

		t.Run("a key works where it was made and elsewhere at once", func(t *testing.T) {
			k := must(here.CreateSecretKey(ctx, "backend", Check|Read))
			want := Principal{Kind: Server, KeyID: k.ID, Scopes: Check | Read}
			for _, c := range []*Control{here, there} {
				if got := shows(t, c, bearer(k.Secret), ""); got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
			if got := shows(t, here, Credentials{Authorization: basic(k.Secret, "")}, ""); got != want {
				t.Errorf("as a Segment client: %+v", got)
			}
		})
		t.Run("its secret is nowhere in the list", func(t *testing.T) {
			k := must(here.CreateSecretKey(ctx, "listed", Admin))
			if !strings.HasPrefix(k.Secret, "hr_sk_") || len(k.Secret) != 49 {
				t.Errorf("the key has another form: %d characters", len(k.Secret))
			}
			found := false
			for _, listed := range must(here.Keys(ctx)) {
				if strings.Contains(listed.Hint, k.Secret[10:45]) || strings.Contains(string(listed.Hash), k.Secret) {
					t.Errorf("the list shows it: %+v", listed)
				}
				if listed.ID == k.ID {
					found = listed.Hint == k.Secret[:10]+"…"+k.Secret[45:]
				}
			}
			if !found {
				t.Error("it is not listed with its beginning and end")
			}
		})
		t.Run("revoked, it stops here at once and elsewhere within a second", func(t *testing.T) {
			k := must(here.CreateSecretKey(ctx, "leaked", Admin))
			shows(t, there, bearer(k.Secret), "")
			if err := here.Revoke(ctx, k.ID); err != nil {
				t.Fatal(err)
			}
			shows(t, here, bearer(k.Secret), "key_revoked")
			for until := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				if _, err := there.Authenticate(ctx, bearer(k.Secret)); err != nil {
					shows(t, there, bearer(k.Secret), "key_revoked")
					break
				}
				if time.Now().After(until) {
					t.Fatal("it still works elsewhere")
				}
			}
			if err := here.Revoke(ctx, k.ID); err != nil {
				t.Errorf("revoked again: %v", err)
			}
			if err := here.Revoke(ctx, "key_nope"); fault.CodeOf(err) != "key_not_found" {
				t.Errorf("an unknown one: %v", err)
			}
		})
		t.Run("a browser shows a publishable key and a user token", func(t *testing.T) {
			k := must(here.CreatePublishableKey(ctx, "app", 0))
			user := User{ID: "ann", Account: "acme", Role: RoleMember}
			cred := bearer(k.Secret)
			shows(t, here, cred, "user_token_missing")
			cred.UserToken = must(SignUserToken(k.SigningSecret, user, clock.now().Add(time.Hour)))
			want := Principal{Kind: Browser, KeyID: k.ID, Scopes: Check | Decide, Account: "acme", User: "ann", Role: RoleMember}
			for _, c := range []*Control{here, there} {
				if got := shows(t, c, cred, ""); got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
			other := must(here.CreatePublishableKey(ctx, "other app", 0))
			shows(t, here, Credentials{Authorization: "Bearer " + other.Secret, UserToken: cred.UserToken}, "user_token_invalid")
			clock.move(2 * time.Hour)
			shows(t, here, cred, "user_token_expired")
		})
		t.Run("a publishable key sends events without a user token, when it may", func(t *testing.T) {
			k := must(here.CreatePublishableKey(ctx, "page", EventsWrite|Check))
			cred := bearer(k.Secret)
			shows(t, here, cred, "user_token_missing")
			cred.Events = true
			if got, want := shows(t, here, cred, ""), (Principal{Kind: Browser, KeyID: k.ID, Scopes: EventsWrite}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			plain := bearer(must(here.CreatePublishableKey(ctx, "app", 0)).Secret)
			plain.Events = true
			if _, err := here.Authenticate(ctx, plain); fault.CodeOf(err) != "scope_missing" || fault.KindOf(err) != fault.Denied {
				t.Errorf("a key that may not: %v", err)
			}
			if _, err := here.CreatePublishableKey(ctx, "page", EventsWrite|Read); fault.CodeOf(err) != "scope_not_for_browsers" {
				t.Errorf("a publishable key that reads: %v", err)
			}
		})
		t.Run("the environment's key is an administrator's, there only", func(t *testing.T) {
			p := shows(t, there, bearer("from-the-environment"), "")
			if p.Kind != Server || p.KeyID != EnvironmentKeyID || p.Require(Admin) != nil {
				t.Errorf("got %+v", p)
			}
			shows(t, here, bearer("from-the-environment"), "key_unknown")
			if err := there.Revoke(ctx, EnvironmentKeyID); fault.CodeOf(err) != "key_of_environment" {
				t.Errorf("revoking it: %v", err)
			}
		})
		t.Run("nothing and nonsense are not let in", func(t *testing.T) {
			shows(t, here, Credentials{}, "key_missing")
			shows(t, here, bearer("hr_sk_guess"), "key_unknown")
			shows(t, here, Credentials{Authorization: "nonsense"}, "key_malformed")
			shows(t, here, Credentials{Session: "nonsense"}, "session_ended")
		})
		t.Run("a name has a bound", func(t *testing.T) {
			if _, err := here.CreateSecretKey(ctx, strings.Repeat("n", 101), Read); fault.CodeOf(err) != "key_name_unfit" {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestTheFirstStartMakesOneKeyAndOnePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, opened func() *db.DB) {
		ctx, st := t.Context(), store.New(opened())
		a, b := open(t, st, Config{}), open(t, st, Config{})
		type result struct {
			First
			err error
		}
		results := make(chan result, 2)
		for _, c := range []*Control{a, b} {
			go func() {
				first, err := c.FirstStart(ctx, "")
				results <- result{first, err}
			}()
		}
		one, two := <-results, <-results
		if one.err != nil || two.err != nil {
			t.Fatal(one.err, two.err)
		}
		made := one.First
		if made == (First{}) {
			made = two.First
		} else if two.First != (First{}) {
			t.Fatal("two processes both made a first key")
		}
		for _, c := range []*Control{a, b} {
			if p := shows(t, c, bearer(made.SecretKey), ""); p.Require(Admin) != nil {
				t.Errorf("the first key is %+v", p)
			}
			must(c.Login(ctx, made.Password, "192.0.2.1:1"))
		}
		if again := must(open(t, st, Config{}).FirstStart(ctx, "")); again != (First{}) {
			t.Error("a later start makes another")
		}
	})
}

func TestWhatTheEnvironmentGivesIsNotMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, opened func() *db.DB) {
		ctx, st := t.Context(), store.New(opened())
		c := open(t, st, Config{EnvironmentKey: "from-the-environment"})
		if _, err := c.FirstStart(ctx, "short"); fault.CodeOf(err) != "password_unfit" {
			t.Fatalf("a password of five letters: %v", err)
		}
		if first := must(c.FirstStart(ctx, "first password")); first != (First{}) {
			t.Errorf("made %+v", first)
		}
		session := must(c.Login(ctx, "first password", "192.0.2.1:1"))

		must(c.FirstStart(ctx, "first password"))
		shows(t, c, Credentials{Session: session}, "") // the same password changes nothing

		must(c.FirstStart(ctx, "second password"))
		shows(t, c, Credentials{Session: session}, "session_ended")
		if _, err := c.Login(ctx, "first password", "192.0.2.1:1"); fault.CodeOf(err) != "login_failed" {
			t.Errorf("the old password: %v", err)
		}
		must(c.Login(ctx, "second password", "192.0.2.1:1"))
	})
}

func TestSessionsOfTheConsole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, opened func() *db.DB) {
		ctx, clock := t.Context(), newHands()
		c := open(t, store.New(opened()), Config{Now: clock.now, EnvironmentKey: "k"})
		must(c.FirstStart(ctx, "a long password"))
		login := func() Credentials {
			return Credentials{Session: must(c.Login(ctx, "a long password", "192.0.2.1:1"))}
		}

		t.Run("lets the administrator in", func(t *testing.T) {
			if p := shows(t, c, login(), ""); p.Kind != Console || p.Require(Admin) != nil || p.Role != RoleAdmin {
				t.Errorf("got %+v", p)
			}
		})
		t.Run("changes something only with the console's header", func(t *testing.T) {
			cred := login()
			cred.Changes = true
			shows(t, c, cred, "console_header_missing")
			cred.FromConsole = true
			shows(t, c, cred, "")
		})
		t.Run("ends after twelve hours without a call", func(t *testing.T) {
			cred := login()
			clock.move(11 * time.Hour)
			shows(t, c, cred, "")
			clock.move(11 * time.Hour)
			shows(t, c, cred, "")
			clock.move(12*time.Hour + time.Second)
			shows(t, c, cred, "session_ended")
		})
		t.Run("ends after seven days in any case", func(t *testing.T) {
			cred := login()
			for range 16 {
				clock.move(10 * time.Hour)
				shows(t, c, cred, "")
			}
			clock.move(8*time.Hour + time.Second)
			shows(t, c, cred, "session_ended")
		})
		t.Run("ends with a logout", func(t *testing.T) {
			cred, other := login(), login()
			for range 2 {
				if err := c.Logout(ctx, cred.Session); err != nil {
					t.Fatal(err)
				}
			}
			shows(t, c, cred, "session_ended")
			shows(t, c, other, "")
		})
		t.Run("is not begun by guessing", func(t *testing.T) {
			for range freeFailures {
				if _, err := c.Login(ctx, strings.Repeat("x", 5000), "192.0.2.9:1"); fault.CodeOf(err) != "login_failed" {
					t.Fatalf("got %v", err)
				}
			}
			if _, err := c.Login(ctx, "a long password", "192.0.2.9:2"); fault.CodeOf(err) != "login_throttled" {
				t.Errorf("the address need not wait: %v", err)
			}
			login() // from elsewhere
			clock.move(time.Second)
			must(c.Login(ctx, "a long password", "192.0.2.9:2"))
		})
	})
}

func TestAnOldHashIsMadeAnewAtTheNextLogin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, opened func() *db.DB) {
		ctx, st := t.Context(), store.New(opened())
		c := open(t, st, Config{EnvironmentKey: "k"})
		must(c.FirstStart(ctx, "a long password"))
		before, _, _ := st.ConsoleUser(ctx, administrator)

		was := currentCost
		currentCost.time = 2
		defer func() { currentCost = was }()
		session := must(c.Login(ctx, "a long password", "192.0.2.1:1"))
		after, _, _ := st.ConsoleUser(ctx, administrator)
		if after.Password == before.Password || !strings.Contains(after.Password, "t=2") {
			t.Errorf("kept as %s, then %s", before.Password, after.Password)
		}
		shows(t, c, Credentials{Session: session}, "")
		must(c.Login(ctx, "a long password", "192.0.2.1:1"))
	})
}

func TestPasswordsAreKeptWithTheCostOfTheirHash(t *testing.T) {
	cheap := cost{time: 1, memory: 8 << 10, threads: 1}
	stored := hashPassword("correct horse", cheap)
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=8192,t=1,p=1$") {
		t.Fatalf("stored as %s", stored)
	}
	if stored == hashPassword("correct horse", cheap) {
		t.Error("the same password twice has the same hash: there is no salt")
	}
	if ok, outdated, err := verifyPassword(stored, "correct horse"); !ok || !outdated || err != nil {
		t.Errorf("the right one: %v, outdated %v, %v; want it made anew", ok, outdated, err)
	}
	if ok, _, err := verifyPassword(stored, "correct horsf"); ok || err != nil {
		t.Errorf("a wrong one: %v, %v", ok, err)
	}
	for name, spoilt := range map[string]string{
		"nothing": "", "another kind": "$2b$12$abcdefghijklmnopqrstuv", "cut": stored[:40], "no cost": strings.Replace(stored, "m=8192", "m=x", 1),
		"a cost beyond all memory": strings.Replace(stored, "m=8192", "m=4294967295", 1), "no passes": strings.Replace(stored, "t=1", "t=0", 1),
		"another version": strings.Replace(stored, "v=19", "v=18", 1),
	} {
		if ok, _, err := verifyPassword(spoilt, "correct horse"); ok || fault.CodeOf(err) != "password_hash_corrupt" {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	c := &Control{config: Config{Now: time.Now}}
	k := c.newKey(kindSecret, "bench", Check)
	held := &snapshot{byDigest: map[digest]*heldKey{digest(k.Hash): {Key: k.Key, principal: Principal{Kind: Server, KeyID: k.ID, Scopes: Check}}}}
	c.keys.Store(held)
	cred := bearer(k.Secret)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Authenticate(context.Background(), cred); err != nil {
			b.Fatal(err)
		}
	}
}
