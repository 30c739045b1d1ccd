// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
)

type evidenceCommand struct {
	Add       evidenceAddCommand       `cmd:"" help:"Keep a file as evidence and record its acquisition."`
	Copy      evidenceCopyCommand      `cmd:"" help:"Make a working copy of an item, of the same bytes or of others that were made from it."`
	Read      evidenceReadCommand      `cmd:"" help:"Write out an item; that a restricted one was read is recorded first."`
	Deed      evidenceDeedCommand      `cmd:"" help:"Record what was done with an item: transferred, returned, sealed, destroyed."`
	Chain     evidenceChainCommand     `cmd:"" help:"Print chains of custody and check what is kept. Exit code 2 if something is wrong."`
	Describe  evidenceDescribeCommand  `cmd:"" help:"Say what identifies a file: its hash, size and the roots by which its parts are proven."`
	Clip      evidenceClipCommand      `cmd:"" help:"Cut a passage of bytes out of a file, with the proof that it stands there."`
	CheckClip evidenceCheckClipCommand `cmd:"" help:"Check a passage and its proof without the file. Exit code 2 if it is not sound."`
	Crop      evidenceCropCommand      `cmd:"" help:"Cut a rectangle out of a picture (PNG or JPEG), with the proof that it stands there."`
	CheckCrop evidenceCheckCropCommand `cmd:"" help:"Check a rectangle and its proof without the picture. Exit code 2 if it is not sound."`
}

type evidenceDescribeCommand struct {
	File string `arg:"" help:"Any file. Of a picture (PNG or JPEG), its pixels are described too."`
}

func (c *evidenceDescribeCommand) Run(t terminal) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // Read only: nothing can be lost.
	item, err := evidence.Describe(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	fmt.Fprintf(t.out, "item    %v\nchunks  %v\nsize    %d bytes\n", item.Hash, item.Chunks, item.SizeBytes)
	begin := make([]byte, 8)
	n, err := f.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !evidence.IsPicture(begin[:n]) {
		return nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	pixels, err := evidence.DescribeImage(f)
	if err != nil {
		// A file may be evidence and no sound picture.
		fmt.Fprintf(t.err, "trucewatch: %s: no rectangle of it can be proven: %v\n", c.File, err)
		return nil
	}
	fmt.Fprintf(t.out, "pixels  %v\n        %d x %d, as decoded by %s\n", pixels.Item().Hash, pixels.Width, pixels.Height, pixels.Decoder)
	return nil
}

type evidenceClipCommand struct {
	File string `arg:"" help:"File."`
	From int64  `required:"" help:"First byte of the passage, counted from 0." placeholder:"BYTE"`
	Till int64  `required:"" help:"Byte behind the last one of the passage." placeholder:"BYTE"`
	Out  string `short:"o" required:"" help:"File for passage and proof." placeholder:"PROOF"`
}

func (c *evidenceClipCommand) Run(t terminal) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // Read only: nothing can be lost.
	clip, item, err := evidence.ProveClip(f, c.From, c.Till)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if err := writeOut(c.Out, clip.Encode()); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s proves %d bytes of item %v.\nIt shows %d bytes in all: whole chunks, some beyond both ends. Look at them before you give it away.\n",
		c.Out, c.Till-c.From, item.Hash, len(clip.Shown))
	return nil
}

type evidenceCheckClipCommand struct {
	Proof  string          `arg:"" help:"File with passage and proof."`
	Item   trucewatch.Hash `required:"" help:"Hash of the whole, from the record's custody entry." placeholder:"HASH"`
	Chunks trucewatch.Hash `required:"" help:"Root over its chunks, from there." placeholder:"ROOT"`
	Size   int64           `required:"" help:"Its size, from there." placeholder:"BYTES"`
	Out    string          `short:"o" help:"File for the passage; written only if it is proven." placeholder:"FILE"`
}

func (c *evidenceCheckClipCommand) Run(t terminal) error {
	proof, err := readProof(c.Proof)
	if err != nil {
		return err
	}
	clip, err := evidence.DecodeClip(proof)
	if err == nil {
		err = clip.Check(evidence.Item{Hash: c.Item, Chunks: c.Chunks, SizeBytes: c.Size})
	}
	if err != nil {
		fmt.Fprintf(t.err, "trucewatch: %s: %v\n", c.Proof, err)
		return errFound
	}
	if c.Out != "" {
		if err := writeOut(c.Out, clip.Bytes()); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.out, "%s is sound: bytes %d to %d of item %v stand there as given.\n", c.Proof, clip.From, clip.Till-1, c.Item)
	return nil
}

// proofMaxBytes is more than any proof has.
const proofMaxBytes = evidence.ClipMaxBytes + 1<<20

// readProof reads a file, as far as a proof could be long.
func readProof(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // Read only: nothing can be lost.
	return io.ReadAll(io.LimitReader(f, proofMaxBytes))
}

type evidenceCropCommand struct {
	Image string `arg:"" help:"Picture, PNG or JPEG."`
	Rect  string `required:"" help:"Left edge, upper edge, width and height, in pixels of the picture as it is stored." placeholder:"X,Y,W,H"`
	Out   string `short:"o" required:"" help:"File for rectangle and proof." placeholder:"PROOF"`
}

func (c *evidenceCropCommand) Run(t terminal) error {
	rectangle, err := parseRectangle(c.Rect)
	if err != nil {
		return err
	}
	f, err := os.Open(c.Image)
	if err != nil {
		return err
	}
	defer f.Close() // Read only: nothing can be lost.
	crop, err := evidence.ProveCrop(f, rectangle)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Image, err)
	}
	if err := writeOut(c.Out, crop.Encode()); err != nil {
		return err
	}
	s := crop.Shown()
	fmt.Fprintf(t.out, "%s proves %d x %d pixels of the picture described by %v.\nIt shows %d x %d pixels at %d,%d: whole tiles. Look at them before you give it away (evidence check-crop -o).\n",
		c.Out, crop.Width, crop.Height, crop.Pixels.Item().Hash, s.Dx(), s.Dy(), s.Min.X, s.Min.Y)
	return nil
}

// parseRectangle reads "x,y,width,height".
func parseRectangle(text string) (image.Rectangle, error) {
	var n [4]int
	parts := strings.Split(text, ",")
	for i := range n {
		var err error
		if len(parts) == len(n) {
			n[i], err = strconv.Atoi(strings.TrimSpace(parts[i]))
		}
		if len(parts) != len(n) || err != nil || n[i] < 0 || n[i] > evidence.PixelsMax {
			return image.Rectangle{}, fmt.Errorf("rectangle %q: not X,Y,W,H in whole pixels, such as 128,64,200,100", text)
		}
	}
	return image.Rectangle{Min: image.Pt(n[0], n[1]), Max: image.Pt(n[0]+n[2], n[1]+n[3])}, nil
}

type evidenceCheckCropCommand struct {
	Proof string          `arg:"" help:"File with rectangle and proof."`
	Item  trucewatch.Hash `required:"" help:"Hash of the description of the picture's pixels, from the record's custody entry." placeholder:"HASH"`
	Out   string          `short:"o" help:"PNG file for all that the proof shows; written only if it is proven." placeholder:"FILE"`
}

func (c *evidenceCheckCropCommand) Run(t terminal) error {
	proof, err := readProof(c.Proof)
	if err != nil {
		return err
	}
	crop, err := evidence.DecodeCrop(proof)
	if err == nil {
		err = crop.Check(c.Item)
	}
	if err != nil {
		fmt.Fprintf(t.err, "trucewatch: %s: %v\n", c.Proof, err)
		return errFound
	}
	if c.Out != "" {
		var picture bytes.Buffer
		if err := png.Encode(&picture, crop.Image()); err != nil {
			return err
		}
		if err := writeOut(c.Out, picture.Bytes()); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.out, "%s is sound: %d x %d pixels at %d,%d of picture %v stand there as given.\n",
		c.Proof, crop.Width, crop.Height, crop.X, crop.Y, crop.Pixels.Original)
	return nil
}
