// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A Piece is a part of the work that stands alone: the arrivals of one district
// and its surroundings for a while, or a group of observations that hang
// together. What comes of it follows from its Body, so that any machine may work
// it out (Worker) and none needs to hold more than the pieces of its cells.
type Piece struct {
	Cell geo.Position // south-west corner of the cell of country that it belongs to
	Body []byte
}

// pieceCellMM is the side of the cells by which groups go to shards. Guess: as
// wide as the districts of a line of sound sensors. Test: groups of a day by
// shard.
const pieceCellMM = 70_000_000

// Shard says which of n shards, counted from 0, works on the pieces of p's cell:
// that with the highest draw for the cell. So a cell stays where it is when
// another shard comes or goes (rendezvous hashing: Thaler and Ravishankar,
// IEEE/ACM Transactions on Networking 6, 1998).
func (p *Piece) Shard(n int) int {
	h := fnv.New64a()
	h.Write(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(p.Cell.LatE7)), uint32(p.Cell.LonE7)))
	best, most := 0, uint64(0)
	for i := range n {
		if draw := kernel.Mix(h.Sum64() ^ kernel.Mix(uint64(i+1))); draw > most {
			best, most = i, draw
		}
	}
	return best
}

// An Ask has pieces worked out and returns the answers in their order. A piece
// without an answer, or with one that cannot be read, is worked out by who asked.
type Ask func(pieces []Piece) (answers [][]byte)

// answers asks, unless there is nothing to ask; exactly one for each piece.
func (ask Ask) answers(pieces []Piece) [][]byte {
	if len(pieces) == 0 {
		return nil
	}
	out := make([][]byte, len(pieces))
	copy(out, ask(pieces))
	return out
}

// Shards has ask carry out what does not depend on each other, in place of this
// machine. The incidents are the same however many shards there are.
func (a *Associator) Shards(ask Ask) { a.ask = ask }

// A body is a Piece opened: one of its fields is set.
type body struct {
	Window   *windowPiece
	Division *divisionPiece
}

// A windowPiece is a window with the country under it.
type windowPiece struct {
	Hearing    Hearing
	Centre     geo.Position // of the district
	Stations   []Station    // of the district and all within reach
	From, Till trucewatch.Instant
	Air        []kernel.Air
	Clutter    []int64
	Births     int64
	Ranges     int        // how far all is heard, a place in kernel.RangeSteps
	Clocks     []int64    // errors of the stations' clocks beyond what they state, microseconds
	Near       [][3]int64 // shots found before: east, north, time
	Arrivals   []kernel.Arrival
	Seeds      []int32
	Rung       []int64
	Sure       bool // shots to learn from
}

// A divisionPiece is a group that is to be divided, in content order.
type divisionPiece struct {
	Nodes []nodePiece
	Whole bool // all hang together
}

type nodePiece struct {
	Recorded       *trucewatch.Recorded
	Clutter, Birth int64 // rates where it is, per million km2 and day
	Timing         trueTime
	Shot           *shotPiece
}

// A shotPiece is what a group needs of a shot.
type shotPiece struct {
	Arrivals []*trucewatch.Recorded
	Gains    []trucewatch.MilliNat
	Clocks   []kernel.Clock // of the arrivals' stations; none if all are right
	At       trucewatch.Instant
	Score    trucewatch.MilliNat
	Fresh    bool
	Degraded bool
}

// A foundPiece is the answer to a windowPiece.
type foundPiece struct {
	Shots []Shot // with arrivals by their place in the piece
	Ahead []int32
}

// A draftPiece is one incident of the answer to a divisionPiece.
type draftPiece struct {
	Members  []int32 // by place in the piece
	Home     []int32
	Incident *trucewatch.Incident
}

// piece is w as a Piece.
func (w *window) piece(n *Network, rung []int64) Piece {
	p := &windowPiece{Hearing: n.hearing, Centre: w.d.centre, From: w.from, Till: w.till, Air: w.c.air, Clutter: w.c.clutter, Births: w.c.births, Ranges: w.c.ranges,
		Near: w.births, Arrivals: w.arrivals, Seeds: w.seeds, Rung: rung, Sure: w.sure}
	for k, i := range w.d.stations {
		p.Stations = append(p.Stations, n.stations[i])
		p.Clocks = append(p.Clocks, w.c.clocks[k].ErrorUS)
	}
	return Piece{Cell: w.d.corner, Body: trucewatch.Encode(&body{Window: p})}
}

// piece is the group as a Piece.
func (d *division) piece(a *Associator) Piece {
	p := &divisionPiece{Whole: len(d.dead) == 0}
	for _, n := range d.members {
		node := &a.nodes[n]
		piece := nodePiece{Recorded: node.rec, Timing: node.timing()}
		piece.Clutter, piece.Birth = a.ratesOf(node)
		if v := node.solved; v != nil {
			piece.Shot = &shotPiece{v.recs, v.gain, v.clock, v.shot.At, v.shot.Score, v.fresh, v.shot.Degraded}
		}
		p.Nodes = append(p.Nodes, piece)
	}
	var cell geo.Position
	if where, ok := locate(a.nodes[d.members[0]].rec.Observation); ok && where.region != nil {
		cell = geo.GridCell(where.region.Center, pieceCellMM).Rings[0][0]
	}
	return Piece{Cell: cell, Body: trucewatch.Encode(&body{Division: p})}
}

// take reads the answer to the group's piece, and says whether it could.
func (d *division) take(a *Associator, answer []byte) bool {
	var drafts []draftPiece
	if answer == nil || trucewatch.Decode(answer, &drafts) != nil {
		return false
	}
	for i := range drafts {
		m := &drafts[i]
		if len(m.Members) == 0 || m.Incident == nil || !d.number(m.Members) || !d.number(m.Home) {
			return false
		}
	}
	for _, m := range drafts {
		d.revise(a, &draft{members: m.Members, home: m.Home, incident: *m.Incident})
	}
	return true
}

// number turns places in the piece into nodes, and says whether all are there.
func (d *division) number(places []int32) bool {
	for k, at := range places {
		if at < 0 || int(at) >= len(d.members) {
			return false
		}
		places[k] = d.members[at]
	}
	return true
}

// take reads the answer to the window's piece, and says whether it could.
func (w *window) take(answer []byte) bool {
	var p foundPiece
	if answer == nil || trucewatch.Decode(answer, &p) != nil {
		return false
	}
	lists := [][]int32{p.Ahead}
	for _, s := range p.Shots {
		if len(s.Arrivals) == 0 || len(s.Gains) != len(s.Arrivals) {
			return false
		}
		lists = append(lists, s.Arrivals, s.Near)
	}
	for _, list := range lists {
		if slices.ContainsFunc(list, func(at int32) bool { return at < 0 || int(at) >= len(w.arrivals) }) {
			return false
		}
	}
	w.shots, w.ahead = p.Shots, p.Ahead
	return true
}
