package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
)

// Commit writes a checkpoint in one transaction: all of it, and only when the partition
// still stands at c.From of c.Stream under c.Epoch. Faults (Conflict): lost_partition when it does not,
// and nothing was written; already_committed when it was this very checkpoint that moved the
// partition to c.To, so that a commit whose answer got lost can be repeated to find out.
func (s *Store) Commit(ctx context.Context, c *engine.Checkpoint) error {
	if c.To <= c.From {
		return fmt.Errorf("checkpoint of partition %d: from %d to %d does not move on", c.Partition, c.From, c.To)
	}
	batches, err := prepare(c) // encoded before the transaction, which others wait for
	if err != nil {
		return err
	}
	sweeps, all := s.sweeps(c), false
	err = s.db.InTx(ctx, func(tx *sql.Tx) (err error) {
		if err := s.advance(ctx, tx, c); err != nil {
			return err
		}
		for _, b := range batches {
			if err := s.run(ctx, tx, b); err != nil {
				return fmt.Errorf("%.60s…: %w", b.head, err)
			}
		}
		if err := s.putTypes(ctx, tx, c); err != nil {
			return err
		}
		if err := s.putSets(ctx, tx, c); err != nil {
			return err
		}
		if err := s.putLimits(ctx, tx, c.Accounts); err != nil {
			return err
		}
		if err := s.dropPeople(ctx, tx, c.Accounts); err != nil {
			return err
		}
		for i := range c.Segments {
			if err := s.putSegment(ctx, tx, c.Partition, &c.Segments[i]); err != nil {
				return err
			}
		}
		if sweeps {
			all, err = s.sweep(ctx, tx, c)
		}
		return err
	})
	if err == nil && all {
		s.swept.Store(c.Partition, c.Now/sweepEvery)
	}
	return err
}

// advance moves the partition's position, which is the fence of rule 6.
func (s *Store) advance(ctx context.Context, tx *sql.Tx, c *engine.Checkpoint) error {
	r, err := s.db.Prepared(ctx, tx, `UPDATE partitions SET position = $1, now = $2, catalog = $3, rules = $4
		WHERE partition = $5 AND position = $6 AND epoch = $7 AND stream = $8`,
		int64(c.To), int64(c.Now), c.Catalog, c.Rules, c.Partition, int64(c.From), c.Epoch, c.Stream)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	var position, epoch int64
	var stream, owner string
	err = tx.QueryRowContext(ctx, "SELECT position, epoch, stream, owner FROM partitions WHERE partition = $1", c.Partition).
		Scan(&position, &epoch, &stream, &owner)
	if err != nil {
		return fmt.Errorf("partition %d: %w", c.Partition, err)
	}
	if stream == c.Stream && epoch == c.Epoch && uint64(position) == c.To {
		return fault.New(fault.Conflict, "already_committed", "the checkpoint of partition %d to position %d stands already", c.Partition, c.To)
	}
	return fault.New(fault.Conflict, "lost_partition",
		"partition %d stands at position %d, epoch %d, owner %q; the checkpoint expected position %d, epoch %d",
		c.Partition, position, epoch, owner, c.From, c.Epoch).
		WithMend("give up what was computed for the partition and take its lease again; the log still has every record")
}

// How long answers and fingerprints are kept: the 35 days of rule 9, and for fingerprints two
// days more, because they go by whole days of the sender's clock.
const (
	answersKept     = 35 * clock.Day
	segmentDaysKept = 37
	answersBite     = 2_000
)

// sweepEvery is how often, by state time, a partition is swept.
const sweepEvery = 10 * clock.Minute

// sweep deletes what is too old, in bites that do not hold up the checkpoint, and says
// whether that was all.
func (s *Store) sweep(ctx context.Context, tx *sql.Tx, c *engine.Checkpoint) (all bool, err error) {
	_, err = s.db.Prepared(ctx, tx, "DELETE FROM dedup_segments WHERE partition = $1 AND day < $2 AND day > $3",
		c.Partition, int64(c.Now.Day()-segmentDaysKept), int64(engine.ImportDay))
	if err != nil {
		return false, err
	}
	gone, err := s.db.Prepared(ctx, tx, `DELETE FROM answers WHERE (account, fingerprint) IN
		(SELECT account, fingerprint FROM answers WHERE partition = $1 AND at < $2 ORDER BY at LIMIT $3)`,
		c.Partition, int64(c.Now-answersKept), answersBite)
	if err != nil {
		return false, err
	}
	n, err := gone.RowsAffected()
	return n < answersBite, err
}

// sweeps says whether the partition's turn to be swept has come.
func (s *Store) sweeps(c *engine.Checkpoint) bool {
	last, known := s.swept.Load(c.Partition)
	return c.Now != 0 && (!known || last != c.Now/sweepEvery)
}

// prepare encodes everything that is written without looking at what is there.
func prepare(c *engine.Checkpoint) ([]*batch, error) {
	accounts := last(c.Accounts, func(a *engine.AccountRow) string { return a.Key })
	batches := []*batch{states(c.Partition, accounts), timers(c.Partition, accounts), answers(c)}
	for _, rows := range []func() (*batch, error){
		func() (*batch, error) { return listings(accounts) },
		func() (*batch, error) { return people(accounts) },
		func() (*batch, error) { return signals(&c.Effects) },
		func() (*batch, error) { return decisions(&c.Effects) },
		func() (*batch, error) { return outcomes(&c.Effects) },
		func() (*batch, error) { return requests(&c.Effects) },
		func() (*batch, error) { return notices(&c.Effects) },
		func() (*batch, error) { return opportunities(&c.Effects) },
		func() (*batch, error) { return invites(&c.Effects) },
		func() (*batch, error) { return accessRequests(&c.Effects) },
		func() (*batch, error) { return referrals(&c.Effects) },
		func() (*batch, error) { return signUps(&c.Effects) },
		func() (*batch, error) { return surveyAsks(&c.Effects) },
		func() (*batch, error) { return moments(&c.Effects) },
		func() (*batch, error) { return facts(&c.Effects) },
		func() (*batch, error) { return readiness(&c.Effects) },
	} {
		b, err := rows()
		if err != nil {
			return nil, err
		}
		batches = append(batches, b)
	}
	batches = append(append(batches, milestones(&c.Effects)), moves(&c.Effects)...)
	return append(batches, lines(&c.Effects), periods(&c.Effects), values(&c.Effects), gates(&c.Effects), contacts(&c.Effects), variants(&c.Effects), forwards(c)), nil
}

func states(partition int, accounts []engine.AccountRow) *batch {
	b := insert("account_states", "partition, account, state",
		"ON CONFLICT (partition, account) DO UPDATE SET state = excluded.state")
	for i := range accounts {
		b.add(partition, accounts[i].Key, accounts[i].State)
	}
	return b
}

func timers(partition int, accounts []engine.AccountRow) *batch {
	b := insert("timers", "account, partition, next_due, timers",
		`ON CONFLICT (account) DO UPDATE SET next_due = excluded.next_due, timers = excluded.timers
		WHERE timers.timers <> excluded.timers`)
	for i := range accounts {
		if accounts[i].TimersKept {
			continue
		}
		var next clock.Time
		var encoded []byte
		for _, t := range accounts[i].Timers {
			if next == 0 || t.Due < next {
				next = t.Due
			}
			encoded = binary.AppendVarint(encoded, int64(t.Due))
			encoded = binary.AppendUvarint(encoded, uint64(len(t.ID)))
			encoded = append(encoded, t.ID...)
		}
		b.add(accounts[i].Key, partition, next, encoded)
	}
	return b
}

func answers(c *engine.Checkpoint) *batch {
	type id struct {
		account     string
		fingerprint event.Fingerprint
	}
	b := insert("answers", "account, fingerprint, partition, at, request, answer",
		"ON CONFLICT (account, fingerprint) DO UPDATE SET at = excluded.at, request = excluded.request, answer = excluded.answer")
	for _, a := range last(c.Answers, func(a *engine.AnswerRow) id { return id{a.Account, a.Fingerprint} }) {
		b.add(a.Account, a.Fingerprint[:], c.Partition, a.At, a.Request, a.Answer)
	}
	return b
}

func listings(accounts []engine.AccountRow) (*batch, error) {
	b := insert("accounts", `account, name, parent, domain, plan, status, billing_interval, mrr, currency,
		unknown, created_at, updated_at, next_at, next_is, document`,
		`ON CONFLICT (account) DO UPDATE SET name = excluded.name, parent = excluded.parent, domain = excluded.domain,
		plan = excluded.plan, status = excluded.status, billing_interval = excluded.billing_interval, mrr = excluded.mrr,
		currency = excluded.currency, unknown = excluded.unknown, created_at = excluded.created_at,
		updated_at = excluded.updated_at, next_at = excluded.next_at, next_is = excluded.next_is, document = excluded.document`)
	for i := range accounts {
		l := accounts[i].Listing
		if l == nil {
			continue
		}
		a := &l.Account
		doc, err := encode(a)
		if err != nil {
			return nil, err
		}
		b.add(accounts[i].Key, a.Name, a.Parent, a.Domain, l.Plan, l.Status, l.Interval, l.MRR, l.Currency,
			a.Unknown, a.CreatedAt, a.UpdatedAt, l.NextAt, l.Next, doc)
	}
	return b, nil
}

func people(accounts []engine.AccountRow) (*batch, error) {
	type id struct{ account, pseudonym string }
	b := insert("people", "account, pseudonym, role, profile, traits, sealed, seen_at",
		`ON CONFLICT (account, pseudonym) DO UPDATE SET role = excluded.role, profile = excluded.profile,
		traits = excluded.traits, sealed = excluded.sealed, seen_at = excluded.seen_at
		WHERE people.seen_at <> excluded.seen_at OR people.role <> excluded.role OR people.profile <> excluded.profile
		OR people.traits <> excluded.traits OR people.sealed <> excluded.sealed`)
	seen := make(map[id]bool)
	for i := range accounts {
		for j := len(accounts[i].People) - 1; j >= 0; j-- { // the last of a person stands
			p := &accounts[i].People[j]
			k := id{p.Account, p.Pseudonym}
			if seen[k] || p.Into != "" {
				continue
			}
			seen[k] = true
			traits, err := encode(p.Traits)
			if err != nil {
				return nil, err
			}
			b.add(k.account, k.pseudonym, p.Role, p.Profile, traits, p.Sealed, p.SeenAt)
		}
	}
	return b, nil
}

// dropPeople takes pseudonyms off the lists that somebody goes by no longer.
func (s *Store) dropPeople(ctx context.Context, tx *sql.Tx, accounts []engine.AccountRow) error {
	for i := range accounts {
		for _, p := range accounts[i].People {
			if p.Into == "" {
				continue
			}
			if _, err := s.db.Prepared(ctx, tx, "DELETE FROM people WHERE pseudonym = $1", plain(p.Pseudonym)); err != nil {
				return err
			}
		}
	}
	return nil
}

func signals(e *engine.Effects) (*batch, error) {
	b := insert("signals", "account, id, name, at, document",
		"ON CONFLICT (account, id) DO UPDATE SET name = excluded.name, at = excluded.at, document = excluded.document")
	seen := make(map[[2]string]bool)
	for i := len(e.Signals) - 1; i >= 0; i-- {
		x := &e.Signals[i]
		k := [2]string{x.Account, x.ID}
		if seen[k] {
			continue
		}
		seen[k] = true
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.Account, x.ID, x.Key, x.At, doc)
	}
	return b, nil
}

func decisions(e *engine.Effects) (*batch, error) {
	b := insert("decisions", "id, account, offer, status, variant, at, document",
		`ON CONFLICT (id) DO UPDATE SET offer = excluded.offer, status = excluded.status, variant = excluded.variant,
		at = excluded.at, document = excluded.document`)
	for _, x := range last(e.Decisions, func(d *offer.Decision) string { return d.ID }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.ID, x.Account, offerOf(&x), x.Status, x.Variant, x.At, doc)
	}
	return b, nil
}

// offerOf names the offer a decision is about: the one shown, or the one held back.
func offerOf(d *offer.Decision) string {
	if d.OfferKey == "" && d.Offer != nil {
		return d.Offer.Key
	}
	return d.OfferKey
}

func outcomes(e *engine.Effects) (*batch, error) {
	type id struct {
		decision, kind string
		at             clock.Time
	}
	b := insert("outcomes", "decision, type, at, account, document",
		"ON CONFLICT (decision, type, at) DO UPDATE SET document = excluded.document")
	for _, x := range last(e.Outcomes, func(o *offer.Outcome) id { return id{o.Decision, o.Type, o.At} }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.Decision, x.Type, x.At, x.Account, doc)
	}
	return b, nil
}

func requests(e *engine.Effects) (*batch, error) {
	b := insert("requests", "id, account, status, at, document",
		"ON CONFLICT (id) DO UPDATE SET status = excluded.status, document = excluded.document")
	for _, x := range last(e.Requests, func(r *offer.Request) string { return r.ID }) {
		doc, err := encode(x)
		if err != nil {
			return nil, err
		}
		b.add(x.ID, x.Account, x.Status, x.At, doc)
	}
	return b, nil
}

func opportunities(e *engine.Effects) (*batch, error) {
	b := insert("opportunities", "id, account, stage, owner, type, opened_at, amount, currency, document",
		`ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, owner = excluded.owner, type = excluded.type,
		opened_at = excluded.opened_at, amount = excluded.amount, currency = excluded.currency, document = excluded.document`)
	for _, x := range last(e.Opportunities, func(o *opportunity.Opportunity) string { return o.ID }) {
		doc, err := encode(opportunityDocument{Opportunity: x})
		if err != nil {
			return nil, err
		}
		b.add(x.ID, x.Account, string(x.Stage), x.Owner, string(x.Type), x.OpenedAt, int64(x.Amount.Minor), string(x.Amount.Currency), doc)
	}
	return b, nil
}

// lines has no ON CONFLICT: a line that is there already must never be written over, and
// writing it twice is a fault of ours that must show.
func lines(e *engine.Effects) *batch {
	b := insert("ledger", `account, seq, effective_at, recorded_at, delta, mrr, currency, movement, type, motion, source, ref, note`, "")
	for i := range e.Lines {
		l := &e.Lines[i]
		b.add(l.Account, l.Seq, l.EffectiveAt, l.RecordedAt, int64(l.Delta), int64(l.MRR), string(l.Currency),
			l.Movement, string(l.Type), l.Motion, l.Source, l.Ref, l.Note)
	}
	return b
}

func periods(e *engine.Effects) *batch {
	type id struct {
		account, meter string
		start          clock.Time
		per            catalog.Period
	}
	b := insert("usage_periods", "account, meter, start_at, per, end_at, usage, late",
		"ON CONFLICT (account, meter, start_at, per) DO UPDATE SET end_at = excluded.end_at, usage = excluded.usage, late = excluded.late")
	for _, p := range last(e.Periods, func(p *engine.PeriodRow) id { return id{p.Account, p.Meter, p.Start, p.Per} }) {
		b.add(p.Account, p.Meter, p.Start, string(p.Per), p.End, p.Usage, p.Late)
	}
	return b
}

func forwards(c *engine.Checkpoint) *batch {
	b := insert("outbox", "partition, record, due", "")
	for i := range c.Effects.Forwards {
		b.add(c.Partition, event.AppendRecord(nil, &c.Effects.Forwards[i]), c.Now)
	}
	return b
}
