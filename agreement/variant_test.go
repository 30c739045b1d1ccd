// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// sound returns the text of contradictions.txtar, with lines of agreement.yaml
// replaced.
func sound(t *testing.T, replace ...string) []File {
	t.Helper()
	_, files, _ := archive(t, "testdata/contradictions.txtar")
	files = slices.DeleteFunc(files, func(f File) bool { return strings.HasPrefix(f.Name, "case/") })
	for i := range files {
		if files[i].Name == MainFile {
			text := string(files[i].Data)
			for k := 0; k < len(replace); k += 2 {
				if !strings.Contains(text, replace[k]) {
					t.Fatalf("no %q", replace[k])
				}
				text = strings.Replace(text, replace[k], replace[k+1], 1)
			}
			files[i].Data = []byte(text)
		}
	}
	return files
}

const q1 = `  - {id: q1, text: "B's line", readings: [{id: new, held_by: A}, {id: old, held_by: B, set: {lines.reference_for.B: loc}}]}` + "\n"

// describe writes variants as "A: q1=new; B: q1=old".
func describe(variants []Variant) string {
	var out []string
	for _, v := range variants {
		s := v.Reading + ":"
		for _, a := range v.Answers {
			s += " " + a.Question + "=" + a.Reading
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestVariants(t *testing.T) {
	for _, tt := range []struct {
		name      string
		questions string // in place of q1
		settled   []Settled
		want      string
	}{
		{"no question", "", nil, ":"},
		{"each party its own reading", q1, nil, "A: q1=new; B: q1=old"},
		{"a party that says nothing takes the text as it stands",
			`  - {id: q, text: "x", readings: [{id: text}, {id: far, held_by: B, set: {weapons.rocket.withdraw_km: 25}}]}` + "\n", nil, "text:; B: q=far"},
		{"a reading that nobody holds is judged too",
			`  - {id: q, text: "x", readings: [{id: text}, {id: far, set: {weapons.rocket.withdraw_km: 25}}]}` + "\n", nil, "text:; q-far: q=far"},
		{"parties who read alike are one",
			`  - {id: q, text: "x", readings: [{id: near, set: {weapons.rocket.withdraw_km: 15}}, {id: far, held_by: [A, B], set: {weapons.rocket.withdraw_km: 25}}]}` + "\n", nil,
			"A-B: q=far; q-near: q=near"},
		{"never a product of questions", q1 +
			`  - {id: q2, text: "x", readings: [{id: a, held_by: A, set: {weapons.rocket.withdraw_km: 15}}, {id: b, held_by: B}]}` + "\n" +
			`  - {id: q3, text: "x", readings: [{id: a, held_by: A, set: {zones.Z1.from_line_km.A: [0, 6]}}, {id: b, held_by: B}]}` + "\n", nil,
			"A: q1=new q2=a q3=a; B: q1=old q2=b q3=b"},
		{"one settled, one open", q1 +
			`  - {id: q2, text: "x", readings: [{id: a, held_by: A, set: {weapons.rocket.withdraw_km: 15}}, {id: b, held_by: B}]}` + "\n",
			[]Settled{{"q1", "old"}}, "A: q2=a; B: q2=b"},
		{"all settled", q1, []Settled{{"q1", "old"}}, ":"},
		{"settled by what the text does not have", q1, []Settled{{"q1", "oldest"}, {"q9", "old"}}, "A: q1=new; B: q1=old"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			section := "questions:\n" + q1
			questions := tt.questions
			if questions != "" {
				questions = "questions:\n" + questions
			}
			a, err := Parse(sound(t, section, questions))
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(a.Variants(tt.settled)); got != tt.want {
				t.Errorf("Variants(%v) = %s; want %s", tt.settled, got, tt.want)
			}
			for _, v := range a.Variants(tt.settled) {
				if v.Agreement.Hash() != a.Hash() || len(v.Agreement.Spans) != 1 || v.Agreement.Spans[0].Span != v.Span {
					t.Errorf("variant %q: hash %s, spans %v", v.Reading, v.Agreement.Hash(), v.Agreement.Spans)
				}
				if again := v.Agreement.Variants(nil); len(again) != 1 || again[0].Span != v.Span {
					t.Errorf("a variant has variants: %v", again)
				}
			}
		})
	}
}

// TestVariantsReadOtherwise holds that a variant is the text so read: B's buffer
// of 5 km begins 1.5 km nearer to A in the reading of B.
func TestVariantsReadOtherwise(t *testing.T) {
	a, err := Parse(sound(t))
	if err != nil {
		t.Fatal(err)
	}
	v := a.Variants(nil)
	// 800 m east of the line of contact, which lies at 130 W; ref is 1,520 m east.
	place := geo.Circle(at(-465_000_000, -1_299_895_000), 1_000)
	in := func(a *Agreement) trucewatch.PPM { return a.Zone("Z1").PerSide[1].Share(place) }
	if in(v[0].Agreement) != 0 || in(v[1].Agreement) != geo.Million {
		t.Errorf("800 m east of the line is in B's buffer with %d by A, %d by B", in(v[0].Agreement), in(v[1].Agreement))
	}
	if a.reference("B").ID != "ref" || v[1].Agreement.reference("B").ID != "loc" || !slices.Equal(v[1].HeldBy, []trucewatch.PartyID{"B"}) {
		t.Errorf("references: %s, %s", a.reference("B").ID, v[1].Agreement.reference("B").ID)
	}
}

func TestVariantsOfForce(t *testing.T) {
	a, err := Parse(sound(t, `in_force: {from: "2026-03-01T00:00:00Z", until: "2027-03-01T00:00:00Z"}`,
		`in_force: {readings: [{id: x, from: "2026-03-01T00:00:00Z", basis: "1"}, {id: y, from: "2026-03-02T00:00:00Z", until: "2027-03-01T00:00:00Z", basis: "2"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(a.Variants(nil)), "A.x: q1=new; A.y: q1=new; B.x: q1=old; B.y: q1=old"; got != want {
		t.Errorf("Variants = %s; want %s", got, want)
	}
	if b := a.Variants(nil)[1].Basis; b != "2" {
		t.Errorf("basis %q", b)
	}
	// A start that the parties read differently is a question too.
	a, err = Parse(sound(t, q1, `  - {id: q, text: "start", readings: [{id: a, held_by: A}, {id: b, held_by: B, basis: "speech", set: {agreement.in_force.from: "2026-02-26T00:00:00Z"}}]}`+"\n",
		`pre_start: {from: "2026-02-27T00:00:00Z"`, `pre_start: {from: "2026-02-20T00:00:00Z"`))
	if err != nil {
		t.Fatal(err)
	}
	v := a.Variants(nil)
	if len(v) != 2 || v[0].Span.From != instant(t, "2026-03-01T00:00:00Z") || v[1].Span.From != instant(t, "2026-02-26T00:00:00Z") || v[1].Basis != "speech" {
		t.Errorf("starts: %v", v)
	}
	if !a.InForce(instant(t, "2026-02-26T12:00:00Z")) {
		t.Error("in force under at least one reading")
	}
}

func TestSettle(t *testing.T) {
	a, err := Parse(sound(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Settle([]Settled{{"q1", "old"}})
	if err != nil || b.Hash() != a.Hash() || b.reference("B").ID != "loc" || len(b.Variants(nil)) != 1 || len(b.Variants(b.Settled())) != 1 {
		t.Fatalf("Settle = %v, %v", b, err)
	}
	if len(a.Variants(nil)) != 2 || a.reference("B").ID != "ref" {
		t.Error("Settle changed the agreement")
	}
	if c, err := b.Settle([]Settled{{"q1", "old"}}); err != nil || len(c.Settled()) != 1 {
		t.Errorf("settled again alike: %v", err)
	}
	for name, s := range map[string][]Settled{"another question": {{"q2", "old"}}, "another reading": {{"q1", "older"}}, "another answer": {{"q1", "new"}}} {
		if _, err := b.Settle(s); !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLineOfContactIsDated(t *testing.T) {
	files := sound(t, `  loc: {kind: line_of_contact, geometry: loc.geojson, survey_error_m: 50}`,
		`  loc: {kind: line_of_contact, geometry: loc.geojson, survey_error_m: 50}
  later: {kind: line_of_contact, geometry: later.geojson, survey_error_m: 50, dated: "2026-06-01T00:00:00Z"}`)
	files = append(files, File{"later.geojson", []byte(`{"type": "Feature", "properties": {"id": "later", "left": "A", "right": "B"},
 "geometry": {"type": "LineString", "coordinates": [[-129.9, -47], [-129.9, -46]]}}`)})
	a, err := Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	place := at(-465_000_000, -1_299_500_000) // between the two
	before, after := instant(t, "2026-05-31T23:59:59Z"), instant(t, "2026-06-01T00:00:00Z")
	if b, c := a.SideOfAt(place, before), a.SideOfAt(place, after); b != "B" || c != "A" {
		t.Errorf("sides before and after the survey: %q, %q", b, c)
	}
	if a.SideOfAt(place, latest) != "A" || a.ControlShareAt(geo.Circle(place, 1_000), before)[1] != (PartyShare{"B", geo.Million}) {
		t.Error("area of control is not that of the date")
	}
}

// TestPathsFollowIDs holds that IDs with dots are found.
func TestPathsFollowIDs(t *testing.T) {
	a, err := Parse(sound(t, "  - {id: rocket,", "  - {id: rocket.long,", q1,
		`  - {id: q, text: "x", readings: [{id: a, held_by: A}, {id: b, held_by: B, set: {weapons.rocket.long.withdraw_km: 25, weapons.rocket.long.reach_km: 40}}]}`+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c := a.Variants(nil)[1].Agreement.Class("rocket.long"); c.WithdrawMM != 25*kilometre || c.ReachKM != 40 {
		t.Errorf("class as B reads it: %+v", c)
	}
	if c := a.Class("rocket.long"); c.WithdrawMM != 20*kilometre || c.ReachKM != 0 {
		t.Errorf("class as the text has it: %+v", c)
	}
}
