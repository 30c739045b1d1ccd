// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A Worker works out pieces. It only keeps what it worked out about country, for
// the next piece of the same cell; answers follow from the pieces alone. It is
// not safe for use by several goroutines.
type Worker struct {
	ears      map[[sha256.Size]byte]*kernel.Ears
	districts map[[sha256.Size]byte]*district
}

// groundsMax is how many districts a Worker keeps ready. Guess: a line of 1,250
// km has 18; each takes some megabytes. Test: none needed, more is only faster.
const groundsMax = 64

// NewWorker returns a Worker.
func NewWorker() *Worker {
	return &Worker{ears: make(map[[sha256.Size]byte]*kernel.Ears), districts: make(map[[sha256.Size]byte]*district)}
}

// Work answers the Body of a Piece. The error says why it is none.
func (w *Worker) Work(piece []byte) ([]byte, error) {
	var b body
	if err := trucewatch.Decode(piece, &b); err != nil {
		return nil, fmt.Errorf("piece of %d bytes: %w", len(piece), err)
	}
	switch {
	case b.Window != nil && b.Division == nil:
		if err := b.Window.check(); err != nil {
			return nil, fmt.Errorf("piece: window: %w", err)
		}
		return w.window(b.Window)
	case b.Division != nil && b.Window == nil:
		if err := b.Division.check(); err != nil {
			return nil, fmt.Errorf("piece: group: %w", err)
		}
		return trucewatch.Encode(b.Division.work()), nil
	}
	return nil, errors.New("piece: neither a window nor a group, or both")
}

// window searches one window.
func (w *Worker) window(p *windowPiece) ([]byte, error) {
	d := w.district(p)
	if len(p.Air) != d.squares {
		return nil, fmt.Errorf("piece: window: air of %d squares of %d", len(p.Air), d.squares)
	}
	c := &conditions{air: p.Air, clutter: p.Clutter, births: p.Births, ranges: p.Ranges, clocks: make([]kernel.Clock, len(p.Clocks))}
	for k, err := range p.Clocks {
		c.clocks[k].ErrorUS = err
	}
	d.ready(c)
	window := &window{d: d, c: c, from: p.From, till: p.Till, births: p.Near, arrivals: p.Arrivals, seeds: p.Seeds, sure: p.Sure}
	window.search(p.Rung)
	return trucewatch.Encode(&foundPiece{window.shots, window.ahead}), nil
}

// district readies the country of p, unless that is done.
func (w *Worker) district(p *windowPiece) *district {
	hearing := sha256.Sum256(trucewatch.Encode(&p.Hearing))
	key := sha256.Sum256(append(hearing[:], trucewatch.Encode([]any{p.Centre, p.Stations})...))
	if d := w.districts[key]; d != nil {
		return d
	}
	if w.ears[hearing] == nil {
		clear(w.ears)
		w.ears[hearing] = kernel.NewEars(p.Hearing)
	}
	if len(w.districts) >= groundsMax {
		clear(w.districts)
	}
	d := &district{centre: p.Centre, plane: geo.NewPlane(p.Centre)}
	d.lay(w.ears[hearing], p.Stations)
	w.districts[key] = d
	return d
}

// work divides the group as its Associator would.
func (p *divisionPiece) work() (out []draftPiece) {
	a := New()
	a.found = a.answers
	var members []int32
	for i := range p.Nodes {
		piece := &p.Nodes[i]
		n := node{rec: piece.Recorded, parent: int32(i), next: int32(i), formed: -1}
		n.spot = a.spotOf(n.rec)
		if s := piece.Shot; s != nil {
			n.spot.shot = true
			n.solved = &solved{shot: Shot{At: s.At, Score: s.Score, Degraded: s.Degraded}, recs: s.Arrivals, gain: s.Gains, clock: s.Clocks, fresh: s.Fresh}
		}
		n.lateness = &lateness{learned: piece.Timing}
		n.patch = &patch{birth: piece.Birth, model: a.rates.model}
		if means := slices.Index(a.rates.means, n.rec.Observation.Means); means >= 0 {
			n.patch.means = []meansRate{{means: uint8(means), clutter: piece.Clutter}}
		}
		a.nodes = append(a.nodes, n)
		members = append(members, int32(i))
	}
	for i := range a.nodes {
		if !a.nodes[0].spot.far {
			break // a group is of this kind, or nobody in it
		}
		for k := range a.nodes[:i] {
			noteCrossing(&a.nodes[k], &a.nodes[i])
		}
	}
	for _, d := range a.drafts(members, p.Whole) {
		in := d.rest()
		in.Links = d.incident.Links
		out = append(out, draftPiece{d.members, d.home, in})
	}
	return out
}

// piecesMax bounds stations, arrivals and members of one piece; coordinates and
// times are bounded by their types.
const piecesMax = 1 << 16

// check refuses what no Listener makes, so that a broken piece cannot stop a
// Worker.
func (p *windowPiece) check() error {
	h := &p.Hearing
	phases := len(h.PhasesMMS)
	between := func(low, v, high int64) bool { return low <= v && v <= high }
	switch {
	case !between(1, int64(phases), 2) || slices.Min(h.PhasesMMS) < 100_000 || slices.Max(h.PhasesMMS) > 20_000_000 || !slices.IsSortedFunc(h.PhasesMMS, func(v, w int64) int { return int(w - v) }),
		!between(1, int64(len(h.Loudness)), 8), !between(1, h.Detect, 999_999), !between(0, h.Together, 999_999), !between(1, h.Spread, geo.Million),
		!between(100_000, h.LeafMM, h.TopMM), !between(h.LeafMM, h.TopMM, 16*h.LeafMM), !between(h.TopMM/4, h.FirstMM, h.ReachMM), !between(h.TopMM, h.ReachMM, 16*h.TopMM),
		!between(0, h.DeepMM, 4*h.TopMM), !between(3, int64(h.Least), 100), !between(1, int64(h.Visits), 10_000), !between(1, h.Births, 1<<50),
		!between(0, h.FloorUS, 60_000_000), !between(0, h.SpeedMMS, 100_000), !between(0, h.WindMMS, 100_000):
		return errors.New("a hearing that is not possible")
	case slices.ContainsFunc(h.Loudness, func(l Loudness) bool {
		return !between(1, l.RangeMM, 1_000_000_000) || !between(1, l.WidthMM, 1_000_000_000) || !between(1, l.Share, geo.Million)
	}):
		return errors.New("a loudness that is not possible")
	case len(p.Stations) == 0 || len(p.Stations) > piecesMax || len(p.Arrivals) > piecesMax || len(p.Seeds) > piecesMax:
		return fmt.Errorf("%d stations, %d arrivals, %d seeds", len(p.Stations), len(p.Arrivals), len(p.Seeds))
	case !between(0, int64(p.Ranges), int64(len(kernel.RangeSteps))-1):
		return fmt.Errorf("ranges of step %d of %d", p.Ranges, len(kernel.RangeSteps))
	case len(p.Clutter) != len(p.Stations)*phases || p.Births < 1:
		return fmt.Errorf("clutter of %d for %d stations, %d births", len(p.Clutter), len(p.Stations), p.Births)
	case len(p.Clocks) != len(p.Stations) || slices.ContainsFunc(p.Clocks, func(v int64) bool { return !between(0, v, 60_000_000) }):
		return errors.New("clocks that are not possible")
	}
	for _, s := range p.Stations {
		if geo.NearMM(s.Position, p.Centre) > 4*(h.FirstMM+h.ReachMM) {
			return errors.New("a station far from its district")
		}
	}
	for i, a := range p.Arrivals {
		if a.Station < 0 || int(a.Station) >= len(p.Stations) || int(a.Phase) >= phases ||
			i > 0 && (int(a.Station)*phases+int(a.Phase) < int(p.Arrivals[i-1].Station)*phases+int(p.Arrivals[i-1].Phase)) {
			return fmt.Errorf("arrival %d is of no station, or out of order", i)
		}
	}
	for _, s := range p.Seeds {
		if s < 0 || int(s) >= len(p.Arrivals) {
			return errors.New("a seed that is no arrival")
		}
	}
	return nil
}

func (p *divisionPiece) check() error {
	if len(p.Nodes) == 0 || len(p.Nodes) > piecesMax {
		return fmt.Errorf("%d members", len(p.Nodes))
	}
	whole := func(r *trucewatch.Recorded) bool { return r != nil && r.Source != nil && r.Observation != nil }
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if !whole(n.Recorded) || n.Clutter < 1 || n.Birth < 1 {
			return fmt.Errorf("member %d is not whole", i)
		}
		if n.Shot == nil {
			if err := n.Recorded.Observation.Check(); err != nil {
				return fmt.Errorf("member %d: %w", i, err)
			}
			continue
		}
		if len(n.Shot.Arrivals) == 0 || len(n.Shot.Arrivals) != len(n.Shot.Gains) || len(n.Shot.Clocks) > 0 && len(n.Shot.Clocks) != len(n.Shot.Arrivals) ||
			slices.ContainsFunc(n.Shot.Arrivals, func(r *trucewatch.Recorded) bool { return !whole(r) || r.Observation.Arrival == nil }) {
			return fmt.Errorf("member %d is a shot without its arrivals", i)
		}
	}
	return nil
}
