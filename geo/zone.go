// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"slices"
)

// A Disk is all places within RadiusMM of Center, the rim included.
type Disk struct {
	Center   Position `cbor:"1,keyasint" json:"center"`
	RadiusMM int64    `cbor:"2,keyasint" json:"radius_mm"`
}

// A Zone is a set of places that an agreement speaks of: a union of distance
// bands along lines, areas and disks. It does not change once made and may be
// shared. A nil or empty zone holds nothing.
type Zone struct {
	everywhere bool
	bands      []band
	areas      []*Area
	disks      []Disk
}

// A band holds the places whose distance to the line is from, included, to till,
// excluded, on one side or both.
type band struct {
	line         *Line
	side         Side
	fromMM, till int64
}

// Everywhere returns the zone that holds every place.
func Everywhere() *Zone { return &Zone{everywhere: true} }

// NewBand returns the zone of the places from fromMM (included) to tillMM
// (excluded) from the line on the given side, or on both if side is OnLine. A
// place for which Line.Side is OnLine counts to either side.
func NewBand(line *Line, side Side, fromMM, tillMM int64) *Zone {
	return &Zone{bands: []band{{line, side, max(0, fromMM), tillMM}}}
}

// NewAreas returns the zone of the places in any of the areas.
func NewAreas(areas []*Area) *Zone { return &Zone{areas: areas} }

// NewDisks returns the zone of the places in any of the disks.
func NewDisks(disks []Disk) *Zone { return &Zone{disks: disks} }

// Union returns the zone of the places in any of the zones.
func Union(zones ...*Zone) *Zone {
	u := &Zone{}
	for _, z := range zones {
		if z == nil {
			continue
		}
		u.everywhere = u.everywhere || z.everywhere
		u.bands = append(u.bands, z.bands...)
		u.areas = append(u.areas, z.areas...)
		u.disks = append(u.disks, z.disks...)
	}
	return u
}

// Contains reports whether p is in the zone: of areas exactly, of bands and
// disks as exactly as Line.DistanceMM and Inverse.
func (z *Zone) Contains(p Position) bool {
	if z == nil {
		return false
	}
	if z.everywhere {
		return true
	}
	for i := range z.areas {
		if z.areas[i].Contains(p) {
			return true
		}
	}
	for _, d := range z.disks {
		if d.contains(p) {
			return true
		}
	}
	for i := range z.bands {
		b := &z.bands[i]
		if b.holds(p, b.line.nearest(p.vector())) {
			return true
		}
	}
	return false
}

// holds reports whether p, with its foot on the line, is in the band.
func (b *band) holds(p Position, f foot) bool {
	distance := b.line.footDistance(p, f)
	return distance >= b.fromMM && distance < b.till && (b.side == OnLine || b.admits(b.line.footSide(p, f)))
}

func (b *band) admits(side Side) bool {
	return b.side == OnLine || side == OnLine || side == b.side
}

// contains leaves the exact distance for places near the rim.
func (d Disk) contains(p Position) bool {
	near := NearMM(d.Center, p)
	if near < NearMaxMM {
		slack := 2 + near/(1_000_000_000/NearRelativePPB)
		if near-slack > d.RadiusMM {
			return false
		}
		if near+slack <= d.RadiusMM {
			return true
		}
	}
	return DistanceMM(d.Center, p) <= d.RadiusMM
}

// Share returns the probability, in parts per million, that what r stands for is
// in the zone: the share of its samples inside. Its error is that of
// Region.Samples; a figure that lies wholly inside or outside has none.
func (z *Zone) Share(r Region) int64 { return z.ShareOf(NewCloud(r)) }

// ShareOf is Share of a cloud's region.
func (z *Zone) ShareOf(c *Cloud) int64 {
	mixed, state := z.cut(c.region, 0)
	if state != partly {
		return int64(state) * Million
	}
	if !c.draw() {
		return 0
	}
	inside := int64(0)
	bands := mixed.bands
	mixed.bands = nil
	windows := make([]window, len(bands))
	for i := range bands {
		windows[i] = c.window(bands[i].line)
	}
next:
	for k, p := range c.points {
		if mixed.Contains(p) {
			inside++
			continue
		}
		for i := range bands {
			if bands[i].holds(p, windows[i].nearest(c.vectors[k])) {
				inside++
				continue next
			}
		}
	}
	return inside * Million / int64(len(c.points))
}

// Settled reports whether every place within reach of center is on the same side
// of the zone's rim, and then whether that is inside. It may miss that it is
// settled, never the reverse.
func (z *Zone) Settled(center Position, reachMM int64) (inside, settled bool) {
	if z == nil {
		return false, true
	}
	_, state := z.cutAround(center, reachMM, 0)
	return state == all, state != partly
}

// How much of a region's samples lie in a zone.
type portion int64

const (
	none portion = iota
	all
	partly
)

// cut returns the part of the zone that r lies partly in, and whether r lies in
// none, all or part of the zone, with lines that may be off by a number of
// standard deviations of their survey.
func (z *Zone) cut(r Region, deviations float64) (*Zone, portion) {
	if z == nil || r.IsZero() {
		return nil, none
	}
	center := r.Mean()
	return z.cutAround(center, r.sampleReachMM(center), deviations)
}

// cutAround is cut of the places within reach of center.
func (z *Zone) cutAround(center Position, reach int64, deviations float64) (*Zone, portion) {
	if z.everywhere {
		return nil, all
	}
	mixed := &Zone{}
	state := none
	for i := range z.bands {
		stray := roundInt(float64(deviations * z.bands[i].line.sigmaMM()))
		switch z.bands[i].portion(center, reach+stray) {
		case all:
			return nil, all
		case partly:
			mixed.bands, state = append(mixed.bands, z.bands[i]), partly
		}
	}
	for _, a := range z.areas {
		switch a.portion(center, reach) {
		case all:
			return nil, all
		case partly:
			mixed.areas, state = append(mixed.areas, a), partly
		}
	}
	for _, d := range z.disks {
		switch d.portion(center, reach) {
		case all:
			return nil, all
		case partly:
			mixed.disks, state = append(mixed.disks, d), partly
		}
	}
	return mixed, state
}

// sampleReachMM is a distance from Mean within which all samples lie.
func (r Region) sampleReachMM(mean Position) int64 {
	const rounding = 100 // of positions, and of frame.point over 1 m
	reach := r.ReachMM()
	switch r.Kind {
	case Ellipse:
		reach = int64(float64(float64(reach) * normalReach))
	case Sector:
		reach += DistanceMM(r.Center, mean)
	}
	return reach + reach/1000 + rounding
}

// portion of the places within reach of center. The side cannot change where the
// line is out of reach and no continuation of its ends comes near.
func (b *band) portion(center Position, reach int64) portion {
	f := b.line.nearest(center.vector())
	distance := b.line.footDistance(center, f)
	if distance-reach >= b.till || distance+reach < b.fromMM {
		return none
	}
	sure := b.side == OnLine || distance > reach && !b.line.continuesInto(center, reach)
	if !sure {
		return partly
	}
	side := b.line.footSide(center, f)
	switch {
	case !b.admits(side):
		return none
	case distance-reach >= b.fromMM && distance+reach < b.till:
		return all
	}
	return partly
}

// continuesInto reports whether the straight continuation of either end of the
// line may come within reach of center.
func (l *Line) continuesInto(center Position, reach int64) bool {
	low, high := circleBox(center, reach)
	if high.lon-low.lon >= 180*E7 {
		return true
	}
	n := len(l.path)
	for _, end := range [2][2]vertex{{l.path[1], l.path[0]}, {l.path[n-2], l.path[n-1]}} {
		a, b := end[0], end[1]
		shift := b.lon + wrapE7((int64(center.LonE7)-b.lon)%(360*E7)) - int64(center.LonE7)
		box := [4]vertex{{low.lat, low.lon + shift}, {low.lat, high.lon + shift}, {high.lat, low.lon + shift}, {high.lat, high.lon + shift}}
		left, right, ahead := false, false, false
		for _, c := range box {
			left = left || turnAt(a, b, c) >= 0
			right = right || turnAt(a, b, c) <= 0
			ahead = ahead || (b.lat-a.lat)*(c.lat-b.lat)+(b.lon-a.lon)*(c.lon-b.lon) > 0
		}
		if left && right && ahead {
			return true
		}
	}
	return false
}

// portion of the places within reach of center.
func (a *Area) portion(center Position, reach int64) portion {
	low, high := circleBox(center, reach)
	shift := a.mesh.local(center).lon - int64(center.LonE7)
	low.lon, high.lon = low.lon+shift, high.lon+shift
	switch {
	case a.mesh.near(low, high) || high.lon-low.lon >= 180*E7:
		return partly
	case a.Contains(center):
		return all
	}
	return none
}

// portion of the places within reach of center.
func (d Disk) portion(center Position, reach int64) portion {
	const leastMM = 11 // of a unit of latitude, anywhere: most disks of a register lie far off
	if abs64(int64(d.Center.LatE7)-int64(center.LatE7))*leastMM > reach+d.RadiusMM {
		return none
	}
	distance := DistanceMM(d.Center, center)
	switch {
	case distance+reach <= d.RadiusMM:
		return all
	case distance-reach > d.RadiusMM:
		return none
	}
	return partly
}

// certain is how many deviations of a survey decide: beyond them lie 2e-9.
const certain = 6

// ShareSurveyed returns the probability, in parts per million, that what r
// stands for is in the zone as it would be surveyed without error: each sample
// counts by the probability that it is inside, with the line shifted across
// itself by a normal error of which 95 % is Line.SurveyErrorMM. Bands of one
// line share its error; different lines err independently; areas and disks have
// none. Beside the error of Share it has one of 1 ppm.
func (z *Zone) ShareSurveyed(r Region) int64 { return z.ShareSurveyedOf(NewCloud(r)) }

// ShareSurveyedOf is ShareSurveyed of a cloud's region.
func (z *Zone) ShareSurveyedOf(c *Cloud) int64 {
	z, state := z.cut(c.region, certain)
	if state != partly {
		return int64(state) * Million
	}
	if !c.draw() {
		return 0
	}
	plain := &Zone{areas: z.areas, disks: z.disks}
	groups := z.bandsByLine()
	total := int64(0)
	windows := make([]window, len(groups))
	for i := range groups {
		windows[i] = c.window(groups[i][0].line)
	}
	for k, p := range c.points {
		if plain.Contains(p) {
			total += Million
			continue
		}
		outside := int64(Million)
		for i, bands := range groups {
			share := surveyedShare(bands, p, windows[i].nearest(c.vectors[k]))
			outside = outside * (Million - share) / Million
		}
		total += Million - outside
	}
	return (total + int64(len(c.points))/2) / int64(len(c.points))
}

// bandsByLine groups the bands by their line, in order of first mention.
func (z *Zone) bandsByLine() [][]band {
	var groups [][]band
next:
	for _, b := range z.bands {
		for i := range groups {
			if groups[i][0].line == b.line {
				groups[i] = append(groups[i], b)
				continue next
			}
		}
		groups = append(groups, []band{b})
	}
	return groups
}

// surveyedShare is the probability in ppm that p, with its foot on the line, is in
// any of the bands of that line, whose survey errs.
func surveyedShare(bands []band, p Position, f foot) int64 {
	line := bands[0].line
	return bandsShare(bands, line.footDistance(p, f), line.footSide(p, f))
}

// bandsShare is the probability in ppm that a place at a distance from the line
// of the bands, on a side of it, is in any of them.
func bandsShare(bands []band, distance int64, side Side) int64 {
	line := bands[0].line
	if line.surveyErrorMM == 0 {
		for i := range bands {
			if b := &bands[i]; distance >= b.fromMM && distance < b.till && b.admits(side) {
				return Million
			}
		}
		return 0
	}
	sigma := line.sigmaMM()
	x := float64(int64(side) * distance)
	var buf [8][2]float64
	spans := buf[:0] // of the signed distance, in sigmas from p
	for _, b := range bands {
		if b.side != Right {
			spans = append(spans, [2]float64{(float64(b.fromMM) - x) / sigma, (float64(b.till) - x) / sigma})
		}
		if b.side != Left {
			spans = append(spans, [2]float64{(-float64(b.till) - x) / sigma, (-float64(b.fromMM) - x) / sigma})
		}
	}
	return normalShare(spans)
}

// sigmaMM is the standard deviation of a normal error of which 95 %, on both
// sides, is the survey error.
func (l *Line) sigmaMM() float64 { return min(float64(l.surveyErrorMM), 1e12) / 1.959963984540054 }

// normalShare is the probability in ppm of the union of intervals under the
// standard normal distribution.
func normalShare(spans [][2]float64) int64 {
	for i := 1; i < len(spans); i++ { // few: insertion sort
		for j := i; j > 0 && spans[j][0] < spans[j-1][0]; j-- {
			spans[j], spans[j-1] = spans[j-1], spans[j]
		}
	}
	total, till := 0.0, math.Inf(-1)
	for _, s := range spans {
		from := max(s[0], till)
		if s[1] > from {
			total += normalBelow(s[1]) - normalBelow(from)
			till = s[1]
		}
	}
	return max(0, min(Million, roundInt(float64(total*Million))))
}

// normalBelow is the standard normal distribution function within 1e-7. Source:
// Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.2.17.
func normalBelow(x float64) float64 {
	const (
		p  = 0.2316419
		b1 = 0.319381530
		b2 = -0.356563782
		b3 = 1.781477937
		b4 = -1.821255978
		b5 = 1.330274429
	)
	switch {
	case x > 6:
		return 1
	case x < -6:
		return 0
	case x < 0:
		return 1 - normalBelow(-x)
	}
	t := 1 / (1 + float64(p*x))
	series := float64(t * (b1 + float64(t*(b2+float64(t*(b3+float64(t*(b4+float64(t*b5)))))))))
	const density = 0.3989422804014327 // 1/sqrt(2 pi)
	return 1 - float64(float64(density*Exp(-float64(x*x)/2))*series)
}

// Outline returns rings to draw the zone by: bands as polygons offset from the
// vertices of their line, which may cross themselves where the line bends more
// sharply than the band is wide; areas by their rings; disks as 64-gons.
// Everywhere has no rings.
func (z *Zone) Outline() [][]Position {
	if z == nil {
		return nil
	}
	var rings [][]Position
	for i := range z.bands {
		b := &z.bands[i]
		if b.till <= b.fromMM {
			continue
		}
		if b.side != Right {
			rings = append(rings, b.outline(Left))
		}
		if b.side != Left {
			rings = append(rings, b.outline(Right))
		}
	}
	for _, a := range z.areas {
		rings = append(rings, a.rings...)
	}
	for _, d := range z.disks {
		const points = 64
		ring := make([]Position, points)
		for i := range ring {
			ring[i] = Direct(d.Center, int32(i*circleMdeg/points), d.RadiusMM)
		}
		rings = append(rings, ring)
	}
	return rings
}

// outline is the band on one side, out along its near rim and back along the
// far one.
func (b *band) outline(side Side) []Position {
	near := b.line.points
	if b.fromMM > 0 {
		near = b.rim(side, b.fromMM)
	}
	far := b.rim(side, b.till)
	ring := slices.Clone(near)
	for i := len(far) - 1; i >= 0; i-- {
		ring = append(ring, far[i])
	}
	return ring
}

const (
	// rimSteps is into how many parts a rim cuts a piece of the line, at most.
	// Guess: enough that a band's rim looks smooth on a page. Test: the map of
	// the example agreement.
	rimSteps = 8
	// rimSlackPPM is how much nearer to the line than its distance a point of a
	// rim may lie, in parts per million: offsets are taken from pieces and mean
	// directions.
	rimSlackPPM = 2_000
)

// rim runs along the line at a distance on one side. Inside a bend, offsets of
// one piece of the line come too near to another: they are left out, so that the
// rim does not cross itself.
func (b *band) rim(side Side, mm int64) []Position {
	points := b.line.points
	var out []Position
	add := func(p Position, azimuth int32) {
		q := Direct(p, azimuth, mm)
		if b.line.DistanceMM(q) >= mm-mm/Million*rimSlackPPM {
			out = append(out, q)
		}
	}
	for i, p := range points {
		for _, azimuth := range b.line.normals(i, side) {
			add(p, azimuth)
		}
		if i+1 == len(points) {
			break
		}
		// A piece is straight in longitude and latitude, not a geodesic.
		length, _ := Inverse(p, points[i+1])
		steps := min(1+length*2/mm, rimSteps)
		for k := int64(1); k < steps; k++ {
			part := between(p, points[i+1], k, steps)
			_, azimuth := Inverse(part, points[i+1])
			add(part, normalMdeg(azimuth-90_000*int32(side)))
		}
	}
	return out
}

// between is the place k of n parts of the way from p to q, along the straight
// piece in longitude and latitude, across the antimeridian if that is shorter.
func between(p, q Position, k, n int64) Position {
	lon := int64(q.LonE7) - int64(p.LonE7)
	switch {
	case lon > 180*E7:
		lon -= 360 * E7
	case lon < -180*E7:
		lon += 360 * E7
	}
	at := int64(p.LonE7) + lon*k/n
	switch {
	case at > 180*E7:
		at -= 360 * E7
	case at < -180*E7:
		at += 360 * E7
	}
	return Position{LatE7: int32(int64(p.LatE7) + (int64(q.LatE7)-int64(p.LatE7))*k/n), LonE7: int32(at)}
}

// normals returns the azimuths that point away from the line at a vertex: one
// across the mean direction, or, round the outside of a bend, one for each 15
// degrees that it turns.
func (l *Line) normals(i int, side Side) []int32 {
	quarter := int32(-90_000 * int32(side)) // left is anticlockwise
	var in, out int32
	if i > 0 {
		_, back := Inverse(l.points[i], l.points[i-1])
		in = normalMdeg(back + circleMdeg/2)
	}
	if i+1 < len(l.points) {
		_, out = Inverse(l.points[i], l.points[i+1])
	} else {
		out = in
	}
	if i == 0 {
		in = out
	}
	bend := normalMdeg(out-in+circleMdeg/2) - circleMdeg/2 // positive to the right
	if bend*int32(side) <= 0 {
		return []int32{normalMdeg(in + bend/2 + quarter)}
	}
	steps := bend*int32(side)/15_000 + 1
	azimuths := make([]int32, 0, steps+1)
	for k := range steps + 1 {
		azimuths = append(azimuths, normalMdeg(in+quarter+bend*k/steps))
	}
	return azimuths
}
