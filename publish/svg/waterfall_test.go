// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
)

func TestWaterfall(t *testing.T) {
	var got []string
	for _, s := range Waterfall([]trucewatch.Term{{What: "prior", Gain: -2303}, {What: "times agree", Gain: 6908}, {What: "<b>", Gain: -3689}, {What: "rest", Gain: -916}, {What: "sure", Gain: 30_000}}) {
		got = append(got, fmt.Sprint(s.What, " ", s.Decibans, ", ", s.Odds, ", ", s.Share))
		if !strings.HasPrefix(string(s.Bar), "<svg") || strings.Contains(string(s.Bar), "<b>") {
			t.Errorf("bar %s", s.Bar)
		}
	}
	want := "prior -10.0, 1 to 10, 0.09; times agree +30.0, 100 to 1, 0.99; <b> -16.0, 2.5 to 1, 0.71; rest -4.0, even, 0.50; sure +130.3, a million or more to 1, 0.99"
	if have := strings.Join(got, "; "); have != want {
		t.Errorf("the steps are\n%s, want\n%s", have, want)
	}
	if Waterfall(nil) == nil {
		t.Error("no terms are no steps, not nothing")
	}
}
