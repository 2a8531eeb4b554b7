package account

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/event"
	"pgregory.net/rapid"
)

func drawPlain(t *rapid.T) map[string]any {
	return rapid.MapOfN(rapid.SampledFrom([]string{"email", "name", "phone", "note", "é\n\""}), rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.SampledFrom([]any{true, false, nil, json.Number("1.50"), json.Number("12345678901234567890")}),
	), 0, 5).Draw(t, "plain")
}

func without(plain map[string]any) map[string]any {
	out := maps.Clone(plain)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func TestWhatIsSealedOpensOnlyWithItsKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), KeySize, KeySize).Draw(t, "key")
		plain := drawPlain(t)
		sealed, err := Seal(key, plain, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Open(key, sealed)
		want := without(plain)
		if err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%v came back as %v, %v", plain, got, err)
		}
		for name, v := range plain {
			if s, ok := v.(string); ok && len(s) > 5 && bytes.Contains(sealed, []byte(s)) || len(name) > 3 && bytes.Contains(sealed, []byte(name)) {
				t.Fatalf("%s=%v can be read in %q", name, v, sealed)
			}
		}
		if len(want) == 0 {
			return
		}
		other := bytes.Clone(key)
		other[0] ^= 1
		if got, err := Open(other, sealed); !errors.Is(err, ErrUnsealed) {
			t.Fatalf("another key opens it: %v, %v", got, err)
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "flip")
		sealed[i] ^= 0x40
		if got, err := Open(key, sealed); err == nil && !isPart(got, want) {
			t.Fatalf("damaged at %d it opens as %v, want an error", i, got)
		}
	})
}

// isPart: a flipped length can only turn entries into other lengths, which do not decrypt.
func isPart(got, want map[string]any) bool {
	for k, v := range got {
		if !reflect.DeepEqual(want[k], v) {
			return false
		}
	}
	return true
}

func TestMergingSealedTextsIsMergingWhatTheySay(t *testing.T) {
	key := bytes.Repeat([]byte{9}, KeySize)
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]any{}
		var merged []byte
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			plain := drawPlain(t)
			sealed, err := Seal(key, plain, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			merged = MergeSealed(merged, sealed)
			maps.Copy(want, plain)
			want = without(want)
		}
		got, err := Open(key, merged)
		if err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("merged opens as %v, %v; want %v", got, err, want)
		}
	})
}

func TestDamagedSealedTextNeverReplacesGoodOne(t *testing.T) {
	key := bytes.Repeat([]byte{9}, KeySize)
	good, _ := Seal(key, map[string]any{"email": "a@b.example"}, rand.Reader)
	for _, bad := range [][]byte{{}, {7}, {sealVersion, 1, 2}, good[:len(good)-1], append([]byte{2}, good[1:]...)} {
		if got := MergeSealed(good, bad); !bytes.Equal(got, good) {
			t.Errorf("merging %x gives %x, want %x", bad, got, good)
		}
		if got := MergeSealed(bad, good); !bytes.Equal(got, good) {
			t.Errorf("merging into %x gives %x, want %x", bad, got, good)
		}
	}
}

func TestSealingTwiceNeverGivesTheSameBytes(t *testing.T) {
	key := bytes.Repeat([]byte{9}, KeySize)
	a, _ := Seal(key, map[string]any{"email": "a@b.example"}, rand.Reader)
	b, _ := Seal(key, map[string]any{"email": "a@b.example"}, rand.Reader)
	if bytes.Equal(a, b) {
		t.Error("the same bytes twice: equal values of a person could be told")
	}
}

func TestWhatCannotBeSealedIsRefused(t *testing.T) {
	key := bytes.Repeat([]byte{9}, KeySize)
	if _, err := Seal(key[:16], map[string]any{"a": "b"}, rand.Reader); err == nil {
		t.Error("a short key was taken")
	}
	if _, err := Seal(key, map[string]any{"a": []any{}}, rand.Reader); err == nil {
		t.Error("a list was taken")
	}
	if _, err := Seal(key, map[string]any{"a": "b"}, strings.NewReader("short")); err == nil {
		t.Error("a nonce was made without randomness")
	}
	if b, err := Seal(key, nil, rand.Reader); b != nil || err != nil {
		t.Errorf("nothing seals as %x, %v", b, err)
	}
}

func FuzzOpen(f *testing.F) {
	key := bytes.Repeat([]byte{9}, KeySize)
	good, _ := Seal(key, map[string]any{"email": "a@b.example", "gone": nil}, bytes.NewReader(make([]byte, 100)))
	f.Add(good)
	f.Add([]byte{sealVersion, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := Open(key, sealed); err != nil && !errors.Is(err, ErrUnsealed) {
			t.Fatal(err)
		}
		once := MergeSealed(nil, sealed)
		if again := MergeSealed(once, sealed); !bytes.Equal(again, once) && len(again) != len(once) {
			t.Fatalf("merging twice gives %x, once %x", again, once)
		}
	})
}

func TestARequestIsPseudonymisedAndSealedPersonByPerson(t *testing.T) {
	body := `{"batch":[
		{"type":"track","userId":"u1","event":"x","properties":{"email":"ada@b.example","n":1}},
		{"type":"identify","userId":"u2","traits":{"email":"bob@b.example","seat":2},"context":{"groupId":"acme"}},
		{"type":"track","userId":"u1","event":"y"},
		{"type":"identify","userId":"erased","traits":{"email":"gone@b.example"}}]}`
	d, err := event.DecodeSegment("batch", []byte(body), 1, event.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("secret")
	u1, u2, erased := Pseudonym(secret, "u1"), Pseudonym(secret, "u2"), Pseudonym(secret, "erased")
	asked := Pseudonymize(secret, d)
	if !slices.Equal(asked, []string{u1, u2, erased}) {
		t.Errorf("keys asked for: %v", asked)
	}
	keys := map[string][]byte{u1: bytes.Repeat([]byte{1}, KeySize), u2: bytes.Repeat([]byte{2}, KeySize)}
	if err := SealPersonal(d, keys, rand.Reader); err != nil {
		t.Fatal(err)
	}
	want := []string{"ada@b.example", "bob@b.example", "bob@b.example", "", ""}
	for i := range d.Pending {
		p := &d.Pending[i]
		got, err := Open(keys[p.Record.User], p.Record.Sealed)
		if p.Record.Sealed == nil {
			got, err = nil, nil
		}
		email, _ := got["email"].(string)
		if err != nil || email != want[i] || p.Personal != nil || p.UserID != "" {
			t.Errorf("record %d: email %q, %v; want %q; left over: %v %q", i, email, err, want[i], p.Personal, p.UserID)
		}
	}
}
