// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// reason rebuilds, from structured fields alone, the one reason that the public
// is given. The judge's own reasons name sources, distances and evidence.
func reason(f *trucewatch.Finding, in *trucewatch.Incident) trucewatch.Reason {
	text := fmt.Sprintf("act %s (%s): %s, %s", f.Act, f.ActName, words(string(f.Result)), f.Word)
	if in != nil {
		text += fmt.Sprintf("; independent means: %d", in.MeansCount)
		if in.Claims {
			text += "; it rests on claims that nobody checked"
		}
	}
	return trucewatch.Reason{Text: text, Holds: holds(f.Result), Article: f.Basis}
}

// holds says whether a result means that the agreement was broken.
func holds(r trucewatch.Result) string {
	switch r {
	case trucewatch.Violation, trucewatch.ProbableViolation:
		return "yes"
	case trucewatch.Permitted, trucewatch.Exempted, trucewatch.OutOfScope:
		return "no"
	}
	return "unknown"
}

func words(identifier string) string { return strings.ReplaceAll(identifier, "_", " ") }

// attribution returns what the public sees of an attribution where the mission
// may attribute: level, party and rounded shares, without the basis.
func (r Rules) attribution(a trucewatch.Attribution) trucewatch.Attribution {
	out := trucewatch.Attribution{Level: a.Level, Party: a.Party, Share: r.step(a.Share)}
	for _, other := range a.Alternatives {
		out.Alternatives = append(out.Alternatives, trucewatch.Alternative{Party: other.Party, Share: r.step(other.Share)})
	}
	return out
}

// exemption returns the agreement's exemption of "X5/n-2", without the
// notification that was matched: a notification is a plan of movement.
func exemption(matched string) string {
	id, _, _ := strings.Cut(matched, "/")
	return id
}

// hidden says, in words, what an audience does not see.
func (r Rules) hidden() []string {
	if r.mission() {
		return nil
	}
	out := []string{
		fmt.Sprintf("places finer than a %s, and finer than %d km for what does not move", sideWords(r.PrecisionMM), StillPrecisionMM/1_000_000),
		"times finer than an hour",
		fmt.Sprintf("events until %d hours after they ended", (r.Delay+trucewatch.Hour-1)/trucewatch.Hour),
		"findings that nobody released, and incidents without a released finding",
		"observations, their sources, and the places of sensors, patrols and observers",
		"where something was fired or launched from",
		"which places nobody could observe, and when",
		"notifications of movements and activities to come",
		"outlines of protected objects and storage sites",
	}
	if !r.Adjudicates {
		out = append(out, "who is responsible: the mission does not adjudicate")
	}
	return out
}
