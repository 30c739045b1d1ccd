// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/disclose"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/witness"
)

// coarseFields are the fields of an observation that may be opened without a
// record of who asked for it: none of them says exactly where, exactly when, or
// who saw it. Those before rowFields are of the whole entry.
var (
	coarseFields    = []string{"type", "received_hour", "source_kind"}
	coarseRowFields = []string{"kind", "description", "means", "count", "time_hour", "time_day", "where_10km", "where_100km"}
)

// Opened says which fields of an observation an exhibit opens.
type Opened struct {
	Fields []string // as package seal names them, those of the row without "rows/<i>/"; nil: kind, count, hour and cell
	// Exact allows fields that say exactly where, when or who. That they were
	// opened is in the record before the exhibit is made.
	Exact  bool
	By     string // role of whoever opens, for Exact; never a name
	Reason string // for Exact
}

// fieldsOf returns the names of the fields to open, as the entry commits to them.
func (o *Opened) fieldsOf(row uint64, kind trucewatch.Kind) (names []string, err error) {
	fields := o.Fields
	if fields == nil {
		fields = []string{"kind", "count", "time_hour", placeField(kind)}
	}
	for _, f := range fields {
		name := "rows/" + strconv.FormatUint(row, 10) + "/" + f
		if slices.Contains(coarseFields, f) || f == "received" || f == "source" || f == "pseudonym" || f == "body_hash" {
			name = f
		}
		coarse := slices.Contains(coarseFields, f) || slices.Contains(coarseRowFields, f) && (f != "where_10km" || !disclose.Still(kind))
		if !coarse && !o.Exact {
			return nil, fmt.Errorf("mission: exhibit: field %q says more than may be opened without a record of it: ask for it as exact, with a role and a reason", f)
		}
		names = append(names, name)
	}
	return names, nil
}

// placeField is the finest field of a place that is opened without a record: what
// does not move is given more coarsely, as delay does not protect it.
func placeField(kind trucewatch.Kind) string {
	if disclose.Still(kind) {
		return "where_100km"
	}
	return "where_10km"
}

// ExhibitObservation makes the exhibit of an observation: of a sealed one the
// fields opened, of one that stands openly its row.
func (m *Mission) ExhibitObservation(id trucewatch.ObservationID, open Opened) (*exhibit.Exhibit, error) {
	r, err := m.reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	outer, leaf, err := entryAt(r, id.Index)
	if err != nil {
		return nil, err
	}
	x := &exhibit.Exhibit{Index: id.Index, Leaf: leaf}
	row := uint64(id.Row)
	if outer.Body.Type != trucewatch.SealedEntry {
		x.Row = &row
	} else if x.Openings, err = m.openings(outer, row, open); err != nil {
		return nil, err
	}
	return m.prove(r, x)
}

// openings opens fields of a row of a sealed entry.
func (m *Mission) openings(outer *trucewatch.Entry, row uint64, open Opened) ([]seal.Opening, error) {
	e, commitment, err := m.commitmentOf(outer)
	if err != nil {
		return nil, err
	}
	b := e.Body.Payload.Observations
	if b == nil || row >= uint64(len(b.Observations)) {
		return nil, fmt.Errorf("mission: exhibit: entry %d has no observation %d", outer.Index, row)
	}
	names, err := open.fieldsOf(row, b.Observations[row].Kind)
	if err != nil {
		return nil, err
	}
	var out []seal.Opening
	for _, name := range names {
		o, err := commitment.Open(name)
		if err != nil {
			return nil, fmt.Errorf("mission: exhibit: entry %d: %w", outer.Index, err)
		}
		out = append(out, o)
	}
	if !open.Exact {
		return out, nil
	}
	if open.By == "" || open.Reason == "" {
		return nil, errors.New("mission: exhibit: who opens exact fields, and why, must be said: it is recorded")
	}
	err = m.Write(func(w *Writer) error {
		now := w.Stamp()
		deed := &trucewatch.Custody{Item: boxOf(outer, seal.MissionClass), Deed: "read", By: open.By, At: now, Reason: open.Reason,
			About: fmt.Sprintf("observation %d.%d", outer.Index, row), Restricted: true}
		return w.Append(trucewatch.Payload{Custody: deed}, now)
	})
	return out, err
}

// commitmentOf opens a sealed entry and what it takes to open its fields.
func (m *Mission) commitmentOf(outer *trucewatch.Entry) (*trucewatch.Entry, *seal.Commitment, error) {
	fail := func(err error) error { return fmt.Errorf("mission: open entry %d: %w", outer.Index, err) }
	if m.vault == nil || m.vault.roles == nil {
		return nil, nil, fail(ErrLocked)
	}
	if err := m.vault.refresh(); err != nil {
		return nil, nil, fail(err)
	}
	keys, err := m.vault.epoch(outer.Body.Payload.Sealed.Epoch)
	if err != nil {
		return nil, nil, fail(err)
	}
	if keys.mission == nil || m.vault.gone.epochs[keys.number] {
		return nil, nil, fail(seal.ErrDestroyed)
	}
	box, err := m.vault.get(seal.MissionClass, boxOf(outer, seal.MissionClass))
	if err != nil {
		return nil, nil, fail(err)
	}
	text, err := seal.OpenBox([]*seal.Identity{keys.mission.Identity()}, box)
	if err != nil {
		return nil, nil, fail(err)
	}
	in, err := seal.DecodeInner(text)
	if err != nil {
		return nil, nil, fail(err)
	}
	e, err := seal.CheckInner(outer, in)
	if err != nil {
		return nil, nil, fail(err)
	}
	commitment, err := in.Commitment(e)
	if err != nil {
		return nil, nil, fail(err)
	}
	return e, commitment, nil
}

// ErrNotPublic says that a finding is not in the last publication.
var ErrNotPublic = errors.New("mission: the finding was not public at the last cut-off")

// ExhibitFinding makes the exhibit of a finding as it was public at the last
// cut-off that the record commits to.
func (m *Mission) ExhibitFinding(id trucewatch.FindingID) (*exhibit.Exhibit, error) {
	r, err := m.reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	d, err := lastDigest(r, r.Size())
	if err != nil {
		return nil, err
	}
	p, err := m.publicationOf(r, d)
	if err != nil {
		return nil, err
	}
	for i, raw := range p.Items {
		var f trucewatch.FindingView
		if err := trucewatch.Decode(raw, &f); err != nil {
			return nil, fmt.Errorf("mission: exhibit: %w", err)
		}
		if f.ID != id {
			continue
		}
		x := &exhibit.Exhibit{Index: d.Index, Item: &exhibit.Item{Bytes: raw, Index: uint64(i)}}
		if x.Item.Path, err = p.Prove(i); err != nil {
			return nil, err
		}
		if _, x.Leaf, err = entryAt(r, d.Index); err != nil {
			return nil, err
		}
		return m.prove(r, x)
	}
	return nil, fmt.Errorf("%w: %s, %s", ErrNotPublic, id, d.Body.Payload.Digest.What)
}

// publicationOf recomputes the publication that a digest entry commits to.
func (m *Mission) publicationOf(r *record.Reader, d *trucewatch.Entry) (Publication, error) {
	digest := d.Body.Payload.Digest
	p, err := PublicationAt(m.state)
	if err != nil || p.Matches(digest) {
		return p, err
	}
	before, err := m.asOf(r, d.Index)
	if err != nil {
		return Publication{}, err
	}
	if p, err = PublicationAt(before.state); err != nil {
		return Publication{}, err
	}
	if !p.Matches(digest) {
		return Publication{}, fmt.Errorf("mission: entry %d (%s): the record commits to another publication than it gives", d.Index, digest.What)
	}
	return p, nil
}

// asOf folds the first entries of the record anew, without what was erased since.
func (m *Mission) asOf(r *record.Reader, entries uint64) (*Mission, error) {
	before := empty(m.place)
	before.gone = m.warranted()
	if _, err := before.fold(beginningOf{r, entries}); err != nil {
		return nil, err
	}
	return before, nil
}

// A beginningOf is the first entries of a record.
type beginningOf struct {
	*record.Reader
	entries uint64
}

// Checkpoint says how far it goes; nobody signed it.
func (b beginningOf) Checkpoint() record.Checkpoint { return record.Checkpoint{Size: b.entries} }

// prove adds to x the inclusion of its entry in the checkpoint that most have
// co-signed.
func (m *Mission) prove(r *record.Reader, x *exhibit.Exhibit) (*exhibit.Exhibit, error) {
	policy, err := m.exhibitPolicy()
	if err != nil {
		return nil, err
	}
	signed, err := m.bestCheckpoint(r, x.Index, policy)
	if err != nil {
		return nil, err
	}
	standing, err := policy.Standing(signed)
	if err != nil {
		return nil, fmt.Errorf("mission: exhibit: %w", err)
	}
	// Without signatures that whoever checks cannot check.
	if x.Checkpoint, _, err = policy.Merge(signed, nil); err != nil {
		return nil, fmt.Errorf("mission: exhibit: %w", err)
	}
	if x.Proof, err = r.ProveInclusion(x.Index, standing.Size); err != nil {
		return nil, fmt.Errorf("mission: exhibit: %w", err)
	}
	if _, err := exhibit.DecodeExhibit(exhibit.Encode(x)); err != nil {
		return nil, fmt.Errorf("mission: exhibit of entry %d: %w", x.Index, err)
	}
	if _, err := exhibit.Check(x, policy); err != nil {
		return nil, fmt.Errorf("mission: exhibit of entry %d: %w", x.Index, err)
	}
	return x, nil
}

// exhibitPolicy is the policy in force as its file says it, or that of the log's
// key alone.
func (m *Mission) exhibitPolicy() (*witness.Policy, error) {
	policy, err := m.WitnessPolicy()
	if err != nil {
		return nil, err
	}
	if policy == nil {
		key, err := m.readLine(logPublicFile)
		if err != nil {
			return nil, err
		}
		return witness.NewPolicy(key, nil, 0)
	}
	return witness.ParsePolicy(policy.Text()) // mirrors are not in the file, and count for no tier
}

// checkpointsTried is how many kept checkpoints are looked at for the strongest.
// Guess: an hour of beats; if nobody co-signed for longer, the last one stands
// for all. Test: the time of an exhibit in a mission of a year.
const checkpointsTried = 360

// bestCheckpoint returns the first final checkpoint that covers an entry, else
// the strongest that is near.
func (m *Mission) bestCheckpoint(r *record.Reader, index uint64, policy *witness.Policy) ([]byte, error) {
	best := r.Checkpoint().Note
	standing, err := policy.Standing(best)
	if err != nil {
		return nil, fmt.Errorf("mission: exhibit: %w", err)
	}
	folder := filepath.Join(m.dir, "record", "checkpoints")
	kept, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("mission: exhibit: kept checkpoints: %w", err)
	}
	var sizes []uint64
	for _, f := range kept {
		if size, err := strconv.ParseUint(f.Name(), 10, 63); err == nil && size > index {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	for _, size := range sizes[:min(len(sizes), checkpointsTried)] {
		if standing.Tier == witness.Final {
			break
		}
		signed, err := os.ReadFile(filepath.Join(folder, strconv.FormatUint(size, 10)))
		if err != nil {
			return nil, fmt.Errorf("mission: exhibit: kept checkpoint: %w", err)
		}
		// One from before the policy may have signatures that do not hold now.
		if other, err := policy.Standing(signed); err == nil && other.Tier > standing.Tier {
			best, standing = signed, other
		}
	}
	return best, nil
}

// reader opens the mission's record for reading.
func (m *Mission) reader() (*record.Reader, error) {
	verifier, err := m.logVerifier()
	if err != nil {
		return nil, err
	}
	return record.OpenReaderOn(m.disk, filepath.Join(m.dir, "record"), verifier)
}

// entryAt returns an entry and its bytes.
func entryAt(r *record.Reader, index uint64) (*trucewatch.Entry, []byte, error) {
	if index >= r.Size() {
		return nil, nil, fmt.Errorf("mission: entry %d: the record has %d", index, r.Size())
	}
	_, raw, err := r.Entries(index, index+1).Next()
	if err != nil {
		return nil, nil, err
	}
	e, err := trucewatch.DecodeEntry(index, raw)
	return e, raw, err
}

// ErrNoDigest says that the record commits to no state yet.
var ErrNoDigest = errors.New("mission: no period is over yet, so the record commits to no publication")

// lastDigest returns the last digest entry of a cut-off before an index.
func lastDigest(r *record.Reader, before uint64) (*trucewatch.Entry, error) {
	const step = 256 // entries of one bundle
	for till := before; till > 0; {
		from := (till - 1) / step * step
		var last *trucewatch.Entry
		for cursor := r.Entries(from, till); ; {
			index, raw, err := cursor.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			e, err := trucewatch.DecodeEntry(index, raw)
			if err != nil {
				return nil, err
			}
			if cutOffOf(e) != "" {
				last = e
			}
		}
		if last != nil {
			return last, nil
		}
		till = from
	}
	return nil, ErrNoDigest
}
