// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"github.com/trucewatch/trucewatch/geo"
)

// A Moment is a density over time, normal, ready to be multiplied with others:
// its logarithm is rest + eta t - lambda t^2/2, t in seconds from a common time.
type Moment struct {
	lambda, eta, rest float64
	terms             int
}

// NewMoment returns the density of a time that lies anywhere in a window, by its
// mean and variance, with an independent error of slackUS, one standard
// deviation. Times are microseconds from the common time.
func NewMoment(fromUS, tillUS, slackUS int64) Moment {
	mean := float64(fromUS+tillUS) / 2e6
	width, slack := float64(tillUS-fromUS)/1e6, float64(slackUS)/1e6
	m := Moment{lambda: 1 / (float64(width*width)/12 + float64(slack*slack)), terms: 1}
	m.eta = float64(m.lambda * mean)
	m.rest = (geo.Log(m.lambda)-ln2Pi)/2 - float64(m.eta*mean)/2
	return m
}

// Times returns the product of two densities, not normalised.
func (m Moment) Times(n Moment) Moment {
	return Moment{lambda: m.lambda + n.lambda, eta: m.eta + n.eta, rest: m.rest + n.rest, terms: m.terms + n.terms}
}

// LogOverlap returns the logarithm of the overlap integral in thousandths: 0 for
// one density, for n the logarithm of s^-(n-1).
func (m Moment) LogOverlap() int64 {
	if m.terms < 2 {
		return 0
	}
	return round(float64(1000 * (m.rest + (ln2Pi-geo.Log(m.lambda)+float64(m.eta*m.eta)/m.lambda)/2)))
}

// LogPeak returns the logarithm of the highest density per second, in
// thousandths.
func (m Moment) LogPeak() int64 {
	return round(float64(500 * (geo.Log(m.lambda) - ln2Pi)))
}

// MeanUS returns the mean of the product, in microseconds from the common time.
func (m Moment) MeanUS() int64 { return round(float64(1e6*m.eta) / m.lambda) }
