// SPDX-License-Identifier: Apache-2.0

package score

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/scenario"
)

// A Verdict is one finding about an event of a result: that it was a violation,
// or probably one, and who is named.
type Verdict struct {
	Act   trucewatch.ActID
	Party trucewatch.PartyID // empty: nobody is named
	Share int64              // ppm, of Party
	Known trucewatch.Instant // when the last observation that it cites was received
}

// verdictsIn reads the findings that say violation or probable violation; those
// that say it again in another act's words are left out. received says when an
// observation came in.
func verdictsIn(findings []*trucewatch.Finding, received map[trucewatch.ObservationID]trucewatch.Instant) []Verdict {
	var out []Verdict
	for _, f := range findings {
		if f == nil || f.Duplicate || f.Result != trucewatch.Violation && f.Result != trucewatch.ProbableViolation {
			continue
		}
		v := Verdict{Act: f.Act, Party: f.Attribution.Party, Share: int64(f.Attribution.Share)}
		eachCited(f.Reasons, func(id trucewatch.ObservationID) { v.Known = max(v.Known, received[id]) })
		out = append(out, v)
	}
	return out
}

// eachCited walks over what reasons rest on.
func eachCited(reasons []trucewatch.Reason, each func(trucewatch.ObservationID)) {
	for i := range reasons {
		for _, id := range reasons[i].Evidence {
			each(id)
		}
		eachCited(reasons[i].Because, each)
	}
}

// Verdicts says how good findings are, of a truth that knows who did what. A
// verdict is about the event to which most members of its incident belong that
// are not false; about nothing if most are false.
type Verdicts struct {
	Findings int // verdicts
	Baseless int // those about nothing that happened
	Named    int // those about something that name a party
	Wrong    int // those that name another than who did it
	Refused  int // those about something that name nobody
	// False is Wrong / Named, Refusal is Refused / (Named + Refused).
	False, Refusal float64
	// FromNine is of those that name a party with 0.9 and more: how many, and the
	// share of them that are right, which should not be below 0.9.
	Nine      int
	NineRight float64
	ECE       float64 // of shares of the party named, as of Calibration
	Bins      [binCount]Bin
	Judged    int // events with a verdict
	// From an event to the verdict: until the last observation that it cites was
	// received; of several verdicts the earliest.
	MedianDelayS, P95DelayS float64
}

// nine is the share above which a name must be right nine times of ten.
const nine = 900_000

// verdictsOf holds the verdicts of all results against the truth.
func verdictsOf(events []scenario.TrueEvent, found []Found) Verdicts {
	var v Verdicts
	owner := owners(events)
	var stated [binCount]int64
	nineRight := 0
	first := make(map[int]trucewatch.Instant)
	for i := range found {
		about := mostly(found[i].Members, owner)
		for _, f := range found[i].Verdicts {
			if v.Findings++; about < 0 {
				v.Baseless++
				continue
			}
			if at, again := first[about]; !again || f.Known < at {
				first[about] = f.Known
			}
			if f.Party == "" {
				v.Refused++
				continue
			}
			right := f.Party == events[about].By
			b := min(int(f.Share*binCount/geo.Million), binCount-1)
			stated[b] += f.Share
			v.name(b, right)
			if f.Share >= nine {
				if v.Nine++; right {
					nineRight++
				}
			}
		}
	}
	for b := range v.Bins {
		if bin := &v.Bins[b]; bin.Links > 0 {
			bin.Stated = float64(stated[b]) / float64(bin.Links) / geo.Million
		}
	}
	v.ECE = calibrationError(v.Bins[:])
	v.False, v.Refusal, v.NineRight = ratio(v.Wrong, v.Named), ratio(v.Refused, v.Named+v.Refused), ratio(nineRight, v.Nine)
	v.delays(events, first)
	return v
}

// name counts a verdict that names a party, by the tenth in which its share lies.
func (v *Verdicts) name(tenth int, right bool) {
	v.Named++
	v.Bins[tenth].Links++
	if right {
		v.Bins[tenth].Right++
	} else {
		v.Wrong++
	}
}

// delays sets how long verdicts took.
func (v *Verdicts) delays(events []scenario.TrueEvent, first map[int]trucewatch.Instant) {
	var took []float64
	for k := range events {
		if at, judged := first[k]; judged {
			took = append(took, float64(max(at-events[k].At, 0))/1e6)
		}
	}
	v.Judged = len(took)
	slices.Sort(took)
	v.MedianDelayS, v.P95DelayS = quantile(took, 0.5), quantile(took, 0.95)
}

// mostly is the event to which most of the members belong, the first of several;
// -1 if more of them are false than belong to any.
func mostly(members []Member, owner map[string]int) int {
	counts, order := countOwners(members, owner)
	best, of, lies := -1, 0, len(members)
	for _, k := range order {
		lies -= counts[k]
		if counts[k] > of {
			best, of = k, counts[k]
		}
	}
	if lies > of {
		return -1
	}
	return best
}
