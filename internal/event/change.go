package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// BillingTimeZone is the name under an account's billing that holds its time zone, by whose
// clocks its periods of usage begin.
const BillingTimeZone = "time_zone"

// AccountChange is the Body of a KindAccount record and what PUT /v1/accounts/{account}
// takes. A field that is there replaces, one that is not there keeps; traits, external_ids
// and billing merge name by name; null deletes (for name, parent and domain, "" does too,
// and is how a deletion is written).
type AccountChange struct {
	Name        *string            `json:"name,omitempty" nullable:"true" maxLength:"256"`
	Parent      *string            `json:"parent,omitempty" nullable:"true" maxLength:"200"` // key of the parent account
	Domain      *string            `json:"domain,omitempty" nullable:"true" maxLength:"253"`
	Traits      map[string]any     `json:"traits,omitempty"` // string, float64, bool, nil
	ExternalIDs map[string]*string `json:"external_ids,omitempty"`
	Billing     map[string]*string `json:"billing,omitempty"`
}

// PersonChange is the Body of a KindPerson record, with the same meaning of present,
// absent and null. What names the person is not here but in Record.Sealed.
type PersonChange struct {
	Account  *string        `json:"account,omitempty"`  // key of an account the person belongs to
	Role     *string        `json:"role,omitempty"`     // admin or member
	Profile  *string        `json:"profile,omitempty"`  // the role played in the product
	Traits   map[string]any `json:"traits,omitempty"`   // string, float64, bool, nil
	Domain   *string        `json:"domain,omitempty"`   // of their email address; empty: none, or one of free mail
	Previous string         `json:"previous,omitempty"` // pseudonym under which the person was known before; what was known and held there follows
}

// UnmarshalJSON reads an AccountChange, taking null for "delete".
func (c *AccountChange) UnmarshalJSON(b []byte) error {
	type plain AccountChange
	if err := json.Unmarshal(b, (*plain)(c)); err != nil {
		return err
	}
	return nullsToEmpty(b, map[string]**string{"name": &c.Name, "parent": &c.Parent, "domain": &c.Domain})
}

// UnmarshalJSON reads a PersonChange, taking null for "delete".
func (c *PersonChange) UnmarshalJSON(b []byte) error {
	type plain PersonChange
	if err := json.Unmarshal(b, (*plain)(c)); err != nil {
		return err
	}
	return nullsToEmpty(b, map[string]**string{"account": &c.Account, "role": &c.Role, "profile": &c.Profile})
}

// nullsToEmpty tells the fields that are null in b from those that are not there at all.
func nullsToEmpty(b []byte, fields map[string]**string) error {
	if !bytes.Contains(b, []byte("null")) {
		return nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	for name, field := range fields {
		if string(raw[name]) == "null" {
			*field = new(string)
		}
	}
	return nil
}

// Check says what is wrong with a change of the account of this key: bounds, control
// characters, traits that are not scalars, and traits that belong to people (an email
// address, free text), which must come in by the identify call. The fault lists every field.
func (c *AccountChange) Check(key string) error {
	var f *fault.Error
	bad := func(code, path, value, message string) {
		if f == nil {
			f = fault.New(fault.Invalid, code, "account %s: %s %s", quote(key), path, message)
		}
		f.WithField(path, value, message)
	}
	text := func(path string, v *string, limit int) {
		switch {
		case v == nil:
		case len(*v) > limit:
			bad(CodeAttributeLong, path, *v, fmt.Sprintf("is above %d bytes", limit))
		case hasControl(*v):
			bad(CodeControl, path, *v, "has a control character")
		}
	}
	if code, detail := checkKey(key, true); code != "" {
		return fault.New(fault.Invalid, code, "%s", detail)
	}
	text("name", c.Name, 256)
	text("parent", c.Parent, MaxKey)
	text("domain", c.Domain, 253)
	if c.Parent != nil && *c.Parent == key {
		bad("own_parent", "parent", key, "is the account itself; an account cannot be its own parent")
	}
	if len(c.Traits) > 200 {
		bad(CodeTooManyProps, "traits", fmt.Sprint(len(c.Traits)), "has more than 200 names")
	}
	for _, name := range sortedKeys(c.Traits) {
		path := "traits." + name
		text(path, &name, MaxName)
		switch v := c.Traits[name].(type) {
		case nil, bool, float64, int, int64, json.Number:
		case string:
			if PersonalOfAccount(v) {
				bad(CodePersonal, path, v, "looks like an email address or free text; what belongs to a person goes to POST /v1/identify")
			}
		default:
			bad(CodeWrongType, path, fmt.Sprint(v), "is not a string, number, boolean or null")
		}
	}
	for i, m := range []map[string]*string{c.ExternalIDs, c.Billing} {
		prefix := []string{"external_ids", "billing"}[i]
		if len(m) > 50 {
			bad(CodeTooManyProps, prefix, fmt.Sprint(len(m)), "has more than 50 names")
		}
		for _, name := range sortedKeys(m) {
			text(prefix+"."+name, &name, MaxName)
			text(prefix+"."+name, m[name], MaxAttr)
		}
	}
	if zone := c.Billing[BillingTimeZone]; zone != nil {
		if _, err := clock.Zone(*zone); err != nil {
			bad(CodeTimeZone, "billing."+BillingTimeZone, *zone, "is not a time zone")
		}
	}
	if f == nil {
		return nil
	}
	switch f.Code {
	case "own_parent":
		f.Mend = "name the account above this one, or leave parent out; null takes it away"
	case CodeTimeZone:
		f.Mend = "write a name of the IANA database such as Europe/Berlin, or UTC"
	}
	return f
}

// appendMember adds a string member to the JSON object in body; nil is an empty object.
func appendMember(body []byte, name, value string) []byte {
	return appendScalar(body, name, Value{Kind: String, Text: value})
}

// appendScalar adds a member to the JSON object in body; nil is an empty object.
func appendScalar(body []byte, name string, v Value) []byte {
	if len(body) <= 2 {
		body = append(body[:0], '{')
	} else {
		body[len(body)-1] = ','
	}
	body = append(appendQuoted(body, name), ':')
	return append(appendValue(body, v), '}')
}

// withoutMember takes a member out of a JSON object that a door made.
func withoutMember(body []byte, name string) []byte {
	if !bytes.Contains(body, appendQuoted(nil, name)) {
		return body
	}
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(body, &members); err != nil { // made here
		panic(err)
	}
	delete(members, name)
	without, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return without
}

// appendObject adds the properties as an object member to the JSON object in body.
func appendObject(body []byte, name string, props []Prop) []byte {
	if len(props) == 0 {
		return body
	}
	if len(body) <= 2 {
		body = append(body[:0], '{')
	} else {
		body[len(body)-1] = ','
	}
	body = append(appendQuoted(body, name), ":{"...)
	for i := range props {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(appendQuoted(body, props[i].Name), ':')
		body = appendValue(body, props[i].Value)
	}
	return append(body, "}}"...)
}

// appendValue appends v as JSON.
func appendValue(dst []byte, v Value) []byte {
	switch v.Kind {
	case String:
		return appendQuoted(dst, v.Text)
	case Null:
		return append(dst, "null"...)
	}
	return append(dst, v.Text...)
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s, which must be UTF-8, as a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if c == '"' || c == '\\' {
			dst = append(dst, '\\', c)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// quote shows a value in a message, shortened.
func quote(s string) string {
	return string(appendQuoted(nil, strings.ToValidUTF8(fault.Shorten(s), "\uFFFD")))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
