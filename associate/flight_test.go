// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// sighted is one sighting of a flight, some minutes after an invented midnight.
func sighted(source string, kind tw.Kind, platform tw.Platform, eastKM, northKM int64, minute int64, to string) func(uint64) *tw.Recorded {
	return func(index uint64) *tw.Recorded {
		s := seen{source: source, kind: kind, means: tw.HeardSaw, count: exactly(1), region: point(eastKM*1_000, northKM*1_000, 1_500)}
		r := s.at(index, tw.Interval{From: at("2026-04-11 00:00") + tw.Instant(minute)*tw.Minute, Till: at("2026-04-11 00:00") + tw.Instant(minute)*tw.Minute})
		if platform != "" {
			r.Observation.Weapon = &tw.Weapon{Platform: platform}
		}
		if to != "" {
			r.Observation.Movement = &tw.Movement{To: to}
		}
		return r
	}
}

var nightOf = tw.Interval{From: at("2026-04-10 12:00"), Till: at("2026-04-12 12:00")}

// flights writes the flights: "drone 0 1 2".
func flights(a *associate.Associator) string {
	var all []string
	for _, f := range a.Flights(nightOf) {
		s := f.Craft
		for _, p := range f.Parts {
			s += fmt.Sprint(" ", p.Incident.Index)
		}
		all = append(all, s)
	}
	slices.Sort(all)
	return strings.Join(all, " | ")
}

func TestFlights(t *testing.T) {
	launch := func(index uint64) *tw.Recorded {
		r := sighted("post", tw.Explosion, tw.OneWayAttackUAV, 0, 0, 0, "")(index)
		r.Observation.Description = tw.Outgoing
		return r
	}
	down := func(index uint64) *tw.Recorded {
		r := sighted("patrol", tw.Explosion, "", 90, 0, 30, "")(index)
		r.Observation.Description = tw.Impact
		return r
	}
	hit := func(index uint64) *tw.Recorded {
		r := down(index)
		r.Observation.Weapon = &tw.Weapon{Platform: tw.OneWayAttackUAV}
		return r
	}
	drone := func(east, north, minute int64, to string) func(uint64) *tw.Recorded {
		return sighted(fmt.Sprint("observer ", minute, east, north), tw.UAVSighted, "", east, north, minute, to)
	}
	for _, test := range []struct {
		name string
		all  []func(uint64) *tw.Recorded
		want string
	}{
		{"one drone from launch to impact", []func(uint64) *tw.Recorded{launch, drone(30, 0, 10, ""), drone(60, 0, 20, ""), down}, "drone 0 1 2 3"},
		{"nobody flies so fast", []func(uint64) *tw.Recorded{drone(0, 0, 0, ""), drone(60, 0, 5, "")}, ""},
		{"a missile does", []func(uint64) *tw.Recorded{sighted("a", tw.MissileTrack, "", 0, 0, 0, ""), sighted("b", tw.MissileTrack, "", 65, 0, 5, "")}, "cruise missile 0 1"},
		{"a drone is no missile", []func(uint64) *tw.Recorded{drone(0, 0, 0, ""), sighted("b", tw.MissileTrack, "", 10, 0, 5, "")}, ""},
		{"nothing is seen for hours", []func(uint64) *tw.Recorded{drone(0, 0, 0, ""), drone(60, 0, 120, "")}, ""},
		{"a launch ends no flight", []func(uint64) *tw.Recorded{drone(-30, 0, -10, ""), launch}, ""},
		{"nothing goes on after the impact", []func(uint64) *tw.Recorded{drone(60, 0, 20, ""), hit, drone(100, 0, 34, "")}, "drone 0 1"},
		{"two side by side", []func(uint64) *tw.Recorded{drone(0, 0, 0, ""), drone(0, 20, 0, ""), drone(28, 0, 10, ""), drone(28, 20, 10, ""), drone(56, 0, 20, ""), drone(56, 20, 20, "")},
			"drone 0 2 4 | drone 1 3 5"},
		{"two whose tracks cross, by where they were heading", []func(uint64) *tw.Recorded{
			drone(0, 0, 0, "NE"), drone(0, 40, 0, "SE"), drone(15, 15, 8, "NE"), drone(15, 25, 8, "SE"), drone(34, 34, 18, "NE"), drone(34, 6, 18, "SE")},
			"drone 0 2 4 | drone 1 3 5"},
		{"two whose tracks cross, by going straight on", []func(uint64) *tw.Recorded{
			drone(0, 0, 0, ""), drone(0, 60, 0, ""), drone(20, 20, 10, ""), drone(20, 40, 10, ""), drone(38, 38, 19, ""), drone(38, 22, 19, "")},
			"drone 0 2 4 | drone 1 3 5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, reversed := range []bool{false, true} {
				a := associate.New()
				for k := range test.all {
					i := k
					if reversed {
						i = len(test.all) - 1 - k
					}
					a.Add(uint64(k), []*tw.Recorded{test.all[i](uint64(i))})
				}
				if got := flights(a); got != test.want {
					t.Errorf("flights are %q, want %q", got, test.want)
				}
			}
		})
	}
}

// An alert of a whole region, which lasts for hours, belongs to every flight that
// passes the region meanwhile, and joins none with another.
func TestAlertsBelongToEveryFlightThatPasses(t *testing.T) {
	a := associate.New()
	index := uint64(0)
	add := func(r func(uint64) *tw.Recorded) { a.Add(index, []*tw.Recorded{r(index)}); index++ }
	for _, north := range []int64{0, 40} {
		for k := range int64(3) {
			add(sighted(fmt.Sprint("o", north, k), tw.UAVSighted, "", 28*k, north, 10*k, ""))
		}
	}
	for _, source := range []string{"official", "volunteers"} {
		s := seen{source: source, kind: tw.AirAlert, means: tw.OfficialRecord, count: exactly(1), name: "North", region: point(30_000, 20_000, 60_000), from: "2026-04-10 23:50", till: "2026-04-11 03:10"}
		add(func(i uint64) *tw.Recorded { return s.recorded(i) })
	}
	far := seen{source: "official", kind: tw.AirAlert, means: tw.OfficialRecord, count: exactly(1), name: "South", region: point(400_000, 0, 60_000), from: "2026-04-10 23:50", till: "2026-04-11 03:10"}
	add(func(i uint64) *tw.Recorded { return far.recorded(i) })
	all := a.Flights(nightOf)
	if len(all) != 2 {
		t.Fatalf("%d flights", len(all))
	}
	for _, f := range all {
		if len(f.Alerts) != 1 || f.Alerts[0].Index != 6 {
			t.Errorf("flight %v passes alerts %v, want the one that two collectors recorded", f.ID, f.Alerts)
		}
		if a.Incident(f.Alerts[0]).Sources != 2 {
			t.Errorf("the alert has %d sources", a.Incident(f.Alerts[0]).Sources)
		}
	}
}

// A corridor holds the true way, and says nothing after the last sighting.
func TestACorridorHoldsTheWay(t *testing.T) {
	a := associate.New()
	for k, minute := range []int64{0, 8, 20, 33} {
		a.Add(uint64(k), []*tw.Recorded{sighted(fmt.Sprint("o", k), tw.UAVSighted, "", minute*3, minute, minute, "")(uint64(k))})
	}
	all := a.Flights(nightOf)
	if len(all) != 1 || len(all[0].Corridor) != 7 {
		t.Fatalf("flights %+v", all)
	}
	f := all[0]
	for i, e := range f.Corridor {
		minute := int64((e.When.From - at("2026-04-11 00:00")) / tw.Minute)
		truth := place(minute*3_000, minute*1_000)
		if far := geo.DistanceMM(truth, e.Region.Center); far > e.Region.SemiMajorMM {
			t.Errorf("after %d min the way is %d m from the middle of a circle of %d m", minute, far/1000, e.Region.SemiMajorMM/1000)
		}
		if i > 0 && e.When.From < f.Corridor[i-1].When.From {
			t.Errorf("the corridor goes back in time")
		}
	}
	if last := f.Corridor[len(f.Corridor)-1]; last.When.Till > at("2026-04-11 00:33") {
		t.Errorf("the corridor goes on after the last sighting, till %v", last.When.Till)
	}
	for i := 1; i < 6; i += 2 {
		if between := f.Corridor[i].Region.SemiMajorMM; between <= f.Corridor[i-1].Region.SemiMajorMM {
			t.Errorf("the region does not grow between sightings: %d m", between/1000)
		}
	}
}

// night draws flights over seven hours: drones that turn now and then, and missiles,
// sighted now and then to a km or two, of which some state the course; and a tenth as
// many false sightings.
func night(seed uint64, drones, missiles, courses int) (all []*tw.Recorded, truth []int) {
	r := rand.New(rand.NewPCG(seed, 11))
	start := at("2026-04-10 22:00")
	add := func(flight int, kind tw.Kind, east, north float64, azimuth int32, when tw.Instant) {
		s := seen{source: fmt.Sprint("o", r.IntN(400)), kind: kind, means: tw.HeardSaw, count: exactly(1), region: point(int64(east+r.NormFloat64()*600), int64(north+r.NormFloat64()*600), 1_500)}
		rec := s.at(uint64(len(all)), tw.Interval{From: when, Till: when})
		if r.IntN(100) < courses {
			rec.Observation.Movement = &tw.Movement{To: geo.WindName(azimuth)}
		}
		all, truth = append(all, rec), append(truth, flight)
	}
	for f := range drones + missiles {
		speed, every, kind := 45+r.Float64()*10, 10.0, tw.UAVSighted
		if f >= drones {
			speed, every, kind = 200+r.Float64()*50, 4, tw.MissileTrack
		}
		east, north := r.Float64()*40_000, r.Float64()*400_000
		dx, dy := 0.9, 0.44*(2*r.Float64()-1)
		when := start + tw.Instant(r.Int64N(int64(6*tw.Hour)))
		for east < 350_000 {
			minutes := every * (0.5 + r.Float64())
			if r.IntN(5) == 0 {
				dy = 0.44 * (2*r.Float64() - 1)
			}
			east, north, when = east+dx*speed*60*minutes, north+dy*speed*60*minutes, when+tw.Instant(minutes*float64(tw.Minute))
			if r.IntN(10) > 0 {
				add(f, kind, east, north, int32(90_000-57_296*dy/dx), when)
			}
		}
	}
	for range len(all) / 10 {
		add(-1, tw.UAVSighted, r.Float64()*350_000, r.Float64()*400_000, int32(r.IntN(360_000)), start+tw.Instant(r.Int64N(int64(7*tw.Hour))))
	}
	return all, truth
}

// pairs counts the legs between sightings that follow each other: found, right, and
// all there are.
func pairs(a *associate.Associator, all []*tw.Recorded, truth []int) (found, right, there int) {
	flightOf := make(map[tw.ObservationID]int)
	last := make(map[int]tw.Instant)
	for i, r := range all {
		flightOf[r.ID] = truth[i]
		if truth[i] >= 0 {
			if _, begun := last[truth[i]]; begun {
				there++
			}
			last[truth[i]] = r.Observation.When.From
		}
	}
	for _, f := range a.Flights(nightOf) {
		for i := 1; i < len(f.Parts); i++ {
			found++
			from, to := flightOf[tw.ObservationID(f.Parts[i-1].Incident)], flightOf[tw.ObservationID(f.Parts[i].Incident)]
			if from == to && from >= 0 {
				right++
			}
		}
	}
	return found, right, there
}

func TestANightOfManyFlights(t *testing.T) {
	for _, test := range []struct {
		courses           int // of 100 sightings, how many state one
		precision, recall float64
	}{{0, 0.76, 0.75}, {70, 0.91, 0.90}} {
		all, truth := night(1, 126, 1, test.courses)
		found, right, there := pairs(addAll(all, 200), all, truth)
		precision, recall := float64(right)/float64(found), float64(right)/float64(there)
		t.Logf("a night of 127, %d %% of sightings with a course: %d of %d legs, precision %.3f, recall %.3f", test.courses, found, there, precision, recall)
		if precision < test.precision || recall < test.recall {
			t.Errorf("%d %% with a course: precision %.3f, recall %.3f, want %.2f and %.2f", test.courses, precision, recall, test.precision, test.recall)
		}
	}
}

func TestFlightsDoNotDependOnOrder(t *testing.T) {
	all, _ := night(5, 40, 2, 50)
	want := keysOf(addAll(all, len(all)))
	r := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		shuffled := renumbered(all, r.Perm(len(all)))
		if got := keysOf(addAll(shuffled, 17)); got != want {
			t.Fatal("another order gives other flights")
		}
	}
}

// keysOf writes the flights by content keys.
func keysOf(a *associate.Associator) string {
	var out strings.Builder
	for _, f := range a.Flights(nightOf) {
		for _, p := range f.Parts {
			var keys []string
			for _, r := range a.Members(a.Incident(p.Incident)) {
				keys = append(keys, r.Observation.Key.String())
			}
			slices.Sort(keys)
			fmt.Fprint(&out, keys, p.Gain, p.Share, " ")
		}
		fmt.Fprintln(&out, f.Corridor)
	}
	return out.String()
}
