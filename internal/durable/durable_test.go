// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// TestDisk holds the disk in memory to the same contract as the real one.
func TestDisk(t *testing.T) {
	t.Run("os", func(t *testing.T) { testDisk(t, durable.OS{}, t.TempDir()) })
	t.Run("memory", func(t *testing.T) { testDisk(t, durabletest.New("/log"), "/log") })
}

func testDisk(t *testing.T, disk durable.Disk, root string) {
	name := filepath.Join(root, "a/b/file")
	if _, err := disk.ReadFile(name, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadFile of an absent file = %v", err)
	}
	if _, err := disk.Create(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Create in an absent directory = %v", err)
	}
	for _, content := range []string{"first, long", "second"} {
		if err := durable.WriteFile(disk, name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := disk.ReadFile(name, 11); err != nil || string(got) != content {
			t.Errorf("ReadFile = %q, %v, want %q", got, err, content)
		}
	}
	if _, err := disk.ReadFile(name, 5); !errors.Is(err, durable.ErrTooLong) {
		t.Errorf("ReadFile with too low a limit = %v", err)
	}
	if names, err := disk.ReadDir(filepath.Dir(name)); err != nil || !slices.Equal(names, []string{"file"}) {
		t.Errorf("ReadDir = %q, %v", names, err)
	}
	testFile(t, disk, name)
	if err := disk.Mkdir(filepath.Join(root, "a")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Mkdir of what is there = %v", err)
	}
	if err := disk.Remove(name); err != nil {
		t.Error(err)
	}
	if _, err := disk.Open(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a removed file = %v", err)
	}

	lock, err := disk.Lock(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Lock(root); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("second Lock = %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	if lock, err = disk.Lock(root); err != nil {
		t.Errorf("Lock after the first was closed = %v", err)
	}
	lock.Close()
}

func testFile(t *testing.T, disk durable.Disk, name string) {
	f, err := disk.OpenWrite(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("0123456789"), 3); err != nil {
		t.Error(err)
	}
	if err := f.Truncate(8); err != nil {
		t.Error(err)
	}
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
	if size, err := f.Size(); err != nil || size != 8 {
		t.Errorf("Size = %d, %v", size, err)
	}
	p := make([]byte, 10)
	if n, err := f.ReadAt(p, 2); n != 6 || err != io.EOF || string(p[:n]) != "c01234" {
		t.Errorf("ReadAt = %q, %v", p[:n], err)
	}
	if n, err := f.ReadAt(p, 9); n != 0 || err != io.EOF {
		t.Errorf("ReadAt behind the end = %d, %v", n, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	r, err := disk.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.WriteAt([]byte("x"), 0); err == nil {
		t.Error("WriteAt to a file open for reading succeeded")
	}
	r.Close()
}

// TestWriteFile lets each call fail in each way and the power fail in each way:
// the name holds the old or the new content, and the new one if it was acknowledged.
func TestWriteFile(t *testing.T) {
	const name = "/log/deep/file"
	run := func(d *durabletest.Disk) (acknowledged string) {
		for _, content := range []string{"old", "new and longer"} {
			if durable.WriteFile(d, name, []byte(content)) != nil {
				return acknowledged
			}
			acknowledged = content
		}
		return acknowledged
	}
	clean := durabletest.New("/log")
	run(clean)
	for i, call := range clean.Calls() {
		for _, failure := range []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done} {
			for _, crash := range durabletest.Crashes() {
				d := durabletest.New("/log")
				d.FailAt(i, failure, syscall.EIO, false)
				acknowledged := run(d)
				d.Crash(crash)
				got, err := d.ReadFile(name, 100)
				if err != nil && (acknowledged != "" || !errors.Is(err, fs.ErrNotExist)) {
					t.Errorf("call %d (%s) %s, %s: %v", i, call, failure, crash, err)
				}
				if err == nil && string(got) != "old" && string(got) != "new and longer" ||
					acknowledged == "new and longer" && string(got) != acknowledged {
					t.Errorf("call %d (%s) %s, %s: file holds %q, acknowledged %q", i, call, failure, crash, got, acknowledged)
				}
			}
		}
	}
}

// writers put content under name, and say whether it is durable.
// Those that skip a step are there to show that a power cut finds them.
var writers = map[string]struct {
	write func(d *durabletest.Disk, name string, content []byte) error
	sound bool
}{
	"WriteFile": {func(d *durabletest.Disk, name string, content []byte) error {
		return durable.WriteFile(d, name, content)
	}, true},
	"no sync of the bytes": {func(d *durabletest.Disk, name string, content []byte) error {
		return replace(d, name, content, false, true)
	}, false},
	"no sync of the name": {func(d *durabletest.Disk, name string, content []byte) error {
		return replace(d, name, content, true, false)
	}, false},
	"in place": {func(d *durabletest.Disk, name string, content []byte) error {
		f, err := d.Create(name)
		if err != nil {
			return err
		}
		if _, err := f.WriteAt(content, 0); err != nil {
			return err
		}
		return f.Sync()
	}, false},
}

// replace is WriteFile with steps that may be left out.
func replace(d *durabletest.Disk, name string, content []byte, syncFile, syncDir bool) error {
	f, err := d.Create(name + durable.TempSuffix)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return err
	}
	if syncFile {
		err = f.Sync()
	}
	if err == nil {
		err = d.Rename(name+durable.TempSuffix, name)
	}
	if err == nil && syncDir {
		err = d.SyncDir(filepath.Dir(name))
	}
	return err
}

// TestPowerCuts cuts the power at each call, with sectors and names that arrive
// in any order: the name holds the old or the new content, and the new one if it
// was acknowledged. Writers that skip a step are found.
func TestPowerCuts(t *testing.T) {
	const name = "/log/dir/file"
	for who, writer := range writers {
		t.Run(who, func(t *testing.T) {
			found := 0
			for seed := range uint64(400) {
				if problem := cutWriter(t, seed, name, writer.write); problem != "" {
					found++
					if writer.sound {
						t.Fatalf("seed %d: %s", seed, problem)
					}
				}
			}
			if !writer.sound && found == 0 {
				t.Error("no power cut found that a step is left out")
			}
		})
	}
}

// cutWriter writes three times, with the power cut at some call, and says what is
// wrong afterwards.
func cutWriter(t *testing.T, seed uint64, name string, write func(*durabletest.Disk, string, []byte) error) string {
	random := rand.New(rand.NewPCG(seed, 0))
	d := durabletest.New("/log")
	if err := durable.MkdirAll(d, filepath.Dir(name)); err != nil {
		t.Fatal(err)
	}
	d.FailAt(len(d.Calls())+random.IntN(30), durabletest.Failure([]durabletest.Failure{
		durabletest.NotDone, durabletest.HalfDone, durabletest.Done}[random.IntN(3)]), syscall.EIO, true)
	acknowledged, tried := "", ""
	for i := range 3 {
		// Longer than a sector, and longer each time.
		tried = string(slices.Repeat([]byte{byte('a' + i)}, 700*(i+1)))
		if write(d, name, []byte(tried)) != nil {
			break
		}
		acknowledged = tried
	}
	d.CutPower(random)
	got, err := d.ReadFile(name, 10_000)
	switch {
	case errors.Is(err, fs.ErrNotExist) && acknowledged == "":
		return ""
	case err != nil:
		return fmt.Sprintf("the file is gone: %v", err)
	case string(got) != acknowledged && string(got) != tried:
		return fmt.Sprintf("%d bytes, neither old nor new", len(got))
	}
	return ""
}

// TestCutPowerIsRepeatable: the same numbers give the same disk.
func TestCutPowerIsRepeatable(t *testing.T) {
	run := func() string {
		d := durabletest.New("/log")
		for i := range 20 {
			f, err := d.Create(fmt.Sprintf("/log/%d", i))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(slices.Repeat([]byte{byte(i + 1)}, 3000), 0); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				if err := d.SyncDir("/log"); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.CutPower(rand.New(rand.NewPCG(3, 4)))
		var state string
		for _, name := range d.Files() {
			data, err := d.ReadFile(name, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			state += fmt.Sprintf("%s %x\n", name, data)
		}
		return state
	}
	if a, b := run(), run(); a != b || len(a) == 0 {
		t.Error("two runs differ")
	}
}

// TestRemoveAllLeavesWhatALinkLeadsTo: a folder is removed with all in it, and a link
// in it to another one is removed alone.
func TestRemoveAllLeavesWhatALinkLeadsTo(t *testing.T) {
	own, other := filepath.Join(t.TempDir(), "own"), t.TempDir()
	if err := os.MkdirAll(filepath.Join(own, "inner"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(own, "inner", "a"), filepath.Join(other, "kept")} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, filepath.Join(own, "inner", "link")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is not there
		if err := durable.RemoveAll(durable.OS{}, own); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(own); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(other, "kept")); err != nil {
		t.Errorf("what the link led to is gone: %v", err)
	}
}
