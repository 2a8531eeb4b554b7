package event

import (
	"strings"
	"testing"
)

func TestOfAnAddressOnlyTheDomainOfAnEmployerIsKept(t *testing.T) {
	for _, c := range []struct{ name, address, domain string }{
		{"of a company", "ada@acme.com", "acme.com"},
		{"in capitals", "Ada.Lovelace@ACME.Com", "acme.com"},
		{"of a part of one", "ada@mail.acme.co.uk", "mail.acme.co.uk"},
		{"with a name before it", "Ada <ada@acme.com>", "acme.com"},
		{"of free mail", "ada@gmail.com", ""},
		{"of free mail, in capitals", "ada@GMail.COM", ""},
		{"of a host of this network", "ada@localhost", ""},
		{"without a person", "@acme.com", ""},
		{"no address", "ada", ""},
		{"nothing", "", ""},
		{"with a path behind it", "ada@acme.com/x", ""},
		{"with control characters", "ada@ac\x01me.com", ""},
	} {
		if got := DomainOf(c.address); got != c.domain {
			t.Errorf("%s: %q, want %q", c.name, got, c.domain)
		}
	}
}

func TestAKeyIsOfOneKindOnly(t *testing.T) {
	for _, c := range []struct {
		name, key            string
		person, domain, ours bool
	}{
		{"an account", "acme.com", false, false, false},
		{"a person", UserKey("p"), true, false, true},
		{"a domain", DomainKey("acme.com"), false, true, true},
		{"none", "", false, false, false},
	} {
		_, person := IsUserKey(c.key)
		_, domain := IsDomainKey(c.key)
		if person != c.person || domain != c.domain || IsOwnKey(c.key) != c.ours {
			t.Errorf("%s: person %v, domain %v, ours %v", c.name, person, domain, IsOwnKey(c.key))
		}
	}
}

func FuzzDomainOf(f *testing.F) {
	for _, s := range []string{"a@b.c", "a@b.co", "x@@y.zz", "a@-b.com", "é@ü.de"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := DomainOf(s)
		if strings.ContainsAny(d, "@ \x00\x01/") || d != strings.ToLower(d) || len(d) > 253 {
			t.Fatalf("%q of %q", d, s)
		}
		if d != "" && WorkDomain(d) != d {
			t.Fatalf("%q of %q is another the second time", d, s)
		}
	})
}
