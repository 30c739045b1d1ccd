// SPDX-License-Identifier: Apache-2.0

//go:build !unix || solaris || illumos || aix

package durable

import (
	"errors"
	"os"
)

// flock refuses: without a lock two writers could sign two histories. Reading
// and verifying need no lock and work.
func flock(*os.File) error { return errors.ErrUnsupported }
