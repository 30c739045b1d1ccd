// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// The statuses of an item.
//
// Source: the words of mission reports on withdrawal, 2015-2021, and of the
// agreement's storage.statuses (docs/formats/agreement.md).
const (
	declared       = "declared"
	verified       = "in_site_verified"
	unverifiable   = "in_site_unverifiable"
	missing        = "missing"
	missingAgain   = "missing_again"
	abandoned      = "abandoned"
	inViolation    = "in_violation_of_line"
	beyondOutside  = "beyond_line_outside_site"
	outsideAnySite = "outside/" // and the party: the name of what stands in no site
)

// visitConfidence is that a visit of the mission saw what it says of an item.
//
// Guess: 95 %; a number plate is misread, a hall is not shown. Test: visits of two
// patrols to one site on one day.
const visitConfidence trucewatch.PPM = 950_000

// A register is what is known of the items of a site, as declarations and visits
// follow one another.
type register struct {
	b          *book
	site       *agreement.Site
	lines      []line
	declared   trucewatch.Instant
	visited    trucewatch.Instant // last visit that was let in
	tried      trucewatch.Instant // last visit, let in or not
	deniedLast bool
	findings   []trucewatch.Finding
}

// A line is one item, or a number of them without numbers.
type line struct {
	item    trucewatch.StoredItem
	class   string
	status  string
	since   trucewatch.Instant
	visit   uint64             // entry of the visit that last said something of it
	missed  trucewatch.Instant // when it was last found missing; 0: never
	dropped bool               // a later declaration no longer names it
}

func (b *book) siteOf(id string) *agreement.Site {
	if b.a.Storage == nil {
		return nil
	}
	for i := range b.a.Storage.Sites {
		if s := &b.a.Storage.Sites[i]; s.ID == id {
			return s
		}
	}
	return nil
}

// register reads what was declared and seen of a site, in the order of the times
// that the entries speak of.
func (b *book) register(l *Ledger, id string) *register {
	if r := b.registers[id]; r != nil {
		return r
	}
	r := &register{b: b, site: b.siteOf(id)}
	b.registers[id] = r
	r.declare(r.site.Items, b.reading.Span.From)
	for i := range l.inventories {
		d := &l.inventories[i]
		switch inv := &d.what; {
		case inv.Site != id || inv.Party != r.site.Party:
		case inv.State == "declared":
			r.declared = inv.At
			r.declare(inv.Items, inv.At)
		case slices.Contains(b.a.PartyIDs, trucewatch.PartyID(inv.By)):
			// What the other party says of a site is a claim, and no visit.
		default:
			r.visit(inv, d.index)
		}
	}
	return r
}

// keyOf names an item: one with a number by it, others by what they are.
func keyOf(it *trucewatch.StoredItem) string {
	w := &it.Weapon
	return fmt.Sprintf("%s|%s|%d|%s", w.Platform, strings.ToLower(w.Model), w.CalibreMM, it.Serial)
}

// declare takes a declaration in place of the one before. What was found missing
// stays missing, even if it is no longer declared: leaving it out brings nothing
// back.
func (r *register) declare(items []trucewatch.StoredItem, at trucewatch.Instant) {
	for i := range r.lines {
		r.lines[i].dropped = true
	}
	for _, it := range items {
		if i := slices.IndexFunc(r.lines, func(l line) bool { return keyOf(&l.item) == keyOf(&it) && !isMissing(l.status) }); i >= 0 {
			r.lines[i].dropped = false
			r.lines[i].item.Count = it.Count
			continue
		}
		if slices.ContainsFunc(r.lines, func(l line) bool { return it.Serial != "" && keyOf(&l.item) == keyOf(&it) }) {
			for i := range r.lines {
				if keyOf(&r.lines[i].item) == keyOf(&it) {
					r.lines[i].dropped = false
				}
			}
			continue
		}
		r.lines = append(r.lines, line{item: it, class: r.b.classOf(&it.Weapon), status: declared, since: at})
	}
	r.lines = slices.DeleteFunc(r.lines, func(l line) bool { return l.dropped && !isMissing(l.status) })
}

func isMissing(status string) bool { return status == missing || status == missingAgain }

// classOf returns the class of a weapon, "" if it is not certain.
func (b *book) classOf(w *trucewatch.Weapon) string {
	c, certain, ok := b.a.ClassOf(w)
	if !ok || !certain {
		return ""
	}
	return c.ID
}

// visit takes what somebody other than the parties saw at the site.
func (r *register) visit(v *trucewatch.Inventory, index uint64) {
	r.tried, r.deniedLast = v.At, v.State == "access_denied"
	switch v.State {
	case "access_denied":
		for i := range r.lines {
			r.set(i, unverifiable, v.At, index)
		}
		r.denied(v, index)
		return
	case "abandoned":
		r.visited = v.At
		for i := range r.lines {
			r.set(i, abandoned, v.At, index)
		}
	default:
		r.visited = v.At
	}
	for i := range v.Items {
		if it := &v.Items[i]; it.Serial != "" {
			r.seen(it, v.At, index)
		} else if i == slices.IndexFunc(v.Items, func(o trucewatch.StoredItem) bool { return keyOf(&o) == keyOf(it) }) {
			r.counted(v, it, index)
		}
	}
	if v.State == "numbers_refused" {
		for i := range r.lines {
			if r.lines[i].item.Serial != "" && r.lines[i].visit != index {
				r.set(i, unverifiable, v.At, index)
			}
		}
	}
	for i := range r.lines {
		if l := &r.lines[i]; l.visit == index && (isMissing(l.status) || l.status == abandoned) {
			r.found(v, l, index)
		}
	}
}

// set changes the status of an item. What was missing stays missing until somebody
// sees it again.
func (r *register) set(i int, status string, at trucewatch.Instant, index uint64) {
	l := &r.lines[i]
	if isMissing(l.status) && status == unverifiable {
		return
	}
	if l.status != status {
		l.since = at
	}
	l.status, l.visit = status, index
	if isMissing(status) {
		l.missed = at
	}
}

// seen takes what a visit says of one item by its number.
func (r *register) seen(it *trucewatch.StoredItem, at trucewatch.Instant, index uint64) {
	i := slices.IndexFunc(r.lines, func(l line) bool { return keyOf(&l.item) == keyOf(it) })
	if i < 0 {
		if it.State != "missing" {
			r.undeclared(*it, at, index)
		}
		return
	}
	status := map[string]string{"present": verified, "missing": missing}[it.State]
	switch {
	case status == "":
		status = unverifiable
	case status == missing && r.lines[i].missed != 0:
		status = missingAgain
	}
	r.set(i, status, at, index)
	r.lines[i].item.State = it.State
}

// undeclared keeps what stands there and nobody declared: there is nothing to
// check it by.
func (r *register) undeclared(it trucewatch.StoredItem, at trucewatch.Instant, index uint64) {
	it.State = "undeclared"
	r.lines = append(r.lines, line{item: it, class: r.b.classOf(&it.Weapon), status: unverifiable, since: at, visit: index})
}

// counted takes what a visit says of weapons of one sort without numbers. Of twelve
// declared, nine that are there leave three missing; three that are missing leave
// nine of which the visit says nothing.
func (r *register) counted(v *trucewatch.Inventory, it *trucewatch.StoredItem, index uint64) {
	said := map[string]int64{}
	for i := range v.Items {
		if o := &v.Items[i]; keyOf(o) == keyOf(it) {
			said[o.State] += o.Count
		}
	}
	var before []line // of this sort, declared
	var whole, missedBefore int64
	r.lines = slices.DeleteFunc(r.lines, func(l line) bool {
		if keyOf(&l.item) != keyOf(it) || l.item.State == "undeclared" {
			return false
		}
		before = append(before, l)
		whole += l.item.Count
		if l.missed != 0 {
			missedBefore += l.item.Count
		}
		return true
	})
	there, gone, unsure := said["present"], said["missing"], said["unverifiable"]
	if v.State == "numbers_refused" {
		there, unsure = 0, unsure+there
	}
	switch rest := whole - there - gone - unsure; {
	case rest < 0:
		said["undeclared"] -= rest
		there += min(0, rest) // what is more than declared was not declared
	case there+unsure > 0:
		gone += rest
	default:
		unsure += rest
	}
	again := min(gone, missedBefore)
	for _, n := range []struct {
		status, state string
		count         int64
	}{{verified, "present", there}, {unverifiable, "unverifiable", unsure}, {missingAgain, "missing", again}, {missing, "missing", gone - again}} {
		if n.count <= 0 {
			continue
		}
		l := line{item: trucewatch.StoredItem{Weapon: it.Weapon, Count: n.count, State: n.state}, class: r.b.classOf(&it.Weapon), status: n.status, since: v.At, visit: index}
		if i := slices.IndexFunc(before, func(b line) bool { return b.status == n.status }); i >= 0 {
			l.since = before[i].since
		}
		if n.state == "missing" {
			l.missed = v.At
		}
		r.lines = append(r.lines, l)
	}
	if more := said["undeclared"]; more > 0 {
		o := *it
		o.Count = more
		r.undeclared(o, v.At, index)
	}
}

// found makes the finding of a missing item: one for each item and visit.
func (r *register) found(v *trucewatch.Inventory, l *line, index uint64) {
	act := actAbout(r.b.a, func(c *agreement.Act) bool { return slices.Contains(c.When.Kinds, trucewatch.InventoryMismatch) })
	f := r.b.finding(act, v.At)
	if f == nil {
		return
	}
	name := itemWords(&l.item)
	f.ID = trucewatch.FindingID(fmt.Sprintf("%s/%s/%d/%s", act, r.site.ID, index, strings.ReplaceAll(keyOf(&l.item), "|", "-")))
	f.Subject.Site, f.Quantity = r.site.ID, max(1, l.item.Count)
	f.Reasons = append(f.Reasons,
		trucewatch.Reason{Text: fmt.Sprintf("%s is declared at %s", name, r.site.Name), Holds: "yes"},
		trucewatch.Reason{Text: fmt.Sprintf("the visit of %v found it %s", v.At, strings.ReplaceAll(l.status, "_", " ")), Holds: "yes", Article: string(act), Share: visitConfidence})
	f.WouldChange = []string{"the item shown to the mission, by its number, at the site or where it was moved with notice"}
	if l.status == missingAgain {
		r.repeat(f)
	}
	r.b.blame(f, r.site.Party, "party", visitConfidence, "the site and the item are its own, by its declaration")
	r.b.weigh(f, visitConfidence, 1)
	r.findings = append(r.findings, *f)
}

// repeat weighs a finding as the text says of repeats.
func (r *register) repeat(f *trucewatch.Finding) {
	f.Reasons = append(f.Reasons, trucewatch.Reason{Text: "an earlier visit found it missing, too", Holds: "yes"})
	for _, g := range r.b.a.Aggravation {
		if g.If == "repeat" {
			f.Severity = max(1, min(4, f.Severity+g.By))
			f.Aggravated = append(f.Aggravated, "missing again: an earlier visit found it missing, too")
			return
		}
	}
}

// denied makes the finding that a visit was not let in.
func (r *register) denied(v *trucewatch.Inventory, index uint64) {
	a := r.b.a
	act := actAbout(a, func(c *agreement.Act) bool {
		return slices.Contains(c.When.Kinds, trucewatch.RestrictionMet) && slices.Contains(c.When.RestrictionTypes, "denial")
	})
	f := r.b.finding(act, v.At)
	if f == nil {
		return
	}
	f.ID = trucewatch.FindingID(fmt.Sprintf("%s/%s/%d", act, r.site.ID, index))
	f.Subject.Site = r.site.ID
	f.Reasons = append(f.Reasons, trucewatch.Reason{Text: fmt.Sprintf("the visit of %v to %s was not let in", v.At, r.site.Name), Holds: "yes", Article: string(act), Share: visitConfidence})
	if v.Text != "" {
		f.Reasons[0].Because = []trucewatch.Reason{{Text: "reason given: " + v.Text, Holds: "unknown"}}
	}
	f.WouldChange = []string{"a visit that is let in before the next is due"}
	r.b.blame(f, r.site.Party, "party", visitConfidence, "it holds the site")
	r.b.weigh(f, visitConfidence, 1)
	r.findings = append(r.findings, *f)
}

func itemWords(it *trucewatch.StoredItem) string {
	w := &it.Weapon
	name := strings.ReplaceAll(string(w.Platform), "_", " ")
	if w.Model != "" {
		name = w.Model
	}
	if it.Serial != "" {
		return name + " no. " + it.Serial
	}
	return fmt.Sprintf("%d %s", it.Count, name)
}

// nextVisit returns when a site must be visited next, 0 if the text does not say.
// A visit that is not let in was a visit: the duty is the mission's.
func (b *book) nextVisit(l *Ledger, id string) trucewatch.Instant {
	if b.a.Storage == nil || b.a.Storage.MaxInterval == 0 {
		return 0
	}
	last := b.reading.Span.From
	for i := range l.inventories {
		if inv := &l.inventories[i].what; inv.Site == id && inv.State != "declared" && !slices.Contains(b.a.PartyIDs, trucewatch.PartyID(inv.By)) {
			last = max(last, inv.At)
		}
	}
	return last + b.a.Storage.MaxInterval
}

// site works out a storage site.
func (b *book) site(l *Ledger, id string) product {
	r := b.register(l, id)
	state := trucewatch.SiteState{Site: id, Name: r.site.Name, Party: r.site.Party, Declared: r.declared, Visited: r.visited, NextVisit: b.nextVisit(l, id)}
	for _, n := range r.lines {
		state.Items = append(state.Items, trucewatch.ItemView{Item: n.item, Class: n.class, Status: n.status, Since: n.since})
	}
	out := product{findings: r.findings}
	out.state(Change{Site: &state})
	if state.NextVisit != 0 {
		d := trucewatch.DutyState{Duty: "inspection/" + id, State: "due", Due: state.NextVisit, Since: max(r.tried, b.reading.Span.From), Reason: "the mission owes a visit"}
		if l.now >= d.Due && b.reading.Span.Contains(d.Due) {
			d.State = "late"
		}
		if r.deniedLast {
			d.Reason = fmt.Sprintf("the mission was not let in on %s", r.tried.Time().Format("2006-01-02"))
		}
		out.state(Change{Duty: &d})
	}
	return out
}
