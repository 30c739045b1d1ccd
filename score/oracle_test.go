// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

// oracle scores the oracle on one seed.
func oracle(t *testing.T, seed uint64, start scenario.OracleStart, name string) score.Summary {
	t.Helper()
	p := scenario.NewMixed(seed)
	w, solved, err := p.Oracle(start)
	if err != nil {
		t.Fatal(err)
	}
	r := &score.Result{Name: name}
	for i, s := range solved {
		f := score.Found{ID: strconv.Itoa(i), At: s.At, Placed: true, Position: s.Position}
		f.Region, _ = score.EllipseOf(s.Position, s.Covariance)
		for k, m := range s.Members {
			f.Members = append(f.Members, score.Member{Observation: scenario.ObservationID(int(m)).String(), Share: s.Shares[k]})
		}
		r.Events = append(r.Events, f)
	}
	truth := w.Truth("")
	return score.Of(truth, r, score.DefaultOptions(truth)).Summary()
}

// TestOracleIsACeiling: told the law, a search finds most events, knows how sure
// it is, and does about as well as one that begins at the truth.
func TestOracleIsACeiling(t *testing.T) {
	var all []score.Summary
	for seed := range uint64(3) {
		all = append(all, oracle(t, seed+1, scenario.FromNothing, "search"), oracle(t, seed+1, scenario.FromTruth, "kept"))
	}
	pools := score.Pools(all)
	search, kept := pools[0], pools[1]
	t.Log("\n" + score.Table(pools))
	if search.Recall < 0.75 || search.Precision < 0.75 || search.Recall > 0.95 {
		t.Errorf("the search has recall %.3f, precision %.3f", search.Recall, search.Precision)
	}
	if search.F1 < kept.F1-0.06 {
		t.Errorf("F1 %.3f by search, %.3f from the truth: the search is the limit", search.F1, kept.F1)
	}
	if search.ECE > 0.06 {
		t.Errorf("calibration error %.3f", search.ECE)
	}
	if search.CoveredLow > 0.95 || search.CoveredHigh < 0.92 {
		t.Errorf("regions hold the truth %.3f (%.3f to %.3f)", search.Covered, search.CoveredLow, search.CoveredHigh)
	}
}

// TestPoolsAddCountsNotRatios: a world of one event does not weigh as much as a
// world of a hundred.
func TestPoolsAddCountsNotRatios(t *testing.T) {
	const lines = `{"name":"a","world":"w","seed":1,"events_per_hour":1,"events":100,"results":100,"matched":90,"precision":0.9,"recall":0.9,"gross":1,"covered":0.95,"covered_of":90,"root_nees":1,"nees_of":90,"bounded":90,"bounded_squares_m2":[900,800],"bounds_m2":[900,800],"links_with_probability":2,"bins":[{"links":2,"right":2,"stated":0.05}]}
{"name":"a","world":"w","seed":2,"events_per_hour":1,"events":1,"results":1,"matched":0,"precision":0,"recall":0,"gross":0,"covered_of":0,"links_with_probability":2,"bins":[{"links":2,"right":0,"stated":0.01}]}
`
	all, err := score.ReadSummaries(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	p := score.Pools(all)[0]
	if p.Seeds != 2 || p.Recall != 90.0/101 || p.RecallMin != 0 || p.OverBound != 1 || p.RootNEES != 1 || p.CoveredOf != 90 || p.Gross != 1 {
		t.Errorf("%+v", p)
	}
	if want := 0.5 - 0.03; p.ECE < want-1e-9 || p.ECE > want+1e-9 {
		t.Errorf("ECE %v, want %v: two of four are right, 0.03 was stated", p.ECE, want)
	}
}

func TestResultsAreReadAsWritten(t *testing.T) {
	w, solved, err := scenario.NewMixed(1).Oracle(scenario.FromTruth)
	if err != nil || len(w.Reports) == 0 {
		t.Fatal(err)
	}
	r := &score.Result{}
	for i, s := range solved {
		f := score.Found{ID: strconv.Itoa(i), At: s.At, Placed: true, Position: s.Position}
		f.Region, _ = score.EllipseOf(s.Position, s.Covariance)
		f.Members = []score.Member{{Observation: "a", Share: -1}, {Observation: "b", Share: 5}}
		r.Events = append(r.Events, f)
	}
	var once, twice bytes.Buffer
	if err := r.Write(&once); err != nil {
		t.Fatal(err)
	}
	again, err := score.ReadResult("", bytes.NewReader(once.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Write(&twice); err != nil || once.String() != twice.String() {
		t.Errorf("%v: what was read is not what was written", err)
	}
	if again.Events[0].Position != r.Events[0].Position {
		t.Errorf("%v became %v", r.Events[0].Position, again.Events[0].Position)
	}
}
