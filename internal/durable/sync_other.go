// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package durable

import "os"

// datasync is os.File.Sync, which on macOS asks for F_FULLFSYNC.
func datasync(f *os.File) error { return f.Sync() }
