// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"errors"
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

func TestHonestGrowthIsSigned(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(5, "entry")
	w := newWitness(t, "guarantor-1.example/witness", log, durabletest.New("/w"), "/w")
	mustSign(t, w, log, 0)
	mustSign(t, w, log, 5) // The same again gets a new time.
	mustSign(t, w, log.grow(7, "entry"), 5)
	mustSign(t, w, log.grow(300, "entry"), 12)
}

func TestKeyOfOneLogSignsForNoOther(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(5, "entry")
	k, err := parseLogKey(log.vkey)
	if err != nil {
		t.Fatal(err)
	}
	south := sign(t, strings.Replace(log.text(5), "north", "south", 1), log.signer)
	if c, err := openCheckpoint(south, k...); !errors.Is(err, ErrInvalid) {
		t.Errorf("openCheckpoint = %v, %v, want ErrInvalid", c, err)
	}
}

func TestEmptyLogIsSigned(t *testing.T) {
	log := newTestLog(t, "log.example/north")
	w := newWitness(t, "guarantor-1.example/witness", log, durabletest.New("/w"), "/w")
	mustSign(t, w, log, 0)
	mustSign(t, w, log.grow(3, "entry"), 0)
}

// TestServerAnswersAsTheSpecSays holds each answer to C2SP tlog-witness,
// "add-checkpoint". Every attack is made with the genuine key of the log unless
// it says otherwise; after each, honest growth is still signed.
func TestServerAnswersAsTheSpecSays(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(8, "entry")
	stranger := newTestLog(t, "log.example/north").grow(8, "entry") // another key of that name
	other := newTestLog(t, "log.example/south").grow(8, "entry")
	w := newWitness(t, "guarantor-1.example/witness", log, durabletest.New("/w"), "/w")
	mustSign(t, w, log, 0)
	larger := log.fork(8).grow(4, "entry")
	fork := log.fork(4).grow(8, "fork") // 12 entries, 4 of them shared

	withOld := func(old uint64, body []byte) []byte {
		_, rest, _ := bytes.Cut(body, []byte("\n"))
		return append(fmt.Appendf(nil, "old %d\n", old), rest...)
	}
	tests := []struct {
		name   string
		body   []byte
		status int
		size   string // the whole body, if it is a size
	}{
		{"no request", []byte("hello"), 400, ""},
		{"old size with a leading zero", bytes.Replace(larger.request(8), []byte("old 8"), []byte("old 08"), 1), 400, ""},
		{"old size is no number", bytes.Replace(larger.request(8), []byte("old 8"), []byte("old x"), 1), 400, ""},
		{"no old size", larger.signed(), 400, ""},
		{"64 proof hashes", request{old: 8, proof: make([]tlog.Hash, 64), note: larger.signed()}.encode(), 400, ""},
		{"proof line is no hash", bytes.Replace(larger.request(8), []byte("\n"), []byte("\nAAAA\n"), 1), 400, ""},
		{"no signature", request{old: 8, note: []byte(larger.text(12))}.encode(), 400, ""},
		{"checkpoint has no root", request{old: 8, note: sign(t, "log.example/north\n12\n", log.signer)}.encode(), 400, ""},
		{"size 0 with a root", request{note: sign(t, "log.example/north\n0\n"+tlog.Hash{1}.String()+"\n", log.signer)}.encode(), 400, ""},
		{"old size above the checkpoint", withOld(13, larger.request(8)), 400, ""},
		{"too long", request{old: 8, note: bytes.Repeat([]byte("x"), requestSizeMax)}.encode(), 400, ""},
		{"unknown origin", other.request(0), 404, ""},
		{"wrong key", stranger.request(0), 403, ""},
		{"right key, other origin in the text", request{note: sign(t, strings.Replace(larger.text(12), "north", "south", 1), log.signer)}.encode(), 404, ""},
		{"old size below what was signed", withOld(3, larger.request(8)), 409, "8\n"},
		{"rollback", log.fork(5).request(5), 409, "8\n"},
		{"rollback that claims growth", log.fork(5).request(3), 409, "8\n"},
		{"same size, other root", log.fork(4).grow(4, "fork").request(8), 409, "8\n"},
		{"larger fork with its own proof", withOld(8, fork.request(4)), 422, ""},
		{"larger fork with no proof", request{old: 8, note: fork.signed()}.encode(), 422, ""},
		{"proof with a hash too many", bytes.Replace(larger.request(8), []byte("\n"), []byte("\n"+tlog.Hash{1}.String()+"\n"), 1), 422, ""},
		{"same size with a proof", request{old: 8, proof: []tlog.Hash{{1}}, note: log.signed()}.encode(), 422, ""},
		{"growth", larger.request(8), 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, kind, text := post(t, w, tt.body)
			if status != tt.status {
				t.Fatalf("status %d (%s), want %d", status, text, tt.status)
			}
			if tt.size != "" && (text != tt.size || kind != "text/x.tlog.size") {
				t.Errorf("answer %q of type %s, want size %q", text, kind, tt.size)
			}
			if status != 200 && strings.Contains(text, "—") {
				t.Errorf("a refusal carries a signature: %q", text)
			}
			mustSign(t, w, w.known(t, log, larger), w.size())
		})
	}
}

// size is what the witness signed last.
func (w *testWitness) size() uint64 {
	for _, l := range w.logs {
		return l.ledger.latest().Size
	}
	return 0
}

// known returns the log of the size that the witness knows.
func (w *testWitness) known(t *testing.T, logs ...*testLog) *testLog {
	for _, l := range logs {
		if l.size == w.size() {
			return l
		}
	}
	t.Fatalf("the witness signed size %d", w.size())
	return nil
}

func TestNewWitnessTakesNoProofFromNothing(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(8, "entry")
	w := newWitness(t, "guarantor-1.example/witness", log, durabletest.New("/w"), "/w")
	body := request{proof: []tlog.Hash{{1}}, note: log.signed()}.encode()
	if status, _, _ := post(t, w, body); status != 422 {
		t.Errorf("status %d, want 422", status)
	}
	if status, _, text := post(t, w, log.request(3)); status != 409 || text != "0\n" {
		t.Errorf("status %d %q, want 409 and 0", status, text)
	}
	mustSign(t, w, log, 0)
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	log := newTestLog(t, "log.example/north")
	w := newWitness(t, "guarantor-1.example/witness", log, durabletest.New("/w"), "/w")
	for target, want := range map[string]int{
		"GET /add-checkpoint": 405, "POST /" + LogID("log.example/north") + "/checkpoint": 405, "GET /": 404,
		"GET /" + LogID("log.example/south") + "/checkpoint": 404, "GET /../witness.key": 307,
		"GET /" + LogID("log.example/north") + "/checkpoint": 204,
	} {
		method, path, _ := strings.Cut(target, " ")
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, httptest.NewRequest(method, path, nil))
		if answer.Code != want {
			t.Errorf("%s: status %d, want %d", target, answer.Code, want)
		}
	}
}

func TestForeignSignaturesAreLetBe(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(2, "entry")
	w := newWitness(t, "guarantor-1.example/witness", log, durabletest.New("/w"), "/w")
	friend := newKey(t, "party-a.example/witness")
	body := request{note: log.signed(friend.Signer(noon), newTestLog(t, "x.example").signer)}.encode()
	if status, _, text := post(t, w, body); status != 200 {
		t.Fatalf("status %d %s", status, text)
	}
	if kept := string(w.logs["log.example/north"].ledger.latest().Note); strings.Contains(kept, "party-a") || strings.Contains(kept, "x.example") {
		t.Errorf("the state keeps signatures that the witness did not verify: %s", kept)
	}
}

func TestLogMayHaveSeveralKeys(t *testing.T) {
	old := newTestLog(t, "log.example/north").grow(5, "entry")
	next := old.fork(5)
	rotated := newTestLog(t, "log.example/north")
	next.signer, next.vkey = rotated.signer, rotated.vkey
	disk, key := durabletest.New("/w"), newKey(t, "guarantor-1.example/witness")
	if _, err := begin(t.Context(), disk, "/w", key, Beginning{Log: old.vkey, How: BegunNew}, noon); err != nil {
		t.Fatal(err)
	}
	s, err := open(Settings{Dir: "/w", Key: key, Logs: []string{old.vkey, next.vkey}, Now: func() time.Time { return noon }}, disk)
	if err != nil {
		t.Fatal(err)
	}
	s.Ask(t.Context())
	w := &testWitness{Server: s, key: key}
	mustSign(t, w, old, 0)
	mustSign(t, w, next.grow(2, "entry"), 5)
}

// TestForkAtTheSameSizeIsKeptAsEvidence: the two notes prove to anybody that the
// log's key signed two histories, and the witness goes on with the first.
func TestForkAtTheSameSizeIsKeptAsEvidence(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(8, "entry")
	disk := durabletest.New("/w")
	w := newWitness(t, "guarantor-1.example/witness", log, disk, "/w")
	mustSign(t, w, log, 0)
	for i := range 100 { // Whoever holds the key can make any number of them.
		post(t, w, log.fork(4).grow(4, fmt.Sprint("fork", i)).request(8))
	}
	list, err := reports(disk, "/w")
	if err != nil || len(list) != 1 || len(list[0].Evidence) != evidenceMax {
		t.Fatalf("reports %+v, %v, want %d pieces of evidence", list, err, evidenceMax)
	}
	k, err := parseLogKey(log.vkey)
	if err != nil {
		t.Fatal(err)
	}
	roots := map[[32]byte]bool{}
	for _, file := range list[0].Evidence {
		text, err := disk.ReadFile(file, noteSizeMax)
		if err != nil {
			t.Fatal(err)
		}
		c, err := openCheckpoint(text, k...)
		if err != nil || c.Size != 8 {
			t.Fatalf("%s: %v, %v", file, c, err)
		}
		roots[c.Root] = true
	}
	if root, _ := log.root(8); !roots[root] || len(roots) != evidenceMax {
		t.Errorf("%d roots, the signed one among them: %v", len(roots), roots[root])
	}
	mustSign(t, w, log.grow(1, "entry"), 8)
}

// A slowDisk lets others run while it writes.
type slowDisk struct{ *durabletest.Disk }

func (d slowDisk) Rename(from, to string) error {
	for range 100 {
		runtime.Gosched()
	}
	return d.Disk.Rename(from, to)
}

// TestNoTwoHistoriesUnderConcurrency lets many clients post two branches at
// once: whatever is signed is one history.
func TestNoTwoHistoriesUnderConcurrency(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(4, "entry")
	w := newWitness(t, "guarantor-1.example/witness", log, slowDisk{durabletest.New("/w")}, "/w")
	mustSign(t, w, log, 0)
	branches := []*testLog{log.fork(4).grow(60, "one"), log.fork(4).grow(60, "two")}
	var mu sync.Mutex
	signed := map[uint64]map[int]bool{} // size -> branches
	var all sync.WaitGroup
	for i, branch := range branches {
		for step := range 4 {
			all.Go(func() {
				for size := uint64(5 + step); size <= 64; size += 4 {
					for range 3 {
						if status, _, _ := post(t, w, branch.fork(size).request(w.sizeNow(size))); status == 200 {
							mu.Lock()
							if signed[size] == nil {
								signed[size] = map[int]bool{}
							}
							signed[size][i] = true
							mu.Unlock()
							break
						}
					}
				}
			})
		}
	}
	all.Wait()
	won := map[int]bool{}
	for size, by := range signed {
		for i := range by {
			won[i] = true
		}
		if len(by) > 1 {
			t.Errorf("size %d was signed on both branches", size)
		}
	}
	if len(won) != 1 {
		t.Errorf("%d branches were signed, want one", len(won))
	}
}

// sizeNow is what the witness knows, at most size.
func (w *testWitness) sizeNow(size uint64) uint64 {
	l := w.logs["log.example/north"]
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(size, l.ledger.latest().Size)
}

// TestSignatureIsThatOfTheSpec verifies a cosignature from the text of the spec
// alone, without this package's or the library's code for it.
func TestSignatureIsThatOfTheSpec(t *testing.T) {
	key := newKey(t, "party-a.example/witness")
	text := "log.example/north\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	signed := sign(t, text, key.Signer(time.Unix(1679315147, 0)))
	verifySpec(t, key, text, signed, 1679315147)

	again, err := ParseKey([]byte(key.secret()))
	if err != nil || again.VerifierKey() != key.VerifierKey() {
		t.Errorf("ParseKey = %v, %v", again, err)
	}
}
