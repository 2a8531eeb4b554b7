package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/headroomhq/headroom/internal/fault"
)

// connections is the size of the pool on PostgreSQL: a checkpoint for every core that steps
// and room for lists, and a handful of nodes still fit in the server's usual limit of 100.
const connections = 16

// openPostgres connects by URL.
func openPostgres(ctx context.Context, target string) (*DB, error) {
	config, err := pgx.ParseConfig(target)
	if err != nil {
		return nil, fault.New(fault.Invalid, "database_url_invalid", "the database URL %s is not one PostgreSQL understands", redact(target)).
			WithMend("write it as postgres://user:password@host:5432/database").WithCause(err)
	}
	set := func(name, value string) {
		if _, ok := config.RuntimeParams[name]; !ok {
			config.RuntimeParams[name] = value
		}
	}
	set("application_name", "headroom")
	set("timezone", "UTC")
	// A client that died without a word must not hold a partition's row for ever.
	set("idle_in_transaction_session_timeout", "60000")
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fault.New(fault.Unavailable, "database_unavailable", "PostgreSQL at %s does not answer: %s", redact(target), rootCause(err)).
			WithMend("check that the server runs and that address, user, password and database of --database are right").
			WithCause(err)
	}
	return &DB{engine: Postgres, write: pool, read: pool}, nil
}

// redact takes the password out of a URL.
func redact(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "(unreadable)"
	}
	return u.Redacted()
}

// rootCause returns the innermost error's text: "connection refused" without the rest.
func rootCause(err error) string {
	for {
		var joined interface{ Unwrap() []error }
		if errors.As(err, &joined) && len(joined.Unwrap()) > 0 {
			err = joined.Unwrap()[0]
			continue
		}
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

var _ Querier = (*sql.DB)(nil)
