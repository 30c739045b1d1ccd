// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

// besideMaxBytes bounds one file that lies beside a record.
const besideMaxBytes = 64 << 20

// A recomputation replays what a mirror holds, as far as its role opens it.
type recomputation struct {
	ctx    context.Context
	logKey string
	source mirror.Source
	role   []*seal.Identity // nil: what is sealed stays closed
	boxes  []string         // classes of boxes that this holder is given, with their months' keys
	out    io.Writer
}

// run fetches what the replay needs beside entries and boxes, and replays the
// copy in dir. What the record commits to and the replay does not give is an
// error.
func (r *recomputation) run(dir string) error {
	c, err := mission.FindCopy(dir, r.logKey)
	if err != nil {
		return err
	}
	c.Roles = r.role
	verifier, err := c.Verifier()
	if err != nil {
		return err
	}
	reader, err := record.OpenReader(c.Record, verifier)
	if err != nil {
		return err
	}
	defer reader.Close() // Read only: nothing can be lost.
	if len(r.role) > 0 || len(r.boxes) > 0 {
		if err := r.fetch(dir, reader); err != nil {
			return err
		}
	}
	faults, first := 0, ""
	w, err := c.Walk(reader, func(mission.Step) {}, func(f mission.Fault) {
		if faults++; first == "" && !f.Doubt {
			first = fmt.Sprintf("entry %d: %s", f.Index, f.What)
		}
	})
	if err != nil {
		return err
	}
	if first != "" {
		return fmt.Errorf("recompute: %d faults; the first: %s", faults, first)
	}
	switch {
	case w.Broken != "":
		fmt.Fprintf(r.out, "Not recomputed: %s.\n", w.Broken)
	case w.Closed > 0:
		fmt.Fprintf(r.out, "Recomputed what is open here: %s of %d stay closed.\n", count(int(w.Closed), "sealed entry", "sealed entries"), w.State.Next())
	default:
		fmt.Fprintf(r.out, "Recomputed all %d entries: state %v; %s agree.\n", w.State.Next(), w.State.Digest(), count(w.Digests, "digest of the record", "digests of the record"))
	}
	return nil
}

// fetch gets the agreements, the place names, and the keys of months, that the
// entries name and that are not here.
func (r *recomputation) fetch(dir string, reader *record.Reader) error {
	wanted := map[string]string{} // where it goes, by where it comes from
	var classes []string
	for _, class := range seal.Classes() {
		if slices.Contains(r.boxes, class) || len(r.role) > 0 && class != seal.CustodyClass {
			classes = append(classes, class)
		}
	}
	blob := func(hash trucewatch.Hash) {
		if !hash.IsZero() && len(r.role) > 0 {
			wanted[mission.BlobsPath+hash.String()] = filepath.Join("blobs", hash.String())
		}
	}
	err := mission.EachEntry(reader, 0, reader.Checkpoint().Size, func(_ uint64, e *trucewatch.Entry, err error) {
		if err != nil {
			return // the walk says so
		}
		switch p := &e.Body.Payload; {
		case p.Genesis != nil:
			blob(p.Genesis.Gazetteer)
		case p.Agreement != nil:
			blob(p.Agreement.Bundle)
		case p.Sealed != nil:
			number := strconv.FormatUint(uint64(p.Sealed.Epoch), 10)
			for _, class := range classes {
				wanted[mission.EpochsPath+class+"/"+number] = filepath.Join("boxes", class, "epoch-"+number+".age")
				wanted[mission.EpochsPath+class+"/"+number+".pub"] = filepath.Join("boxes", class, "epoch-"+number+".pub")
			}
		}
	})
	if err != nil {
		return err
	}
	for from, to := range wanted {
		name := filepath.Join(dir, to)
		if _, err := os.Stat(name); err == nil && !r.locked(dir, to) {
			continue
		}
		data, err := r.source.Fetch(r.ctx, from, besideMaxBytes)
		if errors.Is(err, mirror.ErrNotFound) {
			continue // destroyed, or not for this holder: what it opens stays closed
		}
		if err != nil {
			return fmt.Errorf("recompute: %s: %w", from, err)
		}
		if err := durable.WriteFile(durable.OS{}, name, data); err != nil {
			return fmt.Errorf("recompute: %w", err)
		}
	}
	return nil
}

// locked says whether a file is the key of a month that the role here does not
// open: it may have been wrapped to it since.
func (r *recomputation) locked(dir, name string) bool {
	number, isKey := strings.CutSuffix(strings.TrimPrefix(filepath.Base(name), "epoch-"), ".age")
	epoch, err := strconv.ParseUint(number, 10, 32)
	if !isKey || err != nil || len(r.role) == 0 {
		return false
	}
	_, err = seal.OpenKeys(durable.OS{}, filepath.Join(dir, "boxes")).OpenEpoch(filepath.Base(filepath.Dir(name)), uint32(epoch), r.role)
	return errors.Is(err, seal.ErrDenied)
}
