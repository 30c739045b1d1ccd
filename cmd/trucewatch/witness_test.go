// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/witness"
)

// A growingLog is a log in memory for witnesses to sign.
type growingLog struct {
	vkey   string
	signer note.Signer
	hashes []tlog.Hash
	size   int64
}

func newGrowingLog(t *testing.T) *growingLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.example/north")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &growingLog{vkey: vkey, signer: signer}
}

func (l *growingLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		hashes[i] = l.hashes[x]
	}
	return hashes, nil
}

func (l *growingLog) grow(t *testing.T) {
	t.Helper()
	hashes, err := tlog.StoredHashes(l.size, fmt.Append(nil, l.size), l)
	if err != nil {
		t.Fatal(err)
	}
	l.hashes, l.size = append(l.hashes, hashes...), l.size+1
}

// request is the body of add-checkpoint from an old size.
func (l *growingLog) request(t *testing.T, old int64) []byte {
	t.Helper()
	b := fmt.Appendf(nil, "old %d\n", old)
	if old > 0 && old < l.size {
		proof, err := tlog.ProveTree(l.size, old, l)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range proof {
			b = fmt.Appendf(b, "%s\n", h)
		}
	}
	root, err := tlog.TreeHash(l.size, l)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("log.example/north\n%d\n%s\n", l.size, root)}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(b, '\n'), signed...)
}

// startWitness runs a witness until stop, which kills it, and returns its address.
func startWitness(t *testing.T, args ...string) (address string, stop func()) {
	t.Helper()
	c := program(append([]string{"witness", "run", "--listen", "127.0.0.1:0"}, args...)...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			c.Process.Kill()
			c.Wait() // The kill is its error.
		}
	}
	t.Cleanup(stop)
	_, address, ok := strings.Cut(line, "http://")
	if err != nil || !ok {
		stop()
		t.Fatalf("witness run wrote %q, %v: %s", line, err, errs.String())
	}
	address, _, _ = strings.Cut(address, "/")
	return "http://" + address, stop
}

// postCheckpoint returns the status and the answer; an error is status 0.
func postCheckpoint(address string, body []byte) (int, string) {
	answer, err := http.Post(address+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

// TestKilledWitnessForgetsNothing kills a witness at random moments while it
// signs. What it signed, it knows when it starts again.
func TestKilledWitnessForgetsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: kills 15 processes")
	}
	log := newGrowingLog(t)
	log.grow(t)
	dir := filepath.Join(t.TempDir(), "w")
	mustRun(t, "witness", "key", "--dir", dir, "--name", "g-1.example/witness")
	mustRun(t, "witness", "init", "--dir", dir, "--log", log.vkey, "--new")
	signed, cut := int64(0), 0
	for range 15 {
		address, stop := startWitness(t, "--dir", dir, "--log", log.vkey)
		old := signed
		// It may know one more: stored, and killed before the answer left.
		switch status, text := postCheckpoint(address, log.request(t, old)); status {
		case http.StatusConflict:
			if _, err := fmt.Sscan(text, &old); err != nil || old != log.size {
				t.Fatalf("it signed size %d, and knows %q of %d", signed, text, log.size)
			}
			signed = old // It said so, and is held to it from here on.
		case http.StatusOK:
			signed, old = log.size, log.size
		default:
			t.Fatalf("size %d from %d after a start: status %d %s", log.size, old, status, text)
		}
		timer := time.AfterFunc(time.Duration(mathrand.Int64N(int64(60*time.Millisecond))), stop)
		for {
			log.grow(t)
			status, text := postCheckpoint(address, log.request(t, old))
			if status == 0 {
				cut++
				break
			}
			if status != http.StatusOK {
				t.Fatalf("size %d from %d: status %d %s", log.size, old, status, text)
			}
			signed, old = log.size, log.size
		}
		timer.Stop()
		stop()
	}
	if signed == 0 || cut == 0 {
		t.Error("nothing was signed, or nothing was cut off: nothing was tested")
	}
	t.Logf("signed up to size %d through %d kills", signed, cut)
}

// TestWitnessBeginsFromTwoOthers: three witnesses sign; one loses its folder,
// begins from the others, and goes on. One other alone is not enough.
func TestWitnessBeginsFromTwoOthers(t *testing.T) {
	log := newGrowingLog(t)
	log.grow(t)
	root := t.TempDir()
	var policy, members []string
	policy = append(policy, "log "+log.vkey)
	addresses := map[string]string{}
	for _, name := range []string{"g-1", "g-2", "g-3"} {
		dir := filepath.Join(root, name)
		vkey := strings.TrimSpace(mustRun(t, "witness", "key", "--dir", dir, "--name", name+".example/witness"))
		mustRun(t, "witness", "init", "--dir", dir, "--log", log.vkey, "--new")
		address, _ := startWitness(t, "--dir", dir, "--log", log.vkey)
		if status, text := postCheckpoint(address, log.request(t, 0)); status != http.StatusOK {
			t.Fatalf("%s: status %d %s", name, status, text)
		}
		addresses[name] = address
		policy, members = append(policy, fmt.Sprintf("witness %s %s %s", name, vkey, address)), append(members, name)
	}
	policy = append(policy, "group guarantors 2 "+strings.Join(members, " "), "quorum guarantors")
	file := filepath.Join(root, "policy.txt")
	if err := os.WriteFile(file, []byte(strings.Join(policy, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The folder is lost; the key comes from the safe.
	lost := filepath.Join(root, "again")
	if err := os.MkdirAll(lost, 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := witness.ReadKey(filepath.Join(root, "g-3", keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := witness.WriteKey(filepath.Join(lost, keyFile), key); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		how  []string
		want string
	}{
		{[]string{"--new"}, "others know a larger checkpoint: g-1 knows it at size 1"},
		{[]string{"--from", addresses["g-1"]}, "none is co-signed by 2 other witnesses (the best by 1)"},
		{[]string{"--from", addresses["g-1"], "--from", addresses["g-3"]}, "none is co-signed by 2 other witnesses (the best by 1)"},
	} {
		var out, errs bytes.Buffer
		args := append([]string{"witness", "init", "--dir", lost, "--policy", file}, tt.how...)
		if code := run(args, terminal{strings.NewReader(""), &out, &errs}); code != exitFailed || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("init %v: exit code %d, %s, want %q", tt.how, code, errs.String(), tt.want)
		}
	}
	if got := mustRun(t, "witness", "init", "--dir", lost, "--policy", file, "--from", "all"); got != "Log log.example/north begins at size 1 (others).\n" {
		t.Errorf("init --from all wrote %q", got)
	}
	address, _ := startWitness(t, "--dir", lost, "--policy", file)
	log.grow(t)
	status, text := 0, ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); { // It asks its peers first.
		if status, text = postCheckpoint(address, log.request(t, 1)); status != http.StatusServiceUnavailable {
			break
		}
	}
	if status != http.StatusOK {
		t.Errorf("status %d %s", status, text)
	}
	if got := mustRun(t, "witness", "show", "--dir", lost); !strings.Contains(got, "signed    size 2,") || !strings.Contains(got, "co-signed by g-1, g-2") {
		t.Errorf("show wrote %s", got)
	}
}
