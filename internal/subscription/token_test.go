package subscription

import (
	"reflect"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

var secret = []byte("the installation's secret")

func aBinding(t testing.TB) Binding {
	ch := Change{Plan: "pro", Addons: addons()}
	q, _, err := Preview(Subscription{}, ch, Terms{Catalog: summit(), Now: at(t, "2026-01-01")})
	if err != nil {
		t.Fatal(err)
	}
	return Binding{Account: "acme", Version: 3, Change: ch.clone(), Quote: q, CatalogVersion: "c-1", Decision: "dec_1", ExpiresAt: at(t, "2026-01-01T00:15:00Z")}
}

func TestATokenBindsWhatWasShown(t *testing.T) {
	b := aBinding(t)
	token := b.Sign(secret)
	swap := func(s string, i int) string {
		return s[:i] + string(rune('A'+(s[i]-'A'+1)%26)) + s[i+1:]
	}
	for _, c := range []struct {
		name, token string
		secret      []byte
		now         clock.Time
		want        string
	}{
		{"in time", token, secret, b.ExpiresAt - 1, ""},
		{"at its end", token, secret, b.ExpiresAt, "token_expired"},
		{"with a changed price", swap(token, 10), secret, b.ExpiresAt - 1, "token_invalid"},
		{"with a changed signature", swap(token, len(token)-10), secret, b.ExpiresAt - 1, "token_invalid"},
		{"of another installation", token, []byte("another"), b.ExpiresAt - 1, "token_invalid"},
		{"cut short", token[:len(token)-3], secret, b.ExpiresAt - 1, "token_invalid"},
		{"without a signature", strings.Split(token, ".")[0], secret, b.ExpiresAt - 1, "token_invalid"},
		{"empty", "", secret, 0, "token_invalid"},
		{"not a token", "eyJ.%%%", secret, 0, "token_invalid"},
		{"enormous", strings.Repeat("A", 1<<20), secret, 0, "token_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Verify(c.secret, c.token, c.now)
			if c.want == "" {
				if err != nil || !reflect.DeepEqual(got, b) {
					t.Fatalf("got %+v, %v\nwant %+v", got, err, b)
				}
			} else if fault.CodeOf(err) != c.want || fault.KindOf(err) != fault.Stale {
				t.Fatalf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestATokenFitsOnlyTheStateItWasMadeFor(t *testing.T) {
	b := aBinding(t)
	for _, c := range []struct {
		name, account, catalog string
		version                int64
		want                   string
	}{
		{"the same", "acme", "c-1", 3, "internal"},
		{"another account", "bolt", "c-1", 3, "token_invalid"},
		{"the subscription changed meanwhile", "acme", "c-1", 4, "token_outdated"},
		{"the catalog changed meanwhile", "acme", "c-2", 3, "token_outdated"},
	} {
		err := b.Fits(c.account, &Subscription{Version: c.version}, c.catalog)
		if got := fault.CodeOf(err); got != c.want || (c.want == "internal") != (err == nil) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(aBinding(f).Sign(secret))
	f.Add("")
	f.Add("e30.e30")
	f.Fuzz(func(t *testing.T, token string) {
		b, err := Verify(secret, token, 0)
		if err == nil && b.Sign(secret) != token {
			t.Fatalf("%q was taken but is not what we sign", token)
		}
		if err != nil && fault.KindOf(err) != fault.Stale {
			t.Fatal(err)
		}
	})
}
