// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// A verdict is a finding and the trial that it came from.
type verdict struct {
	finding *trucewatch.Finding
	trial   *trial
}

// judge judges an incident under a text. One finding stands for all readings if
// they have the same result and severity, and says so; else there is one for
// each, held by who reads it so.
func (x *text) judge(in *Input) []trucewatch.Finding {
	rounds := make([][]verdict, len(x.readings))
	total := 0
	for i, r := range x.readings {
		rounds[i] = r.judge(in)
		total += len(rounds[i])
	}
	if total == 0 {
		return nil
	}
	out := make([]trucewatch.Finding, 0, total)
	subject := in.Incident.ID.String()
	if len(rounds) == 1 {
		for _, v := range rounds[0] {
			v.finding.ID = v.trial.act.findingID("", subject)
			out = append(out, *v.finding)
		}
		return out
	}
	var done []trucewatch.ActID
	for _, round := range rounds {
		for _, v := range round {
			if !slices.Contains(done, v.trial.act.ID) {
				done = append(done, v.trial.act.ID)
				out = append(out, x.gather(v.trial.act.ID, rounds, subject)...)
			}
		}
	}
	return out
}

// gather returns what an act is in every reading.
func (x *text) gather(id trucewatch.ActID, rounds [][]verdict, subject string) []trucewatch.Finding {
	var found []verdict
	for _, round := range rounds {
		if i := slices.IndexFunc(round, func(v verdict) bool { return v.trial.act.ID == id }); i >= 0 {
			found = append(found, round[i])
		}
	}
	first := found[0].finding
	same := len(found) == len(rounds) && !slices.ContainsFunc(found, func(v verdict) bool {
		return v.finding.Result != first.Result || v.finding.Severity != first.Severity
	})
	if same {
		f := *first
		f.ID, f.Reading, f.HeldBy = found[0].trial.act.findingID("", subject), "", nil
		f.Reasons = append(f.Reasons, trucewatch.Reason{Text: saySameInAll, Holds: yes.String(), Because: x.readingReasons()})
		return []trucewatch.Finding{f}
	}
	var out []trucewatch.Finding
	for _, v := range found {
		f := *v.finding
		f.ID = v.trial.act.findingID(f.Reading, subject)
		f.Reasons = append(f.Reasons, reasonOf(yes, "", nil, sayDiffers, f.Reading))
		f.Reasons[len(f.Reasons)-1].Because = x.readingReasons()
		out = append(out, f)
	}
	return out
}

// readingReasons lists the readings of a text.
func (x *text) readingReasons() []trucewatch.Reason {
	var out []trucewatch.Reason
	for _, r := range x.readings {
		out = append(out, r.reason())
	}
	return out
}

// reason says what a reading is: who reads the text so, what it answers, when it
// is in force by it.
func (r *reading) reason() trucewatch.Reason {
	var of []string
	for _, s := range r.Answers {
		of = append(of, s.Question+": "+s.Reading)
	}
	out := reasonOf(yes, "", nil, sayReading, r.Reading, span(r.Span))
	if len(of) > 0 {
		out.Because = append(out.Because, reasonOf(yes, "", nil, sayAnswers, strings.Join(of, ", ")))
	}
	if len(r.HeldBy) > 0 {
		out.Because = append(out.Because, reasonOf(yes, "", nil, sayHeldBy, list(r.HeldBy)))
	}
	if r.Basis != "" {
		out.Because = append(out.Because, reasonOf(yes, "", nil, sayReadingBasis, r.Basis))
	}
	return out
}

// judge judges an incident under one reading.
func (r *reading) judge(in *Input) []verdict {
	h := hearing{in: in, reading: r, a: r.a}
	var out []verdict
	for _, c := range r.acts {
		if t := h.try(c); t != nil {
			if f := t.judge(); f != nil {
				out = append(out, verdict{f, t})
			}
		}
	}
	markDuplicates(out)
	return out
}
