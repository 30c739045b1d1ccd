// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"image"
	"io"

	"github.com/trucewatch/trucewatch"
)

// CropTilesMax is how many tiles a crop shows at most, 8 million pixels of 4
// bytes; what is larger is handed over as a copy of the whole.
//
// Guess: a screen of 4 million pixels twice over. Test: crops refused.
const CropTilesMax = 2048

const cropFormat = "trucewatch/crop/v1"

// A Crop is a rectangle of a picture with the proof that it stands there in the
// picture, pixel for pixel; the rest stays hidden. It shows whole tiles, which
// reach up to 63 pixels beyond the rectangle: see Shown before it is given away.
// Beyond those pixels it takes 18 bytes a tile, at most 68 bytes for each row of
// tiles and level of the tree, and 300 bytes.
type Crop struct {
	Format string            `cbor:"0,keyasint"` // cropFormat
	Pixels Pixels            `cbor:"1,keyasint"` // of the whole
	X      int               `cbor:"2,keyasint"` // left edge of the rectangle, pixels from the left
	Y      int               `cbor:"3,keyasint"` // upper edge, pixels from above
	Width  int               `cbor:"4,keyasint"` // pixels
	Height int               `cbor:"5,keyasint"` // pixels
	Tiles  []Tile            `cbor:"6,keyasint"` // that hold a part of the rectangle, row by row
	Path   []trucewatch.Hash `cbor:"7,keyasint"` // roots of the hidden subtrees, from left to right
}

// A Tile is a tile that is shown.
type Tile struct {
	_      struct{} `cbor:",toarray"`
	Salt   []byte   // of its hash
	Pixels []byte   // row by row: red, green, blue, alpha, not premultiplied
}

// ProveCrop reads a picture as DescribeImage does and returns a rectangle of it,
// in pixels from the upper left corner, with its proof. A rectangle that is not in
// the picture, or in more than CropTilesMax tiles, is ErrInvalid.
func ProveCrop(r io.Reader, rectangle image.Rectangle) (*Crop, error) {
	p, err := decodePicture(r)
	if err != nil {
		return nil, err
	}
	c := &Crop{Format: cropFormat, Pixels: p.Pixels, X: rectangle.Min.X, Y: rectangle.Min.Y, Width: rectangle.Dx(), Height: rectangle.Dy()}
	if err := c.checkRectangle(); err != nil {
		return nil, err
	}
	leaves := p.leaves()
	c.Pixels.Root = rootOf(leaves)
	for _, index := range c.tileIndexes() {
		c.Tiles = append(c.Tiles, Tile{Salt: p.salt(index), Pixels: p.appendTile(nil, index)})
	}
	c.Path = hiddenRoots(leaves, c.shows)
	return c, nil
}

// Rectangle is what was asked for.
func (c *Crop) Rectangle() image.Rectangle {
	return image.Rect(c.X, c.Y, c.X+c.Width, c.Y+c.Height)
}

// Shown is what the crop shows: the rectangle, out to the edges of its tiles.
func (c *Crop) Shown() image.Rectangle {
	t := c.tileRange()
	return image.Rect(t.Min.X*TilePixels, t.Min.Y*TilePixels, min(t.Max.X*TilePixels, c.Pixels.Width), min(t.Max.Y*TilePixels, c.Pixels.Height))
}

// tileRange is the columns and rows of tiles that hold a part of the rectangle.
func (c *Crop) tileRange() image.Rectangle {
	return image.Rect(c.X/TilePixels, c.Y/TilePixels, (c.X+c.Width-1)/TilePixels+1, (c.Y+c.Height-1)/TilePixels+1)
}

func (c *Crop) tileIndexes() []int {
	var indexes []int
	t := c.tileRange()
	for row := t.Min.Y; row < t.Max.Y; row++ {
		for column := t.Min.X; column < t.Max.X; column++ {
			indexes = append(indexes, row*c.Pixels.columns()+column)
		}
	}
	return indexes
}

// shows says whether a tile from lo up to, but not with, hi is shown.
func (c *Crop) shows(lo, hi int64) bool {
	t, columns := c.tileRange(), c.Pixels.columns()
	for row := max(t.Min.Y, int(lo)/columns); row < t.Max.Y && row*columns < int(hi); row++ {
		if row*columns+t.Min.X < int(hi) && int(lo) < row*columns+t.Max.X {
			return true
		}
	}
	return false
}

// Image is the pixels of Shown, at their place in the whole. It means nothing
// before Check.
func (c *Crop) Image() *image.NRGBA {
	out := image.NewNRGBA(c.Shown())
	for i, index := range c.tileIndexes() {
		b := c.Pixels.tileBounds(index)
		row := b.Dx() * pixelBytes
		for y := range b.Dy() {
			copy(out.Pix[out.PixOffset(b.Min.X, b.Min.Y+y):], c.Tiles[i].Pixels[y*row:(y+1)*row])
		}
	}
	return out
}

// Check returns an error unless the crop is what it says of the picture whose
// description has the given hash, which is taken from the record: the Item of
// the custody entry that records the description as derived. Other pixels, another
// place or another picture are ErrCorrupt; what is no crop is ErrInvalid.
func (c *Crop) Check(pixels trucewatch.Hash) error {
	if err := c.wellFormed(); err != nil {
		return err
	}
	if c.Pixels.Item().Hash != pixels {
		return fmt.Errorf("crop: %w: it is of the picture described by %v, not by %v", ErrCorrupt, c.Pixels.Item().Hash, pixels)
	}
	next := 0 // rootFrom asks for the shown leaves in order
	root, err := rootFrom(int64(c.Pixels.columns()*c.Pixels.rows()), c.shows, func(index int64) trucewatch.Hash {
		tile := c.Tiles[next]
		next++
		return c.Pixels.tileLeaf(int(index), tile.Salt, tile.Pixels)
	}, c.Path)
	if err != nil {
		return fmt.Errorf("crop: %w", err)
	}
	if root != c.Pixels.Root {
		return fmt.Errorf("crop: %w: these pixels are not those of picture %v at %v", ErrCorrupt, c.Pixels.Original, c.Rectangle())
	}
	return nil
}

func (c *Crop) checkRectangle() error {
	p := &c.Pixels
	if c.X < 0 || c.Y < 0 || c.Width < 1 || c.Height < 1 || c.X > p.Width || c.Y > p.Height || c.Width > p.Width-c.X || c.Height > p.Height-c.Y {
		return fmt.Errorf("crop: %w: %d x %d pixels at %d,%d of a picture of %d x %d", trucewatch.ErrInvalid, c.Width, c.Height, c.X, c.Y, p.Width, p.Height)
	}
	if t := c.tileRange(); int64(t.Dx())*int64(t.Dy()) > CropTilesMax {
		return fmt.Errorf("crop: %w: %d x %d tiles, together more than %d", trucewatch.ErrInvalid, t.Dx(), t.Dy(), CropTilesMax)
	}
	return nil
}

// wellFormed refuses a crop whose parts do not fit each other, so that Image and
// Check cannot reach outside of its tiles.
func (c *Crop) wellFormed() error {
	if c.Format != cropFormat {
		return fmt.Errorf("crop: %w: its format is not %s", trucewatch.ErrInvalid, cropFormat)
	}
	if err := c.Pixels.check(); err != nil {
		return fmt.Errorf("crop: %w", err)
	}
	if err := c.checkRectangle(); err != nil {
		return err
	}
	indexes := c.tileIndexes()
	if len(c.Tiles) != len(indexes) {
		return fmt.Errorf("crop: %w: %d tiles where the rectangle has %d", trucewatch.ErrInvalid, len(c.Tiles), len(indexes))
	}
	for i, index := range indexes {
		b := c.Pixels.tileBounds(index)
		if len(c.Tiles[i].Salt) != saltBytes || len(c.Tiles[i].Pixels) != b.Dx()*b.Dy()*pixelBytes {
			return fmt.Errorf("crop: %w: tile %d has a salt of %d bytes and pixels of %d", trucewatch.ErrInvalid, index, len(c.Tiles[i].Salt), len(c.Tiles[i].Pixels))
		}
	}
	return nil
}

// Encode writes the crop as deterministic CBOR.
func (c *Crop) Encode() []byte { return trucewatch.Encode(c) }

// cropEncodedMax is more than the encoding of any crop takes: its tiles, and as
// many hashes as trucewatch.Decode lets into a list.
const cropEncodedMax = CropTilesMax*(TilePixels*TilePixels*pixelBytes+32) + 34<<16 + 1024

// DecodeCrop reads what Encode wrote and nothing else (ErrInvalid). It does not
// prove anything: that is for Check.
func DecodeCrop(b []byte) (*Crop, error) {
	c := new(Crop)
	if len(b) > cropEncodedMax {
		return nil, fmt.Errorf("crop: %w: %d bytes, more than %d", trucewatch.ErrInvalid, len(b), cropEncodedMax)
	}
	if err := trucewatch.Decode(b, c); err != nil {
		return nil, fmt.Errorf("crop: %w", err)
	}
	if err := c.wellFormed(); err != nil {
		return nil, err
	}
	return c, nil
}
