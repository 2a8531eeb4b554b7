package dbtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"strings"
	"sync"

	"modernc.org/sqlite"

	"github.com/headroomhq/headroom/internal/db"
)

// Op is what is asked of the database.
type Op string

// The operations a Wire hears of. Rolling back is none: it always takes place.
const (
	Begin     Op = "begin"     // of a transaction
	Statement Op = "statement" // in a transaction
	Commit    Op = "commit"    // of a transaction
	Query     Op = "query"     // a statement outside of transactions
)

// Wire stands between the product and its database, where a network would be. It is called
// for every operation and runs do, once or never, for it to take place; the error it returns is what
// the product hears, so that it can lose a question (do is not called) or an answer (its result is replaced
// by an error). Statements and queries come with their text. ctx is the one the product asked with.
type Wire func(ctx context.Context, op Op, query string, do func() error) error

// Spoil replaces the text of a statement on its way, for tests of tests: would they notice a
// product that lacks a condition?
type Spoil func(query string) string

// Server keeps the connections to one SQLite database open from one db.DB to the next, which
// opening them would cost most of a short test's time.
type Server struct {
	path  string
	spoil Spoil

	mu   sync.Mutex
	idle map[string][]*conn // by address
	tidy *sql.DB
	wipe []string // statements that empty all tables
}

// NewServer makes the database path, an absolute file name, in which nothing waits for the
// disk. spoil may be nil. The ledger can be emptied there: its triggers are left out.
func NewServer(ctx context.Context, path string, spoil Spoil) (*Server, error) {
	if spoil == nil {
		spoil = func(query string) string { return query }
	}
	s := &Server{path: path, spoil: spoil, idle: make(map[string][]*conn)}
	through := func(_ context.Context, _ Op, _ string, do func() error) error { return do() }
	d, err := s.Open(ctx, through)
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	if s.tidy, err = sql.Open("sqlite", s.address("immediate")); err != nil {
		return nil, err
	}
	rows, err := s.tidy.QueryContext(ctx, "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'trigger') AND name NOT LIKE 'sqlite_%' AND name <> 'schema_version'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var what, name string
		if err := rows.Scan(&what, &name); err != nil {
			return nil, err
		}
		if what == "trigger" {
			defer s.tidy.ExecContext(ctx, "DROP TRIGGER "+name) // when rows are closed
		} else {
			s.wipe = append(s.wipe, "DELETE FROM "+name)
		}
	}
	return s, rows.Err()
}

// Empty deletes every row.
func (s *Server) Empty(ctx context.Context) error {
	_, err := s.tidy.ExecContext(ctx, "PRAGMA defer_foreign_keys = 1; BEGIN; "+strings.Join(s.wipe, "; ")+"; COMMIT")
	return err
}

// Open opens the database through a wire. There is no limit of writing connections: a wire
// that holds one transaction up holds up all.
func (s *Server) Open(ctx context.Context, wire Wire) (*db.DB, error) {
	open := func(lock string, pragmas ...string) *sql.DB {
		pool := sql.OpenDB(&connector{server: s, address: s.address(lock, pragmas...), wire: wire})
		pool.SetMaxIdleConns(16)
		return pool
	}
	return db.Over(ctx, db.SQLite, open("immediate"), open("deferred", "query_only(1)"))
}

// Close closes all connections.
func (s *Server) Close() {
	for _, idle := range s.idle {
		for _, c := range idle {
			c.discard()
		}
	}
	s.tidy.Close()
}

func (s *Server) address(lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": append(pragmas, "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(OFF)", "recursive_triggers(1)", "foreign_keys(1)")}
	return (&url.URL{Scheme: "file", Path: s.path, RawQuery: q.Encode()}).String()
}

type connector struct {
	server  *Server
	address string
	wire    Wire
}

func (c *connector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if idle := s.idle[c.address]; len(idle) > 0 {
		old := idle[len(idle)-1]
		s.idle[c.address] = idle[:len(idle)-1]
		old.wire = c.wire
		return old, nil
	}
	inner, err := sqlite.NewConnector(c.address)
	if err != nil {
		return nil, err
	}
	opened, err := inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: opened, server: s, address: c.address, wire: c.wire, known: make(map[string]*stmt)}, nil
}

// conn passes everything on to SQLite's, through the wire.
type conn struct {
	driver.Conn
	server  *Server
	address string
	wire    Wire
	inTx    bool
	known   map[string]*stmt // asked before: parsing takes SQLite longer than running
}

// Close keeps the connection for the next DB.
func (c *conn) Close() error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.idle[c.address] = append(c.server.idle[c.address], c)
	return nil
}

func (c *conn) discard() {
	for _, st := range c.known {
		st.Stmt.Close()
	}
	c.Conn.Close()
}

// op says what a statement on the connection is.
func (c *conn) op() Op {
	if c.inTx {
		return Statement
	}
	return Query
}

// plain is the context that SQLite sees: it would start a goroutine to watch one that can end.
func plain(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	var inner driver.Tx
	begun := false
	err := c.wire(ctx, Begin, "", func() (err error) {
		inner, err = c.Conn.(driver.ConnBeginTx).BeginTx(plain(ctx), o)
		begun = err == nil
		return err
	})
	if err != nil && begun {
		err = errors.Join(err, inner.Rollback())
	}
	if err != nil {
		return nil, err
	}
	c.inTx = true
	return &tx{Tx: inner, ctx: ctx, conn: c}, nil
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if strings.Contains(query, ";") { // a migration: several statements
		return c.Conn.(driver.ExecerContext).ExecContext(plain(ctx), query, args)
	}
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args)
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.prepare(ctx, query)
}

func (c *conn) prepare(ctx context.Context, query string) (*stmt, error) {
	if st := c.known[query]; st != nil {
		return st, nil
	}
	inner, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(plain(ctx), c.server.spoil(query))
	if err != nil {
		return nil, err
	}
	st := &stmt{Stmt: inner, query: query, conn: c}
	c.known[query] = st
	return st, nil
}

func (c *conn) ask(ctx context.Context, query string, f func() (driver.Rows, error)) (rows driver.Rows, err error) {
	given := false
	err = c.wire(ctx, c.op(), query, func() (err error) { rows, err = f(); given = err == nil; return err })
	if err != nil && given {
		err = errors.Join(err, rows.Close())
	}
	if err != nil {
		return nil, err
	}
	return rows, nil
}

type stmt struct {
	driver.Stmt
	query string
	conn  *conn
}

// Close leaves it to the connection, which may be asked the same again.
func (s *stmt) Close() error { return nil }

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	var result driver.Result = driver.RowsAffected(1) // when the wire says that all is well and does nothing
	err := s.conn.wire(ctx, s.conn.op(), s.query, func() (err error) {
		result, err = s.Stmt.(driver.StmtExecContext).ExecContext(plain(ctx), args)
		return err
	})
	return result, err
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.ask(ctx, s.query, func() (driver.Rows, error) {
		return s.Stmt.(driver.StmtQueryContext).QueryContext(plain(ctx), args)
	})
}

type tx struct {
	driver.Tx
	ctx  context.Context // database/sql gives Commit none
	conn *conn
}

func (t *tx) Commit() error {
	asked := false
	err := t.conn.wire(t.ctx, Commit, "", func() error { asked = true; return t.Tx.Commit() })
	if !asked {
		err = errors.Join(err, t.Tx.Rollback())
	}
	t.conn.inTx = false
	return err
}

func (t *tx) Rollback() error {
	t.conn.inTx = false
	return t.Tx.Rollback()
}
