package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/openapi.json and docs/api.md anew")

// document is what GET /openapi.json answers, and its routes in order.
func document(t *testing.T) (doc map[string]any, inOrder []string, text []byte) {
	t.Helper()
	w := httptest.NewRecorder()
	s := New(Options{Console: http.NotFoundHandler()})
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var indented bytes.Buffer
	if err := json.Indent(&indented, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc, s.order, indented.Bytes()
}

// at goes down into a document by names; nil where there is nothing.
func at(v any, names ...string) any {
	for _, n := range names {
		m, _ := v.(map[string]any)
		v = m[n]
	}
	return v
}

func text(v any, names ...string) string {
	s, _ := at(v, names...).(string)
	return s
}

// everyOperation calls f with each operation.
func everyOperation(doc map[string]any, f func(method, path string, op map[string]any)) {
	paths, _ := doc["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			f(strings.ToUpper(method), path, item[method].(map[string]any))
		}
	}
}

func TestThePublishedDocumentsAreWhatTheProgramSays(t *testing.T) {
	doc, inOrder, indented := document(t)
	for name, want := range map[string][]byte{"../../docs/openapi.json": indented, "../../docs/api.md": reference(doc, inOrder)} {
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the program says (%v): run  go test ./internal/api -run Published -update", name, err)
		}
	}
}

func TestTheDocumentIsWholeAndReadable(t *testing.T) {
	doc, _, _ := document(t)
	if v := text(doc, "openapi"); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("openapi is %q", v)
	}
	t.Run("every reference leads somewhere", func(t *testing.T) {
		walk(doc, "", func(where string, v any) {
			ref := text(v, "$ref")
			if ref == "" {
				return
			}
			if at(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...) == nil {
				t.Errorf("%s refers to %s, which is not there", where, ref)
			}
		})
	})
	t.Run("schemas have names that say what they are, and every one is used", func(t *testing.T) {
		schemas, _ := at(doc, "components", "schemas").(map[string]any)
		all, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		for name := range schemas {
			if !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(name) || strings.HasSuffix(name, "Body") {
				t.Errorf("schema %q has no readable name", name)
			}
			if !bytes.Contains(all, []byte(`"#/components/schemas/`+name+`"`)) {
				t.Errorf("schema %s is used nowhere", name)
			}
		}
	})
	t.Run("every field has a type and a meaning", func(t *testing.T) {
		schemas, _ := at(doc, "components", "schemas").(map[string]any)
		for name, schema := range schemas {
			properties, _ := at(schema, "properties").(map[string]any)
			for field, p := range properties {
				if text(p, "$ref") != "" {
					continue
				}
				if at(p, "type") == nil {
					t.Errorf("%s.%s has no type", name, field)
				}
				if text(p, "description") == "" {
					t.Errorf("%s.%s does not say what it means: add it to fields.go", name, field)
				}
			}
		}
	})
	ids := make(map[string]string)
	everyOperation(doc, func(method, path string, op map[string]any) {
		route := method + " " + path
		t.Run(route, func(t *testing.T) { wholeOperation(t, doc, path, op) })
		id := text(op, "operationId")
		if ids[id] != "" {
			t.Errorf("%s and %s have the same operationId %q", route, ids[id], id)
		}
		ids[id] = route
		if _, ok := operations[route]; !ok {
			t.Errorf("operations.go says nothing of %s", route)
		}
	})
	for route := range operations {
		method, path, _ := strings.Cut(route, " ")
		if at(doc, "paths", path, strings.ToLower(method)) == nil {
			t.Errorf("operations.go speaks of %s, which is not there", route)
		}
	}
}

func wholeOperation(t *testing.T, doc map[string]any, path string, op map[string]any) {
	for _, field := range []string{"summary", "operationId"} {
		if text(op, field) == "" {
			t.Errorf("has no %s", field)
		}
	}
	tags, _ := op["tags"].([]any)
	if len(tags) != 1 {
		t.Errorf("has the tags %v", tags)
	}
	about := text(op, "description")
	security, _ := op["security"].([]any)
	switch {
	case len(security) == 0:
		t.Error("does not say who may call it")
	case len(security[0].(map[string]any)) == 0:
		if !strings.Contains(about, "Needs no key.") {
			t.Errorf("does not say that it needs no key: %q", about)
		}
	default:
		if !regexp.MustCompile("Needs a key with the scope `(events:write|check|decide|read|admin)`").MatchString(about) {
			t.Errorf("does not name its scope: %q", about)
		}
		for _, status := range []string{"401", "403"} {
			if at(op, "responses", status) == nil {
				t.Errorf("does not say that it may answer %s", status)
			}
		}
	}
	responses, _ := op["responses"].(map[string]any)
	good := 0
	for status, r := range responses {
		if status[0] == '2' {
			good++
			if status != "204" && at(r, "content") == nil {
				t.Errorf("does not say what it answers with %s", status)
			}
			continue
		}
		name := strings.TrimPrefix(text(r, "$ref"), "#/components/responses/")
		if text(doc, "components", "responses", name, "content", "application/problem+json", "schema", "$ref") != "#/components/schemas/Problem" {
			t.Errorf("answers %s with something that is no problem", status)
		}
	}
	if good != 1 || responses["default"] == nil {
		t.Errorf("has %d good answers, and for problems %v", good, responses["default"])
	}
	declared := make(map[string]bool)
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		name := text(p, "name")
		if declared[name] {
			t.Errorf("declares %s twice", name)
		}
		declared[name] = true
		if text(p, "description") == "" || at(p, "schema") == nil {
			t.Errorf("does not say what %s is: add it to fields.go", name)
		}
		if text(p, "in") == "path" && (!strings.Contains(path, "{"+name+"}") || at(p, "required") != true) {
			t.Errorf("declares %s, which is not in its path", name)
		}
		if text(p, "in") == "path" && at(p, "example") == nil {
			t.Errorf("has no example of %s: add it to operations.go", name)
		}
	}
	for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		if !declared[m[1]] {
			t.Errorf("does not declare %s", m[1])
		}
	}
	content, _ := at(op, "requestBody", "content").(map[string]any)
	examples := 0
	for _, m := range content {
		if at(m, "example") != nil {
			examples++
		}
	}
	if len(content) > 0 && examples == 0 {
		t.Error("has no example of its body: add it to operations.go")
	}
}

// TestTheConsoleReadsWhatIsThere holds the types that the console keeps by hand to the document: all
// that web/src/api declares, in whichever file. An interface there that has another name than its
// schema says so in a comment of its own line before it: "// schema: NAME"; one without such a comment
// is held to the schema of its own name where there is one, and else is of no answer.
func TestTheConsoleReadsWhatIsThere(t *testing.T) {
	doc, _, _ := document(t)
	files, err := filepath.Glob("../../web/src/api/*.ts")
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]string{"Session": "SessionState", "Clock": "ClockAnswer", "Money": "Money", "Movement": "Movement", "Movements": "MovementsAnswer",
		"Retained": "Retention", "Retention": "RevenueRetentionDocument", "Signal": "SignalLine", "FunnelCounts": "FunnelLine", "FunnelItem": "FunnelLine",
		"Funnel": "FunnelAnswer", "Limit": "LimitLine", "Opportunity": "OpportunityLine", "ProblemDocument": "Problem",
		"CatalogDefinitions": "Definitions", "CatalogChange": "CatalogChange", "Finding": "CatalogFinding", "CatalogEditAnswer": "CatalogEditAnswer",
		"CatalogImpact": "PackagingImpactAnswer", "CatalogApplied": "CatalogAnswer", "CatalogVersion": "CatalogVersion", "AccountLine": "AccountLine",
		"AccountDetail": "AccountAnswer", "EntitlementSource": "EntitlementSource", "Unlock": "EntitlementUnlock", "EntitlementItem": "EntitlementItem",
		"Grant": "EntitlementGrant", "Override": "EntitlementOverride", "Reservation": "EntitlementReservation", "Trial": "SubscriptionTrial",
		"Quantiles": "PackagingQuantiles", "HistogramBin": "PackagingBin", "UsageSegment": "PackagingSegment", "CurrentLimit": "PackagingPlanLimit",
		"LimitSuggestion": "PackagingCandidate", "LimitDesign": "PackagingLimitAnswer", "FeatureDemand": "FeatureDemand", "ValueMetricLine": "ValueMetricLine",
		"ValueLedgerLine": "ValueLedgerLine", "RoiStatement": "PackagingStatement"}
	declared := regexp.MustCompile(`(?s)(?:// schema: (\w+)\n)?export interface (\w+)[^{]*\{\n(.*?)\n\}`)
	found := 0
	for _, file := range files {
		types, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(types), -1) {
			found++
			schema := cmp.Or(m[1], schemas[m[2]], m[2])
			if at(doc, "components", "schemas", schema) == nil {
				if schema != m[2] {
					t.Errorf("%s: %s is of the schema %s, which is not there", filepath.Base(file), m[2], schema)
				}
				continue // made of others, or not of the API
			}
			for _, field := range regexp.MustCompile(`(?m)^  (\w+)\??:`).FindAllStringSubmatch(m[3], -1) {
				if at(doc, "components", "schemas", schema, "properties", field[1]) == nil {
					t.Errorf("%s: %s.%s is not in the schema %s", filepath.Base(file), m[2], field[1], schema)
				}
			}
		}
	}
	if found == 0 {
		t.Fatal("there are no interfaces in web/src/api")
	}
}

// walk calls f with every value of a document.
func walk(v any, where string, f func(string, any)) {
	f(where, v)
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			walk(x, where+"/"+k, f)
		}
	case []any:
		for i, x := range v {
			walk(x, fmt.Sprint(where, "/", i), f)
		}
	}
}
