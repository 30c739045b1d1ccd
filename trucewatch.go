// SPDX-License-Identifier: Apache-2.0

// Package trucewatch holds the nouns of ceasefire monitoring: what was
// observed, what belongs together, what was found, what a case is, and what an
// audience may see of it; and the entries of the record that carry them.
//
// Everything counts in integers: positions in 1e-7 degree on WGS 84, lengths
// in millimetres, times in microseconds UTC, probabilities in parts per
// million. One value has one encoding, deterministic CBOR (RFC 8949, 4.2.1);
// JSON is a derived view. Vocabularies are stored as words and only grow.
//
// The package imports nothing of this module but geo, and everything else
// imports it. It holds no behaviour of any stage.
package trucewatch

import (
	"errors"
	"unicode/utf8"
)

// ErrInvalid is wrapped by every error about a value that may not enter the
// record; the error names the field.
var ErrInvalid = errors.New("invalid")

// EngineVersion is the version of the rules by which the core turns entries
// into findings. Until 1.0 it is 0 and golden digests may change.
const EngineVersion = 0

// PPM is a probability or share in parts per million, 0 to 1,000,000.
type PPM int64

// Limits of what one entry may carry. An entry beyond a limit is refused, not
// cut.
const (
	EntryMaxBytes       = 65_535 // C2SP tlog-tiles: entries are framed by 16 bits
	BatchSoftBytes      = 16_384 // a batch of observations is closed at this size
	TextMaxBytes        = 4_096  // any one text field
	RowsMax             = 4_096  // observations of one entry
	AnchorTokenMaxBytes = 16_384 // of a time-stamp token with its certificates
	ListMax             = 256    // elements of any other list
	RingPointsMax       = 512    // points of a region's rings, all rings together
	CountMax            = 1_000_000_000
	FutureToleranceS    = 300 // Guess: five minutes of clock error before "in the future" is refused. Test: rate of such refusals per source.
)

// CutText returns s, or its beginning if it is longer than limit bytes, never
// splitting a character.
func CutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
