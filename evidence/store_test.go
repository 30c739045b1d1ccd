// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

const root = "/mission/media"

func open(t *testing.T, disk durable.Disk) *evidence.Store {
	t.Helper()
	s, err := evidence.OpenStore(disk, root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t *testing.T, s *evidence.Store, data []byte) evidence.Item {
	t.Helper()
	item, err := s.Add(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// fileOf is the name of an item's bytes, as doc.go says.
func fileOf(item evidence.Item) string {
	return filepath.Join(root, item.Hash.String()[:2], item.Hash.String())
}

// holds reads an item back.
func holds(s *evidence.Store, item evidence.Item, want []byte) error {
	r, err := s.Open(item)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err == nil && !bytes.Equal(got, want) {
		err = errors.New("other bytes were given out without an error")
	}
	return err
}

func TestStore(t *testing.T) {
	disk := durabletest.New("/mission")
	s := open(t, disk)
	data, second := film(3*evidence.ChunkBytes+5, 1), []byte("a note")
	item := add(t, s, data)
	note := add(t, s, second)
	if want, _ := evidence.Describe(bytes.NewReader(data)); item != want {
		t.Errorf("Add = %+v, want %+v", item, want)
	}
	if err := holds(s, item, data); err != nil {
		t.Error(err)
	}
	if got, err := s.Check(item.Hash); err != nil || got != item {
		t.Errorf("Check = %+v, %v", got, err)
	}
	before := disk.Files()
	if again := add(t, s, data); again != item || !slices.Equal(disk.Files(), before) {
		t.Errorf("adding it again = %+v, files %v", again, disk.Files())
	}
	want := []trucewatch.Hash{item.Hash, note.Hash}
	slices.SortFunc(want, func(a, b trucewatch.Hash) int { return bytes.Compare(a[:], b[:]) })
	if got, err := s.List(); err != nil || !slices.Equal(got, want) {
		t.Errorf("List = %v, %v, want %v", got, err, want)
	}
	if err := s.Destroy(item.Hash); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"Destroy": s.Destroy(item.Hash), "Open": holds(s, item, data)} {
		if !errors.Is(err, evidence.ErrNotFound) {
			t.Errorf("%s of a destroyed item = %v", name, err)
		}
	}
	if _, err := s.Check(item.Hash); !errors.Is(err, evidence.ErrNotFound) {
		t.Errorf("Check of a destroyed item = %v", err)
	}
	for _, name := range disk.Files() {
		if strings.Contains(name, item.Hash.String()) {
			t.Errorf("%s outlived Destroy", name)
		}
	}
	if err := holds(open(t, disk), note, second); err != nil {
		t.Errorf("the other item, after opening again: %v", err)
	}
	if _, err := s.Add(strings.NewReader("")); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("Add of nothing = %v", err)
	}
	cable := errors.New("cable pulled")
	if _, err := s.Add(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(cable))); !errors.Is(err, cable) {
		t.Errorf("Add from a broken reader = %v", err)
	}
	if got, err := s.List(); err != nil || len(got) != 1 {
		t.Errorf("List after failures = %v, %v", got, err)
	}
	if files := disk.Files(); len(files) != 2 {
		t.Errorf("files %v: something unfinished stayed behind", files)
	}
}

func TestReaderSeeks(t *testing.T) {
	s := open(t, durabletest.New("/mission"))
	data := film(3*evidence.ChunkBytes+5, 1)
	r, err := s.Open(add(t, s, data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := iotest.TestReader(r, data); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		offset int64
		whence int
	}{{-1, io.SeekStart}, {-1 << 40, io.SeekCurrent}, {0, 7}} {
		if _, err := r.Seek(tt.offset, tt.whence); !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("Seek(%d, %d) = %v", tt.offset, tt.whence, err)
		}
	}
}

// TestDamagedEvidenceIsNeverGivenOut flips a bit in each chunk of the bytes and
// in each hash beside them.
func TestDamagedEvidenceIsNeverGivenOut(t *testing.T) {
	data := film(4*evidence.ChunkBytes+5, 1)
	for chunk := range 5 {
		disk := durabletest.New("/mission")
		s := open(t, disk)
		item := add(t, s, data)
		damaged := slices.Clone(data)
		damaged[chunk*evidence.ChunkBytes+3] ^= 1
		disk.Put(fileOf(item), damaged)

		r, err := s.Open(item)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if !errors.Is(err, evidence.ErrCorrupt) || len(got) != chunk*evidence.ChunkBytes || !bytes.Equal(got, data[:len(got)]) {
			t.Errorf("chunk %d: %d bytes were read, then %v", chunk, len(got), err)
		}
		if next := int64(chunk+1) * evidence.ChunkBytes; next < int64(len(data)) { // what lies behind the damage is still good
			if _, err := r.Seek(next, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[next:]) {
				t.Errorf("chunk %d: behind it: %v", chunk, err)
			}
		}
		r.Close()
		if _, err := s.Check(item.Hash); !errors.Is(err, evidence.ErrCorrupt) {
			t.Errorf("chunk %d: Check = %v", chunk, err)
		}
		if _, err := s.ProveClip(item, int64(chunk*evidence.ChunkBytes), int64(chunk*evidence.ChunkBytes+2)); !errors.Is(err, evidence.ErrCorrupt) {
			t.Errorf("chunk %d: ProveClip = %v", chunk, err)
		}
		// Whoever changes the bytes and the hashes beside them is found out too.
		hashes, err := disk.ReadFile(fileOf(item)+".chunks", 1000)
		if err != nil {
			t.Fatal(err)
		}
		hashes[32*chunk] ^= 1
		disk.Put(fileOf(item)+".chunks", hashes)
		if err := holds(s, item, data); !errors.Is(err, evidence.ErrCorrupt) {
			t.Errorf("chunk %d and its hash: %v", chunk, err)
		}
		// The same bytes, handed in again, repair it.
		add(t, s, data)
		if err := holds(s, item, data); err != nil {
			t.Errorf("chunk %d: after adding it again: %v", chunk, err)
		}
		disk.Put(fileOf(item), data[:len(data)-1])
		if err := holds(s, item, data); !errors.Is(err, evidence.ErrCorrupt) {
			t.Errorf("cut: %v", err)
		}
	}
}

func TestChunkHashesMayBeLost(t *testing.T) {
	data := film(2*evidence.ChunkBytes, 1)
	disk := durabletest.New("/mission")
	s := open(t, disk)
	item := add(t, s, data)
	for name, hashes := range map[string][]byte{"missing": nil, "short": []byte("x"), "altered": make([]byte, 64)} {
		disk.Put(fileOf(item)+".chunks", hashes)
		if err := holds(s, item, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		clip, err := s.ProveClip(item, 10, evidence.ChunkBytes+7)
		if err != nil || clip.Check(item) != nil || !bytes.Equal(clip.Bytes(), data[10:evidence.ChunkBytes+7]) {
			t.Errorf("%s: ProveClip: %v", name, err)
		}
	}
	// A record that says other chunks than the bytes have is not believed.
	wrong := item
	wrong.Chunks[0] ^= 1
	if err := holds(s, wrong, data); !errors.Is(err, evidence.ErrCorrupt) {
		t.Errorf("another root: %v", err)
	}
	wrong = item
	wrong.SizeBytes--
	if err := holds(s, wrong, data); !errors.Is(err, evidence.ErrCorrupt) {
		t.Errorf("another size: %v", err)
	}
}

// TestAddSurvivesEveryCrash lets each call of the disk fail in each way and the
// power fail in each way: what was acknowledged is there and sound, and what is
// there under its hash is sound even if it was not acknowledged.
func TestAddSurvivesEveryCrash(t *testing.T) {
	data := film(evidence.ChunkBytes+5, 1)
	item, err := evidence.Describe(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	run := func(d *durabletest.Disk) bool {
		s, err := evidence.OpenStore(d, root)
		if err != nil {
			return false
		}
		_, err = s.Add(bytes.NewReader(data))
		return err == nil
	}
	clean := durabletest.New("/mission")
	if !run(clean) {
		t.Fatal("failed without a failure")
	}
	for i, call := range append(clean.Calls(), "none") { // the last: only the power fails
		for _, failure := range []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done} {
			for _, crash := range durabletest.Crashes() {
				d := durabletest.New("/mission")
				d.FailAt(i, failure, syscall.ENOSPC, false)
				acknowledged := run(d)
				if call == "none" && !acknowledged {
					t.Fatal("failed without a failure")
				}
				d.Crash(crash)
				s, err := evidence.OpenStore(d, root)
				if err != nil {
					t.Fatalf("call %d (%s) %s, %s: open: %v", i, call, failure, crash, err)
				}
				got, err := s.Check(item.Hash)
				if err == nil && got != item || err != nil && (acknowledged || !errors.Is(err, evidence.ErrNotFound)) {
					t.Errorf("call %d (%s) %s, %s: acknowledged %v, then %+v, %v", i, call, failure, crash, acknowledged, got, err)
				}
				if again, err := s.Add(bytes.NewReader(data)); err != nil || again != item {
					t.Errorf("call %d (%s) %s, %s: adding it again: %v", i, call, failure, crash, err)
				}
				if err := holds(s, item, data); err != nil {
					t.Errorf("call %d (%s) %s, %s: %v", i, call, failure, crash, err)
				}
			}
		}
	}
}

// TestReadingOfRestrictedEvidenceIsRecordedFirst: no byte without a deed in the
// record, and no deed for a reading that could not be.
func TestReadingOfRestrictedEvidenceIsRecordedFirst(t *testing.T) {
	disk := durabletest.New("/mission")
	s := open(t, disk)
	data := []byte("the face of a witness")
	item := add(t, s, data)
	deed := trucewatch.Custody{By: "analyst", At: 5, Reason: "request 12", About: "101.3"}
	full := errors.New("no space left")
	calls := len(disk.Calls())
	if r, err := evidence.ReadRestricted(s, item, deed, func(trucewatch.Custody) error { return full }); r != nil || !errors.Is(err, full) {
		t.Errorf("unrecorded: %v, %v", r, err)
	}
	for _, call := range disk.Calls()[calls:] {
		if strings.HasPrefix(call, "write") || strings.HasPrefix(call, "create") {
			t.Errorf("%s: reading wrote", call)
		}
	}
	for name, incomplete := range map[string]trucewatch.Custody{
		"nobody": {At: 5, Reason: "x"}, "never": {By: "analyst", Reason: "x"}, "for nothing": {By: "analyst", At: 5, Reason: " "},
	} {
		if _, err := evidence.ReadRestricted(s, item, incomplete, func(trucewatch.Custody) error { return nil }); !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var recorded []trucewatch.Custody
	record := func(c trucewatch.Custody) error { recorded = append(recorded, c); return nil }
	r, err := evidence.ReadRestricted(s, item, deed, record)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := trucewatch.Custody{Item: item.Hash, Deed: "read", By: "analyst", At: 5, Reason: "request 12", About: "101.3", Restricted: true}
	if len(recorded) != 1 || recorded[0] != want {
		t.Errorf("recorded %+v, want %+v", recorded, want)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %q, %v", got, err)
	}
	if err := s.Destroy(item.Hash); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.ReadRestricted(s, item, deed, record); !errors.Is(err, evidence.ErrNotFound) || len(recorded) != 1 {
		t.Errorf("of a destroyed item: %v, %d deeds", err, len(recorded))
	}
}
