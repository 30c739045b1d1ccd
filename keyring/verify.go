// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/hdevalence/ed25519consensus"

	"github.com/trucewatch/trucewatch"
)

// A Check is one signature to be checked, with the key that it must be by.
type Check struct {
	Index     uint64 // of the entry
	key       *trucewatch.KeyRegistration
	body      []byte
	signature trucewatch.Signature
}

// groupSize is how many signatures are checked at once.
//
// Source: measured, batches of 64 to 256 take half the time of single ones.
const groupSize = 128

// An oath is an Ed25519 signature over a message. Those of one device batch are
// the same one.
type oath struct {
	key     [ed25519.PublicKeySize]byte
	message string
	value   [ed25519.SignatureSize]byte
}

// Verify checks signatures on all processors and returns what is wrong, in the
// order of checks.
func Verify(checks []Check) []Problem {
	oaths := make([]*oath, len(checks)) // nil: settled
	faults := make([]error, len(checks))
	share(len(checks), func(from, till int) {
		var p preparer
		for i := from; i < till; i++ {
			oaths[i], faults[i] = p.prepare(&checks[i])
		}
	})

	first := map[oath]int{}            // the check that stands for all with the same oath
	stands := make([]int, len(checks)) // by check
	var distinct []int
	for i, o := range oaths {
		if o == nil {
			continue
		}
		if i > 0 && o == oaths[i-1] {
			stands[i] = stands[i-1]
			continue
		}
		n, again := first[*o]
		if !again {
			n, first[*o] = i, i
			distinct = append(distinct, i)
		}
		stands[i] = n
	}
	groups := slices.Collect(slices.Chunk(distinct, groupSize))
	share(len(groups), func(from, till int) {
		for _, group := range groups[from:till] {
			verifyGroup(group, oaths, faults)
		}
	})

	var problems []Problem
	for i := range checks {
		err := faults[i]
		if err == nil && oaths[i] != nil {
			err = faults[stands[i]]
		}
		if err != nil {
			problems = append(problems, Problem{Index: checks[i].Index, What: fmt.Sprintf("has no valid signature of key %x: %v", checks[i].key.ID, err)})
		}
	}
	return problems
}

// verifyGroup checks a group at once, and one by one if anything is wrong in it.
func verifyGroup(group []int, oaths []*oath, faults []error) {
	batch := ed25519consensus.NewPreallocatedBatchVerifier(len(group))
	for _, i := range group {
		batch.Add(oaths[i].key[:], []byte(oaths[i].message), oaths[i].value[:])
	}
	if batch.Verify() {
		return
	}
	for _, i := range group {
		if !ed25519consensus.Verify(oaths[i].key[:], []byte(oaths[i].message), oaths[i].value[:]) {
			faults[i] = errors.New("it is not over these bytes")
		}
	}
}

// A preparer prepares checks one after the other. What stands side by side is
// often of one device batch, so it keeps the last one's.
type preparer struct {
	climber
	key  *trucewatch.KeyRegistration
	oath *oath // of key, over the climber's root; nil: none yet
}

// prepare checks what is no Ed25519 signature at once, and says what remains.
func (p *preparer) prepare(c *Check) (*oath, error) {
	algorithm, value := c.key.Algorithm, c.signature.Value
	switch {
	case c.signature.Type == trucewatch.PasskeySignature && algorithm == trucewatch.PasskeyKey:
		return nil, checkPasskey(c.key, c.body, value)
	case c.signature.Type == trucewatch.Ed25519Signature && algorithm == trucewatch.Ed25519Key:
		return newOath(c.key, trucewatch.SignedBytes(c.body), value)
	case c.signature.Type == trucewatch.BatchSignature && algorithm == trucewatch.Ed25519Key:
		return p.prepareBatch(c)
	}
	return nil, fmt.Errorf("it is of type %d, which is none of this key", c.signature.Type)
}

func (p *preparer) prepareBatch(c *Check) (*oath, error) {
	proof, err := trucewatch.DecodeBatchProof(c.signature.Value)
	if err != nil {
		return nil, err
	}
	size, root := p.size, p.root
	if err := p.climb(leafOf(c.body), &proof); err != nil {
		p.oath = nil
		return nil, err
	}
	if p.oath != nil && p.key == c.key && p.size == size && p.root == root && bytes.Equal(p.oath.value[:], proof.Signature) {
		return p.oath, nil
	}
	p.key = c.key
	p.oath, err = newOath(c.key, batchMessage(p.size, p.root), proof.Signature)
	return p.oath, err
}

func newOath(key *trucewatch.KeyRegistration, message, value []byte) (*oath, error) {
	if len(value) != ed25519.SignatureSize || len(key.Public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("it has %d bytes, not %d", len(value), ed25519.SignatureSize)
	}
	return &oath{key: [ed25519.PublicKeySize]byte(key.Public), message: string(message), value: [ed25519.SignatureSize]byte(value)}, nil
}

// share divides n things among all processors, each a row of neighbours.
func share(n int, do func(from, till int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() { do(w*n/workers, (w+1)*n/workers) })
	}
	all.Wait()
}
