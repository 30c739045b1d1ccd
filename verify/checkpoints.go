// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

const (
	// fileMaxBytes bounds what is given in a file. Guess: openings of 256 entries of
	// a hundred rows fit. Test: the largest file that was handed out.
	fileMaxBytes = 16 << 20

	// promiseS is within how many seconds what was promised must be covered by a
	// checkpoint. Source: record of the design: after 60 s the promise is evidence.
	promiseS = 60
)

// A keptNote is a checkpoint that somebody kept.
type keptNote struct {
	name string
	record.Checkpoint
}

// A keptSize is a checkpoint in the record's own folder: the number that names its
// file, and the size that it signs for. A year's checkpoints are three million: of
// each no more is kept in memory, and its note is read again when it is needed.
type keptSize struct{ name, size uint64 }

// none is the name of a file that holds no checkpoint.
const none = math.MaxUint64

func (k keptSize) String() string { return "record/checkpoints/" + strconv.FormatUint(k.name, 10) }

// notesAtOnce is how many notes are read together. Guess: some megabytes, and
// enough for every processor. Test: BenchmarkCheckpoints.
const notesAtOnce = 4096

// readStood reads the checkpoints in the record's own folder, by size, and holds
// each to the tree. What is no checkpoint is told by check 4.
func (v *run) readStood() error {
	names, err := v.keptNames()
	if err != nil {
		return err
	}
	v.stood = make([]keptSize, len(names))
	for from := 0; from < len(names); from += notesAtOnce {
		if err := v.readNotes(names[from:min(from+notesAtOnce, len(names))], v.stood[from:]); err != nil {
			return err
		}
	}
	v.stood = slices.DeleteFunc(v.stood, func(k keptSize) bool { return k.name == none })
	slices.SortFunc(v.stood, func(a, b keptSize) int { return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.name, b.name)) })
	slices.SortFunc(v.apart, func(a, b keptNote) int { return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.name, b.name)) })
	return nil
}

// keptNames reads the numbers that name files in the folder of kept checkpoints.
func (v *run) keptNames() ([]uint64, error) {
	folder, err := os.Open(v.folder())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer folder.Close() // read only
	var names []uint64
	for {
		some, err := folder.ReadDir(notesAtOnce)
		for _, d := range some {
			number, bad := strconv.ParseUint(d.Name(), 10, 63)
			if bad == nil && !d.IsDir() && strconv.FormatUint(number, 10) == d.Name() {
				names = append(names, number)
			}
		}
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (v *run) folder() string { return filepath.Join(v.copy.Record, "checkpoints") }

// readNote reads the note of a kept checkpoint.
func (v *run) readNote(k keptSize) ([]byte, error) {
	return os.ReadFile(filepath.Join(v.folder(), strconv.FormatUint(k.name, 10)))
}

// readNotes reads kept checkpoints into stood. Those that the tree does not bear
// out, or that reach beyond it, are set apart whole.
func (v *run) readNotes(names []uint64, stood []keptSize) error {
	apart, errs := make([]keptNote, len(names)), make([]error, len(names))
	onAllProcessors(len(names), func(i int) {
		stood[i] = keptSize{name: names[i]}
		var data []byte
		if data, errs[i] = v.readNote(stood[i]); errs[i] != nil {
			return
		}
		c, err := record.ParseCheckpoint(data, v.verifier)
		if err != nil {
			stood[i].name = none
			return
		}
		if stood[i].size = c.Size; !v.borneOut(c) {
			apart[i] = keptNote{stood[i].String(), c}
		}
	})
	for i, err := range errs {
		if err != nil {
			return err
		}
		if apart[i].name != "" {
			v.apart = append(v.apart, apart[i])
		}
	}
	return nil
}

// borneOut says whether the record, as it is now, begins with what a checkpoint
// signs for.
func (v *run) borneOut(c record.Checkpoint) bool {
	if v.reader == nil || c.Size >= v.reader.Checkpoint().Size {
		return v.reader != nil && c.Size == v.reader.Checkpoint().Size && c.Root == v.reader.Checkpoint().Root
	}
	root, err := v.reader.RootAt(c.Size)
	return err == nil && root == c.Root
}

// ReadFiles reads files, and all files below folders, in the order of their
// names.
func ReadFiles(names []string) ([]File, error) {
	var files []File
	for _, name := range names {
		err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Size() > fileMaxBytes {
				err = fmt.Errorf("%s: %d bytes, more than %d", path, info.Size(), fileMaxBytes)
			}
			if err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			within, _ := filepath.Rel(name, path)
			if within == "." {
				within = filepath.Base(path)
			}
			files = append(files, File{filepath.ToSlash(within), data})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	return files, nil
}

// policyInForce settles to which policy checkpoints are held, and whether any
// was one.
func (v *run) policyInForce() {
	c := v.Check(policyCheck)
	for _, e := range v.policies {
		if len(e.Body.Payload.Policy.Organisations) == 0 {
			continue
		}
		if _, err := v.copy.CosigningPolicy(e.Body.Payload.Policy); err != nil {
			c.problem("entry %d: %v", e.Index, err)
		}
	}
	var recorded *trucewatch.Policy
	if v.walk != nil {
		recorded = v.walk.Ring.Policy(v.Judged)
	}
	if recorded != nil && len(recorded.Organisations) > 0 {
		v.policy, _ = v.copy.CosigningPolicy(recorded) // told above
	}
	if v.o.Policy != nil {
		// It knows the handovers of the log's key that it was made before.
		if with, err := v.o.Policy.WithLog(v.copy.LogKey); err == nil {
			v.o.Policy = with
		}
		v.given(c)
		v.policy = v.o.Policy
	}
	if v.policy == nil {
		if c.Count == 0 {
			c.unknown("no policy says who co-signs: the log's key alone vouches for the record")
		}
		return
	}
	whose := "of the record itself: verify with one that has your own witness in it"
	if v.o.Policy != nil {
		whose = "that was given"
	}
	c.fact("the policy %s: %s, no key twice; two histories need %s to lie", whose,
		strings.Join(v.policy.Organisations(), ", "), count(max(0, v.policy.Tolerates())+1, "guarantor", "guarantors"))
}

// given holds the policy that was given to the log and to what the record says.
func (v *run) given(c *Check) {
	if !slices.Contains(v.o.Policy.Logs(), v.copy.LogKey) {
		c.problem("the policy that was given is for another log than the one with this key")
	}
	if v.policy == nil {
		return
	}
	for _, m := range v.policy.Members() {
		known := slices.ContainsFunc(v.o.Policy.Members(), func(g witness.Member) bool { return g.Witness == m.Witness })
		if !known {
			c.fact("the record's policy names the witness of %s, and the one that was given does not", m.Name)
		}
	}
}

// lastCheckpoint says who vouches for the end of the record, and how long ago.
func (v *run) lastCheckpoint() {
	c := v.Check(tierCheck)
	last, err := record.ReadCheckpoint(v.copy.Record, v.verifier)
	if err != nil {
		c.problem("%v", err)
		return
	}
	if v.policy == nil {
		c.fact("%s, integrated: signed by the log's key", count(last.Size, "entry", "entries"))
		c.unknown("cosignatures and freshness: there is no policy that says whose count")
		return
	}
	s, err := v.policy.Standing(last.Note)
	if err != nil {
		c.problem("%v", err)
		return
	}
	c.fact("%s, %v; co-signed by %s; missing: %s", count(s.Size, "entry", "entries"), s.Tier, signers(s.Signed), orNobody(strings.Join(s.Missing, ", ")))
	switch {
	case s.AsOf.IsZero():
		c.problem("no more than the log's key vouches for the last checkpoint: too few of those who must co-sign did")
	case s.Stale(v.o.Now, v.o.FreshFor):
		c.problem("the last checkpoint is of %v by its cosigners, and this is %v: a frozen view, a clock that is wrong, or nobody wrote for longer than %v",
			trucewatch.InstantOf(s.AsOf), v.Judged, v.o.FreshFor)
	default:
		c.fact("fresh: of %v by its cosigners, within %v", trucewatch.InstantOf(s.AsOf), v.o.FreshFor)
	}
}

func signers(all []witness.Signed) string {
	var names []string
	for _, s := range all {
		names = append(names, s.Organisation)
	}
	return orNobody(strings.Join(names, ", "))
}

func orNobody(names string) string {
	if names == "" {
		return "nobody"
	}
	return names
}

// oneHistory holds every checkpoint that anybody kept to the record.
func (v *run) oneHistory() {
	c := v.Check(consistencyCheck)
	last, err := record.ReadCheckpoint(v.copy.Record, v.verifier)
	if err != nil {
		c.unknown("the last checkpoint cannot be read: see check 2")
		return
	}
	kept := slices.Clone(v.apart)
	files := v.o.Kept
	if own, err := ReadFiles([]string{filepath.Join(v.copy.Dir, "checkpoints")}); err == nil && v.copy.Record != v.copy.Dir {
		files = append(slices.Clone(own), files...) // a mirror's own
	}
	for _, f := range files {
		n, err := record.ParseCheckpoint(f.Data, v.verifier)
		if err != nil {
			c.unknown("%s: no checkpoint that the log's key signed: %v", f.Name, err)
			continue
		}
		kept = append(kept, keptNote{f.Name, n})
	}
	roots, errs := make([][32]byte, len(kept)), make([]error, len(kept))
	onAllProcessors(len(kept), func(i int) {
		if kept[i].Size < last.Size && v.reader != nil {
			roots[i], errs[i] = v.reader.RootAt(kept[i].Size)
		}
	})
	good, ahead := len(v.stood)-len(v.apart), map[uint64]keptNote{}
	var beyond []keptNote
	for i, k := range kept {
		switch other, known := ahead[k.Size]; {
		case k.Size <= last.Size:
			if v.agrees(c, k, last, roots[i], errs[i]) {
				good++
			}
		case known && other.Root != k.Root:
			v.split(c, k, &mirror.SplitView{Log: v.copy.LogKey, First: other.Note, Second: k.Note, Root: k.Root})
		case !known:
			ahead[k.Size] = k
			beyond = append(beyond, k)
		}
	}
	c.fact("%s of this log: the record as it is now begins with what it signs for", count(good, "kept checkpoint", "kept checkpoints"))
	for _, k := range beyond {
		if v.copy.Whole || k.name == "record/checkpoints/"+strconv.FormatUint(k.Size, 10) {
			c.problem("rolled back: %s signs for %s, and here are %d", k.name, count(k.Size, "entry", "entries"), last.Size)
		} else {
			c.unknown("%s signs for %s, more than the %d of this copy", k.name, count(k.Size, "entry", "entries"), last.Size)
		}
	}
}

// agrees says whether a kept checkpoint has the root that the entries give at its
// size. If not, that and the last one are two histories, which the log's key
// signed both.
func (v *run) agrees(c *Check, k keptNote, last record.Checkpoint, root [32]byte, err error) bool {
	s := &mirror.SplitView{Log: v.copy.LogKey, First: k.Note, Second: last.Note, Root: last.Root}
	if k.Size < last.Size {
		if v.reader == nil {
			c.unknown("%s: the entries cannot be read", k.name)
			return false
		}
		if s.Root = root; err == nil && s.Root != k.Root {
			s.Proof, err = v.reader.ProveConsistency(k.Size, last.Size)
		}
		if err != nil {
			c.unknown("%s: %v", k.name, err)
			return false
		}
	}
	if s.Root == k.Root {
		return true
	}
	v.split(c, k, s)
	return false
}

// split reports two histories.
func (v *run) split(c *Check, k keptNote, s *mirror.SplitView) {
	if err := s.Check(); err != nil {
		c.unknown("%s has another root, and does not prove two histories: %v", k.name, err)
		return
	}
	who := "the log's key alone"
	if v.policy != nil {
		if standing, err := v.policy.Standing(k.Note); err == nil {
			who = fmt.Sprintf("the log's key, and co-signed by %s (%v)", signers(standing.Signed), standing.Tier)
		}
	}
	c.problem("two histories: %s, of %s, has another root than the record gives; it is signed by %s", k.name, count(k.Size, "entry", "entries"), who)
	known := slices.ContainsFunc(v.Splits, func(o *mirror.SplitView) bool { return bytes.Equal(o.Text(), s.Text()) })
	if !known {
		v.Splits = append(v.Splits, s)
	}
}

// readPromises reads what submitters were promised.
func (v *run) readPromises() {
	for _, f := range v.o.Promises {
		p, err := mission.ParsePromise(f.Data, v.verifier)
		if err != nil {
			v.Check(consistencyCheck).problem("%s: forged, or of another log: %v", f.Name, err)
			continue
		}
		v.promised[p.Index] = append(v.promised[p.Index], p)
	}
}

// keepPromises holds an entry to what was promised of it.
func (v *run) keepPromises(s mission.Step) {
	promised := v.promised[s.Entry.Index]
	if promised == nil {
		return
	}
	delete(v.promised, s.Entry.Index)
	c := v.Check(consistencyCheck)
	for _, p := range promised {
		switch {
		case s.Inner == nil:
			c.unknown("a promise about entry %d: it is sealed, and not open to who looks", p.Index)
		case s.Inner.BodyHash != p.Body:
			c.problem("a promise is broken: entry %d holds another body than the one whose hash is %v", p.Index, p.Body)
		case s.Inner.Received != p.Received:
			c.problem("a promise is broken: entry %d was received at %v, and the promise says %v", p.Index, s.Inner.Received, p.Received)
		default:
			c.fact("a promise is kept: entry %d", p.Index)
		}
	}
}

// promises tells which promises nothing was found for. Who promised later than
// the copy's end, by its cosigners, may have kept it since.
func (v *run) promises() {
	c := v.Check(consistencyCheck)
	end := v.Judged
	if v.policy != nil {
		if s, err := v.policy.Standing(v.reader.Checkpoint().Note); err == nil && !s.AsOf.IsZero() {
			end = trucewatch.InstantOf(s.AsOf)
		}
	}
	for _, index := range sortedKeys(v.promised) {
		for _, p := range v.promised[index] {
			if p.Received+promiseS*trucewatch.Second < end {
				c.problem("a promise is broken: entry %d was promised at %v, and the record of %v has %d entries", p.Index, p.Received, end, v.Entries)
			} else {
				c.unknown("a promise about entry %d: this copy is not of later", p.Index)
			}
		}
	}
	if len(v.o.Promises) == 0 {
		c.unknown("promises: none were given")
	}
	if len(v.o.Kept) == 0 {
		c.unknown("what others were shown: no checkpoints that others kept were given")
	}
}
