// SPDX-License-Identifier: Apache-2.0

package evidence

import "errors"

// The kinds of error, a closed set, with trucewatch.ErrInvalid for what was given
// wrongly; test with errors.Is. Every other error is one of the disk or the reader.
var (
	// ErrNotFound: there is no such item in the store.
	ErrNotFound = errors.New("not found")
	// ErrCorrupt: the bytes are not those that the record speaks of. Nothing was
	// changed. Keep the damaged copy, and look for another one.
	ErrCorrupt = errors.New("corrupt")
)
