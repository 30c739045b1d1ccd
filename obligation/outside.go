// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// outsideKept is how long a weapon that was seen outside any site stays listed.
//
// Guess: a week, one round of patrols. Test: readers of the weekly table of
// weapons.
const outsideKept = 7 * trucewatch.Day

// outsideListed is how many of these are listed, those seen last; of the others
// only their number is given. A busy mission sees thousands in a week, and
// each of them changes the list.
//
// Guess: 50, a page. Test: as above.
const outsideListed = 50

// A stray is what one incident shows of a party's weapons, each inside the limit
// of its class or beyond it. What may be either is not among them.
type stray struct {
	s     *sighting
	items []trucewatch.ItemView
}

// compare orders strays by time.
func (x stray) compare(y stray) int { return x.s.compare(y.s) }

// strays are those of one party, filed when they are seen: going through all
// sightings whenever one comes in costs the more, the busier the mission.
type strays struct {
	party   trucewatch.PartyID
	outside []stray            // of weapons in no site, by time
	inside  map[string][]stray // inside the limit of each class that is to be withdrawn, in a site or not, by time
}

func (b *book) openStrays() {
	for _, p := range b.a.PartyIDs {
		b.strays = append(b.strays, strays{party: p, inside: map[string][]stray{}})
	}
}

// placeStrays files what a sighting shows of each party's weapons.
func (b *book) placeStrays(t *text, s *sighting) {
	for i := range b.strays {
		of := &b.strays[i]
		var items []trucewatch.ItemView
		for _, w := range s.weapons(b, of.party) {
			status := b.lineStatus(s, w.class, of.party)
			if status == "" {
				continue
			}
			item := trucewatch.ItemView{Class: w.class.ID, Status: status, Since: s.when.From,
				Item: trucewatch.StoredItem{Weapon: *w.weapon, Count: w.count, State: "undeclared"}}
			items = append(items, item)
			if status == inViolation && b.owesClass(w.class.ID) {
				x := stray{s, []trucewatch.ItemView{item}}
				of.inside[w.class.ID] = insert(of.inside[w.class.ID], x, stray.compare)
				s.bear(part{t.id, "duties", "", ""}, string(trucewatch.Encode(x.items)))
			}
		}
		if len(items) == 0 || s.kind != trucewatch.WeaponSeen || b.a.Storage == nil || b.inSite(s) {
			continue
		}
		of.outside = insert(of.outside, stray{s, items}, stray.compare)
		s.bear(part{t.id, "outside", "", of.party}, string(trucewatch.Encode(items)))
	}
}

// owesClass says whether an obligation is to withdraw a class.
func (b *book) owesClass(class string) bool {
	return slices.ContainsFunc(b.a.Obligations, func(o agreement.Obligation) bool { return o.Class == class })
}

// removeStrays takes out what a sighting shows.
func (b *book) removeStrays(s *sighting) {
	for i := range b.strays {
		of := &b.strays[i]
		of.outside = remove(of.outside, stray{s: s}, stray.compare)
		for _, w := range s.weapons(b, of.party) {
			of.inside[w.class.ID] = remove(of.inside[w.class.ID], stray{s: s}, stray.compare)
		}
	}
}

// straysSince returns those of a list by time from an instant on.
func straysSince(list []stray, at trucewatch.Instant) []stray {
	i, _ := slices.BinarySearchFunc(list, at, func(x stray, at trucewatch.Instant) int { return cmp.Compare(x.s.when.From, at) })
	return list[i:]
}

// straysOf returns what is filed of a party.
func (b *book) straysOf(party trucewatch.PartyID) *strays {
	return &b.strays[slices.IndexFunc(b.strays, func(x strays) bool { return x.party == party })]
}

// outside lists what was seen of a party's weapons that stands in no site: inside
// the limit of its class, or beyond it. What may be either is not listed.
func (b *book) outside(l *Ledger, party trucewatch.PartyID) product {
	state := trucewatch.SiteState{Site: outsideAnySite + string(party), Name: "outside any site", Party: party}
	for _, x := range slices.Backward(straysSince(b.straysOf(party).outside, l.now-outsideKept)) {
		for _, item := range slices.Backward(x.items) {
			if len(state.Items) == outsideListed {
				state.Earlier++
				continue
			}
			state.Items = append(state.Items, item)
		}
	}
	slices.Reverse(state.Items)
	return product{states: []Change{{Site: &state}}}
}

// inSite says whether what was seen may lie in a declared site.
func (b *book) inSite(s *sighting) bool {
	return s.share(ground{b: b, zone: "any site"}, func() trucewatch.PPM {
		middle := s.region.Mean()
		if slices.ContainsFunc(b.a.Storage.Sites, func(site agreement.Site) bool {
			return geo.NearMM(site.At, middle) <= site.RadiusMM+s.region.ExtentMM()/2
		}) {
			return geo.Million
		}
		return 0
	}) > 0
}

// lineStatus says whether a weapon stood inside the limit of its class while that
// bound, or beyond it; "" if it is not certain or there is no limit.
func (b *book) lineStatus(s *sighting, c *agreement.WeaponClass, party trucewatch.PartyID) string {
	if s.when.From < b.a.PhaseEnd(c.Phase, b.reading) || !b.reading.Span.Contains(s.when.From) {
		return ""
	}
	for i := range c.Limit {
		if c.Limit[i].Party != party {
			continue
		}
		switch share := s.share(ground{b: b, zone: "limit", of: c.ID, party: party}, func() trucewatch.PPM { return c.Limit[i].Share(s.region) }); {
		case share >= b.a.Evidence.InIfGE:
			return inViolation
		case share <= b.a.Evidence.OutIfLE:
			return beyondOutside
		}
	}
	return ""
}

// A batch is how many weapons of one class an incident shows at least.
type batch struct {
	class  *agreement.WeaponClass
	weapon *trucewatch.Weapon
	count  int64
}

// weapons returns what a sighting shows of a party's weapons, by class.
func (s *sighting) weapons(b *book, party trucewatch.PartyID) []batch {
	g := ground{b: b, party: party}
	known, ok := s.batches[g]
	if !ok {
		known = s.workOut(b, party)
		if s.batches == nil {
			s.batches = map[ground][]batch{}
		}
		s.batches[g] = known
	}
	return known
}

func (s *sighting) workOut(b *book, party trucewatch.PartyID) []batch {
	var out []batch
	for i := range s.looks {
		k := &s.looks[i]
		if k.weapon == nil || b.holder(s, k) != party {
			continue
		}
		id := b.classOf(k.weapon)
		if id == "" || slices.ContainsFunc(out, func(x batch) bool { return x.class.ID == id }) {
			continue
		}
		n := s.most(func(k *look) bool { return k.weapon != nil && b.classOf(k.weapon) == id && b.holder(s, k) == party })
		out = append(out, batch{class: b.a.Class(id), weapon: k.weapon, count: n})
	}
	return out
}
