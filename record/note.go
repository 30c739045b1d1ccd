// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// signaturesMax is how many signatures a note may have.
//
// Source: golang.org/x/mod/sumdb/note, Open refuses more; a checkpoint with more
// could not be read again.
const signaturesMax = 100

// A noteKey names a key in a note. Two keys may share it, as its hash has 32
// bits; whoever counts signatures must compare keys.
type noteKey struct {
	name string
	hash uint32
}

func (k noteKey) String() string { return fmt.Sprintf("%s+%08x", k.name, k.hash) }

// compare orders keys by name.
func (k noteKey) compare(other noteKey) int {
	if c := strings.Compare(k.name, other.name); c != 0 {
		return c
	}
	if k.hash < other.hash {
		return -1
	}
	if k.hash > other.hash {
		return 1
	}
	return 0
}

// A signatureLine is one signature of a note, not verified.
type signatureLine struct {
	key       noteKey
	signature []byte // without the four bytes of the key's hash
}

// line is how it stands in the note.
func (l signatureLine) line() string {
	signature := append(binary.BigEndian.AppendUint32(nil, l.key.hash), l.signature...)
	return fmt.Sprintf("— %s %s\n", l.key.name, base64.StdEncoding.EncodeToString(signature))
}

// splitNote takes a note apart, without asking whether its signatures are true.
// Each line must be in its one encoding.
//
// Source: C2SP signed-note.
func splitNote(signed []byte) (text string, lines []signatureLine, err error) {
	if len(signed) > checkpointSizeMax {
		return "", nil, fmt.Errorf("note of %d bytes, at most %d", len(signed), checkpointSizeMax)
	}
	// With no key known, Open checks the form alone.
	var unverified *note.UnverifiedNoteError
	if _, err := note.Open(signed, nil); !errors.As(err, &unverified) {
		return "", nil, err
	}
	text = unverified.Note.Text
	for line := range strings.Lines(string(signed[len(text)+1:])) {
		name, code, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "— "), "\n"), " ")
		// The spare bits of base64 are not signed and must be zero.
		signature, err := base64.StdEncoding.Strict().DecodeString(code)
		if err != nil {
			return "", nil, fmt.Errorf("signature of %s: %w", name, err)
		}
		key := noteKey{name, binary.BigEndian.Uint32(signature)} // Open wants five bytes at least.
		lines = append(lines, signatureLine{key, signature[4:]})
	}
	return text, lines, nil
}

// joinNote is the note of a text and its signatures, the first of each key: that
// of own, and then the others by name, so that equal signatures give equal bytes.
func joinNote(text string, own noteKey, lines []signatureLine) ([]byte, error) {
	var kept []signatureLine
	seen := make(map[noteKey]bool)
	for _, l := range lines {
		if !seen[l.key] {
			kept = append(kept, l)
		}
		seen[l.key] = true
	}
	if !seen[own] {
		return nil, fmt.Errorf("no signature of %s", own)
	}
	slices.SortStableFunc(kept, func(a, b signatureLine) int {
		switch {
		case a.key == own:
			return -1
		case b.key == own:
			return 1
		}
		return a.key.compare(b.key)
	})
	var b strings.Builder
	b.WriteString(text + "\n")
	for _, l := range kept {
		b.WriteString(l.line())
	}
	if len(kept) > signaturesMax || b.Len() > checkpointSizeMax {
		return nil, fmt.Errorf("%d signatures in %d bytes, at most %d in %d", len(kept), b.Len(), signaturesMax, checkpointSizeMax)
	}
	return []byte(b.String()), nil
}
