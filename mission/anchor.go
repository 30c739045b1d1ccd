// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/anchor"
	"github.com/trucewatch/trucewatch/record"
)

// RequestAnchor makes a request for the time of a foreign authority over the
// record's last checkpoint, and says how many entries that has. The authority is
// shown a hash and nothing else.
func (m *Mission) RequestAnchor() (*anchor.Request, uint64, error) {
	verifier, err := m.logVerifier()
	if err != nil {
		return nil, 0, err
	}
	checkpoint, err := record.ReadCheckpointOn(m.disk, filepath.Join(m.dir, "record"), verifier)
	if err != nil {
		return nil, 0, fmt.Errorf("mission: anchor: %w", err)
	}
	text, err := signedText(checkpoint.Note, record.VerifierAt(verifier, checkpoint.Size))
	if err != nil {
		return nil, 0, err
	}
	request, err := anchor.NewRequest(text)
	if err != nil {
		return nil, 0, fmt.Errorf("mission: %w", err)
	}
	return request, checkpoint.Size, nil
}

// signedText is what of a checkpoint the log signed: origin, size, root.
func signedText(signed []byte, verifier note.Verifier) ([]byte, error) {
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return nil, fmt.Errorf("mission: checkpoint: %w", err)
	}
	return []byte(n.Text), nil
}

// EnterAnchor records an authority's token over a checkpoint of this record, after
// it was checked against roots. A token that the record has already adds nothing.
// It returns the index of the entry and the time the token vouches for.
func (m *Mission) EnterAnchor(token []byte, roots *x509.CertPool) (uint64, anchor.Time, error) {
	imprint, err := anchor.Imprint(token)
	if err != nil {
		return 0, anchor.Time{}, fmt.Errorf("mission: %w", err)
	}
	checkpoint, text, err := m.keptCheckpoint(imprint)
	if err != nil {
		return 0, anchor.Time{}, err
	}
	at, err := anchor.Check(token, text, roots)
	if err != nil {
		return 0, anchor.Time{}, fmt.Errorf("mission: %w", err)
	}
	a := &trucewatch.Anchor{Checkpoint: imprint, Size: checkpoint.Size, Authority: trucewatch.CutText(at.Authority, trucewatch.TextMaxBytes), Token: token}
	var index uint64
	err = m.Write(func(w *Writer) error {
		for _, known := range w.m.anchors {
			if bytes.Equal(known.token, token) {
				index = known.index
				return nil
			}
		}
		index, err = w.Enter(nil, trucewatch.Payload{Anchor: a})
		return err
	})
	return index, at, err
}

// An anchored token is one that the record has.
type anchored struct {
	index uint64
	token []byte
}

// keptCheckpoint finds the checkpoint whose signed text has a hash.
func (m *Mission) keptCheckpoint(hash trucewatch.Hash) (record.Checkpoint, []byte, error) {
	verifier, err := m.logVerifier()
	if err != nil {
		return record.Checkpoint{}, nil, err
	}
	dir := filepath.Join(m.dir, "record", "checkpoints")
	kept, err := os.ReadDir(dir)
	if err != nil {
		return record.Checkpoint{}, nil, fmt.Errorf("mission: anchor: %w", err)
	}
	for _, file := range kept {
		if _, err := strconv.ParseUint(file.Name(), 10, 64); err != nil {
			continue // not finished
		}
		signed, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return record.Checkpoint{}, nil, fmt.Errorf("mission: anchor: %w", err)
		}
		head, _, found := strings.Cut(string(signed), "\n\n")
		if text := []byte(head + "\n"); found && sha256.Sum256(text) == hash {
			checkpoint, err := record.ParseCheckpoint(signed, verifier)
			if err != nil {
				return record.Checkpoint{}, nil, fmt.Errorf("mission: anchor: %w", err)
			}
			return checkpoint, text, nil
		}
	}
	return record.Checkpoint{}, nil, fmt.Errorf("mission: anchor: %w: the token is over %v, which is no checkpoint that is kept here", anchor.ErrOther, hash)
}

// ReadRoots reads the certificates of authorities that are believed, PEM.
func ReadRoots(name string) (*x509.CertPool, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("mission: roots: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("mission: roots: " + name + " has no certificate in PEM")
	}
	return pool, nil
}
