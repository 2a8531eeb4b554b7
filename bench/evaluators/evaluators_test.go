package evaluators

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	unleash "github.com/Unleash/unleash-go-sdk/v5"
	unleashcontext "github.com/Unleash/unleash-go-sdk/v5/context"
	growthbook "github.com/growthbook/growthbook-golang"
	"github.com/launchdarkly/go-sdk-common/v3/ldattr"
	"github.com/launchdarkly/go-sdk-common/v3/ldcontext"
	"github.com/launchdarkly/go-sdk-common/v3/ldvalue"
	"github.com/launchdarkly/go-server-sdk-evaluation/v3/ldmodel"
	ld "github.com/launchdarkly/go-server-sdk/v7"
	"github.com/launchdarkly/go-server-sdk/v7/ldcomponents"
	"github.com/launchdarkly/go-server-sdk/v7/testhelpers/ldtestdata"
	flagdevaluator "github.com/open-feature/flagd/core/pkg/evaluator"
	flagdlogger "github.com/open-feature/flagd/core/pkg/logger"
	flagdstore "github.com/open-feature/flagd/core/pkg/store"
	flagdsync "github.com/open-feature/flagd/core/pkg/sync"
	ffclient "github.com/thomaspoignant/go-feature-flag"
	"github.com/thomaspoignant/go-feature-flag/ffcontext"
	"github.com/thomaspoignant/go-feature-flag/retriever/fileretriever"
	"go.uber.org/zap"

	headroom "github.com/headroomhq/headroom/sdk/go"
)

// The same two questions to each evaluator, in the process, with ten flags or features there:
// is `recordings` on for an account of the plan pro, and is there room for one more email with
// 700 of 1,000 used. Evaluators of flags know no usage: the caller brings it along, in a context
// made beforehand, and a rule compares it. Ours knows it, from the server's stream.

const (
	plan, usage, limit = "pro", 700, 1000
	others             = 8 // flags that are not asked about
)

// question is one of the two.
type question struct {
	name, flag string
}

var questions = []question{{"boolean", "recordings"}, {"metered", "emails"}}

// ask runs one evaluator through both questions.
func ask(b *testing.B, f func(flag string) bool) {
	for _, q := range questions {
		b.Run(q.name, func(b *testing.B) {
			if !f(q.flag) {
				b.Fatalf("%s is off", q.flag)
			}
			b.ReportAllocs()
			for b.Loop() {
				if !f(q.flag) {
					b.Fatal("off")
				}
			}
		})
	}
}

func names() []string {
	all := []string{"recordings", "emails"}
	for i := range others {
		all = append(all, fmt.Sprint("other_", i))
	}
	return all
}

func BenchmarkCheck(b *testing.B) {
	b.Run("headroom", func(b *testing.B) {
		account := ours(b)
		recordings, emails := account.Gate("recordings"), account.Metered("emails")
		b.Run("gate", func(b *testing.B) {
			ask(b, func(flag string) bool {
				if flag == "recordings" {
					return recordings.Check(1).Allowed
				}
				return emails.Check(1).Allowed
			})
		})
		b.Run("by_key", func(b *testing.B) {
			ask(b, func(flag string) bool { return account.Check(flag, 1).Allowed })
		})
	})
	b.Run("growthbook", benchGrowthBook)
	b.Run("unleash", benchUnleash)
	b.Run("launchdarkly", benchLaunchDarkly)
	b.Run("go-feature-flag", benchGoFeatureFlag)
	b.Run("flagd", benchFlagd)
}

// BenchmarkFloor is what asking costs at the least.
func BenchmarkFloor(b *testing.B) {
	b.Run("map_and_compare", func(b *testing.B) {
		remaining := map[string]float64{}
		for _, name := range names() {
			remaining[name] = limit - usage
		}
		for b.Loop() {
			if remaining["emails"] < 1 {
				b.Fatal("off")
			}
		}
	})
	b.Run("time_now", func(b *testing.B) {
		for b.Loop() {
			if time.Now().IsZero() {
				b.Fatal("no time")
			}
		}
	})
}

// ours is an account of a real server, fed by its stream.
func ours(b *testing.B) *headroom.Account {
	b.Helper()
	url, key := server(b)
	features, entitlements := `recordings: {title: Recordings, kind: boolean}, emails: {title: Emails, kind: metered, meter: emails}`, `recordings: true, emails: {limit: 1000, per: month}`
	for i := range others {
		features += fmt.Sprintf(", other_%d: {title: Other, kind: boolean}", i)
		entitlements += fmt.Sprintf(", other_%d: true", i)
	}
	call(b, "PUT", url+"/v1/catalog", key, fmt.Sprintf("{version: 1, currency: USD, meters: {emails: {fed_by: consume}}, features: {%s}, plans: {pro: {title: Pro, price: {month: \"1\"}, entitlements: {%s}}}}", features, entitlements))
	call(b, "PUT", url+"/v1/accounts/acme/subscription", key, `{"plan":"pro"}`)
	call(b, "POST", url+"/v1/consume", key, fmt.Sprintf(`{"account":"acme","feature":"emails","quantity":%d}`, usage))
	client, err := headroom.New(headroom.Config{URL: url, Key: key, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close(context.Background()) })
	account, err := client.Account(b.Context(), "acme")
	if err != nil {
		b.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); account.Check("emails", 1).Usage != usage; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("the account's entitlements did not come: %+v", account.Check("emails", 1))
		}
	}
	return account
}

// server runs the headroom of this tree until the benchmark ends.
func server(b *testing.B) (url, key string) {
	b.Helper()
	dir := b.TempDir()
	binary := filepath.Join(dir, "headroom")
	if said, err := exec.CommandContext(b.Context(), "go", "build", "-C", "../..", "-o", binary, "./cmd/headroom").CombinedOutput(); err != nil {
		b.Fatalf("headroom cannot be built: %v\n%s", err, said)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	key = "hr_sk_bench_evaluators"
	cmd := exec.Command(binary, "serve", "--data", filepath.Join(dir, "data"), "--listen", address)
	cmd.Env = append(os.Environ(), "HEADROOM_SECRET_KEY="+key)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get("http://" + address + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return "http://" + address, key
			}
		}
		if time.Now().After(deadline) {
			b.Fatalf("headroom does not start:\n%s", &said)
		}
	}
}

func call(b *testing.B, method, url, key, body string) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, url, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "bench")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		b.Fatalf("%s %s: %s %s", method, url, resp.Status, text)
	}
}

func benchGrowthBook(b *testing.B) {
	features := map[string]any{}
	for _, name := range names() {
		when := map[string]any{"plan": plan}
		if name == "emails" {
			when = map[string]any{"usage": map[string]any{"$lt": limit}}
		}
		features[name] = map[string]any{"defaultValue": false, "rules": []any{map[string]any{"condition": when, "force": true}}}
	}
	text, err := json.Marshal(features)
	if err != nil {
		b.Fatal(err)
	}
	client, err := growthbook.NewClient(b.Context(), growthbook.WithJsonFeatures(string(text)), growthbook.WithLogger(slog.New(slog.DiscardHandler)),
		growthbook.WithAttributes(growthbook.Attributes{"id": "acme", "plan": plan, "usage": usage}))
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	ask(b, func(flag string) bool { return client.EvalFeature(ctx, flag).On })
}

// offline answers what Unleash's client asks of its server: nothing new.
type offline struct{}

// RoundTrip answers a request.
func (offline) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNotModified, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func benchUnleash(b *testing.B) {
	var toggles []any
	for _, name := range names() {
		constraint := map[string]any{"contextName": "plan", "operator": "IN", "values": []string{plan}}
		if name == "emails" {
			constraint = map[string]any{"contextName": "usage", "operator": "NUM_LT", "value": fmt.Sprint(limit)}
		}
		toggles = append(toggles, map[string]any{"name": name, "type": "release", "enabled": true, "version": 1,
			"strategies": []any{map[string]any{"name": "default", "constraints": []any{constraint}}}})
	}
	text, err := json.Marshal(map[string]any{"version": 2, "features": toggles})
	if err != nil {
		b.Fatal(err)
	}
	client, err := unleash.NewClient(unleash.WithAppName("bench"), unleash.WithUrl("http://127.0.0.1:1/api"), unleash.WithDisableMetrics(true), unleash.WithHttpClient(&http.Client{Transport: offline{}}),
		unleash.WithRefreshInterval(time.Hour), unleash.WithStorage(&unleash.BootstrapStorage{Reader: bytes.NewReader(text)}), unleash.WithListener(quiet{}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	about := unleash.WithContext(unleashcontext.Context{UserId: "acme", Properties: map[string]string{"plan": plan, "usage": fmt.Sprint(usage)}})
	ask(b, func(flag string) bool { return client.IsEnabled(flag, about) })
}

// quiet listens to Unleash's client, which must be read from, and says nothing.
type quiet struct{}

// OnError hears of an error.
func (quiet) OnError(error) {}

// OnWarning hears of a warning.
func (quiet) OnWarning(error) {}

func benchLaunchDarkly(b *testing.B) {
	data := ldtestdata.DataSource()
	for _, name := range names() {
		if name == "emails" {
			flag := ldmodel.FeatureFlag{Key: name, Version: 1, On: true, Variations: []ldvalue.Value{ldvalue.Bool(true), ldvalue.Bool(false)},
				Fallthrough: ldmodel.VariationOrRollout{Variation: ldvalue.NewOptionalInt(1)}, OffVariation: ldvalue.NewOptionalInt(1),
				Rules: []ldmodel.FlagRule{{ID: "room", VariationOrRollout: ldmodel.VariationOrRollout{Variation: ldvalue.NewOptionalInt(0)},
					Clauses: []ldmodel.Clause{{ContextKind: "user", Attribute: ldattr.NewLiteralRef("usage"), Op: ldmodel.OperatorLessThan, Values: []ldvalue.Value{ldvalue.Int(limit)}}}}}}
			data.UsePreconfiguredFlag(flag)
			continue
		}
		data.Update(data.Flag(name).BooleanFlag().FallthroughVariation(false).IfMatch("plan", ldvalue.String(plan)).ThenReturn(true))
	}
	client, err := ld.MakeCustomClient("sdk-bench", ld.Config{DataSource: data, Events: ldcomponents.NoEvents(), Logging: ldcomponents.NoLogging(), DiagnosticOptOut: true}, 5*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	about := ldcontext.NewBuilder("acme").SetString("plan", plan).SetInt("usage", usage).Build()
	ask(b, func(flag string) bool {
		on, err := client.BoolVariation(flag, about, false)
		return on && err == nil
	})
}

func benchGoFeatureFlag(b *testing.B) {
	var text strings.Builder
	for _, name := range names() {
		query := fmt.Sprintf("plan eq %q", plan)
		if name == "emails" {
			query = fmt.Sprintf("usage lt %d", limit)
		}
		fmt.Fprintf(&text, "%s:\n  variations:\n    on: true\n    off: false\n  targeting:\n    - query: '%s'\n      variation: on\n  defaultRule:\n    variation: off\n", name, query)
	}
	file := filepath.Join(b.TempDir(), "flags.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(strings.ReplaceAll(text.String(), " on", ` "on"`), " off", ` "off"`)), 0o600); err != nil {
		b.Fatal(err)
	}
	client, err := ffclient.New(ffclient.Config{PollingInterval: time.Hour, FileFormat: "yaml", Retriever: &fileretriever.Retriever{Path: file}, DisableNotifierOnInit: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	about := ffcontext.NewEvaluationContextBuilder("acme").AddCustom("plan", plan).AddCustom("usage", usage).Build()
	ask(b, func(flag string) bool {
		on, err := client.BoolVariation(flag, about, false)
		return on && err == nil
	})
}

func benchFlagd(b *testing.B) {
	flags := map[string]any{}
	for _, name := range names() {
		when := map[string]any{"==": []any{map[string]any{"var": "plan"}, plan}}
		if name == "emails" {
			when = map[string]any{"<": []any{map[string]any{"var": "usage"}, limit}}
		}
		flags[name] = map[string]any{"state": "ENABLED", "variants": map[string]any{"on": true, "off": false}, "defaultVariant": "off",
			"targeting": map[string]any{"if": []any{when, "on", "off"}}}
	}
	text, err := json.Marshal(map[string]any{"flags": flags})
	if err != nil {
		b.Fatal(err)
	}
	evaluator := flagdevaluator.NewJSON(flagdlogger.NewLogger(zap.NewNop(), false), flagdstore.NewFlags())
	if _, _, err := evaluator.SetState(flagdsync.DataSync{FlagData: string(text), Source: "bench"}); err != nil {
		b.Fatal(err)
	}
	ctx, about := b.Context(), map[string]any{"targetingKey": "acme", "plan": plan, "usage": usage}
	ask(b, func(flag string) bool {
		on, _, _, _, err := evaluator.ResolveBooleanValue(ctx, "1", flag, about)
		return on && err == nil
	})
}
