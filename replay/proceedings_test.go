// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"syscall"
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

// TestALaterVersionsQuestionIsSettled: a version that is adopted later may ask what
// the one before it did not, and drop what was settled of that.
func TestALaterVersionsQuestionIsSettled(t *testing.T) {
	question := func(id string) string {
		return "\nquestions:\n  - id: " + id + `
    text: "How far back must rocket launchers stand?"
    readings:
      - {id: thirty_five, held_by: [A]}
      - {id: seventeen, held_by: [B], set: {weapons.mlrs.withdraw_km: 17}}
weapons:`
	}
	d := theDay(t)
	head, _, _ := d.opening(t)
	d, head = withAgreement(d, head, amended(t, "\nweapons:", question("q-old")))
	first := d.blob
	second := amended(t, "version: 3", "version: 4", `from: "2026-03-01T22:00:00Z"`, `from: "2030-01-01T00:00:00Z"`, "\nweapons:", question("q-new"))
	hash := trucewatch.Hash(sha256.Sum256(second))
	d.blob = func(h trucewatch.Hash) ([]byte, error) {
		if h == hash {
			return second, nil
		}
		return first(h)
	}
	s := begin(t, d, head)
	enter := func(p trucewatch.Payload) error {
		e := entered(s, p)
		if err := s.Acceptable(e); err != nil {
			return err
		}
		_, err := s.Apply(e)
		return err
	}
	settle := func(question, reading string) error {
		id := question + "-" + reading
		decision := &trucewatch.Decision{ID: id, Body: "joint_commission", About: "interpretation", Question: "35 km", Ref: question + "/" + reading, At: s.Now(),
			Votes: []trucewatch.Vote{{Member: "A", Cast: "for"}, {Member: "B", Cast: "for"}}}
		if err := enter(trucewatch.Payload{Decision: decision}); err != nil {
			t.Fatal(err)
		}
		return enter(trucewatch.Payload{Interpretation: &trucewatch.Interpretation{ID: id, Agreement: "agr-line-2026", Question: question, Reading: reading, Decision: id}})
	}
	later := trucewatch.Payload{Agreement: &trucewatch.Adoption{Bundle: hash, ID: "agr-line-2026", Version: 4}}
	if err := settle("q-new", "thirty_five"); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("before it is asked: %v", err)
	}
	for _, err := range []error{settle("q-old", "thirty_five"), enter(later), settle("q-new", "seventeen")} {
		if err != nil {
			t.Error(err)
		}
	}
	if err := settle("q-old", "seventeen"); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("settled in two ways: %v", err)
	}
}

// TestATextForThePastIsNotAcceptable: it is refused before it is entered, not by
// who folds it.
func TestATextForThePastIsNotAcceptable(t *testing.T) {
	d := theDay(t)
	head, _, _ := d.opening(t)
	blob := amended(t, "version: 3", "version: 4")
	first := d.blob
	d.blob = func(h trucewatch.Hash) ([]byte, error) {
		if h == sha256.Sum256(blob) {
			return blob, nil
		}
		return first(h)
	}
	s := begin(t, d, head)
	e := entered(s, trucewatch.Payload{Agreement: &trucewatch.Adoption{Bundle: sha256.Sum256(blob), ID: "agr-line-2026", Version: 4}})
	if err := s.Acceptable(e); !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), "not retroactive") {
		t.Errorf("a text in force before it is entered: %v", err)
	}
}

// TestADiskThatFailsRefusesNoText: that the text cannot be read says nothing of it.
func TestADiskThatFailsRefusesNoText(t *testing.T) {
	d := theDay(t)
	head, _, _ := d.opening(t)
	first, fails := d.blob, false
	d.blob = func(h trucewatch.Hash) ([]byte, error) {
		if fails {
			return nil, syscall.EIO
		}
		return first(h)
	}
	s := begin(t, d, head)
	fails = true
	e := entered(s, trucewatch.Payload{Agreement: &trucewatch.Adoption{Bundle: trucewatch.Hash{1}, ID: "agr-line-2026", Version: 4}})
	if err := s.Acceptable(e); !errors.Is(err, replay.ErrUnread) || !errors.Is(err, syscall.EIO) || errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("the disk fails: %v", err)
	}
}
