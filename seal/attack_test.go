// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/seal"
)

// TestHiddenPositionCannotBeGuessedWithoutItsSalt knows everything of an entry
// but the place of one row: every other field's opening, and that the place is a
// circle of 200 m on a grid of 55 m in some 20 square kilometres. It tries them
// all. Against a hash without salt it finds the place; against the record it does
// not, and with the seed it does, so it was looking in the right place.
func TestHiddenPositionCannotBeGuessedWithoutItsSalt(t *testing.T) {
	const step, steps = 5_000, 40
	o := observation(1)
	hidden := geo.Position{LatE7: crossing.LatE7/step*step + 7*step, LonE7: crossing.LonE7/step*step - 11*step}
	o.Where.Region = geo.Circle(hidden, 200_000)
	f := fields(t, batch(o))
	seed := seal.NewSeed()
	c := seal.Commit(seed, f)
	truth := open(t, c, "rows/0/where")
	unsalted := sha256.Sum256(truth.Value)

	guessed, opened, withSeed := 0, 0, 0
	for i := -steps; i < steps; i++ {
		for k := -steps; k < steps; k++ {
			at := geo.Position{LatE7: crossing.LatE7/step*step + int32(i*step), LonE7: crossing.LonE7/step*step + int32(k*step)}
			value := trucewatch.Encode(geo.Circle(at, 200_000))
			if sha256.Sum256(value) == unsalted {
				guessed++
			}
			// The neighbours of the leaf are known from the openings of other fields.
			guess := truth
			guess.Value, guess.Salt = value, make([]byte, 16)
			if seal.CheckOpening(c.Root(), guess) == nil {
				opened++
			}
			guess.Salt = truth.Salt
			if seal.CheckOpening(c.Root(), guess) == nil {
				withSeed++
			}
		}
	}
	if guessed != 1 || withSeed != 1 {
		t.Errorf("the search finds %d without salt and %d with the true one: it does not look where the place is", guessed, withSeed)
	}
	if opened != 0 {
		t.Error("a place was found without its salt")
	}
}

func TestSaltsDoNotFollowFromOneAnother(t *testing.T) {
	f := fields(t, batch(observation(1), observation(1)))
	seen := map[string]string{}
	for _, seed := range []seal.Seed{{1}, {2}} {
		c := seal.Commit(seed, f)
		for _, field := range f {
			salt := string(open(t, c, field.Name).Salt)
			if before, twice := seen[salt]; twice {
				t.Errorf("%s and %s have one salt", before, field.Name)
			}
			seen[salt] = field.Name
		}
	}
}

// TestFalseOpeningsAreRejected offers what an adversary has: true openings of
// this and of other entries, and parts of them.
func TestFalseOpeningsAreRejected(t *testing.T) {
	c := seal.Commit(seal.Seed{1}, fields(t, batch(observation(1), observation(2))))
	elsewhere := seal.Commit(seal.Seed{2}, fields(t, batch(observation(1), observation(2))))
	where, kind, other := open(t, c, "rows/0/where"), open(t, c, "rows/0/kind"), open(t, c, "rows/1/where")
	change := func(o seal.Opening, f func(*seal.Opening)) seal.Opening {
		o.Salt, o.Value, o.Path = slices.Clone(o.Salt), slices.Clone(o.Value), slices.Clone(o.Path)
		f(&o)
		return o
	}
	for name, o := range map[string]seal.Opening{
		"another value":           change(where, func(o *seal.Opening) { o.Value = other.Value[:len(other.Value)-1] }),
		"the field of a name":     change(kind, func(o *seal.Opening) { o.Name = "rows/0/means" }),
		"the same of another row": change(where, func(o *seal.Opening) { o.Name = "rows/1/where" }),
		"another leaf's path":     change(where, func(o *seal.Opening) { o.Path, o.Index = other.Path, other.Index }),
		"another index":           change(where, func(o *seal.Opening) { o.Index ^= 1 }),
		"another salt":            change(where, func(o *seal.Opening) { o.Salt[0] ^= 1 }),
		"another entry's opening": open(t, elsewhere, "rows/0/where"),
		"name and value shifted": change(kind, func(o *seal.Opening) {
			o.Name, o.Value = o.Name+string(o.Value[:1]), o.Value[1:]
		}),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, seal.CheckOpening(c.Root(), o), seal.ErrFalseOpening) })
	}
	for name, o := range map[string]seal.Opening{
		"a node for a leaf": change(where, func(o *seal.Opening) { o.Path, o.Size, o.Index = o.Path[1:], o.Size/2, o.Index/2 }),
		"a longer path":     change(where, func(o *seal.Opening) { o.Path = append(o.Path, trucewatch.Hash{}) }),
		"a filler":          change(where, func(o *seal.Opening) { o.Name = "~0" }),
		"no value":          change(where, func(o *seal.Opening) { o.Value = nil }),
		"a long salt":       change(where, func(o *seal.Opening) { o.Salt = append(o.Salt, 0) }),
		"a size that is no power of two": change(where, func(o *seal.Opening) {
			o.Size--
		}),
	} {
		t.Run(name, func(t *testing.T) {
			err := seal.CheckOpening(c.Root(), o)
			if !errors.Is(err, seal.ErrInvalid) && !errors.Is(err, seal.ErrFalseOpening) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestEveryMutationOfAnOpeningIsDetected(t *testing.T) {
	c := seal.Commit(seal.Seed{1}, fields(t, batch(observation(1))))
	for _, name := range []string{"rows/0/where", "source", "rows/0/text"} {
		raw := seal.EncodeOpening(open(t, c, name))
		for i := range raw {
			for _, flip := range flips() {
				mutant := slices.Clone(raw)
				mutant[i] ^= flip
				o, err := seal.DecodeOpening(mutant)
				if err == nil && seal.CheckOpening(c.Root(), o) == nil {
					t.Fatalf("%s: byte %d with %#x flipped passes", name, i, flip)
				}
			}
		}
	}
}

// flips are the changes of a byte that mutation tests make.
func flips() []byte {
	if !long() {
		return []byte{0x01, 0x80, 0xff}
	}
	all := make([]byte, 255)
	for i := range all {
		all[i] = byte(i + 1)
	}
	return all
}

// A desk seals one entry as a mission does.
type desk struct {
	keys    *seal.Keys
	mission *seal.Epoch
	custody *seal.Epoch
	roles   map[string]*seal.Identity
	to      map[string]*seal.Recipient
	boxes   map[trucewatch.Hash][]byte
	count   uint64
}

const month = 675

func newDesk(t testing.TB, disk durable.Disk) *desk {
	t.Helper()
	d := &desk{keys: seal.OpenKeys(disk, "/m/boxes"), roles: map[string]*seal.Identity{}, to: map[string]*seal.Recipient{}, boxes: map[trucewatch.Hash][]byte{}}
	for _, class := range seal.Classes("A", "B") {
		d.roles[class] = newRole(t)
		if err := d.keys.SetRecipients(class, []*seal.Recipient{d.roles[class].Recipient()}); err != nil {
			t.Fatal(err)
		}
		e, err := d.keys.NewEpoch(class, month)
		if err != nil {
			t.Fatal(err)
		}
		if d.to[class], err = d.keys.Recipient(class, month); err != nil {
			t.Fatal(err)
		}
		switch class {
		case seal.MissionClass:
			d.mission = e
		case seal.CustodyClass:
			d.custody = e
		}
	}
	return d
}

// seal returns the outer entry of a payload, without its signature.
func (d *desk) seal(t testing.TB, payload trucewatch.Payload, custody string) *trucewatch.Entry {
	t.Helper()
	inner := seal.Inner{Envelope: envelope(t, payload), Seed: make([]byte, 32), Pseudonym: seal.Pseudonym(d.mission.Secret("pseudonym"), "post-4", month)}
	seed := seal.NewSeed()
	copy(inner.Seed, seed[:])
	e := entry(t, payload)
	c, err := inner.Commitment(e)
	if err != nil {
		t.Fatal(err)
	}
	residue, err := seal.Residue(e, c.Root(), inner.Pseudonym, openly)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{seal.MissionClass: seal.EncodeInner(inner), seal.ResidueClass: residue}
	if custody != "" {
		contents[seal.CustodyClass] = []byte(custody)
	}
	outer := &trucewatch.Entry{Index: 3, Received: openly, Body: trucewatch.Body{Version: 1, Log: testLog, Type: trucewatch.SealedEntry,
		Key: trucewatch.KeyID{8}, Sequence: d.count, Payload: trucewatch.Payload{Sealed: &trucewatch.Sealing{Epoch: month}}, CommitmentRoot: c.Root()}}
	d.count++
	for _, class := range seal.Classes("A", "B") {
		hash := seal.CoverHash(d.mission.CoverSecret(class, outer.Body.Key), outer.Body.Sequence)
		if contents[class] != nil {
			box, err := seal.SealBox(d.to[class], contents[class])
			if err != nil {
				t.Fatal(err)
			}
			hash = seal.BoxHash(box)
			d.boxes[hash] = box
		}
		outer.Body.Sealed = append(outer.Body.Sealed, trucewatch.SealedBox{Class: class, Hash: hash})
	}
	return outer
}

// box returns the box of a class.
func (d *desk) box(outer *trucewatch.Entry, class string) []byte {
	for _, b := range outer.Body.Sealed {
		if b.Class == class {
			return d.boxes[b.Hash]
		}
	}
	return nil
}

func (d *desk) inner(t testing.TB, box []byte) seal.Inner {
	t.Helper()
	plain, err := seal.OpenBox([]*seal.Identity{d.mission.Identity()}, box)
	if err != nil {
		t.Fatal(err)
	}
	in, err := seal.DecodeInner(plain)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// TestBoxAlteredSwappedOrWithOtherContentIsDetected is what a hostile desk or
// holder can try with boxes.
func TestBoxAlteredSwappedOrWithOtherContentIsDetected(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	first, second := d.seal(t, batch(observation(1)), "who"), d.seal(t, batch(observation(2)), "")
	box := d.box(first, seal.MissionClass)
	if err := seal.CheckBox(first, seal.MissionClass, box); err != nil {
		t.Fatal(err)
	}
	if e, err := seal.CheckInner(first, d.inner(t, box)); err != nil || e.Index != 3 || e.Body.Payload.Observations.Observations[0].Text != observation(1).Text {
		t.Fatalf("CheckInner: %v", err)
	}
	altered := slices.Clone(box)
	altered[len(altered)/2] ^= 1
	wantError(t, seal.CheckBox(first, seal.MissionClass, altered), seal.ErrCorrupt, "entry 3", "mission")
	_, err := seal.OpenBox([]*seal.Identity{d.mission.Identity()}, altered)
	wantError(t, err, seal.ErrCorrupt)
	wantError(t, seal.CheckBox(first, seal.MissionClass, d.box(second, seal.MissionClass)), seal.ErrCorrupt)
	wantError(t, seal.CheckBox(first, seal.ResidueClass, box), seal.ErrCorrupt)
	wantError(t, seal.CheckBox(first, "party_C", box), seal.ErrNotFound, "names 0")
	twice := *first
	twice.Body.Sealed = append(slices.Clone(first.Body.Sealed), first.Body.Sealed[1])
	wantError(t, seal.CheckBox(&twice, seal.MissionClass, box), seal.ErrNotFound, "names 2")

	// The desk signs the hash of a box in which something else lies.
	in := d.inner(t, box)
	for name, change := range map[string]func(in *seal.Inner, outer *trucewatch.Entry){
		"another entry's envelope": func(in *seal.Inner, _ *trucewatch.Entry) { in.Envelope = envelope(t, batch(observation(2))) },
		"a changed time of receipt": func(in *seal.Inner, _ *trucewatch.Entry) {
			var env trucewatch.Envelope
			if err := trucewatch.Decode(in.Envelope, &env); err != nil {
				t.Fatal(err)
			}
			env.Received++
			in.Envelope = trucewatch.Encode(env)
		},
		"a changed signature": func(in *seal.Inner, _ *trucewatch.Entry) {
			in.Envelope = bytes.Replace(in.Envelope, bytes.Repeat([]byte{7}, 64), bytes.Repeat([]byte{6}, 64), 1)
		},
		"another seed":            func(in *seal.Inner, _ *trucewatch.Entry) { in.Seed[31] ^= 1 },
		"another pseudonym":       func(in *seal.Inner, _ *trucewatch.Entry) { in.Pseudonym = "source-00000000" },
		"an entry of another log": func(_ *seal.Inner, outer *trucewatch.Entry) { outer.Body.Log = "trucewatch.example/other" },
		"what is never sealed": func(in *seal.Inner, _ *trucewatch.Entry) {
			in.Envelope = envelope(t, trucewatch.Payload{Digest: &trucewatch.Digest{}})
		},
		"no entry":                 func(in *seal.Inner, _ *trucewatch.Entry) { in.Envelope = []byte("x") },
		"a seed of another length": func(in *seal.Inner, _ *trucewatch.Entry) { in.Seed = in.Seed[:31] },
	} {
		t.Run(name, func(t *testing.T) {
			changed, outer := in, *first
			changed.Seed, changed.Envelope = slices.Clone(in.Seed), slices.Clone(in.Envelope)
			change(&changed, &outer)
			_, err := seal.CheckInner(&outer, changed)
			wantError(t, err, seal.ErrOtherContent, "entry 3", "mission box")
		})
	}
}

func TestEveryMutationOfABoxIsDetected(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	outer := d.seal(t, batch(observation(1)), "")
	box := d.box(outer, seal.MissionClass)
	for i := range box {
		mutant := slices.Clone(box)
		mutant[i] ^= 1 << (i % 8)
		if seal.CheckBox(outer, seal.MissionClass, mutant) == nil {
			t.Fatalf("byte %d: the hash does not tell", i)
		}
		if i%37 != 0 && !long() {
			continue
		}
		if _, err := seal.OpenBox([]*seal.Identity{d.mission.Identity()}, mutant); err == nil {
			t.Fatalf("byte %d: the box opens", i)
		}
	}
}

// TestCustodyIsNotOpenedByAnyOtherKey and by no later or earlier month's.
func TestCustodyIsNotOpenedByAnyOtherKey(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	outer := d.seal(t, batch(observation(1)), "the name of the woman at the mill")
	box := d.box(outer, seal.CustodyClass)
	var others []*seal.Identity
	for _, class := range seal.Classes("A", "B") {
		others = append(others, d.roles[class])
		if class == seal.CustodyClass {
			continue
		}
		e, err := d.keys.OpenEpoch(class, month, []*seal.Identity{d.roles[class]})
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, e.Identity())
		_, err = d.keys.OpenEpoch(seal.CustodyClass, month, []*seal.Identity{d.roles[class], e.Identity()})
		wantError(t, err, seal.ErrDenied, "custody")
	}
	_, err := seal.OpenBox(others, box)
	wantError(t, err, seal.ErrDenied)
	plain, err := seal.OpenBox([]*seal.Identity{d.custody.Identity()}, box)
	if err != nil || string(plain) != "the name of the woman at the mill" {
		t.Errorf("custody reads %q, %v", plain, err)
	}
}

// TestStolenRoleKeyOfOneMonthOpensThatMonthOnly: the roles take a new key every
// month, as the package documentation asks.
func TestStolenRoleKeyOfOneMonthOpensThatMonthOnly(t *testing.T) {
	keys := seal.OpenKeys(durabletest.New("/m"), "/m/boxes")
	var roles []*seal.Identity
	var boxes [][]byte
	for n := range 3 {
		roles = append(roles, newRole(t))
		if err := keys.SetRecipients(seal.MissionClass, []*seal.Recipient{roles[n].Recipient()}); err != nil {
			t.Fatal(err)
		}
		e, err := keys.NewEpoch(seal.MissionClass, uint32(month+n))
		if err != nil {
			t.Fatal(err)
		}
		box, err := seal.SealBox(e.Recipient(), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, box)
	}
	stolen := []*seal.Identity{roles[1]}
	for n := range boxes {
		e, err := keys.OpenEpoch(seal.MissionClass, uint32(month+n), stolen)
		if n == 1 {
			if err != nil {
				t.Fatal(err)
			}
			stolen = append(stolen, e.Identity())
			continue
		}
		wantError(t, err, seal.ErrDenied)
	}
	for n, box := range boxes {
		if _, err := seal.OpenBox(stolen, box); (err == nil) != (n == 1) {
			t.Errorf("month %d: %v", n, err)
		}
	}
}

// TestCapturedLaptop: the folder is in other hands. With a passphrase on the
// role nothing opens; without, exactly what the role may open does: the mission's
// boxes, and not custody.
func TestCapturedLaptop(t *testing.T) {
	for _, passphrase := range []string{"", "river stone lamp"} {
		disk := durabletest.New("/m")
		d := newDesk(t, disk)
		outer := d.seal(t, batch(observation(1)), "the name of the woman at the mill")
		if err := seal.SaveRole(disk, "/m/keys/roles/mission.age", []*seal.Identity{d.roles[seal.MissionClass]}, passphrase); err != nil {
			t.Fatal(err)
		}
		store, err := seal.OpenStore(disk, "/m/boxes/packs")
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range outer.Body.Sealed {
			if d.boxes[b.Hash] != nil {
				if err := store.Put(b.Class, [][]byte{d.boxes[b.Hash]}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		readable := false
		var found []string // every file in which some secret can be read as it stands
		for _, name := range disk.Files() {
			b, err := disk.ReadFile(name, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("mill")) || bytes.Contains(b, []byte("post-4")) || bytes.Contains(b, []byte("AGE-SECRET-KEY")) {
				found = append(found, name)
			}
		}
		plain, err := seal.RoleIsPlain(disk, "/m/keys/roles/mission.age")
		if err != nil || plain != (passphrase == "") {
			t.Errorf("RoleIsPlain says %v, %v", plain, err)
		}
		roles, err := seal.LoadRole(disk, "/m/keys/roles/mission.age", "")
		if err == nil {
			e, err := d.keys.OpenEpoch(seal.MissionClass, month, roles)
			if err != nil {
				t.Fatal(err)
			}
			_, err = seal.OpenBox([]*seal.Identity{e.Identity()}, d.box(outer, seal.MissionClass))
			readable = err == nil
			_, err = d.keys.OpenEpoch(seal.CustodyClass, month, append(roles, e.Identity()))
			wantError(t, err, seal.ErrDenied)
		}
		if passphrase == "" {
			if !readable || !slices.Equal(found, []string{"/m/keys/roles/mission.age"}) {
				t.Errorf("without passphrase: mission box readable %v, files %v; the documentation says what is", readable, found)
			}
			continue
		}
		wantError(t, err, seal.ErrDenied, "passphrase")
		_, err = seal.LoadRole(disk, "/m/keys/roles/mission.age", "river stone lamb")
		wantError(t, err, seal.ErrDenied)
		if readable || found != nil {
			t.Errorf("with passphrase: readable %v, files %v", readable, found)
		}
		if roles, err := seal.LoadRole(disk, "/m/keys/roles/mission.age", passphrase); err != nil || roles[0].Secret() != d.roles[seal.MissionClass].Secret() {
			t.Errorf("the owner: %v", err)
		}
	}
}

// TestSubstitutedRecipientIsFound: somebody puts his own key in place of an
// epoch's recipient, or one epoch's file in place of another's.
func TestSubstitutedRecipientIsFound(t *testing.T) {
	disk := durabletest.New("/m")
	d := newDesk(t, disk)
	role := []*seal.Identity{d.roles[seal.MissionClass]}
	disk.Put("/m/boxes/mission/epoch-675.pub", []byte(newRole(t).Recipient().String()+"\n"))
	_, err := d.keys.OpenEpoch(seal.MissionClass, month, role)
	wantError(t, err, seal.ErrCorrupt, "reads what was sealed since")

	if _, err := d.keys.NewEpoch(seal.MissionClass, month+1); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{".age", ".pub"} {
		b, err := disk.ReadFile("/m/boxes/mission/epoch-676"+suffix, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		disk.Put("/m/boxes/mission/epoch-675"+suffix, b)
	}
	_, err = d.keys.OpenEpoch(seal.MissionClass, month, role)
	wantError(t, err, seal.ErrCorrupt, "another epoch or class")
}

// TestPresenceLeaksNothing: an observation with every optional field and one
// without any give the same number of fields, tree and sizes of boxes.
func TestPresenceLeaksNothing(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	full, least := d.seal(t, batch(observation(1)), "a name"), d.seal(t, batch(bare(1)), "")
	if a, b := len(trucewatch.Encode(&full.Body)), len(trucewatch.Encode(&least.Body)); a != b {
		t.Errorf("bodies of %d and %d bytes", a, b)
	}
	if a, b := fields(t, batch(observation(1))), fields(t, batch(bare(1))); len(a) != len(b) {
		t.Errorf("%d and %d fields", len(a), len(b))
	} else {
		for i := range a {
			if a[i].Name != b[i].Name {
				t.Errorf("field %d is %s and %s", i, a[i].Name, b[i].Name)
			}
		}
	}
	for _, class := range []string{seal.MissionClass, seal.ResidueClass} {
		if a, b := len(d.box(full, class)), len(d.box(least, class)); a != b {
			t.Errorf("%s boxes of %d and %d bytes", class, a, b)
		}
	}
	sizes := map[uint64]bool{}
	for rows := 1; rows <= 2; rows++ {
		c := seal.Commit(seal.Seed{}, fields(t, batch(slices.Repeat([]trucewatch.Observation{bare(1)}, rows)...)))
		sizes[open(t, c, "rows/0/where").Size] = true
	}
	if len(sizes) != 1 {
		t.Errorf("trees of sizes %v for one and two rows", sizes)
	}
}

func TestSizeOfABoxSaysOnlyItsStep(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	for _, class := range seal.Classes("A") {
		sizes := map[int]int{}
		for n := 0; n <= 5000; n += 50 {
			box, err := seal.SealBox(d.to[class], make([]byte, n))
			if err != nil {
				t.Fatal(err)
			}
			sizes[len(box)] = max(sizes[len(box)], n)
		}
		last := 0
		for size, most := range sizes {
			last = max(last, most)
			if most < 900 {
				t.Errorf("%s: boxes of %d bytes hold at most %d: the smallest size is too small", class, size, most)
			}
		}
		if len(sizes) > 5000/256 {
			t.Errorf("%s: %d sizes for 0 to %d bytes", class, len(sizes), last)
		}
	}
}

// TestCoversLookLikeBoxes: no two are the same, of whatever class, signer and
// sequence, and only who has the secret can tell.
func TestCoversLookLikeBoxes(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	seen := map[trucewatch.Hash]bool{}
	for _, class := range seal.Classes("A", "B") {
		for signer := range byte(3) {
			secret := d.mission.CoverSecret(class, trucewatch.KeyID{signer})
			for sequence := range uint64(50) {
				h := seal.CoverHash(secret, sequence)
				if seen[h] || h.IsZero() {
					t.Fatalf("%s %d %d: a hash twice", class, signer, sequence)
				}
				seen[h] = true
				if !seal.IsCover(secret, sequence, h) || seal.IsCover(secret, sequence+1, h) || seal.IsCover([32]byte{}, sequence, h) {
					t.Errorf("%s %d %d: IsCover", class, signer, sequence)
				}
			}
		}
	}
}

func TestPseudonymsChangeWithTheMonth(t *testing.T) {
	secret := [32]byte{1}
	a := seal.Pseudonym(secret, "post-4", month)
	if !strings.HasPrefix(a, "source-") || len(a) != len("source-")+8 || a != seal.Pseudonym(secret, "post-4", month) {
		t.Errorf("pseudonym %q", a)
	}
	for _, b := range []string{seal.Pseudonym(secret, "post-4", month+1), seal.Pseudonym(secret, "post-5", month), seal.Pseudonym([32]byte{2}, "post-4", month)} {
		if a == b {
			t.Errorf("%q stands for another source, month or mission too", a)
		}
	}
}

func TestEpochsAreMonths(t *testing.T) {
	for at, want := range map[trucewatch.Instant]uint32{0: 0, -trucewatch.Day: 0, 31*trucewatch.Day - 1: 0, 31 * trucewatch.Day: 1, noon: 675} {
		if got := seal.EpochOf(at); got != want {
			t.Errorf("EpochOf(%v) = %d, want %d", at, got, want)
		}
	}
}

// holding is what a mission's holder has.
func (d *desk) holding(store *seal.Store) seal.Holding {
	return seal.Holding{
		State:        store.State,
		Keeps:        func(class string) bool { return !strings.HasPrefix(class, "party_") },
		KeyDestroyed: d.keys.EpochDestroyed,
		Cover: func(e *trucewatch.Entry, box trucewatch.SealedBox) (bool, bool) {
			return seal.IsCover(d.mission.CoverSecret(box.Class, e.Body.Key), e.Body.Sequence, box.Hash), true
		},
	}
}

func erasure(index uint64, boxes ...trucewatch.BoxRef) *trucewatch.Entry {
	return &trucewatch.Entry{Index: index, Body: trucewatch.Body{Type: trucewatch.ErasureEntry,
		Payload: trucewatch.Payload{Erasure: &trucewatch.Erasure{Boxes: boxes, Basis: "request", Authority: "officer"}}}}
}

// TestSilentDestructionShowsAndErasureIsHeldToItsWord takes one entry through
// everything that can become of its boxes.
func TestSilentDestructionShowsAndErasureIsHeldToItsWord(t *testing.T) {
	disk := durabletest.New("/m")
	d := newDesk(t, disk)
	store, err := seal.OpenStore(disk, "/m/packs")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	outer := d.seal(t, batch(observation(1)), "")
	ref := func(class string) trucewatch.BoxRef {
		for _, b := range outer.Body.Sealed {
			if b.Class == class {
				return trucewatch.BoxRef{Index: outer.Index, Class: class, Hash: b.Hash}
			}
		}
		return trucewatch.BoxRef{}
	}
	entries := []*trucewatch.Entry{outer}
	check := func(what string, holding seal.Holding, want ...seal.Verdict) {
		t.Helper()
		var got []seal.Verdict
		for _, f := range seal.Audit(entries, seal.WarrantsOf(entries), holding) {
			got = append(got, f.Verdict)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	holding := d.holding(store)
	check("never kept", holding, seal.Cover, seal.MissingBox, seal.MissingBox, seal.NotOurs, seal.NotOurs)
	for _, class := range []string{seal.MissionClass, seal.ResidueClass} {
		if err := store.Put(class, [][]byte{d.box(outer, class)}); err != nil {
			t.Fatal(err)
		}
	}
	check("kept", holding, seal.Cover, seal.Intact, seal.Intact, seal.NotOurs, seal.NotOurs)

	blind := holding
	blind.Cover = func(*trucewatch.Entry, trucewatch.SealedBox) (bool, bool) { return false, false }
	check("without the mission's keys", blind, seal.MissingUnsure, seal.Intact, seal.Intact, seal.NotOurs, seal.NotOurs)

	if err := store.Destroy(seal.MissionClass, []trucewatch.Hash{ref(seal.MissionClass).Hash}); err != nil {
		t.Fatal(err)
	}
	check("destroyed in silence", holding, seal.Cover, seal.MissingBox, seal.Intact, seal.NotOurs, seal.NotOurs)
	check("destroyed in silence, without the mission's keys", blind, seal.MissingUnsure, seal.MissingBox, seal.Intact, seal.NotOurs, seal.NotOurs)

	entries = append(entries, erasure(9, ref(seal.MissionClass), ref(seal.ResidueClass)))
	check("erased, one of two kept", holding, seal.Cover, seal.Erased, seal.StillHeld, seal.NotOurs, seal.NotOurs)
	if err := store.Destroy(seal.ResidueClass, []trucewatch.Hash{ref(seal.ResidueClass).Hash}); err != nil {
		t.Fatal(err)
	}
	check("erased", holding, seal.Cover, seal.Erased, seal.Erased, seal.NotOurs, seal.NotOurs)

	other := ref(seal.MissionClass)
	other.Index++
	entries = append(entries, erasure(10, other))
	check("a warrant for what no entry names", holding, seal.Cover, seal.Erased, seal.Erased, seal.NotOurs, seal.NotOurs, seal.FalseWarrant)
}

// TestWarrantForOneBoxIsNoneForAnother of the same entry, class or hash.
func TestWarrantForOneBoxIsNoneForAnother(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	first, second := d.seal(t, batch(observation(1)), ""), d.seal(t, batch(observation(2)), "")
	second.Index = 4
	second.Body.Sealed[1].Hash = first.Body.Sealed[1].Hash // a desk that names one box twice
	gone := d.holding(nil)
	gone.State = func(string, trucewatch.Hash) seal.State { return seal.Missing }
	entries := []*trucewatch.Entry{first, second, erasure(9, trucewatch.BoxRef{Index: 3, Class: seal.MissionClass, Hash: first.Body.Sealed[1].Hash})}
	findings := seal.Audit(entries, seal.WarrantsOf(entries), gone)
	if findings[1].Verdict != seal.Erased || findings[1].Warrant != 9 || findings[2].Verdict != seal.MissingBox || findings[6].Verdict != seal.MissingBox || findings[6].Index != 4 {
		t.Errorf("findings %v", findings)
	}
}

// TestWarrantInAdvanceIsNone: two officers sign today that all boxes of this month
// may go, and hide what comes tomorrow.
func TestWarrantInAdvanceIsNone(t *testing.T) {
	d := newDesk(t, durabletest.New("/m"))
	outer := d.seal(t, batch(observation(1)), "")
	early := erasure(2, trucewatch.BoxRef{Index: 3, Class: seal.MissionClass, Hash: outer.Body.Sealed[1].Hash})
	early.Body.Payload.Erasure.Class, early.Body.Payload.Erasure.Epoch = seal.MissionClass, month
	holding := d.holding(nil)
	holding.State = func(string, trucewatch.Hash) seal.State { return seal.Missing }
	entries := []*trucewatch.Entry{early, outer}
	findings := seal.Audit(entries, seal.WarrantsOf(entries), holding)
	if findings[1].Verdict != seal.MissingBox || findings[len(findings)-1].Verdict != seal.FalseWarrant {
		t.Errorf("findings %v", findings)
	}
}

func TestDestroyingAnEpochErasesItsBoxes(t *testing.T) {
	disk := durabletest.New("/m")
	d := newDesk(t, disk)
	outer := d.seal(t, batch(observation(1)), "")
	box := d.box(outer, seal.MissionClass)
	warrant := erasure(9)
	warrant.Body.Payload.Erasure.Class, warrant.Body.Payload.Erasure.Epoch = seal.MissionClass, month
	entries := []*trucewatch.Entry{outer, warrant}
	holding := d.holding(nil)
	holding.State = func(string, trucewatch.Hash) seal.State { return seal.Present }
	verdict := func() seal.BoxFinding { return seal.Audit(entries, seal.WarrantsOf(entries), holding)[1] }
	if f := verdict(); f.Verdict != seal.StillHeld || f.Warrant != 9 {
		t.Errorf("before: %v", f)
	}
	for range 2 {
		if err := d.keys.DestroyEpoch(seal.MissionClass, month); err != nil {
			t.Fatal(err)
		}
	}
	if f := verdict(); f.Verdict != seal.Erased {
		t.Errorf("after: %v", f)
	}
	_, err := d.keys.OpenEpoch(seal.MissionClass, month, []*seal.Identity{d.roles[seal.MissionClass]})
	wantError(t, err, seal.ErrDestroyed)
	_, err = d.keys.Recipient(seal.MissionClass, month)
	wantError(t, err, seal.ErrDestroyed)
	_, err = d.keys.NewEpoch(seal.MissionClass, month)
	wantError(t, err, seal.ErrDestroyed)
	_, err = seal.OpenBox([]*seal.Identity{d.roles[seal.MissionClass]}, box)
	wantError(t, err, seal.ErrDenied)
	if !d.keys.EpochDestroyed(seal.MissionClass, month) || d.keys.EpochDestroyed(seal.MissionClass, month+1) || d.keys.EpochDestroyed(seal.CustodyClass, month) {
		t.Error("EpochDestroyed")
	}
	if epochs, err := d.keys.Epochs(seal.MissionClass); err != nil || !slices.Equal(epochs, []uint32{month}) {
		t.Errorf("Epochs %v, %v", epochs, err)
	}
}

func TestReceiptsNameWhoIsOutstanding(t *testing.T) {
	a, b := trucewatch.BoxRef{Index: 3, Class: seal.MissionClass, Hash: trucewatch.Hash{1}}, trucewatch.BoxRef{Index: 3, Class: seal.CustodyClass, Hash: trucewatch.Hash{2}}
	receipt := func(index uint64, holder string, boxes ...trucewatch.BoxRef) *trucewatch.Entry {
		return &trucewatch.Entry{Index: index, Body: trucewatch.Body{Payload: trucewatch.Payload{Receipt: &trucewatch.ErasureReceipt{Erasure: 9, Holder: holder, Boxes: boxes}}}}
	}
	w := seal.WarrantsOf([]*trucewatch.Entry{receipt(8, "guarantor-3"), erasure(9, a, b), receipt(10, "mission"), receipt(11, "guarantor-1", a), receipt(12, "guarantor-2", a), receipt(13, "guarantor-2", b)})
	got := w.Receipts([]string{"mission", "guarantor-1", "guarantor-2", "guarantor-3"})
	want := []seal.ReceiptFinding{
		{Erasure: 9, Holder: "mission", Receipt: 10},
		{Erasure: 9, Holder: "guarantor-1", Receipt: 11, Missing: []trucewatch.BoxRef{b}},
		{Erasure: 9, Holder: "guarantor-2", Receipt: 12},
		{Erasure: 9, Holder: "guarantor-3", Missing: []trucewatch.BoxRef{b, a}},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("receipts %v, want %v", got, want)
	}
}

// TestErasedBoxDoesNotComeBack by a mirror that still has it.
func TestErasedBoxDoesNotComeBack(t *testing.T) {
	box, unknown := []byte("box"), []byte("never here")
	from, err := seal.OpenStore(durabletest.New("/a"), "/a")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := seal.OpenStore(durabletest.New("/b"), "/b")
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if err := errors.Join(from.Put("mission", [][]byte{box, unknown}), to.Put("mission", [][]byte{box}),
		to.Destroy("mission", []trucewatch.Hash{seal.BoxHash(box), seal.BoxHash(unknown)})); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := from.Export("mission", slices.Collect(from.All("mission")), &out); err != nil {
		t.Fatal(err)
	}
	n, err := to.Import("mission", &out, func(trucewatch.Hash) bool { return true })
	if err != nil || n != 0 {
		t.Errorf("%d came back, %v", n, err)
	}
	for _, b := range [][]byte{box, unknown} {
		if s := to.State("mission", seal.BoxHash(b)); s != seal.Destroyed {
			t.Errorf("%q is %s", b, s)
		}
		wantError(t, to.Put("mission", [][]byte{b}), seal.ErrDestroyed)
	}
}

// TestForgedExportsAreRefused: what another holder sends is not believed.
func TestForgedExportsAreRefused(t *testing.T) {
	store, err := seal.OpenStore(durabletest.New("/a"), "/a")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Put("mission", [][]byte{[]byte("one box"), []byte("another")}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := store.Export("mission", slices.Collect(store.All("mission")), &out); err != nil {
		t.Fatal(err)
	}
	for n, input := range [][]byte{nil, out.Bytes()[:out.Len()-1], out.Bytes()[:out.Len()-5], bytes.Replace(out.Bytes(), []byte("mission"), []byte("custody"), 1),
		slices.Concat([]byte("trucewatch boxes v1 mission\n"), []byte{0xff, 0xff, 0xff, 0xff})} {
		other, err := seal.OpenStore(durabletest.New("/b"), "/b")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Import("mission", bytes.NewReader(input), func(trucewatch.Hash) bool { return true }); err == nil {
			t.Errorf("input %d is taken", n)
		}
		other.Close()
	}
	wantError(t, store.Export("mission", []trucewatch.Hash{{1}}, io.Discard), seal.ErrNotFound)
}

// TestClassicalKeysAreRefused: a recipient that a quantum computer opens later
// is none.
func TestClassicalKeysAreRefused(t *testing.T) {
	x, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	_, err = seal.ParseRecipient(x.Recipient().String())
	wantError(t, err, seal.ErrInvalid)
	_, err = seal.ParseIdentity(x.String())
	wantError(t, err, seal.ErrInvalid)
	if strings.Contains(err.Error(), x.String()[:25]) {
		t.Error("the error repeats the secret")
	}
	disk := durabletest.New("/m")
	disk.Put("/m/recipients.txt", []byte(x.Recipient().String()))
	keys := seal.OpenKeys(disk, "/")
	_, err = keys.NewEpoch("m", 1)
	wantError(t, err, seal.ErrInvalid, "recipient 1")
}

// TestCellTellsNoMoreThanItsSize: the smallest cell that holds a region would
// tell of one across a border that it lies within its own width of a known line.
// Here regions are moved across a border: their cell is the same size on both
// sides of it and on it.
func TestCellTellsNoMoreThanItsSize(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		at := geo.Position{LatE7: random.Int32N(120*geo.E7) - 60*geo.E7, LonE7: random.Int32N(200*geo.E7) - 100*geo.E7}
		for _, doubled := range []uint{0, 3, 7} {
			sizes := map[int32]bool{}
			for range 20 {
				c := seal.CellOf(geo.Circle(at, 200_000), doubled)
				sizes[c.Rings[0][2].LatE7-c.Rings[0][0].LatE7] = true
				at = geo.Direct(at, random.Int32N(360_000), 300_000)
			}
			if len(sizes) != 1 {
				t.Fatalf("near %v cells of %d sizes", at, len(sizes))
			}
		}
	}
}
