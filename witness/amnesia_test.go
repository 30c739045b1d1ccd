// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

const (
	logName = "log.example/north"
	folder  = "/w"
)

// TestAmnesiaIsRefused: a witness whose state is gone signs nothing, though it
// has its key and the log is configured.
func TestAmnesiaIsRefused(t *testing.T) {
	log := newTestLog(t, logName).grow(8, "entry")
	disk := durabletest.New(folder)
	w := newWitness(t, "g-1.example/witness", log, disk, folder)
	mustSign(t, w, log, 0)
	w.Close()
	disk.Put(stateName(folder, logName), nil)

	again := restart(t, w.key, log, disk, folder)
	if err := again.Problems()[logName]; !errors.Is(err, ErrNotBegun) {
		t.Errorf("Problems = %v, want ErrNotBegun", err)
	}
	for _, body := range [][]byte{log.request(0), log.request(8), log.fork(2).grow(20, "fork").request(0)} {
		if status, _, text := post(t, again, body); status != 404 || !strings.Contains(text, "no state") {
			t.Errorf("status %d %s, want 404", status, text)
		}
	}
	answer := httptest.NewRecorder()
	again.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+LogID(logName)+"/checkpoint", nil))
	if answer.Code != 404 {
		t.Errorf("it shows a checkpoint: %d", answer.Code)
	}
}

// notes are checkpoints of a log, each co-signed by one witness.
func notes(log *testLog, size uint64, keys ...*Key) [][]byte {
	var list [][]byte
	for _, k := range keys {
		list = append(list, log.signedAt(size, k.Signer(noon)))
	}
	return list
}

func TestAmnesiaEndsWithTwoOthers(t *testing.T) {
	c := newCast(t)
	c.log.grow(10, "entry")
	own, g2, g3, g4 := c.keys["g-1"], c.keys["g-2"], c.keys["g-3"], c.keys["g-4"]
	stranger := newKey(t, "x.example")
	for _, tt := range []struct {
		name    string
		notes   [][]byte
		size    uint64
		vouched []string
		ahead   int
		want    error
	}{
		{"two agree", notes(c.log, 15, g2, g3), 15, []string{"g-2", "g-3"}, 0, nil},
		{"one note with both", [][]byte{c.log.signedAt(15, g3.Signer(noon), g2.Signer(noon))}, 15, []string{"g-2", "g-3"}, 0, nil},
		{"the larger of two that have two", slices.Concat(notes(c.log, 12, g2, g3), notes(c.log, 15, g3, g4)), 15, []string{"g-3", "g-4"}, 0, nil},
		{"one is further ahead", slices.Concat(notes(c.log, 15, g2, g3), notes(c.log, 18, g4)), 15, []string{"g-2", "g-3"}, 1, nil},
		{"nobody", nil, 0, nil, 0, ErrUnavailable},
		{"one", notes(c.log, 15, g2), 0, nil, 0, ErrUnavailable},
		{"one twice", notes(c.log, 15, g2, g2), 0, nil, 0, ErrUnavailable},
		{"one and this witness", notes(c.log, 15, g2, own), 0, nil, 0, ErrUnavailable},
		{"one and a stranger", notes(c.log, 15, g2, stranger), 0, nil, 0, ErrUnavailable},
		{"two at different sizes", slices.Concat(notes(c.log, 12, g2), notes(c.log, 15, g3)), 0, nil, 0, ErrUnavailable},
		{"two histories", slices.Concat(notes(c.log, 15, g2, g3), notes(c.log.fork(3).grow(12, "fork"), 15, g4)), 0, nil, 0, ErrConflict},
		{"not of the log's key", [][]byte{newTestLog(t, logName).grow(15, "x").signed(g2.Signer(noon), g3.Signer(noon))}, 0, nil, 0, ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk := durabletest.New(folder)
			b := Beginning{Log: c.log.vkey, How: BegunOthers, Notes: tt.notes, Peers: c.members}
			began, err := begin(t.Context(), disk, folder, own, b, noon)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("begin = %v, want %v", err, tt.want)
			}
			if err != nil {
				if len(disk.Files()) > 0 {
					t.Errorf("files are left: %q", disk.Files())
				}
				return
			}
			slices.Sort(began.Vouched)
			if began.Size != tt.size || !slices.Equal(began.Vouched, tt.vouched) || began.How != BegunOthers || !began.At.Equal(noon) {
				t.Errorf("began %+v", began)
			}
			list, err := reports(disk, folder)
			if err != nil || len(list) != 1 || len(list[0].Ahead) != tt.ahead || list[0].Size != tt.size {
				t.Errorf("reports %+v, %v", list, err)
			}
			if _, err := begin(t.Context(), disk, folder, own, b, noon); !errors.Is(err, ErrExists) {
				t.Errorf("begun twice: %v", err)
			}
		})
	}
}

func TestBegunFromOthersSignsOnlyWhatFollows(t *testing.T) {
	c := newCast(t)
	disk := durabletest.New(folder)
	b := Beginning{Log: c.log.vkey, How: BegunOthers, Notes: notes(c.log, 10, c.keys["g-2"], c.keys["g-3"]), Peers: c.members}
	if _, err := begin(t.Context(), disk, folder, c.keys["g-1"], b, noon); err != nil {
		t.Fatal(err)
	}
	w := restart(t, c.keys["g-1"], c.log, disk, folder)
	fork := c.log.fork(4).grow(8, "fork")
	for _, tt := range []struct {
		log    *testLog
		old    uint64
		status int
	}{{fork, 0, 409}, {fork, 10, 422}, {c.log.fork(5), 5, 409}} {
		body := request{old: tt.old, note: tt.log.signed()}.encode()
		if status, _, text := post(t, w, body); status != tt.status {
			t.Errorf("size %d from %d: status %d %s, want %d", tt.log.size, tt.old, status, text, tt.status)
		}
	}
	mustSign(t, w, c.log.grow(2, "entry"), 10)
}

func TestOperatorsWordIsRecorded(t *testing.T) {
	c := newCast(t)
	disk := durabletest.New(folder)
	b := Beginning{Log: c.log.vkey, How: BegunOperator, Notes: notes(c.log, 10, c.keys["g-2"]), Peers: c.members}
	if _, err := begin(t.Context(), disk, folder, c.keys["g-1"], b, noon); err != nil {
		t.Fatal(err)
	}
	w := restart(t, c.keys["g-1"], c.log, disk, folder)
	mustSign(t, w, c.log.grow(5, "entry"), 10)
	list, err := reports(disk, folder)
	if err != nil || list[0].Began.How != BegunOperator || list[0].Began.Size != 10 || !slices.Equal(list[0].Began.Vouched, []string{"g-2"}) {
		t.Errorf("reports %+v, %v", list, err)
	}
	b.Notes = append(b.Notes, b.Notes[0])
	if _, err := begin(t.Context(), durabletest.New(folder), folder, c.keys["g-1"], b, noon); !errors.Is(err, ErrInvalid) {
		t.Errorf("two notes are taken: %v", err)
	}
}

func TestNewIsRefusedWhenOthersKnowTheLog(t *testing.T) {
	log := newTestLog(t, logName).grow(8, "entry")
	peer := newWitness(t, "g-2.example/witness", log, durabletest.New(folder), folder)
	b := Beginning{Log: log.vkey, How: BegunNew, Peers: []Member{peer.member()}}
	down := Member{Name: "party-a", Witness: newKey(t, "party-a").VerifierKey()}
	began, err := begin(t.Context(), durabletest.New(folder), folder, newKey(t, "g-1.example/witness"), Beginning{Log: log.vkey, How: BegunNew, Peers: []Member{peer.member(), down}}, noon)
	if err != nil || !slices.Equal(began.Silent, []string{"party-a"}) {
		t.Errorf("begin while nobody knows the log = %+v, %v", began, err)
	}
	disk := durabletest.New(folder)
	mustSign(t, peer, log, 0)
	if _, err := begin(t.Context(), disk, folder, newKey(t, "g-1.example/witness"), b, noon); !errors.Is(err, ErrBehind) || !strings.Contains(err.Error(), "size 8") {
		t.Errorf("begin = %v, want ErrBehind", err)
	}
}

// snapshot is a witness's folder as a backup has it.
func snapshot(disk *durabletest.Disk) []byte {
	text, err := disk.ReadFile(stateName(folder, logName), stateSizeMax)
	if err != nil {
		panic(err)
	}
	return text
}

// restored is a witness that signed size 8, was backed up, signed size 20 as did
// its peer, and was then restored from the backup.
type restored struct {
	log  *testLog
	disk *durabletest.Disk
	peer *testWitness
	key  *Key
}

func newRestored(t *testing.T) restored {
	log := newTestLog(t, logName).grow(8, "entry")
	peer := newWitness(t, "g-2.example/witness", log, durabletest.New(folder), folder)
	disk := durabletest.New(folder)
	w := newWitness(t, "g-1.example/witness", log, disk, folder, peer.member())
	mustSign(t, w, log, 0)
	backup := snapshot(disk)
	log.grow(12, "entry")
	mustSign(t, w, log, 8)
	mustSign(t, peer, log, 0)
	w.Close()
	disk.Put(stateName(folder, logName), backup)
	return restored{log, disk, peer, w.key}
}

// TestRestoredBackupRefusesTheFork: without its peers, the restored witness
// would sign another history from size 8 on. With them it does not, from
// whatever size the fork's proof begins.
func TestRestoredBackupRefusesTheFork(t *testing.T) {
	r := newRestored(t)
	alone := restart(t, r.key, r.log, r.disk.Clone(), folder)
	fork := r.log.fork(10).grow(30, "fork")
	if status, _, _ := post(t, alone, fork.request(8)); status != 200 {
		t.Fatalf("status %d: the test has no hole to close", status)
	}

	w := restart(t, r.key, r.log, r.disk, folder, r.peer.member())
	if got := w.logs[logName].ledger.heads; len(got) != 2 || got[1].Size != 20 {
		t.Fatalf("heads %v", got)
	}
	for _, size := range []uint64{12, 20, 30, 40} {
		for _, old := range []uint64{0, 8, 20, 8, 20} {
			body := request{old: old, note: fork.signedAt(size)}
			if old > 0 && old < size {
				proof, err := fork.prove(old, size)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range proof {
					body.proof = append(body.proof, h)
				}
			}
			if status, _, text := post(t, w, body.encode()); status == 200 {
				t.Fatalf("fork of size %d from %d is signed: %s", size, old, text)
			}
		}
	}
}

// TestRestoredBackupCatchesUp: the witness is asked by an ordinary client, which
// follows the sizes in its answers.
func TestRestoredBackupCatchesUp(t *testing.T) {
	for _, grown := range []int{0, 1, 30} {
		r := newRestored(t)
		w := restart(t, r.key, r.log, r.disk, folder, r.peer.member())
		// What it may have signed is not signed again below what its peer holds.
		if status, _, text := post(t, w, r.log.fork(15).request(8)); status != 409 || text != "20\n" {
			t.Errorf("status %d %q, want 409 and 20", status, text)
		}
		r.log.grow(grown, "entry")
		p, err := NewPolicy(r.log.vkey, []Member{w.member()}, 1)
		if err != nil {
			t.Fatal(err)
		}
		g := NewGatherer(p, r.log.prove, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if _, s, err := g.Gather(ctx, r.log.signed(), Provisional); err != nil {
			t.Errorf("grown by %d: %+v, %v", grown, s, err)
		}
		cancel()
		g.Close()
		if list, err := reports(r.disk, folder); err != nil || len(list[0].Ahead) != 0 || list[0].Size != r.log.size {
			t.Errorf("grown by %d: %+v, %v", grown, list, err)
		}
		mustSign(t, w, r.log.grow(3, "entry"), w.size())
	}
}

// TestRestoredBackupRemembersWhatPeersSaid also after another restart, when
// they are silent.
func TestRestoredBackupRemembersWhatPeersSaid(t *testing.T) {
	r := newRestored(t)
	restart(t, r.key, r.log, r.disk, folder, r.peer.member()).Close()
	w := restart(t, r.key, r.log, r.disk, folder)
	if status, _, text := post(t, w, r.log.fork(10).grow(30, "fork").request(8)); status != 409 || text != "20\n" {
		t.Errorf("status %d %q, want 409 and 20", status, text)
	}
}

func TestRestoredBackupWaitsForItsPeers(t *testing.T) {
	r := newRestored(t)
	r.peer.http.Close()
	w := restart(t, r.key, r.log, r.disk, folder, r.peer.member())
	if status, _, text := post(t, w, r.log.request(8)); status != 503 {
		t.Errorf("status %d %s, want 503", status, text)
	}
	if _, known := w.Problems()[logName]; known {
		t.Error("waiting is a problem")
	}
}

// TestConflictWithPeerStopsTheWitness: another witness holds another root of the
// same size, signed by the log. Nobody knows which one this witness signed
// before it was restored.
func TestConflictWithPeerStopsTheWitness(t *testing.T) {
	log := newTestLog(t, logName).grow(8, "entry")
	fork := log.fork(4).grow(4, "fork")
	peer := newWitness(t, "g-2.example/witness", fork, durabletest.New(folder), folder)
	mustSign(t, peer, fork, 0)
	disk := durabletest.New(folder)
	w := newWitness(t, "g-1.example/witness", log, disk, folder)
	mustSign(t, w, log, 0)
	w.Close()
	for _, peers := range [][]Member{{peer.member()}, nil} { // It stays so without the peer.
		w = restart(t, w.key, log, disk, folder, peers...)
		if err := w.Problems()[logName]; !errors.Is(err, ErrConflict) {
			t.Errorf("Problems = %v, want ErrConflict", err)
		}
		if status, _, _ := post(t, w, log.fork(8).grow(2, "entry").request(8)); status != 403 {
			t.Errorf("status %d, want 403", status)
		}
		list, err := reports(disk, folder)
		if err != nil || !list[0].Conflict || len(list[0].Evidence) != 2 {
			t.Fatalf("reports %+v, %v", list, err)
		}
		var kept [][]byte
		for _, file := range list[0].Evidence {
			text, err := disk.ReadFile(file, noteSizeMax)
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, text)
		}
		k, err := parseLogKey(log.vkey)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := openCheckpoint(kept[0], k...)
		b, errB := openCheckpoint(kept[1], k...)
		if errA != nil || errB != nil || a.Size != b.Size || a.Root == b.Root {
			t.Errorf("evidence %v, %v; %v, %v", a, errA, b, errB)
		}
		w.Close()
	}
}

// TestWitnessesStartTogether: each asks the others while it starts.
func TestWitnessesStartTogether(t *testing.T) {
	log := newTestLog(t, logName).grow(8, "entry")
	var servers []*Server
	var hosts []*httptest.Server
	var members []Member
	for _, name := range []string{"g-1", "g-2", "g-3", "g-4", "g-5"} {
		disk, key := durabletest.New(folder), newKey(t, name)
		if _, err := begin(t.Context(), disk, folder, key, Beginning{Log: log.vkey, How: BegunNew}, noon); err != nil {
			t.Fatal(err)
		}
		first := restart(t, key, log, disk, folder)
		mustSign(t, first, log, 0)
		first.Close()
		s, err := open(Settings{Dir: folder, Key: key, Logs: []string{log.vkey}}, disk)
		if err != nil {
			t.Fatal(err)
		}
		host := httptest.NewServer(s)
		t.Cleanup(host.Close)
		servers, hosts = append(servers, s), append(hosts, host)
		members = append(members, Member{Name: name, Witness: key.VerifierKey(), Address: host.URL})
	}
	hosts[4].Close() // One of them is down.
	log.grow(1, "entry")
	for _, s := range servers[:4] {
		s.settings.Peers = members
		s.Ask(t.Context())
		if status, _, text := post(t, s, log.request(8)); status != 200 {
			t.Errorf("status %d %s", status, text)
		}
	}
}

// TestCorruptStateSignsNothing flips each bit of a state, and cuts it anywhere.
func TestCorruptStateSignsNothing(t *testing.T) {
	log := newTestLog(t, logName).grow(8, "entry")
	disk := durabletest.New(folder)
	w := newWitness(t, "g-1.example/witness", log, disk, folder)
	mustSign(t, w, log, 0)
	w.Close()
	good := snapshot(disk)
	try := func(what string, at int, text []byte) {
		disk := durabletest.New(folder)
		disk.Put(stateName(folder, logName), text)
		s, err := open(Settings{Dir: folder, Key: w.key, Logs: []string{log.vkey}}, disk)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Problems()[logName]; !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s %d: Problems = %v, want ErrCorrupt", what, at, err)
		}
		if status, _, _ := post(t, s, log.request(8)); status != 403 {
			t.Errorf("%s %d: status %d, want 403", what, at, status)
		}
		if left, _ := disk.ReadFile(stateName(folder, logName), 2*stateSizeMax); !bytes.Equal(left, text) {
			t.Errorf("%s %d: the damaged state was changed", what, at)
		}
	}
	for i := range good {
		flipped := slices.Clone(good)
		flipped[i] ^= 1 << (i % 8)
		try("flip", i, flipped)
		if i%16 == 0 {
			try("cut", i, good[:i])
		}
	}
	try("garbage behind", 0, append(slices.Clone(good), '\n'))
	try("long", 0, bytes.Repeat([]byte("x"), stateSizeMax+1))

	// A state that is whole, but of another log's key.
	other := newTestLog(t, logName)
	s, err := open(Settings{Dir: folder, Key: w.key, Logs: []string{other.vkey}}, disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Problems()[logName]; !errors.Is(err, ErrCorrupt) {
		t.Errorf("Problems = %v, want ErrCorrupt", err)
	}
}

// TestStateOfAnotherLogIsRefused: a state is whole, and in the wrong file.
func TestStateOfAnotherLogIsRefused(t *testing.T) {
	log, other := newTestLog(t, logName).grow(8, "entry"), newTestLog(t, "log.example/south")
	disk := durabletest.New(folder)
	w := newWitness(t, "g-1.example/witness", other, disk, folder)
	w.Close()
	text, err := disk.ReadFile(stateName(folder, "log.example/south"), stateSizeMax)
	if err != nil {
		t.Fatal(err)
	}
	disk.Put(stateName(folder, logName), text)
	again := restart(t, w.key, log, disk, folder)
	if err := again.Problems()[logName]; !errors.Is(err, ErrCorrupt) {
		t.Errorf("Problems = %v, want ErrCorrupt", err)
	}
}

func TestOneWitnessAtATime(t *testing.T) {
	log := newTestLog(t, logName).grow(8, "entry")
	dir := t.TempDir()
	w := newWitness(t, "g-1.example/witness", log, durable.OS{}, dir)
	if _, err := Open(Settings{Dir: dir, Key: w.key, Logs: []string{log.vkey}}); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("Open of a witness that runs = %v", err)
	}
	if _, err := Begin(t.Context(), dir, w.key, Beginning{Log: log.vkey, How: BegunNew}, noon); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("Begin in a witness that runs = %v", err)
	}
}

// TestSignatureNeverLeavesBeforeTheStateIsDurable lets each call to the disk
// fail in each way, and the process or the power die then. Whatever was signed
// or shown before that, the witness knows afterwards; it never signs two
// histories.
func TestSignatureNeverLeavesBeforeTheStateIsDurable(t *testing.T) {
	log := newTestLog(t, logName).grow(4, "entry")
	fork := log.fork(4).grow(9, "fork")
	log.grow(9, "entry")
	key := newKey(t, "g-1.example/witness")
	fresh := func() *durabletest.Disk {
		d := durabletest.New(folder)
		if _, err := begin(t.Context(), d, folder, key, Beginning{Log: log.vkey, How: BegunNew}, noon); err != nil {
			t.Fatal(err)
		}
		return d
	}
	// run posts sizes 4, 6 and 9 and returns the largest that was signed or shown.
	run := func(d *durabletest.Disk) (left uint64) {
		s, err := open(Settings{Dir: folder, Key: key, Logs: []string{log.vkey}, Now: func() time.Time { return noon }}, d)
		if err != nil {
			return 0
		}
		s.Ask(t.Context())
		for _, size := range []uint64{4, 6, 9} {
			l := s.logs[logName]
			old := uint64(0)
			if len(l.ledger.heads) > 0 {
				old = l.ledger.latest().Size
			}
			if status, _, _ := post(t, s, log.fork(size).request(old)); status == 200 {
				left = size
			}
			answer := httptest.NewRecorder()
			s.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+LogID(logName)+"/checkpoint", nil))
			shown, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Code == 200 {
				c, err := openCheckpoint(shown, l.ledger.keys...)
				if err != nil {
					t.Fatal(err)
				}
				left = max(left, c.Size)
			}
		}
		return left
	}
	clean := fresh()
	start := len(clean.Calls())
	if left := run(clean); left != 9 {
		t.Fatalf("without failures size %d leaves, want 9", left)
	}
	tried, lost := 0, 0
	for i := start; i < len(clean.Calls()); i++ {
		for _, failure := range []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done} {
			for _, sticky := range []bool{false, true} {
				for _, crash := range durabletest.Crashes() {
					d := fresh()
					d.FailAt(i, failure, errors.New("disk"), sticky)
					left := run(d)
					if left < 9 {
						lost++
					}
					d.Crash(crash)
					s, err := open(Settings{Dir: folder, Key: key, Logs: []string{log.vkey}}, d)
					if err != nil {
						t.Fatal(err)
					}
					s.Ask(t.Context())
					if err := s.Problems()[logName]; err != nil {
						t.Fatalf("call %d %s %s: %v", i, failure, crash, err)
					}
					known := s.logs[logName].ledger.latest().Size // And shown to whoever asks.
					s.Close()
					d.Crash(durabletest.Lost)
					if s, err = open(Settings{Dir: folder, Key: key, Logs: []string{log.vkey}}, d); err != nil {
						t.Fatal(err)
					}
					s.Ask(t.Context())
					if l := s.logs[logName].ledger; len(l.heads) == 0 || l.latest().Size < known {
						t.Fatalf("call %d (%s) %s %s: size %d was shown after the start, and is lost by the next power cut", i, clean.Calls()[i], failure, crash, known)
					}
					if known < left {
						t.Fatalf("call %d (%s) %s %s: size %d had left, and the witness knows %d", i, clean.Calls()[i], failure, crash, left, known)
					}
					if left > 4 {
						if status, _, _ := post(t, s, fork.request(4)); status == 200 {
							t.Fatalf("call %d %s %s: the fork is signed", i, failure, crash)
						}
					}
					tried++
				}
			}
		}
	}
	t.Logf("%d failures, %d of which kept a signature back", tried, lost)
	if lost == 0 {
		t.Error("no failure kept a signature back: nothing was tested")
	}
}
