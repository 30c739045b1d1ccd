// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/judge"
)

// A WhatIf is what would be found of the same incidents under other terms.
// Nothing of it enters the record, and no finding of it is ever public.
type WhatIf struct {
	Agreement string          // ID of the other text
	Version   int             // of it
	Bundle    trucewatch.Hash // of it
	Incidents int             // judged
	Same      int             // findings that stand as they are
	Shifts    []Shift         // by incident, then act and reading
	Totals    []ActTotal      // by act and result, of all findings that changed or not
}

// A Shift is one finding that would be another, would not be, or would be new.
type Shift struct {
	Incident trucewatch.IncidentID
	Act      trucewatch.ActID
	Reading  string
	Now      *trucewatch.Finding // nil: not found under the terms in force
	Then     *trucewatch.Finding // nil: not found under the others
}

// An ActTotal counts the findings of an act with a result under both texts.
type ActTotal struct {
	Act       trucewatch.ActID
	Result    trucewatch.Result
	Now, Then int
}

// whatIfChunk is how many incidents are judged in one task: enough that handing
// tasks out costs nothing beside them.
const whatIfChunk = 512

// WhatIf judges every incident of the record again as if other stood in place of
// the adopted agreements of the same ID, or of all if none has it. Run calls f
// with 0..n-1, in any order and at once if it likes; the answer is the same.
// Exemptions that were notified are held against the other text too.
func (s *State) WhatIf(other *agreement.Agreement, run func(n int, f func(i int))) WhatIf {
	trial := *other
	trial.Status = agreement.InForce // a draft judges nothing: here it is tried
	terms := judge.Read(s.termsWith(&trial), nil)
	var all []*trucewatch.Incident
	for in := range s.incidents.All() {
		all = append(all, in)
	}
	parts := make([]WhatIf, (len(all)+whatIfChunk-1)/whatIfChunk)
	run(len(parts), func(i int) {
		for _, in := range all[i*whatIfChunk : min((i+1)*whatIfChunk, len(all))] {
			then := judge.Incident(s.judgeInput(in, terms, s.next))
			s.shift(&parts[i], in.ID, then)
		}
	})
	out := WhatIf{Agreement: other.ID, Version: other.Version, Bundle: other.Hash(), Incidents: len(all)}
	for i := range parts {
		out.Same += parts[i].Same
		out.Shifts = append(out.Shifts, parts[i].Shifts...)
		for _, t := range parts[i].Totals {
			out.count(t.Act, t.Result, t.Now, t.Then)
		}
	}
	return out
}

// termsWith returns the adopted agreements with another text in the place of
// those that it would replace.
func (s *State) termsWith(other *agreement.Agreement) []*agreement.Agreement {
	terms := slices.DeleteFunc(slices.Clone(s.agreements), func(a *agreement.Agreement) bool { return a.ID == other.ID })
	if len(terms) == len(s.agreements) {
		terms = nil
	}
	return append(terms, other)
}

// shift compares what stands of an incident with what would.
func (s *State) shift(w *WhatIf, id trucewatch.IncidentID, then []trucewatch.Finding) {
	var now []*trucewatch.Finding
	for _, f := range s.byIncident[id] {
		if current := s.findings[f].current; current.State != withdrawn {
			now = append(now, current)
			w.count(current.Act, current.Result, 1, 0)
		}
	}
	for i := range then {
		f := &then[i]
		w.count(f.Act, f.Result, 0, 1)
		j := slices.IndexFunc(now, func(g *trucewatch.Finding) bool { return g.Act == f.Act && g.Reading == f.Reading })
		if j < 0 {
			w.Shifts = append(w.Shifts, Shift{Incident: id, Act: f.Act, Reading: f.Reading, Then: f})
			continue
		}
		if now[j].Result == f.Result && now[j].Severity == f.Severity && now[j].Exemption == f.Exemption && now[j].Quantity == f.Quantity {
			w.Same++
		} else {
			w.Shifts = append(w.Shifts, Shift{Incident: id, Act: f.Act, Reading: f.Reading, Now: now[j], Then: f})
		}
		now = slices.Delete(now, j, j+1)
	}
	for _, f := range now {
		w.Shifts = append(w.Shifts, Shift{Incident: id, Act: f.Act, Reading: f.Reading, Now: f})
	}
}

// count adds to the totals, which stay sorted.
func (w *WhatIf) count(act trucewatch.ActID, result trucewatch.Result, now, then int) {
	i, found := slices.BinarySearchFunc(w.Totals, ActTotal{Act: act, Result: result}, func(a, b ActTotal) int {
		return cmp.Or(cmp.Compare(a.Act, b.Act), cmp.Compare(a.Result, b.Result))
	})
	if !found {
		w.Totals = slices.Insert(w.Totals, i, ActTotal{Act: act, Result: result})
	}
	w.Totals[i].Now += now
	w.Totals[i].Then += then
}
