// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"filippo.io/age"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// ageHead begins every file that age has encrypted.
const ageHead = "age-encryption.org/v1\n"

// SaveRole puts the identities of a role into the file name, in place of those
// before: encrypted with the passphrase (age, scrypt), or PLAIN if there is none.
//
// Without a passphrase, whoever takes the machine, its disk or a backup of it
// reads everything that the role may open. With one, he has to guess it: every
// try costs about a second.
//
// BUG: a plain file that was there before leaves its bytes somewhere on the
// medium. Give a role its passphrase from the start, or make the role anew.
func SaveRole(disk durable.Disk, name string, identities []*Identity, passphrase string) error {
	if len(identities) == 0 {
		return fmt.Errorf("save role %s: %w: no identity", name, ErrInvalid)
	}
	var text bytes.Buffer
	for _, id := range identities {
		text.WriteString(id.Secret() + "\n")
	}
	content := text.Bytes()
	if passphrase != "" {
		to, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return fmt.Errorf("save role %s: %w", name, err)
		}
		if content, err = encrypt(content, to); err != nil {
			return fmt.Errorf("save role %s: %w", name, err)
		}
	}
	return durable.WriteFile(disk, name, content)
}

// RoleIsPlain says whether the file of a role lies open, without a passphrase.
func RoleIsPlain(disk durable.Disk, name string) (bool, error) {
	b, err := readRole(disk, name)
	return !bytes.HasPrefix(b, []byte(ageHead)), err
}

// LoadRole returns the identities that SaveRole put into the file name. It is
// ErrDenied if the passphrase is missing or not the one.
func LoadRole(disk durable.Disk, name, passphrase string) ([]*Identity, error) {
	b, err := readRole(disk, name)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b, []byte(ageHead)) {
		if passphrase == "" {
			return nil, fmt.Errorf("role %s: %w: it needs its passphrase", name, ErrDenied)
		}
		key, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", name, err)
		}
		if b, err = decryptWith(b, key); err != nil {
			return nil, fmt.Errorf("role %s: %w", name, err)
		}
	}
	var identities []*Identity
	for i, line := range lines(b) {
		id, err := ParseIdentity(line)
		if err != nil {
			return nil, fmt.Errorf("role %s: identity %d: %w", name, i+1, err)
		}
		identities = append(identities, id)
	}
	if len(identities) == 0 {
		return nil, fmt.Errorf("role %s: %w: no identity", name, ErrInvalid)
	}
	return identities, nil
}

func readRole(disk durable.Disk, name string) ([]byte, error) {
	b, err := disk.ReadFile(name, keyFileMaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("role %s: %w", name, ErrNotFound)
	}
	return b, err
}
