// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/replay"
)

// entered is an entry that p would be next.
func entered(s *replay.State, p trucewatch.Payload) *trucewatch.Entry {
	return &trucewatch.Entry{Index: s.Next(), Received: s.Now() + trucewatch.Minute, Body: trucewatch.Body{Version: 1, Type: p.Types()[0], Payload: p}}
}

// TestWhoAdmitsIsNamed: what a party says to its case names it, and an accusation
// of the other names nobody.
func TestWhoAdmitsIsNamed(t *testing.T) {
	d := theDay(t)
	s := replay.New(d.blob)
	d.fold(t, s, len(d.raw))
	level := func() string {
		f, _, ok := s.Finding("K4/12.0")
		if !ok {
			t.Fatal("there is no finding K4/12.0")
		}
		return f.Attribution.Level + " " + string(f.Attribution.Party)
	}
	if level() != "none " {
		t.Fatalf("before anybody answers it is %s", level())
	}
	for _, says := range []string{"deny", "admit"} {
		if _, err := s.Apply(entered(s, trucewatch.Payload{Answer: &trucewatch.Answer{Case: "case/12.0", Party: "A", Says: says}})); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"deny": "none ", "admit": "admitted A"}[says]
		if level() != want {
			t.Errorf("after %s it is %s, want %s", says, level(), want)
		}
	}
}

// TestWhatTheStateRefusesChangesNothing: the rim asks first, and the record that
// holds such an entry all the same is unsound.
func TestWhatTheStateRefusesChangesNothing(t *testing.T) {
	d := theDay(t)
	s := replay.New(d.blob)
	d.fold(t, s, len(d.raw))
	before := s.Digest()
	for want, p := range map[string]trucewatch.Payload{
		"no such case":             {Answer: &trucewatch.Answer{Case: "case/0.0", Party: "A", Says: "deny"}},
		"there is no notification": {NoticeStep: &trucewatch.NoticeStep{Notice: "n-0", Deed: "accepted", By: "B", At: 1}},
		"which is about remedy":    {Interpretation: &trucewatch.Interpretation{ID: "i", Agreement: "other", Question: "q", Reading: "A", Decision: "d-1"}},
		"site":                     {Inventory: &trucewatch.Inventory{Site: "PS-00", Party: "A", By: "A", At: 1, State: "declared"}},
		"obligation":               {Fact: &trucewatch.Fact{ID: "f-9", Kind: "obligation_fulfilled", Party: "A", At: 1, Ref: "OB-none", Confirmed: "mission"}},
	} {
		e := entered(s, p)
		err := s.Acceptable(e)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if !errors.Is(err, trucewatch.ErrInvalid) && !strings.Contains(want, "case") {
			t.Errorf("%s: %v does not wrap ErrInvalid", want, err)
		}
	}
	if s.Digest() != before {
		t.Error("asking changed the state")
	}
}

// TestAnInterpretationLeavesOneReading: until it is settled each reading has its
// finding; then the text has one, and theirs are withdrawn and stay readable.
func TestAnInterpretationLeavesOneReading(t *testing.T) {
	d := theDay(t)
	head, rows, sources := d.opening(t)
	question := `
questions:
  - id: q-mlrs
    text: "How far back must rocket launchers stand?"
    readings:
      - {id: thirty_five, held_by: [A]}
      - {id: seventeen, held_by: [B], set: {weapons.mlrs.withdraw_km: 17}}
weapons:`
	blob := amended(t, "\nweapons:", question)
	d, head = withAgreement(d, head, blob)
	s := begin(t, d, head)
	for i := range rows {
		if _, err := s.Apply(batch(s.Next(), head[1].Received+trucewatch.Day, sources[i], rows[i])); err != nil {
			t.Fatal(err)
		}
	}
	standing := func() (out []string) {
		for f := range s.Findings() {
			if f.Act == "W1" && f.State != "withdrawn" {
				out = append(out, f.Reading+" "+string(f.Result))
			}
		}
		return out
	}
	// 19 km are inside 35 and outside 17: as B reads the text there is no breach.
	if before := standing(); len(before) != 1 || before[0] != "A violation" {
		t.Fatalf("before: %q, want a violation as A reads it", before)
	}
	at := s.Now() + trucewatch.Hour
	for _, p := range []trucewatch.Payload{
		{Decision: &trucewatch.Decision{ID: "d-7", Body: "joint_commission", About: "interpretation", Question: "35 km", Ref: "q-mlrs/thirty_five", At: at,
			Votes: []trucewatch.Vote{{Member: "A", Cast: "for"}, {Member: "B", Cast: "for"}}}},
		{Interpretation: &trucewatch.Interpretation{ID: "i-1", Agreement: "agr-line-2026", Question: "q-mlrs", Reading: "thirty_five", Decision: "d-7"}},
	} {
		e := entered(s, p)
		e.Received = at
		if _, err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	if after := standing(); len(after) != 1 || after[0] != " violation" {
		t.Errorf("after: %q", after)
	}
	gone := 0
	for f := range s.Findings() {
		if f.Act == "W1" && f.State == "withdrawn" && strings.Contains(f.Reasons[0].Text, "settled by d-7") {
			gone++
		}
	}
	if gone == 0 {
		t.Error("the other reading is not kept as withdrawn, settled by d-7")
	}
}
