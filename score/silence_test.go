// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"math"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/scenario"
)

// logged is the duty log of the posts of a Mixed: always on duty, each with the share of
// events that it notices at the distance of the region's middle.
func logged(w *scenario.World) associate.Duty {
	return func(_ trucewatch.Interval, where geo.Region, kind trucewatch.Kind) []trucewatch.Silent {
		var out []trucewatch.Silent
		for _, s := range w.Sensors {
			if s.Kind != trucewatch.PostSource || kind != trucewatch.Explosion {
				continue
			}
			km := float64(geo.NearMM(s.Position, where.Mean())) / 1e6
			if share := trucewatch.PPM(650_000 / (1 + math.Exp(km-7))); share >= 10_000 {
				out = append(out, trucewatch.Silent{Source: s.ID, Share: share})
			}
		}
		return out
	}
}

// A belief is how sure weakly supported incidents were said to be, and how many were.
type belief struct{ n, happened, stated, brier float64 }

func (b *belief) take(sure trucewatch.PPM, happened bool) {
	p, truth := float64(sure)/1e6, 0.0
	if happened {
		truth = 1
	}
	b.n++
	b.happened += truth
	b.stated += p
	b.brier += (p - truth) * (p - truth)
}

// TestSilenceTellsFalseReportsFromTrue measures what duty logs are worth: in mixed
// worlds, of incidents that posts alone report, how sure they are said to be and how
// many happened, where nobody near was silent and where somebody was.
func TestSilenceTellsFalseReportsFromTrue(t *testing.T) {
	var without, with, doubted, rest belief
	for seed := range max(*seeds, 5) {
		w, err := scenario.NewMixed(uint64(*first + seed)).World()
		if err != nil {
			t.Fatal(err)
		}
		all := w.Recorded()
		truth := make(map[trucewatch.ObservationID]bool)
		for i := range all {
			truth[all[i].ID] = w.Reports[i].Event >= 0
		}
		for _, silence := range []bool{false, true} {
			a := associate.New()
			if silence {
				a.SetDuty(logged(w))
			}
			a.Add(0, all)
			for in := range a.All() {
				happened := false
				posts := true
				for _, r := range a.Members(in) {
					happened = happened || truth[r.ID]
					posts = posts && (r.Observation.Means == trucewatch.Heard || r.Observation.Means.IsClaim())
				}
				switch {
				case !posts || in.Claims:
				case !silence:
					without.take(in.Confidence, happened)
				default:
					with.take(in.Confidence, happened)
					if len(in.Silent) > 0 {
						doubted.take(in.Confidence, happened)
					} else {
						rest.take(in.Confidence, happened)
					}
				}
			}
		}
	}
	for name, b := range map[string]belief{"without logs": without, "with logs": with, "with logs, somebody silent": doubted, "with logs, nobody silent": rest} {
		t.Logf("%s: %.0f incidents that posts alone report, sure to %.3f, %.3f happened, Brier score %.3f", name, b.n, b.stated/b.n, b.happened/b.n, b.brier/b.n)
	}
	if with.brier >= without.brier {
		t.Errorf("duty logs make it no better known what happened: Brier score %.3f, %.3f without", with.brier/with.n, without.brier/without.n)
	}
	if doubted.happened/doubted.n >= rest.happened/rest.n {
		t.Error("what somebody did not hear happened as often as the rest")
	}
}
