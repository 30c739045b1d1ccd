// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/record"
)

// Restore rebuilds a lost log in a folder from one source, or brings one up to it
// that is older, as after a restored backup. Every entry is held to the
// checkpoint that the log's key signed; with that key, record.Open goes on where
// it ends. What was acknowledged after that checkpoint is not in it, and must
// come back from those who sent it.
//
// A restore that was broken off is taken up by calling it again; it fetches anew.
//
// The errors are ErrTampered, ErrUnavailable, ErrRolledBack (the folder has more
// entries than the source), ErrSplitView (it has others), those of package
// record, and those of the disk. On an error, what was there before is there.
func Restore(ctx context.Context, source Source, dir string, verifier note.Verifier) (record.Checkpoint, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	signed, err := source.Fetch(ctx, checkpointName, noteSizeMax)
	if err != nil {
		return record.Checkpoint{}, err
	}
	shown, err := openCheckpoint(signed, verifier)
	if err != nil {
		return record.Checkpoint{}, fmt.Errorf("mirror: checkpoint from %v: %w: %w", source, ErrTampered, err)
	}
	replica, err := record.OpenReplica(dir, verifier)
	if errors.Is(err, record.ErrNotFound) {
		replica, err = record.CreateReplica(dir, shown.Note, verifier)
	}
	if err != nil {
		return record.Checkpoint{}, fmt.Errorf("mirror: restore: %w", err)
	}
	t := newTree(ctx, source, shown)
	if err = fits(replica.Checkpoint(), t); err == nil {
		entries := t.entries(replica.Checkpoint().Size)
		err = replica.Extend(shown.Note, func() ([]byte, error) {
			_, entry, err := entries.Next()
			return entry, err
		})
		entries.Close()
	}
	if errClose := replica.Close(); err == nil {
		err = errClose
	}
	if err != nil {
		return record.Checkpoint{}, fmt.Errorf("mirror: restore: %w", err)
	}
	return shown, nil
}

// fits wants the tree to begin with what is there already.
func fits(have record.Checkpoint, t *tree) error {
	if have.Note == nil {
		return nil
	}
	if have.Size > t.signed.Size {
		return fmt.Errorf("%w: %v shows %d entries, and %d are here", ErrRolledBack, t.source, t.signed.Size, have.Size)
	}
	root, err := t.rootAt(have.Size)
	if err == nil && root != have.Root {
		err = fmt.Errorf("%w: %v shows other entries than are here, with the log's signature on both: keep both", ErrSplitView, t.source)
	}
	return err
}
