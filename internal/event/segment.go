package event

import (
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// skew is how far a sender's clock (sentAt against our time of receipt) must be off before
// its timestamps are corrected. Below it, the difference is the way here and not the
// clock, and an event keeps the same time however often it is sent.
const skew = clock.Minute

// DecodeSegment is the door for the Segment tracking API: call is the last part of the
// path, one of identify, group, track, page, screen, alias and batch ("import" is taken as
// batch, and so are the one-letter names that the browser's client uses, see SegmentCall).
// What becomes of each:
//
//   - track: a KindEvent; its type is the event's name, its properties flattened as in
//     DecodeCloudEvents. The account is context.groupId, else properties.groupId (or
//     group_id), else unknown: the key is then the person's.
//   - page, screen: a KindEvent of type "page" or "screen" with the properties name and category.
//   - group: a KindAccount for the groupId with the traits, and a KindPerson for the user
//     that says which account they belong to.
//   - identify: a KindPerson for the user; with context.groupId also one for that account.
//     The traits role (admin or member) and profile become the person's role and profile.
//     With an anonymousId beside the userId it is an alias call too, as the browser's
//     client makes none of its own: what was done before is then the user's.
//   - alias: a KindPerson for the user that names the earlier id.
//
// The user is userId, else anonymousId. messageId is the record's id, its source is
// "segment" (for the second record of a call "segment:member"). writeKey, of the body or
// else of its first message that has one, is in Decoded.WriteKey. When sentAt shows that the
// sender's clock is wrong by more than a minute, the time is corrected as Segment does:
// received - (sentAt - timestamp); it is not corrected otherwise.
//
// Faults and rejections are as in DecodeCloudEvents.
func DecodeSegment(call string, body []byte, now clock.Time, lim Limits) (*Decoded, error) {
	if long := SegmentCall(call); long != "" {
		call = long
	}
	batch := call == "batch" || call == "import"
	if !batch && !knownCall(call) {
		return nil, fault.New(fault.NotFound, CodeUnknownCall, "there is no call %s in the Segment API", quote(call)).
			WithMend("use identify, group, track, page, screen, alias or batch")
	}
	d, err := begin(body, now, lim)
	if err != nil {
		return nil, err
	}
	s := segment{reader: d}
	if batch {
		err = s.batch()
	} else {
		s.call = call
		err = d.each(s.read, s.done)
	}
	if err == nil && !d.sc.end() {
		err = d.malformed()
	}
	if err == nil {
		for i := range s.messages {
			s.take(&s.messages[i])
		}
	}
	return d.finish(err)
}

// SegmentCall returns the call that one letter of a path stands for, "" for none: the
// browser's client sends track to /t and batches to /b.
func SegmentCall(letter string) string {
	switch letter {
	case "i":
		return "identify"
	case "g":
		return "group"
	case "t":
		return "track"
	case "p":
		return "page"
	case "s":
		return "screen"
	case "a":
		return "alias"
	case "b":
		return "batch"
	}
	return ""
}

func knownCall(call string) bool {
	switch call {
	case "identify", "group", "track", "page", "screen", "alias":
		return true
	}
	return false
}

// message is one call as it was sent.
type message struct {
	index                                        int
	code, detail                                 string
	call, user, anonymous, previous, group       string
	id, event, name, category, timestamp, sentAt string
	contextGroup                                 string
	props, traits                                []Prop
}

// segment reads messages and holds them until sentAt and the context of the batch, which
// come after the messages, are known.
type segment struct {
	*reader
	call          string // when the path says it
	msg           message
	messages      []message
	sentAt, group string // of the batch
}

// batch reads the body of a batch call.
func (s *segment) batch() error {
	if s.sc.next() != '{' {
		if s.sc.skip(maxDepth) {
			return fault.New(fault.Invalid, CodeNotObject, "the body of a batch call is not a JSON object").WithMend(`send {"batch":[…]}`)
		}
		return s.malformed()
	}
	s.sc.i++
	found := false
	for first := true; s.sc.more('}', first); first = false {
		name, ok := s.sc.key()
		if !ok {
			break
		}
		switch name {
		case "batch":
			if s.sc.next() != '[' {
				return fault.New(fault.Invalid, CodeMissingBatch, "batch is not an array").WithMend(`send {"batch":[…]}`)
			}
			found, s.messages = true, s.messages[:0]
			if err := s.each(s.read, s.done); err != nil {
				return err
			}
		case "sentAt":
			s.attr(&s.sentAt, name)
		case "context":
			s.context(&s.group)
		case "writeKey":
			s.attr(&s.out.WriteKey, name)
		default:
			s.sc.skip(maxDepth)
		}
		if s.sc.why != "" {
			break
		}
	}
	if s.sc.why != "" {
		return s.malformed()
	}
	if !found {
		return fault.New(fault.Invalid, CodeMissingBatch, "the body has no batch").WithMend(`send {"batch":[…]}`)
	}
	return nil
}

// read reads one message.
func (s *segment) read() bool {
	s.msg = message{call: s.call}
	m := &s.msg
	if s.sc.next() != '{' {
		s.reject(CodeNotObject, "the message is not a JSON object")
		return s.sc.skip(maxDepth)
	}
	s.sc.i++
	for first := true; s.sc.more('}', first); first = false {
		name, ok := s.sc.key()
		if !ok {
			return false
		}
		switch name {
		case "type":
			ok = s.attr(&m.call, name)
			if s.call != "" {
				m.call = s.call
			}
		case "userId":
			ok = s.ident(&m.user, name)
		case "anonymousId":
			ok = s.ident(&m.anonymous, name)
		case "previousId":
			ok = s.ident(&m.previous, name)
		case "groupId":
			ok = s.ident(&m.group, name)
		case "messageId":
			ok = s.attr(&m.id, name)
		case "event":
			ok = s.attr(&m.event, name)
		case "name":
			ok = s.attr(&m.name, name)
		case "category":
			ok = s.attr(&m.category, name)
		case "timestamp":
			ok = s.attr(&m.timestamp, name)
		case "sentAt":
			ok = s.attr(&m.sentAt, name)
		case "context":
			ok = s.context(&m.contextGroup)
		case "writeKey":
			if s.out.WriteKey == "" {
				ok = s.attr(&s.out.WriteKey, name)
			} else {
				ok = s.sc.skip(maxDepth)
			}
		case "properties":
			m.props, ok = s.values(name)
		case "traits":
			m.traits, ok = s.values(name)
		default:
			ok = s.sc.skip(maxDepth)
		}
		if !ok {
			return false
		}
	}
	return s.sc.why == ""
}

// context reads the groupId of a context, and nothing else of it.
func (s *segment) context(group *string) bool {
	if s.sc.next() != '{' {
		return s.sc.skip(maxDepth)
	}
	s.sc.i++
	for first := true; s.sc.more('}', first); first = false {
		name, ok := s.sc.key()
		if ok && name == "groupId" {
			ok = s.ident(group, "context.groupId")
		} else if ok {
			ok = s.sc.skip(maxDepth - 2)
		}
		if !ok {
			return false
		}
	}
	return s.sc.why == ""
}

// values reads properties or traits.
func (s *segment) values(what string) ([]Prop, bool) {
	s.section()
	switch s.sc.next() {
	case '{':
		ok := s.object(maxDepth-1, nil)
		return s.props(), ok
	case 'n':
		return nil, s.sc.literal("null")
	}
	s.reject(CodeWrongType, what+" is not a JSON object")
	return nil, s.sc.skip(maxDepth)
}

// done keeps the message that was read.
func (s *segment) done(index int) {
	s.msg.index, s.msg.code, s.msg.detail = index, s.code, s.detail
	s.messages = append(s.messages, s.msg)
}

// take checks a message and makes its records.
func (s *segment) take(m *message) {
	s.code, s.detail = m.code, m.detail
	account := ""
	var at clock.Time
	if s.code == "" {
		if m.sentAt == "" {
			m.sentAt = s.sentAt
		}
		if m.contextGroup == "" {
			m.contextGroup = s.group
		}
		if m.user == "" {
			m.user, m.anonymous = m.anonymous, ""
		}
		account = m.account()
		at = s.check(m, account)
	}
	if s.code != "" {
		s.rejected(m.index)
		return
	}
	s.out.Events++
	if m.id == "" {
		s.out.Undeduplicated++
	}
	p := Pending{Index: m.index, UserID: m.user, Record: Record{Source: "segment", ID: m.id, Key: account, At: at, ReceivedAt: s.now}}
	switch m.call {
	case "group":
		s.takeGroup(m, p)
	case "identify":
		s.takeIdentify(m, p)
	case "alias":
		p.Record.Kind, p.Record.Key, p.PreviousID = KindPerson, "", m.previous
		s.out.Pending = append(s.out.Pending, p)
	default:
		s.takeEvent(m, p)
	}
}

// account returns the key of the account that a message is about, "" when it does not say.
func (m *message) account() string {
	if m.call == "group" {
		return m.group
	}
	if m.contextGroup != "" || m.call == "identify" || m.call == "alias" {
		return m.contextGroup
	}
	for i := range m.props {
		if n := m.props[i].Name; (n == "groupId" || n == "group_id") && (m.props[i].Value.Kind == String || m.props[i].Value.Kind == Number) {
			return m.props[i].Value.Text
		}
	}
	return ""
}

// check says what is wrong with a message and reads its time.
func (s *segment) check(m *message, account string) (at clock.Time) {
	switch {
	case !knownCall(m.call):
		s.reject(CodeUnknownCall, "type "+quote(m.call)+" is not a call; use identify, group, track, page, screen or alias")
	case m.call == "track" && m.event == "":
		s.reject(CodeMissingType, "the track call has no event; name what happened")
	case m.call == "group" && m.group == "":
		s.reject(CodeMissingGroup, "the group call has no groupId; give the account's key there")
	case m.call == "alias" && m.previous == "":
		s.reject(CodeMissingPrevious, "the alias call has no previousId")
	case m.user == "" && (account == "" || m.call == "identify" || m.call == "alias"):
		s.reject(CodeMissingUser, "the "+m.call+" call has neither userId nor anonymousId; send one of them")
	}
	s.key(account, true)
	s.key(m.user, false)
	s.key(m.previous, false)
	if m.call == "identify" {
		s.key(m.anonymous, false)
	}
	s.bounded(m.event, "event")
	s.bounded(m.id, "messageId")
	if m.timestamp == "" {
		return 0
	}
	at = s.when(m.timestamp)
	if s.code != "" {
		return 0
	}
	if sent, err := clock.Parse(m.sentAt); m.sentAt != "" && err == nil && (s.now-sent > skew || sent-s.now > skew) {
		at = s.now - (sent - at)
	}
	s.inWindow(at, m.timestamp)
	return at
}

// takeEvent makes the event of a track, page or screen call.
func (s *segment) takeEvent(m *message, p Pending) {
	p.Record.Kind, p.Record.Type = KindEvent, m.event
	page := m.call != "track"
	props := m.props
	if page {
		p.Record.Type = m.call
		for _, own := range []Prop{{"name", Value{String, m.name}}, {"category", Value{String, m.category}}} {
			if own.Value.Text != "" && !has(props, own.Name) {
				props = append(slices.Clip(props), own)
			}
		}
	}
	s.split(&p, props, page)
	s.out.Pending = append(s.out.Pending, p)
}

func has(props []Prop, name string) bool {
	for i := range props {
		if props[i].Name == name {
			return true
		}
	}
	return false
}

// takeGroup makes the account's record and the membership of a group call.
func (s *segment) takeGroup(m *message, p Pending) {
	p.Record.Kind = KindAccount
	var traits []Prop
	for _, t := range m.traits {
		text := t.Value.Kind == String
		switch {
		case text && PersonalOfAccount(t.Value.Text), hasEmail(t.Name), hasControl(t.Name):
			s.out.Dropped++
		case (text || t.Value.Kind == Null) && !hasControl(t.Value.Text) &&
			(t.Name == "name" || t.Name == "domain" && len(t.Value.Text) <= 253):
			p.Record.Body = appendScalar(p.Record.Body, t.Name, t.Value)
		default:
			traits = append(traits, t)
		}
	}
	p.Record.Body = appendObject(p.Record.Body, "traits", traits)
	if p.Record.Body == nil {
		p.Record.Body = []byte("{}")
	}
	s.out.Pending = append(s.out.Pending, p)
	if m.user == "" {
		return
	}
	member := p
	member.Record.Kind, member.Record.Key = KindPerson, ""
	member.Record.Source = "segment:member"
	member.Record.Body = appendMember(nil, "account", m.group)
	s.out.Pending = append(s.out.Pending, member)
}

// domain returns the domain of the person's email address, and whether the message says it:
// what comes before the @ is sealed.
func (m *message) domain() (domain string, said bool) {
	for _, t := range m.traits {
		if t.Name == "email" && (t.Value.Kind == String || t.Value.Kind == Null) {
			return DomainOf(t.Value.Text), true
		}
	}
	domain = DomainOf(m.user) // many ids are addresses
	return domain, domain != ""
}

// takeIdentify makes the person's record, and the same for their account when it is known.
func (s *segment) takeIdentify(m *message, p Pending) {
	p.Record.Kind = KindPerson
	var body []byte
	if p.Record.Key != "" {
		body = appendMember(body, "account", p.Record.Key)
	}
	var traits []Prop
	if domain, said := m.domain(); said {
		body = appendMember(body, "domain", domain)
	}
	for _, t := range m.traits {
		v := t.Value
		text := v.Kind == String
		nature := s.names.of(t.Name)
		switch {
		case t.Name == "role" && (v.Kind == Null || text && (strings.EqualFold(v.Text, "admin") || strings.EqualFold(v.Text, "member"))):
			v.Text = strings.ToLower(v.Text)
			body = appendScalar(body, t.Name, v)
		case t.Name == "profile" && (v.Kind == Null || text && len(v.Text) <= 64 && !hasControl(v.Text) && !personalValue(v.Text) && v.Text != m.user):
			body = appendScalar(body, t.Name, v)
		case nature != clear0 && v.Kind == Null, // takes back what was sealed
			nature == personID && v.Kind != Bool, nature.seals(v), text && v.Text == m.user:
			p.Personal = append(p.Personal, t)
		default:
			traits = append(traits, t)
		}
	}
	body = appendObject(body, "traits", traits)
	if body == nil {
		body = []byte("{}")
	}
	account := p.Record.Key
	p.Record.Key, p.Record.Body = "", body
	if m.anonymous != m.user {
		p.PreviousID = m.anonymous
	}
	s.out.Pending = append(s.out.Pending, p)
	if account != "" {
		p.PreviousID = ""
		p.Record.Source, p.Record.Key = "segment:member", account
		p.Record.Body = append([]byte(nil), body...)
		s.out.Pending = append(s.out.Pending, p)
	}
}
