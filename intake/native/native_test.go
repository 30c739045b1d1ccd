// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

var source = trucewatch.Source{ID: "array", Kind: trucewatch.SensorSource}

const shot = `{"kind":"shot","means":"heard","count":{"value":1,"qualifier":"exact"},"where":{"region":{"kind":""}},"when":{"from":"2026-04-11T20:00:00Z","till":"2026-04-11T20:00:00Z"},"clock":{}}`

func parse(t testing.TB, lines string) []trucewatch.Submission {
	t.Helper()
	var all []trucewatch.Submission
	if err := Parse(intake.Options{Source: source}, strings.NewReader(lines), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNouns(t *testing.T) {
	all := parse(t, shot+"\n"+shot+"\r\n\n"+`{"observation":`+shot+`}
{"tally":{"claimant":"A","window":{},"category":"total","count":{"value":3,"qualifier":"exact","unit":"u"}}}
{"statement":{"speaker":"somebody","text":"words"}}
{"notification":{"id":"n-1","exemption":"X5","by":"A","notified_at":"2026-04-10T00:00:00Z","window":{"from":"2026-04-11T00:00:00Z","till":"2026-04-12T00:00:00Z"}}}`)
	var got []string
	for _, s := range all {
		switch {
		case s.Observation != nil:
			got = append(got, "observation")
		case s.Tally != nil:
			got = append(got, "tally")
		case s.Statement != nil:
			got = append(got, "statement")
		case s.Notification != nil:
			got = append(got, "notification")
		default:
			t.Errorf("line %d: %s", s.Rejection.Line, s.Rejection.Reason)
		}
	}
	if fmt.Sprint(got) != "[observation observation observation tally statement notification]" {
		t.Error(got)
	}
	if all[0].Observation.Key == all[1].Observation.Key {
		t.Error("two equal lines share a key")
	}
}

// What trucewatch writes of an observation it reads back, key and all.
func TestReadsWhatIsWritten(t *testing.T) {
	named := strings.Replace(shot, `"kind":"shot"`, `"kind":"shot","native_id":"s-1"`, 1)
	want := parse(t, named)[0].Observation
	line, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got := parse(t, string(line))[0].Observation
	if got == nil || !bytes.Equal(trucewatch.Encode(got), trucewatch.Encode(want)) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestKeyInTheFileIsNotUsed(t *testing.T) {
	want := parse(t, shot)[0].Observation.Key
	claimed := strings.Replace(shot, `"kind":"shot"`, `"kind":"shot","native_id":"s-1","key":"`+strings.Repeat("ab", 32)+`"`, 1)
	got := parse(t, claimed)[0].Observation.Key
	if got == want || got.String() == strings.Repeat("ab", 32) {
		t.Errorf("the line claimed the key %v", got)
	}
	plain := strings.Replace(shot, `"kind":"shot"`, `"kind":"shot","native_id":"s-1"`, 1)
	if own := parse(t, plain)[0].Observation.Key; own != got {
		t.Errorf("key %v with a claim, %v without", got, own)
	}
}

func TestRefusedLines(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{strings.Replace(shot, `"kind":"shot"`, `"kind":"shot","name":"somebody"`, 1), `unknown field "name"`},
		{strings.Replace(shot, `"kind":"shot"`, `"kind":"shot","kind":"burst"`, 1), `key "kind" is there twice`},
		{strings.Replace(shot, `"value":1`, `"value":1,"value":2`, 1), `key "value" is there twice`},
		{strings.Replace(shot, `"kind":"shot"`, `"kind":"shot","Kind":"burst"`, 1), `key "Kind" is not in lower case`},
		{shot + shot, "more than one value on the line"},
		{`{"observation":` + shot + `,"kind":"shot"}`, `unknown field "kind"`},
		{`{"observation":` + shot + `,"statement":{"speaker":"a","text":"b"}}`, "holds 2 of observation"},
		{`{"observation":null}`, "holds 0 of observation"},
		{`{`, "byte 1"},
		{`[]`, "not a JSON object"},
		{`5`, "not a JSON object"},
		{`{}`, "when: invalid: missing"},
		{strings.Replace(shot, `"value":1`, `"value":"1"`, 1), "field count.value: a JSON string where int64 was expected"},
		{strings.Replace(shot, `:"shot"`, `:"boom"`, 1), `kind: invalid: "boom" is not one of`},
		{strings.Replace(shot, "T20:00:00Z", " 20:00", 1), "is not RFC 3339 with an offset"},
		{strings.Repeat(`{"a":`, 40), "nested deeper than 32"},
		{"\"\xff\"", "not UTF-8 at byte 2"},
	} {
		all := parse(t, tt.line+"\n"+shot+"\n")
		if r := all[0].Rejection; r == nil || r.Line != 1 || !strings.Contains(r.Reason, tt.want) || len(all) != 2 || all[1].Observation == nil {
			t.Errorf("%.120s: %+v, want %q", tt.line, r, tt.want)
		}
	}
	var wide strings.Builder
	for i := range keysMax + 1 {
		fmt.Fprintf(&wide, `,"k%d":0`, i)
	}
	if r := parse(t, "{"+wide.String()[1:]+"}")[0].Rejection; r == nil || !strings.Contains(r.Reason, "more than 64 keys in one object") {
		t.Errorf("%+v", r)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(shot + "\n" + `{"tally":{"claimant":"A"}}`))
	f.Add([]byte(`{"a":[{"b":[]},1,"x"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Parse(intake.Options{Source: source}, bytes.NewReader(data), func(s trucewatch.Submission) error {
			if s.Observation != nil && s.Observation.Check() != nil {
				t.Error(s.Observation.Check())
			}
			return nil
		})
	})
}
