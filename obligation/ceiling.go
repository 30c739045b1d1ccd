// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// What is seen "at one time" is seen within oneTime, in places so far apart that
// nothing could have driven from one to the other in between: then no item is
// counted twice. It is a lower bound.
//
// Guess: an hour and 60 km/h, a column on a road. Test: the largest count of one
// image of the zone beside it.
const (
	oneTime          = trucewatch.Hour
	roadMMPerSecond  = 16_667 // 60 km/h
	microsPerSecond  = int64(trucewatch.Second)
	personsInCeiling = "persons"
)

// A group is what one incident shows in a zone at least.
type group struct {
	s      *sighting
	count  int64
	share  trucewatch.PPM // that it was in the zone
	middle geo.Position
	reach  int64
}

// compare orders groups by time.
func (g group) compare(o group) int { return g.s.compare(o.s) }

// counted is what was seen of a party in a ceiling's zone, by time.
type counted struct {
	ceiling *agreement.Ceiling
	party   trucewatch.PartyID
	groups  []group
}

func (b *book) openCeilings() {
	for i := range b.a.Ceilings {
		c := &b.a.Ceilings[i]
		for _, p := range partiesOf(b.a, c.Party) {
			b.ceilings = append(b.ceilings, counted{ceiling: c, party: p})
		}
	}
}

// placeGroups files what a sighting shows in the zones of the ceilings.
func (b *book) placeGroups(s *sighting) {
	if !b.reading.Span.Contains(s.when.From) {
		return
	}
	for i := range b.ceilings {
		in := &b.ceilings[i]
		zone := b.a.Zone(in.ceiling.Zone)
		if zone == nil {
			continue
		}
		share := s.share(ground{b: b, zone: in.ceiling.Zone, party: in.party}, func() trucewatch.PPM { return shareIn(zone, in.party, s.region) })
		if share < b.a.Evidence.InIfGE {
			continue
		}
		n := s.most(func(k *look) bool { return b.counts(in.ceiling, k) && b.holder(s, k) == in.party })
		if n > 0 {
			g := group{s: s, count: n, share: share, middle: s.region.Mean(), reach: s.region.ExtentMM() / 2}
			in.groups = insert(in.groups, g, group.compare)
		}
	}
}

// ceiling works out how much a party has in a zone.
func (b *book) ceiling(l *Ledger, id string, party trucewatch.PartyID) product {
	i := slices.IndexFunc(b.a.Ceilings, func(c agreement.Ceiling) bool { return c.ID == id })
	c := &b.a.Ceilings[i]
	class := personsInCeiling
	if len(c.Classes) > 0 {
		class = c.Classes[0]
		for _, more := range c.Classes[1:] {
			class += "+" + more
		}
	}
	state := trucewatch.CeilingState{Zone: c.Zone, Party: party, Class: class, Limit: c.Max}
	if limit, lifted := b.limit(l, c, party, l.now); lifted {
		state.Deviated = limit
	}
	var out product
	if n, at, index := b.declaredIn(l, c, party); at != 0 {
		state.Declared, state.At = n, at
		if limit, _ := b.limit(l, c, party, at); n > limit {
			out.findings = b.overDeclared(c, party, n, limit, at, index)
		}
	}
	seen := slices.IndexFunc(b.ceilings, func(in counted) bool { return in.ceiling == c && in.party == party })
	groups := b.ceilings[seen].groups
	for start := 0; start < len(groups); {
		day := l.dayOf(groups[start].s.when.From)
		end := start
		for end < len(groups) && l.dayOf(groups[end].s.when.From) == day {
			end++
		}
		n, at, picked := mostAtOnce(groups[start:end])
		start = end
		state.Seen, state.At = n, at
		if limit, _ := b.limit(l, c, party, at); n > limit {
			if f := b.overSeen(c, party, n, limit, at, day, picked); f != nil {
				out.findings = append(out.findings, *f)
			}
		}
	}
	out.state(Change{Ceiling: &state})
	return out
}

// counts says whether a look is of what the ceiling counts. A weapon whose class
// is not certain never makes a breach by itself.
func (b *book) counts(c *agreement.Ceiling, k *look) bool {
	if c.Persons {
		return k.weapon == nil
	}
	return k.weapon != nil && slices.Contains(c.Classes, b.classOf(k.weapon))
}

// shareIn is the probability that a region lies in a party's part of a zone, with
// the survey error of its line.
func shareIn(z *agreement.Zone, party trucewatch.PartyID, r geo.Region) trucewatch.PPM {
	for i := range z.PerSide {
		if z.PerSide[i].Party == party {
			return z.PerSide[i].Share(r)
		}
	}
	if len(z.PerSide) > 0 {
		return 0
	}
	return z.Share(r)
}

// mostAtOnce returns the largest number that groups of one day show at one time,
// when, and which groups show it: the largest first, each that cannot be one that
// was counted already.
func mostAtOnce(day []group) (most int64, at trucewatch.Instant, best []group) {
	for i := range day {
		window := []group{}
		for _, g := range day[i:] {
			if g.s.when.From <= day[i].s.when.From+oneTime {
				window = append(window, g)
			}
		}
		slices.SortStableFunc(window, func(a, g group) int { return cmp.Compare(g.count, a.count) })
		var picked []group
		sum := int64(0)
		for _, g := range window {
			if !slices.ContainsFunc(picked, func(p group) bool { return mayBeSame(p, g) }) {
				picked = append(picked, g)
				sum += g.count
			}
		}
		if sum > most {
			most, at, best = sum, day[i].s.when.From, picked
		}
	}
	return most, at, best
}

// mayBeSame says whether what one group shows could have gone to where the other
// was seen.
func mayBeSame(a, g group) bool {
	gap := int64(a.s.when.Gap(g.s.when))
	return geo.NearMM(a.middle, g.middle) <= a.reach+g.reach+gap/microsPerSecond*roadMMPerSecond
}

// limit returns how many a party may have at an instant, and whether an agreed
// deviation says so: the other party consented and the commission entered it, both
// to the same number, and the text knows such deviations.
func (b *book) limit(l *Ledger, c *agreement.Ceiling, party trucewatch.PartyID, at trucewatch.Instant) (int64, bool) {
	if !slices.ContainsFunc(b.a.Exemptions, func(x agreement.Exemption) bool {
		return x.Effect == "as_stated" && slices.Contains(x.Requires, "consent_of_other_party")
	}) {
		return c.Max, false
	}
	limit, lifted := c.Max, false
	for i := range l.facts {
		consent := &l.facts[i].what
		if consent.Kind != "consent_of_other_party" || consent.Ref != c.ID || consent.Party == party || !holdsAt(consent, at) {
			continue
		}
		entered := slices.ContainsFunc(l.facts, func(d dated[trucewatch.Fact]) bool {
			e := &d.what
			return e.Kind == "commission_entry" && e.Ref == c.ID && e.Party == party && e.Limit == consent.Limit &&
				b.a.Body(e.Confirmed) != nil && holdsAt(e, at)
		})
		if entered && consent.Limit > limit {
			limit, lifted = consent.Limit, true
		}
	}
	return limit, lifted
}

// holdsAt says whether a fact holds at an instant; one without a window holds from
// when it was said.
func holdsAt(f *trucewatch.Fact, at trucewatch.Instant) bool {
	if f.Window.IsZero() {
		return at >= f.At
	}
	return f.Window.Contains(at)
}

// declaredIn returns what a party declared last to have in the ceiling's zone.
func (b *book) declaredIn(l *Ledger, c *agreement.Ceiling, party trucewatch.PartyID) (n int64, at trucewatch.Instant, index uint64) {
	for i := range l.inventories {
		inv := &l.inventories[i].what
		if inv.Zone != c.Zone || inv.Party != party || inv.State != "declared" || c.Persons {
			continue
		}
		n, at, index = 0, inv.At, l.inventories[i].index
		for j := range inv.Items {
			if slices.Contains(c.Classes, b.classOf(&inv.Items[j].Weapon)) {
				n += max(1, inv.Items[j].Count)
			}
		}
	}
	return n, at, index
}

func (b *book) overDeclared(c *agreement.Ceiling, party trucewatch.PartyID, n, limit int64, at trucewatch.Instant, index uint64) []trucewatch.Finding {
	f := b.finding(c.Act, at)
	if f == nil {
		return nil
	}
	f.ID = trucewatch.FindingID(fmt.Sprintf("%s/%s/%s/declared/%d", c.Act, c.ID, party, index))
	f.Subject.Zone, f.Quantity = c.Zone, n-limit
	f.Reasons = []trucewatch.Reason{{Text: fmt.Sprintf("party %s declares %d in %s, where it may have %d", party, n, c.Zone, limit), Holds: "yes", Article: c.ID}}
	f.WouldChange = []string{"a declaration of no more than the ceiling, or a deviation to which the other party consents and which the commission enters"}
	b.blame(f, party, "admitted", geo.Million, "its own declaration")
	f.Confidence, f.Word, f.Result = geo.Million, b.a.Evidence.Word(geo.Million), trucewatch.Violation
	return []trucewatch.Finding{*f}
}

// overSeen makes the finding of a day on which more was seen at one time than may
// be there.
func (b *book) overSeen(c *agreement.Ceiling, party trucewatch.PartyID, n, limit int64, at, day trucewatch.Instant, picked []group) *trucewatch.Finding {
	f := b.finding(c.Act, at)
	if f == nil {
		return nil
	}
	f.ID = trucewatch.FindingID(fmt.Sprintf("%s/%s/%s/%s", c.Act, c.ID, party, day.Time().Format("2006-01-02T1504")))
	f.Subject.Zone, f.Quantity = c.Zone, n-limit
	seen := trucewatch.Reason{Text: fmt.Sprintf("seen at one time and place: at least %d", n), Holds: "yes"}
	if len(picked) > 1 {
		seen.Text = fmt.Sprintf("seen at one time: at least %d, in %d places so far apart that nothing could have driven from one to another meanwhile", n, len(picked))
	}
	confidence, means := trucewatch.PPM(geo.Million), picked[0].s.means
	for _, g := range picked {
		p := g.s.confidence * g.share / geo.Million
		confidence, means = min(confidence, p), min(means, g.s.means)
		seen.Because = append(seen.Because, trucewatch.Reason{Text: fmt.Sprintf("incident %v: at least %d at %v", g.s.id, g.count, g.s.when.From), Holds: "yes", Share: p, Evidence: g.s.evidence})
		f.When = f.When.Join(trucewatch.Interval{From: g.s.when.From, Till: max(g.s.when.From, g.s.when.Till)})
	}
	f.Reasons = []trucewatch.Reason{seen, {Text: fmt.Sprintf("party %s may have %d in %s", party, limit, c.Zone), Holds: "yes", Article: c.ID}}
	f.WouldChange = []string{"that some of them were the same, were not of this class or party, or stood outside the zone"}
	b.blame(f, party, "area_of_control", b.a.Evidence.Attribute(1), "it stands there: the side that holds the ground, or its own word")
	b.weigh(f, confidence, means)
	return f
}
