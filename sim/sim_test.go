// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

var (
	seedsFlag = flag.Uint64("seeds", 6, "how many seeds TestSeeds runs")
	firstFlag = flag.String("first", "0", "the first of them, as -seed gives it")
	fromFlag  = flag.Uint64("from", 0, "how many to leave out at the beginning")
	forFlag   = flag.Duration("for", 0, "begin no seed after this time; 0: no limit")
	seedFlag  = flag.String("seed", "", "run this seed alone: up to 16 hexadecimal digits; of more, such as a git hash, the first 16 count")
)

// stepsMax is how many steps a world takes before the faults stop.
//
// Guess: some days of a mission, so that delays and clocks run out. Test: make
// mutants, which needs fewer seeds the longer a world lives.
const stepsMax = 24

// parseSeed reads a seed as -seed gives it.
func parseSeed(text string) (uint64, error) {
	return strconv.ParseUint(text[:min(len(text), 16)], 16, 64)
}

// TestMain has the collector run less often: a world is small and short-lived.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

// runSeed lives through one world and returns the digest of all that happened.
func runSeed(t *testing.T, seed uint64) (trace [32]byte) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if trouble := recover(); trouble != nil {
				t.Logf("seed %x: the program panicked", seed)
				panic(trouble)
			}
			if t.Failed() {
				t.Logf("FOUND seed %x; repeat it: go test ./sim -run Seeds -seed %x", seed, seed)
			}
		}()
		time.Sleep(time.Until(begins))
		w := newWorld(t, seed)
		w.run(stepsMax)
		w.heal()
		trace = w.trace()
	})
	return trace
}

// TestSeeds runs the whole system from each seed.
func TestSeeds(t *testing.T) {
	text, seeds := *firstFlag, *seedsFlag
	if *seedFlag != "" {
		text, seeds = *seedFlag, 1
	}
	seed, err := parseSeed(text)
	if err != nil {
		t.Fatalf("-seed and -first are hexadecimal: %v", err)
	}
	begun, clean := time.Now(), 0
	for i := range seeds {
		if t.Failed() || *forFlag > 0 && time.Since(begun) > *forFlag {
			break
		}
		runSeed(t, seed+*fromFlag+i)
		clean++
	}
	if t.Failed() {
		return
	}
	fmt.Printf("clean seeds: %d\n", clean)
	if *seedsFlag < 100 {
		return
	}
	if never := happened.print(os.Stdout); clean >= seedsOfAll && len(never) > 0 {
		t.Errorf("over %d seeds these never took effect, and nothing was tested with them: %q", clean, never)
	}
}

// TestRepeats: a seed is the only input; run again it gives the same world, so
// that what was found once is found again.
func TestRepeats(t *testing.T) {
	for seed := range uint64(2) {
		if first, second := runSeed(t, seed), runSeed(t, seed); first != second {
			t.Errorf("seed %x: two runs differ: %s", seed, firstDifference(first, second))
		}
	}
}

func firstDifference(a, b [32]byte) string { return fmt.Sprintf("%x and %x", a[:8], b[:8]) }
