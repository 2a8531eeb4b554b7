package event

import (
	"encoding/base64"
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
)

// DecodeCloudEvents is the door for CloudEvents 1.0 over HTTP, in all three modes:
//
//   - structured: one event as a JSON object (application/cloudevents+json);
//   - batched: an array of them (application/cloudevents-batch+json). Both are told apart
//     by the body itself and taken as application/json or without a content type as well;
//   - binary: the attributes in ce- headers, the data in the body; it is chosen when the
//     request has any of ce-specversion, ce-type and ce-id, and is not structured.
//
// header gives the value of a request header, "" when it is not there. subject is the
// account's key. data.user is the user: a string, a number, or an object with an id, whose
// other members are properties "user.…". The scalars of data become properties, those of
// nested objects with names joined by dots; an array becomes its length as "<name>.count";
// data that is itself a scalar becomes the property "data". Extension attributes are
// ignored. An event without an id is taken but not deduplicated, one without a time has
// At 0.
//
// A fault (malformed_json, body_too_large, too_many_events, unsupported_media_type,
// not_utf8 headers) means that nothing was taken; whatever is wrong with one event is in
// Decoded.Rejected. now is the time of receipt, and becomes ReceivedAt.
func DecodeCloudEvents(header func(name string) string, body []byte, now clock.Time, lim Limits) (*Decoded, error) {
	media, charset, err := mediaType(header("Content-Type"))
	if err != nil {
		return nil, err
	}
	structured := media == "application/cloudevents+json" || media == "application/cloudevents-batch+json"
	binary := !structured && (header("ce-specversion") != "" || header("ce-type") != "" || header("ce-id") != "")
	if !binary && !structured && media != "" && media != "application/json" {
		return nil, fault.New(fault.Unsupported, CodeMediaType, "content type %s is not taken here", quote(media)).
			WithMend("send application/cloudevents+json, application/cloudevents-batch+json, application/json, or ce- headers")
	}
	if charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return nil, fault.New(fault.Unsupported, CodeMediaType, "charset %s is not taken", quote(charset)).WithMend("encode the body as UTF-8")
	}
	d, err := begin(body, now, lim)
	if err != nil {
		return nil, err
	}
	ce := cloudEvents{reader: d}
	if binary {
		return d.finish(ce.binary(header, media))
	}
	err = d.each(ce.read, ce.done)
	if err == nil && !d.sc.end() {
		err = d.malformed()
	}
	return d.finish(err)
}

func mediaType(contentType string) (media, charset string, err error) {
	// The common ones need no parsing.
	switch contentType {
	case "", "application/json", "application/cloudevents+json", "application/cloudevents-batch+json":
		return contentType, "", nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", "", fault.New(fault.Unsupported, CodeMediaType, "content type %s cannot be read", quote(contentType)).
			WithMend("send Content-Type: application/cloudevents+json")
	}
	return media, params["charset"], nil
}

// cloudEvents reads one event at a time.
type cloudEvents struct {
	*reader
	id, source, typ, subject, time, spec, content, user string
	data, data64                                        bool
}

// read reads an event as a JSON object.
func (c *cloudEvents) read() bool {
	*c = cloudEvents{reader: c.reader}
	if b := c.sc.next(); b != '{' {
		c.reject(CodeNotObject, "the event is not a JSON object")
		return c.sc.skip(maxDepth)
	}
	c.sc.i++
	encoded := ""
	for first := true; c.sc.more('}', first); first = false {
		name, ok := c.sc.key()
		if !ok {
			return false
		}
		switch name {
		case "id":
			ok = c.attr(&c.id, name)
		case "source":
			ok = c.attr(&c.source, name)
		case "type":
			ok = c.attr(&c.typ, name)
		case "subject":
			ok = c.attr(&c.subject, name)
		case "time":
			ok = c.attr(&c.time, name)
		case "specversion":
			ok = c.attr(&c.spec, name)
		case "datacontenttype":
			ok = c.attr(&c.content, name)
		case "data":
			c.data = c.sc.next() != 'n'
			ok = c.readData()
		case "data_base64":
			ok = c.attr(&encoded, name)
			c.data64 = encoded != ""
		default:
			ok = c.sc.skip(maxDepth)
		}
		if !ok {
			return false
		}
	}
	if c.sc.why == "" && c.data64 {
		c.readEncoded(encoded)
	}
	return c.sc.why == ""
}

// readData reads the data: an object as properties, anything else as the property "data".
func (c *cloudEvents) readData() bool {
	c.out.arena = c.out.arena[:c.from] // data given twice: the last counts
	c.section()
	c.user = ""
	switch c.sc.next() {
	case '{':
		return c.object(maxDepth-1, c.member)
	case 'n':
		return c.sc.literal("null")
	}
	c.push("data")
	ok := c.value(maxDepth - 1)
	c.path = c.path[:0]
	return ok
}

// member reads the user among the members of data.
func (c *cloudEvents) member(key string) (ok, handled bool) {
	if key != "user" {
		return true, false
	}
	switch b := c.sc.next(); {
	case b == '{':
		c.path = append(c.path[:0], "user"...)
		ok := c.object(maxDepth-2, func(key string) (ok, handled bool) {
			if key != "id" || len(c.path) != len("user") {
				return true, false
			}
			return c.ident(&c.user, "data.user.id"), true
		})
		c.path = c.path[:0]
		return ok, true
	case b == '"' || b == 'n' || b == '-' || digit(b):
		return c.ident(&c.user, "data.user"), true
	}
	c.reject(CodeWrongType, "data.user is neither a string nor an object with an id")
	return c.sc.skip(maxDepth - 1), true
}

// readEncoded reads data_base64, which must hold JSON.
func (c *cloudEvents) readEncoded(encoded string) {
	if c.data {
		c.reject(CodeDataTwice, "the event has both data and data_base64; send one of them")
		return
	}
	if media, _, err := mediaType(c.content); err != nil || !isJSON(media) {
		c.reject(CodeBinaryData, "data_base64 of type "+quote(c.content)+" is not JSON; send JSON as data")
		return
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		c.reject(CodeBinaryData, "data_base64 is not base64; send JSON as data")
		return
	}
	outer := c.sc
	c.sc = newScanner(b)
	if !c.readData() || !c.sc.end() {
		c.reject(CodeMalformed, "data_base64 is not JSON: at byte "+itoa(c.sc.at)+" "+c.sc.why)
	}
	if !utf8.Valid(b) {
		c.reject(CodeNotUTF8, "data_base64 has bytes that are not UTF-8; encode it as UTF-8")
	}
	c.sc = outer
}

func isJSON(media string) bool {
	return media == "" || media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

// binary reads the one event of a request in binary mode.
func (c *cloudEvents) binary(header func(string) string, media string) error {
	c.content = media
	for _, h := range []struct {
		name string
		dst  *string
	}{
		{"ce-id", &c.id}, {"ce-source", &c.source}, {"ce-type", &c.typ}, {"ce-subject", &c.subject},
		{"ce-time", &c.time}, {"ce-specversion", &c.spec},
	} {
		v := header(h.name)
		// The HTTP binding writes what is not printable ASCII as %XX.
		if strings.IndexByte(v, '%') >= 0 {
			if plain, err := url.PathUnescape(v); err == nil {
				v = plain
			}
		}
		if !utf8.ValidString(v) {
			c.reject(CodeNotUTF8, "header "+h.name+" is not UTF-8; encode it as UTF-8 and write it as %XX")
			v = ""
		}
		*h.dst = v
	}
	switch {
	case len(c.sc.b) == 0:
	case isJSON(media):
		if !c.readData() || !c.sc.end() {
			return c.malformed()
		}
	case strings.HasPrefix(media, "text/"):
		c.section()
		c.add("data", Value{String, c.sc.s})
		c.sc.i = len(c.sc.b)
	default:
		c.reject(CodeBinaryData, "data of type "+quote(media)+" is neither JSON nor text; send JSON")
		c.valid = true // no text, so nothing to say about its encoding
		c.sc.i = len(c.sc.b)
	}
	c.whole(0, 0)
	c.done(0)
	return nil
}

// done checks the event that was read, and takes or rejects it.
func (c *cloudEvents) done(index int) {
	var at clock.Time
	if c.code == "" {
		at = c.check()
	}
	if c.code != "" {
		c.rejected(index)
		return
	}
	c.out.Events++
	if c.id == "" {
		c.out.Undeduplicated++
	}
	c.out.Pending = append(c.out.Pending, Pending{Index: index, UserID: c.user, Record: Record{
		Kind: KindEvent, Source: c.source, ID: c.id, Key: c.subject, Type: c.typ, At: at, ReceivedAt: c.now,
	}})
	c.split(&c.out.Pending[len(c.out.Pending)-1], c.props(), false)
}

// check says what is wrong with the attributes, the most telling first, and reads the time.
func (c *cloudEvents) check() (at clock.Time) {
	switch {
	case c.spec != "1.0":
		c.reject(CodeSpecVersion, "specversion is "+quote(c.spec)+"; send \"1.0\"")
	case c.typ == "":
		c.reject(CodeMissingType, "the event has no type; name what happened, such as speaker.added")
	case c.source == "":
		c.reject(CodeMissingSource, "the event has no source; name the system it comes from")
	case c.subject == "":
		c.reject(CodeMissingSubject, "the event has no subject; give the account's key there")
	case reserved(c.source):
		c.reject(CodeReservedSource, "source "+quote(c.source)+" begins with a word of the server's own; choose another")
	}
	c.key(c.subject, true)
	c.key(c.user, false)
	c.bounded(c.typ, "type")
	c.bounded(c.source, "source")
	c.bounded(c.id, "id")
	if c.time != "" {
		at = c.when(c.time)
		c.inWindow(at, c.time)
	}
	return at
}

// reserved says whether a source is one under which the server deduplicates its own records.
func reserved(source string) bool {
	for _, own := range []string{"api:", "import:", "segment:", browserSource, "headroom:"} {
		if strings.HasPrefix(source, own) {
			return true
		}
	}
	return false
}
