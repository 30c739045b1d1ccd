// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// TestContrast asks why one detonation is exempt and another is not.
func TestContrast(t *testing.T) {
	a := testAgreement(t)
	site := eastM(30_000)
	blast := func() *scene {
		return newScene(t, site, 50, a).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.Explosion, trucewatch.Acoustic)
	}
	exempted, violation := blast().detonation(30, site).finding("K2/1.0"), blast().detonation(5, site).finding("K2/1.0")
	violation.ID = "K2/2.0"
	said := strings.Join(Contrast(exempted, violation), "\n")
	for _, want := range []string{
		"result: of K2/1.0 exempted, of K2/2.0 violation",
		"severity: of K2/1.0 3, of K2/2.0 1",
		"answered differently: of K2/1.0 notified 30 h before, 24 h required (yes), of K2/2.0 notified 5 h before, 24 h required (no)",
		"only of K2/2.0: late notice: every other term of X2/n-1 is met",
		"exemption: of K2/1.0 X2/n-1, of K2/2.0 none",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the contrast does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "notified window") {
		t.Errorf("a step that is the same is told:\n%s", said)
	}
	if out := Contrast(exempted, exempted); len(out) != 0 {
		t.Errorf("a finding differs from itself: %q", out)
	}
}

// TestExplainInEveryLanguage reads one paragraph in each language: numbers, names
// and articles stay, words do not.
func TestExplainInEveryLanguage(t *testing.T) {
	f := newScene(t, eastM(50), 10, testAgreement(t)).saw(trucewatch.Explosion, trucewatch.Heard).finding("F1/1.0")
	for language, want := range map[string][]string{
		"en": {"F1 fire on side b (art. 7): indeterminate", "Open: in zone ZB: 83 %", "What would change it: its middle is inside by 50 m"},
		"uk": {"F1 fire on side b (art. 7): не визначено", "Відкрито: у зоні ZB: 83 %", "Що це змінило б: середина усередині на 50 m, відома з точністю ± 10 m, від лінії, знятої з точністю 100 m; саме точніше місце цього не вирішить, лише зйомка точніша за 50 m"},
		"ru": {"F1 fire on side b (art. 7): не определено", "Открыто: в зоне ZB: 83 %"},
	} {
		got := Explain(f, language)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is missing in\n%s", language, w, got)
			}
		}
		if tree := Tree(f, language); len(tree) < 6 || !strings.HasPrefix(tree[2], "  ") {
			t.Errorf("%s: the tree is %q", language, tree)
		}
	}
}

// TestExplainSaysWhatIsNotTheMissionsToSay: that the agreement leaves it to others
// to say who fired is another thing than that nobody knows.
func TestExplainSaysWhatIsNotTheMissionsToSay(t *testing.T) {
	f := &trucewatch.Finding{Act: "K2", Attribution: trucewatch.Attribution{Level: trucewatch.WithheldAttribution}}
	for _, language := range Languages() {
		withheld := Explain(f, language)
		open := Explain(&trucewatch.Finding{Act: "K2", Attribution: trucewatch.Attribution{Level: "none"}}, language)
		if withheld == open || strings.Contains(withheld, "withheld") {
			t.Errorf("%s: %q and %q", language, withheld, open)
		}
	}
}
