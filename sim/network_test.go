// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// A fate is what becomes of requests to a site until the next step.
type fate int

const (
	reached fate = iota
	cutOff       // no connection
	silent       // connected, and no answer ever
	late         // the answer comes after seconds
	garbled      // the answer is noise
	twice        // the request arrives two times
	fates
)

// A site is an organisation's witness: the production server on a disk of its
// own; or, if it lies, somebody who signs what he likes.
type site struct {
	organisation trucewatch.Organisation
	key          *witness.Key
	disk         *durabletest.Disk
	lies         bool

	mu     sync.Mutex // guards what follows
	server *witness.Server
	fate   fate
	wait   time.Duration        // of a late answer
	noise  int                  // which of the lies or noises
	signed map[uint64]tlog.Hash // roots that it signed, by size
	last   uint64               // the largest of the sizes
	told   *logkey.Key          // the log's key that it said it follows; nil: the first
	wrong  []string             // what an honest witness must never do
}

var errCut = errors.New("no connection")

// A network leads to the sites by their addresses.
type network struct {
	sites  []*site
	byHost map[string]*site
	logKey string // the first
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	s := n.byHost[r.URL.Host]
	if s == nil {
		return nil, fmt.Errorf("%s: %w", r.URL.Host, errCut)
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.mu.Lock()
	what, wait := s.fate, s.wait
	s.mu.Unlock()
	if what != reached {
		happened.add(s.side() + [...]string{"", "cut off", "silent", "late", "garbled", "asked twice"}[what])
	}
	switch what {
	case cutOff:
		return nil, errCut
	case silent:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case late:
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(wait):
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if what == twice {
		s.answer(r.Method, r.URL.Path, body)
	}
	status, text := s.answer(r.Method, r.URL.Path, body)
	if what == garbled {
		status, text = noise(s.noise)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(text)), Request: r, Header: http.Header{}, ProtoMajor: 1, ProtoMinor: 1}, nil
}

// side says whose witness it is, as the faults do.
func (s *site) side() string {
	if s.organisation.Party != "" {
		return "party: "
	}
	return "guarantor: "
}

// noise is an answer that means nothing, or something false.
func noise(which int) (int, []byte) {
	switch which % 4 {
	case 0:
		return http.StatusOK, bytes.Repeat([]byte{0xff, '\n'}, 64)
	case 1:
		return http.StatusConflict, []byte("9223372036854775807\n")
	case 2:
		return http.StatusOK, []byte("— north.example/w AAAAAAAA\n")
	}
	return http.StatusInternalServerError, []byte("out of order\n")
}

// A verifier verifies the signatures of a log or a witness, each pair of text and
// signature once: a world reads its checkpoints some hundred times.
type verifier struct {
	note.Verifier
	mu   sync.Mutex // guards what follows
	good map[[32]byte]bool
}

func newVerifier(v note.Verifier) *verifier {
	return &verifier{Verifier: v, good: map[[32]byte]bool{}}
}

// Verify implements note.Verifier.
func (v *verifier) Verify(text, signature []byte) bool {
	of := sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(text), text, signature))
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.good[of] && v.Verifier.Verify(text, signature) {
		v.good[of] = true
	}
	return v.good[of]
}

// answer is what the site answers; mu is held.
func (s *site) answer(method, path string, body []byte) (int, []byte) {
	if s.lies {
		happened.add("witness: lied")
		return s.lie(method, body)
	}
	if s.server == nil {
		return http.StatusBadGateway, nil
	}
	request := httptest.NewRequest(method, path, bytes.NewReader(body))
	answer, failures := httptest.NewRecorder(), s.disk.Failed()
	s.server.ServeHTTP(answer, request)
	if s.disk.Failed() > failures {
		happened.add("witness: its disk failed")
	}
	if method == http.MethodPost && answer.Code == http.StatusOK {
		s.account(body)
	}
	return answer.Code, answer.Body.Bytes()
}

// account notes what an honest witness signed, and that it signs two histories.
func (s *site) account(body []byte) {
	_, text, _ := strings.Cut(string(body), "\n\n")
	tree, err := tlog.ParseTree([]byte(plainTree(text)))
	if err != nil {
		s.wrong = append(s.wrong, fmt.Sprintf("signed what is no checkpoint: %q", text))
		return
	}
	size := uint64(tree.N)
	if root, before := s.signed[size]; before && root != tree.Hash {
		s.wrong = append(s.wrong, fmt.Sprintf("signed two roots of size %d", size))
	}
	if size < s.last {
		s.wrong = append(s.wrong, fmt.Sprintf("signed size %d after %d", size, s.last))
	}
	s.signed[size], s.last = tree.Hash, max(s.last, size)
}

// plainTree is a checkpoint's text as tlog.ParseTree reads it.
func plainTree(text string) string {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return ""
	}
	return "go.sum database tree\n" + lines[1] + "\n" + lines[2] + "\n"
}

// lie signs another tree than the one it is shown, or says that it knows more.
func (s *site) lie(method string, body []byte) (int, []byte) {
	if method != http.MethodPost {
		return http.StatusOK, []byte("trucewatch/other/00000000\n7\nAAAA\n\n— x y\n")
	}
	_, text, _ := strings.Cut(string(body), "\n\n")
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || s.noise%2 == 0 {
		return noise(s.noise)
	}
	other := lines[0] + "\n" + lines[1] + "\n" + tlog.Hash{1}.String() + "\n"
	signed, err := note.Sign(&note.Note{Text: other}, s.key.Signer(time.Now()))
	if err != nil {
		return http.StatusInternalServerError, nil
	}
	_, signatures, _ := strings.Cut(string(signed), "\n\n")
	return http.StatusOK, []byte(signatures)
}

// newNetwork makes two parties and three or four guarantors, of which one may lie.
func newNetwork(w *world) *network {
	n := &network{byHost: map[string]*site{}}
	names := []string{"party-a", "party-b", "north", "south", "east", "west"}[:5+w.random.IntN(2)]
	liar := 2 + w.random.IntN(3*(len(names)-2)) // in a third of the worlds
	for i, name := range names {
		key, err := witness.GenerateKey(name + ".example/w")
		w.must(err)
		s := &site{key: key, disk: durabletest.New("/w"), lies: i == liar, signed: map[uint64]tlog.Hash{}}
		s.organisation = trucewatch.Organisation{Name: name, Witness: key.VerifierKey(), Address: "https://" + name + ".example"}
		if i < 2 {
			s.organisation.Party = trucewatch.PartyID("AB"[i : i+1])
		}
		n.sites = append(n.sites, s)
		n.byHost[name+".example"] = s
	}
	return n
}

// begin has every witness begin the log.
func (n *network) begin(w *world) {
	for _, s := range n.sites {
		_, err := witness.Begin(context.Background(), "/w", s.key, witness.Beginning{Log: n.logKey, How: witness.BegunNew, Disk: s.disk}, time.Now())
		w.must(err)
		w.must(s.open(n.logKey))
	}
}

// open starts the witness's process on what its disk holds.
func (s *site) open(logKey string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	server, err := witness.Open(witness.Settings{Dir: "/w", Key: s.key, Logs: []string{logKey}, Log: slog.New(slog.DiscardHandler), Disk: s.disk})
	if err != nil {
		return err
	}
	if len(server.Problems()) > 0 {
		return fmt.Errorf("%v", server.Problems())
	}
	s.server = server
	return nil
}

// draw lets chance decide how each site is reached until the next step, and
// which of their disks fail.
func (n *network) draw(random *rand.Rand) {
	for _, s := range n.sites {
		s.mu.Lock()
		s.fate = reached
		if random.IntN(4) == 0 {
			s.fate = fate(random.IntN(int(fates)))
		}
		s.wait, s.noise = time.Duration(random.IntN(9000))*time.Millisecond, random.IntN(64)
		if random.IntN(8) == 0 {
			failure := []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done}[random.IntN(3)]
			s.disk.FailAt(s.disk.Made()+random.IntN(12), failure, syscall.EIO, true)
		}
		s.mu.Unlock()
	}
}

// restart ends a witness's process, perhaps by a power cut, and starts it again.
func (n *network) restart(w *world, s *site) {
	s.mu.Lock()
	if w.random.IntN(2) == 0 {
		s.disk.Crash(durabletest.Kill)
		happened.add("witness: kill")
	} else {
		s.disk.CutPower(w.random)
		happened.add("witness: power cut")
	}
	s.server = nil
	s.mu.Unlock()
	if err := s.open(n.logKey); err != nil {
		w.fail("I6", "witness %s does not start again: %v", s.organisation.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lies {
		return
	}
	w.checkTold(s)
	if s.last == 0 {
		return
	}
	answer := httptest.NewRecorder()
	s.server.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+witness.LogID(w.verifier.Name())+"/checkpoint", nil))
	if tree, err := tlog.ParseTree([]byte(plainTree(answer.Body.String()))); err != nil || uint64(tree.N) < s.last {
		w.fail("I6", "witness %s forgot that it signed %d entries: %v", s.organisation.Name, s.last, err)
	}
}

// calm ends all faults of the network.
func (n *network) calm(w *world) {
	for _, s := range n.sites {
		s.mu.Lock()
		s.fate = reached
		s.mu.Unlock()
		n.restart(w, s)
	}
}

// offerForks shows a witness histories that the log's key signed and that are
// not the one that it signed: another tree of its size, of a larger size with a
// proof from an older one, and a smaller one.
func (n *network) offerForks(w *world, s *site) {
	r, err := record.OpenReaderOn(w.sound(), "/m/record", w.verifier)
	w.must(err)
	defer r.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lies || s.last < 2 {
		return
	}
	fork := w.fork(r, s.last-1, 1)
	root, err := tlog.TreeHash(int64(s.last), fork)
	w.must(err)
	n.refuses(w, s, s.last, nil, s.last, root)
	happened.add("witness: offered another history of its size")
	longer := w.fork(r, s.last-1, 3)
	if root, err = tlog.TreeHash(int64(s.last+2), longer); err != nil {
		w.must(err)
	}
	proof, err := tlog.ProveTree(int64(s.last+2), int64(s.last-1), longer)
	w.must(err)
	n.refuses(w, s, s.last-1, proof, s.last+2, root)
	happened.add("witness: offered a longer history by an old proof")
	n.refuses(w, s, s.last, proof, s.last+2, root)
	happened.add("witness: offered a longer history that is another")
	smaller, err := r.RootAt(s.last - 1)
	w.must(err)
	n.refuses(w, s, s.last-1, nil, s.last-1, smaller)
	happened.add("witness: offered a shorter history")
	n.offerByOldKey(w, s, r)
}

// offerByOldKey shows a witness that follows a handover what goes on from all that
// it signed, signed by the key before: whoever stole that key gets nothing by it.
func (n *network) offerByOldKey(w *world, s *site, r *record.Reader) {
	if s.last == 0 || s.told == nil || len(s.told.Spans()) == 1 {
		return
	}
	spans := s.told.Spans()
	size := max(s.last+2, s.told.Last().From)
	longer := w.fork(r, s.last, size-s.last)
	root, err := tlog.TreeHash(int64(size), longer)
	w.must(err)
	proof, err := tlog.ProveTree(int64(size), int64(s.last), longer)
	w.must(err)
	old, err := note.NewSigner(w.secrets[w.random.IntN(len(spans)-1)])
	w.must(err)
	n.refusesOf(w, s, old, s.last, proof, size, root)
	happened.add("witness: offered a longer history by an old key")
}

// refuses offers one checkpoint, which must not be signed, by the key of its size.
func (n *network) refuses(w *world, s *site, old uint64, proof tlog.TreeProof, size uint64, root tlog.Hash) {
	n.refusesOf(w, s, w.secretOf(size), old, proof, size, root)
}

func (n *network) refusesOf(w *world, s *site, signer note.Signer, old uint64, proof tlog.TreeProof, size uint64, root tlog.Hash) {
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", w.verifier.Name(), size, root)}, signer)
	w.must(err)
	body := fmt.Appendf(nil, "old %d\n", old)
	for _, hash := range proof {
		body = fmt.Appendf(body, "%s\n", hash)
	}
	body = append(append(body, '\n'), signed...)
	request := httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body))
	answer := httptest.NewRecorder()
	s.server.ServeHTTP(answer, request)
	if answer.Code == http.StatusOK {
		w.fail("I6", "witness %s signed another history: old %d, size %d, after it had signed %d", s.organisation.Name, old, size, s.last)
	}
}

// fork is a tree that begins with the first entries of the record and goes on
// with others.
func (w *world) fork(r *record.Reader, common, others uint64) hashes {
	var h hashes
	for i := range common + others {
		leaf := tlog.Hash{2, byte(i), byte(i >> 8)}
		if i < common {
			hash, err := r.LeafHash(i)
			w.must(err)
			leaf = hash
		}
		more, err := tlog.StoredHashesForRecordHash(int64(i), leaf, h)
		w.must(err)
		h = append(h, more...)
	}
	return h
}

// hashes are those of a small tree by their index.
type hashes []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, h[i])
	}
	return out, nil
}
