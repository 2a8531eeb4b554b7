package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/headroomhq/headroom/internal/db"
)

// multiplied are the tables that lists and analyses read of accounts. What Step itself reads of the copies is
// not made: they are only looked at.
var multiplied = []string{
	"account_states", "accounts", "people", "limits", "signals", "decisions", "outcomes", "requests", "opportunities", "ledger", "usage_periods",
	"gates", "value_lines", "contacts", "moments", "fact_changes", "milestones", "stage_moves", "lifecycle", "readiness",
}

// Multiply writes every account so many times more, under keys of its own: for measurements of what a database
// with very many accounts answers, where letting as many live through Step would take hours. Their documents
// name the account that they are a copy of.
func (s *Store) Multiply(ctx context.Context, times int) error {
	statements := make(map[string]string)
	for _, table := range multiplied {
		var columns, values []string
		err := s.columns(ctx, table, func(column string) {
			value := column
			switch {
			case column == "account", column == "id", column == "decision":
				value = "CASE WHEN " + column + " = '' THEN '' ELSE " + column + " || '%[1]s' END"
			case table == "accounts" && column == "name":
				value = "name || ' %[1]s'"
			}
			columns, values = append(columns, column), append(values, value)
		})
		if err != nil {
			return err
		}
		statements[table] = "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(values, ", ") + " FROM " + table + " WHERE account NOT LIKE '%%~%%'"
	}
	for n := range times {
		err := s.db.InTx(ctx, func(tx *sql.Tx) error {
			for _, table := range multiplied {
				if _, err := tx.ExecContext(ctx, fmt.Sprintf(statements[table], fmt.Sprintf("~%d", n+1))); err != nil {
					return fmt.Errorf("copies of %s: %w", table, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// columns calls f with the name of each column of a table.
func (s *Store) columns(ctx context.Context, table string, f func(string)) error {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT * FROM "+table+" LIMIT 0") //nolint:unqueryvet // one of ours, and all there is
	if err != nil {
		return db.Fault(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return db.Fault(err)
	}
	for _, name := range names {
		f(name)
	}
	return db.Fault(rows.Err())
}
