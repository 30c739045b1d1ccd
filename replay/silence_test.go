// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/replay"
)

// onWatch is the duty log of a source for an hour round an instant, over 5 km round a place.
func onWatch(s *replay.State, source trucewatch.Source, at trucewatch.Instant, where geo.Position, share trucewatch.PPM) *trucewatch.Entry {
	return entered(s, trucewatch.Payload{Coverage: &trucewatch.CoverageReport{Source: source, Watches: []trucewatch.Watch{{
		When: trucewatch.Interval{From: at - 30*trucewatch.Minute, Till: at + 30*trucewatch.Minute}, State: "watching", Share: share,
		Where: trucewatch.Place{Region: geo.Circle(where, 5_000_000)}}}}})
}

// TestPostsOnDutyThatHeardNothing: one doubtful report amid three posts that say they
// were on duty is no longer probable; amid three that say nothing it is; a party's log
// clears nobody.
func TestPostsOnDutyThatHeardNothing(t *testing.T) {
	d := theDay(t)
	head, _, _ := d.opening(t)
	place := geo.Position{LatE7: 481_000_000, LonE7: 378_000_000}
	post := func(id trucewatch.SourceID) trucewatch.Source {
		return trucewatch.Source{ID: id, Kind: trucewatch.PostSource}
	}
	for _, c := range []struct {
		name    string
		sources []trucewatch.Source
		first   bool // the logs come before the report
		where   geo.Position
		want    trucewatch.PPM
		silent  int
	}{
		{"nobody says that he was on duty", nil, true, place, 700_000, 0},
		{"three posts on duty, known before", []trucewatch.Source{post("a"), post("b"), post("c")}, true, place, 225_806, 3},
		{"three posts on duty, logs late", []trucewatch.Source{post("a"), post("b"), post("c")}, false, place, 225_806, 3},
		{"posts on duty elsewhere", []trucewatch.Source{post("a"), post("b"), post("c")}, true, geo.Position{LatE7: 485_000_000, LonE7: 378_000_000}, 700_000, 0},
		{"posts of a party, a person and the press", []trucewatch.Source{{ID: "a", Kind: trucewatch.PostSource, Party: "A"}, {ID: "b", Kind: trucewatch.PersonSource}, {ID: "c", Kind: trucewatch.PressSource}}, true, place, 700_000, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t, d, head)
			at := s.Now() - 2*trucewatch.Hour
			apply := func(e *trucewatch.Entry) {
				if _, err := s.Apply(e); err != nil {
					t.Fatal(err)
				}
			}
			logs := func() {
				for _, source := range c.sources {
					apply(onWatch(s, source, at, c.where, 500_000))
				}
			}
			if c.first {
				logs()
			}
			o := trucewatch.Observation{Key: trucewatch.ContentKey{1}, Kind: trucewatch.Explosion, Description: trucewatch.Impact, Means: trucewatch.Heard,
				Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}, Where: trucewatch.Place{Region: geo.Circle(place, 300_000)}, When: trucewatch.Interval{From: at, Till: at}}
			report := batch(s.Next(), s.Now()+trucewatch.Minute, trucewatch.Source{ID: "reporter", Kind: trucewatch.PatrolSource}, o)
			id := trucewatch.IncidentID{Index: s.Next()}
			apply(report)
			if !c.first {
				logs()
			}
			in := s.Incident(id)
			if off := in.Confidence - c.want; off < -100 || off > 100 || len(in.Silent) != c.silent {
				t.Errorf("sure %d with %d silent; want %d with %d", in.Confidence, len(in.Silent), c.want, c.silent)
			}
		})
	}
}
