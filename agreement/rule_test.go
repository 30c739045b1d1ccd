// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

// ruled returns the act A1 of the test's text with another rule.
func ruled(t testing.TB, rule string) *Act {
	t.Helper()
	g, err := newRuleGround(&Agreement{Zones: []Zone{{ID: "Z1"}, {ID: "Z2"}}})
	if err != nil {
		t.Fatal(err)
	}
	r, problems := g.compile(rule)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", rule, problems)
	}
	return &Act{ID: "A1", Rule: rule, rule: r}
}

func TestEvaluate(t *testing.T) {
	for _, tt := range []struct {
		rule    string
		vars    map[string]any
		missing []string
		want    Answer
		hangs   string
	}{
		{`owner != side && distance_to_line_mm > 500000`, map[string]any{"owner": "A", "side": "B", "distance_to_line_mm": int64(600_000)}, nil, Yes, ""},
		{`owner != side && distance_to_line_mm > 500000`, map[string]any{"owner": "A", "side": "A"}, nil, No, ""}, // the distance does not matter
		{`owner != side && distance_to_line_mm > 500000`, map[string]any{"owner": "A", "side": "B"}, nil, Unknown, "distance_to_line_mm"},
		{`owner != side && distance_to_line_mm > 500000`, nil, nil, Unknown, "distance_to_line_mm owner side"},
		{`calibre_mm >= 100 || "X5" in notified`, map[string]any{"notified": []string{"X5"}}, nil, Yes, ""},
		{`calibre_mm >= 100 || "X5" in notified`, map[string]any{"notified": []string{}}, nil, Unknown, "calibre_mm"},
		{`share_in_zone["Z1"] >= 800000`, map[string]any{"share_in_zone": map[string]int64{"Z1": 900_000, "Z2": 0}}, nil, Yes, ""},
		{`share_in_zone["Z1"] >= 800000 && share_in_zone["Z2"] == 0`, map[string]any{"share_in_zone": map[string]int64{"Z2": 0}}, []string{"share_in_zone.Z1"}, Unknown, "share_in_zone.Z1"},
		{`share_in_zone.Z2 == 0`, map[string]any{"share_in_zone": map[string]int64{"Z2": 0}}, []string{"share_in_zone.Z1"}, Yes, ""},
		{`marks.exists(m, m in ["doxxing", "civil_system"])`, map[string]any{"marks": []string{"doxxing"}}, nil, Yes, ""},
		{`kinds.all(k, k == "uav_sighted") && size(kinds) > 0`, map[string]any{"kinds": []string{}}, nil, No, ""},
		{`hour_utc >= 20 || hour_utc < 6`, map[string]any{"hour_utc": int64(3)}, nil, Yes, ""},
		{`model.startsWith("BM") ? count > 2 : count > 5`, map[string]any{"model": "BM-21", "count": int64(3)}, nil, Yes, ""},
		{`count / 2 + 1 - -1 == 4 && count % 3 == 2 && !civilian`, map[string]any{"count": int64(5), "civilian": false}, nil, Yes, ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			got, hangs, err := ruled(t, tt.rule).Evaluate(tt.vars, tt.missing)
			if err != nil || got != tt.want || strings.Join(hangs, " ") != tt.hangs {
				t.Errorf("Evaluate(%v, %v) = %s, %v, %v; want %s, %s", tt.vars, tt.missing, got, hangs, err, tt.want, tt.hangs)
			}
		})
	}
	if got, _, err := (&Act{}).Evaluate(nil, nil); got != Yes || err != nil {
		t.Errorf("an act without a rule: %s, %v", got, err)
	}
}

func TestEvaluateFailsOnArithmetic(t *testing.T) {
	for rule, vars := range map[string]map[string]any{
		`count * count * count > 0`:     {"count": int64(trucewatch.CountMax)},
		`share_in_zone["Z1"] >= 800000`: {"share_in_zone": map[string]int64{}},
	} {
		if got, _, err := ruled(t, rule).Evaluate(vars, nil); err == nil || got != Unknown {
			t.Errorf("%s: %s, %v", rule, got, err)
		}
	}
}

// TestRulesAreAnsweredAlike: what is answered with unknowns is answered alike
// once they are known, whatever they are.
func TestRulesAreAnsweredAlike(t *testing.T) {
	rules := []*Act{
		ruled(t, `(count > 3 && minutes < 10) || owner == "A"`),
		ruled(t, `owner == side ? count > 1 : minutes > 1 && killed == 0`),
		ruled(t, `!(count >= minutes) && (owner != "A" || killed > 2)`),
	}
	names := []string{"count", "minutes", "killed", "owner", "side"}
	rapid.Check(t, func(t *rapid.T) {
		act := rapid.SampledFrom(rules).Draw(t, "rule")
		vars, known := map[string]any{}, map[string]any{}
		for _, name := range names {
			if name == "owner" || name == "side" {
				vars[name] = rapid.SampledFrom([]string{"A", "B"}).Draw(t, name)
			} else {
				vars[name] = rapid.Int64Range(0, 12).Draw(t, name)
			}
			if rapid.Bool().Draw(t, "know "+name) {
				known[name] = vars[name]
			}
		}
		whole, hangs, err := act.Evaluate(vars, nil)
		if err != nil || whole == Unknown || len(hangs) > 0 {
			t.Fatalf("all known: %s, %v, %v", whole, hangs, err)
		}
		part, hangs, err := act.Evaluate(known, nil)
		if err != nil || part != Unknown && part != whole {
			t.Fatalf("%s: part %s, whole %s, %v", act.Rule, part, whole, err)
		}
		for _, name := range hangs {
			if _, isKnown := known[name]; isKnown {
				t.Fatalf("%s hangs on %s, which is known", act.Rule, name)
			}
		}
	})
}

// TestRulesRefused holds what rules may not say. Where and how it is told stands
// in testdata/contradictions.txtar.
func TestRulesRefused(t *testing.T) {
	g, err := newRuleGround(&Agreement{Zones: []Zone{{ID: "Z1"}}})
	if err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]string{
		`count`:                               "not true or false",
		`count > 1.0`:                         "no matching overload",
		`count > 1u`:                          "no matching overload",
		`b"x" == b"x"`:                        "bytes is no whole number",
		`null == null`:                        "null_type is no whole number",
		`size({"a": 1}) > 0`:                  "maps and structures",
		`int("5") == count`:                   "int is not for rules",
		`duration("1h") > duration("2h")`:     "duration is not for rules",
		`kinds.map(k, k) == kinds`:            "undeclared reference",
		`kinds.filter(k, true) == kinds`:      "undeclared reference",
		`kinds[0] == "shot"`:                  "in quotes",
		`share_in_zone[owner] > 0`:            "in quotes",
		`has(share_in_zone.Z1)`:               "undeclared reference",
		`dyn(count) == 1`:                     "dyn is not for rules",
		`type(count) == int`:                  "not for rules",
		`count % 0 == 1`:                      "not 0",
		`now() > 1`:                           "undeclared reference",
		`count >`:                             "Syntax error",
		strings.Repeat("!", 999) + "civilian": "",
		strings.Repeat("a", ruleMaxBytes+1):   "more than 1000",
	} {
		_, problems := g.compile(rule)
		text := fmt.Sprint(problems)
		if len(problems) == 0 || !strings.Contains(text, want) {
			t.Errorf("%.60s: %s; want %q", rule, text, want)
		}
	}
}

// TestRuleVariablesAreWhatTheyAre holds that every variable can be used by its type.
func TestRuleVariablesAreWhatTheyAre(t *testing.T) {
	use := map[string]string{"int": "%s > 1", "bool": "%s", "string": `%s == "x"`, "list(string)": `"x" in %s`, "map(string, int)": `%s["Z1"] > 1`}
	for _, v := range RuleVariables() {
		act := ruled(t, fmt.Sprintf(use[v.Type], v.Name))
		if !slices.Equal(act.rule.uses, []string{v.Name}) {
			t.Errorf("%s uses %v", v.Name, act.rule.uses)
		}
	}
}

// FuzzRule reads any text as a rule: it is refused, or answered with every
// variable unknown.
func FuzzRule(f *testing.F) {
	f.Add(`owner != side && distance_to_line_mm > 500000`)
	f.Add(`kinds.exists(k, k.startsWith("u")) || share_in_zone["Z1"] > 5`)
	f.Fuzz(func(t *testing.T, text string) {
		g, err := newRuleGround(&Agreement{Zones: []Zone{{ID: "Z1"}}})
		if err != nil {
			t.Fatal(err)
		}
		r, problems := g.compile(text)
		if (r == nil) == (len(problems) == 0) {
			t.Fatal("neither a rule nor a problem, or both")
		}
		if r == nil {
			return
		}
		got, hangs, err := (&Act{rule: r}).Evaluate(nil, nil)
		if err == nil && got == Unknown && len(hangs) == 0 {
			t.Error("unknown for no reason")
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	act := ruled(b, `owner != side && distance_to_line_mm > 500000`)
	vars := map[string]any{"owner": "A", "side": "B", "distance_to_line_mm": int64(600_000)}
	for b.Loop() {
		if got, _, err := act.Evaluate(vars, nil); got != Yes || err != nil {
			b.Fatal(got, err)
		}
	}
}
