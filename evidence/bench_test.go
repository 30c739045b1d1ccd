// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"image"
	"io"
	"runtime"
	"testing"

	"github.com/trucewatch/trucewatch/evidence"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// zeros is a reader of so many zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestMemoryDoesNotGrowWithTheItem reads 128 MiB and takes a fraction of it.
func TestMemoryDoesNotGrowWithTheItem(t *testing.T) {
	s, err := evidence.OpenStore(durable.OS{}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const size = 128 << 20
	for name, read := range map[string]func(io.Reader) (evidence.Item, error){"Describe": evidence.Describe, "Add": s.Add} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if item, err := read(io.LimitReader(zeros{}, size)); err != nil || item.SizeBytes != size {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("%s of %d bytes allocated %d", name, size, got)
		}
	}
}

func BenchmarkDescribe(b *testing.B) {
	const size = 64 << 20
	b.SetBytes(size)
	for b.Loop() {
		if _, err := evidence.Describe(io.LimitReader(zeros{}, size)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	s, err := evidence.OpenStore(durable.OS{}, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	const size = 64 << 20
	b.SetBytes(size)
	for i := byte(0); b.Loop(); i++ {
		item, err := s.Add(io.MultiReader(bytes.NewReader([]byte{i}), io.LimitReader(zeros{}, size)))
		if err == nil {
			err = s.Destroy(item.Hash)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckClip(b *testing.B) {
	clip, item, err := evidence.ProveClip(io.LimitReader(zeros{}, 64<<20), 10<<20, 11<<20)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(clip.Shown)))
	for b.Loop() {
		if err := clip.Check(item); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDescribeImage(b *testing.B) {
	photo := image.NewNRGBA(image.Rect(0, 0, 4000, 3000))
	for i := range photo.Pix {
		photo.Pix[i] = byte(i>>9) | 3
	}
	for name, file := range map[string][]byte{"jpeg": asJPEG(b, photo), "png": asPNG(b, photo)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := evidence.DescribeImage(bytes.NewReader(file)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
