// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// verifySpec verifies a note of one cosignature by C2SP tlog-cosignature,
// "Ed25519 signed message".
func verifySpec(t *testing.T, key *Key, text string, signed []byte, at int64) {
	t.Helper()
	line := strings.TrimSuffix(strings.TrimPrefix(string(signed), text+"\n— "+key.Name()+" "), "\n")
	b, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(b) != 4+8+64 {
		t.Fatalf("signature line %q: %d bytes, %v", line, len(b), err)
	}
	if got := int64(binary.BigEndian.Uint64(b[4:12])); got != at {
		t.Errorf("time %d, want %d", got, at)
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	if !ed25519.Verify(key.private.Public().(ed25519.PublicKey), []byte(message), b[12:]) {
		t.Error("the signature is not over the message of the spec")
	}
}

// TestOthersReadOurKeys: the library that other witnesses use signs with our
// key file what we verify, and verifies what we sign.
func TestOthersReadOurKeys(t *testing.T) {
	key := newKey(t, "party-a.example/witness")
	theirs, err := cosignature.NewSignerForCosignatureV1(strings.TrimSpace(key.secret()))
	if err != nil {
		t.Fatal(err)
	}
	k, err := parseCosignerKey(key.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	text := "log.example/north\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	if _, err := openNote(sign(t, text, theirs), k); err != nil {
		t.Errorf("we refuse their cosignature: %v", err)
	}
	if _, err := note.Open(sign(t, text, key.Signer(noon)), note.VerifierList(theirs.Verifier())); err != nil {
		t.Errorf("they refuse our cosignature: %v", err)
	}
}

func TestKeyFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "witness.key")
	key := newKey(t, "party-a.example/witness")
	if err := WriteKey(name, key); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if got, err := ReadKey(name); err != nil || got.VerifierKey() != key.VerifierKey() {
		t.Errorf("ReadKey = %v, %v", got, err)
	}
	if err := WriteKey(name, newKey(t, "x")); !errors.Is(err, ErrExists) {
		t.Errorf("WriteKey over a key = %v, want ErrExists", err)
	}
	if err := os.Chmod(name, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(name); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "0640") {
		t.Errorf("ReadKey of a file that others may read = %v", err)
	}
	if err := os.WriteFile(name+"2", []byte(strings.Repeat("x", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(name + "2"); !errors.Is(err, ErrInvalid) {
		t.Errorf("ReadKey of a long file = %v", err)
	}
}

// TestVerifierKeysAreRead lists what a verifier key may not be. The libraries
// take several of these.
func TestVerifierKeysAreRead(t *testing.T) {
	key := newKey(t, "w.example")
	good := key.VerifierKey()
	raw := key.private.Public().(ed25519.PublicKey)
	vkey := func(name string, keyType byte, raw []byte) string {
		b := append([]byte{keyType}, raw...)
		return fmt.Sprintf("%s+%08x+%s", name, keyID(name, b), base64.StdEncoding.EncodeToString(b))
	}
	_, mldsa, err := cosignature.GenerateMLDSAKey("pq.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, vkey string
		ok         bool
	}{
		{"Ed25519", good, true},
		{"ML-DSA-44", mldsa, true},
		{"the key of a log", vkey("w.example", typeEd25519, raw), false},
		{"unknown type", vkey("w.example", 0x02, raw), false},
		{"type above 0x7f", vkey("w.example", 0xff, raw), false},
		{"hash of another name", "v" + good[1:], false},
		{"hash in upper case", strings.Replace(good, good[10:18], strings.ToUpper(good[10:18])+"X", 1), false},
		{"short key", vkey("w.example", typeCosignature, raw[1:]), false},
		{"short ML-DSA-44 key", vkey("w.example", typeMLDSA44, raw), false},
		{"no name", vkey("", typeCosignature, raw), false},
		{"name with a space", vkey("w example", typeCosignature, raw), false},
		{"name with a line end", vkey("w\nexample", typeCosignature, raw), false},
		{"long name", vkey(strings.Repeat("w", 256), typeCosignature, raw), false},
		{"line end inside the base64", good[:len(good)-4] + "\n" + good[len(good)-4:], false},
		{"spare bits in the base64", good[:len(good)-1] + "!", false},
		{"empty", "", false},
		{"long", strings.Repeat("x", vkeySizeMax+1), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parseCosignerKey(tt.vkey); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("parseCosignerKey(%q) = %v", tt.vkey, err)
			}
		})
	}
	if _, err := parseLogKey(good); !errors.Is(err, ErrInvalid) {
		t.Errorf("the key of a witness is taken for that of a log: %v", err)
	}
}

func TestMLDSACosignatureCounts(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(3, "entry")
	skey, vkey, err := cosignature.GenerateMLDSAKey("pq.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cosignature.NewMLDSASigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPolicy(log.vkey, []Member{{Name: "g-1", Witness: vkey}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Standing(log.signed(signer))
	if err != nil || s.Tier != Provisional || s.AsOf.IsZero() {
		t.Errorf("Standing = %+v, %v", s, err)
	}
}

func TestGenerateKeyRefusesNames(t *testing.T) {
	for _, name := range []string{"", "a b", "a+b", "a\nb", strings.Repeat("a", 256), "\xff"} {
		if _, err := GenerateKey(name); !errors.Is(err, ErrInvalid) {
			t.Errorf("GenerateKey(%q) = %v", name, err)
		}
	}
	skey, _, err := note.GenerateKey(rand.Reader, "w.example")
	if err != nil {
		t.Fatal(err)
	}
	if k, err := ParseKey([]byte(skey)); err != nil || k.Name() != "w.example" {
		t.Errorf("ParseKey of the key of a note = %v, %v", k, err)
	}
}
