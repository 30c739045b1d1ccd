// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/admission"
	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/record"
)

// A figures counts what a served mission does.
type figures struct {
	rows   prometheus.Counter
	append prometheus.Histogram
}

func newFigures(id string) *figures {
	labels := prometheus.Labels{"mission": id}
	return &figures{
		rows: prometheus.NewCounter(prometheus.CounterOpts{Name: "trucewatch_rows_acknowledged_total", ConstLabels: labels,
			Help: "Rows that this program made durable."}),
		append: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "trucewatch_append_seconds", ConstLabels: labels,
			Help: "How long it took to write and sync entries.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8)}),
	}
}

func (f *figures) flushed(rows int64, took time.Duration) {
	f.rows.Add(float64(rows))
	f.append.Observe(took.Seconds())
}

// A trouble is what is wrong with a served mission, in words.
type trouble struct {
	mu        sync.Mutex // guards what follows
	lasting   string     // until it is served anew
	following string     // the record cannot be followed, as of the last try
	writing   string     // nothing can be recorded, as of the last try
	guarded   string     // the second medium forbids to sign, as of the last look
	sending   string     // no checkpoint can be sent out, as of the last beat
}

func (t *trouble) set(what string) {
	t.mu.Lock()
	t.lasting = what
	t.mu.Unlock()
}

func (t *trouble) follow(err error) {
	t.mu.Lock()
	t.following = ""
	if err != nil {
		t.following = "the record cannot be followed: " + err.Error()
	}
	t.mu.Unlock()
}

func (t *trouble) write(err error) {
	t.mu.Lock()
	t.writing = ""
	if err != nil {
		t.writing = "nothing can be recorded: " + err.Error()
	}
	t.mu.Unlock()
}

func (t *trouble) guard(err error) {
	t.mu.Lock()
	t.guarded = ""
	if err != nil {
		t.guarded = "nothing can be signed: " + err.Error()
	}
	t.mu.Unlock()
}

// lookAtGuard says at once, and not only when something is to be written, that the
// record was put back to an older state.
func (sv *served) lookAtGuard() {
	if sv.keeper.audience == trucewatch.ForMission { // nobody else signs
		sv.trouble.guard(onDisk(sv.dir).heldToGuard())
	}
}

func (t *trouble) send(err error) {
	t.mu.Lock()
	t.sending = ""
	if err != nil {
		t.sending = "no checkpoint can be sent out: " + err.Error()
	}
	t.mu.Unlock()
}

func (t *trouble) words() (out []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, what := range []string{t.lasting, t.following, t.writing, t.guarded, t.sending} {
		if what != "" {
			out = append(out, strings.ReplaceAll(what, "\n", "; "))
		}
	}
	return out
}

// diskLow is how little room is said to be nearly none. Guess: 512 MiB last a
// day at the rate of a busy one. Test: docs/performance.md, bytes a row.
const diskLow = 512 << 20

// clockBack is how far this machine's clock may lie behind what the record
// received last before health says so. Guess: a second is within a step of NTP. Test:
// the steps of machines in the field.
const clockBack = 2 * time.Second

// clockAway is how far this machine's clock may lie from those of the cosigners
// before health says so.
//
// Guess: ten seconds are above the second to which a cosignature's time is cut and
// what a bad link takes. Test: how often it is said of machines that are in order.
const clockAway = 10 * time.Second

// health says in words how all missions do.
func (s *Server) health() (h operations.Health) {
	for _, sv := range s.served {
		for _, what := range sv.trouble.words() {
			h.Failing = append(h.Failing, sv.id+": "+what)
		}
		for _, what := range sv.degraded(time.Now()) {
			h.Degraded = append(h.Degraded, sv.id+": "+what)
		}
	}
	return h
}

// degraded says what a mission goes on without. It never waits for a fold.
func (sv *served) degraded(now time.Time) (out []string) {
	if free, known := freeBytes(sv.dir); known && free < diskLow {
		out = append(out, "the disk is nearly full")
	}
	if c, ok := sv.cosigned(); ok {
		for _, a := range c.Absent {
			out = append(out, "does not co-sign: "+a.String())
		}
		if away := c.ClockAway; away > clockAway {
			out = append(out, fmt.Sprintf("the clock of this machine is about %v ahead of those who co-sign", away.Round(time.Second)))
		} else if away < -clockAway {
			out = append(out, fmt.Sprintf("the clock of this machine is about %v behind those who co-sign", -away.Round(time.Second)))
		}
	}
	if d := sv.door; d != nil {
		if since, _ := d.Overload(); !since.IsZero() {
			out = append(out, "overloaded since "+since.UTC().Format(time.RFC3339)+": what is worth less is refused, and its senders keep it")
		}
	}
	if !sv.mu.TryLock() {
		return out // it folds or writes: what follows can wait for the next question
	}
	defer sv.mu.Unlock()
	if !sv.folded {
		return append(out, "the record is being folded: pages show what the index held")
	}
	m := sv.keeper.m
	if m.state.Genesis().Mode != trucewatch.Reenacted && now.Add(clockBack).Before(m.state.Now().Time()) {
		out = append(out, "the clock of this machine was set back: the last entry was received at "+m.state.Now().String())
	}
	return out
}

var (
	entriesDesc = prometheus.NewDesc("trucewatch_entries", "Signed entries of the record.", []string{"mission"}, nil)
	indexDesc   = prometheus.NewDesc("trucewatch_index_lag_entries", "Signed entries that pages do not show yet.", []string{"mission"}, nil)
	ageDesc     = prometheus.NewDesc("trucewatch_checkpoint_written_timestamp_seconds", "When the last checkpoint was written.", []string{"mission"}, nil)
	tierDesc    = prometheus.NewDesc("trucewatch_checkpoint_tier", "1 for the tier of the last checkpoint that was sent out.", []string{"mission", "tier"}, nil)
	absentDesc  = prometheus.NewDesc("trucewatch_organisation_absent", "1 for an organisation that does not co-sign.", []string{"mission", "organisation"}, nil)
	clocksDesc  = prometheus.NewDesc("trucewatch_cases_with_clocks", "Cases of which a clock runs.", []string{"mission"}, nil)
	waitingDesc = prometheus.NewDesc("trucewatch_queue_requests", "Requests that wait at the door.", []string{"mission", "class"}, nil)
	bytesDesc   = prometheus.NewDesc("trucewatch_queue_bytes", "Bytes that wait at the door.", []string{"mission"}, nil)
	takenDesc   = prometheus.NewDesc("trucewatch_bodies_taken_total", "Bodies that were recorded at the door.", []string{"mission", "class"}, nil)
	shedDesc    = prometheus.NewDesc("trucewatch_bodies_shed_total", "Bodies that were sent away in overload.", []string{"mission", "class"}, nil)
	refusedDesc = prometheus.NewDesc("trucewatch_requests_refused_total", "Requests that were not taken.", []string{"mission", "reason"}, nil)
)

func (s *Server) collectors() (all []prometheus.Collector) {
	for _, sv := range s.served {
		all = append(all, sv.figures.rows, sv.figures.append)
	}
	return append(all, scrape{s})
}

// A scrape reads what stands at the moment of the question.
type scrape struct{ s *Server }

// Describe implements prometheus.Collector.
func (scrape) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{entriesDesc, indexDesc, ageDesc, tierDesc, absentDesc, clocksDesc, waitingDesc, bytesDesc, takenDesc, shedDesc, refusedDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c scrape) Collect(to chan<- prometheus.Metric) {
	for _, sv := range c.s.served {
		sv.collect(func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(d, kind, value, append([]string{sv.id}, labels...)...)
		})
	}
}

type sendFigure func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string)

func (sv *served) collect(send sendFigure) {
	if verifier, err := onDisk(sv.dir).logVerifier(); err == nil {
		if signed, err := record.ReadCheckpoint(filepath.Join(sv.dir, "record"), verifier); err == nil {
			send(entriesDesc, prometheus.GaugeValue, float64(signed.Size))
			shown, _ := sv.keeper.index.At()
			send(indexDesc, prometheus.GaugeValue, float64(max(signed.Size, shown)-shown))
		}
	}
	if file, err := os.Stat(filepath.Join(sv.dir, "record", "checkpoint")); err == nil {
		send(ageDesc, prometheus.GaugeValue, float64(file.ModTime().Unix()))
	}
	if c, ok := sv.cosigned(); ok {
		send(tierDesc, prometheus.GaugeValue, 1, c.Standing.Tier.String())
		for _, a := range c.Absent {
			send(absentDesc, prometheus.GaugeValue, 1, a.Organisation)
		}
	}
	if d := sv.door; d != nil {
		d.figures(send)
	}
	if sv.mu.TryLock() {
		defer sv.mu.Unlock()
		if sv.folded {
			n := 0
			for c := range sv.keeper.m.state.Cases() {
				if clockRuns(c) {
					n++
				}
			}
			send(clocksDesc, prometheus.GaugeValue, float64(n))
		}
	}
}

func (d *Door) figures(send sendFigure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	send(bytesDesc, prometheus.GaugeValue, float64(d.queue.Bytes()))
	for class, n := range d.queue.Items() {
		name := admission.Class(class).String()
		send(waitingDesc, prometheus.GaugeValue, float64(n), name)
		send(takenDesc, prometheus.CounterValue, float64(d.count[0][class]), name)
		send(shedDesc, prometheus.CounterValue, float64(d.count[1][class]), name)
	}
	for _, why := range admission.Reasons() {
		send(refusedDesc, prometheus.CounterValue, float64(d.why[why]), string(why))
	}
	send(refusedDesc, prometheus.CounterValue, float64(d.bad), "not_sound")
}
