// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/mirror"
)

// RotateLog hands the log over to a new key, by an entry that is signed as Enter
// signs one. It returns the entry's index and the log's key as package logkey
// writes it, which whoever checks this record needs from then on. The old secret
// is gone from the folder when it returns without an error.
//
// Wherever a process dies in it, the next Write finds the entry and goes on with
// the new key, or finds none and goes on with the old one.
func (m *Mission) RotateLog(signers []ed25519.PrivateKey) (index uint64, key string, err error) {
	err = m.Write(func(w *Writer) error {
		index, err = w.rotateLog(signers)
		key = w.key.Key().String()
		return err
	})
	return index, key, err
}

func (w *Writer) rotateLog(signers []ed25519.PrivateKey) (uint64, error) {
	// Time stands still in here: a tick would take the entry's index.
	now := max(w.Stamp(), w.m.state.Now())
	w.Stamp = func() trucewatch.Instant { return now }
	if err := w.Tick(now); err != nil {
		return 0, err
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	secret, public, err := note.GenerateKey(rand.Reader, w.m.Origin())
	if err != nil {
		return 0, fmt.Errorf("mission: make key: %w", err)
	}
	index := w.m.state.Next()
	next, err := w.key.Key().HandOver(index, public, w.signer)
	if err != nil {
		return 0, fmt.Errorf("mission: hand the log over: %w", err)
	}
	if err := w.prepareHandover(next, secret); err != nil {
		return 0, err
	}
	last := next.Last()
	k := &trucewatch.KeyRegistration{ID: keyring.ID(last.Public), Public: last.Public, Role: trucewatch.LogKey, Name: "log", Handover: last.Signature}
	entered, err := w.Enter(signers, trucewatch.Payload{Key: k})
	if err == nil && entered != index {
		err = fmt.Errorf("mission: hand the log over: the entry is %d, and the handover is of %d", entered, index)
	}
	if err != nil {
		if w.m.state.Next() == index { // refused: nothing was entered
			return 0, errors.Join(err, w.settleKey(index))
		}
		w.failed = true
		return 0, err
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	if err := w.sign(); err != nil {
		return 0, err
	}
	return index, w.settleKey(w.log.Size())
}

// prepareHandover writes what the log needs to go on with the new key, before the
// entry: the secret first, as without it nothing could be signed.
func (w *Writer) prepareHandover(next *logkey.Key, secret string) error {
	old, _ := w.signer.Newest()
	if err := w.signer.Add(secret); err != nil {
		return fmt.Errorf("mission: hand the log over: %w", err)
	}
	if err := w.m.writeKey(logKeyFile, old+"\n"+secret); err != nil {
		return err
	}
	if err := w.m.writeKey(logPublicFile, next.String()); err != nil {
		return err
	}
	w.key.Set(next)
	return nil
}

// settleKey ends what a handover began, for a log of size entries: without its
// entry it did not happen, and with it the old secret goes.
func (w *Writer) settleKey(size uint64) error {
	if key := w.key.Key(); key.UpTo(size) != key {
		if err := w.m.writeKey(logPublicFile, key.UpTo(size).String()); err != nil {
			return err
		}
		w.key.Set(key.UpTo(size))
	}
	if newest, others := w.signer.Newest(); others {
		return w.m.writeKey(logKeyFile, newest)
	}
	return nil
}

func (p place) writeKey(name, text string) error {
	if err := durable.WriteFile(p.disk, filepath.Join(p.dir, name), []byte(text+"\n")); err != nil {
		return fmt.Errorf("mission: hand the log over: %w", err)
	}
	return nil
}

// A followedKey is the log's key as its file has it now: for what goes on while
// others write the record.
type followedKey struct {
	place place
	*logkey.Current
}

func (p place) followKey() (followedKey, error) {
	key, err := p.logVerifier()
	if err != nil {
		return followedKey{}, err
	}
	return followedKey{p, logkey.NewCurrent(key)}, nil
}

// At is what checkpoints of a size are held to.
func (f followedKey) At(size uint64) note.Verifier {
	if key, err := f.place.logVerifier(); err == nil { // else the last that was read
		f.Set(key)
	}
	return f.Current.At(size)
}

// LearnLogKey writes the handovers of the log's key into a mission's folder that
// was put back from before them, and says whether there was one to learn.
// Whoever has the newest secret can then go on with keys/log.key.
func LearnLogKey(dir string, key *logkey.Key) (learnt bool, err error) {
	p := onDisk(dir)
	known, err := p.logVerifier()
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // a record without a mission
	}
	if err != nil || known.String() == key.String() {
		return false, err
	}
	if !key.Continues(known) {
		return false, fmt.Errorf("mission: %s: %w", logPublicFile, mirror.ErrOtherKey)
	}
	return true, p.writeKey(logPublicFile, key.String())
}
