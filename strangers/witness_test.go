// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// A cosigner is a witness that runs, ours or a stranger's.
type cosigner struct {
	url  string
	vkey string // cosignature/v1
}

// startOurs starts a witness of ours that has begun the logs as new ones.
func startOurs(t testing.TB, name string, logs ...key) cosigner {
	t.Helper()
	k, err := witness.GenerateKey(name)
	if err != nil {
		t.Fatal(err)
	}
	settings := witness.Settings{Dir: t.TempDir(), Key: k}
	for _, log := range logs {
		begin := witness.Beginning{Log: log.vkey, How: witness.BegunNew}
		if _, err := witness.Begin(t.Context(), settings.Dir, k, begin, time.Now()); err != nil {
			t.Fatal(err)
		}
		settings.Logs = append(settings.Logs, log.vkey)
	}
	w, err := witness.Open(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	w.Ask(t.Context())
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return cosigner{server.URL, k.VerifierKey()}
}

// kinds are the witnesses that every test of the protocol runs with.
var kinds = []struct {
	name  string
	start func(t *testing.T, log key) cosigner
}{
	{"litewitness", func(t *testing.T, log key) cosigner {
		w := startLitewitness(t, "witness.example/lite", log)
		return cosigner{w.url, w.verifier.String()}
	}},
	{"ours", func(t *testing.T, log key) cosigner { return startOurs(t, "witness.example/ours", log) }},
}

// addCheckpoint asks a witness to cosign: it knows old entries, and hashes prove
// that those of the checkpoint begin with them.
//
// Source: C2SP tlog-witness, add-checkpoint.
func addCheckpoint(url string, old uint64, hashes [][32]byte, signed []byte) (status int, body []byte, err error) {
	var ask strings.Builder
	fmt.Fprintf(&ask, "old %d\n", old)
	for _, h := range hashes {
		ask.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	ask.WriteString("\n")
	ask.Write(signed)
	answer, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(ask.String()))
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// cosigned asks for a cosignature, which must come, and returns the checkpoint
// with it, as our log keeps it.
func cosigned(t *testing.T, url string, l *ourLog, old uint64, checkpoint record.Checkpoint) record.Checkpoint {
	t.Helper()
	hashes, err := l.ProveConsistency(old, checkpoint.Size)
	if err != nil {
		t.Fatal(err)
	}
	status, body, err := addCheckpoint(url, old, hashes, checkpoint.Note)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK {
		t.Fatalf("%d to %d entries: status %d: %s", old, checkpoint.Size, status, body)
	}
	merged, err := l.Merge(append(bytes.Clone(checkpoint.Note), body...))
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

// TestWitnesses_cosign_our_growth lets our log grow under the eyes of a witness;
// two foreign programs find its cosignature on what we publish, and read the
// same time in it.
func TestWitnesses_cosign_our_growth(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			log := createLog(t)
			w := kind.start(t, log.key)
			theirs, err := torchwood.NewCosignatureVerifier(w.vkey)
			if err != nil {
				t.Fatal(err)
			}
			verifier, err := formats.NewVerifierForCosignatureV1(w.vkey)
			if err != nil {
				t.Fatal(err)
			}
			policy := torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(origin),
				torchwood.SingleVerifierPolicy(log.verifier), torchwood.SingleVerifierPolicy(theirs))
			var old uint64
			for _, more := range []int{1, 255, 1, 43, 700} {
				began := time.Now().Unix()
				checkpoint := cosigned(t, w.url, log, old, log.grow(t, entries(more, byte(more))))
				old = checkpoint.Size

				published, err := os.ReadFile(filepath.Join(log.export(t), "checkpoint"))
				if err != nil {
					t.Fatal(err)
				}
				read, _, err := torchwood.VerifyCheckpoint(published, policy)
				if err != nil {
					t.Fatalf("%d entries: %v\n%s", checkpoint.Size, err, published)
				}
				if uint64(read.N) != checkpoint.Size || [32]byte(read.Hash) != checkpoint.Root {
					t.Errorf("%d entries: torchwood read %d entries, root %v", checkpoint.Size, read.N, read.Hash)
				}
				opened, err := note.Open(published, note.VerifierList(verifier))
				if err != nil {
					t.Fatalf("%d entries: %v", checkpoint.Size, err)
				}
				checkTime(t, opened.Sigs[0], began)
			}
		})
	}
}

// checkTime checks that a cosignature was made since began.
func checkTime(t *testing.T, sig note.Signature, began int64) {
	t.Helper()
	at, err := torchwood.CosignatureTimestamp(sig)
	if err != nil || at < began || at > time.Now().Unix() {
		t.Errorf("cosigned at %d, %v, not between %d and now", at, err, began)
	}
	if other, err := formats.CoSigV1Timestamp(sig); err != nil || other.Unix() != at {
		t.Errorf("cosigned at %v, %v, for one and %d for the other", other, err, at)
	}
}

// TestWitnesses_refuse_our_dishonesty uses the genuine key of the log: what one
// who has it can do against witnesses who remember. Where a stranger may answer
// otherwise than C2SP tlog-witness has it, both answers stand.
func TestWitnesses_refuse_our_dishonesty(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) { refuseDishonesty(t, kind.start) })
	}
}

func refuseDishonesty(t *testing.T, start func(*testing.T, key) cosigner) {
	log, all := createLog(t), entries(1000, 0)
	w := start(t, log.key)
	first := log.grow(t, all[:300])
	second := log.grow(t, all[300:600])
	cosigned(t, w.url, log, 0, first)
	cosigned(t, w.url, log, 300, second)

	fork := createLog(t) // same origin, same key
	forged := fork.grow(t, append(slices.Clone(all[:299]), []byte("what never happened")))
	forgedMore := fork.grow(t, all[300:900])
	forkProof, err := fork.ProveConsistency(600, 900)
	if err != nil {
		t.Fatal(err)
	}
	thief := logKey(t, origin, 2) // same origin, another key
	other, err := record.Create(t.TempDir(), origin, thief.signer)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	unknown := logKey(t, "log.example/unknown", 3)
	foreign, err := record.Create(t.TempDir(), "log.example/unknown", unknown.signer)
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()

	for _, ask := range []struct {
		name     string
		old      uint64
		hashes   [][32]byte
		signed   []byte
		statuses []int // the first is that of C2SP tlog-witness
	}{
		{"fork_that_is_larger", 600, forkProof, forgedMore.Note, []int{http.StatusUnprocessableEntity}},
		{"fork_without_proof", 600, nil, forgedMore.Note, []int{http.StatusUnprocessableEntity}},
		{"fork_of_the_same_size", 600, nil, forkAt(t, all, 600).Note, []int{http.StatusConflict, http.StatusUnprocessableEntity}},
		{"fork_that_begins_anew", 0, nil, forgedMore.Note, []int{http.StatusConflict}},
		{"rollback", 300, nil, first.Note, []int{http.StatusConflict}},
		{"rollback_to_a_fork", 300, nil, forged.Note, []int{http.StatusConflict}},
		{"rollback_that_claims_to_know", 600, nil, first.Note, []int{http.StatusBadRequest}},
		{"another_key", 600, nil, other.Checkpoint().Note, []int{http.StatusForbidden}},
		{"unknown_log", 0, nil, foreign.Checkpoint().Note, []int{http.StatusNotFound}},
	} {
		t.Run(ask.name, func(t *testing.T) {
			status, body, err := addCheckpoint(w.url, ask.old, ask.hashes, ask.signed)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(ask.statuses, status) {
				t.Errorf("status %d: %s; want %v", status, body, ask.statuses)
			}
			if status == http.StatusConflict && string(body) != "600\n" {
				t.Errorf("answer %q, want the size that the witness knows", body)
			}
		})
	}
	t.Run("honest_growth_after_all_that", func(t *testing.T) {
		cosigned(t, w.url, log, 600, log.grow(t, all[600:]))
	})
}

// TestWitnesses_cosign_what_only_other_logs_write posts a checkpoint with an
// extension line, which our log never writes.
//
// Source: C2SP tlog-checkpoint.
func TestWitnesses_cosign_what_only_other_logs_write(t *testing.T) {
	log := logKey(t, "log.example/other", 5)
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			w := kind.start(t, log)
			text := torchwood.Checkpoint{Origin: "log.example/other", Extension: "of another program\n",
				Tree: tlog.Tree{N: 1, Hash: tlog.RecordHash([]byte("entry"))}}.String()
			signed, err := note.Sign(&note.Note{Text: text}, log.signer)
			if err != nil {
				t.Fatal(err)
			}
			status, body, err := addCheckpoint(w.url, 0, nil, signed)
			if err != nil || status != http.StatusOK {
				t.Fatalf("status %d: %s, %v", status, body, err)
			}
			verifier, err := torchwood.NewCosignatureVerifier(w.vkey)
			if err != nil {
				t.Fatal(err)
			}
			policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy("log.example/other"), torchwood.SingleVerifierPolicy(verifier))
			if _, _, err := torchwood.VerifyCheckpoint(append(signed, body...), policy); err != nil {
				t.Error(err)
			}
		})
	}
}

// forkAt is the checkpoint of a log of that size, with our log's origin and key,
// whose last entry is another one.
func forkAt(t *testing.T, all [][]byte, size int) record.Checkpoint {
	t.Helper()
	return createLog(t).grow(t, append(slices.Clone(all[:size-1]), []byte("what never happened")))
}
