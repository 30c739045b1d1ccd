// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// originSizeMax bounds the log's name in bytes. Guess: names look like
	// "example.org/mission"; test: raise it when one does not fit.
	originSizeMax = 255
	// checkpointSizeMax bounds a signed note in bytes. Guess: 100 cosignatures
	// of ML-DSA-44 at 3.4 KB each fit; test: the largest checkpoint in use.
	checkpointSizeMax = 512 << 10
)

// A Checkpoint is a signed statement of a log: that its first Size entries have
// the Merkle tree hash Root.
type Checkpoint struct {
	Origin string   // name of the log, unique to it
	Size   uint64   // entries
	Root   [32]byte // RFC 6962 tree hash over the entries
	Note   []byte   // the signed note, as published: C2SP tlog-checkpoint
}

// ParseCheckpoint opens a signed note with the log's key and reads the
// checkpoint in it. It takes only what signing and merging would write: one
// origin, one size, one root, no extension lines, each number and each
// signature in its one encoding, and one signature per key. So no byte of the
// note can be changed unseen but those of other keys' lines, into another name,
// key or signature in its one encoding: who has those keys sees that.
//
// Of a log that has changed its key, only the one for the size counts: see
// [VerifierAt].
//
// Source: C2SP tlog-checkpoint, C2SP signed-note.
func ParseCheckpoint(signed []byte, verifier note.Verifier) (Checkpoint, error) {
	text, lines, err := splitNote(signed)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrCorrupt, err)
	}
	seen := make(map[noteKey]bool)
	for _, l := range lines {
		if seen[l.key] {
			return Checkpoint{}, fmt.Errorf("%w: checkpoint: two signatures of %s", ErrCorrupt, l.key)
		}
		seen[l.key] = true
	}
	c, err := parseText(text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint%w", ErrCorrupt, err)
	}
	if _, err := note.Open(signed, note.VerifierList(VerifierAt(verifier, c.Size))); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrCorrupt, err)
	}
	c.Note = append([]byte(nil), signed...)
	return c, nil
}

// parseText is the inverse of text. Its errors follow the word "checkpoint".
func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n") // The text ends on a newline: one empty part more.
	if len(lines) != 4 {
		return Checkpoint{}, fmt.Errorf(" has %d lines where 3 were expected", len(lines)-1)
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return Checkpoint{}, fmt.Errorf(": size %q is not a number", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf(": root %q is not a hash", lines[2])
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if err := checkOrigin(c.Origin); err != nil {
		return Checkpoint{}, fmt.Errorf(": %w", err)
	}
	if c.text() != text {
		return Checkpoint{}, errors.New(" is not in its one encoding")
	}
	return c, nil
}

// text is what is signed.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, tlog.Hash(c.Root))
}

// sign makes the checkpoint of a size and root.
func sign(origin string, size uint64, root [32]byte, signer note.Signer) (Checkpoint, error) {
	c := Checkpoint{Origin: origin, Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("record: sign checkpoint %d: %w", size, err)
	}
	c.Note = signed
	return c, nil
}

// checkOrigin returns an error if origin cannot stand on a line of its own.
func checkOrigin(origin string) error {
	if origin == "" || len(origin) > originSizeMax {
		return fmt.Errorf("origin of %d bytes, must be 1 to %d", len(origin), originSizeMax)
	}
	if !utf8.ValidString(origin) || strings.ContainsFunc(origin, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("origin is not plain text on one line")
	}
	return nil
}

// clone is a copy that shares no memory.
func (c Checkpoint) clone() Checkpoint {
	c.Note = append([]byte(nil), c.Note...)
	return c
}
