package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// Free text that people write (a reason, a note) travels through the log and the state as a
// string that only the key of a person opens:
//
//	"sealed:" base64( version(1) subject(26) nonce(12) ciphertext )
//
// The subject is the pseudonym whose key it is. The nonce is made of the key, the place and
// the text (RFC 5297's thought): the same text at the same place gives the same string, so
// that a repeated call is the same call; different ones never share a nonce.
const (
	sealedText   = "sealed:"
	textVersion  = 1
	textOverhead = 1 + PseudonymLength + nonceSize + 16
)

// Erased stands for a text whose key was deleted.
const Erased = "(erased)"

// SealText seals a text of any length under the key of subject, a pseudonym. place tells
// apart where texts stand: equal texts at different places look different.
func SealText(key []byte, subject, place, text string) (string, error) {
	if len(subject) != PseudonymLength {
		return "", fmt.Errorf("%q is no pseudonym", subject)
	}
	aead, err := cipherOf(key)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "text\x00%d\x00%s%s", len(place), place, text)
	nonce := mac.Sum(nil)[:nonceSize]
	out := append([]byte{textVersion}, subject...)
	head := len(out)
	out = append(out, nonce...)
	out = aead.Seal(out, nonce, []byte(text), out[:head])
	return sealedText + base64.RawStdEncoding.EncodeToString(out), nil
}

// TextSubject returns the pseudonym whose key opens s; false when s is not sealed.
func TextSubject(s string) (pseudonym string, sealed bool) {
	b, ok := textBytes(s)
	if !ok {
		return "", false
	}
	return string(b[1 : 1+PseudonymLength]), true
}

// OpenText opens what SealText made; ErrUnsealed when the key does not fit.
func OpenText(key []byte, s string) (string, error) {
	b, ok := textBytes(s)
	if !ok {
		return "", ErrUnsealed
	}
	aead, err := cipherOf(key)
	if err != nil {
		return "", err
	}
	head := 1 + PseudonymLength
	text, err := aead.Open(nil, b[head:head+nonceSize], b[head+nonceSize:], b[:head])
	if err != nil {
		return "", ErrUnsealed
	}
	return string(text), nil
}

// TextLength returns the number of bytes of a text, sealed or not.
func TextLength(s string) int {
	if b, ok := textBytes(s); ok {
		return len(b) - textOverhead
	}
	return len(s)
}

func textBytes(s string) ([]byte, bool) {
	rest, ok := strings.CutPrefix(s, sealedText)
	if !ok {
		return nil, false
	}
	b, err := base64.RawStdEncoding.DecodeString(rest)
	return b, err == nil && len(b) >= textOverhead && b[0] == textVersion
}
