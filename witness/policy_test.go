// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	strangers "github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

// A cast is two parties and four guarantors with their keys, and a log.
type cast struct {
	log     *testLog
	keys    map[string]*Key
	mirrors map[string]*Key
	members []Member
}

func newCast(t testing.TB) *cast {
	c := &cast{log: newTestLog(t, "log.example/north").grow(10, "entry"), keys: map[string]*Key{}, mirrors: map[string]*Key{}}
	for _, name := range []string{"party-a", "party-b", "g-1", "g-2", "g-3", "g-4"} {
		c.keys[name] = newKey(t, name+".example/witness")
		c.mirrors[name] = newKey(t, name+".example/mirror")
		m := Member{Name: name, Witness: c.keys[name].VerifierKey(), Mirror: c.mirrors[name].VerifierKey(), Address: "https://" + name + ".example/w"}
		if strings.HasPrefix(name, "party") {
			m.Party = name
		}
		c.members = append(c.members, m)
	}
	return c
}

func (c *cast) policy(t testing.TB) *Policy {
	t.Helper()
	p, err := NewPolicy(c.log.vkey, c.members, 3)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// signed is the log's checkpoint, co-signed by the named at noon and so many
// seconds later each.
func (c *cast) signed(names ...string) []byte {
	var signers []note.Signer
	for i, name := range names {
		signers = append(signers, c.keys[name].Signer(noon.Add(time.Duration(i)*time.Second)))
	}
	return c.log.signed(signers...)
}

func TestTierCountsOrganisations(t *testing.T) {
	c := newCast(t)
	p := c.policy(t)
	parsed, err := ParsePolicy(p.Text())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := strangers.ParsePolicy(p.Text())
	if err != nil {
		t.Fatalf("another client does not read our policy file: %v\n%s", err, p.Text())
	}
	for _, tt := range []struct {
		signed string
		want   Tier
	}{
		{"", Integrated},
		{"g-1 g-2", Integrated},
		{"party-a party-b", Integrated},
		{"party-a party-b g-1 g-2", Integrated},
		{"g-1 g-2 g-3", Provisional},
		{"g-2 g-3 g-4 party-a", Provisional},
		{"g-1 g-2 g-3 g-4", Provisional},
		{"g-1 g-2 g-4 party-a party-b", Final},
		{"g-1 g-2 g-3 g-4 party-a party-b", Final},
	} {
		t.Run(tt.signed, func(t *testing.T) {
			names := strings.Fields(tt.signed)
			signed := c.signed(names...)
			for which, p := range map[string]*Policy{"made": p, "read from its file": parsed} {
				s, err := p.Standing(signed)
				if err != nil {
					t.Fatal(err)
				}
				if s.Tier != tt.want || len(s.Signed) != len(names) || len(s.Missing) != 6-len(names) || s.Size != 10 || s.Origin != "log.example/north" {
					t.Errorf("%s: Standing = %+v, want %v", which, s, tt.want)
				}
			}
			if got := theirs.Satisfied(signed); got != (tt.want == Final) {
				t.Errorf("another client says that the quorum is met: %v", got)
			}
		})
	}
}

// under is the key of a log or witness, as a cosigner's of another name.
func under(name string, k verifierKey) string {
	b := append([]byte{typeCosignature}, k.raw...)
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, b), base64.StdEncoding.EncodeToString(b))
}

// TestPolicyRefuses lists what would let one organisation count twice, and what
// cannot be.
func TestPolicyRefuses(t *testing.T) {
	c := newCast(t)
	g1, err := parseCosignerKey(c.keys["g-1"].VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	logKey, err := parseLogKey(c.log.vkey)
	if err != nil {
		t.Fatal(err)
	}
	skey := newTestLog(t, "w.example")
	for _, tt := range []struct {
		name       string
		change     func(m []Member) []Member
		guarantors int
		want       string
	}{
		{"one public key under two names", func(m []Member) []Member { m[3].Witness = under("g-2.example/witness", g1); return m }, 3, "witness of g-2 has the public key of witness of g-1"},
		{"one key as witness and mirror", func(m []Member) []Member { m[2].Mirror = under("g-1.example/mirror", g1); return m }, 3, "mirror of g-1 has the public key of witness of g-1"},
		{"one key as witness and other's mirror", func(m []Member) []Member { m[0].Mirror = under("a.example/mirror", g1); return m }, 3, "witness of g-1 has the public key of mirror of party-a"},
		{"the log's key as a witness", func(m []Member) []Member { m[0].Witness = under("a.example", logKey[0]); return m }, 3, "has the public key of log"},
		{"the log's key as a mirror", func(m []Member) []Member { m[0].Mirror = under("a.example", logKey[0]); return m }, 3, "has the public key of log"},
		{"two keys under one key name", func(m []Member) []Member { m[3].Witness = newKey(t, "g-1.example/witness").VerifierKey(); return m }, 3, "has the key name of"},
		{"one organisation twice", func(m []Member) []Member { m[3].Name = "g-1"; return m }, 3, "name g-1 is taken"},
		{"one party twice", func(m []Member) []Member { m[1].Party = "party-a"; return m }, 3, "party party-a stands twice"},
		{"one address twice", func(m []Member) []Member { m[3].Address = m[2].Address + "/"; return m }, 3, "g-2 has the address of g-1"},
		{"more guarantors than there are", func(m []Member) []Member { return m }, 5, "5 of 4 guarantors"},
		{"no guarantor needed", func(m []Member) []Member { return m }, 0, "0 of 4 guarantors"},
		{"guarantors of whom there are none", func(m []Member) []Member { return m[:2] }, 1, "1 of 0 guarantors"},
		{"fewer than none", func(m []Member) []Member { return m[:2] }, -1, "-1 of 0 guarantors"},
		{"a key of another type", func(m []Member) []Member { m[0].Witness = skey.vkey; return m }, 3, "type 0x01 is not one that may stand here"},
		{"no key", func(m []Member) []Member { m[0].Witness = ""; return m }, 3, "witness of party-a"},
		{"a key that brings a line of its own", func(m []Member) []Member { m[0].Witness += "\nquorum none"; return m }, 3, "party-a"},
		{"a name that brings a line of its own", func(m []Member) []Member { m[0].Name = "x\nquorum none"; return m }, 3, "not one word"},
		{"an address that brings a line of its own", func(m []Member) []Member { m[0].Address += "\nquorum none"; return m }, 3, "address"},
		{"a name of two words", func(m []Member) []Member { m[0].Name = "party a"; return m }, 3, "not one word"},
		{"the name of a group", func(m []Member) []Member { m[0].Name = "final"; return m }, 3, "name final is taken"},
		{"the name none", func(m []Member) []Member { m[0].Name = "none"; return m }, 3, "name none is taken"},
		{"an address of a file", func(m []Member) []Member { m[0].Address = "file:///etc/passwd"; return m }, 3, "is not http://host"},
		{"an address with a password", func(m []Member) []Member { m[0].Address = "https://u:p@x.example"; return m }, 3, "more than scheme"},
		{"an address with a question", func(m []Member) []Member { m[0].Address = "https://x.example/?a=b"; return m }, 3, "more than scheme"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := NewPolicy(c.log.vkey, tt.change(slices.Clone(c.members)), tt.guarantors)
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewPolicy = %v, %v, want an error with %q", p, err, tt.want)
			}
		})
	}
}

func TestTolerates(t *testing.T) {
	c := newCast(t)
	for _, tt := range []struct{ n, k, want int }{{4, 3, 1}, {4, 4, 3}, {4, 2, -1}, {3, 2, 0}, {1, 1, 0}, {2, 1, -1}, {0, 0, -1}} {
		p, err := NewPolicy(c.log.vkey, c.members[:2+tt.n], tt.k)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Tolerates(); got != tt.want {
			t.Errorf("%d of %d guarantors: tolerates %d, want %d", tt.k, tt.n, got, tt.want)
		}
	}
}

// TestNoWitnessNoTier: a policy without guarantors or parties never calls a
// checkpoint more than integrated, or more than what its guarantors make it.
func TestNoWitnessNoTier(t *testing.T) {
	c := newCast(t)
	for _, tt := range []struct {
		members []Member
		k       int
		want    Tier
	}{{nil, 0, Integrated}, {c.members[:2], 0, Final}, {c.members[2:], 3, Provisional}} {
		p, err := NewPolicy(c.log.vkey, tt.members, tt.k)
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.Standing(c.signed("g-1", "g-2", "g-3", "g-4", "party-a", "party-b"))
		if err != nil || s.Tier != tt.want {
			t.Errorf("%d members: %v, %v, want %v", len(tt.members), s.Tier, err, tt.want)
		}
		if again, err := ParsePolicy(p.Text()); err != nil || !bytes.Equal(again.Text(), p.Text()) {
			t.Errorf("policy file changes when it is read: %v\n%s", err, p.Text())
		}
	}
}

// TestFinalNeedsEachParty also in a policy file whose quorum asks for less.
func TestFinalNeedsEachParty(t *testing.T) {
	c := newCast(t)
	weak := bytes.Replace(c.policy(t).Text(), []byte("group parties 2 "), []byte("group parties any "), 1)
	p, err := ParsePolicy(weak)
	if err != nil {
		t.Fatal(err)
	}
	for signed, want := range map[string]Tier{"g-1 g-2 g-3 party-a": Provisional, "g-1 g-2 g-3 party-a party-b": Final} {
		if s, err := p.Standing(c.signed(strings.Fields(signed)...)); err != nil || s.Tier != want {
			t.Errorf("%s: %v, %v, want %v", signed, s.Tier, err, want)
		}
	}
}

func TestEditedNoteIsRefused(t *testing.T) {
	c := newCast(t)
	p := c.policy(t)
	good := c.signed("g-1", "g-2", "g-3")
	for name, note := range map[string][]byte{
		"other size":           bytes.Replace(good, []byte("\n10\n"), []byte("\n11\n"), 1),
		"other origin":         bytes.Replace(good, []byte("north\n10"), []byte("south\n10"), 1),
		"extension line":       bytes.Replace(good, []byte("\n\n"), []byte("\nmore\n\n"), 1),
		"log's signature gone": sign(t, c.log.text(10), c.keys["g-1"].Signer(noon)),
		"not a note":           []byte("x"),
		"too long":             bytes.Repeat([]byte("x"), noteSizeMax+1),
	} {
		if s, err := p.Standing(note); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: Standing = %+v, %v, want ErrInvalid", name, s, err)
		}
	}
}

// TestSigningTwiceCountsOnce: neither a line that stands twice nor a second
// signature of a key makes two.
func TestSigningTwiceCountsOnce(t *testing.T) {
	c := newCast(t)
	p := c.policy(t)
	once := c.signed("g-1", "g-2")
	lines := bytes.SplitAfter(once, []byte("\n"))
	twice := append(slices.Clone(once), lines[len(lines)-2]...)
	later := sign(t, c.log.text(10), c.keys["g-1"].Signer(noon.Add(time.Hour)))
	_, line, _ := bytes.Cut(later, []byte("\n\n"))
	twice = append(twice, line...)
	s, err := p.Standing(twice)
	if err != nil || s.Tier != Integrated || len(s.Signed) != 2 {
		t.Errorf("Standing = %+v, %v, want integrated with two", s, err)
	}
	if merged, added, err := p.Merge(once, line); err != nil || len(added) != 0 || !bytes.Equal(merged, once) {
		t.Errorf("Merge of a second cosignature of a key: %q, %v", added, err)
	}
}

// TestTimesComeFromCosignersOnly: a log's signature has no time, and what stands
// where one would be is not read. Nobody's time is believed alone.
func TestTimesComeFromCosignersOnly(t *testing.T) {
	c := newCast(t)
	p := c.policy(t)
	s, err := p.Standing(c.signed("party-a", "party-b"))
	if err != nil || !s.AsOf.IsZero() || !s.Stale(noon, time.Hour) {
		t.Errorf("integrated: as of %v, %v, stale %v", s.AsOf, err, s.Stale(noon, time.Hour))
	}
	// Guarantors signed at noon, +1 s, +2 s, and one says it is next year.
	signers := []note.Signer{c.keys["g-4"].Signer(noon.AddDate(1, 0, 0))}
	for i, name := range []string{"g-1", "g-2", "g-3"} {
		signers = append(signers, c.keys[name].Signer(noon.Add(time.Duration(i)*time.Second)))
	}
	if s, err = p.Standing(c.log.signed(signers...)); err != nil {
		t.Fatal(err)
	}
	if want := noon.Add(time.Second); !s.AsOf.Equal(want) { // the third newest of four
		t.Errorf("as of %v, want %v", s.AsOf, want)
	}
	if len(s.Signed) != 4 || s.Signed[0] != (Signed{"g-1", noon}) {
		t.Errorf("signed %v", s.Signed)
	}
}

func TestFrozenViewIsStale(t *testing.T) {
	c := newCast(t)
	s, err := c.policy(t).Standing(c.signed("g-1", "g-2", "g-3", "g-4", "party-a", "party-b"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, false}, {time.Minute, false}, {2 * time.Minute, true}, {-time.Hour, true}} {
		if got := s.Stale(noon.Add(tt.after), 90*time.Second); got != tt.want {
			t.Errorf("after %v: stale %v, want %v", tt.after, got, tt.want)
		}
	}
}

func TestMirrorsCountForNoTier(t *testing.T) {
	c := newCast(t)
	var signers []note.Signer
	for _, m := range c.members {
		signers = append(signers, c.mirrors[m.Name].Signer(noon))
	}
	s, err := c.policy(t).Standing(c.log.signed(signers...))
	if err != nil || s.Tier != Integrated || len(s.Mirrored) != 6 || len(s.Missing) != 6 {
		t.Errorf("Standing = %+v, %v", s, err)
	}
}

func TestMergeTakesOnlyWhatVerifies(t *testing.T) {
	c := newCast(t)
	p := c.policy(t)
	wrongSize := sign(t, c.log.text(9), c.keys["g-1"].Signer(noon))
	stranger := sign(t, c.log.text(10), newKey(t, "g-2.example/witness").Signer(noon))
	good := sign(t, c.log.text(10), c.keys["party-b"].Signer(noon), c.mirrors["g-3"].Signer(noon))
	var lines []byte
	for _, n := range [][]byte{[]byte("x\n\nnonsense\n— \n"), wrongSize, stranger, good} {
		_, rest, _ := bytes.Cut(n, []byte("\n\n"))
		lines = append(lines, rest...)
	}
	merged, added, err := p.Merge(c.signed("g-4"), lines)
	if err != nil || !slices.Equal(added, []string{"party-b", "g-3"}) {
		t.Fatalf("Merge added %q, %v", added, err)
	}
	var order []string
	for _, line := range strings.Split(string(merged), "\n")[4:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		order = append(order, name)
	}
	if want := []string{"log.example/north", "party-b.example/witness", "g-3.example/mirror", "g-4.example/witness", ""}; !slices.Equal(order, want) {
		t.Errorf("signatures in the order %q, want %q", order, want)
	}
}

func TestParsePolicyNamesTheLine(t *testing.T) {
	c := newCast(t)
	log, a, b := "log "+c.log.vkey+"\n", c.keys["party-a"].VerifierKey(), c.keys["party-b"].VerifierKey()
	both := log + "witness A " + a + "\nwitness B " + b + " https://b.example/\n"
	for _, tt := range []struct{ name, text, want string }{
		{"a group within a group", both + "group ab all A B\ngroup top any ab\n # a comment\n\n\tquorum\ttop \n", ""},
		{"a witness as quorum", both + "quorum A\n", ""},
		{"no witness", log + "quorum none\n", ""},
		{"a log with an address", "log " + c.log.vkey + " https://log.example/\nquorum none\n", ""},
		{"names that are no ASCII", log + "witness ü " + a + "\nquorum ü\n", ""},
		{"no quorum", both, "no quorum line"},
		{"two quorums", both + "quorum A\nquorum A\n", "line 5: invalid: a second quorum"},
		{"no log", "witness A " + a + "\nquorum A\n", "names no log"},
		{"a log twice", log + log + "quorum none\n", "line 2: invalid: log log.example/north has the public key of log"},
		{"quorum before its definition", log + "quorum A\nwitness A " + a + "\n", "line 2: invalid: quorum: A is not defined before it"},
		{"group of what is not there", both + "group g any A C\nquorum g\n", "line 4: invalid: group g: C is not defined"},
		{"group of itself", both + "group g any g\nquorum g\n", "line 4: invalid: group g: g is not defined"},
		{"a member twice", both + "group g 2 A A\nquorum g\n", "line 4: invalid: group g: A is in group g already"},
		{"a member of two groups", both + "group g any A\ngroup h any A B\nquorum h\n", "line 5: invalid: group h: A is in group g already"},
		{"none as a member", both + "group g any none\nquorum g\n", "none is not defined"},
		{"none of two needed", both + "group g 0 A B\nquorum g\n", "0 of 2 members"},
		{"three of two needed", both + "group g 3 A B\nquorum g\n", "3 of 2 members"},
		{"number with a sign", both + "group g +1 A B\nquorum g\n", "\"+1\" is not all, any or a number"},
		{"number with a zero", both + "group g 01 A B\nquorum g\n", "\"01\" is not all, any or a number"},
		{"group without members", both + "group g all\nquorum g\n", "line 4: invalid: not a log"},
		{"one key under two names", log + "witness A " + a + "\nwitness C " + strings.Replace(a, "", "", 1) + "\nquorum A\n", "line 3: invalid: witness of C has the key name of witness of A"},
		{"a group that has a witness's name", both + "group A any B\nquorum A\n", "name A is taken"},
		{"unknown word", both + "threshold 2\nquorum A\n", "line 4: invalid: not a log"},
		{"control character", both + "quorum A\r\n", "line 4: invalid: control character 0x0d"},
		{"no end of line", both + "quorum A", "the last line does not end"},
		{"empty", "", "no quorum line"},
		{"long", strings.Repeat("#\n", policySizeMax), "at most"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParsePolicy([]byte(tt.text))
			if tt.want == "" {
				if err != nil {
					t.Fatalf("ParsePolicy = %v", err)
				}
				if again, err := ParsePolicy(p.Text()); err != nil || !bytes.Equal(again.Text(), p.Text()) {
					t.Errorf("the file changes when it is read: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParsePolicy = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// TestAnySubsetOfSignersAgreesWithAnotherClient holds our count to that of the
// formats module, which knows keys but not organisations.
func TestAnySubsetOfSignersAgreesWithAnotherClient(t *testing.T) {
	c := newCast(t)
	p := c.policy(t)
	theirs, err := strangers.ParsePolicy(p.Text())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(p.Organisations()), 0, 6, rapid.ID).Draw(t, "signers")
		signed := c.signed(names...)
		s, err := p.Standing(signed)
		if err != nil {
			t.Fatal(err)
		}
		if theirs.Satisfied(signed) != (s.Tier == Final) {
			t.Fatalf("%q: we say %v, another client %v", names, s.Tier, theirs.Satisfied(signed))
		}
	})
}
