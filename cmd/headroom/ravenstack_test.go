package main

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // figures are computed again, in SQL

	"github.com/headroomhq/headroom/internal/revenue"
)

// ravenstack returns the folder of the RavenStack files, or skips the test.
func ravenstack(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("HEADROOM_RAVENSTACK")
	if dir == "" {
		dir = "../../../shared/data/ravenstack"
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "subscriptions.csv")); err != nil {
		t.Skip("the RavenStack files are not here: they are published as ravenstack-saas-analytics (MIT, as its description says); put the five CSV files in a folder and set HEADROOM_RAVENSTACK to it")
	}
	return dir
}

// inSQL loads the CSV files as they are into an SQLite database in memory.
func inSQL(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	for table, name := range map[string]string{"s": "subscriptions", "u": "feature_usage", "a": "accounts"} {
		f, err := os.Open(filepath.Join(dir, name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(fmt.Sprintf("CREATE TABLE %s (%s)", table, strings.Join(rows[0], ","))); err != nil {
			t.Fatal(err)
		}
		insert, err := tx.Prepare(fmt.Sprintf("INSERT INTO %s VALUES (?%s)", table, strings.Repeat(",?", len(rows[0])-1)))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			args := make([]any, len(row))
			for i, v := range row {
				args[i] = v
			}
			if _, err := insert.Exec(args...); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	for _, index := range []string{"s(account_id)", "s(subscription_id)", "u(subscription_id)", "a(account_id)"} {
		if _, err := db.Exec("CREATE INDEX i_" + strings.NewReplacer("(", "_", ")", "").Replace(index) + " ON " + index); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// balances is what each account pays on the last day of each month.
const balances = `
WITH RECURSIVE month(d) AS (SELECT '2022-12-01' UNION ALL SELECT date(d, '+1 month') FROM month WHERE d < '2024-12-01'),
last(period, e) AS (SELECT substr(d, 1, 7), date(d, '+1 month', '-1 day') FROM month),
paid(account, period, mrr) AS (
  SELECT a.account_id, l.period, coalesce((SELECT sum(CAST(mrr_amount AS INTEGER)) FROM s
    WHERE s.account_id = a.account_id AND start_date <= l.e AND (end_date = '' OR end_date > l.e)), 0)
  FROM a CROSS JOIN last l),
moved AS (
  SELECT account, period, mrr AS now, lag(mrr) OVER (PARTITION BY account ORDER BY period) AS was,
    coalesce(max(mrr) OVER (PARTITION BY account ORDER BY period ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS most FROM paid)`

func TestMovementsOfRavenStackAreWhatSQLSays(t *testing.T) {
	dir := ravenstack(t)
	db := inSQL(t, dir)
	rows, err := db.Query(balances + `
SELECT period, sum(was), sum(CASE WHEN was = 0 AND most = 0 THEN now ELSE 0 END),
  sum(CASE WHEN was > 0 AND now > was THEN now - was ELSE 0 END),
  sum(CASE WHEN now > 0 AND now < was THEN was - now ELSE 0 END),
  sum(CASE WHEN now = 0 THEN was ELSE 0 END),
  sum(CASE WHEN was = 0 AND most > 0 THEN now ELSE 0 END), sum(now)
FROM moved WHERE was IS NOT NULL GROUP BY period ORDER BY period`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var want []revenue.MovementItem
	for rows.Next() {
		var m revenue.MovementItem
		var v [7]int64
		if err := rows.Scan(&m.Period, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6]); err != nil {
			t.Fatal(err)
		}
		for i, s := range []*string{&m.Start, &m.New, &m.Expansion, &m.Contraction, &m.Churn, &m.Reactivation, &m.End} {
			*s = fmt.Sprintf("%d.00", v[i])
		}
		want = append(want, m)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, maps := range [][]string{{"--map", "../../examples/ravenstack/map.yaml"}, nil} { // well-known names do as well
		out, _, err := run(t, revenueCommand(), append([]string{"movements", "--subscriptions", filepath.Join(dir, "subscriptions.csv"), "--output", "json"}, maps...)...)
		if err != nil {
			t.Fatal(err)
		}
		var got revenue.MovementsDocument
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Currency != "USD" || len(got.Items) != 24 || fmt.Sprint(got.Items) != fmt.Sprint(want) {
			t.Errorf("got  %v\nwant %v", got.Items, want)
		}
	}
}

func TestRetentionOfRavenStackIsWhatSQLSays(t *testing.T) {
	dir := ravenstack(t)
	db := inSQL(t, dir)
	for _, c := range []struct{ cohort, at string }{{"2023-12", "2024-12"}, {"2024-06", "2024-12"}, {"2023-03", "2023-09"}} {
		var start, expansion, contraction, churn, nrr, grr int64
		err := db.QueryRow(balances+`
SELECT sum(p.mrr), sum(max(q.mrr - p.mrr, 0)), sum(CASE WHEN q.mrr > 0 THEN max(p.mrr - q.mrr, 0) ELSE 0 END), sum(CASE WHEN q.mrr = 0 THEN p.mrr ELSE 0 END),
  CAST(round(10000.0 * sum(q.mrr) / sum(p.mrr)) AS INTEGER), CAST(round(10000.0 * sum(min(p.mrr, q.mrr)) / sum(p.mrr)) AS INTEGER)
FROM paid p JOIN paid q USING (account) WHERE p.period = ? AND q.period = ? AND p.mrr > 0`, c.cohort, c.at).Scan(&start, &expansion, &contraction, &churn, &nrr, &grr)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := run(t, revenueCommand(), "retention", "--subscriptions", filepath.Join(dir, "subscriptions.csv"), "--cohort", c.cohort, "--at", c.at, "--output", "csv")
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("USD,%s,%s,%d.00,%d.00,%d.00,%d.00,%d.%04d,%d.%04d\n", c.at, c.cohort, start, expansion, contraction, churn, nrr/10000, nrr%10000, grr/10000, grr%10000)
		if !strings.HasSuffix(out, want) {
			t.Errorf("got  %swant %s", out, want)
		}
	}
}

// reportOf is what the tests read of a report's JSON.
type reportOf struct {
	Files []struct {
		Name, Kind string
		Counts     struct{ Rows, Taken, Bad int64 }
	}
	Oddities []struct {
		Code    string
		Count   int64
		LeftOut int64 `json:"left_out"`
	}
	Limits struct {
		Source    string
		NearCount int `json:"near_count"`
		HeldCount int `json:"held_count"`
		OverCount int `json:"over_count"`
		Near      []struct {
			Account      string
			Usage, Limit int64
		}
	}
	Flat struct {
		Count    int
		AllCount int `json:"all_count"`
	}
	UnderUsing struct{ Count int } `json:"under_using"`
}

func TestTheRavenStackReportCountsWhatSQLCounts(t *testing.T) {
	dir := ravenstack(t)
	db := inSQL(t, dir)
	one := func(query string) int64 {
		t.Helper()
		var n int64
		if err := db.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(query, err)
		}
		return n
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := run(t, reportCommand(), append([]string{"--map", "../../examples/ravenstack/map.yaml", "--output", "json", "--top", "1000"}, files...)...)
	if err != nil {
		t.Fatal(err)
	}
	var r reportOf
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	odd := map[string]int64{}
	for _, o := range r.Oddities {
		odd[o.Code] += o.Count
		if o.LeftOut != 0 {
			t.Errorf("%s left out %d rows", o.Code, o.LeftOut)
		}
	}
	const paying = `(SELECT sum(CAST(mrr_amount AS INTEGER)) FROM s WHERE s.account_id = a.account_id AND start_date <= '2024-12-31' AND (end_date = '' OR end_date > '2024-12-31'))`
	for code, query := range map[string]string{
		"usage_outside_subscription": "SELECT count(*) FROM u JOIN s USING (subscription_id) WHERE usage_date < start_date OR (end_date <> '' AND usage_date > end_date)",
		"usage_before_signup":        "SELECT count(*) FROM u JOIN s USING (subscription_id) JOIN a USING (account_id) WHERE usage_date < signup_date",
		"id_repeated":                "SELECT count(*) - count(DISTINCT usage_id) FROM u",
		"trial_without_revenue":      "SELECT count(*) FROM s WHERE is_trial = 'True' AND mrr_amount = '0'",
		"ended_same_day":             "SELECT count(*) FROM s WHERE start_date = end_date",
		"upgrade_and_downgrade":      "SELECT count(*) FROM s WHERE upgrade_flag = 'True' AND downgrade_flag = 'True'",
		"churn_flag_disagrees":       "SELECT count(*) FROM a WHERE churn_flag = 'True' AND " + paying + " > 0",
		"trial_flag_disagrees":       "SELECT count(*) FROM a WHERE is_trial = 'True' AND " + paying + " > 0",
		"subscriptions_overlap": `SELECT count(*) FROM s x WHERE mrr_amount <> '0' AND start_date <> end_date AND EXISTS (SELECT 1 FROM s y WHERE y.account_id = x.account_id AND y.mrr_amount <> '0'
			AND (y.start_date < x.start_date OR (y.start_date = x.start_date AND y.rowid < x.rowid)) AND (y.end_date = '' OR y.end_date > x.start_date))`,
	} {
		if want := one(query); odd[code] != want {
			t.Errorf("%s: %d rows, SQL says %d", code, odd[code], want)
		}
	}
	if odd["usage_outside_subscription"] != 19432 {
		t.Errorf("usage outside subscriptions: %d, the data's own README says 19,432", odd["usage_outside_subscription"])
	}
	for _, f := range r.Files {
		if f.Kind != "" && (f.Counts.Taken != f.Counts.Rows || f.Counts.Bad != 0) {
			t.Errorf("%s: %+v", f.Name, f.Counts)
		}
	}
	if want := one(balances + "SELECT count(*) FROM (SELECT account FROM paid WHERE period >= '2023-12' GROUP BY account HAVING min(mrr) = max(mrr) AND min(mrr) > 0)"); int64(r.Flat.AllCount) != want {
		t.Errorf("flat: %d, SQL says %d", r.Flat.AllCount, want)
	}
	if r.Limits.Source != "proposal" || len(r.Limits.Near) != r.Limits.NearCount || r.Limits.NearCount == 0 {
		t.Fatalf("limits: %+v", r.Limits)
	}
	for _, n := range r.Limits.Near {
		want := one(fmt.Sprintf("SELECT sum(CAST(usage_count AS INTEGER)) FROM u JOIN s USING (subscription_id) WHERE account_id = '%s' AND usage_date LIKE '2024-12-%%'", n.Account))
		if n.Usage != want || n.Usage*10 < n.Limit*8 || n.Usage > n.Limit {
			t.Errorf("near: %+v, SQL says %d were used", n, want)
		}
	}
}

// TestTheGuideSaysWhatTheCommandsSay runs every command of the guide and compares what it
// prints with the output the guide shows. UPDATE_GUIDE=1 writes the output into the guide.
func TestTheGuideSaysWhatTheCommandsSay(t *testing.T) {
	dir := ravenstack(t)
	name, err := filepath.Abs("../../docs/guides/ravenstack.md")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Symlink(examples, "examples"); err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(sh|text)\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	var last string
	ran, compared := 0, 0
	for _, b := range blocks {
		if b[1] == "text" {
			compared++
			if os.Getenv("UPDATE_GUIDE") != "" {
				guide = []byte(strings.Replace(string(guide), b[0], "```text\n"+strings.TrimRight(last, "\n")+"\n```", 1))
			} else if strip(last) != strip(b[2]) {
				t.Errorf("the guide shows\n%s\nthe command says\n%s", b[2], last)
			}
			continue
		}
		last = ""
		for line := range strings.SplitSeq(strings.ReplaceAll(b[2], "\\\n", " "), "\n") {
			words := strings.Fields(strings.ReplaceAll(line, "$RAVENSTACK", dir))
			if len(words) < 2 || words[0] != "headroom" {
				continue
			}
			c := map[string]func() string{
				"revenue": func() string { out, _, err := run(t, revenueCommand(), words[2:]...); must(t, line, err); return out },
				"report":  func() string { out, _, err := run(t, reportCommand(), words[2:]...); must(t, line, err); return out },
			}[words[1]]
			if c == nil {
				t.Errorf("the guide runs %q, which this test does not know", line)
				continue
			}
			last = c()
			ran++
		}
	}
	if ran < 3 || compared < 3 {
		t.Errorf("the guide has %d commands and %d outputs", ran, compared)
	}
	if os.Getenv("UPDATE_GUIDE") != "" {
		if err := os.WriteFile(name, guide, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat("headroom-report.html"); err != nil || info.Size() < 50_000 {
		t.Errorf("the page: %v, %v", info, err)
	}
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// strip leaves out spaces at line ends and blank lines around.
func strip(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
