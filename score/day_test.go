// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/examples"
	"github.com/trucewatch/trucewatch/judge"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

// judged is what the engine finds of a simulated ceasefire day.
func judged(t *testing.T, day scenario.Day) *score.Score {
	t.Helper()
	files, err := mission.ReadBundle(examples.Files, "agreements/line-2026")
	if err != nil {
		t.Fatal(err)
	}
	a, err := mission.LoadAgreement(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range a.Lines {
		if l.Kind == "line_of_contact" {
			day.Line, day.Parties = l.Points, [2]tw.PartyID{l.Left, l.Right}
		}
	}
	day.Begin = 1_775_865_600 * tw.Second // 2026-04-11T00:00:00Z, six weeks into the agreement
	w, err := day.World()
	if err != nil {
		t.Fatal(err)
	}
	associator := associate.New()
	associator.Add(0, w.Recorded())
	terms := judge.Read([]*agreement.Agreement{a}, nil)
	result := &score.Result{Name: "trucewatch"}
	for in := range associator.All() {
		d := &tw.Dossier{Incident: in, Observations: associator.Members(in)}
		found := judge.Incident(judge.Input{Incident: in, Members: d.Observations, Terms: terms})
		for i := range found {
			d.Findings = append(d.Findings, &found[i])
		}
		result.Events = append(result.Events, score.OfDossier(d))
	}
	truth := w.Truth("")
	return score.Of(truth, result, score.DefaultOptions(truth))
}

// TestCeasefireDay holds association and findings to what they have reached on
// small ceasefire days, and on a quiet week.
func TestCeasefireDay(t *testing.T) {
	week := scenario.NewDay(1, nil)
	week.Hours, week.Engagements, week.Claims = 168, 21, 60
	days := map[string]scenario.Day{"day 1": scenario.NewDay(1, nil), "day 2": scenario.NewDay(2, nil), "day 3": scenario.NewDay(3, nil), "quiet week": week}
	for name, day := range days {
		t.Run(name, func(t *testing.T) {
			s := judged(t, day)
			v := s.Verdicts
			t.Log("\n" + score.Text([]*score.Score{s}))
			if s.Precision < 0.7 || s.Recall < 0.65 {
				t.Errorf("precision %.3f, recall %.3f; they have reached 0.70 and 0.65", s.Precision, s.Recall)
			}
			if s.Location.Covered < 0.9 {
				t.Errorf("%.3f of the regions said to hold 95 %% hold the truth", s.Location.Covered)
			}
			if v.Wrong > 0 || v.Named < 3 || v.Refusal > 0.9 {
				t.Errorf("%d named, %d wrongly; nobody is named of %.3f", v.Named, v.Wrong, v.Refusal)
			}
			if v.Baseless > 3 {
				t.Errorf("%d findings are about nothing that happened", v.Baseless)
			}
			if v.MedianDelayS > 3600 {
				t.Errorf("a finding takes %.0f s", v.MedianDelayS)
			}
		})
	}
}

// TestClaimsDrownNobody: on a day of 30 hours with more claims than anything
// else, hardly anybody is named who did not do it, and what is found is not said
// with more certainty than it has. Half of the claims that the performance page
// measures, and all of its nodes.
func TestClaimsDrownNobody(t *testing.T) {
	day := scenario.NewDay(1, nil)
	day.Hours, day.Engagements, day.Claims, day.Nodes = 30, 300, 3_900, 14_000
	s := judged(t, day)
	v := s.Verdicts
	t.Log("\n" + score.Text([]*score.Score{s}))
	if s.Precision < 0.4 || s.Recall < 0.45 {
		t.Errorf("precision %.3f, recall %.3f; they have reached 0.42 and 0.50", s.Precision, s.Recall)
	}
	if s.Location.Covered < 0.93 {
		t.Errorf("%.3f of the regions said to hold 95 %% hold the truth", s.Location.Covered)
	}
	if v.Named < 20 || v.False > 0.05 || v.NineRight < 0.9 {
		t.Errorf("%d named, %.3f wrongly, %.3f right of those named with 0.9", v.Named, v.False, v.NineRight)
	}
}

// TestVerdictsAreHeldAgainstTheTruth counts by hand: one right, one wrong, one
// refused, one about nothing.
func TestVerdictsAreHeldAgainstTheTruth(t *testing.T) {
	truth := &scenario.Truth{Events: []scenario.TrueEvent{{ID: "E1", At: 10 * tw.Second, By: "A", Members: []string{"1.0", "2.0"}}, {ID: "E2", At: 20 * tw.Second, By: "B", Members: []string{"3.0"}}}}
	members := func(ids ...string) (out []score.Member) {
		for _, id := range ids {
			out = append(out, score.Member{Observation: id, Share: -1})
		}
		return out
	}
	result := &score.Result{Events: []score.Found{
		{Members: members("1.0", "2.0"), Verdicts: []score.Verdict{{Party: "A", Share: 950_000, Known: 40 * tw.Second}, {Party: "B", Share: 850_000, Known: 15 * tw.Second}}},
		{Members: members("3.0", "9.0"), Verdicts: []score.Verdict{{Known: 30 * tw.Second}}},
		{Members: members("7.0", "8.0", "3.0"), Verdicts: []score.Verdict{{Party: "A", Share: 950_000}}},
	}}
	v := score.Of(truth, result, score.DefaultOptions(truth)).Verdicts
	if v.Findings != 4 || v.Baseless != 1 || v.Named != 2 || v.Wrong != 1 || v.Refused != 1 || v.Judged != 2 {
		t.Errorf("%+v", v)
	}
	if v.False != 0.5 || v.Nine != 1 || v.NineRight != 1 || v.MedianDelayS != 5 || v.P95DelayS != 10 {
		t.Errorf("%+v", v)
	}
}
