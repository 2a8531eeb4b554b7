package event

import (
	"sync"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
)

// Limits bound what the doors take. The zero value of a field means its default.
type Limits struct {
	// Body is the most bytes of a request body, after decompression; 10 MiB.
	Body int
	// Events is the most events of one request; 10,000.
	Events int
	// Event is the most bytes of one event as JSON; 64 KiB.
	Event int
	// Props is the most scalar properties of one event; 200.
	Props int
	// Past is how far back the time of an event may lie; 35 days. What is older would
	// pass the window in which events are counted once, and comes in only as an import.
	Past time.Duration
	// Future is how far ahead of our clock the time of an event may lie; 48 hours.
	Future time.Duration
}

// Bounds that are part of what a key, a name or an id is, and so the same everywhere.
const (
	MaxKey  = 200 // bytes of an account key
	MaxUser = 200 // bytes of a user id
	MaxName = 200 // bytes of the name of a property or trait, with the names it is nested in
	MaxAttr = 512 // bytes of an event's id, source or type
	// MaxText is the number of characters from which on a text counts as free text, which
	// people write about people: it is sealed, never in clear.
	MaxText = 256
	// maxDepth is how deeply the JSON of an event may be nested.
	maxDepth = 32
	// maxDigits is the most characters of one number.
	maxDigits = 400
)

func (l Limits) orDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Body, 10<<20)
	def(&l.Events, 10_000)
	def(&l.Event, 64<<10)
	def(&l.Props, 200)
	if l.Past <= 0 {
		l.Past = 35 * 24 * time.Hour
	}
	if l.Future <= 0 {
		l.Future = 48 * time.Hour
	}
	return l
}

// Decoded is what a door made of one request. Its records refer to the request body: the
// body must not be changed or used again before the records are encoded.
type Decoded struct {
	// Pending are the records to append, in the order of the events; one call may make two.
	Pending []Pending
	// Rejected are the events that were not taken, in order. The others are unharmed.
	Rejected []Rejected
	// Events is the number of events taken.
	Events int
	// Undeduplicated is how many of them came without an id and so count again when sent again.
	Undeduplicated int
	// Dropped is the number of personal values left out because the event names no person
	// under whose key they could be kept.
	Dropped int
	// WriteKey is the key that a Segment call carries in its body; it refers to the body.
	WriteKey string

	arena []Prop
}

// browserSource comes before the source of whatever a publishable key sent: the ids that a
// page makes up are never those of what servers send.
const browserSource = "browser:"

// FromBrowser marks everything in d as sent with a publishable key, which anybody can read
// in a page: its sources get a name of their own, and people do not say which role they
// have in their account.
func (d *Decoded) FromBrowser() {
	for i := range d.Pending {
		r := &d.Pending[i].Record
		r.Source = browserSource + r.Source
		if r.Kind == KindPerson {
			r.Body = withoutMember(r.Body, "role")
		}
	}
}

// Rejected is an event that was not taken.
type Rejected struct {
	Index  int    `json:"index"` // in the request, from 0
	Code   string `json:"code"`  // one of Codes
	Detail string `json:"detail"`
}

// Pending is a record on its way into the log. What names a person is kept apart from the
// record until it has been replaced (UserID, PreviousID, People) or sealed (Personal): see
// account.Pseudonymize and account.SealPersonal, which complete it.
type Pending struct {
	Record Record
	// Index is the event's place in the request, from 0.
	Index int
	// UserID is the person as the sender calls them; empty when the event names nobody.
	// When Record.Key is empty, the person's pseudonym becomes the key.
	UserID string
	// PreviousID is an earlier id of the same person, from an alias call.
	PreviousID string
	// Personal are the properties that name a person or are free text.
	Personal []Prop
	// People are the indexes of Record.Props whose value is a user id.
	People []int
}

// Finish puts the pseudonyms in place: name gives the pseudonym of a user id. It returns
// the record, which is complete but for Sealed.
func (p *Pending) Finish(name func(userID string) string) *Record {
	r := &p.Record
	if p.UserID != "" {
		r.User = name(p.UserID)
		if r.Key == "" {
			r.Key = UserKey(r.User)
		}
	}
	for _, i := range p.People {
		r.Props[i].Value = Value{Kind: String, Text: name(r.Props[i].Value.Text)}
	}
	if p.PreviousID != "" && r.Kind == KindPerson {
		r.Body = appendMember(r.Body, "previous", name(p.PreviousID))
	}
	p.UserID, p.PreviousID, p.People = "", "", nil
	return r
}

// Release gives d's memory back for the next request. Neither d nor its records may be
// used afterwards. Calling it is optional.
func (d *Decoded) Release() {
	if cap(d.arena) > 1<<17 { // an unusually large request; leave it to the collector
		return
	}
	clear(d.arena)
	clear(d.Pending)
	clear(d.Rejected)
	*d = Decoded{arena: d.arena[:0], Pending: d.Pending[:0], Rejected: d.Rejected[:0]}
	decodedPool.Put(d)
}

var decodedPool = sync.Pool{New: func() any { return new(Decoded) }}

// Code is one reason for which an event is rejected, or a whole request refused.
type Code struct {
	Code    string
	Meaning string
}

// The codes. They are published and never change their meaning.
const (
	CodeMalformed       = "malformed_json"
	CodeNotObject       = "not_an_object"
	CodeNotUTF8         = "not_utf8"
	CodeTooDeep         = "too_deep"
	CodeEventTooLarge   = "event_too_large"
	CodeTooManyProps    = "too_many_properties"
	CodeNameTooLong     = "name_too_long"
	CodeNumber          = "number_out_of_range"
	CodeSpecVersion     = "unsupported_specversion"
	CodeMissingType     = "missing_type"
	CodeMissingSource   = "missing_source"
	CodeMissingSubject  = "missing_subject"
	CodeReservedSource  = "reserved_source"
	CodeWrongType       = "wrong_type"
	CodeAttributeLong   = "attribute_too_long"
	CodeControl         = "control_character"
	CodeKeyTooLong      = "key_too_long"
	CodeUserTooLong     = "user_too_long"
	CodeInvalidTime     = "invalid_time"
	CodeTimeTooOld      = "time_too_old"
	CodeTimeInFuture    = "time_in_future"
	CodeBinaryData      = "binary_data"
	CodeDataTwice       = "data_twice"
	CodeUnknownCall     = "unknown_call"
	CodeMissingUser     = "missing_user"
	CodeMissingGroup    = "missing_group"
	CodeMissingPrevious = "missing_previous_id"
	CodeMissingBatch    = "missing_batch"
	CodeBodyTooLarge    = "body_too_large"
	CodeTooManyEvents   = "too_many_events"
	CodeMediaType       = "unsupported_media_type"
	CodePersonal        = "personal_value"
	CodeTimeZone        = "unknown_time_zone"
)

// Codes lists every code of the doors with its meaning, for the published list.
var Codes = []Code{
	{CodeMalformed, "the text is not JSON; for a batch, only the named event where its end could be found"},
	{CodeNotObject, "an event, or what should be a JSON object, is something else"},
	{CodeNotUTF8, "the event has bytes that are not UTF-8"},
	{CodeTooDeep, "the event's JSON is nested more than 32 deep"},
	{CodeEventTooLarge, "the event is above 64 KiB"},
	{CodeTooManyProps, "the event has more than 200 scalar properties"},
	{CodeNameTooLong, "the name of a property, with the names it is nested in, is above 200 bytes"},
	{CodeNumber, "a number is beyond what a 64-bit float holds, or above 400 characters long"},
	{CodeSpecVersion, "specversion is missing or not 1.0"},
	{CodeMissingType, "the event has no type (CloudEvents) or no event name (Segment)"},
	{CodeMissingSource, "the event has no source"},
	{CodeMissingSubject, "the event has no subject, which is the account's key"},
	{CodeReservedSource, "the source begins with api:, import:, segment:, browser: or headroom:, which the server uses itself"},
	{CodeWrongType, "an attribute has the wrong JSON type"},
	{CodeAttributeLong, "the id, source or type is above 512 bytes"},
	{CodeControl, "a key, user, id, source or type has a control character"},
	{CodeKeyTooLong, "the account key is above 200 bytes"},
	{CodeUserTooLong, "the user id is above 200 bytes"},
	{CodeInvalidTime, "the time is not RFC 3339"},
	{CodeTimeTooOld, "the time is more than 35 days ago: bring it in with headroom import usage FILE"},
	{CodeTimeInFuture, "the time is more than 48 hours ahead of the server's clock"},
	{CodeBinaryData, "the data is not JSON or text"},
	{CodeDataTwice, "the event has both data and data_base64"},
	{CodeUnknownCall, "the Segment message is of an unknown type"},
	{CodeMissingUser, "the Segment message has neither userId nor anonymousId where one is needed"},
	{CodeMissingGroup, "the group call has no groupId"},
	{CodeMissingPrevious, "the alias call has no previousId"},
	{CodeMissingBatch, "the body of a batch call has no batch"},
	{CodeBodyTooLarge, "the body is above its limit, 10 MiB after decompression unless configured"},
	{CodeTooManyEvents, "the request has more events than its limit, 10,000 unless configured"},
	{CodeMediaType, "the content type is not one of those the door takes"},
	{CodePersonal, "an account's trait looks like an email address or free text, which belongs to people"},
	{CodeTimeZone, "billing.time_zone is no name of the IANA database"},
}

// checkTime returns the code and detail of a time that may not come in, "" otherwise.
func (l *Limits) checkTime(at, now clock.Time, text string) (code, detail string) {
	switch {
	case now-at > clock.Time(l.Past.Microseconds()):
		return CodeTimeTooOld, "time " + quote(text) + " is too long ago to be counted once; bring it in as a total of its day: headroom import usage FILE"
	case at-now > clock.Time(l.Future.Microseconds()):
		return CodeTimeInFuture, "time " + quote(text) + " is too far in the future; check the sender's clock, it is " + now.String() + " here"
	}
	return "", ""
}
