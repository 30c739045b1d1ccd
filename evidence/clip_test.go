// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
)

// film is size bytes that look like nothing.
func film(size int, seed byte) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func TestDescribe(t *testing.T) {
	// The expected values were computed by a Python program from the text of doc.go.
	counting := make([]byte, 150_000)
	for i := range counting {
		counting[i] = byte(i % 251)
	}
	for _, tt := range []struct {
		name         string
		data         []byte
		hash, chunks string
	}{
		{"one chunk", []byte("hello"), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "0b4364258201aa44ca764b5601d6c71b4c9085df13fcb6ebff77d59653973c61"},
		{"three chunks", counting, "02675bf9284bd74223e98ceea96ebee4c9a469272ead358f462d89753f8c909b", "34909bbf24e31f351188dc152eebe488fdd5d09be8b6d823e53c82997cc0061d"},
		{"exactly two chunks", counting[:2*evidence.ChunkBytes], "feb1e4409d009e0ec502eaabe321f86b5197a881e9b765252ec8a75d6957596d", "bd59ccb94769fda2f694cc8c8d95c134f10f0997c02b64b61e7c320e228ca4c9"},
	} {
		for _, r := range []io.Reader{bytes.NewReader(tt.data), iotest.HalfReader(bytes.NewReader(tt.data)), iotest.DataErrReader(bytes.NewReader(tt.data))} {
			item, err := evidence.Describe(r)
			if err != nil || item.Hash.String() != tt.hash || item.Chunks.String() != tt.chunks || item.SizeBytes != int64(len(tt.data)) {
				t.Errorf("%s: Describe = %+v, %v", tt.name, item, err)
			}
		}
	}
	if _, err := evidence.Describe(strings.NewReader("")); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("Describe of nothing = %v", err)
	}
	broken := errors.New("cable pulled")
	if _, err := evidence.Describe(io.MultiReader(bytes.NewReader(counting), iotest.ErrReader(broken))); !errors.Is(err, broken) || !strings.Contains(err.Error(), "byte 150000") {
		t.Errorf("Describe of a broken reader = %v", err)
	}
}

// TestClipProvesItself cuts any passage of any file and has it checked by
// somebody who holds only the record's item.
func TestClipProvesItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := film(rapid.IntRange(1, 10*evidence.ChunkBytes).Draw(t, "size"), 1)
		from := rapid.IntRange(0, len(data)-1).Draw(t, "from")
		till := rapid.IntRange(from+1, len(data)).Draw(t, "till")
		clip, item, err := evidence.ProveClip(bytes.NewReader(data), int64(from), int64(till))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := evidence.Describe(bytes.NewReader(data)); item != want {
			t.Fatalf("item = %+v, want %+v", item, want)
		}
		encoded := clip.Encode()
		got, err := evidence.DecodeClip(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Encode(), encoded) {
			t.Fatal("encoding differs after decoding")
		}
		if err := got.Check(item); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), data[from:till]) {
			t.Fatal("not the bytes of the passage")
		}
		levels := bits.Len64(uint64((len(data) - 1) / evidence.ChunkBytes))
		if over := len(encoded) - (till - from); over > 2*(evidence.ChunkBytes-1)+68*levels+150 {
			t.Fatalf("%d bytes beyond the passage", over)
		}
	})
}

func TestProveClipRefusesWhatIsNotThere(t *testing.T) {
	data := film(1000, 1)
	for _, tt := range [][2]int64{{-1, 5}, {5, 5}, {6, 5}, {0, 1001}, {1000, 1001}, {0, 1 << 62}} {
		if _, _, err := evidence.ProveClip(bytes.NewReader(data), tt[0], tt[1]); !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("ProveClip(%d, %d) = %v", tt[0], tt[1], err)
		}
	}
}

// TestClipOfAnythingElseIsRefused holds forged clips against the record's item.
func TestClipOfAnythingElseIsRefused(t *testing.T) {
	data := film(5*evidence.ChunkBytes+100, 1)
	from, till := int64(evidence.ChunkBytes+10), int64(3*evidence.ChunkBytes+20)
	honest, item, err := evidence.ProveClip(bytes.NewReader(data), from, till)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := evidence.ProveClip(bytes.NewReader(film(len(data), 2)), from, till)
	if err != nil {
		t.Fatal(err)
	}
	const chunk = evidence.ChunkBytes
	for _, tt := range []struct {
		name  string
		forge func(c *evidence.Clip, i *evidence.Item)
	}{
		{"a bit of the passage", func(c *evidence.Clip, _ *evidence.Item) { c.Shown[chunk+5] ^= 1 }},
		{"a bit beside the passage", func(c *evidence.Clip, _ *evidence.Item) { c.Shown[0] ^= 1 }},
		{"two chunks swapped", func(c *evidence.Clip, _ *evidence.Item) {
			c.Shown = slices.Concat(c.Shown[chunk:2*chunk], c.Shown[:chunk], c.Shown[2*chunk:])
		}},
		{"moved by a chunk", func(c *evidence.Clip, _ *evidence.Item) { c.From += chunk; c.Till += chunk }},
		{"moved to the end", func(c *evidence.Clip, _ *evidence.Item) { c.From += 2 * chunk; c.Till = 5*chunk + 50 }},
		{"a hash altered", func(c *evidence.Clip, _ *evidence.Item) { c.Path[1][3] ^= 1 }},
		{"a hash left out", func(c *evidence.Clip, _ *evidence.Item) { c.Path = c.Path[1:] }},
		{"a hash too many", func(c *evidence.Clip, _ *evidence.Item) { c.Path = append(c.Path, c.Path[0]) }},
		{"shows less", func(c *evidence.Clip, _ *evidence.Item) { c.Shown = c.Shown[:len(c.Shown)-1] }},
		{"shows more", func(c *evidence.Clip, _ *evidence.Item) { c.Shown = append(c.Shown, 0) }},
		{"another size in the clip", func(c *evidence.Clip, _ *evidence.Item) { c.Size++ }},
		{"another number of chunks", func(c *evidence.Clip, i *evidence.Item) { c.Size += 4 * chunk; i.SizeBytes += 4 * chunk }},
		{"another item", func(c *evidence.Clip, i *evidence.Item) { *i = other }},
		{"another item, renamed", func(c *evidence.Clip, i *evidence.Item) { *i = other; c.Item = other.Hash }},
		{"another format", func(c *evidence.Clip, _ *evidence.Item) { c.Format = "trucewatch/clip/v2" }},
		{"an item without a root", func(_ *evidence.Clip, i *evidence.Item) { i.Chunks = trucewatch.Hash{} }},
		{"beyond all numbers", func(c *evidence.Clip, i *evidence.Item) { c.Size = 1<<63 - 1; i.SizeBytes = c.Size }},
	} {
		c, i := honest, item
		c.Shown, c.Path = slices.Clone(c.Shown), slices.Clone(c.Path)
		tt.forge(&c, &i)
		if err := c.Check(i); !errors.Is(err, evidence.ErrCorrupt) && !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("%s: Check = %v", tt.name, err)
		}
	}
	if err := honest.Check(item); err != nil {
		t.Errorf("the honest one: %v", err)
	}
}

// FuzzDecodeClip: whatever is decoded is encoded to the same bytes, can be
// checked and read without harm, and is believed only if it is of the one item.
func FuzzDecodeClip(f *testing.F) {
	data := film(30, 1) // short: the fuzzer shortens what it finds, byte by byte
	clip, item, err := evidence.ProveClip(bytes.NewReader(data), 10, 20)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(clip.Encode())
	f.Add(clip.Encode()[:60])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := evidence.DecodeClip(b)
		if err != nil {
			if !errors.Is(err, trucewatch.ErrInvalid) {
				t.Errorf("kind of %v", err)
			}
			return
		}
		if !bytes.Equal(c.Encode(), b) {
			t.Error("two encodings of one clip")
		}
		if int64(len(c.Bytes())) != c.Till-c.From {
			t.Error("the passage has another length")
		}
		if c.Check(item) == nil && !bytes.Equal(c.Bytes(), data[c.From:c.Till]) {
			t.Error("a forged clip was believed")
		}
	})
}
