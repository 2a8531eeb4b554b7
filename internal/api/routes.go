package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
)

// routes builds the whole HTTP surface.
func (s *Server) routes() http.Handler {
	huma.NewError = problemOf
	huma.DefaultArrayNullable = false // what has nothing is [], in answers and requests
	mux := http.NewServeMux()
	s.api = humago.New(mux, openAPI())

	s.tag("Events", "What customers do.") // decoded by the doors of package event
	s.raw(mux, "POST /v1/events", access.EventsWrite, "Send product events", s.events, eventsOperation)
	s.segmentRoutes(mux)
	add(s, "POST /v1/events/void", access.EventsWrite, "Take an event back", s.void)
	s.raw(mux, "POST /v1/events/replace", access.EventsWrite, "Put a corrected event in the place of one", s.replace, replaceOperation)

	s.tag("Entitlements", "What they may do, and how much is left.") // decoded by hand: these are called on every click
	s.raw(mux, "POST /v1/check", access.Check, "May this account use this feature, and what would unlock it", s.check, checkOperation)
	s.raw(mux, "POST /v1/consume", access.Check, "Take from a limit: never more than there is", s.consume, consumeOperation)
	add(s, "POST /v1/check/bulk", access.Check, "Check several features", s.checkBulk)
	add(s, "POST /v1/release", access.Check, "Give back what was consumed", s.release)
	add(s, "POST /v1/reservations/{id}/finalize", access.Check, "Take what was reserved, or less, or more if it still fits", s.finalize)
	add(s, "POST /v1/reservations/{id}/release", access.Check, "Give a reservation back", s.releaseReservation)
	add(s, "GET /v1/accounts/{account}/reservations", access.Check, "What is reserved, and what became of reservations", s.listReservations)
	add(s, "GET /v1/accounts/{account}/entitlements", access.Check, "What an account may use and how much is left", s.entitlements)
	s.raw(mux, "GET /v1/accounts/{account}/entitlements/stream", access.Check, "The same as server-sent events, then what changes", s.accountStream, accountStreamOperation)
	s.raw(mux, "GET /v1/entitlements/stream", access.Check, "Entitlements of several accounts as server-sent events, then what changes", s.accountsStream, accountsStreamOperation)
	add(s, "GET /v1/accounts/{account}/grants", access.Read, "Balances an account was granted", s.listGrants)
	add(s, "POST /v1/accounts/{account}/grants", access.Admin, "Grant an account so much of a feature", s.postGrant)
	add(s, "DELETE /v1/accounts/{account}/grants/{id}", access.Admin, "Take back what is left of a grant", s.deleteGrant)
	add(s, "GET /v1/accounts/{account}/overrides", access.Read, "What is set by hand instead of what was bought", s.listOverrides)
	add(s, "POST /v1/accounts/{account}/overrides", access.Admin, "Set by hand what an account has of a feature", s.postOverride)
	add(s, "DELETE /v1/accounts/{account}/overrides/{feature}", access.Admin, "Go back to what was bought", s.deleteOverride)
	add(s, "GET /v1/accounts/{account}/pools", access.Check, "What the family shares, and who holds how much", s.listPools)
	add(s, "GET /v1/accounts/{account}/usage", access.Check, "What an account has used, meter by meter", s.meterUsage)

	s.tag("Accounts", "Who they are and what they have bought.")
	add(s, "GET /v1/accounts", access.Read, "List accounts", s.listAccounts)
	add(s, "PUT /v1/accounts/{account}", access.Admin, "Describe an account", s.putAccount)
	add(s, "GET /v1/accounts/{account}", access.Read, "Read an account", s.getAccount)
	add(s, "GET /v1/accounts/{account}/facts", access.Read, "What other systems know of an account", s.listFacts)
	add(s, "PUT /v1/accounts/{account}/facts/{fact}", access.Admin, "Say what is known of an account", s.putFact)
	add(s, "DELETE /v1/accounts/{account}/facts/{fact}", access.Admin, "Take a fact away; an incident is closed", s.deleteFact)
	add(s, "PUT /v1/accounts/{account}/subscription", access.Admin, "Subscribe, or change the subscription", s.putSubscription)
	add(s, "GET /v1/accounts/{account}/subscription", access.Read, "Read the subscription", s.getSubscription)
	add(s, "DELETE /v1/accounts/{account}/subscription", access.Admin, "End the subscription", s.deleteSubscription)
	add(s, "GET /v1/accounts/{account}/trials", access.Read, "What an account tries and has tried", s.listTrials)
	add(s, "POST /v1/accounts/{account}/trials", access.Admin, "Begin a trial of a plan, an add-on or a feature", s.postTrial)
	add(s, "POST /v1/accounts/{account}/trials/{id}/extend", access.Admin, "Extend a trial", s.extendTrial)
	add(s, "DELETE /v1/accounts/{account}/trials/{id}", access.Admin, "End a trial early", s.deleteTrial)

	s.tag("Activation", "Where accounts stand on their way: milestones, stages, readiness, people.")
	add(s, "GET /v1/accounts/{account}/activation", access.Read, "How an account stands with its milestones", s.accountActivation)
	add(s, "GET /v1/activation", access.Read, "How accounts stand with milestones, and who is stuck where", warmed(s, keeping(s, s.activation), once))
	add(s, "GET /v1/accounts/{account}/lifecycle", access.Read, "The stage of an account, why, and its history", s.accountLifecycle)
	add(s, "GET /v1/lifecycle", access.Read, "The inverted funnel: accounts and MRR by stage, and their moves", warmed(s, keeping(s, s.lifecycle), once))
	add(s, "GET /v1/accounts/{account}/readiness", access.Read, "How ready an account is to grow, and why that changed", s.accountReadiness)
	add(s, "GET /v1/readiness", access.Read, "Accounts by how ready they are to grow", s.readiness)
	add(s, "GET /v1/accounts/{account}/people", access.Check, "The people of an account", s.listPeople)
	add(s, "PUT /v1/accounts/{account}/people/{user}", access.Admin, "Say who somebody is in an account", s.putMember)

	s.tag("Catalog", "What is sold, measured and offered.")
	s.raw(mux, "PUT /v1/catalog", access.Admin, "Apply a catalog, or see what it would change", s.putCatalog, catalogOperation)
	add(s, "GET /v1/catalog", access.Read, "Read the active catalog, or another version", s.getCatalog)
	s.raw(mux, "GET /v1/catalog/definitions", access.Read, "Read the catalog as documents", s.definitions, definitionsOperation)
	add(s, "GET /v1/catalog/versions", access.Read, "Versions of the catalog, newest first", s.catalogVersions)
	add(s, "POST /v1/catalog/rollback", access.Admin, "Make an earlier version the active one", s.rollback)
	add(s, "GET /v1/catalog/lint", access.Read, "What lint finds, with what accounts use", warmed(s, keeping(s, s.lintCatalog), once))
	add(s, "POST /v1/catalog/edit", access.Read, "What the catalog's text would be after edits", s.editCatalog)

	s.tag("Offers", "What to show to whom, and what became of it.")
	s.door(mux, "POST /v1/decide", access.Decide, "What to show this person at this place now, if anything", s.decide, decideOperation)
	add(s, "POST /v1/subscriptions/preview", access.Decide, "What a change would cost, with a token to confirm it", s.preview)
	add(s, "GET /v1/decisions/{id}/explain", access.Read, "Every offer considered, and why not", s.explain)
	add(s, "POST /v1/decisions/{id}/outcomes", access.Decide, "What became of a decision", s.outcome)
	s.offerPreviewRoutes()
	add(s, "GET /v1/offers/funnel", access.Read, "Offers shown, seen, clicked, accepted", soon(s, keeping(s, s.funnel), funnelFirst))
	add(s, "GET /v1/accounts/{account}/decisions", access.Read, "Offers an account was shown, and what became of them", s.accountDecisions)
	add(s, "GET /v1/requests", access.Read, "Upgrade requests of members", s.listRequests)
	add(s, "POST /v1/requests/{id}/approve", access.Decide, "Approve an upgrade request: it takes effect at once", s.approve)
	add(s, "POST /v1/requests/{id}/decline", access.Decide, "Decline an upgrade request", s.decline)
	s.noticeRoutes()

	s.tag("Flows", "How use spreads from person to person, and what people say.")
	add(s, "GET /v1/accounts/{account}/outside", access.Decide, "People of the account's domain outside of its plan", s.outside)
	add(s, "POST /v1/accounts/{account}/invites", access.Decide, "Invite people: as many as there are seats for, the others wait", s.invite)
	add(s, "GET /v1/accounts/{account}/invites", access.Decide, "Who was invited", s.listInvites)
	add(s, "POST /v1/invites/{id}/accept", access.Decide, "Accept an invitation: the person is a member", s.acceptInvite)
	add(s, "POST /v1/invites/{id}/decline", access.Decide, "Decline an invitation", s.declineInvite)
	add(s, "POST /v1/invites/{id}/cancel", access.Decide, "Take an invitation back", s.cancelInvite)
	add(s, "POST /v1/accounts/{account}/access-requests", access.Decide, "Ask to join an account", s.askToJoin)
	add(s, "GET /v1/accounts/{account}/access-requests", access.Decide, "Who asks to join", s.listAsks)
	add(s, "POST /v1/access-requests/{id}/approve", access.Decide, "Let in who asks to join", s.approveAsk)
	add(s, "POST /v1/access-requests/{id}/decline", access.Decide, "Decline a request to join", s.declineAsk)
	add(s, "POST /v1/accounts/{account}/referrals", access.Decide, "An account's code in a referral program", s.refer)
	add(s, "GET /v1/referrals", access.Read, "How referral programs do", s.referrals)
	add(s, "POST /v1/exposures", access.EventsWrite, "Somebody saw a code", s.exposure)
	add(s, "POST /v1/surveys/next", access.Decide, "Which survey to show this person at this place now, if any", s.nextSurvey)
	add(s, "POST /v1/surveys/{id}/answers", access.Decide, "What somebody says to a survey", s.answerSurvey)
	add(s, "GET /v1/surveys", access.Read, "What surveys add up to", warmed(s, keeping(s, s.surveys), once))
	add(s, "GET /v1/surveys/{key}", access.Read, "One survey: by segment and month, and its answers", s.survey)
	add(s, "POST /v1/signups", access.Decide, "An account signs up: whose code it is credited to", s.signUp)

	s.tag("Contacts", "How often people are asked, over all channels, and when to say nothing.")
	add(s, "POST /v1/contacts", access.Decide, "May this person be contacted now; if so it is spent", s.postContact)
	add(s, "DELETE /v1/contacts/{claim_id}", access.Decide, "Give a contact back that was not made", s.deleteContact)
	add(s, "GET /v1/accounts/{account}/contacts", access.Read, "Contacts of an account, its budgets, and why to say nothing", s.listContacts)

	s.tag("Experiments", "Who is assigned which variant.")
	add(s, "POST /v1/variant", access.Decide, "Which variant of an experiment an account has", s.postVariant)
	add(s, "GET /v1/experiments", access.Read, "Experiments, and who is in them", keeping(s, s.listExperiments))

	s.tag("Signals and opportunities", "When more would help, and who works on it.")
	add(s, "GET /v1/accounts/{account}/timeline", access.Read, "What happened to an account, newest first", s.timeline)
	add(s, "GET /v1/moments", access.Read, "Moments at which more would have helped, and what became of them", s.listMoments)
	add(s, "GET /v1/moments/missed", access.Read, "Moments that no offer answered, and the money left on the table", warmed(s, keeping(s, s.missed), missedFirst))
	add(s, "GET /v1/signals", access.Read, "Newest signals", s.listSignals)
	s.raw(mux, "POST /v1/signals/backtest", access.Read, "What rules would have fired over the stored history", s.backtest, backtestOperation)
	add(s, "GET /v1/signals/registry", access.Read, "Compelling events: what the catalog claims, and what the data say", warmed(s, keeping(s, s.registry), once))
	add(s, "GET /v1/signals/coverage", access.Read, "Events expected and received, features without a rule, rules that never fire", warmed(s, keeping(s, s.coverage), once))
	s.raw(mux, "GET /v1/signals/precursors", access.Read, "Which actions precede an upgrade", s.precursors, precursorsOperation)
	add(s, "GET /v1/accounts/{account}/signals", access.Read, "An account's signals", s.accountSignals)
	add(s, "GET /v1/opportunities", access.Read, "What people work on", s.listOpportunities)
	add(s, "PATCH /v1/opportunities/{id}", access.Admin, "Edit an opportunity; won changes the subscription", s.patchOpportunity)
	add(s, "GET /v1/limits", access.Read, "Accounts closest to a limit", s.listLimits)

	s.tag("Packaging", "What plans should be: limits, demand, value.")
	add(s, "GET /v1/packaging/limits/{feature}", access.Read, "How accounts use a feature, and what limits would do", warmed(s, keeping(s, s.limitDesign), limitsFirst))
	add(s, "GET /v1/features/{feature}/demand", access.Read, "Who has a feature, who lacks it, who asked for it", warmed(s, keeping(s, s.demand), demandFirst))
	add(s, "GET /v1/demand", access.Read, "What people wish for, and what they would pay for it", s.demandLog)
	add(s, "GET /v1/packaging/value", access.Read, "Accounts whose price left the band of what they gain", s.valueAlerts)
	add(s, "GET /v1/accounts/{account}/value", access.Read, "What an account gained, month by month", s.value)
	add(s, "GET /v1/accounts/{account}/roi", access.Read, "What an account gained for what it paid, or an offer would give", s.roi)
	add(s, "GET /v1/launches", access.Read, "How launches go", warmed(s, keeping(s, s.launches), once))
	add(s, "GET /v1/launches/{key}", access.Read, "One launch: who asked, who it is for and why, what it earned", s.launchDetail)

	s.tag("Revenue", "What it earned.")
	add(s, "GET /v1/revenue/movements", access.Read, "MRR movements by month", soon(s, keeping(s, s.movements), movementsFirst))
	add(s, "GET /v1/revenue/retention", access.Read, "NRR and GRR by month, or of a cohort", soon(s, keeping(s, s.retention), retentionFirst))
	add(s, "GET /v1/revenue/ledger", access.Read, "The ledger lines behind every figure", s.ledger)

	s.tag("Running it", "Imports, keys, time and health.")
	add(s, "POST /v1/imports/{kind}", access.Admin, "Import rows, each counted once", s.importRows)
	s.raw(mux, "POST /v1/backups", access.Admin, "Back up log and tables into a folder of the server's host", s.takeBackup, backupOperation)
	add(s, "GET /v1/keys", access.Admin, "List keys", s.listKeys)
	add(s, "POST /v1/keys", access.Admin, "Make a key; its secret is shown once", s.postKey)
	add(s, "DELETE /v1/keys/{id}", access.Admin, "Revoke a key", s.deleteKey)
	add(s, "GET /v1/status", access.Admin, "How the server is: what `headroom doctor` looks at", s.status)
	add(s, "GET /v1/clock", access.Read, "The server's time", s.getClock)
	add(s, "POST /v1/clock/advance", access.Admin, "Move a test clock forward", s.advanceClock)
	s.raw(mux, "GET /v1/changes", access.Read, "Hear when lists may have changed", s.changes, changesOperation)
	add(s, "GET /v1/views", access.Read, "Views of the console's lists that somebody keeps", s.listViews)
	add(s, "PUT /v1/views", access.Admin, "Keep a view of a list by name", s.putView)
	add(s, "DELETE /v1/views", access.Admin, "Forget a view", s.deleteView)
	add(s, "GET /v1/session", 0, "Whether the console is signed in", s.getSession)
	add(s, "POST /v1/session", 0, "Sign in to the console", s.postSession)
	add(s, "DELETE /v1/session", 0, "Sign out of the console", s.deleteSession)

	s.bare(mux, "GET /healthz", "Is the process alive", s.healthz, healthOperation)
	s.bare(mux, "GET /readyz", "Is it ready for calls", s.readyz, healthOperation)
	s.bare(mux, "GET /openapi.json", "This description of the API", nil, openAPIOperation)

	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		if known := methodsOf(mux, r); len(known) > 0 {
			w.Header().Set("Allow", strings.Join(known, ", "))
			s.refuse(w, r, fault.New(fault.NotFound, "method_unknown", "there is no %s %s", r.Method, fault.Shorten(r.URL.Path)).
				WithMend("use %s", strings.Join(known, " or ")))
			return
		}
		s.refuse(w, r, fault.New(fault.NotFound, "route_unknown", "there is no %s %s", r.Method, fault.Shorten(r.URL.Path)).
			WithMend("see /openapi.json for what there is"))
	})
	s.complete()

	root := http.NewServeMux()
	root.Handle("/v1/", s.guard(mux))
	for _, path := range []string{"/openapi.json", "/healthz", "/readyz"} {
		root.Handle("GET "+path, mux)
	}
	root.Handle("/", s.Console)
	return s.bounded(root)
}

// add registers one operation: its scope is checked and its faults become problems.
func add[I, O any](s *Server, route string, scope access.Scopes, summary string, h func(context.Context, *I) (*O, error)) {
	op := s.operation(route, scope, summary)
	op.MaxBodyBytes, op.BodyReadTimeout = 1<<20, s.Timeout
	if strings.HasPrefix(op.Path, "/v1/imports/") || op.Path == "/v1/catalog/edit" || op.Path == "/v1/offers/preview" {
		op.MaxBodyBytes = 8 << 20
	}
	huma.Register(s.api, *op, func(ctx context.Context, in *I) (*O, error) {
		if scope != 0 {
			if err := s.may(ctx, route, scope); err != nil {
				return nil, s.problem(ctx, err)
			}
		}
		if of, ok := any(in).(interface{ accountKey() string }); ok {
			if err := cmp.Or(event.CheckKey(of.accountKey()), checkName("account", of.accountKey())); err != nil {
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

// may says whether the caller may make the call.
func (s *Server) may(ctx context.Context, route string, scope access.Scopes) error {
	return s.allowed(principal(ctx), route, scope)
}

func (s *Server) allowed(p access.Principal, route string, scope access.Scopes) error {
	if p.Kind == access.Browser {
		scope = s.scopes[route] // more, for what only servers may do
	}
	return p.Require(scope)
}

// raw registers a handler that reads its body itself, and describes it in the document.
func (s *Server) raw(mux *http.ServeMux, route string, scope access.Scopes, summary string, h func(http.ResponseWriter, *http.Request) error, describe func(*Server, *huma.Operation)) {
	s.door(mux, route, scope, summary, func(w http.ResponseWriter, r *http.Request) error {
		if err := s.may(r.Context(), route, scope); err != nil {
			return err
		}
		return h(w, r)
	}, describe)
}

// door is raw for a handler that itself asks who calls.
func (s *Server) door(mux *http.ServeMux, route string, scope access.Scopes, summary string, h func(http.ResponseWriter, *http.Request) error, describe func(*Server, *huma.Operation)) {
	op := s.operation(route, scope, summary)
	describe(s, op)
	s.api.OpenAPI().AddOperation(op)
	s.doors[route] = func(w http.ResponseWriter, r *http.Request) {
		err := knownQuery(r, op)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.refuse(w, r, err)
		}
	}
	s.doorAgain(mux, route, route)
}

// doorAgain takes what another door takes at a route that the document does not list.
func (s *Server) doorAgain(mux *http.ServeMux, route, as string) {
	s.scopes[route] = s.scopes[as]
	mux.HandleFunc(route, s.doors[as])
}

// knownQuery refuses parameters that nobody reads: a mistyped dry_run must not apply.
func knownQuery(r *http.Request, op *huma.Operation) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	for name := range r.URL.Query() {
		if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }) {
			return fault.New(fault.Invalid, "unknown_parameter", "there is no parameter %q here", fault.Shorten(name)).
				WithField("query."+name, r.URL.Query().Get(name), "is not a parameter of this call")
		}
	}
	return nil
}

// bare registers what answers without a key; a nil handler is answered elsewhere.
func (s *Server) bare(mux *http.ServeMux, route, summary string, h http.HandlerFunc, describe func(*Server, *huma.Operation)) {
	op := s.operation(route, 0, summary)
	describe(s, op)
	s.api.OpenAPI().AddOperation(op)
	if h != nil {
		mux.HandleFunc(route, h)
	}
}

// methodsOf returns the methods with which the path of r would be answered.
func methodsOf(mux *http.ServeMux, r *http.Request) []string {
	var known []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		again := *r
		again.Method = method
		if _, pattern := mux.Handler(&again); pattern != "/v1/" {
			known = append(known, method)
		}
	}
	return known
}
