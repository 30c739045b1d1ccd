// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// The vocabularies, of which positions are stored.
var kinds, results = trucewatch.Kinds(), trucewatch.Results()

// A spot is what selects an incident: 64 bytes, so that a walk through a
// million of them reads 64 MB and takes some milliseconds.
type spot struct {
	row                      int64
	id                       int64 // see number
	began, ended             int64 // microseconds; an open end is the largest number
	south, west, north, east int32 // box round the region, 1e-7 degree; if placeless, none
	place, word              uint32
	confidence               int32
	kind                     uint8 // position in kinds
	results                  uint8 // bit i: some finding has results[i]
	flags                    uint8
}

const (
	placeless = 1 << iota // has no region
	dead                  // is no longer there
)

const packedSize = 3*8 + 4*4 + 3*4 + 3

func (s *spot) pack() []byte {
	b := make([]byte, 0, packedSize)
	for _, v := range []int64{s.id, s.began, s.ended} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, v := range []int32{s.south, s.west, s.north, s.east, int32(s.place), int32(s.word), s.confidence} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return append(b, s.kind, s.results, s.flags)
}

func (s *spot) unpack(row int64, b []byte) error {
	if len(b) != packedSize {
		return fmt.Errorf("%w: row %d has %d bytes, not %d", ErrDamaged, row, len(b), packedSize)
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	long := func(at int) int64 { return int64(binary.LittleEndian.Uint64(b[at:])) }
	*s = spot{
		row: row, id: long(0), began: long(8), ended: long(16),
		south: int32(word(24)), west: int32(word(28)), north: int32(word(32)), east: int32(word(36)),
		place: word(40), word: word(44), confidence: int32(word(48)), kind: b[52], results: b[53], flags: b[54],
	}
	return nil
}

// number packs an incident's ID into 63 bits, in the same order: 47 bits of the
// entry, 16 of the row.
func number(id trucewatch.IncidentID) (int64, error) {
	if id.Index >= 1<<47 {
		return 0, fmt.Errorf("%w: incident %v lies beyond entry 2^47", trucewatch.ErrInvalid, id)
	}
	return int64(id.Index<<16 | uint64(id.Row)), nil
}

func fromNumber(n int64) trucewatch.IncidentID {
	return trucewatch.IncidentID{Index: uint64(n) >> 16, Row: uint16(n)}
}

// bounds returns the box round a region. One that crosses the 180th meridian
// goes all round.
func bounds(r geo.Region) trucewatch.Box {
	low, high := r.Bounds()
	if r.Kind == geo.Sector {
		// The circle round the observer would be many times as large.
		low, high = hull(r.Outline(), r.RMaxMM/sagitta)
	}
	if low.LonE7 > high.LonE7 || int64(high.LonE7)-int64(low.LonE7) > 180*geo.E7 {
		low.LonE7, high.LonE7 = -180*geo.E7, 180*geo.E7
	}
	return trucewatch.Box{Min: low, Max: high}
}

// sagitta: between two points of an outline, 5 degrees apart, an arc bulges by
// less than this part of its radius (1 - cos 2.5 degrees = 1/1051).
const sagitta = 1000

// hull returns the box round rings, widened by a margin.
func hull(rings [][]geo.Position, marginMM int64) (low, high geo.Position) {
	low, high = geo.Position{LatE7: 90 * geo.E7, LonE7: 180 * geo.E7}, geo.Position{LatE7: -90 * geo.E7, LonE7: -180 * geo.E7}
	for _, ring := range rings {
		for _, p := range ring {
			a, b := geo.Circle(p, marginMM).Bounds()
			low = geo.Position{LatE7: min(low.LatE7, a.LatE7), LonE7: min(low.LonE7, a.LonE7)}
			high = geo.Position{LatE7: max(high.LatE7, b.LatE7), LonE7: max(high.LonE7, b.LonE7)}
		}
	}
	return low, high
}

// spots is the array of all incidents, by row, as of one commit.
type spots struct {
	generation int64
	commits    int64
	rows       int64 // read so far
	gone       int64 // read so far
	list       []spot
	dead       int
}

// goneKept is how many numbers of rows that are gone the file keeps for readers
// that still hold them. A reader that is further behind reads all anew.
//
// Guess: a day of a busy mission. Test: how often readers reload.
const goneKept = 100_000

// refresh brings the array to the commit that tx sees, and returns what the file
// says of itself. The caller holds mu from before tx began to read, so that tx
// never sees an older commit than the array.
func (x *Index) refresh(ctx context.Context, tx *sql.Tx) (meta, error) {
	m, err := readMeta(ctx, tx)
	if err != nil || m.building || m.commits == x.spots.commits {
		return m, err
	}
	s := &x.spots
	if m.generation != s.generation {
		x.texts = texts{}
	}
	if m.generation != s.generation || m.gone-s.gone > goneKept || s.dead > len(s.list)/2 {
		*s = spots{generation: m.generation, gone: m.gone}
	}
	if err := s.bury(ctx, tx); err != nil {
		return m, err
	}
	if err := s.add(ctx, tx, m); err != nil {
		*s = spots{}
		return m, err
	}
	s.commits, s.rows, s.gone = m.commits, m.rows, m.gone
	return m, x.texts.add(ctx, tx)
}

// bury marks what is gone since the array was read.
func (s *spots) bury(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT row FROM gone WHERE number > ?", s.gone)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return err
		}
		i, found := slices.BinarySearchFunc(s.list, row, func(s spot, row int64) int { return int(min(max(s.row-row, -1), 1)) })
		if found && s.list[i].flags&dead == 0 {
			s.list[i].flags |= dead
			s.dead++
		}
	}
	return rows.Err()
}

// add reads the rows behind those that were read.
func (s *spots) add(ctx context.Context, tx *sql.Tx, m meta) error {
	if more := m.rows - s.rows; more > 1000 {
		s.list = slices.Grow(s.list, int(min(more, 1<<20)))
	}
	rows, err := tx.QueryContext(ctx, "SELECT row, packed FROM spot WHERE row > ? ORDER BY row", s.rows)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var packed sql.RawBytes
		if err := rows.Scan(&row, &packed); err != nil {
			return err
		}
		var next spot
		if err := next.unpack(row, packed); err != nil {
			return err
		}
		s.list = append(s.list, next)
	}
	return rows.Err()
}

// texts are names that many incidents share, by number from 1.
type texts struct{ values []string }

func (t *texts) add(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT number, value FROM text WHERE number > ? ORDER BY number", len(t.values))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var number int
		var value string
		if err := rows.Scan(&number, &value); err != nil {
			return err
		}
		if number != len(t.values)+1 {
			return fmt.Errorf("%w: text %d follows %d", ErrDamaged, number, len(t.values))
		}
		t.values = append(t.values, value)
	}
	return rows.Err()
}

// value returns a text; number 0 is the empty one.
func (t *texts) value(number uint32) string {
	if number == 0 || int(number) > len(t.values) {
		return ""
	}
	return t.values[number-1]
}

// ended returns the end of an interval as a number, so that an open one is
// later than all.
func ended(v trucewatch.Interval) int64 {
	if v.Till == 0 && v.From != 0 {
		return math.MaxInt64
	}
	return int64(v.Till)
}

// interval is the reverse of ended.
func (s *spot) interval() trucewatch.Interval {
	v := trucewatch.Interval{From: trucewatch.Instant(s.began), Till: trucewatch.Instant(s.ended)}
	if s.ended == math.MaxInt64 {
		v.Till = 0
	}
	return v
}
