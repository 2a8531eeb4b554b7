package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
)

// updateGuide writes what commands print into docs/guides/limits.md.
var updateGuide = flag.Bool("update-guide", false, "write what the commands print into docs/guides/limits.md")

func TestTheGuideToLimitsSaysWhatTheCommandsSay(t *testing.T) {
	name, err := filepath.Abs("../../docs/guides/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..")
	blocks := regexp.MustCompile("(?s)```(sh|text)\n(.*?)```")
	last, ran, compared := "", 0, 0
	guide = blocks.ReplaceAllFunc(guide, func(block []byte) []byte {
		b := blocks.FindSubmatch(block)
		if string(b[1]) == "sh" {
			words := strings.Fields(string(b[2]))
			if len(words) < 3 || words[0] != "headroom" || words[1] != "limits" {
				t.Fatalf("the guide runs %q, which this test does not know", b[2])
			}
			if last, _, err = run(t, limitsCommand(), words[2:]...); err != nil {
				t.Errorf("%s: %v", b[2], err)
			}
			ran++
			return block
		}
		compared++
		if !*updateGuide && strip(last) != strip(string(b[2])) {
			t.Errorf("the guide shows\n%s\nthe command says\n%s", b[2], last)
		}
		return []byte("```text\n" + strings.Trim(last, "\n") + "\n```")
	})
	if ran != 3 || compared != 3 {
		t.Errorf("the guide has %d commands and %d outputs", ran, compared)
	}
	if *updateGuide {
		if err := os.WriteFile(name, guide, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fewAccounts has two kinds of accounts, in two segments.
const fewAccounts = "account,usage,segment\na,1,small\nb,2,small\nc,3,small\nd,2,small\ne,2,small\nf,1,small\n" +
	"g,40,large\nh,41,large\ni,42,large\nj,41,large\n"

func TestTheDocumentOfLimitsSuggestIsTheOneThatWasPromised(t *testing.T) {
	out, _, err := run(t, limitsCommand(), "suggest", "--usage", written(t, fewAccounts), "--clusters", "2", "--limit", "40", "--output", "json")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ field, want string }{
		{"accounts", `10`},
		{"clusters", `[{"size":6,"center":1.8333333333333333,"within":2.8333333333333335,"from":1,"to":3},{"size":4,"center":41,"within":2,"from":40,"to":42}]`},
		{"breaks", `[21.5]`},
		{"suggestions", `[{"limit":10,"accounts_above":4,"accounts_near":0,"in_gap":true}]`},
		{"quantiles", `{"p10":1,"p25":2,"p50":2,"p75":41,"p90":41,"p99":42}`},
		{"notes", `[]`},
		{"limits", `[{"limit":40,"accounts_above":3,"accounts_near":1,"in_gap":false,"bunching":{"limit":40,"accounts":10,"bunched":1,"from":38,"expected":null,"ratio":null,"excess":false,` +
			`"words":"1 account between 38 and 40, 0 in the bands below: too little to tell bunching from chance."}}]`},
	} {
		var got bytes.Buffer
		if err := json.Compact(&got, doc[c.field]); err != nil || got.String() != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.field, err, got.String(), c.want)
		}
	}
	var segments struct {
		Segments []struct {
			Segment     string
			Accounts    int
			Suggestions []any
			Notes       []string
		}
	}
	if err := json.Unmarshal([]byte(out), &segments); err != nil {
		t.Fatal(err)
	}
	if s := segments.Segments; len(s) != 2 || s[0].Segment != "large" || s[0].Accounts != 4 || len(s[0].Suggestions) != 0 ||
		!strings.Contains(strings.Join(s[0].Notes, " "), "too few to suggest") {
		t.Errorf("segments %+v", s)
	}
}

func TestRowsOfAnAccountBecomeOneAmount(t *testing.T) {
	for _, c := range []struct {
		name  string
		given string
		args  []string
		then  string // clusters' sizes and bounds
	}{
		{"without dates they are added up", "account,usage\na,1\na,2\nb,9\n", nil, "3 9"},
		{"readings: the greatest", "account,usage\na,1\na,2\nb,9\n", []string{"--rows", "max"}, "2 9"},
		{"with dates the highest month", "account,usage,date\na,1,2026-01-03\na,2,2026-01-09\na,2,2026-02-01\nb,9,2026-01-01\n", nil, "3 9"},
		{"readings with dates: the greatest of any day", "account,usage,date\na,1,2026-01-03\na,2,2026-01-09\na,2,2026-02-01\nb,9,2026-01-01\n", []string{"--rows", "max"}, "2 9"},
		{"one of several features", "account,feature,usage\na,emails,1\na,seats,2\nb,emails,9\n", []string{"--feature", "emails"}, "1 9"},
		{"one segment", fewAccounts, []string{"--segment", "large"}, "40 42"},
		{"bad rows stay out", "account,usage\na,x\na,5\nb,-\nb,7\n,8\n", nil, "5 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _, err := run(t, limitsCommand(), append([]string{"suggest", "--usage", written(t, c.given), "--clusters", "1", "--output", "json"}, c.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			var doc struct {
				Clusters []struct{ From, To json.Number }
			}
			if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.Clusters) != 1 {
				t.Fatalf("%v: %s", err, out)
			}
			if got := doc.Clusters[0].From.String() + " " + doc.Clusters[0].To.String(); got != c.then {
				t.Errorf("from and to %s, want %s", got, c.then)
			}
		})
	}
}

func TestLimitsSuggestRefusesWhatItCannotRead(t *testing.T) {
	for _, c := range []struct {
		name  string
		given string
		args  []string
		then  string
	}{
		{"no file named", "", []string{"--usage", ""}, "files_missing"},
		{"a file that is not there", "", []string{"--usage", "/nowhere/usage.csv"}, "file_unreadable"},
		{"no usage column", "account,plan\na,pro\n", nil, "columns_missing"},
		{"nothing but bad rows", "account,usage\na,x\n", nil, "rows_all_bad"},
		{"two features and none named", "account,feature,usage\na,emails,1\na,seats,2\n", nil, "features_several"},
		{"a feature that no row has", "account,feature,usage\na,emails,1\n", []string{"--feature", "seats"}, "feature_absent"},
		{"a segment that no account has", fewAccounts, []string{"--segment", "medium"}, "segment_absent"},
		{"no clusters", fewAccounts, []string{"--clusters", "0"}, "clusters_invalid"},
		{"a limit below zero", fewAccounts, []string{"--limit", "-3"}, "limit_invalid"},
		{"a limit that is no number", fewAccounts, []string{"--limit", "NaN"}, "limit_invalid"},
		{"an output nobody knows", fewAccounts, []string{"--output", "xml"}, "output_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := run(t, limitsCommand(), append([]string{"suggest", "--usage", written(t, c.given)}, c.args...)...)
			if got := fault.CodeOf(err); got != c.then {
				t.Errorf("%s (%v), want %s", got, err, c.then)
			}
		})
	}
}
