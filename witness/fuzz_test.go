// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzParsePolicy(f *testing.F) {
	c := newCast(f)
	f.Add(c.policy(f).Text())
	f.Add([]byte("log " + c.log.vkey + "\nquorum none\n"))
	f.Add([]byte("log " + c.log.vkey + "\nwitness A " + c.keys["g-1"].VerifierKey() + " https://a.example/\ngroup g any A\nquorum g\n"))
	f.Add([]byte("group g 1 a b\n#\n\tquorum\tg\n"))
	signed := c.signed("g-1", "g-2", "g-3", "g-4", "party-a", "party-b")
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePolicy(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		again, err := ParsePolicy(p.Text())
		if err != nil || !bytes.Equal(again.Text(), p.Text()) {
			t.Fatalf("a policy changes when it is written and read: %v", err)
		}
		if s, err := p.Standing(signed); err == nil {
			if other, err := again.Standing(signed); err != nil || other.Tier != s.Tier {
				t.Fatalf("tier %v, and %v, %v when read again", s.Tier, other.Tier, err)
			}
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(newKey(f, "party-a.example/witness").secret()))
	f.Add([]byte("PRIVATE+KEY+x+00000000+AAAA"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := ParseKey(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		again, err := ParseKey([]byte(k.secret()))
		if err != nil || again.VerifierKey() != k.VerifierKey() {
			t.Fatalf("a key changes when it is written and read: %v", err)
		}
		if _, err := parseCosignerKey(k.VerifierKey()); err != nil {
			t.Fatalf("its public part is refused: %v", err)
		}
	})
}

func FuzzVerifierKey(f *testing.F) {
	f.Add(newKey(f, "party-a.example/witness").VerifierKey())
	f.Add(newTestLog(f, logName).vkey)
	f.Fuzz(func(t *testing.T, text string) {
		k, err := parseVerifierKey(text, typeEd25519, typeCosignature, typeMLDSA44)
		if err == nil && (k.verifier == nil || k.text != text || k.raw == "") || err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatalf("parseVerifierKey = %+v, %v", k, err)
		}
	})
}

// FuzzParseRequest gives any body to a witness: it answers with a status of the
// spec, and what it reads it would write the same.
func FuzzParseRequest(f *testing.F) {
	c := newCast(f)
	f.Add(c.log.request(0))
	f.Add(c.log.request(3))
	f.Add([]byte("old 0\n\nlog.example/north\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— a AAAAAAAA\n"))
	f.Add([]byte("old 10\nAAAA\n\n"))
	key, err := parseLogKey(c.log.vkey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRequest(body)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if !bytes.Equal(r.encode(), body) {
			t.Fatalf("%q is read, and written %q", body, r.encode())
		}
		n, err := splitNote(r.note)
		if err != nil {
			return
		}
		checkpoint, err := readText(n.Text)
		if err == nil && checkpoint.Origin != key[0].name {
			return
		}
		if signed, err := openCheckpoint(r.note, key...); err == nil {
			again, err := openCheckpoint(signed.Note, key...)
			if err != nil || !again.same(signed) || !again.same(checkpoint) {
				t.Fatalf("checkpoint changes when it is read: %v", err)
			}
		}
	})
}

func FuzzParseState(f *testing.F) {
	c := newCast(f)
	good, err := state{Version: stateVersion, Origin: logName, Writes: 3, Note: string(c.log.signed()), Ahead: []string{"x"}, Began: Began{How: BegunNew, At: noon}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("{}\nsha256 00\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseState(text)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if again, err := s.encode(); err != nil || !bytes.Equal(again, text) {
			t.Fatalf("a state changes when it is read: %v", err)
		}
	})
}

func FuzzStanding(f *testing.F) {
	c := newCast(f)
	p := c.policy(f)
	f.Add(c.signed("g-1", "g-2", "g-3", "party-a"), []byte(""))
	f.Add(c.signed(), c.signed("g-1", "g-2", "g-3", "party-a"))
	f.Fuzz(func(t *testing.T, signed, lines []byte) {
		s, err := p.Standing(signed)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		merged, added, err := p.Merge(signed, lines)
		if err != nil {
			t.Fatalf("a note that has a standing cannot be merged with: %v", err)
		}
		after, err := p.Standing(merged)
		if err != nil || after.Tier < s.Tier || len(after.Signed)+len(after.Mirrored) != len(s.Signed)+len(s.Mirrored)+len(added) {
			t.Fatalf("merged from %+v to %+v with %q: %v", s, after, added, err)
		}
	})
}
