// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"

	"github.com/trucewatch/trucewatch"
)

// TilePixels is the side of a tile; those at the right and lower edge may be
// narrower or lower.
//
// Guess: 64, so that a face beside what a crop shows is mostly in another tile.
// Test: crops that showed more than was wanted.
const TilePixels = 64

// Limits of a picture, against files that are small and unpack to more memory
// than there is.
const (
	// ImageMaxBytes is the longest file. Guess: PNG of 30 million pixels. Test: files refused.
	ImageMaxBytes = 128 << 20
	// PixelsMax is the most pixels. Guess: twice the largest camera in a patrol's
	// phone at its usual setting; 8 bytes each while decoding PNG. Test: files refused.
	PixelsMax = 64 << 20
	// pixelScansMax is the most pixels times scans of a JPEG. A progressive one comes
	// in scans, each of which passes over all its blocks and may take a few bytes: a
	// file of 1 MB could keep a processor busy for hours.
	// Guess: 16 scans of PixelsMax; programs write 10. Test: files refused.
	pixelScansMax = 16 * PixelsMax
)

// PixelsMediaType is that of an encoded Pixels.
const PixelsMediaType = "application/vnd.trucewatch.pixels+cbor"

const (
	pixelsFormat    = "trucewatch/pixels/v1"
	tileContext     = "trucewatch/tile/v1\x00"
	saltContext     = "trucewatch/tile-salt/v1\x00"
	saltSeedContext = "trucewatch/tile-salt-seed/v1\x00"
	saltBytes       = 16
	pixelBytes      = 4 // red, green, blue, alpha, 8 bits each, not premultiplied
)

// Pixels describes an original picture so that any rectangle of it can be shown
// and proven without the rest. It is a working copy: its encoding is an item of
// its own, which a custody entry records as derived from the original. The entry
// commits to the encoding, the encoding to every pixel.
//
// Each tile's hash has a salt, so that nobody can try what a hidden tile may
// show, such as a number plate. The salts derive from the original's bytes:
// whoever has the original can check the whole, and nobody else knows a salt that
// was not shown.
//
// Pixels are as the file stores them: no rotation (EXIF), no colour profile, 8
// bits a channel. A PNG gives the same pixels in every decoder; a JPEG differs by
// a step of brightness here and there, so Decoder names the one that was used,
// and only that one gives this root again. A crop is checked without decoding.
type Pixels struct {
	Format   string          `cbor:"0,keyasint"` // pixelsFormat
	Original trucewatch.Hash `cbor:"1,keyasint"` // SHA-256 of the file
	Decoder  string          `cbor:"2,keyasint"` // "image/png", or "image/jpeg go1.26.8"
	Width    int             `cbor:"3,keyasint"` // pixels
	Height   int             `cbor:"4,keyasint"` // pixels
	Root     trucewatch.Hash `cbor:"5,keyasint"` // of the tree over the tiles, row by row
}

// Encode writes the description as deterministic CBOR: the bytes of the working
// copy, for Store.Add.
func (p *Pixels) Encode() []byte { return trucewatch.Encode(p) }

// Item is the description as an item, for the custody entry and for Crop.Check.
func (p *Pixels) Item() Item {
	b := p.Encode()
	return Item{Hash: sha256.Sum256(b), Chunks: chunkLeaf(0, b), SizeBytes: int64(len(b))}
}

// DecodePixels reads what Encode wrote and nothing else (ErrInvalid).
func DecodePixels(b []byte) (*Pixels, error) {
	p := new(Pixels)
	if err := trucewatch.Decode(b, p); err != nil {
		return nil, fmt.Errorf("pixels: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Pixels) check() error {
	if p.Format != pixelsFormat || len(p.Decoder) > decoderMaxBytes {
		return fmt.Errorf("pixels: %w: the format is not %s, or the decoder's name is too long", trucewatch.ErrInvalid, pixelsFormat)
	}
	return checkDimensions(p.Width, p.Height)
}

// decoderMaxBytes bounds the name of a decoder.
const decoderMaxBytes = 64

func checkDimensions(width, height int) error {
	if width < 1 || height < 1 || width > PixelsMax || height > PixelsMax || int64(width)*int64(height) > PixelsMax {
		return fmt.Errorf("picture: %w: %d x %d pixels, not 1 to %d", trucewatch.ErrInvalid, width, height, PixelsMax)
	}
	return nil
}

// A picture is a decoded original.
type picture struct {
	Pixels
	image image.Image
	seed  [sha256.Size]byte // of the tiles' salts
}

// How files begin. Source: PNG, section 5.2; JPEG (ITU-T T.81), table B.1, SOI.
const (
	pngBegin  = "\x89PNG\r\n\x1a\n"
	jpegBegin = "\xff\xd8"
)

// IsPicture says whether a file that begins with these bytes, 8 at least, calls
// itself one that DescribeImage reads.
func IsPicture(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte(pngBegin)) || bytes.HasPrefix(begin, []byte(jpegBegin))
}

// DescribeImage reads a PNG or JPEG and describes its pixels. Another format, a
// damaged file, one of more than ImageMaxBytes, or one that announces more than
// PixelsMax pixels, or has more scans than any camera writes, is ErrInvalid; this
// is read before anything is unpacked.
func DescribeImage(r io.Reader) (*Pixels, error) {
	p, err := decodePicture(r)
	if err != nil {
		return nil, err
	}
	p.Root = rootOf(p.leaves())
	return &p.Pixels, nil
}

func decodePicture(r io.Reader) (*picture, error) {
	file, err := io.ReadAll(io.LimitReader(r, ImageMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("picture: read: %w", err)
	}
	if len(file) > ImageMaxBytes {
		return nil, fmt.Errorf("picture: %w: more than %d bytes", trucewatch.ErrInvalid, ImageMaxBytes)
	}
	var announced image.Config
	var decode func(io.Reader) (image.Image, error)
	decoder := ""
	switch {
	case bytes.HasPrefix(file, []byte(pngBegin)):
		decoder, decode = "image/png", png.Decode
		announced, err = png.DecodeConfig(bytes.NewReader(file))
	case bytes.HasPrefix(file, []byte(jpegBegin)):
		decoder, decode = "image/jpeg "+trucewatch.CutText(runtime.Version(), 40), jpeg.Decode
		announced, err = jpeg.DecodeConfig(bytes.NewReader(file))
	default:
		return nil, fmt.Errorf("picture: %w: neither PNG nor JPEG", trucewatch.ErrInvalid)
	}
	if err != nil {
		return nil, fmt.Errorf("picture: %w: %v", trucewatch.ErrInvalid, err)
	}
	if err := checkDimensions(announced.Width, announced.Height); err != nil {
		return nil, err
	}
	if err := checkScans(file, announced.Width, announced.Height); err != nil {
		return nil, err
	}
	decoded, err := decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("picture: %w: %v", trucewatch.ErrInvalid, err)
	}
	if size := decoded.Bounds().Size(); size.X != announced.Width || size.Y != announced.Height {
		return nil, fmt.Errorf("picture: %w: announces %d x %d pixels and has %d x %d", trucewatch.ErrInvalid, announced.Width, announced.Height, size.X, size.Y)
	}
	p := &picture{image: decoded, Pixels: Pixels{Format: pixelsFormat, Original: sha256.Sum256(file), Decoder: decoder,
		Width: announced.Width, Height: announced.Height}}
	seed := sha256.New()
	seed.Write([]byte(saltSeedContext))
	seed.Write(file)
	seed.Sum(p.seed[:0])
	return p, nil
}

// Markers of JPEG. Source: ITU-T T.81, table B.1.
const (
	jpegRestart0    = 0xd0
	jpegRestart7    = 0xd7
	jpegEndOfImage  = 0xd9
	jpegStartOfScan = 0xda
)

// checkScans refuses a JPEG whose scans take longer than its size makes one
// expect; other files have none.
func checkScans(file []byte, width, height int) error {
	const unit = 32 // no block group of a JPEG is larger, and none is left out
	pixels := int64((width+unit-1)/unit*unit) * int64((height+unit-1)/unit*unit)
	if n := scansOf(file); pixels*n > max(pixelScansMax, pixels) {
		return fmt.Errorf("picture: %w: %d scans of %d x %d pixels; more than %d pixels in all scans", trucewatch.ErrInvalid, n, width, height, int64(pixelScansMax))
	}
	return nil
}

// scansOf counts the scans that image/jpeg would find in a file, or some more,
// without decoding; 0 for a file that is no JPEG.
func scansOf(file []byte) int64 {
	if !bytes.HasPrefix(file, []byte(jpegBegin)) {
		return 0
	}
	n := int64(0)
	for rest := file[len(jpegBegin):]; ; {
		at := bytes.IndexByte(rest, 0xff) // what stands before belongs to a scan, or to nothing
		if at < 0 {
			return n
		}
		for rest = rest[at:]; len(rest) > 0 && rest[0] == 0xff; rest = rest[1:] {
		}
		if len(rest) < 3 || rest[0] == jpegEndOfImage {
			return n
		}
		marker := rest[0]
		if marker == 0 || marker >= jpegRestart0 && marker <= jpegRestart7 {
			rest = rest[1:]
			continue
		}
		if marker == jpegStartOfScan {
			n++
		}
		size := 1 + int(binary.BigEndian.Uint16(rest[1:]))
		if size > len(rest) {
			return n
		}
		rest = rest[size:]
	}
}

// columns and rows of tiles.
func (p *Pixels) columns() int { return (p.Width-1)/TilePixels + 1 }
func (p *Pixels) rows() int    { return (p.Height-1)/TilePixels + 1 }

// tileBounds is where a tile lies; tiles are counted row by row.
func (p *Pixels) tileBounds(index int) image.Rectangle {
	x, y := index%p.columns()*TilePixels, index/p.columns()*TilePixels
	return image.Rect(x, y, min(x+TilePixels, p.Width), min(y+TilePixels, p.Height))
}

// tileLeaf is the hash of a tile with its salt and its place in a picture of
// these dimensions.
func (p *Pixels) tileLeaf(index int, salt, pixels []byte) trucewatch.Hash {
	var place []byte
	for _, n := range []int{index, p.Width, p.Height} {
		place = binary.BigEndian.AppendUint32(place, uint32(n))
	}
	return leafHash([]byte(tileContext), salt, place, pixels)
}

// salt of a tile.
func (p *picture) salt(index int) []byte {
	h := sha256.New()
	h.Write([]byte(saltContext))
	h.Write(p.seed[:])
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(index)))
	return h.Sum(nil)[:saltBytes]
}

func (p *picture) leaves() []trucewatch.Hash {
	leaves := make([]trucewatch.Hash, p.columns()*p.rows())
	var pixels []byte
	for i := range leaves {
		pixels = p.appendTile(pixels[:0], i)
		leaves[i] = p.tileLeaf(i, p.salt(i), pixels)
	}
	return leaves
}

// appendTile appends a tile's pixels, row by row.
func (p *picture) appendTile(to []byte, index int) []byte {
	b := p.tileBounds(index).Add(p.image.Bounds().Min)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := pixelAt(p.image, x, y)
			to = append(to, c.R, c.G, c.B, c.A)
		}
	}
	return to
}

// pixelAt is color.NRGBAModel's pixel. The usual kinds come first, as the other
// way makes a new object for each pixel: colour JPEG, PNG with and without alpha.
func pixelAt(m image.Image, x, y int) color.NRGBA {
	switch m := m.(type) {
	case *image.YCbCr:
		c := m.YCbCrAt(x, y)
		red, green, blue := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
		return color.NRGBA{R: red, G: green, B: blue, A: 0xff}
	case *image.NRGBA:
		return m.NRGBAAt(x, y)
	case *image.RGBA:
		if c := m.RGBAAt(x, y); c.A == 0xff {
			return color.NRGBA(c)
		}
	}
	return color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
}
