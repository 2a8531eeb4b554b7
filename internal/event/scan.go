package event

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// scanner reads JSON strictly (RFC 8259) and in one pass, without building a tree: the
// doors take what they need as it comes by. Whether the bytes are UTF-8 is the caller's
// affair. The first mistake stops it: every method then returns false, and at and why say
// where and what it was.
//
// A text that it returns is part of the input unless it had escapes in it.
type scanner struct {
	b   []byte
	s   string // the same bytes
	i   int    // next byte
	at  int    // offset of the mistake
	why string // what is wrong there, "" while all is well
}

func newScanner(b []byte) scanner {
	return scanner{b: b, s: unsafe.String(unsafe.SliceData(b), len(b))} //nolint:gosec // the doors' contract: nobody changes the body while its records are used
}

func (sc *scanner) fail(at int, why string) bool {
	if sc.why == "" {
		sc.at, sc.why = at, why
	}
	return false
}

// next skips white space and returns the byte after it, 0 at the end.
func (sc *scanner) next() byte {
	for sc.i < len(sc.b) {
		c := sc.b[sc.i]
		if c > ' ' {
			return c
		}
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		sc.i++
	}
	return 0
}

// end says whether nothing but white space is left.
func (sc *scanner) end() bool {
	if sc.next(); sc.i < len(sc.b) {
		return sc.fail(sc.i, "there is something after the end of the JSON")
	}
	return true
}

// open reads the { or [ named.
func (sc *scanner) open(c byte) bool {
	if sc.next() != c {
		return sc.fail(sc.i, "expected "+string(c))
	}
	sc.i++
	return true
}

// more says whether another member or element follows in the object or array that closes
// with c; it reads the comma before it, or the closing byte.
func (sc *scanner) more(c byte, first bool) bool {
	switch got := sc.next(); {
	case sc.why != "":
		return false
	case got == c:
		sc.i++
		return false
	case first:
		return true
	case got == ',':
		sc.i++
		return true
	case got == 0 && sc.i >= len(sc.b):
		return sc.fail(sc.i, "the text ends too early")
	}
	return sc.fail(sc.i, "expected a comma or the end of the object or array")
}

// key reads the name of a member and its colon.
func (sc *scanner) key() (string, bool) {
	if sc.next() != '"' {
		return "", sc.fail(sc.i, "expected a name in double quotes")
	}
	name, ok := sc.text()
	if !ok {
		return "", false
	}
	if sc.next() != ':' {
		return "", sc.fail(sc.i, "expected a colon")
	}
	sc.i++
	return name, true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns the offset of the first quote, backslash or control character from i
// on, len(b) when there is none. It looks at eight bytes at a time: for each of the three,
// the lowest high bit set marks the first such byte.
func special(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		quote, slash := v^(ones*'"'), v^(ones*'\\')
		if m := ((quote-ones)&^quote | (slash-ones)&^slash | (v-ones*0x20)&^v) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < 0x20 {
			return i
		}
	}
	return i
}

// text reads the string whose opening quote is next.
func (sc *scanner) text() (string, bool) {
	from := sc.i + 1
	i := special(sc.b, from)
	if i < len(sc.b) && sc.b[i] == '"' {
		sc.i = i + 1
		return sc.s[from:i], true
	}
	return sc.escaped(from, i)
}

// escaped reads the rest of a string that has its first special byte at i.
func (sc *scanner) escaped(from, i int) (string, bool) {
	var buf [128]byte
	out := buf[:0]
	for {
		if i >= len(sc.b) {
			return "", sc.fail(len(sc.b), "the text ends inside a string")
		}
		switch c := sc.b[i]; {
		case c == '"':
			sc.i = i + 1
			return string(append(out, sc.b[from:i]...)), true
		case c < 0x20:
			return "", sc.fail(i, "a control character stands unescaped in a string")
		}
		out = append(out, sc.b[from:i]...)
		var n int
		if out, n = sc.escape(out, i); n == 0 {
			return "", false
		}
		from = i + n
		i = special(sc.b, from)
	}
}

// escape appends what the escape at i stands for and returns its length, 0 when it is
// wrong. Half a surrogate pair becomes U+FFFD.
func (sc *scanner) escape(out []byte, i int) ([]byte, int) {
	if i+1 >= len(sc.b) {
		sc.fail(len(sc.b), "the text ends inside a string")
		return out, 0
	}
	if j := strings.IndexByte(`"\/bfnrt`, sc.b[i+1]); j >= 0 {
		return append(out, "\"\\/\b\f\n\r\t"[j]), 2
	}
	r, ok := sc.hex4(i)
	if !ok {
		sc.fail(i, "an escape in a string is not one of JSON's")
		return out, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := sc.hex4(i + 6); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return utf8.AppendRune(out, pair), 12
			}
		}
		r = utf8.RuneError
	}
	return utf8.AppendRune(out, r), 6
}

// hex4 reads a \uXXXX at i.
func (sc *scanner) hex4(i int) (rune, bool) {
	if i+6 > len(sc.b) || sc.b[i] != '\\' || sc.b[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range sc.b[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// number reads a number and returns its exact text.
func (sc *scanner) number() (string, bool) {
	b, from := sc.b, sc.i
	i := from
	digits := func() bool {
		start := i
		for i < len(b) && digit(b[i]) {
			i++
		}
		return i > start
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return "", sc.fail(from, "expected a value")
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return "", sc.fail(i, "a digit is missing in a number")
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return "", sc.fail(i, "a digit is missing in a number")
		}
	}
	sc.i = i
	return sc.s[from:i], true
}

// inRange says whether a number as text fits a 64-bit float and is not absurdly long.
func inRange(number string) bool {
	if len(number) < 300 && strings.IndexByte(number, 'e') < 0 && strings.IndexByte(number, 'E') < 0 {
		return true
	}
	if len(number) > maxDigits {
		return false
	}
	_, err := strconv.ParseFloat(number, 64)
	return err == nil
}

// scalar reads a value that is neither object nor array.
func (sc *scanner) scalar() (Value, bool) {
	switch c := sc.next(); c {
	case '"':
		s, ok := sc.text()
		return Value{String, s}, ok
	case 't':
		return Value{Bool, "true"}, sc.literal("true")
	case 'f':
		return Value{Bool, "false"}, sc.literal("false")
	case 'n':
		return Value{}, sc.literal("null")
	case 0:
		if sc.i >= len(sc.b) {
			return Value{}, sc.fail(sc.i, "the text ends too early")
		}
	}
	s, ok := sc.number()
	return Value{Number, s}, ok
}

func (sc *scanner) literal(word string) bool {
	if !strings.HasPrefix(sc.s[sc.i:], word) {
		return sc.fail(sc.i, "expected a value")
	}
	sc.i += len(word)
	return true
}

// tooDeep is the mistake of a text nested deeper than maxDepth.
const tooDeep = "it is nested too deeply"

// skip reads any value and forgets it.
func (sc *scanner) skip(depth int) bool {
	c := sc.next()
	if c != '{' && c != '[' {
		if c == '"' {
			if i := special(sc.b, sc.i+1); i < len(sc.b) && sc.b[i] == '"' {
				sc.i = i + 1
				return true
			}
		}
		_, ok := sc.scalar()
		return ok
	}
	if depth <= 0 {
		return sc.fail(sc.i, tooDeep)
	}
	sc.i++
	for first := true; sc.more(c+2, first); first = false {
		if c == '{' {
			if _, ok := sc.key(); !ok {
				return false
			}
		}
		if !sc.skip(depth - 1) {
			return false
		}
	}
	return sc.why == ""
}

// count reads an array and returns the number of its elements.
func (sc *scanner) count(depth int) (int, bool) {
	if depth <= 0 {
		return 0, sc.fail(sc.i, tooDeep)
	}
	n := 0
	sc.i++
	for sc.more(']', n == 0) {
		if !sc.skip(depth - 1) {
			return 0, false
		}
		n++
	}
	return n, sc.why == ""
}

// resume finds the end of the array element that began at start and has a mistake in it,
// by its brackets and strings alone, and goes on from there. It says whether a comma or
// the end of the array follows; if not, there is no telling where the next element begins.
func (sc *scanner) resume(start int) bool {
	depth, i := 0, start
	for i < len(sc.b) {
		switch c := sc.b[i]; c {
		case '"':
			for i++; i < len(sc.b) && sc.b[i] != '"'; i++ {
				if sc.b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				if c == '}' || i == start { // not ours, or no element at all
					return false
				}
				sc.i, sc.why = i, ""
				return true
			}
			if c != ',' {
				depth--
			}
		}
		i++
	}
	return false
}
