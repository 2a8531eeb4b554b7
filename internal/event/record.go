// Package event holds the record, the one thing that changes state, and the doors through
// which product events come in: CloudEvents and the Segment calls.
package event

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
)

// Kind says what a record asks of Step.
type Kind uint8

// The kinds. Their numbers are on disk: never reuse or renumber one.
const (
	KindEvent        Kind = 1  // a product event
	KindGate         Kind = 2  // a check said no (or an SDK says so); Type is the feature
	KindTick         Kind = 3  // time passed; to all partitions
	KindCatalog      Kind = 4  // a catalog version becomes active; to all partitions
	KindAccount      Kind = 5  // an account's name, traits, parent...
	KindPerson       Kind = 6  // a person's traits and membership; keyed by the account, or by UserKey when no account is known
	KindSubscription Kind = 7  // an account buys, changes or ends
	KindConsume      Kind = 8  // take from a limit, answered by Step
	KindRelease      Kind = 9  // give a level back
	KindDecide       Kind = 10 // an offer is about to be shown
	KindOutcome      Kind = 11 // what became of a decision
	KindOpportunity  Kind = 12 // a person edits an opportunity
	KindImport       Kind = 13 // a row of an import, keyed (import, row)
	KindVoid         Kind = 14 // an event is taken back, or replaced by another; Type is its id
	KindGrant        Kind = 15 // an account is granted something, or an override or trial is set; Type is the feature or what is tried
	KindReservation  Kind = 16 // a reservation is finalized or released; Type is its id
	KindClaim        Kind = 17 // a contact is claimed from a budget, or given back; Key is the person, the account or the family's root
	KindFact         Kind = 18 // a fact about an account that another system knows; Type is the fact
	KindSurvey       Kind = 19 // a survey is shown to a person, or answered; Type is the survey
	KindInvite       Kind = 20 // an invitation, a request for access, a referral, an exposure or a sign-up; Type says which
	KindMember       Kind = 21 // what is known of a person, for the account they belong to
	KindDomain       Kind = 22 // what is known of a person, for the domain of their email address, and from there to accounts
	KindRequest      Kind = 23 // an admin's standing answer to upgrade requests, or a notice is read
	KindVariant      Kind = 24 // an account is assigned a variant; Type is the experiment
)

// String returns the kind's name as used in logs, metrics and errors.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown"
}

var kindNames = [...]string{
	KindEvent: "event", KindGate: "gate", KindTick: "tick", KindCatalog: "catalog",
	KindAccount: "account", KindPerson: "person", KindSubscription: "subscription",
	KindConsume: "consume", KindRelease: "release", KindDecide: "decide",
	KindOutcome: "outcome", KindOpportunity: "opportunity", KindImport: "import", KindVoid: "void", KindGrant: "grant", KindReservation: "reservation",
	KindClaim: "claim", KindFact: "fact", KindSurvey: "survey", KindInvite: "invite", KindMember: "member",
	KindDomain: "domain", KindRequest: "request", KindVariant: "variant",
}

// Broadcast says whether records of this kind go to every partition.
func (k Kind) Broadcast() bool { return k == KindTick || k == KindCatalog }

// Record is one entry of the log. Everything that changes an account's state is one.
type Record struct {
	Kind Kind
	// Source and ID identify the record for counting it once. An empty ID is not
	// deduplicated. Events use the CloudEvents source and id; API calls use "api:<call>"
	// and the Idempotency-Key; imports (import, row); forwarded and coalesced records a
	// derived id.
	Source string
	ID     string
	// Key is the account key as sent, or UserKey(pseudonym) where only a person is known.
	// It decides the partition and never changes.
	Key string
	// User is the person's pseudonym (see package account), empty when unknown.
	User string
	// Type is the event type ("speaker.added"), the feature of a gate, consume or release,
	// or the catalog version of an activation.
	Type string
	// At is when it happened, by the sender; zero when the sender did not say.
	At clock.Time
	// ReceivedAt is when we took it, by our clock. Step knows no other time.
	ReceivedAt clock.Time
	// Props are the scalar properties of an event, with nested names joined by dots.
	Props []Prop
	// Body is a call's own arguments as JSON, decoded by the domain that owns the kind.
	Body []byte
	// Sealed holds personal properties, encrypted under the person's key.
	Sealed []byte
}

// Clone returns a copy that shares no memory with r.
func (r *Record) Clone() *Record {
	c := *r
	c.Source, c.ID, c.Key, c.User, c.Type = strings.Clone(r.Source), strings.Clone(r.ID), strings.Clone(r.Key), strings.Clone(r.User), strings.Clone(r.Type)
	c.Props = slices.Clone(r.Props)
	for i := range c.Props {
		p := &c.Props[i]
		p.Name, p.Value.Text = strings.Clone(p.Name), strings.Clone(p.Value.Text)
	}
	c.Body, c.Sealed = slices.Clone(r.Body), slices.Clone(r.Sealed)
	return &c
}

// When returns the time it happened, the time of receipt when the sender did not say.
func (r *Record) When() clock.Time {
	if r.At != 0 {
		return r.At
	}
	return r.ReceivedAt
}

// Prop is one scalar property.
type Prop struct {
	Name  string
	Value Value
}

// ValueKind is the JSON type of a Value.
type ValueKind uint8

// The kinds of property values. Their numbers are on disk.
const (
	Null   ValueKind = 0
	Bool   ValueKind = 1 // Text is "true" or "false"
	Number ValueKind = 2 // Text is the JSON number as sent, so that no digit is lost
	String ValueKind = 3
)

// Value is a scalar. Text is its exact text.
type Value struct {
	Kind ValueKind
	Text string
}

// PropUser is the name under which Prop gives the person of an event: the doors take
// data.user out of the properties, and people who write a catalog look for it there.
const PropUser = "user"

// PropPlacement is the property of a gate that says at which placement of the product it was.
const PropPlacement = "placement"

// Prop returns the value of the named property; Null when it is not there. PropUser is the
// person's pseudonym where there is no property of that name.
func (r *Record) Prop(name string) Value {
	for i := range r.Props {
		if r.Props[i].Name == name {
			return r.Props[i].Value
		}
	}
	if name == PropUser && r.User != "" {
		return Value{String, r.User}
	}
	return Value{}
}

// UserKey is the partition key of a person whose account is not known yet.
func UserKey(pseudonym string) string { return userPrefix + pseudonym }

// IsUserKey says whether key names a person and returns the pseudonym.
func IsUserKey(key string) (pseudonym string, ok bool) {
	if len(key) > len(userPrefix) && key[:len(userPrefix)] == userPrefix {
		return key[len(userPrefix):], true
	}
	return "", false
}

// userPrefix begins with a control character, which the doors refuse in account keys.
const userPrefix = "\x01user:"

// Partition returns the partition of a key among n (1 to 32,000). It never changes for a
// data directory, because n is fixed at first start. FNV-1a, folded.
func Partition(key string, n int) int {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h ^= uint64(key[i])
		h *= 1099511628211
	}
	return int((h ^ h>>32) % uint64(n))
}

// Fingerprint identifies (source, id) in 128 bits.
type Fingerprint [16]byte

// FingerprintOf returns the fingerprint of (source, id). SHA-256 truncated: nobody who
// chooses ids can make two of them collide.
func FingerprintOf(source, id string) Fingerprint {
	var buf [256]byte
	b := binary.AppendUvarint(buf[:0], uint64(len(source)))
	b = append(b, source...)
	b = append(b, id...)
	sum := sha256.Sum256(b)
	return Fingerprint(sum[:16])
}
