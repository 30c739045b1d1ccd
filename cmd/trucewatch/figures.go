// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/witness"
)

// operated are the flags by which whoever runs a service of a party sees how it does.
type operated struct {
	Metrics string `help:"Address of /metrics and /healthz, on this machine only." placeholder:"ADDRESS"`
	LogForm string `help:"Form of the log: text or json." enum:"text,json" default:"text"`
	Spans   bool   `help:"Log how long each request or pull took, by traces that go on in other programs."`
}

// spans is the log for traces, nil if nobody asked for them.
func (o *operated) spans(log *slog.Logger) *slog.Logger {
	if o.Spans {
		return log
	}
	return nil
}

// serve answers for figures and health beside the service until ctx ends.
func (o *operated) serve(ctx context.Context, t terminal, log *slog.Logger, health func() operations.Health, of prometheus.Collector) error {
	if o.Metrics == "" {
		return nil
	}
	listener, err := operations.Listen(o.Metrics)
	if err != nil {
		return fmt.Errorf("--metrics: %w", err)
	}
	handler, err := operations.Handler(version, health, of)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Figures and health on http://%s/metrics and /healthz\n", listener.Addr())
	go operations.Serve(ctx, listener, handler, log) // it ends with ctx, at the latest with the process
	return nil
}

// signsNothing is how long a witness may be without a checkpoint to sign before
// health says so.
//
// Guess: ten minutes are above any cadence in use and a restart of the mission's
// machine. Test: how often it is said of witnesses that are in order.
const signsNothing = 10 * time.Minute

// A witnessWatch shows how a running witness does.
type witnessWatch struct {
	s     *witness.Server
	began time.Time
}

var (
	witnessSizeDesc    = prometheus.NewDesc("trucewatch_witness_size", "Size of the checkpoint that was signed last.", []string{"log"}, nil)
	witnessSignedDesc  = prometheus.NewDesc("trucewatch_witness_signed_timestamp_seconds", "When a checkpoint was signed last since the start.", []string{"log"}, nil)
	witnessSignsDesc   = prometheus.NewDesc("trucewatch_witness_signs", "1 if the log is signed, 0 if not; /healthz says why.", []string{"log"}, nil)
	witnessAnswersDesc = prometheus.NewDesc("trucewatch_witness_answers_total", "Answers to add-checkpoint, by HTTP status: 200 signed, 409 another size or root is known, 422 no continuation.", []string{"code"}, nil)
)

// health says what is not signed, and what nobody brings to be signed.
func (w witnessWatch) health(now time.Time) (h operations.Health) {
	states := w.s.States()
	for _, l := range states {
		switch {
		case l.Err != nil && len(states) == 1:
			h.Failing = append(h.Failing, l.Origin+": nothing is signed: "+l.Err.Error())
		case l.Err != nil:
			h.Degraded = append(h.Degraded, l.Origin+": nothing is signed: "+l.Err.Error())
		case l.Asking:
			h.Degraded = append(h.Degraded, l.Origin+": nothing is signed yet: other witnesses have not yet said what they know")
		case now.Sub(later(l.Last, w.began)) > signsNothing:
			h.Degraded = append(h.Degraded, l.Origin+": no checkpoint came to be signed since "+later(l.Last, w.began).UTC().Format(time.RFC3339))
		}
		if l.Forked {
			h.Failing = append(h.Failing, l.Origin+": the log's key signed two histories: look at the evidence")
		}
	}
	return h
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Describe implements prometheus.Collector.
func (witnessWatch) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{witnessSizeDesc, witnessSignedDesc, witnessSignsDesc, witnessAnswersDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (w witnessWatch) Collect(to chan<- prometheus.Metric) {
	for _, l := range w.s.States() {
		to <- prometheus.MustNewConstMetric(witnessSizeDesc, prometheus.GaugeValue, float64(l.Size), l.Origin)
		to <- prometheus.MustNewConstMetric(witnessSignsDesc, prometheus.GaugeValue, truth(l.Err == nil && !l.Asking), l.Origin)
		if !l.Last.IsZero() {
			to <- prometheus.MustNewConstMetric(witnessSignedDesc, prometheus.GaugeValue, float64(l.Last.Unix()), l.Origin)
		}
	}
	for code, n := range w.s.Answers() {
		to <- prometheus.MustNewConstMetric(witnessAnswersDesc, prometheus.CounterValue, float64(n), strconv.Itoa(code))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A mirrorWatch shows how a running mirror does.
type mirrorWatch struct {
	m     *mirror.Mirror
	every time.Duration // how often it pulls
	began time.Time
}

// pullsMissed is after how many pulls that did not go well health says so.
// Guess: as long as a source is restarted. Test: how often it is said of mirrors in order.
const pullsMissed = 10

var (
	mirrorSizeDesc     = prometheus.NewDesc("trucewatch_mirror_size", "Entries held, and co-signed if the mirror does that.", []string{"log"}, nil)
	mirrorAheadDesc    = prometheus.NewDesc("trucewatch_mirror_ahead", "The largest size that somebody showed and that is not held; 0 if there is none.", []string{"log"}, nil)
	mirrorPulledDesc   = prometheus.NewDesc("trucewatch_mirror_pulled_timestamp_seconds", "When a pull went well last.", []string{"log"}, nil)
	mirrorFrozenDesc   = prometheus.NewDesc("trucewatch_mirror_frozen", "1 while the source's cosignatures are too old.", []string{"log"}, nil)
	mirrorEvidenceDesc = prometheus.NewDesc("trucewatch_mirror_evidence_files", "Files of evidence that somebody has to look at.", []string{"log"}, nil)
)

// health says what a mirror lacks.
func (w mirrorWatch) health(now time.Time) (h operations.Health) {
	held := w.m.Health()
	if held.Evidence > 0 {
		h.Failing = append(h.Failing, fmt.Sprintf("%s: %d files of evidence: somebody has to look at them", held.Origin, held.Evidence))
	}
	if held.Frozen {
		h.Degraded = append(h.Degraded, held.Origin+": the source's cosignatures are too old: it is cut off, or hides what came since")
	}
	if held.Ahead > 0 {
		h.Degraded = append(h.Degraded, fmt.Sprintf("%s: somebody showed %d entries, and only %d are here", held.Origin, held.Ahead, held.Size))
	}
	if since := later(held.Pulled, w.began); now.Sub(since) > pullsMissed*w.every {
		h.Failing = append(h.Failing, fmt.Sprintf("%s: no pull went well since %s: %s", held.Origin, since.UTC().Format(time.RFC3339), held.Problem))
	} else if held.Problem != "" {
		h.Degraded = append(h.Degraded, held.Origin+": the last pull did not go well: "+held.Problem)
	}
	return h
}

// Describe implements prometheus.Collector.
func (mirrorWatch) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{mirrorSizeDesc, mirrorAheadDesc, mirrorPulledDesc, mirrorFrozenDesc, mirrorEvidenceDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (w mirrorWatch) Collect(to chan<- prometheus.Metric) {
	held := w.m.Health()
	for desc, value := range map[*prometheus.Desc]float64{mirrorSizeDesc: float64(held.Size), mirrorAheadDesc: float64(held.Ahead),
		mirrorFrozenDesc: truth(held.Frozen), mirrorEvidenceDesc: float64(held.Evidence)} {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, held.Origin)
	}
	if !held.Pulled.IsZero() {
		to <- prometheus.MustNewConstMetric(mirrorPulledDesc, prometheus.GaugeValue, float64(held.Pulled.Unix()), held.Origin)
	}
}
