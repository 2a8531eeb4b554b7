package entitlement

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// Answers are written by hand, as a check is asked a hundred thousand times a second. What is
// written is byte for byte what encoding/json writes; a test holds every field to that. They
// are no json.Marshaler, because types that embed an Answer would become one too.

// AppendJSON appends the answer as encoding/json writes it.
func (a *Answer) AppendJSON(b []byte) []byte {
	return append(a.AppendFields(append(b, '{')), '}')
}

// AppendJSON appends the item as encoding/json writes it.
func (it *Item) AppendJSON(b []byte) []byte {
	b = it.AppendFields(append(b, '{'))
	b = append(b, `,"content":`...)
	b = it.Content.appendJSON(b)
	return append(b, '}')
}

// AppendFields appends the fields of the answer without the braces around them.
func (a *Answer) AppendFields(b []byte) []byte {
	b = appendBool(append(b, `"allowed":`...), a.Allowed)
	b = appendText(append(b, `,"reason":`...), string(a.Reason))
	b = appendText(append(b, `,"message":`...), a.Message)
	b = appendText(append(b, `,"feature":`...), a.Feature)
	b = someText(b, `,"kind":`, string(a.Kind))
	b = someText(b, `,"value":`, a.Value)
	b = appendQuantity(append(b, `,"usage":`...), a.Usage)
	b = appendQuantity(append(b, `,"limit":`...), a.Limit)
	b = appendQuantity(append(b, `,"remaining":`...), a.Remaining)
	if a.Reserved != 0 {
		b = a.Reserved.Append(append(b, `,"reserved":`...))
	}
	b = a.Shortfall.Append(append(b, `,"shortfall":`...))
	b = someTrue(b, `,"unlimited":true`, a.Unlimited)
	b = someTrue(b, `,"soft":true`, a.Soft)
	if a.Grace != nil {
		b = a.Grace.Append(append(b, `,"grace":`...))
	}
	b = someTime(b, `,"grace_ends_at":`, a.GraceEndsAt)
	b = appendTime(append(b, `,"resets_at":`...), a.ResetsAt)
	b = someTrue(b, `,"rolling":true`, a.Rolling)
	b = someTime(b, `,"trial_ends_at":`, a.TrialEndsAt)
	b = someTrue(b, `,"approximate":true`, a.Approximate)
	if a.StandardError != 0 {
		b = appendOther(append(b, `,"standard_error":`...), a.StandardError)
	}
	if o := a.Overage; o != nil {
		b = o.Unit.Append(append(b, `,"overage":{"unit":`...))
		b = appendAmount(append(b, `,"price":`...), o.Price)
		b = appendAmount(append(b, `,"cost":`...), o.Cost)
		b = append(b, '}')
	}
	b = someText(b, `,"source":`, a.Source)
	for i := range a.Sources {
		if i == 0 {
			b = append(b, `,"sources":[`...)
		}
		b = a.Sources[i].appendJSON(b)
		b = closing(b, i == len(a.Sources)-1)
	}
	b = someText(b, `,"part_of":`, a.PartOf)
	b = someTrue(b, `,"hidden":true`, a.Hidden)
	b = someText(b, `,"holder":`, a.Holder)
	b = someText(b, `,"reservation_id":`, a.ReservationID)
	switch {
	case a.Unlock == nil:
		return append(b, `,"unlock":null`...)
	case len(a.Unlock) == 0:
		return append(b, `,"unlock":[]`...)
	}
	b = append(b, `,"unlock":[`...)
	for i := range a.Unlock {
		b = a.Unlock[i].appendJSON(b)
		b = closing(b, i == len(a.Unlock)-1)
	}
	return b
}

func (s *Source) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"source":`...), s.Source)
	if s.Limit != nil {
		b = s.Limit.Append(append(b, `,"limit":`...))
	}
	if s.Balance != nil {
		b = s.Balance.Append(append(b, `,"balance":`...))
	}
	b = someTime(b, `,"expires_at":`, s.ExpiresAt)
	if s.Priority != nil {
		b = strconv.AppendInt(append(b, `,"priority":`...), int64(*s.Priority), 10)
	}
	b = someText(b, `,"value":`, s.Value)
	return append(b, '}')
}

func (u *Unlock) appendJSON(b []byte) []byte {
	from := len(b)
	b = someText(b, `,"plan":`, u.Plan)
	b = someText(b, `,"addon":`, u.Addon)
	b = someText(b, `,"pack":`, u.Pack)
	b = someText(b, `,"kind":`, string(u.Kind))
	if u.Quantity != 0 {
		b = strconv.AppendInt(append(b, `,"quantity":`...), u.Quantity, 10)
	}
	b = appendText(append(b, `,"title":`...), u.Title)
	b[from] = '{'
	if u.Price != nil {
		b = appendAmount(append(b, `,"price":`...), *u.Price)
	}
	if u.More != nil {
		b = appendAmount(append(b, `,"difference":`...), *u.More)
	}
	b = appendText(append(b, `,"interval":`...), string(u.Interval))
	b = appendText(append(b, `,"gives":`...), u.Gives)
	b = appendQuantity(append(b, `,"limit":`...), u.Limit)
	return append(b, '}')
}

func (c *Content) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"title":`...), c.Title)
	b = someText(b, `,"benefit":`, c.Benefit)
	b = someText(b, `,"media":`, c.Media)
	b = someText(b, `,"docs":`, c.Docs)
	b = someText(b, `,"language":`, c.Language)
	return append(b, '}')
}

// closing ends an element of a list.
func closing(b []byte, last bool) []byte {
	if last {
		return append(b, ']')
	}
	return append(b, ',')
}

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

func appendQuantity(b []byte, q *quantity.Quantity) []byte {
	if q == nil {
		return append(b, "null"...)
	}
	return q.Append(b)
}

func appendTime(b []byte, t clock.Time) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	return append(t.Append(append(b, '"')), '"')
}

func appendAmount(b []byte, a money.Amount) []byte {
	b = append(b, `{"amount":"`...)
	b = append(b, a.Minor.Decimal(a.Currency)...)
	b = append(b, `","currency":`...)
	return append(appendText(b, string(a.Currency)), '}')
}

// The some functions append a field with its name, unless it is empty.

func someText(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendText(append(b, name...), s)
}

func someTime(b []byte, name string, t clock.Time) []byte {
	if t == 0 {
		return b
	}
	return appendTime(append(b, name...), t)
}

func someTrue(b []byte, field string, v bool) []byte {
	if !v {
		return b
	}
	return append(b, field...)
}

// appendText appends a JSON string. What needs escaping is left to encoding/json.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0x7f {
			return appendOther(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendOther appends what is rarely there.
func appendOther(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // not of texts, nor of numbers that are some
		return append(b, "null"...)
	}
	return append(b, text...)
}
