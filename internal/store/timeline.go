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
// the time, the rank among what happened at the same time (what led to what), what tells entries
// apart, the document, and which rows. Numbers are of one width, so that they are in order as texts.
var timelines = []struct{ kind, table, at, rank, id, document, where string }{
	{"fact", "fact_changes", "at", "10", "CAST(1000000000 + seq AS TEXT)", "CAST(ended AS TEXT) || '|' || document", ""},
	{"contact", "contacts", "at", "12", "id", "channel || '|' || about",
		"released = 0 AND channel NOT IN ('in_product', 'interruption')"}, // those are decisions
	{"survey", "survey_asks", "answered_at", "14", "id", "survey || '|' || kind || '|' || CAST(score AS TEXT)", "answered_at > 0"},
	{"invite", "invites", "at", "16", "id", "document", ""},
	{"moment", "moments", "at", "20", "id", "document", ""},
	{"milestone", "milestones", "reached_at", "22", "milestone", "milestone", "reached_at > 0"},
	{"signal", "signals", "at", "30", "id", "document", ""},
	{"opportunity", "opportunities", "opened_at", "32", "id", "document", ""},
	{"decision", "decisions", "at", "40", "id", "document", ""},
	{"outcome", "outcomes", "at", "CASE type WHEN 'seen' THEN 50 WHEN 'clicked' THEN 51 WHEN 'undone' THEN 60 ELSE 52 END",
		"decision || ' ' || type", "document", ""},
	{"request", "requests", "at", "53", "id", "document", ""},
	{"money", "ledger", "recorded_at", "55", "CAST(1000000000 + seq AS TEXT)",
		"movement || '|' || CAST(delta AS TEXT) || '|' || CAST(mrr AS TEXT) || '|' || currency || '|' || note", ""},
	{"stage", "stage_moves", "at", "57", "CAST(1000000000 + seq AS TEXT)", "stage || '|' || stage_before || '|' || why", ""},
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
	var at, rank int64
	var id string
	more, err := p.after(&at, &rank, &id)
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
	q := ask("SELECT at, kind, place, id, document FROM (")
	parts := 0
	for _, t := range timelines {
		if len(wanted) > 0 && !wanted[t.kind] {
			continue
		}
		if parts++; parts > 1 {
			q.and("UNION ALL")
		}
		key := "(" + t.id + ")" + exact
		q.and("SELECT at, kind, place, id, document FROM (SELECT "+t.at+" AS at, '"+t.kind+"'"+exact+" AS kind, "+t.rank+" AS place, "+key+" AS id, ("+t.document+")"+exact+
			" AS document FROM "+t.table+" WHERE account = ?", account)
		if t.where != "" {
			q.and("AND " + t.where)
		}
		if more {
			q.and("AND "+t.at+" <= ? AND ("+t.at+" < ? OR "+t.rank+" < ? OR "+t.rank+" = ? AND "+key+" < ?)", at, at, rank, rank, id)
		}
		q.and("ORDER BY "+t.at+" DESC, place DESC, id DESC LIMIT ?) AS part_"+t.kind, p.limit()+1)
	}
	if parts == 0 {
		return List[Entry]{Items: []Entry{}}, nil
	}
	q.and(") AS entries ORDER BY at DESC, place DESC, id DESC")
	return list(ctx, s, p, q, func(r *sql.Rows) (Entry, []any, error) {
		var e Entry
		var place int64
		err := r.Scan(&e.At, &e.Kind, &place, &e.ID, &e.Document)
		return e, []any{int64(e.At), place, e.ID}, err
	})
}
