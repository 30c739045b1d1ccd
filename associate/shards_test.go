// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"bytes"
	"testing"

	"github.com/trucewatch/trucewatch/associate"
)

// machines are Workers that each get the pieces of their cells, one after the
// other, as bytes alone.
type machines struct {
	workers []*associate.Worker
	pieces  []int           // by machine
	cells   []map[int64]int // of each machine, pieces by cell
	lost    int             // this machine does not answer; -1: all do
	t       *testing.T
}

func newMachines(t *testing.T, n int) *machines {
	m := &machines{pieces: make([]int, n), lost: -1, t: t}
	for range n {
		m.workers, m.cells = append(m.workers, associate.NewWorker()), append(m.cells, make(map[int64]int))
	}
	return m
}

func (m *machines) ask(pieces []associate.Piece) [][]byte {
	answers := make([][]byte, len(pieces))
	by(len(m.workers))(len(m.workers), func(i int) {
		for k := range pieces {
			if pieces[k].Shard(len(m.workers)) != i || i == m.lost {
				continue
			}
			answer, err := m.workers[i].Work(bytes.Clone(pieces[k].Body))
			if err != nil {
				m.t.Errorf("machine %d: %v", i, err)
			}
			answers[k] = answer
			m.pieces[i]++
			m.cells[i][int64(pieces[k].Cell.LatE7)<<32|int64(uint32(pieces[k].Cell.LonE7))]++
		}
	})
	return answers
}

// Whatever the number of machines, and when one of them is lost or answers
// nonsense, each entry changes the same incidents in the same words.
func TestShardsTellTheSame(t *testing.T) {
	all := entries(everything(), 50)
	want := told(associate.New(), all)
	for n := 1; n <= 4; n++ {
		m := newMachines(t, n)
		a := associate.New()
		a.Shards(m.ask)
		if told(a, all) != want {
			t.Errorf("%d machines tell other changes", n)
		}
		t.Logf("pieces by machine %v", m.pieces)
		for i, cells := range m.cells {
			for cell := range cells {
				for j := range i {
					if m.cells[j][cell] > 0 {
						t.Errorf("machines %d and %d of %d both work on one cell", j, i, n)
					}
				}
			}
		}
	}
	m := newMachines(t, 3)
	m.lost = 1
	a := associate.New()
	a.Shards(m.ask)
	if told(a, all) != want {
		t.Error("without one of three machines changes are others")
	}
	a = associate.New()
	a.Shards(func(pieces []associate.Piece) [][]byte {
		answers := make([][]byte, len(pieces))
		for i := range answers {
			answers[i] = []byte("nonsense")
		}
		return answers
	})
	if told(a, all) != want {
		t.Error("nonsense of machines changes something")
	}
}

// A line of many districts, searched by one to four machines, gives the same
// shots; and a cell stays at its machine when another comes, or goes to that one.
func TestShardsOfALineFindTheSameShots(t *testing.T) {
	all := entries(lineWorld(100, 1, 31, 0.2, 4, 0.3).recorded(1), 5_000)
	want := told(associate.New(), all)
	homes := make(map[int64]int)
	for n := 1; n <= 4; n++ {
		m := newMachines(t, n)
		a := associate.New()
		a.Shards(m.ask)
		if told(a, all) != want {
			t.Errorf("%d machines tell other changes", n)
		}
		for i, cells := range m.cells {
			for cell := range cells {
				if was, known := homes[cell]; known && i != was && i != n-1 {
					t.Errorf("cell %x went from machine %d to %d when machine %d came", cell, was, i, n-1)
				}
				homes[cell] = i
			}
		}
		if m.pieces[n-1] == 0 {
			t.Errorf("machine %d of %d had nothing to do", n-1, n)
		}
	}
}

// No piece holds arrivals or stations from further than its cell and the halo in
// which they bear on it.
func TestPiecesHoldOnlyTheirCellAndHalo(t *testing.T) {
	var most, sum, count int
	a := associate.New()
	a.Shards(func(pieces []associate.Piece) [][]byte {
		for _, p := range pieces {
			most, sum, count = max(most, len(p.Body)), sum+len(p.Body), count+1
			if far := associate.FarthestMM(p); far > 2*70_000_000 {
				t.Errorf("a piece of %v reaches %d km from its cell's corner", p.Cell, far/1_000_000)
			}
		}
		return make([][]byte, len(pieces))
	})
	told(a, entries(lineWorld(100, 1, 32, 0, 4, 0.2).recorded(1), 10_000))
	if count == 0 {
		t.Fatal("no pieces")
	}
	t.Logf("%d pieces, %d bytes each, at most %d", count, sum/count, most)
}

// Whatever comes as a piece, a Worker answers or says why not.
func FuzzWork(f *testing.F) {
	seeds := 0
	a := associate.New()
	a.Shards(func(pieces []associate.Piece) [][]byte {
		for _, p := range pieces {
			if seeds++; seeds%8 == 1 {
				f.Add(p.Body)
			}
		}
		return make([][]byte, len(pieces))
	})
	a.Add(1, append(world(3, 12), lineWorld(12, 1, 11, 0, 2, 0.25).recorded(1_000)...))
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, piece []byte) {
		answer, err := associate.NewWorker().Work(piece)
		if (answer == nil) == (err == nil) {
			t.Errorf("answer %x, error %v", answer, err)
		}
		if again, _ := associate.NewWorker().Work(piece); !bytes.Equal(again, answer) {
			t.Error("another answer the second time")
		}
	})
}
