// SPDX-License-Identifier: Apache-2.0

// Package durable writes files so that they survive a power cut: what a call
// reports as done is on the disk, or the call returns an error.
//
// A rename puts a whole file in place of another at once, but only after the
// file's bytes were synced is it known what the name leads to, and only after
// its directory was synced is it known that the name is there. WriteFile does
// the three in that order.
//
// After a failed sync nobody knows what is on the disk: Linux marks the pages
// clean, so that the next sync says yes without having written anything
// (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC
// 2020). This package never tries a sync again. Its users stop, and write the
// bytes anew when they open again.
//
// The Disk interface is the seam for tests: package durabletest has a disk in
// memory which fails, tears writes and forgets what was not synced.
//
// BUG: drives that acknowledge a flush without doing it defeat all of this.
package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// ErrLocked says that another process, or another part of this one, holds the
// lock of a directory.
var ErrLocked = errors.New("locked by another writer")

// ErrTooLong says that a file is longer than its reader allows.
var ErrTooLong = errors.New("too long")

// TempSuffix ends the name of a file that WriteFile has not finished. Such a
// file means nothing and may be removed whenever no writer is at work.
const TempSuffix = ".tmp"

// A Disk is the file calls that storing safely needs. Names are paths.
//
// No call is repeated by the Disk. An absent file is fs.ErrNotExist. Calls may
// run at once, but two writers of one file must not.
type Disk interface {
	// ReadFile returns the file's bytes; more than limit bytes is ErrTooLong.
	ReadFile(name string, limit int64) ([]byte, error)
	// ReadDir returns the names in a directory, sorted.
	ReadDir(name string) ([]string, error)
	// Open opens for reading only.
	Open(name string) (File, error)
	// OpenWrite opens an existing file for reading and writing.
	OpenWrite(name string) (File, error)
	// Create makes an empty file, or empties the one that is there. The name is
	// durable after SyncDir of its directory, the emptiness after Sync.
	Create(name string) (File, error)
	// Rename is atomic; it is durable after SyncDir.
	Rename(from, to string) error
	// Remove is durable after SyncDir.
	Remove(name string) error
	// Mkdir is durable after SyncDir of the parent.
	Mkdir(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Lock takes the directory's one lock, which ends with Close or with the
	// process, or returns ErrLocked at once.
	Lock(dir string) (io.Closer, error)
}

// A File is open on a Disk.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Size is the length in bytes.
	Size() (int64, error)
	// Truncate sets the length; it is durable after Sync.
	Truncate(size int64) error
	// Sync returns when the bytes, and the length needed to read them back, are
	// on the disk. After an error the file's unsynced bytes are in doubt.
	Sync() error
}

// RemoveAll removes a file or a directory with all in it, if it is there; of a link
// the link alone. Nothing is synced: after a crash some of it may be back.
func RemoveAll(disk Disk, name string) error {
	err := disk.Remove(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	names, listed := disk.ReadDir(name)
	if listed != nil {
		return err
	}
	for _, inner := range names {
		if err := RemoveAll(disk, filepath.Join(name, inner)); err != nil {
			return err
		}
	}
	return disk.Remove(name)
}

// WriteFile puts data under name so that, whenever the process or the machine
// dies, name holds all of data or what it held before. Missing directories are
// made. It returns after data and name are durable. One caller at a time per name.
func WriteFile(disk Disk, name string, data []byte) error {
	temp := name + TempSuffix
	err := writeTemp(disk, temp, data)
	if errors.Is(err, fs.ErrNotExist) {
		if err = MkdirAll(disk, filepath.Dir(name)); err == nil {
			err = writeTemp(disk, temp, data)
		}
	}
	if err != nil {
		return err // Name is untouched; the temporary file means nothing.
	}
	// If we die here, name still holds what it held before.
	if err := disk.Rename(temp, name); err != nil {
		return err
	}
	// If we die here, name holds either, each of them whole.
	return disk.SyncDir(filepath.Dir(name))
}

// writeTemp makes a file's bytes durable, but not its name.
func writeTemp(disk Disk, temp string, data []byte) error {
	f, err := disk.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	if errClose := f.Close(); err == nil {
		err = errClose
	}
	return err
}

// MkdirAll makes a directory and those above it that are missing, each durable
// before the next.
func MkdirAll(disk Disk, name string) error {
	err := disk.Mkdir(name)
	if errors.Is(err, fs.ErrNotExist) {
		parent := filepath.Dir(name)
		if parent == name {
			return err
		}
		if err := MkdirAll(disk, parent); err != nil {
			return err
		}
		err = disk.Mkdir(name)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Sync also when it was there: whoever made it may have died before this line.
	if err := disk.SyncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	return nil
}
