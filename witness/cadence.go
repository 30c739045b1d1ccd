// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"time"
)

// Cadence calls do at each multiple of every on the clock, until ctx ends: at
// the same beats however long do takes and whatever there is to do, so that the
// times of checkpoints say nothing about what happened. It is never early; the
// beats that pass while do runs are left out, not made up for.
func Cadence(ctx context.Context, every time.Duration, do func(at time.Time)) {
	// Truncate counts from year 1 and drops the monotonic reading, so that a
	// clock that is set moves the beats with it.
	next := func() time.Time { return time.Now().Truncate(every).Add(every) }
	for ctx.Err() == nil {
		at := next()
		for early := time.Until(at); early > 0; early = time.Until(at) {
			if early > every { // The clock was set back.
				at = next()
				continue
			}
			timer := time.NewTimer(early)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
		}
		do(at)
	}
}
