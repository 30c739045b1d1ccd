// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// A full segment has a file of hashes, from which, with the segment, every tile and
// bundle is made. For each of its bundles it says, in this order, all of one kind
// before the next:
//
//   - where the bundle's last frame ends in the segment, 64 bits big endian;
//   - the bundle's hash, which is one of level 1 of the tree;
//   - the leaf hashes of its 256 entries.
//
// The first two are its head, of 10 KiB, which is read when a log is opened.
const hashesDir = "hashes"

// outdatedName is the folder in which logs had their tiles before segments were
// kept.
const outdatedName = "tile"

// errOutdated says that an older version wrote the log.
var errOutdated = fmt.Errorf("%w: the log has its entries in the folder %q, as versions before segments were kept wrote it: "+
	"serve it with the version that wrote it, and restore it from there", ErrInvalid, outdatedName)

// hashesName is where the file of hashes lies of the segment whose first entry is
// base.
func hashesName(base uint64) string {
	return filepath.Join(hashesDir, fmt.Sprintf("%0*d", segmentDigits, base))
}

// leavesAt is how many bytes the head has of a file for so many bundles.
func leavesAt(bundles uint64) int64 { return int64(bundles) * (8 + tlog.HashSize) }

// hashesSize is the length in bytes of the file of a segment with so many entries.
func hashesSize(entries uint64) int64 {
	return leavesAt(entries/tileWidth) + int64(entries/tileWidth)*hashTileSize
}

// encodeHashesFile is the file of a segment whose bundles end there and have these
// hashes, and whose entries have these leaf hashes.
func encodeHashesFile(ends []int64, hashes, leaves []tlog.Hash) []byte {
	data := make([]byte, 0, hashesSize(uint64(len(leaves))))
	for _, end := range ends {
		data = binary.BigEndian.AppendUint64(data, uint64(end))
	}
	data = append(data, encodeHashes(hashes)...)
	return append(data, encodeHashes(leaves)...)
}

// decodeHead reads the head of a file of hashes. Its ends are such as bundles can
// have; nothing else of it is checked.
func decodeHead(head []byte, bundles int) (ends []int64, hashes []tlog.Hash, err error) {
	if len(head) != int(leavesAt(uint64(bundles))) {
		return nil, nil, fmt.Errorf("%w: %d bytes are no head for %d bundles", ErrCorrupt, len(head), bundles)
	}
	last := int64(0)
	for i := range bundles {
		end := int64(binary.BigEndian.Uint64(head[8*i:]))
		if end < last+tileWidth*(frameHeaderSize+1) || end > last+tileWidth*(frameHeaderSize+EntrySizeMax) {
			return nil, nil, fmt.Errorf("%w: no bundle goes from byte %d to %d", ErrCorrupt, last, end)
		}
		ends, last = append(ends, end), end
	}
	return ends, decodeHashes(head[8*bundles:]), nil
}

// readHead reads the head of the file of hashes of a full segment.
func readHead(disk durable.Disk, dir string, base, till uint64) (ends []int64, hashes []tlog.Hash, err error) {
	bundles := (till - base) / tileWidth
	head, err := openPart(disk, dir, hashesName(base), 0, leavesAt(bundles))
	if err == nil {
		ends, hashes, err = decodeHead(head, int(bundles))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", hashesName(base), err)
	}
	return ends, hashes, nil
}

// hashedSegments lists the first entry of each segment that has a file of hashes,
// ascending.
func hashedSegments(disk durable.Disk, dir string) ([]uint64, error) {
	names, err := disk.ReadDir(filepath.Join(dir, hashesDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return parseBases(names, ""), err
}
