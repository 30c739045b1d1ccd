// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
)

const (
	logKeyFile    = "keys/log.key"
	logPublicFile = "keys/log.pub"
	deskKeyFile   = "keys/desk.key"
)

// keyFileMaxBytes bounds a file with a key or a name.
const keyFileMaxBytes = 64 << 10

// exerciseLog begins the origin of an exercise's log. It stands in each body that
// anybody signs for it, in each checkpoint, promise and exhibit, and in the line
// that a witness or mirror is given.
const exerciseLog = "trucewatch-exercise/"

// newKeys makes the keys of a mission and returns the log's origin. The origin
// carries four random bytes, so that entries of one log can never pass for
// those of another with the same mission identifier.
func (p place) newKeys(id string, mode trucewatch.Mode) (origin string, err error) {
	var salt [4]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", fmt.Errorf("mission: make keys: %w", err)
	}
	kind := "trucewatch/"
	if mode == trucewatch.Exercise {
		kind = exerciseLog
	}
	origin = kind + id + "/" + hex.EncodeToString(salt[:])
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", fmt.Errorf("mission: make keys: %w", err)
	}
	_, desk, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("mission: make keys: %w", err)
	}
	// The folder is closed to others before a secret is written into it.
	if err := durable.MkdirAll(p.disk, filepath.Join(p.dir, "keys")); err != nil {
		return "", fmt.Errorf("mission: make keys: %w", err)
	}
	for _, f := range []struct{ name, text string }{
		{logKeyFile, secret}, {logPublicFile, public}, {deskKeyFile, hex.EncodeToString(desk.Seed())},
	} {
		if err := durable.WriteFile(p.disk, filepath.Join(p.dir, f.name), []byte(f.text+"\n")); err != nil {
			return "", fmt.Errorf("mission: make keys: %w", err)
		}
	}
	return origin, nil
}

func (p place) readLine(name string) (string, error) {
	b, err := p.disk.ReadFile(filepath.Join(p.dir, name), keyFileMaxBytes)
	if err != nil {
		return "", fmt.Errorf("mission: read key: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// logVerifier is the log's key with its handovers.
func (p place) logVerifier() (*logkey.Key, error) {
	text, err := p.readLine(logPublicFile)
	if err != nil {
		return nil, err
	}
	key, err := logkey.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("mission: %s: %w", logPublicFile, err)
	}
	return key, nil
}

// logSigner signs as a log with that key. Its file has one secret on a line, and
// two while the log is handed over.
func (p place) logSigner(key *logkey.Current) (*logkey.Signer, error) {
	text, err := p.readLine(logKeyFile)
	if err != nil {
		return nil, err
	}
	s, err := logkey.NewSigner(key, strings.Fields(text))
	if err != nil {
		return nil, fmt.Errorf("mission: %s: %w", logKeyFile, err)
	}
	return s, nil
}

// A desk signs what the mission enters into the record.
type desk struct {
	key ed25519.PrivateKey
	id  trucewatch.KeyID
}

func (p place) readDesk() (*desk, error) {
	text, err := p.readLine(deskKeyFile)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(deskKeyFile, text)
	if err != nil {
		return nil, err
	}
	return &desk{key: key, id: keyring.ID(key.Public().(ed25519.PublicKey))}, nil
}

func (d *desk) public() []byte { return d.key.Public().(ed25519.PublicKey) }
