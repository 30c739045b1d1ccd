// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/verify"
)

// benchEntries is how many entries BenchmarkVerify verifies, unless
// TRUCEWATCH_BENCH_ENTRIES says another number.
const benchEntries = 200_000

// BenchmarkVerify verifies a record of small entries of one signer: each with a
// signature of its own, and 256 under one. They are receipts, which change no
// state: what association and judgement cost, package replay measures.
func BenchmarkVerify(b *testing.B) {
	n := benchEntries
	if text := os.Getenv("TRUCEWATCH_BENCH_ENTRIES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, group := range []int{1, 256} {
		b.Run(fmt.Sprintf("signed_%d_at_once", group), func(b *testing.B) { benchVerify(b, n, group) })
	}
}

func benchVerify(b *testing.B, n, group int) {
	g := newGround(b, false)
	_, device, err := ed25519.GenerateKey(nil)
	g.must(err)
	public := device.Public().(ed25519.PublicKey)
	role := trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.HolderKey, Organisation: "agency"}
	g.enter(began+trucewatch.Minute, trucewatch.Payload{Key: &role})
	all := g.raw()
	sequence, previous := uint64(0), trucewatch.Hash{}
	var bodies [][]byte
	for i := range n {
		at := began + trucewatch.Hour + trucewatch.Instant(i)*trucewatch.Second/10
		body := trucewatch.Body{Version: 1, Log: g.m.Origin(), Type: trucewatch.ReceiptEntry, Key: role.ID, Sequence: sequence, Previous: previous,
			Payload: trucewatch.Payload{Receipt: &trucewatch.ErasureReceipt{Erasure: 1, Holder: "agency", At: at}}}
		raw := trucewatch.Encode(body)
		bodies = append(bodies, raw)
		sequence, previous = sequence+1, sha256.Sum256(raw)
		if len(bodies) == group || i == n-1 {
			for j, signature := range keyring.SignBatch(device, bodies) {
				received := began + trucewatch.Hour + trucewatch.Instant(i)*trucewatch.Second/10
				all = append(all, trucewatch.Encode(trucewatch.Envelope{Received: received, Body: bodies[j], Signatures: []trucewatch.Signature{signature}}))
			}
			bodies = nil
		}
	}
	g.copyOf(all)
	before := processorTime(b)
	b.ResetTimer()
	for range b.N {
		if r := g.run(verify.Options{}); !r.Sound() || r.Entries != uint64(n+3) {
			b.Fatal(r.Count, r.Entries, r.Check(5).Problems, r.Check(6).Problems, r.Check(12).Problems)
		}
	}
	verified := float64(n) * float64(b.N)
	b.ReportMetric(verified/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(verified/(processorTime(b)-before).Seconds(), "entries/cpu-s")
}

// processorTime is what this process took of all processors, for comparisons on
// a machine that has other work.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// copyOf is rewrite in groups, as a log of a million entries is written.
func (g *ground) copyOf(all [][]byte) {
	g.Helper()
	const together = 4096
	g.rewrite(all[:min(len(all), together)])
	secret, err := os.ReadFile(g.dir + "/keys/log.key")
	g.must(err)
	signer, err := note.NewSigner(string(secret[:len(secret)-1]))
	g.must(err)
	log, err := record.Open(g.dir+"/record", g.verifier(), signer)
	g.must(err)
	for from := together; from < len(all); from += together {
		_, err := log.Append(all[from:min(len(all), from+together)]...)
		g.must(err)
	}
	_, err = log.Sign()
	g.must(err)
	g.must(log.Close())
}
