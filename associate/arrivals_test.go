// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
)

func serially(n int, task func(i int)) {
	for i := range n {
		task(i)
	}
}

// by runs tasks in so many goroutines.
func by(workers int) associate.Run {
	return func(n int, task func(i int)) {
		var next atomic.Int64
		var done sync.WaitGroup
		for range workers {
			done.Go(func() {
				for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
					task(i)
				}
			})
		}
		done.Wait()
	}
}

// Arrivals are found again as the shots they came from, nearly all and nearly
// nothing else, in air whose wind nobody told.
func TestArrivalsBecomeShots(t *testing.T) {
	for _, c := range []struct {
		name              string
		world             *arrivalWorld
		precision, recall float64
		medianKM          float64
	}{
		{"a quiet line", lineWorld(100, 1, 1, 0, 4, 1), 0.99, 0.99, 0.04},
		{"a quiet line with much clutter", lineWorld(20, 10, 2, 0, 4, 1), 0.95, 0.95, 0.07},
		{"bursts", lineWorld(100, 1, 3, 0.3, 4, 1), 0.97, 0.85, 0.05},
		{"earthquakes of a day, four hours' worth", regionWorld(20, 1, 1), 0.99, 0.99, 1.0},
	} {
		t.Run(c.name, func(t *testing.T) {
			shots := associate.NewNetwork(c.world.hearing, c.world.stations).Find(c.world.arrivals, serially)
			m := c.world.mark(shots)
			t.Logf("precision %.3f, recall %.3f, median error %.0f m", m.precision, m.recall, 1000*m.errors[len(m.errors)/2])
			if m.precision < c.precision || m.recall < c.recall || m.errors[len(m.errors)/2] > c.medianKM {
				t.Errorf("precision %.3f, recall %.3f, median error %.0f m of %d events", m.precision, m.recall, 1000*m.errors[len(m.errors)/2], len(c.world.events))
			}
		})
	}
}

// Clutter alone makes no shots.
func TestClutterAloneIsNothing(t *testing.T) {
	w := lineWorld(0, 0, 4, 0, 4, 1)
	w.noise(rand.New(rand.NewPCG(4, 4)), 2_000, 3600, 1)
	if shots := associate.NewNetwork(w.hearing, w.stations).Find(w.arrivals, serially); len(shots) > 0 {
		t.Errorf("%d shots from clutter", len(shots))
	}
}

func (w *arrivalWorld) arrival(i int32) associate.Arrival { return w.arrivals[i] }

// digestOf hashes shots, with arrivals by what they are.
func digestOf(shots []associate.Shot, arrival func(int32) associate.Arrival) [32]byte {
	h := sha256.New()
	put := func(v ...int64) {
		for _, x := range v {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(x)))
		}
	}
	for _, s := range shots {
		put(int64(s.Position.LatE7), int64(s.Position.LonE7), s.DepthMM, int64(s.At), int64(s.Score), int64(len(s.Arrivals)))
		put(s.Region.SemiMajorMM, s.Region.SemiMinorMM, int64(s.Region.AzimuthMdeg), int64(s.Error))
		for i, a := range s.Arrivals {
			was := arrival(a)
			put(int64(was.Station), int64(was.Phase), int64(was.At), int64(s.Gains[i]))
		}
	}
	return [32]byte(h.Sum(nil))
}

// The same shots, bit for bit, from any number of workers and any order of
// arrivals.
func TestWorkersAndOrderDoNotMatter(t *testing.T) {
	w := lineWorld(100, 1, 5, 0, 4, 0.5)
	n := associate.NewNetwork(w.hearing, w.stations)
	want := digestOf(n.Find(w.arrivals, serially), w.arrival)
	for _, workers := range []int{2, 5, 8} {
		if digestOf(n.Find(w.arrivals, by(workers)), w.arrival) != want {
			t.Errorf("%d workers find other shots", workers)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		r.Shuffle(len(w.arrivals), func(i, j int) { w.arrivals[i], w.arrivals[j] = w.arrivals[j], w.arrivals[i] })
		if digestOf(n.Find(w.arrivals, serially), w.arrival) != want {
			t.Error("another order gives other shots")
		}
	}
}

// BenchmarkArrivals measures finding: precision, recall, and arrivals for each
// second of processor time, both passes together.
func BenchmarkArrivals(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(seed uint64) *arrivalWorld
	}{
		{"line_100", func(s uint64) *arrivalWorld { return lineWorld(100, 1, s, 0, 4, 1) }},
		{"line_1000", func(s uint64) *arrivalWorld { return lineWorld(1000, 1, s, 0, 4, 1) }},
		{"line_1000_clutter_3", func(s uint64) *arrivalWorld { return lineWorld(1000, 3, s, 0, 4, 1) }},
		{"line_1000_bursts", func(s uint64) *arrivalWorld { return lineWorld(1000, 1, s, 0.3, 4, 1) }},
		{"line_5000", func(s uint64) *arrivalWorld { return lineWorld(5000, 1, s, 0, 4, 1) }},
		{"region_100", func(s uint64) *arrivalWorld { return regionWorld(100, 1, s) }},
		{"region_500", func(s uint64) *arrivalWorld { return regionWorld(500, 1, s) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := c.make(1)
			n := associate.NewNetwork(w.hearing, w.stations)
			var m mark
			before := processor()
			for b.Loop() {
				m = w.mark(n.Find(w.arrivals, serially))
			}
			took := (processor() - before).Seconds() / float64(b.N)
			b.ReportMetric(m.covered, "covered")
			b.ReportMetric(m.precision, "precision")
			b.ReportMetric(m.recall, "recall")
			b.ReportMetric(1000*m.errors[len(m.errors)/2], "m")
			b.ReportMetric(float64(len(w.arrivals))/took, "arrivals/cpu-s")
		})
	}
}

// processor is the processor time that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// late delivers arrivals with delays and settles once in every tick of arrival
// time; it returns the Listener.
func (w *arrivalWorld) late(n *associate.Network, delay func(r *rand.Rand) tw.Instant, tick tw.Instant) *associate.Listener {
	r := rand.New(rand.NewPCG(7, 7))
	l := associate.NewListener(n)
	type delivery struct {
		at tw.Instant
		a  associate.Arrival
	}
	var deliveries []delivery
	for _, a := range w.arrivals {
		deliveries = append(deliveries, delivery{a.At + delay(r), a})
	}
	slices.SortStableFunc(deliveries, func(d, e delivery) int { return cmp.Compare(d.at, e.at) })
	next := deliveries[0].at + tick
	for _, d := range deliveries {
		for d.at > next {
			l.Settle(serially)
			next += tick
		}
		l.Add(d.a)
	}
	l.Settle(serially)
	return l
}

// Arrivals that come late, in any order, end in the same shots as all at once.
func TestLateArrivalsEndInTheSameShots(t *testing.T) {
	w := lineWorld(100, 1, 6, 0, 4, 1)
	n := associate.NewNetwork(w.hearing, w.stations)
	l := associate.NewListener(n)
	l.Add(w.arrivals...)
	l.Settle(serially)
	want := digestOf(l.Shots(), l.Arrival)
	for _, c := range []struct {
		name  string
		most  float64 // searches, as a multiple of those at once
		delay func(r *rand.Rand) tw.Instant
	}{
		{"in order", 1.2, func(*rand.Rand) tw.Instant { return tw.Second }},
		{"most in seconds, some in hours", 2.4, func(r *rand.Rand) tw.Instant {
			longest := []tw.Instant{10 * tw.Second, 10 * tw.Minute, 6 * tw.Hour}
			u := r.IntN(100)
			k := 0
			if u >= 90 {
				k = 1
			}
			if u >= 99 {
				k = 2
			}
			return tw.Instant(r.Int64N(int64(longest[k])))
		}},
		{"each up to an hour late", 8.5, func(r *rand.Rand) tw.Instant { return tw.Instant(r.Int64N(int64(tw.Hour))) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			late := w.late(n, c.delay, 5*tw.Minute)
			if digestOf(late.Shots(), late.Arrival) != want {
				t.Errorf("%d shots, other than the %d of all at once", len(late.Shots()), len(l.Shots()))
			}
			if times := float64(late.Searches) / float64(l.Searches); times > c.most {
				t.Errorf("%.2f times the searches of all at once", times)
			}
			t.Logf("%d windows and %d searches, at once %d and %d: %.2f times", late.Windows, late.Searches, l.Windows, l.Searches, float64(late.Searches)/float64(l.Searches))
		})
	}
}

// Stations that become known one after the other, with their first arrival, end
// in the same shots as a network known from the beginning.
func TestStationsMayComeOneByOne(t *testing.T) {
	w := lineWorld(60, 1, 8, 0, 4, 0.5)
	slices.SortFunc(w.arrivals, func(a, b associate.Arrival) int { return cmp.Compare(a.At, b.At) })
	number := make([]int32, len(w.stations)) // from 1
	var known []associate.Station
	l := associate.NewListener(associate.NewNetwork(w.hearing, nil))
	for i, a := range w.arrivals {
		if number[a.Station] == 0 {
			known = append(known, w.stations[a.Station])
			number[a.Station] = int32(len(known))
			l.AddStations(w.stations[a.Station])
		}
		a.Station = number[a.Station] - 1
		w.arrivals[i] = a
		l.Add(a)
		if i%100 == 99 {
			l.Settle(serially)
		}
	}
	l.Settle(serially)
	if digestOf(l.Shots(), l.Arrival) != digestOf(associate.NewNetwork(w.hearing, known).Find(w.arrivals, serially), w.arrival) {
		t.Error("other shots")
	}
}
