// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"
)

// der is one ASN.1 value: its tag, and what it holds.
func der(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	b, err := asn1.Marshal(asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: tag&0x20 != 0, Bytes: content})
	if err != nil {
		panic(err)
	}
	return b
}

func seq(parts ...[]byte) []byte { return der(0x30, parts...) }

func set(parts ...[]byte) []byte {
	slices.SortFunc(parts, bytes.Compare) // as DER has it
	return der(0x31, parts...)
}

func value(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func oid(n ...int) []byte { return value(asn1.ObjectIdentifier(n)) }

var (
	sha256Algorithm = seq(oid(2, 16, 840, 1, 101, 3, 4, 2, 1), value(asn1.NullRawValue))
	sha512Algorithm = seq(oid(2, 16, 840, 1, 101, 3, 4, 2, 3), value(asn1.NullRawValue))
	tstInfo         = oid(1, 2, 840, 113549, 1, 9, 16, 1, 4)
)

// tokenTime is when the invented authority says it is.
var tokenTime = time.Date(2026, 4, 12, 8, 30, 0, 0, time.UTC)

// An authority gives time-stamp tokens, honest and other ones.
type authority struct {
	root, certificate *x509.Certificate
	key               crypto.Signer
}

// A settings says what is unusual about an authority; its zero value is a good one.
type settings struct {
	from, till time.Time // of the authority's certificate; zero: a year around tokenTime
	usage      []asn1.ObjectIdentifier
	lenient    bool // the usage is not marked as critical
	rsaBits    int  // 0: ECDSA on P-256
}

var timeStamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}

func newAuthority(t testing.TB, s settings) *authority {
	t.Helper()
	if s.from.IsZero() {
		s.from, s.till = tokenTime.AddDate(0, -6, 0), tokenTime.AddDate(0, 6, 0)
	}
	if s.usage == nil {
		s.usage = []asn1.ObjectIdentifier{timeStamping}
	}
	rootKey := newKey(t, 0)
	rootTemplate := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Invented Root", Organization: []string{"Arandia"}},
		NotBefore: time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root := newCertificate(t, rootTemplate, rootTemplate, rootKey.Public(), rootKey)
	key := newKey(t, s.rsaBits)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Invented Time", Organization: []string{"Arandia"}},
		NotBefore: s.from, NotAfter: s.till, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: !s.lenient, Value: value(s.usage)}}}
	return &authority{root: root, certificate: newCertificate(t, template, root, key.Public(), rootKey), key: key}
}

func newKey(t testing.TB, rsaBits int) crypto.Signer {
	t.Helper()
	if rsaBits > 0 {
		key, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newCertificate(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	t.Helper()
	b, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (a *authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// A stamp is what a token says; see info.
type stamp struct {
	text     []byte // the checkpoint
	version  int
	imprint  []byte // algorithm and hash; nil: SHA-256 of text
	time     string // GeneralizedTime
	accuracy []byte // sequence, may be empty
	rest     []byte // nonce, authority's name, extensions
	behind   []byte // behind the end of it
}

func honest(text []byte) stamp {
	return stamp{text: text, version: 1, time: "20260412083000Z", accuracy: seq(value(1), der(0x80, []byte{1, 0xf4}), der(0x81, []byte{7}))} // 1 s, 500 ms, 7 us
}

// info is the TSTInfo of RFC 3161, section 2.4.2.
func (s stamp) info() []byte {
	imprint := s.imprint
	if imprint == nil {
		sum := sha256.Sum256(s.text)
		imprint = seq(sha256Algorithm, value(sum[:]))
	}
	return append(seq(value(s.version), oid(1, 3, 6, 1, 4, 1, 99999, 1), imprint, value(42), der(0x18, []byte(s.time)), s.accuracy, s.rest), s.behind...)
}

// sign makes a token over info.
func (a *authority) sign(t testing.TB, info []byte) []byte {
	return wrap(info, [][]byte{a.certificate.Raw}, a.signer(t, info))
}

// signer is the SignerInfo of RFC 5652, section 5.3.
func (a *authority) signer(t testing.TB, info []byte) []byte {
	t.Helper()
	digest, certificate := sha256.Sum256(info), sha256.Sum256(a.certificate.Raw)
	attribute := func(id, v []byte) []byte { return seq(id, set(v)) }
	attributes := set(
		attribute(oid(1, 2, 840, 113549, 1, 9, 3), tstInfo),
		attribute(oid(1, 2, 840, 113549, 1, 9, 4), value(digest[:])),
		attribute(oid(1, 2, 840, 113549, 1, 9, 16, 2, 47), seq(seq(seq(value(certificate[:]))))))
	sum := sha256.Sum256(attributes)
	signature, err := a.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	algorithm := seq(oid(1, 2, 840, 10045, 4, 3, 2)) // ECDSA with SHA-256
	if _, ok := a.key.(*rsa.PrivateKey); ok {
		algorithm = seq(oid(1, 2, 840, 113549, 1, 1, 11), value(asn1.NullRawValue))
	}
	implicit := append([]byte{0xa0}, attributes[1:]...)
	return seq(value(1), seq(a.certificate.RawIssuer, value(a.certificate.SerialNumber)), sha256Algorithm, implicit, algorithm, value(signature))
}

// wrap is the ContentInfo of RFC 5652, section 3, with SignedData in it.
func wrap(info []byte, certificates [][]byte, signers ...[]byte) []byte {
	signed := seq(value(3), set(slices.Clone(sha256Algorithm)), seq(tstInfo, der(0xa0, value(info))), der(0xa0, certificates...), set(signers...))
	return seq(oid(1, 2, 840, 113549, 1, 7, 2), der(0xa0, signed))
}

// response is the TimeStampResp of RFC 3161, section 2.4.2.
func response(status int, token []byte) []byte { return seq(seq(value(status)), token) }
