package account

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/event"
	"pgregory.net/rapid"
)

func TestAPseudonymIsTheHMACOfTheUserID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "secret")
		user := rapid.OneOf(rapid.String(), rapid.StringN(150, 400, -1)).Draw(t, "user")
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(user))
		want := strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)))[:PseudonymLength]
		if got := Pseudonym(secret, user); got != want {
			t.Fatalf("Pseudonym(%x, %q) = %s, want %s", secret, user, got, want)
		}
	})
}

func BenchmarkPseudonym(b *testing.B) {
	secret := bytes.Repeat([]byte{7}, 32)
	b.ReportAllocs()
	for b.Loop() {
		Pseudonym(secret, "usr_0123456789")
	}
}

func TestSplitPersonalPartsEveryValue(t *testing.T) {
	clearPart, personal := SplitPersonal(map[string]any{
		"plan": "pro", "seats": 3.0, "beta": true, "gone": nil, "tags": []any{"a", "b"},
		"email": "ada@b.example", "note": "call back", "ref": "from ada@b.example", "id": "u_1", "user_id": "u_1",
		"company": map[string]any{"name": "Acme", "address": map[string]any{"city": "Berlin"}},
		"ignored": struct{}{},
	})
	wantClear := map[string]any{"plan": "pro", "seats": 3.0, "beta": true, "gone": nil, "tags.count": 2.0, "id": "u_1", "company.name": "Acme"}
	wantPersonal := map[string]any{"email": "ada@b.example", "note": "call back", "ref": "from ada@b.example", "user_id": "u_1", "company.address.city": "Berlin"}
	if !reflect.DeepEqual(clearPart, wantClear) || !reflect.DeepEqual(personal, wantPersonal) {
		t.Errorf("clear %v, personal %v", clearPart, personal)
	}
}

func TestSplitPersonalLeavesNoEmailAddressInClear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		email := rapid.StringMatching(`[a-z0-9._+-]{0,8}[a-z0-9]@[a-z0-9]{1,8}(\.[a-z]{2,5}){1,2}`).Draw(t, "email")
		traits := map[string]any{}
		for range rapid.IntRange(0, 5).Draw(t, "traits") {
			name := rapid.OneOf(rapid.StringMatching(`[a-zA-Z_.]{1,12}`), rapid.Just(email)).Draw(t, "name")
			var v = rapid.SampledFrom([]any{"x " + email + " y", email, "plain", 5.0, true}).Draw(t, "value")
			if rapid.Bool().Draw(t, "nest") {
				v = map[string]any{name: v}
			}
			traits[name] = v
		}
		clearPart, personal := SplitPersonal(traits)
		if text, _ := json.Marshal(clearPart); bytes.Contains(text, []byte(email)) {
			t.Fatalf("%s stays clear in %s", email, text)
		}
		for name := range personal {
			if _, ok := clearPart[name]; ok {
				t.Fatalf("%s is in both parts", name)
			}
		}
	})
}

func change(t *testing.T, body string) *event.AccountChange {
	t.Helper()
	var c event.AccountChange
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestAnAccountChangeReplacesMergesAndDeletes(t *testing.T) {
	const before = `{"key":"acme","name":"Acme","parent":"group","domain":"a.example","traits":{"plan":"pro","seats":3},"external_ids":{"crm":"1"},"billing":{"stripe":"c"},"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`
	for _, c := range []struct{ name, change, want string }{
		{"nothing", `{}`, ``},
		{"a name", `{"name":"New"}`, `"name":"New"`},
		{"one trait among others", `{"traits":{"seats":4,"beta":true}}`, `"traits":{"beta":true,"plan":"pro","seats":4}`},
		{"a trait deleted", `{"traits":{"seats":null}}`, `"traits":{"plan":"pro"}`},
		{"ids merged and deleted", `{"external_ids":{"crm":null,"erp":"2"},"billing":{"stripe":"d"}}`, `"external_ids":{"erp":"2"},"billing":{"stripe":"d"}`},
		{"itself as parent: kept out", `{"parent":"acme"}`, ``},
	} {
		var a, want Account
		if err := json.Unmarshal([]byte(before), &a); err != nil {
			t.Fatal(err)
		}
		shared := a.Traits
		kept := reflect.ValueOf(shared).Len()
		_ = json.Unmarshal([]byte(before), &want)
		var fields map[string]json.RawMessage
		_ = json.Unmarshal([]byte("{"+c.want+"}"), &fields)
		for name := range fields { // a field that is wanted is wanted exactly, not merged
			switch name {
			case "traits":
				want.Traits = nil
			case "external_ids":
				want.ExternalIDs = nil
			case "billing":
				want.Billing = nil
			}
		}
		_ = json.Unmarshal([]byte("{"+c.want+"}"), &want)
		at := a.CreatedAt + clock.Day
		want.UpdatedAt = at
		a.Apply(change(t, c.change), at)
		if !reflect.DeepEqual(a, want) {
			t.Errorf("%s: %+v, want %+v", c.name, a, want)
		}
		if len(shared) != kept {
			t.Errorf("%s: the traits given out before were changed", c.name)
		}
	}
}

func TestNullTakesEverythingAwayAndTheAccountIsKnown(t *testing.T) {
	a := Account{Key: "acme", Name: "Acme", Parent: "g", Domain: "d", Traits: map[string]any{"x": 1.0}, Unknown: true}
	a.Apply(change(t, `{"name":null,"parent":"","domain":null,"traits":{"x":null}}`), 5)
	if want := (Account{Key: "acme", CreatedAt: 5, UpdatedAt: 5}); !reflect.DeepEqual(a, want) {
		t.Errorf("%+v, want %+v", a, want)
	}
}

func TestAPersonChangeReplacesMergesAndDeletes(t *testing.T) {
	key := bytes.Repeat([]byte{1}, KeySize)
	seal := func(plain map[string]any) []byte {
		b, err := Seal(key, plain, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var p Person
	apply := func(body string, sealed []byte, at clock.Time) {
		var c event.PersonChange
		if err := json.Unmarshal([]byte(body), &c); err != nil {
			t.Fatal(err)
		}
		p.Apply(&c, sealed, at)
	}
	apply(`{"account":"acme","role":"admin","profile":"host","traits":{"seats":1,"x":2}}`, seal(map[string]any{"email": "a@b.example", "name": "Ada"}), 10)
	apply(`{"role":"king","profile":null,"traits":{"x":null}}`, seal(map[string]any{"email": "new@b.example", "name": nil}), 5)
	got, err := Open(key, p.Sealed)
	if p.Account != "acme" || p.Role != "admin" || p.Profile != "" || p.SeenAt != 10 || !reflect.DeepEqual(p.Traits, map[string]any{"seats": 1.0}) {
		t.Errorf("%+v", p)
	}
	if want := map[string]any{"email": "new@b.example"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("opens as %v, %v; want %v", got, err, want)
	}
}

func TestAPersonKeepsTheirOwnWhenTakingOverAnEarlierSelf(t *testing.T) {
	p := Person{Pseudonym: "new", Role: "admin", Traits: map[string]any{"a": 1.0}, SeenAt: 5}
	p.Absorb(&Person{Pseudonym: "old", Account: "acme", Role: "member", Profile: "host", Traits: map[string]any{"a": 2.0, "b": 3.0}, SeenAt: 9, Sealed: []byte{1}})
	if want := (Person{Pseudonym: "new", Account: "acme", Role: "admin", Profile: "host", Traits: map[string]any{"a": 1.0, "b": 3.0}, SeenAt: 9}); !reflect.DeepEqual(p, want) {
		t.Errorf("%+v, want %+v", p, want)
	}
}
