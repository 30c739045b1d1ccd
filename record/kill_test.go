// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	killDirEnv = "RECORD_TEST_KILL_DIR" // set: the test binary is the writer that is killed

	// killsPerLog bounds how large a log becomes that is verified after each kill.
	killsPerLog = 25
	// A writer is killed at the latest killAfterMax after it made some promises,
	// fewer than killPromisesMax, so that it gets on however slow the disk is; one
	// in five is killed as long after its start, and so often opening.
	killAfterMax    = 20 * time.Millisecond
	killPromisesMax = 14
)

// TestKillsLoseNothing kills a process that writes a log, its guard and its
// replica, at random moments, and checks that whatever it acknowledged is there.
func TestKillsLoseNothing(t *testing.T) {
	if dir := os.Getenv(killDirEnv); dir != "" {
		writeForever(t, dir)
		return
	}
	kills := 30
	if longTests() {
		kills = 10_000
	}
	// The moments differ from run to run; whatever they are, nothing may be lost.
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 0))
	total := make(map[string]uint64)
	var k *killed
	for i := range kills {
		if i%killsPerLog == 0 {
			k = &killed{dir: t.TempDir(), promised: make(map[string]uint64)}
			if err := os.Mkdir(filepath.Join(k.dir, "guard"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		promises := 1 + random.IntN(killPromisesMax)
		if i%5 == 4 {
			promises = 0
		}
		k.kill(t, promises, time.Duration(random.Int64N(int64(killAfterMax))))
		k.check(t)
		if (i+1)%killsPerLog == 0 || i+1 == kills {
			for what, n := range k.promised {
				total[what] += n
			}
			if err := os.RemoveAll(k.dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d kills, promised: %v", kills, total)
	for _, what := range []string{"acknowledged", "signed", "merged", "replicated"} {
		if total[what] == 0 {
			t.Errorf("no writer lived to say %q: the test tests nothing", what)
		}
	}
}

// killed is a directory whose writer is killed again and again.
type killed struct {
	dir      string
	promised map[string]uint64 // the highest number that was printed after each word
	tree     tree              // of the entries that must be there
}

// kill starts a writer, kills it some time after it made so many promises, the
// first of which is that it opened its logs, and reads what it promised.
func (k *killed) kill(t *testing.T, promises int, after time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKillsLoseNothing$")
	child.Env = append(os.Environ(), killDirEnv+"="+k.dir)
	pipe, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	var timer *time.Timer
	for made := 0; ; made++ {
		if timer == nil && made >= promises {
			timer = time.AfterFunc(after, func() { child.Process.Kill() })
			defer timer.Stop()
		}
		line, err := out.ReadString('\n')
		if err != nil {
			break // The kill may have cut the line.
		}
		word, number, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			t.Errorf("the writer says %q", line)
		}
		k.promised[word] = max(k.promised[word], n)
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Fatalf("the writer ended by itself: %v", err)
	}
}

// check holds what is on the disk against what was promised.
func (k *killed) check(t *testing.T) {
	t.Helper()
	_, verifier := testKey(t)
	cosigner := newCosigner(t, "a.example")
	report, err := Verify(filepath.Join(k.dir, "log"), verifier, cosigner.verifier)
	if errors.Is(err, ErrNotFound) && len(k.promised) == 0 {
		return // It was killed before it had made the log.
	}
	if err != nil || report.Size < k.promised["acknowledged"] || report.Signed < k.promised["signed"] || report.Unknown > 0 {
		t.Fatalf("promised %v, but Verify = %+v, %v", k.promised, report, err)
	}
	for k.tree.size < report.Size {
		k.tree.addTile(0, tlog.RecordHash(testEntry(k.tree.size)), func(tileID, []tlog.Hash) {})
	}
	if k.tree.size != report.Size || k.tree.root() != report.Root {
		t.Fatalf("%d entries, where %d were before, or others", report.Size, k.tree.size)
	}
	if size := k.promised["merged"]; size > 0 {
		signed, err := os.ReadFile(filepath.Join(k.dir, "log", keptName(size)))
		if err != nil || len(signatureNames(t, signed)) != 2 {
			t.Fatalf("checkpoint %d was cosigned: %v\n%s", size, err, signed)
		}
	}
	report, err = Verify(filepath.Join(k.dir, "replica"), verifier)
	if size := k.promised["replicated"]; size > 0 && (err != nil || report.Signed < size) {
		t.Fatalf("%d entries were replicated, but Verify = %+v, %v", size, report, err)
	}
}

// writeForever is the process that is killed.
func writeForever(t *testing.T, dir string) {
	signer, verifier := testKey(t)
	cosigner := newCosigner(t, "a.example")
	s := production()
	s.segment, s.Guard = 2*tileWidth, FileGuard(filepath.Join(dir, "guard"))
	l, err := open(s, filepath.Join(dir, "log"), verifier, signer)
	if errors.Is(err, ErrNotFound) {
		l, err = create(s, filepath.Join(dir, "log"), testOrigin, signer)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := openReplica(s, filepath.Join(dir, "replica"), verifier)
	if errors.Is(err, ErrNotFound) {
		r, err = createReplica(s, filepath.Join(dir, "replica"), l.Checkpoint().Note, verifier)
	}
	if err != nil {
		t.Fatal(err)
	}
	say := func(word string, n uint64, err error) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(word, n)
	}
	fmt.Println("opened", 1)
	for i := 1; ; i++ {
		n := uint64(i % 40)
		if i%3 == 0 {
			n += tileWidth
		}
		_, err := l.Append(testEntries(l.Size(), l.Size()+n+1)...)
		say("acknowledged", l.Size(), err)
		switch i % 4 {
		case 1:
			c, err := l.Sign()
			say("signed", c.Size, err)
		case 2:
			c, err := l.Merge(cosigner.cosign(t, l.Checkpoint()))
			say("merged", c.Size, err)
		case 3:
			cursor := l.Entries(r.Checkpoint().Size, l.Checkpoint().Size)
			err := r.Extend(l.Checkpoint().Note, func() ([]byte, error) { _, entry, err := cursor.Next(); return entry, err })
			say("replicated", r.Checkpoint().Size, err)
		}
	}
}
