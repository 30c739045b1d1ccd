// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch/examples"
)

// digestsFile holds what "trucewatch replay --digest" prints for the examples;
// scripts/arches holds other machines to the same file.
const digestsFile = "testdata/digests.txt"

// TestDigests: the same record gives the same state on every machine and in every
// release of one engine version. The digests of a mission whose examples or rules
// were changed on purpose are rewritten with -update.
func TestDigests(t *testing.T) {
	dir, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	var have bytes.Buffer
	for _, name := range examples.Names() {
		have.WriteString(pipe(t, "", []string{"replay", "--digest", filepath.Join(dir, name)}))
	}
	if *update {
		if err := os.WriteFile(digestsFile, have.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(digestsFile)
	if err != nil {
		t.Fatal(err)
	}
	want, got := strings.Split(string(data), "\n"), strings.Split(have.String(), "\n")
	if len(want) != len(got) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s:%d: %q, want %q", digestsFile, i+1, got[i], want[i])
		}
	}
}
