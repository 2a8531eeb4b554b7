package store_test

import (
	"database/sql"
	"reflect"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/account"
	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/db/dbtest"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/store"
)

func TestLinesOfTheValueLedgerReadAsWrittenAndStand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, open func() *db.DB) {
		d := open()
		s := store.New(d)
		_, _, err := s.InitPartitions(ctx, 4, "log-1")
		must(t, err)
		_, _, err = s.Acquire(ctx, 0, "me", "127.0.0.1:1", time.Minute)
		must(t, err)
		crowd(t, s)
		got, err := s.ValueLines(ctx, store.ValueFilter{Account: "k03", Metric: "near"}, store.Page{})
		must(t, err)
		want := engine.ValueLine{Account: "k03", Metric: "near", Start: noon, End: noon + clock.Hour, State: "below"}
		if len(got.Items) != 1 || !reflect.DeepEqual(got.Items[0], want) {
			t.Errorf("%+v, want %+v", got.Items, want)
		}
		c := next(10, 11)
		c.Accounts = append(c.Accounts, engine.AccountRow{Key: "k05", State: []byte("{}"), Listing: &engine.Listing{Account: account.Account{Key: "k05"}, Plan: "pro", Status: "canceled"}})
		must(t, s.Commit(ctx, c))
		for _, x := range []struct {
			name   string
			filter store.ValueFilter
			lines  int
		}{
			{"all", store.ValueFilter{}, 46},
			{"of accounts with a live subscription", store.ValueFilter{Live: true}, 44},
			{"of metrics there are", store.ValueFilter{Metrics: []string{"near", "other"}}, 23},
			{"of no metric, because there is none", store.ValueFilter{Metrics: []string{}}, 0},
			{"of both", store.ValueFilter{Live: true, Metrics: []string{"near"}, Out: true}, 22},
		} {
			got, err := s.ValueLines(ctx, x.filter, store.Page{Limit: 100})
			must(t, err)
			if len(got.Items) != x.lines {
				t.Errorf("lines %s: %d, want %d", x.name, len(got.Items), x.lines)
			}
		}
		between, err := s.ValueBetween(ctx, "k03", noon, noon+clock.Hour)
		must(t, err)
		if len(between) != 2 {
			t.Errorf("%d lines between, want 2", len(between))
		}
		for _, statement := range []string{"UPDATE value_lines SET worth = 1", "DELETE FROM value_lines"} {
			err := d.InTx(ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(ctx, statement); return err })
			if err == nil {
				t.Errorf("%s went through", statement)
			}
		}
	})
}
