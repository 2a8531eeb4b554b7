package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/fault"
	"github.com/spf13/cobra"
)

// run runs a command as the shell would and returns what it printed.
func run(t *testing.T, c *cobra.Command, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err = c.Execute()
	return out.String(), errs.String(), err
}

// written writes a file for a test and returns its name.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "subs.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const twoYears = "account,started_at,ended_at,amount,interval\na,2018-03-05,,1200,year\nb,2018-06-01,2019-02-01,50,month\nc,2019-01-15,,20,month\nbad,2019-01-15,,NaN,month\n"

func TestRevenueFromAFile(t *testing.T) {
	file := written(t, twoYears)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"movements of two months as CSV", []string{"movements", "--from", "2019-01", "--to", "2019-02", "--output", "csv"},
			"currency,period,start,new,expansion,contraction,churn,reactivation,end\nUSD,2019-01,150.00,20.00,0.00,0.00,0.00,0.00,170.00\nUSD,2019-02,170.00,0.00,0.00,0.00,50.00,0.00,120.00\n"},
		{"a cohort as CSV", []string{"retention", "--cohort", "2018-12", "--at", "2019-12", "--output", "csv"},
			"currency,period,cohort,start,expansion,contraction,churn,nrr,grr\nUSD,2019-12,2018-12,150.00,0.00,0.00,50.00,0.6667,0.6667\n"},
		{"as of a day before the churn", []string{"movements", "--from", "2019-02", "--to", "2019-02", "--as-of", "2019-01-31", "--output", "csv"},
			"currency,period,start,new,expansion,contraction,churn,reactivation,end\nUSD,2019-02,170.00,0.00,0.00,0.00,0.00,0.00,170.00\n"},
		{"a table", []string{"retention", "--from", "2018-03", "--to", "2018-04"},
			"   period   cohort   start  expansion  contraction  churn     nrr     grr\n  2018-03  2018-02    0.00       0.00         0.00   0.00                \n  2018-04  2018-03  100.00       0.00         0.00   0.00  1.0000  1.0000\nMRR in USD.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, err := run(t, revenueCommand(), append(c.args, "--subscriptions", file)...)
			if err != nil || out != c.want {
				t.Errorf("%v\ngot  %q\nwant %q", err, out, c.want)
			}
			if !strings.Contains(errs, "row 5, column amount, value \"NaN\"") {
				t.Errorf("the bad row is not told: %q", errs)
			}
		})
	}
}

func TestRevenueAsJSONHasTheFixedFields(t *testing.T) {
	out, _, err := run(t, revenueCommand(), "movements", "--subscriptions", written(t, twoYears), "--output", "json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Currency string
		Items    []map[string]string
		Notes    []string
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Currency != "USD" || len(doc.Items) != 12 || len(doc.Notes) != 3 || !strings.Contains(doc.Notes[2], "USD is assumed") {
		t.Fatalf("%+v", doc)
	}
	for _, field := range []string{"period", "start", "new", "expansion", "contraction", "churn", "reactivation", "end"} {
		if doc.Items[0][field] == "" {
			t.Errorf("%s is missing", field)
		}
	}
}

func TestSeveralCurrenciesAreNeverBlended(t *testing.T) {
	file := written(t, "account,started_at,ended_at,amount,currency\na,2019-01-01,,10,EUR\na,2019-01-01,,7,EUR\nb,2019-01-01,,1000,JPY\n")
	out, errs, err := run(t, revenueCommand(), "movements", "--subscriptions", file, "--output", "csv")
	if err != nil || !strings.Contains(out, "EUR,2019-01,0.00,17.00") || !strings.Contains(errs, "EUR alone") {
		t.Errorf("%v, %q, %q", err, out, errs)
	}
	out, _, err = run(t, revenueCommand(), "movements", "--subscriptions", file, "--output", "csv", "--currency", "jpy")
	if err != nil || !strings.Contains(out, "JPY,2019-01,0,1000") {
		t.Errorf("%v, %q", err, out)
	}
}

func TestRevenueCommandsRefuseInWords(t *testing.T) {
	t.Setenv("HEADROOM_URL", "")
	file := written(t, twoYears)
	for _, c := range []struct {
		name string
		args []string
		code string
	}{
		{"neither a file nor a server", []string{"movements"}, "server_unknown"},
		{"a file that is not there", []string{"movements", "--subscriptions", "/nowhere.csv"}, "file_unreadable"},
		{"a folder", []string{"movements", "--subscriptions", t.TempDir()}, "file_unreadable"},
		{"a column is missing", []string{"movements", "--subscriptions", written(t, "account,amount\n")}, "columns_missing"},
		{"no row is good", []string{"movements", "--subscriptions", written(t, "account,started_at,ended_at,amount\na,x,,1\n")}, "rows_all_bad"},
		{"no month", []string{"movements", "--subscriptions", file, "--from", "2019"}, "month_invalid"},
		{"months in the wrong order", []string{"movements", "--subscriptions", file, "--from", "2019-02", "--to", "2019-01"}, "months_reversed"},
		{"a cohort without at", []string{"retention", "--subscriptions", file, "--cohort", "2019-01"}, "cohort_incomplete"},
		{"a cohort after at", []string{"retention", "--subscriptions", file, "--cohort", "2019-02", "--at", "2019-01"}, "months_reversed"},
		{"no currency", []string{"movements", "--subscriptions", file, "--currency", "dollars"}, "currency_invalid"},
		{"a currency that is not in the file", []string{"movements", "--subscriptions", file, "--currency", "EUR"}, "currency_absent"},
		{"an unknown output", []string{"movements", "--subscriptions", file, "--output", "xml"}, "output_unknown"},
		{"a mapping that is not there", []string{"movements", "--subscriptions", file, "--map", "/nowhere.yaml"}, "file_unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := run(t, revenueCommand(), c.args...)
			if fault.CodeOf(err) != c.code || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %s: %v", fault.CodeOf(err), err)
			}
		})
	}
}

func TestWithoutAFileTheServerIsAsked(t *testing.T) {
	var asked, key string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, key = r.URL.String(), r.Header.Get("Authorization")
		if r.URL.Query().Get("from") == "2030-01" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"code":"scope_missing","detail":"the key may not read"}`))
			return
		}
		_, _ = w.Write([]byte(`{"currency":"USD","items":[{"period":"2019-04","cohort":"2019-03","start":"10.00","expansion":"0.00","contraction":"0.00","churn":"0.00","nrr":"1.0000","grr":null}]}`))
	}))
	defer server.Close()
	t.Setenv("HEADROOM_URL", server.URL)
	t.Setenv("HEADROOM_SECRET_KEY", "hr_sk_test")
	out, _, err := run(t, revenueCommand(), "retention", "--from", "2019-04", "--as-of", "2019-05-01", "--output", "csv")
	if err != nil || !strings.Contains(out, "USD,2019-04,2019-03,10.00,0.00,0.00,0.00,1.0000,\n") {
		t.Errorf("%v, %q", err, out)
	}
	if asked != "/v1/revenue/retention?as_of=2019-05-01&from=2019-04" || key != "Bearer hr_sk_test" {
		t.Errorf("asked %s with %q", asked, key)
	}
	_, _, err = run(t, revenueCommand(), "movements", "--from", "2030-01")
	if fault.CodeOf(err) != "scope_missing" || !strings.Contains(err.Error(), "the key may not read") {
		t.Errorf("a refusal: %v", err)
	}
	server.Close()
	_, _, err = run(t, revenueCommand(), "movements")
	if fault.CodeOf(err) != "server_unreachable" {
		t.Errorf("a server that is away: %v", err)
	}
}

func TestMonthsAfterTheDataAreTold(t *testing.T) {
	head := "account,started_at,ended_at,amount,currency\n"
	for _, c := range []struct {
		name, rows string
		args       []string
		told       bool
	}{
		{"a term that ends in a year", "a,2024-01-31,2025-01-31,10,USD\n", nil, true},
		{"an end soon after the newest start", "a,2024-01-01,2024-02-15,10,USD\nb,2024-01-31,,10,USD\n", nil, false},
		{"months that are asked for", "a,2024-01-31,2025-01-31,10,USD\n", []string{"--to", "2024-02"}, false},
		{"a day that is asked for", "a,2024-01-31,2025-01-31,10,USD\n", []string{"--as-of", "2024-02-01"}, false},
	} {
		_, errs, err := run(t, revenueCommand(), append([]string{"movements", "--subscriptions", written(t, head+c.rows)}, c.args...)...)
		if err != nil || strings.Contains(errs, "months after 2024-01 may lie in the future of the data") != c.told {
			t.Errorf("%s: %v, %q", c.name, err, errs)
		}
	}
}
