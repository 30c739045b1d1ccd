// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/trucewatch/trucewatch"
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
// before, from the next month's key on: what is wrapped stays wrapped. An entry
// says so first, signed by the officers whose keys are given, or by the desk. If
// the last one says so already, there is no other, and the index is 0.
func SetRecipients(dir, class string, recipients []string, signers []ed25519.PrivateKey, reason string) (index uint64, err error) {
	m, err := Open(dir)
	if err != nil {
		return 0, err
	}
	err = m.Write(func(w *Writer) error {
		index, err = w.setRecipients(class, recipients, signers, reason)
		return err
	})
	return index, err
}

func (w *Writer) setRecipients(class string, recipients []string, signers []ed25519.PrivateKey, reason string) (index uint64, err error) {
	if w.m.vault == nil {
		return 0, fmt.Errorf("mission: recipients: %w: nothing is sealed in this mission", ErrRefused)
	}
	if _, err := w.m.parseRecipients(class, recipients); err != nil {
		return 0, err
	}
	a := &trucewatch.Access{Class: class, Recipients: digests(recipients), Reason: reason}
	// What the record says already is only put back into the file: an entry could be
	// the first of a month, for which no key is made while the two differ.
	if said := w.m.vault.access[class]; said != nil && slices.Equal(said.Recipients, a.Recipients) {
		return 0, w.m.setRecipients(class, recipients)
	}
	if index, err = w.enterAccess(signers, a); err != nil {
		return 0, err
	}
	return index, w.m.setRecipients(class, recipients)
}

// enterAccess records who may open a class, durably and signed: before it is so.
func (w *Writer) enterAccess(signers []ed25519.PrivateKey, a *trucewatch.Access) (uint64, error) {
	index, err := w.Enter(signers, trucewatch.Payload{Access: a})
	if err == nil {
		err = w.flush()
	}
	if err == nil {
		err = w.sign()
	}
	return index, err
}

// Rewrap gives the roles that open a class now the keys of months that were sealed
// before they came: of a guarantor who came late, or has a new key. An entry that
// two officers sign says so first. The roles given open those months; nil for the
// mission's own. If it was cut short, it is done again.
func Rewrap(dir, class string, months []uint32, roles []*seal.Identity, officers []ed25519.PrivateKey, reason string) (index uint64, err error) {
	m, err := Open(dir)
	if err != nil {
		return 0, err
	}
	err = m.Write(func(w *Writer) error {
		index, err = w.rewrap(class, months, roles, officers, reason)
		return err
	})
	return index, err
}

func (w *Writer) rewrap(class string, months []uint32, roles []*seal.Identity, officers []ed25519.PrivateKey, reason string) (index uint64, err error) {
	v := w.m.vault
	if v == nil {
		return 0, fmt.Errorf("mission: rewrap: %w: nothing is sealed in this mission", ErrRefused)
	}
	if len(officers) < 2 {
		return 0, fmt.Errorf("mission: rewrap: %w: two officers must sign, %d did", ErrRefused, len(officers))
	}
	if roles == nil {
		roles = v.roles
	}
	recipients, err := Recipients(w.m.dir, class)
	if err != nil {
		return 0, err
	}
	// It would make good what somebody put into the file.
	if err := asRecorded(v.keys, class, v.access[class]); err != nil {
		return 0, err
	}
	if err := w.m.keepsOwn(class, recipients); err != nil {
		return 0, err
	}
	for _, month := range months {
		if _, err := v.keys.OpenEpoch(class, month, roles); err != nil {
			return 0, fmt.Errorf("mission: rewrap: %w", err)
		}
	}
	a := &trucewatch.Access{Class: class, Recipients: digests(recipients), Epochs: months, Reason: reason}
	if index, err = w.enterAccess(officers, a); err != nil {
		return 0, err
	}
	for _, month := range months {
		if err := v.keys.Rewrap(class, month, roles); err != nil {
			return 0, fmt.Errorf("mission: rewrap: %w", err)
		}
	}
	return index, nil
}

// digests are what an entry says of recipients: enough to know one that one has.
func digests(recipients []string) []trucewatch.Hash {
	var all []trucewatch.Hash
	for _, text := range recipients {
		all = append(all, sha256.Sum256([]byte(text)))
	}
	return all
}

// grant keeps what an entry says of who may open a class.
func (v *vault) grant(a *trucewatch.Access) {
	if v.access == nil {
		v.access = map[string]*trucewatch.Access{}
	}
	v.access[a.Class] = a
}

// asRecorded holds the roles to which months' keys are wrapped to what the record
// says of them; nil if it says nothing.
func asRecorded(keys *seal.Keys, class string, said *trucewatch.Access) error {
	if said == nil {
		return nil
	}
	roles, err := keys.LoadRecipients(class)
	if err != nil {
		return fmt.Errorf("mission: recipients: %w", err)
	}
	var all []string
	for _, r := range roles {
		all = append(all, r.String())
	}
	if !slices.Equal(digests(all), said.Recipients) {
		return fmt.Errorf("mission: recipients: %w: boxes/%s/recipients.txt is not what the record says: somebody changed it, or setting it was cut short; set it again with role recipients", ErrRefused, class)
	}
	return nil
}

// parseRecipients reads recipients, of whom one must be the mission's own.
func (p place) parseRecipients(class string, recipients []string) (roles []*seal.Recipient, err error) {
	for _, text := range recipients {
		r, err := seal.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("mission: recipients: %w", err)
		}
		roles = append(roles, r)
	}
	return roles, p.keepsOwn(class, recipients)
}

func (p place) setRecipients(class string, recipients []string) error {
	roles, err := p.parseRecipients(class, recipients)
	if err != nil {
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
