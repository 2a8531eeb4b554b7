package store

import (
	"context"
	"database/sql"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
)

// Entry is one thing on an account's timeline. Document is the JSON of what Kind names.
type Entry struct {
	At       clock.Time
	Kind     string
	ID       string
	Document string
}

// timelines are the tables that an account's timeline is put together from: what kind of entry,
// the time, what tells entries apart, the document, and which rows. Numbers are of one width, so
// that they are in order as texts.
var timelines = []struct{ kind, table, at, id, document, where string }{
	{"contact", "contacts", "at", "id", "channel || '|' || about",
		"released = 0 AND channel NOT IN ('in_product', 'interruption')"}, // those are decisions
	{"decision", "decisions", "at", "id", "document", ""},
	{"invite", "invites", "at", "id", "document", ""},
	{"milestone", "milestones", "reached_at", "milestone", "milestone", "reached_at > 0"},
	{"moment", "moments", "at", "id", "document", ""},
	{"money", "ledger", "recorded_at", "CAST(1000000000 + seq AS TEXT)",
		"movement || '|' || CAST(delta AS TEXT) || '|' || CAST(mrr AS TEXT) || '|' || currency || '|' || note", ""},
	{"opportunity", "opportunities", "opened_at", "id", "document", ""},
	{"outcome", "outcomes", "at", "decision || ' ' || type", "document", ""},
	{"request", "requests", "at", "id", "document", ""},
	{"signal", "signals", "at", "id", "document", ""},
	{"stage", "stage_moves", "at", "CAST(1000000000 + seq AS TEXT)", "stage || '|' || stage_before || '|' || why", ""},
	{"survey", "survey_asks", "answered_at", "id", "survey || '|' || kind || '|' || CAST(score AS TEXT)", "answered_at > 0"},
}

// TimelineKinds returns the kinds of entry.
func TimelineKinds() []string {
	kinds := make([]string, len(timelines))
	for i, t := range timelines {
		kinds[i] = t.kind
	}
	return kinds
}

// Timeline lists what happened to an account, newest first; kinds narrows it, none lets all pass.
func (s *Store) Timeline(ctx context.Context, account string, kinds []string, p Page) (List[Entry], error) {
	var at int64
	var kind, id string
	more, err := p.after(&at, &kind, &id)
	if err != nil {
		return List[Entry]{}, err
	}
	wanted := make(map[string]bool, len(kinds))
	for _, k := range kinds {
		wanted[k] = true
	}
	exact := " COLLATE BINARY" // one order for all parts
	if s.db.Engine() == db.Postgres {
		exact = ` COLLATE "C"`
	}
	q := ask("SELECT at, kind, id, document FROM (")
	parts := 0
	for _, t := range timelines {
		if len(wanted) > 0 && !wanted[t.kind] {
			continue
		}
		if parts++; parts > 1 {
			q.and("UNION ALL")
		}
		key, kindOf := "("+t.id+")"+exact, "'"+t.kind+"'"+exact
		q.and("SELECT at, kind, id, document FROM (SELECT "+t.at+" AS at, "+kindOf+" AS kind, "+key+" AS id, ("+t.document+")"+exact+" AS document FROM "+t.table+" WHERE account = ?", account)
		if t.where != "" {
			q.and("AND " + t.where)
		}
		if more {
			// Of one time the kinds go in reverse alphabetical order, as the whole does.
			q.and("AND "+t.at+" <= ? AND ("+t.at+" < ? OR "+kindOf+" < ? OR "+kindOf+" = ? AND "+key+" < ?)", at, at, kind, kind, id)
		}
		q.and("ORDER BY "+t.at+" DESC, id DESC LIMIT ?) AS part_"+t.kind, p.limit()+1)
	}
	if parts == 0 {
		return List[Entry]{Items: []Entry{}}, nil
	}
	q.and(") AS entries ORDER BY at DESC, kind DESC, id DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (Entry, []any, error) {
		var e Entry
		err := r.Scan(&e.At, &e.Kind, &e.ID, &e.Document)
		return e, []any{int64(e.At), e.Kind, e.ID}, err
	})
}
