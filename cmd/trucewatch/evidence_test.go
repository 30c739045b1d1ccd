// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trucewatch/trucewatch/evidence"
)

// cmdPicture writes a PNG and puts the hash of its description into a variable;
// one without pixels is only the beginning of a file:
//
//	picture scene.png 200 150 PIXELS
func cmdPicture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: picture FILE WIDTH HEIGHT VARIABLE")
	}
	width, err := strconv.Atoi(args[1])
	ts.Check(err)
	height, err := strconv.Atoi(args[2])
	ts.Check(err)
	var file bytes.Buffer
	if width == 0 {
		file.WriteString("\x89PNG\r\n\x1a\n")
	} else {
		m := image.NewNRGBA(image.Rect(0, 0, width, height))
		for y := range height {
			for x := range width {
				m.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x * y), 255})
			}
		}
		ts.Check(png.Encode(&file, m))
		pixels, err := evidence.DescribeImage(bytes.NewReader(file.Bytes()))
		ts.Check(err)
		ts.Setenv(args[3], pixels.Item().Hash.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file.Bytes(), 0o600))
}
