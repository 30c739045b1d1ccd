// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// The pace of reports from which silence is told.
//
// Guess: twice the longest pause of the last eight, never less than an hour, once
// three reports have come. Test: false alarms per source and week.
const (
	paceKept     = 8
	paceLeast    = 3
	paceFactor   = 2
	silenceLeast = trucewatch.Hour
)

// A pace is how a source reports its watch.
type pace struct {
	pauses []trucewatch.Instant // between the ends of the last reports, oldest first
	count  int
	till   trucewatch.Instant // up to which it has said what it could see
	spoke  trucewatch.Instant // last observation
	index  uint64             // entry of the newest report
}

// heard takes a report of a time. One that comes late about an earlier time says
// nothing of the pace.
func (p *pace) heard(from, till trucewatch.Instant, index uint64) {
	if till <= p.till {
		return
	}
	pause := till - from
	if p.count > 0 {
		pause = till - p.till
	}
	p.pauses = append(p.pauses, pause)
	if len(p.pauses) > paceKept {
		p.pauses = p.pauses[1:]
	}
	p.count++
	p.till, p.index = till, index
}

// A Silence is a source that used to report its watch and no longer does: it
// failed, it was stopped, or somebody cut it off. From then on what it could see
// is unknown.
type Silence struct {
	Source trucewatch.SourceID
	Since  trucewatch.Instant // end of its last watch, or its last observation
	Every  trucewatch.Instant // within which it used to report
	Last   uint64             // entry of its last report
}

// Heard says that a source observed something at an instant: it is alive, though
// it says nothing of its watch. Sources that never reported are not kept.
func (m *Map) Heard(id trucewatch.SourceID, at trucewatch.Instant) {
	if i, found := m.find(id); found {
		m.sources[i].reports.spoke = max(m.sources[i].reports.spoke, at)
	}
}

// Silent returns the sources of which neither a report nor an observation came
// within twice their usual pace, by ID. A source that says that it is out is not
// silent.
func (m *Map) Silent(now trucewatch.Instant) []Silence {
	var out []Silence
	for _, s := range m.sources {
		p := &s.reports
		if p.count < paceLeast {
			continue
		}
		every := slices.Max(p.pauses)
		since := max(p.till, p.spoke)
		if now-since > max(paceFactor*every, silenceLeast) {
			out = append(out, Silence{Source: s.id, Since: since, Every: every, Last: p.index})
		}
	}
	return out
}
