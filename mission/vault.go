// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/seal"
)

const (
	boxesDir = "boxes"
	rolesDir = "keys/roles"

	// PassphraseVariable names the environment variable that holds the passphrase
	// of this machine's roles.
	PassphraseVariable = "TRUCEWATCH_PASSPHRASE"

	// SlotS is how coarsely, in seconds, times stand openly in the record of a mission
	// set up by init. Source: the cadence at which checkpoints go out, by default.
	SlotS = 10
)

// ErrLocked says that this machine's role cannot open the boxes of the mission.
var ErrLocked = errors.New("mission: the boxes cannot be opened here")

// roleFileMaxBytes bounds the file of a role.
const roleFileMaxBytes = 1 << 20

// A vault is the boxes of a sealed mission, as far as the roles on this machine
// open them.
type vault struct {
	disk   durable.Disk
	packs  string      // folder of the boxes
	store  *seal.Store // for reading; nil before the first box
	keys   *seal.Keys
	roles  []*seal.Identity // on this machine, nil if there are none
	epochs map[uint32]*epoch
	gone   gone
	access map[string]*trucewatch.Access // by class: who may open it, by the last entry that says so
}

// gone is what the record erases, whether it is still here or not.
type gone struct {
	boxes  map[trucewatch.Hash]bool
	epochs map[uint32]bool // of the mission's class
}

// An epoch is the keys of one month: to open the boxes of the mission, and to
// seal those of every class. A key that was destroyed is nil.
type epoch struct {
	number  uint32
	mission *seal.Epoch
	residue *seal.Epoch
	custody *seal.Recipient
}

// newRoles makes the roles of a sealed mission, in files that the passphrase
// encrypts, and names them as who opens the boxes. The custody role belongs to
// one officer; its file is to be taken off this machine.
func (p place) newRoles(passphrase string) error {
	// Also before the first box there is a store that can be read.
	if err := durable.MkdirAll(p.disk, filepath.Join(p.dir, boxesDir, "packs")); err != nil {
		return fmt.Errorf("mission: make roles: %w", err)
	}
	for role, classes := range map[string][]string{
		seal.MissionClass: {seal.MissionClass, seal.ResidueClass},
		seal.CustodyClass: {seal.CustodyClass},
	} {
		recipient, err := newRole(p.disk, filepath.Join(p.dir, rolesDir, role+".age"), passphrase)
		if err != nil {
			return err
		}
		for _, class := range classes {
			if err := p.setRecipients(class, []string{recipient}); err != nil {
				return err
			}
		}
	}
	return nil
}

// openVault opens the boxes of the mission in dir for reading, with the role
// that lies there. Without one everything sealed stays closed.
func (p place) openVault() (*vault, error) {
	v := &vault{disk: p.disk, packs: filepath.Join(p.dir, boxesDir, "packs"), keys: seal.OpenKeys(p.disk, filepath.Join(p.dir, boxesDir)), epochs: map[uint32]*epoch{}}
	name := filepath.Join(p.dir, rolesDir, seal.MissionClass+".age")
	_, err := p.disk.ReadFile(name, roleFileMaxBytes)
	if errors.Is(err, os.ErrNotExist) {
		return v, nil
	}
	if v.roles, err = seal.LoadRole(p.disk, name, os.Getenv(PassphraseVariable)); err != nil {
		return nil, fmt.Errorf("%w: %w (the passphrase is read from %s)", ErrLocked, err, PassphraseVariable)
	}
	return v, nil
}

// refresh looks for boxes that were kept since, by whomever.
func (v *vault) refresh() error {
	if v == nil {
		return nil
	}
	if v.store != nil {
		return v.store.Refresh()
	}
	store, err := seal.ReadStore(v.disk, v.packs)
	if errors.Is(err, seal.ErrNotFound) {
		return nil // nothing was sealed yet
	}
	if err != nil {
		return fmt.Errorf("mission: read boxes: %w", err)
	}
	v.store = store
	return nil
}

// get returns a box.
func (v *vault) get(class string, hash trucewatch.Hash) ([]byte, error) {
	if v.store == nil || v.gone.boxes[hash] {
		return nil, fmt.Errorf("%s box %v: %w", class, hash, seal.ErrNotFound)
	}
	return v.store.Get(class, hash)
}

// epoch returns the keys of a month, as far as they are there.
func (v *vault) epoch(number uint32) (*epoch, error) {
	if e := v.epochs[number]; e != nil {
		return e, nil
	}
	e := &epoch{number: number}
	for _, class := range []struct {
		name string
		to   **seal.Epoch
	}{{seal.MissionClass, &e.mission}, {seal.ResidueClass, &e.residue}} {
		opened, err := v.keys.OpenEpoch(class.name, number, v.roles)
		if err != nil && !errors.Is(err, seal.ErrDestroyed) {
			return nil, fmt.Errorf("mission: keys of epoch %d: %w", number, err)
		}
		*class.to = opened
	}
	// A holder of copies has no keys for custody boxes, and needs none to read others.
	custody, err := v.keys.Recipient(seal.CustodyClass, number)
	if err != nil && !errors.Is(err, seal.ErrDestroyed) && !errors.Is(err, seal.ErrNotFound) {
		return nil, fmt.Errorf("mission: keys of epoch %d: %w", number, err)
	}
	e.custody = custody
	v.epochs[number] = e
	return e, nil
}

// newEpoch makes the keys of a month that are not there yet. If the process dies
// between two of them, the next call makes the rest.
func (v *vault) newEpoch(number uint32) (*epoch, error) {
	if e := v.epochs[number]; e != nil {
		return e, nil
	}
	for _, class := range seal.Classes() {
		if _, err := v.keys.Recipient(class, number); errors.Is(err, seal.ErrNotFound) {
			if err := asRecorded(v.keys, class, v.access[class]); err != nil {
				return nil, err // before the month is sealed to a stranger
			}
		}
		if _, err := v.keys.NewEpoch(class, number); err != nil && !errors.Is(err, seal.ErrExists) && !errors.Is(err, seal.ErrDestroyed) {
			return nil, fmt.Errorf("mission: make keys of epoch %d: %w", number, err)
		}
	}
	return v.epoch(number)
}

// A content is what an entry holds, as far as it can be known here.
type content struct {
	entry *trucewatch.Entry
	how   knowing
}

type knowing int

const (
	plain    knowing = iota // it stands openly
	unsealed                // from the mission's box
	residue                 // from the residue: the mission's box was destroyed
	cover                   // there is nothing in it
	closed                  // it cannot be opened here
)

// open returns what a sealed entry holds.
func (v *vault) open(outer *trucewatch.Entry) (content, error) {
	if v.roles == nil {
		return content{outer, closed}, nil
	}
	e, err := v.epoch(outer.Body.Payload.Sealed.Epoch)
	if err != nil {
		return content{}, err
	}
	if e.residue == nil { // everything of that month was destroyed
		return content{outer, closed}, nil
	}
	named := boxOf(outer, seal.MissionClass)
	if seal.IsCover(e.cover(outer.Body.Key, seal.MissionClass), outer.Body.Sequence, named) {
		return content{outer, cover}, nil
	}
	if e.mission != nil && !v.gone.epochs[e.number] {
		inner, err := v.unseal(outer, e, named)
		if err == nil {
			return content{inner, unsealed}, nil
		}
		if !errors.Is(err, seal.ErrNotFound) && !errors.Is(err, seal.ErrDestroyed) {
			return content{}, fmt.Errorf("mission: entry %d: %w", outer.Index, err)
		}
	}
	inner, err := v.residueOf(outer, e)
	switch {
	case errors.Is(err, seal.ErrNotFound), errors.Is(err, seal.ErrDestroyed):
		return content{outer, closed}, nil
	case err != nil:
		return content{}, fmt.Errorf("mission: entry %d: %w", outer.Index, err)
	}
	return content{inner, residue}, nil
}

// unseal opens the mission's box and holds it to what the entry commits to.
func (v *vault) unseal(outer *trucewatch.Entry, e *epoch, named trucewatch.Hash) (*trucewatch.Entry, error) {
	box, err := v.get(seal.MissionClass, named)
	if err != nil {
		return nil, err
	}
	text, err := seal.OpenBox([]*seal.Identity{e.mission.Identity()}, box)
	if err != nil {
		return nil, err
	}
	in, err := seal.DecodeInner(text)
	if err != nil {
		return nil, err
	}
	return seal.CheckInner(outer, in)
}

// residueOf opens the coarse stand-in of an entry.
func (v *vault) residueOf(outer *trucewatch.Entry, e *epoch) (*trucewatch.Entry, error) {
	box, err := v.get(seal.ResidueClass, boxOf(outer, seal.ResidueClass))
	if err != nil {
		return nil, err
	}
	text, err := seal.OpenBox([]*seal.Identity{e.residue.Identity()}, box)
	if err != nil {
		return nil, err
	}
	var env trucewatch.Envelope
	if err := trucewatch.Decode(text, &env); err != nil {
		return nil, err
	}
	return trucewatch.EntryOf(outer.Index, &env)
}

func boxOf(e *trucewatch.Entry, class string) trucewatch.Hash {
	for _, b := range e.Body.Sealed {
		if b.Class == class {
			return b.Hash
		}
	}
	return trucewatch.Hash{}
}

// cover is the secret of the boxes of a class that hold nothing. It is derived from
// the residue's key, which outlives the mission's: whoever reads residues must
// still tell what is a cover.
func (e *epoch) cover(desk trucewatch.KeyID, class string) [32]byte {
	return e.residue.CoverSecret(class, desk)
}

// pseudonym stands for the entry's source, another one each month.
func (e *epoch) pseudonym(entry *trucewatch.Entry) string {
	source := entry.Body.Payload.Speaker()
	if source == "" {
		return ""
	}
	return seal.Pseudonym(e.residue.Secret("pseudonym"), source, e.number)
}
