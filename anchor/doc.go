// SPDX-License-Identifier: Apache-2.0

// Package anchor says when something was in the record, on the word of others:
// time-stamp authorities (RFC 3161) that sign a checkpoint's hash with their time,
// and witnesses that co-sign checkpoints with theirs.
//
// Check is deterministic: it judges certificates at the time that the token
// states, knows no clock and asks nobody, so that an anchor from years ago is
// checked as it was on its day. Hence it cannot see a certificate's revocation.
//
// BoundsOf is a pure function from such words to the earliest and latest time at
// which an entry can have been made, as long as no more than a stated number of
// organisations lie.
//
// # Trust
//
// Whoever holds the key of a time-stamp authority can date anything to any time
// at which its certificate was valid, also after that certificate's end and
// revocation; hence two authorities in different states, and BoundsOf, which
// believes no single one. Whoever holds the pool of roots can make any authority
// believed. Whoever sits between this machine and the authority can stop tokens
// from coming, but not alter them: they are signed, and carry the request's random
// number.
package anchor

import "errors"

// The kinds of error, a closed set; test with errors.Is. What comes from the
// network otherwise wraps its own error.
var (
	// ErrInvalid: what was given is no token, no answer to the request, or breaks
	// RFC 3161.
	ErrInvalid = errors.New("invalid")
	// ErrOther: it is a sound token, over something else.
	ErrOther = errors.New("another checkpoint")
	// ErrUntrusted: nobody in the pool of roots vouches for its signature.
	ErrUntrusted = errors.New("not trusted")
	// ErrRefused: the authority answered that it gives no token.
	ErrRefused = errors.New("refused by the authority")
)
