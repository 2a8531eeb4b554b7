package event

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// reader reads one request. Its methods that read JSON return false on a mistake in the
// JSON (see scanner); everything else that is wrong with an event is noted by reject, the
// first of it, and the event is read to its end all the same.
type reader struct {
	sc    scanner
	lim   Limits
	now   clock.Time
	out   *Decoded
	valid bool // the whole body is UTF-8
	names nameCache

	// Of the current event:
	code, detail string
	from         int    // its first property in out.arena
	seen         uint64 // a bit for each length and end of a name seen, to find repeated names
	path         []byte // the names that the current value is nested in
	nested       map[string]string
}

var readerPool = sync.Pool{New: func() any { return &reader{nested: make(map[string]string)} }}

// begin returns a decoder for a body, or the fault of a body that no door takes.
func begin(body []byte, now clock.Time, lim Limits) (*reader, error) {
	lim = lim.orDefaults()
	if len(body) > lim.Body {
		return nil, BodyTooLarge(lim.Body)
	}
	if len(body) >= 3 && body[0] == 0xEF && body[1] == 0xBB && body[2] == 0xBF {
		body = body[3:] // a byte order mark
	}
	d := readerPool.Get().(*reader)
	d.sc, d.lim, d.now, d.valid = newScanner(body), lim, now, utf8.Valid(body)
	d.out = decodedPool.Get().(*Decoded)
	d.event()
	return d, nil
}

// finish gives the decoder back and returns what it made, or the fault that stopped it.
func (d *reader) finish(err error) (*Decoded, error) {
	out := d.out
	if len(d.nested) > 512 {
		clear(d.nested)
	}
	d.sc, d.out, d.code, d.detail = scanner{}, nil, "", ""
	readerPool.Put(d)
	if err != nil {
		out.Release()
		return nil, err
	}
	return out, nil
}

// BodyTooLarge is the fault of a body above the limit, for whoever reads the body to stop early.
func BodyTooLarge(limit int) error {
	return fault.New(fault.TooLarge, CodeBodyTooLarge, "the body is above %d bytes", limit).
		WithMend("send fewer events in one request; nothing of this one was taken")
}

func tooManyEvents(limit int) error {
	return fault.New(fault.TooLarge, CodeTooManyEvents, "the request has more than %d events", limit).
		WithMend("send them in several requests; nothing of this one was taken")
}

// malformed is the fault of a body whose JSON is broken beyond one event.
func (d *reader) malformed() error {
	return fault.New(fault.Invalid, CodeMalformed, "the body is not JSON: at byte %d %s", d.sc.at, d.sc.why).
		WithMend("mend the text there and send the request again; nothing of it was taken")
}

// event makes room for the next event.
func (d *reader) event() {
	d.code, d.detail = "", ""
	d.section()
}

// section makes room for the next set of properties of an event.
func (d *reader) section() {
	d.from, d.seen, d.path = len(d.out.arena), 0, d.path[:0]
}

// reject notes what is wrong with the current event; the first thing stays.
func (d *reader) reject(code, detail string) {
	if d.code == "" {
		d.code, d.detail = code, detail
	}
}

// each reads an array of events, or one event that is not in an array: read takes the text
// of one, done is then told its place, with what is wrong with it in d.code. One that
// cannot be read harms no other. It returns the fault that ends the whole request.
func (d *reader) each(read func() bool, done func(index int)) error {
	if d.sc.next() != '[' {
		d.event()
		start := d.sc.i
		if !read() {
			return d.malformed()
		}
		d.whole(start, 0)
		done(0)
		return nil
	}
	d.sc.i++
	for n := 0; d.sc.more(']', n == 0); n++ {
		if n == d.lim.Events {
			return tooManyEvents(d.lim.Events)
		}
		d.sc.next()
		d.event()
		start, arena := d.sc.i, len(d.out.arena)
		if !read() {
			at, why := d.sc.at, d.sc.why
			if !d.sc.resume(start) {
				d.sc.at, d.sc.why = at, why
				return d.malformed()
			}
			d.code = ""
			if why == tooDeep {
				d.reject(CodeTooDeep, "the event is nested more than "+itoa(maxDepth)+" deep; send it flatter")
			}
			d.reject(CodeMalformed, "the event is not JSON: at byte "+itoa(at-start)+" of it "+why)
		}
		d.whole(start, arena)
		done(n)
	}
	if d.sc.why != "" {
		return d.malformed()
	}
	return nil
}

// whole checks the current event as a piece of text. One that is wrong keeps no properties.
func (d *reader) whole(start, arena int) {
	span := d.sc.b[start:d.sc.i]
	switch {
	case len(span) > d.lim.Event:
		d.code = "" // says more than whatever else is wrong
		d.reject(CodeEventTooLarge, "the event has "+itoa(len(span))+" bytes, above "+itoa(d.lim.Event)+"; send less with it")
	case !d.valid && !utf8.Valid(span):
		d.code = ""
		d.reject(CodeNotUTF8, "the event has bytes that are not UTF-8; encode it as UTF-8")
	}
	if d.code != "" {
		d.out.arena = d.out.arena[:arena]
		d.section()
	}
}

// attr reads a member that must be a string; null is as if it were not there.
func (d *reader) attr(dst *string, name string) bool {
	switch d.sc.next() {
	case '"':
		s, ok := d.sc.text()
		*dst = s
		return ok
	case 'n':
		*dst = ""
		return d.sc.literal("null")
	}
	d.reject(CodeWrongType, name+" is not a string; put it in double quotes")
	return d.sc.skip(maxDepth)
}

// ident reads an id, which may be sent as a number; null is as if it were not there.
func (d *reader) ident(dst *string, name string) bool {
	if c := d.sc.next(); c != '-' && !digit(c) {
		return d.attr(dst, name)
	}
	s, ok := d.sc.number()
	*dst = s
	return ok
}

// value reads any value as a property of the current path: a scalar as it is, an object as
// one property for each scalar in it, its name joined by dots, an array as its length under
// "<name>.count".
func (d *reader) value(depth int) bool {
	switch d.sc.next() {
	case '{':
		return d.object(depth, nil)
	case '[':
		n, ok := d.sc.count(depth)
		if ok {
			d.add(d.name("count"), Value{Number, itoa(n)})
		}
		return ok
	}
	v, ok := d.sc.scalar()
	if ok {
		d.add(d.name(""), v)
	}
	return ok
}

// object reads an object's members as properties below the current path. special, when
// given, may read a member itself: it returns handled false to leave it alone.
func (d *reader) object(depth int, special func(key string) (ok, handled bool)) bool {
	if depth <= 0 {
		return d.sc.fail(d.sc.i, tooDeep)
	}
	d.sc.i++
	level := len(d.path)
	for first := true; d.sc.more('}', first); first = false {
		key, ok := d.sc.key()
		if !ok {
			return false
		}
		if special != nil {
			if ok, handled := special(key); handled {
				if !ok {
					return false
				}
				continue
			}
		}
		// The common case first: a scalar at the top needs no path.
		if c := d.sc.next(); level == 0 && c != '{' && c != '[' {
			v, ok := d.sc.scalar()
			if !ok {
				return false
			}
			d.add(key, v)
			continue
		}
		d.push(key)
		if !d.value(depth - 1) {
			return false
		}
		d.path = d.path[:level]
	}
	return d.sc.why == ""
}

// push adds a name to the current path.
func (d *reader) push(name string) {
	if len(d.path) > 0 {
		d.path = append(d.path, '.')
	}
	if len(name) > MaxName {
		name = name[:MaxName+1] // too long already, and add says so
	}
	if len(d.path) <= 2*MaxName {
		d.path = append(d.path, name...)
	}
}

// name returns the current path with a last name, as a string that is shared with the
// same name of other events.
func (d *reader) name(last string) string {
	level := len(d.path)
	if last != "" {
		d.push(last)
	}
	s, ok := d.nested[string(d.path)]
	if !ok {
		s = string(d.path)
		if len(s) <= MaxName {
			d.nested[s] = s
		}
	}
	d.path = d.path[:level]
	return s
}

// add adds a property to the current event. Of a name given twice the last value counts,
// as everywhere in JSON.
func (d *reader) add(name string, v Value) {
	if v.Kind == Number && !inRange(v.Text) {
		d.reject(CodeNumber, name+": the number "+fault.Shorten(v.Text)+" is beyond what a 64-bit float holds")
	}
	if len(name) > MaxName {
		d.reject(CodeNameTooLong, "the property name "+quote(name)+" is above "+itoa(MaxName)+" bytes")
		return
	}
	if name != "" {
		bit := uint64(1) << ((uint(len(name))*7 + uint(name[0])*3 + uint(name[len(name)-1])) & 63)
		if d.seen&bit != 0 {
			for i := d.from; i < len(d.out.arena); i++ {
				if d.out.arena[i].Name == name {
					d.out.arena[i].Value = v
					return
				}
			}
		}
		d.seen |= bit
	}
	if len(d.out.arena)-d.from >= d.lim.Props {
		d.reject(CodeTooManyProps, "the event has more than "+itoa(d.lim.Props)+" properties; send fewer, or aggregate them")
		return
	}
	d.out.arena = append(d.out.arena, Prop{name, v})
}

// props returns the properties read since section.
func (d *reader) props() []Prop {
	n := len(d.out.arena)
	return d.out.arena[d.from:n:n]
}

// split takes what is personal out of p.Record.Props: see the rules at Personal. Without a
// person to keep it for it is dropped and counted.
func (d *reader) split(p *Pending, props []Prop, keepName bool) {
	kept := props[:0]
	for i := range props {
		name, v := props[i].Name, props[i].Value
		nature := d.names.of(name)
		if v.Kind == String && p.UserID != "" && v.Text == p.UserID && nature != personalName {
			nature = personID
		}
		switch {
		case nature == personID && (v.Kind == String || v.Kind == Number):
			p.People = append(p.People, len(kept))
		case keepName && name == "name" && !personalValue(v.Text):
		case nature == clear0 && (v.Kind != String || !personalValue(v.Text)):
		case nature.seals(v):
			if p.UserID != "" {
				p.Personal = append(p.Personal, props[i])
			} else {
				d.out.Dropped++
			}
			continue
		}
		kept = append(kept, props[i])
	}
	p.Record.Props = slices.Clip(kept)
	if len(kept) == 0 {
		p.Record.Props = nil
	}
}

// when reads a time of an event; "" is not known.
func (d *reader) when(text string) clock.Time {
	if text == "" {
		return 0
	}
	at, err := clock.Parse(text)
	if err != nil {
		d.reject(CodeInvalidTime, "time "+quote(text)+" is not RFC 3339; write it as 2026-01-31T09:00:00Z")
		return 0
	}
	return at
}

// inWindow checks a time that was given.
func (d *reader) inWindow(at clock.Time, text string) {
	if code, detail := d.lim.checkTime(at, d.now, text); code != "" {
		d.reject(code, detail)
	}
}

// checkKey returns the code and detail of a key that cannot be one, "" otherwise.
func checkKey(key string, account bool) (code, detail string) {
	what, limit, long := "account key", MaxKey, CodeKeyTooLong
	if !account {
		what, limit, long = "user id", MaxUser, CodeUserTooLong
	}
	switch {
	case len(key) > limit:
		return long, "the " + what + " " + quote(key) + " is above " + itoa(limit) + " bytes"
	case hasControl(key):
		return CodeControl, "the " + what + " " + quote(key) + " has a control character in it"
	}
	return "", ""
}

// key checks an account's key or a user's id.
func (d *reader) key(key string, account bool) {
	if code, detail := checkKey(key, account); code != "" {
		d.reject(code, detail)
	}
}

// bounded checks an id, source or type.
func (d *reader) bounded(s, what string) {
	switch {
	case len(s) > MaxAttr:
		d.reject(CodeAttributeLong, what+" "+quote(s)+" is above "+itoa(MaxAttr)+" bytes")
	case hasControl(s):
		d.reject(CodeControl, what+" "+quote(s)+" has a control character in it")
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// hasControl says whether s has an ASCII control character in it, eight bytes at a time.
func hasControl(s string) bool {
	for len(s) >= 8 {
		v := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		del := v ^ ones*0x7f
		if ((v-ones*0x20)&^v|(del-ones)&^del)&highs != 0 {
			return true
		}
		s = s[8:]
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// rejected adds the current event to the rejected ones.
func (d *reader) rejected(index int) {
	d.out.Rejected = append(d.out.Rejected, Rejected{Index: index, Code: d.code, Detail: strings.ToValidUTF8(d.detail, "\uFFFD")})
}

// CheckKey returns nil when key can be an account's key: 1 to MaxKey bytes of UTF-8 without
// control characters. Otherwise a fault of kind Invalid.
func CheckKey(key string) error {
	if key == "" {
		return fault.New(fault.Invalid, "account_missing", "the account key is empty").WithField("account", "", "is required: the account's key")
	}
	if code, detail := checkKey(key, true); code != "" {
		return fault.New(fault.Invalid, code, "%s", detail).WithField("account", key, detail)
	}
	return nil
}
