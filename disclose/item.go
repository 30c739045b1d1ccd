// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// A FindingFact is a finding and what became of it in public.
type FindingFact struct {
	Finding  *trucewatch.Finding
	Released trucewatch.Instant // when a person released it; 0: nobody did
	Revised  trucewatch.Instant // when the newest revision was recorded; 0: it was never revised
	Place    string             // name of where it was, for the mission alone; see Place
}

// VisibleFrom returns the instant at which the delay of a released finding
// ends, so that a tick is written for it. It is 0 if there is nothing to wait
// for: the audience sees the finding already when it is released, or it will
// never see it.
func (r Rules) VisibleFrom(f FindingFact, in *trucewatch.Incident) trucewatch.Instant {
	from, ever := r.shownFrom(f, in)
	if !r.public() || !ever || from <= f.Released {
		return 0
	}
	return from
}

// shownFrom returns the first instant at which the public sees a finding.
func (r Rules) shownFrom(f FindingFact, in *trucewatch.Incident) (trucewatch.Instant, bool) {
	// A window that nobody could assess says where nobody looked, a site where
	// weapons stand, a notification where somebody will drive.
	if about := &f.Finding.Subject; f.Released == 0 || about.Window != nil || about.Site != "" || about.Notice != "" {
		return 0, false
	}
	end, ended := endOf(f.Finding.When)
	if in != nil {
		other, done := endOf(in.When)
		end, ended = max(end, other), ended && done
	}
	if !ended || end > math.MaxInt64-r.Delay-2*trucewatch.Hour {
		return 0, false
	}
	if end != 0 {
		// The delay runs from the end of the hour: to the minute, the instant at
		// which something appears would tell when it happened.
		end = r.hourOf(end) + trucewatch.Hour + r.Delay
	}
	return max(end, f.Released), true
}

// endOf returns when something ended, and whether it did.
func endOf(v trucewatch.Interval) (trucewatch.Instant, bool) {
	if v.IsZero() {
		return 0, true // no event of its own, such as a tally
	}
	return v.Till, v.Till != 0
}

// sees says whether the audience sees a finding at an instant.
func (r Rules) sees(at trucewatch.Instant, f FindingFact, in *trucewatch.Incident) bool {
	if r.mission() {
		return true
	}
	from, ever := r.shownFrom(f, in)
	return r.public() && ever && at >= from
}

// Incident returns an incident as the audience sees it at an instant, and
// whether it sees it at all. Members are the observations it links, in any
// order; findings are those about it. The public sees an incident if it sees
// at least one of its findings.
func (r Rules) Incident(at trucewatch.Instant, in *trucewatch.Incident, members []*trucewatch.Recorded, findings []FindingFact) (trucewatch.IncidentView, bool) {
	v := trucewatch.IncidentView{
		ID: in.ID, Aliases: in.Aliases, Kind: in.Kind, Phenomena: in.Phenomena, Sources: in.Sources, MeansCount: in.MeansCount,
		Claims: in.Claims, Degraded: in.Degraded, State: in.State, Word: r.scale.Word(in.Confidence), Preferred: -1,
	}
	for _, f := range sorted(findings) {
		if r.sees(at, f, in) {
			v.Findings = append(v.Findings, f.Finding.ID)
			v.Results = append(v.Results, f.Finding.Result)
		}
	}
	v.Where, v.Precision = r.where(in)
	v.When, v.Confidence = r.hours(in.When), r.sure(in.Confidence, in)
	if r.mission() {
		v.Estimates, v.Preferred, v.History = in.Estimates, in.Preferred, in.History
		v.Observations = observations(in, members)
		v.Place = Place(in, members)
		v.Silent, v.Unopposed = in.Silent, in.Unopposed
		return v, true
	}
	return v, len(v.Findings) > 0
}

// sorted returns findings in the order of their identifiers.
func sorted(findings []FindingFact) []FindingFact {
	out := slices.Clone(findings)
	slices.SortFunc(out, func(a, b FindingFact) int {
		switch {
		case a.Finding.ID < b.Finding.ID:
			return -1
		case a.Finding.ID > b.Finding.ID:
			return 1
		}
		return 0
	})
	return out
}

// observations pairs each link of an incident with its observation. A link
// whose observation is not among members is left out.
func observations(in *trucewatch.Incident, members []*trucewatch.Recorded) []trucewatch.ObservationView {
	byID := slices.Clone(members)
	slices.SortFunc(byID, func(a, b *trucewatch.Recorded) int { return a.ID.Compare(b.ID) })
	var out []trucewatch.ObservationView
	for _, l := range in.Links {
		i, found := slices.BinarySearchFunc(byID, l.Observation, func(m *trucewatch.Recorded, id trucewatch.ObservationID) int { return m.ID.Compare(id) })
		if found {
			out = append(out, trucewatch.ObservationView{Recorded: *byID[i], Link: l})
		}
	}
	return out
}

// Place returns the name that the surest observation of an incident gives for
// where it was, else that observation's words; a claim's only where nothing else gives
// one. It is as precise as they are, and so for the mission alone.
func Place(in *trucewatch.Incident, members []*trucewatch.Recorded) string {
	name, best, claimed := "", trucewatch.PPM(-1), true
	for _, o := range observations(in, members) {
		n, claim := firstOf(o.Observation.Where.Name, o.Observation.Where.Text), o.Observation.Means.IsClaim()
		if n != "" && (claimed && !claim || claimed == claim && o.Link.Share > best) {
			name, best, claimed = n, o.Link.Share, claim
		}
	}
	return name
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Finding returns a finding as the audience sees it at an instant, and whether
// it sees it at all. In is the incident it is about, nil if it is about
// something else.
func (r Rules) Finding(at trucewatch.Instant, f FindingFact, in *trucewatch.Incident) (trucewatch.FindingView, bool) {
	if !r.sees(at, f, in) {
		return trucewatch.FindingView{}, false
	}
	v := trucewatch.FindingView{Finding: *f.Finding, Released: f.Released}
	if in != nil {
		v.Where, v.Precision = r.where(in)
	}
	// Who is responsible is for the body that may say so; no view of a mission that
	// does not adjudicate shows it, its own least of all: its staff would be asked.
	if !r.Adjudicates {
		v.Attribution = trucewatch.Attribution{Level: trucewatch.WithheldAttribution}
		v.Withheld = append(v.Withheld, "attribution")
	}
	if r.mission() {
		v.Place = f.Place
		return v, true
	}
	r.redact(&v, in)
	return v, true
}

// redact takes from a finding what the public does not see.
func (r Rules) redact(v *trucewatch.FindingView, in *trucewatch.Incident) {
	v.When, v.Confidence = r.hours(v.When), r.sure(v.Confidence, in)
	v.Exemption = exemption(v.Exemption)
	v.Reasons = []trucewatch.Reason{reason(&v.Finding, in)}
	v.WouldChange = nil
	v.Index = 0 // tells when the evidence came in
	v.Withheld = append([]string{"exact place", "exact time", "exact confidence", "evidence", "reasons in full", "what would change it"}, v.Withheld...)
	v.Attribution = r.attribution(v.Attribution)
}
