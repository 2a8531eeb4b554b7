package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/store"
)

func TestASecretIsMadeOnceWhoeverComesFirst(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		var mu sync.Mutex
		seen := map[string]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				b, err := s.EnsureSecret(ctx, "pseudonyms", 32)
				if err != nil || len(b) != 32 {
					t.Errorf("%d bytes, %v", len(b), err)
				}
				mu.Lock()
				seen[string(b)] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(seen) != 1 {
			t.Errorf("%d secrets", len(seen))
		}
		other, err := s.EnsureSecret(ctx, "tokens", 32)
		if err != nil || seen[string(other)] {
			t.Errorf("two names share a secret, %v", err)
		}
		if v, err := s.SetMetaOnce(ctx, "a", []byte("1")); err != nil || string(v) != "1" {
			t.Errorf("%q, %v", v, err)
		}
		if v, err := s.SetMetaOnce(ctx, "a", []byte("2")); err != nil || string(v) != "1" {
			t.Errorf("%q, %v", v, err)
		}
		if _, ok, err := s.Meta(ctx, "nothing"); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

func TestEverybodyGetsTheSameKeyOfAPersonUntilThePersonIsErased(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		var people []string
		for i := range 300 {
			people = append(people, fmt.Sprintf("P%03d", i))
		}
		if found, err := s.FindPersonKeys(ctx, people); err != nil || len(found) != 0 {
			t.Errorf("%d keys before any was made, %v", len(found), err)
		}
		results := make([]map[string][]byte, 6)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				asked := slices.Clone(people)
				if i%2 == 1 {
					slices.Reverse(asked)
				}
				var err error
				if results[i], err = s.PersonKeys(ctx, append(asked, "P000"), noon); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		distinct := map[string]bool{}
		for _, p := range people {
			key := results[0][p]
			distinct[string(key)] = true
			for _, r := range results {
				if len(key) != 32 || !bytes.Equal(r[p], key) {
					t.Fatalf("keys of %s differ", p)
				}
			}
		}
		if len(distinct) != len(people) {
			t.Errorf("%d different keys of %d persons", len(distinct), len(people))
		}
		must(t, s.ErasePerson(ctx, "P007", noon))
		must(t, s.ErasePerson(ctx, "P007", noon))
		must(t, s.ErasePerson(ctx, "never seen", noon))
		again, err := s.PersonKeys(ctx, []string{"P007", "P008", "never seen"}, noon)
		if err != nil || len(again) != 1 || !bytes.Equal(again["P008"], results[0]["P008"]) {
			t.Errorf("after erasure: %d keys, %v", len(again), err)
		}
	})
}

func TestACatalogVersionNeverGetsAnotherText(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		for i, c := range []store.Catalog{{Version: "v1", Text: "first", Author: "ada"}, {Version: "v1", Text: "second"}, {Version: "v2", Text: "third", CreatedAt: noon}} {
			if err := s.PutCatalog(ctx, c); err != nil {
				t.Fatal(i, err)
			}
		}
		if c, err := s.Catalog(ctx, "v1"); err != nil || c.Text != "first" || c.Author != "ada" {
			t.Errorf("%+v, %v", c, err)
		}
		if l, err := s.Catalogs(ctx, store.Page{}); err != nil || len(l.Items) != 2 || l.Items[0].Version != "v2" || l.Items[0].Text != "" {
			t.Errorf("%+v, %v", l, err)
		}
		for range 2 {
			must(t, s.PutActivation(ctx, store.Activation{Version: "v1", At: noon, Position: 7}))
		}
		must(t, s.PutActivation(ctx, store.Activation{Version: "v2", At: noon, Position: 9}))
		if l, err := s.Activations(ctx, store.Page{Limit: 1}); err != nil || len(l.Items) != 1 || l.Items[0].Position != 9 || l.Next == "" {
			t.Errorf("%+v, %v", l, err)
		}
		if err := s.PutActivation(ctx, store.Activation{Version: "v3", Position: 10}); !db.IsForeignKey(err) {
			t.Errorf("a version that was never stored: %v", err)
		}
	})
}

func TestAKeyIsFoundByItsHashAndCanBeRevokedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		k := store.Key{ID: "k1", Kind: "publishable", Hash: []byte("hash"), Name: "shop", Scopes: []string{"check", "decide"}, Hint: "hr_pk_…x4Zq", TokenKey: []byte("signs"), CreatedAt: noon}
		must(t, s.PutKey(ctx, k))
		got, ok, err := s.KeyByHash(ctx, []byte("hash"))
		if err != nil || !ok || got.ID != "k1" || !slices.Equal(got.Scopes, k.Scopes) || string(got.TokenKey) != "signs" || got.RevokedAt != 0 || got.Hint != k.Hint {
			t.Errorf("%+v, %v, %v", got, ok, err)
		}
		if _, ok, err := s.KeyByHash(ctx, []byte("other")); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		wantCode(t, s.PutKey(ctx, k), "key_exists")
		k.ID = "k2"
		wantCode(t, s.PutKey(ctx, k), "key_exists")
		must(t, s.RevokeKey(ctx, "k1", noon+1))
		must(t, s.RevokeKey(ctx, "k1", noon+2))
		keys, err := s.Keys(ctx)
		if err != nil || len(keys) != 1 || keys[0].RevokedAt != noon+1 {
			t.Errorf("%+v, %v", keys, err)
		}
	})
}

func TestConsoleUsersAndSessions(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		if _, ok, err := s.ConsoleUser(ctx, "admin"); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		must(t, s.PutConsoleUser(ctx, store.ConsoleUser{Name: "admin", Password: "p1", Role: "administrator", CreatedAt: noon}))
		must(t, s.PutConsoleUser(ctx, store.ConsoleUser{Name: "admin", Password: "p2", Role: "administrator", CreatedAt: noon + 5}))
		if u, ok, err := s.ConsoleUser(ctx, "admin"); err != nil || !ok || u.Password != "p2" || u.CreatedAt != noon {
			t.Errorf("%+v, %v, %v", u, ok, err)
		}
		if all, err := s.ConsoleUsers(ctx); err != nil || len(all) != 1 {
			t.Errorf("%+v, %v", all, err)
		}
		must(t, s.PutSession(ctx, store.Session{Hash: []byte("a"), User: "admin", CreatedAt: noon, ExpiresAt: noon + clock.Hour}))
		must(t, s.PutSession(ctx, store.Session{Hash: []byte("b"), User: "admin", CreatedAt: noon + 2*clock.Hour, ExpiresAt: noon + 3*clock.Hour}))
		if _, ok, err := s.Session(ctx, []byte("a")); ok || err != nil {
			t.Errorf("an expired session is kept: %v, %v", ok, err)
		}
		if x, ok, err := s.Session(ctx, []byte("b")); err != nil || !ok || x.User != "admin" || x.ExpiresAt != noon+3*clock.Hour {
			t.Errorf("%+v, %v, %v", x, ok, err)
		}
		must(t, s.DeleteSession(ctx, []byte("b")))
		if _, ok, _ := s.Session(ctx, []byte("b")); ok {
			t.Error("the session is still there")
		}
		must(t, s.PutSession(ctx, store.Session{Hash: []byte("c"), User: "admin", CreatedAt: noon, ExpiresAt: noon + clock.Hour}))
		must(t, s.DeleteSessionsOf(ctx, "admin"))
		if _, ok, _ := s.Session(ctx, []byte("c")); ok {
			t.Error("the session outlived them all")
		}
	})
}

func TestAnImportRemembersHowFarItCame(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, open func() *db.DB) {
		must(t, s.PutImport(ctx, store.Import{ID: "i1", Kind: "accounts", File: "a.csv", Status: "running", CreatedAt: noon, UpdatedAt: noon}))
		must(t, s.PutImport(ctx, store.Import{ID: "i1", RowsDone: 500, Status: "done", Report: json.RawMessage(`{"bad":[]}`), UpdatedAt: noon + 1}))
		must(t, s.PutImport(ctx, store.Import{ID: "i2", Kind: "events", Status: "running", CreatedAt: noon + 2}))
		i, ok, err := s.Import(ctx, "i1")
		if err != nil || !ok || i.RowsDone != 500 || i.Kind != "accounts" || i.File != "a.csv" || i.CreatedAt != noon || string(i.Report) != `{"bad":[]}` {
			t.Errorf("%+v, %v, %v", i, ok, err)
		}
		if _, ok, err := s.Import(ctx, "i3"); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
		if l, err := s.Imports(ctx, store.Page{}); err != nil || len(l.Items) != 2 || l.Items[0].ID != "i2" || l.Items[0].Report != nil {
			t.Errorf("%+v, %v", l, err)
		}
	})
}
