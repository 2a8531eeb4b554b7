package account

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestATextOpensOnlyWithTheKeyOfItsSubject(t *testing.T) {
	subject := Pseudonym([]byte("secret"), "ada")
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), KeySize, KeySize).Draw(t, "key")
		text := rapid.String().Draw(t, "text")
		sealed, err := SealText(key, subject, "note", text)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 5 && strings.Contains(sealed, text) {
			t.Fatalf("%q can be read in %q", text, sealed)
		}
		if who, ok := TextSubject(sealed); !ok || who != subject {
			t.Fatalf("its subject is %q, %v", who, ok)
		}
		if n := TextLength(sealed); n != len(text) || TextLength(text) != len(text) {
			t.Fatalf("a text of %d bytes has %d sealed", len(text), n)
		}
		if got, err := OpenText(key, sealed); err != nil || got != text {
			t.Fatalf("%q came back as %q, %v", text, got, err)
		}
		other := bytes.Clone(key)
		other[0] ^= 1
		if got, err := OpenText(other, sealed); !errors.Is(err, ErrUnsealed) {
			t.Fatalf("another key opens it: %q, %v", got, err)
		}
		b, _ := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(sealed, sealedText))
		b[rapid.IntRange(0, len(b)-1).Draw(t, "flip")] ^= 0x40
		if got, err := OpenText(key, sealedText+base64.RawStdEncoding.EncodeToString(b)); !errors.Is(err, ErrUnsealed) {
			t.Fatalf("damaged it opens as %q, %v", got, err)
		}
	})
}

func TestTheSameTextLooksTheSameOnlyAtTheSamePlace(t *testing.T) {
	key, subject := bytes.Repeat([]byte{9}, KeySize), Pseudonym([]byte("secret"), "ada")
	seal := func(place, text string) string {
		s, err := SealText(key, subject, place, text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if first, again := seal("a", "too dear"), seal("a", "too dear"); first != again {
		t.Error("a repeated call would be another call")
	}
	if seal("a", "too dear") == seal("b", "too dear") || seal("a", "btext") == seal("ab", "text") {
		t.Error("equal texts of a person can be told at different places")
	}
}

func TestWhatWasNotSealedIsNotTakenForSealed(t *testing.T) {
	key := bytes.Repeat([]byte{9}, KeySize)
	for _, s := range []string{"", "too dear", "sealed:", "sealed:no base64!", "sealed:aGVsbG8", "Sealed:" + strings.Repeat("A", 100), "sealed:" + strings.Repeat("A", 100)} {
		if who, ok := TextSubject(s); ok {
			t.Errorf("%q is sealed for %q", s, who)
		}
		if _, err := OpenText(key, s); !errors.Is(err, ErrUnsealed) {
			t.Errorf("%q opens: %v", s, err)
		}
		if TextLength(s) != len(s) {
			t.Errorf("%q has %d bytes", s, TextLength(s))
		}
	}
	if _, err := SealText(key, "ada", "note", "x"); err == nil {
		t.Error("a text was sealed for somebody who is no pseudonym")
	}
}
