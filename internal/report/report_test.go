package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/sheet"
	"pgregory.net/rapid"
)

// files makes files of texts by name.
func files(texts ...string) []File {
	var out []File
	for i := 0; i+1 < len(texts); i += 2 {
		text := texts[i+1]
		out = append(out, File{Name: texts[i], Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
	}
	return out
}

func reportOf(t *testing.T, o Options, texts ...string) *Report {
	t.Helper()
	r, err := Make(files(texts...), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// company is a small made-up company: what each account is there to show is in its name.
// Its data ends on 2025-12-31.
func company() (accounts, subscriptions, usage string) {
	var a, s, u strings.Builder
	a.WriteString("account,name,segment\n")
	s.WriteString("id,account,started_at,ended_at,amount,plan\n")
	u.WriteString("account,feature,date,usage,limit\n")
	add := func(key, plan, amount string, started, ended string) {
		fmt.Fprintf(&a, "%s,The %s company,media\n", key, key)
		fmt.Fprintf(&s, "s-%s,%s,%s,%s,%s,%s\n", key, key, started, ended, amount, plan)
	}
	use := func(key, feature string, limit string, monthly ...int) { // the last months of 2025, the last one December
		for i, n := range monthly {
			fmt.Fprintf(&u, "%s,%s,2025-%02d-15,%d,%s\n", key, feature, 12-len(monthly)+1+i, n, limit)
		}
	}
	add("near", "pro", "100", "2024-01-01", "")
	use("near", "emails", "1000", 100, 200, 300, 400, 500, 600, 700, 850)
	add("held", "pro", "100", "2024-01-01", "")
	use("held", "emails", "1000", 950, 980, 990, 970, 1000, 960)
	add("over", "pro", "100", "2024-01-01", "")
	use("over", "emails", "1000", 1500, 1500, 1500)
	add("flat", "pro", "100", "2024-01-01", "")
	use("flat", "emails", "1000000", 10, 10, 10, 10, 10, 10, 40, 40, 40, 40, 40, 50)
	add("idle", "pro", "900", "2024-01-01", "")
	use("idle", "emails", "1000000", 500, 500, 0, 0, 0)
	add("grown", "pro", "100", "2024-01-01", "")
	fmt.Fprintf(&s, "s-grown2,grown,2025-06-01,,60,pro\n")
	add("left", "pro", "70", "2024-01-01", "2025-10-01")
	for i := range 12 { // enough on the plan to compare with; they use recordings
		key := fmt.Sprintf("peer%02d", i)
		add(key, "pro", "50", "2025-02-01", "")
		use(key, "emails", "1000000", 300, 300, 300)
		use(key, "recordings", "", 5, 5, 5)
	}
	use("near", "recordings", "", 1)
	fmt.Fprintf(&u, "near,emails,2025-12-31,0,1000\n") // the data reaches the end of the year
	return a.String(), s.String(), u.String()
}

func TestTheReportOfASmallCompany(t *testing.T) {
	accounts, subscriptions, usage := company()
	// The order of the files is free.
	r := reportOf(t, Options{}, "usage.csv", usage, "subscriptions.csv", subscriptions, "accounts.csv", accounts)

	if r.Period.String() != "2025-12" || r.Until != "2025-12-31" || r.Currency != "USD" {
		t.Errorf("period %s until %s in %s", r.Period, r.Until, r.Currency)
	}
	// 5 at 100 with grown's 60 more, idle's 900, and 12 peers at 50.
	text, _ := r.Headline.MRR.MarshalText()
	if string(text) != "2060.00" || r.Headline.Paying != 18 {
		t.Errorf("MRR %s from %d", text, r.Headline.Paying)
	}
	// A year ago near, held, over, flat, grown paid 100, idle 900, left 70: 1470. Now 60 more and 70 less.
	if got := *r.Headline.NRR; got != "0.9932" {
		t.Errorf("NRR %s, want 1460/1470", got)
	}
	if got := *r.Headline.GRR; got != "0.9524" {
		t.Errorf("GRR %s, want 1400/1470", got)
	}
	who := func(list any) string {
		var names []string
		switch list := list.(type) {
		case []LimitStanding:
			for _, s := range list {
				names = append(names, fmt.Sprintf("%s %s %s/%s", s.Account, s.Feature, s.Usage, s.Limit))
			}
		case []Change:
			for _, c := range list {
				change, _ := c.Change.MarshalText()
				names = append(names, c.Account+" "+string(change))
			}
		case []FlatAccount:
			for _, f := range list {
				names = append(names, fmt.Sprintf("%s %s to %s", f.Account, f.Before, f.After))
			}
		case []UnderUsedItem:
			for _, u := range list {
				names = append(names, u.Account)
			}
		case []MissingItem:
			for _, m := range list {
				names = append(names, fmt.Sprintf("%s %v", m.Account, m.Features))
			}
		}
		return strings.Join(names, "; ")
	}
	for _, c := range []struct{ what, got, want string }{
		{"the limits' source", string(r.Limits.Source), "column"},
		{"near: from 80% of the limit up to it", who(r.Limits.Near), "held emails 960/1000; near emails 850/1000"},
		{"held: stays just under it", who(r.Limits.Held), "held emails 960/1000"},
		{"over", who(r.Limits.Over), "over emails 1500/1000"},
		{"flat although usage grew", who(r.Flat.Items), "flat 60 to 250; near 300 to 3351; held 0 to 5850; over 0 to 4500"},
		{"expanding", who(r.Expanding), "grown 60.00"},
		{"lost", who(r.Lost), "left -70.00"},
		{"contracting", who(r.Contracting), ""},
		{"under-using: pays, hardly uses", who(r.UnderUsing.Items), "idle; grown; flat"},
		{"whitespace", who(r.Whitespace.Accounts), "idle [{recordings 0.7222}]; grown [{recordings 0.7222}]; near []"},
	} {
		if c.what == "whitespace" {
			if !strings.HasPrefix(c.got, "idle [{recordings 0.7222}]; grown [{") || strings.Contains(c.got, "peer") || strings.Contains(c.got, "near") {
				t.Errorf("whitespace: %s", c.got)
			}
			continue
		}
		if c.what == "flat although usage grew" {
			got := strings.Split(c.got, "; ")
			want := strings.Split(c.want, "; ")
			slices.Sort(got)
			slices.Sort(want)
			c.got, c.want = strings.Join(got, "; "), strings.Join(want, "; ")
		}
		if c.got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.what, c.got, c.want)
		}
	}
	if len(r.First) < 4 {
		t.Errorf("what to do first: %+v", r.First)
	}
}

func TestLimitsComeFromTheSurestSource(t *testing.T) {
	_, subscriptions, usage := company()
	noLimit := regexp.MustCompile(`(?m),[0-9]*$`).ReplaceAllString(usage, ",")
	catalog := limitsOf{"pro emails": 1000}
	if r := reportOf(t, Options{Catalog: catalog}, "s", subscriptions, "u", noLimit); r.Limits.Source != FromCatalog || r.Limits.HeldCount != 1 {
		t.Errorf("from a catalog: %+v", r.Limits)
	}
	if r := reportOf(t, Options{}, "s", subscriptions); r.Limits.Source != LimitUnknown || !strings.Contains(r.Limits.Explanation, "No usage file") {
		t.Errorf("without usage: %+v", r.Limits)
	}
	if r := reportOf(t, Options{}, "s", subscriptions, "u", noLimit); r.Limits.Source != LimitUnknown || !strings.Contains(r.Limits.Explanation, "too little usage") {
		t.Errorf("few accounts and no limits: %+v", r.Limits)
	}
	// A plan whose usage is capped at 500 shows it.
	var s, u strings.Builder
	s.WriteString("account,started_at,ended_at,amount,plan\n")
	u.WriteString("account,date,usage\n")
	for i := range 200 {
		fmt.Fprintf(&s, "a%d,2024-01-01,,10,pro\n", i)
		for month := 7; month <= 12; month++ {
			fmt.Fprintf(&u, "a%d,2025-%02d-28,%d\n", i, month, min(500, 5*i))
		}
	}
	r := reportOf(t, Options{AsOf: dayOf(t, "2025-12-31")}, "s", s.String(), "u", u.String())
	if r.Limits.Source != FromPlateau || r.Limits.Held == nil || r.Limits.Held[0].Limit != quantity.Of(500) || r.Limits.HeldCount < 100 {
		t.Errorf("a plateau at 500: %s, held %d, %+v", r.Limits.Source, r.Limits.HeldCount, r.Suggestions)
	}
}

func TestAPlateauIsNotSeenWhereThereIsNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(20, 400).Draw(t, "n")
		top := rapid.IntRange(10, 5000).Draw(t, "largest")
		values := make([]quantity.Quantity, n)
		for i := range values { // sums of three: a smooth hill
			for range 3 {
				values[i] += quantity.Of(int64(rapid.IntRange(0, top).Draw(t, "part")))
			}
		}
		slices.Sort(values)
		smooth := slices.Compact(slices.Clone(values))
		if len(smooth)*2 < n {
			return // so few different values that bunching is what they do
		}
		if p := plateau(values); p != nil && p.Accounts < n/10 {
			t.Fatalf("%+v of %d", p, n)
		}
	})
}

type limitsOf map[string]int64

func (l limitsOf) Limit(plan, feature string) (quantity.Quantity, bool, bool) {
	v, ok := l[plan+" "+feature]
	return quantity.Of(v), false, ok
}

func dayOf(t *testing.T, s string) clock.Time {
	t.Helper()
	v, err := clock.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestThePageLoadsNothingAndShowsNamesAsText(t *testing.T) {
	accounts := "account,name,segment\na,\"<script>alert(1)</script>\",\"\"\"><img src=x onerror=alert(1)>\"\n"
	subs := "account,started_at,ended_at,amount,plan\na,2023-01-01,,10,<b>pro</b>\nc,2025-06-30,,1,p\nb,2024-01-01,,<i>x</i>,p\n"
	r := reportOf(t, Options{Title: "</title><script>x</script>"}, "<a>.csv", accounts, "s.csv", subs)
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, bad := range []string{"<script", "<img", "<b>pro", "<i>x", "http://", "https://", "url(", "@import", "<link rel=\"stylesheet", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"&lt;script&gt;alert(1)", "prefers-color-scheme:dark", `lang="en"`, "<svg", "<table"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	opened, closed := strings.Count(text, "<details"), strings.Count(text, "</details>")
	if opened != closed || strings.Count(text, "<table") != strings.Count(text, "</table>") || strings.Count(text, "<section") != strings.Count(text, "</section>") {
		t.Error("elements are left open")
	}
}

func TestTheJSONHasListsWhereListsAre(t *testing.T) {
	r := reportOf(t, Options{}, "s.csv", "account,started_at,ended_at,amount\na,2024-01-01,,10\n")
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"movements", "retention", "expanding", "contracting", "lost", "oddities", "do_first", "limits_to_reconsider", "policies", "notes", "files"} {
		if _, ok := doc[list].([]any); !ok {
			t.Errorf("%s is %T", list, doc[list])
		}
	}
	if m := doc["headline"].(map[string]any)["mrr"]; m != "10.00" {
		t.Errorf("mrr is %v", m)
	}
}

func TestWhatCannotBeReportedOnSaysWhy(t *testing.T) {
	subs := "account,started_at,ended_at,amount,currency\na,2024-01-01,,10,USD\nb,2024-01-01,,10,USD\nc,2024-01-01,,10,EUR\n"
	for _, c := range []struct {
		name string
		o    Options
		in   []string
		code string
	}{
		{"no subscriptions", Options{}, []string{"u.csv", "account,feature,usage\na,x,1\n"}, "subscriptions_missing"},
		{"nothing recognised", Options{}, []string{"x.csv", "a,b\n1,2\n"}, "subscriptions_missing"},
		{"no row can be used", Options{}, []string{"s.csv", "account,started_at,ended_at,amount\na,x,,1\n"}, "rows_all_bad"},
		{"a currency that is not there", Options{Currency: "JPY"}, []string{"s.csv", subs}, "currency_absent"},
		{"an empty file", Options{}, []string{"s.csv", ""}, "file_empty"},
	} {
		if _, err := Make(files(c.in...), c.o); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	r := reportOf(t, Options{}, "s.csv", subs)
	if r.Currency != "USD" || len(r.Notes) == 0 || !strings.Contains(r.Notes[0], "nothing is converted") {
		t.Errorf("several currencies: %s, %v", r.Currency, r.Notes)
	}
}

func TestAMonthThatIsNotOverIsLeftOut(t *testing.T) {
	r := reportOf(t, Options{}, "s.csv", "account,started_at,ended_at,amount\na,2024-01-01,,10\nb,2024-03-10,,10\n")
	if r.Period.String() != "2024-02" || r.Headline.Paying != 1 || len(r.Notes) != 2 {
		t.Errorf("%s, %d paying, %v", r.Period, r.Headline.Paying, r.Notes)
	}
}

func FuzzMake(f *testing.F) {
	accounts, subscriptions, usage := company()
	f.Add(accounts, subscriptions, usage)
	f.Add("account,name\n", "account,started_at,ended_at,amount\na,1970-01-01,,1\n", "account,feature,usage\na,,1e12\n")
	f.Fuzz(func(t *testing.T, a, s, u string) {
		r, err := Make(files("a", a, "s", s, "u", u), Options{})
		if err != nil {
			return
		}
		for _, write := range []func(io.Writer) error{r.WriteHTML, r.WriteJSON, r.WriteText} {
			if err := write(io.Discard); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTheNewestEndMovesNowUnlessItIsKnownInAdvance(t *testing.T) {
	for _, c := range []struct {
		name, rows string
		o          Options
		period     string
		paying     int
		says       string
	}{
		{"a cancellation after the newest start", "a,2024-01-01,,10,USD\nb,2024-01-10,2024-02-29,10,USD\n", Options{}, "2024-02", 1, ""},
		{"a term that ends in a year", "a,2024-01-01,2025-01-01,10,USD\nb,2024-01-31,,10,USD\n", Options{}, "2024-01", 2, "1 subscription end after the data ends (2024-01-31)"},
		{"an end after today", "a,2024-01-01,2024-02-29,10,USD\nb,2024-01-31,,10,USD\n", Options{Today: dayOf(t, "2024-02-10")}, "2024-01", 2, "--as-of"},
		{"a day that is asked for", "a,2024-01-01,2024-02-29,10,USD\nb,2024-01-31,,10,USD\n", Options{AsOf: dayOf(t, "2024-04-30")}, "2024-04", 1, ""},
	} {
		r := reportOf(t, c.o, "s.csv", "account,started_at,ended_at,amount,currency\n"+c.rows)
		if r.Period.String() != c.period || r.Headline.Paying != c.paying || !strings.Contains(strings.Join(r.Notes, " "), c.says) {
			t.Errorf("%s: %s, %d paying, %q", c.name, r.Period, r.Headline.Paying, r.Notes)
		}
	}
}

func TestTheSummarySaysWhatIsAssumedAndLeftOut(t *testing.T) {
	r := reportOf(t, Options{}, "s.csv", "account,started_at,ended_at,amount\na,2024-01-31,,10\nb,2024-01-31,,2.000\nc,2024-01-31,,x\n", "t.csv", "ticket,priority\n1,high\n")
	var b, page bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"from 1 paying account (2 of 3 rows of subscriptions left out)\n",
		"s.csv: no column names the currency, so USD is assumed",
		"Not used: t.csv: its columns (ticket, priority) are not those of",
		"0 accounts pay the same as a year ago; usage grew at 0 of them\n",
		"0 accounts use as much as the plan above theirs; 0 accounts lack a feature that most like them use\n",
		"Numbers that can be read as thousands and as decimals (left out)",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if !strings.Contains(page.String(), "2 of 3 rows of subscriptions left out") {
		t.Error("the page does not say what is left out beside the MRR")
	}
	if r = reportOf(t, Options{}, "s.csv", "account,started_at,ended_at,amount,currency\na,2024-01-31,,10,USD\n"); strings.Contains(strings.Join(r.Notes, " "), "assumed") {
		t.Errorf("a currency column: %q", r.Notes)
	}
}

func TestAFileThatIsNotRecognisedSaysWhichColumnsItNeeds(t *testing.T) {
	_, err := Make(files("s.csv", "Kunde,Beginn,Preis\na,2024-01-31,10\n"), Options{})
	for _, want := range []string{"account", "started_at", "ended_at", "amount", "the file has Kunde, Beginn, Preis", "--map"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	m, merr := sheet.ParseMapping("map.yaml", []byte("subscriptions: {account: Kunde, started_at: Beginn, ended_at: {constant: \"\"}, amount: Betrag}"))
	if merr != nil {
		t.Fatal(merr)
	}
	_, err = Make(files("s.csv", "Kunde,Beginn,Preis\na,2024-01-31,10\n"), Options{Mapping: m})
	if err == nil || !strings.Contains(err.Error(), `amount (the mapping wants column "Betrag")`) || !strings.Contains(err.Error(), "the file has Kunde, Beginn, Preis") {
		t.Errorf("%v", err)
	}
}
