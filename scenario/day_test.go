// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

func dayLine() []geo.Position {
	return []geo.Position{{LatE7: 460_000_000, LonE7: -350_000_000}, {LatE7: 462_000_000, LonE7: -340_000_000}, {LatE7: 460_500_000, LonE7: -330_000_000}}
}

// TestDayIsWhatItSays: who fired stands on his own side or beyond; every report
// may enter a record and says SIMULATED; parties claim as much as they should, by
// three to five; a seed gives one day.
func TestDayIsWhatItSays(t *testing.T) {
	day := NewDay(7, dayLine())
	day.Engagements, day.Claims = 300, 1_000
	w, err := day.World()
	if err != nil {
		t.Fatal(err)
	}
	claims := map[trucewatch.PartyID]int{}
	kinds := map[trucewatch.Kind]int{}
	w.Recorded() // gives each its key
	for _, r := range w.Reports {
		if r.Source.Note != Simulated || !strings.HasPrefix(r.Source.Name, Simulated) || r.Observation.Text != Simulated {
			t.Fatalf("%s does not say that it is simulated", r.Source.ID)
		}
		if err := r.Observation.Check(); err != nil {
			t.Fatalf("%s: %v", r.Source.ID, err)
		}
		if r.Source.Party != "" {
			claims[r.Source.Party]++
			if k := r.Event; k >= 0 && w.Events[k].By == r.Source.Party {
				t.Error("a party reports its own fire")
			}
		}
	}
	if claims["A"] < 375 || claims["B"] < 625 || claims["A"]+claims["B"] > 1_100 {
		t.Errorf("claims: %v", claims)
	}
	for _, e := range w.Events {
		if e.By != "A" && e.By != "B" {
			t.Fatalf("an event is by %q", e.By)
		}
		kinds[e.Kind]++
	}
	if n := kinds[trucewatch.Burst]; n < 100 || n > 170 {
		t.Errorf("%d bursts of 300 engagements, want about 135", n)
	}
	again, _ := day.World()
	again.Recorded()
	if !reflect.DeepEqual(again, w) {
		t.Error("a seed gives two days")
	}
	day.Seed = 8
	if other, _ := day.World(); reflect.DeepEqual(other.Events, w.Events) {
		t.Error("two seeds give one day")
	}
}

// TestDayRefusesWhatCannotBe names the parameter.
func TestDayRefusesWhatCannotBe(t *testing.T) {
	for word, change := range map[string]func(*Day){
		"line":   func(d *Day) { d.Line = nil },
		"hours":  func(d *Day) { d.Hours = 0 },
		"claims": func(d *Day) { d.Claims = -1 },
		"nodes":  func(d *Day) { d.Nodes = 1_000_000 },
	} {
		d := NewDay(1, dayLine())
		change(&d)
		if _, err := d.World(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// TestMoreNodesHearMore: ten times the nodes solve more places, and better.
func TestMoreNodesHearMore(t *testing.T) {
	heard := func(nodes int) (n int, radius int64) {
		d := NewDay(3, dayLine())
		d.Nodes, d.Engagements = nodes, 300
		w, err := d.World()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range w.Reports {
			if r.Observation.Means == trucewatch.Acoustic && r.Event >= 0 {
				n++
				radius += r.Observation.Where.Region.SemiMajorMM
			}
		}
		return n, radius / int64(max(n, 1))
	}
	few, coarse := heard(300)
	many, fine := heard(3_000)
	if many <= few || fine >= coarse {
		t.Errorf("300 nodes: %d within %d mm; 3,000 nodes: %d within %d mm", few, coarse, many, fine)
	}
}
