// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// words says why two observations belong together: "with 101.3 (recorded by
// camera): 40 s apart; places agree on 2.1 km2; rounds flash, fly, ...".
func (a *Associator) words(e, f *exhibit) string {
	s := "with " + f.rec.ID.String() + " (" + string(f.rec.Observation.Kind) + ", " + modelOf(f.rec.Observation.Means).class + "): " +
		timeWords(e, f) + "; " + placeWords(e, f)
	if apart(e, f) {
		return s
	}
	if e.ray != nil {
		return "with " + f.rec.ID.String() + ": " + farReason
	}
	s += "; "
	if e.spot.source == f.spot.source {
		s += "one source, different signs; "
	}
	return s + a.rules.why[e.spot.kind][f.spot.kind]
}

// timeWords says how the times of two observations agree.
func timeWords(e, f *exhibit) string {
	if gap := e.spot.window.Gap(f.spot.window); gap > 0 {
		return length(gap) + " apart"
	}
	return "times overlap"
}

// placeWords says how the places of two observations agree.
func placeWords(e, f *exhibit) string {
	switch {
	case e.spot.named:
		return "both at " + e.rec.Observation.Where.Name
	case apart(e, f):
		return "one source reports both the firing and the impact"
	}
	return "places agree on " + squareKM(kernel.CommonM2(e.place, f.place)) + " km2"
}

// apart says whether one of two observations is about the firing, the other about the
// impact.
func apart(e, f *exhibit) bool {
	fired := e.spot.role == origin || f.spot.role == origin
	return !e.spot.named && placeOf(e, fired) != placeOf(f, fired)
}

func number(n int) string { return strconv.Itoa(n) }

// length writes a length of time in seconds up to two minutes, then in minutes.
func length(t trucewatch.Instant) string {
	if t <= 2*trucewatch.Minute {
		return strconv.FormatInt(int64((t+trucewatch.Second/2)/trucewatch.Second), 10) + " s"
	}
	return strconv.FormatInt(int64((t+trucewatch.Minute/2)/trucewatch.Minute), 10) + " min"
}

// squareKM writes square metres as square kilometres with one decimal.
func squareKM(m2 int64) string {
	tenths := (m2 + 50_000) / 100_000
	return strconv.FormatInt(tenths/10, 10) + "." + strconv.FormatInt(tenths%10, 10)
}
