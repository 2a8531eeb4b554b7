package access

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/headroomhq/headroom/internal/fault"
)

const signing = "hr_ts_0123456789"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// token signs the claims of a good token with some changed; nil takes a claim away.
func token(method jwt.SigningMethod, key any, changed jwt.MapClaims) string {
	claims := jwt.MapClaims{"sub": "ann", "account": "acme", "role": "member", "exp": noon.Add(time.Hour).Unix()}
	maps.Copy(claims, changed)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}

func hs256(changed jwt.MapClaims) string {
	return token(jwt.SigningMethodHS256, []byte(signing), changed)
}

func TestAUserTokenIsGoodOnlyWhenAllOfItIs(t *testing.T) {
	good := User{ID: "ann", Account: "acme", Role: RoleMember}
	for _, c := range []struct {
		name, token string
		want        User
		code, says  string
	}{
		{"a member's", hs256(nil), good, "", ""},
		{"an admin's", hs256(jwt.MapClaims{"role": "admin"}), User{ID: "ann", Account: "acme", Role: RoleAdmin}, "", ""},
		{"with claims of the product's own", hs256(jwt.MapClaims{"plan": "pro", "aud": "x", "iss": "y"}), good, "", ""},
		{"for exactly a day", hs256(jwt.MapClaims{"exp": noon.Add(24 * time.Hour).Unix(), "iat": noon.Unix()}), good, "", ""},
		{"just ended, by a clock that differs", hs256(jwt.MapClaims{"exp": noon.Add(-20 * time.Second).Unix()}), good, "", ""},

		{"ended", hs256(jwt.MapClaims{"exp": noon.Add(-time.Minute).Unix()}), User{}, "user_token_expired", "2026-03-01T11:59:00Z"},
		{"without an end", hs256(jwt.MapClaims{"exp": nil}), User{}, "user_token_invalid", "no exp"},
		{"with an end in words", hs256(jwt.MapClaims{"exp": "tomorrow"}), User{}, "user_token_invalid", "not a JWT"},
		{"with an end beyond all time", hs256(jwt.MapClaims{"exp": 1e300}), User{}, "user_token_", ""},
		{"that would live two days", hs256(jwt.MapClaims{"exp": noon.Add(48 * time.Hour).Unix()}), User{}, "user_token_invalid", "24 hours"},
		{"that was to live two days", hs256(jwt.MapClaims{"iat": noon.Add(-47 * time.Hour).Unix()}), User{}, "user_token_invalid", "24 hours"},
		{"not valid yet", hs256(jwt.MapClaims{"nbf": noon.Add(10 * time.Minute).Unix()}), User{}, "user_token_invalid", "not valid yet"},
		{"without a user", hs256(jwt.MapClaims{"sub": nil}), User{}, "user_token_invalid", "sub"},
		{"with a number for a user", hs256(jwt.MapClaims{"sub": 7}), User{}, "user_token_invalid", "not a JWT"},
		{"with a user of a thousand letters", hs256(jwt.MapClaims{"sub": strings.Repeat("a", 1000)}), User{}, "user_token_invalid", "sub"},
		{"without an account", hs256(jwt.MapClaims{"account": nil}), User{}, "user_token_invalid", "account"},
		{"with an empty account", hs256(jwt.MapClaims{"account": ""}), User{}, "user_token_invalid", "account"},
		{"without a role", hs256(jwt.MapClaims{"role": nil}), User{}, "user_token_invalid", "role"},
		{"with a role we do not know", hs256(jwt.MapClaims{"role": "owner"}), User{}, "user_token_invalid", `"owner"`},

		{"signed with another secret", token(jwt.SigningMethodHS256, []byte("other"), nil), User{}, "user_token_invalid", "signed"},
		{"signed with nothing", token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), User{}, "user_token_invalid", "signed"},
		{"signed with a longer hash", token(jwt.SigningMethodHS512, []byte(signing), nil), User{}, "user_token_invalid", "signed"},
		{"with its signature cut off", hs256(nil)[:strings.LastIndex(hs256(nil), ".")+1], User{}, "user_token_invalid", "signed"},
		{"with its claims changed", forged(hs256(nil)), User{}, "user_token_invalid", "signed"},
		{"that is no token", "hello", User{}, "user_token_invalid", "not a JWT"},
		{"of four parts", hs256(nil) + ".x", User{}, "user_token_invalid", "not a JWT"},
		{"of a megabyte", strings.Repeat("a.", 1<<19), User{}, "user_token_invalid", "longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := VerifyUserToken(c.token, signing, noon)
			if got != c.want || (err == nil) != (c.code == "") {
				t.Fatalf("got %+v, %v; want %+v", got, err, c.want)
			}
			if err == nil {
				return
			}
			if !strings.HasPrefix(fault.CodeOf(err), c.code) || !strings.Contains(err.Error(), c.says) || fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("fault %s says %v, want %s with %q", fault.CodeOf(err), err, c.code, c.says)
			}
			if strings.Contains(err.Error(), c.token) {
				t.Errorf("the fault repeats the token: %v", err)
			}
		})
	}
}

// forged puts other claims under the signature of a token.
func forged(good string) string {
	parts := strings.Split(good, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"ann","account":"globex","role":"admin","exp":1772370000}`))
	return strings.Join(parts, ".")
}

func TestWhatSignUserTokenSignsIsGood(t *testing.T) {
	u := User{ID: "ann", Account: "acme", Role: RoleAdmin}
	text, err := SignUserToken(signing, u, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := VerifyUserToken(text, signing, noon); err != nil || got != u {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzVerifyUserToken looks for a token that is let in although we did not sign it: the
// fuzzer does not know the secret, so that only the seeds may pass.
func FuzzVerifyUserToken(f *testing.F) {
	seeds := []string{hs256(nil), hs256(jwt.MapClaims{"exp": 1e300}), token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), forged(hs256(nil)), "..", "e30.e30.", "", "a.b.c"}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := VerifyUserToken(text, signing, noon)
		if err == nil && (text != seeds[0] || u.ID == "" || u.Account == "" || u.Role == "") {
			t.Errorf("%q was let in as %+v", text, u)
		}
		if err != nil && fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("%q is kind %d: %v", text, fault.KindOf(err), err)
		}
	})
}
