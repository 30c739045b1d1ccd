// SPDX-License-Identifier: Apache-2.0

package scenario

import "math"

// A Bound is the Cramér-Rao bound of a place on the map: no unbiased method
// that is told which arrivals belong to the event, and how fast they travelled,
// has a smaller covariance. In mm2. The zero Bound is unknown.
//
// It is the inverse of the Fisher information of (east, north[, depth], time)
// for independent normal errors of times, restricted to the map (Kay,
// Fundamentals of statistical signal processing: estimation theory, 1993,
// section 3.9). That the size of the errors depends on the distance, and with it
// on the place, is not counted as information.
type Bound struct {
	EastMM2      int64 `json:"east_mm2"`
	EastNorthMM2 int64 `json:"east_north_mm2"`
	NorthMM2     int64 `json:"north_mm2"`
}

// A ray is what one arrival says of its source.
type ray struct {
	east, north, down float64 // how much later it arrives, in s, if the source moves 1 km there
	sigma             float64 // standard deviation of its time, s
}

// boundOf returns the bound by rays; deep if the depth is to be found as well.
func boundOf(rays []ray, deep bool) Bound {
	var weight float64
	var mean [3]float64 // of the slopes, times weight
	for _, r := range rays {
		w := 1 / float64(r.sigma*r.sigma)
		weight += w
		for i, s := range r.slopes() {
			mean[i] += float64(w * s)
		}
	}
	var f [3][3]float64 // information on the place once the time is taken out
	for _, r := range rays {
		w, s := 1/float64(r.sigma*r.sigma), r.slopes()
		for i := range s {
			for j := range s {
				d := float64((s[i] - mean[i]/weight) * (s[j] - mean[j]/weight))
				f[i][j] += float64(w * d)
			}
		}
	}
	if deep && f[2][2] > 0 { // take the depth out: Schur complement
		for i := range 2 {
			for j := range 2 {
				f[i][j] -= float64(f[i][2]*f[2][j]) / f[2][2]
			}
		}
	}
	det := float64(f[0][0]*f[1][1]) - float64(f[0][1]*f[1][0])
	trace := f[0][0] + f[1][1]
	if !(det > float64(1e-9*float64(trace*trace))) {
		return Bound{} // stations in a row, or too few
	}
	const mm2 = 1e12 // per km2
	b := Bound{
		EastMM2:      round(float64(f[1][1] / det * mm2)),
		EastNorthMM2: round(float64(-f[0][1] / det * mm2)),
		NorthMM2:     round(float64(f[0][0] / det * mm2)),
	}
	return b
}

func (r ray) slopes() [3]float64 { return [3]float64{r.east, r.north, r.down} }

// rayOf returns the ray from a source to a station at an offset in km, depth km
// above it, with the given speed in km/s.
func rayOf(east, north, depth, speed, sigma float64) ray {
	length := math.Sqrt(float64(east*east) + float64(north*north) + float64(depth*depth))
	slow := -1 / float64(max(length, 1e-6)*speed)
	return ray{east: float64(east * slow), north: float64(north * slow), down: float64(-depth * slow), sigma: sigma}
}
