// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// A sighting is what is kept of an incident: enough to say which areas it fired
// into and what was seen where.
type sighting struct {
	id         trucewatch.IncidentID
	kind       trucewatch.Kind
	when       trucewatch.Interval
	region     geo.Region // where it was seen or hit; zero if not known
	confidence trucewatch.PPM
	means      int
	findings   []breach
	looks      []look
	evidence   []trucewatch.ObservationID
	bears      []bearing // on parts of all texts
	kept       bool      // a window of silence that is notified late may ask for it
	// known are the probabilities that were worked out of the region, and batches
	// what it shows of each party: a sighting does not change, and is asked again every
	// day.
	known   map[ground]trucewatch.PPM
	batches map[ground][]batch
}

// A ground is a party's part of a zone, or of the limit of a class, in one reading.
type ground struct {
	b        *book
	zone, of string
	party    trucewatch.PartyID
}

// share returns a probability that follows from the region alone.
func (s *sighting) share(g ground, work func() trucewatch.PPM) trucewatch.PPM {
	p, known := s.known[g]
	if !known {
		p = work()
		if s.known == nil {
			s.known = map[ground]trucewatch.PPM{}
		}
		s.known[g] = p
	}
	return p
}

// compare orders sightings by time.
func (s *sighting) compare(t *sighting) int {
	return cmp.Or(cmp.Compare(s.when.From, t.when.From), s.id.Compare(t.id))
}

// A breach is a finding of a violation, or probably one.
type breach struct {
	id   trucewatch.FindingID
	act  trucewatch.ActID
	hash trucewatch.Hash
}

// A look is what one source saw of one weapon at one time.
type look struct {
	source trucewatch.SourceID
	at     trucewatch.Instant
	weapon *trucewatch.Weapon // nil: persons
	count  int64
	owner  trucewatch.PartyID // as a source says; "" if none does
}

func newSighting(in *trucewatch.Incident, members []*trucewatch.Recorded, findings []*trucewatch.Finding) *sighting {
	s := &sighting{id: in.ID, kind: in.Kind, when: in.When, confidence: in.Confidence, means: in.MeansCount}
	if in.State == "withdrawn" || in.State == "merged" {
		return s
	}
	if best := in.Best(); best != nil && best.Role != "origin" {
		s.region = best.Region
	} else {
		for i := range in.Estimates {
			if e := &in.Estimates[i]; e.Role != "origin" && e.Status != "rejected" {
				s.region = e.Region
				break
			}
		}
	}
	for _, f := range findings {
		if f.State != "withdrawn" && (f.Result == trucewatch.Violation || f.Result == trucewatch.ProbableViolation) {
			s.findings = append(s.findings, breach{id: f.ID, act: f.Act, hash: f.Agreement})
		}
	}
	if in.Claims || in.Kind != trucewatch.WeaponSeen && in.Kind != trucewatch.PersonsInZone && in.Kind != trucewatch.VehicleSeen {
		return s // what nobody has checked is no sighting
	}
	for _, m := range members {
		o := m.Observation
		if o.Means.IsClaim() || o.Kind != in.Kind || o.Weapon == nil && o.Kind != trucewatch.PersonsInZone {
			continue
		}
		l := look{at: o.When.From, weapon: o.Weapon, count: max(1, o.Count.Value)}
		if m.Source != nil {
			l.source = m.Source.ID
		}
		if o.Asset != nil && o.Asset.Owner != "mission" && o.Asset.Owner != "unknown" {
			l.owner = trucewatch.PartyID(o.Asset.Owner)
		}
		s.looks = append(s.looks, l)
		s.evidence = append(s.evidence, m.ID)
	}
	return s
}

// remove takes an incident out of what a text files.
func (t *text) remove(s *sighting) {
	for _, b := range t.books {
		b.removeStrays(s)
		for i := range b.ceilings {
			b.ceilings[i].groups = remove(b.ceilings[i].groups, group{s: s}, group.compare)
		}
		for i := range b.streaks {
			st := &b.streaks[i]
			st.breaks = slices.DeleteFunc(st.breaks, func(f fire) bool { return f.incident == s.id })
		}
	}
}

// place finds what of a text an incident bears on, and files its fires and what it
// shows in the ceilings' zones.
func (t *text) place(s *sighting) {
	s.bears = slices.DeleteFunc(s.bears, func(x bearing) bool { return x.on.text == t.id })
	for _, b := range t.books {
		for i := range b.streaks {
			st := &b.streaks[i]
			if s.region.IsZero() || len(s.findings) == 0 {
				continue
			}
			if f, breaks := b.breaksBy(s, st); breaks {
				at, _ := slices.BinarySearchFunc(st.breaks, f, fire.compare)
				st.breaks = slices.Insert(st.breaks, at, f)
				s.bear(part{t.id, "streak", st.area, ""}, "")
			}
		}
	}
	if len(s.looks) > 0 && !s.region.IsZero() {
		t.placeLooks(s)
		for _, b := range t.books {
			b.placeGroups(s)
			b.placeStrays(t, s)
		}
	}
}

// A bearing is that an incident bears on a part. As is the encoding of all that
// the part takes from it, "" if that is not kept.
type bearing struct {
	on part
	as string
}

func (s *sighting) bear(on part, as string) {
	i := slices.IndexFunc(s.bears, func(x bearing) bool { return x.on == on })
	if i < 0 {
		s.bears = append(s.bears, bearing{on, as})
	} else {
		s.bears[i].as += as
	}
}

// touched returns the parts for which an incident that was so is another now. Either
// may be nil.
func touched(was, now *sighting) []part {
	var before, after []bearing
	if was != nil {
		before = was.bears
	}
	if now != nil {
		after = now.bears
	}
	var out []part
	for _, x := range slices.Concat(before, after) {
		same := x.as != "" && slices.Contains(before, x) && slices.Contains(after, x)
		if !same && !slices.Contains(out, x.on) {
			out = append(out, x.on)
		}
	}
	return out
}

// placeLooks finds the ceilings that a sighting of weapons or persons bears on.
func (t *text) placeLooks(s *sighting) {
	a := t.books[0].a
	for i := range a.Ceilings {
		c := &a.Ceilings[i]
		zone := a.Zone(c.Zone)
		for _, p := range partiesOf(a, c.Party) {
			if zone != nil && partOf(zone, p).Share(s.region) > 0 {
				s.bear(part{t.id, "ceiling", c.ID, p}, "")
			}
		}
	}
}

// partOf returns a party's part of a zone, all of it where the zone has no sides.
func partOf(z *agreement.Zone, party trucewatch.PartyID) *geo.Zone {
	for _, s := range z.PerSide {
		if s.Party == party {
			return s.Zone
		}
	}
	if len(z.PerSide) > 0 {
		return nil
	}
	return z.All
}

// holder returns whose the things seen are: the party that a source names, or the
// one on whose side they stand, by the agreement's share for naming a party; ""
// if it is not known.
func (b *book) holder(s *sighting, k *look) trucewatch.PartyID {
	if k.owner != "" {
		return k.owner
	}
	for _, p := range b.a.PartyIDs {
		held := s.share(ground{b: b, zone: "side", party: p}, func() trucewatch.PPM {
			for _, c := range b.a.ControlShareAt(s.region, s.when.From) {
				if c.Party == p {
					return c.Share
				}
			}
			return 0
		})
		if held >= b.a.Evidence.Attribute(1) {
			return p
		}
	}
	return ""
}

// most returns the largest count of one source at one time of what is chooses,
// and how many observations say so.
func (s *sighting) most(is func(*look) bool) int64 {
	type once struct {
		source trucewatch.SourceID
		at     trucewatch.Instant
	}
	sums := map[once]int64{}
	best := int64(0)
	for i := range s.looks {
		if k := &s.looks[i]; is(k) {
			o := once{k.source, k.at}
			sums[o] += k.count
			best = max(best, sums[o])
		}
	}
	return best
}
