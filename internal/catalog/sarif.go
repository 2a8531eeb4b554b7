package catalog

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// SARIF writes findings in the Static Analysis Results Interchange Format 2.1.0 (OASIS), which
// code review tools show beside the lines. version is the program's.
func SARIF(findings []Finding, version string) ([]byte, error) {
	levels := map[Severity]string{SeverityError: "error", SeverityWarning: "warning", SeverityNote: "note"}
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "headroom catalog lint", Version: version,
		InformationURI: "https://github.com/headroomhq/headroom", Rules: []sarifRule{}}}, Results: []sarifResult{}, ColumnKind: "unicodeCodePoints"}
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	for _, code := range codes {
		one := sarifRule{ID: code, Short: sarifText{"The catalog contradicts itself or cannot be read."}, Default: sarifLevel{"error"}}
		if rule := RuleOf(code); rule != nil {
			one.Short, one.Full, one.Help = sarifText{rule.Says}, &sarifText{rule.Why}, &sarifText{rule.Mend}
			one.Default.Level = levels[rule.Severity]
			if rule.Severity == Off {
				one.Default.Level = "none"
			}
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, one)
	}
	for _, f := range findings {
		i, _ := slices.BinarySearch(codes, f.Code)
		r := sarifResult{RuleID: f.Code, RuleIndex: i, Level: levels[f.Severity], Message: sarifText{f.Message + " (" + f.Mend + ")"}}
		l := sarifLocation{}
		if f.File != "" {
			l.Physical = &sarifPhysical{Artifact: sarifArtifact{URI: uriOf(f.File)}}
			if f.Line > 0 {
				l.Physical.Region = &sarifRegion{f.Line, max(f.Column, 1)}
			}
		}
		if f.Path != "" {
			l.Logical = []sarifLogical{{f.Path}}
		}
		if l.Physical != nil || l.Logical != nil {
			r.Locations = []sarifLocation{l}
		}
		run.Results = append(run.Results, r)
	}
	return json.MarshalIndent(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}, "", "  ")
}

// uriOf writes the name of a file as a URI reference. Names come with slashes, or from Windows
// with backslashes; a drive is no scheme.
func uriOf(file string) string {
	if len(file) > 2 && file[1] == ':' && (file[2] == '\\' || file[2] == '/') {
		return (&url.URL{Scheme: "file", Path: "/" + strings.ReplaceAll(file, `\`, "/")}).String()
	}
	return (&url.URL{Path: file}).String()
}

// The parts of a log that are used here, by the names of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string     `json:"id"`
		Short   sarifText  `json:"shortDescription"`
		Full    *sarifText `json:"fullDescription,omitempty"`
		Help    *sarifText `json:"help,omitempty"`
		Default sarifLevel `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
)
