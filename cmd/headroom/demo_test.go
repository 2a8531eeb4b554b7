package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headroomhq/headroom/examples/summit"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
)

// lived returns servers whose sample companies have lived the life, side by side.
func lived(t *testing.T, servers int, life summit.Life) []*company {
	t.Helper()
	all := make([]*company, servers)
	errs := make([]error, servers)
	var lives sync.WaitGroup
	for i := range all {
		c := &company{t: t, data: t.TempDir()}
		c.opts = serverOptions{data: c.data, listen: "127.0.0.1:0", partitions: 16, secretKey: "hr_sk_test_key",
			testClock: clock.At(life.Start()).String(), logger: slog.New(slog.DiscardHandler)}
		c.open()
		t.Cleanup(func() { c.server.close() })
		all[i] = c
		lives.Go(func() {
			one := life
			one.URL, one.Key = c.server.url(), c.opts.secretKey
			errs[i] = one.Run(context.Background())
		})
	}
	lives.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return all
}

// shortLife is two months of twenty customers.
func shortLife() summit.Life {
	return summit.Life{Accounts: 20, Months: 2, End: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
}

// told is everything a list tells, without what is made of the installation's own secret.
func told(t *testing.T, c *company, path string) string {
	t.Helper()
	var at struct{ Position string }
	c.must("PUT", "/v1/accounts/"+summit.ShownAccount, map[string]any{}, &at)
	var all []any
	for cursor := ""; ; {
		var page struct {
			Items []any
			Next  string
		}
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		if err := c.call(context.Background(), "GET", path+mark+"limit=500&cursor="+cursor, nil, &page, "Headroom-Position", at.Position); err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	var strip func(any)
	strip = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				strip(x)
			}
		case map[string]any:
			delete(v, "user")
			delete(v, "decided_by")
			for _, x := range v {
				strip(x)
			}
		}
	}
	strip(all)
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheSameLifeIsLivedTwice(t *testing.T) {
	both := lived(t, 2, shortLife())
	one, two := both[0], both[1]
	for _, path := range []string{"/v1/accounts", "/v1/signals", "/v1/opportunities", "/v1/requests", "/v1/limits", "/v1/revenue/ledger", "/v1/packaging/value?all=true"} {
		a, b := told(t, one, path), told(t, two, path)
		if a != b {
			t.Errorf("%s tells two stories:\n%s", path, difference(a, b))
		}
		if len(a) < 10 && path != "/v1/opportunities" && path != "/v1/requests" {
			t.Errorf("%s tells nothing", path)
		}
	}
	for _, path := range []string{"/v1/offers/funnel", "/v1/revenue/movements", "/v1/revenue/retention"} {
		var a, b any
		one.must("GET", path, nil, &a)
		two.must("GET", path, nil, &b)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s tells two stories:\n%v\n%v", path, a, b)
		}
	}
}

// difference is the first line in which two texts differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			from := max(0, i-8)
			return strings.Join(x[from:i+1], "\n") + "\nagainst\n" + y[i]
		}
	}
	return fmt.Sprintf("%d lines against %d", len(x), len(y))
}

func TestTheLifeUsesWhatTheCatalogSells(t *testing.T) {
	life := summit.Life{Accounts: 220, Months: 10, End: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	c := lived(t, 1, life)[0]
	var lint struct {
		Findings []struct{ Code, Path, Message string }
	}
	c.must("GET", "/v1/catalog/lint", nil, &lint)
	for _, f := range lint.Findings {
		if f.Code == "silent_event" {
			t.Errorf("%s: %s", f.Path, f.Message)
		}
	}
	seen := map[string]int{}
	for _, a := range accountsOf(t, c) {
		path := "/v1/accounts/" + a
		var sub struct {
			Plan, Currency string
			PlanVersion    int `json:"plan_version"`
			Addons         []struct{ Key string }
		}
		if err := c.call(context.Background(), "GET", path+"/subscription", nil, &sub); err != nil {
			t.Fatal(err)
		}
		seen[fmt.Sprint(sub.Plan, " ", sub.PlanVersion)]++
		seen[sub.Currency]++
		for _, line := range sub.Addons {
			seen[line.Key]++
		}
		var tried, granted struct {
			Items []struct{ ID, State, Source string }
		}
		c.must("GET", path+"/trials", nil, &tried)
		c.must("GET", path+"/grants", nil, &granted)
		for _, x := range append(tried.Items, granted.Items...) {
			if x.Source != "" {
				x.ID = x.Source // of a grant; its id is nobody's word
			}
			seen[x.ID+x.State]++
		}
		var has struct {
			Items []struct{ Feature, Holder string }
		}
		c.must("GET", path+"/entitlements", nil, &has)
		for _, x := range has.Items {
			if x.Holder != "" {
				seen["draws "+x.Feature]++
			}
		}
	}
	for _, want := range []string{"pro 1", "pro 2", "pro_nonprofit 1", "USD", "EUR", "library", "addon:chaptersconverted", "addon:chaptersexpired",
		"rollover", "top_up:captions_top_up", "draws captions"} {
		if seen[want] == 0 {
			t.Errorf("nobody has %s: %v", want, seen)
		}
	}
	var value []struct {
		Quantity float64
		Price    struct{ Amount string }
		State    string
	}
	if err := json.Unmarshal([]byte(told(t, c, "/v1/packaging/value?all=true")), &value); err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	for _, line := range value {
		states[line.State]++
	}
	if judged := states["in_band"] + states["below"] + states["above"]; states["in_band"] < judged/2 || states["below"] == 0 || states["above"] == 0 {
		t.Errorf("what they pay for what they sell lies so: %v", states)
	}
}

// accountsOf returns the keys of all accounts.
func accountsOf(t *testing.T, c *company) []string {
	t.Helper()
	var list []struct{ Key string }
	if err := json.Unmarshal([]byte(told(t, c, "/v1/accounts")), &list); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, a := range list {
		keys = append(keys, a.Key)
	}
	return keys
}

func TestTheAccountOnTheProductPageHasItsOfferBeforeIt(t *testing.T) {
	c := lived(t, 1, shortLife())[0]
	account := "/v1/accounts/" + summit.ShownAccount
	var sub struct{ Plan, Status string }
	c.must("GET", account+"/subscription", nil, &sub)
	if sub.Plan != "starter" || sub.Status != "active" {
		t.Fatalf("it is on %s, %s", sub.Plan, sub.Status)
	}
	type check struct {
		Allowed      bool
		Usage, Limit *int
		Decision     *struct {
			Status string
			Offer  struct{ Key string }
		}
	}
	var got check
	ask := map[string]any{"account": summit.ShownAccount, "user": "visitor", "role": "admin", "feature": "speakers", "placement": "speakers.add"}
	c.must("POST", "/v1/check", ask, &got)
	if !got.Allowed || *got.Usage != 8 || *got.Limit != 10 {
		t.Fatalf("speakers: %+v", got)
	}
	var recordings check
	c.must("POST", "/v1/check", map[string]any{"account": summit.ShownAccount, "feature": "recordings"}, &recordings)
	if recordings.Allowed {
		t.Fatal("recordings are open")
	}
	var sent struct{ Position string }
	for i := range 2 {
		event := map[string]any{"specversion": "1.0", "id": fmt.Sprint("visitor/", i), "source": "page", "type": "speaker.added",
			"subject": summit.ShownAccount, "data": map[string]any{"user": "visitor"}}
		c.must("POST", "/v1/events", []any{event}, &sent)
	}
	if err := c.call(context.Background(), "POST", "/v1/check", ask, &got, "Headroom-Position", sent.Position); err != nil {
		t.Fatal(err)
	}
	if got.Allowed || got.Decision == nil || got.Decision.Status != "show" || got.Decision.Offer.Key != "pro_for_speakers" {
		t.Fatalf("at the limit: %+v", got)
	}
}

func TestCatalogsOfTheExamplesAreWithoutFindings(t *testing.T) {
	for _, name := range []string{"summit", "ravenstack"} {
		text, err := os.ReadFile(filepath.Join("../../examples", name, "catalog.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if _, findings := catalog.Parse(name, text); len(findings) > 0 {
			t.Errorf("%s: %v", name, findings)
		}
	}
}

func TestTheGuideToTheDemoCountsWhatTheCatalogHolds(t *testing.T) {
	text, err := os.ReadFile("../../docs/guides/demo.md")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := catalog.Parse("summit", summit.Catalog)
	want := fmt.Sprintf("%d signals, %d offers", len(c.Signals), len(c.Offers))
	if !strings.Contains(string(text), want) {
		t.Errorf("docs/guides/demo.md does not say %q", want)
	}
	readme, err := os.ReadFile("../../examples/summit/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := os.ReadFile("placements_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "## Where Headroom speaks")
	kinds := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+\\.[a-z]+)` \\|").FindAllStringSubmatch(table, -1) {
		place := c.Places[row[1]]
		if place == nil || !strings.Contains(string(pages), `"`+row[1]+`"`) && !strings.Contains(string(pages), row[1]+"'") {
			t.Errorf("examples/summit/README.md speaks of %s, which the catalog or placements_test.go lacks", row[1])
			continue
		}
		kinds[place.Kind] = true
	}
	for _, kind := range catalog.PlacementKinds {
		if !kinds[kind] {
			t.Errorf("no placement of the kind %s is in the product", kind)
		}
	}
}

// output is what a command prints while it runs.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// shown runs a demo until it serves, calls look, and ends it as Ctrl-C would.
func shown(t *testing.T, d *demo, look func(text string)) {
	t.Helper()
	var out output
	d.out = &out
	d.listen, d.product, d.noOpen = "127.0.0.1:0", "127.0.0.1:0", true
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- d.run(ctx) }()
	for !strings.Contains(out.String(), "Ctrl-C") {
		select {
		case err := <-done:
			t.Fatalf("it ended by itself: %v\n%s", err, out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	look(out.String())
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestAFolderOfExportsIsShownAndKept(t *testing.T) {
	folder, data := t.TempDir(), filepath.Join(t.TempDir(), "kept")
	for name, text := range map[string]string{
		"subscriptions.csv": "account,started_at,ended_at,amount,plan\nfern,2026-01-05,,49,small\nlark,2026-01-20,2026-03-02,100,large\n",
		"map.yaml":          "version: 1\nsubscriptions: {account: account, started_at: started_at, ended_at: ended_at, amount: amount, plan: plan}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ends := func(d *demo) []string {
		var doc struct {
			Items []struct{ Period, End string }
		}
		if err := clientFor(d.server.url(), d.key).call(context.Background(), "GET", "/v1/revenue/movements", nil, &doc); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range doc.Items {
			out = append(out, x.Period+" "+x.End)
		}
		return out
	}
	want := []string{"2026-01 149.00", "2026-02 149.00", "2026-03 49.00"}
	d := &demo{from: folder, data: data}
	shown(t, d, func(text string) {
		if !strings.Contains(text, "importing") || !strings.Contains(text, "as of 3 March 2026") {
			t.Errorf("the first start says:\n%s", text)
		}
		if got := ends(d); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	d = &demo{from: folder, data: data}
	shown(t, d, func(text string) {
		if strings.Contains(text, "importing") {
			t.Errorf("the second start imports again:\n%s", text)
		}
		if got := ends(d); !reflect.DeepEqual(got, want) {
			t.Errorf("kept: got %v, want %v", got, want)
		}
	})
	err := (&demo{data: data, listen: "127.0.0.1:0", product: "127.0.0.1:0", noOpen: true, out: &output{}}).run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "holds the demo of") {
		t.Errorf("another demo in the same directory: %v", err)
	}
}

func TestRavenStackOnTheServerIsRavenStackInTheFile(t *testing.T) {
	dir := ravenstack(t)
	d := &demo{from: dir}
	shown(t, d, func(string) {
		cl := clientFor(d.server.url(), d.key)
		for _, what := range []string{"movements", "retention"} {
			stdout, stderr, err := run(t, revenueCommand(), what, "--subscriptions", filepath.Join(dir, "subscriptions.csv"),
				"--map", "../../examples/ravenstack/map.yaml", "--output", "json", "--to", "2024-12")
			if err != nil {
				t.Fatal(err, stderr)
			}
			var file, server struct{ Items []map[string]any }
			if err := json.Unmarshal([]byte(stdout), &file); err != nil {
				t.Fatal(err)
			}
			if err := cl.call(context.Background(), "GET", "/v1/revenue/"+what+"?to=2024-12", nil, &server); err != nil {
				t.Fatal(err)
			}
			if len(file.Items) < 20 || len(file.Items) != len(server.Items) {
				t.Fatalf("%s: %d months in the file, %d on the server", what, len(file.Items), len(server.Items))
			}
			for i := range file.Items {
				if !reflect.DeepEqual(file.Items[i], server.Items[i]) {
					t.Errorf("%s: the file says %v,\nthe server %v", what, file.Items[i], server.Items[i])
				}
			}
		}
		for path, least := range map[string]int{"/v1/accounts?limit=500": 500, "/v1/limits": 50, "/v1/signals": 20} {
			var list struct{ Items []any }
			if err := cl.call(context.Background(), "GET", path, nil, &list); err != nil {
				t.Fatal(err)
			}
			if len(list.Items) < least {
				t.Errorf("%s lists %d", path, len(list.Items))
			}
		}
	})
}
