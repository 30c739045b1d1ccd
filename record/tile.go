// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// EntrySizeMax is the longest entry in bytes; the shortest is one byte.
	//
	// Source: C2SP tlog-tiles, "Log Entries": a 16-bit length. One byte at
	// least, because a length of zero is how a torn tail of zeros looks.
	EntrySizeMax = 65_535

	// tileHeight and tileWidth are the shape of a tile: 256 hashes, 8 levels.
	//
	// Source: C2SP tlog-tiles, "Merkle Tree".
	tileHeight = 8
	tileWidth  = 1 << tileHeight

	hashTileSize  = tileWidth * tlog.HashSize       // bytes of a full hash tile
	bundleSizeMax = tileWidth * (2 + EntrySizeMax)  // bytes of the longest entry bundle
	entriesLevel  = -1                              // the "level" of entry bundles in tilePath
	sizeMax       = uint64(1) << (8*tileHeight - 1) // sizes must fit tlog's int64
	levelMax      = 8                               // tile levels 0..7 reach 2^64 entries
)

// tilePath is where clients look for tile n of a level:
// "tile/0/x001/x234/067", with ".p/12" behind it if it has only 12 hashes.
//
// Source: C2SP tlog-tiles, "Merkle Tree" (paths) and "Log Entries".
func tilePath(level int, n uint64, width int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if width < tileWidth {
		path = fmt.Sprintf("%s.p/%d", path, width)
	}
	if level == entriesLevel {
		return "tile/entries/" + path
	}
	return fmt.Sprintf("tile/%d/%s", level, path)
}

// appendBundle adds an entry to an entry bundle: its length in 16 bits, big
// endian, and its bytes.
func appendBundle(bundle, entry []byte) []byte {
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
	return append(bundle, entry...)
}

// encodeHashes is the content of a hash tile.
func encodeHashes(hashes []tlog.Hash) []byte {
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data
}

// decodeHashes is the inverse of encodeHashes for whole hashes.
func decodeHashes(data []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes
}
