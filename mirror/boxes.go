// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/seal"
)

const (
	cursorName  = "boxes-next" // folder: how far each class was pulled
	pageMax     = 1 << 30      // bytes of boxes in one answer
	missingMax  = 100          // missing boxes that an outcome lists; it counts all
	cursorBytes = 32           // a number and a newline
)

// Boxes say which boxes a mirror is given.
type Boxes struct {
	Source  *WebSource // with the holder's token; nil: none are pulled
	Classes []string
	// Cover says whether a box is a cover, and whether this holder can tell: who
	// has no key of the class cannot. It may be nil.
	Cover func(e Named) (isCover, known bool)
	// Again asks for all boxes once more, not only for those of new entries: what
	// was withheld may be there now.
	Again bool
	// Erase destroys the boxes that an erasure names, when its entry is here. If it
	// is not set they are counted in StillHeld: destroying is a duty, but it is
	// for the holder to say that the warrant is one.
	Erase bool
}

// A BoxOutcome is what came of pulling the boxes of one class.
type BoxOutcome struct {
	Class string
	Next  uint64 // entry from which on boxes were not given yet
	Named int    // boxes that the entries of this pull name
	Taken int    // of those, now here for the first time or again
	// Missing are boxes that entries name and that are not here, without an erasure
	// that says why, as far as it is known that they are no covers; Unsure are
	// those that may be covers. Lists are cut at 100.
	Missing, Unsure           []Named
	MissingCount, UnsureCount int
	StillHeld                 int // boxes that are here although they are erased
}

// pullBoxes asks for the boxes of each class.
func (m *Mirror) pullBoxes(ctx context.Context, out *Outcome) (err error) {
	b := &m.settings.Boxes
	if b.Source == nil || len(b.Classes) == 0 || m.replica == nil {
		return nil
	}
	store, err := seal.OpenStore(m.disk, filepath.Join(m.settings.Dir, boxesName))
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, class := range b.Classes {
		o, err := m.pullClass(ctx, store, class)
		if err == nil {
			o.StillHeld, err = m.erase(store, class)
		}
		if err != nil {
			return err
		}
		out.Boxes = append(out.Boxes, o)
	}
	if b.Erase {
		m.erased = m.audit.erased.erasures
	}
	b.Again = false
	return nil
}

func (m *Mirror) pullClass(ctx context.Context, store *seal.Store, class string) (BoxOutcome, error) {
	o := BoxOutcome{Class: class}
	file := filepath.Join(m.settings.Dir, cursorName, class)
	var err error
	if o.Next, err = readCursor(m.disk, file); err != nil {
		return o, err
	}
	if m.settings.Boxes.Again {
		o.Next = 0
	}
	named := NamedIn(filepath.Join(m.settings.Dir, recordName), m.verifier, class)
	for till := m.held().Size; o.Next < till; {
		next, err := m.pullPage(ctx, store, &o, named, till)
		if err != nil {
			return o, err
		}
		if next == o.Next {
			return o, nil // The rest is not released yet.
		}
		o.Next = next
		if err := durable.WriteFile(m.disk, file, fmt.Appendf(nil, "%d\n", next)); err != nil {
			return o, fmt.Errorf("mirror: boxes of %s: %w", class, err)
		}
	}
	return o, nil
}

// readCursor reads how far a class was pulled; 0 if it was not.
func readCursor(disk durable.Disk, file string) (uint64, error) {
	text, err := disk.ReadFile(file, cursorBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("mirror: %w", err)
	}
	next, err := strconv.ParseUint(strings.TrimSuffix(string(text), "\n"), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("mirror: %s: %w: not a number; remove it, and all boxes are asked for again", file, ErrInvalid)
	}
	return next, nil
}

// pullPage asks for the boxes from o.Next on, and returns where to go on.
func (m *Mirror) pullPage(ctx context.Context, store *seal.Store, o *BoxOutcome, named func(from, till uint64) ([]Named, error), till uint64) (uint64, error) {
	path := fmt.Sprintf("%s%s?after=%d&till=%d", BoxesPath, o.Class, o.Next, till)
	var next uint64
	var boxes []Named
	_, err := m.settings.Boxes.Source.try(ctx, http.MethodGet, path, nil, func(r *http.Response) error {
		var err error
		if next, err = strconv.ParseUint(r.Header.Get(nextHeader), 10, 63); err != nil || next < o.Next || next > till {
			return fmt.Errorf("%w: header %s is %q", ErrTampered, nextHeader, r.Header.Get(nextHeader))
		}
		boxes = nil
		if next > o.Next {
			if boxes, err = named(o.Next, next); err != nil {
				return err
			}
		}
		wanted := map[trucewatch.Hash]bool{}
		for _, b := range boxes {
			wanted[b.Hash] = !m.audit.erased.order(o.Class, b)
		}
		taken, err := store.Import(o.Class, io.LimitReader(r.Body, pageMax), func(h trucewatch.Hash) bool { return wanted[h] })
		o.Taken += taken
		return err
	})
	if err != nil {
		return o.Next, err
	}
	m.count(store, o, boxes)
	return next, nil
}

// count says which boxes are not here.
func (m *Mirror) count(store *seal.Store, o *BoxOutcome, boxes []Named) {
	o.Named += len(boxes)
	for _, b := range boxes {
		if store.Has(o.Class, b.Hash) || m.audit.erased.order(o.Class, b) {
			continue
		}
		isCover, known := false, false
		if m.settings.Boxes.Cover != nil {
			isCover, known = m.settings.Boxes.Cover(b)
		}
		list, n := &o.Unsure, &o.UnsureCount
		switch {
		case known && isCover:
			continue
		case known:
			list, n = &o.Missing, &o.MissingCount
		}
		if *n++; len(*list) < missingMax {
			*list = append(*list, b)
		}
	}
}

// erase destroys, or counts, what is here of the boxes that erasures name. What
// was destroyed is not looked for again before there are new erasures.
func (m *Mirror) erase(store *seal.Store, class string) (held int, err error) {
	if n := m.audit.erased.erasures; n == 0 || n == m.erased && m.settings.Boxes.Erase {
		return 0, nil
	}
	named, err := NamedIn(filepath.Join(m.settings.Dir, recordName), m.verifier, class)(0, m.held().Size)
	if err != nil {
		return 0, err
	}
	var hashes []trucewatch.Hash
	for _, b := range named {
		if m.audit.erased.order(class, b) && store.Has(class, b.Hash) {
			hashes = append(hashes, b.Hash)
		}
	}
	if !m.settings.Boxes.Erase || len(hashes) == 0 {
		return len(hashes), nil
	}
	if err := store.Destroy(class, hashes); err != nil {
		return len(hashes), fmt.Errorf("mirror: %w", err)
	}
	m.settings.Log.Info("boxes destroyed, as the record's erasures say", "class", class, "boxes", len(hashes))
	return 0, nil
}
