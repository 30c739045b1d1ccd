// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/seal"
)

// FuzzDecodeOpening: what is accepted has one encoding and is checked without a
// panic, and no opening is true of two roots.
func FuzzDecodeOpening(f *testing.F) {
	c := seal.Commit(seal.Seed{1}, fields(f, batch(observation(1))))
	f.Add(seal.EncodeOpening(open(f, c, "rows/0/where")))
	f.Add(seal.EncodeOpening(open(f, c, "source")))
	f.Add([]byte{0x86})
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := seal.DecodeOpening(b)
		if err != nil {
			if !errors.Is(err, seal.ErrInvalid) {
				t.Errorf("error %v", err)
			}
			return
		}
		if !bytes.Equal(seal.EncodeOpening(o), b) {
			t.Error("another encoding is accepted")
		}
		if seal.CheckOpening(trucewatch.Hash{}, o) == nil {
			t.Error("it opens the zero root")
		}
		_ = seal.CheckPrecisions([]seal.Opening{o})
	})
}

func FuzzDecodeInner(f *testing.F) {
	f.Add(seal.EncodeInner(seal.Inner{Envelope: envelope(f, batch(observation(1))), Seed: make([]byte, 32), Pseudonym: "source-00000000"}))
	f.Add([]byte{0x83, 0x41, 0, 0x40, 0x60})
	outer := &trucewatch.Entry{Index: 3}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := seal.DecodeInner(b)
		if err != nil {
			if !errors.Is(err, seal.ErrInvalid) {
				t.Errorf("error %v", err)
			}
			return
		}
		if !bytes.Equal(seal.EncodeInner(in), b) {
			t.Error("another encoding is accepted")
		}
		if _, err := seal.CheckInner(outer, in); !errors.Is(err, seal.ErrOtherContent) {
			t.Errorf("CheckInner = %v", err)
		}
	})
}

func FuzzParseRecipient(f *testing.F) {
	f.Add(newRole(f).Recipient().String())
	f.Add("age1pq1")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := seal.ParseRecipient(s); err == nil && r.String() != s {
			t.Errorf("%q is written %q", s, r.String())
		}
	})
}

func FuzzParseIdentity(f *testing.F) {
	f.Add(newRole(f).Secret())
	f.Add("AGE-SECRET-KEY-PQ-1")
	f.Fuzz(func(t *testing.T, s string) {
		if i, err := seal.ParseIdentity(s); err == nil && i.Secret() != s {
			t.Error("another spelling is accepted")
		}
	})
}

// FuzzCheckPrecisions: values come from whoever sealed the entry.
func FuzzCheckPrecisions(f *testing.F) {
	for _, field := range fields(f, batch(observation(1))) {
		f.Add(field.Name, field.Value, "rows/0/where_10km", []byte{0xf6})
	}
	f.Fuzz(func(t *testing.T, name string, value []byte, other string, otherValue []byte) {
		_ = seal.CheckPrecisions([]seal.Opening{{Name: name, Value: value}, {Name: other, Value: otherValue}})
	})
}

// FuzzPack: whatever bytes a pack has, it is opened, and every box that is given
// has its hash.
func FuzzPack(f *testing.F) {
	disk := durabletest.New("/m")
	store, err := seal.OpenStore(disk, "/m")
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(store.Put("mission", [][]byte{blob(1, 30), blob(2, 90)}), store.Destroy("mission", []trucewatch.Hash{seal.BoxHash(blob(2, 90)), {1}}), store.Close()); err != nil {
		f.Fatal(err)
	}
	pack, err := disk.ReadFile("/m/mission/pack-000000", 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pack)
	f.Add(pack[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		disk := durabletest.New("/m")
		if err := disk.Mkdir("/m/mission"); err != nil {
			t.Fatal(err)
		}
		disk.Put("/m/mission/pack-000000", append([]byte{}, b...))
		store, err := seal.OpenStore(disk, "/m")
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		for hash := range store.All("mission") {
			if box, err := store.Get("mission", hash); err == nil && seal.BoxHash(box) != hash {
				t.Errorf("box %s is given as %s", hash, seal.BoxHash(box))
			}
		}
		if _, err := store.Faults("mission"); err != nil {
			t.Error(err)
		}
		box := blob(7, 70)
		if err := store.Put("mission", [][]byte{box}); err != nil && !errors.Is(err, seal.ErrDestroyed) {
			t.Error(err)
		} else if err == nil && store.State("mission", seal.BoxHash(box)) != seal.Present {
			t.Error("what was put is not there")
		}
	})
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("trucewatch boxes v1 mission\n\x00\x00\x00\x03box\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		store, err := seal.OpenStore(durabletest.New("/m"), "/m")
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		n, err := store.Import("mission", bytes.NewReader(b), func(trucewatch.Hash) bool { return true })
		if n > len(b) || err != nil && !errors.Is(err, seal.ErrInvalid) && !errors.Is(err, seal.ErrCorrupt) {
			t.Errorf("%d boxes, %v", n, err)
		}
	})
}

// FuzzOpenBox: nothing but SealBox makes what opens.
func FuzzOpenBox(f *testing.F) {
	role := newRole(f)
	box, err := seal.SealBox(role.Recipient(), []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(box)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := seal.OpenBox([]*seal.Identity{role}, b)
		if err == nil && !bytes.Equal(b, box) {
			t.Error("an altered box opens")
		}
	})
}
