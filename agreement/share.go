// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// offsets is over how many places of a line its survey error is spread. The
// error that this adds to a share is at most half a step, 1/32.
const offsets = 16

// offset returns the k-th place of a line across itself, millimetres to its
// left. The survey error says how far the line may lie from where it is drawn
// and nothing of the shape in between, so it is taken as evenly spread.
//
// Guess: an even spread; it says "indeterminate" more often than a bell curve
// of the same width. Test: resurveyed stretches against their first survey.
func offset(surveyErrorMM int64, k int) int64 {
	return surveyErrorMM * int64(2*k+1-offsets) / offsets
}

// Share returns the probability that what r stands for is in the zone, with the
// survey error of the lines it is measured from.
func (z *Zone) Share(r geo.Region) trucewatch.PPM {
	banded := make([]*SideZone, 0, len(z.PerSide))
	for i := range z.PerSide {
		if z.PerSide[i].line != nil {
			banded = append(banded, &z.PerSide[i])
		}
	}
	if len(banded) == 0 {
		return trucewatch.PPM(z.All.Share(r))
	}
	return shareOf(banded, r)
}

// Share returns the probability that what r stands for is in this party's part
// of the zone, with the survey error of its reference line.
func (s *SideZone) Share(r geo.Region) trucewatch.PPM {
	if s.line == nil {
		return trucewatch.PPM(s.Zone.Share(r))
	}
	return shareOf([]*SideZone{s}, r)
}

// shareOf counts samples of r and places of the lines: the share of pairs that
// are inside one of the bands. Lines are taken to err together.
func shareOf(bands []*SideZone, r geo.Region) trucewatch.PPM {
	if r.IsZero() {
		return 0
	}
	certain := 0
	for _, b := range bands {
		switch b.whole(r) {
		case yes:
			return geo.Million
		case no:
			certain++
		}
	}
	if certain == len(bands) {
		return 0
	}
	samples := r.Samples()
	inside := int64(0)
	for _, p := range samples {
		for k := range offsets {
			for _, b := range bands {
				if b.holds(p, k) {
					inside++
					break
				}
			}
		}
	}
	return trucewatch.PPM(inside * geo.Million / int64(max(1, len(samples)*offsets)))
}

// holds says whether p is in the band with the line at its k-th place.
func (s *SideZone) holds(p geo.Position, k int) bool {
	distance := s.inward(p, offset(s.line.SurveyErrorMM, k))
	return distance >= s.fromMM && distance < s.tillMM
}

// inward returns how far p lies from the line, which is shifted left by
// leftMM, on this party's side; negative on the other.
func (s *SideZone) inward(p geo.Position, leftMM int64) int64 {
	left := s.line.Line.SignedDistanceMM(p)
	if left == 0 {
		// On the line's continuation beyond an end the side is neither, and the
		// distance is not 0: such a place counts to both sides.
		return s.line.Line.DistanceMM(p)
	}
	if s.line.Side(s.Party) == geo.Right {
		return leftMM - left
	}
	return left - leftMM
}

// whole says whether all of r is in the band, wherever the line lies: yes, no,
// or maybe if that takes counting.
func (s *SideZone) whole(r geo.Region) fit {
	// The samples of a region lie within three times its reach of its mean:
	// the tail of an ellipse reaches furthest, to 1.6 times.
	slack := 3*r.ReachMM() + s.line.SurveyErrorMM + metre
	distance := s.inward(r.Mean(), 0)
	switch {
	case distance-slack >= s.fromMM && distance+slack < s.tillMM:
		return yes
	case distance+slack < s.fromMM, distance-slack >= s.tillMM:
		return no
	}
	return maybe
}

// SideOf returns the party on whose side of the line of contact p lies. It is
// empty if the agreement has no line of contact, or p lies within its survey
// error.
func (a *Agreement) SideOf(p geo.Position) trucewatch.PartyID {
	l := a.lineOfContact()
	if l == nil {
		return ""
	}
	distance := l.Line.SignedDistanceMM(p)
	switch {
	case distance > l.SurveyErrorMM:
		return l.Left
	case distance < -l.SurveyErrorMM:
		return l.Right
	}
	return ""
}

// ControlShare returns, for each party in the order of the text, the
// probability that what r stands for lies on its side of the line of contact,
// with the line's survey error. It is empty if the agreement has no line of
// contact or r is nowhere. Whose side a place is on says who holds it, not who
// fired at it.
func (a *Agreement) ControlShare(r geo.Region) []PartyShare {
	l := a.lineOfContact()
	if l == nil || r.IsZero() {
		return nil
	}
	left := shareOf([]*SideZone{{Party: l.Left, line: l, tillMM: farther}}, r)
	var out []PartyShare
	for _, p := range a.PartyIDs {
		switch l.Side(p) {
		case geo.Left:
			out = append(out, PartyShare{p, left})
		case geo.Right:
			out = append(out, PartyShare{p, geo.Million - left})
		}
	}
	return out
}

// farther is more than any distance on the ellipsoid, millimetres.
const farther = 30_000_000_000
