package api

import (
	"context"
	"encoding/json"

	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

// poolAbove returns the account's parent when the answer is a no for want of an entitlement of
// its own to a feature that families share; else nothing.
func poolAbove(v runner.View, a *entitlement.Answer) string {
	if v.Account == nil || v.Account.Facts.Parent == "" || !a.Lacks() {
		return ""
	}
	if f := v.Catalog.Features[a.Feature]; f == nil || !f.Pooled {
		return ""
	}
	return v.Account.Facts.Parent
}

// ancestors calls f for the parent, its parent and so on, until f says that it is enough.
func (s *Server) ancestors(ctx context.Context, account, parent string, f func(key string, v runner.View) bool) error {
	seen := map[string]bool{account: true}
	for range engine.MaxFamily {
		if parent == "" || seen[parent] {
			return nil
		}
		seen[parent] = true
		next, enough := "", false
		err := s.Runner.ReadAnywhere(ctx, parent, func(v runner.View) error {
			if v.Account != nil {
				next, enough = v.Account.Facts.Parent, f(parent, v)
			}
			return nil
		})
		if err != nil || enough {
			return err
		}
		parent = next
	}
	return nil
}

// fromPool puts the answer of the nearest account above that has an entitlement into the place
// of the account's own; without one it stays as it is.
func (s *Server) fromPool(ctx context.Context, account, parent string, q quantity.Quantity, out *CheckAnswer) error {
	return s.ancestors(ctx, account, parent, func(key string, v runner.View) bool {
		a := entitlement.Check(v.Account.Input(v.Catalog, v.State.Now), out.Feature, q)
		if a.Lacks() {
			return false
		}
		a.Holder = key
		out.Answer, out.Stale = a, out.Stale || v.Stale
		return true
	})
}

// holder returns the account whose pool a consume takes from or a release gives back to; empty
// for the account itself. A release may name the holder of an earlier time.
func (s *Server) holder(ctx context.Context, kind event.Kind, account, feature, named string) (string, error) {
	if named != "" && named != account {
		return named, event.CheckKey(named)
	}
	parent, held := "", false
	err := s.Runner.Read(ctx, account, 0, func(v runner.View) error {
		f := v.Catalog.Features[feature]
		if v.Account == nil || f == nil || !f.Pooled || !f.Counted() || v.Account.Facts.Parent == "" {
			return nil
		}
		in := v.Account.Input(v.Catalog, v.State.Now)
		if held = kind == event.KindRelease && entitlement.HeldBy(in, f, "") > 0; held {
			return nil
		}
		if a := entitlement.Check(in, feature, 0); a.Lacks() {
			parent = v.Account.Facts.Parent
		}
		return nil
	})
	if err != nil || parent == "" || held {
		return "", err
	}
	holder := ""
	err = s.ancestors(ctx, account, parent, func(key string, v runner.View) bool {
		in := v.Account.Input(v.Catalog, v.State.Now)
		f := v.Catalog.Features[feature]
		a := entitlement.Check(in, feature, 0)
		enough := !a.Lacks()
		if kind == event.KindRelease && f != nil { // of what it holds, whatever became of the entitlement
			enough = entitlement.HeldBy(in, f, account) > 0
		}
		if enough {
			holder = key
		}
		return enough
	})
	return holder, err
}

// claimed makes a consume or release durable and goes on with it at the holder of the pool that
// it was first sent to, if it was sent to one.
func (s *Server) claimed(ctx context.Context, rec event.Record) (out entitlement.Answer, position uint64, err error) {
	a, position, err := s.Runner.Call(ctx, rec)
	if err != nil {
		return out, position, err
	}
	if claim, goesOn := engine.ClaimOf(a); goesOn {
		if rec, err = claim.Record(&rec, s.Clock.Now()); err != nil {
			return out, position, err
		}
		if a, position, err = s.Runner.CallAnywhere(ctx, rec); err != nil {
			return out, position, err
		}
	}
	if a.Fault != nil {
		return out, position, a.Fault
	}
	return out, position, json.Unmarshal(a.Body, &out)
}

type poolsAnswer struct {
	Body struct {
		Items    []entitlement.Pool `json:"items"`
		Position string             `json:"position"`
	}
}

// listPools answers what an account shares with those below it, and who holds how much.
func (s *Server) listPools(ctx context.Context, in *accountRead) (*poolsAnswer, error) {
	if err := principal(ctx).ForAccount(in.Account); err != nil {
		return nil, err
	}
	out := &poolsAnswer{}
	err := s.account(ctx, in, func(v runner.View) error {
		out.Body.Items = entitlement.PoolsOf(v.Account.Input(v.Catalog, v.State.Now), in.Account)
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}

// forHolder refuses a browser what is of another account than its own: a reservation at the
// holder of its family's pool is its own when it was made for it.
func forHolder(ctx context.Context, holder, child string) error {
	p := principal(ctx)
	if child != "" {
		holder = child
	}
	if err := p.ForAccount(holder); err != nil {
		return fault.New(fault.NotFound, "reservation_not_found", "there is no such reservation").
			WithMend("reserve again")
	}
	return nil
}
