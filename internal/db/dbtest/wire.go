package dbtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"

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

// Wired opens the SQLite database at path (an absolute file name, made and migrated when new)
// through a wire; spoil may be nil. It never waits for the disk, and has no limit of writing connections:
// the wire has to see to it that one transaction ends before the next begins.
func Wired(ctx context.Context, path string, wire Wire, spoil Spoil) (*db.DB, error) {
	if spoil == nil {
		spoil = func(query string) string { return query }
	}
	open := func(lock string, pragmas ...string) (*sql.DB, error) {
		q := url.Values{"_txlock": {lock}, "_pragma": append(pragmas, "journal_mode(WAL)", "synchronous(OFF)", "recursive_triggers(1)", "foreign_keys(1)")}
		inner, err := sqlite.NewConnector((&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
		if err != nil {
			return nil, err
		}
		pool := sql.OpenDB(&connector{Connector: inner, wire: wire, spoil: spoil})
		pool.SetMaxIdleConns(16)
		return pool, nil
	}
	write, err := open("immediate")
	if err != nil {
		return nil, err
	}
	read, err := open("deferred", "query_only(1)")
	if err != nil {
		write.Close()
		return nil, err
	}
	return db.Over(ctx, db.SQLite, write, read)
}

type connector struct {
	driver.Connector
	wire  Wire
	spoil Spoil
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: inner, wire: c.wire, spoil: c.spoil}, nil
}

// conn passes everything on to SQLite's, through the wire.
type conn struct {
	driver.Conn
	wire  Wire
	spoil Spoil
	inTx  bool
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
	err := c.wire(ctx, Begin, "", func() (err error) {
		inner, err = c.Conn.(driver.ConnBeginTx).BeginTx(plain(ctx), o)
		return err
	})
	if err != nil && inner != nil {
		err = errors.Join(err, inner.Rollback())
	}
	if err != nil {
		return nil, err
	}
	c.inTx = true
	return &tx{Tx: inner, ctx: ctx, conn: c}, nil
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	var result driver.Result = driver.RowsAffected(1) // when the wire says that all is well and does nothing
	err := c.wire(ctx, c.op(), query, func() (err error) {
		result, err = c.Conn.(driver.ExecerContext).ExecContext(plain(ctx), c.spoil(query), args)
		return err
	})
	return result, err
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.ask(ctx, query, func() (driver.Rows, error) {
		return c.Conn.(driver.QueryerContext).QueryContext(plain(ctx), c.spoil(query), args)
	})
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	inner, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(plain(ctx), c.spoil(query))
	if err != nil {
		return nil, err
	}
	return &stmt{Stmt: inner, query: query, conn: c}, nil
}

func (c *conn) ask(ctx context.Context, query string, f func() (driver.Rows, error)) (rows driver.Rows, err error) {
	err = c.wire(ctx, c.op(), query, func() (err error) { rows, err = f(); return err })
	if err != nil && rows != nil {
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
	ctx  context.Context //nolint:containedctx // database/sql gives Commit none
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
