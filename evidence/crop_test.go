// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
)

// noise is a picture that looks like nothing, with half of its pixels see-through.
func noise(width, height int, seed byte) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	copy(m.Pix, film(len(m.Pix), seed))
	return m
}

func asPNG(t interface{ Fatal(...any) }, m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t interface{ Fatal(...any) }, m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCropProvesItself cuts any rectangle of any picture and has it checked by
// somebody who holds only the hash from the record.
func TestCropProvesItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := noise(rapid.IntRange(1, 300).Draw(t, "width"), rapid.IntRange(1, 300).Draw(t, "height"), 3)
		size := whole.Bounds().Size()
		x, y := rapid.IntRange(0, size.X-1).Draw(t, "x"), rapid.IntRange(0, size.Y-1).Draw(t, "y")
		rectangle := image.Rect(x, y, rapid.IntRange(x+1, size.X).Draw(t, "right"), rapid.IntRange(y+1, size.Y).Draw(t, "bottom"))
		file := asPNG(t, whole)
		crop, err := evidence.ProveCrop(bytes.NewReader(file), rectangle)
		if err != nil {
			t.Fatal(err)
		}
		described, err := evidence.DescribeImage(bytes.NewReader(file))
		if err != nil || *described != crop.Pixels {
			t.Fatalf("described as %+v, %v, cropped from %+v", described, err, crop.Pixels)
		}
		encoded := crop.Encode()
		got, err := evidence.DecodeCrop(encoded)
		if err != nil || !bytes.Equal(got.Encode(), encoded) {
			t.Fatalf("decoding: %v", err)
		}
		if err := got.Check(described.Item().Hash); err != nil {
			t.Fatal(err)
		}
		shown := got.Image()
		if !got.Rectangle().Eq(rectangle) || !rectangle.In(shown.Rect) || !shown.Rect.Eq(got.Shown()) || shown.Rect.Dx() > rectangle.Dx()+2*63 || shown.Rect.Dy() > rectangle.Dy()+2*63 {
			t.Fatalf("%v asked for, %v shown", rectangle, shown.Rect)
		}
		for y := shown.Rect.Min.Y; y < shown.Rect.Max.Y; y++ {
			for x := shown.Rect.Min.X; x < shown.Rect.Max.X; x++ {
				if shown.NRGBAAt(x, y) != whole.NRGBAAt(x, y) {
					t.Fatalf("pixel %d,%d is %v, want %v", x, y, shown.NRGBAAt(x, y), whole.NRGBAAt(x, y))
				}
			}
		}
		rows := (got.Shown().Dy()-1)/64 + 1
		if over := len(encoded) - len(shown.Pix); over > 22*len(got.Tiles)+rows*5*68+300 {
			t.Fatalf("%d bytes beyond the pixels, %d tiles in %d rows", over, len(got.Tiles), rows)
		}
	})
}

func TestEveryKindOfPictureGivesItsPixels(t *testing.T) {
	whole := noise(130, 70, 4)
	opaque := image.NewRGBA(whole.Rect)
	gray, deep, pal := image.NewGray(whole.Rect), image.NewNRGBA64(whole.Rect), image.NewPaletted(whole.Rect, color.Palette{color.Black, color.White, color.NRGBA{200, 10, 10, 255}})
	for y := range 70 {
		for x := range 130 {
			opaque.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), uint8(x * y), 255})
			gray.Set(x, y, whole.At(x, y))
			deep.Set(x, y, whole.At(x, y))
			pal.SetColorIndex(x, y, uint8((x+y)%3))
		}
	}
	for _, tt := range []struct {
		name string
		file []byte
		want image.Image // nil: what the decoder says
	}{
		{"PNG without alpha", asPNG(t, opaque), opaque},
		{"gray PNG", asPNG(t, gray), gray},
		{"16 bit PNG", asPNG(t, deep), deep},
		{"palette PNG", asPNG(t, pal), pal},
		{"colour JPEG", asJPEG(t, whole), nil},
		{"gray JPEG", asJPEG(t, gray), nil},
	} {
		crop, err := evidence.ProveCrop(bytes.NewReader(tt.file), image.Rect(0, 0, 130, 70))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		want, kind := tt.want, "image/png"
		if want == nil {
			kind = "image/jpeg go"
			if want, err = jpeg.Decode(bytes.NewReader(tt.file)); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.HasPrefix(crop.Pixels.Decoder, kind) {
			t.Errorf("%s: decoder %q", tt.name, crop.Pixels.Decoder)
		}
		shown := crop.Image()
		for y := range 70 {
			for x := range 130 {
				if got, want := shown.NRGBAAt(x, y), color.NRGBAModel.Convert(want.At(x, y)); got != want {
					t.Fatalf("%s: pixel %d,%d is %v, want %v", tt.name, x, y, got, want)
				}
			}
		}
	}
}

// TestCropHidesTheRest changes what is hidden and finds nothing of it, not even
// the answer to a guess, in the crop.
func TestCropHidesTheRest(t *testing.T) {
	plain := image.NewNRGBA(image.Rect(0, 0, 192, 64)) // three tiles alike
	crop, err := evidence.ProveCrop(bytes.NewReader(asPNG(t, plain)), image.Rect(0, 0, 10, 10))
	if err != nil {
		t.Fatal(err)
	}
	if len(crop.Tiles) != 1 || len(crop.Path) != 2 || crop.Path[0] == crop.Path[1] {
		t.Errorf("%d tiles and hashes %v: tiles alike must not have hashes alike", len(crop.Tiles), crop.Path)
	}
	both, err := evidence.ProveCrop(bytes.NewReader(asPNG(t, plain)), image.Rect(0, 0, 128, 64))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(both.Tiles[0].Salt, both.Tiles[1].Salt) {
		t.Error("who is shown one tile knows the salt of all")
	}
	other := image.NewNRGBA(plain.Rect)
	other.SetNRGBA(191, 63, color.NRGBA{1, 1, 1, 255})
	second, err := evidence.ProveCrop(bytes.NewReader(asPNG(t, other)), image.Rect(0, 0, 10, 10))
	if err != nil {
		t.Fatal(err)
	}
	// The middle tile is the same in both. Its hash must not say so.
	if second.Path[0] == crop.Path[0] || bytes.Equal(second.Tiles[0].Salt, crop.Tiles[0].Salt) {
		t.Error("a hidden tile can be recognised from another picture")
	}
	if !bytes.Equal(second.Tiles[0].Pixels, crop.Tiles[0].Pixels) {
		t.Error("what is shown differs")
	}
}

// TestCropOfAnythingElseIsRefused holds forged crops against the record's hash.
func TestCropOfAnythingElseIsRefused(t *testing.T) {
	file := asPNG(t, noise(300, 200, 5))
	take := func(file []byte) (*evidence.Crop, trucewatch.Hash) {
		c, err := evidence.ProveCrop(bytes.NewReader(file), image.Rect(70, 10, 180, 100))
		if err != nil {
			t.Fatal(err)
		}
		return c, c.Pixels.Item().Hash
	}
	_, otherPicture := take(asPNG(t, noise(300, 200, 6)))
	for _, tt := range []struct {
		name  string
		forge func(c *evidence.Crop, h *trucewatch.Hash)
	}{
		{"a pixel", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Tiles[1].Pixels[77] ^= 1 }},
		{"a salt", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Tiles[1].Salt[0] ^= 1 }},
		{"two tiles swapped", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Tiles[0], c.Tiles[1] = c.Tiles[1], c.Tiles[0] }},
		{"moved", func(c *evidence.Crop, _ *trucewatch.Hash) { c.X += 64 }},
		{"out of the picture", func(c *evidence.Crop, _ *trucewatch.Hash) { c.X = 299 }},
		{"no area", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Width = 0 }},
		{"negative", func(c *evidence.Crop, _ *trucewatch.Hash) { c.X = -1 }},
		{"beyond all numbers", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Width = 1<<63 - 1 }},
		{"a tile left out", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Tiles = c.Tiles[1:] }},
		{"a hash altered", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Path[0][0] ^= 1 }},
		{"a hash left out", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Path = c.Path[1:] }},
		{"another width of the whole", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Pixels.Width = 310 }},
		{"another original", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Pixels.Original[0] ^= 1 }},
		{"another picture", func(_ *evidence.Crop, h *trucewatch.Hash) { *h = otherPicture }},
		{"another format", func(c *evidence.Crop, _ *trucewatch.Hash) { c.Format = "" }},
	} {
		c, hash := take(file)
		tt.forge(c, &hash)
		if err := c.Check(hash); !errors.Is(err, evidence.ErrCorrupt) && !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("%s: Check = %v", tt.name, err)
		}
	}
	// Even who may choose the hash cannot pass off another size of the whole.
	c, _ := take(file)
	c.Pixels.Height = 210
	if err := c.Check(c.Pixels.Item().Hash); err == nil {
		t.Error("tiles of a picture of another height passed")
	}
}

// announcing is a PNG that says it has so many pixels, and has none.
func announcing(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, 8, 6, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
}

// TestPictureThatUnpacksToTooMuchIsRefused: the refusal comes before any pixel
// is decoded, from a file of 33 bytes.
func TestPictureThatUnpacksToTooMuchIsRefused(t *testing.T) {
	for _, tt := range []struct{ width, height uint32 }{{60_000, 60_000}, {1<<31 - 1, 1}, {evidence.PixelsMax + 1, 1}, {8192, 8193}} {
		_, err := evidence.DescribeImage(bytes.NewReader(announcing(tt.width, tt.height)))
		if !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), "pixels") && !strings.Contains(err.Error(), "overflow") {
			t.Errorf("%d x %d: %v", tt.width, tt.height, err)
		}
	}
}

func TestDescribeImageRefusesWhatIsNoPicture(t *testing.T) {
	good := asPNG(t, noise(20, 20, 1))
	for name, file := range map[string][]byte{
		"nothing": {}, "text": []byte("not a picture"), "cut PNG": good[:len(good)-20], "JPEG without pixels": []byte("\xff\xd8\xff\xd9"),
		"damaged PNG": slices.Concat(good[:50], []byte{good[50] ^ 1}, good[51:]),
	} {
		if p, err := evidence.DescribeImage(bytes.NewReader(file)); !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if _, err := evidence.ProveCrop(bytes.NewReader(good), image.Rect(0, 0, 21, 20)); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("a rectangle that is not in the picture: %v", err)
	}
	wide := asPNG(t, image.NewGray(image.Rect(0, 0, 64*2049, 1)))
	if _, err := evidence.ProveCrop(bytes.NewReader(wide), image.Rect(0, 0, 64*2049, 1)); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("a tile too many: %v", err)
	}
	if _, err := evidence.ProveCrop(bytes.NewReader(wide), image.Rect(64, 0, 64*2049, 1)); err != nil {
		t.Errorf("as many tiles as may be: %v", err)
	}
}

// TestDescriptionIsAnItem: a working copy's bytes, put into a store, are the item
// that crops are checked against.
func TestDescriptionIsAnItem(t *testing.T) {
	p, err := evidence.DescribeImage(bytes.NewReader(asPNG(t, noise(20, 20, 1))))
	if err != nil {
		t.Fatal(err)
	}
	item, err := evidence.Describe(bytes.NewReader(p.Encode()))
	if err != nil || item != p.Item() {
		t.Errorf("described as %+v, %v, want %+v", item, err, p.Item())
	}
}

func FuzzDecodePixels(f *testing.F) {
	p, err := evidence.DescribeImage(bytes.NewReader(asPNG(f, noise(2, 2, 1))))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := evidence.DecodePixels(b)
		if err == nil && !bytes.Equal(p.Encode(), b) {
			t.Error("two encodings of one description")
		}
		if err != nil && !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("kind of %v", err)
		}
	})
}

func FuzzDecodeCrop(f *testing.F) {
	whole := noise(66, 1, 1)
	crop, err := evidence.ProveCrop(bytes.NewReader(asPNG(f, whole)), image.Rect(65, 0, 66, 1)) // a narrow tile: the fuzzer shortens what it finds, byte by byte
	if err != nil {
		f.Fatal(err)
	}
	item := crop.Pixels.Item().Hash
	f.Add(crop.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := evidence.DecodeCrop(b)
		if err != nil {
			if !errors.Is(err, trucewatch.ErrInvalid) {
				t.Errorf("kind of %v", err)
			}
			return
		}
		if !bytes.Equal(c.Encode(), b) {
			t.Error("two encodings of one crop")
		}
		m := c.Image()
		if c.Check(item) == nil && m.NRGBAAt(c.X, c.Y) != whole.NRGBAAt(c.X, c.Y) {
			t.Error("a forged crop was believed")
		}
	})
}

// FuzzDescribeImage: no file makes the decoders panic or lets the dimensions lie.
func FuzzDescribeImage(f *testing.F) {
	f.Add(asPNG(f, noise(2, 2, 1)))
	f.Add(asJPEG(f, noise(2, 2, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := evidence.DescribeImage(bytes.NewReader(b))
		if err != nil && !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("kind of %v", err)
		}
		if err == nil {
			if _, err := evidence.DecodePixels(p.Encode()); err != nil {
				t.Error(err)
			}
		}
	})
}
