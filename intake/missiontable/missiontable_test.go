// SPDX-License-Identifier: Apache-2.0

package missiontable

import (
	"os"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

func gazetteer(t testing.TB) *intake.Gazetteer {
	t.Helper()
	b, err := os.ReadFile("testdata/places.csv")
	if err != nil {
		t.Fatal(err)
	}
	g, err := intake.ParseGazetteer(b)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func options(t testing.TB) intake.Options {
	return intake.Options{Source: trucewatch.Source{ID: "mm", Kind: trucewatch.PatrolSource}, File: "night.csv", Gazetteer: gazetteer(t)}
}

func parse(t testing.TB, o intake.Options, csv string) []trucewatch.Submission {
	t.Helper()
	var all []trucewatch.Submission
	err := Parse(o, strings.NewReader(csv), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// night returns the sample table's observations by their last digits.
func night(t testing.TB) map[string]*trucewatch.Observation {
	t.Helper()
	b, err := os.ReadFile("testdata/night.csv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*trucewatch.Observation{}
	for _, s := range parse(t, options(t), string(b)) {
		if s.Rejection != nil {
			t.Fatalf("line %d refused: %s", s.Rejection.Line, s.Rejection.Reason)
		}
		out[s.Observation.NativeID] = s.Observation
	}
	if len(out) != 15 {
		t.Fatalf("%d rows, not 15", len(out))
	}
	return out
}

func TestNightParses(t *testing.T) {
	for id, o := range night(t) {
		t.Logf("%s %s %+v", id, o.Kind, o.Where.Region)
	}
}
