// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// A text is an agreement in all its readings.
type text struct {
	id    string
	hash  trucewatch.Hash
	books []*book // at least one, the text as it stands first
	// silences are the grounds of windows of silence, by notification.
	silences map[string]*geo.Zone
}

// A book is an agreement in one reading, with what it keeps of its own.
type book struct {
	a        *agreement.Agreement
	reading  trucewatch.Reading // when it is in force, so read
	heldBy   []trucewatch.PartyID
	streaks  []streak  // of each area of the streak's zone, in the order of the text
	ceilings []counted // of each party, in the order of the text
	strays   []strays  // of each party, in the order of the text
	// registers are those of sites of which nothing was entered since.
	registers map[string]*register
}

func newText(variants []agreement.Variant) *text {
	t := &text{id: variants[0].Agreement.ID, hash: variants[0].Agreement.Hash(), silences: map[string]*geo.Zone{}}
	for _, v := range variants {
		b := &book{a: v.Agreement, reading: trucewatch.Reading{ID: v.Reading, Span: v.Span, Basis: v.Basis}, heldBy: v.HeldBy, registers: map[string]*register{}}
		b.openStreaks()
		b.openCeilings()
		b.openStrays()
		t.books = append(t.books, b)
	}
	return t
}

// A part is one thing that a text asks for: what is worked out together.
type part struct {
	text  string // ID of the agreement
	kind  string // site, outside, ceiling, streak, duties, silence
	id    string
	party trucewatch.PartyID
}

func (p part) key() string {
	return strings.Join([]string{p.text, p.kind, p.id, string(p.party)}, "\x00")
}

// parts returns the parts of a text, in the order in which they are worked out.
func (t *text) parts(l *Ledger) []part {
	a := t.books[0].a
	var out []part
	add := func(kind, id string, party trucewatch.PartyID) { out = append(out, part{t.id, kind, id, party}) }
	if a.Storage != nil {
		for _, s := range a.Storage.Sites {
			add("site", s.ID, s.Party)
		}
		for _, p := range a.PartyIDs {
			add("outside", "", p)
		}
	}
	for i := range a.Ceilings {
		for _, p := range partiesOf(a, a.Ceilings[i].Party) {
			add("ceiling", a.Ceilings[i].ID, p)
		}
	}
	for i := range t.books[0].streaks {
		add("streak", t.books[0].streaks[i].area, "")
	}
	// Duties come after streaks and sites: they may wait for them.
	if len(a.Obligations) > 0 || a.PreStart != nil && a.PreStart.ExtendLead > 0 {
		add("duties", "", "")
	}
	for _, n := range l.notices {
		if t.silences[n.ID] != nil {
			add("silence", n.ID, "")
		}
	}
	return out
}

func partiesOf(a *agreement.Agreement, party trucewatch.PartyID) []trucewatch.PartyID {
	if party != "" {
		return []trucewatch.PartyID{party}
	}
	return a.PartyIDs
}

// A product is what a part is, in one reading.
type product struct {
	states   []Change
	findings []trucewatch.Finding
}

func (p *product) state(c Change) { p.states = append(p.states, c) }

// make works out a part in one reading.
func (b *book) make(l *Ledger, t *text, p part) product {
	switch p.kind {
	case "site":
		return b.site(l, p.id)
	case "outside":
		return b.outside(l, p.party)
	case "ceiling":
		return b.ceiling(l, p.id, p.party)
	case "streak":
		return b.streak(l, p.id)
	case "duties":
		return b.duties(l)
	}
	return b.silence(l, p.id, t.silences[p.id])
}

// dues returns the instants at which a part changes by time alone, past and to
// come.
func (t *text) dues(l *Ledger, p part) []trucewatch.Instant {
	var out []trucewatch.Instant
	for _, b := range t.books {
		switch p.kind {
		case "site":
			if due := b.nextVisit(l, p.id); due != 0 {
				out = append(out, due)
			}
		case "duties":
			out = append(out, b.dutyDues(l)...)
		case "silence":
			n := l.notice(p.id)
			out = append(out, n.Window.From, n.Window.Till)
		}
	}
	return out
}

// refreshAll works out every part of a text.
func (l *Ledger) refreshAll(t *text) []Change {
	return l.refresh(func(p part) bool { return p.text == t.id })
}

// refresh works out the parts that is chooses, and the duties that may wait for
// them, and returns what is other than it was shown, part by part: states,
// findings, withdrawals.
func (l *Ledger) refresh(is func(part) bool) []Change {
	l.dueKnown = false
	var out []Change
	for _, t := range l.texts {
		waited := false
		for _, p := range t.parts(l) {
			if is(p) || p.kind == "duties" && waited {
				changes := l.refreshPart(t, p)
				waited = waited || len(changes) > 0 && (p.kind == "streak" || p.kind == "site")
				out = append(out, changes...)
			}
		}
	}
	return out
}

func (l *Ledger) refreshPart(t *text, p part) []Change {
	products := make([]product, len(t.books))
	for i, b := range t.books {
		if i == 0 || p.kind != "outside" { // a list, and no reading's findings
			products[i] = b.make(l, t, p)
		}
	}
	var out []Change
	for _, c := range products[0].states {
		name, form := c.form()
		if name = p.text + "\x00" + name; l.states[name] != form {
			l.states[name] = form
			out = append(out, c)
		}
	}
	var ids []trucewatch.FindingID
	for _, f := range t.join(products) {
		ids = append(ids, f.ID)
		form := string(trucewatch.Encode(f)) // Index is not yet set
		if l.findings[f.ID] == form {
			continue
		}
		l.findings[f.ID] = form
		f.Index = l.index
		out = append(out, Change{Finding: &f})
	}
	for _, id := range l.byPart[p.key()] {
		if !slices.Contains(ids, id) {
			delete(l.findings, id)
			out = append(out, Change{Withdrawn: id})
		}
	}
	l.byPart[p.key()] = ids
	return out
}

// form names a state and returns its encoding.
func (c *Change) form() (name, form string) {
	switch {
	case c.Site != nil:
		return "site\x00" + c.Site.Site, string(trucewatch.Encode(c.Site))
	case c.Ceiling != nil:
		return "ceiling\x00" + c.Ceiling.Zone + "\x00" + string(c.Ceiling.Party) + "\x00" + c.Ceiling.Class, string(trucewatch.Encode(c.Ceiling))
	case c.Streak != nil:
		return "streak\x00" + c.Streak.Area, string(trucewatch.Encode(c.Streak))
	case c.Duty != nil:
		return "duty\x00" + c.Duty.Duty + "\x00" + string(c.Duty.Party), string(trucewatch.Encode(c.Duty))
	}
	return "silence\x00" + c.Silence.Notice, string(trucewatch.Encode(c.Silence))
}

// join makes one finding of what every reading says alike; where readings differ,
// each has its own, and says who reads so.
func (t *text) join(products []product) []trucewatch.Finding {
	if len(products) == 1 {
		return products[0].findings
	}
	var ids []trucewatch.FindingID
	for _, p := range products {
		for i := range p.findings {
			ids = append(ids, p.findings[i].ID)
		}
	}
	slices.Sort(ids)
	var out []trucewatch.Finding
	for _, id := range slices.Compact(ids) {
		var found []trucewatch.Finding
		for i, p := range products {
			for _, f := range p.findings {
				if f.ID == id {
					f.Reading, f.HeldBy = t.books[i].reading.ID, t.books[i].heldBy
					found = append(found, f)
				}
			}
		}
		alike := len(found) == len(products) && !slices.ContainsFunc(found, func(f trucewatch.Finding) bool {
			return f.Result != found[0].Result || f.Severity != found[0].Severity || f.Quantity != found[0].Quantity
		})
		if alike {
			found[0].Reading, found[0].HeldBy = "", nil
			out = append(out, found[0])
			continue
		}
		for _, f := range found {
			act, rest, _ := strings.Cut(string(f.ID), "/")
			f.ID = trucewatch.FindingID(strings.TrimSuffix(act+"/"+f.Reading, "/") + "/" + rest)
			f.Reasons = append(slices.Clone(f.Reasons), trucewatch.Reason{Text: "the text is read in several ways, and the result differs; this is reading " + f.Reading, Holds: "yes"})
			out = append(out, f)
		}
	}
	return out
}

// finding begins a finding under an act of the text, nil if the text has none such
// or was not in force.
func (b *book) finding(id trucewatch.ActID, at trucewatch.Instant) *trucewatch.Finding {
	act := b.a.Act(id)
	if act == nil || !b.reading.Span.Contains(at) {
		return nil
	}
	return &trucewatch.Finding{Act: act.ID, ActName: act.Name, Basis: act.Basis, Agreement: b.a.Hash(), Severity: act.Severity, Unit: act.Unit,
		Quantity: 1, Attribution: trucewatch.Attribution{Level: "none"}, State: "preliminary", When: trucewatch.Interval{From: at, Till: at}}
}

// weigh sets the result that a confidence and so many independent means give.
func (b *book) weigh(f *trucewatch.Finding, confidence trucewatch.PPM, means int) {
	e := &b.a.Evidence
	severity := b.a.Act(f.Act).Severity // what weighs more, or less, takes as much to show
	f.Confidence, f.Word = confidence, e.Word(confidence)
	switch {
	case confidence >= e.Confirmed && means >= e.Means(severity):
		f.Result = trucewatch.Violation
	case confidence >= e.Probable:
		f.Result = trucewatch.ProbableViolation
	default:
		f.Result = trucewatch.Indeterminate
	}
}

// blame names a party whose own site, zone or duty it is.
func (b *book) blame(f *trucewatch.Finding, party trucewatch.PartyID, level string, share trucewatch.PPM, why string) {
	f.Attribution = trucewatch.Attribution{Level: level, Party: party, Share: share, Basis: []string{why}}
	if !b.a.MissionAdjudicates() {
		f.Reasons = append(f.Reasons, trucewatch.Reason{Text: "the agreement does not let the mission adjudicate: who is responsible is for the commission to decide", Holds: "yes"})
	}
}

// actAbout returns the act of the text about a kind that is, chosen by is, "" if
// there is none.
func actAbout(a *agreement.Agreement, is func(*agreement.Act) bool) trucewatch.ActID {
	for i := range a.Acts {
		if is(&a.Acts[i]) {
			return a.Acts[i].ID
		}
	}
	return ""
}

func (l *Ledger) notice(id string) *trucewatch.Notification {
	i, _ := slices.BinarySearchFunc(l.notices, id, func(n *trucewatch.Notification, id string) int { return cmp.Compare(n.ID, id) })
	return l.notices[i]
}

// noticeIn says whether a notification's window has time in common with another.
func (l *Ledger) noticeIn(id string, when trucewatch.Interval) bool {
	return l.notice(id).Window.Gap(when) == 0
}
