// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/anchor"
)

var checkpoint = []byte("trucewatch.example/arandia-2026\n1234\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")

func TestCheckReadsAnHonestToken(t *testing.T) {
	for name, s := range map[string]settings{"ECDSA": {}, "RSA": {rsaBits: 2048}} {
		a := newAuthority(t, s)
		token := a.sign(t, honest(checkpoint).info())
		got, err := anchor.Check(token, checkpoint, a.roots())
		want := anchor.Time{At: tokenTime, AccuracyUS: 1_500_007, Authority: "CN=Invented Time,O=Arandia", Policy: "1.3.6.1.4.1.99999.1"}
		if err != nil || got != want {
			t.Errorf("%s: Check = %+v, %v, want %+v", name, got, err, want)
		}
		entry := trucewatch.Anchor{Checkpoint: sha256.Sum256(checkpoint), Size: 1234, Authority: "Invented Time", Token: token}
		if got, err := anchor.CheckAnchor(&entry, checkpoint, a.roots()); err != nil || got != want {
			t.Errorf("%s: CheckAnchor = %+v, %v", name, got, err)
		}
		entry.Checkpoint[0] ^= 1
		if _, err := anchor.CheckAnchor(&entry, checkpoint, a.roots()); !errors.Is(err, anchor.ErrOther) {
			t.Errorf("%s: CheckAnchor of an entry over another checkpoint = %v", name, err)
		}
	}
}

// TestCertificateIsJudgedAtTheTokensTime: a token of years ago stays good after
// its certificate's end, and one from outside the certificate's time never was.
func TestCertificateIsJudgedAtTheTokensTime(t *testing.T) {
	for _, tt := range []struct {
		name       string
		from, till time.Time
		want       error
	}{
		{"over long ago, good then", tokenTime.AddDate(0, 0, -1), tokenTime.AddDate(0, 0, 1), nil},
		{"ended a second before", tokenTime.AddDate(-1, 0, 0), tokenTime.Add(-time.Second), anchor.ErrUntrusted},
		{"began a second later", tokenTime.Add(time.Second), tokenTime.AddDate(1, 0, 0), anchor.ErrUntrusted},
		{"ends in that second", tokenTime.AddDate(-1, 0, 0), tokenTime, nil},
	} {
		a := newAuthority(t, settings{from: tt.from, till: tt.till})
		if _, err := anchor.Check(a.sign(t, honest(checkpoint).info()), checkpoint, a.roots()); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestTokenOfAnUnfitAuthorityIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		settings
		want string
	}{
		{"a web server's key", settings{usage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 1}}}, "incompatible key usage"},
		{"a key for anything", settings{usage: []asn1.ObjectIdentifier{{2, 5, 29, 37, 0}}}, "only have ExtKeyUsageTimeStamping"},
		{"a key for stamps and more", settings{usage: []asn1.ObjectIdentifier{timeStamping, {1, 3, 6, 1, 5, 5, 7, 3, 1}}}, "only have ExtKeyUsageTimeStamping"},
		{"use not marked as critical", settings{lenient: true}, "must be set as critical"},
		{"a short RSA key", settings{rsaBits: 1024}, "1024 bits"},
	} {
		if tt.rsaBits == 1024 {
			t.Setenv("GODEBUG", "rsa1024min=0") // to make such a key at all
		}
		a := newAuthority(t, tt.settings)
		if _, err := anchor.Check(a.sign(t, honest(checkpoint).info()), checkpoint, a.roots()); !errors.Is(err, anchor.ErrUntrusted) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	a := newAuthority(t, settings{})
	token := a.sign(t, honest(checkpoint).info())
	for name, roots := range map[string]*x509.CertPool{"another root": newAuthority(t, settings{}).roots(), "no root": x509.NewCertPool(), "no pool": nil} {
		if _, err := anchor.Check(token, checkpoint, roots); !errors.Is(err, anchor.ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokenOverAnythingElseIsRefused(t *testing.T) {
	a := newAuthority(t, settings{})
	for name, text := range map[string][]byte{
		"another checkpoint": bytes.Replace(checkpoint, []byte("1234"), []byte("1235"), 1), "with its signatures": append(slices.Clone(checkpoint), "\n— x y\n"...), "nothing": nil,
	} {
		if _, err := anchor.Check(a.sign(t, honest(checkpoint).info()), text, a.roots()); !errors.Is(err, anchor.ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHostileToken signs, with a good key, what RFC 3161 does not allow.
func TestHostileToken(t *testing.T) {
	a := newAuthority(t, settings{from: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), till: time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)})
	long := sha512.Sum512(checkpoint)
	extension := func(critical bool) []byte {
		flag := []byte{}
		if critical {
			flag = value(true)
		}
		return der(0xa1, seq(oid(1, 2, 3), flag, value([]byte("x"))))
	}
	for _, tt := range []struct {
		name  string
		alter func(s *stamp)
		want  string // empty: it is fine
	}{
		{"version 2", func(s *stamp) { s.version = 2 }, "version 2"},
		{"imprint by SHA-512", func(s *stamp) { s.imprint = seq(sha512Algorithm, value(long[:])) }, "not by SHA-256"},
		{"SHA-256's hash called SHA-512's", func(s *stamp) {
			sum := sha256.Sum256(checkpoint)
			s.imprint = seq(sha512Algorithm, value(sum[:]))
		}, "not by SHA-256"},
		{"a time in a zone", func(s *stamp) { s.time = "20260412103000+0200" }, "not in UTC"},
		{"the zero time, which is now to package x509", func(s *stamp) { s.time = "00010101000000Z" }, "before there were such tokens"},
		{"a time before RFC 3161", func(s *stamp) { s.time = "20010731235959Z" }, "before there were such tokens"},
		{"a time that is none", func(s *stamp) { s.time = "20261350000000Z" }, "invalid"},
		{"a negative accuracy", func(s *stamp) { s.accuracy = seq(value(-5)) }, "accuracy of -5 s"},
		{"1000 ms", func(s *stamp) { s.accuracy = seq(der(0x80, []byte{3, 0xe8})) }, "accuracy of 0 s, 1000 ms"},
		{"1000 us", func(s *stamp) { s.accuracy = seq(der(0x81, []byte{3, 0xe8})) }, "accuracy of 0 s, 0 ms, 1000 us"},
		{"an accuracy of years", func(s *stamp) { s.accuracy = seq(value(1 << 40)) }, "accuracy of"},
		{"an accuracy beyond all numbers", func(s *stamp) { s.accuracy = seq(der(2, bytes.Repeat([]byte{0x7f}, 30))) }, "invalid"},
		{"bytes behind its end", func(s *stamp) { s.behind = value("more") }, "behind the end"},
		{"a critical extension", func(s *stamp) { s.rest = extension(true) }, "critical extension 1.2.3"},
		{"an extension that is not", func(s *stamp) { s.rest = extension(false) }, ""},
		{"no accuracy", func(s *stamp) { s.accuracy = nil }, ""},
		{"a part of a second", func(s *stamp) { s.time = "20260412083000.25Z" }, ""},
	} {
		s := honest(checkpoint)
		tt.alter(&s)
		_, err := anchor.Check(a.sign(t, s.info()), checkpoint, a.roots())
		if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, anchor.ErrInvalid) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestTokenWithOtherSignersIsRefused(t *testing.T) {
	a, other := newAuthority(t, settings{}), newAuthority(t, settings{})
	info := honest(checkpoint).info()
	certificates := [][]byte{a.certificate.Raw, other.certificate.Raw}
	for _, tt := range []struct {
		name  string
		token []byte
		want  error
	}{
		{"two signers", wrap(info, certificates, a.signer(t, info), other.signer(t, info)), anchor.ErrInvalid},
		{"no signer", wrap(info, certificates), anchor.ErrInvalid},
		{"a stranger in the certificate's name", wrap(info, certificates[:1], (&authority{certificate: a.certificate, key: other.key}).signer(t, info)), anchor.ErrUntrusted},
		{"without its certificate", wrap(info, nil, a.signer(t, info)), anchor.ErrUntrusted},
		{"another content under the signature", wrap(honest([]byte("x")).info(), certificates[:1], a.signer(t, info)), anchor.ErrOther},
		{"the right content under another's signature", wrap(info, certificates[:1], a.signer(t, honest([]byte("x")).info())), anchor.ErrUntrusted},
		{"a chest of certificates", wrap(info, slices.Repeat(certificates, 100), a.signer(t, info)), anchor.ErrInvalid},
		{"bytes behind the token", append(a.sign(t, info), 0), anchor.ErrInvalid},
		{"nothing", nil, anchor.ErrInvalid},
		{"garbage", []byte("no token at all"), anchor.ErrInvalid},
		{"no end", bytes.Repeat([]byte{0x30, 0x80}, 4000), anchor.ErrInvalid},
	} {
		if _, err := anchor.Check(tt.token, checkpoint, a.roots()); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestNoAlteredByteChangesTheTime alters every byte of a token in eight ways. A
// few bytes are in nobody's signature; those change nothing that Check returns.
func TestNoAlteredByteChangesTheTime(t *testing.T) {
	a := newAuthority(t, settings{})
	token := a.sign(t, honest(checkpoint).info())
	want, err := anchor.Check(token, checkpoint, a.roots())
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for i := range token {
		for bit := range 8 {
			altered := slices.Clone(token)
			altered[i] ^= 1 << bit
			got, err := anchor.Check(altered, checkpoint, a.roots())
			if err != nil {
				continue
			}
			if passed++; got != want {
				t.Errorf("byte %d bit %d: %+v", i, bit, got)
			}
		}
	}
	if share := passed * 100 / (8 * len(token)); share > 5 {
		t.Errorf("%d of %d alterations passed: more than names of algorithms is unsigned", passed, 8*len(token))
	}
	t.Logf("%d of %d alterations are in no signature", passed, 8*len(token))
}

// FuzzCheck: no token makes the parsers panic, and none that was not signed
// gives a time.
func FuzzCheck(f *testing.F) {
	a := newAuthority(f, settings{})
	token := a.sign(f, honest(checkpoint).info())
	want, err := anchor.Check(token, checkpoint, a.roots())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(wrap(honest(checkpoint).info(), nil))
	roots := a.roots()
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := anchor.Check(b, checkpoint, roots)
		if err == nil && got != want {
			t.Errorf("forged: %+v", got)
		}
		if err != nil && !errors.Is(err, anchor.ErrInvalid) && !errors.Is(err, anchor.ErrOther) && !errors.Is(err, anchor.ErrUntrusted) {
			t.Errorf("kind of %v", err)
		}
	})
}
