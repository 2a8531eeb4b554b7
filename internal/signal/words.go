package signal

import (
	"fmt"
	"math"
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
	if verb, object, ok := deed(eventType); ok {
		return capital(verb) + " " + article(n) + " " + Ordinal(n) + " " + object
	}
	return `The event "` + eventType + `" happened for the ` + Ordinal(n) + " time"
}

// deed takes an event type of the form object and past verb apart.
func deed(eventType string) (verb, object string, ok bool) {
	eventType, own := strings.CutPrefix(eventType, "headroom.")
	words := strings.FieldsFunc(eventType, func(r rune) bool { return strings.ContainsRune("._:/- ", r) })
	if len(words) < 2 {
		return "", "", false
	}
	verb = strings.ToLower(words[len(words)-1])
	if own && byItself[verb] {
		return "", "", false
	}
	return verb, strings.ToLower(strings.Join(words[:len(words)-1], " ")), strings.HasSuffix(verb, "ed") || irregular[verb]
}

// some writes an object with its article: "a summit", "an order"; those that end in s go without.
func some(object string) string {
	switch {
	case strings.HasSuffix(object, "s"):
		return object
	case strings.ContainsRune("aeiou", rune(object[0])):
		return "an " + object
	}
	return "a " + object
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

func gateEvidence(in *GateTouch, times int64, span time.Duration) string {
	often := Times(int(times))
	if times > 1 {
		often += " in " + Span(span)
	}
	switch {
	case in.Limit > 0:
		return fmt.Sprintf("Wanted more than %s %s %s", Grouped(in.Limit.String()), Inside(in.Title), often)
	case in.Plan != "":
		return fmt.Sprintf("Opened %s %s, which %s does not include", in.Title, often, in.Plan)
	}
	return fmt.Sprintf("Opened %s %s without having it", in.Title, often)
}

// oftenEvidence says how often an event happened: "Published a summit 5 times in 2 days".
func oftenEvidence(eventType string, times int64, span time.Duration) string {
	words := `The event "` + eventType + `" happened`
	if verb, object, ok := deed(eventType); ok {
		words = capital(verb) + " " + some(object)
	}
	words += " " + Times(int(times))
	if times > 1 {
		words += " in " + Span(span)
	}
	return words
}

// sequenceEvidence says what followed what: "Started a trial, then invited a member, in 3 days".
func sequenceEvidence(types []string, span time.Duration) string {
	var all []string
	for _, t := range types {
		if verb, object, ok := deed(t); ok {
			all = append(all, verb+" "+some(object))
		} else {
			all = append(all, `"`+t+`" happened`)
		}
	}
	return capital(strings.Join(all, ", then ")) + ", in " + Span(span)
}

// absentEvidence says what no longer happens: "Has not published a summit for 14 days, after
// 9 times before".
func absentEvidence(eventType string, silent time.Duration, times int64) string {
	words := `The event "` + eventType + `" has not happened`
	if verb, object, ok := deed(eventType); ok {
		words = "Has not " + verb + " " + some(object)
	}
	return words + " for " + Span(silent) + ", after " + Times(int(min(times, math.MaxInt32))) + " before"
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

// byItself are what happens to things of ours without anybody doing it: a trial expired.
var byItself = map[string]bool{"expired": true, "converted": true, "joined": true, "left": true}

// irregular are past verbs of event types that do not end in "ed".
var irregular = map[string]bool{
	"sent": true, "made": true, "built": true, "bought": true, "sold": true, "won": true,
	"run": true, "begun": true, "written": true, "drawn": true, "shown": true, "given": true,
}
