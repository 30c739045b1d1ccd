// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// A division is one group being divided anew. What it works out depends on the
// group alone, so that several are worked out at the same time; what that changes
// is put together afterwards, in the order of the record.
//
// Names: an incident is named by its member recorded earliest. So on a merge
// the lower name survives, and a split leaves it with the founder; a name that
// is in use no longer stands for the incident that now holds its founder.
type division struct {
	index   uint64
	fresh   int32   // nodes from this one on are new
	members []int32 // in content order, without the dead
	dead    []int32
	before  []*formed
	after   []*formed
	changes []Change
	answers map[[sha256.Size]byte]*answer // found on the way
}

// group readies the group of root to be divided anew.
func (a *Associator) group(index uint64, root, fresh int32) *division {
	members := []int32{root}
	for n := a.nodes[root].next; n != root; n = a.nodes[n].next {
		members = append(members, n)
	}
	slices.SortFunc(members, func(m, n int32) int { return contentOrder(a.nodes[m].rec.Observation, a.nodes[n].rec.Observation) })
	d := &division{index: index, fresh: fresh, before: a.before(members, fresh)}
	d.members = slices.DeleteFunc(members, func(n int32) bool {
		if a.nodes[n].dead {
			d.dead = append(d.dead, n)
		}
		return a.nodes[n].dead
	})
	return d
}

// work divides the group. It changes nothing of a.
func (d *division) work(a *Associator) {
	own := *a
	d.answers = make(map[[sha256.Size]byte]*answer)
	own.found = d.answers
	for _, now := range own.drafts(d.members, len(d.dead) == 0) {
		d.revise(&own, now)
	}
}

// drafts divides a group, given in content order, into incidents; whole says that
// nothing was taken out of it.
func (a *Associator) drafts(members []int32, whole bool) (out []*draft) {
	for _, p := range a.split(members, whole) {
		for _, s := range p.sets {
			if s != nil {
				out = append(out, a.draftOf(p, s))
			}
		}
	}
	return out
}

// work divides groups, here or on shards.
func (a *Associator) work(all []*division) {
	if a.ask != nil {
		var asked, left []*division
		var pieces []Piece
		for _, d := range all {
			if len(d.members) > 0 {
				asked, pieces = append(asked, d), append(pieces, d.piece(a))
			}
		}
		for i, answer := range a.ask.answers(pieces) {
			if !asked[i].take(a, answer) {
				left = append(left, asked[i])
			}
		}
		all = left
	}
	a.run(len(all), func(i int) { all[i].work(a) })
}

// regroup divides groups anew and returns what changed.
func (a *Associator) regroup(all []*division) []Change {
	a.work(all)
	var changes []Change
	for _, d := range all {
		a.replace(d.before, d.after)
		for _, n := range d.dead {
			a.nodes[n].formed, a.nodes[n].buried = -1, true
		}
		if len(a.answers)+len(d.answers) > knownMax {
			clear(a.answers)
		}
		maps.Copy(a.answers, d.answers)
		changes = append(changes, d.changes...)
	}
	// Arrivals of a shot that is no more may now be another group's.
	for _, d := range all {
		for _, old := range d.before {
			if into := a.successor(old.incident); into != old.incident.ID {
				changes = append(changes, Change{Gone: old.incident.ID, Into: into})
			}
		}
	}
	return changes
}

// successor returns the ID of the incident that now holds most of what old held,
// by its first observation that is still in one; zero if there is none.
func (a *Associator) successor(old *trucewatch.Incident) trucewatch.IncidentID {
	if n, held := a.holderOf(trucewatch.ObservationID(old.ID)); held {
		return a.of(n).ID
	}
	for _, link := range old.Links {
		if n, held := a.holderOf(link.Observation); held && a.nodes[n].spot.capacity == 0 {
			return a.of(n).ID
		}
	}
	return trucewatch.IncidentID{}
}

// before returns the incidents that members formed until now, each with its
// founder as first member, sorted by ID.
func (a *Associator) before(members []int32, fresh int32) []*formed {
	var out []*formed
	for _, n := range members {
		if n >= fresh || a.nodes[n].buried {
			continue
		}
		in := a.of(n)
		if in.ID != trucewatch.IncidentID(a.nodes[n].rec.ID) {
			continue
		}
		old := &formed{incident: in, members: []int32{n}}
		out = append(out, old)
	}
	slices.SortFunc(out, earlier)
	return out
}

func earlier(f, g *formed) int { return f.incident.ID.Compare(g.incident.ID) }

// A draft is an incident of a group before it has a name.
type draft struct {
	members  []int32 // nodes
	home     []int32 // of count reports of which it leaves nothing over
	incident trucewatch.Incident
	rest     func() *trucewatch.Incident // all of it; nil if incident is not only Links, Degraded and State
}

// draftOf readies the incident of s. What takes long is left for when it is
// needed.
func (a *Associator) draftOf(p *partition, s *set) *draft {
	own := a.links(p, s) // one for each exhibit
	d := &draft{home: s.atHome(), incident: trucewatch.Incident{Links: spread(s, own), Degraded: p.degraded, State: s.state()}}
	for _, e := range append(slices.Clone(s.members), s.claims...) {
		d.members = append(d.members, e.number)
	}
	d.rest = func() *trucewatch.Incident { return a.draft(p, s, own) }
	return d
}

// revise names an incident of the group, and notes whether it differs from the one
// that had its name.
func (d *division) revise(a *Associator, now *draft) {
	first := a.nodes[now.members[0]].rec.ID
	for _, n := range now.members {
		if id := a.nodes[n].rec.ID; id.Less(first) {
			first = id
		}
	}
	id := trucewatch.IncidentID(first)
	f := &formed{members: append(now.members, now.home...)}
	d.after = append(d.after, f)
	var aliases []trucewatch.IncidentID
	for _, n := range f.members {
		if alias := trucewatch.IncidentID(a.nodes[n].rec.ID); a.nodes[n].once && alias != id {
			aliases = append(aliases, alias)
		}
	}
	slices.SortFunc(aliases, trucewatch.IncidentID.Compare)
	in := &now.incident
	var old *trucewatch.Incident
	if i, found := slices.BinarySearchFunc(d.before, id, func(f *formed, id trucewatch.IncidentID) int { return f.incident.ID.Compare(id) }); found {
		old = d.before[i].incident
		if slices.Equal(old.Links, in.Links) && old.Degraded == in.Degraded && old.State == in.State && slices.Equal(old.Aliases, aliases) &&
			slices.Equal(old.Silent, a.silent(old, a.evidence(f.members))) && !now.moved(a, old) {
			f.incident = old
			return
		}
	}
	f.incident = in
	if now.rest != nil {
		f.incident = now.rest()
		f.incident.Links = in.Links
	}
	f.incident.ID, f.incident.Aliases = id, aliases
	if silent := a.silent(f.incident, a.evidence(f.members)); len(silent) > 0 {
		doubt(f.incident, silent)
	}
	what := difference(old, f.incident)
	if at, _ := a.search(first); old == nil && a.byID[at] < d.fresh {
		what = "split off from incident " + a.of(a.byID[at]).ID.String()
	}
	f.incident.History = history(old, trucewatch.Revision{Index: d.index, What: what})
	d.changes = append(d.changes, Change{Incident: f.incident})
}

// moved says whether places or times of the draft, whose links are those of old, are other
// than old's. Those of reports follow from them; but a shot may be solved a little
// otherwise and its arrivals be worth as much as before.
func (m *draft) moved(a *Associator, old *trucewatch.Incident) bool {
	if !slices.ContainsFunc(m.members, func(n int32) bool { return a.nodes[n].solved != nil }) {
		return false
	}
	in := &m.incident
	if m.rest != nil {
		in = m.rest()
	}
	return old.When != in.When || !bytes.Equal(trucewatch.Encode(old.Estimates), trucewatch.Encode(in.Estimates))
}

// replace puts the incidents after in place of those before.
func (a *Associator) replace(before, after []*formed) {
	for _, old := range before {
		if k := a.nodes[old.members[0]].formed; k >= 0 {
			a.formed[k] = nil
			a.unused = append(a.unused, k)
		}
	}
	for _, f := range after {
		var k int32
		if last := len(a.unused) - 1; last >= 0 {
			k, a.unused = a.unused[last], a.unused[:last]
			a.formed[k] = f
		} else {
			k = int32(len(a.formed))
			a.formed = append(a.formed, f)
		}
		for _, n := range f.members {
			a.nodes[n].formed = k
			if trucewatch.IncidentID(a.nodes[n].rec.ID) == f.incident.ID {
				a.nodes[n].once = true
			}
		}
	}
	a.incidents += len(after) - len(before)
}

// history adds a revision to that of old. Beyond ListMax the last place always
// holds the latest revision and says that some are left out.
func history(old *trucewatch.Incident, r trucewatch.Revision) []trucewatch.Revision {
	if old == nil {
		return []trucewatch.Revision{r}
	}
	kept := slices.Clone(old.History)
	if len(kept) >= trucewatch.ListMax {
		kept = kept[:trucewatch.ListMax-1]
		r.What += " (revisions before this one are left out)"
	}
	return append(kept, r)
}

// difference says in words what a new incident, or a new revision, is.
func difference(old, in *trucewatch.Incident) string {
	if old == nil {
		if len(in.Links) == 1 {
			return "first recorded"
		}
		return "first recorded, with " + number(len(in.Links)) + " observations"
	}
	came, left := lacking(in.Links, old.Links), lacking(old.Links, in.Links)
	var what string
	if len(came) > 0 {
		what = "joined: " + list(came)
	}
	if len(left) > 0 {
		if what != "" {
			what += "; "
		}
		what += "no longer here: " + list(left)
	}
	for _, alias := range in.Aliases {
		if !slices.Contains(old.Aliases, alias) {
			what += "; merged with incident " + alias.String()
		}
	}
	if what == "" && !slices.Equal(old.Phenomena, in.Phenomena) {
		return "what it counts changed"
	}
	if what == "" && !slices.Equal(old.Silent, in.Silent) {
		return dutyRevision
	}
	if what == "" && old.State != in.State {
		return "now " + in.State
	}
	if what == "" && slices.Equal(old.Links, in.Links) {
		return "where or when it was changed a little"
	}
	if what == "" {
		return "the weight of its links changed"
	}
	return what
}

// lacking returns the observations of links that are not among others.
func lacking(links, others []trucewatch.Link) []trucewatch.ObservationID {
	var out []trucewatch.ObservationID
	for _, l := range links {
		_, found := slices.BinarySearchFunc(others, l.Observation, func(m trucewatch.Link, id trucewatch.ObservationID) int {
			return m.Observation.Compare(id)
		})
		if !found {
			out = append(out, l.Observation)
		}
	}
	return out
}

// list writes up to eight observations.
func list(ids []trucewatch.ObservationID) string {
	s := ""
	for i, id := range ids {
		if i == 8 {
			return s + " and " + number(len(ids)-8) + " more"
		}
		if i > 0 {
			s += ", "
		}
		s += id.String()
	}
	return s
}
