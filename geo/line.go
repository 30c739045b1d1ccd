// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"fmt"
	"math"
	"sort"
)

// A Side says on which side of a line a place is, as seen walking from its
// first point to its last.
type Side int8

// The sides of a line.
const (
	Left   Side = 1
	OnLine Side = 0
	Right  Side = -1
)

// limits of lines and areas
const (
	// EdgeMaxE7 is the largest step in longitude between two vertices. Within it
	// every product of the exact tests fits 64 bits.
	EdgeMaxE7 = 90 * E7
	// VerticesMax bounds the memory of one line or area.
	VerticesMax = 200_000
)

// A Line is an agreed line on the ground with the error of its survey. Between
// two points it is straight in longitude and latitude, as RFC 7946 section
// 3.1.1 has it. It may cross the antimeridian, not a pole. It does not change
// once made and may be shared.
type Line struct {
	points        []Position
	surveyErrorMM int64
	path          []vertex // longitudes unrolled, so that no step wraps
	pieces        []piece
	nodes         []node // tree of balls over the pieces; node 1 is the root
	leaves        int
	lengthMM      int64
}

// A vertex is a position with its longitude unrolled: it may pass 180 degrees.
type vertex struct{ lat, lon int64 }

// A piece is a part of an edge, short enough to be a parabola in space: at the
// share s of its way it is at start + slope s + bow s², metres.
type piece struct {
	start, slope, bow vector
	ball              node
	edge              int     // index of the edge's first vertex
	from, till        float64 // shares of the edge's way
}

// pieceMaxM keeps the parabola through both ends and the middle of a piece
// within 1 mm of the edge up to 80 degrees of latitude, where its third
// derivative is (tan 80°/R)².
const pieceMaxM = 4_000

// piecesMax bounds the memory of one line: 4 million km in pieces of 4 km.
const piecesMax = 1_000_000

// A node is a ball that holds all of a run of pieces, in metres in space.
type node struct {
	center vector
	radius float64
}

// NewLine makes a line of at least two distinct points, which must not cross or
// touch itself. surveyErrorMM is the 95 % error of the line across itself.
// Points that repeat the one before are dropped.
func NewLine(points []Position, surveyErrorMM int64) (*Line, error) {
	if surveyErrorMM < 0 {
		return nil, fmt.Errorf("%w: survey error of %d mm is negative", ErrInvalid, surveyErrorMM)
	}
	if len(points) > VerticesMax {
		return nil, fmt.Errorf("%w: %d points are more than %d", ErrInvalid, len(points), VerticesMax)
	}
	path, err := unroll(points, "point")
	if err != nil {
		return nil, err
	}
	if len(path) < 2 {
		return nil, fmt.Errorf("%w: a line needs two distinct points", ErrInvalid)
	}
	if i, j, crosses := crossing([][]vertex{path}, false); crosses {
		return nil, fmt.Errorf("%w: the line meets itself: the edges from %s and from %s", ErrInvalid,
			path[i.vertex].position(), path[j.vertex].position())
	}
	l := &Line{points: make([]Position, len(path)), surveyErrorMM: surveyErrorMM, path: path}
	length := 0.0
	for i, v := range path {
		l.points[i] = v.position()
		if i > 0 {
			length += edgeLength(path[i-1], v)
		}
	}
	l.lengthMM = roundInt(float64(1000 * length))
	if length > (piecesMax-VerticesMax)*pieceMaxM {
		return nil, fmt.Errorf("%w: the line is longer than %d km", ErrInvalid, (piecesMax-VerticesMax)*pieceMaxM/1000)
	}
	l.index()
	return l, nil
}

func (v vertex) position() Position { return position(v.lat, v.lon) }

// unroll checks points and makes a path of them whose longitudes never jump.
func unroll(points []Position, name string) ([]vertex, error) {
	path := make([]vertex, 0, len(points))
	for i, p := range points {
		if err := p.Check(); err != nil {
			return nil, fmt.Errorf("%s %d: %w", name, i, err)
		}
		v := vertex{int64(p.LatE7), int64(p.LonE7)}
		if n := len(path); n > 0 {
			last := path[n-1]
			step := wrapE7(v.lon - last.lon)
			if v.lat == last.lat && step == 0 {
				continue
			}
			if abs64(step) > EdgeMaxE7 {
				return nil, fmt.Errorf("%w: %s %d is %s degrees of longitude from the one before, more than 90; add points between",
					ErrInvalid, name, i, degrees(int32(abs64(step))))
			}
			v.lon = last.lon + step
		}
		path = append(path, v)
	}
	return path, nil
}

// edgeLength is the length of an edge in metres. It sums geodesics over pieces of
// at most a degree, which leaves less than 1e-5 of the length below latitude 70.
func edgeLength(a, b vertex) float64 {
	pieces := max(abs64(b.lat-a.lat), abs64(b.lon-a.lon))/E7 + 1
	total, last := 0.0, a
	for k := int64(1); k <= pieces; k++ {
		next := vertex{a.lat + (b.lat-a.lat)*k/pieces, a.lon + (b.lon-a.lon)*k/pieces}
		metres, _, _ := inverse(last.lat, next.lat, next.lon-last.lon)
		total += metres
		last = next
	}
	return total
}

// Points returns the points of the line, without repetitions. The caller must
// not change them.
func (l *Line) Points() []Position { return l.points }

// SurveyErrorMM is the 95 % error of the line across itself.
func (l *Line) SurveyErrorMM() int64 { return l.surveyErrorMM }

// LengthMM is the length along the line, within 1e-5.
func (l *Line) LengthMM() int64 { return l.lengthMM }

// leafPieces is how many pieces a leaf of the tree holds. Guess: 4; the benchmark
// of Line.DistanceMM shows whether another is faster.
const leafPieces = 4

// index cuts the edges into pieces and builds the tree of balls over them.
func (l *Line) index() {
	for e := 0; e+1 < len(l.path); e++ {
		a, b := l.path[e], l.path[e+1]
		n := int(float64(2*edgeRadius(a, b))/pieceMaxM) + 1
		for k := range n {
			l.pieces = append(l.pieces, newPiece(a, b, e, float64(k)/float64(n), float64(k+1)/float64(n)))
		}
	}
	runs := (len(l.pieces) + leafPieces - 1) / leafPieces
	l.leaves = 1
	for l.leaves < runs {
		l.leaves *= 2
	}
	l.nodes = make([]node, 2*l.leaves)
	for i := range l.nodes {
		l.nodes[i].radius = -1 // empty
	}
	for i := range l.pieces {
		leaf := &l.nodes[l.leaves+i/leafPieces]
		*leaf = joined(*leaf, l.pieces[i].ball)
	}
	for i := l.leaves - 1; i > 0; i-- {
		l.nodes[i] = joined(l.nodes[2*i], l.nodes[2*i+1])
	}
}

// edgeRadius is no less than half the length of an edge in metres: that of its
// steps north and east with the largest radius of curvature.
func edgeRadius(a, b vertex) float64 {
	low := min(abs64(a.lat), abs64(b.lat))
	if (a.lat < 0) != (b.lat < 0) {
		low = 0
	}
	_, cosLat := sincosE7(low)
	return float64(radiusMaxM/2*hypot(radians(b.lat-a.lat), float64(radians(b.lon-a.lon)*cosLat))) + 0.01
}

// newPiece lays a parabola through the ends and the middle. The ball round the
// middle with half the length as radius holds all of it.
func newPiece(a, b vertex, edge int, from, till float64) piece {
	start, end := along(a, b, from), along(a, b, till)
	middle := along(a, b, (from+till)/2)
	bow := start.plus(end).minus(middle.times(2)).times(2)
	return piece{
		start: start, slope: end.minus(start).minus(bow), bow: bow,
		ball: node{middle, float64(edgeRadius(a, b)*(till-from)) + 0.01},
		edge: edge, from: from, till: till,
	}
}

// along is the point of the edge from a to b at the share t of its way.
func along(a, b vertex, t float64) vector {
	return surface(float64(a.lat)+float64(float64(b.lat-a.lat)*t), float64(a.lon)+float64(float64(b.lon-a.lon)*t))
}

// joined is a ball that holds both.
func joined(a, b node) node {
	if a.radius < 0 {
		return b
	}
	if b.radius < 0 {
		return a
	}
	d := b.center.minus(a.center)
	gap := d.length()
	switch {
	case gap+b.radius <= a.radius:
		return a
	case gap+a.radius <= b.radius:
		return b
	}
	radius := (gap + a.radius + b.radius) / 2
	return node{a.center.plus(d.times((radius - a.radius) / gap)), radius + 1e-6}
}

// A foot is the point of a line nearest to a place.
type foot struct {
	edge  int     // index of the edge's first vertex
	t     float64 // share of the edge's way, 0 to 1
	chord float64 // straight through the Earth, metres
}

// nearest finds the foot of a place at v.
func (l *Line) nearest(v vector) foot {
	best := foot{chord: math.Inf(1)}
	at := 0
	var stack [64]int
	stack[0] = 1
	for n := 1; n > 0; {
		n--
		i := stack[n]
		if l.nodes[i].below(v) > best.chord {
			continue
		}
		if i >= l.leaves {
			low := (i - l.leaves) * leafPieces
			for k := low; k < min(low+leafPieces, len(l.pieces)); k++ {
				l.pieces[k].improve(v, k, &best, &at)
			}
			continue
		}
		first, second := 2*i, 2*i+1
		if l.nodes[first].below(v) < l.nodes[second].below(v) {
			first, second = second, first
		}
		stack[n], stack[n+1] = first, second // the nearer one is taken first
		n += 2
	}
	return best
}

// improve takes the foot on piece k if it is nearer than the best. Of equally
// near pieces the first counts, in whatever order they are looked at.
func (p *piece) improve(v vector, k int, best *foot, at *int) {
	if p.ball.below(v) > best.chord {
		return
	}
	if f := p.foot(v); f.chord < best.chord || f.chord == best.chord && k < *at {
		*best, *at = f, k
	}
}

// A window finds the feet of many places within one ball. Only pieces not
// farther from the ball's middle than its nearest piece and the ball's width can
// be nearest to any of them.
type window struct {
	line   *Line
	pieces []int // the candidates; empty if they are so many that the tree is better
	at     int   // the piece of the last foot, a good first guess for the next
}

const windowMax = 64 // Guess: candidates beyond which the tree is faster

func (l *Line) window(center Position, reachMM int64) window {
	v := center.vector()
	f := l.nearest(v)
	limit := f.chord + float64(float64(reachMM)*(2.0/1000))
	w := window{line: l}
	stack := []int{1}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if l.nodes[i].below(v) > limit {
			continue
		}
		if i < l.leaves {
			stack = append(stack, 2*i+1, 2*i)
			continue
		}
		low := (i - l.leaves) * leafPieces
		for k := low; k < min(low+leafPieces, len(l.pieces)); k++ {
			if l.pieces[k].ball.below(v) <= limit {
				w.pieces = append(w.pieces, k)
			}
		}
		if len(w.pieces) > windowMax {
			return window{line: l}
		}
	}
	w.at = w.pieces[0]
	return w
}

// nearest is Line.nearest for a place in the window's ball.
func (w *window) nearest(v vector) foot {
	if len(w.pieces) == 0 {
		return w.line.nearest(v)
	}
	best := w.line.pieces[w.at].foot(v)
	for _, k := range w.pieces {
		if k != w.at {
			w.line.pieces[k].improve(v, k, &best, &w.at)
		}
	}
	return best
}

// below is a lower bound of the distance from v to what is in a ball.
func (n *node) below(v vector) float64 {
	if n.radius < 0 {
		return math.Inf(1)
	}
	return v.minus(n.center).length() - n.radius
}

// foot finds the point of a piece nearest to v: first on its chord, then by
// Newton's method on the parabola.
func (p *piece) foot(v vector) foot {
	away := p.start.minus(v)
	chord := p.slope.plus(p.bow)
	s := max(0, min(1, -away.dot(chord)/chord.dot(chord)))
	const steps = 2
	for range steps {
		at := away.plus(p.slope.times(s)).plus(p.bow.times(float64(s * s)))
		tangent := p.slope.plus(p.bow.times(float64(2 * s)))
		square := tangent.dot(tangent)
		curve := square + float64(2*at.dot(p.bow))
		s -= at.dot(tangent) / max(curve, square/2) // half: only for places beyond the Earth's middle
		s = max(0, min(1, s))
	}
	at := away.plus(p.slope.times(s)).plus(p.bow.times(float64(s * s)))
	return foot{edge: p.edge, t: p.from + float64(s*(p.till-p.from)), chord: at.length()}
}

// DistanceMM is the distance from p to the nearest point of the line. Up to
// 100 km it errs by at most 1 mm + 2e-7 of itself, beyond by 1 cm + 1e-6.
func (l *Line) DistanceMM(p Position) int64 {
	return l.footDistance(p, l.nearest(p.vector()))
}

func (l *Line) footDistance(p Position, f foot) int64 {
	const nearM = 100_000
	if f.chord < nearM {
		return roundInt(float64(1000 * bend(f.chord)))
	}
	a, b := l.path[f.edge], l.path[f.edge+1]
	q := position(a.lat+roundInt(float64(float64(b.lat-a.lat)*f.t)), a.lon+roundInt(float64(float64(b.lon-a.lon)*f.t)))
	return DistanceMM(p, q)
}

// Side returns the side of p, by exact integers relative to the nearest edge.
// Where a vertex is nearest, p is left if it is in the angle that the two edges
// open to their left. Beyond an end the last edge is continued; a place exactly
// on the line or on that continuation is OnLine.
func (l *Line) Side(p Position) Side {
	return l.footSide(p, l.nearest(p.vector()))
}

func (l *Line) footSide(p Position, f foot) Side {
	e := f.edge
	here := turn(l.path[e], l.path[e+1], p)
	const atVertex = 1e-6 // share of an edge; Gauss and Newton stop below it
	var before, after Side
	var left bool
	switch {
	case f.t < atVertex && e > 0:
		before, after = turn(l.path[e-1], l.path[e], p), here
		left = turnAt(l.path[e-1], l.path[e], l.path[e+1]) == Left
	case f.t > 1-atVertex && e+2 < len(l.path):
		before, after = here, turn(l.path[e+1], l.path[e+2], p)
		left = turnAt(l.path[e], l.path[e+1], l.path[e+2]) == Left
	default:
		return here
	}
	if left {
		return min(before, after)
	}
	return max(before, after)
}

// SignedDistanceMM is the distance from p to the line, positive on the left,
// negative on the right and 0 where Side is OnLine.
func (l *Line) SignedDistanceMM(p Position) int64 {
	f := l.nearest(p.vector())
	return int64(l.footSide(p, f)) * l.footDistance(p, f)
}

// turn is the side of p relative to the straight through a and b.
func turn(a, b vertex, p Position) Side {
	lon := a.lon + wrapE7((int64(p.LonE7)-a.lon)%(360*E7))
	return turnAt(a, b, vertex{int64(p.LatE7), lon})
}

// turnAt is the side of c relative to the straight from a to b. Differences of
// up to 180 degrees keep the products within 64 bits.
func turnAt(a, b, c vertex) Side {
	cross := (b.lon-a.lon)*(c.lat-a.lat) - (b.lat-a.lat)*(c.lon-a.lon)
	switch {
	case cross > 0:
		return Left
	case cross < 0:
		return Right
	}
	return OnLine
}

// A corner names a vertex of a set of rings.
type corner struct{ ring, vertex int }

// crossing finds two edges that meet without being neighbours, or neighbours
// that fold back. Closed paths have an edge from the last vertex to the first.
// Edges are swept by latitude, so that only those side by side are compared.
func crossing(paths [][]vertex, closed bool) (a, b corner, found bool) {
	type edge struct {
		corner
		from, till   vertex
		south, north int64
	}
	var edges []edge
	for r, path := range paths {
		n := len(path)
		for i := range path {
			if i == n-1 && !closed {
				break
			}
			p, q := path[i], path[(i+1)%n]
			edges = append(edges, edge{corner{r, i}, p, q, min(p.lat, q.lat), max(p.lat, q.lat)})
		}
	}
	sort.SliceStable(edges, func(i, j int) bool { return edges[i].south < edges[j].south })
	var active []edge
	for _, e := range edges {
		kept := active[:0]
		for _, o := range active {
			if o.north < e.south {
				continue
			}
			kept = append(kept, o)
			n := len(paths[e.ring])
			next := o.ring == e.ring && (o.vertex+1 == e.vertex || closed && (o.vertex+1)%n == e.vertex)
			previous := o.ring == e.ring && (e.vertex+1 == o.vertex || closed && (e.vertex+1)%n == o.vertex)
			var met bool
			switch {
			case next:
				met = foldsBack(o.from, o.till, e.till)
			case previous:
				met = foldsBack(e.from, e.till, o.till)
			default:
				met = meet(o.from, o.till, e.from, e.till)
			}
			if met {
				return o.corner, e.corner, true
			}
		}
		active = append(kept, e)
	}
	return corner{}, corner{}, false
}

// foldsBack reports whether the way a, b, c returns over itself at b.
func foldsBack(a, b, c vertex) bool {
	return turnAt(a, b, c) == OnLine && (b.lat-a.lat)*(c.lat-b.lat)+(b.lon-a.lon)*(c.lon-b.lon) < 0
}

// meet reports whether two edges have a point in common.
func meet(a, b, c, d vertex) bool {
	if max(a.lat, b.lat) < min(c.lat, d.lat) || max(c.lat, d.lat) < min(a.lat, b.lat) ||
		max(a.lon, b.lon) < min(c.lon, d.lon) || max(c.lon, d.lon) < min(a.lon, b.lon) {
		return false
	}
	return turnAt(a, b, c)*turnAt(a, b, d) <= 0 && turnAt(c, d, a)*turnAt(c, d, b) <= 0
}
