package api

import (
	"context"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/engine"
	"github.com/headroomhq/headroom/internal/entitlement"
	"github.com/headroomhq/headroom/internal/event"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/quantity"
	"github.com/headroomhq/headroom/internal/runner"
)

// reserveFor reads how long to reserve, 0 for not.
func reserveFor(text string) (clock.Time, error) {
	if text == "" {
		return 0, nil
	}
	d, err := parseDays(text)
	length := clock.Time(d.Microseconds())
	if err != nil {
		length = 0
	}
	return length, entitlement.CheckReserve(length)
}

type finalizeRequest struct {
	IdempotencyParam
	ID   string `path:"id" maxLength:"400" doc:"the reservation's id"`
	Body struct {
		Quantity *quantity.Quantity `json:"quantity,omitempty" doc:"what to take in the end, all that was reserved when left out; more only if it still fits"`
	}
}

func (s *Server) finalize(ctx context.Context, in *finalizeRequest) (*releaseAnswer, error) {
	return s.reservation(ctx, in.ID, in.IdempotencyKey, engine.ReservationCall{Quantity: in.Body.Quantity})
}

type releaseReservationRequest struct {
	IdempotencyParam
	ID string `path:"id" maxLength:"400" doc:"the reservation's id"`
}

func (s *Server) releaseReservation(ctx context.Context, in *releaseReservationRequest) (*releaseAnswer, error) {
	return s.reservation(ctx, in.ID, in.IdempotencyKey, engine.ReservationCall{Release: true})
}

// reservation ends a reservation at the account that its id carries.
func (s *Server) reservation(ctx context.Context, id, key string, call engine.ReservationCall) (*releaseAnswer, error) {
	account, known := engine.AccountOf("rsv", id)
	if !known || event.CheckKey(account) != nil {
		return nil, entitlement.NoReservation(id)
	}
	if call.Quantity != nil && *call.Quantity < 0 {
		return nil, fault.New(fault.Invalid, "quantity_invalid", "quantity %s is below zero", *call.Quantity).
			WithMend("use 0 or more").WithField("/quantity", call.Quantity.String(), "must be 0 or more")
	}
	err := s.Runner.Read(ctx, account, 0, func(v runner.View) error {
		if v.Account == nil {
			return entitlement.NoReservation(id)
		}
		r, _, err := v.Account.Entitled.Find(id)
		if err != nil {
			return err
		}
		return forHolder(ctx, account, r.For)
	})
	if err != nil {
		return nil, err
	}
	rec, err := s.call(event.KindReservation, account, "", id, key, call)
	if err != nil {
		return nil, err
	}
	a, position, err := answered[entitlement.Answer](ctx, s, rec)
	if err != nil {
		return nil, err
	}
	out := s.taken(a, position)
	out.forRole(principal(ctx).Role)
	return &releaseAnswer{Body: out}, nil
}

type reservationsAnswer struct {
	Body struct {
		Items    []entitlement.Reservation `json:"items"`
		Position string                    `json:"position"`
	}
}

// listReservations answers the open ones, then the newest that are over.
func (s *Server) listReservations(ctx context.Context, in *accountRead) (*reservationsAnswer, error) {
	if err := principal(ctx).ForAccount(in.Account); err != nil {
		return nil, err
	}
	out := &reservationsAnswer{}
	err := s.account(ctx, in, func(v runner.View) error {
		out.Body.Items = v.Account.Entitled.Reserved()
		out.Body.Position = s.Runner.Position(v.State.Position)
		return nil
	})
	return out, err
}
