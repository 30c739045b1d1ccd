// SPDX-License-Identifier: Apache-2.0

package keyring

import (
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
	key       trucewatch.KeyRegistration
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
	share(len(checks), func(i int) { oaths[i], faults[i] = checks[i].prepare() })

	first := make(map[oath]int, len(checks)) // the check that stands for all with the same oath
	var distinct []int
	for i, o := range oaths {
		if o == nil {
			continue
		}
		if _, again := first[*o]; !again {
			first[*o] = i
			distinct = append(distinct, i)
		}
	}
	groups := slices.Collect(slices.Chunk(distinct, groupSize))
	share(len(groups), func(g int) { verifyGroup(groups[g], oaths, faults) })

	var problems []Problem
	for i := range checks {
		err := faults[i]
		if err == nil && oaths[i] != nil {
			err = faults[first[*oaths[i]]]
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

// prepare checks what is no Ed25519 signature at once, and says what remains.
func (c *Check) prepare() (*oath, error) {
	algorithm, value := c.key.Algorithm, c.signature.Value
	var message []byte
	switch {
	case c.signature.Type == trucewatch.PasskeySignature && algorithm == trucewatch.PasskeyKey:
		if err := checkPasskey(&c.key, c.body, value); err != nil {
			return nil, err
		}
		return nil, nil
	case c.signature.Type == trucewatch.Ed25519Signature && algorithm == trucewatch.Ed25519Key:
		message = trucewatch.SignedBytes(c.body)
	case c.signature.Type == trucewatch.BatchSignature && algorithm == trucewatch.Ed25519Key:
		p, err := trucewatch.DecodeBatchProof(value)
		if err != nil {
			return nil, err
		}
		root, err := climb(leafOf(c.body), &p)
		if err != nil {
			return nil, err
		}
		message, value = batchMessage(p.Size, root), p.Signature
	default:
		return nil, fmt.Errorf("it is of type %d, which is none of this key", c.signature.Type)
	}
	if len(value) != ed25519.SignatureSize || len(c.key.Public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("it has %d bytes, not %d", len(value), ed25519.SignatureSize)
	}
	return &oath{key: [ed25519.PublicKeySize]byte(c.key.Public), message: string(message), value: [ed25519.SignatureSize]byte(value)}, nil
}

// share calls do for each i < n, on all processors.
func share(n int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	all.Wait()
}
