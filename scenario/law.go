// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A law is how the reports of a Mixed came about, told to the oracle: detection
// probabilities, errors, delays, false reports for each source, and where events
// are frequent. All true, but that events follow one another: each counts as
// drawn alone from the fronts.
type law struct {
	sector  *sector
	reports []Report
	birth   float64             // events per hour, all fronts together
	clutter [meansCount]float64 // ln of false reports of one source in the measure's own units
	known   map[string]fit      // of sets, by their members
}

// A fit is the best place and time for a set, and what the set is worth: the
// logarithm of how much better one event explains it than false reports do.
type fit struct {
	worth   float64
	x, y, t float64
	a       [3][3]float64 // information on x, y (km) and t (hours)
}

// never is the worth of what cannot be.
const never = -1e9

// True errors of times where they are not what is stated, hours.
const (
	heardDelay  = 0.01596 // mean of |N(0, 0.02)|
	heardError  = 0.0154  // its deviation, 0.0121, and that of even minutes, 2/60/sqrt(12)
	partyError  = 0.1755  // 0.1 and that of half hours, 0.5/sqrt(12)
	soundError  = 0.0003
	cameraError = 0.0005
	// windowEdge is how soft the edges of a window are for the descent, hours.
	windowEdge = 0.05
	// seenKM and seenWidthKM hold the descent where cameras see; the worth takes
	// the probability of seeing itself.
	seenKM, seenWidthKM = 3.0, 2.0
)

func newLaw(w *World, p Mixed) *law {
	l := &law{sector: w.sector, reports: w.Reports, birth: float64(p.Events) / mixedHours, known: make(map[string]fit)}
	var n [meansCount]float64
	for i := range w.Reports {
		if w.Reports[i].Event >= 0 {
			n[w.Reports[i].measure.mean]++
		}
	}
	const area = mixedEastKM * mixedNorthKM
	rate := func(m mean, sources int, room float64) float64 {
		return geo.Log(max(float64(p.False*n[m]), 0.1) / float64(float64(sources)*mixedHours) / room)
	}
	l.clutter = [meansCount]float64{
		sound: rate(sound, 1, area), party: rate(party, 2, area), open: rate(open, openCount, area),
		observer: rate(observer, len(w.sector.posts), 2*math.Pi*ln16), camera: rate(camera, len(w.sector.cams), 2*math.Pi),
		thermal: geo.Log(1 / (area * mixedHours)), // there is none; once a day keeps the logarithm finite
	}
	return l
}

// ln16 is the room of the logarithm of a distance from 0.5 to 8 km.
const ln16 = 4 * math.Ln2

// timeError is the true error of q's time and its mean delay.
func (q *measure) timeError() (deviation, delay float64) {
	switch q.mean {
	case sound:
		return soundError, 0
	case observer:
		return heardError, heardDelay
	case camera:
		return cameraError, 0
	case party:
		return partyError, 0
	}
	return openTime, 0
}

// A residual is how far one number of a measure is off, in standard deviations,
// and its slopes along x, y and t.
type residual struct {
	off     float64
	slope   [3]float64
	helping bool // only holds the descent
}

// residuals appends those of q for an event at v.
func (l *law) residuals(buf []residual, q *measure, v [3]float64) []residual {
	if q.place > 0 {
		buf = append(buf, residual{off: (v[0] - q.x) / q.place, slope: [3]float64{1 / q.place}}, residual{off: (v[1] - q.y) / q.place, slope: [3]float64{1: 1 / q.place}})
	} else {
		buf = l.looking(buf, q, v)
	}
	if q.till > 0 {
		centre, half := (q.from+q.till)/2, (q.till-q.from)/2
		beyond := math.Abs(v[2]-centre) - half
		if beyond <= 0 {
			return buf
		}
		return append(buf, residual{off: math.Copysign(beyond/windowEdge, v[2]-centre), slope: [3]float64{2: 1 / windowEdge}})
	}
	deviation, delay := q.timeError()
	return append(buf, residual{off: (v[2] + delay - q.t) / deviation, slope: [3]float64{2: 1 / deviation}})
}

// looking appends the residuals of a direction and a distance.
func (l *law) looking(buf []residual, q *measure, v [3]float64) []residual {
	p := l.from(q)
	dx, dy := v[0]-p.x, v[1]-p.y
	r2 := max(float64(dx*dx)+float64(dy*dy), 0.01)
	r := math.Sqrt(r2)
	turn := geo.Atan2(dx, dy) - q.azimuth
	turn -= float64(2 * math.Pi * math.Floor(turn/(2*math.Pi)+0.5))
	buf = append(buf, residual{off: turn / q.turn, slope: [3]float64{dy / r2 / q.turn, -dx / r2 / q.turn}})
	if q.far > 0 {
		return append(buf, residual{off: geo.Log(r/q.far) / q.spread, slope: [3]float64{dx / r2 / q.spread, dy / r2 / q.spread}})
	}
	return append(buf, residual{off: (r - seenKM) / seenWidthKM, slope: [3]float64{dx / r / seenWidthKM, dy / r / seenWidthKM}, helping: true})
}

func (l *law) from(q *measure) post {
	if q.mean == observer {
		return l.sector.posts[q.source]
	}
	return l.sector.cams[q.source]
}

const lnRoot2Pi = 0.9189385332046727

// offMax caps a squared residual: what is this far off is not believed to be
// still further off.
const offMax = 60

// density is ln of the density of q for an event at v, in its own units.
func (l *law) density(q *measure, v [3]float64) float64 {
	var buf [4]residual
	s := 0.0
	for _, r := range l.residuals(buf[:0], q, v) {
		if !r.helping {
			s -= min(float64(r.off*r.off), offMax) / 2
		}
	}
	if q.place > 0 {
		s -= float64(2*geo.Log(q.place)) + 2*lnRoot2Pi
	} else {
		s -= geo.Log(q.turn) + lnRoot2Pi
		if q.far > 0 {
			s -= geo.Log(q.spread) + lnRoot2Pi
		}
	}
	if q.till > 0 {
		return s - geo.Log(q.till-q.from)
	}
	deviation, _ := q.timeError()
	return s - geo.Log(deviation) - lnRoot2Pi
}

// detect is the probability that the source of q reports an event at v.
func (l *law) detect(q *measure, v [3]float64) float64 {
	switch q.mean {
	case sound:
		return detectSound
	case observer, camera:
		p := l.from(q)
		d := distance(v[0]-p.x, v[1]-p.y)
		if q.mean == observer {
			return hearObserver(d)
		}
		return seeCamera(d)
	case thermal:
		return detectThermal
	case party:
		return detectParty
	}
	return detectOpen / openCount
}

// births is ln of the events per km2 and hour at a place.
func (l *law) births(x, y float64) float64 {
	sum := 0.0
	for _, f := range l.sector.fronts {
		d2 := float64((x-f[0])*(x-f[0])) + float64((y-f[1])*(y-f[1]))
		sum += geo.Exp(-d2/(2*9)) / (2 * math.Pi * 9)
	}
	return geo.Log(float64(l.birth*(sum/frontCount)) + 1e-12)
}

// silence is what it is worth that all other sources said nothing.
func (l *law) silence(v [3]float64, spoke func(mean, int) bool) float64 {
	s := 0.0
	quiet := func(m mean, n int, p float64) {
		if !spoke(m, n) {
			s += geo.Log(1 - p)
		}
	}
	quiet(sound, 0, detectSound)
	for i, p := range l.sector.posts {
		quiet(observer, i, hearObserver(distance(v[0]-p.x, v[1]-p.y)))
	}
	for i, p := range l.sector.cams {
		quiet(camera, i, seeCamera(distance(v[0]-p.x, v[1]-p.y)))
	}
	for _, o := range overpasses {
		if o > v[2] && o-v[2] < overpassWindow {
			quiet(thermal, 0, detectThermal)
			break
		}
	}
	quiet(party, 0, detectParty)
	quiet(party, 1, detectParty)
	for i := range openCount {
		quiet(open, i, detectOpen/openCount)
	}
	return s
}
