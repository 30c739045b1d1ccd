// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A scale weighs the candidates: each party, and last somebody who did not sign.
type scale struct {
	parties []trucewatch.PartyID
	chance  []int64 // of each candidate, in parts of whole; their sum is about whole
	basis   []string
	ground  bool // the place counted
}

// whole is certainty on a scale: finer than a million, so that rounding at each
// step stays below 1 ppm.
const whole = 1_000_000_000

// newScale favours no party.
func newScale(parties []trucewatch.PartyID) *scale {
	s := &scale{parties: parties, chance: make([]int64, len(parties)+1)}
	for i := range parties {
		s.chance[i] = (whole - nonSignatory*(whole/million)) / int64(len(parties))
	}
	s.chance[len(parties)] = nonSignatory * (whole / million)
	return s
}

// weigh multiplies each candidate's chance by how probable the evidence is if it
// was that candidate, in ppm. Evidence that nobody can explain changes nothing.
func (s *scale) weigh(likelihood []int64) {
	var sum int64
	out := make([]int64, len(s.chance))
	for i, c := range s.chance {
		out[i] = c * max(0, min(likelihood[i], million)) / million
		sum += out[i]
	}
	if sum == 0 {
		return
	}
	for i := range out {
		s.chance[i] = max(1, out[i]*whole/sum)
	}
}

// shares returns each party's chance in the order of the text, and what is left:
// that it was none of them. Their sum is one million.
func (s *scale) shares() (parties []trucewatch.Alternative, nonSignatory trucewatch.PPM) {
	var sum int64
	for _, c := range s.chance {
		sum += c
	}
	nonSignatory = million
	for i, p := range s.parties {
		share := trucewatch.PPM(s.chance[i] * million / sum)
		parties = append(parties, trucewatch.Alternative{Party: p, Share: share})
		nonSignatory -= share
	}
	return parties, nonSignatory
}

// greatest is the greatest share of a party.
func (s *scale) greatest() int64 {
	parties, _ := s.shares()
	var most trucewatch.PPM
	for _, p := range parties {
		most = max(most, p.Share)
	}
	return int64(most)
}

// weighPlace weighs where the fire came from: a party fires from the ground that
// it holds, but for some that goes astray; somebody who did not sign, from
// anywhere. So far as every clue misleads, the place says nothing.
func (s *scale) weighPlace(in *Input, c *clues) {
	if len(c.places) == 0 {
		return
	}
	line := in.Agreement.LineOfContact(in.Incident.When.From)
	if line == nil {
		s.basis = append(s.basis, sayNoLine)
		return
	}
	left, right, open := line.Line.Weigh(c.places, c.rings)
	likelihood := make([]int64, len(s.chance))
	for i, p := range s.parties {
		switch line.Side(p) {
		case geo.Left:
			likelihood[i] = mix(left, right) + open/2
		case geo.Right:
			likelihood[i] = mix(right, left) + open/2
		default:
			likelihood[i] = million / 2
		}
	}
	likelihood[len(s.parties)] = million / 2
	s.weigh(likelihood)
	s.ground = true
	side, held := line.Left, left
	if right > left {
		side, held = line.Right, right
	}
	if left+right > 0 && side != "" {
		s.basis = append(s.basis, fmt.Sprintf(sayControl, percent(held*million/(left+right)), side))
	}
	if open >= 10_000 {
		s.basis = append(s.basis, fmt.Sprintf(sayOpen, percent(open)))
	}
}

// mix is the likelihood of a place, own ppm of which lie on a party's own side.
func mix(own, other int64) int64 { return (own*(million-astray) + other*astray) / million }

// weighWeapon weighs who is known to have such weapons. It says little, for
// weapons are captured, and taken for others. Those who did not sign have light
// weapons rather than heavy ones.
func (s *scale) weighWeapon(in *Input) {
	classes := in.classes()
	if len(classes) == 0 {
		return
	}
	says, heavy, light := true, true, len(in.Agreement.Heavy) > 0
	var ids []string
	var holders []trucewatch.PartyID
	for _, class := range classes {
		is := slices.Contains(in.Agreement.Heavy, class.ID)
		ids, holders = append(ids, class.ID), append(holders, class.HeldBy...)
		says, heavy, light = says && len(class.HeldBy) > 0, heavy && is, light && !is
	}
	likelihood := make([]int64, len(s.chance))
	for i := range likelihood {
		holds := !says || i < len(s.parties) && slices.Contains(holders, s.parties[i])
		signed := i < len(s.parties)
		likelihood[i] = million
		switch {
		case !holds, heavy && !signed:
			likelihood[i] = notHeld
		case light && signed:
			likelihood[i] = lightOfParty
		}
	}
	s.weigh(likelihood)
	if says {
		s.basis = append(s.basis, fmt.Sprintf(sayHeldBy, joined(ids), joined(holders)))
	}
}

// weighSigns weighs what names somebody. All signs of one kind that name one
// candidate count once.
func (s *scale) weighSigns(signs []sign) {
	var counted []sign
	for _, g := range signs {
		s.basis = append(s.basis, g.sentence)
		kin := sign{party: g.party, own: g.own}
		if slices.Contains(counted, kin) {
			continue
		}
		counted = append(counted, kin)
		wrong := int64(markWrong)
		switch {
		case g.own:
			wrong = wordWrong
		case g.party == "":
			wrong = groupWrong
		}
		likelihood := make([]int64, len(s.chance))
		for i := range likelihood {
			likelihood[i] = wrong / int64(len(s.parties))
		}
		if i := slices.Index(s.parties, g.party); i >= 0 {
			likelihood[i] = million - wrong
		} else {
			likelihood[len(s.parties)] = million - wrong
		}
		s.weigh(likelihood)
	}
}
