// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Normal is a region's mean and covariance.
type Normal struct {
	mean       geo.Position
	xx, xy, yy float64 // square kilometres; x east, y north
}

// NormalOf returns the mean and covariance of r, widened by an independent
// error of spreadMM (one standard deviation in each direction), and whether r
// is a place at all. Closed forms are used: an ellipse holds 95 % of a normal
// distribution, the other shapes are of even density.
func NormalOf(r *geo.Region, spreadMM int64) (Normal, bool) {
	n := Normal{mean: r.Center}
	switch r.Kind {
	case geo.Ellipse:
		n.axes(r, sigmasAt95)
	case geo.Pixel:
		n.axes(r, math.Sqrt(3)) // the half side of an even distribution is sqrt(3) standard deviations
	case geo.Sector:
		n.sector(r)
	case geo.Polygon:
		if !n.polygon(r.Rings) {
			return Normal{}, false
		}
	default:
		return Normal{}, false
	}
	s := km(spreadMM)
	n.xx += float64(s * s)
	n.yy += float64(s * s)
	return n, true
}

// Shifted returns the ellipse that holds 95 % of where r may be if all of it may
// be shifted by an error that stays within radiusMM 95 % of the time.
func Shifted(r *geo.Region, radiusMM int64) (geo.Region, bool) {
	n, ok := NormalOf(r, round(float64(radiusMM)/sigmasAt95))
	if !ok {
		return geo.Region{}, false
	}
	return n.Ellipse(), true
}

// axes sets the covariance of an ellipse or rectangle whose half axes are
// sigmas standard deviations long.
func (n *Normal) axes(r *geo.Region, sigmas float64) {
	a, b := km(r.SemiMajorMM)/sigmas, km(r.SemiMinorMM)/sigmas
	if r.SemiMajorMM == r.SemiMinorMM {
		n.xx = float64(a * a)
		n.yy = n.xx
		return
	}
	azimuth := float64(float64(r.AzimuthMdeg) * radPerMdeg)
	s, c := geo.Sin(azimuth), geo.Cos(azimuth) // the major axis points (s, c)
	as, ac, bs, bc := float64(a*s), float64(a*c), float64(b*s), float64(b*c)
	n.xx = float64(as*as) + float64(bc*bc)
	n.yy = float64(ac*ac) + float64(bs*bs)
	n.xy = float64(as*ac) - float64(bs*bc)
}

// sector sets mean and covariance of an annular sector of even density:
// E[r^k] over the ring times the mean of the direction's products over the arcs.
func (n *Normal) sector(r *geo.Region) {
	in, out := km(r.RMinMM), km(r.RMaxMM)
	in2, out2 := float64(in*in), float64(out*out)
	r1, r2 := out, out2 // of a ring without width
	if r.RMaxMM > r.RMinMM {
		r1 = float64(2*(float64(out2*out)-float64(in2*in))) / float64(3*(out2-in2))
		r2 = (out2 + in2) / 2
	}
	width, sx, sy, sxx, sxy := 0.0, 0.0, 0.0, 0.0, 0.0
	arcs := r.Arcs
	if len(arcs) == 0 {
		arcs = []geo.Arc{{}} // the full circle
	}
	for _, arc := range arcs {
		turn := arc.TillMdeg - arc.FromMdeg
		if turn <= 0 {
			turn += 360_000
		}
		from := float64(float64(arc.FromMdeg) * radPerMdeg)
		till := from + float64(float64(turn)*radPerMdeg)
		sf, cf, st, ct := geo.Sin(from), geo.Cos(from), geo.Sin(till), geo.Cos(till)
		width += till - from
		sx += cf - ct                                                // integral of sin
		sy += st - sf                                                // of cos
		sxx += (till - from - (float64(st*ct) - float64(sf*cf))) / 2 // of sin^2
		sxy += (float64(st*st) - float64(sf*sf)) / 2                 // of sin cos
	}
	mx, my := float64(r1*sx)/width, float64(r1*sy)/width
	n.xx = float64(r2*sxx)/width - float64(mx*mx)
	n.yy = float64(r2*(width-sxx))/width - float64(my*my)
	n.xy = float64(r2*sxy)/width - float64(mx*my)
	n.mean = newFrame(r.Center).globe(mx, my)
}

// polygon sets mean and covariance of rings of even density, by Green's
// theorem; the first ring is filled, the others are holes, whatever way they
// run. It says whether the rings enclose anything.
func (n *Normal) polygon(rings [][]geo.Position) bool {
	if len(rings) == 0 || len(rings[0]) == 0 {
		return false
	}
	f := newFrame(rings[0][0])
	var area, mx, my, xx, xy, yy float64
	for i, ring := range rings {
		m := ringMoments(f, ring)
		if (m[0] < 0) == (i == 0) {
			for k := range m {
				m[k] = -m[k]
			}
		}
		area, mx, my, xx, xy, yy = area+m[0], mx+m[1], my+m[2], xx+m[3], xy+m[4], yy+m[5]
	}
	if area < 1e-12 {
		return false
	}
	mx, my = mx/area, my/area
	n.mean = f.globe(mx, my)
	n.xx, n.xy, n.yy = xx/area-float64(mx*mx), xy/area-float64(mx*my), yy/area-float64(my*my)
	return true
}

// ringMoments returns the integrals of 1, x, y, xx, xy, yy over a ring, negative
// if it runs clockwise.
func ringMoments(f frame, ring []geo.Position) (m [6]float64) {
	for i, p := range ring {
		x, y := f.plane(p)
		u, v := f.plane(ring[(i+1)%len(ring)])
		cross := float64(x*v) - float64(u*y)
		m[0] += cross / 2
		m[1] += float64((x+u)*cross) / 6
		m[2] += float64((y+v)*cross) / 6
		m[3] += float64((float64(x*x)+float64(x*u)+float64(u*u))*cross) / 12
		m[4] += float64((float64(x*v)+float64(2*float64(x*y))+float64(2*float64(u*v))+float64(u*y))*cross) / 24
		m[5] += float64((float64(y*y)+float64(y*v)+float64(v*v))*cross) / 12
	}
	return m
}

// LogPeak returns the logarithm of the highest density per square kilometre, in
// thousandths: no agreement with n can be worth more.
func (n Normal) LogPeak() int64 {
	return round(float64(-1000 * (ln2Pi + geo.Log(n.det())/2)))
}

func (n Normal) det() float64 { return float64(n.xx*n.yy) - float64(n.xy*n.xy) }

// Ellipse returns the region that holds 95 % of n.
func (n Normal) Ellipse() geo.Region {
	half, diff := (n.xx+n.yy)/2, (n.xx-n.yy)/2
	root := math.Sqrt(float64(diff*diff) + float64(n.xy*n.xy))
	major := math.Sqrt(half + root)
	minor := math.Sqrt(max(half-root, 0))
	// The major axis lies at half the angle of (yy-xx, 2xy), clockwise from north.
	azimuth := geo.Atan2(n.xy, -diff) / 2
	mdeg := round(azimuth / radPerMdeg)
	if mdeg < 0 {
		mdeg += 180_000
	}
	r := geo.Region{Kind: geo.Ellipse, Center: n.mean, SemiMajorMM: round(float64(major * (sigmasAt95 * mmPerKM))),
		SemiMinorMM: round(float64(minor * (sigmasAt95 * mmPerKM))), AzimuthMdeg: int32(mdeg % 180_000)}
	if r.SemiMajorMM == r.SemiMinorMM {
		r.AzimuthMdeg = 0
	}
	return r
}

// A Term is a Normal seen from a common point, ready to be multiplied with
// others: the density's logarithm is lead + eta.x - x.Lambda.x/2 + const.
type Term struct {
	xx, xy, yy float64 // Lambda, the inverse covariance, km^-2
	ex, ey     float64 // eta = Lambda mean, km^-1
	rest       float64 // ln of the factor: -ln 2pi + ln|Lambda|/2 - mean.Lambda.mean/2
	terms      int
}

// A Frame is the common point from which Terms are seen.
type Frame struct{ f frame }

// NewFrame returns the frame around the mean of n.
func NewFrame(n Normal) Frame { return Frame{newFrame(n.mean)} }

// Term returns n as seen from the frame's point.
func (f Frame) Term(n Normal) Term {
	x, y := f.f.plane(n.mean)
	d := n.det()
	t := Term{xx: n.yy / d, xy: -n.xy / d, yy: n.xx / d, terms: 1}
	t.ex = float64(t.xx*x) + float64(t.xy*y)
	t.ey = float64(t.xy*x) + float64(t.yy*y)
	t.rest = -ln2Pi - geo.Log(d)/2 - (float64(t.ex*x)+float64(t.ey*y))/2
	return t
}

// Times returns the product of two densities, not normalised.
func (t Term) Times(u Term) Term {
	return Term{xx: t.xx + u.xx, xy: t.xy + u.xy, yy: t.yy + u.yy, ex: t.ex + u.ex, ey: t.ey + u.ey,
		rest: t.rest + u.rest, terms: t.terms + u.terms}
}

// LogOverlap returns the logarithm of the overlap integral in thousandths: 0
// for one term, for n terms the logarithm of km^-2(n-1).
func (t Term) LogOverlap() int64 {
	if t.terms < 2 {
		return 0
	}
	d := float64(t.xx*t.yy) - float64(t.xy*t.xy)
	// eta.Lambda^-1.eta
	q := (float64(float64(t.yy*t.ex)*t.ex) - float64(2*float64(float64(t.xy*t.ex)*t.ey)) + float64(float64(t.xx*t.ey)*t.ey)) / d
	return round(float64(1000 * (t.rest + ln2Pi - geo.Log(d)/2 + q/2)))
}

// Normal returns the normalised product as a Normal.
func (f Frame) Normal(t Term) Normal {
	d := float64(t.xx*t.yy) - float64(t.xy*t.xy)
	xx, xy, yy := t.yy/d, -t.xy/d, t.xx/d
	x, y := float64(xx*t.ex)+float64(xy*t.ey), float64(xy*t.ex)+float64(yy*t.ey)
	return Normal{mean: f.f.globe(x, y), xx: xx, xy: xy, yy: yy}
}

// CommonM2 returns the area, in square metres, of the region that holds 95 % of
// where two Normals agree.
func CommonM2(a, b Normal) int64 {
	f := NewFrame(a)
	d := f.Normal(f.Term(a).Times(f.Term(b))).det()
	return round(float64(math.Pi * float64(float64(sigmasAt95*sigmasAt95)*float64(math.Sqrt(d)*1e6))))
}

// Sharpness ranks regions by how little room they leave: ln(1,000 km2 / area of
// the 95 % ellipse), in thousandths. A region without area counts as 1 m2.
func Sharpness(r *geo.Region) int64 {
	n, ok := NormalOf(r, 0)
	if !ok {
		return -unplaced
	}
	area := float64(math.Pi * float64(float64(sigmasAt95*sigmasAt95)*math.Sqrt(max(n.det(), 0))))
	return round(float64(1000 * (geo.Log(1000) - geo.Log(max(area, 1e-6)))))
}

// unplaced is the sharpness of what is no place: below any region on earth.
const unplaced = 50_000
