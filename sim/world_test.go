// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/mission"
)

type world struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	disk   *durabletest.Disk
	m      *mission.Mission
	acked  map[trucewatch.ContentKey]bool
}

func now() trucewatch.Instant { return trucewatch.InstantOf(time.Now()) }

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), disk: durabletest.New("/"), acked: map[trucewatch.ContentKey]bool{}}
	spec := &mission.Spec{ID: "sim", Title: "Sim", Mode: trucewatch.Exercise, Simulated: true, DisplayZone: "UTC", CutOff: "19:30", SlotS: 10 * int64(seed%2)}
	if err := mission.CheckSpec(spec); err != nil {
		t.Fatal(err)
	}
	if err := mission.CreateIn(mission.Surroundings{Disk: w.disk}, "/m", spec, fstest.MapFS{}, now()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) run(steps int) {
	for range steps {
		time.Sleep(time.Duration(w.random.IntN(600)) * time.Second)
		w.disk.FailAt(len(w.disk.Calls())+w.random.IntN(40), durabletest.HalfDone, syscall.EIO, true)
		err := w.observe()
		w.disk.FailAt(-1, "", nil, false)
		if err != nil {
			if !errors.Is(err, syscall.EIO) {
				w.t.Fatalf("seed %d: %v", w.seed, err)
			}
			w.disk.CutPower(w.random)
			w.m = nil
		}
	}
}

func (w *world) observe() error {
	if w.m == nil {
		m, err := mission.OpenIn(mission.Surroundings{Disk: w.disk}, "/m", nil)
		if err != nil {
			return err
		}
		w.m = m
	}
	var key trucewatch.ContentKey
	for i := range key {
		key[i] = byte(w.random.Uint32())
	}
	err := w.m.Write(func(wr *mission.Writer) error {
		return wr.Append(trucewatch.Payload{Observations: &trucewatch.Batch{Source: trucewatch.Source{ID: "p-1", Kind: trucewatch.PatrolSource},
			Observations: []trucewatch.Observation{{Key: key, Kind: trucewatch.Explosion, Means: trucewatch.Heard, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact},
				When: trucewatch.Interval{From: now(), Till: now()}}}}}, now())
	})
	if err == nil {
		w.acked[key] = true
	}
	return err
}
