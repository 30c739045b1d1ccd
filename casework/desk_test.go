// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

const t0 = trucewatch.Instant(1_776_000_000) * trucewatch.Second // some instant

// clocks are those of the example agreement: answer counts from service, the
// others from detection.
func clocks() []agreement.Clock {
	return []agreement.Clock{
		{ID: "flash", After: trucewatch.Hour, From: "detection"},
		{ID: "answer", After: 24 * trucewatch.Hour, From: "service"},
		{ID: "initial", After: 24 * trucewatch.Hour, From: "detection"},
		{ID: "joint", After: 48 * trucewatch.Hour, From: "detection"},
		{ID: "decide", After: 72 * trucewatch.Hour, From: "detection"},
		{ID: "close", After: 336 * trucewatch.Hour, From: "detection"},
		{ID: "daily", CutOff: "19:30"},
	}
}

func finding(id string, incident uint64, result trucewatch.Result, severity int, state string) *trucewatch.Finding {
	in := trucewatch.IncidentID{Index: incident}
	return &trucewatch.Finding{ID: trucewatch.FindingID(fmt.Sprintf("%s/%v", id, in)), Subject: trucewatch.Subject{Incident: &in},
		Result: result, Severity: severity, State: state}
}

func open(d *Desk, at trucewatch.Instant, index uint64, findings ...*trucewatch.Finding) []*trucewatch.Case {
	return d.Findings(findings, at, index)
}

// testDesk returns a desk under an agreement with clocks and nothing else: there
// are no parties who could answer and no bodies.
func testDesk() *Desk {
	d := NewDesk(nil)
	d.Adopt(&agreement.Agreement{Clocks: clocks()})
	return d
}

// story writes a case's history: "1 opened; 2 served".
func story(c *trucewatch.Case) string {
	var parts []string
	for _, h := range c.History {
		parts = append(parts, fmt.Sprintf("%d %s", h.Index, h.What))
	}
	return strings.Join(parts, "; ")
}

func TestACaseOpensPerIncidentWithAllItsFindings(t *testing.T) {
	d := testDesk()
	got := open(d, t0, 5,
		finding("K2", 7, trucewatch.Violation, 3, "preliminary"),
		finding("C2", 7, trucewatch.ProbableViolation, 4, "preliminary"),
		finding("K4", 7, trucewatch.Indeterminate, 3, "preliminary"),
		finding("K2", 6, trucewatch.ProbableViolation, 3, "preliminary"),
		finding("K1", 8, trucewatch.Exempted, 2, "preliminary"))
	if len(got) != 2 || got[0].ID != "case/6.0" || got[1].ID != "case/7.0" {
		t.Fatalf("cases %v, want case/6.0 and case/7.0", got)
	}
	c := got[1]
	if want := []trucewatch.FindingID{"C2/7.0", "K2/7.0"}; !slices.Equal(c.Findings, want) || c.Severity != 4 || c.State != "opened" || c.Opened != t0 {
		t.Errorf("case %+v, want findings %v, severity 4, opened", c, want)
	}
	if d.ByFinding("K2/7.0") != c || d.ByFinding("K4/7.0") != nil || d.Case("case/8.0") != nil {
		t.Error("the case of a finding is not found, or one that accuses nobody has one")
	}
	if len(c.Clocks) != 0 || d.NextDue() != 0 {
		t.Error("a clock runs before the case is served")
	}
	if want := "5 opened; 5 K2/7.0: violation, preliminary; 5 C2/7.0: probable_violation, preliminary"; story(c) != want {
		t.Errorf("history %q, want %q", story(c), want)
	}
}

func TestWindowsAndTalliesOpenNoCase(t *testing.T) {
	f := finding("K2", 7, trucewatch.Violation, 3, "preliminary")
	f.Subject = trucewatch.Subject{Window: &trucewatch.Interval{From: t0}}
	if got := open(testDesk(), t0, 5, f); len(got) != 0 {
		t.Errorf("%d cases, want none", len(got))
	}
}

func TestRevisionsChangeTheCase(t *testing.T) {
	d := testDesk()
	before := open(d, t0, 5, finding("K2", 7, trucewatch.ProbableViolation, 3, "preliminary"))[0]
	if got := open(d, t0, 6, finding("K2", 7, trucewatch.ProbableViolation, 3, "preliminary")); len(got) != 0 {
		t.Error("a revision that changes nothing here changed the case")
	}
	after := open(d, t0+1, 7, finding("K2", 7, trucewatch.Indeterminate, 3, "revised"))
	if len(after) != 1 || after[0].State != "closed" || after[0].Severity != 3 {
		t.Fatalf("case %+v, want it closed: nothing is left to serve", after)
	}
	if before.State != "opened" || len(before.History) != 2 {
		t.Error("a case that was handed out has changed")
	}
	if _, err := d.Serve("case/7.0", t0+2, 8); !errors.Is(err, ErrClosed) {
		t.Errorf("serving a closed case: %v, want ErrClosed", err)
	}
	again := open(d, t0+3, 9, finding("K2", 7, trucewatch.Violation, 2, "revised"))
	if again[0].State != "opened" || again[0].Severity != 2 {
		t.Errorf("case %+v, want it opened again at severity 2", again[0])
	}
	if want := "5 opened; 5 K2/7.0: probable_violation, preliminary; 7 K2/7.0: indeterminate, revised; 7 closed: no finding of a violation is left; 9 K2/7.0: violation, revised; 9 opened again"; story(again[0]) != want {
		t.Errorf("history %q, want %q", story(again[0]), want)
	}
}

func TestAFindingWithdrawnAfterServiceLeavesTheCaseToPeople(t *testing.T) {
	d := testDesk()
	open(d, t0, 5, finding("K2", 7, trucewatch.Violation, 3, "preliminary"))
	if _, err := d.Serve("case/7.0", t0, 6); err != nil {
		t.Fatal(err)
	}
	c := open(d, t0, 7, finding("K2", 7, trucewatch.Violation, 3, "withdrawn"))[0]
	if c.State != "served" || d.NextDue() == 0 {
		t.Errorf("state %s, next due %v: want it served, its clocks running", c.State, d.NextDue())
	}
}

// TestSilence is the field's tenth problem: a party stays silent, and the case
// reaches the commission and its decision all the same.
func TestSilence(t *testing.T) {
	d := testDesk()
	open(d, t0, 5, finding("K2", 7, trucewatch.Violation, 3, "preliminary"))
	served := t0 + 30*trucewatch.Minute
	got, err := d.Serve("case/7.0", served, 6)
	if err != nil || len(got) != 1 || got[0].State != "served" || got[0].Served != served {
		t.Fatalf("serve: %+v, %v", got, err)
	}
	h := trucewatch.Hour
	for _, step := range []struct {
		due, tick trucewatch.Instant
		state     string
		last      string
	}{
		{t0 + 24*h, t0 + 24*h, "served", "10 initial: ran out"},
		{served + 24*h, served + 24*h, "before_commission", "11 answer: ran out"},
		{t0 + 48*h, t0 + 48*h, "before_commission", "12 joint: ran out"},
		{t0 + 72*h, t0 + 72*h, "before_commission", "13 decide: ran out"},
		{t0 + 336*h, t0 + 400*h, "unresolved", "14 close: ran out"},
	} {
		if d.NextDue() != step.due {
			t.Fatalf("next due %v, want %v", d.NextDue(), step.due)
		}
		if got, _ := d.Tick(step.due-1, 9); len(got) != 0 {
			t.Fatalf("a clock ran out before %v: %s", step.due, story(got[0]))
		}
		index := uint64(10 + slices.IndexFunc([]string{"initial", "answer", "joint", "decide", "close"}, func(s string) bool { return strings.Contains(step.last, s) }))
		c, missed := d.Tick(step.tick, index)
		if len(missed) != 1 || missed[0].Case != "case/7.0" || missed[0].Clock.Due != step.due || !strings.Contains(step.last, missed[0].Clock.ID) {
			t.Errorf("missed %+v, want %s", missed, step.last)
		}
		if len(c) != 1 || c[0].State != step.state || !strings.HasSuffix(story(c[0]), step.last) {
			t.Fatalf("at %v: %+v, want %s and %q", step.tick, c, step.state, step.last)
		}
	}
	if d.NextDue() != 0 {
		t.Error("a clock runs in an unresolved case")
	}
	c := d.Case("case/7.0")
	if i := slices.IndexFunc(c.Clocks, func(k trucewatch.CaseClock) bool { return !k.RanOut && k.ID != "flash" }); i >= 0 || len(c.Clocks) != 6 {
		t.Errorf("clocks %+v, want six, the flash ended and the others ran out", c.Clocks)
	}
	if k := c.Clocks[0]; k.ID != "flash" || k.Ended != served || k.RanOut {
		t.Errorf("flash %+v, want it ended in time by service", k)
	}
}

func TestServingLateIsALateFlash(t *testing.T) {
	d := testDesk()
	open(d, t0, 5, finding("K2", 7, trucewatch.Violation, 3, "preliminary"))
	c, err := d.Serve("case/7.0", t0+2*trucewatch.Hour, 6)
	if err != nil || !c[0].Clocks[0].RanOut || !strings.HasSuffix(story(c[0]), "6 served; 6 flash: done late") {
		t.Errorf("%+v, %v: want the flash done late", c, err)
	}
}

func TestConfirmingEndsTheInitialClock(t *testing.T) {
	for _, first := range []string{"confirmed", "served"} {
		d := testDesk()
		open(d, t0, 5, finding("K2", 7, trucewatch.Violation, 3, "preliminary"))
		if first == "confirmed" {
			open(d, t0+1, 6, finding("K2", 7, trucewatch.Violation, 3, "reviewed"))
		}
		if _, err := d.Serve("case/7.0", t0+2, 7); err != nil {
			t.Fatal(err)
		}
		open(d, t0+3, 8, finding("K2", 7, trucewatch.Violation, 3, "reviewed"))
		d.Tick(t0+24*trucewatch.Hour, 9)
		c := d.Case("case/7.0")
		i := slices.IndexFunc(c.Clocks, func(k trucewatch.CaseClock) bool { return k.ID == "initial" })
		if k := c.Clocks[i]; k.Ended == 0 || k.RanOut {
			t.Errorf("first %s: %+v, want it ended in time", first, k)
		}
	}
}

func TestServeRefuses(t *testing.T) {
	d := testDesk()
	if _, err := d.Serve("case/7.0", t0, 6); !errors.Is(err, ErrNoCase) || !strings.Contains(err.Error(), `"case/7.0"`) {
		t.Errorf("an unknown case: %v", err)
	}
	open(d, t0, 5, finding("K2", 7, trucewatch.Violation, 3, "preliminary"))
	for i, want := range []error{nil, ErrServed} {
		if _, err := d.Serve("case/7.0", t0, 6); !errors.Is(err, want) {
			t.Errorf("serving the %d. time: %v, want %v", i+1, err, want)
		}
	}
}

// TestImportedHistoryStartsNoClock is D10: cases of old events wait for service.
func TestImportedHistoryStartsNoClock(t *testing.T) {
	d := testDesk()
	for i := range uint64(50) {
		open(d, t0, i, finding("K2", i, trucewatch.Violation, 3, "preliminary"))
	}
	if got, _ := d.Tick(t0+1000*trucewatch.Day, 60); len(got) != 0 || d.NextDue() != 0 {
		t.Errorf("%d cases changed and %v is due, want none", len(got), d.NextDue())
	}
	var last trucewatch.CaseID
	for c := range d.All() {
		if c.ID <= last {
			t.Fatalf("%s after %s: want them by ID", c.ID, last)
		}
		last = c.ID
	}
}
