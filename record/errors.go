// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
)

// The kinds of error, a closed set; test with errors.Is. Every other error is
// one of the disk and wraps what the operating system said (syscall.ENOSPC,
// syscall.EROFS, syscall.EIO).
var (
	// ErrInvalid: the caller gave something that a log cannot hold.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound: there is no log here, or no such entry in it.
	ErrNotFound = errors.New("not found")
	// ErrExists: Create found the directory in use.
	ErrExists = errors.New("already exists")
	// ErrLocked: another writer has the log open.
	ErrLocked = errors.New("locked by another writer")
	// ErrCorrupt: the log is shorter than, or other than, what was signed; or
	// its files contradict each other. Nothing was changed. Do not write:
	// restore from a mirror, and keep the damaged copy as evidence.
	ErrCorrupt = errors.New("corrupt")
	// ErrRolledBack: somebody knows a larger log of this origin, or another one:
	// an older state was put back, or two writers sign. It is ErrCorrupt, too.
	ErrRolledBack = fmt.Errorf("%w: rolled back", ErrCorrupt)
	// ErrInDoubt: a write or a sync failed earlier, so nobody knows what is on
	// the disk. What was acknowledged is safe. Close and Open again.
	ErrInDoubt = errors.New("in doubt")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("closed")
)
