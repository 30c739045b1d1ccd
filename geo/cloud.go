// SPDX-License-Identifier: Apache-2.0

package geo

// A Cloud is a region with its samples, which are drawn when they are first asked
// for and kept: a place is held against many zones. The zero Cloud is nowhere. It is
// not for use by several goroutines at once.
type Cloud struct {
	region  Region
	mean    Position // set with points
	reachMM int64    // from the mean, within which all samples lie; set with points
	points  []Position
	vectors []vector // of points
}

// NewCloud returns the cloud of a region.
func NewCloud(r Region) *Cloud { return &Cloud{region: r} }

// draw sets what follows from the region, and reports whether it has samples.
func (c *Cloud) draw() bool {
	if c.points == nil {
		c.points = c.region.Samples()
		c.vectors = make([]vector, len(c.points))
		for i, p := range c.points {
			c.vectors[i] = p.vector()
		}
		c.mean = c.region.Mean()
		c.reachMM = c.region.sampleReachMM(c.mean)
	}
	return len(c.points) > 0
}

// window is the part of a line that decides about the cloud.
func (c *Cloud) window(l *Line) window { return l.window(c.mean, c.reachMM) }
