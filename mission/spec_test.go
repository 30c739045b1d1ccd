// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"testing/fstest"

	"github.com/trucewatch/trucewatch/examples"
)

const goodSpec = `schema: trucewatch/mission/v1
id: north
title: "North sector"
mode: reenacted
display_zone: Europe/Vienna
cut_off: "19:30"
epoch: "2026-04-10T17:30:00Z"
received: "2026-04-12T16:00:00Z"
until: "2026-04-15T16:30:00Z"
`

func TestParseSpecRefuses(t *testing.T) {
	if _, err := ParseSpec([]byte(goodSpec)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, old, new, want string
	}{
		{"another schema", "mission/v1", "mission/v2", `schema is "trucewatch/mission/v2"`},
		{"an identifier with a slash", "id: north", "id: ../north", `id "../north"`},
		{"an identifier in capitals", "id: north", "id: North", `id "North"`},
		{"no identifier", "id: north\n", "", `id ""`},
		{"no title", `title: "North sector"` + "\n", "", "title is missing"},
		{"an unknown mode", "mode: reenacted", "mode: pretend", `mode "pretend"`},
		{"an unknown zone", "Europe/Vienna", "Europe/Atlantis", `display_zone "Europe/Atlantis"`},
		{"the machine's own zone", "Europe/Vienna", "Local", `display_zone "Local"`},
		{"no zone", "display_zone: Europe/Vienna\n", "", `display_zone ""`},
		{"a cut-off that is no time", "19:30", "19:70", `cut_off "19:70"`},
		{"a re-enactment without its time", `until: "2026-04-15T16:30:00Z"` + "\n", "", "needs epoch, received and until"},
		{"a time without an offset", `"2026-04-12T16:00:00Z"`, `"2026-04-12T16:00:00"`, "received: "},
		{"an unknown key, with its line", "title:", "frobnicate: 1\ntitle:", "line 3"},
		{"a key twice", "title:", "id: south\ntitle:", "id"},
		{"two documents", "schema:", "---\nschema: x\n---\nschema:", "mission: mission.yaml"},
		{"not YAML", "schema: trucewatch/mission/v1", "\t{", "mission: mission.yaml"},
		{"a live mission with imports", "mode: reenacted", "mode: live\nimports: [{format: native, file: x}]", "only a reenacted mission plays imports"},
		{"a deed without a time", "mode: reenacted", "mode: reenacted\ndeeds: [{deed: serve, cases: [all]}]", "deeds[0].at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(goodSpec, test.old, test.new, 1)
			if text == goodSpec {
				t.Fatal("the test changes nothing")
			}
			_, err := ParseSpec([]byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "mission: mission.yaml:") {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestReenactNamesWhatIsWrong: what the spec names is missing, or is not what it
// should be.
func TestReenactNamesWhatIsWrong(t *testing.T) {
	rows := `{"native_id":"x"}` + "\n"
	for _, test := range []struct{ name, add, want string }{
		{"a missing agreement", "agreements: [none]\n", "none"},
		{"a missing gazetteer", "gazetteer: none.csv\n", "none.csv"},
		{"a missing file", "imports: [{format: native, file: none.jsonl, source: {id: x, kind: patrol}}]\n", "none.jsonl"},
		{"an unknown format", "imports: [{format: telegraph, file: rows.jsonl, source: {id: x, kind: patrol}}]\n", `no format "telegraph"`},
		{"a missing mapping", "imports: [{format: table, file: rows.jsonl, map: none.yaml, source: {id: x, kind: patrol}}]\n", "none.yaml"},
		{"no source", "imports: [{format: native, file: rows.jsonl}]\n", "no source given"},
		{"an unknown deed", "deeds: [{at: \"2026-04-12T17:00:00Z\", deed: burn}]\n", `"burn" is not release, confirm, withdraw or serve`},
		{"a deed on nothing", "deeds: [{at: \"2026-04-12T17:00:00Z\", deed: release, findings: [f-1]}]\n", "no finding f-1"},
		{"a case that is not there", "deeds: [{at: \"2026-04-12T17:00:00Z\", deed: serve, cases: [c-1]}]\n", "no case c-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fsys := fstest.MapFS{"m/mission.yaml": {Data: []byte(goodSpec + test.add)}, "m/rows.jsonl": {Data: []byte(rows)}}
			s, err := LoadSpec(fsys, "m")
			if err == nil {
				_, err = Reenact(t.TempDir()+"/m", s, fsys)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, name := range examples.Names() {
		data, err := fs.ReadFile(examples.Files, name+"/"+SpecFile)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(goodSpec))
	f.Add([]byte("schema: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSpec(data)
		if err != nil {
			return
		}
		// What is taken can be set up: nothing in it is checked only later.
		if err := CheckSpec(s); err != nil {
			t.Errorf("parsed, but cannot be set up: %v", err)
		}
	})
}

// TestDayEndsAsTheAgreementSays: a mission does not end its reporting day at
// another hour than the text in force.
func TestDayEndsAsTheAgreementSays(t *testing.T) {
	for cutOff, want := range map[string]string{"19:30": "", "18:00": "set cut_off to 19:30"} {
		s := &Spec{ID: "test", Title: "Test", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: cutOff, Agreements: []string{"../examples/agreements/line-2026"}}
		err := Create(filepath.Join(t.TempDir(), "m"), s, DirFS(), at(t, began))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", cutOff, err, want)
		}
	}
}
