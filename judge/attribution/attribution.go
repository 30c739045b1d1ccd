// SPDX-License-Identifier: Apache-2.0

// Package attribution says who fired, how sure that is, and who else it may have
// been.
//
// Where an impact lies says nothing of who fired. Who holds the ground that was
// hit moves no share and names nobody; it is asked only before the same party is
// named, and then one clue of the place is not enough. What counts is where the fire came from: places of
// origin, and azimuths of craters, flashes, sounds and trajectories, within the
// reach of the weapon, laid over the ground that each side held at the time;
// beside it what observers on the spot saw, and what a party says of itself. An
// accusation of the other counts nothing, and neither does a sensor of a party.
//
// The answer is a probability for each party and for somebody who did not sign.
// Beforehand no side is likelier than the other. A name is given only from the
// agreement's threshold on; that nobody can be named is a common and respectable
// answer, and then every candidate is listed. All of it is given that the
// incident happened; how sure that is, the finding says.
//
// Evidence is multiplied as if it erred independently, so what does not is
// counted once: the azimuths of one source, those of one means at one place, and
// all who name the same party, for a false marking deceives everybody alike.
//
// Of is pure, counts in integers, and gives the same answer on every machine and
// for every order of the evidence.
package attribution

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// The levels of trucewatch.Attribution, lowest first.
const (
	None      = "none"
	Direction = "direction_only"
	Area      = "area_of_control"
	Party     = "party"
	Formation = "formation"
	Admitted  = "admitted"
)

// An Input is one act of an incident and what may say who did it.
type Input struct {
	Incident  *trucewatch.Incident
	Members   []*trucewatch.Recorded // observations that the incident links
	Support   []*trucewatch.Recorded // of Members, those that show the act
	Origins   []*trucewatch.Incident // that the time of flight links to this one as where it was fired
	Facts     []*trucewatch.Fact     // recorded so far; those about other incidents are passed over
	Agreement *agreement.Agreement   // in one reading
	Severity  int                    // of the act: sets how sure a party's name must be
	Digital   bool                   // the act is of the digital annex, which has its own threshold
}

// What is believed beforehand, and of evidence other than of the place. Guess,
// all of them. Test: the reliability table over incidents whose author became
// known, by admission or by a commission's decision.
const (
	nonSignatory  = 70_000  // ppm of fire by somebody who did not sign
	astray        = 10_000  // ppm of a party's fire from ground that the other side holds
	markWrong     = 50_000  // ppm of markings of a party that another wears
	groupWrong    = 20_000  // ppm of fire by parties that observers lay on others who did not sign
	wordWrong     = 10_000  // ppm of admissions by a party that did not do it
	notHeld       = 300_000 // ppm: how much less probable a class is from those not known to hold it
	lightOfParty  = 700_000 // ppm: how much less probable light weapons are from a party than from who did not sign
	exchangeFalse = 100_000 // ppm of exchanges of fire in which one side fired alone
)

const million = geo.Million

// needLeast is the least share by which anybody is named, whatever the text
// asks: less than half is no answer.
const needLeast = million/2 + 1

// Of says who may be held responsible, and on what grounds.
func Of(in Input) trucewatch.Attribution {
	if len(in.Agreement.PartyIDs) == 0 {
		return trucewatch.Attribution{Level: None}
	}
	c := in.clues()
	signs := in.signs()
	exchange := in.exchange()
	if len(c.places) == 0 && len(signs) == 0 && exchange == nil {
		return nobody(&c)
	}
	s := newScale(in.Agreement.PartyIDs)
	s.weighPlace(&in, &c)
	s.weighWeapon(&in)
	s.weighSigns(signs)
	c.basis = append(c.basis, s.basis...)
	if exchange != nil {
		if out, ok := in.bothSides(s, &c, exchange); ok {
			return out
		}
	}
	return in.conclude(s, &c, signs)
}

// nobody is the answer where nothing says where the fire came from or who acted:
// a direction in words, or none.
func nobody(c *clues) trucewatch.Attribution {
	if len(c.moved) > 0 {
		return trucewatch.Attribution{Level: Direction, Basis: append(c.moved, sayNoPlace)}
	}
	return trucewatch.Attribution{Level: None}
}

// conclude names the likeliest if the evidence is enough, and lists the others.
func (in *Input) conclude(s *scale, c *clues, signs []sign) trucewatch.Attribution {
	parties, nonSignatory := s.shares()
	leader := 0
	for i := range parties {
		if parties[i].Share > parties[leader].Share {
			leader = i
		}
	}
	need := in.need()
	out := trucewatch.Attribution{Level: None, Basis: c.basis, NonSignatory: nonSignatory}
	if len(c.places) > 0 || len(c.moved) > 0 {
		out.Level = Direction
	}
	switch {
	case len(parties) > 0 && parties[leader].Share >= need:
		who := parties[leader]
		level, formation := levelOf(signs, who.Party)
		if in.fellOnGroundOf(who.Party) {
			if level == Area && len(c.places) < 2 {
				out.Basis = append(out.Basis, fmt.Sprintf(sayOneClue, who.Party))
				break
			}
			out.Basis = append(out.Basis, fmt.Sprintf(sayOwnGround, who.Party))
		}
		out.Party, out.Share, out.Level, out.Formation = who.Party, who.Share, level, formation
		parties = slices.Delete(parties, leader, leader+1)
	case nonSignatory >= need:
		out.Level = Party // of somebody else: Party stays empty
	case s.ground || len(signs) > 0:
		out.Basis = append(out.Basis, fmt.Sprintf(sayTooLittle, percent(s.greatest()), percent(need)))
	}
	slices.SortStableFunc(parties, func(a, b trucewatch.Alternative) int { return cmp.Compare(b.Share, a.Share) })
	for _, p := range parties {
		if p.Share > 0 {
			out.Alternatives = append(out.Alternatives, p)
		}
	}
	return out
}

// fellOnGroundOf says whether the fire fell on ground that a party holds. It moves
// no share and names nobody: it only asks for a second clue of the place. Sides
// mostly shell each other, so a lone clue that points back at who was hit is an
// error as often as not (TestCalibration).
func (in *Input) fellOnGroundOf(party trucewatch.PartyID) bool {
	at, _, ok := in.impact()
	return ok && in.Agreement.SideOfAt(at, in.Incident.When.From) == party
}

// need is the least share by which the agreement lets a party be named.
func (in *Input) need() trucewatch.PPM {
	need := in.Agreement.Evidence.Attribute(in.Severity)
	if d := in.Agreement.DigitalAnnex; in.Digital && d != nil {
		need = d.Attribution
	}
	return max(need, needLeast)
}

// levelOf is the rung on which a party is named, and the formation, if one was
// named: by what it says itself, by what observers saw, or by the ground alone.
func levelOf(signs []sign, party trucewatch.PartyID) (level, formation string) {
	level = Area
	for _, s := range signs {
		if s.party != party {
			continue
		}
		if s.formation != "" && formation == "" {
			formation = s.formation
		}
		if s.own {
			level = Admitted
		} else if level == Area {
			level = Party
		}
	}
	if formation != "" && level == Party {
		level = Formation
	}
	return level, formation
}

// bothSides returns the answer to an exchange of fire, if each side's part in it
// is sure enough: each share stands alone. That an observer saw both fire counts
// for both; what else says that a party fired adds to its own share.
func (in *Input) bothSides(s *scale, c *clues, seen *trucewatch.Recorded) (trucewatch.Attribution, bool) {
	parties, _ := s.shares()
	if len(parties) != 2 {
		return trucewatch.Attribution{}, false
	}
	// One of the two who fired may not have signed, and one may have fired alone.
	const each = (million - nonSignatory) * (million - exchangeFalse/2) / million
	for i := range parties {
		alone := trucewatch.PPM(0)
		if s.ground && parties[i].Share > million/2 {
			alone = parties[i].Share
		}
		parties[i].Share = million - (million-each)*(million-alone)/million
		if parties[i].Share < in.need() {
			return trucewatch.Attribution{}, false
		}
	}
	return trucewatch.Attribution{Level: Area, BothSides: true, Alternatives: parties,
		Basis: append(c.basis, fmt.Sprintf(sayExchange, seen.ID))}, true
}

// exchange returns the observation that shows an exchange of fire, nil if none
// does.
func (in *Input) exchange() *trucewatch.Recorded {
	var first *trucewatch.Recorded
	for _, r := range in.Support {
		if r.Observation.Kind == trucewatch.ExchangeOfFire && speaks(r) && (first == nil || r.ID.Less(first.ID)) {
			first = r
		}
	}
	return first
}
