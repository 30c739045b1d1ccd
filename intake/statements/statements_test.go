// SPDX-License-Identifier: Apache-2.0

package statements

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

var source = trucewatch.Source{ID: "press", Kind: trucewatch.PressSource}

func parse(t testing.TB, o intake.Options, yaml string) []trucewatch.Submission {
	t.Helper()
	o.Source, o.File = source, "said.yaml"
	var all []trucewatch.Submission
	if err := Parse(o, strings.NewReader(yaml), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

const talks = `# one statement, with everything
- id: s-1
  speaker: head of the delegation of Party A
  capacity: negotiator
  for: A
  channel: briefing
  relayed_by: a news agency
  said_at: 2026-02-17
  published_at: {from: "2026-02-17T10:00", till: 2026-02-17T12:00:00Z}
  reported_at: 2026-02-18T08:00:00Z
  zone: Europe/Kyiv
  track: military
  topics: [monitoring, line]
  text: The military tracks will go on.
  quoted: true
  language: en
  inferred: [channel]
  claims:
    - {kind: plan, text: another round, about: B, status: reported}
    - {kind: event, text: shelling, count: about 80}
    - {kind: event, text: drones, count: {value: 15, high: 20, qualifier: at_least, unit: drone}}
  url: https://example.org/1
- speaker: spokesperson
  text: No comment.
- speaker: spokesperson
  text: No comment.
`

func TestStatements(t *testing.T) {
	all := parse(t, intake.Options{}, talks)
	for _, s := range all {
		if s.Statement == nil {
			t.Fatal(s.Rejection.Reason)
		}
	}
	s := all[0].Statement
	if s.SaidAt.From.String() != "2026-02-16T22:00:00Z" || s.SaidAt.Till.String() != "2026-02-17T21:59:59.999999Z" {
		t.Errorf("a bare date is not its local day: %v", s.SaidAt)
	}
	if s.PublishedAt.From.String() != "2026-02-17T08:00:00Z" || s.PublishedAt.Till.String() != "2026-02-17T12:00:00Z" || s.ReportedAt.String() != "2026-02-18T08:00:00Z" {
		t.Errorf("%v %v", s.PublishedAt, s.ReportedAt)
	}
	if len(s.Claims) != 3 || *s.Claims[1].Count != (trucewatch.Count{Value: 80, Qualifier: trucewatch.About}) ||
		*s.Claims[2].Count != (trucewatch.Count{Value: 15, High: 20, Qualifier: trucewatch.AtLeast, Unit: "drone"}) {
		t.Errorf("%+v", s.Claims)
	}
	if !s.Quoted || s.NativeID != "s-1" || s.Topics[1] != "line" || s.Inferred[0] != "channel" {
		t.Errorf("%+v", s)
	}
	if !all[1].Statement.SaidAt.IsZero() || all[1].Statement.Key == all[2].Statement.Key {
		t.Error("a time appears from nowhere, or two equal statements share a key")
	}
	again := parse(t, intake.Options{}, "# other comments and order of keys\n"+strings.Replace(talks, "- speaker: spokesperson\n  text: No comment.", "- text: No comment.\n  speaker: spokesperson", 1))
	for i := range all {
		if again[i].Statement.Key != all[i].Statement.Key {
			t.Errorf("statement %d has another key when the file is laid out otherwise", i)
		}
	}
}

func TestRefusedStatements(t *testing.T) {
	for _, tt := range []struct{ yaml, want string }{
		{"{text: x}", "said.yaml:1:3: speaker: invalid: missing"},
		{"{speaker: a, text: x, mood: bad}", `said.yaml:1:25: unknown key "mood"`},
		{"{speaker: a, text: x, said_at: 2026-02-17}", "said.yaml:1:34: time: no zone is stated"},
		{"{speaker: a, text: x, said_at: 17.2.2026, zone: UTC}", "said.yaml:1:34: date:"},
		{"{speaker: a, text: x, zone: XYZ}", "said.yaml:1:31: zone:"},
		{"{speaker: a, text: x, quoted: maybe}", "neither true nor false"},
		{"{speaker: a, text: x, track: secret}", "track: invalid"},
		{"{speaker: a, text: x, claims: [{kind: rumour, text: y}]}", "claims[0].kind: invalid"},
		{"{speaker: a, text: x, claims: [{kind: event, text: y, count: some}]}", "said.yaml:1:64: count:"},
		{"{speaker: a, text: x, claims: {kind: event}}", "not a list"},
		{"{speaker: [a], text: x}", "a list or mapping where text was expected"},
		{"words", "not a mapping"},
	} {
		all := parse(t, intake.Options{}, "- "+tt.yaml+"\n- {speaker: a, text: x}\n")
		if r := all[0].Rejection; r == nil || r.Line != 1 || !strings.Contains(r.Reason, tt.want) || len(all) != 2 || all[1].Statement == nil {
			t.Errorf("%s: %+v, want %q", tt.yaml, r, tt.want)
		} else if string(r.Row) != "- "+tt.yaml {
			t.Errorf("%s: the row kept is %q", tt.yaml, r.Row)
		}
	}
}

func TestBrokenFiles(t *testing.T) {
	for _, tt := range []struct{ yaml, want string }{
		{"", "said.yaml:1:1: nothing in it"},
		{"- {speaker: a\n", "said.yaml:"},
		{"speaker: a\n", "said.yaml:1:1: not a list"},
		{"- &x {speaker: a, text: b}\n- *x\n", "said.yaml:1:3: anchors and aliases"},
	} {
		err := Parse(intake.Options{Source: source, File: "said.yaml"}, strings.NewReader(tt.yaml), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.yaml, err, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(talks))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Parse(intake.Options{Source: source, Zone: "UTC"}, bytes.NewReader(data), func(s trucewatch.Submission) error {
			if s.Statement != nil && s.Statement.Check() != nil || (s.Statement == nil) == (s.Rejection == nil) {
				t.Errorf("%+v", s)
			}
			return nil
		})
	})
}
