// SPDX-License-Identifier: Apache-2.0

package record

import (
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ProveInclusion proves that the entry at index is in the tree of the first size
// entries: with its leaf hash and the proof anybody computes that tree's root.
// The hashes come from the leaf up. An index that is not below size is
// ErrInvalid, a size beyond the log ErrNotFound.
//
// Source: RFC 6962, section 2.1.1.
func (l *Log) ProveInclusion(index, size uint64) (proof [][32]byte, err error) {
	err = l.read(func(c *contents) error { proof, err = c.proveInclusion(index, size); return err })
	return proof, err
}

// ProveConsistency proves that the first old entries of the tree of size new are
// those of the tree of size old. If either is nothing, or they are equal, the
// proof is empty. An old that exceeds new is ErrInvalid, a new beyond the log
// ErrNotFound.
//
// Source: RFC 6962, section 2.1.2; C2SP tlog-witness for an old of 0.
func (l *Log) ProveConsistency(old, new uint64) (proof [][32]byte, err error) {
	err = l.read(func(c *contents) error { proof, err = c.proveConsistency(old, new); return err })
	return proof, err
}

// LeafHash is the hash of the entry at index in the tree.
//
// Source: RFC 6962, section 2.1: SHA-256 of a zero byte and the entry.
func (l *Log) LeafHash(index uint64) (hash [32]byte, err error) {
	err = l.read(func(c *contents) error { hash, err = c.leafHash(index); return err })
	return hash, err
}

// RootAt is the tree hash of the first size entries. A size beyond the log is
// ErrNotFound.
func (l *Log) RootAt(size uint64) (root [32]byte, err error) {
	err = l.read(func(c *contents) error { root, err = c.checkedRootAt(size); return err })
	return root, err
}

// read runs do on the contents while others append.
func (l *Log) read(do func(*contents) error) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return fmt.Errorf("record: read: %w", ErrClosed)
	}
	return do(l.contents)
}

// ProveInclusion is as Log.ProveInclusion.
func (r *Reader) ProveInclusion(index, size uint64) ([][32]byte, error) {
	return r.contents.proveInclusion(index, size)
}

// ProveConsistency is as Log.ProveConsistency.
func (r *Reader) ProveConsistency(old, new uint64) ([][32]byte, error) {
	return r.contents.proveConsistency(old, new)
}

// LeafHash is as Log.LeafHash.
func (r *Reader) LeafHash(index uint64) ([32]byte, error) { return r.contents.leafHash(index) }

// RootAt is as Log.RootAt.
func (r *Reader) RootAt(size uint64) ([32]byte, error) { return r.contents.checkedRootAt(size) }

func (c *contents) checkedRootAt(size uint64) ([32]byte, error) {
	if size > c.tree.size {
		return [32]byte{}, fmt.Errorf("record: root of %d entries: %w: the log has %d", size, ErrNotFound, c.tree.size)
	}
	root, err := c.rootAt(size)
	if err != nil {
		return [32]byte{}, fmt.Errorf("record: root of %d entries: %w", size, err)
	}
	return root, nil
}

func (c *contents) proveInclusion(index, size uint64) ([][32]byte, error) {
	if index >= size {
		return nil, fmt.Errorf("record: prove entry %d in %d: %w: not one of them", index, size, ErrInvalid)
	}
	if size > c.tree.size {
		return nil, fmt.Errorf("record: prove entry %d in %d: %w: the log has %d entries", index, size, ErrNotFound, c.tree.size)
	}
	proof, err := tlog.ProveRecord(int64(size), int64(index), c.hashReader())
	if err != nil {
		return nil, fmt.Errorf("record: prove entry %d in %d: %w", index, size, err)
	}
	return plain(proof), nil
}

func (c *contents) proveConsistency(old, new uint64) ([][32]byte, error) {
	if old > new {
		return nil, fmt.Errorf("record: prove %d within %d: %w: the first is larger", old, new, ErrInvalid)
	}
	if new > c.tree.size {
		return nil, fmt.Errorf("record: prove %d within %d: %w: the log has %d entries", old, new, ErrNotFound, c.tree.size)
	}
	if old == 0 || old == new {
		return nil, nil
	}
	proof, err := tlog.ProveTree(int64(new), int64(old), c.hashReader())
	if err != nil {
		return nil, fmt.Errorf("record: prove %d within %d: %w", old, new, err)
	}
	return plain(proof), nil
}

func (c *contents) leafHash(index uint64) ([32]byte, error) {
	if index >= c.tree.size {
		return [32]byte{}, fmt.Errorf("record: hash of entry %d: %w: the log has %d entries", index, ErrNotFound, c.tree.size)
	}
	hashes, err := c.hashes(tileID{0, index / tileWidth})
	if err != nil {
		return [32]byte{}, fmt.Errorf("record: hash of entry %d: %w", index, err)
	}
	return hashes[index%tileWidth], nil
}

// rootAt is the root of the first size entries, which the log has.
func (c *contents) rootAt(size uint64) (tlog.Hash, error) {
	switch size {
	case 0:
		return sha256.Sum256(nil), nil // tlog has zeros there.
	case c.tree.size:
		return c.tree.root(), nil
	}
	return tlog.TreeHash(int64(size), c.hashReader())
}

// hashReader gives the hashes of perfect subtrees, numbered as tlog does. Each
// tile that it reads is held against the tree's edge.
func (c *contents) hashReader() tlog.HashReader {
	var last tileID // A proof takes several hashes of one tile.
	var hashes []tlog.Hash
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			level, n := tlog.SplitStoredHashIndex(index)
			// A subtree of 2^level leaves is 2^inner hashes side by side in a tile.
			inner := level % tileHeight
			first := uint64(n) << inner
			if id := (tileID{level / tileHeight, first / tileWidth}); hashes == nil || id != last {
				var err error
				if hashes, err = c.hashes(id); err != nil {
					return nil, err
				}
				last = id
			}
			from := first % tileWidth
			found[i] = fold(hashes[from : from+1<<inner])
		}
		return found, nil
	})
}

// plain gives hashes the type that callers need no other package for.
func plain(hashes []tlog.Hash) [][32]byte {
	out := make([][32]byte, len(hashes))
	for i, h := range hashes {
		out[i] = h
	}
	return out
}
