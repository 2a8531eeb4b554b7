package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/db"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/meter"
	"github.com/headroomhq/headroom/internal/store"
)

func TestMembersOutsideAreAddedToAndReplaced(t *testing.T) {
	set := func(meterKey string, window catalog.Period, data string, replaces bool) engine.SetRow {
		row := meter.Spilled{Window: window, Start: noon, Replaces: replaces, Data: []byte(data)}
		return engine.SetRow{Account: "acme", Meter: meterKey, Spilled: row}
	}
	each(t, func(t *testing.T, s *store.Store, _ func() *db.DB) {
		at := uint64(0)
		for _, c := range []struct {
			name string
			rows []engine.SetRow
			want string
		}{
			{"the first", []engine.SetRow{set("m", catalog.Month, "a", true), set("m", "", "b", true)}, "m  b, m month a"},
			{"another account's are its own", []engine.SetRow{{Account: "other", Meter: "m", Spilled: meter.Spilled{Data: []byte("x")}}}, "m  b, m month a"},
			{"one more", []engine.SetRow{set("m", catalog.Month, "c", false)}, "m  b, m month a, m month c"},
			{"one that takes the place of all", []engine.SetRow{set("m", catalog.Month, "d", true), set("n", "", "e", true)}, "m  b, m month d, n  e"},
			{"the window is over", []engine.SetRow{set("m", catalog.Month, "", true)}, "m  b, n  e"},
		} {
			cp := next(at, at+1)
			at++
			cp.Sets = c.rows
			must(t, s.Commit(ctx, cp))
			rows, err := s.Sets(ctx, 0, "acme")
			must(t, err)
			var got []string
			for _, r := range rows {
				if r.Account != "acme" || r.Start != noon {
					t.Errorf("%s: %+v", c.name, r)
				}
				got = append(got, fmt.Sprintf("%s %s %s", r.Meter, r.Window, r.Data))
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("%s: %s, want %s", c.name, strings.Join(got, ", "), c.want)
			}
		}
	})
}
