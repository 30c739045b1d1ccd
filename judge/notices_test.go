// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"testing"

	"github.com/trucewatch/trucewatch"
)

// TestNoticeState leads notifications of X5 through their life. The window is
// from 11:00 to 13:00, the notification was recorded 30 h before it; the text
// leaves six hours for an answer.
func TestNoticeState(t *testing.T) {
	a := wholeAgreement(t)
	at := func(hours int64) trucewatch.Instant { return at(t, noon) + trucewatch.Instant(hours)*trucewatch.Hour }
	step := func(deed, by string, hours int64) trucewatch.Dated[trucewatch.NoticeStep] {
		return trucewatch.Dated[trucewatch.NoticeStep]{Received: at(hours), What: trucewatch.NoticeStep{Notice: "n-2", Deed: deed, By: by, At: at(hours)}}
	}
	steps := func(s ...trucewatch.Dated[trucewatch.NoticeStep]) []trucewatch.Dated[trucewatch.NoticeStep] { return s }
	entry := []trucewatch.Dated[trucewatch.Fact]{{Received: at(-10), What: trucewatch.Fact{ID: "f-1", Kind: "commission_entry", Party: "A", At: at(-10), Ref: "n-2"}}}
	seen := map[string]bool{}
	for _, tt := range []struct {
		name     string
		steps    []trucewatch.Dated[trucewatch.NoticeStep]
		facts    []trucewatch.Dated[trucewatch.Fact]
		breached trucewatch.Instant
		hours    int64
		want     string
	}{
		{"before the record has it", nil, nil, 0, -40, NoticeDrafted},
		{"in the record", nil, nil, 0, -30, NoticeSubmitted},
		{"handed on", steps(step("relayed", "mission", -30)), nil, 0, -29, NoticeRelayed},
		{"received", steps(step("relayed", "mission", -30), step("received", "A", -29)), nil, 0, -28, NoticeReceived},
		{"no answer within six hours means received", nil, nil, 0, -24, NoticeReceived},
		{"accepted", steps(step("accepted", "A", -28)), nil, 0, -24, NoticeAccepted},
		{"objected", steps(step("objected", "A", -28)), nil, 0, -24, NoticeObjected},
		{"an objection outlasts another's acceptance", steps(step("objected", "A", -28), step("accepted", "G1", -27)), nil, 0, -24, NoticeObjected},
		{"an objection and then the objector's acceptance", steps(step("objected", "A", -28), step("accepted", "A", -27)), nil, 0, -24, NoticeAccepted},
		{"an objection that the commission settled", steps(step("objected", "A", -28)), entry, 0, -5, NoticeAccepted},
		{"an objection before the commission settled it", steps(step("objected", "A", -28)), entry, 0, -20, NoticeObjected},
		{"its window runs", nil, nil, 0, 0, NoticeActive},
		{"its window runs, and it was objected to", steps(step("objected", "A", -28)), nil, 0, 0, NoticeObjected},
		{"withdrawn", steps(step("withdrawn", "B", -5)), nil, 0, 0, NoticeClosed},
		{"reported as done", steps(step("closed", "B", 0)), nil, 0, 5, NoticeClosed},
		{"its window is over", nil, nil, 0, 5, NoticeExpired},
		{"breached", nil, nil, at(0), 5, NoticeBreached},
		{"before it was breached", nil, nil, at(0), -1, NoticeActive},
	} {
		n := Notice{Notification: &trucewatch.Notification{ID: "n-2", Exemption: "X5", By: "B", NotifiedAt: at(-31), Window: trucewatch.Interval{From: at(-1), Till: at(1)}},
			Received: at(-31) + trucewatch.Hour, Steps: tt.steps}
		got := NoticeState(a, &n, tt.facts, tt.breached, at(tt.hours))
		seen[got.State] = true
		if got.State != tt.want || got.Why == "" || got.Since > at(tt.hours) {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
	}
	for _, s := range NoticeStates() {
		if !seen[s] {
			t.Errorf("no notification was ever %s", s)
		}
	}
}
