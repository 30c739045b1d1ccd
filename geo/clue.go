// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"sort"
)

// A Clue is one piece of evidence of where something came from: the Regions in
// one of which it lies, each as probable, or a Ray.
type Clue struct {
	Regions  []Region
	Ray      *Ray
	WrongPPM int64 // probability, in parts per million, that the clue says nothing of it
}

// A Ray is a direction, seen from a place, in which something lies at a
// distance. The direction errs normally, wrapped round the circle.
type Ray struct {
	From        Position
	FromErrorMM int64 // standard deviation of From in each direction, millimetres
	AzimuthMdeg int32 // from From towards the thing, thousandths of a degree from true north
	ErrorMdeg   int32 // standard deviation; less than 1 counts as 1
	Says        []Span
	Else        []Span // how far it would be believed to lie if the ray did not say
}

// A Span is a range of distances, each as probable.
type Span struct{ FromMM, TillMM int64 }

// A Ring is what is known of the distance from a place: it lies in one of the
// spans that Says holds, each as probable.
type Ring struct {
	Center   Position
	Says     []Span
	Else     []Span // how far it would be believed to lie if the ring did not say
	WrongPPM int64  // probability, in parts per million, that the ring says nothing of it
}

// Weigh returns on which side of the line that lies of which the clues speak, in
// parts per million: left and right as far as at least one clue is right, and
// open, the probability that all are wrong. The three make one million. The line
// may be off by its survey error. Clues and rings err independently of each
// other.
//
// A clue of regions counts only as the first, and a ray needs a span in each of
// Says and Else. It is the sum, over which clue is the first that is right, of
// 1,024 points that stand for that clue, each weighted by how well the rings and
// the clues after it fit there. Where a ray starts must not decide: the sum is
// taken with every place within its reach as probable beforehand, which favours
// who holds the ground around its start, and with both sides as probable, which
// favours who holds a corner; the result is the mean of the two. Beyond 200 km
// distances are not exact.
func (l *Line) Weigh(clues []Clue, rings []Ring) (left, right, open int64) {
	if len(clues) == 1 && clues[0].Ray == nil && len(rings) == 0 {
		return l.weighRegions(clues[0])
	}
	var sum, bySide weights
	wrongSoFar := 1.0
	sights := make([]sight, len(clues))
	for i := range clues {
		sights[i] = newSight(clues[i].Ray)
	}
	places := make([]ringAt, len(rings))
	for i := range rings {
		places[i] = ringAt{&rings[i], rings[i].Center.vector()}
	}
	for i := range clues {
		wrong := share(clues[i].WrongPPM)
		clouds := clues[i].clouds(i)
		if len(clouds) == 0 {
			continue
		}
		part := float64(wrongSoFar*(1-wrong)) / float64(len(clouds))
		onLeft := 0.5
		if r := clues[i].Ray; r != nil {
			onLeft = l.leftWithin(sights[i].frame, r.Else)
		}
		for _, cloud := range clouds {
			w := l.weighCloud(cloud, clues[i+1:], sights[i+1:], places)
			sum.left += float64(part * w.left)
			sum.right += float64(part * w.right)
			bySide.left += float64(part*w.left) / (onLeft + onLeft)
			bySide.right += float64(part*w.right) / (2 - onLeft - onLeft)
		}
		wrongSoFar = float64(wrongSoFar * wrong)
	}
	left, right = sum.shares(wrongSoFar)
	sideLeft, sideRight := bySide.shares(wrongSoFar)
	left, right = (left+sideLeft)/2, (right+sideRight)/2
	return left, right, Million - left - right
}

// weighRegions is Weigh of regions alone, which needs no points where they lie
// clear of the line.
func (l *Line) weighRegions(c Clue) (left, right, open int64) {
	const farther = 30_000_000_000 // than any distance, millimetres
	zone, n := NewBand(l, Left, 0, farther), int64(0)
	for _, r := range c.Regions {
		if !r.IsZero() {
			left += zone.ShareSurveyed(r)
			n++
		}
	}
	if n == 0 {
		return 0, 0, Million
	}
	right = Million - max(0, min(c.WrongPPM, Million))
	left = left / n * right / Million
	return left, right - left, Million - right
}

// shares scales the weights so that with rest they make one million.
func (w weights) shares(rest float64) (left, right int64) {
	total := w.left + w.right + rest
	if !(total > 0) || !(total < math.MaxFloat64) {
		return 0, 0
	}
	left = roundInt(float64(w.left / total * Million))
	return left, min(roundInt(float64(w.right/total*Million)), Million-left)
}

// leftWithin is the share of the ground around a place that lies left of the
// line: each direction as probable, and each distance as in spans. It is kept
// from 0 and 1, for a side that is barely within reach is still a side.
func (l *Line) leftWithin(f frame, spans []Span) float64 {
	const points, least = 128, 0.05
	reach := newReach(spans)
	sum := 0.0
	for i := range points {
		u, v := spread(i * (SampleCount / points))
		sin, cos := sincos(float64(u * (2 * pi)))
		at := reach.quantile(v)
		p := f.vector(float64(at*sin), float64(at*cos))
		sum += l.leftShare(p.place(), l.nearest(p))
	}
	return max(least, min(1-least, sum/points))
}

type weights struct{ left, right float64 }

func share(ppm int64) float64 { return float64(max(0, min(ppm, Million))) / Million }

// clouds returns the points that stand for a clue: of several regions a cloud of
// each. place is how many clues stand before it.
func (c *Clue) clouds(place int) [][]vector {
	switch {
	case c.Ray != nil && len(c.Ray.Says) > 0 && len(c.Ray.Else) > 0:
		return [][]vector{c.Ray.cloud()}
	case c.Ray != nil || place > 0:
		return nil
	}
	var out [][]vector
	for _, r := range c.Regions {
		var buf [SampleCount]Position
		samples := r.AppendSamples(buf[:0])
		if len(samples) == 0 {
			continue
		}
		cloud := make([]vector, len(samples))
		for i, p := range samples {
			cloud[i] = p.vector()
		}
		out = append(out, cloud)
	}
	return out
}

// deviations are 1,024 points of equal weight of the standard normal
// distribution.
var deviations = normalQuantiles()

func normalQuantiles() (z [SampleCount]float64) {
	x := -3.3 // the first is at -3.297
	for i := range z {
		p, _ := spread(i)
		for range 8 { // Newton's method
			density := float64(0.3989422804014327 * Exp(-float64(x*x)/2))
			x -= (normalBelow(x) - p) / density
		}
		z[i] = x
	}
	return z
}

// blockSize is how many points lie in a block of neighbours.
const blockSize = 16

// blocks is an order of the samples of any figure in which each blockSize of them
// lie together: by spread's first share in 8 slabs, and in each by the second.
var blocks = neighbours()

func neighbours() (order [SampleCount]int) {
	const slab = SampleCount / 8
	for i := range order {
		order[i] = i
	}
	for from := 0; from < SampleCount; from += slab {
		part := order[from : from+slab]
		sort.Slice(part, func(i, j int) bool {
			_, v := spread(part[i])
			_, w := spread(part[j])
			return v < w
		})
	}
	return order
}

// discDeviation is how many standard deviations, in each direction, the radius of
// disc is: the root of -2 log 0.05.
const discDeviation = 2.4477468306808166

// cloud returns the points that stand for the ray.
func (r *Ray) cloud() []vector {
	out := make([]vector, SampleCount)
	f := frameAt(r.From)
	reach := newReach(r.Says)
	blur := float64(float64(max(0, r.FromErrorMM)) / 1000 * discDeviation)
	for i := range out {
		_, v := spread(i)
		length := reach.quantile(v)
		sin, cos := sincos(float64((float64(r.AzimuthMdeg) + float64(deviations[i]*float64(max(1, r.ErrorMdeg)))) * (pi / 180_000)))
		// Another order of the disc's points, lest they go with the angle's.
		off := &disc[i*397%SampleCount]
		out[i] = f.vector(float64(length*sin)+float64(off[0]*blur), float64(length*cos)+float64(off[1]*blur))
	}
	return out
}

// A reach is the distribution of a distance that lies in one of several spans.
type reach struct{ edges, below []float64 } // metres, and the probability below each

func newReach(spans []Span) reach {
	var r reach
	for _, s := range spans {
		from, till := s.metres()
		r.edges = append(r.edges, from, till)
	}
	sort.Float64s(r.edges)
	for _, e := range r.edges {
		sum := 0.0
		for _, s := range spans {
			from, till := s.metres()
			sum += max(0, min(1, (e-from)/(till-from)))
		}
		r.below = append(r.below, sum/float64(len(spans)))
	}
	return r
}

// quantile returns the distance below which the share v of the probability lies.
func (r *reach) quantile(v float64) float64 {
	k := 0
	for k+2 < len(r.edges) && r.below[k+1] <= v {
		k++
	}
	part := 0.0
	if width := r.below[k+1] - r.below[k]; width > 0 {
		part = (v - r.below[k]) / width
	}
	return r.edges[k] + float64(part*(r.edges[k+1]-r.edges[k]))
}

// metres returns a span as a range of at least a metre.
func (s Span) metres() (from, till float64) {
	from = float64(max(0, s.FromMM)) / 1000
	return from, max(float64(s.TillMM)/1000, from+1)
}

// weighCloud returns the mean weight of the points of a cloud on either side.
func (l *Line) weighCloud(cloud []vector, later []Clue, sights []sight, rings []ringAt) (w weights) {
	onLeft := l.leftShares(cloud)
	for i, v := range cloud {
		weight := 1 / float64(len(cloud))
		for k := range later {
			if later[k].Ray != nil {
				weight = float64(weight * mixed(sights[k].ratio(v), later[k].WrongPPM))
			}
		}
		for k := range rings {
			r := &rings[k]
			weight = float64(weight * mixed(ratio(r.Says, r.Else, bend(v.minus(r.at).length())), r.WrongPPM))
		}
		w.left += float64(weight * onLeft[i])
		w.right += float64(weight * (1 - onLeft[i]))
	}
	return w
}

// leftShares returns, for each point, the probability that it lies left of the
// line as it would be surveyed without error. Neighbours that all lie clear of
// the line are settled at once.
func (l *Line) leftShares(cloud []vector) []float64 {
	out := make([]float64, len(cloud))
	whole := ballOf(cloud, nil)
	if side, ok := l.clearOf(whole); ok {
		for i := range out {
			out[i] = side
		}
		return out
	}
	order := blocks[:]
	if len(cloud) != SampleCount {
		order = nil
	}
	near := l.window(whole.center.place(), roundInt(float64(1000*bend(whole.radius)))*1001/1000+100)
	for from := 0; from < len(cloud); from += blockSize {
		var block []int
		if order != nil {
			block = order[from : from+blockSize]
			if side, ok := l.clearOf(ballOf(cloud, block)); ok {
				for _, i := range block {
					out[i] = side
				}
				continue
			}
		}
		for k := from; k < min(from+blockSize, len(cloud)); k++ {
			i := k
			if block != nil {
				i = block[k-from]
			}
			out[i] = l.leftShare(cloud[i].place(), near.nearest(cloud[i]))
		}
	}
	return out
}

// ballOf returns a ball that holds the points of a cloud with the indexes given,
// all of them if none are.
func ballOf(cloud []vector, indexes []int) node {
	var middle vector
	n := len(indexes)
	if n == 0 {
		n = len(cloud)
	}
	at := func(k int) vector {
		if len(indexes) == 0 {
			return cloud[k]
		}
		return cloud[indexes[k]]
	}
	for k := range n {
		middle = middle.plus(at(k))
	}
	ball := node{center: middle.times(1 / float64(n))}
	for k := range n {
		ball.radius = max(ball.radius, at(k).minus(ball.center).length())
	}
	return ball
}

// clearOf says whether all places in a ball lie on one side of the line, whatever
// the error of its survey: 1 if left, 0 if right.
func (l *Line) clearOf(ball node) (left float64, ok bool) {
	const certain = 6 // deviations, as in ShareSurveyed
	center := ball.center.place()
	reachMM := roundInt(float64(1000*bend(ball.radius)))*1001/1000 + 100 + roundInt(float64(certain*l.sigmaMM()))
	f := l.nearest(center.vector())
	if l.footDistance(center, f) <= reachMM || l.continuesInto(center, reachMM) {
		return 0, false
	}
	return (1 + float64(l.footSide(center, f))) / 2, true
}

// mixed is a ratio of likelihoods that may say nothing after all.
func mixed(ratio float64, wrongPPM int64) float64 {
	wrong := share(wrongPPM)
	return float64((1-wrong)*ratio) + wrong
}

// leftShare is the probability that p, with its foot on the line, lies left of
// the line as it would be surveyed without error.
func (l *Line) leftShare(p Position, f foot) float64 {
	side := l.footSide(p, f)
	if l.surveyErrorMM == 0 {
		return (1 + float64(side)) / 2
	}
	return normalBelow(float64(int64(side)*l.footDistance(p, f)) / l.sigmaMM())
}

// A sight is a ray made ready to say how well it fits many places.
type sight struct {
	*Ray
	frame frame
}

func newSight(r *Ray) sight {
	if r == nil {
		return sight{}
	}
	return sight{r, frameAt(r.From)}
}

// ratio is how much more probable the ray is if the thing lies at v than if the
// ray said nothing.
func (s *sight) ratio(v vector) float64 {
	away := v.minus(s.frame.at)
	east, north := s.frame.east.dot(away), s.frame.north.dot(away)
	metres := hypot(east, north)
	if metres < 1 {
		return 1 // it says nothing of where it stands
	}
	const mdegPerRadian = 180_000 / pi
	blur := float64(float64(max(0, s.FromErrorMM)) / 1000 / metres * mdegPerRadian)
	sigma := hypot(float64(max(1, s.ErrorMdeg)), blur)
	const circle = 360_000
	delta := float64(Atan2(east, north)*mdegPerRadian) - float64(s.AzimuthMdeg)
	delta -= float64(circle * math.Floor(delta/circle+0.5))
	sum := 0.0
	for k := -1.0; k <= 1; k++ {
		z := (delta + float64(k*circle)) / sigma
		sum += Exp(-float64(z*z) / 2)
	}
	const root = 2.5066282746310002 // of 2 pi
	// Wider than half the circle it says nothing, and three turns no longer make
	// its whole sum.
	if sigma > circle/2 {
		return ratio(s.Says, s.Else, metres)
	}
	return float64(float64(sum*circle) / float64(root*sigma) * ratio(s.Says, s.Else, metres))
}

// A ringAt is a ring and its place in space.
type ringAt struct {
	*Ring
	at vector
}

// ratio is how much more probable a distance is by what is said than otherwise.
// Where nothing is said it is 1; it is cut at 1,000, which no two spans between
// 200 m and 200 km pass.
func ratio(says, otherwise []Span, metres float64) float64 {
	if len(says) == 0 || len(otherwise) == 0 {
		return 1
	}
	here, there := density(says, metres), density(otherwise, metres)
	if here == 0 && there == 0 {
		return 1
	}
	const most = 1_000
	if here >= float64(most*there) {
		return most
	}
	return here / there
}

// density is the probability per metre that a distance has, if it lies in one of
// spans. A span without length counts as a metre.
func density(spans []Span, metres float64) float64 {
	sum := 0.0
	for _, s := range spans {
		from, till := s.metres()
		if metres >= from && metres <= till {
			sum += 1 / (till - from)
		}
	}
	return sum / float64(len(spans))
}
