// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
)

// A SplitView proves that a log's key signed two histories: two checkpoints of
// one size with different roots; or one whose tree, as Proof shows, begins with
// other entries than the smaller one signs for. It needs no trust in whoever
// wrote it down: Check holds it to the log's key.
type SplitView struct {
	Log    string // key of the log, as package logkey writes it
	First  []byte // signed note of the smaller checkpoint
	Second []byte // that of the larger one, or of the other one of that size
	// Root is what the tree of Second begins with, up to the size of First. Proof
	// is the consistency proof that says so; empty if the sizes are equal.
	//
	// Source: RFC 6962, section 2.1.2.
	Root  [32]byte
	Proof [][32]byte

	// File is where the evidence was written; empty if it was not.
	File string
	size uint64 // of First, for messages
}

// Error names what was found, and where.
func (s *SplitView) Error() string {
	text := fmt.Sprintf("mirror: %v: the log's key signed two histories of the first %d entries", ErrSplitView, s.size)
	if s.File != "" {
		text += ": keep " + s.File
	}
	return text
}

// Is makes errors.Is(err, ErrSplitView) true.
func (s *SplitView) Is(target error) bool { return target == ErrSplitView }

// newSplitView makes evidence of two checkpoints, where those under t contradict c.
func newSplitView(log string, c record.Checkpoint, t *tree) (*SplitView, error) {
	s := &SplitView{Log: log, First: c.Note, Second: t.signed.Note, size: c.Size}
	root, err := t.rootAt(c.Size)
	if err != nil {
		return nil, err
	}
	proof, err := t.proof(c.Size)
	if err != nil {
		return nil, err
	}
	s.Root = root
	for _, hash := range proof {
		s.Proof = append(s.Proof, hash)
	}
	return s, s.Check()
}

// Check says whether the evidence proves what it claims: nil if both notes are
// signed by the log and contradict each other, else ErrInvalid.
func (s *SplitView) Check() error {
	verifier, err := logkey.Parse(s.Log)
	if err != nil {
		return fmt.Errorf("mirror: evidence: %w: key of the log: %w", ErrInvalid, err)
	}
	first, err := openCheckpoint(s.First, verifier)
	if err != nil {
		return fmt.Errorf("mirror: evidence: first note: %w", err)
	}
	second, err := openCheckpoint(s.Second, verifier)
	if err != nil {
		return fmt.Errorf("mirror: evidence: second note: %w", err)
	}
	switch {
	case first.Size > second.Size:
		return fmt.Errorf("mirror: evidence: %w: the first note has more entries than the second", ErrInvalid)
	case first.Root == s.Root:
		return fmt.Errorf("mirror: evidence: %w: the two notes do not contradict each other", ErrInvalid)
	case first.Size == second.Size && (second.Root != s.Root || len(s.Proof) > 0):
		return fmt.Errorf("mirror: evidence: %w: the root is not that of the second note", ErrInvalid)
	case first.Size == second.Size:
		return nil
	case first.Size == 0:
		return fmt.Errorf("mirror: evidence: %w: a log without entries contradicts nothing", ErrInvalid)
	}
	var proof tlog.TreeProof
	for _, hash := range s.Proof {
		proof = append(proof, hash)
	}
	if err := tlog.CheckTree(proof, int64(second.Size), second.Root, int64(first.Size), s.Root); err != nil {
		return fmt.Errorf("mirror: evidence: %w: proof: %w", ErrInvalid, err)
	}
	return nil
}

const (
	splitHead = "trucewatch split view v1"
	quote     = "> "
)

// Text is the evidence as a file that people read and ParseSplitView takes.
func (s *SplitView) Text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nlog %s\n\n", splitHead, s.Log)
	b.WriteString("first\n" + quoted(s.First) + "\nsecond\n" + quoted(s.Second) + "\n")
	fmt.Fprintf(&b, "root under the second %s\n", tlog.Hash(s.Root))
	for _, hash := range s.Proof {
		fmt.Fprintf(&b, "proof %s\n", tlog.Hash(hash))
	}
	return []byte(b.String())
}

func quoted(signed []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(signed)) {
		b.WriteString(quote + line)
	}
	return b.String()
}

// evidenceSizeMax bounds a file of evidence in bytes: two notes and a proof.
const evidenceSizeMax = 2*noteSizeMax + 64<<10

// ParseSplitView reads what Text wrote, and nothing else. It does not check the
// evidence: see Check.
func ParseSplitView(text []byte) (*SplitView, error) {
	if len(text) > evidenceSizeMax {
		return nil, fmt.Errorf("mirror: evidence: %w: %d bytes, at most %d", ErrInvalid, len(text), evidenceSizeMax)
	}
	s := &SplitView{}
	var into *[]byte
	for number, line := range strings.Split(string(text), "\n") {
		quotation, isQuoted := strings.CutPrefix(line, quote)
		word, rest, _ := strings.Cut(line, " ")
		var err error
		switch {
		case isQuoted && into != nil:
			*into = append(*into, quotation+"\n"...)
		case line == "first":
			into = &s.First
		case line == "second":
			into = &s.Second
		case word == "log":
			s.Log = rest
		case word == "root":
			s.Root, err = parseHash(strings.TrimPrefix(rest, "under the second "))
		case word == "proof":
			var hash [32]byte
			hash, err = parseHash(rest)
			s.Proof = append(s.Proof, hash)
		}
		if err != nil {
			return nil, fmt.Errorf("mirror: evidence, line %d: %w: %w", number+1, ErrInvalid, err)
		}
	}
	// The test that counts: there is one form.
	if !bytes.Equal(s.Text(), text) {
		return nil, fmt.Errorf("mirror: evidence: %w: not as this program writes it", ErrInvalid)
	}
	return s, nil
}

func parseHash(text string) (hash [32]byte, err error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(hash) {
		return hash, fmt.Errorf("%q is not a hash in base64", text)
	}
	return [32]byte(raw), nil
}

// keepEvidence writes a file that was not there, durably, and returns its name.
// What is there is never changed: other evidence of that name gets a number.
func keepEvidence(disk durable.Disk, dir, name string, data []byte) (string, error) {
	for n := 1; ; n++ {
		file := filepath.Join(dir, name+".txt")
		if n > 1 {
			file = filepath.Join(dir, fmt.Sprintf("%s-%d.txt", name, n))
		}
		old, err := disk.ReadFile(file, evidenceSizeMax)
		if err == nil && bytes.Equal(old, data) {
			return file, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return file, durable.WriteFile(disk, file, data)
		}
		if err != nil && !errors.Is(err, durable.ErrTooLong) {
			return "", err
		}
	}
}

// Evidence lists the files of evidence in a mirror's folder, sorted.
func Evidence(dir string) ([]string, error) {
	names, err := durable.OS{}.ReadDir(filepath.Join(dir, evidenceName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	var files []string
	for _, name := range names {
		if filepath.Ext(name) != durable.TempSuffix {
			files = append(files, filepath.Join(dir, evidenceName, name))
		}
	}
	return files, nil
}
