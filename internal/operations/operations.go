// SPDX-License-Identifier: Apache-2.0

// Package operations shows who runs the program how it does: /metrics for
// Prometheus and /healthz in words. It listens on this machine only: how much
// comes in, and when, is itself news to an opponent.
//
// No figure has a label that names a source, a place or a person. A figure of one
// source would say where somebody listens, and when he sleeps.
package operations

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// ErrNotAlone says that figures were asked for at an address that other machines reach.
var ErrNotAlone = errors.New("operations: figures are served to this machine only: give a loopback address, such as 127.0.0.1:9464")

// Labels are all the labels that a figure may have. Each has a closed list of
// values, or names a mission, its log or an organisation that co-signs.
func Labels() []string {
	return []string{"mission", "class", "reason", "organisation", "tier", "log", "code", "version", "goversion", "le", "quantile"}
}

// A Health says in words how a service does. The zero Health is well.
type Health struct {
	Failing  []string // nothing useful is served or recorded until somebody acts
	Degraded []string // it goes on with less
}

// Status is one word for all of it.
func (h Health) Status() string {
	switch {
	case len(h.Failing) > 0:
		return "failing"
	case len(h.Degraded) > 0:
		return "degraded"
	}
	return "ok"
}

// ServeHTTP answers with the word and every reason on a line of its own: 200
// while the service is of use, 503 if it is not.
func (h Health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if len(h.Failing) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintln(w, strings.Join(slices.Concat([]string{h.Status()}, h.Failing, h.Degraded), "\n"))
}

// Listen takes the address, which must be this machine's own.
func Listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("operations: %w", err)
	}
	if at, ok := listener.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(ErrNotAlone, listener.Close())
	}
	return listener, nil
}

// Handler answers /metrics from the collectors and what every Go program has, and
// /healthz from health.
func Handler(version string, health func() Health, of ...prometheus.Collector) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "trucewatch_build_info", Help: "The program that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": goVersion()}}, func() float64 { return 1 })
	well := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "trucewatch_health", Help: "2 well, 1 degraded, 0 failing; /healthz says why."},
		func() float64 { return map[string]float64{"ok": 2, "degraded": 1}[health().Status()] })
	for _, c := range append(of, build, well, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector()) {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("operations: %w", err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { health().ServeHTTP(w, r) })
	return mux, nil
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "unknown"
}

// Limits of the server. Guess: a scrape is one short request each some seconds.
// Test: a scrape of a mission that folds.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
)

// Serve answers on the listener until ctx ends, and closes it.
func Serve(ctx context.Context, listener net.Listener, h http.Handler, log *slog.Logger) {
	server := &http.Server{Handler: h, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("figures are not served any more", "error", err)
	}
}
