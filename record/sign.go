// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"path/filepath"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// Sign signs a checkpoint of all entries and returns it after it is published:
// the file "checkpoint" holds it, and "checkpoints/<size>" keeps it for good.
// If the size was signed before, Sign does nothing and returns that checkpoint.
// After an error of the disk the log is in doubt, as after one of Append.
func (l *Log) Sign() (Checkpoint, error) {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err := l.usable("sign up to"); err != nil {
		return Checkpoint{}, err
	}
	if l.signed.Size < l.contents.tree.size {
		if err := l.publish(); err != nil {
			return Checkpoint{}, err
		}
	}
	return l.signed.clone(), nil
}

// publish signs the current tree. All its entries are durable. commitMu is held,
// or nobody else has the log yet.
func (l *Log) publish() error {
	next := State{l.contents.tree.size, l.contents.tree.root()}
	if err := l.swap(next); err != nil {
		return l.stop(fmt.Errorf("sign checkpoint %d: %w", next.Size, err))
	}
	c, err := sign(l.origin, next.Size, next.Root, signerAt(l.signer, next.Size))
	if err != nil {
		return err // Nothing was written: no doubt.
	}
	// If we die here, a signature was made and nobody saw it.
	if err := l.show(c); err != nil {
		return l.stop(fmt.Errorf("publish checkpoint %d: %w", c.Size, err))
	}
	return nil
}

// show puts a checkpoint in place of the last one, and keeps it.
func (l *Log) show(c Checkpoint) error {
	if err := durable.WriteFile(l.disk, filepath.Join(l.dir, checkpointName), c.Note); err != nil {
		return err
	}
	// If we die here, the checkpoint counts; Open writes the copy.
	l.mu.Lock()
	l.signed = c
	l.mu.Unlock()
	return l.keep()
}

// Checkpoint is the last one that was signed.
func (l *Log) Checkpoint() Checkpoint {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.signed.clone()
}

// Size is how many entries the log has; all of them are durable.
func (l *Log) Size() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.contents.tree.size
}

// Root is the tree hash of all entries.
func (l *Log) Root() (size uint64, root [32]byte) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.contents.tree.size, l.contents.tree.root()
}

// Origin is the log's name.
func (l *Log) Origin() string { return l.origin }

// Entries reads the entries with from <= index < till, while others append.
func (l *Log) Entries(from, till uint64) *Cursor {
	return newCursor(from, till, l.Size(), func(n uint64) ([][]byte, error) {
		l.mu.RLock()
		defer l.mu.RUnlock()
		if l.closed {
			return nil, ErrClosed
		}
		return l.contents.bundle(n)
	})
}
