// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// silenceIsNotPeace stands under every list.
const silenceIsNotPeace = "The mission does not see everything: what is not listed was not seen, which does not mean that it did not happen."

// coverage says in sentences what could not be seen. The public is told in
// general words, from what it sees itself, and late by week and district (package
// coverage, Public), because knowing where nobody looks is a means of attack.
func (r Rules) coverage(st Facts, p periodItems, v *trucewatch.View) []string {
	if !r.mission() {
		return publicCoverage(st, v)
	}
	out := []string{silenceIsNotPeace}
	heard := p.heard
	for _, t := range v.Tallies {
		heard = insert(slices.Clone(heard), t.Source.ID)
	}
	for _, s := range v.Statements {
		heard = insert(slices.Clone(heard), s.Source.ID)
	}
	var silent []string
	var refused int64
	for _, s := range st.Sources {
		refused += s.Rejected
		if _, found := slices.BinarySearch(heard, s.Source.ID); !found {
			silent = append(silent, string(s.Source.ID))
		}
	}
	if len(st.Sources) > 0 {
		out = append(out, fmt.Sprintf("Sources heard from in this period: %d of %d.", len(st.Sources)-len(silent), len(st.Sources)))
	}
	if len(silent) > 0 {
		out = append(out, "Not heard from: "+list(silent)+".")
	}
	if p.interference > 0 {
		out = append(out, fmt.Sprintf("Jamming, spoofing or tampering in this period: %d; assets concerned: %s.", p.interference, list(p.jammed)))
	}
	if p.restrictions > 0 {
		out = append(out, fmt.Sprintf("Access denied, delayed or made conditional in this period: %d.", p.restrictions))
	}
	if refused > 0 {
		out = append(out, fmt.Sprintf("Rows refused so far, with a reason beside each source: %d.", refused))
	}
	return out
}

func publicCoverage(st Facts, v *trucewatch.View) []string {
	out := []string{silenceIsNotPeace}
	var kinds []string
	for _, s := range v.Sources {
		kinds = append(kinds, string(s.Source.Kind))
	}
	if len(kinds) > 0 {
		out = append(out, "Kinds of source that the mission uses: "+list(kinds)+".")
	}
	if len(v.Restricted) > 0 {
		out = append(out, fmt.Sprintf("Findings of this period about restricted access, interference or fire at the mission: %d.", len(v.Restricted)))
	}
	return append(out, st.Watched...)
}

// listMost is how many names a sentence carries.
//
// Guess: what a person reads in one go. Test: readers of the operations page.
const listMost = 20

func list(names []string) string {
	if len(names) == 0 {
		return "not named"
	}
	if more := len(names) - listMost; more > 0 {
		return strings.Join(names[:listMost], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
