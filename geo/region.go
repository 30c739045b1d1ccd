// SPDX-License-Identifier: Apache-2.0

package geo

// A RegionKind names the shape of a Region. Kinds are stored; the set only
// grows.
type RegionKind string

// The shapes that evidence has.
const (
	Ellipse RegionKind = "ellipse" // Center, SemiMajorMM, SemiMinorMM, AzimuthMdeg; 95 % lies inside
	Sector  RegionKind = "sector"  // Center (the observer), RMinMM, RMaxMM, Arcs
	Polygon RegionKind = "polygon" // Rings
	Pixel   RegionKind = "pixel"   // Center, SemiMajorMM (half the across-track side), SemiMinorMM (half the along-track side), AzimuthMdeg
)

// An Arc is the range of azimuths from FromMdeg clockwise to TillMdeg, in
// thousandths of a degree in [0, 360000). FromMdeg == TillMdeg is the full
// circle.
type Arc struct {
	FromMdeg int32 `cbor:"1,keyasint" json:"from_mdeg"`
	TillMdeg int32 `cbor:"2,keyasint" json:"till_mdeg"`
}

// A Region is where something was, as far as a source can say. A circle is an
// Ellipse with equal axes. The zero Region is nowhere: Kind is empty.
type Region struct {
	Kind        RegionKind   `cbor:"1,keyasint" json:"kind"`
	Center      Position     `cbor:"2,keyasint" json:"center"`
	SemiMajorMM int64        `cbor:"3,keyasint,omitempty" json:"semi_major_mm,omitempty"`
	SemiMinorMM int64        `cbor:"4,keyasint,omitempty" json:"semi_minor_mm,omitempty"`
	AzimuthMdeg int32        `cbor:"5,keyasint,omitempty" json:"azimuth_mdeg,omitempty"`
	RMinMM      int64        `cbor:"6,keyasint,omitempty" json:"r_min_mm,omitempty"`
	RMaxMM      int64        `cbor:"7,keyasint,omitempty" json:"r_max_mm,omitempty"`
	Arcs        []Arc        `cbor:"8,keyasint,omitempty" json:"arcs,omitempty"`
	Rings       [][]Position `cbor:"9,keyasint,omitempty" json:"rings,omitempty"` // first ring outer, the others holes; not closed by repetition
}

// Circle returns the region that holds 95 % within radiusMM of center.
func Circle(center Position, radiusMM int64) Region {
	return Region{Kind: Ellipse, Center: center, SemiMajorMM: radiusMM, SemiMinorMM: radiusMM}
}
