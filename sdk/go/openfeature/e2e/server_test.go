// Package e2e_test runs the evaluation tests of the OpenFeature SDK against our provider and
// a real server: see ../suite_test.go, which puts them beside this file.
package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	_ "github.com/cucumber/godog" // what is put beside this file needs it
	"github.com/open-feature/go-sdk/openfeature"

	headroom "github.com/headroomhq/headroom/sdk/go"
	"github.com/headroomhq/headroom/sdk/go/internal/testserver"
	headroomof "github.com/headroomhq/headroom/sdk/go/openfeature"
)

// catalog has the flags of the SDK's tests as features: what is on, words, numbers, an
// object, and one whose value is another for another account.
const catalog = `
version: 1
currency: USD
meters:
  talks: {fed_by: consume}
features:
  boolean-flag:  {title: On, kind: boolean}
  string-flag:   {title: A word, kind: value, values: [bye, hi]}
  integer-flag:  {title: A number, kind: value}
  float-flag:    {title: A part, kind: value}
  object-flag:   {title: An object, kind: value, values: [none, pictures]}
  context-aware: {title: By account, kind: value, values: [EXTERNAL, INTERNAL]}
  wrong-flag:    {title: A word, kind: value, values: [uno, dos]}
  talks:         {title: Talks, kind: metered, meter: talks}
plans:
  basic:
    title: Basic
    family: core
    price: {month: "1"}
    entitlements:
      {boolean-flag: true, string-flag: hi, integer-flag: 10, float-flag: 0.5, wrong-flag: uno, context-aware: EXTERNAL, talks: 40,
       object-flag: pictures}
  internal: {title: Internal, family: core, above: basic, price: {month: "2"}, entitlements: {context-aware: INTERNAL}}
`

// variants are the names of values.
//
//nolint:unused // by what ../suite_test.go puts beside this file
var variants = map[string]string{"hi": "greeting", "10": "ten", "0.5": "half", "uno": "one", "EXTERNAL": "external", "INTERNAL": "internal"}

var client *headroom.Client

// newProvider returns a provider of one running server.
//
//nolint:unused // by what ../suite_test.go puts beside this file
func newProvider() openfeature.FeatureProvider {
	return headroomof.New(client, headroomof.DefaultAccount("outsiders"),
		headroomof.AccountFrom(func(c openfeature.FlattenedContext) string {
			if c["fn"] != nil && c["customer"] == false {
				return "insiders"
			}
			return ""
		}),
		headroomof.Object(func(_ string, a headroom.Answer) any {
			if a.Value != "pictures" {
				return nil
			}
			return map[string]any{"showImages": true, "title": "Check out these pics!", "imagesPerPage": 100}
		}),
		headroomof.Variant(func(flag string, a headroom.Answer) string {
			switch {
			case flag == "object-flag":
				return "template"
			case a.Value != "":
				return variants[a.Value]
			}
			return map[bool]string{true: "on", false: "off"}[a.Allowed]
		}))
}

// featureFile is the file of scenarios: ours, or that of a checkout of the specification.
//
//nolint:unused // by what ../suite_test.go puts beside this file
func featureFile() string {
	if spec := os.Getenv("HEADROOM_OPENFEATURE_SPEC"); spec != "" {
		return spec + "/specification/assets/gherkin/evaluation.feature"
	}
	return "evaluation.feature"
}

// process stands for a test where there is none: the server is there for all of them.
type process struct {
	dir  string
	ends []func()
}

func (p *process) Helper()                           {}
func (p *process) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (p *process) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (p *process) TempDir() string                   { return p.dir }
func (p *process) Cleanup(f func())                  { p.ends = append(p.ends, f) }
func (p *process) Context() context.Context          { return context.Background() }

func TestMain(m *testing.M) {
	if os.Getenv("HEADROOM_OPENFEATURE_SUITE") == "" {
		os.Exit(m.Run()) // no test stands beside this file
	}
	dir, err := os.MkdirTemp("", "headroom-openfeature-")
	if err != nil {
		panic(err)
	}
	p := &process{dir: dir}
	s := testserver.Start(p, catalog)
	s.Plan("outsiders", "basic")
	s.Plan("insiders", "internal")
	if client, err = headroom.New(headroom.Config{URL: s.URL, Key: s.Key, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = client.Close(context.Background()) // nothing waits to be sent
	for _, end := range p.ends {
		end()
	}
	_ = os.RemoveAll(dir) // in the folder for temporary files
	testserver.Remove()
	os.Exit(code)
}
