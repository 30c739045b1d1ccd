// SPDX-License-Identifier: Apache-2.0

package mission_test

import (
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch/mission"
)

const someProceedings = `
- at: 2026-04-12T06:40:00Z
  answer: {case: case/3.0, party: B, says: deny, text: "No unit of ours fired."}
- activation:
    id: h-1
    from: person
    at: 2026-04-12T07:00:00Z
    alleges: shells near the mill
- coverage:
    source: {id: cam-1, kind: camera}
    watches:
      - {when: {from: 2026-04-11T00:00:00Z, till: 2026-04-12T00:00:00Z}, state: reduced, cause: night, share_ppm: 300000, where: {text: "48.1, 37.2 +-5km"}}
`

func TestProceedingsAreReadByTheirNouns(t *testing.T) {
	list, err := mission.ParseProceedings("p.yaml", []byte(someProceedings), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 || list[0].At == 0 || list[0].Line != 2 || list[0].Payload.Answer.Says != "deny" || list[1].Payload.Activation.ID != "h-1" {
		t.Errorf("read %+v", list)
	}
	if w := list[2].Payload.Coverage.Watches[0]; w.Share != 300_000 || w.Where.Region.Kind == "" {
		t.Errorf("watch %+v", w)
	}
}

func TestBadProceedingsAreRefusedWithTheirLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"answer: {}", "p.yaml: a list"},
		{"- {answer: {case: c}, step: {case: c}}", "p.yaml:1: "},
		{"- {tick: {at: 2026-04-12T06:40:00Z}}", "not one of"},
		{"- {}", "not one of"},
		{"- {answer: {case: c, party: A, said: deny}}", `unknown field "said"`},
		{"- {at: noon, answer: {case: c}}", "at: "},
		{"-\n  activation: {id: h, where: {text: \"48.1, 237.2\"}}", "p.yaml:2: where: "},
		{"- {answer: {case: c}}\n---\n- {}", "more than one YAML document"},
		{"- {1: 2}", "p.yaml:1"},
	} {
		_, err := mission.ParseProceedings("p.yaml", []byte(c.text), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzParseProceedings(f *testing.F) {
	f.Add([]byte(someProceedings))
	f.Add([]byte("- {answer: {case: c, party: A, said: deny}}"))
	f.Add([]byte("- &a {session: *a}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := mission.ParseProceedings("p.yaml", data, nil)
		for _, p := range list {
			if err == nil && len(p.Payload.Types()) != 1 {
				t.Errorf("line %d holds %v", p.Line, p.Payload.Types())
			}
		}
	})
}
