// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/logkey"
)

// The types of key that C2SP signed-note and tlog-cosignature define and that
// are taken here.
const (
	typeEd25519     = 0x01 // signs notes: a log
	typeCosignature = 0x04 // Ed25519 with a time: a witness or mirror
	typeMLDSA44     = 0x06 // ML-DSA-44 with a time: a witness or mirror
)

const (
	mldsa44PublicKeySize = 1312 // bytes. Source: FIPS 204, table 2
	// nameSizeMax bounds a key's name in bytes. Source: tlog-cosignature, where
	// the name and the origin of an ML-DSA-44 cosignature have at most 255.
	nameSizeMax = 255
	// vkeySizeMax bounds a verifier key in bytes: name, hash, 1,313 bytes in base64.
	vkeySizeMax = nameSizeMax + 2 + 8 + 4*(mldsa44PublicKeySize+3)/3 + 4
)

// A verifierKey is a public key as C2SP signed-note writes it:
// <name>+<hash>+<base64 of type and key>.
type verifierKey struct {
	text     string
	name     string
	keyType  byte
	raw      string        // the public key alone
	verifier note.Verifier // of notes, or of cosignatures
	// A log's key signs checkpoints with from <= size < till alone.
	from, till uint64
}

// parseVerifierKey reads a verifier key, of one of the given types. Unlike the
// libraries it holds the hash to the key, the base64 to its one encoding, and
// does not take the key of a log for that of a witness.
func parseVerifierKey(text string, types ...byte) (verifierKey, error) {
	if len(text) > vkeySizeMax {
		return verifierKey{}, fmt.Errorf("%w: verifier key of %d bytes, at most %d", ErrInvalid, len(text), vkeySizeMax)
	}
	name, rest, _ := strings.Cut(text, "+")
	hash, key64, _ := strings.Cut(rest, "+")
	if err := checkKeyName(name); err != nil {
		return verifierKey{}, fmt.Errorf("%w: verifier key %q: %w", ErrInvalid, text, err)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(key64)
	if err != nil || len(key) == 0 || strings.ContainsAny(key64, "\r\n") { // which base64 skips
		return verifierKey{}, fmt.Errorf("%w: verifier key of %s is not <name>+<hash>+<base64>", ErrInvalid, name)
	}
	k := verifierKey{text: text, name: name, keyType: key[0], raw: string(key[1:])}
	if want := fmt.Sprintf("%08x", keyID(name, key)); hash != want {
		return verifierKey{}, fmt.Errorf("%w: verifier key of %s: hash %q is not that of the name and key, %s", ErrInvalid, name, hash, want)
	}
	if !slices.Contains(types, k.keyType) {
		return verifierKey{}, fmt.Errorf("%w: verifier key of %s: type %#02x is not one that may stand here (%#02x)", ErrInvalid, name, k.keyType, types)
	}
	size := ed25519.PublicKeySize
	if k.keyType == typeMLDSA44 {
		size = mldsa44PublicKeySize
	}
	if len(k.raw) != size {
		return verifierKey{}, fmt.Errorf("%w: verifier key of %s: %d bytes, a key of type %#02x has %d", ErrInvalid, name, len(k.raw), k.keyType, size)
	}
	if k.keyType == typeEd25519 {
		k.verifier, err = note.NewVerifier(text)
	} else {
		k.verifier, err = cosignature.NewVerifierForCosignatureV1(text)
	}
	if err != nil {
		return verifierKey{}, fmt.Errorf("%w: verifier key of %s: %w", ErrInvalid, name, err)
	}
	return k, nil
}

// parseLogKey reads the key of a log as package logkey writes it: one for each
// range of sizes, if it was handed over.
func parseLogKey(text string) ([]verifierKey, error) {
	key, err := logkey.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("log: %w: verifier key: %w", ErrInvalid, err)
	}
	var keys []verifierKey
	for _, span := range key.Spans() {
		k, err := parseVerifierKey(span.Text, typeEd25519)
		if err != nil {
			return nil, fmt.Errorf("log: %w", err)
		}
		k.from, k.till = span.From, span.Till
		keys = append(keys, k)
	}
	return keys, nil
}

// signing are those of a log's keys that sign checkpoints of a size.
func signing(keys []verifierKey, size uint64) []verifierKey {
	var some []verifierKey
	for _, k := range keys {
		if size >= k.from && size < k.till {
			some = append(some, k)
		}
	}
	return some
}

func parseCosignerKey(text string) (verifierKey, error) {
	return parseVerifierKey(text, typeCosignature, typeMLDSA44)
}

// keyID is the key's ID within its name; key begins with the type.
//
// Source: C2SP signed-note, "Signature types".
func keyID(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// checkKeyName returns an error if name cannot stand in a note.
func checkKeyName(name string) error {
	if name == "" || len(name) > nameSizeMax {
		return fmt.Errorf("name of %d bytes, must be 1 to %d", len(name), nameSizeMax)
	}
	bad := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '+' }
	if !utf8.ValidString(name) || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("name %q has a space, a plus sign or a control character", name)
	}
	return nil
}
