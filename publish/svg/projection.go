// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A frame projects degrees to pixels of a drawing, by Mercator on the sphere.
type frame struct {
	width, height            float64
	west, south, east, north float64 // degrees, after fitting to the drawing's shape
	x0, y0, scale            float64 // pixels = (mercator - x0) * scale
}

// latitudeMax is where Mercator's square ends.
const latitudeMax = 85.0

func mercator(lat float64) float64 {
	lat = math.Max(-latitudeMax, math.Min(latitudeMax, lat))
	return math.Log(math.Tan(math.Pi/4+lat*math.Pi/360)) * 180 / math.Pi
}

func inverse(y float64) float64 {
	return (2*math.Atan(math.Exp(y*math.Pi/180)) - math.Pi/2) * 180 / math.Pi
}

// fit returns the frame that shows the whole of a box, widened to the shape of
// the drawing.
func fit(west, south, east, north, width, height float64) frame {
	// Guess: a quarter of a kilometre is the smallest view that still helps.
	// Test: incident pages of point-like observations.
	const spanMin = 0.0025
	grow := func(low, high float64) (float64, float64) {
		if high-low < spanMin {
			mid := (low + high) / 2
			return mid - spanMin/2, mid + spanMin/2
		}
		return low, high
	}
	west, east = grow(west, east)
	bottom, top := grow(mercator(south), mercator(north))
	scale := math.Min(width/(east-west), height/(top-bottom))
	midX, midY := (west+east)/2, (bottom+top)/2
	f := frame{width: width, height: height, scale: scale, x0: midX - width/2/scale, y0: midY + height/2/scale}
	f.west, f.east = f.x0, f.x0+width/scale
	f.north, f.south = inverse(f.y0), inverse(f.y0-height/scale)
	return f
}

// at returns the pixel of a position in degrees.
func (f frame) at(lat, lon float64) (x, y float64) {
	return (lon - f.x0) * f.scale, (f.y0 - mercator(lat)) * f.scale
}

func (f frame) position(p geo.Position) (x, y float64) {
	return f.at(float64(p.LatE7)/geo.E7, float64(p.LonE7)/geo.E7)
}

// metres is how many metres one pixel shows at the middle of the drawing.
func (f frame) metres() float64 {
	const metresPerDegree = 111_319.49 // of the equator, WGS 84
	return metresPerDegree * math.Cos((f.north+f.south)/2*math.Pi/180) / f.scale
}

// inside says whether a pixel is in the drawing, with a margin.
func (f frame) inside(x, y, margin float64) bool {
	return x > -margin && y > -margin && x < f.width+margin && y < f.height+margin
}

// step returns a round number of degrees, so that about n steps span the given
// range.
func step(span float64, n float64) float64 {
	for _, s := range []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30} {
		if span/s <= n {
			return s
		}
	}
	return 45
}
