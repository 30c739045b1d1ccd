// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"bytes"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // to tell litewitness of a log

	"github.com/trucewatch/trucewatch/record"
)

// buildLitewitness builds torchwood's witness once and returns its path.
var buildLitewitness = sync.OnceValues(func() (string, error) {
	file := filepath.Join(buildFolder, "litewitness")
	out, err := exec.Command("go", "build", "-o", file, "filippo.io/torchwood/cmd/litewitness").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build litewitness: %w: %s", err, out)
	}
	return file, nil
})

// A litewitness is torchwood's witness in a process of its own. Its key stays
// with an SSH agent, which is us.
type litewitness struct {
	name     string
	url      string
	folder   string // of its database and the agent's socket
	key      ed25519.PrivateKey
	verifier *torchwood.CosignatureVerifier
	process  *exec.Cmd
	ended    chan error // has one error when the process is gone
}

// startLitewitness starts a witness with an empty database, and has it know l.
func startLitewitness(t *testing.T, name string, l *ourLog) *litewitness {
	t.Helper()
	// Not t.TempDir: the path of a socket has 107 bytes at most.
	folder, err := os.MkdirTemp("", "w")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	chacha := rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%-32s", name))))
	seed := make([]byte, ed25519.SeedSize)
	chacha.Read(seed) // It never fails.
	w := &litewitness{name: name, folder: folder, key: ed25519.NewKeyFromSeed(seed)}
	signer, err := torchwood.NewCosignatureSigner(name, w.key)
	if err != nil {
		t.Fatal(err)
	}
	w.verifier = signer.Verifier()
	serveAgent(t, filepath.Join(folder, "agent"), w.key)
	w.start(t)
	w.introduce(t, l)
	return w
}

// serveAgent is an SSH agent with one key.
func serveAgent(t *testing.T, socket string, key ed25519.PrivateKey) {
	t.Helper()
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // The test is over.
			}
			go agent.ServeAgent(keyring, conn)
		}
	}()
}

// start starts the process and returns when it answers.
func (w *litewitness) start(t *testing.T) {
	t.Helper()
	file, err := buildLitewitness()
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(w.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	w.url = "http://" + address
	var said bytes.Buffer
	w.process = exec.Command(file, "-name", w.name, "-db", filepath.Join(w.folder, "db"), "-ssh-agent", filepath.Join(w.folder, "agent"),
		"-key", ssh.FingerprintSHA256(public), "-listen", address)
	w.process.Stderr = &said
	if err := w.process.Start(); err != nil {
		t.Fatal(err)
	}
	process, ended := w.process, make(chan error, 1)
	w.ended = ended
	go func() { ended <- process.Wait() }()
	t.Cleanup(func() { process.Process.Kill() })

	// Guess: a process that has not answered by then never will.
	const startMax = 30 * time.Second
	late := time.After(startMax)
	for again := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case err := <-ended:
			t.Fatalf("litewitness ended: %v: %s", err, said.String())
		case <-late:
			t.Fatal("litewitness does not answer")
		case <-again.C:
			if answer, err := http.Get(w.url); err == nil {
				answer.Body.Close()
				again.Stop()
				return
			}
		}
	}
}

// stop kills the process, as a power cut would.
func (w *litewitness) stop(t *testing.T) {
	t.Helper()
	if err := w.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-w.ended
}

// freeAddress is an address on this machine that nobody listened on just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// introduce has the witness know a log, as witnessctl add-log and add-key do.
func (w *litewitness) introduce(t *testing.T, l *ourLog) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.folder, "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	empty := tlog.Hash(rootOfNothing)
	if _, err := db.Exec("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", origin, empty.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO key (origin, key) VALUES (?, ?)", origin, l.vkey); err != nil {
		t.Fatal(err)
	}
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

// TestLitewitness_cosigns_our_growth lets our log grow under the eyes of a
// foreign witness; torchwood finds its cosignature on what we publish.
func TestLitewitness_cosigns_our_growth(t *testing.T) {
	log := createLog(t)
	w := startLitewitness(t, "witness.example/lite", log)
	policy := torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(origin),
		torchwood.SingleVerifierPolicy(log.verifier), torchwood.SingleVerifierPolicy(w.verifier))
	var old uint64
	for _, more := range []int{1, 255, 1, 43, 700} {
		began := time.Now().Unix()
		checkpoint := cosigned(t, w.url, log, old, log.grow(t, entries(more, byte(more))))
		old = checkpoint.Size

		published, err := os.ReadFile(filepath.Join(log.export(t), "checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		read, opened, err := torchwood.VerifyCheckpoint(published, policy)
		if err != nil {
			t.Fatalf("%d entries: %v\n%s", checkpoint.Size, err, published)
		}
		if uint64(read.N) != checkpoint.Size || [32]byte(read.Hash) != checkpoint.Root {
			t.Errorf("%d entries: torchwood read %d entries, root %v", checkpoint.Size, read.N, read.Hash)
		}
		for _, sig := range opened.Sigs {
			if sig.Name != w.name {
				continue
			}
			at, err := torchwood.CosignatureTimestamp(sig)
			if err != nil || at < began || at > time.Now().Unix() {
				t.Errorf("%d entries: cosigned at %d, %v, not between %d and now", checkpoint.Size, at, err, began)
			}
		}
	}
}

// TestLitewitness_refuses_our_dishonesty uses the genuine key of the log: what
// one who has it can do against a witness who remembers.
func TestLitewitness_refuses_our_dishonesty(t *testing.T) {
	log, all := createLog(t), entries(1000, 0)
	w := startLitewitness(t, "witness.example/lite", log)
	first := log.grow(t, all[:300])
	second := log.grow(t, all[300:600])
	cosigned(t, w.url, log, 0, first)
	cosigned(t, w.url, log, 300, second)

	fork := createLog(t) // same origin, same key
	forged := fork.grow(t, append(slices.Clone(all[:299]), []byte("what never happened")))
	forgedMore := fork.grow(t, all[300:900])
	proofOf := func(l *ourLog, old, till uint64) [][32]byte {
		hashes, err := l.ProveConsistency(old, till)
		if err != nil {
			t.Fatal(err)
		}
		return hashes
	}
	stranger := logKey(t, origin, 2) // same origin, another key
	other, err := record.Create(t.TempDir(), origin, stranger.signer)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()

	for _, ask := range []struct {
		name   string
		old    uint64
		hashes [][32]byte
		signed []byte
		status int
		body   string
	}{
		{"fork_that_is_larger", 600, proofOf(fork, 600, 900), forgedMore.Note, http.StatusUnprocessableEntity, ""},
		{"fork_of_the_same_size", 600, nil, forkAt(t, all, 600).Note, http.StatusUnprocessableEntity, ""},
		{"fork_that_begins_anew", 0, nil, forgedMore.Note, http.StatusConflict, "600\n"},
		{"rollback", 300, nil, first.Note, http.StatusConflict, "600\n"},
		{"rollback_to_a_fork", 300, nil, forged.Note, http.StatusConflict, "600\n"},
		{"rollback_that_claims_to_know", 600, nil, first.Note, http.StatusBadRequest, ""},
		{"another_key", 600, nil, other.Checkpoint().Note, http.StatusForbidden, ""},
	} {
		t.Run(ask.name, func(t *testing.T) {
			status, body, err := addCheckpoint(w.url, ask.old, ask.hashes, ask.signed)
			if err != nil {
				t.Fatal(err)
			}
			if status != ask.status {
				t.Errorf("status %d: %s; want %d", status, body, ask.status)
			}
			if ask.body != "" && string(body) != ask.body {
				t.Errorf("answer %q, want %q", body, ask.body)
			}
		})
	}
	t.Run("honest_growth_after_all_that", func(t *testing.T) {
		cosigned(t, w.url, log, 600, log.grow(t, all[600:]))
	})
}

// forkAt is the checkpoint of a log of that size, with our log's origin and key,
// whose last entry is another one.
func forkAt(t *testing.T, all [][]byte, size int) record.Checkpoint {
	t.Helper()
	return createLog(t).grow(t, append(slices.Clone(all[:size-1]), []byte("what never happened")))
}

// TestLitewitness_remembers_after_a_crash kills the witness and starts it again.
func TestLitewitness_remembers_after_a_crash(t *testing.T) {
	log, all := createLog(t), entries(600, 0)
	w := startLitewitness(t, "witness.example/lite", log)
	cosigned(t, w.url, log, 0, log.grow(t, all[:300]))
	w.stop(t)
	if _, _, err := addCheckpoint(w.url, 300, nil, log.Checkpoint().Note); err == nil {
		t.Fatal("the witness was not stopped")
	}
	w.start(t)
	fork := forkAt(t, all, 500)
	if status, body, err := addCheckpoint(w.url, 0, nil, fork.Note); err != nil || status != http.StatusConflict || string(body) != "300\n" {
		t.Errorf("fork: status %d, %q, %v; want 409 and 300", status, body, err)
	}
	cosigned(t, w.url, log, 300, log.grow(t, all[300:]))
}

// TestLitewitness_that_forgot_cosigns_a_fork shows that a witness's memory is
// worth as much as its key: with an empty database it signs any history. So our
// witness begins with a checkpoint that others cosigned.
func TestLitewitness_that_forgot_cosigns_a_fork(t *testing.T) {
	log, all := createLog(t), entries(600, 0)
	w := startLitewitness(t, "witness.example/lite", log)
	cosigned(t, w.url, log, 0, log.grow(t, all[:300]))
	w.stop(t)
	if err := os.Remove(filepath.Join(w.folder, "db")); err != nil {
		t.Fatal(err)
	}
	w.start(t)
	w.introduce(t, log)
	status, body, err := addCheckpoint(w.url, 0, nil, forkAt(t, all, 200).Note)
	if err != nil || status != http.StatusOK {
		t.Errorf("status %d: %s, %v: litewitness does not forget any more", status, body, err)
	}
}
