// SPDX-License-Identifier: Apache-2.0

package trucewatch

import "github.com/trucewatch/trucewatch/geo"

// A Query asks an index for part of what its audience may see. The zero Query
// asks for everything.
type Query struct {
	From, Till Instant  // keeps what overlaps this time; zero: no bound
	Box        *Box     // keeps what may lie in it, by the box round its region; nil: anywhere
	Kinds      []Kind   // of incidents, and of the incidents of findings; empty: any
	Results    []Result // of findings, or of any finding of an incident; empty: any
	Text       string   // found in names of places and in identifiers, whatever the case of its letters
	Limit      int      // at most so many; 0: QueryLimit
	Offset     int      // leaves out so many first
	Order      string   // one of the orders; empty: Newest
}

// QueryLimit is how many items a Query without a limit gives, and LimitMax the
// highest limit that is served.
//
// Guess: one page of a table, and what a browser still lays out within a
// second. Test: the time of the incidents page with the longest list.
const (
	QueryLimit = 100
	LimitMax   = 10_000
)

// The orders of a Query. Items that are equal in it stand in the order of
// their identifiers.
const (
	Newest      = "newest"       // began last, first
	Oldest      = "oldest"       // began first, first
	MostCertain = "most_certain" // highest confidence first
)

// A Box is all places between two parallels and two meridians, the edges
// inside. It does not cross the 180th meridian.
type Box struct {
	Min geo.Position `json:"min"` // south-west
	Max geo.Position `json:"max"` // north-east
}

// A MapLayer is what a map draws of the incidents of a Query: each of them, or
// counts by cell if there are more than the map takes. One of the lists is
// empty.
type MapLayer struct {
	Total  int        `json:"total"`             // incidents that the Query keeps
	Shapes []MapShape `json:"shapes,omitempty"`  // all of them, newest first
	Cells  []MapCell  `json:"cells,omitempty"`   // from south-west to north-east; those that would be empty are left out
	CellE7 int64      `json:"cell_e7,omitempty"` // side of a cell, in 1e-7 degree; the cells begin at multiples of it
}

// A MapShape is one incident on a map.
type MapShape struct {
	ID     IncidentID `json:"id"`
	Kind   Kind       `json:"kind"`
	When   Interval   `json:"when"`
	Where  geo.Region `json:"where"`
	Word   string     `json:"word"`
	Result Result     `json:"result,omitempty"` // first in the order of Results among its findings; empty if there is none
}

// A MapCell counts the incidents whose region has its middle in Box.
type MapCell struct {
	Box   Box         `json:"box"`
	Count int         `json:"count"`
	Kinds []KindCount `json:"kinds"` // most frequent first
}

// A KindCount counts the incidents of one kind.
type KindCount struct {
	Kind  Kind `json:"kind"`
	Count int  `json:"count"`
}

// A Bin counts the incidents that began in Span.
type Bin struct {
	Span  Interval    `json:"span"`
	Count int         `json:"count"`
	Kinds []KindCount `json:"kinds,omitempty"` // most frequent first
}
