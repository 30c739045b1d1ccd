// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// requestSizeMax bounds the body of add-checkpoint in bytes.
const requestSizeMax = 64 + proofHashesMax*45 + noteSizeMax

// A request is the body of add-checkpoint.
type request struct {
	old   uint64 // size that the witness is believed to know
	proof []tlog.Hash
	note  []byte
}

// parseRequest reads the body of add-checkpoint: a line "old <size>", one line
// a hash of the consistency proof, an empty line, a checkpoint.
//
// Source: C2SP tlog-witness, "add-checkpoint".
func parseRequest(body []byte) (request, error) {
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return request{}, fmt.Errorf("%w: request has no empty line before the checkpoint", ErrInvalid)
	}
	lines := strings.Split(string(head), "\n")
	text, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return request{}, fmt.Errorf("%w: request, line 1: %q is not \"old <size>\"", ErrInvalid, lines[0])
	}
	old, err := parseSize(text)
	if err != nil {
		return request{}, fmt.Errorf("request, line 1: %w", err)
	}
	if len(lines)-1 > proofHashesMax {
		return request{}, fmt.Errorf("%w: request has %d proof lines, at most %d", ErrInvalid, len(lines)-1, proofHashesMax)
	}
	r := request{old: old, note: signed}
	for i, line := range lines[1:] {
		hash, err := parseHash(line)
		if err != nil {
			return request{}, fmt.Errorf("request, line %d: %w", i+2, err)
		}
		r.proof = append(r.proof, hash)
	}
	return r, nil
}

// encode writes the body of add-checkpoint.
func (r request) encode() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.old)
	for _, hash := range r.proof {
		b = fmt.Appendf(b, "%s\n", hash)
	}
	return append(append(b, '\n'), r.note...)
}
