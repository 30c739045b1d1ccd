// SPDX-License-Identifier: Apache-2.0

package sim

import "testing"

// TestFoundSeeds runs the seeds that once found something, by what they found.
// As the program changes, a seed becomes another world: what holds the promise
// for good is the test beside the code that was mended.
func TestFoundSeeds(t *testing.T) {
	for _, found := range []struct {
		what string
		seed uint64
	}{
		{"disk fails while a mission is opened after an erasure", 0x3},
		{"cosignature is taken from a kept checkpoint", 0xc},
		{"two workers and a beat wait for one log", 0x28},
		{"released finding rests on what was erased", 0x101f}, // TestReleaseOfWhatWasErased
		{"finding and case rest on what was erased", 0xbae7639b4001132},
		{"another deed on what was erased", 0xbec905cb476e00a2},
		{"erasure makes another observation join another incident", 0xbe},
		{"text for the past is refused only when it is folded", 0x529}, // TestATextForThePastIsNotAcceptable
		{"text is refused because the disk fails", 0xe0a6ba1afcddaad5}, // TestADiskThatFailsRefusesNoText
		{"mirror goes on saying that it was shown two histories", 0x17},
		{"witness that was told of a handover goes on with the old key", 0x128}, // TestWitnessFollowsAHandoverWhileItRuns
		{"mirror's first pull over a handover is cut off", 0xba},                // TestReplicaOpensWithoutTheKeyThatProvedNothing
		{"witness signs by a key whose name is not durable", 0x5f2f6f0},         // TestWitnessFollowsWhatIsDurable
		{"process dies while it overwrites a box", 0x4c3abad00000c617},          // TestHalfOverwrittenBoxIsDestroyed
		{"notification comes in the slot of an erasure", 0x5f2f63419e5494ab},    // TestSealedMissionFoldsWhatItWrites
		{"mirror is shown an old state of a size that was forged", 0x5f2f63419e53d7e0},
		{"release of a finding that an erasure moves into another incident", 0xb22ed94983933aa1},
		{"erasure moves the end of a finding's delay", 0xd306},
		{"mirror goes on in a folder whose name is not durable", 0x3af6eff8774316c9}, // TestWhatIsPulledAfterAFailureOutlivesAPowerCut
		{"withdrawn finding is held to what its incident became", 0x3af6eff8774333bc},
		{"missed deed of a case rests on what was erased", 0x3af6eff87743f2dc},
		{"day ends while the last beats are sent", 0x5f2f63419e53cd1e},
	} {
		t.Run(found.what, func(t *testing.T) { runSeed(t, found.seed) })
	}
}
