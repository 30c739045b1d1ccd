// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// begins is when the worlds begin: some weeks after the agreement is in force.
var begins = time.Date(2026, 4, 1, 6, 0, 0, 0, time.UTC)

// A world is a mission with everybody around it. All of it follows from seed.
type world struct {
	t        *testing.T
	seed     uint64
	random   *rand.Rand
	digest   hash.Hash // of what happened
	disk     *durabletest.Disk
	net      *network
	sealed   bool
	guarded  bool
	slow     time.Duration      // by which the mission's clock is behind; less than 0: ahead
	latest   trucewatch.Instant // the time of the record, when it was looked at last
	terms    fs.FS
	verifier *logVerifier
	secrets  []string                    // of the log, one for each of its keys
	handing  string                      // the log's key before a handover that is under way; else empty
	signers  []note.Verifier             // of the sites; see cosigners
	stood    map[string]witness.Standing // of checkpoints, by their bytes
	m        *mission.Mission            // nil while the process is down
	cosigned witness.Standing            // what the last beat brought
	deep     bool                        // the record is to be replayed
	fresh    bool                        // m was replayed from the disk in this step
	next     time.Time                   // of the next step
	full     int                         // steps until the disk is freed
	step     string                      // what happens, for messages

	officers []ed25519.PrivateKey
	devices  []*device
	sources  []*reporter
	events   []event
	rows     int // observations made so far

	agreed     agreed
	consenting []ed25519.PrivateKey // officers of the sites, party A first
	noticed    int                  // notifications given so far
	readings   int                  // votes on a reading so far

	mirrors []*holder

	door    *mission.Door            // nil if nobody came since the process began
	refused []trucewatch.Observation // sent away there, since an overload was recorded last
	quota   int64                    // bodies that the policy takes of a device in an hour; 0: thousands

	account account
	backup  *durabletest.Disk // of some steps before
	copied  uint64            // its entries
}

// now is what the mission's machine takes for the time.
func (w *world) now() trucewatch.Instant { return trucewatch.InstantOf(time.Now().Add(-w.slow)) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("seed %x: %s: %v", w.seed, w.step, err)
	}
}

// fail says which promise was broken.
func (w *world) fail(promise, format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %x: %s broken after %s: %s", w.seed, promise, w.step, fmt.Sprintf(format, args...))
}

// note adds to the trace.
func (w *world) note(format string, args ...any) { fmt.Fprintf(w.digest, format+"\n", args...) }

func (w *world) trace() [32]byte { return [32]byte(w.digest.Sum(nil)) }

func (w *world) read(name string) []byte {
	b, err := w.sound().ReadFile(name, 1<<20)
	w.must(err)
	return b
}

// sound is a copy of the disk that does not fail, to look at.
func (w *world) sound() *durabletest.Disk {
	disk := w.disk.Clone()
	disk.FailAt(-1, "", nil, false)
	return disk
}

func (w *world) surroundings() mission.Surroundings {
	return w.around(w.disk)
}

// texts are those of all worlds: they adopt the same bundles.
var texts agreement.Texts

// around is the world with another disk in it.
func (w *world) around(disk *durabletest.Disk) mission.Surroundings {
	return mission.Surroundings{Disk: disk, Net: w.net, Texts: &texts}
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), digest: sha256.New(), stood: map[string]witness.Standing{}, disk: durabletest.New("/m"), next: time.Now(), step: "create"}
	w.account = newAccount()
	w.sealed, w.guarded = w.random.IntN(3) == 0, w.random.IntN(2) == 0
	spec := &mission.Spec{ID: "sim", Title: "Sim", Mode: trucewatch.Exercise, Simulated: true, DisplayZone: "UTC", CutOff: "19:30",
		Agreements: []string{bundle}, Gazetteer: bundle + "/places.csv"}
	if w.sealed {
		spec.SlotS = mission.SlotS
	}
	if w.guarded {
		w.must(w.disk.Mkdir("/g"))
		w.must(w.disk.SyncDir("/"))
		spec.Guard = "/g"
	}
	w.must(mission.CheckSpec(spec))
	w.net = newNetwork(w)
	files, err := terms()
	w.must(err)
	w.terms, w.agreed.notices = files, map[string]*noticed{}
	w.dieSettingUp(spec, files)
	w.must(mission.CreateIn(w.surroundings(), "/m", spec, files, w.now()))
	w.followKey()
	w.net.logKey = w.verifier.String()
	w.net.begin(w)
	w.must(w.open())
	w.must(w.m.Write(w.register))
	w.acknowledge(nil)
	w.beginMirrors()
	return w
}

// dieSettingUp sets the mission up on a machine that dies over it: there is then
// a whole mission or none.
func (w *world) dieSettingUp(spec *mission.Spec, files fs.FS) {
	if w.random.IntN(4) > 0 {
		return
	}
	disk := w.disk.Clone()
	disk.FailAt(disk.Made()+w.random.IntN(150), durabletest.HalfDone, syscall.EIO, true)
	err := mission.CreateIn(w.around(disk), "/m", spec, files, w.now())
	if err != nil {
		happened.add("process: died while the mission was set up")
	}
	disk.CutPower(w.random)
	m, opened := mission.OpenIn(w.around(disk), "/m", nil)
	if err == nil && opened != nil {
		w.fail("I1", "a mission that was set up does not open: %v", opened)
	}
	if opened == nil && m.State().Genesis() == nil {
		w.fail("I1", "half a mission opens")
	}
}

// register enters keys and the policy.
func (w *world) register(wr *mission.Writer) error {
	wr.Stamp = w.now
	w.quota = []int64{0, 5}[w.random.IntN(2)]
	policy := &trucewatch.Policy{CadenceS: 10, Guarantors: 2 + (len(w.net.sites)-5)*w.random.IntN(2), BodiesPerHour: w.quota}
	for _, s := range w.net.sites {
		policy.Organisations = append(policy.Organisations, s.organisation)
	}
	for i := range 2 {
		w.officers = append(w.officers, w.newKey(fmt.Sprint("officer ", i)))
		public := w.officers[i].Public().(ed25519.PublicKey)
		k := &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: fmt.Sprint("officer ", i)}
		if _, err := wr.Enter(nil, trucewatch.Payload{Key: k}); err != nil {
			return err
		}
	}
	if err := w.officersOf(wr); err != nil {
		return err
	}
	w.people()
	for _, d := range w.devices {
		public := d.key.Public().(ed25519.PublicKey)
		k := &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.DeviceKey, Name: "device", Source: d.source.ID}
		if _, err := wr.Enter(nil, trucewatch.Payload{Key: k}); err != nil {
			return err
		}
	}
	_, err := wr.Enter(nil, trucewatch.Payload{Policy: policy})
	return err
}

func (w *world) newKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Appendf(nil, "%x %s", w.seed, name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// open starts the mission's process on what the disk holds.
func (w *world) open() error {
	m, err := mission.OpenIn(w.surroundings(), "/m", nil)
	w.m, w.fresh = m, true
	if err != nil {
		w.m = nil
	}
	return err
}

// stop ends the mission's process.
func (w *world) stop() { w.m, w.deep = nil, true }

// deepEvery is after how many steps the whole record is replayed, besides after
// each end of a process and at the end: half of a seed's time goes there.
//
// Guess: a third of a world's steps. Test: make mutants, at another value.
const deepEvery = 8

// run takes steps, and checks everything after each.
func (w *world) run(steps int) {
	for i := range steps {
		w.pass(w.pause())
		w.step, w.fresh = fmt.Sprintf("step %d", i), false
		w.net.draw(w.random)
		w.act()
		synctest.Wait()
		w.deep = w.deep || i%deepEvery == 0
		w.check()
	}
}

// pause is how long nothing happens: mostly minutes, at times hours.
func (w *world) pause() time.Duration {
	if w.random.IntN(4) == 0 {
		return time.Duration(1+w.random.IntN(20)) * time.Hour
	}
	return time.Duration(30+w.random.IntN(1200)) * time.Second
}

// pass lets time pass, until an instant that does not depend on how long things
// took, and until nothing is under way.
func (w *world) pass(d time.Duration) {
	w.next = w.next.Add(d)
	if late := time.Since(w.next); late > 0 {
		w.next = w.next.Add(late.Truncate(time.Minute) + time.Minute)
	}
	time.Sleep(time.Until(w.next))
	synctest.Wait()
}

// act does one thing, on a disk that may fail, with a process that may die.
func (w *world) act() {
	deeds := []struct {
		name   string
		weight int
		do     func() error
	}{
		{"reports", 8, w.report}, {"devices", 5, w.devicesSubmit}, {"forgery", 2, w.forge}, {"beat", 8, w.beat}, {"release", 5, w.release},
		{"serve", 3, w.serve}, {"answer", 3, w.answer}, {"proceedings", 2, w.proceed}, {"erasure", 2, w.erase}, {"lone erasure", 1, w.eraseAlone},
		{"tick", 3, w.tick}, {"clock", 1, w.setClock}, {"full disk", 1, w.fill}, {"witness restarts", 3, w.restartWitness}, {"forks", 2, w.forks},
		{"bit rot", 1, w.rot}, {"old backup put back", 2, w.rollBack}, {"later version", 2, w.adopt}, {"reading", 3, w.interpret}, {"notice", 3, w.notice}, {"pull", 6, w.pull},
		{"handover", 3, w.handOver}, {"word of a handover", 2, w.tell}, {"forged handover", 2, w.forgeHandover},
		{"flood", 2, w.flood}, {"end of an overload", 2, w.endOverload},
	}
	total := 0
	for _, d := range deeds {
		total += d.weight
	}
	pick := w.random.IntN(total)
	for _, d := range deeds {
		if pick -= d.weight; pick >= 0 {
			continue
		}
		w.step += ", " + d.name
		w.suffer(d.name, d.do)
		return
	}
}

// suffer does a deed while the disk may fail, and goes on after that.
func (w *world) suffer(name string, do func() error) {
	if w.m == nil {
		w.must(w.open())
	}
	begun, at := w.disk.Made(), -1
	failures, failure, sticky := w.disk.Failed(), durabletest.NotDone, w.random.IntN(2) == 0
	switch {
	case w.full > 0:
		if w.full--; w.full == 0 {
			w.disk.FailAt(-1, "", nil, false)
		}
	case name != "beat" && w.random.IntN(3) == 0:
		failure = []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done}[w.random.IntN(3)]
		at = begun + w.random.IntN(90)
		w.disk.FailAt(at, failure, syscall.EIO, sticky)
	}
	err := do()
	failed := at >= 0 && w.disk.Made() > at
	w.countDisk(at >= 0, failure, w.disk.Failed()-failures)
	w.note("%s %v %d", w.step, err != nil, w.rows)
	switch {
	case w.full > 0:
		if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, mission.ErrAhead) {
			w.fail("I1", "on a full disk: %v", err)
		}
		w.reopen(err)
	case at >= 0:
		if err != nil && !failed {
			w.fail("I7", "without a fault: %v", err)
		}
		w.end(failed)
	default:
		if err != nil {
			w.fail("I7", "without a fault: %v", err)
		}
		if w.random.IntN(12) == 0 {
			w.end(true)
		}
	}
}

// countDisk counts what the disk did in a deed: failed calls of a kind, or calls
// that found it full.
func (w *world) countDisk(drawn bool, failure durabletest.Failure, failed int) {
	switch {
	case failed == 0:
	case drawn:
		happened.add("disk: call failed, " + string(failure))
		if failed > 1 {
			happened.add("disk: all calls failed from one on")
		}
	default:
		happened.add("disk: full when something was to be written")
	}
	switch {
	case w.slow > 0:
		happened.add("clock: set back")
	case w.slow < 0:
		happened.add("clock: ahead")
	}
}

// end is how a process ends after its disk failed: it goes on with the mission
// opened again, it is killed, or the power goes.
func (w *world) end(failed bool) {
	w.disk.FailAt(-1, "", nil, false)
	if !failed {
		return
	}
	w.stop()
	w.door, w.refused = nil, nil
	switch w.random.IntN(3) {
	case 0:
		w.disk.Crash(durabletest.Kill)
		happened.add("process: kill")
	case 1:
		w.disk.CutPower(w.random)
		happened.add("process: power cut, by sectors")
	case 2:
		crash := durabletest.Crashes()[w.random.IntN(len(durabletest.Crashes()))]
		w.disk.Crash(crash)
		happened.add(powerCut(crash))
	}
	w.step += ", end of the process"
	if err := w.open(); err != nil {
		w.fail("I1", "the mission does not open any more: %v", err)
	}
	w.m = w.recover(w.disk, w.m)
	w.acknowledge(nil)
	w.countHandover()
}

// recover has the first writer after a crash sign what it finds. If that is a
// warrant, the mission has to be opened once more, without what was erased.
func (w *world) recover(disk *durabletest.Disk, m *mission.Mission) *mission.Mission {
	w.t.Helper()
	err := m.Write(w.nothing)
	if errors.Is(err, mission.ErrAhead) {
		if m, err = mission.OpenIn(w.around(disk), "/m", nil); err == nil {
			err = m.Write(w.nothing)
		}
	}
	if err != nil {
		w.fail("I7", "after a crash nothing can be written: %v", err)
	}
	if m.State().Closed() > 0 {
		w.fail("I1", "%d entries cannot be opened any more", m.State().Closed())
	}
	return m
}

// reopen opens the mission again if a deed failed, as every server does.
func (w *world) reopen(err error) {
	if err == nil {
		return
	}
	w.stop()
	w.must(w.open())
}

func (w *world) nothing(wr *mission.Writer) error {
	wr.Stamp = w.now
	return nil
}

// write is Mission.Write, whose success acknowledges the observations given.
func (w *world) write(rows []trucewatch.Observation, do func(wr *mission.Writer) error) error {
	err := w.m.Write(func(wr *mission.Writer) error {
		wr.Stamp = w.now
		wr.Acked = func(_ int64, entries uint64) { w.account.durable = max(w.account.durable, entries) }
		return do(wr)
	})
	if err == nil {
		w.acknowledge(rows)
	}
	return err
}

// acknowledge notes what the mission has said is kept.
func (w *world) acknowledge(rows []trucewatch.Observation) {
	for i := range rows {
		w.account.keys[rows[i].Key] = true
	}
	w.followKey()
	r, err := record.OpenReaderOn(w.sound(), "/m/record", w.verifier)
	w.must(err)
	defer r.Close()
	size := r.Checkpoint().Size
	root, err := r.RootAt(size)
	w.must(err)
	w.account.size, w.account.root = size, root
	w.account.durable = max(w.account.durable, size)
}
