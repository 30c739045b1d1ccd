// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

const (
	// guardFile names the folder on a second medium that remembers what was signed.
	guardFile = "keys/guard"

	// gatherFor is how long a beat waits for all cosignatures before it goes on;
	// what comes later is merged when it comes.
	// Guess: half the shortest useful cadence. Test: BenchmarkGather of witness.
	gatherFor = 5 * time.Second

	// coverQuantum is the least growth of a sealed record between two checkpoints:
	// also when nothing happened, there is one entry.
	// Guess: one costs some megabytes a day at a beat of ten seconds. Test: the
	// classifier over party copies, and the size of a quiet month.
	coverQuantum = 1

	// absenceAfter is after how long an absence is entered into the record.
	// Guess: a day, so that a reboot or a bad link is no entry. Test: absences a month.
	absenceAfter = 24 * trucewatch.Hour

	// askFor is how long a first signature waits for what the witnesses know.
	// Guess. Test: the time of an import with all witnesses down.
	askFor = 3 * time.Second
)

// ErrRolledBack says that somebody else knows more of this record than is here:
// an older state was put back, or two machines write it. Nothing was signed.
var ErrRolledBack = errors.New("mission: others know more of this record than is here")

// guardOptions are the options of a log whose mission has a second medium.
func (p place) guardOptions() (record.Options, error) {
	options := record.Options{Disk: p.disk}
	name, err := p.readLine(guardFile)
	if errors.Is(err, os.ErrNotExist) {
		return options, nil
	}
	if err != nil {
		return options, fmt.Errorf("mission: guard: %w", err)
	}
	options.Guard = record.FileGuardOn(p.disk, name)
	return options, nil
}

// heldToGuard says why the second medium would not let this record be signed, nil
// if it would or if there is none.
func (p place) heldToGuard() error {
	options, err := p.guardOptions()
	if err != nil || options.Guard == nil {
		return err
	}
	verifier, err := p.logVerifier()
	if err != nil {
		return err
	}
	return record.HeldTo(p.disk, filepath.Join(p.dir, "record"), verifier, options.Guard)
}

// membersOf are the organisations of a policy as package witness takes them.
func membersOf(p *trucewatch.Policy) []witness.Member {
	var members []witness.Member
	for _, o := range p.Organisations {
		members = append(members, witness.Member{Name: o.Name, Party: string(o.Party), Witness: o.Witness, Mirror: o.Mirror, Address: o.Address})
	}
	return members
}

// WitnessPolicy is the policy in force as one that checkpoints are held to, nil
// if nobody co-signs.
func (m *Mission) WitnessPolicy() (*witness.Policy, error) {
	p := m.Policy()
	if p == nil || len(p.Organisations) == 0 {
		return nil, nil
	}
	key, err := m.readLine(logPublicFile)
	if err != nil {
		return nil, err
	}
	policy, err := witness.NewPolicy(key, membersOf(p), p.Guarantors)
	if err != nil {
		return nil, fmt.Errorf("mission: policy: %w", err)
	}
	return policy, nil
}

// askWitnesses refuses to sign if a witness knows a larger checkpoint of this
// log than is here. Witnesses that do not answer are let be: the second medium
// is for when all are silent.
func (w *Writer) askWitnesses() error {
	p := w.m.Policy()
	if w.m.asked || p == nil || len(p.Organisations) == 0 {
		return nil
	}
	key, err := w.m.readLine(logPublicFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	known, err := witness.AskOver(ctx, w.m.net, w.log.Origin(), key, membersOf(p))
	if err != nil {
		return fmt.Errorf("mission: ask witnesses: %w", err)
	}
	if len(known.Conflicts) > 0 {
		return fmt.Errorf("%w: %w", ErrRolledBack, known.Conflicts[0])
	}
	if size := w.log.Size(); known.Latest.Size > size {
		return fmt.Errorf("%w: %s has co-signed %d entries, only %d are here: restore the rest from a mirror (trucewatch mirror restore)",
			ErrRolledBack, known.By, known.Latest.Size, size)
	}
	if known.Latest.Size > 0 {
		if root, err := w.log.RootAt(known.Latest.Size); err != nil || root != known.Latest.Root {
			return fmt.Errorf("%w: %s has co-signed other entries as the first %d: keep both as evidence, and restore from a mirror",
				ErrRolledBack, known.By, known.Latest.Size)
		}
	}
	w.m.asked = true
	return nil
}

// A Cosigner has the record's checkpoints co-signed, at a steady cadence.
type Cosigner struct {
	m        *Mission
	log      *slog.Logger
	policy   *trucewatch.Policy
	key      string          // of the log, as the policy has it
	holds    *witness.Policy // the same, for checkpoints
	gatherer *witness.Gatherer

	mu       sync.Mutex
	reader   *record.Reader   // for proofs; guarded by mu
	standing witness.Standing // guarded by mu
	told     string           // what was logged last of absences; guarded by mu
	gone     map[string]time.Time
	size     uint64        // of the last checkpoint that was sent out; guarded by mu
	prepared uint64        // size of the one to be sent next; guarded by mu
	away     time.Duration // of this machine's clock from the cosigners': see clockFrom; guarded by mu
}

// Cosigned is how far the record is co-signed.
type Cosigned struct {
	Standing witness.Standing
	Absent   []witness.Absence
	// ClockAway is how far this machine's clock is ahead of the cosigners', as of the
	// last beat that any of them signed; negative if it is behind.
	ClockAway time.Duration
}

// NewCosigner returns what has the mission's checkpoints co-signed by its policy,
// nil if it has none.
func NewCosigner(m *Mission, log *slog.Logger) (*Cosigner, error) {
	policy, err := m.WitnessPolicy()
	if policy == nil || err != nil {
		return nil, err
	}
	c := &Cosigner{m: m, log: log, policy: m.Policy(), key: policy.Logs()[0], holds: policy, gone: map[string]time.Time{}}
	c.gatherer = witness.NewGathererOver(m.net, policy, c.prove, c.merge)
	verifier, err := m.logVerifier()
	if err != nil {
		return nil, err
	}
	if c.size, err = m.lastSent(); err != nil {
		return nil, err
	}
	if signed, err := record.ReadCheckpointOn(m.disk, filepath.Join(m.dir, "record"), verifier); err == nil {
		if err := c.gatherer.Learn(signed.Note); err != nil {
			log.Warn("the last checkpoint cannot be learnt from", "error", err)
		}
	}
	return c, nil
}

// outdated says whether the log was handed over to another key since: a Cosigner
// made anew knows it.
func (c *Cosigner) outdated() bool {
	key, err := c.m.readLine(logPublicFile)
	return err == nil && key != c.key
}

// Every is the cadence.
func (c *Cosigner) Every() time.Duration { return time.Duration(c.policy.CadenceS) * time.Second }

// Close ends the asking.
func (c *Cosigner) Close() error {
	c.gatherer.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader == nil {
		return nil
	}
	err := c.reader.Close()
	c.reader = nil
	return err
}

// Cosigned is how far the record is co-signed, and who is absent at an instant.
func (c *Cosigner) Cosigned(at time.Time) Cosigned {
	absent := c.gatherer.Absent(at)
	c.mu.Lock()
	defer c.mu.Unlock()
	return Cosigned{c.standing, absent, c.away}
}

// sent is the size of the last checkpoint that was sent out.
func (c *Cosigner) sent() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

// Prepare signs the checkpoint that the next beat sends out. In a sealed mission
// entries without content bring the growth to a step of a short ladder, so that
// those who see only sizes learn the step and not the number.
//
// Nothing may be appended after it in the same Write.
func (c *Cosigner) Prepare(w *Writer) error {
	if err := c.enterAbsences(w); err != nil {
		return err
	}
	if w.m.vault != nil {
		received := max(w.Stamp(), w.m.state.Now())
		if err := w.Cover(mirror.Plan(c.sent(), w.m.state.Next(), coverQuantum), received); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prepared = w.m.state.Next()
	return nil
}

// enterAbsences records who has not co-signed for a day, once for each absence.
func (c *Cosigner) enterAbsences(w *Writer) error {
	now := w.Stamp()
	for _, a := range c.gatherer.Absent(now.Time()) {
		since := trucewatch.InstantOf(a.Since)
		if now-since < absenceAfter || c.gone[a.Organisation].Equal(a.Since) {
			continue
		}
		p := trucewatch.Payload{Absence: &trucewatch.Absence{Organisation: a.Organisation, SinceSize: a.SinceSize, Since: since}}
		if err := w.Append(p, max(now, w.m.state.Now())); err != nil {
			return err
		}
		c.gone[a.Organisation] = a.Since
	}
	return nil
}

// Send posts the prepared checkpoint to the witnesses and merges what they answer.
// What others signed since is not sent: its size was not brought to a step. If an
// import held the log, so that nothing could be prepared, the checkpoint of the
// beat before goes out again. Who is silent delays nothing: the checkpoint stands
// with those who signed.
func (c *Cosigner) Send(ctx context.Context, at time.Time) error {
	verifier, err := c.m.logVerifier()
	if err != nil {
		return err
	}
	c.mu.Lock()
	size := max(c.prepared, c.size)
	c.mu.Unlock()
	if size == 0 {
		return nil // nothing was prepared yet
	}
	signed, err := record.ReadKeptOn(c.m.disk, filepath.Join(c.m.dir, "record"), size, verifier)
	if err != nil {
		return err
	}
	if err := c.m.keepSent(signed.Size); err != nil {
		return err
	}
	c.mu.Lock()
	c.size = signed.Size
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, min(gatherFor, c.Every()/2))
	defer cancel()
	before, err := c.holds.Standing(signed.Note)
	if err != nil {
		return fmt.Errorf("mission: co-sign: %w", err)
	}
	began := time.Now()
	merged, standing, err := c.gatherer.Gather(ctx, signed.Note, witness.Final)
	away, known := clockFrom(before.Signed, standing.Signed, began, time.Now())
	if err != nil && !errors.Is(err, witness.ErrUnavailable) {
		return fmt.Errorf("mission: co-sign: %w", err)
	}
	if merged != nil {
		// What is not on the disk is not said to be co-signed.
		if err := c.keep(merged); err != nil {
			return fmt.Errorf("mission: keep cosignatures; they are asked for again with the next checkpoint: %w", err)
		}
	}
	c.mu.Lock()
	c.standing = standing
	if known {
		c.away = away
	}
	c.mu.Unlock()
	c.tell(c.gatherer.Absent(at))
	return nil
}

// clockFrom is how far a clock by which a beat lasted from began till ended is
// ahead of the clocks of those who signed within it: the median, so that one of
// them with a wrong clock, or a lie, moves nothing as long as most are right. It
// is not known if nobody signed anew.
func clockFrom(before, after []witness.Signed, began, ended time.Time) (away time.Duration, known bool) {
	var all []time.Duration
	for _, s := range after {
		if slices.Contains(before, s) {
			continue // of an earlier beat
		}
		// A cosignature's time is cut to a second.
		early, late := began.Add(-time.Second), ended
		switch {
		case s.At.Before(early):
			all = append(all, early.Sub(s.At))
		case s.At.After(late):
			all = append(all, -s.At.Sub(late))
		default:
			all = append(all, 0)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return all[(len(all)-1)/2], true
}

// tell logs absences when they change.
func (c *Cosigner) tell(absent []witness.Absence) {
	var names []string
	for _, a := range absent {
		names = append(names, a.Organisation)
	}
	c.mu.Lock()
	now := strings.Join(names, ", ")
	changed := now != c.told
	c.told = now
	c.mu.Unlock()
	if !changed {
		return
	}
	for _, a := range absent {
		c.log.Warn("a witness does not co-sign", "witness", a.String())
	}
	if len(absent) == 0 {
		c.log.Info("all witnesses co-sign again")
	}
}

// merge puts cosignatures into the checkpoint that they belong to.
func (c *Cosigner) merge(signed []byte) {
	if err := c.keep(signed); err != nil {
		c.log.Error("cosignatures could not be kept; they are asked for again with the next checkpoint", "error", err)
	}
}

// keep is merge for who must know whether it was done.
func (c *Cosigner) keep(signed []byte) error {
	verifier, err := c.m.logVerifier()
	if err != nil {
		return err
	}
	err = patiently(func() error {
		_, err := record.MergeIntoOn(c.m.disk, filepath.Join(c.m.dir, "record"), verifier, signed)
		return err
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if standing, err := c.holds.Standing(signed); err == nil && standing.Size >= c.standing.Size {
		c.standing = standing
	}
	return nil
}

// prove gives the witnesses consistency proofs.
func (c *Cosigner) prove(old, size uint64) ([][32]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader == nil || c.reader.Size() < size {
		verifier, err := c.m.logVerifier()
		if err != nil {
			return nil, err
		}
		fresh, err := record.OpenReaderOn(c.m.disk, filepath.Join(c.m.dir, "record"), verifier)
		if err != nil {
			return nil, err
		}
		if c.reader != nil {
			if err := c.reader.Close(); err != nil {
				return nil, errors.Join(err, fresh.Close())
			}
		}
		c.reader = fresh
	}
	return c.reader.ProveConsistency(old, size)
}
