package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
)

// routes builds the whole HTTP surface.
func (s *Server) routes() http.Handler {
	huma.NewError = problemOf
	mux := http.NewServeMux()
	s.api = humago.New(mux, s.openAPI())

	// What customers do. Decoded by the doors of package event.
	s.raw(mux, "POST /v1/events", access.EventsWrite, s.events, eventsOperation)
	for _, call := range segmentCalls {
		s.raw(mux, "POST /v1/"+call, access.EventsWrite, s.segment(call), segmentOperation(call))
	}

	// What they may do. Decoded by hand: these are called on every click.
	s.raw(mux, "POST /v1/check", access.Check, s.check, checkOperation)
	s.raw(mux, "POST /v1/consume", access.Check, s.consume, consumeOperation)
	s.raw(mux, "POST /v1/decide", access.Decide, s.decide, decideOperation)

	add(s, "POST /v1/check/bulk", access.Check, "Check several features", s.checkBulk)
	add(s, "POST /v1/release", access.Check, "Give back what was consumed", s.release)
	add(s, "GET /v1/accounts/{account}/entitlements", access.Check, "What an account may use and how much is left", s.entitlements)

	// Who they are and what they have.
	add(s, "GET /v1/accounts", access.Read, "List accounts", s.listAccounts)
	add(s, "PUT /v1/accounts/{account}", access.Admin, "Describe an account", s.putAccount)
	add(s, "GET /v1/accounts/{account}", access.Read, "Read an account", s.getAccount)
	add(s, "PUT /v1/accounts/{account}/subscription", access.Admin, "Subscribe, or change the subscription", s.putSubscription)
	add(s, "GET /v1/accounts/{account}/subscription", access.Read, "Read the subscription", s.getSubscription)
	add(s, "DELETE /v1/accounts/{account}/subscription", access.Admin, "End the subscription", s.deleteSubscription)
	add(s, "POST /v1/subscriptions/preview", access.Decide, "What a change would cost, with a token to confirm it", s.preview)
	s.raw(mux, "PUT /v1/catalog", access.Admin, s.putCatalog, catalogOperation)
	add(s, "GET /v1/catalog", access.Read, "Read the active catalog", s.getCatalog)

	// The moment and what became of it.
	add(s, "GET /v1/signals", access.Read, "Newest signals", s.listSignals)
	add(s, "GET /v1/accounts/{account}/signals", access.Read, "An account's signals", s.accountSignals)
	add(s, "GET /v1/decisions/{id}/explain", access.Read, "Every offer considered, and why not", s.explain)
	add(s, "POST /v1/decisions/{id}/outcomes", access.Decide, "What became of a decision", s.outcome)
	add(s, "GET /v1/offers/funnel", access.Read, "Offers shown, seen, clicked, accepted", s.funnel)
	add(s, "GET /v1/requests", access.Read, "Upgrade requests of members", s.listRequests)
	add(s, "POST /v1/requests/{id}/approve", access.Decide, "Approve an upgrade request: it takes effect at once", s.approve)
	add(s, "POST /v1/requests/{id}/decline", access.Decide, "Decline an upgrade request", s.decline)
	add(s, "GET /v1/opportunities", access.Read, "What people work on", s.listOpportunities)
	add(s, "PATCH /v1/opportunities/{id}", access.Admin, "Edit an opportunity; won changes the subscription", s.patchOpportunity)
	add(s, "GET /v1/limits", access.Read, "Accounts closest to a limit", s.listLimits)

	// What it earned.
	add(s, "GET /v1/revenue/movements", access.Read, "MRR movements by month", s.movements)
	add(s, "GET /v1/revenue/retention", access.Read, "NRR and GRR by month, or of a cohort", s.retention)
	add(s, "GET /v1/revenue/ledger", access.Read, "The ledger lines behind every figure", s.ledger)

	// Running it.
	add(s, "POST /v1/imports/{kind}", access.Admin, "Import rows, each counted once", s.importRows)
	add(s, "GET /v1/keys", access.Admin, "List keys", s.listKeys)
	add(s, "POST /v1/keys", access.Admin, "Make a key; its secret is shown once", s.postKey)
	add(s, "DELETE /v1/keys/{id}", access.Admin, "Revoke a key", s.deleteKey)
	add(s, "GET /v1/clock", access.Read, "The server's time", s.getClock)
	add(s, "POST /v1/clock/advance", access.Admin, "Move a test clock forward", s.advanceClock)
	s.raw(mux, "GET /v1/changes", access.Read, s.changes, changesOperation)
	add(s, "GET /v1/session", 0, "Whether the console is signed in", s.getSession)
	add(s, "POST /v1/session", 0, "Sign in to the console", s.postSession)
	add(s, "DELETE /v1/session", 0, "Sign out of the console", s.deleteSession)

	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, fault.New(fault.NotFound, "route_unknown", "there is no %s %s", r.Method, fault.Shorten(r.URL.Path)).
			WithMend("see /openapi.json for what there is"))
	})

	root := http.NewServeMux()
	root.Handle("/v1/", s.guard(mux))
	root.Handle("GET /openapi.json", mux)
	root.HandleFunc("GET /healthz", s.healthz)
	root.HandleFunc("GET /readyz", s.readyz)
	root.Handle("/", s.Console)
	return root
}

// add registers one operation: its scope is checked and its faults become problems.
func add[I, O any](s *Server, route string, scope access.Scopes, summary string, h func(context.Context, *I) (*O, error)) {
	method, path, _ := strings.Cut(route, " ")
	op := huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: path, Summary: summary,
		MaxBodyBytes: 8 << 20, BodyReadTimeout: 30 * time.Second, Errors: []int{401, 403, 422},
		Metadata: map[string]any{"scope": scope},
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		if scope != 0 {
			if err := principal(ctx).Require(scope); err != nil {
				return nil, s.problem(ctx, err)
			}
		}
		out, err := h(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}

// raw registers a handler that reads its body itself, and describes it in the document.
func (s *Server) raw(mux *http.ServeMux, route string, scope access.Scopes, h func(http.ResponseWriter, *http.Request) error, describe func(huma.Registry) *huma.Operation) {
	method, path, _ := strings.Cut(route, " ")
	op := describe(s.api.OpenAPI().Components.Schemas)
	op.Method, op.Path, op.OperationID = method, path, operationID(method, path)
	s.api.OpenAPI().AddOperation(op)
	mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		if err := principal(r.Context()).Require(scope); err != nil {
			s.refuse(w, r, err)
			return
		}
		if err := h(w, r); err != nil {
			s.refuse(w, r, err)
		}
	})
}

// operationID names an operation after its route: "post-check-bulk".
func operationID(method, path string) string {
	path = strings.NewReplacer("/v1/", "", "{", "", "}", "", "/", "-").Replace(path)
	return strings.ToLower(method) + "-" + path
}

// openAPI is the document's frame; the operations fill it.
func (s *Server) openAPI() huma.Config {
	c := huma.DefaultConfig("Headroom", s.Version)
	c.Info.Description = "The account expansion engine: events in, entitlements and offers out, revenue proven."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/openapi", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	reg := huma.NewMapRegistry("#/components/schemas/", schemaName)
	reg.RegisterTypeAlias(reflect.TypeFor[clock.Time](), reflect.TypeFor[time.Time]())
	reg.RegisterTypeAlias(reflect.TypeFor[quantity.Quantity](), reflect.TypeFor[float64]())
	reg.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[moneyAmount]())
	c.Components.Schemas = reg
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "hr_sk_… of a server, or hr_pk_… of a browser with a user token in " + access.UserTokenHeader},
	}
	c.Security = []map[string][]string{{"key": {}}}
	return c
}

// moneyAmount is how money crosses the API.
type moneyAmount struct {
	Amount   string `json:"amount" example:"149.00"`
	Currency string `json:"currency" example:"USD"`
}

// schemaName tells types of the same name in different packages apart: "AccountChange"
// stays, catalog.Change becomes "CatalogChange".
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	pkg := t.PkgPath()
	pkg = pkg[strings.LastIndexByte(pkg, '/')+1:]
	if t.Name() == "" || pkg == "" || pkg == "api" || strings.HasPrefix(strings.ToLower(name), pkg) {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}
