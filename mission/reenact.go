// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// A scene is one thing that happens in a re-enactment at its time.
type scene struct {
	at     trucewatch.Instant
	source trucewatch.Source
	file   string
	hash   trucewatch.Hash
	row    trucewatch.Submission
	deed   *SpecDeed
	done   *Proceeding
}

// Reenact sets up a mission in dir and plays the imports and deeds of its spec
// into it in the order in which they became known: a row at its reported_at,
// else at the spec's fixture time (D10). It ends with the ticks due until the
// spec's end. The folder appears only when it is whole: until then a folder
// beside it holds what was played, and the next try removes that.
func Reenact(dir string, s *Spec, fsys fs.FS) (*Mission, error) {
	if s.Mode != trucewatch.Reenacted {
		return nil, fmt.Errorf("mission: %s is %s: only a reenacted mission can be played", s.ID, s.Mode)
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("mission: create: %w", err)
	}
	if err := mustBeEmpty(whole); err != nil {
		return nil, err
	}
	partial := filepath.Join(filepath.Dir(whole), "."+filepath.Base(whole)+".partial")
	if err := os.RemoveAll(partial); err != nil {
		return nil, fmt.Errorf("mission: remove what an earlier try left: %w", err)
	}
	m, err := reenactIn(partial, s, fsys)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(partial))
	}
	if err := os.Rename(partial, whole); err != nil {
		return nil, fmt.Errorf("mission: create: %w", err)
	}
	if err := (durable.OS{}).SyncDir(filepath.Dir(whole)); err != nil {
		return nil, fmt.Errorf("mission: create: %w", err)
	}
	m.dir = dir
	return m, nil
}

func reenactIn(dir string, s *Spec, fsys fs.FS) (*Mission, error) {
	if err := Create(dir, s, fsys, 0); err != nil {
		return nil, err
	}
	m, err := Open(dir)
	if err != nil {
		return nil, err
	}
	scenes, err := m.scenes(s, fsys)
	if err != nil {
		return nil, err
	}
	until, err := instant(s.Until)
	if err != nil {
		return nil, err
	}
	if err := m.write(func(w *Writer) error { return w.play(scenes, until) }); err != nil {
		return nil, err
	}
	return m, nil
}

// scenes reads all imports and deeds, in the order of their times.
func (m *Mission) scenes(s *Spec, fsys fs.FS) ([]scene, error) {
	fixture, err := instant(s.Received)
	if err != nil {
		return nil, err
	}
	gazetteer, err := m.Gazetteer()
	if err != nil {
		return nil, err
	}
	var all []scene
	for _, im := range s.Imports {
		scenes, err := readImport(im, fsys, gazetteer, fixture)
		if err != nil {
			return nil, err
		}
		all = append(all, scenes...)
	}
	for i := range s.Deeds {
		at, err := instant(s.Deeds[i].At)
		if err != nil {
			return nil, err
		}
		all = append(all, scene{at: at, deed: &s.Deeds[i]})
	}
	for _, name := range s.Proceedings {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("mission: read proceedings: %w", err)
		}
		list, err := ParseProceedings(name, data, gazetteer)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].At == 0 {
				return nil, fmt.Errorf("mission: %s:%d: at is missing: a re-enactment plays everything at its time", name, list[i].Line)
			}
			all = append(all, scene{at: list[i].At, file: name, done: &list[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b scene) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}

func readImport(im SpecImport, fsys fs.FS, gazetteer *intake.Gazetteer, fixture trucewatch.Instant) ([]scene, error) {
	format, err := FormatNamed(im.Format)
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(fsys, im.File)
	if err != nil {
		return nil, fmt.Errorf("mission: read import: %w", err)
	}
	options := intake.Options{Source: im.Source.source(), File: im.File, Zone: im.Zone, Gazetteer: gazetteer}
	if im.Map != "" {
		mapping, err := fs.ReadFile(fsys, im.Map)
		if err != nil {
			return nil, fmt.Errorf("mission: read mapping: %w", err)
		}
		if options.Map, err = intake.ParseMapping(im.Map, mapping); err != nil {
			return nil, err
		}
	}
	if options, err = options.WithSource(format.Manifest); err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	hash := trucewatch.Hash(sha256.Sum256(data))
	var scenes []scene
	err = format.Parse(options, bytes.NewReader(data), func(row trucewatch.Submission) error {
		at := reportedAt(row)
		if at == 0 {
			at = fixture
		}
		row.Row = bytes.Clone(row.Row)
		scenes = append(scenes, scene{at: at, source: options.Source, file: im.File, hash: hash, row: row})
		return nil
	})
	return scenes, err
}

// reportedAt returns when a row became known, 0 if it does not say.
func reportedAt(row trucewatch.Submission) trucewatch.Instant {
	switch {
	case row.Observation != nil:
		return row.Observation.ReportedAt
	case row.Tally != nil:
		return row.Tally.ReportedAt
	case row.Statement != nil:
		return row.Statement.ReportedAt
	case row.Notification != nil:
		return row.Notification.NotifiedAt
	}
	return 0
}

// play appends the scenes. Neighbours of one file and time share entries.
func (w *Writer) play(scenes []scene, until trucewatch.Instant) error {
	var open *batcher
	var at trucewatch.Instant
	w.Stamp = func() trucewatch.Instant { return at }
	done := func() error {
		if open == nil {
			return nil
		}
		b := open
		open = nil
		return b.close(at)
	}
	for _, sc := range scenes {
		if open != nil && (sc.at != at || sc.deed != nil || sc.done != nil || sc.hash != open.hash || sc.source != open.source) {
			if err := done(); err != nil {
				return err
			}
		}
		at = max(sc.at, w.m.state.Now())
		if sc.deed != nil {
			if err := w.do(sc.deed, at); err != nil {
				return err
			}
			continue
		}
		if sc.done != nil {
			if err := w.Append(sc.done.Payload, at); err != nil {
				return fmt.Errorf("mission: %s:%d: %w", sc.file, sc.done.Line, err)
			}
			continue
		}
		if open == nil {
			if err := w.mustBeSame(sc.source); err != nil {
				return fmt.Errorf("mission: %s: %w", sc.file, err)
			}
			open = w.batcher(sc.source, sc.file, sc.hash)
		}
		if err := open.add(sc.row, at); err != nil {
			return err
		}
	}
	if err := done(); err != nil {
		return err
	}
	return w.Tick(until)
}

// do carries out a person's deed.
func (w *Writer) do(d *SpecDeed, at trucewatch.Instant) error {
	// Ticks first: "all" means what stands at this time.
	if err := w.Tick(at); err != nil {
		return err
	}
	findings, cases := w.m.chosenFindings(d), w.m.chosenCases(d)
	switch d.Deed {
	case "release":
		if len(findings) == 0 {
			return fmt.Errorf("mission: deed at %s: release: there is no finding to release", d.At)
		}
		return w.Release(findings, d.By, d.Reason, at)
	case "confirm", "withdraw":
		for _, id := range findings {
			if err := w.Review(trucewatch.Review{Finding: id, Deed: d.Deed, By: d.By, Reason: d.Reason}, at); err != nil {
				return err
			}
		}
		return nil
	case "serve":
		for _, id := range cases {
			if err := w.Review(trucewatch.Review{Case: id, Deed: d.Deed, By: d.By, Reason: d.Reason}, at); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("mission: deed at %s: %q is not release, confirm, withdraw or serve", d.At, d.Deed)
}

func (m *Mission) chosenFindings(d *SpecDeed) []trucewatch.FindingID {
	if len(d.Findings) == 1 && d.Findings[0] == "all" {
		return m.state.Publishable()
	}
	var ids []trucewatch.FindingID
	for _, id := range d.Findings {
		ids = append(ids, trucewatch.FindingID(id))
	}
	return ids
}

func (m *Mission) chosenCases(d *SpecDeed) []trucewatch.CaseID {
	if len(d.Cases) == 1 && d.Cases[0] == "all" {
		return m.state.Unserved()
	}
	var ids []trucewatch.CaseID
	for _, id := range d.Cases {
		ids = append(ids, trucewatch.CaseID(id))
	}
	return ids
}

// Release makes findings public after the agreement's delay. It refuses the
// whole list if one of them does not exist.
func (w *Writer) Release(ids []trucewatch.FindingID, by, reason string, at trucewatch.Instant) error {
	for _, id := range ids {
		if err := w.m.state.Releasable(id); err != nil {
			return fmt.Errorf("mission: release: %w", err)
		}
	}
	return w.Append(trucewatch.Payload{Release: &trucewatch.Release{Findings: ids, By: by, Reason: reason}}, at)
}

// Review records a deed on a finding or case that exists.
func (w *Writer) Review(r trucewatch.Review, at trucewatch.Instant) error {
	if r.Finding != "" {
		if err := w.m.state.Reviewable(r.Finding, r.Deed); err != nil {
			return fmt.Errorf("mission: %s: %w", r.Deed, err)
		}
	} else if !w.m.state.Servable(r.Case) {
		return fmt.Errorf("mission: %s: there is no case %s that was not served", r.Deed, r.Case)
	}
	return w.Append(trucewatch.Payload{Review: &r}, at)
}
