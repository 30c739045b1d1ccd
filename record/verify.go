// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// ProblemsMax is how many problems a Report lists; the rest are counted.
//
// Guess: nobody reads more. Test: ask who had to repair a log.
const ProblemsMax = 100

// A Problem is one thing that is wrong with a log.
type Problem struct {
	File  string // path under the log's directory, with slashes
	Index uint64 // of the first entry concerned
	What  string
}

// String says file, entry and what.
func (p Problem) String() string { return fmt.Sprintf("%s: entry %d: %s", p.File, p.Index, p.What) }

// A Report is what Verify found.
type Report struct {
	Origin      string   // by the checkpoint; empty if that cannot be read
	Size        uint64   // entries found, signed or not
	Root        [32]byte // tree hash of those entries
	Signed      uint64   // entries that the last checkpoint signs for
	Unsigned    uint64   // entries behind it: in the log, but nobody signed for them
	TornBytes   int64    // behind the last whole entry: never acknowledged, or being written
	Checkpoints int      // kept checkpoints that are right
	// Cosignatures are those that were verified in the file "checkpoint" and in the
	// kept ones, and Unknown the signatures there of keys that Verify was not
	// given, which it cannot judge.
	Cosignatures, Unknown int
	// Problems begin with the checkpoint's own, and then stand in the order in
	// which a walk from entry 0 to the end meets them; the same damage gives the
	// same list.
	Problems []Problem
	More     int // problems beyond ProblemsMax
}

// Verify reads the whole log in dir and computes its tree anew from the entries.
// It checks every byte of every segment and of its hashes, the last checkpoint, and
// that each checkpoint kept has the root of the entries up to
// its size, so that no two contradict each other. It takes no lock and writes
// nothing.
//
// The error is ErrCorrupt if the report has problems, ErrNotFound if there is
// no log, or one of the disk. Unsigned entries and a torn tail behind the last
// checkpoint are reported and are no problems. It cannot see that a kept
// checkpoint or a cosignature was removed, nor that unsigned entries were cut off
// or changed. A cosignature of one of the keys given is a problem if it is false.
func Verify(dir string, verifier note.Verifier, cosigners ...note.Verifier) (Report, error) {
	return VerifyOn(durable.OS{}, dir, verifier, cosigners...)
}

// VerifyOn is Verify on a disk.
func VerifyOn(disk durable.Disk, dir string, verifier note.Verifier, cosigners ...note.Verifier) (Report, error) {
	return verify(disk, dir, verifier, cosigners...)
}

func verify(disk durable.Disk, dir string, verifier note.Verifier, cosigners ...note.Verifier) (Report, error) {
	v := &verification{disk: disk, dir: dir, verifier: verifier, cosigners: note.VerifierList(cosigners...)}
	if err := v.run(); err != nil {
		return v.report, fmt.Errorf("record: verify %s: %w", dir, err)
	}
	v.report.Size, v.report.Root = v.tree.size, v.tree.root()
	v.report.Unsigned = v.tree.size - min(v.tree.size, v.report.Signed)
	if n := len(v.report.Problems) + v.report.More; n > 0 {
		return v.report, fmt.Errorf("record: verify %s: %w: problem 1 of %d: %v", dir, ErrCorrupt, n, v.report.Problems[0])
	}
	return v.report, nil
}

// verification is one run of Verify. It shares the tree and the formats with
// Log, but not how that finds and trusts tiles: here every hash comes from the
// entries, and what is on disk is only compared.
type verification struct {
	disk      durable.Disk
	dir       string
	verifier  note.Verifier
	cosigners note.Verifiers
	report    Report
	tree      tree
	signed    *Checkpoint // nil if it could not be read
	kept      []uint64    // sizes of kept checkpoints that are still to be reached, ascending
	keptReads <-chan chan keptRead
}

// A keptRead is what the file of a kept checkpoint holds.
type keptRead struct {
	path string
	Checkpoint
	err error
}

// problem adds to the report.
func (v *verification) problem(file string, index uint64, format string, args ...any) {
	if len(v.report.Problems) == ProblemsMax {
		v.report.More++
		return
	}
	v.report.Problems = append(v.report.Problems, Problem{file, index, fmt.Sprintf(format, args...)})
}

// run walks over the log. It returns errors of the disk and ErrNotFound; all
// else are problems.
func (v *verification) run() (err error) {
	// In this order, so that a writer at work cannot make it look as if a kept
	// checkpoint were newer than the last one, or the last one than the entries.
	if v.kept, err = keptSizes(v.disk, v.dir); err != nil {
		return err
	}
	signed, err := readCheckpoint(v.disk, v.dir, checkpointName, v.verifier)
	switch {
	case errors.Is(err, ErrCorrupt):
		v.problem(checkpointName, 0, "%v", err)
	case err != nil:
		return err
	default:
		v.signed, v.report.Origin, v.report.Signed = &signed, signed.Origin, signed.Size
		v.cosigned(checkpointName, signed)
		if n := len(v.kept); n > 0 && v.kept[n-1] > signed.Size {
			v.problem(checkpointName, signed.Size, "%d entries were signed before: an older state was put back", v.kept[n-1])
		}
	}
	bases, live, err := v.openSegments()
	if err != nil || live == nil {
		return err
	}
	defer live.Close() // Read only: nothing can be lost.

	sizes := v.kept
	keptReads, stop := ahead(uint64(len(sizes)), func(n uint64) keptRead {
		r := keptRead{path: checkpointsName + "/" + strconv.FormatUint(sizes[n], 10)}
		r.Checkpoint, r.err = readCheckpoint(v.disk, v.dir, filepath.FromSlash(r.path), v.verifier)
		return r
	})
	defer stop()
	v.keptReads = keptReads
	v.reach()
	if goOn, err := v.segments(bases); err != nil || !goOn {
		return err
	}
	base := bases[len(bases)-1]
	if err := v.live(live, base); err != nil {
		return err
	}
	v.missing(segmentName(base))
	return nil
}

// openSegments lists the segments and opens the newest one, or reports why there is
// none.
func (v *verification) openSegments() ([]uint64, durable.File, error) {
	const tries = 3 // As in openReader.
	for try := 1; ; try++ {
		bases, err := segments(v.disk, v.dir)
		if err != nil {
			return nil, nil, err
		}
		if len(bases) == 0 {
			v.problem(segmentPrefix+"*", 0, "the write-ahead log is missing")
			return nil, nil, nil
		}
		newest := bases[len(bases)-1]
		if err := checkBases(v.disk, v.dir, bases); errors.Is(err, ErrCorrupt) {
			v.problem(segmentPrefix+"*", 0, "%v", err)
			return nil, nil, nil
		} else if err != nil {
			return nil, nil, err
		}
		f, err := v.disk.Open(filepath.Join(v.dir, segmentName(newest)))
		if errors.Is(err, fs.ErrNotExist) && try < tries {
			continue
		}
		return bases, f, err
	}
}

// reach compares the checkpoints of the tree's size, if any, with its root.
func (v *verification) reach() {
	root := func() tlog.Hash { return v.tree.root() }
	if v.signed != nil && v.signed.Size == v.tree.size && v.signed.Root != root() {
		v.problem(checkpointName, v.tree.size, "signs root %v, but the entries before it give %v", tlog.Hash(v.signed.Root), root())
	}
	if len(v.kept) == 0 || v.kept[0] != v.tree.size {
		return
	}
	v.kept = v.kept[1:]
	c := <-<-v.keptReads
	switch {
	case c.err != nil:
		v.problem(c.path, v.tree.size, "%v", c.err)
	case c.Size != v.tree.size:
		v.problem(c.path, v.tree.size, "signs %d entries", c.Size)
	case v.signed != nil && c.Origin != v.signed.Origin:
		v.problem(c.path, v.tree.size, "is of another log, %q", c.Origin)
	case c.Root != root():
		v.problem(c.path, v.tree.size, "signs root %v, but the entries before it give %v", tlog.Hash(c.Root), root())
	default:
		v.report.Checkpoints++
		v.cosigned(c.path, c.Checkpoint)
	}
}

// cosigned reports the cosignatures in a checkpoint that are false, and counts
// the others.
func (v *verification) cosigned(path string, c Checkpoint) {
	_, lines, err := splitNote(c.Note)
	if err != nil {
		v.problem(path, c.Size, "%v", err) // It was read before: cannot be.
		return
	}
	for _, l := range lines {
		if l.key == namesOf(v.verifier)(c.Size) {
			continue
		}
		cosigner, err := v.cosigners.Verifier(l.key.name, l.key.hash)
		if err != nil {
			v.report.Unknown++
			continue
		}
		if !cosigner.Verify([]byte(c.text()), l.signature) {
			v.problem(path, c.Size, "the cosignature of %s is false", l.key)
			continue
		}
		v.report.Cosignatures++
	}
}

// ahead calls read for each n below till, on several cores and ahead of who takes
// what they return, in order.
func ahead[T any](till uint64, read func(n uint64) T) (reads <-chan chan T, stop func()) {
	underWay := make(chan chan T, 2*runtime.GOMAXPROCS(0))
	stopped := make(chan struct{})
	go func() {
		defer close(underWay)
		for n := range till {
			done := make(chan T, 1)
			select {
			case underWay <- done:
				go func() { done <- read(n) }()
			case <-stopped:
				return
			}
		}
	}()
	return underWay, func() { close(stopped) }
}

// add adds a leaf, and compares the checkpoints of the size that is reached.
func (v *verification) add(leaf tlog.Hash) {
	v.tree.addTile(0, leaf, func(tileID, []tlog.Hash) {})
	v.reach()
}

// skip adds a bundle whose entries are damaged by its hash, and reports the
// checkpoints that end in it.
func (v *verification) skip(hash tlog.Hash) {
	v.tree.addTile(1, hash, func(tileID, []tlog.Hash) {})
	for len(v.kept) > 0 && v.kept[0] < v.tree.size {
		v.problem((<-<-v.keptReads).path, v.tree.size, "could not be checked: entries before it are damaged")
		v.kept = v.kept[1:]
	}
	v.reach()
}

// live adds the entries of the live segment.
func (v *verification) live(segment durable.File, base uint64) error {
	size, err := segment.Size()
	if err != nil {
		return err
	}
	var ends []int64
	var hashes, leaves []tlog.Hash // leaves are of the last bundle
	at := int64(0)
	end, err := scanFrames(segment, size, func(entry []byte) error {
		leaf := tlog.RecordHash(entry)
		leaves, at = append(leaves, leaf), at+frameSize(entry)
		if len(leaves) == tileWidth {
			ends, hashes, leaves = append(ends, at), append(hashes, fold(leaves)), leaves[:0]
		}
		v.add(leaf)
		return nil
	})
	if err != nil {
		return err
	}
	v.report.TornBytes = size - end
	if v.report.TornBytes > groupSizeMax {
		v.problem(segmentName(base), v.tree.size, "no whole entry at byte %d, and too many bytes behind it for a torn tail", end)
	}
	var want []byte // its hashes, if they may be there
	if len(ends) > 0 && len(leaves) == 0 {
		want = encodeHashesFile(ends, hashes)
	}
	return v.beyond(segment, size, base, want)
}

// beyond reports hashes of entries that the live segment does not have.
func (v *verification) beyond(segment durable.File, size int64, base uint64, want []byte) error {
	bases, err := hashedSegments(v.disk, v.dir)
	if err != nil || len(bases) == 0 || bases[len(bases)-1] < base {
		return err
	}
	newest := bases[len(bases)-1]
	data, err := v.disk.ReadFile(filepath.Join(v.dir, hashesName(newest)), int64(len(want)))
	if err != nil && !errors.Is(err, durable.ErrTooLong) {
		return err
	}
	if err == nil && want != nil && newest == base && bytes.Equal(data, want) {
		return nil // We died before the next segment, or a writer is just there.
	}
	if extending, err := v.extending(); err != nil || extending {
		return err // They are of entries that are not proven yet, or are to be cut off.
	}
	now, err := segment.Size()
	if err == nil && now == size { // Otherwise a writer is at work, and they are his.
		v.problem(segmentName(base), v.tree.size, "ends here, but there is %s, which its entries do not give", hashesName(newest))
	}
	return err
}

// extending says whether a replica is under way to a larger checkpoint.
func (v *verification) extending() (bool, error) {
	_, err := readCheckpoint(v.disk, v.dir, extendingName, v.verifier)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case errors.Is(err, ErrCorrupt):
		v.problem(extendingName, v.tree.size, "%v", err)
		return false, nil
	}
	return err == nil, err
}

// missing reports the checkpoints that the entries do not reach.
func (v *verification) missing(segment string) {
	if v.signed != nil && v.signed.Size > v.tree.size {
		v.problem(segment, v.tree.size, "is missing or damaged, of %d entries that were signed", v.signed.Size)
	}
	for _, size := range v.kept {
		v.problem(checkpointsName+"/"+strconv.FormatUint(size, 10), v.tree.size, "signs %d entries, more than there are", size)
	}
}
