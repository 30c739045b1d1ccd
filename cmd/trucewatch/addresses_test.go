// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// TestAddressesLeadNowhereElse: for each flag and each line of a file that names
// an address, the address of a cloud's credentials is not connected to, a
// redirection is not followed, and a proxy of the environment is not asked. A
// flag with an address that is missing here fails the test.
func TestAddressesLeadNowhereElse(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs some dozen processes")
	}
	dir := t.TempDir()
	runIn(t, dir, "init", "m")
	runIn(t, dir, "import", "m", "--format", "native", "--source", "radar", "--kind", "sensor", nativeRows(t, "rows.jsonl", 0, 2, 0))
	log, err := os.ReadFile(filepath.Join(dir, "m", "keys", "log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(log))
	runIn(t, dir, "mirror", "init", "--dir", "a", "--name", "a.example/mirror", "--log", key)
	var witnesses []string
	for _, name := range []string{"w", "w1", "w2", "w3"} {
		witnesses = append(witnesses, strings.TrimSpace(runIn(t, dir, "witness", "key", "--dir", name, "--name", name+".example/witness")))
	}
	roots(t, filepath.Join(dir, "roots.pem"))

	asked := map[string]func(address string) []string{
		"mirror once --from": func(at string) []string { return []string{"mirror", "once", "--dir", "a", "--from", at} },
		"mirror once --peer": func(at string) []string { return []string{"mirror", "once", "--dir", "a", "--from", "m", "--peer", at} },
		"mirror once --report": func(at string) []string {
			return []string{"mirror", "once", "--dir", "a", "--from", "m", "--report", at}
		},
		"mirror restore --from": func(at string) []string {
			return []string{"mirror", "restore", "--from", at, "--to", "restored", "--log", key}
		},
		"anchor fetch --tsa":     func(at string) []string { return []string{"anchor", "m", "--tsa", at, "--roots", "roots.pem"} },
		"witness init --from":    func(at string) []string { return witnessInit(key, witnesses, "http://127.0.0.1:1/", "--from", at) },
		"witness init --peer":    func(at string) []string { return witnessInit(key, witnesses, at, "--from", "all") },
		"policy set address:":    func(at string) []string { return policySet(t, dir, witnesses, at) },
		"witness init --policy=": func(at string) []string { return witnessPolicy(t, dir, key, witnesses, at) },
	}
	// These pull or ask as the commands above do.
	asked["mirror run --from"], asked["mirror run --peer"], asked["mirror run --report"], asked["witness run --peer"] = nil, nil, nil, nil

	var c commands
	parser, err := kong.New(&c, kong.Name("trucewatch"))
	if err != nil {
		t.Fatal(err)
	}
	var flags []string
	_ = kong.Visit(parser.Model, func(n kong.Visitable, next kong.Next) error {
		if f, ok := n.(*kong.Flag); ok && strings.Contains(f.PlaceHolder, "URL") {
			flags = append(flags, f.Name)
		}
		return next(nil)
	})
	for _, name := range flags {
		if !slices.ContainsFunc(keysOf(asked), func(k string) bool { return strings.HasSuffix(k, " --"+name) }) {
			t.Errorf("--%s takes an address and is not tested", name)
		}
	}
	if len(flags) < 7 {
		t.Fatalf("only %v take an address: the test sees nothing", flags)
	}

	var elsewhere, redirected atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer canary.Close()
	redirector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		redirected.Add(1)
		http.Redirect(w, r, canary.URL+"/secret", http.StatusTemporaryRedirect)
	}))
	defer redirector.Close()
	for _, name := range keysOf(asked) {
		if asked[name] == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if !strings.HasPrefix(name, "policy") { // its silent witnesses are let be
				if says := asks(dir, canary.URL, asked[name]("http://169.254.169.254/x")...); !strings.Contains(says, "an address that is not connected to") {
					t.Errorf("the address of a cloud's credentials: %s", says)
				}
			}
			before := redirected.Load()
			says := asks(dir, canary.URL, asked[name](redirector.URL+"/x")...)
			if redirected.Load() == before {
				t.Errorf("it was not asked: nothing was tested: %s", says)
			}
			if n := elsewhere.Swap(0); n > 0 {
				t.Errorf("%d requests went where a redirection or a proxy led: %s", n, says)
			}
		})
	}
}

func keysOf(m map[string]func(string) []string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// asks runs the program in an environment that names a proxy.
func asks(dir, proxy string, args ...string) string {
	c := commandIn(dir, args...)
	c.Env = append(os.Environ(), "HTTP_PROXY="+proxy, "http_proxy="+proxy, "ALL_PROXY="+proxy, "NO_PROXY=", "no_proxy=")
	out, err := c.CombinedOutput()
	return fmt.Sprint(string(out), err)
}

func witnessInit(key string, witnesses []string, peer string, how ...string) []string {
	return append([]string{"witness", "init", "--dir", "w", "--log", key, "--peer", witnesses[1] + " " + peer, "--peer", witnesses[2] + " http://127.0.0.1:1/other"}, how...)
}

// policySet enters a policy of organisations at addresses into a copy of the
// mission; whoever writes next asks them.
func policySet(t *testing.T, dir string, witnesses []string, address string) []string {
	t.Helper()
	m := t.TempDir()
	copied(t, filepath.Join(dir, "m"), m)
	var b strings.Builder
	fmt.Fprintln(&b, "guarantors: 1\norganisations:")
	for i, party := range []string{"A", "B", ""} {
		fmt.Fprintf(&b, "  - {name: org-%d, party: %q, witness: %q, address: %q}\n", i, party, witnesses[i], fmt.Sprintf("%s/%d", address, i))
	}
	name := filepath.Join(m, "policy.yaml")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	runIn(t, dir, "policy", "set", m, name)
	return []string{"import", m, "--format", "native", "--source", "radar", "--kind", "sensor", nativeRows(t, "more.jsonl", 2, 2, 0)}
}

// witnessPolicy writes a policy in the form of C2SP tlog-policy.
func witnessPolicy(t *testing.T, dir, key string, witnesses []string, address string) []string {
	t.Helper()
	text := fmt.Sprintf("log %s\nwitness p1 %s %s/1\nwitness p2 %s %s/2\ngroup all all p1 p2\nquorum all\n", key, witnesses[1], address, witnesses[2], address)
	if err := os.WriteFile(filepath.Join(dir, "policy.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"witness", "init", "--dir", "w3", "--policy", "policy.txt", "--from", "all"}
}

// roots writes a certificate of nobody.
func roots(t *testing.T, name string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
