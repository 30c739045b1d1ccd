// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/logkey"
)

// KeyName is where a log's key with its handovers lies in the folder of a mirror,
// and below the address of a mission or mirror.
const KeyName = "log-key"

// keyMaxBytes bounds that file. Source: what package logkey reads at most.
const keyMaxBytes = 64 << 10

// ErrOtherKey says that somebody shows another handover of the log's key than was
// followed here: whoever had the old key signed two. Both are the evidence.
var ErrOtherKey = errors.New("the log's key was handed over in two ways")

// ErrOtherLog says that a source is of another log than the one that is copied
// here, such as that of an exercise.
var ErrOtherLog = errors.New("it is the record of another log")

// firstKey is a log's key as it began.
func firstKey(k *logkey.Key) string {
	first, _, _ := strings.Cut(k.String(), ",")
	return first
}

// LogKey is the key of a log whose copy lies in a folder, from the one that was
// given: with the handovers that the copy has followed since.
func LogKey(dir, given string) (*logkey.Key, error) { return logKeyOn(durable.OS{}, dir, given) }

func logKeyOn(disk durable.Disk, dir, given string) (*logkey.Key, error) {
	key, err := logkey.Parse(strings.TrimSpace(given))
	if err != nil {
		return nil, fmt.Errorf("mirror: %w: key of the log: %w", ErrInvalid, err)
	}
	text, err := disk.ReadFile(filepath.Join(dir, KeyName), keyMaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	followed, err := logkey.Parse(strings.TrimSpace(string(text)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("mirror: %s: %w: %w", KeyName, ErrInvalid, err)
	case followed.Continues(key):
		return followed, nil
	case key.Continues(followed):
		return key, nil
	}
	return nil, fmt.Errorf("mirror: %s: %w: it does not go on from the key that was given", KeyName, ErrOtherKey)
}

// Follow asks a source for the handovers of a log's key that are not known yet.
// A source that shows none, or does not know of such, changes nothing.
func Follow(ctx context.Context, source Source, known *logkey.Key) (*logkey.Key, error) {
	text, err := source.Fetch(ctx, KeyName, keyMaxBytes)
	if errors.Is(err, ErrNotFound) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	shown, err := logkey.Parse(strings.TrimSpace(string(text)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("mirror: key of the log from %v: %w: %w", source, ErrTampered, err)
	case shown.Continues(known):
		return shown, nil
	case known.Continues(shown):
		return known, nil
	case firstKey(shown) != firstKey(known):
		return nil, fmt.Errorf("mirror: %v: %w: it shows %s, and here is %s", source, ErrOtherLog, firstKey(shown), firstKey(known))
	}
	return nil, fmt.Errorf("mirror: key of the log from %v: %w: keep both: %v, and here %v", source, ErrOtherKey, shown, known)
}

// follow takes the handovers that the source shows, for the pull that begins. They
// are written down with the entries that they are about: see take.
func (m *Mirror) follow(ctx context.Context) error {
	key, err := Follow(ctx, m.settings.Source, m.proven(m.held().Size))
	if err != nil {
		return err
	}
	m.verifier.Set(key)
	return m.followPolicy()
}

// proven is the log's key with the handovers whose entries are among so many, or
// that whoever started the mirror has vouched for.
func (m *Mirror) proven(size uint64) *logkey.Key {
	key := m.verifier.Key().UpTo(size)
	if m.given.Continues(key) {
		return m.given
	}
	return key
}

// followPolicy has the policy know the handovers too.
func (m *Mirror) followPolicy() error {
	if m.settings.Policy == nil {
		return nil
	}
	policy, err := m.settings.Policy.WithLog(m.verifier.Key().String())
	if err != nil {
		return fmt.Errorf("mirror: policy: %w", err)
	}
	m.settings.Policy = policy
	return nil
}

// setKey writes down the log's key as so many entries know it, if it was ever
// handed over.
func (m *Mirror) setKey(size uint64) error {
	key := m.proven(size)
	name := filepath.Join(m.settings.Dir, KeyName)
	old, err := m.disk.ReadFile(name, keyMaxBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mirror: %w", err)
	}
	m.verifier.Set(key)
	text := key.String() + "\n"
	if string(old) == text || old == nil && len(key.Spans()) == 1 {
		return m.followPolicy()
	}
	if err := durable.WriteFile(m.disk, name, []byte(text)); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	return m.followPolicy()
}
