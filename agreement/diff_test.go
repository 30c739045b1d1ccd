// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch/geo"
)

// differ parses the test's text and the same with lines replaced.
func differ(t *testing.T, replace ...string) []Difference {
	t.Helper()
	a, err := Parse(sound(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse(sound(t, replace...))
	if err != nil {
		t.Fatal(err)
	}
	return Diff(a, b)
}

func TestDiffInWords(t *testing.T) {
	for _, tt := range []struct {
		name    string
		replace []string
		want    []string // clause, change, before, after, basis
	}{
		{"nothing", nil, nil},
		{"a severity", []string{"name: casualty, severity: 4", "name: casualty, severity: 3"}, []string{
			"C2 changed: casualty: casualty, a civilian; severity 4 (grave), counted by person -> casualty: casualty, a civilian; severity 3 (serious), counted by person [5]"}},
		{"an act less, another more", []string{"  - {id: I2, name: delay,", "  - {id: I9, name: delay,"}, []string{
			"I2 removed: delay: restriction, of type delay, minutes at least 30; severity 1 (technical), counted by occurrence ->  [6]",
			"I9 added:  -> delay: restriction, of type delay, minutes at least 30; severity 1 (technical), counted by occurrence [6]"}},
		{"a clock", []string{"{id: decide, h: 72", "{id: decide, h: 96"}, []string{
			"clock/decide changed: 72 hours after detection: decide -> 4 days after detection: decide []"}},
		{"a survey", []string{"loc.geojson, survey_error_m: 50}", "loc.geojson, survey_error_m: 80}"}, []string{
			"line/loc changed: line of contact of 111.161 km, drawn by 3 points, A on the left, B on the right, surveyed to 50 m -> line of contact of 111.161 km, drawn by 3 points, A on the left, B on the right, surveyed to 80 m []"}},
		{"the end", []string{`until: "2027-03-01T00:00:00Z"`, `until: "2027-04-01T00:00:00Z"`}, []string{
			"in_force changed: in force from 2026-03-01T00:00:00Z until 2027-03-01T00:00:00Z -> in force from 2026-03-01T00:00:00Z until 2027-04-01T00:00:00Z []"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, d := range differ(t, tt.replace...) {
				got = append(got, fmt.Sprintf("%s %s: %s -> %s [%s]", d.Clause, d.Change, d.Before, d.After, d.Basis))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("Diff:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// near says whether an area is what is known by hand, in km2, within the error
// that the count states and the rounding of what was worked out by hand.
func near(got int64, wantKM2 float64, errorM2 int64) bool {
	d := float64(got) - wantKM2*1e6
	return d < float64(errorM2)+1e4 && -d < float64(errorM2)+1e4
}

// TestDiffOnTheMap holds areas worked out by hand. The line of contact runs 1
// degree along a meridian, 111.161 km; a band of width w on one side of it is
// 111.161 w long, and a quarter of a disk about each end: pi w^2 / 2.
func TestDiffOnTheMap(t *testing.T) {
	const zone = "  - {id: Z1, kind: buffer, from_line_km: {A: [0, 5], B: [0, 5]}}"
	for _, tt := range []struct {
		name                        string
		replace                     []string
		clause, party               string
		before, after, gained, lost float64 // km2
	}{
		// 5 km: 555.805 + 39.270; 7 km: 778.127 + 76.969.
		{"a buffer that widens", []string{zone, strings.Replace(zone, "A: [0, 5]", "A: [0, 7]", 1)}, "zone/Z1/ground", "A", 595.075, 855.096, 260.021, 0},
		// 3 to 7 km: 855.096 less 3 km (333.483 + 14.137).
		{"a buffer that moves back", []string{zone, strings.Replace(zone, "A: [0, 5]", "A: [3, 7]", 1)}, "zone/Z1/ground", "A", 595.075, 507.476, 260.021, 347.620},
		// 20 km: 2,223.220 + 628.319; 25 km: 2,779.025 + 981.748.
		{"a limit that widens", []string{"model: [BM-21]}, withdraw_km: 20}", "model: [BM-21]}, withdraw_km: 25}"}, "weapon/rocket", "A", 2851.539, 3760.773, 909.234, 0},
		{"a zone that goes", []string{zone + "\n", "", "zone: Z9", "zone: Z9"}[:2], "zone/Z1/ground", "B", 595.075, 0, 0, 595.075},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, d := range differ(t, tt.replace...) {
				c := d.Area
				if c == nil || d.Clause != tt.clause || string(c.Party) != tt.party {
					continue
				}
				if !near(c.BeforeM2, tt.before, c.ErrorM2) || !near(c.AfterM2, tt.after, c.ErrorM2) || !near(c.GainedM2, tt.gained, c.ErrorM2) || !near(c.LostM2, tt.lost, c.ErrorM2) {
					t.Errorf("%s %s: before %d, after %d, gained %d, lost %d m2 (+- %d); want %.3f, %.3f, %.3f, %.3f km2", d.Clause, c.Party,
						c.BeforeM2, c.AfterM2, c.GainedM2, c.LostM2, c.ErrorM2, tt.before, tt.after, tt.gained, tt.lost)
				}
				if c.ErrorM2 > int64(tt.before*1e6/100) {
					t.Errorf("error %d m2 is more than 1 %% of what was", c.ErrorM2)
				}
				return
			}
			t.Errorf("no change of %s for %s", tt.clause, tt.party)
		})
	}
}

// TestDiffOfAreas moves a disengagement area by half its width: half is lost, half
// gained. A rectangle of 0.03 by 0.04 degree at 46.585 S is 3.335 km by 3.064 km.
func TestDiffOfAreas(t *testing.T) {
	a, err := Parse(sound(t))
	if err != nil {
		t.Fatal(err)
	}
	files := sound(t)
	for i := range files {
		if files[i].Name == "da.geojson" {
			files[i].Data = []byte(strings.NewReplacer("-130.02", "-130", "-129.98", "-129.96").Replace(string(files[i].Data)))
		}
	}
	b, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	d := Diff(a, b)
	if len(d) != 1 || d[0].Clause != "zone/ZA/one" {
		t.Fatalf("differences: %+v", d)
	}
	c := d[0].Area
	if !near(c.BeforeM2, 10.218, c.ErrorM2) || !near(c.GainedM2, 5.109, c.ErrorM2) || !near(c.LostM2, 5.109, c.ErrorM2) {
		t.Errorf("area: %+v", c)
	}
	if p := c.GainedPPM(); p < 495_000 || p > 505_000 {
		t.Errorf("gained %d ppm", p)
	}
	var parsed struct {
		Features []struct {
			Properties struct {
				State    string
				GainedM2 int64 `json:"gained_m2"`
			}
			Geometry struct{ Coordinates [][][][2]float64 }
		}
	}
	if err := json.Unmarshal(DifferenceMap(d), &parsed); err != nil || len(parsed.Features) != 2 {
		t.Fatalf("map: %v, %s", err, DifferenceMap(d))
	}
	f := parsed.Features[1]
	if ring := f.Geometry.Coordinates[0][0]; f.Properties.State != "after" || f.Properties.GainedM2 != c.GainedM2 || len(ring) != 5 || ring[0] != ring[4] || ring[0] != [2]float64{-130, -46.6} {
		t.Errorf("after: %+v", f)
	}
}

func TestDiffOfTheSameIsNothing(t *testing.T) {
	a := parseFolder(t, line2026)
	if d := Diff(a, a); len(d) != 0 {
		t.Errorf("a text differs from itself: %+v", d)
	}
}

// TestLatticeAddsUp: what was, less what is lost, plus what is gained, is what is.
func TestLatticeAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := func(name string) *geo.Zone {
			return geo.NewDisks([]geo.Disk{{Center: at(rapid.Int32Range(-470_000_000, -469_000_000).Draw(t, name+" lat"), rapid.Int32Range(-1_300_000_000, -1_299_000_000).Draw(t, name+" lon")),
				RadiusMM: rapid.Int64Range(1_000_000, 9_000_000).Draw(t, name+" radius")}})
		}
		l := lattice{before: disk("before"), after: disk("after")}
		l.count(at(-472_000_000, -1_302_000_000), at(-467_000_000, -1_297_000_000), latticeDepth-3)
		if l.sums[0]-l.sums[3]+l.sums[2] != l.sums[1] {
			t.Fatalf("sums %v", l.sums)
		}
	})
}
