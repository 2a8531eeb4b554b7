package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

// CatalogVersionParam names a version of the catalog.
type CatalogVersionParam struct {
	Version string `query:"version" maxLength:"40" example:"c-0123456789abcdef" doc:"a version that was active once; the active one when left out"`
}

type catalogText struct {
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag"`
	Body        []byte
}

func (s *Server) getCatalog(ctx context.Context, in *CatalogVersionParam) (*catalogText, error) {
	version := in.Version
	if version == "" {
		active, err := s.Runner.Active(ctx)
		if err != nil {
			return nil, err
		}
		if version = active.Version; version == "" {
			return nil, fault.New(fault.NotFound, "no_catalog", "there is no catalog yet").
				WithMend("apply one with `headroom catalog apply FILE` or PUT /v1/catalog")
		}
	}
	stored, err := s.Store.Catalog(ctx, version)
	if err != nil {
		return nil, err
	}
	return &catalogText{ContentType: "application/yaml", ETag: `"` + version + `"`, Body: []byte(stored.Text)}, nil
}

// Definitions is a catalog as documents. Fields of the catalog's own language that are not
// named here are in it, too.
type Definitions struct {
	Version     string           `json:"version" doc:"of the active catalog; empty: there is none yet"`
	Currency    string           `json:"currency,omitempty" doc:"of prices that name none"`
	Currencies  []string         `json:"currencies,omitempty" doc:"all that prices are in"`
	Meters      []map[string]any `json:"meters" doc:"how usage is counted"`
	Features    []map[string]any `json:"features" doc:"what customers can use"`
	Plans       []map[string]any `json:"plans" doc:"what they subscribe to"`
	Addons      []map[string]any `json:"addons" doc:"what they buy on top"`
	Bundles     []map[string]any `json:"bundles" doc:"add-ons sold together"`
	Profiles    []map[string]any `json:"profiles" doc:"roles people play in the product"`
	Placements  []map[string]any `json:"placements" doc:"places in the product where offers appear"`
	Signals     []map[string]any `json:"signals" doc:"when an account is likely to want more"`
	Offers      []map[string]any `json:"offers" doc:"what is proposed then"`
	Launches    []map[string]any `json:"launches" doc:"introductions of features and add-ons"`
	Milestones  []map[string]any `json:"milestones" doc:"what accounts reach on their way to being active"`
	Surveys     []map[string]any `json:"surveys" doc:"what people are asked"`
	Referrals   []map[string]any `json:"referrals" doc:"programs for those who recommend the product"`
	Experiments []map[string]any `json:"experiments" doc:"what is tried in several variants"`
	Routing     []map[string]any `json:"routing,omitempty" doc:"who works on what a signal is worth; the first route that holds"`
	Value       []map[string]any `json:"value" doc:"value metrics: what accounts gain, with the band their price should be in"`
}

func (s *Server) definitions(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := s.Runner.Active(ctx)
	if version := r.URL.Query().Get("version"); version != "" && err == nil {
		c, err = s.catalogText(ctx, version)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, c.Document())
}

func definitionsOperation(s *Server, op *huma.Operation) {
	describe[struct{}, Definitions](s, op, "200")
	schema := s.api.OpenAPI().Components.Schemas.SchemaFromRef(op.Responses["200"].Content["application/json"].Schema.Ref)
	schema.AdditionalProperties = true // sections of which no page needs to know the form
	op.Parameters = append(op.Parameters, &huma.Param{Name: "version", In: "query", Description: "another version than the active one", Schema: &huma.Schema{Type: huma.TypeString}})
}

// CatalogVersion is one time that a version of the catalog became active.
type CatalogVersion struct {
	Version     string     `json:"version" doc:"name of the text"`
	Author      string     `json:"author" doc:"who made it active, if they said"`
	Note        string     `json:"note" doc:"why, if they said"`
	ActivatedAt clock.Time `json:"activated_at" doc:"when"`
	Active      bool       `json:"active" doc:"whether it is the one in force"`
}

func (s *Server) catalogVersions(ctx context.Context, in *struct{ PageParams }) (*listAnswer[CatalogVersion], error) {
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.Activations(ctx, in.page())
	if err != nil {
		return nil, err
	}
	newest := in.Cursor == ""
	return mapped(list, func(a store.Activation) CatalogVersion {
		v := CatalogVersion{Version: a.Version, Author: a.Author, Note: a.Note, ActivatedAt: a.At, Active: newest && a.Version == active.Version}
		newest = newest && !v.Active // it may have been active before, too
		return v
	}), nil
}

type rollbackRequest struct {
	IfMatch string `header:"If-Match"`
	DryRun  bool   `query:"dry_run" doc:"only say what would change"`
	Accept  string `query:"accept" doc:"limit_below_usage: even where accounts use more than a limit of that version"`
	Body    struct {
		Version string `json:"version" maxLength:"40" doc:"that was active once and becomes active again"`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"why"`
		Author  string `json:"author,omitempty" maxLength:"200" doc:"who"`
	}
}

type catalogAnswer struct {
	ETag string `header:"ETag"`
	Body *CatalogAnswer
}

// rollback applies the text of an earlier version: whatever applying it would refuse, it refuses.
func (s *Server) rollback(ctx context.Context, in *rollbackRequest) (*catalogAnswer, error) {
	stored, err := s.Store.Catalog(ctx, in.Body.Version)
	if err != nil {
		return nil, err
	}
	note := in.Body.Note
	if note == "" {
		note = "Back to " + stored.Version
	}
	accept, err := accepted(in.Accept)
	if err != nil {
		return nil, err
	}
	out, err := s.applyCatalog(ctx, application{text: []byte(stored.Text), file: "catalog " + stored.Version, match: ifMatch(in.IfMatch),
		author: in.Body.Author, note: note, dry: in.DryRun, accept: accept})
	if err != nil {
		return nil, err
	}
	answer := &catalogAnswer{Body: out}
	if !out.DryRun {
		answer.ETag = `"` + out.Version + `"`
	}
	return answer, nil
}

// CatalogEdit is one change of a catalog's text.
type CatalogEdit struct {
	Path   string   `json:"path" example:"plans.pro.price.month" doc:"dotted, as in findings"`
	Value  anyValue `json:"value,omitzero" doc:"what is to stand there, with the catalog's own keys"`
	Remove bool     `json:"remove,omitempty" doc:"takes out what is there"`
}

// anyValue is a value of any type.
type anyValue struct{ json.RawMessage }

// Schema describes it for the document.
func (anyValue) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Extensions: map[string]any{"type": []string{"object", "array", "string", "number", "boolean"}}}
}

type catalogEditRequest struct {
	Body struct {
		Edits []CatalogEdit `json:"edits" maxItems:"200" doc:"made one after the other"`
		Base  string        `json:"base,omitempty" maxLength:"40" doc:"the version the edits are made for: refused (412) when another is active"`
		Text  string        `json:"text,omitempty" maxLength:"4194304" doc:"the text to edit, such as that of an edit before; the active catalog's when left out"`
	}
}

// CatalogEditAnswer is a catalog's text after edits.
type CatalogEditAnswer struct {
	Text     string            `json:"text" doc:"after the edits"`
	Version  string            `json:"version" doc:"that the text would have"`
	Changes  []catalog.Change  `json:"changes"`
	Findings []catalog.Finding `json:"findings"`
}

// editWait is how long an edit waits for the one before it.
const editWait = 5 * time.Second

// editCatalog says what the text would be after edits. It applies nothing.
func (s *Server) editCatalog(ctx context.Context, in *catalogEditRequest) (*struct{ Body *CatalogEditAnswer }, error) {
	active, err := s.Runner.Active(ctx)
	if err != nil {
		return nil, err
	}
	if in.Body.Base != "" && in.Body.Base != active.Version {
		return nil, notActive(in.Body.Base, active.Version)
	}
	text := []byte(in.Body.Text)
	if len(text) == 0 {
		text = active.Text()
	}
	if len(text) == 0 {
		text = []byte("version: 1\n")
	}
	text, next, findings, err := s.edited(ctx, text, in.Body.Edits)
	if err != nil {
		return nil, err
	}
	out := &CatalogEditAnswer{Text: string(text), Version: catalog.VersionOf(text), Changes: []catalog.Change{}, Findings: filled(findings)}
	if next != nil {
		out.Changes = filled(catalog.Diff(active, next))
	}
	return &struct{ Body *CatalogEditAnswer }{out}, nil
}
