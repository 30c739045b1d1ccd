// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/coverage"
	"github.com/trucewatch/trucewatch/geo"
)

// Standing returns where everything stands that goes on over a time. It is for the
// mission alone.
func (s *State) Standing() *trucewatch.Standing {
	out := &trucewatch.Standing{
		Streaks: slices.Clone(s.stands.streaks), Sites: slices.Clone(s.stands.sites), Ceilings: slices.Clone(s.stands.ceilings),
		Duties: slices.Clone(s.stands.duties), Silences: slices.Clone(s.stands.silences),
		Sessions: s.desk.Sessions(), Rulings: s.desk.Rulings(), Settled: s.settled, Coverage: s.seen,
		Calls: newest(s.calls), Facts: newest(s.stated),
	}
	for _, a := range s.agreements {
		for i := range a.Bodies {
			body := a.Bodies[i].ID
			if !slices.ContainsFunc(out.Agendas, func(have trucewatch.Agenda) bool { return have.Body == body }) {
				out.Agendas = append(out.Agendas, trucewatch.Agenda{Body: body, Cases: s.desk.Agenda(body)})
			}
		}
	}
	for _, silence := range s.watch.Silent(s.Now()) {
		out.Silent = append(out.Silent, fmt.Sprintf("%s: nothing since %v, and it used to report within %d minutes", silence.Source, silence.Since, silence.Every/trucewatch.Minute))
	}
	return out
}

// newest returns the last of a list, newest first.
func newest[T any](list []trucewatch.Dated[T]) []trucewatch.Dated[T] {
	out := slices.Clone(list[max(0, len(list)-trucewatch.ListMax):])
	slices.Reverse(out)
	return out
}

// coverageWeeks is how far back the statement of coverage goes that is kept ready.
//
// Guess: four weeks, as the chart of a daily report. Test: readers of it.
const coverageWeeks = 4

// coverageDepthMM is how deep behind the line ground is of which coverage is stated.
//
// Guess: 15 km, the ground of most fire and of the first withdrawal. Test: share of
// incidents of fire that lie deeper.
const coverageDepthMM = 15_000_000

// seenAtCutOff makes the statements of coverage anew, once a reporting period, if
// any source says what it sees: of each zone near the line.
func (s *State) seenAtCutOff(at trucewatch.Instant) {
	if !s.covered {
		return
	}
	areas := s.areasNearLine()
	s.seen = nil
	for _, line := range s.watch.Statement(areas, trucewatch.Interval{From: at - coverageWeeks*7*trucewatch.Day, Till: at}, nil) {
		s.seen = append(s.seen, trucewatch.CoverageLine{Area: line.Area, Week: line.Week, Word: line.Seen.Word(), Observed: line.Seen.Observed, Text: line.Sentence()})
	}
	s.tellSeen(areas, at)
}

// tellSeen makes anew what others than the mission are told of coverage, once a week
// more may be told. Its weeks are those since the mission's epoch, and do not move
// with the day: two statements of weeks that overlap would tell of single days.
func (s *State) tellSeen(areas []*coverage.Area, at trucewatch.Instant) {
	const week = 7 * trucewatch.Day
	epoch := s.genesis.Epoch
	over := (at - coverage.PublicDelay - epoch) / week
	if over <= s.weeksTold {
		return
	}
	s.weeksTold, s.seenLate = over, nil
	first := max(0, over-coverageWeeks)
	period := trucewatch.Interval{From: epoch + first*week, Till: epoch + over*week}
	for _, line := range coverage.Public(s.watch.Statement(areas, period, nil), at) {
		s.seenLate = append(s.seenLate, line.Sentence())
	}
}

// areasNearLine are the zones of which coverage is stated.
func (s *State) areasNearLine() []*coverage.Area {
	var areas []*coverage.Area
	for _, a := range s.agreements {
		for i := range a.Zones {
			z := &a.Zones[i]
			if !nearLine(z) {
				continue
			}
			if area := s.area(a.ID+"/"+z.ID, z.All); area != nil {
				areas = append(areas, area)
			}
		}
	}
	return areas
}

// nearLine says whether coverage of a zone is stated.
func nearLine(z *agreement.Zone) bool {
	deep := slices.ContainsFunc(z.Bands, func(b agreement.Band) bool { return b.TillMM > coverageDepthMM })
	return z.All != nil && !z.IsGlobal && !deep && len(z.Objects) == 0
}

// area returns the area of some ground, nil if coverage of it cannot be asked, as
// it has no bounds.
func (s *State) area(name string, ground *geo.Zone) *coverage.Area {
	area, known := s.areas[name]
	if !known {
		area, _ = coverage.NewArea(name, ground)
		s.areas[name] = area
	}
	return area
}
