// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// progressive is a grey progressive JPEG of so many pixels a side: one scan for
// the mean of each block, and n more that say of all blocks that they have nothing
// else, in a few bytes each.
func progressive(side, n int) []byte {
	var b bytes.Buffer
	segment := func(marker byte, content ...byte) {
		b.Write([]byte{0xff, marker})
		b.Write(binary.BigEndian.AppendUint16(nil, uint16(len(content)+2)))
		b.Write(content)
	}
	// A table with one code, the bit 0, for one symbol.
	table := func(class, symbol byte) []byte {
		return append(append([]byte{class, 1}, make([]byte, 15)...), symbol)
	}
	b.WriteString(jpegBegin)
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	segment(0xc2, 8, byte(side>>8), byte(side), byte(side>>8), byte(side), 1, 1, 0x11, 0)
	segment(0xc4, table(0x00, 0)...)    // no difference from the block before
	segment(0xc4, table(0x10, 0xe0)...) // a run of 2^14 blocks and more without coefficients
	segment(jpegStartOfScan, 1, 1, 0x00, 0, 0, 0)
	blocks := (side / 8) * (side / 8)
	b.Write(make([]byte, (blocks+7)/8))
	for range n {
		segment(jpegStartOfScan, 1, 1, 0x00, 1, 63, 0)
		b.Write(make([]byte, (blocks>>14+1)*15/8+1))
	}
	b.Write([]byte{0xff, jpegEndOfImage})
	return b.Bytes()
}

// TestScansOfAPictureAreBounded: a small file cannot keep the decoder busy for
// hours; a progressive picture as programs write them is taken.
func TestScansOfAPictureAreBounded(t *testing.T) {
	for _, test := range []struct {
		side, more int
		want       error
	}{
		{64, 9, nil}, {512, 200, nil}, {4096, 64, trucewatch.ErrInvalid}, {4096, 20000, trucewatch.ErrInvalid}, {8192, 30, trucewatch.ErrInvalid},
	} {
		file := progressive(test.side, test.more)
		p, err := DescribeImage(bytes.NewReader(file))
		if !errors.Is(err, test.want) {
			t.Errorf("%d pixels a side, %d scans: %v, want %v", test.side, test.more+1, err, test.want)
		}
		if err == nil && p.Width != test.side {
			t.Errorf("%d pixels a side, described as %d", test.side, p.Width)
		}
	}
	if err := checkScans(progressive(4096, 63), 4096, 4096); err != nil {
		t.Errorf("as many scans as are allowed: %v", err)
	}
}

// TestScansAreCountedAsTheDecoderFindsThem: neither a picture within a picture nor
// rubbish between segments hides a scan or adds one.
func TestScansAreCountedAsTheDecoderFindsThem(t *testing.T) {
	var baseline bytes.Buffer
	if err := jpeg.Encode(&baseline, image.NewGray(image.Rect(0, 0, 40, 40)), nil); err != nil {
		t.Fatal(err)
	}
	plain := baseline.Bytes()
	thumbnail := append([]byte("Exif\x00\x00"), progressive(64, 5)...)
	exif := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(thumbnail)+2)), thumbnail...)
	whole := progressive(64, 5)
	for _, test := range []struct {
		name string
		file []byte
		want int64
	}{
		{"baseline", plain, 1},
		{"progressive", whole, 6},
		{"a thumbnail in it", append(append([]byte(jpegBegin), exif...), plain[2:]...), 1},
		{"filled up between segments", append(append([]byte(jpegBegin), 0xff, 0xff), whole[3:]...), 6},
		{"rubbish between segments", append([]byte(jpegBegin+"rubbish"), whole[2:]...), 6},
		{"cut off", whole[:len(whole)-2], 6},
		{"PNG", []byte(pngBegin + "\xff\xda"), 0},
		{"nothing", nil, 0},
	} {
		if got := scansOf(test.file); got != test.want {
			t.Errorf("%s: %d scans, want %d", test.name, got, test.want)
		}
	}
}
