// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"crypto/sha256"
	"iter"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// An Associator holds every observation it was given and the incidents they
// form. It is not safe for use by several goroutines.
//
// Incidents that it hands out are never changed afterwards: a new revision is
// a new value.
type Associator struct {
	rules     *rules
	sources   map[trucewatch.SourceID]int32 // numbers of sources
	nodes     []node
	byID      []int32   // nodes in order of ObservationID
	grid      grid      // nodes by where and when
	formed    []*formed // incidents that are, or once were, more than one lone observation
	unused    []int32   // free places in formed
	incidents int
	rates     patches
	answers   map[[sha256.Size]byte]*answer // about what was in doubt, by what they depend on
	found     map[[sha256.Size]byte]*answer // the same, of a group being divided
	run       Run
	ask       Ask // nil: nobody

	ears     [len(waves)]*ear                                  // by medium
	arrivals map[trucewatch.ObservationID]*trucewatch.Recorded // which have no node of their own
	holder   map[trucewatch.ObservationID]int32                // the node of the shot that holds an arrival

	duty Duty // nil: silence says nothing
}

// A node is an observation in the Associator.
type node struct {
	rec      *trucewatch.Recorded
	spot     spot                   // what the gate looks at
	cause    uint64                 // index of the entry that brought it
	parent   int32                  // union-find: the group this node belongs to
	next     int32                  // next node of the same group, in a ring
	formed   int32                  // place in Associator.formed; -1 while alone and never otherwise
	once     bool                   // an incident had this node's ID at some time
	dead     bool                   // its shot is no more
	buried   bool                   // and no incident holds it any more
	solved   *solved                // of a shot
	patch    *patch                 // where its rates are learned; nil: nowhere
	lateness *lateness              // where it is learned how late such reports are; nil of others
	crosses  []*trucewatch.Recorded // of an arrival of infrasound, others that may be of its source
}

// A formed incident is kept; a lone observation's is built when asked for.
type formed struct {
	incident *trucewatch.Incident
	members  []int32 // nodes, in content order
}

// A Change is one changed incident: either Incident is set (new or changed),
// or the incident Gone has become part of the incident Into, or, if that is the
// zero ID, is no more: its arrivals are explained otherwise.
type Change struct {
	Incident *trucewatch.Incident
	Gone     trucewatch.IncidentID
	Into     trucewatch.IncidentID
}

// id returns what a change is about.
func (c Change) id() trucewatch.IncidentID {
	if c.Incident != nil {
		return c.Incident.ID
	}
	return c.Gone
}

// New returns an Associator without observations.
func New() *Associator {
	return &Associator{rules: newRules(), sources: make(map[trucewatch.SourceID]int32), grid: newGrid(), answers: make(map[[sha256.Size]byte]*answer), rates: newPatches(), run: oneByOne,
		arrivals: make(map[trucewatch.ObservationID]*trucewatch.Recorded), holder: make(map[trucewatch.ObservationID]int32)}
}

// Workers has run carry out what does not depend on each other: the windows in
// which arrivals are searched and the groups that are divided. The incidents are
// the same however it does so.
func (a *Associator) Workers(run Run) { a.run = run }

// Add takes the observations of the entry with the given index and returns the
// incidents that this changed, sorted by IncidentID. An observation whose ID
// is already there is passed over.
func (a *Associator) Add(index uint64, batch []*trucewatch.Recorded) []Change {
	first := int32(len(a.nodes))
	for _, rec := range batch {
		if kind, _, _ := kindOf(rec.Observation); kind.solved {
			a.hear(rec)
			continue
		}
		if at, found := a.search(rec.ID); !found {
			a.insert(index, rec, nil, at)
		}
	}
	var groups []int32 // changed, each once
	seen := make(map[int32]bool)
	changed := a.settle(index)
	for n := first; n < int32(len(a.nodes)); n++ {
		changed = append(changed, n)
	}
	for _, n := range a.stale() {
		if a.nodes[n].next != n {
			changed = append(changed, n)
		}
	}
	for _, n := range changed {
		if root := a.find(n); !seen[root] {
			seen[root] = true
			groups = append(groups, root)
		}
	}
	var changes []Change
	var anew []*division
	for _, root := range groups {
		if a.nodes[root].next == root && root >= first {
			a.nodes[root].once = true
			changes = append(changes, Change{Incident: a.first(root)})
			continue
		}
		if a.nodes[root].next == root && !a.nodes[root].dead && a.nodes[root].formed < 0 {
			changes = append(changes, Change{Incident: a.alone(root)}) // no longer provisional
			continue
		}
		anew = append(anew, a.group(index, root, first))
	}
	changes = append(changes, a.regroup(anew)...)
	slices.SortFunc(changes, func(c, d Change) int { return c.id().Compare(d.id()) })
	return changes
}

// insert makes a node of rec, which v is if it is a shot, puts it in its place of byID and joins it to the
// groups of its neighbours.
func (a *Associator) insert(index uint64, rec *trucewatch.Recorded, v *solved, at int) int32 {
	n := int32(len(a.nodes))
	a.nodes = append(a.nodes, node{rec: rec, cause: index, parent: n, next: n, formed: -1, solved: v})
	a.byID = slices.Insert(a.byID, at, n)
	a.connect(n)
	return n
}

// search returns the place of id in byID and whether it is there.
func (a *Associator) search(id trucewatch.ObservationID) (int, bool) {
	if n := len(a.byID); n == 0 || a.nodes[a.byID[n-1]].rec.ID.Less(id) {
		return n, false // the usual case: the record only grows
	}
	return slices.BinarySearchFunc(a.byID, id, func(n int32, id trucewatch.ObservationID) int {
		return a.nodes[n].rec.ID.Compare(id)
	})
}

// find returns the node that stands for n's group.
func (a *Associator) find(n int32) int32 {
	for a.nodes[n].parent != n {
		a.nodes[n].parent = a.nodes[a.nodes[n].parent].parent
		n = a.nodes[n].parent
	}
	return n
}

// union joins the groups of m and n. The lower node stands for both, so that
// depth stays small: new nodes hang on old ones.
func (a *Associator) union(m, n int32) {
	m, n = a.find(m), a.find(n)
	if m == n {
		return
	}
	a.nodes[max(m, n)].parent = min(m, n)
	a.nodes[m].next, a.nodes[n].next = a.nodes[n].next, a.nodes[m].next
}

// Incident returns the incident with the given ID or alias, nil if there is
// none.
func (a *Associator) Incident(id trucewatch.IncidentID) *trucewatch.Incident {
	at, found := a.search(trucewatch.ObservationID(id))
	if !found || !a.nodes[a.byID[at]].once {
		return nil
	}
	return a.of(a.byID[at])
}

// of returns the incident that node n belongs to.
func (a *Associator) of(n int32) *trucewatch.Incident {
	if f := a.nodes[n].formed; f >= 0 {
		return a.formed[f].incident
	}
	return a.alone(n)
}

// All yields every incident, sorted by ID.
func (a *Associator) All() iter.Seq[*trucewatch.Incident] {
	return func(yield func(*trucewatch.Incident) bool) {
		for _, n := range a.byID {
			in := a.of(n)
			if in.ID == trucewatch.IncidentID(a.nodes[n].rec.ID) && !yield(in) {
				return
			}
		}
	}
}

// Members returns the observations of in, in the order of its links. Links to
// observations that were never added are passed over.
func (a *Associator) Members(in *trucewatch.Incident) []*trucewatch.Recorded {
	var members []*trucewatch.Recorded
	for _, link := range in.Links {
		if rec := a.arrivals[link.Observation]; rec != nil {
			members = append(members, rec)
		} else if at, found := a.search(link.Observation); found {
			members = append(members, a.nodes[a.byID[at]].rec)
		}
	}
	return members
}

// Len returns how many incidents there are.
func (a *Associator) Len() int { return a.incidents }

// Once associates all observations at one go and returns the incidents sorted
// by ID. Each observation's entry index stands for its cause.
func Once(recorded []*trucewatch.Recorded) []*trucewatch.Incident {
	sorted := slices.Clone(recorded)
	slices.SortFunc(sorted, func(r, s *trucewatch.Recorded) int { return r.ID.Compare(s.ID) })
	a := New()
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n].ID.Index == sorted[0].ID.Index {
			n++
		}
		a.Add(sorted[0].ID.Index, sorted[:n])
		sorted = sorted[n:]
	}
	return slices.Collect(a.All())
}
