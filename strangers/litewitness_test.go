// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"bytes"
	"crypto/ed25519"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // to tell litewitness of a log

	"github.com/trucewatch/trucewatch/witness"
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

// startLitewitness starts a witness with an empty database, and has it know a
// log by its key.
func startLitewitness(t testing.TB, name string, log key) *litewitness {
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
	w.introduce(t, log)
	return w
}

// serveAgent is an SSH agent with one key.
func serveAgent(t testing.TB, socket string, key ed25519.PrivateKey) {
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
func (w *litewitness) start(t testing.TB) {
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
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// introduce has the witness know a log, as witnessctl add-log and add-key do.
func (w *litewitness) introduce(t testing.TB, log key) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.folder, "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	empty := tlog.Hash(rootOfNothing)
	if _, err := db.Exec("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", log.signer.Name(), empty.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO key (origin, key) VALUES (?, ?)", log.signer.Name(), log.vkey); err != nil {
		t.Fatal(err)
	}
}

// TestLitewitness_remembers_after_a_crash kills the witness and starts it again.
func TestLitewitness_remembers_after_a_crash(t *testing.T) {
	log, all := createLog(t), entries(600, 0)
	w := startLitewitness(t, "witness.example/lite", log.key)
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
	w := startLitewitness(t, "witness.example/lite", log.key)
	cosigned(t, w.url, log, 0, log.grow(t, all[:300]))
	w.stop(t)
	if err := os.Remove(filepath.Join(w.folder, "db")); err != nil {
		t.Fatal(err)
	}
	w.start(t)
	w.introduce(t, log.key)
	status, body, err := addCheckpoint(w.url, 0, nil, forkAt(t, all, 200).Note)
	if err != nil || status != http.StatusOK {
		t.Errorf("status %d: %s, %v: litewitness does not forget any more", status, body, err)
	}
}

// TestOurWitness_starts_again_among_strangers has a witness of ours start again
// with a state, which waits until others say what they know. litewitness has no
// way to say it: where all the others are such, our witness would wait for good,
// so that one of them at least must be ours.
func TestOurWitness_starts_again_among_strangers(t *testing.T) {
	log, all := createLog(t), entries(600, 0)
	lite := startLitewitness(t, "party-a.example/witness", log.key)
	other := startOurs(t, "guarantor-1.example/witness", log.key)
	k, err := witness.GenerateKey("party-b.example/witness")
	if err != nil {
		t.Fatal(err)
	}
	settings := witness.Settings{Dir: t.TempDir(), Key: k, Logs: []string{log.vkey}, Peers: []witness.Member{
		{Name: "party-a", Witness: lite.verifier.String(), Address: lite.url},
		{Name: "guarantor-1", Witness: other.vkey, Address: other.url},
	}}
	begin := witness.Beginning{Log: log.vkey, How: witness.BegunNew, Peers: settings.Peers}
	if _, err := witness.Begin(t.Context(), settings.Dir, k, begin, time.Now()); err != nil {
		t.Fatal(err)
	}
	var old uint64
	for range 2 {
		w, err := witness.Open(settings)
		if err != nil {
			t.Fatal(err)
		}
		w.Ask(t.Context())
		server := httptest.NewServer(w)
		checkpoint := log.grow(t, all[old:old+300])
		for _, url := range []string{lite.url, other.url, server.URL} {
			cosigned(t, url, log, old, checkpoint)
		}
		old = checkpoint.Size
		server.Close()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
