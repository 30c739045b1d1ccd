// SPDX-License-Identifier: Apache-2.0

package mirror

import "errors"

// The kinds of error, a closed set; test with errors.Is. Every other error is
// one of the disk or of package record, and wraps what those said.
var (
	// ErrInvalid: what was given is malformed, or not signed by whom it must be.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound: the source has no such thing, or does not show it.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the source did not answer, also when asked again.
	ErrUnavailable = errors.New("no answer")
	// ErrTier: the checkpoint is not co-signed by as many as were asked for.
	ErrTier = errors.New("not co-signed by enough")
	// ErrTampered: what the source gave is not what the log's key signed. Nothing
	// of it was stored.
	ErrTampered = errors.New("not what was signed")
	// ErrRolledBack: the source shows less than it showed before. It is the same
	// history, but an older state of it.
	ErrRolledBack = errors.New("rolled back")
	// ErrBadEntry: an entry that the log's key signed for breaks the record's
	// rules. Nothing of what came with it was stored. The error is a *BadEntry.
	ErrBadEntry = errors.New("bad entry")
	// ErrSplitView: the log's key signed two histories. Both notes are kept as
	// evidence; the error is a *SplitView.
	ErrSplitView = errors.New("split view")
)
