// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/seal"
)

// NewRole makes a role in a file that must not exist, encrypted with the
// passphrase if there is one, and returns its recipient: what others need to
// seal for it.
func NewRole(name, passphrase string) (recipient string, err error) {
	if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("mission: make role: %s: %w", name, os.ErrExist)
	}
	recipient, err = newRole(durable.OS{}, name, passphrase)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return "", fmt.Errorf("mission: make role: %w", err)
	}
	return recipient, nil
}

func newRole(disk durable.Disk, name, passphrase string) (recipient string, err error) {
	secret, recipient, err := seal.GenerateRole()
	if err != nil {
		return "", fmt.Errorf("mission: make role: %w", err)
	}
	identity, err := seal.ParseIdentity(secret)
	if err != nil {
		return "", fmt.Errorf("mission: make role: %w", err)
	}
	if err := seal.SaveRole(disk, name, []*seal.Identity{identity}, passphrase); err != nil {
		return "", fmt.Errorf("mission: make role: %w", err)
	}
	return recipient, nil
}

// Recipients are the roles that open the boxes of a class, from the next month's
// key on.
func Recipients(dir, class string) ([]string, error) {
	roles, err := seal.OpenKeys(durable.OS{}, filepath.Join(dir, boxesDir)).LoadRecipients(class)
	if err != nil {
		return nil, fmt.Errorf("mission: recipients: %w", err)
	}
	var all []string
	for _, r := range roles {
		all = append(all, r.String())
	}
	return all, nil
}

// SetRecipients names the roles that open the boxes of a class, in place of those
// before, from the next month's key on: what is wrapped stays wrapped.
func SetRecipients(dir, class string, recipients []string) error {
	return onDisk(dir).setRecipients(class, recipients)
}

func (p place) setRecipients(class string, recipients []string) error {
	var roles []*seal.Recipient
	for _, text := range recipients {
		r, err := seal.ParseRecipient(text)
		if err != nil {
			return fmt.Errorf("mission: recipients: %w", err)
		}
		roles = append(roles, r)
	}
	if err := p.keepsOwn(class, recipients); err != nil {
		return err
	}
	if err := seal.OpenKeys(p.disk, filepath.Join(p.dir, boxesDir)).SetRecipients(class, roles); err != nil {
		return fmt.Errorf("mission: recipients: %w", err)
	}
	return nil
}

// keepsOwn refuses to shut the mission out of the boxes that it replays from.
func (p place) keepsOwn(class string, recipients []string) error {
	if class == seal.CustodyClass {
		return nil
	}
	own, err := seal.LoadRole(p.disk, filepath.Join(p.dir, rolesDir, seal.MissionClass+".age"), os.Getenv(PassphraseVariable))
	if err != nil {
		return fmt.Errorf("mission: recipients: %w", err)
	}
	for _, identity := range own {
		if slices.Contains(recipients, identity.Recipient().String()) {
			return nil
		}
	}
	return fmt.Errorf("mission: recipients: %w: the mission's own role is not among those who open %s boxes: it could not read its record any more", ErrRefused, class)
}
