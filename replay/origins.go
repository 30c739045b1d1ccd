// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// firing keeps where an incident's fire came from, if that is known, for impacts
// that the time of flight links to it.
func (n *near) firing(in *trucewatch.Incident) {
	if !associate.IsFiring(in) || in.Claims {
		return
	}
	region := in.Estimates[in.Origin].Region
	if region.IsZero() {
		return
	}
	s := spot{id: in.ID, when: in.When, at: region.Mean(), reach: region.ReachMM()}
	n.firedOf[in.ID] = s
	n.fired = insertSpot(n.fired, s)
	n.moved = append(n.moved, s)
}

// unfire takes a firing out.
func (n *near) unfire(id trucewatch.IncidentID) {
	if s, ok := n.firedOf[id]; ok {
		delete(n.firedOf, id)
		n.fired = removeSpot(n.fired, s)
		n.moved = append(n.moved, s)
	}
}

// firings returns the firings from which the fire of an incident may have come, as
// far as the reach of any weapon goes, by ID.
func (n *near) firings(in *trucewatch.Incident) []trucewatch.IncidentID {
	to := placeOf(in)
	if to.IsZero() || len(n.fired) == 0 {
		return nil
	}
	at, reach := to.Mean(), to.ReachMM()+associate.FiringReachMM
	first, _ := slices.BinarySearchFunc(n.fired, in.When.From-associate.FiringSpan-n.longest, func(s spot, t trucewatch.Instant) int { return cmp.Compare(s.when.From, t) })
	var out []trucewatch.IncidentID
	for _, s := range n.fired[first:] {
		if s.when.From > max(in.When.From, in.When.Till)+associate.FiringSpan {
			break
		}
		if s.id != in.ID && in.When.From-s.when.Till <= associate.FiringSpan && geo.NearMM(at, s.at) <= reach+s.reach {
			out = append(out, s.id)
		}
	}
	slices.SortFunc(out, trucewatch.IncidentID.Compare)
	return out
}

// origins returns the incidents that the time of flight links to one as where it
// was fired.
func (s *State) origins(in *trucewatch.Incident) []*trucewatch.Incident {
	var firings []*trucewatch.Incident
	for _, id := range s.near.firings(in) {
		if f := s.incidents.Incident(id); f != nil && f.ID == id {
			firings = append(firings, f)
		}
	}
	if len(firings) == 0 {
		return nil
	}
	return s.incidents.FiredFrom(in, firings, s.reachOf)
}

// reachOf is how far a weapon fires at most by the agreements, in mm; 0 if none says.
func (s *State) reachOf(w *trucewatch.Weapon) int64 {
	var most int64
	for _, a := range s.agreements {
		for _, c := range a.Candidates(w) {
			most = max(most, c.Class.ReachKM*1_000_000)
		}
	}
	return most
}

// struck returns the incidents that may be the impacts of firings that came, went or
// changed: they are judged again. It returns each firing's once.
func (n *near) struck() (ids []trucewatch.IncidentID) {
	for _, f := range n.moved {
		when := trucewatch.Interval{From: f.when.From - associate.FiringSpan, Till: max(f.when.From, f.when.Till) + associate.FiringSpan}
		ids = append(ids, n.find(nil, when, geo.Circle(f.at, max(f.reach, 1)), associate.FiringReachMM)...)
	}
	n.moved = nil
	return ids
}
