package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/access"
	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/packaging"
	"github.com/headroomhq/headroom/internal/store"
)

// CatalogAnswer is what applying a catalog did, or a dry run would do.
type CatalogAnswer struct {
	Version  string            `json:"version"`
	Previous string            `json:"previous,omitempty"`
	DryRun   bool              `json:"dry_run,omitempty"`
	Changes  []catalog.Change  `json:"changes"`
	Findings []catalog.Finding `json:"findings"`
	Position string            `json:"position,omitempty"`
	// Impact is what it does to accounts; of a dry run only.
	Impact *packaging.ImpactAnswer `json:"impact,omitempty" doc:"what it does to the accounts there are"`
}

// maxCatalog is the most bytes of a catalog's text.
const maxCatalog = 4 << 20

// application is a catalog to make active, however it came in.
type application struct {
	text         []byte
	file         string // its name in findings
	match        *string
	author, note string
	dry          bool
	accept       []string // in spite of which it is applied
}

func (s *Server) putCatalog(w http.ResponseWriter, r *http.Request) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCatalog))
	if err != nil {
		return unreadable(err, "4 MiB")
	}
	q := r.URL.Query()
	a := application{text: text, file: q.Get("file"), match: ifMatch(r.Header.Get("If-Match")), author: q.Get("author"), note: q.Get("note")}
	if text := q.Get("dry_run"); q.Has("dry_run") {
		if a.dry, err = strconv.ParseBool(text); err != nil {
			return fault.New(fault.Invalid, "invalid", "dry_run is %q", fault.Shorten(text)).WithField("query.dry_run", text, "must be true or false")
		}
	}
	if a.file == "" {
		a.file = "catalog.yaml"
	}
	if a.accept, err = accepted(q.Get("accept")); err != nil {
		return err
	}
	out, err := s.applyCatalog(r.Context(), a)
	if err != nil {
		return err
	}
	if !out.DryRun {
		w.Header().Set("ETag", `"`+out.Version+`"`)
	}
	return writeJSON(w, http.StatusOK, out)
}

// ifMatch reads an If-Match header; nil when any version will do.
func ifMatch(tag string) *string {
	if tag == "" || tag == "*" {
		return nil
	}
	tag = strings.Trim(tag, `"`)
	return &tag
}

// applyCatalog makes a text the active catalog, or says what that would change.
func (s *Server) applyCatalog(ctx context.Context, a application) (*CatalogAnswer, error) {
	next, findings := catalog.Parse(fault.Shorten(a.file), a.text)
	if err := catalog.AsError(findings); err != nil {
		return nil, err
	}
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	if a.match != nil && *a.match != active.Version {
		return nil, notActive(*a.match, active.Version)
	}
	var used *uses // lint looks at it in a dry run
	if a.dry {
		used = usesOf(next, s.Clock.Now())
	}
	impact, err := s.weighed(ctx, active, next, &a, used)
	if err != nil {
		return nil, err
	}
	out := &CatalogAnswer{Version: next.Version, Previous: active.Version, DryRun: a.dry,
		Changes: filled(catalog.Diff(active, next)), Findings: filled(findings)}
	if a.dry {
		out.Impact = impact
		found, err := s.lintData(ctx, used)
		if err != nil {
			return nil, err
		}
		out.Findings = append(out.Findings, found...)
	}
	if a.dry || next.Version == active.Version {
		return out, nil
	}
	position, err := s.activate(ctx, next, store.Catalog{Version: next.Version, Text: string(a.text),
		Author: fault.Shorten(s.author(ctx, a.author)), Note: fault.Shorten(a.note), CreatedAt: s.Clock.Now()}, a.match)
	if err != nil {
		return nil, err
	}
	out.Position = s.Runner.Position(position)
	return out, nil
}

// author is who makes a catalog active: a key speaks for whom it says, a session of the console
// for itself alone.
func (s *Server) author(ctx context.Context, said string) string {
	if principal(ctx).Kind == access.Console {
		return s.consoleName()
	}
	return said
}

// filled is a list that is [] in JSON where it is empty.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func notActive(tag, active string) error {
	return fault.New(fault.Stale, "catalog_changed", "the active catalog is %q, not %q", active, fault.Shorten(tag)).
		WithMend("pull the active one, look at the difference, and apply again")
}

// activate stores the text and appends the record that makes it active everywhere.
func (s *Server) activate(ctx context.Context, next *catalog.Catalog, text store.Catalog, match *string) (uint64, error) {
	if err := s.Store.PutCatalog(ctx, text); err != nil {
		return 0, err
	}
	body, err := json.Marshal(engine.Activation{Rules: engine.Rules, IfMatch: match, Text: text.Text})
	if err != nil {
		return 0, err
	}
	now := s.Clock.Now()
	position, err := s.Runner.Submit(ctx, event.Record{Kind: event.KindCatalog, Type: next.Version, ReceivedAt: now, Body: body})
	if err != nil {
		return 0, err
	}
	if err := s.Runner.WaitAll(ctx, position, false); err != nil {
		return 0, err
	}
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return 0, err
	}
	if match != nil && active.Version != next.Version { // somebody else was faster
		return 0, notActive(*match, active.Version)
	}
	return position, s.Store.PutActivation(ctx, store.Activation{Version: next.Version, Author: text.Author, Note: text.Note, At: now, Position: position})
}

func catalogOperation(s *Server, op *huma.Operation) {
	describe[struct{}, CatalogAnswer](s, op, "200")
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/yaml": {Schema: &huma.Schema{Type: huma.TypeString, Description: "the catalog as YAML"}},
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "the catalog as JSON"}},
	}}
	for _, name := range []string{"dry_run", "file", "author", "note", "accept"} {
		p := &huma.Param{Name: name, In: "query", Schema: &huma.Schema{Type: huma.TypeString}}
		if name == "dry_run" {
			p.Schema = &huma.Schema{Type: huma.TypeBoolean}
		}
		op.Parameters = append(op.Parameters, p)
	}
	header(op, "If-Match", false)
}
