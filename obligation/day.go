// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// days returns the days that are over and begin at or after an instant: reporting
// periods between recorded cut-offs, or days of UTC if there are no cut-offs. A
// day begins with From and ends before Till. What precedes the first cut-off is no
// whole day.
func (l *Ledger) days(from trucewatch.Instant) []trucewatch.Interval {
	var out []trucewatch.Interval
	if len(l.cutOffs) > 0 {
		i, _ := slices.BinarySearch(l.cutOffs, from)
		for ; i+1 < len(l.cutOffs); i++ {
			if l.cutOffs[i+1] > l.cutOffs[i] {
				out = append(out, trucewatch.Interval{From: l.cutOffs[i], Till: l.cutOffs[i+1]})
			}
		}
		return out
	}
	for at := (from + trucewatch.Day - 1) / trucewatch.Day * trucewatch.Day; at+trucewatch.Day <= l.now; at += trucewatch.Day {
		out = append(out, trucewatch.Interval{From: at, Till: at + trucewatch.Day})
	}
	return out
}

// dayOf returns when the day that holds an instant began.
func (l *Ledger) dayOf(at trucewatch.Instant) trucewatch.Instant {
	if i, found := slices.BinarySearch(l.cutOffs, at); found {
		return at
	} else if i > 0 {
		return l.cutOffs[i-1]
	}
	return at / trucewatch.Day * trucewatch.Day
}
