package signal

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Grouped writes a plain decimal with commas between thousands: "20000.5" is "20,000.5".
func Grouped(decimal string) string {
	digits, neg := strings.CutPrefix(decimal, "-")
	whole, frac, dotted := strings.Cut(digits, ".")
	var b strings.Builder
	if neg {
		b.WriteByte('-')
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if dotted {
		b.WriteString("." + frac)
	}
	return b.String()
}

// Inside writes a title as it stands inside a sentence: "Sponsor tiers" is "sponsor tiers",
// "API calls" stays.
func Inside(title string) string {
	if title == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(title)
	if next, _ := utf8.DecodeRuneInString(title[n:]); unicode.IsUpper(next) || unicode.IsDigit(next) {
		return title
	}
	return string(unicode.ToLower(first)) + title[n:]
}

// Span writes a duration in its largest fitting unit, rounded to the nearest whole one:
// "9 days", "1 hour", "a moment" below a minute.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return "a moment"
	case d < time.Hour-30*time.Second:
		return count(d, time.Minute, "minute")
	case d < day-30*time.Minute:
		return count(d, time.Hour, "hour")
	default:
		return count(d, day, "day")
	}
}

func count(d, unit time.Duration, name string) string {
	n := int64((d + unit/2) / unit)
	if n == 1 {
		return "1 " + name
	}
	return Grouped(strconv.FormatInt(n, 10)) + " " + name + "s"
}

// Times writes how often: "once", "twice", "3 times".
func Times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return strconv.Itoa(n) + " times"
	}
}

// Ordinal writes "first", "2nd", "11th".
func Ordinal(n int64) string {
	if n == 1 {
		return "first"
	}
	s := Grouped(strconv.FormatInt(n, 10))
	if teen := n % 100; teen >= 11 && teen <= 13 {
		return s + "th"
	}
	switch n % 10 {
	case 1:
		return s + "st"
	case 2:
		return s + "nd"
	case 3:
		return s + "rd"
	}
	return s + "th"
}

// Milestone says that an event happened for the nth time: "Published an 8th summit" for
// types of the form object and past verb (summit.published, "Summit Published"), a plain
// sentence for others.
func Milestone(eventType string, n int64) string {
	words := strings.FieldsFunc(eventType, func(r rune) bool { return strings.ContainsRune("._:/- ", r) })
	if len(words) >= 2 {
		verb := strings.ToLower(words[len(words)-1])
		if strings.HasSuffix(verb, "ed") || irregular[verb] {
			object := strings.ToLower(strings.Join(words[:len(words)-1], " "))
			return strings.ToUpper(verb[:1]) + verb[1:] + " " + article(n) + " " + Ordinal(n) + " " + object
		}
	}
	return `The event "` + eventType + `" happened for the ` + Ordinal(n) + " time"
}

// article is the one an ordinal takes when it is read aloud: an 8th, an 11th, an 18th.
func article(n int64) string {
	lead := n
	for lead >= 1000 {
		lead /= 1000
	}
	if s := strconv.FormatInt(n, 10); s[0] == '8' || lead == 11 || lead == 18 {
		return "an"
	}
	return "a"
}

// irregular are past verbs of event types that do not end in "ed".
var irregular = map[string]bool{
	"sent": true, "made": true, "built": true, "bought": true, "sold": true, "won": true,
	"run": true, "begun": true, "written": true, "drawn": true, "shown": true, "given": true,
}
