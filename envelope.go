// SPDX-License-Identifier: Apache-2.0

package trucewatch

import (
	"fmt"
	"math"
)

// Envelopes and batch proofs are read by hand: a verification reads one of each
// for every entry, and the library's way, through reflection and back again, took
// half its time. What is taken is exactly what Decode takes, which fuzzing holds.

// DecodeEnvelope is Decode of an Envelope. Its slices are parts of b.
func DecodeEnvelope(b []byte) (Envelope, error) {
	r := &reader{rest: b}
	r.array(3)
	env := Envelope{Received: Instant(r.integer()), Body: r.bytes()}
	if n, ok := r.list(); ok {
		env.Signatures = make([]Signature, 0, min(n, ListMax))
		for ; n > 0 && !r.bad; n-- {
			r.array(3)
			s := Signature{Key: KeyID(r.fixed(len(KeyID{}))), Type: SignatureType(r.unsigned(math.MaxUint8)), Value: r.bytes()}
			env.Signatures = append(env.Signatures, s)
		}
	}
	return env, r.end("envelope")
}

// DecodeBatchProof is Decode of a BatchProof. Its signature is a part of b.
func DecodeBatchProof(b []byte) (BatchProof, error) {
	r := &reader{rest: b}
	r.array(4)
	p := BatchProof{Size: r.unsigned(math.MaxUint64), Index: r.unsigned(math.MaxUint64)}
	if n, ok := r.list(); ok {
		p.Path = make([]Hash, 0, min(n, 64))
		for ; n > 0 && !r.bad; n-- {
			p.Path = append(p.Path, Hash(r.fixed(len(Hash{}))))
		}
	}
	p.Signature = r.bytes()
	return p, r.end("batch proof")
}

// The major types of RFC 8949, 3.1, that stand in them, and null.
const (
	cborUnsigned = 0
	cborNegative = 1
	cborBytes    = 2
	cborText     = 3
	cborArray    = 4
	cborMap      = 5
	cborNull     = 0xf6
)

// elementsMax is how long an array may be, as Decode has it.
const elementsMax = 1 << 16

// A reader reads deterministic CBOR. After the first byte that is not, it is bad
// and gives zeros.
type reader struct {
	rest []byte
	bad  bool
}

// head reads the head of a value of a major type, with its argument in the
// shortest form.
func (r *reader) head(major byte) uint64 {
	if r.bad || len(r.rest) == 0 || r.rest[0]>>5 != major {
		r.bad = true
		return 0
	}
	short := r.rest[0] & 31
	r.rest = r.rest[1:]
	if short < 24 {
		return uint64(short)
	}
	size := 1 << (short - 24) // bytes: 1, 2, 4 or 8
	if short > 27 || len(r.rest) < size {
		r.bad = true
		return 0
	}
	var n uint64
	for _, b := range r.rest[:size] {
		n = n<<8 | uint64(b)
	}
	r.rest = r.rest[size:]
	// A shorter form would have done: up to 23 without any byte, else up to half as many.
	if size == 1 && n < 24 || size > 1 && n>>(4*size) == 0 {
		r.bad = true
	}
	return n
}

func (r *reader) unsigned(most uint64) uint64 {
	n := r.head(cborUnsigned)
	r.bad = r.bad || n > most
	return n
}

func (r *reader) integer() int64 {
	if len(r.rest) > 0 && r.rest[0]>>5 == cborNegative {
		n := r.head(cborNegative)
		r.bad = r.bad || n > math.MaxInt64
		return -1 - int64(n)
	}
	return int64(r.unsigned(math.MaxInt64))
}

// null says whether null stands here, which is how a nil slice is written.
func (r *reader) null() bool {
	if r.bad || len(r.rest) == 0 || r.rest[0] != cborNull {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *reader) bytes() []byte {
	if r.null() {
		return nil
	}
	n := r.head(cborBytes)
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// fixed reads n bytes, and gives as many zeros if others stand there.
func (r *reader) fixed(n int) []byte {
	if b := r.bytes(); !r.bad && len(b) == n {
		return b
	}
	r.bad = true
	return make([]byte, n)
}

func (r *reader) array(n uint64) { r.bad = r.head(cborArray) != n || r.bad }

// list reads how many elements follow, false for a nil list.
func (r *reader) list() (n uint64, ok bool) {
	if r.null() {
		return 0, false
	}
	n = r.head(cborArray)
	r.bad = r.bad || n > elementsMax
	return n, true
}

func (r *reader) end(what string) error {
	if r.bad || len(r.rest) > 0 {
		return fmt.Errorf("%s: %w: not in the one encoding that is allowed (deterministic CBOR)", what, ErrInvalid)
	}
	return nil
}
