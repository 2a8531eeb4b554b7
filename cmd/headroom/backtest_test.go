package main

import (
	"cmp"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/headroomhq/headroom/internal/catalog"
	"github.com/headroomhq/headroom/internal/replay"
	"github.com/headroomhq/headroom/internal/signal"
	"github.com/headroomhq/headroom/internal/store"
)

// A backtest fires what the live engine fires: the same ids, times and evidence.

// storedSignals returns all signals of a stopped company by account and id.
func storedSignals(t *testing.T, st *store.Store) []signal.Signal {
	t.Helper()
	var out []signal.Signal
	for page := (store.Page{Limit: 1000}); ; {
		l, err := st.Signals(t.Context(), store.SignalFilter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l.Items...)
		if l.Next == "" {
			return inOrder(out)
		}
		page.Cursor = l.Next
	}
}

func inOrder(s []signal.Signal) []signal.Signal {
	slices.SortFunc(s, func(a, b signal.Signal) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
	})
	return s
}

// backtested runs a backtest over a stopped company's data and returns what the proposal fired.
func backtested(t *testing.T, data string, q *signal.Question, beside bool) (fired, stored []signal.Signal, b *signal.Backtest) {
	t.Helper()
	at := place{data: data}
	st, log, closed, err := at.open(t.Context(), "wait")
	if err != nil {
		t.Fatal(err)
	}
	defer closed()
	s, err := replay.HistoryOf(t.Context(), st, log, true)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	b, err = replay.Backtest(t.Context(), s, q, replay.Tries{Beside: beside, Fired: func(s signal.Signal) {
		mu.Lock()
		defer mu.Unlock()
		fired = append(fired, s)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return inOrder(fired), storedSignals(t, st), b
}

// wantSignals compares; anybody: companies have pseudonyms of their own.
func wantSignals(t *testing.T, got, want []signal.Signal, anybody bool) {
	t.Helper()
	if len(want) < 3 {
		t.Fatalf("only %d signals were stored: the history says little", len(want))
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !reflect.DeepEqual(asStored(t, got[i], anybody), asStored(t, want[i], anybody)) {
			t.Fatalf("%d fired, %d stored; the first that differs is %d:\n%+v\n%+v", len(got), len(want), i, signalAt(got, i), signalAt(want, i))
		}
	}
}

// asStored is the signal as it is stored.
func asStored(t *testing.T, s signal.Signal, anybody bool) (out map[string]any) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if anybody {
		delete(out, "user")
	}
	return out
}

func signalAt(list []signal.Signal, i int) any {
	if i < len(list) {
		return list[i]
	}
	return "none"
}

func parsed(t *testing.T, text []byte) *catalog.Catalog {
	t.Helper()
	c, findings := catalog.Parse("catalog.yaml", text)
	if err := catalog.AsError(findings); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestABacktestOfTheSameRulesFiresWhatTheServerFired(t *testing.T) {
	c := livedCompany(t)
	text, err := os.ReadFile("../../examples/summit/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cat := parsed(t, text)
	for _, beside := range []bool{false, true} {
		fired, stored, b := backtested(t, c.data, &signal.Question{Current: cat, Proposed: cat, Examples: 100}, beside)
		wantSignals(t, fired, stored, false)
		for _, r := range b.Rules {
			if d := r.Difference; d.NowOnly != (signal.Side{}) || d.BeforeOnly != (signal.Side{}) || len(d.Changes) > 0 {
				t.Errorf("%s: %+v", r.Key, d)
			}
		}
	}
}
