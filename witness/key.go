// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// A Key is the private key of a witness or mirror. Whoever holds it can sign
// any history of any log in the witness's name.
type Key struct {
	name    string
	private ed25519.PrivateKey
}

// GenerateKey makes a new key. The name should be a schemeless URL that
// identifies the cosigner, such as "party-a.example/witness". A witness and a
// mirror need different keys: an Ed25519 cosignature does not say its name.
func GenerateKey(name string) (*Key, error) {
	if err := checkKeyName(name); err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrInvalid, err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &Key{name, private}, nil
}

// Name is the key's name.
func (k *Key) Name() string { return k.name }

// VerifierKey is the public key as C2SP signed-note writes it, of type
// cosignature/v1.
func (k *Key) VerifierKey() string {
	public := append([]byte{typeCosignature}, k.private.Public().(ed25519.PublicKey)...)
	return fmt.Sprintf("%s+%08x+%s", k.name, keyID(k.name, public), base64.StdEncoding.EncodeToString(public))
}

// secret is the private key as the Go checksum database writes it, which other
// witnesses read too.
func (k *Key) secret() string {
	public := append([]byte{typeCosignature}, k.private.Public().(ed25519.PublicKey)...)
	seed := append([]byte{typeCosignature}, k.private.Seed()...)
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s\n", k.name, keyID(k.name, public), base64.StdEncoding.EncodeToString(seed))
}

// ParseKey reads a private key in the form of WriteKey. Keys of the note type
// (0x01), as the Go checksum database makes them, are taken as cosigner keys.
func ParseKey(text []byte) (*Key, error) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(string(text), "\n"), "PRIVATE+KEY+")
	name, rest, _ := strings.Cut(rest, "+")
	hash, seed64, _ := strings.Cut(rest, "+")
	seed, err := base64.StdEncoding.Strict().DecodeString(seed64)
	if !ok || err != nil || len(seed) != 1+ed25519.SeedSize || seed[0] != typeCosignature && seed[0] != typeEd25519 {
		return nil, fmt.Errorf("%w: key: not PRIVATE+KEY+<name>+<hash>+<base64 of an Ed25519 seed>", ErrInvalid)
	}
	if err := checkKeyName(name); err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrInvalid, err)
	}
	k := &Key{name, ed25519.NewKeyFromSeed(seed[1:])}
	public := append([]byte{seed[0]}, k.private.Public().(ed25519.PublicKey)...)
	if hash != fmt.Sprintf("%08x", keyID(name, public)) {
		return nil, fmt.Errorf("%w: key of %s: the hash is not that of the name and key", ErrInvalid, name)
	}
	return k, nil
}

// keyFileSizeMax bounds a key file in bytes: a name, a hash and 33 bytes in base64.
const keyFileSizeMax = nameSizeMax + 80

// WriteKey puts the key into a new file that only its owner can read. A file
// that is there is ErrExists: a key is never overwritten.
func WriteKey(name string, k *Key) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("key: %s: %w", name, ErrExists)
	} else if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	_, err = f.WriteString(k.secret())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = durable.OS{}.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("key: write %s: %w", name, err)
	}
	return nil
}

// ReadKey reads a key file. One that others on the machine may read is ErrInvalid.
func ReadKey(name string) (*Key, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	defer f.Close() // Read only: nothing can be lost.
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: key: %s may be read by others (mode %04o): chmod 600 it, and make a new key if somebody did", ErrInvalid, name, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileSizeMax+1))
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	if len(text) > keyFileSizeMax {
		return nil, fmt.Errorf("%w: key: %s has more than %d bytes", ErrInvalid, name, keyFileSizeMax)
	}
	k, err := ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

// Signer signs notes with cosignatures as of the instant at, in whole seconds.
func (k *Key) Signer(at time.Time) note.Signer { return cosigner{k, at} }

// cosigner makes cosignatures. It is written out here, and not taken from the
// library that verifies them, because that one reads the machine's clock itself.
type cosigner struct {
	key *Key
	at  time.Time
}

func (c cosigner) Name() string { return c.key.name }

func (c cosigner) KeyHash() uint32 {
	public := append([]byte{typeCosignature}, c.key.private.Public().(ed25519.PublicKey)...)
	return keyID(c.key.name, public)
}

// Sign returns the time, 64 bits big endian, and the signature.
//
// Source: C2SP tlog-cosignature, "Ed25519 signed message".
func (c cosigner) Sign(text []byte) ([]byte, error) {
	at := c.at.Unix()
	if at < 0 {
		return nil, fmt.Errorf("%w: cosignature: %v lies before 1970", ErrInvalid, c.at)
	}
	signature := ed25519.Sign(c.key.private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)), signature...), nil
}
