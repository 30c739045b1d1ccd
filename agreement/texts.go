// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"crypto/sha256"

	"github.com/trucewatch/trucewatch"
)

// Texts keep the agreements that were parsed, by the hash of their bundle, so
// that who folds a record again reads its texts once: nothing changes an
// agreement after it was parsed. Nil Texts keep nothing. They hold as many as the
// records name that are folded with them, and are not safe for concurrent use.
type Texts struct {
	parsed map[trucewatch.Hash]*Agreement
}

// Parse is Unpack and then Parse. What is refused is not kept.
func (t *Texts) Parse(blob []byte) (*Agreement, error) {
	hash := trucewatch.Hash(sha256.Sum256(blob))
	if t != nil && t.parsed[hash] != nil {
		return t.parsed[hash], nil
	}
	files, err := Unpack(blob)
	if err != nil {
		return nil, err
	}
	a, err := Parse(files)
	if err != nil || t == nil {
		return a, err
	}
	if t.parsed == nil {
		t.parsed = map[trucewatch.Hash]*Agreement{}
	}
	t.parsed[hash] = a
	return a, nil
}
