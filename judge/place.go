// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// inside is the agreement's test of a share of a region in a zone.
func (h *hearing) inside(share trucewatch.PPM) answer {
	switch {
	case share >= h.a.Evidence.InIfGE:
		return yes
	case share <= h.a.Evidence.OutIfLE:
		return no
	}
	return unknown
}

// A place is a region tested against a zone.
type place struct {
	zone   *geo.Zone
	holds  answer
	share  trucewatch.PPM
	low    trucewatch.PPM // least share wherever the line lies within its survey error
	high   trucewatch.PPM // greatest
	survey int64          // that error, millimetres
	depths []int64        // of the region's samples; nil where no error decides
	middle int64          // depth of the middle
	gauged bool           // depths and middle are set
}

// test returns the probability that the incident lies in a zone, and the answer.
// The answer must stand wherever the line lies within the error of its survey: at
// 50 m from a line that was surveyed to 100 m nobody knows the side.
func (h *hearing) test(z *geo.Zone, surveyMM int64) *place {
	for i := range h.places {
		if h.places[i].zone == z {
			return &h.places[i]
		}
	}
	p := place{zone: z, survey: surveyMM}
	p.weigh(h.cloud)
	if len(h.two) > 0 { // what lies between the two is in neither
		p.share, p.low, p.high = 0, 0, 0
		for i := range h.two {
			one := place{zone: z, survey: surveyMM}
			one.weigh(h.clouds[i])
			w := h.two[i].Weight
			p.share, p.low, p.high = p.share+w*one.share/geo.Million, p.low+w*one.low/geo.Million, p.high+w*one.high/geo.Million
		}
	}
	p.holds = h.inside(p.share)
	if h.inside(p.low) != p.holds || h.inside(p.high) != p.holds {
		p.holds = unknown
	}
	h.places = append(h.places, p)
	return &h.places[len(h.places)-1]
}

// weigh finds the share of a region, and the least and greatest within the survey
// error.
func (p *place) weigh(c *geo.Cloud) {
	if p.survey > 0 {
		p.gauge(c)
	} else {
		p.share = trucewatch.PPM(p.zone.ShareSurveyedOf(c))
	}
	p.low, p.high = p.share, p.share
	if p.survey > 0 && len(p.depths) > 0 {
		p.low, p.high = deeper(p.depths, p.survey), deeper(p.depths, -p.survey)
	}
}

// shareIn is the probability that the incident lies in some ground: of one that was at
// one of two places, of both by their weights.
func (h *hearing) shareIn(ground func(c *geo.Cloud) int64) trucewatch.PPM {
	if len(h.two) == 0 {
		return trucewatch.PPM(ground(h.cloud))
	}
	var share trucewatch.PPM
	for i := range h.two {
		share += h.two[i].Weight * trucewatch.PPM(ground(h.clouds[i])) / geo.Million
	}
	return share
}

// twoPlaces returns the estimates of the two places of an incident that was at one of
// them, nil of others.
func twoPlaces(in *trucewatch.Incident) []trucewatch.Estimate {
	var two []trucewatch.Estimate
	best := in.Best()
	for i := range in.Estimates {
		if e := &in.Estimates[i]; best != nil && best.Role != "origin" && e.Weight > 0 && e.Role == best.Role {
			two = append(two, *e)
		}
	}
	if len(two) != 2 || two[0].Weight+two[1].Weight > geo.Million+1 {
		return nil
	}
	return two
}

func (p *place) gauge(c *geo.Cloud) {
	if p.gauged {
		return
	}
	var share int64
	share, p.depths, p.middle = p.zone.Depths(c)
	p.share, p.gauged = trucewatch.PPM(share), true
}

// deeper is the share of the depths, ascending, of more than mm.
func deeper(depths []int64, mm int64) trucewatch.PPM {
	i, _ := slices.BinarySearch(depths, mm)
	return trucewatch.PPM(int64(len(depths)-i) * geo.Million / int64(len(depths)))
}

// ends are the reasons that say what both ends of the survey error give, where
// they differ.
func (h *hearing) ends(p *place) []trucewatch.Reason {
	if h.inside(p.low) == h.inside(p.high) {
		return nil
	}
	out := []trucewatch.Reason{
		reasonOf(h.inside(p.low), "", nil, sayAtLeast, kilometres(p.survey), percent(p.low)),
		reasonOf(h.inside(p.high), "", nil, sayAtMost, kilometres(p.survey), percent(p.high)),
	}
	out[0].Share, out[1].Share = p.low, p.high
	return out
}

// decides says what would decide an open test: at the same middle a smaller
// error, or how far the middle would have to lie the other way. Both follow from
// the depths of the region's samples, which a smaller error draws towards that of
// the middle and another place shifts alike.
func (h *hearing) decides(p *place) string {
	p.gauge(h.cloud)
	n := int64(len(p.depths))
	if n == 0 {
		return changePlace
	}
	e := &h.a.Evidence
	// The share reaches in_if_ge when the sample at in is deeper than the survey error;
	// it falls to out_if_le when the sample at out is that far outside.
	in := p.depths[min(n-1, n*int64(geo.Million-e.InIfGE)/geo.Million)]
	out := p.depths[max(0, min(n-1, n-1-n*int64(e.OutIfLE)/geo.Million))]
	where, off := "inside", p.middle
	if off < 0 {
		where, off = "outside", -off
	}
	spread := h.spread()
	parts := []string{fill(changeCloser, where, kilometres(off), kilometres(spread))}
	if p.survey > 0 {
		parts[0] = fill(changeCloserSurveyed, where, kilometres(off), kilometres(spread), kilometres(p.survey))
	}
	switch {
	case p.middle > p.survey:
		parts = append(parts, fill(changeSmaller, kilometres(scaled(spread, p.middle-p.survey, p.middle-in))))
	case -p.middle > p.survey:
		parts = append(parts, fill(changeSmaller, kilometres(scaled(spread, -p.middle-p.survey, out-p.middle))))
	case p.survey > 0 && off >= 1000:
		parts = append(parts, fill(changeSurvey, kilometres(off)))
	default:
		parts = append(parts, changeNothing)
	}
	// Less than a metre is no distance that anybody measures.
	const metre = 1000
	return strings.Join(append(parts, fill(changeMoved, kilometres(max(metre, p.survey-in)), kilometres(max(metre, out+p.survey)))), "; ")
}

// scaled is the error at which the sample that decides lies just deep enough: the
// part of the error's reach that the room makes up. It is never more than now.
func scaled(spread, room, reach int64) int64 {
	if reach <= room {
		return spread
	}
	return spread / 1000 * (room * 1000 / reach)
}

// spreadMM is how far a region reaches from its middle: what stands after "±".
// A sector reaches less far from its middle than from its observer.
func spreadMM(r geo.Region) int64 {
	if r.Kind == geo.Ellipse || r.Kind == geo.Pixel {
		return r.ReachMM()
	}
	middle, most := r.Mean(), int64(0)
	for _, ring := range r.Outline() {
		for _, p := range ring {
			most = max(most, geo.NearMM(middle, p))
		}
	}
	return most
}

// spread is how far the incident's region reaches from its middle.
func (h *hearing) spread() int64 {
	if h.reach == 0 {
		h.reach = spreadMM(h.region)
	}
	return h.reach
}

// zoneError is the largest survey error of the lines from which a zone's distances
// count.
func (h *hearing) zoneError(z *agreement.Zone) int64 {
	var mm int64
	for _, b := range z.Bands {
		if l := h.referenceLine(b.Party); l != nil {
			mm = max(mm, l.SurveyErrorMM)
		}
	}
	return mm
}

// referenceLine returns the line from which a party's distances count, nil if it
// has none.
func (h *hearing) referenceLine(party trucewatch.PartyID) *agreement.Line {
	for _, r := range h.a.References {
		if r.Party == party {
			return h.a.Line(r.Line)
		}
	}
	return nil
}

// zone answers "zone": in any of the zones named. Of a zone that is a register of
// objects it names the one that is meant.
func (t *trial) zone() condition {
	if c, ok := t.namedObject(); ok {
		return c
	}
	if t.region.IsZero() {
		return t.noPlace("in zone " + list(t.act.When.Zones))
	}
	var best place
	var in *agreement.Zone
	for _, z := range t.act.zones {
		if p := t.test(z.All, t.zoneError(z)); in == nil || p.holds > best.holds || p.holds == best.holds && p.share > best.share {
			best, in = *p, z
		}
	}
	if best.holds == no {
		return condition{holds: no}
	}
	c := condition{holds: best.holds, share: &best.share,
		reason: reasonOf(best.holds, in.ID, t.evidence(), sayInZone, list(t.act.When.Zones), percent(best.share))}
	c.reason.Share, c.reason.Because = best.share, t.ends(&best)
	if len(in.Objects) > 0 {
		c.reason.Because = append(c.reason.Because, t.nearestObject(in))
	}
	if best.holds == unknown {
		c.change = t.decides(&best)
	}
	return c
}

// namedObject answers from observers who name a protected object of the zone: a
// nurse knows which hospital was hit.
func (t *trial) namedObject() (condition, bool) {
	for _, z := range t.act.zones {
		for _, r := range t.checked {
			a := r.Observation.Asset
			if a == nil || a.Object == "" {
				continue
			}
			for i := range z.Objects {
				if o := &z.Objects[i]; o.ID == a.Object {
					return condition{holds: yes, reason: reasonOf(yes, z.ID, []trucewatch.ObservationID{r.ID}, sayObjectSeen, o.Name, o.ID)}, true
				}
			}
		}
	}
	return condition{}, false
}

// nearestObject says which object of a register is most likely meant.
func (t *trial) nearestObject(z *agreement.Zone) trucewatch.Reason {
	var best *agreement.Object
	most := int64(-1)
	for i := range z.Objects {
		o := &z.Objects[i]
		if share := int64(t.shareIn(geo.NewDisks([]geo.Disk{{Center: o.At, RadiusMM: o.RadiusMM}}).ShareOf)); share > most {
			best, most = o, share
		}
	}
	r := reasonOf(t.inside(trucewatch.PPM(most)), z.ID, nil, sayObject, best.Name, best.ID, percent(trucewatch.PPM(most)), kilometres(best.RadiusMM))
	r.Share = trucewatch.PPM(most)
	return r
}

func (t *trial) noPlace(what string) condition {
	var zero trucewatch.PPM
	return condition{holds: unknown, share: &zero, reason: reasonOf(unknown, "", nil, sayNoPlace, what), change: changePlace}
}
