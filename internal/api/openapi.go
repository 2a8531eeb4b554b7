package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/subscription"
)

// The OpenAPI document. Its frame stands here, the operations are added by routes, what
// they and their fields mean by operations.go and fields.go. complete puts the whole in order.

// Schemes of the document by which a caller says who it is.
const (
	keyScheme   = "key"
	basicScheme = "basic"
	userScheme  = "user"
)

// openAPI is the document's frame; the operations fill it.
func openAPI() huma.Config {
	c := huma.DefaultConfig("Headroom", "1")
	c.Info.Description = "The account expansion engine: events in, entitlements and offers out, revenue proven.\n\n" +
		"Times are RFC 3339 in UTC, months `2026-11`, money `{\"amount\":\"149.00\",\"currency\":\"USD\"}`. " +
		"Lists are `{\"items\":[…],\"next\":\"…\"}`: send `next` back as `cursor` for the part after. " +
		"Fields may be added, none is renamed or removed, so ignore what you do not know. " +
		"Errors are `application/problem+json` (RFC 9457) with a stable `code`."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Servers = []*huma.Server{{URL: "/", Description: "the server that answers this document"}}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/openapi", "", ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	reg := huma.NewMapRegistry("#/components/schemas/", schemaName)
	reg.RegisterTypeAlias(reflect.TypeFor[clock.Time](), reflect.TypeFor[time.Time]())
	reg.RegisterTypeAlias(reflect.TypeFor[quantity.Quantity](), reflect.TypeFor[float64]())
	reg.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[moneyAmount]())
	c.Components.Schemas = reg
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		keyScheme: {Type: "http", Scheme: "bearer", Description: "`hr_sk_…` of a server, or `hr_pk_…` of a browser together with a user token; to send events without one. " +
			"Scopes: `events:write`, `check`, `decide`, `read`, and `admin`, which may do everything."},
		basicScheme: {Type: "http", Scheme: "basic", Description: "A key with the scope `events:write` as user name and an empty password, as clients of the Segment tracking API send their write key."},
		userScheme: {Type: "apiKey", In: "header", Name: access.UserTokenHeader,
			Description: "User token of a browser: a JWT (HS256) that the product's server signs with the publishable key's signing secret. " +
				"Claims: `sub` the user, `account`, `role` (`member` or `admin`), `exp`. It speaks for this user of this account only."},
	}
	return c
}

// jsonFormat is huma's, but text that is not UTF-8 is refused instead of mended.
var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: func(body []byte, into any) error {
	if !utf8.Valid(body) {
		return errors.New("it is not UTF-8")
	}
	return json.Unmarshal(body, into)
}}

// moneyAmount is how money crosses the API.
type moneyAmount struct {
	Amount   string `json:"amount" example:"149.00" doc:"plain decimal, exact"`
	Currency string `json:"currency" example:"USD" doc:"ISO 4217"`
}

// renamed are the schemas whose Go names would not tell what they are.
var renamed = map[string]string{
	"RequestAnswerBody":    "RequestDecision",
	"EntitlementAnswer":    "CheckResult",
	"EngineSubscribed":     "Subscription",
	"SubscriptionAnswer":   "SubscriptionAnswer",
	"OfferShown":           "Offer",
	"MoneyAmount":          "Money",
	"FaultField":           "ProblemField",
	"RevenueMovementItem":  "Movement",
	"RevenueRetentionItem": "Retention",
	"CatalogGive":          "Give",
	"SubscriptionPending":  "PendingChange",
	"EventAccountChange":   "AccountChange",
	"OfferRequest":         "UpgradeRequest",
	"OfferRequestList":     "UpgradeRequestList",
	"OfferOutcome":         "Outcome",
	"OfferDecision":        "Decision",
}

// schemaName names a type's schema: types of other packages after their package and
// themselves ("SubscriptionChange"), bodies without "Body", lists "…List".
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if item, isList := strings.CutPrefix(t.Name(), "List["); isList {
		path := strings.TrimSuffix(item, "]")
		pkg, name, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ".")
		return named(inPackage(pkg, name) + "List")
	}
	if t.Name() == "" {
		return named(huma.DefaultSchemaNamer(t, hint))
	}
	if t == reflect.TypeFor[subscription.Subscription]() {
		return "SubscriptionBefore" // the schema Subscription is engine.Subscribed
	}
	pkg := t.PkgPath()
	return named(inPackage(pkg[strings.LastIndexByte(pkg, '/')+1:], t.Name()))
}

func inPackage(pkg, name string) string {
	name = strings.ToUpper(name[:1]) + name[1:]
	if pkg == "" || pkg == "api" || strings.HasPrefix(strings.ToLower(name), pkg) {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}

func named(name string) string {
	if better, ok := renamed[name]; ok {
		return better
	}
	return strings.TrimSuffix(name, "Body")
}

// operationID names an operation after its route: "post-check-bulk".
func operationID(method, path string) string {
	path = strings.NewReplacer("/v1/", "", "{", "", "}", "", "/", "-", ".json", "").Replace(path)
	return strings.ToLower(method) + "-" + strings.TrimPrefix(path, "-")
}

// tag begins a group of operations.
func (s *Server) tag(name, about string) {
	doc := s.api.OpenAPI()
	doc.Tags = append(doc.Tags, &huma.Tag{Name: name, Description: about})
}

// operation is what all operations have in common.
func (s *Server) operation(route string, scope access.Scopes, summary string) *huma.Operation {
	method, path, _ := strings.Cut(route, " ")
	s.order = append(s.order, route)
	s.scopes[route] = scope
	if onlyServers(route) {
		s.scopes[route] = access.Admin // for pages of other origins it is like any other call
	}
	tags := s.api.OpenAPI().Tags
	op := &huma.Operation{OperationID: operationID(method, path), Method: method, Path: path, Summary: summary,
		Tags: []string{tags[len(tags)-1].Name}, Description: operations[route].text}
	if scope == 0 {
		op.Description = sentences(op.Description, "Needs no key.")
		op.Security = []map[string][]string{{}}
		return op
	}
	op.Description = sentences(op.Description, "Needs a key with the scope `"+scope.String()+"`.")
	op.Security = []map[string][]string{{keyScheme: {scope.String()}}}
	switch {
	case onlyServers(route):
	case scope == access.EventsWrite:
		op.Description += " A publishable key that has this scope may call it without a user token."
	case scope.ForBrowsers():
		op.Description += " A publishable key may call it for the account of its user token."
		op.Security = append(op.Security, map[string][]string{keyScheme: {scope.String()}, userScheme: {}})
	}
	return op
}

func sentences(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n")
}

// describe makes the schema of an operation that reads its body itself.
func describe[I, O any](s *Server, op *huma.Operation, status string) {
	reg := s.api.OpenAPI().Components.Schemas
	content := func(t reflect.Type) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: reg.Schema(t, true, "")}}
	}
	if in := reflect.TypeFor[I](); in != reflect.TypeFor[struct{}]() {
		op.RequestBody = &huma.RequestBody{Required: true, Content: content(in)}
	}
	op.Responses = map[string]*huma.Response{status: {Content: content(reflect.TypeFor[O]())}}
}

// header describes a header that an operation reads itself; those that huma reads are
// described by the fields they are read into.
func header(op *huma.Operation, name string, required bool) {
	op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Required: required, Schema: &huma.Schema{Type: "string"}})
}

// complete puts the document in order once all operations are in it: problems, examples,
// what fields mean, and which may be null.
func (s *Server) complete() {
	doc := s.api.OpenAPI()
	schemas := doc.Components.Schemas
	problem := map[string]*huma.MediaType{"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "")}}
	doc.Components.Responses = map[string]*huma.Response{
		"Unauthenticated": {Description: "No key, or one that is not good here", Content: problem},
		"Denied":          {Description: "A good key, which may not do this", Content: problem},
		"Problem":         {Description: "What is wrong, and what mends it; `code` is stable and one of " + strings.TrimSuffix(errorDocs, "#"), Content: problem},
	}
	for path, item := range doc.Paths {
		for method, op := range methods(item) {
			completeOperation(op, operations[method+" "+path])
		}
	}
	asked := reachable(schemas, doc, true)
	for name, schema := range schemas.Map() {
		schema.Description = cmp.Or(schema.Description, schemaWords[name])
		for field, p := range schema.Properties {
			describeField(name, field, p)
		}
		if schema.AdditionalProperties == false && !asked[name] {
			schema.AdditionalProperties = nil // fields may be added to answers
		}
		schema.PrecomputeMessages()
	}
}

// methods returns the operations of a path by method.
func methods(p *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{"GET": p.Get, "PUT": p.Put, "POST": p.Post, "PATCH": p.Patch, "DELETE": p.Delete}
	maps.DeleteFunc(all, func(_ string, op *huma.Operation) bool { return op == nil })
	return all
}

func completeOperation(op *huma.Operation, about operation) {
	for status, r := range op.Responses {
		switch {
		case status[0] == '2':
			r.Description = cmp.Or(about.answer, "What was asked for")
			if about.media != "" {
				r.Content = map[string]*huma.MediaType{about.media: {Schema: &huma.Schema{Type: huma.TypeString}}}
			}
			if status == "204" {
				r.Description = cmp.Or(about.answer, "Done")
			}
		default:
			delete(op.Responses, status)
		}
	}
	op.Responses["default"] = &huma.Response{Ref: "#/components/responses/Problem"}
	if len(op.Security[0]) > 0 {
		op.Responses["401"] = &huma.Response{Ref: "#/components/responses/Unauthenticated"}
		op.Responses["403"] = &huma.Response{Ref: "#/components/responses/Denied"}
	}
	for _, p := range op.Parameters {
		p.Description = cmp.Or(p.Description, parameterWords[p.Name])
		if p.Schema.Description != "" {
			p.Schema.Description = "" // said once
		}
		if v, ok := about.values[p.Name]; ok {
			p.Example = v
			var plain any // a number or boolean is one in its example too
			if p.Schema.Type != huma.TypeString && json.Unmarshal([]byte(v), &plain) == nil {
				p.Example = plain
			}
		}
	}
	if op.RequestBody == nil {
		return
	}
	for media, m := range op.RequestBody.Content {
		text, ok := about.bodies[media]
		if !ok && media == "application/json" {
			text, ok = about.body, about.body != ""
		}
		if !ok {
			continue
		}
		m.Example = text
		if strings.HasSuffix(media, "json") {
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				panic("the example of " + op.OperationID + " is not JSON: " + err.Error())
			}
			m.Example = v
		}
	}
}

// describeField says what a field of an answer or request means, and whether it may be
// null: a time that never came, a limit that is not there.
func describeField(schema, field string, p *huma.Schema) {
	if p.Ref != "" {
		return // siblings of a $ref are allowed in 3.1, yet few tools read them
	}
	words, ok := fieldWords[schema+"."+field]
	if !ok {
		words = fieldWords[field]
	}
	p.Description = cmp.Or(p.Description, words)
	if nullable[field] && !neverNull[schema+"."+field] {
		p.Nullable = true
	}
	if p.Format == "double" || p.Format == "int64" {
		p.Format = "" // JSON numbers of any length
	}
}

// reachable returns the names of the schemas that requests, or else answers, are made of.
func reachable(reg huma.Registry, doc *huma.OpenAPI, requests bool) map[string]bool {
	seen := make(map[string]bool)
	var visit func(*huma.Schema)
	visit = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if s.Ref != "" {
			name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
			if !seen[name] {
				seen[name] = true
				visit(reg.SchemaFromRef(s.Ref))
			}
			return
		}
		visit(s.Items)
		if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
			visit(more)
		}
		for _, p := range s.Properties {
			visit(p)
		}
	}
	for _, item := range doc.Paths {
		for _, op := range methods(item) {
			if requests && op.RequestBody != nil {
				for _, m := range op.RequestBody.Content {
					visit(m.Schema)
				}
			}
			for _, r := range op.Responses {
				for _, m := range r.Content {
					if !requests {
						visit(m.Schema)
					}
				}
			}
		}
	}
	return seen
}
