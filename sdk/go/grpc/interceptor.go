// Package headroomgrpc closes methods of a gRPC server to accounts that may not use a
// feature, and tells them what would unlock it.
package headroomgrpc

import (
	"context"
	"errors"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	headroom "github.com/headroomhq/headroom/sdk/go"
)

// Need is what a method needs.
type Need struct {
	Feature  string
	Quantity float64 // 1 when 0
	// Event is tracked, with the quantity in its data, for each call that ended without an
	// error, for a meter that is fed by events; of a stream, once at its end.
	Event string
	// Consume takes the quantity from the limit before the call, at the server, so that a
	// hard limit is never passed, and gives it back when the call fails; for a meter that is
	// fed by consume.
	Consume bool
	// Placement names where the question comes up, for the server's signals.
	Placement string
}

// Gates closes methods.
type Gates struct {
	// Client answers; required.
	Client *headroom.Client
	// Methods has what a method needs by its full name, /package.Service/Method. Others are
	// open to everybody.
	Methods map[string]Need
	// Account says whose call it is; required. "" is answered with UNAUTHENTICATED.
	Account func(ctx context.Context) string
	// User says who makes it; may be nil.
	User func(ctx context.Context) string
}

// Unary returns the interceptor for calls of one message each way.
func (g Gates) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
		after, err := g.enter(ctx, info.FullMethod)
		if err != nil {
			return nil, err
		}
		defer func() { after(err, recover()) }()
		return next(ctx, request)
	}
}

// Stream returns the interceptor for streams: the question is asked when one begins.
func (g Gates) Stream() grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		after, err := g.enter(stream.Context(), info.FullMethod)
		if err != nil {
			return err
		}
		defer func() { after(err, recover()) }()
		return next(server, stream)
	}
}

// enter asks whether the call may be made. after is told how it ended.
func (g Gates) enter(ctx context.Context, method string) (after func(err error, panicked any), err error) {
	need, ok := g.Methods[method]
	if !ok {
		return func(_ error, panicked any) { again(panicked) }, nil
	}
	key, user := g.Account(ctx), ""
	if key == "" {
		return nil, status.Error(codes.Unauthenticated, "the call names no account")
	}
	if g.User != nil {
		user = g.User(ctx)
	}
	if need.Quantity == 0 {
		need.Quantity = 1
	}
	account, _ := g.Client.Account(ctx, key) // one that is not known answers by Config.Defaults
	gate := account.Gate(need.Feature)
	answer := gate.Peek(need.Quantity)
	if need.Consume {
		answer, err = g.Client.Consume(ctx, headroom.ConsumeRequest{Account: key, User: user, Feature: need.Feature, Quantity: need.Quantity})
		if err != nil {
			var open bool
			if answer, open = g.Client.Fallback(need.Feature, err); !open {
				return nil, failed(err)
			}
		}
	} else if !answer.Allowed {
		answer = g.Client.Explain(ctx, headroom.CheckRequest{Account: key, User: user, Feature: need.Feature, Quantity: &need.Quantity, Placement: need.Placement}, answer)
	}
	if !answer.Allowed {
		return nil, refused(answer, need.Feature)
	}
	return func(err error, panicked any) {
		done := err == nil && panicked == nil
		if done && need.Event != "" {
			e := headroom.Event{Account: key, User: user, Type: need.Event, Data: map[string]any{"quantity": need.Quantity}}
			if err := g.Client.Track(e); err != nil {
				g.Client.Logger.Error("headroom: usage is not counted", "feature", need.Feature, "account", key, "error", err)
			} else {
				gate.Add(need.Quantity)
			}
		}
		if !done && need.Consume && answer.Reason != headroom.Unavailable {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, err := g.Client.Release(ctx, headroom.ConsumeRequest{Account: key, User: user, Feature: need.Feature, Quantity: need.Quantity})
			if err != nil {
				g.Client.Logger.Error("headroom: what was consumed is not given back", "feature", need.Feature, "account", key, "error", err)
			}
		}
		again(panicked)
	}, nil
}

// again goes on with a panic that was looked at.
func again(panicked any) {
	if panicked != nil {
		panic(panicked)
	}
}

// refused is the status of a no: RESOURCE_EXHAUSTED when a limit is reached, else
// PERMISSION_DENIED; with an ErrorInfo whose reason is the answer's and whose metadata says
// what would unlock it.
func refused(a headroom.Answer, feature string) error {
	code := codes.PermissionDenied
	switch a.Reason {
	case headroom.LimitReached:
		code = codes.ResourceExhausted
	case headroom.Unavailable:
		return failed(a.Err)
	}
	info := &errdetails.ErrorInfo{Reason: string(a.Reason), Domain: "headroom", Metadata: map[string]string{"feature": feature}}
	if a.Item != nil && a.Item.Limit != nil {
		info.Metadata["usage"], info.Metadata["limit"] = number(a.Usage), number(a.Limit)
		info.Metadata["shortfall"] = number(a.Shortfall)
	}
	if !a.ResetsAt.IsZero() {
		info.Metadata["resets_at"] = a.ResetsAt.UTC().Format(time.RFC3339)
	}
	if all := a.Unlock(); len(all) > 0 { // the cheapest
		u := all[0]
		for name, v := range map[string]string{"unlock_plan": u.Plan, "unlock_addon": u.Addon, "unlock_pack": u.Pack, "unlock_title": u.Title,
			"unlock_price": u.Price.String(), "unlock_interval": u.Interval, "unlock_gives": u.Gives} {
			if v != "" {
				info.Metadata[name] = v
			}
		}
	}
	return with(status.New(code, a.Message()), info)
}

// failed is the status of a consume that could not be made: UNAVAILABLE, or INTERNAL when
// the program asks what cannot be answered.
func failed(err error) error {
	e, ok := errors.AsType[*headroom.Error](err)
	if ok && e.Status >= 400 && e.Status < 500 && e.Status != 429 || ok && e.Code == headroom.CodeQuantityInvalid {
		return with(status.New(codes.Internal, "it cannot be said whether this may be used"), &errdetails.ErrorInfo{Reason: e.Code, Domain: "headroom"})
	}
	wait := time.Second
	if ok {
		wait = max(wait, e.RetryAfter)
	}
	return with(status.New(codes.Unavailable, "it cannot be said now whether this may be used"), &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
}

func with(s *status.Status, detail protoadapt.MessageV1) error {
	if more, err := s.WithDetails(detail); err == nil {
		s = more
	}
	return s.Err()
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
