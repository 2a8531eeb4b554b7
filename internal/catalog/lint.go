package catalog

import (
	"slices"
	"strings"

	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
)

// Rule is one thing that lint looks for: what is allowed and yet probably not meant, or
// probably costs money.
type Rule struct {
	Code     string   // stable
	Severity Severity // when the catalog says nothing else
	Says     string   // what is so when it speaks, in a sentence
	Why      string   // it matters
	Mend     string
	// Data: it needs what accounts use, and speaks only where a server knows that: see
	// packaging.Lint. The other rules speak wherever a catalog is read.
	Data bool
}

// Off is the severity of a rule that does not speak.
const Off Severity = "off"

// severities are those that a catalog may give a rule.
var severities = []string{string(Off), string(SeverityNote), string(SeverityWarning), string(SeverityError)}

// Rules returns all rules, by code.
func Rules() []Rule { return slices.Clone(lintRules) }

// RuleOf returns a rule by its code; nil for the errors of form and meaning, which are no
// rules: they are always errors.
func RuleOf(code string) *Rule {
	i, found := slices.BinarySearchFunc(lintRules, code, func(r Rule, code string) int { return strings.Compare(r.Code, code) })
	if !found {
		return nil
	}
	return &lintRules[i]
}

// SeverityOf returns how severe the catalog takes a rule to be.
func (c *Catalog) SeverityOf(code string) Severity {
	if s, set := c.Severities[code]; set {
		return s
	}
	if rule := RuleOf(code); rule != nil {
		return rule.Severity
	}
	return SeverityError
}

// severitiesOf reads lint: {equal_limits: off, unpromoted_gate: error}.
func (r *reader) severitiesOf(v value, c *Catalog) {
	if v.kind() == "nothing" {
		return
	}
	for _, e := range r.entries(v, "{equal_limits: off}") {
		if RuleOf(e.key) == nil {
			codes := make([]string, len(lintRules))
			for i, rule := range lintRules {
				codes[i] = rule.Code
			}
			mend := "the rules are in docs/lint.md; other errors cannot be turned off"
			if near := condition.Nearest(e.key, codes); near != "" {
				mend = "did you mean " + near + "? " + mend
			}
			r.report(SeverityError, "unknown_key", e.value.path, e.key, e.keyPos, "there is no rule "+fault.Shorten(e.key), mend)
			continue
		}
		s := r.oneOf(e.value, severities...)
		if s == "" {
			continue
		}
		c.Severities[e.key] = Severity(s)
	}
}

// weigh gives findings of rules the severity that the catalog wants, and drops those it does
// not want at all.
func (c *Catalog) weigh(findings []Finding) []Finding {
	kept := findings[:0]
	for _, f := range findings {
		if RuleOf(f.Code) != nil {
			if f.Severity = c.SeverityOf(f.Code); f.Severity == Off {
				continue
			}
		}
		kept = append(kept, f)
	}
	return kept
}

// invalid says whether a finding is an error that no rule of lint made: the text then is no
// catalog at all.
func (f Finding) invalid() bool { return f.Severity == SeverityError && RuleOf(f.Code) == nil }

// At returns a finding of a rule about what stands at path; false when the catalog does not
// want to hear of it. It is for rules that need data.
func (c *Catalog) At(code, path, given, message, mend string) (Finding, bool) {
	at, _ := c.PositionOf(path)
	f := Finding{Severity: c.SeverityOf(code), Code: code, Path: path, Message: message, Mend: mend, Value: fault.Shorten(given), Position: at}
	return f, f.Severity != Off
}

// ParseStored reads a version that was valid when it was stored. What rules of lint say of it
// is left aside: they may be newer than the version.
func ParseStored(version string, text []byte) (*Catalog, error) {
	c, findings := Parse("catalog "+version, text)
	return c, AsError(slices.DeleteFunc(findings, func(f Finding) bool { return !f.invalid() }))
}
