package headroom

import (
	"fmt"
	"testing"
	"time"
)

// benched returns an account with ten features and the real clock.
func benched(b *testing.B) *Account {
	items := []*Item{emails(700, 1000)}
	for i := range 9 {
		items = append(items, &Item{Feature: fmt.Sprint("feature_", i), Kind: Boolean, Allowed: true, Reason: Included})
	}
	a, _ := standing(b, items...)
	a.client.elapsed = nil
	a.client.MaxStale = 1000 * time.Hour
	return a
}

var sink Answer

func BenchmarkCheck(b *testing.B) {
	a := benched(b)
	b.Run("gate", func(b *testing.B) {
		g := a.Metered("emails")
		b.ReportAllocs()
		for b.Loop() {
			sink = g.Check(1)
		}
	})
	b.Run("by_key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink = a.Check("emails", 1)
		}
	})
	b.Run("boolean_by_key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink = a.Check("feature_3", 1)
		}
	})
	b.Run("with_account", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			of, err := a.client.Account(b.Context(), "acme")
			if err != nil {
				b.Fatal(err)
			}
			sink = of.Check("emails", 1)
		}
	})
	b.Run("refused", func(b *testing.B) {
		g := a.Metered("emails")
		b.ReportAllocs()
		for b.Loop() {
			sink = g.Check(5000)
		}
	})
	b.Run("clock_alone", func(b *testing.B) {
		for b.Loop() {
			clock = a.client.now()
		}
	})
}

var clock time.Duration

func BenchmarkCheckParallel(b *testing.B) {
	a := benched(b)
	g := a.Metered("emails")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if !g.Check(1).Allowed {
				b.Error("closed")
			}
		}
	})
}
