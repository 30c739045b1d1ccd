// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGuarantorRecomputesEverything: a guarantor pulls the record, the boxes that
// its token is given and what a replay needs beside them, opens them with its own
// role, and comes to the mission's own state. A party that pulls the same record
// opens nothing.
func TestGuarantorRecomputesEverything(t *testing.T) {
	dir := t.TempDir()
	m, role, token, holders := filepath.Join(dir, "m"), filepath.Join(dir, "role.age"), filepath.Join(dir, "token"), filepath.Join(dir, "holders")
	mustRun(t, "init", m)
	theirs := strings.TrimSpace(mustRun(t, "role", "new", role))
	for _, class := range []string{"mission", "residue"} {
		own := strings.TrimSpace(mustRun(t, "role", "recipients", m, "--class", class))
		mustRun(t, "role", "recipients", m, "--class", class, "--set", own, "--set", theirs)
	}
	if err := os.WriteFile(holders, []byte(mustRun(t, "mirror", "token", "--name", "north", "--class", "mission,residue", "-o", token)), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "import", m, "--format", "native", "--source", "radar", "--kind", "sensor", nativeRows(t, "rows.jsonl", 0, 50, 0))

	server := program("serve", m, "--listen", "127.0.0.1:0", "--records", "127.0.0.1:0", "--holders", holders)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	server.Stderr = &errs
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	_, address, ok := strings.Cut(strings.TrimSpace(line), "on ")
	if !ok {
		t.Fatalf("says %q, not where it gives the record", line)
	}
	key, err := os.ReadFile(filepath.Join(m, "keys", "log.pub"))
	if err != nil {
		t.Fatal(err)
	}

	log := strings.TrimSpace(string(key))
	pull := func(name string, args ...string) string {
		t.Helper()
		folder := filepath.Join(dir, name)
		mustRun(t, "mirror", "init", "--dir", folder, "--log", log, "--name", name+".example/mirror")
		return mustRun(t, append([]string{"mirror", "once", "--dir", folder, "--from", address + "m/", "--fresh", "0"}, args...)...)
	}
	state := strings.Fields(strings.Split(mustRun(t, "replay", m), "\n")[1])[1]
	if said := pull("guarantor", "--token", token, "--boxes", "mission", "--boxes", "residue", "--role", role); !strings.Contains(said, "Recomputed all") || !strings.Contains(said, state) {
		t.Errorf("the guarantor's mirror says %q, the mission's state is %s", said, state)
	}
	if said := pull("party"); !strings.Contains(said, "stay closed") || strings.Contains(said, state) {
		t.Errorf("the party's mirror says %q", said)
	}
	if said := mustRun(t, "verify", filepath.Join(dir, "party"), "--log", log); !strings.Contains(said, "as far as it was checked") {
		t.Errorf("verify of the party's copy: %s", said)
	}
}
