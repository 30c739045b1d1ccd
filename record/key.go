// SPDX-License-Identifier: Apache-2.0

package record

import (
	"math"

	"golang.org/x/mod/sumdb/note"
)

// VerifierAt is the key that signs checkpoints of a size: v itself, or what its
// method At gives, if it is the verifier of a log that has changed its key.
// Every checkpoint in this package is held to it and to no other.
func VerifierAt(v note.Verifier, size uint64) note.Verifier {
	if changed, ok := v.(interface {
		At(size uint64) note.Verifier
	}); ok {
		return changed.At(size)
	}
	return v
}

// signerAt is VerifierAt for who signs.
func signerAt(s note.Signer, size uint64) note.Signer {
	if changed, ok := s.(interface{ At(size uint64) note.Signer }); ok {
		return changed.At(size)
	}
	return s
}

// newest is a size that is signed by the newest key.
const newest = math.MaxUint64

// keyNames gives the name of the key that signs a size.
type keyNames func(size uint64) noteKey

func namesOf(v note.Verifier) keyNames {
	return func(size uint64) noteKey {
		at := VerifierAt(v, size)
		return noteKey{at.Name(), at.KeyHash()}
	}
}
