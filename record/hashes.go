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

// A full segment has a file of hashes, of 10 KiB, which is read when a log is opened.
// For each of its bundles it says, all of one kind before the next:
//
//   - where the bundle's last frame ends in the segment, 64 bits big endian;
//   - the bundle's hash, which is one of level 1 of the tree.
//
// Leaf hashes are made of the entries whenever somebody asks for them.
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

// hashesSize is the length in bytes of the file of a segment with so many entries.
func hashesSize(entries uint64) int64 { return int64(entries/tileWidth) * (8 + tlog.HashSize) }

// encodeHashesFile is the file of a segment whose bundles end there and have these
// hashes.
func encodeHashesFile(ends []int64, hashes []tlog.Hash) []byte {
	data := make([]byte, 0, hashesSize(uint64(len(ends))*tileWidth))
	for _, end := range ends {
		data = binary.BigEndian.AppendUint64(data, uint64(end))
	}
	return append(data, encodeHashes(hashes)...)
}

// decodeHashesFile reads a file of hashes. Its ends are such as bundles can have;
// otherwise there is an error, and the hashes alone. Nothing else of it is checked.
func decodeHashesFile(data []byte, bundles int) (ends []int64, hashes []tlog.Hash, err error) {
	if len(data) != int(hashesSize(uint64(bundles)*tileWidth)) {
		return nil, nil, fmt.Errorf("%w: %d bytes are no hashes of %d bundles", ErrCorrupt, len(data), bundles)
	}
	hashes = decodeHashes(data[8*bundles:])
	last := int64(0)
	for i := range bundles {
		end := int64(binary.BigEndian.Uint64(data[8*i:]))
		if end < last+tileWidth*(frameHeaderSize+1) || end > last+tileWidth*(frameHeaderSize+EntrySizeMax) {
			return nil, hashes, fmt.Errorf("%w: no bundle goes from byte %d to %d", ErrCorrupt, last, end)
		}
		ends, last = append(ends, end), end
	}
	return ends, hashes, nil
}

// readHashesFile reads the file of hashes of a full segment.
func readHashesFile(disk durable.Disk, dir string, base, till uint64) (ends []int64, hashes []tlog.Hash, err error) {
	data, err := openPart(disk, dir, hashesName(base), 0, hashesSize(till-base))
	if err == nil {
		ends, hashes, err = decodeHashesFile(data, int((till-base)/tileWidth))
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
