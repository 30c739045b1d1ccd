// SPDX-License-Identifier: Apache-2.0

// Package index holds a queryable copy of the Views of one audience, in one
// SQLite file. What the audience may not see was never put in, so no query can
// bring it out.
//
// The file is derived from the record and may be deleted at any time: Open
// starts an empty one in place of a file that is missing, damaged, of another
// audience or of another version, and the caller fills it again from entry 0.
// At says how many entries the copy holds. A batch is there as a whole or not
// at all, also after a crash; a first filling that was broken off counts as
// nothing.
//
// Whoever can change the file can change what this machine shows of the
// audience's View, and nothing else: not the record, not what others compute.
// Damage by accident is found by Check, which a server calls once it answers and
// Open for a small file, by SQLite as it reads, and by a checksum on each item.
//
// Every question about incidents is answered from one array of 64 bytes per
// incident in memory, read through from first to last: place, time, kind and
// result together, whatever their mix (docs/decisions). The file gives the rest
// of the incidents that the answer names.
package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"

	"github.com/trucewatch/trucewatch"
)

// ErrDamaged is wrapped by the error of a file that holds something else than
// what was put in. The file is marked, so that Open starts an empty one.
var ErrDamaged = errors.New("index is damaged; it is rebuilt when the mission starts again")

// ErrOther is wrapped by the error of OpenReadOnly about a file of another
// audience or version.
var ErrOther = errors.New("index is of another audience or version; it is rebuilt when the mission starts")

// ErrReadOnly is returned by Begin on an index opened by OpenReadOnly.
var ErrReadOnly = errors.New("index was opened for reading only")

// ErrQuery is wrapped by the error about a query that makes no sense.
var ErrQuery = errors.New("invalid query")

const (
	// busyMS is how long a reader or writer waits for a lock, in milliseconds.
	// Guess: longer than the longest commit seen (2 s). Test: count of busy
	// errors while a mission imports.
	busyMS = 10_000

	// cacheKiB is SQLite's page cache of one connection, in KiB.
	// Guess: what the inner pages of a file of a million incidents take. Test:
	// BenchmarkBuild with other sizes.
	cacheKiB = 8_192

	// checkedMax is the largest file that Open reads from end to end, in bytes.
	// Guess: what a slow disk reads in half a second. Test: make bench, first page.
	checkedMax = 64 << 20

	// readers is how many questions are answered at once.
	// Guess: twice the cores of a small machine. Test: load on the pages.
	readers = 4
)

// An Index is a copy of the Views of one audience. It is safe for concurrent
// use; one Batch is open at a time.
type Index struct {
	path     string
	audience trucewatch.Audience
	write    *sql.DB // nil if opened for reading only
	read     *sql.DB
	batch    sync.Mutex // held while a Batch is open

	mu       sync.Mutex // guards what follows, and each walk through it
	spots    spots
	texts    texts
	matching []int32 // memory of the last walk, for the next
	points   []point
}

// Open opens the index in the file path, or creates it; the folder must exist.
// A file that cannot be used is moved to path + ".discarded", which replaces an
// earlier one, and At is 0. Only one process may have an index open for
// writing.
func Open(path string, audience trucewatch.Audience) (*Index, error) {
	if !usable(path, audience) {
		if err := discard(path); err != nil {
			return nil, fmt.Errorf("index %s: move away: %w", path, err)
		}
	}
	// Made here, closed to others: SQLite gives the files beside it the same mode.
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		f.Close() // SQLite says what is wrong with it
	}
	x := &Index{path: path, audience: audience}
	var err error
	if x.write, err = connect(path, "rwc", 1, "journal_mode(WAL)", "synchronous(NORMAL)"); err != nil {
		return nil, x.because("open", err)
	}
	if err := create(x.write, audience); err != nil {
		return nil, errors.Join(x.because("create", err), x.Close())
	}
	if x.read, err = connect(path, "rw", readers, "query_only(1)"); err != nil {
		return nil, errors.Join(x.because("open", err), x.Close())
	}
	return x, nil
}

// OpenReadOnly opens an existing index for questions alone, beside the process
// that writes it or without one. The error wraps ErrOther if the file is of
// another audience or version.
func OpenReadOnly(path string, audience trucewatch.Audience) (*Index, error) {
	x := &Index{path: path, audience: audience}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	var err error
	if x.read, err = connect(path, "ro", readers, "query_only(1)"); err != nil {
		return nil, x.because("open", err)
	}
	m, err := readMeta(context.Background(), x.read)
	switch {
	case err != nil:
		return nil, errors.Join(x.because("open", err), x.Close())
	case m.fingerprint != fingerprint() || m.audience != audience:
		return nil, errors.Join(fmt.Errorf("index %s: %w", path, ErrOther), x.Close())
	}
	return x, nil
}

// Close closes the files.
func (x *Index) Close() error {
	var errs []error
	for _, db := range []*sql.DB{x.read, x.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// At returns how many entries of the record the copy holds, and the digest of
// the state after them. Both are zero if it holds nothing or cannot be read.
func (x *Index) At() (entries uint64, state trucewatch.Hash) {
	m, err := readMeta(context.Background(), x.read)
	if err != nil || m.building {
		return 0, trucewatch.Hash{}
	}
	return m.entries, m.state
}

// connect opens a pool of connections to a file.
func connect(path, mode string, most int, pragmas ...string) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"mode": {mode}, "_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", busyMS), fmt.Sprintf("cache_size(-%d)", cacheKiB)}, pragmas...)}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: full, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	if err := db.Ping(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Check reads the whole file and looks for damage by accident. Open does so for
// a small file; a large one takes longer to read than a first page may. Damage is
// marked, so that the next Open starts an empty file; the error wraps ErrDamaged.
func (x *Index) Check(ctx context.Context) error {
	if err := quickCheck(ctx, x.read); err != nil {
		return x.because("check", err)
	}
	return nil
}

func quickCheck(ctx context.Context, db *sql.DB) error {
	var verdict string
	err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if err == nil && verdict != "ok" {
		err = fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return err
}

// usable says whether a file can be gone on with: there is none yet, or it is
// of this audience and version and, if it is small, sound.
func usable(path string, audience trucewatch.Audience) bool {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	if _, err := os.Stat(path + damagedMark); err == nil {
		return false
	}
	db, connectErr := connect(path, "rw", 1)
	if err != nil || connectErr != nil {
		return false
	}
	defer db.Close()
	if info.Size() <= checkedMax && quickCheck(context.Background(), db) != nil {
		return false
	}
	m, err := readMeta(context.Background(), db)
	return err == nil && !m.building && m.fingerprint == fingerprint() && m.audience == audience
}

// Beside the file stand SQLite's own two, the mark of a file in which damage was
// found, and the file that was moved away.
const (
	damagedMark   = ".damaged"
	discardedMark = ".discarded"
)

// discard moves a file away. If the process dies in between, the next Open does
// the rest: a log or mark without its file is removed here, too.
func discard(path string) error {
	if err := os.Rename(path, path+discardedMark); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, beside := range []string{"-wal", "-shm", "-journal", damagedMark} {
		if err := os.Remove(path + beside); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// because names the file, the deed and, where SQLite tells, the cause. Damage
// is marked for the next Open.
func (x *Index) because(deed string, err error) error {
	var cause *sqlite.Error
	hint := ""
	if errors.As(err, &cause) {
		switch cause.Code() & 0xff { // the primary result code: https://www.sqlite.org/rescode.html
		case 5, 6:
			hint = "locked by another process: "
		case 8:
			hint = "the file or its folder cannot be written to: "
		case 11, 26:
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		case 13:
			hint = "the disk is full: "
		case 14:
			hint = "the file or its folder is missing or may not be opened: "
		}
	}
	if errors.Is(err, ErrDamaged) && x.write != nil {
		if err := os.WriteFile(x.path+damagedMark, nil, 0o600); err != nil {
			return fmt.Errorf("index %s: %s: damaged, and it cannot be marked: %w", x.path, deed, err)
		}
	}
	return fmt.Errorf("index %s: %s: %s%w", x.path, deed, hint, err)
}
