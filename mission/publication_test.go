// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/replay"
)

// TestQuietDayCannotBeConfirmed: from a sealed record alone somebody guesses that
// nothing happened but the tick of each cut-off, folds that, and holds it against
// what the digest says. On days on which nothing happened he must not find it right:
// else he would know, day by day, when the mission was blind or idle.
func TestQuietDayCannotBeConfirmed(t *testing.T) {
	m := sealedMission(t)
	if err := m.Write(func(w *Writer) error { return w.Tick(at(t, began) + 5*trucewatch.Day) }); err != nil {
		t.Fatal(err)
	}
	all, _ := entriesOf(t, m.dir)
	guess := replay.New(m.Blob)
	cut, digests := all[0].Body.Payload.Genesis.Epoch, 0
	for i, e := range all {
		if i+1 < len(all) && cutOffOf(all[i+1]) != "" {
			at, day := m.calendar.next(cut)
			cut = at
			e = &trucewatch.Entry{Index: e.Index, Received: max(at, e.Received), Body: trucewatch.Body{Type: trucewatch.TickEntry, Payload: trucewatch.Payload{Tick: &trucewatch.Tick{At: at, CutOff: day}}}}
		}
		if d := e.Body.Payload.Digest; d != nil {
			digests++
			if d.State == guess.Digest() {
				t.Errorf("entry %d: that nothing happened is confirmed by the digest", e.Index)
			}
			e = &trucewatch.Entry{Index: e.Index, Received: e.Received, Body: trucewatch.Body{Type: trucewatch.CustodyEntry}} // changes nothing either
		}
		if _, err := guess.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	if digests == 0 {
		t.Error("no digest")
	}
	if again := reopen(t, m); again.state.Skipped() != 0 || again.state.Closed() != 0 {
		t.Errorf("the mission itself does not compare its digests: %d skipped", again.state.Skipped())
	}
}
