// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// aboutPart is which part of a number stated as "about" it may be off: the nearest
// ten of a hundred. Guess. Test: numbers stated as about, against what a network
// located in the same ground and time.
const aboutPart = 10

// boundless is a capacity without a bound: of "at least", and of "multiple".
const boundless = math.MaxInt64

// countReports are numbers of signs over a time too long for one engagement.
//
// A count report says how many signs of one kind somebody noticed somewhere in a
// time too long for one engagement: "about 80 explosions, 2-4 km south-east to
// south, from 19:35 to 22:35". It is not one occurrence but a sink: incidents that
// others noticed in its ground and time are explained by it, the surest first,
// until its number is used up. What is left over is an incident of its own, of that
// many. So no sign is counted twice and none is lost.
//
// Source of the form: daily and spot reports of the OSCE Special Monitoring Mission
// to Ukraine, 2014-2022. The weight of a link is the score of any other pair, with
// the number reported as a factor: a report of n signs has n chances to hold this
// one (the rate of a Poisson process, marked by place and time).
//
// Gate, bound and likelihood are those of its region, as of any other, the bound raised by
// the number.
func countReports() evidence {
	return evidence{name: "count report", where: byCount, sink: capacityOf}
}

// byCount reads where the signs of a count report were, as those of any other region.
func byCount(o *trucewatch.Observation) (location, bool) {
	if capacityOf(o) == 0 {
		return location{}, false
	}
	if o.Where.Region.Kind == geo.Sector {
		return bySector(o)
	}
	return ofRegion(&o.Where.Region)
}

// capacityOf returns the most signs that o may be explained by; 0 if o is no count
// report.
func capacityOf(o *trucewatch.Observation) int64 {
	if _, loose, _ := windowOf(o); !loose || o.Means.IsClaim() || !o.Kind.IsPhenomenon() {
		return 0
	}
	least, most := bounds(o.Count)
	if most < 2 || least == most && most == 1 {
		return 0
	}
	return most
}

// bounds returns the least and the most signs that a stated count may mean.
func bounds(c trucewatch.Count) (least, most int64) {
	switch c.Qualifier {
	case trucewatch.Multiple:
		return max(2, c.Value), boundless
	case trucewatch.AtLeast:
		return c.Value, boundless
	case trucewatch.AtMost:
		return min(1, c.Value), c.Value
	case trucewatch.About:
		return c.Value - c.Value/aboutPart, max(c.Value, c.High) + c.Value/aboutPart
	}
	return c.Value, max(c.Value, c.High)
}

// countCapMax is the number of signs beyond which a report says no more of a
// single one. Guess: nobody counts more in an evening. Test: the largest exact
// counts of patrols.
const countCapMax = 1_000

// logCapacity is what the number of a count report is worth: ln of it.
func logCapacity(capacity int64) trucewatch.MilliNat {
	switch capacity {
	case 0:
		return 0
	case boundless:
		return trucewatch.MilliNat(kernel.LogRatio(2, 1))
	}
	return trucewatch.MilliNat(kernel.LogRatio(min(capacity, countCapMax), 1))
}

// A heard is a count report as it stands in one of the incidents that it is
// explained by.
type heard struct {
	*exhibit
	used   trucewatch.Count // of its number, for this incident
	rounds int64            // that this incident had
	gain   trucewatch.MilliNat
	home   bool // nothing of it is left over, and this incident holds it best
}

// link says how well a count report belongs to the incident: as likely as it is
// that its number holds the incident's signs.
func (h *heard) link() trucewatch.Link {
	share := trucewatch.PPM(kernel.Probability(int64(h.gain))) * trucewatch.PPM(h.used.Value) / trucewatch.PPM(h.rounds)
	return trucewatch.Link{Observation: h.rec.ID, Key: h.rec.Observation.Key, Gain: h.gain, Share: share,
		Reason: "a count over a longer time: " + number(int(h.used.Value)) + " of " + inWords(h.rec.Observation.Count) + " are these"}
}

// inWords writes a count as its source means it.
func inWords(c trucewatch.Count) string {
	switch c.Qualifier {
	case trucewatch.Multiple:
		return "several"
	case trucewatch.About:
		return "about " + number(int(c.Value))
	case trucewatch.AtLeast:
		return "at least " + number(int(c.Value))
	case trucewatch.AtMost:
		return "at most " + number(int(c.Value))
	}
	if c.High > c.Value {
		return number(int(c.Value)) + " to " + number(int(c.High))
	}
	return number(int(c.Value))
}

// A fit is a set that a count report may be explained by.
type fit struct {
	set    *set
	e      *exhibit
	rounds trucewatch.Count
	gain   trucewatch.MilliNat
}

// explain lets the sets of parts use up the count reports, given in content order, and
// returns the partitions of what is left over of them.
func (a *Associator) explain(parts []*partition, reports []int32) []*partition {
	over := make(map[int32]*rest)
	var left []int32
	var all []*sink
	for _, n := range reports {
		all = append(all, a.newSink(parts, n))
	}
	shareOut(all)
	for _, s := range all {
		var home *set
		for i, f := range s.fits {
			if s.took[i] == 0 {
				continue
			}
			h := heard{exhibit: f.e, used: f.rounds, rounds: f.rounds.Value, gain: f.gain}
			h.used.Value = s.took[i]
			f.set.reports = append(f.set.reports, h)
			if home == nil {
				home = f.set
			}
		}
		if home != nil && s.used >= s.least {
			home.reports[len(home.reports)-1].home = true
			continue
		}
		left = append(left, s.number)
		over[s.number] = remainder(a.nodes[s.number].rec.Observation.Count, s.used)
	}
	var out []*partition
	for _, connected := range a.connected(left, false) {
		p := a.divide(connected)
		for _, e := range p.exhibits {
			e.rest = over[e.number]
		}
		out = append(out, p)
	}
	return out
}

// A rest is what is left over of a count report.
type rest struct {
	used  int64 // by other incidents
	count trucewatch.Count
}

// remainder is what is left of a count of which some signs are explained; nil if
// none is. Of several at least two were meant.
func remainder(c trucewatch.Count, used int64) *rest {
	if used == 0 {
		return nil
	}
	if c.Qualifier == trucewatch.Multiple {
		least, _ := bounds(c)
		c.Value, c.Qualifier = least, trucewatch.AtLeast
	}
	c.Value = max(0, c.Value-used)
	c.High = max(0, c.High-used)
	return &rest{used, c}
}

// fits returns the sets that count report n may be explained by, the best first.
func (a *Associator) fits(parts []*partition, n int32) []fit {
	var out []fit
	kind := a.nodes[n].rec.Observation.Kind
	many := logCapacity(a.nodes[n].spot.capacity)
	for _, p := range parts {
		e := a.exhibit(n, p.frame, p.begin)
		for _, s := range p.sets {
			if s == nil || !a.touches(e, s) {
				continue
			}
			rounds := s.rounds(kind)
			_, gain, ok := a.with(s, e)
			if gain += many; ok && rounds.Value > 0 && gain > joinThreshold {
				out = append(out, fit{s, e, rounds, gain})
			}
		}
	}
	slices.SortStableFunc(out, func(f, g fit) int { return -cmp.Compare(f.gain, g.gain) })
	return out
}

// touches says whether e passes the gate with a member of s.
func (a *Associator) touches(e *exhibit, s *set) bool {
	return slices.ContainsFunc(s.members, func(f *exhibit) bool { return a.near(e.node, f.node) })
}

// rounds returns how many signs of a kind the incident of s may have been to
// somebody who heard or saw it. Sensors that tell no explosion from a shot count for
// both. Of traces alone it is one at least; of other signs alone it is none.
func (s *set) rounds(kind trucewatch.Kind) trucewatch.Count {
	best := trucewatch.Count{Value: 1, Qualifier: trucewatch.AtLeast}
	var counts []trucewatch.Count
	for _, p := range phenomena(s) {
		switch {
		case p.Kind == kind, p.Kind == trucewatch.AcousticEvent && (kind == trucewatch.Explosion || kind == trucewatch.Shot),
			p.Kind == trucewatch.SeismicEvent && kind == trucewatch.Explosion:
			if p.Count.Value == 0 {
				p.Count = trucewatch.Count{Value: 2, Qualifier: trucewatch.AtLeast}
			}
			p.Count.Unit = ""
			counts = append(counts, p.Count)
		case p.Kind.IsPhenomenon():
			best.Value = 0
		}
	}
	if len(counts) > 0 {
		return largest(counts)
	}
	return best
}

// explainedAs returns what count reports say that the signs of s were, if they were
// of kind: heard as explosions what sensors located.
func (s *set) explainedAs(kind trucewatch.Kind) []trucewatch.Count {
	var out []trucewatch.Count
	for i := range s.reports {
		if h := &s.reports[i]; h.rec.Observation.Kind == kind {
			out = append(out, h.used)
		}
	}
	return out
}

// unclaimed returns the members of s and the count reports that it explains.
func (s *set) unclaimed() []*exhibit {
	out := slices.Clone(s.members)
	for i := range s.reports {
		out = append(out, s.reports[i].exhibit)
	}
	return out
}

// atHome returns the nodes of the count reports of which nothing is left over and
// that s holds best: their own incidents are no more.
func (s *set) atHome() []int32 {
	var out []int32
	for i := range s.reports {
		if s.reports[i].home {
			out = append(out, s.reports[i].number)
		}
	}
	return out
}

// stated is the count of e that is not counted elsewhere.
func (e *exhibit) stated() trucewatch.Count {
	if e.rest != nil {
		return e.rest.count
	}
	return e.rec.Observation.Count
}

// leftOver says how many signs of a count report no other incident explains, before
// why it stands where it does.
func (e *exhibit) leftOver(why string) string {
	s := number(int(e.rest.used)) + " of " + inWords(e.rec.Observation.Count) + " are other incidents'"
	if why == aloneReason {
		return s + ", these are left over"
	}
	return s + "; " + why
}
