// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/anchor"
)

const noon = 1_775_995_200 // 2026-04-12T12:00:00Z

func at(seconds int64) trucewatch.Instant { return trucewatch.Instant(seconds) * trucewatch.Second }

func TestBoundsOf(t *testing.T) {
	stamp := func(seconds int64, accuracyUS int64) anchor.Attestation {
		return anchor.Time{At: time.Unix(seconds, 0).UTC(), AccuracyUS: accuracyUS, Authority: "CN=Invented Time"}.Attestation()
	}
	for _, tt := range []struct {
		name                string
		seen, covering      []anchor.Attestation
		faulty              int
		notBefore, notAfter trucewatch.Instant
	}{
		{"nothing is known", nil, nil, 0, 0, 0},
		{"one witness each, nobody lies", []anchor.Attestation{anchor.Cosigned("a", noon)}, []anchor.Attestation{anchor.Cosigned("b", noon+60)}, 0, at(noon - 10), at(noon + 71)},
		{"the latest seen, the earliest covering", []anchor.Attestation{anchor.Cosigned("a", noon), anchor.Cosigned("b", noon+5)},
			[]anchor.Attestation{anchor.Cosigned("a", noon+100), anchor.Cosigned("b", noon+60)}, 0, at(noon - 5), at(noon + 71)},
		{"one may lie", []anchor.Attestation{anchor.Cosigned("a", noon), anchor.Cosigned("b", noon+9999), anchor.Cosigned("c", noon+5)},
			[]anchor.Attestation{anchor.Cosigned("a", noon+100), anchor.Cosigned("b", 0), anchor.Cosigned("c", noon+60)}, 1, at(noon - 5), at(noon + 71)},
		{"too few for that", []anchor.Attestation{anchor.Cosigned("a", noon)}, []anchor.Attestation{anchor.Cosigned("a", noon)}, 1, 0, 0},
		{"one organisation with two keys counts once", []anchor.Attestation{anchor.Cosigned("a", noon), anchor.Cosigned("a", noon+5)},
			[]anchor.Attestation{anchor.Cosigned("a", noon), anchor.Cosigned("a", noon+5)}, 1, 0, 0},
		{"a time stamp says it more sharply", []anchor.Attestation{anchor.Cosigned("a", noon), stamp(noon, 20_000)},
			[]anchor.Attestation{anchor.Cosigned("a", noon+60), stamp(noon+60, 20_000)}, 0, at(noon) - 20_000, at(noon+60) + 20_001},
		{"a time stamp without its accuracy", []anchor.Attestation{stamp(noon, 0)}, []anchor.Attestation{stamp(noon, 0)}, 0, at(noon - 1), at(noon+1) + 1},
		{"a number that is no number of faulty ones", []anchor.Attestation{anchor.Cosigned("a", noon)}, nil, -1, 0, 0},
		{"a time beyond all numbers", nil, []anchor.Attestation{anchor.Cosigned("a", math.MaxUint64)}, 0, 0, at(1<<33 + 11)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := anchor.BoundsOf(tt.seen, tt.covering, tt.faulty)
			if b.NotBefore != tt.notBefore || b.NotAfter != tt.notAfter {
				t.Errorf("between %v and %v, want %v and %v", b.NotBefore, b.NotAfter, tt.notBefore, tt.notAfter)
			}
			said := 0
			for _, bound := range []trucewatch.Instant{b.NotBefore, b.NotAfter} {
				if bound != 0 {
					said++
				}
			}
			if len(b.Why) != said {
				t.Errorf("%d sentences for %d bounds: %q", len(b.Why), said, b.Why)
			}
		})
	}
}

// TestBackdatedEntryIsReported: who names a checkpoint cannot claim to have
// written before it; and who is covered by one cannot claim to have written after.
func TestBackdatedEntryIsReported(t *testing.T) {
	b := anchor.BoundsOf([]anchor.Attestation{anchor.Cosigned("guarantor-1", noon), anchor.Cosigned("party-b", noon+1), anchor.Cosigned("party-a", noon+2)},
		[]anchor.Attestation{anchor.Cosigned("guarantor-1", noon+60), anchor.Cosigned("party-a", noon+62)}, 1)
	for _, tt := range []struct {
		name       string
		from, till int64
		want       string // empty: nothing to report
	}{
		{"between the two", noon + 30, noon + 30, ""},
		{"an hour earlier", noon - 3600, noon - 3590, "backdated: it claims 2026-04-12T11:00:10Z, and names a checkpoint that is not older than 2026-04-12T11:59:51Z"},
		{"a second earlier than could be", noon - 20, noon - 10, "backdated"},
		{"as early as could be", noon - 20, noon - 9, ""},
		{"as late as could be", noon + 73, noon + 83, ""},
		{"a second later than could be", noon + 74, noon + 84, "dated ahead: it claims 2026-04-12T12:01:14Z, and a checkpoint covers it since 2026-04-12T12:01:13Z"},
	} {
		got := b.Problems(trucewatch.Interval{From: at(tt.from), Till: at(tt.till)})
		if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := (anchor.Bounds{}).Problems(trucewatch.Interval{From: 1, Till: 1}); got != nil {
		t.Errorf("without bounds: %q", got)
	}
	if got := (anchor.Bounds{NotBefore: 100, NotAfter: 50}).Problems(trucewatch.Interval{From: 1}); len(got) != 1 || !strings.Contains(got[0], "contradict each other") {
		t.Errorf("contradicting bounds: %q", got)
	}
}

// TestBoundsHoldWhateverLiarsSay: as long as no more organisations lie than
// allowed for, the true time lies between the bounds, and no honest entry is
// reported.
func TestBoundsHoldWhateverLiarsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const made = int64(noon)
		faulty := rapid.IntRange(0, 3).Draw(t, "faulty")
		var seen, covering []anchor.Attestation
		for i, name := range []string{"a", "b", "c", "d", "e", "f", "g"}[:rapid.IntRange(0, 7).Draw(t, "organisations")] {
			for range rapid.IntRange(0, 2).Draw(t, "words") {
				before, after := rapid.Int64Range(0, 10_000), rapid.Int64Range(-10, 10_000)
				s, c := made-before.Draw(t, "before")+rapid.Int64Range(-10, 10).Draw(t, "clock"), made+after.Draw(t, "after")
				if i < faulty {
					s, c = rapid.Int64Range(0, 1<<34).Draw(t, "lie"), rapid.Int64Range(0, 1<<34).Draw(t, "lie")
				}
				seen, covering = append(seen, anchor.Cosigned(name, uint64(s))), append(covering, anchor.Cosigned(name, uint64(c)))
			}
		}
		b := anchor.BoundsOf(seen, covering, faulty)
		if b.NotBefore != 0 && b.NotBefore > at(made) || b.NotAfter != 0 && b.NotAfter < at(made) {
			t.Fatalf("made at %v, bounds %v to %v", at(made), b.NotBefore, b.NotAfter)
		}
		if got := b.Problems(trucewatch.Interval{From: at(made), Till: at(made)}); got != nil {
			t.Fatalf("an honest entry: %q", got)
		}
		slices.Reverse(seen)
		slices.Reverse(covering)
		if again := anchor.BoundsOf(seen, covering, faulty); again.NotBefore != b.NotBefore || again.NotAfter != b.NotAfter || !slices.Equal(again.Why, b.Why) {
			t.Fatalf("the order of words matters: %+v, %+v", b, again)
		}
	})
}
