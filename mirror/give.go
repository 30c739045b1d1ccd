// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

const (
	// BoxesPath is below what boxes are served: boxes/<class>?after=<N>&till=<M>.
	BoxesPath = "boxes/"
	// nextHeader says which entry to ask from next.
	nextHeader = "Trucewatch-Next"
	// pageEntries is of how many entries the boxes are given at once. Guess: at
	// 8 KiB each, 8 MB. Test: the time that a page takes on a slow link.
	pageEntries = 1024
)

// A Named is a box that an entry names.
type Named struct {
	Index uint64 // of the entry
	Hash  trucewatch.Hash
	Epoch uint32 // of the key it is sealed with
}

// NamedIn returns a function that lists which boxes of a class the entries with
// from <= index < till name, in the log in a folder. It may be called by many at once.
func NamedIn(dir string, verifier note.Verifier, class string) func(from, till uint64) ([]Named, error) {
	var mu sync.Mutex
	var reader *record.Reader // opened again only when it does not reach far enough: opening costs
	return func(from, till uint64) ([]Named, error) {
		mu.Lock()
		defer mu.Unlock()
		if reader == nil || reader.Checkpoint().Size < till {
			r, err := record.OpenReader(dir, verifier)
			if err != nil {
				return nil, fmt.Errorf("mirror: %w", err)
			}
			if reader != nil {
				reader.Close() // Read only: nothing can be lost.
			}
			reader = r
		}
		return namedBy(reader, class, from, min(till, reader.Checkpoint().Size))
	}
}

func namedBy(r *record.Reader, class string, from, till uint64) ([]Named, error) {
	var named []Named
	for cursor := r.Entries(min(from, till), till); from < till; from++ {
		index, raw, err := cursor.Next()
		if err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		e, err := trucewatch.DecodeEntry(index, raw)
		if err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		for _, box := range e.Body.Sealed {
			if s := e.Body.Payload.Sealed; box.Class == class && s != nil {
				named = append(named, Named{index, box.Hash, s.Epoch})
			}
		}
	}
	return named, nil
}

// BoxesHandler gives the boxes of one class to other holders, as an export of
// package seal: those that the entries from after on name, of at most 1024
// entries at once, below till and below what is released. allowed says whether
// the box of an entry may be given to this holder, and may be nil; released says
// of how many entries, at most as many as named knows. The header Trucewatch-Next
// says where to go on; it is after itself when there is nothing more. A box that
// is not in the store is left out: a cover looks the same.
//
// It does not ask who is there: see Holders.Guard.
func BoxesHandler(store *seal.Store, class string, named func(from, till uint64) ([]Named, error), allowed func(index uint64) bool, released func() uint64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			refuse(w, http.StatusMethodNotAllowed)
			return
		}
		after, till, err := parsePage(r)
		if err != nil {
			refuse(w, http.StatusBadRequest)
			return
		}
		till = min(till, released())
		next := min(till, after+pageEntries)
		hashes, err := given(store, class, named, allowed, after, next)
		if err != nil {
			refuse(w, http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set(nextHeader, strconv.FormatUint(max(after, next), 10))
		if store.Export(class, hashes, w) != nil {
			// The end is missing then, and the client sees it.
			panic(http.ErrAbortHandler)
		}
	})
}

// given are the boxes to be given of entries in a range.
func given(store *seal.Store, class string, named func(from, till uint64) ([]Named, error), allowed func(uint64) bool, from, till uint64) ([]trucewatch.Hash, error) {
	if from >= till {
		return nil, nil
	}
	// Another process may have kept boxes since; a store that is open for writing
	// sees its own and refuses.
	if err := store.Refresh(); err != nil && !errors.Is(err, seal.ErrInvalid) {
		return nil, err
	}
	boxes, err := named(from, till)
	if err != nil {
		return nil, err
	}
	var hashes []trucewatch.Hash
	for _, box := range boxes {
		if (allowed == nil || allowed(box.Index)) && store.State(class, box.Hash) == seal.Present {
			hashes = append(hashes, box.Hash)
		}
	}
	return hashes, nil
}

// parsePage reads after and till of a request.
func parsePage(r *http.Request) (after, till uint64, err error) {
	values := r.URL.Query()
	till = sizeMax
	for name, to := range map[string]*uint64{"after": &after, "till": &till} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		if *to, err = strconv.ParseUint(text, 10, 62); err != nil {
			return 0, 0, fmt.Errorf("%w: %s=%q", ErrInvalid, name, text)
		}
	}
	return after, till, nil
}
