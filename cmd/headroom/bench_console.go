package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/headroomhq/headroom/bench/load"
	"github.com/headroomhq/headroom/internal/fault"
)

func benchConsoleCommand() *cobra.Command {
	b := consoleBench{}
	c := &cobra.Command{
		Use: "console", Short: "What the console's pages ask the server, with very many accounts", Args: cobra.NoArgs,
		Long: "A server is filled through its own API: accounts with subscriptions that began over a year, use, closed\n" +
			"features met, signals, moments, decisions with outcomes and upgrade requests, and days that pass for all of\n" +
			"them (daily looks: stages, readiness, milestones). Nine of ten accounts are copies of such a one, made in the\n" +
			"tables. Then every call that a page of the console makes is timed,\n" +
			"and every page as a browser asks: its calls at once. A --data directory that was filled before is used as it is.",
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	b.flags(c, 100_000, time.Minute)
	c.Flags().IntVar(&b.copies, "copies", 10, "so `many` of the accounts are copies, in the tables alone, of one that lived through the API; 1: none")
	c.Flags().BoolVar(&b.warm, "warm", false, "have the answers made ahead that serve makes ahead, and measure then")
	c.Flags().StringVar(&b.database, "database", "", "PostgreSQL `address` instead of a file in --data")
	return c
}

// consoleBench measures the console's calls.
type consoleBench struct {
	bench
	database string
	copies   int
	warm     bool
	demo     string // shown by the console without signing in, when set
}

// consoleResult is its document.
type consoleResult struct {
	benchResult
	SetUp   float64       `json:"set_up_seconds"`
	Warmed  float64       `json:"warmed_seconds,omitempty"` // how long making answers ahead took
	Filled  fillCounts    `json:"filled"`
	Pages   []consoleTook `json:"pages"` // all calls of a page at once
	Calls   []consoleTook `json:"calls"` // one by one
	Slowest string        `json:"slowest_page"`
}

// consoleTook is how long something took.
type consoleTook struct {
	Name  string  `json:"name"`
	Times int     `json:"times"`
	First float64 `json:"first_ms"` // the very first, with nothing warm
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Bytes int     `json:"bytes"`
	took  []time.Duration
}

func (x *consoleTook) add(d time.Duration, bytes int) {
	if len(x.took) == 0 {
		x.First = float64(d.Microseconds()) / 1000
	}
	x.took, x.Bytes = append(x.took, d), bytes
}

func (x *consoleTook) sum() {
	slices.Sort(x.took)
	x.Times, x.P50, x.P99 = len(x.took), load.Quantile(x.took, 0.5), load.Quantile(x.took, 0.99)
}

// consolePage is a page of the console with the calls that it makes when it is opened.
type consolePage struct {
	name  string
	path  string // in the console
	mark  string // selector of its first useful content
	calls []string
}

// consolePages are the pages, about an account that has one of everything. Each page asks for the time,
// too, and most for the catalog's definitions.
func consolePages(account string, now time.Time) []consolePage {
	of := "/v1/accounts/" + account
	month, end := now.Format("2006-01"), now.Truncate(24*time.Hour).AddDate(0, 0, 1)
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	year := first.AddDate(0, -11, 0).Format("2006-01")
	span := func(from, to time.Time) string {
		return "from=" + from.Format(time.RFC3339) + "&to=" + to.Format(time.RFC3339)
	}
	last30, last90 := span(end.AddDate(0, 0, -30), end), span(end.AddDate(0, 0, -91), end)
	const clock, catalog = "/v1/clock", "/v1/catalog/definitions"
	rows := func(id string) string { return "[aria-labelledby=" + id + "-title] tbody tr" }
	return []consolePage{
		{"Today", "/", "[aria-labelledby=signals-title] li", []string{clock, "/v1/revenue/movements?from=" + year + "&to=" + month, "/v1/revenue/retention?from=" + year + "&to=" + month,
			"/v1/offers/funnel?" + span(first, first.AddDate(0, 1, 0)), "/v1/signals?limit=8", "/v1/limits?limit=8", "/v1/opportunities?limit=6&stage=open"}},
		{"Accounts", "/accounts", rows("accounts"), []string{clock, catalog, "/v1/views?page=accounts", "/v1/accounts?limit=50&sort=mrr"}},
		{"Accounts, near a limit", "/accounts?near=80&sort=limit", rows("accounts"), []string{"/v1/accounts?limit=50&near=80&sort=limit"}},
		{"Accounts, near a limit by MRR", "/accounts?near=80", rows("accounts"), []string{"/v1/accounts?limit=50&near=80&sort=mrr"}},
		{"Accounts, trials that end", "", "", []string{"/v1/accounts?limit=50&next=trial_ends&sort=next"}},
		{"Accounts, help first", "/accounts?stage=landed", rows("accounts"), []string{"/v1/accounts?limit=50&stage=landed&sort=mrr"}},
		{"Accounts, growing", "", "", []string{"/v1/accounts?limit=50&stage=expanding&sort=mrr"}},
		{"Accounts, at risk", "", "", []string{"/v1/accounts?limit=50&stage=at_risk&sort=mrr"}},
		{"Accounts, without a plan", "", "", []string{"/v1/accounts?limit=50&no_plan=true&sort=name"}},
		{"Accounts, open requests", "", "", []string{"/v1/accounts?limit=50&requests=true&sort=mrr"}},
		{"Accounts, readiest", "", "", []string{"/v1/accounts?limit=50&sort=readiness"}},
		{"Accounts, newest signal", "", "", []string{"/v1/accounts?limit=50&sort=signal"}},
		{"Accounts, a plan and a stage", "", "", []string{"/v1/accounts?limit=50&plan=more&stage=adopted&sort=readiness"}},
		{"Accounts, a segment", "", "", []string{"/v1/accounts?limit=50&trait=industry&value=museums&sort=mrr"}},
		{"Accounts, searched", "/accounts?q=company+77", rows("accounts"), []string{"/v1/accounts?limit=50&search=company+77&sort=mrr"}},
		{"Accounts, one found", "", "", []string{"/v1/accounts?limit=8&search=" + account}},
		{"Accounts, none found", "", "", []string{"/v1/accounts?limit=8&search=nobody+is+called+this"}},
		{"Account", "/accounts/" + account, "[aria-labelledby=timeline-title] li", []string{clock, catalog, of, of + "/lifecycle?limit=1", of + "/subscription", of + "/entitlements",
			of + "/readiness", of + "/signals?limit=20", of + "/timeline?limit=8"}},
		{"Account, timeline", "/accounts/" + account + "?part=timeline", "[aria-labelledby=timeline-title] li", []string{of + "/timeline?limit=30"}},
		{"Account, plan and usage", "/accounts/" + account + "?part=plan", rows("entitlements"), []string{of + "/entitlements", of + "/grants", of + "/overrides", of + "/trials", of + "/reservations", of + "/usage", of + "/value?limit=36"}},
		{"Account, offers", "/accounts/" + account + "?part=offers", rows("offers"), []string{of + "/decisions?limit=20", "/v1/requests?account=" + account + "&limit=50"}},
		{"Account, people", "/accounts/" + account + "?part=people", rows("people"), []string{of + "/people"}},
		{"Account, known", "/accounts/" + account + "?part=known", "[aria-labelledby=contacts-title] p", []string{of + "/facts", of + "/contacts?limit=20", "/v1/accounts?limit=50&parent=" + account + "&sort=mrr"}},
		{"Moments", "/moments", "", []string{clock, catalog, "/v1/signals?limit=50"}},
		{"Moments of a rule", "", "", []string{"/v1/signals?limit=50&key=mails80"}},
		{"Moments met", "", "", []string{"/v1/moments?limit=50&" + last90}},
		{"Moments open", "", "", []string{"/v1/moments?limit=50&state=open"}},
		{"Moments, registry", "/moments/registry", "", []string{"/v1/signals/registry", catalog}},
		{"Moments, coverage", "/moments/coverage", "", []string{"/v1/signals/coverage", catalog}},
		{"Moments, missed", "/moments/missed", "", []string{"/v1/moments/missed?" + last90}},
		{"Moments, missed ever", "", "", []string{"/v1/moments/missed"}},
		{"Offers", "/offers", "", []string{clock, catalog, "/v1/offers/funnel?" + last30}},
		{"Offers, funnel ever", "/offers/funnel", "", []string{"/v1/offers/funnel", "/v1/offers/reversals"}},
		{"Offers, requests", "/offers/requests", "", []string{"/v1/requests?limit=50&status=open"}},
		{"Activation", "", "", []string{"/v1/activation", catalog}},
		{"Lifecycle", "", "", []string{"/v1/lifecycle"}},
		{"Lifecycle, a stage", "", "", []string{"/v1/lifecycle?stage=adopted&plan=base"}},
		{"Readiness", "", "", []string{"/v1/readiness?ready=true"}},
		{"Readiness of a plan", "", "", []string{"/v1/readiness?plan=more&type=upsell"}},
		{"Packaging", "/packaging", "", []string{catalog, "/v1/catalog/lint"}},
		{"Packaging, a feature", "/packaging/features/mails", "", []string{catalog, "/v1/features/mails/demand"}},
		{"Packaging, limits", "/packaging/limits/mails", "", []string{catalog, "/v1/packaging/limits/mails"}},
		{"Packaging, value", "/packaging/value", "", []string{"/v1/packaging/value?limit=50", catalog}},
		{"Packaging, versions", "/packaging/versions", "", []string{"/v1/catalog/versions?limit=50"}},
		{"Demand", "", "", []string{"/v1/demand"}},
		{"Launches", "", "", []string{"/v1/launches"}},
		{"Surveys", "", "", []string{"/v1/surveys"}},
		{"Experiments", "", "", []string{"/v1/experiments"}},
		{"Ledger", "", "", []string{"/v1/revenue/ledger?limit=50"}},
	}
}

// filled starts a server that has been filled, or fills it.
func (b *consoleBench) filled(ctx context.Context) (*benched, *fill, error) {
	if b.copies < 1 {
		return nil, nil, fault.New(fault.Invalid, "flag_out_of_range", "--copies %d is out of range", b.copies).WithMend("1 for none, 10 for nine of ten accounts")
	}
	b.catalog = consoleCatalog
	o := func(dir string) serverOptions {
		opts := b.serverOptions(dir)
		opts.database, opts.testClock, opts.demo = b.database, fillStart.Format(time.RFC3339), b.demo
		return opts
	}
	s, err := b.openAs(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	f := &fill{benched: s, accounts: max(b.accounts/b.copies, 1), copies: b.copies, clients: b.clients}
	if err := f.run(ctx); err != nil {
		s.done()
		return nil, nil, err
	}
	return s, f, nil
}

func (b *consoleBench) run(ctx context.Context) error {
	began := time.Now()
	s, f, err := b.filled(ctx)
	if err != nil {
		return err
	}
	defer s.done()
	setUp := time.Since(began)
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	defer empty.Close()
	stop, err := b.profiled()
	if err != nil {
		return err
	}
	defer stop()
	res := consoleResult{SetUp: setUp.Seconds(), Filled: f.counts}
	if b.warm {
		began := time.Now()
		s.api.WarmOnce(ctx)
		res.Warmed = time.Since(began).Seconds()
	}
	pages := consolePages(load.AccountKey(0), f.now)
	calls := make(map[string]*consoleTook)
	reference := &consoleTook{Name: "empty"}
	for _, p := range pages {
		res.Pages = append(res.Pages, consoleTook{Name: p.name})
	}
	get := askOf(s.url())
	none := askOf(empty.URL)
	for end, round := time.Now().Add(b.duration), 0; round < 2 || time.Now().Before(end); round++ {
		for i, p := range pages {
			took, err := together(ctx, get, p.calls, calls)
			if err != nil {
				return err
			}
			res.Pages[i].add(took, 0)
			d, _, err := none(ctx, "/")
			if err != nil {
				return err
			}
			reference.add(d, 0)
			if round > 1 && time.Now().After(end) {
				break
			}
		}
	}
	return b.print(&res, calls, reference)
}

// askOf returns what gets a path of a server: how long it took, and how large it is.
func askOf(base string) func(ctx context.Context, path string) (time.Duration, int, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	return func(ctx context.Context, path string) (time.Duration, int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return 0, 0, err
		}
		req.Header.Set("Authorization", "Bearer "+benchKey)
		began := time.Now()
		resp, err := client.Do(req)
		if err != nil {
			return 0, 0, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		took := time.Since(began)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s was answered with %d: %.300s", path, resp.StatusCode, body)
		}
		return took, len(body), err
	}
}

// together makes the calls of a page at once, six at a time as browsers do, and returns how long all took.
func together(ctx context.Context, get func(context.Context, string) (time.Duration, int, error), paths []string, calls map[string]*consoleTook) (time.Duration, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		seats = make(chan struct{}, 6)
	)
	began := time.Now()
	for _, path := range paths {
		wg.Go(func() {
			seats <- struct{}{}
			defer func() { <-seats }()
			took, bytes, err := get(ctx, path)
			mu.Lock()
			defer mu.Unlock()
			first = cmp.Or(first, err)
			if calls[path] == nil {
				calls[path] = &consoleTook{Name: path}
			}
			calls[path].add(took, bytes)
		})
	}
	wg.Wait()
	return time.Since(began), first
}

func (b *consoleBench) print(res *consoleResult, calls map[string]*consoleTook, reference *consoleTook) error {
	var all load.Result
	slowest := 0
	for i := range res.Pages {
		p := &res.Pages[i]
		p.sum()
		all.Took = append(all.Took, p.took...)
		if p.P50 > res.Pages[slowest].P50 {
			slowest = i
		}
	}
	slices.Sort(all.Took)
	for _, c := range calls {
		c.sum()
		res.Calls = append(res.Calls, *c)
	}
	slices.SortFunc(res.Calls, func(a, b consoleTook) int {
		return cmp.Or(cmp.Compare(b.P50, a.P50), strings.Compare(a.Name, b.Name))
	})
	reference.sum()
	res.Slowest, res.Conditions = res.Pages[slowest].Name, b.conditions()
	res.took(all)
	res.Reference = map[string]any{"name": "empty net/http handler, a request between pages", "p50_ms": reference.P50, "p99_ms": reference.P99}
	res.Ratio = reference.P50 / max(res.P50, 0.001)
	if printed, err := b.document(res); printed {
		return err
	}
	if b.warm {
		fmt.Printf("answers made ahead in %.1f s\n", res.Warmed)
	}
	fmt.Printf("set up in %.0f s: %v\n\n%-34s %6s %9s %9s %9s\n", res.SetUp, res.Filled, "page, its calls at once", "times", "first ms", "p50 ms", "p99 ms")
	for _, p := range res.Pages {
		fmt.Printf("%-34s %6d %9.1f %9.1f %9.1f\n", p.Name, p.Times, p.First, p.P50, p.P99)
	}
	fmt.Printf("\n%-78s %6s %9s %9s %9s %9s\n", "call, the slowest first", "times", "first ms", "p50 ms", "p99 ms", "bytes")
	for _, c := range res.Calls {
		fmt.Printf("%-78s %6d %9.1f %9.1f %9.1f %9d\n", c.Name, c.Times, c.First, c.P50, c.P99, c.Bytes)
	}
	fmt.Printf("\nslowest page: %s, p50 %.1f ms\nreference, %s: p50 %.2f ms, p99 %.2f ms\n%v\n", res.Slowest, res.Pages[slowest].P50, res.Reference["name"], reference.P50, reference.P99, res.Conditions)
	return nil
}
