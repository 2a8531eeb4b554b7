package headroomof_test

import (
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/open-feature/go-sdk/openfeature"

	headroom "github.com/headroomhq/headroom/sdk/go"
	"github.com/headroomhq/headroom/sdk/go/internal/testserver"
	headroomof "github.com/headroomhq/headroom/sdk/go/openfeature"
)

const catalog = `
version: 1
currency: USD
meters:
  emails: {event: email.sent, aggregate: sum, property: value}
  exports: {fed_by: consume}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  exports:    {title: Exports, kind: metered, meter: exports}
  recordings: {title: Talk recordings, kind: boolean}
  support:    {title: Support, kind: value, values: [email, chat, phone]}
  retention:  {title: Days kept, kind: value}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {emails: {limit: 10, per: month}, exports: 2, support: chat}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {emails: {limit: 100, per: month}, exports: unlimited, recordings: true, support: phone, retention: 365}}
`

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.Remove()
	os.Exit(code)
}

func connect(t *testing.T, s *testserver.Server, configure ...func(*headroom.Config)) *headroom.Client {
	t.Helper()
	config := headroom.Config{URL: s.URL, Key: s.Key, Logger: slog.New(slog.DiscardHandler), Attempts: 1, FlushEvery: time.Millisecond}
	for _, f := range configure {
		f(&config)
	}
	c, err := headroom.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return c
}

// flags returns a client of OpenFeature that evaluates by a provider of c.
func flags(t *testing.T, c *headroom.Client, options ...headroomof.Option) *openfeature.Client {
	t.Helper()
	if err := openfeature.SetNamedProviderAndWait(t.Name(), headroomof.New(c, options...)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = openfeature.SetNamedProviderAndWait(t.Name(), openfeature.NoopProvider{}) })
	return openfeature.NewClient(t.Name())
}

func of(account string) openfeature.EvaluationContext {
	return openfeature.NewEvaluationContext(account, map[string]any{"user": "ann"})
}

func TestEveryKindOfFeatureAsEveryTypeOfFlag(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	s.Plan("globex", "pro")
	f := flags(t, connect(t, s))
	const mismatch = openfeature.TypeMismatchCode
	for _, c := range []struct {
		account, flag, as string
		want              any
		reason            openfeature.Reason
		variant           string
		code              openfeature.ErrorCode
	}{
		{"acme", "recordings", "bool", false, openfeature.TargetingMatchReason, "off", ""},
		{"globex", "recordings", "bool", true, openfeature.TargetingMatchReason, "on", ""},
		{"acme", "emails", "bool", true, openfeature.TargetingMatchReason, "on", ""},
		{"acme", "support", "string", "chat", openfeature.TargetingMatchReason, "chat", ""},
		{"globex", "support", "string", "phone", openfeature.TargetingMatchReason, "phone", ""},
		{"globex", "retention", "int", int64(365), openfeature.TargetingMatchReason, "365", ""},
		{"globex", "retention", "float", 365.0, openfeature.TargetingMatchReason, "365", ""},
		{"acme", "retention", "int", int64(7), openfeature.DefaultReason, "off", ""},
		{"acme", "emails.remaining", "int", int64(10), openfeature.TargetingMatchReason, "on", ""},
		{"acme", "emails.limit", "float", 10.0, openfeature.TargetingMatchReason, "on", ""},
		{"acme", "emails.usage", "int", int64(0), openfeature.TargetingMatchReason, "on", ""},
		{"globex", "exports.remaining", "int", int64(math.MaxInt64), openfeature.TargetingMatchReason, "on", ""},
		{"globex", "exports.remaining", "float", math.Inf(1), openfeature.TargetingMatchReason, "on", ""},
		{"acme", "recordings", "string", "none", openfeature.ErrorReason, "", mismatch},
		{"acme", "recordings", "int", int64(7), openfeature.ErrorReason, "", mismatch},
		{"acme", "recordings.remaining", "int", int64(7), openfeature.ErrorReason, "", mismatch},
		{"acme", "emails.remaining", "bool", false, openfeature.ErrorReason, "", mismatch},
		{"acme", "emails", "string", "none", openfeature.ErrorReason, "", mismatch},
		{"acme", "emails", "int", int64(7), openfeature.ErrorReason, "", mismatch},
		{"acme", "support", "bool", false, openfeature.ErrorReason, "", mismatch},
		{"acme", "support", "float", 7.0, openfeature.ErrorReason, "", mismatch},
		{"globex", "retention", "string", "none", openfeature.ErrorReason, "", mismatch},
		{"acme", "recodrings", "bool", false, openfeature.ErrorReason, "", openfeature.FlagNotFoundCode},
		{"acme", "nothing.remaining", "int", int64(7), openfeature.ErrorReason, "", openfeature.FlagNotFoundCode},
		{"", "recordings", "bool", false, openfeature.ErrorReason, "", openfeature.TargetingKeyMissingCode},
	} {
		t.Run(c.account+" "+c.flag+" as "+c.as, func(t *testing.T) {
			var got any
			var d openfeature.EvaluationDetails
			switch c.as {
			case "bool":
				r, _ := f.BooleanValueDetails(t.Context(), c.flag, false, of(c.account))
				got, d = r.Value, r.EvaluationDetails
			case "string":
				r, _ := f.StringValueDetails(t.Context(), c.flag, "none", of(c.account))
				got, d = r.Value, r.EvaluationDetails
			case "int":
				r, _ := f.IntValueDetails(t.Context(), c.flag, 7, of(c.account))
				got, d = r.Value, r.EvaluationDetails
			case "float":
				r, _ := f.FloatValueDetails(t.Context(), c.flag, 7, of(c.account))
				got, d = r.Value, r.EvaluationDetails
			}
			if got != c.want || d.Reason != c.reason || d.Variant != c.variant || d.ErrorCode != c.code {
				t.Errorf("evaluated to %v, %+v", got, d.ResolutionDetail)
			}
		})
	}
	t.Run("all of it as an object", func(t *testing.T) {
		r, err := f.ObjectValueDetails(t.Context(), "emails", nil, of("acme"))
		all, _ := r.Value.(map[string]any)
		if err != nil || all["allowed"] != true || all["remaining"] != 10 || all["kind"] != "metered" || all["reason"] != "within_limit" || all["resets_at"] == nil {
			t.Errorf("evaluated to %v, %v", r.Value, err)
		}
		if why, _ := r.FlagMetadata.GetString("source"); why != "plan:starter" {
			t.Errorf("the metadata is %v", r.FlagMetadata)
		}
	})
	t.Run("an account nobody has heard of", func(t *testing.T) {
		if got, err := f.BooleanValue(t.Context(), "recordings", true, of("stranger")); got || err != nil {
			t.Errorf("evaluated to %v, %v", got, err)
		}
	})
}

// hear collects the events of a type.
func hear(t *testing.T, f *openfeature.Client, kind openfeature.EventType) chan openfeature.EventDetails {
	t.Helper()
	heard := make(chan openfeature.EventDetails, 100)
	callback := func(d openfeature.EventDetails) { heard <- d }
	f.AddHandler(kind, &callback)
	t.Cleanup(func() { f.RemoveHandler(kind, &callback) })
	return heard
}

func wait(t *testing.T, what string, heard chan openfeature.EventDetails, is func(openfeature.EventDetails) bool) {
	t.Helper()
	for timeout := time.After(30 * time.Second); ; {
		select {
		case d := <-heard:
			if is(d) {
				return
			}
		case <-timeout:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func anything(openfeature.EventDetails) bool { return true }

func TestTheStreamIsHeardAsEvents(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	f := flags(t, connect(t, s))
	ready, stale, changed := hear(t, f, openfeature.ProviderReady), hear(t, f, openfeature.ProviderStale), hear(t, f, openfeature.ProviderConfigChange)
	if f.Boolean(t.Context(), "recordings", false, of("acme")) {
		t.Fatal("it is open")
	}
	wait(t, "the first ready", ready, func(d openfeature.EventDetails) bool { return strings.Contains(d.Message, "kept up to date") })
	s.Plan("acme", "pro")
	wait(t, "the change", changed, func(d openfeature.EventDetails) bool {
		return d.EventMetadata["account"] == "acme" && strings.Contains(strings.Join(d.FlagChanges, " "), "recordings")
	})
	if !f.Boolean(t.Context(), "recordings", false, of("acme")) {
		t.Error("the change is not seen")
	}
	s.Kill()
	wait(t, "stale", stale, anything)
	if f.State() != openfeature.StaleState || !f.Boolean(t.Context(), "recordings", false, of("acme")) {
		t.Errorf("while the server is away: %s", f.State())
	}
	s.Run()
	wait(t, "ready again", ready, anything)
}

func TestAProviderThatCannotReachTheServer(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "pro")
	s.Kill()
	c := connect(t, s, func(c *headroom.Config) { c.Defaults = map[string]headroom.Default{"exports": {Allowed: true}} })
	err := openfeature.SetNamedProviderAndWait(t.Name(), headroomof.New(c))
	t.Cleanup(func() { _ = openfeature.SetNamedProviderAndWait(t.Name(), openfeature.NoopProvider{}) })
	f := openfeature.NewClient(t.Name())
	if err == nil || f.State() != openfeature.ErrorState {
		t.Fatalf("it says %v and is %s", err, f.State())
	}
	for flag, code := range map[string]openfeature.ErrorCode{"recordings": openfeature.ProviderNotReadyCode, "exports": ""} {
		got, _ := f.BooleanValueDetails(t.Context(), flag, false, of("acme"))
		if got.Value != (code == "") || got.ErrorCode != code {
			t.Errorf("%s: %v %+v", flag, got.Value, got.ResolutionDetail)
		}
	}
	ready := hear(t, f, openfeature.ProviderReady)
	s.Run()
	wait(t, "ready", ready, anything)
	testserver.Until(t, "the account is known", func() bool { return f.Boolean(t.Context(), "recordings", false, of("acme")) })
}

func TestAKeyThatIsRefusedIsFatal(t *testing.T) {
	s := testserver.Start(t, catalog)
	c := connect(t, s, func(c *headroom.Config) { c.Key = "hr_sk_wrong" })
	err := openfeature.SetNamedProviderAndWait(t.Name(), headroomof.New(c))
	t.Cleanup(func() { _ = openfeature.SetNamedProviderAndWait(t.Name(), openfeature.NoopProvider{}) })
	if err == nil || openfeature.NewClient(t.Name()).State() != openfeature.FatalState {
		t.Errorf("it says %v", err)
	}
}

func TestWhatIsTrackedIsCounted(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	f := flags(t, connect(t, s))
	if got := f.Int(t.Context(), "emails.remaining", 0, of("acme")); got != 10 {
		t.Fatalf("at first %d are left", got)
	}
	f.Track(t.Context(), "email.sent", of("acme"), openfeature.NewTrackingEventDetails(4).Add("campaign", "spring"))
	testserver.Until(t, "it is counted", func() bool { return f.Int(t.Context(), "emails.remaining", 0, of("acme")) == 6 })
}

func TestADefaultAccountIsStatic(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "pro")
	f := flags(t, connect(t, s), headroomof.DefaultAccount("acme"))
	if got, err := f.BooleanValueDetails(t.Context(), "recordings", false, openfeature.EvaluationContext{}); err != nil || !got.Value || got.Reason != openfeature.StaticReason {
		t.Errorf("evaluated to %+v, %v", got, err)
	}
}
