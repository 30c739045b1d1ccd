// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// A segmentRead is what the files of a full segment hold. It is made ahead of the
// walk and on several cores; what is wrong with it is told when the walk is there.
type segmentRead struct {
	bundles []bundleRead
	size    int64 // bytes of the segment
	err     error // of the segment
	hashesRead
}

// A bundleRead is what stands in a segment where a bundle is looked for.
type bundleRead struct {
	leaves []tlog.Hash // as far as the entries go
	end    int64       // byte behind them
}

// A hashesRead is what a file of hashes holds.
type hashesRead struct {
	ends      []int64     // nil if one of them cannot be
	hashes    []tlog.Hash // of the bundles; nil if the file has another length or is missing
	endsErr   error       // why there are no ends, though the file has its length
	hashesErr error       // why there is nothing
}

// segments adds the entries of the full segments, in order. It returns false if
// the walk cannot go on.
func (v *verification) segments(bases []uint64) (goOn bool, err error) {
	full := uint64(len(bases) - 1)
	reads, stop := ahead(full, func(n uint64) segmentRead { return v.readSegment(bases[n], bases[n+1]) })
	defer stop()
	n := 0
	for read := range reads {
		if goOn, err := v.segment(bases[n], bases[n+1], <-read); err != nil || !goOn {
			return false, err
		}
		n++
	}
	return true, nil
}

// readHashes reads the hashes of a full segment.
func (v *verification) readHashes(base, till uint64) (r hashesRead) {
	size := hashesSize(till - base)
	data, err := v.disk.ReadFile(filepath.Join(v.dir, hashesName(base)), size)
	if err == nil && int64(len(data)) < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		r.hashesErr = err
		return r
	}
	r.ends, r.hashes, r.endsErr = decodeHashesFile(data, int((till-base)/tileWidth))
	return r
}

// readSegment reads and hashes a full segment. Behind a damage it goes on with the
// next bundle, if the hashes say where that begins.
func (v *verification) readSegment(base, till uint64) (r segmentRead) {
	r.hashesRead = v.readHashes(base, till)
	f, err := v.disk.Open(filepath.Join(v.dir, segmentName(base)))
	if err != nil {
		r.err = err
		return r
	}
	defer f.Close() // Read only: nothing can be lost.
	if r.size, r.err = f.Size(); r.err != nil {
		return r
	}
	r.bundles = make([]bundleRead, (till-base)/tileWidth)
	for n, at := 0, int64(0); n < len(r.bundles) && r.err == nil; n++ {
		n, r.err = r.readBundles(f, n, at)
		if n == len(r.bundles) {
			break
		}
		at = r.bundles[n].end
		if len(r.bundles[n].leaves) < tileWidth && r.ends != nil {
			at = min(r.ends[n], r.size)
		}
	}
	return r
}

// readBundles hashes the entries that stand in a segment from a byte on, where
// bundle n begins. It returns the bundle in or behind which no whole frame stood.
func (r *segmentRead) readBundles(f io.ReaderAt, n int, at int64) (int, error) {
	errAll := errors.New("all")
	r.bundles[n].end = at
	_, err := scanFrames(io.NewSectionReader(f, at, r.size-at), r.size-at, func(entry []byte) error {
		if len(r.bundles[n].leaves) == tileWidth {
			if n++; n == len(r.bundles) {
				return errAll
			}
			r.bundles[n].end = r.bundles[n-1].end
		}
		b := &r.bundles[n]
		b.leaves, b.end = append(b.leaves, tlog.RecordHash(entry)), b.end+frameSize(entry)
		return nil
	})
	if errors.Is(err, errAll) {
		err = nil
	}
	return n, err
}

// segment adds the entries of a full segment, which must be on disk with its
// hashes. It returns false if the walk cannot go on.
func (v *verification) segment(base, till uint64, r segmentRead) (goOn bool, err error) {
	if err := v.lacks(segmentName(base), r.err); err != nil {
		return false, err
	}
	if err := v.lacks(hashesName(base), r.hashesErr); err != nil {
		return false, err
	}
	if r.endsErr != nil {
		v.problem(hashesName(base), base, "%v", r.endsErr)
	}
	for n := range int((till - base) / tileWidth) {
		var b bundleRead
		if r.err == nil {
			b = r.bundles[n]
		}
		if !v.bundle(base, n, b, r) {
			return false, nil
		}
	}
	if r.err != nil {
		return true, nil
	}
	if last := r.bundles[len(r.bundles)-1]; len(last.leaves) == tileWidth && last.end != r.size {
		v.problem(segmentName(base), till, "%d bytes behind the last entry", r.size-last.end)
	}
	return true, nil
}

// bundle adds the entries of bundle n of a full segment.
func (v *verification) bundle(base uint64, n int, b bundleRead, r segmentRead) (goOn bool) {
	first := v.tree.size
	whole := len(b.leaves) == tileWidth
	if !whole && r.err == nil {
		v.problem(segmentName(base), first+uint64(len(b.leaves)), "no whole entry at byte %d", b.end)
	}
	switch {
	case whole:
		if r.hashes != nil && fold(b.leaves) != r.hashes[n] {
			v.problem(segmentName(base), first, "the %d entries from this one on do not give the hash in %s", tileWidth, hashesName(base))
		}
		if r.ends != nil && b.end != r.ends[n] {
			v.problem(hashesName(base), first, "says that 256 entries end at byte %d, but they end at %d", r.ends[n], b.end)
		}
		for _, leaf := range b.leaves {
			v.add(leaf)
		}
	case r.hashes != nil:
		// Going on with the stored hash names this damage alone, and not every root
		// behind it.
		v.skip(r.hashes[n])
	default:
		v.problem(segmentName(base), first, "neither entries nor hashes are whole: what follows was not checked")
		return false
	}
	return true
}

// lacks reports a file that could not be read because it is missing or has another
// length; any other error it returns.
func (v *verification) lacks(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLong) || errors.Is(err, io.ErrUnexpectedEOF) {
		v.problem(name, v.tree.size, "%v", err)
		return nil
	}
	return err
}
