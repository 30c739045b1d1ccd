// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

// The environment of a process that pulls once and ends.
const (
	killDir    = "TRUCEWATCH_TEST_MIRROR_DIR"
	killSource = "TRUCEWATCH_TEST_MIRROR_SOURCE"
	killToken  = "TRUCEWATCH_TEST_MIRROR_TOKEN"
)

// TestPullOnce is the process that TestKilledPullsResume kills; run otherwise it
// does nothing.
func TestPullOnce(t *testing.T) {
	if os.Getenv(killDir) == "" {
		return
	}
	w := source(t, os.Getenv(killSource), os.Getenv(killToken))
	m := openMirror(t, Settings{Dir: os.Getenv(killDir), Source: w, Key: cosignerKey(t, "party-a.example/mirror"),
		Boxes: Boxes{Source: w, Classes: []string{seal.MissionClass}}})
	pull(t, m)
}

func TestKilledPullsResume(t *testing.T) {
	kills := 12
	if testing.Short() {
		kills = 5
	}
	b := newBoxed(t)
	b.seal(10)
	dir := filepath.Join(t.TempDir(), "mirror")
	signed := map[uint64][32]byte{}
	random := rand.New(rand.NewPCG(3, 5))
	var took time.Duration // of a pull that nobody killed
	killed := 0
	for n := range kills {
		b.seal(40)
		c := b.grow(b.size()+500+uint64(random.IntN(4000)), "") // over bundles and segments
		signed[c.Size] = c.Root
		before := time.Now()
		if pullInProcess(t, b, dir, func() time.Duration {
			if n == 0 {
				return time.Minute
			}
			return time.Duration(random.Int64N(int64(took) * 2))
		}()) {
			killed++
		}
		if n == 0 {
			took = time.Since(before)
		}
		wantSound(t, dir, signed)
	}
	m := openMirror(t, Settings{Dir: dir, Source: b.source, Key: cosignerKey(t, "party-a.example/mirror"),
		Boxes: Boxes{Source: b.source, Classes: []string{seal.MissionClass}, Again: true,
			Cover: func(e Named) (bool, bool) { return !b.store.Has(seal.MissionClass, e.Hash), true }}})
	out := pull(t, m)
	wantHeld(t, m, b.log.Checkpoint())
	if out.Boxes[0].MissingCount > 0 || !m.cosigned(m.Checkpoint()) {
		t.Errorf("after %d kills: %+v", killed, out.Boxes[0])
	}
	t.Logf("%d of %d pulls were killed", killed, kills)
}

// pullInProcess pulls in another process, and kills it after some time.
func pullInProcess(t *testing.T, b *boxed, dir string, after time.Duration) (killed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestPullOnce$") // killed by SIGKILL
	c.Env = append(os.Environ(), killDir+"="+dir, killSource+"="+b.source.prefix, killToken+"="+b.token)
	out, err := c.CombinedOutput()
	if ctx.Err() == nil && err != nil {
		t.Fatalf("the pull failed: %v\n%s", err, out)
	}
	return ctx.Err() != nil
}

// wantSound wants what a killed process left to be nothing, or a checkpoint that
// the log signed with all its entries.
func wantSound(t *testing.T, dir string, signed map[uint64][32]byte) {
	t.Helper()
	_, verifier, _ := logKey(t)
	path := filepath.Join(dir, recordName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return
	}
	replica, err := record.OpenReplica(path, verifier)
	if err != nil {
		t.Fatalf("after a kill: %v", err)
	}
	c := replica.Checkpoint()
	if err := replica.Close(); err != nil {
		t.Fatal(err)
	}
	if c.Note == nil {
		return
	}
	report, err := record.Verify(path, verifier)
	if err != nil || len(report.Problems) > 0 || signed[c.Size] != c.Root {
		t.Fatalf("after a kill: %v, %+v, root %x", err, report, c.Root)
	}
}
