// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	f_note "github.com/transparency-dev/formats/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/replay"
	"github.com/trucewatch/trucewatch/witness"
)

// An account is what the mission has said to others so far.
type account struct {
	keys    map[trucewatch.ContentKey]bool // observations that it acknowledged
	forged  map[trucewatch.ContentKey]bool // those that nobody made
	durable uint64                         // entries that it said are on the disk
	size    uint64                         // entries that it signed for
	root    [32]byte                       // of those
	sent    uint64                         // size of the last checkpoint that was sent out
	shown   uint64                         // size of the largest checkpoint that was sent out and answered
	final   map[uint64][32]byte            // checkpoints that were final
	public  map[trucewatch.FindingID]rests // findings that were public

	asked   map[uint64][]trucewatch.ContentKey // what stood in the entries that two officers wanted erased
	erased  map[uint64]bool                    // entries that a warrant of the record names
	judged  int                                // of those, when the public's view was looked at
	scanned uint64                             // entries that were looked at

	unheard []trucewatch.Watch // in which the record says that rows were refused

	key   string // of the log, with the handovers that it said were made
	hands string // of the log: its first key, with the handovers that entries say
}

// rests are the entries that a finding was seen to rest on: those of its incident.
type rests []uint64

func newAccount() account {
	return account{keys: map[trucewatch.ContentKey]bool{}, forged: map[trucewatch.ContentKey]bool{}, final: map[uint64][32]byte{},
		public: map[trucewatch.FindingID]rests{}, asked: map[uint64][]trucewatch.ContentKey{}, erased: map[uint64]bool{}}
}

// gone are the observations that warrants of the record have erased.
func (a *account) gone() map[trucewatch.ContentKey]bool {
	gone := map[trucewatch.ContentKey]bool{}
	for entry := range a.erased {
		for _, key := range a.asked[entry] {
			gone[key] = true
		}
	}
	return gone
}

// excuses says whether something of those entries was erased.
func (a *account) excuses(entries rests) bool {
	return slices.ContainsFunc(entries, func(entry uint64) bool { return a.erased[entry] })
}

// regrouped says whether what stands in those entries is not the whole of one
// incident any more.
func regrouped(s *replay.State, entries rests) bool {
	for in := range s.Incidents() {
		id := in.ID
		now := restsOf(s, &id)
		if slices.ContainsFunc(entries, func(entry uint64) bool { return slices.Contains(now, entry) }) {
			return !slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(entries)))
		}
	}
	return false
}

// stands says whether there is still such a finding. If its incident was another one
// when it was released, without what was erased just now, that released nothing, or its
// delay ends later; that what is released becomes public in the end is for checkLanded.
func stands(s *replay.State, id trucewatch.FindingID) bool {
	_, _, found := s.Finding(id)
	return found
}

// restsOf are the entries of an incident's members, none if there is none.
func restsOf(s *replay.State, id *trucewatch.IncidentID) rests {
	var entries rests
	if id == nil || s.Incident(*id) == nil {
		return nil
	}
	for _, o := range s.Members(s.Incident(*id)) {
		entries = append(entries, o.ID.Index)
	}
	return entries
}

// incidentOf is the incident that a finding is about, be it by way of a case.
func incidentOf(s *replay.State, subject trucewatch.Subject) *trucewatch.IncidentID {
	for c := range s.Cases() {
		if subject.Incident == nil && c.ID == subject.Case {
			return c.Incident
		}
	}
	return subject.Incident
}

// delay is how long the public waits by the example agreement: disclosure, public.
const delay = 24 * trucewatch.Hour

// check holds all promises to what lies on the disk: always to the record's
// bytes, and, when it is time or a process has ended, to what a stranger replays
// from them.
func (w *world) check() {
	w.t.Helper()
	disk := w.sound()
	w.checkRecord(disk)
	w.readEntries(disk)
	w.checkKey()
	w.checkWitnesses()
	if w.random.IntN(6) == 0 {
		w.backup = w.sound()
		c, err := record.ReadCheckpointOn(w.backup, "/m/record", w.verifier)
		w.must(err)
		w.copied = c.Size
	}
	if w.m != nil {
		w.checkTime(w.m.State().Now())
		w.note("%v %d %x", w.m.State().Digest(), w.account.size, w.account.root[:4])
		w.checkIncidents(w.m.State())
	}
	if !w.deep {
		return
	}
	w.deep = false
	w.checkVerify(disk)
	fresh := w.m
	if fresh == nil || !w.fresh { // else the process has just done the same
		fresh = w.replay(disk)
	}
	w.checkFinal(disk, fresh)
	if w.m != nil && w.m.State().Next() == fresh.State().Next() && w.m.State().Digest() != fresh.State().Digest() {
		w.fail("I3", "the mission's state is not what its record gives")
	}
	w.checkIncidents(fresh.State())
	w.checkAgreed(fresh.State())
	w.checkQuota(fresh.State())
	w.checkExempt(fresh.State())
	w.checkPublic(fresh.State())
	if w.random.IntN(3) > 0 {
		return
	}
	before := disk.Clone()
	disk.CutPower(w.random) // what if the power went now?
	if disk.Same(before) {
		return // the same was just verified and replayed
	}
	happened.add("process: power cut of a copy, which changed it")
	w.checkVerify(disk)
	w.checkFinal(disk, w.recover(disk, w.replay(disk)))
	w.checkRecord(disk)
}

// checkRecord: what was acknowledged and shown is on the disk.
func (w *world) checkRecord(disk *durabletest.Disk) {
	w.t.Helper()
	r, err := record.OpenReaderOn(disk, "/m/record", w.verifier)
	if err != nil {
		w.fail("I1", "the record does not open: %v", err)
	}
	defer r.Close()
	if r.Size() < w.account.durable || r.Checkpoint().Size < w.account.size {
		w.fail("I1", "%d entries, %d signed; acknowledged were %d, signed %d", r.Size(), r.Checkpoint().Size, w.account.durable, w.account.size)
	}
	if root, err := r.RootAt(w.account.size); err != nil || root != w.account.root {
		w.fail("I1", "the first %d entries are others: %v", w.account.size, err)
	}
	if r.Checkpoint().Size < w.account.shown {
		w.fail("I2", "checkpoint of %d entries, and %d were shown", r.Checkpoint().Size, w.account.shown)
	}
}

// checkTime: the record's time never goes back; in a sealed one, whose times are
// rounded down, by no more than a slot.
func (w *world) checkTime(now trucewatch.Instant) {
	w.t.Helper()
	least := w.latest
	if w.sealed {
		least -= mission.SlotS * trucewatch.Second
	}
	if now < least {
		w.fail("I2", "the record's time was %v, and is %v", w.latest, now)
	}
	w.latest = max(w.latest, now)
}

// readEntries notes which entries the record's warrants name, to which keys its
// entries hand the log over, and when they say that somebody was not heard: what
// took effect is not for its caller to say.
func (w *world) readEntries(disk *durabletest.Disk) {
	w.t.Helper()
	r, err := record.OpenReaderOn(disk, "/m/record", w.verifier)
	w.must(err)
	defer r.Close()
	for cursor := r.Entries(w.account.scanned, w.account.size); w.account.scanned < w.account.size; w.account.scanned++ {
		index, raw, err := cursor.Next()
		w.must(err)
		e, err := trucewatch.DecodeEntry(index, raw)
		w.must(err)
		w.readWarrant(e)
		w.readHandover(e)
		w.readUnheard(e)
	}
}

// readWarrant: nobody but the two officers warrants.
func (w *world) readWarrant(e *trucewatch.Entry) {
	w.t.Helper()
	if e.Body.Payload.Erasure == nil {
		return
	}
	for _, box := range e.Body.Payload.Erasure.Boxes {
		if w.account.asked[box.Index] == nil {
			w.fail("I1", "entry %d was erased, and no two officers wanted it", box.Index)
		}
		w.account.erased[box.Index] = true
	}
}

// checkVerify verifies what is on a disk as a stranger does.
func (w *world) checkVerify(disk *durabletest.Disk) {
	w.t.Helper()
	w.checkRecord(disk)
	report, err := record.VerifyOn(disk, "/m/record", w.verifier, w.cosigners()...)
	if err != nil || len(report.Problems) > 0 {
		w.fail("I3", "verify: %v, %v", err, report.Problems)
	}
}

// replay replays what is on a disk as a stranger does.
func (w *world) replay(disk *durabletest.Disk) *mission.Mission {
	w.t.Helper()
	m, err := mission.OpenIn(w.around(disk), "/m", nil)
	if err != nil {
		w.fail("I3", "replay: %v", err)
	}
	return m
}

func (w *world) checkFinal(disk *durabletest.Disk, m *mission.Mission) {
	w.t.Helper()
	policy, err := m.WitnessPolicy()
	if err != nil || policy == nil {
		return
	}
	for size, root := range w.account.final {
		c, err := record.ReadKeptOn(disk, "/m/record", size, w.verifier)
		if err != nil {
			w.fail("I2", "the final checkpoint of size %d: %v", size, err)
		}
		s, err := w.standing(policy, c.Note)
		if err != nil || s.Tier != witness.Final || s.Root != root {
			w.fail("I2", "the checkpoint of size %d was final, and is %v: %v", size, s.Tier, err)
		}
	}
}

// standing is Policy.Standing, asked once for the same bytes and key of the log: a
// world's policy stays as it is else.
func (w *world) standing(policy *witness.Policy, checkpoint []byte) (witness.Standing, error) {
	if s, known := w.stood[string(checkpoint)]; known {
		return s, nil
	}
	s, err := policy.Standing(checkpoint)
	if err == nil {
		w.stood[string(checkpoint)] = s
	}
	return s, err
}

// cosigners verify the signatures of the sites.
func (w *world) cosigners() []note.Verifier {
	if w.signers == nil {
		for _, s := range w.net.sites {
			v, err := f_note.NewVerifierForCosignatureV1(s.organisation.Witness)
			w.must(err)
			w.signers = append(w.signers, newVerifier(v))
		}
	}
	return w.signers
}

// checkIncidents: every observation is a member of one incident, and of one
// only; each that was acknowledged is there, unless it was erased.
func (w *world) checkIncidents(s *replay.State) {
	w.t.Helper()
	times := map[trucewatch.ContentKey]int{}
	for in := range s.Incidents() {
		for _, o := range s.Members(in) {
			times[o.Observation.Key]++
		}
	}
	missing, gone := 0, w.account.gone()
	for key := range w.account.keys {
		if times[key] == 0 && !gone[key] {
			missing++
		}
	}
	// The observations of an erased entry have other keys, and are there too.
	if missing > 0 {
		w.fail("I1", "%d observations that were acknowledged, and not erased, are in no incident", missing)
	}
	if len(times) < len(w.account.keys) {
		w.fail("I4", "%d observations are in incidents, %d were acknowledged", len(times), len(w.account.keys))
	}
	for key, n := range times {
		if n != 1 {
			w.fail("I4", "an observation is in %d incidents", n)
		}
		if w.account.forged[key] {
			w.fail("I1", "a forged observation is in an incident")
		}
	}
}

// checkPublic: what the public sees names no source, no exact place and nothing
// too early; what it saw once it goes on seeing.
func (w *world) checkPublic(s *replay.State) {
	w.t.Helper()
	v, err := s.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		w.fail("I5", "the public has no view: %v", err)
	}
	text, err := json.Marshal(v)
	w.must(err)
	if i := strings.Index(string(text), secret); i >= 0 {
		w.fail("I5", "the public reads %q", text[max(0, i-60):min(len(text), i+20)])
	}
	for in := range s.Incidents() {
		for _, o := range s.Members(in) {
			at := o.Observation.Where.Region.Center
			if w.account.keys[o.Observation.Key] && strings.Contains(string(text), fmt.Sprintf(`"lat_e7":%d,"lon_e7":%d`, at.LatE7, at.LonE7)) {
				w.fail("I5", "the public reads an exact place")
			}
		}
	}
	public := map[trucewatch.FindingID]bool{}
	for _, f := range v.Findings {
		public[f.ID] = true
		if _, before := w.account.public[f.ID]; !before && f.Subject.Incident != nil {
			w.checkDelay(s, *f.Subject.Incident)
		}
		w.account.public[f.ID] = restsOf(s, incidentOf(s, f.Subject))
	}
	// Without what was erased just now, other observations may belong together.
	erasing := len(w.account.erased) > w.account.judged
	w.account.judged = len(w.account.erased)
	for id, entries := range w.account.public {
		switch {
		case public[id]:
		case w.account.excuses(entries), erasing && (regrouped(s, entries) || stands(s, id)):
			delete(w.account.public, id)
		default:
			w.fail("I2", "finding %s was public and is not any more", id)
		}
	}
}

// checkDelay: an incident that is seen for the first time ended a delay ago. It
// may have grown since it was released; its first member is of then.
func (w *world) checkDelay(s *replay.State, id trucewatch.IncidentID) {
	in := s.Incident(id)
	if in == nil {
		return
	}
	var first trucewatch.Instant
	for _, o := range s.Members(in) {
		if till := o.Observation.When.Till; first == 0 || till < first {
			first = till
		}
	}
	if s.Now() < first+delay {
		w.fail("I5", "the public sees of %v what ended at %v", s.Now(), first)
	}
}

func (w *world) checkWitnesses() {
	w.t.Helper()
	for _, s := range w.net.sites {
		s.mu.Lock()
		wrong := slices.Clone(s.wrong)
		for size, root := range s.signed {
			if size > w.account.size {
				wrong = append(wrong, fmt.Sprintf("signed %d entries, of %d", size, w.account.size))
				_ = root
			}
		}
		s.mu.Unlock()
		if len(wrong) > 0 {
			w.fail("I6", "witness %s: %v", s.organisation.Name, wrong)
		}
	}
}

// checkGrowth: in a sealed mission, who sees checkpoints learns of their growth
// no more than a step of the ladder.
func (w *world) checkGrowth() {
	w.t.Helper()
	if growth := w.account.size - w.account.sent; w.sealed && w.account.sent > 0 && growth&(growth-1) != 0 {
		w.fail("I5", "the checkpoint that was sent out grew by %d entries", growth)
	}
	w.account.sent = w.account.size
}

// checkTier: a checkpoint is final only if the witnesses of both parties, and of
// as many guarantors as the policy wants, have signed it.
func (w *world) checkTier() {
	w.t.Helper()
	parties, guarantors := 0, 0
	for _, s := range w.net.sites {
		s.mu.Lock()
		switch signed := s.signed[w.cosigned.Size] == w.cosigned.Root; {
		case signed && s.organisation.Party != "":
			parties++
		case signed:
			guarantors++
		}
		s.mu.Unlock()
	}
	if parties < 2 || guarantors < w.m.Policy().Guarantors {
		w.fail("I6", "size %d is final with %d parties and %d guarantors", w.cosigned.Size, parties, guarantors)
	}
}

// rollBack puts an older state of the mission back: as soon as the second
// medium, or a witness that can be reached, knows more, nothing is signed.
func (w *world) rollBack() error {
	if w.backup == nil || w.copied >= w.account.size {
		return nil
	}
	old := w.backup.Clone()
	knows, alone := w.guarded, w.guarded && w.random.IntN(2) == 0
	failures := map[*site]int{} // of the disks of those who know more and can be reached
	if w.guarded {
		for _, name := range w.disk.Files() {
			if strings.HasPrefix(name, "/g/") {
				old.Put(name, w.read(name))
			}
		}
	}
	for _, s := range w.net.sites {
		s.mu.Lock()
		if alone {
			s.fate = cutOff
		}
		if !s.lies && s.server != nil && s.fate == reached && s.last > w.copied {
			failures[s] = s.disk.Failed()
		}
		s.mu.Unlock()
	}
	m, err := mission.OpenIn(w.around(old), "/m", nil)
	w.must(err)
	err = m.Write(func(wr *mission.Writer) error {
		wr.Stamp = w.now
		public := w.newKey("another").Public().(ed25519.PublicKey)
		k := &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: "another officer"}
		_, err := wr.Enter(nil, trucewatch.Payload{Key: k})
		return err
	})
	for s, before := range failures {
		// One whose disk fails cannot show the handover by which the rest is known.
		knows = knows || s.disk.Failed() == before
	}
	if r, opened := record.ReadCheckpointOn(old, "/m/record", w.verifier); knows && (opened != nil || r.Size > w.copied) {
		w.fail("I6", "an old backup was signed on: %v", err)
	}
	if knows {
		happened.add("disk: old backup refused")
	} else {
		happened.add("disk: old backup that nobody in reach knows to be old")
	}
	return nil
}

// rot changes one bit of a copy of the disk: whoever reads it notices, or it
// makes no difference.
func (w *world) rot() error {
	disk := w.sound()
	whole, err := record.VerifyOn(disk, "/m/record", w.verifier, w.cosigners()...)
	w.must(err)
	var names []string
	for _, name := range disk.Files() {
		if strings.HasPrefix(name, "/m/record/") && path.Ext(name) != ".tmp" || strings.HasPrefix(name, "/m/blobs/") && path.Ext(name) != ".tmp" {
			names = append(names, name)
		}
	}
	name := names[w.random.IntN(len(names))]
	b, err := disk.ReadFile(name, 1<<28)
	w.must(err)
	if len(b) == 0 {
		return nil
	}
	i := w.random.IntN(len(b))
	b[i] ^= 1 << w.random.IntN(8)
	disk.Put(name, b)
	report, err := record.VerifyOn(disk, "/m/record", w.verifier, w.cosigners()...)
	// Who has the disk may take a cosignature away; it is then one fewer.
	if err != nil || len(report.Problems) > 0 || report.Cosignatures < whole.Cosignatures {
		happened.add("disk: changed bit noticed")
		return nil
	}
	m, err := mission.OpenIn(w.around(disk), "/m", nil)
	if err == nil && (strings.HasPrefix(name, "/m/record/") || m.State().Digest() != w.m.State().Digest()) {
		w.fail("I3", "a bit of %s was changed at %d of %d, and nobody noticed", name, i, len(b))
	}
	if err != nil {
		happened.add("disk: changed bit noticed")
	} else {
		happened.add("disk: changed bit without effect")
	}
	return nil
}

// settle is how long after the last fault everything has landed: the longest
// clock of the agreement, two weeks, and a delay.
const settle = 17 * 24 * time.Hour

// heal ends all faults; then all that waits must land.
func (w *world) heal() {
	w.step = "the faults stop"
	w.full, w.slow = 0, 0
	w.disk.FailAt(-1, "", nil, false)
	w.net.calm(w)
	if w.m == nil {
		w.must(w.open())
	}
	w.must(w.landAll())
	if ids := w.m.State().Publishable(); len(ids) > 0 {
		w.must(w.enter(trucewatch.Payload{Release: &trucewatch.Release{Findings: ids, By: "head of mission"}}))
	}
	unserved := w.m.State().Unserved()
	w.must(w.write(nil, func(wr *mission.Writer) error {
		for _, id := range unserved {
			if _, err := wr.Enter(nil, trucewatch.Payload{Review: &trucewatch.Review{Case: id, Deed: "serve", By: "duty officer"}}); err != nil {
				return err
			}
		}
		return nil
	}))
	for _, s := range w.net.sites {
		w.tellOne(s)
	}
	w.pass(settle)
	w.must(w.tick())
	for range 3 {
		w.pass(time.Minute)
		w.must(w.beat())
	}
	w.landMirrors()
	w.deep, w.fresh = true, false
	w.check()
	s := w.cosigned
	if s.Tier != witness.Final || s.Size != w.account.size {
		w.fail("I7", "the checkpoint of %d of %d entries is %v, missing %v", s.Size, w.account.size, s.Tier, s.Missing)
	}
	w.checkLanded(w.m.State())
	w.note("end %v", w.m.State().Digest())
}

// landAll hands in all that was not acknowledged.
func (w *world) landAll() error {
	for _, r := range w.sources {
		if len(r.queue) == 0 {
			continue
		}
		rows := r.queue
		err := w.write(rows, func(wr *mission.Writer) error {
			_, err := wr.Enter(nil, trucewatch.Payload{Observations: &trucewatch.Batch{Source: r.source, Observations: rows}})
			return err
		})
		if err != nil {
			return err
		}
		r.queue = nil
	}
	w.landAtDoor()
	return nil
}

// checkLanded: all that was seen is known, what was released is public, and no
// clock waits that has run out.
func (w *world) checkLanded(s *replay.State) {
	if due := s.Due(); due != 0 && due <= s.Now() {
		w.fail("I7", "a tick was due at %v, and it is %v", due, s.Now())
	}
	if got, want := len(w.account.keys), w.rows-len(w.account.forged); got != want {
		w.fail("I7", "%d observations were acknowledged, of %d", got, want)
	}
	for c := range s.Cases() {
		for _, clock := range c.Clocks {
			if clock.Due <= s.Now() && clock.Ended == 0 && !clock.RanOut {
				w.fail("I7", "clock %s of %s was due at %v", clock.ID, c.ID, clock.Due)
			}
		}
	}
	for f := range s.Findings() {
		_, released, _ := s.Finding(f.ID)
		_, public := w.account.public[f.ID]
		if released != 0 && f.Subject.Incident != nil && !public && !w.account.excuses(restsOf(s, f.Subject.Incident)) {
			w.fail("I7", "finding %s was released at %v, and is not public", f.ID, released)
		}
	}
}
