// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/anchor"
)

// timeAuthority serves OpenSSL's time-stamp authority and returns its address and
// a file with its root.
func timeAuthority(t *testing.T) (address, roots string) {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("skipped: no openssl, whose time-stamp authority is the other side of this test")
	}
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Invented Time"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"tsa.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		"serial":  []byte("01\n"),
		"tsa.cnf": []byte("[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_cert = tsa.pem\nsigner_key = key.pem\nsigner_digest = sha256\n" +
			"default_policy = 1.3.6.1.4.1.99999.2\ndigests = sha256\naccuracy = secs:1\ness_cert_id_alg = sha256\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "query"), query, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
		c := exec.Command(program, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply")
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("openssl ts -reply: %v\n%s", err, out)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		reply, err := os.ReadFile(filepath.Join(dir, "reply"))
		if err != nil {
			t.Error(err)
		}
		w.Write(reply)
	}))
	t.Cleanup(server.Close)
	return server.URL, filepath.Join(dir, "tsa.pem")
}

// TestRecordIsAnchored: an authority's token over the last checkpoint enters the
// record of an open and of a sealed mission once, also when the record has grown
// since; one over another record, or of an authority that is not believed, does not.
func TestRecordIsAnchored(t *testing.T) {
	address, file := timeAuthority(t)
	roots, err := ReadRoots(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(testing.TB) *Mission{"open": live, "sealed": sealedMission} {
		t.Run(name, func(t *testing.T) {
			m := make(t)
			request, size, err := m.RequestAnchor()
			if err != nil || size != m.state.Next() {
				t.Fatalf("over %d entries: %v", size, err)
			}
			token, err := anchor.Fetch(t.Context(), address, request)
			if err != nil {
				t.Fatal(err)
			}
			officersOf(t, m) // the record grows
			index, at, err := m.EnterAnchor(token, roots)
			if err != nil || time.Since(at.At) > time.Hour || at.Authority != "CN=Invented Time" {
				t.Fatalf("%+v, %v", at, err)
			}
			all, _ := entriesOf(t, m.dir)
			if a := all[index].Body.Payload.Anchor; a == nil || a.Size != size {
				t.Errorf("entry %d holds %+v", index, a)
			}
			m = reopen(t, m)
			if again, _, err := m.EnterAnchor(token, roots); err != nil || again != index {
				t.Errorf("entered again at %d: %v; first at %d", again, err, index)
			}
			if _, _, err := live(t).EnterAnchor(token, roots); !errors.Is(err, anchor.ErrOther) {
				t.Errorf("into another record: %v", err)
			}
			if _, _, err := m.EnterAnchor(token, x509.NewCertPool()); !errors.Is(err, anchor.ErrUntrusted) {
				t.Errorf("of an authority that nobody believes: %v", err)
			}
			if _, _, err := m.EnterAnchor(token[1:], roots); !errors.Is(err, anchor.ErrInvalid) {
				t.Errorf("rubbish: %v", err)
			}
		})
	}
}
