// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/logkey"
)

// keySuffix is that of the file in a witness's folder with the key of a log that
// was handed over since the witness was started with it.
const keySuffix = ".key"

func followedName(dir, origin string) string { return filepath.Join(dir, LogID(origin)+keySuffix) }

// Follow makes the witness in a folder, which may be running, take a log's new
// key: as package logkey writes it, with the handovers since the keys that the
// witness was started with. It is for a person to decide, who has heard of the
// handover from the mission: whoever stole the old key can sign one too.
//
// The errors are ErrInvalid (the new key does not go on from one of the old ones,
// or from what was followed before) and ErrConflict (this witness has co-signed a
// checkpoint that the new key says the old one did not sign).
func Follow(dir string, old []string, text string) (*logkey.Key, error) {
	return FollowOn(durable.OS{}, dir, old, text)
}

// FollowOn is Follow on a disk.
func FollowOn(disk durable.Disk, dir string, old []string, text string) (*logkey.Key, error) {
	key, err := logkey.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("follow: %w: %w", ErrInvalid, err)
	}
	known, err := followed(disk, dir, key.Name(), old)
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	if !slices.ContainsFunc(known, func(older *logkey.Key) bool { return key.Continues(older) }) {
		return nil, fmt.Errorf("%w: follow: the key does not go on from the one that this witness has: two handovers of one key are evidence, keep both", ErrInvalid)
	}
	keys, err := parseLogKey(key.String())
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	l := ledger{disk: disk, dir: dir, keys: keys}
	if err := l.load(); errors.Is(err, ErrCorrupt) {
		return nil, fmt.Errorf("%w: follow: what this witness has co-signed is not signed by that key for its size: %w", ErrConflict, err)
	} else if err != nil && !errors.Is(err, ErrNotBegun) {
		return nil, fmt.Errorf("follow: %w", err)
	}
	if err := durable.WriteFile(disk, followedName(dir, key.Name()), []byte(key.String()+"\n")); err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	return key, nil
}

// followed is the key of a log that lies in a folder, if one goes on from those
// that were given; else those.
func followed(disk durable.Disk, dir, origin string, given []string) ([]*logkey.Key, error) {
	var known []*logkey.Key
	for _, text := range given {
		key, err := logkey.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		if key.Name() == origin {
			known = append(known, key)
		}
	}
	text, err := disk.ReadFile(followedName(dir, origin), policySizeMax)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := logkey.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, followedName(dir, origin), err)
	}
	for _, k := range known {
		switch {
		case key.Continues(k):
			return []*logkey.Key{key}, nil
		case k.Continues(key):
			return known, nil // it was started with a newer one since
		}
	}
	return nil, fmt.Errorf("%w: %s holds a key that does not go on from the one given", ErrInvalid, followedName(dir, origin))
}

// follow reads the log's key anew. w.mu is held, or nobody else has the log yet.
func (w *watched) follow() error {
	l := &w.ledger
	known, err := followed(l.disk, l.dir, l.keys[0].name, w.given)
	if err != nil {
		return fmt.Errorf("log %s: %w", l.keys[0].name, err)
	}
	var all []verifierKey
	for _, key := range known {
		keys, err := parseLogKey(key.String())
		if err != nil {
			return err
		}
		all = append(all, keys...)
	}
	if slices.Equal(all, l.keys) {
		return nil
	}
	// What is signed by a key must find that key when the witness starts again, and
	// whoever wrote it may have died before its name was durable.
	if err := l.disk.SyncDir(l.dir); err != nil {
		return fmt.Errorf("log %s: %w", l.keys[0].name, err)
	}
	l.keys = all
	return nil
}

// read reads a checkpoint that the log signed, by the key that the witness follows
// now: as soon as Follow has returned, the old key signs nothing that is new here,
// also if nobody has shown a checkpoint of the new one yet. w.mu is held until what
// was read is signed or refused.
func (w *watched) read(signed []byte) (Checkpoint, error) {
	if err := w.follow(); err != nil {
		return Checkpoint{}, err
	}
	return openCheckpoint(signed, w.ledger.keys...)
}

// WithLog is the policy with the key of one of its logs as package logkey writes
// it now: with more handovers, or fewer. A policy of other logs stays as it is.
func (p *Policy) WithLog(text string) (*Policy, error) {
	key, err := logkey.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	keys, err := parseLogKey(text)
	if err != nil {
		return nil, err
	}
	with := *p
	with.logs = nil
	for _, l := range p.logs {
		// A policy may name a later key alone, as other programs read it.
		named := slices.ContainsFunc(keys, func(k verifierKey) bool { return k.text == l.keys[0].text })
		switch {
		case !named:
			with.logs = append(with.logs, l)
		case !slices.ContainsFunc(with.logs, func(o logLine) bool { return o.text == text }):
			with.logs = append(with.logs, logLine{key.String(), keys, l.address})
		}
	}
	return &with, nil
}

// key answers with the log's key as the witness has it, for who knows an older
// one. It is no part of C2SP tlog-witness.
func (s *Server) key(w http.ResponseWriter, r *http.Request) {
	log, known := s.byID[r.PathValue("log")]
	if !known {
		http.Error(w, "unknown log", http.StatusNotFound)
		return
	}
	log.mu.Lock()
	keys, err := followed(log.ledger.disk, log.ledger.dir, log.ledger.keys[0].name, log.given)
	log.mu.Unlock()
	switch {
	case err != nil: // a handover may be here
		http.Error(w, "the log's key could not be read", http.StatusInternalServerError)
		return
	case len(keys) != 1:
		http.Error(w, "the log has no one key here", http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, keys[0].String()+"\n") // If it fails, the client is gone.
}

// newerKey asks a witness for a key of the log to which the known ones were
// handed over.
func (c *client) newerKey(ctx context.Context, known []verifierKey, address string) ([]verifierKey, error) {
	status, body, err := c.do(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+"/"+LogID(known[0].name)+"/key", nil, policySizeMax)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, &refusal{status: status, text: firstLine(body)}
	}
	newer, err := parseLogKey(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, err
	}
	for i, k := range known {
		if i >= len(newer) || newer[i].text != k.text {
			return nil, fmt.Errorf("%w: the key does not go on from the one known", ErrInvalid)
		}
	}
	return newer, nil
}
