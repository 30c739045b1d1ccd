// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"strings"
	"testing"
)

// TestScriptsAreHeldToTheirForm: an unknown key, an order that runs back, an
// inject without content are refused.
func TestScriptsAreHeldToTheirForm(t *testing.T) {
	const good = "schema: trucewatch/exercise/v1\ntitle: x\ninjects:\n  - {after: 1m, name: one, proceedings: a.yaml}\n"
	if _, err := ParseScript([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"unknown key": good + "more: 1\n", "runs back": good + "  - {after: 30s, name: two, proceedings: b.yaml}\n",
		"nothing put in": strings.Replace(good, "proceedings: a.yaml", "", 1), "another schema": strings.Replace(good, "v1", "v2", 1),
	} {
		if _, err := ParseScript([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add([]byte("schema: trucewatch/exercise/v1\ninjects:\n  - {after: 1m, name: one, proceedings: a.yaml}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ParseScript(data); err == nil && len(s.Injects) == 0 {
			t.Error("a script without injects")
		}
	})
}
