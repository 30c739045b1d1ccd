// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"os"
	"syscall"
)

// datasync is fdatasync(2): the bytes and the length, not the times, which
// saves one write of the journal per call.
func datasync(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	var errSync error
	err = conn.Control(func(fd uintptr) {
		// EINTR says that nothing was tried, so it is no failed sync.
		for errSync = syscall.EINTR; errSync == syscall.EINTR; {
			errSync = syscall.Fdatasync(int(fd))
		}
	})
	if err == nil {
		err = errSync
	}
	if err != nil {
		return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
	}
	return nil
}
