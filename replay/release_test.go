// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// TestRevisionIsPublicOnlyWhenReleased holds that nothing of a finding reaches
// others than the mission that no person released.
func TestRevisionIsPublicOnlyWhenReleased(t *testing.T) {
	s := New(nil)
	e := &trucewatch.Entry{Received: 10}
	first := &trucewatch.Finding{ID: "K2/1.0", Result: trucewatch.ProbableViolation, State: "preliminary", When: trucewatch.Interval{From: 1, Till: 1}}
	s.genesis = &trucewatch.Genesis{}
	s.revise(e, first)
	result := func(a trucewatch.Audience) trucewatch.Result {
		about, ok := s.about(a, first.ID)
		if !ok {
			t.Fatal("the finding is gone")
		}
		return about.Finding.Result
	}
	if _, err := s.release(e, &trucewatch.Release{Findings: []trucewatch.FindingID{first.ID}}); err != nil {
		t.Fatal(err)
	}
	if len(s.Publishable()) != 0 {
		t.Errorf("released and still publishable: %v", s.Publishable())
	}
	later := &trucewatch.Entry{Received: 20}
	s.revise(later, &trucewatch.Finding{ID: first.ID, Result: trucewatch.Violation, When: first.When})
	if got := result(trucewatch.ForPublic); got != trucewatch.ProbableViolation {
		t.Errorf("the public sees %s, which nobody released", got)
	}
	if got := result(trucewatch.ForMission); got != trucewatch.Violation {
		t.Errorf("the mission sees %s, not the current revision", got)
	}
	if !slices.Equal(s.Publishable(), []trucewatch.FindingID{first.ID}) {
		t.Errorf("the revision is not offered for release: %v", s.Publishable())
	}
	if _, err := s.release(&trucewatch.Entry{Received: 30}, &trucewatch.Release{Findings: []trucewatch.FindingID{first.ID}}); err != nil {
		t.Fatal(err)
	}
	if got := result(trucewatch.ForPublic); got != trucewatch.Violation {
		t.Errorf("released again, and the public sees %s", got)
	}
	if about, _ := s.about(trucewatch.ForPublic, first.ID); about.Released != 10 || about.Revised != 30 {
		t.Errorf("released %d, revised %d for the public; want 10 and 30", about.Released, about.Revised)
	}
	if _, err := s.review(&trucewatch.Entry{Received: 40}, &trucewatch.Review{Finding: first.ID, Deed: "withdraw", By: "duty officer", Reason: "wrong row"}); err != nil {
		t.Fatal(err)
	}
	if about, _ := s.about(trucewatch.ForPublic, first.ID); about.Finding.State != "withdrawn" {
		t.Errorf("a person withdrew it, and the public reads %q", about.Finding.State)
	}
}

// TestWhatAPersonWithdrewStaysWithdrawn until a person confirms it, whatever
// later rows say; and its case is not served.
func TestWhatAPersonWithdrewStaysWithdrawn(t *testing.T) {
	s := New(nil)
	s.genesis = &trucewatch.Genesis{}
	s.agreements = append(s.agreements, &agreement.Agreement{})
	of := trucewatch.IncidentID{Index: 1}
	finding := func(r trucewatch.Result) *trucewatch.Finding {
		return &trucewatch.Finding{ID: "K2/1.0", Subject: trucewatch.Subject{Incident: &of}, Result: r, Severity: 3, State: "preliminary"}
	}
	at := func(received trucewatch.Instant) *trucewatch.Entry { return &trucewatch.Entry{Received: received} }
	s.openCases(at(10), s.revise(at(10), finding(trucewatch.ProbableViolation)))
	if len(s.Unserved()) != 1 {
		t.Fatal("no case was opened")
	}
	withdraw := &trucewatch.Review{Finding: "K2/1.0", Deed: "withdraw", By: "duty officer", Reason: "wrong row"}
	if _, err := s.review(at(20), withdraw); err != nil {
		t.Fatal(err)
	}
	if ids := s.Unserved(); len(ids) != 0 {
		t.Errorf("a withdrawn accusation can be served: %v", ids)
	}
	if _, err := s.review(at(21), withdraw); err == nil {
		t.Error("withdrawn twice")
	}
	if err := s.Releasable("K2/1.0"); err == nil {
		t.Error("a withdrawn finding of which nothing is public can be released")
	}
	s.openCases(at(30), s.revise(at(30), finding(trucewatch.Violation)))
	f, _, _ := s.Finding("K2/1.0")
	if f.State != withdrawn || len(s.Unserved()) != 0 {
		t.Errorf("a later row revived it: state %s, cases %v", f.State, s.Unserved())
	}
	if _, err := s.review(at(40), &trucewatch.Review{Finding: "K2/1.0", Deed: "confirm", By: "head of mission"}); err != nil {
		t.Fatal(err)
	}
	if f, _, _ := s.Finding("K2/1.0"); f.State != "reviewed" || f.Result != trucewatch.Violation || len(f.Reasons) != 0 {
		t.Errorf("confirmed: %+v, want the newest result, reviewed, without the words of the withdrawal", f)
	}
	if len(s.Unserved()) != 1 {
		t.Error("the case of a confirmed finding did not open again")
	}
}

// TestReleaseOfWhatWasErased: once a residue stands for an observation, a deed on a
// finding that no longer follows is passed over; it made the whole record unreadable.
func TestReleaseOfWhatWasErased(t *testing.T) {
	s := New(nil)
	s.genesis = &trucewatch.Genesis{}
	deed := func(index uint64, p trucewatch.Payload, kind trucewatch.EntryType) error {
		_, err := s.Apply(&trucewatch.Entry{Index: index, Received: 10, Body: trucewatch.Body{Type: kind, Payload: p}})
		return err
	}
	s.next = 1
	release := trucewatch.Payload{Release: &trucewatch.Release{Findings: []trucewatch.FindingID{"K2/1.0"}, By: "head"}}
	if err := deed(1, release, trucewatch.ReleaseEntry); err == nil {
		t.Fatal("a finding that never was is released, and nothing was erased")
	}
	residue := &trucewatch.Entry{Index: 1, Received: 10, Body: trucewatch.Body{Type: trucewatch.ObservationsEntry, Payload: trucewatch.Payload{Observations: &trucewatch.Batch{}}}}
	if _, err := s.ApplyResidue(residue, 1); err != nil {
		t.Fatal(err)
	}
	if err := deed(2, release, trucewatch.ReleaseEntry); err != nil {
		t.Errorf("release: %v", err)
	}
	confirm := trucewatch.Payload{Review: &trucewatch.Review{Finding: "K2/1.0", Deed: "confirm", By: "officer"}}
	if err := deed(3, confirm, trucewatch.ReviewEntry); err != nil {
		t.Errorf("review: %v", err)
	}
	answer := trucewatch.Payload{Answer: &trucewatch.Answer{Case: "C-1", Party: "A", Says: "deny"}}
	if err := deed(4, answer, trucewatch.AnswerEntry); err != nil {
		t.Errorf("answer: %v", err)
	}
}

// TestReleaseAsksForTheCertaintyOfTheText: an accusation less sure than the
// agreement's evidence.to_publish is neither offered nor released; what corrects
// something public is.
func TestReleaseAsksForTheCertaintyOfTheText(t *testing.T) {
	s := New(nil)
	s.genesis = &trucewatch.Genesis{}
	text := &agreement.Agreement{Evidence: agreement.Evidence{Possible: 200_000, Probable: 600_000, Confirmed: 900_000, ToPublish: "probable"}}
	s.agreements = append(s.agreements, text)
	release := func(id trucewatch.FindingID) error {
		_, err := s.release(&trucewatch.Entry{Received: 30}, &trucewatch.Release{Findings: []trucewatch.FindingID{id}})
		return err
	}
	accuse := func(id trucewatch.FindingID, p trucewatch.PPM) {
		s.revise(&trucewatch.Entry{Received: 10}, &trucewatch.Finding{ID: id, Result: trucewatch.ProbableViolation, Confidence: p, Word: text.Evidence.Word(p),
			State: "preliminary", When: trucewatch.Interval{From: 1, Till: 1}, Agreement: text.Hash()})
	}
	accuse("K2/1.0", 599_999)
	if err := release("K2/1.0"); err == nil || !strings.Contains(err.Error(), "to_publish") || len(s.Publishable()) != 0 {
		t.Errorf("a finding that is possible: %v, offered %v", err, s.Publishable())
	}
	accuse("K2/1.0", 600_000)
	if err := release("K2/1.0"); err != nil {
		t.Error(err)
	}
	accuse("K2/1.0", 300_000)
	if err := release("K2/1.0"); err != nil {
		t.Errorf("the public is not told that it is less sure: %v", err)
	}
}
