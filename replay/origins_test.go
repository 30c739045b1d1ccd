// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/replay"
)

// mortar returns what two posts heard come down and, some time before it, what a
// camera saw being fired behind the other side's line: places of the example's rows
// SIM-p-102 and SIM-p-101.
func mortar(t *testing.T, d day, before trucewatch.Instant) (rows []trucewatch.Observation, sources []trucewatch.Source) {
	t.Helper()
	_, all, _ := d.opening(t)
	row := func(ref string) *trucewatch.Observation {
		i := slices.IndexFunc(all, func(o trucewatch.Observation) bool { return o.NativeID == ref })
		if i < 0 {
			t.Fatalf("the example has no row %s", ref)
		}
		return &all[i]
	}
	fell, fired := row("SIM-p-102"), row("SIM-p-101")
	at := fell.When.From
	sign := func(id string, kind trucewatch.Kind, means trucewatch.Means, where geo.Position, when trucewatch.Instant) {
		rows = append(rows, trucewatch.Observation{Key: sha256.Sum256([]byte(id)), NativeID: id, Kind: kind, Means: means, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact},
			Where: trucewatch.Place{Region: geo.Circle(where, 150_000)}, When: trucewatch.Interval{From: when, Till: when},
			Weapon: &trucewatch.Weapon{Platform: trucewatch.Mortar, CalibreMM: 120, Basis: "sound"}})
		sources = append(sources, trucewatch.Source{ID: trucewatch.SourceID("source of " + id), Kind: trucewatch.PostSource})
	}
	down := fell.Where.Region.Mean()
	sign("heard", trucewatch.Explosion, trucewatch.Heard, down, at)
	sign("array", trucewatch.Explosion, trucewatch.Acoustic, down, at)
	rows[0].Description, rows[1].Description = trucewatch.Impact, trucewatch.Impact
	sign("flash", trucewatch.MuzzleFlash, trucewatch.RecordedCamera, fired.Where.Region.Mean(), at-before)
	return rows, sources
}

// linked returns the findings of heavy fire about the impact, and whether any rests
// on the firing by the time of flight.
func linked(s *replay.State) (parties []trucewatch.PartyID, byFlight bool) {
	for f := range s.Findings() {
		if f.State == "withdrawn" || f.Act != "K2" || f.Subject.Incident == nil {
			continue
		}
		refs := s.Members(s.Incident(*f.Subject.Incident))
		if refs[0].Observation.Kind != trucewatch.Explosion {
			continue
		}
		parties = append(parties, f.Attribution.Party)
		byFlight = byFlight || slices.ContainsFunc(f.Attribution.Basis, func(b string) bool { return strings.Contains(b, "time of flight") })
	}
	return parties, byFlight
}

// TestTheTimeOfFlightLeadsToWhoFired: where an impact lies says nothing of who fired;
// a flash seen elsewhere as long before as a mortar bomb flies does, whichever was
// recorded first.
func TestTheTimeOfFlightLeadsToWhoFired(t *testing.T) {
	d := theDay(t)
	head, _, _ := d.opening(t)
	for _, test := range []struct {
		name   string
		before trucewatch.Instant
		order  []int
		want   bool
	}{
		{"nobody saw it fired", 35 * trucewatch.Second, []int{0, 1}, false},
		{"a flash recorded before", 35 * trucewatch.Second, []int{2, 0, 1}, true},
		{"a flash recorded after", 35 * trucewatch.Second, []int{0, 1, 2}, true},
		{"a flash too early", 20 * trucewatch.Minute, []int{0, 1, 2}, false},
		{"a flash after the impact", -2 * trucewatch.Minute, []int{0, 1, 2}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, sources := mortar(t, d, test.before)
			s := begin(t, d, head)
			for _, i := range test.order {
				if _, err := s.Apply(batch(s.Next(), head[1].Received+trucewatch.Day, sources[i], rows[i])); err != nil {
					t.Fatal(err)
				}
			}
			parties, byFlight := linked(s)
			if len(parties) == 0 {
				t.Fatal("nothing was found of the impact")
			}
			if byFlight != test.want {
				t.Errorf("rests on the time of flight: %v, want %v", byFlight, test.want)
			}
			if got := slices.Contains(parties, "B"); got != test.want {
				t.Errorf("parties named: %q", parties)
			}
		})
	}
}
