// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"iter"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// An IncidentFact is an incident with what it links and what was found.
type IncidentFact struct {
	Incident *trucewatch.Incident
	Members  []*trucewatch.Recorded // the observations it links
	Findings []FindingFact          // about it
}

// An About is a finding and the incident it is about.
type About struct {
	FindingFact
	Incident *trucewatch.Incident // nil if it is about something else
}

// Facts are the part of a mission's state from which its Views are made. Every
// sequence comes in a fixed order and may be walked more than once; a function
// that is nil gives nothing. The zero period asks for all time.
type Facts struct {
	Genesis    *trucewatch.Genesis
	Index      uint64                     // entries folded
	Agreements []*agreement.Agreement     // adopted
	Texts      []trucewatch.AgreementText // the same, as readers see them, and drafts

	// Incidents gives those whose time touches a period, by ID; not those that
	// became part of another.
	Incidents func(period trucewatch.Interval) iter.Seq[IncidentFact]
	// Others gives the findings about windows, tallies and cases whose time
	// touches a period, or that have none, by ID.
	Others func(period trucewatch.Interval) iter.Seq[FindingFact]
	// Revised gives the findings of which a revision was recorded in a period.
	Revised func(period trucewatch.Interval) iter.Seq[About]
	// Numbers counts what the audience sees of a period beside that of the one before
	// it; the zero previous period means that there was none.
	Numbers func(now, previous Items) []trucewatch.Number
	// Finding returns the finding with an ID, and whether there is one.
	Finding func(trucewatch.FindingID) (About, bool)

	Cases      []*trucewatch.Case         // by ID
	Tallies    []trucewatch.TallyView     // in record order
	Statements []trucewatch.StatementView // in record order
	Notices    []trucewatch.NoticeView    // in record order
	Sources    []trucewatch.SourceView    // by ID
	Standing   func() *trucewatch.Standing
	Watched    []string // what may leave the mission of what could be seen, in sentences (coverage.Public)
}

// Build returns what an audience may see at an instant of one reporting period,
// compared with the period before it; both of the same length. The zero period
// is all time; the zero previous period means that there was none. The error
// wraps ErrAudience or ErrTerms.
func Build(st Facts, a trucewatch.Audience, at trucewatch.Instant, period, previous trucewatch.Interval) (trucewatch.View, error) {
	r, err := RulesFor(a, st.Agreements, st.Genesis)
	if err != nil {
		return trucewatch.View{}, err
	}
	now := r.items(st, at, period)
	v := trucewatch.View{
		Audience: a, At: at, Index: st.Index, Period: period, Agreements: r.AgreementTexts(st.Texts),
		Incidents: now.Incidents, Findings: now.Findings, Restricted: restricted(now.Items),
		Sources: r.Sources(st.Sources), Hidden: r.hidden(),
	}
	if !r.mission() {
		// The number of entries and the instant of the last one tell, to the second,
		// when something comes in, and when nothing does.
		v.Index, v.At = 0, r.hourOf(at)
	}
	if r.mission() && st.Standing != nil {
		v.Standing = st.Standing()
	}
	if st.Genesis != nil {
		v.Mission = *st.Genesis
	}
	r.addCorrected(st, at, &v)
	var before Items
	if !previous.IsZero() {
		before = r.items(st, at, previous).Items
	}
	if st.Numbers != nil {
		v.Numbers = st.Numbers(Items{Period: period, Incidents: v.Incidents, Findings: v.Findings}, before)
	}
	r.addLedgers(st, at, &v)
	v.Coverage = r.coverage(st, now, &v)
	return v, nil
}

// periodItems are the items of a period, and what the mission alone knows of
// it.
type periodItems struct {
	Items
	heard        []trucewatch.SourceID // sorted
	jammed       []string              // sorted; assets hit by jamming, spoofing or tampering
	interference int                   // such incidents
	restrictions int                   // incidents of restricted access
}

// items collects what the audience sees of a period. The public's hours decide
// what lies in the period, so that asking for shorter and shorter periods
// never tells the minute.
func (r Rules) items(st Facts, at trucewatch.Instant, period trucewatch.Interval) periodItems {
	out := periodItems{Items: Items{Period: period}}
	if st.Incidents != nil {
		for f := range st.Incidents(r.hours(period)) {
			v, shown := r.Incident(at, f.Incident, f.Members, f.Findings)
			if !shown || !overlaps(period, v.When, r.mission()) {
				continue
			}
			out.Incidents = append(out.Incidents, v)
			for _, finding := range sorted(f.Findings) {
				if fv, ok := r.Finding(at, finding, f.Incident); ok {
					out.Findings = append(out.Findings, fv)
				}
			}
			if r.mission() {
				out.note(f)
			}
		}
	}
	if st.Others != nil {
		for f := range st.Others(r.hours(period)) {
			v, shown := r.Finding(at, f, nil)
			if shown && (v.When.IsZero() || overlaps(period, v.When, r.mission())) {
				out.Findings = append(out.Findings, v)
			}
		}
	}
	return out
}

// overlaps says whether v has time in common with a period. An hour that ends
// as the period begins has none.
func overlaps(period, v trucewatch.Interval, exact bool) bool {
	if period.IsZero() {
		return true
	}
	after := v.Till == 0 || v.Till > period.From || exact && v.Till == period.From
	return after && (period.Till == 0 || v.From < period.Till)
}

// note keeps what an incident tells of the mission's own sight.
func (p *periodItems) note(f IncidentFact) {
	hit := interferes(f.Incident.Kind)
	if hit {
		p.interference++
	}
	if f.Incident.Kind == trucewatch.RestrictionMet {
		p.restrictions++
	}
	for _, m := range f.Members {
		p.heard = insert(p.heard, m.Source.ID)
		if a := m.Observation.Asset; hit && a != nil && a.ID != "" {
			p.jammed = insert(p.jammed, a.ID)
		}
	}
}

func insert[T ~string](sorted []T, v T) []T {
	i, found := slices.BinarySearch(sorted, v)
	if found {
		return sorted
	}
	return slices.Insert(sorted, i, v)
}

// interferes says whether a kind is of somebody blinding the mission.
func interferes(k trucewatch.Kind) bool {
	switch k {
	case trucewatch.Jamming, trucewatch.Spoofing, trucewatch.SensorTamper:
		return true
	}
	return false
}

// restricted lists the findings about restricted access, interference and fire
// at the mission.
func restricted(items Items) []trucewatch.FindingID {
	var out []trucewatch.FindingID
	for i := range items.Incidents {
		in := &items.Incidents[i]
		if interferes(in.Kind) || in.Kind == trucewatch.RestrictionMet || in.Kind == trucewatch.FireAtMissionAsset {
			out = append(out, in.Findings...)
		}
	}
	return out
}

// addCorrected adds the findings that were revised in the period after the
// audience, or for the mission anybody, had seen them.
func (r Rules) addCorrected(st Facts, at trucewatch.Instant, v *trucewatch.View) {
	if st.Revised == nil {
		return
	}
	for f := range st.Revised(v.Period) {
		seen := f.Released != 0 && f.Released < f.Revised
		if seen && !r.mission() {
			from, ever := r.shownFrom(f.FindingFact, f.Incident)
			seen = ever && from < f.Revised
		}
		fv, shown := r.Finding(at, f.FindingFact, f.Incident)
		if !seen || !shown {
			continue
		}
		v.Corrected = append(v.Corrected, fv.ID)
		if !slices.ContainsFunc(v.Findings, func(have trucewatch.FindingView) bool { return have.ID == fv.ID }) {
			v.Findings = append(v.Findings, fv)
		}
	}
}

// addLedgers adds cases, tallies, statements and notifications of the period:
// cases that were opened in it or were not closed, tallies and notifications
// whose window touches it, statements made in it.
func (r Rules) addLedgers(st Facts, at trucewatch.Instant, v *trucewatch.View) {
	for _, c := range st.Cases {
		shown, ok := r.Case(at, c, r.visible(st, at, c)...)
		open := shown.State != "closed" && (v.Period.Till == 0 || shown.Opened < v.Period.Till)
		if ok && (open || touches(v.Period, trucewatch.Interval{From: shown.Opened, Till: shown.Opened})) {
			v.Cases = append(v.Cases, shown)
		}
	}
	for _, t := range st.Tallies {
		when := firstKnown(t.Tally.Window, t.Received)
		if shown, ok := r.Tally(t); ok && touches(v.Period, when) {
			v.Tallies = append(v.Tallies, shown)
		}
	}
	for _, s := range st.Statements {
		when := s.Statement.PublishedAt
		if when.IsZero() {
			when = firstKnown(s.Statement.SaidAt, s.Received)
		}
		if shown, ok := r.Statement(s); ok && touches(v.Period, when) {
			v.Statements = append(v.Statements, shown)
		}
	}
	for _, n := range st.Notices {
		if shown, ok := r.Notice(n); ok && touches(v.Period, n.Notification.Window) {
			v.Notices = append(v.Notices, shown)
		}
	}
}

// visible returns those of a case's findings that the audience sees, as it sees
// them.
func (r Rules) visible(st Facts, at trucewatch.Instant, c *trucewatch.Case) []trucewatch.FindingView {
	var out []trucewatch.FindingView
	for _, id := range c.Findings {
		if st.Finding == nil {
			return nil
		}
		if f, ok := st.Finding(id); ok {
			if v, shown := r.Finding(at, f.FindingFact, f.Incident); shown {
				out = append(out, v)
			}
		}
	}
	return out
}

// firstKnown returns v, or the moment of receipt if v is unknown.
func firstKnown(v trucewatch.Interval, received trucewatch.Instant) trucewatch.Interval {
	if v.IsZero() {
		return trucewatch.Interval{From: received, Till: received}
	}
	return v
}

func touches(period, v trucewatch.Interval) bool {
	return period.IsZero() || period.Gap(v) == 0
}
