// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

func TestCount(t *testing.T) {
	for _, tt := range []struct {
		in   trucewatch.Count
		want string
	}{
		{trucewatch.Count{Value: 3, Qualifier: trucewatch.Exact}, "3"},
		{trucewatch.Count{Value: 6, Qualifier: trucewatch.About}, "about 6"},
		{trucewatch.Count{Value: 22, Qualifier: trucewatch.AtLeast}, "at least 22"},
		{trucewatch.Count{Value: 15, High: 20, Qualifier: trucewatch.Exact}, "15–20"},
		{trucewatch.Count{Qualifier: trucewatch.Multiple}, "more than one, not counted"},
		{trucewatch.Count{Value: 41274, Qualifier: trucewatch.Exact}, "41\u202f274"},
	} {
		if got := Count(tt.in); got != tt.want {
			t.Errorf("Count(%+v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestShareNeverRoundsUp holds that nothing short of certainty is shown as
// certain, and nothing above zero as impossible.
func TestShareNeverRoundsUp(t *testing.T) {
	for ppm, want := range map[trucewatch.PPM]string{0: "0.00", 1: "below 0.01", 9_999: "below 0.01", 10_000: "0.01", 99_999: "0.09", 820_000: "0.82", 999_999: "0.99", 1_000_000: "1.00"} {
		if got := Share(ppm); got != want {
			t.Errorf("Share(%d) = %q, want %q", ppm, got, want)
		}
	}
}

func TestInterval(t *testing.T) {
	c := Clock{Zone: time.FixedZone("EEST", 3*60*60)}
	at := func(s string) trucewatch.Instant {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return trucewatch.InstantOf(v)
	}
	for _, tt := range []struct {
		from, till trucewatch.Instant
		want       string
	}{
		{0, 0, "not stated"},
		{at("2026-04-12T06:40:00Z"), at("2026-04-12T06:58:00Z"), "2026-04-12 09:40–09:58 EEST"},
		{at("2026-04-12T06:40:00Z"), at("2026-04-12T06:40:00Z"), "2026-04-12 09:40 EEST"},
		{at("2026-04-12T06:40:05Z"), at("2026-04-12T06:41:00Z"), "2026-04-12 09:40:05–09:41:00 EEST"},
		{at("2026-04-12T20:40:00Z"), at("2026-04-12T21:40:00Z"), "2026-04-12 23:40 – 2026-04-13 00:40 EEST"},
		{at("2026-04-12T06:40:00Z"), 0, "from 2026-04-12 09:40 EEST"},
		{at("2026-04-11T21:00:00Z"), at("2026-04-12T20:59:59Z"), "2026-04-12 00–24 h EEST"},
		{at("2026-04-11T21:00:00Z"), at("2026-04-13T21:00:00Z") - 1, "2026-04-12 00 h – 2026-04-13 24 h EEST"},
		{at("2026-04-11T16:30:00Z"), at("2026-04-12T16:30:00Z") - 1, "2026-04-11 19:30 – 2026-04-12 19:30 EEST"},
		{0, at("2026-04-12T06:40:00Z"), "until 2026-04-12 09:40 EEST"},
	} {
		if got := c.Interval(trucewatch.Interval{From: tt.from, Till: tt.till}); got != tt.want {
			t.Errorf("Interval = %q, want %q", got, tt.want)
		}
	}
	if got := (Clock{}).Instant(at("2026-04-12T06:40:00Z")); got != "2026-04-12 06:40 UTC" {
		t.Errorf("zero Clock: %q", got)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[trucewatch.Instant]string{
		30 * trucewatch.Second: "30 s", 35 * trucewatch.Minute: "35 min", 90 * trucewatch.Minute: "1 h 30 min", 52 * trucewatch.Hour: "2 d 4 h", -2 * trucewatch.Hour: "2 h",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestRegion(t *testing.T) {
	p := geo.Position{LatE7: 481_234_999, LonE7: -377_654_321}
	for _, tt := range []struct {
		in   geo.Region
		want string
	}{
		{geo.Circle(p, 900_000), "48.1235 N, 37.7654 W ± 900 m (95 %)"},
		{geo.Region{Kind: geo.Sector, Center: p, RMinMM: 2_000_000, RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: 56_000, TillMdeg: 79_000}}}, "2.0 km–4.0 km from the observer, 56°–79°"},
		{geo.Region{Kind: geo.Pixel, Center: p, SemiMajorMM: 187_500, SemiMinorMM: 187_500}, "pixel of 375 m × 375 m at 48.1235 N, 37.7654 W"},
		{geo.Region{}, "place not known"},
	} {
		if got := Region(tt.in); got != tt.want {
			t.Errorf("Region = %q, want %q", got, tt.want)
		}
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"Stari Luky": "Stari Luky", "Зелений Гай": "Зелений Гай", "قرية": "قرية", "a\tb\nc": "a\tb\nc", "41\u202f274": "41\u202f274",
		"a\u202eb": "a[U+202E]b", "a\u2069b": "a[U+2069]b", "\x00": "[U+0000]", "\ufeffx": "[U+FEFF]x", "\U000e0041": "[U+E0041]", "a\xffb": "a\ufffdb",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestEscape: what a terminal would obey or hide is written as JSON writes it.
func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"Зелений Гай\tb\nc": "Зелений Гай\tb\nc", "\x1b]0;x\x07": `\u001b]0;x\u0007`, "\u009b2J": `\u009b2J`, "a\rb": `a\u000db`,
		"a\u202eb": `a\u202eb`, "\U000e0041": `\udb40\udc41`, "a\xffb": "a\ufffdb", "\u2063\u00ad\u061c": `\u2063\u00ad\u061c`, "": "",
	} {
		got := Escape([]byte(in))
		if string(got) != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
		var back string
		if err := json.Unmarshal([]byte(`"`+strings.NewReplacer("\t", "", "\n", "").Replace(string(got))+`"`), &back); err != nil {
			t.Errorf("Escape(%q) in JSON: %v", in, err)
		}
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "": "", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "  =1": "'  =1", "＝1": "'＝1", "a=1": "a=1", "\rx": "'[U+000D]x",
	} {
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestEveryKindHasWords holds that no stored word with underscores is shown.
func TestEveryKindHasWords(t *testing.T) {
	for _, k := range trucewatch.Kinds() {
		if s := Kind(k); s == "" || strings.Contains(s, "_") {
			t.Errorf("Kind(%s) = %q", k, s)
		}
	}
	for _, m := range trucewatch.AllMeans() {
		s := Means(m)
		if strings.Contains(s, "_") || m.IsClaim() != strings.Contains(s, "reported") {
			t.Errorf("Means(%s) = %q: claims, and claims alone, are reported", m, s)
		}
	}
}

func TestDecidedInEveryLanguage(t *testing.T) {
	day := trucewatch.InstantOf(time.Date(2026, 4, 14, 0, 0, 0, 0, time.UTC))
	for _, tt := range []struct {
		body, about, language, want string
	}{
		{"joint_commission", "consequences", "en", "The joint commission decided on 2026-04-14 (UTC): what follows for the parties."},
		{"special_commission", "no_violation", "en", "The special commission decided on 2026-04-14 (UTC): that there was no violation."},
		{"special_panel", "procedure", "en", "The special panel decided on 2026-04-14 (UTC): procedure."},
		{"joint_commission", "consequences", "uk", "Спільна комісія, 2026-04-14 (UTC), питання: наслідки для сторін. Рішення ухвалено."},
		{"special_commission", "responsibility", "ru", "Специальная комиссия, 2026-04-14 (UTC), вопрос: ответственность. Решение принято."},
		{"special_panel", "close", "uk", "special panel, 2026-04-14 (UTC), питання: закриття справи. Рішення ухвалено."},
	} {
		d := trucewatch.DecidedView{Body: tt.body, About: tt.about, Day: day}
		if got := Decided(d, tt.language); got != tt.want {
			t.Errorf("Decided(%s, %s) = %q, want %q", tt.body, tt.language, got, tt.want)
		}
	}
	for _, about := range append(trucewatch.DecisionSubjects(), "consequences") {
		if about == "deviation" {
			continue // told as procedure
		}
		english := Words(about)
		for _, language := range []string{"uk", "ru"} {
			if got := Decided(trucewatch.DecidedView{Body: "joint_commission", About: about}, language); strings.Contains(got, english) {
				t.Errorf("%s has no words in %s: %q", about, language, got)
			}
		}
	}
}
