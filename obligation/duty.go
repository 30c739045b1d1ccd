// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// extension is the name of the duty to notify, before the end, that the agreement
// goes on.
const extension = "extension"

// An owed is one obligation of one party, for one area where it waits for that
// area's streak.
type owed struct {
	o     *agreement.Obligation
	party trucewatch.PartyID
	area  string // "" if it waits for none
	name  string // "W-1", "W-2@Z0/DA-2"
}

// owed returns what every party owes, in the order of the text.
func (b *book) owed() []owed {
	var out []owed
	for i := range b.a.Obligations {
		o := &b.a.Obligations[i]
		parties := o.Parties
		if len(parties) == 0 {
			parties = b.a.PartyIDs
		}
		for _, p := range parties {
			if !o.Streak {
				out = append(out, owed{o: o, party: p, name: o.ID})
				continue
			}
			for j := range b.streaks {
				out = append(out, owed{o: o, party: p, area: b.streaks[j].area, name: o.ID + "@" + b.streaks[j].area})
			}
		}
	}
	return out
}

// knows says whether a fact is about something of the text.
func (t *text) knows(f *trucewatch.Fact) bool {
	b := t.books[0]
	if f.Kind != "obligation_fulfilled" {
		return slices.ContainsFunc(b.a.Ceilings, func(c agreement.Ceiling) bool { return c.ID == f.Ref })
	}
	return f.Ref == extension && b.a.PreStart != nil ||
		slices.ContainsFunc(b.streaks, func(s streak) bool { return s.area == f.Ref }) ||
		slices.ContainsFunc(b.owed(), func(w owed) bool { return w.name == f.Ref && w.party == f.Party })
}

// A proof is what is known of an obligation being done.
type proof struct {
	done    trucewatch.Instant // shown by who the text says; 0: not
	claimed trucewatch.Instant // the party says so, and nobody who counts confirmed it; 0: not
	against string             // what was seen to the contrary after it was due; "" if nothing
}

// verifies says whether somebody's word is what the text asks for.
func (b *book) verifies(w owed, by string) bool {
	party := slices.Contains(b.a.PartyIDs, trucewatch.PartyID(by))
	switch w.o.VerifiedBy {
	case "mission":
		return by == "mission"
	case "other_party":
		return party && trucewatch.PartyID(by) != w.party
	case "intermediary":
		return by != "" && by != "mission" && !party
	}
	return by != "" && trucewatch.PartyID(by) != w.party
}

// proof looks for an obligation in facts, and, for the withdrawal of a class, in
// the registers of storage sites.
func (b *book) proof(l *Ledger, w owed) proof {
	var out proof
	for i := range l.facts {
		f := &l.facts[i].what
		if f.Kind != "obligation_fulfilled" || f.Ref != w.name || f.Party != w.party {
			continue
		}
		switch {
		case b.verifies(w, f.Confirmed) && out.done == 0:
			out.done = f.At
		case out.claimed == 0:
			out.claimed = f.At
		}
	}
	if out.done == 0 && w.o.Class != "" && (w.o.VerifiedBy == "" || w.o.VerifiedBy == "mission") {
		out.done = b.stored(l, w)
	}
	return out
}

// stored returns when the mission had verified every declared weapon of a class
// and party in its sites, 0 if it has not, or none was declared.
func (b *book) stored(l *Ledger, w owed) trucewatch.Instant {
	if b.a.Storage == nil {
		return 0
	}
	var last trucewatch.Instant
	for _, site := range b.a.Storage.Sites {
		if site.Party != w.party {
			continue
		}
		for _, n := range b.register(l, site.ID).lines {
			switch {
			case n.class != w.o.Class:
			case n.status != verified:
				return 0
			default:
				last = max(last, n.since)
			}
		}
	}
	return last
}

// contrary says what was seen of a class inside its limit after its withdrawal was
// due.
func (b *book) contrary(w owed, due trucewatch.Instant) string {
	if w.o.Class == "" {
		return ""
	}
	c := b.a.Class(w.o.Class)
	if c == nil {
		return ""
	}
	if seen := straysSince(b.straysOf(w.party).inside[c.ID], due); len(seen) > 0 {
		return fmt.Sprintf("incident %v shows %d of them inside their limit at %v", seen[0].s.id, seen[0].items[0].Item.Count, seen[0].s.when.From)
	}
	return ""
}

// duties works out every obligation of the text.
func (b *book) duties(l *Ledger) product {
	var out product
	all := b.owed()
	proofs := make([]proof, len(all))
	for i, w := range all {
		proofs[i] = b.proof(l, w)
	}
	for i, w := range all {
		due, waits := b.due(l, all, proofs, w)
		d := trucewatch.DutyState{Duty: w.name, Party: w.party, Due: due, Reason: waits}
		p := proofs[i]
		late := due != 0 && l.now >= due
		if late {
			p.against = b.contrary(w, due)
		}
		switch ended := b.reading.Span.Till; {
		case p.done != 0:
			d.State, d.Since, d.Reason = "fulfilled", p.done, ""
			if due != 0 && p.done > due {
				d.Reason = "done late"
			}
		case late && p.against != "":
			d.State, d.Since, d.Reason = "failed", due, p.against
		case late:
			d.State, d.Since = "late", due
		case ended != 0 && l.now >= ended:
			d.State, d.Since, d.Reason = "released", ended, "the agreement ended before it was due"
		case waits != "":
			d.State = "waiting"
		default:
			d.State = "due"
		}
		if d.Reason == "" && p.done == 0 && p.claimed != 0 {
			d.Reason = fmt.Sprintf("party %s says that it was done on %s; %s has not confirmed it", w.party, p.claimed.Time().Format("2006-01-02"), verifierWords(w.o.VerifiedBy))
		}
		out.state(Change{Duty: &d})
		if late && (p.done == 0 || p.done > due) {
			if f := b.overdue(w, due, p); f != nil {
				out.findings = append(out.findings, *f)
			}
		}
	}
	b.extend(l, &out)
	return out
}

func verifierWords(by string) string {
	switch by {
	case "mission":
		return "the mission"
	case "other_party":
		return "the other party"
	case "intermediary":
		return "the intermediary"
	}
	return "nobody else"
}

// due returns by when an obligation must be done, 0 if that is not yet known, and
// for what it waits.
func (b *book) due(l *Ledger, all []owed, proofs []proof, w owed) (trucewatch.Instant, string) {
	start := b.reading.Span.From
	if w.area != "" {
		s := b.streak(l, w.area).states[0].Streak
		if s.Reached == 0 {
			return 0, fmt.Sprintf("waits for %d days without fire in %s", s.Needed, w.area)
		}
		start = s.Reached
	}
	for _, id := range w.o.After {
		for i, other := range all {
			switch {
			case other.o.ID != id || other.area != "" && w.area != "" && other.area != w.area:
			case proofs[i].done == 0:
				return 0, fmt.Sprintf("waits for %s's %s", other.party, other.name)
			default:
				start = max(start, proofs[i].done)
			}
		}
	}
	due := start + w.o.Within
	if w.o.Phase != "" {
		due = max(b.a.PhaseEnd(w.o.Phase, b.reading), start)
	}
	for _, id := range w.o.ConcurrentWith {
		for i, other := range all {
			switch {
			case other.o.ID != id || other.party == w.party || other.area != "" && w.area != "" && other.area != w.area:
			case proofs[i].done == 0:
				return 0, fmt.Sprintf("waits for %s's %s", other.party, other.name)
			default:
				due = max(due, proofs[i].done)
			}
		}
	}
	return due, ""
}

// overdue makes the finding that an obligation was not done in time. Where the
// party says that it was done and nobody confirmed it, it is open: that may be the
// fault of who should have looked.
func (b *book) overdue(w owed, due trucewatch.Instant, p proof) *trucewatch.Finding {
	f := b.finding(w.o.Act, due)
	if f == nil {
		return nil
	}
	f.ID = trucewatch.FindingID(fmt.Sprintf("%s/%s/%s", w.o.Act, w.name, w.party))
	f.Subject.Duty = w.name
	f.Reasons = []trucewatch.Reason{{Text: fmt.Sprintf("party %s owed by %v: %s", w.party, due, w.o.Text), Holds: "yes", Article: w.o.ID}}
	say := func(holds, format string, args ...any) {
		f.Reasons = append(f.Reasons, trucewatch.Reason{Text: fmt.Sprintf(format, args...), Holds: holds})
	}
	e := &b.a.Evidence
	var confidence trucewatch.PPM
	switch {
	case p.against != "":
		say("yes", "%s", p.against)
		confidence = max(e.Confirmed, visitConfidence)
	case p.done != 0:
		say("yes", "it was done, and shown, on %v: late", p.done)
		confidence = max(e.Confirmed, visitConfidence)
		f.Severity = 1 // Source: severity 1 is "technical (late notice, short delay)", docs/glossary.md
	case p.claimed != 0:
		say("unknown", "the party says that it was done on %v; %s has not confirmed it", p.claimed, verifierWords(w.o.VerifiedBy))
		confidence = e.Possible
	default:
		// The record may have begun later, or nobody looked: its silence accuses nobody.
		say("unknown", "the record does not show that it was done, and the party has not said so: its silence alone is no breach")
		confidence = e.Possible
	}
	f.WouldChange = []string{"proof that it was done by then, by " + verifierWords(w.o.VerifiedBy)}
	b.blame(f, w.party, "party", confidence, "it is its own duty")
	b.weigh(f, confidence, e.Means(b.a.Act(f.Act).Severity))
	return f
}

// extend says by when an extension must be notified, where the agreement ends by
// itself. That nobody does is no breach: the agreement then ends.
func (b *book) extend(l *Ledger, out *product) {
	due := b.extendBy()
	if due == 0 {
		return
	}
	d := trucewatch.DutyState{Duty: extension, State: "due", Due: due, Reason: fmt.Sprintf("the agreement ends at %v", b.reading.Span.Till)}
	i := slices.IndexFunc(l.facts, func(f dated[trucewatch.Fact]) bool {
		return f.what.Kind == "obligation_fulfilled" && f.what.Ref == extension && f.what.At <= due
	})
	switch {
	case i >= 0:
		d.State, d.Since, d.Reason = "fulfilled", l.facts[i].what.At, ""
	case l.now >= due:
		d.State, d.Since, d.Reason = "failed", due, fmt.Sprintf("no extension was notified: the agreement ends at %v", b.reading.Span.Till)
	}
	out.state(Change{Duty: &d})
}

func (b *book) extendBy() trucewatch.Instant {
	if b.a.PreStart == nil || b.a.PreStart.ExtendLead == 0 || b.reading.Span.Till == 0 {
		return 0
	}
	return b.reading.Span.Till - b.a.PreStart.ExtendLead
}

// dutyDues returns the instants at which obligations are due.
func (b *book) dutyDues(l *Ledger) []trucewatch.Instant {
	var out []trucewatch.Instant
	if at := b.extendBy(); at != 0 {
		out = append(out, at)
	}
	all := b.owed()
	proofs := make([]proof, len(all))
	for i, w := range all {
		proofs[i] = b.proof(l, w)
	}
	for _, w := range all {
		if due, _ := b.due(l, all, proofs, w); due != 0 {
			out = append(out, due)
		}
	}
	if till := b.reading.Span.Till; till != 0 {
		out = append(out, till)
	}
	slices.SortFunc(out, cmp.Compare)
	return slices.Compact(out)
}
