// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch/internal/durable"
)

const (
	// segmentEntries is how many entries a segment of the write-ahead log takes at
	// most.
	// It bounds what Open has to hash: 65,536 entries, below 0.5 s.
	//
	// Source: two full levels of tiles (256 * 256), so that the head of a segment's
	// hashes is one tile of level 1.
	segmentEntries = tileWidth * tileWidth

	// groupSizeMax bounds in bytes what is written between two syncs, and so how
	// long a torn tail can be: a longer damage at the end is no torn tail.
	//
	// Source: measured, 1 MiB + fdatasync took 5 to 6 ms (p50), and larger
	// writes gained nothing. It must hold one frame of EntrySizeMax.
	groupSizeMax = 1 << 20

	frameHeaderSize = 8 // bytes: length and CRC, 32 bits each, big endian
	segmentPrefix   = "wal-"
	segmentDigits   = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendFrame adds the frame of an entry to a group.
func appendFrame(group, entry []byte) []byte {
	group = binary.BigEndian.AppendUint32(group, uint32(len(entry)))
	group = binary.BigEndian.AppendUint32(group, crc32.Checksum(entry, castagnoli))
	return append(group, entry...)
}

// frameSize is the length in bytes of an entry's frame.
func frameSize(entry []byte) int64 { return int64(frameHeaderSize + len(entry)) }

// parseFrameHeader returns the length of a frame's entry in bytes, and its CRC.
func parseFrameHeader(header []byte) (size int, sum uint32) {
	return int(binary.BigEndian.Uint32(header)), binary.BigEndian.Uint32(header[4:])
}

// errTorn says that no whole frame stands where one was looked for.
var errTorn = errors.New("torn frame")

// readFrame returns the next entry, in the bytes of buffer, or io.EOF at the clean
// end, errTorn at bytes that are no frame, or the disk's error. Only the first two
// are sure: a frame that is being written looks torn.
func readFrame(r io.Reader, buffer *[EntrySizeMax]byte) ([]byte, error) {
	var header [frameHeaderSize]byte
	switch _, err := io.ReadFull(r, header[:]); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errTorn
	case err != nil:
		return nil, err
	}
	size, sum := parseFrameHeader(header[:])
	if size == 0 || size > EntrySizeMax {
		return nil, errTorn
	}
	entry := buffer[:size]
	switch _, err := io.ReadFull(r, entry); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errTorn
	case err != nil:
		return nil, err
	}
	if crc32.Checksum(entry, castagnoli) != sum {
		return nil, errTorn
	}
	return entry, nil
}

// scanFrames calls do for each entry of a segment whose length is size, and
// returns where the last whole frame ends. What lies between there and size is
// torn, or being written. An error of the disk is never taken for a torn frame. The
// bytes of an entry are only valid during the call.
func scanFrames(r io.ReaderAt, size int64, do func(entry []byte) error) (end int64, err error) {
	buffered := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), int(min(size, 1<<16)))
	var buffer [EntrySizeMax]byte
	for {
		entry, err := readFrame(buffered, &buffer)
		if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
			return end, nil
		}
		if err != nil {
			return end, err
		}
		if err := do(entry); err != nil {
			return end, err
		}
		end += frameSize(entry)
	}
}

// splitFrames returns the entries of width frames in a row, fewer if the bytes are
// no such frames. They are parts of data, not copies.
func splitFrames(data []byte, width int) [][]byte {
	entries := make([][]byte, 0, width)
	for len(entries) < width && len(data) > frameHeaderSize {
		size, sum := parseFrameHeader(data)
		data = data[frameHeaderSize:]
		if size == 0 || size > min(EntrySizeMax, len(data)) || crc32.Checksum(data[:size], castagnoli) != sum {
			break
		}
		entries, data = append(entries, data[:size:size]), data[size:]
	}
	return entries
}

// segmentName is the file name of the segment whose first entry is base.
func segmentName(base uint64) string {
	return fmt.Sprintf("%s%0*d", segmentPrefix, segmentDigits, base)
}

// segments lists the first entry of each segment in dir, ascending. Names that
// segmentName would not write are no segments.
func segments(disk durable.Disk, dir string) ([]uint64, error) {
	names, err := disk.ReadDir(dir)
	return parseBases(names, segmentPrefix), err
}

// parseBases returns the numbers behind prefix in names of files, ascending.
func parseBases(names []string, prefix string) (bases []uint64) {
	for _, name := range names {
		digits, ok := strings.CutPrefix(name, prefix)
		base, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil && fmt.Sprintf("%0*d", segmentDigits, base) == digits {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	return bases
}

// createSegment makes an empty segment and its name durable. Its length needs no
// sync: the first group's sync brings it.
func createSegment(disk durable.Disk, dir string, base uint64) (durable.File, error) {
	f, err := disk.Create(filepath.Join(dir, segmentName(base)))
	if err != nil {
		return nil, err
	}
	if err := disk.SyncDir(dir); err != nil {
		f.Close() // The first error is the one to tell.
		return nil, err
	}
	return f, nil
}
