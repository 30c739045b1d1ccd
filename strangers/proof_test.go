// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"filippo.io/torchwood"
	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/tlog"
)

// provenSizes are sizes of trees within a log of 700 entries.
var provenSizes = []uint64{1, 2, 3, 255, 256, 257, 511, 512, 513, 699, 700}

// slicesOf gives hashes the type that Tessera and transparency-dev take.
func slicesOf(hashes [][32]byte) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// TestOurInclusionProofs_verify_elsewhere holds each proof that our log makes
// against the roots that transparency-dev computes, and against the proof that
// Tessera builds from our tiles.
func TestOurInclusionProofs_verify_elsewhere(t *testing.T) {
	log, all := createLog(t), entries(700, 0)
	log.grow(t, all)
	tiles := client.FileFetcher{Root: log.export(t)}
	for _, size := range provenSizes {
		root := rootOf(t, all[:size])
		for _, index := range []uint64{0, size / 3, size / 2, size - 1} {
			ours, err := log.ProveInclusion(index, size)
			if err != nil {
				t.Fatalf("entry %d in %d: %v", index, size, err)
			}
			leaf := leafHash(all[index])
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaf, slicesOf(ours), root); err != nil {
				t.Errorf("entry %d in %d: %v", index, size, err)
			}
			for i := range ours {
				ours[i][0] ^= 1
				if proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaf, slicesOf(ours), root) == nil {
					t.Errorf("entry %d in %d: hash %d of the proof is not needed", index, size, i)
				}
				ours[i][0] ^= 1
			}
			if size != uint64(len(all)) {
				continue // Tessera sees the exported tree.
			}
			builder, err := client.NewProofBuilder(t.Context(), size, tiles.ReadTile)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := builder.InclusionProof(t.Context(), index)
			if err != nil {
				t.Fatalf("entry %d in %d: tessera: %v", index, size, err)
			}
			if !slices.EqualFunc(theirs, slicesOf(ours), bytes.Equal) {
				t.Errorf("entry %d in %d: tessera builds another proof", index, size)
			}
		}
	}
}

// TestOurConsistencyProofs_verify_elsewhere does the same for proofs that the
// log only grew.
func TestOurConsistencyProofs_verify_elsewhere(t *testing.T) {
	log, all := createLog(t), entries(700, 0)
	log.grow(t, all)
	tiles := client.FileFetcher{Root: log.export(t)}
	builder, err := client.NewProofBuilder(t.Context(), uint64(len(all)), tiles.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for i, till := range provenSizes {
		for _, from := range provenSizes[:i+1] {
			ours, err := log.ProveConsistency(from, till)
			if err != nil {
				t.Fatalf("%d within %d: %v", from, till, err)
			}
			before, after := rootOf(t, all[:from]), rootOf(t, all[:till])
			if err := proof.VerifyConsistency(rfc6962.DefaultHasher, from, till, slicesOf(ours), before, after); err != nil {
				t.Errorf("%d within %d: %v", from, till, err)
			}
			before[0] ^= 1
			if proof.VerifyConsistency(rfc6962.DefaultHasher, from, till, slicesOf(ours), before, after) == nil {
				t.Errorf("%d within %d: another past verifies too", from, till)
			}
			if theirs, err := builder.ConsistencyProof(t.Context(), from, till); err != nil {
				t.Errorf("%d within %d: tessera: %v", from, till, err)
			} else if !slices.EqualFunc(theirs, slicesOf(ours), bytes.Equal) {
				t.Errorf("%d within %d: tessera builds another proof", from, till)
			}
		}
	}
}

// rootOf is the tree hash of entries, by transparency-dev's hasher and the
// recursive definition.
//
// Source: RFC 6962, section 2.1.
func rootOf(t *testing.T, all [][]byte) []byte {
	t.Helper()
	if len(all) == 1 {
		return rfc6962.DefaultHasher.HashLeaf(all[0])
	}
	left := 1
	for left*2 < len(all) {
		left *= 2
	}
	return rfc6962.DefaultHasher.HashChildren(rootOf(t, all[:left]), rootOf(t, all[left:]))
}

// TestOurTlogProof_verifies_elsewhere packs our inclusion proof and checkpoint
// into one file, which two foreign programs read: the exhibit that a court gets.
//
// Source: C2SP tlog-proof.
func TestOurTlogProof_verifies_elsewhere(t *testing.T) {
	log, all := createLog(t), entries(700, 0)
	checkpoint := log.grow(t, all)
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(log.verifier))
	for _, index := range []uint64{0, 300, 699} {
		t.Run(fmt.Sprintf("entry_%d", index), func(t *testing.T) {
			hashes, err := log.ProveInclusion(index, checkpoint.Size)
			if err != nil {
				t.Fatal(err)
			}
			file := tlogproof.TLogProof{Index: index, Hashes: hashes, Checkpoint: checkpoint.Note}.Marshal()
			if err := torchwood.VerifyProof(policy, tlog.RecordHash(all[index]), file); err != nil {
				t.Error(err)
			}
			if torchwood.VerifyProof(policy, tlog.RecordHash([]byte("another entry")), file) == nil {
				t.Error("the proof holds for another entry")
			}
			var back tlogproof.TLogProof
			if err := back.Unmarshal(file); err != nil {
				t.Fatal(err)
			}
			if back.Index != index || !slices.Equal(back.Hashes, hashes) || !bytes.Equal(back.Checkpoint, checkpoint.Note) {
				t.Error("the proof does not come back as it was written")
			}
		})
	}
}
