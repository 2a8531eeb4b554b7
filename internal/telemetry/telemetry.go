// Package telemetry lets people look into a running process: the metrics address with
// Prometheus metrics and profiles, and OpenTelemetry traces.
package telemetry

import (
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Source is whatever has metrics.
type Source interface {
	// Collectors returns the metrics, to be registered once.
	Collectors() []prometheus.Collector
}

// Registry returns a registry with the metrics of the sources, of the Go runtime, of the
// process and of the version.
func Registry(version string, sources ...Source) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "headroom_build_info", Help: "Always 1, with the version of headroom and of Go.",
			ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()}}, func() float64 { return 1 }))
	for _, s := range sources {
		r.MustRegister(s.Collectors()...)
	}
	return r
}

// Address completes an address for metrics: without a host it is this machine's own,
// because profiles show what is in memory. ":9090" and "9090" are 127.0.0.1:9090.
func Address(address string) string {
	if !strings.Contains(address, ":") {
		address = ":" + address
	}
	if host, port, err := net.SplitHostPort(address); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// Serve answers /metrics and /debug/pprof/ on l until l is closed.
func Serve(l net.Listener, r *prometheus.Registry) {
	s := &http.Server{Handler: Handler(r), ReadHeaderTimeout: 10 * time.Second}
	_ = s.Serve(l) // it ends when the listener is closed
}

// Handler is what Serve answers: metrics and profiles. It belongs on an address of its own,
// never on the API's.
func Handler(r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	return mux
}
