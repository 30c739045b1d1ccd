// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"encoding/json"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/replay"
)

// TestLateObservationsChangeNothingPublic: when observations join an incident
// about which findings are public, its place, time and numbers stay as they were
// released, and it stays on the pages, until a person releases the revision.
func TestLateObservationsChangeNothingPublic(t *testing.T) {
	d := theDay(t)
	s := replay.New(d.blob)
	d.fold(t, s, len(d.raw))
	public := func() string {
		v, err := s.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Incidents) < 10 {
			t.Fatalf("%d incidents are public: nothing is tested", len(v.Incidents))
		}
		text, err := json.Marshal([]any{v.Incidents, v.Findings, v.Numbers})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var late []trucewatch.Observation
	for in := range s.Incidents() {
		for n, m := range s.Members(in) {
			o := *m.Observation
			o.Key, o.NativeID = trucewatch.ContentKey{byte(len(late)), byte(len(late) >> 8), 1}, ""
			o.When.From += 2 * trucewatch.Minute
			o.When.Till += 4 * trucewatch.Minute
			if n == 0 && o.Where.Region.Kind == geo.Ellipse {
				o.Where.Region = geo.Circle(geo.Direct(o.Where.Region.Center, 45_000, 700_000), 300_000)
			}
			late = append(late, o)
		}
	}
	before, findings := public(), len(s.Publishable())
	e := batch(s.Next(), s.Now(), trucewatch.Source{ID: "late-patrol", Kind: trucewatch.PatrolSource}, late...)
	if _, err := s.Apply(e); err != nil {
		t.Fatal(err)
	}
	if after := public(); after != before {
		t.Errorf("what is public changed before anybody released it:\n%s\n%s", before, after)
	}
	waiting := s.Publishable()
	if len(waiting) <= findings {
		t.Fatal("no finding was revised: nothing is tested")
	}
	release := &trucewatch.Entry{Index: s.Next(), Received: s.Now(), Body: trucewatch.Body{Version: 1, Type: trucewatch.ReleaseEntry,
		Payload: trucewatch.Payload{Release: &trucewatch.Release{Findings: waiting, By: "head of mission"}}}}
	if _, err := s.Apply(release); err != nil {
		t.Fatal(err)
	}
	if public() == before {
		t.Error("the revisions were released, and the public reads the old ones")
	}
}
