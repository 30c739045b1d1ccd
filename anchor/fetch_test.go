// SPDX-License-Identifier: Apache-2.0

package anchor_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/tspclient-go"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/anchor"
)

// answered is the token that an authority would give to a request, altered.
func answered(t testing.TB, a *authority, query []byte, alter func(*stamp)) []byte {
	t.Helper()
	var q tspclient.Request
	if err := q.UnmarshalBinary(query); err != nil {
		t.Fatal(err)
	}
	s := honest(nil)
	s.imprint = seq(sha256Algorithm, value(q.MessageImprint.HashedMessage))
	s.rest = value(q.Nonce)
	alter(&s)
	return a.sign(t, s.info())
}

func asIs(*stamp) {}

func TestFetch(t *testing.T) {
	a := newAuthority(t, settings{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query" {
			t.Errorf("%s %q: %v", r.Method, r.Header.Get("Content-Type"), err)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(response(0, answered(t, a, query, asIs)))
	}))
	defer server.Close()
	request, err := anchor.NewRequest(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	token, err := anchor.Fetch(t.Context(), server.URL, request)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := anchor.Check(token, checkpoint, a.roots()); err != nil || !got.At.Equal(tokenTime) {
		t.Errorf("Check = %+v, %v", got, err)
	}
	again, err := anchor.NewRequest(checkpoint)
	if err != nil || bytes.Equal(again.DER, request.DER) {
		t.Errorf("two requests are alike, %v: an old answer would pass for a new one", err)
	}
	if bytes.Contains(request.DER, []byte("arandia")) {
		t.Error("the request tells more than a hash")
	}
}

func TestFetchRefuses(t *testing.T) {
	a := newAuthority(t, settings{})
	reply := func(make func(query []byte) []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			query, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/timestamp-reply")
			w.Write(make(query))
		}
	}
	replyAltered := func(alter func(*stamp)) http.HandlerFunc {
		return reply(func(query []byte) []byte { return response(0, answered(t, a, query, alter)) })
	}
	elsewhere := httptest.NewServer(replyAltered(asIs))
	defer elsewhere.Close()
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
		want   error
		says   string
	}{
		{"a redirection", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, anchor.ErrRefused, "307"},
		{"an error of the server", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusInternalServerError) }, anchor.ErrRefused, "500"},
		{"a web page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>") }, anchor.ErrInvalid, "text/html"},
		{"a flood", reply(func([]byte) []byte { return make([]byte, 1<<20) }), anchor.ErrInvalid, "more than 17408 bytes"},
		{"garbage", reply(func([]byte) []byte { return []byte("garbage") }), anchor.ErrInvalid, "answer"},
		{"nothing", reply(func([]byte) []byte { return nil }), anchor.ErrInvalid, "answer"},
		{"a refusal", reply(func([]byte) []byte {
			return seq(seq(value(2), seq(der(0x0c, []byte("closed\n\x1b[1mon Sundays")))))
		}), anchor.ErrRefused, `"closed\n\x1b[1mon Sundays"`},
		{"a refusal with a token", reply(func(q []byte) []byte { return response(2, answered(t, a, q, asIs)) }), anchor.ErrRefused, "rejected"},
		{"granted, without a token", reply(func([]byte) []byte { return seq(seq(value(0))) }), anchor.ErrInvalid, "0 bytes"},
		{"bytes behind the answer", reply(func(q []byte) []byte { return append(response(0, answered(t, a, q, asIs)), 5, 0) }), anchor.ErrInvalid, "behind the end"},
		{"an answer to somebody else", replyAltered(func(s *stamp) { s.rest = value(big.NewInt(7)) }), anchor.ErrInvalid, "random number"},
		{"an answer to nobody", replyAltered(func(s *stamp) { s.rest = nil }), anchor.ErrInvalid, "random number"},
		{"another checkpoint", replyAltered(func(s *stamp) { s.imprint = nil }), anchor.ErrOther, "asked for"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handle)
			defer server.Close()
			request, err := anchor.NewRequest(checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			token, err := anchor.Fetch(t.Context(), server.URL, request)
			if token != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Fetch = %d bytes, %v, want %v with %q", len(token), err, tt.want, tt.says)
			}
		})
	}
	request, err := anchor.NewRequest(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"", "ftp://example.org/", "http://", "file:///etc/passwd", "https://\x00", "tsa.example.org"} {
		if _, err := anchor.Fetch(t.Context(), address, request); !errors.Is(err, anchor.ErrInvalid) {
			t.Errorf("address %q: %v", address, err)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := anchor.Fetch(stopped, elsewhere.URL, request); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// FuzzToken: no answer makes the parsers panic, and none is taken for one to
// this request that has not its random number in it.
func FuzzToken(f *testing.F) {
	a := newAuthority(f, settings{})
	request, err := anchor.NewRequest(checkpoint)
	if err != nil {
		f.Fatal(err)
	}
	var q tspclient.Request
	if err := q.UnmarshalBinary(request.DER); err != nil {
		f.Fatal(err)
	}
	f.Add(response(0, answered(f, a, request.DER, asIs)))
	f.Add(response(2, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		token, err := request.Token(b)
		if err == nil && !bytes.Contains(token, q.Nonce.Bytes()) {
			t.Error("an answer to another request")
		}
		if err != nil && !errors.Is(err, anchor.ErrInvalid) && !errors.Is(err, anchor.ErrOther) && !errors.Is(err, anchor.ErrRefused) {
			t.Errorf("kind of %v", err)
		}
	})
}

// openssl returns a function that answers requests as a time-stamp authority
// of another author, and its roots.
func openssl(t *testing.T) (func(query []byte) []byte, *x509.CertPool) {
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("skipped: no openssl, whose time-stamp authority is the other side of this test")
	}
	now := time.Now()
	a := newAuthority(t, settings{from: now.Add(-time.Hour), till: now.Add(time.Hour), rsaBits: 2048})
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"tsa.pem":  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"root.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}),
		"serial":   []byte("01\n"),
		"tsa.cnf": []byte(`[tsa]
default_tsa = t
[t]
serial = serial
signer_cert = tsa.pem
signer_key = key.pem
certs = root.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.2
digests = sha256
accuracy = secs:1, millisecs:250
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(query []byte) []byte {
		if err := os.WriteFile(filepath.Join(dir, "query"), query, 0o600); err != nil {
			t.Error(err)
		}
		c := exec.Command(program, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply")
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("openssl ts -reply: %v\n%s", err, out)
		}
		reply, err := os.ReadFile(filepath.Join(dir, "reply"))
		if err != nil {
			t.Error(err)
		}
		return reply
	}, a.roots()
}

// TestAuthorityOfAnotherAuthor takes a token from OpenSSL's authority by HTTP, and
// holds it to the same as our own.
func TestAuthorityOfAnotherAuthor(t *testing.T) {
	reply, roots := openssl(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(reply(query))
	}))
	defer server.Close()
	request, err := anchor.NewRequest(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Second) // its clock has whole seconds
	token, err := anchor.Fetch(t.Context(), server.URL, request)
	if err != nil {
		t.Fatal(err)
	}
	entry := trucewatch.Anchor{Checkpoint: sha256.Sum256(checkpoint), Size: 1234, Authority: "openssl", Token: token}
	got, err := anchor.CheckAnchor(&entry, checkpoint, roots)
	if err != nil {
		t.Fatal(err)
	}
	if got.At.Before(before) || got.At.After(time.Now()) || got.AccuracyUS != 1_250_000 || got.Policy != "1.3.6.1.4.1.99999.2" || got.Authority != "CN=Invented Time,O=Arandia" {
		t.Errorf("CheckAnchor = %+v, asked after %v", got, before)
	}
	t.Logf("the token has %d bytes", len(token))
	if _, err := anchor.Check(token, append([]byte("x"), checkpoint...), roots); !errors.Is(err, anchor.ErrOther) {
		t.Errorf("over another checkpoint: %v", err)
	}
	if _, err := anchor.Check(token, checkpoint, newAuthority(t, settings{}).roots()); !errors.Is(err, anchor.ErrUntrusted) {
		t.Errorf("of an unknown authority: %v", err)
	}
	for i := range token {
		altered := bytes.Clone(token)
		altered[i] ^= 0x55
		if other, err := anchor.Check(altered, checkpoint, roots); err == nil && other != got {
			t.Errorf("byte %d altered: %+v", i, other)
		}
	}
}
