// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// keyFileMaxBytes bounds every file of keys: a class has a few dozen recipients
// of 2 KB each.
const keyFileMaxBytes = 1 << 20

// EpochOf returns the epoch of an instant: months since January 1970, UTC, 0 for
// what lies before.
func EpochOf(at trucewatch.Instant) uint32 {
	t := at.Time()
	return uint32(max(0, (t.Year()-1970)*12+int(t.Month()-time.January)))
}

// Keys are the keys of the classes of boxes, in files under one directory:
//
//	<class>/recipients.txt   the roles to which the class's epochs are wrapped
//	<class>/epoch-<n>.age    the identity of epoch n, encrypted to them
//	<class>/epoch-<n>.pub    its recipient: all that sealing needs
//
// Whoever can change recipients.txt can read the class's epochs made from then
// on; whoever can change epoch-<n>.pub can read what is sealed from then on, until
// somebody opens the epoch, which compares the two. Whoever only reads the
// directory can open nothing.
type Keys struct {
	disk durable.Disk
	dir  string
}

// OpenKeys returns the keys under dir, which need not exist yet.
func OpenKeys(disk durable.Disk, dir string) *Keys { return &Keys{disk: disk, dir: dir} }

// An Epoch is the opened key of one class for one month.
type Epoch struct {
	Class    string
	Number   uint32
	identity *Identity
	secret   []byte // of identity, as written
}

func newEpoch(class string, number uint32, identity *Identity) *Epoch {
	return &Epoch{Class: class, Number: number, identity: identity, secret: []byte(identity.Secret())}
}

// Identity opens the boxes of the epoch.
func (e *Epoch) Identity() *Identity { return e.identity }

// Recipient seals boxes of the epoch.
func (e *Epoch) Recipient() *Recipient {
	return &Recipient{key: e.identity.key.Recipient(), class: e.Class}
}

// Secret derives 32 bytes from the epoch's identity for a purpose, such as
// "pseudonym": HMAC-SHA256 with the written identity as key.
func (e *Epoch) Secret(purpose string) [32]byte {
	mac := hmac.New(sha256.New, e.secret)
	mac.Write([]byte("trucewatch/epoch-secret/v1\x00" + purpose))
	return [32]byte(mac.Sum(nil))
}

// CoverSecret is for CoverHash, another one for each class and signer, so that two
// signers with one sequence never name one cover.
func (e *Epoch) CoverSecret(class string, signer trucewatch.KeyID) [32]byte {
	return e.Secret("cover/" + class + "/" + string(signer[:]))
}

// CoverHash is what an entry names as the box of a class for which it has no
// content: it looks like the hash of a box, and whoever has the secret can tell
// that it is none. Sequence is that of the entry's body.
func CoverHash(secret [32]byte, sequence uint64) trucewatch.Hash {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(binary.BigEndian.AppendUint64([]byte("trucewatch/cover/v1\x00"), sequence))
	return trucewatch.Hash(mac.Sum(nil))
}

// IsCover says whether hash is the cover of the sequence.
func IsCover(secret [32]byte, sequence uint64, hash trucewatch.Hash) bool {
	return CoverHash(secret, sequence) == hash
}

// Pseudonym is what stands for a source outside the mission: "source-7Q3KX0DM".
// It is another one in every epoch, and nobody without the secret can tell which
// source it is or that two are the same. Of 10,000 sources two have one
// pseudonym with a probability below 1 in 20,000.
func Pseudonym(secret [32]byte, source trucewatch.SourceID, epoch uint32) string {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(binary.BigEndian.AppendUint32([]byte("trucewatch/pseudonym/v1\x00"), epoch))
	mac.Write([]byte(source))
	return "source-" + crockford.EncodeToString(mac.Sum(nil)[:5])
}

// crockford has no letters that are taken for digits when read aloud.
// Source: Douglas Crockford, Base 32.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// SetRecipients names the roles that open the class, in place of those before.
// It bears on epochs made from then on; what is wrapped stays wrapped.
func (k *Keys) SetRecipients(class string, roles []*Recipient) error {
	if err := checkClass(class); err != nil {
		return err
	}
	if len(roles) == 0 || len(roles) > trucewatch.ListMax {
		return fmt.Errorf("recipients of %s: %w: %d, not 1 to %d", class, ErrInvalid, len(roles), trucewatch.ListMax)
	}
	var text strings.Builder
	for _, r := range roles {
		text.WriteString(r.String() + "\n")
	}
	return durable.WriteFile(k.disk, filepath.Join(k.dir, class, "recipients.txt"), []byte(text.String()))
}

// LoadRecipients returns the roles that open the class, sorted as they stand.
func (k *Keys) LoadRecipients(class string) ([]*Recipient, error) {
	if err := checkClass(class); err != nil {
		return nil, err
	}
	name := filepath.Join(k.dir, class, "recipients.txt")
	text, err := k.disk.ReadFile(name, keyFileMaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("recipients of %s: %w", class, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	var roles []*Recipient
	for i, line := range lines(text) {
		r, err := ParseRecipient(line)
		if err != nil {
			return nil, fmt.Errorf("%s: recipient %d: %w", name, i+1, err)
		}
		roles = append(roles, r)
	}
	if len(roles) == 0 || len(roles) > trucewatch.ListMax {
		return nil, fmt.Errorf("%s: %w: %d recipients, not 1 to %d", name, ErrInvalid, len(roles), trucewatch.ListMax)
	}
	return roles, nil
}

func (k *Keys) epochName(class string, epoch uint32, suffix string) string {
	return filepath.Join(k.dir, class, "epoch-"+strconv.FormatUint(uint64(epoch), 10)+suffix)
}

// NewEpoch makes the key of an epoch and wraps it to the class's recipients. It is
// ErrExists if there is one and ErrDestroyed if there was.
func (k *Keys) NewEpoch(class string, epoch uint32) (*Epoch, error) {
	roles, err := k.LoadRecipients(class)
	if err != nil {
		return nil, err
	}
	if _, err := k.Recipient(class, epoch); !errors.Is(err, ErrNotFound) {
		if err == nil {
			err = ErrExists
		}
		return nil, fmt.Errorf("new epoch %d of %s: %w", epoch, class, err)
	}
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("new epoch %d of %s: %w", epoch, class, err)
	}
	e := newEpoch(class, epoch, &Identity{key: key})
	to := make([]age.Recipient, len(roles))
	for i, r := range roles {
		to[i] = r.key
	}
	wrapped, err := encrypt([]byte(epochHead(class, epoch)+key.String()+"\n"), to...)
	if err != nil {
		return nil, err
	}
	// The identity first: nothing must be sealed to a key that nobody has.
	if err := durable.WriteFile(k.disk, k.epochName(class, epoch, ".age"), wrapped); err != nil {
		return nil, err
	}
	return e, durable.WriteFile(k.disk, k.epochName(class, epoch, ".pub"), []byte(e.Recipient().String()+"\n"))
}

// Rewrap wraps the key of an epoch to the class's recipients as they are now,
// opened with the identities of roles, in place of those to whom it was wrapped.
// Who could open it before and copied the file still can. The errors are those of
// OpenEpoch and of the disk.
func (k *Keys) Rewrap(class string, epoch uint32, roles []*Identity) error {
	recipients, err := k.LoadRecipients(class)
	if err != nil {
		return err
	}
	e, err := k.OpenEpoch(class, epoch, roles)
	if err != nil {
		return err
	}
	to := make([]age.Recipient, len(recipients))
	for i, r := range recipients {
		to[i] = r.key
	}
	wrapped, err := encrypt([]byte(epochHead(class, epoch)+string(e.secret)+"\n"), to...)
	if err != nil {
		return err
	}
	return durable.WriteFile(k.disk, k.epochName(class, epoch, ".age"), wrapped)
}

// epochHead stands before the identity in its file, so that one file cannot pass for
// that of another epoch or class.
func epochHead(class string, epoch uint32) string {
	return fmt.Sprintf("# trucewatch epoch v1 class=%s epoch=%d\n", class, epoch)
}

// Recipient returns to whom boxes of the class are sealed in the epoch. It needs
// no secret, so that a desk can seal what it cannot open.
func (k *Keys) Recipient(class string, epoch uint32) (*Recipient, error) {
	if _, err := k.wrapped(class, epoch); err != nil {
		return nil, err
	}
	name := k.epochName(class, epoch, ".pub")
	text, err := k.disk.ReadFile(name, keyFileMaxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		// The process died between the two files: nothing was sealed yet.
		return nil, fmt.Errorf("epoch %d of %s: %w: its recipient", epoch, class, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	r, err := ParseRecipient(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.class = class
	return r, nil
}

// wrapped returns the epoch's encrypted identity.
func (k *Keys) wrapped(class string, epoch uint32) ([]byte, error) {
	if err := checkClass(class); err != nil {
		return nil, err
	}
	b, err := k.disk.ReadFile(k.epochName(class, epoch, ".age"), keyFileMaxBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("epoch %d of %s: %w", epoch, class, ErrNotFound)
	case err == nil && len(bytes.Trim(b, "\x00")) == 0:
		err = fmt.Errorf("epoch %d of %s: %w", epoch, class, ErrDestroyed)
	}
	return b, err
}

// OpenEpoch opens the key of an epoch with the identities of roles. It is
// ErrDenied if none of them is among those it is wrapped to, and ErrCorrupt if the
// file is that of another epoch or class, or if the recipient beside it is not its
// own: then somebody had boxes sealed to himself.
func (k *Keys) OpenEpoch(class string, epoch uint32, roles []*Identity) (*Epoch, error) {
	b, err := k.wrapped(class, epoch)
	if err != nil {
		return nil, err
	}
	plain, err := decrypt(b, roles)
	if err != nil {
		return nil, fmt.Errorf("epoch %d of %s: %w", epoch, class, err)
	}
	secret, ok := strings.CutPrefix(string(plain), epochHead(class, epoch))
	if !ok {
		return nil, fmt.Errorf("epoch %d of %s: %w: the file is that of another epoch or class", epoch, class, ErrCorrupt)
	}
	identity, err := ParseIdentity(strings.TrimSuffix(secret, "\n"))
	if err != nil {
		return nil, fmt.Errorf("epoch %d of %s: %w", epoch, class, err)
	}
	e := newEpoch(class, epoch, identity)
	beside, err := k.Recipient(class, epoch)
	if errors.Is(err, ErrNotFound) {
		// NewEpoch died between the two files.
		return e, durable.WriteFile(k.disk, k.epochName(class, epoch, ".pub"), []byte(e.Recipient().String()+"\n"))
	}
	if err != nil {
		return nil, err
	}
	if beside.String() != e.Recipient().String() {
		return nil, fmt.Errorf("epoch %d of %s: %w: the recipient beside it is another one, and whoever put it there reads what was sealed since",
			epoch, class, ErrCorrupt)
	}
	return e, nil
}

// Epochs lists the epochs of the class that have a key or had one, in order.
func (k *Keys) Epochs(class string) ([]uint32, error) {
	if err := checkClass(class); err != nil {
		return nil, err
	}
	names, err := k.disk.ReadDir(filepath.Join(k.dir, class))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var epochs []uint32
	for _, name := range names {
		number, isKey := strings.CutSuffix(strings.TrimPrefix(name, "epoch-"), ".age")
		n, err := strconv.ParseUint(number, 10, 32)
		if isKey && err == nil && name == filepath.Base(k.epochName(class, uint32(n), ".age")) {
			epochs = append(epochs, uint32(n))
		}
	}
	slices.Sort(epochs)
	return epochs, nil
}

// DestroyEpoch destroys the key of an epoch: its file is overwritten with zeros
// and stays as a sign that it was there. No box of the class and epoch that this
// holder has, nor any backup of them, can then be opened with what this holder
// has; a role that copied the file or the key still can. It is no error if the
// key is destroyed already.
//
// BUG: a medium that writes elsewhere than where it is told (flash, copy on
// write) keeps the old bytes for some time. They are wrapped to the roles: the
// roles' keys of that month must go too.
func (k *Keys) DestroyEpoch(class string, epoch uint32) error {
	b, err := k.wrapped(class, epoch)
	// Zeros that can be read may be in the machine's memory only, if a sync failed:
	// they are written again.
	if err != nil && !errors.Is(err, ErrDestroyed) {
		return err
	}
	f, err := k.disk.OpenWrite(k.epochName(class, epoch, ".age"))
	if err != nil {
		return err
	}
	defer f.Close() // What counts was synced.
	if _, err := f.WriteAt(make([]byte, len(b)), 0); err != nil {
		return fmt.Errorf("destroy epoch %d of %s: %w: %w", epoch, class, ErrInDoubt, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("destroy epoch %d of %s: %w: %w", epoch, class, ErrInDoubt, err)
	}
	return nil
}

// EpochDestroyed says whether the epoch had a key that is destroyed. A file that
// is missing is not a destroyed key.
func (k *Keys) EpochDestroyed(class string, epoch uint32) bool {
	_, err := k.wrapped(class, epoch)
	return errors.Is(err, ErrDestroyed)
}
