// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"github.com/trucewatch/trucewatch/witness"
)

// A panel is a policy of two parties and three guarantors, of whom two are
// needed, as our program writes it and three programs read it.
type panel struct {
	ours    *witness.Policy
	theirs  torchwood.Policy
	tessera tessera.WitnessGroup
}

// organisations of a panel; the parties stand first.
var organisations = []string{"party-a", "party-b", "guarantor-1", "guarantor-2", "guarantor-3"}

// newPanel makes the policy from witnesses, one per organisation.
func newPanel(t testing.TB, log key, cosigners []cosigner) panel {
	t.Helper()
	var members []witness.Member
	for i, c := range cosigners {
		m := witness.Member{Name: organisations[i], Witness: c.vkey, Address: c.url}
		if i < 2 {
			m.Party = string("AB"[i])
		}
		members = append(members, m)
	}
	const guarantors = 2
	p, err := witness.NewPolicy(log.vkey, members, guarantors)
	if err != nil {
		t.Fatal(err)
	}
	var read panel
	if read.ours, err = witness.ParsePolicy(p.Text()); err != nil {
		t.Fatalf("ours: %v\n%s", err, p.Text())
	}
	if read.theirs, err = torchwood.ParsePolicy(p.Text()); err != nil {
		t.Fatalf("torchwood: %v\n%s", err, p.Text())
	}
	if read.tessera, err = tessera.NewWitnessGroupFromPolicy(p.Text()); err != nil {
		t.Fatalf("tessera: %v\n%s", err, p.Text())
	}
	return read
}

// TestPolicies_say_the_same holds what our policy calls final against torchwood
// and Tessera, for each of the 32 sets of organisations that may have cosigned.
func TestPolicies_say_the_same(t *testing.T) {
	log := createLog(t)
	var cosigners []cosigner
	for _, name := range organisations {
		cosigners = append(cosigners, startOurs(t, name+".example/witness", log.key))
	}
	p := newPanel(t, log.key, cosigners)
	checkpoint := log.grow(t, entries(300, 0))
	lines := make([][]byte, len(cosigners))
	for i, c := range cosigners {
		status, body, err := addCheckpoint(c.url, 0, nil, checkpoint.Note)
		if err != nil || status != 200 {
			t.Fatalf("%s: status %d: %s, %v", organisations[i], status, body, err)
		}
		lines[i] = body
	}
	for set := range 1 << len(cosigners) {
		signed := bytes.Clone(checkpoint.Note)
		var names []string
		guarantors := 0
		for i, line := range lines {
			if set>>i&1 == 0 {
				continue
			}
			signed = append(signed, line...)
			names = append(names, organisations[i])
			if i >= 2 {
				guarantors++
			}
		}
		want := set&3 == 3 && guarantors >= 2
		standing, err := p.ours.Standing(signed)
		if err != nil {
			t.Fatalf("%v: %v", names, err)
		}
		if got := standing.Tier == witness.Final; got != want {
			t.Errorf("%v: our policy says final: %v", names, got)
		}
		if _, _, err := torchwood.VerifyCheckpoint(signed, p.theirs); (err == nil) != want {
			t.Errorf("%v: torchwood says %v", names, err)
		}
		if got := p.tessera.Satisfied(signed); got != want {
			t.Errorf("%v: tessera is satisfied: %v", names, got)
		}
	}
}

// TestPolicies_written_elsewhere_are_read has forms of the format that our
// program does not write itself.
func TestPolicies_written_elsewhere_are_read(t *testing.T) {
	log := logKey(t, origin, 1)
	keys := make([]any, 4)
	for i := range keys[:3] {
		k, err := witness.GenerateKey(fmt.Sprintf("w%d.example/witness", i))
		if err != nil {
			t.Fatal(err)
		}
		keys[i+1] = k.VerifierKey()
	}
	keys[0] = log.vkey
	const text = `
log %s
witness w1 %s http://127.0.0.1:1/a
witness w2 %s http://127.0.0.1:1/b
witness w3 %s http://127.0.0.1:1/c
# guarantors of one network
group some any w1 w2
group most all some w3
quorum most
`
	policy := fmt.Appendf(nil, text, keys...)
	if _, err := torchwood.ParsePolicy(policy); err != nil {
		t.Errorf("torchwood: %v", err)
	}
	if _, err := tessera.NewWitnessGroupFromPolicy(policy); err != nil {
		t.Errorf("tessera: %v", err)
	}
	read, err := witness.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	if got := read.Organisations(); !slices.Equal(got, []string{"w1", "w2", "w3"}) {
		t.Errorf("organisations %v", got)
	}
}

// TestOurWitnesses_serve_a_Tessera_log has a log of Tessera's publish under a
// policy that we wrote, with our witnesses and, for one party, a stranger's.
// Tessera publishes nothing until its policy is met.
func TestOurWitnesses_serve_a_Tessera_log(t *testing.T) {
	log := logKey(t, "log.example/tessera", 4)
	lite := startLitewitness(t, "party-b.example/witness", log)
	cosigners := []cosigner{
		startOurs(t, "party-a.example/witness", log), {lite.url, lite.verifier.String()},
		startOurs(t, "guarantor-1.example/witness", log),
		startOurs(t, "guarantor-2.example/witness", log),
		startOurs(t, "guarantor-3.example/witness", log),
	}
	p := newPanel(t, log, cosigners)

	ctx := t.Context()
	driver, err := posix.New(ctx, posix.Config{Path: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	const intervalMin = 100 * time.Millisecond // the least that Tessera takes
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(log.signer).WithBatching(benchBatch, 10*time.Millisecond).
		WithCheckpointInterval(intervalMin).WithWitnesses(p.tessera, nil))
	if err != nil {
		t.Fatal(err)
	}
	await := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, intervalMin)
	defer func() {
		if err := shutdown(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}()

	var size uint64
	for _, more := range []int{1, 255, 300} {
		var last tessera.IndexFuture
		for _, entry := range entries(more, byte(more)) {
			last = appender.Add(ctx, tessera.NewEntry(entry))
		}
		index, published, err := await.Await(ctx, last)
		if err != nil {
			t.Fatal(err)
		}
		standing, err := p.ours.Standing(published)
		if err != nil {
			t.Fatalf("%v\n%s", err, published)
		}
		if standing.Tier != witness.Final || standing.Size <= index.Index || standing.Size < size {
			t.Errorf("after entry %d: %v at %d entries, signed by %v", index.Index, standing.Tier, standing.Size, standing.Signed)
		}
		size = standing.Size
		if _, _, err := torchwood.VerifyCheckpoint(published, p.theirs); err != nil {
			t.Errorf("after entry %d: torchwood: %v", index.Index, err)
		}
	}
	checkKnown(t, log, cosigners, size)
}

// mixed are the witnesses of a panel: a stranger's for one party and for one
// guarantor, and ours for the others.
func mixed(t testing.TB, log key) []cosigner {
	t.Helper()
	var cosigners []cosigner
	for i, name := range organisations {
		if i == 1 || i == 2 {
			lite := startLitewitness(t, name+".example/witness", log)
			cosigners = append(cosigners, cosigner{lite.url, lite.verifier.String()})
			continue
		}
		cosigners = append(cosigners, startOurs(t, name+".example/witness", log))
	}
	return cosigners
}

// TestOurGatherer_asks_strangers_too has our log gather cosignatures from our
// witnesses and from strangers', until its checkpoints are final for everybody.
func TestOurGatherer_asks_strangers_too(t *testing.T) {
	log := createLog(t)
	p := newPanel(t, log.key, mixed(t, log.key))
	g := witness.NewGatherer(p.ours, log.ProveConsistency, nil)
	defer g.Close()
	for _, more := range []int{1, 255, 300} {
		checkpoint := log.grow(t, entries(more, byte(more)))
		signed, standing, err := g.Gather(t.Context(), checkpoint.Note, witness.Final)
		if err != nil || standing.Tier != witness.Final {
			t.Fatalf("%d entries: %v, %v", checkpoint.Size, standing.Tier, err)
		}
		if checkpoint, err = log.Merge(signed); err != nil {
			t.Fatal(err)
		}
		if _, _, err := torchwood.VerifyCheckpoint(checkpoint.Note, p.theirs); err != nil {
			t.Errorf("%d entries: torchwood: %v", checkpoint.Size, err)
		}
		if !p.tessera.Satisfied(checkpoint.Note) {
			t.Errorf("%d entries: tessera is not satisfied", checkpoint.Size)
		}
	}
}

// TestOurGatherer_gets_nothing_for_a_fork has one who stole the log's key gather
// for another history from strangers alone, which remember the true one.
func TestOurGatherer_gets_nothing_for_a_fork(t *testing.T) {
	log, all := createLog(t), entries(900, 0)
	var cosigners []cosigner
	for _, name := range organisations {
		lite := startLitewitness(t, name+".example/witness", log.key)
		cosigners = append(cosigners, cosigner{lite.url, lite.verifier.String()})
	}
	p := newPanel(t, log.key, cosigners)
	honest := witness.NewGatherer(p.ours, log.ProveConsistency, nil)
	defer honest.Close()
	if _, standing, err := honest.Gather(t.Context(), log.grow(t, all[:600]).Note, witness.Final); err != nil {
		t.Fatalf("%v, %v", standing.Tier, err)
	}
	fork := createLog(t)
	fork.grow(t, append(slices.Clone(all[:299]), []byte("what never happened")))
	thief := witness.NewGatherer(p.ours, fork.ProveConsistency, nil)
	defer thief.Close()
	for _, more := range [][][]byte{nil, all[300:598], all[600:]} { // smaller, as large, larger
		checkpoint := fork.grow(t, append(slices.Clone(more), []byte("and more")))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, standing, err := thief.Gather(ctx, checkpoint.Note, witness.Provisional)
		cancel()
		if err == nil || len(standing.Signed) > 0 {
			t.Errorf("%d entries of a fork: signed by %v, %v", checkpoint.Size, standing.Signed, err)
		}
	}
}

// checkKnown asks our witnesses what they signed last. They may have been asked
// for more than what was published when the quorum was there.
func checkKnown(t *testing.T, log key, cosigners []cosigner, size uint64) {
	t.Helper()
	var members []witness.Member
	for i, c := range cosigners {
		if i != 1 { // litewitness does not tell.
			members = append(members, witness.Member{Name: organisations[i], Witness: c.vkey, Address: c.url})
		}
	}
	known, err := witness.Ask(t.Context(), log.signer.Name(), log.vkey, members)
	if err != nil {
		t.Fatal(err)
	}
	if known.Latest.Size < size || len(known.Silent) > 0 || len(known.Conflicts) > 0 {
		t.Errorf("our witnesses know %d entries, %d were published; silent: %v, conflicts: %v",
			known.Latest.Size, size, known.Silent, known.Conflicts)
	}
}
