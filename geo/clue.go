// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

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
// A clue of regions counts only as the first, and a ray needs a span. It is the sum, over which clue is the first that is right, of 1,024
// points that stand for that clue, each weighted by how well the rings and the
// clues after it fit there. Distances beyond 200 km are not exact.
func (l *Line) Weigh(clues []Clue, rings []Ring) (left, right, open int64) {
	var sum weights
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
		cloud := clues[i].samples(i)
		if len(cloud) == 0 {
			continue
		}
		w := l.weighCloud(cloud, clues[i+1:], sights[i+1:], places)
		sum.left += float64(float64(wrongSoFar*(1-wrong)) * w.left)
		sum.right += float64(float64(wrongSoFar*(1-wrong)) * w.right)
		wrongSoFar = float64(wrongSoFar * wrong)
	}
	total := sum.left + sum.right + wrongSoFar
	if !(total > 0) || !(total < math.MaxFloat64) {
		return 0, 0, Million
	}
	left = roundInt(float64(sum.left/total) * Million)
	right = min(roundInt(float64(sum.right/total)*Million), Million-left)
	return left, right, Million - left - right
}

type weights struct{ left, right float64 }

func share(ppm int64) float64 { return float64(max(0, min(ppm, Million))) / Million }

// samples returns the points that stand for a clue.
func (c *Clue) samples(place int) []Position {
	switch {
	case c.Ray != nil:
		return c.Ray.appendSamples(make([]Position, 0, SampleCount))
	case len(c.Regions) == 0 || place > 0:
		return nil
	case len(c.Regions) == 1:
		return c.Regions[0].Samples()
	}
	// Of several regions every so-many-th point: as many of each, spread as
	// evenly over it.
	var out, one []Position
	n := len(c.Regions)
	for k, r := range c.Regions {
		one = r.AppendSamples(one[:0])
		for i := k; i < len(one); i += n {
			out = append(out, one[i])
		}
	}
	return out
}

// deviations are 1,024 points of equal weight of the standard normal
// distribution.
var deviations = normalQuantiles()

func normalQuantiles() (z [SampleCount]float64) {
	for i := range z {
		p, _ := spread(i)
		x := 0.0
		if i > 0 {
			x = z[i-1]
		} else {
			x = -3.3 // the first is at -3.297
		}
		for range 8 { // Newton's method
			density := float64(0.3989422804014327 * Exp(-float64(x*x)/2))
			x -= (normalBelow(x) - p) / density
		}
		z[i] = x
	}
	return z
}

func (r *Ray) appendSamples(buf []Position) []Position {
	if len(r.Says) == 0 {
		return buf
	}
	f := frameAt(r.From)
	blur := float64(max(0, r.FromErrorMM)) / 1000 * discDeviation
	for i := range SampleCount {
		_, v := spread(i)
		way := float64(v * float64(len(r.Says)))
		k := min(int(way), len(r.Says)-1)
		s := r.Says[k]
		length := (float64(s.FromMM) + float64((way-float64(k))*float64(s.TillMM-s.FromMM))) / 1000
		sin, cos := sincos(float64((float64(r.AzimuthMdeg) + float64(deviations[i]*float64(max(1, r.ErrorMdeg)))) * (pi / 180_000)))
		// Another order of the disc's points, lest they go with the angle's.
		off := &disc[i*397%SampleCount]
		buf = append(buf, f.point(float64(length*sin)+float64(off[0]*blur), float64(length*cos)+float64(off[1]*blur)))
	}
	return buf
}

// discDeviation is how many standard deviations, in each direction, the radius of
// disc is: the root of -2 log 0.05.
const discDeviation = 2.4477468306808166

// weighCloud returns the mean weight of points on either side.
func (l *Line) weighCloud(cloud []Position, later []Clue, sights []sight, rings []ringAt) (w weights) {
	vectors := make([]vector, len(cloud))
	var middle vector
	for i, p := range cloud {
		vectors[i] = p.vector()
		middle = middle.plus(vectors[i])
	}
	center := middle.times(1 / float64(len(cloud))).place()
	at, reach := center.vector(), 0.0
	for _, v := range vectors {
		reach = max(reach, v.minus(at).length())
	}
	reachMM := roundInt(float64(1000*bend(reach)))*1001/1000 + 100
	const certain, farther = 6, 30_000_000_000 // deviations, as in ShareSurveyed; more than any distance, millimetres
	whole := (&band{line: l, side: Left, till: farther}).portion(center, reachMM+roundInt(float64(certain*l.sigmaMM())))
	var near window
	if whole == partly {
		near = l.window(center, reachMM)
	}
	n := float64(len(cloud))
	for i, p := range cloud {
		weight := 1 / n
		for k := range later {
			if later[k].Ray != nil {
				weight = float64(weight * mixed(sights[k].ratio(vectors[i]), later[k].WrongPPM))
			}
		}
		for k := range rings {
			r := &rings[k]
			weight = float64(weight * mixed(ratio(r.Says, r.Else, bend(vectors[i].minus(r.at).length())), r.WrongPPM))
		}
		onLeft := 0.0
		switch whole {
		case all:
			onLeft = 1
		case partly:
			onLeft = l.leftShare(p, near.nearest(vectors[i]))
		}
		w.left += float64(weight * onLeft)
		w.right += float64(weight * (1 - onLeft))
	}
	return w
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
	blur := float64(float64(max(0, s.FromErrorMM))/1000/metres) * mdegPerRadian
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
	return float64(float64(sum*circle)/float64(root*sigma)) * ratio(s.Says, s.Else, metres)
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
		from, till := float64(s.FromMM)/1000, float64(s.TillMM)/1000
		if till < from+1 {
			till = from + 1
		}
		if metres >= from && metres <= till {
			sum += 1 / (till - from)
		}
	}
	return sum / float64(len(spans))
}
