package decoders

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/headroomhq/headroom/bench/load"
)

// BenchmarkClient is what a request costs the load generator, by client: CPU time of the
// whole process less that of the server alone, which is the same for all. The server is
// fasthttp's, the cheapest we know, so that the difference stands out.
func BenchmarkClient(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) { c.SetStatusCode(202); c.SetBodyString(`{"accepted":1}`) }}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Shutdown() }()
	address := l.Addr().String()
	stream := func() *load.Stream {
		return load.Traffic{Accounts: 10_000, Batch: 1, Key: "hr_sk_bench", At: time.Now()}.Stream(0)
	}
	b.Run("connection of our own", func(b *testing.B) {
		s := stream()
		c, err := load.Dial(context.Background(), address)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		cpu(b, func() error { _, err := c.Do(s.Next()); return err })
	})
	b.Run("fasthttp HostClient", func(b *testing.B) {
		s := stream()
		client := &fasthttp.HostClient{Addr: address, MaxConns: 1}
		cpu(b, func() error {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(resp)
			req.Header.SetMethod("POST")
			req.SetRequestURI("http://bench/v1/events")
			req.Header.Set("Authorization", "Bearer hr_sk_bench")
			req.Header.SetContentType("application/json")
			req.SetBodyRaw(s.Body())
			return client.Do(req, resp)
		})
	})
	b.Run("net/http", func(b *testing.B) {
		s := stream()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
		cpu(b, func() error {
			req, err := http.NewRequest("POST", "http://"+address+"/v1/events", &reader{b: s.Body()})
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer hr_sk_bench")
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				err = resp.Body.Close()
			}
			return err
		})
	})
}

type reader struct {
	b []byte
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b)
	r.b = r.b[n:]
	return n, nil
}

// cpu runs f and reports the CPU time of the process beside the time on the wall.
func cpu(b *testing.B, f func() error) {
	b.ReportAllocs()
	before := load.CPU()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(load.CPU()-before)/float64(b.N), "cpu-ns/op")
}
