// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/trucewatch/trucewatch"
)

// An export is the line
//
//	trucewatch boxes v1 <class>
//
// then for each box its length in 32 bits, big endian, and its bytes, and at the
// end a length of 0. Hashes are not written: the reader computes them.
const (
	exportHead     = "trucewatch boxes v1 "
	importMaxBytes = 8 << 20 // boxes are put with one sync for so many bytes
)

// Export writes boxes for another holder. One that is missing, destroyed or
// damaged ends it with that error.
func (s *Store) Export(class string, hashes []trucewatch.Hash, w io.Writer) error {
	if err := checkClass(class); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if _, err := out.WriteString(exportHead + class + "\n"); err != nil {
		return fmt.Errorf("export boxes of %s: %w", class, err)
	}
	for _, hash := range hashes {
		box, err := s.Get(class, hash)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		if _, err := out.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(box))), box...)); err != nil {
			return fmt.Errorf("export boxes of %s: %w", class, err)
		}
	}
	if _, err := out.Write(make([]byte, 4)); err != nil {
		return fmt.Errorf("export boxes of %s: %w", class, err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("export boxes of %s: %w", class, err)
	}
	return nil
}

// Import takes boxes that Export wrote and returns how many are now here. A box
// for whose hash wanted says no, or that was destroyed here, is passed over;
// wanted says yes to the hashes that entries name, or whoever sends could fill
// the disk. After an error, and there is one if the end is missing, the boxes
// before it may be here: each has its hash, so none is wrong.
func (s *Store) Import(class string, r io.Reader, wanted func(trucewatch.Hash) bool) (int, error) {
	in := bufio.NewReader(r)
	head := make([]byte, len(exportHead)+len(class)+1)
	if _, err := io.ReadFull(in, head); err != nil || string(head) != exportHead+class+"\n" {
		return 0, fmt.Errorf("import boxes of %s: %w: it does not begin as boxes of this class", class, errors.Join(ErrInvalid, err))
	}
	var batch [][]byte
	taken, size := 0, 0
	flush := func() error {
		err := s.Put(class, batch)
		if err == nil {
			taken += len(batch)
		}
		batch, size = nil, 0
		return err
	}
	for n := 0; ; n++ {
		box, err := readBox(in)
		if err != nil {
			return taken, fmt.Errorf("import boxes of %s: box %d: %w", class, n, err)
		}
		if box == nil {
			return taken, flush()
		}
		hash := BoxHash(box)
		if !wanted(hash) || s.State(class, hash) == Destroyed {
			continue
		}
		batch = append(batch, box)
		if size += len(box); size > importMaxBytes {
			if err := flush(); err != nil {
				return taken, err
			}
		}
	}
}

// readBox returns nil at the end.
func readBox(in *bufio.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return nil, fmt.Errorf("%w: the end is missing: %w", ErrCorrupt, err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n == 0 {
		return nil, nil
	}
	if n > BoxMaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrInvalid, n, BoxMaxBytes)
	}
	box := make([]byte, n)
	if _, err := io.ReadFull(in, box); err != nil {
		return nil, fmt.Errorf("%w: cut off: %w", ErrCorrupt, err)
	}
	return box, nil
}
