// Package account holds who a customer is: accounts and the people in them. People are
// pseudonyms here; what names them lives sealed under a key per person.
package account

import "github.com/headroomhq/headroom/internal/clock"

// Account is what is known of a customer apart from usage and money.
type Account struct {
	Key         string            `json:"key"`
	Name        string            `json:"name,omitempty"`
	Parent      string            `json:"parent,omitempty"` // key of the parent account
	Domain      string            `json:"domain,omitempty"`
	Traits      map[string]any    `json:"traits,omitempty"` // string, float64, bool, nil
	ExternalIDs map[string]string `json:"external_ids,omitempty"`
	Billing     map[string]string `json:"billing,omitempty"`
	// Unknown: created by an event or call that named it first, not by an account record.
	Unknown   bool       `json:"unknown,omitempty"`
	CreatedAt clock.Time `json:"created_at"`
	UpdatedAt clock.Time `json:"updated_at"`
}

// Person is a user of an account, by pseudonym.
type Person struct {
	Pseudonym string         `json:"pseudonym"`
	Account   string         `json:"account,omitempty"`
	Role      string         `json:"role,omitempty"`    // admin or member
	Profile   string         `json:"profile,omitempty"` // the role played in the product: host, speaker
	Traits    map[string]any `json:"traits,omitempty"`  // nothing that names the person
	Sealed    []byte         `json:"sealed,omitempty"`  // what names the person, see Vault
	SeenAt    clock.Time     `json:"seen_at"`
	// Domain is that of their email address; empty: not known, or one of free mail.
	Domain string `json:"domain,omitempty"`
	// Into is the pseudonym under which the person goes on since an alias call; empty while
	// it is this one.
	Into string `json:"into,omitempty"`
	// Elsewhere are the other accounts they were named in, by key, each with what was said there:
	// Role and Profile are those of Account.
	Elsewhere []Membership `json:"elsewhere,omitempty"`
}
