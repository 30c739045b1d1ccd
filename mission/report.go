// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/report"
	"github.com/trucewatch/trucewatch/publish/svg"
	"github.com/trucewatch/trucewatch/record"
)

// ReportDates returns the days of issue for which there is a report, newest
// first: a report appears once its period's cut-off was ticked.
func (m *Mission) ReportDates() []string {
	var dates []string
	for _, day := range slices.Backward(m.state.CutOffs()) {
		dates = append(dates, issue(day))
	}
	return dates
}

// Report writes the daily report issued on a local day: of the period that ends
// at the cut-off of the day before, which must be over: by the last tick, or in
// a live mission by now. Format is html, json or csv.
func (m *Mission) Report(w io.Writer, issued, format string, a trucewatch.Audience, now trucewatch.Instant) error {
	if m.state.Genesis().Mode == trucewatch.Reenacted {
		now = m.cut
	}
	if err := m.over(issued, now); err != nil {
		return err
	}
	return m.report(w, issued, format, a, true)
}

// over refuses a report whose period has not ended.
func (m *Mission) over(issued string, now trucewatch.Instant) error {
	epoch := m.state.Genesis().Epoch
	this, _, err := m.calendar.period(issued, epoch)
	if err != nil {
		return err
	}
	reached, newest := m.calendar.last(now)
	if this.Till < reached {
		return nil
	}
	_, first := m.calendar.next(epoch)
	if reached <= epoch {
		return fmt.Errorf("mission: report of %s: its period ends at %v, and no period is over yet; the first report will be that of %s", issued, this.Till+1, issue(first))
	}
	return fmt.Errorf("mission: report of %s: its period ends at %v, the record reaches %v; the first report is that of %s, the newest that of %s",
		issued, this.Till+1, reached, issue(first), issue(newest))
}

// report writes a report, tied to the record by digest and checkpoint or not.
func (m *Mission) report(w io.Writer, issued, format string, a trucewatch.Audience, tied bool) error {
	checkpoint := ""
	if tied {
		var err error
		if checkpoint, err = m.checkpoint(); err != nil {
			return err
		}
	}
	return m.reportWith(w, issued, format, a, checkpoint)
}

// reportFormats are those in which a report is written.
var reportFormats = []string{"html", "json", "csv"}

// reportWith writes a report that quotes a checkpoint, or none.
func (m *Mission) reportWith(w io.Writer, issued, format string, a trucewatch.Audience, checkpoint string) error {
	v, err := m.viewOf(issued, a)
	if err != nil {
		return err
	}
	o := report.Options{Date: issued, Zone: m.calendar.zone, Places: m.places(a)}
	if o.Days, err = m.days(a, v.Period.Till); err != nil {
		return err
	}
	c, err := m.committedTo(&v, issued)
	if err != nil {
		return err
	}
	if o.Code, o.Commits = c.code, c.what; c.code != "" {
		v.At = c.at
		if v.Index != 0 { // the public is not told
			v.Index = c.index
		}
	}
	if o.Checkpoint = checkpoint; checkpoint != "" {
		if o.State = c.state; c.code == "" {
			o.State = m.state.Digest()
		}
	}
	switch format {
	case "html":
		return report.HTML(w, v, o)
	case "json":
		return report.JSON(w, v, o)
	case "csv":
		return report.CSV(w, v, o)
	}
	return fmt.Errorf("mission: report: format %q is not html, json or csv", format)
}

// checkpoint returns the last signed checkpoint as text.
func (m *Mission) checkpoint() (string, error) {
	verifier, err := m.logVerifier()
	if err != nil {
		return "", err
	}
	r, err := record.OpenReaderOn(m.disk, filepath.Join(m.dir, "record"), verifier)
	if err != nil {
		return "", err
	}
	defer r.Close()
	return string(r.Checkpoint().Note), nil
}

// longDays is how many days the report's long chart shows. Guess: four weeks
// show a trend and fit a page. Test: ask readers which days they look back to.
const longDays = 28

// days counts the incidents of the four weeks before a period's end that an
// audience sees, by local day.
func (m *Mission) days(a trucewatch.Audience, till trucewatch.Instant) ([]trucewatch.Bin, error) {
	last := till.Time().In(m.calendar.zone)
	midnight := func(back int) trucewatch.Instant {
		return trucewatch.InstantOf(time.Date(last.Year(), last.Month(), last.Day()-back, 0, 0, 0, 0, m.calendar.zone))
	}
	v, err := m.state.View(a, trucewatch.Interval{From: midnight(longDays - 1), Till: till}, trucewatch.Interval{})
	if err != nil {
		return nil, err
	}
	bins := make([]trucewatch.Bin, longDays)
	for i := range bins {
		bins[i].Span = trucewatch.Interval{From: midnight(longDays - 1 - i), Till: midnight(longDays-2-i) - 1}
		for _, in := range v.Incidents {
			if bins[i].Span.Contains(in.When.From) {
				bins[i].Count++
			}
		}
	}
	return bins, nil
}

// shownPlaces are the kinds of places that everybody's maps show. Sensors, posts
// and stores of the gazetteer are for the mission alone.
var shownPlaces = []string{"city", "town", "village", "settlement"}

// places returns the names that an audience's maps show for orientation.
func (m *Mission) places(a trucewatch.Audience) []svg.Place {
	g, err := m.Gazetteer()
	if g == nil || err != nil {
		return nil // a map without names; verify reports what is wrong with the file
	}
	var out []svg.Place
	for p := range g.Places() {
		if a == trucewatch.ForMission || slices.Contains(shownPlaces, p.Kind) {
			out = append(out, svg.Place{Name: p.Name, Position: p.Position, Kind: p.Kind})
		}
	}
	return out
}

// placesOf reads a mission's place names without folding its record: genesis
// names the gazetteer.
func placesOf(dir string, a trucewatch.Audience) []svg.Place {
	m := beginning(dir)
	if m == nil {
		return nil
	}
	return m.places(a)
}

// beginning returns the mission as its genesis makes it, nil if that cannot be read.
func beginning(dir string) *Mission {
	verifier, err := onDisk(dir).logVerifier()
	if err != nil {
		return nil
	}
	r, err := record.OpenReader(filepath.Join(dir, "record"), verifier)
	if err != nil {
		return nil
	}
	defer r.Close()
	index, raw, err := r.Entries(0, 1).Next()
	if err != nil {
		return nil
	}
	e, err := trucewatch.DecodeEntry(index, raw)
	if err != nil {
		return nil
	}
	m := empty(onDisk(dir))
	if err := m.take(e); err != nil || m.state.Genesis() == nil {
		return nil
	}
	return m
}
