// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// anyDeed draws a line of a script. Most are deeds that a case admits at some
// time; which ones it admits now is for the desk to say.
func anyDeed(t *rapid.T, now trucewatch.Instant) string {
	pick := func(words ...string) string { return rapid.SampledFrom(words).Draw(t, "word") }
	n := func(limit int) int { return rapid.IntRange(1, limit).Draw(t, "n") }
	id := pick("case/1.0", "case/2.0", "case/3.0", "case/call-1", "case/call-2", "case/call-3", "case/call-4")
	body := pick("joint_commission", "joint_commission", "special_commission")
	votes := "votes=A:for,B:" + pick("for", "for", "abstain", "against", "absent")
	if body == "special_commission" {
		votes = "votes=G1:for,G2:" + pick("for", "against", "absent")
	}
	later := since(now + trucewatch.Instant(n(60))*trucewatch.Hour)
	switch pick("finding", "finding", "serve", "serve", "answer", "answer", "answer", "step", "step", "visit", "session", "decide", "decide", "remedy", "call", "fact", "joined", "at", "at") {
	case "finding":
		return fmt.Sprintf("finding %s %d %s %d %s place=%s against=%s", pick("K1", "K2", "C2"), n(3), pick("violation", "violation", "probable_violation", "indeterminate"),
			n(4), pick("preliminary", "revised", "reviewed", "withdrawn"), pick("mill", "ford", "town"), pick("A", "B", ""))
	case "serve":
		return "serve " + id
	case "answer":
		if says := pick("admit", "deny", "deny", "need_time"); says != "need_time" {
			return fmt.Sprintf("answer %s %s %s", id, pick("A", "B"), says)
		}
		return fmt.Sprintf("answer %s %s need_time until=%s", id, pick("A", "B"), later)
	case "step":
		switch pick("acknowledged", "information_requested", "information_given", "information_refused", "discipline_reported", "feedback_given", "escalated") {
		case "acknowledged":
			return fmt.Sprintf("step %s acknowledged by=%s", id, pick("A", "B"))
		case "information_requested":
			return fmt.Sprintf("step %s information_requested by=mission id=rfi-%d to=%s due=%s", id, n(3), pick("A", "B"), later)
		case "information_given":
			return fmt.Sprintf("step %s information_given by=%s ref=rfi-%d", id, pick("A", "B"), n(3))
		case "information_refused":
			return fmt.Sprintf("step %s information_refused by=%s ref=rfi-%d reason=secret", id, pick("A", "B"), n(3))
		case "discipline_reported":
			return fmt.Sprintf("step %s discipline_reported by=%s", id, pick("A", "B"))
		case "feedback_given":
			return fmt.Sprintf("step %s feedback_given by=mission", id)
		}
		return fmt.Sprintf("step %s escalated by=mission to=special_commission", id)
	case "visit":
		switch deed := pick("visit_offered", "visit_accepted", "visit_refused", "visit_impossible", "visit_held"); deed {
		case "visit_offered":
			return fmt.Sprintf("step %s visit_offered by=mission id=v-%d to=%s due=%s", id, n(2), pick("A", "B"), later)
		case "visit_held", "visit_impossible":
			return fmt.Sprintf("step %s %s by=mission ref=v-%d reason=access", id, deed, n(2))
		default:
			return fmt.Sprintf("step %s %s by=%s ref=v-%d reason=none", id, deed, pick("A", "B"), n(2))
		}
	case "session":
		s := fmt.Sprintf("session s-%d %s %s", n(4), body, pick("convened", "convened", "opened", "adjourned", "closed"))
		return s + pick("", " agenda="+id, " present=A,B", " present=A", " present=G1,G2")
	case "decide":
		about := pick("responsibility party=B", "no_violation", "close", "responsibility party=A remedies=r-1/A", "remedy remedies=r-2/B/"+later+",r-3/A", "procedure")
		return fmt.Sprintf("decide d-%d %s %s case=%s %s", n(50), body, about, id, votes)
	case "remedy":
		deed := pick("remedy_reported", "remedy_proven", "remedy_proven", "remedy_failed")
		by := "mission"
		if deed == "remedy_reported" {
			by = pick("A", "B")
		}
		return fmt.Sprintf("step %s %s by=%s ref=r-%d proof=%s reason=seen", id, deed, by, n(3), pick("p", "q", ""))
	case "call":
		return fmt.Sprintf("call h-%d from=person act=%s against=%s place=%s code=c-%d %s", n(20), pick("K1", "K2"), pick("A", "B", ""),
			pick("mill", "ford", "town", ""), n(9), pick("", "", "", "emergency=yes", "case="+id))
	case "fact":
		return fmt.Sprintf("fact f-%d %s %s ref=%s", n(9), pick("self_report", "discipline_reported"), pick("A", "B"), id)
	case "joined":
		return fmt.Sprintf("step %s joined by=mission ref=%s", id, pick("case/1.0", "case/2.0", "case/call-1", "case/call-2"))
	}
	return "at " + since(now+trucewatch.Instant(rapid.IntRange(0, 50).Draw(t, "hours"))*trucewatch.Hour)
}

func newPlay(a *agreement.Agreement) *play {
	p := &play{now: t0, incidents: map[trucewatch.IncidentID]geo.Region{}}
	p.desk = NewDesk(func(id trucewatch.IncidentID) geo.Region { return p.incidents[id] })
	p.desk.Adopt(a)
	return p
}

// TestAnyOrderOfDeeds plays random deeds and re-derives what must always hold.
func TestAnyOrderOfDeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(commission())
		done := []string{"finding K2 1 violation 3 place=mill", "serve case/1.0", "session s-0 joint_commission convened agenda=case/1.0",
			"decide d-0 joint_commission remedy case=case/1.0 votes=A:for,B:for remedies=r-1/A,r-2/B"}
		done = done[:rapid.IntRange(0, len(done)).Draw(t, "led so far")]
		for _, line := range done {
			if err := p.deed(line); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 120).Draw(t, "deeds") {
			line := anyDeed(t, p.now)
			before := snapshot(p.desk)
			was := everything(p.desk)
			err := p.deed(line)
			if err != nil && everything(p.desk) != was {
				t.Fatalf("%s: refused (%v) and changed something", line, err)
			}
			if err != nil && strings.Contains(err.Error(), "Check said") {
				t.Fatalf("%s: %v", line, err)
			}
			done = append(done, line)
			grows(t, line, before, p.desk)
			holds(t, line, p.desk)
		}
		again := newPlay(commission())
		for _, line := range done {
			_ = again.deed(line) // what was refused is refused again
		}
		if everything(again.desk) != everything(p.desk) {
			t.Fatal("the same deeds gave another state")
		}
	})
}

// snapshot keeps what was handed out, and what it said then.
func snapshot(d *Desk) map[*trucewatch.Case]string {
	out := map[*trucewatch.Case]string{}
	for c := range d.All() {
		out[c] = string(trucewatch.Encode(c))
	}
	return out
}

// grows checks that nothing handed out has changed, and that cases only grow.
func grows(t *rapid.T, line string, before map[*trucewatch.Case]string, d *Desk) {
	for old, said := range before {
		if string(trucewatch.Encode(old)) != said {
			t.Fatalf("%s: %s has changed after it was handed out", line, old.ID)
		}
		c := d.Case(old.ID)
		if c == nil {
			t.Fatalf("%s: %s is gone", line, old.ID)
		}
		if !begins(c.History, old.History) || !begins(c.Answers, old.Answers) || !begins(c.Steps, old.Steps) || !begins(c.Activations, old.Activations) ||
			len(c.Decisions) < len(old.Decisions) || len(c.Remedies) < len(old.Remedies) || len(c.Clocks) < len(old.Clocks) {
			t.Fatalf("%s: %s has lost something", line, old.ID)
		}
		for i, was := range old.Clocks {
			now := c.Clocks[i]
			if now.ID != was.ID || now.Party != was.Party || now.From != was.From || was.RanOut && !now.RanOut || was.Ended != 0 && now.Ended != was.Ended ||
				(was.RanOut || was.Ended != 0) && now.Due != was.Due {
				t.Fatalf("%s: %s: clock %+v became %+v", line, old.ID, was, now)
			}
		}
	}
}

func begins[T comparable](list, with []T) bool {
	return len(list) >= len(with) && slices.Equal(list[:len(with)], with)
}

// holds re-derives the running clocks from the cases alone, and checks that each
// case is at one place.
func holds(t *rapid.T, line string, d *Desk) {
	var next trucewatch.Instant
	for c := range d.All() {
		for _, k := range c.Clocks {
			running := k.Ended == 0 && !k.RanOut
			if running && (next == 0 || k.Due < next) {
				next = k.Due
			}
			if running && c.State == closed {
				t.Fatalf("%s: %s is closed and %s runs", line, c.ID, named(&k))
			}
			if k.Ended != 0 && k.RanOut != (k.Ended >= k.Due) {
				t.Fatalf("%s: %s %+v", line, c.ID, k)
			}
		}
		withParties := slices.Contains([]string{opened, served, answered, jointVisit}, c.State)
		inBody := slices.Contains([]string{before, decided, correcting}, c.State)
		if withParties && c.Before != "" || inBody && d.body(c.Before) == nil || c.State == closed && (c.Before != "" || len(c.Waits) > 0) {
			t.Fatalf("%s: %s is %s, before %q, waits for %q", line, c.ID, c.State, c.Before, c.Waits)
		}
		if (c.Served == 0) != (c.State == opened) && c.Served == 0 && c.State != closed && c.State != unresolved {
			t.Fatalf("%s: %s is %s and was not served", line, c.ID, c.State)
		}
		if c.JoinedTo != "" && c.State != closed {
			t.Fatalf("%s: %s was joined and is %s", line, c.ID, c.State)
		}
		for _, f := range c.Findings {
			if at := d.ByFinding(f); at != d.Case(d.goesOn(c.ID)) {
				t.Fatalf("%s: finding %s of %s is found at %s", line, f, c.ID, at.ID)
			}
		}
	}
	if d.NextDue() != next {
		t.Fatalf("%s: next due %v, want %v", line, d.NextDue(), next)
	}
}

// TestSortedIsASet holds the blocks to a plain sorted slice.
func TestSortedIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sorted[int]{compare: func(a, b int) int { return a - b }}
		var want []int
		for range rapid.IntRange(0, 3000).Draw(t, "n") {
			v := rapid.IntRange(0, 2000).Draw(t, "v")
			i, found := slices.BinarySearch(want, v)
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				s.remove(v)
				if found {
					want = slices.Delete(want, i, i+1)
				}
			} else {
				s.insert(v)
				if !found {
					want = slices.Insert(want, i, v)
				}
			}
		}
		if got := slices.Collect(s.all()); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if v, ok := s.first(); ok != (len(want) > 0) || ok && v != want[0] {
			t.Fatalf("first %d, %v", v, ok)
		}
	})
}
