// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"filippo.io/age"

	"github.com/trucewatch/trucewatch"
)

// Classes of holders. Every sealed entry names a box of each, in the order of
// Classes.
const (
	CustodyClass = "custody" // what names people: observer, free text, addresses
	MissionClass = "mission" // the true envelope and its seed
	ResidueClass = "residue" // a coarse stand-in, for replay after an erasure
)

// PartyClass is the class of the openings that one party may see.
func PartyClass(party trucewatch.PartyID) string { return "party_" + string(party) }

// Classes lists the classes of a record's boxes, in the order in which an entry
// names them.
func Classes(parties ...trucewatch.PartyID) []string {
	all := []string{CustodyClass, MissionClass, ResidueClass}
	for _, p := range parties {
		all = append(all, PartyClass(p))
	}
	return all
}

var classPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

func checkClass(class string) error {
	if !classPattern.MatchString(class) {
		return fmt.Errorf("class %q: %w: not letters, digits and underscores", trucewatch.CutText(class, 40), ErrInvalid)
	}
	return nil
}

const (
	// stepBytes: the padded content of a box is a whole number of steps.
	stepBytes = 256

	// BoxMaxBytes bounds a box: the openings of the largest entry, some 100 rows of
	// 30 fields, fit ten times.
	BoxMaxBytes = 16 << 20
)

// paddedMin is the least padded content of a box of a class, so that the boxes
// of most entries have one size.
//
// Guess: an observation is 0.5 to 1.5 KB, an opening 0.3 to 0.5 KB and a party
// sees about ten of them. Test: share of a mission's boxes above the minimum.
func paddedMin(class string) int {
	switch class {
	case MissionClass:
		return 2048
	case CustodyClass, ResidueClass:
		return 1024
	}
	return 4096
}

// A Recipient is to whom a box can be sealed: the public half of an Identity,
// age's hybrid of ML-KEM-768 and X25519. There is no other kind, so that what is
// stored today stays shut to a quantum computer of tomorrow.
type Recipient struct {
	key   *age.HybridRecipient
	class string // for the size of boxes; empty for a role
}

// An Identity opens what was sealed to its Recipient.
type Identity struct{ key *age.HybridIdentity }

// ParseRecipient reads "age1pq1...".
func ParseRecipient(s string) (*Recipient, error) {
	key, err := age.ParseHybridRecipient(s)
	if err != nil || key.String() != s {
		return nil, fmt.Errorf("recipient %q: %w: not age1pq1... as trucewatch or age-keygen -pq writes it", trucewatch.CutText(s, 20), ErrInvalid)
	}
	return &Recipient{key: key}, nil
}

// String writes "age1pq1...".
func (r *Recipient) String() string { return r.key.String() }

// Fingerprint is the SHA-256 of the written recipient, to be compared by voice
// or put into the record.
func (r *Recipient) Fingerprint() trucewatch.Hash { return sha256.Sum256([]byte(r.String())) }

// ParseIdentity reads "AGE-SECRET-KEY-PQ-1...". Its errors do not repeat it.
func ParseIdentity(s string) (*Identity, error) {
	key, err := age.ParseHybridIdentity(s)
	if err != nil || key.String() != s {
		return nil, fmt.Errorf("identity: %w: not AGE-SECRET-KEY-PQ-1... as trucewatch or age-keygen -pq writes it", ErrInvalid)
	}
	return &Identity{key: key}, nil
}

// Secret writes "AGE-SECRET-KEY-PQ-1...". It is not called String, so that no
// message prints it.
func (i *Identity) Secret() string { return i.key.String() }

// Recipient is the public half.
func (i *Identity) Recipient() *Recipient { return &Recipient{key: i.key.Recipient()} }

// NewSeed returns 32 random bytes.
func NewSeed() (s Seed) {
	rand.Read(s[:]) // Never fails: the process ends without randomness.
	return s
}

// GenerateRole makes the key of a role: a person or organisation that opens the
// boxes of a class.
func GenerateRole() (identity, recipient string, err error) {
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", "", fmt.Errorf("make role key: %w", err)
	}
	return key.String(), key.Recipient().String(), nil
}

// BoxHash is by which entries name a box.
func BoxHash(box []byte) trucewatch.Hash { return sha256.Sum256(box) }

// SealBox encrypts plaintext to one recipient. Inside, before it is encrypted,
// the plaintext is padded: its length in 32 bits, big endian, the plaintext, then
// zeros up to a multiple of 256 bytes and at least the minimum of the recipient's
// class. Two boxes of the same plaintext differ.
//
// A box does not say who sealed it: anybody who has the recipient can. Only the
// signature of the entry that names the box's hash says it; see CheckBox.
func SealBox(to *Recipient, plaintext []byte) ([]byte, error) {
	size := (4 + len(plaintext) + stepBytes - 1) / stepBytes * stepBytes
	if to.class != "" {
		size = max(size, paddedMin(to.class))
	}
	if size > BoxMaxBytes-stepBytes*16 {
		return nil, fmt.Errorf("seal box: %w: %d bytes", ErrInvalid, len(plaintext))
	}
	padded := make([]byte, size)
	binary.BigEndian.PutUint32(padded, uint32(len(plaintext)))
	copy(padded[4:], plaintext)
	return encrypt(padded, to.key)
}

func encrypt(plaintext []byte, to ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if _, err := w.Write(plaintext); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}

// OpenBox decrypts a box and takes the padding off. The error wraps ErrDenied if
// none of the identities fits, and ErrCorrupt if one does but the box was changed
// or not made by SealBox.
func OpenBox(identities []*Identity, box []byte) ([]byte, error) {
	if len(box) > BoxMaxBytes {
		return nil, fmt.Errorf("open box: %w: %d bytes, more than %d", ErrInvalid, len(box), BoxMaxBytes)
	}
	padded, err := decrypt(box, identities)
	if err != nil {
		return nil, fmt.Errorf("open box: %w", err)
	}
	if len(padded) == 0 || len(padded)%stepBytes != 0 {
		return nil, fmt.Errorf("open box: %w: %d bytes inside, not a multiple of %d", ErrCorrupt, len(padded), stepBytes)
	}
	length := binary.BigEndian.Uint32(padded)
	if uint64(length) > uint64(len(padded)-4) || len(bytes.Trim(padded[4+length:], "\x00")) != 0 {
		return nil, fmt.Errorf("open box: %w: a length or padding that SealBox does not write", ErrCorrupt)
	}
	return padded[4 : 4+length], nil
}

func decrypt(box []byte, identities []*Identity) ([]byte, error) {
	if len(identities) == 0 {
		return nil, ErrDenied
	}
	keys := make([]age.Identity, len(identities))
	for i, id := range identities {
		keys[i] = id.key
	}
	return decryptWith(box, keys...)
}

func decryptWith(box []byte, keys ...age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(box), keys...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, ErrDenied
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return plain, nil
}

// CheckBox returns nil if entry names exactly these bytes as its box of class:
// its signature then covers them.
func CheckBox(entry *trucewatch.Entry, class string, box []byte) error {
	named, err := boxOf(entry, class)
	if err != nil {
		return err
	}
	if BoxHash(box) != named {
		return fmt.Errorf("entry %d, %s box: %w: its hash is %s, the entry names %s", entry.Index, class, ErrCorrupt, BoxHash(box), named)
	}
	return nil
}

// boxOf returns the hash of the entry's one box of class.
func boxOf(entry *trucewatch.Entry, class string) (named trucewatch.Hash, err error) {
	count := 0
	for _, b := range entry.Body.Sealed {
		if b.Class == class {
			named = b.Hash
			count++
		}
	}
	if count != 1 {
		return named, fmt.Errorf("entry %d, %s box: %w: the entry names %d, not one", entry.Index, class, ErrNotFound, count)
	}
	return named, nil
}

// lines cuts text into its lines, without those that are empty or begin with #.
func lines(text []byte) []string {
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}
