package sheet

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/valyala/fastjson"
)

const (
	maxRecord  = 1 << 20 // bytes of one record; longer ones are bad rows
	maxColumns = 2000
	chunk      = 1 << 18 // bytes read at a time
)

// scanner cuts a stream into records of fields. Fields are slices into its buffer, good
// until the next call.
type scanner struct {
	r       io.Reader
	buf     []byte
	lo, hi  int
	eof     bool
	failed  error  // of the reader, told once what was read before it is used up
	delim   byte   // 0 for NDJSON
	stops   string // delim and newline
	columns []string
	row     int64 // number of the last record; the header is 1
	fields  [][]byte
	scratch []byte
	parser  fastjson.Parser
	number  map[string]int // of NDJSON columns
}

// badRecord says why a record cannot be read; the scanner has moved past it.
type badRecord struct{ why, value string }

func (b *badRecord) Error() string { return b.why }

// newScanner reads enough to know the format and the columns.
func newScanner(r io.Reader, name string) (*scanner, error) {
	s := &scanner{r: r, buf: make([]byte, 0, chunk)}
	for !s.eof && s.hi < chunk/2 {
		s.fill()
	}
	if s.failed != nil && s.hi == 0 {
		return nil, unreadable(name, s.failed)
	}
	if err := refuse(name, s.buf[:s.hi]); err != nil {
		return nil, err
	}
	s.lo = len(s.buf[:s.hi]) - len(bytes.TrimPrefix(s.buf[:s.hi], []byte("\xEF\xBB\xBF")))
	if first := bytes.TrimLeft(s.buf[s.lo:s.hi], " \t\r\n"); len(first) > 0 && first[0] == '{' {
		return s, s.openLines(name)
	}
	return s, s.openTable(name)
}

func unreadable(name string, err error) error {
	return fault.New(fault.Unavailable, "file_unreadable", "%s: cannot be read: %v", name, err).
		WithMend("check that the file is whole and readable").WithCause(err)
}

// refuse names the usual files that are no text, with the mend.
func refuse(name string, b []byte) error {
	no := func(what, mend string) error {
		return fault.New(fault.Invalid, "file_not_text", "%s is %s", name, what).WithMend("%s", mend)
	}
	switch {
	case len(bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF")))) == 0:
		return fault.New(fault.Invalid, "file_empty", "%s is empty", name).
			WithMend("export it again: the first line names the columns")
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return no("a zip file or an Excel workbook", "save it as CSV (UTF-8)")
	case bytes.HasPrefix(b, []byte("\x1f\x8b")):
		return no("compressed with gzip", "unpack it first: gunzip -k "+name)
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return no("in UTF-16", "save it as CSV in UTF-8")
	case bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(bytes.TrimRight(b, "\r"), '\r') >= 0:
		return no("written with carriage returns alone at the ends of lines", "save it with line ends of Unix or Windows")
	case bytes.HasPrefix(b, []byte("PAR1")):
		return no("a Parquet file", "export it as CSV or NDJSON")
	}
	return nil
}

// openTable reads the header of a delimited file.
func (s *scanner) openTable(name string) error {
	s.delim = sniff(s.buf[s.lo:s.hi])
	s.stops = string([]byte{s.delim, '\n'})
	fields, err := s.next()
	for err == nil && len(fields) == 1 && len(bytes.TrimSpace(fields[0])) == 0 {
		fields, err = s.next()
	}
	if err != nil {
		return fault.New(fault.Invalid, "header_unreadable", "%s: the first line cannot be read: %v", name, err).
			WithMend("the first line names the columns, separated by commas, semicolons or tabs")
	}
	if len(fields) > maxColumns {
		return fault.New(fault.TooLarge, "header_too_wide", "%s has %d columns", name, len(fields)).
			WithMend("leave no more than %d columns in it", maxColumns)
	}
	s.columns = make([]string, len(fields))
	for i, f := range fields {
		s.columns[i] = string(bytes.TrimSpace(f))
		if !utf8.Valid(f) {
			s.columns[i] = fromWindows(bytes.TrimSpace(f))
		}
	}
	s.row = 1
	return nil
}

// openLines learns the columns of NDJSON from the records in the first chunk.
func (s *scanner) openLines(name string) error {
	s.number = map[string]int{}
	for rest, seen := s.buf[s.lo:s.hi], 0; seen < 1000 && len(rest) > 0; seen++ {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		rest = after
		if !whole && !s.eof {
			break
		}
		if v, err := s.parser.ParseBytes(bytes.TrimSpace(line)); err == nil {
			s.learn("", v, 0)
		}
	}
	if len(s.columns) == 0 {
		return fault.New(fault.Invalid, "header_unreadable", "%s begins with { but its first lines are no JSON objects", name).
			WithMend("write one JSON object a line (NDJSON), or CSV")
	}
	return nil
}

// learn collects the keys of an object; keys of objects inside it are joined with a point.
func (s *scanner) learn(prefix string, v *fastjson.Value, depth int) {
	o, err := v.Object()
	if err != nil {
		return
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		name := strings.ToValidUTF8(prefix+string(key), "\uFFFD")
		if v.Type() == fastjson.TypeObject && depth < 2 {
			s.learn(name+".", v, depth+1)
			return
		}
		if _, ok := s.number[name]; !ok && len(s.columns) < maxColumns {
			s.number[name] = len(s.columns)
			s.columns = append(s.columns, name)
		}
	})
}

// sniff finds the delimiter: the candidate that occurs most in the first line, outside quotes.
func sniff(b []byte) byte {
	count := map[byte]int{}
	quoted := false
line:
	for _, c := range bytes.TrimLeft(b, "\r\n") {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n' || c == '\r':
			break line
		default:
			count[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t', '|'} {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}

// format says how the file is written.
func (s *scanner) format() string {
	switch s.delim {
	case 0:
		return "ndjson"
	case ';':
		return "csv with semicolons"
	case '\t':
		return "csv with tabs"
	case '|':
		return "csv with bars"
	}
	return "csv"
}

// fill reads more into the buffer, moving what is unread to its beginning.
func (s *scanner) fill() {
	if s.lo > 0 {
		copy(s.buf[:s.hi-s.lo], s.buf[s.lo:s.hi])
		s.lo, s.hi = 0, s.hi-s.lo
	}
	if cap(s.buf)-s.hi < chunk/2 {
		grown := make([]byte, s.hi, 2*cap(s.buf)+chunk)
		copy(grown, s.buf[:s.hi])
		s.buf = grown
	}
	s.buf = s.buf[:cap(s.buf)]
	for tries := 0; !s.eof; tries++ {
		n, err := s.r.Read(s.buf[s.hi:])
		s.hi += n
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.failed = err
			}
		}
		if n > 0 {
			return
		}
		if tries > 100 {
			s.eof, s.failed = true, io.ErrNoProgress
		}
	}
}

// next returns the fields of the next record, io.EOF after the last, or *badRecord for one
// that cannot be read (the next call goes on behind it).
func (s *scanner) next() ([][]byte, error) {
	for {
		data := s.buf[s.lo:s.hi]
		line := bytes.IndexByte(data, '\n')
		if line < 0 {
			switch {
			case !s.eof && len(data) <= maxRecord:
				s.fill()
				continue
			case !s.eof:
				return nil, s.skipLine()
			case len(data) == 0:
				if s.failed != nil {
					return nil, s.failed
				}
				return nil, io.EOF
			}
			line = len(data)
		}
		if s.delim == 0 {
			s.row++
			s.take(line)
			if text := bytes.TrimSpace(data[:line]); len(text) > 0 {
				return s.object(text)
			}
			continue
		}
		if bytes.IndexByte(data[:line], '"') < 0 {
			text := bytes.TrimSuffix(data[:line], []byte("\r"))
			s.take(line)
			s.row++
			if len(text) == 0 {
				continue // blank lines are nothing
			}
			s.split(text)
			return s.fields, nil
		}
		used, why := s.quoted(data)
		if why == more {
			if !s.eof && len(data) <= maxRecord {
				s.fill()
				continue
			}
			why = "a quote is opened and never closed"
		}
		s.row++
		if why != "" {
			// The quote was a slip of this line: go on with the next one, so that one
			// stray quote does not swallow the rest of the file.
			value := string(data[:min(line, 200)])
			s.take(line)
			return nil, &badRecord{why, value}
		}
		s.lo += used
		return s.fields, nil
	}
}

// take moves past a line of n bytes and its newline.
func (s *scanner) take(n int) { s.lo = min(s.lo+n+1, s.hi) }

// skipLine drops a line longer than a record may be.
func (s *scanner) skipLine() error {
	s.row++
	bad := &badRecord{"the row is longer than 1 MiB", string(s.buf[s.lo:min(s.lo+200, s.hi)])}
	for {
		if i := bytes.IndexByte(s.buf[s.lo:s.hi], '\n'); i >= 0 {
			s.take(i)
			return bad
		}
		s.lo = s.hi
		if s.eof {
			return bad
		}
		s.fill()
	}
}

// split cuts a line without quotes.
func (s *scanner) split(text []byte) {
	s.fields = s.fields[:0]
	for {
		i := bytes.IndexByte(text, s.delim)
		if i < 0 {
			s.fields = append(s.fields, text)
			return
		}
		s.fields = append(s.fields, text[:i])
		text = text[i+1:]
	}
}

// more is quoted's word for a record whose end is not in the buffer yet.
const more = "more"

// quoted cuts a record that has quotes, returning how many bytes it took, or why it cannot.
func (s *scanner) quoted(data []byte) (used int, why string) {
	s.fields, s.scratch = s.fields[:0], s.scratch[:0]
	for i := 0; ; {
		if i < len(data) && data[i] == '"' {
			from := len(s.scratch)
			for i++; ; i++ {
				j := bytes.IndexByte(data[i:], '"')
				if j < 0 {
					return 0, more
				}
				s.scratch = append(s.scratch, data[i:i+j]...)
				i += j + 1
				if i >= len(data) && !s.eof {
					return 0, more
				}
				if i >= len(data) || data[i] != '"' {
					break
				}
				s.scratch = append(s.scratch, '"')
			}
			s.fields = append(s.fields, s.scratch[from:len(s.scratch):len(s.scratch)])
		} else {
			j := bytes.IndexAny(data[i:], s.stops)
			if j < 0 {
				if !s.eof {
					return 0, more
				}
				j = len(data) - i
			}
			s.fields = append(s.fields, bytes.TrimSuffix(data[i:i+j], []byte("\r")))
			i += j
		}
		if i < len(data) && data[i] == '\r' {
			if i+1 >= len(data) && !s.eof {
				return 0, more
			}
			i++
		}
		switch {
		case i >= len(data):
			return i, ""
		case data[i] == '\n':
			return i + 1, ""
		case data[i] != s.delim:
			return 0, "there is text after a closing quote"
		}
		i++
	}
}

// object reads a line of NDJSON into the fields of the known columns.
func (s *scanner) object(text []byte) ([][]byte, error) {
	v, err := s.parser.ParseBytes(text)
	if err != nil {
		return nil, &badRecord{"the line is not JSON", string(text[:min(len(text), 200)])}
	}
	if v.Type() != fastjson.TypeObject {
		return nil, &badRecord{"the line is JSON but no object", string(text[:min(len(text), 200)])}
	}
	s.fields, s.scratch = s.fields[:0], s.scratch[:0]
	for range s.columns {
		s.fields = append(s.fields, nil)
	}
	s.put("", v, 0)
	return s.fields, nil
}

// put sets the fields of an object's keys. Objects and lists that are no column of their
// own are kept as JSON text.
func (s *scanner) put(prefix string, v *fastjson.Value, depth int) {
	o, err := v.Object()
	if err != nil {
		return
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		if v.Type() == fastjson.TypeObject && depth < 2 {
			s.put(prefix+string(key)+".", v, depth+1)
			return
		}
		i, ok := s.number[prefix+string(key)]
		if !ok {
			return
		}
		switch v.Type() {
		case fastjson.TypeNull:
			s.fields[i] = nil
		case fastjson.TypeString:
			s.fields[i] = v.GetStringBytes()
		default:
			s.fields[i] = v.MarshalTo(nil)
		}
	})
}
