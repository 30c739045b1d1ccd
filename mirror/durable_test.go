// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"syscall"
	"testing"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// TestWhatIsPulledAfterAFailureOutlivesAPowerCut: whichever call of the first pull
// the disk fails, and however, the next pull keeps what it says it keeps. What the
// first made may be there without being durable.
func TestWhatIsPulledAfterAFailureOutlivesAPowerCut(t *testing.T) {
	l := newTestLog(t)
	c := l.grow(20, "")
	source := l.serve(nil)
	for _, failure := range []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done} {
		for _, killed := range []bool{false, true} {
			for call := 0; ; call++ {
				disk := durabletest.New("/")
				s := Settings{Disk: disk, Dir: "/copy", Source: source}
				m := openMirror(t, s)
				made := disk.Made()
				disk.FailAt(made+call, failure, syscall.EIO, false)
				_, _ = m.Pull(t.Context()) // the next one is what counts
				if disk.Failed() == 0 {
					break
				}
				disk.FailAt(-1, "", nil, false)
				if killed {
					disk.Crash(durabletest.Kill)
					m = openMirror(t, s)
				}
				if _, err := m.Pull(t.Context()); err != nil {
					t.Errorf("%s at call %d of the first pull, %q (killed: %v): the next one: %v", failure, call, disk.Calls()[made+call], killed, err)
				}
				disk.Crash(durabletest.Lost)
				after := openMirror(t, s)
				if got := after.Checkpoint(); got.Size != c.Size || got.Root != c.Root {
					t.Errorf("%s at call %d of the first pull (killed: %v): %d entries are left of %d", failure, call, killed, got.Size, c.Size)
				}
				if kept, err := after.kept.of(c.Size); err != nil || len(kept) != 1 {
					t.Errorf("%s at call %d of the first pull (killed: %v): %d checkpoints are left (%v)", failure, call, killed, len(kept), err)
				}
			}
		}
	}
}
