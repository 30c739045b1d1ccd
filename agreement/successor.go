// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"

	"github.com/trucewatch/trucewatch"
)

// Follows returns why a version of a text may not follow an earlier one of the
// same agreement, if it is entered at an instant; nil if it may. A text whose
// amendment is not_retroactive binds nobody for what is past: the new version
// comes into force at that instant or later. One that ends sooner than the earlier
// one is a termination, of which its notice must have been given.
//
// Source: the Vienna Convention on the Law of Treaties, art. 28, 40 and 54 to 56:
// no retroactive effect, amendment by the parties, withdrawal upon notice.
func (a *Agreement) Follows(old *Agreement, at trucewatch.Instant) error {
	if m := old.Amendment; m != nil && m.Effective == "not_retroactive" {
		for _, s := range a.Spans {
			if s.Span.From < at {
				return fmt.Errorf("agreement %s version %d: %w: in force from %v, before it is entered at %v: by version %d an amendment is not retroactive",
					a.ID, a.Version, trucewatch.ErrInvalid, s.Span.From, at, old.Version)
			}
		}
	}
	if t := old.Termination; t != nil && t.Notice > 0 {
		end, was := a.end(), old.end()
		if end != 0 && (was == 0 || end < was) && end < at+t.Notice {
			return fmt.Errorf("agreement %s version %d: %w: it ends at %v, sooner than version %d, and is entered at %v: notice is %s",
				a.ID, a.Version, trucewatch.ErrInvalid, end, old.Version, at, span(t.Notice))
		}
	}
	return nil
}

// end is when the text is in force in none of its readings any more, 0 if it has
// no end in one of them.
func (a *Agreement) end() trucewatch.Instant {
	var last trucewatch.Instant
	for _, s := range a.Spans {
		if s.Span.Till == 0 {
			return 0
		}
		last = max(last, s.Span.Till)
	}
	return last
}

// CutOff returns the local time of day, "19:30", at which the text ends the
// reporting day; "" if it does not say.
func (a *Agreement) CutOff() string {
	for _, c := range a.Clocks {
		if c.CutOff != "" {
			return c.CutOff
		}
	}
	return ""
}

// Publishes says whether a finding is sure enough to be made public. A finding
// that accuses nobody of a breach needs no such certainty.
func (a *Agreement) Publishes(f *trucewatch.Finding) bool {
	if f.Result != trucewatch.Violation && f.Result != trucewatch.ProbableViolation {
		return true
	}
	least := map[string]trucewatch.PPM{"possible": a.Evidence.Possible, "probable": a.Evidence.Probable, "confirmed": a.Evidence.Confirmed}
	return f.Confidence >= least[a.Evidence.ToPublish]
}
