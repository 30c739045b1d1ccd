// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// start adds the clock to a case that is being served at an instant. A clock
// that the text counts from detection counts from the opening of the case, yet
// runs only once the case is served: its due instant may be past by then, and
// the next tick says so. Daily cut-offs are of the mission, not of a case.
func (d *Desk) start(c *trucewatch.Case, clock agreement.Clock, at trucewatch.Instant) {
	if clock.CutOff != "" || clock.After <= 0 {
		return
	}
	from := at
	if clock.From == "detection" {
		from = c.Opened
	}
	running := trucewatch.CaseClock{ID: clock.ID, Do: clock.Do, From: from, Due: from + clock.After}
	c.Clocks = append(c.Clocks, running)
	a := alarm{running.Due, c.ID, running.ID}
	place, _ := slices.BinarySearchFunc(d.running, a, alarm.compare)
	d.running = slices.Insert(d.running, place, a)
}

// end stops a clock whose deed is done. Done after the due instant is late, and
// the clock ran out.
func (d *Desk) end(c *trucewatch.Case, clock string, at trucewatch.Instant, index uint64) {
	i := slices.IndexFunc(c.Clocks, func(k trucewatch.CaseClock) bool { return k.ID == clock && k.Ended == 0 })
	if i < 0 {
		return
	}
	k := &c.Clocks[i]
	k.Ended = at
	what := clock + ": done"
	if at > k.Due {
		k.RanOut = true
		what += " late"
	}
	c.History = append(c.History, trucewatch.Revision{Index: index, What: what})
	if place, found := slices.BinarySearchFunc(d.running, alarm{k.Due, c.ID, clock}, alarm.compare); found {
		d.running = slices.Delete(d.running, place, place+1)
	}
}

// Tick moves time on to an instant, by the entry at index, and returns the
// cases of which a clock ran out, by ID. A clock runs out at its due instant
// itself: what is due by noon is not done at noon.
func (d *Desk) Tick(at trucewatch.Instant, index uint64) []*trucewatch.Case {
	n, _ := slices.BinarySearchFunc(d.running, alarm{due: at + 1}, alarm.compare)
	over := slices.Clone(d.running[:n])
	d.running = slices.Delete(d.running, 0, n)
	var ids []trucewatch.CaseID
	for _, a := range over {
		k := d.cases[a.id]
		c := edit(k)
		runOut(c, a.clock, index)
		ids = append(ids, a.id)
	}
	slices.Sort(ids)
	var out []*trucewatch.Case
	for _, id := range slices.Compact(ids) {
		out = append(out, d.cases[id].shown)
	}
	return out
}

// runOut marks the clock and moves the case on. Silence blocks nothing: without
// an answer the case goes before the commission, and a case that was not closed
// in time is unresolved.
func runOut(c *trucewatch.Case, clock string, index uint64) {
	for i := range c.Clocks {
		if k := &c.Clocks[i]; k.ID == clock && k.Ended == 0 && !k.RanOut {
			k.RanOut = true
		}
	}
	c.History = append(c.History, trucewatch.Revision{Index: index, What: clock + ": ran out"})
	switch clock {
	case "answer":
		if c.State == served {
			c.State = before
		}
	case "close":
		c.State = unresolved
	}
}
