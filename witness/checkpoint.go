// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	// noteSizeMax bounds a signed note in bytes. Guess: 100 cosignatures of
	// ML-DSA-44 at 3.4 KB each fit; test: the largest checkpoint in use.
	noteSizeMax = 512 << 10
	// proofHashesMax is how many hashes a consistency proof has at most.
	// Source: C2SP tlog-witness, "add-checkpoint".
	proofHashesMax = 63
)

// emptyRoot is the tree hash of no entries. Source: RFC 6962, section 2.1.
var emptyRoot = sha256.Sum256(nil)

// A Checkpoint is a log's statement that its first Size entries have the tree
// hash Root.
type Checkpoint struct {
	Origin string   // name of the log
	Size   uint64   // entries
	Root   [32]byte // RFC 6962 tree hash over them
	Note   []byte   // the signed note
}

// String names the checkpoint in messages.
func (c Checkpoint) String() string {
	return fmt.Sprintf("size %d, root %s", c.Size, tlog.Hash(c.Root))
}

// same says whether both are of one tree.
func (c Checkpoint) same(d Checkpoint) bool { return c.Size == d.Size && c.Root == d.Root }

// LogID is the name of a log in addresses: the SHA-256 of its origin in
// hexadecimal.
func LogID(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:])
}

// readText reads the text of a checkpoint: origin, size, root, and extension
// lines, which are let be. Each has one encoding.
//
// Source: C2SP tlog-checkpoint.
func readText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n") // The text ends on a newline: one empty part more.
	if len(lines) < 4 {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint has %d lines, at least 3 are expected", ErrInvalid, len(lines)-1)
	}
	for i, line := range lines[:len(lines)-1] {
		if line == "" {
			return Checkpoint{}, fmt.Errorf("%w: checkpoint: line %d is empty", ErrInvalid, i+1)
		}
	}
	if len(lines[0]) > nameSizeMax {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: origin of %d bytes, at most %d", ErrInvalid, len(lines[0]), nameSizeMax)
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: root: %w", err)
	}
	if size == 0 && root != emptyRoot {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: size 0 with root %s", ErrInvalid, lines[2])
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// parseSize reads a tree size, in decimal with no leading zeros.
func parseSize(text string) (uint64, error) {
	size, err := strconv.ParseUint(text, 10, 63) // package tlog counts in int64
	if err != nil || strconv.FormatUint(size, 10) != text {
		return 0, fmt.Errorf("%w: size %q is not a number in decimal", ErrInvalid, text)
	}
	return size, nil
}

// parseHash reads a hash in its one base64 encoding.
func parseHash(text string) (hash [32]byte, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(hash) || strings.Contains(text, "\r") {
		return hash, fmt.Errorf("%w: %q is not a hash in base64", ErrInvalid, text)
	}
	return [32]byte(b), nil
}

// splitNote reads a note without verifying any signature.
func splitNote(signed []byte) (*note.Note, error) {
	if len(signed) > noteSizeMax {
		return nil, fmt.Errorf("%w: note of %d bytes, at most %d", ErrInvalid, len(signed), noteSizeMax)
	}
	_, err := note.Open(signed, nil)
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return nil, fmt.Errorf("%w: checkpoint: %w", ErrInvalid, err)
	}
	return unverified.Note, nil
}

// openNote verifies the signatures that the given keys made and returns the
// note with those in Sigs. Signatures of other keys are let be. It is
// ErrInvalid if one of them is wrong, or if there is none.
func openNote(signed []byte, keys ...verifierKey) (*note.Note, error) {
	if len(signed) > noteSizeMax {
		return nil, fmt.Errorf("%w: note of %d bytes, at most %d", ErrInvalid, len(signed), noteSizeMax)
	}
	verifiers := make([]note.Verifier, len(keys))
	for i, k := range keys {
		verifiers[i] = k.verifier
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return nil, fmt.Errorf("%w: checkpoint: %w", ErrInvalid, err)
	}
	for _, sig := range n.Sigs {
		// The spare bits of base64 are not signed and must be zero.
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return nil, fmt.Errorf("%w: checkpoint: signature of %s is not in its one encoding", ErrInvalid, sig.Name)
		}
	}
	return n, nil
}

// openCheckpoint verifies the signature of the log, by its key for that size, and
// returns the checkpoint with a note of the log's own signatures only.
func openCheckpoint(signed []byte, log ...verifierKey) (Checkpoint, error) {
	unverified, err := splitNote(signed)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := readText(unverified.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	n, err := openNote(signed, signing(log, c.Size)...)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != log[0].name {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint of %q is signed by the key of %q", ErrInvalid, c.Origin, log[0].name)
	}
	c.Note, err = note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrInvalid, err)
	}
	return c, nil
}

// cosignedAt is the time in a cosignature. Call it only for a signature that a
// cosigner's key verified: in any other, the bytes are no time.
func cosignedAt(sig note.Signature) (time.Time, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(sig.Base64)
	if err != nil || len(b) < 4+8 {
		return time.Time{}, fmt.Errorf("%w: cosignature of %s is too short", ErrInvalid, sig.Name)
	}
	seconds := binary.BigEndian.Uint64(b[4:]) // behind the key's ID
	if seconds > math.MaxInt64 {
		return time.Time{}, fmt.Errorf("%w: cosignature of %s: time %d is out of range", ErrInvalid, sig.Name, seconds)
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

// checkGrowth returns ErrInvalid unless proof shows that the tree of c begins
// with that of old.
//
// Source: RFC 6962, section 2.1.2; C2SP tlog-witness for sizes of zero.
func checkGrowth(old, c Checkpoint, proof []tlog.Hash) error {
	switch {
	case old.Size == 0 && len(proof) > 0:
		return fmt.Errorf("%w: a proof from size 0 must be empty", ErrInvalid)
	case old.Size == 0:
		return nil
	case old.Size > c.Size:
		return fmt.Errorf("%w: size %d after %d", ErrInvalid, c.Size, old.Size)
	}
	if err := tlog.CheckTree(proof, int64(c.Size), c.Root, int64(old.Size), old.Root); err != nil {
		return fmt.Errorf("%w: consistency proof from size %d to %d: %w", ErrInvalid, old.Size, c.Size, err)
	}
	return nil
}
