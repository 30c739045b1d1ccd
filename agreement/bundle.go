// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch"
)

// MainFile is the file of a bundle that holds the text.
const MainFile = "agreement.yaml"

// Limits of a bundle. Guess: ten times the largest real agreement with its
// annexes that we know of. Test: a bundle that is refused for its size.
const (
	FileMaxBytes   = 4 << 20
	BundleMaxBytes = 16 << 20
	FilesMax       = 256
	nameMaxBytes   = 200
)

// A File is one file of a bundle.
type File struct {
	Name string // slash-separated and relative: "agreement.yaml", "geo/loc.geojson"
	Data []byte
}

// packed is a bundle's one encoding.
type packed struct {
	_      struct{} `cbor:",toarray"`
	Format string
	Files  []packedFile
}

type packedFile struct {
	_    struct{} `cbor:",toarray"`
	Name string
	Data []byte
}

const packFormat = "trucewatch/agreement-bundle/v1"

// Pack returns the one byte string of a bundle: deterministic CBOR of the files
// sorted by name. Its SHA-256 names the version of the agreement. Pack does not
// check: what Parse refuses, Unpack refuses too.
func Pack(files []File) []byte {
	p := packed{Format: packFormat, Files: make([]packedFile, 0, len(files))}
	for _, f := range sorted(files) {
		// An empty file has one encoding, whether it was given as nil or not.
		p.Files = append(p.Files, packedFile{Name: f.Name, Data: append([]byte{}, f.Data...)})
	}
	return trucewatch.Encode(p)
}

// Unpack reads what Pack wrote, and nothing else: a bundle with a name that is
// not a plain relative path, a name twice, or more than the limits is refused.
func Unpack(blob []byte) ([]File, error) {
	if len(blob) > BundleMaxBytes+FilesMax*(nameMaxBytes+16) {
		return nil, fmt.Errorf("agreement: unpack: %w: %d bytes, more than %d", trucewatch.ErrInvalid, len(blob), BundleMaxBytes)
	}
	var p packed
	if err := trucewatch.Decode(blob, &p); err != nil {
		return nil, fmt.Errorf("agreement: unpack: %w", err)
	}
	if p.Format != packFormat {
		return nil, fmt.Errorf("agreement: unpack: %w: format %q, not %q", trucewatch.ErrInvalid, p.Format, packFormat)
	}
	files := make([]File, 0, len(p.Files))
	for _, f := range p.Files {
		files = append(files, File{Name: f.Name, Data: f.Data})
	}
	if !slices.IsSortedFunc(files, byName) {
		return nil, fmt.Errorf("agreement: unpack: %w: files are not sorted by name", trucewatch.ErrInvalid)
	}
	if err := checkFiles(files); err != nil {
		return nil, fmt.Errorf("agreement: unpack: %w", err)
	}
	if !bytes.Equal(Pack(files), blob) {
		return nil, fmt.Errorf("agreement: unpack: %w: not in the one encoding that Pack writes", trucewatch.ErrInvalid)
	}
	return files, nil
}

// hashOf returns what names the version of a bundle.
func hashOf(files []File) trucewatch.Hash { return sha256.Sum256(Pack(files)) }

func byName(a, b File) int { return cmp.Compare(a.Name, b.Name) }

func sorted(files []File) []File { return slices.SortedFunc(slices.Values(files), byName) }

// checkFiles checks names and sizes of files that are sorted by name.
func checkFiles(files []File) error {
	total := 0
	if len(files) > FilesMax {
		return fmt.Errorf("%w: %d files, more than %d", trucewatch.ErrInvalid, len(files), FilesMax)
	}
	for i, f := range files {
		total += len(f.Data)
		switch {
		case !plainName(f.Name):
			return fmt.Errorf("%w: file name %q is not a plain relative path such as geo/loc.geojson", trucewatch.ErrInvalid, f.Name)
		case i > 0 && files[i-1].Name == f.Name:
			return fmt.Errorf("%w: two files are named %q", trucewatch.ErrInvalid, f.Name)
		case len(f.Data) > FileMaxBytes:
			return fmt.Errorf("%s: %w: %d bytes, more than %d", f.Name, trucewatch.ErrInvalid, len(f.Data), FileMaxBytes)
		case total > BundleMaxBytes:
			return fmt.Errorf("%w: more than %d bytes in all", trucewatch.ErrInvalid, BundleMaxBytes)
		}
	}
	return nil
}

// plainName says whether a name means the same file on every system.
func plainName(name string) bool {
	if name == "" || len(name) > nameMaxBytes || !utf8.ValidString(name) || strings.ContainsAny(name, "\\:\x00") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}
