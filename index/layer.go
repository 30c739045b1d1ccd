// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// cellsMax is how many cells a layer has at most.
//
// Guess: 64 by 32 is as fine as a map of 1,000 pixels shows counts. Test: time
// to draw (scripts/bench serve; twice as many took a page over 50 ms), and
// whether people tell neighbouring cells apart.
const cellsMax = 2048

// Map returns what a map draws of the incidents that a query keeps: each of
// them if there are at most maxShapes, else counts by cell. Limit, Offset and
// Order do not count; incidents without a place are left out. The error wraps
// ErrQuery if the query makes no sense.
func (x *Index) Map(q trucewatch.Query, maxShapes int) (trucewatch.MapLayer, error) {
	q.Limit, q.Offset, q.Order = 0, 0, ""
	if err := check(q); err != nil {
		return trucewatch.MapLayer{}, err
	}
	if maxShapes < 0 || maxShapes > trucewatch.LimitMax {
		return trucewatch.MapLayer{}, fmt.Errorf("%w: %d shapes is outside 0 to %d", ErrQuery, maxShapes, trucewatch.LimitMax)
	}
	if q.Box == nil {
		world := trucewatch.Box{Min: geo.Position{LatE7: -90 * geo.E7, LonE7: -180 * geo.E7}, Max: geo.Position{LatE7: 90 * geo.E7, LonE7: 180 * geo.E7}}
		q.Box = &world
	}
	var layer trucewatch.MapLayer
	var page []spot
	err := x.snapshot(func() error {
		matching := x.match(q)
		layer.Total = len(matching)
		if len(matching) <= maxShapes {
			page = x.best(matching, "", 0, len(matching))
			layer.Shapes = x.shapes(page)
			return nil
		}
		layer.Cells, layer.CellE7 = x.cells(matching)
		return nil
	}, func(ctx context.Context, tx *sql.Tx) error {
		return eachRow(ctx, tx, "i.region, NULL", page, func(at int, region, _ []byte) error {
			return unseal(region, &layer.Shapes[at].Where)
		})
	})
	if err != nil {
		return trucewatch.MapLayer{}, err
	}
	return layer, nil
}

// shapes makes the shapes of incidents, but for their regions.
func (x *Index) shapes(page []spot) []trucewatch.MapShape {
	var out []trucewatch.MapShape
	for i := range page {
		s := &page[i]
		shape := trucewatch.MapShape{ID: fromNumber(s.id), Kind: kinds[s.kind], When: s.interval(), Word: x.texts.value(s.word)}
		if s.results != 0 {
			shape.Result = results[bits.TrailingZeros8(s.results)]
		}
		out = append(out, shape)
	}
	return out
}

// A point is the middle of an incident's box, in 1e-7 degree, and its kind.
type point struct {
	lat, lon int32
	kind     uint8
}

func (s *spot) middle() point {
	return point{lat: int32((int64(s.south) + int64(s.north)) >> 1), lon: int32((int64(s.west) + int64(s.east)) >> 1), kind: s.kind}
}

// cells counts incidents by cell. The side is a power of two, so that cells stay
// where they are while a map is moved, and as short as cellsMax allows.
func (x *Index) cells(matching []int32) ([]trucewatch.MapCell, int64) {
	// Points apart from spots: most of the time goes into reading memory.
	x.points = slices.Grow(x.points[:0], len(matching))[:len(matching)]
	points := x.points
	first := x.spots.list[matching[0]].middle()
	low, high := first, first
	for k, i := range matching {
		p := x.spots.list[i].middle()
		points[k] = p
		low.lat, high.lat = min(low.lat, p.lat), max(high.lat, p.lat)
		low.lon, high.lon = min(low.lon, p.lon), max(high.lon, p.lon)
	}
	rows := func(shift int) int64 { return int64(high.lat>>shift) - int64(low.lat>>shift) + 1 }
	columns := func(shift int) int64 { return int64(high.lon>>shift) - int64(low.lon>>shift) + 1 }
	shift := 0
	for rows(shift)*columns(shift) > cellsMax {
		shift++
	}
	row, column, wide, each := int64(low.lat>>shift), int64(low.lon>>shift), columns(shift), int64(len(kinds))
	counts := make([]int, rows(shift)*wide*each)
	for _, p := range points {
		counts[((int64(p.lat>>shift)-row)*wide+int64(p.lon>>shift)-column)*each+int64(p.kind)]++
	}
	var out []trucewatch.MapCell
	for at := range int64(len(counts)) / each {
		if c := countKinds(counts[at*each : (at+1)*each]); c.Count > 0 {
			lat, lon := (row+at/wide)<<shift, (column+at%wide)<<shift
			side := int64(1) << shift
			c.Box = trucewatch.Box{Min: geo.Position{LatE7: clamp(lat, 90), LonE7: clamp(lon, 180)},
				Max: geo.Position{LatE7: clamp(lat+side, 90), LonE7: clamp(lon+side, 180)}}
			out = append(out, c)
		}
	}
	return out, int64(1) << shift
}

func clamp(e7 int64, degrees int64) int32 {
	return int32(min(max(e7, -degrees*geo.E7), degrees*geo.E7))
}

// countKinds adds counts by position in the vocabulary.
func countKinds(counts []int) trucewatch.MapCell {
	var c trucewatch.MapCell
	for i, n := range counts {
		if n > 0 {
			c.Count += n
			c.Kinds = append(c.Kinds, trucewatch.KindCount{Kind: kinds[i], Count: n})
		}
	}
	slices.SortStableFunc(c.Kinds, func(a, b trucewatch.KindCount) int { return b.Count - a.Count })
	return c
}

// Bounds returns the box round all places and the time from the first beginning
// to the last end, and whether there is any incident. If none has a place, the
// box is zero; if one has not ended, the time has no end.
func (x *Index) Bounds() (box trucewatch.Box, span trucewatch.Interval, found bool, err error) {
	placed := false
	err = x.snapshot(func() error {
		for i := range x.spots.list {
			s := &x.spots.list[i]
			if s.flags&dead != 0 {
				continue
			}
			if !found {
				span = s.interval()
			}
			found, span = true, span.Join(s.interval())
			if s.flags&placeless != 0 {
				continue
			}
			b := trucewatch.Box{Min: geo.Position{LatE7: s.south, LonE7: s.west}, Max: geo.Position{LatE7: s.north, LonE7: s.east}}
			if !placed {
				box, placed = b, true
			}
			box.Min = geo.Position{LatE7: min(box.Min.LatE7, b.Min.LatE7), LonE7: min(box.Min.LonE7, b.Min.LonE7)}
			box.Max = geo.Position{LatE7: max(box.Max.LatE7, b.Max.LatE7), LonE7: max(box.Max.LonE7, b.Max.LonE7)}
		}
		return nil
	}, func(context.Context, *sql.Tx) error { return nil })
	return box, span, found, err
}

// binsMax is the highest number of bins of a Histogram.
const binsMax = 10_000

// Histogram counts the incidents that a query keeps by when they began, in
// spans of one width from From on; where From or Till is not given, from the
// first beginning or to the last. What began before From is left out; empty
// spans are not. The error wraps ErrQuery if the query makes no sense, or would
// give more than 10,000 spans.
func (x *Index) Histogram(q trucewatch.Query, width trucewatch.Instant) ([]trucewatch.Bin, error) {
	q.Limit, q.Offset, q.Order = 0, 0, ""
	err := check(q)
	if width <= 0 {
		err = errors.Join(err, fmt.Errorf("%w: spans of %d microseconds", ErrQuery, width))
	}
	if err != nil {
		return nil, err
	}
	var bins []trucewatch.Bin
	err = x.snapshot(func() error {
		bins, err = x.bins(x.match(q), q, uint64(width))
		return err
	}, func(context.Context, *sql.Tx) error { return nil })
	return bins, err
}

func (x *Index) bins(matching []int32, q trucewatch.Query, width uint64) ([]trucewatch.Bin, error) {
	first, last, found := int64(q.From), int64(q.Till), q.From != 0 && q.Till != 0
	for n, i := range matching {
		began := x.spots.list[i].began
		if q.From == 0 && (n == 0 || began < first) {
			first = began
		}
		if q.Till == 0 && (n == 0 || began > last) {
			last = began
		}
		found = true
	}
	if !found || last < first {
		return nil, nil
	}
	// Unsigned: two times may lie further apart than the largest number.
	number := func(at int64) uint64 { return (uint64(at) - uint64(first)) / width }
	if number(last) >= binsMax {
		return nil, fmt.Errorf("%w: %d spans are more than %d", ErrQuery, number(last)+1, binsMax)
	}
	each := len(kinds)
	counts := make([]int, (int(number(last))+1)*each)
	for _, i := range matching {
		if s := &x.spots.list[i]; s.began >= first && s.began <= last {
			counts[int(number(s.began))*each+int(s.kind)]++
		}
	}
	var out []trucewatch.Bin
	for at := 0; at < len(counts); at += each {
		c := countKinds(counts[at : at+each])
		from := trucewatch.Instant(first) + trucewatch.Instant(at/each)*trucewatch.Instant(width)
		// A span ends a microsecond before the next begins: both ends are inside.
		out = append(out, trucewatch.Bin{Span: trucewatch.Interval{From: from, Till: from + trucewatch.Instant(width) - 1}, Count: c.Count, Kinds: c.Kinds})
	}
	return out, nil
}
