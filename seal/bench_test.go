// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"testing"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/seal"
)

// BenchmarkSealEntry is what a desk does for one entry of one observation: fields,
// commitment, residue, two boxes. It does not write.
func BenchmarkSealEntry(b *testing.B) {
	d := newDesk(b, durabletest.New("/m"))
	payload := batch(observation(1))
	for b.Loop() {
		d.seal(b, payload, "")
		clear(d.boxes)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkSealBox(b *testing.B) {
	to := newRole(b).Recipient()
	plain := make([]byte, 2044)
	for b.Loop() {
		if _, err := seal.SealBox(to, plain); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "boxes/s")
}

func BenchmarkOpenBox(b *testing.B) {
	role := newRole(b)
	box, err := seal.SealBox(role.Recipient(), make([]byte, 2044))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := seal.OpenBox([]*seal.Identity{role}, box); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "boxes/s")
}

func BenchmarkCommit(b *testing.B) {
	f := fields(b, batch(observation(1)))
	for b.Loop() {
		seal.Commit(seal.Seed{1}, f)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkCheckInner(b *testing.B) {
	d := newDesk(b, durabletest.New("/m"))
	outer := d.seal(b, batch(observation(1)), "")
	in := d.inner(b, d.box(outer, seal.MissionClass))
	for b.Loop() {
		if _, err := seal.CheckInner(outer, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkCheckOpening(b *testing.B) {
	c := seal.Commit(seal.Seed{1}, fields(b, batch(observation(1))))
	o := open(b, c, "rows/0/where")
	for b.Loop() {
		if err := seal.CheckOpening(c.Root(), o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(seal.EncodeOpening(o))), "B/opening")
}
