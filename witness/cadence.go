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
	cadence(ctx, every, time.Now, do)
}

func cadence(ctx context.Context, every time.Duration, now func() time.Time, do func(at time.Time)) {
	// Truncate counts from year 1 and drops the monotonic reading, so that a
	// clock that is set moves the beats with it.
	next := func() time.Time { return now().Truncate(every).Add(every) }
	for ctx.Err() == nil {
		at := next()
		for early := at.Sub(now()); early > 0; early = at.Sub(now()) {
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
