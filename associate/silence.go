// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// Silence speaks where there is a duty log: who was on duty, would have noticed a
// share of what happens there, and recorded nothing near, makes it less sure that
// something happened. The odds fall by 1 - share for each, as in the score of
// arrivals (see the package comment). Silence joins and parts nothing, it only says
// how sure an incident is; and it speaks only against what one class of means or
// unchecked claims alone say: what two independent means recorded stands, for it is
// likelier that posts were inattentive than that both means erred alike.

// A Duty returns who was on duty throughout a time for a kind of sign where a region
// lies, and the share of events there and then that each notices. Sources that never
// said whether they were on duty are not among them.
type Duty func(when trucewatch.Interval, where geo.Region, kind trucewatch.Kind) []trucewatch.Silent

const (
	// silentMost is the most that is believed of a share. Guess: who says that nothing
	// escapes him is wrong one time in ten. Test: reports of posts against shots that a
	// network located in their field.
	silentMost trucewatch.PPM = 900_000
	// silentWatchers is how many silent sources are weighed at most: beyond it they are
	// likelier all behind one hill. Guess. Test: as silentMost.
	silentWatchers = 3
)

// SetDuty says whom to ask who was on duty. Without one silence says nothing.
func (a *Associator) SetDuty(d Duty) { a.duty = d }

// silent returns those on duty that would have noticed an incident and recorded
// nothing that might be of it, the most attentive silentWatchers of them; nil if its
// place or moment is not known. Members are its nodes.
func (a *Associator) silent(in *trucewatch.Incident, members []int32) []trucewatch.Silent {
	best := in.Best()
	if a.duty == nil || best == nil || best.Role == origin.String() || in.MeansCount > 1 || in.When.Till == 0 || in.When.Till-in.When.From > EngagementCap {
		return nil
	}
	all := a.duty(in.When, best.Region, in.Kind)
	if len(all) == 0 {
		return nil
	}
	spoke, ok := a.spoke(members)
	if !ok {
		return nil
	}
	all = slices.DeleteFunc(all, func(w trucewatch.Silent) bool {
		n, known := a.sources[w.Source]
		return w.Share <= 0 || known && slices.Contains(spoke, n)
	})
	for i := range all {
		all[i].Gain = trucewatch.MilliNat(kernel.LogRatio(int64(geo.Million-min(all[i].Share, silentMost)), geo.Million))
	}
	slices.SortFunc(all, func(v, w trucewatch.Silent) int {
		return cmp.Or(cmp.Compare(w.Share, v.Share), cmp.Compare(v.Source, w.Source))
	})
	return all[:min(len(all), silentWatchers)]
}

// spoke returns the sources of members and of all that passes the gate with one of
// them: who recorded something near was not silent, though it may have been something
// else. False if that cannot be said: of shots the score counts who did not hear, of
// what arrays heard from afar nobody knows the place that well, and
// where too many reports hang together nobody is held to have been silent.
func (a *Associator) spoke(members []int32) (sources []int32, ok bool) {
	for _, m := range members {
		n := &a.nodes[m]
		if n.solved != nil || n.spot.vague || n.spot.far {
			return nil, false
		}
		sources = append(sources, n.spot.source)
	}
	first, many := members[0], 0
	for n := a.nodes[first].next; n != first; n = a.nodes[n].next {
		if many++; many > searchMax {
			return nil, false
		}
		s := &a.nodes[n].spot
		if a.nodes[n].dead || s.claim && !a.nodes[first].spot.claim || slices.Contains(sources, s.source) {
			continue // no claim changes how sure other evidence is
		}
		if slices.ContainsFunc(members, func(m int32) bool { return a.near(&a.nodes[m], &a.nodes[n]) }) {
			sources = append(sources, s.source)
		}
	}
	return sources, true
}

// lowered is how sure an incident is that some who were on duty did not notice.
func lowered(sure trucewatch.PPM, silent []trucewatch.Silent) trucewatch.PPM {
	for _, w := range silent {
		missed := sure * (geo.Million - min(w.Share, silentMost)) / geo.Million
		if rest := missed + geo.Million - sure; rest > 0 {
			sure = missed * geo.Million / rest
		}
	}
	return sure
}

// doubt weighs silence against an incident that nobody holds yet, in place of what
// was weighed before.
func doubt(in *trucewatch.Incident, silent []trucewatch.Silent) {
	sure := max(in.Unopposed, in.Confidence)
	in.Silent, in.Confidence, in.Unopposed = silent, lowered(sure, silent), 0
	if len(silent) > 0 {
		in.Unopposed = sure
	}
}

// first makes the incident of a new node that stands alone. One that silence speaks
// against is kept as formed, so that it is not weighed anew whenever it is asked for.
func (a *Associator) first(n int32) *trucewatch.Incident {
	in := a.alone(n)
	silent := a.silent(in, []int32{n})
	if len(silent) == 0 {
		a.incidents++
		return in
	}
	doubt(in, silent)
	a.replace(nil, []*formed{{incident: in, members: []int32{n}}})
	return in
}

// dutyRevision is what a revision says that only silence caused.
const dutyRevision = "who was on duty and recorded nothing is known otherwise"

// Reconsider weighs anew, after the entry with the given index, the incidents in a
// time and ground of which more or less is known than before who was on duty there,
// and returns those that this changed, by ID.
func (a *Associator) Reconsider(index uint64, when trucewatch.Interval, low, high geo.Position) []Change {
	var changes []Change
	seen := make(map[trucewatch.IncidentID]bool)
	a.within(when, kernel.Box{South: low.LatE7, West: low.LonE7, North: high.LatE7, East: high.LonE7}, func(n int32) {
		in := a.of(n)
		if seen[in.ID] {
			return
		}
		seen[in.ID] = true
		members := []int32{n}
		k := a.nodes[n].formed
		if k >= 0 {
			members = a.evidence(a.formed[k].members)
		}
		silent := a.silent(in, members)
		if slices.Equal(silent, in.Silent) {
			return
		}
		next := *in
		next.History = history(in, trucewatch.Revision{Index: index, What: dutyRevision})
		doubt(&next, silent)
		if k >= 0 {
			a.formed[k].incident = &next
		} else {
			a.incidents--
			a.replace(nil, []*formed{{incident: &next, members: members}})
		}
		changes = append(changes, Change{Incident: &next})
	})
	slices.SortFunc(changes, func(c, d Change) int { return c.id().Compare(d.id()) })
	return changes
}

// evidence returns those of an incident's nodes that formed it: claims, or count
// reports, only where there is nothing else.
func (a *Associator) evidence(members []int32) []int32 {
	var checked, counted []int32
	for _, n := range members {
		switch s := &a.nodes[n].spot; {
		case s.claim:
		case s.capacity > 0:
			counted = append(counted, n)
		default:
			checked = append(checked, n)
		}
	}
	switch {
	case len(checked) > 0:
		return checked
	case len(counted) > 0:
		return counted
	}
	return members
}

// within calls f with every node whose window and box touch a time and a box, by
// node. A node may come more than once.
func (a *Associator) within(when trucewatch.Interval, box kernel.Box, f func(n int32)) {
	families := slices.Clone(a.rules.family[1:])
	slices.Sort(families)
	for _, family := range slices.Compact(families) {
		for day := floor(int64(when.From), int64(cellDay)); day <= floor(int64(when.Till), int64(cellDay)); day++ {
			base := uint64(family)<<56 | uint64(uint32(day))<<24
			for lat := floor(int64(box.South), cellE7); lat <= floor(int64(box.North), cellE7); lat++ {
				for lon := floor(int64(box.West), cellE7); lon <= floor(int64(box.East), cellE7); lon++ {
					for e := a.grid.heads[base|uint64(lat+2048)<<12|uint64(lon+2048)]; e > 0; e = a.grid.chain[e-1].next {
						n := a.grid.chain[e-1].node
						if s := &a.nodes[n].spot; !a.nodes[n].dead && !s.named && s.box.Overlaps(box) && s.window.Gap(when) == 0 {
							f(n)
						}
					}
				}
			}
		}
	}
}
