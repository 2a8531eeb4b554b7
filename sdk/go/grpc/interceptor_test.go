package headroomgrpc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	headroom "github.com/headroomhq/headroom/sdk/go"
	headroomgrpc "github.com/headroomhq/headroom/sdk/go/grpc"
	"github.com/headroomhq/headroom/sdk/go/internal/testserver"
)

const catalog = `
version: 1
currency: USD
meters:
  emails: {event: email.sent, aggregate: sum, property: quantity}
  exports: {fed_by: consume}
features:
  emails:     {title: Emails, kind: metered, meter: emails}
  exports:    {title: Exports, kind: metered, meter: exports}
  recordings: {title: Talk recordings, kind: boolean}
plans:
  starter: {title: Starter, family: core, price: {month: "49"}, entitlements: {emails: {limit: 2, per: month}, exports: 2, recordings: false}}
  pro:     {title: Pro, family: core, above: starter, price: {month: "149"}, entitlements: {emails: {limit: 100, per: month}, exports: 50, recordings: true}}
`

const (
	check = "/grpc.health.v1.Health/Check"
	watch = "/grpc.health.v1.Health/Watch"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.Remove()
	os.Exit(code)
}

// product is a gRPC service whose methods do nothing, or fail as the caller says: the health
// service, for it comes with gRPC.
type product struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (product) Check(_ context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if r.Service == "fail" {
		return nil, status.Error(codes.Internal, "it failed")
	}
	return &grpc_health_v1.HealthCheckResponse{}, nil
}

func (product) Watch(_ *grpc_health_v1.HealthCheckRequest, s grpc_health_v1.Health_WatchServer) error {
	return s.Send(&grpc_health_v1.HealthCheckResponse{})
}

// serve starts the product with the gates and returns a client of it.
func serve(t *testing.T, s *testserver.Server, methods map[string]headroomgrpc.Need, defaults map[string]headroom.Default) (grpc_health_v1.HealthClient, *headroom.Client) {
	t.Helper()
	c, err := headroom.New(headroom.Config{URL: s.URL, Key: s.Key, Logger: slog.New(slog.DiscardHandler), FlushEvery: time.Millisecond, Attempts: 1, Defaults: defaults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	from := func(name string) func(context.Context) string {
		return func(ctx context.Context) string {
			md, _ := metadata.FromIncomingContext(ctx)
			if v := md.Get(name); len(v) > 0 {
				return v[0]
			}
			return ""
		}
	}
	gates := headroomgrpc.Gates{Client: c, Methods: methods, Account: from("account"), User: from("user")}
	server := grpc.NewServer(grpc.UnaryInterceptor(gates.Unary()), grpc.StreamInterceptor(gates.Stream()))
	grpc_health_v1.RegisterHealthServer(server, product{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpc_health_v1.NewHealthClient(conn), c
}

func as(t *testing.T, account string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), "account", account, "user", "ann")
}

func call(ctx context.Context, p grpc_health_v1.HealthClient, how string) error {
	_, err := p.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: how})
	return err
}

func stream(ctx context.Context, p grpc_health_v1.HealthClient) error {
	s, err := p.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// info returns the code and what is said of it.
func info(err error) (codes.Code, map[string]string) {
	s := status.Convert(err)
	for _, d := range s.Details() {
		if i, ok := d.(*errdetails.ErrorInfo); ok {
			i.Metadata["reason"] = i.Reason
			return s.Code(), i.Metadata
		}
	}
	return s.Code(), nil
}

func TestMethodsOpenAndClose(t *testing.T) {
	s := testserver.Start(t, catalog)
	s.Plan("acme", "starter")
	s.Plan("globex", "pro")
	recordings := map[string]headroomgrpc.Need{check: {Feature: "recordings"}, watch: {Feature: "recordings"}}
	p, c := serve(t, s, recordings, nil)

	t.Run("what is in the plan is open", func(t *testing.T) {
		if err := errors.Join(call(as(t, "globex"), p, ""), stream(as(t, "globex"), p)); err != nil {
			t.Error(err)
		}
	})
	t.Run("a refusal says what unlocks it", func(t *testing.T) {
		for _, err := range []error{call(as(t, "acme"), p, ""), stream(as(t, "acme"), p)} {
			code, said := info(err)
			if code != codes.PermissionDenied || said["reason"] != "not_in_plan" || said["unlock_plan"] != "pro" || said["unlock_price"] != "149.00 USD" {
				t.Errorf("%v: %v", err, said)
			}
		}
	})
	t.Run("a call of nobody", func(t *testing.T) {
		if err := call(t.Context(), p, ""); status.Code(err) != codes.Unauthenticated {
			t.Error(err)
		}
	})
	t.Run("an upgrade opens it at once", func(t *testing.T) {
		s.Plan("acme", "pro")
		if err := call(as(t, "acme"), p, ""); err != nil {
			t.Error(err)
		}
		s.Plan("acme", "starter")
		a, err := c.Account(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		testserver.Until(t, "the downgrade is known", func() bool { return !a.Has("recordings") })
	})
	t.Run("other methods are open", func(t *testing.T) {
		p, _ := serve(t, s, nil, nil)
		if err := call(t.Context(), p, ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("usage is counted after what went well", func(t *testing.T) {
		p, _ := serve(t, s, map[string]headroomgrpc.Need{check: {Feature: "emails", Event: "email.sent"}}, nil)
		for i, step := range []struct {
			how  string
			code codes.Code
		}{{"fail", codes.Internal}, {"", codes.OK}, {"", codes.OK}, {"", codes.ResourceExhausted}} {
			if err := call(as(t, "acme"), p, step.how); status.Code(err) != step.code {
				t.Errorf("call %d: %v", i, err)
			}
		}
	})
	t.Run("a hard limit is taken from before, and given back after a failure", func(t *testing.T) {
		p, _ := serve(t, s, map[string]headroomgrpc.Need{check: {Feature: "exports", Consume: true}}, nil)
		for i, step := range []struct {
			how  string
			code codes.Code
		}{{"", codes.OK}, {"fail", codes.Internal}, {"", codes.OK}, {"", codes.ResourceExhausted}} {
			err := call(as(t, "acme"), p, step.how)
			if code, said := info(err); code != step.code || code == codes.ResourceExhausted && (said["limit"] != "2" || said["unlock_plan"] != "pro") {
				t.Errorf("call %d: %v %v", i, err, said)
			}
		}
	})
	t.Run("while the server is away", func(t *testing.T) {
		exports := map[string]headroomgrpc.Need{check: {Feature: "exports", Consume: true}}
		strict, _ := serve(t, s, exports, nil)
		lenient, _ := serve(t, s, exports, map[string]headroom.Default{"exports": {Allowed: true}})
		s.Kill()
		if err := call(as(t, "globex"), p, ""); err != nil {
			t.Errorf("what is known to be open: %v", err)
		}
		if err := call(as(t, "globex"), strict, ""); status.Code(err) != codes.Unavailable {
			t.Errorf("what must be consumed: %v", err)
		}
		if err := call(as(t, "globex"), lenient, ""); err != nil {
			t.Errorf("what must be consumed, and is open by default: %v", err)
		}
	})
}
