// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/trace"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// An Outcome is what came of one pull.
type Outcome struct {
	Before   uint64           // entries held before
	Shown    uint64           // entries that the source shows
	Size     uint64           // entries held now
	Root     [32]byte         // of the tree over them
	Standing witness.Standing // of what the source shows; its Tier is Integrated without a policy
	// Frozen says that the source's checkpoint is older than Settings.Fresh allows,
	// by its cosignatures: witnesses sign at a steady pace, so somebody hides what
	// came since, or too few witnesses sign.
	Frozen bool
	// Doubts are entries that were sound when they were entered, and whose key was
	// in wrong hands, as a later entry says.
	Doubts []string
	Peers  []PeerOutcome
	// Ahead is the largest size that anybody showed and whose entries are not held
	// here; 0 if there is none. If it stays, the source hides entries.
	Ahead uint64
	Boxes []BoxOutcome
	// ReportError says why the cosigned checkpoint could not be reported; it is
	// tried again with the next one.
	ReportError error
}

// A PeerOutcome is what came of asking another mirror.
type PeerOutcome struct {
	Peer string
	Size uint64 // that it shows
	Err  error  // why it could not be compared
}

// Pull brings the mirror up to what the source shows: it asks the peers, fetches
// the checkpoint, holds it to everything that was ever seen, fetches and checks
// the entries, stores them together with the checkpoint, and co-signs it. Nothing
// is stored of a pull that fails before that.
//
// The Outcome counts also with an error. The errors are the kinds of this
// package, those of package record and of the disk, and those of ctx. After
// ErrSplitView and ErrBadEntry the evidence is on the disk; somebody has to look
// at it. A mirror that saw two histories beyond what it holds takes neither: it
// is for people to say which log goes on.
func (m *Mirror) Pull(ctx context.Context) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // Ends what is still being fetched.
	if m.broken {
		if err := m.reopen(); err != nil {
			return Outcome{}, err
		}
	}
	out := Outcome{Before: m.held().Size}
	if m.settings.Spans != nil {
		ctx = trace.With(ctx, m.settings.Spans)
	}
	ctx, end := trace.Begin(ctx, "pull")
	err := m.pull(ctx, &out)
	end(err, "size", m.held().Size)
	held := m.held()
	out.Size, out.Root = held.Size, held.Root
	if largest := m.kept.largest(held.Size); largest > held.Size {
		out.Ahead = largest
	}
	for _, d := range m.audit.doubts {
		out.Doubts = append(out.Doubts, d.String())
	}
	m.note(out, err)
	return out, err
}

func (m *Mirror) pull(ctx context.Context, out *Outcome) error {
	if err := m.follow(ctx); err != nil {
		return err
	}
	if err := step(ctx, "ask mirrors", func(ctx context.Context) error { return m.ask(ctx, out) }); err != nil {
		return err
	}
	shown, err := m.fetch(ctx, m.settings.Source)
	if err != nil {
		return err
	}
	out.Shown = shown.Size
	if shown, out.Standing, err = m.weigh(shown); err != nil {
		return err
	}
	out.Frozen = m.settings.Policy != nil && m.settings.Fresh > 0 && out.Standing.Stale(m.settings.Now(), m.settings.Fresh)
	if err := m.kept.keep(shown); err != nil {
		return err
	}
	if err := m.judge(ctx, shown); err != nil {
		return err
	}
	if out.Standing.Tier < m.settings.Tier {
		return fmt.Errorf("mirror: checkpoint of %d entries from %v: %w: it is %v, %v is asked for; missing: %s",
			shown.Size, m.settings.Source, ErrTier, out.Standing.Tier, m.settings.Tier, strings.Join(out.Standing.Missing, ", "))
	}
	if err := step(ctx, "take", func(ctx context.Context) error { return m.take(ctx, shown) }); err != nil {
		return err
	}
	if err := m.cosign(); err != nil {
		return err
	}
	if err := step(ctx, "take boxes", func(ctx context.Context) error { return m.pullBoxes(ctx, out) }); err != nil {
		return err
	}
	out.ReportError = m.report(ctx)
	if m.settings.Recompute != nil && m.held().Size > out.Before {
		recompute := func(context.Context) error { return m.settings.Recompute(filepath.Join(m.settings.Dir, recordName)) }
		if err := step(ctx, "recompute", recompute); err != nil {
			return fmt.Errorf("mirror: recompute: %w", err)
		}
	}
	return nil
}

// step does one step of a pull within its trace.
func step(ctx context.Context, name string, do func(context.Context) error) error {
	ctx, end := trace.Begin(ctx, name)
	err := do(ctx)
	end(err)
	return err
}

// fetch returns the checkpoint that a source shows, signed by the log.
func (m *Mirror) fetch(ctx context.Context, source Source) (record.Checkpoint, error) {
	signed, err := source.Fetch(ctx, checkpointName, noteSizeMax)
	if err != nil {
		return record.Checkpoint{}, err
	}
	c, err := openCheckpoint(signed, m.verifier)
	if err != nil {
		return record.Checkpoint{}, fmt.Errorf("mirror: checkpoint from %v: %w: %w", source, ErrTampered, err)
	}
	return c, nil
}

// weigh says who vouches for a checkpoint, and leaves only those signatures in
// it: a source that could add others would fill the note.
func (m *Mirror) weigh(c record.Checkpoint) (record.Checkpoint, witness.Standing, error) {
	own, lines, err := without(c, m.verifier)
	if err != nil {
		return c, witness.Standing{}, err
	}
	c.Note = own
	standing := witness.Standing{Origin: c.Origin, Size: c.Size, Root: c.Root, Tier: witness.Integrated}
	if m.settings.Policy == nil {
		return c, standing, nil
	}
	if c.Note, _, err = m.settings.Policy.Merge(own, lines); err != nil {
		return c, standing, fmt.Errorf("mirror: checkpoint: %w: the policy: %w", ErrInvalid, err)
	}
	if standing, err = m.settings.Policy.Standing(c.Note); err != nil {
		return c, standing, fmt.Errorf("mirror: checkpoint: %w: the policy: %w", ErrInvalid, err)
	}
	return c, standing, nil
}

// askTimeout bounds asking peers, and reporting: neither is to delay a pull for
// long. Guess: as long as a witness is given; test: the errors of peers.
const askTimeout = 10 * time.Second

// ask compares what the peers show with what is held here, and keeps what goes
// beyond it. A peer that is silent, or speaks nonsense, stops nothing.
func (m *Mirror) ask(ctx context.Context, out *Outcome) error {
	shown, errs := make([]record.Checkpoint, len(m.settings.Peers)), make([]error, len(m.settings.Peers))
	short, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var all sync.WaitGroup
	for i, peer := range m.settings.Peers {
		all.Go(func() {
			if shown[i], errs[i] = m.fetch(short, peer); errs[i] == nil {
				shown[i], _, errs[i] = m.weigh(shown[i])
			}
		})
	}
	all.Wait()
	for i, peer := range m.settings.Peers {
		out.Peers = append(out.Peers, PeerOutcome{Peer: peer.String(), Size: shown[i].Size, Err: errs[i]})
		if errs[i] != nil {
			continue
		}
		if err := m.hear(ctx, shown[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// hear keeps a checkpoint from a peer, after comparing it with what is here.
func (m *Mirror) hear(ctx context.Context, c record.Checkpoint) error {
	if err := m.kept.keep(c); err != nil {
		return err
	}
	if err := m.sameSize(c); err != nil {
		return err
	}
	if held := m.held(); c.Size <= held.Size {
		return m.within(c, m.holding(ctx))
	}
	return nil // It is compared before entries up to it are taken: see judge.
}

// holding is the tree that is here.
func (m *Mirror) holding(ctx context.Context) *tree {
	return newTree(ctx, newFolderOn(m.disk, filepath.Join(m.settings.Dir, recordName), m.verifier), m.held())
}

// judge holds a checkpoint from the source to everything that was seen, before
// any entry is taken.
func (m *Mirror) judge(ctx context.Context, shown record.Checkpoint) error {
	if err := m.sameSize(shown); err != nil {
		return err
	}
	held := m.held()
	if shown.Size < held.Size {
		if err := m.within(shown, m.holding(ctx)); err != nil {
			return err
		}
		return fmt.Errorf("mirror: %v: %w: it shows %d entries, %d are held here", m.settings.Source, ErrRolledBack, shown.Size, held.Size)
	}
	theirs := newTree(ctx, m.settings.Source, shown)
	if held.Size > 0 {
		if err := m.within(held, theirs); err != nil {
			return err
		}
	}
	seen, err := m.kept.between(held.Size, shown.Size)
	if err != nil {
		return err
	}
	for _, c := range seen {
		if err := m.within(c, theirs); err != nil {
			return err
		}
	}
	return nil
}

// sameSize holds a checkpoint to the others of its size.
func (m *Mirror) sameSize(c record.Checkpoint) error {
	same, err := m.kept.of(c.Size)
	if err != nil {
		return err
	}
	if held := m.held(); held.Size == c.Size && held.Note != nil {
		same = append(same, held)
	}
	for _, other := range same {
		if other.Root != c.Root {
			s := &SplitView{Log: m.verifier.Key().String(), First: other.Note, Second: c.Note, Root: c.Root, size: c.Size}
			return m.split(s)
		}
	}
	return nil
}

// within wants the tree t to begin with the entries that c signs for.
func (m *Mirror) within(c record.Checkpoint, t *tree) error {
	root, err := t.rootAt(c.Size)
	if err != nil {
		return err
	}
	if root == c.Root {
		return nil
	}
	// A checkpoint of that very size, if one was kept, needs no proof beside it.
	same, err := m.kept.of(c.Size)
	if err != nil {
		return err
	}
	for _, other := range same {
		if other.Root != c.Root {
			return m.split(&SplitView{Log: m.verifier.Key().String(), First: other.Note, Second: c.Note, Root: c.Root, size: c.Size})
		}
	}
	s, err := newSplitView(m.verifier.Key().String(), c, t)
	if err != nil {
		return err
	}
	return m.split(s)
}

// split writes the evidence, checked once more, and returns it.
func (m *Mirror) split(s *SplitView) error {
	if err := s.Check(); err != nil {
		return err
	}
	file, err := keepEvidence(m.disk, filepath.Join(m.settings.Dir, evidenceName), fmt.Sprintf("split-%d", s.size), s.Text())
	s.File = file
	if err != nil {
		return errors.Join(s, fmt.Errorf("mirror: the evidence could not be written: %w", err))
	}
	return s
}

// take fetches, checks and stores the entries up to a checkpoint.
func (m *Mirror) take(ctx context.Context, shown record.Checkpoint) error {
	// Before the entries: a copy must be readable whenever we die. If they do not
	// come, opening it again forgets the handover.
	if err := m.setKey(shown.Size); err != nil {
		return err
	}
	if err := m.create(shown); err != nil {
		return errors.Join(err, m.reopen()) // What it left is in the way of the next.
	}
	from := m.held().Size
	entries := newTree(ctx, m.settings.Source, shown).entries(from)
	defer entries.Close()
	err := m.replica.Extend(shown.Note, func() ([]byte, error) {
		index, raw, err := entries.Next()
		if err != nil {
			return nil, err
		}
		if _, err := m.audit.take(index, raw); err != nil {
			return nil, err
		}
		if index+1 == shown.Size {
			// Before the last entry is stored, no signature waits.
			return raw, m.audit.settle()
		}
		return raw, nil
	})
	if err == nil {
		m.kept.compared(shown.Size)
		return nil
	}
	var bad *BadEntry
	if errors.As(err, &bad) {
		var errKeep error
		bad.File, errKeep = keepEvidence(m.disk, filepath.Join(m.settings.Dir, evidenceName), fmt.Sprintf("entry-%d", shown.Size),
			bad.text(m.verifier.Key().String(), shown.Note))
		err = errors.Join(bad, errKeep)
	} else {
		err = fmt.Errorf("mirror: %w", err)
	}
	// What came is cut off, and the keys are read anew.
	return errors.Join(err, m.reopen())
}

// cosign adds to the checkpoint that is held: "I hold the data". It is signed
// once, after everything it covers is durable.
func (m *Mirror) cosign() error {
	held := m.held()
	if m.own == nil || held.Note == nil || m.cosigned(held) {
		return nil
	}
	opened, err := note.Open(held.Note, note.VerifierList(m.verifier.At(held.Size)))
	if err != nil {
		return fmt.Errorf("mirror: co-sign: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: opened.Text, Sigs: opened.Sigs}, m.settings.Key.Signer(m.settings.Now()))
	if err != nil {
		return fmt.Errorf("mirror: co-sign: %w", err)
	}
	if _, err := m.replica.Merge(signed); err != nil {
		return errors.Join(fmt.Errorf("mirror: co-sign: %w", err), m.reopen())
	}
	return nil
}

// cosigned says whether this mirror's signature is on a checkpoint.
func (m *Mirror) cosigned(c record.Checkpoint) bool {
	opened, err := note.Open(c.Note, note.VerifierList(m.own))
	return err == nil && len(opened.Sigs) > 0
}

// backoffMax is how long a mirror waits at most after pulls that failed.
// Guess: ten minutes, the age at which witnesses call a view old; test: how late
// a mirror is after an outage.
const backoffMax = 10 * time.Minute

// Run pulls at a steady pace until ctx ends, and less often while pulls fail. It
// returns nil when ctx ends, ErrSplitView or ErrBadEntry when one was found: then
// nothing more is pulled until somebody starts it again.
func (m *Mirror) Run(ctx context.Context, every time.Duration) error {
	wait := every
	for {
		out, err := m.Pull(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrSplitView), errors.Is(err, ErrBadEntry):
			m.settings.Log.Error("stopped pulling", "why", err)
			return err
		case err != nil:
			wait = min(2*wait, max(backoffMax, every))
			m.settings.Log.Warn("pull failed", "why", err, "again", wait)
		default:
			wait = every
			if out.Size > out.Before || out.Frozen {
				m.settings.Log.Info("pulled", "size", out.Size, "tier", out.Standing.Tier, "frozen", out.Frozen)
			}
		}
		if err := waitFor(ctx, wait); err != nil {
			return nil
		}
	}
}
