// SPDX-License-Identifier: Apache-2.0

package score

import (
	"math"
	"slices"

	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/scenario"
)

// A Score says how good one result is. Ratios are NaN where there was nothing
// to count.
type Score struct {
	Name      string
	About     scenario.About
	Rule      Rule
	Events    int // that count: with at least Options.MembersMin members
	Results   int // likewise
	Matched   int
	Precision float64 // Matched / Results
	Recall    float64 // Matched / Events
	F1        float64 // 2 Precision Recall / (Precision + Recall)
	Links     Links
	Location  Location
	Shares    Calibration
	Verdicts  Verdicts
	BySize    []SizeRecall
}

// A SizeRecall is the recall of events of one number of true members.
type SizeRecall struct {
	Members         int // SizeMost stands for all larger ones
	Events, Matched int
}

// SizeMost is the largest number of members that BySize tells apart.
const SizeMost = 12

// Of holds a result against the truth.
func Of(t *scenario.Truth, r *Result, o Options) *Score {
	var events []scenario.TrueEvent
	for _, e := range t.Events {
		if len(e.Members) >= o.MembersMin {
			events = append(events, e)
		}
	}
	var found []Found
	for _, f := range r.Events {
		if len(f.Members) >= o.MembersMin {
			found = append(found, f)
		}
	}
	p := pair(events, found, o)
	s := &Score{Name: r.Name, About: t.About, Rule: o.Rule, Events: len(events), Results: len(found)}
	for _, k := range p.of {
		if k >= 0 {
			s.Matched++
		}
	}
	s.Precision, s.Recall, s.F1 = ratios(s.Matched, s.Results, s.Events)
	owner := owners(t.Events)
	s.Links = linksOf(events, found, p)
	s.Links.divide(t.Events, r.Events)
	s.Location = locationOf(events, found, p)
	s.Shares = sharesOf(found, owner)
	s.Verdicts = verdictsOf(t.Events, r.Events)
	s.BySize = recallBySize(events, p)
	return s
}

// ratio is a/b, NaN if b is 0.
func ratio(a, b int) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

// ratios returns precision, recall and their harmonic mean.
func ratios(right, said, truth int) (precision, recall, f1 float64) {
	return ratio(right, said), ratio(right, truth), ratio(2*right, said+truth)
}

func recallBySize(events []scenario.TrueEvent, p pairing) []SizeRecall {
	rows := make([]SizeRecall, SizeMost+1)
	for k, e := range events {
		n := min(len(e.Members), SizeMost)
		rows[n].Members = n
		rows[n].Events++
		if p.found[k] >= 0 {
			rows[n].Matched++
		}
	}
	return slices.DeleteFunc(rows, func(r SizeRecall) bool { return r.Events == 0 || r.Members == 0 })
}

// A Location says how good the places and times of matched results are.
type Location struct {
	Placed   int     // matched results with a place
	MedianM  float64 // of the distance on the map between result and truth
	P95M     float64 // 95 % quantile of it, the next larger one observed
	RMSEM    float64 // root of the mean square of it
	TimeRMSE float64 // of the time, s
	// Bounded are those of Placed whose event has a bound. RMSE over bound is the
	// root of (sum of squared distances / sum of east and north variances of the
	// Cramér-Rao bounds): 1 is the best there can be without bias. It is dominated
	// by events that no method locates well; it can fall below 1 if those are the
	// ones not found.
	Bounded   int
	BoundM    float64 // root of the mean bound, m
	OverBound float64
	// FineOverBound is the same without gross errors, which else decide it: the
	// precision of right solutions.
	FineOverBound float64
	// WithCovariance are those of Placed with an ellipse. NEES is the normalised
	// estimation error squared: the mean over results of e' C^-1 e / 2 for an error
	// e and stated covariance C; its root is 1 if the stated errors are right,
	// above 1 if they are too small. Source: Bar-Shalom, Li, Kirubarajan,
	// Estimation with applications to tracking and navigation, 2001, section 5.4.
	WithCovariance int
	RootNEES       float64
	// NEESLow and NEESHigh bound RootNEES with 95 % probability if the stated
	// errors are right: chi-squared with 2 WithCovariance degrees of freedom,
	// Wilson and Hilferty's approximation.
	NEESLow, NEESHigh float64
	// WithRegion are those of Placed with a region; Covered is the share of them
	// whose region holds the truth, and should be 0.95. CoveredLow and CoveredHigh
	// are its 95 % interval (Wilson, Journal of the American Statistical
	// Association 22, 1927).
	WithRegion              int
	Covered                 float64
	CoveredLow, CoveredHigh float64
	// Levels are, for nominal levels of 5, 10 ... 95, 99 %, the shares of results
	// whose stated ellipse, drawn for that level, holds the truth.
	Levels []Level
	// Gross are those of Bounded that lie further off than ten times the root of
	// their bound's variance and 100 m: a wrong solution, not an inexact one.
	Gross int

	squares, bounds [2]float64 // what OverBound and FineOverBound are made of, m2
}

// A Level is one point of the coverage of ellipses.
type Level struct{ Nominal, Actual float64 }

// grossBounds is how many roots of the bound's variance make a gross error, and
// grossM the least of it in m. Source: a normal error of ten standard deviations
// does not happen.
const (
	grossBounds = 10
	grossM      = 100
)

// A sum gathers what Location is made of.
type sum struct {
	errors    []float64 // distances, m
	squares   float64
	times     float64
	timed     int
	bounded   [2]float64 // squares of distances with a bound, m2: all, and those not gross
	bounds    [2]float64 // their bounds, m2
	nees      float64
	distances []float64 // squared Mahalanobis
	covered   int
}

func locationOf(events []scenario.TrueEvent, found []Found, p pairing) Location {
	var l Location
	var s sum
	for i := range found {
		k := p.of[i]
		if k < 0 || !found[i].Placed {
			continue
		}
		l.add(&s, &events[k], &found[i])
	}
	l.Placed = len(s.errors)
	slices.Sort(s.errors)
	l.MedianM, l.P95M = quantile(s.errors, 0.5), quantile(s.errors, 0.95)
	l.RMSEM = math.Sqrt(s.squares / float64(l.Placed))
	l.TimeRMSE = math.Sqrt(s.times / float64(s.timed))
	l.BoundM, l.OverBound = math.Sqrt(s.bounds[0]/float64(l.Bounded)), math.Sqrt(s.bounded[0]/s.bounds[0])
	l.FineOverBound = math.Sqrt(s.bounded[1] / s.bounds[1])
	l.squares, l.bounds = s.bounded, s.bounds
	n := float64(l.WithCovariance)
	l.RootNEES = math.Sqrt(s.nees / float64(2*n))
	l.NEESLow, l.NEESHigh = math.Sqrt(chi2Share(2*l.WithCovariance, -normal95)), math.Sqrt(chi2Share(2*l.WithCovariance, normal95))
	l.Covered = ratio(s.covered, l.WithRegion)
	l.CoveredLow, l.CoveredHigh = wilson(s.covered, l.WithRegion)
	l.Levels = levelsOf(s.distances)
	return l
}

// add takes one matched result into account.
func (l *Location) add(s *sum, e *scenario.TrueEvent, f *Found) {
	east, north := offset(f.Position, e.Position)
	square := float64(east*east) + float64(north*north)
	s.errors = append(s.errors, math.Sqrt(square))
	s.squares += square
	if f.At != 0 {
		dt := float64(f.At-e.At) / 1e6
		s.times += float64(dt * dt)
		s.timed++
	}
	if trace := float64(e.Bound.EastMM2+e.Bound.NorthMM2) / 1e6; trace > 0 {
		l.Bounded++
		s.bounded[0] += square
		s.bounds[0] += trace
		if math.Sqrt(square) > grossM+float64(grossBounds*math.Sqrt(trace)) {
			l.Gross++
		} else {
			s.bounded[1] += square
			s.bounds[1] += trace
		}
	}
	if cov, ok := covarianceOf(f.Region); ok {
		l.WithCovariance++
		d := mahalanobis2(east, north, cov)
		s.nees += d
		s.distances = append(s.distances, d)
	}
	if !f.Region.IsZero() {
		l.WithRegion++
		if holds(f.Region, e.Position) {
			s.covered++
		}
	}
}

// quantile returns the smallest value that at least a share q does not exceed.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[max(int(math.Ceil(float64(q*float64(len(sorted)))))-1, 0)]
}

// levelsOf returns the coverage of ellipses: with two dimensions the ellipse of
// level p is where the squared distance is at most -2 ln(1-p).
func levelsOf(distances []float64) []Level {
	if len(distances) == 0 {
		return nil
	}
	var levels []Level
	for percent := 5; percent <= 100; percent += 5 {
		nominal := float64(min(percent, 99)) / 100
		edge, n := float64(-2*geo.Log(1-nominal)), 0
		for _, d := range distances {
			if d <= edge {
				n++
			}
		}
		levels = append(levels, Level{nominal, ratio(n, len(distances))})
	}
	return levels
}

// normal95 is the 97.5 % quantile of the standard normal distribution.
const normal95 = 1.959964

// chi2Share returns the quantile of chi-squared with n degrees of freedom at the
// standard normal quantile z, divided by n (Wilson and Hilferty, PNAS 17, 1931).
func chi2Share(n int, z float64) float64 {
	if n == 0 {
		return math.NaN()
	}
	v := 2 / float64(9*n)
	c := max(1-v+float64(z*math.Sqrt(v)), 0)
	return float64(float64(c*c) * c)
}

// wilson returns the 95 % interval of a share of which n of total are a sample.
func wilson(n, total int) (low, high float64) {
	if total == 0 {
		return math.NaN(), math.NaN()
	}
	m, z2 := float64(total), normal95*normal95
	share := float64(n) / m
	centre := (share + z2/float64(2*m)) / (1 + z2/m)
	half := float64(normal95*math.Sqrt(float64(share*(1-share))/m+z2/float64(4*float64(m*m)))) / (1 + z2/m)
	return max(centre-half, 0), min(centre+half, 1)
}
