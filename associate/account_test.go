// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

func total(terms []tw.Term) (sum tw.MilliNat) {
	for _, t := range terms {
		sum += t.Gain
	}
	return sum
}

// shareOf is the probability of log-odds, to a hundredth.
func shareOf(n tw.MilliNat) tw.PPM { return tw.PPM(kernel.Probability(int64(n))) }

// TestAccountsAddUp is a property: whatever was reported, the terms of every link sum
// to its share, and those of an incident to how sure it is.
func TestAccountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := associate.New()
		if rapid.Bool().Draw(t, "silence") {
			a.SetDuty(onDuty(700_000, "silent-1", "silent-2"))
		}
		for i, r := range world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 40).Draw(t, "observations")) {
			a.Add(uint64(i), []*tw.Recorded{r})
		}
		for in := range a.All() {
			account := a.Account(in)
			if account.Sure == nil && in.MeansCount < 2 && in.Silent == nil {
				continue
			}
			if off := shareOf(total(account.Sure)) - in.Confidence; off < -300 || off > 300 {
				t.Fatalf("incident %v is sure to %d, its terms say %d: %v", in.ID, in.Confidence, shareOf(total(account.Sure)), account.Sure)
			}
			checked := 0
			for _, r := range a.Members(in) {
				if !r.Observation.Means.IsClaim() {
					checked++
				}
			}
			for i, l := range in.Links {
				terms := account.Links[i]
				if len(terms) == 0 && checked != 1 && len(in.Links) > 1 {
					t.Fatalf("%v: nothing accounts for %v", in.ID, l.Observation)
				}
				if off := shareOf(total(terms)) - l.Share; len(terms) > 0 && (off < -300 || off > 300) {
					t.Fatalf("%v: link %v has share %d, its terms say %d: %v", in.ID, l.Observation, l.Share, shareOf(total(terms)), terms)
				}
			}
		}
	})
}

func TestAnAccountSaysWhatItWeighs(t *testing.T) {
	second := lone()
	second.source, second.means, second.from, second.till = "cam", tw.RecordedCamera, "2026-04-11 10:02", "2026-04-11 10:02"
	claim := lone()
	claim.source, claim.means = "party-b", tw.PartyReport
	for _, c := range []struct {
		name  string
		scene []seen
		link  int
		want  []string
	}{
		{"two reports", []seen{lone(), second}, 0, []string{"people on the spot, before anything is compared", "60 s apart", "the other report is of an incident at all", "places agree on"}},
		{"the claim that joins it", []seen{lone(), claim}, 1, []string{"claim, before anything is compared", "times overlap", "places agree on"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := associate.New()
			for i, s := range c.scene {
				a.Add(uint64(i+1), []*tw.Recorded{s.recorded(uint64(i + 1))})
			}
			var words []string
			for _, term := range a.Account(a.Incident(tw.IncidentID{Index: 1})).Links[c.link] {
				words = append(words, term.What)
			}
			all := strings.Join(words, "; ")
			for _, want := range c.want {
				if !strings.Contains(all, want) {
					t.Errorf("the account says %q, not %q", all, want)
				}
			}
		})
	}
}

// TestTheReasonOfALoneReportNamesWhatJoinsIt: a report that only claims fit is not one
// that nothing fits.
func TestTheReasonOfALoneReportNamesWhatJoinsIt(t *testing.T) {
	claim := lone()
	claim.source, claim.means = "party-b", tw.PartyReport
	a := associate.New()
	a.Add(1, []*tw.Recorded{lone().recorded(1)})
	before := a.Incident(tw.IncidentID{Index: 1}).Links[0].Reason
	a.Add(2, []*tw.Recorded{claim.recorded(2)})
	after := a.Incident(tw.IncidentID{Index: 1}).Links
	if !strings.HasPrefix(before, "no other observation fits") || len(after) != 2 || !strings.Contains(after[0].Reason, "unchecked claims do") {
		t.Errorf("before the claim %q, after it %+v", before, after)
	}
}
