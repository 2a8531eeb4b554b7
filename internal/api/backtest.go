package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/condition"
	"github.com/headroomhq/headroom/internal/fault"
	history "github.com/headroomhq/headroom/internal/replay"
	"github.com/headroomhq/headroom/internal/signal"
)

// Analyses of the whole history: backtests and precursors. One runs at a time, on one core and
// there behind all else that wants to; who hangs up ends it.

const (
	analysisTime = 15 * time.Minute // how long one may take
	analysisWait = 5 * time.Second  // for the one before, which ends at once where its reader hung up
	mostExamples = 10_000
)

// BacktestRequest asks what rules would have done.
type BacktestRequest struct {
	Signals  string     `json:"signals,omitempty" maxLength:"4194304" doc:"YAML or JSON: a whole catalog, whose signals are tried, or only signals, which then take the place of the active ones of their names; the active catalog when left out"`
	From     clock.Time `json:"from,omitzero" doc:"only firings from then on"`
	To       clock.Time `json:"to,omitzero" doc:"only firings before then"`
	Signal   string     `json:"signal,omitempty" maxLength:"100" doc:"only this rule"`
	Examples *int       `json:"examples,omitempty" minimum:"0" maximum:"10000" doc:"how many accounts are listed of each rule; 20"`
}

// AnalysisProgress is how far an analysis is.
type AnalysisProgress struct {
	Done  uint64 `json:"done" doc:"positions of the log that were stepped"`
	Total uint64 `json:"total"`
}

// backtest answers what rules would have done over the log.
func (s *Server) backtest(w http.ResponseWriter, r *http.Request) error {
	var in BacktestRequest
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, catalog.MaxText+64<<10))
	body.DisallowUnknownFields()
	if err := body.Decode(&in); err != nil {
		return fault.New(fault.Invalid, "malformed_json", "the body is not what this call takes: %v", err).
			WithMend(`send {"signals": "signals: {…}"}, or {} for the active rules`)
	}
	active, err := s.Runner.Active(r.Context())
	if err != nil {
		return err
	}
	q, findings, err := s.question(&in, active)
	if err != nil {
		return err
	}
	return s.analyse(w, r, func(ctx context.Context, try history.Tries, source history.Source) (any, error) {
		b, err := history.Backtest(ctx, source, q, try)
		if err == nil {
			b.Findings = findings
		}
		return b, err
	}, true)
}

// question reads what a backtest is asked.
func (s *Server) question(in *BacktestRequest, active *catalog.Catalog) (*signal.Question, []catalog.Finding, error) {
	q := &signal.Question{Current: active, Proposed: active, From: in.From, To: in.To, Examples: 20}
	if in.Examples != nil {
		q.Examples = *in.Examples
	}
	switch {
	case q.Examples < 0 || q.Examples > mostExamples:
		return nil, nil, fault.New(fault.Invalid, "examples_invalid", "examples is %d", q.Examples).WithMend("leave it out, or ask for fewer").
			WithField("examples", strconv.Itoa(q.Examples), "must be between 0 and "+strconv.Itoa(mostExamples))
	case in.To != 0 && in.To <= in.From:
		return nil, nil, fault.New(fault.Invalid, "span_invalid", "to is not after from").WithMend("put the earlier time into from").WithField("to", in.To.String(), "must be after from")
	}
	var findings []catalog.Finding
	if in.Signals != "" {
		proposed, keys, found := catalog.Proposal(active, []byte(in.Signals))
		if proposed == nil {
			return nil, nil, catalog.AsError(found)
		}
		q.Proposed, q.Rules = proposed, keys
		for _, f := range found {
			if strings.HasPrefix(f.Path, "signals.") {
				findings = append(findings, f)
			}
		}
	}
	if in.Signal != "" {
		if q.Proposed.Signals[in.Signal] == nil && active.Signals[in.Signal] == nil {
			e := fault.New(fault.NotFound, "signal_unknown", "there is no signal %q, neither in the proposal nor in the active catalog", fault.Shorten(in.Signal)).
				WithMend("use the key of one, or leave it out for all").WithField("signal", in.Signal, "is not in either")
			if near := condition.Nearest(in.Signal, sortedSignals(q.Proposed)); near != "" {
				e = e.WithMend("did you mean %s?", near)
			}
			return nil, nil, e
		}
		q.Rules = []string{in.Signal}
	}
	return q, findings, nil
}

func sortedSignals(c *catalog.Catalog) []string {
	var out []string
	for key := range c.Signals {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// analyse steps the log for f and answers with what it returns: as one document, or, to who
// accepts server-sent events, as progress and then result or error.
func (s *Server) analyse(w http.ResponseWriter, r *http.Request, f func(context.Context, history.Tries, history.Source) (any, error), signals bool) error {
	select {
	case s.analysing <- struct{}{}:
		defer func() { <-s.analysing }()
	case <-r.Context().Done():
		return r.Context().Err()
	case <-time.After(analysisWait):
		return fault.New(fault.Busy, "analysis_running", "another analysis of the history is running on this server").
			WithMend("wait for its end and send it again").WithRetryAfter(10)
	}
	ctx, cancel := context.WithTimeout(r.Context(), analysisTime)
	defer cancel()
	go func() {
		select {
		case <-s.leaving:
			cancel()
		case <-ctx.Done():
		}
	}()
	told := newTeller(w, r)
	told.progress(0, 0)
	// What was appended so far shall be in the tables that it is compared with.
	if err := s.Runner.WaitAll(ctx, s.Runner.Appended(), true); err != nil {
		return err
	}
	source, err := history.HistoryOf(ctx, s.Store, s.Log, signals)
	if err != nil {
		return err
	}
	if source.First > 1 {
		return history.Trimmed(source.First)
	}
	beside, err := s.Store.OffersSold(ctx)
	if err != nil {
		return err
	}
	try := history.Tries{Workers: 1, Idle: true, Beside: beside && signals, Progress: told.progress}
	result, err := f(ctx, try, source)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fault.New(fault.Unavailable, "analysis_too_long", "the analysis was given up after %s", analysisTime).
			WithMend("run it where it slows nobody down: over a backup's events, or with --events FILE")
	}
	if r.Context().Err() != nil {
		return r.Context().Err() // who asked has gone: nothing went wrong
	}
	return told.end(s, result, err)
}

// teller tells how far an analysis is, and its end.
type teller struct {
	mu     sync.Mutex
	w      http.ResponseWriter
	conn   *http.ResponseController
	events bool // server-sent
	begun  bool
}

func newTeller(w http.ResponseWriter, r *http.Request) *teller {
	return &teller{w: w, conn: http.NewResponseController(w), events: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
}

func (t *teller) progress(done, total uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.conn.SetWriteDeadline(time.Now().Add(slack + time.Minute)) // it stays open as long as it goes on
	if t.events && total > 0 {
		t.send("progress", AnalysisProgress{done, total})
	}
}

func (t *teller) send(name string, v any) {
	if !t.begun {
		t.w.Header().Set("Content-Type", "text/event-stream")
		t.w.Header().Set("Cache-Control", "no-store")
		t.begun = true
	}
	text, err := json.Marshal(v)
	if err != nil {
		return
	}
	if _, err := fmt.Fprintf(t.w, "event: %s\ndata: %s\n\n", name, text); err == nil {
		_ = t.conn.Flush() // who hung up ends the request's context
	}
}

func (t *teller) end(s *Server, result any, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.conn.SetWriteDeadline(time.Now().Add(slack + time.Minute))
	switch {
	case err != nil && !t.begun:
		return err
	case err != nil:
		s.Logger.Error("an analysis was broken off", "error", err)
		p := BackupProblem{Code: fault.CodeOf(err), Detail: "the analysis was broken off", Mend: "look at the server's log lines"}
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
			p = BackupProblem{Code: f.Code, Detail: f.Message, Mend: f.Mend}
		}
		t.send("error", p)
		return nil
	case t.events:
		t.send("result", result)
		return nil
	}
	return writeJSON(t.w, http.StatusOK, result)
}

func backtestOperation(s *Server, op *huma.Operation) {
	describe[BacktestRequest, signal.Backtest](s, op, "200")
	analysisOperation(op)
}

func analysisOperation(op *huma.Operation) {
	op.Responses["200"].Content["text/event-stream"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
}

// precursors answers which actions precede an upgrade.
func (s *Server) precursors(w http.ResponseWriter, r *http.Request) error {
	q, err := precede(r.URL.Query().Get)
	if err != nil {
		return err
	}
	return s.analyse(w, r, func(ctx context.Context, try history.Tries, source history.Source) (any, error) {
		return history.Precursors(ctx, source, q, try)
	}, false)
}

// precede reads what is asked of precursors from a query.
func precede(query func(string) string) (*signal.Precede, error) {
	q := &signal.Precede{Type: catalog.RevenueType(query("type")), Within: 30}
	if q.Type == "" {
		q.Type = catalog.Upsell
	}
	if !slices.Contains([]catalog.RevenueType{catalog.NewLogo, catalog.Upsell, catalog.CrossSell}, q.Type) {
		return nil, fault.New(fault.Invalid, "type_unknown", "type %q is no kind of upgrade", fault.Shorten(string(q.Type))).
			WithField("query.type", string(q.Type), "must be new_logo, upsell or cross_sell")
	}
	if text := query("within"); text != "" {
		days, err := strconv.ParseInt(strings.TrimSuffix(text, "d"), 10, 64)
		if err != nil || days < 1 || days > 366 {
			return nil, fault.New(fault.Invalid, "duration_invalid", "within is %q", fault.Shorten(text)).
				WithField("query.within", text, "must be days from 1d to 366d")
		}
		q.Within = days
	}
	for name, into := range map[string]*clock.Time{"from": &q.From, "to": &q.To} {
		if text := query(name); text != "" {
			at, err := clock.Parse(text)
			if err != nil {
				return nil, fault.New(fault.Invalid, "time_invalid", "%s is %q", name, fault.Shorten(text)).
					WithField("query."+name, text, "must be a time such as 2026-03-01T00:00:00Z")
			}
			*into = at
		}
	}
	if q.To != 0 && q.To <= q.From {
		return nil, fault.New(fault.Invalid, "span_invalid", "to is not after from").WithMend("put the earlier time into from").WithField("query.to", q.To.String(), "must be after from")
	}
	return q, nil
}

func precursorsOperation(s *Server, op *huma.Operation) {
	describe[struct{}, signal.Precursors](s, op, "200")
	for _, p := range []struct{ name, says string }{
		{"type", "of the upgrade: new_logo, upsell or cross_sell; upsell when left out"},
		{"within", "days after the action, such as 30d; 30d when left out"},
		{"from", "only accounts that started from then on"},
		{"to", "looked at up to then"},
	} {
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: "query", Schema: &huma.Schema{Type: "string"}, Description: p.says})
	}
	analysisOperation(op)
}
