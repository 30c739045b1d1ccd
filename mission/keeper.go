// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/index"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/replay"
)

// pendingMax is how many changes are shown one by one; beyond, showing
// everything anew is cheaper. Guess: an index row costs about as much either
// way, and a rebuild writes each incident once. Test: make bench, Index.
const pendingMax = 200_000

// A keeper keeps the index of one audience of one mission up to date. It holds
// the lock of the index's folder.
type keeper struct {
	audience trucewatch.Audience
	index    *index.Index
	lock     io.Closer
	m        *Mission
	texts    agreement.Texts // of m, for when it is opened again
	pending  []replay.Change
	flushed  func(rows int64, took time.Duration) // told of each sync of a write, if set
	anew     bool                                 // the index does not stand where the record does: show all
}

// openKeeper opens the index, which may stand behind the record, or be empty.
// The error is durable.ErrLocked if another process keeps it.
func openKeeper(dir string, a trucewatch.Audience) (*keeper, error) {
	folder := filepath.Join(dir, "index", string(a))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("mission: open index: %w", err)
	}
	lock, err := durable.OS{}.Lock(folder)
	if err != nil {
		return nil, fmt.Errorf("mission: open index of %s: %w", a, err)
	}
	x, err := index.Open(filepath.Join(folder, "index.db"), a)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	entries, _ := x.At()
	return &keeper{audience: a, index: x, lock: lock, anew: entries == 0}, nil
}

func (k *keeper) close() error { return errors.Join(k.index.Close(), k.lock.Close()) }

// hear collects what the index does not hold yet, and notices if the index was
// made from another state than the record gives.
func (k *keeper) hear(m *Mission, i uint64, changes []replay.Change) {
	entries, state := k.index.At()
	if i == 0 {
		k.pending, k.anew = nil, entries == 0
	}
	switch {
	case i+1 == entries && m.state.Digest() != state:
		k.anew = true
	case i >= entries && !k.anew:
		k.pending = append(k.pending, changes...)
	}
	if k.anew || len(k.pending) > pendingMax {
		k.anew, k.pending = true, nil
	}
}

// fold opens the mission and brings the index to where its record stands.
func (k *keeper) fold(dir string) error {
	entries, _ := k.index.At()
	k.pending, k.anew = nil, entries == 0
	m, err := OpenIn(Surroundings{Texts: &k.texts}, dir, k.hear)
	if err != nil {
		return err
	}
	k.m, m.flushed = m, k.flushed
	return k.show()
}

// show brings the index to where the state stands. It must be called only when
// all that was folded is durable.
func (k *keeper) show() error {
	entries, _ := k.index.At()
	next := k.m.state.Next()
	if entries > next {
		k.anew = true
	}
	if entries == next && !k.anew {
		return nil
	}
	begin := k.index.Begin
	if k.anew {
		begin = k.index.BeginAnew
	}
	batch, err := begin()
	if err != nil {
		return err
	}
	if k.anew {
		err = k.m.state.ShowAll(k.audience, batch)
	} else {
		err = k.m.state.Show(k.audience, k.pending, batch)
	}
	if err != nil {
		return errors.Join(err, batch.Rollback())
	}
	if err := batch.Commit(next, k.m.state.Digest()); err != nil {
		return err
	}
	k.pending, k.anew = nil, false
	return nil
}

// reportDatesMax is how many reports are listed. Guess: a quarter of a year; of
// the others people know the day. Test: nobody asks for more.
const reportDatesMax = 92

// dates returns the days of issue of the reports to list, newest first: the
// newest, and those in whose period the index shows an incident, a published
// number or a statement. It asks the index alone, so that the list tells an
// audience no more than its pages do.
func (k *keeper) dates() ([]string, error) {
	var listed []string
	for i, issued := range k.m.ReportDates() {
		if len(listed) == reportDatesMax {
			break
		}
		this, _, err := k.m.calendar.period(issued, k.m.state.Genesis().Epoch)
		if err != nil {
			return nil, err
		}
		busy, err := k.busy(trucewatch.Query{From: this.From, Till: this.Till, Limit: 1})
		if err != nil {
			return nil, err
		}
		if busy || i == 0 {
			listed = append(listed, issued)
		}
	}
	return listed, nil
}

// busy says whether the index shows something that happened or was said.
func (k *keeper) busy(q trucewatch.Query) (bool, error) {
	_, incidents, err := k.index.Incidents(q)
	if err != nil || incidents > 0 {
		return true, err
	}
	_, tallies, err := k.index.Tallies(q)
	if err != nil || tallies > 0 {
		return true, err
	}
	_, statements, err := k.index.Statements(q)
	return statements > 0, err
}

// UpdateIndex brings the index of an audience up to date with the record, and
// says whether it did: it leaves it alone if a server is keeping it.
func UpdateIndex(dir string, a trucewatch.Audience) (bool, error) {
	k, err := openKeeper(dir, a)
	if errors.Is(err, durable.ErrLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(k.fold(dir), k.close())
}
