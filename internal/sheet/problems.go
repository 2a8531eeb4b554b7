package sheet

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/headroomhq/headroom/internal/fault"
)

// Problem is one thing odd about one row.
type Problem struct {
	File    string `json:"file"`
	Row     int64  `json:"row"` // as a spreadsheet counts: the header is row 1; in NDJSON the line
	Column  string `json:"column,omitempty"`
	Value   string `json:"value,omitempty"` // as found, shortened
	Code    string `json:"code"`            // the reason, one of a fixed set of words
	Why     string `json:"why"`             // in plain words, with the mend
	LeftOut bool   `json:"left_out"`        // the row did not go in
}

// Group is all problems of one file with the same reason.
type Group struct {
	File    string    `json:"file"`
	Code    string    `json:"code"`
	Why     string    `json:"why"` // of the first one
	Count   int64     `json:"count"`
	LeftOut int64     `json:"left_out"` // rows that did not go in
	First   []Problem `json:"first"`    // the first ones, as many as are kept
}

// Problems collects what is odd: all are counted, the first Keep of each reason and file
// are kept, and each is passed to Each when that is set. Memory is bounded by the number of
// reasons and files, not by the number of rows.
type Problems struct {
	Keep int
	Each func(Problem) // sees every problem; may be nil

	groups map[[2]string]*Group
	order  []*Group
}

// NewProblems returns an empty collection that keeps the first keep of each reason.
func NewProblems(keep int) *Problems {
	return &Problems{Keep: keep, groups: map[[2]string]*Group{}}
}

// Add counts a problem.
func (p *Problems) Add(v Problem) {
	v.Value = fault.Shorten(v.Value)
	key := [2]string{v.File, v.Code}
	g := p.groups[key]
	if g == nil {
		g = &Group{File: v.File, Code: v.Code, Why: v.Why}
		p.groups[key] = g
		p.order = append(p.order, g)
	}
	g.Count++
	if v.LeftOut {
		g.LeftOut++
	}
	if len(g.First) < p.Keep {
		g.First = append(g.First, v)
	}
	if p.Each != nil {
		p.Each(v)
	}
}

// Groups returns the problems by file and reason, in order of first appearance.
func (p *Problems) Groups() []Group {
	out := make([]Group, len(p.order))
	for i, g := range p.order {
		out[i] = *g
	}
	return out
}

// Count returns how many problems with a code there are, in all files.
func (p *Problems) Count(code string) int64 {
	var n int64
	for _, g := range p.order {
		if g.Code == code {
			n += g.Count
		}
	}
	return n
}

// Total returns how many problems there are.
func (p *Problems) Total() int64 {
	var n int64
	for _, g := range p.order {
		n += g.Count
	}
	return n
}

// ProblemWriter writes every problem as a line of CSV: a bad-row report that can be opened
// beside the file. Use its Write as Problems.Each, and Flush at the end.
type ProblemWriter struct{ w *csv.Writer }

// NewProblemWriter writes the header and returns the writer.
func NewProblemWriter(w io.Writer) *ProblemWriter {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"file", "row", "column", "value", "code", "left_out", "why"}) // a failed write shows in Flush
	return &ProblemWriter{c}
}

// Write adds a problem.
func (p *ProblemWriter) Write(v Problem) {
	_ = p.w.Write([]string{v.File, strconv.FormatInt(v.Row, 10), v.Column, v.Value, v.Code, strconv.FormatBool(v.LeftOut), v.Why})
}

// Flush writes out what is buffered and returns the first error of any write.
func (p *ProblemWriter) Flush() error {
	p.w.Flush()
	return p.w.Error()
}
