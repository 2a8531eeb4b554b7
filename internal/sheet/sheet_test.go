package sheet

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/headroomhq/headroom/internal/fault"
	"pgregory.net/rapid"
)

// subscriptions reads text as a subscriptions file and writes each row taken as one line.
func subscriptions(t *testing.T, text, mapping string) (rows []string, problems *Problems, err error) {
	t.Helper()
	var m *Mapping
	if mapping != "" {
		if m, err = ParseMapping("map.yaml", []byte(mapping)); err != nil {
			t.Fatal(err)
		}
	}
	problems = NewProblems(10)
	f, err := Open(strings.NewReader(text), Options{Name: "subs.csv", Kind: Subscriptions, Mapping: m})
	if err != nil {
		return nil, problems, err
	}
	_, err = f.Subscriptions(problems, func(s *SubscriptionRow) error {
		end := "open"
		if s.EndedAt != 0 {
			end = s.EndedAt.Std().Format("2006-01-02")
		}
		rows = append(rows, fmt.Sprintf("%d %s %s %s %d %s %s", s.Row, s.Account, s.StartedAt.Std().Format("2006-01-02"), end, s.MRR(), s.Currency, s.Kind))
		return nil
	})
	return rows, problems, err
}

func TestSubscriptionsInTheShapesTheyCome(t *testing.T) {
	cases := []struct {
		name, text, mapping string
		want                []string
	}{
		{"the plain columns", "account,started_at,ended_at,amount\na,2019-04-01,,100\nb,2019-01-01,2019-06-30,49.50\n", "",
			[]string{"2 a 2019-04-01 open 120000 USD recurring", "3 b 2019-01-01 2019-06-30 59400 USD recurring"}},
		{"semicolons, a byte order mark and Windows line ends", "\xEF\xBB\xBFaccount;started_at;ended_at;amount\r\na;2019-04-01;;100\r\n", "",
			[]string{"2 a 2019-04-01 open 120000 USD recurring"}},
		{"tabs, and no newline at the end", "account\tstarted_at\tended_at\tamount\na\t2019-04-01\t\t100", "",
			[]string{"2 a 2019-04-01 open 120000 USD recurring"}},
		{"quotes with commas, quotes and newlines inside", "account,started_at,ended_at,amount,plan\n\"a, \"\"the\nfirst\"\"\",2019-04-01,,100,p\nb,2019-04-01,,1,p\n", "",
			[]string{"2 a, \"the\nfirst\" 2019-04-01 open 120000 USD recurring", "3 b 2019-04-01 open 1200 USD recurring"}},
		{"blank lines are nothing", "\n\naccount,started_at,ended_at,amount\n\na,2019-04-01,,100\n\n", "",
			[]string{"3 a 2019-04-01 open 120000 USD recurring"}},
		{"NDJSON, with numbers, nulls and keys in any order", `{"amount":100,"account":"a","started_at":"2019-04-01","ended_at":null}` + "\n" + `{"account":"b","started_at":"2019-04-01","amount":"49.5"}`, "",
			[]string{"1 a 2019-04-01 open 120000 USD recurring", "2 b 2019-04-01 open 59400 USD recurring"}},
		{"NDJSON with objects inside", `{"customer":{"id":"a"},"started_at":"2019-04-01","ended_at":null,"price":{"amount":12}}`, "subscriptions: {account: customer.id, amount: price.amount}",
			[]string{"1 a 2019-04-01 open 14400 USD recurring"}},
		{"names people use", "Customer ID,Start Date,End Date,MRR,Plan Name\na,2019-04-01,,100,p\n", "",
			[]string{"2 a 2019-04-01 open 120000 USD recurring"}},
		{"a yearly amount is divided by twelve exactly", "account,started_at,ended_at,amount,interval\na,2019-04-01,,100,year\n", "",
			[]string{"2 a 2019-04-01 open 10000 USD recurring"}},
		{"an mrr column is per month whatever the billing is", "account,started_at,ended_at,mrr,billing_frequency\na,2019-04-01,,100,annual\n", "",
			[]string{"2 a 2019-04-01 open 120000 USD recurring"}},
		{"one-off charges and trials are no MRR", "account,started_at,ended_at,amount,kind\na,2019-04-01,,100,one_off\nb,2019-04-01,,,trial\n", "",
			[]string{"2 a 2019-04-01 open 0 USD one_off", "3 b 2019-04-01 open 0 USD trial"}},
		{"currencies of other exponents", "account,started_at,ended_at,amount,currency\na,2019-04-01,,100,JPY\nb,2019-04-01,,1.234,kwd\n", "",
			[]string{"2 a 2019-04-01 open 1200 JPY recurring", "3 b 2019-04-01 open 14808 KWD recurring"}},
		{"times with a zone are days in UTC", "account,started_at,ended_at,amount\na,2019-04-01T23:30:00-02:00,2019-06-01 00:00:00,1\n", "",
			[]string{"2 a 2019-04-02 2019-06-01 1200 USD recurring"}},
		{"signs and separators of money", "account,started_at,ended_at,amount\na,2019-04-01,,\"$1,234.50\"\n", "",
			[]string{"2 a 2019-04-01 open 1481400 USD recurring"}},
		{"a mapping with a date format, decimal commas and a constant", "Kunde;Beginn;Preis\na;01/04/2019;1.234,50\n",
			"version: 1\nsubscriptions:\n  account: Kunde\n  started_at: {from: Beginn, format: DD/MM/YYYY}\n  ended_at: {constant: \"\"}\n  amount: {from: Preis, decimal: comma}\n  currency: {constant: EUR}\n",
			[]string{"2 a 2019-04-01 open 1481400 EUR recurring"}},
		{"a mapping that chooses the amount by the billing", "a_id,s,e,m,y,b\na,2019-04-01,,10,120,monthly\nb,2019-04-01,,10,130,annual\n",
			"subscriptions:\n  account: a_id\n  started_at: s\n  ended_at: e\n  interval: {from: b, values: {monthly: month, annual: year}}\n  amount: {choose: b, from: {monthly: m, annual: y}}\n",
			[]string{"2 a 2019-04-01 open 12000 USD recurring", "3 b 2019-04-01 open 13000 USD recurring"}},
		{"a mapping that rounds", "account,started_at,ended_at,amount\na,2019-04-01,,0.125\n", "subscriptions: {amount: {from: amount, round: true}}",
			[]string{"2 a 2019-04-01 open 156 USD recurring"}},
		{"a decimal comma: points are thousands", "account;started_at;ended_at;amount\na;2019-04-01;;1.234\nb;2019-04-01;;2,5\nc;2019-04-01;;12\n", "subscriptions: {amount: {from: amount, decimal: comma}}",
			[]string{"2 a 2019-04-01 open 1480800 USD recurring", "3 b 2019-04-01 open 3000 USD recurring", "4 c 2019-04-01 open 14400 USD recurring"}},
		{"a decimal point that the mapping names", "account,started_at,ended_at,amount\na,2019-04-01,,2.000\nb,2019-04-01,,\"2,000\"\n", "subscriptions: {amount: {from: amount, decimal: point}}",
			[]string{"2 a 2019-04-01 open 2400 USD recurring", "3 b 2019-04-01 open 2400000 USD recurring"}},
		{"a plain decimal of a machine", "account,started_at,ended_at,amount\na,2019-04-01,,1234.500\n", "",
			[]string{"2 a 2019-04-01 open 1481400 USD recurring"}},
		{"a number of JSON has a decimal point", `{"account":"a","started_at":"2019-04-01","ended_at":null,"amount":1.250}`, "",
			[]string{"1 a 2019-04-01 open 1500 USD recurring"}},
		{"signs and codes of the row's currency", "account,started_at,ended_at,amount,currency\na,2019-04-01,,€49,EUR\nb,2019-04-01,,49.00 EUR,EUR\nc,2019-04-01,,CHF 49,CHF\nd,2019-04-01,,$49,CAD\n", "",
			[]string{"2 a 2019-04-01 open 58800 EUR recurring", "3 b 2019-04-01 open 58800 EUR recurring", "4 c 2019-04-01 open 58800 CHF recurring", "5 d 2019-04-01 open 58800 CAD recurring"}},
		{"an export that names the last paid day", "account,started_at,last_day,amount\na,2019-04-01,2019-06-30,1\nb,2019-04-01,2019-04-01,1\n", "subscriptions: {ended_at: {from: last_day, inclusive: true}}",
			[]string{"2 a 2019-04-01 2019-07-01 1200 USD recurring", "3 b 2019-04-01 2019-04-02 1200 USD recurring"}},
		{"Unix times", "account,started_at,ended_at,amount\na,1554076800,,1\n", "subscriptions: {started_at: {from: started_at, format: unix}}",
			[]string{"2 a 2019-04-01 open 1200 USD recurring"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rows, problems, err := subscriptions(t, c.text, c.mapping)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(rows, "|") != strings.Join(c.want, "|") {
				t.Errorf("got  %q\nwant %q\nproblems %+v", rows, c.want, problems.Groups())
			}
		})
	}
}

func TestBadRowsAreToldAndGoodOnesGoIn(t *testing.T) {
	head := "id,account,started_at,ended_at,amount,interval,currency,kind\n"
	good := "g,good,2019-04-01,,5,month,USD,\n"
	cases := []struct {
		name, row, code, column, value string
		leftOut                        bool
	}{
		{"no account", "1,,2019-04-01,,5,month,USD,", "account_empty", "account", "", true},
		{"no start", "1,a,,,5,month,USD,", "date_missing", "started_at", "", true},
		{"a day that is not", "1,a,2019-02-30,,5,month,USD,", "date_invalid", "started_at", "2019-02-30", true},
		{"a date in doubtful order", "1,a,04/05/2019,,5,month,USD,", "date_invalid", "started_at", "04/05/2019", true},
		{"a start in the year 9999", "1,a,9999-01-01,,5,month,USD,", "date_invalid", "started_at", "9999-01-01", true},
		{"an end in the year 9999 means never", "1,a,2019-01-01,9999-12-31,5,month,USD,", "end_far_away", "ended_at", "9999-12-31", false},
		{"it ends before it starts", "1,a,2019-04-01,2019-03-01,5,month,USD,", "ended_before_started", "ended_at", "2019-03-01", true},
		{"it ends on the day it starts", "1,a,2019-04-01,2019-04-01,5,month,USD,", "ended_same_day", "ended_at", "2019-04-01", false},
		{"NaN", "1,a,2019-04-01,,NaN,month,USD,", "amount_invalid", "amount", "NaN", true},
		{"a word for a number", "1,a,2019-04-01,,lots,month,USD,", "amount_invalid", "amount", "lots", true},
		{"a huge number", "1,a,2019-04-01,,99999999999999999999999999,month,USD,", "amount_invalid", "amount", "99999999999999999999999999", true},
		{"an exponent", "1,a,2019-04-01,,1e300,month,USD,", "amount_invalid", "amount", "1e300", true},
		{"a third decimal of a cent", "1,a,2019-04-01,,0.005,month,USD,", "amount_invalid", "amount", "0.005", true},
		{"two, or two thousand in Berlin", "1,a,2019-04-01,,2.000,month,USD,", "number_ambiguous", "amount", "2.000", true},
		{"two thousand, or two in Berlin", "1,a,2019-04-01,,\"€2,000\",month,EUR,", "number_ambiguous", "amount", "€2,000", true},
		{"dollars in a row of euros", "1,a,2019-04-01,,$49.00,month,EUR,", "amount_in_other_currency", "amount", "$49.00", true},
		{"a code of another currency", "1,a,2019-04-01,,49.00 GBP,month,EUR,", "amount_in_other_currency", "amount", "49.00 GBP", true},
		{"a decimal comma without a mapping", "1,a,2019-04-01,,\"49,50\",month,USD,", "amount_invalid", "amount", "49,50", true},
		{"below zero", "1,a,2019-04-01,,-5,month,USD,", "amount_negative", "amount", "-5", true},
		{"no amount", "1,a,2019-04-01,,,month,USD,", "amount_missing", "amount", "", true},
		{"an unknown interval", "1,a,2019-04-01,,5,quarter,USD,", "interval_invalid", "interval", "quarter", true},
		{"an unknown currency", "1,a,2019-04-01,,5,month,dollars,", "currency_invalid", "currency", "dollars", true},
		{"an unknown kind", "1,a,2019-04-01,,5,month,USD,gift", "kind_invalid", "kind", "gift", true},
		{"a trial with an amount", "1,a,2019-04-01,,5,month,USD,trial", "trial_with_amount", "amount", "5", false},
		{"bytes that are not UTF-8", "1,a\xff,2019-04-01,,5,month,USD,", "not_utf8", "account", "a\uFFFD", true},
		{"zero bytes", "1,a\x00,2019-04-01,,5,month,USD,", "not_text", "account", "a\x00", true},
		{"too few values", "1,a,2019-04-01", "columns_differ", "", "1", true},
		{"too many values", "1,a,2019-04-01,,5,month,USD,,,", "columns_differ", "", "1", true},
		{"text after a closing quote", "1,\"a\"b,2019-04-01,,5,month,USD,", "row_unreadable", "", "1,\"a\"b,2019-04-01,,5,month,USD,", true},
		{"a quote that is never closed", "1,\"a,2019-04-01,,5,month,USD,", "row_unreadable", "", "1,\"a,2019-04-01,,5,month,USD,", true},
		{"an id again with other values", "g,other,2019-04-01,,5,month,USD,", "id_repeated", "id", "g", false},
		{"the same row again", strings.TrimSpace(good), "row_repeated", "id", "g", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rows, problems, err := subscriptions(t, head+good+c.row+"\nh,last,2019-04-01,,5,month,USD,\n", "")
			if err != nil {
				t.Fatal(err)
			}
			wantRows := 3
			if c.leftOut {
				wantRows = 2
			}
			if len(rows) != wantRows || !strings.Contains(rows[len(rows)-1], "last") {
				t.Errorf("rows taken: %q", rows)
			}
			groups := problems.Groups()
			if len(groups) != 1 || groups[0].Count != 1 {
				t.Fatalf("problems: %+v", groups)
			}
			p := groups[0].First[0]
			if p.Code != c.code || p.Column != c.column || p.Value != c.value || p.LeftOut != c.leftOut || p.Row != 3 || p.File != "subs.csv" || p.Why == "" {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestFilesThatCannotBeReadSayWhy(t *testing.T) {
	cases := []struct{ name, text, mapping, code, says string }{
		{"empty", "", "", "file_empty", "export it again"},
		{"blank", "\n\n \n", "", "file_empty", "names the columns"},
		{"a missing column", "account,started_at,amount\na,2019-01-01,5\n", "", "columns_missing",
			`subs.csv: the column ended_at of subscriptions cannot be found; the file has account, started_at, amount (name it in a mapping file, "subscriptions: {ended_at: <your column>}"`},
		{"two missing columns", "account,started_at\na,2019-01-01\n", "", "columns_missing", "the columns ended_at, amount of subscriptions"},
		{"a column the mapping wants", "account,started_at,ended_at,amount\n", "subscriptions: {amount: betrag}", "columns_missing", `amount (the mapping wants column "betrag")`},
		{"an Excel workbook", "PK\x03\x04......", "", "file_not_text", "save it as CSV"},
		{"UTF-16", "\xff\xfea\x00c\x00", "", "file_not_text", "UTF-8"},
		{"gzip", "\x1f\x8b\x08", "", "file_not_text", "gunzip"},
		{"old Mac line ends", "account,started_at\ra,b\r", "", "file_not_text", "line ends"},
		{"JSON that is no NDJSON", "{\n \"a\": 1\n}\n", "", "header_unreadable", "one JSON object a line"},
		{"a header with an open quote", "\"account,started_at\n", "", "header_unreadable", "names the columns"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := subscriptions(t, c.text, c.mapping)
			if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %s: %v", fault.CodeOf(err), err)
			}
		})
	}
}

func TestMappingsThatAreWrongNameTheLine(t *testing.T) {
	cases := []struct{ name, text, says string }{
		{"no YAML", "a: [", "map.yaml: not YAML"},
		{"nothing", "version: 1", "it maps nothing"},
		{"another version", "version: 2\n", "map.yaml:1: version 2 is not known"},
		{"an unknown section", "version: 1\npeople: {a: b}", "map.yaml:2: unknown section people"},
		{"an unknown target", "subscriptions:\n  account: a\n  colour: b", "map.yaml:3: subscriptions have no column colour"},
		{"a target twice", "subscriptions:\n  account: a\n  account: b", "account"},
		{"an unknown setting", "usage:\n  at: {from: a, formatt: b}", "map.yaml:2: at has no setting formatt"},
		{"no column", "usage:\n  at: {values: {a: b}}", "at names no column"},
		{"a constant and a column", "usage:\n  at: {constant: b, from: a}", "both a constant and a column"},
		{"a choice without columns", "usage:\n  amount: {choose: b}", "chooses a column but not by what"},
		{"a start that is inclusive", "subscriptions:\n  started_at: {from: b, inclusive: true}", "started_at cannot be inclusive"},
		{"a date format without a year", "usage:\n  at: {from: b, format: DD/MM}", "has no year"},
		{"a list for a name", "usage:\n  at: [a, b]", "a name or a value is wanted here"},
		{"text for a section", "usage: x", "the section usage is no mapping"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseMapping("map.yaml", []byte(c.text))
			if fault.CodeOf(err) != "mapping_invalid" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheKindIsRecognisedByTheColumns(t *testing.T) {
	mapping, err := ParseMapping("m", []byte("usage: {account: who, amount: much}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, header string
		want         Kind
	}{
		{"subscriptions", "subscription_id,account_id,start_date,end_date,amount", Subscriptions},
		{"usage with a feature", "account,feature,usage", Usage},
		{"usage by subscription", "subscription_id,usage_date,usage_count", Usage},
		{"limits suggest's own file", "account,usage,segment", Usage},
		{"accounts", "account_id,account_name,plan_tier,seats", Accounts},
		{"a mapping's columns", "who,much", Usage},
		{"a mapping's section that fits nothing", "account,feature,usage", "columns_missing"},
		{"support tickets", "ticket_id,account_id,submitted_at,priority", ""},
		{"churn events", "churn_event_id,account_id,churn_date,reason_code", ""},
	} {
		o := Options{Name: "f"}
		if strings.HasPrefix(c.name, "a mapping") {
			o.Mapping = mapping
		}
		f, err := Open(strings.NewReader(c.header+"\n"), o)
		if c.want == "" || c.want == "columns_missing" {
			if fault.CodeOf(err) != cmp.Or(string(c.want), "columns_unrecognised") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || f.Kind != c.want {
			t.Errorf("%s: %v, %v", c.name, f, err)
		}
	}
}

func TestAccountsKeepWhatIsNotNamedAsTraits(t *testing.T) {
	f, err := Open(strings.NewReader("account_id,account_name,signup_date,country,is_trial,seats\na,A,2020-01-02,DE,True,7\na,B,,,,\nb,B,,FR,maybe,x\n"), Options{Name: "accounts.csv"})
	if err != nil {
		t.Fatal(err)
	}
	problems := NewProblems(5)
	var got []AccountRow
	counts, err := f.Accounts(problems, func(a *AccountRow) error { got = append(got, *a); return nil })
	if err != nil || counts != (Counts{Rows: 3, Taken: 2, Bad: 1}) {
		t.Fatalf("%+v, %v", counts, err)
	}
	if a := got[0]; a.Key != "a" || a.Name != "A" || a.Trial != Yes || a.Seats != 7 || a.Traits["country"] != "DE" || len(a.Traits) != 1 {
		t.Errorf("got %+v", a)
	}
	if b := got[1]; b.Trial != Unsaid || b.Seats != -1 {
		t.Errorf("got %+v", b)
	}
	for _, code := range []string{"account_repeated", "flag_unknown", "number_invalid"} {
		if problems.Count(code) != 1 {
			t.Errorf("%s: %d", code, problems.Count(code))
		}
	}
}

func TestProblemsAreCountedAllAndKeptFew(t *testing.T) {
	var text strings.Builder
	text.WriteString("account,started_at,ended_at,amount\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "a%d,2019-04-01,,NaN\n", i)
	}
	var each int
	problems := NewProblems(3)
	var report bytes.Buffer
	w := NewProblemWriter(&report)
	problems.Each = func(p Problem) { each++; w.Write(p) }
	f, err := Open(strings.NewReader(text.String()), Options{Name: "f.csv"})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := f.Subscriptions(problems, func(*SubscriptionRow) error { return nil })
	if err != nil || counts.Bad != 5000 || counts.Taken != 0 {
		t.Fatalf("%+v, %v", counts, err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	g := problems.Groups()
	if len(g) != 1 || g[0].Count != 5000 || g[0].LeftOut != 5000 || len(g[0].First) != 3 || each != 5000 || problems.Total() != 5000 {
		t.Errorf("%+v, each %d", g, each)
	}
	lines, err := csv.NewReader(&report).ReadAll()
	if err != nil || len(lines) != 5001 || strings.Join(lines[1][:6], "|") != "f.csv|2|amount|NaN|amount_invalid|true" {
		t.Errorf("%d lines, %v, %v", len(lines), lines[1], err)
	}
}

func TestAReaderThatFailsIsToldAfterTheRowsBeforeIt(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("account,started_at,ended_at,amount\na,2019-04-01,,5\n"), iotest.ErrReader(errors.New("disk away")))
	f, err := Open(broken, Options{Name: "f.csv"})
	if err == nil {
		n := 0
		_, err = f.Subscriptions(NewProblems(1), func(*SubscriptionRow) error { n++; return nil })
		if n != 1 {
			t.Errorf("%d rows before the failure", n)
		}
	}
	if fault.CodeOf(err) != "file_unreadable" || !strings.Contains(err.Error(), "disk away") {
		t.Errorf("got %v", err)
	}
}

func TestARowLongerThanAMegabyteIsOneBadRow(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	for name, row := range map[string]string{"plain": long + ",2019-04-01,,5", "quoted": `"` + long + `",2019-04-01,,5`} {
		rows, problems, err := subscriptions(t, "account,started_at,ended_at,amount\n"+row+"\nb,2019-04-01,,5\n", "")
		if err != nil || len(rows) != 1 || problems.Total() != 1 {
			t.Errorf("%s: %d rows, %d problems, %v", name, len(rows), problems.Total(), err)
		}
	}
}

// TestWhatTheStandardLibraryWritesIsReadBack writes random tables with encoding/csv and
// reads them in pieces of random size.
func TestWhatTheStandardLibraryWritesIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("ab\",;\t\r\n é'")), 0, 12, -1)
		var table [][]string
		header := make([]string, columns)
		for i := range header {
			header[i] = fmt.Sprintf("c%d", i)
		}
		table = append(table, header)
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			row := make([]string, columns)
			for i := range row {
				// A carriage return before a newline is one line end to every reader.
				row[i] = strings.ReplaceAll(cell.Draw(t, "cell"), "\r", "")
			}
			if columns == 1 && row[0] == "" {
				row[0] = "x" // an empty line is no row
			}
			table = append(table, row)
		}
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(table); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		s, err := newScanner(&pieces{text.Bytes(), r}, "f")
		if err != nil {
			t.Fatal(err)
		}
		if columns > 1 && s.delim != ',' {
			t.Fatalf("delimiter %q", s.delim)
		}
		for _, want := range table[1:] {
			fields, err := s.next()
			if err != nil {
				t.Fatalf("%q: %v", text.String(), err)
			}
			for i, f := range fields {
				got := string(f)
				if w.UseCRLF {
					got = strings.ReplaceAll(got, "\r\n", "\n")
				}
				if len(fields) != columns || got != want[i] {
					t.Fatalf("%q: got %q, want %q", text.String(), fields, want)
				}
			}
		}
		if _, err := s.next(); err != io.EOF {
			t.Fatalf("after the last row: %v", err)
		}
	})
}

// pieces hands out its bytes a few at a time.
type pieces struct {
	rest []byte
	r    *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+p.r.Intn(7))], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func TestADecimalCommaRefusesPointsThatAreNoThousands(t *testing.T) {
	rows, problems, err := subscriptions(t, "account;started_at;ended_at;amount\na;2019-04-01;;49.50\nb;2019-04-01;;1.23\nc;2019-04-01;;1234.500\n",
		"subscriptions: {amount: {from: amount, decimal: comma}}")
	if err != nil || len(rows) != 0 || problems.Count("amount_invalid") != 3 {
		t.Fatalf("%q %+v %v", rows, problems.Groups(), err)
	}
	if why := problems.Groups()[0].Why; !strings.Contains(why, "between thousands only") {
		t.Errorf("it says %q", why)
	}
}

func TestTextThatIsNotUTF8IsReadAsWindowsTextAndTold(t *testing.T) {
	problems := NewProblems(10)
	f, err := Open(strings.NewReader("account,name,Gr\xf6\xdfe\na,Caf\xe9 \x80,\xfcber\nb\xe9,x,y\n"), Options{Name: "a.csv", Kind: Accounts})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	counts, err := f.Accounts(problems, func(a *AccountRow) error {
		got = append(got, fmt.Sprintf("%s %s %v", a.Key, a.Name, a.Traits))
		return nil
	})
	if err != nil || strings.Join(got, "|") != "a Café € map[Größe:über]" || counts.Bad != 1 {
		t.Errorf("%q %+v %v", got, counts, err)
	}
	groups := problems.Groups()
	if len(groups) != 2 || groups[0].Code != "text_not_utf8" || groups[0].Count != 2 || groups[0].LeftOut != 0 || !strings.Contains(groups[0].Why, "UTF-8") {
		t.Errorf("%+v", groups)
	}
	if groups[1].Code != "not_utf8" || groups[1].LeftOut != 1 { // a key may not be guessed
		t.Errorf("%+v", groups[1])
	}
}
