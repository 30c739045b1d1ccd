// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// recorded returns the world's arrivals as observations, in the order of times,
// with IDs in that order.
func (w *arrivalWorld) recorded(from uint64) []*tw.Recorded {
	waves := []string{"P", "S"}
	if len(w.hearing.PhasesMMS) == 1 {
		waves = []string{"sound"}
	}
	at := make([]int, len(w.arrivals))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(i, j int) int { return int(w.arrivals[i].At - w.arrivals[j].At) })
	var out []*tw.Recorded
	for k, i := range at {
		a := w.arrivals[i]
		s := w.stations[a.Station]
		o := &tw.Observation{Key: sha256.Sum256(fmt.Append(nil, i)), Kind: tw.AcousticEvent, Means: tw.Acoustic, Count: exactly(1), When: tw.Interval{From: a.At, Till: a.At},
			Clock: tw.Clock{SyncError: tw.Microseconds(s.Clock)}, Observer: &tw.Observer{Position: &s.Position}, Arrival: &tw.Arrival{Wave: waves[a.Phase], Error: 1}}
		out = append(out, &tw.Recorded{ID: tw.ObservationID{Index: from + uint64(k)}, Source: &tw.Source{ID: tw.SourceID(fmt.Sprint("sensor ", a.Station))}, Observation: o})
	}
	return out
}

// Sounds at several sensors make an incident of their own, which links each of
// them; a patrol that heard the same joins it; clutter makes none.
func TestArrivalsJoinOtherEvidence(t *testing.T) {
	w := lineWorld(12, 1, 11, 0, 2, 0.25)
	all := w.recorded(1)
	e := w.events[0]
	all = append(all, seen{source: "patrol", kind: tw.Explosion, means: tw.Heard, count: exactly(1),
		region: geo.Circle(e.place, 1_500_000)}.at(90_000, tw.Interval{From: e.at, Till: e.at + tw.Minute}))
	a := associate.New()
	for i := 0; i < len(all); i += 5 {
		a.Add(all[i].ID.Index, all[i:min(i+5, len(all))])
	}
	if a.Len() != len(w.events) {
		t.Errorf("%d incidents of %d events", a.Len(), len(w.events))
	}
	joined := false
	for in := range a.All() {
		members := a.Members(in)
		if len(members) != len(in.Links) || len(members) < 4 {
			t.Errorf("%v links %d observations and has %d members", in.ID, len(in.Links), len(members))
		}
		if in.ID != tw.IncidentID(members[0].ID) {
			t.Errorf("%v is not named by its first observation %v", in.ID, members[0].ID)
		}
		if slices.ContainsFunc(members, func(r *tw.Recorded) bool { return r.Source.ID == "patrol" }) {
			joined = true
			if in.MeansCount != 2 || in.Sources != 2 {
				t.Errorf("%v has %d means and %d sources", in.ID, in.MeansCount, in.Sources)
			}
		}
		if !strings.Contains(in.Links[0].Reason, "sound") {
			t.Errorf("reason %q", in.Links[0].Reason)
		}
	}
	if !joined {
		t.Error("the patrol's report stands alone")
	}
}

// Whatever the order in which arrivals and reports are recorded, the incidents
// are the same, and what was announced as gone is gone.
func TestArrivalsInAnyOrderMakeTheSameIncidents(t *testing.T) {
	w := lineWorld(40, 1, 12, 0, 4, 0.25)
	all := w.recorded(1)
	once := associate.New()
	once.Add(1, all)
	want := once.OrderFreeDigest()
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		a := associate.New()
		told := make(map[tw.IncidentID]bool)
		for i := 0; i < len(all); i += 40 {
			for _, c := range a.Add(uint64(i), all[i:min(i+40, len(all))]) {
				if c.Incident != nil {
					told[c.Incident.ID] = true
				} else {
					delete(told, c.Gone)
				}
			}
		}
		if a.OrderFreeDigest() != want {
			t.Error("another order makes other incidents")
		}
		if len(told) != a.Len() {
			t.Errorf("%d incidents by the changes, %d there", len(told), a.Len())
		}
		for in := range a.All() {
			if !told[in.ID] {
				t.Errorf("%v was never announced, or announced as gone", in.ID)
			}
		}
	}
}

// A shot is provisional until arrivals of the minutes after it are there.
func TestFreshShotsAreProvisional(t *testing.T) {
	w := lineWorld(20, 0, 13, 0, 0, 0.05)
	a := associate.New()
	states := func() (s []string) {
		for in := range a.All() {
			s = append(s, in.State)
		}
		return s
	}
	a.Add(1, w.recorded(1))
	if got := states(); !slices.Equal(got, []string{"provisional"}) {
		t.Fatalf("states %v", got)
	}
	later := w.recorded(1_000)[0]
	o := *later.Observation
	o.Key, o.When.From, o.When.Till = tw.ContentKey{1}, o.When.From+tw.Hour, o.When.Till+tw.Hour
	later.Observation = &o
	changes := a.Add(1_000, []*tw.Recorded{later})
	if got := states(); !slices.Equal(got, []string{"open"}) {
		t.Errorf("an hour later states are %v", got)
	}
	if len(changes) != 1 || changes[0].Incident == nil || changes[0].Incident.State != "open" {
		t.Errorf("changes %+v", changes)
	}
}
