// SPDX-License-Identifier: Apache-2.0

package score

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Pool is the scores of one associator over the seeds of one world, taken
// together as if they were one result: counts are added and ratios formed of the
// sums.
type Pool struct {
	World, Parameters, Name   string
	Seeds                     int
	Events, Results, Matched  int
	Precision, Recall, F1     float64
	PrecisionMin, RecallMin   float64 // of the worst seed
	OverBound, FineOverBound  float64
	RootNEES                  float64
	Covered                   float64
	CoveredLow, CoveredHigh   float64 // 95 % interval
	CoveredOf, Gross, Bounded int
	ECE                       float64
	Links                     int
}

// Pools gathers summaries, in the order in which worlds and names first come.
func Pools(all []Summary) []Pool {
	var pools []Pool
	var members [][]Summary
	for _, s := range all {
		at := slices.IndexFunc(pools, func(p Pool) bool { return p.World == s.World && p.Parameters == s.Parameters && p.Name == s.Name })
		if at < 0 {
			at = len(pools)
			pools = append(pools, Pool{World: s.World, Parameters: s.Parameters, Name: s.Name})
			members = append(members, nil)
		}
		members[at] = append(members[at], s)
	}
	for i := range pools {
		pools[i].fill(members[i])
	}
	return pools
}

func value(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return *p
}

// lower is the lower of two numbers of which either may not exist.
func lower(a, b float64) float64 {
	if math.IsNaN(a) || b < a {
		return b
	}
	return a
}

func (p *Pool) fill(all []Summary) {
	var squares, bounds [2]float64
	var nees, covered float64
	neesOf := 0
	bins := make([]Bin, binCount)
	p.PrecisionMin, p.RecallMin = math.NaN(), math.NaN()
	for _, s := range all {
		p.Seeds++
		p.Events, p.Results, p.Matched = p.Events+s.Events, p.Results+s.Results, p.Matched+s.Matched
		p.Gross, p.Links = p.Gross+s.Gross, p.Links+s.Probability
		p.PrecisionMin, p.RecallMin = lower(p.PrecisionMin, value(s.Precision)), lower(p.RecallMin, value(s.Recall))
		p.Bounded += s.Bounded
		for i := range squares {
			squares[i] += s.SquaresM2[i]
			bounds[i] += s.BoundsM2[i]
		}
		if s.RootNEES != nil {
			nees, neesOf = nees+float64(float64(*s.RootNEES**s.RootNEES)*float64(s.NEESOf)), neesOf+s.NEESOf
		}
		if s.Covered != nil {
			covered, p.CoveredOf = covered+float64(*s.Covered*float64(s.CoveredOf)), p.CoveredOf+s.CoveredOf
		}
		for i, b := range s.Bins[:min(len(s.Bins), binCount)] {
			if b.Links > 0 {
				links := float64(bins[i].Links + b.Links)
				bins[i].Stated = (float64(bins[i].Stated*float64(bins[i].Links)) + float64(b.Stated*float64(b.Links))) / links
				bins[i].Links, bins[i].Right = bins[i].Links+b.Links, bins[i].Right+b.Right
			}
		}
	}
	p.Precision, p.Recall, p.F1 = ratios(p.Matched, p.Results, p.Events)
	p.OverBound, p.FineOverBound = math.Sqrt(squares[0]/bounds[0]), math.Sqrt(squares[1]/bounds[1])
	p.RootNEES = math.Sqrt(nees / float64(neesOf))
	p.Covered = covered / float64(p.CoveredOf)
	p.CoveredLow, p.CoveredHigh = wilson(int(math.Floor(covered+0.5)), p.CoveredOf)
	p.ECE = calibrationError(bins)
}

// Table writes pools as a Markdown table.
func Table(pools []Pool) string {
	var b strings.Builder
	b.WriteString("| world | associator | seeds | events | precision (worst) | recall (worst) | F1 | RMSE / bound (without gross) | root NEES | 95 % region holds | gross | ECE (links) |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, p := range pools {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s (%s) | %s (%s) | %s | %s (%s) | %s | %s | %d of %d | %s (%d) |\n",
			strings.TrimSpace(p.World+" "+p.Parameters), p.Name, p.Seeds, p.Events, number("%.4f", p.Precision), number("%.3f", p.PrecisionMin), number("%.4f", p.Recall), number("%.3f", p.RecallMin),
			number("%.4f", p.F1), number("%.3f", p.OverBound), number("%.3f", p.FineOverBound), number("%.3f", p.RootNEES), span("%.3f", p.Covered, p.CoveredLow, p.CoveredHigh),
			p.Gross, p.Bounded, number("%.3f", p.ECE), p.Links)
	}
	return b.String()
}
