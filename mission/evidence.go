// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/seal"
)

// mediaDir holds evidence, each item under its hash.
const mediaDir = "media"

// A deed is a custody entry, with who answers for it.
type deed struct {
	evidence.Deed
	officers int  // whose valid keys signed it
	erased   bool // of its words and its time only a stand-in is left
}

// keepDeed notes what the entry says was done with evidence.
func (m *Mission) keepDeed(e *trucewatch.Entry, c content) {
	custody := c.entry.Body.Payload.Custody
	if custody == nil {
		return
	}
	d := deed{Deed: evidence.Deed{Index: e.Index, Received: c.entry.Received, Custody: *custody}, erased: c.how == residue}
	for _, s := range c.entry.Signatures {
		if key, ok := m.ring.Key(s.Key); ok && key.Role == trucewatch.OfficerKey {
			d.officers++
		}
	}
	if d.erased {
		// The residue has no words, and its time is rounded down to the hour: what
		// the chain asks of them cannot be judged any more.
		const gone = "(erased)"
		d.Reason, d.To = gone, gone
		d.Received += trucewatch.Hour
		for _, before := range m.deeds {
			if before.Item == d.Item && before.At < d.At+trucewatch.Hour {
				d.At = max(d.At, before.At)
			}
		}
	}
	m.deeds = append(m.deeds, d)
}

// Deeds returns what was done with evidence, in record order. That a custody box
// was read is a deed too, and not one of these: its item is no evidence.
func (m *Mission) Deeds() []evidence.Deed {
	boxes := map[trucewatch.Hash]bool{}
	for _, all := range m.boxes {
		for _, b := range all {
			if b.Class == seal.CustodyClass {
				boxes[b.Hash] = true
			}
		}
	}
	var deeds []evidence.Deed
	for _, d := range m.deeds {
		if !boxes[d.Item] {
			deeds = append(deeds, d.Deed)
		}
	}
	return deeds
}

// custodyOf is what the record says of an item, taken together.
type custodyOf struct {
	item       evidence.Item
	mediaType  string
	known      bool
	copied     bool // a working copy exists, or it is one
	restricted bool
	destroyed  bool
}

func custodyIn(deeds []evidence.Deed, item trucewatch.Hash) custodyOf {
	var c custodyOf
	for i := range deeds {
		d := &deeds[i]
		if d.Item != item {
			continue
		}
		if !c.known && (d.Deed == "acquired" || d.Deed == "derived") {
			c.known, c.item, c.mediaType = true, evidence.ItemOf(&d.Custody), d.MediaType
		}
		c.copied = c.copied || d.Deed == "copied" || d.Deed == "derived"
		c.restricted = c.restricted || d.Restricted
		c.destroyed = c.destroyed || d.Deed == "destroyed"
	}
	return c
}

func (m *Mission) media() (*evidence.Store, error) {
	store, err := evidence.OpenStore(durable.OS{}, filepath.Join(m.dir, mediaDir))
	if err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	return store, nil
}

// allows says why a deed may not follow those before it (ErrRefused).
func allows(deeds []evidence.Deed, c trucewatch.Custody, received trucewatch.Instant) error {
	before := len(evidence.Chain(deeds))
	problems := evidence.Chain(append(slices.Clip(deeds), evidence.Deed{Received: received, Custody: c}))
	if len(problems) > before {
		return fmt.Errorf("%w: item %v: %s", ErrRefused, c.Item, problems[len(problems)-1].Text)
	}
	return nil
}

// enterDeed records a deed that the deeds before it allow; ErrRefused otherwise.
// What it says of when is now, if it says nothing.
func (w *Writer) enterDeed(officers []ed25519.PrivateKey, c trucewatch.Custody) (uint64, error) {
	now := max(w.Stamp(), w.m.state.Now())
	if c.At == 0 {
		c.At = now
	}
	if err := allows(w.m.Deeds(), c, now); err != nil {
		return 0, err
	}
	if len(officers) > 0 {
		return w.AppendAs(officers, trucewatch.Payload{Custody: &c}, now)
	}
	return w.Enter(nil, trucewatch.Payload{Custody: &c})
}

// Acquired is what became of a file that was added.
type Acquired struct {
	Item   evidence.Item
	Index  uint64 // of the entry that says so
	Known  bool   // the record said so before, of the same hands and the same matter: nothing was added
	Pixels *evidence.Pixels
	// NoPixels says why no rectangle of a file that calls itself a picture can be
	// proven. It is evidence all the same.
	NoPixels error
}

// AddEvidence keeps the bytes of a file under media/ and then records their
// acquisition: by whom, about what, why, restricted or not, as c says; the rest
// of it is found out here. Of a picture, a working copy is described, so that any
// rectangle of it can be proven.
//
// If the process dies in between, or another one writes the same moment and the
// record refuses, bytes lie there that nobody
// acquired (UnacquiredEvidence); adding the file again records them.
func (m *Mission) AddEvidence(file io.ReadSeeker, c trucewatch.Custody) (Acquired, error) {
	c.Deed = "acquired"
	return m.keepEvidence(file, c)
}

// DeriveEvidence keeps a file that was made here from another item: a clip, a
// copy with faces made unreadable, a translation.
func (m *Mission) DeriveEvidence(from trucewatch.Hash, file io.ReadSeeker, c trucewatch.Custody) (Acquired, error) {
	c.Deed, c.DerivedFrom = "derived", from
	return m.keepEvidence(file, c)
}

// keepEvidence keeps the bytes first, and holds the record's lock only for the
// entries: a film takes minutes.
func (m *Mission) keepEvidence(file io.ReadSeeker, c trucewatch.Custody) (Acquired, error) {
	item, err := describeFrom(file, &c)
	if err != nil {
		return Acquired{}, fmt.Errorf("mission: evidence: %w", err)
	}
	store, err := m.media()
	if err != nil {
		return Acquired{}, err
	}
	if _, err := m.CatchUp(); err != nil {
		return Acquired{}, err
	}
	got := Acquired{Item: item}
	deeds := m.Deeds()
	known := slices.IndexFunc(deeds, func(d evidence.Deed) bool {
		return d.Item == item.Hash && d.Deed == c.Deed && d.By == c.By && d.About == c.About && d.DerivedFrom == c.DerivedFrom
	})
	if known >= 0 && !custodyIn(deeds, item.Hash).destroyed {
		got.Known, got.Index = true, deeds[known].Index
		_, err := store.Add(file) // what was damaged since is whole again
		return got, err
	}
	// Before the bytes are kept: what the record refuses must not lie there.
	now := max(trucewatch.InstantOf(time.Now()), m.state.Now())
	first := c
	if first.At == 0 {
		first.At = now
	}
	if err := allows(deeds, first, now); err != nil {
		return got, err
	}
	kept, err := store.Add(file)
	if err != nil {
		return got, err
	}
	if kept != item {
		return got, errors.Join(errors.New("mission: evidence: the file changed while it was read"), store.Destroy(kept.Hash))
	}
	all := []trucewatch.Custody{c}
	if c.Deed == "acquired" {
		more, err := describePicture(store, file, deeds, c, &got)
		if err != nil {
			return got, err
		}
		all = append(all, more...)
	}
	err = m.Write(func(w *Writer) error {
		for i, d := range all {
			index, err := w.enterDeed(nil, d)
			if err != nil {
				return err
			}
			if i == 0 {
				got.Index = index
			}
		}
		return nil
	})
	return got, err
}

// sniffBytes is how many bytes say what a file is.
const sniffBytes = 512

// describeFrom reads a file, says in c what it is, and goes back to its beginning.
func describeFrom(file io.ReadSeeker, c *trucewatch.Custody) (evidence.Item, error) {
	item, err := evidence.Describe(file)
	if err != nil {
		return item, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return item, err
	}
	begin := make([]byte, sniffBytes)
	n, err := io.ReadFull(file, begin)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return item, err
	}
	if c.MediaType == "" {
		c.MediaType = http.DetectContentType(begin[:n])
	}
	c.Item, c.SizeBytes, c.Chunks = item.Hash, item.SizeBytes, item.Chunks
	_, err = file.Seek(0, io.SeekStart)
	return item, err
}

// describePicture keeps the description of a picture's pixels, which is made from
// a working copy, and returns the deeds that say so; of a restricted one, also that
// it was read for this. It returns none for what is no picture.
func describePicture(store *evidence.Store, file io.ReadSeeker, deeds []evidence.Deed, c trucewatch.Custody, got *Acquired) ([]trucewatch.Custody, error) {
	begin := make([]byte, 8)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if n, err := io.ReadFull(file, begin); err != nil || !evidence.IsPicture(begin[:n]) {
		return nil, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	pixels, err := evidence.DescribeImage(file)
	if err != nil {
		got.NoPixels = err
		return nil, nil
	}
	got.Pixels = pixels
	item := pixels.Item()
	if custodyIn(deeds, item.Hash).known { // the picture came twice, from different hands
		return nil, nil
	}
	kept, err := store.Add(bytes.NewReader(pixels.Encode()))
	if err != nil {
		return nil, err
	}
	if kept != item {
		return nil, fmt.Errorf("mission: evidence: the description of the pixels of %v is kept as another item, %v", c.Item, kept.Hash)
	}
	const why = "to describe its pixels"
	more := []trucewatch.Custody{{Item: c.Item, Deed: "copied", By: c.By, Reason: why, Restricted: c.Restricted}}
	if c.Restricted {
		more = append(more, trucewatch.Custody{Item: c.Item, Deed: "read", By: c.By, Reason: why, Restricted: true})
	}
	return append(more, trucewatch.Custody{Item: item.Hash, Deed: "derived", By: c.By, Reason: why, SizeBytes: item.SizeBytes, Chunks: item.Chunks,
		MediaType: evidence.PixelsMediaType, DerivedFrom: c.Item, About: c.About, Restricted: c.Restricted}), nil
}

// EnterDeed records that something was done with an item: copied, transferred,
// returned, sealed, destroyed. What is destroyed is destroyed here once the entry
// is durable and signed, which two officers must do. The deed of a destruction
// that died half way may be entered again: it goes on from there.
func (m *Mission) EnterDeed(officers []ed25519.PrivateKey, c trucewatch.Custody) (uint64, error) {
	store, err := m.media()
	if err != nil {
		return 0, err
	}
	if c.Deed == "destroyed" && len(officers) < officersToDestroy {
		return 0, fmt.Errorf("mission: destroy evidence: %w: two officers must sign, %d did", ErrRefused, len(officers))
	}
	var index uint64
	err = m.Write(func(w *Writer) error {
		again := c.Deed == "destroyed" && custodyIn(w.m.Deeds(), c.Item).destroyed
		if again {
			index = w.m.lastDeed(c.Item)
		} else if index, err = w.enterDeed(officers, c); err != nil {
			return err
		}
		if c.Deed != "destroyed" {
			return nil
		}
		if err := w.flush(); err != nil {
			return err
		}
		if err := w.sign(); err != nil {
			return err
		}
		if err := store.Destroy(c.Item); err != nil && !errors.Is(err, evidence.ErrNotFound) {
			return err
		}
		return nil
	})
	return index, err
}

// officersToDestroy must sign that evidence is destroyed, as with an erasure.
const officersToDestroy = 2

// lastDeed is the index of the last deed on an item.
func (m *Mission) lastDeed(item trucewatch.Hash) (index uint64) {
	for _, d := range m.deeds {
		if d.Item == item {
			index = d.Index
		}
	}
	return index
}

// ReadEvidence opens an item of which a working copy was made. That a restricted
// one is read, by which role and why, is in the record, durable and signed, before
// a byte is given out. Every byte is checked against what the record says.
func (m *Mission) ReadEvidence(item trucewatch.Hash, by, reason string) (*evidence.Reader, error) {
	deeds := m.Deeds()
	c := custodyIn(deeds, item)
	switch {
	case !c.known:
		return nil, fmt.Errorf("mission: read evidence: the record knows no item %v", item)
	case c.destroyed:
		return nil, fmt.Errorf("mission: read evidence: item %v was destroyed: see its chain", item)
	case !c.copied:
		return nil, fmt.Errorf("mission: read evidence: %w: the original is not worked on: make a working copy of %v first", ErrRefused, item)
	}
	store, err := m.media()
	if err != nil {
		return nil, err
	}
	if !c.restricted {
		r, err := store.Open(c.item)
		if err != nil {
			return nil, fmt.Errorf("mission: %w", err)
		}
		return r, nil
	}
	r, err := evidence.ReadRestricted(store, c.item, trucewatch.Custody{By: by, Reason: reason, At: trucewatch.InstantOf(time.Now())}, func(d trucewatch.Custody) error {
		return m.Write(func(w *Writer) error { // durable and signed when it returns
			d.At = 0
			_, err := w.enterDeed(nil, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	return r, nil
}
