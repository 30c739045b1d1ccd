// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// markDuplicates marks, among the findings of one incident in one reading, those
// that count the same physical thing as another. Two findings count the same if
// an observation shows both acts, and both accuse. Of such findings the most
// special stands: the one of the graver act; of two as grave the one whose act
// asks for more; of two alike the first in the text. All others are marked, and
// say under which they are counted. So a shell that hits a protected object is
// counted once, as the hit, and still found as heavy fire; the person it wounds is
// another thing, shown by other observations, and is counted beside it.
func markDuplicates(found []verdict) {
	if len(found) < 2 {
		return
	}
	order := make([]verdict, 0, len(found))
	for _, v := range found {
		if v.finding.Result == trucewatch.Violation || v.finding.Result == trucewatch.ProbableViolation {
			order = append(order, v)
		}
	}
	slices.SortStableFunc(order, func(v, w verdict) int {
		if d := w.trial.act.Severity - v.trial.act.Severity; d != 0 {
			return d
		}
		return w.trial.act.special - v.trial.act.special
	})
	for i, v := range order {
		for _, more := range order[:i] {
			if !more.finding.Duplicate && overlap(v.trial.support, more.trial.support) {
				v.finding.Duplicate = true
				v.finding.Reasons = append(v.finding.Reasons, reasonOf(yes, string(more.trial.act.ID), nil, sayDuplicate, string(more.trial.act.ID)))
				break
			}
		}
	}
}

// overlap says whether an observation is in both lists.
func overlap(a, b []*trucewatch.Recorded) bool {
	return slices.ContainsFunc(a, func(r *trucewatch.Recorded) bool { return slices.Contains(b, r) })
}

// specialty counts what an act asks for beside its kinds.
func specialty(c *agreement.Act) int {
	w := &c.When
	n := 0
	for _, asks := range []bool{len(w.Platforms) > 0, len(w.Classes) > 0, len(w.Zones) > 0, w.Owner != "", len(w.RestrictionTypes) > 0,
		w.Minutes != agreement.Bounds{}, w.InsideLimit, w.ClassIs != "", w.Precise, w.Civilian, w.Standard != "", c.Rule != ""} {
		if asks {
			n++
		}
	}
	return n
}
