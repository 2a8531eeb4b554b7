package event

import (
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What names a person never enters the log in clear. Which values those are is decided
// here, in one place, for properties of events and traits of people alike:
//
//   - by name, for texts: email, phone, fax, address and what is below it, username, login,
//     first, last, full, display... name, birthday, avatar, ip, password and the like; "name"
//     alone, and as user.name, host_name, customerName... of any word for a person; and free
//     text: comment, message, feedback, note, bio, about, description, query, search;
//   - by name, for numbers too: phone, fax, birth, ssn, passport, zip, ip, latitude, longitude;
//   - by value, whatever the name: a text that has an email address in it, begins like an
//     international phone number, is a link with a query or a login in it, or is longer than
//     MaxText characters; and a name that itself has an email address in it;
//   - user ids (user_id, anonymousId, and any text equal to the user of the event) are
//     replaced by the pseudonym, so that they can still be counted.
//
// plan.name, summit_name, page and company names, and so on stay clear, and so do
// booleans and nulls. An account's traits are about a company and stay clear whatever
// their name, unless the value has an email address in it or is free text.

// nature is what a name says of its value.
type nature uint8

const (
	clear0       nature = iota // nothing personal
	personalText               // personal when it is a text
	personal                   // personal when it is a text or a number
	personID                   // the id of a user
	personalName               // the name itself names somebody
)

// Personal says whether a property or trait of this name and value names a person or is
// free text, and so must be sealed. A user id counts as such here; the doors keep those of
// events as pseudonyms.
func Personal(name string, v Value) bool {
	n := natureOf(name)
	return n.seals(v) || n == personID && (v.Kind == String || v.Kind == Number)
}

// PersonalOfAccount says whether the trait of an account is about a person after all: it
// has an email address in it or is free text.
func PersonalOfAccount(text string) bool { return hasEmail(text) || isLong(text) }

func (n nature) seals(v Value) bool {
	switch v.Kind {
	case String:
		return n == personalText || n == personal || n == personalName || personalValue(v.Text)
	case Number:
		return n == personal || n == personalName
	}
	return n == personalName
}

func personalValue(s string) bool {
	return hasEmail(s) || isLong(s) || isPhone(s) || isPrivateLink(s)
}

func isLong(s string) bool { return len(s) > MaxText && utf8.RuneCountInString(s) > MaxText }

// hasEmail says whether s has something like an email address in it: an @ (or its URL form
// %40) between something and a host name, which a version number is not.
func hasEmail(s string) bool {
	for at := strings.IndexByte(s, '@'); at >= 0; {
		rest := s[at+1:]
		if at > 0 && s[at-1] > ' ' && strings.IndexByte("(<[{,;:/@\"", s[at-1]) < 0 {
			end := 0
			for end < len(rest) && (wordByte(rest[end]) || rest[end] == '.' || rest[end] == '-') {
				end++
			}
			domain := strings.TrimRight(rest[:end], ".-")
			last := domain[strings.LastIndexByte(domain, '.')+1:]
			if len(last) >= 2 && !digit(last[0]) {
				return true
			}
		}
		next := strings.IndexByte(rest, '@')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return strings.IndexByte(s, '%') >= 0 && strings.Contains(s, "%40")
}

func wordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || digit(c) || c >= 0x80 || c == '_'
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// isPhone says whether s is written like an international phone number: +49 (151) 234-5678.
func isPhone(s string) bool {
	if len(s) < 8 || len(s) > 24 || s[0] != '+' {
		return false
	}
	digits := 0
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case digit(c):
			digits++
		case c != ' ' && c != '-' && c != '.' && c != '(' && c != ')' && c != '/':
			return false
		}
	}
	return digits >= 7
}

// isPrivateLink says whether s is a link with a query, a fragment or a login in it, which
// is where links carry tokens and names.
func isPrivateLink(s string) bool {
	_, after, ok := strings.Cut(s, "://")
	return ok && strings.ContainsAny(after, "?#@")
}

// natureOf works out the nature of a name from its last words. It is asked once for each
// name in a while; see nameCache.
func natureOf(name string) nature {
	if hasEmail(name) || isPhone(name) {
		return personalName
	}
	w := words(name)
	for i := range w {
		if n, ok := anywhere[w[i]]; ok {
			return n
		}
	}
	// "email_address", "phone_number", "phone_2" are what "email" and "phone" are.
	for len(w) > 1 && qualifiers[w[len(w)-1]] {
		w = w[:len(w)-1]
	}
	if len(w) == 0 {
		return clear0
	}
	last, prev := w[len(w)-1], ""
	if len(w) > 1 {
		prev = w[len(w)-2]
	}
	switch {
	case last == "name":
		if prev == "" || people[prev] || givenNames[prev] {
			return personalText
		}
		return clear0
	case last == "id" || last == "ids":
		if prev == "user" || prev == "anonymous" || prev == "person" || prev == "visitor" {
			return personID
		}
		return clear0
	case (last == "user" || last == "person") && len(w) == 1:
		return personID
	}
	return atEnd[last]
}

// words splits a name such as "billing.firstName" or "first_name" into lower-case words.
func words(name string) []string {
	var out []string
	var cur []rune
	flush := func() {
		if len(cur) > 0 {
			out = append(out, string(cur))
			cur = cur[:0]
		}
	}
	before := rune(0)
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
		case unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsDigit(before)):
			flush()
			cur = append(cur, unicode.ToLower(r))
		default:
			cur = append(cur, unicode.ToLower(r))
		}
		before = r
	}
	flush()
	return out
}

// anywhere are words that make a name personal wherever they stand in it.
var anywhere = map[string]nature{
	"address": personalText, "addresses": personalText, "street": personalText,
	"birthday": personal, "birthdate": personal, "dob": personal, "birth": personal,
	"ssn": personal, "passport": personal, "iban": personal,
	"password": personal, "passwd": personal, "passcode": personal, "secret": personalText,
	"username": personalText, "userid": personID, "anonymousid": personID, "firstname": personalText, "lastname": personalText,
	"surname": personalText, "fullname": personalText, "nickname": personalText,
	"middlename": personalText, "displayname": personalText, "givenname": personalText, "familyname": personalText,
	"avatar": personalText, "latitude": personal, "longitude": personal,
}

// atEnd are words that make a name personal when they end it.
var atEnd = map[string]nature{
	"email": personalText, "emails": personalText, "mail": personalText, "emailaddress": personalText,
	"phone": personal, "phonenumber": personal, "telephone": personal, "cellphone": personal, "tel": personal, "fax": personal, "msisdn": personal,
	"zip": personal, "zipcode": personal, "postcode": personal, "postal": personal, "postalcode": personal,
	"ip": personal, "ipaddress": personal, "lat": personal, "lng": personal, "lon": personal,
	"login": personalText, "handle": personalText, "photo": personalText, "gender": personalText, "signature": personalText,
	"comment": personalText, "comments": personalText, "message": personalText, "feedback": personalText,
	"note": personalText, "notes": personalText, "bio": personalText, "about": personalText,
	"description": personalText, "remark": personalText, "remarks": personalText, "review": personalText,
	"transcript": personalText, "query": personalText, "search": personalText,
}

// qualifiers follow another word without changing what it is about.
var qualifiers = map[string]bool{
	"number": true, "value": true, "text": true, "raw": true, "hash": true, "primary": true, "work": true,
	"home": true, "private": true, "1": true, "2": true, "3": true, "line": true, "code": true,
}

// people are words for a person, whose name is personal.
var people = map[string]bool{
	"user": true, "person": true, "people": true, "customer": true, "contact": true, "member": true,
	"owner": true, "author": true, "creator": true, "admin": true, "administrator": true, "manager": true,
	"employee": true, "colleague": true, "invitee": true, "inviter": true, "guest": true, "visitor": true,
	"attendee": true, "participant": true, "host": true, "speaker": true, "buyer": true, "payer": true,
	"assignee": true, "reporter": true, "sender": true, "recipient": true, "student": true, "teacher": true,
	"patient": true, "lead": true, "signer": true, "cardholder": true, "holder": true,
	"by": true, "to": true, "from": true,
}

// givenNames come before "name" in names of people.
var givenNames = map[string]bool{
	"first": true, "last": true, "full": true, "middle": true, "given": true, "family": true,
	"maiden": true, "nick": true, "display": true, "legal": true, "preferred": true, "real": true, "sur": true,
}

// nameCache remembers names with their natures, so that a batch works each out once. It
// is a table of sets of four, the oldest of which gives way, so it never grows.
type nameCache [128]struct {
	names   [4]string
	natures [4]nature
	oldest  uint8
}

var nameSeed = maphash.MakeSeed()

// of returns the nature of a name.
func (c *nameCache) of(name string) nature {
	if len(name) > 64 {
		return natureOf(name)
	}
	set := &c[maphash.String(nameSeed, name)%uint64(len(c))]
	for i := range set.names {
		if set.names[i] == name {
			return set.natures[i]
		}
	}
	i := set.oldest % 4
	set.oldest++
	set.names[i], set.natures[i] = strings.Clone(name), natureOf(name)
	return set.natures[i]
}
