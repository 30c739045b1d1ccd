// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Part is one region of several that are taken to speak of one place.
type Part struct {
	Region   *geo.Region
	SpreadMM int64 // how far the place meant may lie from the region, one standard deviation
	Share    int64 // probability that it speaks of this place at all, ppm
}

// effectiveMin is how many equal points the weighted ones must be worth for a
// covariance to be taken from them. Guess. Test: ellipses from 30 random points
// of a normal distribution have areas within 40 % in 95 % of cases.
const effectiveMin = 30

// Fuse returns the region that holds 95 % of where the parts agree (see Places).
func Fuse(parts []Part) geo.Region {
	region, _ := Places(parts)
	return region
}

// Places returns the region that holds 95 % of where the parts agree, and, where that is
// two places far apart, each of them. The 1,024 sample points of the first part are
// weighted by the densities of the others
//
//	w(x) = product of  share f(x)/mean f + 1 - share,
//
// so that a part that may not belong here moves the result as little as it
// should; and as the first may not belong either, so are those of the next for the
// case that it does not, until hardly any case is left: a mixture over what may
// belong. Where nearly no sample lies in the others' densities, the product of
// the normal approximations is returned instead. The first part should be the
// smallest. Parts that are no place are passed over.
func Places(parts []Part) (geo.Region, []Mode) {
	first, ok := NormalOf(parts[0].Region, 0)
	if !ok {
		return geo.Region{}, nil
	}
	f := newFrame(first.mean)
	var x, y, weights []float64
	left := 1.0 // the probability that none of the parts before belongs
	for k := range parts {
		share := float64(parts[k].Share) / geo.Million
		if k == len(parts)-1 {
			share = 1 // something is here
		}
		if k > 0 && left < fuseLeast {
			break
		}
		px, py, w, effective := cloud(f, parts[k:])
		if k == 0 && effective < effectiveMin {
			return product(f, parts).Ellipse(), nil
		}
		if effective >= effectiveMin {
			total := 0.0
			for _, v := range w {
				total += v
			}
			for i := range w {
				x, y, weights = append(x, px[i]), append(y, py[i]), append(weights, float64(w[i]*float64(left*share))/total)
			}
		}
		left = float64(left * (1 - share))
	}
	n, _ := weightedNormal(f, x, y, weights)
	return n.Ellipse(), modesOf(f, x, y, weights)
}

// fuseLeast is the probability of cases that are left out of a mixture. Guess: below
// it the region of 95 % hardly moves. Test: coverage over the generated mixed worlds.
const fuseLeast = 0.02

// cloud returns the sample points of the first part, weighted by the others, and how
// many equal points they are worth.
func cloud(f frame, parts []Part) (x, y, weights []float64, effective float64) {
	points := parts[0].Region.Samples()
	x, y, weights = make([]float64, len(points)), make([]float64, len(points)), make([]float64, len(points))
	for i, p := range points {
		x[i], y[i] = f.plane(p)
		weights[i] = 1
	}
	for _, part := range parts[1:] {
		if d, ok := densityOf(f, part); ok && len(points) > 0 {
			weigh(weights, x, y, d, float64(part.Share)/geo.Million)
		}
	}
	_, effective = weightedNormal(f, x, y, weights)
	return x, y, weights, effective
}

// weigh multiplies weights by the density of one part, mixed with its absence.
func weigh(weights, x, y []float64, d density, share float64) {
	values := make([]float64, len(x))
	mean := 0.0
	for i := range x {
		values[i] = d.at(x[i], y[i])
		mean += values[i] / float64(len(x))
	}
	if mean < 1e-300 {
		// No sample comes near: the weights must not stay as if the part agreed.
		for i := range weights {
			weights[i] = float64(weights[i] * (1 - share))
		}
		return
	}
	for i := range weights {
		weights[i] = float64(weights[i] * (float64(share*values[i])/mean + 1 - share))
	}
}

// weightedNormal returns mean and covariance of weighted points and how many
// equal points they are worth: (sum w)^2 / sum w^2.
func weightedNormal(f frame, x, y, weights []float64) (n Normal, effective float64) {
	var sum, squares, mx, my float64
	for i, w := range weights {
		sum += w
		squares += float64(w * w)
		mx += float64(w * x[i])
		my += float64(w * y[i])
	}
	if sum <= 0 || squares <= 0 {
		return Normal{}, 0
	}
	mx, my = mx/sum, my/sum
	for i, w := range weights {
		dx, dy := x[i]-mx, y[i]-my
		n.xx += float64(float64(w*dx) * dx)
		n.xy += float64(float64(w*dx) * dy)
		n.yy += float64(float64(w*dy) * dy)
	}
	n.xx, n.xy, n.yy = n.xx/sum, n.xy/sum, n.yy/sum
	n.mean = f.globe(mx, my)
	return n, float64(sum*sum) / squares
}

// product returns the normalised product of the parts' normal approximations.
func product(f frame, parts []Part) Normal {
	var t Term
	for _, part := range parts {
		if n, ok := NormalOf(part.Region, max(part.SpreadMM, 1)); ok {
			t = t.Times(Frame{f}.Term(n))
		}
	}
	return Frame{f}.Normal(t)
}

// A density says how likely a place is by one part, up to a constant factor.
// Outside its figure it falls off as a normal distribution of the spread.
type density struct {
	kind   geo.RegionKind
	x, y   float64 // centre
	s, c   float64 // sine and cosine of the azimuth of the first axis
	a, b   float64 // half sides, or inner and outer radius
	normal Term    // of an ellipse
	arcs   []geo.Arc
	rings  [][][2]float64
	spread float64
}

func densityOf(f frame, part Part) (density, bool) {
	r := part.Region
	d := density{kind: r.Kind, spread: max(km(part.SpreadMM), 1e-6)}
	d.x, d.y = f.plane(r.Center)
	azimuth := float64(float64(r.AzimuthMdeg) * radPerMdeg)
	d.s, d.c = geo.Sin(azimuth), geo.Cos(azimuth)
	switch r.Kind {
	case geo.Ellipse:
		n, _ := NormalOf(r, max(part.SpreadMM, 1))
		d.normal = Frame{f}.Term(n)
	case geo.Pixel:
		d.a, d.b = km(r.SemiMajorMM), km(r.SemiMinorMM)
	case geo.Sector:
		d.a, d.b, d.arcs = km(r.RMinMM), km(r.RMaxMM), r.Arcs
	case geo.Polygon:
		for _, ring := range r.Rings {
			line := make([][2]float64, len(ring))
			for i, p := range ring {
				line[i][0], line[i][1] = f.plane(p)
			}
			d.rings = append(d.rings, line)
		}
	default:
		return d, false
	}
	return d, true
}

// at returns the density at (x, y), at most 1.
func (d *density) at(x, y float64) float64 {
	var outside float64 // square kilometres from the figure
	switch d.kind {
	case geo.Ellipse:
		t := &d.normal
		q := float64(float64(t.xx*x)*x) + float64(2*float64(float64(t.xy*x)*y)) + float64(float64(t.yy*y)*y)
		// Relative to the peak, which is where the exponent is rest + ln 2pi - ln|Lambda|/2 higher.
		det := float64(t.xx*t.yy) - float64(t.xy*t.xy)
		return geo.Exp(float64(t.ex*x) + float64(t.ey*y) - q/2 + t.rest + ln2Pi - geo.Log(det)/2)
	case geo.Pixel:
		dx, dy := x-d.x, y-d.y
		along, across := float64(dx*d.s)+float64(dy*d.c), float64(dx*d.c)-float64(dy*d.s)
		u, v := max(math.Abs(along)-d.a, 0), max(math.Abs(across)-d.b, 0)
		outside = float64(u*u) + float64(v*v)
	case geo.Sector:
		outside = d.outsideSector(x-d.x, y-d.y)
	case geo.Polygon:
		outside = outsideRings(d.rings, x, y)
	}
	if outside == 0 {
		return 1
	}
	return geo.Exp(-outside / float64(2*float64(d.spread*d.spread)))
}

// outsideSector returns the square of the distance from the ring's arcs, to
// second order: radial and transverse excess.
func (d *density) outsideSector(dx, dy float64) float64 {
	r := math.Sqrt(float64(dx*dx) + float64(dy*dy))
	radial := max(d.a-r, r-d.b, 0)
	mdeg := geo.Atan2(dx, dy) / radPerMdeg
	if mdeg < 0 {
		mdeg += 360_000
	}
	turn := 0.0
	for i, arc := range d.arcs {
		t := outsideArc(arc, mdeg)
		if i == 0 || t < turn {
			turn = t
		}
	}
	side := float64(float64(turn*radPerMdeg) * r)
	return float64(radial*radial) + float64(side*side)
}

// outsideArc returns how many thousandths of a degree an azimuth lies outside.
func outsideArc(arc geo.Arc, mdeg float64) float64 {
	width := float64(arc.TillMdeg - arc.FromMdeg)
	if width <= 0 {
		width += 360_000
	}
	past := mdeg - float64(arc.FromMdeg)
	if past < 0 {
		past += 360_000
	}
	if past <= width {
		return 0
	}
	return min(past-width, 360_000-past)
}

// outsideRings returns the square of the distance from the area that the rings
// enclose (even-odd rule), 0 inside.
func outsideRings(rings [][][2]float64, x, y float64) float64 {
	inside, nearest := false, math.MaxFloat64
	for _, ring := range rings {
		for i, p := range ring {
			q := ring[(i+1)%len(ring)]
			if (p[1] > y) != (q[1] > y) && x < p[0]+float64((q[0]-p[0])*((y-p[1])/(q[1]-p[1]))) {
				inside = !inside
			}
			nearest = min(nearest, toEdge(p, q, x, y))
		}
	}
	if inside {
		return 0
	}
	return nearest
}

// toEdge returns the square of the distance from the segment pq.
func toEdge(p, q [2]float64, x, y float64) float64 {
	ux, uy, vx, vy := q[0]-p[0], q[1]-p[1], x-p[0], y-p[1]
	along, length := float64(ux*vx)+float64(uy*vy), float64(ux*ux)+float64(uy*uy)
	t := 0.0
	if length > 0 {
		t = min(max(along/length, 0), 1)
	}
	dx, dy := vx-float64(t*ux), vy-float64(t*uy)
	return float64(dx*dx) + float64(dy*dy)
}
