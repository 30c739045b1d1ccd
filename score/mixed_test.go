// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"testing"

	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

// reports is what the engine makes of a Mixed.
func reports(t *testing.T, p scenario.Mixed) (sum score.Summary, seconds float64) {
	t.Helper()
	w, err := p.World()
	if err != nil {
		t.Fatal(err)
	}
	began := cpuSeconds()
	r := &score.Result{Name: "trucewatch"}
	a := associate.New()
	a.Add(0, w.Recorded()) // at one go, as the command does
	for in := range a.All() {
		r.Events = append(r.Events, score.OfIncident(in))
	}
	seconds = cpuSeconds() - began
	truth := w.Truth("")
	return score.Of(truth, r, score.DefaultOptions(truth)).Summary(), seconds
}

// TestMixedReportsAreDivided holds the engine to what it has reached with reports
// of every kind, over at least five worlds.
func TestMixedReportsAreDivided(t *testing.T) {
	var all []score.Summary
	var took float64
	for seed := range max(*seeds, 5) {
		s, seconds := reports(t, scenario.NewMixed(uint64(*first+seed)))
		all, took = append(all, s), took+seconds
	}
	pool := score.Pools(all)[0]
	t.Log("\n" + score.Table(score.Pools(all)))
	var bins [10]score.Bin
	for _, s := range all {
		for k, b := range s.Bins {
			bins[k].Stated += float64(b.Stated * float64(b.Links))
			bins[k].Links, bins[k].Right = bins[k].Links+b.Links, bins[k].Right+b.Right
		}
	}
	for _, b := range bins {
		if b.Links == 0 {
			continue
		}
		t.Logf("stated %.3f, right %.3f of %d links", b.Stated/float64(b.Links), float64(b.Right)/float64(b.Links), b.Links)
	}
	t.Logf("calibration error %.3f", pool.ECE)
	t.Logf("%.2f CPU s a world", took/float64(len(all)))
	if pool.Precision < 0.77 || pool.Recall < 0.67 || pool.ECE > 0.03 {
		t.Errorf("precision %.3f, recall %.3f, calibration error %.3f", pool.Precision, pool.Recall, pool.ECE)
	}
}
