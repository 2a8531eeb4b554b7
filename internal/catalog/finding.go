package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/fault"
)

// Severity says whether a finding stops the catalog from being used.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityNote    Severity = "note"
)

// Finding is one thing wrong, or doubtful, in a catalog's text.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable, see the README
	Path     string   `json:"path"` // plans.pro.entitlements.speakers.limit
	Message  string   `json:"message"`
	Mend     string   `json:"mend"`
	Value    string   `json:"value,omitempty"` // as given, shortened to 200 bytes
	Position
}

// String returns the finding on one line, as the command line shows it.
func (f Finding) String() string {
	place := ""
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d: ", f.File, f.Line, f.Column)
		if f.File == "" {
			place = fmt.Sprintf("%d:%d: ", f.Line, f.Column)
		}
	}
	path := f.Path
	if path != "" {
		path += ": "
	}
	return fmt.Sprintf("%s%s: %s%s (%s)", place, f.Severity, path, f.Message, f.Mend)
}

// HasErrors says whether any finding is an error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == SeverityError })
}

// AsError returns nil when no finding is an error, else a *fault.Error of kind Invalid and
// code catalog_invalid that lists the errors.
func AsError(findings []Finding) error {
	var e *fault.Error
	n := 0
	for _, f := range findings {
		if f.Severity != SeverityError {
			continue
		}
		n++
		if e == nil {
			e = fault.New(fault.Invalid, "catalog_invalid", "%s", f.String())
		}
		message := f.Message
		if f.Line > 0 {
			message = strings.TrimPrefix(fmt.Sprintf("%s line %d: %s", f.File, f.Line, f.Message), " ")
		}
		e.WithField(f.Path, f.Value, message+" ("+f.Mend+")")
	}
	if e == nil {
		return nil
	}
	if n > 1 {
		e.Message = fmt.Sprintf("the catalog has %d errors, the first: %s", n, e.Message)
	}
	return e
}

// sortFindings puts findings in the order of the text, and what repeats itself once.
func sortFindings(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings)
}
