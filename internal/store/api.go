// Package store holds all SQL: what checkpoints write, and what lists and the shell read.
package store

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/money"
	"github.com/headroomhq/headroom/internal/offer"
	"github.com/headroomhq/headroom/internal/opportunity"
	"github.com/headroomhq/headroom/internal/revenue"
	"github.com/headroomhq/headroom/internal/signal"
	"time"
)

// Store reads and writes the database. Safe for several goroutines.
type Store struct{ db *db.DB }

// New returns a store on an open database.
func New(d *db.DB) *Store { return &Store{db: d} }

// Commit writes a checkpoint in one transaction. Faults: lost_partition (Conflict) when
// position, epoch or stream are no longer those of c, and nothing was written;
// already_committed (Conflict) when this very checkpoint was written before.
func (s *Store) Commit(ctx context.Context, c *engine.Checkpoint) error { panic("soon") }

// Lease is the ownership of a partition and where its checkpoint stands.
type Lease struct {
	Partition int
	Owner     string // random per process
	Address   string // where other nodes reach it
	Epoch     int64
	Expires   clock.Time // database time
	Stream    string
	Position  uint64
	Now       clock.Time
	Catalog   string
	Rules     int
}

// InitPartitions fixes the number of partitions and the stream at the first start, and
// returns what was fixed.
func (s *Store) InitPartitions(ctx context.Context, n int, stream string) (int, string, error) {
	panic("soon")
}

// Acquire takes the lease of a partition when it is free or expired.
func (s *Store) Acquire(ctx context.Context, partition int, owner, address string, ttl time.Duration) (Lease, bool, error) {
	panic("soon")
}

// Renew extends the leases that owner still holds (by partition and epoch) and returns those partitions.
func (s *Store) Renew(ctx context.Context, owner string, held map[int]int64, ttl time.Duration) ([]int, error) {
	panic("soon")
}

// Release gives a lease back; nothing happens when it is no longer held.
func (s *Store) Release(ctx context.Context, partition int, epoch int64) error { panic("soon") }

// FreeLeases ends all leases on SQLite, where the lock of the data directory proves that
// their owners are dead; call it once after opening. Does nothing on PostgreSQL.
func (s *Store) FreeLeases(ctx context.Context) error { panic("soon") }

// Partitions returns every partition, in order. Owner is empty where the lease is free or expired.
func (s *Store) Partitions(ctx context.Context) ([]Lease, error) { panic("soon") }

// MinPosition returns the oldest checkpoint's position.
func (s *Store) MinPosition(ctx context.Context) (uint64, error) { panic("soon") }

// AccountStates returns the states of the accounts that have one.
func (s *Store) AccountStates(ctx context.Context, keys []string) (map[string][]byte, error) {
	panic("soon")
}

// AccountTimer is a timer with its account.
type AccountTimer struct {
	Account string
	engine.Timer
}

// Timers returns all timers of a partition, in no order.
func (s *Store) Timers(ctx context.Context, partition int) ([]AccountTimer, error) { panic("soon") }

// Segments returns all fingerprints of a partition and event day, in no order.
func (s *Store) Segments(ctx context.Context, partition int, day int32) ([]event.Fingerprint, error) {
	panic("soon")
}

// Answer returns the answer kept for an account's call; ok is false when there is none.
func (s *Store) Answer(ctx context.Context, account string, fp event.Fingerprint) (row engine.AnswerRow, ok bool, err error) {
	panic("soon")
}

// Outgoing is a record on its way to another partition.
type Outgoing struct {
	ID     int64
	Record event.Record
}

// Outbox returns the oldest forwards of a partition, at most limit.
func (s *Store) Outbox(ctx context.Context, partition, limit int) ([]Outgoing, error) { panic("soon") }

// DeleteOutbox deletes forwards that are in the log now.
func (s *Store) DeleteOutbox(ctx context.Context, ids []int64) error { panic("soon") }

// Page asks for a part of a list: Cursor is Next of the part before, empty for the first;
// Limit is 50 when zero and 500 at most.
type Page struct {
	Cursor string
	Limit  int
}

// List is a part of a list. Next is empty at the end.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// AccountFilter narrows Accounts; empty fields let everything pass.
type AccountFilter struct {
	Plan, Status, Parent string
	Search               string // part of key, name or domain, in any case
}

// Accounts lists accounts by key.
func (s *Store) Accounts(ctx context.Context, f AccountFilter, p Page) (List[engine.Listing], error) {
	panic("soon")
}

// Account returns one listing, fault account_not_found (NotFound) when there is none.
func (s *Store) Account(ctx context.Context, key string) (engine.Listing, error) { panic("soon") }

// People lists the people of an account by pseudonym.
func (s *Store) People(ctx context.Context, acct string, p Page) (List[account.Person], error) {
	panic("soon")
}

// AccountsOf returns the accounts a person belongs to.
func (s *Store) AccountsOf(ctx context.Context, pseudonym string) ([]string, error) { panic("soon") }

// Limit is how near an account is to a limit.
type Limit struct {
	Account string
	Name    string
	engine.LimitRow
}

// Limits lists limits with the highest percentage first, from the least percentage on.
func (s *Store) Limits(ctx context.Context, least int64, p Page) (List[Limit], error) { panic("soon") }

// SignalFilter narrows Signals.
type SignalFilter struct{ Account, Key string }

// Signals lists signals, newest first.
func (s *Store) Signals(ctx context.Context, f SignalFilter, p Page) (List[signal.Signal], error) {
	panic("soon")
}

// Decision returns a decision, fault decision_not_found (NotFound).
func (s *Store) Decision(ctx context.Context, id string) (offer.Decision, error) { panic("soon") }

// Decisions lists an account's decisions, newest first.
func (s *Store) Decisions(ctx context.Context, acct string, p Page) (List[offer.Decision], error) {
	panic("soon")
}

// Outcomes returns what became of a decision, oldest first.
func (s *Store) Outcomes(ctx context.Context, decision string) ([]offer.Outcome, error) {
	panic("soon")
}

// Funnel counts decisions of one offer made in a time, and what became of them since.
// Each decision counts once per column.
type Funnel struct {
	Offer                                                         string
	Shown, Seen, Clicked, Dismissed, Requested, Accepted, Holdout int64
}

// Funnels counts per offer the decisions with from <= at < to.
func (s *Store) Funnels(ctx context.Context, from, to clock.Time) ([]Funnel, error) { panic("soon") }

// RequestFilter narrows Requests.
type RequestFilter struct{ Account, Status string }

// Requests lists upgrade requests, newest first.
func (s *Store) Requests(ctx context.Context, f RequestFilter, p Page) (List[offer.Request], error) {
	panic("soon")
}

// Request returns a request, fault request_not_found (NotFound).
func (s *Store) Request(ctx context.Context, id string) (offer.Request, error) { panic("soon") }

// OpportunityFilter narrows Opportunities.
type OpportunityFilter struct{ Account, Stage, Owner, Type string }

// Opportunities lists opportunities, newest first.
func (s *Store) Opportunities(ctx context.Context, f OpportunityFilter, p Page) (List[opportunity.Opportunity], error) {
	panic("soon")
}

// Opportunity returns an opportunity, fault opportunity_not_found (NotFound).
func (s *Store) Opportunity(ctx context.Context, id string) (opportunity.Opportunity, error) {
	panic("soon")
}

// LedgerFilter narrows the ledger. AsOf leaves out lines recorded later; zero is now.
type LedgerFilter struct {
	Account  string
	Currency money.Currency
	AsOf     clock.Time
}

// Ledger streams lines by account and seq. Stop early by leaving the loop.
func (s *Store) Ledger(ctx context.Context, f LedgerFilter) iter.Seq2[revenue.Line, error] {
	panic("soon")
}

// LedgerLines lists lines, newest recorded first.
func (s *Store) LedgerLines(ctx context.Context, f LedgerFilter, p Page) (List[revenue.Line], error) {
	panic("soon")
}

// Periods lists the closed usage periods of an account, newest first.
func (s *Store) Periods(ctx context.Context, acct string, p Page) (List[engine.PeriodRow], error) {
	panic("soon")
}

// Counts is how much of everything there is now.
type Counts struct {
	Accounts          int64                             `json:"accounts"`
	Paying            int64                             `json:"paying"`   // with MRR above zero
	Trialing          int64                             `json:"trialing"` // in a trial
	MRR               map[money.Currency]money.Twelfths `json:"mrr"`
	Signals           int64                             `json:"signals"`
	OpenOpportunities int64                             `json:"open_opportunities"`
	OpenRequests      int64                             `json:"open_requests"`
}

// Counts counts.
func (s *Store) Counts(ctx context.Context) (Counts, error) { panic("soon") }

// Meta returns a value of the meta table; ok is false when there is none.
func (s *Store) Meta(ctx context.Context, key string) (value []byte, ok bool, err error) {
	panic("soon")
}

// SetMetaOnce stores value unless the key has one, and returns the one that stands.
func (s *Store) SetMetaOnce(ctx context.Context, key string, value []byte) ([]byte, error) {
	panic("soon")
}

// EnsureSecret returns the secret of that name, made of size random bytes at first use.
func (s *Store) EnsureSecret(ctx context.Context, name string, size int) ([]byte, error) {
	panic("soon")
}

// Catalog is an immutable version of the catalog's text.
type Catalog struct {
	Version   string     `json:"version"`
	Text      string     `json:"text"`
	Author    string     `json:"author"`
	Note      string     `json:"note"`
	CreatedAt clock.Time `json:"created_at"`
}

// PutCatalog stores a version; storing the same version again changes nothing.
func (s *Store) PutCatalog(ctx context.Context, c Catalog) error { panic("soon") }

// Catalog returns a version, fault catalog_not_found (NotFound).
func (s *Store) Catalog(ctx context.Context, version string) (Catalog, error) { panic("soon") }

// Catalogs lists versions, newest first, without their text.
func (s *Store) Catalogs(ctx context.Context, p Page) (List[Catalog], error) { panic("soon") }

// Activation is a catalog version becoming active by the record at a position.
type Activation struct {
	Version  string     `json:"version"`
	At       clock.Time `json:"at"`
	Position uint64     `json:"position"`
}

// PutActivation notes an activation; the same position again changes nothing.
func (s *Store) PutActivation(ctx context.Context, a Activation) error { panic("soon") }

// Activations lists activations, newest first.
func (s *Store) Activations(ctx context.Context, p Page) (List[Activation], error) { panic("soon") }

// Key is an API key. The secret itself is not kept, only its hash.
type Key struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"` // secret or publishable
	Hash      []byte     `json:"-"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	Hint      string     `json:"hint"` // the first and last characters, to recognise it
	TokenKey  []byte     `json:"-"`    // signs the user tokens of a publishable key
	CreatedAt clock.Time `json:"created_at"`
	RevokedAt clock.Time `json:"revoked_at"`
}

// PutKey stores a new key.
func (s *Store) PutKey(ctx context.Context, k Key) error { panic("soon") }

// KeyByHash returns a key, revoked or not; ok is false when there is none.
func (s *Store) KeyByHash(ctx context.Context, hash []byte) (k Key, ok bool, err error) {
	panic("soon")
}

// Keys returns all keys, newest first.
func (s *Store) Keys(ctx context.Context) ([]Key, error) { panic("soon") }

// RevokeKey revokes a key, fault key_not_found (NotFound). A second time changes nothing.
func (s *Store) RevokeKey(ctx context.Context, id string, at clock.Time) error { panic("soon") }

// ConsoleUser is a person of the console.
type ConsoleUser struct {
	Name      string
	Password  string // argon2id hash in its text form
	Role      string
	CreatedAt clock.Time
}

// PutConsoleUser stores a person or replaces password and role.
func (s *Store) PutConsoleUser(ctx context.Context, u ConsoleUser) error { panic("soon") }

// ConsoleUser returns a person; ok is false when there is none.
func (s *Store) ConsoleUser(ctx context.Context, name string) (u ConsoleUser, ok bool, err error) {
	panic("soon")
}

// Session is a console session, by the hash of its token.
type Session struct {
	Hash      []byte
	User      string
	CreatedAt clock.Time
	ExpiresAt clock.Time
}

// PutSession stores a session and deletes expired ones.
func (s *Store) PutSession(ctx context.Context, x Session) error { panic("soon") }

// Session returns a session; ok is false when there is none. Expiry is for the caller to judge.
func (s *Store) Session(ctx context.Context, hash []byte) (x Session, ok bool, err error) {
	panic("soon")
}

// DeleteSession ends a session.
func (s *Store) DeleteSession(ctx context.Context, hash []byte) error { panic("soon") }

// PersonKeys returns the keys of persons, making those that are missing of 32 random
// bytes, unless the person was erased: then the key is absent.
func (s *Store) PersonKeys(ctx context.Context, pseudonyms []string, at clock.Time) (map[string][]byte, error) {
	panic("soon")
}

// FindPersonKeys returns the keys of the persons that have one.
func (s *Store) FindPersonKeys(ctx context.Context, pseudonyms []string) (map[string][]byte, error) {
	panic("soon")
}

// ErasePerson deletes a person's key, so that nothing sealed with it can be read again.
func (s *Store) ErasePerson(ctx context.Context, pseudonym string, at clock.Time) error {
	panic("soon")
}

// Import is the progress of an import.
type Import struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	File      string          `json:"file"`
	RowsDone  int64           `json:"rows_done"`
	Status    string          `json:"status"` // running, done or failed
	Report    json.RawMessage `json:"report,omitempty"`
	CreatedAt clock.Time      `json:"created_at"`
	UpdatedAt clock.Time      `json:"updated_at"`
}

// PutImport stores an import's progress.
func (s *Store) PutImport(ctx context.Context, i Import) error { panic("soon") }

// Import returns an import; ok is false when there is none.
func (s *Store) Import(ctx context.Context, id string) (i Import, ok bool, err error) { panic("soon") }

// Imports lists imports, newest first.
func (s *Store) Imports(ctx context.Context, p Page) (List[Import], error) { panic("soon") }
