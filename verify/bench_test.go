// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

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
	n := numberFrom(b, "TRUCEWATCH_BENCH_ENTRIES", benchEntries)
	for _, group := range []int{1, 256} {
		b.Run(fmt.Sprintf("signed_%d_at_once", group), func(b *testing.B) { benchVerify(b, n, group) })
	}
}

// numberFrom is the number in a variable of the environment, or another one.
func numberFrom(b *testing.B, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func benchVerify(b *testing.B, n, group int) {
	g := newGround(b, false)
	all := g.receipts(n, group)
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

// receipts are the entries so far, a new key, and n receipts with one signature of
// it for each group.
func (g *ground) receipts(n, group int) [][]byte {
	g.Helper()
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
	return all
}

func (g *ground) signer() note.Signer {
	g.Helper()
	secret, err := os.ReadFile(filepath.Join(g.dir, "keys", "log.key"))
	g.must(err)
	signer, err := note.NewSigner(strings.TrimSpace(string(secret)))
	g.must(err)
	return signer
}

// copyOf is rewrite in groups, as a log of a million entries is written.
func (g *ground) copyOf(all [][]byte) {
	g.Helper()
	const together = 4096
	g.rewrite(all[:min(len(all), together)])
	log, err := record.Open(g.dir+"/record", g.verifier(), g.signer())
	g.must(err)
	for from := together; from < len(all); from += together {
		_, err := log.Append(all[from:min(len(all), from+together)]...)
		g.must(err)
	}
	_, err = log.Sign()
	g.must(err)
	g.must(log.Close())
}

// benchCheckpoints is how many checkpoints BenchmarkCheckpoints keeps, unless
// TRUCEWATCH_BENCH_CHECKPOINTS says another number.
const benchCheckpoints = 10_000

// BenchmarkCheckpoints verifies a record of as many entries, each under a kept
// checkpoint of its own with five cosignatures.
func BenchmarkCheckpoints(b *testing.B) {
	n := numberFrom(b, "TRUCEWATCH_BENCH_CHECKPOINTS", benchCheckpoints)
	g := newGround(b, false)
	g.enter(began, trucewatch.Payload{Policy: policy()})
	all := g.receipts(n, 256)
	g.copyOf(all)
	g.keepAll(all)
	before := processorTime(b)
	b.ResetTimer()
	for range b.N {
		if r := g.run(verify.Options{}); r.Check(2).Count+r.Check(3).Count+r.Check(4).Count+r.Check(8).Count > 0 {
			b.Fatal(r.Check(2).Problems, r.Check(3).Problems, r.Check(4).Problems, r.Check(8).Problems)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "checkpoints/s")
	b.ReportMetric(float64(n)*float64(b.N)/(processorTime(b)-before).Seconds(), "checkpoints/cpu-s")
}

// keepAll keeps a checkpoint of every size, co-signed by everybody when its last
// entry was received.
func (g *ground) keepAll(all [][]byte) {
	g.Helper()
	signer := g.signer()
	folder := filepath.Join(g.dir, "record", "checkpoints")
	g.must(os.MkdirAll(folder, 0o700))
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, i := range indexes {
			found = append(found, stored[i])
		}
		return found, nil
	})
	for i, raw := range all {
		hashes, err := tlog.StoredHashes(int64(i), raw, reader)
		g.must(err)
		stored = append(stored, hashes...)
		root, err := tlog.TreeHash(int64(i+1), reader)
		g.must(err)
		text := fmt.Sprintf("%s\n%d\n%s\n", g.m.Origin(), i+1, root)
		signed, err := note.Sign(&note.Note{Text: text}, signer)
		g.must(err)
		env, err := trucewatch.DecodeEnvelope(raw)
		g.must(err)
		for _, c := range everybody() {
			signed = append(signed, c.line(text, env.Received.Time().Add(time.Second))...)
		}
		g.must(os.WriteFile(filepath.Join(folder, fmt.Sprint(i+1)), signed, 0o600))
		if i == len(all)-1 {
			g.must(os.WriteFile(filepath.Join(g.dir, "record", "checkpoint"), signed, 0o600))
		}
	}
}
