// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// newPosition answers, for positions and works, whether they are new: not within
// the radius of a position that stood when the agreement began, of the same party
// if it is known whose they are. Without a survey of what stood, the observers'
// word that a position or work is new stands, and one that was only seen may be
// old.
func (t *trial) newPosition() condition {
	if t.a.StatusQuo == nil {
		return t.byWord(trucewatch.NewPosition, trucewatch.EngineeringWork)
	}
	if t.region.IsZero() {
		return t.noPlace("not a position of the status quo")
	}
	who, _, _ := t.whose()
	var zones []*geo.Zone
	for _, s := range t.reading.standing {
		if who == "" || who == string(s.party) {
			zones = append(zones, s.zone)
		}
	}
	c := t.notIn(geo.Union(zones...), sayNotStanding)
	if nearest, mm := nearestPosition(t.a.StatusQuo, t.region.Mean(), who); nearest != nil && c.holds != no {
		c.reason.Because = append(c.reason.Because, reasonOf(yes, "", nil, sayNearStanding, nearest.Name, kilometres(mm)))
	}
	return c
}

// newMine answers whether a mine is new: not in a minefield that was known when
// the agreement began.
func (t *trial) newMine() condition {
	if t.a.StatusQuo == nil {
		return t.byWord(trucewatch.MineNew)
	}
	if t.region.IsZero() {
		return t.noPlace("not in a known minefield")
	}
	return t.notIn(t.reading.known, sayNotKnown)
}

// byWord answers from the kinds that say themselves that something is new.
func (t *trial) byWord(kinds ...trucewatch.Kind) condition {
	for _, r := range t.support {
		if slices.Contains(kinds, r.Observation.Kind) {
			return condition{holds: yes, reason: reasonOf(yes, "", nil, sayNoSurvey)}
		}
	}
	return condition{holds: unknown, reason: reasonOf(unknown, "", nil, sayNoSurveyOpen), change: changeStood}
}

// notIn answers whether the place is in none of what stood. The confidence falls
// by the share that may have stood.
func (t *trial) notIn(stood *geo.Zone, sentence string) condition {
	p := t.test(stood, 0)
	holds := yes - p.holds
	if holds == no {
		return condition{holds: no}
	}
	share := geo.Million - p.share
	c := condition{holds: holds, share: &share, reason: reasonOf(holds, "", t.evidence(), sentence, percent(p.share))}
	c.reason.Share = p.share
	if holds == unknown {
		c.change = t.decides(p)
	}
	return c
}

// nearestPosition returns the nearest position of the status quo, of one party
// unless who is empty.
func nearestPosition(q *agreement.StatusQuo, at geo.Position, who string) (nearest *agreement.StandingPosition, mm int64) {
	for i := range q.Positions {
		s := &q.Positions[i]
		if who != "" && who != string(s.Party) {
			continue
		}
		if d := geo.NearMM(s.At, at); nearest == nil || d < mm {
			nearest, mm = s, d
		}
	}
	return nearest, mm
}
