// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// caseNews says what happened to cases in the period: opened, answered, late,
// decided, remedied. Inside is whether the audience sees the inside of a case; to
// others nothing is said of it, not even that there is none.
func caseNews(cases []trucewatch.CaseView, period trucewatch.Interval, inside bool) []string {
	within := func(at trucewatch.Instant) bool { return at != 0 && (period.IsZero() || period.Contains(at)) }
	var opened, answered, due, late, carried, not, dissents, proven int
	for i := range cases {
		c := &cases[i].Case
		if within(c.Opened) {
			opened++
		}
		for _, k := range c.Clocks {
			switch {
			case k.ID != "answer":
			case k.Ended == 0 && k.RanOut:
				late++
			case k.Ended == 0:
				due++
			}
		}
		for _, a := range c.Answers {
			if within(a.Received) && a.What.Says != "need_time" {
				answered++
			}
		}
		for _, r := range c.Decisions {
			if !within(r.Received) {
				continue
			}
			if r.Outcome == "carried" {
				carried++
			} else {
				not++
			}
			for _, v := range r.Decision.Votes {
				if v.Dissent != "" {
					dissents++
				}
			}
		}
		for _, r := range c.Remedies {
			if r.State == "proven" && within(r.Since) {
				proven++
			}
		}
	}
	if len(cases) == 0 {
		return nil
	}
	news := []string{sentenceOf(opened, "case was", "cases were", "No case was") + " opened in the period."}
	if !inside {
		return news
	}
	return append(news,
		fmt.Sprintf("%s in; %s still due and in time, %s due and late.", sentenceOf(answered, "answer came", "answers came", "No answer came"),
			wording.Plural(due, "is", "are"), wording.Plural(late, "is", "are")),
		fmt.Sprintf("%s carried, %d did not; %s kept with them.", sentenceOf(carried, "decision", "decisions", "No decision"), not,
			wording.Plural(dissents, "view of its own is", "views of their own are")),
		fmt.Sprintf("%s to be done.", sentenceOf(proven, "remedy was proven", "remedies were proven", "No remedy was proven")))
}

// sentenceOf begins a sentence with a number and its noun.
func sentenceOf(n int, one, many, none string) string {
	if n == 0 {
		return none
	}
	return wording.Plural(n, one, many)
}

// statuses counts the weapons of a site by the agreement's words:
// "in site verified 3, missing 1"; earlier are those that are not in the list.
func statuses(items []trucewatch.ItemView, earlier int64) string {
	var order []string
	counts := map[string]int64{}
	for i := range items {
		word := wording.Words(items[i].Status)
		if _, known := counts[word]; !known {
			order = append(order, word)
		}
		counts[word] += max(1, items[i].Item.Count)
	}
	out := ""
	for i, word := range order {
		if i > 0 {
			out += ", "
		}
		out += word + " " + wording.Number(counts[word])
	}
	if earlier > 0 {
		out += ", and " + wording.Number(earlier) + " seen before these"
	}
	return out
}
