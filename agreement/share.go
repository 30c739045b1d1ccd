// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// Share returns the probability that what r stands for is in the zone, with the
// survey error of the lines it is measured from.
func (z *Zone) Share(r geo.Region) trucewatch.PPM {
	return trucewatch.PPM(z.All.ShareSurveyed(r))
}

// Share returns the probability that what r stands for is in this party's part
// of the zone, with the survey error of its reference line.
func (s *SideZone) Share(r geo.Region) trucewatch.PPM {
	return trucewatch.PPM(s.Zone.ShareSurveyed(r))
}

// farther is more than any distance on the ellipsoid, millimetres.
const farther = 30_000_000_000

// SideOfAt returns the party on whose side of the line of contact, as it was at
// an instant, p lies. It is empty if the agreement has no line of contact, or p
// lies within its survey error.
func (a *Agreement) SideOfAt(p geo.Position, at trucewatch.Instant) trucewatch.PartyID {
	l := a.LineOfContact(at)
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

// ControlShareAt returns, for each party in the order of the text, the
// probability that what r stands for lay on its side of the line of contact as it
// was at an instant, with that line's survey error. It is empty if the agreement
// has no line of contact or r is nowhere. Whose side a place is on says who holds
// it, not who fired at it.
func (a *Agreement) ControlShareAt(r geo.Region, at trucewatch.Instant) []PartyShare {
	l := a.LineOfContact(at)
	if l == nil || r.IsZero() {
		return nil
	}
	left := trucewatch.PPM(geo.NewBand(l.Line, geo.Left, 0, farther).ShareSurveyed(r))
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

// latest is after every survey.
const latest trucewatch.Instant = 1<<63 - 1
