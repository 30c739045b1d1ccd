// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/record"
)

// An event is one line of an exercise's timeline.
type event struct {
	at   trucewatch.Instant
	who  string // the office whose key signed, a party, or "script"
	what string
}

// timeline is what happened in an exercise, by time, from its record: what the
// script put in, what the players did, and what became of clocks. Entries that
// nobody acted for, such as ticks and covers, are left out.
func (m *Mission) timeline(s *Script) ([]event, error) {
	verifier, err := m.logVerifier()
	if err != nil {
		return nil, err
	}
	r, err := record.OpenReaderOn(m.disk, filepath.Join(m.dir, "record"), verifier)
	if err != nil {
		return nil, err
	}
	defer r.Close() // Read only: nothing can be lost.
	var all []event
	for cursor := r.Entries(0, m.state.Next()); ; {
		index, raw, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		e, err := trucewatch.DecodeEntry(index, raw)
		if err != nil {
			return nil, err
		}
		c, err := m.contentOf(e)
		if err != nil {
			return nil, err
		}
		if c.how != plain && c.how != unsealed {
			continue // a cover, or closed here
		}
		if did := deedOf(&c.entry.Body.Payload); did.what != "" {
			did.at = c.entry.Received
			m.attribute(&did, c.entry, s)
			all = append(all, did)
		}
	}
	all = append(all, m.clockEvents()...)
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}

// attribute says who acted, if the entry itself does not: the script, whose files
// are known by their names, or the office whose key signed.
func (m *Mission) attribute(did *event, e *trucewatch.Entry, s *Script) {
	key, _ := m.ring.Key(e.Body.Key)
	if b := e.Body.Payload.Observations; b != nil && key.Role == trucewatch.DeskKey {
		for _, in := range s.Injects {
			if in.Import.File != "" && filepath.Base(in.Import.File) == b.File {
				did.who, did.what = "script", fmt.Sprintf("%q (%s)", in.Name, did.what)
				return
			}
		}
	}
	if key.Role != trucewatch.DeskKey && key.Name != "" {
		did.who = key.Name
	}
	if did.who == "" {
		did.who = "desk"
	}
}

// deedOf says what an entry does; nothing of one that nobody acted for.
func deedOf(p *trucewatch.Payload) event {
	switch {
	case p.Observations != nil:
		return event{what: fmt.Sprintf("%d observations of %s, %d rows rejected", len(p.Observations.Observations), p.Observations.Source.ID, len(p.Observations.Rejected))}
	case p.Statement != nil:
		return event{what: fmt.Sprintf("%d statements of %s", len(p.Statement.Statements), p.Statement.Source.ID)}
	case p.Notification != nil:
		return event{who: p.Notification.By, what: "notice " + p.Notification.ID}
	case p.Review != nil:
		return event{who: p.Review.By, what: p.Review.Deed + " " + cmp.Or(string(p.Review.Finding), string(p.Review.Case))}
	case p.Release != nil:
		return event{who: p.Release.By, what: fmt.Sprintf("releases %v", p.Release.Findings)}
	case p.Policy != nil:
		return event{what: "sets the policy"}
	case p.Erasure != nil:
		return event{what: "orders an erasure"}
	case p.Custody != nil:
		return event{who: p.Custody.By, what: "evidence " + p.Custody.Deed}
	}
	return proceedingOf(p)
}

// proceedingOf is deedOf for what stands in proceedings.
func proceedingOf(p *trucewatch.Payload) event {
	switch {
	case p.Answer != nil:
		return event{who: "party " + string(p.Answer.Party), what: fmt.Sprintf("answers case %s: %s", p.Answer.Case, p.Answer.Says)}
	case p.Step != nil:
		return event{who: p.Step.By, what: strings.TrimSpace(fmt.Sprintf("case %s: %s %s", p.Step.Case, p.Step.Deed, cmp.Or(p.Step.ID, p.Step.Ref)))}
	case p.Session != nil:
		return event{what: fmt.Sprintf("session %s is %s", p.Session.ID, p.Session.Deed)}
	case p.Decision != nil:
		return event{what: fmt.Sprintf("decision %s on case %s", p.Decision.ID, p.Decision.Case)}
	case p.Interpretation != nil:
		return event{what: fmt.Sprintf("reading %s of question %s", p.Interpretation.Reading, p.Interpretation.Question)}
	case p.Activation != nil:
		return event{who: p.Activation.From, what: "calls the hotline: " + p.Activation.ID}
	case p.NoticeStep != nil:
		return event{who: p.NoticeStep.By, what: fmt.Sprintf("notice %s: %s", p.NoticeStep.Notice, p.NoticeStep.Deed)}
	case p.Fact != nil:
		return event{what: fmt.Sprintf("enters fact %s: %s", p.Fact.ID, p.Fact.Kind)}
	case p.Coverage != nil:
		return event{what: fmt.Sprintf("duty log of %s", p.Coverage.Source.ID)}
	case p.Inventory != nil:
		return event{who: p.Inventory.By, what: fmt.Sprintf("inventory of %s: %s", p.Inventory.Site, p.Inventory.State)}
	}
	return event{}
}

// clockEvents are the beginnings and ends of the cases' clocks.
func (m *Mission) clockEvents() (all []event) {
	for c := range m.state.Cases() {
		for _, clock := range c.Clocks {
			name := fmt.Sprintf("clock %s of case %s", clock.ID, c.ID)
			who := "mission"
			if clock.Party != "" {
				who = "party " + string(clock.Party)
			}
			all = append(all, event{clock.From, who, fmt.Sprintf("%s runs, due %v", name, clock.Due)})
			if clock.RanOut {
				all = append(all, event{clock.Due, who, name + " RAN OUT"})
			} else if clock.Ended != 0 {
				all = append(all, event{clock.Ended, who, name + " is met"})
			}
		}
	}
	return all
}

// writeTimeline writes one line an event, with the time since the first.
func writeTimeline(out io.Writer, all []event) {
	fmt.Fprintln(out, "\nTimeline")
	for _, e := range all {
		since := e.at.Time().Sub(all[0].at.Time()).Round(time.Second)
		fmt.Fprintf(out, "  %v  +%v  %s: %s\n", e.at, since, e.who, e.what)
	}
}
