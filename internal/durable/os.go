// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// OS is the Disk of the operating system. What it makes is closed to others on
// the machine: files 0600, directories 0700.
type OS struct{}

var _ Disk = OS{}

// ReadFile implements Disk.
func (OS) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // Read only: nothing can be lost.
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	data.Grow(int(min(info.Size(), limit)) + bytes.MinRead) // so that it is not copied as it grows
	if _, err := data.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > limit {
		return nil, fmt.Errorf("read %s: %w: more than %d bytes", name, ErrTooLong, limit)
	}
	return data.Bytes(), nil
}

// ReadDir implements Disk.
func (OS) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(name) // Sorted.
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// Open implements Disk.
func (OS) Open(name string) (File, error) { return open(name, os.O_RDONLY) }

// OpenWrite implements Disk.
func (OS) OpenWrite(name string) (File, error) { return open(name, os.O_RDWR) }

// Create implements Disk.
func (OS) Create(name string) (File, error) {
	return open(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func open(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

// Rename implements Disk.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements Disk.
func (OS) Remove(name string) error { return os.Remove(name) }

// Mkdir implements Disk.
func (OS) Mkdir(name string) error { return os.Mkdir(name, 0o700) }

// SyncDir implements Disk.
func (OS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errClose := d.Close(); err == nil {
		err = errClose
	}
	return err
}

// Lock implements Disk. The lock is flock(2) on the directory itself, so that
// no lock file stays behind; it does not reach other machines of a network disk.
func (OS) Lock(dir string) (io.Closer, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := flock(d); err != nil {
		d.Close() // The lock's error is the one to tell.
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return d, nil
}

// file adds to os.File what File asks for.
type file struct{ *os.File }

func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f file) Sync() error { return datasync(f.File) }
