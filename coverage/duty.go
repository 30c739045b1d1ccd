// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	// UnsaidShare is the share taken for a source that says that it watched, but not
	// which share of events it notices. Guess: as people on the spot. Test: shares of
	// sources that say it.
	UnsaidShare trucewatch.PPM = 500_000
	// fieldsMost is how many stretches of one source are looked at for one instant: a
	// source watches a few fields at a time. Guess. Test: fields of one report.
	fieldsMost = 8
)

// heeded says whether the silence of a source is evidence. That of a party, of
// persons and of the press is not: a party that logs its posts as on duty would clear
// itself of whatever they do not report. Satellites look for an instant. Sensors that
// time arrivals are weighed where these are, each by its own silence.
func heeded(s *trucewatch.Source) bool {
	switch s.Kind {
	case trucewatch.PatrolSource, trucewatch.PostSource, trucewatch.CameraSource, trucewatch.UAVSource:
		return s.Party == ""
	}
	return false
}

// OnDuty returns the sources that by their own reports watched for a kind of sign
// throughout a time, both ends inside, where a region lies, by source; and of each the
// share of events there and then that it notices.
func (m *Map) OnDuty(when trucewatch.Interval, where geo.Region, kind trucewatch.Kind) []trucewatch.Silent {
	if where.IsZero() || when.Till < when.From {
		return nil
	}
	asked := bitsOf([]trucewatch.Kind{kind})
	low, high := where.Bounds()
	var out []trucewatch.Silent
	for _, s := range m.sources {
		if !s.heeded {
			continue
		}
		next, _ := slices.BinarySearchFunc(s.stretches, when.From+1, func(st stretch, t trucewatch.Instant) int { return cmp.Compare(st.from, t) })
		var most trucewatch.PPM
		for _, st := range s.stretches[max(0, next-fieldsMost):next] {
			kinds := st.kinds
			if kinds == 0 {
				kinds = signs()
			}
			f := m.fields[st.field]
			if st.till <= when.Till || st.share == 0 || kinds&asked == 0 || f.high.LatE7 < low.LatE7 || f.low.LatE7 > high.LatE7 {
				continue
			}
			share := trucewatch.PPM(st.share)
			if st.unsaid {
				share = UnsaidShare
			}
			most = max(most, share*trucewatch.PPM(f.zone.Share(where))/geo.Million)
		}
		if most > 0 {
			out = append(out, trucewatch.Silent{Source: s.id, Share: most})
		}
	}
	return out
}

// Ground returns the box round the ground of which more or less is known.
func (c Change) Ground() (low, high geo.Position) { return c.low, c.high }

// Heeded says whether the silence of the source is evidence (see OnDuty).
func (m *Map) Heeded(id trucewatch.SourceID) bool {
	i, found := m.find(id)
	return found && m.sources[i].heeded
}
